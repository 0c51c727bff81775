//! What a fold leaves out: imports that were taken back, and whatever was made on top of them. The
//! log keeps all of it; the state is again exactly what it was before.

use std::collections::HashMap;

use crate::domain::Event;
use crate::ids::{ImportId, Slice, Stream};
use crate::import;
use crate::record::Record;

/// Passes records, in the order of their positions, unless they belong to what was taken back.
#[derive(Clone, Debug, Default)]
pub struct Sieve {
    /// At which position each import was taken back.
    taken_back: HashMap<ImportId, u64>,
    /// What is not there: until when. Whatever is recorded afterwards was decided without it, so the
    /// same account imported again is a new beginning.
    gone: HashMap<Stream, u64>,
}

impl Sieve {
    /// For a fold up to some position: the imports that were taken back by then, each with the
    /// position of the event that says so.
    pub fn new(taken_back: impl IntoIterator<Item = (ImportId, u64)>) -> Self {
        Self { taken_back: taken_back.into_iter().collect(), gone: HashMap::new() }
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
        // An import's own history stays, also where its events are marked with its own batch.
        if stream.slice == Slice::Import {
            return true;
        }
        let in_batch = record.batch.and_then(|batch| self.taken_back.get(&batch)).copied();
        let on_top =
            record.event.mentions().into_iter().chain([stream]).filter_map(|named| self.gone.get(&named).copied());
        // What rests on several imports goes with the first of them.
        let until = in_batch.into_iter().chain(on_top).filter(|until| record.position < *until).min();
        let Some(until) = until else {
            self.gone.remove(&stream);
            return true;
        };
        // Only a beginning makes a stream disappear: a left-out update changes nothing about how long it is away.
        let begins = self.gone.get(&stream).map_or(record.revision == 1, |before| *before <= record.position);
        if begins {
            self.gone.insert(stream, until);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;
    use crate::interaction::{Details, Event as Interaction};
    use crate::testkit::*;
    use crate::words::{AccountName, Front, System};
    use crate::{account, contact};

    const ANOTHER: ImportId = ImportId::from_uuid(uuid::Uuid::from_u128(0x9A));

    fn registered() -> Event {
        let name = AccountName::parse("Tailspin").unwrap();
        Event::Account(TAILSPIN, account::Event::Registered { name })
    }

    fn visit(account: AccountId) -> Event {
        Event::Interaction(VISIT, Interaction::Logged(Details::new(Front::Client, Some(account), summary("Visit"))))
    }

    #[test]
    fn a_batch_and_what_was_made_on_it_are_left_out_and_all_else_stays() {
        let renamed =
            Event::Account(NORTHWIND, account::Event::Renamed { name: AccountName::parse("Northwind AG").unwrap() });
        let mut sieve = Sieve::new([(BATCH, 100)]);
        let mut keeps = |revision, batch, event| sieve.keeps(&Record { batch, revision, ..record(1, KIRA, event) });
        assert!(!keeps(1, Some(BATCH), registered()));
        assert!(!keeps(2, Some(BATCH), renamed.clone()), "an update by the batch of what was there before");
        assert!(keeps(3, None, renamed), "what was there before goes on");
        assert!(!keeps(1, None, visit(TAILSPIN)), "an entry on what the batch brought");
        let elsewhere = Event::Interaction(
            CALL,
            Interaction::Logged(Details::new(Front::Client, Some(NORTHWIND), summary("Call"))),
        );
        assert!(keeps(1, None, elsewhere));
    }

    #[test]
    fn what_is_imported_again_afterwards_is_there_again() {
        let again = ANOTHER;
        let run = |taken_back: &[(ImportId, u64)]| {
            let mut sieve = Sieve::new(taken_back.iter().copied());
            let mut keeps = |position, revision, batch, event| {
                sieve.keeps(&Record { batch, revision, ..record(position, KIRA, event) })
            };
            [
                keeps(1, 1, Some(BATCH), registered()),
                keeps(2, 1, None, visit(TAILSPIN)),
                // Position 3 takes the first import back.
                keeps(4, 2, Some(again), registered()),
                keeps(5, 2, None, visit(TAILSPIN)),
            ]
        };
        assert_eq!(run(&[(BATCH, 3)]), [false, false, true, true]);
        assert_eq!(run(&[(BATCH, 3), (again, 6)]), [false, false, false, false]);
    }

    #[test]
    fn what_rests_on_two_imports_goes_with_the_first_of_them() {
        // Both are taken back, at 5 and at 9. The visit with Anna, of the second, at Tailspin, of the first, goes at 5.
        let met = Details { contacts: vec![ANNA], ..Details::new(Front::Client, Some(TAILSPIN), summary("Visit")) };
        let introduced = contact::Event::Introduced { account: None, personal: person("Anna Petrova").into() };
        let mut sieve = Sieve::new([(BATCH, 5), (ANOTHER, 9)]);
        let mut keeps = |position, revision, batch, event| {
            sieve.keeps(&Record { batch, revision, ..record(position, KIRA, event) })
        };
        assert!(!keeps(1, 1, Some(BATCH), registered()));
        assert!(!keeps(2, 1, Some(ANOTHER), Event::Contact(ANNA, introduced)));
        assert!(!keeps(3, 1, None, Event::Interaction(VISIT, Interaction::Logged(met))));
        assert!(keeps(6, 2, None, visit(NORTHWIND)), "logged anew, and resting on neither");
    }

    #[test]
    fn an_update_that_is_taken_back_does_not_keep_a_stream_away_for_longer() {
        let renamed = || Event::Account(TAILSPIN, account::Event::Renamed { name: account_name("Tailspin AG") });
        let mut sieve = Sieve::new([(BATCH, 3), (ANOTHER, 9)]);
        let mut keeps = |position, revision, batch, event| {
            sieve.keeps(&Record { batch, revision, ..record(position, KIRA, event) })
        };
        assert!(!keeps(1, 1, Some(BATCH), registered()));
        assert!(!keeps(2, 2, Some(ANOTHER), renamed()));
        assert!(keeps(4, 3, None, registered()), "registered by hand after the first was taken back");
        assert!(!keeps(5, 4, Some(ANOTHER), renamed()));
        assert!(keeps(6, 5, None, renamed()), "it is there by itself, whatever happens to the second");
    }

    #[test]
    fn an_import_s_own_history_stays() {
        let started = import::Event::Started { system: System::parse("salesforce").unwrap(), source: label("export") };
        let mut sieve = Sieve::new([(BATCH, 9)]);
        assert!(sieve.keeps(&Record { batch: Some(BATCH), ..record(1, ADA, Event::Import(BATCH, started)) }));
    }
}
