//! Reading the log from its beginning: the model that decisions are taken by, and the views.
//!
//! Decoding is the cost, so it runs on every core, one page of the log ahead of the fold.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use jiff::Timestamp;
use shared::domain::Model;
use shared::ids::ImportId;
use shared::record::Record;
use shared::sieve::Sieve;

use super::warm::Warm;
use crate::seal::{self, SealError, Slots};
use crate::store::keyring::Keyring;
use crate::store::{Commit, ReadError, Store};

/// How many commits are read at once: enough to keep the cores busy, little enough to hold in memory thrice.
const PAGE: usize = 8_192;

/// Why the log could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("a thread that decodes the log died; this is a defect of Twofront, and the log says more")]
    Died,
    /// By whoever was told how far it is.
    #[error("the reading of the log was stopped before its end")]
    Stopped,
}

/// Where a reading has arrived.
pub struct Replay {
    pub model: Model,
    pub warm: Warm,
    pub slots: Slots,
    pub sieve: Sieve,
    /// The imports that were taken back, and at which position.
    pub taken_back: TakenBack,
    /// The last record that was read; 0 if there is none.
    pub position: u64,
    /// When the latest record was written down.
    pub recorded: Timestamp,
}

/// The imports that were taken back, each with the position of the event that says so.
pub type TakenBack = BTreeMap<ImportId, u64>;

/// How far a reading is, told now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub position: u64,
    /// The end of the log when the reading began.
    pub of: u64,
}

/// Who is told how far a reading is, after each page, and says whether it goes on: a log may take longer to read than
/// whoever stops the process waits.
pub type Onlooker<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// An [`Onlooker`] who neither looks nor stops.
pub const fn to_the_end(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Reads everything. Imports that were taken back are left out of model and views.
///
/// # Errors
/// When the store cannot be read, or holds what is not an event; or when the onlooker stops it.
pub fn replay(
    store: &Arc<dyn Store>,
    keyring: &Arc<Keyring>,
    progress: &mut Onlooker<'_>,
) -> Result<Replay, ReplayError> {
    replay_without(TakenBack::new(), store, keyring, progress)
}

/// [`replay`] where it is known which imports were taken back: that spares a second reading.
///
/// # Errors
/// As [`replay`].
pub fn replay_without(
    mut taken_back: TakenBack,
    store: &Arc<dyn Store>,
    keyring: &Arc<Keyring>,
    progress: &mut Onlooker<'_>,
) -> Result<Replay, ReplayError> {
    // Whether an import was taken back is known for sure only at the end: where that was not known, it is read once more.
    loop {
        let (replayed, found) = read_through(store, keyring, taken_back.clone(), progress)?;
        if found == taken_back {
            if let Some(highest) = replayed.slots.highest() {
                keyring.use_slots_up_to(highest).map_err(SealError::from)?;
            }
            return Ok(replayed);
        }
        taken_back = found;
    }
}

/// The next records after a position with the keys that seal them; none at the head.
///
/// # Errors
/// As [`replay`].
pub fn page(store: &dyn Store, keyring: &Keyring, after: u64) -> Result<Vec<(Record, Option<u64>)>, ReplayError> {
    let commits = store.read_all(after, PAGE)?;
    let records = decode(&commits, keyring)?;
    // A commit that began before `after` comes whole.
    Ok(records.into_iter().filter(|(record, _)| record.position > after).collect())
}

fn read_through(
    store: &Arc<dyn Store>,
    keyring: &Arc<Keyring>,
    taken_back: TakenBack,
    progress: &mut Onlooker<'_>,
) -> Result<(Replay, TakenBack), ReplayError> {
    let of = store.head();
    let sieve = Sieve::new(taken_back.iter().map(|(import, position)| (*import, *position)));
    let mut replayed = Replay {
        model: Model::default(),
        warm: Warm::new(sieve.clone()),
        slots: Slots::default(),
        sieve,
        taken_back,
        position: 0,
        recorded: Timestamp::MIN,
    };
    let mut found = TakenBack::new();
    thread::scope(|scope| {
        let (decoded, pages) = sync_channel(1);
        scope.spawn(move || {
            let mut after = 0;
            loop {
                let page = next_page(&**store, keyring, after);
                let end = page.as_ref().map_or(true, Vec::is_empty);
                after = page.as_ref().ok().and_then(|page| page.last()).map_or(after, |(record, _)| record.position);
                // Nobody listens any more when the fold has failed: then there is nothing left to do.
                if decoded.send(page).is_err() || end {
                    return;
                }
            }
        });
        fold_pages(&pages, &mut replayed, &mut found, &mut |position| progress(Progress { position, of }))
    })?;
    Ok((replayed, found))
}

type Page = Result<Vec<(Record, Option<u64>)>, ReplayError>;

fn fold_pages(
    pages: &Receiver<Page>,
    into: &mut Replay,
    found: &mut TakenBack,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<(), ReplayError> {
    while let Ok(page) = pages.recv() {
        let page = page?;
        if page.is_empty() {
            return Ok(());
        }
        for (record, key) in page {
            into.slots.note(record.stream(), key);
            found.extend(Sieve::taken_back_by(&record.event).map(|import| (import, record.position)));
            if into.sieve.keeps(&record) {
                into.model.evolve(&record.event, &record.context());
            }
            into.warm.fold(&record);
            into.position = record.position;
            into.recorded = into.recorded.max(record.recorded);
        }
        if progress(into.position).is_break() {
            return Err(ReplayError::Stopped);
        }
    }
    Err(ReplayError::Died)
}

fn next_page(store: &dyn Store, keyring: &Keyring, after: u64) -> Page {
    let commits = store.read_all(after, PAGE)?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = commits.len().div_ceil(cores).max(64);
    thread::scope(|scope| {
        let shares: Vec<_> = commits.chunks(share).map(|share| scope.spawn(move || decode(share, keyring))).collect();
        let mut records = Vec::with_capacity(commits.len());
        for share in shares {
            records.extend(share.join().map_err(|_| ReplayError::Died)??);
        }
        Ok(records)
    })
}

fn decode(commits: &[Commit], keyring: &Keyring) -> Result<Vec<(Record, Option<u64>)>, ReplayError> {
    let events = commits.iter().flat_map(|commit| &commit.events);
    events.map(|event| Ok(seal::read(event, keyring)?)).collect()
}
