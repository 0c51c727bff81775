//! The course of a unit's answers by month: a small chart, and the same as a table whose every figure
//! leads to the events behind it. A course has no goal and no score.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::ids::UnitId;
use shared::views::alignment::{ANSWERS, Cell, ENOUGH, Figure, Month, Months, PROMISES, Scope};

use crate::address;
use crate::text::{Lang, use_lang};
use crate::when;

crate::texts! {
    of_n(kept: usize, n: usize) { en: "{kept} of {n}", ru: "{kept} из {n}" }
    percent(share: usize) { en: "{share}%", ru: "{share}\u{a0}%" }
    answered_in(span: &str, n: usize) { en: "{span}, n\u{a0}{n}", ru: "{span}, n\u{a0}{n}" }
    nothing { en: "–", ru: "–" }
    no_promises { en: "no promises with a date ended", ru: "обещаний со сроком не завершалось" }
    spoken(month: &str, what: &str) { en: "{month}: {what}", ru: "{month}: {what}" }
    chart_of(unit: &str, months: &str) { en: "{unit}: kept in time by month. {months}", ru: "{unit}: выполнено в срок по месяцам. {months}" }
    n_of(n: usize) { en: "n\u{a0}{n}", ru: "n\u{a0}{n}" }
    month_head { en: "Month", ru: "Месяц" }
    offered { en: "Offered", ru: "Предложено" }
    accepted { en: "Accepted", ru: "Принято" }
    declined { en: "Declined", ru: "Отклонено" }
    withdrawn { en: "Withdrawn", ru: "Снято" }
    above { en: "Answered above", ru: "Решено выше" }
    returned { en: "Returned", ru: "Возвращено" }
    without_unit { en: "Offered to a colleague in no unit", ru: "Предложено сотруднику вне подразделений" }
    kept { en: "Kept in time", ru: "В срок" }
    late { en: "Late", ru: "С опозданием" }
    undated { en: "Completed without a date", ru: "Выполнено без срока" }
    answer { en: "Time to answer", ru: "Время ответа" }
    answer_time(text: &str) { en: "Time to answer: {text}", ru: "Время ответа: {text}" }
    legend(enough: usize) {
        en: "Line: share kept in time; dashed, with a hollow dot, where a month has fewer than {enough} promises and says little. Bars below: how many were offered.",
        ru: "Линия: доля выполненных в срок; пунктир и пустая точка, если обещаний за месяц меньше {enough} и судить рано. Столбцы внизу: сколько предложено.",
    }
}

/// "9 of 12", with the share where there are enough to speak of one; a dash for nothing.
#[must_use]
pub fn kept_words(cell: &Cell, lang: Lang) -> String {
    let (in_time, n) = cell.kept_in_time();
    match cell.share_kept() {
        _ if n == 0 => nothing(lang).to_owned(),
        Some(share) => format!("{} · {}", percent(lang, share), of_n(lang, in_time, n)),
        None => of_n(lang, in_time, n),
    }
}

/// "6 hours, n 8": the median time to an answer; a dash for nothing.
#[must_use]
pub fn answer_words(cell: &Cell, lang: Lang) -> String {
    cell.time_to_answer()
        .map_or_else(|| nothing(lang).to_owned(), |(seconds, n)| answered_in(lang, &when::span(seconds, lang), n))
}

/// "6 h, n 8": the same where there is little room.
#[must_use]
pub fn answer_briefly(cell: &Cell, lang: Lang) -> String {
    cell.time_to_answer()
        .map_or_else(|| nothing(lang).to_owned(), |(seconds, n)| answered_in(lang, &when::span_short(seconds, lang), n))
}

/// What is counted, in a word or two.
#[must_use]
pub fn figure_word(figure: Figure, lang: Lang) -> &'static str {
    match figure {
        Figure::Offered => offered(lang),
        Figure::WithoutUnit => without_unit(lang),
        Figure::Accepted => accepted(lang),
        Figure::Declined => declined(lang),
        Figure::Withdrawn => withdrawn(lang),
        Figure::Above => above(lang),
        Figure::Returned => returned(lang),
        Figure::Kept => kept(lang),
        Figure::Late => late(lang),
        Figure::Undated => undated(lang),
    }
}

/// A figure that leads to the events behind it.
pub fn figure(text: String, cell: &Cell, figures: &[Figure], scope: Scope) -> AnyView {
    if cell.n(figures) == 0 {
        return view! { <span class="muted">"–"</span> }.into_any();
    }
    view! { <a href=address::behind(figures, scope)>{text}</a> }.into_any()
}

/// What a month's figures begin with, each a plain number.
const COUNTED: [Figure; 6] =
    [Figure::Offered, Figure::Accepted, Figure::Declined, Figure::Withdrawn, Figure::Above, Figure::Returned];

/// The table head of [`month_figures`], after the first column.
pub fn month_heads(lang: Lang) -> impl IntoView {
    let counted = COUNTED.iter().map(|figure| figure_word(*figure, lang));
    counted
        .chain([kept(lang), answer(lang)])
        .map(|text| {
            view! {
                <th class="n" scope="col">
                    {text}
                </th>
            }
        })
        .collect_view()
}

/// The figures of one month.
pub fn month_figures(cell: &Cell, scope: Scope, lang: Lang) -> impl IntoView + use<> {
    let n = |text: String, figures: &[Figure], label: &'static str| {
        view! {
            <td class="n" data-label=label>
                {figure(text, cell, figures, scope)}
            </td>
        }
    };
    let counted = COUNTED.map(|one| n(cell.n(&[one]).to_string(), &[one], figure_word(one, lang)));
    view! {
        {counted.collect_view()}
        {n(kept_words(cell, lang), &PROMISES, kept(lang))}
        {n(answer_words(cell, lang), &ANSWERS, answer(lang))}
    }
}

/// One unit's months as a table, newest first.
pub fn months_table(unit: UnitId, months: &Months, lang: Lang) -> impl IntoView + use<> {
    let rows = months
        .cells
        .iter()
        .rev()
        .map(|(month, cell)| {
            view! {
                <tr>
                    <th scope="row">{when::month(month.year, month.month, lang)}</th>
                    {month_figures(cell, Scope::of_month(unit, *month), lang)}
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table dense stacks">
            <thead>
                <tr>
                    <th scope="col">{month_head(lang)}</th>
                    {month_heads(lang)}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// One unit's course as a chart: the share kept in time as a line, and in a strip of its own below how many were
/// offered: one scale for each.
#[component]
pub fn Chart(name: String, href: String, calendar: Vec<Month>, months: Months) -> impl IntoView {
    let lang = use_lang();
    let Months { cells, sum } = months;
    let drawn = draw(&calendar, &cells, lang);
    let spoken = chart_of(lang, &name, &drawn.spoken);
    let grid = [(BOTTOM, 0), (MIDDLE, 50), (TOP, 100)]
        .map(|(y, share)| {
            view! {
                <line class="grid" x1=LEFT.to_string() x2=RIGHT.to_string() y1=y.to_string() y2=y.to_string() />
                <text x=(LEFT - 6).to_string() y=(y + 4).to_string() text-anchor="end">
                    {percent(lang, share)}
                </text>
            }
        })
        .collect_view();
    view! {
        <figure class="course">
            <figcaption>
                <b>
                    <a href=href>{name}</a>
                </b>
                <span class="small muted">{n_of(lang, sum.n(&[Figure::Offered]))}</span>
            </figcaption>
            <svg viewBox="0 0 320 164" role="img" aria-label=spoken>
                {grid}
                {drawn
                    .lines
                    .into_iter()
                    .map(|(is_thin, [[x1, y1], [x2, y2]])| {
                        let class = if is_thin { "rest" } else { "line" };
                        view! { <line class=class x1=x1.to_string() y1=y1.to_string() x2=x2.to_string() y2=y2.to_string() /> }
                    })
                    .collect_view()}
                {drawn
                    .dots
                    .into_iter()
                    .map(|(is_thin, [x, y])| {
                        let class = if is_thin { "dot thin" } else { "dot" };
                        view! { <circle class=class cx=x.to_string() cy=y.to_string() r="3" /> }
                    })
                    .collect_view()}
                <line class="axis" x1=LEFT.to_string() x2=RIGHT.to_string() y1=FLOOR.to_string() y2=FLOOR.to_string() />
                {drawn
                    .bars
                    .into_iter()
                    .map(|(n, [x, y, width, height])| {
                        view! {
                            <rect class="bar part" x=x.to_string() y=y.to_string() width=width.to_string() height=height.to_string() />
                            <text x=(x + width / 2).to_string() y=(y - 3).to_string() text-anchor="middle">
                                {n}
                            </text>
                        }
                    })
                    .collect_view()}
                {drawn
                    .months
                    .into_iter()
                    .map(|(x, text)| {
                        view! {
                            <text x=x.to_string() y="160" text-anchor="middle">
                                {text}
                            </text>
                        }
                    })
                    .collect_view()}
            </svg>
            <p class="small muted">{answer_time(lang, &answer_words(&sum, lang))}</p>
        </figure>
    }
}

const LEFT: usize = 44;
const RIGHT: usize = 314;
/// Everything, half and nothing on the scale of the shares.
const TOP: usize = 10;
const MIDDLE: usize = 50;
const BOTTOM: usize = 90;
/// What the bars stand on.
const FLOOR: usize = 146;
/// How high the tallest bar is.
const BAR: usize = 30;

/// The chart in the units of its box: 320 by 164.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Drawn {
    /// How many were offered, and x, y, width, height.
    bars: Vec<(usize, [usize; 4])>,
    /// From one month to the next that has promises; thin where either has too few to speak of a share.
    lines: Vec<(bool, [[usize; 2]; 2])>,
    dots: Vec<(bool, [usize; 2])>,
    months: Vec<(usize, String)>,
    spoken: String,
}

fn draw(months: &[Month], cells: &BTreeMap<Month, Cell>, lang: Lang) -> Drawn {
    let mut drawn = Drawn::default();
    let step = (RIGHT - LEFT) / months.len().max(1);
    let width = (step * 3 / 5).clamp(2, 26);
    let most =
        months.iter().filter_map(|month| cells.get(month)).map(|cell| cell.n(&[Figure::Offered])).max().unwrap_or(0);
    let mut spoken = Vec::new();
    // Every third month has its name, counted from the newest.
    let named = |place: usize| (months.len() - 1 - place).is_multiple_of(3);
    for (place, month) in months.iter().enumerate() {
        let x = LEFT + step * place + step / 2;
        if named(place) {
            drawn.months.push((x, when::month_short(month.month, lang)));
        }
        let Some(cell) = cells.get(month) else { continue };
        let offered = cell.n(&[Figure::Offered]);
        let height = (offered * BAR).div_ceil(most.max(1));
        drawn.bars.push((offered, [x - width / 2, FLOOR - height, width, height]));
        let (in_time, n) = cell.kept_in_time();
        let what = if n == 0 { no_promises(lang).to_owned() } else { of_n(lang, in_time, n) };
        spoken.push(self::spoken(lang, &when::month(month.year, month.month, lang), &what));
        if let Some(height) = (in_time * (BOTTOM - TOP) + n / 2).checked_div(n) {
            let y = BOTTOM - height;
            let is_thin = n < ENOUGH;
            if let Some((was_thin, before)) = drawn.dots.last() {
                drawn.lines.push((is_thin || *was_thin, [*before, [x, y]]));
            }
            drawn.dots.push((is_thin, [x, y]));
        }
    }
    drawn.spoken = spoken.join("; ");
    drawn
}

/// What the line and the bars are.
pub fn chart_legend(lang: Lang) -> String {
    legend(lang, ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(offered: usize, kept: usize, late: usize) -> Cell {
        let mut cell = Cell::default();
        for (figure, n) in [(Figure::Offered, offered), (Figure::Kept, kept), (Figure::Late, late)] {
            (0..n).for_each(|_| cell.count(figure, None));
        }
        cell
    }

    #[test]
    fn a_share_has_its_n_and_is_only_spoken_of_where_there_are_enough() {
        assert_eq!(kept_words(&cell(3, 2, 1), Lang::En), "2 of 3");
        assert_eq!(kept_words(&cell(12, 9, 3), Lang::Ru), "75\u{a0}% · 9 из 12");
        assert_eq!(kept_words(&cell(5, 0, 0), Lang::En), "–");
        let mut answered = Cell::default();
        answered.count(Figure::Accepted, Some(3 * 3600));
        answered.count(Figure::Declined, Some(5 * 3600));
        assert_eq!(answer_words(&answered, Lang::En), "4\u{a0}hours, n\u{a0}2");
    }

    #[test]
    fn a_chart_draws_what_happened_and_leaves_the_other_months_empty() {
        let month = |month| Month { year: 2026, month };
        let months = [month(4), month(5), month(6)];
        let cells = BTreeMap::from([(month(4), cell(4, 1, 1)), (month(6), cell(2, 2, 0))]);
        let drawn = draw(&months, &cells, Lang::En);
        assert_eq!((drawn.bars.len(), drawn.dots.len()), (2, 2));
        let bars: Vec<_> = drawn.bars.iter().map(|(n, [.., height])| (*n, *height)).collect();
        assert_eq!(bars, [(4, BAR), (2, BAR / 2)]);
        let levels: Vec<_> = drawn.dots.iter().map(|(_, [_, y])| *y).collect();
        assert_eq!(levels, [MIDDLE, TOP]);
        assert!(drawn.dots.iter().all(|(is_thin, _)| *is_thin), "two promises a month say little");
        assert!(drawn.spoken.contains("April 2026: 1 of 2"), "{}", drawn.spoken);
        assert_eq!(draw(&[], &cells, Lang::Ru), Drawn::default());
    }

    #[test]
    fn a_line_is_thin_beside_a_month_that_says_little() {
        let month = |month| Month { year: 2026, month };
        let months = [month(3), month(4), month(5)];
        let cells = BTreeMap::from([
            (month(3), cell(12, ENOUGH, 0)),
            (month(4), cell(12, ENOUGH, 2)),
            (month(5), cell(2, ENOUGH - 1, 0)),
        ]);
        let thin: Vec<_> = draw(&months, &cells, Lang::En).lines.iter().map(|(is_thin, _)| *is_thin).collect();
        assert_eq!(thin, [false, true]);
    }
}
