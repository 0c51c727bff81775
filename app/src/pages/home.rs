//! The page that proves the house stands: it renders on the server, counts in the browser and
//! changes its language without either.

use crate::text::{LANGS, own_name, use_lang};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

crate::texts! {
    title { en: "Both fronts of an account", ru: "Обе стороны клиента" }
    pressed(n: u64) {
        en: plural(n) { "Pressed {n} time", "Pressed {n} times" },
        ru: plural(n) { "Нажато {n} раз", "Нажато {n} раза", "Нажато {n} раз" },
    }
    language { en: "Language", ru: "Язык" }
}

#[component]
pub fn Home() -> impl IntoView {
    let lang = use_lang();
    let (count, set_count) = signal(0_u64);
    view! {
        <Title text=title(lang) />
        <main>
            <h1>{title(lang)}</h1>
            <button type="button" on:click=move |_| set_count.update(|n| *n += 1)>
                {move || pressed(lang, count.get())}
            </button>
            <LanguageChoice />
        </main>
    }
}

/// Offers the languages; a plain form, so it works before and without WebAssembly.
#[component]
fn LanguageChoice() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let back = move || format!("{}{}", location.pathname.get(), location.search.get());
    view! {
        <form method="post" action="/language" aria-label=language(lang)>
            <input type="hidden" name="back" value=back />
            {LANGS
                .map(|choice| {
                    view! {
                        <button name="lang" value=choice.code() lang=choice.code() aria-pressed=(choice == lang).to_string()>
                            {own_name(choice)}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}
