//! One target, opened for one turn: its session, its objects, and the way of a statement through the guard.

use super::host::HeadlessTarget;
use super::{Ended, Exit, Headless};
use crate::app::event::ReadError;
use crate::app::library::Library;
use crate::app::turn::Context;
use crate::domain::error_event::{ConnectError, ConnectKind, SessionError};
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::rows::{Limits, RowSink};
use crate::domain::schema::Schema;
use crate::engine::gates::{self, Gate};
use crate::engine::{self, EngineSpec, ReadSummary, Session};
use std::sync::LazyLock;
use tokio_util::sync::CancellationToken;

/// What is known of every engine.
pub(super) static LIBRARY: LazyLock<Library> = LazyLock::new(library);

/// Every engine's pure half.
pub fn library() -> Library {
    Library {
        dialects: engine::ENGINES.iter().map(|e| e.dialect).collect(),
        namings: engine::names_with_errors().into_iter().filter_map(engine::errors_of).collect(),
    }
}

/// Time for saying goodbye to a server, milliseconds.
const GOODBYE_MS: u64 = 1_000;

/// A target that is connected, with what is known of its objects.
pub(super) struct Opened {
    spec: &'static EngineSpec,
    session: Box<dyn Session>,
    schema: Schema,
    catalog: Catalog,
}

/// The engine of a target.
pub(super) fn engine_of(target: &HeadlessTarget) -> Result<&'static EngineSpec, Ended> {
    engine::by_name(target.target.engine.0)
        .ok_or_else(|| Ended::with(Exit::Fault, format!("there is no engine {}", target.target.engine)))
}

impl Opened {
    /// Connects and reads the objects. The guard needs them: without them a view counts as a plain table.
    pub(super) async fn open(
        target: &HeadlessTarget,
        io: &Headless<'_>,
        stop: &CancellationToken,
    ) -> Result<Self, Ended> {
        let spec = engine_of(target)?;
        let work = async {
            let mut session = io.host.connect(&target.target.id).await.map_err(|e| connect_ended(target, &e))?;
            let (schema, mut catalog) = (spec.schema)(&mut *session).await.map_err(|e| {
                let (exit, words) = session_ended(&e);
                Ended::with(exit, format!("{}: the objects could not be read: {words}", target.target.id))
            })?;
            catalog.declare_safe(&target.allow_functions);
            Ok(Self { spec, session, schema, catalog })
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(stopped()),
            opened = work => opened,
        }
    }

    /// Adds objects to those that the guard knows.
    pub(super) fn know_also(&mut self, catalog: Catalog) {
        self.catalog.add(catalog);
    }

    /// What the guard knows of the objects.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Asks the server for the gates behind the guard.
    pub(super) async fn gates(&mut self) -> Result<Vec<Gate>, SessionError> {
        gates::ask(self.spec, &mut *self.session).await
    }

    /// What planning needs to know.
    pub(super) fn context(&self, io: &Headless<'_>) -> Context<'_> {
        Context {
            dialect: self.spec.dialect,
            schema: &self.schema,
            catalog: &self.catalog,
            library: &LIBRARY,
            now: io.host.now(),
            offset_minutes: io.offset_minutes,
        }
    }

    /// Runs a planned statement. The guard judges it here again, because only what it allows passes the door.
    pub(super) async fn read(
        &mut self,
        statement: &str,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, ReadError> {
        let allowed =
            guard::allow(self.spec.dialect, Author::Person, &self.catalog, statement).map_err(ReadError::Refused)?;
        self.session.read(allowed, limits, stop, sink).await.map_err(ReadError::Session)
    }

    /// Ends the session in order.
    pub(super) async fn close(self, io: &Headless<'_>) {
        tokio::select! {
            () = self.session.close() => {}
            () = io.host.sleep(GOODBYE_MS) => {}
        }
    }
}

/// The exit of a failed read.
pub(super) fn read_exit(error: &ReadError) -> Exit {
    match error {
        ReadError::Refused(_) => Exit::Refused,
        ReadError::Session(error) => session_ended(error).0,
    }
}

/// The exit and the words of a failed connection.
pub(super) fn connect_ended(target: &HeadlessTarget, error: &ConnectError) -> Ended {
    Ended::with(connect_exit(error.kind), format!("{}: {}", target.target.id, error.message))
}

/// The end of a command that the person stopped before there was anything to cancel.
pub(super) fn stopped() -> Ended {
    Ended::with(Exit::Findings, "stopped")
}

fn connect_exit(kind: ConnectKind) -> Exit {
    match kind {
        ConnectKind::Settings => Exit::Usage,
        _ => Exit::Unreachable,
    }
}

pub(super) fn session_ended(error: &SessionError) -> (Exit, String) {
    let exit = match error {
        SessionError::Connect(error) => connect_exit(error.kind),
        SessionError::Lost(_) => Exit::Unreachable,
        SessionError::Server(_) | SessionError::Deadline(_) | SessionError::Canceled | SessionError::Unsupported(_) => {
            Exit::Findings
        }
    };
    (exit, error.to_string())
}
