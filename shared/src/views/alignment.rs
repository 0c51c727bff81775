//! The alignment course, first form: how the work that accounts handed to units was answered and
//! kept, per account and unit, and per unit by month. A course, never a finished state: there is no
//! score and no goal in it, and every figure has its n and the events behind it.

mod cell;
mod course;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::colleague;
use crate::domain::Event;
use crate::handoff::{self, Party};
use crate::ids::{AccountId, ColleagueId, HandoffId, UnitId};
use crate::record::Record;
use crate::views::view;
use crate::words::Occurred;

pub use cell::{ANSWERS, Cell, ENOUGH, Figure, Month, NoFigure, PROMISES, Scope};
pub use course::{Course, MONTHS, Months};

/// The whole of it, which a server keeps warm. Pages show a [`Course`] of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    pub position: u64,
    pub by_account: BTreeMap<AccountId, BTreeMap<UnitId, Cell>>,
    pub by_month: BTreeMap<UnitId, BTreeMap<Month, Cell>>,
    /// The events behind the cells, in order.
    events: BTreeMap<AccountId, BTreeMap<UnitId, Vec<Mark>>>,
    /// The offers to colleagues who were in no unit, which no cell counts.
    without_unit: BTreeMap<AccountId, Vec<Mark>>,
    asked: Asked,
}

/// What an event counts as, and for which month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Mark {
    position: u64,
    month: Month,
    figure: Figure,
}

/// What was asked and has not ended, and where people are: all that one needs to tell what the next record counts as.
/// The server and the browser read with the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Asked {
    pending: BTreeMap<HandoffId, Pending>,
    people: BTreeMap<UnitId, BTreeSet<ColleagueId>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    account: AccountId,
    to: Party,
    unit: Option<UnitId>,
    offered: Timestamp,
    due: Option<Date>,
    answered: bool,
}

/// What a record counts as, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted {
    account: AccountId,
    /// None for [`Figure::WithoutUnit`] alone.
    unit: Option<UnitId>,
    /// What happens to a handoff counts for the month in which it was offered: a course compares offers.
    month: Month,
    figure: Figure,
    /// Of an answer: since the offer.
    seconds: Option<i64>,
}

view!(Alignment);

/// Whether what a record completes was done by the promised day: by the day that counts, not the one that
/// whoever completed it wrote there.
pub fn in_time(record: &Record, due: Date) -> bool {
    Occurred::At(record.counts_from()).day() <= due
}

impl Alignment {
    /// Every cell, of an account and a unit and then of a unit and a month, with the scope that [`Alignment::behind`] asks for.
    pub fn cells(&self) -> impl Iterator<Item = (Scope, &Cell)> {
        let of_account = self
            .by_account
            .iter()
            .flat_map(|(account, units)| units.iter().map(|(unit, cell)| (Scope::of_account(*account, *unit), cell)));
        let of_month = self
            .by_month
            .iter()
            .flat_map(|(unit, months)| months.iter().map(|(month, cell)| (Scope::of_month(*unit, *month), cell)));
        of_account.chain(of_month)
    }

    /// The positions of the events that count as any of these figures, in order.
    pub fn behind(&self, figures: &[Figure], scope: Scope) -> Vec<u64> {
        let Scope { account, unit, month } = scope;
        let here = |id: &AccountId| account.is_none_or(|account| *id == account);
        let cells = self.events.iter().filter(|(id, _)| here(id)).flat_map(|(_, units)| units);
        let cells = cells.filter(|(id, _)| unit.is_none_or(|unit| **id == unit)).map(|(_, marks)| marks);
        let nowhere = self.without_unit.iter().filter(|(id, _)| unit.is_none() && here(id)).map(|(_, marks)| marks);
        let mut positions: Vec<u64> = cells
            .chain(nowhere)
            .flatten()
            .filter(|mark| figures.contains(&mark.figure) && month.is_none_or(|month| mark.month == month))
            .map(|mark| mark.position)
            .collect();
        positions.sort_unstable();
        positions
    }

    fn take(&mut self, record: &Record) {
        let Some(counted) = self.asked.read(record) else { return };
        let Counted { account, unit, month, figure, seconds } = counted;
        let mark = Mark { position: record.position, month, figure };
        let Some(unit) = unit else {
            return self.without_unit.entry(account).or_default().push(mark);
        };
        self.events.entry(account).or_default().entry(unit).or_default().push(mark);
        self.by_account.entry(account).or_default().entry(unit).or_default().count(figure, seconds);
        self.by_month.entry(unit).or_default().entry(month).or_default().count(figure, seconds);
    }
}

impl Asked {
    /// What a record counts as, if it counts.
    fn read(&mut self, record: &Record) -> Option<Counted> {
        match &record.event {
            Event::Colleague(id, event) => {
                match event {
                    colleague::Event::Joined { unit, .. } | colleague::Event::Moved { unit } => self.seat(*id, *unit),
                    colleague::Event::Renamed { .. }
                    | colleague::Event::GivenRole { .. }
                    | colleague::Event::Left {} => {}
                }
                None
            }
            Event::Handoff(id, event) => self.read_handoff(*id, event, record),
            Event::Unit(..) | Event::Account(..) | Event::Contact(..) | Event::Interaction(..) | Event::Import(..) => {
                None
            }
        }
    }

    fn read_handoff(&mut self, id: HandoffId, event: &handoff::Event, record: &Record) -> Option<Counted> {
        match event {
            handoff::Event::Offered(offer) => {
                let unit = match offer.to {
                    Party::Unit(unit) => Some(unit),
                    // The unit that they were in on the day they were asked.
                    Party::Colleague(colleague) => self.unit_of(colleague),
                };
                let pending = Pending {
                    account: offer.account,
                    to: offer.to,
                    unit,
                    offered: record.counts_from(),
                    due: offer.due,
                    answered: false,
                };
                let figure = if unit.is_some() { Figure::Offered } else { Figure::WithoutUnit };
                let counted = pending.counts_as(figure);
                self.pending.insert(id, pending);
                Some(counted)
            }
            handoff::Event::Accepted {} => self.answer(id, record, Figure::Accepted),
            handoff::Event::Declined { .. } => self.answer(id, record, Figure::Declined),
            handoff::Event::Returned { .. } => in_a_unit(self.pending.get(&id)?.counts_as(Figure::Returned)),
            handoff::Event::Completed { .. } => {
                let pending = self.pending.remove(&id)?;
                in_a_unit(pending.counts_as(match pending.due {
                    Some(due) if in_time(record, due) => Figure::Kept,
                    Some(_) => Figure::Late,
                    None => Figure::Undated,
                }))
            }
            handoff::Event::Withdrawn { .. } => {
                let pending = self.pending.remove(&id).filter(|pending| !pending.answered)?;
                in_a_unit(pending.counts_as(Figure::Withdrawn))
            }
            handoff::Event::Escalated { .. } => None,
        }
    }

    /// The first answer to an offer. Whoever it was escalated to takes it out of the unit's hands: what comes
    /// of it then is not the unit's.
    fn answer(&mut self, id: HandoffId, record: &Record, figure: Figure) -> Option<Counted> {
        let mut pending = self.pending.remove(&id)?;
        let is_asked = match pending.to {
            Party::Colleague(colleague) => colleague == record.by,
            Party::Unit(unit) => self.unit_of(record.by) == Some(unit),
        };
        let seconds = record.counts_from().as_second() - pending.offered.as_second();
        let counted = match (is_asked, pending.answered) {
            (true, false) => Some(Counted { seconds: Some(seconds), ..pending.counts_as(figure) }),
            (false, false) => Some(pending.counts_as(Figure::Above)),
            (_, true) => None,
        };
        if is_asked {
            pending.answered = true;
            self.pending.insert(id, pending);
        }
        in_a_unit(counted?)
    }

    fn seat(&mut self, colleague: ColleagueId, unit: Option<UnitId>) {
        self.people.retain(|_, people| {
            people.remove(&colleague);
            !people.is_empty()
        });
        if let Some(unit) = unit {
            self.people.entry(unit).or_default().insert(colleague);
        }
    }

    fn unit_of(&self, colleague: ColleagueId) -> Option<UnitId> {
        self.people.iter().find(|(_, people)| people.contains(&colleague)).map(|(unit, _)| *unit)
    }

    /// Whether the offer is here that an event goes on from.
    fn knows(&self, event: &Event) -> bool {
        match event {
            Event::Handoff(id, event) => match event {
                handoff::Event::Offered(_) | handoff::Event::Escalated { .. } => true,
                handoff::Event::Accepted {}
                | handoff::Event::Declined { .. }
                | handoff::Event::Returned { .. }
                | handoff::Event::Completed { .. }
                | handoff::Event::Withdrawn { .. } => self.pending.contains_key(id),
            },
            Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Import(..) => true,
        }
    }
}

impl Pending {
    fn counts_as(&self, figure: Figure) -> Counted {
        let (account, unit, month) = (self.account, self.unit, Month::of(self.offered));
        Counted { account, unit, month, figure, seconds: None }
    }
}

/// What was offered to somebody in no unit counts as that, and later as nothing more.
fn in_a_unit(counted: Counted) -> Option<Counted> {
    counted.unit.map(|_| counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Event as Handoff, Offer, Outcome, Why, Words};
    use crate::testkit::*;
    use crate::views::View;
    use jiff::{SignedDuration, civil::date};

    const HOUR: i64 = 60 * 60;

    /// Events on one handoff, each some hours after noon, on the company of the fixtures.
    fn folded(facts: &[(i64, ColleagueId, Handoff)]) -> Alignment {
        let mut alignment = Alignment::default();
        let company = history(company());
        let from = company.len() as u64;
        for record in &company {
            alignment.fold(record);
        }
        for (position, (hours, by, event)) in (from + 1..).zip(facts) {
            let mut record = record(position, *by, Event::Handoff(HANDOFF, event.clone()));
            record.recorded = NOON + SignedDuration::from_hours(*hours);
            record.occurred = Occurred::At(record.recorded);
            alignment.fold(&record);
        }
        alignment
    }

    fn offer(to: Party, due: Option<Date>) -> Handoff {
        Handoff::Offered(Offer { account: NORTHWIND, to, due, personal: Words { what: promise("Check") }.into() })
    }

    fn completed() -> Handoff {
        Handoff::Completed { personal: Outcome { result: reason("Cleared") }.into() }
    }

    fn cell(alignment: &Alignment) -> &Cell {
        alignment.by_account.get(&NORTHWIND).unwrap().get(&LOGISTICS).unwrap()
    }

    fn n<const N: usize>(alignment: &Alignment, figures: [Figure; N]) -> [usize; N] {
        figures.map(|figure| cell(alignment).n(&[figure]))
    }

    fn months(alignment: &Alignment) -> Vec<Month> {
        alignment.by_month.values().flat_map(|months| months.keys().copied()).collect()
    }

    #[test]
    fn a_promise_is_kept_by_its_day_or_late_after_it() {
        let due = Some(date(2026, 6, 2));
        let kept = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), due)),
            (1, LEV, Handoff::Accepted {}),
            (30, LEV, completed()),
        ]);
        assert_eq!(cell(&kept).kept_in_time(), (1, 1));
        let late = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), due)),
            (1, LEV, Handoff::Accepted {}),
            (60, LEV, completed()),
        ]);
        assert_eq!(cell(&late).kept_in_time(), (0, 1));
        let undated = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (1, LEV, Handoff::Accepted {}),
            (9, LEV, completed()),
        ]);
        assert_eq!(cell(&undated).kept_in_time(), (0, 0), "no day was promised, none was broken");
    }

    #[test]
    fn nobody_keeps_a_promise_by_writing_an_earlier_day() {
        let facts = [offer(Party::Unit(LOGISTICS), Some(date(2026, 6, 2))), Handoff::Accepted {}, completed()];
        let mut alignment = Alignment::default();
        for record in history(company()) {
            alignment.fold(&record);
        }
        for (position, event) in (100..).zip(facts) {
            let mut record = record(position, LEV, Event::Handoff(HANDOFF, event));
            record.recorded = NOON + SignedDuration::from_hours(240);
            record.occurred = Occurred::parse("2026-06-01").unwrap();
            alignment.fold(&record);
        }
        assert_eq!(cell(&alignment).kept_in_time(), (0, 1));
    }

    #[test]
    fn what_was_withdrawn_or_answered_above_is_no_answer_of_the_unit() {
        let why = || Why { reason: reason("No answer") }.into();
        let withdrawn = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (9, KIRA, Handoff::Withdrawn { personal: why() }),
        ]);
        assert_eq!(n(&withdrawn, [Figure::Offered, Figure::Withdrawn]), [1, 1]);
        let above = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), Some(date(2026, 6, 2)))),
            (1, KIRA, Handoff::Escalated { to: ADA, personal: why() }),
            (2, ADA, Handoff::Accepted {}),
            (3, ADA, completed()),
        ]);
        assert_eq!(n(&above, [Figure::Above, Figure::Accepted]), [1, 0]);
        assert_eq!((cell(&above).time_to_answer(), cell(&above).kept_in_time()), (None, (0, 0)));
        let after_an_answer = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (1, LEV, Handoff::Accepted {}),
            (2, KIRA, Handoff::Withdrawn { personal: why() }),
        ]);
        assert_eq!(n(&after_an_answer, [Figure::Withdrawn]), [0], "every offer is counted once");
    }

    #[test]
    fn what_was_offered_to_somebody_in_no_unit_is_said_and_not_lost() {
        let alignment = folded(&[(0, KIRA, offer(Party::Colleague(ADA), None))]);
        assert!(alignment.by_account.is_empty());
        let at = alignment.behind(&[Figure::WithoutUnit], Scope { account: Some(NORTHWIND), ..Scope::default() });
        assert_eq!(at, [alignment.position]);
        assert!(
            alignment.behind(&[Figure::WithoutUnit], Scope { account: Some(CONTOSO), ..Scope::default() }).is_empty()
        );
        assert_eq!(alignment.of_company(30).without_unit, 1);
    }

    #[test]
    fn an_offer_to_a_colleague_counts_for_the_unit_they_were_in() {
        let alignment = folded(&[(0, KIRA, offer(Party::Colleague(LEV), None)), (5, LEV, Handoff::Accepted {})]);
        assert_eq!(cell(&alignment).time_to_answer(), Some((5 * HOUR, 1)));
        assert_eq!(n(&alignment, [Figure::Offered, Figure::Accepted]), [1, 1]);
    }

    #[test]
    fn what_was_imported_counts_for_the_month_in_which_it_happened() {
        let mut alignment = Alignment::default();
        for record in history(company()) {
            alignment.fold(&record);
        }
        let (offer, accepted) = (offer(Party::Unit(LOGISTICS), None), Handoff::Accepted {});
        for (position, (at, by, event)) in
            (100..).zip([("2025-11-03T09:00:00Z", KIRA, offer), ("2025-11-03T13:00:00Z", LEV, accepted)])
        {
            let mut imported = record(position, by, Event::Handoff(HANDOFF, event));
            imported.batch = Some(BATCH);
            imported.occurred = Occurred::parse(at).unwrap();
            alignment.fold(&imported);
        }
        assert_eq!(months(&alignment), [Month { year: 2025, month: 11 }]);
        assert_eq!(cell(&alignment).time_to_answer(), Some((4 * HOUR, 1)));
    }

    #[test]
    fn each_leg_of_a_path_is_an_offer_of_its_own() {
        let declined = Handoff::Declined { personal: Why { reason: reason("No time") }.into() };
        let alignment = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (1, LEV, declined),
            (2, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (5, LEV, Handoff::Accepted {}),
        ]);
        assert_eq!(n(&alignment, [Figure::Offered, Figure::Declined, Figure::Accepted]), [2, 1, 1]);
        assert_eq!(cell(&alignment).time_to_answer(), Some((2 * HOUR, 2)));
        assert_eq!(months(&alignment), [Month { year: 2026, month: 6 }]);
    }

    #[test]
    fn the_events_behind_a_figure_are_exactly_those() {
        let declined = Handoff::Declined { personal: Why { reason: reason("No time") }.into() };
        let alignment = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), Some(date(2026, 6, 2)))),
            (1, LEV, declined),
            (900, KIRA, offer(Party::Unit(LOGISTICS), Some(date(2026, 7, 20)))),
            (901, LEV, Handoff::Accepted {}),
            (910, LEV, completed()),
        ]);
        let [first, no, second, yes, done] = [4, 3, 2, 1, 0].map(|before| alignment.position - before);
        let northwind = Scope::of_account(NORTHWIND, LOGISTICS);
        assert_eq!(alignment.behind(&[Figure::Offered], northwind), [first, second]);
        assert_eq!(alignment.behind(&ANSWERS, northwind), [no, yes]);
        let july = Scope::of_month(LOGISTICS, Month { year: 2026, month: 7 });
        assert_eq!(alignment.behind(&ANSWERS, july), [yes]);
        assert_eq!(alignment.behind(&PROMISES, july), [done]);
        assert_eq!(alignment.behind(&Figure::ALL, Scope::default()).len(), 5);
        assert!(alignment.behind(&Figure::ALL, Scope::of_account(CONTOSO, LOGISTICS)).is_empty());
        assert!(alignment.behind(&Figure::ALL, Scope::of_account(NORTHWIND, SALES)).is_empty());
        assert!(alignment.behind(&[], northwind).is_empty());
    }
}
