//! Logging an interaction: one box for the story, the account already chosen from where one is, and
//! all the rest behind one unfold. The same form corrects an entry.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::ids::{AccountId, ColleagueId, ContactId, EventRef, InteractionId, Stream};
use shared::interaction::{Details, Event as Interaction};
use shared::record::Record;
use shared::views::timeline::Entry;
use shared::views::{AccountFile, Directory, Timeline, View};
use shared::words::{Channel, Front, Initiator, Mode, Sentiment};
use uuid::Uuid;

use crate::address::{query, with_query};
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::accounts::{AccountFinder, AccountSelect, KnownAccount, Offered};
use crate::parts::colleagues::{self, ColleagueFinder, ColleagueFinderForm};
use crate::parts::entry::{cause_words, channel_icon, mode_icon};
use crate::parts::fields::{Check, Checks, CommandForm, Field, Kind, Select, Targets, form_name, is_refused};
use crate::parts::history::{account_behind, writes};
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::use_lang;
use crate::when::Zone;

crate::texts! {
    title { en: "Log an interaction", ru: "Записать взаимодействие" }
    correct_title { en: "Correct an entry", ru: "Исправить запись" }
    account { en: "Account", ru: "Клиент" }
    choose_account { en: "Choose an account", ru: "Выберите клиента" }
    front { en: "Front", ru: "Фронт" }
    client { en: "Client", ru: "У клиента" }
    inside { en: "Inside", ru: "У нас" }
    what { en: "What happened", ru: "Что произошло" }
    what_hint { en: "One line is enough. The rest can follow later.", ru: "Достаточно одной строки. Остальное можно добавить потом." }
    channel { en: "Channel", ru: "Канал" }
    mode { en: "How", ru: "Формат" }
    more { en: "More: when, where, people, next step", ru: "Ещё: когда, где, люди, следующий шаг" }
    when_label { en: "When", ru: "Когда" }
    when_hint(zone: &str) { en: "Empty means now. Time zone: {zone}.", ru: "Пусто — значит сейчас. Часовой пояс: {zone}." }
    when_was_hint(zone: &str) { en: "Empty means as it was. Time zone: {zone}.", ru: "Пусто — значит как было. Часовой пояс: {zone}." }
    clock_label { en: "Time", ru: "Время" }
    clock_hint { en: "Only the day is fine, too.", ru: "Можно указать только день." }
    place { en: "Where", ru: "Где" }
    minutes { en: "Minutes", ru: "Минут" }
    who_there { en: "Who was there from the client", ru: "Кто был от клиента" }
    who_ours { en: "Who of ours", ru: "Кто был от нас" }
    initiator { en: "Who began", ru: "По чьей инициативе" }
    sentiment { en: "How it went", ru: "Как прошло" }
    unsaid { en: "Not said", ru: "Не указано" }
    next_step { en: "Next step", ru: "Следующий шаг" }
    step_due { en: "By when", ru: "Срок" }
    step_owner { en: "Whose", ru: "Кто сделает" }
    mine { en: "Mine", ru: "Я" }
    planned { en: "It is only planned", ru: "Это только запланировано" }
    save { en: "Log", ru: "Записать" }
    save_correction { en: "Correct", ru: "Исправить" }
    draft { en: "What you type is kept on this device until it is logged.", ru: "Набранное хранится на этом устройстве, пока вы не запишете." }
    correct_note { en: "The entry as it was stays in the history.", ru: "Прежний вид записи останется в истории." }
}

/// What the form starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub account: Option<AccountId>,
    /// Contacts that are ticked from the beginning.
    pub contact: Option<ContactId>,
    pub because: Option<EventRef>,
    /// The entry that is corrected.
    pub correct: Option<InteractionId>,
    /// Another account is looked for, by this name; by none, all are offered.
    pub find: Option<String>,
    /// Colleagues who are looked for, by their names.
    pub ours: Option<String>,
}

/// What the form needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    pub now: Timestamp,
    pub seed: Uuid,
    pub account: Option<AccountId>,
    pub contact: Option<ContactId>,
    /// What leads to it.
    pub because: Option<Record>,
    pub correct: Option<Entry>,
    pub directory: Directory,
    /// The accounts to choose from, where the account is not settled.
    pub offered: Option<Offered>,
    /// The colleagues to choose from; of a company of thousands, the directory holds no others.
    pub ours: colleagues::Offered,
    /// The account's contacts, who was met last first.
    pub contacts: Vec<ContactId>,
}

impl Query for Ask {
    type Page = LogPage;

    fn answer(&self, reader: &dyn Reader) -> Result<LogPage, Trouble> {
        let viewer = reader.viewer();
        if !writes(viewer.role) {
            return Err(Trouble::NotAllowed);
        }
        let correct = self.correct.map(|id| entry(reader, id)).transpose()?;
        let because = match self.because {
            Some(cause) => reader.of_stream(cause.stream)?.into_iter().find(|one| one.revision == cause.revision),
            None => None,
        };
        let of_cause = || account_behind(reader, self.because?);
        let of_entry = || correct.as_ref().and_then(Entry::interaction).and_then(|details| details.account);
        let of_contact = || {
            let mut account = None;
            let contact = self.contact?;
            reader.company(&mut |company| {
                account = company.directory.contacts.get(&contact).and_then(|contact| contact.account);
            });
            account
        };
        let account = self.account.or_else(of_entry).or_else(of_cause).or_else(of_contact);
        let mut file = account.map(AccountFile::new);
        let mut last_there: BTreeMap<ColleagueId, u64> = BTreeMap::new();
        if let (Some(account), Some(file)) = (account, file.as_mut()) {
            for record in reader.concerning(account.into())? {
                file.fold(&record);
                last_there.extend(who_was_there(&record).map(|one| (one, record.position)));
            }
        }
        // Who was there stays on the list, whether or not they still belong to this account.
        let before = correct.as_ref().and_then(Entry::interaction);
        let present = before.map_or(&[][..], |details| &details.contacts);
        let were_there = before.map_or(&[][..], |details| &details.colleagues);
        let lang = crate::text::Lang::default();
        let mut directory = Directory::default();
        let mut contacts = Vec::new();
        let (mut offered, mut ours) = (None, colleagues::Offered::default());
        reader.company(&mut |company| {
            let wanted: BTreeSet<ContactId> = self.contact.iter().chain(present).copied().collect();
            directory = company.directory.cut(&account.into_iter().collect(), &wanted);
            let kam = account.and_then(|account| company.directory.accounts.get(&account)?.kam);
            let near = near(kam, &last_there);
            let choice = colleagues::Choice { me: viewer.me, near: &near, chosen: were_there };
            ours = colleagues::Offered::of(&company.directory, choice, self.ours.as_deref(), lang);
            directory.colleagues.retain(|id, _| ours.has(*id));
            let is_open = account.is_none() || self.find.is_some();
            offered = is_open.then(|| Offered::of(&company.directory, viewer.me, self.find.as_deref()));
            if let Some(account) = account {
                let here =
                    company.directory.contacts_of(account, lang).into_iter().filter(|(_, contact)| !contact.left);
                contacts = here.map(|(id, _)| id).collect();
            }
        });
        for contact in self.contact.iter().chain(present) {
            if !contacts.contains(contact) {
                contacts.push(*contact);
            }
        }
        if let Some(file) = &file {
            contacts.sort_by_key(|contact| std::cmp::Reverse(file.freshness(*contact)));
        }
        let (contact, now, seed) = (self.contact, viewer.now, viewer.seed);
        Ok(LogPage { now, seed, account, contact, because, correct, directory, offered, ours, contacts })
    }

    fn address(&self) -> String {
        with_query("log", &self.query())
    }
}

impl Ask {
    /// What an address asks for.
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            account: get("account").and_then(|id| id.parse().ok()),
            contact: get("contact").and_then(|id| id.parse().ok()),
            because: get("because").and_then(|event| event.parse().ok()),
            // What cannot be read leads nowhere, and not to a new entry.
            correct: get("correct").map(|id| id.parse().unwrap_or(InteractionId::from_uuid(Uuid::nil()))),
            find: get("find"),
            ours: get("ours").filter(|typed| !typed.trim().is_empty()),
        }
    }

    fn parameters(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("account", self.account.map(|id| id.to_string())),
            ("contact", self.contact.map(|id| id.to_string())),
            ("because", self.because.map(|event| event.to_string())),
            ("correct", self.correct.map(|id| id.to_string())),
            ("find", self.find.clone()),
            ("ours", self.ours.clone()),
        ]
    }

    /// What of the address stays while one parameter is looked for anew.
    fn kept_but(&self, anew: &str) -> Vec<(&'static str, String)> {
        let others = self.parameters().into_iter().filter(|(name, _)| *name != anew);
        others.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn query(&self) -> String {
        query(self.parameters())
    }
}

/// The account's manager, then who of ours was in touch with it last.
fn near(kam: Option<ColleagueId>, last_there: &BTreeMap<ColleagueId, u64>) -> Vec<ColleagueId> {
    let mut lately: Vec<_> = last_there.iter().map(|(one, position)| (*one, *position)).collect();
    lately.sort_by_key(|(one, position)| (std::cmp::Reverse(*position), *one));
    kam.into_iter().chain(lately.into_iter().map(|(one, _)| one).filter(|one| Some(*one) != kam)).collect()
}

/// Who of ours an entry says were there.
fn who_was_there(record: &Record) -> impl Iterator<Item = ColleagueId> + '_ {
    let said =
        if let Event::Interaction(_, Interaction::Logged(details) | Interaction::Corrected(details)) = &record.event {
            Some(details)
        } else {
            None
        };
    said.into_iter().flat_map(|details| details.colleagues.iter().copied().chain(record.author()))
}

/// One entry as it stands.
fn entry(reader: &dyn Reader, id: InteractionId) -> Result<Entry, Trouble> {
    let stream = Stream::from(id);
    let mut timeline = Timeline::new(stream);
    for record in reader.of_stream(stream)? {
        timeline.fold(&record);
    }
    timeline.entry(stream.first()).cloned().ok_or(Trouble::NotFound)
}

impl Follow for LogPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
    }
}

#[component]
pub fn Log() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    // A form that somebody fills in does not change under their hands.
    page(ask, move |model| {
        let ask = query.with_untracked(|query| Ask::from_query(|name| query.get(name)));
        model.with_untracked(|model| view! { <Form model=model.clone() ask /> })
    })
}

#[component]
fn Form(model: LogPage, ask: Ask) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let me = use_viewer().map(|viewer| viewer.me);
    let LogPage { now, seed, account: chosen, contact, because, correct, directory, offered, ours, contacts } = model;
    let before: Option<Details> = correct.as_ref().and_then(Entry::interaction).cloned();
    let (what_for, on) = match &correct {
        Some(entry) => ("interaction.correct", Some(entry.record.stream().to_string())),
        None => ("interaction.log", None),
    };
    let form = form_name(what_for, on.as_deref());
    let words = before.as_ref().and_then(|details| details.personal.known());
    let text = words.map(|words| words.summary.to_string()).unwrap_or_default();
    let where_ = words.and_then(|words| words.place.as_ref()).map(ToString::to_string).unwrap_or_default();
    let was = correct.as_ref().map(Entry::occurred);
    let (day_was, clock_was) = was.map(|was| zone.fields(was)).unwrap_or_default();
    let was = was.map(|was| view! { <input type="hidden" name="was" value=was.to_string() /> });
    let when_about = if correct.is_some() { when_was_hint(lang, zone.name()) } else { when_hint(lang, zone.name()) };
    let finder = offered.clone().map(|offered| {
        view! { <AccountFinder offered action="/log" kept=ask.kept_but("find") /> }
    });
    let colleague_finder =
        view! { <ColleagueFinderForm offered=ours.clone() action="/log" kept=ask.kept_but("ours") /> };
    let looks_for_ours = ours.find.is_some();
    let elsewhere = with_query("/log", &Ask { find: Some(String::new()), ..ask }.query());
    let account_field = match (offered, chosen) {
        (None, Some(known)) => {
            let name = directory.account(known, lang).to_owned();
            view! { <KnownAccount account=known name label=account(lang) elsewhere /> }.into_any()
        }
        (offered, _) => {
            let mut offered = offered.unwrap_or_default();
            // What was chosen stays on the list, also where the list is of something else.
            if let Some(known) = chosen.filter(|known| !offered.has(*known))
                && let Some(entry) = directory.accounts.get(&known)
            {
                offered.mine.insert(0, (known, entry.name.clone()));
            }
            let value = chosen.map(|id| id.to_string()).unwrap_or_default();
            view! { <AccountSelect form=form.clone() label=account(lang) offered empty=choose_account(lang) value /> }
                .into_any()
        }
    };
    let contacts: Vec<(String, String)> =
        contacts.iter().map(|id| (id.to_string(), directory.contact(*id, lang).to_owned())).collect();
    let mut ticked: Vec<String> =
        before.as_ref().map(|details| details.contacts.iter().map(ToString::to_string).collect()).unwrap_or_default();
    ticked.extend(contact.map(|contact| contact.to_string()));
    // Whoever wrote the entry is there anyway; who else was there stays on the list, also once they have left.
    let author = correct.as_ref().map_or(me, |entry| entry.record.author());
    let were_there = before.as_ref().map_or(&[][..], |details| &details.colleagues);
    let is_there_anyway = |id: &ColleagueId| Some(*id) == author && !were_there.contains(id);
    let colleagues = ours.colleagues.iter().filter(|id| !is_there_anyway(id));
    let colleagues: Vec<(String, String)> =
        colleagues.map(|id| (id.to_string(), directory.colleague(*id, lang).to_owned())).collect();
    let owners = directory.who_act(lang).into_iter().filter(|(id, _)| Some(*id) != me);
    let owners: Vec<(String, String)> = owners.map(|(id, name)| (id.to_string(), name.to_owned())).collect();
    let with: Vec<String> = were_there.iter().map(ToString::to_string).collect();
    let channels = Channel::ALL
        .iter()
        .map(|one| (one.word(), Some(channel_icon(Some(*one)).to_owned()), one.say(lang).to_owned()))
        .collect();
    let modes =
        Mode::ALL.iter().map(|one| (one.word(), Some(mode_icon(*one).to_owned()), one.say(lang).to_owned())).collect();
    let word = |word: Option<&'static str>| word.unwrap_or_default();
    let channel_was = word(before.as_ref().and_then(|details| details.channel).map(Channel::word));
    let mode_was = word(before.as_ref().and_then(|details| details.mode).map(Mode::word));
    let front_was = before.as_ref().map_or(Front::Client, |details| details.front).word();
    let minutes_was = before.as_ref().and_then(|details| details.minutes).map(|n| n.to_string()).unwrap_or_default();
    let initiator_was = word(before.as_ref().and_then(|details| details.initiator).map(Initiator::word));
    let sentiment_was = word(before.as_ref().and_then(|details| details.sentiment).map(Sentiment::word));
    let planned_was = before.as_ref().is_some_and(|details| details.planned);
    let is_correction = correct.is_some();
    let heading = if is_correction { correct_title(lang) } else { title(lang) };
    let seen = correct.as_ref().map(|entry| entry.revision);
    let choices = |all: Vec<(&'static str, &'static str)>| -> Vec<(String, String)> {
        all.into_iter().map(|(word, text)| (word.to_owned(), text.to_owned())).collect()
    };
    let fronts = vec![("client", None, client(lang).to_owned()), ("internal", None, inside(lang).to_owned())];
    let fields = view! {
        <div class="fields">
            {account_field}
            <Targets form=form.clone() name="front" legend=front(lang) class="even" choices=fronts value=front_was />
        </div>
        <div class="story">
            <Field form=form.clone() name="summary" label=what(lang) kind=Kind::Text hint=what_hint(lang) value=text required=true autofocus=true />
        </div>
        <Targets form=form.clone() name="channel" legend=channel(lang) choices=channels value=channel_was />
        <Targets form=form.clone() name="mode" legend=mode(lang) class="tall even" choices=modes value=mode_was />
        <details class="unfold" open=is_correction || looks_for_ours || is_refused(&form)>
            <summary>{more(lang)}</summary>
            <div class="stack">
                <div class="fields">
                    {was}
                    // By which zone the day and the clock were typed, wherever they are sent from.
                    <input type="hidden" name="zone" value=zone.name().to_owned() />
                    <Field form=form.clone() name="when" label=when_label(lang) kind=Kind::Date hint=when_about value=day_was />
                    <Field form=form.clone() name="clock" label=clock_label(lang) kind=Kind::Time hint=clock_hint(lang) value=clock_was />
                    <Field form=form.clone() name="place" label=place(lang) value=where_ />
                    <Field form=form.clone() name="minutes" label=minutes(lang) kind=Kind::Number value=minutes_was />
                </div>
                {(!is_correction)
                    .then(|| {
                        view! {
                            <div class="fields">
                                <Field form=form.clone() name="next_step" label=next_step(lang) />
                                <Field form=form.clone() name="step_due" label=step_due(lang) kind=Kind::Date />
                                <Select form=form.clone() name="step_owner" label=step_owner(lang) choices=owners empty=mine(lang) />
                            </div>
                        }
                    })}
                {(!contacts.is_empty())
                    .then(|| view! { <Checks form=form.clone() legend=who_there(lang) name="contact" choices=contacts chosen=ticked /> })}
                <ColleagueFinder offered=ours name="ours" />
                {(!colleagues.is_empty())
                    .then(|| view! { <Checks form=form.clone() legend=who_ours(lang) name="colleague" choices=colleagues chosen=with /> })}
                <div class="fields">
                    <Select
                        form=form.clone()
                        name="initiator"
                        label=initiator(lang)
                        choices=choices(Initiator::ALL.iter().map(|one| (one.word(), one.say(lang))).collect())
                        empty=unsaid(lang)
                        value=initiator_was
                    />
                    <Select
                        form=form.clone()
                        name="sentiment"
                        label=sentiment(lang)
                        choices=choices(Sentiment::ALL.iter().map(|one| (one.word(), one.say(lang))).collect())
                        empty=unsaid(lang)
                        value=sentiment_was
                    />
                </div>
                <Check form=form.clone() name="planned" label=planned(lang) checked=planned_was />
            </div>
        </details>
        <div class="form-foot">
            <button class="button primary" type="submit">
                {if is_correction { save_correction(lang) } else { save(lang) }}
            </button>
            <kbd class="hint-key">"Ctrl Enter"</kbd>
            {if is_correction {
                view! { <span class="small muted">{correct_note(lang)}</span> }
            } else {
                view! { <span class="small muted needs-script">{draft(lang)}</span> }
            }}
        </div>
    };
    let because = because.map(|record| {
        let words = cause_words(&record, &zone, now, lang);
        view! {
            <input type="hidden" name="because" value=record.reference().to_string() />
            <p class="row small muted">
                <Icon name="because" />
                {words}
            </p>
        }
    });
    view! {
        <Title text=heading />
        <header class="page-head">
            <h1>{heading}</h1>
        </header>
        <div class="narrow stack">
            {finder} {colleague_finder}
            {match (on, seen) {
                (Some(on), Some(seen)) => {
                    view! {
                        <CommandForm what=what_for on=on seen=seen seed=seed back="" class="form log-form" keep=true>
                            {because}
                            {fields}
                        </CommandForm>
                    }
                        .into_any()
                }
                _ => {
                    view! {
                        <CommandForm what=what_for seed=seed back="" class="form log-form" keep=true>
                            {because}
                            {fields}
                        </CommandForm>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
