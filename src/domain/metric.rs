//! Metrics: ids, readings, and short series. A missing reading is missing; it is never zero.

use super::target::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// A metric's stable name, also its key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId(pub &'static str);

/// How a metric's numbers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A level: the reading is the value.
    Gauge,
    /// Counts up for ever: the value is the rate per second between two samples; a step down is a reset.
    Counter,
}

/// How a metric's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Count,
    /// Per second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// 0 to 100.
    Percent,
}

/// A metric: one line of the registry below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Id.
    pub id: MetricId,
    /// Label, at most 12 characters.
    pub label: &'static str,
    /// What it is, one sentence.
    pub help: &'static str,
    /// Gauge or counter.
    pub kind: MetricKind,
    /// How to write its value.
    pub unit: Unit,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $label:literal, $kind:ident, $unit:ident, $help:literal;)*) => {
        $(#[doc = $help] pub const $name: MetricId = MetricId($id);)*
        /// Every metric, in the order in which a dashboard shows them.
        pub const METRICS: &[Metric] = &[$(Metric {
            id: $name, label: $label, help: $help, kind: MetricKind::$kind, unit: Unit::$unit,
        }),*];
    };
}

metrics! {
    CONNECTIONS = "connections", "connections", Gauge, Count, "Client connections open now.";
    CONNECTION_LIMIT = "connection_limit", "limit", Gauge, Count, "Client connections the server accepts.";
    ACTIVE = "active", "active", Gauge, Count, "Sessions running a statement now.";
    IDLE = "idle", "idle", Gauge, Count, "Sessions waiting for their client, outside a transaction.";
    IDLE_IN_TRANSACTION = "idle_in_transaction", "idle in txn", Gauge, Count, "Sessions waiting for their client inside a transaction.";
    BLOCKED = "blocked", "blocked", Gauge, Count, "Sessions waiting for a lock that another session holds.";
    LONGEST_TRANSACTION = "longest_transaction", "oldest txn", Gauge, Seconds, "Age of the oldest open transaction.";
    LONGEST_STATEMENT = "longest_statement", "longest stmt", Gauge, Seconds, "Age of the oldest running statement.";
    TRANSACTIONS = "transactions", "tps", Counter, PerSecond, "Transactions ended per second, committed and rolled back.";
    ROLLBACKS = "rollbacks", "rollbacks", Counter, PerSecond, "Transactions rolled back per second.";
    STATEMENTS = "statements", "qps", Counter, PerSecond, "Statements executed per second, where the server counts them.";
    STATEMENT_TIME = "statement_time", "busy", Counter, Milliseconds, "Milliseconds spent executing statements, per second.";
    MEAN_STATEMENT = "mean_statement", "mean", Gauge, Milliseconds, "Mean time of the statements that ended between the last two samples.";
    CACHE_HITS = "cache_hits", "hits", Counter, PerSecond, "Pages found in the server's own cache per second.";
    CACHE_READS = "cache_reads", "reads", Counter, PerSecond, "Pages asked of the operating system per second.";
    CACHE_HIT_RATIO = "cache_hit_ratio", "cache", Gauge, Percent, "Share of pages found in cache between the last two samples.";
    LAG = "lag", "lag", Gauge, Seconds, "How far this replica is behind, or the worst replica of this primary.";
    REPLICAS = "replicas", "replicas", Gauge, Count, "Replicas connected now.";
    ROW_LOCK_WAITS = "row_lock_waits", "row waits", Counter, PerSecond, "Times per second that a statement had to wait for a row lock.";
    HISTORY_LENGTH = "history_length", "history", Gauge, Count, "Old row versions that purge has not removed yet (InnoDB's history list).";
    CHECKPOINT_AGE = "checkpoint_age", "ckpt age", Gauge, Bytes, "Redo log written since the last checkpoint.";
    TEMP_TABLES_ON_DISK = "temp_tables_on_disk", "tmp disk", Counter, PerSecond, "Temporary tables put on disk per second.";
    SLOW_STATEMENTS = "slow_statements", "slow/s", Counter, PerSecond, "Statements per second that took longer than the server's own limit for slow ones.";
    OPEN_FILES = "open_files", "open files", Gauge, Count, "Files that the server has open.";
    BINLOG_BYTES = "binlog_bytes", "binlogs", Gauge, Bytes, "Size of the binary logs on disk.";
    REPLICATION_BROKEN = "replication_broken", "repl broken", Gauge, Count, "Replication channels of this replica that do not run.";
    DATA_BYTES = "data_bytes", "data", Gauge, Bytes, "Size of the database.";
    WAL_BYTES = "wal_bytes", "wal", Gauge, Bytes, "Size of the write-ahead log on disk.";
    WAL_RATE = "wal_rate", "wal/s", Counter, BytesPerSecond, "Write-ahead log written per second.";
    TEMP_BYTES = "temp_bytes", "temp/s", Counter, BytesPerSecond, "Temporary files written per second.";
    DEADLOCKS = "deadlocks", "deadlocks", Counter, PerSecond, "Deadlocks broken per second.";
    DEAD_ROWS = "dead_rows", "dead rows", Gauge, Count, "Dead rows waiting for vacuum.";
    XID_AGE = "xid_age", "xid age", Gauge, Count, "Age of the oldest unfrozen transaction id.";
    CHECKPOINTS_REQUESTED = "checkpoints_requested", "ckpt req", Counter, PerSecond, "Checkpoints forced by write volume per second.";
    RETAINED_WAL = "retained_wal", "slot wal", Gauge, Bytes, "Write-ahead log kept by the worst replication slot.";
    FREE_PAGES = "free_pages", "free", Gauge, Percent, "Share of the file that is free pages.";
    WRITES = "writes", "writes", Counter, PerSecond, "Committed write transactions per second, seen as change counter.";
    MEMORY_USED = "memory_used", "memory", Gauge, Bytes, "Memory that data and everything around it take.";
    MEMORY_LIMIT = "memory_limit", "mem limit", Gauge, Bytes, "Memory that the server may take.";
    MEMORY_PEAK = "memory_peak", "mem peak", Gauge, Bytes, "The most memory that was taken since the start.";
    MEMORY_RESIDENT = "memory_resident", "resident", Gauge, Bytes, "Memory that the server has from the system.";
    FRAGMENTATION = "fragmentation", "frag", Gauge, Count, "Memory taken from the system for each byte in use; below 1, some of it is swapped out.";
    EVICTIONS = "evictions", "evicted/s", Counter, PerSecond, "Keys thrown out for memory per second.";
    EXPIRATIONS = "expirations", "expired/s", Counter, PerSecond, "Keys that reached the end of their time per second.";
    KEYS = "keys", "keys", Gauge, Count, "Keys of all databases.";
    KEYS_EXPIRING = "keys_expiring", "with ttl", Gauge, Count, "Keys that expire.";
    BLOCKED_CLIENTS = "blocked_clients", "waiting", Gauge, Count, "Clients that wait in a blocking command.";
    REJECTED_CONNECTIONS = "rejected_connections", "rejected/s", Counter, PerSecond, "Connections refused because the server is full, per second.";
    SLOW_COMMANDS = "slow_commands", "slow/s", Counter, PerSecond, "Commands slower than the slow log's limit per second.";
    NETWORK_IN = "network_in", "net in", Counter, BytesPerSecond, "Bytes received from clients per second.";
    NETWORK_OUT = "network_out", "net out", Counter, BytesPerSecond, "Bytes sent to clients per second.";
    CPU_SECONDS = "cpu_seconds", "cpu", Counter, Percent, "Time of one core that the server takes.";
    LINK_DOWN = "link_down", "link down", Gauge, Seconds, "How long this replica has had no link to its primary.";
    SNAPSHOT_FAILED = "snapshot_failed", "save failed", Gauge, Count, "1 when the last snapshot failed.";
    APPEND_FILE_FAILED = "append_file_failed", "aof failed", Gauge, Count, "1 when the last write to the append-only file, or its rewrite, failed.";
    UNSAVED_CHANGES = "unsaved_changes", "unsaved", Gauge, Count, "Changes since the last snapshot.";
    FINDS = "finds", "finds", Counter, PerSecond, "Queries begun per second, without fetches of further batches.";
    INSERTS = "inserts", "inserts", Counter, PerSecond, "Inserts per second.";
    UPDATES = "updates", "updates", Counter, PerSecond, "Updates per second.";
    DELETES = "deletes", "deletes", Counter, PerSecond, "Deletes per second.";
    FETCHES = "fetches", "getmores", Counter, PerSecond, "Further batches fetched from open cursors per second.";
    COMMANDS = "commands", "commands", Counter, PerSecond, "Commands other than reads and writes per second.";
    QUEUED = "queued", "queued", Gauge, Count, "Operations that wait for a lock or for a place to run.";
    FREE_PLACES = "free_places", "tickets", Gauge, Count, "Free places to run in the storage engine, of reads or of writes, whichever has fewer.";
    CACHE_USED = "cache_used", "cache used", Gauge, Percent, "Share of the storage engine's cache that is filled.";
    CACHE_DIRTY = "cache_dirty", "cache dirty", Gauge, Percent, "Share of the storage engine's cache that waits to be written.";
    CLIENT_EVICTIONS = "client_evictions", "app evict", Counter, PerSecond, "Pages that operations themselves had to evict from a full cache per second.";
    PAGE_FAULTS = "page_faults", "page faults", Counter, PerSecond, "Page faults of the server's process that needed the disk, per second.";
    FULL_SCANS = "full_scans", "full scans", Counter, PerSecond, "Reads of a whole collection or table per second.";
    WRITE_CONFLICTS = "write_conflicts", "conflicts", Counter, PerSecond, "Writes that met another write to the same document and were tried again, per second.";
    ASSERTS = "asserts", "asserts", Counter, PerSecond, "Errors that the server counted per second, those of clients included.";
    CURSORS = "cursors", "cursors", Gauge, Count, "Cursors open now.";
    CURSORS_TIMED_OUT = "cursors_timed_out", "cursors t/o", Counter, PerSecond, "Cursors that the server closed because nobody fetched from them, per second.";
    OPLOG_WINDOW = "oplog_window", "oplog", Gauge, Seconds, "Time that the replication log reaches back: a member that is away for longer must be rebuilt.";
    MEMBERS_DOWN = "members_down", "down", Gauge, Count, "Members of the cluster that are down or not in a healthy state.";
    PRIMARIES = "primaries", "primaries", Gauge, Count, "Members of the cluster that take writes.";
    OWN_COST = "own_cost", "own cost", Gauge, Milliseconds, "Time our own last collection took, on the server and the wire.";
}

/// The registry line of a metric.
pub fn metric(id: MetricId) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.id == id)
}

/// Finds a metric by the name in the store.
pub fn metric_by_name(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|m| m.id.0 == name)
}

/// Raw readings of one collection. What could not be read is absent.
pub type Readings = BTreeMap<MetricId, f64>;

/// Values that can be shown: gauges as read, counters as rates. `earlier` is the sample before, if there was one.
/// A counter that went down was reset, and a pair more than ten minutes apart says nothing: both give no value.
pub fn values(at: Timestamp, raw: &Readings, earlier: Option<(Timestamp, &Readings)>) -> Readings {
    let mut out = Readings::new();
    let span = earlier.map(|(then, _)| at.since(then) as f64 / 1000.0).filter(|s| (0.001..=600.0).contains(s));
    let delta = |id: MetricId| -> Option<f64> {
        let (_, before) = earlier?;
        span?;
        let step = raw.get(&id)? - before.get(&id)?;
        (step >= 0.0).then_some(step)
    };
    for (&id, &reading) in raw {
        match metric(id).map(|m| m.kind) {
            Some(MetricKind::Counter) => {
                if let (Some(step), Some(seconds)) = (delta(id), span) {
                    out.insert(id, step / seconds);
                }
            }
            _ => {
                out.insert(id, reading);
            }
        }
    }
    if let (Some(hits), Some(reads)) = (delta(CACHE_HITS), delta(CACHE_READS))
        && hits + reads >= 1.0
    {
        out.insert(CACHE_HIT_RATIO, 100.0 * hits / (hits + reads));
    }
    if let (Some(time), Some(calls)) = (delta(STATEMENT_TIME), delta(STATEMENTS))
        && calls >= 1.0
    {
        out.insert(MEAN_STATEMENT, time / calls);
    }
    out
}

/// The last values of one metric, oldest first, bounded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    points: VecDeque<(Timestamp, Option<f64>)>,
}

impl Series {
    /// Points kept: 15 minutes at the default of 2 seconds.
    pub const CAPACITY: usize = 450;

    /// Adds a point; `None` is a gap and stays one.
    pub fn push(&mut self, at: Timestamp, value: Option<f64>) {
        if self.points.len() == Self::CAPACITY {
            self.points.pop_front();
        }
        self.points.push_back((at, value));
    }
    /// The points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Option<f64>)> + '_ {
        self.points.iter().copied()
    }
    /// The newest value, if the newest point is not a gap.
    pub fn last(&self) -> Option<f64> {
        self.points.back().and_then(|(_, v)| *v)
    }
    /// Largest value kept.
    pub fn peak(&self) -> Option<f64> {
        self.points.iter().filter_map(|(_, v)| *v).reduce(f64::max)
    }
    /// Means of `buckets` equal spans of the time from `from` to `to`; a bucket without a reading is `None`.
    pub fn buckets(&self, from: Timestamp, to: Timestamp, buckets: usize) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0_u32); buckets];
        let span = to.since(from).max(1) as f64;
        for (at, value) in self.points() {
            let (Some(value), true) = (value, at >= from && at <= to) else { continue };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position < buckets")]
            let slot = ((at.since(from) as f64 / span) * buckets as f64) as usize;
            if let Some((sum, n)) = sums.get_mut(slot.min(buckets.saturating_sub(1))) {
                *sum += value;
                *n += 1;
            }
        }
        sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
    }
}

/// Writes a value for a narrow column: `840 ms`, `2.1k`, `812 GB`, `00:14:22` for long spans, `-` when missing.
pub fn format(value: Option<f64>, unit: Unit) -> String {
    let Some(v) = value.filter(|v| v.is_finite()) else { return "-".into() };
    match unit {
        Unit::Count => short(v),
        Unit::PerSecond => short(v),
        Unit::Bytes => bytes(v),
        Unit::BytesPerSecond => format!("{}/s", bytes(v)),
        Unit::Seconds => seconds(v),
        Unit::Milliseconds => {
            if v >= 10_000.0 {
                seconds(v / 1000.0)
            } else if v >= 100.0 {
                format!("{v:.0} ms")
            } else {
                format!("{v:.1} ms")
            }
        }
        Unit::Percent => format!("{v:.0}%"),
    }
}

fn short(v: f64) -> String {
    let a = v.abs();
    if a >= 1e9 {
        format!("{:.1}G", v / 1e9)
    } else if a >= 1e6 {
        format!("{:.1}M", v / 1e6)
    } else if a >= 10_000.0 {
        format!("{:.0}k", v / 1e3)
    } else if a >= 1000.0 {
        format!("{:.1}k", v / 1e3)
    } else if a >= 10.0 || v.fract() == 0.0 {
        format!("{v:.0}")
    } else {
        format!("{v:.1}")
    }
}

/// `812 GB`, with binary steps as every server counts them.
pub fn bytes(v: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut v = v;
    let mut unit = 0;
    while v.abs() >= 1024.0 && unit + 1 < units.len() {
        v /= 1024.0;
        unit += 1;
    }
    if unit == 0 || v >= 100.0 { format!("{v:.0} {}", units[unit]) } else { format!("{v:.1} {}", units[unit]) }
}

/// A whole number with its digits in groups of three: `12 400`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// `3s`, `41s`, `12m 05s`, `3h 12m`, `41d 2h`.
pub fn seconds(v: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a sane span first")]
    let s = v.clamp(0.0, 1e12) as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3600),
    }
}
