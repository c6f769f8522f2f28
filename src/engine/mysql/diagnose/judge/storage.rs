//! Memory, disk and log: a buffer pool that is too small, a disk that cannot keep up, a redo log that is full, files that
//! fill the disk.

use super::Findings;
use crate::domain::diagnosis::{Cause, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::engine::mysql::diagnose::probes;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::counters::{Counters, pairs};

/// Share of the reads that miss the buffer pool (MY12).
const MISSES: f64 = 0.01;
/// Pages read from disk in a second, from which that costs time.
const PAGE_READS: f64 = 300.0;
/// Share of the pool that is free, below which it is full.
const FREE: f64 = 0.05;
/// Pages that InnoDB keeps free at all times for those who read (`innodb_lru_scan_depth`, with room to spare).
const KEPT_FREE: f64 = 2_048.0;
/// Requests that wait for the disk, on average.
const PENDING: f64 = 2.0;
/// Time of one request to a file, milliseconds, on average.
const SLOW_FILE_MS: f64 = 15.0;
/// Requests in a second for that.
const FILE_CALLS: f64 = 20.0;
/// Share of the redo log that is not in the data yet (MY15).
const CHECKPOINT_AGE: f64 = 0.75;
/// A redo log up to this size is too small for anybody who writes, bytes.
const SMALL_REDO: f64 = 64.0 * 1024.0 * 1024.0;
/// Causes among statements that make others read much.
const READERS: &[Cause] =
    &[Cause::MissingIndex, Cause::PoorJoin, Cause::CorrelatedSubquery, Cause::BadStatistics, Cause::LargeFetch];

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    pool(scene, found);
    disk(scene, found);
    redo(scene, found);
    full(scene, found);
}

fn reader(found: &Findings) -> Option<Cause> {
    READERS.iter().copied().find(|cause| found.supports(*cause))
}

fn pool(scene: &Scene<'_>, found: &mut Findings) {
    let status = &scene.status;
    let (Some(reads), Some(requests)) =
        (status.rate("Innodb_buffer_pool_reads"), status.rate("Innodb_buffer_pool_read_requests"))
    else {
        found.inconclusive(Cause::SmallBufferPool, 0.2, vec!["the buffer pool's counters were not read twice".into()]);
        return;
    };
    let misses = reads / requests.max(1.0);
    let pages = status.last("Innodb_buffer_pool_pages_free");
    let free = match (pages, status.last("Innodb_buffer_pool_pages_total")) {
        (Some(free), Some(total)) if total > 0.0 => free / total,
        _ => 0.0,
    };
    let has_room = free > FREE && pages.is_some_and(|pages| pages > KEPT_FREE);
    let evidence = vec![
        format!(
            "{reads:.0} pages a second are read from disk (limit {PAGE_READS:.0}), {:.2} % of the requests (limit {:.0} %)",
            misses * 100.0,
            MISSES * 100.0
        ),
        format!(
            "{:.0} % of the buffer pool of {:.0} MB is free",
            free * 100.0,
            scene.setting("innodb_buffer_pool_size").unwrap_or(0.0) / 1_048_576.0
        ),
    ];
    if reads < PAGE_READS || misses < MISSES || has_room {
        found.push(Cause::SmallBufferPool, Verdict::Refuted, 0.8, evidence);
        return;
    }
    let confidence = if misses > MISSES * 5.0 { 0.85 } else { 0.7 };
    found.supported(Cause::SmallBufferPool, confidence, evidence);
    // What reads whole tables needs an index, not memory; and plain work that misses the pool needs the memory.
    match reader(found) {
        Some(cause) => explain(found, cause, &[Cause::SmallBufferPool]),
        None => explain(found, Cause::SmallBufferPool, &[Cause::HeavyWorkload]),
    }
}

/// Makes these causes follow from another.
fn explain(found: &mut Findings, root: Cause, causes: &[Cause]) {
    for hypothesis in &mut found.hypotheses {
        if causes.contains(&hypothesis.cause) && hypothesis.verdict == Verdict::Supported {
            *hypothesis = hypothesis.clone().follows_from(root);
        }
    }
}

fn disk(scene: &Scene<'_>, found: &mut Findings) {
    let looks = scene.case.observation.all(probes::PRESSURE.name);
    let pending = [
        "innodb_data_pending_reads",
        "innodb_data_pending_writes",
        "innodb_data_pending_fsyncs",
        "innodb_os_log_pending_fsyncs",
    ];
    let sum: f64 = looks
        .iter()
        .map(|look| {
            let levels = pairs(&look.rows);
            pending.iter().filter_map(|name| levels.get(*name)?.number()).sum::<f64>()
        })
        .sum();
    let mean = sum / looks.len().max(1) as f64;
    let mut evidence = vec![format!("{mean:.1} requests wait for the disk on average (limit {PENDING})")];
    let waits_free = scene.status.delta("Innodb_buffer_pool_wait_free").unwrap_or(0.0);
    let log_waits = scene.status.delta("Innodb_log_waits").unwrap_or(0.0);
    if waits_free + log_waits > 0.0 {
        evidence.push(format!(
            "{waits_free:.0} waits for a free page and {log_waits:.0} for the log buffer while we watched (limit 0)"
        ));
    }
    let files = files(scene);
    let slow = files.is_some_and(|(ms, calls)| ms >= SLOW_FILE_MS && calls >= FILE_CALLS);
    evidence.extend(files.map(|(ms, calls)| {
        format!("a request to a file of InnoDB takes {ms:.1} ms (limit {SLOW_FILE_MS}), {calls:.0} a second")
    }));
    let many_waits = scene.status.seconds().is_some_and(|s| (waits_free + log_waits) / s > 5.0);
    if mean < PENDING && !slow && !many_waits {
        found.push(Cause::IoSaturation, Verdict::Refuted, 0.7, evidence);
        return;
    }
    let confidence = if slow && mean >= PENDING { 0.85 } else { 0.65 };
    found.supported(Cause::IoSaturation, confidence, evidence);
    let root = reader(found).or_else(|| {
        [Cause::SmallBufferPool, Cause::HeavyInserts, Cause::HeavyCommits].into_iter().find(|c| found.supports(*c))
    });
    if let Some(root) = root {
        explain(found, root, &[Cause::IoSaturation]);
    }
}

/// Milliseconds of a request to a file of InnoDB, and requests in a second; none where that is not counted.
fn files(scene: &Scene<'_>) -> Option<(f64, f64)> {
    let (first, last) = scene.case.observation.ends(probes::FILES.name)?;
    let sum = |rows: &crate::domain::rows::Rows, name: &str| {
        rows.rows.iter().filter_map(|row| rows.get(row, name).number()).sum::<f64>()
    };
    let grown = |name: &str| (sum(&last.rows, name) - sum(&first.rows, name)).max(0.0);
    let calls = grown("calls");
    let seconds = scene.case.observation.seconds(probes::FILES.name)?;
    (calls > 0.0 && seconds > 0.0).then(|| (grown("ms") / calls, calls / seconds))
}

/// Share of the redo log that is not in the data yet, and the log's size in bytes.
pub(in crate::engine::mysql) fn redo_use(scene: &Scene<'_>) -> Option<(f64, f64)> {
    let levels = Counters::of(scene.case.observation, probes::PRESSURE.name);
    if let Some(size) = scene.setting("innodb_redo_log_capacity") {
        let age = levels.last("Innodb_redo_log_current_lsn")? - levels.last("Innodb_redo_log_checkpoint_lsn")?;
        return (size > 0.0).then_some((age / size, size));
    }
    let age = levels.last("Innodb_checkpoint_age")?;
    let most = scene.status.last("Innodb_checkpoint_max_age").filter(|most| *most > 0.0)?;
    Some((age / most, scene.setting("innodb_log_file_size").unwrap_or(most)))
}

fn redo(scene: &Scene<'_>, found: &mut Findings) {
    let Some((share, size)) = redo_use(scene) else {
        found.inconclusive(
            Cause::CheckpointPressure,
            0.2,
            vec!["the age of the last checkpoint is not told by this server".into()],
        );
        return;
    };
    let written = scene.status.rate("Innodb_os_log_written").unwrap_or(0.0);
    let evidence = vec![
        format!(
            "{:.0} % of the redo log of {:.0} MB is not in the data yet (limit {:.0} %)",
            share * 100.0,
            size / 1_048_576.0,
            CHECKPOINT_AGE * 100.0
        ),
        format!("{:.1} MB of log are written a second", written / 1_048_576.0),
    ];
    if share < CHECKPOINT_AGE || written < 65_536.0 {
        found.push(Cause::CheckpointPressure, Verdict::Refuted, 0.8, evidence);
        return;
    }
    found.supported(Cause::CheckpointPressure, 0.82, evidence);
    let writers = [Cause::RedundantIndexes, Cause::HeavyInserts, Cause::HeavyCommits];
    let writer = writers.into_iter().find(|cause| found.supports(*cause));
    match writer.filter(|_| size > SMALL_REDO) {
        // The log is of a good size, and the writers are too many for it.
        Some(cause) => explain(found, cause, &[Cause::CheckpointPressure]),
        None => explain(found, Cause::CheckpointPressure, &[Cause::HeavyInserts, Cause::HeavyCommits]),
    }
    explain(found, writer.unwrap_or(Cause::CheckpointPressure), &[Cause::IoSaturation]);
}

/// The disk itself cannot be seen with SQL; its errors can.
fn full(scene: &Scene<'_>, found: &mut Findings) {
    let logs = scene.rows(probes::BINARY_LOGS.name);
    let bytes: f64 =
        logs.map_or(0.0, |rows| rows.rows.iter().filter_map(|row| rows.get(row, "File_size").number()).sum());
    let held = logs.map(|rows| format!("{} binary logs hold {:.0} MB", rows.rows.len(), bytes / 1_048_576.0));
    match scene.case.incident.filter(|i| i.kind == ErrorKind::DiskFull) {
        Some(incident) => {
            let mut evidence =
                vec![format!("{} error(s) of the kind DISK_FULL, the last: {}", incident.count, incident.message)];
            evidence.extend(held);
            found.supported(Cause::DiskFull, 0.9, evidence);
        }
        None => {
            let mut evidence =
                vec!["no statement has said that the disk is full; how full it is cannot be asked with SQL".to_owned()];
            evidence.extend(held);
            found.inconclusive(Cause::DiskFull, 0.2, evidence);
        }
    }
}
