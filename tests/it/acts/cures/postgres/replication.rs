//! A second server that follows the first: it stops, it is held up, and somebody pauses it.

use super::*;
use dba_gpt::domain::proposal::kind::FixKind;
use nix::sys::signal::Signal;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    a_replica_that_stopped_is_waited_for,
    a_statement_that_holds_up_a_replica_is_stopped_and_a_pause_is_left_alone,
}

/// A server and one that follows it.
async fn pair(kit: &Kit, dice: &mut Dice, tables: &str) -> (Scene, Scene, String) {
    let slot = format!("replica_{}", dice.between(1, 99));
    let Scene { mut own, .. } = Scene::start(kit, "wal_keep_size = '128MB'\nautovacuum = off", tables).await;
    let follower = own.follower(&slot, "max_standby_streaming_delay = -1\nhot_standby_feedback = off").await;
    let (primary, replica) = (Scene::seen(own).await, Scene::seen(follower).await);
    primary.run(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)")).await;
    caught_up(&primary).await;
    (primary, replica, slot)
}

async fn caught_up(primary: &Scene) {
    let state =
        "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn = pg_current_wal_lsn()";
    eventually(LOOKS, "a replica that follows", async || primary.one(state).await == "1").await;
}

async fn a_replica_that_stopped_is_waited_for(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let (primary, mut replica, slot) = pair(&kit, &mut dice, "CREATE TABLE t (id int)").await;
        replica.own.stop(*dice.pick(&[Signal::SIGINT, Signal::SIGQUIT]));
        primary.write_log(dice.between(20, 40)).await;
        let about = format!("slot {slot}");
        let found = primary.found(Cause::StuckSlot, &about, None).await;
        let wait = plan(&found, "C9", &slot);
        assert!(wait.advice.iter().any(|words| words.contains("start its reader again")), "{wait:#?}");
        let drops = |plan: &Plan| {
            plan.can_be_proposed() && matches!(plan.steps[0].draft.kind, Some(FixKind::DropReplicationSlot(_)))
        };
        assert!(!found.plans.iter().any(drops), "{:#?}", found.plans);
        // It is started again, as the advice says: it finds everything that it missed.
        replica.own.up().await;
        caught_up(&primary).await;
        let after = primary.looked(None).await;
        assert!(!is_root(&after, Cause::StuckSlot, &about), "{:#?}", after.diagnosis);
        assert_eq!(verdict(&after, Cause::ReplicationLag), Some(Verdict::Refuted), "{:#?}", after.diagnosis);
    })
    .await;
}

async fn a_statement_that_holds_up_a_replica_is_stopped_and_a_pause_is_left_alone(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let table = dice.table();
        let made = format!("CREATE TABLE {table} AS SELECT i AS id FROM generate_series(1, 1000) i");
        let (primary, replica, _) = pair(&kit, &mut dice, &made).await;

        // The twin: a person paused it.
        replica.run("SELECT pg_wal_replay_pause()").await;
        replica.until("a pause", "SELECT pg_get_wal_replay_pause_state()", "paused").await;
        primary.run(&format!("UPDATE {table} SET id = id + 1")).await;
        let found = replica.found(Cause::ReplicationLag, "this server", None).await;
        blocked(plan(&found, "C8", ""), "paused by a person");
        replica.run("SELECT pg_wal_replay_resume()").await;
        caught_up(&primary).await;

        let reader = replica.client().await;
        let number = pid(&reader).await;
        reader
            .batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM {table}"))
            .await
            .unwrap();
        let reading = tokio::spawn(async move { reader.batch_execute("SELECT pg_sleep(600)").await });
        primary.run(&format!("DELETE FROM {table} WHERE id % 2 = 0")).await;
        primary.run(&format!("VACUUM {table}")).await;
        primary.write_log(dice.between(70, 90)).await;
        let title = format!("Stop session {number} ");
        let ready = |found: &Examined| {
            found
                .plans
                .iter()
                .any(|plan| plan.procedure == "C8" && plan.title.starts_with(&title) && plan.can_be_proposed())
        };
        let found = replica.looked_until(None, "what holds up replay", ready).await;
        assert!(is_root(&found, Cause::ReplicationLag, "this server"), "{:#?}", found.diagnosis);
        replica.bed.cured(plan(&found, "C8", &title)).await;
        reading.await.unwrap().unwrap_err();
        caught_up(&primary).await;
    })
    .await;
}
