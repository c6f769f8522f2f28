//! C5: others wait for rows that one session holds. A root that does nothing is ended; one that works is asked to stop
//! its statement first.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung, Step};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::persistent;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::locks::{Moment, On, Root};
use crate::engine::mysql::diagnose::seen::session::Session;
use crate::engine::mysql::diagnose::seen::statement::wants_the_table;

/// Roots for which plans are made.
const MOST_ROOTS: usize = 3;
/// Rows from which a rollback takes so long that waiting may be better.
const MANY_ROWS: u64 = 1_000_000;
/// Time for the waiters to go on after a statement was cancelled, milliseconds.
const CANCELLED_MS: u64 = 5_000;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    let Some(now) = scene.now() else { return Vec::new() };
    persistent(&scene, now)
        .iter()
        .filter(|root| root.on == On::Rows)
        .take(MOST_ROOTS)
        .map(|root| of_root(now, root, diagnosis))
        .collect()
}

fn of_root(now: &Moment, root: &Root, diagnosis: &Diagnosis) -> Plan {
    let blocked = root.blocked.len();
    let cause = Cause::LockWaitChain;
    let Some(session) = now.session(root.id) else {
        let mut plan = step::plan("C5", format!("End session {}", root.id), cause, 50, diagnosis);
        plan.blocked.push(format!("session {} holds up {blocked} others and is not in the list of sessions", root.id));
        return plan;
    };
    let mut plan =
        step::plan("C5", format!("Free {blocked} waiting session(s) from {}", session.words()), cause, 75, diagnosis);
    if let Some(why) = session.untouchable() {
        plan.blocked.push(format!("session {} {why}", session.id));
        plan.advice.push("look at it in its own tool; the sessions behind it can be cancelled one by one".to_owned());
        return plan;
    }
    if wants_the_table(&session.statement) {
        plan.blocked.push(format!(
            "session {} changes an object ({}): what it has done of it would be thrown away",
            session.id,
            session.shown_statement()
        ));
        return plan;
    }
    let reference = session.reference();
    let holds = Check::Blocks(reference.clone(), 1);
    let ending = |end: &mut Step| {
        end.requires.push(holds.clone());
        end.expected.insert(0, format!("blocked {blocked} -> 0"));
        step::and_nobody_waits(end, vec![reference.clone()], blocked);
    };
    if session.sleeps() {
        let why = "it does nothing and keeps its locks: cancelling a statement is of no use where none runs";
        step::put(&mut plan, step::end(session, why), |end| {
            ending(end);
            end.requires.push(Check::IdleFor(vec![reference.clone()], 1));
        });
    } else {
        let cancel = step::step(
            FixKind::CancelStatements(vec![reference.clone()]),
            Rung::Session,
            "it works: its statement is asked to stop first, so that its client can go on",
            step::verified(
                Check::NobodyWaitsFor(vec![reference.clone()]),
                CANCELLED_MS,
                format!("blocked {blocked} -> 0 within {} s", CANCELLED_MS / 1_000),
            ),
        );
        step::put(&mut plan, cancel, |cancel| {
            cancel.requires.push(holds.clone());
            cancel.expected.push(format!("blocked {blocked} -> 0, when the statement has all the locks"));
        });
        let end = step::end(session, "its transaction keeps the locks of the statements before");
        step::put(&mut plan, end, ending);
    }
    if session.rows_modified > MANY_ROWS {
        plan.confidence = 50;
        plan.advice.push(format!(
            "{} changed rows have to be rolled back, which may take longer than letting it finish",
            session.rows_modified
        ));
    }
    plan.advice.push(advice(session));
    plan
}

fn advice(session: &Session) -> String {
    if session.sleeps() {
        format!(
            "the application of {} leaves transactions open: commit before waiting for a person or another service, or let \
             the server end them (MariaDB: idle_transaction_timeout)",
            session.user
        )
    } else {
        "change fewer rows in one transaction, and find them through an index: InnoDB locks every row that it looks at"
            .to_owned()
    }
}
