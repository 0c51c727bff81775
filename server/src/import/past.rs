//! What is recorded of a thing already: by it an import tells what is new, and what people here
//! have decided since and keep.

use shared::account;
use shared::contact;
use shared::domain::Event;
use shared::ids::{AccountId, ColleagueId, ContactId};
use shared::interaction;
use shared::record::Record;

use super::identity::{Thing, Version};

/// The records of one thing, in order. Empty: it is not here.
#[derive(Default)]
pub(super) struct Past(pub Vec<Record>);

/// Where a contact works, and whether they have left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Works {
    pub at: Option<AccountId>,
    pub left: bool,
}

impl Past {
    /// Whether the log knows a later state of the record already.
    pub fn is_newer_than(&self, version: &Version, thing: Thing) -> bool {
        self.0.iter().any(|record| version.is_before(record.command, thing))
    }

    /// Who answers for the account, unless somebody here decided otherwise than the last import.
    pub fn may_be_assigned_to(&self, kam: ColleagueId) -> bool {
        let (is, said) =
            self.last(
                |event| {
                    if let Event::Account(_, account::Event::Assigned { kam }) = event { Some(*kam) } else { None }
                },
            );
        is.is_none() || is == said || is == Some(kam)
    }

    /// Whom the contact reports to.
    pub fn reports_to(&self) -> Option<ContactId> {
        self.last(reports_to).0.flatten()
    }

    /// The same, unless somebody here decided otherwise than the last import.
    pub fn may_report_to(&self, above: Option<ContactId>) -> bool {
        let (is, said) = self.last(reports_to);
        let is = is.flatten();
        is.is_none() || is == said.flatten() || is == above
    }

    /// Where the contact works; nowhere also before they are known.
    pub fn works(&self) -> Works {
        works(self.0.iter())
    }

    /// Whether a contact may go where an import says, because nobody here decided otherwise.
    pub fn may_move(&self) -> bool {
        let is = self.works();
        let nowhere = Works { at: None, left: false };
        is == nowhere || is == works(self.0.iter().filter(|record| record.batch.is_some()))
    }

    /// Whether it was an import that closed the account.
    pub fn was_closed_by_an_import(&self) -> bool {
        let last = self.0.iter().rev().find(|record| {
            matches!(&record.event, Event::Account(_, account::Event::Closed { .. } | account::Event::Reopened { .. }))
        });
        last.is_some_and(|record| {
            record.batch.is_some() && matches!(&record.event, Event::Account(_, account::Event::Closed { .. }))
        })
    }

    pub fn is_retracted(&self) -> bool {
        self.0.iter().any(|record| matches!(&record.event, Event::Interaction(_, interaction::Event::Retracted { .. })))
    }

    /// What is known of an interaction now.
    pub fn details(&self) -> Option<&interaction::Details> {
        self.0.iter().rev().find_map(|record| {
            let Event::Interaction(_, event) = &record.event else { return None };
            if let interaction::Event::Logged(details) | interaction::Event::Corrected(details) = event {
                Some(details)
            } else {
                None
            }
        })
    }

    /// What it is now, and what an import said last.
    fn last<T>(&self, value: impl Fn(&Event) -> Option<T>) -> (Option<T>, Option<T>) {
        let said = self.0.iter().rev().filter(|record| record.batch.is_some());
        (self.0.iter().rev().find_map(|record| value(&record.event)), said.map(|record| &record.event).find_map(&value))
    }
}

fn reports_to(event: &Event) -> Option<Option<ContactId>> {
    if let Event::Contact(_, contact::Event::Mapped(place)) = event { Some(place.reports_to) } else { None }
}

fn works<'a>(records: impl Iterator<Item = &'a Record>) -> Works {
    records.fold(Works::default(), |works, record| {
        let Event::Contact(_, event) = &record.event else { return works };
        match event {
            contact::Event::Introduced { account, .. } => Works { at: *account, left: false },
            contact::Event::Moved { account } => Works { at: Some(*account), left: false },
            contact::Event::Left {} => Works { left: true, ..works },
            contact::Event::Described { .. } | contact::Event::Mapped(_) | contact::Event::Associated { .. } => works,
        }
    })
}
