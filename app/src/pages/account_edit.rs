//! The facts of an account, each with the small form that changes it. What it was stays in the history.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, Stream};
use shared::policy;
use shared::record::Record;
use shared::views::Directory;
use shared::views::View;
use shared::views::directory::{self, Account};
use shared::words::{Role, Tier};
use uuid::Uuid;

use crate::forms::derived;
use crate::live::Follow;
use crate::parts::fields::{CommandForm, Field, Kind, Select, form_name};
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::{Lang, use_lang};

crate::texts! {
    title(name: &str) { en: "Facts: {name}", ru: "Сведения: {name}" }
    heading { en: "Facts and changes", ru: "Сведения и изменения" }
    subtitle { en: "Every change is an event: what it was before stays in the history.", ru: "Каждое изменение становится событием: прежнее остаётся в истории." }
    path { en: "Path", ru: "Путь" }
    accounts { en: "Accounts", ru: "Клиенты" }
    reads_only { en: "Analysts read and export, they change nothing.", ru: "Аналитики читают и выгружают, но ничего не меняют." }
    name { en: "Name", ru: "Название" }
    rename { en: "Rename", ru: "Переименовать" }
    about { en: "Description", ru: "Описание" }
    industry { en: "Industry", ru: "Отрасль" }
    city { en: "City", ru: "Город" }
    country { en: "Country", ru: "Страна" }
    website { en: "Website", ru: "Сайт" }
    save { en: "Save", ru: "Сохранить" }
    manager { en: "Account manager", ru: "Менеджер клиента" }
    choose { en: "Choose somebody", ru: "Выберите человека" }
    nobody { en: "Nobody answers for it yet.", ru: "За него пока никто не отвечает." }
    answers(who: &str) { en: "{who} answers for it.", ru: "За него отвечает {who}." }
    assign { en: "Assign", ru: "Назначить" }
    take { en: "I take it", ru: "Беру на себя" }
    sponsor { en: "Executive sponsor", ru: "Куратор из руководства" }
    no_sponsor { en: "It has none.", ru: "Его пока нет." }
    is_sponsor(who: &str) { en: "{who} is the sponsor.", ru: "Куратор: {who}." }
    give_sponsor { en: "Give it this sponsor", ru: "Назначить куратором" }
    key { en: "Key account", ru: "Ключевой клиент" }
    no_tier { en: "It is not designated.", ru: "Категории пока нет." }
    has_tier(tier: &str, why: &str) { en: "{tier}, because: {why}", ru: "{tier}: {why}" }
    tier { en: "Tier", ru: "Категория" }
    choose_tier { en: "Choose a tier", ru: "Выберите категорию" }
    reason { en: "Why", ru: "Почему" }
    designate { en: "Designate", ru: "Присвоить статус" }
    links { en: "Records of other systems", ru: "Записи в других системах" }
    no_links { en: "It is not linked to any.", ru: "Пока ни с одной не связан." }
    system { en: "System: salesforce, hubspot, …", ru: "Система: salesforce, hubspot, …" }
    record_key { en: "Key of the record there", ru: "Ключ записи в ней" }
    link { en: "Link", ru: "Связать" }
    closing_text { en: "It leaves the list of accounts. Everything about it stays and can be read.", ru: "Он уйдёт из списка клиентов. Всё о нём останется и будет доступно для чтения." }
    close { en: "Close the account", ru: "Закрыть клиента" }
    is_closed(why: &str) { en: "The account is closed: {why}", ru: "Клиент закрыт: {why}" }
    reopen { en: "Reopen the account", ru: "Открыть клиента снова" }
    for_managers { en: "For managers and administrators.", ru: "Это решают руководители и администраторы." }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub account: Option<AccountId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditPage {
    pub seed: Uuid,
    pub account: AccountId,
    pub directory: Directory,
}

impl Query for Ask {
    type Page = EditPage;

    fn answer(&self, reader: &dyn Reader) -> Result<EditPage, Trouble> {
        let account = self.account.ok_or(Trouble::NotFound)?;
        let mut found = None;
        reader.company(&mut |company| {
            if company.directory.accounts.contains_key(&account) {
                let mut directory = company.directory.cut(&BTreeSet::from([account]), &BTreeSet::new());
                directory.contacts.clear();
                found = Some(directory);
            }
        });
        let directory = found.ok_or(Trouble::NotFound)?;
        Ok(EditPage { seed: reader.viewer().seed, account, directory })
    }

    fn address(&self) -> String {
        format!("account-edit/{}", self.account.map(|account| account.to_string()).unwrap_or_default())
    }
}

impl Follow for EditPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
    }
}

#[component]
pub fn AccountEdit() -> impl IntoView {
    let params = use_params_map();
    let ask = move || Ask { account: params.with(|params| params.get("id")).and_then(|id| id.parse().ok()) };
    page(ask, move |model| view! { <Loaded model /> })
}

/// What the forms of this page have in common.
#[derive(Clone, Copy)]
struct Sheet {
    model: RwSignal<EditPage>,
    account: AccountId,
    lang: Lang,
}

impl Sheet {
    /// One fact of the account: a form is drawn again when its own fact has changed, and only then.
    fn fact<T: Clone + PartialEq + Send + Sync + 'static>(self, of: fn(&Account) -> T) -> Memo<Option<T>> {
        let Self { model, account, .. } = self;
        Memo::new(move |_| model.with(|model| model.directory.accounts.get(&account).map(of)))
    }

    /// A form that is drawn again after it was taken asks for something new.
    fn seed(self) -> Uuid {
        let Self { model, account, .. } = self;
        model.with_untracked(|model| {
            let revision = model.directory.accounts.get(&account).map_or(0, |account| account.revision);
            derived(model.seed, u128::from(revision))
        })
    }

    fn on(self) -> String {
        Stream::from(self.account).to_string()
    }

    fn back(self) -> String {
        format!("/accounts/{}/edit", self.account)
    }

    fn form(self, what: &'static str) -> String {
        form_name(what, Some(&self.on()))
    }

    fn name_of(self, colleague: shared::ids::ColleagueId) -> String {
        let lang = self.lang;
        self.model.with(|model| model.directory.colleague(colleague, lang).to_owned())
    }

    fn people(self) -> Vec<(String, String)> {
        let lang = self.lang;
        self.model.with_untracked(|model| {
            let who = model.directory.who_act(lang).into_iter();
            who.map(|(id, name)| (id.to_string(), name.to_owned())).collect()
        })
    }
}

#[component]
fn Loaded(model: RwSignal<EditPage>) -> impl IntoView {
    let lang = use_lang();
    let role = use_viewer().and_then(|viewer| viewer.role);
    let account = model.with_untracked(|model| model.account);
    let sheet = Sheet { model, account, lang };
    let named = move || model.with(|model| model.directory.account(account, lang).to_owned());
    let writes = !matches!(role, None | Some(Role::Analyst));
    let leads = policy::leads(role);
    view! {
        <Title text=move || title(lang, &named()) />
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/">{accounts(lang)}</a>
                " / "
                <a href=format!("/accounts/{account}")>{named}</a>
            </nav>
            <h1>{heading(lang)}</h1>
            <p class="subtitle">{subtitle(lang)}</p>
        </header>
        {if writes {
            view! {
                <Rename sheet />
                <Describe sheet />
                <Assign sheet leads />
                <Sponsor sheet leads />
                <Designate sheet leads />
                <Link sheet />
                <Close sheet leads />
            }
                .into_any()
        } else {
            view! { <p>{reads_only(lang)}</p> }.into_any()
        }}
    }
}

#[component]
fn Card(#[prop(into)] heading: Signal<&'static str>, children: Children) -> impl IntoView {
    view! {
        <section class="card">
            <header>
                <h2>{heading}</h2>
            </header>
            {children()}
        </section>
    }
}

#[component]
fn Submit(text: &'static str, #[prop(optional)] is_danger: bool) -> impl IntoView {
    view! {
        <div>
            <button class="button" class:danger=is_danger type="submit">
                {text}
            </button>
        </div>
    }
}

#[component]
fn Rename(sheet: Sheet) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.name.to_string());
    view! {
        <Card heading=name(lang)>
            {move || {
                let value = stands.get().unwrap_or_default();
                view! {
                    <CommandForm what="account.rename" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                        <Field form=sheet.form("account.rename") name="name" label=name(lang) value=value required=true />
                        <Submit text=rename(lang) />
                    </CommandForm>
                }
            }}
        </Card>
    }
}

#[component]
fn Describe(sheet: Sheet) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.description.clone());
    view! {
        <Card heading=about(lang)>
            {move || {
                let was = stands.get().unwrap_or_default();
                let text = |word: Option<String>| word.unwrap_or_default();
                let form = sheet.form("account.describe");
                let industry_was = text(was.industry.map(|word| word.to_string()));
                let city_was = text(was.city.map(|word| word.to_string()));
                let country_was = text(was.country.map(|word| word.to_string()));
                let website_was = text(was.website.map(|word| word.to_string()));
                view! {
                    <CommandForm what="account.describe" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                        <div class="fields">
                            <Field form=form.clone() name="industry" label=industry(lang) value=industry_was />
                            <Field form=form.clone() name="website" label=website(lang) value=website_was />
                            <Field form=form.clone() name="city" label=city(lang) value=city_was />
                            <Field form=form.clone() name="country" label=country(lang) value=country_was />
                        </div>
                        <Submit text=save(lang) />
                    </CommandForm>
                }
            }}
        </Card>
    }
}

#[component]
fn Assign(sheet: Sheet, leads: bool) -> impl IntoView {
    let lang = sheet.lang;
    let me = use_viewer().map(|viewer| viewer.me);
    let stands = sheet.fact(|account| account.kam);
    view! {
        <Card heading=manager(lang)>
            {move || {
                let kam = stands.get().flatten();
                let said = kam.map_or_else(|| nobody(lang).to_owned(), |kam| answers(lang, &sheet.name_of(kam)));
                let value = kam.map(|kam| kam.to_string()).unwrap_or_default();
                let form = if leads {
                    view! {
                        <CommandForm what="account.assign" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                            <Select
                                form=sheet.form("account.assign")
                                name="kam"
                                label=manager(lang)
                                choices=sheet.people()
                                empty=choose(lang)
                                value=value
                                required=true
                            />
                            <Submit text=assign(lang) />
                        </CommandForm>
                    }
                        .into_any()
                } else if let (None, Some(me)) = (kam, me) {
                    view! {
                        <CommandForm what="account.assign" on=sheet.on() seed=sheet.seed() back=sheet.back()>
                            <input type="hidden" name="kam" value=me.to_string() />
                            <Submit text=take(lang) />
                        </CommandForm>
                    }
                        .into_any()
                } else {
                    view! { <p class="small muted">{for_managers(lang)}</p> }.into_any()
                };
                view! {
                    <div class="stack tight">
                        <p>{said}</p>
                        {form}
                    </div>
                }
            }}
        </Card>
    }
}

#[component]
fn Sponsor(sheet: Sheet, leads: bool) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.sponsor);
    view! {
        <Card heading=sponsor(lang)>
            {move || {
                let who = stands.get().flatten();
                let said = who.map_or_else(|| no_sponsor(lang).to_owned(), |who| is_sponsor(lang, &sheet.name_of(who)));
                let value = who.map(|who| who.to_string()).unwrap_or_default();
                let form = if leads {
                    view! {
                        <CommandForm what="account.sponsor" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                            <Select
                                form=sheet.form("account.sponsor")
                                name="sponsor"
                                label=sponsor(lang)
                                choices=sheet.people()
                                empty=choose(lang)
                                value=value
                                required=true
                            />
                            <Submit text=give_sponsor(lang) />
                        </CommandForm>
                    }
                        .into_any()
                } else {
                    view! { <p class="small muted">{for_managers(lang)}</p> }.into_any()
                };
                view! {
                    <div class="stack tight">
                        <p>{said}</p>
                        {form}
                    </div>
                }
            }}
        </Card>
    }
}

#[component]
fn Designate(sheet: Sheet, leads: bool) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.tier.clone());
    view! {
        <Card heading=key(lang)>
            {move || {
                let was = stands.get().flatten();
                let said = was
                    .as_ref()
                    .map_or_else(|| no_tier(lang).to_owned(), |(tier, why)| has_tier(lang, tier.say(lang), directory::reason(why.as_ref(), lang)));
                let (tier_was, why) = was.map(|(tier, why)| (tier.word(), why.map(|why| why.to_string()).unwrap_or_default())).unwrap_or_default();
                let form = if leads {
                    let tiers = Tier::ALL.iter().map(|tier| (tier.word().to_owned(), tier.say(lang).to_owned())).collect();
                    let form = sheet.form("account.designate");
                    view! {
                        <CommandForm what="account.designate" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                            <Select
                                form=form.clone()
                                name="tier"
                                label=tier(lang)
                                choices=tiers
                                empty=choose_tier(lang)
                                value=tier_was
                                required=true
                            />
                            <Field form=form.clone() name="reason" label=reason(lang) kind=Kind::Text value=why required=true />
                            <Submit text=designate(lang) />
                        </CommandForm>
                    }
                        .into_any()
                } else {
                    view! { <p class="small muted">{for_managers(lang)}</p> }.into_any()
                };
                view! {
                    <div class="stack tight">
                        <p>{said}</p>
                        {form}
                    </div>
                }
            }}
        </Card>
    }
}

#[component]
fn Link(sheet: Sheet) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.links.clone());
    view! {
        <Card heading=links(lang)>
            {move || {
                let all = stands.get().unwrap_or_default();
                let said = if all.is_empty() {
                    view! { <p>{no_links(lang)}</p> }.into_any()
                } else {
                    let rows = all
                        .iter()
                        .map(|(system, key)| view! { <li>{format!("{system} {key}")}</li> })
                        .collect_view();
                    view! { <ul class="items">{rows}</ul> }.into_any()
                };
                let form = sheet.form("account.link");
                view! {
                    <div class="stack tight">
                        {said}
                        <CommandForm what="account.link" on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                            <div class="fields">
                                <Field form=form.clone() name="system" label=system(lang) required=true />
                                <Field form=form.clone() name="source_key" label=record_key(lang) required=true />
                            </div>
                            <Submit text=link(lang) />
                        </CommandForm>
                    </div>
                }
            }}
        </Card>
    }
}

#[component]
fn Close(sheet: Sheet, leads: bool) -> impl IntoView {
    let lang = sheet.lang;
    let stands = sheet.fact(|account| account.closed.clone());
    let is_closed_now = move || stands.with(|closed| closed.as_ref().is_some_and(Option::is_some));
    let heading = Signal::derive(move || if is_closed_now() { reopen(lang) } else { close(lang) });
    view! {
        <Card heading>
            {move || {
                let closed = stands.get().flatten();
                let said = closed
                    .as_ref()
                    .map_or_else(|| closing_text(lang).to_owned(), |closed| is_closed(lang, directory::reason(closed.reason.as_ref(), lang)));
                let (what, text) = if closed.is_some() {
                    ("account.reopen", reopen(lang))
                } else {
                    ("account.close", close(lang))
                };
                let is_danger = closed.is_none();
                let form = if leads {
                    view! {
                        <CommandForm what=what on=sheet.on() seed=sheet.seed() back=sheet.back() class="form">
                            <Field form=sheet.form(what) name="reason" label=reason(lang) kind=Kind::Text required=true />
                            <Submit text=text is_danger=is_danger />
                        </CommandForm>
                    }
                        .into_any()
                } else {
                    view! { <p class="small muted">{for_managers(lang)}</p> }.into_any()
                };
                view! {
                    <div class="stack tight">
                        <p>{said}</p>
                        {form}
                    </div>
                }
            }}
        </Card>
    }
}
