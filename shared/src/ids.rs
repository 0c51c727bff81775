//! Who and what a fact is about: identities, streams, and references to single events.
//!
//! Identities are UUIDs made by whoever creates the thing (version 7 in the browser, version 5 from
//! the source record in an import), so that a command sent twice creates nothing twice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A client that we serve.
    AccountId
);
id!(
    /// A person at a client.
    ContactId
);
id!(
    /// A person of ours.
    ColleagueId
);
id!(
    /// A unit of our own organisation.
    UnitId
);
id!(
    /// One contact with people, on either front.
    InteractionId
);
id!(
    /// Work handed from one colleague to another, or to a unit.
    HandoffId
);
id!(
    /// One next step of an interaction.
    StepId
);
id!(
    /// One import: the batch that can be taken back as a whole.
    ImportId
);
id!(
    /// One command as its sender names it: the key of idempotency, remembered for ever.
    CommandId
);

impl ColleagueId {
    /// The product itself: what the binary records on behalf of whoever runs it on the machine
    /// (the first administrator, an import from the command line).
    pub const TWOFRONT: Self = Self(Uuid::from_u128(0x7477_6f66_726f_6e74_0000_0000_0000_0001));
}

macro_rules! slices {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal;)*) => {
        /// The part of the business that an event belongs to. The numbers and words are in every
        /// journal ever written: they may be added to, never changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Slice {
            $($(#[$doc])* $name = $code,)*
        }

        impl Slice {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub const fn code(self) -> u8 {
                self as u8
            }

            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

slices! {
    Unit = 1, "unit";
    Colleague = 2, "colleague";
    Account = 3, "account";
    Contact = 4, "contact";
    Interaction = 5, "interaction";
    Handoff = 6, "handoff";
    Import = 7, "import";
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Slice {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        Self::ALL.iter().copied().find(|slice| slice.word() == text).ok_or_else(|| BadReference(text.to_owned()))
    }
}

/// The history of one thing. Written `handoff/0190…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    pub slice: Slice,
    pub id: Uuid,
}

impl Stream {
    pub const fn new(slice: Slice, id: Uuid) -> Self {
        Self { slice, id }
    }

    /// The first event of this stream: known before it is recorded, so that an entry that is still
    /// waiting to be sent can already be named as a cause.
    pub const fn first(self) -> EventRef {
        EventRef { stream: self, revision: 1 }
    }

    /// Slice code, then the UUID's bytes.
    pub fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        let (code, id) = bytes.split_at_mut(1);
        code.fill(self.slice.code());
        id.copy_from_slice(self.id.as_bytes());
        bytes
    }

    pub fn from_bytes(bytes: [u8; 17]) -> Option<Self> {
        let [code, id @ ..] = bytes;
        Some(Self { slice: Slice::from_code(code)?, id: Uuid::from_bytes(id) })
    }
}

macro_rules! stream_of {
    ($($id:ident => $slice:ident),* $(,)?) => {
        $(impl From<$id> for Stream {
            fn from(id: $id) -> Self {
                Self::new(Slice::$slice, id.uuid())
            }
        })*
    };
}

stream_of! {
    UnitId => Unit, ColleagueId => Colleague, AccountId => Account, ContactId => Contact,
    InteractionId => Interaction, HandoffId => Handoff, ImportId => Import,
}

/// One event for ever: a stream and the event's place in it, from 1. Written `handoff/0190…@3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventRef {
    pub stream: Stream,
    pub revision: u64,
}

/// A reference that names no stream or event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” names no stream: write slice/uuid, or slice/uuid@revision for one event")]
pub struct BadReference(pub String);

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.slice, self.id)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Stream {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let bad = || BadReference(text.to_owned());
        let (slice, id) = text.split_once('/').ok_or_else(bad)?;
        Ok(Self::new(slice.parse().map_err(|_| bad())?, Uuid::parse_str(id).map_err(|_| bad())?))
    }
}

impl fmt::Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.stream, self.revision)
    }
}

impl fmt::Debug for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventRef {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let bad = || BadReference(text.to_owned());
        let (stream, revision) = text.split_once('@').ok_or_else(bad)?;
        let revision = revision.parse().map_err(|_| bad())?;
        if revision == 0 {
            return Err(bad());
        }
        Ok(Self { stream: stream.parse().map_err(|_| bad())?, revision })
    }
}

macro_rules! serde_as_text {
    ($($name:ident),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        })*
    };
}

serde_as_text!(Slice, Stream, EventRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_what_it_wrote() {
        let event = Stream::new(Slice::Handoff, Uuid::from_u128(7)).first();
        assert_eq!(event.to_string().parse(), Ok(event));
        assert_eq!(Stream::from_bytes(event.stream.to_bytes()), Some(event.stream));
    }

    #[test]
    fn a_reference_to_nothing_is_refused() {
        for text in ["", "handoff", "claim/00000000-0000-0000-0000-000000000007@1", "handoff/7@1"] {
            assert!(text.parse::<EventRef>().is_err(), "{text}");
        }
        let zero = "handoff/00000000-0000-0000-0000-000000000007@0";
        assert!(zero.parse::<EventRef>().is_err());
    }
}
