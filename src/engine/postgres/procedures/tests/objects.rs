//! Tables, columns, indexes and statistics.

use super::scene::{Scene, blocked, proposable, session, with};
use crate::domain::diagnosis::Cause;
use crate::domain::procedure::{Check, OnFailure, Rung};
use serde_json::{Value as Json, json};

fn missing(relations: Json) -> Scene {
    let mut scene = Scene::new();
    scene.error("42P01", "relation \"orders\" does not exist", "SELECT * FROM orders WHERE id = 1");
    scene.answer("diagnose.relations", relations);
    scene.sessions(&[
        session(10, &json!({"query": "SELECT * FROM orders WHERE id = 1"})),
        session(11, &json!({"usename": "other"})),
    ]);
    scene
}

#[test]
fn a_table_in_another_schema_is_reached_by_the_search_path_of_its_role() {
    let mut scene = missing(json!([{"schema": "app", "name": "orders", "schema_is_closed": true}]));
    scene.knew("app", "orders", &["CREATE TABLE app.orders (id bigint)"]);
    let plan = scene.plan("C1");
    assert_eq!(proposable(&plan), ["ALTER ROLE app SET search_path = '$user', 'public', 'app'"]);
    assert_eq!((plan.steps[0].on_failure, plan.steps[0].rung), (OnFailure::RollBack, Rung::Setting));
    assert!(scene.plans().iter().all(|plan| !plan.title.starts_with("Make")), "never a second one");

    blocked(
        &missing(json!([{"schema": "a", "name": "orders"}, {"schema": "b", "name": "orders"}])).plan("C1"),
        "more than one schema",
    );
    let strange = json!([{"schema": "a\", b", "name": "orders", "schema_is_closed": true}]);
    assert_eq!(
        proposable(&missing(strange).plan("C1")),
        ["ALTER ROLE app SET search_path = '$user', 'public', 'a\", b'"],
        "one name"
    );
    let open = json!([{"schema": "app", "name": "orders", "schema_is_closed": false}]);
    blocked(&missing(open).plan("C1"), "whoever may make objects in app");
    let mut scene = missing(json!([{"schema": "app", "name": "orders", "schema_is_closed": true}]));
    scene.answer("diagnose.roles", json!([{"role": "app", "superuser": true}]));
    blocked(&scene.plan("C1"), "app is a superuser");
    let mut scene = missing(json!([{"schema": "app", "name": "orders", "schema_is_closed": true}]));
    scene.answer("diagnose.role_settings", json!([{"role": "app", "name": "search_path", "value": "app, public"}]));
    blocked(&scene.plan("C1"), "has app already");
}

#[test]
fn a_table_that_was_dropped_is_made_again_exactly_as_we_knew_it() {
    let statements = ["CREATE TABLE app.orders (id bigint NOT NULL)", "ALTER TABLE app.orders ADD PRIMARY KEY (id)"];
    let mut scene = missing(json!([{"schema": "app", "name": "customers"}]));
    scene.knew("app", "orders", &statements);
    let plan = scene.plan("C1");
    assert_eq!(proposable(&plan), statements);
    assert!(matches!(&plan.steps[0].requires[..], [Check::Absent(table)] if table.words() == "app.orders"));
    assert!(matches!(&plan.steps[1].requires[..], [Check::Exists(_)]));
    assert!(plan.advice[0].contains("rows do not come back"));

    // Rights are no steps: nobody but a person gives them.
    let mut scene = missing(json!([{"schema": "app", "name": "customers"}]));
    scene.knew("app", "orders", &[statements[0], "GRANT SELECT ON TABLE app.orders TO reader"]);
    let plan = scene.plan("C1");
    assert_eq!(proposable(&plan), [statements[0]]);
    assert!(plan.steps[0].verification.hold_ms > 0, "it is the last step");
    assert!(plan.advice.iter().any(|words| words.contains("GRANT SELECT ON TABLE app.orders TO reader")));

    // A qualified name, while one of that name is in another schema.
    let mut scene = Scene::new();
    scene.error("42P01", "relation \"app.orders\" does not exist", "SELECT * FROM app.orders");
    scene.answer("diagnose.relations", json!([{"schema": "old", "name": "orders"}])).knew("app", "orders", &statements);
    blocked(&scene.plan("C1"), "in another schema (old.orders)");
}

#[test]
fn nothing_is_made_up_for_a_table_that_nobody_knew() {
    let mut scene = missing(json!([{"schema": "app", "name": "ordres"}, {"schema": "app", "name": "Orders"}]));
    let plans = scene.plans();
    assert!(plans.iter().all(|plan| plan.steps.is_empty()), "{plans:#?}");
    let advice = plans[0].advice.join("\n");
    assert!(
        advice.contains("app.ordres") && advice.contains("app.Orders") && advice.contains("double quotes"),
        "{advice}"
    );
    assert!(advice.contains("migration"), "{advice}");
    // What could not be read is not taken for absent.
    let mut scene = Scene::new();
    scene.error("42P01", "relation \"orders\" does not exist", "SELECT 1").knew(
        "app",
        "orders",
        &["CREATE TABLE app.orders ()"],
    );
    blocked(&scene.plan("C1"), "could not be read");
}

fn no_column(columns: Json) -> Scene {
    let mut scene = Scene::new();
    scene.error("42703", "column \"totl\" does not exist", "SELECT totl FROM orders");
    scene.answer("diagnose.columns", columns);
    scene
}

#[test]
fn a_slip_gets_the_right_name_and_a_known_column_comes_back() {
    let column = |name: &str| json!({"schema": "app", "table": "orders", "name": name, "type": "int"});
    let plan = no_column(json!([column("id"), column("total")])).plan("C2");
    assert!(plan.steps.is_empty() && plan.advice[0].contains("total of app.orders"), "{plan:#?}");

    let mut scene = no_column(json!([column("id")]));
    assert!(scene.plan("C2").steps.is_empty(), "no type is known: none is made up");
    scene.knew("app", "orders", &["CREATE TABLE app.orders (id bigint, totl numeric(9, 2) NOT NULL DEFAULT 0)"]);
    let plan = scene.plan("C2");
    assert_eq!(proposable(&plan), ["ALTER TABLE app.orders ADD COLUMN totl numeric(9, 2)"]);
    assert_eq!(plan.steps[0].verification.check, Check::Understands("SELECT totl FROM orders".into()));
    assert_eq!(plan.steps[0].on_failure, OnFailure::Ask, "programs may have written into it");
}

fn scanned(index: &Json) -> Scene {
    let mut scene = Scene::new();
    scene.found(Cause::MissingIndex, "app.orders");
    scene.answer("diagnose.tables", json!([{"oid": 7, "schema": "app", "name": "orders", "live": 500_000}]));
    scene.answer(
        "diagnose.definitions",
        json!([{"table_oid": 7, "name": "customer_id"}, {"table_oid": 7, "name": "status"}]),
    );
    scene.answer("diagnose.widths", json!([{"oid": 7, "distinct_values": {"customer_id": -0.2, "status": 4}}]));
    scene.answer("diagnose.indexes", json!([index]));
    scene.plan_of(
        "EXPLAIN (FORMAT JSON) SELECT * FROM app.orders WHERE customer_id = 42 AND status = 'open'",
        &json!([{"Plan": {"Node Type": "Gather", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "orders",
            "Filter": "((customer_id = 42) AND ((status)::text = 'open'::text))", "Plan Rows": 3}]}}]),
    );
    scene
}

fn index(name: &str, columns: &[&str], more: &Json) -> Json {
    with(
        &json!({"oid": 70, "table_oid": 7, "schema": "app", "table": "orders", "name": name, "method": "btree",
            "is_unique": false, "is_primary": false, "needed": false, "valid": true, "ready": true, "partitioned": false,
            "key_columns": columns.len(), "columns": columns, "classes": vec!["1978"; columns.len()].join(" "),
            "options": vec!["0"; columns.len()].join(" "), "collations": vec!["0"; columns.len()].join(" "),
            "partial": false, "scans": 5, "bytes": 90_000_000, "being_built": false}),
        more,
    )
}

#[test]
fn the_index_that_a_condition_lacks_is_built() {
    let plan = scanned(&index("orders_pkey", &["id"], &json!({"needed": true}))).plan("C3");
    assert_eq!(
        proposable(&plan),
        ["CREATE INDEX CONCURRENTLY orders_customer_id_status_idx ON app.orders (customer_id, status)"]
    );
    let Check::All(checks) = &plan.steps[0].verification.check else { panic!("{plan:#?}") };
    assert!(
        matches!(&checks[..], [Check::IndexUsable(..), Check::PlanUses { statement, .. }] if statement.starts_with("SELECT"))
    );

    blocked(
        &scanned(&index("there", &["customer_id", "status", "at"], &json!({}))).plan("C3"),
        "begins with these columns already",
    );
    let mut scene = scanned(&index("orders_pkey", &["id"], &json!({})));
    scene.answer("diagnose.replication", json!([{"application_name": "standby1", "lag_seconds": 40}]));
    blocked(&scene.plan("C3"), "standby1 is 40 s behind");
    let mut scene = scanned(&index("orders_pkey", &["id"], &json!({})));
    scene.answer("diagnose.progress", json!([{"pid": 9, "table_oid": 7, "command": "CREATE INDEX CONCURRENTLY"}]));
    blocked(&scene.plan("C3"), "builds an index of it");
}

#[test]
fn half_built_indexes_are_built_anew_and_leftovers_dropped() {
    let half = |name: &str, more: &Json| {
        let mut scene = Scene::new();
        scene.found(Cause::InvalidIndex, &format!("app.{name}"));
        scene.answer("diagnose.indexes", json!([index(name, &["n"], &with(&json!({"valid": false}), more))]));
        scene.plan("PG18")
    };
    assert_eq!(proposable(&half("by_n", &json!({}))), ["REINDEX INDEX CONCURRENTLY app.by_n"]);
    let plan = half("by_n_ccnew1", &json!({}));
    assert_eq!(proposable(&plan), ["DROP INDEX CONCURRENTLY app.by_n_ccnew1"]);
    assert!(matches!(plan.steps[0].requires[..], [Check::IndexInvalid(..)]));
    blocked(&half("by_n", &json!({"being_built": true})), "becomes whole by itself");
}

#[expect(clippy::needless_pass_by_value, reason = "rows are written where they are used")]
fn redundant(indexes: &[Json], reset_seconds: Json, replicas: usize) -> Scene {
    let mut scene = Scene::new();
    scene.found(Cause::RedundantIndexes, "app.orders");
    scene.answer("diagnose.indexes", json!(indexes));
    scene.answer("diagnose.databases", json!([{"datname": "shop", "here": true, "reset_seconds": reset_seconds}]));
    scene.answer("diagnose.replication", json!(vec![json!({"application_name": "standby"}); replicas]));
    scene
}

#[test]
fn a_double_or_a_beginning_of_another_index_is_dropped_and_what_is_needed_stays() {
    let wide = index("wide", &["a", "b"], &json!({}));
    let plan = redundant(&[wide.clone(), index("narrow", &["a"], &json!({}))], json!(9), 1).plan("PG21");
    assert_eq!(proposable(&plan), ["DROP INDEX CONCURRENTLY app.narrow"]);
    assert!(matches!(&plan.steps[0].requires[..], [Check::IndexUsable(_, name)] if name == "wide"));
    let twins = [index("one", &["a"], &json!({})), index("two", &["a"], &json!({}))];
    let plans: Vec<_> = redundant(&twins, json!(9), 0).plans();
    assert_eq!(plans.len(), 1, "one of two stays: {plans:#?}");
    for other in [
        json!({"needed": true}),
        json!({"is_unique": true}),
        json!({"partial": true, "predicate": "(x)"}),
        json!({"options": "1"}),
        json!({"classes": "19"}),
        json!({"method": "hash"}),
        json!({"columns": ["a", "c"]}),
        json!({"columns": [null]}),
        json!({"columns": ["b"]}),
    ] {
        let plans = redundant(&[wide.clone(), index("narrow", &["a"], &other)], json!(9), 0).plans();
        assert!(plans.is_empty(), "{other}: {plans:#?}");
    }
}

#[test]
fn an_index_that_was_never_read_goes_only_when_that_is_known_of_everywhere() {
    let unused = index("unused", &["a"], &json!({"scans": 0}));
    let month = json!(40 * 86_400);
    let plan = redundant(std::slice::from_ref(&unused), month.clone(), 0).plan("PG21");
    assert_eq!(proposable(&plan), ["DROP INDEX CONCURRENTLY app.unused"]);
    blocked(&redundant(std::slice::from_ref(&unused), json!(7 * 86_400), 0).plan("PG21"), "statistics go back");
    blocked(&redundant(std::slice::from_ref(&unused), json!(null), 0).plan("PG21"), "not known");
    blocked(
        &redundant(std::slice::from_ref(&unused), month.clone(), 2).plan("PG21"),
        "2 replicas count their own reads",
    );
    blocked(&redundant(&[with(&unused, &json!({"begins_key": true}))], month, 0).plan("PG21"), "foreign key");
}

#[test]
fn old_statistics_are_read_anew() {
    let stale = |more: &Json, progress: Json| {
        let mut scene = Scene::new();
        scene.found(Cause::BadStatistics, "app.orders");
        let table = json!({"oid": 7, "schema": "app", "name": "orders", "live": 100_000, "mods": 90_000, "analyze_seconds": 9_000});
        scene.answer("diagnose.tables", json!([with(&table, more)])).answer("diagnose.progress", progress);
        scene.plan("PG29")
    };
    assert_eq!(proposable(&stale(&json!({}), json!([]))), ["ANALYZE app.orders"]);
    let off = stale(&json!({"reloptions": ["autovacuum_enabled=false"]}), json!([]));
    assert_eq!(proposable(&off)[1], "ALTER TABLE app.orders RESET (autovacuum_enabled)");
    let running = json!([{"schema": "app", "table": "orders", "command": "ANALYZE", "pid": 4}]);
    blocked(&stale(&json!({}), running), "analyzed just now");
}
