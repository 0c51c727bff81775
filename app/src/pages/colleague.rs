//! A colleague: what they did on both fronts, the accounts they answer for, and what they promised
//! and were asked.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use shared::domain::Event;
use shared::handoff;
use shared::ids::{AccountId, ColleagueId, HandoffId, InteractionId, StepId, Stream};
use shared::interaction;
use shared::record::Record;
use shared::views::account_file::OpenStep;
use shared::views::board::{Card, Waits};
use shared::views::portfolio::{Column, WITH_STEPS};
use shared::views::timeline::Filter;
use shared::views::touch::say_days_ago;
use shared::views::{Board, Portfolio, Promises, View};

use crate::address::with_query;
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::card::{DueBar, Reading};
use crate::parts::history::{History, HistorySection, WithHistory, filter_from, filter_query, writes};
use crate::parts::steps::{StepRow, StepsCard, and_more};
use crate::read::{Query, Reader, Trouble, page_in_place, use_calendar, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

crate::texts! {
    people { en: "Our people", ru: "Наши люди" }
    path { en: "Path", ru: "Путь" }
    hand_over { en: "Hand over", ru: "Передать в работу" }
    has_left { en: "has left", ru: "больше не работает" }
    no_unit { en: "in no unit", ru: "вне подразделений" }
    about { en: "About the colleague", ru: "О сотруднике" }
    answers_for(n: u64) {
        en: plural(n) { "account to answer for", "accounts to answer for" },
        ru: plural(n) { "закреплённый клиент", "закреплённых клиента", "закреплённых клиентов" },
    }
    promises(n: u64) {
        en: plural(n) { "next step open", "next steps open" },
        ru: plural(n) { "открытый следующий шаг", "открытых следующих шага", "открытых следующих шагов" },
    }
    waiting(n: u64) {
        en: plural(n) { "handoff waits for them", "handoffs wait for them" },
        ru: plural(n) { "передача ждёт сотрудника", "передачи ждут сотрудника", "передач ждут сотрудника" },
    }
    their_accounts { en: "Accounts", ru: "Клиенты" }
    no_accounts { en: "Answers for no account.", ru: "Клиентов не ведёт." }
    never { en: "never", ru: "не было" }
    waits_for { en: "Waits for them", ru: "Ждут этого сотрудника" }
    they_wait { en: "They wait for", ru: "Ждёт от других" }
    reach { en: "Reach", ru: "Связаться" }
    email { en: "E-mail", ru: "Почта" }
    title { en: "Job title", ru: "Должность" }
}

/// The most accounts, next steps and handoffs of one kind that stand beside the timeline.
const MOST: usize = 30;

/// The most handoffs of one kind that are counted, and the most promises that are read.
const MOST_COUNTED: usize = 500;

/// The page of one colleague, with what the timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub colleague: Option<ColleagueId>,
    pub filter: Filter,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColleaguePage {
    pub colleague: ColleagueId,
    pub history: History,
    pub promises: Promises,
    /// How many promises there are beside these.
    pub unread: usize,
    /// Of which account the interactions are that the promises were made in.
    pub accounts: BTreeMap<InteractionId, AccountId>,
    pub portfolio: Portfolio,
    /// How many accounts they answer for.
    pub answers_for: usize,
    pub board: Board,
    /// A handoff came for an account that this page does not know.
    stale: bool,
}

impl Query for Ask {
    type Page = ColleaguePage;

    fn answer(&self, reader: &dyn Reader) -> Result<ColleaguePage, Trouble> {
        let colleague = self.colleague.ok_or(Trouble::NotFound)?;
        let Promised { promises, accounts, unread } = Promised::read(colleague, reader)?;
        let mut history = History::read_part(colleague.into(), &self.filter, reader)?;
        if !history.directory.colleagues.contains_key(&colleague) {
            return Err(Trouble::NotFound);
        }
        history.position = history.position.min(promises.position);
        let calendar = reader.viewer().zone.calendar(history.now);
        let mut found = None;
        reader.company(&mut |company| {
            let mut rows = company.portfolio.of(Some(colleague));
            Column::Cold.order(&mut rows, false, &calendar);
            let kept: BTreeSet<AccountId> = rows.iter().take(MOST).map(|(id, _)| *id).collect();
            let waiting = [Waits::ForMe, Waits::FromMe].map(|waits| company.board.waiting(waits, colleague));
            let cards = waiting.iter().flat_map(|cards| cards.iter().take(MOST_COUNTED));
            let handoffs: BTreeSet<HandoffId> = cards.clone().map(|(id, _)| *id).collect();
            let named: BTreeSet<AccountId> = cards
                .map(|(_, card)| card.account)
                .chain(accounts.values().copied())
                .chain(kept.iter().copied())
                .collect();
            history.name(&company.directory, named, []);
            found = Some((rows.len(), company.portfolio.cut(&kept, WITH_STEPS), company.board.cut(&handoffs)));
        });
        let (answers_for, portfolio, board) = found.ok_or(Trouble::NotFound)?;
        Ok(ColleaguePage {
            colleague,
            history,
            promises,
            unread,
            accounts,
            portfolio,
            answers_for,
            board,
            stale: false,
        })
    }

    fn address(&self) -> String {
        let colleague = self.colleague.map(|colleague| colleague.to_string()).unwrap_or_default();
        with_query(&format!("colleague/{colleague}"), &filter_query(&self.filter))
    }
}

/// What a colleague promised and has not done.
struct Promised {
    promises: Promises,
    /// Of which accounts the interactions are in which it was agreed.
    accounts: BTreeMap<InteractionId, AccountId>,
    /// How many more promises there are.
    unread: usize,
}

impl Promised {
    fn read(colleague: ColleagueId, reader: &dyn Reader) -> Result<Self, Trouble> {
        let (mut position, mut interactions) = (0, Vec::new());
        reader.company(&mut |company| {
            position = company.position();
            interactions = company.portfolio.promised_by(colleague);
        });
        let all = interactions.len();
        interactions.truncate(MOST_COUNTED);
        let streams: Vec<Stream> = interactions.into_iter().map(Stream::from).collect();
        let mut records = reader.of_streams(&streams)?;
        // What was recorded meanwhile comes as news, with all that came before it.
        records.retain(|record| record.position <= position);
        let (mut promises, mut accounts) = (Promises::new(colleague), BTreeMap::new());
        for record in &records {
            promises.fold(record);
            accounts.extend(account_of(record));
        }
        promises.position = position;
        let unread = all.saturating_sub(promises.steps.len());
        Ok(Self { promises, accounts, unread })
    }
}

/// The interaction and its account, where a record says it.
fn account_of(record: &Record) -> Option<(InteractionId, AccountId)> {
    match &record.event {
        Event::Interaction(id, interaction::Event::Logged(details) | interaction::Event::Corrected(details)) => {
            Some((*id, details.account?))
        }
        Event::Interaction(..)
        | Event::Unit(..)
        | Event::Colleague(..)
        | Event::Account(..)
        | Event::Contact(..)
        | Event::Handoff(..)
        | Event::Import(..) => None,
    }
}

impl Follow for ColleaguePage {
    fn position(&self) -> u64 {
        self.history.position
    }

    fn fold(&mut self, record: &Record) {
        self.history.fold(record);
        self.stale |= self.unread > 0 && self.settles_unread(record);
        self.promises.fold(record);
        self.portfolio.fold(record);
        self.board.fold(record);
        if let Some((interaction, account)) = account_of(record)
            && record.by == self.colleague
        {
            self.accounts.insert(interaction, account);
        }
        if let Event::Handoff(id, handoff::Event::Offered(offer)) = &record.event {
            let concerned = self
                .board
                .open
                .get(id)
                .is_some_and(|card| matches!(self.board.waits(card, self.colleague), Waits::ForMe | Waits::FromMe));
            self.stale |= concerned && !self.history.directory.accounts.contains_key(&offer.account);
        }
        if let Event::Account(_, shared::account::Event::Assigned { kam }) = &record.event {
            self.stale |= *kam == self.colleague;
        }
    }

    fn is_stale(&self) -> bool {
        self.stale || self.history.is_stale() || self.portfolio.stale
    }
}

impl ColleaguePage {
    /// Whether an event may settle a promise that was not read.
    fn settles_unread(&self, record: &Record) -> bool {
        let Event::Interaction(id, event) = &record.event else { return false };
        match event {
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                !self.promises.steps.has(*id, *step)
            }
            interaction::Event::Retracted { .. } => true,
            interaction::Event::Logged(_)
            | interaction::Event::Corrected(_)
            | interaction::Event::NextStepAgreed(_) => false,
        }
    }
}

impl WithHistory for ColleaguePage {
    fn history(&self) -> &History {
        &self.history
    }
}

#[component]
pub fn Colleague() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let ask = move || Ask {
        colleague: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()),
        filter: query.with(|query| filter_from(|name| query.get(name))),
    };
    page_in_place(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<ColleaguePage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let viewer = use_viewer();
    let me = viewer.as_ref().map(|viewer| viewer.me);
    let zone = viewer.as_ref().map_or_else(Zone::utc, |viewer| viewer.zone.clone());
    let writes = writes(viewer.and_then(|viewer| viewer.role));
    let (colleague, seed) = model.with_untracked(|model| (model.colleague, model.history.seed));
    let path = format!("/colleagues/{colleague}");
    let name = move || model.with(|model| model.history.directory.colleague(colleague, lang).to_owned());
    let filter = Signal::derive(move || ask.get().filter);
    let may_ask =
        move || writes && me != Some(colleague) && model.with(|model| model.history.directory.acts(colleague));
    let (back, steps_zone) = (path.clone(), zone.clone());
    let steps = Memo::new(move |_| model.with(|model| step_rows(model, &steps_zone, lang)));
    let more_steps = move || model.with(|model| (model.promises.open().len() + model.unread).saturating_sub(MOST));
    view! {
        <Title text=name />
        <header class="page-head">
            <nav class="crumbs" aria-label=self::path(lang)>
                <a href="/company">{people(lang)}</a>
            </nav>
            <div class="title">
                <h1>{name}</h1>
                <Show when=may_ask>
                    <a
                        class="button"
                        href=format!("/handoffs/new?to={}&back=/colleagues/{colleague}", Stream::from(colleague))
                    >
                        <Icon name="handoff" />
                        {hand_over(lang)}
                    </a>
                </Show>
            </div>
            {move || model.with(|model| subtitle(model, lang))}
            {move || model.with(|model| figures(model, lang))}
        </header>
        <div class="with-side">
            <HistorySection model filter path log="/log" writes />
            <aside class="side" aria-label=about(lang)>
                {move || model.with(|model| handoffs_card(model, &zone, lang))}
                <StepsCard rows=steps more=Signal::derive(more_steps) seed writes back />
                {move || model.with(|model| view! { {accounts_card(model, lang)} {reach_card(model, lang)} })}
            </aside>
        </div>
    }
}

fn subtitle(page: &ColleaguePage, lang: Lang) -> impl IntoView + use<> {
    let directory = &page.history.directory;
    directory.colleagues.get(&page.colleague).map(|entry| {
        let unit = match entry.unit {
            Some(unit) => {
                let name = directory.unit(unit, lang).to_owned();
                view! { <a href=format!("/units/{unit}")>{name}</a> }.into_any()
            }
            None => no_unit(lang).into_any(),
        };
        view! {
            <p class="subtitle">
                {entry.role.map(|role| view! { <span class="tag-internal">{role.say(lang)}</span> })}
                <span>{unit}</span>
                {entry.left.then(|| view! { <span class="bad">{has_left(lang)}</span> })}
            </p>
        }
    })
}

fn figures(page: &ColleaguePage, lang: Lang) -> impl IntoView + use<> {
    let waits = page.board.waiting(Waits::ForMe, page.colleague).len();
    let figure = |n: usize, say: fn(Lang, u64) -> String, href: &'static str| {
        let text = say(lang, u64::try_from(n).unwrap_or(u64::MAX));
        view! {
            <li>
                <a href=href>
                    <b>{when::count(n, lang)}</b>
                    " "
                    {text}
                </a>
            </li>
        }
    };
    view! {
        <ul class="figures">
            {figure(page.answers_for, answers_for, "#accounts")}
            {figure(page.promises.steps.len() + page.unread, promises, "#steps")}
            {figure(waits, waiting, "#handoffs")}
        </ul>
    }
}

fn handoffs_card(page: &ColleaguePage, zone: &Zone, lang: Lang) -> impl IntoView + use<> {
    let History { directory, now, .. } = &page.history;
    let causes = BTreeMap::new();
    let reading = Reading { directory, board: &page.board, causes: &causes, me: page.colleague, zone, now: *now, lang };
    let rows = |cards: Vec<(HandoffId, &Card)>| {
        cards
            .into_iter()
            .take(MOST)
            .map(|(id, card)| {
                let shown = reading.show(id, card);
                view! {
                    <li>
                        <a href=format!("/handoffs#{}", shown.id)>{shown.what}</a>
                        <div class="small muted">{format!("{} · {}", shown.account, shown.stage)}</div>
                        <DueBar due=shown.due />
                    </li>
                }
            })
            .collect_view()
    };
    let list = |heading: &'static str, id: Option<&'static str>, waits: Waits| {
        let cards = page.board.waiting(waits, page.colleague);
        (!cards.is_empty()).then(|| {
            let n = cards.len();
            let rows = rows(cards);
            view! {
                <section class="card" id=id>
                    <header>
                        <h2>{heading}</h2>
                        <span class="small muted">{n}</span>
                    </header>
                    <ul class="items">{rows}</ul>
                    {(n > MOST).then(|| view! { <p class="small muted">{and_more(lang, &when::count(n - MOST, lang))}</p> })}
                </section>
            }
        })
    };
    let (theirs, others) =
        (list(waits_for(lang), Some("handoffs"), Waits::ForMe), list(they_wait(lang), None, Waits::FromMe));
    view! {
        {theirs}
        {others}
    }
}

fn step_rows(page: &ColleaguePage, zone: &Zone, lang: Lang) -> Vec<StepRow> {
    let History { directory, now, .. } = &page.history;
    let calendar = zone.calendar(*now);
    let row = |(id, step): (StepId, &OpenStep)| {
        let account = page.accounts.get(&step.interaction);
        let account = account.map(|id| (directory.account(*id, lang).to_owned(), Some(format!("/accounts/{id}"))));
        StepRow::new(id, step, account, &calendar, lang)
    };
    page.promises.open().into_iter().take(MOST).map(row).collect()
}

fn accounts_card(page: &ColleaguePage, lang: Lang) -> impl IntoView + use<> {
    let calendar = use_calendar(page.history.now);
    let mut rows = page.portfolio.of(Some(page.colleague));
    Column::Cold.order(&mut rows, false, &calendar);
    let more = page.answers_for.saturating_sub(rows.len());
    let is_empty = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|(id, row)| {
            let ago = row
                .last_touch()
                .map_or_else(|| never(lang).to_owned(), |at| say_days_ago(calendar.days_since(at), lang));
            let cold = row.is_going_cold(&calendar).then(|| view! { <Icon name="snow" /> " " });
            view! {
                <li class="row apart">
                    <a href=format!("/accounts/{id}")>{row.name.to_string()}</a>
                    <span class="small muted">{cold} {ago}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" id="accounts">
            <header>
                <h2>{their_accounts(lang)}</h2>
            </header>
            {if is_empty {
                view! { <p class="small muted">{no_accounts(lang)}</p> }.into_any()
            } else {
                view! { <ul class="items">{rows}</ul> }.into_any()
            }}
            {(more > 0).then(|| view! { <p class="small muted">{and_more(lang, &when::count(more, lang))}</p> })}
        </section>
    }
}

fn reach_card(page: &ColleaguePage, lang: Lang) -> impl IntoView + use<> {
    let entry = page.history.directory.colleagues.get(&page.colleague);
    entry.and_then(|entry| entry.identity.known()).filter(|who| who.email.is_some() || who.title.is_some()).map(|who| {
        let job = who.title.as_ref().map(|job| view! { <div><dt>{title(lang)}</dt><dd>{job.to_string()}</dd></div> });
        let mail = who.email.as_ref().map(|to| {
            view! {
                <div>
                    <dt>{email(lang)}</dt>
                    <dd>
                        <a href=format!("mailto:{to}") rel="external">
                            {to.to_string()}
                        </a>
                    </dd>
                </div>
            }
        });
        view! {
            <section class="card">
                <header>
                    <h2>{reach(lang)}</h2>
                </header>
                <dl class="facts">{job} {mail}</dl>
            </section>
        }
    })
}
