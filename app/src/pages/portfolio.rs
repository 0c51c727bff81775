//! The portfolio, the first page: whose accounts need somebody, who is going cold first. With a name
//! in the address (`?q=`) it finds accounts, contacts, colleagues and units instead.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, ColleagueId};
use shared::record::Record;
use shared::views::directory::Found;
use shared::views::portfolio::{Column, Row, Summary, WITH_STEPS};
use shared::views::touch::{Calendar, say_days_ago};
use shared::views::{Directory, Portfolio, View};
use shared::words::Role;
use uuid::Uuid;

use super::contacts;
use crate::address::{query, with_query};
use crate::live::Follow;
use crate::parts::fields::{CommandForm, Field, is_refused};
use crate::parts::history::writes;
use crate::parts::{Icon, Person};
use crate::read::{Query, Reader, Trouble, page, use_calendar, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::count;

crate::texts! {
    title_mine { en: "My accounts", ru: "Мои клиенты" }
    title_all { en: "All accounts", ru: "Все клиенты" }
    scope { en: "Whose accounts", ru: "Чьи клиенты" }
    mine { en: "Mine", ru: "Мои" }
    all { en: "All", ru: "Все" }
    n_accounts(n: u64) {
        en: plural(n) { "account", "accounts" },
        ru: plural(n) { "клиент", "клиента", "клиентов" },
    }
    n_cold(n: u64) {
        en: plural(n) { "is going cold", "are going cold" },
        ru: plural(n) { "остывает", "остывают", "остывают" },
    }
    n_steps(n: u64) {
        en: plural(n) { "next step open", "next steps open" },
        ru: plural(n) { "открытый следующий шаг", "открытых следующих шага", "открытых следующих шагов" },
    }
    n_overdue(n: u64) {
        en: plural(n) { "is overdue", "are overdue" },
        ru: plural(n) { "просрочен", "просрочены", "просрочено" },
    }
    account { en: "Account", ru: "Клиент" }
    tier { en: "Tier", ru: "Категория" }
    manager { en: "Managed by", ru: "Ведёт" }
    touch { en: "Since touch", ru: "Без касания" }
    in_person { en: "Since in person", ru: "Без встречи" }
    steps { en: "Next steps", ru: "Шаги" }
    overdue { en: "Overdue", ru: "Просрочено" }
    state { en: "State", ru: "Состояние" }
    going_cold { en: "going cold", ru: "остывает" }
    never { en: "never", ru: "не было" }
    today { en: "today", ru: "сегодня" }
    days(n: u64) {
        en: plural(n) { "{n}\u{a0}day", "{n}\u{a0}days" },
        ru: plural(n) { "{n}\u{a0}день", "{n}\u{a0}дня", "{n}\u{a0}дней" },
    }
    nobody { en: "nobody yet", ru: "пока никто" }
    n_without_account(n: &str, many: u64) {
        en: plural(many) { "{n} contact stands at no account yet", "{n} contacts stand at no account yet" },
        ru: plural(many) { "{n} контакт пока без клиента", "{n} контакта пока без клиента", "{n} контактов пока без клиента" },
    }
    register { en: "Register an account", ru: "Завести клиента" }
    name { en: "Name", ru: "Название" }
    register_it { en: "Register", ru: "Завести" }
    shown_of(first: &str, last: &str, total: &str) { en: "{first} to {last} of {total}", ru: "{first}–{last} из {total}" }
    pages { en: "Pages", ru: "Страницы" }
    page_before { en: "Before", ru: "Назад" }
    page_after { en: "Next", ru: "Дальше" }
    none_mine { en: "You answer for no account yet", ru: "Вы пока не ведёте ни одного клиента" }
    none_open { en: "No account is open", ru: "Открытых клиентов нет" }
    none_open_text { en: "All of them are closed. Register a new one, or find a closed one by its name above.", ru: "Все закрыты. Заведите нового или найдите закрытого по названию в поиске наверху." }
    none_mine_text { en: "Take one that nobody answers for, or register a new one.", ru: "Возьмите клиента, которого никто не ведёт, или заведите нового." }
    see_all { en: "See all accounts", ru: "Посмотреть всех клиентов" }
    empty_title { en: "Your accounts will be here, each with its two fronts", ru: "Здесь будут ваши клиенты, и у каждого два фронта" }
    empty_text { en: "One is what happens with the client, the other what it took inside. One line is enough to begin:", ru: "Один — то, что происходит с клиентом, другой — то, чего это стоило внутри. Для начала хватит одной строки:" }
    example { en: "An example", ru: "Пример" }
    example_client { en: "Visit: they want a trial batch by 1 December.", ru: "Визит: просят опытную партию к 1 декабря." }
    example_internal { en: "Handed to the lab: test the batch, the report is due 21 November.", ru: "Передано в лабораторию: испытать партию, протокол нужен к 21 ноября." }
    client { en: "Client", ru: "Клиент" }
    inside { en: "Inside", ru: "Внутри" }
    load_sample { en: "Load the sample export", ru: "Загрузить пример выгрузки" }
    load_demo { en: "Load a generated company", ru: "Загрузить придуманную компанию" }
    load_note { en: "Both can be taken back as a whole on the import page.", ru: "И то и другое можно целиком отменить на странице загрузки." }
    bring_own { en: "Or bring your own from Salesforce", ru: "Или перенести своё из Salesforce" }
    ask_admin { en: "An administrator can import accounts from your CRM.", ru: "Администратор может загрузить клиентов из вашей CRM." }
    found_title(typed: &str) { en: "Found: “{typed}”", ru: "Поиск: «{typed}»" }
    found_nothing { en: "Nobody and nothing has this name", ru: "Ничего с таким именем нет" }
    found_advice { en: "Try fewer letters, or another word of the name.", ru: "Наберите меньше букв или другое слово из имени." }
    found_accounts { en: "Accounts", ru: "Клиенты" }
    found_contacts { en: "Contacts", ru: "Контакты" }
    found_colleagues { en: "Colleagues", ru: "Сотрудники" }
    found_units { en: "Units", ru: "Подразделения" }
    first_of(shown: &str, total: &str) { en: "first {shown} of {total}", ru: "первые {shown} из {total}" }
    to_all { en: "Back to the accounts", ru: "Вернуться к клиентам" }
    has_left { en: "has left", ru: "больше не работает" }
    closed { en: "closed", ru: "закрыт" }
}

/// The most accounts that one page shows.
const MOST: usize = 200;

/// The most results of each kind.
const MOST_FOUND: usize = 30;

/// Whose accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Mine,
    All,
}

/// The page as its address asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// By default a key account manager's own, everything for others.
    pub scope: Option<Scope>,
    pub by: Column,
    pub reversed: bool,
    /// Which page of the rows, from 0.
    pub page: usize,
    /// A name that somebody looks for.
    pub find: Option<String>,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortfolioPage {
    pub position: u64,
    pub now: Timestamp,
    pub seed: Uuid,
    pub scope: Scope,
    pub me: ColleagueId,
    /// There is no account at all yet.
    pub is_empty: bool,
    /// How many contacts stand at no account, as an import often brings them; counted where all accounts are shown.
    pub without_account: usize,
    pub portfolio: Portfolio,
    pub directory: Directory,
    /// How many rows come before those that are shown.
    pub skipped: usize,
    /// How all accounts in this scope stand, also those that are not shown.
    pub whole: Summary,
    pub found: Option<Found>,
}

impl Scope {
    const fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::All => "all",
        }
    }

    fn usual(role: Option<Role>) -> Self {
        if role == Some(Role::AccountManager) { Self::Mine } else { Self::All }
    }
}

impl Ask {
    /// What an address asks for.
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        let scopes = [Scope::Mine, Scope::All];
        Self {
            scope: get("scope").and_then(|word| scopes.into_iter().find(|scope| scope.word() == word)),
            by: get("sort").and_then(|word| Column::from_word(&word)).unwrap_or_default(),
            reversed: get("reversed").is_some(),
            page: get("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).saturating_sub(1),
            find: get("q").map(|typed| typed.trim().to_owned()).filter(|typed| !typed.is_empty()),
        }
    }

    fn query(&self) -> String {
        query([
            ("scope", self.scope.map(|scope| scope.word().to_owned())),
            ("sort", (self.by != Column::default()).then(|| self.by.word().to_owned())),
            ("reversed", self.reversed.then(|| "yes".to_owned())),
            ("page", (self.page > 0).then(|| (self.page + 1).to_string())),
            ("q", self.find.clone()),
        ])
    }
}

impl Query for Ask {
    type Page = PortfolioPage;

    fn answer(&self, reader: &dyn Reader) -> Result<PortfolioPage, Trouble> {
        let viewer = reader.viewer();
        let scope = self.scope.unwrap_or_else(|| Scope::usual(viewer.role));
        let calendar = viewer.zone.calendar(viewer.now);
        let mut answer = None;
        reader.company(&mut |company| {
            let found = self.find.as_ref().map(|typed| company.directory.find(typed, MOST_FOUND));
            let mut rows = company.portfolio.of(whose(scope, viewer.me));
            self.by.order(&mut rows, self.reversed, &calendar);
            let whole = Summary::of(&rows, &calendar);
            // A page after the last one is the last one.
            let skipped = self.page.min(rows.len().saturating_sub(1) / MOST) * MOST;
            let shown: BTreeSet<AccountId> = match &found {
                Some(found) => found.accounts.iter().copied().collect(),
                None => rows.iter().skip(skipped).take(MOST).map(|(id, _)| *id).collect(),
            };
            let contacts = found.as_ref().map(|found| found.contacts.iter().copied().collect()).unwrap_or_default();
            let mut directory = company.directory.cut(&BTreeSet::new(), &contacts);
            let at = directory.contacts.values().filter_map(|contact| contact.account);
            let named: BTreeSet<AccountId> = at.chain(shown.iter().copied()).collect();
            let accounts = named.iter().filter_map(|id| Some((*id, company.directory.accounts.get(id)?.clone())));
            directory.accounts.extend(accounts);
            answer = Some(PortfolioPage {
                position: company.position(),
                now: viewer.now,
                seed: viewer.seed,
                scope,
                me: viewer.me,
                is_empty: company.directory.accounts.is_empty(),
                without_account: match scope {
                    Scope::All => contacts::without_account(&company.directory).count(),
                    Scope::Mine => 0,
                },
                portfolio: company.portfolio.cut(&shown, WITH_STEPS),
                directory,
                skipped,
                whole,
                found,
            });
        });
        answer.ok_or(Trouble::NotFound)
    }

    fn address(&self) -> String {
        with_query("portfolio", &self.query())
    }
}

fn whose(scope: Scope, me: ColleagueId) -> Option<ColleagueId> {
    (scope == Scope::Mine).then_some(me)
}

impl PortfolioPage {
    /// The rows in order.
    #[must_use]
    pub fn rows(&self, by: Column, reversed: bool, calendar: &Calendar) -> Vec<(AccountId, &Row)> {
        let mut rows = self.portfolio.of(whose(self.scope, self.me));
        by.order(&mut rows, reversed, calendar);
        rows
    }

    /// How the accounts stand: from the rows, or as the server counted where they are not all here.
    #[must_use]
    pub fn summary(&self, calendar: &Calendar) -> Summary {
        if self.whole.accounts > MOST {
            self.whole
        } else {
            Summary::of(&self.portfolio.of(whose(self.scope, self.me)), calendar)
        }
    }
}

impl Follow for PortfolioPage {
    fn position(&self) -> u64 {
        self.position
    }

    fn fold(&mut self, record: &Record) {
        self.position = self.position.max(record.position);
        self.directory.fold(record);
        self.portfolio.fold(record);
        self.now = self.now.max(record.recorded);
    }

    fn is_stale(&self) -> bool {
        self.portfolio.stale
    }
}

#[component]
pub fn Portfolio() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    page(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<PortfolioPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let (is_empty, is_search) = model.with_untracked(|model| (model.is_empty, model.found.is_some()));
    if is_search {
        return view! { <Results model ask /> }.into_any();
    }
    if is_empty {
        return view! { <Beginning model /> }.into_any();
    }
    let role = use_viewer().and_then(|viewer| viewer.role);
    let writes = writes(role);
    let (scope, seed) = model.with_untracked(|model| (model.scope, model.seed));
    let heading = match scope {
        Scope::Mine => title_mine(lang),
        Scope::All => title_all(lang),
    };
    let seg =
        move |wanted: Scope| format!("/?{}", Ask { scope: Some(wanted), find: None, page: 0, ..ask.get() }.query());
    let here = move |wanted: Scope| (scope == wanted).then_some("true");
    view! {
        <Title text=heading />
        <header class="page-head">
            <div class="title">
                <h1>{heading}</h1>
                <nav class="seg" aria-label=self::scope(lang)>
                    <a href=move || seg(Scope::Mine) aria-current=here(Scope::Mine)>
                        {mine(lang)}
                    </a>
                    <a href=move || seg(Scope::All) aria-current=here(Scope::All)>
                        {all(lang)}
                    </a>
                </nav>
            </div>
            {move || model.with(|model| figures(&model.summary(&use_calendar(model.now)), &ask.get(), lang))}
        </header>
        {writes.then(|| view! { <Register seed /> })}
        {move || model.with(|model| table(model, &ask.get(), lang))}
    }
    .into_any()
}

fn figures(summary: &Summary, ask: &Ask, lang: Lang) -> impl IntoView + use<> {
    let figure = |n: usize, by: Column, say: fn(Lang, u64) -> String, is_bad: bool| {
        let href = format!("/?{}", Ask { by, reversed: false, page: 0, ..ask.clone() }.query());
        let text = say(lang, u64::try_from(n).unwrap_or(u64::MAX));
        let is_wrong = is_bad && n != 0;
        view! {
            <li class:bad=is_wrong>
                <a href=href>
                    <b>{count(n, lang)}</b>
                    " "
                    {text}
                </a>
            </li>
        }
    };
    view! {
        <ul class="figures">
            {figure(summary.accounts, Column::Name, n_accounts, false)}
            {figure(summary.going_cold, Column::Cold, n_cold, false)}
            {figure(summary.open_steps, Column::Steps, n_steps, false)}
            {figure(summary.overdue_steps, Column::Overdue, n_overdue, true)}
        </ul>
    }
}

/// The form that registers an account.
#[component]
fn Register(seed: Uuid, #[prop(optional)] open: bool) -> impl IntoView {
    let lang = use_lang();
    // A key account manager registers what they will answer for.
    let kam =
        use_viewer().filter(|viewer| viewer.role == Some(Role::AccountManager)).map(|viewer| viewer.me.to_string());
    view! {
        <details class="unfold" open=open || is_refused("account.register") data-close="" id="register">
            <summary>{register(lang)}</summary>
            <CommandForm what="account.register" seed=seed back="" class="form" label=register(lang)>
                {kam.map(|kam| view! { <input type="hidden" name="kam" value=kam /> })}
                <Field form="account.register" name="name" label=name(lang) required=true autocomplete="off" />
                <div class="row">
                    <button class="button" type="submit">
                        {register_it(lang)}
                    </button>
                </div>
            </CommandForm>
        </details>
    }
}

fn table(model: &PortfolioPage, ask: &Ask, lang: Lang) -> impl IntoView + use<> {
    let calendar = use_calendar(model.now);
    let rows = model.rows(ask.by, ask.reversed, &calendar);
    if rows.is_empty() && model.scope == Scope::All {
        return view! {
            <div class="empty">
                <h2>{none_open(lang)}</h2>
                <p>{none_open_text(lang)}</p>
            </div>
        }
        .into_any();
    }
    if rows.is_empty() {
        return view! {
            <div class="empty">
                <h2>{none_mine(lang)}</h2>
                <p>{none_mine_text(lang)}</p>
                <a class="button" href="/?scope=all">
                    {see_all(lang)}
                </a>
            </div>
        }
        .into_any();
    }
    let turning = turning(model, ask, rows.len(), lang);
    let heads = [
        (Column::Name, account(lang), false),
        (Column::Tier, tier(lang), false),
        (Column::Touch, touch(lang), true),
        (Column::InPerson, in_person(lang), true),
        (Column::Steps, steps(lang), true),
        (Column::Overdue, overdue(lang), true),
    ];
    let heads: Vec<_> = heads.into_iter().map(|(column, text, is_number)| head(ask, column, text, is_number)).collect();
    let mut heads = heads.into_iter();
    let (first, rest) = (heads.next(), heads.collect_view());
    let is_all = model.scope == Scope::All;
    let label = if is_all { title_all(lang) } else { title_mine(lang) };
    let body = rows.iter().map(|(id, row)| table_row(model, *id, row, is_all, &calendar, lang)).collect_view();
    view! {
        <div class="scroll" role="region" aria-label=label tabindex="0">
            <table class="table stacks">
                <thead>
                    <tr>
                        {first} {is_all.then(|| view! { <th scope="col">{manager(lang)}</th> })} {rest}
                        <th scope="col" aria-sort=(ask.by == Column::Cold).then_some(if ask.reversed { "descending" } else { "ascending" })>
                            <a href=sorted(ask, Column::Cold)>{state(lang)}</a>
                        </th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
        {turning}
        {(is_all && model.without_account > 0)
            .then(|| {
                let n = model.without_account;
                let many = u64::try_from(n).unwrap_or(u64::MAX);
                view! {
                    <p class="small">
                        <a href="/contacts">{n_without_account(lang, &count(n, lang), many)}</a>
                    </p>
                }
            })}
    }
    .into_any()
}

/// Which of the rows these are, and the way to the others.
fn turning(model: &PortfolioPage, ask: &Ask, shown: usize, lang: Lang) -> impl IntoView + use<> {
    let (skipped, total) = (model.skipped, model.whole.accounts);
    let to = |page: usize| format!("/?{}", Ask { page, ..ask.clone() }.query());
    let link = |href: Option<String>, text: &'static str| {
        href.map(|href| {
            view! {
                <a class="button" href=href>
                    {text}
                </a>
            }
        })
    };
    (total > MOST).then(|| {
        let here = skipped / MOST;
        let before = link(here.checked_sub(1).map(to), page_before(lang));
        let after = link((skipped + shown < total).then(|| to(here + 1)), page_after(lang));
        let said = shown_of(lang, &count(skipped + 1, lang), &count(skipped + shown, lang), &count(total, lang));
        view! {
            <nav class="row" aria-label=pages(lang)>
                <span class="small muted">{said}</span>
                {before}
                {after}
            </nav>
        }
    })
}

/// The same page by another column; by the same one the other way round.
fn sorted(ask: &Ask, by: Column) -> String {
    let reversed = ask.by == by && !ask.reversed;
    format!("/?{}", Ask { by, reversed, page: 0, ..ask.clone() }.query())
}

fn head(ask: &Ask, column: Column, text: &'static str, is_number: bool) -> impl IntoView + use<> {
    let sort = (ask.by == column).then_some(if ask.reversed { "descending" } else { "ascending" });
    view! {
        <th scope="col" class:n=is_number aria-sort=sort>
            <a href=sorted(ask, column)>{text}</a>
        </th>
    }
}

fn table_row(
    model: &PortfolioPage,
    id: AccountId,
    row: &Row,
    is_all: bool,
    calendar: &Calendar,
    lang: Lang,
) -> impl IntoView + use<> {
    let since = |occurred: Option<shared::words::Occurred>| match occurred.map(|at| calendar.days_since(at)) {
        Some(0) => today(lang).to_owned(),
        Some(n) => days(lang, n),
        None => never(lang).to_owned(),
    };
    let manager_cell = is_all.then(|| {
        let name =
            row.kam.map_or_else(|| nobody(lang).to_owned(), |kam| model.directory.colleague(kam, lang).to_owned());
        let is_nobody = row.kam.is_none();
        view! {
            <td class="wide" data-label=manager(lang)>
                <span class:muted=is_nobody>{name}</span>
            </td>
        }
    });
    let late = row.overdue_steps(calendar);
    let cold = row.is_going_cold(calendar);
    view! {
        <tr>
            <th scope="row">
                <a class="row-link" href=format!("/accounts/{id}")>
                    {row.name.to_string()}
                </a>
            </th>
            {manager_cell}
            <td data-label=tier(lang)>{row.tier.map(|tier| tier.say(lang))}</td>
            <td class="n" data-label=touch(lang)>
                {since(row.last_touch())}
            </td>
            <td class="n" data-label=in_person(lang)>
                {since(row.last_in_person())}
            </td>
            <td class="n" data-label=steps(lang)>
                {row.how_many_open()}
            </td>
            <td class="n" data-label=overdue(lang)>
                <span class:bad=late != 0>{late}</span>
            </td>
            <td class="wide plain">
                {cold
                    .then(|| {
                        view! {
                            <span class="chip">
                                <Icon name="snow" />
                                {going_cold(lang)}
                            </span>
                        }
                    })}
            </td>
        </tr>
    }
}

/// What stands here before there is any account: what the product is for, and three ways to begin.
#[component]
fn Beginning(model: RwSignal<PortfolioPage>) -> impl IntoView {
    let lang = use_lang();
    let role = use_viewer().and_then(|viewer| viewer.role);
    let seed = model.with_untracked(|model| model.seed);
    let is_administrator = role == Some(Role::Administrator);
    let line = |front: &'static str, icon: &'static str, word: &'static str, gist: &'static str| {
        view! {
            <li class=format!("entry {front}")>
                <p class="when">
                    <span class=format!("front-word tag-{front}")>{word}</span>
                </p>
                <div class="body">
                    <p class="because">
                        <Icon name=icon />
                        <span>{gist}</span>
                    </p>
                </div>
            </li>
        }
    };
    view! {
        <Title text=title_mine(lang) />
        <h1>{title_mine(lang)}</h1>
        <section class="empty" aria-labelledby="beginning">
            <h2 id="beginning">{empty_title(lang)}</h2>
            <p>{empty_text(lang)}</p>
            <div class="example">
                <span class="label">{example(lang)}</span>
                <ol class="lanes">
                    {line("client", "visit", client(lang), example_client(lang))}
                    {line("internal", "handoff", inside(lang), example_internal(lang))}
                </ol>
            </div>
            {if is_administrator {
                view! {
                    <div class="row">
                        <form method="post" action="/import/sample">
                            <button class="button primary" type="submit">
                                <Icon name="upload" />
                                {load_sample(lang)}
                            </button>
                        </form>
                        <form method="post" action="/import/demo">
                            <button class="button" type="submit">
                                <Icon name="generated" />
                                {load_demo(lang)}
                            </button>
                        </form>
                        <a href="/import">{bring_own(lang)}</a>
                    </div>
                    <p class="small muted">{load_note(lang)}</p>
                }
                    .into_any()
            } else {
                view! { <p>{ask_admin(lang)}</p> }.into_any()
            }}
            {writes(role).then(|| view! { <Register seed open=!is_administrator /> })}
        </section>
    }
}

/// What bears the name that somebody looks for, kind by kind.
#[component]
fn Results(model: RwSignal<PortfolioPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let heading = move || found_title(lang, &ask.get().find.unwrap_or_default());
    let back = move || format!("/?{}", Ask { find: None, ..ask.get() }.query());
    view! {
        <Title text=heading />
        <header class="page-head">
            <nav class="crumbs">
                <a href=back>{to_all(lang)}</a>
            </nav>
            <h1>{heading}</h1>
        </header>
        {move || model.with(|model| results(model, lang))}
    }
}

fn results(model: &PortfolioPage, lang: Lang) -> AnyView {
    let PortfolioPage { directory, found, now, portfolio, .. } = model;
    let Some(found) = found else { return ().into_any() };
    let calendar = use_calendar(*now);
    if found.is_empty() {
        return view! {
            <div class="empty">
                <h2>{found_nothing(lang)}</h2>
                <p>{found_advice(lang)}</p>
            </div>
        }
        .into_any();
    }
    let [n_accounts, n_contacts, n_colleagues, n_units] = found.totals;
    let line = |link: AnyView, about: String| {
        view! {
            <li class="row apart">
                {link}
                <span class="small muted">{about}</span>
            </li>
        }
        .into_any()
    };
    let accounts = found.accounts.iter().map(|id| {
        let about = match portfolio.rows.get(id) {
            Some(row) if row.closed => closed(lang).to_owned(),
            Some(row) => row
                .last_touch()
                .map_or_else(|| never(lang).to_owned(), |at| say_days_ago(calendar.days_since(at), lang)),
            None => String::new(),
        };
        let name = directory.account(*id, lang).to_owned();
        line(view! { <a href=format!("/accounts/{id}")>{name}</a> }.into_any(), about)
    });
    let contacts = found.contacts.iter().map(|id| {
        let contact = directory.contacts.get(id);
        let at = contact.and_then(|contact| contact.account).map(|account| directory.account(account, lang).to_owned());
        let title = contact.and_then(|contact| contact.details.known()?.title.as_ref()).map(ToString::to_string);
        let about = title.into_iter().chain(at).collect::<Vec<_>>().join(" · ");
        let name = directory.contact(*id, lang).to_owned();
        line(view! { <Person name href=format!("/contacts/{id}") side="client" /> }.into_any(), about)
    });
    let colleagues = found.colleagues.iter().map(|id| {
        let colleague = directory.colleagues.get(id);
        let unit = colleague.and_then(|colleague| colleague.unit).map(|unit| directory.unit(unit, lang).to_owned());
        let left = colleague.is_some_and(|colleague| colleague.left).then(|| has_left(lang).to_owned());
        let about = unit.into_iter().chain(left).collect::<Vec<_>>().join(" · ");
        let name = directory.colleague(*id, lang).to_owned();
        line(view! { <Person name href=format!("/colleagues/{id}") side="internal" /> }.into_any(), about)
    });
    let units = found.units.iter().map(|id| {
        let name = directory.unit(*id, lang).to_owned();
        line(view! { <a href=format!("/units/{id}")>{name}</a> }.into_any(), String::new())
    });
    let kinds: [(&'static str, usize, Vec<AnyView>); 4] = [
        (found_accounts(lang), n_accounts, accounts.collect()),
        (found_contacts(lang), n_contacts, contacts.collect()),
        (found_colleagues(lang), n_colleagues, colleagues.collect()),
        (found_units(lang), n_units, units.collect()),
    ];
    kinds
        .into_iter()
        .filter(|(_, total, _)| *total > 0)
        .map(|(heading, total, lines)| {
            let n = if lines.len() < total {
                first_of(lang, &count(lines.len(), lang), &count(total, lang))
            } else {
                count(total, lang)
            };
            view! {
                <section class="card">
                    <header>
                        <h2>{heading}</h2>
                        <span class="small muted">{n}</span>
                    </header>
                    <ul class="items">{lines}</ul>
                </section>
            }
        })
        .collect_view()
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: &str) -> Ask {
        let pairs: Vec<(String, String)> = address
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ask::from_query(|name| pairs.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn an_address_reads_back_what_was_asked() {
        let ask =
            Ask { scope: Some(Scope::All), by: Column::Overdue, reversed: true, page: 2, find: Some("north".into()) };
        assert_eq!(asked(&ask.query()), ask);
        assert_eq!(asked("sort=nonsense&scope=yours&q="), Ask::default());
        assert_eq!(Ask::default().address(), "portfolio");
    }

    #[test]
    fn the_same_column_again_turns_round() {
        let ask = Ask::default();
        assert_eq!(sorted(&ask, Column::Name), "/?sort=name");
        let second = Ask { by: Column::Name, page: 1, ..ask };
        assert_eq!(sorted(&second, Column::Name), "/?sort=name&reversed=yes", "from the first page");
    }

    #[test]
    fn a_key_account_manager_sees_their_own_first() {
        assert_eq!(Scope::usual(Some(Role::AccountManager)), Scope::Mine);
        assert_eq!(Scope::usual(Some(Role::Analyst)), Scope::All);
    }
}
