//! The whole domain on one page: every slice's commands, events and rejections, the model that
//! decisions read, and the two functions that run it.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::{AccountId, ColleagueId, ContactId, HandoffId, ImportId, InteractionId, Slice, Stream, UnitId};
use crate::lang::Lang;
use crate::policy;
use crate::words::Occurred;
use crate::{account, colleague, contact, handoff, import, interaction, unit};

/// Who acts, and when it happened in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub by: ColleagueId,
    pub occurred: Occurred,
    /// The import that it came with.
    pub batch: Option<ImportId>,
}

macro_rules! domain {
    ($($Slice:ident($Id:ident) = $module:ident, $models:ident: $Models:ident;)*) => {
        /// Something that happened, and to what.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event {
            $($Slice($Id, $module::Event),)*
        }

        /// Something that somebody wants to happen, and to what.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Command {
            $($Slice($Id, $module::Command),)*
        }

        /// Why it does not happen: a sentence that the user can act on.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Rejection {
            /// The actor may not.
            Denied(policy::Denied),
            $($Slice($module::Rejection),)*
        }

        /// What is true now, as far as decisions need it. It holds no personal data.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Model {
            $($models: $module::$Models,)*
        }

        impl Event {
            pub fn stream(&self) -> Stream {
                match self {
                    $(Self::$Slice(id, _) => (*id).into(),)*
                }
            }

            /// The other things that this event names.
            pub fn mentions(&self) -> Vec<Stream> {
                match self {
                    $(Self::$Slice(_, event) => event.mentions(),)*
                }
            }

            /// Serialises what happened, without to what: `{"accepted": {…}}`.
            pub(crate) fn tagged<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$Slice(_, event) => event.serialize(serializer),)*
                }
            }

            /// The inverse of [`Event::tagged`].
            pub(crate) fn from_tagged<'de, D: serde::Deserializer<'de>>(
                stream: Stream,
                deserializer: D,
            ) -> Result<Self, D::Error> {
                match stream.slice {
                    $(Slice::$Slice => {
                        $module::Event::deserialize(deserializer)
                            .map(|event| Self::$Slice($Id::from_uuid(stream.id), event))
                    })*
                }
            }
        }

        impl Command {
            pub fn stream(&self) -> Stream {
                match self {
                    $(Self::$Slice(id, _) => (*id).into(),)*
                }
            }

            fn to_tagged(&self) -> serde_json::Result<Value> {
                match self {
                    $(Self::$Slice(_, command) => serde_json::to_value(command),)*
                }
            }

            fn from_tagged(stream: Stream, tagged: Value) -> serde_json::Result<Self> {
                match stream.slice {
                    $(Slice::$Slice => {
                        $module::Command::deserialize(tagged)
                            .map(|command| Self::$Slice($Id::from_uuid(stream.id), command))
                    })*
                }
            }
        }

        impl Rejection {
            pub fn say(&self, lang: Lang) -> String {
                match self {
                    Self::Denied(denied) => denied.say(lang).into(),
                    $(Self::$Slice(rejection) => rejection.say(lang).into(),)*
                }
            }
        }

        $(impl From<$module::Rejection> for Rejection {
            fn from(rejection: $module::Rejection) -> Self {
                Self::$Slice(rejection)
            }
        })*

        impl Model {
            $(pub const fn $models(&self) -> &$module::$Models {
                &self.$models
            })*
        }

        fn decide_slice(command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
            Ok(match command {
                $(Command::$Slice(id, command) => $module::decide(*id, command, context, model)?
                    .into_iter()
                    .map(|event| Event::$Slice(*id, event))
                    .collect(),)*
            })
        }
    };
}

domain! {
    Unit(UnitId) = unit, units: Units;
    Colleague(ColleagueId) = colleague, colleagues: Colleagues;
    Account(AccountId) = account, accounts: Accounts;
    Contact(ContactId) = contact, contacts: Contacts;
    Interaction(InteractionId) = interaction, interactions: Interactions;
    Handoff(HandoffId) = handoff, handoffs: Handoffs;
    Import(ImportId) = import, imports: Imports;
}

/// Which events follow from a command. None at all means that it has already come true: a retry is harmless.
pub fn decide(command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    policy::may(context.by, command, model).map_err(Rejection::Denied)?;
    if command.stream().slice != Slice::Import {
        model.imports().may_bring(context.batch)?;
    }
    decide_slice(command, context, model)
}

impl Model {
    /// What is true after an event. Total: an event that fits nothing changes nothing.
    pub fn evolve(&mut self, event: &Event, context: &Context) {
        let stream = event.stream();
        let is_new = !self.knows(stream);
        self.imports.observe(stream, is_new, &event.mentions(), context.batch);
        match event {
            Event::Unit(id, event) => self.units.evolve(*id, event),
            Event::Colleague(id, event) => self.colleagues.evolve(*id, event),
            Event::Account(id, event) => self.accounts.evolve(*id, event),
            Event::Contact(id, event) => self.contacts.evolve(*id, event),
            Event::Interaction(id, event) => self.interactions.evolve(*id, event, context),
            Event::Handoff(id, event) => self.handoffs.evolve(*id, event, context),
            Event::Import(id, event) => self.imports.evolve(*id, event),
        }
    }

    /// Whether a thing is there; an import always is.
    pub fn knows(&self, stream: Stream) -> bool {
        match stream.slice {
            Slice::Unit => self.units.exists(UnitId::from_uuid(stream.id)),
            Slice::Colleague => self.colleagues.exists(ColleagueId::from_uuid(stream.id)),
            Slice::Account => self.accounts.exists(AccountId::from_uuid(stream.id)),
            Slice::Contact => self.contacts.exists(ContactId::from_uuid(stream.id)),
            Slice::Interaction => self.interactions.exists(InteractionId::from_uuid(stream.id)),
            Slice::Handoff => self.handoffs.exists(HandoffId::from_uuid(stream.id)),
            Slice::Import => true,
        }
    }
}

impl Rejection {
    /// A word that programs can tell rejections apart by: `handoff` or `denied`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::Unit(_) => Slice::Unit.word(),
            Self::Colleague(_) => Slice::Colleague.word(),
            Self::Account(_) => Slice::Account.word(),
            Self::Contact(_) => Slice::Contact.word(),
            Self::Interaction(_) => Slice::Interaction.word(),
            Self::Handoff(_) => Slice::Handoff.word(),
            Self::Import(_) => Slice::Import.word(),
        }
    }
}

/// On the wire, a command says on what, what, and with what: `{"stream": "handoff/0190…", "type": "accept", "data": {}}`.
#[derive(Serialize, Deserialize)]
struct Wire {
    stream: Stream,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

impl Serialize for Command {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, data) = split(self.to_tagged().map_err(serde::ser::Error::custom)?)
            .ok_or_else(|| serde::ser::Error::custom("a command is an object with one key"))?;
        Wire { stream: self.stream(), kind, data }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { stream, kind, data } = Wire::deserialize(deserializer)?;
        let data = if data.is_null() { Value::Object(serde_json::Map::new()) } else { data };
        Self::from_tagged(stream, join(kind, data)).map_err(D::Error::custom)
    }
}

/// `{"accepted": {…}}` as (`accepted`, `{…}`).
pub(crate) fn split(tagged: Value) -> Option<(String, Value)> {
    match tagged {
        Value::Object(map) => map.into_iter().next(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// The inverse of [`split`].
pub(crate) fn join(kind: String, data: Value) -> Value {
    Value::Object(std::iter::once((kind, data)).collect())
}

/// A short digest by which the model can tell that something was said before, without keeping the
/// words. Not a proof: 64 bits of SHA-256 over the JSON form.
pub(crate) fn fingerprint<T: Serialize>(value: &T) -> u64 {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    Sha256::digest(bytes).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;

    #[test]
    fn a_command_reads_back_what_it_wrote() {
        let command = Command::Handoff(HANDOFF, handoff::Command::Accept {});
        let json = serde_json::to_value(&command).unwrap();
        assert_eq!(json, serde_json::json!({ "stream": format!("handoff/{HANDOFF}"), "type": "accept", "data": {} }));
        assert_eq!(serde_json::from_value::<Command>(json).unwrap(), command);
    }

    #[test]
    fn a_command_without_data_or_of_no_known_type_is_told_apart() {
        let text = format!(r#"{{"stream":"handoff/{HANDOFF}","type":"accept"}}"#);
        assert!(serde_json::from_str::<Command>(&text).is_ok());
        let text = format!(r#"{{"stream":"handoff/{HANDOFF}","type":"explode"}}"#);
        assert!(serde_json::from_str::<Command>(&text).unwrap_err().to_string().contains("explode"));
    }
}
