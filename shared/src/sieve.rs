//! What a fold leaves out: imports that were taken back, and whatever was made on top of them. The
//! log keeps all of it; the state is again exactly what it was before.

use std::collections::HashSet;

use crate::domain::Event;
use crate::ids::{ImportId, Stream};
use crate::import;
use crate::record::Record;

/// Passes records, in the order of their positions, unless they belong to what was taken back.
#[derive(Clone, Debug, Default)]
pub struct Sieve {
    taken_back: HashSet<ImportId>,
    gone: HashSet<Stream>,
}

impl Sieve {
    /// For a fold up to some position: the imports that were taken back by then.
    pub fn new(taken_back: impl IntoIterator<Item = ImportId>) -> Self {
        Self { taken_back: taken_back.into_iter().collect(), gone: HashSet::new() }
    }

    /// The import that this event takes back; a fold that meets one starts again with a new sieve.
    pub const fn taken_back_by(event: &Event) -> Option<ImportId> {
        match event {
            Event::Import(import, import::Event::TakenBack { .. }) => Some(*import),
            Event::Import(_, import::Event::Started { .. } | import::Event::Finished { .. })
            | Event::Unit(..)
            | Event::Colleague(..)
            | Event::Account(..)
            | Event::Contact(..)
            | Event::Interaction(..)
            | Event::Handoff(..) => None,
        }
    }

    /// Whether the fold takes this record.
    pub fn keeps(&mut self, record: &Record) -> bool {
        if self.taken_back.is_empty() {
            return true;
        }
        let stream = record.stream();
        let in_batch = record.batch.is_some_and(|batch| self.taken_back.contains(&batch));
        let on_top =
            self.gone.contains(&stream) || record.event.mentions().iter().any(|named| self.gone.contains(named));
        if (in_batch || on_top) && record.revision == 1 {
            self.gone.insert(stream);
        }
        !(in_batch || on_top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account;
    use crate::interaction::{Details, Event as Interaction};
    use crate::testkit::*;
    use crate::words::{AccountName, Front};

    #[test]
    fn a_batch_and_what_was_made_on_it_are_left_out_and_all_else_stays() {
        let name = |text| AccountName::parse(text).unwrap();
        let visit = |account| {
            Event::Interaction(VISIT, Interaction::Logged(Details::new(Front::Client, Some(account), summary("Visit"))))
        };
        let registered = Event::Account(TAILSPIN, account::Event::Registered { name: name("Tailspin") });
        let renamed = Event::Account(NORTHWIND, account::Event::Renamed { name: name("Northwind AG") });
        let mut sieve = Sieve::new([BATCH]);
        let mut keeps = |revision, batch, event| sieve.keeps(&Record { batch, revision, ..record(1, KIRA, event) });
        assert!(!keeps(1, Some(BATCH), registered));
        assert!(!keeps(2, Some(BATCH), renamed.clone()), "an update by the batch of what was there before");
        assert!(keeps(3, None, renamed), "what was there before goes on");
        assert!(!keeps(1, None, visit(TAILSPIN)), "an entry on what the batch brought");
        let elsewhere = Event::Interaction(
            CALL,
            Interaction::Logged(Details::new(Front::Client, Some(NORTHWIND), summary("Call"))),
        );
        assert!(keeps(1, None, elsewhere));
    }
}
