//! What a record of another system is called here. The same record gets the same identity in every
//! import, unless the import that brought it was taken back: what was taken back keeps its identity
//! for ever, and what comes again is something new.
//!
//! The id of a command also says which state of which record it came from. So the log itself tells
//! how new the state is that it knows, and an older export does not overwrite a newer one.

use jiff::Timestamp;
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

/// One state of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// When the record came into this state, where the row says it.
    pub since: Option<Timestamp>,
    /// Another text for each state.
    pub text: String,
}

/// The commands by which one state of a thing comes in as a change.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    thing: Thing,
    version: Version,
    generation: u32,
}

impl<'a> Identities<'a> {
    pub const fn new(system: &'a System, options: &'a Options<'a>) -> Self {
        Self { system, options }
    }

    /// The thing that a record is: the one that is there, or a new one.
    pub fn thing(&self, slice: Slice, kind: &str, key: &str) -> Thing {
        let newest = self.options.generation;
        let in_generation = |generation| self.in_generation(kind, key, generation);
        let is_there = |thing: &Thing| (self.options.exists)(Stream::new(slice, thing.id));
        (0..newest).map(in_generation).find(is_there).unwrap_or_else(|| in_generation(newest))
    }

    /// A record that is no thing here, but says something about one.
    pub fn remark(&self, kind: &str, key: &str) -> Thing {
        self.in_generation(kind, key, self.options.generation)
    }

    fn in_generation(&self, kind: &str, key: &str, generation: u32) -> Thing {
        let name = format!("{}/{kind}/{key}{}", self.system, Generation(generation));
        Thing { id: Uuid::new_v5(&NAMESPACE, name.as_bytes()), generation }
    }

    /// A command by which a record comes in for the first time.
    pub fn first(&self, thing: Thing, version: &Version, step: &str) -> CommandId {
        command(thing, version, step, thing.generation)
    }

    /// A command by which a change of a record comes in. What a taken-back import changed can be changed again.
    pub fn change(&self, thing: Thing, version: &Version, step: &str) -> CommandId {
        command(thing, version, step, self.options.generation)
    }

    /// The same, for who asks later.
    pub fn changes(&self, thing: Thing, version: Version) -> Changes {
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

impl Version {
    /// Whether this is an earlier state of the record than the one that a command came from.
    pub fn is_before(&self, command: CommandId, thing: Thing) -> bool {
        let here = self.since.and_then(milliseconds);
        here.zip(read_stamp(command, thing)).is_some_and(|(here, there)| here < there)
    }
}

fn command(thing: Thing, version: &Version, step: &str, generation: u32) -> CommandId {
    let name = format!("{}/{step}{}", version.text, Generation(generation));
    let id = Uuid::new_v5(&thing.id, name.as_bytes());
    let since = version.since.and_then(milliseconds);
    CommandId::from_uuid(since.map_or(id, |since| stamped(since, thing, id)))
}

/// An id that begins with a moment in milliseconds and a mark of the thing (version 8: a layout of one's own).
fn stamped(since: u64, thing: Thing, id: Uuid) -> Uuid {
    const MOMENT: u128 = 0xffff_ffff_ffff << 80;
    const MARK: u128 = 0xffff_ffff << 48;
    let moment = u128::from(since) << 80;
    let mark = thing.id.as_u128() << 48 & MARK;
    let rest = id.as_u128() & !MOMENT & !MARK;
    uuid::Builder::from_custom_bytes((moment | mark | rest).to_be_bytes()).into_uuid()
}

/// The moment in an id that was made for this thing.
fn read_stamp(command: CommandId, thing: Thing) -> Option<u64> {
    let id = command.uuid();
    let since = u64::try_from(id.as_u128() >> 80).ok()?;
    (stamped(since, thing, id) == id).then_some(since)
}

/// As far as six bytes reach: no CRM is older than 1970 or will be read after the year 10000.
fn milliseconds(moment: Timestamp) -> Option<u64> {
    u64::try_from(moment.as_millisecond()).ok().filter(|since| *since < 1 << 48)
}

struct Generation(u32);

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 > 0 { write!(f, "#{}", self.0) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_tells_which_state_of_which_record_it_came_from() {
        let thing = |number| Thing { id: Uuid::new_v5(&NAMESPACE, &[number]), generation: 0 };
        let version = |since: Option<&str>| Version {
            since: since.map(|text| text.parse().unwrap()),
            text: since.unwrap_or("digest").into(),
        };
        let new = version(Some("2024-02-01T00:00:00.001Z"));
        let old = version(Some("2024-02-01T00:00:00Z"));
        let of_new = command(thing(1), &new, "rename", 0);
        assert!(old.is_before(of_new, thing(1)));
        assert!(!new.is_before(of_new, thing(1)));
        assert!(!old.is_before(of_new, thing(2)), "said by another record");
        assert!(!version(None).is_before(of_new, thing(1)), "nobody knows when");
        assert!(!old.is_before(command(thing(1), &version(None), "rename", 0), thing(1)));
        assert_ne!(of_new, command(thing(1), &new, "describe", 0));
        assert_ne!(of_new, command(thing(1), &new, "rename", 1));
    }
}
