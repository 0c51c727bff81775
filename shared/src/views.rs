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

/// Whom a record concerns: the account, the contacts, the colleagues and their units, on whose
/// timelines it is seen. It reads every record in order, because a later event of an interaction or
/// a handoff does not name everybody again, and because people change units.
#[derive(Clone, Debug, Default)]
pub struct Concerns {
    of_stream: HashMap<Stream, Vec<Stream>>,
    unit_of: HashMap<ColleagueId, UnitId>,
}

impl Concerns {
    /// The streams of accounts, contacts, colleagues and units that this record concerns, each once.
    pub fn of(&mut self, record: &Record) -> Vec<Stream> {
        let stream = record.stream();
        let mut concerned = BTreeSet::from([stream]);
        let shared_by_many = match stream.slice {
            Slice::Interaction | Slice::Handoff => {
                self.add(&mut concerned, record.by.into());
                true
            }
            Slice::Contact => true,
            Slice::Unit | Slice::Colleague | Slice::Account | Slice::Import => false,
        };
        for named in record.event.mentions() {
            self.add(&mut concerned, named);
        }
        if let Event::Colleague(colleague, event) = &record.event {
            // The unit that they leave sees them go, the one they come to sees them come.
            concerned.extend(self.unit_of.get(colleague).map(|&unit| Stream::from(unit)));
            self.follow(*colleague, event);
        }
        if shared_by_many {
            let before = self.of_stream.entry(stream).or_default();
            concerned.extend(before.iter().copied());
            *before = concerned.iter().copied().filter(|&one| one != stream).collect();
        }
        concerned.retain(|one| matches!(one.slice, Slice::Account | Slice::Contact | Slice::Colleague | Slice::Unit));
        concerned.into_iter().collect()
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
        history(facts).iter().map(|record| concerns.of(record)).last().unwrap_or_default()
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
}
