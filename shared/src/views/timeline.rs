//! The two-lane timeline of an account, a contact, a colleague or a unit: everything that happened
//! with them on both fronts, by when it happened, with what led to what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Event;
use crate::handoff::Offer;
use crate::ids::{ColleagueId, ContactId, EventRef, HandoffId, InteractionId, Slice, StepId, Stream, UnitId};
use crate::interaction::{self, Details, Step};
use crate::record::Record;
use crate::views::stays::{Moment, Stays};
use crate::views::{Directory, view};
use crate::words::{Channel, Front, Occurred, Reason};
use crate::{account, colleague, contact, handoff};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    pub position: u64,
    /// Whose timeline it is: an account, a contact, a colleague or a unit.
    pub of: Stream,
    /// By when they occurred, oldest first; at the same moment by position.
    pub entries: Vec<Box<Entry>>,
    /// How many entries are known that are older than these and were left out; there may be more, but not where it is 0.
    pub earlier: usize,
    /// How many are known that are newer than these and were left out.
    pub later: usize,
    /// Something happened that this part of the timeline cannot show truly: ask the server again.
    pub stale: bool,
    /// Of a part: what it shows.
    window: Option<Window>,
    /// For a unit: who was when in it, or elsewhere.
    people: BTreeMap<ColleagueId, Stays>,
    /// For an account: the contacts that have to do with it, as they stand.
    contacts: BTreeMap<ContactId, Tie>,
    /// What is needed to go on with a handoff.
    handoffs: BTreeMap<HandoffId, Going>,
    /// Of a part: the handoffs that go on and stand here, but not in what it shows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    elsewhere: BTreeSet<HandoffId>,
    /// Interactions that were read and do not stand here: a correction may bring them (back).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    apart: BTreeMap<InteractionId, Box<Entry>>,
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
    /// Of a step of a handoff: the offer that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answers: Option<Box<Offer>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextStep {
    pub step: Step,
    /// Whose it is; `None` where an import brought it and nobody of ours was named.
    pub owner: Option<ColleagueId>,
    pub end: Option<End>,
}

/// The part of a timeline that a page shows. What stands outside of it is counted, not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Window {
    filter: Filter,
    /// What is older was left out.
    from: Option<Cursor>,
    /// This and what is newer was left out.
    until: Option<Cursor>,
}

/// How far the records reach that a timeline was folded from, where they are not all that concern it:
/// of the entries between these, none is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// What is recorded after this is news to it.
    pub position: u64,
    /// Older ones than this may be missing; `None` where none is.
    pub from: Option<Cursor>,
    /// This and newer ones may be missing; `None` where none is.
    pub until: Option<Cursor>,
    /// The handoffs that concern it and go on, of which not everything was read.
    pub open: BTreeSet<HandoffId>,
}

/// How a contact has to do with an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tie {
    works_here: bool,
    associated: bool,
}

/// A handoff as it goes on. An answer does not name again whom the offer named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Going {
    offer: Option<Box<Offer>>,
    /// Some step of it concerns whom the timeline is of, so that all of it stands here.
    is_here: bool,
    has_ended: bool,
    /// Its steps until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apart: Vec<Entry>,
}

/// A place in a timeline: what comes before it is older. In an address `2026-06-01,123`, because what
/// happened at the same moment stands by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub occurred: Occurred,
    pub position: u64,
}

impl Cursor {
    /// Reads what an address holds; a day or moment alone stands before everything at it.
    pub fn parse(text: &str) -> Option<Self> {
        let (occurred, position) = text.split_once(',').unwrap_or((text, "0"));
        Some(Self { occurred: Occurred::parse(occurred)?, position: position.parse().ok()? })
    }

    /// By which entries stand in order.
    pub fn order(self) -> (jiff::Timestamp, u64) {
        (self.occurred.instant(), self.position)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.occurred, self.position)
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("“{text}” is no place in a timeline")))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Done,
    Dropped { reason: Option<Reason> },
}

/// What a timeline shows; everything where nothing is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    pub front: Option<Front>,
    pub channel: Option<Channel>,
    /// A contact, colleague or unit that takes part.
    pub with: Option<Stream>,
    /// Of a unit that takes part: its people, see [`Filter::as_of`].
    pub people: BTreeSet<ColleagueId>,
    pub slice: Option<Slice>,
    /// Only what has this text in its words, whatever the case.
    pub text: Option<String>,
    /// Only what stands before this.
    pub before: Option<Cursor>,
    /// The part around this event's entry.
    pub at: Option<EventRef>,
}

view!(Timeline);

impl Filter {
    /// A unit takes part where one of its people does, as they stand now.
    #[must_use]
    pub fn as_of(mut self, directory: &Directory) -> Self {
        let unit = self.with.filter(|with| with.slice == Slice::Unit).map(|with| UnitId::from_uuid(with.id));
        let people = directory.colleagues.iter().filter(|(_, colleague)| unit.is_some() && colleague.unit == unit);
        self.people = people.map(|(id, _)| *id).collect();
        self
    }

    /// Whether it leaves out entries between others; a part of the timeline has all of its entries.
    pub fn narrows(&self) -> bool {
        let Self { front, channel, with, people: _, slice, text, before: _, at: _ } = self;
        front.is_some() || channel.is_some() || with.is_some() || slice.is_some() || text.is_some()
    }
}

impl Entry {
    /// Whether a next step of it can still be done or dropped: what is retracted takes its own with it.
    pub const fn can_settle(&self, step: &NextStep) -> bool {
        step.is_open() && self.retracted.is_none()
    }

    fn new(record: Record) -> Box<Self> {
        let revision = record.revision;
        Box::new(Self { record, corrections: vec![], retracted: None, steps: BTreeMap::new(), revision, answers: None })
    }

    pub fn reference(&self) -> EventRef {
        self.record.reference()
    }

    /// The handoff that it is a step of.
    fn handoff(&self) -> Option<HandoffId> {
        let stream = self.record.stream();
        (stream.slice == Slice::Handoff).then(|| HandoffId::from_uuid(stream.id))
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

    /// Of a step of a handoff: what was asked, of whom, and by when.
    pub fn offer(&self) -> Option<&Offer> {
        match &self.record.event {
            Event::Handoff(_, handoff::Event::Offered(offer)) => Some(offer),
            Event::Handoff(..)
            | Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Import(..) => self.answers.as_deref(),
        }
    }

    /// Our people in an interaction: who logged it stays who logged it, whoever corrected it.
    pub fn colleagues(&self) -> Vec<ColleagueId> {
        let author = self.record.author();
        let named = self.interaction().map_or(&[][..], |details| &details.colleagues).iter().copied();
        author.into_iter().chain(named.filter(|one| Some(*one) != author)).collect()
    }

    /// Whose an interaction is to correct and to retract, besides whoever leads: see `policy::may`.
    pub fn whose(&self) -> Vec<ColleagueId> {
        let records = std::iter::once(&self.record).chain(&self.corrections);
        let imported = records.filter(|record| record.batch.is_some()).filter_map(details);
        std::iter::once(self.record.by).chain(imported.flat_map(|details| details.colleagues.iter().copied())).collect()
    }

    /// Everybody and everything that takes part in it.
    fn parties(&self) -> Vec<Stream> {
        let mut parties = self.current().event.mentions();
        match self.record.stream().slice {
            // An interaction is a thing of those who are in it.
            Slice::Interaction => parties.extend(self.record.author().map(Stream::from)),
            Slice::Handoff => {
                parties.push(self.record.by.into());
                parties.extend(self.offer().map(|offer| Stream::from(offer.to)));
            }
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Import => {
                parties.extend([self.record.by.into(), self.record.stream()]);
            }
        }
        parties
    }

    /// The accounts, contacts and others that it names.
    pub fn names(&self) -> impl Iterator<Item = Stream> {
        let records = std::iter::once(&self.record).chain(&self.corrections);
        let asked = self.offer().map(|offer| offer.account.into());
        records.flat_map(|record| record.event.mentions().into_iter().chain([record.stream()])).chain(asked)
    }

    /// On which front it stands. What is recorded about an account or a contact is the client's
    /// front, what about our own people and their work is the internal one.
    pub fn front(&self) -> Front {
        match &self.current().event {
            Event::Interaction(..) => self.interaction().map_or(Front::Client, |details| details.front),
            Event::Account(_, event) => match event {
                account::Event::Designated { .. }
                | account::Event::Assigned { .. }
                | account::Event::Sponsored { .. } => Front::Internal,
                account::Event::Registered { .. }
                | account::Event::Renamed { .. }
                | account::Event::Described(_)
                | account::Event::Linked { .. }
                | account::Event::Closed { .. }
                | account::Event::Reopened { .. } => Front::Client,
            },
            Event::Contact(..) => Front::Client,
            Event::Unit(..) | Event::Colleague(..) | Event::Handoff(..) | Event::Import(..) => Front::Internal,
        }
    }

    pub fn is_late(&self) -> bool {
        self.record.is_late()
    }

    fn order(&self) -> (jiff::Timestamp, u64) {
        self.cursor().order()
    }

    fn cursor(&self) -> Cursor {
        Cursor { occurred: self.occurred(), position: self.record.position }
    }

    fn passes(&self, filter: &Filter) -> bool {
        let details = self.interaction();
        let with = |stream: Stream| {
            let is_of_unit =
                |one: &Stream| one.slice == Slice::Colleague && filter.people.contains(&ColleagueId::from_uuid(one.id));
            self.parties().iter().any(|one| *one == stream || is_of_unit(one))
        };
        filter.front.is_none_or(|front| self.front() == front)
            && filter.channel.is_none_or(|channel| details.is_some_and(|details| details.channel == Some(channel)))
            && filter.with.is_none_or(with)
            && filter.slice.is_none_or(|slice| self.record.stream().slice == slice)
            && filter.text.as_ref().is_none_or(|text| self.says(text))
    }

    fn says(&self, text: &str) -> bool {
        let steps = self.steps.values().flat_map(|step| {
            let dropped = match &step.end {
                Some(End::Dropped { reason }) => reason.as_ref().map(Reason::as_str),
                Some(End::Done) | None => None,
            };
            step.what().into_iter().chain(dropped)
        });
        let retraction = self.retracted.iter().flat_map(|record| words_of(&record.event));
        let asked = self.offer().and_then(|offer| offer.personal.known()).map(|words| words.what.as_str());
        let said = words_of(&self.current().event).into_iter().chain(asked).chain(steps).chain(retraction);
        contains(said, text)
    }

    /// Reads what came after the first event of an interaction.
    fn add(&mut self, event: &interaction::Event, record: &Record) {
        self.revision = record.revision;
        match event {
            interaction::Event::Logged(_) => {}
            interaction::Event::Corrected(_) => self.corrections.push(record.clone()),
            interaction::Event::Retracted { .. } => self.retracted = Some(Box::new(record.clone())),
            interaction::Event::NextStepAgreed(step) => {
                let owner = step.owner.or_else(|| record.author());
                self.steps.insert(step.step, NextStep { step: step.clone(), owner, end: None });
            }
            interaction::Event::NextStepDone { step } => {
                self.steps.entry(*step).and_modify(|step| step.end = Some(End::Done));
            }
            interaction::Event::NextStepDropped { step, personal } => {
                let reason = personal.known().map(|why| why.reason.clone());
                self.steps.entry(*step).and_modify(|step| step.end = Some(End::Dropped { reason }));
            }
        }
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

/// What people wrote in an event.
fn words_of(event: &Event) -> Vec<&str> {
    fn why(reason: &Reason) -> Vec<&str> {
        vec![reason.as_str()]
    }
    let known = match event {
        Event::Interaction(_, event) => match event {
            interaction::Event::Logged(details) | interaction::Event::Corrected(details) => {
                details.personal.known().map(|words| {
                    std::iter::once(words.summary.as_str()).chain(words.place.as_ref().map(|at| at.as_str())).collect()
                })
            }
            interaction::Event::Retracted { personal } | interaction::Event::NextStepDropped { personal, .. } => {
                personal.known().map(|said| why(&said.reason))
            }
            interaction::Event::NextStepAgreed(step) => step.personal.known().map(|words| vec![words.what.as_str()]),
            interaction::Event::NextStepDone { .. } => None,
        },
        Event::Handoff(_, event) => match event {
            handoff::Event::Offered(offer) => offer.personal.known().map(|words| vec![words.what.as_str()]),
            handoff::Event::Declined { personal }
            | handoff::Event::Returned { personal }
            | handoff::Event::Escalated { personal, .. }
            | handoff::Event::Withdrawn { personal } => personal.known().map(|said| why(&said.reason)),
            handoff::Event::Completed { personal } => personal.known().map(|outcome| why(&outcome.result)),
            handoff::Event::Accepted {} => None,
        },
        Event::Account(_, event) => match event {
            account::Event::Designated { personal, .. }
            | account::Event::Closed { personal }
            | account::Event::Reopened { personal } => personal.known().map(|said| why(&said.reason)),
            account::Event::Registered { name } | account::Event::Renamed { name } => Some(vec![name.as_str()]),
            account::Event::Described(_)
            | account::Event::Assigned { .. }
            | account::Event::Sponsored { .. }
            | account::Event::Linked { .. } => None,
        },
        Event::Unit(..) | Event::Colleague(..) | Event::Contact(..) | Event::Import(..) => None,
    };
    known.unwrap_or_default()
}

fn contains<'a>(said: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let wanted = text.to_lowercase();
    said.into_iter().any(|said| said.to_lowercase().contains(&wanted))
}

impl Timeline {
    /// An empty timeline of an account, a contact, a colleague or a unit.
    pub const fn new(of: Stream) -> Self {
        Self {
            position: 0,
            of,
            entries: vec![],
            earlier: 0,
            later: 0,
            stale: false,
            window: None,
            people: BTreeMap::new(),
            contacts: BTreeMap::new(),
            handoffs: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            apart: BTreeMap::new(),
        }
    }

    /// The newest entries that pass a filter, or those around one or before another, at most this many. It
    /// goes on as the whole does, or says that it cannot: [`Timeline::stale`].
    #[must_use]
    pub fn window(mut self, filter: Filter, most: usize) -> Self {
        self.entries.retain(|entry| entry.passes(&filter));
        let shown = self.shown(&filter, most);
        self.cut(filter, shown)
    }

    /// [`Timeline::window`] of what was folded from an excerpt of the records. `None` where it does not reach
    /// far enough to tell what the window holds, and whether anything is left out before it.
    #[must_use]
    pub fn excerpt(mut self, filter: Filter, most: usize, reach: Reach) -> Option<Self> {
        self.position = self.position.max(reach.position);
        let is_reached = |entry: &Entry| {
            let order = entry.order();
            reach.from.is_none_or(|from| from.order() <= order) && reach.until.is_none_or(|until| order < until.order())
        };
        self.entries.retain(|entry| is_reached(entry) && entry.passes(&filter));
        let shown = self.shown(&filter, most);
        self.elsewhere = reach.open;
        (reach.from.is_none() || shown.start > 0).then(|| self.cut(filter, shown))
    }

    /// Which of the entries a window shows.
    fn shown(&self, filter: &Filter, most: usize) -> Range<usize> {
        let all = self.entries.len();
        let around = filter.at.and_then(|at| self.place_of(at)).map(|place| place + most / 2 + 1);
        let end = match (filter.before, around) {
            (Some(before), _) => self.entries.partition_point(|entry| entry.order() < before.order()),
            (None, Some(around)) => around.max(most).min(all),
            (None, None) => all,
        };
        end.saturating_sub(most)..end
    }

    fn cut(mut self, filter: Filter, shown: Range<usize>) -> Self {
        self.apart.clear();
        self.people.retain(|_, stays| stays.units().any(|unit| Stream::from(unit) == self.of));
        let Range { start, end } = shown;
        let cursor_at = |place: usize| self.entries.get(place).map(|entry| entry.cursor());
        let (from, until) = (cursor_at(start).filter(|_| start > 0), filter.before.or_else(|| cursor_at(end)));
        self.earlier += start;
        self.later += self.entries.len() - end;
        self.entries.truncate(end);
        self.entries.drain(..start);
        let is_shown: BTreeSet<HandoffId> = self.entries.iter().filter_map(|entry| entry.handoff()).collect();
        self.handoffs.retain(|_, handoff| handoff.is_here && !handoff.has_ended);
        self.elsewhere.extend(self.handoffs.keys());
        self.elsewhere.retain(|handoff| !is_shown.contains(handoff));
        self.handoffs.retain(|handoff, _| is_shown.contains(handoff));
        self.window = Some(Window { filter, from, until });
        self
    }

    /// From where to look further back, where something was left out.
    pub fn cursor(&self) -> Option<Cursor> {
        self.window.as_ref()?.from.filter(|_| self.earlier > 0)
    }

    /// Newest first, as people read it.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev().map(|entry| &**entry)
    }

    /// The entry that an event is part of.
    pub fn entry(&self, event: EventRef) -> Option<&Entry> {
        self.entries.get(self.place_of(event)?).map(|entry| &**entry)
    }

    fn place_of(&self, event: EventRef) -> Option<usize> {
        let of_interaction = event.stream.slice == Slice::Interaction;
        self.entries.iter().rposition(|entry| {
            entry.record.stream() == event.stream && (of_interaction || entry.record.revision == event.revision)
        })
    }

    /// The accounts and contacts that the entries name.
    pub fn names(&self) -> BTreeSet<Stream> {
        self.entries.iter().flat_map(|entry| entry.names()).collect()
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Interaction(id, event) => self.take_interaction(*id, event, record),
            Event::Handoff(id, event) => self.take_handoff(*id, event, record),
            Event::Colleague(id, event) => {
                let has_left = self.follow_colleague(*id, event, record);
                self.take_plain(record, has_left);
            }
            Event::Contact(id, event) => {
                let of_ours = self.follow_contact(*id, event);
                self.take_plain(record, of_ours);
            }
            Event::Unit(..) | Event::Account(..) | Event::Import(..) => self.take_plain(record, false),
        }
    }

    /// Reads what is an entry by itself.
    fn take_plain(&mut self, record: &Record, is_news_here: bool) {
        if is_news_here || record.stream() == self.of || self.is_named_in(record) {
            self.insert(Entry::new(record.clone()));
        }
    }

    fn take_interaction(&mut self, id: InteractionId, event: &interaction::Event, record: &Record) {
        let place = if record.revision > 1 { self.place_of(record.reference()) } else { None };
        if let Some(place) = place {
            if let interaction::Event::Corrected(_) = event {
                // The correction may be of the day, or of whom it was with.
                let entry = self.entries.remove(place);
                return self.correct(id, entry, event, record);
            }
            if let Some(entry) = self.entries.get_mut(place) {
                entry.add(event, record);
            }
            return;
        }
        if let Some(mut entry) = self.apart.remove(&id) {
            if let interaction::Event::Corrected(_) = event {
                return self.correct(id, entry, event, record);
            }
            entry.add(event, record);
            self.apart.insert(id, entry);
            return;
        }
        match event {
            interaction::Event::Logged(_) => {
                self.put(id, Entry::new(record.clone()));
            }
            interaction::Event::Corrected(_) => self.stale |= self.may_come(record),
            interaction::Event::Retracted { .. }
            | interaction::Event::NextStepAgreed(_)
            | interaction::Event::NextStepDone { .. }
            | interaction::Event::NextStepDropped { .. } => {
                // It may pass now who looks for these words.
                let wanted = self.window.as_ref().and_then(|window| window.filter.text.as_deref());
                self.stale |= wanted.is_some_and(|text| contains(words_of(&record.event), text));
            }
        }
    }

    fn correct(&mut self, id: InteractionId, mut entry: Box<Entry>, event: &interaction::Event, record: &Record) {
        entry.add(event, record);
        self.put(id, entry);
    }

    /// Puts an interaction where it belongs. Of a part, what is not here is not kept.
    fn put(&mut self, id: InteractionId, entry: Box<Entry>) {
        let is_here = match self.of.slice {
            Slice::Unit => {
                let moment = Moment::of(entry.current(), entry.record.position);
                entry.colleagues().into_iter().any(|one| self.is_among_us(one, moment))
            }
            Slice::Interaction => entry.record.stream() == self.of,
            Slice::Account | Slice::Contact | Slice::Colleague | Slice::Handoff | Slice::Import => {
                entry.parties().contains(&self.of)
            }
        };
        if is_here {
            self.insert(entry);
        } else if self.window.is_none() {
            self.apart.insert(id, entry);
        }
    }

    /// Whether a correction of an entry that this part never saw may make it stand in it.
    fn may_come(&self, record: &Record) -> bool {
        let Some(window) = &self.window else { return false };
        let at = record.occurred.instant();
        let is_within = window.from.is_none_or(|from| from.occurred.instant() <= at)
            && window.until.is_none_or(|until| at <= until.occurred.instant());
        // Who logged it is not known.
        let may_be_ours = matches!(self.of.slice, Slice::Colleague | Slice::Unit);
        is_within && (may_be_ours || self.is_named_in(record))
    }

    fn take_handoff(&mut self, id: HandoffId, event: &handoff::Event, record: &Record) {
        if self.elsewhere.contains(&id) {
            // What was asked is not known here.
            self.stale = true;
            return;
        }
        let acts = self.is_ours(record.by.into(), Moment::of(record, record.position));
        let concerns = acts || record.stream() == self.of || self.is_named_in(record);
        if self.window.is_some() && !self.handoffs.contains_key(&id) {
            if !concerns {
                return;
            }
            // All of it stands here from now on.
            if record.revision > 1 {
                self.stale = true;
                return;
            }
        }
        let handoff = self.handoffs.entry(id).or_default();
        let mut entry = Entry::new(record.clone());
        match event {
            handoff::Event::Offered(offer) => handoff.offer = Some(Box::new(offer.clone())),
            handoff::Event::Accepted {}
            | handoff::Event::Declined { .. }
            | handoff::Event::Returned { .. }
            | handoff::Event::Completed { .. }
            | handoff::Event::Escalated { .. }
            | handoff::Event::Withdrawn { .. } => entry.answers.clone_from(&handoff.offer),
        }
        handoff.is_here |= concerns;
        handoff.has_ended = matches!(event, handoff::Event::Completed { .. } | handoff::Event::Withdrawn { .. });
        if !handoff.is_here {
            handoff.apart.push(*entry);
            return;
        }
        for before in std::mem::take(&mut handoff.apart) {
            self.insert(Box::new(before));
        }
        self.insert(entry);
    }

    fn insert(&mut self, entry: Box<Entry>) {
        let order = entry.order();
        if let Some(window) = &self.window {
            if !entry.passes(&window.filter) {
                return;
            }
            if window.from.is_some_and(|from| order < from.order()) {
                self.earlier += 1;
                return;
            }
            if window.until.is_some_and(|until| order >= until.order()) {
                self.later += 1;
                return;
            }
        }
        let place = self.entries.partition_point(|one| one.order() <= order);
        self.entries.insert(place, entry);
    }

    fn is_named_in(&self, record: &Record) -> bool {
        let moment = Moment::of(record, record.position);
        record.event.mentions().into_iter().any(|one| self.is_ours(one, moment))
    }

    /// Whether this is whom the timeline is of or, for a unit, one of its people as of the day.
    fn is_ours(&self, one: Stream, moment: Moment) -> bool {
        one == self.of || one.slice == Slice::Colleague && self.is_among_us(ColleagueId::from_uuid(one.id), moment)
    }

    /// Whether somebody was in the unit that the timeline is of.
    fn is_among_us(&self, one: ColleagueId, moment: Moment) -> bool {
        self.people.get(&one).and_then(|stays| stays.at(moment)).map(Stream::from) == Some(self.of)
    }

    /// Keeps who was when in which unit; whether this colleague has just gone from this one.
    fn follow_colleague(&mut self, id: ColleagueId, event: &colleague::Event, record: &Record) -> bool {
        if self.of.slice != Slice::Unit {
            return false;
        }
        let of = self.of;
        let is_here = |stays: &Stays| stays.now().map(Stream::from) == Some(of);
        if self.window.is_some() && !self.people.contains_key(&id) {
            let mut fresh = Stays::default();
            fresh.follow(event, record);
            if is_here(&fresh) {
                // Where they were before, a part does not know.
                self.stale |= record.revision > 1;
                self.people.insert(id, fresh);
            }
            return false;
        }
        let stays = self.people.entry(id).or_default();
        let was_here = is_here(stays);
        stays.follow(event, record);
        was_here && !is_here(stays)
    }

    /// Keeps who has to do with an account; whether this event of a contact is news of one of them.
    fn follow_contact(&mut self, id: ContactId, event: &contact::Event) -> bool {
        if self.of.slice != Slice::Account {
            return false;
        }
        let is_here = |account: Option<crate::ids::AccountId>| account.map(Stream::from) == Some(self.of);
        let before = self.contacts.get(&id).copied();
        let mut tie = before.unwrap_or_default();
        match event {
            contact::Event::Introduced { account, .. } => tie.works_here = is_here(*account),
            contact::Event::Moved { account } => tie.works_here = is_here(Some(*account)),
            contact::Event::Associated { account } => tie.associated |= is_here(Some(*account)),
            contact::Event::Mapped(_) | contact::Event::Left {} => {}
            // How to reach somebody is told on their own page.
            contact::Event::Described { .. } => return false,
        }
        if tie == Tie::default() {
            self.contacts.remove(&id);
        } else {
            self.contacts.insert(id, tie);
        }
        before.is_some()
    }
}

impl NextStep {
    /// Neither done nor dropped; whether somebody can do it, its entry says: [`Entry::can_settle`].
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    pub fn what(&self) -> Option<&str> {
        self.step.personal.known().map(|words| words.what.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::{Event as Handoff, Offer, Party, Words};
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
        let said =
            |record| details(record).and_then(|said| said.personal.known()).map(|words| words.summary.to_string());
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
        assert!(timeline.entries.iter().all(|entry| entry.is_late()));
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
        assert_eq!((next.owner, next.what(), next.is_open()), (Some(KIRA), Some("Send the plan"), true));
    }

    fn correct(details: Details) -> (ColleagueId, Event) {
        (ADA, Event::Interaction(VISIT, Interaction::Corrected(details)))
    }

    fn agreed() -> (ColleagueId, Event) {
        let personal = StepWords { what: promise("Send the plan") }.into();
        entry(Interaction::NextStepAgreed(Step { step: STEP, owner: None, due: None, personal }))
    }

    #[test]
    fn whom_a_correction_newly_names_sees_the_whole_entry() {
        let facts = || {
            let elsewhere = Details { account: Some(CONTOSO), contacts: vec![], ..visit("Walked the warehouse") };
            let named = Details { colleagues: vec![LEV], ..visit("Walked both warehouses") };
            [entry(Interaction::Logged(elsewhere)), agreed(), correct(named)]
        };
        let everywhere: [Stream; 4] = [NORTHWIND.into(), ANNA.into(), LEV.into(), LOGISTICS.into()];
        for of in everywhere {
            let timeline = folded(of, facts());
            let entry = timeline.entry(Stream::from(VISIT).first()).unwrap_or_else(|| panic!("{of}"));
            assert_eq!((entry.record.by, entry.corrections.len(), entry.steps.len()), (KIRA, 1, 1), "{of}");
        }
        assert_eq!(interactions(&folded(CONTOSO, facts())), 0, "it is not theirs any more");
        assert_eq!(interactions(&folded(ADA, facts())), 0, "who corrects an entry took no part in it");
    }

    #[test]
    fn an_entry_that_was_corrected_away_comes_back_whole() {
        let elsewhere = || Details { account: Some(CONTOSO), ..visit("Visit") };
        let logged = entry(Interaction::Logged(visit("Visit")));
        let back = folded(NORTHWIND, [logged, correct(elsewhere()), agreed(), correct(visit("Visit again"))]);
        let entry = back.entry(Stream::from(VISIT).first()).unwrap();
        assert_eq!((entry.corrections.len(), entry.steps.len(), entry.revision), (2, 1, 4));
    }

    #[test]
    fn a_unit_keeps_what_its_people_did_while_they_were_in_it() {
        let moved = || (ADA, Event::Colleague(KIRA, colleague::Event::Moved { unit: Some(LOGISTICS) }));
        let logged = || entry(Interaction::Logged(visit("Visit")));
        let facts = || [logged(), moved(), correct(visit("Longer visit"))];
        assert_eq!(interactions(&folded(SALES, facts())), 1);
        assert_eq!(interactions(&folded(LOGISTICS, facts())), 0, "she came later");
    }

    #[test]
    fn what_is_written_down_late_stands_with_the_unit_as_of_the_day() {
        let days = |days: i64| NOON.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        let seen = |of: UnitId, occurred: i64, correction: Option<i64>| {
            let mut timeline = Timeline::new(of.into());
            history(company()).iter().for_each(|record| timeline.fold(record));
            let moved = Event::Colleague(KIRA, colleague::Event::Moved { unit: Some(LOGISTICS) });
            timeline.fold(&Record { recorded: days(2), revision: 2, ..record(80, ADA, moved) });
            let visits = std::iter::once((Interaction::Logged(visit("Visit")), occurred))
                .chain(correction.map(|occurred| (Interaction::Corrected(visit("Visit")), occurred)));
            for (position, (event, occurred)) in (90..).zip(visits) {
                let told = record(position, KIRA, Event::Interaction(VISIT, event));
                let (occurred, revision) = (Occurred::At(days(occurred)), position - 89);
                timeline.fold(&Record { recorded: days(9), occurred, revision, ..told });
            }
            interactions(&timeline)
        };
        assert_eq!((seen(SALES, 1, None), seen(LOGISTICS, 1, None)), (1, 0));
        assert_eq!((seen(SALES, 3, None), seen(LOGISTICS, 3, None)), (0, 1));
        assert_eq!((seen(SALES, -900, None), seen(LOGISTICS, -900, None)), (1, 0), "before she came to us");
        assert_eq!((seen(SALES, 3, Some(1)), seen(LOGISTICS, 3, Some(1))), (1, 0), "it was another day");
    }

    #[test]
    fn who_runs_an_import_took_no_part_in_what_it_brought() {
        let mut records = history(company());
        let details = Details { colleagues: vec![LEV], ..visit("Visit") };
        for (position, event) in [(90, Interaction::Logged(details)), (91, step(None))] {
            let event = Event::Interaction(VISIT, event);
            let revision = position - 89;
            records.push(Record { batch: Some(BATCH), revision, ..record(position, KIRA, event) });
        }
        let seen = |of: Stream| {
            let mut timeline = Timeline::new(of);
            records.iter().for_each(|record| timeline.fold(record));
            timeline
        };
        for of in [Stream::from(KIRA), SALES.into()] {
            assert_eq!(interactions(&seen(of)), 0, "{of}");
        }
        for of in [Stream::from(NORTHWIND), LEV.into(), LOGISTICS.into()] {
            let timeline = seen(of);
            let entry = timeline.entry(Stream::from(VISIT).first()).unwrap();
            assert_eq!(entry.colleagues(), [LEV], "{of}");
            assert_eq!(entry.steps.get(&STEP).and_then(|step| step.owner), None, "nobody's promise");
        }
    }

    fn step(owner: Option<ColleagueId>) -> Interaction {
        let personal = StepWords { what: promise("Send the plan") }.into();
        Interaction::NextStepAgreed(Step { step: STEP, owner, due: None, personal })
    }

    #[test]
    fn whom_a_handoff_is_escalated_to_sees_what_was_asked() {
        let escalated = Handoff::Escalated {
            to: ADA,
            personal: handoff::Why { reason: reason("Three days without an answer") }.into(),
        };
        let timeline = folded(ADA, [offered(), (KIRA, Event::Handoff(HANDOFF, escalated))]);
        let steps: Vec<_> = timeline.entries.iter().filter(|entry| entry.offer().is_some()).collect();
        assert_eq!(steps.len(), 2, "the offer and the escalation");
        assert!(steps.iter().all(|step| step.offer().is_some_and(|offer| offer.account == NORTHWIND)));
    }

    #[test]
    fn an_account_sees_its_contacts_leave_move_and_find_their_place() {
        let contact = |event| (KIRA, Event::Contact(ANNA, event));
        let mapped = contact::Event::Mapped(contact::Place::default());
        let facts = [
            contact(mapped.clone()),
            contact(contact::Event::Left {}),
            contact(contact::Event::Moved { account: CONTOSO }),
            contact(mapped),
        ];
        let of_anna = |of: Stream| {
            let timeline = folded(of, facts.clone());
            timeline.entries.iter().filter(|entry| entry.record.stream() == ANNA.into()).count()
        };
        assert_eq!(of_anna(NORTHWIND.into()), 4, "introduced, mapped, left, moved away");
        assert_eq!(of_anna(CONTOSO.into()), 2, "came, and mapped there");
    }

    /// Entries of one and the same day, as an import brings them.
    fn of_one_day(many: u64) -> Timeline {
        let mut timeline = Timeline::new(NORTHWIND.into());
        for position in 1..=many {
            let id = InteractionId::from_uuid(uuid::Uuid::from_u128(u128::from(position)));
            let event = Event::Interaction(id, Interaction::Logged(visit("Visit")));
            let occurred = Occurred::On(jiff::civil::date(2026, 5, 20));
            timeline.fold(&Record { occurred, ..record(position, KIRA, event) });
        }
        timeline
    }

    fn positions(timeline: &Timeline) -> Vec<u64> {
        timeline.entries.iter().map(|entry| entry.record.position).collect()
    }

    #[test]
    fn every_entry_is_on_some_page_also_where_many_are_of_one_moment() {
        let whole = of_one_day(8);
        let (mut seen, mut before) = (vec![], None);
        loop {
            let page = whole.clone().window(Filter { before, ..Filter::default() }, 3);
            seen.splice(0..0, positions(&page));
            before = page.cursor();
            if before.is_none() {
                break;
            }
            assert_eq!(Cursor::parse(&before.unwrap().to_string()), before);
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_part_around_an_entry_has_it_in_the_middle() {
        let around = |position: u128| {
            let id = InteractionId::from_uuid(uuid::Uuid::from_u128(position));
            let part = of_one_day(20).window(Filter { at: Some(Stream::from(id).first()), ..Filter::default() }, 5);
            (positions(&part), part.earlier, part.later)
        };
        assert_eq!(around(10), (vec![8, 9, 10, 11, 12], 7, 8));
        assert_eq!(around(1), (vec![1, 2, 3, 4, 5], 0, 15));
        assert_eq!(around(20), (vec![16, 17, 18, 19, 20], 15, 0));
        assert_eq!(around(99), (vec![16, 17, 18, 19, 20], 15, 0), "it is not on this timeline");
    }

    #[test]
    fn a_late_entry_below_a_part_is_counted_there() {
        let mut part = of_one_day(5).window(Filter::default(), 3);
        let cursor = part.cursor();
        let late = Event::Interaction(VISIT, Interaction::Logged(visit("Written down late")));
        let occurred = Occurred::On(jiff::civil::date(2026, 5, 1));
        part.fold(&Record { occurred, ..record(100, KIRA, late) });
        assert_eq!((positions(&part), part.earlier, part.cursor()), (vec![3, 4, 5], 3, cursor));
        assert!(!part.stale);
    }

    #[test]
    fn a_part_says_that_it_cannot_know_an_entry_that_a_correction_brings() {
        let part = folded(NORTHWIND, []).window(Filter::default(), 10);
        let after = |details| {
            let mut part = part.clone();
            let corrected = Event::Interaction(VISIT, Interaction::Corrected(details));
            part.fold(&Record { revision: 2, ..record(100, KIRA, corrected) });
            part.stale
        };
        assert!(after(visit("Visit")));
        assert!(!after(Details { account: Some(CONTOSO), ..visit("Visit") }));
    }

    #[test]
    fn an_answer_says_what_was_asked_also_where_the_offer_is_not_on_the_page() {
        let accepted = || Event::Handoff(HANDOFF, Handoff::Accepted {});
        let asked = |part: &Timeline| {
            let last = part.entries.last().unwrap().offer().cloned();
            last.and_then(|offer| offer.personal.into_known()).map(|words| words.what.to_string())
        };
        let wanted = || Filter { with: Some(LEV.into()), ..Filter::default() };
        let read = folded(NORTHWIND, [offered(), (LEV, accepted())]).window(wanted(), 1);
        assert_eq!(asked(&read).as_deref(), Some("Check the customs papers"));
        let mut live = folded(NORTHWIND, [offered()]).window(wanted(), 1);
        assert!(live.entries.is_empty());
        live.fold(&Record { revision: 2, ..record(100, LEV, accepted()) });
        assert!(live.stale, "it must be asked for: a unit has hundreds of them open, and a page carries none");
    }

    #[test]
    fn a_unit_takes_part_where_one_of_its_people_does() {
        let mut directory = Directory::default();
        history(company()).iter().for_each(|record| directory.fold(record));
        let details = Details { colleagues: vec![LEV], ..visit("Visit") };
        let shown = |with: Stream| {
            let whole = folded(NORTHWIND, [entry(Interaction::Logged(details.clone()))]);
            let filter = Filter { with: Some(with), ..Filter::default() }.as_of(&directory);
            interactions(&whole.window(filter, 10))
        };
        for (with, many) in [(LOGISTICS, 1), (SALES, 1), (ENGINEERING, 0)] {
            assert_eq!(shown(with.into()), many, "{with}");
        }
    }

    #[test]
    fn what_people_look_for_is_found_in_every_word_that_was_written() {
        let why = |text| Why { reason: reason(text) }.into();
        let whole = folded(
            NORTHWIND,
            [
                entry(Interaction::Logged(Details {
                    personal: interaction::Words {
                        summary: summary("Visit"),
                        place: crate::words::Place::parse("Gate 3").ok(),
                    }
                    .into(),
                    ..visit("Visit")
                })),
                agreed(),
                entry(Interaction::NextStepDropped { step: STEP, personal: why("They have it") }),
                entry(Interaction::Retracted { personal: why("Wrong day") }),
                offered(),
                (LEV, Event::Handoff(HANDOFF, Handoff::Accepted {})),
                (
                    LEV,
                    Event::Handoff(
                        HANDOFF,
                        Handoff::Completed {
                            personal: handoff::Outcome { result: reason("Cleared by the office") }.into(),
                        },
                    ),
                ),
                (
                    ADA,
                    Event::Account(
                        NORTHWIND,
                        account::Event::Closed { personal: account::Why { reason: reason("Merged") }.into() },
                    ),
                ),
            ],
        );
        let found = |text: &str| {
            whole.clone().window(Filter { text: Some(text.into()), ..Filter::default() }, 10).entries.len()
        };
        for text in ["gate 3", "the plan", "HAVE IT", "wrong day", "cleared", "merged"] {
            assert_eq!(found(text), 1, "{text}");
        }
        assert_eq!(found("customs"), 3, "an answer is found by what was asked");
    }

    #[test]
    fn a_window_is_the_newest_part_and_says_what_it_leaves_out() {
        let facts = [entry(Interaction::Logged(visit("Walked the warehouse"))), offered()];
        let whole = folded(NORTHWIND, facts);
        let window = whole.clone().window(Filter::default(), 1);
        assert_eq!((window.entries.len(), window.earlier), (1, whole.entries.len() - 1));
        let internal = whole.clone().window(Filter { slice: Some(Slice::Handoff), ..Filter::default() }, 10);
        assert_eq!(internal.entries.len(), 1);
        let said = whole.window(Filter { text: Some("WAREHOUSE".into()), ..Filter::default() }, 10);
        assert_eq!(said.entries.len(), 1);
    }
}
