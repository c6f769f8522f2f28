//! Slots, dead rows, transaction numbers, the disk and settings.

use super::scene::{Scene, blocked, proposable, session, with};
use crate::domain::diagnosis::Cause;
use crate::domain::procedure::{Check, Plan, Rung};
use serde_json::{Value as Json, json};

const GB: i64 = 1 << 30;

fn slot(more: &Json) -> Scene {
    let mut scene = Scene::new();
    scene.found(Cause::StuckSlot, "slot gone").setting("max_slot_wal_keep_size", "-1", "-1");
    let base = json!({"name": "gone", "type": "physical", "active": false, "temporary": false, "retained_bytes": 3 * GB,
        "inactive_seconds": 90_000, "restart_lsn": "0/1", "wal_status": "extended"});
    let slot = json!([with(&base, more)]);
    scene.ends("diagnose.slots", slot.clone(), slot);
    scene
}

#[test]
fn a_stuck_slot_is_bounded_first_and_dropped_then() {
    let plan = slot(&json!({})).plan("C9");
    let statements = proposable(&plan);
    assert_eq!(statements[0], "ALTER SYSTEM SET max_slot_wal_keep_size = '6GB'");
    assert!(statements[1].contains("pg_drop_replication_slot") && statements[1].contains("active = false"));
    assert!(matches!(&plan.steps[1].requires[..], [Check::SlotUnused(name, 3_600)] if name == "gone"));
    assert_eq!((plan.steps[0].rung, plan.steps[1].rung), (Rung::Setting, Rung::Removing));

    let lost = slot(&json!({"wal_status": "lost", "retained_bytes": null, "inactive_seconds": 60})).plan("C9");
    assert!(matches!(&lost.steps.last().unwrap().requires[..], [Check::SlotUnused(_, 0)]));
}

#[test]
fn a_slot_whose_reader_just_left_or_comes_back_is_left_alone() {
    blocked(&slot(&json!({"inactive_seconds": 60, "retained_bytes": 200_000_000})).plan("C9"), "may be restarting");
    assert!(slot(&json!({"active": true})).plans().is_empty());
    assert!(slot(&json!({"retained_bytes": 4_000})).plans().is_empty());
    let mut scene = slot(&json!({}));
    let moved =
        json!([{"name": "gone", "active": false, "temporary": false, "retained_bytes": GB, "restart_lsn": "0/9"}]);
    scene.answer("diagnose.slots", moved);
    blocked(&scene.plan("C9"), "somebody reads it");
}

fn dead(more: &Json, sessions: &[Json]) -> Scene {
    let mut scene = Scene::new();
    scene.found(Cause::DeadTuples, "app.orders").sessions(sessions);
    let table = json!({"oid": 7, "schema": "app", "name": "orders", "live": 100_000, "dead": 80_000});
    scene.answer("diagnose.tables", json!([with(&table, more)]));
    scene
}

#[test]
fn whoever_keeps_dead_rows_goes_before_the_vacuum() {
    assert_eq!(proposable(&dead(&json!({}), &[]).plan("C10")), ["VACUUM (ANALYZE) app.orders"]);
    let large = dead(&json!({"live": 3_000_000, "dead": 2_000_000}), &[]).plan("C10");
    assert_eq!(proposable(&large)[1], "ALTER TABLE app.orders SET (autovacuum_vacuum_scale_factor = '0.02')");
    let off = dead(&json!({"reloptions": ["autovacuum_enabled=false"]}), &[]).plan("C10");
    assert_eq!(proposable(&off)[1], "ALTER TABLE app.orders RESET (autovacuum_enabled)");

    let holder = |more: &Json| {
        session(10, &with(&json!({"state": "idle in transaction", "state_seconds": 4_000, "xmin_age": 90_000}), more))
    };
    let plan = dead(&json!({}), &[holder(&json!({}))]).plan("C10");
    let statements = proposable(&plan);
    assert!(statements[0].contains("pg_terminate_backend") && statements[1].starts_with("VACUUM"));
    assert!(matches!(&plan.steps[0].requires[..], [Check::IdleFor(_, 60)]));
    blocked(&dead(&json!({}), &[holder(&json!({"state": "active"}))]).plan("C10"), "wait for it");
    blocked(&dead(&json!({}), &[holder(&json!({"application_name": "pg_dump"}))]).plan("C10"), "takes a backup");
    let mut scene = dead(&json!({}), &[]);
    scene.answer("diagnose.slots", json!([{"name": "old", "active": true, "xmin_age": 7_000_000}]));
    blocked(&scene.plan("C10"), "slot old keeps everything");
    let mut scene = dead(&json!({}), &[]);
    scene.answer(
        "diagnose.progress",
        json!([{"pid": 4, "schema": "app", "table": "orders", "command": "VACUUM", "phase": "scanning heap"}]),
    );
    blocked(&scene.plan("C10"), "session 4 vacuums it");
}

#[test]
fn the_oldest_tables_are_frozen_when_it_is_time() {
    let old = |database: &str, age: i64| {
        let mut scene = Scene::new();
        scene.found(Cause::XidWraparound, database).setting("autovacuum_freeze_max_age", "200000000", "200000000");
        scene.answer("diagnose.ages", json!([{"datname": database, "xid_age": age}]));
        scene.answer(
            "diagnose.tables",
            json!([{"oid": 1, "schema": "app", "name": "young", "xid_age": 5}, {"oid": 2, "schema": "app", "name": "old", "xid_age": age}]),
        );
        scene.plan("C11")
    };
    assert_eq!(proposable(&old("shop", 900_000_000)), ["VACUUM (FREEZE, INDEX_CLEANUP off, TRUNCATE off) app.old"]);
    blocked(&old("other", 900_000_000), "connect to it");
    blocked(&old("shop", 90_000_000), "nothing to do yet");
}

/// Large temporary files of a statement, and a log that is larger than it should be.
fn full_disk() -> Scene {
    let mut scene = Scene::new();
    scene.setting("max_wal_size", "1024", "1024").sessions(&[session(10, &json!({}))]);
    scene.answer("diagnose.temp_files", json!([{"pid": 10, "files": 3, "bytes": 9 * GB}]));
    scene.answer("diagnose.wal_files", json!([{"files": 300, "bytes": 5 * GB}]));
    scene.answer("diagnose.archiver", json!([{"failed_count": 0}]));
    scene
}

#[test]
fn a_full_disk_is_freed_in_the_order_of_safety() {
    let mut scene = full_disk();
    scene.found(Cause::DiskFull, "");
    let of =
        |plans: &[Plan]| -> Vec<String> { plans.iter().filter(|p| p.can_be_proposed()).flat_map(proposable).collect() };
    let can = of(&scene.plans());
    assert!(can[0].contains("pg_cancel_backend") && can[1] == "CHECKPOINT", "{can:#?}");
    // A broken archive keeps the log whatever the checkpoint.
    scene.answer(
        "diagnose.archiver",
        json!([{"failed_seconds": 5, "archived_seconds": 900, "last_failed_wal": "0001"}]),
    );
    let plans = scene.plans();
    blocked(plans.iter().find(|p| p.title.contains("of its log")).unwrap(), "archiving 0001 failed");
    // A server that has just found no room at all is not asked to write.
    let mut scene = full_disk();
    scene.error("53100", "could not extend file \"base/1/2\": No space left on device", "INSERT INTO t SELECT 1");
    let plans = scene.plans();
    assert!(of(&plans)[0].contains("pg_cancel_backend") && of(&plans).len() == 1, "{plans:#?}");
    blocked(plans.iter().find(|p| p.title.contains("of its log")).unwrap(), "ends itself");
    assert!(plans.iter().any(|p| p.advice.iter().any(|a| a.contains("VACUUM FULL"))), "{plans:#?}");
}

#[test]
fn a_setting_that_harms_goes_back_the_way_it_came() {
    let bad = |more: &Json| {
        let mut scene = Scene::new();
        scene.found(Cause::ConfigRegression, "enable_indexscan");
        scene.setting_from("enable_indexscan", "off", "on", &with(&json!({"context": "user"}), more));
        scene.plan("PG56")
    };
    let by_us = bad(&json!({"source": "configuration file", "by_alter_system": true}));
    assert_eq!(proposable(&by_us), ["ALTER SYSTEM RESET enable_indexscan"]);
    assert_eq!(
        by_us.steps[0].verification.check,
        Check::SettingIs { name: "enable_indexscan".into(), value: "on".into() }
    );
    assert_eq!(
        proposable(&bad(&json!({"source": "configuration file"}))),
        ["ALTER SYSTEM SET enable_indexscan = 'on'"]
    );
    blocked(&bad(&json!({"source": "command line"})), "when the server was started");
    blocked(&bad(&json!({"source": "user"})), "says nothing about the server");
}

#[test]
fn memory_and_log_grow_by_steps_within_bounds() {
    let small = |cause: Cause, name: &str, value: &str| {
        let mut scene = Scene::new();
        scene.found(cause, name).setting(name, value, "4096");
        scene.plan("PG32")
    };
    assert_eq!(proposable(&small(Cause::DiskSpill, "work_mem", "4096")), ["ALTER SYSTEM SET work_mem = '16384kB'"]);
    blocked(&small(Cause::DiskSpill, "work_mem", "65536"), "already");
    let mut scene = Scene::new();
    scene.found(Cause::CheckpointPressure, "").setting("max_wal_size", "1024", "1024");
    assert_eq!(proposable(&scene.plan("PG32")), ["ALTER SYSTEM SET max_wal_size = '2048MB'"]);
}
