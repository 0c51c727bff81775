//! Parsed values: what was checked once at the door and needs no check again inside.
//!
//! The browser and the server parse with the same code, so there is one validation, and its
//! refusals are sentences in the reader's language.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lang::Lang;

/// Why a text is not the value that it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadWord {
    Empty,
    /// Both in characters.
    TooLong {
        most: usize,
        is: usize,
    },
    /// A control character: what a broken copy or a wrong encoding leaves behind.
    Control,
    /// A line break where one line is expected.
    ManyLines,
    NotAnEmail,
    NotACode,
}

impl BadWord {
    pub fn say(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Empty, Lang::En) => "Write something here.".into(),
            (Self::Empty, Lang::Ru) => "Заполните это поле.".into(),
            (Self::TooLong { most, is }, Lang::En) => {
                format!("At most {most} characters fit here; this has {is}. Shorten it.")
            }
            (Self::TooLong { most, is }, Lang::Ru) => {
                format!("Сюда помещается не больше {most} знаков, а здесь {is}. Сократите текст.")
            }
            (Self::Control, Lang::En) => "There is an invisible control character here. Type the text anew.".into(),
            (Self::Control, Lang::Ru) => "В тексте есть невидимый управляющий символ. Наберите его заново.".into(),
            (Self::ManyLines, Lang::En) => "This must be a single line.".into(),
            (Self::ManyLines, Lang::Ru) => "Здесь должна быть одна строка.".into(),
            (Self::NotAnEmail, Lang::En) => "An e-mail address looks like name@company.com.".into(),
            (Self::NotAnEmail, Lang::Ru) => "Адрес почты выглядит так: name@company.ru.".into(),
            (Self::NotACode, Lang::En) => "Use Latin letters, digits and - _ . : only.".into(),
            (Self::NotACode, Lang::Ru) => "Здесь допустимы только латинские буквы, цифры и знаки - _ . :".into(),
        }
    }
}

impl BadWord {
    /// Finds it in what serde says of a text that did not parse: there it stands in English, with more around it.
    pub fn said_in(message: &str) -> Option<Self> {
        let is_said = |word: &Self| message.contains(&word.say(Lang::En));
        let plain = [Self::Empty, Self::Control, Self::ManyLines, Self::NotAnEmail, Self::NotACode];
        plain.into_iter().find(is_said).or_else(|| {
            let mut numbers = message.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
            let (most, is) = (numbers.next()?, numbers.next()?);
            Some(Self::TooLong { most, is }).filter(is_said)
        })
    }
}

impl fmt::Display for BadWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Lang::En))
    }
}

impl std::error::Error for BadWord {}

/// What leaves no mark on a screen: a name made of it would be a link that nobody can see.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text has something in it, and nothing that anybody can see.
pub(crate) fn is_unseen(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_invisible)
}

fn text(raw: &str, most: usize, lines: bool) -> Result<String, BadWord> {
    // Windows and old Mac line ends arrive from exports and from pasted mail.
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    let trimmed = unified.trim();
    if trimmed.is_empty() {
        return Err(BadWord::Empty);
    }
    if !lines && trimmed.contains('\n') {
        return Err(BadWord::ManyLines);
    }
    if trimmed.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(BadWord::Control);
    }
    let is = trimmed.chars().count();
    if is > most {
        return Err(BadWord::TooLong { most, is });
    }
    Ok(trimmed.to_owned())
}

fn email(raw: &str, most: usize) -> Result<String, BadWord> {
    let address = text(raw, most, false)?;
    // Only what every address has: the server of the other side is the one who knows the rest.
    match address.split_once('@') {
        Some((name, host))
            if !name.is_empty()
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !host.contains('@')
                && !address.contains(char::is_whitespace) =>
        {
            Ok(address)
        }
        _ => Err(BadWord::NotAnEmail),
    }
}

fn code(raw: &str, most: usize) -> Result<String, BadWord> {
    let code = text(raw, most, false)?;
    if code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')) {
        Ok(code)
    } else {
        Err(BadWord::NotACode)
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, |$raw:ident| $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What somebody says now.
            pub fn parse(raw: &str) -> Result<Self, BadWord> {
                if raw.chars().all(is_invisible) { Err(BadWord::Empty) } else { Self::written(raw) }
            }

            /// What was said once, and is read for ever.
            fn written(raw: &str) -> Result<Self, BadWord> {
                let $raw = raw;
                $parse.map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::written(&raw).map_err(serde::de::Error::custom)
            }
        }
    };
}

word!(
    /// What an account is called: one line of at most 200 characters.
    AccountName, |raw| text(raw, 200, false)
);
word!(
    /// What a unit of ours is called: one line of at most 120 characters.
    UnitName, |raw| text(raw, 120, false)
);
word!(
    /// A person's whole name as it is written, patronymic included: one line of at most 200 characters.
    PersonName, |raw| text(raw, 200, false)
);
word!(
    /// A short fact about somebody or something (job title, industry, city): one line of at most 200 characters.
    Label, |raw| text(raw, 200, false)
);
word!(
    /// An e-mail address, at most 254 characters.
    Email, |raw| email(raw, 254)
);
word!(
    /// A telephone number as it was given: people write them in many ways, and dial what they see. At most 60 characters.
    Phone, |raw| text(raw, 60, false)
);
word!(
    /// A web address as it was given, at most 500 characters.
    Website, |raw| text(raw, 500, false)
);
word!(
    /// Where something took place: one line of at most 200 characters.
    Place, |raw| text(raw, 200, false)
);
word!(
    /// What was said and done, in the writer's words: up to 16,000 characters, line breaks allowed.
    Summary, |raw| text(raw, 16_000, true)
);
word!(
    /// What is promised or asked for: one or a few lines, up to 1,000 characters.
    Promise, |raw| text(raw, 1_000, true)
);
word!(
    /// Why somebody did it, or what came of it: up to 2,000 characters.
    Reason, |raw| text(raw, 2_000, true)
);
word!(
    /// Another system that records come from, in lower-case letters: `salesforce`, `hubspot`.
    System, |raw| code(raw, 40).map(|system| system.to_ascii_lowercase())
);
word!(
    /// A record's key in the other system, as that system writes it, at most 120 characters.
    SourceKey, |raw| code(raw, 120)
);

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $en:literal, $ru:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire and in forms.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The word that people read.
            pub const fn say(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$variant, Lang::En) => $en, (Self::$variant, Lang::Ru) => $ru,)*
                }
            }
        }
    };
}

choice!(
    /// On which of the two fronts it happened.
    Front {
        Client = "client", "Client", "Клиент";
        Internal = "internal", "Internal", "Внутри";
    }
);
choice!(
    /// By which way people came together.
    Channel {
        Meeting = "meeting", "Meeting", "Встреча";
        Visit = "visit", "Visit", "Визит";
        Call = "call", "Call", "Звонок";
        Video = "video", "Video", "Видео";
        Email = "email", "E-mail", "Почта";
        Message = "message", "Message", "Сообщение";
        Event = "event", "Event", "Мероприятие";
    }
);
choice!(
    /// Whether they were in one room.
    Mode {
        InPerson = "in_person", "In person", "Лично";
        Remote = "remote", "Remote", "Удалённо";
        Hybrid = "hybrid", "Hybrid", "Гибридно";
    }
);
choice!(
    /// How it felt.
    Sentiment {
        Positive = "positive", "Went well", "Хорошо";
        Neutral = "neutral", "Neutral", "Нейтрально";
        Negative = "negative", "Went badly", "Плохо";
    }
);
choice!(
    /// Who started it.
    Initiator {
        Us = "us", "We did", "Мы";
        Client = "client", "The client", "Клиент";
    }
);
choice!(
    /// How much an account is a key account.
    Tier {
        Strategic = "strategic", "Strategic", "Стратегический";
        Key = "key", "Key", "Ключевой";
        Developing = "developing", "Developing", "Развиваемый";
    }
);
choice!(
    /// A contact's part in the client's buying centre (Webster and Wind).
    BuyingRole {
        Initiator = "initiator", "Initiator", "Инициатор";
        User = "user", "User", "Пользователь";
        Influencer = "influencer", "Influencer", "Влияет на выбор";
        Decider = "decider", "Decider", "Принимает решение";
        Buyer = "buyer", "Buyer", "Закупает";
        Gatekeeper = "gatekeeper", "Gatekeeper", "Контролирует доступ";
    }
);
choice!(
    /// How much a contact's word weighs at the client.
    Influence {
        High = "high", "High", "Большое";
        Medium = "medium", "Medium", "Среднее";
        Low = "low", "Low", "Малое";
    }
);
choice!(
    /// What a colleague may do here.
    Role {
        /// Installs, imports, invites.
        Administrator = "administrator", "Administrator", "Администратор";
        /// Leads key account managers: assigns, designates, replays.
        Manager = "manager", "Manager", "Руководитель";
        /// Key account manager: logs, hands over.
        AccountManager = "account_manager", "Key account manager", "Менеджер по ключевым клиентам";
        /// Answers for a unit's people and time.
        ResourceOwner = "resource_owner", "Resource owner", "Владелец ресурсов";
        /// Reads and audits, changes nothing.
        Analyst = "analyst", "Analyst", "Аналитик";
    }
);

/// Most of what is logged is about a client.
impl Default for Front {
    fn default() -> Self {
        Self::Client
    }
}

impl Role {
    /// Whether work can go to somebody with this role: analysts only read.
    pub const fn acts(self) -> bool {
        match self {
            Self::Administrator | Self::Manager | Self::AccountManager | Self::ResourceOwner => true,
            Self::Analyst => false,
        }
    }

    /// Whether somebody with this role decides about key accounts.
    pub const fn leads(self) -> bool {
        matches!(self, Self::Administrator | Self::Manager)
    }
}

impl Channel {
    /// How people usually meet by this way, so that one tap is enough; `None` where it is as often the one as the other.
    pub const fn usual_mode(self) -> Option<Mode> {
        match self {
            Self::Visit => Some(Mode::InPerson),
            Self::Call | Self::Video | Self::Email | Self::Message => Some(Mode::Remote),
            Self::Meeting | Self::Event => None,
        }
    }
}

/// When something happened in the world: a moment, or a day where only the day is known. A day has
/// no zone, so it can never shift into another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occurred {
    At(Timestamp),
    On(Date),
}

impl Occurred {
    /// For putting in order: a day stands at its beginning in UTC.
    pub fn instant(self) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::On(day) => day_start(day),
        }
    }

    /// The last instant at which it may have happened: a day goes on to its end in UTC.
    pub fn end(self) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::On(day) => day.tomorrow().map_or(Timestamp::MAX, day_start),
        }
    }

    /// The day in UTC.
    pub fn day(self) -> Date {
        match self {
            Self::At(moment) => jiff::tz::Offset::UTC.to_datetime(moment).date(),
            Self::On(day) => day,
        }
    }

    /// `2024-01-23` is a day, `2024-01-23T17:50:51Z` is a moment, read to the microsecond. A day or
    /// moment at the very end of the calendar, which other systems write for "never", is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() == 10 {
            let day = text.parse().ok()?;
            return (Self::At(day_start(day)).day() == day).then_some(Self::On(day));
        }
        let moment: Timestamp = text.parse().ok()?;
        Timestamp::from_microsecond(moment.as_microsecond()).ok().map(Self::At)
    }
}

/// The first instant of a day in UTC; for the last and the first days of the calendar, the nearest
/// whole second that there is.
pub fn day_start(day: Date) -> Timestamp {
    let nearest = if day.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
    let whole = Timestamp::from_second(nearest.as_second()).unwrap_or(nearest);
    jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(whole)
}

impl fmt::Display for Occurred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(moment) => moment.fmt(f),
            Self::On(day) => day.fmt(f),
        }
    }
}

impl Serialize for Occurred {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Occurred {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "“{text}” is neither a day (2024-01-23) nor a moment (2024-01-23T17:50:51Z)"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_trimmed_and_its_line_ends_unified() {
        assert_eq!(Summary::parse("  one\r\ntwo\rthree \n").map(|s| s.to_string()), Ok("one\ntwo\nthree".into()));
    }

    #[test]
    fn a_word_that_is_not_one_is_refused_with_a_reason() {
        assert_eq!(AccountName::parse(" \t"), Err(BadWord::Empty));
        assert_eq!(AccountName::parse("\u{200b}\u{feff}"), Err(BadWord::Empty), "nobody could see the link");
        assert!(serde_json::from_str::<AccountName>("\"\u{200b}\"").is_ok(), "what is in a log is read for ever");
        assert_eq!(AccountName::parse("a\nb"), Err(BadWord::ManyLines));
        assert_eq!(AccountName::parse("a\u{0}b"), Err(BadWord::Control));
        assert_eq!(AccountName::parse(&"я".repeat(201)), Err(BadWord::TooLong { most: 200, is: 201 }));
        assert_eq!(Email::parse("anna at client.example"), Err(BadWord::NotAnEmail));
        for bad in [" ", "a\nb", "a\u{0}b", &"я".repeat(201)] {
            let error = serde_json::from_value::<AccountName>(bad.into()).unwrap_err().to_string();
            assert_eq!(BadWord::said_in(&format!("{error} at line 3 column 14")), AccountName::parse(bad).err());
        }
        assert_eq!(BadWord::said_in("missing field `name` at line 1 column 20"), None);
        assert_eq!(Email::parse("anna@client"), Err(BadWord::NotAnEmail));
        assert_eq!(SourceKey::parse("00 1"), Err(BadWord::NotACode));
    }

    #[test]
    fn a_day_stays_the_day_and_a_moment_the_moment() {
        for text in ["\"2023-12-25\"", "\"2024-01-23T17:50:51Z\""] {
            let occurred: Occurred = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&occurred).unwrap(), text);
        }
        assert!(serde_json::from_str::<Occurred>("\"yesterday\"").is_err());
    }

    #[test]
    fn what_no_log_can_hold_is_no_moment_and_no_day() {
        assert_eq!(Occurred::parse("9999-12-31"), None, "other systems write it for never");
        assert!(Occurred::parse("9999-12-30").is_some());
        assert_eq!(Occurred::parse(&Timestamp::MAX.to_string()), None);
        let precise = Occurred::parse("2024-01-23T17:50:51.123456789Z").unwrap();
        assert_eq!(precise.to_string(), "2024-01-23T17:50:51.123456Z", "to the microsecond, as it is stored");
    }

    #[test]
    fn a_choice_is_found_by_its_word() {
        for channel in Channel::ALL {
            assert_eq!(Channel::from_word(channel.word()), Some(*channel));
        }
        assert_eq!(Channel::from_word("fax"), None);
    }
}
