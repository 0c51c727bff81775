//! The two-lane timeline of an account, a contact, a colleague or a unit: everything that happened
//! with them on both fronts, by when it happened, with what led to what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::colleague;
use crate::domain::Event;
use crate::handoff::Party;
use crate::ids::{ColleagueId, EventRef, Slice, StepId, Stream, UnitId};
use crate::interaction::{self, Details, Step};
use crate::personal::Personal;
use crate::record::Record;
use crate::views::view;
use crate::words::{Channel, Front, Occurred, Reason};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    pub position: u64,
    /// Whose timeline it is: an account, a contact, a colleague or a unit.
    pub of: Stream,
    /// By when they occurred, oldest first; at the same moment by position.
    pub entries: Vec<Entry>,
    /// Entries that are older than these and were left out.
    pub earlier: usize,
    /// For a unit: its people as they stand.
    people: BTreeSet<ColleagueId>,
}

/// One thing that happened. An interaction is one entry with its corrections and next steps in it;
/// every step of a handoff is an entry of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub record: Record,
    /// What it was corrected to, oldest first; the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Record>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retracted: Option<Box<Record>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<StepId, NextStep>,
    /// How many events its stream has: what a screen has seen of it.
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextStep {
    pub step: Step,
    /// Whose it is.
    pub owner: ColleagueId,
    pub end: Option<End>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Done,
    Dropped { reason: Option<Reason> },
}

/// What a timeline shows; everything where nothing is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub front: Option<Front>,
    pub channel: Option<Channel>,
    /// A contact, colleague or unit that takes part.
    pub with: Option<Stream>,
    pub slice: Option<Slice>,
    /// Only what has this text in its words, whatever the case.
    pub text: Option<String>,
    /// Only what occurred before this.
    pub before: Option<Occurred>,
}

view!(Timeline);

impl Entry {
    const fn new(record: Record) -> Self {
        let revision = record.revision;
        Self { record, corrections: vec![], retracted: None, steps: BTreeMap::new(), revision }
    }

    pub fn reference(&self) -> EventRef {
        self.record.reference()
    }

    /// The record that holds now: the last correction, or the first word.
    pub fn current(&self) -> &Record {
        self.corrections.last().unwrap_or(&self.record)
    }

    /// When it happened, as far as we know now.
    pub fn occurred(&self) -> Occurred {
        self.current().occurred
    }

    /// The interaction as it holds now.
    pub fn interaction(&self) -> Option<&Details> {
        details(self.current())
    }

    /// On which front it stands. What is recorded about an account or a contact is the client's
    /// front, what about our own people and their work is the internal one.
    pub fn front(&self) -> Front {
        match &self.current().event {
            Event::Interaction(..) => self.interaction().map_or(Front::Client, |details| details.front),
            Event::Account(_, event) => match event {
                crate::account::Event::Designated { .. }
                | crate::account::Event::Assigned { .. }
                | crate::account::Event::Sponsored { .. } => Front::Internal,
                crate::account::Event::Registered { .. }
                | crate::account::Event::Renamed { .. }
                | crate::account::Event::Described(_)
                | crate::account::Event::Linked { .. }
                | crate::account::Event::Closed { .. }
                | crate::account::Event::Reopened { .. } => Front::Client,
            },
            Event::Contact(..) => Front::Client,
            Event::Unit(..) | Event::Colleague(..) | Event::Handoff(..) | Event::Import(..) => Front::Internal,
        }
    }

    pub fn is_late(&self) -> bool {
        self.record.is_late()
    }

    fn order(&self) -> (jiff::Timestamp, u64) {
        (self.occurred().instant(), self.record.position)
    }

    pub fn passes(&self, filter: &Filter) -> bool {
        let details = self.interaction();
        let with = |stream: Stream| {
            let event = &self.current().event;
            Stream::from(self.record.by) == stream || event.stream() == stream || event.mentions().contains(&stream)
        };
        filter.front.is_none_or(|front| self.front() == front)
            && filter.channel.is_none_or(|channel| details.is_some_and(|details| details.channel == Some(channel)))
            && filter.with.is_none_or(with)
            && filter.slice.is_none_or(|slice| self.record.stream().slice == slice)
            && filter.text.as_ref().is_none_or(|text| self.says(text))
            && filter.before.is_none_or(|before| self.occurred().instant() < before.instant())
    }

    fn says(&self, text: &str) -> bool {
        let wanted = text.to_lowercase();
        let words = self.interaction().and_then(|details| details.personal.known());
        let summary = words.map(|words| words.summary.as_str());
        let promise = match &self.current().event {
            Event::Handoff(_, crate::handoff::Event::Offered(offer)) => {
                offer.personal.known().map(|words| words.what.as_str())
            }
            Event::Handoff(..)
            | Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Import(..) => None,
        };
        summary.into_iter().chain(promise).any(|said| said.to_lowercase().contains(&wanted))
    }
}

fn details(record: &Record) -> Option<&Details> {
    match &record.event {
        Event::Interaction(_, interaction::Event::Logged(details) | interaction::Event::Corrected(details)) => {
            Some(details)
        }
        Event::Interaction(
            _,
            interaction::Event::Retracted { .. }
            | interaction::Event::NextStepAgreed(_)
            | interaction::Event::NextStepDone { .. }
            | interaction::Event::NextStepDropped { .. },
        )
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Handoff(..)
        | Event::Import(..) => None,
    }
}

impl Timeline {
    /// An empty timeline of an account, a contact, a colleague or a unit.
    pub const fn new(of: Stream) -> Self {
        Self { position: 0, of, entries: vec![], earlier: 0, people: BTreeSet::new() }
    }

    /// The newest entries that pass a filter, at most this many; how many older ones there are is in
    /// [`Timeline::earlier`].
    pub fn window(mut self, filter: &Filter, most: usize) -> Self {
        self.entries.retain(|entry| entry.passes(filter));
        let over = self.entries.len().saturating_sub(most);
        self.entries.drain(..over);
        self.earlier += over;
        self
    }

    /// Newest first, as people read it.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The entry that an event is part of.
    pub fn entry(&self, event: EventRef) -> Option<&Entry> {
        let of_interaction = event.stream.slice == Slice::Interaction;
        self.entries.iter().find(|entry| {
            entry.record.stream() == event.stream && (of_interaction || entry.record.revision == event.revision)
        })
    }

    /// The accounts and contacts that the entries name.
    pub fn names(&self) -> BTreeSet<Stream> {
        let records = self.entries.iter().flat_map(|entry| std::iter::once(&entry.record).chain(&entry.corrections));
        records.flat_map(|record| record.event.mentions().into_iter().chain([record.stream()])).collect()
    }

    fn take(&mut self, record: &Record) {
        self.follow_people(record);
        let stream = record.stream();
        if let Event::Interaction(_, event) = &record.event {
            // Only a later event of an entry can find one; most records are the first of theirs.
            let known = record.revision > 1;
            let place = known.then(|| self.entries.iter().rposition(|entry| entry.record.stream() == stream)).flatten();
            match (place, event) {
                (Some(place), event) => return self.add_to(place, event, record),
                (None, interaction::Event::Logged(_) | interaction::Event::Corrected(_)) => {}
                (
                    None,
                    interaction::Event::Retracted { .. }
                    | interaction::Event::NextStepAgreed(_)
                    | interaction::Event::NextStepDone { .. }
                    | interaction::Event::NextStepDropped { .. },
                ) => return,
            }
        }
        if self.is_concerned(record) {
            self.insert(Entry::new(record.clone()));
        }
    }

    fn insert(&mut self, entry: Entry) {
        let place = self.entries.partition_point(|one| one.order() <= entry.order());
        self.entries.insert(place, entry);
    }

    fn add_to(&mut self, place: usize, event: &interaction::Event, record: &Record) {
        let Some(entry) = self.entries.get_mut(place) else { return };
        entry.revision = record.revision;
        match event {
            interaction::Event::Logged(_) => {}
            interaction::Event::Corrected(_) => {
                entry.corrections.push(record.clone());
                // The correction may be of the day.
                let entry = self.entries.remove(place);
                self.insert(entry);
            }
            interaction::Event::Retracted { .. } => entry.retracted = Some(Box::new(record.clone())),
            interaction::Event::NextStepAgreed(step) => {
                let owner = step.owner.unwrap_or(record.by);
                entry.steps.insert(step.step, NextStep { step: step.clone(), owner, end: None });
            }
            interaction::Event::NextStepDone { step } => {
                entry.steps.entry(*step).and_modify(|step| step.end = Some(End::Done));
            }
            interaction::Event::NextStepDropped { step, personal } => {
                let reason = personal.known().map(|why| why.reason.clone());
                entry.steps.entry(*step).and_modify(|step| step.end = Some(End::Dropped { reason }));
            }
        }
    }

    fn is_concerned(&self, record: &Record) -> bool {
        let stream = record.stream();
        let mentions = record.event.mentions();
        let acts = matches!(stream.slice, Slice::Interaction | Slice::Handoff);
        let named = |one: Stream| one == self.of || self.has_in_it(one);
        // An answer does not name again whom the offer named.
        let goes_on =
            || stream.slice == Slice::Handoff && self.entries.iter().rev().any(|entry| entry.record.stream() == stream);
        stream == self.of || mentions.iter().any(|one| named(*one)) || (acts && named(record.by.into())) || goes_on()
    }

    /// For a unit: whether this is one of its people.
    fn has_in_it(&self, one: Stream) -> bool {
        one.slice == Slice::Colleague && self.people.contains(&ColleagueId::from_uuid(one.id))
    }

    fn follow_people(&mut self, record: &Record) {
        if self.of.slice != Slice::Unit {
            return;
        }
        let mine = |unit: Option<UnitId>| unit.map(Stream::from) == Some(self.of);
        if let Event::Colleague(id, event) = &record.event {
            match event {
                colleague::Event::Joined { unit, .. } | colleague::Event::Moved { unit } => {
                    if mine(*unit) {
                        self.people.insert(*id);
                    } else if self.people.remove(id) {
                        self.insert(Entry::new(record.clone()));
                    }
                }
                colleague::Event::Left {} => {
                    if self.people.remove(id) {
                        self.insert(Entry::new(record.clone()));
                    }
                }
                colleague::Event::Renamed { .. } | colleague::Event::GivenRole { .. } => {}
            }
        }
    }
}

impl NextStep {
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    pub fn what(&self) -> Option<&str> {
        self.step.personal.known().map(|words| words.what.as_str())
    }
}

/// Everybody of ours in an entry: who logged it and who took part, or who was asked.
pub fn colleagues_in(record: &Record) -> Vec<ColleagueId> {
    let mut colleagues = vec![record.by];
    let named = match &record.event {
        Event::Interaction(..) => details(record).map(|details| details.colleagues.clone()).unwrap_or_default(),
        Event::Handoff(_, crate::handoff::Event::Offered(offer)) => match offer.to {
            Party::Colleague(colleague) => vec![colleague],
            Party::Unit(_) => vec![],
        },
        Event::Handoff(_, crate::handoff::Event::Escalated { to, .. }) => vec![*to],
        Event::Handoff(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Import(..) => vec![],
    };
    colleagues.extend(named.into_iter().filter(|one| *one != record.by));
    colleagues
}

/// What an interaction was about, if it is known.
pub fn words(details: &Details) -> Option<&interaction::Words> {
    Personal::known(&details.personal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Event as Handoff, Offer, Words};
    use crate::interaction::{Event as Interaction, StepWords, Why};
    use crate::testkit::*;
    use crate::views::View;
    use crate::words::Mode;

    fn visit(line: &str) -> Details {
        let contacts = vec![ANNA];
        Details { contacts, mode: Some(Mode::InPerson), ..Details::new(Front::Client, Some(NORTHWIND), summary(line)) }
    }

    fn entry(event: Interaction) -> (ColleagueId, Event) {
        (KIRA, Event::Interaction(VISIT, event))
    }

    fn offered() -> (ColleagueId, Event) {
        let personal = Words { what: promise("Check the customs papers") }.into();
        (
            KIRA,
            Event::Handoff(
                HANDOFF,
                Handoff::Offered(Offer { account: NORTHWIND, to: Party::Unit(LOGISTICS), due: None, personal }),
            ),
        )
    }

    fn folded(of: impl Into<Stream>, facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Timeline {
        let mut timeline = Timeline::new(of.into());
        for record in history(company().into_iter().chain(facts)) {
            timeline.fold(&record);
        }
        timeline
    }

    fn interactions(timeline: &Timeline) -> usize {
        timeline.entries.iter().filter(|entry| entry.interaction().is_some()).count()
    }

    #[test]
    fn an_interaction_is_seen_on_the_account_and_on_every_person_and_unit_in_it() {
        let logged = || [entry(Interaction::Logged(visit("Walked the warehouse")))];
        let everywhere: [Stream; 4] = [NORTHWIND.into(), ANNA.into(), KIRA.into(), SALES.into()];
        for of in everywhere {
            assert_eq!(interactions(&folded(of, logged())), 1, "{of}");
        }
        let nowhere: [Stream; 3] = [CONTOSO.into(), BORIS.into(), LOGISTICS.into()];
        for of in nowhere {
            assert_eq!(interactions(&folded(of, logged())), 0, "{of}");
        }
    }

    #[test]
    fn the_answer_to_a_handoff_is_seen_where_the_offer_is() {
        let facts = || [offered(), (LEV, Event::Handoff(HANDOFF, Handoff::Accepted {}))];
        for of in [Stream::from(NORTHWIND), KIRA.into(), LOGISTICS.into()] {
            let timeline = folded(of, facts());
            let steps = timeline.entries.iter().filter(|entry| entry.record.stream().slice == Slice::Handoff);
            assert_eq!(steps.count(), 2, "{of}");
        }
    }

    #[test]
    fn a_correction_shows_what_it_corrected_and_a_retraction_stays_visible() {
        let timeline = folded(
            NORTHWIND,
            [
                entry(Interaction::Logged(visit("Walked the warehouse"))),
                entry(Interaction::Corrected(visit("Walked both warehouses"))),
                entry(Interaction::Retracted { personal: Why { reason: reason("Wrong day") }.into() }),
            ],
        );
        let entry = timeline.entry(Stream::from(VISIT).first()).unwrap();
        let said = |record| details(record).and_then(words).map(|words| words.summary.to_string());
        assert_eq!(said(entry.current()).as_deref(), Some("Walked both warehouses"));
        assert_eq!(said(&entry.record).as_deref(), Some("Walked the warehouse"));
        assert!(entry.retracted.is_some());
    }

    #[test]
    fn entries_stand_by_when_they_occurred_and_a_correction_of_the_day_moves_one() {
        let mut timeline = Timeline::new(NORTHWIND.into());
        let on = |position, revision, id, day: &str, event| Record {
            occurred: Occurred::On(day.parse().unwrap()),
            revision,
            ..record(position, KIRA, Event::Interaction(id, event))
        };
        timeline.fold(&on(1, 1, VISIT, "2026-05-20", Interaction::Logged(visit("Visit"))));
        timeline.fold(&on(2, 1, CALL, "2026-05-10", Interaction::Logged(visit("Call, written down later"))));
        let order =
            |timeline: &Timeline| timeline.entries.iter().map(|entry| entry.record.position).collect::<Vec<_>>();
        assert_eq!(order(&timeline), [2, 1]);
        assert!(timeline.entries.iter().all(Entry::is_late));
        timeline.fold(&on(3, 2, CALL, "2026-05-30", Interaction::Corrected(visit("Call"))));
        assert_eq!(order(&timeline), [1, 2]);
    }

    #[test]
    fn a_next_step_lives_in_its_entry() {
        let step =
            Step { step: STEP, owner: None, due: None, personal: StepWords { what: promise("Send the plan") }.into() };
        let logged = entry(Interaction::Logged(visit("Visit")));
        let timeline = folded(NORTHWIND, [logged, entry(Interaction::NextStepAgreed(step))]);
        let next = timeline.entry(Stream::from(VISIT).first()).unwrap().steps.get(&STEP).unwrap();
        assert_eq!((next.owner, next.what(), next.is_open()), (KIRA, Some("Send the plan"), true));
    }

    #[test]
    fn a_window_is_the_newest_part_and_says_what_it_leaves_out() {
        let facts = [entry(Interaction::Logged(visit("Walked the warehouse"))), offered()];
        let whole = folded(NORTHWIND, facts);
        let window = whole.clone().window(&Filter::default(), 1);
        assert_eq!((window.entries.len(), window.earlier), (1, whole.entries.len() - 1));
        let internal = whole.clone().window(&Filter { slice: Some(Slice::Handoff), ..Filter::default() }, 10);
        assert_eq!(internal.entries.len(), 1);
        let said = whole.window(&Filter { text: Some("WAREHOUSE".into()), ..Filter::default() }, 10);
        assert_eq!(said.entries.len(), 1);
    }
}
