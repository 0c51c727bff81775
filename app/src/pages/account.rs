//! The account: both fronts of it on one timeline, and beside it whom to know, what is promised, and
//! how its work is answered inside.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, StepId};
use shared::record::Record;
use shared::views::account_file::OpenStep;
use shared::views::alignment::{ANSWERS, Course, Figure, PROMISES, Scope};
use shared::views::directory;
use shared::views::timeline::Filter;
use shared::views::{AccountFile, Board, View};

use crate::address::with_query;
use crate::live::Follow;
use crate::parts::course::{answer_briefly, figure, kept_words};
use crate::parts::entry::place_words;
use crate::parts::history::{History, HistorySection, WithHistory, filter_query, writes};
use crate::parts::steps::{Due, StepRow, StepsCard};
use crate::parts::{Icon, Person};
use crate::read::{Query, Reader, Trouble, page_in_place, use_calendar, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::{self, Zone};

// The server reads it from here.
pub use crate::parts::history::filter_from;

crate::texts! {
    accounts { en: "Accounts", ru: "Клиенты" }
    path { en: "Path", ru: "Путь" }
    managed_by { en: "managed by", ru: "ведёт" }
    unmanaged { en: "managed by nobody yet", ru: "пока никто не ведёт" }
    nobody { en: "nobody yet", ru: "пока никто" }
    sponsor { en: "sponsor", ru: "куратор" }
    closed(why: &str) { en: "closed: {why}", ru: "закрыт: {why}" }
    hand_over { en: "Hand over", ru: "Передать в работу" }
    edit { en: "Facts and changes", ru: "Сведения и изменения" }
    since_touch(n: u64) {
        en: plural(n) { "day since the last touch", "days since the last touch" },
        ru: plural(n) { "день с последнего касания", "дня с последнего касания", "дней с последнего касания" },
    }
    since_person(n: u64) {
        en: plural(n) { "day since we met in person", "days since we met in person" },
        ru: plural(n) { "день с личной встречи", "дня с личной встречи", "дней с личной встречи" },
    }
    never_touched { en: "never touched yet", ru: "касаний ещё не было" }
    never_met { en: "never met in person", ru: "лично не встречались" }
    promises(n: u64) {
        en: plural(n) { "promise open", "promises open" },
        ru: plural(n) { "открытое обещание", "открытых обещания", "открытых обещаний" },
    }
    /// Leads to the list, where that stands below the timeline.
    whom_we_know(n: u64) {
        en: plural(n) { "contact", "contacts" },
        ru: plural(n) { "контакт", "контакта", "контактов" },
    }
    handoffs_open(n: u64) {
        en: plural(n) { "handoff open", "handoffs open" },
        ru: plural(n) { "передача в работе", "передачи в работе", "передач в работе" },
    }
    about { en: "About the account", ru: "О клиенте" }
    contacts { en: "Contacts", ru: "Контакты" }
    add_contact { en: "Add", ru: "Добавить" }
    no_contacts { en: "Nobody yet. Who is the first person you would call?", ru: "Пока никого. Кому бы вы позвонили первым?" }
    has_left { en: "has left", ru: "больше не работает" }
    open_handoffs { en: "Open handoffs", ru: "Открытые передачи" }
    units { en: "Units", ru: "Подразделения" }
    unit { en: "Unit", ru: "Подразделение" }
    asked { en: "Asked", ru: "Просили" }
    answer { en: "Answer", ru: "Ответ" }
    kept { en: "In time", ru: "В срок" }
    facts { en: "Facts", ru: "Сведения" }
    industry { en: "Industry", ru: "Отрасль" }
    place { en: "Place", ru: "Место" }
    website { en: "Website", ru: "Сайт" }
    linked { en: "Linked to", ru: "Связан с" }
    key_reason { en: "Key because", ru: "Почему такая категория" }
}

/// The page of one account, with what its timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub account: Option<AccountId>,
    pub filter: Filter,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountPage {
    pub history: History,
    pub file: AccountFile,
    pub board: Board,
    pub course: Course,
}

impl Query for Ask {
    type Page = AccountPage;

    fn answer(&self, reader: &dyn Reader) -> Result<AccountPage, Trouble> {
        let account = self.account.ok_or(Trouble::NotFound)?;
        let mut file = AccountFile::new(account);
        let each = &mut |record: &Record| file.fold(record);
        let mut history = History::read(account.into(), Some(account), &self.filter, reader, each)?;
        let mut found = None;
        reader.company(&mut |company| {
            history.name(&company.directory, [account], []);
            found = Some((company.board.of(account), company.alignment.of_account(account)));
        });
        let (board, course) = found.ok_or(Trouble::NotFound)?;
        if !history.directory.accounts.contains_key(&account) {
            return Err(Trouble::NotFound);
        }
        Ok(AccountPage { history, file: file.cut(), board, course })
    }

    fn address(&self) -> String {
        let account = self.account.map(|account| account.to_string()).unwrap_or_default();
        with_query(&format!("account/{account}"), &filter_query(&self.filter))
    }
}

impl Follow for AccountPage {
    fn position(&self) -> u64 {
        self.history.position
    }

    fn fold(&mut self, record: &Record) {
        self.history.fold(record);
        self.file.fold(record);
        self.board.fold(record);
        self.course.fold(record);
    }

    fn is_stale(&self) -> bool {
        self.history.is_stale() || self.file.stale || self.course.stale
    }
}

impl WithHistory for AccountPage {
    fn history(&self) -> &History {
        &self.history
    }
}

#[component]
pub fn Account() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let ask = move || Ask {
        account: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()),
        filter: query.with(|query| filter_from(|name| query.get(name))),
    };
    page_in_place(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<AccountPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let viewer = use_viewer();
    let zone = viewer.as_ref().map_or_else(Zone::utc, |viewer| viewer.zone.clone());
    let writes = writes(viewer.and_then(|viewer| viewer.role));
    let (account, seed) = model.with_untracked(|model| (model.file.account, model.history.seed));
    let back = format!("/accounts/{account}");
    let steps_zone = zone.clone();
    let steps = Memo::new(move |_| model.with(|model| step_rows(model, &steps_zone, lang)));
    let name = move || model.with(|model| model.history.directory.account(account, lang).to_owned());
    let filter = Signal::derive(move || ask.get().filter);
    let path = back.clone();
    view! {
        <Title text=name />
        <Head model account writes />
        <div class="with-side">
            <HistorySection model filter path log=format!("/log?account={account}") writes />
            <aside class="side" aria-label=about(lang)>
                {move || model.with(|model| contacts_card(model, lang, writes))}
                <StepsCard rows=steps seed writes back />
                {move || model.with(|model| rest_of_side(model, &zone, lang))}
            </aside>
        </div>
    }
}

#[component]
fn Head(model: RwSignal<AccountPage>, account: AccountId, writes: bool) -> impl IntoView {
    let lang = use_lang();
    let subtitle = move || {
        model.with(|model| {
            let entry = model.history.directory.accounts.get(&account)?;
            let tier = entry.tier.as_ref().map(|(tier, _)| tier.say(lang));
            let person = |id| {
                let name = model.history.directory.colleague(id, lang).to_owned();
                view! { <a href=format!("/colleagues/{id}")>{name}</a> }
            };
            let managed = entry.kam.map_or_else(
                || unmanaged(lang).into_any(),
                |kam| view! { {managed_by(lang)}" "{person(kam)} }.into_any(),
            );
            let sponsored = entry.sponsor.map(|id| view! { <span>{sponsor(lang)}" "{person(id)}</span> });
            let ended = entry.closed.as_ref().map(
                |why| view! { <span class="bad">{closed(lang, directory::reason(why.reason.as_ref(), lang))}</span> },
            );
            Some(view! {
                <p class="subtitle">
                    {tier.map(|tier| view! { <span class="tag-key"><Icon name="star" />{tier}</span> })}
                    <span>{managed}</span>
                    {sponsored}
                    {ended}
                </p>
            })
        })
    };
    let figures = move || model.with(|model| figures(model, lang));
    view! {
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/">{accounts(lang)}</a>
            </nav>
            <div class="title">
                <h1>{move || model.with(|model| model.history.directory.account(account, lang).to_owned())}</h1>
                <Show when=move || writes>
                    <div class="row">
                        <a class="button" href=format!("/handoffs/new?account={account}")>
                            <Icon name="handoff" />
                            {hand_over(lang)}
                        </a>
                        <a class="button quiet" href=format!("/accounts/{account}/edit")>
                            {edit(lang)}
                        </a>
                    </div>
                </Show>
            </div>
            {subtitle}
            {figures}
        </header>
    }
}

/// The living figures, each a link to what is behind it.
fn figures(model: &AccountPage, lang: Lang) -> impl IntoView + use<> {
    let AccountPage { file, history, .. } = model;
    let calendar = use_calendar(history.now);
    let figure = |last: Option<shared::views::account_file::Last>,
                  some: fn(Lang, u64) -> String,
                  none: &'static str| match last {
        Some(last) => {
            let days = calendar.days_since(last.touch.occurred);
            // The sentence repeats no number: it stands before it.
            let text = some(lang, days);
            view! { <li><a href=history.place_of(last.event, &format!("/accounts/{}", file.account))><b>{when::number(days, lang)}</b>" "{text}</a></li> }.into_any()
        }
        None => view! { <li><a href="#timeline"><b>"—"</b>" "{none}</a></li> }.into_any(),
    };
    let touch = figure(file.last_touch(), since_touch, never_touched(lang));
    let met = figure(file.last_in_person(), since_person, never_met(lang));
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let (open, handed) = (count(file.open_steps().len()), count(file.handoffs.len()));
    let known =
        count(history.directory.contacts_of(file.account, lang).into_iter().filter(|(_, one)| !one.left).count());
    let handed_over = (handed > 0).then(|| {
        view! {
            <li>
                <a href="#handoffs">
                    <b>{when::number(handed, lang)}</b>
                    " "
                    {handoffs_open(lang, handed)}
                </a>
            </li>
        }
    });
    view! {
        <ul class="figures">
            {touch} {met} <li>
                <a href="#steps">
                    <b>{when::number(open, lang)}</b>
                    " "
                    {promises(lang, open)}
                </a>
            </li>
            {handed_over}
            <li class="far">
                <a href="#contacts">
                    <b>{when::number(known, lang)}</b>
                    " "
                    {whom_we_know(lang, known)}
                </a>
            </li>
        </ul>
    }
}

fn rest_of_side(model: &AccountPage, zone: &Zone, lang: Lang) -> impl IntoView + use<> {
    view! { {handoffs_card(model, zone, lang)} {units_card(model, lang)} {facts_card(model, lang)} }
}

fn contacts_card(model: &AccountPage, lang: Lang, writes: bool) -> impl IntoView + use<> {
    let AccountPage { file, history: History { directory, now, .. }, .. } = model;
    let (account, calendar) = (file.account, use_calendar(*now));
    let mut people = directory.contacts_of(account, lang);
    people.sort_by_key(|(id, contact)| (contact.left, std::cmp::Reverse(file.freshness(*id))));
    let is_empty = people.is_empty();
    let rows = people
        .into_iter()
        .map(|(id, contact)| {
            let name = directory.contact(id, lang).to_owned();
            let fresh = match file.last_with(id) {
                _ if contact.left => has_left(lang).to_owned(),
                Some(last) => shared::views::touch::say_days_ago(calendar.days_since(last.touch.occurred), lang),
                None => "—".to_owned(),
            };
            let title = contact.details.known().and_then(|details| details.title.as_ref()).map(ToString::to_string);
            let part = contact.place.role.is_some().then(|| place_words(&contact.place, lang));
            let about = title.into_iter().chain(part).collect::<Vec<_>>().join(" · ");
            view! {
                <li class="person-row">
                    <Person name href=format!("/contacts/{id}") side="client" />
                    <span class="small muted">{fresh}</span>
                    <span class="about small muted">{about}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" id="contacts">
            <header>
                <h2>{contacts(lang)}</h2>
                {writes.then(|| view! { <a href=format!("/contacts/new?account={account}")>{add_contact(lang)}</a> })}
            </header>
            {if is_empty {
                view! { <p class="small muted">{no_contacts(lang)}</p> }.into_any()
            } else {
                view! { <ul class="items">{rows}</ul> }.into_any()
            }}
        </section>
    }
}

fn step_rows(model: &AccountPage, zone: &Zone, lang: Lang) -> Vec<StepRow> {
    let AccountPage { file, history: History { directory, now, .. }, .. } = model;
    let calendar = zone.calendar(*now);
    let row = |(id, step): (StepId, &OpenStep)| {
        let who = step.owner.map_or(nobody(lang), |owner| directory.colleague(owner, lang));
        StepRow::new(id, step, Some((who.to_owned(), None)), &calendar, lang)
    };
    file.open_steps().into_iter().map(row).collect()
}

fn handoffs_card(model: &AccountPage, zone: &Zone, lang: Lang) -> impl IntoView + use<> {
    let AccountPage { board, file, history: History { directory, now, .. }, .. } = model;
    let calendar = zone.calendar(*now);
    let open: Vec<_> = board.open.iter().filter(|(_, card)| card.account == file.account).collect();
    (!open.is_empty()).then(|| {
        let rows = open
            .into_iter()
            .map(|(id, card)| {
                let what = card
                    .words
                    .known()
                    .map_or_else(|| directory::forgotten(lang).to_owned(), |words| words.what.to_string());
                let to = directory.party(card.to, lang);
                let days_overdue = card.is_overdue(&calendar).then(|| card.days_overdue(&calendar));
                let due = Due::new(card.due, days_overdue, calendar.today, lang).view();
                view! {
                    <li>
                        <a href=format!("/handoffs#h{id}")>{what}</a>
                        <div class="small muted">{due} {format!(" · {to}")}</div>
                    </li>
                }
            })
            .collect_view();
        view! {
            <section class="card" id="handoffs">
                <header>
                    <h2>{open_handoffs(lang)}</h2>
                </header>
                <ul class="items">{rows}</ul>
            </section>
        }
    })
}

fn units_card(model: &AccountPage, lang: Lang) -> impl IntoView + use<> {
    let AccountPage { course, file, history: History { directory, .. }, .. } = model;
    let cells = course.by_account.get(&file.account).filter(|cells| !cells.is_empty());
    cells.map(|cells| {
        let rows = cells
            .iter()
            .map(|(id, cell)| {
                let scope = Scope::of_account(file.account, *id);
                let asked = cell.n(&[Figure::Offered]).to_string();
                view! {
                    <tr>
                        <th scope="row">
                            <a href=format!("/units/{id}")>{directory.unit(*id, lang).to_owned()}</a>
                        </th>
                        <td class="n">{figure(asked, cell, &[Figure::Offered], scope)}</td>
                        <td class="n">{figure(kept_words(cell, lang), cell, &PROMISES, scope)}</td>
                        <td class="n">{figure(answer_briefly(cell, lang), cell, &ANSWERS, scope)}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <section class="card" id="units">
                <header>
                    <h2>{units(lang)}</h2>
                </header>
                <table class="table dense narrow">
                    <thead>
                        <tr>
                            <th scope="col">{unit(lang)}</th>
                            <th scope="col" class="n">
                                {asked(lang)}
                            </th>
                            <th scope="col" class="n">
                                {kept(lang)}
                            </th>
                            <th scope="col" class="n">
                                {answer(lang)}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
    })
}

fn facts_card(model: &AccountPage, lang: Lang) -> impl IntoView + use<> {
    let account = model.history.directory.accounts.get(&model.file.account);
    account.map(|account| {
        let description = &account.description;
        let place_text = [&description.city, &description.country].into_iter().flatten().map(ToString::to_string);
        let place_text = place_text.collect::<Vec<_>>().join(", ");
        let links = account.links.iter().map(|(system, key)| format!("{system} {key}")).collect::<Vec<_>>().join(", ");
        let told = |text: String| (!text.is_empty()).then(|| text.into_any());
        let reason = account.tier.as_ref().map(|(_, reason)| directory::reason(reason.as_ref(), lang).to_owned());
        let rows = [
            (industry(lang), description.industry.as_ref().and_then(|text| told(text.to_string()))),
            (place(lang), told(place_text)),
            (website(lang), description.website.as_ref().map(|address| site(address.to_string()))),
            (key_reason(lang), reason.and_then(told)),
            (linked(lang), told(links)),
        ];
        let rows: Vec<_> = rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <section class="card" id="facts">
                    <header>
                        <h2>{facts(lang)}</h2>
                    </header>
                    <dl class="facts">
                        {rows
                            .into_iter()
                            .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
                            .collect_view()}
                    </dl>
                </section>
            }
        })
    })
}

/// What a browser can open is a link; somebody may have written anything else.
fn site(address: String) -> AnyView {
    if ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme)) {
        let shown = address.clone();
        view! {
            <a href=address rel="external noreferrer">
                {shown}
            </a>
        }
        .into_any()
    } else {
        address.into_any()
    }
}
