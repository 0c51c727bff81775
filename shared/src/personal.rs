//! What belongs to a person and can be forgotten: names, addresses, and everything written in free
//! text. It is sealed at rest (see [`crate::record`]); once its key is destroyed it reads as forgotten.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The personal part of an event.
///
/// An event has at most one, always in the field `personal`, the last of the event: that is the
/// whole rule by which the record knows what to seal. On the wire it is the value itself, or `null`
/// where it was forgotten or the reader may not see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Personal<T> {
    Known(T),
    #[default]
    Forgotten,
}

impl<T> Personal<T> {
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Forgotten => None,
        }
    }

    /// What was said, as far as this is known: forgotten where this is.
    #[must_use]
    pub fn as_known(&self, said: &Self) -> Self
    where
        T: Clone,
    {
        if self.known().is_some() { said.clone() } else { Self::Forgotten }
    }

    /// Whether this may be what was said: what was forgotten may be anything.
    pub fn may_be(&self, said: &Self) -> bool
    where
        T: Clone + PartialEq,
    {
        *self == self.as_known(said)
    }

    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Forgotten => None,
        }
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Forgotten, Self::Known))
    }
}
