//! SQLite: a file of the test's own. There are no logins; the way in is read-only and the authorizer stands in it.

use super::{Marks, Scene, marks_by, nothing_lasts, on, rows};
use crate::support::at_hand::Server;
use async_trait::async_trait;
use dba_gpt::engine::{Session, sqlite};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tempfile::TempDir;

const OBJECTS: &str = "
    CREATE TABLE canary (id INTEGER PRIMARY KEY, note TEXT);
    INSERT INTO canary VALUES (1, 'one'), (2, 'two'), (7, 'seven');
    CREATE TABLE t (a, b);
    INSERT INTO t VALUES (1, 2);
    CREATE VIEW v AS SELECT * FROM canary;
    CREATE TRIGGER on_insert AFTER INSERT ON canary BEGIN INSERT INTO t VALUES (new.id, 0); END";

/// Ways of which the lists have no row.
const MORE: &[&str] = &[
    "PRAGMA query_only = 0",
    "PRAGMA writable_schema = 1",
    "PRAGMA temp_store = 2",
    "PRAGMA cache_size = 1",
    "PRAGMA case_sensitive_like = 1",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA incremental_vacuum",
    "PRAGMA optimize",
    "CREATE TEMP TABLE mine (a)",
    "CREATE TEMP VIEW mine AS SELECT 1",
    "ATTACH ':memory:' AS mine",
    "ATTACH 'mine.sqlite' AS mine",
    "BEGIN IMMEDIATE",
    "SAVEPOINT mine",
    "SELECT load_extension('x')",
    "SELECT writefile('mine', 'x')",
    "INSERT INTO canary VALUES (1000, 'x')",
    "DELETE FROM canary WHERE id = 1 RETURNING id",
    "DROP TRIGGER on_insert",
    "UPDATE sqlite_schema SET sql = NULL",
];

/// The database of temporary objects opens with the first question for them.
const MARKS: &[&str] = &[
    "SELECT 'database', name, file FROM pragma_database_list WHERE name <> 'temp'",
    "SELECT 'temporary', name, type FROM temp.sqlite_schema",
    "SELECT 'changes', 'total', total_changes()",
    "SELECT 'like', 'folds', 'A' LIKE 'a'",
];

struct Sqlite {
    folder: TempDir,
    file: PathBuf,
}

impl Sqlite {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("past.sqlite");
        Connection::open(&file).unwrap().execute_batch(OBJECTS).unwrap();
        Self { folder, file }
    }
}

#[async_trait]
impl Scene for Sqlite {
    fn url(&self) -> String {
        format!("sqlite:{}", self.file.display())
    }
    async fn everything(&mut self) -> BTreeSet<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        files.map(|file| format!("{}: {:?}", file.display(), std::fs::read(&file).unwrap())).collect()
    }
    async fn marks(&mut self, session: &mut dyn Session) -> Marks {
        marks_by(&sqlite::SPEC, session, MARKS).await
    }
    async fn still_open(&mut self) -> Vec<String> {
        // A transaction that were left open would keep this one out.
        let other = Connection::open(&self.file).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let lock = other.execute_batch("BEGIN EXCLUSIVE; ROLLBACK");
        lock.err().map(|e| e.to_string()).into_iter().collect()
    }
    async fn change(&mut self) {
        Connection::open(&self.file).unwrap().execute("UPDATE canary SET note = 'changed' WHERE id = 7", []).unwrap();
    }
    async fn end(&mut self) {}
}

#[test]
fn nothing_lasts_on_sqlite() {
    on(Server::Sqlite, async |server| {
        nothing_lasts(server, &mut Sqlite::set(), &rows("sqlite", MORE), 20).await;
    });
}
