//! What a person settles for themselves: language, theme, password, access tokens. Plain forms, which
//! go to the doors of access and come back here.

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_query_map};
use serde::{Deserialize, Serialize};
use shared::record::Record;
use shared::words::Occurred;

use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::entrance::RefusedNotice;
use crate::parts::fields::{Field, Kind};
use crate::parts::keys::{LettersChoice, keys_title};
use crate::parts::once::Once;
use crate::read::{Query, Reader, Token, Trouble, Zones, page, use_viewer};
use crate::text::{LANGS, own_name, use_lang};
use crate::theme::{THEMES, Theme, use_theme};
use crate::when::{self, Zone};

crate::texts! {
    title { en: "Settings", ru: "Настройки" }
    signed_in_as(name: &str, role: &str) { en: "Signed in as {name} · {role}", ru: "Вы вошли как {name} · {role}" }
    language { en: "Language", ru: "Язык" }
    theme { en: "Colours", ru: "Оформление" }
    theme_device { en: "As the device", ru: "Как на устройстве" }
    theme_light { en: "Light", ru: "Светлое" }
    theme_dark { en: "Dark", ru: "Тёмное" }
    zone_title { en: "Time zone", ru: "Часовой пояс" }
    zone_label { en: "Show days and hours as they are in", ru: "Показывать дни и часы, как в поясе" }
    zone_hint(name: &str) { en: "Now: {name}. Leave it empty to follow the device.", ru: "Сейчас: {name}. Пусто — как на устройстве." }
    zone_unknown(name: &str) {
        en: "There is no time zone “{name}”. Choose one from the list, for example Asia/Yekaterinburg.",
        ru: "Часового пояса «{name}» нет. Выберите из списка, например Asia/Yekaterinburg.",
    }
    save { en: "Save", ru: "Сохранить" }
    password { en: "Password", ru: "Пароль" }
    old { en: "Present password", ru: "Текущий пароль" }
    new { en: "New password", ru: "Новый пароль" }
    new_hint { en: "At least 12 characters: a few words in a row are easy to remember", ru: "Не меньше 12 знаков: несколько слов подряд легко запомнить" }
    change { en: "Change the password", ru: "Сменить пароль" }
    changed { en: "The password is changed. You are signed out everywhere else.", ru: "Пароль сменён. На других устройствах вы вышли из системы." }
    tokens { en: "Access tokens", ru: "Ключи доступа" }
    tokens_for { en: "For programs that read or write on your behalf. A token can do what you can do, except change passwords and tokens.", ru: "Для программ, которые читают и записывают от вашего имени. Ключ может всё, что можете вы, кроме смены паролей и ключей." }
    no_tokens { en: "You have none.", ru: "У вас их нет." }
    what_for { en: "What for", ru: "Для чего" }
    made { en: "Made", ru: "Создан" }
    action { en: "Action", ru: "Действие" }
    revoke { en: "Revoke", ru: "Отозвать" }
    revoke_which(label: &str) { en: "Revoke “{label}”", ru: "Отозвать «{label}»" }
    revoked { en: "The token is revoked: it opens nothing any more.", ru: "Ключ отозван: он больше ничего не открывает." }
    label { en: "What is the new one for?", ru: "Для чего нужен новый ключ?" }
    label_hint { en: "For example: nightly report", ru: "Например: ночной отчёт" }
    make { en: "Make a token", ru: "Создать ключ" }
    fresh { en: "The new token. Copy it now: it is shown this once.", ru: "Новый ключ. Скопируйте его сейчас: больше он показан не будет." }
    gone { en: "The new token was shown already. If you did not copy it, revoke it and make another.", ru: "Новый ключ уже был показан. Если вы его не скопировали, отзовите его и создайте другой." }
    leave { en: "Sign out", ru: "Выход" }
    leave_text { en: "On this device only. Drafts that were not sent are removed from it.", ru: "Только на этом устройстве. Неотправленные черновики с него удаляются." }
    sign_out { en: "Sign out", ru: "Выйти" }
}

/// The settings of whoever looks; the token that was just made, if one was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub new: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsPage {
    pub now: Timestamp,
    pub tokens: Vec<Token>,
    pub zones: Zones,
    /// The text of the token that was just made.
    pub fresh: Option<String>,
    pub position: u64,
}

impl Ask {
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self { new: get("new") }
    }
}

impl Query for Ask {
    type Page = SettingsPage;

    fn answer(&self, reader: &dyn Reader) -> Result<SettingsPage, Trouble> {
        let mut position = 0;
        reader.company(&mut |company| position = company.directory.position);
        let fresh = self.new.as_deref().and_then(|id| reader.fresh_token(id));
        let (tokens, zones) = (reader.tokens(), reader.zones());
        Ok(SettingsPage { now: reader.viewer().now, tokens, zones, fresh, position })
    }

    fn address(&self) -> String {
        self.new.as_ref().map_or_else(|| "settings".to_owned(), |id| format!("settings?new={id}"))
    }
}

impl Follow for SettingsPage {
    fn position(&self) -> u64 {
        self.position
    }

    /// Nothing here is an event.
    fn fold(&mut self, record: &Record) {
        self.position = record.position;
    }
}

#[component]
pub fn Settings() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    // A form that somebody fills in does not change under their hands.
    page(ask, move |model| model.with_untracked(|model| view! { <Loaded model=model.clone() /> }))
}

#[component]
fn Loaded(model: SettingsPage) -> impl IntoView {
    let lang = use_lang();
    let about_me = use_viewer().map(|viewer| {
        let role = viewer.role.map(|role| role.say(lang)).unwrap_or_default();
        signed_in_as(lang, &viewer.name, role)
    });
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <h1>{title(lang)}</h1>
            <p class="subtitle">{about_me}</p>
        </header>
        <section class="card">
            <header>
                <h2>{language(lang)}</h2>
            </header>
            <Languages />
        </section>
        <section class="card">
            <header>
                <h2>{theme(lang)}</h2>
            </header>
            <Themes />
        </section>
        <section class="card" id="zone">
            <header>
                <h2>{zone_title(lang)}</h2>
            </header>
            <ZoneChoice zones=model.zones.clone() />
        </section>
        <section class="card needs-script">
            <header>
                <h2>{keys_title(lang)}</h2>
            </header>
            <LettersChoice />
        </section>
        <section class="card" id="password">
            <header>
                <h2>{password(lang)}</h2>
            </header>
            <Password />
        </section>
        <section class="card" id="tokens">
            <header>
                <h2>{tokens(lang)}</h2>
            </header>
            <Tokens model />
        </section>
        <section class="card">
            <header>
                <h2>{leave(lang)}</h2>
            </header>
            <form class="stack tight" method="post" action="/sign-out">
                <p class="small muted">{leave_text(lang)}</p>
                <div>
                    <button class="button" type="submit">
                        <Icon name="sign-out" />
                        {sign_out(lang)}
                    </button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Languages() -> impl IntoView {
    let lang = use_lang();
    view! {
        <form class="row" method="post" action="/language">
            <input type="hidden" name="back" value="/settings" />
            {LANGS
                .map(|choice| {
                    view! {
                        <button
                            class="button"
                            name="lang"
                            value=choice.code()
                            lang=choice.code()
                            aria-pressed=(choice == lang).to_string()
                        >
                            {(choice == lang).then(|| view! { <Icon name="check" /> })}
                            {own_name(choice)}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}

#[component]
fn Themes() -> impl IntoView {
    let lang = use_lang();
    let chosen = use_theme();
    view! {
        <form class="row" method="post" action="/theme">
            <input type="hidden" name="back" value="/settings" />
            {THEMES
                .map(|choice| {
                    let (icon, text) = match choice {
                        Theme::Device => ("contrast", theme_device(lang)),
                        Theme::Light => ("sun", theme_light(lang)),
                        Theme::Dark => ("moon", theme_dark(lang)),
                    };
                    view! {
                        <button class="button" name="theme" value=choice.word() aria-pressed=(choice == chosen).to_string()>
                            <Icon name=if choice == chosen { "check" } else { icon } />
                            {text}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}

/// In which zone days and hours are shown, found by a part of its name.
#[component]
fn ZoneChoice(zones: Zones) -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    let now = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let unknown = move || query.with(|query| query.get("no-zone"));
    let Zones { chosen, names } = zones;
    view! {
        {move || {
            unknown()
                .map(|name| {
                    view! {
                        <div class="notice error" role="alert">
                            <Icon name="warning" />
                            <p>{zone_unknown(lang, &name)}</p>
                        </div>
                    }
                })
        }}
        <form class="stack tight" method="post" action="/zone">
            <input type="hidden" name="back" value="/settings" />
            <div class="field">
                <label for="zone-name">{zone_label(lang)}</label>
                <p class="hint" id="zone-hint">{zone_hint(lang, now.name())}</p>
                <div class="row">
                    <input
                        id="zone-name"
                        name="zone"
                        list="zones"
                        class="short"
                        value=chosen.unwrap_or_default()
                        aria-describedby="zone-hint"
                        autocomplete="off"
                        spellcheck="false"
                    />
                    <button class="button" type="submit">
                        {save(lang)}
                    </button>
                </div>
                <datalist id="zones">
                    {names.into_iter().map(|name| view! { <option value=name /> }).collect_view()}
                </datalist>
            </div>
        </form>
    }
}

/// What the doors of access said about the form at this address, if they sent it back.
#[component]
fn Answer(path: &'static str, done: &'static str, text: &'static str) -> impl IntoView {
    let query = use_query_map();
    let location = use_location();
    // The doors lead back by another page, so nothing here changes while it is looked at.
    let is_here = location.pathname.with_untracked(|here| here == path);
    let [is_done, is_refused] = query.with_untracked(|query| {
        [query.get("done").as_deref() == Some(done), query.get("refused").is_some()].map(|is| is && is_here)
    });
    // It stands far down the page, and is what whoever comes back to it looks for.
    (is_done || is_refused).then(|| {
        let said = if is_refused {
            view! { <RefusedNotice /> }.into_any()
        } else {
            view! {
                <div class="notice ok" role="status">
                    <Icon name="check" />
                    <p>{text}</p>
                </div>
            }
            .into_any()
        };
        view! {
            <div tabindex="-1" autofocus=true>
                {said}
            </div>
        }
    })
}

#[component]
fn Password() -> impl IntoView {
    let lang = use_lang();
    view! {
        <form class="form" method="post" action="/password">
            <Answer path="/password" done="password" text=changed(lang) />
            <Field form="password" name="old" label=old(lang) kind=Kind::Password required=true autocomplete="current-password" />
            <Field
                form="password"
                name="new"
                label=new(lang)
                kind=Kind::Password
                hint=new_hint(lang)
                required=true
                autocomplete="new-password"
            />
            <div>
                <button class="button" type="submit">
                    {change(lang)}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Tokens(model: SettingsPage) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let query = use_query_map();
    let is_new = query.with_untracked(|query| query.get("new").is_some());
    let SettingsPage { tokens: all, fresh: text, now, .. } = model;
    let is_shown = text.is_some();
    let is_gone = is_new && !is_shown;
    let today = zone.day(Occurred::At(now));
    let rows = all
        .iter()
        .map(|token| {
            let moment = Occurred::At(token.made);
            let day = when::near_day(zone.day(moment), today, lang);
            let exact = when::exact(moment, &zone, lang);
            let name = revoke_which(lang, &token.label);
            view! {
                <tr>
                    <th scope="row">{token.label.clone()}</th>
                    <td data-label=made(lang)>
                        <time datetime=token.made.to_string() title=exact>
                            {day}
                        </time>
                    </td>
                    <td class="plain">
                        <form method="post" action="/tokens/revoke">
                            <input type="hidden" name="id" value=token.id.clone() />
                            <button class="button small danger" type="submit" aria-label=name>
                                {revoke(lang)}
                            </button>
                        </form>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let has_none = all.is_empty();
    view! {
        <div class="stack">
            <p class="small muted">{tokens_for(lang)}</p>
            <Answer path="/tokens" done="revoked" text=revoked(lang) />
            {text
                .map(|text| {
                    view! {
                        <div class="notice ok" role="status" tabindex="-1" autofocus=true>
                            <Icon name="key" />
                            <div class="stack tight">
                                <p>{fresh(lang)}</p>
                                <Once text />
                            </div>
                        </div>
                    }
                })}
            {is_gone
                .then(|| {
                    view! {
                        <div class="notice warn" role="status">
                            <Icon name="info" />
                            <p>{gone(lang)}</p>
                        </div>
                    }
                })}
            {if has_none {
                view! { <p>{no_tokens(lang)}</p> }.into_any()
            } else {
                view! {
                    <div class="scroll" role="region" aria-label=tokens(lang) tabindex="0">
                        <table class="table stacks">
                            <thead>
                                <tr>
                                    <th scope="col">{what_for(lang)}</th>
                                    <th scope="col">{made(lang)}</th>
                                    <th scope="col">
                                        <span class="sr">{action(lang)}</span>
                                    </th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
                    .into_any()
            }}
            <form class="form" method="post" action="/tokens">
                <Field form="token" name="label" label=label(lang) hint=label_hint(lang) required=true />
                <div>
                    <button class="button" type="submit">
                        {make(lang)}
                    </button>
                </div>
            </form>
        </div>
    }
}
