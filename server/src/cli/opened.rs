//! A data directory that is open: the store, its keys, and the office over both.

use std::sync::Arc;

use super::{Failure, bar};
use crate::clock;
use crate::config::Place;
use crate::desk::closed;
use crate::office::Office;
use crate::store::keyring::Keyring;
use crate::store::{Durable, Options, Store};

/// Closed in order when it is dropped.
pub struct Opened {
    pub store: Arc<Durable>,
    pub office: Office,
}

/// The store and its keys, without reading the log.
pub struct Shelf {
    pub store: Arc<Durable>,
    pub keyring: Arc<Keyring>,
}

impl Shelf {
    pub fn open(place: &Place) -> Result<Self, Failure> {
        let options = Options { keys: Some(place.keys()), ..Options::default() };
        let store = Durable::open_with(place.data(), options)?;
        let keyring = Keyring::at(&place.keys())?;
        Ok(Self { store: Arc::new(store), keyring: Arc::new(keyring) })
    }
}

impl Shelf {
    /// For commands that only read: where there is no store, none is made.
    pub fn open_existing(place: &Place) -> Result<Self, Failure> {
        if place.data().join("journal").is_dir() {
            return Self::open(place);
        }
        Err(Failure::Other(format!("there is no store in {}; look at --data", place.data().display())))
    }
}

impl Opened {
    pub fn open(place: &Place) -> Result<Self, Failure> {
        let Shelf { store, keyring } = Shelf::open(place)?;
        let bar = bar(store.head(), "reading the log");
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        if let Some(moment) = place.clock {
            clock::begin_at(moment);
        }
        let clock = Box::new(clock::now);
        let office = Office::open_with(shared, keyring, clock, &mut |progress| {
            bar.set_length(progress.of);
            bar.set_position(progress.position);
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
