//! How the steps of plans are put together: every part that an approval shows is filled in here or by the procedure.

use crate::domain::diagnosis::{Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung, Step, Verification};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::engine::mysql::diagnose::seen::session::Session;
use crate::engine::mysql::dialect::DIALECT;
use crate::engine::steps;

/// Rows that InnoDB rolls back in a second, carefully counted: what is waited for after a session was ended.
const ROLLED_BACK_A_SECOND: u64 = 20_000;
/// Time in which a session that has nothing to roll back is gone, milliseconds.
const AT_ONCE_MS: u64 = 10_000;

/// A step that does one typed act.
///
/// # Errors
/// The dialect's sentence when the kind has no statement with these parameters.
pub(super) fn step(
    kind: FixKind,
    rung: Rung,
    why: impl Into<String>,
    verification: Verification,
) -> Result<Step, String> {
    Ok(Step { why: why.into(), ..steps::of_kind(DIALECT, kind, rung, verification)? })
}

/// Adds a step to a plan; why it cannot be one blocks the plan.
pub(super) fn put(plan: &mut Plan, step: Result<Step, String>, finish: impl FnOnce(&mut Step)) {
    match step {
        Ok(mut step) => {
            finish(&mut step);
            plan.steps.push(step);
        }
        Err(why) => plan.blocked.push(why),
    }
}

/// How it is known that it helped.
pub(super) fn verified(check: Check, within_ms: u64, words: impl Into<String>) -> Verification {
    Verification { check, within_ms, words: words.into(), hold_ms: 0 }
}

/// A plan without steps yet, with what a diagnosis has found for its cause.
pub(super) fn plan(
    procedure: &str,
    title: impl Into<String>,
    cause: Cause,
    confidence: u8,
    diagnosis: &Diagnosis,
) -> Plan {
    let evidence = diagnosis.of(cause).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect());
    Plan::new(procedure, title, cause, confidence, evidence.unwrap_or_default())
}

/// Ends one session.
pub(super) fn end(session: &Session, why: impl Into<String>) -> Result<Step, String> {
    let reference = session.reference();
    let gone_ms = AT_ONCE_MS + session.rows_modified.saturating_mul(1_000) / ROLLED_BACK_A_SECOND;
    let mut step = step(
        FixKind::EndSessions(vec![reference.clone()]),
        Rung::Session,
        why,
        verified(
            Check::SessionsGone(vec![reference]),
            gone_ms,
            format!("session {} is gone within {} s", session.id, gone_ms / 1_000),
        ),
    )?;
    step.expected.push(rollback(session));
    Ok(step)
}

/// What ending it takes back.
pub(super) fn rollback(session: &Session) -> String {
    match session.rows_modified {
        0 => format!("session {}: no changed rows to roll back", session.id),
        rows => format!(
            "session {}: {rows} changed rows are rolled back, about {} s",
            session.id,
            (rows / ROLLED_BACK_A_SECOND).max(1)
        ),
    }
}

/// Adds to the verification of a step that nobody waits for these sessions any more.
pub(super) fn and_nobody_waits(step: &mut Step, sessions: Vec<SessionRef>, blocked: usize) {
    let first = step.verification.check.clone();
    step.verification.check = Check::All(vec![first, Check::NobodyWaitsFor(sessions)]);
    step.verification.words =
        format!("blocked {blocked} -> 0 within {} s: {}", step.verification.within_ms / 1_000, step.verification.words);
}
