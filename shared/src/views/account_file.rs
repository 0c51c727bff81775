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
use crate::views::steps::Steps;
use crate::views::touch::Touch;
use crate::views::view;
use crate::words::{Occurred, Promise};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountFile {
    pub position: u64,
    pub account: AccountId,
    /// The entries that are this account's.
    interactions: BTreeMap<InteractionId, Entry>,
    /// The open next steps of every entry that was read: one that is another account's may become this one's.
    steps: Steps<OpenStep>,
    /// Handoffs for this account that have not ended.
    pub handoffs: BTreeSet<HandoffId>,
    /// Holds not everything: see [`AccountFile::cut`].
    is_cut: bool,
    /// Of a cut: entries that were heard of since, and are another account's.
    elsewhere: BTreeSet<InteractionId>,
    /// Something happened that this cut cannot show truly: ask the server again.
    pub stale: bool,
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
    /// `None` where an import brought it and nobody of ours was named.
    pub owner: Option<ColleagueId>,
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
    pub fn new(account: AccountId) -> Self {
        Self {
            position: 0,
            account,
            interactions: BTreeMap::new(),
            steps: Steps::default(),
            handoffs: BTreeSet::new(),
            is_cut: false,
            elsewhere: BTreeSet::new(),
            stale: false,
        }
    }

    /// A small part that a browser can go on folding: the last touches, the last one with each contact, and
    /// every open next step. What the part cannot know for sure makes it [`AccountFile::stale`].
    #[must_use]
    pub fn cut(mut self) -> Self {
        const KEPT: usize = 3;
        let mut newest: Vec<_> =
            self.interactions.iter().filter_map(|(id, entry)| Some((*id, entry.touch?, &entry.contacts))).collect();
        newest.sort_by_key(|(id, touch, _)| std::cmp::Reverse((touch.occurred.instant(), *id)));
        let mut met = BTreeSet::new();
        let kept: BTreeSet<InteractionId> = {
            let last = newest.iter().take(KEPT);
            let in_person = newest.iter().filter(|(_, touch, _)| touch.in_person).take(KEPT);
            let with_each = newest.iter().filter(|(_, _, contacts)| {
                // All of them are noted, not only the first that is new.
                contacts.iter().filter(|contact| met.insert(**contact)).count() > 0
            });
            last.chain(in_person).chain(with_each).map(|(id, ..)| *id).chain(self.steps.interactions()).collect()
        };
        self.interactions.retain(|id, _| kept.contains(id));
        self.steps.retain(|id| self.interactions.contains_key(&id));
        self.is_cut = true;
        self
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
        let here = self.steps.iter().filter(|(interaction, ..)| self.interactions.contains_key(interaction));
        let mut steps: Vec<_> = here.map(|(_, id, step)| (id, step)).collect();
        steps.sort_by_key(|(id, step)| (step.due.unwrap_or(Date::MAX), *id, step.interaction));
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
                let entry = (details.account == Some(self.account)).then(|| Entry::of(details, record.occurred));
                if self.is_cut && matches!(event, interaction::Event::Corrected(_)) {
                    self.stale |= match self.interactions.get(&id) {
                        // A cut that lost one of its few touches does not know which older one comes after it.
                        Some(before) => entry.as_ref() != Some(before),
                        // Nor does it know the next steps of an entry that it never heard of.
                        None => entry.is_some() && !self.elsewhere.contains(&id),
                    };
                }
                match entry {
                    Some(entry) => {
                        self.interactions.insert(id, entry);
                        self.elsewhere.remove(&id);
                    }
                    None => {
                        self.interactions.remove(&id);
                        if self.is_cut {
                            self.elsewhere.insert(id);
                        }
                    }
                }
            }
            interaction::Event::Retracted { .. } => {
                let was = self.interactions.remove(&id);
                self.stale |= self.is_cut && was.is_some_and(|entry| entry.touch.is_some());
                self.steps.remove(id);
            }
            interaction::Event::NextStepAgreed(step) => {
                self.stale |= self.is_cut && !self.interactions.contains_key(&id) && !self.elsewhere.contains(&id);
                let what = step.personal.known().map(|words| words.what.clone());
                let owner = step.owner.or_else(|| record.author());
                self.steps.agree(id, step.step, OpenStep { interaction: id, owner, due: step.due, what });
            }
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                self.steps.settle(id, *step);
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

    fn corrected_to(account: AccountId) -> Interaction {
        Interaction::Corrected(Details::new(Front::Client, Some(account), summary("Visit")))
    }

    #[test]
    fn an_entry_that_comes_to_the_account_or_comes_back_brings_its_promises() {
        let elsewhere = Interaction::Logged(Details::new(Front::Client, Some(CONTOSO), summary("Visit")));
        assert!(folded([elsewhere.clone(), agreed()]).open_steps().is_empty());
        assert_eq!(folded([elsewhere, agreed(), corrected_to(NORTHWIND)]).open_steps().len(), 1);
        let away = folded([visit(), agreed(), corrected_to(CONTOSO)]);
        assert!(away.open_steps().is_empty() && away.last_touch().is_none());
        assert_eq!(folded([visit(), agreed(), corrected_to(CONTOSO), corrected_to(NORTHWIND)]).open_steps().len(), 1);
    }

    #[test]
    fn the_same_step_of_two_entries_is_two_promises() {
        let mut file = folded([visit(), agreed()]);
        let call = |event| Event::Interaction(CALL, event);
        file.fold(&record(10, KIRA, call(visit())));
        file.fold(&record(11, KIRA, call(agreed())));
        assert_eq!(file.open_steps().len(), 2);
        file.fold(&record(12, KIRA, call(Interaction::NextStepDone { step: STEP })));
        assert_eq!(file.open_steps().first().map(|(_, step)| step.interaction), Some(VISIT));
    }

    #[test]
    fn a_cut_says_what_the_whole_says_and_that_it_cannot_know_what_it_never_heard_of() {
        let whole = folded([visit(), agreed()]);
        let cut = whole.clone().cut();
        assert_eq!(cut.open_steps(), whole.open_steps());
        assert_eq!((cut.last_touch(), cut.last_with(ANNA)), (whole.last_touch(), whole.last_with(ANNA)));
        let after = |event| {
            let mut cut = cut.clone();
            cut.fold(&Record { revision: 5, ..record(100, KIRA, Event::Interaction(CALL, event)) });
            cut.stale
        };
        assert!(!after(visit()), "logged now");
        assert!(after(corrected_to(NORTHWIND)), "its promises are not known");
        assert!(!after(corrected_to(CONTOSO)));
        assert!(after(agreed()), "it may be an old entry of this account");
    }
}
