//! The rule that an incident offers: what to watch so that somebody hears of it before it comes again, with a threshold
//! that is computed from what was measured while it lasted.
//!
//! ```text
//! a share of a limit    80 % of it, or half way from what is usual to full; 70 % where 80 % is told of anyway
//! a number that climbs  half way from what is usual to what it reached
//! one that stays up     80 % of what it reached: it is never low again by itself
//! what must not happen  above 0, at once
//! ```

use super::{Condition, Measure, Rule, Side};
use crate::domain::diagnosis::{Cause, Diagnosis, Verdict};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::health;
use crate::domain::incident::Incident;
use crate::domain::incident::detect::code_of as health_code;
use crate::domain::incident::stage::{Resolution, Stage};
use crate::domain::incident::strategy::Strategy;
use crate::domain::metric::{self, MetricId, Readings, Unit};
use crate::domain::procedure::{Check, Plan};
use crate::domain::target::Timestamp;

/// Share of a limit that is told of, per cent: where the health rules begin to warn.
const SHARE: f64 = 80.0;
/// The same for what the health rules have told of: earlier than they.
const SHARE_BEFORE: f64 = 70.0;
/// Part of what was reached, for numbers that stay up.
const STAYS: f64 = 0.8;
/// A number that did not reach this many times its usual value says nothing about the incident.
const CLEARLY: f64 = 1.5;
/// For how long it has to last, seconds.
const SECONDS: u32 = 60;
/// Dead rows of a table are told of at this many times what vacuum leaves.
const DEAD_TIMES: u8 = 2;
/// How long a rule is kept where nobody says otherwise, milliseconds: 90 days, as what is learned.
const KEPT_MS: i64 = 90 * 86_400_000;

/// What is known of a target's numbers.
pub struct Facts<'a> {
    /// The last values.
    pub now: &'a Readings,
    /// The smallest and the largest value while the incident lasted.
    pub extremes: &'a dyn Fn(MetricId) -> Option<(f64, f64)>,
    /// What is usual.
    pub usual: &'a dyn Fn(MetricId) -> Option<f64>,
    /// What a diagnosis found, where there was one.
    pub diagnosis: Option<&'a Diagnosis>,
    /// What can be done about it.
    pub plans: &'a [Plan],
    /// The dead rows of one table can be asked for.
    pub counts_dead_rows: bool,
}

/// How a threshold of a metric is found.
#[derive(Clone, Copy)]
enum How {
    /// It climbs and falls.
    Climbs,
    /// It climbs and stays up.
    Stays,
    /// It falls when things go wrong.
    Falls,
    /// Any is too many.
    Any,
}

/// How a metric behaves when things go wrong.
fn how(id: MetricId) -> How {
    const STAY: [MetricId; 7] = [
        metric::XID_AGE,
        metric::DATA_BYTES,
        metric::WAL_BYTES,
        metric::BINLOG_BYTES,
        metric::RETAINED_WAL,
        metric::DEAD_ROWS,
        metric::HISTORY_LENGTH,
    ];
    const FALL: [MetricId; 4] = [metric::OPLOG_WINDOW, metric::FREE_PLACES, metric::CACHE_HIT_RATIO, metric::REPLICAS];
    const ANY: [MetricId; 7] = [
        metric::DEADLOCKS,
        metric::REJECTED_CONNECTIONS,
        metric::REPLICATION_BROKEN,
        metric::SNAPSHOT_FAILED,
        metric::APPEND_FILE_FAILED,
        metric::MEMBERS_DOWN,
        metric::CURSORS_TIMED_OUT,
    ];
    if STAY.contains(&id) {
        How::Stays
    } else if FALL.contains(&id) {
        How::Falls
    } else if ANY.contains(&id) {
        How::Any
    } else {
        How::Climbs
    }
}

/// An incident offers a rule by itself: it came again, or it was cured and might.
pub fn is_offered(incident: &Incident) -> bool {
    let cured = matches!(incident.resolution, Some(Resolution::Fixed(_)));
    (incident.stage.is_open() && incident.strategy == Strategy::Preventive)
        || incident.stage == Stage::Verifying
        || (!incident.stage.is_open() && cured)
}

/// The rule that would have told of an incident earlier, as far as its numbers are known. Its number is 0; `by` and the
/// time are those of whoever takes it.
pub fn offer(incident: &Incident, facts: &Facts<'_>, by: &str, at: Timestamp) -> Option<Rule> {
    let (condition, why) = of_table(facts).or_else(|| {
        let metrics = candidates(incident, facts.diagnosis);
        metrics.into_iter().find_map(|id| of_metric(id, incident, facts))
    })?;
    condition.check().ok()?;
    Some(Rule {
        id: 0,
        target: incident.target.clone(),
        condition,
        severity: Severity::Warning,
        reason: format!("{} {}: {why}", incident.name(), incident.title),
        incident: Some(incident.id),
        created: at,
        by: by.to_owned(),
        expires: Some(at.plus_ms(KEPT_MS)),
    })
}

/// What to watch, the nearest to the incident first.
fn candidates(incident: &Incident, diagnosis: Option<&Diagnosis>) -> Vec<MetricId> {
    let mut metrics = Vec::new();
    let word = health::words().find(|word| health_code(word) == incident.code);
    metrics.extend(word.and_then(health::metric_of));
    let counter = incident.code.strip_prefix("COUNTER_").map(str::to_lowercase);
    metrics.extend(counter.and_then(|name| metric::metric_by_name(&name)).map(|m| m.id));
    let roots = diagnosis.into_iter().flat_map(Diagnosis::roots).filter(|h| h.verdict == Verdict::Supported);
    metrics.extend(roots.flat_map(|h| of_cause(h.cause)));
    metrics.extend(of_kind(incident.kind));
    let mut seen = Vec::new();
    metrics.retain(|id| {
        !seen.contains(id) && {
            seen.push(*id);
            true
        }
    });
    metrics
}

/// The numbers in which a cause is seen coming.
fn of_cause(cause: Cause) -> &'static [MetricId] {
    match cause {
        Cause::ConnectionSaturation => &[metric::CONNECTIONS],
        Cause::LockContention | Cause::LockWaitChain | Cause::MetadataLock => {
            &[metric::BLOCKED, metric::QUEUED, metric::LONGEST_TRANSACTION]
        }
        Cause::Deadlock => &[metric::DEADLOCKS],
        Cause::IdleInTransaction => &[metric::LONGEST_TRANSACTION, metric::IDLE_IN_TRANSACTION],
        Cause::LongTransaction => &[metric::LONGEST_TRANSACTION],
        Cause::LongOperation | Cause::WriterLock => &[metric::LONGEST_STATEMENT, metric::LONGEST_TRANSACTION],
        Cause::DeadTuples => &[metric::DEAD_ROWS],
        Cause::Bloat => &[metric::DEAD_ROWS, metric::DATA_BYTES],
        Cause::HeavyInserts => &[metric::INSERTS, metric::TRANSACTIONS],
        Cause::HeavyCommits => &[metric::TRANSACTIONS],
        Cause::HeavyWorkload => &[metric::STATEMENTS, metric::ACTIVE],
        Cause::LargeFetch
        | Cause::CorrelatedSubquery
        | Cause::PoorJoin
        | Cause::MissingIndex
        | Cause::BadStatistics => &[metric::MEAN_STATEMENT, metric::LONGEST_STATEMENT],
        Cause::CollectionScan => &[metric::FULL_SCANS, metric::LONGEST_STATEMENT],
        Cause::DiskSpill => &[metric::TEMP_BYTES, metric::TEMP_TABLES_ON_DISK],
        Cause::SmallBufferPool => &[metric::CACHE_HIT_RATIO, metric::CACHE_READS],
        Cause::IoSaturation => &[metric::CACHE_READS, metric::WAL_RATE],
        Cause::CpuSaturation => &[metric::CPU_SECONDS, metric::ACTIVE],
        Cause::CheckpointPressure => &[metric::CHECKPOINTS_REQUESTED, metric::CHECKPOINT_AGE],
        Cause::ReplicationLag => &[metric::LAG],
        Cause::ReplicationBroken => &[metric::REPLICATION_BROKEN, metric::LINK_DOWN],
        Cause::StuckSlot => &[metric::RETAINED_WAL],
        Cause::DiskFull => &[metric::RETAINED_WAL, metric::BINLOG_BYTES, metric::WAL_BYTES, metric::DATA_BYTES],
        Cause::XidWraparound => &[metric::XID_AGE],
        Cause::SlowCommands => &[metric::SLOW_COMMANDS],
        Cause::BigKeys | Cause::MemoryPressure => &[metric::MEMORY_USED],
        Cause::Evictions => &[metric::EVICTIONS, metric::MEMORY_USED],
        Cause::PersistenceStall => &[metric::SNAPSHOT_FAILED, metric::APPEND_FILE_FAILED, metric::UNSAVED_CHANGES],
        Cause::OplogWindow => &[metric::OPLOG_WINDOW],
        Cause::CachePressure => &[metric::CACHE_DIRTY, metric::CACHE_USED],
        Cause::WalGrowth => &[metric::WAL_BYTES],
        Cause::RedundantIndexes
        | Cause::ConfigRegression
        | Cause::InvalidIndex
        | Cause::MissingTable
        | Cause::MissingColumn
        | Cause::WrongType
        | Cause::Corruption => &[],
    }
}

/// The numbers in which an error is seen coming, where no cause is known.
fn of_kind(kind: ErrorKind) -> &'static [MetricId] {
    match kind {
        ErrorKind::TooManyConnections => &[metric::CONNECTIONS],
        ErrorKind::Deadlock => &[metric::DEADLOCKS],
        ErrorKind::LockTimeout | ErrorKind::ObjectInUse => &[metric::BLOCKED, metric::QUEUED],
        ErrorKind::TransactionState | ErrorKind::SerializationFailure => &[metric::LONGEST_TRANSACTION],
        ErrorKind::Timeout | ErrorKind::Canceled => &[metric::LONGEST_STATEMENT, metric::MEAN_STATEMENT],
        ErrorKind::ReplicationError => &[metric::LAG, metric::RETAINED_WAL, metric::LINK_DOWN],
        ErrorKind::DiskFull => &[metric::RETAINED_WAL, metric::BINLOG_BYTES, metric::WAL_BYTES, metric::DATA_BYTES],
        ErrorKind::OutOfMemory => &[metric::MEMORY_USED, metric::ACTIVE],
        ErrorKind::ResourceLimit => &[metric::CONNECTIONS, metric::MEMORY_USED, metric::OPEN_FILES],
        ErrorKind::ClusterState => &[metric::MEMBERS_DOWN],
        _ => &[],
    }
}

/// Dead rows of the table that a plan vacuums: what it verifies says how few there can be.
fn of_table(facts: &Facts<'_>) -> Option<(Condition, String)> {
    let found = facts.diagnosis?.roots().any(|h| h.cause == Cause::DeadTuples);
    let steps = facts.plans.iter().filter(|plan| plan.cause == Cause::DeadTuples).flat_map(|plan| &plan.steps);
    let (table, left) =
        steps.filter(|_| found && facts.counts_dead_rows).find_map(|s| match &s.verification.check {
            Check::DeadRowsAtMost(table, percent) => Some((table.clone(), *percent)),
            _ => None,
        })?;
    let threshold = f64::from(left.saturating_mul(DEAD_TIMES).clamp(1, 99));
    let why = format!("vacuum leaves at most {left}%");
    let measure = Measure::DeadRows(table);
    Some((Condition { measure, side: Side::Above, threshold, for_seconds: SECONDS }, why))
}

fn of_metric(id: MetricId, incident: &Incident, facts: &Facts<'_>) -> Option<(Condition, String)> {
    if let Some(share) = Measure::share(id).filter(|share| share.number(facts.now).is_some()) {
        return of_share(share, incident, facts);
    }
    let measure = Measure::Metric(id);
    let usual = (facts.usual)(id);
    let (low, high) = (facts.extremes)(id)?;
    let usual_words = usual.map_or_else(String::new, |usual| format!(", usually {}", measure.value_words(usual)));
    let reached = |number: f64| format!("it reached {}{usual_words}", measure.value_words(number));
    let (side, threshold, for_seconds, why) = match how(id) {
        How::Any => (Side::Above, 0.0, 0, "any is too many".to_owned()),
        How::Stays if high > 0.0 => (Side::Above, high * STAYS, SECONDS, reached(high)),
        How::Climbs => {
            let base = usual.unwrap_or(0.0);
            let clearly = high > 0.0 && high >= base * CLEARLY;
            (Side::Above, clearly.then_some(base.midpoint(high))?, SECONDS, reached(high))
        }
        How::Falls => {
            let base = usual.filter(|usual| *usual > low * CLEARLY || (*usual > low && is_percent(id)))?;
            let why = format!("it fell to {}{usual_words}", measure.value_words(low));
            (Side::Below, base.midpoint(low), SECONDS, why)
        }
        How::Stays => return None,
    };
    let threshold = rounded(threshold, metric::metric(id).map(|m| m.unit));
    Some((Condition { measure, side, threshold, for_seconds }, why))
}

fn of_share(measure: Measure, incident: &Incident, facts: &Facts<'_>) -> Option<(Condition, String)> {
    let limit = facts.now.get(&measure.limit()?).copied()?;
    let (_, high) = (facts.extremes)(measure.metric()?).unwrap_or_default();
    let told = measure.metric().and_then(health::word_of).is_some_and(|word| health_code(word) == incident.code);
    let usual = (facts.usual)(measure.metric()?).map_or(0.0, |usual| 100.0 * usual / limit);
    let base = if told { SHARE_BEFORE } else { SHARE };
    // A server that is usually nearly full would be told of all day.
    let threshold = if usual >= base - 5.0 { usual.midpoint(100.0).floor() } else { base };
    let words = Measure::Metric(measure.metric()?);
    let why = format!("it reached {} of {}", words.value_words(high.max(0.0)), words.value_words(limit));
    Some((Condition { measure, side: Side::Above, threshold, for_seconds: SECONDS }, why))
}

fn is_percent(id: MetricId) -> bool {
    metric::metric(id).is_some_and(|m| m.unit == Unit::Percent)
}

/// Two digits that count, as a person would write the number: 1 347 -> 1 300; bytes in their unit.
fn rounded(number: f64, unit: Option<Unit>) -> f64 {
    let mut step = 1.0;
    if matches!(unit, Some(Unit::Bytes | Unit::BytesPerSecond)) {
        while number / step >= 1024.0 {
            step *= 1024.0;
        }
    }
    let shown = number / step;
    if shown <= 0.0 {
        return 0.0;
    }
    let digits = 10_f64.powf(shown.log10().floor() - 1.0);
    let two = (shown / digits).round() * digits;
    // What division leaves behind is not written: 0.30000000000000004.
    (two * 1e6).round() / 1e6 * step
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::error::event::{ErrorEvent, Source};
    use crate::domain::target::TargetId;

    fn incident(kind: ErrorKind, code: &str) -> Incident {
        let event = ErrorEvent {
            at: Timestamp(0),
            target: TargetId::new("a"),
            engine: "any".into(),
            source: Source::Log,
            code: code.into(),
            kind,
            severity: Severity::Error,
            object: None,
            message: "m".into(),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature: "s".into(),
            group: "g".into(),
            title: "it went wrong".into(),
            transient: false,
            count: 1,
        };
        Incident { strategy: Strategy::Preventive, ..Incident::new(7, &event, Timestamp(0)) }
    }

    /// What is offered where these metrics are at `(now, lowest, highest, usual)`.
    fn offered(incident: &Incident, known: &[(MetricId, f64, f64, f64, Option<f64>)]) -> Option<(String, String)> {
        let now: Readings = known.iter().map(|(id, now, ..)| (*id, *now)).collect();
        let of = |id: MetricId| known.iter().find(|(known, ..)| *known == id);
        let facts = Facts {
            now: &now,
            extremes: &|id| of(id).map(|(_, _, low, high, _)| (*low, *high)),
            usual: &|id| of(id).and_then(|(.., usual)| *usual),
            diagnosis: None,
            plans: &[],
            counts_dead_rows: false,
        };
        offer(incident, &facts, "ann", Timestamp(5)).map(|rule| (rule.condition.words(), rule.reason))
    }

    #[test]
    fn a_share_of_a_limit_is_told_of_before_it_is_full() {
        let known = |usual| {
            [
                (metric::CONNECTIONS, 50.0, 20.0, 100.0, Some(usual)),
                (metric::CONNECTION_LIMIT, 100.0, 100.0, 100.0, None),
            ]
        };
        let full = incident(ErrorKind::TooManyConnections, "53300");
        let (words, why) = offered(&full, &known(20.0)).unwrap();
        assert_eq!(words, "connections above 80% of connection_limit for 60s");
        assert_eq!(why, "INC-0007 it went wrong: it reached 100 of 100");
        let told = incident(ErrorKind::ResourceLimit, "HEALTH_CONNS");
        assert!(offered(&told, &known(20.0)).unwrap().0.contains("above 70%"));
        assert!(offered(&told, &known(90.0)).unwrap().0.contains("above 95%"));
    }

    #[test]
    fn a_threshold_lies_between_what_is_usual_and_what_was_reached() {
        let blocked = incident(ErrorKind::LockTimeout, "55P03");
        let climbed = [(metric::BLOCKED, 0.0, 0.0, 31.0, Some(0.0))];
        assert_eq!(offered(&blocked, &climbed).unwrap().0, "blocked above 16 for 60s");
        // The same as ever says nothing.
        let ever = [(metric::BLOCKED, 30.0, 28.0, 31.0, Some(29.0))];
        assert_eq!(offered(&blocked, &ever), None);
        assert_eq!(offered(&blocked, &[]), None);
        let slot = incident(ErrorKind::ReplicationError, "HEALTH_SLOT");
        let gigabytes = 1_073_741_824.0;
        let kept = [(metric::RETAINED_WAL, 12.0 * gigabytes, 1.0, 12.0 * gigabytes, Some(11.0 * gigabytes))];
        assert_eq!(offered(&slot, &kept).unwrap().0, "retained_wal above 9.6 GB for 60s");
    }

    #[test]
    fn what_must_not_happen_is_told_of_at_once_and_what_falls_from_below() {
        let deadlock = incident(ErrorKind::Deadlock, "40P01");
        let some = [(metric::DEADLOCKS, 0.0, 0.0, 0.2, Some(0.0))];
        assert_eq!(offered(&deadlock, &some).unwrap().0, "deadlocks above 0/s at once");
        let oplog = incident(ErrorKind::ReplicationError, "HEALTH_OPLOG");
        let short = [(metric::OPLOG_WINDOW, 3_600.0, 3_600.0, 90_000.0, Some(86_400.0))];
        assert_eq!(offered(&oplog, &short).unwrap().0, "oplog_window below 45000s for 60s");
    }

    #[test]
    fn it_is_offered_for_what_comes_again_and_for_what_was_cured() {
        let mut incident = incident(ErrorKind::Deadlock, "");
        assert!(is_offered(&incident));
        incident.strategy = Strategy::AiPowered;
        assert!(!is_offered(&incident));
        (incident.stage, incident.resolution) = (Stage::Resolved, Some(Resolution::Quiet));
        assert!(!is_offered(&incident));
        incident.resolution = Some(Resolution::Fixed(3));
        assert!(is_offered(&incident));
    }

    #[test]
    fn numbers_are_rounded_as_people_write_them() {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(same(rounded(1_347.0, None), 1_300.0));
        assert!(same(rounded(0.304_04, None), 0.3));
        assert!(same(rounded(0.0, None), 0.0));
        assert!(same(rounded(1_610_612_736.0, Some(Unit::Bytes)), 1_610_612_736.0));
    }
}
