//! What fills disks and runs out: slots that nobody reads, transaction numbers, replicas that are behind, the disk.

use super::super::facts::{Facts, cells, last, two};
use super::Found;
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;

/// An unused slot that keeps less than this costs nothing yet, bytes: one segment of the log.
const LITTLE_LOG: f64 = 16_777_216.0;
/// An unused slot whose reader was here within this time may just be restarting, seconds.
const JUST_LEFT: f64 = 300.0;
/// Transaction numbers end at about 2.1 thousand million; from this age on it is urgent.
const URGENT_AGE: f64 = 1_200_000_000.0;
/// Bytes that a replica may be behind for a moment.
const SOME_LAG: f64 = 67_108_864.0;
/// Seconds that a replica may be behind.
const LAG_SECONDS: f64 = 30.0;

/// Decides on storage and replication.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Found) {
    slots(facts, found);
    ages(facts, found);
    replicas(facts, found);
    disk(facts, found);
}

fn slots(facts: &Facts<'_>, found: &mut Found) {
    let seen = facts.case.observation;
    let Some(look) = seen.last("diagnose.slots") else {
        return not_seen(facts, found, Cause::StuckSlot, "diagnose.slots", "replication slots");
    };
    let first = seen.all("diagnose.slots").first();
    let mut any = false;
    for slot in cells(&look.rows).filter(|slot| !slot.is("active") && !slot.is("temporary")) {
        let name = slot.text("name");
        let before = first.into_iter().flat_map(|look| cells(&look.rows)).find(|row| row.text("name") == name);
        let moved = before.is_some_and(|row| row.text("restart_lsn") != slot.text("restart_lsn") || row.is("active"));
        let kept = slot.count("retained_bytes").max(0.0);
        let status = slot.text("wal_status");
        let idle = slot.number("inactive_seconds");
        let room = facts.settings.bytes("max_wal_size").unwrap_or(1_073_741_824.0);
        let since = idle.map_or_else(
            || "since when nobody reads it is not known before version 17".to_owned(),
            |seconds| format!("nobody reads it for {seconds:.0} s"),
        );
        let evidence = vec![
            format!(
                "slot {name} is not active and keeps {:.0} MB of the log{}",
                kept / 1_048_576.0,
                status_words(&status)
            ),
            since,
        ];
        let lost = matches!(status.as_str(), "lost" | "unreserved");
        if moved || (kept < LITTLE_LOG && !lost) {
            continue;
        }
        any = true;
        let about = format!("slot {name}");
        if idle.is_some_and(|seconds| seconds < JUST_LEFT) && kept < room && !lost {
            // It grows while nobody reads, whoever comes back; how long it has been so says whether anybody will.
            found.supported(Cause::StuckSlot, 0.66, &about, evidence);
        } else {
            let grown = (kept / room).min(1.0);
            found.supported(Cause::StuckSlot, if lost { 0.95 } else { 0.8 + 0.12 * grown }, &about, evidence);
        }
    }
    if !any {
        found.refuted(Cause::StuckSlot, 0.9, "no unused replication slot keeps much of the log");
    }
}

fn status_words(status: &str) -> String {
    if status.is_empty() { String::new() } else { format!(" ({status})") }
}

/// Something could not be read: undecided, and said so.
fn not_seen(facts: &Facts<'_>, found: &mut Found, cause: Cause, query: &str, what: &str) {
    let why = facts.case.observation.refusal(query).unwrap_or("it was not asked for");
    found.open(cause, 0.4, "", vec![format!("{what} could not be read: {why}")]);
    found.unknown.push(format!("{what} could not be read: {why}"));
}

fn ages(facts: &Facts<'_>, found: &mut Found) {
    let oldest = last(facts.case.observation, "diagnose.ages")
        .map(|row| (row.text("datname"), row.count("xid_age"), row.count("multixact_age")))
        .max_by(|a, b| a.1.max(a.2).total_cmp(&b.1.max(b.2)));
    let Some((database, xid, multixact)) = oldest else {
        return not_seen(facts, found, Cause::XidWraparound, "diagnose.ages", "ages of transaction numbers");
    };
    let limit = facts.settings.number("autovacuum_freeze_max_age").unwrap_or(200_000_000.0);
    let multixact_limit = facts.settings.number("autovacuum_multixact_freeze_max_age").unwrap_or(400_000_000.0);
    let evidence = vec![format!(
        "{database} is {xid:.0} transaction numbers and {multixact:.0} multixact numbers old; autovacuum freezes from {limit:.0} on"
    )];
    let over = (xid / limit).max(multixact / multixact_limit);
    if xid.max(multixact) >= URGENT_AGE {
        found.supported(Cause::XidWraparound, 0.97, &database, evidence);
    } else if over >= 1.5 {
        found.supported(Cause::XidWraparound, 0.85, &database, evidence);
    } else if over >= 1.05 {
        found.open(Cause::XidWraparound, 0.5, &database, evidence);
    } else {
        found.refuted(Cause::XidWraparound, 0.95, &evidence[0]);
    }
}

fn replicas(facts: &Facts<'_>, found: &mut Found) {
    let seen = facts.case.observation;
    let mut behind = Vec::new();
    for row in last(seen, "diagnose.replication") {
        let bytes = row.count("send_bytes") + row.count("flush_bytes") + row.count("replay_bytes");
        let seconds = row.count("lag_seconds");
        if bytes >= SOME_LAG && seconds >= 1.0 || seconds >= LAG_SECONDS {
            behind.push((
                row.text("application_name"),
                format!(
                    "replica {} ({}) is {:.0} MB and {seconds:.0} s behind: {:.0} MB not sent, {:.0} MB not applied",
                    row.text("application_name"),
                    row.text("state"),
                    bytes / 1_048_576.0,
                    row.count("send_bytes") / 1_048_576.0,
                    row.count("replay_bytes") / 1_048_576.0
                ),
            ));
        }
    }
    for row in last(seen, "diagnose.receiver").filter(|row| row.is("in_recovery")) {
        let (bytes, seconds) = (row.count("replay_bytes"), row.count("replay_seconds"));
        let receiver = row.text("receiver_status");
        if row.is("paused") {
            behind.push(("this server".to_owned(), format!("replay is paused, {seconds:.0} s behind")));
        } else if bytes >= SOME_LAG || (bytes > 0.0 && seconds >= LAG_SECONDS) {
            let words = format!("{:.0} MB received are not applied, {seconds:.0} s behind", bytes / 1_048_576.0);
            behind.push(("this server".to_owned(), words));
        }
        if receiver.is_empty() && facts.sees_all && seconds >= LAG_SECONDS {
            let words = format!("nothing is received from the primary, the last change is {seconds:.0} s old");
            found.supported(Cause::ReplicationBroken, 0.7, "this server", vec![words]);
        }
    }
    let told = facts.case.incident.is_some_and(|incident| incident.kind == ErrorKind::ReplicationError);
    if told && !found.has(Cause::ReplicationBroken) {
        let words = facts.case.incident.map(|incident| format!("the incident says: {}", incident.title));
        found.open(Cause::ReplicationBroken, 0.6, "", words.into_iter().collect());
    }
    if behind.is_empty() {
        found.refuted(Cause::ReplicationLag, 0.85, "no replica that is connected is behind");
    }
    for (who, words) in behind {
        found.supported(Cause::ReplicationLag, 0.85, &who, vec![words]);
    }
}

fn disk(facts: &Facts<'_>, found: &mut Found) {
    let seen = facts.case.observation;
    let told = facts.case.incident.filter(|incident| incident.kind == ErrorKind::DiskFull);
    let mut evidence: Vec<String> = last(seen, "diagnose.wal_files")
        .map(|row| {
            format!(
                "the write-ahead log has {:.0} MB in {:.0} files",
                row.count("bytes") / 1_048_576.0,
                row.count("files")
            )
        })
        .collect();
    let temporary: f64 = last(seen, "diagnose.temp_files").map(|row| row.count("bytes")).sum();
    if temporary > 0.0 {
        evidence.push(format!("temporary files of running statements have {:.0} MB", temporary / 1_048_576.0));
    }
    if let Some((first, last, _)) = two(seen, "diagnose.archiver") {
        let failed = last.count("failed_count") - first.count("failed_count");
        if failed > 0.0 {
            evidence.push(format!(
                "archiving {} failed {failed:.0} times meanwhile: the log is kept",
                last.text("last_failed_wal")
            ));
        }
    }
    if let Some(incident) = told {
        evidence.insert(0, format!("the incident says: {}", incident.title));
        found.supported(Cause::DiskFull, 0.9, "", evidence);
        return;
    }
    evidence.insert(0, "how full the disk is cannot be asked of PostgreSQL".to_owned());
    found.open(Cause::DiskFull, 0.3, "", evidence);
}
