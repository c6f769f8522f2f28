//! One task a target: owns the chat's session, reads schemas, runs allowed statements, writes exports.

use super::attempts::Recorder;
use super::connect::Door;
use super::fixing::Room;
use super::survey::{self, Inspector};
use crate::app::effect::{ReadRequest, SurveyRequest};
use crate::app::event::{Event, ReadError, ReadResult, RequestId, Surveyed};
use crate::domain::attempt;
use crate::domain::error_event::{ConnectError, SessionError};
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::interchange::ExportFormat;
use crate::domain::rows::{Column, Limits, RowSink, Value};
use crate::domain::schedule::{Backoff, Jitter};
use crate::domain::schema::Schema;
use crate::domain::target::TargetId;
use crate::engine::{Collector, EngineSpec, ReadSummary, Session};
use crate::export::RowWriter;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The chat's session is given back to the server after this time without use.
const IDLE: Duration = Duration::from_mins(2);
/// Longest time to connect and read a schema.
const SCHEMA_DEADLINE: Duration = Duration::from_secs(20);
/// Longest time for which a person waits for retries of a connection that fails at once.
const RETRIES: Duration = Duration::from_secs(5);
/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What a reader is told.
pub(super) enum Read {
    /// Read a database's objects.
    Schema(Option<String>),
    /// Run a turn's statements.
    Turn(ReadRequest, CancellationToken),
    /// Look at an act, which this login would run and so many persons have to approve.
    Survey(SurveyRequest, Option<String>, u8),
    /// Run one statement into a file.
    Export(ReadRequest, ExportFormat, PathBuf, CancellationToken),
}

/// A target's reading task.
pub(super) struct Reader {
    id: TargetId,
    spec: &'static EngineSpec,
    door: Door,
    safe_functions: Vec<String>,
    session: Option<(Option<String>, Box<dyn Session>)>,
    catalog: Arc<Catalog>,
    attempts: Recorder,
    backoff: Backoff,
    /// Asks for the session when it is needed more elsewhere.
    room: Room,
    out: mpsc::Sender<Event>,
}

impl Reader {
    /// A reader that is not connected yet.
    pub(super) fn new(
        id: TargetId,
        spec: &'static EngineSpec,
        door: Door,
        backoff: Backoff,
        out: mpsc::Sender<Event>,
    ) -> Self {
        let attempts = Recorder::new(id.clone(), out.clone());
        Self {
            id,
            spec,
            door,
            safe_functions: Vec::new(),
            session: None,
            catalog: Arc::default(),
            attempts,
            backoff,
            room: Room::default(),
            out,
        }
    }

    /// Gives its session up when a fix of the target has no other way in.
    pub(super) fn making_room(mut self, room: Room) -> Self {
        self.room = room;
        self
    }

    /// Functions that a person has declared to be pure reads.
    pub(super) fn with_safe_functions(mut self, functions: Vec<String>) -> Self {
        self.safe_functions = functions;
        self
    }

    /// Runs until its owner drops the other end; then the session is closed in order.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Read>) {
        loop {
            let order = tokio::select! {
                order = timeout(IDLE, orders.recv()) => order,
                // A fix has no other way in: what is asked next here waits for a connection of its own.
                () = self.room.wanted() => {
                    self.disconnect().await;
                    continue;
                }
            };
            let order = match order {
                Ok(Some(order)) => order,
                Ok(None) => break,
                Err(_) => {
                    self.disconnect().await;
                    continue;
                }
            };
            match order {
                Read::Schema(database) => {
                    let result = self.schema(database.as_deref()).await;
                    self.tell(Event::SchemaLoaded(self.id.clone(), database, result)).await;
                }
                Read::Survey(request, login, approvers) => {
                    let (id, found) = (request.id, self.survey(request, login.as_deref(), approvers).await);
                    self.tell(Event::Surveyed(super::clock::now(), id, found)).await;
                }
                Read::Turn(request, stop) => self.turn(request, &stop).await,
                Read::Export(request, format, path, stop) => self.export(request, format, path, &stop).await,
            }
        }
        self.disconnect().await;
    }

    async fn disconnect(&mut self) {
        if let Some((_, session)) = self.session.take() {
            let _ = timeout(Duration::from_secs(1), session.close()).await;
        }
    }

    async fn tell(&mut self, event: Event) {
        let _ = self.out.send(event).await;
    }

    async fn schema(&mut self, database: Option<&str>) -> Result<(Arc<Schema>, Arc<Catalog>), String> {
        let spec = self.spec;
        let deadline = SCHEMA_DEADLINE + self.door.patience();
        let work = async {
            let session = self.session(database).await.map_err(|e| e.to_string())?;
            (spec.schema)(session).await.map_err(|e| e.to_string())
        };
        match timeout(deadline, work).await {
            Ok(Ok((mut schema, mut catalog))) => {
                catalog.declare_safe(&self.safe_functions);
                schema.taken_at = super::clock::now();
                self.catalog = Arc::new(catalog);
                Ok((Arc::new(schema), Arc::clone(&self.catalog)))
            }
            Ok(Err(words)) => {
                self.session = None;
                Err(words)
            }
            Err(_) => {
                self.session = None;
                Err(format!("no answer within {} s", deadline.as_secs()))
            }
        }
    }

    async fn session(&mut self, database: Option<&str>) -> Result<&mut dyn Session, SessionError> {
        if self.session.as_ref().is_some_and(|(open, _)| open.as_deref() != database) {
            self.disconnect().await;
        }
        if self.session.is_none() {
            let session = self.connect(database).await?;
            self.session = Some((database.map(str::to_owned), session));
        }
        match &mut self.session {
            Some((_, session)) => Ok(&mut **session),
            None => Err(SessionError::Lost("no session".into())),
        }
    }

    /// Connects; tries again while that makes sense. Whoever waits for it has a deadline and may stop it.
    async fn connect(&mut self, database: Option<&str>) -> Result<Box<dyn Session>, ConnectError> {
        let mut jitter = Jitter::new(self.id.as_str(), super::clock::now().0);
        let (began, mut failures) = (Instant::now(), 0);
        loop {
            let error = match self.attempts.open(&self.door, self.spec, database, attempt::Purpose::Chat).await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            failures += 1;
            let transient = self.spec.dialect.recovery(error.kind, &error.code).is_transient();
            let wait = Duration::from_millis(self.backoff.wait_ms(failures, &mut jitter));
            if !transient || failures >= self.backoff.attempts || began.elapsed() + wait > RETRIES {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn survey(
        &mut self,
        request: SurveyRequest,
        login: Option<&str>,
        approvers: u8,
    ) -> Result<Box<Surveyed>, ReadError> {
        let spec = self.spec;
        let deadline = SCHEMA_DEADLINE + self.door.patience();
        let catalog = Arc::clone(&self.catalog);
        let database = request.draft.database.clone();
        let work = async {
            let session = self.session(database.as_deref()).await?;
            Inspector { spec, catalog: &catalog, login, approvers }.look(session, request).await
        };
        let (answer, usable) = survey::answer(timeout(deadline, work).await.ok(), deadline);
        if !usable {
            self.session = None;
        }
        answer
    }

    async fn turn(&mut self, request: ReadRequest, stop: &CancellationToken) {
        for (index, statement) in request.statements.iter().enumerate() {
            let mut sink = Progress::new(Collector::new(request.limits), request.id, self.out.clone());
            let result = self.read(statement, request.database.as_deref(), &request.limits, stop, &mut sink).await;
            let result = result.map(|summary| {
                let rows = sink.inner.into_rows();
                Box::new(ReadResult { rows, took_ms: summary.took_ms, notices: summary.notices })
            });
            let failed = result.is_err();
            self.tell(Event::ReadDone(super::clock::now(), request.id, index, result)).await;
            if failed {
                break;
            }
        }
    }

    /// The last gate: judged again, from the very bytes that are sent.
    async fn read(
        &mut self,
        statement: &str,
        database: Option<&str>,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, ReadError> {
        let catalog = Arc::clone(&self.catalog);
        let allowed =
            guard::allow(self.spec.dialect, Author::Person, &catalog, statement).map_err(ReadError::Refused)?;
        // The session keeps the deadline itself; this one is for a session that cannot even do that.
        let deadline = Duration::from_millis(limits.timeout_ms.saturating_add(10_000)) + self.door.patience();
        let work = async { self.session(database).await?.read(allowed, limits, stop, sink).await };
        let result = tokio::select! {
            result = timeout(deadline, work) => {
                result.unwrap_or(Err(SessionError::Deadline(limits.timeout_ms)))
            }
            () = async { stop.cancelled().await; tokio::time::sleep(Duration::from_millis(1_500)).await } => {
                Err(SessionError::Canceled)
            }
        };
        if let Err(error) = &result
            && !matches!(error, SessionError::Server(_))
        {
            // Stopped, late or lost: the next statement gets a fresh session.
            self.session = None;
        }
        result.map_err(ReadError::Session)
    }

    async fn export(&mut self, request: ReadRequest, format: ExportFormat, path: PathBuf, stop: &CancellationToken) {
        let words = match RowWriter::create(&path, format) {
            Ok(inner) => {
                let mut sink = Progress::new(inner, request.id, self.out.clone());
                let statement = request.statements.first().cloned().unwrap_or_default();
                let read = self.read(&statement, request.database.as_deref(), &request.limits, stop, &mut sink).await;
                match read {
                    Err(error) => Err(crate::app::chat::read_error(&error)),
                    Ok(_) => sink
                        .inner
                        .keep()
                        .map(|written| format!("{} rows written to {}", written.rows, path.display()))
                        .map_err(|e| format!("writing {} failed: {e}", path.display())),
                }
            }
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
        let failure = words.is_err();
        let words = words.unwrap_or_else(|e| e);
        let now = super::clock::now();
        self.tell(Event::ExportDone(now, request.id)).await;
        self.tell(Event::Message(now, words, failure)).await;
    }
}

/// Counts rows on their way and tells how many, now and then.
struct Progress<S> {
    inner: S,
    rows: u64,
    told: Instant,
    id: RequestId,
    out: mpsc::Sender<Event>,
}

impl<S> Progress<S> {
    fn new(inner: S, id: RequestId, out: mpsc::Sender<Event>) -> Self {
        Self { inner, rows: 0, told: Instant::now(), id, out }
    }
}

impl<S: RowSink> RowSink for Progress<S> {
    fn columns(&mut self, columns: Vec<Column>) {
        self.inner.columns(columns);
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        self.rows += 1;
        if self.rows.is_multiple_of(64) && self.told.elapsed() >= PROGRESS_EVERY {
            self.told = Instant::now();
            let _ = self.out.try_send(Event::ReadProgress(self.id, self.rows));
        }
        self.inner.row(row)
    }
}
