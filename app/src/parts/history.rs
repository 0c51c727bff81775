//! The history of something on its page: which part of the timeline an address asks for, who is named
//! in it, its filters and its entries. An account, a contact, a colleague and a unit all have one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::ids::{AccountId, ContactId, EventRef, Slice, Stream};
use shared::record::Record;
use shared::views::timeline::{Cursor, Filter};
use shared::views::{Directory, Timeline, View};
use shared::words::{Channel, Front, Occurred, Role};
use shared::{handoff, interaction, policy};
use uuid::Uuid;

use crate::address::{query, with_query};
use crate::parts::entry::Reading;
use crate::parts::lanes::{Lanes, SOUGHT, lines};
use crate::read::{Reader, Trouble, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    filter { en: "Filter", ru: "Фильтр" }
    front { en: "Front", ru: "Фронт" }
    both { en: "Both", ru: "Оба" }
    client { en: "Client", ru: "Клиент" }
    inside { en: "Inside", ru: "Внутри" }
    any_channel { en: "Any channel", ru: "Любой канал" }
    channel { en: "Channel", ru: "Канал" }
    anybody { en: "Anybody", ru: "Все люди" }
    person { en: "Person or unit", ru: "Человек или подразделение" }
    everything { en: "Everything", ru: "Всё" }
    kind { en: "Kind", ru: "Что" }
    kind_interaction { en: "Interactions", ru: "Взаимодействия" }
    kind_handoff { en: "Handoffs", ru: "Передачи" }
    apply { en: "Show", ru: "Показать" }
    empty_title { en: "Nothing has happened yet", ru: "Пока ничего не было" }
    empty_text { en: "Write down the last time you spoke: one line is enough.", ru: "Запишите последний разговор: хватит одной строки." }
    empty_filter { en: "Nothing passes this filter.", ru: "Ничего не найдено." }
    log_first { en: "Log the first interaction", ru: "Записать первое взаимодействие" }
    show_all { en: "Show everything", ru: "Показать всё" }
    as_of(moment: &str) { en: "As of {moment}", ru: "По состоянию на {moment}" }
    to_newest { en: "To the newest entries", ru: "К самым новым записям" }
}

/// How many entries a page shows at once.
const WINDOW: usize = 60;

/// How many entries are read for those that a page shows, and how many where that was not enough: a handoff has several, not
/// everything that concerns somebody stands on their timeline, and a filter may pass few. After that, all are.
const READ: [usize; 2] = [4 * WINDOW, 32 * WINDOW];

/// The newest entries that pass a filter, with the names in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// How far the whole page has read: what comes after it is still to be folded.
    pub position: u64,
    pub now: Timestamp,
    /// What the identities of the page's forms are derived from.
    pub seed: Uuid,
    pub directory: Directory,
    pub timeline: Timeline,
    /// The timeline names somebody whom the directory does not hold.
    stale: bool,
}

/// A page with a history on it.
pub trait WithHistory: Send + Sync + 'static {
    fn history(&self) -> &History;
}

impl History {
    /// Reads the whole history of something. Every record that concerns it goes to `each` as well, for what
    /// the page folds beside the timeline. `home` is an account all of whose contacts are named.
    pub fn read(
        of: Stream,
        home: Option<AccountId>,
        filter: &Filter,
        reader: &dyn Reader,
        each: &mut dyn FnMut(&Record),
    ) -> Result<Self, Trouble> {
        let (position, filter) = Self::begin(filter, reader);
        let mut timeline = Timeline::new(of);
        for record in reader.concerning(of)? {
            timeline.fold(&record);
            each(&record);
        }
        Ok(Self::around(timeline.window(filter, WINDOW), position, home, reader))
    }

    /// Reads little more of the history of something than it shows, where its filter is not a rare one: that of a unit may
    /// be half of the log.
    pub fn read_part(of: Stream, filter: &Filter, reader: &dyn Reader) -> Result<Self, Trouble> {
        let (position, filter) = Self::begin(filter, reader);
        let mut tries = READ.into_iter();
        loop {
            let most = tries.next().unwrap_or(usize::MAX);
            let (records, reach) = reader.excerpt(of, &filter, most)?;
            let mut timeline = Timeline::new(of);
            records.iter().for_each(|record| timeline.fold(record));
            if let Some(timeline) = timeline.excerpt(filter.clone(), WINDOW, reach) {
                return Ok(Self::around(timeline, position, None, reader));
            }
        }
    }

    /// How far the views have read, and the filter as the company stands. Before the records are read: what is
    /// recorded meanwhile is folded again, and a fold reads nothing twice.
    fn begin(filter: &Filter, reader: &dyn Reader) -> (u64, Filter) {
        let mut begun = (0, filter.clone());
        reader.company(&mut |company| {
            begun = (company.position(), filter.clone().as_of(&company.directory));
        });
        begun
    }

    /// A part of a timeline with the names in it.
    fn around(timeline: Timeline, position: u64, home: Option<AccountId>, reader: &dyn Reader) -> Self {
        let viewer = reader.viewer();
        let names = timeline.names();
        let contacts: BTreeSet<ContactId> = of_slice(&names, Slice::Contact).map(ContactId::from_uuid).collect();
        let batches: BTreeSet<_> = timeline.newest_first().filter_map(|entry| entry.record.batch).collect();
        let (now, seed, directory) = (viewer.now, viewer.seed, Directory::default());
        let mut history = Self { position, now, seed, directory, timeline, stale: false };
        reader.company(&mut |company| {
            history.directory = company.directory.cut(&home.into_iter().collect(), &contacts);
            let imports = batches.iter().filter_map(|id| Some((*id, company.directory.imports.get(id)?.clone())));
            history.directory.imports = imports.collect();
            history.name(&company.directory, of_slice(&names, Slice::Account).map(AccountId::from_uuid), []);
        });
        history
    }

    /// Takes these accounts and contacts along, for what stands beside the timeline.
    pub fn name(
        &mut self,
        whole: &Directory,
        accounts: impl IntoIterator<Item = AccountId>,
        contacts: impl IntoIterator<Item = ContactId>,
    ) {
        let accounts = accounts.into_iter().filter_map(|id| Some((id, whole.accounts.get(&id)?.clone())));
        self.directory.accounts.extend(accounts);
        let contacts = contacts.into_iter().filter_map(|id| Some((id, whole.contacts.get(&id)?.clone())));
        self.directory.contacts.extend(contacts);
    }

    /// Reads the next record.
    pub fn fold(&mut self, record: &Record) {
        self.position = self.position.max(record.position);
        self.directory.fold(record);
        self.timeline.fold(record);
        self.now = self.now.max(record.recorded);
        let is_unknown = |one: Stream| match one.slice {
            Slice::Account => !self.directory.accounts.contains_key(&AccountId::from_uuid(one.id)),
            Slice::Contact => !self.directory.contacts.contains_key(&ContactId::from_uuid(one.id)),
            Slice::Unit | Slice::Colleague | Slice::Interaction | Slice::Handoff | Slice::Import => false,
        };
        let entry = self.timeline.entry(record.reference());
        self.stale |= entry.is_some_and(|entry| entry.names().any(is_unknown));
    }

    /// It cannot tell any more by itself what is true, or who is named.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        self.stale || self.timeline.stale
    }

    /// The address of the entry that an event is part of: its place on this page, or the part of the
    /// timeline around it. `path` is the page's address.
    #[must_use]
    pub fn place_of(&self, event: EventRef, path: &str) -> String {
        match self.timeline.entry(event) {
            Some(entry) => format!("#e{}", entry.record.position),
            None => {
                let around = Filter { at: Some(event), ..Filter::default() };
                format!("{}#{SOUGHT}", with_query(path, &filter_query(&around)))
            }
        }
    }
}

fn of_slice(names: &BTreeSet<Stream>, slice: Slice) -> impl Iterator<Item = Uuid> {
    names.iter().filter(move |one| one.slice == slice).map(|one| one.id)
}

/// The filter of a timeline as it stands in an address: `front`, `channel`, `with`, `kind`, `text`, `before`, `at`.
#[must_use]
pub fn filter_from(get: impl Fn(&str) -> Option<String>) -> Filter {
    Filter {
        front: get("front").and_then(|word| Front::from_word(&word)),
        channel: get("channel").and_then(|word| Channel::from_word(&word)),
        with: get("with").and_then(|text| text.parse().ok()),
        slice: get("kind").and_then(|word| word.parse::<Slice>().ok()),
        text: get("text").filter(|text| !text.is_empty()),
        before: get("before").and_then(|text| Cursor::parse(&text)),
        at: get("at").and_then(|event| event.parse().ok()),
        ..Filter::default()
    }
}

/// A filter as the query of an address, without the question mark.
#[must_use]
pub fn filter_query(filter: &Filter) -> String {
    query([
        ("front", filter.front.map(|front| front.word().to_owned())),
        ("channel", filter.channel.map(|channel| channel.word().to_owned())),
        ("with", filter.with.map(|stream| stream.to_string())),
        ("kind", filter.slice.map(|slice| slice.to_string())),
        ("text", filter.text.clone()),
        ("before", filter.before.map(|before| before.to_string())),
        ("at", filter.at.map(|event| event.to_string())),
    ])
}

/// The account that an event is about: what is logged or handed over because of it is about the same one.
pub fn account_behind(reader: &dyn Reader, cause: EventRef) -> Option<AccountId> {
    match cause.stream.slice {
        Slice::Account => Some(AccountId::from_uuid(cause.stream.id)),
        Slice::Interaction | Slice::Handoff => {
            let records = reader.of_stream(cause.stream).ok()?;
            records.iter().rev().find_map(|record| account_said(&record.event))?
        }
        Slice::Contact => {
            let mut account = None;
            let id = ContactId::from_uuid(cause.stream.id);
            reader.company(&mut |company| account = company.directory.contacts.get(&id).and_then(|one| one.account));
            account
        }
        Slice::Unit | Slice::Colleague | Slice::Import => None,
    }
}

/// What an event of an interaction or a handoff says about its account, where it says something.
#[must_use]
pub fn account_said(event: &Event) -> Option<Option<AccountId>> {
    match event {
        Event::Interaction(_, interaction::Event::Logged(details) | interaction::Event::Corrected(details)) => {
            Some(details.account)
        }
        Event::Handoff(_, handoff::Event::Offered(offer)) => Some(Some(offer.account)),
        Event::Interaction(..)
        | Event::Handoff(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Import(..) => None,
    }
}

/// Whether somebody with this role writes here.
#[must_use]
pub fn writes(role: Option<Role>) -> bool {
    role.is_some()
        && !matches!(role, Some(Role::Analyst))
        && policy::may_see(role, Slice::Interaction) == policy::Sight::Whole
}

/// The filters and the two lanes of a page's history. `path` is the page's address, `log` where its
/// first entry is written.
#[component]
pub fn HistorySection<P: WithHistory>(
    model: RwSignal<P>,
    #[prop(into)] filter: Signal<Filter>,
    #[prop(into)] path: String,
    #[prop(into)] log: String,
    writes: bool,
) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let paper_zone = zone.clone();
    let printed =
        move || as_of(lang, &when::exact(Occurred::At(model.with(|model| model.history().now)), &paper_zone, lang));
    let seed = model.with_untracked(|model| model.history().seed);
    let shown = Memo::new(move |_| {
        let filter = filter.get();
        model.with(|model| {
            let History { directory, timeline, now, .. } = model.history();
            let reading = Reading { directory, timeline, zone: &zone, now: *now, lang };
            lines(&reading, &filter)
        })
    });
    let earlier_path = path.clone();
    let earlier = move || {
        model.with(|model| {
            let timeline = &model.history().timeline;
            let filter = Filter { before: timeline.cursor(), at: None, ..filter.get() };
            (timeline.earlier > 0, with_query(&earlier_path, &filter_query(&filter)))
        })
    };
    let earlier = Signal::derive(earlier);
    let newest_path = path.clone();
    let newest = move || {
        let filter = filter.get();
        let is_part = filter.before.is_some() || model.with(|model| model.history().timeline.later > 0);
        is_part.then(|| {
            let whole = Filter { before: None, at: None, ..filter };
            let href = with_query(&newest_path, &filter_query(&whole));
            view! { <a class="button quiet" href=href>{to_newest(lang)}</a> }
        })
    };
    let empty_path = path.clone();
    view! {
        <div class="stack">
            <Filters model filter path=path.clone() />
            <p class="on-paper as-of small muted">{printed}</p>
            {newest}
            <Show
                when=move || !shown.with(Vec::is_empty)
                fallback=move || {
                    let is_filtered = filter.get() != Filter::default();
                    view! { <Empty is_filtered path=empty_path.clone() log=log.clone() writes /> }
                }
            >
                <Lanes lines=shown earlier seed back=path.clone() writes />
            </Show>
        </div>
    }
}

#[component]
fn Filters<P: WithHistory>(model: RwSignal<P>, filter: Signal<Filter>, path: String) -> impl IntoView {
    let lang = use_lang();
    let seg_path = path.clone();
    let seg = move |wanted: Option<Front>| {
        let filter = Filter { front: wanted, before: None, at: None, ..filter.get() };
        with_query(&seg_path, &filter_query(&filter))
    };
    let here = move |wanted: Option<Front>| (filter.get().front == wanted).then_some("true");
    let fronts = [
        (None, both(lang), ""),
        (Some(Front::Client), client(lang), "tag-client"),
        (Some(Front::Internal), inside(lang), "tag-internal"),
    ]
    .map(|(wanted, text, class)| {
        let seg = seg.clone();
        view! {
            <a href=move || seg(wanted) aria-current=move || here(wanted)>
                <span class=class>{text}</span>
            </a>
        }
    })
    .collect_view();
    let people = Memo::new(move |_| model.with(|model| whom_to_look_for(&model.history().directory, lang)));
    let selects = move || {
        let filter = filter.get();
        let option =
            |value: String, text: String, chosen: bool| view! { <option value=value selected=chosen>{text}</option> };
        let channels = Channel::ALL
            .iter()
            .map(|channel| {
                option(channel.word().to_owned(), channel.say(lang).to_owned(), filter.channel == Some(*channel))
            })
            .collect_view();
        let kinds = [(Slice::Interaction, kind_interaction(lang)), (Slice::Handoff, kind_handoff(lang))]
            .map(|(slice, text)| option(slice.to_string(), text.to_owned(), filter.slice == Some(slice)))
            .collect_view();
        let people = people.with(|people| {
            let option = |(stream, name): &(Stream, String)| {
                option(stream.to_string(), name.clone(), filter.with == Some(*stream))
            };
            people.iter().map(option).collect_view()
        });
        let front = filter.front.map(|front| view! { <input type="hidden" name="front" value=front.word() /> });
        view! {
            {front}
            <select name="channel" aria-label=channel(lang)>
                <option value="">{any_channel(lang)}</option>
                {channels}
            </select>
            <select name="with" aria-label=person(lang)>
                <option value="">{anybody(lang)}</option>
                {people}
            </select>
            <select name="kind" aria-label=kind(lang)>
                <option value="">{everything(lang)}</option>
                {kinds}
            </select>
        }
    };
    view! {
        <form class="filters" aria-label=self::filter(lang) method="get" action=path>
            <nav class="seg" aria-label=front(lang)>
                {fronts}
            </nav>
            {selects}
            <button class="button small" type="submit">
                {apply(lang)}
            </button>
        </form>
    }
}

/// Whom a timeline can be narrowed to: contacts, units and colleagues.
fn whom_to_look_for(directory: &Directory, lang: Lang) -> Vec<(Stream, String)> {
    let mut contacts: Vec<_> =
        directory.contacts.keys().map(|id| (Stream::from(*id), directory.contact(*id, lang).to_owned())).collect();
    contacts.sort_by_cached_key(|(_, name)| name.to_lowercase());
    let colleagues = directory.here(lang).into_iter().map(|(id, name)| (Stream::from(id), name.to_owned()));
    let units = directory.all_units().into_iter().map(|(id, name)| (Stream::from(id), name.to_owned()));
    contacts.into_iter().chain(units).chain(colleagues).collect()
}

#[component]
fn Empty(is_filtered: bool, path: String, log: String, writes: bool) -> impl IntoView {
    let lang = use_lang();
    if is_filtered {
        return view! {
            <div class="empty" id="timeline">
                <p>{empty_filter(lang)}</p>
                <a class="button" href=path>
                    {show_all(lang)}
                </a>
            </div>
        }
        .into_any();
    }
    view! {
        <div class="empty" id="timeline">
            <h2>{empty_title(lang)}</h2>
            {writes
                .then(|| {
                    view! {
                        <p>{empty_text(lang)}</p>
                        <a class="button primary" href=log>
                            {log_first(lang)}
                        </a>
                    }
                })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::*;

    #[test]
    fn a_filter_reads_back_from_the_address_that_it_wrote() {
        let filter = Filter {
            front: Some(Front::Client),
            channel: Some(Channel::Visit),
            with: Some(ANNA.into()),
            slice: Some(Slice::Interaction),
            text: Some("warehouse".into()),
            before: Cursor::parse("2026-06-01,123"),
            at: Some(Stream::from(VISIT).first()),
            ..Filter::default()
        };
        let query = filter_query(&filter);
        let get = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find_map(|(one, value)| (one == name).then(|| value.to_owned()))
        };
        assert_eq!(filter_from(get), filter);
        assert_eq!(filter_from(|_| None), Filter::default());
    }
}
