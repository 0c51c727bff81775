//! A desk that records nothing: what a trial run asks, so that it decides exactly as the real one would.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::domain::{self, Context, Model};
use shared::ids::{CommandId, EventRef, Stream};
use shared::request::Receipt;

use crate::desk::{Order, Refusal, Sink};
use crate::seal::{Draft, Fact};
use crate::store::MAX_COMMIT;

/// A model of its own, and the commands that it has seen.
pub struct Scratch<'a> {
    model: Model,
    revisions: HashMap<Stream, u64>,
    seen: HashMap<CommandId, Receipt>,
    known: Box<dyn Fn(CommandId) -> Option<Receipt> + 'a>,
    position: u64,
    now: Timestamp,
}

impl<'a> Scratch<'a> {
    /// Goes on from a model; `known` answers for the commands that were recorded before.
    pub fn new(model: Model, now: Timestamp, known: impl Fn(CommandId) -> Option<Receipt> + 'a) -> Self {
        Self { model, revisions: HashMap::new(), seen: HashMap::new(), known: Box::new(known), position: 0, now }
    }

    /// What would be true now.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    fn decide(&mut self, order: &Order) -> Result<Receipt, Refusal> {
        let id = order.request.id;
        if let Some(first) = self.seen.get(&id).cloned().or_else(|| (self.known)(id)) {
            return Ok(Receipt { duplicate: true, ..first });
        }
        let request = &order.request;
        let occurred = domain::occurred(&request.command, request.occurred, self.now, &self.model);
        let context = Context { by: order.by, occurred, now: self.now, batch: order.batch };
        let decided = domain::decide(&order.request.command, &context, &self.model).map_err(Refusal::Rejected)?;
        let mut events = Vec::with_capacity(decided.len());
        let mut facts = Vec::with_capacity(decided.len());
        for event in &decided {
            let stream = event.stream();
            let revision = self.revisions.entry(stream).or_default();
            *revision += 1;
            events.push(EventRef { stream, revision: *revision });
            let fact = Fact::new(stream, *revision, event.clone());
            facts.push(fact.map_err(|error| Refusal::TooLarge(error.to_string()))?);
        }
        let draft = Draft { command: id, recorded: self.now, context, cause: order.request.cause, facts };
        if draft.weight() > MAX_COMMIT {
            return Err(Refusal::TooLarge("this does not fit into one commit".into()));
        }
        decided.iter().for_each(|event| self.model.evolve(event, &draft.context));
        self.position += decided.len() as u64;
        let receipt = Receipt { command: id, position: self.position, events, duplicate: false };
        // As in the store: what led to nothing leaves nothing behind.
        if !receipt.events.is_empty() {
            self.seen.insert(id, receipt.clone());
        }
        Ok(receipt)
    }
}

impl Sink for Scratch<'_> {
    fn submit(&mut self, orders: Vec<Order>) -> Vec<Result<Receipt, Refusal>> {
        orders.iter().map(|order| self.decide(order)).collect()
    }
}
