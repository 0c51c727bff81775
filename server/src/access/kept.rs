//! A small value kept in one file: changed as a whole, durable before the change is seen.
//!
//! The file is two lines of JSON. The first names the format, its version and the SHA-256 of the
//! second, so a flipped bit, a cut-off file and a file of a newer Twofront are each told apart.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

const VERSION: u32 = 1;

/// Why a kept file cannot be read or changed.
#[derive(Debug, Error)]
pub enum KeptError {
    #[error("{}: {source}. Check that the folder exists, has room, and belongs to the user that runs Twofront", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "{} is damaged ({why}). Nothing was written over it. Put back a backup of it; or, to go on without what it held, move it away and start again",
        path.display()
    )]
    Damaged { path: PathBuf, why: String },
    #[error("{} was written by a newer Twofront (format {found}, this one reads up to {VERSION}). Start the newer one", path.display())]
    Newer { path: PathBuf, found: u32 },
    #[error(
        "{} takes no more changes: an earlier one may not have reached the disk. Look at the disk, then restart Twofront",
        path.display()
    )]
    Closed { path: PathBuf },
    #[error("another Twofront is using {}. Stop it first: two would undo each other's changes", path.display())]
    InUse { path: PathBuf },
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    sha256: String,
}

/// A value of type `T` and the file that it lives in. Readers never wait for the disk.
pub struct Kept<T> {
    path: PathBuf,
    format: &'static str,
    value: RwLock<Arc<T>>,
    /// Held by the one writer; false once a change may have been lost.
    sound: Mutex<bool>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> Kept<T> {
    /// Reads the file, or starts with the default value where there is none yet.
    pub fn open(path: PathBuf, format: &'static str) -> Result<Self, KeptError> {
        let value = match fs::read(&path) {
            Ok(bytes) => read(&bytes, &path, format)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(source) => return Err(KeptError::Io { path, source }),
        };
        Ok(Self { path, format, value: RwLock::new(Arc::new(value)), sound: Mutex::new(true) })
    }

    /// The value as it stands.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the value. When this returns `Ok`, the change is on disk; when `change` refuses, or
    /// leaves everything as it was, nothing is written.
    pub fn change<R, E>(&self, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E>
    where
        T: PartialEq,
        E: From<KeptError>,
    {
        let mut sound = self.writer();
        if !*sound {
            return Err(KeptError::Closed { path: self.path.clone() }.into());
        }
        let before = self.get();
        let mut after = T::clone(&before);
        let answer = change(&mut after)?;
        if after != *before {
            self.replace(&after, &mut sound)?;
            *self.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        }
        Ok(answer)
    }

    fn writer(&self) -> MutexGuard<'_, bool> {
        // A panic inside `change` leaves neither a new value nor a half-written file behind: the
        // lock's poison has nothing to tell.
        self.sound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, value: &T, sound: &mut bool) -> Result<(), KeptError> {
        let io = |source| KeptError::Io { path: self.path.clone(), source };
        let body = serde_json::to_vec(value).map_err(|error| io(error.into()))?;
        let head = Head { format: self.format.to_owned(), version: VERSION, sha256: sha256_hex(&body) };
        let mut bytes = serde_json::to_vec(&head).map_err(|error| io(error.into()))?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&body);
        bytes.push(b'\n');

        let fresh = self.path.with_extension("json.new");
        write_and_sync(&fresh, &bytes).map_err(io)?;
        // From here on an error leaves open which of the two a restart will find. Going on could
        // acknowledge a change on top of one that is lost, so no more are taken.
        *sound = false;
        fs::rename(&fresh, &self.path).map_err(io)?;
        if let Some(folder) = self.path.parent() {
            sync_folder(folder).map_err(io)?;
        }
        *sound = true;
        Ok(())
    }
}

/// Makes the folder, for its owner's eyes only.
pub fn private_folder(path: &Path) -> Result<(), KeptError> {
    let io = |source| KeptError::Io { path: path.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(io)?;
    if let Some(parent) = path.parent() {
        sync_folder(parent).map_err(io)?;
    }
    Ok(())
}

/// Keeps every other process out for as long as the answer lives.
pub fn lock(path: &Path) -> Result<File, KeptError> {
    let io = |source| KeptError::Io { path: path.to_owned(), source };
    let file = private().create(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(KeptError::InUse { path: path.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(io(source)),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8], path: &Path, format: &str) -> Result<T, KeptError> {
    let damaged = |why: &str| KeptError::Damaged { path: path.to_owned(), why: why.to_owned() };
    let line_end =
        bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("its first line does not end"))?;
    let (first, rest) = bytes.split_at(line_end);
    let head: Head = serde_json::from_slice(first).map_err(|_| damaged("its first line cannot be read"))?;
    if head.format != format {
        return Err(damaged("its first line names another kind of file"));
    }
    // Before the checksum: only the newer Twofront knows what its second line means.
    if head.version > VERSION {
        return Err(KeptError::Newer { path: path.to_owned(), found: head.version });
    }
    let body = rest
        .strip_prefix(b"\n")
        .and_then(|rest| rest.strip_suffix(b"\n"))
        .ok_or_else(|| damaged("its end is missing"))?;
    if sha256_hex(body) != head.sha256 || head.version != VERSION {
        return Err(damaged("its content does not match its checksum"));
    }
    serde_json::from_slice(body).map_err(|error| damaged(&error.to_string()))
}

fn write_and_sync(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A file left over from a crash may carry other rights: a new one is made each time.
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = private().create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    // The parent of a relative path of one part is written as the empty path.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sha256_hex(bytes: &[u8]) -> String {
    super::secret::hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "twofront test";

    fn open(folder: &Path) -> Result<Kept<Vec<String>>, KeptError> {
        Kept::open(folder.join("words.json"), FORMAT)
    }

    fn push(kept: &Kept<Vec<String>>, word: &str) -> Result<(), KeptError> {
        kept.change(|words| {
            words.push(word.to_owned());
            Ok(())
        })
    }

    #[test]
    fn a_change_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        push(&open(folder.path()).unwrap(), "kept").unwrap();
        assert_eq!(*open(folder.path()).unwrap().get(), ["kept"]);
    }

    #[test]
    fn a_refused_change_leaves_value_and_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path()).unwrap();
        let refused: Result<(), KeptError> = kept.change(|words| {
            words.push("half".to_owned());
            Err(KeptError::InUse { path: PathBuf::new() })
        });
        assert!(refused.is_err());
        assert!(kept.get().is_empty());
        assert!(!folder.path().join("words.json").exists());
    }

    #[test]
    fn a_change_of_nothing_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path()).unwrap();
        kept.change(|_| Ok::<_, KeptError>(())).unwrap();
        assert!(!folder.path().join("words.json").exists());
    }

    #[test]
    fn every_flipped_bit_is_refused_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        push(&open(folder.path()).unwrap(), "word").unwrap();
        let path = folder.path().join("words.json");
        let sound = fs::read(&path).unwrap();
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut flipped = sound.clone();
                flipped[at] ^= 1 << bit;
                fs::write(&path, &flipped).unwrap();
                match open(folder.path()) {
                    Err(KeptError::Damaged { .. } | KeptError::Newer { .. }) => {}
                    // A hexadecimal digit in the other case says the same.
                    Ok(kept) => assert_eq!(*kept.get(), ["word"], "byte {at}, bit {bit}"),
                    Err(other) => panic!("byte {at}, bit {bit}: {other}"),
                }
                assert_eq!(fs::read(&path).unwrap(), flipped);
            }
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        push(&open(folder.path()).unwrap(), "word").unwrap();
        let path = folder.path().join("words.json");
        let sound = fs::read(&path).unwrap();
        for length in 0..sound.len() {
            fs::write(&path, &sound[..length]).unwrap();
            assert!(matches!(open(folder.path()), Err(KeptError::Damaged { .. })), "{length} bytes");
        }
    }

    #[test]
    fn a_file_of_a_newer_twofront_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.json");
        fs::write(&path, "{\"format\":\"twofront test\",\"version\":2,\"sha256\":\"\"}\n?\n").unwrap();
        assert!(matches!(open(folder.path()), Err(KeptError::Newer { found: 2, .. })));
    }

    #[test]
    fn what_a_crash_left_half_written_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path()).unwrap();
        push(&kept, "one").unwrap();
        fs::write(folder.path().join("words.json.new"), "{\"form").unwrap();
        assert_eq!(*open(folder.path()).unwrap().get(), ["one"]);
        push(&kept, "two").unwrap();
        assert_eq!(*open(folder.path()).unwrap().get(), ["one", "two"]);
    }

    #[test]
    fn a_change_that_cannot_be_written_is_not_seen_and_the_next_may_succeed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path()).unwrap();
        // A folder in the place of the new file: writing it fails before anything was replaced.
        fs::create_dir(folder.path().join("words.json.new")).unwrap();
        assert!(matches!(push(&kept, "lost"), Err(KeptError::Io { .. })));
        assert!(kept.get().is_empty());
        fs::remove_dir(folder.path().join("words.json.new")).unwrap();
        push(&kept, "kept").unwrap();
        assert_eq!(*kept.get(), ["kept"]);
    }

    #[test]
    fn after_a_failed_replacement_no_change_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path()).unwrap();
        // A folder that is not empty in the place of the file: the rename fails.
        fs::create_dir_all(folder.path().join("words.json/inside")).unwrap();
        assert!(matches!(push(&kept, "lost"), Err(KeptError::Io { .. })));
        fs::remove_dir_all(folder.path().join("words.json")).unwrap();
        assert!(matches!(push(&kept, "later"), Err(KeptError::Closed { .. })));
        assert!(kept.get().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_s_eyes_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("access");
        private_folder(&inner).unwrap();
        push(&open(&inner).unwrap(), "secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        assert_eq!(mode(&inner.join("words.json")), 0o600);
    }

    #[test]
    fn a_second_one_is_kept_out_until_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = lock(&path).unwrap();
        assert!(matches!(lock(&path), Err(KeptError::InUse { .. })));
        drop(first);
        assert!(lock(&path).is_ok());
    }
}
