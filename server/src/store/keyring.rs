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
//! `forget` has left is finished or undone when the keyring is opened next. Of the first generation the empty ring is made
//! before the master key, so that a master key without a ring always says that a ring was lost.
//!
//! A page that does not open is *unwritten* where the file ends inside it or a whole sector's share of it is zeros: the write
//! that made it was interrupted before its sync, so no key of it was ever given out, and none ever is. Unwritten pages at the
//! end are cut off at the next open. Any other page that does not open is *lost*, with all its keys; it is never cut.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize as _, Zeroizing};

use super::medium::{replace, sync_parent};
use super::place::read;
use super::record::Cursor;
use crate::plural::{PAGES, many};

/// The number of the place of one person's key, as events name it.
pub type SlotId = u64;

/// A key; wiped from memory when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// What the keyring cannot do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("the keyring {} is in use by another process", dir.display())]
    Locked { dir: PathBuf },
    /// No key was ever made there, so this says nothing about the log.
    #[error("the keys of this log are not in {}; put the copy there that `twofront backup --keys-to` made", dir.display())]
    NotHere { dir: PathBuf },
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
const SECTOR: usize = 512;
/// The key that checkpoints are signed with lies beside the keyring.
const SIGNING: &str = "signing.key";
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
    /// Held until the keyring is dropped; none for one that only reads.
    lock: Option<File>,
}

#[derive(Debug)]
struct Inner {
    generation: u64,
    master: Key,
    pages: Vec<Leaf>,
    next: u64,
    /// Pages made by this process, so that it makes more at once the more it needs.
    made: usize,
    /// Set once a write or sync has failed.
    closed: bool,
}

/// A page of the ring, as far as it is one.
#[derive(Clone, Debug)]
enum Leaf {
    Page(Page),
    /// Its write was interrupted: it never had a key that anybody was given.
    Unwritten,
    /// It cannot be read: its keys are lost, not forgotten.
    Lost,
}

impl Leaf {
    fn page(&self) -> Option<&Page> {
        match self {
            Self::Page(page) => Some(page),
            Self::Unwritten | Self::Lost => None,
        }
    }
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
        let generation = match newest(dir)? {
            Some(generation) => generation,
            None => {
                replace(&dir.join(name("ring-", 1)), &head(1), 0o600).map_err(at)?;
                1
            }
        };
        let ring_path = dir.join(name("ring-", generation));
        if is_half_made(dir, generation).map_err(at)? {
            write_master(dir, 1, &*random()?)?;
        }
        let master = read_master(dir, generation)?;
        let mut pages = read_ring(dir, generation, &master)?;
        cut_unwritten(&ring_path, &mut pages).map_err(|source| KeyringError::Io { path: ring_path, source })?;
        for (number, _) in pages.iter().enumerate().filter(|(_, leaf)| matches!(leaf, Leaf::Lost)) {
            tracing::error!(
                page = number,
                "the keys of a page are lost: what they seal reads as empty; restore the keys directory"
            );
        }
        let next = pages.len() as u64 * PAGE_KEYS;
        clean_up(dir, generation).map_err(at)?;
        let inner = Inner { generation, master, pages, next, made: 0, closed: false };
        Ok(Self { dir: dir.to_owned(), inner: RwLock::new(inner), changing: Mutex::new(()), lock: Some(lock) })
    }

    /// The keyring in `dir` as it stands, to read only: nothing is made or changed there, and another process may have it.
    ///
    /// # Errors
    /// [`KeyringError::NotHere`] when no key was ever made there; when files are missing or damaged, or the file system
    /// refuses.
    pub fn look(dir: &Path) -> Result<Self, KeyringError> {
        if is_without_keys(dir) {
            return Err(KeyringError::NotHere { dir: dir.to_owned() });
        }
        let (generation, master, pages) = still(dir)?;
        let next = pages.len() as u64 * PAGE_KEYS;
        let inner = Inner { generation, master, pages, next, made: 0, closed: true };
        Ok(Self { dir: dir.to_owned(), inner: RwLock::new(inner), changing: Mutex::new(()), lock: None })
    }

    /// Copies the keyring in `from` as it stands to a directory that holds none, with the signing key; another process may have
    /// it open. Whoever has the copy can read what is sealed.
    ///
    /// # Errors
    /// When there is none, `to` holds one, or the file system refuses.
    pub fn copy(from: &Path, to: &Path) -> Result<(), KeyringError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| KeyringError::Io { path: path.clone(), source }
        };
        let (generation, master, mut pages) = still(from)?;
        pages.truncate(written(&pages));
        let to = &std::path::absolute(to).map_err(at(to))?;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(at(to))?;
        if !generations(to, "ring-").map_err(at(to))?.is_empty() {
            return Err(at(to)(io::Error::other("there is a keyring in it already")));
        }
        let signing = from.join(SIGNING);
        if let Some(key) = read(&signing).map_err(at(&signing))?.map(Zeroizing::new) {
            replace(&to.join(SIGNING), &key, 0o600).map_err(at(to))?;
        }
        write_generation(to, generation, &master, &pages)?;
        sync_parent(to).map_err(at(to))
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
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = Vec::with_capacity(count);
        while slots.len() < count {
            let is_full = {
                let inner = self.read();
                inner.next >= inner.pages.len() as u64 * PAGE_KEYS
            };
            if is_full {
                self.grow(&changing)?;
            }
            let mut inner = self.write();
            let end = inner.pages.len() as u64 * PAGE_KEYS;
            while slots.len() < count && inner.next < end {
                slots.push(inner.next);
                inner.next += 1;
            }
        }
        Ok(slots)
    }

    /// How many pages of keys cannot be read: what they seal is lost, and not forgotten.
    #[must_use]
    pub fn lost_pages(&self) -> u64 {
        self.read().pages.iter().map(|leaf| u64::from(matches!(leaf, Leaf::Lost))).sum()
    }

    /// Whether a write has failed, so that no more keys are made or destroyed before a restart.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.lock.is_some() && self.read().closed
    }

    /// Whether the key in a slot is there and was not destroyed.
    #[must_use]
    pub fn holds(&self, slot: SlotId) -> bool {
        let (page, nth) = place(slot);
        self.read().pages.get(page).and_then(Leaf::page).is_some_and(|page| page.has(nth))
    }

    /// Makes sure that this is the keyring of a log whose highest slot is `slot`, and gives out only higher ones.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] when the keyring ends before it: an older or a foreign one.
    pub fn use_slots_up_to(&self, slot: SlotId) -> Result<(), KeyringError> {
        let mut inner = self.write();
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
        match page {
            Leaf::Page(page) => Ok(page.key(nth)),
            Leaf::Unwritten => Err(KeyringError::Unknown { slot, end: page_start(slot) }),
            Leaf::Lost => Err(KeyringError::Damaged { why: format!("the page of slot {slot} cannot be read") }),
        }
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
                Some(Leaf::Page(page)) => any |= page.destroy(nth),
                // Its page is unreadable, so the key is gone; the page is written anew as noise.
                Some(Leaf::Lost) => any = true,
                Some(Leaf::Unwritten) => {}
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
        let mut inner = self.write();
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

    /// Adds pages of fresh keys at the end of the ring, and syncs them. Readers do not wait for the disk.
    fn grow(&self, _changing: &MutexGuard<'_, ()>) -> Result<(), KeyringError> {
        let (generation, master, pages, made) = {
            let inner = self.read();
            if inner.closed {
                return Err(KeyringError::Closed);
            }
            (inner.generation, inner.master.clone(), inner.pages.len(), inner.made)
        };
        let path = self.dir.join(name("ring-", generation));
        let count = made.clamp(FEW, MANY);
        let mut fresh = Vec::with_capacity(count);
        let mut bytes = Vec::with_capacity(count * PAGE);
        for number in 0..count {
            let mut page = Zeroizing::new(vec![0xff; PLAIN]);
            if let Some(keys) = page.get_mut(8..) {
                getrandom::fill(keys).map_err(|error| KeyringError::Random { why: error.to_string() })?;
            }
            let leaf = Leaf::Page(Page(page));
            bytes.extend_from_slice(&wrap(&master, generation, pages + number, &leaf)?);
            fresh.push(leaf);
        }
        let offset = (HEAD + pages * PAGE) as u64;
        let written = OpenOptions::new().write(true).open(&path).and_then(|file| {
            file.write_all_at(&bytes, offset)?;
            file.sync_data()
        });
        let mut inner = self.write();
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

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
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

/// Whether no key was ever made in a directory: it is not there, holds no keyring, or one that was begun and never used. A
/// keyring that has lost keys is not without them.
#[must_use]
pub fn is_without_keys(dir: &Path) -> bool {
    if !dir.is_dir() {
        return !dir.exists();
    }
    match newest(dir) {
        Ok(None) => true,
        Ok(Some(1)) => std::fs::metadata(dir.join(name("ring-", 1))).is_ok_and(|ring| ring.len() == HEAD as u64),
        Ok(Some(_)) | Err(_) => false,
    }
}

/// Whether the keyring in a directory can be read, and which keys of it are lost, if any; looks only, and changes nothing.
pub(super) fn inspect(dir: &Path) -> io::Result<Result<Option<String>, String>> {
    if !dir.is_dir() {
        return Ok(Ok(None));
    }
    match newest(dir) {
        Ok(None) => return Ok(Ok(None)),
        Ok(Some(generation)) if is_half_made(dir, generation)? => return Ok(Ok(None)),
        Ok(Some(_)) | Err(_) => {}
    }
    let pages = match still(dir) {
        Ok((_, _, pages)) => pages,
        Err(KeyringError::Io { source, .. }) => return Err(source),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let lost = pages.iter().map(|leaf| u64::from(matches!(leaf, Leaf::Lost))).sum();
    let said = || format!("{} of the keyring, with {PAGE_KEYS} keys each, cannot be read", many(lost, PAGES));
    Ok(Ok((lost > 0).then(said)))
}

/// How often a keyring is read again that changes while it is read.
const TRIES: u32 = 100;

/// What a keyring holds at one moment, though another process may be changing it.
fn still(dir: &Path) -> Result<(u64, Key, Vec<Leaf>), KeyringError> {
    let missing = || KeyringError::NotHere { dir: dir.to_owned() };
    let mut tries = 0;
    loop {
        let generation = newest(dir)?.ok_or_else(missing)?;
        let found = read_master(dir, generation)
            .and_then(|master| read_ring(dir, generation, &master).map(|pages| (generation, master, pages)));
        // Somebody was forgotten meanwhile: what was read may be half of one generation and half overwritten.
        tries += 1;
        if newest(dir)? == Some(generation) || tries >= TRIES {
            return found;
        }
    }
}

/// The generation that counts, if there is any.
fn newest(dir: &Path) -> Result<Option<u64>, KeyringError> {
    let at = |source| KeyringError::Io { path: dir.to_owned(), source };
    let (rings, masters) = (generations(dir, "ring-").map_err(at)?, generations(dir, "master-").map_err(at)?);
    match (rings.into_iter().max(), masters.into_iter().max()) {
        (Some(generation), _) => Ok(Some(generation)),
        (None, None) => Ok(None),
        // Never made anew: the keys in it would be lost for good.
        (None, Some(generation)) => {
            Err(KeyringError::Damaged { why: format!("{} is missing", name("ring-", generation)) })
        }
    }
}

/// Whether a keyring was being made when that was interrupted: nobody has had a key from it.
fn is_half_made(dir: &Path, generation: u64) -> io::Result<bool> {
    let is_empty = std::fs::metadata(dir.join(name("ring-", generation)))?.len() == HEAD as u64;
    Ok(generation == 1 && is_empty && !dir.join(name("master-", 1)).exists())
}

/// How many pages there are but for the unwritten ones at the end.
fn written(pages: &[Leaf]) -> usize {
    pages.iter().rposition(|leaf| !matches!(leaf, Leaf::Unwritten)).map_or(0, |last| last + 1)
}

/// Cuts off what an interrupted write has left at the end, so that the next one does not leave a hole.
fn cut_unwritten(ring: &Path, pages: &mut Vec<Leaf>) -> io::Result<()> {
    let written = written(pages);
    if written == pages.len() {
        return Ok(());
    }
    tracing::warn!(
        pages = pages.len() - written,
        "the last pages of the keyring were never written whole; they are cut off"
    );
    pages.truncate(written);
    let file = OpenOptions::new().write(true).open(ring)?;
    file.set_len((HEAD + written * PAGE) as u64)?;
    file.sync_all()
}

/// Writes a generation whole: the master key first, then the ring, which counts once it has its name durably.
fn write_generation(dir: &Path, generation: u64, master: &Key, pages: &[Leaf]) -> Result<(), KeyringError> {
    write_master(dir, generation, master)?;
    let mut ring = head(generation);
    for (number, leaf) in pages.iter().enumerate() {
        ring.extend_from_slice(&wrap(master, generation, number, leaf)?);
    }
    let path = dir.join(name("ring-", generation));
    replace(&path, &ring, 0o600).map_err(|source| KeyringError::Io { path, source })
}

fn write_master(dir: &Path, generation: u64, master: &[u8; KEY]) -> Result<(), KeyringError> {
    let mut file = Zeroizing::new(b"TWOFMAST".to_vec());
    // Reserved at once: a vector that grows leaves copies of what it held.
    file.reserve_exact(64);
    file.extend_from_slice(&generation.to_le_bytes());
    file.extend_from_slice(master);
    let crc = crc32fast::hash(&file);
    file.extend_from_slice(&crc.to_le_bytes());
    let path = dir.join(name("master-", generation));
    replace(&path, &file, 0o600).map_err(|source| KeyringError::Io { path, source })
}

/// Destroys every file of another generation, and what was never given its name.
fn clean_up(dir: &Path, generation: u64) -> io::Result<()> {
    let mut any = false;
    // Master keys first: without them nothing else can be read.
    for prefix in ["master-", "ring-"] {
        for entry in std::fs::read_dir(dir)? {
            let file = entry?.file_name();
            // By its exact name: a copy that somebody has put there is not ours to destroy.
            let Some(file) = file.to_str().filter(|file| is_ours(file, prefix)) else {
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

fn read_ring(dir: &Path, generation: u64, master: &Key) -> Result<Vec<Leaf>, KeyringError> {
    let path = dir.join(name("ring-", generation));
    let bytes = std::fs::read(&path).map_err(|source| KeyringError::Io { path, source })?;
    let (head_bytes, pages) =
        bytes.split_at_checked(HEAD).filter(|(found, _)| *found == head(generation)).ok_or_else(|| {
            KeyringError::Damaged { why: format!("the head of {} is damaged", name("ring-", generation)) }
        })?;
    let pages = pages.chunks(PAGE).enumerate();
    Ok(pages
        .map(|(number, page)| {
            let plain = decrypt(master, &page_aad(head_bytes, number), page);
            plain.map_or_else(|| unread(number, page), |plain| Leaf::Page(Page(Zeroizing::new(plain))))
        })
        .collect())
}

/// What a page is that does not open: see the module.
fn unread(number: usize, page: &[u8]) -> Leaf {
    let mut at = HEAD + number * PAGE;
    let mut left = page;
    while !left.is_empty() && page.len() == PAGE {
        let (share, rest) = left.split_at((SECTOR - at % SECTOR).min(left.len()));
        if share.iter().all(|byte| *byte == 0) {
            return Leaf::Unwritten;
        }
        at += share.len();
        left = rest;
    }
    if page.len() == PAGE { Leaf::Lost } else { Leaf::Unwritten }
}

/// A page as it is stored; noise in place of one that is lost, and nothing in place of one that never was.
fn wrap(master: &Key, generation: u64, number: usize, leaf: &Leaf) -> Result<Vec<u8>, KeyringError> {
    let nonce: [u8; NONCE] = fill()?;
    let page = match leaf {
        Leaf::Page(page) => page,
        Leaf::Unwritten => return Ok(vec![0; PAGE]),
        Leaf::Lost => return fill::<PAGE>().map(Vec::from),
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

/// The first slot of the page that a slot is in.
fn page_start(slot: SlotId) -> u64 {
    slot - slot % PAGE_KEYS
}

/// Whether a file is a generation's, or was about to be when its writing was interrupted.
fn is_ours(file: &str, prefix: &str) -> bool {
    let number = file.strip_prefix(prefix).map(|number| number.strip_suffix(".new").unwrap_or(number));
    number.is_some_and(|number| number.len() == 10 && number.bytes().all(|byte| byte.is_ascii_digit()))
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
