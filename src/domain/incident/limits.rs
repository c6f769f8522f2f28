//! The numbers by which incidents are kept, from the configuration, and what else the rules are told from outside.

use super::strategy::WINDOW_HOURS;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::target::TargetId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The numbers. The defaults are those of the settings `[incidents]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Errors of one incident are counted for its strategy within this time, milliseconds.
    pub window_ms: u64,
    /// One that comes again within this time after its end is the same incident, milliseconds.
    pub reopen_ms: u64,
    /// A cause and what follows from it lie at most this far apart, milliseconds.
    pub correlation_ms: u64,
    /// An incident is over when no error of it came for this time, milliseconds.
    pub quiet_ms: u64,
    /// A critical one that nobody has acknowledged is escalated after this time, milliseconds.
    pub escalate_critical_ms: u64,
    /// The same for an error.
    pub escalate_error_ms: u64,
    /// This many of the last [`Self::probe_window`] probes have to fail before a target counts as unreachable.
    pub probe_failures: usize,
    /// Probes that are looked at.
    pub probe_window: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_ms: WINDOW_HOURS * HOUR_MS,
            reopen_ms: 24 * HOUR_MS,
            correlation_ms: MINUTE_MS,
            quiet_ms: 30 * MINUTE_MS,
            escalate_critical_ms: 15 * MINUTE_MS,
            escalate_error_ms: 4 * HOUR_MS,
            probe_failures: 3,
            probe_window: 5,
        }
    }
}

impl Limits {
    /// After how many milliseconds without acknowledgement one of this severity is escalated; none: never.
    pub fn escalate_ms(&self, severity: Severity) -> Option<u64> {
        match severity {
            Severity::Critical => Some(self.escalate_critical_ms),
            Severity::Error => Some(self.escalate_error_ms),
            Severity::Warning | Severity::Info => None,
        }
    }
}

/// The kinds of errors, by engine, for which a procedure can propose an act without anybody's looking for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Procedures(Arc<BTreeSet<(ErrorKind, String)>>);

impl Procedures {
    /// These, as kind and name of the engine.
    pub fn new(known: impl IntoIterator<Item = (ErrorKind, String)>) -> Self {
        Self(Arc::new(known.into_iter().collect()))
    }
    /// Whether there is one.
    pub fn exist_for(&self, kind: ErrorKind, engine: &str) -> bool {
        self.0.iter().any(|(known, name)| *known == kind && name == engine)
    }
}

/// The codes by which servers say that they are down, starting or stopping, by engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outages(Arc<BTreeSet<(String, String)>>);

impl Outages {
    /// These, as name of the engine and code.
    pub fn new(known: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(known.into_iter().collect()))
    }
    /// Whether a code is one of them.
    pub fn contain(&self, engine: &str, code: &str) -> bool {
        self.0.iter().any(|(name, known)| name == engine && known == code)
    }
}

/// What the rules are told from outside. Cloning it is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The numbers.
    pub limits: Limits,
    /// The machine of each target, where it is known: what happens to it happens to all of them.
    pub hosts: Arc<BTreeMap<TargetId, String>>,
    /// What can be proposed automatically.
    pub procedures: Procedures,
    /// What a server that is down says.
    pub outages: Outages,
}

impl Terms {
    /// Both are the same target, or live on the same machine.
    pub fn share_host(&self, one: &TargetId, other: &TargetId) -> bool {
        one == other || self.hosts.get(one).is_some_and(|host| self.hosts.get(other) == Some(host))
    }
}
