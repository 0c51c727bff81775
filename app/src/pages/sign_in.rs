//! Signing in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::parts::entrance::{RefusedNotice, entrance};
use crate::parts::fields::{Field, Kind};
use crate::text::use_lang;

crate::texts! {
    title { en: "Sign in", ru: "Вход" }
    email { en: "E-mail", ru: "Почта" }
    password { en: "Password", ru: "Пароль" }
    enter { en: "Sign in", ru: "Войти" }
    not_set_up { en: "The product is not set up yet: open the one-time link that the server printed when it started.", ru: "Продукт ещё не настроен: откройте одноразовую ссылку, которую напечатал сервер при запуске." }
    no_password { en: "No password yet, or forgotten? An administrator gives you a link to choose one.", ru: "Нет пароля или забыли его? Администратор даст ссылку, по которой можно выбрать новый." }
}

#[component]
pub fn SignIn() -> impl IntoView {
    let lang = use_lang();
    let query = use_query_map();
    let next = move || query.with(|query| query.get("next")).unwrap_or_default();
    view! {
        <Title text=title(lang) />
        {entrance(
            move |_| title(lang).to_owned(),
            move |known| {
                // Where nobody has a password there is none to type, and no administrator to ask.
                if known.awaits_setup {
                    return view! {
                        <RefusedNotice />
                        <p>{not_set_up(lang)}</p>
                    }
                        .into_any();
                }
                let has_email = !known.email.is_empty();
                view! {
                    <form class="form" method="post" action="/sign-in">
                        <RefusedNotice />
                        <input type="hidden" name="next" value=next />
                        <Field
                            form="sign-in"
                            name="email"
                            label=email(lang)
                            kind=Kind::Email
                            value=known.email
                            required=true
                            autofocus=!has_email
                            autocomplete="username"
                        />
                        <Field
                            form="sign-in"
                            name="password"
                            label=password(lang)
                            kind=Kind::Password
                            required=true
                            autofocus=has_email
                            autocomplete="current-password"
                        />
                        <button class="button primary" type="submit">
                            {enter(lang)}
                        </button>
                    </form>
                    <p class="small muted">{no_password(lang)}</p>
                }
                    .into_any()
            },
        )}
    }
}
