//! The whole domain on one page: every slice's commands, events and rejections, the model that
//! decisions read, and the two functions that run it.

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ids::{AccountId, ColleagueId, ContactId, HandoffId, ImportId, InteractionId, Slice, Stream, UnitId};
use crate::json;
use crate::lang::Lang;
use crate::policy;
use crate::words::{BadWord, Occurred, is_unseen};
use crate::{account, colleague, contact, handoff, import, interaction, unit};

/// Who acts, and when it happened in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub by: ColleagueId,
    pub occurred: Occurred,
    /// When it is written down.
    pub now: Timestamp,
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
            /// What it is said to follow from never happened.
            NoSuchCause,
            /// It is said to have happened on a day that has not come.
            NotYet,
            /// It is said to have happened before anybody alive was born.
            TooLongAgo,
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

            /// Whether this is what led to these events, all of its own, as far as that can be told: what was forgotten
            /// since may be anything.
            pub fn led_to(&self, events: &[&Event]) -> bool {
                $(if let Self::$Slice(id, command) = self {
                    let own = events.iter().map(|event| {
                        if let Event::$Slice(of, event) = event && of == id { Some(event) } else { None }
                    });
                    return own.collect::<Option<Vec<_>>>().is_some_and(|own| command.led_to(&own));
                })*
                false
            }

            fn to_tagged(&self) -> serde_json::Result<Value> {
                match self {
                    $(Self::$Slice(_, command) => serde_json::to_value(command),)*
                }
            }

            fn from_tagged(stream: Stream, tagged: Value) -> serde_json::Result<Self> {
                match stream.slice {
                    $(Slice::$Slice => {
                        json::from_value::<$module::Command>(tagged)
                            .map(|command| Self::$Slice($Id::from_uuid(stream.id), command))
                    })*
                }
            }
        }

        impl Rejection {
            pub fn say(&self, lang: Lang) -> String {
                match self {
                    Self::Denied(denied) => denied.say(lang).into(),
                    Self::NoSuchCause => lang
                        .pick(
                            "What this is said to follow from is not in the log. Choose it anew, or leave it out.",
                            "Того, из чего это будто бы следует, в журнале нет. Укажите причину заново или не указывайте вовсе.",
                        )
                        .into(),
                    Self::NotYet => lang
                        .pick(
                            "This day has not come yet. Check the date.",
                            "Этот день ещё не наступил. Проверьте дату.",
                        )
                        .into(),
                    Self::TooLongAgo => lang
                        .pick("This was before 1900. Check the year.", "Это было до 1900 года. Проверьте год.")
                        .into(),
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

/// When a command is about, where its sender says so or not. A correction that says nothing of the time
/// leaves it as the entry has it; everything else happens as it is written down.
pub fn occurred(command: &Command, said: Option<Occurred>, now: Timestamp, model: &Model) -> Occurred {
    let before = || match command {
        Command::Interaction(id, command) => match command {
            interaction::Command::Correct(_) => model.interactions().occurred(*id),
            interaction::Command::Log { .. }
            | interaction::Command::Retract { .. }
            | interaction::Command::AgreeNextStep(_)
            | interaction::Command::DoNextStep { .. }
            | interaction::Command::DropNextStep { .. } => None,
        },
        Command::Unit(..)
        | Command::Colleague(..)
        | Command::Account(..)
        | Command::Contact(..)
        | Command::Handoff(..)
        | Command::Import(..) => None,
    };
    said.or_else(before).unwrap_or(Occurred::At(now))
}

/// The things that a decision looks at besides what the command is about, who sends it, and what its events name: if one
/// of them changes meanwhile, it must be taken again.
pub fn decided_by(command: &Command, model: &Model) -> Vec<Stream> {
    match command {
        Command::Unit(_, command) => model.units().decided_by(command),
        Command::Colleague(_, command) => model.colleagues().decided_by(command),
        Command::Import(_, command) => match command {
            import::Command::TakeBack { .. } => model.colleagues().who_administer(),
            import::Command::Start { .. } | import::Command::Finish { .. } => vec![],
        },
        Command::Account(..) | Command::Contact(..) | Command::Interaction(..) | Command::Handoff(..) => vec![],
    }
}

/// Which events follow from a command. None at all means that it has already come true: a retry is harmless.
pub fn decide(command: &Command, context: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    policy::may(context.by, command, model).map_err(Rejection::Denied)?;
    if command.stream().slice != Slice::Import {
        model.imports().may_bring(context.batch)?;
    }
    let events = decide_slice(command, context, model)?;
    // The past cannot be edited: a mistyped year would stand at the head of its account for ever. What an import brings is
    // as old as its source says, and what is only planned is to come.
    if context.batch.is_none() && !events.is_empty() {
        let occurred = context.occurred.instant();
        if occurred.duration_since(context.now) > SLACK && !events.iter().any(may_be_to_come) {
            return Err(Rejection::NotYet);
        }
        if occurred < EARLIEST {
            return Err(Rejection::TooLongAgo);
        }
    }
    Ok(events)
}

/// Somewhere it is already tomorrow.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_hours(24);

/// 1 January 1900, whichever day it is where.
pub const EARLIEST: Timestamp = Timestamp::constant(-2_208_988_800 - 86_400, 0);

/// An entry says of itself whether it is only planned: its slice has looked.
const fn may_be_to_come(event: &Event) -> bool {
    matches!(event, Event::Interaction(_, interaction::Event::Logged(_) | interaction::Event::Corrected(_)))
}

impl Model {
    /// What is true after an event. Total: an event that fits nothing changes nothing.
    pub fn evolve(&mut self, event: &Event, context: &Context) {
        let stream = event.stream();
        let is_new = !self.knows(stream);
        let rests_on = self.imports.observe(stream, is_new, &event.mentions(), context.batch);
        match event {
            Event::Unit(id, event) => self.units.evolve(*id, event),
            Event::Colleague(id, event) => self.colleagues.evolve(*id, event, &rests_on),
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
    /// A word that programs can tell rejections apart by: `handoff`, `denied` or `cause`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::NoSuchCause => "cause",
            Self::NotYet | Self::TooLongAgo => "occurred",
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
        let command = Self::from_tagged(stream, join(kind.clone(), data.clone())).map_err(D::Error::custom)?;
        let understood = command.to_tagged().ok().and_then(split).map(|(_, data)| data).unwrap_or_default();
        if let Some(field) = misunderstood(&data, &understood) {
            return Err(D::Error::custom(format!("{} {kind} has no field “{field}”", stream.slice)));
        }
        if has_unseen(&understood) {
            return Err(D::Error::custom(BadWord::Empty));
        }
        Ok(command)
    }
}

/// Words are read here as a log is read, with all that was ever allowed. What is said now must leave a mark on a screen.
fn has_unseen(value: &Value) -> bool {
    match value {
        Value::String(text) => is_unseen(text),
        Value::Array(items) => items.iter().any(has_unseen),
        Value::Object(fields) => fields.values().any(has_unseen),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A field that says something and of which nothing is left once the command was read: a mistyped `unit` must
/// not take somebody out of theirs.
fn misunderstood(said: &Value, understood: &Value) -> Option<String> {
    match (said, understood) {
        (Value::Object(said), Value::Object(understood)) => {
            said.iter().filter(|(_, value)| !says_nothing(value)).find_map(|(name, value)| match understood.get(name) {
                Some(same) => misunderstood(value, same),
                None => Some(name.clone()),
            })
        }
        (Value::Array(said), Value::Array(understood)) => {
            said.iter().zip(understood).find_map(|(said, understood)| misunderstood(said, understood))
        }
        _ => None,
    }
}

/// What a field holds that need not be written.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
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
    fn what_is_told_here_has_happened_and_in_the_time_of_people_who_live() {
        let closed = || Command::Account(NORTHWIND, account::Command::Close { reason: reason("Sold") });
        let event = Event::Account(
            NORTHWIND,
            account::Event::Closed { personal: account::Why { reason: reason("Sold") }.into() },
        );
        let at = |day: &str| Occurred::parse(day).unwrap();
        for (day, refused) in
            [("2999-01-01", Some(Rejection::NotYet)), ("0201-06-01", Some(Rejection::TooLongAgo)), ("1987-06-01", None)]
        {
            let outcome = given(company()).when_occurred(ADA, at(day), closed());
            match refused {
                Some(refused) => outcome.then_refused(refused),
                None => outcome.then([event.clone()]),
            }
        }
        // What has come true already stays quiet, whatever day is said.
        given(company()).and((ADA, event)).when_occurred(ADA, at("2999-01-01"), closed()).then([]);
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_wherever_it_stands() {
        let colleague = |data: &str| format!(r#"{{"stream":"colleague/{KIRA}","type":"move","data":{data}}}"#);
        let error = serde_json::from_str::<Command>(&colleague(r#"{"unti":"logistics"}"#)).unwrap_err();
        assert!(error.to_string().contains("colleague move has no field “unti”"), "{error}");
        assert!(serde_json::from_str::<Command>(&colleague(r#"{"unit":null}"#)).is_ok());
        let log = |details: &str| {
            format!(r#"{{"stream":"interaction/{VISIT}","type":"log","data":{{"details":{details},"next_steps":[]}}}}"#)
        };
        let well = r#"{"account":"00000000-0000-0000-0000-0000000000a1","contacts":[],"planned":false,"title":null,
            "personal":{"summary":"Visit"}}"#;
        let read = serde_json::from_str::<Command>(&log(well)).unwrap();
        let details = interaction::Details::new(crate::words::Front::Client, Some(NORTHWIND), summary("Visit"));
        let plain = interaction::Command::Log { details, next_steps: vec![] };
        assert_eq!(read, Command::Interaction(VISIT, plain), "an account and one line suffice");
        let typo = log(&well.replace("summary\":", "place\":\"Gate\",\"palce\":\"Gate\",\"summary\":"));
        assert!(serde_json::from_str::<Command>(&typo).unwrap_err().to_string().contains("palce"));
    }

    #[test]
    fn words_that_nobody_can_see_are_refused_in_a_command_and_read_in_an_event() {
        for unseen in ["\u{200b}", " \u{202e}\u{feff}", "\u{3164}", "\u{e0020}", "\u{180e}"] {
            for command in [
                serde_json::json!({ "stream": Stream::from(NORTHWIND), "type": "rename", "data": { "name": unseen } }),
                serde_json::json!({ "stream": Stream::from(HANDOFF), "type": "decline", "data": { "reason": unseen } }),
            ] {
                let why = serde_json::from_value::<Command>(command).unwrap_err().to_string();
                assert_eq!(BadWord::said_in(&why), Some(BadWord::Empty), "{why}");
            }
            let name = serde_json::from_value(unseen.into()).unwrap();
            let renamed = record(1, KIRA, Event::Account(NORTHWIND, account::Event::Renamed { name }));
            assert_eq!(
                serde_json::from_value::<crate::record::Record>(serde_json::to_value(&renamed).unwrap()).unwrap(),
                renamed
            );
        }
    }

    #[test]
    fn a_correction_that_says_no_time_leaves_it_and_everything_else_happens_now() {
        let march = Occurred::parse("2026-03-01").unwrap();
        let may = Occurred::parse("2026-05-01").unwrap();
        let details = interaction::Details::new(crate::words::Front::Client, Some(NORTHWIND), summary("Visit"));
        let mut model = Model::default();
        let logged = Event::Interaction(VISIT, interaction::Event::Logged(details.clone()));
        model.evolve(&logged, &Context { by: KIRA, occurred: march, now: NOON, batch: None });
        let correct = Command::Interaction(VISIT, interaction::Command::Correct(details.clone()));
        assert_eq!(occurred(&correct, None, NOON, &model), march);
        assert_eq!(occurred(&correct, Some(may), NOON, &model), may);
        let corrected = Event::Interaction(VISIT, interaction::Event::Corrected(details));
        model.evolve(&corrected, &Context { by: KIRA, occurred: may, now: NOON, batch: None });
        assert_eq!(occurred(&correct, None, NOON, &model), may, "as it was corrected last");
        let retract = Command::Interaction(VISIT, interaction::Command::Retract { reason: reason("Mistake") });
        assert_eq!(occurred(&retract, None, NOON, &model), Occurred::At(NOON));
    }

    #[test]
    fn a_command_without_data_or_of_no_known_type_is_told_apart() {
        let text = format!(r#"{{"stream":"handoff/{HANDOFF}","type":"accept"}}"#);
        assert!(serde_json::from_str::<Command>(&text).is_ok());
        let text = format!(r#"{{"stream":"handoff/{HANDOFF}","type":"explode"}}"#);
        assert!(serde_json::from_str::<Command>(&text).unwrap_err().to_string().contains("explode"));
    }
}
