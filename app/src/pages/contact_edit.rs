//! What can change about a contact: the details, the place in the buying centre, the account, and
//! that they leave.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, ContactId, Stream};
use shared::record::Record;
use shared::views::View;
use shared::views::directory::{self, Directory};
use shared::words::{AccountName, BuyingRole, Influence};
use uuid::Uuid;

use crate::address::{query, with_query};
use crate::live::Follow;
use crate::parts::accounts::{AccountFinder, AccountSelect, Offered};
use crate::parts::fields::{CommandForm, Select, form_name};
use crate::parts::history::writes;
use crate::parts::person_fields::PersonFields;
use crate::read::{Query, Reader, Trouble, page};
use crate::text::use_lang;

crate::texts! {
    title(name: &str) { en: "Change: {name}", ru: "Изменить: {name}" }
    accounts { en: "Accounts", ru: "Клиенты" }
    path { en: "Path", ru: "Путь" }
    details { en: "Details", ru: "Данные" }
    save { en: "Save", ru: "Сохранить" }
    place { en: "Place in the buying centre", ru: "Участие в закупке" }
    role { en: "Part in buying", ru: "Роль в закупке" }
    influence { en: "Weight of their word", ru: "Влияние" }
    reports_to { en: "Reports to", ru: "Кому подчиняется" }
    unknown { en: "Not known", ru: "Неизвестно" }
    moving { en: "Works for another account now", ru: "Перешёл к другому клиенту" }
    moving_note { en: "Their history stays where it happened, and comes along on their own page.", ru: "История останется там, где она была, и сохранится на странице контакта." }
    new_account { en: "New account", ru: "Новый клиент" }
    move_there { en: "Move", ru: "Перевести" }
    associating { en: "Also has to do with another account", ru: "Связан и с другим клиентом" }
    associating_note { en: "An adviser, a parent company, a partner: they are seen among that account's contacts as well.", ru: "Советник, материнская компания, партнёр: контакт будет виден и у этого клиента." }
    other_account { en: "Account", ru: "Клиент" }
    associate { en: "Associate", ru: "Связать" }
    choose_account { en: "Choose an account", ru: "Выберите клиента" }
    leaving { en: "Has left", ru: "Больше не работает" }
    leaving_note { en: "The contact stays in the history; moving them to an account brings them back.", ru: "Контакт останется в истории; если перевести его к клиенту, он снова станет действующим." }
    leave { en: "Mark as left", ru: "Отметить уход" }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub contact: Option<ContactId>,
    /// The name of an account that is looked for.
    pub find: Option<String>,
}

/// What the forms need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactEditPage {
    pub position: u64,
    pub seed: Uuid,
    pub contact: ContactId,
    pub entry: directory::Contact,
    pub account: Option<AccountName>,
    /// Who else is at their accounts.
    pub others: Vec<(ContactId, String)>,
    /// The accounts to choose from.
    pub offered: Offered,
}

impl Query for Ask {
    type Page = ContactEditPage;

    fn answer(&self, reader: &dyn Reader) -> Result<ContactEditPage, Trouble> {
        let contact = self.contact.ok_or(Trouble::NotFound)?;
        let viewer = reader.viewer();
        if !writes(viewer.role) {
            return Err(Trouble::NotAllowed);
        }
        let mut answer = None;
        reader.company(&mut |company| {
            let directory = &company.directory;
            let Some(entry) = directory.contacts.get(&contact) else { return };
            answer = Some(ContactEditPage {
                position: company.position(),
                seed: viewer.seed,
                contact,
                entry: entry.clone(),
                account: entry.account.and_then(|id| Some(directory.accounts.get(&id)?.name.clone())),
                others: others(directory, contact, entry),
                offered: Offered::of(directory, viewer.me, self.find.as_deref()),
            });
        });
        answer.ok_or(Trouble::NotFound)
    }

    fn address(&self) -> String {
        let contact = self.contact.map(|id| id.to_string()).unwrap_or_default();
        with_query(&format!("contact-edit/{contact}"), &query([("find", self.find.clone())]))
    }
}

/// The people at the same accounts, whom somebody can report to.
fn others(directory: &Directory, contact: ContactId, entry: &directory::Contact) -> Vec<(ContactId, String)> {
    let accounts: BTreeSet<AccountId> = entry.account.into_iter().chain(entry.associated.iter().copied()).collect();
    let here = accounts.into_iter().flat_map(|account| directory.contacts_of(account, crate::Lang::En));
    let here = here.filter(|(id, other)| *id != contact && !other.left);
    let named = here.filter_map(|(id, other)| Some((id, other.details.known()?.name.to_string())));
    let mut others: Vec<_> = named.collect::<std::collections::BTreeMap<_, _>>().into_iter().collect();
    others.sort_by_cached_key(|(_, name)| name.to_lowercase());
    others
}

impl Follow for ContactEditPage {
    fn position(&self) -> u64 {
        self.position
    }

    // Forms that somebody fills in do not change under their hands; the desk refuses what is outdated.
    fn fold(&mut self, record: &Record) {
        self.position = self.position.max(record.position);
    }
}

#[component]
pub fn ContactEdit() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let ask = move || Ask {
        contact: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()),
        find: query.with(|query| query.get("find")),
    };
    page(ask, move |model| model.with_untracked(|model| view! { <Forms model=model.clone() /> }))
}

#[component]
fn Forms(model: ContactEditPage) -> impl IntoView {
    let lang = use_lang();
    let ContactEditPage { seed, contact, entry, account, others, offered, .. } = model;
    let on = Stream::from(contact).to_string();
    let back = format!("/contacts/{contact}");
    let seen = entry.revision;
    let name =
        entry.details.known().map_or_else(|| directory::forgotten(lang).to_owned(), |details| details.name.to_string());
    let [describe_form, map_form, move_form, associate_form] =
        ["contact.describe", "contact.map", "contact.move", "contact.associate"].map(|what| form_name(what, Some(&on)));
    let own = entry.account;
    let finder = view! { <AccountFinder offered=offered.clone() action=format!("{back}/edit") /> };
    let elsewhere = offered.without(&own.into_iter().collect::<Vec<_>>());
    let unrelated = elsewhere.clone().without(&entry.associated.iter().copied().collect::<Vec<_>>());
    let roles = BuyingRole::ALL.iter().map(|one| (one.word().to_owned(), one.say(lang).to_owned())).collect();
    let influences = Influence::ALL.iter().map(|one| (one.word().to_owned(), one.say(lang).to_owned())).collect();
    let people = others.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let role_was = entry.place.role.map(BuyingRole::word).unwrap_or_default();
    let influence_was = entry.place.influence.map(Influence::word).unwrap_or_default();
    let above_was = entry.place.reports_to.map(|id| id.to_string()).unwrap_or_default();
    let crumb = own.zip(account).map(|(id, account)| {
        view! {
            " / "
            <a href=format!("/accounts/{id}")>{account.to_string()}</a>
        }
    });
    let has_left = entry.left;
    view! {
        <Title text=title(lang, &name) />
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/">{accounts(lang)}</a>
                {crumb}
                " / "
                <a href=back.clone()>{name.clone()}</a>
            </nav>
            <h1>{title(lang, &name)}</h1>
        </header>
        <section class="stack" aria-labelledby="details">
            <h2 id="details">{details(lang)}</h2>
            <CommandForm what="contact.describe" on=on.clone() seen=seen seed=seed back=back.clone() class="form" keep=true label=details(lang)>
                <PersonFields form=describe_form details=entry.details.known().cloned() />
                <div class="row">
                    <button class="button primary" type="submit">
                        {save(lang)}
                    </button>
                </div>
            </CommandForm>
        </section>
        <section class="stack" aria-labelledby="place">
            <h2 id="place">{place(lang)}</h2>
            <CommandForm what="contact.map" on=on.clone() seen=seen seed=seed back=back.clone() class="form" keep=true label=place(lang)>
                <div class="fields">
                    <Select form=map_form.clone() name="role" label=role(lang) choices=roles empty=unknown(lang) value=role_was />
                    <Select form=map_form.clone() name="influence" label=influence(lang) choices=influences empty=unknown(lang) value=influence_was />
                    <Select form=map_form name="reports_to" label=reports_to(lang) choices=people empty=unknown(lang) value=above_was />
                </div>
                <div class="row">
                    <button class="button" type="submit">
                        {save(lang)}
                    </button>
                </div>
            </CommandForm>
        </section>
        <section class="stack" aria-labelledby="moving">
            <h2 id="moving">{moving(lang)}</h2>
            <p class="muted">{moving_note(lang)}</p>
            {finder}
            <CommandForm what="contact.move" on=on.clone() seen=seen seed=seed back=back.clone() class="form" label=moving(lang)>
                <AccountSelect form=move_form label=new_account(lang) offered=elsewhere empty=choose_account(lang) required=true />
                <div class="row">
                    <button class="button" type="submit">
                        {move_there(lang)}
                    </button>
                </div>
            </CommandForm>
        </section>
        <section class="stack" aria-labelledby="associating">
            <h2 id="associating">{associating(lang)}</h2>
            <p class="muted">{associating_note(lang)}</p>
            <CommandForm what="contact.associate" on=on.clone() seen=seen seed=seed back=back.clone() class="form" label=associating(lang)>
                <AccountSelect form=associate_form label=other_account(lang) offered=unrelated empty=choose_account(lang) required=true />
                <div class="row">
                    <button class="button" type="submit">
                        {associate(lang)}
                    </button>
                </div>
            </CommandForm>
        </section>
        {(!has_left)
            .then(|| {
                view! {
                    <section class="stack" aria-labelledby="leaving">
                        <h2 id="leaving">{leaving(lang)}</h2>
                        <p class="muted">{leaving_note(lang)}</p>
                        <CommandForm what="contact.leave" on=on.clone() seen=seen seed=seed back=back.clone() label=leaving(lang)>
                            <button class="button danger" type="submit">
                                {leave(lang)}
                            </button>
                        </CommandForm>
                    </section>
                }
            })}
    }
}
