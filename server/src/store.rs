//! The store: the port through which everything that has happened is written down once and read back for ever.
//!
//! A *commit* is one or more events for one or several streams, all or nothing; it is the unit of storage, of
//! idempotency (its command id is remembered for ever) and of proof (its hash is a leaf of the Merkle tree).
//! Payloads are bytes: the store knows nothing of the business, and nothing outside this folder knows which
//! engine is behind it, that it runs in one process, or that its own append was the last one.
//!
//! What holds for every implementation, and is tested by one suite (`server/tests/store/contract.rs`):
//! positions are gapless from 1, revisions are gapless from 1 within their stream; an [`Append`] is all or nothing;
//! an answer `Ok` means that the bytes are durable; the same command id gets the first answer again; after a failed
//! write or sync the store refuses writes, goes on answering reads and never pretends that a retry worked.

use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;

mod blocks;
pub mod care;
mod copy;
mod head;
mod index;
pub mod journal;
pub mod keyring;
pub mod medium;
pub mod memory;
mod place;
mod plan;
pub mod record;
mod recovery;
pub mod sled;
pub mod witness;

/// The store that outlives the process.
pub use self::sled::{OpenError, Options, Sled as Durable};

/// The largest commit in bytes, as stored (its payloads, 29 bytes an event and 76 bytes for the commit itself).
///
/// A commit is read, hashed and split in one piece; whoever has more to say sends several commands.
pub const MAX_COMMIT: usize = 1 << 20;

/// How many bytes of records [`Store::read_all`] gathers before it returns early.
const PAGE: usize = 16 << 20;

/// The name of a stream: opaque here; by convention one byte for the slice and 16 for the id of the thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub [u8; 17]);

impl std::fmt::Debug for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Where a stream stands after its latest event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Number of the event within its stream, from 1, gapless.
    pub revision: u64,
    /// Number of the event within the whole store, from 1, gapless.
    pub position: u64,
}

/// What a decision assumed about a stream when it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Nothing: the decision holds whatever the stream says.
    Any,
    /// The stream does not exist.
    None,
    /// The stream's latest revision is this one.
    At(u64),
}

/// The share of one stream in an [`Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub stream: StreamId,
    pub expect: Expect,
    /// Payloads in order; empty makes the part a pure condition: nothing is written, but it must hold.
    pub events: Vec<Vec<u8>>,
}

/// One commit as it is asked for: all of its parts hold and are written, or nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The client's command id: sent again, it gets the first answer again.
    pub command: Uuid,
    /// Each stream at most once; at least one event in all.
    pub parts: Vec<Part>,
}

/// The receipt of a commit, the same for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    pub command: Uuid,
    /// Position of the commit's first event.
    pub first: u64,
    /// Position of the commit's last event.
    pub last: u64,
    /// Where each written stream stood just after this commit, in the order of the parts.
    pub versions: Vec<(StreamId, Version)>,
    /// True when the command had been committed before, and this is its first answer again.
    pub duplicate: bool,
}

/// One event as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub position: u64,
    pub stream: StreamId,
    pub revision: u64,
    /// The command whose commit it belongs to.
    pub command: Uuid,
    pub payload: Vec<u8>,
}

/// One commit as it was stored: enough to compute its hash again ([`record::body`] gives the hashed bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Number of the commit from 0: its leaf in the Merkle tree.
    pub index: u64,
    pub command: Uuid,
    /// Never empty; positions are consecutive.
    pub events: Vec<StoredEvent>,
    /// Hash of the commit before it; zeros for the first.
    pub previous: [u8; 32],
    /// SHA-256 over the stored record, the previous hash included.
    pub hash: [u8; 32],
}

impl Commit {
    /// Position of the first event.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.events.first().map_or(0, |event| event.position)
    }

    /// Position of the last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.position)
    }

    /// The receipt that the command got.
    #[must_use]
    pub fn receipt(&self, duplicate: bool) -> Appended {
        let mut versions: Vec<(StreamId, Version)> = Vec::new();
        for event in &self.events {
            let version = Version { revision: event.revision, position: event.position };
            match versions.iter_mut().find(|(stream, _)| *stream == event.stream) {
                Some((_, latest)) => *latest = version,
                None => versions.push((event.stream, version)),
            }
        }
        Appended { command: self.command, first: self.first(), last: self.last(), versions, duplicate }
    }
}

/// Why a commit was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing was written. Read the stream again and decide again.
    #[error("stream {stream} is not where the decision assumed it to be; decide again on what it says now")]
    Conflict {
        stream: StreamId,
        /// Where the stream stands now; `None` if it does not exist.
        at: Option<Version>,
    },
    /// Nothing was written, and never will be in this form.
    #[error("the commit has {bytes} bytes and may have {limit}; split it into several commands")]
    TooLarge { bytes: usize, limit: usize },
    /// Nothing was written: the request contradicts itself. A mistake in the caller.
    #[error("the commit is malformed: {why}")]
    Malformed { why: &'static str },
    /// Nothing was written: the store takes no writes until someone has looked at it.
    #[error("the store does not take writes: {why}")]
    Closed { why: String },
    /// The write or its sync failed, so it may be on disk or not. After the restart, send it again with the
    /// same command id and the same expectations: it is then either committed once or found committed.
    #[error(
        "it is not known whether the commit was written ({why}); send it again with the same command id once the store is open"
    )]
    Indeterminate { why: String },
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such position: it is 0 or beyond the head.
    #[error("there is no event at position {position}; the last one is at {head}")]
    Unknown { position: u64, head: u64 },
    /// What is stored there is not what was written. `twofront verify` says more.
    #[error("the store is damaged at position {position}: {why}; run `twofront verify`, then restore or rebuild")]
    Damaged { position: u64, why: String },
    /// The medium refused.
    #[error("reading position {position} failed: {why}")]
    Io { position: u64, why: String },
}

/// Whether the store takes writes, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Reads and writes.
    Open,
    /// Damage was found when it was opened: the sound part can be read, nothing is written.
    ReadOnly {
        why: String,
        /// The first position that cannot be vouched for; `None` when events are not concerned.
        position: Option<u64>,
    },
    /// A write or sync failed, or the store was shut down: reads go on, writes are refused.
    Closed { why: String },
}

/// "damaged at position 5: …", of a store or of what an examination found.
pub(crate) fn damaged(position: Option<u64>, why: &str) -> String {
    match position {
        Some(position) => format!("damaged at position {position}: {why}"),
        None => format!("damaged, though no event is: {why}"),
    }
}

/// The port. All methods block, most for microseconds; [`Store::append`] waits for the disk.
pub trait Store: Send + Sync {
    /// Commits a group with one write and one sync, and answers each [`Append`] in order.
    ///
    /// Each is all or nothing by itself; later ones see earlier ones. Meant for one writer that collects what is
    /// waiting, and safe from several threads.
    fn append(&self, group: Vec<Append>) -> Vec<Result<Appended, AppendError>>;

    /// Where a stream stands; `None` if it does not exist.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn version(&self, stream: StreamId) -> Result<Option<Version>, ReadError>;

    /// Up to `limit` events of a stream from `from_revision` (1 is the first), ascending; empty past its end.
    ///
    /// # Errors
    /// When the store cannot be read or what it holds is damaged.
    fn read_stream(&self, stream: StreamId, from_revision: u64, limit: usize) -> Result<Vec<StoredEvent>, ReadError>;

    /// The events at these positions, in the order given; ascending positions are read fastest.
    ///
    /// # Errors
    /// [`ReadError::Unknown`] for a position that does not exist, else as [`Store::read_stream`].
    fn read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, ReadError>;

    /// Up to `limit` whole commits that end after position `after`, ascending. Fewer come back when they are large
    /// (some 16 MiB at once), none only at the head.
    ///
    /// # Errors
    /// As [`Store::read_stream`].
    fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Commit>, ReadError>;

    /// What was answered to this command, if it was ever committed (`duplicate` is then true).
    ///
    /// # Errors
    /// As [`Store::read_stream`].
    fn receipt(&self, command: Uuid) -> Result<Option<Appended>, ReadError>;

    /// Position of the last durable event; 0 when there is none.
    fn head(&self) -> u64;

    /// The durable head as it moves; see [`Subscription`].
    fn watch(&self) -> watch::Receiver<u64>;

    /// Whether writes are taken.
    fn state(&self) -> State;

    /// Does what is due now and then (signing, saving short cuts), and can wait until the answers are given: to be called
    /// after them. Nothing that was promised rests on it.
    fn tend(&self) {}
}

/// Every commit after a position, first those that are there, then each as it comes, without a hole and in order.
pub struct Subscription {
    store: Arc<dyn Store>,
    head: watch::Receiver<u64>,
    after: u64,
}

impl Subscription {
    /// Starts after `after`; 0 is the beginning.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, after: u64) -> Self {
        // The receiver is taken first: what is committed between this line and the first read is seen by both.
        let head = store.watch();
        Self { store, head, after }
    }

    /// The position up to which commits were handed out.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.after
    }

    /// The next commits, at most `limit` and at least one; waits at the head. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Store::read_all`].
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Commit>, ReadError> {
        loop {
            self.head.borrow_and_update();
            let commits = self.store.read_all(self.after, limit.max(1))?;
            if let Some(last) = commits.last() {
                self.after = last.last();
                return Ok(commits);
            }
            // The sender lives in the store, and the store in `self`: it cannot be gone.
            if self.head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
