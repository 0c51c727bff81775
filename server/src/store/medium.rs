//! The medium: the few things the journal asks of a file system, so that a test can refuse them or write them down.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// A file system, or something that fails like one.
pub trait Medium: Debug + Send + Sync {
    /// Opens a file for writing; makes it if `new`, and then it must not exist.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn open(&self, path: &Path, new: bool) -> io::Result<Box<dyn Tape>>;

    /// Gives a file another name, replacing what had it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// A file open for writing.
pub trait Tape: Debug + Send {
    /// Writes all of `bytes` from `offset`.
    ///
    /// # Errors
    /// Whatever the file system says; any part may have been written.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Lets the file, which ends at `from`, grow to `to` with zeros that are written like anything else: what later goes there
    /// changes no size and no map of blocks, so that a sync has less to do. False if the medium has no use for that.
    ///
    /// # Errors
    /// Whatever the file system says; the file may have grown by any part.
    fn reserve(&mut self, from: u64, to: u64) -> io::Result<bool> {
        let _ = (from, to);
        Ok(false)
    }

    /// Cuts the file.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn set_len(&mut self, size: u64) -> io::Result<()>;

    /// Returns once everything written so far, and the file's size, would survive a loss of power (`fdatasync`).
    ///
    /// # Errors
    /// Whatever the file system says. It must not be tried again: the kernel may have dropped the pages.
    fn sync(&mut self) -> io::Result<()>;
}

/// The real thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Medium for Disk {
    fn open(&self, path: &Path, new: bool) -> io::Result<Box<dyn Tape>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(new).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl Tape for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn reserve(&mut self, from: u64, to: u64) -> io::Result<bool> {
        // `fallocate` would not do: the first write to a block that it gave changes the map of blocks again.
        let zeros = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
        self.write_all_at(&vec![0; zeros], from)?;
        Ok(true)
    }

    fn set_len(&mut self, size: u64) -> io::Result<()> {
        Self::set_len(self, size)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Replaces a small file so that either the old or the new content is there whenever the power goes.
///
/// # Errors
/// Whatever the file system says; then the old content is still there.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync_parent(path)
}

/// Makes the name of a file durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
