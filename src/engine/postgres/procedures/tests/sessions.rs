//! Sessions: locks, forgotten and long transactions, connections, deadlocks, replay.

use super::scene::{Scene, blocked, proposable, session, waiter, with};
use crate::domain::diagnosis::Cause;
use crate::domain::procedure::{Check, Rung};
use crate::domain::proposal::kind::FixKind;
use serde_json::{Value as Json, json};

fn idle_holder(pid: i64, more: &Json) -> Json {
    session(
        pid,
        &with(&json!({"state": "idle in transaction", "writes": true, "query": "UPDATE orders SET n = 2"}), more),
    )
}

fn pile_up(head: Json) -> Scene {
    let mut scene = Scene::new();
    scene.sessions(&[head, waiter(11, &[10]), waiter(12, &[10]), waiter(13, &[12])]);
    scene.found(Cause::LockWaitChain, "session 10");
    scene
}

#[test]
fn an_idle_head_of_a_queue_is_ended_and_a_working_one_is_canceled_first() {
    let plan = pile_up(idle_holder(10, &json!({}))).plan("C5");
    let statements = proposable(&plan);
    assert_eq!((statements.len(), plan.cause), (1, Cause::IdleInTransaction));
    assert!(
        statements[0].contains("pg_terminate_backend(pid)") && statements[0].contains("pid = 10 AND backend_start = ")
    );
    assert!(matches!(&plan.steps[0].requires[..], [Check::Blocks(root, 1), Check::IdleFor(..)] if root.id == 10));
    assert_eq!(plan.steps[0].expected[0], "blocked 3 -> 0");
    assert!(plan.steps[0].verification.words.contains("blocked 3 -> 0"));

    let plan = pile_up(session(10, &json!({"query": "UPDATE orders SET n = n"}))).plan("C5");
    let statements = proposable(&plan);
    assert!(statements[0].contains("pg_cancel_backend") && statements[0].contains("query_start"));
    assert!(statements[1].contains("pg_terminate_backend"));
    assert!(plan.steps.iter().all(|step| step.rung == Rung::Session));
}

#[test]
fn a_head_that_must_live_is_left_alone_with_the_reason() {
    let vacuum = json!({"backend_type": "autovacuum worker", "query": "autovacuum: VACUUM public.orders"});
    let wraparound = with(&vacuum, &json!({"query": "autovacuum: VACUUM public.orders (to prevent wraparound)"}));
    for (head, why) in [
        (session(10, &vacuum), "gives way by itself"),
        (session(10, &wraparound), "prevents a wraparound"),
        (session(10, &json!({"application_name": "pg_dump"})), "takes a backup"),
        (session(10, &json!({"backend_type": "walsender"})), "feeds a replica"),
        (session(10, &json!({"application_name": "dba-gpt fix-3"})), "this program's own"),
        (session(10, &json!({"query": "CREATE INDEX CONCURRENTLY i ON orders (n)"})), "changes or maintains objects"),
        (session(10, &json!({"backend_type": null, "state": null})), "hidden from this login"),
    ] {
        blocked(&pile_up(head).plan("C5"), why);
    }
    let mut scene = Scene::new();
    scene.sessions(&[waiter(11, &[0])]).found(Cause::LockWaitChain, "a prepared transaction");
    scene.answer("diagnose.prepared", json!([{"gid": "tx-7", "owner": "app", "seconds": 4000, "xid_age": 9}]));
    let plan = scene.plan("C5");
    blocked(&plan, "coordinator");
    assert!(plan.advice[0].contains("tx-7"));
    // Whoever is in no list may be a part of the server.
    let mut scene = Scene::new();
    scene.sessions(&[waiter(11, &[99])]).found(Cause::LockWaitChain, "session 99");
    blocked(&scene.plan("C5"), "not among those that can be seen");
}

#[test]
fn a_queue_that_was_not_there_before_is_left_to_itself() {
    let mut scene = Scene::new();
    let head = idle_holder(10, &json!({}));
    scene.ends("diagnose.sessions", json!([head]), json!([head, waiter(11, &[10])]));
    scene.found(Cause::LockWaitChain, "session 10");
    assert!(scene.plans().iter().all(|plan| plan.procedure != "C5"));
}

#[test]
fn a_change_of_a_table_in_the_queue_can_be_canceled_instead() {
    let mut scene = Scene::new();
    let change = with(&waiter(11, &[10]), &json!({"query": "ALTER TABLE orders ADD COLUMN x int"}));
    scene.sessions(&[session(10, &json!({})), change, waiter(12, &[11]), waiter(13, &[11])]);
    scene.found(Cause::MetadataLock, "session 10");
    let plans = scene.plans();
    let cancel = plans.iter().find(|plan| plan.title.starts_with("Cancel the change")).unwrap();
    assert!(proposable(cancel)[0].contains("pid = 11"));
    assert!(matches!(&cancel.steps[0].requires[..], [Check::Blocks(change, 1)] if change.id == 11));
}

#[test]
fn a_forgotten_transaction_is_ended_and_the_next_one_by_the_server() {
    let mut scene = Scene::new();
    let idle = idle_holder(10, &json!({"state_seconds": 900, "xact_seconds": 960, "xmin_age": 5000}));
    scene.sessions(&[idle, session(20, &json!({}))]).found(Cause::IdleInTransaction, "session 10");
    let plan = scene.plan("PG02");
    let statements = proposable(&plan);
    assert!(statements[0].contains("pid = 10"));
    assert_eq!(statements[1], "ALTER ROLE app SET idle_in_transaction_session_timeout = '5min'");
    // One that the role has already is not set again.
    scene.answer(
        "diagnose.role_settings",
        json!([{"role": "app", "name": "idle_in_transaction_session_timeout", "value": "1h"}]),
    );
    assert_eq!(scene.plan("PG02").steps.len(), 1);

    let mut scene = Scene::new();
    scene.sessions(&[idle_holder(10, &json!({"state_seconds": 20}))]).found(Cause::IdleInTransaction, "session 10");
    blocked(&scene.plan("PG02"), "may go on by itself");
}

#[test]
fn a_long_transaction_is_stopped_unless_it_maintains_something() {
    let long = |more: &Json| {
        let mut scene = Scene::new();
        scene.sessions(&[session(10, &with(&json!({"xact_seconds": 9000}), more))]);
        scene.found(Cause::LongTransaction, "session 10");
        scene.plan("PG03")
    };
    let plan = long(&json!({}));
    assert!(proposable(&plan)[0].contains("pg_cancel_backend"));
    blocked(&long(&json!({"query": "VACUUM orders"})), "thrown away");
    blocked(&long(&json!({"application_name": "pg_dump"})), "takes a backup");
}

fn crowd(pool: i64, state_seconds: i64) -> Scene {
    let mut scene = Scene::new();
    let mut sessions: Vec<Json> = (0..pool)
        .map(|n| session(100 + n, &json!({"state": "idle", "state_seconds": state_seconds + n, "xact_start": null})))
        .collect();
    sessions.push(session(500, &json!({"usename": "report", "application_name": "bi"})));
    scene.sessions(&sessions).found(Cause::ConnectionSaturation, "");
    scene.answer("diagnose.server", json!([{"connections": pool + 1}]));
    scene.answer(
        "diagnose.roles",
        json!([{"role": "app", "connection_limit": -1, "superuser": false, "connections": pool}]),
    );
    scene
}

#[test]
fn the_oldest_idle_connections_of_the_largest_group_are_ended_and_never_all() {
    let plan = crowd(90, 1_000).plan("C6");
    proposable(&plan);
    let Some(FixKind::EndSessions(ended)) = &plan.steps[0].draft.kind else { panic!("{plan:#?}") };
    assert_eq!(ended.len(), 18, "a fifth of 90");
    assert!(ended.iter().all(|s| s.id > 171), "those that are idle for longest: {ended:?}");
    assert!(matches!(&plan.steps[0].requires[..], [Check::IdleFor(sessions, 600)] if sessions.len() == 18));
    let limit = plan.steps.last().unwrap();
    assert_eq!(limit.draft.statement, "ALTER ROLE app CONNECTION LIMIT 67");
    assert!(plan.advice[0].contains("pooler"));

    // While nobody gets in, a minute is enough; otherwise it is not.
    let full = crowd(96, 90).plan("C6");
    assert!(matches!(&full.steps[0].requires[..], [Check::IdleFor(_, 60)]));
    assert!(matches!(crowd(90, 90).plan("C6").steps[0].draft.kind, Some(FixKind::LimitConnections(..))));
}

#[test]
fn connections_that_are_free_again_or_work_are_left_alone() {
    blocked(&crowd(20, 1_000).plan("C6"), "is over");
    let mut scene = Scene::new();
    let working: Vec<Json> = (0..95).map(|n| session(100 + n, &json!({}))).collect();
    scene.sessions(&working).found(Cause::ConnectionSaturation, "");
    blocked(&scene.plan("C6"), "works");
}

#[test]
fn a_deadlock_gets_advice_and_the_index_of_a_foreign_key_that_it_was_about() {
    let mut scene = Scene::new();
    scene.error("40P01", "deadlock detected", "DELETE FROM customers WHERE id = 4");
    let key = |table: &str, to: &str| json!({"name": format!("{table}_fkey"), "table_oid": 7, "schema": "app", "table": table, "to_table": to, "columns": ["customer_id"]});
    scene.answer("diagnose.foreign_keys", json!([key("orders", "customers"), key("logs", "machines")]));
    let plans = scene.plans();
    let indexed: Vec<_> = plans.iter().filter(|plan| plan.can_be_proposed()).collect();
    assert_eq!(indexed.len(), 1, "{plans:#?}");
    assert_eq!(
        proposable(indexed[0]),
        ["CREATE INDEX CONCURRENTLY orders_customer_id_idx ON app.orders (customer_id)"]
    );
    assert!(plans.iter().any(|plan| plan.steps.is_empty() && plan.advice.iter().any(|a| a.contains("same order"))));
}

#[test]
fn what_holds_up_replay_is_canceled_on_the_replica_alone() {
    let reader = session(10, &json!({"xact_seconds": 200, "xmin_age": 50}));
    let startup =
        |waits: Json| session(3, &json!({"backend_type": "startup", "state": null, "wait_event_type": waits}));
    let replica = |paused: bool, waits: Json| {
        let mut scene = Scene::new();
        scene.replica().sessions(&[reader.clone(), startup(waits)]).found(Cause::ReplicationLag, "this server");
        scene.answer("diagnose.receiver", json!([{"in_recovery": true, "paused": paused, "replay_seconds": 120}]));
        scene.plan("C8")
    };
    assert!(proposable(&replica(false, json!("Lock")))[0].contains("pg_cancel_backend"));
    blocked(&replica(true, json!("Lock")), "paused by a person");
    assert!(replica(false, json!(null)).steps.is_empty(), "nothing here holds it up");
    let mut scene = Scene::new();
    scene.sessions(std::slice::from_ref(&reader)).found(Cause::ReplicationLag, "standby1");
    scene.answer(
        "diagnose.replication",
        json!([{"application_name": "standby1", "send_bytes": 0, "replay_bytes": 9_000_000}]),
    );
    let plan = scene.plan("C8");
    assert!(plan.steps.is_empty() && plan.advice[0].contains("look on standby1"), "{plan:#?}");
}
