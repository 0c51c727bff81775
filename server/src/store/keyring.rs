//! The keyring: the keys under which personal data is sealed, one a person, apart from the log, so that forgetting is real.
//!
//! The log is for ever and is copied, so what must be forgettable is in it only as ciphertext (XChaCha20-Poly1305), and the
//! event names the *slot* of its key here. Keys are drawn at random in pages of 64, ahead of use, so that one sync serves
//! many people; a page is itself sealed under a *master key*. To forget, everything but the forgotten keys is written anew
//! under a new master key, and the old master key and the old pages are overwritten and removed: whatever old copy of a
//! page a disk or a backup still holds is then noise. Keep backups of this directory for a short time only: a backup that
//! holds the master key of its day holds the keys of that day.
//!
//! ```text
//! keys/ring.lock               held while the keyring is open
//! keys/master-0000000001       the master key of generation 1: "TWOFMAST", 8 generation, 32 key, 4 CRC-32
//! keys/ring-0000000001         the pages of generation 1
//!
//! a ring: 32 bytes of head: "TWOFRING", 4 format (1), 4 zero, 8 generation, 4 zero, 4 CRC-32 of the 28 before
//!         then pages of 2,096 bytes: 24 nonce, 2,056 ciphertext, 16 tag; associated data: the head and the page's number
//!         a page: 8 bytes, bit n set when key n is there; 64 keys of 32 bytes, zeros where it is not
//! slot = number of the page * 64 + number in the page, both from 0
//! ```
//! The newest ring decides: a generation counts from the moment its ring has its name durably. What an interrupted
//! `forget` has left is finished or undone when the keyring is opened next.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize as _, Zeroizing};

use super::medium::{replace, sync_parent};
use super::record::Cursor;

/// The number of the place of one person's key, as events name it.
pub type SlotId = u64;

/// A key; wiped from memory when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// What the keyring cannot do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("the keyring {} is in use by another process", dir.display())]
    Locked { dir: PathBuf },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the keyring is damaged: {why}; restore the keys directory from its backup")]
    Damaged { why: String },
    #[error(
        "slot {slot} was never given out: the keyring ends at {end}; restore the keys directory that belongs to this log"
    )]
    Unknown { slot: SlotId, end: u64 },
    #[error("the key in slot {slot} was destroyed: nothing can be sealed for someone who was forgotten")]
    Forgotten { slot: SlotId },
    #[error("what is sealed under slot {slot} was changed, or belongs to another event or field")]
    Forged { slot: SlotId },
    #[error("there is no key to seal this with: create one first")]
    Missing,
    #[error("an earlier write to the keyring failed; restart before new keys are made or destroyed")]
    Closed,
    #[error("the operating system gives no randomness: {why}")]
    Random { why: String },
}

const PAGE_KEYS: u64 = 64;
const KEY: usize = 32;
const PLAIN: usize = 8 + 64 * KEY;
const NONCE: usize = 24;
const PAGE: usize = NONCE + PLAIN + 16;
const HEAD: usize = 32;
const FORMAT: u32 = 1;
/// Pages made at once: few at first, since what a restart finds unused stays unused.
const FEW: usize = 4;
const MANY: usize = 64;

/// See the module.
#[derive(Debug)]
pub struct Keyring {
    dir: PathBuf,
    inner: RwLock<Inner>,
    /// Held by whoever changes files; readers go on meanwhile.
    changing: Mutex<()>,
    /// Held until the keyring is dropped.
    _lock: File,
}

#[derive(Debug)]
struct Inner {
    generation: u64,
    master: Key,
    /// None where a page cannot be read: its keys are lost, not forgotten.
    pages: Vec<Option<Page>>,
    next: u64,
    /// Pages made by this process, so that it makes more at once the more it needs.
    made: usize,
    /// Set once a write or sync has failed.
    closed: bool,
}

#[derive(Clone)]
struct Page(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Page")
    }
}

impl Keyring {
    /// Opens the keyring in `dir`, and makes it if there is none. Finishes or undoes an interrupted [`Keyring::forget`].
    ///
    /// # Errors
    /// When another process has it, files are missing or damaged, or the file system refuses.
    pub fn at(dir: &Path) -> Result<Self, KeyringError> {
        let at = |source| KeyringError::Io { path: dir.to_owned(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join("ring.lock"))
            .map_err(at)?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => KeyringError::Locked { dir: dir.to_owned() },
            std::fs::TryLockError::Error(source) => at(source),
        })?;
        let (rings, masters) = (generations(dir, "ring-").map_err(at)?, generations(dir, "master-").map_err(at)?);
        let generation = match (rings.iter().max(), masters.iter().max()) {
            (Some(generation), _) => *generation,
            // Made, and interrupted before the ring had its name: nobody has had a key from it.
            (None, None | Some(1)) => {
                let master = random()?;
                write_generation(dir, 1, &master, &[])?;
                1
            }
            (None, Some(generation)) => {
                return Err(KeyringError::Damaged { why: format!("ring-{generation:010} is missing") });
            }
        };
        let master = read_master(dir, generation)?;
        let pages = read_ring(dir, generation, &master)?;
        let next = pages.len() as u64 * PAGE_KEYS;
        clean_up(dir, generation).map_err(at)?;
        let inner = Inner { generation, master, pages, next, made: 0, closed: false };
        Ok(Self { dir: dir.to_owned(), inner: RwLock::new(inner), changing: Mutex::new(()), _lock: lock })
    }

    /// A slot with a fresh key, durable before it is returned, and never given out again, not even after a restart.
    ///
    /// # Errors
    /// When no key can be made durable.
    pub fn reserve(&self) -> Result<SlotId, KeyringError> {
        self.create(1)?.pop().ok_or(KeyringError::Missing)
    }

    /// As [`Keyring::reserve`], for several people at once.
    ///
    /// # Errors
    /// As [`Keyring::reserve`]; slots that were taken before it stay unused.
    pub fn create(&self, count: usize) -> Result<Vec<SlotId>, KeyringError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let mut slots = Vec::with_capacity(count);
        while slots.len() < count {
            if inner.next >= inner.pages.len() as u64 * PAGE_KEYS {
                self.grow(&mut inner)?;
            }
            slots.push(inner.next);
            inner.next += 1;
        }
        Ok(slots)
    }

    /// Whether the key in a slot is there and was not destroyed.
    #[must_use]
    pub fn holds(&self, slot: SlotId) -> bool {
        let (page, nth) = place(slot);
        matches!(self.read().pages.get(page), Some(Some(page)) if page.has(nth))
    }

    /// Makes sure that this is the keyring of a log whose highest slot is `slot`, and gives out only higher ones.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] when the keyring ends before it: an older or a foreign one.
    pub fn use_slots_up_to(&self, slot: SlotId) -> Result<(), KeyringError> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let end = inner.pages.len() as u64 * PAGE_KEYS;
        if slot >= end {
            return Err(KeyringError::Unknown { slot, end });
        }
        inner.next = inner.next.max(slot + 1);
        Ok(())
    }

    /// The key in a slot; `None` once it was destroyed.
    ///
    /// # Errors
    /// When there is no such slot, or its page cannot be read.
    pub fn key(&self, slot: SlotId) -> Result<Option<Key>, KeyringError> {
        let inner = self.read();
        let (page, nth) = place(slot);
        let page =
            inner.pages.get(page).ok_or(KeyringError::Unknown { slot, end: inner.pages.len() as u64 * PAGE_KEYS })?;
        let page = page
            .as_ref()
            .ok_or_else(|| KeyringError::Damaged { why: format!("the page of slot {slot} cannot be read") })?;
        Ok(page.key(nth))
    }

    /// Destroys keys. When it returns, they are in no file of this directory and in no memory of this process. Slots whose
    /// key is gone already are passed over.
    ///
    /// # Errors
    /// When it is not sure that they are destroyed; it is finished at the next open, or is asked for again.
    pub fn forget(&self, slots: &[SlotId]) -> Result<(), KeyringError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (generation, mut pages) = {
            let inner = self.read();
            if inner.closed {
                return Err(KeyringError::Closed);
            }
            (inner.generation, inner.pages.clone())
        };
        let mut any = false;
        for slot in slots {
            let (page, nth) = place(*slot);
            let end = pages.len() as u64 * PAGE_KEYS;
            match pages.get_mut(page) {
                Some(Some(page)) => any |= page.destroy(nth),
                // Its page is unreadable, so the key is gone; the page is written anew as noise.
                Some(None) => any = true,
                None => return Err(KeyringError::Unknown { slot: *slot, end }),
            }
        }
        if !any {
            return Ok(());
        }
        let master = random()?;
        let written = write_generation(&self.dir, generation + 1, &master, &pages).and_then(|()| {
            clean_up(&self.dir, generation + 1).map_err(|source| KeyringError::Io { path: self.dir.clone(), source })
        });
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = written {
            // Which generation is on disk is only known after the next open.
            inner.closed = true;
            return Err(error);
        }
        inner.generation = generation + 1;
        inner.master = master;
        inner.pages = pages;
        Ok(())
    }

    /// Seals `plain` under a slot's key, bound to `aad`: a fresh nonce of 24 bytes, then ciphertext and tag (16 more).
    ///
    /// # Errors
    /// [`KeyringError::Forgotten`] once the key was destroyed, or as [`Keyring::key`].
    pub fn seal(&self, slot: SlotId, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let key = self.key(slot)?.ok_or(KeyringError::Forgotten { slot })?;
        let nonce: [u8; NONCE] = fill()?;
        encrypt(&key, &nonce, aad, plain).ok_or(KeyringError::Forged { slot })
    }

    /// Opens what [`Keyring::seal`] made; `None` once the key was destroyed.
    ///
    /// # Errors
    /// [`KeyringError::Forged`] when the bytes or `aad` are not those that were sealed, or as [`Keyring::key`].
    pub fn open(&self, slot: SlotId, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeyringError> {
        let Some(key) = self.key(slot)? else {
            return Ok(None);
        };
        decrypt(&key, aad, sealed).map(Some).ok_or(KeyringError::Forged { slot })
    }

    /// Copies the keyring as it stands into an empty directory. Whoever has the copy can read what is sealed.
    ///
    /// # Errors
    /// When the directory holds a keyring, or the file system refuses.
    pub fn copy_to(&self, dir: &Path) -> Result<(), KeyringError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |source| KeyringError::Io { path: dir.to_owned(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at)?;
        if !generations(dir, "ring-").map_err(at)?.is_empty() {
            return Err(at(io::Error::other("there is a keyring in it already")));
        }
        let inner = self.read();
        write_generation(dir, inner.generation, &inner.master, &inner.pages)
    }

    /// Adds pages of fresh keys at the end of the ring, and syncs them.
    fn grow(&self, inner: &mut Inner) -> Result<(), KeyringError> {
        if inner.closed {
            return Err(KeyringError::Closed);
        }
        let path = self.dir.join(name("ring-", inner.generation));
        let count = inner.made.clamp(FEW, MANY);
        let mut fresh = Vec::with_capacity(count);
        let mut bytes = Vec::with_capacity(count * PAGE);
        for number in 0..count {
            let mut page = Zeroizing::new(vec![0xff; PLAIN]);
            if let Some(keys) = page.get_mut(8..) {
                getrandom::fill(keys).map_err(|error| KeyringError::Random { why: error.to_string() })?;
            }
            let page = Some(Page(page));
            bytes.extend_from_slice(&wrap(&inner.master, inner.generation, inner.pages.len() + number, page.as_ref())?);
            fresh.push(page);
        }
        let offset = (HEAD + inner.pages.len() * PAGE) as u64;
        let written = OpenOptions::new().write(true).open(&path).and_then(|file| {
            file.write_all_at(&bytes, offset)?;
            file.sync_data()
        });
        written.map_err(|source| {
            inner.closed = true;
            KeyringError::Io { path, source }
        })?;
        inner.made += count;
        inner.pages.extend(fresh);
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    fn key(&self, nth: usize) -> Option<Key> {
        let key = self.0.get(8 + nth * KEY..)?.first_chunk::<KEY>()?;
        self.has(nth).then(|| Zeroizing::new(*key))
    }

    fn has(&self, nth: usize) -> bool {
        self.0.get(nth / 8).is_some_and(|bits| bits & (1 << (nth % 8)) != 0)
    }

    /// Wipes a key; false if it was gone.
    fn destroy(&mut self, nth: usize) -> bool {
        let had = self.has(nth);
        if let Some(bits) = self.0.get_mut(nth / 8) {
            *bits &= !(1 << (nth % 8));
        }
        if let Some(key) = self.0.get_mut(8 + nth * KEY..8 + (nth + 1) * KEY) {
            key.zeroize();
        }
        had
    }
}

/// Whether the keyring in a directory can be read whole; looks only, and changes nothing. Pages at the very end may be of a
/// write that was interrupted: no key of theirs was ever given out.
pub(super) fn inspect(dir: &Path) -> io::Result<Result<(), String>> {
    if !dir.is_dir() {
        return Ok(Ok(()));
    }
    let Some(generation) = generations(dir, "ring-")?.into_iter().max() else {
        return Ok(Ok(()));
    };
    let pages = match read_master(dir, generation).and_then(|master| read_ring(dir, generation, &master)) {
        Ok(pages) => pages,
        Err(KeyringError::Io { source, .. }) => return Err(source),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let sound = pages.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let lost = pages.iter().take(sound).position(Option::is_none);
    Ok(lost
        .map_or(Ok(()), |page| Err(format!("the keys in page {page} of {} cannot be read", name("ring-", generation)))))
}

/// Writes a generation whole: the master key first, then the ring, which counts once it has its name durably.
fn write_generation(dir: &Path, generation: u64, master: &Key, pages: &[Option<Page>]) -> Result<(), KeyringError> {
    let mut file = Zeroizing::new(b"TWOFMAST".to_vec());
    // Reserved at once: a vector that grows leaves copies of what it held.
    file.reserve_exact(64);
    file.extend_from_slice(&generation.to_le_bytes());
    file.extend_from_slice(master.as_slice());
    let crc = crc32fast::hash(&file);
    file.extend_from_slice(&crc.to_le_bytes());
    let path = dir.join(name("master-", generation));
    replace(&path, &file, 0o600).map_err(|source| KeyringError::Io { path, source })?;
    let mut ring = head(generation);
    for (number, page) in pages.iter().enumerate() {
        ring.extend_from_slice(&wrap(master, generation, number, page.as_ref())?);
    }
    let path = dir.join(name("ring-", generation));
    replace(&path, &ring, 0o600).map_err(|source| KeyringError::Io { path, source })
}

/// Destroys every file of another generation, and what was never given its name.
fn clean_up(dir: &Path, generation: u64) -> io::Result<()> {
    let mut any = false;
    // Master keys first: without them nothing else can be read.
    for prefix in ["master-", "ring-"] {
        for entry in std::fs::read_dir(dir)? {
            let file = entry?.file_name();
            let Some(file) = file.to_str().filter(|file| file.starts_with(prefix)) else {
                continue;
            };
            if file != name(prefix, generation) {
                destroy(&dir.join(file))?;
                any = true;
            }
        }
    }
    if any { sync_parent(&dir.join("ring")) } else { Ok(()) }
}

/// Overwrites a file, and removes it once that is durable.
fn destroy(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let size = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    file.write_all_at(&vec![0; size], 0)?;
    file.sync_all()?;
    std::fs::remove_file(path)
}

fn read_master(dir: &Path, generation: u64) -> Result<Key, KeyringError> {
    let path = dir.join(name("master-", generation));
    let damaged = || KeyringError::Damaged { why: format!("{} is missing or damaged", name("master-", generation)) };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged()),
        Err(source) => return Err(KeyringError::Io { path, source }),
    };
    let (fields, crc) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
    let mut cursor = Cursor(fields);
    let mut read = || Some((cursor.array::<8>()?, cursor.u64()?, Zeroizing::new(cursor.array::<32>()?)));
    match read() {
        Some((magic, number, key))
            if magic == *b"TWOFMAST" && number == generation && crc32fast::hash(fields) == u32::from_le_bytes(*crc) =>
        {
            Ok(key)
        }
        Some(_) | None => Err(damaged()),
    }
}

fn read_ring(dir: &Path, generation: u64, master: &Key) -> Result<Vec<Option<Page>>, KeyringError> {
    let path = dir.join(name("ring-", generation));
    let bytes = std::fs::read(&path).map_err(|source| KeyringError::Io { path, source })?;
    let (head_bytes, pages) =
        bytes.split_at_checked(HEAD).filter(|(found, _)| *found == head(generation)).ok_or_else(|| {
            KeyringError::Damaged { why: format!("the head of {} is damaged", name("ring-", generation)) }
        })?;
    let pages = pages.chunks(PAGE).enumerate();
    Ok(pages
        .map(|(number, page)| {
            decrypt(master, &page_aad(head_bytes, number), page).map(|plain| Page(Zeroizing::new(plain)))
        })
        .collect())
}

/// A page as it is stored; noise in place of one that is lost.
fn wrap(master: &Key, generation: u64, number: usize, page: Option<&Page>) -> Result<Vec<u8>, KeyringError> {
    let nonce: [u8; NONCE] = fill()?;
    let Some(page) = page else {
        return Ok(vec![0; PAGE]);
    };
    let aad = page_aad(&head(generation), number);
    encrypt(master, &nonce, &aad, &page.0)
        .ok_or_else(|| KeyringError::Damaged { why: "a page cannot be sealed".to_owned() })
}

fn head(generation: u64) -> Vec<u8> {
    let mut head = b"TWOFRING".to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&[0; 4]);
    head.extend_from_slice(&generation.to_le_bytes());
    head.extend_from_slice(&[0; 4]);
    let crc = crc32fast::hash(&head);
    head.extend_from_slice(&crc.to_le_bytes());
    head
}

fn page_aad(head: &[u8], number: usize) -> Vec<u8> {
    let mut aad = head.to_vec();
    aad.extend_from_slice(&(number as u64).to_le_bytes());
    aad
}

fn encrypt(key: &Key, nonce: &[u8; NONCE], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let sealed = cipher(key).encrypt(&XNonce::from(*nonce), Payload { msg: plain, aad }).ok()?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(nonce);
    out.extend_from_slice(&sealed);
    Some(out)
}

fn decrypt(key: &Key, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad }).ok()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

fn random() -> Result<Key, KeyringError> {
    fill().map(Zeroizing::new)
}

fn fill<const N: usize>() -> Result<[u8; N], KeyringError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyringError::Random { why: error.to_string() })?;
    Ok(bytes)
}

fn place(slot: SlotId) -> (usize, usize) {
    let page = usize::try_from(slot / PAGE_KEYS).unwrap_or(usize::MAX);
    (page, usize::try_from(slot % PAGE_KEYS).unwrap_or(0))
}

fn name(prefix: &str, generation: u64) -> String {
    format!("{prefix}{generation:010}")
}

fn generations(dir: &Path, prefix: &str) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let file = entry?.file_name();
        let number = file.to_str().and_then(|file| file.strip_prefix(prefix)).filter(|number| number.len() == 10);
        found.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(found)
}
