//! The part of the alignment course that one page shows: its figures without the events behind them, so
//! that it takes as much room after ten years as after one. A browser goes on folding it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Alignment, Asked, Cell, Counted, Figure, Month, Pending};
use crate::ids::{AccountId, HandoffId, UnitId};
use crate::record::Record;
use crate::views::view;

/// How many months a course goes back.
pub const MONTHS: usize = 12;

/// Of how many handoffs that have not ended a page knows the offer: those offered last are answered next. What
/// becomes of the others it asks for.
const MOST_PENDING: usize = 50;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Course {
    pub position: u64,
    /// The accounts that are shown, and what each unit did for them.
    pub by_account: BTreeMap<AccountId, BTreeMap<UnitId, Cell>>,
    /// The units that are shown.
    pub by_unit: BTreeMap<UnitId, Months>,
    /// The last months that there is something in, without gaps.
    pub calendar: Vec<Month>,
    /// How many were offered to colleagues who were in no unit: no cell counts them.
    pub without_unit: usize,
    /// A figure is not what it was, and what it is now is not known here.
    pub stale: bool,
    /// Every unit is shown, and the accounts with the most handoffs.
    is_of_company: bool,
    /// There are offers behind what is shown that are not here.
    is_partial: bool,
    asked: Asked,
}

/// The months of one unit that are in the calendar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Months {
    pub cells: BTreeMap<Month, Cell>,
    /// All of them together.
    pub sum: Cell,
}

view!(Course);

impl Alignment {
    /// What every unit did for one account.
    pub fn of_account(&self, account: AccountId) -> Course {
        self.course([account], [])
    }

    /// The months of one unit.
    pub fn of_unit(&self, unit: UnitId) -> Course {
        self.course([], [unit])
    }

    /// The months of all units, and the accounts with the most handoffs.
    pub fn of_company(&self, most: usize) -> Course {
        let mut accounts: Vec<(Reverse<usize>, AccountId)> =
            self.by_account.iter().map(|(id, units)| (Reverse(offers(units)), *id)).collect();
        accounts.sort_unstable();
        let accounts = accounts.into_iter().take(most).map(|(_, id)| id);
        let mut course = self.course(accounts, self.by_month.keys().copied());
        course.is_of_company = true;
        course
    }

    fn course(&self, accounts: impl IntoIterator<Item = AccountId>, units: impl IntoIterator<Item = UnitId>) -> Course {
        let of_account = |id: AccountId| {
            let cells = self.by_account.get(&id).into_iter().flatten();
            (id, cells.map(|(unit, cell)| (*unit, cell.cut())).collect())
        };
        let by_account: BTreeMap<_, _> = accounts.into_iter().map(of_account).collect();
        let whole: Vec<_> = units.into_iter().map(|id| (id, self.by_month.get(&id))).collect();
        let months = whole.iter().filter_map(|(_, months)| *months).flat_map(BTreeMap::keys).copied();
        let calendar = calendar(months.collect());
        let by_unit: BTreeMap<_, _> =
            whole.into_iter().map(|(id, months)| (id, Months::in_calendar(months, &calendar))).collect();
        let is_behind = |pending: &Pending| {
            let month = Month::of(pending.offered);
            pending.unit.is_some_and(|unit| {
                by_account.contains_key(&pending.account) || (by_unit.contains_key(&unit) && calendar.contains(&month))
            })
        };
        let mut pending: Vec<(&HandoffId, &Pending)> =
            self.asked.pending.iter().filter(|(_, pending)| is_behind(pending)).collect();
        pending.sort_unstable_by_key(|(id, pending)| (Reverse(pending.offered), *id));
        let is_partial = pending.len() > MOST_PENDING;
        let pending = pending.into_iter().take(MOST_PENDING).map(|(id, pending)| (*id, pending.clone())).collect();
        let asked = Asked { pending, people: self.asked.people.clone() };
        Course {
            position: self.position,
            by_account,
            by_unit,
            calendar,
            without_unit: self.without_unit.values().map(Vec::len).sum(),
            stale: false,
            is_of_company: false,
            is_partial,
            asked,
        }
    }
}

impl Months {
    fn in_calendar(whole: Option<&BTreeMap<Month, Cell>>, calendar: &[Month]) -> Self {
        let (mut cells, mut sum) = (BTreeMap::new(), Cell::default());
        for (month, cell) in whole.into_iter().flatten().filter(|(month, _)| calendar.contains(month)) {
            cells.insert(*month, cell.cut());
            sum.add(cell);
        }
        Self { cells, sum: sum.cut() }
    }
}

impl Course {
    /// The accounts, the one with the most handoffs first.
    pub fn accounts(&self) -> Vec<AccountId> {
        let mut accounts: Vec<AccountId> = self.by_account.keys().copied().collect();
        accounts.sort_by_cached_key(|id| (self.by_account.get(id).map(|units| Reverse(offers(units))), *id));
        accounts
    }

    fn take(&mut self, record: &Record) {
        self.stale |= self.is_partial && !self.asked.knows(&record.event);
        if let Some(counted) = self.asked.read(record) {
            self.count(&counted);
        }
    }

    fn count(&mut self, counted: &Counted) {
        let Counted { account, month, figure, seconds, .. } = *counted;
        let Some(unit) = counted.unit else {
            self.without_unit += 1;
            return;
        };
        let mut touched: Vec<&mut Cell> = Vec::new();
        match self.by_account.get_mut(&account) {
            Some(units) => touched.push(units.entry(unit).or_default()),
            // It may be among those with the most by now.
            None => self.stale |= self.is_of_company && figure == Figure::Offered,
        }
        if self.is_of_company || self.by_unit.contains_key(&unit) {
            if self.calendar.contains(&month) {
                let months = self.by_unit.entry(unit).or_default();
                touched.push(months.cells.entry(month).or_default());
                touched.push(&mut months.sum);
            } else {
                let is_long_ago = self.calendar.first().is_some_and(|first| month < *first);
                let is_known = self.by_unit.contains_key(&unit);
                self.stale |= !is_long_ago || !is_known || self.calendar.len() < MONTHS;
            }
        }
        for cell in touched {
            cell.count(figure, seconds);
            self.stale |= !cell.knows_its_median();
        }
    }
}

/// How many handoffs an account offered.
fn offers(units: &BTreeMap<UnitId, Cell>) -> usize {
    units.values().map(|cell| cell.n(&[Figure::Offered])).sum()
}

/// The last months up to the newest of these, without gaps.
fn calendar(months: BTreeSet<Month>) -> Vec<Month> {
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return vec![] };
    let mut calendar: Vec<Month> =
        std::iter::successors(Some(*first), |month| (month < last).then(|| month.next())).collect();
    calendar.drain(..calendar.len().saturating_sub(MONTHS));
    calendar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Event;
    use crate::handoff::{Event as Handoff, Offer, Party, Words};
    use crate::ids::ColleagueId;
    use crate::testkit::*;
    use crate::views::View;
    use crate::views::alignment::ANSWERS;
    use crate::words::Occurred;
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    const HOUR: i64 = 60 * 60;

    fn company_of() -> Alignment {
        let mut alignment = Alignment::default();
        history(company()).iter().for_each(|record| alignment.fold(record));
        alignment
    }

    fn handoff(number: u128) -> HandoffId {
        HandoffId::from_uuid(Uuid::from_u128(0xF000 + number))
    }

    fn offer(account: AccountId) -> Handoff {
        let personal = Words { what: promise("Check") }.into();
        Handoff::Offered(Offer { account, to: Party::Unit(LOGISTICS), due: None, personal })
    }

    /// The next record, at a moment.
    fn next(position: u64, by: ColleagueId, id: HandoffId, event: Handoff, at: Timestamp) -> Record {
        let record = record(position + 1, by, Event::Handoff(id, event));
        Record { recorded: at, occurred: Occurred::At(at), ..record }
    }

    /// So many handoffs, each answered after as many hours as its number, but for the last ones.
    fn busy(handoffs: u32, unanswered: u32) -> Alignment {
        let mut alignment = company_of();
        for number in 0..handoffs {
            let (id, at) = (handoff(number.into()), NOON + SignedDuration::from_secs(number.into()));
            alignment.fold(&next(alignment.position, KIRA, id, offer(NORTHWIND), at));
            if number < handoffs - unanswered {
                let at = at + SignedDuration::from_hours(i64::from(number) + 1);
                alignment.fold(&next(alignment.position, LEV, id, Handoff::Accepted {}, at));
                let result = crate::handoff::Outcome { result: reason("Cleared") }.into();
                alignment.fold(&next(alignment.position, LEV, id, Handoff::Completed { personal: result }, at));
            }
        }
        alignment
    }

    fn cell(course: &Course) -> &Cell {
        course.by_account.get(&NORTHWIND).unwrap().get(&LOGISTICS).unwrap()
    }

    #[test]
    fn it_takes_no_more_room_when_there_are_more_handoffs() {
        let size = |alignment: &Alignment| {
            let (account, unit) = (alignment.of_account(NORTHWIND), alignment.of_unit(LOGISTICS));
            serde_json::to_string(&(account, unit, alignment.of_company(30))).unwrap().len()
        };
        let (few, many) = (size(&busy(20, 0)), size(&busy(400, 0)));
        assert!(many < few + 200, "{few} {many}");
        let (open, more_open) = (busy(150, 150).of_company(30), busy(900, 900).of_company(30));
        let size = |course: &Course| serde_json::to_string(course).unwrap().len();
        assert!(size(&more_open) < size(&open) + 200);
    }

    #[test]
    fn it_goes_on_like_the_whole() {
        let mut whole = busy(1, 1);
        let mut courses = [whole.of_account(NORTHWIND), whole.of_company(30)];
        let accepted =
            next(whole.position, LEV, handoff(0), Handoff::Accepted {}, NOON + SignedDuration::from_hours(3));
        whole.fold(&accepted);
        for course in &mut courses {
            course.fold(&accepted);
            assert_eq!(cell(course).time_to_answer(), Some((3 * HOUR, 1)));
            assert!(!course.stale);
        }
        assert_eq!(courses, [whole.of_account(NORTHWIND), whole.of_company(30)]);
        let mut unit = whole.of_unit(SALES);
        unit.fold(&next(whole.position, KIRA, handoff(7), offer(NORTHWIND), NOON));
        assert!(unit.by_account.is_empty() && !unit.stale, "that is another unit's");
    }

    #[test]
    fn what_became_of_an_offer_that_was_not_sent_it_asks_for() {
        let whole = busy(150, 150);
        let after = |number| {
            let mut course = whole.of_company(30);
            course.fold(&next(whole.position, LEV, handoff(number), Handoff::Accepted {}, NOON));
            course
        };
        assert!(after(0).stale, "the oldest");
        let newest = after(149);
        assert!(!newest.stale);
        assert_eq!(cell(&newest).n(&ANSWERS), 1);
        let mut of_another = whole.of_account(CONTOSO);
        of_another.fold(&next(whole.position, LEV, handoff(0), Handoff::Accepted {}, NOON));
        assert!(!of_another.stale, "it knows all of its own");
    }

    #[test]
    fn who_asks_for_the_first_time_is_asked_for() {
        let mut course = busy(1, 0).of_company(30);
        course.fold(&next(course.position, KIRA, handoff(7), offer(CONTOSO), NOON));
        assert!(course.stale);
        let mut course = busy(1, 0).of_account(NORTHWIND);
        course.fold(&next(course.position, KIRA, handoff(7), offer(CONTOSO), NOON));
        assert!(!course.stale, "that is another account's");
    }

    #[test]
    fn a_new_month_moves_the_calendar_and_an_old_one_does_not() {
        let offered = |at: &str| {
            let mut course = busy(1, 0).of_unit(LOGISTICS);
            let at = Occurred::parse(at).unwrap().instant();
            course.fold(&next(course.position, KIRA, handoff(7), offer(NORTHWIND), at));
            course
        };
        assert!(!offered("2026-06-20").stale);
        assert!(offered("2026-07-01").stale);
        assert!(offered("2026-05-01").stale, "there is room for it");
        let mut full = busy(1, 0).of_unit(LOGISTICS);
        full.calendar = calendar([(2025, 7), (2026, 6)].map(|(year, month)| Month { year, month }).into());
        let old = Occurred::parse("2024-01-01").unwrap().instant();
        full.fold(&next(full.position, KIRA, handoff(7), offer(NORTHWIND), old));
        assert!(!full.stale, "it is not shown");
        assert_eq!(full.by_unit.get(&LOGISTICS).unwrap().cells.len(), 1);
    }

    #[test]
    fn a_calendar_has_no_gaps_and_ends_with_the_newest() {
        let month = |month| Month { year: 2026, month };
        assert_eq!(calendar([month(1), month(4)].into()), [month(1), month(2), month(3), month(4)]);
        let long = calendar([Month { year: 2021, month: 5 }, month(4)].into());
        assert_eq!((long.len(), long.last()), (MONTHS, Some(&month(4))));
        assert!(calendar(BTreeSet::new()).is_empty());
    }

    #[test]
    fn the_account_with_the_most_handoffs_stands_first() {
        let mut whole = busy(2, 0);
        whole.fold(&next(whole.position, KIRA, handoff(7), offer(CONTOSO), NOON));
        let mut course = whole.of_company(30);
        assert_eq!(course.accounts(), [NORTHWIND, CONTOSO]);
        for number in 8..10 {
            course.fold(&next(course.position, KIRA, handoff(number), offer(CONTOSO), NOON));
        }
        assert_eq!(course.accounts(), [CONTOSO, NORTHWIND]);
        assert_eq!(whole.of_company(1).accounts(), [NORTHWIND]);
    }
}
