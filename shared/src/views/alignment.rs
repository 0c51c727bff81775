//! The alignment course, first form: how the work that accounts handed to units was answered and
//! kept, per account and unit, and per unit by month. A course, never a finished state: there is no
//! score and no goal in it, and every figure has its n and the events behind it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::colleague;
use crate::domain::Event;
use crate::handoff::{self, Party};
use crate::ids::{AccountId, ColleagueId, HandoffId, UnitId};
use crate::record::Record;
use crate::views::view;
use crate::words::Occurred;

/// Nobody is ranked, and no share is printed in bold, on fewer than this.
pub const ENOUGH: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    pub position: u64,
    pub by_account: BTreeMap<AccountId, BTreeMap<UnitId, Cell>>,
    pub by_month: BTreeMap<UnitId, BTreeMap<Month, Cell>>,
    /// The offers to colleagues who were in no unit, which no cell counts.
    pub without_unit: BTreeMap<AccountId, Vec<u64>>,
    pending: BTreeMap<HandoffId, Pending>,
    unit_of: BTreeMap<ColleagueId, UnitId>,
}

/// What became of the handoffs that one account offered one unit, or one unit was offered in one
/// month: the positions of the events. Every offer is accepted, declined, withdrawn or answered above, or still
/// waits; none is counted twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub offered: Vec<u64>,
    pub accepted: Vec<u64>,
    pub declined: Vec<u64>,
    /// Withdrawn before it was answered.
    pub withdrawn: Vec<u64>,
    /// Answered first by somebody to whom it was escalated: that says nothing of the unit.
    pub above: Vec<u64>,
    pub returned: Vec<u64>,
    /// Completed by the promised day.
    pub kept: Vec<u64>,
    /// Completed after the promised day.
    pub late: Vec<u64>,
    /// Completed with no day promised.
    pub completed_undated: Vec<u64>,
    /// Each answer (accepted or declined) with the seconds since the offer.
    pub answers: Vec<(u64, i64)>,
}

/// A calendar month, written `2026-06`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    pub year: i16,
    pub month: i8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    account: AccountId,
    to: Party,
    unit: Option<UnitId>,
    offered: Timestamp,
    month: Month,
    due: Option<Date>,
    answered: bool,
}

view!(Alignment);

impl Cell {
    /// How many of the promises with a day were kept, and of how many.
    pub fn kept_in_time(&self) -> (usize, usize) {
        (self.kept.len(), self.kept.len() + self.late.len())
    }

    /// The median time to an answer in seconds, and of how many answers.
    pub fn time_to_answer(&self) -> Option<(i64, usize)> {
        let mut seconds: Vec<i64> = self.answers.iter().map(|(_, seconds)| *seconds).collect();
        seconds.sort_unstable();
        let n = seconds.len();
        let upper = *seconds.get(n / 2)?;
        let lower = *seconds.get((n - 1) / 2)?;
        Some((lower.midpoint(upper), n))
    }

    /// The share kept in time in whole per cent, where there are enough promises to speak of one.
    pub fn share_kept(&self) -> Option<usize> {
        let (kept, n) = self.kept_in_time();
        (n >= ENOUGH).then(|| (kept * 100 + n / 2) / n)
    }

    /// The events behind [`Cell::kept_in_time`], in order.
    pub fn promises(&self) -> Vec<u64> {
        let mut positions: Vec<u64> = self.kept.iter().chain(&self.late).copied().collect();
        positions.sort_unstable();
        positions
    }

    /// The events behind [`Cell::time_to_answer`], in order.
    pub fn answered(&self) -> Vec<u64> {
        self.answers.iter().map(|(position, _)| *position).collect()
    }

    /// What is in this cell and in another one.
    pub fn add(&mut self, other: &Self) {
        let lists = [
            (&mut self.offered, &other.offered),
            (&mut self.accepted, &other.accepted),
            (&mut self.declined, &other.declined),
            (&mut self.withdrawn, &other.withdrawn),
            (&mut self.above, &other.above),
            (&mut self.returned, &other.returned),
            (&mut self.kept, &other.kept),
            (&mut self.late, &other.late),
            (&mut self.completed_undated, &other.completed_undated),
        ];
        for (mine, theirs) in lists {
            mine.extend(theirs);
            mine.sort_unstable();
        }
        self.answers.extend(&other.answers);
        self.answers.sort_unstable();
    }

    /// All the events behind the cell, in order.
    pub fn evidence(&self) -> Vec<u64> {
        let lists = [
            &self.offered,
            &self.accepted,
            &self.declined,
            &self.withdrawn,
            &self.above,
            &self.returned,
            &self.kept,
            &self.late,
            &self.completed_undated,
        ];
        let mut positions: Vec<u64> = lists.into_iter().flatten().copied().collect();
        positions.sort_unstable();
        positions
    }
}

impl Month {
    pub fn of(moment: Timestamp) -> Self {
        let day = Occurred::At(moment).day();
        Self { year: day.year(), month: day.month() }
    }

    #[must_use]
    pub const fn next(self) -> Self {
        match self.month {
            12.. => Self { year: self.year.saturating_add(1), month: 1 },
            _ => Self { year: self.year, month: self.month + 1 },
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Self { year, month })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("“{text}” is no month: write 2026-06")))
    }
}

/// Whether what a record completes was done by the promised day: by the day that counts, not the one that
/// whoever completed it wrote there.
pub fn in_time(record: &Record, due: Date) -> bool {
    Occurred::At(record.counts_from()).day() <= due
}

impl Alignment {
    /// All months that any unit has something in, in order.
    pub fn months(&self) -> Vec<Month> {
        let mut months: Vec<Month> = self.by_month.values().flat_map(|months| months.keys().copied()).collect();
        months.sort_unstable();
        months.dedup();
        months
    }

    /// The last months up to the newest that any unit has something in, without gaps, at most this many.
    pub fn calendar(&self, most: usize) -> Vec<Month> {
        let months = self.months();
        let (Some(first), Some(last)) = (months.first(), months.last()) else { return vec![] };
        let mut calendar: Vec<Month> =
            std::iter::successors(Some(*first), |month| (month < last).then(|| month.next())).collect();
        calendar.drain(..calendar.len().saturating_sub(most));
        calendar
    }

    /// A part that a browser can go on folding: the cells of some accounts and the months of some units.
    pub fn cut(&self, account: impl Fn(AccountId) -> bool, unit: impl Fn(UnitId) -> bool) -> Self {
        let about = |pending: &Pending| account(pending.account) || pending.unit.is_some_and(&unit);
        Self {
            position: self.position,
            by_account: self
                .by_account
                .iter()
                .filter(|(id, _)| account(**id))
                .map(|(id, c)| (*id, c.clone()))
                .collect(),
            by_month: self.by_month.iter().filter(|(id, _)| unit(**id)).map(|(id, c)| (*id, c.clone())).collect(),
            without_unit: self
                .without_unit
                .iter()
                .filter(|(id, _)| account(**id))
                .map(|(id, at)| (*id, at.clone()))
                .collect(),
            pending: self.pending.iter().filter(|(_, one)| about(one)).map(|(id, p)| (*id, p.clone())).collect(),
            unit_of: self.unit_of.clone(),
        }
    }

    /// All units that were ever asked for something.
    pub fn units(&self) -> Vec<UnitId> {
        self.by_month.keys().copied().collect()
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Colleague(id, event) => match event {
                colleague::Event::Joined { unit: Some(unit), .. } | colleague::Event::Moved { unit: Some(unit) } => {
                    self.unit_of.insert(*id, *unit);
                }
                colleague::Event::Joined { unit: None, .. } | colleague::Event::Moved { unit: None } => {
                    self.unit_of.remove(id);
                }
                colleague::Event::Renamed { .. } | colleague::Event::GivenRole { .. } | colleague::Event::Left {} => {}
            },
            Event::Handoff(id, event) => self.take_handoff(*id, event, record),
            Event::Unit(..) | Event::Account(..) | Event::Contact(..) | Event::Interaction(..) | Event::Import(..) => {}
        }
    }

    fn take_handoff(&mut self, id: HandoffId, event: &handoff::Event, record: &Record) {
        let at = record.position;
        match event {
            handoff::Event::Offered(offer) => {
                let unit = match offer.to {
                    Party::Unit(unit) => Some(unit),
                    // The unit that they were in on the day they were asked.
                    Party::Colleague(colleague) => self.unit_of.get(&colleague).copied(),
                };
                if unit.is_none() {
                    self.without_unit.entry(offer.account).or_default().push(at);
                }
                let pending = Pending {
                    account: offer.account,
                    to: offer.to,
                    unit,
                    offered: record.counts_from(),
                    month: Month::of(record.counts_from()),
                    due: offer.due,
                    answered: false,
                };
                self.count(&pending, |cell| cell.offered.push(at));
                self.pending.insert(id, pending);
            }
            handoff::Event::Accepted {} => self.answer(id, record, |cell| cell.accepted.push(at)),
            handoff::Event::Declined { .. } => self.answer(id, record, |cell| cell.declined.push(at)),
            handoff::Event::Returned { .. } => self.count_of(id, |cell| cell.returned.push(at)),
            handoff::Event::Completed { .. } => {
                let Some(pending) = self.pending.remove(&id) else { return };
                self.count(&pending, |cell| match pending.due {
                    Some(due) if in_time(record, due) => cell.kept.push(at),
                    Some(_) => cell.late.push(at),
                    None => cell.completed_undated.push(at),
                });
            }
            handoff::Event::Withdrawn { .. } => {
                let Some(pending) = self.pending.remove(&id).filter(|pending| !pending.answered) else { return };
                self.count(&pending, |cell| cell.withdrawn.push(at));
            }
            handoff::Event::Escalated { .. } => {}
        }
    }

    /// The first answer to an offer. Whoever it was escalated to takes it out of the unit's hands: what comes
    /// of it then is not the unit's.
    fn answer(&mut self, id: HandoffId, record: &Record, add: impl Fn(&mut Cell)) {
        let Some(mut pending) = self.pending.remove(&id) else { return };
        let is_asked = match pending.to {
            Party::Colleague(colleague) => colleague == record.by,
            Party::Unit(unit) => self.unit_of.get(&record.by) == Some(&unit),
        };
        let seconds = record.counts_from().as_second() - pending.offered.as_second();
        match (is_asked, pending.answered) {
            (true, false) => self.count(&pending, |cell| {
                add(cell);
                cell.answers.push((record.position, seconds));
            }),
            (false, false) => self.count(&pending, |cell| cell.above.push(record.position)),
            (_, true) => {}
        }
        if is_asked {
            pending.answered = true;
            self.pending.insert(id, pending);
        }
    }

    fn count_of(&mut self, id: HandoffId, add: impl Fn(&mut Cell)) {
        if let Some(pending) = self.pending.get(&id).cloned() {
            self.count(&pending, add);
        }
    }

    /// What happens to a handoff counts for the month in which it was offered: a course compares offers.
    fn count(&mut self, pending: &Pending, add: impl Fn(&mut Cell)) {
        let Some(unit) = pending.unit else { return };
        add(self.by_account.entry(pending.account).or_default().entry(unit).or_default());
        add(self.by_month.entry(unit).or_default().entry(pending.month).or_default());
    }
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
        assert_eq!((cell(&withdrawn).offered.len(), cell(&withdrawn).withdrawn.len()), (1, 1));
        let above = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), Some(date(2026, 6, 2)))),
            (1, KIRA, Handoff::Escalated { to: ADA, personal: why() }),
            (2, ADA, Handoff::Accepted {}),
            (3, ADA, completed()),
        ]);
        assert_eq!((cell(&above).above.len(), cell(&above).accepted.len()), (1, 0));
        assert_eq!((cell(&above).time_to_answer(), cell(&above).kept_in_time()), (None, (0, 0)));
        let after_an_answer = folded(&[
            (0, KIRA, offer(Party::Unit(LOGISTICS), None)),
            (1, LEV, Handoff::Accepted {}),
            (2, KIRA, Handoff::Withdrawn { personal: why() }),
        ]);
        assert_eq!(cell(&after_an_answer).withdrawn.len(), 0, "every offer is counted once");
    }

    #[test]
    fn what_was_offered_to_somebody_in_no_unit_is_said_and_not_lost() {
        let alignment = folded(&[(0, KIRA, offer(Party::Colleague(ADA), None))]);
        assert!(alignment.by_account.is_empty());
        assert_eq!(alignment.without_unit.get(&NORTHWIND).map(Vec::len), Some(1));
    }

    #[test]
    fn an_offer_to_a_colleague_counts_for_the_unit_they_were_in() {
        let alignment = folded(&[(0, KIRA, offer(Party::Colleague(LEV), None)), (5, LEV, Handoff::Accepted {})]);
        assert_eq!(cell(&alignment).time_to_answer(), Some((5 * HOUR, 1)));
        assert_eq!(cell(&alignment).evidence().len(), 2);
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
        assert_eq!(alignment.months(), [Month { year: 2025, month: 11 }]);
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
        let cell = cell(&alignment);
        assert_eq!((cell.offered.len(), cell.declined.len(), cell.accepted.len()), (2, 1, 1));
        assert_eq!(cell.time_to_answer(), Some((2 * HOUR, 2)));
        assert_eq!(alignment.months(), [Month { year: 2026, month: 6 }]);
    }

    #[test]
    fn a_share_is_only_spoken_of_where_there_are_enough() {
        let few = Cell { kept: vec![1; 8], late: vec![2], ..Cell::default() };
        assert_eq!((few.kept_in_time(), few.share_kept()), ((8, 9), None));
        let mut enough = few.clone();
        enough.add(&Cell { late: vec![3], ..Cell::default() });
        assert_eq!((enough.kept_in_time(), enough.share_kept()), ((8, 10), Some(80)));
        assert_eq!(enough.promises().len(), 10);
    }

    #[test]
    fn a_calendar_has_no_gaps_and_ends_with_the_newest() {
        let month = |month| Month { year: 2026, month };
        let cells = BTreeMap::from([(month(1), Cell::default()), (month(4), Cell::default())]);
        let alignment = Alignment { by_month: BTreeMap::from([(LOGISTICS, cells)]), ..Alignment::default() };
        assert_eq!(alignment.calendar(12), [month(1), month(2), month(3), month(4)]);
        assert_eq!(alignment.calendar(2), [month(3), month(4)]);
        assert_eq!(month(12).next(), Month { year: 2027, month: 1 });
        assert!(Alignment::default().calendar(12).is_empty());
    }

    #[test]
    fn a_cut_goes_on_like_the_whole() {
        let whole = folded(&[(0, KIRA, offer(Party::Unit(LOGISTICS), None))]);
        let mut cut = whole.cut(|account| account == NORTHWIND, |_| false);
        let mut accepted = record(100, LEV, Event::Handoff(HANDOFF, Handoff::Accepted {}));
        accepted.recorded = NOON + SignedDuration::from_hours(3);
        cut.fold(&accepted);
        assert_eq!(cell(&cut).time_to_answer(), Some((3 * HOUR, 1)));
        assert!(whole.cut(|_| false, |unit| unit == SALES).by_account.is_empty());
    }

    #[test]
    fn a_month_reads_back_what_it_wrote() {
        let month = Month { year: 2026, month: 6 };
        assert_eq!(Month::parse(&month.to_string()), Some(month));
        assert_eq!(Month::parse("2026-13"), None);
    }
}
