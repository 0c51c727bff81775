//! What a server keeps in memory of a log in order to read only what it shows: which records concern
//! whom, and where the entries of timelines begin.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::Event;
use crate::ids::{ColleagueId, EventRef, HandoffId, Slice, Stream, UnitId};
use crate::record::Record;
use crate::views::timeline::{Cursor, Filter, Reach};
use crate::words::Occurred;
use crate::{colleague, interaction};

/// See the module. A fold: it reads every record in order.
#[derive(Clone, Debug, Default)]
pub struct Index {
    position: u64,
    concerns: Concerns,
    /// Positions of the records that concern an account, a contact, a colleague or a unit, ascending. Whoever a
    /// later record names is concerned by the whole of its interaction or handoff.
    concerning: HashMap<Stream, Vec<u64>>,
    /// Of every position, from 1: what begins there.
    heads: Vec<Option<Head>>,
}

/// The beginning of an entry of a timeline.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// When it happened, as far as is known now.
    occurred: Timestamp,
    kind: HeadKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadKind {
    /// Tells who is in a unit.
    Colleague,
    /// Tells who has to do with an account.
    Contact,
    Other,
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

    /// What to read in order to show the part of a timeline that a filter asks for: about so many of its
    /// entries, and whatever the timeline needs to go on from there. `open` are the handoffs that go on.
    /// Read its positions first, then what [`Index::rest`] says, and fold all of them in order.
    pub fn excerpt(
        &self,
        of: Stream,
        filter: &Filter,
        most: usize,
        open: impl IntoIterator<Item = HandoffId>,
    ) -> Excerpt {
        let all = self.concerning(of, 0);
        let mut reach = Reach { position: self.position, ..Reach::default() };
        let mut heads: Vec<_> = all.iter().filter_map(|at| Some((self.head(*at)?.occurred, *at))).collect();
        let sought = filter.at.filter(|_| filter.before.is_none());
        let around = sought.and_then(|event| self.place_of(event));
        if heads.len() <= most || sought.is_some() && around.is_none() {
            return Excerpt { reach, positions: all.to_vec(), has_more: false };
        }
        let cursor = |(occurred, position): (Timestamp, u64)| Cursor { occurred: Occurred::At(occurred), position };
        if let Some(before) = filter.before {
            heads.retain(|head| *head < before.order());
            reach.until = Some(before);
        } else if let Some(around) = around {
            let newer = heads.iter().filter(|head| **head > around).count();
            if let Some(end) = heads.len().checked_sub(newer.saturating_sub(most / 2)).filter(|end| *end < heads.len())
            {
                reach.until = Some(cursor(*heads.select_nth_unstable(end).1));
                heads.truncate(end);
            }
        }
        if let Some(start) = heads.len().checked_sub(most).filter(|start| *start > 0) {
            reach.from = Some(cursor(*heads.select_nth_unstable(start).1));
            heads.drain(..start);
        }
        let needed = match of.slice {
            Slice::Unit => Some(HeadKind::Colleague),
            Slice::Account => Some(HeadKind::Contact),
            Slice::Colleague | Slice::Contact | Slice::Interaction | Slice::Handoff | Slice::Import => None,
        };
        let is_needed = |at: &u64| needed.is_some() && self.head(*at).map(|head| head.kind) == needed;
        let going_on = open.into_iter().flat_map(|handoff| self.concerns.recorded_of(handoff.into(), of));
        let mut positions: Vec<u64> = heads.into_iter().map(|(_, position)| position).collect();
        positions.extend(all.iter().copied().filter(is_needed));
        positions.extend(going_on);
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

    fn head(&self, position: u64) -> Option<Head> {
        *self.heads.get(place(position)?)?
    }

    /// Where the entry stands that an event is part of, where that can be told without reading it.
    fn place_of(&self, event: EventRef) -> Option<(Timestamp, u64)> {
        let recorded = self.concerns.of_stream.get(&event.stream)?;
        let nth = match event.stream.slice {
            Slice::Interaction => 0,
            Slice::Handoff => usize::try_from(event.revision.checked_sub(1)?).ok()?,
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Import => return None,
        };
        let position = recorded.positions().nth(nth)?;
        Some((self.head(position)?.occurred, position))
    }

    fn note_head(&mut self, record: &Record) {
        let Some(place) = place(record.position) else { return };
        let kind = match &record.event {
            Event::Interaction(_, interaction::Event::Logged(_)) | Event::Handoff(..) => HeadKind::Other,
            Event::Interaction(id, interaction::Event::Corrected(_)) => return self.move_head((*id).into(), record),
            Event::Interaction(
                _,
                interaction::Event::Retracted { .. }
                | interaction::Event::NextStepAgreed(_)
                | interaction::Event::NextStepDone { .. }
                | interaction::Event::NextStepDropped { .. },
            ) => return,
            Event::Colleague(..) => HeadKind::Colleague,
            Event::Contact(..) => HeadKind::Contact,
            Event::Unit(..) | Event::Account(..) | Event::Import(..) => HeadKind::Other,
        };
        if self.heads.len() <= place {
            self.heads.resize(place + 1, None);
        }
        if let Some(head) = self.heads.get_mut(place) {
            *head = Some(Head { occurred: record.occurred.instant(), kind });
        }
    }

    /// A correction may be of the day.
    fn move_head(&mut self, interaction: Stream, correction: &Record) {
        let first = self.concerns.of_stream.get(&interaction).and_then(|recorded| place(recorded.first));
        if let Some(Some(head)) = first.and_then(|first| self.heads.get_mut(first)) {
            head.occurred = correction.occurred.instant();
        }
    }
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
    unit_of: HashMap<ColleagueId, UnitId>,
}

/// What is known of an interaction, a handoff or a contact, which concern many.
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
        match stream.slice {
            Slice::Interaction | Slice::Handoff => self.add(&mut concerned, record.by.into()),
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Import => {}
        }
        for named in record.event.mentions() {
            self.add(&mut concerned, named);
        }
        if let Event::Colleague(colleague, event) = &record.event {
            // The unit that they leave sees them go, the one they come to sees them come.
            concerned.extend(self.unit_of.get(colleague).map(|&unit| Stream::from(unit)));
            self.follow(*colleague, event);
        }
        concerned.retain(|one| matches!(one.slice, Slice::Account | Slice::Contact | Slice::Colleague | Slice::Unit));
        match stream.slice {
            Slice::Interaction | Slice::Handoff => self.go_on(stream, concerned, record.position),
            Slice::Contact => Concerned { earlier: vec![], ..self.go_on(stream, concerned, record.position) },
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Import => {
                Concerned { streams: concerned.into_iter().collect(), ..Concerned::default() }
            }
        }
    }

    /// The positions of the records of an interaction, a handoff or a contact that were read, ascending.
    fn recorded(&self, stream: Stream) -> Vec<u64> {
        self.of_stream.get(&stream).into_iter().flat_map(Shared::positions).collect()
    }

    /// The same, where it concerns this one.
    fn recorded_of(&self, stream: Stream, concerned: Stream) -> Vec<u64> {
        let shared = self.of_stream.get(&stream).filter(|shared| shared.concerned.contains(&concerned));
        shared.into_iter().flat_map(Shared::positions).collect()
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

    fn add(&self, concerned: &mut BTreeSet<Stream>, named: Stream) {
        concerned.insert(named);
        if named.slice == Slice::Colleague {
            let unit = self.unit_of.get(&ColleagueId::from_uuid(named.id));
            concerned.extend(unit.map(|&unit| Stream::from(unit)));
        }
    }

    fn follow(&mut self, colleague: ColleagueId, event: &colleague::Event) {
        let unit = match event {
            colleague::Event::Joined { unit, .. } | colleague::Event::Moved { unit } => *unit,
            colleague::Event::Left {} => None,
            colleague::Event::Renamed { .. } | colleague::Event::GivenRole { .. } => return,
        };
        match unit {
            Some(unit) => self.unit_of.insert(colleague, unit),
            None => self.unit_of.remove(&colleague),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
