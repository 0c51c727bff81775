//! An invitation: the one-time link with which a colleague chooses a password.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::parts::entrance::{RefusedNotice, entrance};
use crate::parts::fields::{Field, Kind};
use crate::text::use_lang;

crate::texts! {
    title { en: "Choose a password", ru: "Выберите пароль" }
    welcome(name: &str) { en: "Welcome, {name}", ru: "Добро пожаловать, {name}" }
    email { en: "E-mail", ru: "Почта" }
    password { en: "New password", ru: "Новый пароль" }
    password_hint { en: "At least 12 characters: a few words in a row are easy to remember", ru: "Не меньше 12 знаков: несколько слов подряд легко запомнить" }
    enter { en: "Save and sign in", ru: "Сохранить и войти" }
    dead { en: "This link no longer works: it was used, or replaced by a newer one, or is older than a week. Ask an administrator for a new one.", ru: "Эта ссылка больше не действует: её уже открыли, заменили новой или ей больше недели. Попросите у администратора новую." }
    to_sign_in { en: "Sign in", ru: "Войти" }
}

#[component]
pub fn Join() -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    let link = move || query.with(|query| query.get("link")).unwrap_or_default();
    view! {
        <Title text=title(lang) />
        {entrance(
            move |known| known.invited.as_deref().map_or_else(|| title(lang).to_owned(), |name| welcome(lang, name)),
            move |known| {
                if !known.is_link_good {
                    return view! {
                        <p>{dead(lang)}</p>
                        <a class="button" href="/sign-in" rel="external">
                            {to_sign_in(lang)}
                        </a>
                    }
                        .into_any();
                }
                view! {
                    <form class="form" method="post" action="/join">
                        <RefusedNotice />
                        <input type="hidden" name="link" value=link />
                        // For the browser's keeper of passwords, which wants to know whose it is.
                        <div class="field">
                            <label for="join-email">{email(lang)}</label>
                            <input type="email" id="join-email" value=known.email readonly autocomplete="username" />
                        </div>
                        <Field
                            form="join"
                            name="password"
                            label=password(lang)
                            kind=Kind::Password
                            hint=password_hint(lang)
                            required=true
                            autofocus=true
                            autocomplete="new-password"
                        />
                        <button class="button primary" type="submit">
                            {enter(lang)}
                        </button>
                    </form>
                }
                    .into_any()
            },
        )}
    }
}
