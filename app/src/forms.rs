//! The one door for forms: what a page's form holds becomes a command, by the same code on the server
//! (before and without WebAssembly) and in the browser.
//!
//! A form carries `do`, which command it is for; `key`, from which every new identity is derived, so
//! that a form sent twice does nothing twice; `on`, the stream that it is about; and its fields.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use shared::domain::{Command, Rejection};
use shared::ids::{
    AccountId, ColleagueId, CommandId, ContactId, EventRef, HandoffId, ImportId, InteractionId, Slice, StepId, Stream,
    UnitId,
};
use shared::personal::Personal;
use shared::request::{Request, Seen};
use shared::words::{BadWord, Front, Mode, Occurred};
use shared::{account, colleague, contact, handoff, import, interaction, unit};
use uuid::Uuid;

use crate::text::Lang;
use crate::when::Zone;

/// The field of a form in which a refused command says something that cannot be; `None` where it is the matter that does not
/// allow it.
#[must_use]
pub const fn field_of(rejection: &Rejection) -> Option<&'static str> {
    match rejection {
        Rejection::NotYet | Rejection::TooLongAgo | Rejection::Interaction(interaction::Rejection::NotYet) => {
            Some("when")
        }
        Rejection::Interaction(interaction::Rejection::TooLong { .. }) => Some("minutes"),
        Rejection::Handoff(handoff::Rejection::DayHasPassed) => Some("due"),
        Rejection::Handoff(handoff::Rejection::ToYourself | handoff::Rejection::NoSuchParty) => Some("to"),
        Rejection::Colleague(colleague::Rejection::AddressTaken) => Some("email"),
        Rejection::Denied(_)
        | Rejection::NoSuchCause
        | Rejection::Unit(_)
        | Rejection::Colleague(_)
        | Rejection::Account(_)
        | Rejection::Contact(_)
        | Rejection::Interaction(_)
        | Rejection::Handoff(_)
        | Rejection::Import(_) => None,
    }
}

/// What a form held, name by name; a name may stand several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// Why a form is no command, and at which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub field: String,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Word(BadWord),
    Missing,
    /// Nothing is chosen from a list.
    NotChosen,
    /// Neither an account nor a contact.
    AboutNobody,
    NotADay,
    NotATime,
    /// A time of day without the day.
    NoDay,
    NotANumber,
    NotAChoice,
    /// The form itself is not one of ours, or from an older version of the page.
    UnknownForm,
}

crate::texts! {
    missing { en: "Fill in this field.", ru: "Заполните это поле." }
    not_chosen { en: "Choose one.", ru: "Выберите из списка." }
    about_nobody { en: "Choose the account, or unfold More and say who was there.", ru: "Выберите клиента или раскройте «Ещё» и отметьте, кто был." }
    not_a_day { en: "This is no date. Choose one, or leave the field empty.", ru: "Это не дата. Выберите дату или оставьте поле пустым." }
    not_a_time { en: "This is no time of day. Write it as 14:05, or leave the field empty.", ru: "Это не время. Напишите его как 14:05 или оставьте поле пустым." }
    no_day { en: "Choose the day as well, or leave the time empty too.", ru: "Выберите и день или оставьте время пустым." }
    not_a_number { en: "Write a whole number here.", ru: "Напишите здесь целое число." }
    not_a_choice { en: "Choose one of the offered values.", ru: "Выберите одно из предложенных значений." }
    unknown_form { en: "This page is from an older version. Copy what you typed, load the page again, and send it from there.", ru: "Эта страница от прежней версии. Скопируйте набранное, обновите страницу и отправьте ещё раз." }
}

impl Why {
    #[must_use]
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::Word(word) => word.say(lang),
            Self::Missing => missing(lang).to_owned(),
            Self::NotChosen => not_chosen(lang).to_owned(),
            Self::AboutNobody => about_nobody(lang).to_owned(),
            Self::NotADay => not_a_day(lang).to_owned(),
            Self::NotATime => not_a_time(lang).to_owned(),
            Self::NoDay => no_day(lang).to_owned(),
            Self::NotANumber => not_a_number(lang).to_owned(),
            Self::NotAChoice => not_a_choice(lang).to_owned(),
            Self::UnknownForm => unknown_form(lang).to_owned(),
        }
    }
}

/// The identity of the n-th new thing of a form.
#[must_use]
pub fn derived(key: Uuid, n: u128) -> Uuid {
    Uuid::from_u128(key.as_u128().wrapping_add(n))
}

impl Fields {
    #[must_use]
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// What stands in a field, trimmed; `None` where it is empty or missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    }

    /// Whether the form has a field, filled in or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(one, _)| one == name)
    }

    /// Everything that stands under a name, trimmed and not empty.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(one, _)| one == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The fields as they were typed, to fill the form again: what was ticked stands several times
    /// under one name.
    #[must_use]
    pub fn typed(&self) -> BTreeMap<String, Vec<String>> {
        let mut typed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &self.0 {
            typed.entry(name.clone()).or_default().push(value.clone());
        }
        typed
    }

    fn word<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, BadWord>) -> Result<T, Refused> {
        self.optional_word(name, parse)?.ok_or_else(|| refused(name, Why::Missing))
    }

    fn optional_word<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, BadWord>) -> Result<Option<T>, Refused> {
        self.get(name).map(|text| parse(text).map_err(|word| refused(name, Why::Word(word)))).transpose()
    }

    fn choice<T>(&self, name: &str, find: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refused> {
        self.get(name).map(|word| find(word).ok_or_else(|| refused(name, Why::NotAChoice))).transpose()
    }

    fn chosen<T>(&self, name: &str, find: impl Fn(&str) -> Option<T>) -> Result<T, Refused> {
        self.choice(name, find)?.ok_or_else(|| refused(name, Why::NotChosen))
    }

    fn choices<T>(&self, name: &str, find: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Refused> {
        self.all(name).map(|word| find(word).ok_or_else(|| refused(name, Why::NotAChoice))).collect()
    }

    fn day(&self, name: &str) -> Result<Option<Date>, Refused> {
        self.get(name).map(|text| text.parse().map_err(|_| refused(name, Why::NotADay))).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<u32>, Refused> {
        self.get(name).map(|text| text.parse().map_err(|_| refused(name, Why::NotANumber))).transpose()
    }

    fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

fn refused(field: &str, why: Why) -> Refused {
    Refused { field: field.to_owned(), why }
}

fn id<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// What a form asks for.
pub fn request(fields: &Fields, zone: &Zone) -> Result<Request, Refused> {
    let what = fields.get("do").ok_or_else(|| refused("do", Why::UnknownForm))?;
    let key: Uuid = fields.chosen("key", id)?;
    let on: Option<Stream> = fields.choice("on", id)?;
    let command = command(what, on, key, fields)?;
    let occurred = occurred(fields, zone)?;
    let cause: Option<EventRef> = fields.choice("because", id)?;
    // What the screen had seen of the thing that it is about.
    let expects = match (on, fields.number("seen")?) {
        (Some(stream), Some(revision)) => vec![Seen { stream, revision: revision.into() }],
        _ => vec![],
    };
    Ok(Request { id: CommandId::from_uuid(key), command, occurred, cause, expects })
}

/// What a form asks for once its command was taken: whoever registers an account as its manager (`kam`) answers
/// for it. Its identity comes from the form as well, so that both can be sent again.
#[must_use]
pub fn follows(fields: &Fields, taken: &Request) -> Option<Request> {
    let Command::Account(account, account::Command::Register { .. }) = &taken.command else { return None };
    let kam = fields.choice("kam", id).ok().flatten()?;
    let assign = Command::Account(*account, account::Command::Assign { kam });
    Some(Request::new(CommandId::from_uuid(derived(taken.id.uuid(), 2)), assign))
}

fn command(what: &str, on: Option<Stream>, key: Uuid, fields: &Fields) -> Result<Command, Refused> {
    let slice = what.split('.').next().and_then(|word| word.parse::<Slice>().ok());
    let slice = slice.ok_or_else(|| refused("do", Why::UnknownForm))?;
    // What a form makes anew has an identity of its own; what it changes is named by `on`.
    let on = on.unwrap_or(Stream::new(slice, derived(key, 1)));
    if on.slice != slice {
        return Err(refused("on", Why::UnknownForm));
    }
    Ok(match slice {
        Slice::Interaction => Command::Interaction(InteractionId::from_uuid(on.id), interaction(what, key, fields)?),
        Slice::Handoff => Command::Handoff(HandoffId::from_uuid(on.id), handoff(what, fields)?),
        Slice::Account => Command::Account(AccountId::from_uuid(on.id), account(what, fields)?),
        Slice::Contact => Command::Contact(ContactId::from_uuid(on.id), contact(what, fields)?),
        Slice::Colleague => Command::Colleague(ColleagueId::from_uuid(on.id), colleague(what, fields)?),
        Slice::Unit => Command::Unit(UnitId::from_uuid(on.id), unit(what, fields)?),
        Slice::Import => Command::Import(ImportId::from_uuid(on.id), import(what, fields)?),
    })
}

fn interaction(what: &str, key: Uuid, fields: &Fields) -> Result<interaction::Command, Refused> {
    let reason = || fields.word("reason", shared::words::Reason::parse);
    let step = || fields.chosen("step", id::<StepId>);
    Ok(match what {
        "interaction.log" => {
            let next_steps = if fields.is_set("next_step") { vec![next_step(key, fields)?] } else { vec![] };
            interaction::Command::Log { details: details(fields)?, next_steps }
        }
        "interaction.correct" => interaction::Command::Correct(details(fields)?),
        "interaction.retract" => interaction::Command::Retract { reason: reason()? },
        "interaction.agree" => interaction::Command::AgreeNextStep(next_step(key, fields)?),
        "interaction.done" => interaction::Command::DoNextStep { step: step()? },
        "interaction.drop" => interaction::Command::DropNextStep { step: step()?, reason: reason()? },
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

fn details(fields: &Fields) -> Result<interaction::Details, Refused> {
    use shared::words::{Channel, Initiator, Place, Sentiment, Summary};
    let (account, contacts) = (fields.choice("account", id)?, fields.choices("contact", id)?);
    if account.is_none() && contacts.is_empty() {
        return Err(refused("account", Why::AboutNobody));
    }
    let channel = fields.choice("channel", Channel::from_word)?;
    let mode = fields.choice("mode", Mode::from_word)?.or_else(|| channel.and_then(Channel::usual_mode));
    let words = interaction::Words {
        summary: fields.word("summary", Summary::parse)?,
        place: fields.optional_word("place", Place::parse)?,
    };
    Ok(interaction::Details {
        front: fields.choice("front", Front::from_word)?.unwrap_or(Front::Client),
        account,
        channel,
        mode,
        minutes: fields.number("minutes")?,
        initiator: fields.choice("initiator", Initiator::from_word)?,
        contacts,
        colleagues: fields.choices("colleague", id)?,
        sentiment: fields.choice("sentiment", Sentiment::from_word)?,
        planned: fields.is_set("planned"),
        personal: Personal::Known(words),
    })
}

fn next_step(key: Uuid, fields: &Fields) -> Result<interaction::Step, Refused> {
    let what = fields.word("next_step", shared::words::Promise::parse)?;
    Ok(interaction::Step {
        step: StepId::from_uuid(derived(key, 2)),
        owner: fields.choice("step_owner", id)?,
        due: fields.day("step_due")?,
        personal: interaction::StepWords { what }.into(),
    })
}

fn handoff(what: &str, fields: &Fields) -> Result<handoff::Command, Refused> {
    let reason = || fields.word("reason", shared::words::Reason::parse);
    Ok(match what {
        "handoff.offer" => {
            let words = handoff::Words { what: fields.word("what", shared::words::Promise::parse)? };
            handoff::Command::Offer(handoff::Offer {
                account: fields.chosen("account", id)?,
                to: fields.chosen("to", party)?,
                due: fields.day("due")?,
                personal: words.into(),
            })
        }
        "handoff.accept" => handoff::Command::Accept {},
        "handoff.decline" => handoff::Command::Decline { reason: reason()? },
        "handoff.return" => handoff::Command::Return { reason: reason()? },
        "handoff.complete" => {
            handoff::Command::Complete { result: fields.word("result", shared::words::Reason::parse)? }
        }
        "handoff.escalate" => {
            handoff::Command::Escalate { to: fields.chosen("to", id::<ColleagueId>)?, reason: reason()? }
        }
        "handoff.withdraw" => handoff::Command::Withdraw { reason: reason()? },
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

/// `colleague/0190…` or `unit/0190…`.
fn party(text: &str) -> Option<handoff::Party> {
    let stream: Stream = text.parse().ok()?;
    match stream.slice {
        Slice::Colleague => Some(handoff::Party::Colleague(ColleagueId::from_uuid(stream.id))),
        Slice::Unit => Some(handoff::Party::Unit(UnitId::from_uuid(stream.id))),
        Slice::Account | Slice::Contact | Slice::Interaction | Slice::Handoff | Slice::Import => None,
    }
}

fn account(what: &str, fields: &Fields) -> Result<account::Command, Refused> {
    use shared::words::{AccountName, Label, Reason, SourceKey, System, Tier, Website};
    let name = || fields.word("name", AccountName::parse);
    let reason = || fields.word("reason", Reason::parse);
    Ok(match what {
        "account.register" => account::Command::Register { name: name()? },
        "account.rename" => account::Command::Rename { name: name()? },
        "account.describe" => account::Command::Describe(account::Description {
            industry: fields.optional_word("industry", Label::parse)?,
            city: fields.optional_word("city", Label::parse)?,
            country: fields.optional_word("country", Label::parse)?,
            website: fields.optional_word("website", Website::parse)?,
        }),
        "account.designate" => {
            account::Command::Designate { tier: fields.chosen("tier", Tier::from_word)?, reason: reason()? }
        }
        "account.assign" => account::Command::Assign { kam: fields.chosen("kam", id)? },
        "account.sponsor" => account::Command::Sponsor { sponsor: fields.chosen("sponsor", id)? },
        "account.link" => account::Command::Link {
            system: fields.word("system", System::parse)?,
            key: fields.word("source_key", SourceKey::parse)?,
        },
        "account.close" => account::Command::Close { reason: reason()? },
        "account.reopen" => account::Command::Reopen { reason: reason()? },
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

fn contact(what: &str, fields: &Fields) -> Result<contact::Command, Refused> {
    use shared::words::{BuyingRole, Influence};
    Ok(match what {
        "contact.introduce" => {
            contact::Command::Introduce { account: fields.choice("account", id)?, details: person(fields)? }
        }
        "contact.describe" => contact::Command::Describe { details: person(fields)? },
        "contact.map" => contact::Command::Map(contact::Place {
            role: fields.choice("role", BuyingRole::from_word)?,
            influence: fields.choice("influence", Influence::from_word)?,
            reports_to: fields.choice("reports_to", id)?,
        }),
        "contact.move" => contact::Command::Move { account: fields.chosen("account", id)? },
        "contact.associate" => contact::Command::Associate { account: fields.chosen("account", id)? },
        "contact.leave" => contact::Command::Leave {},
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

fn person(fields: &Fields) -> Result<contact::Details, Refused> {
    use shared::words::{Email, Label, PersonName, Phone, Reason};
    Ok(contact::Details {
        name: fields.word("name", PersonName::parse)?,
        title: fields.optional_word("title", Label::parse)?,
        department: fields.optional_word("department", Label::parse)?,
        email: fields.optional_word("email", Email::parse)?,
        phone: fields.optional_word("phone", Phone::parse)?,
        mobile: fields.optional_word("mobile", Phone::parse)?,
        address: fields.optional_word("address", Label::parse)?,
        notes: fields.optional_word("notes", Reason::parse)?,
    })
}

fn colleague(what: &str, fields: &Fields) -> Result<colleague::Command, Refused> {
    use shared::words::{Email, Label, PersonName, Role};
    let identity = || {
        Ok::<_, Refused>(colleague::Identity {
            name: fields.word("name", PersonName::parse)?,
            email: fields.optional_word("email", Email::parse)?,
            title: fields.optional_word("title", Label::parse)?,
        })
    };
    Ok(match what {
        "colleague.join" => colleague::Command::Join {
            identity: identity()?,
            unit: fields.choice("unit", id)?,
            role: fields.chosen("role", Role::from_word)?,
        },
        "colleague.rename" => colleague::Command::Rename { identity: identity()? },
        "colleague.move" => colleague::Command::Move { unit: fields.choice("unit", id)? },
        "colleague.give_role" => colleague::Command::GiveRole { role: fields.chosen("role", Role::from_word)? },
        "colleague.leave" => colleague::Command::Leave {},
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

fn unit(what: &str, fields: &Fields) -> Result<unit::Command, Refused> {
    use shared::words::UnitName;
    Ok(match what {
        "unit.found" => {
            unit::Command::Found { name: fields.word("name", UnitName::parse)?, under: fields.choice("under", id)? }
        }
        "unit.rename" => unit::Command::Rename { name: fields.word("name", UnitName::parse)? },
        "unit.move" => unit::Command::Move { under: fields.choice("under", id)? },
        _ => return Err(refused("do", Why::UnknownForm)),
    })
}

fn import(what: &str, fields: &Fields) -> Result<import::Command, Refused> {
    match what {
        "import.take_back" => Ok(import::Command::TakeBack { with_entries: fields.is_set("with_entries") }),
        _ => Err(refused("do", Why::UnknownForm)),
    }
}

/// When a form says that it happened: on a day, at a moment of it, or now where it says nothing. What
/// is corrected stays at its moment, to the second (`was`), until its fields say otherwise.
fn occurred(fields: &Fields, zone: &Zone) -> Result<Option<Occurred>, Refused> {
    let (day, clock) = (fields.get("when"), fields.get("clock"));
    let not_a_day = || refused("when", Why::NotADay);
    if let Some(was) = fields.get("was").and_then(Occurred::parse) {
        let (day_was, clock_was) = zone.fields(was);
        let is_same = day == Some(day_was.as_str()) && clock.unwrap_or_default() == clock_was;
        if is_same || (day, clock) == (None, None) {
            return Ok(Some(was));
        }
    }
    match (day, clock) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(refused("when", Why::NoDay)),
        (Some(day), None) => zone.parse(day).map(Some).ok_or_else(not_a_day),
        (Some(day), Some(clock)) => {
            let day: Date = day.parse().map_err(|_| not_a_day())?;
            let clock: Time = clock.parse().map_err(|_| refused("clock", Why::NotATime))?;
            zone.moment(day, clock).map(Some).ok_or_else(not_a_day)
        }
    }
}

/// The page that follows a form that was taken: the one it names, else the one about the account that
/// it wrote to, which may be another than the page began with.
#[must_use]
pub fn leads_to(fields: &Fields, command: &Command) -> Option<String> {
    if let Some(back) = fields.get("back") {
        return crate::address::local(back).map(str::to_owned);
    }
    let page = |account: &AccountId| format!("/accounts/{account}");
    match command {
        Command::Account(id, account::Command::Register { .. }) => Some(page(id)),
        Command::Interaction(_, interaction::Command::Log { details, .. } | interaction::Command::Correct(details)) => {
            Some(details.account.as_ref().map_or_else(|| "/".to_owned(), page))
        }
        Command::Contact(_, contact::Command::Introduce { account, .. }) => {
            Some(account.as_ref().map_or_else(|| "/".to_owned(), page))
        }
        Command::Account(..)
        | Command::Unit(..)
        | Command::Colleague(..)
        | Command::Contact(..)
        | Command::Interaction(..)
        | Command::Handoff(..)
        | Command::Import(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{ANNA, KIRA, LOGISTICS, NORTHWIND, VISIT};

    fn form(pairs: &[(&str, &str)]) -> Fields {
        let key = Uuid::from_u128(0x100).to_string();
        let given = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Fields::new(given.chain([("key".to_owned(), key)]).collect())
    }

    fn asked(pairs: &[(&str, &str)]) -> Result<Request, Refused> {
        request(&form(pairs), &Zone::utc())
    }

    #[test]
    fn an_account_and_one_line_are_a_log() {
        let account = NORTHWIND.to_string();
        let request =
            asked(&[("do", "interaction.log"), ("account", &account), ("summary", " Walked the warehouse ")]).unwrap();
        let Command::Interaction(id, interaction::Command::Log { details, next_steps }) = request.command else {
            panic!("not a log")
        };
        assert_eq!(id.uuid(), derived(request.id.uuid(), 1));
        assert_eq!((details.account, details.front, details.mode), (Some(NORTHWIND), Front::Client, None));
        assert!(next_steps.is_empty() && request.occurred.is_none());
    }

    #[test]
    fn everything_that_can_be_said_is_heard() {
        let (account, anna, kira) = (NORTHWIND.to_string(), ANNA.to_string(), KIRA.to_string());
        let because = Stream::from(VISIT).first().to_string();
        let request = asked(&[
            ("do", "interaction.log"),
            ("account", &account),
            ("summary", "Visit"),
            ("channel", "visit"),
            ("minutes", "90"),
            ("contact", &anna),
            ("colleague", &kira),
            ("when", "2026-06-01"),
            ("because", &because),
            ("next_step", "Send the plan"),
            ("step_due", "2026-06-08"),
        ])
        .unwrap();
        let Command::Interaction(_, interaction::Command::Log { details, next_steps }) = request.command else {
            panic!("not a log")
        };
        assert_eq!((details.mode, details.minutes), (Some(Mode::InPerson), Some(90)), "a visit is in person");
        assert_eq!((details.contacts, details.colleagues), (vec![ANNA], vec![KIRA]));
        assert_eq!(next_steps.len(), 1);
        assert_eq!(request.cause, Some(Stream::from(VISIT).first()));
        assert_eq!(request.occurred, Some(Occurred::On("2026-06-01".parse().unwrap())));
    }

    #[test]
    fn a_form_says_at_which_field_it_is_wrong() {
        let refusal = |pairs: &[(&str, &str)]| asked(pairs).unwrap_err();
        let northwind = NORTHWIND.to_string();
        let account = ("account", northwind.as_str());
        assert_eq!(refusal(&[("do", "interaction.log")]), refused("account", Why::AboutNobody));
        assert_eq!(refusal(&[("do", "interaction.log"), account]), refused("summary", Why::Missing));
        let minutes = refusal(&[("do", "interaction.log"), account, ("summary", "x"), ("minutes", "an hour")]);
        assert_eq!(minutes, refused("minutes", Why::NotANumber));
        assert_eq!(refusal(&[("do", "account.assign")]), refused("kam", Why::NotChosen));
        assert_eq!(refusal(&[("do", "interaction.explode")]), refused("do", Why::UnknownForm));
        assert_eq!(refusal(&[]), refused("do", Why::UnknownForm));
        let wrong = LOGISTICS.to_string();
        assert_eq!(
            refusal(&[("do", "handoff.accept"), ("on", &format!("unit/{wrong}"))]),
            refused("on", Why::UnknownForm)
        );
    }

    fn when(pairs: &[(&str, &str)]) -> Result<Option<Occurred>, Refused> {
        occurred(&form(pairs), &Zone::utc())
    }

    #[test]
    fn a_day_alone_is_that_day_and_half_a_moment_is_asked_back() {
        let at = |text| Ok(Occurred::parse(text));
        assert_eq!(when(&[("when", "2026-06-01")]), at("2026-06-01"));
        assert_eq!(when(&[("when", "2026-06-01"), ("clock", "14:05")]), at("2026-06-01T14:05:00Z"));
        assert_eq!(when(&[]), Ok(None), "now");
        assert_eq!(when(&[("clock", "14:05")]), Err(refused("when", Why::NoDay)));
        assert_eq!(when(&[("when", "2026-06-01"), ("clock", "noon")]), Err(refused("clock", Why::NotATime)));
        assert_eq!(when(&[("when", "June"), ("clock", "14:05")]), Err(refused("when", Why::NotADay)));
    }

    #[test]
    fn a_correction_leaves_the_moment_as_it_was_unless_it_says_otherwise() {
        let was = ("was", "2026-06-01T14:05:33.5Z");
        let as_it_was = Ok(Occurred::parse(was.1));
        assert_eq!(when(&[was, ("when", "2026-06-01"), ("clock", "14:05")]), as_it_was);
        assert_eq!(when(&[was]), as_it_was, "emptied fields do not move it to now");
        assert_eq!(when(&[was, ("when", "2026-06-02")]), Ok(Occurred::parse("2026-06-02")));
        assert_eq!(when(&[("was", "2026-06-01"), ("when", "2026-06-01")]), Ok(Occurred::parse("2026-06-01")));
    }

    #[test]
    fn a_form_leads_to_what_it_wrote() {
        let to = |pairs: &[(&str, &str)]| leads_to(&form(pairs), &asked(pairs).unwrap().command);
        let account = NORTHWIND.to_string();
        let log = [("do", "interaction.log"), ("account", account.as_str()), ("summary", "Call")];
        assert_eq!(to(&log), Some(format!("/accounts/{NORTHWIND}")));
        assert_eq!(to(&[log[0], log[1], log[2], ("back", "/handoffs")]).as_deref(), Some("/handoffs"));
        let registered = [("do", "account.register"), ("name", "Tailspin")];
        let new = derived(Uuid::from_u128(0x100), 1);
        assert_eq!(to(&registered), Some(format!("/accounts/{new}")));
        assert_eq!(to(&[("do", "unit.found"), ("name", "Lab"), ("back", "//evil.example")]), None);
    }

    #[test]
    fn who_registers_an_account_as_its_manager_answers_for_it() {
        let follows = |pairs: &[(&str, &str)]| follows(&form(pairs), &asked(pairs).unwrap());
        let (kira, named) = (KIRA.to_string(), [("do", "account.register"), ("name", "Tailspin")]);
        let then = follows(&[named[0], named[1], ("kam", &kira)]).unwrap();
        let account = AccountId::from_uuid(derived(Uuid::from_u128(0x100), 1));
        assert_eq!(then.command, Command::Account(account, account::Command::Assign { kam: KIRA }));
        assert_eq!(then.id.uuid(), derived(Uuid::from_u128(0x100), 2));
        assert_eq!(follows(&named), None);
        assert_eq!(follows(&[("do", "unit.found"), ("name", "Lab"), ("kam", &kira)]), None);
    }

    #[test]
    fn a_form_sent_twice_is_one_command() {
        let pairs = [("do", "unit.found"), ("name", "Logistics")];
        assert_eq!(asked(&pairs), asked(&pairs));
    }
}
