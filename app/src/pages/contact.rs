//! A contact: how to reach them, their part in the buying centre, how fresh the acquaintance is, and
//! everything that happened with them.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, ContactId};
use shared::record::Record;
use shared::views::account_file::Last;
use shared::views::directory;
use shared::views::timeline::Filter;
use shared::views::{Acquaintance, View};

use crate::address::with_query;
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::entry::place_words;
use crate::parts::history::{History, HistorySection, WithHistory, filter_from, filter_query, writes};
use crate::read::{Query, Reader, Trouble, page_in_place, use_calendar, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when;

crate::texts! {
    accounts { en: "Accounts", ru: "Клиенты" }
    path { en: "Path", ru: "Путь" }
    change { en: "Change", ru: "Изменить" }
    log { en: "Log", ru: "Записать" }
    has_left { en: "has left", ru: "больше не работает" }
    nowhere { en: "at no account yet", ru: "пока не привязан к клиенту" }
    reports_to(name: &str) { en: "reports to {name}", ru: "руководитель: {name}" }
    not_mapped { en: "Place in the buying centre unknown", ru: "Роль в закупке пока неизвестна" }
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
    touches(n: u64) {
        en: plural(n) { "touch", "touches" },
        ru: plural(n) { "касание", "касания", "касаний" },
    }
    in_person(n: &str) { en: "{n} in person", ru: "{n} лично" }
    about { en: "About the contact", ru: "О контакте" }
    reach { en: "Reach", ru: "Связаться" }
    phone { en: "Phone", ru: "Телефон" }
    mobile { en: "Mobile", ru: "Мобильный" }
    email { en: "E-mail", ru: "Почта" }
    address { en: "Address", ru: "Адрес" }
    department { en: "Department", ru: "Отдел" }
    unreachable { en: "No way to reach them is written down.", ru: "Как связаться, пока не записано." }
    sealed { en: "How to reach clients' people is not for your role.", ru: "Контактные данные людей клиента для вашей роли скрыты." }
    note { en: "Note", ru: "Заметка" }
    their_accounts { en: "Accounts", ru: "Клиенты" }
    works_here { en: "works here", ru: "работает здесь" }
    worked_here { en: "used to work here", ru: "прежнее место работы" }
    also { en: "also has to do with it", ru: "связан и с ним" }
}

/// The page of one contact, with what its timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub contact: Option<ContactId>,
    pub filter: Filter,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactPage {
    pub contact: ContactId,
    pub history: History,
    pub acquaintance: Acquaintance,
}

impl Query for Ask {
    type Page = ContactPage;

    fn answer(&self, reader: &dyn Reader) -> Result<ContactPage, Trouble> {
        let contact = self.contact.ok_or(Trouble::NotFound)?;
        let mut acquaintance = Acquaintance::new(contact);
        let each = &mut |record: &Record| acquaintance.fold(record);
        let mut history = History::read(contact.into(), None, &self.filter, reader, each)?;
        reader.company(&mut |company| {
            let Some(entry) = company.directory.contacts.get(&contact) else { return };
            let accounts = entry.account.into_iter().chain(entry.associated.iter().copied());
            history.name(&company.directory, accounts, entry.place.reports_to.into_iter().chain([contact]));
        });
        if !history.directory.contacts.contains_key(&contact) {
            return Err(Trouble::NotFound);
        }
        Ok(ContactPage { contact, history, acquaintance })
    }

    fn address(&self) -> String {
        let contact = self.contact.map(|contact| contact.to_string()).unwrap_or_default();
        with_query(&format!("contact/{contact}"), &filter_query(&self.filter))
    }
}

impl Follow for ContactPage {
    fn position(&self) -> u64 {
        self.history.position
    }

    fn fold(&mut self, record: &Record) {
        self.history.fold(record);
        self.acquaintance.fold(record);
    }

    fn is_stale(&self) -> bool {
        self.history.is_stale()
    }
}

impl WithHistory for ContactPage {
    fn history(&self) -> &History {
        &self.history
    }
}

impl ContactPage {
    fn entry(&self) -> Option<&directory::Contact> {
        self.history.directory.contacts.get(&self.contact)
    }

    /// Their own account, then those that they also have to do with.
    fn accounts(&self) -> Vec<AccountId> {
        let Some(entry) = self.entry() else { return vec![] };
        let others = entry.associated.iter().copied().filter(|account| Some(*account) != entry.account);
        entry.account.into_iter().chain(others).collect()
    }
}

#[component]
pub fn Contact() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let ask = move || Ask {
        contact: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()),
        filter: query.with(|query| filter_from(|name| query.get(name))),
    };
    page_in_place(ask, move |model| view! { <Loaded model ask=Signal::derive(ask) /> })
}

#[component]
fn Loaded(model: RwSignal<ContactPage>, ask: Signal<Ask>) -> impl IntoView {
    let lang = use_lang();
    let role = use_viewer().and_then(|viewer| viewer.role);
    let writes = writes(role);
    let (contact, account) =
        model.with_untracked(|model| (model.contact, model.entry().and_then(|entry| entry.account)));
    let path = format!("/contacts/{contact}");
    let log_address = account.map_or_else(
        || format!("/log?contact={contact}"),
        |account| format!("/log?account={account}&contact={contact}"),
    );
    let name = move || model.with(|model| model.history.directory.contact(contact, lang).to_owned());
    let filter = Signal::derive(move || ask.get().filter);
    view! {
        <Title text=name />
        <header class="page-head">
            {move || model.with(|model| crumbs(model, lang))}
            <div class="title">
                <h1>{name}</h1>
                {writes
                    .then(|| {
                        view! {
                            <div class="row">
                                <a class="button" href=log_address.clone()>
                                    <Icon name="log" />
                                    {log(lang)}
                                </a>
                                <a class="button quiet" href=format!("{path}/edit")>
                                    <Icon name="edit" />
                                    {change(lang)}
                                </a>
                            </div>
                        }
                    })}
            </div>
            {move || model.with(|model| subtitle(model, lang))}
            {move || model.with(|model| figures(model, lang))}
        </header>
        <div class="with-side">
            <HistorySection model filter path=path.clone() log=log_address.clone() writes />
            <aside class="side" aria-label=about(lang)>
                {move || {
                    model.with(|model| view! { {reach_card(model, lang)} {note_card(model, lang)} {accounts_card(model, lang)} })
                }}
            </aside>
        </div>
    }
}

fn crumbs(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    let account = page.entry().and_then(|entry| entry.account).map(|account| {
        let name = page.history.directory.account(account, lang).to_owned();
        view! {
            " / "
            <a href=format!("/accounts/{account}")>{name}</a>
        }
    });
    view! {
        <nav class="crumbs" aria-label=path(lang)>
            <a href="/">{accounts(lang)}</a>
            {account}
        </nav>
    }
}

fn subtitle(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    page.entry().map(|entry| {
        let title = entry.details.known().and_then(|details| details.title.as_ref()).map(ToString::to_string);
        let mapped = entry.place.role.is_some() || entry.place.influence.is_some();
        let place = if mapped { place_words(&entry.place, lang) } else { not_mapped(lang).to_owned() };
        let above = entry.place.reports_to.map(|above| {
            let text = reports_to(lang, page.history.directory.contact(above, lang));
            view! {
                <span>
                    <a href=format!("/contacts/{above}")>{text}</a>
                </span>
            }
        });
        view! {
            <p class="subtitle">
                {title.map(|title| view! { <span class="tag-client">{title}</span> })}
                <span>{place}</span>
                {above}
                {entry.left.then(|| view! { <span class="bad">{has_left(lang)}</span> })}
                {entry.account.is_none().then(|| view! { <span>{nowhere(lang)}</span> })}
            </p>
        }
    })
}

fn figures(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    let ContactPage { history, acquaintance, .. } = page;
    let calendar = use_calendar(history.now);
    let since = |last: Option<Last>, some: fn(Lang, u64) -> String, none: &'static str| match last {
        Some(last) => {
            let days = calendar.days_since(last.touch.occurred);
            view! {
                <li>
                    <a href=history.place_of(last.event, &format!("/contacts/{}", page.contact))>
                        <b>{when::number(days, lang)}</b>
                        " "
                        {some(lang, days)}
                    </a>
                </li>
            }
            .into_any()
        }
        None => view! { <li><a href="#timeline"><b>"—"</b>" "{none}</a></li> }.into_any(),
    };
    let (n, met) = acquaintance.touches();
    let count = u64::try_from(n).unwrap_or(u64::MAX);
    view! {
        <ul class="figures">
            {since(acquaintance.last(), since_touch, never_touched(lang))}
            {since(acquaintance.last_in_person(), since_person, never_met(lang))}
            <li>
                <a href="#timeline">
                    <b>{when::number(count, lang)}</b>
                    " "
                    {format!("{}, {}", touches(lang, count), in_person(lang, &when::count(met, lang)))}
                </a>
            </li>
        </ul>
    }
}

fn reach_card(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    let details = page.entry().and_then(|entry| entry.details.known());
    let nothing = if details.is_some() { unreachable(lang) } else { sealed(lang) };
    let row = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any();
    let call = |number: &str| {
        let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        view! { <a href=format!("tel:{digits}") rel="external">{number.to_owned()}</a> }.into_any()
    };
    let rows: Vec<AnyView> = details.map_or_else(Vec::new, |details| {
        let mail = details.email.as_ref().map(|to| {
            let link = view! { <a href=format!("mailto:{to}") rel="external">{to.to_string()}</a> };
            row(email(lang), link.into_any())
        });
        [
            details.phone.as_ref().map(|number| row(phone(lang), call(number.as_str()))),
            details.mobile.as_ref().map(|number| row(mobile(lang), call(number.as_str()))),
            mail,
            details.department.as_ref().map(|text| row(department(lang), text.to_string().into_any())),
            details.address.as_ref().map(|text| row(address(lang), text.to_string().into_any())),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    let is_empty = rows.is_empty();
    view! {
        <section class="card">
            <header>
                <h2>{reach(lang)}</h2>
            </header>
            {if is_empty {
                view! { <p class="small muted">{nothing}</p> }.into_any()
            } else {
                view! { <dl class="facts">{rows}</dl> }.into_any()
            }}
        </section>
    }
}

fn note_card(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    let notes = page.entry().and_then(|entry| entry.details.known()?.notes.as_ref()).map(ToString::to_string);
    notes.map(|notes| {
        view! {
            <section class="card">
                <header>
                    <h2>{note(lang)}</h2>
                </header>
                <p class="whole">{notes}</p>
            </section>
        }
    })
}

fn accounts_card(page: &ContactPage, lang: Lang) -> impl IntoView + use<> {
    let own = page.entry().and_then(|entry| entry.account);
    let works = if page.entry().is_some_and(|entry| entry.left) { worked_here(lang) } else { works_here(lang) };
    let rows = page.accounts();
    (!rows.is_empty()).then(|| {
        let rows = rows
            .into_iter()
            .map(|account| {
                let name = page.history.directory.account(account, lang).to_owned();
                let word = if Some(account) == own { works } else { also(lang) };
                view! {
                    <li class="row apart">
                        <a href=format!("/accounts/{account}")>{name}</a>
                        <span class="small muted">{word}</span>
                    </li>
                }
            })
            .collect_view();
        view! {
            <section class="card">
                <header>
                    <h2>{their_accounts(lang)}</h2>
                </header>
                <ul class="items">{rows}</ul>
            </section>
        }
    })
}
