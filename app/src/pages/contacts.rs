//! The contacts who stand at no account yet, as an import often brings them: their entries are seen on
//! their own pages alone until somebody says where they work.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};
use shared::contact;
use shared::domain::Event;
use shared::ids::ContactId;
use shared::record::Record;
use shared::views::View;
use shared::views::directory::{Contact, Directory};

use crate::live::Follow;
use crate::parts::Person;
use crate::parts::history::writes;
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::{Lang, use_lang};
use crate::when::count;

crate::texts! {
    title { en: "Contacts without an account", ru: "Контакты без клиента" }
    note {
        en: "What was logged with them is on their own pages only. Say where they work, and it goes on at the account.",
        ru: "Записи о них видны только на их собственных страницах. Укажите, где человек работает, и дальше всё пойдёт у клиента.",
    }
    accounts { en: "Accounts", ru: "Клиенты" }
    path { en: "Path", ru: "Путь" }
    assign { en: "Say where they work", ru: "Указать клиента" }
    nobody { en: "Every contact stands at an account.", ru: "У каждого контакта есть клиент." }
    more(n: &str) { en: "And {n} more: find them by their name, at the top.", ru: "И ещё {n}: найдите по имени в поиске наверху." }
}

/// The most contacts that the page shows.
const MOST: usize = 200;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactsPage {
    /// With no contacts but those that it shows.
    pub directory: Directory,
    /// How many more there are.
    pub more: usize,
    stale: bool,
}

impl Query for Ask {
    type Page = ContactsPage;

    fn answer(&self, reader: &dyn Reader) -> Result<ContactsPage, Trouble> {
        let mut found = None;
        reader.company(&mut |company| {
            let directory = &company.directory;
            let mut all: Vec<(String, ContactId)> = without_account(directory)
                .map(|(id, _)| (directory.contact(id, Lang::En).to_lowercase(), id))
                .collect();
            all.sort_unstable();
            let more = all.len().saturating_sub(MOST);
            let shown: BTreeSet<ContactId> = all.into_iter().take(MOST).map(|(_, id)| id).collect();
            let directory = directory.cut(&BTreeSet::new(), &shown);
            found = Some(ContactsPage { directory, more, stale: false });
        });
        found.ok_or(Trouble::NotFound)
    }

    fn address(&self) -> String {
        "contacts".to_owned()
    }
}

/// Those who work here and of whom nobody has said with which account they have to do.
pub fn without_account(directory: &Directory) -> impl Iterator<Item = (ContactId, &Contact)> {
    let stands_nowhere = |contact: &Contact| contact.account.is_none() && contact.associated.is_empty();
    let all = directory.contacts.iter().map(|(id, contact)| (*id, contact));
    all.filter(move |(_, contact)| !contact.left && stands_nowhere(contact))
}

impl Follow for ContactsPage {
    fn position(&self) -> u64 {
        self.directory.position()
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        let Event::Contact(_, event) = &record.event else { return };
        self.stale |= match event {
            // Somebody came who stands nowhere; or the next of a long list has a place in it now.
            contact::Event::Introduced { account, .. } => account.is_none(),
            contact::Event::Moved { .. } | contact::Event::Associated { .. } | contact::Event::Left {} => self.more > 0,
            contact::Event::Described { .. } | contact::Event::Mapped(_) => false,
        };
    }

    fn is_stale(&self) -> bool {
        self.stale
    }
}

#[component]
pub fn Contacts() -> impl IntoView {
    page(Ask::default, move |model| view! { <Loaded model /> })
}

#[component]
fn Loaded(model: RwSignal<ContactsPage>) -> impl IntoView {
    let lang = use_lang();
    let writes = writes(use_viewer().and_then(|viewer| viewer.role));
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/?scope=all">{accounts(lang)}</a>
            </nav>
            <h1>{title(lang)}</h1>
            <p class="subtitle">{note(lang)}</p>
        </header>
        {move || model.with(|model| list(model, writes, lang))}
    }
}

fn list(page: &ContactsPage, writes: bool, lang: Lang) -> AnyView {
    let directory = &page.directory;
    let mut shown: Vec<(ContactId, String, String)> = without_account(directory)
        .map(|(id, contact)| {
            let job = contact.details.known().and_then(|details| details.title.as_ref()).map(ToString::to_string);
            (id, directory.contact(id, lang).to_owned(), job.unwrap_or_default())
        })
        .collect();
    if shown.is_empty() {
        return view! { <p class="muted">{nobody(lang)}</p> }.into_any();
    }
    shown.sort_by_cached_key(|(id, name, _)| (name.to_lowercase(), *id));
    let rows = shown
        .into_iter()
        .map(|(id, name, job)| {
            let edit = writes.then(|| {
                let label = format!("{}: {name}", assign(lang));
                view! {
                    <a class="button quiet" href=format!("/contacts/{id}/edit") aria-label=label>
                        {assign(lang)}
                    </a>
                }
            });
            view! {
                <li class="row apart">
                    <div>
                        <Person name href=format!("/contacts/{id}") side="client" />
                        <div class="small muted">{job}</div>
                    </div>
                    {edit}
                </li>
            }
        })
        .collect_view();
    let more = (page.more > 0).then(|| view! { <p class="small muted">{more(lang, &count(page.more, lang))}</p> });
    view! {
        <section class="card" aria-label=title(lang)>
            <ul class="items">{rows}</ul>
            {more}
        </section>
    }
    .into_any()
}
