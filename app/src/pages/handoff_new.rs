//! Handing work over: what, for which account, to whom, by when, and because of what.

use std::collections::BTreeSet;

use jiff::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, ColleagueId, EventRef, HandoffId, Stream};
use shared::record::Record;
use shared::views::board::Card;
use shared::views::{Directory, View};
use shared::words::Occurred;
use uuid::Uuid;

use crate::address::{local, query, with_query};
use crate::live::Follow;
use crate::parts::Icon;
use crate::parts::accounts::{AccountFinder, AccountSelect, Offered};
use crate::parts::entry::cause_words;
use crate::parts::fields::{CommandForm, Field, Kind, form_name};
use crate::parts::history::{account_behind, writes};
use crate::parts::parties::{self, PartySelect};
use crate::read::{Query, Reader, Trouble, page, use_viewer};
use crate::text::use_lang;
use crate::when::Zone;

crate::texts! {
    title { en: "Hand over", ru: "Передать в работу" }
    handoffs { en: "Handoffs", ru: "Передачи" }
    path { en: "Path", ru: "Путь" }
    for_account(name: &str) { en: "for {name}", ru: "для клиента: {name}" }
    account { en: "Account", ru: "Клиент" }
    choose_account { en: "Choose an account", ru: "Выберите клиента" }
    what { en: "What is asked", ru: "Что нужно сделать" }
    what_hint { en: "So that the other side can say yes or no: what, and when it counts as done.", ru: "Так, чтобы можно было ответить «да» или «нет»: что сделать и что считать результатом." }
    to { en: "To whom", ru: "Кому" }
    due { en: "By when", ru: "Срок" }
    due_hint { en: "Empty means no promise is asked for.", ru: "Пусто — значит срок не просим." }
    offer { en: "Offer", ru: "Предложить" }
    note { en: "Nobody has to accept: they answer, and a decline comes with a reason.", ru: "Принимать никто не обязан: вам ответят, а отказ придёт с причиной." }
}

/// What the form starts from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub account: Option<AccountId>,
    pub because: Option<EventRef>,
    /// A colleague or a unit.
    pub to: Option<Stream>,
    /// A handoff that came back and is offered anew.
    pub again: Option<HandoffId>,
    /// The page that follows, if it is one of ours.
    pub back: Option<String>,
    /// An account that is looked for by its name.
    pub find: Option<String>,
}

/// What the form needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffNewPage {
    pub now: Timestamp,
    pub seed: Uuid,
    pub me: ColleagueId,
    pub account: Option<AccountId>,
    /// What leads to it.
    pub because: Option<Record>,
    pub to: Option<Stream>,
    /// The handoff that is offered anew, as it stands.
    pub again: Option<(HandoffId, Card)>,
    pub back: Option<String>,
    pub directory: Directory,
    /// Where it is not known yet for which account: those that can be chosen.
    pub offered: Offered,
}

impl Ask {
    #[must_use]
    pub fn from_query(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            account: get("account").and_then(|id| id.parse().ok()),
            because: get("because").and_then(|event| event.parse().ok()),
            to: get("to").and_then(|stream| stream.parse().ok()),
            again: get("again").and_then(|id| id.parse().ok()),
            back: get("back").and_then(|back| local(&back).map(str::to_owned)),
            find: get("find").filter(|typed| !typed.trim().is_empty()),
        }
    }
}

impl Ask {
    /// What stays while the account is looked for.
    fn kept(&self) -> [(&'static str, Option<String>); 3] {
        [
            ("because", self.because.map(|event| event.to_string())),
            ("to", self.to.map(|stream| stream.to_string())),
            ("back", self.back.clone()),
        ]
    }
}

impl Query for Ask {
    type Page = HandoffNewPage;

    fn answer(&self, reader: &dyn Reader) -> Result<HandoffNewPage, Trouble> {
        let viewer = reader.viewer();
        if !writes(viewer.role) {
            return Err(Trouble::NotAllowed);
        }
        let behind = || self.because.and_then(|cause| account_behind(reader, cause));
        let mut again = None;
        reader.company(&mut |company| {
            let card = |id| company.board.open.get(&id).or_else(|| company.board.ended.get(&id)).cloned();
            again = self.again.and_then(|id| Some((id, card(id)?)));
        });
        let because = match self.because.or(again.as_ref().and_then(|(_, card)| card.cause)) {
            Some(cause) => reader.of_stream(cause.stream)?.into_iter().find(|one| one.revision == cause.revision),
            None => None,
        };
        let account = again.as_ref().map(|(_, card)| card.account).or(self.account).or_else(behind);
        let (mut directory, mut offered) = (Directory::default(), Offered::default());
        reader.company(&mut |company| {
            directory = company.directory.cut(&BTreeSet::new(), &BTreeSet::new());
            let known = account.and_then(|id| Some((id, company.directory.accounts.get(&id)?.clone())));
            if known.is_none() {
                offered = Offered::of(&company.directory, viewer.me, self.find.as_deref());
            }
            directory.accounts.extend(known);
        });
        let account = account.filter(|account| directory.accounts.contains_key(account));
        Ok(HandoffNewPage {
            now: viewer.now,
            seed: viewer.seed,
            me: viewer.me,
            account,
            because,
            to: again.as_ref().map(|(_, card)| card.to.into()).or(self.to),
            again,
            back: self.back.clone(),
            directory,
            offered,
        })
    }

    fn address(&self) -> String {
        let [because, to, back] = self.kept();
        let account = ("account", self.account.map(|id| id.to_string()));
        let again = ("again", self.again.map(|id| id.to_string()));
        with_query("handoff-new", &query([account, because, to, again, back, ("find", self.find.clone())]))
    }
}

impl Follow for HandoffNewPage {
    fn position(&self) -> u64 {
        self.directory.position
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
    }
}

#[component]
pub fn HandoffNew() -> impl IntoView {
    let query = use_query_map();
    let ask = move || query.with(|query| Ask::from_query(|name| query.get(name)));
    // A form that somebody fills in does not change under their hands.
    page(ask, move |model| {
        let kept = untrack(ask).kept();
        model.with_untracked(|model| view! { <Form model=model.clone() kept /> })
    })
}

#[component]
fn Form(model: HandoffNewPage, kept: [(&'static str, Option<String>); 3]) -> impl IntoView {
    let lang = use_lang();
    let zone = use_viewer().map_or_else(Zone::utc, |viewer| viewer.zone);
    let HandoffNewPage { now, seed, me, account: chosen, because, to: asked, again, back, directory, offered } = model;
    let kept = kept.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let finder =
        chosen.is_none().then(|| view! { <AccountFinder offered=offered.clone() action="/handoffs/new" kept /> });
    let on = again.as_ref().map(|(id, _)| Stream::from(*id).to_string());
    let seen = again.as_ref().map(|(_, card)| card.revision);
    let form = form_name("handoff.offer", on.as_deref());
    let words = again.as_ref().and_then(|(_, card)| card.words.known());
    let what_was = words.map(|words| words.what.to_string()).unwrap_or_default();
    let today = zone.day(Occurred::At(now));
    // A day that has passed is not asked for again.
    let due_was = again.as_ref().and_then(|(_, card)| card.due).filter(|due| *due >= today);
    let due_was = due_was.map(|due| due.to_string()).unwrap_or_default();
    let (units, colleagues) = parties::choices(&directory, me, lang);
    let back =
        back.unwrap_or_else(|| chosen.map_or_else(|| "/handoffs".to_owned(), |account| format!("/accounts/{account}")));
    let name = chosen.map(|account| directory.account(account, lang).to_owned());
    let because = because.map(|record| {
        let words = cause_words(&record, &zone, now, lang);
        view! {
            <input type="hidden" name="because" value=record.reference().to_string() />
            <p class="row small muted">
                <Icon name="because" />
                {words}
            </p>
        }
    });
    let account_field = match chosen {
        Some(account) => view! { <input type="hidden" name="account" value=account.to_string() /> }.into_any(),
        None => view! {
            <AccountSelect form=form.clone() label=account(lang) offered empty=choose_account(lang) required=true />
        }
        .into_any(),
    };
    view! {
        <Title text=title(lang) />
        <header class="page-head">
            <nav class="crumbs" aria-label=path(lang)>
                <a href="/handoffs">{handoffs(lang)}</a>
            </nav>
            <h1>{title(lang)}</h1>
            {name.map(|name| view! { <p class="subtitle">{for_account(lang, &name)}</p> })}
        </header>
        <div class="narrow stack">
            {finder}
            <CommandForm what="handoff.offer" nostrip:on=on nostrip:seen=seen seed=seed back=back class="form" keep=true label=title(lang)>
                {because} {account_field}
                <Field form=form.clone() name="what" label=what(lang) value=what_was kind=Kind::Text hint=what_hint(lang) required=true autofocus=true />
                <PartySelect
                    form=form.clone()
                    name="to"
                    label=to(lang)
                    units
                    colleagues
                    value=asked.map(|stream| stream.to_string()).unwrap_or_default()
                />
                <Field form=form name="due" label=due(lang) value=due_was kind=Kind::Date min=today.to_string() hint=due_hint(lang) class="short" />
                <div class="row">
                    <button class="button primary" type="submit">
                        {offer(lang)}
                    </button>
                    <kbd class="hint-key">"Ctrl Enter"</kbd>
                    <span class="small muted">{note(lang)}</span>
                </div>
            </CommandForm>
        </div>
    }
}
