//! With the classifier out of the way: every row of every case list through the real reading door, as the login that
//! `doctor` recommends. The server's gates alone must see to it that nothing lasts, and the door to it that the session
//! is like new after each row.
//!
//! A `Scene` is one server with the objects that the lists speak of; `postgres`, `mysql`, `redis`, `sqlite` and
//! `mongodb` set it, look at everything that could have been changed, and at everything a session could carry along.

mod mongodb;
mod mysql;
mod postgres;
mod redis;
mod sqlite;

use crate::support::at_hand::Server;
use crate::support::trusting::trusted;
use async_trait::async_trait;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::decode_line;
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::engine::{Collector, ConnectSettings, EngineSpec, Session, Surroundings};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Rows between two looks at the whole server.
const ROWS: usize = 25;
/// Time for a row: those that only take time are not waited for.
const LIMITS: Limits = Limits { rows: 200, bytes: 1 << 20, cell_bytes: 4 << 10, timeout_ms: 200, lock_timeout_ms: 100 };

/// Servers that count time in seconds would take one for each of them.
const LONGEST: Duration = Duration::from_millis(400);

/// What a session carries along, by name.
type Marks = BTreeMap<String, String>;

/// One server, set up for the lists, and the second opinion on it.
#[async_trait]
trait Scene {
    /// The URL as the recommended login.
    fn url(&self) -> String;
    /// Everything that could have been changed for good, a line a thing.
    async fn everything(&mut self) -> BTreeSet<String>;
    /// What the session carries along: settings, names, locks, temporary objects, statements, cursors.
    async fn marks(&mut self, session: &mut dyn Session) -> Marks;
    /// What our sessions still hold on the server, now that they rest.
    async fn still_open(&mut self) -> Vec<String>;
    /// A change of the smallest kind, which must be noticed.
    async fn change(&mut self);
    /// Takes everything away again.
    async fn end(&mut self);
}

/// Every row of the lists for an engine, whatever its verdict, and `more`.
fn rows(engine: &str, more: &[&str]) -> Vec<String> {
    let lists = [
        (include_str!("../../../../assets/attacks/cases.tsv"), 2),
        (include_str!("../own_cases.tsv"), 3),
        (include_str!("../mysql_cases.tsv"), 3),
    ];
    let listed = lists.iter().flat_map(|(list, at)| list.lines().skip(1).map(move |line| (line, *at)));
    let mut rows: Vec<String> = listed
        .map(|(line, at)| (line.split('\t').collect::<Vec<_>>(), at))
        .filter(|(fields, _)| fields[0] == engine)
        .map(|(fields, at)| decode_line(fields[at]).unwrap())
        .collect();
    rows.extend(more.iter().map(|&row| row.to_owned()));
    rows
}

async fn connect(spec: &EngineSpec, url: &str) -> Box<dyn Session> {
    let settings = ConnectSettings {
        url: SecretString::from(url),
        password: None,
        dial: None,
        application: "dba-gpt past the guard".into(),
        timeout: Duration::from_secs(20),
        surroundings: Surroundings::default(),
    };
    (spec.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"))
}

/// Reads `kind, name, value` through the door.
async fn marks_by(spec: &EngineSpec, session: &mut dyn Session, statements: &[&str]) -> Marks {
    let limits = Limits { rows: 10_000, bytes: 16 << 20, timeout_ms: 20_000, ..LIMITS };
    let mut marks = Marks::new();
    for statement in statements {
        let mut sink = Collector::new(limits);
        let allowed = trusted(spec.id, statement);
        session
            .read(allowed, &limits, &CancellationToken::new(), &mut sink)
            .await
            .unwrap_or_else(|e| panic!("{statement}: {e}"));
        for row in sink.into_rows().rows {
            let cells: Vec<String> = row.iter().map(|cell| Value::plain(cell).unwrap_or_default()).collect();
            marks.insert(format!("{} {}", cells[0], cells[1]), cells[2].clone());
        }
    }
    marks
}

/// Every file of this machine that a row names: none of them may come into being.
fn named_files(rows: &[String]) -> Vec<String> {
    let quoted = rows.iter().flat_map(|row| row.split(['\'', '"', '`', ' ']));
    quoted.filter(|word| word.len() > 1 && word.starts_with('/')).map(str::to_owned).collect()
}

/// Kinds of things that belong to the whole server. Other tests have theirs meanwhile; a row can change those that it
/// names, and the login itself.
const SHARED: &[&str] = &["setting", "configuration", "role", "user", "slot", "database", "schema"];

/// Whether a line of `Scene::everything` tells of something that the rows could have changed.
fn concerns(line: &str, words: &BTreeSet<String>) -> bool {
    let mut parts = line.splitn(3, [' ', '\t']);
    let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    !SHARED.contains(&kind) || words.contains(&name.to_ascii_lowercase())
}

/// Gives the sign to stop when a read takes long, and waits for its end all the same.
async fn stopped_after<T>(time: Duration, stop: &CancellationToken, read: impl Future<Output = T>) -> T {
    tokio::pin!(read);
    match tokio::time::timeout(time, &mut read).await {
        Ok(outcome) => outcome,
        Err(_) => {
            stop.cancel();
            read.await
        }
    }
}

/// What is in one and not in the other.
fn difference<T: Ord + std::fmt::Debug>(before: &BTreeSet<T>, after: &BTreeSet<T>) -> String {
    let lines = before.difference(after).map(|gone| format!("- {gone:?}"));
    lines.chain(after.difference(before).map(|new| format!("+ {new:?}"))).collect::<Vec<_>>().join("\n")
}

/// Sends every row. `least` of them must be run by the server, or the way past the classifier is none.
async fn nothing_lasts(server: Server, scene: &mut dyn Scene, rows: &[String], least: usize) {
    let spec = server.spec().unwrap();
    let url = scene.url();
    let files = named_files(rows);
    let there =
        |files: &[String]| files.iter().filter(|file| Path::new(file).exists()).cloned().collect::<BTreeSet<_>>();
    let files_before = there(&files);
    let mut session = connect(spec, &url).await;
    let fresh = scene.marks(&mut *session).await;
    // What differs between two new sessions is no mark.
    session.close().await;
    session = connect(spec, &url).await;
    let second = scene.marks(&mut *session).await;
    let telling: Vec<&String> = fresh.keys().filter(|name| second.get(*name) == fresh.get(*name)).collect();
    let login = url.split(['/', ':', '@']).map(str::to_owned);
    let words = rows.iter().flat_map(|row| row.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let words: BTreeSet<String> = words.map(str::to_ascii_lowercase).chain(login).collect();
    let look = |lines: BTreeSet<String>| -> BTreeSet<String> {
        lines.into_iter().filter(|line| concerns(line, &words)).collect()
    };
    let before = look(scene.everything().await);
    let (mut ran, mut wrong) = (0, String::new());
    for some in rows.chunks(ROWS) {
        for row in some {
            let mut sink = Collector::new(LIMITS);
            let stop = CancellationToken::new();
            let read = session.read(trusted(spec.id, row), &LIMITS, &stop, &mut sink);
            let outcome = stopped_after(LONGEST, &stop, read).await;
            ran += usize::from(outcome.is_ok());
            if matches!(outcome, Err(SessionError::Lost(_))) {
                session.close().await;
                session = connect(spec, &url).await;
            }
            let now = scene.marks(&mut *session).await;
            let of = |marks: &Marks| -> BTreeSet<(String, String)> {
                let known = marks.iter().filter(|(name, _)| telling.contains(name) || !fresh.contains_key(*name));
                known.map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            if of(&now) != of(&fresh) {
                wrong.push_str(&format!("a mark on the session: {row}\n{}\n", difference(&of(&fresh), &of(&now))));
                session.close().await;
                session = connect(spec, &url).await;
            }
            let open = scene.still_open().await;
            if !open.is_empty() {
                wrong.push_str(&format!("still open: {row}\n{open:?}\n"));
            }
        }
        let after = look(scene.everything().await);
        if after != before {
            wrong.push_str(&format!("a lasting change by one of {some:#?}\n{}\n", difference(&before, &after)));
            break;
        }
    }
    session.close().await;
    scene.change().await;
    let noticed = look(scene.everything().await) != before;
    scene.end().await;
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(difference(&files_before, &there(&files)), "", "a file of this machine");
    assert!(noticed, "the look at the server notices nothing");
    assert!(ran >= least, "{ran} of {} rows were run: the way past the classifier is closed", rows.len());
    eprintln!("{server:?}: {} rows, {ran} of them run by the server, nothing lasts", rows.len());
}

/// Runs a test on a server, unless it is not there.
fn on(server: Server, test: impl AsyncFnOnce(Server)) {
    if server.spec().is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test(server));
    runtime.shutdown_background();
}
