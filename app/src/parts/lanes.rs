//! The two-lane timeline as it is drawn: the client's front on the left, our own on the right, time
//! running down, newest first, and a thin line where one thing led to another.

use std::collections::BTreeSet;

use jiff::civil::Date;
use leptos::prelude::*;
use shared::policy;
use shared::views::timeline::Filter;
use shared::words::{Front, Occurred};
use uuid::Uuid;

use super::Icon;
use super::entry::{Reading, Shown, Who, front_word};
use super::fields::{CommandForm, Field, Kind, form_name, is_refused, is_refused_about, open_if};
use super::steps::{StepAgree, StepEnds};
use crate::read::use_viewer;
use crate::text::use_lang;
use crate::when;

crate::texts! {
    heading { en: "Timeline of both fronts", ru: "Лента двух фронтов" }
    client_front { en: "Client front", ru: "Фронт клиента" }
    own_front { en: "Our own front", ru: "Наш фронт" }
    earlier_entries { en: "Earlier entries", ru: "Более ранние записи" }
    not_printed { en: "Earlier entries are not printed.", ru: "Более ранние записи не напечатаны." }
    recorded { en: "Recorded", ru: "Записано" }
    recorded_at(when: &str, position: u64) { en: "{when}, position {position}", ru: "{when}, позиция {position}" }
    next_step { en: "Next step", ru: "Следующий шаг" }
    former { en: "The text before", ru: "Прежний текст" }
    hand_over { en: "Hand over because of this", ru: "Передать в работу" }
    follow_up { en: "Log what followed", ru: "Записать, что было дальше" }
    correct { en: "Correct", ru: "Исправить" }
    retract { en: "Retract", ru: "Отозвать" }
    retract_why { en: "Why is it retracted?", ru: "Почему отзываете?" }
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Month { key: String, text: String },
    Silence { key: String, text: String },
    Entry(Box<Shown>),
}

impl Line {
    fn key(&self) -> String {
        match self {
            Self::Month { key, .. } | Self::Silence { key, .. } => key.clone(),
            Self::Entry(shown) => shown.key.clone(),
        }
    }
}

/// The place on a page of the entry that its address asks for.
pub const SOUGHT: &str = "sought";

/// The timeline as lines, newest first: months as headings, long silences folded. Where a filter leaves
/// entries out, nothing is said about silence: somebody may have spoken.
#[must_use]
pub fn lines(reading: &Reading<'_>, filter: &Filter) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last: Option<Date> = None;
    // The silence that lasts until today is the one that matters most.
    let is_newest = filter.before.is_none() && reading.timeline.later == 0;
    let today = reading.zone.day(Occurred::At(reading.now));
    let sought = filter.at.and_then(|at| reading.timeline.entry(at)).map(|entry| entry.record.position);
    for entry in reading.timeline.newest_first() {
        let day = reading.zone.day(entry.occurred());
        // What is still to come ends no silence.
        let before = last.map(|last| last.min(today)).or(is_newest.then_some(today)).filter(|_| !filter.narrows());
        if let Some(text) = before.and_then(|last| when::silence(day, last, reading.lang)) {
            lines.push(Line::Silence { key: format!("silence {day}"), text });
        }
        if last.is_none_or(|last| (last.year(), last.month()) != (day.year(), day.month())) {
            let text = when::month(day.year(), day.month(), reading.lang);
            lines.push(Line::Month { key: format!("month {}-{} {}", day.year(), day.month(), lines.len()), text });
        }
        last = Some(day);
        let is_sought = sought == Some(entry.record.position);
        lines.push(Line::Entry(Box::new(Shown { is_sought, ..reading.show(entry) })));
    }
    lines
}

/// Draws a timeline that may grow. `back` is the page that its forms come back to, `earlier` whether
/// entries were left out and where they are.
#[component]
pub fn Lanes(
    #[prop(into)] lines: Signal<Vec<Line>>,
    #[prop(into)] earlier: Signal<(bool, String)>,
    seed: Uuid,
    #[prop(into)] back: String,
    /// Whether the viewer may write.
    writes: bool,
) -> impl IntoView {
    let lang = use_lang();
    let causes = move || {
        let shown = lines.get();
        shown
            .iter()
            .filter_map(|line| match line {
                Line::Entry(shown) => Some((shown.id.clone(), shown.because.as_ref()?.to.clone()?)),
                Line::Month { .. } | Line::Silence { .. } => None,
            })
            .collect::<Vec<_>>()
    };
    Effect::new(move |_| {
        let causes = causes();
        #[cfg(feature = "hydrate")]
        request_animation_frame(move || browser::draw(&causes));
        #[cfg(not(feature = "hydrate"))]
        drop(causes);
    });
    // An entry that changes is drawn anew, and stays open for whoever reads it.
    let open = Opened(StoredValue::new(BTreeSet::new()));
    view! {
        <section class="timeline stack" id="timeline" aria-labelledby="timeline-heading">
            <h2 class="sr" id="timeline-heading">{heading(lang)}</h2>
            <div class="lane-heads">
                <h3 class="tag-client">{client_front(lang)}</h3>
                <h3 class="tag-internal">{own_front(lang)}</h3>
            </div>
            <div class="weave">
                <svg class="lines" aria-hidden="true"></svg>
                <ol class="lanes">
                    <For each=move || lines.get() key=Line::key children=move |line| {
                        let back = back.clone();
                        match line {
                            Line::Month { text, .. } => view! { <li class="month"><h3>{text}</h3></li> }.into_any(),
                            Line::Silence { text, .. } => view! { <li class="silence"><span>{text}</span></li> }.into_any(),
                            Line::Entry(shown) => view! { <EntryItem shown=*shown seed back open writes /> }.into_any(),
                        }
                    } />
                </ol>
            </div>
            {move || {
                let (has_more, href) = earlier.get();
                has_more
                    .then(|| {
                        view! {
                            <a class="button quiet" href=href>{earlier_entries(lang)}</a>
                            <p class="on-paper small muted">{not_printed(lang)}</p>
                        }
                    })
            }}
        </section>
    }
}

/// The entries that somebody has opened, by their places in the page.
#[derive(Clone, Copy)]
struct Opened(StoredValue<BTreeSet<String>>);

impl Opened {
    fn has(self, entry: &str) -> bool {
        self.0.with_value(|open| open.contains(entry))
    }

    #[cfg(feature = "hydrate")]
    fn note(self, entry: &str, is_open: bool) {
        self.0.update_value(|open| {
            if is_open {
                open.insert(entry.to_owned());
            } else {
                open.remove(entry);
            }
        });
    }
}

#[component]
fn EntryItem(shown: Shown, seed: Uuid, back: String, open: Opened, writes: bool) -> impl IntoView {
    let lang = use_lang();
    let front = match shown.front {
        Front::Client => "client",
        Front::Internal => "internal",
    };
    let mut class = format!("entry {front}");
    for (is, word) in [(shown.is_late, " late"), (shown.is_retracted, " retracted"), (shown.is_corrected, " corrected")]
    {
        if is {
            class.push_str(word);
        }
    }
    // The entry as it is now takes other commands: a second next step is not the first one sent again.
    let seed = Uuid::new_v5(&seed, shown.key.as_bytes());
    let event = shown.event.to_string();
    let stream = shown.event.stream.to_string();
    let retract_form = form_name("interaction.retract", Some(&stream));
    let is_retract_refused = is_refused(&retract_form);
    let may_change = shown.is_open
        && use_viewer().is_some_and(|viewer| policy::leads(viewer.role) || shown.whose.contains(&viewer.me));
    let actions = writes.then(|| {
        view! {
            <div class="row">
                <a class="button small" href=format!("/handoffs/new?because={event}&back={back}")>
                    <Icon name="handoff" />
                    {hand_over(lang)}
                </a>
                <a class="button small quiet" href=format!("/log?because={event}")>
                    <Icon name="log" />
                    {follow_up(lang)}
                </a>
                {may_change
                    .then(|| view! { <a class="button small quiet" href=format!("/log?correct={}", shown.event.stream.id)>{correct(lang)}</a> })}
            </div>
            {shown.is_open.then(|| view! { <StepAgree stream=stream.clone() seed=seed back=back.clone() /> })}
            {may_change
                .then(|| {
                    view! {
                        <details class="unfold" data-close="" {..open_if(is_retract_refused)}>
                            <summary>{retract(lang)}</summary>
                            <CommandForm
                                what="interaction.retract"
                                on=stream.clone()
                                seen=shown.revision
                                seed=seed
                                back=back.clone()
                                class="form"
                            >
                                <Field form=retract_form.clone() name="reason" label=retract_why(lang) kind=Kind::Line required=true />
                                <div class="row">
                                    <button class="button danger small" type="submit">
                                        {retract(lang)}
                                    </button>
                                </div>
                            </CommandForm>
                        </details>
                    }
                })}
        }
    });
    let id = shown.id.clone();
    let toggled = move |event: leptos::ev::Event| {
        #[cfg(feature = "hydrate")]
        open.note(&id, event_target::<web_sys::Element>(&event).has_attribute("open"));
        #[cfg(not(feature = "hydrate"))]
        drop((&id, event));
    };
    let steps = shown.steps.clone();
    let step_back = back.clone();
    let step_stream = stream.clone();
    let (short, rest) = shown.gist.split_once('\n').unwrap_or((&shown.gist, ""));
    let (short, rest) = (short.to_owned(), rest.trim().to_owned());
    view! {
        <li class=class id=shown.id.clone()>
            <time class="when" datetime=shown.machine title=shown.exact>
                <b>{shown.day}</b>
                " "
                {shown.clock}
                " "
                <span class=format!("front-word tag-{front}")>{front_word(shown.front, lang)}</span>
            </time>
            <article class="body" id=shown.is_sought.then_some(SOUGHT)>
                <details {..open_if(shown.is_sought || is_refused_about(&stream) || open.has(&shown.id))} on:toggle=toggled>
                    <summary>
                        <Icon name=shown.icon />
                        <span class="sr">{shown.spoken}</span>
                        {(!shown.who.is_empty()).then(|| view! { <span class="who">{names(&shown.who)}</span> })}
                        <span class="gist">{short}</span>
                        {(!shown.chips.is_empty())
                            .then(|| {
                                view! {
                                    <span class="chips">
                                        {shown
                                            .chips
                                            .into_iter()
                                            .map(|chip| {
                                                view! {
                                                    <span class=format!("chip {}", chip.class)>
                                                        {chip.icon.map(|icon| view! { <Icon name=icon /> })}
                                                        {chip.text}
                                                    </span>
                                                }
                                            })
                                            .collect_view()}
                                    </span>
                                }
                            })}
                    </summary>
                    <div class="more">
                        {(!rest.is_empty()).then(|| view! { <p class="whole">{rest}</p> })}
                        <ul class="people row">{people(&shown.who)}</ul>
                        <dl class="facts">
                            {steps
                                .iter()
                                .map(|step| {
                                    view! {
                                        <div>
                                            <dt>{next_step(lang)}</dt>
                                            <dd>{format!("{}: {}, {}, {}", step.what, step.owner, step.due, step.state)}</dd>
                                        </div>
                                    }
                                })
                                .collect_view()}
                            <div>
                                <dt>{recorded(lang)}</dt>
                                <dd>
                                    <a href=format!("/events?at={}", shown.position)>{recorded_at(lang, &shown.recorded, shown.position)}</a>
                                </dd>
                            </div>
                        </dl>
                        {writes
                            .then(|| {
                                steps
                                    .into_iter()
                                    .filter(|step| step.is_open)
                                    .map(|step| {
                                        let (stream, back) = (step_stream.clone(), step_back.clone());
                                        view! { <StepEnds stream step=step.step what=step.what seed=seed back /> }
                                    })
                                    .collect_view()
                            })}
                        {shown
                            .former
                            .into_iter()
                            .map(|text| {
                                view! {
                                    <details class="former">
                                        <summary>{former(lang)}</summary>
                                        <blockquote>{text}</blockquote>
                                    </details>
                                }
                            })
                            .collect_view()}
                        {actions}
                    </div>
                </details>
                {shown
                    .because
                    .map(|because| {
                        view! {
                            <a class="because" href=because.href>
                                <Icon name="because" />
                                <span>{because.text}</span>
                            </a>
                        }
                    })}
            </article>
        </li>
    }
}

fn names(who: &[Who]) -> impl IntoView + use<> {
    let list = |ours: bool| {
        who.iter().filter(|one| one.ours == ours).map(|one| one.name.clone()).collect::<Vec<_>>().join(", ")
    };
    let (theirs, ours) = (list(false), list(true));
    match (theirs.is_empty(), ours.is_empty()) {
        (false, false) => view! { {theirs}" "<i>{format!("· {ours}")}</i> }.into_any(),
        (true, _) => ours.into_any(),
        (_, true) => theirs.into_any(),
    }
}

fn people(who: &[Who]) -> impl IntoView + use<> {
    who.iter()
        .filter_map(|one| Some((one.name.clone(), one.href.clone()?, if one.ours { "internal" } else { "client" })))
        .map(|(name, href, side)| view! { <li><super::Person name href side /></li> })
        .collect_view()
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::{Cell, RefCell};

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{DomRect, Element};

    thread_local! {
        static CAUSES: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
        static LISTENS: Cell<bool> = const { Cell::new(false) };
    }

    /// Draws a line from each entry to what led to it, and again whenever the page moves.
    pub fn draw(causes: &[(String, String)]) {
        CAUSES.replace(causes.to_vec());
        redraw();
        if LISTENS.replace(true) {
            return;
        }
        let moved = Closure::<dyn Fn()>::new(redraw);
        let _ = window().add_event_listener_with_callback("resize", moved.as_ref().unchecked_ref());
        let _ = window().add_event_listener_with_callback("load", moved.as_ref().unchecked_ref());
        // An entry that opens does not bubble: it is heard on its way down.
        let _ = document().add_event_listener_with_callback_and_bool("toggle", moved.as_ref().unchecked_ref(), true);
        moved.forget();
    }

    fn redraw() {
        let Ok(Some(svg)) = document().query_selector(".weave > svg.lines") else { return };
        svg.set_inner_html("");
        let base = svg.get_bounding_client_rect();
        let causes = CAUSES.with_borrow(Clone::clone);
        for (entry, cause) in causes {
            let (Some(from), Some(to)) = (anchor(&cause, &base), anchor(&entry, &base)) else { continue };
            let Ok(path) = document().create_element_ns(Some("http://www.w3.org/2000/svg"), "path") else { continue };
            let _ = path.set_attribute("class", "line");
            let _ = path.set_attribute("d", &curve(&from, &to));
            let _ = svg.append_child(&path);
        }
    }

    struct Anchor {
        x: f64,
        y: f64,
        is_client: bool,
    }

    /// Up from the cause to what followed: across where they are on two lanes, bent aside where on one.
    fn curve(from: &Anchor, to: &Anchor) -> String {
        let height = (from.y - to.y).abs();
        if from.is_client == to.is_client {
            let bend = if from.is_client { 22.0 } else { -22.0 };
            let reach = (height * 0.3).min(60.0);
            let (x1, x2, y1, y2) = (from.x + bend, to.x + bend, from.y - reach, to.y + reach);
            return format!("M{} {}C{x1} {y1},{x2} {y2},{} {}", from.x, from.y, to.x, to.y);
        }
        let reach = (height * 0.55).min(150.0);
        format!("M{} {}C{} {},{} {},{} {}", from.x, from.y, from.x, from.y - reach, to.x, to.y + reach, to.x, to.y)
    }

    /// Where a line meets an entry: at the mark of its lane, beside the time.
    fn anchor(id: &str, base: &DomRect) -> Option<Anchor> {
        let entry = document().get_element_by_id(id)?;
        let body: Element = entry.query_selector(".body").ok().flatten()?;
        let rect = body.get_bounding_client_rect();
        let is_client = entry.class_list().contains("client");
        let x = if is_client { rect.right() - 1.0 } else { rect.left() + 1.0 };
        Some(Anchor { x: x - base.left(), y: rect.top() + 13.0 - base.top(), is_client })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::Event;
    use shared::interaction::{Details, Event as Interaction};
    use shared::record::Record;
    use shared::testkit::*;
    use shared::views::{Directory, Timeline, View};
    use shared::words::Occurred;

    use crate::text::Lang;
    use crate::when::Zone;

    #[test]
    fn silence_is_only_said_where_every_entry_is_shown() {
        let (mut directory, mut timeline) = (Directory::default(), Timeline::new(NORTHWIND.into()));
        for record in history(company()) {
            directory.fold(&record);
        }
        for (position, front, day) in [(1, Front::Client, 1), (2, Front::Internal, 10), (3, Front::Client, 28)] {
            let details = Details::new(front, Some(NORTHWIND), summary("Visit"));
            let id = shared::ids::InteractionId::from_uuid(Uuid::from_u128(u128::from(position)));
            let occurred = Occurred::On(jiff::civil::date(2026, 5, day));
            let event = Event::Interaction(id, Interaction::Logged(details));
            timeline.fold(&Record { occurred, ..record(position, KIRA, event) });
        }
        let silences = |timeline: &Timeline, filter: &Filter| {
            let timeline = timeline.clone().window(filter.clone(), 10);
            let zone = Zone::utc();
            let reading =
                Reading { directory: &directory, timeline: &timeline, zone: &zone, now: NOON, lang: Lang::En };
            let lines = lines(&reading, filter);
            lines.iter().filter(|line| matches!(line, Line::Silence { .. })).count()
        };
        assert_eq!(silences(&timeline, &Filter::default()), 0);
        let clients = Filter { front: Some(Front::Client), ..Filter::default() };
        assert_eq!(silences(&timeline, &clients), 0, "our own people spoke in between");

        let mut planned = Details::new(Front::Client, Some(NORTHWIND), summary("Fair"));
        planned.planned = true;
        let event = Event::Interaction(VISIT, Interaction::Logged(planned));
        let occurred = Occurred::On(jiff::civil::date(2026, 9, 1));
        timeline.fold(&Record { occurred, ..record(4, KIRA, event) });
        assert_eq!(silences(&timeline, &Filter::default()), 0, "it has not happened yet");
    }
}
