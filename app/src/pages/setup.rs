//! The first start: the link that the server printed makes the first administrator.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::parts::entrance::{RefusedNotice, entrance};
use crate::parts::fields::{Field, Kind};
use crate::text::use_lang;

crate::texts! {
    title { en: "Set up Twofront", ru: "Первый запуск" }
    subtitle { en: "You will be its first administrator: you invite the others and bring in the accounts.", ru: "Вы станете первым администратором: пригласите остальных и загрузите клиентов." }
    name { en: "Your name", ru: "Ваше имя" }
    name_hint { en: "As colleagues know you", ru: "Так, как вас знают коллеги" }
    email { en: "E-mail", ru: "Почта" }
    email_hint { en: "You will sign in with it", ru: "По ней вы будете входить" }
    password { en: "Password", ru: "Пароль" }
    password_hint { en: "At least 12 characters: a few words in a row are easy to remember", ru: "Не меньше 12 знаков: несколько слов подряд легко запомнить" }
    begin { en: "Begin", ru: "Начать" }
    dead { en: "This link opens nothing: the product is set up already, or the server was started again since and printed a newer one.", ru: "Эта ссылка ничего не открывает: продукт уже настроен или сервер с тех пор перезапустили и он напечатал новую." }
    to_sign_in { en: "Sign in", ru: "Войти" }
}

#[component]
pub fn Setup() -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    let link = move || query.with(|query| query.get("link")).unwrap_or_default();
    view! {
        <Title text=title(lang) />
        {entrance(
            move |_| title(lang).to_owned(),
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
                let is_filled = !known.name.is_empty() && !known.email.is_empty();
                view! {
                    <p>{subtitle(lang)}</p>
                    <form class="form" method="post" action="/setup">
                        <RefusedNotice sentence=known.sentence />
                        <input type="hidden" name="link" value=link />
                        <Field
                            form="setup"
                            name="name"
                            label=name(lang)
                            hint=name_hint(lang)
                            value=known.name
                            required=true
                            autofocus=!is_filled
                            autocomplete="name"
                        />
                        <Field
                            form="setup"
                            name="email"
                            label=email(lang)
                            kind=Kind::Email
                            hint=email_hint(lang)
                            value=known.email
                            required=true
                            autocomplete="username"
                        />
                        <Field
                            form="setup"
                            name="password"
                            label=password(lang)
                            kind=Kind::Password
                            hint=password_hint(lang)
                            required=true
                            autofocus=is_filled
                            autocomplete="new-password"
                        />
                        <button class="button primary" type="submit">
                            {begin(lang)}
                        </button>
                    </form>
                }
                    .into_any()
            },
        )}
    }
}
