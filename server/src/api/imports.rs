//! The forms of the import page: an upload, the sample that the binary carries, a generated company.
//!
//! One import runs at a time, outside the threads that serve requests. A form waits a little for its
//! end and then leads to the page, which shows how far it is.
//!
//! Files of people's data that lie in the clear, and how long: what is uploaded, under `DATA/tmp`, until it
//! is imported, the next check begins or the server starts; refused rows, under `DATA/imports`, those of
//! a check until the next check begins, those of an import until it is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::read::{FileCount, Importing, Outcome, Running};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::ids::{ColleagueId, ImportId};
use shared::lang::{Lang, Said};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::problem::language;
use crate::access::SignedIn;
use crate::beside::Beside;
use crate::demo;
use crate::import::{Files, Folder, Summary, salesforce};
use crate::intake::{self, Intake};
use crate::office::Office;

/// The largest upload, all files together: some ten million rows.
const LARGEST_UPLOAD: usize = 8 << 30;

/// How long a form waits for the end of its import, so that a short one leads straight to its result.
const PATIENCE: Duration = Duration::from_secs(4);

/// The most events that a generated company is given from the page; more from the command line.
const MOST_EVENTS: u64 = 1_000_000;

/// What stands in the place of an import's id for the refused rows of a trial.
const CHECKED: &str = "checked";

/// The imports of this server. Cheap to clone.
#[derive(Clone)]
pub struct Imports(Arc<Inner>);

struct Inner {
    office: Office,
    uploads: PathBuf,
    refused: PathBuf,
    state: Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    running: Option<Running>,
    last: Option<Outcome>,
    /// Files that were tried and can be imported without another upload.
    checked: Option<Upload>,
}

/// A folder of uploaded files, gone with its owner.
#[derive(Debug)]
struct Upload(PathBuf);

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "uploaded files could not be removed");
        }
    }
}

/// What an import brings.
enum Brought {
    Uploaded(Upload),
    Sample,
    Generated { lang: Lang, events: u64, seed: u64 },
}

/// Another import runs.
struct Busy;

/// Its turn: ends when it is dropped, whatever happened meanwhile.
struct Turn(Imports);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().running = None;
    }
}

impl Imports {
    /// What an earlier process left of uploads is removed: nobody waits for it.
    pub fn new(office: Office, data: &Path) -> Self {
        let uploads = data.join("tmp");
        if uploads.exists()
            && let Err(error) = fs::remove_dir_all(&uploads)
        {
            tracing::warn!(%error, "earlier uploads could not be removed");
        }
        let imports = Self(Arc::new(Inner { office, uploads, refused: data.join("imports"), state: Mutex::default() }));
        imports.tidy();
        imports
    }

    /// Removes what was kept of imports that were taken back.
    fn tidy(&self) {
        let gone = |name: &str| {
            let import: Option<ImportId> = name.parse().ok();
            import.is_some_and(|import| {
                self.0
                    .office
                    .company(|company| company.directory.imports.get(&import).is_some_and(|import| import.taken_back))
            })
        };
        for name in names(&self.0.refused).into_iter().filter(|name| gone(name)) {
            self.forget(&name);
        }
    }

    /// Removes refused rows.
    fn forget(&self, name: &str) {
        let folder = self.refused_of(name);
        match fs::remove_dir_all(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, folder = %folder.display(), "refused rows could not be removed"),
        }
    }

    /// What runs, and what became of the last one.
    pub fn importing(&self) -> Importing {
        self.tidy();
        let kept = names(&self.0.refused).into_iter().filter_map(|name| {
            let files = names(&self.refused_of(&name));
            Some((name.parse().ok()?, files.into_iter().collect()))
        });
        let refused: BTreeMap<ImportId, Vec<String>> = kept.collect();
        let state = self.state();
        Importing { running: state.running.clone(), last: state.last.clone(), refused }
    }

    fn state(&self) -> MutexGuard<'_, Standing> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, running: Running) -> Result<Turn, Busy> {
        let mut state = self.state();
        if state.running.is_some() {
            return Err(Busy);
        }
        let before = running.is_trial.then(|| state.checked.take());
        state.running = Some(running);
        state.last = None;
        drop(state);
        if before.is_some() {
            self.forget(CHECKED);
        }
        Ok(Turn(self.clone()))
    }

    /// Where the files of the next upload go.
    fn folder(&self) -> std::io::Result<Upload> {
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(std::io::Error::other)?;
        let folder = self.0.uploads.join(Uuid::from_bytes(name).to_string());
        private_folder(&folder)?;
        Ok(Upload(folder))
    }

    fn refused_of(&self, name: &str) -> PathBuf {
        self.0.refused.join(name)
    }

    /// Runs an import to its end.
    fn work(&self, turn: Turn, brought: Brought, is_trial: bool, by: ColleagueId, lang: Lang) {
        let outcome = match &brought {
            Brought::Uploaded(upload) => self.take_in(&Named(Folder::new(&upload.0)), is_trial, by, lang),
            Brought::Sample => self.take_in(&salesforce::sample(), is_trial, by, lang),
            Brought::Generated { lang, events, seed } => {
                self.generate(&demo::Options { by, ..demo::Options::new(*events, *seed, *lang) })
            }
        };
        let can_go_on = is_trial && outcome.failed.is_none();
        {
            let mut state = self.state();
            state.last = Some(Outcome { can_go_on, ..outcome });
            if let Brought::Uploaded(upload) = brought
                && can_go_on
            {
                state.checked = Some(upload);
            }
        }
        drop(turn);
    }

    fn take_in(&self, files: &dyn Files, is_trial: bool, by: ColleagueId, lang: Lang) -> Outcome {
        let source = files.name().to_owned();
        let half = self.refused_of("half");
        self.forget("half");
        // Without the folder the rows are only counted.
        let can_keep = private_folder(&self.0.refused).inspect_err(|error| {
            tracing::warn!(%error, "refused rows cannot be kept");
        });
        let refused = can_keep.is_ok().then_some(half.as_path());
        let intake = Intake { by, lang, dry_run: is_trial, refused };
        let read = intake::salesforce(&self.0.office, files, &intake, &mut |progress| {
            if let Some(running) = &mut self.state().running {
                progress.file.clone_into(&mut running.file);
                (running.rows, running.done, running.of) = (progress.rows, progress.bytes, progress.of);
            }
        });
        match read {
            Ok(summary) => {
                let batch = summary.batch.map(|batch| batch.to_string());
                let name = batch.as_deref().unwrap_or(CHECKED);
                // What an earlier run of the same import refused is said anew.
                self.forget(name);
                let kept = !summary.refused_files.is_empty() && fs::rename(&half, self.refused_of(name)).is_ok();
                outcome(summary, is_trial, kept.then_some(name))
            }
            Err(error) => {
                tracing::warn!(%error, "an import did not come to its end");
                Outcome { source, is_trial, failed: Some(Said::new(|lang| error.say(lang))), ..Outcome::default() }
            }
        }
    }

    fn generate(&self, company: &demo::Options) -> Outcome {
        let company = &intake::up_to_now(&self.0.office, company, crate::clock::now());
        let made = intake::generated(&self.0.office, company, &mut |done, of| {
            if let Some(running) = &mut self.state().running {
                (running.rows, running.done, running.of) = (done, done, of);
            }
        });
        match made {
            Ok(made) => Outcome {
                source: made.source,
                batch: made.batch,
                events: made.events,
                notes: made.first_refusal.iter().map(|why| Said::new(|lang| why.say(lang))).collect(),
                ..Outcome::default()
            },
            Err(error) => {
                tracing::warn!(%error, "a company could not be generated to its end");
                Outcome {
                    source: company.source(),
                    failed: Some(Said::new(|lang| error.say(lang))),
                    ..Outcome::default()
                }
            }
        }
    }
}

/// Uploaded files have no folder that people would know; they are called by what they are.
struct Named(Folder);

impl Files for Named {
    fn name(&self) -> &str {
        "Salesforce"
    }

    fn open(&self, name: &str) -> std::io::Result<Option<Box<dyn std::io::Read>>> {
        self.0.open(name)
    }
}

pub fn routes() -> Router<Beside> {
    Router::new()
        .route("/import", post(upload).layer(DefaultBodyLimit::max(LARGEST_UPLOAD)))
        .route("/import/checked", post(checked))
        .route("/import/sample", post(sample))
        .route("/import/demo", post(demo))
        .route("/import/{id}/refused/{file}", get(refused))
}

/// Why a form leads back to the page without an import; the page has the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    /// The page itself says whom it is for.
    NotAllowed,
    Busy,
    NoFiles,
    /// The upload broke off, or could not be written.
    Broken,
    TooLarge,
    /// The files that were checked are not there any more.
    Gone,
    Numbers,
}

impl IntoResponse for Back {
    fn into_response(self) -> Response {
        let code = match self {
            Self::NotAllowed => return Redirect::to("/import").into_response(),
            Self::Busy => "busy",
            Self::NoFiles => "no-files",
            Self::Broken => "broken",
            Self::TooLarge => "too-large",
            Self::Gone => "gone",
            Self::Numbers => "numbers",
        };
        Redirect::to(&format!("/import?refused={code}")).into_response()
    }
}

impl From<Busy> for Back {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<std::io::Error> for Back {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "an upload could not be written");
        Self::Broken
    }
}

impl From<MultipartError> for Back {
    fn from(error: MultipartError) -> Self {
        tracing::warn!(%error, "an upload did not arrive whole");
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Broken }
    }
}

/// `files` several times, and `trial` where nothing is to be recorded.
async fn upload(
    State(beside): State<Beside>,
    who: SignedIn,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Response, Back> {
    administrator(&beside, &who)?;
    // One upload at a time: two would fill the disk together. Until all of it is here it is a check.
    let running = Running { source: "Salesforce".to_owned(), is_trial: true, ..Running::default() };
    let Ok(turn) = beside.imports.begin(running) else {
        // Whoever must wait hears it only if they are listened to.
        while let Some(mut field) = form.next_field().await? {
            while field.chunk().await?.is_some() {}
        }
        return Err(Back::Busy);
    };
    let upload = beside.imports.folder()?;
    let (mut is_trial, mut files) = (false, 0_u32);
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("trial") => is_trial = true,
            Some("files") => files += u32::from(receive(field, &upload.0).await?),
            Some(_) | None => {}
        }
    }
    if files == 0 {
        return Err(Back::NoFiles);
    }
    if let Some(running) = &mut beside.imports.state().running {
        running.is_trial = is_trial;
    }
    run(&beside, &who, language(&headers), Brought::Uploaded(upload), turn).await
}

/// Writes one file of an upload to the disk as it comes; `false` where it is none that is ever read.
async fn receive(mut field: Field<'_>, folder: &Path) -> Result<bool, Back> {
    let Some(name) = field.file_name().and_then(table_name) else {
        while field.chunk().await?.is_some() {}
        return Ok(false);
    };
    let mut file = tokio::fs::File::create(folder.join(name)).await?;
    while let Some(chunk) = field.chunk().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(true)
}

/// The name of a table without any folder before it: plain letters, ending in `.csv`.
fn table_name(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next()?;
    let is_plain = name.len() <= 100
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | ' '));
    (is_plain && name.to_ascii_lowercase().ends_with(".csv")).then(|| name.to_owned())
}

/// Imports the files that were just tried.
async fn checked(State(beside): State<Beside>, who: SignedIn, headers: HeaderMap) -> Result<Response, Back> {
    administrator(&beside, &who)?;
    let running = Running { source: "Salesforce".to_owned(), ..Running::default() };
    let turn = beside.imports.begin(running)?;
    let upload = beside.imports.state().checked.take().ok_or(Back::Gone)?;
    run(&beside, &who, language(&headers), Brought::Uploaded(upload), turn).await
}

async fn sample(State(beside): State<Beside>, who: SignedIn, headers: HeaderMap) -> Result<Response, Back> {
    administrator(&beside, &who)?;
    let running = Running { source: salesforce::sample().name().to_owned(), ..Running::default() };
    let turn = beside.imports.begin(running)?;
    run(&beside, &who, language(&headers), Brought::Sample, turn).await
}

/// Where nothing is said: what one click brings.
const USUAL_EVENTS: u64 = 10_000;
const USUAL_SEED: u64 = 7;

#[derive(Deserialize)]
struct Demo {
    lang: Option<String>,
    events: Option<String>,
    seed: Option<String>,
}

async fn demo(
    State(beside): State<Beside>,
    who: SignedIn,
    headers: HeaderMap,
    Form(demo): Form<Demo>,
) -> Result<Response, Back> {
    administrator(&beside, &who)?;
    let number = |said: Option<String>, usual| said.map_or(Some(usual), |text| text.trim().parse().ok());
    let events = number(demo.events, USUAL_EVENTS).filter(|events| (1..=MOST_EVENTS).contains(events));
    let (Some(events), Some(seed)) = (events, number(demo.seed, USUAL_SEED)) else { return Err(Back::Numbers) };
    let lang = demo.lang.and_then(|tag| Lang::from_tag(&tag)).unwrap_or_else(|| language(&headers));
    let running = Running { source: demo::Options::new(events, seed, lang).source(), of: events, ..Running::default() };
    let turn = beside.imports.begin(running)?;
    run(&beside, &who, lang, Brought::Generated { lang, events, seed }, turn).await
}

/// Starts an import and waits a little for its end.
async fn run(beside: &Beside, who: &SignedIn, lang: Lang, brought: Brought, turn: Turn) -> Result<Response, Back> {
    let imports = beside.imports.clone();
    let is_trial = imports.state().running.as_ref().is_some_and(|running| running.is_trial);
    let by = who.colleague;
    let job = tokio::task::spawn_blocking(move || imports.work(turn, brought, is_trial, by, lang));
    // An import goes on also when nobody waits for it any more.
    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, job).await {
        tracing::error!(%error, "an import died");
    }
    let last = beside.imports.state().last.clone();
    let done = last.filter(|last| last.failed.is_none() && !last.is_trial);
    Ok(match done {
        Some(Outcome { batch: Some(batch), .. }) => Redirect::to(&format!("/import?done={batch}")),
        Some(_) => Redirect::to("/import?done=yes"),
        None => Redirect::to("/import"),
    }
    .into_response())
}

/// The refused rows of one table of an import.
async fn refused(
    State(beside): State<Beside>,
    who: SignedIn,
    axum::extract::Path((id, file)): axum::extract::Path<(String, String)>,
) -> Result<Response, Back> {
    administrator(&beside, &who)?;
    let name = match id.parse::<ImportId>() {
        Ok(import) => import.to_string(),
        Err(_) if id == CHECKED => id,
        Err(_) => return Err(Back::Gone),
    };
    let file = salesforce::FILES.iter().find(|known| **known == file).ok_or(Back::Gone)?;
    let rows = tokio::fs::read(beside.imports.refused_of(&name).join(file)).await.map_err(|_| Back::Gone)?;
    // Under its own name: mended, it can be sent as it is.
    let disposition = format!("attachment; filename=\"{file}\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, rows).into_response())
}

fn administrator(beside: &Beside, who: &SignedIn) -> Result<(), Back> {
    if beside.is_administrator(who.colleague) { Ok(()) } else { Err(Back::NotAllowed) }
}

/// `kept`: under which name the refused rows lie.
fn outcome(summary: Summary, is_trial: bool, kept: Option<&str>) -> Outcome {
    let mut notes: Vec<Said> = summary.files.iter().filter_map(|file| file.unusable_said.clone()).collect();
    notes.extend(summary.notes.iter().map(|note| Said::new(|lang| note.say(lang))));
    if !summary.unmapped_owners.is_empty() {
        let names = summary.unmapped_owners.iter().take(5).map(|owner| {
            let name = owner.name.as_deref().unwrap_or(&owner.key);
            format!("{name} ({})", owner.rows)
        });
        let names = names.collect::<Vec<_>>().join(", ");
        notes.push(Said::new(|lang| match lang {
            Lang::En => format!(
                "Owners who are no colleagues here: {names}. Put User.csv (Id, Name, Email) beside the files to connect them by e-mail."
            ),
            Lang::Ru => format!(
                "Владельцы, которых нет среди сотрудников: {names}. Добавьте к файлам User.csv (Id, Name, Email), чтобы связать их по почте."
            ),
        }));
    }
    let files = summary.files.into_iter().filter(|file| file.unusable.is_none()).map(|file| FileCount {
        refused_at: kept.filter(|_| file.refused > 0).map(|kept| format!("/import/{kept}/refused/{}", file.name)),
        name: file.name,
        rows: file.rows,
        accepted: file.accepted,
        unchanged: file.unchanged,
        refused: file.refused,
        ignored: file.ignored,
    });
    Outcome {
        source: summary.source,
        is_trial,
        batch: summary.batch,
        files: files.collect(),
        events: summary.events,
        notes,
        failed: None,
        can_go_on: false,
    }
}

/// What is in a folder, if it is there.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// A folder for its owner's eyes only: exports hold people's data.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uploaded_file_stays_in_its_folder() {
        assert_eq!(table_name("Account.csv").as_deref(), Some("Account.csv"));
        assert_eq!(table_name("export\\2026/Contact.CSV").as_deref(), Some("Contact.CSV"));
        for name in ["../../etc/passwd", "..csv", ".csv", "Account.xlsx", "", "a\u{0}.csv", "Счёт.csv"] {
            assert_eq!(table_name(name), None, "{name}");
        }
    }
}
