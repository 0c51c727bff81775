//! The record: one commit as bytes, the same in the journal, in sled's blocks, in a backup and under the hash.
//!
//! ```text
//! offset  size  field (all numbers little-endian)
//!      0     4  length of everything after the first 8 bytes
//!      4     4  CRC-32 (IEEE) over the length and everything after this field
//!      8    32  hash of the commit before; zeros for the first                 -- the body starts here
//!     40     8  index of the commit, from 0
//!     48     8  position of its first event, from 1
//!     56    16  command id
//!     72     4  number of events, at least 1
//!     76        the events, one after another:
//!               17 stream, 8 revision, 4 length of the payload, the payload
//! ```
//! The hash of a commit is SHA-256 over the body. A record vouches for itself (CRC) wherever it is kept, and the chain
//! of hashes vouches for its place.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Commit, StoredEvent, StreamId};

/// Bytes before the body.
pub const HEAD: usize = 8;
/// Bytes before the first event.
pub const FIXED: usize = 76;
/// Bytes of an event beside its payload.
pub const PER_EVENT: usize = 29;

/// SHA-256 of a body.
#[must_use]
pub fn hash(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// The hashed bytes of a stored commit.
#[must_use]
pub fn body(commit: &Commit) -> Vec<u8> {
    let mut out = Vec::new();
    let events = commit.events.iter().map(|event| (event.stream, event.revision, event.payload.as_slice()));
    encode(&mut out, commit.previous, commit.index, commit.first(), commit.command, events);
    out.split_off(HEAD.min(out.len()))
}

/// Appends a record to `out` and returns its hash.
pub(super) fn encode<'a>(
    out: &mut Vec<u8>,
    previous: [u8; 32],
    index: u64,
    first: u64,
    command: Uuid,
    events: impl Iterator<Item = (StreamId, u64, &'a [u8])>,
) -> [u8; 32] {
    let start = out.len();
    // What has a known size goes in at once: a commit is encoded while somebody waits for it.
    let mut head = Fields([0; FIXED], HEAD);
    head.put(&previous);
    head.put(&index.to_le_bytes());
    head.put(&first.to_le_bytes());
    head.put(command.as_bytes());
    out.extend_from_slice(&head.0);
    let mut count = 0_u32;
    for (stream, revision, payload) in events {
        count += 1;
        let mut head = Fields([0; PER_EVENT], 0);
        head.put(&stream.0);
        head.put(&revision.to_le_bytes());
        head.put(&length(payload.len()).to_le_bytes());
        out.extend_from_slice(&head.0);
        out.extend_from_slice(payload);
    }
    patch(out, start + head.1, count);
    let size = length(out.len() - start - HEAD);
    patch(out, start, size);
    let (body_hash, crc) = match out.get(start + HEAD..) {
        Some(body) => (hash(body), checksum(size, body)),
        None => ([0; 32], 0),
    };
    patch(out, start + 4, crc);
    body_hash
}

/// A record seen in place; nothing is copied until asked for.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    /// Hash of the commit before it.
    pub previous: [u8; 32],
    /// Number of the commit, from 0.
    pub index: u64,
    /// Position of its first event.
    pub first: u64,
    /// The command that made it.
    pub command: Uuid,
    /// Number of its events.
    pub count: u32,
}

impl<'a> Record<'a> {
    /// The record at the start of `bytes`, which may go on after it; `None` if it is cut short or not a record.
    /// The checksum is not looked at: see [`Record::check`].
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let size = usize::try_from(cursor.u32()?).ok()?;
        cursor.u32()?;
        let bytes = bytes.get(..HEAD.checked_add(size)?)?;
        let previous = cursor.array()?;
        let index = cursor.u64()?;
        let first = cursor.u64()?;
        let command = Uuid::from_bytes(cursor.array()?);
        let count = cursor.u32()?;
        (size >= FIXED - HEAD && count > 0 && first > 0).then_some(())?;
        first.checked_add(u64::from(count))?;
        Some(Self { bytes, previous, index, first, command, count })
    }

    /// Whether the bytes are the ones that were written, as far as the checksum can tell.
    #[must_use]
    pub fn check(&self) -> bool {
        let mut cursor = Cursor(self.bytes);
        match (cursor.u32(), cursor.u32(), self.bytes.get(HEAD..)) {
            (Some(size), Some(crc), Some(body)) => checksum(size, body) == crc && self.walk(),
            (_, _, _) => false,
        }
    }

    /// The whole record.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// SHA-256 over the body.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(self.bytes.get(HEAD..).unwrap_or_default())
    }

    /// Position of its last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Its events: position, stream, revision, payload.
    #[must_use]
    pub fn events(&self) -> Events<'a> {
        Events { rest: Cursor(self.bytes.get(FIXED..).unwrap_or_default()), position: self.first, left: self.count }
    }

    /// The event at a position, copied.
    #[must_use]
    pub fn event(&self, position: u64) -> Option<StoredEvent> {
        let nth = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.events().nth(nth).map(|event| event.stored(self.command))
    }

    /// The commit, copied.
    #[must_use]
    pub fn commit(&self) -> Commit {
        Commit {
            index: self.index,
            command: self.command,
            events: self.events().map(|event| event.stored(self.command)).collect(),
            previous: self.previous,
            hash: self.hash(),
        }
    }

    /// Whether the events fill the record exactly.
    fn walk(&self) -> bool {
        let mut events = self.events();
        let seen = events.by_ref().count();
        u32::try_from(seen) == Ok(self.count) && events.rest.0.is_empty()
    }
}

/// The events of a record.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    rest: Cursor<'a>,
    position: u64,
    left: u32,
}

/// One event of a record, in place.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub position: u64,
    pub stream: StreamId,
    pub revision: u64,
    pub payload: &'a [u8],
}

impl Event<'_> {
    fn stored(&self, command: Uuid) -> StoredEvent {
        StoredEvent {
            position: self.position,
            stream: self.stream,
            revision: self.revision,
            command,
            payload: self.payload.to_vec(),
        }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        self.left = self.left.checked_sub(1)?;
        let stream = StreamId(self.rest.array()?);
        let revision = self.rest.u64()?;
        let size = usize::try_from(self.rest.u32()?).ok()?;
        let payload = self.rest.take(size)?;
        let position = self.position;
        self.position += 1;
        Some(Event { position, stream, revision, payload })
    }
}

/// The records that lie one after another in `bytes`; ends early, with bytes left over, where something is no record.
pub(super) fn records(bytes: &[u8]) -> Records<'_> {
    Records { rest: bytes }
}

/// See [`records`].
pub(super) struct Records<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let record = Record::parse(self.rest)?;
        self.rest = self.rest.get(record.bytes.len()..)?;
        Some(record)
    }
}

/// Reads numbers off the front of a slice, and never past its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

fn checksum(size: u32, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&size.to_le_bytes());
    crc.update(body);
    crc.finalize()
}

/// A length that the size limits keep far below 4 GiB; saturating, so that a mistake shows as a bad record, not as a wrong one.
fn length(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Fields of a known size, one after another, and where the next one goes.
pub(super) struct Fields<const N: usize>(pub(super) [u8; N], pub(super) usize);

impl<const N: usize> Fields<N> {
    pub(super) fn put(&mut self, field: &[u8]) {
        if let Some(place) = self.0.get_mut(self.1..self.1 + field.len()) {
            place.copy_from_slice(field);
            self.1 += field.len();
        }
    }
}

fn patch(out: &mut [u8], at: usize, value: u32) {
    if let Some(field) = out.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut out = Vec::new();
        let events: [(StreamId, u64, &[u8]); 2] = [(StreamId([1; 17]), 1, b"one"), (StreamId([2; 17]), 9, b"")];
        encode(&mut out, [7; 32], 4, 10, Uuid::from_u128(5), events.into_iter());
        out
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let bytes = sample();
        let record = Record::parse(&bytes).expect("a record");
        assert!(record.check());
        let commit = record.commit();
        assert_eq!((commit.index, commit.first(), commit.last()), (4, 10, 11));
        assert_eq!(
            commit.events.iter().map(|event| event.payload.clone()).collect::<Vec<_>>(),
            [b"one".to_vec(), Vec::new()]
        );
        assert_eq!(hash(&body(&commit)), commit.hash);
    }

    #[test]
    fn every_single_flipped_bit_is_noticed() {
        let bytes = sample();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!Record::parse(&flipped).is_some_and(|record| record.check()), "bit {bit}");
        }
    }

    #[test]
    fn no_prefix_of_a_record_is_a_record() {
        let bytes = sample();
        for size in 0..bytes.len() {
            assert!(Record::parse(&bytes[..size]).is_none(), "{size} bytes");
        }
    }
}
