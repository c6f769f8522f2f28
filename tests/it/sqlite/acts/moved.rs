//! What moved between approval and act voids it, and what does not fit the approval is rolled back: the file is as it
//! was.

use super::{Notes, act_with, draft, state, surveyed};
use crate::sqlite::canary;
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::engine::ActError;
use rusqlite::Connection;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Approves a statement, lets somebody else do something, and tries it.
async fn tried(path: &Path, statement: &str, between: impl FnOnce()) -> Result<dba_gpt::engine::Acted, ActError> {
    let draft = draft(statement);
    let survey = surveyed(path, &draft).await.unwrap();
    between();
    act_with(path, &draft, &survey, &mut Notes::default(), &CancellationToken::new()).await
}

#[tokio::test]
async fn a_changed_object_voids_the_approval() {
    for (statement, between) in [
        ("DELETE FROM canary WHERE id = 1", "ALTER TABLE canary ADD COLUMN x"),
        ("DELETE FROM canary WHERE id = 1", "CREATE INDEX i ON canary(n)"),
        ("DELETE FROM canary WHERE id = 1", "CREATE TRIGGER t AFTER DELETE ON canary BEGIN SELECT 1; END"),
        ("DELETE FROM canary WHERE id = 1", "CREATE TABLE child(c REFERENCES canary ON DELETE CASCADE)"),
        (
            "DELETE FROM canary WHERE id = 1",
            "ALTER TABLE canary RENAME TO was; CREATE TABLE canary(id INTEGER PRIMARY KEY, n, v)",
        ),
        ("DELETE FROM canary WHERE id IN (SELECT id FROM v)", "DROP VIEW v; CREATE VIEW v AS SELECT id FROM canary"),
        ("CREATE INDEX i ON canary(n)", "CREATE INDEX i ON canary(v)"),
        ("DROP INDEX old", "DROP INDEX old; CREATE INDEX old ON canary(v)"),
        ("VACUUM", "PRAGMA user_version = 3"),
        ("UPDATE canary SET n = 1 WHERE id = 2", "PRAGMA user_version = 3"),
        ("UPDATE canary SET n = 1 WHERE id = 2", "PRAGMA application_id = 3"),
        ("DROP TABLE empty", "INSERT INTO empty VALUES (1)"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = canary(folder.path(), "wal");
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch(
                "CREATE INDEX old ON canary(n); CREATE TABLE empty(a);
                 CREATE VIEW v AS SELECT id FROM canary WHERE id > 8;",
            )
            .unwrap();
        let mut after = Vec::new();
        let result = tried(&path, statement, || {
            other.execute_batch(between).unwrap();
            after = state(&path);
        })
        .await;
        assert!(
            matches!(result, Err(ActError::RolledBack(Refusal::Moved(_)))),
            "{statement} after {between}: {result:?}"
        );
        assert_eq!(state(&path), after, "{statement} after {between}");
    }
}

#[tokio::test]
async fn another_file_of_the_same_name_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let before = state(&path);
    let result = tried(&path, "DELETE FROM canary WHERE id = 1", || {
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        std::fs::rename(&copy, &path).unwrap();
    })
    .await;
    assert!(matches!(result, Err(ActError::RolledBack(Refusal::Moved(_)))), "{result:?}");
    assert_eq!(state(&path), before);
}

#[tokio::test]
async fn more_rows_than_were_approved_are_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let other = Connection::open(&path).unwrap();
    let mut after = Vec::new();
    let result = tried(&path, "UPDATE canary SET v = 'x' WHERE n > 8", || {
        other.execute_batch("INSERT INTO canary(n, v) VALUES (11, 'a'), (12, 'b')").unwrap();
        after = state(&path);
    })
    .await;
    assert_eq!(result.unwrap_err(), ActError::RolledBack(Refusal::TooManyRows { changed: 4, most: 3 }));
    assert_eq!(state(&path), after);
    // One fifth more than was counted is within what was approved.
    let result = tried(&path, "DELETE FROM canary WHERE n > 5", || {
        other.execute_batch("INSERT INTO canary(n, v) VALUES (13, 'c')").unwrap();
    })
    .await;
    assert_eq!(result.unwrap().rows, Some(8));
}

#[tokio::test]
async fn rows_that_changed_in_between_are_kept_as_they_are_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let draft = draft("UPDATE canary SET v = 'new' WHERE id = 3");
    let survey = surveyed(&path, &draft).await.unwrap();
    assert_eq!(survey.inverse, Inverse::FromRows(1000));
    Connection::open(&path).unwrap().execute_batch("UPDATE canary SET v = 'meanwhile' WHERE id = 3").unwrap();
    let mut notes = Notes::default();
    act_with(&path, &draft, &survey, &mut notes, &CancellationToken::new()).await.unwrap();
    let back = "UPDATE canary SET v = 'meanwhile' WHERE id = 3 AND v COLLATE BINARY IS 'new'";
    assert_eq!(notes.inverse, [back]);
}
