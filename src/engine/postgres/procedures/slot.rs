//! C9: a replication slot that nobody reads keeps the log. First what it may keep is bounded, which harms nobody; then
//! it is dropped, which nobody can undo.

use super::seen::{self, Row, size};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::FixKind;

/// Unused for less than this, seconds, its reader may just be restarting (checks.md PG39).
const JUST_LEFT: f64 = 600.0;
/// Unused for this long, seconds, it may be dropped.
const ABANDONED: u64 = 3_600;
/// From this many bytes on, what it keeps is a danger whoever left when: the advisor's warning (checks.md PG39).
const DANGER: f64 = 1_073_741_824.0;
/// An unused slot that keeps less than this costs nothing yet, bytes: one file of the log.
const LITTLE: f64 = 16_777_216.0;
/// The setting that bounds it came with this version.
const BOUNDED_FROM: u32 = 130_000;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let mut slots: Vec<Row<'_>> = seen::rows(case, "diagnose.slots")
        .filter(|row| !row.is("active") && !row.is("temporary"))
        .filter(|row| is_lost(row) || row.number("retained_bytes").is_some_and(|kept| kept >= LITTLE))
        .collect();
    let kept = |row: &Row<'_>| row.number("retained_bytes").unwrap_or(0.0);
    slots.sort_by(|a, b| kept(b).total_cmp(&kept(a)));
    slots.into_iter().take(3).map(|row| of_slot(case, row, diagnosis)).collect()
}

/// The server has removed log that its reader would need: nobody can go on from it.
fn is_lost(row: &Row<'_>) -> bool {
    row.text("wal_status") == "lost"
}

fn of_slot(case: &Case<'_>, row: Row<'_>, diagnosis: &Diagnosis) -> Plan {
    let name = row.text("name");
    let kept = row.number("retained_bytes").unwrap_or(0.0);
    let unused = row.number("inactive_seconds");
    let mut plan = step::plan("C9", format!("Free the log from slot {name}"), Cause::StuckSlot, 70, diagnosis);
    let since = unused.map_or_else(|| "since when is not known".to_owned(), |s| format!("for {}", seen::age(s)));
    plan.evidence.push(format!(
        "slot {name} ({}{}) is used by nobody {since} and keeps {} of the log{}",
        row.text("type"),
        [row.text("plugin"), row.text("database")]
            .iter()
            .filter(|t| !t.is_empty())
            .map(|t| format!(" {t}"))
            .collect::<String>(),
        size(kept),
        if is_lost(&row) { "; what it would need is gone already" } else { "" }
    ));
    plan.advice.push("start its reader again, if there is one: then it gives the log back by itself".to_owned());
    if case.identity.role == "replica" {
        plan.blocked.push("this server is a replica: look at the slots of its primary".to_owned());
    }
    if moved(case, &name, &row.text("restart_lsn")) {
        plan.blocked.push("it moved while it was watched: somebody reads it".to_owned());
    }
    if !is_lost(&row) && unused.is_some_and(|s| s < JUST_LEFT) && kept < DANGER {
        plan.blocked.push(format!(
            "nobody has used it for {} only: its reader may be restarting, and is lost without it",
            seen::age(unused.unwrap_or(0.0))
        ));
    }
    bound(case, &mut plan, &name, kept);
    let least = if is_lost(&row) { 0 } else { ABANDONED };
    let verification = step::within(Check::SlotGone(name.clone()), 10, &format!("there is no slot {name}"));
    step::add(&mut plan, FixKind::DropReplicationSlot(name.clone()), Rung::Removing, verification, |step| {
        step.why = format!("nobody has used it for {} min or more", ABANDONED / 60);
        if least == 0 {
            step.why = String::from("nobody can go on from it any more: it is of no use");
        }
        step.requires.push(Check::SlotUnused(name, least));
        step.expected.push(format!("the next checkpoint removes up to {} of the log", size(kept)));
        step.expected.push("whoever was fed from it has to be set up anew".to_owned());
    });
    plan
}

/// Between the looks its position changed.
fn moved(case: &Case<'_>, name: &str, now: &str) -> bool {
    let Some((first, _)) = case.observation.ends("diagnose.slots") else { return false };
    first.rows.rows.iter().any(|row| first.rows.text(row, "name") == name && first.rows.text(row, "restart_lsn") != now)
}

/// Bounds what any slot may keep, above what this one keeps now, so that nobody loses anything by it.
fn bound(case: &Case<'_>, plan: &mut Plan, name: &str, kept: f64) {
    let unbounded = seen::setting_number(case, "max_slot_wal_keep_size").is_some_and(|mb| mb < 0.0);
    if case.identity.version_number < BOUNDED_FROM || !unbounded {
        return;
    }
    let gigabytes = (2.0 * kept / DANGER).ceil().max(2.0);
    let value = format!("{gigabytes:.0}GB");
    let kind = FixKind::ChangeSetting { name: "max_slot_wal_keep_size".to_owned(), value: value.clone() };
    let check = Check::SettingIs { name: "max_slot_wal_keep_size".to_owned(), value: value.clone() };
    step::add(
        plan,
        kind,
        Rung::Setting,
        step::within(check, 10, &format!("max_slot_wal_keep_size = {value}")),
        |step| {
            step.why = String::from(
                "a slot then loses its place before the disk is full: above twice of what this one keeps now",
            );
            step.requires.push(Check::SlotUnused(name.to_owned(), 0));
            step.expected.push(format!("no slot keeps more than {value} of the log"));
            step.on_failure = OnFailure::RollBack;
        },
    );
}
