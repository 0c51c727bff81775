//! The blocks: commits in sled, laid out as was measured to be fast and safe: one tree, sequential keys, small values.
//!
//! A block is a run of whole records (see `record.rs`) of at most [`VALUE`] bytes under the position of its first event,
//! or a piece of one record that is larger, under the same key and the number of the piece. sled 0.34 puts larger values
//! into files that it never syncs, so none is made. What is new goes in as one batch (copy.rs), after the journal has it, and every
//! record is checked when it is read: what sled loses or changes is noticed and read from the journal instead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::proof::Hash;

use super::record::{self, Cursor, Record};
use super::{Commit, PAGE, StoredEvent};

/// The largest value: a page of sled that is larger than a quarter of its segment (512 KiB / 16 items / 4) becomes a file.
pub(super) const VALUE: usize = 7 << 10;
/// Bytes after which sled is flushed: it keeps what is not flushed in memory.
const BACKLOG: usize = 4 << 20;

const WHOLE: u8 = 0;
const PIECE: u8 = 1;

/// How long sled may take to close. Its own end syncs its files, and may panic or wait for ever where that fails.
pub(super) const PATIENCE: Duration = Duration::from_millis(2_500);

/// An open sled.
#[derive(Debug)]
pub(super) struct Blocks {
    /// None once it is being closed.
    db: Option<::sled::Db>,
    backlog: AtomicUsize,
}

/// What sled holds, once all of it was read and found to be one unbroken chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) commits: u64,
    pub(super) head: u64,
    pub(super) last_hash: Hash,
}

impl Blocks {
    /// Opens sled, or says why that failed; sled panics on some damage, and that is caught.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self, String> {
        guarded(|| {
            let config = ::sled::Config::new()
                .path(path)
                .cache_capacity(cache_bytes)
                .flush_every_ms(None)
                .use_compression(false);
            let db = config.open().map_err(|error| error.to_string())?;
            Ok(Self { db: Some(db), backlog: AtomicUsize::new(0) })
        })
    }

    /// Adds a group's records in one batch.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<(), String> {
        guarded(|| {
            self.db()?.apply_batch(batch(bytes)).map_err(|error| error.to_string())?;
            let backlog = self.backlog.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
            if backlog >= BACKLOG { self.flush_now() } else { Ok(()) }
        })
    }

    /// Flushes and closes it, and waits for that only so long.
    pub(super) fn close(mut self) -> Result<(), String> {
        let flushed = self.flush();
        self.end().and(flushed)
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(db) = self.db.take() else {
            return Ok(());
        };
        let (told, closed) = std::sync::mpsc::sync_channel(1);
        let close = move || {
            let ended = guarded(|| {
                drop(db);
                Ok(())
            });
            // Nobody listens any more when it took too long.
            drop(told.send(ended));
        };
        std::thread::Builder::new().name("sled-close".to_owned()).spawn(close).map_err(|error| error.to_string())?;
        closed.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(format!("it did not close within {PATIENCE:?}")))
    }

    fn db(&self) -> Result<&::sled::Db, String> {
        self.db.as_ref().ok_or_else(|| "sled is being closed".to_owned())
    }

    /// Hands everything to the operating system. That is not a sync; the journal has what matters.
    pub(super) fn flush(&self) -> Result<(), String> {
        guarded(|| self.flush_now())
    }

    /// The events at these positions, which all exist.
    pub(super) fn read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, String> {
        guarded(|| {
            let mut events = Vec::with_capacity(positions.len());
            let mut block: Option<Block> = None;
            for position in positions {
                let held = block.take().filter(|block| block.first <= *position && *position <= block.last);
                let held = match held {
                    Some(block) => block,
                    None => self.block(*position)?,
                };
                let record = record::records(&held.bytes).find(|record| record.last() >= *position);
                let record = record.filter(|record| record.first <= *position && record.check());
                let event = record.and_then(|record| record.event(*position));
                events.push(event.ok_or_else(|| format!("the commit at position {position} is damaged in sled"))?);
                block = Some(held);
            }
            Ok(events)
        })
    }

    /// Up to `limit` commits that end after `after`, up to `head`; some 16 MiB at once.
    pub(super) fn read_all(&self, after: u64, head: u64, limit: usize) -> Result<Vec<Commit>, String> {
        guarded(|| {
            let mut commits: Vec<Commit> = Vec::new();
            let mut bytes = 0;
            let mut next = after + 1;
            let full = |next: u64, commits: usize, bytes: usize| next > head || commits >= limit || bytes >= PAGE;
            let from = self.block(next)?.first;
            self.each_block(from, |_, records| {
                for record in record::records(records) {
                    if record.last() < next {
                        continue;
                    }
                    if full(next, commits.len(), bytes) {
                        return Ok(false);
                    }
                    let follows = record.first == next || (commits.is_empty() && record.first <= next);
                    if !follows || !record.check() {
                        return Err(format!("the commit at position {next} is damaged in sled"));
                    }
                    bytes += record.bytes().len();
                    next = record.last() + 1;
                    commits.push(record.commit());
                }
                Ok(!full(next, commits.len(), bytes))
            })?;
            let whole = full(next, commits.len(), bytes);
            if whole { Ok(commits) } else { Err(format!("the commit at position {next} is missing in sled")) }
        })
    }

    /// The end of what sled holds, by its last block alone; nothing if it is empty.
    pub(super) fn last(&self) -> Result<Option<Held>, String> {
        guarded(|| {
            if self.db()?.is_empty() {
                return Ok(None);
            }
            let block = self.block(u64::MAX - 1)?;
            let last = record::records(&block.bytes).last().filter(Record::check);
            let last = last.ok_or_else(|| "the last commit is damaged in sled".to_owned())?;
            Ok(Some(Held { commits: last.index + 1, head: last.last(), last_hash: last.hash() }))
        })
    }

    /// The hash of the commit that ends at a position, if one does.
    pub(super) fn hash_at(&self, position: u64) -> Result<Option<Hash>, String> {
        guarded(|| {
            let block = self.block(position)?;
            let record = record::records(&block.bytes).find(|record| record.last() == position);
            Ok(record.filter(Record::check).map(|record| record.hash()))
        })
    }

    /// Reads everything and checks every record and link.
    pub(super) fn survey(&self) -> Result<Held, String> {
        guarded(|| {
            let mut held = Held { commits: 0, head: 0, last_hash: [0; 32] };
            self.each_block(0, |first, bytes| {
                let mut records = record::records(bytes);
                let mut begins = first;
                for record in records.by_ref() {
                    let next = held.head + 1;
                    let follows = record.index == held.commits && record.first == next && record.first == begins;
                    if !follows || record.previous != held.last_hash || !record.check() {
                        return Err(format!("the commit at position {next} is damaged in sled"));
                    }
                    held = Held { commits: record.index + 1, head: record.last(), last_hash: record.hash() };
                    begins = held.head + 1;
                }
                let next = held.head + 1;
                if records.rest.is_empty() {
                    Ok(true)
                } else {
                    Err(format!("the commit at position {next} is damaged in sled"))
                }
            })?;
            Ok(held)
        })
    }

    /// Shows the blocks from a key on, with the position in their key, until `see` has seen enough.
    fn each_block(&self, from: u64, mut see: impl FnMut(u64, &[u8]) -> Result<bool, String>) -> Result<(), String> {
        let mut pieces: Vec<u8> = Vec::new();
        for item in self.db()?.range(key(from, 0)..) {
            let (key, value) = item.map_err(|error| error.to_string())?;
            let (first, part) = parse_key(&key).ok_or("a key in sled is not one of ours")?;
            let more = match value.split_first() {
                Some((&WHOLE, records)) if pieces.is_empty() => see(first, records)?,
                Some((&PIECE, piece)) if (part == 0) == pieces.is_empty() => {
                    pieces.extend_from_slice(piece);
                    if Record::parse(&pieces).is_none() {
                        continue;
                    }
                    let more = see(first, &pieces)?;
                    pieces.clear();
                    more
                }
                Some(_) | None => return Err(format!("the block at position {first} is damaged in sled")),
            };
            if !more {
                return Ok(());
            }
        }
        if pieces.is_empty() { Ok(()) } else { Err("the last block in sled is cut short".to_owned()) }
    }

    /// The block that holds a position, if sled has it.
    fn block(&self, position: u64) -> Result<Block, String> {
        let missing = || format!("the commit at position {position} is missing in sled");
        let found = self.db()?.get_lt(key(position.saturating_add(1), 0)).map_err(|error| error.to_string())?;
        let (found_key, value) = found.ok_or_else(missing)?;
        let (first, _) = parse_key(&found_key).ok_or_else(missing)?;
        let bytes = match value.first() {
            Some(&WHOLE) => Bytes::Whole(value),
            Some(&PIECE) => {
                let mut bytes = Vec::new();
                for item in self.db()?.range(key(first, 0)..key(first.saturating_add(1), 0)) {
                    let (_, value) = item.map_err(|error| error.to_string())?;
                    bytes.extend_from_slice(value.get(1..).unwrap_or_default());
                }
                Bytes::Joined(bytes)
            }
            Some(_) | None => return Err(missing()),
        };
        let last = record::records(&bytes).last().map_or(0, |record| record.last());
        Ok(Block { first, last, bytes })
    }

    fn flush_now(&self) -> Result<(), String> {
        self.backlog.store(0, Ordering::Relaxed);
        self.db()?.flush().map(|_| ()).map_err(|error| error.to_string())
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        if let Err(why) = self.end() {
            tracing::warn!(why, "sled did not close in order: it is checked whole at the next start");
        }
    }
}

struct Block {
    first: u64,
    last: u64,
    bytes: Bytes,
}

enum Bytes {
    Whole(::sled::IVec),
    Joined(Vec<u8>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(value) => value.get(1..).unwrap_or_default(),
            Self::Joined(bytes) => bytes,
        }
    }
}

/// Records, packed into as few values as fit.
fn batch(bytes: &[u8]) -> ::sled::Batch {
    let mut batch = ::sled::Batch::default();
    let mut open: Option<(u64, Vec<u8>)> = None;
    for record in record::records(bytes) {
        let piece = record.bytes();
        if open.as_ref().is_some_and(|(_, value)| value.len() + piece.len() > VALUE)
            && let Some((first, value)) = open.take()
        {
            batch.insert(&key(first, 0), value);
        }
        if piece.len() < VALUE {
            open.get_or_insert_with(|| (record.first, vec![WHOLE])).1.extend_from_slice(piece);
        } else {
            for (part, piece) in (0_u16..).zip(piece.chunks(VALUE - 1)) {
                let mut value = Vec::with_capacity(piece.len() + 1);
                value.push(PIECE);
                value.extend_from_slice(piece);
                batch.insert(&key(record.first, part), value);
            }
        }
    }
    if let Some((first, value)) = open {
        batch.insert(&key(first, 0), value);
    }
    batch
}

fn key(position: u64, part: u16) -> [u8; 10] {
    let mut key = [0; 10];
    for (to, from) in key.iter_mut().zip(position.to_be_bytes().into_iter().chain(part.to_be_bytes())) {
        *to = from;
    }
    key
}

fn parse_key(key: &[u8]) -> Option<(u64, u16)> {
    let mut cursor = Cursor(key);
    let (position, part) = (u64::from_be_bytes(cursor.array()?), u16::from_be_bytes(cursor.array()?));
    cursor.0.is_empty().then_some((position, part))
}

/// Runs something that calls sled, which panics where it finds its files changed.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // Nothing of ours is left half done by a panic in there: sled is only ever read again or thrown away.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("sled panicked: {}", text.unwrap_or("without a message")))
    })
}
