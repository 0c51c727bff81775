//! The account file: what one screen says before a visit, beside the timeline. The last touches,
//! how fresh each contact is, and every promise that is still open.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::handoff;
use crate::ids::{AccountId, ColleagueId, ContactId, EventRef, HandoffId, InteractionId, StepId, Stream};
use crate::interaction::{self, Details};
use crate::record::Record;
use crate::views::touch::Touch;
use crate::views::view;
use crate::words::{Occurred, Promise};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountFile {
    pub position: u64,
    pub account: AccountId,
    interactions: BTreeMap<InteractionId, Entry>,
    pub steps: BTreeMap<StepId, OpenStep>,
    /// Handoffs for this account that have not ended.
    pub handoffs: BTreeSet<HandoffId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    touch: Option<Touch>,
    contacts: Vec<ContactId>,
}

/// A next step that is still open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenStep {
    pub interaction: InteractionId,
    pub owner: ColleagueId,
    pub due: Option<Date>,
    /// `None` where it was forgotten.
    pub what: Option<Promise>,
}

/// A touch with the entry that it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Last {
    pub touch: Touch,
    pub event: EventRef,
}

view!(AccountFile);

impl AccountFile {
    pub const fn new(account: AccountId) -> Self {
        Self { position: 0, account, interactions: BTreeMap::new(), steps: BTreeMap::new(), handoffs: BTreeSet::new() }
    }

    pub fn last_touch(&self) -> Option<Last> {
        self.last(|_, _| true)
    }

    pub fn last_in_person(&self) -> Option<Last> {
        self.last(|touch, _| touch.in_person)
    }

    pub fn last_with(&self, contact: ContactId) -> Option<Last> {
        self.last(|_, entry| entry.contacts.contains(&contact))
    }

    /// The open next steps, the oldest promise first, those without a day last.
    pub fn open_steps(&self) -> Vec<(StepId, &OpenStep)> {
        let mut steps: Vec<_> = self.steps.iter().map(|(id, step)| (*id, step)).collect();
        steps.sort_by_key(|(id, step)| (step.due.unwrap_or(Date::MAX), *id));
        steps
    }

    /// The contacts whom somebody met last come first.
    pub fn freshness(&self, contact: ContactId) -> Timestamp {
        self.last_with(contact).map_or(Timestamp::MIN, |last| last.touch.occurred.instant())
    }

    fn last(&self, wanted: impl Fn(&Touch, &Entry) -> bool) -> Option<Last> {
        let touches = self.interactions.iter().filter_map(|(id, entry)| {
            let touch = entry.touch.filter(|touch| wanted(touch, entry))?;
            Some(Last { touch, event: Stream::from(*id).first() })
        });
        touches.max_by_key(|last| (last.touch.occurred.instant(), last.event))
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::Interaction(id, event) => self.take_interaction(*id, event, record),
            Event::Handoff(id, event) => match event {
                handoff::Event::Offered(offer) => {
                    if offer.account == self.account {
                        self.handoffs.insert(*id);
                    } else {
                        self.handoffs.remove(id);
                    }
                }
                handoff::Event::Completed { .. } | handoff::Event::Withdrawn { .. } => {
                    self.handoffs.remove(id);
                }
                handoff::Event::Accepted {}
                | handoff::Event::Declined { .. }
                | handoff::Event::Returned { .. }
                | handoff::Event::Escalated { .. } => {}
            },
            Event::Unit(..) | Event::Colleague(..) | Event::Account(..) | Event::Contact(..) | Event::Import(..) => {}
        }
    }

    fn take_interaction(&mut self, id: InteractionId, event: &interaction::Event, record: &Record) {
        match event {
            interaction::Event::Logged(details) | interaction::Event::Corrected(details) => {
                if details.account == Some(self.account) {
                    self.interactions.insert(id, Entry::of(details, record.occurred));
                } else if self.interactions.remove(&id).is_some() {
                    self.steps.retain(|_, step| step.interaction != id);
                }
            }
            interaction::Event::Retracted { .. } => {
                self.interactions.remove(&id);
                self.steps.retain(|_, step| step.interaction != id);
            }
            interaction::Event::NextStepAgreed(step) => {
                if self.interactions.contains_key(&id) {
                    let what = step.personal.known().map(|words| words.what.clone());
                    let owner = step.owner.unwrap_or(record.by);
                    self.steps.insert(step.step, OpenStep { interaction: id, owner, due: step.due, what });
                }
            }
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                self.steps.remove(step);
            }
        }
    }
}

impl Entry {
    fn of(details: &Details, occurred: Occurred) -> Self {
        Self { touch: Touch::of(details, occurred), contacts: details.contacts.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interaction::{Event as Interaction, Step, StepWords, Why};
    use crate::testkit::*;
    use crate::views::View;
    use crate::words::{Front, Mode};

    fn folded(facts: impl IntoIterator<Item = Interaction>) -> AccountFile {
        let mut file = AccountFile::new(NORTHWIND);
        for record in history(facts.into_iter().map(|event| (KIRA, Event::Interaction(VISIT, event)))) {
            file.fold(&record);
        }
        file
    }

    fn visit() -> Interaction {
        let contacts = vec![ANNA];
        let details = Details::new(Front::Client, Some(NORTHWIND), summary("Visit"));
        Interaction::Logged(Details { contacts, mode: Some(Mode::InPerson), ..details })
    }

    fn agreed() -> Interaction {
        let personal = StepWords { what: promise("Send the plan") }.into();
        Interaction::NextStepAgreed(Step { step: STEP, owner: Some(LEV), due: None, personal })
    }

    #[test]
    fn a_visit_is_the_last_touch_of_the_account_and_of_who_was_met() {
        let file = folded([visit()]);
        assert!(file.last_touch().is_some() && file.last_in_person().is_some() && file.last_with(ANNA).is_some());
        assert!(file.last_with(BORIS).is_none());
        assert!(file.freshness(ANNA) > file.freshness(BORIS));
    }

    #[test]
    fn a_retraction_takes_the_touch_and_the_promise_with_it() {
        let retracted = Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() };
        let file = folded([visit(), agreed(), retracted]);
        assert!(file.last_touch().is_none() && file.open_steps().is_empty());
    }

    #[test]
    fn a_promise_is_open_until_it_is_settled() {
        assert_eq!(folded([visit(), agreed()]).open_steps().len(), 1);
        assert!(folded([visit(), agreed(), Interaction::NextStepDone { step: STEP }]).open_steps().is_empty());
    }
}
