//! Who is who: the names and standing facts of units, colleagues, accounts and contacts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::account::Description;
use crate::colleague::Identity;
use crate::contact::{Details, Place};
use crate::domain::Event;
use crate::handoff::Party;
use crate::ids::{AccountId, ColleagueId, ContactId, ImportId, UnitId};
use crate::lang::Lang;
use crate::personal::Personal;
use crate::record::Record;
use crate::views::view;
use crate::words::{AccountName, Reason, Role, SourceKey, System, Tier, UnitName};
use crate::{account, colleague, contact, import, unit};

/// Everybody and everything that has a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    pub position: u64,
    pub units: BTreeMap<UnitId, Unit>,
    pub colleagues: BTreeMap<ColleagueId, Colleague>,
    pub accounts: BTreeMap<AccountId, Account>,
    pub contacts: BTreeMap<ContactId, Contact>,
    pub imports: BTreeMap<ImportId, Import>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub name: UnitName,
    pub under: Option<UnitId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Colleague {
    pub identity: Personal<Identity>,
    pub unit: Option<UnitId>,
    pub role: Option<Role>,
    pub left: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub name: AccountName,
    pub description: Description,
    /// With the reason, unless it was forgotten.
    pub tier: Option<(Tier, Option<Reason>)>,
    pub kam: Option<ColleagueId>,
    pub sponsor: Option<ColleagueId>,
    pub links: Vec<(System, SourceKey)>,
    pub closed: Option<Closed>,
    /// How many events its stream has: what a screen has seen of it.
    pub revision: u64,
}

/// That an account is closed, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// `None` where it was forgotten.
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub details: Personal<Details>,
    pub account: Option<AccountId>,
    pub associated: BTreeSet<AccountId>,
    pub place: Place,
    pub left: bool,
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub system: System,
    pub source: String,
    pub by: ColleagueId,
    pub started: jiff::Timestamp,
    /// Rows accepted and refused, once it has finished.
    pub finished: Option<(u32, u32)>,
    pub taken_back: bool,
}

/// Whatever bears a name that somebody looks for: of each kind the first few, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub accounts: Vec<AccountId>,
    pub contacts: Vec<ContactId>,
    pub colleagues: Vec<ColleagueId>,
    pub units: Vec<UnitId>,
    /// How many there are of each kind, in this order.
    pub totals: [usize; 4],
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.totals.iter().all(|total| *total == 0)
    }
}

view!(Directory);

impl Directory {
    /// A colleague's name, or the word for what was forgotten or is not known here.
    pub fn colleague(&self, id: ColleagueId, lang: Lang) -> &str {
        if id == ColleagueId::TWOFRONT {
            return "Twofront";
        }
        match self.colleagues.get(&id).map(|colleague| colleague.identity.known()) {
            Some(Some(identity)) => identity.name.as_str(),
            Some(None) => forgotten(lang),
            None => unknown(lang),
        }
    }

    pub fn contact(&self, id: ContactId, lang: Lang) -> &str {
        match self.contacts.get(&id).map(|contact| contact.details.known()) {
            Some(Some(details)) => details.name.as_str(),
            Some(None) => forgotten(lang),
            None => unknown(lang),
        }
    }

    pub fn account(&self, id: AccountId, lang: Lang) -> &str {
        self.accounts.get(&id).map_or(unknown(lang), |account| account.name.as_str())
    }

    pub fn unit(&self, id: UnitId, lang: Lang) -> &str {
        self.units.get(&id).map_or(unknown(lang), |unit| unit.name.as_str())
    }

    pub fn party(&self, party: Party, lang: Lang) -> &str {
        match party {
            Party::Colleague(colleague) => self.colleague(colleague, lang),
            Party::Unit(unit) => self.unit(unit, lang),
        }
    }

    /// The colleagues who are here, by name.
    pub fn here(&self, lang: Lang) -> Vec<(ColleagueId, &str)> {
        let here = self.colleagues.iter().filter(|(_, colleague)| !colleague.left);
        let mut named: Vec<_> = here.map(|(id, _)| (*id, self.colleague(*id, lang))).collect();
        named.sort_by_cached_key(|(_, name)| name.to_lowercase());
        named
    }

    /// Everybody to whom work can go, by name.
    pub fn who_act(&self, lang: Lang) -> Vec<(ColleagueId, &str)> {
        let mut named = self.here(lang);
        named.retain(|(id, _)| self.acts(*id));
        named
    }

    /// Whether somebody is here and can take work on.
    pub fn acts(&self, colleague: ColleagueId) -> bool {
        let known = self.colleagues.get(&colleague).filter(|colleague| !colleague.left);
        known.and_then(|colleague| colleague.role).is_some_and(Role::acts)
    }

    /// The people of a unit who are here, by name.
    pub fn people_of(&self, unit: UnitId, lang: Lang) -> Vec<(ColleagueId, &str)> {
        let mut people = self.here(lang);
        people.retain(|(id, _)| self.colleagues.get(id).is_some_and(|colleague| colleague.unit == Some(unit)));
        people
    }

    /// The contacts of an account, its own first, by name.
    pub fn contacts_of(&self, account: AccountId, lang: Lang) -> Vec<(ContactId, &Contact)> {
        let of = |contact: &Contact| contact.account == Some(account) || contact.associated.contains(&account);
        let mut contacts: Vec<_> =
            self.contacts.iter().filter(|(_, contact)| of(contact)).map(|(id, contact)| (*id, contact)).collect();
        contacts.sort_by_key(|(id, contact)| {
            (contact.left, contact.account != Some(account), self.contact(*id, lang).to_lowercase())
        });
        contacts
    }

    /// Finds by name: every word that was typed stands in it, whatever the case, and "е" also finds
    /// "ё". At most this many of each kind.
    pub fn find(&self, typed: &str, most: usize) -> Found {
        let fits = fits(typed);
        let contact = |contact: &Contact| contact.details.known().map(|details| details.name.to_string());
        let accounts = named(self.accounts.iter().map(|(id, one)| (*id, Some(one.name.to_string()))), &fits);
        let contacts = named(self.contacts.iter().map(|(id, one)| (*id, contact(one))), &fits);
        let colleagues = self.find_colleagues(typed);
        let units = named(self.units.iter().map(|(id, one)| (*id, Some(one.name.to_string()))), &fits);
        Found {
            totals: [accounts.len(), contacts.len(), colleagues.len(), units.len()],
            accounts: accounts.into_iter().take(most).collect(),
            contacts: contacts.into_iter().take(most).collect(),
            colleagues: colleagues.into_iter().take(most).collect(),
            units: units.into_iter().take(most).collect(),
        }
    }

    /// The colleagues that [`Directory::find`] finds, also who has left.
    pub fn find_colleagues(&self, typed: &str) -> Vec<ColleagueId> {
        let name = |colleague: &Colleague| colleague.identity.known().map(|identity| identity.name.to_string());
        named(self.colleagues.iter().map(|(id, one)| (*id, name(one))), &fits(typed))
    }

    /// The units right under another one, by name.
    pub fn parts_of(&self, unit: UnitId) -> Vec<(UnitId, &str)> {
        let parts = self.units.iter().filter(|(_, part)| part.under == Some(unit));
        let mut parts: Vec<_> = parts.map(|(id, part)| (*id, part.name.as_str())).collect();
        parts.sort_by_cached_key(|(_, name)| name.to_lowercase());
        parts
    }

    /// All units, by name.
    pub fn all_units(&self) -> Vec<(UnitId, &str)> {
        let mut units: Vec<_> = self.units.iter().map(|(id, unit)| (*id, unit.name.as_str())).collect();
        units.sort_by_cached_key(|(_, name)| name.to_lowercase());
        units
    }

    /// Who can be asked to see to something: those here who lead others or answer for a unit, by name.
    pub fn leads(&self, lang: Lang) -> Vec<(ColleagueId, &str)> {
        let mut leads = self.here(lang);
        leads.retain(|(id, _)| {
            let role = self.colleagues.get(id).and_then(|colleague| colleague.role);
            matches!(role, Some(Role::Administrator | Role::Manager | Role::ResourceOwner))
        });
        leads
    }

    /// What a page about some accounts and contacts needs: all units and colleagues, and of the
    /// clients only these, with the contacts of these accounts.
    pub fn cut(&self, accounts: &BTreeSet<AccountId>, contacts: &BTreeSet<ContactId>) -> Self {
        let about = |id: &ContactId, contact: &Contact| {
            contacts.contains(id)
                || contact.account.is_some_and(|account| accounts.contains(&account))
                || contact.associated.iter().any(|account| accounts.contains(account))
        };
        let wanted: BTreeMap<_, _> = if accounts.len() == 1 || contacts.len() < 200 {
            self.contacts.iter().filter(|(id, contact)| about(id, contact)).map(|(id, c)| (*id, c.clone())).collect()
        } else {
            contacts.iter().filter_map(|id| Some((*id, self.contacts.get(id)?.clone()))).collect()
        };
        Self {
            position: self.position,
            units: self.units.clone(),
            colleagues: self.colleagues.clone(),
            accounts: accounts.iter().filter_map(|id| Some((*id, self.accounts.get(id)?.clone()))).collect(),
            contacts: wanted,
            imports: BTreeMap::new(),
        }
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Unit(id, event) => self.take_unit(*id, event),
            Event::Colleague(id, event) => self.take_colleague(*id, event),
            Event::Account(id, event) => self.take_account(*id, event, record.revision),
            Event::Contact(id, event) => self.take_contact(*id, event, record.revision),
            Event::Import(id, event) => self.take_import(*id, event, record),
            Event::Interaction(..) | Event::Handoff(..) => {}
        }
    }

    fn take_unit(&mut self, id: UnitId, event: &unit::Event) {
        match event {
            unit::Event::Founded { name, under } => {
                self.units.insert(id, Unit { name: name.clone(), under: *under });
            }
            unit::Event::Renamed { name } => {
                self.units.entry(id).and_modify(|unit| unit.name.clone_from(name));
            }
            unit::Event::Moved { under } => {
                self.units.entry(id).and_modify(|unit| unit.under = *under);
            }
        }
    }

    fn take_colleague(&mut self, id: ColleagueId, event: &colleague::Event) {
        if let colleague::Event::Joined { unit, personal } = event {
            let joined = Colleague { identity: personal.clone(), unit: *unit, role: None, left: false };
            self.colleagues.insert(id, joined);
            return;
        }
        let Some(colleague) = self.colleagues.get_mut(&id) else { return };
        match event {
            colleague::Event::Joined { .. } => {}
            colleague::Event::Renamed { personal } => colleague.identity.clone_from(personal),
            colleague::Event::Moved { unit } => colleague.unit = *unit,
            colleague::Event::GivenRole { role } => colleague.role = Some(*role),
            colleague::Event::Left {} => colleague.left = true,
        }
    }

    fn take_account(&mut self, id: AccountId, event: &account::Event, revision: u64) {
        if let account::Event::Registered { name } = event {
            let registered = Account {
                name: name.clone(),
                description: Description::default(),
                tier: None,
                kam: None,
                sponsor: None,
                links: vec![],
                closed: None,
                revision,
            };
            self.accounts.insert(id, registered);
            return;
        }
        let Some(account) = self.accounts.get_mut(&id) else { return };
        account.revision = revision;
        match event {
            account::Event::Registered { .. } => {}
            account::Event::Renamed { name } => account.name.clone_from(name),
            account::Event::Described(description) => account.description.clone_from(description),
            account::Event::Designated { tier, personal } => {
                account.tier = Some((*tier, personal.known().map(|why| why.reason.clone())));
            }
            account::Event::Assigned { kam } => account.kam = Some(*kam),
            account::Event::Sponsored { sponsor } => account.sponsor = Some(*sponsor),
            account::Event::Linked { system, key } => account.links.push((system.clone(), key.clone())),
            account::Event::Closed { personal } => {
                account.closed = Some(Closed { reason: personal.known().map(|why| why.reason.clone()) });
            }
            account::Event::Reopened { .. } => account.closed = None,
        }
    }

    fn take_contact(&mut self, id: ContactId, event: &contact::Event, revision: u64) {
        if let contact::Event::Introduced { account, personal } = event {
            let introduced = Contact {
                details: personal.clone(),
                account: *account,
                associated: BTreeSet::new(),
                place: Place::default(),
                left: false,
                revision,
            };
            self.contacts.insert(id, introduced);
            return;
        }
        let Some(contact) = self.contacts.get_mut(&id) else { return };
        contact.revision = revision;
        match event {
            contact::Event::Introduced { .. } => {}
            contact::Event::Described { personal } => contact.details.clone_from(personal),
            contact::Event::Mapped(place) => contact.place = *place,
            contact::Event::Moved { account } => {
                contact.account = Some(*account);
                contact.left = false;
            }
            contact::Event::Associated { account } => {
                contact.associated.insert(*account);
            }
            contact::Event::Left {} => contact.left = true,
        }
    }

    fn take_import(&mut self, id: ImportId, event: &import::Event, record: &Record) {
        match event {
            import::Event::Started { system, source } => {
                let started = Import {
                    system: system.clone(),
                    source: source.to_string(),
                    by: record.by,
                    started: record.recorded,
                    finished: None,
                    taken_back: false,
                };
                self.imports.insert(id, started);
            }
            import::Event::Finished { accepted, refused } => {
                self.imports.entry(id).and_modify(|import| import.finished = Some((*accepted, *refused)));
            }
            import::Event::TakenBack { .. } => {
                self.imports.entry(id).and_modify(|import| import.taken_back = true);
            }
        }
    }
}

/// A name as it is compared: lower case, without the dots that people leave out.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('ё', "е")
}

/// Whether a name has every word in it that was typed, and whether worse: where a word of the name begins so, it is what
/// most people mean, and those come first.
fn fits(typed: &str) -> impl Fn(&str) -> Option<bool> {
    let wanted: Vec<String> = plain(typed).split_whitespace().map(str::to_owned).collect();
    move |name| {
        let all = !wanted.is_empty() && wanted.iter().all(|word| name.contains(word));
        let begins = |word: &String| name.split(|c: char| !c.is_alphanumeric()).any(|one| one.starts_with(word));
        all.then(|| !wanted.iter().all(begins))
    }
}

/// Who fits, the better ones first, then by name.
fn named<I: Ord>(all: impl Iterator<Item = (I, Option<String>)>, fits: &impl Fn(&str) -> Option<bool>) -> Vec<I> {
    let named = all.filter_map(|(id, name)| Some((plain(&name?), id)));
    let mut named: Vec<_> = named.filter_map(|(name, id)| Some((fits(&name)?, name, id))).collect();
    named.sort();
    named.into_iter().map(|(.., id)| id).collect()
}

/// A reason, or the word for one that was forgotten.
pub fn reason(reason: Option<&Reason>, lang: Lang) -> &str {
    reason.map_or_else(|| forgotten(lang), Reason::as_str)
}

/// What stands where a person was forgotten.
pub const fn forgotten(lang: Lang) -> &'static str {
    lang.pick("(forgotten)", "(данные удалены)")
}

const fn unknown(lang: Lang) -> &'static str {
    lang.pick("(unknown)", "(неизвестно)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;
    use crate::views::View;

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for record in history(company()) {
            directory.fold(&record);
        }
        directory
    }

    #[test]
    fn everybody_is_found_by_name() {
        let directory = directory();
        assert_eq!(directory.colleague(KIRA, Lang::En), "Kira Volkova");
        assert_eq!(directory.contact(ANNA, Lang::En), "Anna Petrova");
        assert_eq!(directory.account(NORTHWIND, Lang::En), "Northwind");
        assert_eq!(directory.party(Party::Unit(LOGISTICS), Lang::Ru), "Logistics");
        let people: Vec<_> = directory.people_of(LOGISTICS, Lang::En).into_iter().map(|(id, _)| id).collect();
        assert_eq!(people, [LEV]);
    }

    #[test]
    fn whatever_bears_the_name_is_found() {
        let directory = directory();
        assert_eq!(directory.find("NORTH", 9).accounts, [NORTHWIND]);
        assert_eq!(directory.find("petrova anna", 9).contacts, [ANNA]);
        assert_eq!(directory.find("kira", 9).colleagues, [KIRA]);
        assert_eq!(directory.find("logis", 9).units, [LOGISTICS]);
        assert_eq!(directory.find("so", 9).contacts, [BORIS], "Sokolov begins so");
        assert_eq!(directory.find("r", 9).contacts, [ANNA, BORIS], "nobody begins so: by name");
        assert!(directory.find(" ", 9).is_empty() && directory.find("nobody", 9).is_empty());
        let many = directory.find("o", 1);
        assert!(many.totals.iter().sum::<usize>() > 3 && many.accounts.len() == 1);
        assert_eq!(plain("Королёв"), "королев");
    }

    #[test]
    fn who_leads_can_be_asked_to_see_to_it() {
        let leads: Vec<_> = directory().leads(Lang::En).into_iter().map(|(id, _)| id).collect();
        assert_eq!(leads, [ADA, LEV, MAXIM]);
    }

    #[test]
    fn a_forgotten_name_says_so() {
        let mut directory = directory();
        let event = Event::Contact(ANNA, contact::Event::Described { personal: Personal::Forgotten });
        directory.fold(&record(1_000, KIRA, event));
        assert_eq!(directory.contact(ANNA, Lang::Ru), "(данные удалены)");
    }

    #[test]
    fn a_page_gets_only_the_clients_that_it_is_about() {
        let cut = directory().cut(&BTreeSet::from([CONTOSO]), &BTreeSet::from([BORIS]));
        assert_eq!(cut.accounts.keys().copied().collect::<Vec<_>>(), [CONTOSO]);
        assert_eq!(cut.contacts.keys().copied().collect::<Vec<_>>(), [BORIS]);
        assert_eq!(cut.colleagues.len(), 5);
    }
}
