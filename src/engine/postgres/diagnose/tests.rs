//! The judge on rows written by hand: one scene for each family of causes, and what must stay silent.
#![allow(clippy::unwrap_used)]
#![expect(clippy::needless_pass_by_value, reason = "rows are written where they are used")]

use super::judge;
use super::statement::explain;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Observation, SeenPlan, Verdict};
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::{Environment, Identity, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Rows from a list of objects, all of the same keys.
fn rows(objects: &Json) -> Rows {
    let objects: Vec<&serde_json::Map<String, Json>> =
        objects.as_array().unwrap().iter().map(|object| object.as_object().unwrap()).collect();
    let names: Vec<&String> = objects.iter().flat_map(|object| object.keys()).collect();
    let mut columns: Vec<Column> = Vec::new();
    for name in names {
        if !columns.iter().any(|column| column.name == *name) {
            columns.push(Column::text(name));
        }
    }
    let cell = |value: Option<&Json>| match value {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Bool(b)) => Value::Bool(*b),
        Some(Json::Number(n)) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int),
        Some(Json::String(s)) => Value::Text(s.clone()),
        Some(list) => Value::Text(list.to_string()),
    };
    let rows = objects.iter().map(|o| columns.iter().map(|c| cell(o.get(&c.name))).collect()).collect();
    Rows { columns, rows, truncated: None }
}

/// What a server showed in ten seconds.
struct Scene {
    seen: Observation,
    settings: Vec<Json>,
}

impl Scene {
    /// One on which nothing happens, with one table.
    fn new() -> Self {
        let mut scene = Self { seen: Observation::default(), settings: Vec::new() };
        scene.once("diagnose.server", json!([{"sees_all": true, "database": "shop", "connections": 5, "backends": 5}]));
        scene.setting("max_connections", "100", "").setting("shared_buffers", "16384", "8kB");
        scene.setting("max_wal_size", "1024", "MB").setting("work_mem", "4096", "kB");
        scene
    }
    fn at(&mut self, name: &str, at: i64, value: &Json) -> &mut Self {
        self.seen.add(name, Timestamp(at), rows(value));
        self
    }
    fn once(&mut self, name: &str, value: Json) -> &mut Self {
        self.at(name, 0, &value)
    }
    fn ends(&mut self, name: &str, first: Json, last: Json) -> &mut Self {
        self.at(name, 0, &first).at(name, 10_000, &last)
    }
    fn setting(&mut self, name: &str, value: &str, unit: &str) -> &mut Self {
        self.settings.retain(|setting| setting["name"] != name);
        self.settings.push(json!({"name": name, "setting": value, "unit": unit, "source": "configuration file"}));
        self
    }
    /// The same sessions in every look.
    fn sessions(&mut self, sessions: &[Json]) -> &mut Self {
        for look in 0..20 {
            self.at("diagnose.sessions", look * 500, &Json::Array(sessions.to_vec()));
        }
        self
    }
    /// Counters of the database, from nothing to these.
    fn database(&mut self, last: Json) -> &mut Self {
        self.ends("diagnose.databases", json!([{"datname": "shop"}]), json!([last]))
    }
    /// A table: what stands, and what grew.
    fn table(&mut self, standing: &Json, grown: &Json) -> &mut Self {
        let base = json!({"oid": 7, "schema": "public", "name": "orders", "live": 300_000, "reltuples": 300_000,
            "dead": 0, "mods": 0, "analyze_seconds": 60, "bytes": 30_000_000});
        let merge = |parts: &[&Json]| {
            let mut all = serde_json::Map::new();
            for part in parts {
                all.extend(part.as_object().unwrap().clone());
            }
            Json::Array(vec![Json::Object(all)])
        };
        self.ends("diagnose.tables", merge(&[&base, standing]), merge(&[&base, standing, grown]))
    }
    fn plan(&mut self, statement: &str, plan: &Json) -> &mut Self {
        let cell = json!([{"QUERY PLAN": json!([{"Plan": plan}]).to_string()}]);
        self.seen.plans.push(SeenPlan { statement: explain(statement, 150_000).unwrap(), rows: rows(&cell) });
        self
    }
    fn judge(&mut self) -> Diagnosis {
        let settings = Json::Array(std::mem::take(&mut self.settings));
        self.once("diagnose.settings", settings);
        let identity =
            Identity { version_number: 150_000, database: "shop".into(), user: "watch".into(), ..Identity::default() };
        let usual = BTreeMap::new();
        judge(&Case {
            now: Timestamp(10_000),
            identity: &identity,
            environment: Environment::Production,
            observation: &self.seen,
            incident: None,
            usual: &usual,
            focus: None,
            definitions: &[],
        })
    }
    fn roots(&mut self) -> Vec<Cause> {
        self.judge().roots().map(|root| root.cause).collect()
    }
}

/// A client at work on a statement.
fn at_work(pid: i64, query: &str, wait: (&str, &str)) -> Json {
    json!({"pid": pid, "backend_type": "client backend", "datname": "shop", "usename": "app", "state": "active",
        "xact_start": format!("t{pid}"), "xact_seconds": 0.2, "query_seconds": 0.2, "state_seconds": 0.2,
        "wait_event_type": wait.0, "wait_event": wait.1, "query": query})
}

const COMPUTES: (&str, &str) = ("", "");

#[test]
fn an_idle_server_and_a_lightly_used_one_have_nothing() {
    assert_eq!(Scene::new().sessions(&[]).database(json!({"xact_commit": 40})).roots(), []);
    let mut light = Scene::new();
    let one = at_work(1, "select * from orders where id = 3", COMPUTES);
    for look in 0..20 {
        let sessions = if look % 7 == 0 { json!([one]) } else { json!([]) };
        light.at("diagnose.sessions", look * 500, &sessions);
    }
    light.database(json!({"xact_commit": 400, "tup_updated": 90, "blks_hit": 9_000}));
    light.table(&json!({}), &json!({"updated": 90, "idx_tup_fetch": 500}));
    assert_eq!(light.roots(), []);
}

#[test]
fn an_idle_transaction_that_others_wait_for_is_the_root_and_the_chain_follows() {
    let mut scene = Scene::new();
    let holder = json!({"pid": 5, "backend_type": "client backend", "datname": "shop", "state": "idle in transaction",
        "xact_start": "t5", "xact_seconds": 30, "state_seconds": 29, "query_seconds": 30, "query": "update orders set a = 1"});
    let mut waiter = at_work(6, "update orders set a = 2", ("Lock", "transactionid"));
    waiter["blocked_by"] = json!([5]);
    waiter["query_seconds"] = json!(9);
    let mut second = at_work(7, "update orders set a = 3", ("Lock", "tuple"));
    second["blocked_by"] = json!([6]);
    let found = scene.sessions(&[holder, waiter, second]).database(json!({})).judge();
    let root = found.roots().next().unwrap();
    assert_eq!((root.cause, root.about.as_deref()), (Cause::IdleInTransaction, Some("session 5")));
    assert_eq!(found.roots().count(), 1, "{found:?}");
    assert_eq!(found.of(Cause::LockWaitChain).unwrap().consequence_of, Some(Cause::IdleInTransaction));
}

#[test]
fn many_short_waits_behind_ever_other_sessions_are_contention() {
    let mut scene = Scene::new();
    for look in 0..20_i64 {
        let holder = 10 + look % 6;
        let mut sessions = vec![at_work(holder, "update hot set n = n + 1 where id = 1", COMPUTES)];
        for waiter in 0..5 {
            let mut session = at_work(30 + waiter, "update hot set n = n + 1 where id = 1", ("Lock", "transactionid"));
            session["blocked_by"] = json!([holder]);
            sessions.push(session);
        }
        scene.at("diagnose.sessions", look * 500, &Json::Array(sessions));
    }
    assert_eq!(scene.database(json!({"xact_commit": 900, "tup_updated": 900})).roots(), [Cause::LockContention]);
}

#[test]
fn a_whole_read_for_few_rows_lacks_an_index_and_the_processors_follow() {
    let statement = "select * from orders where code = 17";
    let plan = json!({"Node Type": "Seq Scan", "Relation Name": "orders", "Total Cost": 9_000.0, "Plan Rows": 3,
        "Plan Width": 40, "Filter": "(code = 17)"});
    let sessions: Vec<Json> = (1..6).map(|pid| at_work(pid, statement, COMPUTES)).collect();
    let mut scene = Scene::new();
    scene
        .sessions(&sessions)
        .database(json!({"xact_commit": 500}))
        .table(&json!({}), &json!({}))
        .plan(statement, &plan);
    let found = scene.judge();
    assert_eq!(found.roots().map(|root| root.cause).collect::<Vec<_>>(), [Cause::MissingIndex], "{found:?}");
    assert_eq!(found.of(Cause::MissingIndex).unwrap().about.as_deref(), Some("orders"));
    assert_eq!(found.of(Cause::HeavyWorkload).unwrap().consequence_of, Some(Cause::MissingIndex));
}

#[test]
fn a_condition_with_few_results_asks_for_no_index() {
    let statement = "select min(note) from orders where code % 2 = 0";
    let roots = |filter: &str| {
        let plan = json!({"Node Type": "Aggregate", "Total Cost": 9_001.0, "Plan Rows": 1, "Plan Width": 32, "Plans": [
            {"Node Type": "Seq Scan", "Relation Name": "orders", "Total Cost": 9_000.0, "Plan Rows": 1_500,
             "Plan Width": 40, "Filter": filter}]});
        let sessions: Vec<Json> = (1..6).map(|pid| at_work(pid, statement, COMPUTES)).collect();
        let mut scene = Scene::new();
        scene.sessions(&sessions).database(json!({"xact_commit": 50})).table(&json!({}), &json!({}));
        scene.plan(statement, &plan).roots()
    };
    for filter in ["((code % 2) = 0)", "(date_part('dow'::text, at) = '1'::double precision)", "(length(note) = 3)"] {
        assert!(!roots(filter).contains(&Cause::MissingIndex), "{filter}");
    }
    for filter in ["((code % 5000) = 0)", "(lower(note) = 'x'::text)", "(bitlength(note) = 3)", "(strength(note) = 3)"]
    {
        assert_eq!(roots(filter), [Cause::MissingIndex], "{filter}");
    }
}

#[test]
fn without_a_plan_the_counters_of_the_table_tell() {
    let sessions: Vec<Json> =
        (1..4).map(|pid| at_work(pid, "update orders set note = 'x' where code = $1", COMPUTES)).collect();
    let grown = json!({"seq_scan": 90, "seq_tup_read": 27_000_000, "updated": 90});
    let mut scene = Scene::new();
    scene.sessions(&sessions).database(json!({"xact_commit": 90, "tup_updated": 90})).table(&json!({}), &grown);
    assert_eq!(scene.roots(), [Cause::MissingIndex]);
}

#[test]
fn a_subquery_for_each_row_a_blind_join_and_a_large_answer_are_told_by_their_plans() {
    let scan = |table: &str, role: &str, cost: f64, rows: u32| {
        json!({"Node Type": "Seq Scan", "Relation Name": table, "Parent Relationship": role, "Total Cost": cost,
            "Plan Rows": rows, "Plan Width": 60})
    };
    let mut outer = scan("orders", "", 900_000.0, 900);
    outer["Plans"] =
        json!([{"Node Type": "Aggregate", "Parent Relationship": "SubPlan", "Total Cost": 90.0, "Plan Rows": 1}]);
    let blind = json!({"Node Type": "Aggregate", "Total Cost": 300_100.0, "Plan Rows": 1, "Plans": [
        {"Node Type": "Nested Loop", "Parent Relationship": "Outer", "Total Cost": 300_000.0, "Plan Rows": 9_000, "Plans": [
            scan("orders", "Outer", 200.0, 3_000), scan("lines", "Inner", 200.0, 3_000)]}]});
    for (cause, plan) in [
        (Cause::CorrelatedSubquery, outer),
        (Cause::PoorJoin, blind),
        (Cause::LargeFetch, scan("orders", "", 6_000.0, 300_000)),
    ] {
        let statement = "select * from orders o, lines l where o.a < l.b";
        let sessions = [at_work(1, statement, COMPUTES), at_work(2, statement, COMPUTES)];
        let mut scene = Scene::new();
        scene.sessions(&sessions).database(json!({})).table(&json!({}), &json!({})).plan(statement, &plan);
        assert_eq!(scene.roots(), [cause]);
    }
}

fn writing(statement: &str, wait: (&str, &str), database: Json, grown: &Json, indexes: Json) -> Vec<Cause> {
    let sessions: Vec<Json> = (1..9).map(|pid| at_work(pid, statement, wait)).collect();
    let mut scene = Scene::new();
    scene.sessions(&sessions).database(database).table(&json!({}), grown).once("diagnose.indexes", indexes);
    scene.roots()
}

#[test]
fn writes_are_small_commits_many_rows_or_needless_indexes() {
    let index = |name: &str, column: &str, needed: bool, scans: u32| {
        json!({"table_oid": 7, "schema": "public", "table": "orders", "name": name, "columns": [column], "key_columns": 1,
            "needed": needed, "valid": true, "ready": true, "scans": scans, "bytes": 9_000_000})
    };
    let key = || json!([index("orders_pkey", "id", true, 9)]);
    let commits = json!({"xact_commit": 9_000, "tup_updated": 9_000});
    let found =
        writing("update orders set a = 1 where id = 2", ("IO", "WALSync"), commits, &json!({"updated": 9_000}), key());
    assert_eq!(found, [Cause::HeavyCommits]);
    let inserts = || json!({"xact_commit": 900, "tup_inserted": 400_000});
    let insert = "insert into orders select generate_series(1, 400)";
    let grown = json!({"inserted": 400_000});
    assert_eq!(writing(insert, ("LWLock", "WALInsert"), inserts(), &grown, key()), [Cause::HeavyInserts]);
    let mut many = vec![index("orders_pkey", "id", true, 9)];
    many.extend(["a", "b", "c", "d"].iter().map(|column| index(&format!("i_{column}"), column, false, 0)));
    assert_eq!(writing(insert, COMPUTES, inserts(), &grown, Json::Array(many)), [Cause::RedundantIndexes]);
    let mut used = vec![index("orders_pkey", "id", true, 9)];
    used.extend(["a", "b", "c", "d"].iter().map(|column| index(&format!("i_{column}"), column, false, 55)));
    assert_eq!(writing(insert, COMPUTES, inserts(), &grown, Json::Array(used)), [Cause::HeavyInserts]);
}

#[test]
fn a_small_cache_is_told_from_a_busy_disk_by_its_size() {
    let sessions: Vec<Json> =
        (1..6).map(|pid| at_work(pid, "select * from orders where id = 3", ("IO", "DataFileRead"))).collect();
    let read = json!({"xact_commit": 40_000, "blks_read": 90_000, "blks_hit": 110_000});
    let plan = json!({"Node Type": "Index Scan", "Relation Name": "orders", "Total Cost": 8.0, "Plan Rows": 1});
    for (pool, cause) in [("256", Cause::SmallBufferPool), ("524288", Cause::IoSaturation)] {
        let mut scene = Scene::new();
        scene.sessions(&sessions).database(read.clone()).setting("shared_buffers", pool, "8kB");
        scene.table(&json!({}), &json!({"heap_read": 90_000, "heap_hit": 110_000}));
        scene.plan("select * from orders where id = 3", &plan);
        assert_eq!(scene.roots(), [cause]);
    }
}

#[test]
fn what_stands_is_seen_without_any_load() {
    let slot = |lsn: &str, active: bool, kept: i64| json!([{"name": "gone", "active": active, "temporary": false, "restart_lsn": lsn, "retained_bytes": kept}]);
    let stuck = |first: Json, last: Json| Scene::new().sessions(&[]).ends("diagnose.slots", first, last).roots();
    assert_eq!(stuck(slot("0/1", false, 200 << 20), slot("0/1", false, 201 << 20)), [Cause::StuckSlot]);
    assert_eq!(stuck(slot("0/1", true, 200 << 20), slot("0/2", true, 200 << 20)), []);
    assert_eq!(stuck(slot("0/1", false, 1 << 20), slot("0/1", false, 1 << 20)), []);

    let index = |built: bool| {
        json!([{"table_oid": 7, "schema": "public", "table": "orders", "name": "orders_x", "columns": ["x"], "key_columns": 1,
            "valid": false, "ready": true, "being_built": built}])
    };
    assert_eq!(Scene::new().sessions(&[]).once("diagnose.indexes", index(false)).roots(), [Cause::InvalidIndex]);
    assert_eq!(Scene::new().sessions(&[]).once("diagnose.indexes", index(true)).roots(), []);

    let dead = json!({"live": 60_000, "dead": 240_000});
    assert_eq!(Scene::new().sessions(&[]).table(&dead, &json!({})).roots(), [Cause::DeadTuples]);
    let few = json!({"live": 300_000, "dead": 9_000});
    assert_eq!(Scene::new().sessions(&[]).table(&few, &json!({})).roots(), []);

    let mut full = Scene::new();
    full.once("diagnose.server", json!([{"sees_all": true, "connections": 96, "backends": 96}])).sessions(&[]);
    assert_eq!(full.roots(), [Cause::ConnectionSaturation]);
}

#[test]
fn a_login_that_sees_little_says_so_and_decides_nothing_that_it_cannot_see() {
    let mut scene = Scene::new();
    scene.once("diagnose.server", json!([{"sees_all": false, "connections": 1, "backends": 9}])).sessions(&[]);
    let found = scene.judge();
    assert_eq!(found.roots().count(), 0);
    assert_eq!(found.of(Cause::LockWaitChain).unwrap().verdict, Verdict::Inconclusive);
    assert!(found.unknown.iter().any(|words| words.contains("GRANT pg_monitor TO watch")), "{:?}", found.unknown);
}

#[test]
fn a_deadlock_is_counted_and_a_strange_setting_alone_is_no_cause() {
    assert_eq!(Scene::new().sessions(&[]).database(json!({"deadlocks": 2})).roots(), [Cause::Deadlock]);
    let mut strange = Scene::new();
    strange.setting("random_page_cost", "100", "").setting("fsync", "off", "").sessions(&[]).database(json!({}));
    let found = strange.judge();
    assert_eq!(found.of(Cause::ConfigRegression).unwrap().verdict, Verdict::Inconclusive);
    assert_eq!(found.roots().count(), 0);
}
