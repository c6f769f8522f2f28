//! Objects, maintenance and the one setting: done, and undone where that can be.

use super::{done, draft, kind_draft, state, surveyed};
use crate::sqlite::{canary, spec};
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::gravity;
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::engine::ActError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

fn workshop(folder: &Path) -> PathBuf {
    let path = canary(folder, "wal");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE INDEX canary_n ON canary(n) WHERE n > 3;
             CREATE VIEW v AS SELECT id, n FROM canary;
             CREATE TRIGGER v_gone INSTEAD OF DELETE ON v BEGIN DELETE FROM canary WHERE id = old.id; END;
             CREATE TRIGGER canary_new AFTER INSERT ON canary BEGIN SELECT 1; END;
             CREATE TABLE bare(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x') STRICT;
             CREATE INDEX bare_b ON bare(b);",
        )
        .unwrap();
    path
}

#[tokio::test]
async fn every_change_of_an_object_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = workshop(folder.path());
    for statement in [
        "CREATE INDEX i ON canary(v, n)",
        "CREATE UNIQUE INDEX main.\"odd name\" ON canary(id)",
        "DROP INDEX canary_n",
        "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b TEXT) STRICT",
        "CREATE TABLE copy AS SELECT * FROM canary WHERE n > 2",
        "CREATE VIEW w AS SELECT count(*) AS n FROM v",
        "CREATE TRIGGER g AFTER UPDATE ON canary BEGIN UPDATE canary SET v = 'x;' WHERE id = new.id; END",
        "DROP TRIGGER canary_new",
        "DROP VIEW v",
        "DROP TABLE bare",
        "ALTER TABLE canary ADD COLUMN extra TEXT DEFAULT 'e'",
        "ALTER TABLE bare RENAME TO \"bare table\"",
        "ALTER TABLE canary RENAME COLUMN n TO number",
        "CREATE VIRTUAL TABLE words USING fts5(body)",
    ] {
        let before = state(&path);
        let (result, survey, undo) = done(&path, draft(statement)).await;
        let acted = result.unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert_eq!(acted.rows, None, "{statement}");
        assert!(matches!(survey.inverse, Inverse::Statements(_)), "{statement}: {:?}", survey.inverse);
        assert!(state(&path) != before, "{statement} changed nothing");
        for undo in undo {
            let (result, ..) = done(&path, draft(&undo)).await;
            result.unwrap_or_else(|error| panic!("{undo}: {error}"));
        }
        // Renaming writes the name in quotes into the definitions that use it.
        let plain = |state: Vec<Vec<String>>| format!("{state:?}").replace(['"', '\\'], "");
        assert_eq!(plain(state(&path)), plain(before.clone()), "{statement} was not undone");
    }
}

#[tokio::test]
async fn what_loses_data_is_grave_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = workshop(folder.path());
    for statement in ["DROP TABLE canary", "ALTER TABLE bare DROP COLUMN b"] {
        let draft = draft(statement);
        let survey = surveyed(&path, &draft).await.unwrap();
        assert!(matches!(survey.inverse, Inverse::None(_)), "{statement}: {:?}", survey.inverse);
        assert_eq!(gravity(&draft, &survey), Gravity::High, "{statement}");
    }
    let (result, ..) = done(&path, draft("DROP TABLE canary")).await;
    result.unwrap();
    assert!(!format!("{:?}", state(&path)).contains("canary_n"), "its indexes go with it");
}

#[tokio::test]
async fn maintenance_runs_and_changes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = workshop(folder.path());
    Connection::open(&path)
        .unwrap()
        .execute_batch("INSERT INTO canary(v) SELECT hex(zeroblob(2000)) FROM canary; DELETE FROM canary WHERE id > 10")
        .unwrap();
    let (before, size) = (state(&path), pages(&path));
    for statement in ["REINDEX", "REINDEX canary_n", "VACUUM"] {
        let (result, ..) = done(&path, draft(statement)).await;
        result.unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert_eq!(state(&path), before, "{statement}");
    }
    assert!(pages(&path) < size, "VACUUM gave nothing back");
    for statement in ["ANALYZE", "ANALYZE canary"] {
        let (result, ..) = done(&path, draft(statement)).await;
        result.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let statistics: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'canary'", [], |row| row.get(0))
        .unwrap();
    assert!(statistics > 0);
}

fn pages(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_journal_mode_is_set_where_nobody_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let kind = |value: &str| FixKind::ChangeSetting { name: "journal_mode".into(), value: value.into() };
    let (result, survey, _) = done(&path, kind_draft(kind("wal"))).await;
    assert_eq!(result.unwrap().answer.as_deref(), Some("wal"));
    assert_eq!(survey.inverse, Inverse::Statements(vec!["PRAGMA journal_mode = delete".into()]));
    // Another program has it open: it stays, and that is said.
    let other = Connection::open(&path).unwrap();
    let _: i64 = other.query_row("SELECT count(*) FROM canary", [], |row| row.get(0)).unwrap();
    let (result, ..) = done(&path, kind_draft(kind("delete"))).await;
    assert!(matches!(result, Err(ActError::NotDone(_))), "{result:?}");
    let mode: String = other.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn what_is_not_there_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = workshop(folder.path());
    for (statement, words) in [
        ("DELETE FROM nowhere WHERE id = 1", "no table nowhere"),
        ("DROP INDEX canary_x", "no index canary_x"),
        ("DROP TABLE IF EXISTS v", "no table v"),
        ("ALTER TABLE canary DROP COLUMN zzz", "no column canary.zzz"),
        ("CREATE INDEX IF NOT EXISTS canary_n ON canary(n)", "already the index"),
        ("CREATE TABLE v(a)", "already the view"),
        ("CREATE TEMP TABLE t(a)", "temporary"),
        ("DELETE FROM other.canary WHERE id = 1", "not the file itself"),
        ("UPDATE canary SET n = 1 WHERE nix = 2", "nix"),
    ] {
        let error = surveyed(&path, &draft(statement)).await.unwrap_err().to_string();
        assert!(error.contains(words), "{statement}: {error}");
    }
    let mut session = crate::sqlite::open(&path).await;
    let session_ref = SessionRef { id: 1, facts: Vec::new(), about: String::new() };
    let error = (spec().fixing.freeze)(&mut *session, FixKind::EndSessions(vec![session_ref])).await.unwrap_err();
    assert!(error.to_string().contains("no list of its connections"));
}
