//! Counters of errors that servers keep: what came since the last look is that many errors.
//!
//! The first look says nothing about when its errors came. Nor does one after a restart, or after somebody set the
//! counters back: then a count is smaller than it was, or gone.

use super::{Finding, Place};
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::error::group::group;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::Understood;
use crate::domain::error::signature::signature;
use crate::domain::metric::{self, MetricId, Readings};
use crate::domain::target::Timestamp;
use std::collections::BTreeMap;

/// Counters of a sample that count something that went wrong: metric, kind, severity, title. Evictions are what a
/// cache is made for, and errors that the server only numbers may be anybody's: both are worth knowing and no more.
const METRICS: &[(MetricId, ErrorKind, Severity, &str)] = &[
    (metric::DEADLOCKS, ErrorKind::Deadlock, Severity::Error, "Deadlocks were broken"),
    (metric::REJECTED_CONNECTIONS, ErrorKind::TooManyConnections, Severity::Critical, "Connections were refused"),
    (metric::EVICTIONS, ErrorKind::ResourceLimit, Severity::Info, "Keys were thrown out for memory"),
    (metric::ASSERTS, ErrorKind::Other, Severity::Info, "The server counted errors"),
];

/// A counter: the error that it counts, and how many there were since the server started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The error, as far as a counter tells.
    pub error: Understood,
    /// All of them.
    pub total: u64,
}

/// The counters among a sample's raw readings.
pub fn of_readings(readings: &Readings) -> Vec<Counted> {
    METRICS
        .iter()
        .filter_map(|&(id, kind, severity, title)| {
            let total = *readings.get(&id)?;
            let code = format!("COUNTER_{}", id.0.to_uppercase());
            let error = Understood {
                signature: signature(kind, &code),
                group: group(&code, kind, title),
                code,
                kind,
                severity,
                object: None,
                message: title.to_owned(),
                title: title.to_owned(),
                transient: kind == ErrorKind::Deadlock,
            };
            Some(Counted { error, total: whole(total)? })
        })
        .collect()
}

/// The last look at a target's counters.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    started_at: Option<Timestamp>,
    /// By signature and code; none before the first look.
    totals: Option<BTreeMap<(String, String), u64>>,
}

impl Counters {
    pub(super) fn counted(
        &mut self,
        place: &Place,
        at: Timestamp,
        started_at: Option<Timestamp>,
        counts: &[Counted],
    ) -> Vec<Finding> {
        let mut totals: BTreeMap<(String, String), u64> = BTreeMap::new();
        for count in counts {
            let total = totals.entry(key(count)).or_default();
            *total = total.saturating_add(count.total);
        }
        let restarted = started_at.zip(self.started_at).is_some_and(|(now, before)| restart(before, now));
        self.started_at = started_at.or(self.started_at);
        let Some(before) = self.totals.replace(totals.clone()) else { return Vec::new() };
        let set_back = before.iter().any(|(key, total)| totals.get(key).is_none_or(|now| now < total));
        if restarted || set_back {
            return Vec::new();
        }
        let mut found = Vec::new();
        for count in counts {
            let key = key(count);
            // Taken, so that a counter that is listed twice is told once.
            let Some(total) = totals.remove(&key) else { continue };
            let more = total - before.get(&key).copied().unwrap_or(0);
            if more > 0 {
                found.push(Finding::Error(Box::new(event(place, at, &count.error, more))));
            }
        }
        found
    }
}

fn event(place: &Place, at: Timestamp, error: &Understood, count: u64) -> ErrorEvent {
    ErrorEvent {
        at,
        target: place.target.clone(),
        engine: place.engine.clone(),
        source: Source::Counter,
        code: error.code.clone(),
        kind: error.kind,
        severity: error.severity,
        object: error.object.clone(),
        message: error.message.clone(),
        statement: None,
        more: None,
        user: None,
        database: None,
        signature: error.signature.clone(),
        group: error.group.clone(),
        title: error.title.clone(),
        transient: error.transient,
        count,
    }
}

fn key(count: &Counted) -> (String, String) {
    (count.error.signature.clone(), count.error.code.clone())
}

/// Servers that tell their uptime in whole seconds tell a start that moves by one.
fn restart(before: Timestamp, now: Timestamp) -> bool {
    now.since(before) > 2000
}

/// A reading as a count; none where it is none.
fn whole(reading: f64) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range that is exact")]
    (0.0..9e15).contains(&reading).then_some(reading as u64)
}
