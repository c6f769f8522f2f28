//! Connections that fail: one lost answer is no incident, several of the last few are.

use super::{Condition, Finding, Place};
use crate::domain::error::catalogue::kind_advice;
use crate::domain::error::event::Source;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::incident::limits::Limits;
use crate::domain::target::Timestamp;
use std::collections::VecDeque;

/// Successes in a row after which a target counts as reachable again.
const BACK_AFTER: usize = 2;
/// The kinds that a failed connection can have.
const KINDS: [ErrorKind; 5] = [
    ErrorKind::ConnectionError,
    ErrorKind::AuthenticationFailed,
    ErrorKind::DatabaseNotFound,
    ErrorKind::TooManyConnections,
    ErrorKind::ConfigurationError,
];

/// The last tries of a target.
#[derive(Debug, Clone, Default)]
pub(super) struct Probes {
    /// True for those that succeeded, oldest first.
    outcomes: VecDeque<bool>,
    /// The kind of failure that is reported.
    down: Option<ErrorKind>,
    /// It was said that nothing is reported.
    settled: bool,
}

impl Probes {
    pub(super) fn tried(
        &mut self,
        place: &Place,
        at: Timestamp,
        outcome: Result<(), &ConnectError>,
        limits: &Limits,
    ) -> Vec<Finding> {
        self.outcomes.push_back(outcome.is_ok());
        let surplus = self.outcomes.len().saturating_sub(limits.probe_window.max(BACK_AFTER));
        self.outcomes.drain(..surplus);
        match outcome {
            Ok(()) => self.succeeded(place, at),
            Err(error) => self.failed(place, at, error, limits),
        }
    }

    fn succeeded(&mut self, place: &Place, at: Timestamp) -> Vec<Finding> {
        let back = self.outcomes.iter().rev().take(BACK_AFTER).filter(|good| **good).count() == BACK_AFTER;
        if !back || (self.settled && self.down.is_none()) {
            return Vec::new();
        }
        // What failed before is settled: it must not make the next lost answer an incident.
        self.outcomes.clear();
        self.outcomes.extend([true; BACK_AFTER]);
        self.settled = true;
        let reported = self.down.take();
        let over = |kind: &&ErrorKind| reported.is_none_or(|reported| reported == **kind);
        KINDS.iter().filter(over).map(|kind| place.ends(at, *kind, Source::Probe.words())).collect()
    }

    fn failed(&mut self, place: &Place, at: Timestamp, error: &ConnectError, limits: &Limits) -> Vec<Finding> {
        let failures = self.outcomes.iter().rev().take(limits.probe_window).filter(|good| !**good).count();
        let kind = kind_of(error.kind);
        if failures < limits.probe_failures || self.down == Some(kind) {
            return Vec::new();
        }
        let before = self.down.replace(kind);
        self.settled = true;
        let title = kind_advice(kind).map_or(kind.word(), |advice| advice.title.as_str());
        let message = format!("{failures} of the last {} attempts failed: {}", self.outcomes.len(), error.message);
        let condition = Condition {
            source: Source::Probe,
            code: Source::Probe.words(),
            kind,
            severity: kind.severity(),
            title,
            message: &message,
        };
        let mut found = vec![place.begins(at, &condition)];
        if let Some(Finding::Error(event)) = found.first_mut() {
            event.code.clone_from(&error.code);
        }
        found.extend(before.map(|before| place.ends(at, before, Source::Probe.words())));
        found
    }
}

/// What a failed connection is among the errors.
fn kind_of(kind: ConnectKind) -> ErrorKind {
    match kind {
        ConnectKind::BadHost
        | ConnectKind::Refused
        | ConnectKind::Unreachable
        | ConnectKind::NotReady
        | ConnectKind::Other => ErrorKind::ConnectionError,
        ConnectKind::Authentication => ErrorKind::AuthenticationFailed,
        ConnectKind::NoSuchDatabase => ErrorKind::DatabaseNotFound,
        ConnectKind::TooManyConnections => ErrorKind::TooManyConnections,
        ConnectKind::Tls | ConnectKind::UnsupportedLogin | ConnectKind::Settings => ErrorKind::ConfigurationError,
    }
}
