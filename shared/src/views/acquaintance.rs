//! How well a contact is known to us: every touch with them, and how fresh the last one is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::ids::{ContactId, EventRef, InteractionId, Stream};
use crate::interaction;
use crate::record::Record;
use crate::views::account_file::Last;
use crate::views::touch::Touch;
use crate::views::view;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acquaintance {
    pub position: u64,
    pub contact: ContactId,
    touches: BTreeMap<InteractionId, Touch>,
}

view!(Acquaintance);

impl Acquaintance {
    pub const fn new(contact: ContactId) -> Self {
        Self { position: 0, contact, touches: BTreeMap::new() }
    }

    pub fn last(&self) -> Option<Last> {
        self.newest(|_| true)
    }

    pub fn last_in_person(&self) -> Option<Last> {
        self.newest(|touch| touch.in_person)
    }

    /// How many touches there were, and how many of them in person.
    pub fn touches(&self) -> (usize, usize) {
        (self.touches.len(), self.touches.values().filter(|touch| touch.in_person).count())
    }

    fn newest(&self, wanted: impl Fn(&Touch) -> bool) -> Option<Last> {
        let wanted = self.touches.iter().filter(|(_, touch)| wanted(touch));
        let event = |id: InteractionId| -> EventRef { Stream::from(id).first() };
        wanted
            .map(|(id, touch)| Last { touch: *touch, event: event(*id) })
            .max_by_key(|last| (last.touch.occurred.instant(), last.event))
    }

    fn take(&mut self, record: &Record) {
        let Event::Interaction(id, event) = &record.event else { return };
        match event {
            interaction::Event::Logged(details) | interaction::Event::Corrected(details) => {
                self.touches.remove(id);
                let touch = Touch::of(details, record.occurred).filter(|_| details.contacts.contains(&self.contact));
                self.touches.extend(touch.map(|touch| (*id, touch)));
            }
            interaction::Event::Retracted { .. } => {
                self.touches.remove(id);
            }
            interaction::Event::NextStepAgreed(_)
            | interaction::Event::NextStepDone { .. }
            | interaction::Event::NextStepDropped { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interaction::{Details, Event as Interaction, Why};
    use crate::testkit::*;
    use crate::views::View;
    use crate::words::{Front, Mode};

    fn folded(facts: impl IntoIterator<Item = Interaction>) -> Acquaintance {
        let mut acquaintance = Acquaintance::new(ANNA);
        for record in history(facts.into_iter().map(|event| (KIRA, Event::Interaction(VISIT, event)))) {
            acquaintance.fold(&record);
        }
        acquaintance
    }

    fn met(contacts: Vec<ContactId>, mode: Mode) -> Details {
        Details { contacts, mode: Some(mode), ..Details::new(Front::Client, Some(NORTHWIND), summary("Visit")) }
    }

    #[test]
    fn only_a_touch_with_the_person_counts() {
        let known = folded([Interaction::Logged(met(vec![ANNA], Mode::InPerson))]);
        assert_eq!(known.touches(), (1, 1));
        assert!(known.last().is_some() && known.last_in_person().is_some());
        assert_eq!(folded([Interaction::Logged(met(vec![BORIS], Mode::InPerson))]).touches(), (0, 0));
    }

    #[test]
    fn a_correction_or_a_retraction_takes_a_touch_away() {
        let logged = || Interaction::Logged(met(vec![ANNA], Mode::InPerson));
        let remote = folded([logged(), Interaction::Corrected(met(vec![ANNA], Mode::Remote))]);
        assert_eq!(remote.touches(), (1, 0));
        assert_eq!(folded([logged(), Interaction::Corrected(met(vec![BORIS], Mode::Remote))]).touches(), (0, 0));
        let retracted = Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() };
        assert!(folded([logged(), retracted]).last().is_none());
    }
}
