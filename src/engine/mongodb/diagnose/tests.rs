//! Documents as MongoDB gives them, written by hand, and what is made of them.

#![allow(clippy::unwrap_used)]
use super::read::{COUNTS, INDEXES, OPLOG, SLOW};
use super::*;
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::Timestamp;
use crate::engine::case::with_case;

/// The server's clock in these tests: 2026-01-01 00:00:00 UTC.
const NOW_MS: f64 = 1_767_225_600_000.0;

fn table(columns: &[&str], rows: Vec<Vec<Value>>) -> Rows {
    Rows { columns: columns.iter().map(|name| Column::text(name)).collect(), rows, truncated: None }
}

fn numbers(pairs: &[(&str, f64)]) -> Rows {
    table(&["name", "value"], pairs.iter().map(|(name, value)| vec![text(name), Value::Float(*value)]).collect())
}

fn text(words: &str) -> Value {
    Value::Text(words.to_owned())
}

fn seen(status: &[(&str, f64)]) -> Observation {
    let mut observation = Observation::default();
    let mut status = status.to_vec();
    status.push(("localTime", NOW_MS));
    for at in [0, 10_000] {
        observation.add(STATUS.name, Timestamp(at), numbers(&status));
    }
    observation
}

/// An operation: number, seconds, namespace, plan, state, whom it waits for, command.
type Running<'a> = (i64, f64, &'a str, &'a str, &'a str, &'a str, &'a str);

fn running(observation: &mut Observation, operations: &[Running<'_>]) {
    let columns = [
        "id",
        "seconds",
        "operation",
        "namespace",
        "plan",
        "user",
        "application",
        "client",
        "state",
        "blocked_by",
        "waits",
        "command",
    ];
    for look in 0..4 {
        let row = |(id, seconds, namespace, plan, state, by, command): &Running<'_>| {
            let waits = Value::Int(i64::from(!by.is_empty()));
            vec![
                Value::Int(*id),
                Value::Float(*seconds),
                text("query"),
                text(namespace),
                text(plan),
                text("app"),
                text("web"),
                text("10.0.0.7:5"),
                text(state),
                text(by),
                waits,
                text(command),
            ]
        };
        observation.add(OPERATIONS.name, Timestamp(look * 500), table(&columns, operations.iter().map(row).collect()));
    }
}

fn slow(observation: &mut Observation, namespace: &str, examined: i64, at: &str) {
    let columns = [
        "time",
        "ms",
        "operation",
        "namespace",
        "plan",
        "documents examined",
        "returned",
        "application",
        "from",
        "command",
    ];
    let command = text(r#"{"find": "orders", "filter": {"status": "open"}, "sort": {"placed": -1}}"#);
    let row = || {
        vec![
            text(at),
            Value::Int(1_500),
            text("query"),
            text(namespace),
            text("COLLSCAN"),
            Value::Int(examined),
            Value::Int(3),
            text("web"),
            text("log"),
            command.clone(),
        ]
    };
    observation.add(SLOW.name, Timestamp(10_000), table(&columns, vec![row(), row()]));
}

const NOW: Timestamp = Timestamp(10_000);

fn roots_of(observation: &Observation) -> Vec<Cause> {
    with_case(observation, NOW, |case| judge(case).roots().map(|root| root.cause).collect())
}

#[test]
fn a_scan_of_a_large_collection_is_a_cause_and_its_index_has_the_right_order() {
    let mut observation = seen(&[]);
    slow(&mut observation, "shop.orders", 250_000, "2025-12-31T23:59:00.000Z");
    observation.add(COUNTS.name, Timestamp(0), numbers(&[("shop.orders", 250_000.0)]));
    assert_eq!(roots_of(&observation), [Cause::CollectionScan]);
    let plans = with_case(&observation, NOW, |case| crate::domain::procedure::offers(PROCEDURES, case, &judge(case)));
    let plan = plans.iter().find(|plan| plan.procedure == "C17").unwrap();
    assert_eq!(plan.blocked, Vec::<String>::new());
    assert_eq!(
        plan.steps[0].draft.statement,
        r#"{"createIndexes": "orders", "indexes": [{"key": {"status": 1, "placed": -1}, "name": "status_1_placed_-1"}]}"#
    );
}

#[test]
fn a_tiny_collection_and_an_old_entry_are_left_alone() {
    let mut tiny = seen(&[]);
    slow(&mut tiny, "shop.orders", 300, "2025-12-31T23:59:00.000Z");
    tiny.add(COUNTS.name, Timestamp(0), numbers(&[("shop.orders", 300.0)]));
    assert_eq!(roots_of(&tiny), []);
    let mut old = seen(&[]);
    slow(&mut old, "shop.orders", 250_000, "2025-12-30T12:00:00.000Z");
    assert_eq!(roots_of(&old), []);
}

#[test]
fn long_operations_are_those_of_clients_that_work() {
    let find = r#"{"find": "orders"}"#;
    let at = |operation: Running<'_>| {
        let mut observation = seen(&[]);
        running(&mut observation, &[operation]);
        roots_of(&observation)
    };
    assert_eq!(at((1, 90.0, "shop.orders", "IXSCAN { a: 1 }", "active", "", find)), [Cause::LongOperation]);
    assert_eq!(at((1, 3.0, "shop.orders", "", "active", "", find)), []);
    let stream = r#"{"aggregate": "orders", "pipeline": [{"$changeStream": {}}]}"#;
    assert_eq!(at((1, 900.0, "shop.orders", "", "active", "", stream)), []);
    assert_eq!(at((1, 900.0, "local.oplog.rs", "", "active", "", find)), []);
    assert_eq!(at((1, 900.0, "", "", "background", "", "")), []);
}

#[test]
fn whoever_holds_up_others_is_the_root() {
    let mut observation = seen(&[]);
    let update = r#"{"update": "orders"}"#;
    running(
        &mut observation,
        &[
            (1, 84.0, "shop.orders", "", "active", "", update),
            (2, 30.0, "shop.orders", "", "active", "1", update),
            (3, 25.0, "shop.orders", "", "active", "1", update),
        ],
    );
    assert_eq!(roots_of(&observation), [Cause::LockWaitChain]);
    let plans = with_case(&observation, NOW, |case| crate::domain::procedure::offers(PROCEDURES, case, &judge(case)));
    let first = plans.iter().find(|plan| plan.procedure == "C5").unwrap();
    assert!(first.blocked.is_empty() && first.title.contains("operation 1 "), "{first:?}");
    let mut building = seen(&[]);
    let create = r#"{"createIndexes": "orders"}"#;
    running(
        &mut building,
        &[(1, 84.0, "shop.orders", "", "active", "", create), (2, 30.0, "shop.orders", "", "active", "1", update)],
    );
    let plans = with_case(&building, NOW, |case| crate::domain::procedure::offers(PROCEDURES, case, &judge(case)));
    let first = plans.iter().find(|plan| plan.procedure == "C5").unwrap();
    assert!(first.blocked.iter().any(|why| why.contains("index")), "{:?}", first.blocked);
}

#[test]
fn a_young_log_reaches_back_little_and_that_is_all() {
    let at = |bytes: f64| {
        let mut observation = seen(&[]);
        let log = [("first_ms", 0.0), ("last_ms", 7_200_000.0), ("bytes", bytes), ("most_bytes", 1e9)];
        observation.add(OPLOG.name, Timestamp(0), numbers(&log));
        roots_of(&observation)
    };
    assert_eq!(at(0.99e9), [Cause::OplogWindow]);
    assert_eq!(at(0.2e9), []);
}

#[test]
fn a_cache_counts_from_where_operations_wait() {
    let cache = |filled: f64, dirty: f64| {
        roots_of(&seen(&[
            ("wiredTiger.cache.maximum bytes configured", 1000.0),
            ("wiredTiger.cache.bytes currently in the cache", filled),
            ("wiredTiger.cache.tracked dirty bytes in the cache", dirty),
        ]))
    };
    assert_eq!(cache(790.0, 30.0), []);
    assert_eq!(cache(970.0, 30.0), [Cause::CachePressure]);
    assert_eq!(cache(790.0, 250.0), [Cause::CachePressure]);
}

#[test]
fn several_covered_indexes_are_a_cause_and_special_ones_are_none() {
    let index =
        |name: &str, keys: &str, kind: &str| vec![text(name), text("orders"), text(keys), Value::Int(0), text(kind)];
    let columns = ["index", "collection", "keys", "uses", "kind"];
    let with = |kind: &str| {
        let mut observation = seen(&[]);
        let rows = vec![
            index("a", "a", kind),
            index("b", "b", kind),
            index("c", "c", kind),
            index("ab", "a, b", ""),
            index("bc", "b, c", ""),
            index("cd", "c, d", ""),
        ];
        observation.add(INDEXES.name, Timestamp(0), table(&columns, rows));
        roots_of(&observation)
    };
    assert_eq!(with(""), [Cause::RedundantIndexes]);
    assert_eq!(with("unique"), []);
}
