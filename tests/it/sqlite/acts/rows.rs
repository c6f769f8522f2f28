//! INSERT, UPDATE and DELETE: the undo that is kept before brings back exactly what was there.

use super::{Notes, act_with, done, draft, state, surveyed};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::gravity;
use dba_gpt::domain::proposal::survey::{Inverse, Rights};
use dba_gpt::engine::ActError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// Tables of every kind of key, with every kind of value.
fn shop(folder: &Path, journal: &str) -> PathBuf {
    let path = folder.join("shop.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE item(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, price REAL, data BLOB, note,
                               twice REAL AS (price * 2) STORED);
             CREATE INDEX item_name ON item(name);
             INSERT INTO item(name, price, data, note) VALUES ('apple', 0.1, x'00ff', NULL), ('it''s', 1e22, NULL, 7),
                 ('line' || char(10, 8203) || 'end', 5e-324, zeroblob(3), 'text'), ('', -2.5, x'', 3.0),
                 (NULL, 9e999, 'as text', -9223372036854775807);
             CREATE TABLE pair(a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
             INSERT INTO pair VALUES ('x', 1, 'one'), ('x', 2, 'two'), ('y', 1, NULL);
             CREATE TABLE loose(v, w);
             INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (2, CAST(x'ff41' AS TEXT));
             CREATE TABLE coded(code TEXT PRIMARY KEY COLLATE NOCASE, \"group\" TEXT);
             INSERT INTO coded VALUES ('A', 'g'), ('b', 'h');"
        ))
        .unwrap();
    path
}

#[tokio::test]
async fn every_change_of_rows_is_undone_exactly() {
    for journal in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let path = shop(folder.path(), journal);
        let before = state(&path);
        for (statement, rows) in [
            ("UPDATE item SET price = price * 3, note = 'n' WHERE id < 5", 4),
            ("UPDATE item SET name = 'z' WHERE name IS NULL", 1),
            (
                "WITH dear AS (SELECT id FROM item WHERE price > 1) UPDATE item AS i SET note = NULL WHERE i.id IN (SELECT id FROM dear)",
                2,
            ),
            ("DELETE FROM item WHERE id >= 1", 5),
            ("DELETE FROM item WHERE id = 3 RETURNING id, name", 1),
            ("DELETE FROM item WHERE id = 99", 0),
            ("UPDATE pair SET v = v || '!' WHERE a = 'x'", 2),
            ("DELETE FROM pair WHERE b = 1", 2),
            ("UPDATE loose SET v = 5, w = NULL WHERE v = 1", 2),
            ("DELETE FROM loose WHERE v >= 1 -- all of them", 3),
            ("INSERT INTO item(name) VALUES ('new'), ('newer')", 2),
            ("INSERT INTO loose SELECT v, 'copy' FROM loose WHERE v = 1", 2),
            ("INSERT OR IGNORE INTO coded VALUES ('a', 'x'), ('c', 'y')", 1),
            ("INSERT INTO coded VALUES ('B', 'x'), ('d', 'y') ON CONFLICT DO NOTHING", 1),
            ("UPDATE coded SET \"group\" = upper(\"group\") WHERE code = 'a'", 1),
        ] {
            let (result, survey, undo) = done(&path, draft(statement)).await;
            let acted = result.unwrap_or_else(|error| panic!("{statement}: {error}"));
            assert_eq!(acted.rows, Some(rows), "{statement}");
            assert_eq!(survey.inverse, Inverse::FromRows(1000), "{statement}");
            assert_eq!(survey.rights, Rights::Held);
            assert_eq!(state(&path) != before, rows > 0, "{statement} changed nothing, or too much");
            for undo in undo {
                let (result, ..) = done(&path, draft(&undo)).await;
                assert_eq!(result.unwrap_or_else(|error| panic!("{undo}: {error}")).rows, Some(rows), "{undo}");
            }
            assert_eq!(state(&path), before, "{statement} ({journal}) was not undone");
        }
    }
}

#[tokio::test]
async fn what_comes_back_with_returning_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), "wal");
    let (result, ..) = done(&path, draft("DELETE FROM pair WHERE a = 'x' RETURNING b, v")).await;
    assert_eq!(result.unwrap().answer.as_deref(), Some("1\tone\n2\ttwo"));
}

#[tokio::test]
async fn the_blast_is_counted_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), "wal");
    let survey = surveyed(&path, &draft("DELETE FROM item WHERE price < 1 OR name = 'zzz'")).await.unwrap();
    assert_eq!(survey.blast.exact_rows, Some(3));
    assert_eq!(survey.blast.tables[0].rows, Some(5));
    assert!(survey.blast.tables[0].bytes.is_some_and(|bytes| bytes >= 8192));
    assert!(survey.blast.locks.contains("readers go on"));
    assert_eq!(survey.objects.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["item"]);
    let survey = surveyed(&path, &draft("INSERT INTO loose SELECT a, b FROM pair WHERE b = 1")).await.unwrap();
    assert_eq!(survey.blast.exact_rows, Some(2));
    assert_eq!(survey.objects.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["loose", "pair"]);
}

#[tokio::test]
async fn what_cannot_be_undone_is_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), "wal");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE log(what);
             CREATE TRIGGER item_gone AFTER DELETE ON item BEGIN INSERT INTO log VALUES (old.name); END;
             CREATE TABLE head(id INTEGER PRIMARY KEY, v);
             CREATE TABLE line(head INTEGER REFERENCES head ON DELETE CASCADE, n);
             INSERT INTO head VALUES (1, 'a'), (2, 'b'); INSERT INTO line VALUES (1, 1), (1, 2);
             CREATE VIEW heads AS SELECT * FROM head;
             CREATE TRIGGER heads_change INSTEAD OF DELETE ON heads BEGIN DELETE FROM head WHERE id = old.id; END;",
        )
        .unwrap();
    for (statement, word) in [
        ("DELETE FROM item WHERE id = 1", "item_gone"),
        ("DELETE FROM head WHERE id = 1", "line"),
        ("DELETE FROM heads WHERE id = 2", "view"),
        ("UPDATE item SET id = 77 WHERE id = 2", "key"),
        ("UPDATE item SET note = p.v FROM pair AS p WHERE p.b = 2 AND item.id = 4", "other tables"),
        ("REPLACE INTO item(id, name) VALUES (2, 'x')", "in its way"),
        ("INSERT INTO coded VALUES ('A', 'q') ON CONFLICT (code) DO UPDATE SET \"group\" = 'q'", "in its way"),
        ("INSERT INTO pair VALUES ('z', 1, 'z')", "WITHOUT ROWID"),
    ] {
        let draft = draft(statement);
        let survey = surveyed(&path, &draft).await.unwrap();
        let Inverse::None(reason) = &survey.inverse else { panic!("{statement}: {:?}", survey.inverse) };
        assert!(reason.contains(word), "{statement}: {reason}");
        assert!(gravity(&draft, &survey) >= Gravity::Medium, "{statement}");
        let before = state(&path);
        let result = act_with(&path, &draft, &survey, &mut Notes::default(), &CancellationToken::new()).await;
        assert!(result.as_ref().is_ok_and(|acted| acted.rows.is_some()), "{statement}: {result:?}");
        assert_ne!(state(&path), before, "{statement}");
    }
    // The other events of the table are undone as ever, and the cascade happened.
    let survey = surveyed(&path, &draft("UPDATE item SET note = 1 WHERE id = 3")).await.unwrap();
    assert_eq!(survey.inverse, Inverse::FromRows(1000));
    let left: i64 =
        Connection::open(&path).unwrap().query_row("SELECT count(*) FROM line", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn nothing_changes_when_the_undo_cannot_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), "wal");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1001) INSERT INTO loose SELECT 9, n FROM r;
             CREATE TABLE big(id INTEGER PRIMARY KEY, v); INSERT INTO big VALUES (1, zeroblob(600000));
             CREATE TABLE nulled(k TEXT PRIMARY KEY, v); INSERT INTO nulled VALUES (NULL, 1);",
        )
        .unwrap();
    let before = state(&path);
    for (statement, words) in [
        ("DELETE FROM loose WHERE v = 9", "more than 1000 rows"),
        ("INSERT INTO loose SELECT v, w FROM loose WHERE v = 9", "more than 1000 rows"),
        ("DELETE FROM big WHERE id = 1", "too large"),
        ("UPDATE nulled SET v = 2 WHERE v = 1", "NULL in its key"),
    ] {
        let (result, ..) = done(&path, draft(statement)).await;
        let Err(ActError::NotDone(SessionError::Unsupported(said))) = result else { panic!("{statement}: {result:?}") };
        assert!(said.contains(words), "{statement}: {said}");
        assert_eq!(state(&path), before, "{statement}");
    }
    // The witness cannot write.
    let before = state(&path);
    for statement in ["DELETE FROM pair WHERE a = 'x'", "INSERT INTO item(name) VALUES ('n')"] {
        let draft = draft(statement);
        let survey = surveyed(&path, &draft).await.unwrap();
        let mut notes = Notes { refuses: true, ..Notes::default() };
        let result = act_with(&path, &draft, &survey, &mut notes, &CancellationToken::new()).await;
        assert!(matches!(result, Err(ActError::NoWitness(_))), "{statement}: {result:?}");
        assert_eq!(state(&path), before, "{statement}");
    }
}

#[tokio::test]
async fn a_statement_that_breaks_a_rule_of_the_table_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), "wal");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE child(item INTEGER REFERENCES item(id)); INSERT INTO child VALUES (1)")
        .unwrap();
    let before = state(&path);
    for statement in [
        "DELETE FROM item WHERE id < 3",
        "INSERT INTO child VALUES (77)",
        "INSERT INTO coded VALUES ('A', 'twice')",
        "UPDATE item SET note = \"no such column\" WHERE id = 1",
        "UPDATE OR FAIL coded SET \"group\" = 'x', code = 'b' WHERE code > ''",
    ] {
        let (result, ..) = done(&path, draft(statement)).await;
        assert!(matches!(result, Err(ActError::NotDone(SessionError::Server(_)))), "{statement}: {result:?}");
        assert_eq!(state(&path), before, "{statement}");
    }
}
