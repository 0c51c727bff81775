//! The copy: sled gets what was acknowledged from a thread of its own, some way behind the journal.
//!
//! The thread reads the journal and puts what it finds into sled, so nothing is kept in memory however far sled is behind,
//! and whoever appends waits for neither. Until sled has something, it is read from the journal; what sled never got is
//! filled in at the next open, as after a kill. A put that fails takes sled out of use until then, and one that never comes
//! back takes no more with it than its thread: it holds sled for itself, and readers who find it held go to the journal.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};

use uuid::Uuid;

use super::blocks::{Blocks, PATIENCE};
use super::index::{Index, Place};
use super::journal::{Frames, Segments};

/// Bytes that go into sled as one batch, unless a single frame has more.
const BATCH: usize = 1 << 20;

/// sled, and how far it is.
#[derive(Debug)]
pub(super) struct Copy {
    /// Held for writing while something is put into it. None when it is not there, or not used any more.
    blocks: RwLock<Option<Blocks>>,
    /// The position up to which sled has everything.
    reached: AtomicU64,
    goal: Mutex<Goal>,
    /// The goal has moved, or the copy has come nearer to it.
    moved: Condvar,
    /// What the thread says when it has closed sled.
    closed: Mutex<Option<Receiver<Result<(), String>>>>,
}

/// How far the copy may and must go.
#[derive(Clone, Copy, Debug, Default)]
struct Goal {
    /// Position of the last acknowledged event.
    head: u64,
    /// Where its frame ends.
    end: Place,
    /// Bytes of records that sled has not been given.
    waiting: u64,
    /// As many as are worth a batch.
    every: u64,
    /// Whether it is to go there now, however little there is.
    hurry: bool,
    /// Whether sled is to be closed there.
    stop: bool,
    /// Whether nobody waits for that any more: sled is to be let go as it is.
    given_up: bool,
    /// Whether nobody goes there any more.
    ended: bool,
}

impl Goal {
    fn is_worth_it(&self) -> bool {
        self.waiting >= self.every
    }
}

impl Copy {
    /// What sled holds up to a position, which nobody adds to yet.
    pub(super) fn new(held: Option<(Blocks, u64)>) -> Self {
        let (blocks, reached) = held.map_or((None, 0), |(blocks, head)| (Some(blocks), head));
        Self {
            blocks: RwLock::new(blocks),
            reached: AtomicU64::new(reached),
            goal: Mutex::new(Goal { ended: true, ..Goal::default() }),
            moved: Condvar::new(),
            closed: Mutex::new(None),
        }
    }

    /// Takes sled out, to be brought to where the journal is.
    pub(super) fn take(&self) -> Option<Blocks> {
        self.blocks.write().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Begins to copy: from the end of `index`, up to which sled has everything, whenever `every` bytes are new.
    pub(super) fn begin(self: &Arc<Self>, blocks: Blocks, index: &Index, segments: PathBuf, store: Uuid, every: u64) {
        *self.blocks.write().unwrap_or_else(PoisonError::into_inner) = Some(blocks);
        self.reached.store(index.head(), Ordering::Release);
        *self.goal() = Goal { head: index.head(), end: index.end, every: every.max(1), ..Goal::default() };
        let (told, closed) = sync_channel(1);
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(closed);
        let thread = Thread { copy: Arc::clone(self), segments, store, at: index.end };
        let started = std::thread::Builder::new().name("sled-copy".to_owned()).spawn(move || thread.run(&told));
        if let Err(error) = started {
            // The thread was dropped unborn, and has said that nobody copies.
            tracing::error!(%error, "nothing more is put into sled until the next start");
        }
    }

    /// So many bytes more were acknowledged, and the journal goes up to here.
    pub(super) fn offer(&self, head: u64, end: Place, bytes: usize) {
        let mut goal = self.goal();
        *goal = Goal { head, end, waiting: goal.waiting + bytes as u64, ..*goal };
        let is_worth_it = goal.is_worth_it();
        drop(goal);
        // To wake a thread for every commit would cost the commit more than all the rest of this.
        if is_worth_it {
            self.moved.notify_all();
        }
    }

    /// Returns once sled has everything that was acknowledged before; false if it will not.
    pub(super) fn catch_up(&self) -> bool {
        let mut goal = self.goal();
        let head = goal.head;
        while !goal.ended && self.reached() < head {
            if !std::mem::replace(&mut goal.hurry, true) {
                self.moved.notify_all();
            }
            goal = self.moved.wait(goal).unwrap_or_else(PoisonError::into_inner);
        }
        drop(goal);
        self.reached() >= head && self.blocks.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The position up to which sled has everything.
    pub(super) fn reached(&self) -> u64 {
        self.reached.load(Ordering::Acquire)
    }

    /// Asks sled, unless it has not got that far or is being written to; `None` then and where there is none.
    pub(super) fn ask<T>(
        &self,
        until: u64,
        ask: impl FnOnce(&Blocks) -> Result<T, String>,
    ) -> Option<Result<T, String>> {
        let guard = match self.blocks.try_read() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        if self.reached() < until { None } else { guard.as_ref().map(ask) }
    }

    /// As [`Copy::ask`], and waits for what is being written: for what nobody else can answer.
    pub(super) fn ask_patiently<T>(
        &self,
        until: u64,
        ask: impl FnOnce(&Blocks) -> Result<T, String>,
    ) -> Option<Result<T, String>> {
        let guard = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        if self.reached() < until { None } else { guard.as_ref().map(ask) }
    }

    /// Lets sled catch up and close, and waits for that only so long. Once is enough; after that it does nothing.
    pub(super) fn close(&self) -> Result<(), String> {
        self.goal().stop = true;
        self.moved.notify_all();
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match closed {
            Some(closed) => closed.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                // What is left of it would be put into a sled that the next open finds held, or has moved aside.
                self.goal().given_up = true;
                Err(format!("nobody said within {PATIENCE:?} that it is closed"))
            }),
            // One that has taken too long still has it.
            None if !self.goal().ended => Err("sled is still being closed".to_owned()),
            None => {
                // Nothing was put into it since it was flushed.
                drop(self.take());
                Err("nothing was put into sled".to_owned())
            }
        }
    }

    fn goal(&self) -> MutexGuard<'_, Goal> {
        self.goal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever copies.
struct Thread {
    copy: Arc<Copy>,
    segments: PathBuf,
    store: Uuid,
    /// The end of what sled has, in the journal.
    at: Place,
}

impl Thread {
    fn run(mut self, told: &SyncSender<Result<(), String>>) {
        loop {
            let goal = self.wait();
            if let Err(why) = self.go_to(goal) {
                tracing::error!(
                    why,
                    "sled gets no more until the next start: what it has not got is read from the journal"
                );
                drop(told.send(Err(why)));
                return;
            }
            if goal.stop {
                let closed = self.copy.take().map_or_else(|| Err("sled is gone".to_owned()), Blocks::close);
                // Nobody listens any more when it took too long.
                drop(told.send(closed));
                return;
            }
            let mut now = self.copy.goal();
            now.waiting = now.waiting.saturating_sub(goal.waiting);
            now.hurry &= now.head > goal.head;
            drop(now);
            self.copy.moved.notify_all();
        }
    }

    /// Waits until there is enough to be worth a batch, or somebody waits for the little that there is.
    fn wait(&self) -> Goal {
        let mut goal = self.copy.goal();
        while !goal.stop && !goal.hurry && !goal.is_worth_it() {
            goal = self.copy.moved.wait(goal).unwrap_or_else(PoisonError::into_inner);
        }
        *goal
    }

    /// Puts what lies between into sled.
    fn go_to(&mut self, goal: Goal) -> Result<(), String> {
        if self.at >= goal.end {
            return Ok(());
        }
        let mut frames = Frames::new(Segments::up_to(&self.segments, goal.end.segment), self.store, self.at);
        let mut batch = Vec::new();
        while self.at < goal.end {
            let frame = frames.next().map_err(|error| error.to_string())?;
            let frame = frame.map_err(|flaw| format!("{}: {}", flaw.place, flaw.why))?;
            let frame = frame.ok_or("the journal ends before what was acknowledged")?;
            self.at = frame.end;
            batch.extend_from_slice(&frame.body);
            if batch.len() >= BATCH || self.at >= goal.end {
                if self.copy.goal().given_up {
                    drop(self.copy.take());
                    return Err("the store was closed before sled had caught up".to_owned());
                }
                self.put(&batch)?;
                self.copy.reached.store(frame.head.last, Ordering::Release);
                batch.clear();
            }
        }
        Ok(())
    }

    fn put(&self, batch: &[u8]) -> Result<(), String> {
        let mut held = self.copy.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let put = held.as_ref().map_or_else(|| Err("sled is gone".to_owned()), |blocks| blocks.put(batch));
        // What failed once is not asked again.
        let gone = if put.is_err() { held.take() } else { None };
        drop(held);
        drop(gone);
        put
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // However it ends: nobody is to wait for it.
        self.copy.goal().ended = true;
        self.copy.moved.notify_all();
    }
}
