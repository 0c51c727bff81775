//! What a record of another system is called here. The same record gets the same identity in every
//! import, unless the import that brought it was taken back: what was taken back keeps its identity
//! for ever, and what comes again is something new.

use shared::ids::{CommandId, ImportId, Slice, StepId, Stream};
use shared::words::System;
use uuid::Uuid;

use super::Options;

/// The space of names that all identities of imports are made in.
const NAMESPACE: Uuid = Uuid::from_u128(0x2fd1_6b1e_8f0a_5c53_9e0f_74c8_d0b3_a6e1);

/// Makes identities for one import.
#[derive(Clone, Copy)]
pub(super) struct Identities<'a> {
    system: &'a System,
    options: &'a Options<'a>,
}

/// Something that comes from a record of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub id: Uuid,
    /// How many imports had been taken back when it came.
    generation: u32,
}

/// The commands by which one state of a thing comes in as a change.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    thing: Thing,
    version: String,
    generation: u32,
}

impl<'a> Identities<'a> {
    pub const fn new(system: &'a System, options: &'a Options<'a>) -> Self {
        Self { system, options }
    }

    /// The thing that a record is: the one that is there, or a new one.
    pub fn thing(&self, slice: Slice, kind: &str, key: &str) -> Thing {
        let newest = self.options.generation;
        let in_generation = |generation| {
            let name = format!("{}/{kind}/{key}{}", self.system, Generation(generation));
            Thing { id: Uuid::new_v5(&NAMESPACE, name.as_bytes()), generation }
        };
        let is_there = |thing: &Thing| (self.options.exists)(Stream::new(slice, thing.id));
        (0..newest).map(in_generation).find(is_there).unwrap_or_else(|| in_generation(newest))
    }

    /// A command by which a record comes in for the first time.
    pub fn first(&self, thing: Thing, version: &str, step: &str) -> CommandId {
        command(thing, version, step, thing.generation)
    }

    /// A command by which a change of a record comes in. What a taken-back import changed can be changed again.
    pub fn change(&self, thing: Thing, version: &str, step: &str) -> CommandId {
        command(thing, version, step, self.options.generation)
    }

    /// The same, for who asks later.
    pub fn changes(&self, thing: Thing, version: String) -> Changes {
        Changes { thing, version, generation: self.options.generation }
    }

    /// The batch of these very files.
    pub fn batch(&self, digest: &[u8]) -> ImportId {
        let mut name = format!("{}/batch{}/", self.system, Generation(self.options.generation)).into_bytes();
        name.extend(digest);
        ImportId::from_uuid(Uuid::new_v5(&NAMESPACE, &name))
    }
}

impl Changes {
    pub fn command(&self, step: &str) -> CommandId {
        command(self.thing, &self.version, step, self.generation)
    }

    /// The thing's nth next step.
    pub fn step(&self, n: u32) -> StepId {
        StepId::from_uuid(Uuid::new_v5(&self.thing.id, format!("step {n}").as_bytes()))
    }
}

/// A command of the batch itself.
pub(super) fn of_batch(batch: ImportId, step: &str) -> CommandId {
    CommandId::from_uuid(Uuid::new_v5(&batch.uuid(), step.as_bytes()))
}

fn command(thing: Thing, version: &str, step: &str, generation: u32) -> CommandId {
    let name = format!("{version}/{step}{}", Generation(generation));
    CommandId::from_uuid(Uuid::new_v5(&thing.id, name.as_bytes()))
}

struct Generation(u32);

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 > 0 { write!(f, "#{}", self.0) } else { Ok(()) }
    }
}
