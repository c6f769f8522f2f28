//! The live connection: the three doors, deadlines and stopping.
//!
//! `begin` learns who is there, `powers` what we may do, `own`, `read` and `act` are the doors, `frame` is what is always
//! ours in a command, and `stop` ends on the server what we no longer want.

mod act;
mod begin;
mod frame;
mod own;
mod powers;
mod read;
mod stop;

use super::connect::{Role, Route};
use super::dialect::command;
use super::sample::Memory;
use super::wire::{Refusal, Wire, WireError};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, Rows};
use crate::domain::target::Identity;
use crate::engine::{ActError, Acted, Param, Query, ReadSummary, RowSink, Session, Witness};
use async_trait::async_trait;
use bson::{Document, RawDocumentBuf};
pub(super) use own::document;
use std::any::Any;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The client gives the server this much longer than the server gives a command.
const GRACE: Duration = Duration::from_secs(1);
/// A stopped command has this long to end before the connection is given up.
const DRAIN: Duration = Duration::from_secs(1);

/// What the rest of the engine must know about the server.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The connected database.
    pub(super) database: String,
    pub(super) role: Role,
    /// The newest protocol that the server speaks; see [`super::connect::Hello`].
    pub(super) wire_version: i64,
    /// The operations of others are visible.
    pub(super) sees_all: bool,
    /// Which members may answer.
    read_preference: &'static str,
}

/// A session with a MongoDB server.
pub(super) struct MongoSession {
    wire: Option<Wire>,
    route: Route,
    identity: Identity,
    facts: Facts,
    /// Random text in the comment of every command, by which the server's list of operations tells ours apart.
    tag: String,
    /// Commands sent; with the tag, the name of one.
    count: u64,
    memory: Memory,
}

impl MongoSession {
    /// What was learned at the beginning.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }
    /// What the sampler and the views remember.
    pub(super) fn remembered(&mut self) -> &mut Memory {
        &mut self.memory
    }
    /// The engine's session behind the seam's.
    pub(super) fn behind(session: &mut dyn Session) -> Result<&mut Self, SessionError> {
        let other = || SessionError::Unsupported("this is a session of another engine".into());
        session.memory().ok_or_else(other)?.downcast_mut().ok_or_else(other)
    }

    /// Asks something of our own, and gives the reply of a command that succeeded within its time.
    pub(super) async fn ask(
        &mut self,
        database: &str,
        command: Document,
        timeout_ms: u64,
    ) -> Result<RawDocumentBuf, SessionError> {
        let started = Instant::now();
        self.ready().await?;
        let command = self.framed(command, timeout_ms);
        let Some(wire) = self.wire.as_mut() else { return Err(closed()) };
        match timeout(Duration::from_millis(timeout_ms) + GRACE, wire.ask(database, command)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(WireError::Refused(refusal))) => Err(refused(refusal, elapsed_ms(started))),
            Ok(Err(error)) => Err(self.lost(&error)),
            // The server's own limit passed without a word: something between does not answer. The server ends what
            // a closed connection asked for.
            Err(_) => {
                self.wire = None;
                Err(SessionError::Lost(format!("no answer within {timeout_ms} ms and a second more")))
            }
        }
    }

    /// Asks something of our own that only reads: the same last look as for a statement that the guard allowed, so
    /// that whoever asks through here changes nothing.
    pub(super) async fn look(
        &mut self,
        database: &str,
        command: Document,
        timeout_ms: u64,
    ) -> Result<RawDocumentBuf, SessionError> {
        match frame::objection(&command) {
            Some(objection) => Err(SessionError::Unsupported(objection)),
            None => self.ask(database, command, timeout_ms).await,
        }
    }

    /// A user is named in the URL; without one, the server asks for none.
    pub(super) fn has_login(&self) -> bool {
        self.route.user().is_some()
    }

    /// The connection at rest: what a dropped future left behind is awaited for a moment.
    async fn ready(&mut self) -> Result<(), SessionError> {
        let wire = self.wire.as_mut().ok_or_else(closed)?;
        if wire.is_at_rest() {
            return Ok(());
        }
        match timeout(DRAIN, wire.receive()).await {
            Ok(Ok(_) | Err(WireError::Refused(_))) if wire.is_at_rest() => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error)),
            _ => {
                self.wire = None;
                Err(SessionError::Lost("an earlier command was left behind and does not end".into()))
            }
        }
    }

    /// A command with what is always ours.
    fn framed(&mut self, command: Document, timeout_ms: u64) -> Document {
        self.count += 1;
        let comment = self.comment();
        let Facts { read_preference, wire_version, .. } = self.facts;
        frame::Frame { comment: &comment, read_preference, wire_version }.around(command, timeout_ms)
    }

    /// The name of the command that was framed last.
    fn comment(&self) -> String {
        format!("{} {}", self.tag, self.count)
    }

    fn lost(&mut self, error: &WireError) -> SessionError {
        self.wire = None;
        SessionError::Lost(error.words())
    }
}

#[async_trait]
impl Session for MongoSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        match super::views::shape(query).or_else(|| super::diagnose::shape(query)) {
            Some(shape) => shape(self, query).await,
            None => self.flat(query, params).await,
        }
    }

    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let command = command::parse(statement.statement())
            .map_err(|error| SessionError::Unsupported(format!("the statement cannot be read: {}", error.message)))?;
        let database = command.database.unwrap_or_else(|| self.facts.database.clone());
        self.read_command(&database, command.document, limits, stop, sink).await
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
        self.carry_out(&approved, plan, witness, stop).await
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

/// The server's refusal of a command. Its own time limit is our deadline; a server that shuts down or steps down ends
/// the session.
fn refused(refusal: Refusal, took_ms: u64) -> SessionError {
    match refusal.code {
        // MaxTimeMSExpired.
        50 => SessionError::Deadline(took_ms),
        // InterruptedAtShutdown, ShutdownInProgress, InterruptedDueToReplStateChange.
        11_600 | 91 | 11_602 => SessionError::Lost(refusal.message),
        code => SessionError::Server(ServerMessage {
            code: code.to_string(),
            message: refusal.message,
            detail: Some(refusal.name).filter(|name| !name.is_empty()),
            hint: hint(code),
            position: None,
        }),
    }
}

/// What to do about a refusal that a DBA meets often.
fn hint(code: i64) -> Option<String> {
    let words = match code {
        13 => "this login may not do that; `doctor` prints the roles that it needs",
        26 => "there is no such collection or database here",
        43 => "the server closed the cursor: it was idle for too long, or somebody ended it",
        292 => "the sort or group needs more than 100 MB: an index in its order, or an earlier $match, avoids it",
        10_107 | 13_435 | 13_436 => "this member cannot answer reads now",
        _ => return None,
    };
    Some(words.to_owned())
}

/// Milliseconds since a moment.
fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
