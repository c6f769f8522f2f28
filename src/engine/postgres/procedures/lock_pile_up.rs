//! C5: others wait for what one session holds. A head of the queue that does nothing is ended; one that works is asked
//! to stop its statement first; a change of a table that waits with others behind it can be canceled, since it has done
//! nothing yet.

use super::seen::{self, Root, Session};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::metric;
use crate::domain::procedure::{Check, Plan, Rung, Verification};
use crate::domain::proposal::kind::FixKind;

/// Heads of queues for which plans are made.
const MOST_ROOTS: usize = 3;
/// The head has to be idle for this long, seconds: one that only fetches its next statement is not ended.
const IDLE_SECONDS: u64 = 2;
/// A canceled statement gives its locks back within this, or its transaction keeps them, seconds.
const CANCELED_WITHIN: u64 = 5;
/// Everybody behind an ended session goes on within this, one after the other where they want the same row, seconds.
const FREED_WITHIN: u64 = 60;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let sessions = seen::sessions(case);
    let roots = seen::roots(&sessions);
    let waiting = sessions.iter().filter(|s| !s.blocked_by.is_empty()).count();
    let mut plans = Vec::new();
    for root in roots.iter().take(MOST_ROOTS) {
        let Some(session) = sessions.iter().find(|s| s.pid == root.pid) else {
            plans.push(unseen(case, root, diagnosis));
            continue;
        };
        if !seen::lasts(case, session) {
            continue;
        }
        let change = waiting_change(&sessions, root);
        plans.push(of_root(session, root, waiting, change, diagnosis));
        if let Some(change) = change {
            plans.push(cancel_change(change, session, &sessions, diagnosis));
        }
    }
    plans
}

/// A head that is in no list of sessions.
fn unseen(case: &Case<'_>, root: &Root, diagnosis: &Diagnosis) -> Plan {
    let behind = root.behind.len();
    let cause = Cause::LockWaitChain;
    if root.pid == 0 {
        let mut plan =
            step::plan("C5", format!("Free {behind} sessions from a prepared transaction"), cause, 60, diagnosis);
        plan.blocked
            .push("whether a prepared transaction is committed or rolled back is its coordinator's word".to_owned());
        plan.advice.extend(seen::rows(case, "diagnose.prepared").map(|row| {
            let waits = seen::age(row.number("seconds").unwrap_or(0.0));
            format!(
                "{} of {} waits for its second phase for {waits}: ask its coordinator",
                row.text("gid"),
                row.text("owner")
            )
        }));
        return plan;
    }
    let mut plan = step::plan("C5", format!("Free {behind} sessions from session {}", root.pid), cause, 60, diagnosis);
    plan.blocked.push(format!(
        "session {} is not among those that can be seen: it is this program's own act, which is stopped where it runs, or a part of the server",
        root.pid
    ));
    plan
}

/// A change of a table that waits for the head, with others behind it.
fn waiting_change<'s>(sessions: &'s [Session], root: &Root) -> Option<&'s Session> {
    let is_waited_for = |pid: i64| sessions.iter().any(|s| s.blocked_by.contains(&pid));
    let waiting = sessions.iter().filter(|s| root.behind.contains(&s.pid) && is_waited_for(s.pid));
    waiting.into_iter().find(|s| seen::changes_objects(&s.query) && s.untouchable().is_none())
}

/// The queue is gone: nobody waits for the session, and no more wait in all than waited for others.
fn freed(session: &Session, behind: usize, waiting: usize, seconds: u64, gone: bool) -> Verification {
    let others = u32::try_from(waiting.saturating_sub(behind)).unwrap_or(u32::MAX);
    let mut checks =
        vec![Check::NobodyWaitsFor(vec![session.itself()]), step::at_most(metric::BLOCKED, f64::from(others))];
    if gone {
        checks.insert(0, Check::SessionsGone(vec![session.in_transaction()]));
    }
    step::within(Check::All(checks), seconds, &format!("blocked {waiting} -> {others}"))
}

fn of_root(session: &Session, root: &Root, waiting: usize, change: Option<&Session>, diagnosis: &Diagnosis) -> Plan {
    let behind = root.behind.len();
    let idle = session.is_idle_in_transaction();
    let cause = match change {
        _ if idle => Cause::IdleInTransaction,
        Some(_) => Cause::MetadataLock,
        None => Cause::LockWaitChain,
    };
    let noun = if behind == 1 { "session" } else { "sessions" };
    let title = format!("Free {behind} waiting {noun} from {}", session.words());
    let mut plan = step::plan("C5", title, cause, if idle { 80 } else { 70 }, diagnosis);
    plan.evidence.insert(
        0,
        format!(
            "{behind} wait for {}, which is {} for {} in a transaction {} old",
            session.words(),
            if session.state.is_empty() { "in a hidden state" } else { &session.state },
            seen::age(session.state_seconds),
            seen::age(session.xact_seconds)
        ),
    );
    if let Some(why) = session.untouchable() {
        plan.blocked.push(why);
        plan.advice.push("wait for it, or cancel those behind it one by one".to_owned());
        return plan;
    }
    if session.works_on_objects() {
        plan.blocked.push(format!(
            "session {} changes or maintains objects: what it has done of that would be thrown away",
            session.pid
        ));
        plan.advice.push("whoever began it can say how long it takes and stop it in order".to_owned());
        return plan;
    }
    let holds = Check::Blocks(session.in_transaction(), 1);
    if session.state == "active" {
        let verification = freed(session, behind, waiting, CANCELED_WITHIN, false);
        step::add(
            &mut plan,
            FixKind::CancelStatements(vec![session.in_statement()]),
            Rung::Session,
            verification,
            |step| {
                step.why = String::from("it works: its statement is stopped first, so that its client can go on");
                step.requires.push(holds.clone());
                step.expected.push(format!(
                    "blocked {waiting} -> {}, unless its transaction stays open",
                    waiting.saturating_sub(behind)
                ));
            },
        );
    }
    let verification = freed(session, behind, waiting, FREED_WITHIN, true);
    let kind = FixKind::EndSessions(vec![session.in_transaction()]);
    step::add(&mut plan, kind, Rung::Session, verification, |step| {
        step.requires.push(holds);
        step.why = if session.state == "active" {
            "its transaction keeps the locks of the statements before".to_owned()
        } else {
            step.requires.push(Check::IdleFor(vec![session.in_transaction()], IDLE_SECONDS));
            "it does nothing and keeps its locks: there is no statement that could be stopped".to_owned()
        };
        step.expected.push(format!("blocked {waiting} -> {}", waiting.saturating_sub(behind)));
        step.expected.push(step::loses(session));
    });
    plan.advice.push(if idle {
        format!("the application of {} leaves transactions open: commit before waiting for anything else", session.user)
    } else {
        "change fewer rows in one transaction, the same objects in the same order, and set lock_timeout where waiting is worse than failing".to_owned()
    });
    plan
}

fn cancel_change(change: &Session, head: &Session, sessions: &[Session], diagnosis: &Diagnosis) -> Plan {
    let behind = sessions.iter().filter(|s| s.blocked_by.contains(&change.pid)).count();
    let title = format!("Cancel the change of a table in {}, which waits for {}", change.words(), head.words());
    let mut plan = step::plan("C5", title, Cause::MetadataLock, 75, diagnosis);
    plan.evidence.insert(0, format!("{behind} wait behind session {}, which has not begun its work yet", change.pid));
    let verification = step::within(
        Check::NobodyWaitsFor(vec![change.itself()]),
        CANCELED_WITHIN,
        &format!("{behind} -> 0 wait for session {}", change.pid),
    );
    let kind = FixKind::CancelStatements(vec![change.in_statement()]);
    step::add(&mut plan, kind, Rung::Session, verification, |step| {
        step.why =
            String::from("it waits and has changed nothing: everybody behind it goes on, and it can be sent again");
        step.requires.push(Check::Blocks(change.in_statement(), 1));
        step.expected.push(format!("{behind} readers and writers go on"));
    });
    plan.advice.push("send it again with SET lock_timeout = '2s', and again if that is not enough".to_owned());
    plan
}
