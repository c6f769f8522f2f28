//! The live connection: the two doors, deadlines and stopping.
//!
//! The frame around every statement: `sql_mode` pinned to what our guard reads, transactions read-only by default, time
//! limits on the server, a deadline of our own, and `KILL QUERY` over a second connection when it passes. `begin` sets
//! it up, `own` and `read` are the doors.

mod act;
mod begin;
mod cluster;
mod frame;
mod grants;
mod placeholders;
mod read;

use super::sample::Memory;
use super::wire::{InFlight, Prepared, Route, Underway, Wire, WireError, column, value};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, Rows, Truncation};
use crate::domain::target::Identity;
use crate::engine::{ActError, Acted, Param, Query, ReadSummary, RowSink, Session, Witness};
use async_trait::async_trait;
pub(crate) use begin::Facts;
pub(crate) use grants::account;
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Rows of one of our own queries, at most: enough for the largest schema that is read.
const OWN_ROWS: usize = 200_000;
/// The client gives the server this much longer than the server gives the statement.
const GRACE: Duration = Duration::from_secs(1);
/// A statement that was told to stop has this long to end before the connection is given up: a second connection with
/// its login comes first.
const DRAIN: Duration = Duration::from_secs(3);
/// One of our own queries is asked so often in all: no lock is waited for, and a server refuses a whole list of its
/// catalogue when somebody has one of the tables in it for themselves at that moment (1205),
const TRIES: u32 = 5;
/// with so long in between: most changes of a table want it for themselves for a moment only.
const LOCKED: Duration = Duration::from_millis(100);
/// Making the session like a new one may take this long on a busy server.
const RESET: Duration = Duration::from_secs(5);

/// A session with a MySQL or MariaDB server.
pub(crate) struct MySession {
    wire: Option<Wire>,
    route: Route,
    underway: Underway,
    identity: Identity,
    facts: Arc<Facts>,
    /// The server's time for a statement as it is set now, milliseconds.
    timeout_ms: u64,
    /// Our own queries that the server has prepared, by name.
    prepared: HashMap<&'static str, Prepared>,
    /// Work was begun and not brought to its end: a future that was dropped may have left settings and a transaction.
    begun: bool,
    memory: Memory,
}

impl MySession {
    /// The connection, at rest. When an earlier future was dropped in the middle of its work, the rest of it is
    /// stopped and thrown away first.
    async fn ready(&mut self) -> Result<&mut Wire, SessionError> {
        // The request to stop of a dropped future comes first. It gives up by itself.
        drop(self.underway.lock().await);
        if self.begun || !self.wire.as_ref().is_some_and(Wire::is_settled) {
            self.recover(Some(&self.route.clone())).await?;
        }
        self.begun = true;
        self.wire.as_mut().ok_or_else(closed)
    }

    /// Brings the connection to rest and the session back to what `begin` made it; gives the connection up when that
    /// takes too long. With a route, the server is told to stop first.
    async fn recover(&mut self, cancel: Option<&Route>) -> Result<(), SessionError> {
        self.prepared.clear();
        let wire = self.wire.as_mut().ok_or_else(closed)?;
        let quiet = async {
            if let Some(route) = cancel.filter(|_| !wire.is_settled()) {
                // Should it fail, the drain runs into its time.
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
                // A request to stop that came too late for its statement hits the next one; it does so once.
                Err(WireError::Ended(message)) if message.code == "1317" => frame::reset(wire, &self.facts).await,
                done => done,
            }
        };
        match timeout(RESET, again).await {
            Ok(Ok(())) => {
                self.timeout_ms = frame::TIMEOUT_MS;
                self.begun = false;
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
    async fn ask(
        &mut self,
        name: &'static str,
        text: &str,
        params: &[Param],
        timeout_ms: u64,
    ) -> Result<Rows, SessionError> {
        let started = Instant::now();
        let (flavour, current) = (self.facts.flavour, self.timeout_ms);
        // A pooler may run the next statement on another connection, which knows nothing of this one.
        let pooled = self.facts.pooled;
        self.ready().await?;
        let known = self.prepared.get(name).copied().filter(|_| !pooled);
        let wire = self.wire.as_mut().ok_or_else(closed)?;
        let mut kept = None;
        let exchange = async {
            if current != timeout_ms
                && let Err(refused) = wire.run(&frame::timeout(flavour, timeout_ms)).await?
            {
                return Ok(Err(refused));
            }
            let prepared = match known {
                Some(prepared) => prepared,
                None => match wire.prepare(text).await? {
                    Ok(prepared) => prepared,
                    Err(refused) => return Ok(Err(refused)),
                },
            };
            kept = Some(prepared);
            wire.execute(prepared, params, OWN_ROWS).await
        };
        let allowed = Duration::from_millis(timeout_ms) + GRACE;
        let outcome = timeout(allowed, exchange).await;
        self.begun = false;
        if let Some(prepared) = kept.filter(|_| matches!(outcome, Ok(Ok(Ok(_))))) {
            self.prepared.insert(name, prepared);
        } else {
            self.prepared.remove(name);
        }
        match outcome {
            Ok(Ok(Ok(answer))) => {
                self.timeout_ms = timeout_ms;
                let columns = answer.fields.iter().map(column).collect();
                let fields = &answer.fields;
                let row = |cells: Vec<_>| cells.into_iter().zip(fields).map(|(c, field)| value(field, c)).collect();
                let rows = answer.rows.into_iter().map(row).collect();
                Ok(Rows { columns, rows, truncated: answer.cut.then_some(Truncation::Rows(OWN_ROWS)) })
            }
            Ok(Ok(Err(refused))) => {
                self.timeout_ms = timeout_ms;
                if let (Some(prepared), Some(wire)) = (kept, self.wire.as_mut()) {
                    wire.queue_close(prepared);
                    if let Err(e) = wire.send().await {
                        return Err(self.lost(&e));
                    }
                }
                Err(refusal(refused, elapsed_ms(started), timeout_ms))
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
impl Session for MySession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let text: Cow<'static, str> = placeholders::fill(query.text, &self.facts)?;
        let guard = InFlight::new(&self.route, &self.underway);
        let mut rows = self.ask(query.name, &text, params, query.timeout_ms).await;
        for tries in 1..TRIES {
            let Err(SessionError::Server(refused)) = &rows else { break };
            match refused.code.as_str() {
                // The server has thrown the prepared statement away (1243), or its tables have changed (1615).
                "1243" | "1615" if tries == 1 => {}
                "1205" => sleep(LOCKED).await,
                _ => break,
            }
            rows = self.ask(query.name, &text, params, query.timeout_ms).await;
        }
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

/// The server's refusal of a statement. Its own time limit is our deadline.
fn refusal(message: ServerMessage, took_ms: u64, timeout_ms: u64) -> SessionError {
    // ER_QUERY_TIMEOUT of MySQL, ER_STATEMENT_TIMEOUT of MariaDB.
    if matches!(message.code.as_str(), "3024" | "1969") && took_ms >= timeout_ms {
        SessionError::Deadline(took_ms)
    } else {
        SessionError::Server(message)
    }
}

/// Milliseconds since a moment.
fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
