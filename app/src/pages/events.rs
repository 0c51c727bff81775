//! The raw log: everything that was recorded, in order, each event with its exact form.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::ids::{AccountId, ColleagueId, ContactId, EventRef, Slice, Stream, UnitId};
use shared::record::Record;
use shared::views::alignment::{Figure, Month, Scope};
use shared::views::{Directory, View};
use shared::words::Occurred;

use crate::address;
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::course::figure_word;
use crate::parts::deeds::{about, deed, of_slice};
use crate::parts::entry::{handoff_word, interaction_word, other_word};
use crate::parts::history::account_said;
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    title { en: "Events", ru: "События" }
    subtitle { en: "Everything that was recorded, newest first. Nothing can be changed, only added.", ru: "Всё, что записано, сначала новое. Изменить нельзя, можно только добавить." }
    filter { en: "Filter", ru: "Фильтр" }
    what { en: "What", ru: "Что" }
    every_event { en: "All events", ru: "Все события" }
    all_of(slice: &str) { en: "{slice}: all", ru: "{slice}: все" }
    who { en: "Who", ru: "Кто" }
    anybody { en: "Anybody", ru: "Кто угодно" }
    apply { en: "Show", ru: "Показать" }
    only(what: &str) { en: "Only: {what}", ru: "Только: {what}" }
    chosen(n: u64) {
        en: plural(n) { "{n} event", "{n} events" },
        ru: plural(n) { "{n} событие", "{n} события", "{n} событий" },
    }
    offers_of(month: &str) { en: "offers of {month}", ru: "передачи за {month}" }
    no_such_figure {
        en: "The address names no figure that there is. It may have been cut off: open the figure again where you found it.",
        ru: "Такого числа нет. Возможно, адрес скопирован не целиком: откройте число ещё раз там, где нашли его.",
    }
    no_such_filter {
        en: "The address asks for something that cannot be read. It may have been cut off: open the link again where you found it, or look at everything.",
        ru: "Фильтр в адресе прочитать не удалось. Возможно, адрес скопирован не целиком: откройте ссылку ещё раз там, где нашли её, или посмотрите все события.",
    }
    show_all { en: "Show everything", ru: "Показать всё" }
    position { en: "Position", ru: "Позиция" }
    recorded { en: "Recorded", ru: "Записано" }
    occurred { en: "Occurred", ru: "Произошло" }
    event { en: "Event", ru: "Событие" }
    on { en: "On", ru: "О ком или о чём" }
    because { en: "Because of", ru: "Повод" }
    stored { en: "as recorded", ru: "как записано" }
    stored_of(position: u64) { en: "Event {position} as recorded", ru: "Событие {position}, как записано" }
    history { en: "history", ru: "история" }
    an_import { en: "Import", ru: "Загрузка" }
    taken_back { en: "taken back", ru: "отменено" }
    earlier { en: "Earlier", ru: "Раньше" }
    newest { en: "To the newest", ru: "К новейшим" }
    empty_filter { en: "Nothing passes this filter.", ru: "Ничего не найдено." }
    looked_through { en: "Nothing in the last events that were looked through. Look further back?", ru: "В просмотренных событиях ничего не нашлось. Искать раньше?" }
    empty { en: "Nothing is recorded yet", ru: "Пока ничего не записано" }
    empty_text { en: "Every entry, handoff and import appears here the moment it is recorded.", ru: "Каждая запись, передача и загрузка появляется здесь в тот же миг." }
}

/// How many events a page shows at once.
const ROWS: usize = 100;

/// How many are read at once while looking for those that pass the filter.
const CHUNK: u64 = 500;

/// How many are looked through before the page shows what it has found.
const MOST_LOOKED_THROUGH: u64 = 20_000;

/// The same, in the chunks in which the events behind a figure are read.
const MOST_CHUNKS: usize = 200;

/// How many rows an open page grows to before the oldest go.
const MOST_SHOWN: usize = 400;

/// Which events a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub slice: Option<Slice>,
    /// The name of the type in the log; it counts together with `slice`.
    pub kind: Option<String>,
    pub by: Option<ColleagueId>,
    pub stream: Option<Stream>,
    /// Only these.
    pub at: Vec<u64>,
    /// Only those behind a figure of the alignment.
    pub behind: Option<Behind>,
    pub before: Option<u64>,
    /// The address has a filter that cannot be read. Nothing passes it: everything would be another answer.
    #[serde(default)]
    pub is_broken: bool,
}

/// A figure of the alignment; no figure at all where the address names none that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    pub figures: Vec<Figure>,
    pub scope: Scope,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventsPage {
    /// Which events: what arrives is held to it.
    pub ask: Ask,
    pub now: Timestamp,
    /// Newest first.
    pub records: Vec<Record>,
    /// Everybody of ours, and the clients that the records are about.
    pub directory: Directory,
    /// The accounts of interactions and handoffs.
    pub accounts: BTreeMap<Stream, AccountId>,
    /// From where to look further back; `None` at the beginning of the log.
    pub earlier: Option<u64>,
    /// How many events are behind the figure.
    pub n: usize,
    /// An event came that is about somebody whom the directory does not hold, or that may count for the figure.
    stale: bool,
}

impl Ask {
    /// What an address asks for: `slice`, `type` (`logged`, or with its slice `interaction.logged`, or a
    /// slice alone), `by`, `stream`, `at` (positions with commas), `figure` (with `account`, `unit` and `month`)
    /// and `before`.
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self::read(get).unwrap_or_else(|| Self { is_broken: true, ..Self::default() })
    }

    /// The same, where all of it can be read. What a form left open is empty and asks for nothing.
    fn read(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let given = |name: &str| get(name).filter(|text| !text.is_empty());
        if given("broken").is_some() {
            return None;
        }
        let wanted = given("type").unwrap_or_default();
        let (of_type, kind) = match wanted.split_once('.') {
            Some((slice, kind)) => (Some(slice.parse().ok()?), Some(kind.to_owned())),
            None => match wanted.parse::<Slice>() {
                Ok(slice) => (Some(slice), None),
                Err(_) => (None, Some(wanted).filter(|kind| !kind.is_empty())),
            },
        };
        let slice = of_type.or(whole(given("slice")).ok()?);
        // No event has a type that nobody knows: to look for one through the whole log would be long, and in vain.
        let is_known = |kind: &str| {
            let mut slices = Slice::ALL.iter().filter(|one| slice.is_none_or(|slice| slice == **one));
            slices.any(|one| of_slice(*one, Lang::En).any(|(word, _)| word == kind))
        };
        if kind.as_deref().is_some_and(|kind| !is_known(kind)) {
            return None;
        }
        let at: Option<Vec<u64>> =
            given("at").iter().flat_map(|at| at.split(',')).map(|position| position.trim().parse().ok()).collect();
        Some(Self {
            slice,
            kind,
            by: whole(given("by")).ok()?,
            stream: whole(given("stream")).ok()?,
            at: at?.into_iter().take(1_000).collect(),
            behind: get("figure").map(|figures| Behind::read(&figures, &get).unwrap_or_default()),
            before: whole(given("before")).ok()?,
            is_broken: false,
        })
    }

    /// The query of the address that asks for it.
    #[must_use]
    pub fn query(&self) -> String {
        let at = self.at.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let wanted = match (self.slice, &self.kind) {
            (Some(slice), Some(kind)) => Some(format!("{slice}.{kind}")),
            (Some(slice), None) => Some(slice.to_string()),
            (None, kind) => kind.clone(),
        };
        let pairs = [
            ("type", wanted),
            ("by", self.by.map(|id| id.to_string())),
            ("stream", self.stream.map(|stream| stream.to_string())),
            ("at", Some(at).filter(|at| !at.is_empty())),
            ("before", self.before.map(|position| position.to_string())),
            ("broken", self.is_broken.then(|| "yes".to_owned())),
        ];
        let figure = self.behind.iter().flat_map(|behind| address::figure(&behind.figures, behind.scope));
        let given = figure.chain(pairs).filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        given.collect::<Vec<_>>().join("&")
    }

    fn is_narrow(&self) -> bool {
        *self != Self { before: self.before, ..Self::default() }
    }

    fn passes(&self, record: &Record) -> bool {
        !self.is_broken
            && self.slice.is_none_or(|slice| record.stream().slice == slice)
            && self.by.is_none_or(|by| record.by == by)
            && self.stream.is_none_or(|stream| record.stream() == stream)
            && (self.at.is_empty() || self.at.contains(&record.position))
            && self.kind.as_deref().is_none_or(|kind| Written::of(record).kind == kind)
    }
}

/// What a parameter says: nothing where it is not given, and an error where it cannot be read.
fn whole<T: std::str::FromStr>(given: Option<String>) -> Result<Option<T>, T::Err> {
    given.map(|text| text.parse()).transpose()
}

impl Behind {
    /// What an address says of a figure, where all of it can be read: half a question would have another answer.
    fn read(figures: &str, get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let figures: Option<Vec<Figure>> = figures.split(',').map(|word| word.trim().parse().ok()).collect();
        let given = |name: &str| get(name).filter(|text| !text.is_empty());
        let mut scope = Scope::default();
        if let Some(id) = given("account") {
            scope.account = Some(id.parse().ok()?);
        }
        if let Some(id) = given("unit") {
            scope.unit = Some(id.parse().ok()?);
        }
        if let Some(month) = given("month") {
            scope.month = Some(Month::parse(&month)?);
        }
        Some(Self { figures: figures?, scope })
    }

    /// The figure in words, and whose it is.
    fn say(&self, directory: &Directory, lang: Lang) -> String {
        let Scope { account, unit, month } = self.scope;
        let figures: Vec<&str> = self.figures.iter().map(|figure| figure_word(*figure, lang)).collect();
        let account = account.map(|id| directory.account(id, lang).to_owned());
        let unit = unit.map(|id| directory.unit(id, lang).to_owned());
        let month = month.map(|Month { year, month }| when::month(year, month, lang));
        let month = month.map(|month| match lang {
            Lang::En => offers_of(lang, &month),
            Lang::Ru => offers_of(lang, &month.to_lowercase()),
        });
        let parts = [Some(figures.join(", ").to_lowercase()), account, unit, month];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

impl Query for Ask {
    type Page = EventsPage;

    fn answer(&self, reader: &dyn Reader) -> Result<EventsPage, Trouble> {
        let (mut head, mut behind) = (0, None);
        reader.company(&mut |company| {
            head = company.directory.position;
            behind = self.behind.as_ref().map(|one| company.alignment.behind(&one.figures, one.scope));
        });
        let (records, earlier) = self.records(reader, head, behind.as_deref())?;
        let mut accounts = BTreeMap::new();
        let (mut clients, mut contacts) = (BTreeSet::new(), BTreeSet::new());
        clients.extend(self.behind.as_ref().and_then(|one| one.scope.account));
        for record in &records {
            let stream = record.stream();
            match stream.slice {
                Slice::Account => {
                    clients.insert(AccountId::from_uuid(stream.id));
                }
                Slice::Contact => {
                    contacts.insert(ContactId::from_uuid(stream.id));
                }
                Slice::Interaction | Slice::Handoff => {
                    if accounts.contains_key(&stream) {
                        continue;
                    }
                    let named = account_of(&record.event);
                    let account = match named {
                        Some(account) => Some(account),
                        None => reader.raw(stream)?.iter().rev().find_map(|record| account_of(&record.event)),
                    };
                    if let Some(account) = account {
                        accounts.insert(stream, account);
                        clients.insert(account);
                    }
                }
                Slice::Unit | Slice::Colleague | Slice::Import => {}
            }
        }
        let batches: BTreeSet<_> = records.iter().filter_map(|record| record.batch).collect();
        let mut directory = Directory::default();
        reader.company(&mut |company| {
            let all = &company.directory;
            let of = |id: &ContactId| Some((*id, all.contacts.get(id)?.clone()));
            directory = Directory {
                position: all.position,
                units: all.units.clone(),
                colleagues: all.colleagues.clone(),
                accounts: clients.iter().filter_map(|id| Some((*id, all.accounts.get(id)?.clone()))).collect(),
                contacts: contacts.iter().filter_map(of).collect(),
                imports: batches.iter().filter_map(|id| Some((*id, all.imports.get(id)?.clone()))).collect(),
            };
        });
        let (ask, now) = (self.clone(), reader.viewer().now);
        let n = behind.map_or(0, |positions| positions.len());
        Ok(EventsPage { ask, now, records, directory, accounts, earlier, n, stale: false })
    }

    fn address(&self) -> String {
        format!("events?{}", self.query())
    }
}

impl Ask {
    /// The records, newest first, and from where to look further back.
    fn records(
        &self,
        reader: &dyn Reader,
        head: u64,
        behind: Option<&[u64]>,
    ) -> Result<(Vec<Record>, Option<u64>), Trouble> {
        if self.is_broken {
            return Ok((vec![], None));
        }
        let before = self.before.unwrap_or(u64::MAX).min(head.saturating_add(1));
        if let Some(positions) = behind {
            let positions = positions.get(..positions.partition_point(|one| *one < before)).unwrap_or_default();
            let (mut records, mut before) = (Vec::new(), before);
            for chunk in positions.rchunks(ROWS + 1).take(MOST_CHUNKS) {
                before = chunk.first().copied().unwrap_or(before);
                records.extend(reader.at(chunk)?.into_iter().rev().filter(|record| self.passes(record)));
                if records.len() > ROWS {
                    records.truncate(ROWS);
                    before = records.last().map_or(before, |last| last.position);
                    break;
                }
            }
            let is_more = positions.first().is_some_and(|first| *first < before);
            return Ok((records, is_more.then_some(before)));
        }
        if !self.at.is_empty() || self.stream.is_some() {
            let mut records = match self.stream {
                Some(stream) => reader.raw(stream)?,
                None => reader.at(&self.at)?,
            };
            records.retain(|record| record.position < before && self.passes(record));
            records.sort_by_key(|record| std::cmp::Reverse(record.position));
            let is_more = records.len() > ROWS;
            records.truncate(ROWS);
            let earlier = records.last().map(|record| record.position).filter(|_| is_more);
            return Ok((records, earlier));
        }
        let (mut records, mut before, mut looked_through) = (Vec::new(), before, 0);
        while before > 1 && records.len() < ROWS && looked_through < MOST_LOOKED_THROUGH {
            let floor = before.saturating_sub(CHUNK).max(1);
            looked_through += before - floor;
            let chunk = reader.before(Some(before), usize::try_from(before - floor).unwrap_or(usize::MAX))?;
            before = floor;
            for record in chunk.into_iter().filter(|record| self.passes(record)) {
                if records.len() == ROWS {
                    break;
                }
                records.push(record);
            }
            if let Some(last) = records.last().filter(|_| records.len() == ROWS) {
                before = last.position;
            }
        }
        Ok((records, (before > 1).then_some(before)))
    }
}

impl Follow for EventsPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        self.now = self.now.max(record.recorded);
        if self.ask.behind.is_some() {
            // What it counts as depends on the offer, which only the server has.
            self.stale |= record.stream().slice == Slice::Handoff;
            return;
        }
        if self.ask.before.is_some() || !self.ask.passes(record) {
            return;
        }
        if let Some(account) = account_of(&record.event) {
            self.accounts.insert(record.stream(), account);
        }
        self.stale |= !self.knows(record.stream());
        self.records.insert(0, record.clone());
        self.records.truncate(MOST_SHOWN);
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

impl EventsPage {
    /// Whether it can say by name what an event is about.
    fn knows(&self, stream: Stream) -> bool {
        match stream.slice {
            Slice::Account => self.directory.accounts.contains_key(&AccountId::from_uuid(stream.id)),
            Slice::Contact => self.directory.contacts.contains_key(&ContactId::from_uuid(stream.id)),
            Slice::Interaction | Slice::Handoff => {
                self.accounts.get(&stream).is_some_and(|account| self.directory.accounts.contains_key(account))
            }
            Slice::Unit | Slice::Colleague | Slice::Import => true,
        }
    }
}

/// The account that an event of an interaction or a handoff names.
fn account_of(event: &Event) -> Option<AccountId> {
    account_said(event).flatten()
}

/// A record as the doors give it.
struct Written {
    json: String,
    kind: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

impl Written {
    fn of(record: &Record) -> Self {
        let json = serde_json::to_string_pretty(record).unwrap_or_default();
        let kind = serde_json::from_str::<Kind>(&json).map(|read| read.kind).unwrap_or_default();
        Self { json, kind }
    }
}

/// A row as it is drawn.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    position: u64,
    recorded: Moment,
    occurred: Moment,
    deed: String,
    wire: String,
    on: (Option<String>, String),
    by: (Option<String>, String),
    because: Option<(String, String)>,
    json: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Moment {
    text: String,
    exact: String,
    machine: String,
}

fn moment(occurred: Occurred, model: &EventsPage, zone: &Zone, lang: Lang) -> Moment {
    let today = zone.day(Occurred::At(model.now));
    let clock = when::clock(occurred, zone);
    // A day stays whole in a narrow column; its clock may go to the next line.
    let day = when::short_day(zone.day(occurred), today, lang).replace(' ', "\u{a0}");
    let text = if clock.is_empty() { day } else { format!("{day}, {clock}") };
    Moment { text, exact: when::exact(occurred, zone, lang), machine: occurred.to_string() }
}

fn row(record: &Record, model: &EventsPage, zone: &Zone, lang: Lang) -> Row {
    let stream = record.stream();
    let Written { json, kind } = Written::of(record);
    let deed = deed(stream.slice, &kind, lang).map_or_else(|| kind.clone(), str::to_owned);
    let directory = &model.directory;
    // What the directory does not hold, as after an import was taken back, has no page to lead to.
    let of_account = |id: AccountId| {
        let address = directory.accounts.contains_key(&id).then(|| format!("/accounts/{id}"));
        (address, directory.account(id, lang).to_owned())
    };
    let of_colleague = |id: ColleagueId| {
        let address = directory.colleagues.contains_key(&id).then(|| format!("/colleagues/{id}"));
        (address, directory.colleague(id, lang).to_owned())
    };
    let mut on = match stream.slice {
        Slice::Account => of_account(AccountId::from_uuid(stream.id)),
        Slice::Contact => {
            let id = ContactId::from_uuid(stream.id);
            let address = directory.contacts.contains_key(&id).then(|| format!("/contacts/{id}"));
            (address, directory.contact(id, lang).to_owned())
        }
        Slice::Colleague => of_colleague(ColleagueId::from_uuid(stream.id)),
        Slice::Unit => {
            let id = UnitId::from_uuid(stream.id);
            let address = directory.units.contains_key(&id).then(|| format!("/units/{id}"));
            (address, directory.unit(id, lang).to_owned())
        }
        Slice::Import => (Some("/import".to_owned()), an_import(lang).to_owned()),
        Slice::Interaction | Slice::Handoff => match model.accounts.get(&stream) {
            Some(account) => of_account(*account),
            None => (Some(format!("/events?stream={stream}")), history(lang).to_owned()),
        },
    };
    let import = record.batch.and_then(|batch| directory.imports.get(&batch));
    if on.0.is_none() && import.is_some_and(|import| import.taken_back) {
        taken_back(lang).clone_into(&mut on.1);
    }
    Row {
        position: record.position,
        recorded: moment(Occurred::At(record.recorded), model, zone, lang),
        occurred: moment(record.occurred, model, zone, lang),
        wire: format!("{} {kind}", stream.slice),
        deed,
        on,
        by: of_colleague(record.by),
        because: record.cause.map(|cause| because_of(cause, model, lang)),
        json,
    }
}

/// A link to what led to an event: its row on this page, or its history.
fn because_of(cause: EventRef, model: &EventsPage, lang: Lang) -> (String, String) {
    let here = model.records.iter().find(|record| record.reference() == cause);
    match here {
        Some(record) => (format!("#p{}", record.position), record.position.to_string()),
        None => {
            let what = match cause.stream.slice {
                Slice::Interaction => interaction_word(lang),
                Slice::Handoff => handoff_word(lang),
                Slice::Account | Slice::Contact | Slice::Colleague | Slice::Unit | Slice::Import => other_word(lang),
            };
            (format!("/events?stream={}", cause.stream), what.to_owned())
        }
    }
}

#[component]
pub fn Events() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    page(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<EventsPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    // A row is made once, when its event comes: an import may bring thousands while the page is open.
    let positions =
        Memo::new(move |_| model.with(|model| model.records.iter().map(|record| record.position).collect::<Vec<_>>()));
    let row_at = move |position: u64| {
        model.with_untracked(|model| {
            let record = model.records.iter().find(|record| record.position == position)?;
            Some(row(record, model, &zone, lang))
        })
    };
    let earlier_address = move || {
        let before = model.with(|model| model.earlier)?;
        Some(format!("/events?{}", Ask { before: Some(before), ..ask.get() }.query()))
    };
    let later_address =
        move || ask.get().before.map(|_| format!("/events?{}", Ask { before: None, ..ask.get() }.query()));
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <h1>{title(lang)}</h1>
            <p class="subtitle">{subtitle(lang)}</p>
        </header>
        <Filters model ask />
        <Show when=move || positions.with(Vec::is_empty)>
            <Empty ask=ask.get() is_more=model.with(|model| model.earlier.is_some()) />
        </Show>
        <Show when=move || !positions.with(Vec::is_empty)>
            <div class="scroll" role="region" aria-label=title(lang) tabindex="0">
                <table class="table dense stacks raw">
                    <thead>
                        <tr>
                            <th class="n" scope="col">
                                {position(lang)}
                            </th>
                            <th scope="col">{recorded(lang)}</th>
                            <th scope="col">{occurred(lang)}</th>
                            <th scope="col">{event(lang)}</th>
                            <th scope="col">{on(lang)}</th>
                            <th scope="col">{who(lang)}</th>
                            <th scope="col">{because(lang)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <Rows positions row_at=row_at.clone() />
                    </tbody>
                </table>
            </div>
        </Show>
        <nav class="row" aria-label=title(lang)>
            {move || later_address().map(|address| view! { <a class="button" href=address>{newest(lang)}</a> })}
            {move || earlier_address().map(|address| view! { <a class="button" href=address>{earlier(lang)}</a> })}
        </nav>
    }
}

#[component]
fn Rows(
    positions: Memo<Vec<u64>>,
    row_at: impl Fn(u64) -> Option<Row> + Clone + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <For
            each=move || positions.get()
            key=|position| *position
            children=move |position| row_at(position).map(|row| view! { <RowView row /> })
        />
    }
}

/// Two rows: the event, and below it, where it is opened, its exact form.
#[component]
fn RowView(row: Row) -> impl IntoView {
    let lang = use_lang();
    let Row { position: at, recorded, occurred, deed, wire, on, by, because, json } = row;
    let what_title = format!("{deed} · {wire}");
    let time = |moment: Moment| {
        view! {
            <time datetime=moment.machine title=moment.exact>
                {moment.text}
            </time>
        }
    };
    let named = |(address, name): (Option<String>, String)| match address {
        Some(address) => view! { <a href=address>{name}</a> }.into_any(),
        None => name.into_any(),
    };
    view! {
        <tr id=format!("p{at}")>
            <td class="n">
                <details>
                    <summary>
                        {at} <span class="sr">", "{stored(lang)}</span>
                    </summary>
                </details>
            </td>
            <td class="when-recorded" data-label=self::recorded(lang)>
                {time(recorded)}
            </td>
            <td class="when-occurred" data-label=self::occurred(lang)>
                {time(occurred)}
            </td>
            <td class="what" title=what_title>
                {deed} " " <span class="mono small muted" lang="en">
                    {wire}
                </span>
            </td>
            <td class="on" data-label=self::on(lang)>
                {named(on)}
            </td>
            <td class="who" data-label=who(lang)>
                {named(by)}
            </td>
            <td class="why" data-label=self::because(lang)>{because.map(|(address, text)| view! { <a href=address>{text}</a> })}</td>
        </tr>
        <tr class="stored-row">
            <td colspan="7">
                <pre class="stored" tabindex="0" role="region" aria-label=stored_of(lang, at)>
                    {json}
                </pre>
            </td>
        </tr>
    }
}

#[component]
fn Filters(model: RwSignal<EventsPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let selects = move || {
        let Ask { slice, kind, by, stream, at, behind, .. } = ask.get();
        let option =
            |value: String, text: String, chosen: bool| view! { <option value=value selected=chosen>{text}</option> };
        let types = Slice::ALL
            .iter()
            .map(|one| {
                let name = about(*one, lang);
                let all = option(one.to_string(), all_of(lang, name), slice == Some(*one) && kind.is_none());
                let of = of_slice(*one, lang)
                    .map(|(word, text)| {
                        let is_chosen = kind.as_deref() == Some(word) && slice.is_none_or(|slice| slice == *one);
                        option(format!("{one}.{word}"), text.to_owned(), is_chosen)
                    })
                    .collect_view();
                view! { <optgroup label=name>{all} {of}</optgroup> }
            })
            .collect_view();
        let (people, about_what) = model.with_untracked(|model| {
            let mut people: Vec<(ColleagueId, String)> = model
                .directory
                .colleagues
                .keys()
                .map(|id| (*id, model.directory.colleague(*id, lang).to_owned()))
                .collect();
            people.sort_by_cached_key(|(_, name)| name.to_lowercase());
            people.push((ColleagueId::TWOFRONT, model.directory.colleague(ColleagueId::TWOFRONT, lang).to_owned()));
            let record = model.records.iter().find(|record| stream == Some(record.stream()));
            let named = record.map(|record| row(record, model, &Zone::utc(), lang).on.1);
            (people, named)
        });
        let people = people.into_iter().map(|(id, name)| option(id.to_string(), name, by == Some(id))).collect_view();
        let only_stream = stream.map(|stream| {
            let what = about_what.unwrap_or_else(|| stream.slice.to_string());
            view! {
                <input type="hidden" name="stream" value=stream.to_string() />
                <span class="chip">{only(lang, &what)}</span>
            }
        });
        let many = u64::try_from(at.len()).unwrap_or(u64::MAX);
        let only_at = (many > 0).then(|| {
            let at = at.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            view! {
                <input type="hidden" name="at" value=at />
                <span class="chip">{only(lang, &chosen(lang, many))}</span>
            }
        });
        let only_behind = behind.filter(|behind| !behind.figures.is_empty()).map(|behind| {
            let given = address::figure(&behind.figures, behind.scope);
            let hidden = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let hidden = hidden.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
            let says = move || {
                model.with(|model| {
                    let n = u64::try_from(model.n).unwrap_or(u64::MAX);
                    only(lang, &format!("{} · {}", behind.say(&model.directory, lang), chosen(lang, n)))
                })
            };
            view! {
                {hidden.collect_view()}
                <span class="chip">{says}</span>
            }
        });
        view! {
            <select name="type" aria-label=what(lang)>
                <option value="">{every_event(lang)}</option>
                {types}
            </select>
            <select name="by" aria-label=who(lang)>
                <option value="">{anybody(lang)}</option>
                {people}
            </select>
            {only_stream}
            {only_at}
            {only_behind}
        }
    };
    let clear = move || ask.get().is_narrow();
    view! {
        <form class="filters" aria-label=filter(lang) method="get" action="/events">
            {selects}
            <button class="button small" type="submit">
                {apply(lang)}
            </button>
            <Show when=clear>
                <a class="button small quiet" href="/events">
                    <Icon name="x" />
                    {show_all(lang)}
                </a>
            </Show>
        </form>
    }
}

#[component]
fn Empty(ask: Ask, is_more: bool) -> impl IntoView {
    let lang = use_lang();
    if ask.is_narrow() {
        let text = match ask.behind {
            Some(_) | None if ask.is_broken => no_such_filter(lang),
            Some(behind) if behind.figures.is_empty() => no_such_figure(lang),
            Some(_) | None if is_more => looked_through(lang),
            Some(_) | None => empty_filter(lang),
        };
        return view! {
            <div class="empty">
                <p>{text}</p>
                <a class="button" href="/events">
                    {show_all(lang)}
                </a>
            </div>
        }
        .into_any();
    }
    view! {
        <div class="empty">
            <h2>{empty(lang)}</h2>
            <p>{empty_text(lang)}</p>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::{KIRA, every_event, record};

    fn asked(query: &str) -> Ask {
        let get = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, v)| v.into())
        };
        Ask::from_query(get)
    }

    #[test]
    fn a_filter_survives_its_address() {
        for query in [
            "",
            "type=interaction.logged&before=7",
            "type=handoff",
            "at=3,5,8",
            "stream=account/00000000-0000-0000-0000-000000000007",
            "figure=without_unit",
            "figure=kept,late&account=00000000-0000-0000-0000-000000000007&type=handoff.completed&before=7",
            "figure=offered&unit=00000000-0000-0000-0000-000000000007&month=2026-06",
        ] {
            assert_eq!(asked(query).query(), query);
        }
        assert_eq!(asked("slice=handoff&type=offered").query(), "type=handoff.offered");
    }

    #[test]
    fn an_address_that_cannot_be_read_asks_for_nothing_and_not_for_everything() {
        for rubbish in [
            "by=zz",
            "at=zz",
            "at=1,zz",
            "stream=zz",
            "slice=zz",
            "type=zz",
            "type=zz.logged",
            "type=account.logged",
            "slice=account&type=logged",
            "before=zz",
            "type=handoff&by=zz",
        ] {
            let ask = asked(rubbish);
            assert_eq!(ask, Ask { is_broken: true, ..Ask::default() }, "{rubbish}");
            assert!(ask.is_narrow() && !ask.passes(&record(1, KIRA, every_event().remove(0))));
            assert_eq!(asked(&ask.query()), ask);
        }
        assert_eq!(asked("type=&by=&figure_of="), Ask::default(), "a form that leaves everything open");
    }

    #[test]
    fn a_figure_is_read_whole_or_not_at_all() {
        for rubbish in [
            "figure=",
            "figure=everything",
            "figure=offered,everything",
            "figure=offered&account=northwind",
            "figure=offered&unit=1,2",
            "figure=offered&month=2026-13",
        ] {
            assert_eq!(asked(rubbish).behind, Some(Behind::default()), "{rubbish}");
        }
        assert_eq!(asked("month=2026-06").behind, None);
        let june = Behind {
            figures: vec![Figure::Offered],
            scope: Scope { month: Month::parse("2026-06"), ..Scope::default() },
        };
        assert_eq!(asked("figure=offered&account=&unit=&month=2026-06").behind, Some(june.clone()));
        assert_eq!(june.say(&Directory::default(), Lang::En), "offered · offers of June 2026");
        assert_eq!(june.say(&Directory::default(), Lang::Ru), "предложено · передачи за июнь 2026");
    }
}
