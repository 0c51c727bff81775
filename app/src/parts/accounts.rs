//! Which account a form is about. Where it is known, its name stands there with a way to another one;
//! else those that the viewer answers for come first, and all the others are found by their name.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::ids::{AccountId, ColleagueId};
use shared::views::Directory;
use shared::words::AccountName;

use super::Icon;
use super::fields::Standing;
use crate::text::use_lang;
use crate::when::count;

crate::texts! {
    mine { en: "Mine", ru: "Мои" }
    others { en: "Others", ru: "Остальные" }
    none_here { en: "There is no account yet.", ru: "Пока нет ни одного клиента." }
    to_the_accounts { en: "Register one", ru: "Завести клиента" }
    another { en: "Another account", ru: "Другой клиент" }
    find { en: "Find an account by its name", ru: "Найти клиента по названию" }
    find_it { en: "Find", ru: "Найти" }
    more(n: &str) { en: "{n} more: find them by their name", ru: "Ещё {n}: найдите по названию" }
}

/// The most accounts that one list holds: longer ones are slow to load and hopeless to read.
const MOST: usize = 200;

/// What a form offers to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Those that the viewer answers for.
    pub mine: Vec<(AccountId, AccountName)>,
    pub others: Vec<(AccountId, AccountName)>,
    /// How many open accounts are in neither list.
    pub more: usize,
    /// What was looked for.
    pub find: Option<String>,
}

impl Offered {
    /// The open accounts by name, or those whose name holds what is looked for.
    #[must_use]
    pub fn of(directory: &Directory, me: ColleagueId, find: Option<&str>) -> Self {
        let find = find.map(str::trim).filter(|typed| !typed.is_empty());
        let found = find.map(|typed| directory.find(typed, usize::MAX).accounts);
        let is_meant = |id: &AccountId| found.as_ref().is_none_or(|found| found.contains(id));
        let open = directory.accounts.iter().filter(|(id, entry)| entry.closed.is_none() && is_meant(id));
        let (mut mine, mut others): (Vec<_>, Vec<_>) = open.partition(|(_, entry)| entry.kam == Some(me));
        for list in [&mut mine, &mut others] {
            list.sort_by_cached_key(|(_, entry)| entry.name.as_str().to_lowercase());
        }
        let all = mine.len() + others.len();
        mine.truncate(MOST);
        others.truncate(MOST.saturating_sub(mine.len()));
        let more = all - mine.len() - others.len();
        let named = |list: Vec<(&AccountId, &shared::views::directory::Account)>| {
            list.into_iter().map(|(id, entry)| (*id, entry.name.clone())).collect()
        };
        Self { mine: named(mine), others: named(others), more, find: find.map(str::to_owned) }
    }

    fn is_whole(&self) -> bool {
        self.more == 0 && self.find.is_none()
    }

    /// Whether an account is on the list.
    #[must_use]
    pub fn has(&self, account: AccountId) -> bool {
        self.mine.iter().chain(&self.others).any(|(id, _)| *id == account)
    }

    /// Without some of them.
    #[must_use]
    pub fn without(mut self, not: &[AccountId]) -> Self {
        self.mine.retain(|(id, _)| !not.contains(id));
        self.others.retain(|(id, _)| !not.contains(id));
        self
    }
}

/// The account that a form is about, where it is known: its name, and the way to another one.
#[component]
pub fn KnownAccount(
    account: AccountId,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(into)] elsewhere: String,
) -> impl IntoView {
    let lang = use_lang();
    view! {
        <div class="field">
            <b>{label}</b>
            <div class="row">
                <input type="hidden" name="account" value=account.to_string() />
                <span>{name}</span>
                <a class="small" href=elsewhere>
                    {another(lang)}
                </a>
            </div>
        </div>
    }
}

/// A list of the offered accounts. Where it is not the whole, the [`AccountFinder`] stands beside it.
#[component]
pub fn AccountSelect(
    #[prop(into)] form: String,
    #[prop(into)] label: String,
    offered: Offered,
    #[prop(into)] empty: String,
    #[prop(optional, into)] value: String,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let lang = use_lang();
    let name = "account";
    let Standing { id, value, why, why_id, described } = Standing::of(&form, name, value);
    let is_wrong = why.is_some();
    let options = move |list: Vec<(AccountId, AccountName)>| {
        list.into_iter()
            .map(|(account, name)| {
                let account = account.to_string();
                let chosen = account == value;
                view! {
                    <option value=account selected=chosen>
                        {name.to_string()}
                    </option>
                }
            })
            .collect_view()
    };
    let is_empty = offered.mine.is_empty() && offered.others.is_empty();
    let has_both = !offered.mine.is_empty() && !offered.others.is_empty();
    let (my_options, other_options) = (options(offered.mine), options(offered.others));
    let options = if has_both {
        view! {
            <optgroup label=mine(lang)>{my_options}</optgroup>
            <optgroup label=others(lang)>{other_options}</optgroup>
        }
        .into_any()
    } else {
        view! { {my_options} {other_options} }.into_any()
    };
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            {why.map(|why| view! { <p class="wrong-why" id=why_id>{why}</p> })}
            {is_empty
                .then(|| {
                    view! {
                        <p class="hint">
                            {none_here(lang)} " " <a href="/#register">{to_the_accounts(lang)}</a>
                        </p>
                    }
                })}
            <select id=id name=name required=required aria-describedby=described aria-invalid=is_wrong.then_some("true")>
                <option value="">{empty}</option>
                {options}
            </select>
        </div>
    }
}

/// Finds accounts for a list that cannot hold them all: a form of its own above the other one. `action`
/// is the page's path, `kept` what of its address is kept.
#[component]
pub fn AccountFinder(
    offered: Offered,
    #[prop(into)] action: String,
    #[prop(optional)] kept: Vec<(&'static str, String)>,
) -> impl IntoView {
    let lang = use_lang();
    (!offered.is_whole()).then(|| {
        let hint = (offered.more > 0).then(|| more(lang, &count(offered.more, lang)));
        view! {
            <form class="form" role="search" method="get" action=action>
                {kept
                    .into_iter()
                    .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                    .collect_view()}
                <div class="field">
                    <label for="find-account">{find(lang)}</label>
                    {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
                    <div class="row">
                        <input type="search" id="find-account" name="find" class="short" value=offered.find.unwrap_or_default() />
                        <button class="button" type="submit">
                            <Icon name="search" />
                            {find_it(lang)}
                        </button>
                    </div>
                </div>
            </form>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testkit::*;
    use shared::views::View;

    fn directory(strangers: u128) -> Directory {
        let mut facts = company();
        for n in 0..strangers {
            let account = AccountId::from_uuid(uuid::Uuid::from_u128(0xACC0_0000 + n));
            let registered = shared::account::Event::Registered { name: account_name(&format!("Stranger {n:04}")) };
            facts.push((ADA, shared::domain::Event::Account(account, registered)));
        }
        let mut directory = Directory::default();
        for record in history(facts) {
            directory.fold(&record);
        }
        directory
    }

    #[test]
    fn mine_come_first_and_no_list_is_endless() {
        let directory = directory(500);
        let offered = Offered::of(&directory, KIRA, None);
        assert_eq!(offered.mine.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [NORTHWIND]);
        assert_eq!(offered.mine.len() + offered.others.len(), MOST);
        assert_eq!(offered.more, directory.accounts.len() - MOST);
    }

    #[test]
    fn every_account_is_found_by_its_name() {
        let offered = Offered::of(&directory(500), KIRA, Some(" stranger 0499 "));
        assert_eq!(offered.others.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["Stranger 0499"]);
        assert_eq!((offered.mine.len(), offered.more), (0, 0));
    }
}
