//! Detection: what is tried, measured and counted becomes errors and ends of conditions. Only in the process that has
//! the claim on it: two that watch the same targets on one store must not count everything twice.

use super::effect::Effect;
use super::event::Failure;
use super::model::{Model, TargetModel};
use crate::domain::error_event::{ConnectError, ConnectKind, NOT_SENT};
use crate::domain::incident::detect::{Counted, Detector, Finding, of_readings};
use crate::domain::incident::limits::Limits;
use crate::domain::metric::Readings;
use crate::domain::rule::Measure;
use crate::domain::target::{TargetId, Timestamp};

/// The claim came or went. Whoever takes over knows nothing yet: what it finds well is told, so that incidents of the
/// one before it end.
pub(super) fn claimed(model: &mut Model, detects: bool) {
    model.detects = detects;
    for t in &mut model.targets {
        (t.detector, t.server_counters) = fresh(t);
        t.rules = t.rules.afresh();
    }
}

/// Detectors of a target of which nothing is known.
pub(super) fn fresh(t: &TargetModel) -> (Detector, Detector) {
    let detector = Detector::new(t.target.id.clone(), t.target.engine.0);
    (detector.clone(), detector)
}

/// A collection succeeded, and the target was judged by it.
pub(super) fn measured(t: &mut TargetModel, now: Timestamp, limits: &Limits) -> Vec<Finding> {
    let mut found = t.detector.tried(now, Ok(()), limits);
    found.extend(t.detector.judged(now, &t.health));
    found.extend(t.rules.measured(now, &t.values));
    if let Some(sample) = &t.sample {
        // A server that began anew counts from 0 again, which is seen without knowing when it did.
        found.extend(t.detector.counted(now, None, &of_readings(&sample.readings)));
    }
    found
}

/// A collection failed. What the server said about one of our own statements is no failed connection, and neither is
/// a login that was not tried.
pub(super) fn failed(t: &mut TargetModel, now: Timestamp, failure: &Failure, limits: &Limits) -> Vec<Finding> {
    // Nothing was measured: for rules every reading is missing, which may end one whose time is over.
    let mut found = t.rules.measured(now, &Readings::new());
    if failure.code == NOT_SENT || (failure.kind == ConnectKind::Other && !failure.code.is_empty()) {
        return found;
    }
    let error = ConnectError::new(failure.kind, failure.message.clone()).with_code(&failure.code);
    found.extend(t.detector.tried(now, Err(&error), limits));
    found
}

/// The server's own counters of errors were read.
pub(super) fn counted(model: &mut Model, id: &TargetId, counts: &[Counted]) -> Vec<Effect> {
    let (now, detects) = (model.now, model.detects);
    let Some(t) = model.target_mut(id).filter(|_| detects) else { return Vec::new() };
    effects(t.server_counters.counted(now, None, counts))
}

/// A question that is asked for its own sake was answered.
pub(super) fn answered(model: &mut Model, id: &TargetId, asked: &Measure, number: f64) -> Vec<Effect> {
    let (now, detects) = (model.now, model.detects);
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    let found = t.rules.answered(now, asked, number);
    if detects { effects(found) } else { Vec::new() }
}

/// What was found, as wishes.
pub(super) fn effects(found: Vec<Finding>) -> Vec<Effect> {
    let (mut errors, mut ended) = (Vec::new(), Vec::new());
    for finding in found {
        match finding {
            Finding::Error(event) => errors.push(*event),
            Finding::Ended(end) => ended.push(end),
        }
    }
    let report = (!errors.is_empty()).then_some(Effect::ReportErrors(errors));
    let end = (!ended.is_empty()).then_some(Effect::EndConditions(ended));
    report.into_iter().chain(end).collect()
}
