//! What is tried, measured and counted becomes errors, in the form that a log would give.
//!
//! ```text
//! probes       N of the last M connections failed        --> one error, and its end
//! conditions   a health rule is in breach                --> one error with a code of ours (HEALTH_LAG), and its end
//! counters     the server counted more than the last time --> errors with their number
//! ```
//!
//! A detector is of one target and lives as long as its watcher. It knows nothing at its start, so what it finds well
//! then is reported as ended: an incident of an earlier run may be open.

mod conditions;
mod counters;
mod probes;

pub use conditions::{code_of, kind_of_metric};
pub use counters::{Counted, of_readings};

use super::Ended;
use super::limits::Limits;
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::signature::signature;
use crate::domain::error_event::ConnectError;
use crate::domain::health::Health;
use crate::domain::target::{TargetId, Timestamp};
use conditions::Conditions;
use counters::Counters;
use probes::Probes;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An error.
    Error(Box<ErrorEvent>),
    /// A condition is over.
    Ended(Ended),
}

/// Finds the errors of one target.
#[derive(Debug, Clone)]
pub struct Detector {
    place: Place,
    probes: Probes,
    conditions: Conditions,
    counters: Counters,
}

impl Detector {
    /// One that knows nothing yet. `engine` is the engine's name.
    pub fn new(target: TargetId, engine: &str) -> Self {
        Self {
            place: Place { target, engine: engine.to_owned() },
            probes: Probes::default(),
            conditions: Conditions::default(),
            counters: Counters::default(),
        }
    }

    /// A connection was tried, or one that was open answered or broke.
    pub fn tried(&mut self, at: Timestamp, outcome: Result<(), &ConnectError>, limits: &Limits) -> Vec<Finding> {
        self.probes.tried(&self.place, at, outcome, limits)
    }

    /// The target was judged by its last two samples.
    pub fn judged(&mut self, at: Timestamp, health: &Health) -> Vec<Finding> {
        self.conditions.judged(&self.place, at, health)
    }

    /// The server's counters were read. `started_at`: when the server started, where it says so.
    pub fn counted(&mut self, at: Timestamp, started_at: Option<Timestamp>, counts: &[Counted]) -> Vec<Finding> {
        self.counters.counted(&self.place, at, started_at, counts)
    }
}

/// Where something was found.
#[derive(Debug, Clone)]
struct Place {
    target: TargetId,
    engine: String,
}

/// What a condition is told by.
struct Condition<'a> {
    source: Source,
    code: &'a str,
    kind: ErrorKind,
    severity: Severity,
    title: &'a str,
    message: &'a str,
}

impl Place {
    /// The event of a condition. Its signature is made of its code: its message changes with every number.
    fn begins(&self, at: Timestamp, condition: &Condition<'_>) -> Finding {
        let Condition { source, code, kind, severity, title, message } = *condition;
        Finding::Error(Box::new(ErrorEvent {
            at,
            target: self.target.clone(),
            engine: self.engine.clone(),
            source,
            code: code.to_owned(),
            kind,
            severity,
            object: None,
            message: crate::domain::error::event::keep(message),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature: signature(kind, code),
            group: format!("{code}:{}", source.words()),
            title: title.to_owned(),
            transient: true,
            count: 1,
        }))
    }

    fn ends(&self, at: Timestamp, kind: ErrorKind, code: &str) -> Finding {
        Finding::Ended(Ended { at, target: self.target.clone(), signature: signature(kind, code) })
    }
}
