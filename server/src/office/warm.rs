//! What is kept warm: the views of the whole company, and which records concern whom.

use shared::ids::{ColleagueId, Slice, Stream};
use shared::personal::Personal;
use shared::policy::{Sight, may_see};
use shared::record::Record;
use shared::sieve::Sieve;
use shared::views::index::Excerpt;
use shared::views::timeline::Filter;
use shared::views::{Company, Index, View};
use shared::words::Role;

/// A fold over the log up to a position.
#[derive(Clone, Debug, Default)]
pub struct Warm {
    company: Company,
    /// The same for those from whom clients' people are sealed; made when the first of them looks.
    veiled: Option<Box<Company>>,
    index: Index,
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

    /// The views as somebody with this role may see them. `None` until [`Warm::veil`] was called for a
    /// role that may not see everything.
    pub fn company_for(&self, role: Role) -> Option<&Company> {
        if sees_everything(role) { Some(&self.company) } else { self.veiled.as_deref() }
    }

    /// Makes the views for those from whom clients' people are sealed, and keeps them from now on.
    pub fn veil(&mut self) {
        if self.veiled.is_none() {
            let mut veiled = self.company.clone();
            for contact in veiled.directory.contacts.values_mut() {
                contact.details = Personal::Forgotten;
            }
            self.veiled = Some(Box::new(veiled));
        }
    }

    /// The last record that was read; 0 before the first.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Which records concern whom. What was taken back with an import is not in it.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// What is to be read for the part of a timeline that a filter asks for: see [`Index::excerpt`].
    pub fn excerpt(&self, of: Stream, filter: &Filter, most: usize) -> Excerpt {
        self.index.excerpt(of, filter, most, self.company.board.open.keys().copied())
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
        if !self.sieve.keeps(record) {
            return;
        }
        self.company.fold(record);
        if let Some(veiled) = &mut self.veiled {
            match veil_over(record) {
                Sight::Whole => veiled.fold(record),
                sight @ (Sight::WithoutPersonal | Sight::Nothing) => {
                    if let Some(seen) = record.clone().seen_with(sight) {
                        veiled.fold(&seen);
                    }
                }
            }
        }
        self.index.fold(record);
    }
}

/// The role from which most is sealed.
const VEILED: Role = Role::Analyst;

fn veil_over(record: &Record) -> Sight {
    may_see(Some(VEILED), record.stream().slice)
}

fn sees_everything(role: Role) -> bool {
    Slice::ALL.iter().all(|slice| may_see(Some(role), *slice) == Sight::Whole)
}
