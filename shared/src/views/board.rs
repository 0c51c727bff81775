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
use crate::views::touch::Calendar;
use crate::views::view;
use crate::words::{Occurred, Reason, Role};
use crate::{account, colleague};

/// How many ended handoffs of one account stay to be looked at, and to be offered anew with their path.
const KEPT_OF_ACCOUNT: usize = 50;

/// How many of all accounts are the last that ended.
const KEPT_LATELY: usize = 50;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub position: u64,
    /// What has not ended.
    pub open: BTreeMap<HandoffId, Card>,
    /// What was completed or withdrawn, the last of each account.
    pub ended: BTreeMap<HandoffId, Card>,
    /// Which of each account ended, newest first.
    ended_of: BTreeMap<AccountId, Latest>,
    /// Which of all ended last, newest first.
    lately: Latest,
    /// Everybody who is here; who has left is not in it.
    members: BTreeMap<ColleagueId, Member>,
    /// Who answers for which account.
    kams: BTreeMap<AccountId, ColleagueId>,
}

/// Handoffs by when they ended, newest first. An import tells of old ends after new ones: when we read of it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Latest(VecDeque<(Timestamp, HandoffId)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    unit: Option<UnitId>,
    role: Option<Role>,
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
    /// Everybody with whom it was, in order: A, B, A.
    pub path: Vec<Party>,
    /// How often it was declined on its path.
    pub declined: u32,
    /// How often somebody who had accepted it gave it back.
    pub returned: u32,
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
    /// For me: offered to me, escalated to me, or accepted by me; or mine and back without a result. What
    /// somebody offered who has left is the account manager's. An orphan waits for everybody who can step in.
    ForMe,
    /// For anybody of my unit.
    ForMyUnit,
    /// For somebody else, and I offered it.
    FromMe,
    /// For one of my unit's people, by name.
    WithMyUnit,
    /// For others.
    Elsewhere,
}

view!(Board);

impl Card {
    /// It came back from somebody who had it, or more than once from those who were asked. One "no" is an answer.
    pub const fn goes_back_and_forth(&self) -> bool {
        self.returned > 0 || self.declined > 1
    }

    /// Its day has passed while somebody is still asked for it. What was declined or returned is promised by nobody.
    pub fn is_overdue(&self, calendar: &Calendar) -> bool {
        let is_asked_for = match self.stage {
            Stage::Offered | Stage::Accepted { .. } => true,
            Stage::Declined { .. } | Stage::Returned { .. } | Stage::Completed { .. } | Stage::Withdrawn => false,
        };
        is_asked_for && self.due.is_some_and(|due| calendar.is_overdue(due))
    }

    pub const fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Completed { .. } | Stage::Withdrawn)
    }

    /// Between 0 and 100, how much of the time from the offer to the promise has passed; `None` without a promise.
    pub fn elapsed_percent(&self, calendar: &Calendar) -> Option<u64> {
        let start = self.offered.as_second();
        let end = calendar.end_of(self.due?).as_second();
        let whole = end.saturating_sub(start).max(1);
        let passed = calendar.now.as_second().saturating_sub(start).clamp(0, whole);
        u64::try_from(passed.saturating_mul(100) / whole).ok()
    }

    /// How the time since the offer compares with the time to the promise; `None` without a promise.
    pub fn bar(&self, calendar: &Calendar) -> Option<Bar> {
        let start = self.offered.as_second();
        let promised = calendar.end_of(self.due?).as_second();
        if !self.is_overdue(calendar) {
            return self.elapsed_percent(calendar).map(|spent| Bar { spent, promise: 100, over: 0 });
        }
        let whole = calendar.now.as_second().saturating_sub(start).max(1);
        let before = promised.saturating_sub(start).clamp(0, whole).saturating_mul(100) / whole;
        // However old it is, both parts stay visible.
        let promise = u64::try_from(before).unwrap_or_default().clamp(5, 95);
        Some(Bar { spent: promise, promise, over: 100 - promise })
    }

    /// Whole days from the offer to the promise; `None` without a promise.
    pub fn days_promised(&self, calendar: &Calendar) -> Option<u64> {
        Some(calendar.days_until(Occurred::At(self.offered), self.due?))
    }

    /// Whole days since it was offered the last time.
    pub fn days_open(&self, calendar: &Calendar) -> u64 {
        calendar.days_since(Occurred::At(self.offered))
    }

    /// Days by which it is overdue; 0 where it is not.
    pub fn days_overdue(&self, calendar: &Calendar) -> u64 {
        self.due.filter(|_| self.is_overdue(calendar)).map_or(0, |due| calendar.days_overdue(due))
    }
}

/// What somebody can do with a handoff as it stands: the same rules by which the desk decides, so
/// that a page offers nothing that would be refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Accept or decline.
    pub answer: bool,
    /// Accept what is no longer an offer, because it was escalated.
    pub take_over: bool,
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
    fn can_act(&self, colleague: ColleagueId) -> bool {
        self.members.get(&colleague).and_then(|member| member.role).is_some_and(Role::acts)
    }

    fn leads(&self, colleague: ColleagueId) -> bool {
        self.members.get(&colleague).and_then(|member| member.role).is_some_and(Role::leads)
    }

    fn unit(&self, colleague: ColleagueId) -> Option<UnitId> {
        self.members.get(&colleague)?.unit
    }

    /// The one whom it waits for when it comes back: who offered it or, where they cannot act any more, the
    /// account's manager.
    fn asker(&self, card: &Card) -> Option<ColleagueId> {
        let manager = || self.kams.get(&card.account).copied();
        Some(card.from).filter(|from| self.can_act(*from)).or_else(manager).filter(|asker| self.can_act(*asker))
    }

    /// Whether somebody can do what the one who offered it can: they themselves, who stands in for them, or
    /// whoever leads.
    fn speaks(&self, card: &Card, me: ColleagueId) -> bool {
        card.from == me || (!self.can_act(card.from) && (self.kams.get(&card.account) == Some(&me) || self.leads(me)))
    }

    /// Nobody can answer it: the one it waits for has left or only reads, the unit has nobody but the one who
    /// asks, or there is nobody to take back what came back. Whoever leads can still step in.
    pub fn is_orphaned(&self, card: &Card) -> bool {
        let other = |colleague: ColleagueId| colleague != card.from && self.can_act(colleague);
        let answers = match card.stage {
            Stage::Offered => match card.to {
                Party::Colleague(colleague) => other(colleague),
                Party::Unit(unit) => self.members.iter().any(|(id, member)| member.unit == Some(unit) && other(*id)),
            },
            Stage::Accepted { by } => self.can_act(by),
            Stage::Declined { .. } | Stage::Returned { .. } => self.asker(card).is_some(),
            Stage::Completed { .. } | Stage::Withdrawn => return false,
        };
        !answers && !card.escalated.iter().any(|one| other(*one))
    }

    pub fn waits(&self, card: &Card, me: ColleagueId) -> Waits {
        if card.has_ended() {
            return Waits::Elsewhere;
        }
        if card.from != me && card.escalated.contains(&me) {
            return Waits::ForMe;
        }
        // Else an orphan would be before nobody who can do anything about it.
        if self.can_act(me) && self.speaks(card, me) && self.is_orphaned(card) {
            return Waits::ForMe;
        }
        let mine = self.asker(card) == Some(me);
        let my_unit = self.unit(me);
        let with_mine = |one| my_unit.is_some() && self.unit(one) == my_unit;
        let waits = match card.stage {
            Stage::Offered if card.from == me => Waits::Elsewhere,
            Stage::Offered => match card.to {
                Party::Colleague(colleague) if colleague == me => Waits::ForMe,
                Party::Unit(unit) if Some(unit) == my_unit => Waits::ForMyUnit,
                Party::Colleague(colleague) if with_mine(colleague) => Waits::WithMyUnit,
                Party::Colleague(_) | Party::Unit(_) => Waits::Elsewhere,
            },
            Stage::Accepted { by } if by == me => Waits::ForMe,
            Stage::Accepted { by } if with_mine(by) => Waits::WithMyUnit,
            Stage::Declined { .. } | Stage::Returned { .. } if mine => Waits::ForMe,
            Stage::Accepted { .. }
            | Stage::Declined { .. }
            | Stage::Returned { .. }
            | Stage::Completed { .. }
            | Stage::Withdrawn => Waits::Elsewhere,
        };
        match waits {
            Waits::WithMyUnit | Waits::Elsewhere if mine || card.from == me => Waits::FromMe,
            Waits::ForMe | Waits::ForMyUnit | Waits::FromMe | Waits::WithMyUnit | Waits::Elsewhere => waits,
        }
    }

    /// What waits in one way for somebody: orphans first, then by the promise, then the oldest.
    pub fn waiting(&self, how: Waits, me: ColleagueId) -> Vec<(HandoffId, &Card)> {
        let mut cards: Vec<_> =
            self.open.iter().filter(|(_, card)| self.waits(card, me) == how).map(|(id, card)| (*id, card)).collect();
        cards.sort_by_key(|(id, card)| (!self.is_orphaned(card), card.due.unwrap_or(Date::MAX), card.since, *id));
        cards
    }

    /// The last that ended, newest first: of one account, or of all.
    pub fn ended_lately(&self, account: Option<AccountId>) -> impl Iterator<Item = (HandoffId, &Card)> {
        let latest = match account {
            Some(account) => self.ended_of.get(&account),
            None => Some(&self.lately),
        };
        latest.into_iter().flat_map(Latest::ids).filter_map(|id| Some((id, self.ended.get(&id)?)))
    }

    /// The part of the board that is about one account.
    pub fn of(&self, account: AccountId) -> Self {
        let open = self.open.iter().filter(|(_, card)| card.account == account).map(|(id, _)| *id);
        let mut part = self.cut(&open.chain(self.ended_lately(Some(account)).map(|(id, _)| id)).collect());
        // Also where nothing was offered for it yet.
        part.kams.extend(self.kams.get(&account).map(|kam| (account, *kam)));
        part
    }

    /// A small part that a browser can go on folding: these handoffs, and who can answer them.
    pub fn cut(&self, keep: &BTreeSet<HandoffId>) -> Self {
        let of = |cards: &BTreeMap<HandoffId, Card>| -> BTreeMap<HandoffId, Card> {
            keep.iter().filter_map(|id| Some((*id, cards.get(id)?.clone()))).collect()
        };
        let (open, ended) = (of(&self.open), of(&self.ended));
        let accounts: BTreeSet<AccountId> = open.values().chain(ended.values()).map(|card| card.account).collect();
        let ended_of = accounts.iter().filter_map(|account| Some((*account, self.ended_of.get(account)?.cut(keep))));
        let kams = accounts.iter().filter_map(|account| Some((*account, *self.kams.get(account)?)));
        Self {
            position: self.position,
            ended_of: ended_of.collect(),
            lately: self.lately.cut(keep),
            members: self.members.clone(),
            kams: kams.collect(),
            open,
            ended,
        }
    }

    pub fn answers(&self, card: &Card, me: ColleagueId) -> Answers {
        if !self.can_act(me) {
            return Answers::default();
        }
        let came_back = matches!(card.stage, Stage::Declined { .. } | Stage::Returned { .. } | Stage::Withdrawn);
        let (speaks, has_ended) = (self.speaks(card, me), card.has_ended());
        let is_asked_to_see_to_it = card.escalated.contains(&me);
        let holds = matches!(card.stage, Stage::Accepted { by } if by == me);
        Answers {
            answer: self.may_answer(card, me),
            take_over: is_asked_to_see_to_it && card.from != me && !has_ended && !holds && card.stage != Stage::Offered,
            finish: holds || (is_asked_to_see_to_it && matches!(card.stage, Stage::Accepted { .. })),
            escalate: speaks && !has_ended,
            withdraw: speaks && !has_ended,
            offer_anew: speaks && came_back,
        }
    }

    /// Whether somebody can answer an offer that stands.
    pub fn may_answer(&self, card: &Card, me: ColleagueId) -> bool {
        let is_asked = match card.to {
            Party::Colleague(colleague) => colleague == me,
            Party::Unit(unit) => self.unit(me) == Some(unit),
        };
        card.stage == Stage::Offered
            && self.can_act(me)
            && card.from != me
            && (is_asked || card.escalated.contains(&me))
    }

    /// Whether an event can change who must act, or on what.
    pub const fn is_moved_by(event: &Event) -> bool {
        match event {
            Event::Handoff(..) | Event::Colleague(..) | Event::Account(_, account::Event::Assigned { .. }) => true,
            Event::Account(..) | Event::Unit(..) | Event::Contact(..) | Event::Interaction(..) | Event::Import(..) => {
                false
            }
        }
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Handoff(id, event) => self.take_handoff(*id, event, record),
            Event::Colleague(id, event) => match event {
                colleague::Event::Joined { unit, .. } => {
                    self.members.entry(*id).or_insert(Member { unit: *unit, role: None });
                }
                colleague::Event::Moved { unit } => {
                    if let Some(member) = self.members.get_mut(id) {
                        member.unit = *unit;
                    }
                }
                colleague::Event::GivenRole { role } => {
                    if let Some(member) = self.members.get_mut(id) {
                        member.role = Some(*role);
                    }
                }
                colleague::Event::Left {} => {
                    self.members.remove(id);
                }
                colleague::Event::Renamed { .. } => {}
            },
            Event::Account(id, event) => match event {
                account::Event::Assigned { kam } => {
                    self.kams.insert(*id, *kam);
                }
                account::Event::Registered { .. }
                | account::Event::Renamed { .. }
                | account::Event::Described(_)
                | account::Event::Designated { .. }
                | account::Event::Sponsored { .. }
                | account::Event::Linked { .. }
                | account::Event::Closed { .. }
                | account::Event::Reopened { .. } => {}
            },
            Event::Unit(..) | Event::Contact(..) | Event::Interaction(..) | Event::Import(..) => {}
        }
    }

    fn take_handoff(&mut self, id: HandoffId, event: &handoff::Event, record: &Record) {
        if let handoff::Event::Offered(offer) = event {
            // Offered anew, it goes on with its path and for the same cause.
            let before = self.open.remove(&id).or_else(|| self.reopen(id));
            let (mut path, cause, declined, returned) = match before {
                Some(card) => (card.path, record.cause.or(card.cause), card.declined, card.returned),
                None => (vec![], record.cause, 0, 0),
            };
            pass(&mut path, Party::Colleague(record.by));
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
                cause,
                escalated: vec![],
                path,
                declined,
                returned,
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
            handoff::Event::Declined { personal } => {
                card.declined += 1;
                pass(&mut card.path, Party::Colleague(card.from));
                (Stage::Declined { by }, personal.known().map(|why| &why.reason))
            }
            handoff::Event::Returned { personal } => {
                card.returned += 1;
                pass(&mut card.path, Party::Colleague(card.from));
                (Stage::Returned { by }, personal.known().map(|why| &why.reason))
            }
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
            self.end(id, card);
        }
    }

    fn end(&mut self, id: HandoffId, card: Card) {
        let forgotten = self.ended_of.entry(card.account).or_default().add(card.since, id, KEPT_OF_ACCOUNT);
        self.lately.add(card.since, id, KEPT_LATELY);
        self.ended.insert(id, card);
        if let Some(oldest) = forgotten {
            self.ended.remove(&oldest);
        }
    }

    /// Takes back what had ended.
    fn reopen(&mut self, id: HandoffId) -> Option<Card> {
        let card = self.ended.remove(&id)?;
        if let Some(of_account) = self.ended_of.get_mut(&card.account) {
            of_account.remove(id);
        }
        self.lately.remove(id);
        Some(card)
    }
}

impl Latest {
    /// One more, before all that ended no later; the oldest where there are more than `most`.
    fn add(&mut self, at: Timestamp, id: HandoffId, most: usize) -> Option<HandoffId> {
        let place = self.0.partition_point(|(later, _)| *later > at);
        self.0.insert(place, (at, id));
        if self.0.len() > most { self.0.pop_back().map(|(_, oldest)| oldest) } else { None }
    }

    fn remove(&mut self, id: HandoffId) {
        self.0.retain(|(_, one)| *one != id);
    }

    fn ids(&self) -> impl Iterator<Item = HandoffId> {
        self.0.iter().map(|(_, id)| *id)
    }

    fn cut(&self, keep: &BTreeSet<HandoffId>) -> Self {
        Self(self.0.iter().filter(|(_, id)| keep.contains(id)).copied().collect())
    }
}

/// It is with this one now, where it was not before.
fn pass(path: &mut Vec<Party>, to: Party) {
    if path.last() != Some(&to) {
        path.push(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Event as Handoff, Offer, Why};
    use crate::testkit::*;
    use crate::views::View;
    use jiff::tz::TimeZone;

    fn utc(now: Timestamp) -> Calendar {
        Calendar::utc(now)
    }

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
    fn one_no_is_an_answer_and_not_back_and_forth() {
        let no = || by(LEV, Handoff::Declined { personal: why("No time") });
        let board = folded([offered(Party::Colleague(LEV), None), no(), offered(Party::Colleague(MAXIM), None)]);
        assert!(!card(&board).goes_back_and_forth(), "{:?}", card(&board).path);
        let withdrawn = by(KIRA, Handoff::Withdrawn { personal: why("Later") });
        let board = folded([offered(Party::Colleague(LEV), None), withdrawn, offered(Party::Colleague(LEV), None)]);
        assert!(!card(&board).goes_back_and_forth());
        assert_eq!(card(&board).path.len(), 4, "its path is not lost");
        let back = by(LEV, Handoff::Returned { personal: why("Papers are missing") });
        let board = folded([offered(Party::Colleague(LEV), None), by(LEV, Handoff::Accepted {}), back]);
        assert!(card(&board).goes_back_and_forth());
        assert_eq!(card(&board).path, [KIRA, LEV, KIRA].map(Party::Colleague));
        let twice = [offered(Party::Colleague(LEV), None), no(), offered(Party::Colleague(LEV), None), no()];
        assert!(card(&folded(twice)).goes_back_and_forth());
    }

    #[test]
    fn what_is_offered_anew_keeps_its_cause_and_its_path_however_many_ended_since() {
        let mut board = Board::default();
        let facts = company().into_iter().chain([offered(Party::Colleague(LEV), None)]);
        let withdrawn = |id| (KIRA, Event::Handoff(id, Handoff::Withdrawn { personal: why("Later") }));
        let others = (0..100).flat_map(|number: u128| {
            let id = HandoffId::from_uuid(uuid::Uuid::from_u128(0xFF00 + number));
            let personal = Words { what: promise("Something") }.into();
            let offer = Offer { account: CONTOSO, to: Party::Unit(SALES), due: None, personal };
            [(KIRA, Event::Handoff(id, Handoff::Offered(offer))), withdrawn(id)]
        });
        let facts = facts.chain([withdrawn(HANDOFF)]).chain(others).chain([offered(Party::Colleague(LEV), None)]);
        let cause = crate::ids::Stream::from(VISIT).first();
        for (at, mut record) in history(facts).into_iter().enumerate() {
            if at == company().len() {
                record.cause = Some(cause);
            }
            board.fold(&record);
            if at == company().len() + 201 {
                assert_eq!(board.of(NORTHWIND).ended_lately(Some(NORTHWIND)).count(), 1);
            }
        }
        assert_eq!((card(&board).cause, card(&board).path.len()), (Some(cause), 4));
        assert_eq!((board.ended_lately(None).count(), board.ended_lately(Some(NORTHWIND)).count()), (50, 0));
        assert_eq!(board.ended.len(), 50, "of one account the last fifty stay");
    }

    #[test]
    fn what_ended_last_is_what_ended_latest_there_and_not_what_was_read_last() {
        let mut board = Board::default();
        company().into_iter().zip(1..).for_each(|((by, event), at)| board.fold(&record(at, by, event)));
        let id = |n: u128| HandoffId::from_uuid(uuid::Uuid::from_u128(0xFF00 + n));
        let mut position = 100;
        let mut ended = |board: &mut Board, n, day: Option<&str>| {
            let personal = Words { what: promise("Something") }.into();
            let offer = Offer { account: CONTOSO, to: Party::Unit(SALES), due: None, personal };
            for event in [Handoff::Offered(offer), Handoff::Withdrawn { personal: why("Later") }] {
                let mut record = record(position, KIRA, Event::Handoff(id(n), event));
                if let Some(day) = day {
                    record.batch = Some(BATCH);
                    record.occurred = Occurred::parse(day).unwrap();
                }
                board.fold(&record);
                position += 1;
            }
        };
        let shown = |board: &Board, account| board.ended_lately(account).map(|(id, _)| id).collect::<Vec<_>>();
        ended(&mut board, 1, None);
        ended(&mut board, 2, Some("2019-03-01"));
        ended(&mut board, 3, Some("2024-03-01"));
        for account in [None, Some(CONTOSO)] {
            assert_eq!(shown(&board, account), [1, 3, 2].map(id));
        }
        for n in 10..100 {
            ended(&mut board, n, Some("2025-03-01"));
        }
        let shown = shown(&board, Some(CONTOSO));
        assert_eq!((shown.len(), shown.first(), board.ended.len()), (50, Some(&id(1)), 50));
        assert!(!shown.contains(&id(2)) && !shown.contains(&id(3)), "the oldest are those that are let go");
    }

    #[test]
    fn who_has_left_is_stood_in_for_by_the_account_s_manager() {
        let (_, offer) = offered(Party::Colleague(LEV), None);
        let facts = [
            (MAXIM, offer),
            by(LEV, Handoff::Declined { personal: why("No time") }),
            (ADA, Event::Colleague(MAXIM, colleague::Event::Left {})),
        ];
        let board = folded(facts.clone());
        assert_eq!(board.waits(card(&board), KIRA), Waits::ForMe);
        assert!(!board.is_orphaned(card(&board)));
        let left = (ADA, Event::Colleague(KIRA, colleague::Event::Left {}));
        let board = folded(facts.into_iter().chain([left]));
        assert!(board.is_orphaned(card(&board)));
        assert!(board.answers(card(&board), ADA).offer_anew, "whoever leads can step in");
        assert_eq!(board.waits(card(&board), ADA), Waits::ForMe, "and finds it on their board");
        assert_eq!(board.waits(card(&board), LEV), Waits::Elsewhere);
    }

    #[test]
    fn a_unit_with_nobody_else_in_it_leaves_an_orphan() {
        let board = folded([offered(Party::Unit(SALES), None)]);
        assert!(board.is_orphaned(card(&board)), "Kira is all of sales, and she asks");
        assert_eq!(board.waits(card(&board), KIRA), Waits::ForMe, "and she can ask somebody else");
        assert!(!board.may_answer(card(&board), KIRA));
        let reads = (ADA, Event::Colleague(NINA, colleague::Event::Moved { unit: Some(SALES) }));
        let board = folded([reads, offered(Party::Unit(SALES), None)]);
        assert!(board.is_orphaned(card(&board)), "an analyst only reads");
        assert!(!board.may_answer(card(&board), NINA));
    }

    #[test]
    fn what_my_unit_s_people_have_is_seen() {
        let near = (ADA, Event::Colleague(MAXIM, colleague::Event::Moved { unit: Some(LOGISTICS) }));
        let asked = folded([near.clone(), offered(Party::Colleague(LEV), None)]);
        assert_eq!(asked.waits(card(&asked), MAXIM), Waits::WithMyUnit);
        let held = folded([near, offered(Party::Unit(LOGISTICS), None), by(LEV, Handoff::Accepted {})]);
        assert_eq!(held.waits(card(&held), MAXIM), Waits::WithMyUnit);
        assert_eq!(held.waits(card(&held), ADA), Waits::Elsewhere);
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
        assert!(card(&board).is_overdue(&utc(NOON)));
        assert_eq!(card(&board).elapsed_percent(&utc(NOON)), Some(0), "promised for before it was offered");
        let board = folded([offered(Party::Colleague(LEV), Some("2026-06-01"))]);
        assert!(!card(&board).is_overdue(&utc(NOON)));
    }

    #[test]
    fn what_was_declined_or_returned_is_not_overdue_until_it_is_offered_anew() {
        let asked = || offered(Party::Colleague(LEV), Some("2026-05-31"));
        let (accepted, no) = (|| by(LEV, Handoff::Accepted {}), || why("No time"));
        let declined = vec![asked(), by(LEV, Handoff::Declined { personal: no() })];
        let returned = vec![asked(), accepted(), by(LEV, Handoff::Returned { personal: no() })];
        for came_back in [declined, returned] {
            let board = folded(came_back.clone());
            assert_eq!((card(&board).is_overdue(&utc(NOON)), card(&board).days_overdue(&utc(NOON))), (false, 0));
            assert_eq!(card(&board).bar(&utc(NOON)).map(|bar| bar.over), Some(0));
            let anew = folded(came_back.into_iter().chain([asked()]));
            assert!(card(&anew).is_overdue(&utc(NOON)));
        }
        assert!(card(&folded([asked(), accepted()])).is_overdue(&utc(NOON)));
    }

    #[test]
    fn a_promise_that_has_run_out_in_vladivostok_still_stands_in_london() {
        let board = folded([offered(Party::Colleague(LEV), Some("2026-06-01"))]);
        let evening = NOON + jiff::SignedDuration::from_hours(6);
        let at = |hours| Calendar::new(TimeZone::fixed(jiff::tz::offset(hours)), evening);
        // Seven in the evening of 1 June, and four in the morning of 2 June.
        let (london, vladivostok) = (at(1), at(10));
        let card = card(&board);
        assert_eq!([&london, &vladivostok].map(|here| card.is_overdue(here)), [false, true]);
        assert_eq!([&london, &vladivostok].map(|here| card.days_overdue(here)), [0, 1]);
        assert_eq!([&london, &vladivostok].map(|here| card.days_open(here)), [0, 1]);
        assert_eq!([&london, &vladivostok].map(|here| card.days_promised(here)), [Some(0), Some(0)]);
        assert_eq!(card.bar(&london), Some(Bar { spent: 54, promise: 100, over: 0 }), "six of eleven hours");
        assert_eq!(card.bar(&vladivostok), Some(Bar { spent: 33, promise: 33, over: 67 }), "two of six hours");
    }

    #[test]
    fn everybody_is_offered_what_the_desk_would_take_from_them() {
        let is = |answer, finish, mine, offer_anew| Answers {
            answer,
            take_over: false,
            finish,
            escalate: mine,
            withdraw: mine,
            offer_anew,
        };
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
        let bar = |now| card(&board).bar(&utc(now));
        assert_eq!(bar(NOON), Some(Bar { spent: 0, promise: 100, over: 0 }));
        assert_eq!((card(&board).days_promised(&utc(NOON)), card(&board).days_open(&utc(later(2)))), (Some(3), 2));
        assert_eq!(bar(later(7)), Some(Bar { spent: 50, promise: 50, over: 50 }));
        assert_eq!([7, 3].map(|days| card(&board).days_overdue(&utc(later(days)))), [4, 0]);
    }

    #[test]
    fn the_part_of_one_account_knows_its_manager_before_anything_is_offered() {
        let mut part = folded([]).of(NORTHWIND);
        let (_, offer) = offered(Party::Colleague(LEV), None);
        let left = Event::Colleague(MAXIM, colleague::Event::Left {});
        let no = Event::Handoff(HANDOFF, Handoff::Declined { personal: why("No time") });
        for (position, (by, event)) in (100..).zip([(MAXIM, offer), (ADA, left), (LEV, no)]) {
            part.fold(&record(position, by, event));
        }
        assert_eq!(part.waits(card(&part), KIRA), Waits::ForMe);
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
        assert_eq!(card(&board).days_open(&utc(NOON)), 31);
        let here = folded([offered(Party::Colleague(LEV), None)]);
        assert_eq!(card(&here).days_open(&utc(NOON)), 0);
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
