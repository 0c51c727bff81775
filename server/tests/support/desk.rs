//! A desk in memory for tests: it decides as the real one does, and keeps every record.
#![allow(dead_code, reason = "each test crate uses another part")]
#![allow(clippy::allow_attributes, reason = "an expectation would fail in the crate that uses all of it")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;

use server::desk::{Order, Refusal, Sink};
use shared::domain::{self, Context, Event, Model};
use shared::ids::{ColleagueId, CommandId, ImportId, Slice, Stream};
use shared::record::Record;
use shared::request::Receipt;
use shared::sieve::Sieve;
use shared::testkit::NOON;
use shared::words::Occurred;
use uuid::Uuid;

#[derive(Clone, Default)]
pub struct House {
    pub model: Model,
    pub records: Vec<Record>,
    /// How many imports were taken back.
    pub taken_back: u32,
    /// After so many orders it is closed.
    pub closes_after: Option<usize>,
    gone: Vec<(ImportId, u64)>,
    revisions: HashMap<Stream, u64>,
    seen: HashMap<CommandId, Receipt>,
    answered: usize,
}

impl House {
    pub fn new(facts: impl IntoIterator<Item = (ColleagueId, Event)>) -> Self {
        let mut house = Self::default();
        for (by, event) in facts {
            house.take(by, event);
        }
        house
    }

    /// One more fact that somebody stated.
    pub fn take(&mut self, by: ColleagueId, event: Event) {
        let context = Context { by, occurred: Occurred::At(NOON), now: NOON, batch: None };
        let command = CommandId::from_uuid(Uuid::from_u128(self.records.len() as u128));
        self.record(command, None, &context, event);
    }

    /// From here on nothing of this import is true.
    pub fn take_back(&mut self, import: ImportId) {
        self.gone.push((import, self.records.len() as u64 + 1));
        self.taken_back += 1;
        self.model = Model::default();
        let mut sieve = Sieve::new(self.gone.iter().copied());
        for record in &self.records {
            if sieve.keeps(record) {
                self.model.evolve(&record.event, &record.context());
            }
        }
    }

    /// What is recorded of a thing, without the imports that were taken back.
    pub fn history(&self, stream: Stream) -> Vec<Record> {
        let is_gone = |record: &&Record| self.gone.iter().any(|(import, _)| Some(*import) == record.batch);
        self.records.iter().filter(|record| record.event.stream() == stream && !is_gone(record)).cloned().collect()
    }

    /// `slice type` of every record.
    pub fn types(&self) -> Vec<String> {
        let kind = |record: &Record| {
            let wire = serde_json::to_value(record).unwrap();
            format!("{} {}", wire["slice"].as_str().unwrap(), wire["type"].as_str().unwrap())
        };
        self.records.iter().map(kind).collect()
    }

    pub fn exists(model: &Model, stream: Stream) -> bool {
        match stream.slice {
            Slice::Account => model.accounts().exists(shared::ids::AccountId::from_uuid(stream.id)),
            Slice::Contact => model.contacts().exists(shared::ids::ContactId::from_uuid(stream.id)),
            Slice::Interaction => model.interactions().exists(shared::ids::InteractionId::from_uuid(stream.id)),
            Slice::Unit | Slice::Colleague | Slice::Handoff | Slice::Import => false,
        }
    }

    fn record(
        &mut self,
        command: CommandId,
        cause: Option<shared::ids::EventRef>,
        context: &Context,
        event: Event,
    ) -> shared::ids::EventRef {
        self.model.evolve(&event, context);
        let revision = self.revisions.entry(event.stream()).or_default();
        *revision += 1;
        let record = Record {
            position: self.records.len() as u64 + 1,
            revision: *revision,
            recorded: NOON,
            occurred: context.occurred,
            by: context.by,
            command,
            cause,
            batch: context.batch,
            event,
        };
        let reference = record.reference();
        self.records.push(record);
        reference
    }

    fn answer(&mut self, order: Order) -> Result<Receipt, Refusal> {
        self.answered += 1;
        if self.closes_after.is_some_and(|most| self.answered > most) {
            return Err(Refusal::Closed("The disk is full.".into()));
        }
        let request = order.request;
        if let Some(first) = self.seen.get(&request.id) {
            return Ok(Receipt { duplicate: true, ..first.clone() });
        }
        let occurred = domain::occurred(&request.command, request.occurred, NOON, &self.model);
        let context = Context { by: order.by, occurred, now: NOON, batch: order.batch };
        let events = domain::decide(&request.command, &context, &self.model).map_err(Refusal::Rejected)?;
        let events: Vec<_> =
            events.into_iter().map(|event| self.record(request.id, request.cause, &context, event)).collect();
        let receipt = Receipt { command: request.id, position: self.records.len() as u64, events, duplicate: false };
        if !receipt.events.is_empty() {
            self.seen.insert(request.id, receipt.clone());
        }
        Ok(receipt)
    }
}

impl Sink for House {
    fn submit(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        orders.into_iter().map(|order| self.answer(order)).collect()
    }
}
