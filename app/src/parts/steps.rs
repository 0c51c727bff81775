//! What becomes of a next step, and one that is agreed on after the entry was written.

use leptos::prelude::*;
use uuid::Uuid;

use super::Icon;
use super::fields::{CommandForm, Field, Kind, form_name, is_refused, open_if, step_form_name};
use crate::text::use_lang;

crate::texts! {
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
