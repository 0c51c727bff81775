//! The frame around every page: the rail (a bar at the bottom of phones), the bar at the top with
//! what is always in reach, and the person's menu.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use shared::policy;

use crate::address::with_query;
use crate::live::Line;
use crate::parts::history::writes;
use crate::parts::waiting::{Waiting, WaitingCount, use_waiting};
use crate::parts::{Icon, initials};
use crate::read::use_viewer;
use crate::source::called;
use crate::text::{LANGS, own_name, use_lang};

crate::texts! {
    skip { en: "Skip to the content", ru: "Перейти к содержанию" }
    main_nav { en: "Main", ru: "Основная навигация" }
    bottom_nav { en: "Main, at the bottom", ru: "Основная навигация, внизу" }
    accounts { en: "Accounts", ru: "Клиенты" }
    handoffs { en: "Handoffs", ru: "Передачи" }
    alignment { en: "Alignment", ru: "Слаженность" }
    events { en: "Events", ru: "События" }
    company { en: "Our people", ru: "Наши люди" }
    import { en: "Import", ru: "Загрузка" }
    settings { en: "Settings", ru: "Настройки" }
    more { en: "More", ru: "Ещё" }
    log { en: "Log", ru: "Записать" }
    find { en: "Find an account, a person", ru: "Клиент или человек" }
    live { en: "Live", ru: "На связи" }
    offline { en: "No connection", ru: "Нет связи" }
    menu_of(name: &str) { en: "{name}: menu", ru: "{name}: меню" }
    my_page { en: "My page", ru: "Моя страница" }
    sign_out { en: "Sign out", ru: "Выйти" }
    keys { en: "Keys", ru: "Клавиши" }
    about_data { en: "About the data", ru: "О данных" }
    generated(source: &str) {
        en: "This company, its people and its events are made up by a program ({source}).",
        ru: "Эта компания, её люди и события выдуманы программой ({source}).",
    }
}

/// (address, icon, text) of the places in the rail.
type Place = (&'static str, &'static str, fn(crate::Lang) -> &'static str);

const PLACES: [Place; 4] = [
    ("/", "accounts", accounts),
    ("/handoffs", "handoff", handoffs),
    ("/alignment", "alignment", alignment),
    ("/events", "events", events),
];
const LAST: [Place; 3] =
    [("/company", "unit", company), ("/import", "upload", import), ("/settings", "settings", settings)];

/// Pages that belong to a place though their address begins otherwise.
const PARTS: [(&str, &str); 6] = [
    ("/accounts/", "/"),
    ("/contacts/", "/"),
    ("/colleagues/", "/company"),
    ("/units/", "/company"),
    ("/password", "/settings"),
    ("/tokens", "/settings"),
];

/// The frame with a page in it.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let lang = use_lang();
    let line = Line(RwSignal::new(true));
    provide_context(line);
    let waiting = use_waiting();
    let viewer = use_viewer();
    let name = viewer.as_ref().map(|viewer| viewer.name.clone()).unwrap_or_default();
    let me = viewer.as_ref().map(|viewer| format!("/colleagues/{}", viewer.me)).unwrap_or_default();
    let is_administrator = viewer.as_ref().is_some_and(|viewer| policy::administers(viewer.role));
    let may_log = writes(viewer.as_ref().and_then(|viewer| viewer.role));
    let source = viewer.and_then(|viewer| viewer.generated);
    let query = use_query_map();
    let sought = move || query.with(|query| query.get("q").unwrap_or_default());
    // Nobody is led to a page that is not for them.
    let last = move || LAST.into_iter().filter(move |(address, ..)| is_administrator || *address != "/import");
    view! {
        <div class="frame">
            <a class="skip-link" href="#main" rel="external">{skip(lang)}</a>
            {source
                .map(|source| {
                    view! {
                        <aside class="generated" aria-label=about_data(lang)>
                            <Icon name="generated" />
                            <span>{generated(lang, &called(&source, lang))}</span>
                        </aside>
                    }
                })}
            <nav class="rail" aria-label=main_nav(lang)>
                <a class="brand" href="/">
                    <img src=crate::assets::use_asset("favicon.svg") alt="" width="20" height="20" />
                    <span>"Twofront"</span>
                </a>
                <ul>{PLACES.map(|place| view! { <li><PlaceLink place waiting /></li> }).collect_view()}</ul>
                <ul class="last">{last().map(|place| view! { <li><PlaceLink place waiting /></li> }).collect_view()}</ul>
            </nav>
            <header class="topbar">
                <form class="find" role="search" action="/" method="get">
                    <Icon name="search" />
                    <input type="search" name="q" id="find" value=sought prop:value=sought placeholder=find(lang) aria-label=find(lang) aria-keyshortcuts="/" />
                    <kbd class="hint-key" aria-hidden="true">"/"</kbd>
                </form>
                <span class="live needs-script" class:off=move || !line.0.get() role="status">
                    {move || if line.0.get() { live(lang) } else { offline(lang) }}
                </span>
                <button class="button quiet" type="button" popovertarget="me" aria-label=menu_of(lang, &name)>
                    <span class="person internal">
                        <abbr aria-hidden="true">{initials(&name)}</abbr>
                    </span>
                </button>
                <div class="menu" id="me" popover="auto">
                    <a href=me>
                        <Icon name="user" />
                        {my_page(lang)}
                    </a>
                    {last()
                        .map(|(address, icon, text)| {
                            view! {
                                <a href=address>
                                    <Icon name=icon />
                                    {text(lang)}
                                </a>
                            }
                        })
                        .collect_view()}
                    <LanguageChoice />
                    <button type="button" data-keys="">
                        <Icon name="keyboard" />
                        {keys(lang)}
                    </button>
                    <hr />
                    <form method="post" action="/sign-out">
                        <button type="submit">
                            <Icon name="sign-out" />
                            {sign_out(lang)}
                        </button>
                    </form>
                </div>
                {may_log
                    .then(|| {
                        view! {
                            <a class="log-fab button primary" href=log_address aria-keyshortcuts="c">
                                <Icon name="log" />
                                {log(lang)}
                            </a>
                        }
                    })}
            </header>
            <main class="content" id="main" tabindex="-1">
                {children()}
            </main>
            <nav class="bottombar" aria-label=bottom_nav(lang)>
                {PLACES.map(|place| view! { <PlaceLink place waiting /> }).collect_view()}
                <button type="button" popovertarget="me">
                    <Icon name="menu" />
                    <span>{more(lang)}</span>
                </button>
            </nav>
            <super::submit::Toasts />
            <super::keys::Keys />
        </div>
    }
}

/// Logging from the page of an account or a contact starts with them.
fn log_address() -> String {
    let path = use_location().pathname.get();
    match path.strip_prefix("/accounts/").and_then(|rest| rest.split('/').next()) {
        Some(account) if !account.is_empty() => return format!("/log?account={account}"),
        _ => {}
    }
    match path.strip_prefix("/contacts/").and_then(|rest| rest.split('/').next()) {
        Some(contact) if !contact.is_empty() && contact != "new" => format!("/log?contact={contact}"),
        _ => "/log".to_owned(),
    }
}

#[component]
fn PlaceLink(place: Place, waiting: RwSignal<Waiting>) -> impl IntoView {
    let lang = use_lang();
    let (address, icon, text) = place;
    let path = use_location().pathname;
    let is_here = move || {
        let path = path.get();
        path == address
            || (address != "/" && path.starts_with(address))
            || PARTS.iter().any(|(begins, place)| *place == address && path.starts_with(begins))
    };
    view! {
        <a href=address aria-current=move || is_here().then_some("page")>
            <Icon name=icon />
            <span>{text(lang)}</span>
            {(address == "/handoffs").then(|| view! { <WaitingCount waiting /> })}
        </a>
    }
}

/// Offers the languages; a plain form, so it works before and without WebAssembly.
#[component]
pub fn LanguageChoice() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let back = move || with_query(&location.pathname.get(), &location.search.get());
    view! {
        <form method="post" action="/language">
            <input type="hidden" name="back" value=back />
            {LANGS
                .into_iter()
                .filter(|choice| *choice != lang)
                .map(|choice| {
                    view! {
                        <button name="lang" value=choice.code() lang=choice.code()>
                            <Icon name="languages" />
                            {own_name(choice)}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}
