//! C8: a replica is behind. On the replica itself a statement may hold up replay: it is canceled. Everything else is
//! looked for on the other side.

use super::seen::{self, Session};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::metric;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;

const ID: &str = "C8";
/// Seconds that a replica may be behind afterwards (checks.md C8).
const CAUGHT_UP: f64 = 5.0;
/// Replay is held up by statements that are older than it is behind, and at least this old, seconds.
const OLD_STATEMENT: f64 = 10.0;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    match seen::rows(case, "diagnose.receiver").next().filter(|row| row.is("in_recovery")) {
        Some(row) => vec![on_replica(case, row.number("replay_seconds").unwrap_or(0.0), row.is("paused"), diagnosis)],
        None => vec![on_primary(case, diagnosis)],
    }
}

fn on_primary(case: &Case<'_>, diagnosis: &Diagnosis) -> Plan {
    let mut plan = step::plan(ID, "Let replicas catch up", Cause::ReplicationLag, 50, diagnosis);
    for row in seen::rows(case, "diagnose.replication") {
        let name = row.text("application_name");
        let (send, replay) = (row.number("send_bytes").unwrap_or(0.0), row.number("replay_bytes").unwrap_or(0.0));
        if send > replay && send > 0.0 {
            plan.advice
                .push(format!("{name}: {} are not sent: the network, or its receiver, is slow", seen::size(send)));
        } else if replay > 0.0 {
            plan.advice.push(format!(
                "{name}: {} are there and not replayed: look on {name} for statements that hold up replay",
                seen::size(replay)
            ));
        }
    }
    plan.advice.push("pause what writes most here (batches, index builds) until they have caught up".to_owned());
    plan
}

fn on_replica(case: &Case<'_>, behind: f64, paused: bool, diagnosis: &Diagnosis) -> Plan {
    let mut plan = step::plan(ID, "Let this replica catch up", Cause::ReplicationLag, 65, diagnosis);
    plan.evidence.push(format!("what is replayed here is {} old", seen::age(behind)));
    if paused {
        plan.blocked.push(
            "replay was paused by a person: SELECT pg_wal_replay_resume() goes on, when that person agrees".to_owned(),
        );
        return plan;
    }
    let sessions = seen::sessions(case);
    let waits = sessions.iter().find(|s| s.backend == "startup").is_some_and(holds_up);
    let oldest = sessions
        .iter()
        .filter(|s| s.is_client() && s.xmin_age.is_some() && s.xact_seconds >= OLD_STATEMENT)
        .max_by(|a, b| a.xact_seconds.total_cmp(&b.xact_seconds));
    let Some(session) = oldest.filter(|_| waits) else {
        plan.advice.push(
            "no statement here holds up replay: the disk or the one process that replays is what limits it".to_owned(),
        );
        return plan;
    };
    plan.title = format!("Stop {}, which holds up replay", session.words());
    plan.evidence.push(format!(
        "replay waits for a conflict with statements here; the oldest is that of {}, {} old",
        session.words(),
        seen::age(session.xact_seconds)
    ));
    if let Some(why) = session.untouchable() {
        plan.blocked.push(why);
    }
    let caught_up = Check::Reading {
        metric: metric::LAG.0.to_owned(),
        is: crate::domain::procedure::Comparison::AtMost,
        value: CAUGHT_UP.max(behind / 2.0),
    };
    let verification =
        step::within(caught_up, 60, &format!("lag {behind:.0} s -> at most {:.0} s", CAUGHT_UP.max(behind / 2.0)));
    let (kind, why) = if session.state == "active" {
        (FixKind::CancelStatements(vec![session.in_statement()]), "a statement that reads can be sent again")
    } else {
        (FixKind::EndSessions(vec![session.in_transaction()]), "it runs nothing and keeps an old snapshot")
    };
    step::add(&mut plan, kind, Rung::Session, verification, |step| {
        why.clone_into(&mut step.why);
        step.expected.push("replay goes on".to_owned());
    });
    plan.advice.push("max_standby_streaming_delay bounds how long replay waits; hot_standby_feedback avoids conflicts and keeps dead rows on the primary".to_owned());
    plan
}

/// Replay waits for somebody's snapshot, lock or page.
fn holds_up(startup: &Session) -> bool {
    matches!(startup.waits_on.as_str(), "Lock" | "BufferPin" | "IPC" | "Timeout")
}
