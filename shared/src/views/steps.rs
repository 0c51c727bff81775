//! Next steps that are open, by the interaction in which they were agreed: a step has its identity
//! only within its own interaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{InteractionId, StepId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps<S>(BTreeMap<InteractionId, BTreeMap<StepId, S>>);

impl<S> Default for Steps<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> Steps<S> {
    pub fn agree(&mut self, interaction: InteractionId, step: StepId, open: S) {
        self.0.entry(interaction).or_default().insert(step, open);
    }

    pub fn settle(&mut self, interaction: InteractionId, step: StepId) {
        if let Some(steps) = self.0.get_mut(&interaction) {
            steps.remove(&step);
            if steps.is_empty() {
                self.0.remove(&interaction);
            }
        }
    }

    /// Takes out the steps of an interaction that was retracted or went elsewhere.
    pub fn remove(&mut self, interaction: InteractionId) -> BTreeMap<StepId, S> {
        self.0.remove(&interaction).unwrap_or_default()
    }

    /// Puts in the steps of an interaction that came from elsewhere.
    pub fn put(&mut self, interaction: InteractionId, steps: BTreeMap<StepId, S>) {
        if !steps.is_empty() {
            self.0.insert(interaction, steps);
        }
    }

    /// Keeps only the steps of these interactions.
    pub fn retain(&mut self, wanted: impl Fn(InteractionId) -> bool) {
        self.0.retain(|interaction, _| wanted(*interaction));
    }

    pub fn iter(&self) -> impl Iterator<Item = (InteractionId, StepId, &S)> {
        let of = |(interaction, steps): (&InteractionId, _)| (*interaction, steps);
        self.0.iter().map(of).flat_map(|(interaction, steps): (_, &BTreeMap<StepId, S>)| {
            steps.iter().map(move |(step, open)| (interaction, *step, open))
        })
    }

    pub fn interactions(&self) -> impl Iterator<Item = InteractionId> {
        self.0.keys().copied()
    }

    /// Whether this step of this interaction is open.
    pub fn has(&self, interaction: InteractionId, step: StepId) -> bool {
        self.0.get(&interaction).is_some_and(|steps| steps.contains_key(&step))
    }

    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
