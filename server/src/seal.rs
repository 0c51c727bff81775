//! Between a fact and the bytes that rest: an event's personal part is sealed with the key of the
//! thing that it is about, and everything else lies open.
//!
//! One key for each stream: forgetting a person, or one interaction's text, destroys one key.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::domain::{Context, Event};
use shared::ids::{CommandId, EventRef, Stream};
use shared::record::stored::{self, Parts, Sealed, Stored, Unreadable, associated_data};
use shared::record::{Record, upcast};
use shared::words::Occurred;

use crate::store::keyring::{Keyring, KeyringError, SlotId};
use crate::store::{StoredEvent, StreamId};

/// What sealing adds to the personal part: a nonce and a tag.
const SEAL_BYTES: usize = 24 + 16;

/// An upper bound of what the head of a stored event takes.
const HEAD_BYTES: usize = 160;

/// Why stored bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("the event at position {position} cannot be read: {why}")]
    Unreadable { position: u64, why: Unreadable },
    #[error(
        "the event at position {position} is of a part of the business that this Twofront does not know: open it with a newer one"
    )]
    UnknownSlice { position: u64 },
    #[error(
        "the personal part of the event at position {position} does not open with its key ({why}): run `twofront verify`"
    )]
    Broken { position: u64, why: KeyringError },
    #[error("the event cannot be written: {0}")]
    Unwritable(Unreadable),
    #[error("the event cannot be sealed: {0}")]
    Keyring(#[from] KeyringError),
}

/// Which key seals what is said about a thing: rebuilt by reading, since every sealed event names its key.
#[derive(Debug, Default)]
pub struct Slots {
    of_stream: HashMap<Stream, SlotId>,
    highest: Option<SlotId>,
}

impl Slots {
    /// The latest key wins: where one was destroyed, what is said afterwards has a new one.
    pub fn note(&mut self, stream: Stream, key: Option<SlotId>) {
        if let Some(key) = key {
            self.of_stream.insert(stream, key);
            self.highest = self.highest.max(Some(key));
        }
    }

    /// The highest key that any event names: a keyring that does not reach so far is not the one of this log.
    pub fn highest(&self) -> Option<SlotId> {
        self.highest
    }

    /// The key that new words about the thing are sealed with, if it has one that was neither destroyed nor lost.
    ///
    /// # Errors
    /// When the keyring cannot tell.
    pub fn of(&self, stream: Stream, keyring: &Keyring) -> Result<Option<SlotId>, KeyringError> {
        let Some(&slot) = self.of_stream.get(&stream) else { return Ok(None) };
        match keyring.key(slot) {
            // A key that was lost seals nothing any more: new words get a new one.
            Err(KeyringError::Damaged { .. }) => Ok(None),
            key => Ok(key?.map(|_| slot)),
        }
    }
}

/// A stored event as a record, and the number of the key that sealed its personal part. Where the
/// key is gone the record reads as forgotten; and so it does, loudly, where the key was lost to a damaged disk, since
/// everything else can still be worked with.
///
/// # Errors
/// When the bytes are not an event of ours, or the seal is broken.
pub fn read(event: &StoredEvent, keyring: &Keyring) -> Result<(Record, Option<SlotId>), SealError> {
    read_with(event, |key, bound_to, bytes| match keyring.open(key, bound_to, bytes) {
        Err(why @ KeyringError::Damaged { .. }) => {
            tracing::error!(position = event.position, %why, "a personal part cannot be read, and is left empty");
            Ok(None)
        }
        opened => opened,
    })
}

/// As [`read`], for whoever asks whether everything is in order: a lost key is an error.
///
/// # Errors
/// As [`read`], and when the key was lost.
pub fn read_strictly(event: &StoredEvent, keyring: &Keyring) -> Result<(Record, Option<SlotId>), SealError> {
    read_with(event, |key, bound_to, bytes| keyring.open(key, bound_to, bytes))
}

/// The key that sealed an event's personal part, if it has one.
///
/// # Errors
/// When the bytes are not an event of ours.
pub fn key_of(event: &StoredEvent) -> Result<Option<SlotId>, SealError> {
    let unreadable = |why| SealError::Unreadable { position: event.position, why };
    let stored = Stored::from_bytes(&event.payload).map_err(unreadable)?;
    Ok(stored.sealed.map(|sealed| sealed.key))
}

fn read_with(
    event: &StoredEvent,
    open: impl FnOnce(SlotId, &[u8], &[u8]) -> Result<Option<Vec<u8>>, KeyringError>,
) -> Result<(Record, Option<SlotId>), SealError> {
    let position = event.position;
    let unreadable = |why| SealError::Unreadable { position, why };
    let stream = Stream::from_bytes(event.stream.0).ok_or(SealError::UnknownSlice { position })?;
    let stored = Stored::from_bytes(&event.payload).map_err(unreadable)?;
    let command = CommandId::from_uuid(event.command);
    let personal = match stored.sealed {
        None => None,
        Some(Sealed { key, bytes }) => {
            let bound_to = associated_data(stream, command, event.revision, stored.kind);
            open(key, &bound_to, bytes).map_err(|why| SealError::Broken { position, why })?
        }
    };
    let fact = stored::put_together(stream, stored.kind, stored.version, stored.body, personal.as_deref())
        .map_err(|why| unreadable(without_words(why, stream, &stored)))?;
    let record = Record {
        position,
        revision: event.revision,
        recorded: stored.recorded,
        occurred: stored.occurred,
        by: stored.by,
        command,
        cause: stored.cause,
        batch: stored.batch,
        event: fact,
    };
    Ok((record, stored.sealed.map(|sealed| sealed.key)))
}

/// Facts that followed from one command, taken apart and waiting to be sealed.
#[derive(Debug)]
pub struct Draft {
    pub command: CommandId,
    pub recorded: Timestamp,
    pub context: Context,
    pub cause: Option<EventRef>,
    /// In the order in which they will stand in the log.
    pub facts: Vec<Fact>,
}

/// The stored bytes of a commit's events, by stream.
pub type Payloads = Vec<(Stream, Vec<Vec<u8>>)>;

/// One event with the place that it will have in its stream.
#[derive(Debug)]
pub struct Fact {
    pub stream: Stream,
    pub revision: u64,
    pub event: Event,
    parts: Parts,
}

impl Fact {
    /// # Errors
    /// When the event cannot be serialised: a mistake in its shape.
    pub fn new(stream: Stream, revision: u64, event: Event) -> Result<Self, SealError> {
        let parts = stored::take_apart(&event).map_err(SealError::Unwritable)?;
        Ok(Self { stream, revision, event, parts })
    }

    pub fn is_personal(&self) -> bool {
        self.parts.personal.is_some()
    }

    /// At least how many bytes it takes when stored, and at most some dozens more.
    fn weight(&self) -> usize {
        let personal = self.parts.personal.as_ref().map_or(0, |personal| personal.len() + SEAL_BYTES);
        HEAD_BYTES + self.parts.kind.len() + self.parts.body.len() + personal
    }
}

impl Draft {
    /// An upper bound of the commit's size in bytes.
    pub fn weight(&self) -> usize {
        HEAD_BYTES + self.facts.iter().map(Fact::weight).sum::<usize>()
    }

    /// Seals the facts and groups them by stream. Every stream with a personal fact has a key by now.
    ///
    /// # Errors
    /// When a key is missing.
    pub fn seal(&self, keyring: &Keyring, slots: &Slots) -> Result<Payloads, SealError> {
        let mut streams = Payloads::new();
        for fact in &self.facts {
            let payload = self.stored(fact, keyring, slots)?;
            match streams.iter_mut().find(|(stream, _)| *stream == fact.stream) {
                Some((_, payloads)) => payloads.push(payload),
                None => streams.push((fact.stream, vec![payload])),
            }
        }
        Ok(streams)
    }

    /// The records that the facts became, from this position on.
    pub fn into_records(self, first: u64) -> impl Iterator<Item = Record> {
        let Self { command, recorded, context, cause, facts } = self;
        (first..).zip(facts).map(move |(position, fact)| Record {
            position,
            revision: fact.revision,
            recorded,
            occurred: context.occurred,
            by: context.by,
            command,
            cause,
            batch: context.batch,
            event: fact.event,
        })
    }

    fn stored(&self, fact: &Fact, keyring: &Keyring, slots: &Slots) -> Result<Vec<u8>, SealError> {
        let sealed = match &fact.parts.personal {
            None => None,
            Some(personal) => {
                let key = slots.of(fact.stream, keyring)?.ok_or(KeyringError::Missing)?;
                let bound_to = associated_data(fact.stream, self.command, fact.revision, &fact.parts.kind);
                Some((key, keyring.seal(key, &bound_to, personal)?))
            }
        };
        let stored = Stored {
            version: fact.parts.version,
            kind: &fact.parts.kind,
            recorded: self.recorded,
            occurred: self.context.occurred,
            by: self.context.by,
            cause: self.cause,
            batch: self.context.batch,
            body: &fact.parts.body,
            sealed: sealed.as_ref().map(|(key, bytes)| Sealed { key: *key, bytes }),
        };
        Ok(stored.to_bytes())
    }
}

/// A decoder's complaint may quote what it stumbled over, and that may be somebody's words: errors reach the log. That
/// a newer Twofront wrote it is said as it is.
fn without_words(why: Unreadable, stream: Stream, stored: &Stored<'_>) -> Unreadable {
    let (slice, kind) = (stream.slice, stored.kind);
    match why {
        Unreadable::Shape(_) if stored.version <= upcast::version(slice, kind) => {
            Unreadable::Shape(format!("{slice} {kind} does not have the shape that this Twofront knows"))
        }
        Unreadable::Shape(_) | Unreadable::Damaged(_) | Unreadable::Layout(..) => why,
    }
}

/// The store's name for a stream.
pub fn stream_id(stream: Stream) -> StreamId {
    StreamId(stream.to_bytes())
}

/// A moment as precisely as it is stored: in microseconds.
pub fn storable(moment: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment)
}

/// [`storable`] for when something happened.
pub fn storable_occurred(occurred: Occurred) -> Occurred {
    match occurred {
        Occurred::At(moment) => Occurred::At(storable(moment)),
        Occurred::On(day) => Occurred::On(day),
    }
}
