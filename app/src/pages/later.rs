//! All pages but the one that people arrive at. In the browser their code is a part of the bundle of its own, so that the
//! portfolio comes to life sooner (docs/adr/0014-the-bundle-comes-in-two-parts.md).

use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos_router::ChooseView;

use super::{
    account::Account, account_edit::AccountEdit, alignment::Alignment, colleague::Colleague, company::Company,
    contact::Contact, contact_edit::ContactEdit, contact_new::ContactNew, contacts::Contacts, events::Events,
    handoff_new::HandoffNew, handoffs::Handoffs, import::Import, join::Join, log::Log, settings::Settings,
    setup::Setup, sign_in::SignIn, unit::Unit,
};
use crate::read::{Trouble, TroubleNotice};

/// One of these pages, as a route shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    Account,
    AccountEdit,
    Alignment,
    Colleague,
    Company,
    Contact,
    ContactEdit,
    ContactNew,
    Contacts,
    Events,
    HandoffNew,
    Handoffs,
    Import,
    Join,
    Log,
    Settings,
    Setup,
    SignIn,
    Unit,
}

impl Later {
    /// Whether the page at this path is one of these, and comes to life with the other part only.
    #[must_use]
    pub fn is_at(path: &str) -> bool {
        path != "/"
    }
}

impl ChooseView for Later {
    async fn choose(self) -> AnyView {
        show(self).await.unwrap_or_else(|error| {
            view! { <TroubleNotice trouble=Trouble::Unreachable(error.to_string()) /> }.into_any()
        })
    }

    async fn preload(&self) {
        // Choosing says so when it fails.
        drop(fetch().await);
    }
}

#[wasm_split(
    later,
    wasm_split_path = leptos::wasm_split,
    fallible,
    preload(#[doc = "Fetches the part of the bundle that these pages are in, once."] fetch)
)]
pub(crate) fn show(page: Later) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Later::Account => view! { <Account /> }.into_any(),
        Later::AccountEdit => view! { <AccountEdit /> }.into_any(),
        Later::Alignment => view! { <Alignment /> }.into_any(),
        Later::Colleague => view! { <Colleague /> }.into_any(),
        Later::Company => view! { <Company /> }.into_any(),
        Later::Contact => view! { <Contact /> }.into_any(),
        Later::ContactEdit => view! { <ContactEdit /> }.into_any(),
        Later::ContactNew => view! { <ContactNew /> }.into_any(),
        Later::Contacts => view! { <Contacts /> }.into_any(),
        Later::Events => view! { <Events /> }.into_any(),
        Later::HandoffNew => view! { <HandoffNew /> }.into_any(),
        Later::Handoffs => view! { <Handoffs /> }.into_any(),
        Later::Import => view! { <Import /> }.into_any(),
        Later::Join => view! { <Join /> }.into_any(),
        Later::Log => view! { <Log /> }.into_any(),
        Later::Settings => view! { <Settings /> }.into_any(),
        Later::Setup => view! { <Setup /> }.into_any(),
        Later::SignIn => view! { <SignIn /> }.into_any(),
        Later::Unit => view! { <Unit /> }.into_any(),
    })
}
