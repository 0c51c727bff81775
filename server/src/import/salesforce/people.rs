//! Accounts and the people in them.

use shared::domain::{Command, Rejection};
use shared::ids::{AccountId, CommandId, ContactId, Slice};
use shared::request::Request;
use shared::words::{AccountName, Email, Label, Occurred, PersonName, Phone, Reason, Website};
use shared::{account, contact};

use super::fields::{Row, word};
use super::{Ask, Next, NoteKind, Reader, Why, Wishes};
use crate::import::batch::Outcome;

impl Reader<'_> {
    pub(super) fn account(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let key = row.key()?;
        let version = row.version();
        let thing = self.ids.thing(Slice::Account, "account", &key.to_string());
        let source = key.source_key().ok_or_else(|| Why::NotAnId { text: key.to_string() })?;
        let linked = (self.options.linked)(self.system, &source);
        let account = linked.unwrap_or_else(|| AccountId::from_uuid(thing.id));
        let request = |id, occurred: Option<Occurred>, command| Request {
            occurred,
            ..Request::new(id, Command::Account(account, command))
        };
        if row.flag("IsDeleted") {
            let close = account::Command::Close { reason: self.deleted_reason()? };
            let close = request(self.ids.change(thing, &version, "close"), row.modified(), close);
            return Ok(Wishes { asks: vec![Ask::then(close, ignoring_nobody)], ..Wishes::default() });
        }
        let name = row.word("Name", AccountName::parse)?.ok_or(Why::Missing { column: "Name" })?;
        let description = account::Description {
            industry: row.word("Industry", Label::parse)?,
            city: word("BillingCity", row.first(&["BillingCity", "ShippingCity"]), Label::parse)?,
            country: word("BillingCountry", row.first(&["BillingCountry", "ShippingCountry"]), Label::parse)?,
            website: row.word("Website", Website::parse)?,
        };
        let owner = self.owner(row).map(|kam| (kam, row.get("OwnerId")));
        self.known.accounts.insert(key, account);

        let link = account::Command::Link { system: self.system.clone(), key: source };
        let assign = |id: CommandId, kam| {
            Ask::then(request(id, None, account::Command::Assign { kam }), |outcome| match outcome {
                Outcome::New | Outcome::Known | Outcome::Quiet => Next::default(),
                Outcome::Rejected(_) | Outcome::Refused(_) => Next::default().note(NoteKind::OwnerNotTaken),
            })
        };
        let mut if_new = vec![Ask::new(request(self.ids.first(thing, &version, "link"), row.created(), link.clone()))];
        let mut if_changed =
            vec![Ask::new(request(self.ids.change(thing, &version, "link again"), row.modified(), link))];
        if description != account::Description::default() {
            let describe = account::Command::Describe(description.clone());
            if_new.push(Ask::new(request(self.ids.first(thing, &version, "describe"), row.created(), describe)));
        }
        let rename = account::Command::Rename { name: name.clone() };
        if_changed.push(Ask::new(request(self.ids.change(thing, &version, "rename"), row.modified(), rename)));
        let describe = account::Command::Describe(description);
        if_changed.push(Ask::new(request(self.ids.change(thing, &version, "describe anew"), row.modified(), describe)));
        if let Some((kam, owner)) = owner {
            if_new.push(assign(self.ids.first(thing, owner, "assign"), kam));
            if_changed.push(assign(self.ids.change(thing, owner, "assign"), kam));
        }
        if linked.is_some_and(|linked| linked.uuid() != thing.id) {
            return Ok(Wishes { asks: if_changed, ..Wishes::default() });
        }
        let register = account::Command::Register { name };
        let register = request(self.ids.first(thing, &version, "register"), row.created(), register);
        let register = Ask::then(register, |outcome| match outcome {
            Outcome::New | Outcome::Known => Next::ask(if_new),
            Outcome::Quiet | Outcome::Rejected(Rejection::Account(account::Rejection::AlreadyRegistered)) => {
                Next::ask(if_changed)
            }
            Outcome::Rejected(_) | Outcome::Refused(_) => Next::by_default(outcome),
        });
        Ok(Wishes { asks: vec![register], ..Wishes::default() })
    }

    pub(super) fn contact(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let key = row.key()?;
        let version = row.version();
        let thing = self.contact_thing(key);
        let id = ContactId::from_uuid(thing.id);
        if row.flag("IsDeleted") {
            let leave = Command::Contact(id, contact::Command::Leave {});
            let leave =
                Request { occurred: row.modified(), ..Request::new(self.ids.change(thing, &version, "leave"), leave) };
            return Ok(Wishes { asks: vec![Ask::then(leave, ignoring_nobody)], ..Wishes::default() });
        }
        let details = details(row)?;
        let named = row.reference("AccountId");
        let account = named.and_then(|named| self.account_of(named));
        let notes = if named.is_some() && account.is_none() { vec![NoteKind::AccountUnknown] } else { vec![] };
        self.known.contacts.insert(key, account);
        if let Some(above) = row.reference("ReportsToId") {
            self.known.managers.push((thing, above));
        }
        let introduction = Introduction {
            id,
            introduce: self.ids.first(thing, &version, "introduce"),
            describe: self.ids.change(thing, &version, "describe"),
            go: self.ids.change(thing, &version, "move"),
            created: row.created(),
            modified: row.modified(),
            details,
        };
        Ok(Wishes { asks: vec![introduction.ask(account)], notes })
    }

    /// A relation adds an account to a contact: their own where they have none yet, else one more.
    pub(super) fn relation(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let reference = |column: &'static str| {
            row.reference(column).ok_or_else(|| match row.get(column) {
                "" => Why::Missing { column },
                text => Why::NotAnId { text: text.to_owned() },
            })
        };
        let (of, who) = (reference("AccountId")?, reference("ContactId")?);
        let inactive = !row.get("IsActive").is_empty() && !row.flag("IsActive");
        if row.flag("IsDeleted") || inactive {
            return Ok(Wishes::default());
        }
        let account = self.account_of(of).ok_or(Why::Rejected(contact::Rejection::NoSuchAccount.into()))?;
        let thing = self.contact_thing(who);
        let own = self.known.contacts.get(&who).copied();
        let (step, command) = match (row.flag("IsDirect"), own) {
            (true, Some(None)) => {
                self.known.contacts.insert(who, Some(account));
                ("move", contact::Command::Move { account })
            }
            // Their own account came with the contact.
            (true, Some(Some(_)) | None) => return Ok(Wishes::default()),
            (false, _) => ("associate", contact::Command::Associate { account }),
        };
        let id = self.ids.first(thing, &of.to_string(), step);
        let command = Command::Contact(ContactId::from_uuid(thing.id), command);
        let request = Request { occurred: row.created(), ..Request::new(id, command) };
        Ok(Wishes { asks: vec![Ask::new(request)], ..Wishes::default() })
    }

    /// Whom contacts report to, once all of them are known.
    pub(super) fn managers(&mut self) -> Vec<Ask> {
        let managers = std::mem::take(&mut self.known.managers);
        managers
            .into_iter()
            .map(|(thing, above)| {
                let reports_to = Some(ContactId::from_uuid(self.contact_thing(above).id));
                let map = contact::Command::Map(contact::Place { reports_to, ..contact::Place::default() });
                // Once for each manager, not for each version: the role and the influence that people
                // gave the contact here would be lost.
                let id = self.ids.first(thing, &above.to_string(), "map");
                let request = Request::new(id, Command::Contact(ContactId::from_uuid(thing.id), map));
                Ask::then(request, |outcome| match outcome {
                    Outcome::New | Outcome::Known | Outcome::Quiet => Next::default(),
                    Outcome::Rejected(_) | Outcome::Refused(_) => Next::default().note(NoteKind::ManagerUnknown),
                })
            })
            .collect()
    }
}

/// A contact on the way in.
struct Introduction {
    id: ContactId,
    introduce: CommandId,
    describe: CommandId,
    go: CommandId,
    created: Option<Occurred>,
    modified: Option<Occurred>,
    details: contact::Details,
}

impl Introduction {
    fn ask(self, account: Option<AccountId>) -> Ask {
        let introduce = contact::Command::Introduce { account, details: self.details.clone() };
        let introduce =
            Request { occurred: self.created, ..Request::new(self.introduce, Command::Contact(self.id, introduce)) };
        Ask::then(introduce, move |outcome| match outcome {
            Outcome::New | Outcome::Known => Next::default(),
            Outcome::Quiet => Next::ask(self.go(account)),
            Outcome::Rejected(Rejection::Contact(contact::Rejection::AlreadyIntroduced)) => {
                let describe = contact::Command::Describe { details: self.details.clone() };
                let describe = Request {
                    occurred: self.modified,
                    ..Request::new(self.describe, Command::Contact(self.id, describe))
                };
                let mut asks = vec![Ask::new(describe)];
                asks.extend(self.go(account));
                Next::ask(asks)
            }
            Outcome::Rejected(Rejection::Contact(contact::Rejection::NoSuchAccount)) if account.is_some() => {
                Next::ask(vec![self.ask(None)]).note(NoteKind::AccountUnknown)
            }
            Outcome::Rejected(_) | Outcome::Refused(_) => Next::by_default(outcome),
        })
    }

    fn go(&self, account: Option<AccountId>) -> Vec<Ask> {
        let go = |account| {
            let command = Command::Contact(self.id, contact::Command::Move { account });
            Ask::new(Request { occurred: self.modified, ..Request::new(self.go, command) })
        };
        account.map(go).into_iter().collect()
    }
}

/// What never came here cannot be deleted here.
fn ignoring_nobody(outcome: Outcome) -> Next {
    match outcome {
        Outcome::Rejected(
            Rejection::Account(account::Rejection::NoSuchAccount)
            | Rejection::Contact(contact::Rejection::NoSuchContact),
        ) => Next::ignore(),
        Outcome::New | Outcome::Known | Outcome::Quiet | Outcome::Rejected(_) | Outcome::Refused(_) => {
            Next::by_default(outcome)
        }
    }
}

fn details(row: &Row<'_>) -> Result<contact::Details, Why> {
    let parts = ["FirstName", "MiddleName", "LastName"].map(|part| row.get(part));
    let composed = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let name = if row.get("Name").is_empty() { composed.as_str() } else { row.get("Name") };
    let name = word("Name", name, PersonName::parse)?.ok_or(Why::Missing { column: "Name" })?;
    let parts = ["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"];
    let address = parts.map(|part| row.get(part)).into_iter().filter(|part| !part.is_empty());
    let address = word("MailingAddress", &address.collect::<Vec<_>>().join(", "), Label::parse)?;
    // An address that is none would be lost: what somebody typed there is kept as a note.
    let typed = row.get("Email");
    let email = Email::parse(typed).ok();
    let mut notes = row.get("Description").to_owned();
    if email.is_none() && !typed.is_empty() {
        notes = format!("{notes}\nE-mail: {typed}");
    }
    let notes = match notes.trim() {
        "" => None,
        text => Some(Reason::parse(text).map_err(|bad| Why::Word { column: "Description", bad })?),
    };
    Ok(contact::Details {
        name,
        title: row.word("Title", Label::parse)?,
        department: row.word("Department", Label::parse)?,
        email,
        phone: word("Phone", row.first(&["Phone", "HomePhone", "OtherPhone"]), Phone::parse)?,
        mobile: row.word("MobilePhone", Phone::parse)?,
        address,
        notes,
    })
}
