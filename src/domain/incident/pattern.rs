//! A pattern: what is remembered of all errors of one signature, on all targets.

use super::strategy::Strategy;
use crate::domain::error::event::ErrorEvent;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::signature::normalised;
use crate::domain::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// Hours of [`Pattern::hours`]: a week.
pub const TREND_HOURS: usize = 168;
/// A server that reports what a person typed here does so within this time, milliseconds.
pub const SAME_ERROR_MS: u64 = 10_000;
/// Errors that wait for their twin, of each sort.
const WAITING: usize = 16;

/// An error that may have a twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub target: TargetId,
    /// What it was about.
    pub object: Option<String>,
}

/// The newest errors that wait for their twin: what a person types here fails here, and is reported by the server,
/// too. Either may come first, and both are one error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twins {
    /// Typed, and not yet reported.
    typed: Vec<Seen>,
    /// Reported, and not typed as far as is known.
    reported: Vec<Seen>,
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
    /// What may turn out to be one error.
    pub twins: Twins,
}

impl Pattern {
    /// The pattern of an error of which nothing is known yet.
    pub fn of(event: &ErrorEvent) -> Self {
        Self {
            signature: event.signature.clone(),
            engine: event.engine.clone(),
            kind: event.kind,
            code: event.code.clone(),
            text: normalised(&event.message),
            title: event.title.clone(),
            first_at: event.at,
            last_at: event.at,
            count: 0,
            private: 0,
            incidents: 0,
            targets: 0,
            hours: Vec::new(),
            outcomes: Vec::new(),
            twins: Twins::default(),
        }
    }

    /// Counts an error. One that was typed and reported by the server is the server's, and counted once.
    pub fn count(&mut self, event: &ErrorEvent) {
        self.first_at = self.first_at.min(event.at);
        self.last_at = self.last_at.max(event.at);
        let seen = Seen { at: event.at, target: event.target.clone(), object: event.object.clone() };
        if event.source.is_private() {
            if !seen.takes_twin(&mut self.twins.reported) {
                self.private = self.private.saturating_add(event.count);
                seen.waits(&mut self.twins.typed);
            }
            return;
        }
        self.count = self.count.saturating_add(event.count);
        if seen.takes_twin(&mut self.twins.typed) {
            self.private = self.private.saturating_sub(1);
        } else {
            seen.waits(&mut self.twins.reported);
        }
    }
}

impl Seen {
    /// Takes the error that is the same one out of those that wait.
    fn takes_twin(&self, waiting: &mut Vec<Self>) -> bool {
        let twin = waiting.iter().position(|other| {
            let apart = other.at.since(self.at).max(self.at.since(other.at));
            other.target == self.target && other.object == self.object && apart <= SAME_ERROR_MS
        });
        twin.map(|place| waiting.remove(place)).is_some()
    }

    fn waits(self, waiting: &mut Vec<Self>) {
        waiting.push(self);
        let surplus = waiting.len().saturating_sub(WAITING);
        waiting.drain(..surplus);
    }
}
