//! What came of a diagnosis: the causes, and what could be done about them.

use super::{Plan, with_remedies};
use crate::domain::diagnosis::Diagnosis;
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
