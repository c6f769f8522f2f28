//! C20: the disk is full, and binary logs are what the server itself can give back. Nothing is removed that a replica may
//! need.

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::BINARY_LOGS;
use crate::engine::mysql::diagnose::seen::Scene;

/// Logs that stay: the one that is written, and two before it.
const STAY: usize = 3;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    if !diagnosis.roots().any(|h| h.cause == Cause::DiskFull) && case.focus != Some(Cause::DiskFull) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let mut plan = step::plan("C20", "Remove old binary logs", Cause::DiskFull, 55, diagnosis);
    for advice in [
        "what else grows: temporary tables of long statements, the undo log behind an old transaction, server logs, one large table",
        "never remove files of the server by hand; OPTIMIZE needs as much room again as the table has",
        "copy the logs elsewhere first, when they are what a restore to a point in time goes by",
    ] {
        plan.advice.push(advice.to_owned());
    }
    let Some(rows) = scene.rows(BINARY_LOGS.name) else {
        let why = scene.refusal(BINARY_LOGS.name).unwrap_or("the list of binary logs was not read");
        plan.blocked.push(why.to_owned());
        return vec![plan];
    };
    let logs: Vec<(String, f64)> = rows
        .rows
        .iter()
        .map(|row| (rows.text(row, "Log_name"), rows.get(row, "File_size").number().unwrap_or(0.0)))
        .collect();
    let Some(first) = logs.len().checked_sub(STAY).filter(|n| *n > 0) else {
        plan.blocked.push(format!("there are {} binary logs, and {STAY} stay in any case", logs.len()));
        return vec![plan];
    };
    let (all, freed): (f64, f64) =
        (logs.iter().map(|(_, bytes)| bytes).sum(), logs[..first].iter().map(|(_, bytes)| bytes).sum());
    let readers =
        scene.now().map_or(0, |now| now.sessions.iter().filter(|s| s.command.starts_with("Binlog Dump")).count());
    if readers > 0 {
        plan.blocked.push(format!(
            "{readers} replica(s) read these logs: which one each has come to stands in its own SHOW REPLICA STATUS"
        ));
    }
    if !scene.sees_all() {
        plan.blocked
            .push("whether a replica reads these logs is hidden from this login: GRANT PROCESS ON *.* to it".into());
    }
    let to = logs[first].0.clone();
    let purge = step::step(
        FixKind::PurgeLogs(to.clone()),
        Rung::Removing,
        format!("{first} logs before {to} hold {:.0} MB, and no replica reads them", freed / 1_048_576.0),
        verified(
            Check::InForce(Box::new(FixKind::PurgeLogs(to.clone()))),
            30_000,
            format!("{to} is the oldest binary log"),
        ),
    );
    step::put(&mut plan, purge, |purge| {
        purge.expected.push(format!(
            "binary logs {:.0} MB -> {:.0} MB",
            all / 1_048_576.0,
            (all - freed) / 1_048_576.0
        ));
    });
    let expire = scene.setting("binlog_expire_logs_seconds").or_else(|| scene.setting("expire_logs_days"));
    if expire == Some(0.0) {
        plan.advice.push("binary logs never expire here: set binlog_expire_logs_seconds".to_owned());
    }
    vec![plan]
}
