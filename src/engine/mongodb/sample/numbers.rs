//! Replies of `serverStatus` and `dbStats` -> readings.

use crate::domain::metric::{self, MetricId, Readings};
use crate::engine::mongodb::wire::Fields as _;
use bson::RawDocument;

/// Numbers that are taken as they are.
const PLAIN: &[(&str, MetricId)] = &[
    ("connections.current", metric::CONNECTIONS),
    ("opcounters.query", metric::FINDS),
    ("opcounters.insert", metric::INSERTS),
    ("opcounters.update", metric::UPDATES),
    ("opcounters.delete", metric::DELETES),
    ("opcounters.getmore", metric::FETCHES),
    ("opcounters.command", metric::COMMANDS),
    ("globalLock.currentQueue.total", metric::QUEUED),
    ("wiredTiger.cache.pages evicted by application threads", metric::CLIENT_EVICTIONS),
    ("extra_info.page_faults", metric::PAGE_FAULTS),
    ("metrics.queryExecutor.collectionScans.total", metric::FULL_SCANS),
    ("metrics.operation.writeConflicts", metric::WRITE_CONFLICTS),
    ("network.bytesIn", metric::NETWORK_IN),
    ("network.bytesOut", metric::NETWORK_OUT),
    ("metrics.cursor.open.total", metric::CURSORS),
    ("metrics.cursor.timedOut", metric::CURSORS_TIMED_OUT),
    ("transactions.totalAborted", metric::ROLLBACKS),
];
/// Kinds of operations whose times are counted.
const TIMED: [&str; 3] = ["reads", "writes", "commands"];
/// Where the free places to run are told: until MongoDB 7.0, and since 8.0.
const PLACES: [&str; 2] = ["wiredTiger.concurrentTransactions", "queues.execution"];

/// Readings of `serverStatus`.
pub(super) fn read(status: &RawDocument, readings: &mut Readings) {
    let number = |path: &str| status.number(path);
    let mut set = |id, value: Option<f64>| {
        if let Some(value) = value {
            readings.insert(id, value);
        }
    };
    for (path, id) in PLAIN {
        set(*id, number(path));
    }
    let sum = |paths: &[&str]| -> Option<f64> {
        let known: Vec<f64> = paths.iter().filter_map(|path| number(path)).collect();
        (!known.is_empty()).then(|| known.iter().sum())
    };
    set(metric::CONNECTION_LIMIT, both(number("connections.current"), number("connections.available")));
    set(metric::TRANSACTIONS, both(number("transactions.totalCommitted"), number("transactions.totalAborted")));
    set(metric::ASSERTS, sum(&["asserts.regular", "asserts.warning", "asserts.msg", "asserts.user"]));

    let of_latencies =
        |field: &str| -> Option<f64> { TIMED.iter().map(|kind| number(&format!("opLatencies.{kind}.{field}"))).sum() };
    // Commands by the same book as their times; the operation counters count each inserted document.
    set(
        metric::STATEMENTS,
        of_latencies("ops").or_else(|| {
            sum(&[
                "opcounters.query",
                "opcounters.insert",
                "opcounters.update",
                "opcounters.delete",
                "opcounters.getmore",
                "opcounters.command",
            ])
        }),
    );
    set(metric::STATEMENT_TIME, of_latencies("latency").map(|microseconds| microseconds / 1000.0));

    let cache = |name: &str| number(&format!("wiredTiger.cache.{name}"));
    let most = cache("maximum bytes configured").filter(|most| *most > 0.0);
    let share = |bytes: Option<f64>| Some(100.0 * bytes? / most?);
    set(metric::CACHE_USED, share(cache("bytes currently in the cache")));
    set(metric::CACHE_DIRTY, share(cache("tracked dirty bytes in the cache")));
    let read = cache("pages read into cache");
    set(metric::CACHE_READS, read);
    set(metric::CACHE_HITS, cache("pages requested from the cache").zip(read).map(|(all, read)| (all - read).max(0.0)));

    let free = |place: &str| {
        let of = |kind: &str| number(&format!("{place}.{kind}.available"));
        of("read").zip(of("write")).map(|(reads, writes)| reads.min(writes))
    };
    set(metric::FREE_PLACES, PLACES.iter().find_map(|place| free(place)));
}

fn both(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? + other?)
}

/// Size of a database on disk, with its indexes.
pub(super) fn size(stats: &RawDocument, readings: &mut Readings) {
    let size = stats.number("totalSize").or_else(|| both(stats.number("storageSize"), stats.number("indexSize")));
    readings.extend(size.map(|bytes| (metric::DATA_BYTES, bytes)));
}

/// How far the replication log reaches back, seconds.
pub(super) fn oplog(status: &RawDocument, readings: &mut Readings) {
    let ends = status.moment("oplog.latestOptime").zip(status.moment("oplog.earliestOptime"));
    if let Some((last, first)) = ends.filter(|(last, first)| last >= first) {
        readings.insert(metric::OPLOG_WINDOW, (last - first) as f64 / 1000.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Timestamp, rawdoc};

    #[test]
    fn what_is_there_is_read_and_nothing_is_made_up() {
        let mut readings = Readings::new();
        let status = rawdoc! {
            "connections": { "current": 12, "available": 788_i64 },
            "opLatencies": {
                "reads": { "ops": 10_i64, "latency": 2000_i64 }, "writes": { "ops": 5_i64, "latency": 1000_i64 },
                "commands": { "ops": 1_i64, "latency": 500_i64 },
            },
            "wiredTiger": { "cache": {
                "maximum bytes configured": 1000_i64, "bytes currently in the cache": 800_i64,
                "tracked dirty bytes in the cache": 50_i64, "pages requested from the cache": 100_i64,
                "pages read into cache": 10_i64,
            } },
            "queues": { "execution": { "read": { "available": 9 }, "write": { "available": 4 } } },
        };
        read(&status, &mut readings);
        for (id, value) in [
            (metric::CONNECTIONS, 12.0),
            (metric::CONNECTION_LIMIT, 800.0),
            (metric::STATEMENTS, 16.0),
            (metric::STATEMENT_TIME, 3.5),
            (metric::CACHE_USED, 80.0),
            (metric::CACHE_DIRTY, 5.0),
            (metric::CACHE_HITS, 90.0),
            (metric::CACHE_READS, 10.0),
            (metric::FREE_PLACES, 4.0),
        ] {
            assert_eq!(readings.get(&id), Some(&value), "{id:?}");
        }
        for missing in [metric::TRANSACTIONS, metric::ASSERTS, metric::QUEUED, metric::PAGE_FAULTS] {
            assert_eq!(readings.get(&missing), None, "{missing:?}");
        }
    }

    #[test]
    fn the_reach_of_the_log_is_between_its_ends() {
        let mut readings = Readings::new();
        let stamp = |time| Timestamp { time, increment: 1 };
        oplog(&rawdoc! { "oplog": { "earliestOptime": stamp(1000), "latestOptime": stamp(4600) } }, &mut readings);
        assert_eq!(readings.get(&metric::OPLOG_WINDOW), Some(&3600.0));
    }
}
