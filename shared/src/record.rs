//! The envelope: an event with everything that is known about its recording.
//!
//! At the doors it is JSON, as below. On disk it is [`stored`]: a fixed binary head, a
//! self-describing body, and the personal part sealed.

pub mod stored;
pub mod upcast;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::domain::{self, Context, Event};
use crate::ids::{ColleagueId, CommandId, EventRef, ImportId, Slice, Stream};
use crate::json::{self, Named};
use crate::policy::Sight;
use crate::words::Occurred;

/// One event as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the one global order, gapless, from 1.
    pub position: u64,
    /// Its place in its stream, gapless, from 1.
    pub revision: u64,
    /// When we wrote it down.
    pub recorded: Timestamp,
    /// When it happened in the world.
    pub occurred: Occurred,
    pub by: ColleagueId,
    /// The command that it followed from: the key of idempotency.
    pub command: CommandId,
    /// The event that led to it.
    pub cause: Option<EventRef>,
    /// The import that brought it.
    pub batch: Option<ImportId>,
    pub event: Event,
}

impl Record {
    pub fn stream(&self) -> Stream {
        self.event.stream()
    }

    pub fn reference(&self) -> EventRef {
        EventRef { stream: self.stream(), revision: self.revision }
    }

    /// Who of ours did it, and whose it is where nobody else is named. What an import brought is nobody's:
    /// whoever runs the import copies it, and took no part in it.
    pub fn author(&self) -> Option<ColleagueId> {
        self.batch.is_none().then_some(self.by)
    }

    pub const fn context(&self) -> Context {
        Context { by: self.by, occurred: self.occurred, now: self.recorded, batch: self.batch }
    }

    /// The moment by which promises and answers are counted. What came with an import counts by when
    /// it happened there; what was done here by when we wrote it down, so that nobody who answers late
    /// can say that it was earlier.
    pub fn counts_from(&self) -> Timestamp {
        if self.batch.is_some() { self.occurred.instant() } else { self.recorded }
    }

    /// Written down on a later day than it happened on, in UTC.
    pub fn is_late(&self) -> bool {
        self.occurred.day() < Occurred::At(self.recorded).day()
    }

    /// As somebody with this sight may see it.
    pub fn seen_with(self, sight: Sight) -> Option<Self> {
        match sight {
            Sight::Whole => Some(self),
            Sight::Nothing => None,
            Sight::WithoutPersonal => {
                let mut wire = serde_json::to_value(&self).ok()?;
                if let Some(data) = wire.get_mut("data").and_then(Value::as_object_mut) {
                    data.remove("personal");
                }
                json::from_value(wire).ok()
            }
        }
    }
}

/// The order of these fields is the order in which people read them.
#[derive(Serialize, Deserialize)]
struct Wire {
    position: u64,
    stream: Stream,
    revision: u64,
    recorded: Timestamp,
    occurred: Occurred,
    by: ColleagueId,
    command: CommandId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<EventRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<ImportId>,
    slice: Slice,
    #[serde(rename = "type")]
    kind: String,
    version: u8,
    data: Value,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let tagged = self.event.tagged(serde_json::value::Serializer).map_err(S::Error::custom)?;
        let (kind, data) =
            domain::split(tagged).ok_or_else(|| S::Error::custom("an event is an object with one key"))?;
        let stream = self.stream();
        Wire {
            position: self.position,
            stream,
            revision: self.revision,
            recorded: self.recorded,
            occurred: self.occurred,
            by: self.by,
            command: self.command,
            cause: self.cause,
            batch: self.batch,
            slice: stream.slice,
            version: upcast::version(stream.slice, &kind),
            kind,
            data,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        if wire.slice != wire.stream.slice {
            return Err(D::Error::custom(format!("an event of {} cannot stand in {}", wire.slice, wire.stream)));
        }
        let data = upcast::upcast(wire.slice, &wire.kind, wire.version, wire.data).map_err(D::Error::custom)?;
        let event = Event::from_tagged(wire.stream, Named(domain::join(wire.kind, data))).map_err(D::Error::custom)?;
        Ok(Self {
            position: wire.position,
            revision: wire.revision,
            recorded: wire.recorded,
            occurred: wire.occurred,
            by: wire.by,
            command: wire.command,
            cause: wire.cause,
            batch: wire.batch,
            event,
        })
    }
}
