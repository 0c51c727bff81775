//! Handoffs by who must act: what waits for me, for my unit, and what I wait for. Every card is
//! answered where it stands.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::handoff;
use shared::ids::{AccountId, ColleagueId, EventRef, HandoffId};
use shared::record::Record;
use shared::views::board::{Card, Waits};
use shared::views::directory::forgotten;
use shared::views::{Board, Directory, View};
use shared::words::Occurred;
use uuid::Uuid;

use crate::address::{query, with_query};
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::card::{Choices, HandoffCard, Reading, Shown};
use crate::parts::history::writes;
use crate::parts::parties;
use crate::read::{Query, Reader, Trouble, page_in_place, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    title { en: "Handoffs", ru: "Передачи" }
    subtitle { en: "Who must act, and how long it has waited", ru: "Кому отвечать и сколько уже ждут" }
    hand_over { en: "Hand over", ru: "Передать в работу" }
    for_me { en: "I must act", ru: "Отвечаю я" }
    for_unit { en: "My unit must act", ru: "Отвечает моё подразделение" }
    from_me { en: "I wait for others", ru: "Жду от других" }
    none_for_me { en: "Nothing waits for you.", ru: "От вас ничего не ждут." }
    none_for_unit { en: "Nothing waits for your unit.", ru: "От вашего подразделения ничего не ждут." }
    none_from_me { en: "You wait for nobody. Hand work over from an entry on an account's timeline.", ru: "Вы ни от кого ничего не ждёте. Передать работу можно из записи на ленте клиента." }
    with_unit { en: "With people of my unit", ru: "У людей моего подразделения" }
    elsewhere { en: "Between others", ru: "Между другими" }
    ended { en: "Ended lately", ru: "Недавно завершённые" }
    what { en: "What", ru: "Что" }
    account { en: "Account", ru: "Клиент" }
    between { en: "From → to", ru: "От кого → кому" }
    state { en: "How it stands", ru: "Состояние" }
    due { en: "Due", ru: "Срок" }
    result { en: "What came of it", ru: "Что получилось" }
    capped(shown: &str, total: &str) {
        en: "The first {shown} of {total} are shown: orphans first, then the oldest promise. An account's page shows its own.",
        ru: "Показаны первые {shown} из {total}: сначала ничьи, потом с самым старым сроком. На странице клиента видны все его передачи.",
    }
    of_account(name: &str) { en: "Only {name}", ru: "Только {name}" }
    all_accounts { en: "Show all accounts", ru: "Показать всех клиентов" }
}

/// The most cards in a column, and the most lines below.
const MOST: usize = 100;

/// How many of those that ended last are shown.
const ENDED: usize = 20;

/// The page as its address asks for it: of all accounts, or of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub account: Option<AccountId>,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffsPage {
    pub position: u64,
    pub now: Timestamp,
    pub seed: Uuid,
    pub me: ColleagueId,
    pub account: Option<AccountId>,
    pub directory: Directory,
    pub board: Board,
    /// What led to them.
    pub causes: BTreeMap<EventRef, Record>,
    /// How many there are in each place, also those that are not here.
    pub totals: [usize; 5],
    /// Something was offered for an account that this page does not know.
    stale: bool,
}

/// The columns, and what stands below them.
const PLACES: [Waits; 5] = [Waits::ForMe, Waits::ForMyUnit, Waits::FromMe, Waits::WithMyUnit, Waits::Elsewhere];

impl Ask {
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self { account: get("account").and_then(|id| id.parse().ok()) }
    }
}

impl Query for Ask {
    type Page = HandoffsPage;

    fn answer(&self, reader: &dyn Reader) -> Result<HandoffsPage, Trouble> {
        let viewer = reader.viewer();
        let me = viewer.me;
        let mut answer = None;
        reader.company(&mut |company| {
            let ended = company.board.ended_lately(self.account).take(ENDED);
            let mut keep: BTreeSet<HandoffId> = ended.map(|(id, _)| id).collect();
            let totals = PLACES.map(|place| {
                let mut waiting = company.board.waiting(place, me);
                waiting.retain(|(_, card)| self.account.is_none_or(|account| card.account == account));
                keep.extend(waiting.iter().take(MOST).map(|(id, _)| *id));
                waiting.len()
            });
            let board = company.board.cut(&keep);
            let cards = board.open.values().chain(board.ended.values());
            let named: BTreeSet<AccountId> = cards.map(|card| card.account).chain(self.account).collect();
            let mut directory = company.directory.cut(&BTreeSet::new(), &BTreeSet::new());
            let accounts = named.iter().filter_map(|id| Some((*id, company.directory.accounts.get(id)?.clone())));
            directory.accounts.extend(accounts);
            answer = Some(HandoffsPage {
                position: company.position(),
                now: viewer.now,
                seed: viewer.seed,
                me,
                account: self.account,
                directory,
                board,
                causes: BTreeMap::new(),
                totals,
                stale: false,
            });
        });
        let mut answer = answer.ok_or(Trouble::NotFound)?;
        answer.causes = causes(reader, answer.cards())?;
        Ok(answer)
    }

    fn address(&self) -> String {
        with_query("handoffs", &query([("account", self.account.map(|id| id.to_string()))]))
    }
}

/// The events that led to these handoffs.
fn causes<'a>(
    reader: &dyn Reader,
    cards: impl Iterator<Item = &'a Card>,
) -> Result<BTreeMap<EventRef, Record>, Trouble> {
    let wanted: BTreeSet<EventRef> = cards.filter_map(|card| card.cause).collect();
    let mut causes = BTreeMap::new();
    for cause in wanted {
        let records = reader.of_stream(cause.stream)?;
        causes.extend(records.into_iter().find(|record| record.revision == cause.revision).map(|found| (cause, found)));
    }
    Ok(causes)
}

impl HandoffsPage {
    /// The cards in the columns, without the lines below.
    fn cards(&self) -> impl Iterator<Item = &Card> {
        let is_card = |card: &&Card| match self.board.waits(card, self.me) {
            Waits::ForMe | Waits::ForMyUnit | Waits::FromMe => true,
            Waits::WithMyUnit | Waits::Elsewhere => false,
        };
        self.board.open.values().filter(is_card)
    }
}

impl Follow for HandoffsPage {
    fn position(&self) -> u64 {
        self.position
    }

    fn fold(&mut self, record: &Record) {
        self.position = self.position.max(record.position);
        if let Event::Handoff(_, handoff::Event::Offered(offer)) = &record.event {
            if self.account.is_some_and(|account| account != offer.account) {
                return;
            }
            self.stale |= !self.directory.accounts.contains_key(&offer.account);
        }
        self.directory.fold(record);
        self.board.fold(record);
        self.now = self.now.max(record.recorded);
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

#[component]
pub fn Handoffs() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    page_in_place(ask, move |model| view! { <Loaded model /> })
}

#[component]
fn Loaded(model: RwSignal<HandoffsPage>) -> impl IntoView {
    let lang = use_lang();
    let writes = writes(use_viewer().and_then(|viewer| viewer.role));
    let only = move || {
        model.with(|model| {
            let name = model.directory.account(model.account?, lang).to_owned();
            Some(view! {
                <p class="row">
                    <span>{of_account(lang, &name)}</span>
                    <a href="/handoffs">{all_accounts(lang)}</a>
                </p>
            })
        })
    };
    let new = model.with_untracked(|model| {
        let account = model.account.map(|account| account.to_string());
        with_query("/handoffs/new", &query([("account", account), ("back", Some("/handoffs".to_owned()))]))
    });
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <div class="title">
                <h1>{title(lang)}</h1>
                {writes
                    .then(|| {
                        view! {
                            <a class="button" href=new>
                                <Icon name="handoff" />
                                {hand_over(lang)}
                            </a>
                        }
                    })}
            </div>
            <p class="subtitle">{subtitle(lang)}</p>
            {only}
        </header>
        <div class="board">
            <Column model waits=Waits::ForMe heading=("for-me", for_me(lang)) nothing=none_for_me(lang) writes />
            <Column
                model
                waits=Waits::ForMyUnit
                heading=("for-unit", for_unit(lang))
                nothing=none_for_unit(lang)
                writes
            />
            <Column model waits=Waits::FromMe heading=("from-me", from_me(lang)) nothing=none_from_me(lang) writes />
        </div>
        <Others model />
    }
}

#[component]
fn Column(
    model: RwSignal<HandoffsPage>,
    waits: Waits,
    heading: Heading,
    nothing: &'static str,
    writes: bool,
) -> impl IntoView {
    let lang = use_lang();
    let (place, heading) = heading;
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let (seed, back) = model.with_untracked(|model| (model.seed, back(model)));
    // Cards are kept apart by their state: a card that changes is drawn anew, the others stay as they
    // are, with whatever is being typed into them.
    let cards = Memo::new(move |_| model.with(|model| shown(model, waits, &zone, lang)));
    let choices = Memo::new(move |_| model.with(|model| choices(&model.directory, model.me, lang)));
    let total = move || {
        let total = model.with(|model| total(model, waits));
        let here = cards.with(Vec::len);
        if total > MOST { total } else { here }
    };
    view! {
        <section class="column" id=place>
            <h2>{heading} " " <span class="count">{move || when::count(total(), lang)}</span></h2>
            <Show when=move || cards.with(Vec::is_empty)>
                <p class="small muted">{nothing}</p>
            </Show>
            <ul>
                <For
                    each=move || cards.get()
                    key=|card: &Shown| card.key.clone()
                    children=move |shown| {
                        let choices = choices.get_untracked();
                        view! { <HandoffCard shown seed back=back.clone() choices writes /> }
                    }
                />
            </ul>
            {move || {
                let (here, total) = (cards.with(Vec::len), total());
                (here < total).then(|| view! { <p class="small muted">{capped(lang, &when::count(here, lang), &when::count(total, lang))}</p> })
            }}
        </section>
    }
}

fn back(page: &HandoffsPage) -> String {
    with_query("/handoffs", &query([("account", page.account.map(|account| account.to_string()))]))
}

fn choices(directory: &Directory, me: ColleagueId, lang: Lang) -> Choices {
    let leads = directory.leads(lang).into_iter().filter(|(id, _)| *id != me);
    let (units, colleagues) = parties::choices(directory, me, lang);
    Choices { leads: leads.map(|(id, name)| (id.to_string(), name.to_owned())).collect(), units, colleagues }
}

fn reading<'a>(page: &'a HandoffsPage, zone: &'a Zone, lang: Lang) -> Reading<'a> {
    let HandoffsPage { directory, board, causes, me, now, .. } = page;
    Reading { directory, board, causes, me: *me, zone, now: *now, lang }
}

fn shown(page: &HandoffsPage, waits: Waits, zone: &Zone, lang: Lang) -> Vec<Shown> {
    let reading = reading(page, zone, lang);
    let waiting = page.board.waiting(waits, page.me);
    waiting.into_iter().take(MOST).map(|(id, card)| reading.show(id, card)).collect()
}

/// How many there are in a place, also those that are not here.
fn total(page: &HandoffsPage, waits: Waits) -> usize {
    let place = PLACES.iter().position(|place| *place == waits).unwrap_or_default();
    page.totals.get(place).copied().unwrap_or_default()
}

/// What the people of my unit have, what goes on between others, and what has ended: to be looked at.
#[component]
fn Others(model: RwSignal<HandoffsPage>) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let ended_zone = zone.clone();
    let lines = move |waits: Waits, heading: Heading| {
        model.with(|model| {
            let waiting = model.board.waiting(waits, model.me);
            (!waiting.is_empty()).then(|| {
                let total = total(model, waits).max(waiting.len());
                let rows = waiting.into_iter().take(MOST).map(|(id, card)| (id, card.clone())).collect();
                others(model, heading, rows, total, &zone, lang)
            })
        })
    };
    let between_others = lines.clone();
    let ended_lately = move || {
        model.with(|model| {
            let rows = model.board.ended_lately(model.account).take(ENDED);
            let rows: Vec<_> = rows.map(|(id, card)| (id, card.clone())).collect();
            (!rows.is_empty()).then(|| done(model, rows, &ended_zone, lang))
        })
    };
    view! {
        {move || lines(Waits::WithMyUnit, ("with-unit", with_unit(lang)))}
        {move || between_others(Waits::Elsewhere, ("elsewhere", elsewhere(lang)))}
        {ended_lately}
    }
}

/// The place in the page that links lead to, and what stands there.
type Heading = (&'static str, &'static str);

fn others(
    page: &HandoffsPage,
    (place, heading): Heading,
    rows: Vec<(HandoffId, Card)>,
    total: usize,
    zone: &Zone,
    lang: Lang,
) -> AnyView {
    let reading = reading(page, zone, lang);
    let here = rows.len();
    let lines = rows
        .into_iter()
        .map(|(id, card)| {
            let shown = reading.show(id, &card);
            let late = shown.due.late.is_some();
            let promise = shown.due.late.unwrap_or(shown.due.text);
            let orphan = shown.is_orphan.then(|| {
                let chips = shown.chips.into_iter().take(1);
                chips
                    .map(|chip| view! { <span class="chip strong"><Icon name="orphan" />{chip.text}</span> })
                    .collect_view()
            });
            view! {
                <tr id=shown.id>
                    <th scope="row">{shown.what}</th>
                    <td class="wide" data-label=account(lang)>
                        <a href=shown.account_href>{shown.account}</a>
                    </td>
                    <td class="wide" data-label=between(lang)>{shown.between}</td>
                    <td class="wide" data-label=state(lang)>{shown.stage} " " {orphan}</td>
                    <td class="wide" data-label=due(lang)>
                        <span class:bad=late>{promise}</span>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="stack tight">
            <h2 id=place>{heading} " " <span class="count">{when::count(total, lang)}</span></h2>
            <div class="scroll" role="region" aria-label=heading tabindex="0">
                <table class="table stacks">
                    <thead>
                        <tr>
                            <th scope="col">{what(lang)}</th>
                            <th scope="col">{account(lang)}</th>
                            <th scope="col">{between(lang)}</th>
                            <th scope="col">{state(lang)}</th>
                            <th scope="col">{due(lang)}</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            {(here < total).then(|| view! { <p class="small muted">{capped(lang, &when::count(here, lang), &when::count(total, lang))}</p> })}
        </section>
    }
    .into_any()
}

fn done(page: &HandoffsPage, rows: Vec<(HandoffId, Card)>, zone: &Zone, lang: Lang) -> AnyView {
    let reading = reading(page, zone, lang);
    let today = zone.day(Occurred::At(page.now));
    let lines = rows
        .into_iter()
        .map(|(id, card)| {
            let shown = reading.show(id, &card);
            let said = card.said.as_ref().map_or_else(|| forgotten(lang).to_owned(), ToString::to_string);
            let promise = card.due.map_or_else(|| "–".to_owned(), |due| when::short_day(due, today, lang));
            view! {
                <tr id=shown.id>
                    <th scope="row">{shown.what}</th>
                    <td class="wide" data-label=account(lang)>
                        <a href=shown.account_href>{shown.account}</a>
                    </td>
                    <td class="wide" data-label=between(lang)>{shown.between}</td>
                    <td class="wide" data-label=state(lang)>{shown.stage}</td>
                    <td class="wide" data-label=due(lang)>{promise}</td>
                    <td class="wide" data-label=result(lang)>
                        {said}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="stack tight">
            <h2 id="ended">{ended(lang)}</h2>
            <div class="scroll" role="region" aria-label=ended(lang) tabindex="0">
                <table class="table stacks">
                    <thead>
                        <tr>
                            <th scope="col">{what(lang)}</th>
                            <th scope="col">{account(lang)}</th>
                            <th scope="col">{between(lang)}</th>
                            <th scope="col">{state(lang)}</th>
                            <th scope="col">{due(lang)}</th>
                            <th scope="col">{result(lang)}</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
