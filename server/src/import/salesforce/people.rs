//! Accounts and the people in them.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::domain::{Command, Rejection};
use shared::ids::{AccountId, CommandId, ContactId, Slice};
use shared::request::Request;
use shared::words::{AccountName, Email, Label, Occurred, PersonName, Phone, Reason, Website};
use shared::{account, contact};

use super::fields::{Row, fit, line, lines};
use super::{Ask, Next, NoteKind, Reader, Why, Wishes};
use crate::import::batch::Outcome;
use crate::import::identity::{Thing, Version};
use crate::import::past::{Past, Works};

impl Reader<'_> {
    pub(super) fn account(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let key = row.key()?;
        let version = row.version();
        let thing = self.ids.thing(Slice::Account, "account", &key.to_string());
        let source = key.source_key().ok_or_else(|| Why::NotAnId { text: key.to_string() })?;
        let linked = (self.options.linked)(self.system, &source);
        let account = linked.unwrap_or_else(|| AccountId::from_uuid(thing.id));
        let past = self.past(account.into())?;
        let request = |id, occurred: Option<Occurred>, command| Request {
            occurred,
            ..Request::new(id, Command::Account(account, command))
        };
        if past.is_newer_than(&version, thing) {
            self.known.accounts.insert(key, account);
            return Ok(Wishes::left_out(NoteKind::OlderState));
        }
        if row.flag("IsDeleted") {
            let close = account::Command::Close { reason: self.deleted_reason()? };
            let close = request(self.ids.change(thing, &version, "close"), row.modified(), close);
            return Ok(Wishes { asks: vec![Ask::then(close, ignoring_nobody)], ..Wishes::default() });
        }
        let name = row.fitted("Name", AccountName::parse);
        let industry = row.fitted("Industry", Label::parse);
        let city = fit(line(row.first(&["BillingCity", "ShippingCity"])), Label::parse);
        let country = fit(line(row.first(&["BillingCountry", "ShippingCountry"])), Label::parse);
        let website = row.fitted("Website", Website::parse);
        let wholes = [&name.whole, &industry.whole, &city.whole, &country.whole, &website.whole];
        let is_shortened = wholes.into_iter().any(Option::is_some);
        let name = name.value.ok_or(Why::Missing { column: "Name" })?;
        let description = account::Description {
            industry: industry.value,
            city: city.value,
            country: country.value,
            website: website.value,
        };
        let owner = self.owner(row).map(|kam| (kam, row.get("OwnerId")));
        self.known.accounts.insert(key, account);

        let mut notes = shortened(is_shortened || row.has_early_stamp());
        let mut asks = vec![];
        if past.was_closed_by_an_import() {
            let reopen = account::Command::Reopen { reason: self.restored_reason()? };
            asks.push(Ask::new(request(self.ids.change(thing, &version, "reopen"), row.modified(), reopen)));
        }
        if let Some((kam, owner)) = owner {
            if past.may_be_assigned_to(kam) {
                let id = self.ids.change(thing, &version, &format!("assign {owner}"));
                let assign = request(id, None, account::Command::Assign { kam });
                asks.push(Ask::then(assign, |outcome| match outcome {
                    Outcome::New | Outcome::Known | Outcome::Quiet => Next::default(),
                    Outcome::Rejected(_) | Outcome::Refused(_) => Next::default().note(NoteKind::OwnerNotTaken),
                }));
            } else {
                notes.push(NoteKind::DecidedHere);
            }
        }

        let link = account::Command::Link { system: self.system.clone(), key: source };
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
        if linked.is_some_and(|linked| linked.uuid() != thing.id) {
            if_changed.extend(asks);
            return Ok(Wishes { asks: if_changed, notes });
        }
        let register = account::Command::Register { name };
        let register = request(self.ids.first(thing, &version, "register"), row.created(), register);
        let register = Ask::then(register, |outcome| match outcome {
            Outcome::New | Outcome::Known => Next::ask(if_new.into_iter().chain(asks).collect()),
            Outcome::Quiet | Outcome::Rejected(Rejection::Account(account::Rejection::AlreadyRegistered)) => {
                Next::ask(if_changed.into_iter().chain(asks).collect())
            }
            Outcome::Rejected(_) | Outcome::Refused(_) => Next::by_default(outcome),
        });
        Ok(Wishes { asks: vec![register], notes })
    }

    pub(super) fn contact(&mut self, row: &Row<'_>) -> Result<Wishes, Why> {
        let key = row.key()?;
        let version = row.version();
        let thing = self.contact_thing(key);
        let id = ContactId::from_uuid(thing.id);
        let past = self.past(id.into())?;
        let works = past.works();
        if past.is_newer_than(&version, thing) {
            self.known.contacts.insert(key, works.at);
            return Ok(Wishes::left_out(NoteKind::OlderState));
        }
        if row.flag("IsDeleted") {
            let leave = Command::Contact(id, contact::Command::Leave {});
            let leave =
                Request { occurred: row.modified(), ..Request::new(self.ids.change(thing, &version, "leave"), leave) };
            return Ok(Wishes { asks: vec![Ask::then(leave, ignoring_nobody)], ..Wishes::default() });
        }
        let (details, is_shortened) = details(row)?;
        let named = row.reference("AccountId");
        let account = named.and_then(|named| self.account_of(named));
        let mut notes = shortened(is_shortened || row.has_early_stamp());
        if named.is_some() && account.is_none() {
            notes.push(NoteKind::AccountUnknown);
        }
        self.known.contacts.insert(key, account);
        self.manager(row, &version, thing, &past, &mut notes);
        let goes = account.is_some_and(|account| works != Works { at: Some(account), left: false });
        if goes && !past.may_move() {
            notes.push(NoteKind::DecidedHere);
        } else if works.left && account.is_none() && past.may_move() {
            notes.push(NoteKind::StaysLeft);
        }
        let introduction = Introduction {
            id,
            introduce: self.ids.first(thing, &version, "introduce"),
            describe: self.ids.change(thing, &version, "describe"),
            go: past.may_move().then(|| self.ids.change(thing, &version, "move")),
            is_nowhere: works.at.is_none(),
            created: row.created(),
            modified: row.modified(),
            details,
        };
        Ok(Wishes { asks: vec![introduction.ask(account)], notes })
    }

    /// A relation adds an account to a contact: their own where they have none yet, else one more.
    /// That a relation has ended is no event here: what was recorded of it stays, and is counted.
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
            return Ok(Wishes::left_out(NoteKind::RelationEnded));
        }
        let account = self.account_of(of).ok_or(Why::Rejected(contact::Rejection::NoSuchAccount.into()))?;
        let id = ContactId::from_uuid(self.contact_thing(who).id);
        let own = self.known.contacts.get(&who).copied();
        let (step, command) = match (row.flag("IsDirect"), own) {
            (true, Some(None)) => {
                self.known.contacts.insert(who, Some(account));
                if !self.past(id.into())?.may_move() {
                    return Ok(Wishes::left_out(NoteKind::DecidedHere));
                }
                ("move", contact::Command::Move { account })
            }
            // Their own account came with the contact.
            (true, Some(Some(_)) | None) => return Ok(Wishes::default()),
            (false, _) => ("associate", contact::Command::Associate { account }),
        };
        // It has states of its own, which say nothing of how new the contact's are.
        let thing = self.ids.remark("relation", &format!("{who} {of}"));
        let id_of_command = self.ids.change(thing, &row.version(), step);
        let request = Request { occurred: row.created(), ..Request::new(id_of_command, Command::Contact(id, command)) };
        Ok(Wishes { asks: vec![Ask::new(request)], notes: shortened(row.has_early_stamp()) })
    }

    /// Notes whom a contact reports to, to be said once all contacts are known.
    fn manager(&mut self, row: &Row<'_>, version: &Version, thing: Thing, past: &Past, notes: &mut Vec<NoteKind>) {
        if !row.has("ReportsToId") {
            return;
        }
        let of = ContactId::from_uuid(thing.id);
        let above = row.reference("ReportsToId").map(|above| ContactId::from_uuid(self.contact_thing(above).id));
        let request = if !past.may_report_to(above) {
            notes.push(NoteKind::DecidedHere);
            None
        } else if above.is_none() && past.reports_to().is_none() {
            // Nobody: that is worth saying only of who had somebody.
            None
        } else {
            let step = above.map_or_else(|| "report to nobody".to_owned(), |above| format!("report to {above}"));
            let id = self.ids.change(thing, version, &step);
            Some(Request::new(id, Command::Contact(of, contact::Command::ReportTo { above })))
        };
        // Even without a request it outdoes what an older state of the contact says in the same file.
        self.known.managers.push(Report { of, since: version.since, request });
    }

    /// Whom contacts report to, once all of them are known.
    pub(super) fn managers(&mut self) -> Vec<Ask> {
        let ask = |request| {
            Ask::then(request, |outcome| match outcome {
                Outcome::New | Outcome::Known | Outcome::Quiet => Next::default(),
                Outcome::Rejected(_) | Outcome::Refused(_) => Next::default().note(NoteKind::ManagerUnknown),
            })
        };
        newest(std::mem::take(&mut self.known.managers)).filter_map(|report| report.request).map(ask).collect()
    }
}

fn shortened(is_so: bool) -> Vec<NoteKind> {
    is_so.then_some(NoteKind::Shortened).into_iter().collect()
}

/// Whom a contact reports to by one row; no request, where that is nothing new.
pub(super) struct Report {
    of: ContactId,
    since: Option<Timestamp>,
    request: Option<Request>,
}

/// Of each contact what their newest state says: the last in the file, where no stamp tells.
fn newest(reports: Vec<Report>) -> impl Iterator<Item = Report> {
    let mut places = HashMap::new();
    for (at, report) in reports.iter().enumerate() {
        let (place, since) = places.entry(report.of).or_insert((at, report.since));
        if since.zip(report.since).is_none_or(|(so_far, here)| so_far <= here) {
            (*place, *since) = (at, report.since);
        }
    }
    let holds = move |at, of| places.get(&of).is_some_and(|(place, _)| *place == at);
    reports.into_iter().enumerate().filter(move |(at, report)| holds(*at, report.of)).map(|(_, report)| report)
}

/// A contact on the way in.
struct Introduction {
    id: ContactId,
    introduce: CommandId,
    describe: CommandId,
    /// `None`: somebody here decided where they work.
    go: Option<CommandId>,
    /// No account is recorded of them, perhaps because an earlier export had none.
    is_nowhere: bool,
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
            Outcome::New => Next::default(),
            Outcome::Known if !self.is_nowhere => Next::default(),
            Outcome::Known | Outcome::Quiet => Next::ask(self.go(account)),
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
        let go = |(id, account)| {
            let command = Command::Contact(self.id, contact::Command::Move { account });
            Ask::new(Request { occurred: self.modified, ..Request::new(id, command) })
        };
        self.go.zip(account).map(go).into_iter().collect()
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

/// Who the person is, and whether some of it was cut. What does not fit where it belongs goes to the notes.
fn details(row: &Row<'_>) -> Result<(contact::Details, bool), Why> {
    let parts = ["FirstName", "MiddleName", "LastName"].map(|part| row.get(part));
    let composed = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let name = if row.get("Name").is_empty() { composed.as_str() } else { row.get("Name") };
    let parts = ["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"];
    let address = parts.map(|part| row.get(part)).into_iter().filter(|part| !part.is_empty());
    let address = address.collect::<Vec<_>>().join(", ");

    let mut over = vec![];
    let mut keep = |title: &str, whole: Option<String>| over.extend(whole.map(|whole| format!("{title}: {whole}")));
    let name = fit(line(name), PersonName::parse);
    keep("Name", name.whole);
    let title = row.fitted("Title", Label::parse);
    keep("Title", title.whole);
    let department = row.fitted("Department", Label::parse);
    keep("Department", department.whole);
    let email = row.fitted("Email", Email::parse);
    keep("E-mail", email.whole);
    let phone = fit(line(row.first(&["Phone", "HomePhone", "OtherPhone"])), Phone::parse);
    keep("Phone", phone.whole);
    let mobile = row.fitted("MobilePhone", Phone::parse);
    keep("Mobile", mobile.whole);
    let address = fit(line(&address), Label::parse);
    keep("Address", address.whole);

    let description = lines(row.get("Description"));
    let text = |parts: &[&str]| parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let over = over.join("\n");
    let mut notes = fit(text(&[&description, &over]), Reason::parse);
    let is_shortened = notes.whole.is_some();
    if is_shortened {
        // What is nowhere else comes before a description that has no room.
        notes = fit(text(&[&over, &description]), Reason::parse);
    }
    let details = contact::Details {
        name: name.value.ok_or(Why::Missing { column: "Name" })?,
        title: title.value,
        department: department.value,
        email: email.value,
        phone: phone.value,
        mobile: mobile.value,
        address: address.value,
        notes: notes.value,
    };
    Ok((details, is_shortened))
}
