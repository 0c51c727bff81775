//! The addresses of the pages. A route renders whole on the server (`SsrMode::Async`), so that a
//! page reads without scripts; every other address of the server is marked `rel="external"` in a link.

use crate::{
    pages::{home::Home, not_found::NotFound},
    text,
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

crate::texts! {
    product { en: "Twofront", ru: "Twofront" }
}

/// The whole application, from the address to the page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    #[cfg(feature = "hydrate")]
    {
        provide_context(text::of_page());
        provide_context(crate::assets::of_page());
    }
    let lang = text::use_lang();

    view! {
        <Title formatter=move |title: String| {
            if title.is_empty() { product(lang).to_owned() } else { format!("{title} · {}", product(lang)) }
        } />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Home ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
