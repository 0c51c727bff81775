//! What a server keeps in memory of a log in order to read only what it shows: which records concern
//! whom, and where the entries of timelines begin.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use jiff::Timestamp;

use crate::domain::Event;
use crate::ids::{ColleagueId, HandoffId, Slice, Stream};
use crate::interaction;
use crate::record::Record;
use crate::views::stays::{Moment, Stays};
use crate::views::timeline::{Cursor, Filter, Reach};
use crate::words::Occurred;

/// See the module. A fold: it reads every record in order.
#[derive(Clone, Debug, Default)]
pub struct Index {
    position: u64,
    concerns: Concerns,
    /// Positions of the records that concern an account, a contact, a colleague or a unit, ascending. Whoever a
    /// later record names is concerned by the whole of its interaction or handoff.
    concerning: HashMap<Stream, Vec<u64>>,
    /// Of every position, from 1: the entry of a timeline that begins there.
    heads: Vec<Head>,
}

/// When the entry happened that begins at a position, as far as is known now, and whether it tells of a colleague. In
/// eight bytes, because there is one for each event: no moment of ours is finer than a microsecond.
#[derive(Clone, Copy, Debug)]
struct Head(i64);

impl Head {
    /// What goes on with an entry that began before.
    const NONE: Self = Self(i64::MIN);

    fn new(occurred: Occurred, is_of_colleague: bool) -> Self {
        Self(occurred.instant().as_microsecond() << 1 | i64::from(is_of_colleague))
    }

    fn occurred(self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.0 >> 1).ok().filter(|_| self.0 != Self::NONE.0)
    }

    const fn is_of_colleague(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What is to be read for a part of a timeline: see [`Index::excerpt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// How far it reaches once everything was read.
    pub reach: Reach,
    /// What to read first, ascending.
    pub positions: Vec<u64>,
    /// Whether these are but beginnings, each to be read with what it is part of.
    has_more: bool,
}

impl Index {
    /// Reads the next record; one that was read before changes nothing.
    pub fn fold(&mut self, record: &Record) {
        if record.position <= self.position {
            return;
        }
        self.position = record.position;
        let Concerned { streams, newly, earlier } = self.concerns.of(record);
        for stream in newly {
            let positions = self.concerning.entry(stream).or_default();
            for position in &earlier {
                // Mostly close to the end: what goes on began not long ago.
                if let Err(place) = positions.binary_search(position) {
                    positions.insert(place, *position);
                }
            }
        }
        for stream in streams {
            self.concerning.entry(stream).or_default().push(record.position);
        }
        self.note_head(record);
    }

    /// The positions after `after` of the records that concern a thing.
    pub fn concerning(&self, stream: Stream, after: u64) -> &[u64] {
        let positions = self.concerning.get(&stream).map_or(&[][..], Vec::as_slice);
        positions.get(positions.partition_point(|position| *position <= after)..).unwrap_or_default()
    }

    /// The positions of the records of one thing. Where it is not an interaction, a handoff or a contact, also of
    /// others that concern it.
    pub fn standing(&self, stream: Stream) -> Vec<u64> {
        match stream.slice {
            Slice::Interaction | Slice::Handoff | Slice::Contact => self.concerns.recorded(stream),
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Import => self.concerning(stream, 0).to_vec(),
        }
    }

    /// What to read in order to show the part of a timeline that a filter asks for: the newest of what may be
    /// entries of it, at most so many, and whatever else the timeline needs to go on from there; all that there is where
    /// that is no more, or where the part lies around an event, or of an account, which comes to know its contacts. `open`
    /// are the handoffs that go on. Read its positions first, then what [`Index::rest`] says, and fold all of them in order.
    pub fn excerpt(
        &self,
        of: Stream,
        filter: &Filter,
        most: usize,
        open: impl IntoIterator<Item = HandoffId>,
    ) -> Excerpt {
        let all = self.concerning(of, 0);
        let mut reach = Reach { position: self.position, until: filter.before, ..Reach::default() };
        let is_around = filter.at.is_some() && filter.before.is_none();
        let whole = |reach: Reach| Excerpt {
            reach: Reach { from: None, until: None, ..reach },
            positions: all.to_vec(),
            has_more: false,
        };
        if all.len() <= most || is_around || of.slice == Slice::Account {
            return whole(reach);
        }
        // The least of the newest on top. Backwards, so that most that is looked at is older than all of these.
        let mut newest = BinaryHeap::new();
        let mut are_more = false;
        let mut positions = Vec::new();
        for position in all.iter().rev().copied() {
            let Some(head) = place(position).and_then(|place| self.heads.get(place)) else { continue };
            if of.slice == Slice::Unit && head.is_of_colleague() {
                positions.push(position);
            }
            let order = head.occurred().map(|occurred| (occurred, position));
            let Some(order) = order.filter(|order| filter.before.is_none_or(|before| *order < before.order())) else {
                continue;
            };
            if newest.len() >= most {
                are_more = true;
                if newest.peek().is_some_and(|Reverse(least)| order <= *least) {
                    continue;
                }
                newest.pop();
            }
            newest.push(Reverse(order));
        }
        if !are_more {
            return whole(reach);
        }
        reach.from = newest.peek().copied().map(cursor);
        positions.extend(newest.into_iter().map(|Reverse((_, position))| position));
        reach.open = open.into_iter().filter(|handoff| self.concerns.has((*handoff).into(), of)).collect();
        positions.sort_unstable();
        positions.dedup();
        Excerpt { reach, positions, has_more: true }
    }

    /// What is to be read beside the records that were read for an excerpt: the other records of the same
    /// interactions and handoffs, ascending.
    pub fn rest<'a>(&self, excerpt: &Excerpt, read: impl IntoIterator<Item = &'a Record>) -> Vec<u64> {
        if !excerpt.has_more {
            return vec![];
        }
        let streams: BTreeSet<Stream> = read.into_iter().map(Record::stream).collect();
        let of_things = streams.into_iter().filter(|one| matches!(one.slice, Slice::Interaction | Slice::Handoff));
        let mut rest: Vec<u64> = of_things.flat_map(|stream| self.concerns.recorded(stream)).collect();
        // What came meanwhile is news, and is told as such.
        rest.retain(|at| *at <= excerpt.reach.position && excerpt.positions.binary_search(at).is_err());
        rest.sort_unstable();
        rest
    }

    fn note_head(&mut self, record: &Record) {
        let Some(place) = place(record.position) else { return };
        if self.heads.len() <= place {
            self.heads.resize(place + 1, Head::NONE);
        }
        let (place, is_of_colleague) = match &record.event {
            // A correction may be of the day.
            Event::Interaction(_, interaction::Event::Corrected(_)) => {
                let first = self.concerns.of_stream.get(&record.stream()).map(|shared| shared.first);
                (first.and_then(self::place), false)
            }
            Event::Interaction(
                _,
                interaction::Event::Retracted { .. }
                | interaction::Event::NextStepAgreed(_)
                | interaction::Event::NextStepDone { .. }
                | interaction::Event::NextStepDropped { .. },
            ) => return,
            Event::Colleague(..) => (Some(place), true),
            Event::Interaction(_, interaction::Event::Logged(_))
            | Event::Handoff(..)
            | Event::Unit(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Import(..) => (Some(place), false),
        };
        if let Some(head) = place.and_then(|place| self.heads.get_mut(place)) {
            *head = Head::new(record.occurred, is_of_colleague);
        }
    }
}

fn cursor(Reverse((occurred, position)): Reverse<(Timestamp, u64)>) -> Cursor {
    Cursor { occurred: Occurred::At(occurred), position }
}

/// Where a position stands in a list of all.
fn place(position: u64) -> Option<usize> {
    usize::try_from(position.checked_sub(1)?).ok()
}

/// Whom records concern: the account, the contacts, the colleagues and their units, on whose
/// timelines they are seen. It reads every record in order, because a later event of an interaction or
/// a handoff does not name everybody again, and because people change units.
#[derive(Clone, Debug, Default)]
struct Concerns {
    of_stream: HashMap<Stream, Shared>,
    stays: HashMap<ColleagueId, Stays>,
}

/// What is known of an interaction, a handoff, a contact or a colleague, which concern many.
#[derive(Clone, Debug)]
struct Shared {
    concerned: Vec<Stream>,
    first: u64,
    /// Most have but one record, and an empty list takes no memory.
    later: Vec<u64>,
}

impl Shared {
    fn positions(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.later.iter().copied())
    }
}

/// Whom one record concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Concerned {
    /// The streams of accounts, contacts, colleagues and units, each once.
    streams: Vec<Stream>,
    /// Those of them whom the same interaction or handoff has not concerned before.
    newly: Vec<Stream>,
    /// What was recorded of it before concerns those from now on: they see the whole of it.
    earlier: Vec<u64>,
}

impl Concerns {
    /// Whom this record concerns.
    fn of(&mut self, record: &Record) -> Concerned {
        let stream = record.stream();
        let mut concerned = BTreeSet::from([stream]);
        concerned.extend(record.event.mentions());
        match stream.slice {
            Slice::Interaction => {
                // Who goes on with an entry, or imports it, takes no part in it.
                let begins = !self.of_stream.contains_key(&stream);
                concerned.extend(record.author().filter(|_| begins).map(Stream::from));
                // It may have happened on another day than was first said, and so in another unit.
                concerned.extend(self.of_stream.get(&stream).into_iter().flat_map(|shared| &shared.concerned));
            }
            Slice::Handoff => {
                concerned.insert(record.by.into());
            }
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Import => {}
        }
        let began = self.of_stream.get(&stream).map_or(record.position, |shared| shared.first);
        let moment = Moment::of(record, began);
        let units: Vec<_> = concerned.iter().filter_map(|one| self.stays_of(*one)?.at(moment)).collect();
        concerned.extend(units.into_iter().map(Stream::from));
        if let Event::Colleague(colleague, event) = &record.event {
            // The unit that they leave sees them go, the one they come to sees them come.
            let stays = self.stays.entry(*colleague).or_default();
            concerned.extend(stays.now().map(Stream::from));
            stays.follow(event, record);
        }
        concerned.retain(|one| matches!(one.slice, Slice::Account | Slice::Contact | Slice::Colleague | Slice::Unit));
        match stream.slice {
            // A unit that somebody comes to hears where they were before.
            Slice::Interaction | Slice::Handoff | Slice::Colleague => self.go_on(stream, concerned, record.position),
            Slice::Contact => Concerned { earlier: vec![], ..self.go_on(stream, concerned, record.position) },
            Slice::Unit | Slice::Account | Slice::Import => {
                Concerned { streams: concerned.into_iter().collect(), ..Concerned::default() }
            }
        }
    }

    fn stays_of(&self, one: Stream) -> Option<&Stays> {
        self.stays.get(&ColleagueId::from_uuid(one.id)).filter(|_| one.slice == Slice::Colleague)
    }

    /// The positions of the records of an interaction, a handoff or a contact that were read, ascending.
    fn recorded(&self, stream: Stream) -> Vec<u64> {
        self.of_stream.get(&stream).into_iter().flat_map(Shared::positions).collect()
    }

    /// Whether an interaction or a handoff concerns somebody.
    fn has(&self, stream: Stream, concerned: Stream) -> bool {
        self.of_stream.get(&stream).is_some_and(|shared| shared.concerned.contains(&concerned))
    }

    /// Whoever was concerned before is concerned again.
    fn go_on(&mut self, stream: Stream, mut concerned: BTreeSet<Stream>, position: u64) -> Concerned {
        let Some(shared) = self.of_stream.get_mut(&stream) else {
            let streams: Vec<Stream> = concerned.into_iter().collect();
            let shared = Shared { concerned: streams.clone(), first: position, later: vec![] };
            self.of_stream.insert(stream, shared);
            return Concerned { streams, ..Concerned::default() };
        };
        let newly: Vec<Stream> = concerned.iter().copied().filter(|one| !shared.concerned.contains(one)).collect();
        let earlier = if newly.is_empty() { vec![] } else { shared.positions().collect() };
        shared.later.push(position);
        shared.concerned.extend(&newly);
        concerned.extend(&shared.concerned);
        Concerned { streams: concerned.into_iter().collect(), newly, earlier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colleague;
    use crate::handoff;
    use crate::interaction::{Details, Event as Interaction};
    use crate::testkit::*;
    use crate::words::Front;

    fn concerned(facts: Vec<(ColleagueId, Event)>) -> Vec<Stream> {
        let mut concerns = Concerns::default();
        history(facts).iter().map(|record| concerns.of(record).streams).last().unwrap_or_default()
    }

    #[test]
    fn an_interaction_concerns_the_account_and_every_person_and_unit_in_it() {
        let details = Details {
            contacts: vec![ANNA],
            colleagues: vec![LEV],
            ..Details::new(Front::Client, Some(NORTHWIND), summary("Visit"))
        };
        let mut facts = company();
        facts.push((KIRA, Event::Interaction(VISIT, Interaction::Logged(details))));
        let mut expected: Vec<Stream> =
            vec![NORTHWIND.into(), ANNA.into(), KIRA.into(), LEV.into(), SALES.into(), LOGISTICS.into()];
        expected.sort();
        assert_eq!(concerned(facts), expected);
    }

    #[test]
    fn who_imports_or_corrects_an_entry_takes_no_part_in_it() {
        let details = || Details::new(Front::Client, Some(NORTHWIND), summary("Visit"));
        let mut index = Index::default();
        for record in history(company()) {
            index.fold(&record);
        }
        let before = [ADA.into(), KIRA.into(), SALES.into()].map(|of: Stream| index.concerning(of, 0).len());
        let brought = Event::Interaction(VISIT, Interaction::Logged(details()));
        index.fold(&Record { batch: Some(BATCH), ..record(90, KIRA, brought) });
        let corrected = Event::Interaction(VISIT, Interaction::Corrected(details()));
        index.fold(&Record { revision: 2, ..record(91, ADA, corrected) });
        let after = [ADA.into(), KIRA.into(), SALES.into()].map(|of: Stream| index.concerning(of, 0).len());
        assert_eq!(after, before);
        assert_eq!(index.concerning(NORTHWIND.into(), 80), [90, 91]);
    }

    #[test]
    fn an_answer_concerns_whom_the_offer_concerned() {
        let offer = handoff::Offer {
            account: NORTHWIND,
            to: handoff::Party::Unit(LOGISTICS),
            due: None,
            personal: handoff::Words { what: promise("Check") }.into(),
        };
        let mut facts = company();
        facts.push((KIRA, Event::Handoff(HANDOFF, handoff::Event::Offered(offer))));
        facts.push((LEV, Event::Handoff(HANDOFF, handoff::Event::Accepted {})));
        let answer = concerned(facts);
        for one in [NORTHWIND.into(), KIRA.into(), LEV.into(), LOGISTICS.into()] {
            assert!(answer.contains(&one), "{one}");
        }
    }

    #[test]
    fn who_changes_units_is_seen_by_both() {
        let mut facts = company();
        facts.push((ADA, Event::Colleague(KIRA, colleague::Event::Moved { unit: Some(LOGISTICS) })));
        let seen = concerned(facts);
        assert!(seen.contains(&SALES.into()) && seen.contains(&LOGISTICS.into()));
    }

    #[test]
    fn whom_a_correction_newly_names_it_concerns_from_the_beginning() {
        let visit = |account| Details::new(Front::Client, Some(account), summary("Visit"));
        let mut facts = company();
        let first = u64::try_from(facts.len()).unwrap() + 1;
        facts.push((KIRA, Event::Interaction(VISIT, Interaction::Logged(visit(NORTHWIND)))));
        facts.push((KIRA, Event::Interaction(VISIT, Interaction::NextStepDone { step: STEP })));
        facts.push((KIRA, Event::Interaction(VISIT, Interaction::Corrected(visit(CONTOSO)))));
        let mut concerns = Concerns::default();
        let last = history(facts).iter().map(|record| concerns.of(record)).last().unwrap();
        assert_eq!((last.newly, last.earlier), (vec![CONTOSO.into()], vec![first, first + 1]));
        assert!(last.streams.contains(&NORTHWIND.into()), "whoever was concerned before sees it go");
    }
}
