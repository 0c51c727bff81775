//! The portfolio: every account with its last touch, its last touch in person, its open next steps,
//! and whether it is going cold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::ids::{AccountId, ColleagueId, InteractionId, StepId};
use crate::record::Record;
use crate::views::steps::Steps;
use crate::views::touch::{Calendar, Touch};
use crate::views::view;
use crate::words::{AccountName, Occurred, Tier};
use crate::{account, interaction};

/// Of how many interactions an account's open next steps are in a page one by one, so that it can count by itself when one of
/// them is done.
pub const WITH_STEPS: usize = 5;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Portfolio {
    pub position: u64,
    pub rows: BTreeMap<AccountId, Row>,
    /// Of which account an interaction is; `None` where of none that is known here.
    accounts: BTreeMap<InteractionId, Option<AccountId>>,
    /// The open next steps of interactions that are of no account known here: they come with it where it gets one.
    elsewhere: Steps<OpenStep>,
    /// Holds not everything: see [`Portfolio::cut`].
    is_cut: bool,
    /// Of a cut: by which interactions its accounts have steps that are not in it; a few bits of each.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    hidden: BTreeSet<u32>,
    /// Something happened that this cut cannot show truly: ask the server again.
    pub stale: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub name: AccountName,
    pub tier: Option<Tier>,
    pub kam: Option<ColleagueId>,
    pub closed: bool,
    /// Since when it is known.
    registered: Occurred,
    touches: BTreeMap<InteractionId, Touch>,
    steps: Steps<OpenStep>,
    /// Of a cut: how many open steps are not in it, by their day. An import may bring hundreds that nobody closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<(Option<Date>, usize)>,
}

/// Enough of an identity to tell that an interaction is most likely none of some thousands.
fn few_bits(interaction: InteractionId) -> u32 {
    interaction.uuid().as_bytes().iter().skip(12).fold(0, |bits, byte| bits << 8 | u32::from(*byte))
}

/// A next step that nobody has done or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStep {
    /// `None` where an import brought it and nobody of ours was named.
    pub owner: Option<ColleagueId>,
    pub due: Option<Date>,
}

/// How long nobody may have touched an account before it is going cold, in days, by tier: a
/// strategic one three weeks, a key account a month, any other a quarter.
const fn patience(tier: Option<Tier>) -> u64 {
    match tier {
        Some(Tier::Strategic) => 21,
        Some(Tier::Key) => 30,
        Some(Tier::Developing) => 60,
        None => 90,
    }
}

impl Row {
    pub fn last_touch(&self) -> Option<Occurred> {
        self.touches.values().map(|touch| touch.occurred).max_by_key(|occurred| occurred.instant())
    }

    pub fn last_in_person(&self) -> Option<Occurred> {
        let in_person = self.touches.values().filter(|touch| touch.in_person);
        in_person.map(|touch| touch.occurred).max_by_key(|occurred| occurred.instant())
    }

    pub fn open_steps(&self) -> impl Iterator<Item = (InteractionId, StepId, &OpenStep)> {
        self.steps.iter()
    }

    /// How many next steps are open, also those that are not in a cut.
    pub fn how_many_open(&self) -> usize {
        self.steps.len() + self.more.iter().map(|(_, many)| many).sum::<usize>()
    }

    pub fn overdue_steps(&self, calendar: &Calendar) -> usize {
        let is_late = |due: Option<Date>| due.is_some_and(|due| calendar.is_overdue(due));
        let here = self.steps.iter().filter(|(_, _, step)| is_late(step.due)).count();
        here + self.more.iter().filter(|(due, _)| is_late(*due)).map(|(_, many)| many).sum::<usize>()
    }

    /// Nobody has touched it for longer than its tier has patience for, or not since it was registered.
    pub fn is_going_cold(&self, calendar: &Calendar) -> bool {
        let since = self.last_touch().unwrap_or(self.registered);
        !self.closed && calendar.days_since(since) > patience(self.tier)
    }
}

/// By what the accounts are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Who is going cold first, the higher tier before the lower, the longest silence before the shorter.
    #[default]
    Cold,
    Name,
    Tier,
    Touch,
    InPerson,
    Steps,
    Overdue,
}

/// How many accounts there are, and how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub accounts: usize,
    pub going_cold: usize,
    pub open_steps: usize,
    pub overdue_steps: usize,
}

impl Column {
    pub const ALL: &'static [Self] =
        &[Self::Cold, Self::Name, Self::Tier, Self::Touch, Self::InPerson, Self::Steps, Self::Overdue];

    /// The word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Name => "name",
            Self::Tier => "tier",
            Self::Touch => "touch",
            Self::InPerson => "in_person",
            Self::Steps => "steps",
            Self::Overdue => "overdue",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.word() == word)
    }

    /// Puts rows in order: what needs somebody first, or the other way round. Equal ones stay by name.
    pub fn order(self, rows: &mut [(AccountId, &Row)], reversed: bool, calendar: &Calendar) {
        // What a row stands by is looked up once, not in every comparison: it may be one of thousands of touches.
        rows.sort_by_cached_key(|(id, row)| {
            let turned = reversed && self != Self::Name;
            let by = self.place(row, calendar);
            let by = if turned { Turned::Round(Reverse(by)) } else { Turned::Not(by) };
            let name = row.name.as_str().to_lowercase();
            let name = if reversed && self == Self::Name { Turned::Round(Reverse(name)) } else { Turned::Not(name) };
            (by, name, *id)
        });
    }

    /// What a row stands by, the least first.
    fn place(self, row: &Row, calendar: &Calendar) -> (usize, usize, Option<Timestamp>) {
        let touch = || row.last_touch().map(Occurred::instant);
        let tier = || row.tier.map_or(usize::MAX, |tier| usize::from(tier as u8));
        match self {
            Self::Cold => (usize::from(!row.is_going_cold(calendar)), tier(), touch()),
            Self::Name => (0, 0, None),
            Self::Tier => (tier(), 0, None),
            Self::Touch => (0, 0, touch()),
            Self::InPerson => (0, 0, row.last_in_person().map(Occurred::instant)),
            // The most first.
            Self::Steps => (usize::MAX - row.how_many_open(), 0, None),
            Self::Overdue => (usize::MAX - row.overdue_steps(calendar), 0, None),
        }
    }
}

/// A key that stands as it does or the other way round; within one order all of them do the same.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turned<K> {
    Not(K),
    Round(Reverse<K>),
}

impl Summary {
    pub fn of(rows: &[(AccountId, &Row)], calendar: &Calendar) -> Self {
        Self {
            accounts: rows.len(),
            going_cold: rows.iter().filter(|(_, row)| row.is_going_cold(calendar)).count(),
            open_steps: rows.iter().map(|(_, row)| row.how_many_open()).sum(),
            overdue_steps: rows.iter().map(|(_, row)| row.overdue_steps(calendar)).sum(),
        }
    }
}

view!(Portfolio);

impl Portfolio {
    /// The accounts that a colleague answers for; all that are open where none is named.
    pub fn of(&self, kam: Option<ColleagueId>) -> Vec<(AccountId, &Row)> {
        let mine = |row: &Row| kam.is_none_or(|kam| row.kam == Some(kam));
        let mut rows: Vec<_> =
            self.rows.iter().filter(|(_, row)| !row.closed && mine(row)).map(|(id, row)| (*id, row)).collect();
        rows.sort_by_cached_key(|(_, row)| row.name.as_str().to_lowercase());
        rows
    }

    /// A small part that a browser can go on folding: these accounts, each with its last touches and its open next steps, of
    /// so many interactions by themselves and of the others by number. What the part cannot know for sure makes it
    /// [`Portfolio::stale`].
    pub fn cut(&self, accounts: &BTreeSet<AccountId>, with_steps: usize) -> Self {
        const KEPT: usize = 3;
        let mut cut = Self { position: self.position, is_cut: true, ..Self::default() };
        for (id, row) in self.rows.iter().filter(|(id, _)| accounts.contains(id)) {
            let mut newest: Vec<_> = row.touches.iter().collect();
            newest.sort_by_key(|(_, touch)| Reverse(touch.occurred.instant()));
            let in_person = newest.iter().copied().filter(|(_, touch)| touch.in_person).take(KEPT);
            let kept: BTreeMap<_, _> =
                newest.iter().copied().take(KEPT).chain(in_person).map(|(id, touch)| (*id, *touch)).collect();
            let others = row.steps.interactions().filter(|interaction| !kept.contains_key(interaction));
            let hidden: BTreeSet<InteractionId> = others.skip(with_steps).collect();
            let mut more: BTreeMap<Option<Date>, usize> = BTreeMap::new();
            for (_, _, step) in row.steps.iter().filter(|(interaction, ..)| hidden.contains(interaction)) {
                *more.entry(step.due).or_default() += 1;
            }
            cut.hidden.extend(hidden.iter().map(|interaction| few_bits(*interaction)));
            let mut steps = row.steps.clone();
            steps.retain(|interaction| !hidden.contains(&interaction));
            let interactions = kept.keys().copied().chain(steps.interactions());
            cut.accounts.extend(interactions.map(|interaction| (interaction, Some(*id))));
            let (name, more) = (row.name.clone(), more.into_iter().collect());
            let Row { tier, kam, closed, registered, .. } = *row;
            cut.rows.insert(*id, Row { name, tier, kam, closed, registered, touches: kept, steps, more });
        }
        cut
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Account(id, event) => self.take_account(*id, event, record.occurred),
            Event::Interaction(id, event) => self.take_interaction(*id, event, record),
            Event::Import(..) => {
                // Taking an import back changes what was true before: only the server can refold that.
                self.stale |= self.is_cut && crate::sieve::Sieve::taken_back_by(&record.event).is_some();
            }
            Event::Unit(..) | Event::Colleague(..) | Event::Contact(..) | Event::Handoff(..) => {}
        }
    }

    fn take_account(&mut self, id: AccountId, event: &account::Event, occurred: Occurred) {
        if let account::Event::Registered { name } = event {
            if self.is_cut {
                self.stale = true;
                return;
            }
            let registered = Row {
                name: name.clone(),
                tier: None,
                kam: None,
                closed: false,
                registered: occurred,
                touches: BTreeMap::new(),
                steps: Steps::default(),
                more: vec![],
            };
            self.rows.insert(id, registered);
            return;
        }
        let Some(row) = self.rows.get_mut(&id) else {
            // Another account may have become one of those that this page is about.
            self.stale |=
                self.is_cut && matches!(event, account::Event::Assigned { .. } | account::Event::Reopened { .. });
            return;
        };
        match event {
            account::Event::Registered { .. }
            | account::Event::Described(_)
            | account::Event::Sponsored { .. }
            | account::Event::Linked { .. } => {}
            account::Event::Renamed { name } => row.name.clone_from(name),
            account::Event::Designated { tier, .. } => row.tier = Some(*tier),
            account::Event::Assigned { kam } => row.kam = Some(*kam),
            account::Event::Closed { .. } => row.closed = true,
            account::Event::Reopened { .. } => row.closed = false,
        }
    }

    /// An interaction that this part does not know may be one whose steps it has only the number of.
    fn hides_steps_of(&self, interaction: InteractionId) -> bool {
        !self.accounts.contains_key(&interaction) && self.hidden.contains(&few_bits(interaction))
    }

    fn take_interaction(&mut self, id: InteractionId, event: &interaction::Event, record: &Record) {
        if !matches!(event, interaction::Event::Logged(_)) {
            self.stale |= self.hides_steps_of(id);
        }
        match event {
            interaction::Event::Logged(details) | interaction::Event::Corrected(details) => {
                let before = self.accounts.get(&id).copied();
                let touch = Touch::of(details, record.occurred);
                let had = before.flatten().and_then(|account| self.rows.get_mut(&account));
                let (touched, steps) = match had {
                    Some(row) => (row.touches.remove(&id), row.steps.remove(id)),
                    None => (None, self.elsewhere.remove(id)),
                };
                let account = details.account.filter(|account| self.rows.contains_key(account));
                self.accounts.insert(id, account);
                if self.is_cut && matches!(event, interaction::Event::Corrected(_)) {
                    self.stale |= match before {
                        // It may bring next steps that were agreed before.
                        None => account.is_some(),
                        // A cut that lost one of its few touches does not know which older one comes after it.
                        Some(before) => touched.is_some() && (before != account || touched != touch),
                    };
                }
                match account.and_then(|account| self.rows.get_mut(&account)) {
                    Some(row) => {
                        row.steps.put(id, steps);
                        row.touches.extend(touch.map(|touch| (id, touch)));
                    }
                    None => self.elsewhere.put(id, steps),
                }
            }
            interaction::Event::Retracted { .. } => {
                self.elsewhere.remove(id);
                let Some(account) = self.accounts.remove(&id).flatten() else { return };
                let Some(row) = self.rows.get_mut(&account) else { return };
                row.steps.remove(id);
                self.stale |= row.touches.remove(&id).is_some() && self.is_cut;
            }
            interaction::Event::NextStepAgreed(step) => {
                let account = self.accounts.get(&id).copied();
                self.stale |= self.is_cut && account.is_none();
                let open = OpenStep { owner: step.owner.or_else(|| record.author()), due: step.due };
                self.steps_of(account.flatten()).agree(id, step.step, open);
            }
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                let account = self.accounts.get(&id).copied().flatten();
                self.steps_of(account).settle(id, *step);
            }
        }
    }

    /// In which interactions this colleague promised what nobody has done or dropped, a promise each: the oldest first,
    /// those without a day last.
    pub fn promised_by(&self, colleague: ColleagueId) -> Vec<InteractionId> {
        let all = self.rows.values().map(|row| &row.steps).chain([&self.elsewhere]);
        let open = all.flat_map(Steps::iter).filter(|(_, _, step)| step.owner == Some(colleague));
        let mut open: Vec<_> =
            open.map(|(interaction, id, step)| (step.due.unwrap_or(Date::MAX), id, interaction)).collect();
        open.sort_unstable();
        open.into_iter().map(|(_, _, interaction)| interaction).collect()
    }

    fn steps_of(&mut self, account: Option<AccountId>) -> &mut Steps<OpenStep> {
        account.and_then(|account| self.rows.get_mut(&account)).map_or(&mut self.elsewhere, |row| &mut row.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    use crate::interaction::{Details, Event as Interaction, Step, StepWords, Why};
    use crate::testkit::*;
    use crate::views::View;
    use crate::words::{Front, Mode};

    fn today() -> Calendar {
        Calendar::utc(NOON)
    }

    fn entry(id: InteractionId, event: Interaction) -> (ColleagueId, Event) {
        (KIRA, Event::Interaction(id, event))
    }

    fn visit(mode: Mode) -> Details {
        Details { mode: Some(mode), ..Details::new(Front::Client, Some(NORTHWIND), summary("Visit")) }
    }

    fn long_ago() -> Timestamp {
        NOON.checked_sub(SignedDuration::from_hours(24 * 100)).unwrap()
    }

    /// The company has known its accounts for a hundred days.
    fn folded(facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Portfolio {
        let mut portfolio = Portfolio::default();
        let company = company();
        let many = company.len();
        for (nth, mut record) in history(company.into_iter().chain(facts)).into_iter().enumerate() {
            if nth < many {
                record.occurred = Occurred::At(long_ago());
            }
            portfolio.fold(&record);
        }
        portfolio
    }

    fn northwind(portfolio: &Portfolio) -> &Row {
        portfolio.rows.get(&NORTHWIND).unwrap()
    }

    #[test]
    fn an_account_nobody_touched_is_going_cold_and_a_visit_warms_it() {
        let untouched = folded([]);
        assert!(northwind(&untouched).is_going_cold(&today()));
        assert!(!northwind(&untouched).is_going_cold(&Calendar::utc(long_ago())), "it was registered a moment ago");
        let visited = folded([entry(VISIT, Interaction::Logged(visit(Mode::InPerson)))]);
        assert!(!northwind(&visited).is_going_cold(&today()));
        assert_eq!(northwind(&visited).last_in_person(), Some(Occurred::At(NOON)));
    }

    #[test]
    fn a_retracted_or_moved_entry_is_no_touch() {
        let logged = entry(VISIT, Interaction::Logged(visit(Mode::Remote)));
        let retracted = entry(VISIT, Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() });
        assert_eq!(northwind(&folded([logged.clone(), retracted])).last_touch(), None);
        let elsewhere = entry(VISIT, Interaction::Corrected(Details { account: Some(CONTOSO), ..visit(Mode::Remote) }));
        let moved = folded([logged, elsewhere]);
        assert_eq!(northwind(&moved).last_touch(), None);
        assert!(moved.rows.get(&CONTOSO).unwrap().last_touch().is_some());
    }

    #[test]
    fn an_open_next_step_counts_until_it_is_settled() {
        let due = Some(jiff::civil::date(2026, 5, 1));
        let personal = StepWords { what: promise("Send the plan") }.into();
        let logged = entry(VISIT, Interaction::Logged(visit(Mode::Remote)));
        let agreed = entry(VISIT, Interaction::NextStepAgreed(Step { step: STEP, owner: None, due, personal }));
        let open = folded([logged.clone(), agreed.clone()]);
        assert_eq!((northwind(&open).open_steps().count(), northwind(&open).overdue_steps(&today())), (1, 1));
        let done = folded([logged, agreed, entry(VISIT, Interaction::NextStepDone { step: STEP })]);
        assert_eq!(northwind(&done).open_steps().count(), 0);
    }

    #[test]
    fn who_is_going_cold_comes_first_and_any_column_can_lead() {
        let visited = folded([entry(VISIT, Interaction::Logged(visit(Mode::InPerson)))]);
        let ordered = |column: Column, reversed| {
            let mut rows = visited.of(None);
            column.order(&mut rows, reversed, &today());
            rows.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        assert_eq!(ordered(Column::Cold, false), [CONTOSO, NORTHWIND]);
        assert_eq!(ordered(Column::Cold, true), [NORTHWIND, CONTOSO]);
        assert_eq!(ordered(Column::Name, false), [CONTOSO, NORTHWIND]);
        assert_eq!(ordered(Column::Name, true), [NORTHWIND, CONTOSO]);
        assert_eq!(ordered(Column::Touch, true), [NORTHWIND, CONTOSO]);
        for column in Column::ALL {
            assert_eq!(Column::from_word(column.word()), Some(*column));
        }
    }

    #[test]
    fn a_summary_counts_what_its_rows_show() {
        let portfolio = folded([entry(VISIT, Interaction::Logged(visit(Mode::InPerson)))]);
        let expected = Summary { accounts: 2, going_cold: 1, open_steps: 0, overdue_steps: 0 };
        assert_eq!(Summary::of(&portfolio.of(None), &today()), expected);
        assert_eq!(Summary::of(&portfolio.of(Some(KIRA)), &today()).accounts, 1);
    }

    #[test]
    fn a_cut_goes_on_like_the_whole_or_says_that_it_cannot() {
        let whole = folded([entry(VISIT, Interaction::Logged(visit(Mode::InPerson)))]);
        let mut cut = whole.cut(&BTreeSet::from([NORTHWIND]), 0);
        let call = Event::Interaction(CALL, Interaction::Logged(visit(Mode::Remote)));
        cut.fold(&record(100, KIRA, call));
        assert!(!cut.stale);
        assert_eq!(northwind(&cut).touches.len(), 2);
        let retracted = Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() };
        cut.fold(&record(101, KIRA, Event::Interaction(VISIT, retracted)));
        assert!(cut.stale);
    }

    fn agreed() -> Interaction {
        let personal = StepWords { what: promise("Send the plan") }.into();
        Interaction::NextStepAgreed(Step { step: STEP, owner: None, due: None, personal })
    }

    #[test]
    fn a_next_step_stays_with_its_entry_on_a_way_through_no_account() {
        let nowhere = Details { account: None, contacts: vec![ANNA], ..visit(Mode::Remote) };
        let logged = entry(VISIT, Interaction::Logged(nowhere.clone()));
        let here = || entry(VISIT, Interaction::Corrected(visit(Mode::Remote)));
        let came = folded([logged, entry(VISIT, agreed()), here()]);
        assert_eq!(northwind(&came).open_steps().count(), 1, "agreed while it had none");
        let logged = entry(VISIT, Interaction::Logged(visit(Mode::Remote)));
        let away = entry(VISIT, Interaction::Corrected(nowhere));
        let back = folded([logged, entry(VISIT, agreed()), away, here()]);
        assert_eq!(northwind(&back).open_steps().count(), 1);
    }

    #[test]
    fn a_cut_is_not_unsettled_by_what_happens_at_other_accounts() {
        let mut cut = folded([]).cut(&BTreeSet::from([NORTHWIND]), 0);
        let elsewhere = Details { account: Some(CONTOSO), ..visit(Mode::Remote) };
        cut.fold(&record(100, KIRA, Event::Interaction(CALL, Interaction::Logged(elsewhere))));
        cut.fold(&record(101, KIRA, Event::Interaction(CALL, agreed())));
        assert!(!cut.stale);
        assert_eq!(northwind(&cut).open_steps().count(), 0);
    }
}
