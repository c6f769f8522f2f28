//! The live connection: its doors, deadlines and stopping.
//!
//! The server runs one command at a time and to its end: nothing can take a command back. So the guard lets only short
//! ones through, our walks are made of short steps, and what does not answer in time loses its connection; the next call
//! opens a new one. `begin` asks who is there, `run` carries lines out, `forms` are our own walks, `shape` makes tables.

mod begin;
mod categories;
mod forms;
mod info;
mod powers;
mod run;
mod shape;

use super::connect::Way;
use super::dialect;
use super::fix;
use super::sample::Memory;
use super::wire::{Wire, WireError};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, Rows};
use crate::domain::target::Identity;
use crate::engine::{ActError, Acted, Collector, Param, Query, ReadSummary, RowSink, Session, Witness};
use async_trait::async_trait;
use forms::{Ground, Scanner};
pub(crate) use forms::{Group, Prefixes};
pub(crate) use info::{Info, field};
use run::Outcome;
pub(crate) use run::refusal;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What the session learned at its beginning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The node of a cluster.
    pub(crate) cluster: bool,
    /// It watches others and holds no keys.
    pub(crate) sentinel: bool,
    /// What happens when memory is full.
    pub(crate) policy: String,
    /// Our own connection's number.
    pub(crate) client_id: Option<i64>,
}

/// Rows of one of our own queries, at most.
const OWN_ROWS: usize = 200_000;
/// The client gives a command this much longer than was asked for.
const GRACE: Duration = Duration::from_secs(1);
/// Time to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// A session with a Redis server.
pub(crate) struct RedisSession {
    wire: Option<Wire>,
    way: Way,
    identity: Identity,
    facts: Arc<Facts>,
    memory: Memory,
}

impl RedisSession {
    /// A connection at rest: the one at hand, or a new one when that was given up or left in the middle.
    async fn ready(&mut self) -> Result<&mut Wire, SessionError> {
        if !self.wire.as_ref().is_some_and(Wire::is_settled) {
            self.wire = None;
            let mut opened = self.way.open().await?;
            let words = |e: WireError| SessionError::Lost(e.words());
            categories::hold(&mut opened.wire).await.map_err(words)?;
            begin::enter(&mut opened.wire, &self.facts).await;
            self.wire = Some(opened.wire);
        }
        self.wire.as_mut().ok_or_else(|| SessionError::Lost("the connection is closed".into()))
    }

    /// Carries a line out within its time.
    async fn carry_out(
        &mut self,
        words: &[Vec<u8>],
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let started = Instant::now();
        let deadline = started + Duration::from_millis(limits.timeout_ms) + GRACE;
        let facts = Arc::clone(&self.facts);
        let wire = self.ready().await?;
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => Err(SessionError::Canceled),
            () = sleep_until(deadline) => Err(SessionError::Lost(format!(
                "no answer within {} ms: the connection was given up. The server runs a command to its end",
                limits.timeout_ms
            ))),
            outcome = run::line(words, wire, &facts, limits, sink) => Ok(outcome),
        };
        let outcome = done.inspect_err(|_| self.wire = None)?;
        match outcome {
            Outcome::Done(notices) => Ok(ReadSummary { took_ms: elapsed_ms(started), notices }),
            Outcome::Refused(message) => Err(SessionError::Server(message)),
            Outcome::Cannot(words) => Err(SessionError::Unsupported(words)),
            Outcome::Lost(words) => {
                self.wire = None;
                Err(SessionError::Lost(words))
            }
        }
    }

    /// A series of our own commands for the schema, which needs more than rows.
    pub(crate) async fn walk_prefixes(&mut self, most: u64, time: Duration) -> Result<(Prefixes, bool), SessionError> {
        let facts = Arc::clone(&self.facts);
        let limits = Limits::default();
        let wire = self.ready().await?;
        let everything = crate::engine::redis::dialect::forms::Walk::default();
        let work = async {
            let mut ground = Ground::new(wire, &facts, &limits);
            ground.until = Instant::now() + time;
            let mut scanner = Scanner::new(&everything, most);
            let mut prefixes = Prefixes::default();
            while let Some(keys) = scanner.next(&mut ground).await? {
                for key in &keys {
                    prefixes.add(key, 1);
                }
            }
            ground.until = Instant::now() + time;
            prefixes.describe(&mut ground).await?;
            Ok((prefixes, scanner.is_complete()))
        };
        match timeout(time * 2 + GRACE, work).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fail)) => Err(match run::outcome(fail) {
                Outcome::Lost(words) => {
                    self.wire = None;
                    SessionError::Lost(words)
                }
                Outcome::Refused(message) => SessionError::Server(message),
                Outcome::Cannot(words) => SessionError::Unsupported(words),
                Outcome::Done(_) => SessionError::Unsupported(String::new()),
            }),
            Err(_) => {
                self.wire = None;
                Err(SessionError::Lost("the keys could not be looked at in time".into()))
            }
        }
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }
}

#[async_trait]
impl Session for RedisSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let words = run::own_words(query.text, params)?;
        let limits = Limits { rows: OWN_ROWS, bytes: 64 << 20, timeout_ms: query.timeout_ms, ..Limits::default() };
        let mut collector = Collector::new(limits);
        self.carry_out(&words, &limits, &CancellationToken::new(), &mut collector).await?;
        Ok(collector.into_rows())
    }

    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let words = run::words(statement.statement())?;
        if let Some(why) = self.ready().await?.fence().why_silent() {
            return Err(SessionError::Server(ServerMessage {
                code: "REFUSED".into(),
                message: format!(
                    "nothing is sent: this server does not say whether its commands are what their names say ({why})"
                ),
                hint: Some("let this login ask for it: +command|info (before Redis 7 +command)".into()),
                ..ServerMessage::default()
            }));
        }
        let summary = self.carry_out(&words, limits, stop, sink).await;
        // Nothing resets a connection to what it was. One on which anything else was sent than a read that our list
        // knows (a name, another database, another user) is not used again.
        if !is_listed(&words) {
            self.wire = None;
        }
        summary
    }

    fn memory(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }

    async fn act(
        &mut self,
        approved: Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let wire = self.ready().await.map_err(ActError::NotDone)?;
        let result = fix::act(wire, approved, plan, witness, stop).await;
        if result.is_err() {
            // Watches, and a transaction that was begun, go with the connection.
            self.wire = None;
        }
        result
    }

    async fn close(mut self: Box<Self>) {
        if let Some(wire) = self.wire.take() {
            let _ = timeout(GOODBYE, wire.close()).await;
        }
    }
}

impl RedisSession {
    /// The connection at rest with our own number on it, for what needs several answers from one connection.
    pub(crate) async fn at_rest(&mut self) -> Result<(&mut Wire, Option<i64>), SessionError> {
        let us = self.facts.client_id;
        Ok((self.ready().await?, us))
    }

    /// What is remembered between two samples.
    pub(crate) fn remembered(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

/// A read of our list, or a form made of such reads.
fn is_listed(words: &[Vec<u8>]) -> bool {
    matches!(dialect::forms::parse(words), Some(Ok(_))) || dialect::classify::is_read(words)
}

/// Milliseconds since a moment.
fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
