//! The desk: where commands become facts. Known? open? fresh? allowed? decide, append durably, and
//! only then say so.
//!
//! One desk decides for the whole company, in one thread, against the model that it folds from the
//! store. Orders that wait at the same time are one group: each is decided with those before it
//! taken for granted, and all of them reach the disk with one sync.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use shared::domain::{self, Context, Event, Model, Rejection};
use shared::ids::{ColleagueId, CommandId, EventRef, ImportId, Stream};
use shared::lang::Lang;
use shared::policy;
use shared::record::Record;
use shared::request::{Receipt, Request};
use shared::sieve::Sieve;

use crate::office::NO_KEYS;
use crate::office::replay::{Replay, ReplayError, TakenBack, replay_without, to_the_end};
use crate::office::warm::Warm;
use crate::seal::{Draft, Fact, SealError, Slots, storable, storable_occurred, stream_id};
use crate::store::keyring::Keyring;
use crate::store::{Append, AppendError, Appended, Expect, MAX_COMMIT, Part, ReadError, State, Store, damaged};

/// How often an order is decided again when another writer is faster, before its sender is asked to come back.
const MOST_ATTEMPTS: u32 = 8;

/// Where the time comes from.
pub type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// Somebody's request, with who asks: that is known by the door, never said in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub by: ColleagueId,
    /// The import that it comes with.
    pub batch: Option<ImportId>,
    pub request: Request,
}

/// Why an order did not lead to a receipt.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The domain says no; the sentence is for whoever asked.
    #[error("{}", self.say(Lang::En))]
    Rejected(Rejection),
    /// The streams that the sender decided by have moved on.
    #[error("{}", self.say(Lang::En))]
    Conflict {
        /// What happened there since, in order.
        changed: Vec<Record>,
    },
    /// It does not fit into one commit. Nothing was written.
    #[error("{0}")]
    TooLarge(String),
    /// The store takes no writes. Nothing was written.
    #[error("{0}")]
    Closed(String),
    /// It may have been written or not: send it again with the same command id.
    #[error("{0}")]
    Unavailable(String),
}

impl Refusal {
    /// What a disk or a thread says of itself stays as it is.
    pub fn say(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Rejected(rejection), _) => rejection.say(lang),
            (Self::Conflict { changed }, _) if changed.is_empty() => lang
                .pick(
                    "what the decision rests on is not in the log; look again and decide anew",
                    "того, на что опирается решение, в журнале нет; посмотрите ещё раз и решите заново",
                )
                .to_owned(),
            (Self::Conflict { changed }, Lang::En) => {
                let events = changed.len();
                format!("something changed since you looked; look at the {events} new events and decide again")
            }
            (Self::Conflict { changed }, Lang::Ru) => {
                let events = changed.len();
                format!("с тех пор что-то изменилось; посмотрите новые события ({events}) и решите заново")
            }
            (Self::TooLarge(why) | Self::Closed(why) | Self::Unavailable(why), _) => why.clone(),
        }
    }
}

/// Whoever takes orders and answers when they are durable: the importers and the generator need no more.
pub trait Sink {
    /// One answer for each order, in order.
    fn submit(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>>;
}

/// What became of a group.
#[derive(Debug)]
pub struct Served {
    /// One for each order, in order. Every receipt is durable.
    pub answers: Vec<Result<Receipt, Refusal>>,
    pub news: News,
}

/// What the views have to take in before the answers are given.
#[derive(Debug)]
pub enum News {
    /// These records, in the order of the log.
    Records(Vec<Record>),
    /// The past reads differently now (an import was taken back), or was read again: these views replace the old.
    Afresh(Box<Warm>),
}

/// See the module.
pub struct Desk {
    store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
    clock: Clock,
    model: Model,
    slots: Slots,
    sieve: Sieve,
    taken_back: TakenBack,
    /// The last record that the model has read.
    position: u64,
    /// When the latest record was written down: the next one is not earlier.
    recorded: Timestamp,
    /// The model holds something that did not happen: it must be read again before anything is decided.
    is_tainted: bool,
    news: News,
}

/// How an order stands within its group.
enum Step {
    /// It needs nothing written. What is decided holds only if everything before it in the group is.
    Answer(Result<Receipt, Refusal>),
    Write(Box<Prepared>),
    /// It must see what the group writes before it can be decided.
    Later,
    /// Another writer was faster than the model.
    Overtaken,
}

/// What is to be written, sealed.
struct Prepared {
    draft: Draft,
    parts: Vec<Part>,
}

/// What the group has decided so far, ahead of the store.
#[derive(Default)]
struct Ahead {
    revisions: HashMap<Stream, u64>,
    commands: HashSet<CommandId>,
    /// The past reads differently after this group: nothing more is decided in it.
    is_last: bool,
}

impl Desk {
    /// A desk that goes on where a replay of the store has arrived.
    pub fn new(store: Arc<dyn Store>, keyring: Arc<Keyring>, clock: Clock, replayed: Replay) -> (Self, Warm) {
        let Replay { model, warm, slots, sieve, taken_back, position, recorded } = replayed;
        let news = News::Records(Vec::new());
        let is_tainted = false;
        (Self { store, keyring, clock, model, slots, sieve, taken_back, position, recorded, is_tainted, news }, warm)
    }

    /// What is true now, as far as decisions need it.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Serves a group: when it returns, every receipt is durable.
    pub fn serve(&mut self, orders: &[Order]) -> Served {
        let mut answers: Vec<Option<Result<Receipt, Refusal>>> = vec![None; orders.len()];
        let mut attempts = vec![0; orders.len()];
        loop {
            let waiting: Vec<usize> =
                (0..).zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(at, _)| at).collect();
            if let Err(error) = self.catch_up() {
                let why = format!("the log cannot be read: {error}");
                tracing::error!(%error, "orders are refused");
                answers.iter_mut().for_each(|answer| {
                    answer.get_or_insert_with(|| Err(Refusal::Unavailable(why.clone())));
                });
            }
            if answers.iter().all(Option::is_some) {
                break;
            }
            self.round(orders, &waiting, &mut answers, &mut attempts);
        }
        let news = std::mem::replace(&mut self.news, News::Records(Vec::new()));
        Served { answers: answers.into_iter().flatten().collect(), news }
    }

    /// Takes in what other writers have committed. Nothing here assumes that this desk's own commit was the last.
    fn catch_up(&mut self) -> Result<(), ReplayError> {
        if self.is_tainted {
            return self.start_again();
        }
        while self.store.head() > self.position {
            let records = crate::office::replay::page(&*self.store, &self.keyring, self.position)?;
            if records.is_empty() {
                break;
            }
            for (record, key) in records {
                self.slots.note(record.stream(), key);
                if let Some(import) = Sieve::taken_back_by(&record.event) {
                    self.taken_back.insert(import, record.position);
                    return self.start_again();
                }
                if self.sieve.keeps(&record) {
                    self.model.evolve(&record.event, &record.context());
                }
                self.tell(record);
            }
        }
        Ok(())
    }

    /// Reads everything again, the imports that were taken back left out.
    fn start_again(&mut self) -> Result<(), ReplayError> {
        self.is_tainted = true;
        let replayed = replay_without(self.taken_back.clone(), &self.store, &self.keyring, &mut to_the_end)?;
        let Replay { model, warm, slots, sieve, taken_back, position, recorded } = replayed;
        (self.model, self.slots, self.sieve, self.position) = (model, slots, sieve, position);
        self.taken_back = taken_back;
        self.recorded = self.recorded.max(recorded);
        self.news = News::Afresh(Box::new(warm));
        self.is_tainted = false;
        Ok(())
    }

    fn tell(&mut self, record: Record) {
        self.position = record.position;
        self.recorded = self.recorded.max(record.recorded);
        match &mut self.news {
            News::Records(records) => records.push(record),
            News::Afresh(warm) => warm.fold(&record),
        }
    }

    /// Decides as many of the waiting orders as can be decided together, at least one, and appends them.
    fn round(
        &mut self,
        orders: &[Order],
        waiting: &[usize],
        answers: &mut [Option<Result<Receipt, Refusal>>],
        attempts: &mut [u32],
    ) {
        let mut ahead = Ahead::default();
        let mut spoken = Vec::new();
        let mut prepared = Vec::new();
        for &at in waiting {
            let Some(order) = orders.get(at) else { continue };
            match self.prepare(order, &mut ahead) {
                Step::Answer(answer) => spoken.push((at, answer)),
                Step::Write(one) => prepared.push((at, *one)),
                Step::Later => break,
                Step::Overtaken => {
                    if let (Some(answer), Some(attempt)) = (answers.get_mut(at), attempts.get_mut(at)) {
                        overtaken(answer, attempt);
                    }
                    break;
                }
            }
        }
        let first_failure = if prepared.is_empty() { None } else { self.append(prepared, answers, attempts) };
        for (at, answer) in spoken {
            // It was decided on what came before it in the group; if that did not happen, it is decided again.
            if first_failure.is_some_and(|failed| failed < at) {
                continue;
            }
            let answer = answer.map(|receipt| if receipt.events.is_empty() { self.at_head(receipt) } else { receipt });
            if let Some(slot) = answers.get_mut(at) {
                *slot = Some(answer);
            }
        }
    }

    fn at_head(&self, receipt: Receipt) -> Receipt {
        Receipt { position: self.position, ..receipt }
    }

    fn prepare(&mut self, order: &Order, ahead: &mut Ahead) -> Step {
        let request = &order.request;
        if ahead.is_last || ahead.commands.contains(&request.id) {
            return Step::Later;
        }
        match known(&*self.store, request.id) {
            Ok(None) => {}
            Ok(Some(receipt)) => return Step::Answer(Ok(receipt)),
            Err(error) => return Step::Answer(Err(Refusal::Unavailable(error.to_string()))),
        }
        if let Some(why) = closed(&self.store.state()) {
            return Step::Answer(Err(Refusal::Closed(why)));
        }
        // Half of what is asked for would be taken, and /readyz says that nothing is.
        if self.keyring.has_failed() {
            return Step::Answer(Err(Refusal::Closed(NO_KEYS.to_owned())));
        }
        // Before anything is read for them: who may not is told so, and stalls nobody.
        if let Err(denied) = policy::may(order.by, &request.command, &self.model) {
            return Step::Answer(Err(Refusal::Rejected(Rejection::Denied(denied))));
        }
        match self.freshness(request, ahead) {
            Ok(Freshness::Fresh) => {}
            Ok(Freshness::Stale(changed)) => return Step::Answer(Err(Refusal::Conflict { changed })),
            Ok(Freshness::MovedInThisGroup) => return Step::Later,
            Err(error) => return Step::Answer(Err(Refusal::Unavailable(error.to_string()))),
        }
        if let Some(cause) = request.cause {
            match self.revision(cause.stream, ahead) {
                Ok(revision) if (1..=revision).contains(&cause.revision) => {}
                Ok(_) => return Step::Answer(Err(Refusal::Rejected(Rejection::NoSuchCause))),
                Err(error) => return Step::Answer(Err(Refusal::Unavailable(error.to_string()))),
            }
        }
        let recorded = storable((self.clock)()).max(self.recorded);
        let said = request.occurred.map(storable_occurred);
        let occurred = domain::occurred(&request.command, said, recorded, &self.model);
        let context = Context { by: order.by, occurred, now: recorded, batch: order.batch };
        let events = match domain::decide(&request.command, &context, &self.model) {
            Ok(events) => events,
            Err(rejection) => return Step::Answer(Err(Refusal::Rejected(rejection))),
        };
        if events.is_empty() {
            let receipt =
                Receipt { command: request.id, position: self.position, events: Vec::new(), duplicate: false };
            return Step::Answer(Ok(receipt));
        }
        let (draft, conditions) = match self.draft(order, context, recorded, events, ahead) {
            Ok(drafted) => drafted,
            Err(refusal) => return Step::Answer(Err(refusal)),
        };
        if draft.weight() > MAX_COMMIT {
            return Step::Answer(Err(Refusal::TooLarge(format!(
                "what this asks for takes {} bytes, and one commit holds {MAX_COMMIT}: ask in several commands",
                draft.weight()
            ))));
        }
        // The decision is the model's, and what it expects was read from the store: both must be of the same moment.
        if self.store.head() != self.position {
            return Step::Overtaken;
        }
        // Before anything is taken for granted: where there are no keys to be had, nothing has to be read again.
        match self.sealed(&draft, conditions) {
            Ok(parts) => {
                self.take_for_granted(&draft, ahead);
                Step::Write(Box::new(Prepared { draft, parts }))
            }
            Err(error) => {
                tracing::error!(%error, command = %draft.command, "an order cannot be sealed");
                Step::Answer(Err(Refusal::Closed(UNSEALED.to_owned())))
            }
        }
    }

    fn draft(
        &self,
        order: &Order,
        context: Context,
        recorded: Timestamp,
        events: Vec<Event>,
        ahead: &Ahead,
    ) -> Result<(Draft, Vec<Part>), Refusal> {
        let unread = |error: ReadError| Refusal::Unavailable(error.to_string());
        let request = &order.request;
        // Everything that the decision was taken by and that has a stream: if one moves, it is taken again.
        let mut read: Vec<Stream> = vec![request.command.stream(), order.by.into()];
        read.extend(domain::decided_by(&request.command, &self.model));
        read.extend(order.batch.map(Stream::from));
        read.extend(request.expects.iter().map(|seen| seen.stream));
        let mut written: HashMap<Stream, u64> = HashMap::new();
        let mut facts = Vec::with_capacity(events.len());
        for event in events {
            let stream = event.stream();
            read.extend(event.mentions());
            let at = match written.get(&stream) {
                Some(at) => *at,
                None => self.revision(stream, ahead).map_err(unread)?,
            };
            written.insert(stream, at + 1);
            facts.push(Fact::new(stream, at + 1, event).map_err(|error| {
                tracing::error!(%error, "an event has no stored form");
                Refusal::TooLarge(error.to_string())
            })?);
        }
        let mut conditions = Vec::new();
        let mut seen: HashSet<Stream> = written.into_keys().collect();
        for stream in read {
            if seen.insert(stream) {
                let expect = expectation(self.revision(stream, ahead).map_err(unread)?);
                conditions.push(Part { stream: stream_id(stream), expect, events: Vec::new() });
            }
        }
        Ok((Draft { command: request.id, recorded, context, cause: request.cause, facts }, conditions))
    }

    /// What is to be written as the store takes it, with what must hold besides. New keys are durable when this returns.
    fn sealed(&mut self, draft: &Draft, conditions: Vec<Part>) -> Result<Vec<Part>, SealError> {
        let mut without = BTreeSet::new();
        for fact in draft.facts.iter().filter(|fact| fact.is_personal()) {
            if self.slots.of(fact.stream, &self.keyring)?.is_none() {
                without.insert(fact.stream);
            }
        }
        for (stream, key) in without.iter().zip(self.keyring.create(without.len())?) {
            self.slots.note(*stream, Some(key));
        }
        let mut parts = conditions;
        for (stream, events) in draft.seal(&self.keyring, &self.slots)? {
            let first = draft.facts.iter().find(|fact| fact.stream == stream).map_or(1, |fact| fact.revision);
            parts.push(Part { stream: stream_id(stream), expect: expectation(first - 1), events });
        }
        Ok(parts)
    }

    /// From here on the group counts on it. Should it fail, the model is read again.
    fn take_for_granted(&mut self, draft: &Draft, ahead: &mut Ahead) {
        ahead.commands.insert(draft.command);
        self.recorded = draft.recorded;
        self.is_tainted = true;
        for fact in &draft.facts {
            ahead.revisions.insert(fact.stream, fact.revision);
            ahead.is_last |= Sieve::taken_back_by(&fact.event).is_some();
            self.model.evolve(&fact.event, &draft.context);
        }
    }

    /// Appends what was prepared, answers what is settled, and says which order was the first to fail.
    fn append(
        &mut self,
        prepared: Vec<(usize, Prepared)>,
        answers: &mut [Option<Result<Receipt, Refusal>>],
        attempts: &mut [u32],
    ) -> Option<usize> {
        let mut group = Vec::with_capacity(prepared.len());
        let mut drafts = Vec::with_capacity(prepared.len());
        for (at, Prepared { draft, parts }) in prepared {
            group.push(Append { command: draft.command.uuid(), parts });
            drafts.push((at, draft));
        }
        let mut first_failure = None;
        let mut committed = Vec::with_capacity(drafts.len());
        for ((at, draft), outcome) in drafts.into_iter().zip(self.store.append(group)) {
            let (answer, attempt) = (answers.get_mut(at), attempts.get_mut(at));
            let (Some(answer), Some(attempt)) = (answer, attempt) else { continue };
            match outcome {
                Ok(appended) => {
                    *answer = Some(self.receipt(&draft, &appended));
                    committed.push((draft, appended));
                    continue;
                }
                Err(AppendError::Conflict { stream, .. }) => {
                    tracing::info!(command = %draft.command, %stream, "another writer was faster; deciding again");
                    overtaken(answer, attempt);
                }
                Err(AppendError::TooLarge { .. }) => {
                    *answer = Some(Err(Refusal::TooLarge(
                        "this does not fit into one commit: ask in several commands".into(),
                    )));
                }
                Err(error @ (AppendError::Closed { .. } | AppendError::Malformed { .. })) => {
                    tracing::error!(%error, command = %draft.command, "an order was not written");
                    *answer = Some(Err(Refusal::Closed(error.to_string())));
                }
                Err(error @ AppendError::Indeterminate { .. }) => {
                    tracing::error!(%error, command = %draft.command, "an order may have been written");
                    *answer = Some(Err(Refusal::Unavailable(error.to_string())));
                }
            }
            first_failure = first_failure.or(Some(at));
        }
        if first_failure.is_none() {
            self.settle(committed);
        }
        first_failure
    }

    /// What a committed order is answered. Where another desk had committed the same command, that is the first
    /// answer, whatever was decided here.
    fn receipt(&self, draft: &Draft, appended: &Appended) -> Result<Receipt, Refusal> {
        if appended.duplicate {
            let first = known(&*self.store, draft.command).map_err(|error| Refusal::Unavailable(error.to_string()))?;
            return first.ok_or_else(|| Refusal::Unavailable("the first answer to this cannot be read".into()));
        }
        let events = draft.facts.iter().map(|fact| EventRef { stream: fact.stream, revision: fact.revision });
        Ok(Receipt { command: draft.command, position: appended.last, events: events.collect(), duplicate: false })
    }

    /// The whole group is durable: what was taken for granted is true, if nobody else wrote in between.
    fn settle(&mut self, committed: Vec<(Draft, Appended)>) {
        let mut next = self.position + 1;
        for (_, appended) in &committed {
            if appended.duplicate || appended.first != next {
                // Left tainted: the next catch-up reads the log in its own order.
                return;
            }
            next = appended.last + 1;
        }
        self.is_tainted = false;
        let mut past_changed = false;
        for (draft, appended) in committed {
            for record in draft.into_records(appended.first) {
                if let Some(import) = Sieve::taken_back_by(&record.event) {
                    self.taken_back.insert(import, record.position);
                    past_changed = true;
                }
                // Never refused here, since whatever is decided is decided without what was taken back; but the
                // sieve of the views sees every record, and this one must not fall behind it.
                self.sieve.keeps(&record);
                self.tell(record);
            }
        }
        self.is_tainted = past_changed;
    }

    /// How many events a stream has, those of this group included.
    fn revision(&self, stream: Stream, ahead: &Ahead) -> Result<u64, ReadError> {
        if let Some(revision) = ahead.revisions.get(&stream) {
            return Ok(*revision);
        }
        Ok(self.store.version(stream_id(stream))?.map_or(0, |version| version.revision))
    }

    fn freshness(&self, request: &Request, ahead: &Ahead) -> Result<Freshness, ReplayError> {
        let mut changed = Vec::new();
        let mut is_stale = false;
        let mut asked = HashSet::new();
        for seen in &request.expects {
            if !asked.insert(*seen) {
                continue;
            }
            if self.revision(seen.stream, ahead)? == seen.revision {
                continue;
            }
            if ahead.revisions.contains_key(&seen.stream) {
                return Ok(Freshness::MovedInThisGroup);
            }
            is_stale = true;
            let since =
                self.store.read_stream(stream_id(seen.stream), seen.revision.saturating_add(1), MOST_CHANGED)?;
            for event in &since {
                changed.push(crate::seal::read(event, &self.keyring)?.0);
            }
        }
        changed.sort_by_key(|record| record.position);
        changed.dedup_by_key(|record| record.position);
        Ok(if is_stale { Freshness::Stale(changed) } else { Freshness::Fresh })
    }
}

const UNSEALED: &str =
    "what you wrote cannot be sealed, so it was not written; whoever runs the server finds the reason in its log";

/// Another writer was faster: decided again, but not for ever.
fn overtaken(answer: &mut Option<Result<Receipt, Refusal>>, attempts: &mut u32) {
    *attempts += 1;
    if *attempts >= MOST_ATTEMPTS {
        let why = "others keep changing what this is about; send it again with the same id";
        *answer = Some(Err(Refusal::Unavailable(why.into())));
    }
}

/// How much of what changed a conflict shows: whoever is further behind loads the page anew.
const MOST_CHANGED: usize = 100;

enum Freshness {
    Fresh,
    Stale(Vec<Record>),
    MovedInThisGroup,
}

/// The first answer to a command that was committed before.
///
/// # Errors
/// When the store cannot be read.
pub fn known(store: &dyn Store, command: CommandId) -> Result<Option<Receipt>, ReadError> {
    let Some(appended) = store.receipt(command.uuid())? else { return Ok(None) };
    let positions: Vec<u64> = (appended.first..=appended.last).collect();
    let events = store.read_at(&positions)?;
    let references = events
        .iter()
        .filter_map(|event| Some(EventRef { stream: Stream::from_bytes(event.stream.0)?, revision: event.revision }));
    Ok(Some(Receipt { command, position: appended.last, events: references.collect(), duplicate: true }))
}

/// Why a store takes no orders, if it takes none.
pub fn closed(state: &State) -> Option<String> {
    match state {
        State::Open => None,
        State::ReadOnly { why, position } => {
            Some(format!("the store is read-only, because it is {}", damaged(*position, why)))
        }
        State::Closed { why } => Some(format!("the store is closed: {why}")),
    }
}

const fn expectation(revision: u64) -> Expect {
    if revision == 0 { Expect::None } else { Expect::At(revision) }
}
