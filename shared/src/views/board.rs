//! The handoff board: work that waits for an answer or a result, by who must act; what is overdue,
//! what nobody can answer any more, and what goes back and forth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::handoff::{self, Party, Words};
use crate::ids::{AccountId, ColleagueId, EventRef, HandoffId, UnitId};
use crate::personal::Personal;
use crate::record::Record;
use crate::views::touch::{days_between, is_overdue};
use crate::views::view;
use crate::words::{Occurred, Reason};
use crate::{colleague, unit};

/// How many ended handoffs stay to be looked at.
const KEPT_ENDED: usize = 50;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub position: u64,
    /// What has not ended.
    pub open: BTreeMap<HandoffId, Card>,
    /// The last that were completed or withdrawn, newest first.
    pub ended: VecDeque<(HandoffId, Card)>,
    /// The unit of everybody who is here; who has left is not in it.
    members: BTreeMap<ColleagueId, Option<UnitId>>,
    units: BTreeSet<UnitId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub account: AccountId,
    pub from: ColleagueId,
    pub to: Party,
    pub due: Option<Date>,
    pub words: Personal<Words>,
    pub stage: Stage,
    /// When it was offered the last time.
    pub offered: Timestamp,
    /// When its stage began.
    pub since: Timestamp,
    pub cause: Option<EventRef>,
    pub escalated: Vec<ColleagueId>,
    /// Everybody who has had it, in order: A, B, A.
    pub path: Vec<Party>,
    /// What was said last: the reason or the result.
    pub said: Option<Reason>,
    /// How many events its stream has: what a screen has seen of it.
    pub revision: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Offered,
    Accepted { by: ColleagueId },
    Declined { by: ColleagueId },
    Returned { by: ColleagueId },
    Completed { by: ColleagueId },
    Withdrawn,
}

/// Who must act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waits {
    /// For me: offered to me, escalated to me, or accepted by me; or mine and back without a result.
    ForMe,
    /// For anybody of my unit.
    ForMyUnit,
    /// For somebody else, and I offered it.
    FromMe,
    /// For others.
    Elsewhere,
}

view!(Board);

impl Card {
    /// It went to somebody, came back, and went out again.
    pub fn goes_back_and_forth(&self) -> bool {
        self.path.len() >= 3
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| is_overdue(due, now)) && !self.has_ended()
    }

    pub const fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Completed { .. } | Stage::Withdrawn)
    }

    /// Between 0 and 100, how much of the time from the offer to the promise has passed; `None` without a promise.
    pub fn elapsed_percent(&self, now: Timestamp) -> Option<u64> {
        let start = self.offered.as_second();
        let end = crate::words::day_start(self.due?).as_second().saturating_add(24 * 60 * 60);
        let whole = end.saturating_sub(start).max(1);
        let passed = now.as_second().saturating_sub(start).clamp(0, whole);
        u64::try_from(passed.saturating_mul(100) / whole).ok()
    }

    /// How the time since the offer compares with the time to the promise; `None` without a promise.
    pub fn bar(&self, now: Timestamp) -> Option<Bar> {
        let start = self.offered.as_second();
        let promised = crate::words::day_start(self.due?).as_second().saturating_add(24 * 60 * 60);
        if !self.is_overdue(now) {
            return self.elapsed_percent(now).map(|spent| Bar { spent, promise: 100, over: 0 });
        }
        let whole = now.as_second().saturating_sub(start).max(1);
        let before = promised.saturating_sub(start).clamp(0, whole).saturating_mul(100) / whole;
        // However old it is, both parts stay visible.
        let promise = u64::try_from(before).unwrap_or_default().clamp(5, 95);
        Some(Bar { spent: promise, promise, over: 100 - promise })
    }

    /// Whole days by the calendar from the offer to the promise; `None` without a promise.
    pub fn days_promised(&self) -> Option<u64> {
        Some(days_between(Occurred::At(self.offered), crate::words::day_start(self.due?)))
    }

    /// Whole days since it was offered the last time.
    pub fn days_open(&self, now: Timestamp) -> u64 {
        days_between(Occurred::At(self.offered), now)
    }

    /// Days by which it is overdue; 0 where it is not.
    pub fn days_overdue(&self, now: Timestamp) -> u64 {
        self.due.filter(|_| self.is_overdue(now)).map_or(0, |due| days_between(Occurred::On(due), now))
    }
}

/// What somebody can do with a handoff as it stands: the same rules by which the desk decides, so
/// that a page offers nothing that would be refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Accept or decline.
    pub answer: bool,
    /// Complete, or return without a result.
    pub finish: bool,
    pub escalate: bool,
    pub withdraw: bool,
    pub offer_anew: bool,
}

/// Where a handoff is between its offer and its promise, in hundredths of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// From the start.
    pub spent: u64,
    /// Where the promised day ends.
    pub promise: u64,
    /// From the promise on.
    pub over: u64,
}

impl Board {
    /// Nobody can answer it: the one it waits for has left, or the unit has no people.
    pub fn is_orphaned(&self, card: &Card) -> bool {
        let here = |colleague: &ColleagueId| self.members.contains_key(colleague);
        let answers = match card.stage {
            Stage::Offered => match card.to {
                Party::Colleague(colleague) => here(&colleague),
                Party::Unit(unit) => self.members.values().any(|of| *of == Some(unit)),
            },
            Stage::Accepted { by } => here(&by),
            Stage::Declined { .. } | Stage::Returned { .. } => here(&card.from),
            Stage::Completed { .. } | Stage::Withdrawn => return false,
        };
        !answers && !card.escalated.iter().any(here)
    }

    pub fn waits(&self, card: &Card, me: ColleagueId) -> Waits {
        let my_unit = self.members.get(&me).copied().flatten();
        let waits = match card.stage {
            Stage::Offered if card.escalated.contains(&me) => Waits::ForMe,
            Stage::Offered => match card.to {
                Party::Colleague(colleague) if colleague == me => Waits::ForMe,
                Party::Unit(unit) if Some(unit) == my_unit => Waits::ForMyUnit,
                Party::Colleague(_) | Party::Unit(_) => Waits::Elsewhere,
            },
            Stage::Accepted { by } if by == me => Waits::ForMe,
            Stage::Declined { .. } | Stage::Returned { .. } if card.from == me => Waits::ForMe,
            Stage::Accepted { .. }
            | Stage::Declined { .. }
            | Stage::Returned { .. }
            | Stage::Completed { .. }
            | Stage::Withdrawn => Waits::Elsewhere,
        };
        if waits == Waits::Elsewhere && card.from == me { Waits::FromMe } else { waits }
    }

    /// What waits in one way for somebody: orphans first, then by the promise, then the oldest.
    pub fn waiting(&self, how: Waits, me: ColleagueId) -> Vec<(HandoffId, &Card)> {
        let mut cards: Vec<_> =
            self.open.iter().filter(|(_, card)| self.waits(card, me) == how).map(|(id, card)| (*id, card)).collect();
        cards.sort_by_key(|(id, card)| (!self.is_orphaned(card), card.due.unwrap_or(Date::MAX), card.since, *id));
        cards
    }

    /// The part of the board that is about one account.
    pub fn of(&self, account: AccountId) -> Self {
        let about = |card: &Card| card.account == account;
        Self {
            position: self.position,
            open: self.open.iter().filter(|(_, card)| about(card)).map(|(id, card)| (*id, card.clone())).collect(),
            ended: self.ended.iter().filter(|(_, card)| about(card)).cloned().collect(),
            members: self.members.clone(),
            units: self.units.clone(),
        }
    }

    /// A small part that a browser can go on folding: these handoffs, and who can answer them.
    pub fn cut(&self, keep: &BTreeSet<HandoffId>) -> Self {
        Self {
            position: self.position,
            open: self.open.iter().filter(|(id, _)| keep.contains(id)).map(|(id, card)| (*id, card.clone())).collect(),
            ended: self.ended.iter().filter(|(id, _)| keep.contains(id)).cloned().collect(),
            members: self.members.clone(),
            units: self.units.clone(),
        }
    }

    pub fn answers(&self, card: &Card, me: ColleagueId) -> Answers {
        let mine = card.from == me;
        let came_back = matches!(card.stage, Stage::Declined { .. } | Stage::Returned { .. } | Stage::Withdrawn);
        Answers {
            answer: self.may_answer(card, me),
            finish: matches!(card.stage, Stage::Accepted { by } if by == me),
            escalate: mine && !card.has_ended(),
            withdraw: mine && !card.has_ended(),
            offer_anew: mine && came_back,
        }
    }

    /// Whether somebody can answer an offer that stands.
    pub fn may_answer(&self, card: &Card, me: ColleagueId) -> bool {
        card.stage == Stage::Offered && matches!(self.waits(card, me), Waits::ForMe | Waits::ForMyUnit)
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Handoff(id, event) => self.take_handoff(*id, event, record),
            Event::Colleague(id, event) => match event {
                colleague::Event::Joined { unit, .. } | colleague::Event::Moved { unit } => {
                    self.members.insert(*id, *unit);
                }
                colleague::Event::Left {} => {
                    self.members.remove(id);
                }
                colleague::Event::Renamed { .. } | colleague::Event::GivenRole { .. } => {}
            },
            Event::Unit(id, event) => match event {
                unit::Event::Founded { .. } => {
                    self.units.insert(*id);
                }
                unit::Event::Renamed { .. } | unit::Event::Moved { .. } => {}
            },
            Event::Account(..) | Event::Contact(..) | Event::Interaction(..) | Event::Import(..) => {}
        }
    }

    fn take_handoff(&mut self, id: HandoffId, event: &handoff::Event, record: &Record) {
        if let handoff::Event::Offered(offer) = event {
            // Offered anew, it goes on with its path.
            let before = self.open.remove(&id).or_else(|| {
                let place = self.ended.iter().position(|(ended, _)| *ended == id)?;
                self.ended.remove(place).map(|(_, card)| card)
            });
            let mut path = before.map_or_else(|| vec![Party::Colleague(record.by)], |card| card.path);
            if path.last() != Some(&Party::Colleague(record.by)) {
                path.push(Party::Colleague(record.by));
            }
            path.push(offer.to);
            let card = Card {
                account: offer.account,
                from: record.by,
                to: offer.to,
                due: offer.due,
                words: offer.personal.clone(),
                stage: Stage::Offered,
                offered: record.counts_from(),
                since: record.counts_from(),
                cause: record.cause,
                escalated: vec![],
                path,
                said: None,
                revision: record.revision,
            };
            self.open.insert(id, card);
            return;
        }
        let Some(card) = self.open.get_mut(&id) else { return };
        card.revision = record.revision;
        let by = record.by;
        let (stage, said) = match event {
            handoff::Event::Offered(_) => return,
            handoff::Event::Accepted {} => (Stage::Accepted { by }, None),
            handoff::Event::Declined { personal } => (Stage::Declined { by }, personal.known().map(|why| &why.reason)),
            handoff::Event::Returned { personal } => (Stage::Returned { by }, personal.known().map(|why| &why.reason)),
            handoff::Event::Completed { personal } => {
                (Stage::Completed { by }, personal.known().map(|outcome| &outcome.result))
            }
            handoff::Event::Escalated { to, personal } => {
                card.escalated.push(*to);
                (card.stage, personal.known().map(|why| &why.reason))
            }
            handoff::Event::Withdrawn { personal } => (Stage::Withdrawn, personal.known().map(|why| &why.reason)),
        };
        if card.stage != stage {
            card.since = record.counts_from();
        }
        card.stage = stage;
        card.said = said.cloned();
        if card.has_ended()
            && let Some(card) = self.open.remove(&id)
        {
            self.ended.push_front((id, card));
            self.ended.truncate(KEPT_ENDED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Event as Handoff, Offer, Why};
    use crate::testkit::*;
    use crate::views::View;

    fn offered(to: Party, due: Option<&str>) -> (ColleagueId, Event) {
        let due = due.map(|day| day.parse().unwrap());
        let offer = Offer { account: NORTHWIND, to, due, personal: Words { what: promise("Check the papers") }.into() };
        (KIRA, Event::Handoff(HANDOFF, Handoff::Offered(offer)))
    }

    fn by(who: ColleagueId, event: Handoff) -> (ColleagueId, Event) {
        (who, Event::Handoff(HANDOFF, event))
    }

    fn why(text: &str) -> Personal<Why> {
        Why { reason: reason(text) }.into()
    }

    fn folded(facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Board {
        let mut board = Board::default();
        for record in history(company().into_iter().chain(facts)) {
            board.fold(&record);
        }
        board
    }

    fn card(board: &Board) -> &Card {
        board.open.get(&HANDOFF).unwrap()
    }

    #[test]
    fn an_offer_waits_for_the_unit_and_from_who_offered_it() {
        let board = folded([offered(Party::Unit(LOGISTICS), None)]);
        assert_eq!(board.waits(card(&board), LEV), Waits::ForMyUnit);
        assert_eq!(board.waits(card(&board), KIRA), Waits::FromMe);
        assert_eq!(board.waits(card(&board), MAXIM), Waits::Elsewhere);
        assert!(board.may_answer(card(&board), LEV) && !board.may_answer(card(&board), KIRA));
    }

    #[test]
    fn once_accepted_it_waits_for_the_one_who_accepted() {
        let board = folded([offered(Party::Unit(LOGISTICS), None), by(LEV, Handoff::Accepted {})]);
        assert_eq!(board.waits(card(&board), LEV), Waits::ForMe);
        assert_eq!(board.waiting(Waits::FromMe, KIRA).len(), 1);
    }

    #[test]
    fn what_came_back_waits_for_who_offered_it_with_the_reason() {
        let board =
            folded([offered(Party::Colleague(LEV), None), by(LEV, Handoff::Declined { personal: why("No time") })]);
        assert_eq!(board.waits(card(&board), KIRA), Waits::ForMe);
        assert_eq!(card(&board).said, Some(reason("No time")));
    }

    #[test]
    fn back_and_forth_is_seen() {
        let board = folded([
            offered(Party::Colleague(LEV), None),
            by(LEV, Handoff::Accepted {}),
            by(LEV, Handoff::Returned { personal: why("Papers are missing") }),
            offered(Party::Colleague(LEV), None),
        ]);
        assert!(card(&board).goes_back_and_forth());
        assert_eq!(
            card(&board).path,
            [Party::Colleague(KIRA), Party::Colleague(LEV), Party::Colleague(KIRA), Party::Colleague(LEV)]
        );
    }

    #[test]
    fn what_nobody_can_answer_is_an_orphan_until_somebody_above_is_asked() {
        let left = (ADA, Event::Colleague(LEV, colleague::Event::Left {}));
        let board = folded([offered(Party::Unit(LOGISTICS), None), left.clone()]);
        assert!(board.is_orphaned(card(&board)));
        let raised = by(KIRA, Handoff::Escalated { to: ADA, personal: why("Nobody there") });
        let board = folded([offered(Party::Unit(LOGISTICS), None), left, raised]);
        assert!(!board.is_orphaned(card(&board)));
        assert_eq!(board.waits(card(&board), ADA), Waits::ForMe);
    }

    #[test]
    fn a_promise_runs_out() {
        let board = folded([offered(Party::Colleague(LEV), Some("2026-05-31"))]);
        assert!(card(&board).is_overdue(NOON));
        assert_eq!(card(&board).elapsed_percent(NOON), Some(0), "promised for before it was offered");
        let board = folded([offered(Party::Colleague(LEV), Some("2026-06-01"))]);
        assert!(!card(&board).is_overdue(NOON));
    }

    #[test]
    fn everybody_is_offered_what_the_desk_would_take_from_them() {
        let is =
            |answer, finish, mine, anew| Answers { answer, finish, escalate: mine, withdraw: mine, offer_anew: anew };
        let asked = folded([offered(Party::Unit(LOGISTICS), None)]);
        assert_eq!(asked.answers(card(&asked), LEV), is(true, false, false, false));
        assert_eq!(asked.answers(card(&asked), KIRA), is(false, false, true, false));
        assert_eq!(asked.answers(card(&asked), MAXIM), Answers::default());
        let accepted = folded([offered(Party::Unit(LOGISTICS), None), by(LEV, Handoff::Accepted {})]);
        assert_eq!(accepted.answers(card(&accepted), LEV), is(false, true, false, false));
        let declined =
            folded([offered(Party::Colleague(LEV), None), by(LEV, Handoff::Declined { personal: why("No time") })]);
        assert_eq!(declined.answers(card(&declined), KIRA), is(false, false, true, true));
        assert_eq!(declined.answers(card(&declined), LEV), Answers::default());
    }

    #[test]
    fn a_bar_shows_the_promise_and_what_is_over_it() {
        let board = folded([offered(Party::Colleague(LEV), Some("2026-06-04"))]);
        let later = |days: i64| NOON + jiff::SignedDuration::from_hours(24 * days);
        assert_eq!(card(&board).bar(NOON), Some(Bar { spent: 0, promise: 100, over: 0 }));
        assert_eq!((card(&board).days_promised(), card(&board).days_open(later(2))), (Some(3), 2));
        assert_eq!(card(&board).bar(later(7)), Some(Bar { spent: 50, promise: 50, over: 50 }));
        assert_eq!((card(&board).days_overdue(later(7)), card(&board).days_overdue(later(3))), (4, 0));
    }

    #[test]
    fn a_cut_holds_what_was_asked_for_and_goes_on() {
        let board = folded([offered(Party::Unit(LOGISTICS), None)]);
        assert!(board.cut(&BTreeSet::new()).open.is_empty());
        let mut cut = board.cut(&BTreeSet::from([HANDOFF]));
        cut.fold(&record(100, LEV, Event::Handoff(HANDOFF, Handoff::Accepted {})));
        assert_eq!(cut.waits(card(&cut), LEV), Waits::ForMe);
    }

    #[test]
    fn what_was_imported_is_as_old_as_it_was_there() {
        let (mut board, mut records) = (Board::default(), history([offered(Party::Colleague(LEV), None)]));
        for record in &mut records {
            record.batch = Some(BATCH);
            record.occurred = Occurred::parse("2026-05-01T09:00:00Z").unwrap();
            board.fold(record);
        }
        assert_eq!(card(&board).days_open(NOON), 31);
        let here = folded([offered(Party::Colleague(LEV), None)]);
        assert_eq!(card(&here).days_open(NOON), 0);
    }

    #[test]
    fn what_has_ended_leaves_the_board() {
        let board = folded([
            offered(Party::Colleague(LEV), None),
            by(LEV, Handoff::Accepted {}),
            by(LEV, Handoff::Completed { personal: handoff::Outcome { result: reason("Cleared") }.into() }),
        ]);
        assert!(board.open.is_empty());
        assert_eq!(board.ended.len(), 1);
    }
}
