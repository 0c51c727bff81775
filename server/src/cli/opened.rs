//! A data directory that is open: the store, its keys, and the office over both.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::{Failure, bar};
use crate::clock;
use crate::config::Place;
use crate::desk::closed;
use crate::office::replay::ReplayError;
use crate::office::{Office, OfficeError};
use crate::seal;
use crate::store::care;
use crate::store::keyring::{self, Keyring, KeyringError};
use crate::store::{Durable, Options, Store};

/// Closed in order when it is dropped.
pub struct Opened {
    pub store: Arc<Durable>,
    pub office: Office,
}

/// How often it is asked whether to stop, while the journal is examined.
const GLANCE: Duration = Duration::from_millis(10);

/// The store and its keys, without reading the log.
pub struct Shelf {
    pub store: Arc<Durable>,
    pub keyring: Arc<Keyring>,
}

impl Shelf {
    pub fn open(place: &Place) -> Result<Self, Failure> {
        need_keys(place)?;
        let options = Options { keys: Some(place.keys()), ..Options::default() };
        let store = Durable::open_with(place.data(), options)?;
        let keyring = Keyring::at(&place.keys())?;
        Ok(Self { store: Arc::new(store), keyring: Arc::new(keyring) })
    }
}

impl Shelf {
    /// For commands that only read: where there is no store, none is made.
    pub fn open_existing(place: &Place) -> Result<Self, Failure> {
        Self::expect_at(place)?;
        Self::open(place)
    }

    /// Refuses a place that holds no store.
    pub fn expect_at(place: &Place) -> Result<(), Failure> {
        if place.data().join("journal").is_dir() {
            return Ok(());
        }
        Err(Failure::Other(format!("there is no store in {}; look at --data", place.data().display())))
    }
}

/// Refuses a log whose keys are elsewhere, before anything is opened: whoever opens a store makes the keys that are missing,
/// and these would stand in the way of the right ones.
pub fn need_keys(place: &Place) -> Result<(), Failure> {
    let dir = place.keys();
    if !place.data().join("journal").is_dir() || !keyring::is_without_keys(&dir) {
        return Ok(());
    }
    let mut is_sealed = false;
    care::read_through(place.data(), u64::MAX, &mut |commit| {
        is_sealed = commit.events.iter().any(|event| matches!(seal::key_of(event), Ok(Some(_))));
        if is_sealed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(Failure::io(place.data().display().to_string()))?;
    if is_sealed { Err(KeyringError::NotHere { dir }.into()) } else { Ok(()) }
}

impl Opened {
    pub fn open(place: &Place) -> Result<Self, Failure> {
        Self::read(place, &|| false)
    }

    /// `None` where somebody asked to stop before the log was read to its end: then all is closed again.
    pub fn open_unless(place: &Place, is_asked_to_stop: impl Fn() -> bool) -> Result<Option<Self>, Failure> {
        match Self::read(place, &is_asked_to_stop) {
            Ok(opened) => Ok(Some(opened).filter(|_| !is_asked_to_stop())),
            Err(Failure::Office(OfficeError::Replay(ReplayError::Stopped))) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn read(place: &Place, is_asked_to_stop: &dyn Fn() -> bool) -> Result<Self, Failure> {
        let Shelf { store, keyring } = Shelf::open(place)?;
        let bar = bar(store.head(), "reading the log");
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        if let Some(moment) = place.clock {
            clock::begin_at(moment);
        }
        let clock = Box::new(clock::now);
        let is_over = AtomicBool::new(false);
        let office = std::thread::scope(|scope| {
            // Beside the reading of the log: nobody writes before both are done.
            let (ends, examined) = mpsc::channel::<()>();
            let (store, is_over) = (&store, &is_over);
            let examine = move || {
                store.examine(&|| !is_over.load(Ordering::Relaxed));
                drop(ends);
            };
            let thread = std::thread::Builder::new().name("examine".to_owned());
            thread.spawn_scoped(scope, examine).map_err(Failure::io("starting threads"))?;
            let office = Office::open_with(shared, keyring, clock, &mut |progress| {
                bar.set_length(progress.of);
                bar.set_position(progress.position);
                if is_asked_to_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            loop {
                is_over.store(office.is_err() || is_asked_to_stop(), Ordering::Relaxed);
                if examined.recv_timeout(GLANCE) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            office.map_err(Failure::from)
        })?;
        bar.finish_and_clear();
        Ok(Self { store, office })
    }

    /// For commands that write: refuses at once where nothing can be written.
    pub fn for_writing(place: &Place) -> Result<Self, Failure> {
        let opened = Self::open(place)?;
        match closed(&opened.office.state()) {
            None => Ok(opened),
            Some(why) => Err(Failure::Other(why)),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.office.close();
        self.store.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Sink as _;
    use crate::people;
    use shared::words::{Email, PersonName, Role};
    use std::cell::Cell;

    #[test]
    fn who_is_asked_to_stop_while_the_log_is_read_stops_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { data: folder.path().to_owned(), keys: None, clock: None };
        let opened = Opened::open(&place).unwrap();
        let (name, email) =
            (PersonName::parse("Ada Lindqvist").unwrap(), Email::parse("ada@twofront.example").unwrap());
        let (_, order) = people::order(&opened.office, name, email, Role::Administrator);
        let receipt = opened.office.sink().submit(vec![order]).pop().unwrap().unwrap();
        drop(opened);

        let looks = Cell::new(0);
        let looked = |asked_at: u32| {
            looks.set(looks.get() + 1);
            looks.get() >= asked_at
        };
        assert!(Opened::open_unless(&place, || looked(1)).unwrap().is_none());
        assert_eq!(looks.get(), 1, "the reading stopped where it heard of it");
        assert!(Opened::open_unless(&place, || looked(3)).unwrap().is_none(), "asked just after the end");
        let opened = Opened::open_unless(&place, || false).unwrap().unwrap();
        assert_eq!(opened.office.position(), receipt.position);
    }
}
