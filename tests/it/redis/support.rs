//! What these tests share: sessions, a raw client as second opinion, servers of a test's own.

use crate::support::clock::Clock;
use crate::support::servers;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::rows::{Limits, Rows};
use dba_gpt::engine::{Collector, ConnectSettings, Session, Surroundings, redis};
use secrecy::SecretString;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Time that a busy machine may take for anything that is not itself measured.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Servers are left out of this run.
pub fn skipped() -> bool {
    let skipped = std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1");
    if skipped {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
    }
    skipped
}

/// The servers at hand, as the recommended user: Redis, and Valkey where it could be had.
pub fn each_read_only_url() -> Vec<String> {
    let mut urls = vec![servers::redis_read_only_url()];
    urls.extend(servers::valkey_read_only_url());
    urls
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
    (redis::SPEC.connect)(&settings(url)).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The error of a connection that must not be made, and the time it took.
pub async fn refused(url: &str) -> (ConnectError, Duration) {
    let started = Instant::now();
    match (redis::SPEC.connect)(&settings(url)).await {
        Ok(_) => panic!("it connected"),
        Err(error) => (error, started.elapsed()),
    }
}

/// Why a line gave no rows.
#[derive(Debug)]
pub enum NoRows {
    /// The guard.
    Guard(String),
    /// The session.
    Session(SessionError),
}

/// Runs a line as the chat does: judged by the guard first.
pub async fn read(session: &mut dyn Session, line: &str) -> Result<(Rows, Vec<String>), NoRows> {
    read_within(session, line, &Limits::default(), &CancellationToken::new()).await
}

pub async fn read_within(
    session: &mut dyn Session,
    line: &str,
    limits: &Limits,
    stop: &CancellationToken,
) -> Result<(Rows, Vec<String>), NoRows> {
    let allowed = guard::allow(redis::SPEC.dialect, Author::Model, &Catalog::default(), line)
        .map_err(|j| NoRows::Guard(format!("{}: {}", j.verdict.word(), j.reason)))?;
    let mut collector = Collector::new(*limits);
    let summary = session.read(allowed, limits, stop, &mut collector).await.map_err(NoRows::Session)?;
    Ok((collector.into_rows(), summary.notices))
}

/// Cells as text, one line a row.
pub fn lines(rows: &Rows) -> Vec<String> {
    rows.rows
        .iter()
        .map(|row| row.iter().map(|v| v.plain().unwrap_or_else(|| "-".into())).collect::<Vec<_>>().join("|"))
        .collect()
}

/// A raw client: another opinion, which may also write.
pub struct Raw(BufReader<TcpStream>);

impl Raw {
    /// Connects to `redis://user:password@host:port/db` without any frame of ours.
    pub fn connect(url: &str) -> Self {
        let (login, place) = url.split_once("://").unwrap().1.split_once('@').map_or((None, ""), |(l, p)| (Some(l), p));
        let place = if login.is_none() { url.split_once("://").unwrap().1 } else { place };
        let address = place.split('/').next().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut raw = Self(BufReader::new(stream));
        if let Some((user, password)) = login.and_then(|l| l.split_once(':')) {
            assert_eq!(raw.ask(&["AUTH", user, password]), "+OK");
        }
        raw
    }
    pub fn patience(&self, time: Duration) {
        self.0.get_ref().set_read_timeout(Some(time)).unwrap();
    }
    /// Sends without waiting.
    pub fn send(&mut self, words: &[&str]) {
        let mut out = format!("*{}\r\n", words.len());
        for word in words {
            out.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.get_mut().write_all(out.as_bytes()).unwrap();
    }
    /// Sends and gives the first line of the answer, or the value of a string; empty when none comes in time.
    pub fn ask(&mut self, words: &[&str]) -> String {
        self.send(words);
        let mut line = String::new();
        if self.0.read_line(&mut line).is_err() {
            return String::new();
        }
        let line = line.trim_end().to_owned();
        if let Some(length) = line.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()) {
            let mut value = vec![0; length + 2];
            self.0.read_exact(&mut value).unwrap();
            return String::from_utf8_lossy(&value[..length]).into_owned();
        }
        line
    }
    /// Sends and gives the whole answer, a line an element.
    pub fn ask_whole(&mut self, words: &[&str]) -> String {
        self.send(words);
        let mut left = 1_usize;
        let mut out = String::new();
        while left > 0 {
            left -= 1;
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let count = line.get(1..).and_then(|rest| rest.trim_end().parse::<usize>().ok());
            match (line.as_bytes().first(), count) {
                (Some(b'*' | b'~'), Some(count)) => left += count,
                (Some(b'$'), Some(length)) => {
                    let mut value = vec![0; length + 2];
                    self.0.read_exact(&mut value).unwrap();
                    out.push_str(&String::from_utf8_lossy(&value[..length]));
                    out.push('\n');
                }
                _ => out.push_str(&line),
            }
        }
        out
    }
}

/// A server of the test's own; it ends with the test.
pub struct Own {
    child: Child,
    pub port: u16,
    pub folder: tempfile::TempDir,
}

impl Own {
    /// Starts one with these lines of configuration.
    pub fn start(configuration: &[&str]) -> Self {
        Self::start_program("redis-server", configuration)
    }
    /// The same of another server program.
    pub fn start_program(program: &str, configuration: &[&str]) -> Self {
        Self::start_in(program, configuration, &[])
    }
    /// The same, which goes by this clock.
    pub fn start_by(clock: &Clock, program: &str, configuration: &[&str]) -> Self {
        Self::start_in(program, configuration, &clock.environment())
    }
    fn start_in(program: &str, configuration: &[&str], environment: &[(&'static str, OsString)]) -> Self {
        for _ in 0..5 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("redis.conf");
            let dir = folder.path().display();
            let mut text = format!("port {port}\nbind 127.0.0.1\ndir {dir}\nsave \"\"\nlogfile \"\"\ndaemonize no\n");
            text.push_str(&configuration.join("\n"));
            text.push('\n');
            std::fs::write(&file, text).unwrap();
            let mut child = Command::new(program)
                .arg(&file)
                .envs(environment.iter().map(|(name, value)| (*name, value)))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            while log.read_line(&mut line).is_ok_and(|n| n > 0) {
                if line.contains("Ready to accept connections") {
                    // What it still says must go somewhere.
                    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                    return Self { child, port, folder };
                }
                line.clear();
            }
            let _ = child.wait();
        }
        panic!("no server of our own could be started");
    }
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
    pub fn url_as(&self, login: &str) -> String {
        format!("redis://{login}@127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
