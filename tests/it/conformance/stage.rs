//! A server with what a promise needs to be tried on it.

use super::expected::{Expected, REDIS_DATABASE, of};
use crate::support::at_hand::Server;
use dba_gpt::domain::error_event::{ConnectError, SessionError};
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::rows::{Limits, Rows};
use dba_gpt::engine::{Collector, ConnectSettings, EngineSpec, Session, Surroundings};
use secrecy::SecretString;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What a busy machine may take for nothing at all.
pub const SLACK: Duration = Duration::from_secs(4);
/// The longest way in.
pub const CONNECT: Duration = Duration::from_secs(5);

/// One server, and what is expected of it.
#[derive(Clone, Copy)]
pub struct Stage {
    pub server: Server,
    pub spec: &'static EngineSpec,
    pub expected: Expected,
}

impl Stage {
    /// The stage of a server; nothing, and a line that says so, when it is not there.
    pub fn of(server: Server) -> Option<Self> {
        Some(Self { server, spec: server.spec()?, expected: of(server) })
    }

    /// The URL as administrator.
    pub fn url(&self) -> String {
        let url = self.server.url().unwrap();
        match self.server {
            Server::Redis7 | Server::Valkey9 => format!("{}/{REDIS_DATABASE}", url.trim_end_matches("/0")),
            _ => url,
        }
    }

    /// A session as administrator.
    pub async fn session(&self) -> Box<dyn Session> {
        self.connect(&self.url()).await.unwrap_or_else(|e| panic!("{e}"))
    }

    /// Tries to connect, as the program does.
    pub async fn connect(&self, url: &str) -> Result<Box<dyn Session>, ConnectError> {
        self.connect_as(url, "dba-gpt conformance").await
    }

    /// The same under another program's name.
    pub async fn connect_as(&self, url: &str, application: &str) -> Result<Box<dyn Session>, ConnectError> {
        let settings = ConnectSettings {
            url: SecretString::from(url),
            password: None,
            dial: None,
            application: application.into(),
            timeout: CONNECT,
            surroundings: Surroundings::default(),
        };
        (self.spec.connect)(&settings).await
    }

    /// Why it does not connect, and after which time.
    pub async fn refused(&self, url: &str) -> (ConnectError, Duration) {
        let began = Instant::now();
        match self.connect(url).await {
            Ok(_) => panic!("it connected"),
            Err(error) => (error, began.elapsed()),
        }
    }

    /// Reads a statement that the guard allows into memory.
    pub async fn read(&self, session: &mut dyn Session, statement: &str, limits: Limits) -> Result<Rows, SessionError> {
        self.read_until(session, statement, limits, &CancellationToken::new()).await
    }

    /// The same until it is stopped.
    pub async fn read_until(
        &self,
        session: &mut dyn Session,
        statement: &str,
        limits: Limits,
        stop: &CancellationToken,
    ) -> Result<Rows, SessionError> {
        let (_, catalog) = (self.spec.schema)(session).await?;
        let allowed = self.allow(statement, &catalog);
        let mut sink = Collector::new(limits);
        session.read(allowed, &limits, stop, &mut sink).await?;
        Ok(sink.into_rows())
    }

    /// The statement as the guard lets it through.
    pub fn allow(&self, statement: &str, catalog: &Catalog) -> guard::Allowed {
        guard::allow(self.spec.dialect, Author::Person, catalog, statement)
            .unwrap_or_else(|judgement| panic!("{statement}: {judgement:?}"))
    }

    /// The session still answers.
    pub async fn still_answers(&self, session: &mut dyn Session) {
        let rows = self.read(session, self.expected.read, Limits::default()).await;
        assert!(rows.is_ok_and(|rows| !rows.rows.is_empty()), "the session is of no use any more");
    }
}
