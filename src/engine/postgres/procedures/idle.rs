//! PG02, PG03: sessions that wait inside a transaction, and transactions that work for very long. Both keep dead rows
//! and locks.

use super::seen::{self, Session};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;

/// Idle in a transaction for this long, seconds, is forgotten (checks.md PG02); less is named only by a diagnosis.
const FORGOTTEN: f64 = 300.0;
/// Below this nothing is ended, whoever names it, seconds.
const LEAST_IDLE: u64 = 60;
/// A transaction at work for this long, seconds (checks.md PG03).
const LONG: f64 = 3_600.0;
/// Sessions for which plans are made.
const MOST: usize = 3;

/// The diagnosis names this session for the cause.
fn is_named(session: &Session, cause: Cause, diagnosis: &Diagnosis) -> bool {
    let name = format!("session {}", session.pid);
    diagnosis
        .hypotheses
        .iter()
        .any(|h| h.cause == cause && h.verdict == Verdict::Supported && h.about.as_deref() == Some(name.as_str()))
}

/// Ends forgotten transactions.
pub(super) fn forgotten(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let cause = Cause::IdleInTransaction;
    let sessions = seen::sessions(case);
    let mut found: Vec<&Session> = sessions
        .iter()
        .filter(|s| s.is_idle_in_transaction())
        .filter(|s| s.state_seconds >= FORGOTTEN || is_named(s, cause, diagnosis))
        .collect();
    found.sort_by(|a, b| b.xact_seconds.total_cmp(&a.xact_seconds));
    found.into_iter().take(MOST).map(|session| of_forgotten(case, session, &sessions, diagnosis)).collect()
}

fn of_forgotten(case: &Case<'_>, session: &Session, sessions: &[Session], diagnosis: &Diagnosis) -> Plan {
    let title = format!("End {}, idle in its transaction for {}", session.words(), seen::age(session.state_seconds));
    let mut plan = step::plan("PG02", title, Cause::IdleInTransaction, 75, diagnosis);
    if let Some(age) = session.xmin_age {
        plan.evidence.push(format!("it keeps rows that died in the last {age:.0} transactions from being taken away"));
    }
    if let Some(why) = session.untouchable() {
        plan.blocked.push(why);
        return plan;
    }
    let least = LEAST_IDLE as f64;
    if session.state_seconds < least && !sessions.iter().any(|s| s.blocked_by.contains(&session.pid)) {
        plan.blocked.push(format!(
            "session {} is idle for {} only and nobody waits for it: it may go on by itself",
            session.pid,
            seen::age(session.state_seconds)
        ));
    }
    let required = if session.state_seconds < least { 1 } else { LEAST_IDLE };
    let why = "there is no statement that could be stopped: only the end of the session ends its transaction";
    step::end_idle(&mut plan, session, required, why);
    if may_be_limited(case, &session.user) {
        step::prevent_idle(&mut plan, &session.user);
    }
    plan.advice.push(format!("find in the application of {} where it waits between two statements", session.user));
    plan
}

/// The role has no timeout of its own and is no superuser.
fn may_be_limited(case: &Case<'_>, role: &str) -> bool {
    let has_one = seen::rows(case, "diagnose.role_settings")
        .any(|row| row.text("role") == role && row.text("name") == "idle_in_transaction_session_timeout");
    let is_superuser = seen::rows(case, "diagnose.roles").any(|row| row.text("role") == role && row.is("superuser"));
    let for_all = seen::setting_number(case, "idle_in_transaction_session_timeout").is_some_and(|ms| ms > 0.0);
    !role.is_empty() && !has_one && !is_superuser && !for_all
}

/// Stops transactions that work for very long.
pub(super) fn long(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let cause = Cause::LongTransaction;
    let sessions = seen::sessions(case);
    let mut found: Vec<&Session> = sessions
        .iter()
        .filter(|s| s.state == "active" && s.waits_on != "Lock")
        .filter(|s| s.xact_seconds >= LONG || is_named(s, cause, diagnosis))
        .collect();
    found.sort_by(|a, b| b.xact_seconds.total_cmp(&a.xact_seconds));
    found.into_iter().take(MOST).map(|session| of_long(session, diagnosis)).collect()
}

fn of_long(session: &Session, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Stop {}, in a transaction for {}", session.words(), seen::age(session.xact_seconds));
    let mut plan = step::plan("PG03", title, Cause::LongTransaction, 60, diagnosis);
    plan.advice.push(format!("ask {} first: a report or a batch may need its time", session.user));
    if let Some(why) = session.untouchable() {
        plan.blocked.push(why);
    } else if session.works_on_objects() {
        plan.blocked
            .push(format!("session {} changes or maintains objects: its work would be thrown away", session.pid));
    } else {
        let idle = Check::IdleFor(vec![session.itself()], 0);
        let words = format!("session {} runs nothing", session.pid);
        let kind = FixKind::CancelStatements(vec![session.in_statement()]);
        step::add(&mut plan, kind, Rung::Session, step::within(idle, 10, &words), |step| {
            step.why = String::from("its statement is stopped first, so that its client hears of it");
            step.expected.push(format!("the statement of session {} fails with 57014", session.pid));
        });
        let gone = Check::SessionsGone(vec![session.in_transaction()]);
        let words = format!("session {} is gone", session.pid);
        let kind = FixKind::EndSessions(vec![session.in_transaction()]);
        step::add(&mut plan, kind, Rung::Session, step::within(gone, 10, &words), |step| {
            step.why = String::from("a transaction that stays open after that keeps its snapshot and its locks");
            step.expected.push(step::loses(session));
        });
    }
    plan
}
