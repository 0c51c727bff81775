//! The head: how far the journal was when it was last synced, noted beside it, so that frames which are whole cannot go
//! missing from its end unnoticed.
//!
//! `proof/head` has two slots that are written in turn: after the sync of the journal, before anybody is answered, and
//! without a sync of their own. A kill loses nothing that was written, so after one the newer slot names the last commit that
//! was acknowledged. After a loss of power it may be older; it is never ahead of the journal.
//!
//! ```text
//! a slot, at byte 0 and at byte 512; all numbers little-endian
//!      0     8  "TWOFHEAD"
//!      8    16  id of the store
//!     24     8  number of commits
//!     32     8  position of the last event
//!     40    32  hash of the last commit
//!     72     4  CRC-32 (IEEE) of the 72 bytes before
//! ```

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use shared::proof::Hash;
use uuid::Uuid;

use super::place::read;
use super::record::Cursor;

const MAGIC: &[u8; 8] = b"TWOFHEAD";
/// A slot has a sector of its own: a write that the power interrupts leaves the other one.
const SLOT: usize = 512;

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) commits: u64,
    pub(super) position: u64,
    pub(super) last_hash: Hash,
}

impl Head {
    pub(super) fn path(proof: &Path) -> PathBuf {
        proof.join("head")
    }

    /// What was noted last of this store, if anything was.
    pub(super) fn noted(proof: &Path, store: Uuid) -> io::Result<Option<Self>> {
        Ok(read(&Self::path(proof))?.and_then(|bytes| newest(&bytes, store)).map(|(head, _)| head))
    }

    pub(super) fn bytes(self, store: Uuid) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(store.as_bytes());
        out.extend_from_slice(&self.commits.to_le_bytes());
        out.extend_from_slice(&self.position.to_le_bytes());
        out.extend_from_slice(&self.last_hash);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn parse(bytes: &[u8], store: Uuid) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let ours = cursor.array()? == *MAGIC && cursor.array()? == *store.as_bytes();
        let head = Self { commits: cursor.u64()?, position: cursor.u64()?, last_hash: cursor.array()? };
        let fields = bytes.len().checked_sub(cursor.0.len()).and_then(|size| bytes.get(..size))?;
        (ours && cursor.u32()? == crc32fast::hash(fields)).then_some(head)
    }
}

/// The slot that knows most, and its number.
fn newest(bytes: &[u8], store: Uuid) -> Option<(Head, u64)> {
    let slots = (0..).zip(bytes.chunks(SLOT).take(2));
    slots.filter_map(|(number, slot)| Some((Head::parse(slot, store)?, number))).max_by_key(|(head, _)| head.commits)
}

/// Notes the head from now on.
#[derive(Debug)]
pub(super) struct Notes {
    path: PathBuf,
    file: File,
    store: Uuid,
    slot: u64,
}

impl Notes {
    /// Goes on after what is noted already.
    pub(super) fn begin(proof: &Path, store: Uuid, head: Head) -> io::Result<Self> {
        let path = Head::path(proof);
        let slot = read(&path)?.and_then(|bytes| newest(&bytes, store)).map_or(0, |(_, slot)| 1 - slot);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        let mut notes = Self { path, file, store, slot };
        notes.write(head)?;
        Ok(notes)
    }

    fn write(&mut self, head: Head) -> io::Result<()> {
        self.file.write_all_at(&head.bytes(self.store), self.slot * SLOT as u64)?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Notes where the log ends now; gives the notes up where that fails, since an old one would be taken for the newest.
    pub(super) fn note(mut self, head: Head) -> Option<Self> {
        match self.write(head) {
            Ok(()) => Some(self),
            Err(error) => {
                let removed = std::fs::remove_file(&self.path).is_ok();
                tracing::error!(%error, removed, "the head of the log cannot be noted in proof/head any more");
                None
            }
        }
    }
}
