//! What the engine bounds and stops: time, size, rows, and reads that nobody waits for any more.

use super::{canary, open, read, read_with, unjudged};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::{Limits, Truncation, Value};
use dba_gpt::engine::Collector;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Counts for ever.
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
