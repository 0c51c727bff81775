//! The plan: which of a group's appends hold, and the records they become. Pure; shared by all implementations.

use std::collections::HashSet;

use hashbrown::HashTable;
use shared::proof::Hash;
use uuid::Uuid;

use super::index::{Index, Key};
use super::record::{self, FIXED, PER_EVENT};
use super::{Append, AppendError, Appended, Expect, MAX_COMMIT, StreamId, Version};

/// What a group comes to.
#[derive(Debug)]
pub(super) struct Plan {
    /// One for each append, in order.
    pub(super) outcomes: Vec<Outcome>,
    /// What was there before, and then the records to be written, one after another.
    pub(super) bytes: Vec<u8>,
    /// The hash of each record.
    pub(super) hashes: Vec<Hash>,
    /// Position of the last event, once they are written.
    pub(super) head: u64,
}

/// What becomes of one append.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is in [`Plan::bytes`].
    Write(Appended),
    /// It was committed before; the commit begins at this position.
    Known(u64),
    /// It is the same command as an earlier one of this group.
    Twin(Appended),
    /// It does not hold. `rests` says that this follows from something not yet written.
    Refuse { error: AppendError, rests: bool },
}

/// Decides a group against the index; each append sees those before it. The records are added to `bytes`.
pub(super) fn plan(group: &[Append], index: &Index, bytes: Vec<u8>) -> Plan {
    let many = group.len();
    let mut ahead = Ahead {
        index,
        group,
        streams: HashTable::with_capacity(many),
        commands: HashTable::with_capacity(many),
        last_hash: index.last_hash(),
        stands: Vec::new(),
        plan: Plan { outcomes: Vec::with_capacity(many), bytes, hashes: Vec::with_capacity(many), head: index.head() },
    };
    for append in group {
        let outcome = ahead.one(append);
        ahead.plan.outcomes.push(outcome);
    }
    ahead.plan
}

/// The index, and what this group has added to it so far.
struct Ahead<'a> {
    index: &'a Index,
    group: &'a [Append],
    streams: HashTable<(StreamId, Version)>,
    /// Which of the group are written, by their command.
    commands: HashTable<usize>,
    last_hash: Hash,
    /// Where the streams of the append in hand stand, part by part; kept for its room.
    stands: Vec<(Key, Option<Version>)>,
    plan: Plan,
}

impl Ahead<'_> {
    fn one(&mut self, append: &Append) -> Outcome {
        let key = self.index.command_key(append.command);
        if let Some(first) = self.index.committed_as(key, append.command) {
            return Outcome::Known(first);
        }
        if let Some(twin) = self.twin(key, append.command) {
            return Outcome::Twin(Appended { duplicate: true, ..twin.clone() });
        }
        if let Err(error) = well_formed(append) {
            return Outcome::Refuse { error, rests: false };
        }
        self.stands.clear();
        for part in &append.parts {
            let key = self.index.stream_key(part.stream);
            let pending = self.streams.find(key.hash(), |(stream, _)| *stream == part.stream).map(|(_, at)| *at);
            let at = pending.or_else(|| self.index.version_as(key, part.stream));
            let holds = match part.expect {
                Expect::Any => true,
                Expect::None => at.is_none(),
                Expect::At(revision) => at.map(|version| version.revision) == Some(revision),
            };
            if !holds {
                let error = AppendError::Conflict { stream: part.stream, at };
                return Outcome::Refuse { error, rests: pending.is_some() };
            }
            self.stands.push((key, at));
        }
        Outcome::Write(self.write(append, key))
    }

    fn twin(&self, key: Key, command: Uuid) -> Option<&Appended> {
        let is_it = |nth: &usize| self.group.get(*nth).is_some_and(|append| append.command == command);
        match self.plan.outcomes.get(*self.commands.find(key.hash(), is_it)?) {
            Some(Outcome::Write(appended)) => Some(appended),
            Some(Outcome::Known(_) | Outcome::Twin(_) | Outcome::Refuse { .. }) | None => None,
        }
    }

    fn write(&mut self, append: &Append, key: Key) -> Appended {
        let Self { index, group, streams, commands, last_hash, stands, plan } = self;
        let first = plan.head + 1;
        let parts = || append.parts.iter().zip(stands.iter()).filter(|(part, _)| !part.events.is_empty());
        let events = parts().flat_map(|(part, (_, at))| {
            let before = at.map_or(0, |at| at.revision);
            (1..).zip(&part.events).map(move |(nth, payload)| (part.stream, before + nth, payload.as_slice()))
        });
        let commit = index.commits() + plan.hashes.len() as u64;
        *last_hash = record::encode(&mut plan.bytes, *last_hash, commit, first, append.command, events);
        plan.hashes.push(*last_hash);
        let mut versions = Vec::with_capacity(append.parts.len());
        for (part, (key, at)) in parts() {
            plan.head += part.events.len() as u64;
            let revision = at.map_or(0, |at| at.revision) + part.events.len() as u64;
            let version = Version { revision, position: plan.head };
            let pending = streams.find_mut(key.hash(), |(stream, _)| *stream == part.stream);
            match pending {
                Some((_, at)) => *at = version,
                None => {
                    let hash = |(stream, _): &(StreamId, Version)| index.stream_key(*stream).hash();
                    streams.insert_unique(key.hash(), (part.stream, version), hash);
                }
            }
            versions.push((part.stream, version));
        }
        // Its outcome is the next one.
        commands.insert_unique(key.hash(), plan.outcomes.len(), |nth| {
            group.get(*nth).map_or(0, |append| index.command_key(append.command).hash())
        });
        Appended { command: append.command, first, last: plan.head, versions, duplicate: false }
    }
}

fn well_formed(append: &Append) -> Result<(), AppendError> {
    let mut bytes = FIXED;
    let mut seen = HashSet::with_capacity(append.parts.len());
    for part in &append.parts {
        if !seen.insert(part.stream) {
            return Err(AppendError::Malformed { why: "a stream has two parts; put all of its events in one" });
        }
        bytes += part.events.iter().map(|payload| PER_EVENT + payload.len()).sum::<usize>();
    }
    if bytes == FIXED {
        return Err(AppendError::Malformed { why: "there is no event in it" });
    }
    if bytes > MAX_COMMIT {
        return Err(AppendError::TooLarge { bytes, limit: MAX_COMMIT });
    }
    Ok(())
}
