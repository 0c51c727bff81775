//! What people look at: pure folds over the records, the same on the server and in the browser.
//!
//! A view carries the position up to which it has read, so that the browser can go on from where
//! the server stopped. A record that it has read before changes nothing.

pub mod account_file;
pub mod acquaintance;
pub mod alignment;
pub mod board;
pub mod directory;
pub mod portfolio;
pub mod promises;
pub mod steps;
pub mod timeline;
pub mod touch;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use account_file::AccountFile;
pub use acquaintance::Acquaintance;
pub use alignment::Alignment;
pub use board::Board;
pub use directory::Directory;
pub use portfolio::Portfolio;
pub use promises::Promises;
pub use timeline::Timeline;

use crate::colleague;
use crate::domain::Event;
use crate::ids::{ColleagueId, Slice, Stream, UnitId};
use crate::record::Record;

/// A fold that people look at.
pub trait View: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The last record that it has read; 0 before the first.
    fn position(&self) -> u64;

    /// Reads the next record. Total: what does not concern the view only moves its position.
    fn fold(&mut self, record: &Record);
}

/// Declares the position of a view and the one rule of reading: forward, and nothing twice.
macro_rules! view {
    ($name:ty) => {
        impl crate::views::View for $name {
            fn position(&self) -> u64 {
                self.position
            }

            fn fold(&mut self, record: &crate::record::Record) {
                if record.position > self.position {
                    self.position = record.position;
                    self.take(record);
                }
            }
        }
    };
}
pub(crate) use view;

/// The views of the whole company, which a server keeps warm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct Company {
    pub directory: Directory,
    pub portfolio: Portfolio,
    pub board: Board,
    pub alignment: Alignment,
}

impl View for Company {
    fn position(&self) -> u64 {
        self.directory.position()
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        self.portfolio.fold(record);
        self.board.fold(record);
        self.alignment.fold(record);
    }
}

/// Whom records concern: the account, the contacts, the colleagues and their units, on whose
/// timelines they are seen. It reads every record in order, because a later event of an interaction or
/// a handoff does not name everybody again, and because people change units.
#[derive(Clone, Debug, Default)]
pub struct Concerns {
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

/// Whom one record concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// The streams of accounts, contacts, colleagues and units, each once.
    pub streams: Vec<Stream>,
    /// Those of them whom the same interaction or handoff has not concerned before.
    pub newly: Vec<Stream>,
    /// What was recorded of it before concerns those from now on: they see the whole of it.
    pub earlier: Vec<u64>,
}

impl Concerns {
    /// Whom this record concerns.
    pub fn of(&mut self, record: &Record) -> Concerned {
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
    pub fn recorded(&self, stream: Stream) -> Vec<u64> {
        let shared = self.of_stream.get(&stream);
        shared
            .into_iter()
            .flat_map(|shared| std::iter::once(shared.first).chain(shared.later.iter().copied()))
            .collect()
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
        let earlier = if newly.is_empty() {
            vec![]
        } else {
            std::iter::once(shared.first).chain(shared.later.iter().copied()).collect()
        };
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
