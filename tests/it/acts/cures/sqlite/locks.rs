//! Locks: a writer that does not end, a journal mode that keeps readers and the writer out, and a log that grows behind
//! an old reader.

use super::*;

registry::cures! {
    "sqlite", || true;
    a_writer_that_does_not_end_is_named,
    a_writer_that_commits_again_and_again_is_no_stuck_one,
    a_file_that_lets_nobody_in_gets_mode_wal_and_goes_back_from_it,
    mode_wal_is_kept_while_somebody_else_has_the_file_open,
    a_log_behind_an_old_reader_grows_and_is_taken_back_after_it,
    a_log_that_one_transaction_still_writes_is_left_alone,
}

async fn a_writer_that_does_not_end_is_named(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 2_000));
    connection.execute_batch(&format!("PRAGMA journal_mode = {}", dice.pick(&["wal", "delete", "truncate"]))).unwrap();
    let bed = Bed::at(&url);
    let write = *dice.pick(&["UPDATE orders SET status = 'x'", "DELETE FROM orders", "CREATE TABLE more (a)"]);
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {write}")).unwrap();
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{write}: {:#?}", found.diagnosis);
    let about = found.diagnosis.of(Cause::WriterLock).unwrap().about.clone().unwrap();
    assert!(about.contains(&std::process::id().to_string()), "{about}");
    assert!(plan(&found, "C21", "finish").steps.is_empty(), "nobody's process is ended from here");
    assert!(found.plans.iter().all(|plan| !plan.can_be_proposed()), "{:#?}", found.plans);
    assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(false));
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(true));
}

async fn a_writer_that_commits_again_and_again_is_no_stuck_one(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 500));
    let bed = Bed::at(&url);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            connection.execute("UPDATE orders SET note = note WHERE id = 1", []).unwrap();
        }
    });
    let found = bed.looked(2, None, Vec::new()).await;
    drop(stop);
    writer.join().unwrap();
    assert_ne!(verdict(&found, Cause::WriterLock), Some(Verdict::Supported), "{:#?}", found.diagnosis);
    assert!(found.plans.iter().all(|plan| !plan.can_be_proposed()), "{:#?}", found.plans);
}

async fn a_file_that_lets_nobody_in_gets_mode_wal_and_goes_back_from_it(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 2_000));
    let before = *dice.pick(&["delete", "truncate", "persist"]);
    connection.execute_batch(&format!("PRAGMA journal_mode = {before}")).unwrap();
    let bed = Bed::at(&url);
    // The session that watches stays open throughout: it is ours, and makes way by itself.
    let mut watching = (bed.site.ways.read)("watch".into(), None).await.unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let incident = || bed.incident("database is locked", Some("5"), None);
    let found = bed.looked_by(&mut *watching, 1, Some(incident()), Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{:#?}", found.diagnosis);
    assert!(found.plans.iter().all(|plan| !plan.can_be_proposed()), "not while somebody holds the file");
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let found = bed.looked_by(&mut *watching, 1, Some(incident()), Vec::new()).await;
    let done = bed.cured(plan(&found, "C21", "wal")).await;
    assert_eq!(journal_mode(&url), "wal");
    // It looks at the file in its new mode, and so has it open in that.
    let looked = (bed.site.ways.spec.sample)(&mut *watching, 0).await;
    assert!(looked.is_ok(), "{looked:?}");
    bed.undone(&done).await;
    // Which kind of journal without a log it is each connection chooses for itself: the file knows no more.
    assert_eq!(journal_mode(&url), "delete");
    let looked = (bed.site.ways.spec.sample)(&mut *watching, 0).await;
    assert!(looked.is_ok(), "the session goes on after it made way: {looked:?}");
    watching.close().await;
}

async fn mode_wal_is_kept_while_somebody_else_has_the_file_open(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 2_000));
    let bed = Bed::at(&url);
    let rows: i64 = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    let kind = FixKind::ChangeSetting { name: "journal_mode".into(), value: "delete".into() };
    let ended = bed.act(kind.clone()).await;
    assert_eq!(ended.stage, Stage::NotRun, "{:?}", ended.happenings);
    let said = format!("{:?}", ended.happenings.last());
    assert!(said.contains("the file is open in"), "{said}");
    assert_eq!(journal_mode(&url), "wal");
    let after: i64 = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(after, rows, "whoever has it open notices nothing");
    drop(connection);
    let done = bed.act(kind).await;
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert_eq!(journal_mode(&url), "delete");
}

async fn a_log_behind_an_old_reader_grows_and_is_taken_back_after_it(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 30) * 1_000);
    let bed = Bed::at(&url);
    let reader = Connection::open(url.trim_start_matches("sqlite:")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM orders").unwrap();
    for round in 0..dice.between(18, 26) {
        connection.execute("UPDATE orders SET note = note || ?1", [round.to_string()]).unwrap();
    }
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WalGrowth], "{:#?}", found.diagnosis);
    let blocked = plan(&found, "C22", "log");
    assert!(blocked.blocked.iter().any(|why| why.contains("snapshot")), "{:?}", blocked.blocked);
    // Past the plan, the act itself changes nothing while the reader is there, and says so.
    let early = bed.act(FixKind::Maintain(Upkeep::Checkpoint, None)).await;
    assert_eq!(early.stage, Stage::NotRun, "{:?}", early.happenings);
    reader.execute_batch("COMMIT").unwrap();
    let mut free = blocked.clone();
    free.blocked.clear();
    bed.cured(&free).await;
    let log = format!("{}-wal", url.trim_start_matches("sqlite:"));
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
}

async fn a_log_that_one_transaction_still_writes_is_left_alone(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(10, 30) * 1_000);
    let bed = Bed::at(&url);
    connection.execute_batch("PRAGMA cache_size = 10; BEGIN IMMEDIATE").unwrap();
    for round in 0..dice.between(15, 25) {
        connection.execute("UPDATE orders SET note = note || ?1", [round.to_string()]).unwrap();
    }
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{:#?}", found.diagnosis);
    assert_ne!(verdict(&found, Cause::WalGrowth), Some(Verdict::Supported));
    assert!(found.plans.iter().filter(|plan| plan.procedure == "C22").all(|plan| !plan.can_be_proposed()));
}
