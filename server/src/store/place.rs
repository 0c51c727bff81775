//! The data directory: where things lie in it, who has it, and how it was left.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};

use shared::proof::Hash;
use uuid::Uuid;

use super::head::Head;
use super::medium::sync_parent;
use super::record::Cursor;
use super::sled::OpenError;

/// Where things lie in a data directory.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) dir: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) events: PathBuf,
    pub(super) index: PathBuf,
    pub(super) clean: PathBuf,
    pub(super) proof: PathBuf,
    pub(super) keys: PathBuf,
}

impl Paths {
    pub(super) fn new(dir: &Path, keys: Option<&Path>) -> Self {
        Self {
            dir: dir.to_owned(),
            journal: dir.join("journal"),
            events: dir.join("events"),
            index: dir.join("index"),
            clean: dir.join("clean"),
            proof: dir.join("proof"),
            keys: keys.map_or_else(|| dir.join("keys"), Path::to_owned),
        }
    }

    pub(super) fn make(&self) -> io::Result<()> {
        for dir in [&self.journal, &self.proof] {
            std::fs::create_dir_all(dir)?;
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.keys)?;
        sync_parent(&self.keys)?;
        File::open(&self.dir)?.sync_all()?;
        sync_parent(&self.dir)
    }

    /// Keeps the latest sled that failed for whoever wants to know why, and makes room for a new one.
    pub(super) fn move_events_aside(&self) -> io::Result<()> {
        // One that was moved aside before is only replaced when the journal is known to be whole: see the callers.
        let aside = self.dir.join("events.damaged");
        if aside.exists() && self.events.exists() {
            std::fs::remove_dir_all(&aside)?;
        }
        if self.events.exists() { std::fs::rename(&self.events, aside) } else { Ok(()) }
    }
}

/// Takes the directory for this process alone, and makes it if it is not there.
pub(super) fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let io = |source| OpenError::Io { path: path.clone(), source };
    std::fs::create_dir_all(dir).map_err(io)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {
            // Until recovery is through, what lies in the directory says nothing: see `is_settled`.
            file.set_len(0).map_err(io)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Says to whoever looks at a directory that is in use that it is recovered, and its notes are true.
pub(super) fn say_settled(lock: &File) -> io::Result<()> {
    lock.write_all_at(b"open\n", 0)
}

/// Whether the process that has a directory is through with its recovery.
pub(super) fn is_settled(dir: &Path) -> io::Result<bool> {
    Ok(read(&dir.join("lock"))?.is_none_or(|said| !said.is_empty()))
}

/// Whether somebody writes to a directory that is to be read.
pub(super) enum Company {
    /// Nobody does, for as long as this is held. A directory that nobody ever opened has no lock to hold.
    Alone(#[expect(dead_code, reason = "it is held, not looked at")] Option<File>),
    /// Another process has it open.
    InUse,
}

/// Keeps writers out while a directory is read. Makes nothing, and works where nothing can be written.
pub(super) fn keep_writers_out(dir: &Path) -> Result<Company, OpenError> {
    let path = dir.join("lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Company::Alone(None)),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Company::Alone(Some(file))),
        Err(TryLockError::WouldBlock) => Ok(Company::InUse),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
    }
}

/// The mark of a clean stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clean {
    pub(super) commits: u64,
    pub(super) head: u64,
    pub(super) last_hash: Hash,
    /// Size and checksum of sled's files.
    pub(super) events: (u64, u32),
}

impl Clean {
    pub(super) fn bytes(self, store: Uuid) -> Vec<u8> {
        let mut out = b"TWOFCLEA".to_vec();
        out.extend_from_slice(store.as_bytes());
        out.extend_from_slice(&self.commits.to_le_bytes());
        out.extend_from_slice(&self.head.to_le_bytes());
        out.extend_from_slice(&self.last_hash);
        out.extend_from_slice(&self.events.0.to_le_bytes());
        out.extend_from_slice(&self.events.1.to_le_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Where the log ended.
    pub(super) fn reaches(&self) -> Head {
        Head { commits: self.commits, position: self.head, last_hash: self.last_hash }
    }

    /// The mark of this store, if that is what `bytes` are.
    pub(super) fn parse(bytes: &[u8], store: Uuid) -> Option<Self> {
        let (fields, crc) = bytes.split_last_chunk::<4>()?;
        let mut cursor = Cursor(fields);
        let ours = cursor.array()? == *b"TWOFCLEA" && cursor.array()? == *store.as_bytes();
        (ours && crc32fast::hash(fields) == u32::from_le_bytes(*crc)).then_some(())?;
        let (commits, head, last_hash) = (cursor.u64()?, cursor.u64()?, cursor.array()?);
        Some(Self { commits, head, last_hash, events: (cursor.u64()?, cursor.u32()?) })
    }
}

/// Syncs every file and directory: sled does not do it itself.
pub(super) fn sync_tree(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            sync_tree(&entry?.path())?;
        }
    }
    File::open(path)?.sync_all()
}

/// Size and checksum of every file in a directory, with its name.
pub(super) fn digest(dir: &Path) -> io::Result<(u64, u32)> {
    let (mut crc, mut size) = (crc32fast::Hasher::new(), 0);
    for path in files(dir)? {
        crc.update(path.as_os_str().as_encoded_bytes());
        let mut file = io::BufReader::with_capacity(1 << 18, File::open(dir.join(&path))?);
        loop {
            let bytes = io::BufRead::fill_buf(&mut file)?;
            if bytes.is_empty() {
                break;
            }
            crc.update(bytes);
            let read = bytes.len();
            size += read as u64;
            io::BufRead::consume(&mut file, read);
        }
    }
    Ok((size, crc.finalize()))
}

/// Bytes in the files of a directory, which may not be there.
pub(super) fn size_of_files(dir: &Path) -> io::Result<u64> {
    if !dir.exists() {
        return Ok(0);
    }
    files(dir)?.iter().map(|path| std::fs::metadata(dir.join(path)).map(|file| file.len())).sum()
}

/// Every file in a directory and below, by its path from there, in order.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?.into_iter().map(|below| name.join(below)));
        } else {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
