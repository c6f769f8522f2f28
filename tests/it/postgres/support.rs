//! What the tests on a real server share: its URL, a second opinion, sinks, and waiting without sleeping.

use crate::support::servers;
use crate::support::trusting;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::Allowed;
use dba_gpt::domain::rows::{Column, Limits, Rows, Value};
use dba_gpt::engine::{Collector, ConnectSettings, ReadSummary, RowSink, Session, Surroundings, postgres};
use secrecy::SecretString;
use std::future::Future;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

/// Time that a busy machine may take for anything that is not itself measured.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test on the base server, on a runtime of its own.
pub fn on_server<F: Future<Output = ()>>(test: impl FnOnce(String) -> F) {
    if skipped() {
        return;
    }
    run(test(servers::postgres_url()));
}

/// Runs a test on the base server and on the newer one.
pub fn on_each_server<F: Future<Output = ()>>(test: impl Fn(String) -> F) {
    if skipped() {
        return;
    }
    run(test(servers::postgres_url()));
    if let Some(url) = servers::newer_postgres_url() {
        run(test(url));
    }
}

pub fn skipped() -> bool {
    let skipped = std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1");
    if skipped {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
    }
    skipped
}

pub fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

pub async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

pub fn settings(url: &str) -> ConnectSettings {
    ConnectSettings {
        url: SecretString::from(url),
        password: None,
        dial: None,
        application: "dba-gpt test".into(),
        timeout: Duration::from_secs(5),
        surroundings: Surroundings::default(),
    }
}

pub async fn connect(url: &str) -> Box<dyn Session> {
    (postgres::SPEC.connect)(&settings(url)).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The error of a connection that must not be made, and the time it took.
pub async fn refused(settings: &ConnectSettings) -> (ConnectError, Duration) {
    let started = Instant::now();
    match (postgres::SPEC.connect)(settings).await {
        Ok(_) => panic!("it connected"),
        Err(error) => (error, started.elapsed()),
    }
}

/// The second opinion: another client, which may also write.
pub async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database of its own beside that of `url`, made anew, and its URL.
pub async fn fresh_database(url: &str, name: &str) -> String {
    let client = admin(url).await;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// Polls until `done`, at most `patience`.
pub async fn eventually<F: Future<Output = bool>>(patience: Duration, what: &str, mut done: impl FnMut() -> F) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < patience, "{what}: not within {patience:?}");
        tokio::task::yield_now().await;
    }
}

pub fn allowed(statement: &str) -> Allowed {
    trusting::trusted(postgres::ID, statement)
}

/// Reads into memory.
pub async fn read(
    session: &mut dyn Session,
    statement: &str,
    limits: Limits,
) -> Result<(Rows, ReadSummary), SessionError> {
    let mut sink = Collector::new(limits);
    let summary = session.read(allowed(statement), &limits, &CancellationToken::new(), &mut sink).await?;
    Ok((sink.into_rows(), summary))
}

/// The one value of a result.
pub async fn one(session: &mut dyn Session, statement: &str) -> Value {
    let (rows, _) = read(session, statement, Limits::default()).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    assert_eq!((rows.rows.len(), rows.columns.len()), (1, 1), "{statement}");
    rows.rows[0][0].clone()
}

/// Counts rows and keeps none; calls `on_row` with the count.
pub struct Counting<F: FnMut(usize) + Send> {
    pub rows: usize,
    pub on_row: F,
}

impl<F: FnMut(usize) + Send> RowSink for Counting<F> {
    fn columns(&mut self, _: Vec<Column>) {}
    fn row(&mut self, _: Vec<Value>) -> ControlFlow<()> {
        self.rows += 1;
        (self.on_row)(self.rows);
        ControlFlow::Continue(())
    }
}
