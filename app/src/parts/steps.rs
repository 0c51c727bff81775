//! The next steps that are open, what becomes of one, and one that is agreed on after the entry was written.

use jiff::civil::Date;
use leptos::prelude::*;
use shared::ids::{StepId, Stream};
use shared::views::account_file::OpenStep;
use shared::views::directory::forgotten;
use shared::views::touch::Calendar;
use uuid::Uuid;

use super::Icon;
use super::card::{by_day, overdue};
use super::fields::{CommandForm, Field, Kind, form_name, is_refused, open_if, step_form_name};
use crate::text::{Lang, use_lang};
use crate::when;

crate::texts! {
    next_steps { en: "Next steps", ru: "Следующие шаги" }
    no_steps { en: "Nothing is promised.", ru: "Ничего не обещано." }
    and_more(n: &str) { en: "and {n} more", ru: "и ещё {n}" }
    undated { en: "no date", ru: "без срока" }
    done { en: "Done", ru: "Сделано" }
    step_done(what: &str) { en: "Done: {what}", ru: "Сделано: {what}" }
    drop_it { en: "Drop", ru: "Снять" }
    step_drop(what: &str) { en: "Drop: {what}", ru: "Снять: {what}" }
    drop_why { en: "Why is it dropped?", ru: "Почему снимаете?" }
    agree { en: "Agree on a next step", ru: "Договориться о шаге" }
    what { en: "Next step", ru: "Следующий шаг" }
    due { en: "By when", ru: "Срок" }
    agree_it { en: "Agree", ru: "Записать шаг" }
}

/// By when something is promised, in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Due {
    text: String,
    is_overdue: bool,
}

impl Due {
    #[must_use]
    pub fn new(day: Option<Date>, days_overdue: Option<u64>, today: Date, lang: Lang) -> Self {
        let text = match (days_overdue, day) {
            (Some(days), _) => overdue(lang, days),
            (None, Some(day)) => by_day(lang, &when::short_day(day, today, lang)),
            (None, None) => undated(lang).to_owned(),
        };
        Self { text, is_overdue: days_overdue.is_some() }
    }

    pub fn view(self) -> impl IntoView {
        view! { <span class:bad=self.is_overdue>{self.text}</span> }
    }
}

/// An open next step as [`StepsCard`] lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepRow {
    stream: String,
    step: String,
    what: String,
    due: Due,
    /// What tells it from the others there: who owes it or which account it is of, and the page of that.
    beside: Option<(String, Option<String>)>,
}

impl StepRow {
    #[must_use]
    pub fn new(
        id: StepId,
        step: &OpenStep,
        beside: Option<(String, Option<String>)>,
        calendar: &Calendar,
        lang: Lang,
    ) -> Self {
        let days_overdue = step.due.filter(|due| calendar.is_overdue(*due)).map(|due| calendar.days_overdue(due));
        Self {
            stream: Stream::from(step.interaction).to_string(),
            step: id.to_string(),
            what: step.what.as_ref().map_or_else(|| forgotten(lang).to_owned(), ToString::to_string),
            due: Due::new(step.due, days_overdue, calendar.today, lang),
            beside,
        }
    }
}

/// The next steps that are open. It stands by itself, and each row keeps its own form, whatever comes and goes beside it:
/// somebody may be filling it in.
#[component]
pub fn StepsCard(
    rows: Memo<Vec<StepRow>>,
    /// How many there are beside these.
    #[prop(optional, into)]
    more: Signal<usize>,
    seed: Uuid,
    writes: bool,
    #[prop(into)] back: String,
) -> impl IntoView {
    let lang = use_lang();
    let row = move |row: StepRow| {
        let StepRow { stream, step, what, due, beside } = row;
        let beside = beside.map(|(name, href)| match href {
            Some(href) => view! { " · " <a href=href>{name}</a> }.into_any(),
            None => format!(" · {name}").into_any(),
        });
        let back = back.clone();
        let settle = writes.then(|| view! { <StepEnds stream step what=what.clone() seed back place="-card" /> });
        view! {
            <li class="row apart">
                <div>
                    <span>{what}</span>
                    <div class="small muted">{due.view()} {beside}</div>
                </div>
                {settle}
            </li>
        }
    };
    view! {
        <section class="card" id="steps">
            <header>
                <h2>{next_steps(lang)}</h2>
            </header>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="small muted">{no_steps(lang)}</p>
            </Show>
            <ul class="items">
                <For each=move || rows.get() key=StepRow::clone children=row />
            </ul>
            {move || {
                let more = more.get();
                (more > 0).then(|| view! { <p class="small muted">{and_more(lang, &when::count(more, lang))}</p> })
            }}
        </section>
    }
}

/// The two ways in which a next step ends. `place` tells the forms on a card from those at the entry, which may be on the
/// same page.
#[component]
pub fn StepEnds(
    stream: String,
    step: String,
    what: String,
    seed: Uuid,
    back: String,
    #[prop(optional)] place: &'static str,
) -> impl IntoView {
    let lang = use_lang();
    let label = step_done(lang, &what);
    view! {
        <div class="row">
            <CommandForm what="interaction.done" on=stream.clone() step=step.clone() seed=seed back=back.clone() class="inline">
                <button class="button small" type="submit" aria-label=label>
                    <Icon name="check" />
                    {done(lang)}
                </button>
            </CommandForm>
            <StepDrop stream step what seed back place />
        </div>
    }
}

/// A next step that nobody will do, with the reason.
#[component]
fn StepDrop(
    stream: String,
    step: String,
    what: String,
    seed: Uuid,
    back: String,
    place: &'static str,
) -> impl IntoView {
    let lang = use_lang();
    let form = step_form_name(&form_name("interaction.drop", Some(&stream)), &step);
    let is_open = is_refused(&form);
    view! {
        <details class="unfold" data-close="" {..open_if(is_open)}>
            <summary class="button small quiet" aria-label=step_drop(lang, &what)>
                {drop_it(lang)}
            </summary>
            <CommandForm what="interaction.drop" on=stream step=step seed=seed back=back class="form" keep=true label=step_drop(lang, &what)>
                <Field form=form name="reason" label=drop_why(lang) required=true place=place />
                <div class="row">
                    <button class="button small" type="submit">
                        {drop_it(lang)}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
}

/// Another next step of an entry. It is its writer's; who else it should be can be handed over.
#[component]
pub fn StepAgree(stream: String, seed: Uuid, back: String) -> impl IntoView {
    let lang = use_lang();
    let form = form_name("interaction.agree", Some(&stream));
    let is_open = is_refused(&form);
    view! {
        <details class="unfold" data-close="" {..open_if(is_open)}>
            <summary>{agree(lang)}</summary>
            <CommandForm what="interaction.agree" on=stream seed=seed back=back class="form" keep=true label=agree(lang)>
                <div class="fields">
                    <Field form=form.clone() name="next_step" label=what(lang) required=true />
                    <Field form=form name="step_due" label=due(lang) kind=Kind::Date />
                </div>
                <div class="row">
                    <button class="button small" type="submit">
                        {agree_it(lang)}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
}
