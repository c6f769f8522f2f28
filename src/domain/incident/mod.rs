//! An incident: one thing that is wrong on one target, from its first error to its end, with all that touched it.
//!
//! ```text
//! ErrorEvent --> pattern (signature) ------- recurrence --> strategy
//!            \-> incident (target, signature, object) --> stage, timeline, followers of one cause
//! ```
//!
//! Three different missing tables are one pattern and three incidents. An error that a person typed or pasted has a
//! pattern and no incident.
//!
//! ```text
//! detect   samples, probes and counters --> error events, and ends of conditions
//! take     an event meets the book of what is known --> changes      (recurrence, correlate)
//! act      what persons and fixes do with an incident                (stage, guide)
//! settle   what time does: quiet, silences that end, escalation
//! analytics, handover   what is told of all of it
//! ```

pub mod act;
pub mod analytics;
pub mod book;
mod correlate;
pub mod detect;
mod echo;
pub mod figures;
mod filter;
mod gather;
pub mod guide;
pub mod handover;
pub mod limits;
pub mod pattern;
pub mod recurrence;
mod settle;
pub mod stage;
pub mod strategy;
mod take;

use super::error::event::{ErrorEvent, Source};
use super::error::kind::{ErrorKind, Severity};
use super::target::{TargetId, Timestamp};
pub use act::{Act, Happening, TIMELINE_ENTRIES};
pub use echo::{Echo, Echoes};
pub use filter::Filter;
pub use gather::RAW_EVENTS;
pub use pattern::Pattern;
use recurrence::Recurrence;
use serde::{Deserialize, Serialize};
use stage::{Resolution, Stage};
use strategy::Strategy;
pub use take::{Ended, crowds_of, keys_of};

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

/// A fix that helped and has to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The number of its proposal.
    pub fix: u64,
    /// The incident is over when it does not come again before this time.
    pub until: Timestamp,
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
    /// How it ended; none while it has not.
    pub resolution: Option<Resolution>,
    /// Errors, all of its life.
    pub count: u64,
    /// When they came, as far as the strategy wants to know.
    pub recurrence: Recurrence,
    /// How often it came again after it was over.
    pub reopened: u32,
    /// The incident that is the cause of this one.
    pub cause: Option<u64>,
    /// Why that one is its cause, in words; empty without one.
    pub cause_reason: String,
    /// Incidents that follow from this one.
    pub followers: Vec<u64>,
    /// Fixes that were proposed for it, by the numbers of their proposals, oldest first.
    pub proposals: Vec<u64>,
    /// Nobody wants to hear of it for a while.
    pub silence: Option<Silence>,
    /// Who takes care of it.
    pub acknowledged_by: Option<String>,
    /// When it was escalated.
    pub escalated_at: Option<Timestamp>,
    /// The fix that helped, while it is watched whether it lasts.
    #[serde(default)]
    pub hold: Option<Hold>,
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
    /// One that begins with this error; the strategy is still the one for something new.
    pub fn new(id: u64, event: &ErrorEvent, detected_at: Timestamp) -> Self {
        let mut recurrence = Recurrence::default();
        recurrence.add(event.at, event.count);
        let mut incident = Self {
            id,
            target: event.target.clone(),
            engine: event.engine.clone(),
            code: event.code.clone(),
            kind: event.kind,
            severity: event.severity,
            object: event.object.clone(),
            title: event.title.clone(),
            message: event.message.clone(),
            statement: event.statement.clone(),
            more: event.more.clone(),
            signature: event.signature.clone(),
            group: event.group.clone(),
            source: event.source,
            transient: event.transient,
            stage: Stage::Open,
            strategy: Strategy::AiPowered,
            first_at: event.at,
            last_at: event.at,
            detected_at: detected_at.max(event.at),
            resolved_at: None,
            resolution: None,
            count: event.count,
            recurrence,
            reopened: 0,
            cause: None,
            cause_reason: String::new(),
            followers: Vec::new(),
            proposals: Vec::new(),
            silence: None,
            acknowledged_by: None,
            escalated_at: None,
            hold: None,
            timeline: Vec::new(),
        };
        incident.tell(
            event.at,
            &format!("seen in {}: {}", event.source.words(), event.message),
            Some(Stage::Open),
            None,
        );
        incident
    }

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
    /// The key by which its next error finds it.
    pub fn key(&self) -> Key {
        Key { target: self.target.clone(), signature: self.signature.clone(), object: self.object.clone() }
    }
    /// It holds from one moment to another, and whoever measures it says when it is over: nothing is heard of it in
    /// between. The others are over when no more errors come.
    pub fn is_condition(&self) -> bool {
        self.source.is_condition()
    }
    /// When it began: the last time, if it was over before.
    pub fn began_at(&self) -> Timestamp {
        let again = self.timeline.iter().rev().find(|happening| happening.stage == Some(Stage::Reopened));
        again.map_or(self.first_at, |happening| happening.at)
    }
    /// When nothing of it was left; none while it is open. What went quiet was over with its last error, whenever
    /// that was seen.
    pub fn over_at(&self) -> Option<Timestamp> {
        let resolved_at = self.resolved_at?;
        Some(if self.resolution == Some(Resolution::Quiet) { self.last_at } else { resolved_at })
    }
    /// Nobody wants to hear of it now.
    pub fn is_silenced(&self, now: Timestamp) -> bool {
        self.silence.as_ref().is_some_and(|s| now < s.until)
    }
}
