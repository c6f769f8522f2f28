//! The thread that owns one connection. rusqlite blocks, so a session's async half only sends commands here and
//! receives batches of rows; whatever runs can be stopped from there at any moment.

use super::authorizer::{self, Door, Gate};
use super::{aside, cells};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::rows::{Column, Limits, Rows, Value};
use crate::engine::{Collector, Param, Query, RowSink};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, InterruptHandle, Statement, ToSql};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What the thread can be asked for.
pub(super) enum Command {
    /// One of our own queries.
    Own { query: &'static Query, params: Vec<Param>, stop: CancellationToken, answer: oneshot::Sender<Own> },
    /// A statement that the guard allowed.
    Read { statement: String, limits: Limits, stop: CancellationToken, pieces: mpsc::Sender<Piece> },
    /// To close its connection until an act that needs the file alone is over.
    MakeWay(aside::Request),
}

/// How whatever runs on the thread's connection is interrupted, also after the file was opened again.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<Mutex<InterruptHandle>>);

impl Interrupt {
    /// That of this connection.
    pub(super) fn of(connection: &Connection) -> Self {
        Self(Arc::new(Mutex::new(connection.get_interrupt_handle())))
    }
    /// The thread has another connection now.
    pub(super) fn moves_to(&self, connection: &Connection) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = connection.get_interrupt_handle();
    }
    /// Interrupts what runs.
    pub(super) fn interrupt(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).interrupt();
    }
}

/// The answer to one of our own queries.
pub(super) type Own = Result<Rows, SessionError>;

/// A part of the answer to a read; `End` is always the last.
pub(super) enum Piece {
    /// The columns, before any row.
    Columns(Vec<Column>),
    /// Some rows.
    Rows(Vec<Vec<Value>>),
    /// Nothing more comes.
    End(Result<(), SessionError>),
}

/// Rows sent together, at most: enough to make the channel cheap, few enough to stop promptly.
const BATCH_ROWS: usize = 64;
/// Bytes of cells sent together, at most.
const BATCH_BYTES: usize = 256 << 10;
/// Rows that came slowly are not held back longer than this for company.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// Instructions of SQLite's virtual machine between two looks at the clock and the stop token: some ten microseconds.
const INSTRUCTIONS_PER_LOOK: i32 = 1000;
/// Time between two tries for the read lock.
const LOCK_RETRY: Duration = Duration::from_millis(5);
/// The smallest read that takes the read lock. It also tells whether the schema changed since the last one.
const SNAPSHOT: &str = "PRAGMA main.schema_version";
/// Virtual tables of the file. More of them than this is no file that a person made.
const VIRTUAL_TABLES: &str =
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%' LIMIT 200";
/// Bytes that one row of a result may take in SQLite's memory: shared by its columns.
const ROW_BYTES: usize = 64 << 20;
/// Bounds of the largest value that a statement may make or read, whatever its number of columns.
const VALUE_BYTES: (usize, usize) = (2 << 20, 32 << 20);

/// The connection and its gate.
pub(super) struct Worker {
    connection: Connection,
    gate: Gate,
    /// The schema whose virtual tables have been met.
    met: Cell<Option<i64>>,
}

impl Worker {
    /// Takes over an opened connection whose authorizer is `gate`.
    pub(super) fn new(connection: Connection, gate: Gate) -> Self {
        Self { connection, gate, met: Cell::new(None) }
    }

    /// Serves commands until the session is gone, until the connection can no longer be trusted, or until it has to make
    /// way. The connection is closed when this returns.
    pub(super) fn run(self, commands: &mut mpsc::Receiver<Command>) -> Option<aside::Request> {
        while let Some(command) = commands.blocking_recv() {
            match command {
                Command::Own { query, params, stop, answer } => {
                    let result = self.own(query, &params, stop);
                    // Nobody waits any more when the caller was dropped; the next command is independent of it.
                    let _ = answer.send(result);
                }
                Command::Read { statement, limits, stop, pieces } => {
                    let result = self.read(&statement, &limits, stop, &pieces);
                    let _ = pieces.blocking_send(Piece::End(result));
                }
                Command::MakeWay(request) if request.is_late() => {}
                Command::MakeWay(request) => return Some(request),
            }
            if !self.is_clean() {
                return None;
            }
        }
        None
    }

    fn own(&self, query: &'static Query, params: &[Param], stop: CancellationToken) -> Own {
        let limits = Limits { timeout_ms: query.timeout_ms, ..Limits::default() };
        let mut collector = Collector::new(limits);
        self.framed(Door::Own, &limits, stop, |watch| {
            let mut statement = self.connection.prepare_cached(query.text).map_err(|e| self.explain(e, watch))?;
            for (index, param) in params.iter().enumerate() {
                let value: &dyn ToSql = match param {
                    Param::Text(text) => text,
                    Param::Int(number) => number,
                };
                statement.raw_bind_parameter(index + 1, value).map_err(|e| self.explain(e, watch))?;
            }
            self.stream(&mut statement, &limits, watch, &mut collector)
        })?;
        Ok(collector.into_rows())
    }

    fn read(
        &self,
        text: &str,
        limits: &Limits,
        stop: CancellationToken,
        pieces: &mpsc::Sender<Piece>,
    ) -> Result<(), SessionError> {
        if !authorizer::begins_like_a_read(text) {
            return Err(refused("only SELECT, WITH, VALUES, EXPLAIN and reading PRAGMAs may run here"));
        }
        self.framed(Door::Read, limits, stop, |watch| {
            // `prepare` refuses a second statement behind the first.
            let mut statement = self.connection.prepare(text).map_err(|e| self.explain(e, watch))?;
            if statement.column_count() == 0 || !(statement.readonly() || self.gate.asked_journal_mode()) {
                return Err(refused("it gives no rows or is not read-only by SQLite's own judgement"));
            }
            let mut sender = Sender::new(pieces, limits);
            self.stream(&mut statement, limits, watch, &mut sender)?;
            let _ = sender.flush();
            Ok(())
        })
    }

    /// The frame of every statement: a deferred transaction with its snapshot taken first, the watch set, and a
    /// rollback at the end whatever happened.
    fn framed<T>(
        &self,
        door: Door,
        limits: &Limits,
        stop: CancellationToken,
        work: impl FnOnce(&Watch) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let watch = Watch::new(limits, stop);
        let looker = watch.clone();
        self.connection
            .progress_handler(INSTRUCTIONS_PER_LOOK, Some(move || looker.is_over()))
            .map_err(|e| self.explain(e, &watch))?;
        self.gate.open(Door::Frame);
        let begun = self.connection.execute_batch("BEGIN DEFERRED").map_err(|e| self.explain(e, &watch));
        let result = begun.and_then(|()| self.take_snapshot(limits, &watch)).and_then(|()| {
            self.gate.open(door);
            work(&watch)
        });
        self.connection.progress_handler(0, None::<fn() -> bool>).map_err(|e| self.explain(e, &watch))?;
        self.roll_back();
        result
    }

    /// Takes the read lock of the file, waiting for it no longer than the lock timeout. With the lock held no
    /// statement of this transaction can find the file busy. Waiting is ours, since SQLite's own waiting cannot be
    /// stopped.
    fn take_snapshot(&self, limits: &Limits, watch: &Watch) -> Result<(), SessionError> {
        let patience = Instant::now() + Duration::from_millis(limits.lock_timeout_ms);
        self.gate.open(Door::Own);
        loop {
            let version = self.connection.prepare_cached(SNAPSHOT).and_then(|mut s| s.query_row([], |row| row.get(0)));
            let error = match version {
                Ok(version) => {
                    self.meet_virtual_tables(version);
                    return Ok(());
                }
                Err(error) => error,
            };
            let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
            if busy && watch.is_over() {
                return Err(watch.verdict());
            }
            if !busy || Instant::now() >= patience {
                return Err(self.explain(error, watch));
            }
            std::thread::park_timeout(LOCK_RETRY);
        }
    }

    /// Connects to the virtual tables once for each version of the schema. What cannot be connected to (a module that
    /// we do not have) says so when a statement uses it.
    fn meet_virtual_tables(&self, schema_version: i64) {
        if self.met.replace(Some(schema_version)) == Some(schema_version) {
            return;
        }
        let names: Vec<String> = self
            .connection
            .prepare_cached(VIRTUAL_TABLES)
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .unwrap_or_default();
        self.gate.open(Door::VirtualTables);
        for name in names {
            let _ = self.connection.prepare(&format!("SELECT 1 FROM main.\"{}\"", name.replace('"', "\"\"")));
        }
    }

    fn roll_back(&self) {
        self.gate.open(Door::Frame);
        // A stop can still hit the first try; `is_clean` notices when both fail.
        for _ in 0..2 {
            if self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok() {
                break;
            }
        }
        self.gate.open(Door::Shut);
    }

    fn is_clean(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Steps a prepared statement and hands its rows to a sink until one of them has enough.
    fn stream(
        &self,
        statement: &mut Statement<'_>,
        limits: &Limits,
        watch: &Watch,
        sink: &mut dyn RowSink,
    ) -> Result<(), SessionError> {
        let count = statement.column_count();
        self.bound_values(count).map_err(|e| self.explain(e, watch))?;
        let mut columns = Some(cells::columns(statement));
        let mut rows = statement.raw_query();
        loop {
            let row = rows.next().map_err(|e| self.explain(e, watch))?;
            if let Some(mut columns) = columns.take() {
                if let Some(row) = row {
                    cells::settle_alignment(&mut columns, row);
                }
                sink.columns(columns);
            }
            let Some(row) = row else { return Ok(()) };
            let mut cells = Vec::with_capacity(count);
            for index in 0..count {
                let cell = row.get_ref(index).map_err(|e| self.explain(e, watch))?;
                cells.push(cells::value(cell, limits.cell_bytes));
            }
            if sink.row(cells).is_break() {
                return Ok(());
            }
        }
    }

    fn bound_values(&self, columns: usize) -> rusqlite::Result<()> {
        let share = (ROW_BYTES / columns.max(1)).clamp(VALUE_BYTES.0, VALUE_BYTES.1);
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(share).unwrap_or(i32::MAX)).map(drop)
    }

    /// SQLite's error as ours: what the gate said, why the watch stopped it, or the server's own words.
    fn explain(&self, error: rusqlite::Error, watch: &Watch) -> SessionError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => return watch.verdict(),
            Some(ErrorCode::AuthorizationForStatementDenied) => {
                return refused(&self.gate.refusal().unwrap_or_else(|| "SQLite's authorizer said no".into()));
            }
            _ => {}
        }
        cells::server_error(error)
    }
}

fn refused(reason: &str) -> SessionError {
    SessionError::Server(ServerMessage {
        code: "23".into(), // SQLITE_AUTH
        message: format!("not authorized: {reason}"),
        ..ServerMessage::default()
    })
}

/// Ends a statement: when the person stops it, when nobody waits for it any more, and when its time is over.
#[derive(Clone)]
pub(super) struct Watch {
    stop: CancellationToken,
    deadline: Instant,
    timeout_ms: u64,
}

impl Watch {
    pub(super) fn new(limits: &Limits, stop: CancellationToken) -> Self {
        let deadline = Instant::now() + Duration::from_millis(limits.timeout_ms);
        Self { stop, deadline, timeout_ms: limits.timeout_ms }
    }
    pub(super) fn is_over(&self) -> bool {
        self.stop.is_cancelled() || Instant::now() >= self.deadline
    }
    pub(super) fn verdict(&self) -> SessionError {
        if self.stop.is_cancelled() { SessionError::Canceled } else { SessionError::Deadline(self.timeout_ms) }
    }
}

/// Sends rows in batches, and stops one row past the caps so that the receiver can tell that there were more.
struct Sender<'a> {
    pieces: &'a mpsc::Sender<Piece>,
    limits: &'a Limits,
    batch: Vec<Vec<Value>>,
    batch_bytes: usize,
    flushed: Instant,
    rows: usize,
    bytes: usize,
}

impl<'a> Sender<'a> {
    fn new(pieces: &'a mpsc::Sender<Piece>, limits: &'a Limits) -> Self {
        Self { pieces, limits, batch: Vec::new(), batch_bytes: 0, flushed: Instant::now(), rows: 0, bytes: 0 }
    }
    fn flush(&mut self) -> ControlFlow<()> {
        self.flushed = Instant::now();
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.send(Piece::Rows(batch))
    }
    fn send(&self, piece: Piece) -> ControlFlow<()> {
        match self.pieces.blocking_send(piece) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl RowSink for Sender<'_> {
    fn columns(&mut self, columns: Vec<Column>) {
        // When nobody listens any more, the first row notices it.
        let _ = self.send(Piece::Columns(columns));
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        let size = row.iter().map(Value::size).sum::<usize>();
        self.rows += 1;
        self.bytes += size;
        self.batch_bytes += size;
        self.batch.push(row);
        let full = self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES;
        if full || self.flushed.elapsed() >= BATCH_TIME {
            self.flush()?;
        }
        if self.rows > self.limits.rows || self.bytes > self.limits.bytes {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
