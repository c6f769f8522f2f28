//! Snapshots that fail, and the writes that are refused for it.

use super::*;

registry::cures! {
    "redis", at_hand;
    a_snapshot_that_failed_is_written_again_and_writes_are_taken,
    a_snapshot_whose_reason_is_still_there_does_not_help,
    a_snapshot_that_is_being_written_is_waited_for,
}

/// A server whose last snapshot failed because a folder has its name, and the answer to a write.
fn failed(program: &Program, dice: &mut Dice) -> (Own, Bed, Raw, std::path::PathBuf, String) {
    let file = format!("{}.rdb", dice.table());
    let (own, bed, mut raw) = program.start(&[&format!("dbfilename {file}"), "save 3600 100000"]);
    let in_the_way = own.folder.path().join(file);
    std::fs::create_dir(&in_the_way).unwrap();
    fill(&mut raw, 1..=dice.between(1, 500), 100, 0);
    raw.ask(&["BGSAVE"]);
    until(&mut raw, "rdb_last_bgsave_status:err");
    let refusal = raw.ask(&["SET", "a", "1"]);
    assert!(refusal.starts_with("-MISCONF"), "{refusal}");
    (own, bed, raw, in_the_way, refusal)
}

async fn a_snapshot_that_failed_is_written_again_and_writes_are_taken(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw, in_the_way, refusal) = failed(&program, &mut dice);
        let incident = bed.incident(refusal.trim_start_matches('-'), None, Some("SET a 1"));
        let found = bed.looked(1, Some(incident), Vec::new()).await;
        assert_eq!(roots(&found), [Cause::PersistenceStall], "{:#?}", found.diagnosis);
        assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(false));
        std::fs::remove_dir(&in_the_way).unwrap();
        bed.cured(plan(&found, "RD19", "snapshot")).await;
        until(&mut raw, "rdb_last_bgsave_status:ok");
        assert_eq!(raw.ask(&["SET", "a", "1"]), "+OK");
        assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(true));
    })
    .await;
}

async fn a_snapshot_whose_reason_is_still_there_does_not_help(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw, ..) = failed(&program, &mut dice);
        let found = bed.looked(1, None, Vec::new()).await;
        let mut again = plan(&found, "RD19", "snapshot").clone();
        again.steps[0].verification.within_ms = 2_000;
        let done = bed.carried_out(&again).await;
        assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
        assert_ne!(done.verified.as_ref().and_then(|verified| verified.held), Some(true), "{:?}", done.verified);
        assert!(raw.ask(&["SET", "a", "1"]).starts_with("-MISCONF"));
    })
    .await;
}

async fn a_snapshot_that_is_being_written_is_waited_for(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw, in_the_way, _) = failed(&program, &mut dice);
        std::fs::remove_dir(&in_the_way).unwrap();
        // Microseconds for each key, so that all of them take twenty seconds.
        let keys: u32 = raw.ask(&["DBSIZE"]).trim_start_matches(':').parse().unwrap();
        let delay = (20_000_000 / keys).to_string();
        assert_eq!(raw.ask(&["CONFIG", "SET", "rdb-key-save-delay", &delay]), "+OK");
        raw.ask(&["BGSAVE"]);
        until(&mut raw, "rdb_bgsave_in_progress:1");
        let found = bed.looked(1, None, Vec::new()).await;
        let again = plan(&found, "RD19", "snapshot");
        assert!(again.blocked.iter().any(|why| why.contains("being written")), "{:?}", again.blocked);
    })
    .await;
}
