//! C8b: replication does not run. One that somebody stopped goes on; one that an error stopped has data to be looked at
//! first, and an event is never skipped.

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::REPLICA;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::fix::Source;

/// Errors of the network and of the login, which go away by themselves or by a change elsewhere.
const ON_THE_WAY: &[i64] = &[1040, 1045, 1129, 1130, 1158, 1159, 1160, 1161, 2002, 2003, 2005, 2006, 2013, 2026, 2061];

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let scene = Scene::of(case);
    let Some(rows) = scene.rows(REPLICA.name) else { return Vec::new() };
    let sources = Source::all(rows);
    sources.iter().filter(|s| !s.runs()).map(|source| of_source(source, sources.len(), diagnosis)).collect()
}

fn of_source(source: &Source, sources: usize, diagnosis: &Diagnosis) -> Plan {
    let mut plan = step::plan(
        "C8b",
        format!("Let replication go on, {}", source.words()),
        Cause::ReplicationBroken,
        if source.errno == 0 { 70 } else { 45 },
        diagnosis,
    );
    if sources > 1 || !source.channel.is_empty() {
        plan.blocked.push(format!("this server follows several others: start {} by its name", source.from));
    }
    match source.errno {
        0 => {}
        1236 => {
            plan.blocked.push("error 1236: the log that this replica needs is gone from its source".to_owned());
            plan.advice.push("build the replica anew from a backup of its source".to_owned());
        }
        1062 | 1032 => {
            plan.blocked.push(format!(
                "error {}: a row here is not what it is on the source; starting again meets it again",
                source.errno
            ));
            plan.advice.push(
                "compare the row on both sides and put it right here (with sql_log_bin = 0), then start replication; find out \
                 who writes here, and compare the tables afterwards"
                    .to_owned(),
            );
            plan.advice.push("never skip the event: what it changed would be missing here for good".to_owned());
        }
        errno if ON_THE_WAY.contains(&errno) => {
            plan.blocked.push(format!("error {errno}: the source cannot be reached as this replica tries to"));
            plan.advice.push(
                "look at the network, the account and its password; the receiver tries again by itself".to_owned(),
            );
        }
        errno => {
            plan.blocked.push(format!("error {errno} stopped it: its cause comes first"));
        }
    }
    let start = step::step(
        FixKind::StartReplication,
        Rung::Session,
        "somebody stopped it, and no error stands in its way",
        verified(Check::ReplicationRuns, 15_000, "receiver and applier run within 15 s"),
    );
    step::put(&mut plan, start, |start| {
        start.expected.push("the replica reads and applies what it has missed".to_owned());
    });
    plan
}
