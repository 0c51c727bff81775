//! Alignment: how the work that accounts hand to units is answered and kept. A course by month, never
//! a state or a score; every figure has its n and leads to the events behind it.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use shared::ids::UnitId;
use shared::record::Record;
use shared::views::alignment::{ANSWERS, Cell, Course, ENOUGH, Figure, PROMISES, Scope};
use shared::views::{Directory, View};

use crate::address;
use crate::live::Follow;
use crate::parts::course::{Chart, chart_legend, month_figures, month_heads};
use crate::parts::history::writes;
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when;

crate::texts! {
    title { en: "Alignment", ru: "Слаженность" }
    subtitle {
        en: "A course, not a grade: how units answer what accounts hand to them, and whether they keep what they promise. It says nothing about effort, about why, or about people. Every figure opens the events that made it.",
        ru: "Ход, а не оценка: как подразделения отвечают на передачи и держат ли обещанное. Она не показывает ни усилий, ни причин и не судит о людях. Каждое число открывает события, из которых оно сложено.",
    }
    matrix { en: "By account and unit", ru: "По клиентам и подразделениям" }
    course { en: "Course by month", ru: "Ход по месяцам" }
    account { en: "Account", ru: "Клиент" }
    unit { en: "Unit", ru: "Подразделение" }
    month { en: "Month", ru: "Месяц" }
    offered(n: u64) {
        en: plural(n) { "{n} offered", "{n} offered" },
        ru: plural(n) { "{n} передача", "{n} передачи", "{n} передач" },
    }
    accepted(n: u64) {
        en: plural(n) { "{n} accepted", "{n} accepted" },
        ru: plural(n) { "{n} принята", "{n} приняты", "{n} принято" },
    }
    declined(n: u64) {
        en: plural(n) { "{n} declined", "{n} declined" },
        ru: plural(n) { "{n} отклонена", "{n} отклонены", "{n} отклонено" },
    }
    without_unit(n: u64) {
        en: plural(n) {
            "{n} handoff was offered to a colleague in no unit; no figure above counts it.",
            "{n} handoffs were offered to colleagues in no unit; no figure above counts them.",
        },
        ru: plural(n) {
            "{n} передачу предложили сотруднику вне подразделений, в числах выше её нет.",
            "{n} передачи предложили сотрудникам вне подразделений, в числах выше их нет.",
            "{n} передач предложили сотрудникам вне подразделений, в числах выше их нет.",
        },
    }
    in_time(kept: usize, n: usize) { en: "{kept} of {n} in time", ru: "в срок {kept} из {n}" }
    of_n(kept: usize, n: usize) { en: "{kept} of {n}", ru: "{kept} из {n}" }
    share(percent: usize) { en: "{percent}%", ru: "{percent}\u{a0}%" }
    answered(span: &str, n: usize) { en: "answer {span}, n\u{a0}{n}", ru: "ответ {span}, n\u{a0}{n}" }
    thin(enough: usize) {
        en: "The more strongly coloured a cell, the larger the share kept in time. Shading and per cent only from n = {enough} promises with a date: below that it is too early to speak of a share. Time to answer is the median.",
        ru: "Чем насыщеннее цвет клетки, тем больше доля выполненных в срок. Заливка и проценты — только при n от {enough} обещаний со сроком: раньше говорить о доле рано. Время ответа — медиана.",
    }
    month_is {
        en: "A month is that of the offer. For everybody to see the same, days and months begin at midnight UTC.",
        ru: "Месяц — тот, в котором предложили. Чтобы все видели одно и то же, сутки и месяцы считаются по UTC.",
    }
    capped(shown: usize, total: usize) {
        en: "The {shown} accounts with the most handoffs are shown, of {total}. An account's page shows its own units.",
        ru: "Показаны {shown} клиентов с наибольшим числом передач из {total}. На странице клиента видны его подразделения.",
    }
    as_table { en: "The same as a table", ru: "То же таблицей" }
    empty_title { en: "No work has been handed over yet", ru: "Пока ничего не передавали" }
    empty_text { en: "As soon as somebody hands work to a unit, its course begins here.", ru: "Как только работу передадут подразделению, здесь появится динамика ответов." }
    hand_over { en: "Hand over", ru: "Передать в работу" }
}

/// The most accounts in the matrix.
const MOST: usize = 30;

/// The page: it asks for nothing but the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlignmentPage {
    pub course: Course,
    pub directory: Directory,
    /// How many accounts ever handed something to a unit.
    pub total: usize,
}

impl Query for Ask {
    type Page = AlignmentPage;

    fn answer(&self, reader: &dyn Reader) -> Result<AlignmentPage, Trouble> {
        let mut answer = None;
        reader.company(&mut |company| {
            let course = company.alignment.of_company(MOST);
            let mut directory = company.directory.cut(&BTreeSet::new(), &BTreeSet::new());
            directory.colleagues.clear();
            let named =
                course.by_account.keys().filter_map(|id| Some((*id, company.directory.accounts.get(id)?.clone())));
            directory.accounts.extend(named);
            answer = Some(AlignmentPage { course, directory, total: company.alignment.by_account.len() });
        });
        answer.ok_or(Trouble::NotFound)
    }

    fn address(&self) -> String {
        "alignment".to_owned()
    }
}

impl Follow for AlignmentPage {
    fn position(&self) -> u64 {
        self.course.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        self.course.fold(record);
    }

    fn is_stale(&self) -> bool {
        self.course.stale
    }
}

#[component]
pub fn Alignment() -> impl IntoView {
    page(|| Ask, move |model| view! { <Loaded model /> })
}

#[component]
fn Loaded(model: RwSignal<AlignmentPage>) -> impl IntoView {
    let lang = use_lang();
    let writes = writes(use_viewer().and_then(|viewer| viewer.role));
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <h1>{title(lang)}</h1>
            <p class="subtitle">{subtitle(lang)}</p>
        </header>
        {move || {
            model
                .with(|model| {
                    if model.course.by_unit.is_empty() {
                        empty(lang, writes).into_any()
                    } else {
                        view! { {matrix_section(model, lang)} {courses(model, lang)} {as_table_section(model, lang)} }.into_any()
                    }
                })
        }}
    }
}

fn empty(lang: Lang, writes: bool) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{empty_title(lang)}</h2>
            <p>{empty_text(lang)}</p>
            {writes
                .then(|| {
                    view! {
                        <a class="button" href="/handoffs/new">
                            {hand_over(lang)}
                        </a>
                    }
                })}
        </div>
    }
}

fn matrix_section(page: &AlignmentPage, lang: Lang) -> impl IntoView + use<> {
    let AlignmentPage { course, directory, total } = page;
    let (accounts, units) = (course.accounts(), units_by_name(page));
    let heads = units
        .iter()
        .map(|id| {
            view! {
                <th scope="col">
                    <a href=format!("/units/{id}")>{directory.unit(*id, lang).to_owned()}</a>
                </th>
            }
        })
        .collect_view();
    let rows = accounts
        .iter()
        .map(|account| {
            let cells = course.by_account.get(account);
            let cells = units
                .iter()
                .map(|unit| {
                    matrix_cell(cells.and_then(|cells| cells.get(unit)), Scope::of_account(*account, *unit), lang)
                })
                .collect_view();
            view! {
                <tr>
                    <th scope="row">
                        <a href=format!("/accounts/{account}#units")>{directory.account(*account, lang).to_owned()}</a>
                    </th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    let (shown, total) = (accounts.len(), *total);
    view! {
        <section class="stack">
            <h2 id="matrix">{matrix(lang)}</h2>
            <p class="small muted">{thin(lang, ENOUGH)}</p>
            <div class="scroll" role="region" aria-label=matrix(lang) tabindex="0">
                <table class="matrix">
                    <thead>
                        <tr>
                            <th scope="col">
                                <span class="sr">{account(lang)}</span>
                            </th>
                            {heads}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {(shown < total).then(|| view! { <p class="small muted">{capped(lang, shown, total)}</p> })}
            {without_unit_line(page, lang)}
        </section>
    }
}

fn without_unit_line(page: &AlignmentPage, lang: Lang) -> Option<AnyView> {
    let n = u64::try_from(page.course.without_unit).unwrap_or(u64::MAX);
    (n > 0).then(|| {
        view! {
            <p class="small">
                <a href=address::behind(&[Figure::WithoutUnit], Scope::default())>{without_unit(lang, n)}</a>
            </p>
        }
        .into_any()
    })
}

fn matrix_cell(cell: Option<&Cell>, scope: Scope, lang: Lang) -> AnyView {
    let Some(cell) = cell else {
        return view! { <td class="muted">"–"</td> }.into_any();
    };
    // How dark a cell is: a share of nothing and of everything are five steps apart.
    let heat = cell.share_kept().map(|share| (share.div_ceil(20)).min(5).to_string());
    let is_thin = heat.is_none().then_some("");
    let n = |figure| u64::try_from(cell.n(&[figure])).unwrap_or(u64::MAX);
    let (kept, promised) = cell.kept_in_time();
    // Where there are enough to speak of a share, it stands before what it is made of.
    let promise_words = match cell.share_kept() {
        Some(percent) => view! { <b>{share(lang, percent)}</b> " " {of_n(lang, kept, promised)} }.into_any(),
        None => in_time(lang, kept, promised).into_any(),
    };
    let given = [(accepted as fn(Lang, u64) -> String, Figure::Accepted), (declined, Figure::Declined)]
        .into_iter()
        .filter(|(_, figure)| n(*figure) > 0)
        .map(|(say, figure)| {
            view! {
                <a class="of" href=address::behind(&[figure], scope)>
                    {say(lang, n(figure))}
                </a>
            }
        })
        .collect_view();
    let promises = (promised > 0).then(|| {
        view! {
            <a class="of" href=address::behind(&PROMISES, scope)>
                <span>{promise_words}</span>
            </a>
        }
    });
    let answers = cell.time_to_answer().map(|(seconds, n)| {
        let text = answered(lang, &when::span_short(seconds, lang), n);
        view! {
            <a class="of" href=address::behind(&ANSWERS, scope)>
                {text}
            </a>
        }
    });
    view! {
        <td data-heat=heat data-thin=is_thin>
            <a href=address::behind(&[Figure::Offered], scope)>{offered(lang, n(Figure::Offered))}</a>
            {given}
            {promises}
            {answers}
        </td>
    }
    .into_any()
}

fn units_by_name(page: &AlignmentPage) -> Vec<UnitId> {
    let all = page.directory.all_units().into_iter().map(|(id, _)| id);
    all.filter(|id| page.course.by_unit.contains_key(id)).collect()
}

fn courses(page: &AlignmentPage, lang: Lang) -> impl IntoView + use<> {
    let charts = units_by_name(page)
        .into_iter()
        .map(|unit| {
            let months = page.course.by_unit.get(&unit).cloned().unwrap_or_default();
            let name = page.directory.unit(unit, lang).to_owned();
            view! { <Chart name href=format!("/units/{unit}") calendar=page.course.calendar.clone() months /> }
        })
        .collect_view();
    view! {
        <section class="stack" aria-labelledby="course">
            <h2 id="course">{course(lang)}</h2>
            <div class="courses">{charts}</div>
            <p class="small muted">{chart_legend(lang)} " " {month_is(lang)}</p>
        </section>
    }
}

fn as_table_section(page: &AlignmentPage, lang: Lang) -> impl IntoView + use<> {
    let rows = units_by_name(page)
        .into_iter()
        .flat_map(|unit| {
            let months = page.course.by_unit.get(&unit);
            let name = page.directory.unit(unit, lang).to_owned();
            let cells = months.into_iter().flat_map(|months| months.cells.iter().rev());
            cells
                .map(|(of, cell)| {
                    view! {
                        <tr>
                            <th scope="row">{name.clone()}</th>
                            <td data-label=month(lang)>{when::month(of.year, of.month, lang)}</td>
                            {month_figures(cell, Scope::of_month(unit, *of), lang)}
                        </tr>
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect_view();
    view! {
        <details class="unfold">
            <summary>{as_table(lang)}</summary>
            <div class="scroll" role="region" aria-label=as_table(lang) tabindex="0">
                <table class="table dense stacks">
                    <thead>
                        <tr>
                            <th scope="col">{unit(lang)}</th>
                            <th scope="col">{month(lang)}</th>
                            {month_heads(lang)}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
}
