//! What the tests on a real server share: its URL, a second opinion, and waiting without sleeping.

use crate::support::servers::{self, Address};
use crate::support::trusting;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::Allowed;
use dba_gpt::domain::rows::{Limits, Rows, Value};
use dba_gpt::engine::{Collector, ConnectSettings, ReadSummary, Session, Surroundings, mysql};
use secrecy::SecretString;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Time that a busy machine may take for anything that is not itself measured.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A server: its administrator's URL and the one of the recommended login.
#[derive(Clone)]
pub struct Server {
    pub admin: String,
    pub read_only: String,
    pub is_mariadb: bool,
}

impl Server {
    pub fn address(&self) -> Address {
        Address::of(&self.admin)
    }
    /// The administrator's URL with parts changed.
    pub fn url(&self, change: impl FnOnce(&mut Address), more: &str) -> String {
        let mut address = self.address();
        change(&mut address);
        url(&address) + more
    }
}

/// The URL of an address.
pub fn url(address: &Address) -> String {
    let Address { scheme, user, password, host, port, database } = address;
    format!("{scheme}://{user}:{password}@{host}:{port}/{database}")
}

/// Runs a test on MariaDB, and on MySQL where there is one.
pub fn on_each_server<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    if std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1") {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
        return;
    }
    run(test(Server { admin: servers::mariadb_url(), read_only: servers::mariadb_read_only_url(), is_mariadb: true }));
    if let (Some(admin), Some(read_only)) = (servers::mysql_url(), servers::mysql_read_only_url()) {
        run(test(Server { admin, read_only, is_mariadb: false }));
    }
}

pub fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
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
    (mysql::SPEC.connect)(&settings(url)).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The error of a connection that must not be made, and the time it took.
pub async fn refused(settings: &ConnectSettings) -> (ConnectError, Duration) {
    let started = Instant::now();
    match (mysql::SPEC.connect)(settings).await {
        Ok(_) => panic!("it connected"),
        Err(error) => (error, started.elapsed()),
    }
}

/// The servers' own client, for statements that come on its input.
pub fn client(url: &str) -> Command {
    let address = Address::of(url);
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--batch", "--skip-column-names", "--unbuffered", "--force", "--protocol=TCP"])
        .arg("--default-character-set=utf8mb4")
        .args(["--host", &address.host, "--port", &address.port.to_string(), "--user", &address.user])
        .arg(&address.database)
        .env("MYSQL_PWD", &address.password);
    client
}

/// The small MariaDB for whoever holds this: a dozen clients fill it, and two tests would be in each other's way.
pub fn small_server_alone() -> Admin {
    let mut turn = Admin::at(&servers::mariadb_url());
    assert_eq!(turn.run("SELECT GET_LOCK('the small server', 110)"), ["1"]);
    turn
}

/// The second opinion: the servers' own client, which may also write.
pub struct Admin {
    client: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Admin {
    pub fn of(server: &Server) -> Self {
        Self::at(&server.admin)
    }
    pub fn at(url: &str) -> Self {
        let mut client =
            client(url).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (client.stdin.take().unwrap(), BufReader::new(client.stdout.take().unwrap()));
        Self { client, input, output }
    }

    /// Sends statements and does not wait for them.
    pub fn send(&mut self, statements: &str) {
        self.input.write_all(format!("{statements};\n").as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Runs statements; the lines of their results, cells divided by tabs.
    pub fn run(&mut self, statements: &str) -> Vec<String> {
        const END: &str = "-- that was all --";
        self.send(statements);
        self.send(&format!("SELECT '{END}'"));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the second client ended at: {statements}");
            let line = line.trim_end_matches('\n');
            if line == END {
                return lines;
            }
            lines.push(line.to_owned());
        }
    }

    /// The one number of a result.
    pub fn number(&mut self, statement: &str) -> i64 {
        let lines = self.run(statement);
        assert_eq!(lines.len(), 1, "{statement}");
        lines[0].parse().unwrap_or_else(|_| panic!("{statement}: {}", lines[0]))
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

/// Polls until `done`, at most [`PATIENCE`].
pub async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::task::yield_now().await;
    }
}

pub fn allowed(statement: &str) -> Allowed {
    trusting::trusted(mysql::ID, statement)
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

/// The one row of a result.
pub async fn row(session: &mut dyn Session, statement: &str) -> Vec<Value> {
    let (mut rows, _) =
        read(session, statement, Limits::default()).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    assert_eq!(rows.rows.len(), 1, "{statement}");
    rows.rows.remove(0)
}

/// The one value of a result.
pub async fn one(session: &mut dyn Session, statement: &str) -> Value {
    let mut row = row(session, statement).await;
    assert_eq!(row.len(), 1, "{statement}");
    row.remove(0)
}
