//! Why an act was proposed: what a proposal carries of the plan that it is a step of.

use super::{Check, Plan, Rung, Verification};
use crate::domain::diagnosis::Cause;
use crate::domain::guard::ticket::{Back, Sequel};
use crate::domain::proposal::survey::Inverse;
use serde::{Deserialize, Serialize};

/// What happens when an act was done and its verification does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// A person is asked; the inverse, where there is one, can be proposed.
    Ask,
    /// The inverse runs by itself, as the approved proposal said.
    RollBack,
}

/// The part of a plan that goes with a proposal, drawn in its box and covered by its digest where it acts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purpose {
    /// The incident that it is for; none for "what is wrong now".
    pub incident: Option<u64>,
    /// The incident's pattern.
    pub signature: Option<String>,
    /// The whole plan, for the steps after this one.
    pub plan: Plan,
    /// The number of this step in it, from 0.
    pub step: usize,
    /// The confidence that was shown, 0 to 100.
    pub shown_confidence: u8,
}

impl Purpose {
    /// The step that the proposal is.
    pub fn this_step(&self) -> Option<&super::Step> {
        self.plan.steps.get(self.step)
    }
    /// The cause.
    pub fn cause(&self) -> Cause {
        self.plan.cause
    }
    /// What must hold right before it is sent.
    pub fn requires(&self) -> &[Check] {
        self.this_step().map_or(&[], |step| &step.requires)
    }
    /// How it is known that it helped.
    pub fn verification(&self) -> Option<&Verification> {
        self.this_step().map(|step| &step.verification)
    }
    /// What happens when it did not.
    pub fn on_failure(&self) -> OnFailure {
        self.this_step().map_or(OnFailure::Ask, |step| step.on_failure)
    }
    /// How much it can take away.
    pub fn rung(&self) -> Rung {
        self.this_step().map_or(Rung::Removing, |step| step.rung)
    }
    /// What takes the act back, as the author of the step wrote it; none where the engine finds that itself.
    pub fn own_undo(&self) -> Option<&str> {
        self.this_step().and_then(|step| step.undo.as_deref())
    }
    /// What comes after the act, for its digest. What has no inverse cannot be taken back, whatever the plan says.
    pub fn sequel(&self, inverse: &Inverse) -> Sequel {
        let rollback = match (self.on_failure(), inverse) {
            (OnFailure::Ask, _) | (OnFailure::RollBack, Inverse::None(_)) => None,
            (OnFailure::RollBack, Inverse::Statements(statements)) => Some(Back::Statements(statements.clone())),
            (OnFailure::RollBack, Inverse::FromRows(most)) => Some(Back::FromRows(*most)),
        };
        Sequel {
            requires: self.requires().iter().map(kept).collect(),
            verification: self.verification().map_or_else(String::new, kept),
            rollback,
        }
    }
    /// The purpose of the step after this one.
    pub fn next(&self) -> Option<Self> {
        let step = self.step + 1;
        (step < self.plan.steps.len()).then(|| Self { step, ..self.clone() })
    }
}

/// A part of a plan as it is kept: equal parts have equal texts, and different ones different texts.
fn kept<T: Serialize + std::fmt::Debug>(part: &T) -> String {
    serde_json::to_string(part).unwrap_or_else(|_| format!("{part:?}"))
}
