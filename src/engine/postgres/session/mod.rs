//! The live connection: the three doors, deadlines and cancelling.
//!
//! The frame around every statement: `search_path` pinned to `pg_catalog`, transactions read-only by default, time
//! limits on the server, a deadline of our own, and a cancel request when it passes. `begin` sets it up; `own`, `read`
//! and `act` are the doors.

mod act;
mod alone;
mod begin;
mod frame;
mod kept;
mod placeholders;
mod read;

use super::sample::Memory;
use super::wire::{InFlight, Route, Underway, Wire, WireError, column, value};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, Rows, Truncation};
use crate::domain::target::Identity;
use crate::engine::{ActError, Acted, Param, Query, ReadSummary, RowSink, Session, Witness};
use async_trait::async_trait;
pub(crate) use begin::Facts;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Rows of one of our own queries, at most: enough for the largest schema that is read.
const OWN_ROWS: usize = 200_000;
/// The client gives the server this much longer than the server gives the statement.
const GRACE: Duration = Duration::from_secs(1);
/// A canceled statement has this long to end before the connection is given up.
const DRAIN: Duration = Duration::from_secs(1);
/// Making the session like a new one may take this long on a busy server.
const RESET: Duration = Duration::from_secs(5);

/// A session with a PostgreSQL server.
pub(crate) struct PgSession {
    wire: Option<Wire>,
    route: Route,
    underway: Underway,
    identity: Identity,
    facts: Arc<Facts>,
    /// `statement_timeout` that the server has now, milliseconds.
    timeout_ms: u64,
    memory: Memory,
}

impl PgSession {
    /// `primary` or `replica`.
    pub(crate) fn role(&self) -> &str {
        &self.identity.role
    }

    /// The connection, at rest. When an earlier future was dropped in the middle of its work, the rest of it is
    /// cancelled and thrown away first.
    async fn ready(&mut self) -> Result<&mut Wire, SessionError> {
        // The cancel request of a dropped future comes first. It gives up by itself.
        drop(self.underway.lock().await);
        if !self.wire.as_ref().is_some_and(Wire::is_settled) {
            self.recover(Some(&self.route.clone())).await?;
        }
        self.wire.as_mut().ok_or_else(closed)
    }

    /// Brings the connection to rest and the frame back to what `begin` made it; gives the connection up when that
    /// takes too long. With a route, the server is told to stop first.
    async fn recover(&mut self, cancel: Option<&Route>) -> Result<(), SessionError> {
        let wire = self.wire.as_mut().ok_or_else(closed)?;
        let quiet = async {
            if let Some(route) = cancel {
                // Should it fail, the drain below runs into its time.
                let _ = route.cancel().await;
            }
            wire.settle().await
        };
        match timeout(DRAIN, quiet).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => return Err(self.lost(&e)),
            Err(_) => return Err(self.lost(&WireError::Late)),
        }
        let again = async {
            match frame::reset(wire, &self.facts).await {
                // A cancel request that came too late for its statement hits the next one; it does so once.
                Err(WireError::Ended(message)) if message.code == "57014" => {
                    wire.settle().await?;
                    frame::reset(wire, &self.facts).await
                }
                done => done,
            }
        };
        match timeout(RESET, again).await {
            Ok(Ok(())) => {
                self.timeout_ms = frame::TIMEOUT_MS;
                Ok(())
            }
            Ok(Err(e)) => Err(self.lost(&e)),
            Err(_) => Err(self.lost(&WireError::Late)),
        }
    }

    fn lost(&mut self, error: &WireError) -> SessionError {
        self.wire = None;
        SessionError::Lost(error.words())
    }

    /// Sends one of our own queries and reads its answer.
    async fn ask(&mut self, text: &str, params: &[Param], timeout_ms: u64) -> Result<Rows, SessionError> {
        let started = Instant::now();
        let (facts, current) = (self.facts.clone(), self.timeout_ms);
        let wire = self.ready().await?;
        let exchange = async {
            let answer = if facts.pooled {
                frame::ask_in_transaction(wire, &facts, text, params, timeout_ms, OWN_ROWS).await?
            } else {
                if current != timeout_ms {
                    frame::queue_timeout(wire, timeout_ms)?;
                }
                wire.queue(text, params, 0, true)?;
                wire.queue_sync();
                wire.send().await?;
                if current != timeout_ms
                    && let Err(refused) = wire.answer(0).await?
                {
                    // The query's own answer is still to come.
                    wire.answer(0).await?.ok();
                    return Ok(Err(refused));
                }
                wire.answer(OWN_ROWS).await?
            };
            Ok::<_, WireError>(answer)
        };
        let allowed = Duration::from_millis(timeout_ms) + GRACE;
        match timeout(allowed, exchange).await {
            Ok(Ok(Ok(answer))) => {
                if !facts.pooled {
                    self.timeout_ms = timeout_ms;
                }
                let columns = answer.fields.iter().map(|field| column(field, &facts.types)).collect();
                let oids: Vec<u32> = answer.fields.iter().map(|f| f.type_oid).collect();
                let rows = answer
                    .rows
                    .into_iter()
                    .map(|cells| cells.into_iter().zip(&oids).map(|(cell, oid)| value(*oid, cell)).collect())
                    .collect();
                Ok(Rows { columns, rows, truncated: answer.cut.then_some(Truncation::Rows(OWN_ROWS)) })
            }
            Ok(Ok(Err(refused))) => {
                if !facts.pooled {
                    self.timeout_ms = timeout_ms;
                }
                Err(refusal(refused, elapsed_ms(started), timeout_ms))
            }
            Ok(Err(WireError::Io(e))) if e.kind() == std::io::ErrorKind::InvalidInput => {
                Err(SessionError::Unsupported("a zero byte cannot be sent".into()))
            }
            Ok(Err(e)) => Err(self.lost(&e)),
            Err(_) => {
                let route = self.route.clone();
                self.recover(Some(&route)).await?;
                Err(SessionError::Deadline(timeout_ms))
            }
        }
    }
}

#[async_trait]
impl Session for PgSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let text = placeholders::fill(query.text, &self.facts)?;
        let guard = InFlight::new(&self.route, &self.underway);
        let rows = self.ask(&text, params, query.timeout_ms).await;
        guard.done();
        rows
    }

    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let guard = InFlight::new(&self.route, &self.underway);
        let summary = self.read_framed(&statement, limits, stop, sink).await;
        guard.done();
        summary
    }

    fn memory(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(&mut self.memory)
    }

    async fn act(
        &mut self,
        approved: Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let guard = InFlight::new(&self.route, &self.underway);
        let acted = self.act_framed(&approved, plan, witness, stop).await;
        guard.done();
        acted
    }

    async fn close(mut self: Box<Self>) {
        if let Some(wire) = self.wire.take() {
            let _ = timeout(GRACE, wire.close()).await;
        }
    }
}

fn closed() -> SessionError {
    SessionError::Lost("the connection is closed".into())
}

/// The server's refusal of a statement. Its own time limit is our deadline; an administrator's cancel has the same
/// code and translated words, so the two are told apart by the time that has passed.
fn refusal(message: ServerMessage, took_ms: u64, timeout_ms: u64) -> SessionError {
    if message.code == "57014" && took_ms >= timeout_ms {
        SessionError::Deadline(took_ms)
    } else {
        SessionError::Server(message)
    }
}

/// Milliseconds since a moment.
fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
