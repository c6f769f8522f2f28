//! What the engine refuses and lets through with the classifier switched off, and that nothing is left behind.

use super::{canary, open, read};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::Value;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// Names and contents of everything in a folder, the shared-memory index left out: readers write their marks there.
fn fingerprint(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect()
}

/// The rows of the case list for this engine: id, statement, verdict.
fn cases() -> Vec<(String, String, String)> {
    include_str!("../../../assets/attacks/cases.tsv")
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields[0] == "sqlite")
        .map(|fields| (fields[1].to_owned(), fields[2].to_owned(), fields[3].to_owned()))
        .collect()
}

#[tokio::test]
async fn without_the_classifier_every_attack_is_refused_and_leaves_no_mark() {
    for journal in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let path = canary(folder.path(), journal);
        // A writer that stays open, as an application would: its files are there before and after.
        let _application = Connection::open(&path).unwrap();
        let mut session = open(&path).await;
        let before = fingerprint(folder.path());
        let mut attacks = 0;
        for (id, statement, verdict) in cases().into_iter().filter(|(_, _, verdict)| verdict != "allow") {
            let result = read(&mut *session, &statement).await;
            assert!(matches!(result, Err(SessionError::Server(_))), "{id} ({verdict}) ran: {statement}: {result:?}");
            assert_eq!(fingerprint(folder.path()), before, "{id} left a mark: {statement}");
            attacks += 1;
        }
        assert!(attacks > 30);
        let rows = read(&mut *session, "SELECT count(*) FROM canary").await.unwrap();
        assert_eq!(rows.rows, [[Value::Int(10)]]);
    }
}

#[tokio::test]
async fn what_only_reads_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    for (id, statement, _) in cases().into_iter().filter(|(_, _, verdict)| verdict == "allow") {
        let result = read(&mut *session, &statement).await;
        assert!(result.is_ok(), "{id} was refused: {statement}: {result:?}");
    }
}

#[tokio::test]
async fn attacks_beyond_the_list_are_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let before = fingerprint(folder.path());
    let target = folder.path().join("new.db").display().to_string();
    for statement in [
        format!("ATTACH '{target}' AS a"),
        format!("VACUUM INTO '{target}'"),
        "SELECT 1; DELETE FROM canary".into(),
        "INSERT INTO canary(n) VALUES (1) RETURNING n".into(),
        "WITH x AS (SELECT 1) UPDATE canary SET n = 2 RETURNING n".into(),
        "CREATE TEMP TABLE t(a)".into(),
        "CREATE TEMP VIEW t AS SELECT 1".into(),
        "SAVEPOINT s".into(),
        "END".into(),
        "ROLLBACK".into(),
        "ANALYZE".into(),
        "PRAGMA optimize".into(),
        "PRAGMA locking_mode = EXCLUSIVE".into(),
        "PRAGMA temp_store_directory = '/tmp'".into(),
        "PRAGMA shrink_memory".into(),
        "PRAGMA page_size = 1024".into(),
        "PRAGMA trusted_schema = 1".into(),
        "PRAGMA writable_schema(1)".into(),
        "PRAGMA wal_checkpoint".into(),
        "SELECT * FROM pragma_wal_checkpoint".into(),
        "SELECT * FROM pragma_journal_mode('delete')".into(),
        "SELECT * FROM pragma_hard_heap_limit(1)".into(),
        "SELECT * FROM pragma_soft_heap_limit(1)".into(),
        "SELECT fts3_tokenizer('simple')".into(),
        "SELECT sqlite_log(1, 'x')".into(),
        "SELECT dba_wal_bytes()".into(),
        "EXPLAIN ATTACH 'x' AS a".into(),
        String::new(),
        "-- nothing".into(),
    ] {
        let result = read(&mut *session, &statement).await;
        assert!(matches!(result, Err(SessionError::Server(_))), "{statement:?} gave {result:?}");
        assert_eq!(fingerprint(folder.path()), before, "{statement:?} left a mark");
    }
}

#[tokio::test]
async fn our_own_store_survives_attacks_on_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let store = Connection::open(folder.path().join("store.db")).unwrap();
    store.execute_batch("CREATE TABLE sample(id INTEGER PRIMARY KEY, body TEXT)").unwrap();
    let limit = |connection: &Connection, name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = (limit(&store, "hard_heap_limit"), limit(&store, "soft_heap_limit"), limit(&store, "mmap_size"));
    let mut session = open(&path).await;
    for statement in [
        "PRAGMA hard_heap_limit=1",
        "PRAGMA main.hard_heap_limit(1)",
        "SELECT * FROM pragma_hard_heap_limit(1)",
        "PRAGMA soft_heap_limit=1",
        "PRAGMA mmap_size=99999999999",
        "PRAGMA data_store_directory='/tmp'",
    ] {
        read(&mut *session, statement).await.unwrap_err();
    }
    let after = (limit(&store, "hard_heap_limit"), limit(&store, "soft_heap_limit"), limit(&store, "mmap_size"));
    assert_eq!(before, after);
    store.execute("INSERT INTO sample(body) VALUES (hex(zeroblob(100000)))", []).unwrap();
}

#[tokio::test]
async fn virtual_tables_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("virtual.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE note USING fts5(body); INSERT INTO note VALUES ('hello world');
             CREATE VIRTUAL TABLE old_note USING fts4(body); INSERT INTO old_note VALUES ('hello world');
             CREATE VIRTUAL TABLE box USING rtree(id, x1, x2); INSERT INTO box VALUES (1, 0, 10);",
        )
        .unwrap();
    let mut session = open(&path).await;
    for statement in [
        "SELECT highlight(note, 0, '[', ']') FROM note WHERE note MATCH 'hello' ORDER BY bm25(note)",
        "SELECT snippet(old_note) FROM old_note WHERE body MATCH 'world'",
        "SELECT id FROM box WHERE x1 <= 5 AND x2 >= 5",
        "SELECT key, value FROM json_each('[1,2]')",
    ] {
        let rows = read(&mut *session, statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert!(!rows.rows.is_empty(), "{statement}");
    }
}
