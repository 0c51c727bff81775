//! What is kept warm: the views of the whole company, and which records concern whom.

use std::collections::HashMap;

use shared::ids::{ColleagueId, Slice, Stream};
use shared::record::Record;
use shared::sieve::Sieve;
use shared::views::{Company, Concerns, View};
use shared::words::Role;

/// A fold over the log up to a position.
#[derive(Clone, Debug, Default)]
pub struct Warm {
    company: Company,
    concerns: Concerns,
    /// Positions of the records that concern an account, a contact, a colleague or a unit, ascending.
    concerning: HashMap<Stream, Vec<u64>>,
    /// Positions of the records about imports, those that were taken back included.
    imports: Vec<u64>,
    sieve: Sieve,
    position: u64,
}

impl Warm {
    /// Nothing read yet; what this sieve leaves out will not be seen.
    pub fn new(sieve: Sieve) -> Self {
        Self { sieve, ..Self::default() }
    }

    pub const fn company(&self) -> &Company {
        &self.company
    }

    /// The last record that was read; 0 before the first.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The positions after `after` of the records that concern a thing.
    pub fn concerning(&self, stream: Stream, after: u64) -> &[u64] {
        beyond(self.concerning.get(&stream).map_or(&[], Vec::as_slice), after)
    }

    /// The positions of the records about imports.
    pub fn imports(&self) -> &[u64] {
        &self.imports
    }

    /// The role of a colleague who is here. The product itself has none: it sees nothing through the doors.
    pub fn role(&self, colleague: ColleagueId) -> Option<Role> {
        self.company.directory.colleagues.get(&colleague).filter(|colleague| !colleague.left)?.role
    }

    /// Reads the next record; one that was read before changes nothing.
    pub fn fold(&mut self, record: &Record) {
        if record.position <= self.position {
            return;
        }
        self.position = record.position;
        if record.stream().slice == Slice::Import {
            self.imports.push(record.position);
        }
        if !self.sieve.keeps(record) {
            return;
        }
        self.company.fold(record);
        for stream in self.concerns.of(record) {
            self.concerning.entry(stream).or_default().push(record.position);
        }
    }
}

/// The part of an ascending list that lies after a position.
fn beyond(positions: &[u64], after: u64) -> &[u64] {
    positions.get(positions.partition_point(|position| *position <= after)..).unwrap_or_default()
}
