//! The store through its handle, on real files: what it keeps, what it refuses, and how it comes back from damage.

use dba_gpt::domain::activity::{Sample, SessionInfo, SessionState};
use dba_gpt::domain::metric::{ACTIVE, CONNECTIONS, LAG, MetricId, TRANSACTIONS};
use dba_gpt::domain::target::{TargetId, Timestamp};
use dba_gpt::store::{ENTRY_BYTES, Entry, INPUT_LINES, Notice, Opened, Retention, Store, StoreError};
use rusqlite::Connection;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// 2026-09-21 00:00:00 UTC, the first of many days.
const START: i64 = 1_789_948_800_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn after(ms: i64) -> Timestamp {
    Timestamp(START + ms)
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn folder(&self) -> PathBuf {
        self.0.path().join("data")
    }
    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }
    fn try_open(&self) -> Result<Opened, StoreError> {
        Store::open(&self.folder(), after(0), &Retention::default())
    }
    fn open(&self) -> Store {
        let opened = self.try_open().unwrap();
        assert_eq!(opened.notices, []);
        opened.store
    }
    /// Leaves a store behind that nobody has open.
    async fn make(&self) {
        self.open().close().await.unwrap();
    }
}

fn sample(at: Timestamp, readings: &[(MetricId, f64)]) -> Sample {
    let readings = readings.iter().copied().collect();
    Sample { at, server_now: at.plus_ms(7), readings, ..Sample::default() }
}

async fn keep(store: &Store, target: &str, sample: Sample) {
    store.record(&TargetId::new(target), Arc::new(sample)).await.unwrap();
}

fn session(pid: i64, state: SessionState) -> SessionInfo {
    SessionInfo {
        pid,
        database: "orders".into(),
        user: "app".into(),
        application: "checkout".into(),
        client: "10.2.0.17".into(),
        state,
        transaction_start: Some(after(-5000)),
        statement_start: Some(after(-3000)),
        state_change: None,
        wait: String::new(),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: "UPDATE orders SET status = $1".into(),
        background: false,
    }
}

fn entry(text: &str) -> Entry {
    Entry { at: after(0), kind: "question".into(), body: json!({ "text": text }) }
}

async fn values(store: &Store, metric: MetricId) -> Vec<(i64, f64)> {
    let points = store.series(&TargetId::new("a"), metric, after(-DAY), after(DAY)).await.unwrap();
    points.into_iter().map(|(at, value)| (at.0 - START, value)).collect()
}

#[tokio::test]
async fn of_every_ten_seconds_the_last_sample_is_kept() {
    let home = Home::new();
    let store = home.open();
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0), (LAG, 5.0)])).await;
    keep(&store, "a", sample(after(9_999), &[(ACTIVE, 2.0)])).await;
    keep(&store, "a", sample(after(10_000), &[(ACTIVE, 3.0), (CONNECTIONS, f64::NAN)])).await;
    assert_eq!(values(&store, ACTIVE).await, [(9_999, 2.0), (10_000, 3.0)]);
    // A sample that was already written is replaced as well, and what the later one lacks is missing, not zero.
    keep(&store, "a", sample(after(12_000), &[(LAG, 4.0)])).await;
    assert_eq!(values(&store, ACTIVE).await, [(9_999, 2.0)]);
    assert_eq!(values(&store, LAG).await, [(12_000, 4.0)]);
    assert_eq!(values(&store, CONNECTIONS).await, []);
}

#[tokio::test]
async fn counters_are_stored_as_the_rate_of_their_whole_ten_seconds() {
    let home = Home::new();
    let store = home.open();
    for (at, count) in [(0, 100.0), (2000, 1100.0), (9000, 1100.0), (12_000, 1101.0), (19_000, 3100.0), (29_000, 50.0)]
    {
        keep(&store, "a", sample(after(at), &[(TRANSACTIONS, count)])).await;
    }
    // From 9 s to 19 s; the first sample has none before it, and the last one's counter was reset.
    assert_eq!(values(&store, TRANSACTIONS).await, [(19_000, 200.0)]);
    let all = store.values_between(&TargetId::new("a"), after(0), after(MINUTE)).await.unwrap();
    assert_eq!(all, [(TRANSACTIONS, after(19_000), 200.0)]);
}

#[tokio::test]
async fn samples_survive_closing_and_dropping() {
    let home = Home::new();
    let store = home.open();
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0)])).await;
    store.close().await.unwrap();
    let store = home.open();
    keep(&store, "a", sample(after(10_000), &[(ACTIVE, 2.0)])).await;
    let other = store.clone();
    store.close().await.unwrap();
    assert_eq!(other.flush().await, Err(StoreError::Closed));
    assert_eq!(values(&home.open(), ACTIVE).await, [(0, 1.0), (10_000, 2.0)]);
}

#[tokio::test]
async fn a_fleet_is_written_together_when_the_ten_seconds_are_over() {
    let home = Home::new();
    let store = home.open();
    let rows = || -> i64 {
        Connection::open(home.file("store.db"))
            .unwrap()
            .query_row("SELECT count(*) FROM samples", [], |r| r.get(0))
            .unwrap()
    };
    for target in ["a", "b", "c"] {
        keep(&store, target, sample(after(1000), &[(ACTIVE, 1.0)])).await;
    }
    assert_eq!(rows(), 0);
    // One hangs: its last sample is not held back by its silence.
    keep(&store, "b", sample(after(11_000), &[(ACTIVE, 1.0)])).await;
    assert_eq!(rows(), 3);
    store.flush().await.unwrap();
    assert_eq!(rows(), 4);
}

#[tokio::test]
async fn what_is_usual_is_known_after_five_minutes() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    for slot in 0..30 {
        keep(&store, "a", sample(after(slot * 10_000), &[(ACTIVE, slot as f64)])).await;
    }
    assert!(store.usual(&target, after(5 * MINUTE)).await.unwrap().is_empty());
    keep(&store, "a", sample(after(5 * MINUTE), &[(ACTIVE, 1000.0)])).await;
    keep(&store, "a", sample(after(5 * MINUTE + 10_000), &[(ACTIVE, 1000.0)])).await;
    let usual = store.usual(&target, after(6 * MINUTE)).await.unwrap()[&ACTIVE];
    assert!((usual.median - 14.5).abs() < 1e-9 && usual.samples == 30, "{usual:?}");
    assert!(store.usual(&TargetId::new("b"), after(6 * MINUTE)).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_blocked_is_answered_later() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    let root = SessionInfo { holds: "RowExclusive on orders".into(), ..session(1, SessionState::IdleInTransaction) };
    let waiting = SessionInfo { wait: "Lock:tuple".into(), blocked_by: vec![1, 7], ..session(2, SessionState::Active) };
    let worker = SessionInfo { background: true, ..session(7, SessionState::Other) };
    let sessions = vec![
        root.clone(),
        waiting.clone(),
        session(3, SessionState::Idle),
        SessionInfo { background: true, ..session(4, SessionState::Other) },
        worker.clone(),
    ];
    keep(&store, "a", Sample { sessions, ..sample(after(0), &[]) }).await;
    keep(&store, "a", sample(after(10_000), &[])).await;
    store.close().await.unwrap();
    let history = home.open().sessions_between(&target, after(0), after(DAY), 100).await.unwrap();
    assert!(!history.truncated);
    let [busy, quiet] = &history.moments[..] else { panic!("{history:?}") };
    assert_eq!((busy.at, busy.server_at), (after(0), after(7)));
    assert_eq!(busy.sessions, [root, waiting, worker]);
    // Looked at, and nobody was busy: not the same as not looked at.
    assert_eq!((quiet.at, quiet.sessions.len()), (after(10_000), 0));
}

#[tokio::test]
async fn sessions_are_capped_at_whole_samples_and_in_each_sample() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    for (slot, count) in [(0, 3), (1, 3), (2, 3)] {
        let sessions = (0..count).map(|pid| session(pid, SessionState::Active)).collect();
        keep(&store, "a", Sample { sessions, ..sample(after(slot * 10_000), &[]) }).await;
    }
    let counts = async |cap| {
        let history = store.sessions_between(&target, after(0), after(DAY), cap).await.unwrap();
        let counts: Vec<usize> = history.moments.iter().map(|m| m.sessions.len()).collect();
        (counts, history.truncated)
    };
    assert_eq!(counts(9).await, (vec![3, 3, 3], false));
    assert_eq!(counts(8).await, (vec![3, 3], true));
    assert_eq!(counts(2).await, (vec![2], true));
    let mut crowd: Vec<SessionInfo> = (10..1000).map(|pid| session(pid, SessionState::Active)).collect();
    crowd.push(SessionInfo { blocked_by: vec![999], transaction_start: None, ..session(5000, SessionState::Active) });
    keep(&store, "a", Sample { sessions: crowd, ..sample(after(HOUR), &[]) }).await;
    let history = store.sessions_between(&target, after(HOUR), after(DAY), 5000).await.unwrap();
    let pids: Vec<i64> = history.moments[0].sessions.iter().map(|s| s.pid).collect();
    assert_eq!(pids.len(), 200);
    assert!(pids.contains(&999) && pids.contains(&5000), "who blocks and who waits is kept first");
}

#[tokio::test]
async fn secrets_never_reach_the_file() {
    let home = Home::new();
    let store = home.open();
    let leaky = SessionInfo {
        statement: "ALTER USER app PASSWORD 'S3cr3t!'".into(),
        application: "postgres://u:S3cr3t!@h/d".into(),
        ..session(1, SessionState::Active)
    };
    keep(&store, "a", Sample { sessions: vec![leaky], ..sample(after(0), &[]) }).await;
    let id = store.begin_conversation("PASSWORD 'S3cr3t!'", None, after(0)).await.unwrap();
    let body = json!({ "rows": [["CREATE USER x PASSWORD 'S3cr3t!'", 1]], "open": "PASSWORD 'S3cr3t!" });
    store.append(id, vec![Entry { at: after(0), kind: "answer".into(), body }]).await.unwrap();
    store.remember_line("select 1; alter user x password 'S3cr3t!'").await.unwrap();
    let (_, entries) = store.conversation(id).await.unwrap();
    assert_eq!(entries[0].body["rows"][0][1], 1);
    let history = store.sessions_between(&TargetId::new("a"), after(0), after(DAY), 9).await.unwrap();
    assert_eq!(history.moments[0].sessions[0].statement, "ALTER USER app PASSWORD ***");
    store.close().await.unwrap();
    for file in fs::read_dir(home.folder()).unwrap().map(|e| e.unwrap().path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"S3cr3t!"), "{} holds the password", file.display());
    }
}

#[tokio::test]
async fn conversations_are_kept_listed_renamed_and_deleted() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("pg-orders");
    let first = store.begin_conversation("slow checkout", Some(&target), after(0)).await.unwrap();
    let second = store.begin_conversation("disk", None, after(1000)).await.unwrap();
    store.append(first, vec![Entry { at: after(2000), ..entry("why?") }]).await.unwrap();
    store
        .append(first, vec![Entry { at: after(3000), kind: "answer".into(), body: json!([1, null, "x"]) }])
        .await
        .unwrap();
    store.rename_conversation(second, "disk space", after(2500)).await.unwrap();
    store.close().await.unwrap();
    let store = home.open();
    let list = store.conversations().await.unwrap();
    let names: Vec<_> = list.iter().map(|c| (c.name.as_str(), c.entries, c.updated)).collect();
    assert_eq!(names, [("slow checkout", 2, after(3000)), ("disk space", 0, after(2500))]);
    let (conversation, entries) = store.conversation(first).await.unwrap();
    assert_eq!((conversation.target.as_deref(), conversation.created), (Some("pg-orders"), after(0)));
    assert_eq!(entries.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(), ["question", "answer"]);
    assert_eq!(entries[1].body, json!([1, null, "x"]));
    store.delete_conversation(first).await.unwrap();
    assert_eq!(store.conversation(first).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.append(first, vec![entry("x")]).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.rename_conversation(first, "x", after(0)).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.delete_conversation(first).await, Err(StoreError::NoConversation(first)));
    assert!(store.begin_conversation("new", None, after(0)).await.unwrap() > second, "numbers are not given twice");
    let huge = entry(&"x".repeat(ENTRY_BYTES));
    assert!(matches!(store.append(second, vec![entry("fits"), huge]).await, Err(StoreError::TooLarge { .. })));
}

#[tokio::test]
async fn lines_and_preferences_are_remembered() {
    let home = Home::new();
    let store = home.open();
    for line in ["tables", "tables", "locks", "tables"] {
        store.remember_line(line).await.unwrap();
    }
    store.set_preference("theme", Some("dark")).await.unwrap();
    store.set_preference("theme", Some("mono")).await.unwrap();
    store.set_preference("hint", Some("1")).await.unwrap();
    store.set_preference("hint", None).await.unwrap();
    store.close().await.unwrap();
    let store = home.open();
    assert_eq!(store.lines().await.unwrap(), ["tables", "locks", "tables"]);
    assert_eq!(store.preference("theme").await.unwrap().as_deref(), Some("mono"));
    assert_eq!(store.preference("hint").await.unwrap(), None);
}

#[tokio::test]
async fn only_the_last_thousand_lines_stay() {
    let home = Home::new();
    let store = home.open();
    store.close().await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
         INSERT INTO input_lines (line) SELECT 'line ' || i FROM n",
        [],
    )
    .unwrap();
    drop(db);
    let store = home.open();
    store.remember_line("the last").await.unwrap();
    let lines = store.lines().await.unwrap();
    assert_eq!(
        (lines.len(), lines[0].as_str(), lines[INPUT_LINES - 1].as_str()),
        (INPUT_LINES, "line 502", "the last")
    );
}

/// Fills a store with readings, means and sessions of some days, as the recorder would.
fn fill(home: &Home, target: i64, days: i64) {
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute_batch(&format!(
        "BEGIN;
         INSERT OR IGNORE INTO targets VALUES ({target}, 'target {target}');
         INSERT OR IGNORE INTO metrics VALUES (1, 'active');
         INSERT OR IGNORE INTO texts VALUES (1, x'00', {day}, 'old'), (2, x'01', {day} + {days}, 'young');
         CREATE TEMP TABLE slots AS WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 6 FROM n WHERE i < {last})
             SELECT i AS slot FROM n;
         INSERT INTO samples SELECT {target}, slot, slot * 10000, slot * 10000 FROM slots;
         INSERT INTO readings SELECT {target}, slot, 1, slot FROM slots;
         INSERT INTO sessions SELECT {target}, slot, 1, 1, 1, 1, 1, 1, 1, 1, 'active', '', NULL, NULL, NULL, 0 FROM slots;
         INSERT INTO means SELECT {target}, slot / 30, 1, avg(slot), count(*) FROM slots
             WHERE slot < {last} - 8640 GROUP BY slot / 30;
         COMMIT;",
        day = START / DAY,
        first = START / 10_000,
        last = (START + days * DAY) / 10_000,
    ))
    .unwrap();
}

async fn prune_all(store: &Store, now: Timestamp) -> (usize, usize) {
    let (mut rows, mut steps) = (0, 0);
    loop {
        let pruned = store.prune(now).await.unwrap();
        rows += pruned.rows;
        steps += 1;
        assert!(pruned.rows < 10_000, "one step took {} rows", pruned.rows);
        assert!(steps < 10_000, "it never ends");
        if !pruned.more {
            return (rows, steps);
        }
    }
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_in_small_steps_and_means_outlive_readings() {
    let home = Home::new();
    let store = home.open();
    fill(&home, 1, 40);
    fill(&home, 2, 1);
    let now = after(40 * DAY);
    let (rows, steps) = prune_all(&store, now).await;
    assert!(steps > 10, "{steps} steps for {rows} rows");
    let db = Connection::open(home.file("store.db")).unwrap();
    let oldest = |table: &str, time: &str, unit: i64| -> i64 {
        let query = format!("SELECT min({time}) FROM {table} WHERE target = 1");
        (now.0 - db.query_row(&query, [], |r| r.get::<_, i64>(0)).unwrap() * unit) / HOUR
    };
    assert_eq!(oldest("readings", "slot", 10_000), 48);
    assert_eq!(oldest("sessions", "slot", 10_000), 7 * 24);
    assert_eq!(oldest("samples", "slot", 10_000), 7 * 24);
    assert_eq!(oldest("means", "bucket", 300_000), 35 * 24);
    let count = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table} WHERE target = 2"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!((count("readings"), count("samples"), count("sessions"), count("means")), (0, 0, 0, 0));
    let texts: Vec<String> = db
        .prepare("SELECT text FROM texts")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(texts, ["young"]);
    // Readings without means got them before they went: none of the last 35 days is missing.
    let buckets: i64 = db.query_row("SELECT count(*) FROM means WHERE target = 1", [], |r| r.get(0)).unwrap();
    let until = (now.0 - 48 * HOUR) / 300_000;
    assert!(buckets >= until - (now.0 - 35 * DAY) / 300_000, "{buckets} buckets");
    assert_eq!(prune_all(&store, now).await, (0, 1));
}

#[tokio::test]
async fn a_store_that_grows_too_large_forgets_before_its_time() {
    let home = Home::new();
    home.make().await;
    fill(&home, 1, 2);
    let size = fs::metadata(home.file("store.db")).unwrap().len()
        + fs::metadata(home.file("store.db-wal")).map_or(0, |m| m.len());
    let retention = Retention { max_bytes: i64::try_from(size).unwrap(), ..Retention::default() };
    let store = Store::open(&home.folder(), after(0), &retention).unwrap().store;
    let now = after(2 * DAY);
    prune_all(&store, now).await;
    let db = Connection::open(home.file("store.db")).unwrap();
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |r| r.get::<_, i64>(0)).unwrap();
    let used = (number("page_count") - number("freelist_count")) * number("page_size");
    assert!(used <= retention.max_bytes * 3 / 4, "{used} of {} bytes", retention.max_bytes);
    let newest: i64 = db.query_row("SELECT max(slot) FROM readings", [], |r| r.get(0)).unwrap();
    assert!(newest * 10_000 >= now.0 - HOUR, "the last hour stays");
}

#[tokio::test]
async fn a_full_disk_is_said_and_overcome() {
    let home = Home::new();
    let retention = Retention { max_bytes: 256 << 10, ..Retention::default() };
    let store = Store::open(&home.folder(), after(0), &retention).unwrap().store;
    let id = store.begin_conversation("long", None, after(0)).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.append(id, vec![entry(&"x".repeat(10_000))]).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the limit does not hold");
    };
    assert_eq!(error, StoreError::Full { operation: "keep the conversation" });
    assert_eq!(store.conversation(id).await.unwrap().1.len(), kept);
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0)])).await;
    store.delete_conversation(id).await.unwrap();
    store.begin_conversation("short", None, after(0)).await.unwrap();
    store.flush().await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_worth_of_writers_lose_nothing() {
    let home = Home::new();
    let writer = |name: &'static str| {
        // A handle of its own has a connection of its own.
        let store = home.try_open().unwrap().store;
        tokio::spawn(async move {
            let id = store.begin_conversation(name, None, after(0)).await.unwrap();
            for i in 0..60 {
                store.append(id, vec![entry(&format!("{i}"))]).await.unwrap();
                let at = after(i * 10_000);
                keep(&store, name, sample(at, &[(ACTIVE, i as f64)])).await;
                store.remember_line(&format!("{name} {i}")).await.unwrap();
            }
            store.close().await.unwrap();
            id
        })
    };
    let (first, second) = (writer("a"), writer("b"));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let store = home.open();
    for (id, name) in [(first, "a"), (second, "b")] {
        let (conversation, entries) = store.conversation(id).await.unwrap();
        assert_eq!((conversation.name.as_str(), entries.len()), (name, 60));
        let points = store.series(&TargetId::new(name), ACTIVE, after(0), after(DAY)).await.unwrap();
        assert_eq!(points.len(), 60);
    }
    assert_eq!(store.lines().await.unwrap().len(), 120);
    store.check().await.unwrap();
}

/// Names the folder in which the writer below works; set by the test that kills it.
const WRITER_FOLDER: &str = "DBA_GPT_TEST_WRITER_FOLDER";

/// Not a test: the process that is killed. Says each entry's number when the store has acknowledged it.
#[tokio::test]
#[ignore = "a part of the test that kills it"]
async fn the_writer_that_is_killed() {
    let Some(folder) = std::env::var_os(WRITER_FOLDER) else { return };
    let store = Store::open(Path::new(&folder), after(0), &Retention::default()).unwrap().store;
    let id = store.begin_conversation("killed", None, after(0)).await.unwrap();
    let mut out = std::io::stdout();
    for number in 0.. {
        store.append(id, vec![entry(&number.to_string())]).await.unwrap();
        writeln!(out, "kept {id} {number}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_writers_are_killed() {
    let home = Home::new();
    home.make().await;
    let mut acknowledged: BTreeMap<i64, usize> = BTreeMap::new();
    for round in 0..6 {
        let writer = || {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::the_writer_that_is_killed", "--ignored", "--nocapture"])
                .env(WRITER_FOLDER, home.folder())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        // Two at once, as the screen and a watcher would be; each is killed in the middle of its work.
        let mut writers = [writer(), writer()];
        for writer in &mut writers {
            let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
            let kept = lines.map(Result::unwrap).filter_map(|line| {
                let (id, number) = line.split_once("kept ")?.1.split_once(' ')?;
                Some((id.parse::<i64>().unwrap(), number.parse::<usize>().unwrap()))
            });
            acknowledged.extend(kept.take(5 + round * 7));
            writer.kill().unwrap();
            writer.wait().unwrap();
        }
        let store = home.open();
        for (&id, &number) in &acknowledged {
            let entries = store.conversation(id).await.unwrap().1;
            assert!(entries.len() > number, "conversation {id} lost entry {number}");
            let numbers: Vec<String> = (0..entries.len()).map(|n| n.to_string()).collect();
            assert!(entries.iter().zip(&numbers).all(|(e, n)| e.body["text"] == *n), "conversation {id} has a gap");
        }
        store.check().await.unwrap();
        store.close().await.unwrap();
    }
    assert_eq!(acknowledged.len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_make_the_store_at_the_same_moment() {
    for _ in 0..10 {
        let home = Home::new();
        let folder = home.folder();
        let open = move || Store::open(&folder, after(0), &Retention::default()).map(|opened| opened.notices);
        let (one, two) = (tokio::task::spawn_blocking(open.clone()), tokio::task::spawn_blocking(open));
        assert_eq!((one.await.unwrap(), two.await.unwrap()), (Ok(Vec::new()), Ok(Vec::new())));
    }
}

#[tokio::test]
async fn files_are_made_for_our_eyes_only() {
    let home = Home::new();
    let store = home.open();
    store.set_preference("a", Some("b")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.folder()), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(home.folder()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_others_can_read_is_refused_with_the_remedy() {
    let home = Home::new();
    home.make().await;
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o640)).unwrap();
    let error = home.try_open().unwrap_err();
    let path = home.file("store.db").canonicalize().unwrap();
    let expected = format!("{0} is open to other users (mode 0640): run `chmod go-rwx {0}`", path.display());
    assert_eq!(error.to_string(), expected);
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o755)).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(matches!(error, StoreError::OpenToOthers { mode: 0o755, .. }), "{error}");
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    home.make().await;
}

#[tokio::test]
async fn links_and_folders_in_our_place_are_refused() {
    let home = Home::new();
    home.make().await;
    let elsewhere = home.0.path().join("elsewhere.db");
    fs::rename(home.file("store.db"), &elsewhere).unwrap();
    symlink(&elsewhere, home.file("store.db")).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotPlain { wanted: "a file", .. })));
    fs::remove_file(home.file("store.db")).unwrap();
    fs::create_dir(home.file("store.db")).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotPlain { wanted: "a file", .. })));
    let link = home.0.path().join("link");
    symlink(home.folder(), &link).unwrap();
    let error = Store::open(&link, after(0), &Retention::default()).unwrap_err();
    assert!(matches!(error, StoreError::NotPlain { wanted: "a folder", .. }), "{error}");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = Home::new();
    fs::create_dir(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    Connection::open(home.file("store.db")).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotAStore { .. })));
    let theirs: i64 = Connection::open(home.file("store.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))
        .unwrap();
    assert_eq!(theirs, 1);
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let home = Home::new();
    home.make().await;
    Connection::open(home.file("store.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(error.to_string().contains("store version 99"), "{error}");
}

#[tokio::test]
async fn an_older_store_is_upgraded_after_a_backup() {
    let home = Home::new();
    fs::create_dir(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute_batch(include_str!("../../src/store/migrations/1_samples.sql")).unwrap();
    db.execute_batch(
        "PRAGMA user_version = 1; INSERT INTO targets VALUES (1, 'a'); INSERT INTO metrics VALUES (1, 'active')",
    )
    .unwrap();
    db.execute("INSERT INTO samples VALUES (1, ?1, ?2, ?2)", [START / 10_000, START]).unwrap();
    db.execute("INSERT INTO readings VALUES (1, ?1, 1, 42.0)", [START / 10_000]).unwrap();
    drop(db);
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Migrated { backup }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert_eq!(values(&opened.store, ACTIVE).await, [(0, 42.0)]);
    let old: f64 = Connection::open(backup).unwrap().query_row("SELECT value FROM readings", [], |r| r.get(0)).unwrap();
    assert!((old - 42.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_put_aside() {
    let home = Home::new();
    home.make().await;
    fs::write(home.file("store.db"), "this was a database once, and now it is a shopping list".repeat(100)).unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Damaged { moved_to }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert!(fs::read_to_string(moved_to).unwrap().contains("shopping list"));
    assert!(moved_to.file_name().unwrap().to_str().unwrap().starts_with("store-damaged-20260921-000000"));
    opened.store.set_preference("a", Some("b")).await.unwrap();
}

#[tokio::test]
async fn damage_inside_is_found_and_put_aside_at_the_next_start() {
    let home = Home::new();
    let store = home.open();
    let id = store.begin_conversation("x", None, after(0)).await.unwrap();
    for i in 0..50 {
        store.append(id, vec![entry(&format!("{i} {}", "x".repeat(3000)))]).await.unwrap();
    }
    store.check().await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(home.file("store.db")).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xA5);
    fs::write(home.file("store.db"), &bytes).unwrap();
    let store = home.open();
    let error = store.check().await.unwrap_err();
    assert!(error.to_string().contains("the next start puts it aside"), "{error}");
    store.close().await.unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Damaged { moved_to }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert_eq!(fs::read(moved_to).unwrap().len(), bytes.len());
    assert_eq!(opened.store.conversations().await.unwrap(), []);
    opened.store.close().await.unwrap();
    home.open().check().await.unwrap();
}
