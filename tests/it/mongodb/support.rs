//! What the tests of MongoDB share: connecting, a trusting dialect for the session's own defences, and sinks.

pub use crate::support::mongo::{Mongo, Reaction, document};
use crate::support::trusting;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::Allowed;
use dba_gpt::domain::rows::{Limits, Rows};
use dba_gpt::engine::{Collector, ConnectSettings, Session, Surroundings, mongodb};
use secrecy::SecretString;
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
    (mongodb::SPEC.connect)(&settings(url)).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The error of a connection that must not be made.
pub async fn refused(url: &str) -> ConnectError {
    match (mongodb::SPEC.connect)(&settings(url)).await {
        Ok(_) => panic!("it connected"),
        Err(error) => error,
    }
}

/// A statement past the guard.
pub fn trusted(statement: &str) -> Allowed {
    trusting::trusted(mongodb::ID, statement)
}

/// Reads a statement past the guard.
pub async fn read(session: &mut dyn Session, statement: &str, limits: Limits) -> Result<Rows, SessionError> {
    let mut sink = Collector::new(limits);
    let stop = CancellationToken::new();
    session.read(trusted(statement), &limits, &stop, &mut sink).await?;
    Ok(sink.into_rows())
}

/// The columns of a result as `name:type`.
pub fn columns(rows: &Rows) -> Vec<String> {
    rows.columns.iter().map(|c| format!("{}:{}", c.name, c.type_name)).collect()
}

/// The rows of a view.
pub async fn view(session: &mut dyn Session, name: &str) -> Rows {
    let view = mongodb::SPEC.views.iter().find(|view| view.name == name).unwrap();
    session.own(view.query, &[]).await.unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The texts of one column.
pub fn texts(rows: &Rows, column: &str) -> Vec<String> {
    assert!(rows.column(column).is_some(), "no column {column} in {:?}", rows.columns);
    rows.rows.iter().map(|row| rows.text(row, column)).collect()
}
