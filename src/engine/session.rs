//! A connection to one server, and the doors through which statements reach it.

use super::acting::{ActError, Acted, Witness};
use crate::domain::error_event::SessionError;
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, RowSink, Rows};
use crate::domain::target::Identity;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// A query of our own: a constant of the program, never text from outside.
#[derive(Debug)]
pub struct Query {
    /// Name, for logs and for the list of what we send.
    pub name: &'static str,
    /// The statement. Fully qualified names only.
    pub text: &'static str,
    /// The server's time for it, milliseconds.
    pub timeout_ms: u64,
}

/// A parameter of one of our own queries.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
}

/// How a read ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadSummary {
    /// Time from sending to the last row, milliseconds.
    pub took_ms: u64,
    /// Notices and warnings that the server sent along. Untrusted text.
    pub notices: Vec<String>,
}

/// A connection to one server.
#[async_trait]
pub trait Session: Send {
    /// What the server said about itself.
    fn identity(&self) -> &Identity;

    /// Runs one of our own queries. Small results only; bounded by the query's own time and by a number of
    /// rows that only the largest catalogues reach.
    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError>;

    /// Runs a statement that the guard allowed: read-only on the server, bounded, rolled back, and cancelled on the
    /// server when `stop` fires or the deadline passes. The session is clean and usable afterwards, or
    /// [`SessionError::Lost`] says that it is not.
    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError>;

    /// Does one approved act, and nothing else: in a transaction of its own where the statement can have one, under the
    /// plan's time limits, under a name by which the server and a later run of this program can tell it. Before
    /// anything is changed the witness has the inverse, where it is made from prior rows. In the same transaction the
    /// touched objects are found again by number and the rows are counted against the approval; what does not fit is
    /// rolled back. `stop` cancels it on the server.
    async fn act(
        &mut self,
        approved: Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError>;

    /// What the engine's own functions remember between two calls for this connection: readings that are too costly
    /// to take every time. Engines that remember nothing have none.
    fn memory(&mut self) -> Option<&mut (dyn std::any::Any + Send)> {
        None
    }

    /// Ends the session in order. Dropping it ends it too, less politely.
    async fn close(self: Box<Self>);
}
