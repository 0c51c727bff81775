//! The office: the desk in its thread, the views that are kept warm, and the news for whoever has a page open.
//!
//! Reading never waits for the disk: a view is borrowed from memory, and is locked against folding
//! only while it is looked at.

pub mod replay;
pub mod warm;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use shared::domain::Model;
use shared::ids::{ColleagueId, CommandId, Slice, Stream};
use shared::record::Record;
use shared::request::Receipt;
use shared::sieve::Sieve;
use shared::views::Company;
use shared::views::timeline::{Filter, Reach};
use shared::words::Role;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinError;

use crate::clock::milliseconds;
use crate::desk::{Clock, Desk, News, Order, Refusal, Sink};
use crate::seal::{self, SealError, stream_id};
use crate::store::keyring::Keyring;
use crate::store::{ReadError, State, Store};
use replay::{Onlooker, ReplayError, replay, to_the_end};
use warm::Warm;

/// The most orders that share one sync. More would make the first of them wait.
const LARGEST_GROUP: usize = 512;

/// How many senders may wait in line before the next one waits to get in line.
const LONGEST_LINE: usize = 1_024;

/// How many records somebody who catches up gets at once.
const PAGE: usize = 512;

/// Why the office cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("no thread can be started for the desk: {0}")]
    Thread(std::io::Error),
}

/// Why something could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the reading did not come to its end: {0}")]
    Died(#[from] JoinError),
}

/// How far the news has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Every view has read up to here.
    pub position: u64,
    /// Goes up when the past reads differently (an import was taken back): what was folded before must be fetched anew.
    pub generation: u64,
    /// The office is closing: there will be no more news.
    pub is_over: bool,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Work>,
    desk: Mutex<Option<JoinHandle<()>>>,
}

/// What the desk's thread and the readers have in common.
struct Shared {
    store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
    warm: RwLock<Warm>,
    live: watch::Sender<Live>,
}

type Glance = Box<dyn FnOnce(&Model) + Send>;

enum Work {
    /// Somebody wants to see the model that decisions are taken by.
    Look(Glance),
    Orders {
        orders: Vec<Order>,
        answer: oneshot::Sender<Vec<Result<Receipt, Refusal>>>,
    },
    Close,
}

impl Office {
    /// Reads the whole log and opens the desk.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn open(store: Arc<dyn Store>, keyring: Arc<Keyring>, clock: Clock) -> Result<Self, OfficeError> {
        Self::open_with(store, keyring, clock, &mut to_the_end)
    }

    /// [`Office::open`], telling how far it is to somebody who may stop it.
    ///
    /// # Errors
    /// As [`Office::open`]; [`ReplayError::Stopped`] where it was stopped.
    pub fn open_with(
        store: Arc<dyn Store>,
        keyring: Arc<Keyring>,
        clock: Clock,
        progress: &mut Onlooker<'_>,
    ) -> Result<Self, OfficeError> {
        let started = Instant::now();
        let replayed = replay(&store, &keyring, progress)?;
        let (desk, warm) = Desk::new(Arc::clone(&store), Arc::clone(&keyring), clock, replayed);
        let position = warm.position();
        tracing::info!(events = position, milliseconds = milliseconds(started.elapsed()), "read the log");
        let live = watch::Sender::new(Live { position, generation: 0, is_over: false });
        let shared = Arc::new(Shared { store, keyring, warm: RwLock::new(warm), live });
        let (inbox, works) = mpsc::channel(LONGEST_LINE);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(OfficeError::Thread)?;
        let thread = thread::Builder::new().name("desk".into());
        let of_desk = Arc::clone(&shared);
        let desk = thread.spawn(move || run(desk, &of_desk, &runtime, works)).map_err(OfficeError::Thread)?;
        Ok(Self(Arc::new(Inner { shared, inbox, desk: Mutex::new(Some(desk)) })))
    }

    /// Asks for something; the answer is durable.
    ///
    /// # Errors
    /// As [`Refusal`] says.
    pub async fn ask(&self, order: Order) -> Result<Receipt, Refusal> {
        self.ask_all(vec![order]).await.pop().unwrap_or_else(|| Err(gone()))
    }

    /// Asks for many things in order; one answer for each.
    pub async fn ask_all(&self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        let mut answers = Vec::with_capacity(orders.len());
        for (orders, many) in in_groups(orders) {
            let (answer, answered) = oneshot::channel();
            let sent = self.0.inbox.send(Work::Orders { orders, answer }).await;
            answers.extend(match sent {
                Ok(()) => answered.await.unwrap_or_else(|_| for_each(many, unknown)),
                Err(_) => for_each(many, gone),
            });
        }
        answers
    }

    /// For the importers and the command line: a sink that waits. Not for a thread that serves requests.
    pub fn sink(&self) -> impl Sink + use<> {
        Waiting(self.clone())
    }

    /// A copy of the model that decisions are taken by, for a trial run; `None` once the desk has
    /// stopped. Waits for whoever is in line: not for a thread that serves requests.
    pub fn model(&self) -> Option<Model> {
        let (answer, answered) = oneshot::channel();
        let glance: Glance = Box::new(move |model| {
            // Whoever does not wait any more does not miss it.
            let _ = answer.send(model.clone());
        });
        self.0.inbox.blocking_send(Work::Look(glance)).ok()?;
        answered.blocking_recv().ok()
    }

    /// What was answered to a command that was recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn receipt(&self, command: CommandId) -> Result<Option<Receipt>, LookError> {
        Ok(crate::desk::known(&*self.0.shared.store, command)?)
    }

    /// Looks at the company's views. Folding waits meanwhile, so look and go.
    pub fn company<R>(&self, look: impl FnOnce(&Company) -> R) -> R {
        look(self.warm().company())
    }

    /// [`Office::company`] as somebody with this role may see it.
    pub fn company_for<R>(&self, role: Role, look: impl FnOnce(&Company) -> R) -> R {
        {
            let warm = self.warm();
            if let Some(company) = warm.company_for(role) {
                return look(company);
            }
        }
        let mut warm = self.0.shared.warm.write().unwrap_or_else(PoisonError::into_inner);
        warm.veil();
        match warm.company_for(role) {
            Some(company) => look(company),
            None => look(&Company::default()),
        }
    }

    /// The role of a colleague who is here.
    pub fn role(&self, colleague: ColleagueId) -> Option<Role> {
        self.warm().role(colleague)
    }

    /// The records after a position that concern an account, a contact, a colleague or a unit, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn concerning(&self, stream: Stream, after: u64) -> Result<Vec<Record>, LookError> {
        let positions = self.warm().index().concerning(stream, after).to_vec();
        self.at(&positions)
    }

    /// How many records concern a thing.
    pub fn how_many_concern(&self, stream: Stream) -> usize {
        self.warm().index().concerning(stream, 0).len()
    }

    /// The records that the part of a timeline needs which a filter asks for, in order, and how far they reach: mostly
    /// about so many entries, however long the whole is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn excerpt(&self, of: Stream, filter: &Filter, most: usize) -> Result<(Vec<Record>, Reach), LookError> {
        let excerpt = self.warm().excerpt(of, filter, most);
        let mut records = self.at(&excerpt.positions)?;
        let rest = self.warm().index().rest(&excerpt, &records);
        records.extend(self.at(&rest)?);
        records.sort_by_key(|record| record.position);
        Ok((records, excerpt.reach))
    }

    /// The records at these positions, in the order given.
    ///
    /// # Errors
    /// When the store cannot be read, or there is no such position.
    pub fn at(&self, positions: &[u64]) -> Result<Vec<Record>, LookError> {
        let events = self.0.shared.store.read_at(positions)?;
        events.iter().map(|event| Ok(seal::read(event, &self.0.shared.keyring)?.0)).collect()
    }

    /// The history of these things as it stands, in order: without what was taken back with an import. An import's own
    /// history is the raw one, of which nothing is left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(&self, streams: &[Stream]) -> Result<Vec<Record>, LookError> {
        let (imports, others): (Vec<Stream>, Vec<Stream>) =
            streams.iter().partition(|stream| stream.slice == Slice::Import);
        let positions: BTreeSet<u64> = {
            let warm = self.warm();
            others.iter().flat_map(|stream| warm.index().standing(*stream)).collect()
        };
        let positions: Vec<u64> = positions.into_iter().collect();
        let mut records = self.at(&positions)?;
        let others: HashSet<Stream> = others.into_iter().collect();
        records.retain(|record| others.contains(&record.stream()));
        for import in imports {
            records.extend(self.history(import, 1, usize::MAX)?);
        }
        records.sort_by_key(|record| record.position);
        Ok(records)
    }

    /// The raw history of one thing, from a revision (1 is the first).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(&self, stream: Stream, from_revision: u64, limit: usize) -> Result<Vec<Record>, LookError> {
        let shared = &self.0.shared;
        let events = shared.store.read_stream(stream_id(stream), from_revision, limit)?;
        events.iter().map(|event| Ok(seal::read(event, &shared.keyring)?.0)).collect()
    }

    /// Up to `limit` records after a position, ascending: the raw log, as far as the views have read it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn records(&self, after: u64, limit: usize) -> Result<Vec<Record>, LookError> {
        let end = self.live().position;
        if after >= end || limit == 0 {
            return Ok(Vec::new());
        }
        let commits = self.0.shared.store.read_all(after, limit)?;
        let events = commits.iter().flat_map(|commit| &commit.events);
        let wanted = events.filter(|event| event.position > after && event.position <= end).take(limit);
        wanted.map(|event| Ok(seal::read(event, &self.0.shared.keyring)?.0)).collect()
    }

    /// The position up to which every view has read.
    pub fn position(&self) -> u64 {
        self.live().position
    }

    /// See [`Live`].
    pub fn live(&self) -> Live {
        *self.0.shared.live.borrow()
    }

    /// Whether orders are taken.
    pub fn state(&self) -> State {
        match self.0.shared.store.state() {
            State::Open if self.0.inbox.is_closed() => State::Closed { why: STOPPED.to_owned() },
            State::Open if self.0.shared.keyring.has_failed() => State::Closed { why: NO_KEYS.to_owned() },
            state @ (State::Open | State::ReadOnly { .. } | State::Closed { .. }) => state,
        }
    }

    /// Every record after a position, first those that are there, then each as it comes, without a hole.
    pub fn follow(&self, after: u64) -> Following {
        let mut live = self.0.shared.live.subscribe();
        let generation = live.borrow_and_update().generation;
        Following { office: self.clone(), live, after, generation, is_past_another: false }
    }

    /// Lets go whoever follows the log; orders are still taken.
    pub fn let_go(&self) {
        self.0.shared.live.send_modify(|live| live.is_over = true);
    }

    /// Serves what is in line, then stops: later orders are refused, and whoever follows is let go.
    /// Waits for the desk.
    pub fn close(&self) {
        let desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(desk) = desk {
            // A line that is full or closed ends too: the desk serves it before it looks at this.
            let closing = self.0.inbox.clone();
            let told = thread::spawn(move || closing.blocking_send(Work::Close).is_ok());
            let stopped = told.join().is_ok() && desk.join().is_ok();
            if !stopped {
                tracing::error!("the desk did not stop in order");
            }
        }
        self.let_go();
    }

    fn warm(&self) -> RwLockReadGuard<'_, Warm> {
        self.0.shared.warm.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody who follows is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The next records, at least one.
    Records(Vec<Record>),
    /// The past reads differently: fetch the views anew.
    Again { generation: u64 },
    /// The office is closing.
    Over,
}

/// Somebody who has read up to a position and wants to know what comes. It holds nothing but its
/// place, so a slow reader costs nobody anything.
pub struct Following {
    office: Office,
    live: watch::Receiver<Live>,
    after: u64,
    generation: u64,
    /// It read that the past was changed, perhaps long ago: what it had before reads differently.
    is_past_another: bool,
}

impl Following {
    /// Waits for news. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self) -> Result<Told, LookError> {
        loop {
            let live = *self.live.borrow_and_update();
            if live.position > self.after {
                let (office, after) = (self.office.clone(), self.after);
                let read = tokio::task::spawn_blocking(move || office.records(after, PAGE)).await;
                let records = read??;
                self.is_past_another |= records.iter().any(|record| Sieve::taken_back_by(&record.event).is_some());
                if let Some(last) = records.last() {
                    self.after = last.position;
                    return Ok(Told::Records(records));
                }
            }
            if live.generation != self.generation || self.is_past_another {
                self.is_past_another = false;
                self.generation = live.generation;
                return Ok(Told::Again { generation: live.generation });
            }
            if live.is_over || self.live.changed().await.is_err() {
                return Ok(Told::Over);
            }
        }
    }
}

struct Waiting(Office);

impl Sink for Waiting {
    fn submit(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        let mut answers = Vec::with_capacity(orders.len());
        // All groups are in line before the first answer is waited for: the desk never idles in between.
        let sent: Vec<_> = in_groups(orders)
            .map(|(orders, many)| {
                let (answer, answered) = oneshot::channel();
                let sent = self.0.0.inbox.blocking_send(Work::Orders { orders, answer }).is_ok();
                (sent.then_some(answered), many)
            })
            .collect();
        for (answered, many) in sent {
            answers.extend(match answered {
                Some(answered) => answered.blocking_recv().unwrap_or_else(|_| for_each(many, unknown)),
                None => for_each(many, gone),
            });
        }
        answers
    }
}

pub(crate) const NO_KEYS: &str =
    "the keyring could not be written, so nothing personal can be sealed; mend its disk and restart";

const STOPPED: &str = "the desk has stopped: the server is shutting down, or must be restarted";

const DIED: &str = "the desk died before it could answer, so it is not known whether this was recorded; send it again with \
                    the same command id once the server was restarted";

/// The desk was gone before the order reached it: nothing was written.
fn gone() -> Refusal {
    Refusal::Closed(STOPPED.to_owned())
}

/// The desk took the order and died with it: perhaps after it was written.
fn unknown() -> Refusal {
    Refusal::Unavailable(DIED.to_owned())
}

fn for_each(many: usize, refusal: fn() -> Refusal) -> Vec<Result<Receipt, Refusal>> {
    std::iter::repeat_with(|| Err(refusal())).take(many).collect()
}

fn in_groups(orders: Vec<Order>) -> impl Iterator<Item = (Vec<Order>, usize)> {
    let mut rest = orders.into_iter();
    std::iter::from_fn(move || {
        let group: Vec<Order> = rest.by_ref().take(LARGEST_GROUP).collect();
        let many = group.len();
        (many > 0).then_some((group, many))
    })
}

/// The desk's life: serve who is in line; fold; tell; answer.
fn run(mut desk: Desk, shared: &Shared, runtime: &tokio::runtime::Runtime, mut inbox: mpsc::Receiver<Work>) {
    let mut head = shared.store.watch();
    let mut is_open = true;
    while is_open {
        let first = runtime.block_on(async {
            tokio::select! {
                biased;
                work = inbox.recv() => Some(work),
                // Another writer has committed.
                _ = head.changed() => None,
            }
        });
        let (mut orders, mut answers, mut glances) = (Vec::new(), Vec::new(), Vec::new());
        let mut take = |work| match work {
            Some(Work::Look(glance)) => {
                glances.push(glance);
                false
            }
            Some(Work::Orders { orders: more, answer }) => {
                answers.push((more.len(), answer));
                orders.extend(more);
                orders.len() < LARGEST_GROUP
            }
            Some(Work::Close) | None => {
                is_open = false;
                false
            }
        };
        if let Some(first) = first
            && take(first)
        {
            while let Ok(next) = inbox.try_recv() {
                if !take(Some(next)) {
                    break;
                }
            }
        }
        if !is_open {
            // Who comes now is refused; who is already in line is served.
            inbox.close();
            while let Some(work) = inbox.blocking_recv() {
                match work {
                    Work::Orders { orders: more, answer } => {
                        answers.push((more.len(), answer));
                        orders.extend(more);
                    }
                    Work::Look(glance) => glances.push(glance),
                    Work::Close => {}
                }
            }
        }
        let served = desk.serve(&orders);
        head.borrow_and_update();
        shared.take_in(served.news);
        let mut given = served.answers.into_iter();
        for (many, answer) in answers {
            // Somebody who does not wait for the answer any more asks again with the same command id.
            let _ = answer.send(given.by_ref().take(many).collect());
        }
        for glance in glances {
            glance(desk.model());
        }
        shared.store.tend();
    }
}

impl Shared {
    /// Folds the news and tells it.
    fn take_in(&self, news: News) {
        let mut warm = self.warm.write().unwrap_or_else(PoisonError::into_inner);
        let again = match news {
            News::Records(records) => {
                for record in &records {
                    warm.fold(record);
                }
                false
            }
            News::Afresh(views) => {
                *warm = *views;
                true
            }
        };
        let position = warm.position();
        drop(warm);
        self.live.send_if_modified(|live| {
            let moved = again || live.position != position;
            live.position = position;
            live.generation += u64::from(again);
            moved
        });
    }
}
