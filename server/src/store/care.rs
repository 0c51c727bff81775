//! Care: what an operator does to a store from outside: verify it, make sled anew, take a backup, put one back.
//!
//! A backup is the journal with its proof, nothing else: sled and the index are made from it. Keys are copied apart and only
//! when asked for, since whoever has them can read what is sealed, and since they must be forgettable sooner.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use shared::proof::{self, Hash, Leaves};
use uuid::Uuid;

use super::index::{Index, Place, Tree};
use super::journal::{End, Frames, Segments};
use super::place::{Clean, Paths, digest, lock, read};
use super::recovery::open_patiently;
use super::sled::{OpenError, Options, Sled};
use super::{Store as _, keyring, record, witness};

/// What was found when everything was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every byte of the journal is as it was written, and agrees with everything that could contradict it.
    Sound {
        commits: u64,
        events: u64,
        /// Root of the Merkle tree over the commits.
        root: Hash,
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
                write!(f, "sound: {events} events in {commits} commits")?;
                remarks.iter().try_for_each(|remark| write!(f, "; {remark}"))
            }
            Self::Damaged { position: Some(position), why } => write!(f, "damaged at position {position}: {why}"),
            Self::Damaged { position: None, why } => write!(f, "damaged, though no event is: {why}"),
            Self::CannotTell { why } => write!(f, "cannot tell: {why}"),
        }
    }
}

/// Why care could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} holds a store already; choose another place", .0.display())]
    Occupied(PathBuf),
    #[error("there is no journal in {}", .0.display())]
    NoStore(PathBuf),
    #[error("it was not done, because what would be copied is not sound: {0}")]
    Unsound(Verdict),
    #[error("{0}")]
    Keys(#[from] keyring::KeyringError),
}

/// Reads everything and compares it. Of a store that is in use, the journal is read up to where it is whole.
#[must_use]
pub fn verify(dir: &Path, keys: Option<&Path>) -> Verdict {
    let cannot = |error: &dyn std::fmt::Display| Verdict::CannotTell { why: error.to_string() };
    if !dir.join("journal").is_dir() {
        return Verdict::CannotTell { why: format!("there is no journal in {}", dir.display()) };
    }
    let lock = match lock(dir) {
        Ok(lock) => Some(lock),
        Err(OpenError::Locked { .. }) => None,
        Err(error @ OpenError::Io { .. }) => return cannot(&error),
    };
    let verdict = examine(&Paths::new(dir, keys), lock.is_some()).unwrap_or_else(|error| cannot(&error));
    drop(lock);
    verdict
}

/// Throws sled and the index away and makes them anew from the journal. Returns the head.
///
/// # Errors
/// When the store is in use or damaged, or the file system refuses.
pub fn rebuild(dir: &Path, options: Options) -> Result<u64, CareError> {
    let paths = Paths::new(dir, options.keys.as_deref());
    let held = lock(dir)?;
    // While the journal is damaged, what can be thrown away may be what it is repaired from.
    whole(&paths.journal)?;
    for path in [&paths.index, &paths.clean] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at(path)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    if paths.events.exists() {
        std::fs::remove_dir_all(&paths.events).map_err(io_at(&paths.events))?;
    }
    drop(held);
    let store = Sled::open_with(dir, options)?;
    match store.state() {
        super::State::Open => Ok(store.head()),
        super::State::ReadOnly { why, position } => {
            Err(CareError::Unsound(Verdict::Damaged { position: Some(position), why }))
        }
        super::State::Closed { why } => Err(CareError::Unsound(Verdict::CannotTell { why })),
    }
}

/// Copies a store that is not in use to an empty place, and verifies the copy. See [`Sled::backup`] for one that is.
///
/// # Errors
/// When it is in use or not sound, the place is taken, or the file system refuses.
pub fn backup(dir: &Path, to: &Path) -> Result<Verdict, CareError> {
    let _held = lock(dir)?;
    let paths = Paths::new(dir, None);
    let index = whole(&paths.journal)?;
    copy(&paths, index.end, to)
}

/// Puts a backup in the place of a store that is not there yet. sled and the index are made at the next start. The keys
/// directory is put back apart, by copying it.
///
/// # Errors
/// When the place holds a store, the backup is not sound, or the file system refuses.
pub fn restore(from: &Path, dir: &Path) -> Result<Verdict, CareError> {
    backup(from, dir)
}

impl Sled {
    /// Copies the store as it stands, while it is in use, to an empty place, and verifies the copy.
    ///
    /// # Errors
    /// When the place is taken, the copy is not sound, or the file system refuses.
    pub fn backup(&self, to: &Path) -> Result<Verdict, CareError> {
        // Signed first, and the end taken after: the copy then holds all that its checkpoint speaks of.
        match self.checkpoint() {
            Err(error) if self.state() == super::State::Open => return Err(io_at(&self.paths().proof)(error)),
            Ok(_) | Err(_) => {}
        }
        copy(&self.paths(), self.durable_end(), to)
    }
}

/// The index of a journal, unless it is damaged.
fn whole(journal: &Path) -> Result<Index, CareError> {
    let at = io_at(journal);
    if !journal.is_dir() {
        return Err(CareError::NoStore(journal.to_owned()));
    }
    let (segments, missing) = Segments::list(journal).map_err(&at)?;
    let segments = segments.ok_or_else(|| CareError::NoStore(journal.to_owned()))?;
    let mut index = Index::default();
    let store = segments.store().map_err(&at)?.unwrap_or_default();
    let damaged = |position, why| CareError::Unsound(Verdict::Damaged { position: Some(position), why });
    match (segments.read_into(&mut index, store).map_err(&at)?, missing) {
        (End::Damaged(damage), _) => Err(damaged(damage.position, damage.why)),
        (End::Whole | End::Torn, Some(why)) => Err(damaged(index.head() + 1, why)),
        (End::Whole | End::Torn, None) => Ok(index),
    }
}

/// Copies the journal up to a place, and the proof.
fn copy(paths: &Paths, end: Place, to: &Path) -> Result<Verdict, CareError> {
    let at = io_at(to);
    std::fs::create_dir_all(to).map_err(&at)?;
    // Keys may be there already: they are copied apart.
    if ["journal", "proof", "events", "index", "clean"].iter().any(|name| to.join(name).exists()) {
        return Err(CareError::Occupied(to.to_owned()));
    }
    for (from, name) in [(&paths.journal, "journal"), (&paths.proof, "proof")] {
        let into = to.join(name);
        std::fs::create_dir(&into).map_err(&at)?;
        for entry in std::fs::read_dir(from).map_err(io_at(from))? {
            let entry = entry.map_err(io_at(from))?;
            let copied = into.join(entry.file_name());
            if entry.file_name().to_str().is_some_and(|name| !name.ends_with(".new")) {
                std::fs::copy(entry.path(), &copied).map_err(&at)?;
                File::options().write(true).open(&copied).and_then(|file| file.sync_all()).map_err(&at)?;
            }
        }
    }
    let (segments, _) = Segments::list(&to.join("journal")).map_err(&at)?;
    for (number, path) in (1..).zip(segments.iter().flat_map(Segments::paths)) {
        if number == end.segment {
            let file = File::options().write(true).open(&path).map_err(&at)?;
            file.set_len(end.offset).and_then(|()| file.sync_all()).map_err(&at)?;
        } else if number > end.segment {
            std::fs::remove_file(&path).map_err(&at)?;
        }
    }
    for dir in [to.join("journal"), to.join("proof"), to.to_owned()] {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(&at)?;
    }
    match verify(to, None) {
        sound @ Verdict::Sound { .. } => Ok(sound),
        verdict @ (Verdict::Damaged { .. } | Verdict::CannotTell { .. }) => Err(CareError::Unsound(verdict)),
    }
}

fn examine(paths: &Paths, alone: bool) -> io::Result<Verdict> {
    let damaged = |position, why| Ok(Verdict::Damaged { position, why });
    let (segments, missing) = Segments::list(&paths.journal)?;
    let Some(segments) = segments else {
        return damaged(Some(1), missing.unwrap_or_else(|| "the journal has no files".to_owned()));
    };
    let Some(store) = segments.store()? else {
        return damaged(Some(1), "the header of the first journal file is damaged".to_owned());
    };
    // Before the journal: of a store in use, the journal then has all that was signed.
    let signed = witness::latest(&paths.proof, store)?;
    let mut index = Index::default();
    let mut remarks = Vec::new();
    let end = segments.read_into(&mut index, store)?;
    let (commits, events, root) = (index.commits(), index.head(), index.tree().root());
    match (end, missing) {
        (End::Damaged(damage), _) => return damaged(Some(damage.position), damage.why),
        (End::Whole | End::Torn, Some(why)) => return damaged(Some(events + 1), why),
        (End::Torn, None) if alone => {
            remarks.push("the last write was interrupted, and is cut off at the next start".to_owned());
        }
        (End::Whole | End::Torn, None) => {}
    }
    match signed {
        Err(why) => return damaged(None, why),
        Ok(Some(checkpoint)) if checkpoint.size > commits => {
            let size = checkpoint.size;
            return damaged(
                Some(events + 1),
                format!("the journal ends after {commits} commits, and {size} were signed"),
            );
        }
        Ok(Some(checkpoint)) if root_at(&segments, store, index.tree(), checkpoint.size)? != Some(checkpoint.root) => {
            return damaged(Some(1), "the journal is not the one that was signed in proof/checkpoint".to_owned());
        }
        Ok(Some(_)) => {}
        Ok(None) => remarks.push("no checkpoint was signed yet".to_owned()),
    }
    if let Err(why) = witness::check_key(&paths.proof, &paths.keys, store)? {
        return damaged(None, why);
    }
    if let Err(why) = keyring::inspect(&paths.keys)? {
        return damaged(None, why);
    }
    if alone && let Some(verdict) = compare(paths, store, &index, &mut remarks)? {
        return Ok(verdict);
    }
    Ok(Verdict::Sound { commits, events, root, remarks })
}

/// Asks what else remembers how far the journal went. What is only behind is put right at the next start.
fn compare(paths: &Paths, store: Uuid, index: &Index, remarks: &mut Vec<String>) -> io::Result<Option<Verdict>> {
    let ahead = |who: &str, commits: u64| {
        let have = index.commits();
        let why = format!("the journal ends after {have} commits, and {who} knows of {commits}");
        Some(Verdict::Damaged { position: Some(index.head() + 1), why })
    };
    let mark = read(&paths.clean)?.map(|bytes| Clean::parse(&bytes, store));
    match mark {
        Some(Some(mark)) if mark.commits > index.commits() => {
            return Ok(ahead("the mark of the last clean stop", mark.commits));
        }
        Some(None) => remarks.push("the mark of the last clean stop is damaged, and not needed".to_owned()),
        Some(Some(_)) | None => {}
    }
    match read(&paths.index)?.map(|bytes| Index::load(&bytes, store)) {
        Some(Some(saved)) if saved.commits() > index.commits() => return Ok(ahead("the saved index", saved.commits())),
        Some(None) => remarks.push("the saved index is damaged, and is made anew at the next start".to_owned()),
        Some(Some(_)) | None => {}
    }
    if !paths.events.exists() {
        return Ok(None);
    }
    // sled writes when it is opened, so it is left alone where its files say enough.
    if let Some(Some(mark)) = mark {
        if digest(&paths.events)? != mark.events {
            remarks.push(
                "sled's files were changed since the last clean stop, and are made anew at the next start".to_owned(),
            );
        }
        return Ok(None);
    }
    let asked = open_patiently(&paths.events, &Options::default(), |blocks| blocks.survey().map(Some));
    match asked.map(|(_, held)| held.map_or(0, |held| held.commits)) {
        Ok(commits) if commits > index.commits() => return Ok(ahead("sled", commits)),
        Ok(_) => {}
        Err(why) => remarks.push(format!("sled is damaged ({why}), and is made anew at the next start")),
    }
    Ok(None)
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
