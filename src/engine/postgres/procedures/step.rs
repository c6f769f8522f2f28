//! How plans and steps are put together.

use super::seen::Session;
use crate::domain::diagnosis::{Cause, Diagnosis, Verdict};
use crate::domain::metric::MetricId;
use crate::domain::procedure::{Check, Comparison, OnFailure, Plan, Rung, Step, Verification};
use crate::domain::proposal::kind::FixKind;
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::steps;

/// Confidence that is taken away when the cause was not made sure of.
const UNSURE: u8 = 20;
/// Bounds of a confidence that nothing was learned for.
const BOUNDS: (u8, u8) = (40, 80);
/// A session that was ended is gone by then, seconds.
const GONE_WITHIN: u64 = 10;
/// Idle sessions in a transaction are ended by the server after this: the advisor's limit (checks.md PG02).
const PREVENTIVE_TIMEOUT: &str = "5min";

/// A plan without steps, with what the diagnosis found about its cause. `sure`: how sure it is when the cause is.
pub(super) fn plan(procedure: &str, title: impl Into<String>, cause: Cause, sure: u8, diagnosis: &Diagnosis) -> Plan {
    let title = title.into();
    let of_cause = || diagnosis.hypotheses.iter().filter(|h| h.cause == cause);
    let about = of_cause().find(|h| h.about.as_deref().is_some_and(|about| !about.is_empty() && title.contains(about)));
    let hypothesis = about.or_else(|| of_cause().next());
    let is_sure = hypothesis.is_some_and(|h| h.verdict == Verdict::Supported || h.consequence_of.is_some());
    let confidence = if is_sure { sure } else { sure.saturating_sub(UNSURE) };
    let evidence = hypothesis.map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    Plan::new(procedure, title, cause, confidence.clamp(BOUNDS.0, BOUNDS.1), evidence)
}

/// Adds a step of a typed kind; why it cannot be one blocks the plan.
pub(super) fn add(
    plan: &mut Plan,
    kind: FixKind,
    rung: Rung,
    verification: Verification,
    finish: impl FnOnce(&mut Step),
) {
    steps::add(DIALECT, plan, kind, rung, verification, finish);
}

/// What has to hold within so many seconds, in words with the number.
pub(super) fn within(check: Check, seconds: u64, words: &str) -> Verification {
    steps::within(check, seconds, words, 0)
}

/// A metric of a fresh sample is at most this, in its unit.
pub(super) fn at_most(metric: MetricId, value: f64) -> Check {
    Check::Reading { metric: metric.0.to_owned(), is: Comparison::AtMost, value }
}

/// What ending a session takes back.
pub(super) fn loses(session: &Session) -> String {
    if session.writes {
        format!("session {} has written rows that are not committed: they are rolled back at once", session.pid)
    } else {
        format!("session {} has written nothing: there is nothing to roll back", session.pid)
    }
}

/// Ends a session that is idle for at least so many seconds.
pub(super) fn end_idle(plan: &mut Plan, session: &Session, seconds: u64, why: &str) {
    let reference = session.in_transaction();
    let verification =
        within(Check::SessionsGone(vec![reference.clone()]), GONE_WITHIN, &format!("session {} is gone", session.pid));
    add(plan, FixKind::EndSessions(vec![reference.clone()]), Rung::Session, verification, |step| {
        why.clone_into(&mut step.why);
        step.requires.push(Check::IdleFor(vec![reference], seconds));
        step.expected.push(loses(session));
    });
}

/// Has the server end such sessions of this role by itself from now on.
pub(super) fn prevent_idle(plan: &mut Plan, role: &str) {
    let kind = FixKind::SetForRole {
        role: role.to_owned(),
        name: "idle_in_transaction_session_timeout".to_owned(),
        value: Some(PREVENTIVE_TIMEOUT.to_owned()),
    };
    let check = Check::InForce(Box::new(kind.clone()));
    let words = format!("the timeout of {role} is {PREVENTIVE_TIMEOUT}");
    add(plan, kind, Rung::Setting, within(check, 10, &words), |step| {
        step.why = String::from("so that the server ends the next forgotten transaction by itself");
        step.expected.push(format!(
            "new sessions of {role} that wait {PREVENTIVE_TIMEOUT} inside a transaction are ended by the server"
        ));
        step.on_failure = OnFailure::RollBack;
    });
}
