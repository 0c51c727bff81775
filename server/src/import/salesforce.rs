//! A Salesforce export: accounts, contacts and their relations, tasks and events, as the platform
//! writes them. Columns are found by name, identities by their 18-character form.

mod activity;
mod fields;
mod people;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use sha2::{Digest, Sha256};
use shared::domain::Command;
use shared::ids::{AccountId, ColleagueId, Slice, Stream};
use shared::import::Command as Import;
use shared::lang::Lang;
use shared::request::Request;
use shared::words::{Email, Label, Reason, System};

use self::fields::{Columns, RecordKey, Row};
use self::people::Report;
use super::batch::{Ask, Batch, Next, Wishes};
use super::identity::{Identities, Thing, of_batch};
use super::past::Past;
use super::table::{Scan, Table, scan};
use super::{Bundle, Error, Files, NoteKind, Options, Owner, Progress, Summary, Why};
use crate::desk::Sink;

/// The files that are looked for; each is optional.
pub const FILES: &[&str] = &["Account.csv", "Contact.csv", "AccountContactRelation.csv", "Task.csv", "Event.csv"];

/// Files that help to read the others.
const HELPERS: &[&str] = &["User.csv", "EventRelation.csv"];

/// The sample export that the product ships, with its own licence (`docs/samples/salesforce/LICENSE.txt`).
pub fn sample() -> Bundle {
    macro_rules! file {
        ($name:literal) => {
            ($name, &include_bytes!(concat!("../../../docs/samples/salesforce/", $name))[..])
        };
    }
    Bundle::new(
        "Salesforce sample",
        [file!("Account.csv"), file!("Contact.csv"), file!("AccountContactRelation.csv"), file!("Task.csv")],
    )
}

/// Imports an export: every row becomes requests to `sink`, all of them of one batch.
///
/// # Errors
/// Where nothing can be read, a file is no table, or the desk is closed. A row that cannot be used is
/// no error: it is counted, and written to the file of refused rows.
pub fn run(
    files: &dyn Files,
    options: &Options<'_>,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Summary, Error> {
    let system = system();
    let source = files.name().to_owned();
    let plan = Plan::of(files)?;
    let ids = Identities::new(&system, options);
    let id = ids.batch(&plan.digest);
    let mut reader = Reader { system: &system, options, ids, known: Known::default() };
    let mut batch = Batch::new(id, options, sink);
    let start = Import::Start { system: system.clone(), source: label(&source) };
    batch.itself(Request::new(of_batch(id, "start"), Command::Import(id, start)))?;

    for (table, why) in &plan.unusable {
        batch.unusable(table, why);
    }
    let mut journey = Journey { files, plan: &plan, rows: 0, bytes: 0, progress };
    journey.read("User.csv", &mut |row| {
        reader.user(row);
        Ok(())
    })?;
    journey.import("Account.csv", &mut batch, &mut |row| reader.account(row))?;
    journey.import("Contact.csv", &mut batch, &mut |row| reader.contact(row))?;
    let managers = reader.managers();
    batch.afterwards(managers)?;
    journey.import("AccountContactRelation.csv", &mut batch, &mut |row| reader.relation(row))?;
    journey.import("Task.csv", &mut batch, &mut |row| reader.task(row))?;
    if plan.scans.contains_key("EventRelation.csv") {
        reader.known.invited = Some(HashMap::new());
    }
    journey.read("EventRelation.csv", &mut |row| {
        reader.invitation(row);
        Ok(())
    })?;
    journey.import("Event.csv", &mut batch, &mut |row| reader.event(row))?;

    let (accepted, refused) = batch.counts();
    let counts = (u32::try_from(accepted).unwrap_or(u32::MAX), u32::try_from(refused).unwrap_or(u32::MAX));
    let finish = Import::Finish { accepted: counts.0, refused: counts.1 };
    let step = format!("finish {accepted} {refused}");
    batch.itself(Request::new(of_batch(id, &step), Command::Import(id, finish)))?;
    let done = batch.finish()?;
    Ok(Summary {
        system: system.to_string(),
        source,
        dry_run: options.dry_run,
        batch: (!options.dry_run).then_some(id),
        files: done.files,
        events: done.events,
        unmapped_owners: reader.known.strangers(),
        notes: done.notes,
        refused_files: done.refused_files,
    })
}

/// What kind of record an id names, by its prefix.
pub(super) fn object(id: &str, lang: Lang) -> &'static str {
    match id.get(..3).unwrap_or_default() {
        "00Q" => lang.pick("a lead", "лид"),
        "006" => lang.pick("an opportunity", "сделка"),
        "500" => lang.pick("a case", "обращение"),
        "701" => lang.pick("a campaign", "кампания"),
        "800" => lang.pick("a contract", "договор"),
        "801" => lang.pick("an order", "заказ"),
        prefix if prefix.starts_with('a') => lang.pick("a custom record", "запись своего типа"),
        _ => lang.pick("another record", "другая запись"),
    }
}

/// What there is to read, found out before anything is sent.
struct Plan {
    scans: BTreeMap<&'static str, Scan>,
    /// Files that lack a column that they cannot do without.
    unusable: Vec<(Table, Error)>,
    digest: Vec<u8>,
    size: u64,
}

impl Plan {
    fn of(files: &dyn Files) -> Result<Self, Error> {
        let mut scans = BTreeMap::new();
        let mut unusable = Vec::new();
        let mut digest = Sha256::new();
        let mut size = 0;
        for &name in FILES.iter().chain(HELPERS) {
            let Some(scan) = scan(files, name)? else { continue };
            digest.update(name);
            digest.update(scan.digest);
            if let Some(table) = Table::open(files, name, &scan)?
                && let Err(why) = fields::check(&table)
            {
                unusable.push((table, why));
                continue;
            }
            size += scan.size;
            scans.insert(name, scan);
        }
        let is_empty = !FILES.iter().any(|name| scans.contains_key(name));
        // Where nothing else is left to read, that is the end of it.
        if is_empty && !unusable.is_empty() {
            return Err(unusable.swap_remove(0).1);
        }
        if is_empty {
            return Err(Error::NoFiles { folder: files.folder().map(Path::to_owned), looked_for: FILES });
        }
        Ok(Self { scans, unusable, digest: digest.finalize().to_vec(), size })
    }
}

/// The way through the files, row by row.
struct Journey<'a> {
    files: &'a dyn Files,
    plan: &'a Plan,
    rows: u64,
    bytes: u64,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Journey<'_> {
    fn import(
        &mut self,
        name: &'static str,
        batch: &mut Batch<'_>,
        map: &mut dyn FnMut(&Row<'_>) -> Result<Wishes, Why>,
    ) -> Result<(), Error> {
        let Some(mut table) = self.open(name)? else { return Ok(()) };
        batch.begin_file(&table);
        let (columns, width) = (Columns::of(&table), table.header().len());
        while let Some(cells) = table.next()? {
            let row = Row::new(&columns, cells);
            let wishes =
                if cells.len() == width { map(&row) } else { Err(Why::Cells { has: cells.len(), header: width }) };
            let cells = cells.clone();
            batch.add(table.number(), &cells, wishes)?;
            self.advance(name, &table);
        }
        batch.end_file()?;
        self.end(name, &table);
        Ok(())
    }

    fn read(&mut self, name: &'static str, take: &mut dyn FnMut(&Row<'_>) -> Result<(), Why>) -> Result<(), Error> {
        let Some(mut table) = self.open(name)? else { return Ok(()) };
        let columns = Columns::of(&table);
        while let Some(cells) = table.next()? {
            // A line of a helping file that says nothing helps nobody and harms nobody.
            let _nothing = take(&Row::new(&columns, cells));
        }
        self.end(name, &table);
        Ok(())
    }

    fn open(&self, name: &'static str) -> Result<Option<Table>, Error> {
        let Some(scan) = self.plan.scans.get(name) else { return Ok(None) };
        Table::open(self.files, name, scan)
    }

    fn advance(&mut self, file: &str, table: &Table) {
        self.rows += 1;
        if self.rows.is_multiple_of(256) {
            (self.progress)(Progress { file, rows: self.rows, bytes: self.bytes + table.bytes(), of: self.plan.size });
        }
    }

    fn end(&mut self, file: &str, table: &Table) {
        self.bytes += table.bytes();
        (self.progress)(Progress { file, rows: self.rows, bytes: self.bytes, of: self.plan.size });
    }
}

/// Turns rows into requests. It keeps only what later rows need.
struct Reader<'a> {
    system: &'a System,
    options: &'a Options<'a>,
    ids: Identities<'a>,
    known: Known,
}

/// What the rows so far have told: small things by their keys.
#[derive(Default)]
struct Known {
    accounts: HashMap<RecordKey, AccountId>,
    /// Contacts, with their own account.
    contacts: HashMap<RecordKey, Option<AccountId>>,
    /// What is to be said of whom contacts report to.
    managers: Vec<Report>,
    owners: HashMap<RecordKey, User>,
    strangers: HashMap<RecordKey, u64>,
    /// Who was invited to an appointment beside its first contact, and did not decline; `None` where
    /// no file tells it.
    invited: Option<HashMap<RecordKey, Vec<RecordKey>>>,
}

/// A user of the other system.
struct User {
    name: Option<String>,
    colleague: Option<ColleagueId>,
}

impl Known {
    fn strangers(&self) -> Vec<Owner> {
        let mut strangers: Vec<Owner> = self
            .strangers
            .iter()
            .map(|(key, &rows)| Owner {
                key: key.to_string(),
                name: self.owners.get(key).and_then(|user| user.name.clone()),
                rows,
            })
            .collect();
        strangers.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.key.cmp(&b.key)));
        strangers
    }
}

impl Reader<'_> {
    fn user(&mut self, row: &Row<'_>) {
        let Some(key) = RecordKey::parse(row.get("Id")) else { return };
        let address = row.get("Email");
        let colleague = Email::parse(address).ok().and_then(|email| (self.options.colleague)(&email));
        let name = [row.get("Name"), address].into_iter().find(|text| !text.is_empty()).map(str::to_owned);
        self.known.owners.insert(key, User { name, colleague });
    }

    fn invitation(&mut self, row: &Row<'_>) {
        let (Some(event), Some(who)) = (RecordKey::parse(row.get("EventId")), RecordKey::parse(row.get("RelationId")))
        else {
            return;
        };
        let is_colleague = who.is(fields::USER) && self.colleague(who).is_some();
        let comes = !row.flag("IsDeleted") && !is_declined(row.get("Status"));
        if comes && (who.is(fields::CONTACT) || is_colleague) {
            self.known.invited.get_or_insert_default().entry(event).or_default().push(who);
        }
    }

    /// The colleague who a user of the other system is.
    fn colleague(&self, user: RecordKey) -> Option<ColleagueId> {
        self.known.owners.get(&user).and_then(|user| user.colleague)
    }

    /// The colleague who owns a record, if the owner is one of us.
    fn owner(&mut self, row: &Row<'_>) -> Option<ColleagueId> {
        let key = RecordKey::parse(row.get("OwnerId"))?;
        let colleague = self.colleague(key);
        if colleague.is_none() {
            *self.known.strangers.entry(key).or_default() += 1;
        }
        colleague
    }

    /// The account that a record of Salesforce is here.
    fn account_of(&self, key: RecordKey) -> Option<AccountId> {
        let known = self.known.accounts.get(&key).copied();
        known.or_else(|| (self.options.linked)(self.system, &key.source_key()?))
    }

    fn contact_thing(&self, key: RecordKey) -> Thing {
        self.ids.thing(Slice::Contact, "contact", &key.to_string())
    }

    /// What is recorded of a thing already.
    fn past(&self, stream: Stream) -> Result<Past, Why> {
        if !(self.options.exists)(stream) {
            return Ok(Past::default());
        }
        (self.options.history)(stream).map(Past).map_err(Why::Refused)
    }

    /// A sentence of ours in the log.
    fn reason(&self, en: &'static str, ru: &'static str) -> Result<Reason, Why> {
        Reason::parse(self.options.lang.pick(en, ru)).map_err(|bad| Why::Word { column: "", bad })
    }

    fn deleted_reason(&self) -> Result<Reason, Why> {
        self.reason("Deleted in Salesforce", "Удалено в Salesforce")
    }

    fn restored_reason(&self) -> Result<Reason, Why> {
        self.reason("Restored in Salesforce", "Восстановлено в Salesforce")
    }
}

fn is_declined(status: &str) -> bool {
    ["declined", "отклонено", "отклонен", "отклонён"].contains(&status.to_lowercase().as_str())
}

pub fn system() -> System {
    #[expect(clippy::expect_used, reason = "a constant of this program, and tested")]
    System::parse("salesforce").expect("a system's name")
}

/// A name that may be too long for a label is cut: it only tells people which import this was.
fn label(name: &str) -> Label {
    let short: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    #[expect(clippy::expect_used, reason = "a constant of this program, and tested")]
    Label::parse(&short).unwrap_or_else(|_| Label::parse("export").expect("a label"))
}
