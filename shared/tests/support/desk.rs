//! A desk in memory: it decides, writes down and folds, as the server's does, without a store.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::domain::{self, Command, Context, Event, Model, Rejection};
use shared::ids::{ColleagueId, EventRef, ImportId, Stream};
use shared::record::Record;
use shared::sieve::Sieve;
use shared::testkit;
use shared::words::Occurred;

/// What somebody asks for, and how it comes.
#[derive(Clone, Debug)]
pub struct Ask {
    pub by: ColleagueId,
    pub occurred: Occurred,
    pub batch: Option<ImportId>,
    pub cause: Option<EventRef>,
    pub command: Command,
}

impl Ask {
    /// As it stands at noon.
    pub fn context(&self) -> Context {
        Context { by: self.by, occurred: self.occurred, now: testkit::NOON, batch: self.batch }
    }
}

pub struct Desk {
    /// When it writes down what it decides.
    pub now: Timestamp,
    /// Everything that was ever recorded.
    pub log: Vec<Record>,
    /// What is true now.
    pub model: Model,
    sieve: Sieve,
    revisions: HashMap<Stream, u64>,
}

impl Desk {
    pub fn new(now: Timestamp) -> Self {
        let (log, revisions) = (vec![], HashMap::new());
        Self { now, log, model: Model::default(), sieve: Sieve::default(), revisions }
    }

    pub fn decide(&self, ask: &Ask) -> Result<Vec<Event>, Rejection> {
        domain::decide(&ask.command, &Context { now: self.now, ..ask.context() }, &self.model)
    }

    /// Decides, and takes down what follows.
    pub fn ask(&mut self, ask: &Ask) -> Result<Vec<Event>, Rejection> {
        let events = self.decide(ask)?;
        for event in &events {
            self.take_down(ask, event.clone());
        }
        Ok(events)
    }

    /// Takes down a fact that nobody decides: what was so when the story begins.
    pub fn take_down(&mut self, ask: &Ask, event: Event) {
        let position = self.log.len() as u64 + 1;
        let revision = self.revisions.entry(event.stream()).or_default();
        *revision += 1;
        let record = Record {
            revision: *revision,
            recorded: self.now,
            occurred: ask.occurred,
            batch: ask.batch,
            cause: ask.cause,
            ..testkit::record(position, ask.by, event)
        };
        let again = Sieve::taken_back_by(&record.event).is_some();
        if !again && self.sieve.keeps(&record) {
            self.model.evolve(&record.event, &record.context());
        }
        self.log.push(record);
        if again {
            self.sieve = sieve(&self.log);
            self.model = fold(self.log.iter().filter(|record| self.sieve.keeps(record)));
        }
    }

    /// The records that a fold over the whole log takes.
    pub fn standing(&self) -> Vec<&Record> {
        let mut sieve = sieve(&self.log);
        self.log.iter().filter(|record| sieve.keeps(record)).collect()
    }
}

/// The sieve for a fold over this whole log.
pub fn sieve(log: &[Record]) -> Sieve {
    Sieve::new(log.iter().filter_map(|record| Some((Sieve::taken_back_by(&record.event)?, record.position))))
}

/// What is true after these records.
pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Model {
    let mut model = Model::default();
    for record in records {
        model.evolve(&record.event, &record.context());
    }
    model
}
