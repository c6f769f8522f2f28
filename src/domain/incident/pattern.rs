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
/// Typed errors that wait for the server's report of them.
const WAITING: usize = 16;

/// An error that a person typed, and that its server may report too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateError {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub target: TargetId,
    /// What it was about.
    pub object: Option<String>,
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
    /// The newest typed ones, oldest first.
    pub waiting: Vec<PrivateError>,
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
            waiting: Vec::new(),
        }
    }

    /// Counts an error. One that a person typed waits for a while, since its server may report it too: then it was
    /// the server's, and is counted once.
    pub fn count(&mut self, event: &ErrorEvent) {
        self.first_at = self.first_at.min(event.at);
        self.last_at = self.last_at.max(event.at);
        if event.source.is_private() {
            self.private += event.count;
            let (at, target, object) = (event.at, event.target.clone(), event.object.clone());
            self.waiting.push(PrivateError { at, target, object });
            let surplus = self.waiting.len().saturating_sub(WAITING);
            self.waiting.drain(..surplus);
            return;
        }
        self.count += event.count;
        let mut reported = event.count;
        self.waiting.retain(|typed| {
            let distance = typed.at.since(event.at).max(event.at.since(typed.at));
            let same = typed.target == event.target && typed.object == event.object && distance <= SAME_ERROR_MS;
            let taken = same && reported > 0;
            reported -= u64::from(taken);
            self.private -= u64::from(taken && self.private > 0);
            !taken
        });
    }
}
