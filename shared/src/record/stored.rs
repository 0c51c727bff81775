//! The stored form of an event: these bytes are what the journal holds and what the proof hashes.
//!
//! ```text
//! 1   format of this layout, now 1
//! 1   version of the event's shape
//! 1   flags: 1 occurred is a day, 2 has a cause, 4 has a batch, 8 has a sealed part
//! 1+n type, a length and ASCII letters ("accepted")
//! 8   recorded, microseconds since 1970 UTC, signed
//! 8   occurred, the same (a day: its first instant in UTC)
//! 16  by, the colleague's UUID
//! 25  cause, if any: slice code, UUID, revision (8)
//! 16  batch, if any: the import's UUID
//! 4+n body: a length and the event's data in MessagePack with names, without its personal part
//! 8   sealed part, if any: the number of its key,
//! 4+n  and a length and the sealed bytes (nonce and ciphertext of the personal part in MessagePack)
//! ```
//! Numbers are little-endian. Position, stream, revision and command are the commit's, which holds
//! this. What, when and who are read without touching the body; the body describes itself, so that
//! it can be read by other programs and in a hundred years.

use jiff::Timestamp;
use rmpv::Value;
use uuid::Uuid;

use crate::domain::Event;
use crate::ids::{ColleagueId, CommandId, EventRef, ImportId, Slice, Stream};
use crate::json::Named;
use crate::record::upcast::{self, STEPS, Step};
use crate::words::Occurred;

const FORMAT: u8 = 1;
const IS_DAY: u8 = 1;
const HAS_CAUSE: u8 = 2;
const HAS_BATCH: u8 = 4;
const HAS_SEALED: u8 = 8;
const KNOWN_FLAGS: u8 = IS_DAY | HAS_CAUSE | HAS_BATCH | HAS_SEALED;
const PERSONAL: &str = "personal";

/// An event taken apart into what lies open and what is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub kind: String,
    pub version: u8,
    /// The data without its personal part, MessagePack with names.
    pub body: Vec<u8>,
    /// The personal part, MessagePack with names.
    pub personal: Option<Vec<u8>>,
}

/// The personal part as it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The number of its key in the keyring.
    pub key: u64,
    /// Nonce and ciphertext.
    pub bytes: &'a [u8],
}

/// The stored form, read without copying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<'a> {
    pub version: u8,
    pub kind: &'a str,
    pub recorded: Timestamp,
    pub occurred: Occurred,
    pub by: ColleagueId,
    pub cause: Option<EventRef>,
    pub batch: Option<ImportId>,
    pub body: &'a [u8],
    pub sealed: Option<Sealed<'a>>,
}

/// Stored bytes that are not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the stored event ends too early or holds a value out of range, in its {0}")]
    Damaged(&'static str),
    /// The layout, and the flags of the parts in it.
    #[error("the stored event has layout {0} with flags {1}, which a newer Twofront wrote: open it with that one")]
    Layout(u8, u8),
    #[error("{0}")]
    Shape(String),
}

/// What the seal binds the personal part to, so that no ciphertext can stand in another event's
/// place: stream, command, the event's place in the stream, and its type.
pub fn associated_data(stream: Stream, command: CommandId, revision: u64, kind: &str) -> Vec<u8> {
    let mut bytes = b"twofront personal 1\0".to_vec();
    bytes.extend(stream.to_bytes());
    bytes.extend(command.uuid().as_bytes());
    bytes.extend(revision.to_le_bytes());
    bytes.extend(kind.as_bytes());
    bytes
}

/// Takes an event apart for storing.
pub fn take_apart(event: &Event) -> Result<Parts, Unreadable> {
    let shape = |error: &dyn std::fmt::Display| Unreadable::Shape(error.to_string());
    let mut tagged = Vec::new();
    let mut serializer = rmp_serde::Serializer::new(&mut tagged).with_struct_map();
    event.tagged(&mut serializer).map_err(|error| shape(&error))?;
    let value = rmpv::decode::read_value(&mut tagged.as_slice()).map_err(|error| shape(&error))?;
    let bad = || Unreadable::Shape("an event is a map with one name".into());
    let Value::Map(mut outer) = value else { return Err(bad()) };
    let Some((Value::String(kind), Value::Map(mut fields))) = outer.pop() else { return Err(bad()) };
    let kind = kind.into_str().ok_or_else(bad)?;
    let place = fields.iter().position(|(name, _)| name.as_str() == Some(PERSONAL));
    let personal = place.map(|place| fields.remove(place).1).filter(|value| !value.is_nil());
    Ok(Parts {
        version: upcast::version(event.stream().slice, &kind),
        kind,
        body: pack(&Value::Map(fields)),
        personal: personal.as_ref().map(pack),
    })
}

/// The inverse of [`take_apart`]. Without its personal part the event reads as forgotten.
pub fn put_together(
    stream: Stream,
    kind: &str,
    version: u8,
    body: &[u8],
    personal: Option<&[u8]>,
) -> Result<Event, Unreadable> {
    put_together_in(STEPS, stream, kind, version, body, personal)
}

fn put_together_in(
    steps: &[Step<'_>],
    stream: Stream,
    kind: &str,
    version: u8,
    body: &[u8],
    personal: Option<&[u8]>,
) -> Result<Event, Unreadable> {
    let shape = |error: &dyn std::fmt::Display| Unreadable::Shape(format!("{} {kind}: {error}", stream.slice));
    let (fields, entries) = map_header(body).ok_or(Unreadable::Damaged("body"))?;
    // `{kind: {…, "personal": …}}`, spliced from its parts: decoding a million events must not rebuild trees.
    let mut tagged = Vec::with_capacity(kind.len() + body.len() + personal.map_or(0, <[u8]>::len) + 24);
    let count = fields + u32::from(personal.is_some());
    tagged.push(0x81);
    write_str(&mut tagged, kind);
    write_map_header(&mut tagged, count);
    tagged.extend(entries);
    if let Some(personal) = personal {
        write_str(&mut tagged, PERSONAL);
        tagged.extend(personal);
    }
    if version != upcast::version_in(steps, stream.slice, kind) {
        return old_shape(steps, stream, kind, version, &tagged);
    }
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(&tagged);
    Event::from_tagged(stream, &mut deserializer).map_err(|error| shape(&error))
}

/// The slow path: through a tree, with the upcasts.
fn old_shape(
    steps: &[Step<'_>],
    stream: Stream,
    kind: &str,
    version: u8,
    mut tagged: &[u8],
) -> Result<Event, Unreadable> {
    let shape = |error: &dyn std::fmt::Display| Unreadable::Shape(format!("{} {kind}: {error}", stream.slice));
    let value = rmpv::decode::read_value(&mut tagged).map_err(|error| shape(&error))?;
    let value = as_json(value).ok_or(Unreadable::Damaged("body"))?;
    let (_, data) = crate::domain::split(value).ok_or(Unreadable::Damaged("body"))?;
    let data = upcast::upcast_in(steps, stream.slice, kind, version, data).map_err(|error| shape(&error))?;
    let joined = crate::domain::join(kind.to_owned(), data);
    Event::from_tagged(stream, Named(joined)).map_err(|error| shape(&error))
}

/// The stored form of a value as it stands in JSON: identities are 16 bytes here and text there.
fn as_json(value: Value) -> Option<serde_json::Value> {
    use serde_json::Value as Json;
    Some(match value {
        Value::Nil => Json::Null,
        Value::Boolean(value) => value.into(),
        Value::Integer(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (None, number) => number?.into(),
        },
        Value::F32(number) => number.into(),
        Value::F64(number) => number.into(),
        Value::String(text) => text.into_str()?.into(),
        Value::Binary(bytes) => Uuid::from_slice(&bytes).ok()?.to_string().into(),
        Value::Array(items) => Json::Array(items.into_iter().map(as_json).collect::<Option<_>>()?),
        Value::Map(fields) => {
            let field = |(name, value): (Value, Value)| Some((name.as_str()?.to_owned(), as_json(value)?));
            Json::Object(fields.into_iter().map(field).collect::<Option<_>>()?)
        }
        Value::Ext(..) => return None,
    })
}

impl<'a> Stored<'a> {
    pub fn to_bytes(&self) -> Vec<u8> {
        let (occurred, is_day) = match self.occurred {
            Occurred::At(moment) => (moment, 0),
            Occurred::On(day) => (crate::words::day_start(day), IS_DAY),
        };
        let flags = is_day
            | if self.cause.is_some() { HAS_CAUSE } else { 0 }
            | if self.batch.is_some() { HAS_BATCH } else { 0 }
            | if self.sealed.is_some() { HAS_SEALED } else { 0 };
        let mut bytes = Vec::with_capacity(100 + self.body.len() + self.sealed.map_or(0, |sealed| sealed.bytes.len()));
        bytes.extend([FORMAT, self.version, flags, u8::try_from(self.kind.len()).unwrap_or(u8::MAX)]);
        bytes.extend(self.kind.as_bytes());
        bytes.extend(self.recorded.as_microsecond().to_le_bytes());
        bytes.extend(occurred.as_microsecond().to_le_bytes());
        bytes.extend(self.by.uuid().as_bytes());
        if let Some(cause) = self.cause {
            bytes.extend(cause.stream.to_bytes());
            bytes.extend(cause.revision.to_le_bytes());
        }
        if let Some(batch) = self.batch {
            bytes.extend(batch.uuid().as_bytes());
        }
        write_block(&mut bytes, self.body);
        if let Some(sealed) = self.sealed {
            bytes.extend(sealed.key.to_le_bytes());
            write_block(&mut bytes, sealed.bytes);
        }
        bytes
    }

    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut rest = Reader(bytes);
        let [format, version, flags, length] = rest.array("head")?;
        // A flag that nobody here knows stands for a part that nobody here would find.
        if format != FORMAT || flags & !KNOWN_FLAGS != 0 {
            return Err(Unreadable::Layout(format, flags));
        }
        let kind =
            std::str::from_utf8(rest.take(usize::from(length), "type")?).map_err(|_| Unreadable::Damaged("type"))?;
        let recorded = rest.moment("recorded")?;
        let occurred = rest.moment("occurred")?;
        let occurred =
            if flags & IS_DAY == 0 { Occurred::At(occurred) } else { Occurred::On(Occurred::At(occurred).day()) };
        let by = ColleagueId::from_uuid(Uuid::from_bytes(rest.array("by")?));
        let cause = if flags & HAS_CAUSE == 0 {
            None
        } else {
            let stream = Stream::from_bytes(rest.array("cause")?).ok_or(Unreadable::Damaged("cause"))?;
            Some(EventRef { stream, revision: u64::from_le_bytes(rest.array("cause")?) })
        };
        let batch = if flags & HAS_BATCH == 0 {
            None
        } else {
            Some(ImportId::from_uuid(Uuid::from_bytes(rest.array("batch")?)))
        };
        let body = rest.block("body")?;
        let sealed = if flags & HAS_SEALED == 0 {
            None
        } else {
            Some(Sealed { key: u64::from_le_bytes(rest.array("seal")?), bytes: rest.block("seal")? })
        };
        if !rest.0.is_empty() {
            return Err(Unreadable::Damaged("end"));
        }
        Ok(Self { version, kind, recorded, occurred, by, cause, batch, body, sealed })
    }
}

/// The slice and the type of a stored event: enough to route or count it.
pub fn what(stream: Stream, payload: &[u8]) -> Result<(Slice, &str), Unreadable> {
    Stored::from_bytes(payload).map(|stored| (stream.slice, stored.kind))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, part: &'static str) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unreadable::Damaged(part))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], Unreadable> {
        self.take(N, part)?.try_into().map_err(|_| Unreadable::Damaged(part))
    }

    fn block(&mut self, part: &'static str) -> Result<&'a [u8], Unreadable> {
        let length = u32::from_le_bytes(self.array(part)?);
        self.take(usize::try_from(length).map_err(|_| Unreadable::Damaged(part))?, part)
    }

    fn moment(&mut self, part: &'static str) -> Result<Timestamp, Unreadable> {
        Timestamp::from_microsecond(i64::from_le_bytes(self.array(part)?)).map_err(|_| Unreadable::Damaged(part))
    }
}

fn write_block(bytes: &mut Vec<u8>, block: &[u8]) {
    bytes.extend(u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(block);
}

fn pack(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = rmpv::encode::write_value(&mut bytes, value);
    bytes
}

/// A MessagePack map's number of entries, and the entries' bytes.
fn map_header(bytes: &[u8]) -> Option<(u32, &[u8])> {
    match bytes {
        [first @ 0x80..=0x8f, entries @ ..] => Some((u32::from(first & 0x0f), entries)),
        [0xde, a, b, entries @ ..] => Some((u32::from(u16::from_be_bytes([*a, *b])), entries)),
        [0xdf, a, b, c, d, entries @ ..] => Some((u32::from_be_bytes([*a, *b, *c, *d]), entries)),
        _ => None,
    }
}

fn write_map_header(bytes: &mut Vec<u8>, entries: u32) {
    match u8::try_from(entries) {
        Ok(few @ 0..=15) => bytes.push(0x80 | few),
        _ => {
            bytes.push(0xdf);
            bytes.extend(entries.to_be_bytes());
        }
    }
}

fn write_str(bytes: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(short @ 0..=31) => bytes.push(0xa0 | short),
        Ok(longer) => bytes.extend([0xd9, longer]),
        // Names in events are short; one that is not reads back as damaged, never as something else.
        Err(_) => bytes.extend([0xd9, u8::MAX]),
    }
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;

    #[test]
    fn an_event_taken_apart_is_put_together_again() {
        for event in every_event() {
            let parts = take_apart(&event).unwrap();
            let again =
                put_together(event.stream(), &parts.kind, parts.version, &parts.body, parts.personal.as_deref());
            assert_eq!(again.unwrap(), event);
        }
    }

    #[test]
    fn no_personal_word_lies_open() {
        for event in every_event() {
            let parts = take_apart(&event).unwrap();
            let open = String::from_utf8_lossy(&parts.body).into_owned();
            for secret in SECRETS {
                assert!(!open.contains(secret), "{} {} shows {secret}", event.stream().slice, parts.kind);
            }
        }
    }

    /// The first form of every event that there is, as it rests: the bytes and, for its stream, the JSON beside them.
    fn golden() -> Vec<(String, Stream, Vec<u8>)> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/v1");
        let mut golden = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "stored") {
                continue;
            }
            let hexadecimal: Vec<u8> = std::fs::read(&path).unwrap();
            let digits: Vec<u8> = hexadecimal.into_iter().filter(u8::is_ascii_hexdigit).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            let stream = json.get("stream").unwrap().as_str().unwrap().parse().unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            golden.push((name, stream, digits.chunks(2).map(byte).collect()));
        }
        golden
    }

    #[test]
    fn every_event_of_old_can_take_a_step_and_names_the_same_things_as_before() {
        let golden = golden();
        assert!(golden.len() > 30, "{}", golden.len());
        for (name, stream, bytes) in golden {
            let stored = Stored::from_bytes(&bytes).unwrap();
            let personal = stored.sealed.map(|sealed| sealed.bytes);
            let read = |steps: &[Step<'_>], personal| {
                put_together_in(steps, stream, stored.kind, stored.version, stored.body, personal)
            };
            let newest = upcast::version(stream.slice, stored.kind);
            let mut steps = STEPS.to_vec();
            steps.push((stream.slice, stored.kind, newest, |data| data));
            for personal in [personal, None] {
                assert_eq!(read(&steps, personal), read(STEPS, personal), "{name}");
                assert!(read(STEPS, personal).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn a_part_that_nobody_knows_is_of_a_newer_layout() {
        let body = [0x80];
        let stored = Stored {
            version: 1,
            kind: "accepted",
            recorded: NOON,
            occurred: Occurred::At(NOON),
            by: KIRA,
            cause: None,
            batch: None,
            body: &body,
            sealed: None,
        };
        let mut bytes = stored.to_bytes();
        *bytes.get_mut(2).unwrap() |= 16;
        assert_eq!(Stored::from_bytes(&bytes), Err(Unreadable::Layout(1, 16)));
    }

    #[test]
    fn what_was_forgotten_reads_as_forgotten() {
        for event in every_event() {
            let parts = take_apart(&event).unwrap();
            let forgotten = put_together(event.stream(), &parts.kind, parts.version, &parts.body, None).unwrap();
            assert_eq!(take_apart(&forgotten).unwrap(), Parts { personal: None, ..parts });
        }
    }

    #[test]
    fn the_stored_form_reads_back_and_every_cut_is_noticed() {
        let body = [0x80];
        let stored = Stored {
            version: 1,
            kind: "accepted",
            recorded: NOON,
            occurred: Occurred::On("2023-12-25".parse().unwrap()),
            by: KIRA,
            cause: Some(Stream::from(VISIT).first()),
            batch: Some(BATCH),
            body: &body,
            sealed: Some(Sealed { key: 7, bytes: b"sealed" }),
        };
        let bytes = stored.to_bytes();
        assert_eq!(Stored::from_bytes(&bytes), Ok(stored));
        for length in 0..bytes.len() {
            assert!(Stored::from_bytes(bytes.get(..length).unwrap()).is_err(), "cut at {length}");
        }
        let plain = Stored { cause: None, batch: None, sealed: None, occurred: Occurred::At(NOON), ..stored };
        assert_eq!(Stored::from_bytes(&plain.to_bytes()), Ok(plain));
    }
}
