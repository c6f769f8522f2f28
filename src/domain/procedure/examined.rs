//! What came of a diagnosis: the causes, and what could be done about them.

use super::{Plan, with_remedies};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::error::event::keep;
use crate::domain::learning::{About, Learned};
use crate::domain::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// The outcome of watching one server for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Examined {
    /// Which server.
    pub target: TargetId,
    /// When it was judged.
    pub at: Timestamp,
    /// For how long it was watched, seconds.
    pub seconds: u32,
    /// The causes, ranked, with their evidence.
    pub diagnosis: Diagnosis,
    /// What could be done, the best first, each step with its statement.
    pub plans: Vec<Plan>,
}

impl Examined {
    /// Takes secrets out of what servers said, and cuts it to a length that can be read and drawn. Statements stay as
    /// they are: what is approved is what is sent.
    pub fn clean(&mut self) {
        for hypothesis in &mut self.diagnosis.hypotheses {
            clean(hypothesis.about.iter_mut());
            clean(hypothesis.evidence.iter_mut().map(|evidence| &mut evidence.text));
            clean(hypothesis.remedy.iter_mut().map(|remedy| &mut remedy.words));
        }
        clean(self.diagnosis.unknown.iter_mut());
        for plan in &mut self.plans {
            clean([&mut plan.title].into_iter());
            clean(plan.evidence.iter_mut().chain(&mut plan.advice).chain(&mut plan.blocked));
            for step in &mut plan.steps {
                clean([&mut step.why, &mut step.verification.words].into_iter().chain(&mut step.expected));
            }
        }
    }
    /// Puts the plans into the order that earlier fixes have taught, and what would help with the causes with it.
    pub fn rank(&mut self, learned: &Learned, about: &About<'_>) {
        learned.rank(&mut self.plans, about);
        self.diagnosis = with_remedies(std::mem::take(&mut self.diagnosis), &self.plans);
    }
    /// The first plan that can be proposed.
    pub fn best(&self) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.can_be_proposed())
    }
}

fn clean<'t>(texts: impl Iterator<Item = &'t mut String>) {
    for text in texts {
        *text = keep(text);
    }
}
