//! Care: what an operator does to a store from outside: verify it, make sled anew, take a backup, put one back.
//!
//! A backup is the journal with its proof, nothing else: sled and the index are made from it. Keys are copied apart and only
//! when asked for, since whoever has them can read what is sealed, and since they must be forgettable sooner.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::proof::{self, Hash, Leaves};
use uuid::Uuid;

use super::head::Head;
use super::index::{Index, Place, Tree};
use super::journal::{Damage, End, Frames, SEGMENT_HEAD, Segments};
use super::medium::{replace, sync_parent};
use super::place::{Clean, Company, Paths, digest, is_settled, keep_writers_out, lock, read, remove};
use super::recovery::{Testimony, contradiction, is_ours, open_patiently};
use super::sled::{Options, Sled};
use super::{Commit, Store as _, keyring, record, witness};
use crate::plural::{EVENTS, many};

/// What was found when everything was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every byte of the journal is as it was written, and agrees with everything that could contradict it.
    Sound {
        commits: u64,
        events: u64,
        /// Root of the Merkle tree over the commits.
        root: Hash,
        /// The id of the store.
        store: Uuid,
        /// The newest signed checkpoint: of how many commits, and the note to be given away.
        signed: Option<(u64, String)>,
        /// What will be put right by itself at the next start.
        remarks: Vec<String>,
    },
    /// Something is not as it was written.
    Damaged {
        /// The first position that cannot be vouched for; `None` when events are not concerned.
        position: Option<u64>,
        why: String,
    },
    /// It could not be read whole, so nothing is said about it.
    CannotTell { why: String },
}

impl Verdict {
    /// The same, with one more remark if it is sound.
    #[must_use]
    pub fn and_remark(mut self, remark: impl IntoIterator<Item = String>) -> Self {
        match &mut self {
            Self::Sound { remarks, .. } => remarks.extend(remark),
            Self::Damaged { .. } | Self::CannotTell { .. } => {}
        }
        self
    }

    /// What `twofront verify` exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Sound { .. } => 0,
            Self::Damaged { .. } => 1,
            Self::CannotTell { .. } => 2,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sound { commits, events, remarks, .. } => {
                write!(f, "sound: {} in {}", many(*events, EVENTS), many(*commits, ["commit", "commits"]))?;
                remarks.iter().try_for_each(|remark| write!(f, "; {remark}"))
            }
            Self::Damaged { position, why } => f.write_str(&super::damaged(*position, why)),
            Self::CannotTell { why } => write!(f, "cannot tell: {why}"),
        }
    }
}

/// Why care could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    #[error(transparent)]
    Open(#[from] super::sled::OpenError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} holds a store already; choose another place", .0.display())]
    Occupied(PathBuf),
    #[error("there is no journal in {}", .0.display())]
    NoStore(PathBuf),
    #[error("{} is just being opened by another process; try again in a moment", .0.display())]
    Opening(PathBuf),
    #[error("it was not done, because what would be copied is not sound: {0}")]
    Unsound(Verdict),
    #[error("{0}")]
    Keys(#[from] keyring::KeyringError),
}

/// How far a piece of care is: bytes of the journal, of how many.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Reads everything and compares it. Of a store that is in use, the journal is read up to where it is whole.
#[must_use]
pub fn verify(dir: &Path, keys: Option<&Path>) -> Verdict {
    verify_telling(dir, keys, &mut |_, _| {})
}

/// As [`verify`], telling how far it is.
#[must_use]
pub fn verify_telling(dir: &Path, keys: Option<&Path>, progress: Progress<'_>) -> Verdict {
    let cannot = |error: &dyn std::fmt::Display| Verdict::CannotTell { why: error.to_string() };
    if !dir.join("journal").is_dir() {
        return Verdict::CannotTell { why: format!("there is no journal in {}", dir.display()) };
    }
    let company = match keep_writers_out(dir) {
        Ok(company) => company,
        Err(error) => return cannot(&error),
    };
    let alone = matches!(company, Company::Alone(_));
    let paths = Paths::new(dir, keys);
    let verdict = match examine(&paths, alone, progress) {
        Ok((Examined { store, .. }, sound @ Verdict::Sound { .. })) => {
            examine_keys(&paths, store, sound).unwrap_or_else(|error| cannot(&error))
        }
        Ok((_, verdict)) => verdict,
        Err(error) => cannot(&error),
    };
    drop(company);
    verdict
}

/// Shows the first commits of a log that was found sound, in order, until `see` has seen enough.
///
/// # Errors
/// When the file system refuses.
pub fn read_through(dir: &Path, commits: u64, see: &mut dyn FnMut(&Commit) -> ControlFlow<()>) -> io::Result<()> {
    let (segments, _) = Segments::list(&Paths::new(dir, None).journal)?;
    let Some(segments) = segments else { return Ok(()) };
    let store = segments.store()?.unwrap_or_default();
    let mut frames = Frames::new(segments, store, Place::default());
    while let Ok(Some(frame)) = frames.next()? {
        for record in record::records(&frame.body) {
            if record.index >= commits || see(&record.commit()).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Makes sled and the index anew from the journal. Returns the head. The old sled is kept as `events.damaged`.
///
/// # Errors
/// When the store is in use or not sound, or the file system refuses.
pub fn rebuild(dir: &Path, options: Options, progress: Progress<'_>) -> Result<u64, CareError> {
    let paths = Paths::new(dir, options.keys.as_deref());
    if !paths.journal.is_dir() {
        return Err(CareError::NoStore(dir.to_owned()));
    }
    let held = lock(dir)?;
    // Whatever is thrown away may be the only one who knows what the journal has lost.
    sound(examine(&paths, true, progress).map_err(io_at(&paths.journal))?.1)?;
    paths.move_events_aside().map_err(io_at(&paths.events))?;
    for path in [&paths.index, &paths.clean] {
        remove(path).map_err(io_at(path))?;
    }
    drop(held);
    let store = Sled::open_with(dir, options)?;
    match store.state() {
        super::State::Open => Ok(store.head()),
        super::State::ReadOnly { why, position } => Err(CareError::Unsound(Verdict::Damaged { position, why })),
        super::State::Closed { why } => Err(CareError::Unsound(Verdict::CannotTell { why })),
    }
}

/// Copies a store, in use or not, to a place that holds none, and verifies the copy. Everything that was acknowledged before
/// it began is in it. The copy has its name only once it is whole.
///
/// # Errors
/// When the store is not sound, the place is taken, or the file system refuses.
pub fn backup(dir: &Path, to: &Path, progress: Progress<'_>) -> Result<Verdict, CareError> {
    let paths = Paths::new(dir, None);
    if !paths.journal.is_dir() {
        return Err(CareError::NoStore(dir.to_owned()));
    }
    let company = keep_writers_out(dir)?;
    let at = io_at(dir);
    let until = match company {
        // Nobody writes, so what its own witnesses say is the end.
        Company::Alone(_) => {
            let (examined, verdict) = examine(&paths, true, progress).map_err(&at)?;
            sound(verdict)?;
            Some(examined.index.reaches())
        }
        Company::InUse if is_settled(dir).map_err(&at)? => None,
        Company::InUse => return Err(CareError::Opening(dir.to_owned())),
    };
    let verdict = copy(&paths, until, to, progress)?;
    drop(company);
    Ok(verdict)
}

/// Puts a backup in the place of a store that is not there yet. sled and the index are made at the next start. The keys
/// directory is put back apart, by copying it. Nothing is written where the backup is.
///
/// # Errors
/// When the place holds a store, the backup is not sound, or the file system refuses.
pub fn restore(from: &Path, dir: &Path, progress: Progress<'_>) -> Result<Verdict, CareError> {
    let paths = Paths::new(from, None);
    if !paths.journal.is_dir() {
        return Err(CareError::NoStore(from.to_owned()));
    }
    let (examined, verdict) = examine(&paths, false, progress).map_err(io_at(from))?;
    sound(verdict)?;
    vacant(dir)?;
    let held = lock(dir)?;
    let verdict = copy(&paths, Some(examined.index.reaches()), dir, progress)?;
    drop(held);
    Ok(verdict)
}

fn sound(verdict: Verdict) -> Result<Verdict, CareError> {
    match verdict {
        sound @ Verdict::Sound { .. } => Ok(sound),
        verdict @ (Verdict::Damaged { .. } | Verdict::CannotTell { .. }) => Err(CareError::Unsound(verdict)),
    }
}

/// Whether a store can be put there: nobody's files are mixed with its own. Keys and logins may be there already, which are
/// copied apart, and what a copy that was interrupted has left.
fn vacant(to: &Path) -> Result<(), CareError> {
    let entries = match std::fs::read_dir(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io_at(to))?,
    };
    for entry in entries {
        let name = entry.map_err(io_at(to))?.file_name();
        if !["keys", "access", "lock", ".part", "lost+found"].iter().any(|known| name == *known) {
            return Err(CareError::Occupied(to.to_owned()));
        }
    }
    Ok(())
}

/// Copies the journal and the proof up to where a log ends; of a store in use, up to what it has noted at the beginning.
fn copy(paths: &Paths, until: Option<Head>, to: &Path, progress: Progress<'_>) -> Result<Verdict, CareError> {
    // Whole, and without a slash at its end: it is to have a parent and a neighbour.
    let to: PathBuf = std::path::absolute(to).map_err(io_at(to))?.components().collect();
    vacant(&to)?;
    // A place that is there cannot be taken by one renaming, and may be a mount: the copy is then made inside.
    let inside = to.exists();
    let part = if inside { to.join(".part") } else { with_suffix(&to, ".part") };
    clear(&part)?;
    let copied = copy_to(paths, until, &part, progress);
    if copied.is_err() {
        // What it fails of says more than that the rest could not be removed.
        drop(clear(&part));
    }
    let verdict = copied?;
    let at = io_at(&to);
    if inside {
        // The journal last: what has none is no store.
        for name in ["proof", "journal"] {
            std::fs::rename(part.join(name), to.join(name)).map_err(&at)?;
        }
        std::fs::remove_dir(&part).map_err(&at)?;
        File::open(&to).and_then(|dir| dir.sync_all()).map_err(&at)?;
    } else {
        std::fs::rename(&part, &to).map_err(&at)?;
    }
    sync_parent(&to).map_err(&at)?;
    Ok(verdict)
}

/// Makes a copy in a place that nobody looks at, and examines it.
fn copy_to(paths: &Paths, until: Option<Head>, part: &Path, progress: Progress<'_>) -> Result<Verdict, CareError> {
    let from = io_at(&paths.dir);
    let at = io_at(part);
    let (segments, missing) = Segments::list(&paths.journal).map_err(&from)?;
    let store = segments.as_ref().map(Segments::store).transpose().map_err(&from)?.flatten();
    let (Some(_), Some(store), None) = (segments, store, missing) else {
        return Err(CareError::Unsound(Verdict::Damaged {
            position: Some(1),
            why: "the journal is not whole".to_owned(),
        }));
    };
    // The proof before the journal: the journal then has all that the proof speaks of.
    let mut proof = Vec::new();
    for name in ["verifier", "checkpoint"] {
        proof.extend(read(&paths.proof.join(name)).map_err(&from)?.map(|bytes| (name, bytes)));
    }
    let until = match until {
        Some(until) => Some(until),
        None => Head::noted(&paths.proof, store).map_err(&from)?,
    };

    let (journal, proofs) = (part.join("journal"), part.join("proof"));
    for dir in [&journal, &proofs] {
        std::fs::create_dir_all(dir).map_err(&at)?;
    }
    copy_segments(&paths.journal, &journal, progress)?;

    let (segments, _) = Segments::list(&journal).map_err(&at)?;
    let Some(segments) = segments else {
        return Err(CareError::NoStore(paths.dir.clone()));
    };
    let index = cut(&segments, store, until).map_err(&at)??;
    proof.push(("head", index.reaches().bytes(store)));
    for (name, bytes) in proof {
        replace(&proofs.join(name), &bytes, 0o644).map_err(&at)?;
    }
    for dir in [journal.as_path(), &proofs, part] {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(&at)?;
    }
    // Nobody else knows the copy, so it is examined without a lock; the keys are not part of it.
    sound(examine(&Paths::new(part, None), false, progress).map_err(&at)?.1)
}

/// Copies the files of a journal in order, each up to where it ended when it was come to. Files that are begun meanwhile are
/// not needed: what was acknowledged before is in the ones that are there.
fn copy_segments(from: &Path, to: &Path, progress: Progress<'_>) -> Result<(), CareError> {
    let (segments, _) = Segments::list(from).map_err(io_at(from))?;
    let paths: Vec<PathBuf> = segments.iter().flat_map(Segments::paths).collect();
    let of = paths.iter().map(|path| std::fs::metadata(path).map_or(0, |file| file.len())).sum();
    let mut copied = 0;
    for path in paths {
        let name = path.file_name().map(|name| to.join(name)).unwrap_or_default();
        let source = File::open(&path).map_err(io_at(&path))?;
        let size = source.metadata().map_err(io_at(&path))?.len();
        let mut file = File::create_new(&name).map_err(io_at(&name))?;
        io::copy(&mut source.take(size), &mut file).and_then(|_| file.sync_all()).map_err(io_at(&name))?;
        copied += size;
        progress(copied, of);
    }
    Ok(())
}

/// Cuts a copied journal at the end of a log, or behind its last whole frame where none is known. Returns what is left.
fn cut(segments: &Segments, store: Uuid, until: Option<Head>) -> io::Result<Result<Index, CareError>> {
    let mut index = Index::default();
    let last = segments.last();
    let mut frames = Frames::new(segments.clone(), store, Place::default());
    let most = until.map_or(u64::MAX, |head| head.commits);
    let damage = loop {
        if index.commits() >= most {
            break None;
        }
        match segments.read_next(&mut index, &mut frames)? {
            Ok(true) => {}
            Ok(false) => break None,
            Err(damage) if frames.at().segment == last && until.is_none() => {
                tracing::debug!(why = damage.why, "what was being written is not in the copy");
                break None;
            }
            Err(damage) => break Some(damage),
        }
    };
    let unsound = |position, why| Ok(Err(CareError::Unsound(Verdict::Damaged { position: Some(position), why })));
    if let Some(Damage { position, why }) = damage {
        return unsound(position, why);
    }
    if let Some(until) = until
        && index.reaches() != until
    {
        let (have, commits) = (index.commits(), until.commits);
        return unsound(
            index.head() + 1,
            format!("the journal ends after {have} commits, and proof/head knows of {commits}"),
        );
    }
    // What follows was not acknowledged when the copying began.
    let end = if index.commits() == 0 { Place { segment: 1, offset: SEGMENT_HEAD as u64 } } else { index.end };
    for number in (end.segment + 1..=last).rev() {
        std::fs::remove_file(segments.path(number))?;
    }
    let file = File::options().write(true).open(segments.path(end.segment))?;
    file.set_len(end.offset)?;
    file.sync_all()?;
    Ok(Ok(index))
}

/// Removes what an interrupted copy has left, and nothing else.
fn clear(part: &Path) -> Result<(), CareError> {
    let at = io_at(part);
    if !part.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(part).map_err(&at)? {
        let name = entry.map_err(&at)?.file_name();
        if name != "journal" && name != "proof" {
            return Err(CareError::Occupied(part.to_owned()));
        }
    }
    std::fs::remove_dir_all(part).map_err(&at)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What was read of a log.
struct Examined {
    store: Uuid,
    index: Index,
}

/// Reads the journal and asks everything that could contradict it, but not the keys. `alone` says that nobody writes, and that
/// what lies beside the journal may be looked at.
fn examine(paths: &Paths, alone: bool, progress: Progress<'_>) -> io::Result<(Examined, Verdict)> {
    let mut examined = Examined { store: Uuid::nil(), index: Index::default() };
    let damaged = |position, why| Verdict::Damaged { position: Some(position), why };
    let no_files = |missing: Option<String>| missing.unwrap_or_else(|| "the journal has no files".to_owned());
    // The first file alone says whose journal it is, so that the files are listed only once: see below.
    let Some(store) = Segments::up_to(&paths.journal, 1).store()? else {
        let why = match Segments::list(&paths.journal)? {
            (Some(_), _) => "the header of the first journal file is damaged".to_owned(),
            (None, missing) => no_files(missing),
        };
        return Ok((examined, damaged(1, why)));
    };
    examined.store = store;
    // Before the journal: of a store in use, the journal then has all that was signed and noted.
    let (signed, note) = match witness::latest_note(&paths.proof, store)? {
        Ok(Some((checkpoint, note))) => (Ok(Some(checkpoint.clone())), Some((checkpoint.size, note))),
        Ok(None) => (Ok(None), None),
        Err(why) => (Err(why), None),
    };
    let noted = Head::noted(&paths.proof, store)?;
    // What was noted may lie in a file that was begun a moment ago, so the files are listed after it was read.
    let (segments, missing) = match Segments::list(&paths.journal)? {
        (Some(segments), missing) => (segments, missing),
        (None, missing) => return Ok((examined, damaged(1, no_files(missing)))),
    };
    let mut remarks = Vec::new();
    let end = read_patiently(&segments, &mut examined.index, store, alone, progress)?;
    let index = &examined.index;
    let (commits, events, root) = (index.commits(), index.head(), index.tree().root());
    let verdict = match (end, missing) {
        (End::Damaged(damage), _) => Some(damaged(damage.position, damage.why)),
        (End::Whole | End::Torn, Some(why)) => Some(damaged(events + 1, why)),
        (End::Torn, None) => {
            if alone {
                remarks.push("the last write was interrupted, and is cut off at the next start".to_owned());
            }
            None
        }
        (End::Whole, None) => None,
    };
    let verdict = match (verdict, signed) {
        (Some(verdict), _) => Some(verdict),
        (None, Err(why)) => Some(Verdict::Damaged { position: None, why }),
        (None, Ok(Some(checkpoint))) if checkpoint.size > commits => {
            let size = checkpoint.size;
            Some(damaged(events + 1, format!("the journal ends after {commits} commits, and {size} were signed")))
        }
        (None, Ok(Some(checkpoint)))
            if root_at(&segments, store, index.tree(), checkpoint.size)? != Some(checkpoint.root) =>
        {
            Some(damaged(1, "the journal is not the one that was signed in proof/checkpoint".to_owned()))
        }
        (None, Ok(None)) => {
            // A stop signs before it says that it was clean.
            let is_gone = read(&paths.clean)?.is_some() && commits > 0;
            let gone = "proof/checkpoint is missing: whether this is the log that was signed cannot be told";
            remarks.push(if is_gone { gone } else { "no checkpoint was signed yet" }.to_owned());
            None
        }
        (None, Ok(Some(_))) => None,
    };
    let verdict = match verdict {
        Some(verdict) => Some(verdict),
        None => {
            if alone && noted.is_none() && commits > 0 {
                remarks.push("proof/head is missing or damaged: one witness less of where the log ends".to_owned());
            }
            let mut testimonies: Vec<Testimony> =
                noted.map(|head| Testimony::of("proof/head", head)).into_iter().collect();
            if alone {
                testimonies.extend(beside(paths, &segments, store, index, &mut remarks)?);
            }
            let found = contradiction(&testimonies, Some(&segments), store, index)?;
            found.map(|Damage { position, why }| damaged(position, why))
        }
    };
    Ok((examined, verdict.unwrap_or(Verdict::Sound { commits, events, root, store, signed: note, remarks })))
}

/// How often the end of a journal in use is looked at again before a flaw there is believed.
const LOOKS: u32 = 10;

/// Reads a journal. Of one that is being written to, the last frame may be seen half written: then it is read again, and is
/// damaged only if it stays as it is.
fn read_patiently(
    segments: &Segments,
    index: &mut Index,
    store: Uuid,
    alone: bool,
    progress: Progress<'_>,
) -> io::Result<End> {
    let size = |number| std::fs::metadata(segments.path(number)).map_or(0, |file| file.len());
    let before: Vec<u64> = (1..=segments.last()).map(size).collect();
    let of = before.iter().sum();
    let mut at = |place: Place| {
        let files = usize::try_from(place.segment.saturating_sub(1)).unwrap_or(usize::MAX);
        progress(before.iter().take(files).sum::<u64>() + place.offset, of);
    };
    let mut end = segments.read_telling(index, store, &mut at)?;
    let mut looks = 0;
    while !alone && matches!(end, End::Damaged(_)) && index.end.segment == segments.last() && looks < LOOKS {
        let seen = (index.end, size(segments.last()));
        std::thread::sleep(Duration::from_millis(20));
        end = segments.read_telling(index, store, &mut at)?;
        looks = if (index.end, size(segments.last())) == seen { looks + 1 } else { 0 };
    }
    Ok(end)
}

/// Whether the keys are those of this log and can be read.
fn examine_keys(paths: &Paths, store: Uuid, verdict: Verdict) -> io::Result<Verdict> {
    let damaged = |why| Ok(Verdict::Damaged { position: None, why });
    let gone = match witness::check_key(&paths.proof, &paths.keys, store)? {
        Err(why) => return damaged(why),
        Ok(gone) => gone,
    };
    match keyring::inspect(&paths.keys)? {
        Err(why) => damaged(why),
        Ok(lost) => Ok(verdict.and_remark(gone.into_iter().chain(lost))),
    }
}

/// What else remembers how far the journal went. What is only behind is put right at the next start.
fn beside(
    paths: &Paths,
    segments: &Segments,
    store: Uuid,
    index: &Index,
    remarks: &mut Vec<String>,
) -> io::Result<Vec<Testimony>> {
    let mut found = Vec::new();
    let mark = read(&paths.clean)?.map(|bytes| Clean::parse(&bytes, store));
    match mark {
        Some(Some(mark)) => found.push(Testimony::of("the mark of the last clean stop", mark.reaches())),
        Some(None) => remarks.push("the mark of the last clean stop is damaged, and not needed".to_owned()),
        None => {}
    }
    match read(&paths.index)?.map(|bytes| Index::load(&bytes, store)) {
        Some(Some(saved)) => found.push(Testimony::of("the saved index", saved.reaches())),
        Some(None) => remarks.push("the saved index is damaged, and is made anew at the next start".to_owned()),
        None => {}
    }
    if !paths.events.exists() {
        return Ok(found);
    }
    // sled writes when it is opened, so it is left alone where its files say enough.
    if let Some(Some(mark)) = mark {
        if digest(&paths.events)? != mark.events {
            remarks.push(
                "sled's files were changed since the last clean stop, and are made anew at the next start".to_owned(),
            );
        }
        return Ok(found);
    }
    match open_patiently(&paths.events, &Options::default(), |blocks| blocks.survey().map(Some)) {
        Ok((blocks, Some(held))) if is_ours(&blocks, &held, index, Some((segments, store)))? => {
            found.push(Testimony { who: "sled", commits: held.commits, last_hash: None });
        }
        Ok((_, Some(_))) => remarks.push("sled is of another store, and is made anew at the next start".to_owned()),
        Ok((_, None)) => {}
        Err(why) => remarks.push(format!("sled cannot be read ({why}), and is made anew at the next start")),
    }
    Ok(found)
}

/// The root over the first commits, when the tree keeps whole subtrees only: the rest is read.
fn root_at(segments: &Segments, store: Uuid, tree: &Tree, size: u64) -> io::Result<Option<Hash>> {
    struct Read<'a> {
        tree: &'a Tree,
        tail: Vec<(u64, Hash)>,
    }
    impl Leaves for Read<'_> {
        type Error = proof::NoLeaf;

        fn leaf(&mut self, index: u64) -> Result<Hash, proof::NoLeaf> {
            let read = || self.tail.iter().find(|(leaf, _)| *leaf == index).map(|(_, hash)| *hash);
            self.tree.kept(index, 1).or_else(read).ok_or(proof::NoLeaf(index))
        }

        fn subtree(&mut self, start: u64, size: u64) -> Option<Hash> {
            self.tree.kept(start, size)
        }
    }
    let from = size - size % super::index::SUBTREE;
    let mut leaves = Read { tree, tail: Vec::new() };
    let mut frames = Frames::new(segments.clone(), store, Place::default());
    while let Ok(Some(frame)) = frames.next()? {
        let records = record::records(&frame.body).filter(|record| (from..size).contains(&record.index));
        leaves.tail.extend(records.map(|record| (record.index, proof::leaf_hash(&record.hash()))));
    }
    Ok(proof::root(size, &mut leaves).ok())
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> CareError + use<> {
    let path = path.to_owned();
    move |source| CareError::Io { path: path.clone(), source }
}
