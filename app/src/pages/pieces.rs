//! Which piece of the bundle a page's code is in. What every page needs is in the first one, and the portfolio, where people
//! arrive; the others come with the pages that need them (docs/adr/0014-the-bundle-comes-in-pieces.md).

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

/// A piece of the bundle beside the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Relations,
    Work,
    Forms,
}

/// The pages of one piece, each as a route shows it: `view=Relations::Account`.
macro_rules! pages {
    ($(#[$doc:meta])* $pages:ident in $name:ident by $fetch:ident { $($page:ident)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $pages {
            $($page,)+
        }

        #[wasm_split($name, wasm_split_path = leptos::wasm_split, fallible, preload($fetch))]
        fn $name(page: $pages) -> Result<AnyView, SplitLoaderError> {
            Ok(match page {
                $($pages::$page => view! { <$page /> }.into_any(),)+
            })
        }

        impl ChooseView for $pages {
            async fn choose(self) -> AnyView {
                $name(self).await.unwrap_or_else(|error| {
                    view! { <TroubleNotice trouble=Trouble::Unreachable(error.to_string()) /> }.into_any()
                })
            }

            async fn preload(&self) {
                // Choosing says so when it fails.
                drop($fetch().await);
            }
        }
    };
}

pages! {
    /// Both fronts of an account: who and what it is with.
    Relations in relations by fetch_relations { Account Alignment Contact Contacts Unit }
}

pages! {
    /// What somebody does and has to do, and what was recorded.
    Work in work by fetch_work { Colleague Events Handoffs }
}

pages! {
    /// What is filled in, and what the company is run with.
    Forms in forms by fetch_forms {
        AccountEdit Company ContactEdit ContactNew HandoffNew Import Join Log Settings Setup SignIn
    }
}

impl Piece {
    /// Every piece, what is most often asked for first.
    pub const ALL: [Self; 3] = [Self::Relations, Self::Work, Self::Forms];

    /// What the build calls it: its file is `split_<name>.wasm`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relations => "relations",
            Self::Work => "work",
            Self::Forms => "forms",
        }
    }

    /// That of the page at a path; none where the first piece has all that is shown.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        Some(match *parts.as_slice() {
            ["contacts" | "handoffs", "new"] | ["accounts" | "contacts", _, "edit"] => Self::Forms,
            ["alignment" | "contacts"] | ["accounts" | "contacts" | "units", _] => Self::Relations,
            ["handoffs" | "events"] | ["colleagues", _] => Self::Work,
            ["log" | "company" | "import" | "settings" | "password" | "tokens"] | ["sign-in" | "setup" | "join"] => {
                Self::Forms
            }
            _ => return None,
        })
    }

    /// Fetches it, once.
    ///
    /// # Errors
    /// When it did not come; the next call tries again.
    pub async fn fetch(self) -> Result<(), SplitLoaderError> {
        match self {
            Self::Relations => fetch_relations().await,
            Self::Work => fetch_work().await,
            Self::Forms => fetch_forms().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_knows_its_piece_by_its_address() {
        for (piece, paths) in [
            (None, &["/", "", "/nowhere", "/accounts", "/accounts/1/2/3"][..]),
            (
                Some(Piece::Relations),
                &["/accounts/1", "/alignment", "/contacts", "/contacts/1", "/contacts/1/", "/units/1"],
            ),
            (Some(Piece::Work), &["/colleagues/1", "/events", "/handoffs"]),
            (Some(Piece::Forms), &["/accounts/1/edit", "/contacts/1/edit", "/contacts/new", "/handoffs/new", "/log"]),
            (Some(Piece::Forms), &["/company", "/import", "/settings", "/password", "/tokens"]),
            (Some(Piece::Forms), &["/sign-in", "/setup", "/join"]),
        ] {
            for path in paths {
                assert_eq!(Piece::at(path), piece, "{path}");
            }
        }
    }
}
