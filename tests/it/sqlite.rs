//! The SQLite engine on real files: what it refuses with the classifier switched off, what it bounds, what it stops,
//! and what it says about files that it cannot open.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use dba_gpt::domain::dialect::Dialect;
use dba_gpt::domain::error_event::{ConnectError, ConnectKind, SessionError};
use dba_gpt::domain::guard::{self, Allowed, Author, Catalog, Class, Judgement};
use dba_gpt::domain::question::{Answer, Cannot, Intent};
use dba_gpt::domain::rows::{Limits, Rows, Truncation, Value};
use dba_gpt::domain::schema::Schema;
use dba_gpt::domain::target::{EngineId, Timestamp};
use dba_gpt::engine::{Collector, ConnectSettings, EngineSpec, Session, Surroundings, by_name};
use rusqlite::Connection;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A dialect that lets everything through, so that only the engine's own gates are left.
struct Permissive;

impl Dialect for Permissive {
    fn engine(&self) -> EngineId {
        spec().id
    }
    fn classify(&self, _statement: &str, _author: Author, _catalog: &Catalog) -> Judgement {
        Judgement::allow(Class::Read, "the test lets everything through")
    }
    fn looks_like_statement(&self, _text: &str) -> bool {
        true
    }
    fn resolve_names(&self, statement: &str, _schema: &Schema) -> String {
        statement.to_owned()
    }
    fn quote(&self, identifier: &str) -> String {
        identifier.to_owned()
    }
    fn literal(&self, text: &str) -> String {
        text.to_owned()
    }
    fn explain(&self, _statement: &str) -> Option<String> {
        None
    }
    fn answer(&self, _intent: &Intent, _schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
        Err(Cannot::default())
    }
}

fn spec() -> &'static EngineSpec {
    by_name("sqlite").unwrap()
}

fn unjudged(statement: &str) -> Allowed {
    guard::allow(&Permissive, Author::Person, &Catalog::default(), statement).unwrap()
}

async fn try_open(url: &str) -> Result<Box<dyn Session>, ConnectError> {
    let settings = ConnectSettings {
        url: SecretString::from(url.to_owned()),
        password: None,
        application: "dba-gpt test".into(),
        timeout: Duration::from_secs(10),
        surroundings: Surroundings::default(),
    };
    (spec().connect)(&settings).await
}

async fn open(path: &Path) -> Box<dyn Session> {
    try_open(&format!("sqlite:{}", path.display())).await.unwrap()
}

async fn read_with(session: &mut dyn Session, statement: &str, limits: Limits) -> Result<Rows, SessionError> {
    let mut collector = Collector::new(limits);
    session.read(unjudged(statement), &limits, &CancellationToken::new(), &mut collector).await?;
    Ok(collector.into_rows())
}

async fn read(session: &mut dyn Session, statement: &str) -> Result<Rows, SessionError> {
    read_with(session, statement, Limits { timeout_ms: 10_000, ..Limits::default() }).await
}

/// A small database with what the cases name, in the given journal mode.
fn canary(folder: &Path, journal: &str) -> std::path::PathBuf {
    let path = folder.join("canary.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE canary(id INTEGER PRIMARY KEY, n INTEGER, v TEXT);
             INSERT INTO canary(n, v) SELECT value, 'row ' || value FROM generate_series_of_ten;"
        ).replace(
            "FROM generate_series_of_ten",
            "FROM (WITH RECURSIVE r(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM r WHERE value < 10) SELECT value FROM r)",
        ))
        .unwrap();
    path
}

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
    include_str!("data/guard_cases.tsv")
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

const ENDLESS: &str = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r";

#[tokio::test]
async fn a_runaway_query_ends_at_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let started = Instant::now();
    let result = read_with(&mut *session, ENDLESS, Limits { timeout_ms: 300, ..Limits::default() }).await;
    assert_eq!(result, Err(SessionError::Deadline(300)));
    assert!(started.elapsed() < Duration::from_millis(1300), "took {:?}", started.elapsed());
    assert!(read(&mut *session, "SELECT 1").await.is_ok());
}

#[tokio::test]
async fn a_runaway_query_ends_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let stop = CancellationToken::new();
    let mut collector = Collector::new(Limits::default());
    let limits = Limits::default();
    let reading = session.read(unjudged(ENDLESS), &limits, &stop, &mut collector);
    let stopping = async {
        tokio::task::yield_now().await;
        stop.cancel();
        Instant::now()
    };
    let (result, stopped_at) = tokio::join!(reading, stopping);
    assert_eq!(result, Err(SessionError::Canceled));
    assert!(stopped_at.elapsed() < Duration::from_millis(200), "took {:?}", stopped_at.elapsed());
    assert!(read(&mut *session, "SELECT 1").await.is_ok());
}

#[tokio::test]
async fn dropping_a_read_frees_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let limits = Limits::default();
    {
        let stop = CancellationToken::new();
        let mut collector = Collector::new(limits);
        let reading = session.read(unjudged(ENDLESS), &limits, &stop, &mut collector);
        assert!(tokio::time::timeout(Duration::from_millis(20), reading).await.is_err());
    }
    let started = Instant::now();
    assert!(read(&mut *session, "SELECT 1").await.is_ok());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn huge_values_are_never_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    for statement in [
        "SELECT length(randomblob(900000000))",
        "SELECT randomblob(900000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT printf('%.*c', 900000000, 'x')",
        "SELECT hex(zeroblob(400000000))",
        "SELECT group_concat(printf('%.*c', 1000000, 'x')) FROM (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT n FROM r)",
        "SELECT replace(printf('%.*c', 100000, 'x'), 'x', printf('%.*c', 9000, 'y'))",
    ] {
        match read(&mut *session, statement).await {
            Err(SessionError::Server(error)) => {
                assert_eq!(error.code, "18", "{statement}: {error:?}");
                assert!(error.hint.is_some());
            }
            // printf gives NULL instead of too long a text.
            Ok(rows) => assert!(rows.rows[0][0].size() < 100, "{statement} gave {} bytes", rows.rows[0][0].size()),
            other => panic!("{statement}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn large_cells_arrive_cut_and_results_end_at_their_caps() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let limits = Limits { cell_bytes: 1000, ..Limits::default() };
    let rows = read_with(&mut *session, "SELECT printf('%.*c', 5000000, 'x'), zeroblob(3000000), 'short'", limits)
        .await
        .unwrap();
    assert_eq!(rows.rows[0][0], Value::Cut { start: "x".repeat(1000), bytes: 5_000_000 });
    assert!(matches!(&rows.rows[0][1], Value::Cut { start, bytes: 3_000_000 } if start.starts_with("\\x0000")));
    assert_eq!(rows.rows[0][2], Value::Text("short".into()));

    let endless_rows = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n, 'row ' || n FROM r";
    let rows = read_with(&mut *session, endless_rows, Limits { rows: 500, ..Limits::default() }).await.unwrap();
    assert_eq!((rows.rows.len(), rows.truncated), (500, Some(Truncation::Rows(500))));
    assert_eq!(rows.rows[499], [Value::Int(500), Value::Text("row 500".into())]);

    let limits = Limits { rows: 1_000_000, bytes: 1 << 20, ..Limits::default() };
    let rows = read_with(&mut *session, endless_rows, limits).await.unwrap();
    assert_eq!(rows.truncated, Some(Truncation::Bytes(1 << 20)));

    let rows = read_with(&mut *session, "SELECT n FROM canary ORDER BY n", Limits { rows: 10, ..Limits::default() })
        .await
        .unwrap();
    assert_eq!((rows.rows.len(), rows.truncated), (10, None));
}

#[tokio::test]
async fn columns_know_their_types_and_sides() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let rows = read(&mut *session, "SELECT n, v, n + 1 AS m, upper(v) AS w FROM canary LIMIT 1").await.unwrap();
    let seen: Vec<_> = rows.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str(), c.numeric)).collect();
    assert_eq!(seen, [("n", "INTEGER", true), ("v", "TEXT", false), ("m", "", true), ("w", "", false)]);
    let none = read(&mut *session, "SELECT n FROM canary WHERE 0").await.unwrap();
    assert_eq!((none.columns.len(), none.rows.len()), (1, 0));
}

#[tokio::test]
async fn an_error_tells_its_code_words_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    let mut session = open(&path).await;
    let Err(SessionError::Server(error)) = read(&mut *session, "SELECT é, naem FROM canary").await else { panic!() };
    assert_eq!((error.code.as_str(), error.position), ("1", Some(8)));
    assert!(error.message.contains("no such column: é"), "{error:?}");
    let Err(SessionError::Server(error)) = read(&mut *session, "SELECT \"naem\" FROM canary").await else { panic!() };
    assert!(error.message.contains("no such column"), "a quoted misspelling is not text: {error:?}");
}

#[tokio::test]
async fn a_writer_that_holds_the_file_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let mut session = open(&path).await;
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let limits = Limits { lock_timeout_ms: 50, ..Limits::default() };
    let started = Instant::now();
    let Err(SessionError::Server(error)) = read_with(&mut *session, "SELECT 1 FROM canary", limits).await else {
        panic!()
    };
    assert_eq!(error.code, "5");
    assert!(started.elapsed() >= Duration::from_millis(50));
    let waiting = try_open(path.to_str().unwrap()).await.err().unwrap();
    assert_eq!(waiting.kind, ConnectKind::NotReady);
    writer.execute_batch("COMMIT").unwrap();
    assert!(read(&mut *session, "SELECT 1 FROM canary").await.is_ok());
}

#[tokio::test]
async fn files_that_cannot_be_opened_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    canary(folder.path(), "delete");
    std::fs::write(at("notes.db"), "just some notes\n".repeat(100)).unwrap();
    std::fs::write(at("packed.db"), b"\x1f\x8b\x08\x00 and so on".repeat(100)).unwrap();
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(8192)
    .collect();
    std::fs::write(at("secret.db"), noise).unwrap();
    std::fs::create_dir(at("folder.db")).unwrap();
    for (name, kind, words) in [
        ("canray.db", ConnectKind::NoSuchDatabase, "Did you mean canary.db"),
        ("zzz/canary.db", ConnectKind::NoSuchDatabase, "does not exist"),
        ("canary.db/x.db", ConnectKind::NoSuchDatabase, "no file"),
        ("notes.db", ConnectKind::Settings, "looks like text"),
        ("packed.db", ConnectKind::Settings, "gzip"),
        ("secret.db", ConnectKind::Settings, "encrypted"),
        ("folder.db", ConnectKind::Settings, "a folder"),
    ] {
        let error = try_open(at(name).to_str().unwrap()).await.err().unwrap_or_else(|| panic!("{name} opened"));
        assert_eq!(error.kind, kind, "{name}: {}", error.message);
        assert!(error.message.contains(words), "{name}: {}", error.message);
    }
    assert!(!at("canray.db").exists(), "a missing file must not be created");
}

#[tokio::test]
async fn an_empty_file_is_an_empty_database_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.db");
    std::fs::write(&path, "").unwrap();
    let mut session = open(&path).await;
    assert!(read(&mut *session, "SELECT name FROM sqlite_schema").await.unwrap().rows.is_empty());
    session.close().await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[tokio::test]
async fn a_session_tells_who_it_is_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let session = open(&path).await;
    let identity = session.identity();
    assert_eq!(identity.version, format!("SQLite {}", rusqlite::version()));
    assert!(identity.version_number >= 35_103, "{}", identity.version_number);
    assert_eq!(
        (identity.kind.as_str(), identity.role.as_str(), identity.database.as_str()),
        ("sqlite", "file", "canary.db")
    );
    assert!(identity.hints.iter().any(|hint| hint.contains("journal mode is delete")), "{:?}", identity.hints);
    session.close().await;
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
