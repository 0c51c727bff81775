//! The store in memory, for tests and demonstrations: every promise of the port except to outlive the process.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use uuid::Uuid;

use super::index::{Index, Place};
use super::plan::{self, Outcome};
use super::record::{self, Record};
use super::{Append, AppendError, Appended, Commit, ReadError, State, Store, StoredEvent, StreamId, Version};

/// See the module.
#[derive(Debug)]
pub struct Memory {
    inner: RwLock<Inner>,
    head: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    index: Index,
    records: Vec<Box<[u8]>>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: RwLock::default(), head: watch::Sender::new(0) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn record(&self, commit: u64) -> Option<Record<'_>> {
        Record::parse(self.records.get(usize::try_from(commit).ok()?)?)
    }

    fn event(&self, position: u64) -> Result<StoredEvent, ReadError> {
        let commit = self.index.commit_at(position);
        let event = commit.and_then(|commit| self.record(commit)).and_then(|record| record.event(position));
        event.ok_or(ReadError::Unknown { position, head: self.index.head() })
    }

    fn receipt(&self, first: u64) -> Option<Appended> {
        let commit = self.index.commit_at(first)?;
        self.record(commit).map(|record| record.commit().receipt(true))
    }
}

impl Store for Memory {
    fn append(&self, group: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        let mut inner = self.write();
        let plan = plan::plan(&group, &inner.index, Vec::new());
        for (record, hash) in record::records(&plan.bytes).zip(&plan.hashes) {
            // The plan was made against this very index.
            if inner.index.enter(&record, *hash, Place::default()).is_ok() {
                inner.records.push(record.bytes().into());
            }
        }
        let answers = plan.outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Write(appended) | Outcome::Twin(appended) => Ok(appended),
            Outcome::Known(first) => {
                inner.receipt(first).ok_or_else(|| AppendError::Closed { why: "the first answer is gone".to_owned() })
            }
            Outcome::Refuse { error, .. } => Err(error),
        });
        let answers = answers.collect();
        let head = inner.index.head();
        drop(inner);
        self.head.send_if_modified(|seen| std::mem::replace(seen, head.max(*seen)) < head);
        answers
    }

    fn version(&self, stream: StreamId) -> Result<Option<Version>, ReadError> {
        Ok(self.read().index.version(stream))
    }

    fn read_stream(&self, stream: StreamId, from_revision: u64, limit: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let inner = self.read();
        inner.index.positions(stream, from_revision, limit).into_iter().map(|position| inner.event(position)).collect()
    }

    fn read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, ReadError> {
        let inner = self.read();
        positions.iter().map(|position| inner.event(*position)).collect()
    }

    fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Commit>, ReadError> {
        let inner = self.read();
        let Some(from) = inner.index.commit_at(after.saturating_add(1)) else {
            return Ok(Vec::new());
        };
        let (mut commits, mut bytes) = (Vec::new(), 0);
        for record in (from..inner.index.commits()).map_while(|commit| inner.record(commit)).take(limit) {
            bytes += record.bytes().len();
            commits.push(record.commit());
            if bytes >= super::PAGE {
                break;
            }
        }
        Ok(commits)
    }

    fn receipt(&self, command: Uuid) -> Result<Option<Appended>, ReadError> {
        let inner = self.read();
        Ok(inner.index.committed(command).and_then(|first| inner.receipt(first)))
    }

    fn head(&self) -> u64 {
        self.read().index.head()
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    fn state(&self) -> State {
        State::Open
    }
}
