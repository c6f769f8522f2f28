//! C7: the disk is full, or nearly so. What grows is dealt with in the order of safety: temporary files of one
//! statement, the log behind a slot or a broken archive, and only then what a person must decide. Nothing here needs
//! more space first.

use super::seen::{self, Session, size};
use super::{slot, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::error::kind::ErrorKind;
use crate::domain::metric;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, Upkeep};

const ID: &str = "C7";
/// Temporary files of one session from which on they are worth ending a statement for, bytes.
const LARGE_FILES: f64 = 268_435_456.0;
/// A checkpoint writes `pg_logical/replorigin_checkpoint` anew, and a server that cannot ends with a PANIC; its recovery
/// ends the same way.
const NO_ROOM: &str = "a checkpoint writes small files of its own first, and a server that finds no room even for them ends itself: make some megabytes free by hand, then look at disk_full of the server, without this incident";
/// Tables that are named as the largest.
const FEW_TABLES: usize = 5;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let sessions = seen::sessions(case);
    let mut plans: Vec<Plan> = temporary(case, &sessions, diagnosis);
    plans.extend(slot::plan(case, diagnosis).into_iter().map(|plan| Plan { cause: Cause::DiskFull, ..plan }));
    plans.extend(log(case, diagnosis));
    plans.push(by_hand(case, diagnosis));
    plans
}

/// Statements with large temporary files, which go with them.
fn temporary(case: &Case<'_>, sessions: &[Session], diagnosis: &Diagnosis) -> Vec<Plan> {
    let mut files: Vec<(&Session, f64)> = seen::rows(case, "diagnose.temp_files")
        .filter_map(|row| {
            let pid = row.int("pid")?;
            Some((sessions.iter().find(|s| s.pid == pid)?, row.number("bytes")?))
        })
        .filter(|(_, bytes)| *bytes >= LARGE_FILES)
        .collect();
    files.sort_by(|a, b| b.1.total_cmp(&a.1));
    files.into_iter().take(2).map(|(session, bytes)| of_files(session, bytes, diagnosis)).collect()
}

fn of_files(session: &Session, bytes: f64, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Stop the statement of {}, which has {} in temporary files", session.words(), size(bytes));
    let mut plan = step::plan(ID, title, Cause::DiskFull, 75, diagnosis);
    plan.evidence.push(format!("session {} has {} in temporary files", session.pid, size(bytes)));
    if let Some(why) = session.untouchable() {
        plan.blocked.push(why);
        return plan;
    }
    if session.works_on_objects() {
        plan.blocked
            .push(format!("session {} changes or maintains objects: its work would be thrown away", session.pid));
        return plan;
    }
    let idle = Check::IdleFor(vec![session.itself()], 0);
    let verification = step::within(idle, 10, &format!("session {} runs nothing", session.pid));
    let kind = FixKind::CancelStatements(vec![session.in_statement()]);
    step::add(&mut plan, kind, Rung::Session, verification, |step| {
        step.why = String::from("its files are removed with its end, and nothing else is lost");
        step.expected.push(format!("{} become free at once", size(bytes)));
    });
    plan.advice.push(format!("bound what one statement of {} may take: temp_file_limit", session.user));
    plan
}

/// The log is larger than it should be and nothing holds it: a checkpoint lets the server remove it.
fn log(case: &Case<'_>, diagnosis: &Diagnosis) -> Option<Plan> {
    let bytes = seen::rows(case, "diagnose.wal_files").find_map(|row| row.number("bytes"))?;
    let usual = seen::setting_number(case, "max_wal_size").map(|mb| mb * 1_048_576.0)?;
    let held = seen::rows(case, "diagnose.slots").any(|row| row.number("retained_bytes").is_some_and(|b| b >= usual));
    let failing = archive_fails(case);
    if bytes <= 1.5 * usual {
        return None;
    }
    let title = format!("Let the server remove {} of its log", size(bytes - usual));
    let mut plan = step::plan(ID, title, Cause::DiskFull, 60, diagnosis);
    plan.evidence.push(format!("the log has {}, max_wal_size is {}", size(bytes), size(usual)));
    if held {
        plan.blocked.push("a replication slot keeps it: a checkpoint alone removes nothing".to_owned());
    }
    if let Some(words) = failing {
        plan.blocked.push(format!("{words}: the log is kept until it is archived"));
    }
    if case.incident.is_some_and(|incident| incident.kind == ErrorKind::DiskFull) {
        plan.blocked.push(NO_ROOM.to_owned());
    }
    let most = (usual * 1.5).floor();
    let check = step::at_most(metric::WAL_BYTES, most);
    let kind = FixKind::Maintain(Upkeep::Checkpoint, None);
    step::add(
        &mut plan,
        kind,
        Rung::Additive,
        step::within(check, 60, &format!("the log has at most {}", size(most))),
        |step| {
            step.why = String::from("files of the log that are not needed any more are removed at its end");
            step.expected.push(format!("log {} -> about {}", size(bytes), size(usual)));
        },
    );
    Some(plan)
}

/// Archiving failed while it was watched, or has not succeeded since it failed.
fn archive_fails(case: &Case<'_>) -> Option<String> {
    let row = seen::rows(case, "diagnose.archiver").next()?;
    let failed = row.number("failed_seconds")?;
    let later = row.number("archived_seconds").is_none_or(|archived| archived > failed);
    later.then(|| format!("archiving {} failed {} ago", row.text("last_failed_wal"), seen::age(failed)))
}

/// What only a person may decide, with what each would give back.
fn by_hand(case: &Case<'_>, diagnosis: &Diagnosis) -> Plan {
    let mut plan = step::plan(ID, "Find room on the disk", Cause::DiskFull, 40, diagnosis);
    if let Some(words) = archive_fails(case) {
        plan.advice.push(format!("{words}: repair the archive's target first, the log then goes by itself"));
    }
    let mut tables: Vec<(String, f64)> = seen::rows(case, "diagnose.table_sizes")
        .filter_map(|row| {
            let oid = row.int("oid")?;
            let name = seen::rows(case, "diagnose.tables").find(|t| t.int("oid") == Some(oid))?.object("name").words();
            Some((name, row.number("bytes")? + row.number("index_bytes").unwrap_or(0.0)))
        })
        .collect();
    tables.sort_by(|a, b| b.1.total_cmp(&a.1));
    let largest: Vec<String> =
        tables.iter().take(FEW_TABLES).map(|(name, bytes)| format!("{name} {}", size(*bytes))).collect();
    if !largest.is_empty() {
        plan.advice.push(format!(
            "the largest tables are {}: TRUNCATE what is only scratch, drop indexes that nobody uses",
            largest.join(", ")
        ));
    }
    plan.advice.extend(
        [
            "make the volume larger: it is the only step that loses nothing",
            "rotate and compress the server's own text logs; never remove files of the data directory or of pg_wal by hand",
            "VACUUM FULL and CLUSTER write a second copy first: not on a full disk",
        ]
        .map(str::to_owned),
    );
    plan
}
