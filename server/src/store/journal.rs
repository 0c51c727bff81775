//! The guard journal: every commit, in order, in append-only files that we sync ourselves. It is the truth of the store;
//! what sled and the index hold can be made from it at any time. Format version 1.
//!
//! # What is assumed of the medium
//! - Bytes for which `fdatasync` (with the file's size) or `fsync` has returned are there after a loss of power, and so
//!   are the names in a directory once the directory was synced.
//! - Bytes that were written and not yet synced may be there or not, in pieces of whole sectors of 512 bytes, and a write
//!   may have stopped at any byte; what is not there reads as zeros or lies beyond the end of the file. Unsynced bytes are
//!   not *other* bytes.
//! - Synced bytes may rot: any bit may be another one day. That is found, not repaired.
//!
//! # Files
//! `journal/00000000000000000001.journal`, numbered from 1 without a gap. A file gets its name only when its header is
//! durable. Once the newest reaches [`SEGMENT_BYTES`] the next frame goes to a new one; older ones are never written again.
//! The newest may have *room* behind its last frame: zeros, written and synced together with the frame before them, so that
//! the syncs that follow change neither its size nor its map of blocks. There is never room beyond [`SEGMENT_BYTES`], so an older
//! file ends with its last frame; a clean stop and the next open cut it off. All numbers are little-endian.
//!
//! ```text
//! header of a file, 96 bytes
//! offset  size  field
//!      0     8  "TWOFRNTJ"
//!      8     4  format version: 1
//!     12     4  zero
//!     16    16  id of the store, drawn at random when it is made
//!     32     8  number of this file
//!     40     8  index of the first commit in it
//!     48     8  position of the first event in it
//!     56    32  hash of the commit before; zeros if there is none
//!     88     4  zero
//!     92     4  CRC-32 (IEEE) of the 92 bytes before
//!
//! then frames: one group of commits, written with one write and made durable by one sync
//!      0     4  F7 'G' 'R' 'P'
//!      4     4  length of the body
//!      8     8  index of its first commit
//!     16     8  position of its first event
//!     24     8  position of its last event
//!     32     4  number of its commits
//!     36     4  CRC-32 of the 36 bytes before
//!     40        the body: the commits' records one after another (see `record.rs`)
//!      .     4  F7 'E' 'N' 'D'
//! ```
//! The trailer has no zero byte and the magic neither, so that what is lost at either end can be told from data.
//!
//! # Reading it at open
//! A frame is accepted when its header, every record in it, the hash links, the order of positions and revisions, and the
//! trailer are right. Where one is not, it may be *torn*: the write that the power or a kill interrupted, which nobody was
//! told had succeeded. It is torn when it is the last thing but room in the last file and (a) the file ends inside it, or the
//! room begins there, or (b) a whole sector's share of it is zeros, **and** nothing else in the store (sled, the index checkpoint, the signed
//! checkpoint, the mark of a clean stop, the noted head) knows of a commit in it, since all of these are written later than the
//! sync. Nor may any of them know of a commit after the last whole frame: frames that are gone leave no trace of their own. A torn
//! frame is cut off and said so in the log. Everything else is *damage*: nothing is cut, the store opens read-only and names
//! the position. After an unclean stop the last frame is written and synced once more as it stands, because the process
//! that wrote it may have died between write and sync: what is read back must be durable before it is answered from.
//!
//! # Another version
//! A change that an old program would misread gets a new version number; a program refuses versions that it does not know
//! and goes on reading all older ones (`server/tests/store/fixtures` keeps a store of each for a test). New frames always
//! go to a file of the current version. A program that does not know room takes it for a torn frame, and cuts it off as well.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use shared::proof::Hash;
use uuid::Uuid;

use super::head::Head;
use super::index::{Index, Place};
use super::medium::{Medium, Tape};
use super::record::{self, Cursor, Fields, Record};

/// Size at which the next file is begun.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Bytes of records in one frame, beyond which a group is committed as several.
pub(super) const FRAME_BYTES: usize = 8 << 20;

const MAGIC: &[u8; 8] = b"TWOFRNTJ";
const FORMAT: u32 = 1;
pub(super) const SEGMENT_HEAD: usize = 96;
const FRAME_MAGIC: &[u8; 4] = b"\xF7GRP";
const FRAME_END: &[u8; 4] = b"\xF7END";
const FRAME_HEAD: usize = 40;
/// No frame is larger: a group may exceed [`FRAME_BYTES`] by the commit that fills it.
const FRAME_MOST: usize = FRAME_BYTES + super::MAX_COMMIT;
const SECTOR: u64 = 512;
/// How much room a file is given at once. A sync that need not write how long the file is takes half the time.
const ROOM: u64 = 1 << 20;
/// Frames larger than this are given no room: they would fill it at once, and all of it is written twice.
const SMALL: usize = 64 << 10;

/// The end of the journal, where it is written.
#[derive(Debug)]
pub(super) struct Journal {
    dir: PathBuf,
    store: Uuid,
    medium: Arc<dyn Medium>,
    segment_bytes: u64,
    tail: Tail,
}

#[derive(Debug)]
struct Tail {
    tape: Box<dyn Tape>,
    end: Place,
    /// Where the file ends: there are zeros in between.
    room: u64,
    /// Whether the medium gives room.
    gives: bool,
}

impl Tail {
    fn new(tape: Box<dyn Tape>, end: Place) -> Self {
        Self { tape, end, room: end.offset, gives: true }
    }

    /// Writes a frame, with room for more behind it when there is none left, and syncs it.
    fn write(&mut self, frame: &[u8], segment_bytes: u64) -> io::Result<()> {
        let begin = self.end.offset;
        let end = begin + frame.len() as u64;
        self.tape.write_at(frame, begin)?;
        if end > self.room {
            self.room = end;
            // Never more than the file will take, so that one which is done ends with its last frame.
            let to = segment_bytes.min(end + ROOM);
            if self.gives && frame.len() <= SMALL && to > end {
                match self.tape.reserve(end, to) {
                    Ok(true) => self.room = to,
                    Ok(false) => self.gives = false,
                    // A disk that is full but for a little, say: the frame itself is written.
                    Err(_) => {
                        self.gives = false;
                        self.tape.set_len(end)?;
                    }
                }
            }
        }
        self.tape.sync()?;
        self.end.offset = end;
        Ok(())
    }
}

impl Journal {
    /// Begins the journal of a new store.
    pub(super) fn create(dir: &Path, store: Uuid, medium: Arc<dyn Medium>, segment_bytes: u64) -> io::Result<Self> {
        let tail = begin(dir, &*medium, SegmentHead { store, number: 1, commit: 0, position: 1, previous: [0; 32] })?;
        Ok(Self { dir: dir.to_owned(), store, medium, segment_bytes, tail })
    }

    /// Goes on at `end`; what lies behind it is cut off. Unless the stop before was clean, the last frame is made
    /// durable once more before anyone hears of it.
    pub(super) fn resume(
        dir: &Path,
        store: Uuid,
        medium: Arc<dyn Medium>,
        segment_bytes: u64,
        index: &Index,
        clean: bool,
    ) -> io::Result<Self> {
        let end = index.end;
        let path = segment_path(dir, end.segment);
        let mut tape = medium.open(&path, false)?;
        let file = File::open(&path)?;
        let cut = file.metadata()?.len() > end.offset;
        if cut {
            tape.set_len(end.offset)?;
        }
        if !clean || cut {
            let from = if index.last_frame.segment == end.segment { index.last_frame.offset } else { 0 };
            let mut bytes = vec![0; usize::try_from(end.offset - from).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, from)?;
            tape.write_at(&bytes, from)?;
            tape.sync()?;
            medium.sync_dir(dir)?;
        }
        Ok(Self { dir: dir.to_owned(), store, medium, segment_bytes, tail: Tail::new(tape, end) })
    }

    /// Where the first record of a frame lies.
    pub(super) fn body_of(frame: Place) -> Place {
        frame.after(FRAME_HEAD)
    }

    /// A frame without records yet, in memory that was used before: they are added to it, so that nothing is copied twice.
    pub(super) fn blank(mut memory: Vec<u8>) -> Vec<u8> {
        memory.clear();
        memory.resize(FRAME_HEAD, 0);
        memory
    }

    /// The records of a frame that is not closed yet.
    pub(super) fn records_of(frame: &[u8]) -> &[u8] {
        frame.get(FRAME_HEAD..).unwrap_or_default()
    }

    /// Closes a frame of records that follow what `index` knows, writes and syncs it. Returns where it begins and ends.
    ///
    /// After an error nothing may be written any more: it is not known what is on the medium.
    pub(super) fn write(
        &mut self,
        index: &Index,
        frame: &mut Vec<u8>,
        commits: usize,
        last: u64,
    ) -> io::Result<(Place, Place)> {
        if self.tail.end.offset >= self.segment_bytes && self.tail.end.offset > SEGMENT_HEAD as u64 {
            let number = self.tail.end.segment + 1;
            let (commit, position, previous) = (index.commits(), index.head() + 1, index.last_hash());
            self.tail =
                begin(&self.dir, &*self.medium, SegmentHead { store: self.store, number, commit, position, previous })?;
        }
        let too_large = |_| io::Error::other("the group is too large for a frame");
        let mut head = Fields([0; FRAME_HEAD], 0);
        head.put(FRAME_MAGIC);
        head.put(&u32::try_from(Self::records_of(frame).len()).map_err(too_large)?.to_le_bytes());
        head.put(&index.commits().to_le_bytes());
        head.put(&(index.head() + 1).to_le_bytes());
        head.put(&last.to_le_bytes());
        head.put(&u32::try_from(commits).map_err(too_large)?.to_le_bytes());
        let crc = crc32fast::hash(head.0.get(..head.1).unwrap_or_default());
        head.put(&crc.to_le_bytes());
        if let Some(place) = frame.first_chunk_mut::<FRAME_HEAD>() {
            *place = head.0;
        }
        frame.extend_from_slice(FRAME_END);
        let begin = self.tail.end;
        self.tail.write(frame, self.segment_bytes)?;
        Ok((begin, self.tail.end))
    }

    /// Gives back the room that was not needed.
    pub(super) fn end(mut self) -> io::Result<()> {
        let Tail { end, room, .. } = self.tail;
        if room <= end.offset {
            return Ok(());
        }
        self.tail.tape.set_len(end.offset)?;
        // Were the cut lost with the power, after the next open has gone on to another file, room would lie between frames.
        self.tail.tape.sync()
    }
}

/// Where the journal of a store lies, for reading.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    dir: PathBuf,
    /// The number of the last one; they are numbered from 1.
    last: u64,
}

/// What is wrong with a journal, and from which position on it cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) position: u64,
    pub(super) why: String,
}

/// How a journal ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a whole frame.
    Whole,
    /// With a frame that was never acknowledged, as far as the journal itself can tell.
    Torn,
    Damaged(Damage),
}

impl Segments {
    /// The files of a journal up to one that is known to be there.
    pub(super) fn up_to(dir: &Path, last: u64) -> Self {
        Self { dir: dir.to_owned(), last }
    }

    /// The files of a journal up to the first that is missing, if there are any; and what is wrong with the list.
    pub(super) fn list(dir: &Path) -> io::Result<(Option<Self>, Option<String>)> {
        let (mut numbers, mut wrong) = (Vec::new(), None);
        for entry in std::fs::read_dir(dir)? {
            let name = entry?.file_name();
            if let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".journal")) {
                match stem.parse::<u64>() {
                    Ok(number) if stem.len() == 20 && number > 0 => numbers.push(number),
                    Ok(_) | Err(_) => wrong = Some(format!("{stem}.journal is not a name that the journal gives")),
                }
            }
        }
        numbers.sort_unstable();
        let last = (1..).zip(&numbers).take_while(|(expected, number)| expected == *number).count() as u64;
        if numbers.last().is_some_and(|number| *number > last) {
            wrong = Some(format!("{} is missing", segment_name(last + 1)));
        }
        Ok(((last > 0).then(|| Self { dir: dir.to_owned(), last }), wrong))
    }

    /// The id of the store that the first file names; `None` where it is not there, or its header is damaged.
    pub(super) fn store(&self) -> io::Result<Option<Uuid>> {
        let mut head = [0; SEGMENT_HEAD];
        match File::open(segment_path(&self.dir, 1)).and_then(|file| file.read_exact_at(&mut head, 0)) {
            Ok(()) => Ok(SegmentHead::parse(&head).ok().map(|head| head.store)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The paths in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> + '_ {
        (1..=self.last).map(|number| segment_path(&self.dir, number))
    }

    /// Whether the frame with which an index ends is there, and is the one that it ends with.
    pub(super) fn ends_as(&self, index: &Index, store: Uuid) -> io::Result<bool> {
        if index.commits() == 0 || index.end.segment > self.last {
            return Ok(false);
        }
        let mut frames = Frames::new(self.clone(), store, index.last_frame);
        let Ok(Some(frame)) = frames.next()? else {
            return Ok(false);
        };
        let last = record::records(&frame.body).last();
        Ok(frame.end == index.end && last.is_some_and(|record| record.hash() == index.last_hash()))
    }

    /// The number of the last file.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Where the file with a number lies.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        segment_path(&self.dir, number)
    }

    /// The hash of the commit with which a log of so many commits ends; `None` where it cannot be read.
    pub(super) fn hash_after(&self, commits: u64, index: &Index, store: Uuid) -> io::Result<Option<Hash>> {
        if commits == index.commits() {
            return Ok(Some(index.last_hash()));
        }
        let Some(mark) = commits.checked_sub(1).and_then(|commit| index.mark_of(commit)) else {
            return Ok(None);
        };
        let mut frames = Frames::new(self.clone(), store, mark.place);
        while let Ok(Some(frame)) = frames.next()? {
            if let Some(record) = record::records(&frame.body).find(|record| record.index + 1 >= commits) {
                return Ok((record.index + 1 == commits).then(|| record.hash()));
            }
        }
        Ok(None)
    }

    /// Reads what follows the end of `index` into it, frame by frame, and says how it ends.
    pub(super) fn read_into(&self, index: &mut Index, store: Uuid) -> io::Result<End> {
        self.read_telling(index, store, &mut |_| {})
    }

    /// As [`Segments::read_into`], telling after each frame where it is.
    pub(super) fn read_telling(&self, index: &mut Index, store: Uuid, at: &mut dyn FnMut(Place)) -> io::Result<End> {
        let mut frames = Frames::new(self.clone(), store, index.end);
        frames.expect = Some((index.commits(), index.head() + 1, index.last_hash()));
        loop {
            match frames.next()? {
                Ok(Some(frame)) => {
                    if let Err(damage) = enter(index, &frame) {
                        return Ok(End::Damaged(damage));
                    }
                    frames.expect = Some((index.commits(), index.head() + 1, index.last_hash()));
                    at(index.end);
                }
                Ok(None) => {
                    index.end = frames.place;
                    return Ok(End::Whole);
                }
                Err(flaw) => {
                    let torn = flaw.place.segment == self.last && self.torn(&flaw, index.commits())?;
                    index.end = flaw.place;
                    let position = index.head() + 1;
                    let Place { segment, offset } = flaw.place;
                    let why = format!("{}, byte {offset}: {}", segment_name(segment), flaw.why);
                    return Ok(if torn { End::Torn } else { End::Damaged(Damage { position, why }) });
                }
            }
        }
    }

    /// Reads again what an index was made of, and says what is not as it was written. It ends early where `goes_on` says so.
    pub(super) fn check(
        &self,
        index: &Index,
        store: Uuid,
        goes_on: &dyn Fn() -> bool,
    ) -> io::Result<Result<(), Damage>> {
        let mut at = Head { commits: 0, position: 0, last_hash: [0; 32] };
        let mut frames = Frames::new(self.clone(), store, Place::default());
        while at.commits < index.commits() && goes_on() {
            let next = at.position + 1;
            let damage = |place: Place, why: &str| Damage { position: next, why: format!("{place}: {why}") };
            frames.expect = Some((at.commits, at.position + 1, at.last_hash));
            let frame = match frames.next()? {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(Err(damage(frames.at(), "the journal ends"))),
                Err(flaw) => return Ok(Err(damage(flaw.place, &flaw.why))),
            };
            for record in record::records(&frame.body) {
                if (record.index, record.first, record.previous) != (at.commits, at.position + 1, at.last_hash) {
                    return Ok(Err(damage(frame.place, "a commit does not follow the one before it")));
                }
                at = Head { commits: at.commits + 1, position: record.last(), last_hash: record.hash() };
            }
        }
        let is_another = at.commits == index.commits() && at != index.reaches();
        let why = "the journal is not the one that the saved index knows".to_owned();
        Ok(if is_another { Err(Damage { position: 1, why }) } else { Ok(()) })
    }

    /// Reads one more frame into an index; false when there is none.
    pub(super) fn read_next(&self, index: &mut Index, frames: &mut Frames) -> io::Result<Result<bool, Damage>> {
        frames.expect = Some((index.commits(), index.head() + 1, index.last_hash()));
        Ok(match frames.next()? {
            Ok(Some(frame)) => enter(index, &frame).map(|()| true),
            Ok(None) => Ok(false),
            Err(flaw) => Err(Damage { position: index.head() + 1, why: format!("{}: {}", flaw.place, flaw.why) }),
        })
    }

    /// Whether a flawed last frame can be a write that was interrupted; see the module.
    fn torn(&self, flaw: &Flaw, commits: u64) -> io::Result<bool> {
        if flaw.place.offset < SEGMENT_HEAD as u64 {
            return Ok(false);
        }
        let mut rest = Vec::new();
        let mut file = File::open(segment_path(&self.dir, flaw.place.segment))?;
        file.seek(SeekFrom::Start(flaw.place.offset))?;
        file.read_to_end(&mut rest)?;
        // Zeros at the end may be room that nothing was written to: no frame ends with one.
        let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let size = match rest.first_chunk::<FRAME_HEAD>().map(FrameHead::parse) {
            // The file ends inside the frame's head: what there is of it is not looked at.
            None => return Ok(true),
            Some(Some(head)) => FRAME_HEAD + head.body + FRAME_END.len(),
            Some(None) => {
                let rest = rest.get(..written).unwrap_or_default();
                let later = rest.windows(FRAME_HEAD).filter_map(|window| FrameHead::parse(window.first_chunk()?));
                if later.into_iter().any(|head| head.commit > commits) {
                    return Ok(false);
                }
                written.max(FRAME_HEAD)
            }
        };
        if written > size {
            return Ok(false);
        }
        // Or inside the rest of it, or the room begins there: a kill may stop a write at any byte.
        let Some(frame) = rest.get(..size).filter(|_| written == size) else { return Ok(true) };
        let mut at = flaw.place.offset;
        let mut left = frame;
        while !left.is_empty() {
            let share = usize::try_from(SECTOR - at % SECTOR).unwrap_or(left.len()).min(left.len());
            let (piece, after) = left.split_at(share);
            if piece.iter().all(|byte| *byte == 0) {
                return Ok(true);
            }
            at += share as u64;
            left = after;
        }
        Ok(false)
    }
}

/// Enters the commits of a frame whose records have all been checked.
fn enter(index: &mut Index, frame: &Frame) -> Result<(), Damage> {
    let damage = |position, why: &str| Damage { position, why: format!("{}: {why}", frame.place) };
    if frame.head.commit != index.commits() || frame.head.first != index.head() + 1 {
        return Err(damage(index.head() + 1, "the frame does not follow the one before it"));
    }
    let mut place = frame.place.after(FRAME_HEAD);
    for record in record::records(&frame.body) {
        index.enter(&record, record.hash(), place).map_err(|error| damage(record.first, &error.to_string()))?;
        place = place.after(record.bytes().len());
    }
    if index.commits() != frame.head.commit + u64::from(frame.head.commits) || index.head() != frame.head.last {
        return Err(damage(index.head(), "the frame does not hold what its head says"));
    }
    index.framed(frame.head.commit, frame.head.first, frame.place, frame.end);
    Ok(())
}

/// One frame, with every record's checksum in order.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) place: Place,
    pub(super) end: Place,
    pub(super) head: FrameHead,
    pub(super) body: Vec<u8>,
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    body: usize,
    commit: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    commits: u32,
}

impl FrameHead {
    fn parse(bytes: &[u8; FRAME_HEAD]) -> Option<Self> {
        let (fields, crc) = bytes.split_last_chunk::<4>()?;
        let mut cursor = Cursor(fields);
        (cursor.array()? == *FRAME_MAGIC && crc32fast::hash(fields) == u32::from_le_bytes(*crc)).then_some(())?;
        let body = usize::try_from(cursor.u32()?).ok().filter(|body| *body <= FRAME_MOST)?;
        Some(Self { body, commit: cursor.u64()?, first: cursor.u64()?, last: cursor.u64()?, commits: cursor.u32()? })
    }
}

/// Something in a journal that is not as it was written.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) place: Place,
    pub(super) why: String,
}

/// Reads frames one after another.
#[derive(Debug)]
pub(super) struct Frames {
    segments: Segments,
    store: Uuid,
    place: Place,
    file: Option<BufReader<File>>,
    /// What the header of a following file must say: next commit, next position, last hash.
    expect: Option<(u64, u64, Hash)>,
}

impl Frames {
    /// From a place at which a frame begins, or a file.
    pub(super) fn new(segments: Segments, store: Uuid, place: Place) -> Self {
        let place = if place.segment == 0 { Place { segment: 1, offset: 0 } } else { place };
        Self { segments, store, place, file: None, expect: None }
    }

    /// Where the next frame begins, or the flaw is.
    pub(super) fn at(&self) -> Place {
        self.place
    }

    /// The next frame; `None` at the end of the last file. After a flaw nothing more comes.
    pub(super) fn next(&mut self) -> io::Result<Result<Option<Frame>, Flaw>> {
        loop {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => match self.enter_file()? {
                    Ok(file) => file,
                    Err(why) => return Ok(Err(Flaw { place: self.place, why })),
                },
            };
            let mut head = [0; FRAME_HEAD];
            let read = read_up_to(&mut file, &mut head)?;
            let is_last = self.place.segment >= self.segments.last;
            if is_last && is_room(head.get(..read).unwrap_or_default(), &mut file)? {
                return Ok(Ok(None));
            }
            if read == 0 {
                self.place = Place { segment: self.place.segment + 1, offset: 0 };
                continue;
            }
            return Ok(match self.frame(&mut file, read, &head)? {
                Ok(frame) => {
                    self.file = Some(file);
                    self.place = frame.end;
                    Ok(Some(frame))
                }
                Err(why) => Err(Flaw { place: self.place, why }),
            });
        }
    }

    fn frame(
        &self,
        file: &mut BufReader<File>,
        read: usize,
        head: &[u8; FRAME_HEAD],
    ) -> io::Result<Result<Frame, String>> {
        let bad = |why: &str| Ok(Err(why.to_owned()));
        if read < FRAME_HEAD {
            return bad("the file ends inside the head of a frame");
        }
        let Some(head) = FrameHead::parse(head) else {
            return bad("the head of a frame is damaged");
        };
        let mut body = vec![0; head.body + FRAME_END.len()];
        if read_up_to(file, &mut body)? < body.len() {
            return bad("the file ends inside a frame");
        }
        if body.split_off(head.body) != FRAME_END {
            return bad("the end of a frame is damaged");
        }
        let mut records = record::records(&body);
        let mut next = head.first;
        for record in records.by_ref() {
            if !record.check() || record.first != next {
                return Ok(Err(format!("the commit at position {next} is damaged")));
            }
            next = record.last() + 1;
        }
        if !records.rest.is_empty() {
            return Ok(Err(format!("the commit at position {next} is damaged")));
        }
        let offset = self.place.offset + (FRAME_HEAD + head.body + FRAME_END.len()) as u64;
        Ok(Ok(Frame { place: self.place, end: Place { segment: self.place.segment, offset }, head, body }))
    }

    fn enter_file(&mut self) -> io::Result<Result<BufReader<File>, String>> {
        let file = File::open(segment_path(&self.segments.dir, self.place.segment))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let mut head = [0; SEGMENT_HEAD];
        if read_up_to(&mut file, &mut head)? < SEGMENT_HEAD {
            return Ok(Err("the file ends inside its header".to_owned()));
        }
        let head = match SegmentHead::parse(&head) {
            Ok(head) => head,
            Err(why) => return Ok(Err(why)),
        };
        if head.store != self.store || head.number != self.place.segment {
            return Ok(Err(format!("the file belongs elsewhere: to store {} as number {}", head.store, head.number)));
        }
        let begins = self.place.offset < SEGMENT_HEAD as u64;
        if begins {
            self.place.offset = SEGMENT_HEAD as u64;
            if self.expect.is_some_and(|expect| expect != (head.commit, head.position, head.previous)) {
                self.place.offset = 0;
                return Ok(Err("the file does not follow the one before it".to_owned()));
            }
        } else {
            let ahead = i64::try_from(self.place.offset - SEGMENT_HEAD as u64).map_err(io::Error::other)?;
            file.seek_relative(ahead)?;
        }
        Ok(Ok(file))
    }
}

/// Reads single records, wherever they lie.
#[derive(Debug)]
pub(super) struct Reader {
    dir: PathBuf,
    /// The files that were read from, by number.
    files: RwLock<HashMap<u64, Arc<File>>>,
}

/// What is read at once; most records are smaller.
const GLANCE: usize = 1_024;

impl Reader {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), files: RwLock::default() }
    }

    /// Hands the record at a place to `see`, once its checksum was found right.
    pub(super) fn record<T>(&self, place: Place, see: impl FnOnce(&Record<'_>) -> Option<T>) -> Result<T, String> {
        let read = || -> io::Result<Option<T>> {
            let file = self.file(place.segment)?;
            let mut glance = [0; GLANCE];
            let got = read_some(&file, &mut glance, place.offset)?;
            let bytes = glance.get(..got).unwrap_or_default();
            if let Some(record) = Record::parse(bytes) {
                return Ok(Some(record).filter(Record::check).and_then(|record| see(&record)));
            }
            let size =
                Cursor(bytes).u32().and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= FRAME_MOST);
            let mut whole = vec![0; record::HEAD + size.unwrap_or(0)];
            let got = read_some(&file, &mut whole, place.offset)?;
            let record = whole.get(..got).and_then(Record::parse).filter(Record::check);
            Ok(record.and_then(|record| see(&record)))
        };
        match read() {
            Ok(Some(seen)) => Ok(seen),
            Ok(None) => Err(format!("the commit at {place} is damaged")),
            Err(error) => Err(format!("{place}: {error}")),
        }
    }

    fn file(&self, segment: u64) -> io::Result<Arc<File>> {
        if let Some(file) = self.files.read().unwrap_or_else(PoisonError::into_inner).get(&segment) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(segment_path(&self.dir, segment))?);
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(segment, Arc::clone(&file));
        Ok(file)
    }
}

/// Fills `buffer` from an offset, as far as the file goes.
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads the record that holds a position, starting at a frame at or before it.
pub(super) fn seek(frames: &mut Frames, position: u64) -> io::Result<Result<Option<Frame>, Flaw>> {
    loop {
        match frames.next()? {
            Ok(Some(frame)) if frame.head.last < position => {}
            other @ (Ok(_) | Err(_)) => return Ok(other),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, byte {}", segment_name(self.segment), self.offset)
    }
}

struct SegmentHead {
    store: Uuid,
    number: u64,
    commit: u64,
    position: u64,
    previous: Hash,
}

impl SegmentHead {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEGMENT_HEAD);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(self.store.as_bytes());
        for number in [self.number, self.commit, self.position] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&[0; 4]);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn parse(bytes: &[u8; SEGMENT_HEAD]) -> Result<Self, String> {
        let damaged = || "the header of the file is damaged".to_owned();
        let (fields, crc) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
        if crc32fast::hash(fields) != u32::from_le_bytes(*crc) {
            return Err(damaged());
        }
        let mut cursor = Cursor(fields);
        let mut read = || {
            let (magic, version) = (cursor.array::<8>()?, cursor.u32()?);
            cursor.u32()?;
            let store = Uuid::from_bytes(cursor.array()?);
            let (number, commit, position) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
            Some((magic, version, Self { store, number, commit, position, previous: cursor.array()? }))
        };
        match read() {
            Some((magic, FORMAT, head)) if magic == *MAGIC => Ok(head),
            Some((magic, version, _)) if magic == *MAGIC => {
                Err(format!("the file has format {version}, and this program reads {FORMAT}; use a newer one"))
            }
            Some(_) | None => Err(damaged()),
        }
    }
}

/// Makes a file with its header, durable before it gets its name.
fn begin(dir: &Path, medium: &dyn Medium, head: SegmentHead) -> io::Result<Tail> {
    let path = segment_path(dir, head.number);
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut tape = medium.open(&fresh, true)?;
    tape.write_at(&head.bytes(), 0)?;
    tape.sync()?;
    medium.rename(&fresh, &path)?;
    medium.sync_dir(dir)?;
    Ok(Tail::new(tape, Place { segment: head.number, offset: SEGMENT_HEAD as u64 }))
}

fn segment_name(number: u64) -> String {
    format!("{number:020}.journal")
}

fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(segment_name(number))
}

/// Whether there is nothing but zeros, in what was read and in the rest of a file: what was reserved and not written to.
fn is_room(read: &[u8], rest: &mut BufReader<File>) -> io::Result<bool> {
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    if !is_zero(read) {
        return Ok(false);
    }
    loop {
        let bytes = rest.fill_buf()?;
        let size = bytes.len();
        if size == 0 || !is_zero(bytes) {
            return Ok(size == 0);
        }
        rest.consume(size);
    }
}

/// Fills `buffer` as far as the file goes.
fn read_up_to(file: &mut BufReader<File>, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
