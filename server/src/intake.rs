//! Taking in what comes from outside, at the office that is open: the command line and the import
//! page do it in the same way.

use std::path::Path;

use shared::domain::Model;
use shared::ids::{AccountId, ColleagueId, Stream};
use shared::lang::Lang;
use shared::words::{Email, SourceKey, System};

use crate::demo;
use crate::import::{Error, Files, Options, Progress, Scratch, Summary, salesforce as importer};
use crate::office::Office;
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
    let now = crate::clock::now();
    let options = Options {
        by,
        lang,
        generation: taken_back(office, &importer::system()),
        exists: &exists,
        linked: &linked,
        colleague: &colleague,
        now,
        refused,
    };
    if dry_run {
        let known = |command| office.receipt(command).ok().flatten();
        let mut scratch = Scratch::new(Model::clone(&model), now, known);
        return importer::run(files, &options, &mut scratch, progress);
    }
    importer::run(files, &options, &mut office.sink(), progress)
}

/// Fills the house with a generated company. Waits: not for a thread that serves requests.
///
/// # Errors
/// Where the desk takes nothing.
pub fn generated(
    office: &Office,
    events: u64,
    seed: u64,
    lang: Lang,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<demo::Summary, demo::Error> {
    let generation = taken_back(office, &demo::system());
    let options = demo::Options { generation, ..demo::Options::new(events, seed, lang) };
    demo::run(&options, &mut office.sink(), progress)
}

/// How many imports of this system were taken back.
fn taken_back(office: &Office, system: &System) -> u32 {
    let many = office.company(|company| {
        company.directory.imports.values().filter(|import| import.taken_back && import.system == *system).count()
    });
    u32::try_from(many).unwrap_or(u32::MAX)
}
