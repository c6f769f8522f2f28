//! C19b: a change of a table waits for somebody who uses it, and everybody waits behind the change. A holder that has
//! been idle for a minute is ended; otherwise the change is taken back, which loses nothing.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::persistent;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::locks::{Moment, On, Root};
use crate::engine::mysql::diagnose::seen::session::{Session, seconds};
use crate::engine::mysql::diagnose::seen::statement::wants_the_table;

/// A holder that is idle for so long is forgotten, seconds.
const FORGOTTEN_S: u64 = 60;
/// Time for the queue to go on, milliseconds.
const FREED_MS: u64 = 5_000;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    if !diagnosis.roots().any(|h| h.cause == Cause::MetadataLock) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let Some(now) = scene.now() else { return Vec::new() };
    let roots = persistent(&scene, now);
    let holder = roots.iter().find(|root| root.on == On::Metadata);
    let changes: Vec<&Session> =
        now.sessions.iter().filter(|s| s.waits_for_metadata() && wants_the_table(&s.statement)).collect();
    let mut plans = Vec::new();
    if let Some(root) = holder {
        plans.extend(now.session(root.id).map(|session| of_holder(session, root, diagnosis)));
    }
    // When nobody is to be ended, the change gives way.
    plans.extend(of_changes(now, &changes, diagnosis));
    plans.sort_by_key(|plan| !plan.can_be_proposed());
    plans
}

fn of_holder(session: &Session, root: &Root, diagnosis: &Diagnosis) -> Plan {
    let blocked = root.blocked.len();
    let mut plan = step::plan(
        "C19b",
        format!("Free {blocked} session(s) that wait for a table from {}", session.words()),
        Cause::MetadataLock,
        if root.inferred { 60 } else { 75 },
        diagnosis,
    );
    let forgotten_ms = i64::try_from(FORGOTTEN_S * 1_000).unwrap_or(i64::MAX);
    if let Some(why) = session.untouchable() {
        plan.blocked.push(format!("session {} {why}", session.id));
    } else if wants_the_table(&session.statement) {
        plan.blocked.push(format!(
            "session {} changes the table now ({}): what it has done of it would be thrown away",
            session.id,
            session.shown_statement()
        ));
    } else if !session.sleeps() {
        plan.blocked.push(format!("session {} works: {}", session.id, session.shown_statement()));
    } else if session.time_ms < forgotten_ms {
        plan.blocked.push(format!(
            "session {} is idle for {} only, and its client may go on: the limit is {FORGOTTEN_S} s",
            session.id,
            seconds(session.time_ms)
        ));
    }
    let reference = session.reference();
    step::put(&mut plan, step::end(session, "it does nothing and keeps the table from being changed"), |end| {
        end.requires.push(Check::IdleFor(vec![reference.clone()], FORGOTTEN_S));
        if !root.inferred {
            end.requires.push(Check::Blocks(reference.clone(), 1));
        }
        end.expected.insert(0, format!("blocked {blocked} -> 0, and the change of the table goes on"));
        step::and_nobody_waits(end, vec![reference], blocked);
    });
    plan.advice.push("set lock_wait_timeout low in the session that changes a table, and try again: a change that gives up lets the others go on".into());
    plan
}

fn of_changes(now: &Moment, changes: &[&Session], diagnosis: &Diagnosis) -> Option<Plan> {
    let behind = |session: &Session| now.blocked_by(session.id).len();
    let first = changes.first()?;
    let blocked: usize = changes.iter().map(|s| behind(s)).max().unwrap_or(0);
    let mut plan = step::plan(
        "C19b",
        format!("Take back the change that waits: {}", first.shown_statement()),
        Cause::MetadataLock,
        70,
        diagnosis,
    );
    for session in changes {
        if let Some(why) = session.untouchable() {
            plan.blocked.push(format!("session {} {why}", session.id));
            continue;
        }
        let reference = session.reference();
        let cancel = step::step(
            FixKind::CancelStatements(vec![reference.clone()]),
            Rung::Session,
            "it has not begun yet: nothing is lost, and those behind it go on at once",
            step::verified(
                Check::NobodyWaitsFor(vec![reference.clone()]),
                FREED_MS,
                format!("blocked {blocked} -> 0 behind session {} within {} s", session.id, FREED_MS / 1_000),
            ),
        );
        step::put(&mut plan, cancel, |cancel| {
            cancel.expected.push(format!("blocked {} -> 0", behind(session)));
        });
    }
    plan.advice.push("run the change again in a quiet hour, with a low lock_wait_timeout".into());
    Some(plan)
}
