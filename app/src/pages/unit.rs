//! A unit: its people, its place among the others, the course of its answers, and everything that its
//! people did.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use shared::ids::{Stream, UnitId};
use shared::record::Record;
use shared::views::alignment::{Course, ENOUGH};
use shared::views::timeline::Filter;
use shared::views::{Board, View};

use crate::address::with_query;
use crate::live::Follow;
use crate::parts::course::{Chart, chart_legend, months_table};
use crate::parts::history::{History, HistorySection, WithHistory, filter_from, filter_query, writes};
use crate::parts::{Icon, Person};
use crate::read::{Query, Reader, Trouble, page_in_place, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when;

crate::texts! {
    people_of_ours { en: "Our people", ru: "Наши люди" }
    path { en: "Path", ru: "Путь" }
    hand_over { en: "Hand over", ru: "Передать в работу" }
    under(name: &str) { en: "under {name}", ru: "в составе: {name}" }
    n_people(n: u64) {
        en: plural(n) { "person", "people" },
        ru: plural(n) { "человек", "человека", "человек" },
    }
    n_open(n: u64) {
        en: plural(n) { "handoff waits for an answer", "handoffs wait for an answer" },
        ru: plural(n) { "передача ждёт ответа", "передачи ждут ответа", "передач ждут ответа" },
    }
    about { en: "About the unit", ru: "О подразделении" }
    people { en: "People", ru: "Люди" }
    nobody { en: "Nobody is in this unit: what is offered to it has nobody to answer.", ru: "Здесь никого нет: на переданное сюда некому ответить." }
    parts { en: "Units within", ru: "Входящие подразделения" }
    course { en: "Course of its answers", ru: "Как отвечает подразделение" }
    course_note(enough: usize) {
        en: "A course, not a grade. A share in per cent only from n = {enough}; every figure opens its events.",
        ru: "Ход, а не оценка. Доля в процентах — только при n от {enough}; каждое число открывает свои события.",
    }
    no_course { en: "Nothing has been handed to this unit yet.", ru: "Этому подразделению пока ничего не передавали." }
}

/// The page of one unit, with what its timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub unit: Option<UnitId>,
    pub filter: Filter,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitPage {
    pub unit: UnitId,
    pub history: History,
    pub course: Course,
    /// The handoffs that are offered to the unit as a whole and wait for somebody.
    pub board: Board,
}

impl Query for Ask {
    type Page = UnitPage;

    fn answer(&self, reader: &dyn Reader) -> Result<UnitPage, Trouble> {
        let unit = self.unit.ok_or(Trouble::NotFound)?;
        let history = History::read_part(unit.into(), &self.filter, reader)?;
        if !history.directory.units.contains_key(&unit) {
            return Err(Trouble::NotFound);
        }
        let mut found = None;
        reader.company(&mut |company| {
            let waiting = company.board.open.iter().filter(|(_, card)| card.to == shared::handoff::Party::Unit(unit));
            let board = company.board.cut(&waiting.map(|(id, _)| *id).collect());
            found = Some((company.alignment.of_unit(unit), board));
        });
        let (course, board) = found.ok_or(Trouble::NotFound)?;
        Ok(UnitPage { unit, history, course, board })
    }

    fn address(&self) -> String {
        let unit = self.unit.map(|unit| unit.to_string()).unwrap_or_default();
        with_query(&format!("unit/{unit}"), &filter_query(&self.filter))
    }
}

impl Follow for UnitPage {
    fn position(&self) -> u64 {
        self.history.position
    }

    fn fold(&mut self, record: &Record) {
        self.history.fold(record);
        self.course.fold(record);
        self.board.fold(record);
    }

    fn is_stale(&self) -> bool {
        self.history.is_stale() || self.course.stale
    }
}

impl WithHistory for UnitPage {
    fn history(&self) -> &History {
        &self.history
    }
}

impl UnitPage {
    /// Offers to this unit that nobody has answered.
    fn waiting(&self) -> usize {
        let offered = |card: &&shared::views::board::Card| {
            card.stage == shared::views::board::Stage::Offered && Stream::from(card.to) == Stream::from(self.unit)
        };
        self.board.open.values().filter(offered).count()
    }
}

#[component]
pub fn Unit() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let ask = move || Ask {
        unit: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()),
        filter: query.with(|query| filter_from(|name| query.get(name))),
    };
    page_in_place(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<UnitPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let writes = writes(use_viewer().and_then(|viewer| viewer.role));
    let unit = model.with_untracked(|model| model.unit);
    let path = format!("/units/{unit}");
    let name = move || model.with(|model| model.history.directory.unit(unit, lang).to_owned());
    let filter = Signal::derive(move || ask.get().filter);
    let is_filtered = move || ask.get().filter != Filter::default();
    view! {
        <Title text=name />
        <header class="page-head">
            <nav class="crumbs" aria-label=self::path(lang)>
                <a href="/company">{people_of_ours(lang)}</a>
            </nav>
            <div class="title">
                <h1>{name}</h1>
                {writes
                    .then(|| {
                        let to = Stream::from(unit);
                        view! {
                            <a class="button" href=format!("/handoffs/new?to={to}&back=/units/{unit}")>
                                <Icon name="handoff" />
                                {hand_over(lang)}
                            </a>
                        }
                    })}
            </div>
            {move || model.with(|model| head(model, lang))}
        </header>
        // Who filters the timeline looks for an entry.
        <Show when=move || !is_filtered()>{move || model.with(|model| course_section(model, lang))}</Show>
        <div class="with-side">
            <HistorySection model filter path log="/log" writes />
            <aside class="side" aria-label=about(lang)>
                {move || model.with(|model| view! { {people_card(model, lang)} {parts_card(model, lang)} })}
            </aside>
        </div>
    }
}

fn head(page: &UnitPage, lang: Lang) -> impl IntoView + use<> {
    let directory = &page.history.directory;
    let parent = directory.units.get(&page.unit).and_then(|entry| entry.under).map(|parent| {
        let text = under(lang, directory.unit(parent, lang));
        view! {
            <p class="subtitle">
                <a href=format!("/units/{parent}")>{text}</a>
            </p>
        }
    });
    let people = directory.people_of(page.unit, lang).len();
    let waiting = page.waiting();
    let figure = |n: usize, say: fn(Lang, u64) -> String, href: &'static str| {
        let text = say(lang, u64::try_from(n).unwrap_or(u64::MAX));
        view! {
            <li>
                <a href=href>
                    <b>{when::count(n, lang)}</b>
                    " "
                    {text}
                </a>
            </li>
        }
    };
    view! {
        {parent}
        <ul class="figures">
            {figure(people, n_people, "#people")} {figure(waiting, n_open, "/handoffs")}
        </ul>
    }
}

fn course_section(page: &UnitPage, lang: Lang) -> AnyView {
    let Some(months) = page.course.by_unit.get(&page.unit).filter(|months| !months.cells.is_empty()) else {
        return view! { <p class="small muted">{no_course(lang)}</p> }.into_any();
    };
    let (months, calendar) = (months.clone(), page.course.calendar.clone());
    let name = page.history.directory.unit(page.unit, lang).to_owned();
    let table = months_table(page.unit, &months, lang);
    view! {
        <section class="stack tight">
            <h2 id="course">{course(lang)}</h2>
            <div class="with-side roomy">
                <div class="scroll" role="region" aria-label=course(lang) tabindex="0">
                    {table}
                </div>
                <Chart name href=format!("/units/{}", page.unit) calendar months />
            </div>
            <p class="small muted">{course_note(lang, ENOUGH)} " " {chart_legend(lang)}</p>
        </section>
    }
    .into_any()
}

fn people_card(page: &UnitPage, lang: Lang) -> impl IntoView + use<> {
    let directory = &page.history.directory;
    let members = directory.people_of(page.unit, lang);
    let is_empty = members.is_empty();
    let rows = members
        .into_iter()
        .map(|(id, name)| {
            let role = directory.colleagues.get(&id).and_then(|entry| entry.role).map(|role| role.say(lang));
            view! {
                <li class="person-row">
                    <Person name href=format!("/colleagues/{id}") side="internal" />
                    <span class="about small muted">{role}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" id="people">
            <header>
                <h2>{people(lang)}</h2>
            </header>
            {if is_empty {
                view! { <p class="small muted">{nobody(lang)}</p> }.into_any()
            } else {
                view! { <ul class="items">{rows}</ul> }.into_any()
            }}
        </section>
    }
}

fn parts_card(page: &UnitPage, lang: Lang) -> impl IntoView + use<> {
    let within = page.history.directory.parts_of(page.unit);
    (!within.is_empty()).then(|| {
        let rows = within
            .into_iter()
            .map(|(id, name)| {
                let name = name.to_owned();
                view! {
                    <li>
                        <a href=format!("/units/{id}")>{name}</a>
                    </li>
                }
            })
            .collect_view();
        view! {
            <section class="card">
                <header>
                    <h2>{parts(lang)}</h2>
                </header>
                <ul class="items">{rows}</ul>
            </section>
        }
    })
}
