//! The store on one machine: the guard journal first, sled beside it, an index in memory.
//!
//! A group is written to the journal and synced once, then acknowledged; sled gets it afterwards (copy.rs). The log is read
//! through from sled as far as sled is, and single events from the journal, each from the other where it is damaged. Whatever
//! sled has not got yet, loses, changes, panics or hangs over is read from the journal instead, and filled in or made anew at
//! the next open; the journal itself is checked against its own chain, against sled, against the noted head and against the
//! last signed checkpoint.
//!
//! ```text
//! DATA/lock            held while the store is open: one process at a time; says `open` once recovery is through
//! DATA/journal/        the truth (journal.rs)
//! DATA/events/         sled (blocks.rs), some way behind (copy.rs); can be thrown away
//! DATA/index           the index as it was some time ago (index.rs); can be thrown away
//! DATA/clean           where everything stood at the last clean stop; gone while the store is open
//! DATA/proof/          the last signed checkpoint and the keys it may be signed by (witness.rs); the noted head (head.rs)
//! DATA/keys/           the signing key, and what the keyring keeps (keyring.rs); may lie elsewhere
//! ```

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use shared::proof::note::Verifier;
use shared::proof::{self, Hash, Leaves};
use tokio::sync::watch;
use uuid::Uuid;

use super::blocks::Blocks;
use super::copy::Copy;
use super::head::{Head, Notes};
use super::index::{Index, Place};
use super::journal::{self, Damage, End, FRAME_BYTES, Frames, Journal, Reader, SEGMENT_BYTES, Segments};
use super::medium::{Disk, Medium, replace};
use super::place::{self, Clean, Paths, digest, lock, remove, sync_tree};
use super::plan::{self, Outcome, Plan};
use super::record::{self, PER_EVENT};
use super::recovery::{Found, Recovered, recover, refill};
use super::witness::{self, Witness};
use super::{Append, AppendError, Appended, Commit, PAGE, ReadError, State, Store, StoredEvent, StreamId, Version};

/// What can be chosen when a store is opened; the default is right outside of tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where keys live; `DATA/keys` if not said.
    pub keys: Option<PathBuf>,
    /// The file system under the journal.
    pub medium: Arc<dyn Medium>,
    /// Size at which a new journal file is begun.
    pub segment_bytes: u64,
    /// A checkpoint is signed every so many commits ([`Store::tend`]), and at a clean stop.
    pub sign_every: u64,
    /// And after the next commit once the last one is so old.
    pub sign_after: Duration,
    /// The index is checkpointed every so many events, and at a clean stop.
    pub index_every: u64,
    /// Memory for sled's cache.
    pub cache_bytes: u64,
    /// sled is given what is new once it is so many bytes, and at a clean stop.
    pub sled_every: u64,
    /// How long sled may take to open, beside 8 MiB a second; then it is given up and made anew.
    pub patience: Duration,
    /// How long a stop may take to make sure of sled's files; where they are too large for that, the next start checks them.
    pub stop_within: Duration,
    /// Whether sled is there at all; without it every read comes from the journal, slower.
    pub sled: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: None,
            medium: Arc::new(Disk),
            segment_bytes: SEGMENT_BYTES,
            sign_every: 4_096,
            sign_after: Duration::from_secs(60),
            index_every: 250_000,
            cache_bytes: 128 << 20,
            sled_every: 512 << 10,
            patience: Duration::from_secs(30),
            stop_within: super::blocks::PATIENCE,
            sled: true,
        }
    }
}

/// Why a store could not be opened at all. Damage is no such reason: it opens read-only.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another process; stop it, or choose another --data directory", dir.display())]
    Locked { dir: PathBuf },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// See the module.
#[derive(Debug)]
pub struct Sled {
    dir: PathBuf,
    store: Uuid,
    segments: PathBuf,
    reader: Reader,
    index: RwLock<Index>,
    copy: Arc<Copy>,
    writer: Mutex<Writer>,
    witness: Option<Witness>,
    /// Set when a read found sled to be wrong: it is checked whole at the next open.
    suspect: AtomicBool,
    /// The journal was not read beyond what follows the saved index.
    is_spared: bool,
    options: Options,
    state: RwLock<State>,
    head: watch::Sender<u64>,
    /// Held until the store is dropped.
    lock: File,
}

#[derive(Debug)]
struct Writer {
    /// None when the store takes no writes.
    journal: Option<Journal>,
    notes: Option<Notes>,
    signed: u64,
    signed_at: Instant,
    indexed: u64,
    /// What the last frame was made in, for the next one.
    memory: Vec<u8>,
}

/// Bytes that are kept for the next frame.
const MEMORY: usize = 1 << 20;

impl Sled {
    /// Opens the store in `dir`, and makes it if there is none.
    ///
    /// # Errors
    /// When another process has it open, or it cannot be read at all. A damaged store opens for reading only, and so does
    /// one that cannot be written to: see [`Store::state`].
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, Options::default())
    }

    /// As [`Sled::open`], with choices.
    ///
    /// # Errors
    /// As [`Sled::open`].
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path: path.clone(), source }
        };
        let lock = lock(dir)?;
        let paths = Paths::new(dir, options.keys.as_deref());
        paths.make().map_err(at(dir))?;
        let found = Found::look(&paths).map_err(at(&paths.journal))?;
        let store = found.store;
        let Recovered { index, end, clean, whole, saved, held } =
            recover(&paths, found, &options).map_err(at(&paths.journal))?;
        let mut sled = Self {
            dir: dir.to_owned(),
            store,
            segments: paths.journal.clone(),
            reader: Reader::new(&paths.journal),
            head: watch::Sender::new(index.head()),
            index: RwLock::new(index),
            copy: Arc::new(Copy::new(held)),
            writer: Mutex::new(Writer {
                journal: None,
                notes: None,
                signed: 0,
                signed_at: Instant::now(),
                indexed: saved,
                memory: Vec::new(),
            }),
            witness: None,
            suspect: AtomicBool::new(false),
            is_spared: !whole,
            options,
            state: RwLock::new(State::Open),
            lock,
        };
        if let Err(damage) = end {
            let Damage { position, why } = damage;
            tracing::error!(position, why, "the journal is damaged: the store is open for reading only");
            sled.state = RwLock::new(State::ReadOnly { why, position: Some(position) });
        } else if let Err(error) = sled.begin_writing(&paths, clean, whole) {
            // A full disk, say: what there is can be read all the same.
            let why = format!("writing could not begin: {error}");
            tracing::error!(why, "the store is closed for writes until it is restarted");
            sled.state = RwLock::new(State::Closed { why });
            return Ok(sled);
        }
        if let Err(error) = place::say_settled(&sled.lock) {
            tracing::warn!(%error, "no backup can be taken until the store is closed");
        }
        Ok(sled)
    }

    /// The id of the store, drawn when it was made.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.store
    }

    /// Reads what the open has spared itself because of the saved index: a store whose journal is damaged there takes no
    /// writes from then on, and finds it sooner the next time. It takes as long as reading the log; `goes_on` may end it.
    pub fn examine(&self, goes_on: &dyn Fn() -> bool) {
        if !self.is_spared || self.state() != State::Open {
            return;
        }
        let checked = Segments::list(&self.segments).and_then(|(segments, _)| {
            let check = |segments: Segments| segments.check(&self.index(), self.store, goes_on);
            segments.map_or(Ok(Ok(())), check)
        });
        let Damage { position, why } = match checked {
            Ok(Ok(())) => return,
            Ok(Err(damage)) => damage,
            Err(error) => Damage { position: 1, why: format!("it cannot be read: {error}") },
        };
        tracing::error!(position, why, "the journal is damaged: the store is open for reading only");
        self.writer().journal = None;
        self.set_state(State::ReadOnly { why, position: Some(position) });
        if let Err(error) = remove(&self.dir.join("index")) {
            tracing::warn!(%error, "the saved index could not be removed");
        }
    }

    /// Stops writing for good, and leaves everything so that the next open is quick. Reads go on. Done by drop as well.
    pub fn close(&self) {
        let mut writer = self.writer();
        if writer.journal.is_none() {
            return;
        }
        self.checkpoint_all(&mut writer);
        if let Some(Err(error)) = writer.journal.take().map(Journal::end) {
            tracing::warn!(%error, "the journal keeps room that it does not need");
        }
        writer.notes = None;
        self.set_state(State::Closed { why: "it was shut down".to_owned() });
        let closed = self.copy.close();
        let Head { commits, position: head, last_hash } = self.index().reaches();
        let trusted = if self.suspect.load(Ordering::Relaxed) { Err("sled is damaged".to_owned()) } else { closed };
        let settled = trusted.and_then(|()| self.settle(self.dir.join("events")));
        let stopped = settled.and_then(|events| {
            let mark = Clean { commits, head, last_hash, events };
            replace(&self.dir.join("clean"), &mark.bytes(self.store), 0o644).map_err(|error| error.to_string())
        });
        if let Err(why) = stopped {
            tracing::warn!(why, "the stop is not marked as clean: the next open will check everything");
        }
    }

    /// Syncs sled's files and says what is in them, unless that takes longer than a stop may take.
    fn settle(&self, events: PathBuf) -> Result<(u64, u32), String> {
        let (told, settled) = std::sync::mpsc::sync_channel(1);
        let work = move || {
            let found = sync_tree(&events).and_then(|()| digest(&events)).map_err(|error| error.to_string());
            // Nobody listens any more when it took too long; it only reads.
            drop(told.send(found));
        };
        std::thread::Builder::new().name("settle".to_owned()).spawn(work).map_err(|error| error.to_string())?;
        settled
            .recv_timeout(self.options.stop_within)
            .unwrap_or_else(|_| Err("sled's files are too large to be checked while the server stops".to_owned()))
    }

    /// Returns once sled has everything that was acknowledged before; false if it will not get it any more.
    ///
    /// Nothing that is promised rests on it. It is for who measures or examines what lies in the directory.
    #[must_use]
    pub fn catch_up(&self) -> bool {
        self.copy.catch_up()
    }

    /// The log as it stands, signed; and kept as the newest checkpoint.
    ///
    /// # Errors
    /// When the store is read-only, or the checkpoint cannot be written.
    pub fn checkpoint(&self) -> io::Result<String> {
        let mut writer = self.writer();
        self.sign(&mut writer)
    }

    /// The key that checkpoints are signed with; `None` when the store is read-only.
    #[must_use]
    pub fn verifier(&self) -> Option<&Verifier> {
        self.witness.as_ref().map(Witness::verifier)
    }

    /// The path that shows a commit to be in the log of `size` commits; `None` if it is not or the log is shorter.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn inclusion(&self, commit: u64, size: u64) -> Result<Option<Vec<Hash>>, ReadError> {
        let known = self.index().commits();
        if size > known { Ok(None) } else { proof::inclusion_path(commit, size, &mut StoredLeaves { store: self }) }
    }

    /// The path that shows the log of `new` commits to begin with the log of `old`; `None` if there is none.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Option<Vec<Hash>>, ReadError> {
        let known = self.index().commits();
        if new > known { Ok(None) } else { proof::consistency_path(old, new, &mut StoredLeaves { store: self }) }
    }

    /// The root over the first `size` commits; `None` if there are fewer.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn root(&self, size: u64) -> Result<Option<Hash>, ReadError> {
        let known = self.index().commits();
        if size > known { Ok(None) } else { proof::root(size, &mut StoredLeaves { store: self }).map(Some) }
    }

    /// Compares with the last checkpoint, takes up the pen, and fills sled up.
    fn begin_writing(&mut self, paths: &Paths, clean: bool, whole: bool) -> io::Result<()> {
        let checkpoint = match witness::latest(&paths.proof, self.store)? {
            Ok(checkpoint) => checkpoint,
            Err(why) => {
                self.refuse(None, why);
                return Ok(());
            }
        };
        if let Some(checkpoint) = &checkpoint {
            let root = self.root(checkpoint.size).map_err(io::Error::other)?;
            if root != Some(checkpoint.root) {
                let size = checkpoint.size;
                let why = format!("the journal is not the one whose {size} commits were signed in proof/checkpoint");
                // A root says that something is different, and not where.
                self.refuse(Some(1), why);
                return Ok(());
            }
        }
        let index = self.index();
        let medium = Arc::clone(&self.options.medium);
        let segment_bytes = self.options.segment_bytes;
        let journal = if index.end.segment == 0 {
            Journal::create(&paths.journal, self.store, medium, segment_bytes)?
        } else {
            Journal::resume(&paths.journal, self.store, medium, segment_bytes, &index, clean)?
        };
        drop(index);
        // From here on a clean stop is a thing of the past, whatever happens.
        remove(&paths.clean)?;
        self.witness = Some(Witness::open(&paths.proof, &paths.keys, self.store)?);
        let reaches = self.index().reaches();
        let indexed = self.writer().indexed;
        let notes = Notes::begin(&paths.proof, self.store, reaches)?;
        *self.writer() = Writer {
            journal: Some(journal),
            notes: Some(notes),
            signed: checkpoint.map_or(0, |checkpoint| checkpoint.size),
            signed_at: Instant::now(),
            indexed,
            memory: Vec::new(),
        };
        if self.options.sled {
            self.fill(paths, whole);
        }
        Ok(())
    }

    fn refuse(&mut self, position: Option<u64>, why: String) {
        tracing::error!(position, why, "the store is open for reading only");
        self.state = RwLock::new(State::ReadOnly { why, position });
    }

    /// Brings sled to where the journal is; makes it anew where it does not agree.
    fn fill(&mut self, paths: &Paths, whole: bool) {
        let index = self.index();
        let blocks = self.copy.take();
        let behind = match &blocks {
            Some(blocks) => blocks.last().map(|held| held.map_or(0, |held| held.head)),
            None => Err("it did not open".to_owned()),
        };
        let filled = behind.and_then(|head| match blocks {
            Some(blocks) => refill(&blocks, &self.frames(&index, head + 1), &index, head).map(|()| blocks),
            None => Err("it did not open".to_owned()),
        });
        let blocks = filled.or_else(|why| {
            if !whole {
                // What sled holds may be what the journal is repaired from, as long as nobody has read all of that.
                self.journal_is_whole()?;
            }
            tracing::warn!(why, "sled does not agree with the journal: it is moved aside and made anew");
            paths.move_events_aside().map_err(|error| error.to_string())?;
            let blocks = Blocks::open(&paths.events, self.options.cache_bytes)?;
            refill(&blocks, &self.frames(&index, 1), &index, 0)?;
            Ok::<Blocks, String>(blocks)
        });
        match blocks {
            Ok(blocks) => {
                self.copy.begin(blocks, &index, self.segments.clone(), self.store, self.options.sled_every);
            }
            Err(why) => tracing::error!(why, "sled cannot be made anew: reads come from the journal"),
        }
    }

    fn journal_is_whole(&self) -> Result<(), String> {
        let (segments, missing) = Segments::list(&self.segments).map_err(|error| error.to_string())?;
        let end = segments.map(|segments| segments.read_into(&mut Index::default(), self.store));
        match (end.transpose().map_err(|error| error.to_string())?, missing) {
            (Some(End::Damaged(Damage { position, why })), _) => Err(format!("damaged at position {position}: {why}")),
            (_, Some(why)) => Err(why),
            (Some(End::Whole | End::Torn) | None, None) => Ok(()),
        }
    }

    /// Frames from the one that holds a position, or a little before.
    fn frames(&self, index: &Index, position: u64) -> impl Fn() -> io::Result<Option<Frames>> + use<> {
        let (dir, store, mark) = (self.segments.clone(), self.store, index.mark(position));
        move || {
            let (segments, _) = Segments::list(&dir)?;
            Ok(segments.zip(mark).map(|(segments, mark)| Frames::new(segments, store, mark.place)))
        }
    }

    fn commit_group(&self, writer: &mut Writer, group: &[Append]) -> Vec<Result<Appended, AppendError>> {
        let blank = Journal::blank(std::mem::take(&mut writer.memory));
        let Plan { outcomes, mut bytes, hashes, head } = plan::plan(group, &self.index(), blank);
        let written = if hashes.is_empty() { Ok(()) } else { self.write(writer, &mut bytes, &hashes, head) };
        // Most groups are small, and one that was not is no reason to keep what it took.
        if bytes.capacity() <= MEMORY {
            writer.memory = bytes;
        }
        let answer = |outcome| match (outcome, &written) {
            (Outcome::Write(appended) | Outcome::Twin(appended), Ok(())) => Ok(appended),
            (Outcome::Refuse { error, .. }, Ok(())) | (Outcome::Refuse { error, rests: false }, Err(_)) => Err(error),
            (Outcome::Write(_) | Outcome::Twin(_) | Outcome::Refuse { .. }, Err(error)) => Err(error.clone()),
            (Outcome::Known(first), _) => {
                self.answered(first).map_err(|error| AppendError::Indeterminate { why: error.to_string() })
            }
        };
        outcomes.into_iter().map(answer).collect()
    }

    /// Journal, then the index, then everyone who watches; sled when it comes to it.
    fn write(&self, writer: &mut Writer, frame: &mut Vec<u8>, hashes: &[Hash], last: u64) -> Result<(), AppendError> {
        // It comes back when all is done: were there a panic in between, the next append would give positions out again
        // that are in the journal already.
        let Some(mut journal) = writer.journal.take() else {
            return Err(AppendError::Closed { why: self.why_closed() });
        };
        let index = self.index();
        let records = Journal::records_of(frame).len();
        let placed = journal.write(&index, frame, hashes.len(), last);
        let commits = index.commits() + hashes.len() as u64;
        drop(index);
        let (place, end) = match placed {
            Ok(placed) => placed,
            Err(error) => {
                let why = format!("writing the journal failed: {error}");
                tracing::error!(why, "the store is closed for writes until it is restarted");
                self.set_state(State::Closed { why: why.clone() });
                return Err(AppendError::Indeterminate { why });
            }
        };
        let reaches = Head { commits, position: last, last_hash: hashes.last().copied().unwrap_or_default() };
        writer.notes = writer.notes.take().and_then(|notes| notes.note(reaches));
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let (commit, position) = (index.commits(), index.head() + 1);
        let mut at = Journal::body_of(place);
        for (record, hash) in record::records(Journal::records_of(frame)).zip(hashes) {
            let entered = index.enter(&record, *hash, at);
            at = at.after(record.bytes().len());
            if let Err(error) = entered {
                // The plan was made against this index under the writer's lock: a mistake of ours, and durable.
                tracing::error!(%error, position = record.first, "a commit that is in the journal does not fit the index");
                self.set_state(State::Closed { why: error.to_string() });
                return Err(AppendError::Indeterminate { why: error.to_string() });
            }
        }
        index.framed(commit, position, place, end);
        let head = index.head();
        drop(index);
        writer.journal = Some(journal);
        self.copy.offer(head, end, records);
        self.head.send_replace(head);
        Ok(())
    }

    fn sign(&self, writer: &mut Writer) -> io::Result<String> {
        let witness = self.witness.as_ref().ok_or_else(|| io::Error::other("the store is read-only"))?;
        let index = self.index();
        let (size, root) = (index.commits(), index.tree().root());
        drop(index);
        let note = witness.note(size, root);
        // Where it cannot be kept, not every append is to try.
        writer.signed_at = Instant::now();
        witness.keep(&note)?;
        writer.signed = size;
        Ok(note)
    }

    fn save_index(&self, writer: &mut Writer) {
        let index = self.index();
        let (head, bytes) = (index.head(), index.save(self.store));
        drop(index);
        // Tried again after as many events in any case: without it an open is slower, and nothing else.
        writer.indexed = head;
        if let Err(error) = replace(&self.dir.join("index"), &bytes, 0o644) {
            tracing::warn!(%error, "the index could not be saved");
        }
    }

    fn checkpoint_all(&self, writer: &mut Writer) {
        if self.index().commits() > writer.signed
            && let Err(error) = self.sign(writer)
        {
            tracing::warn!(%error, "the log could not be signed at the stop");
        }
        if self.index().head() > writer.indexed {
            self.save_index(writer);
        }
    }

    /// What sled has said; `None` where it was not asked or is wrong.
    fn heard<T>(&self, position: u64, said: Option<Result<T, String>>) -> Option<T> {
        said?
            .inspect_err(|why| {
                if !self.suspect.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        position,
                        why,
                        "sled is damaged: it is read around, and made anew at the next start"
                    );
                }
            })
            .ok()
    }

    fn journal_read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, ReadError> {
        let places: Vec<Option<Place>> = {
            let index = self.index();
            positions.iter().map(|position| index.place_of(*position)).collect()
        };
        let event = |(position, place): (&u64, Option<Place>)| {
            let place = place.ok_or_else(|| "the index does not know it".to_owned());
            let event = place.and_then(|place| self.reader.record(place, |record| record.event(*position)));
            event.map_err(|why| ReadError::Damaged { position: *position, why })
        };
        positions.iter().zip(places).map(event).collect()
    }

    fn journal_read_all(&self, after: u64, head: u64, limit: usize) -> Result<Vec<Commit>, ReadError> {
        let (mut commits, mut bytes, mut next) = (Vec::new(), 0, after + 1);
        while next <= head && commits.len() < limit && bytes < PAGE {
            let frame = self.frame(next)?;
            for record in record::records(&frame.body).skip_while(|record| record.last() < next) {
                if commits.len() >= limit || bytes >= PAGE {
                    break;
                }
                bytes += record.bytes().len();
                commits.push(record.commit());
            }
            next = frame.head.last + 1;
        }
        Ok(commits)
    }

    fn frame(&self, position: u64) -> Result<journal::Frame, ReadError> {
        let damaged = |why: String| ReadError::Damaged { position, why };
        let io = |error: io::Error| ReadError::Io { position, why: error.to_string() };
        let frames = self.frames(&self.index(), position);
        let mut frames = frames().map_err(io)?.ok_or_else(|| damaged("the journal is gone".to_owned()))?;
        let found = journal::seek(&mut frames, position).map_err(io)?;
        let frame = found.map_err(|flaw| damaged(format!("{}: {}", flaw.place, flaw.why)))?;
        frame.ok_or_else(|| damaged("the journal ends before it".to_owned()))
    }

    fn commit_from(&self, first: u64) -> Result<Commit, ReadError> {
        let place = self.index().place_of(first);
        if let Some(Ok(commit)) = place.map(|place| self.reader.record(place, |record| Some(record.commit()))) {
            return Ok(commit);
        }
        let mut commits = self.read_all(first.saturating_sub(1), 1)?;
        let damaged = || ReadError::Damaged { position: first, why: "there is no commit".to_owned() };
        commits.pop().filter(|commit| commit.first() == first).ok_or_else(damaged)
    }

    fn answered(&self, first: u64) -> Result<Appended, ReadError> {
        self.commit_from(first).map(|commit| commit.receipt(true))
    }

    fn why_closed(&self) -> String {
        match self.state() {
            State::Open => "it is being closed".to_owned(),
            State::ReadOnly { why, position } => format!("it is {}", super::damaged(position, &why)),
            State::Closed { why } => why,
        }
    }

    fn set_state(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        self.close();
        // Of a store that took no writes sled is still open.
        drop(self.copy.close());
    }
}

impl Store for Sled {
    fn append(&self, group: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        let mut writer = self.writer();
        let mut answers = Vec::with_capacity(group.len());
        let mut rest = group.as_slice();
        while !rest.is_empty() {
            // A group that would not fit into one frame becomes several, each with its own sync.
            let mut bytes = 0;
            let fits = rest.iter().take_while(|append| {
                let fits = bytes < FRAME_BYTES;
                bytes += size(append);
                fits
            });
            let fits = fits.count();
            let (now, later) = rest.split_at(fits.max(1));
            rest = later;
            if writer.journal.is_some() {
                answers.extend(self.commit_group(&mut writer, now));
            } else {
                if self.state() == State::Open {
                    tracing::error!(
                        "a write did not come to its end: the store is closed for writes until it is restarted"
                    );
                    self.set_state(State::Closed { why: "an earlier write did not come to its end".to_owned() });
                }
                let why = self.why_closed();
                answers.extend(now.iter().map(|_| Err(AppendError::Closed { why: why.clone() })));
            }
        }
        answers
    }

    fn version(&self, stream: StreamId) -> Result<Option<Version>, ReadError> {
        Ok(self.index().version(stream))
    }

    fn read_stream(&self, stream: StreamId, from_revision: u64, limit: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let positions = self.index().positions(stream, from_revision, limit);
        self.read_at(&positions)
    }

    fn read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, ReadError> {
        let head = self.head();
        if let Some(position) = positions.iter().copied().find(|position| *position == 0 || *position > head) {
            return Err(ReadError::Unknown { position, head });
        }
        let Some(first) = positions.first().copied() else {
            return Ok(Vec::new());
        };
        // Single events are read fastest from the journal, whose every record has a known place; sled has them as well.
        self.journal_read_at(positions).or_else(|error| {
            let until = positions.iter().copied().max().unwrap_or(first);
            let said = self.copy.ask_patiently(until, |blocks| blocks.read_at(positions));
            let answer = self.heard(first, said).ok_or_else(|| error.clone());
            if answer.is_ok() {
                tracing::error!(%error, "the journal is damaged: read from sled; run `twofront verify`");
            }
            answer
        })
    }

    fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Commit>, ReadError> {
        let head = self.head();
        if after >= head || limit == 0 {
            return Ok(Vec::new());
        }
        // sled may be some way behind, and whoever asks for less than all may well ask for what it has.
        let until = self.index().end_of_page(after + 1, limit);
        let said = self.copy.ask(until, |blocks| blocks.read_all(after, until, limit));
        self.heard(after + 1, said).map_or_else(|| self.journal_read_all(after, head, limit), Ok)
    }

    fn receipt(&self, command: Uuid) -> Result<Option<Appended>, ReadError> {
        let first = self.index().committed(command);
        first.map(|first| self.answered(first)).transpose()
    }

    fn head(&self) -> u64 {
        self.index().head()
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tend(&self) {
        let mut writer = self.writer();
        if writer.journal.is_none() {
            return;
        }
        let Head { commits, position, .. } = self.index().reaches();
        let unsigned = commits.saturating_sub(writer.signed);
        let is_old = unsigned > 0 && writer.signed_at.elapsed() >= self.options.sign_after;
        if (is_old || unsigned >= self.options.sign_every)
            && let Err(error) = self.sign(&mut writer)
        {
            tracing::warn!(%error, "the log could not be signed; it will be tried again");
        }
        if position.saturating_sub(writer.indexed) >= self.options.index_every {
            self.save_index(&mut writer);
        }
    }
}

/// Leaf hashes, from the index where it has them, else from the commits.
struct StoredLeaves<'a> {
    store: &'a Sled,
}

impl Leaves for StoredLeaves<'_> {
    type Error = ReadError;

    fn leaf(&mut self, index: u64) -> Result<Hash, ReadError> {
        if let Some(hash) = self.store.index().tree().kept(index, 1) {
            return Ok(hash);
        }
        let first = self.store.index().first_of(index);
        let head = self.store.head();
        let first = first.ok_or(ReadError::Unknown { position: head + 1, head })?;
        self.store.commit_from(first).map(|commit| proof::leaf_hash(&commit.hash))
    }

    fn subtree(&mut self, start: u64, size: u64) -> Option<Hash> {
        self.store.index().tree().kept(start, size)
    }
}

/// Roughly what an append takes as a record.
fn size(append: &Append) -> usize {
    let events = append.parts.iter().flat_map(|part| &part.events);
    record::FIXED + events.map(|payload| PER_EVENT + payload.len()).sum::<usize>()
}
