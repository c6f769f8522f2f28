//! Incidents and errors as numbers: what analytics are made of.

use super::Incident;
use super::stage::Stage;
use super::strategy::Strategy;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::{TargetId, Timestamp};

/// An incident in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its number.
    pub id: u64,
    /// Where.
    pub target: TargetId,
    /// The pattern.
    pub signature: String,
    /// The kind.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// How it is dealt with.
    pub strategy: Strategy,
    /// Where it stands.
    pub stage: Stage,
    /// When its first error happened.
    pub first_at: Timestamp,
    /// When its last one happened.
    pub last_at: Timestamp,
    /// When it was seen.
    pub detected_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Its errors.
    pub count: u64,
    /// How often it came again.
    pub reopened: u32,
    /// It follows from another one.
    pub follows: bool,
}

impl From<&Incident> for Brief {
    fn from(incident: &Incident) -> Self {
        Self {
            id: incident.id,
            target: incident.target.clone(),
            signature: incident.signature.clone(),
            kind: incident.kind,
            severity: incident.severity,
            strategy: incident.strategy,
            stage: incident.stage,
            first_at: incident.first_at,
            last_at: incident.last_at,
            detected_at: incident.detected_at,
            resolved_at: incident.resolved_at,
            count: incident.count,
            reopened: incident.reopened,
            follows: incident.cause.is_some(),
        }
    }
}

/// Errors of a kind on a target in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourCount {
    /// Where.
    pub target: TargetId,
    /// The hour, counted from 1970.
    pub hour: i64,
    /// The kind.
    pub kind: ErrorKind,
    /// How many.
    pub count: u64,
}

/// What analytics are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// The incidents of the time that is looked at.
    pub briefs: Vec<Brief>,
    /// Its errors.
    pub hours: Vec<HourCount>,
}

impl Figures {
    /// Those of one target.
    #[must_use]
    pub fn of(&self, target: &TargetId) -> Self {
        Self {
            briefs: self.briefs.iter().filter(|brief| brief.target == *target).cloned().collect(),
            hours: self.hours.iter().filter(|count| count.target == *target).cloned().collect(),
        }
    }
}
