//! What comes again is handed to the server's own scheduler, where somebody wants that: `pg_cron`, whose job is made,
//! runs as the login that made it, and is taken away while it is still the one that was made.

use super::*;
use crate::support::clock::Clock;
use dba_gpt::domain::incident::strategy::Strategy;
use nix::sys::signal::Signal;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    upkeep_that_comes_again_is_done_by_the_server_itself,
}

/// The base version, where `pg_cron` is beside it. Prints the skip otherwise.
async fn kit() -> Option<Kit> {
    let kit = own::kits().await.into_iter().next().filter(Kit::has_cron);
    if kit.is_none() {
        eprintln!("SKIPPED: pg_cron is not installed beside the base PostgreSQL");
    }
    kit
}

async fn upkeep_that_comes_again_is_done_by_the_server_itself(seed: u64) {
    let (Some(kit), Some(clock)) = (kit().await, Clock::new()) else { return };
    let mut dice = Dice::new(seed);
    let (table, rows, percent) = (dice.table(), dice.between(40_000, 60_000), dice.between(60, 90));
    let settings =
        "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'shop'\ncron.use_background_workers = on";
    let made = format!(
        "CREATE TABLE {table} (id int PRIMARY KEY, v int) WITH (autovacuum_enabled = false);
         INSERT INTO {table} SELECT i, i FROM generate_series(1, {rows}) i; ANALYZE {table};
         DELETE FROM {table} WHERE id % 100 < {percent}"
    );
    let mut scene = Scene::on(Own::start_by(&kit, clock, settings).await, &made).await;
    let mut incident = scene.bed.incident("canceling statement due to statement timeout", Some("57014"), None);
    incident.strategy = Strategy::Preventive;
    let title = format!("Have the server vacuum public.{table} every ");
    let by_scheduler = |found: &Examined| found.plans.iter().find(|plan| plan.title.starts_with(&title)).cloned();
    let on_offer = |found: &Examined| found.plans.iter().any(|plan| plan.title.starts_with("Vacuum"));

    // Off unless somebody wants objects of this program in the database.
    let found = scene.looked_until(Some(&incident), "dead rows", on_offer).await;
    assert_eq!(by_scheduler(&found), None);
    // Nothing to offer without the extension.
    scene.bed.server_events = true;
    let found = scene.looked_until(Some(&incident), "dead rows", on_offer).await;
    let without = by_scheduler(&found).unwrap();
    blocked(&without, "no scheduler runs: there is no cron.job");

    scene.run("CREATE EXTENSION pg_cron").await;
    let runs = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_cron scheduler'";
    scene.until("the scheduler of pg_cron", runs, "1").await;
    let found = scene.looked_until(Some(&incident), "dead rows", on_offer).await;
    let offered = by_scheduler(&found).unwrap();
    assert!(offered.advice.iter().any(|words| words.contains("stays in the server")), "{offered:#?}");
    // One that does not help takes itself back.
    let jobs = "SELECT count(*) FROM cron.job";
    scene.rolled_back(&offered, 0, jobs).await;
    let done = scene.bed.cured(&offered).await;
    let filed = "SELECT username || ' ' || database || ' ' || command FROM cron.job";
    assert_eq!(scene.one(filed).await, format!("dbagpt_admin shop VACUUM (ANALYZE) public.{table}"));

    // It comes to its time: the server does it, as that login, and nobody watches.
    let vacuums = format!("SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = '{table}'");
    assert_eq!(scene.one(&vacuums).await, "0");
    let schedule = done.draft.statement.split('\'').nth(3).unwrap().to_owned();
    let hours = schedule.split(['/', ' ']).nth(2).unwrap();
    let minute = schedule.split(' ').next().unwrap();
    let until_then = scene
        .one(&format!(
            "SELECT extract(epoch FROM min(t) - clock_timestamp())::int FROM generate_series(date_trunc('minute', \
             clock_timestamp()) + '2 min', clock_timestamp() + '25 h', '1 min') t
             WHERE extract(minute FROM t) = {minute} AND extract(hour FROM t)::int % {hours} = 0"
        ))
        .await;
    // A scheduler that begins in the minute before goes on from there.
    scene.own.stop(Signal::SIGINT);
    scene.own.later(Duration::from_secs(until_then.parse::<u64>().unwrap() - 40));
    scene.own.up().await;
    scene.hand = admin(&scene.own.url("dbagpt_admin", "shop")).await;
    scene.until("the scheduler of pg_cron", runs, "1").await;
    scene.own.later(Duration::from_mins(1));
    let ran = "SELECT max(status) FROM cron.job_run_details WHERE username = 'dbagpt_admin' AND command LIKE 'VACUUM%'";
    scene.until("a run of its own", ran, "succeeded").await;
    scene.until("a vacuum", &format!("SELECT ({vacuums}) > 0"), "t").await;

    // The twin: somebody has changed it since, and the undo does not touch what is not as it was made.
    let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{:?}", done.survey.inverse) };
    for (change, back) in
        [("schedule = '0 3 * * *'", format!("schedule = '{schedule}'")), ("active = false", "active = true".to_owned())]
    {
        let proposal = scene.bed.site.propose(&undo[0]).await;
        scene.run(&format!("UPDATE cron.job SET {change}")).await;
        let refused = scene.bed.site.approve(proposal.id, &consent(&proposal)).await.expect_err(change);
        assert!(refused.words.contains("not as it was made"), "{change}: {}", refused.words);
        scene.run(&format!("UPDATE cron.job SET {back}")).await;
    }
    scene.bed.undone(&done).await;
    assert_eq!(scene.one(jobs).await, "0");
}
