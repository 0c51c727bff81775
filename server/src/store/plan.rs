//! The plan: which of a group's appends hold, and the records they become. Pure; shared by all implementations.

use std::collections::HashMap;

use shared::proof::Hash;
use uuid::Uuid;

use super::index::Index;
use super::record::{self, FIXED, PER_EVENT};
use super::{Append, AppendError, Appended, Expect, MAX_COMMIT, StreamId, Version};

/// What a group comes to.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One for each append, in order.
    pub(super) outcomes: Vec<Outcome>,
    /// The records to be written, one after another.
    pub(super) bytes: Vec<u8>,
    /// The hash of each record.
    pub(super) hashes: Vec<Hash>,
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

/// Decides a group against the index; each append sees those before it.
pub(super) fn plan(group: &[Append], index: &Index) -> Plan {
    let mut plan = Plan::default();
    let mut ahead = Ahead {
        index,
        streams: HashMap::new(),
        commands: HashMap::new(),
        head: index.head(),
        last_hash: index.last_hash(),
    };
    for append in group {
        let outcome = ahead.one(append, &mut plan);
        plan.outcomes.push(outcome);
    }
    plan
}

/// The index, and what this group has added to it so far.
struct Ahead<'a> {
    index: &'a Index,
    streams: HashMap<StreamId, Version>,
    commands: HashMap<Uuid, Appended>,
    head: u64,
    last_hash: Hash,
}

impl Ahead<'_> {
    fn one(&mut self, append: &Append, plan: &mut Plan) -> Outcome {
        if let Some(first) = self.index.committed(append.command) {
            return Outcome::Known(first);
        }
        if let Some(appended) = self.commands.get(&append.command) {
            return Outcome::Twin(Appended { duplicate: true, ..appended.clone() });
        }
        if let Err(error) = well_formed(append) {
            return Outcome::Refuse { error, rests: false };
        }
        for part in &append.parts {
            let pending = self.streams.get(&part.stream).copied();
            let at = pending.or_else(|| self.index.version(part.stream));
            let holds = match part.expect {
                Expect::Any => true,
                Expect::None => at.is_none(),
                Expect::At(revision) => at.map(|version| version.revision) == Some(revision),
            };
            if !holds {
                let error = AppendError::Conflict { stream: part.stream, at };
                return Outcome::Refuse { error, rests: pending.is_some() };
            }
        }
        Outcome::Write(self.write(append, plan))
    }

    fn write(&mut self, append: &Append, plan: &mut Plan) -> Appended {
        let first = self.head + 1;
        let mut versions = Vec::new();
        let mut events = Vec::new();
        for part in append.parts.iter().filter(|part| !part.events.is_empty()) {
            let mut revision = self.version(part.stream).map_or(0, |version| version.revision);
            for payload in &part.events {
                revision += 1;
                self.head += 1;
                events.push((part.stream, revision, payload.as_slice()));
            }
            versions.push((part.stream, Version { revision, position: self.head }));
        }
        self.streams.extend(versions.iter().copied());
        let commit = self.index.commits() + plan.hashes.len() as u64;
        self.last_hash =
            record::encode(&mut plan.bytes, self.last_hash, commit, first, append.command, events.into_iter());
        plan.hashes.push(self.last_hash);
        let appended = Appended { command: append.command, first, last: self.head, versions, duplicate: false };
        self.commands.insert(append.command, appended.clone());
        appended
    }

    fn version(&self, stream: StreamId) -> Option<Version> {
        self.streams.get(&stream).copied().or_else(|| self.index.version(stream))
    }
}

fn well_formed(append: &Append) -> Result<(), AppendError> {
    let mut bytes = FIXED;
    for (nth, part) in append.parts.iter().enumerate() {
        if append.parts.iter().take(nth).any(|earlier| earlier.stream == part.stream) {
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
