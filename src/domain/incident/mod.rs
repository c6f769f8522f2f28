//! An incident: one thing that is wrong on one target, from its first error to its end, with all that touched it.
//!
//! ```text
//! ErrorEvent --> pattern (signature) ------- recurrence --> strategy
//!            \-> incident (target, signature, object) --> stage, timeline, followers of one cause
//! ```
//!
//! Three different missing tables are one pattern and three incidents. An error that a person typed or pasted has a
//! pattern and no incident.

pub mod stage;
pub mod strategy;

use super::error::event::{ErrorEvent, Source};
use super::error::kind::{ErrorKind, Severity};
use super::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};
use stage::Stage;
use strategy::Strategy;

/// Most entries of a timeline that are kept: the first and the newest.
pub const TIMELINE_ENTRIES: usize = 200;

/// Something that touched an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// In words.
    pub words: String,
    /// The stage that it led to, where it led to another one.
    pub stage: Option<Stage>,
    /// Whose doing it was; none for our own.
    pub who: Option<String>,
}

/// Nobody wants to hear of it for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number; 0 until the store gave it one.
    pub id: u64,
    /// Where.
    pub target: TargetId,
    /// The engine's name.
    pub engine: String,
    /// The native code; empty when unknown.
    pub code: String,
    /// The kind.
    pub kind: ErrorKind,
    /// How bad, the worst of its errors.
    pub severity: Severity,
    /// What it is about.
    pub object: Option<String>,
    /// A few words.
    pub title: String,
    /// The last message.
    pub message: String,
    /// The last statement that met it.
    pub statement: Option<String>,
    /// Detail, hint and context of the last one.
    pub more: Option<String>,
    /// The pattern's key.
    pub signature: String,
    /// The better grouping.
    pub group: String,
    /// Where the first error was seen.
    pub source: Source,
    /// The errors go away by themselves at times.
    pub transient: bool,
    /// Where it stands.
    pub stage: Stage,
    /// How it is dealt with, by how often it came.
    pub strategy: Strategy,
    /// When the first error happened.
    pub first_at: Timestamp,
    /// When the last one happened.
    pub last_at: Timestamp,
    /// When this program saw it.
    pub detected_at: Timestamp,
    /// When it was over; none while it is not.
    pub resolved_at: Option<Timestamp>,
    /// Errors, all of its life.
    pub count: u64,
    /// How often it came again after it was over.
    pub reopened: u32,
    /// The incident that is the cause of this one.
    pub cause: Option<u64>,
    /// Incidents that follow from this one.
    pub followers: Vec<u64>,
    /// Nobody wants to hear of it for a while.
    pub silence: Option<Silence>,
    /// Who takes care of it.
    pub acknowledged_by: Option<String>,
    /// When it was escalated.
    pub escalated_at: Option<Timestamp>,
    /// What happened, oldest first.
    pub timeline: Vec<Happening>,
}

/// What makes two errors the same incident.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Where.
    pub target: TargetId,
    /// The pattern.
    pub signature: String,
    /// What it is about.
    pub object: Option<String>,
}

impl Key {
    /// The key of an error.
    pub fn of(event: &ErrorEvent) -> Self {
        Self { target: event.target.clone(), signature: event.signature.clone(), object: event.object.clone() }
    }
}

impl Incident {
    /// The number as people say it.
    pub fn name(&self) -> String {
        format!("INC-{:04}", self.id)
    }
    /// Milliseconds from the first error to its being seen.
    pub fn detection_ms(&self) -> u64 {
        self.detected_at.since(self.first_at)
    }
    /// Milliseconds from its being seen to its end.
    pub fn resolution_ms(&self) -> Option<u64> {
        self.resolved_at.map(|end| end.since(self.detected_at))
    }
    /// Nobody wants to hear of it now.
    pub fn is_silenced(&self, now: Timestamp) -> bool {
        self.silence.as_ref().is_some_and(|s| now < s.until)
    }
}

/// What is remembered of all errors of one signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// The key.
    pub signature: String,
    /// The engine's name.
    pub engine: String,
    /// The kind.
    pub kind: ErrorKind,
    /// The native code.
    pub code: String,
    /// The text with `N` and `VALUE`.
    pub text: String,
    /// A few words.
    pub title: String,
    /// When the first one happened.
    pub first_at: Timestamp,
    /// When the last one happened.
    pub last_at: Timestamp,
    /// How many, of all targets; those that a person typed or pasted are not in it.
    pub count: u64,
    /// How many were typed or pasted here.
    pub private: u64,
    /// Incidents of it.
    pub incidents: u64,
    /// Targets that met it.
    pub targets: u64,
    /// Errors of each hour, oldest first, that ends with the running hour.
    pub hours: Vec<u64>,
    /// Strategies of its incidents and how they ended: resolved and not.
    pub outcomes: Vec<(Strategy, u64, u64)>,
}
