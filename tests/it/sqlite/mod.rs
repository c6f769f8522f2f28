//! The SQLite engine on real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acts;
mod bounds;
mod definitions;
mod files;
mod gates;
mod objects;

use crate::support::trusting;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::Allowed;
use dba_gpt::domain::rows::{Limits, Rows};
use dba_gpt::engine::{Collector, ConnectSettings, EngineSpec, Session, Surroundings, by_name};
use rusqlite::Connection;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn spec() -> &'static EngineSpec {
    by_name("sqlite").unwrap()
}

fn unjudged(statement: &str) -> Allowed {
    trusting::trusted(spec().id, statement)
}

async fn try_open(url: &str) -> Result<Box<dyn Session>, ConnectError> {
    let settings = ConnectSettings {
        url: SecretString::from(url.to_owned()),
        password: None,
        dial: None,
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

/// A small database with the table that the cases name, in the given journal mode.
fn canary(folder: &Path, journal: &str) -> PathBuf {
    let path = folder.join("canary.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE canary(id INTEGER PRIMARY KEY, n INTEGER, v TEXT);
             WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10)
             INSERT INTO canary(n, v) SELECT n, 'row ' || n FROM r;"
        ))
        .unwrap();
    path
}
