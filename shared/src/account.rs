//! An account: a client that we serve, who answers for it among us, and how much of a key account it is.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model, fingerprint};
use crate::ids::{AccountId, ColleagueId, Stream};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::words::{AccountName, Label, Reason, SourceKey, System, Tier, Website};

/// What the company is, as far as anybody wrote it down. All of it may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
}

/// Why it was decided so. Free text, which can name people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Registered {
        name: AccountName,
    },
    Renamed {
        name: AccountName,
    },
    Described(Description),
    /// It became a key account of this tier, for this reason.
    Designated {
        tier: Tier,
        #[serde(default)]
        personal: Personal<Why>,
    },
    /// This key account manager answers for it from now on.
    Assigned {
        kam: ColleagueId,
    },
    /// This colleague speaks for it at the top of our house.
    Sponsored {
        sponsor: ColleagueId,
    },
    /// It is the same as this record of another CRM.
    Linked {
        system: System,
        key: SourceKey,
    },
    Closed {
        #[serde(default)]
        personal: Personal<Why>,
    },
    Reopened {
        #[serde(default)]
        personal: Personal<Why>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Register { name: AccountName },
    Rename { name: AccountName },
    Describe(Description),
    Designate { tier: Tier, reason: Reason },
    Assign { kam: ColleagueId },
    Sponsor { sponsor: ColleagueId },
    Link { system: System, key: SourceKey },
    Close { reason: Reason },
    Reopen { reason: Reason },
}

fn why(reason: &Reason) -> Personal<Why> {
    Why { reason: reason.clone() }.into()
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Register { name } => matches!(events, [Event::Registered { name: was }] if was == name),
            Self::Rename { name } => matches!(events, [Event::Renamed { name: was }] if was == name),
            Self::Describe(description) => matches!(events, [Event::Described(was)] if was == description),
            Self::Designate { tier, reason } => {
                matches!(events, [Event::Designated { tier: was, personal }] if was == tier && personal.may_be(&why(reason)))
            }
            Self::Assign { kam } => matches!(events, [Event::Assigned { kam: was }] if was == kam),
            Self::Sponsor { sponsor } => matches!(events, [Event::Sponsored { sponsor: was }] if was == sponsor),
            Self::Link { system, key } => {
                matches!(events, [Event::Linked { system: of, key: was }] if (of, was) == (system, key))
            }
            Self::Close { reason } => matches!(events, [Event::Closed { personal }] if personal.may_be(&why(reason))),
            Self::Reopen { reason } => {
                matches!(events, [Event::Reopened { personal }] if personal.may_be(&why(reason)))
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AlreadyRegistered,
    NoSuchAccount,
    NoSuchColleague,
    LinkedElsewhere,
    IsClosed,
}

impl Rejection {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::AlreadyRegistered => lang.pick(
                "This account is already registered under another name. Rename it instead.",
                "Этот клиент уже заведён под другим названием. Переименуйте его.",
            ),
            Self::NoSuchAccount => {
                lang.pick("There is no such account. Register it first.", "Такого клиента нет. Сначала заведите его.")
            }
            Self::NoSuchColleague => lang.pick(
                "This colleague is not here, has left or only reads. Choose somebody who can act.",
                "Такого сотрудника нет, он больше не работает или у него только чтение. Выберите того, кто работает с клиентами.",
            ),
            Self::LinkedElsewhere => lang.pick(
                "Another account is already linked to this record. Open that account, or link another record.",
                "С этой записью уже связан другой клиент. Откройте его или укажите другую запись.",
            ),
            Self::IsClosed => {
                lang.pick("This account is closed. Reopen it first.", "Этот клиент закрыт. Сначала откройте его снова.")
            }
        }
    }
}

/// All accounts as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    accounts: HashMap<AccountId, Account>,
    links: HashMap<(System, SourceKey), AccountId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Account {
    name: AccountName,
    description: Description,
    /// With the fingerprint of the reason.
    tier: Option<(Tier, u64)>,
    kam: Option<ColleagueId>,
    sponsor: Option<ColleagueId>,
    closed: bool,
}

impl Accounts {
    pub fn exists(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    pub fn kam(&self, account: AccountId) -> Option<ColleagueId> {
        self.accounts.get(&account)?.kam
    }

    /// The account that is linked to a record of another CRM.
    pub fn linked_to(&self, system: &System, key: &SourceKey) -> Option<AccountId> {
        self.links.get(&(system.clone(), key.clone())).copied()
    }

    pub(crate) fn evolve(&mut self, id: AccountId, event: &Event) {
        if let Event::Registered { name } = event {
            self.accounts.entry(id).or_insert_with(|| Account {
                name: name.clone(),
                description: Description::default(),
                tier: None,
                kam: None,
                sponsor: None,
                closed: false,
            });
            return;
        }
        let Some(account) = self.accounts.get_mut(&id) else { return };
        match event {
            Event::Registered { .. } => {}
            Event::Renamed { name } => account.name.clone_from(name),
            Event::Described(description) => account.description.clone_from(description),
            Event::Designated { tier, personal } => account.tier = Some((*tier, fingerprint(personal))),
            Event::Assigned { kam } => account.kam = Some(*kam),
            Event::Sponsored { sponsor } => account.sponsor = Some(*sponsor),
            Event::Linked { system, key } => {
                self.links.insert((system.clone(), key.clone()), id);
            }
            Event::Closed { .. } => account.closed = true,
            Event::Reopened { .. } => account.closed = false,
        }
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Assigned { kam: colleague } | Self::Sponsored { sponsor: colleague } => vec![(*colleague).into()],
            Self::Registered { .. }
            | Self::Renamed { .. }
            | Self::Described(_)
            | Self::Designated { .. }
            | Self::Linked { .. }
            | Self::Closed { .. }
            | Self::Reopened { .. } => vec![],
        }
    }
}

pub fn decide(id: AccountId, command: &Command, _: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let known = model.accounts().accounts.get(&id);
    let account = || known.ok_or(Rejection::NoSuchAccount);
    let open = || account().and_then(|account| if account.closed { Err(Rejection::IsClosed) } else { Ok(account) });
    let need = |allowed| if allowed { Ok(()) } else { Err(Rejection::NoSuchColleague) };
    let event = match command {
        Command::Register { name } => match known {
            Some(account) if account.name == *name => None,
            Some(_) => return Err(Rejection::AlreadyRegistered),
            None => Some(Event::Registered { name: name.clone() }),
        },
        Command::Rename { name } => (account()?.name != *name).then(|| Event::Renamed { name: name.clone() }),
        Command::Describe(description) => {
            (account()?.description != *description).then(|| Event::Described(description.clone()))
        }
        Command::Designate { tier, reason } => {
            let personal = why(reason);
            let same = open()?.tier == Some((*tier, fingerprint(&personal)));
            (!same).then_some(Event::Designated { tier: *tier, personal })
        }
        Command::Assign { kam } => {
            let changes = open()?.kam != Some(*kam);
            need(model.colleagues().can_act(*kam))?;
            changes.then_some(Event::Assigned { kam: *kam })
        }
        Command::Sponsor { sponsor } => {
            let changes = open()?.sponsor != Some(*sponsor);
            need(model.colleagues().is_here(*sponsor))?;
            changes.then_some(Event::Sponsored { sponsor: *sponsor })
        }
        Command::Link { system, key } => {
            account()?;
            match model.accounts().linked_to(system, key) {
                Some(other) if other != id => return Err(Rejection::LinkedElsewhere),
                Some(_) => None,
                None => Some(Event::Linked { system: system.clone(), key: key.clone() }),
            }
        }
        Command::Close { reason } => (!account()?.closed).then(|| Event::Closed { personal: why(reason) }),
        Command::Reopen { reason } => account()?.closed.then(|| Event::Reopened { personal: why(reason) }),
    };
    Ok(event.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;

    fn order(command: Command) -> domain::Command {
        domain::Command::Account(NORTHWIND, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Account(NORTHWIND, event)
    }

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    fn why(text: &str) -> Personal<Why> {
        Why { reason: reason(text) }.into()
    }

    #[test]
    fn an_account_is_registered_once() {
        let register = |text| order(Command::Register { name: name(text) });
        let registered = fact(Event::Registered { name: name("Northwind") });
        given([]).when(ADA, register("Northwind")).then([registered.clone()]);
        given([(ADA, registered.clone())]).when(ADA, register("Northwind")).then([]);
        given([(ADA, registered)]).when(ADA, register("Southwind")).then_refused(Rejection::AlreadyRegistered);
    }

    #[test]
    fn a_name_or_description_that_is_the_same_stays_quiet() {
        let rename = |text| order(Command::Rename { name: name(text) });
        given(company()).when(KIRA, rename("Northwind")).then([]);
        given(company()).when(KIRA, rename("Northwind AG")).then([fact(Event::Renamed { name: name("Northwind AG") })]);
        given([]).when(ADA, rename("Northwind")).then_refused(Rejection::NoSuchAccount);

        let description = Description { industry: Some(Label::parse("Shipping").unwrap()), ..Description::default() };
        let describe = order(Command::Describe(description.clone()));
        let described = fact(Event::Described(description));
        given(company()).when(KIRA, describe.clone()).then([described.clone()]);
        given(company()).and((KIRA, described)).when(KIRA, describe.clone()).then([]);
        given([]).when(ADA, describe).then_refused(Rejection::NoSuchAccount);
    }

    #[test]
    fn a_key_account_has_a_tier_and_a_reason() {
        let designate = order(Command::Designate { tier: Tier::Key, reason: reason("A third of our freight") });
        let designated = fact(Event::Designated { tier: Tier::Key, personal: why("A third of our freight") });
        given(company()).when(ADA, designate.clone()).then([designated.clone()]);
        given(company()).and((ADA, designated)).when(ADA, designate.clone()).then([]);
        let closed = fact(Event::Closed { personal: why("Merged") });
        let shut = given(company()).and((ADA, closed));
        shut.when(ADA, designate).then_refused(Rejection::IsClosed);
        shut.when(ADA, order(Command::Assign { kam: LEV })).then_refused(Rejection::IsClosed);
        shut.when(ADA, order(Command::Sponsor { sponsor: LEV })).then_refused(Rejection::IsClosed);
    }

    #[test]
    fn only_somebody_who_is_here_can_be_its_manager_or_sponsor() {
        given(company()).when(ADA, order(Command::Assign { kam: KIRA })).then([]);
        given(company()).when(ADA, order(Command::Assign { kam: LEV })).then([fact(Event::Assigned { kam: LEV })]);
        given(company())
            .when(ADA, order(Command::Sponsor { sponsor: ADA }))
            .then([fact(Event::Sponsored { sponsor: ADA })]);
        let left = domain::Event::Colleague(LEV, crate::colleague::Event::Left {});
        let without_lev = given(company()).and((ADA, left));
        without_lev.when(ADA, order(Command::Assign { kam: LEV })).then_refused(Rejection::NoSuchColleague);
        without_lev.when(ADA, order(Command::Sponsor { sponsor: LEV })).then_refused(Rejection::NoSuchColleague);
        given(company()).when(ADA, order(Command::Assign { kam: NINA })).then_refused(Rejection::NoSuchColleague);
        let sponsored = fact(Event::Sponsored { sponsor: ADA });
        given(company()).and((ADA, sponsored)).when(ADA, order(Command::Sponsor { sponsor: ADA })).then([]);
    }

    #[test]
    fn a_record_of_another_crm_is_one_account() {
        let (system, key) = (System::parse("salesforce").unwrap(), SourceKey::parse("001Ec00000GGw3hIAD").unwrap());
        let link = Command::Link { system: system.clone(), key: key.clone() };
        let linked = fact(Event::Linked { system, key });
        given(company()).when(ADA, order(link.clone())).then([linked.clone()]);
        let with_link = given(company()).and((ADA, linked));
        with_link.when(ADA, order(link.clone())).then([]);
        with_link.when(ADA, domain::Command::Account(CONTOSO, link)).then_refused(Rejection::LinkedElsewhere);
    }

    #[test]
    fn an_account_closes_and_reopens() {
        let close = order(Command::Close { reason: reason("Merged") });
        let reopen = order(Command::Reopen { reason: reason("They are back") });
        let closed = fact(Event::Closed { personal: why("Merged") });
        given(company()).when(ADA, close.clone()).then([closed.clone()]);
        given(company()).when(ADA, reopen.clone()).then([]);
        given([]).when(ADA, close.clone()).then_refused(Rejection::NoSuchAccount);
        given([]).when(ADA, reopen.clone()).then_refused(Rejection::NoSuchAccount);
        let shut = given(company()).and((ADA, closed));
        shut.when(ADA, close).then([]);
        shut.when(ADA, reopen).then([fact(Event::Reopened { personal: why("They are back") })]);
    }
}
