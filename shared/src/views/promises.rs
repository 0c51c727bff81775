//! The open next steps of one colleague, wherever they were agreed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Event;
use crate::ids::{ColleagueId, StepId};
use crate::interaction;
use crate::record::Record;
use crate::views::account_file::OpenStep;
use crate::views::view;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promises {
    pub position: u64,
    pub owner: ColleagueId,
    pub steps: BTreeMap<StepId, OpenStep>,
}

view!(Promises);

impl Promises {
    pub const fn new(owner: ColleagueId) -> Self {
        Self { position: 0, owner, steps: BTreeMap::new() }
    }

    /// The oldest promise first, those without a day last.
    pub fn open(&self) -> Vec<(StepId, &OpenStep)> {
        let mut steps: Vec<_> = self.steps.iter().map(|(id, step)| (*id, step)).collect();
        steps.sort_by_key(|(id, step)| (step.due.unwrap_or(Date::MAX), *id));
        steps
    }

    fn take(&mut self, record: &Record) {
        let Event::Interaction(id, event) = &record.event else { return };
        match event {
            interaction::Event::NextStepAgreed(step) => {
                let owner = step.owner.unwrap_or(record.by);
                if owner == self.owner {
                    let what = step.personal.known().map(|words| words.what.clone());
                    self.steps.insert(step.step, OpenStep { interaction: *id, owner, due: step.due, what });
                }
            }
            interaction::Event::NextStepDone { step } | interaction::Event::NextStepDropped { step, .. } => {
                self.steps.remove(step);
            }
            interaction::Event::Retracted { .. } => self.steps.retain(|_, step| step.interaction != *id),
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
    fn what_is_settled_or_retracted_is_no_promise_any_more() {
        assert!(folded([agreed(Some(LEV)), Interaction::NextStepDone { step: STEP }]).open().is_empty());
        let retracted = Interaction::Retracted { personal: Why { reason: reason("Mistake") }.into() };
        assert!(folded([agreed(Some(LEV)), retracted]).open().is_empty());
    }
}
