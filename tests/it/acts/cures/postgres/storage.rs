//! Dead rows, empty space, slots that nobody reads, and a disk that is full.

use super::*;
use crate::support::clock::Clock;
use dba_gpt::domain::proposal::kind::FixKind;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    dead_rows_are_taken_away_and_autovacuum_looks_after_them_again,
    dead_rows_that_somebody_may_still_see_are_left_to_whoever_sees_them,
    empty_space_is_told_of_and_given_back_by_a_person,
    a_slot_that_nobody_can_go_on_from_is_dropped,
    a_slot_that_nobody_reads_since_a_moment_is_kept,
    a_slot_that_nobody_has_read_for_hours_is_dropped_unless_somebody_does,
    a_full_disk_gets_its_log_back,
}

/// A table that is mostly dead, without anybody who cleans it up.
fn dead(table: &str, rows: u32, percent: u32) -> String {
    format!(
        "CREATE TABLE {table} (id int PRIMARY KEY, v int, note text) WITH (autovacuum_enabled = false);
         INSERT INTO {table} SELECT i, i, md5(i::text) FROM generate_series(1, {rows}) i; ANALYZE {table};
         DELETE FROM {table} WHERE id % 100 < {percent}"
    )
}

async fn dead_rows_are_taken_away_and_autovacuum_looks_after_them_again(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, rows, percent) = (dice.table(), dice.between(40_000, 90_000), dice.between(60, 95));
        let scene = Scene::start(&kit, "", &dead(&table, rows, percent)).await;
        let found = scene.found(Cause::DeadTuples, &table, None).await;
        let vacuum = plan(&found, "C10", &format!("Vacuum {table}"));
        let options = format!("SELECT coalesce(reloptions::text, '') FROM pg_class WHERE oid = '{table}'::regclass");
        let before = scene.one(&options).await;
        scene.rolled_back(vacuum, 1, &options).await;
        let done = scene.through(vacuum).await;
        assert_eq!(scene.one(&options).await, "");
        let after = scene.looked(None).await;
        assert!(!roots(&after).contains(&Cause::DeadTuples), "{:#?}", after.diagnosis);
        scene.bed.undone(&done[1]).await;
        assert_eq!(scene.one(&options).await, before);
    })
    .await;
}

async fn dead_rows_that_somebody_may_still_see_are_left_to_whoever_sees_them(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, percent) = (dice.table(), dice.between(60, 95));
        let scene = Scene::start(&kit, "", "CREATE TABLE other (id int)").await;
        let (holder, client) = (scene.client().await, scene.client().await);
        holder.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM other").await.unwrap();
        client.batch_execute(&dead(&table, dice.between(40_000, 60_000), percent)).await.unwrap();
        let many = dice.between(1_100, 3_000);
        let burnt = format!("DO $$ BEGIN FOR i IN 1..{many} LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$");
        client.batch_execute(&burnt).await.unwrap();
        let (number, works) = (pid(&holder).await, dice.between(0, 1) == 0);
        if works {
            tokio::spawn(async move { holder.batch_execute("SELECT pg_sleep(600)").await });
            scene
                .until("its work", &format!("SELECT state FROM pg_stat_activity WHERE pid = {number}"), "active")
                .await;
        }
        let found = scene.looked_until(None, "dead rows", |found| {
            found.plans.iter().any(|plan| plan.procedure == "C10" && plan.title.contains(&table))
        });
        let found = found.await;
        let vacuum = plan(&found, "C10", &table);
        assert!(
            vacuum.evidence.iter().any(|words| words.contains(&format!("session {number}"))) || works,
            "{vacuum:#?}"
        );
        if works {
            blocked(vacuum, &format!("session {number}"));
        } else {
            // It would be ended first, and is idle for a moment only: that is asked again before anything is filed.
            let why = scene.not_filed(vacuum, 0).await;
            assert!(why.contains("idle"), "{why}");
        }
    })
    .await;
}

async fn empty_space_is_told_of_and_given_back_by_a_person(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let (table, rows) = (dice.table(), dice.between(500_000, 600_000));
        let scene = Scene::start(&kit, "max_wal_size = '512MB'", "").await;
        let fill = format!(
            "CREATE UNLOGGED TABLE $ (id int, v int, note text);
             INSERT INTO $ SELECT i, i, md5(i::text) || md5(i::text) FROM generate_series(1, {rows}) i"
        );
        let full = format!("{table}_full");
        for table in [&full, &table] {
            scene.client().await.batch_execute(&fill.replace('$', table)).await.unwrap();
        }
        scene.run(&format!("DELETE FROM {table} WHERE id % {} <> 0", dice.between(6, 20))).await;
        scene.run(&format!("VACUUM ANALYZE {table}")).await;
        scene.run(&format!("VACUUM ANALYZE {full}")).await;
        let found = scene.found(Cause::Bloat, &table, None).await;
        let told = plan(&found, "C10", &format!("empty space of {table}"));
        assert!(told.steps.is_empty() && told.advice.iter().any(|words| words.contains("pg_repack")), "{told:#?}");
        let about =
            |h: &dba_gpt::domain::diagnosis::Hypothesis| h.cause == Cause::Bloat && h.about.as_ref() == Some(&full);
        assert!(!found.diagnosis.roots().any(about), "a full table is none: {:#?}", found.diagnosis);
    })
    .await;
}

async fn a_slot_that_nobody_can_go_on_from_is_dropped(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (slot, keeps) = (format!("replica_{}", dice.between(1, 99)), dice.between(4, 12));
        let settings = format!("max_slot_wal_keep_size = '{keeps}MB'\nmax_wal_size = '8MB'\nmin_wal_size = '4MB'");
        let scene = Scene::start(&kit, &settings, "").await;
        scene.run(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)")).await;
        scene.write_log(keeps + dice.between(12, 24)).await;
        scene.run("CHECKPOINT").await;
        scene.until("a slot that is lost", "SELECT wal_status FROM pg_replication_slots", "lost").await;
        let found = scene.found(Cause::StuckSlot, &format!("slot {slot}"), None).await;
        let done = scene.through(plan(&found, "C9", &slot)).await;
        assert!(matches!(done[0].survey.inverse, Inverse::None(_)), "that it cannot be undone is said before");
        assert_eq!(scene.one("SELECT count(*) FROM pg_replication_slots").await, "0");
        let after = scene.looked(None).await;
        assert_eq!(verdict(&after, Cause::StuckSlot), Some(Verdict::Refuted), "{:#?}", after.diagnosis);
    })
    .await;
}

async fn a_slot_that_nobody_reads_since_a_moment_is_kept(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let slot = format!("feed_{}", dice.between(1, 99));
        let scene = Scene::start(&kit, "wal_level = logical", "").await;
        let make = *dice.pick(&[
            "SELECT pg_create_physical_replication_slot('$', true)",
            "SELECT pg_create_logical_replication_slot('$', 'pgoutput')",
        ]);
        scene.run(&make.replace('$', &slot)).await;
        scene.write_log(dice.between(20, 60)).await;
        let found = scene.found(Cause::StuckSlot, &format!("slot {slot}"), None).await;
        let keep = plan(&found, "C9", &slot);
        let value = "SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'";
        if scene.one("SHOW server_version_num").await.parse::<u32>().unwrap() >= 170_000 {
            blocked(keep, "its reader may be restarting");
        } else {
            // Since when nobody reads it is not known there: what it may keep is bounded, and it stays.
            scene.rolled_back(keep, 0, value).await;
            let bounded = scene.bed.cured(keep).await;
            assert_ne!(scene.one(value).await, "-1");
            assert_eq!(scene.waiting().await, Vec::new(), "it is not proposed that it be dropped");
            scene.bed.undone(&bounded).await;
        }
        assert_eq!(scene.one(value).await, "-1");
        assert_eq!(scene.one("SELECT count(*) FROM pg_replication_slots").await, "1");
    })
    .await;
}

async fn a_slot_that_nobody_has_read_for_hours_is_dropped_unless_somebody_does(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let Some(clock) = Clock::new() else { return };
        let slot = format!("feed_{}", dice.between(1, 99));
        let scene = Scene::on(Own::start_by(&kit, clock, "wal_level = logical").await, "").await;
        let make = *dice.pick(&[
            "SELECT pg_create_physical_replication_slot('$', true)",
            "SELECT pg_create_logical_replication_slot('$', 'pgoutput')",
        ]);
        scene.run(&make.replace('$', &slot)).await;
        scene.write_log(dice.between(20, 60)).await;
        let about = format!("slot {slot}");
        let says_since = scene.one("SHOW server_version_num").await.parse::<u32>().unwrap() >= 170_000;

        // Unused for a minute, which its reader may take to start again.
        scene.own.later(Duration::from_secs(u64::from(dice.between(60, 100))));
        let found = scene.found(Cause::StuckSlot, &about, None).await;
        let keep = plan(&found, "C9", &slot);
        if says_since {
            blocked(keep, "its reader may be restarting");
        } else {
            let refused = scene.not_filed(keep, 1).await;
            assert!(refused.contains(&format!("nobody has used the slot {slot} for ")), "{refused}");
        }

        // Hours later nobody has come. What it may keep is bounded first, then it is to be dropped.
        scene.own.later(Duration::from_hours(u64::from(dice.between(2, 9))));
        let found = scene.found(Cause::StuckSlot, &about, None).await;
        let bounded = scene.bed.cured(plan(&found, "C9", &slot)).await;
        let waiting = scene.waiting().await;
        let [drop] = &waiting[..] else { panic!("{waiting:#?}") };
        assert_eq!(drop.draft.kind, Some(FixKind::DropReplicationSlot(slot.clone())));

        // The twin: before anybody approves it, its reader was here.
        scene.run(&format!("SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())")).await;
        let refused = scene.bed.site.approve(drop.id, &consent(drop)).await.expect_err("somebody reads it");
        assert!(refused.words.contains("nobody"), "{}", refused.words);
        assert_eq!(scene.one("SELECT count(*) FROM pg_replication_slots").await, "1");

        scene.write_log(dice.between(20, 60)).await;
        scene.own.later(Duration::from_hours(u64::from(dice.between(2, 9))));
        let found = scene.found(Cause::StuckSlot, &about, None).await;
        let gone = scene.bed.cured(plan(&found, "C9", &slot)).await;
        assert!(matches!(gone.survey.inverse, Inverse::None(_)), "that it cannot be undone is said before");
        assert_eq!(scene.one("SELECT count(*) FROM pg_replication_slots").await, "0");
        let after = scene.looked(None).await;
        assert_eq!(verdict(&after, Cause::StuckSlot), Some(Verdict::Refuted), "{:#?}", after.diagnosis);
        scene.bed.undone(&bounded).await;
    })
    .await;
}

async fn a_full_disk_gets_its_log_back(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (disk, log) = (dice.between(150, 220), dice.between(50, 70));
        let settings = "max_wal_size = '1GB'\nmin_wal_size = '2MB'\ncheckpoint_timeout = '1h'\nautovacuum = off";
        let Some(own) = Own::start_in(&kit, disk, settings).await else { return };
        let made = "CREATE UNLOGGED TABLE filler (note text); CREATE UNLOGGED TABLE scratch (note text); \
                    INSERT INTO scratch SELECT repeat('x', 1900) FROM generate_series(1, 2500)";
        let mut scene = Scene::on(own, made).await;
        // The small value waits in its file until the disk is full and nothing can be written any more.
        scene.run("ALTER SYSTEM SET max_wal_size = '4MB'").await;
        scene.write_log(log).await;
        let insert = "INSERT INTO filler SELECT repeat('x', 1900) FROM generate_series(1, 20000)";
        let client = scene.client().await;
        let mut ended = Ok(());
        for _ in 0..100 {
            ended = client.batch_execute(insert).await;
            if ended.is_err() {
                break;
            }
        }
        let incident = scene.incident(&ended.expect_err("the disk is full"), insert);
        assert_eq!(incident.code, "53100", "{incident:?}");
        scene.reloaded().await;
        let found = scene.found(Cause::DiskFull, "", Some(&incident)).await;
        assert!(
            plan(&found, "C7", "Find room").advice.iter().any(|words| words.contains("filler")),
            "{:#?}",
            found.plans
        );
        // Its twin: on a disk without any room a checkpoint ends the server.
        blocked(plan(&found, "C7", "remove"), "ends itself");

        // A person gives back what is only scratch, and asks about the disk again. (TRUNCATE makes new files first.)
        scene.run("DROP TABLE scratch").await;
        scene.bed.focus = Some(Cause::DiskFull);
        let found = scene.looked(None).await;
        let free = plan(&found, "C7", "remove");
        assert!(free.steps[0].expected.iter().any(|words| words.contains("log")), "{free:#?}");
        scene.through(free).await;
        scene.client().await.batch_execute(insert).await.unwrap();
    })
    .await;
}
