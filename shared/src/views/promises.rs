//! The open next steps of one colleague, wherever they were agreed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::ids::{ColleagueId, StepId};
use crate::interaction;
use crate::record::Record;
use crate::views::account_file::OpenStep;
use crate::views::steps::Steps;
use crate::views::view;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promises {
    pub position: u64,
    pub owner: ColleagueId,
    pub steps: Steps<OpenStep>,
}

view!(Promises);

impl Promises {
    pub fn new(owner: ColleagueId) -> Self {
        Self { position: 0, owner, steps: Steps::default() }
    }

    /// The oldest promise first, those without a day last.
    pub fn open(&self) -> Vec<(StepId, &OpenStep)> {
        let mut steps: Vec<_> = self.steps.iter().map(|(_, id, step)| (id, step)).collect();
        steps.sort_by_key(|(id, step)| (step.due.unwrap_or(Date::MAX), *id));
        steps
    }

    fn take(&mut self, record: &Record) {
        let Event::Interaction(id, event) = &record.event else { return };
        match event {
            interaction::Event::NextStepAgreed(step) => {
                let owner = step.owner.or_else(|| record.author());
                if owner == Some(self.owner) {
                    let what = step.personal.known().map(|words| words.what.clone());
                    let open = OpenStep { interaction: *id, owner, due: step.due, what };
                    self.steps.agree(*id, step.step, open);
                }
            }
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                self.steps.settle(*id, *step);
            }
            interaction::Event::Retracted { .. } => {
                self.steps.remove(*id);
            }
            interaction::Event::Logged(_) | interaction::Event::Corrected(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interaction::{Event as Interaction, Step, StepWords, Why};
    use crate::testkit::*;
    use crate::views::View;

    fn folded(facts: impl IntoIterator<Item = Interaction>) -> Promises {
        let mut promises = Promises::new(LEV);
        for record in history(facts.into_iter().map(|event| (KIRA, Event::Interaction(VISIT, event)))) {
            promises.fold(&record);
        }
        promises
    }

    fn agreed(owner: Option<ColleagueId>) -> Interaction {
        let personal = StepWords { what: promise("Send the plan") }.into();
        Interaction::NextStepAgreed(Step { step: STEP, owner, due: None, personal })
    }

    #[test]
    fn a_promise_belongs_to_who_was_named_else_to_who_wrote_it() {
        assert_eq!(folded([agreed(Some(LEV))]).open().len(), 1);
        assert!(folded([agreed(None)]).open().is_empty(), "it is Kira's");
    }

    #[test]
    fn a_task_that_an_import_brought_without_an_owner_is_nobodys_promise() {
        let mut promises = Promises::new(KIRA);
        let open = Event::Interaction(VISIT, agreed(None));
        promises.fold(&Record { batch: Some(BATCH), ..record(1, KIRA, open.clone()) });
        assert!(promises.open().is_empty(), "she only ran the import");
        promises.fold(&record(2, KIRA, open));
        assert_eq!(promises.open().len(), 1);
    }

    #[test]
    fn the_same_step_of_two_entries_is_two_promises() {
        let mut promises = Promises::new(LEV);
        for (position, id) in [(1, VISIT), (2, CALL)] {
            promises.fold(&record(position, KIRA, Event::Interaction(id, agreed(Some(LEV)))));
        }
        assert_eq!(promises.open().len(), 2);
        promises.fold(&record(3, LEV, Event::Interaction(CALL, Interaction::NextStepDone { step: STEP })));
        assert_eq!(promises.open().first().map(|(_, step)| step.interaction), Some(VISIT));
    }

    #[test]
    fn what_is_settled_or_retracted_is_no_promise_any_more() {
        assert!(folded([agreed(Some(LEV)), Interaction::NextStepDone { step: STEP }]).open().is_empty());
        let retracted = Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() };
        assert!(folded([agreed(Some(LEV)), retracted]).open().is_empty());
    }
}
