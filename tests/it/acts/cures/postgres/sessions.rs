//! Connections that are used up, and transactions that were forgotten. Nobody is ended before a whole minute of
//! idleness: `scripts/endurance` waits for it, an ordinary test sees only that nobody is ended before.

use super::*;
use crate::acts::cures::registry::is_patient;
use dba_gpt::domain::proposal::kind::FixKind;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    connections_that_are_used_up_are_limited_and_the_oldest_idle_ones_ended,
    a_forgotten_transaction_is_ended_after_a_minute_and_its_role_gets_a_timeout,
}

/// Idle for longer than anybody has to be before it is ended (C6 when the server is full, PG02).
const A_MINUTE: Duration = Duration::from_secs(62);

fn ends_sessions(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.draft.kind, Some(FixKind::EndSessions(_))))
}

async fn connections_that_are_used_up_are_limited_and_the_oldest_idle_ones_ended(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let most = dice.between(16, 40);
        let mut scene = Scene::start(&kit, &format!("max_connections = {most}"), "CREATE TABLE t (id int)").await;
        // When every open place is taken, only those that are kept let anybody in.
        scene.bed.site.ways.read = ways(&scene.own.url("dbagpt_admin", "shop")).read;
        let mut crowd = Vec::new();
        while let Ok((client, connection)) =
            tokio_postgres::connect(&scene.own.url("app", "shop"), tokio_postgres::NoTls).await
        {
            tokio::spawn(connection);
            let _ = client.batch_execute("SELECT 1").await;
            crowd.push(client);
        }
        let refused =
            tokio_postgres::connect(&scene.own.url("app", "shop"), tokio_postgres::NoTls).await.err().unwrap();
        let incident = scene.incident(&refused, "");
        let found = scene.found(Cause::ConnectionSaturation, "", Some(&incident)).await;
        let limit = plan(&found, "C6", "app").clone();
        assert!(!ends_sessions(&limit), "nobody is idle for long: {limit:#?}");
        let state = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'app'";
        scene.rolled_back(&limit, 0, state).await;
        let done = scene.through(&limit).await;
        assert_ne!(scene.one(state).await, "-1");
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.one(state).await, "-1");
        if !is_patient() {
            return;
        }
        tokio::time::sleep(A_MINUTE).await;
        let busy = dice.between(1, 5) as usize;
        for client in &crowd[..busy] {
            client.batch_execute("SELECT 1").await.unwrap();
        }
        let found = scene.found(Cause::ConnectionSaturation, "", Some(&incident)).await;
        let end = plan(&found, "C6", "app");
        let Some(FixKind::EndSessions(ended)) = &end.steps[0].draft.kind else { panic!("{end:#?}") };
        let ended = ended.len();
        assert!(ended > 0 && ended * 5 <= crowd.len(), "a fifth at most: {ended} of {}", crowd.len());
        scene.bed.cured(end).await;
        assert!(crowd[..busy].iter().all(|client| !client.is_closed()), "those at work stay");
        eventually(PATIENCE, "their end", async || crowd.iter().filter(|client| client.is_closed()).count() == ended)
            .await;
        drop(scene.client().await);
    })
    .await;
}

async fn a_forgotten_transaction_is_ended_after_a_minute_and_its_role_gets_a_timeout(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let table = dice.table();
        let scene = Scene::start(&kit, "", &format!("CREATE TABLE {table} (id int)")).await;
        let forgotten = scene.client().await;
        let what = *dice.pick(&["INSERT INTO $ VALUES (1)", "SELECT * FROM $", "LOCK TABLE $ IN SHARE MODE"]);
        forgotten.batch_execute(&format!("BEGIN; {}", what.replace('$', &table))).await.unwrap();
        let about = format!("session {}", pid(&forgotten).await);
        let found = scene.found(Cause::IdleInTransaction, &about, None).await;
        let early = plan(&found, "PG02", &about);
        blocked(early, "it may go on by itself");
        let timeout =
            "SELECT coalesce((SELECT setconfig::text FROM pg_db_role_setting WHERE setrole = 'app'::regrole), '')";
        let mut prevention = early.clone();
        prevention.blocked.clear();
        scene.rolled_back(&prevention, 1, timeout).await;
        if !is_patient() {
            return;
        }
        tokio::time::sleep(A_MINUTE).await;
        let found = scene.found(Cause::IdleInTransaction, &about, None).await;
        let done = scene.through(plan(&found, "PG02", &about)).await;
        eventually(PATIENCE, "its end", async || forgotten.is_closed()).await;
        assert_eq!(scene.one(timeout).await, "{idle_in_transaction_session_timeout=5min}");
        scene.bed.undone(&done[1]).await;
        assert_eq!(scene.one(timeout).await, "");
    })
    .await;
}
