//! A contact: a person at a client, their part in the buying centre, and whom they report to.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::domain::{Context, Model, fingerprint};
use crate::ids::{AccountId, ContactId, Stream};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::words::{BuyingRole, Email, Influence, Label, PersonName, Phone, Reason};

/// Who the person is and how to reach them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    pub name: PersonName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Phone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Label>,
    /// What makes the next meeting personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Reason>,
}

/// A contact's place in the client's buying centre; what nobody knows yet is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<BuyingRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub influence: Option<Influence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports_to: Option<ContactId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Introduced {
        /// `None`: a person whose company nobody has named yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        #[serde(default)]
        personal: Personal<Details>,
    },
    Described {
        #[serde(default)]
        personal: Personal<Details>,
    },
    Mapped(Place),
    /// Works for another account from now on.
    Moved {
        account: AccountId,
    },
    /// Also has to do with this account, beside their own.
    Associated {
        account: AccountId,
    },
    Left {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Introduce {
        #[serde(default)]
        account: Option<AccountId>,
        details: Details,
    },
    Describe {
        details: Details,
    },
    Map(Place),
    /// Says whom they report to, and leaves the rest of their place as it is.
    ReportTo {
        /// `None`: nobody above them is known.
        #[serde(default)]
        above: Option<ContactId>,
    },
    Move {
        account: AccountId,
    },
    Associate {
        account: AccountId,
    },
    Leave {},
}

impl Command {
    /// Whether this is what led to these events: a command that is sent again is known by that.
    pub fn led_to(&self, events: &[&Event]) -> bool {
        match self {
            Self::Introduce { account, details } => {
                matches!(events, [Event::Introduced { account: at, personal }] if at == account && personal.may_be(&details.clone().into()))
            }
            Self::Describe { details } => {
                matches!(events, [Event::Described { personal }] if personal.may_be(&details.clone().into()))
            }
            Self::Map(place) => matches!(events, [Event::Mapped(was)] if was == place),
            Self::ReportTo { above } => matches!(events, [Event::Mapped(was)] if was.reports_to == *above),
            Self::Move { account } => matches!(events, [Event::Moved { account: was }] if was == account),
            Self::Associate { account } => matches!(events, [Event::Associated { account: was }] if was == account),
            Self::Leave {} => matches!(events, [Event::Left {}]),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    AlreadyIntroduced,
    NoSuchContact,
    NoSuchAccount,
    NobodyToReportTo,
    ReportsToThemselves,
    HasLeft,
}

impl Rejection {
    pub const fn say(&self, lang: Lang) -> &'static str {
        match self {
            Self::AlreadyIntroduced => lang.pick(
                "This contact is already known with other details. Change the details instead.",
                "Этот контакт уже заведён с другими данными. Измените его данные.",
            ),
            Self::NoSuchContact => lang.pick(
                "There is no such contact. Introduce the person first.",
                "Такого контакта нет. Сначала заведите его.",
            ),
            Self::NoSuchAccount => lang.pick(
                "There is no such account. Register it first or choose another one.",
                "Такого клиента нет. Заведите его или выберите другого.",
            ),
            Self::NobodyToReportTo => lang.pick(
                "The person they report to is not a known contact. Introduce that person first.",
                "Руководитель этого контакта не заведён. Сначала заведите его.",
            ),
            Self::ReportsToThemselves => lang.pick(
                "Nobody reports to themselves, directly or round about. Choose somebody else.",
                "Никто не подчиняется самому себе, даже через других. Выберите другого человека.",
            ),
            Self::HasLeft => lang.pick(
                "This contact has left. Move them to their new account first.",
                "Этот контакт больше не работает у клиента. Сначала переведите его к новому.",
            ),
        }
    }
}

/// All contacts as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts(HashMap<ContactId, Contact>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Contact {
    account: Option<AccountId>,
    associated: BTreeSet<AccountId>,
    details: u64,
    place: Place,
    left: bool,
}

impl Contacts {
    pub fn exists(&self, contact: ContactId) -> bool {
        self.0.contains_key(&contact)
    }

    fn reports_to(&self, contact: ContactId, above: ContactId) -> bool {
        // At most one step per contact: a damaged history could hold a ring.
        let mut at = Some(contact);
        for _ in 0..=self.0.len() {
            match at {
                Some(here) if here == above => return true,
                Some(here) => at = self.0.get(&here).and_then(|contact| contact.place.reports_to),
                None => return false,
            }
        }
        false
    }

    fn mapped(&self, id: ContactId, contact: &Contact, place: Place) -> Result<Option<Event>, Rejection> {
        if let Some(above) = place.reports_to {
            if !self.exists(above) {
                return Err(Rejection::NobodyToReportTo);
            }
            if self.reports_to(above, id) {
                return Err(Rejection::ReportsToThemselves);
            }
        }
        Ok((contact.place != place).then_some(Event::Mapped(place)))
    }

    pub(crate) fn evolve(&mut self, id: ContactId, event: &Event) {
        if let Event::Introduced { account, personal } = event {
            self.0.entry(id).or_insert_with(|| Contact {
                account: *account,
                associated: BTreeSet::new(),
                details: fingerprint(personal),
                place: Place::default(),
                left: false,
            });
            return;
        }
        let Some(contact) = self.0.get_mut(&id) else { return };
        match event {
            Event::Introduced { .. } => {}
            Event::Described { personal } => contact.details = fingerprint(personal),
            Event::Mapped(place) => contact.place = *place,
            Event::Moved { account } => {
                contact.account = Some(*account);
                contact.left = false;
            }
            Event::Associated { account } => {
                contact.associated.insert(*account);
            }
            Event::Left {} => contact.left = true,
        }
    }
}

impl Event {
    /// The other things that this event names.
    pub fn mentions(&self) -> Vec<Stream> {
        match self {
            Self::Introduced { account, .. } => account.iter().map(|&account| account.into()).collect(),
            Self::Mapped(place) => place.reports_to.iter().map(|&contact| contact.into()).collect(),
            Self::Moved { account } | Self::Associated { account } => vec![(*account).into()],
            Self::Described { .. } | Self::Left {} => vec![],
        }
    }
}

pub fn decide(id: ContactId, command: &Command, _: &Context, model: &Model) -> Result<Vec<Event>, Rejection> {
    let contacts = model.contacts();
    let known = contacts.0.get(&id);
    let contact = || known.ok_or(Rejection::NoSuchContact);
    let account_exists = |account: AccountId| {
        if model.accounts().exists(account) { Ok(()) } else { Err(Rejection::NoSuchAccount) }
    };
    let event = match command {
        Command::Introduce { account, details } => {
            let personal = Personal::Known(details.clone());
            match known {
                Some(contact) if contact.details == fingerprint(&personal) => None,
                Some(_) => return Err(Rejection::AlreadyIntroduced),
                None => {
                    account.map_or(Ok(()), account_exists)?;
                    Some(Event::Introduced { account: *account, personal })
                }
            }
        }
        Command::Describe { details } => {
            let personal = Personal::Known(details.clone());
            (contact()?.details != fingerprint(&personal)).then_some(Event::Described { personal })
        }
        Command::Map(place) => contacts.mapped(id, contact()?, *place)?,
        Command::ReportTo { above } => {
            let contact = contact()?;
            contacts.mapped(id, contact, Place { reports_to: *above, ..contact.place })?
        }
        Command::Move { account } => {
            let contact = contact()?;
            account_exists(*account)?;
            (contact.left || contact.account != Some(*account)).then_some(Event::Moved { account: *account })
        }
        Command::Associate { account } => {
            let contact = contact()?;
            account_exists(*account)?;
            if contact.left {
                return Err(Rejection::HasLeft);
            }
            let has = contact.account == Some(*account) || contact.associated.contains(account);
            (!has).then_some(Event::Associated { account: *account })
        }
        Command::Leave {} => (!contact()?.left).then_some(Event::Left {}),
    };
    Ok(event.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::testkit::*;

    fn order(command: Command) -> domain::Command {
        domain::Command::Contact(ANNA, command)
    }

    fn fact(event: Event) -> domain::Event {
        domain::Event::Contact(ANNA, event)
    }

    fn left() -> domain::Event {
        fact(Event::Left {})
    }

    #[test]
    fn a_contact_is_introduced_once() {
        let introduce = |name| order(Command::Introduce { account: Some(NORTHWIND), details: person(name) });
        let introduced = fact(Event::Introduced { account: Some(NORTHWIND), personal: person("Anna Petrova").into() });
        let nobody_yet = given(company_without_contacts());
        nobody_yet.when(KIRA, introduce("Anna Petrova")).then([introduced]);
        given(company()).when(KIRA, introduce("Anna Petrova")).then([]);
        given(company()).when(KIRA, introduce("Anna Ivanova")).then_refused(Rejection::AlreadyIntroduced);
        let nowhere =
            Command::Introduce { account: Some(AccountId::from_uuid(uuid::Uuid::nil())), details: person("X") };
        nobody_yet.when(KIRA, order(nowhere)).then_refused(Rejection::NoSuchAccount);
    }

    #[test]
    fn details_change_once() {
        let describe = order(Command::Describe { details: person("Anna Ivanova") });
        let described = fact(Event::Described { personal: person("Anna Ivanova").into() });
        given(company()).when(KIRA, describe.clone()).then([described.clone()]);
        given(company()).and((KIRA, described)).when(KIRA, describe.clone()).then([]);
        given([]).when(ADA, describe).then_refused(Rejection::NoSuchContact);
    }

    #[test]
    fn a_contact_has_a_place_in_the_buying_centre_and_reports_to_nobody_in_a_ring() {
        let place = |reports_to| Place { role: Some(BuyingRole::Decider), influence: None, reports_to };
        let map = |who, above| domain::Command::Contact(who, Command::Map(place(above)));
        given(company()).when(KIRA, map(ANNA, Some(BORIS))).then([fact(Event::Mapped(place(Some(BORIS))))]);
        let mapped = given(company()).and((KIRA, fact(Event::Mapped(place(Some(BORIS))))));
        mapped.when(KIRA, map(ANNA, Some(BORIS))).then([]);
        mapped.when(KIRA, map(BORIS, Some(ANNA))).then_refused(Rejection::ReportsToThemselves);
        let nobody = ContactId::from_uuid(uuid::Uuid::nil());
        given(company()).when(KIRA, map(ANNA, Some(nobody))).then_refused(Rejection::NobodyToReportTo);
    }

    #[test]
    fn whom_a_contact_reports_to_changes_and_their_part_in_the_buying_centre_stays() {
        let report = |who, above| domain::Command::Contact(who, Command::ReportTo { above });
        let place = |reports_to| Place { role: Some(BuyingRole::Decider), influence: None, reports_to };
        let decides = given(company()).and((KIRA, fact(Event::Mapped(place(None)))));
        decides.when(KIRA, report(ANNA, Some(BORIS))).then([fact(Event::Mapped(place(Some(BORIS))))]);
        let below = decides.and((KIRA, fact(Event::Mapped(place(Some(BORIS))))));
        below.when(KIRA, report(ANNA, None)).then([fact(Event::Mapped(place(None)))]);
        below.when(KIRA, report(ANNA, Some(BORIS))).then([]);
        given(company()).when(KIRA, report(ANNA, None)).then([]);
    }

    #[test]
    fn a_contact_reports_to_a_known_contact_and_to_nobody_in_a_ring() {
        let report = |who, above| domain::Command::Contact(who, Command::ReportTo { above });
        let place = Place { reports_to: Some(BORIS), ..Place::default() };
        let below = given(company()).and((KIRA, fact(Event::Mapped(place))));
        below.when(KIRA, report(BORIS, Some(ANNA))).then_refused(Rejection::ReportsToThemselves);
        let nobody = ContactId::from_uuid(uuid::Uuid::nil());
        given(company()).when(KIRA, report(ANNA, Some(nobody))).then_refused(Rejection::NobodyToReportTo);
        given([]).when(ADA, report(ANNA, Some(BORIS))).then_refused(Rejection::NoSuchContact);
    }

    #[test]
    fn a_contact_moves_and_comes_back_from_having_left() {
        let go = |account| order(Command::Move { account });
        given(company()).when(KIRA, go(CONTOSO)).then([fact(Event::Moved { account: CONTOSO })]);
        given(company()).when(KIRA, go(NORTHWIND)).then([]);
        given(company()).when(KIRA, go(TAILSPIN)).then_refused(Rejection::NoSuchAccount);
        given([]).when(ADA, go(NORTHWIND)).then_refused(Rejection::NoSuchContact);
        given([]).when(ADA, order(Command::Leave {})).then_refused(Rejection::NoSuchContact);
        given(company()).when(KIRA, order(Command::Leave {})).then([left()]);
        let gone = given(company()).and((KIRA, left()));
        gone.when(KIRA, order(Command::Leave {})).then([]);
        gone.when(KIRA, go(NORTHWIND)).then([fact(Event::Moved { account: NORTHWIND })]);
    }

    #[test]
    fn a_contact_has_to_do_with_another_account_too() {
        let associate = |account| order(Command::Associate { account });
        let associated = fact(Event::Associated { account: CONTOSO });
        given(company()).when(KIRA, associate(CONTOSO)).then([associated.clone()]);
        given(company()).and((KIRA, associated)).when(KIRA, associate(CONTOSO)).then([]);
        given(company()).when(KIRA, associate(NORTHWIND)).then([]);
        given(company()).and((KIRA, left())).when(KIRA, associate(CONTOSO)).then_refused(Rejection::HasLeft);
    }
}
