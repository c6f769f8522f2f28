//! Who answers the questions about an act: a session's reading doors before it, its own connection while it runs.

use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::rows::{Limits, Rows};
use crate::engine::mysql::{dialect, schema};
use crate::engine::{Collector, Param, Query, Session};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// Time for a question whose answer would be good to have, milliseconds.
const READ_MS: u64 = 1_500;

/// Answers questions.
#[async_trait]
pub(in crate::engine::mysql) trait Asks: Send {
    /// One of our own queries.
    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError>;
    /// A read whose text was made from names or from the act's own words.
    async fn read(&mut self, text: &str) -> Result<Rows, SessionError>;
}

/// The reading doors. They can change nothing.
pub(in crate::engine::mysql) struct Reading<'a> {
    pub(super) session: &'a mut dyn Session,
    /// What the guard knows of the database's own objects; read when a statement names a view.
    catalog: Option<Catalog>,
}

impl<'a> Reading<'a> {
    pub(in crate::engine::mysql) fn new(session: &'a mut dyn Session) -> Self {
        Self { session, catalog: None }
    }

    /// From here on the guard knows the views and functions of the databases.
    pub(super) async fn learn_views(&mut self) -> Result<(), SessionError> {
        if self.catalog.is_none() {
            self.catalog = Some(schema::catalog(self.session).await?);
        }
        Ok(())
    }

    /// The plan of a statement that was found in a log, a digest or another session: whoever wrote it is nobody that we
    /// know, so that it is judged as strictly as what a model writes.
    pub(super) async fn plan_of_others(&mut self, statement: &str) -> Result<Rows, SessionError> {
        self.learn_views().await?;
        self.read_as(Author::Model, &format!("EXPLAIN {statement}")).await
    }

    async fn read_as(&mut self, author: Author, text: &str) -> Result<Rows, SessionError> {
        let nothing = Catalog::default();
        let catalog = self.catalog.as_ref().unwrap_or(&nothing);
        let allowed = guard::allow(dialect::DIALECT, author, catalog, text)
            .map_err(|judgement| SessionError::Unsupported(judgement.reason))?;
        let limits = Limits { timeout_ms: READ_MS, cell_bytes: 1 << 20, ..Limits::default() };
        let mut rows = Collector::new(limits);
        self.session.read(allowed, &limits, &CancellationToken::new(), &mut rows).await?;
        Ok(rows.into_rows())
    }
}

#[async_trait]
impl Asks for Reading<'_> {
    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        self.session.own(query, params).await
    }

    async fn read(&mut self, text: &str) -> Result<Rows, SessionError> {
        self.read_as(Author::Person, text).await
    }
}
