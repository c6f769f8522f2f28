//! Acts that do not get to their end: stopped, too slow, in somebody's way, not permitted. The file is as it was.

use super::{Notes, act_with, draft, state, surveyed};
use crate::sqlite::canary;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::proposal::survey::{Rights, Survey, Timeouts};
use dba_gpt::engine::ActError;
use rusqlite::Connection;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// An UPDATE that never ends by itself.
const ENDLESS: &str = "UPDATE canary SET n = (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) \
                       SELECT count(*) FROM r) WHERE id = 1";

async fn tried(
    path: &Path,
    statement: &str,
    change: impl FnOnce(&mut Survey),
) -> Result<dba_gpt::engine::Acted, ActError> {
    let draft = draft(statement);
    let mut survey = surveyed(path, &draft).await.unwrap();
    change(&mut survey);
    act_with(path, &draft, &survey, &mut Notes::default(), &CancellationToken::new()).await
}

#[tokio::test]
async fn a_stop_ends_it_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let before = state(&path);
    let draft = draft(ENDLESS);
    let survey = surveyed(&path, &draft).await.unwrap();
    let stop = CancellationToken::new();
    let mut notes = Notes::default();
    let act = act_with(&path, &draft, &survey, &mut notes, &stop);
    // The write lock is the sign that it runs.
    let (result, ()) = tokio::join!(act, async {
        let other = Connection::open(&path).unwrap();
        while other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    assert_eq!(result.unwrap_err(), ActError::NotDone(SessionError::Canceled));
    assert_eq!(state(&path), before);
    assert_eq!(notes.inverse.len(), 1, "the undo was kept before");
    // The lock is free again.
    Connection::open(&path).unwrap().execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
}

#[tokio::test]
async fn a_stop_before_it_begins_and_a_deadline_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let before = state(&path);
    let draft = draft("DELETE FROM canary WHERE id > 2");
    let survey = surveyed(&path, &draft).await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let result = act_with(&path, &draft, &survey, &mut Notes::default(), &stop).await;
    assert_eq!(result.unwrap_err(), ActError::NotDone(SessionError::Canceled));
    let result = tried(&path, ENDLESS, |survey| survey.timeouts = Timeouts { statement_ms: 100, lock_ms: 100 }).await;
    assert_eq!(result.unwrap_err(), ActError::NotDone(SessionError::Deadline(100)));
    assert_eq!(state(&path), before);
}

#[tokio::test]
async fn a_file_that_somebody_writes_is_waited_for_and_then_left_alone() {
    for journal in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let path = canary(folder.path(), journal);
        let before = state(&path);
        for statement in ["DELETE FROM canary WHERE id = 1", "VACUUM", "CREATE INDEX i ON canary(n)"] {
            let draft = draft(statement);
            let mut survey = surveyed(&path, &draft).await.unwrap();
            survey.timeouts.lock_ms = 60;
            let writer = Connection::open(&path).unwrap();
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            let started = Instant::now();
            let result = act_with(&path, &draft, &survey, &mut Notes::default(), &CancellationToken::new()).await;
            let Err(ActError::NotDone(SessionError::Server(error))) = result else { panic!("{statement}: {result:?}") };
            assert_eq!(error.code, "5", "{statement}");
            assert!(started.elapsed() >= Duration::from_millis(60), "{statement}");
            writer.execute_batch("ROLLBACK").unwrap();
            assert_eq!(state(&path), before, "{statement}");
        }
    }
}

#[tokio::test]
async fn a_reader_in_the_way_of_the_commit_is_waited_for_and_then_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let before = state(&path);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM canary").unwrap();
    let result = tried(&path, "DELETE FROM canary WHERE id = 1", |survey| survey.timeouts.lock_ms = 60).await;
    assert!(matches!(&result, Err(ActError::NotDone(SessionError::Server(error))) if error.code == "5"), "{result:?}");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(state(&path), before);
    assert_eq!(tried(&path, "DELETE FROM canary WHERE id = 1", |_| ()).await.unwrap().rows, Some(1));
}

#[tokio::test]
async fn a_file_or_folder_that_we_may_not_write_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let before = state(&path);
    for (place, mode) in [(path.as_path(), 0o444), (folder.path(), 0o555)] {
        let old = std::fs::metadata(place).unwrap().permissions();
        std::fs::set_permissions(place, Permissions::from_mode(mode)).unwrap();
        if nix::unistd::geteuid().is_root() {
            eprintln!("skipped: root may write everywhere");
        } else {
            let draft = draft("DELETE FROM canary WHERE id = 1");
            let survey = surveyed(&path, &draft).await.unwrap();
            let Rights::Missing(commands) = &survey.rights else { panic!("{:?}", survey.rights) };
            assert!(commands[0].starts_with("chmod u+w"), "{commands:?}");
            let result = act_with(&path, &draft, &survey, &mut Notes::default(), &CancellationToken::new()).await;
            assert!(matches!(result, Err(ActError::NotDone(SessionError::Server(_)))), "{result:?}");
        }
        std::fs::set_permissions(place, old).unwrap();
        assert_eq!(state(&path), before);
    }
}

#[tokio::test]
async fn a_dropped_act_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let before = state(&path);
    let draft = draft(ENDLESS);
    let survey = surveyed(&path, &draft).await.unwrap();
    let other = Connection::open(&path).unwrap();
    let mut notes = Notes::default();
    let stop = CancellationToken::new();
    tokio::select! {
        result = act_with(&path, &draft, &survey, &mut notes, &stop) => panic!("it ended: {result:?}"),
        () = async {
            while other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").unwrap();
    assert_eq!(state(&path), before);
}
