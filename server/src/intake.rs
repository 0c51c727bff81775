//! Taking in what comes from outside, at the office that is open: the command line and the import
//! page do it in the same way.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use shared::domain::Model;
use shared::ids::{AccountId, ColleagueId, ImportId, Stream};
use shared::lang::Lang;
use shared::record::Record;
use shared::views::directory::Import;
use shared::words::{Email, Occurred, SourceKey, System};

use crate::demo;
use crate::import::{Error, Files, Options, Progress, Scratch, Summary, salesforce as importer};
use crate::office::{LookError, Office};
use crate::people;

/// How somebody wants an export taken in.
#[derive(Clone, Copy, Debug)]
pub struct Intake<'a> {
    pub by: ColleagueId,
    pub lang: Lang,
    /// Nothing is recorded; the summary says what would be.
    pub dry_run: bool,
    /// Where refused rows go.
    pub refused: Option<&'a Path>,
}

/// Takes in a Salesforce export. Waits: not for a thread that serves requests.
///
/// # Errors
/// As the importer's; [`Error::Stopped`] where the desk takes nothing.
pub fn salesforce(
    office: &Office,
    files: &dyn Files,
    intake: &Intake<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Summary, Error> {
    let Intake { by, lang, dry_run, refused } = *intake;
    let model = office.model().unwrap_or_default();
    let linked = |system: &System, key: &SourceKey| -> Option<AccountId> { model.accounts().linked_to(system, key) };
    let colleague = |email: &Email| people::known(office, email);
    let exists = |stream: Stream| model.knows(stream);
    let gone = gone(office);
    let history = |stream: Stream| history(office, stream, &gone).map_err(|error| error.to_string());
    let now = crate::clock::now();
    let options = Options {
        by,
        lang,
        generation: taken_back(office, &importer::system()),
        exists: &exists,
        history: &history,
        linked: &linked,
        colleague: &colleague,
        now,
        refused,
        dry_run,
    };
    if dry_run {
        let known = |command| office.receipt(command).ok().flatten();
        let mut scratch = Scratch::new(Model::clone(&model), now, known);
        return importer::run(files, &options, &mut scratch, progress);
    }
    importer::run(files, &options, &mut office.sink(), progress)
}

/// What taking in an export would do where nothing is recorded yet: a trial run that needs no data directory.
///
/// # Errors
/// As the importer's.
pub fn rehearsal(
    files: &dyn Files,
    now: Timestamp,
    intake: &Intake<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Summary, Error> {
    let options = Options {
        by: intake.by,
        lang: intake.lang,
        generation: 0,
        exists: &|_| false,
        history: &|_| Ok(Vec::new()),
        linked: &|_, _| None,
        colleague: &|_| None,
        now,
        refused: intake.refused,
        dry_run: true,
    };
    importer::run(files, &options, &mut Scratch::new(Model::default(), now, |_| None), progress)
}

/// Fills the house with a generated company; how many were taken back is looked up here. Waits: not for a thread that
/// serves requests.
///
/// # Errors
/// Where the desk takes nothing.
pub fn generated(
    office: &Office,
    company: &demo::Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<demo::Summary, demo::Error> {
    let generation = taken_back(office, &demo::system());
    let options = demo::Options { generation, ..*company };
    let batch = options.batch();
    let finished = office.company(|company| company.directory.imports.get(&batch)?.finished);
    let options = demo::Options { is_finished: finished.is_some(), ..options };
    demo::run(&options, &mut office.sink(), progress)
}

/// Whether made-up people would stand among others: there are accounts, and no generated company that they could be of.
pub fn is_taken(office: &Office) -> bool {
    office.company(|company| {
        let generated = |import: &Import| !import.taken_back && import.system == demo::system();
        !company.directory.accounts.is_empty() && !company.directory.imports.values().any(generated)
    })
}

/// The same company up to yesterday, so that what is agreed in it lies around today; or, where it was begun on another day,
/// up to the day before that, so that it goes on.
pub fn up_to_now(office: &Office, company: &demo::Options, now: Timestamp) -> demo::Options {
    let generation = taken_back(office, &demo::system());
    let until = |until| demo::Options { until, generation, ..*company };
    let begun: Vec<_> = office.company(|company| {
        let imports = company.directory.imports.iter().filter(|(_, import)| !import.taken_back);
        imports.map(|(id, import)| (*id, day_before(import.started))).collect()
    });
    // It may have been asked for just before midnight.
    let days = begun.iter().flat_map(|(_, day)| [*day, day.yesterday().unwrap_or(*day)]);
    let is_begun = |day: &Date| begun.iter().any(|(batch, _)| *batch == until(*day).batch());
    until(days.chain([company.until]).find(is_begun).unwrap_or_else(|| day_before(now)))
}

fn day_before(moment: Timestamp) -> Date {
    let day = Occurred::At(moment).day();
    day.yesterday().unwrap_or(day)
}

/// The imports that were taken back.
fn gone(office: &Office) -> BTreeSet<ImportId> {
    office.company(|company| {
        let imports = company.directory.imports.iter();
        imports.filter(|(_, import)| import.taken_back).map(|(id, _)| *id).collect()
    })
}

/// What is recorded of a thing, but for what is gone.
fn history(office: &Office, stream: Stream, gone: &BTreeSet<ImportId>) -> Result<Vec<Record>, LookError> {
    const PAGE: usize = 1_024;
    let mut records = Vec::new();
    let mut from = 1;
    loop {
        let page = office.history(stream, from, PAGE)?;
        let Some(last) = page.last() else { return Ok(records) };
        from = last.revision + 1;
        records.extend(page.into_iter().filter(|record| record.batch.is_none_or(|batch| !gone.contains(&batch))));
    }
}

/// How many imports of this system were taken back.
fn taken_back(office: &Office, system: &System) -> u32 {
    let many = office.company(|company| {
        company.directory.imports.values().filter(|import| import.taken_back && import.system == *system).count()
    });
    u32::try_from(many).unwrap_or(u32::MAX)
}
