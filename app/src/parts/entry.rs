//! How one entry of a timeline reads: which words, chips and links, computed before anything is drawn.

use jiff::Timestamp;
use shared::domain::Event;
use shared::handoff::{self, Party};
use shared::ids::{ColleagueId, EventRef, Slice, Stream};
use shared::personal::Personal;
use shared::record::Record;
use shared::views::alignment::in_time as in_time_for;
use shared::views::directory::{self, forgotten};
use shared::views::timeline::{End, Entry};
use shared::views::{Directory, Timeline};
use shared::words::{Channel, Front, Initiator, Mode, Occurred, Sentiment};
use shared::{account, colleague, contact, interaction, unit};

use crate::source::called;
use crate::text::Lang;
use crate::when::{self, Zone};

crate::texts! {
    client { en: "Client", ru: "Клиент" }
    internal { en: "Inside", ru: "Внутри" }
    late(days: u64) {
        en: plural(days) { "recorded {days} day later", "recorded {days} days later" },
        ru: plural(days) { "записано на {days} день позже", "записано на {days} дня позже", "записано на {days} дней позже" },
    }
    planned { en: "planned", ru: "запланировано" }
    they_began { en: "they began", ru: "по инициативе клиента" }
    we_began { en: "we began", ru: "по нашей инициативе" }
    minutes(n: u64) {
        en: plural(n) { "{n} minute", "{n} minutes" },
        ru: plural(n) { "{n} минута", "{n} минуты", "{n} минут" },
    }
    steps(n: u64) {
        en: plural(n) { "{n} next step", "{n} next steps" },
        ru: plural(n) { "{n} следующий шаг", "{n} следующих шага", "{n} следующих шагов" },
    }
    due(day: &str) { en: "by {day}", ru: "до {day}" }
    retracted(why: &str) { en: "retracted: {why}", ru: "отозвано: {why}" }
    corrected { en: "corrected", ru: "исправлено" }
    imported { en: "imported", ru: "загружено" }
    because_of(what: &str, day: &str) { en: "because of the {what} on {day}", ru: "повод: {what}, {day}" }
    because_earlier(what: &str) { en: "because of an earlier {what}", ru: "повод: {what} (раньше)" }
    interaction_word { en: "entry", ru: "запись" }
    handoff_word { en: "handoff", ru: "передача" }
    other_word { en: "event", ru: "событие" }
    offered { en: "offered", ru: "предложено" }
    accepted { en: "accepted", ru: "принято" }
    declined(why: &str) { en: "declined: {why}", ru: "отклонено: {why}" }
    returned(why: &str) { en: "returned: {why}", ru: "возвращено: {why}" }
    completed { en: "completed", ru: "выполнено" }
    escalated(who: &str) { en: "escalated to {who}", ru: "эскалировано: {who}" }
    withdrawn(why: &str) { en: "withdrawn: {why}", ru: "отозвано: {why}" }
    in_time { en: "in time", ru: "в срок" }
    acc_registered { en: "Account registered", ru: "Клиент заведён" }
    acc_renamed(name: &str) { en: "Now called {name}", ru: "Теперь называется {name}" }
    acc_described { en: "Facts of the account changed", ru: "Изменены сведения о клиенте" }
    acc_designated(tier: &str, why: &str) { en: "Designated {tier}: {why}", ru: "Присвоен статус «{tier}»: {why}" }
    acc_assigned(who: &str) { en: "{who} answers for it", ru: "За клиента отвечает {who}" }
    acc_sponsored(who: &str) { en: "{who} is the sponsor", ru: "Куратор: {who}" }
    acc_linked(system: &str, key: &str) { en: "Linked to {system} {key}", ru: "Связан с записью {system} {key}" }
    acc_closed(why: &str) { en: "Closed: {why}", ru: "Закрыт: {why}" }
    acc_reopened(why: &str) { en: "Reopened: {why}", ru: "Открыт снова: {why}" }
    con_introduced { en: "New contact", ru: "Новый контакт" }
    con_described { en: "Details changed", ru: "Изменены данные" }
    con_mapped { en: "Place in the buying centre", ru: "Участие в закупке" }
    con_moved(account: &str) { en: "Now at {account}", ru: "Теперь в компании {account}" }
    con_associated(account: &str) { en: "Also has to do with {account}", ru: "Связан также с компанией {account}" }
    con_left { en: "Has left", ru: "Больше не работает" }
    col_joined { en: "Joined", ru: "В команде" }
    col_renamed { en: "Changed name or details", ru: "Изменены имя или данные" }
    col_moved(unit: &str) { en: "Moved to {unit}", ru: "Теперь в подразделении {unit}" }
    col_out { en: "Now in no unit", ru: "Теперь вне подразделений" }
    col_role(role: &str) { en: "Role: {role}", ru: "Роль: {role}" }
    col_left { en: "Has left", ru: "Больше не работает" }
    unit_founded { en: "Unit founded", ru: "Подразделение создано" }
    unit_renamed(name: &str) { en: "Now called {name}", ru: "Теперь называется {name}" }
    unit_moved { en: "Moved in the organisation", ru: "Перемещено в структуре" }
    import_fact { en: "Import", ru: "Загрузка" }
    note { en: "entry", ru: "запись" }
    step_done { en: "done", ru: "сделано" }
    step_dropped(why: &str) { en: "dropped: {why}", ru: "снято: {why}" }
    step_open { en: "open", ru: "открыто" }
    step_retracted { en: "retracted with the entry", ru: "отозвано вместе с записью" }
    undated { en: "no date", ru: "без срока" }
    nobodys { en: "nobody’s yet", ru: "пока ничей" }
}

/// An entry as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The place in the page that links lead to: `e309`.
    pub id: String,
    /// Changes when the entry does.
    pub key: String,
    pub event: EventRef,
    pub revision: u64,
    pub front: Front,
    pub icon: &'static str,
    /// What it is, for those who do not see the icon and the lane.
    pub spoken: String,
    pub who: Vec<Who>,
    pub gist: String,
    pub day: String,
    pub clock: String,
    pub exact: String,
    pub machine: String,
    pub chips: Vec<Chip>,
    pub because: Option<Because>,
    pub former: Vec<String>,
    pub steps: Vec<StepShown>,
    pub recorded: String,
    pub position: u64,
    pub is_late: bool,
    pub is_retracted: bool,
    pub is_corrected: bool,
    /// An interaction that stands: a next step can be agreed on it, and it can be corrected or retracted.
    pub is_open: bool,
    /// Who may correct and retract it, besides whoever leads.
    pub whose: Vec<ColleagueId>,
    /// The address of the page asks for this one.
    pub is_sought: bool,
}

/// Somebody in an entry, with the page about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Who {
    pub name: String,
    pub href: Option<String>,
    /// One of ours.
    pub ours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    pub class: &'static str,
    pub icon: Option<&'static str>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    pub href: String,
    pub text: String,
    /// The entry on this page that the line leads to.
    pub to: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StepShown {
    pub step: String,
    pub what: String,
    pub owner: String,
    pub due: String,
    pub state: String,
    pub is_open: bool,
}

/// The word for a front in an entry.
#[must_use]
pub const fn front_word(front: Front, lang: Lang) -> &'static str {
    match front {
        Front::Client => client(lang),
        Front::Internal => internal(lang),
    }
}

/// The icon of a channel in the sprite.
#[must_use]
pub const fn channel_icon(channel: Option<Channel>) -> &'static str {
    match channel {
        Some(Channel::Meeting) => "meeting",
        Some(Channel::Visit) => "visit",
        Some(Channel::Call) => "call",
        Some(Channel::Video) => "video",
        Some(Channel::Email) => "email",
        Some(Channel::Message) => "message",
        Some(Channel::Event) => "event",
        None => "log",
    }
}

/// The icon of a mode in the sprite.
#[must_use]
pub const fn mode_icon(mode: Mode) -> &'static str {
    match mode {
        Mode::InPerson => "in-person",
        Mode::Remote => "remote",
        Mode::Hybrid => "hybrid",
    }
}

/// What an entry needs to know to read well.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub directory: &'a Directory,
    pub timeline: &'a Timeline,
    pub zone: &'a Zone,
    pub now: Timestamp,
    pub lang: Lang,
}

impl Reading<'_> {
    /// An entry as it is drawn.
    #[must_use]
    pub fn show(&self, entry: &Entry) -> Shown {
        let Self { zone, lang, .. } = *self;
        let record = &entry.record;
        let occurred = entry.occurred();
        let today = zone.day(Occurred::At(self.now));
        let day = zone.day(occurred);
        let mut chips = Vec::new();
        let (icon, spoken, who, gist) = self.words(entry, &mut chips);
        if entry.is_late() {
            let days = (zone.day(Occurred::At(record.recorded)) - zone.day(record.occurred)).get_days();
            if let Ok(days @ 1..) = u64::try_from(days) {
                let text = if record.batch.is_some() { imported(lang).to_owned() } else { late(lang, days) };
                chips.push(Chip { class: "", icon: Some("late"), text });
            }
        }
        if !entry.corrections.is_empty() {
            chips.push(Chip { class: "", icon: None, text: corrected(lang).to_owned() });
        }
        if let Some(retraction) = &entry.retracted {
            let why = retraction_reason(retraction).map_or_else(|| forgotten(lang).to_owned(), ToString::to_string);
            chips.push(Chip { class: "", icon: Some("undo"), text: retracted(lang, &why) });
        }
        let is_retracted = entry.retracted.is_some();
        Shown {
            id: format!("e{}", record.position),
            key: format!("{}@{}", record.position, entry.revision),
            event: record.reference(),
            revision: entry.revision,
            front: entry.front(),
            icon,
            spoken: format!("{}, {spoken}.", front_word(entry.front(), lang)),
            who,
            gist,
            day: when::near_day(day, today, lang),
            clock: when::clock(occurred, zone),
            exact: when::exact(occurred, zone, lang),
            machine: occurred.to_string(),
            chips,
            because: record.cause.map(|cause| self.because(cause)),
            former: former(entry, lang),
            steps: entry.steps.iter().map(|(id, step)| self.step(*id, step, entry)).collect(),
            recorded: when::exact(Occurred::At(record.recorded), zone, lang),
            position: record.position,
            is_late: entry.is_late(),
            is_retracted,
            is_corrected: !entry.corrections.is_empty(),
            is_open: record.stream().slice == Slice::Interaction && !is_retracted,
            whose: entry.whose(),
            is_sought: false,
        }
    }

    fn step(&self, id: shared::ids::StepId, step: &shared::views::timeline::NextStep, entry: &Entry) -> StepShown {
        let Self { lang, zone, .. } = *self;
        let today = zone.day(Occurred::At(self.now));
        let state = match &step.end {
            None if entry.retracted.is_some() => step_retracted(lang).to_owned(),
            None => step_open(lang).to_owned(),
            Some(End::Done) => step_done(lang).to_owned(),
            Some(End::Dropped { reason }) => {
                step_dropped(lang, &reason.as_ref().map_or_else(|| forgotten(lang).to_owned(), ToString::to_string))
            }
        };
        StepShown {
            step: id.to_string(),
            what: step.what().unwrap_or(forgotten(lang)).to_owned(),
            owner: step.owner.map_or(nobodys(lang), |owner| self.directory.colleague(owner, lang)).to_owned(),
            due: step
                .step
                .due
                .map_or_else(|| undated(lang).to_owned(), |due_day| due(lang, &when::short_day(due_day, today, lang))),
            state,
            is_open: entry.can_settle(step),
        }
    }

    fn colleague(&self, id: ColleagueId) -> Who {
        let href = self.directory.colleagues.contains_key(&id).then(|| format!("/colleagues/{id}"));
        Who { name: self.directory.colleague(id, self.lang).to_owned(), href, ours: true }
    }

    /// Who wrote it down. What an import copied is the other system's word, and not of whoever ran the import.
    fn by(&self, record: &Record) -> Who {
        let import = record.batch.and_then(|batch| self.directory.imports.get(&batch));
        match import.filter(|import| import.by == record.by) {
            Some(import) => Who { name: called(&import.source, self.lang), href: None, ours: true },
            None => self.colleague(record.by),
        }
    }

    fn contact(&self, id: shared::ids::ContactId) -> Who {
        Who {
            name: self.directory.contact(id, self.lang).to_owned(),
            href: Some(format!("/contacts/{id}")),
            ours: false,
        }
    }

    fn account_of(&self, id: shared::ids::AccountId) -> Option<Who> {
        // On the account's own page its name says nothing.
        (self.timeline.of != Stream::from(id)).then(|| Who {
            name: self.directory.account(id, self.lang).to_owned(),
            href: Some(format!("/accounts/{id}")),
            ours: false,
        })
    }

    fn party(&self, party: Party) -> Who {
        match party {
            Party::Colleague(id) => self.colleague(id),
            Party::Unit(id) => Who {
                name: self.directory.unit(id, self.lang).to_owned(),
                href: Some(format!("/units/{id}")),
                ours: true,
            },
        }
    }

    fn because(&self, cause: EventRef) -> Because {
        let Self { lang, zone, .. } = *self;
        let word = slice_word(cause.stream.slice, lang);
        match self.timeline.entry(cause) {
            Some(entry) => {
                let today = zone.day(Occurred::At(self.now));
                let day = when::short_day(zone.day(entry.occurred()), today, lang);
                let what =
                    entry.interaction().and_then(|details| details.channel).map_or(word, |channel| channel.say(lang));
                let to = format!("e{}", entry.record.position);
                Because { href: format!("#{to}"), text: because_of(lang, &what.to_lowercase(), &day), to: Some(to) }
            }
            None => Because {
                href: format!("/events?stream={}", cause.stream),
                text: because_earlier(lang, word),
                to: None,
            },
        }
    }

    fn words(&self, entry: &Entry, chips: &mut Vec<Chip>) -> (&'static str, String, Vec<Who>, String) {
        let lang = self.lang;
        let record = entry.current();
        let by = self.by(&entry.record);
        match &record.event {
            Event::Interaction(..) => self.interaction(entry, chips),
            Event::Handoff(_, event) => self.handoff(event, entry, chips),
            Event::Account(id, event) => {
                let who = self.account_of(*id).into_iter().chain([by]).collect();
                (account_icon(event), other_word(lang).to_owned(), who, self.account(event))
            }
            Event::Contact(id, event) => {
                let gist = match event {
                    contact::Event::Introduced { .. } => con_introduced(lang).to_owned(),
                    contact::Event::Described { .. } => con_described(lang).to_owned(),
                    contact::Event::Mapped(place) => place_words(place, lang),
                    contact::Event::Moved { account } => con_moved(lang, self.directory.account(*account, lang)),
                    contact::Event::Associated { account } => {
                        con_associated(lang, self.directory.account(*account, lang))
                    }
                    contact::Event::Left {} => con_left(lang).to_owned(),
                };
                ("contact", other_word(lang).to_owned(), vec![self.contact(*id), by], gist)
            }
            Event::Colleague(id, event) => {
                let gist = match event {
                    colleague::Event::Joined { .. } => col_joined(lang).to_owned(),
                    colleague::Event::Renamed { .. } => col_renamed(lang).to_owned(),
                    colleague::Event::Moved { unit: Some(unit) } => col_moved(lang, self.directory.unit(*unit, lang)),
                    colleague::Event::Moved { unit: None } => col_out(lang).to_owned(),
                    colleague::Event::GivenRole { role } => col_role(lang, role.say(lang)),
                    colleague::Event::Left {} => col_left(lang).to_owned(),
                };
                ("user", other_word(lang).to_owned(), vec![self.colleague(*id)], gist)
            }
            Event::Unit(id, event) => {
                let gist = match event {
                    unit::Event::Founded { .. } => unit_founded(lang).to_owned(),
                    unit::Event::Renamed { name } => unit_renamed(lang, name.as_str()),
                    unit::Event::Moved { .. } => unit_moved(lang).to_owned(),
                };
                ("unit", other_word(lang).to_owned(), vec![self.party(Party::Unit(*id))], gist)
            }
            Event::Import(..) => ("upload", other_word(lang).to_owned(), vec![by], import_fact(lang).to_owned()),
        }
    }

    fn interaction(&self, entry: &Entry, chips: &mut Vec<Chip>) -> (&'static str, String, Vec<Who>, String) {
        let lang = self.lang;
        let Some(details) = entry.interaction() else {
            return ("log", note(lang).to_owned(), vec![], String::new());
        };
        let theirs = details.contacts.iter().map(|&contact| self.contact(contact));
        let account = details.account.and_then(|account| self.account_of(account));
        let ours = entry.colleagues().into_iter().map(|one| self.colleague(one));
        let who = theirs.chain(account).chain(ours).collect();
        let words = details.personal.known();
        let gist = words.map_or_else(|| forgotten(lang).to_owned(), |words| words.summary.to_string());
        let mut chip = |icon, text: String| chips.push(Chip { class: "", icon, text });
        if details.planned {
            chip(Some("clock"), planned(lang).to_owned());
        }
        if let Some(mode) = details.mode {
            chip(Some(mode_icon(mode)), mode.say(lang).to_lowercase());
        }
        if let Some(place) = words.and_then(|words| words.place.as_ref()) {
            chip(Some("visit"), place.to_string());
        }
        if let Some(n) = details.minutes {
            chip(Some("clock"), minutes(lang, n.into()));
        }
        match details.initiator {
            Some(Initiator::Client) => chip(None, they_began(lang).to_owned()),
            Some(Initiator::Us) => chip(None, we_began(lang).to_owned()),
            None => {}
        }
        match details.sentiment {
            Some(sentiment @ (Sentiment::Positive | Sentiment::Negative)) => chip(None, sentiment.say(lang).to_owned()),
            Some(Sentiment::Neutral) | None => {}
        }
        let open = entry.steps.values().filter(|step| entry.can_settle(step)).count();
        if open > 0 {
            let text = steps(lang, u64::try_from(open).unwrap_or(u64::MAX));
            chips.push(Chip { class: "strong", icon: Some("next-step"), text });
        }
        let spoken = details.channel.map_or(note(lang), |channel| channel.say(lang)).to_lowercase();
        (channel_icon(details.channel), spoken, who, gist)
    }

    fn handoff(
        &self,
        event: &handoff::Event,
        entry: &Entry,
        chips: &mut Vec<Chip>,
    ) -> (&'static str, String, Vec<Who>, String) {
        let lang = self.lang;
        let record = &entry.record;
        let by = self.by(record);
        let today = self.zone.day(Occurred::At(self.now));
        let offer = entry.offer();
        let what = offer
            .and_then(|offer| offer.personal.known())
            .map_or_else(|| handoff_word(lang).to_owned(), |words| words.what.to_string());
        let mut chip = |class, icon, text: String| chips.push(Chip { class, icon: Some(icon), text });
        let why = |personal: &Personal<handoff::Why>| {
            personal.known().map_or_else(|| forgotten(lang).to_owned(), |why| why.reason.to_string())
        };
        let mut who = vec![by];
        let gist = match event {
            handoff::Event::Offered(offer) => {
                who.push(self.party(offer.to));
                chip("", "handoff", offered(lang).to_owned());
                if let Some(day) = offer.due {
                    chip("strong", "next-step", due(lang, &when::short_day(day, today, lang)));
                }
                what
            }
            handoff::Event::Accepted {} => {
                chip("", "check", accepted(lang).to_owned());
                what
            }
            handoff::Event::Declined { personal } => {
                chip("bad", "decline", declined(lang, &why(personal)));
                what
            }
            handoff::Event::Returned { personal } => {
                chip("bad", "return", returned(lang, &why(personal)));
                what
            }
            handoff::Event::Completed { personal } => {
                chip("", "check", completed(lang).to_owned());
                if offer.and_then(|offer| offer.due).is_some_and(|due| in_time_for(record, due)) {
                    chip("", "clock", in_time(lang).to_owned());
                }
                let result =
                    personal.known().map_or_else(|| forgotten(lang).to_owned(), |outcome| outcome.result.to_string());
                format!("{what}\n{result}")
            }
            handoff::Event::Escalated { to, personal } => {
                let to = self.directory.colleague(*to, lang);
                chip("strong", "flag", escalated(lang, to));
                format!("{what}\n{}", why(personal))
            }
            handoff::Event::Withdrawn { personal } => {
                chip("", "undo", withdrawn(lang, &why(personal)));
                what
            }
        };
        let account = offer.and_then(|offer| self.account_of(offer.account));
        who.splice(0..0, account);
        ("handoff", handoff_word(lang).to_owned(), who, gist)
    }

    fn account(&self, event: &account::Event) -> String {
        let lang = self.lang;
        match event {
            account::Event::Registered { .. } => acc_registered(lang).to_owned(),
            account::Event::Renamed { name } => acc_renamed(lang, name.as_str()),
            account::Event::Described(_) => acc_described(lang).to_owned(),
            account::Event::Designated { tier, personal } => {
                acc_designated(lang, &tier.say(lang).to_lowercase(), decided(personal, lang))
            }
            account::Event::Assigned { kam } => acc_assigned(lang, self.directory.colleague(*kam, lang)),
            account::Event::Sponsored { sponsor } => acc_sponsored(lang, self.directory.colleague(*sponsor, lang)),
            account::Event::Linked { system, key } => acc_linked(lang, system.as_str(), key.as_str()),
            account::Event::Closed { personal } => acc_closed(lang, decided(personal, lang)),
            account::Event::Reopened { personal } => acc_reopened(lang, decided(personal, lang)),
        }
    }
}

fn decided(personal: &Personal<account::Why>, lang: Lang) -> &str {
    directory::reason(personal.known().map(|why| &why.reason), lang)
}

/// What led to something, in words: "because of the visit on 12 Nov".
#[must_use]
pub fn cause_words(cause: &Record, zone: &Zone, now: Timestamp, lang: Lang) -> String {
    let today = zone.day(Occurred::At(now));
    let day = when::short_day(zone.day(cause.occurred), today, lang);
    let channel = match &cause.event {
        Event::Interaction(_, interaction::Event::Logged(details) | interaction::Event::Corrected(details)) => {
            details.channel
        }
        Event::Interaction(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Handoff(..)
        | Event::Import(..) => None,
    };
    let word = channel.map_or_else(|| slice_word(cause.stream().slice, lang), |channel| channel.say(lang));
    because_of(lang, &word.to_lowercase(), &day)
}

const fn slice_word(slice: Slice, lang: Lang) -> &'static str {
    match slice {
        Slice::Interaction => interaction_word(lang),
        Slice::Handoff => handoff_word(lang),
        Slice::Unit | Slice::Colleague | Slice::Account | Slice::Contact | Slice::Import => other_word(lang),
    }
}

/// A contact's place in the buying centre in words.
#[must_use]
pub fn place_words(place: &contact::Place, lang: Lang) -> String {
    let role = place.role.map(|role| role.say(lang));
    let influence = place.influence.map(|influence| match lang {
        Lang::En => format!("{} influence", influence.say(lang).to_lowercase()),
        Lang::Ru => format!("{} влияние", influence.say(lang).to_lowercase()),
    });
    let words: Vec<String> = role.map(str::to_owned).into_iter().chain(influence).collect();
    if words.is_empty() { con_mapped(lang).to_owned() } else { words.join(" · ") }
}

const fn account_icon(event: &account::Event) -> &'static str {
    match event {
        account::Event::Designated { .. } => "star",
        account::Event::Assigned { .. } | account::Event::Sponsored { .. } => "user",
        account::Event::Linked { .. } => "external",
        account::Event::Registered { .. }
        | account::Event::Renamed { .. }
        | account::Event::Described(_)
        | account::Event::Closed { .. }
        | account::Event::Reopened { .. } => "accounts",
    }
}

fn retraction_reason(record: &Record) -> Option<&shared::words::Reason> {
    match &record.event {
        Event::Interaction(_, interaction::Event::Retracted { personal }) => personal.known().map(|why| &why.reason),
        Event::Interaction(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Handoff(..)
        | Event::Import(..) => None,
    }
}

/// The texts before each correction, newest first.
fn former(entry: &Entry, lang: Lang) -> Vec<String> {
    if entry.corrections.is_empty() {
        return vec![];
    }
    let said = |record: &Record| match &record.event {
        Event::Interaction(_, interaction::Event::Logged(details) | interaction::Event::Corrected(details)) => {
            details.personal.known().map_or_else(|| forgotten(lang).to_owned(), |words| words.summary.to_string())
        }
        Event::Interaction(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Handoff(..)
        | Event::Import(..) => String::new(),
    };
    let mut texts: Vec<String> = std::iter::once(&entry.record).chain(&entry.corrections).map(said).collect();
    texts.pop();
    texts.reverse();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::*;
    use shared::views::View;

    fn shown(facts: Vec<(ColleagueId, Event)>, lang: Lang) -> Vec<Shown> {
        let mut directory = Directory::default();
        let mut timeline = Timeline::new(NORTHWIND.into());
        for record in history(facts) {
            directory.fold(&record);
            timeline.fold(&record);
        }
        let reading = Reading { directory: &directory, timeline: &timeline, zone: &Zone::utc(), now: NOON, lang };
        timeline.newest_first().map(|entry| reading.show(entry)).collect()
    }

    #[test]
    fn every_event_reads_as_something_in_both_languages() {
        for lang in crate::text::LANGS {
            for event in every_event() {
                let mut facts = company();
                facts.push((KIRA, event));
                for entry in shown(facts, lang) {
                    assert!(!entry.gist.is_empty() && !entry.spoken.is_empty() && !entry.day.is_empty(), "{entry:?}");
                }
            }
        }
    }

    #[test]
    fn an_interaction_names_both_sides_and_what_was_said() {
        let details = interaction::Details {
            contacts: vec![ANNA],
            mode: Some(Mode::InPerson),
            ..interaction::Details::new(Front::Client, Some(NORTHWIND), summary("Walked the warehouse"))
        };
        let mut facts = company();
        facts.push((KIRA, Event::Interaction(VISIT, interaction::Event::Logged(details))));
        let entries = shown(facts, Lang::En);
        let entry = entries.first().unwrap();
        let names: Vec<_> = entry.who.iter().map(|who| (who.name.as_str(), who.ours)).collect();
        assert_eq!(names, [("Anna Petrova", false), ("Kira Volkova", true)]);
        assert_eq!((entry.gist.as_str(), entry.day.as_str()), ("Walked the warehouse", "today"));
        assert_eq!(entry.chips, [Chip { class: "", icon: Some("in-person"), text: "in person".into() }]);
    }

    #[test]
    fn what_is_retracted_takes_its_next_step_with_it() {
        let details = interaction::Details::new(Front::Client, Some(NORTHWIND), summary("Call"));
        let personal = interaction::StepWords { what: promise("Send the plan") }.into();
        let step = interaction::Step { step: STEP, owner: None, due: None, personal };
        let retracted =
            interaction::Event::Retracted { personal: interaction::Why { reason: reason("Mistake") }.into() };
        let of_visit = |event| (KIRA, Event::Interaction(VISIT, event));
        let mut facts = company();
        facts.extend([interaction::Event::Logged(details), interaction::Event::NextStepAgreed(step)].map(of_visit));
        let shown_step = |facts, lang| {
            let entry = shown(facts, lang).into_iter().next().unwrap();
            let step = entry.steps.first().cloned().unwrap();
            (step.is_open, step.state, entry.chips.iter().any(|chip| chip.icon == Some("next-step")))
        };
        assert_eq!(shown_step(facts.clone(), Lang::En), (true, "open".to_owned(), true));
        facts.push(of_visit(retracted));
        assert_eq!(shown_step(facts.clone(), Lang::En), (false, "retracted with the entry".to_owned(), false));
        assert_eq!(shown_step(facts, Lang::Ru).1, "отозвано вместе с записью");
    }

    #[test]
    fn an_answer_says_again_what_was_asked() {
        let offer = handoff::Offer {
            account: NORTHWIND,
            to: Party::Unit(LOGISTICS),
            due: None,
            personal: handoff::Words { what: promise("Check the papers") }.into(),
        };
        let mut facts = company();
        facts.push((KIRA, Event::Handoff(HANDOFF, handoff::Event::Offered(offer))));
        facts.push((LEV, Event::Handoff(HANDOFF, handoff::Event::Accepted {})));
        let entries = shown(facts, Lang::Ru);
        assert_eq!(entries.first().unwrap().gist, "Check the papers");
        assert_eq!(entries.first().unwrap().chips.first().unwrap().text, "принято");
    }
}
