//! The index: what must be known at once, in memory: where each stream stands, which commands were committed, the tree.
//!
//! It is derived from the journal, at most some 110 bytes an event, and checkpointed now and then to a file of its own so
//! that opening a large store reads the tail only. The checkpoint is disposable: it carries a checksum and the hash of the
//! commit it ends with, and is made anew from the journal whenever either is not as it should be.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use shared::proof::{self, Hash, Leaves, NoLeaf};
use uuid::Uuid;

use super::head::Head;
use super::record::{Cursor, Record};
use super::{StreamId, Version};

/// What the index knows of the journal: every commit up to `head`.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    commits: Vec<Entered>,
    by_command: HashTable<Slot>,
    streams: Vec<Stream>,
    by_stream: HashTable<Slot>,
    /// For each event, the position of the event before it in its stream; 0 for a stream's first.
    before: Vec<u64>,
    tree: Tree,
    last_hash: Hash,
    /// Places in the journal at which a frame begins, every 64 KiB or so.
    pub(super) marks: Vec<Mark>,
    /// Where the next frame goes.
    pub(super) end: Place,
    /// Where the last frame begins.
    pub(super) last_frame: Place,
    /// Of the commit that is being entered, the streams that it moves; kept for its room.
    moves: Vec<Move>,
}

/// What a command or a stream is looked up by: half of its hash, which is enough, and is kept so that a table that grows
/// need not look at what is in it: somebody waits for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u32);

impl Key {
    fn new(hash: u64) -> Self {
        Self(u32::try_from(hash >> 32).unwrap_or_default())
    }

    /// A table looks at the low bits and at the highest.
    pub(super) fn hash(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

/// One of the commits or streams, by its number.
#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Key,
    number: u32,
}

/// A stream that a commit moves.
#[derive(Clone, Copy, Debug)]
struct Move {
    id: StreamId,
    key: Key,
    /// Its number, if it was there before.
    number: Option<u32>,
    /// Where it stands.
    at: Version,
}

/// A place in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Number of the segment, from 1; 0 before the first.
    pub(super) segment: u64,
    /// Bytes from the segment's beginning.
    pub(super) offset: u64,
}

impl Place {
    /// In one number: files are far smaller than 2^40 bytes, and fewer than 2^24.
    fn pack(self) -> u64 {
        self.segment << 40 | self.offset
    }

    fn unpack(packed: u64) -> Self {
        Self { segment: packed >> 40, offset: packed & ((1 << 40) - 1) }
    }

    /// So many bytes further on in the same file.
    pub(super) fn after(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as u64, ..self }
    }
}

/// A frame that begins at a known place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Position of the frame's first event.
    pub(super) position: u64,
    /// Index of the frame's first commit.
    pub(super) commit: u64,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug)]
struct Entered {
    command: [u8; 16],
    first: u64,
    /// Where its record lies: segment and offset in one number.
    place: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    id: StreamId,
    last: Version,
}

/// Why a record does not continue the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Break {
    #[error("it is not the next commit")]
    Order,
    #[error("it does not follow the commit before it (its hash link is another)")]
    Chain,
    #[error("an event is not the next one of its stream")]
    Revision,
    #[error("its command was committed before")]
    Command,
    #[error("the index is full")]
    Full,
}

impl Index {
    pub(super) fn head(&self) -> u64 {
        self.before.len() as u64
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.len() as u64
    }

    pub(super) fn last_hash(&self) -> Hash {
        self.last_hash
    }

    pub(super) fn version(&self, stream: StreamId) -> Option<Version> {
        self.version_as(self.stream_key(stream), stream)
    }

    /// As [`Index::version`], where the key is known.
    pub(super) fn version_as(&self, key: Key, stream: StreamId) -> Option<Version> {
        entry(&self.streams, self.number_of(key, stream)?).map(|stream| stream.last)
    }

    pub(super) fn stream_key(&self, stream: StreamId) -> Key {
        Key::new(self.hasher.hash_one(stream.0))
    }

    pub(super) fn command_key(&self, command: Uuid) -> Key {
        Key::new(self.hasher.hash_one(command.as_bytes()))
    }

    /// Position of the first event of the commit that a command made.
    pub(super) fn committed(&self, command: Uuid) -> Option<u64> {
        self.committed_as(self.command_key(command), command)
    }

    /// As [`Index::committed`], where the key is known.
    pub(super) fn committed_as(&self, key: Key, command: Uuid) -> Option<u64> {
        let is_it = |slot: &Slot| {
            slot.key == key
                && entry(&self.commits, slot.number).is_some_and(|commit| commit.command == *command.as_bytes())
        };
        let slot = self.by_command.find(key.hash(), is_it)?;
        entry(&self.commits, slot.number).map(|commit| commit.first)
    }

    /// Position of the first event of a commit.
    pub(super) fn first_of(&self, commit: u64) -> Option<u64> {
        self.commits.get(usize::try_from(commit).ok()?).map(|commit| commit.first)
    }

    /// Index of the commit that holds a position.
    pub(super) fn commit_at(&self, position: u64) -> Option<u64> {
        if position == 0 || position > self.head() {
            return None;
        }
        (self.commits.partition_point(|commit| commit.first <= position) as u64).checked_sub(1)
    }

    /// Position of the last event of the last of `limit` commits, of which the first holds `position`.
    pub(super) fn end_of_page(&self, position: u64, limit: usize) -> u64 {
        let after = self.commit_at(position).and_then(|commit| commit.checked_add(limit as u64));
        after.and_then(|commit| self.first_of(commit)).map_or(self.head(), |first| first - 1)
    }

    /// Positions of a stream's events from a revision, ascending.
    pub(super) fn positions(&self, stream: StreamId, from_revision: u64, limit: usize) -> Vec<u64> {
        let Some(last) = self.version(stream) else {
            return Vec::new();
        };
        let from = from_revision.max(1);
        let until = last.revision.min(from.saturating_add(limit as u64).saturating_sub(1));
        let (mut revision, mut position) = (last.revision, last.position);
        let mut found = Vec::new();
        while revision >= from && position > 0 {
            if revision <= until {
                found.push(position);
            }
            revision -= 1;
            position = self.before_at(position);
        }
        found.reverse();
        found
    }

    /// Where the record that holds a position lies.
    pub(super) fn place_of(&self, position: u64) -> Option<Place> {
        let commit = usize::try_from(self.commit_at(position)?).ok()?;
        self.commits.get(commit).map(|commit| Place::unpack(commit.place))
    }

    /// Takes the next commit in, whose hash and place the caller knows, or says why it is not the next one; then nothing changed.
    pub(super) fn enter(&mut self, record: &Record<'_>, hash: Hash, place: Place) -> Result<(), Break> {
        if record.index != self.commits() || record.first != self.head() + 1 {
            return Err(Break::Order);
        }
        if record.previous != self.last_hash {
            return Err(Break::Chain);
        }
        let key = self.command_key(record.command);
        if self.committed_as(key, record.command).is_some() {
            return Err(Break::Command);
        }
        let number = u32::try_from(self.commits.len()).map_err(|_| Break::Full)?;
        let mut moves = std::mem::take(&mut self.moves);
        moves.clear();
        let head = self.before.len();
        let moved = self.moved(record, &mut moves);
        if moved.is_ok() {
            for moved in &moves {
                self.move_to(*moved);
            }
        } else {
            self.before.truncate(head);
        }
        self.moves = moves;
        moved?;
        self.commits.push(Entered { command: *record.command.as_bytes(), first: record.first, place: place.pack() });
        self.by_command.insert_unique(key.hash(), Slot { key, number }, |slot| slot.key.hash());
        self.tree.push(proof::leaf_hash(&hash));
        self.last_hash = hash;
        Ok(())
    }

    /// Where a record takes the streams that it is of, and on the way the place of each event in its stream.
    fn moved(&mut self, record: &Record<'_>, moves: &mut Vec<Move>) -> Result<(), Break> {
        for event in record.events() {
            let now = Version { revision: event.revision, position: event.position };
            let before = match moves.iter_mut().find(|moved| moved.id == event.stream) {
                Some(moved) => std::mem::replace(&mut moved.at, now),
                None => {
                    let key = self.stream_key(event.stream);
                    let number = self.number_of(key, event.stream);
                    moves.push(Move { id: event.stream, key, number, at: now });
                    let stream = number.and_then(|number| entry(&self.streams, number));
                    stream.map_or(Version { revision: 0, position: 0 }, |stream| stream.last)
                }
            };
            if before.revision + 1 != event.revision {
                return Err(Break::Revision);
            }
            self.before.push(before.position);
        }
        u32::try_from(self.streams.len() + moves.len()).map_err(|_| Break::Full).map(|_| ())
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Remembers that a frame begins at `place`, and where the next one will.
    pub(super) fn framed(&mut self, commit: u64, position: u64, place: Place, end: Place) {
        let far = |mark: &Mark| mark.place.segment != place.segment || place.offset - mark.place.offset >= 64 << 10;
        if self.marks.last().is_none_or(far) {
            self.marks.push(Mark { position, commit, place });
        }
        self.last_frame = place;
        self.end = end;
    }

    /// The nearest known frame at or before a position.
    pub(super) fn mark(&self, position: u64) -> Option<Mark> {
        let after = self.marks.partition_point(|mark| mark.position <= position);
        self.marks.get(after.checked_sub(1)?).copied()
    }

    /// The nearest known frame at or before a commit.
    pub(super) fn mark_of(&self, commit: u64) -> Option<Mark> {
        let after = self.marks.partition_point(|mark| mark.commit <= commit);
        self.marks.get(after.checked_sub(1)?).copied()
    }

    /// Where it ends.
    pub(super) fn reaches(&self) -> Head {
        Head { commits: self.commits(), position: self.head(), last_hash: self.last_hash }
    }

    /// The number of a stream, if it is there.
    fn number_of(&self, key: Key, id: StreamId) -> Option<u32> {
        let is_it =
            |slot: &Slot| slot.key == key && entry(&self.streams, slot.number).is_some_and(|stream| stream.id == id);
        self.by_stream.find(key.hash(), is_it).map(|slot| slot.number)
    }

    fn before_at(&self, position: u64) -> u64 {
        let at = position.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.before.get(at)).copied().unwrap_or(0)
    }

    fn move_to(&mut self, Move { id, key, number, at }: Move) {
        let known = number.and_then(|number| usize::try_from(number).ok());
        if let Some(stream) = known.and_then(|number| self.streams.get_mut(number)) {
            stream.last = at;
            return;
        }
        // `moved` has made sure that the number fits.
        let number = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        self.streams.push(Stream { id, last: at });
        self.by_stream.insert_unique(key.hash(), Slot { key, number }, |slot| slot.key.hash());
    }
}

/// The Merkle tree without its leaves: the roots of complete subtrees of 256, and the leaves after them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    subtrees: Vec<Hash>,
    tail: Vec<Hash>,
}

/// Leaves under one kept hash.
pub(super) const SUBTREE: u64 = 256;

impl Tree {
    fn push(&mut self, leaf: Hash) {
        self.tail.push(leaf);
        if self.tail.len() as u64 == SUBTREE
            && let Ok(root) = proof::root(SUBTREE, &mut self.tail.as_slice())
        {
            self.subtrees.push(root);
            self.tail.clear();
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.subtrees.len() as u64 * SUBTREE + self.tail.len() as u64
    }

    /// The root over all leaves.
    pub(super) fn root(&self) -> Hash {
        let mut leaves = KeptLeaves { tree: self };
        // Every complete subtree and every leaf after them is at hand, and nothing else is asked for.
        proof::root(self.size(), &mut leaves).unwrap_or_default()
    }

    /// A kept subtree or leaf.
    pub(super) fn kept(&self, start: u64, size: u64) -> Option<Hash> {
        if size == SUBTREE && start.is_multiple_of(SUBTREE) {
            return self.subtrees.get(usize::try_from(start / SUBTREE).ok()?).copied();
        }
        let at = start.checked_sub(self.subtrees.len() as u64 * SUBTREE)?;
        (size == 1).then(|| self.tail.get(usize::try_from(at).ok()?).copied()).flatten()
    }
}

struct KeptLeaves<'a> {
    tree: &'a Tree,
}

impl Leaves for KeptLeaves<'_> {
    type Error = NoLeaf;

    fn leaf(&mut self, index: u64) -> Result<Hash, NoLeaf> {
        self.tree.kept(index, 1).ok_or(NoLeaf(index))
    }

    fn subtree(&mut self, start: u64, size: u64) -> Option<Hash> {
        self.tree.kept(start, size)
    }
}

const MAGIC: &[u8; 8] = b"TWOFINDX";
const FORMAT: u32 = 1;

/// The checkpoint: the magic, the format, the store's id, the numbers of what follows, the arrays, a CRC-32 over it all.
impl Index {
    pub(super) fn save(&self, store: Uuid) -> Vec<u8> {
        let size =
            160 + self.commits.len() * 32 + self.streams.len() * 33 + self.before.len() * 8 + self.marks.len() * 32;
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(store.as_bytes());
        out.extend_from_slice(&self.last_hash);
        let lengths = [self.commits.len(), self.streams.len(), self.before.len(), self.marks.len()];
        let lengths = lengths.into_iter().chain([self.tree.subtrees.len(), self.tree.tail.len()]);
        let places = [self.end.segment, self.end.offset, self.last_frame.segment, self.last_frame.offset];
        for number in lengths.map(|length| length as u64).chain(places) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for commit in &self.commits {
            out.extend_from_slice(&commit.command);
            out.extend_from_slice(&commit.first.to_le_bytes());
            out.extend_from_slice(&commit.place.to_le_bytes());
        }
        for stream in &self.streams {
            out.extend_from_slice(&stream.id.0);
            out.extend_from_slice(&stream.last.revision.to_le_bytes());
            out.extend_from_slice(&stream.last.position.to_le_bytes());
        }
        for before in &self.before {
            out.extend_from_slice(&before.to_le_bytes());
        }
        for mark in &self.marks {
            for number in [mark.position, mark.commit, mark.place.segment, mark.place.offset] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        for hash in self.tree.subtrees.iter().chain(&self.tree.tail) {
            out.extend_from_slice(hash);
        }
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// A checkpoint of this store, if that is what `bytes` are.
    pub(super) fn load(bytes: &[u8], store: Uuid) -> Option<Self> {
        let (bytes, crc) = bytes.split_last_chunk::<4>()?;
        let mut cursor = Cursor(bytes);
        let known = cursor.array()? == *MAGIC && cursor.u32()? == FORMAT && cursor.array()? == *store.as_bytes();
        (known && crc32fast::hash(bytes) == u32::from_le_bytes(*crc)).then_some(())?;
        let mut index = Self { last_hash: cursor.array()?, ..Self::default() };
        let mut lengths = [0_usize; 6];
        for length in &mut lengths {
            *length = usize::try_from(cursor.u64()?).ok()?;
        }
        let [commits, streams, events, marks, subtrees, tail] = lengths;
        index.end = Place { segment: cursor.u64()?, offset: cursor.u64()? };
        index.last_frame = Place { segment: cursor.u64()?, offset: cursor.u64()? };
        index.commits =
            read(commits, || Some(Entered { command: cursor.array()?, first: cursor.u64()?, place: cursor.u64()? }))?;
        index.streams = read(streams, || {
            let id = StreamId(cursor.array()?);
            Some(Stream { id, last: Version { revision: cursor.u64()?, position: cursor.u64()? } })
        })?;
        index.before = read(events, || cursor.u64())?;
        index.marks = read(marks, || {
            let (position, commit) = (cursor.u64()?, cursor.u64()?);
            Some(Mark { position, commit, place: Place { segment: cursor.u64()?, offset: cursor.u64()? } })
        })?;
        index.tree.subtrees = read(subtrees, || cursor.array())?;
        index.tree.tail = read(tail, || cursor.array())?;
        (cursor.0.is_empty() && index.tree.size() == index.commits()).then_some(())?;
        index.rehash()?;
        Some(index)
    }

    fn rehash(&mut self) -> Option<()> {
        let Self { hasher, commits, by_command, streams, by_stream, .. } = self;
        let put = |table: &mut HashTable<Slot>, number: u32, hash: u64| {
            let key = Key::new(hash);
            table.insert_unique(key.hash(), Slot { key, number }, |slot| slot.key.hash());
        };
        by_command.reserve(commits.len(), |slot| slot.key.hash());
        for (number, commit) in (0_u32..).zip(commits.iter()) {
            put(by_command, number, hasher.hash_one(commit.command));
        }
        by_stream.reserve(streams.len(), |slot| slot.key.hash());
        for (number, stream) in (0_u32..).zip(streams.iter()) {
            put(by_stream, number, hasher.hash_one(stream.id.0));
        }
        u32::try_from(commits.len().max(streams.len())).ok().map(|_| ())
    }
}

/// `count` things, or none if the source ends early. The capacity is not trusted to a number that was read.
fn read<T>(count: usize, mut next: impl FnMut() -> Option<T>) -> Option<Vec<T>> {
    let mut all = Vec::with_capacity(count.min(1 << 24));
    for _ in 0..count {
        all.push(next()?);
    }
    Some(all)
}

fn entry<T>(entries: &[T], number: u32) -> Option<&T> {
    entries.get(usize::try_from(number).ok()?)
}
