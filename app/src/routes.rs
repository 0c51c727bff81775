//! The addresses of the pages. A route renders whole on the server (`SsrMode::Async`), so that a
//! page reads without scripts; every other address of the server is marked `rel="external"` in a link.

use crate::{
    pages::{
        not_found::NotFound,
        pieces::{Forms, Relations, Work},
        portfolio::Portfolio,
    },
    parts::frame::Frame,
    text,
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
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
        use crate::{
            Assets,
            parts::{fields::Slip, submit::Logged, waiting::Waiting},
            read::Viewer,
            shell::{meta, page_says},
        };

        provide_context(text::of_page());
        provide_context(page_says::<Assets>("assets").unwrap_or_default());
        provide_context(crate::theme::of_page());
        if let Some(viewer) = page_says::<Viewer>("viewer") {
            provide_context(viewer);
        }
        if let Some(waiting) = page_says::<Waiting>("waiting") {
            provide_context(waiting);
        }
        if let Some(slip) = page_says::<Slip>("slip") {
            provide_context(slip);
        }
        if let Some(logged) = meta("logged").map(Logged) {
            provide_context(logged);
        }
    }
    let lang = text::use_lang();

    view! {
        <Title formatter=move |title: String| {
            let title = if title.is_empty() { product(lang).to_owned() } else { format!("{title} · {}", product(lang)) };
            // The server writes it into the document as it is; the browser sets it as text.
            if cfg!(feature = "ssr") { text::escaped(&title) } else { title }
        } />
        <Router>
            <Routes fallback=NotFound>
                <ParentRoute path=path!("") view=Framed>
                    <Route path=path!("/") view=Portfolio ssr=SsrMode::Async />
                    <Route path=path!("/accounts/:id") view=Relations::Account ssr=SsrMode::Async />
                    <Route path=path!("/log") view=Forms::Log ssr=SsrMode::Async />
                    <Route path=path!("/accounts/:id/edit") view=Forms::AccountEdit ssr=SsrMode::Async />
                    <Route path=path!("/handoffs") view=Work::Handoffs ssr=SsrMode::Async />
                    <Route path=path!("/handoffs/new") view=Forms::HandoffNew ssr=SsrMode::Async />
                    <Route path=path!("/alignment") view=Relations::Alignment ssr=SsrMode::Async />
                    <Route path=path!("/contacts") view=Relations::Contacts ssr=SsrMode::Async />
                    <Route path=path!("/contacts/new") view=Forms::ContactNew ssr=SsrMode::Async />
                    <Route path=path!("/contacts/:id") view=Relations::Contact ssr=SsrMode::Async />
                    <Route path=path!("/contacts/:id/edit") view=Forms::ContactEdit ssr=SsrMode::Async />
                    <Route path=path!("/colleagues/:id") view=Work::Colleague ssr=SsrMode::Async />
                    <Route path=path!("/units/:id") view=Relations::Unit ssr=SsrMode::Async />
                    <Route path=path!("/events") view=Work::Events ssr=SsrMode::Async />
                    <Route path=path!("/company") view=Forms::Company ssr=SsrMode::Async />
                    <Route path=path!("/import") view=Forms::Import ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=Forms::Settings ssr=SsrMode::Async />
                    <Route path=path!("/password") view=Forms::Settings ssr=SsrMode::Async />
                    <Route path=path!("/tokens") view=Forms::Settings ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("/sign-in") view=Forms::SignIn ssr=SsrMode::Async />
                <Route path=path!("/setup") view=Forms::Setup ssr=SsrMode::Async />
                <Route path=path!("/join") view=Forms::Join ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// The pages of somebody who is signed in, in their frame.
#[component]
fn Framed() -> impl IntoView {
    view! {
        <Frame>
            <Outlet />
        </Frame>
    }
}
