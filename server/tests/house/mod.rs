//! A house to test in: the company of the fixtures behind a real desk, on a store that can be told
//! to misbehave, and on a clock that moves only when told.

#![allow(dead_code, reason = "each test crate uses another part")]
#![allow(clippy::allow_attributes, reason = "an expectation would fail in the crate that uses all of it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use app::when::Zone;
use jiff::{SignedDuration, Timestamp};
use server::access::{Access, Cost};
use server::desk::{Clock, Desk, Order, Refusal, Served};
use server::office::Office;
use server::office::replay::{replay, to_the_end};
use server::office::warm::Warm;
use server::site::Site;
use server::store::keyring::Keyring;
use server::store::memory::Memory;
use server::store::{
    Append, AppendError, Appended, Commit, Expect, Part, ReadError, State, Store, StoredEvent, StreamId, Version,
};
use shared::domain::{Command, Event};
use shared::ids::{AccountId, ColleagueId, CommandId, ImportId, InteractionId, Stream};
use shared::request::{Receipt, Request};
use shared::testkit::*;
use shared::words::{Front, Role};
use shared::{account, colleague, contact, interaction, unit};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// What the store does with the next group instead of committing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mishap {
    #[default]
    None,
    /// Another writer is a moment faster with this.
    Overtaken(Append),
    /// The sync failed: it is on disk, but nobody knows.
    SyncFailed { written: bool },
    /// From now on it takes no writes.
    Closes,
    /// It is on disk, and then the thread that wrote it dies.
    WritesAndDies,
}

/// The store in memory, which does what it is told to.
#[derive(Default)]
pub struct Trickster {
    pub memory: Memory,
    pub mishap: Mutex<Mishap>,
    pub closed: Mutex<Option<String>>,
    /// What another writer commits just before the next look at a stream.
    pub meanwhile: Mutex<Option<Append>>,
    /// From this position on the log cannot be read in order; 0 where all of it can.
    pub torn_after: AtomicU64,
    /// How many groups were appended.
    pub groups: AtomicU64,
    /// The next group waits here until the other end is dropped.
    pub gate: Mutex<Option<Receiver<()>>>,
    /// How many sealed events were held against their keys.
    pub seals: AtomicUsize,
    /// Where the keys lie, when every group is to be held against them.
    pub keys: Mutex<Option<PathBuf>>,
}

impl Trickster {
    /// How many events of a group are sealed; all of their keys must be on disk by now.
    fn sealed(group: &[Append], keys: &Path) -> usize {
        let keys = Keyring::look(keys).unwrap();
        let mut sealed = 0;
        for append in group {
            for part in &append.parts {
                for payload in &part.events {
                    let event = StoredEvent {
                        position: 0,
                        stream: part.stream,
                        revision: 0,
                        command: append.command,
                        payload: payload.clone(),
                    };
                    if let Some(slot) = server::seal::key_of(&event).unwrap() {
                        assert!(keys.holds(slot), "an event is written before its key");
                        sealed += 1;
                    }
                }
            }
        }
        sealed
    }
}

impl Store for Trickster {
    fn append(&self, group: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        self.groups.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = self.gate.lock().unwrap().take() {
            let _ = gate.recv();
        }
        if let Some(keys) = self.keys.lock().unwrap().as_ref() {
            self.seals.fetch_add(Self::sealed(&group, keys), Ordering::SeqCst);
        }
        if let Some(why) = self.closed.lock().unwrap().clone() {
            return group.iter().map(|_| Err(AppendError::Closed { why: why.clone() })).collect();
        }
        match std::mem::take(&mut *self.mishap.lock().unwrap()) {
            Mishap::None => self.memory.append(group),
            Mishap::Overtaken(append) => {
                for answer in self.memory.append(vec![append]) {
                    answer.unwrap();
                }
                self.memory.append(group)
            }
            Mishap::SyncFailed { written } => {
                *self.closed.lock().unwrap() = Some("a sync failed".into());
                let answers = group.iter().map(|_| Err(AppendError::Indeterminate { why: "a sync failed".into() }));
                let answers = answers.collect();
                if written {
                    self.memory.append(group);
                }
                answers
            }
            Mishap::WritesAndDies => {
                self.memory.append(group);
                std::panic::resume_unwind(Box::new("the disk is fine, this thread is not"))
            }
            Mishap::Closes => {
                *self.closed.lock().unwrap() = Some("the disk is full".into());
                group.iter().map(|_| Err(AppendError::Closed { why: "the disk is full".into() })).collect()
            }
        }
    }

    fn version(&self, stream: StreamId) -> Result<Option<Version>, ReadError> {
        let faster = self.meanwhile.lock().unwrap().take();
        for answer in faster.into_iter().flat_map(|append| self.memory.append(vec![append])) {
            answer.unwrap();
        }
        self.memory.version(stream)
    }

    fn read_stream(&self, stream: StreamId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.memory.read_stream(stream, from, limit)
    }

    fn read_at(&self, positions: &[u64]) -> Result<Vec<StoredEvent>, ReadError> {
        self.memory.read_at(positions)
    }

    fn read_all(&self, after: u64, limit: usize) -> Result<Vec<Commit>, ReadError> {
        let torn = self.torn_after.load(Ordering::SeqCst);
        if torn > 0 && after >= torn {
            return Err(ReadError::Io { position: after + 1, why: "the medium refused".into() });
        }
        self.memory.read_all(after, limit)
    }

    fn receipt(&self, command: Uuid) -> Result<Option<Appended>, ReadError> {
        self.memory.receipt(command)
    }

    fn head(&self) -> u64 {
        self.memory.head()
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.memory.watch()
    }

    fn state(&self) -> State {
        self.closed.lock().unwrap().clone().map_or(State::Open, |why| State::Closed { why })
    }
}

/// The parts of a whole server over a store: the company of the fixtures is recorded, and nobody can sign in yet.
/// The folder lives as long as the server.
pub async fn furnished(store: Arc<dyn Store>) -> (server::serve::House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let keyring = Arc::new(Keyring::at(&folder.path().join("keys")).unwrap());
    let now = Arc::new(Mutex::new(NOON));
    let office = Office::open(store, keyring, clock(&now)).unwrap();
    for answer in office.ask_all(company_orders()).await {
        answer.unwrap();
    }
    let access = Access::open_with(folder.path().join("access"), Cost::lowered_for_tests(), Arc::new(|| NOON)).unwrap();
    let (site, zone, data) = (Site::default(), Zone::utc(), folder.path().to_owned());
    (server::serve::House { office, access, site, zone, data }, folder)
}

/// A desk with its views, run by hand.
pub struct House {
    pub store: Arc<Trickster>,
    pub keyring: Arc<Keyring>,
    pub now: Arc<Mutex<Timestamp>>,
    pub desk: Desk,
    pub warm: Warm,
    /// How often the views were replaced.
    pub afresh: u32,
    pub keys: TempDir,
}

impl House {
    /// An empty store.
    pub fn empty() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let keyring = Arc::new(Keyring::at(keys.path()).unwrap());
        let store = Arc::new(Trickster::default());
        let now = Arc::new(Mutex::new(NOON));
        let (desk, warm) = open(&store, &keyring, &now);
        Self { store, keyring, now, desk, warm, afresh: 0, keys }
    }

    /// The company of the fixtures, everything said at the desk.
    pub fn new() -> Self {
        let mut house = Self::empty();
        for order in company_orders() {
            house.ask(order).unwrap();
        }
        house
    }

    pub fn ask(&mut self, order: Order) -> Result<Receipt, Refusal> {
        self.ask_all(vec![order]).pop().unwrap()
    }

    /// All of them as one group, the news folded as the office does.
    pub fn ask_all(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        let Served { answers, news } = self.desk.serve(&orders);
        match news {
            server::desk::News::Records(records) => records.iter().for_each(|record| self.warm.fold(record)),
            server::desk::News::Afresh(warm) => {
                self.warm = *warm;
                self.afresh += 1;
            }
        }
        assert_eq!(answers.len(), orders.len());
        answers
    }

    /// Another writer commits this event just before the next group is appended.
    pub fn overtaken_by(&self, number: u128, revision: u64, event: Event) {
        *self.store.mishap.lock().unwrap() = Mishap::Overtaken(from_elsewhere(&self.keyring, number, revision, event));
    }

    /// Another desk on the same store, as after a restart.
    pub fn restart(&mut self) {
        *self.store.closed.lock().unwrap() = None;
        (self.desk, self.warm) = open(&self.store, &self.keyring, &self.now);
    }

    pub fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    /// What a reading of the store from its beginning gives must be what was folded step by step.
    pub fn check_against_replay(&self) {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
        let again = replay(&store, &self.keyring, &mut to_the_end).unwrap();
        assert_eq!(again.warm.position(), self.warm.position());
        assert_eq!(again.warm.company(), self.warm.company());
        for stream in [Stream::from(NORTHWIND), CONTOSO.into(), TAILSPIN.into(), KIRA.into(), SALES.into(), ANNA.into()]
        {
            assert_eq!(again.warm.index().concerning(stream, 0), self.warm.index().concerning(stream, 0), "{stream}");
        }
    }
}

fn open(store: &Arc<Trickster>, keyring: &Arc<Keyring>, now: &Arc<Mutex<Timestamp>>) -> (Desk, Warm) {
    let store: Arc<dyn Store> = Arc::clone(store) as Arc<dyn Store>;
    let replayed = replay(&store, keyring, &mut to_the_end).unwrap();
    Desk::new(store, Arc::clone(keyring), clock(now), replayed)
}

pub fn clock(now: &Arc<Mutex<Timestamp>>) -> Clock {
    let now = Arc::clone(now);
    Box::new(move || *now.lock().unwrap())
}

/// A command id of its own for each number.
pub fn id(number: u128) -> CommandId {
    CommandId::from_uuid(Uuid::from_u128(0xF00D_0000 + number))
}

pub fn order(number: u128, by: ColleagueId, command: Command) -> Order {
    Order { by, batch: None, request: Request::new(id(number), command) }
}

pub fn in_batch(batch: ImportId, order: Order) -> Order {
    Order { batch: Some(batch), ..order }
}

pub fn rename(number: u128, account: AccountId, name: &str) -> Order {
    order(number, KIRA, Command::Account(account, account::Command::Rename { name: account_name(name) }))
}

pub fn register(number: u128, account: AccountId, name: &str) -> Order {
    order(number, KIRA, Command::Account(account, account::Command::Register { name: account_name(name) }))
}

pub fn visit(number: u128, interaction: InteractionId, account: AccountId, text: &str) -> Order {
    let details = interaction::Details::new(Front::Client, Some(account), summary(text));
    order(number, KIRA, Command::Interaction(interaction, interaction::Command::Log { details, next_steps: vec![] }))
}

/// The company of the fixtures as orders, with command ids from 1.
pub fn company_orders() -> Vec<Order> {
    let mut commands = Vec::new();
    for (unit, name) in [(SALES, "Sales"), (LOGISTICS, "Logistics"), (ENGINEERING, "Engineering")] {
        commands.push(Command::Unit(unit, unit::Command::Found { name: unit_name(name), under: None }));
    }
    for (colleague, name, unit, role) in [
        (ADA, "Ada Lindqvist", None, Role::Administrator),
        (KIRA, "Kira Volkova", Some(SALES), Role::AccountManager),
        (LEV, "Lev Morozov", Some(LOGISTICS), Role::ResourceOwner),
        (MAXIM, "Maxim Weber", Some(ENGINEERING), Role::ResourceOwner),
        (NINA, "Nina Adler", None, Role::Analyst),
    ] {
        let join = colleague::Command::Join { identity: identity(name), unit, role };
        commands.push(Command::Colleague(colleague, join));
    }
    for (account, name) in [(NORTHWIND, "Northwind"), (CONTOSO, "Contoso")] {
        commands.push(Command::Account(account, account::Command::Register { name: account_name(name) }));
    }
    commands.push(Command::Account(NORTHWIND, account::Command::Assign { kam: KIRA }));
    for (contact, name) in [(ANNA, "Anna Petrova"), (BORIS, "Boris Sokolov")] {
        let introduce = contact::Command::Introduce { account: Some(NORTHWIND), details: person(name) };
        commands.push(Command::Contact(contact, introduce));
    }
    (1..).zip(commands).map(|(number, command)| order(number, ColleagueId::TWOFRONT, command)).collect()
}

/// What another program writes into the same store: an event on a stream that has `at` events.
pub fn from_elsewhere(keyring: &Keyring, number: u128, at: u64, event: Event) -> Append {
    use server::seal::{Draft, Fact, Slots, stream_id};
    use shared::domain::Context;
    use shared::words::Occurred;
    let stream = event.stream();
    let context = Context { by: ADA, occurred: Occurred::At(NOON), now: NOON, batch: None };
    let facts = vec![Fact::new(stream, at + 1, event).unwrap()];
    let draft = Draft { command: id(number), recorded: NOON, context, cause: None, facts };
    let payloads = draft.seal(keyring, &Slots::default()).unwrap();
    let expect = if at == 0 { Expect::None } else { Expect::At(at) };
    let parts = payloads.into_iter().map(|(stream, events)| Part { stream: stream_id(stream), expect, events });
    Append { command: id(number).uuid(), parts: parts.collect() }
}
