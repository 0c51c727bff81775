//! The page for an address that leads nowhere.

use crate::parts::frame::Frame;
use crate::read::use_viewer;
use crate::text::use_lang;
use leptos::prelude::*;
use leptos_meta::Title;

crate::texts! {
    title { en: "There is nothing here", ru: "Здесь ничего нет" }
    advice {
        en: "The address may be mistyped, or what it led to has moved.",
        ru: "Возможно, в адресе опечатка или страница переехала.",
    }
    home { en: "To the first page", ru: "На первую страницу" }
}

#[component]
pub fn NotFound() -> impl IntoView {
    let lang = use_lang();
    let said = view! {
        <Title text=title(lang) />
        <h1>{title(lang)}</h1>
        <p>{advice(lang)}</p>
        <a href="/">{home(lang)}</a>
    };
    // Whoever is signed in has gone astray inside the product and finds back by its frame.
    if use_viewer().is_some() {
        view! { <Frame>{said}</Frame> }.into_any()
    } else {
        view! { <main>{said}</main> }.into_any()
    }
}
