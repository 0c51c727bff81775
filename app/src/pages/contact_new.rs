//! Introducing a contact: a name is enough, the account is chosen already from where one is.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::ids::AccountId;
use shared::record::Record;
use shared::views::{Directory, View};
use uuid::Uuid;

use crate::address::{query, with_query};
use crate::live::Follow;
use crate::parts::accounts::{AccountFinder, AccountSelect, Offered};
use crate::parts::fields::CommandForm;
use crate::parts::history::writes;
use crate::parts::person_fields::PersonFields;
use crate::read::{Query, Reader, Trouble, page};
use crate::text::use_lang;

crate::texts! {
    title { en: "New contact", ru: "Новый контакт" }
    accounts { en: "Accounts", ru: "Клиенты" }
    path { en: "Path", ru: "Путь" }
    account { en: "Account", ru: "Клиент" }
    no_account { en: "No account yet", ru: "Пока без клиента" }
    introduce { en: "Add the contact", ru: "Добавить контакт" }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub account: Option<AccountId>,
    /// The name of an account that is looked for.
    pub find: Option<String>,
}

/// What the form needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactNewPage {
    pub seed: Uuid,
    pub account: Option<AccountId>,
    /// That account.
    pub directory: Directory,
    /// The accounts to choose from, where none is settled.
    pub offered: Offered,
}

impl Ask {
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self { account: get("account").and_then(|id| id.parse().ok()), find: get("find") }
    }
}

impl Query for Ask {
    type Page = ContactNewPage;

    fn answer(&self, reader: &dyn Reader) -> Result<ContactNewPage, Trouble> {
        let viewer = reader.viewer();
        if !writes(viewer.role) {
            return Err(Trouble::NotAllowed);
        }
        let (mut directory, mut offered) = (Directory::default(), Offered::default());
        reader.company(&mut |company| {
            directory = company.directory.cut(&BTreeSet::new(), &BTreeSet::new());
            directory.colleagues.clear();
            let known = self.account.and_then(|id| Some((id, company.directory.accounts.get(&id)?.clone())));
            if known.is_none() {
                offered = Offered::of(&company.directory, viewer.me, self.find.as_deref());
            }
            directory.accounts.extend(known);
        });
        let account = self.account.filter(|account| directory.accounts.contains_key(account));
        Ok(ContactNewPage { seed: viewer.seed, account, directory, offered })
    }

    fn address(&self) -> String {
        with_query(
            "contact-new",
            &query([("account", self.account.map(|id| id.to_string())), ("find", self.find.clone())]),
        )
    }
}

impl Follow for ContactNewPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
    }
}

#[component]
pub fn ContactNew() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    // A form that somebody fills in does not change under their hands.
    page(ask, move |model| model.with_untracked(|model| view! { <Form model=model.clone() /> }))
}

#[component]
fn Form(model: ContactNewPage) -> impl IntoView {
    let lang = use_lang();
    let ContactNewPage { seed, account: chosen, directory, offered } = model;
    let finder = view! { <AccountFinder offered=offered.clone() action="/contacts/new" /> };
    let crumb = chosen.map(|account| {
        view! {
            " / "
            <a href=format!("/accounts/{account}")>{directory.account(account, lang).to_owned()}</a>
        }
    });
    let account_field = match chosen {
        Some(account) => view! { <input type="hidden" name="account" value=account.to_string() /> }.into_any(),
        None => view! { <AccountSelect form="contact.introduce" label=account(lang) offered empty=no_account(lang) /> }
            .into_any(),
    };
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/">{accounts(lang)}</a>
                {crumb}
            </nav>
            <h1>{title(lang)}</h1>
        </header>
        <div class="narrow stack">
            {finder}
            <CommandForm what="contact.introduce" seed=seed back="" class="form" keep=true label=title(lang)>
                {account_field}
                <PersonFields form="contact.introduce" autofocus=true />
                <div class="row">
                    <button class="button primary" type="submit">
                        {introduce(lang)}
                    </button>
                </div>
            </CommandForm>
        </div>
    }
}
