//! The thread of one act: opens the file for writing, holds its write lock from the first look to the commit, and
//! closes it again.
//!
//! ```text
//! open, BEGIN IMMEDIATE -> objects as approved? -> prior rows -> undo to the witness -> the statement -> rows as
//! approved? -> what it left -> the undo is tried and taken back -> COMMIT
//! ```
//!
//! VACUUM, the journal mode and a checkpoint cannot happen in a transaction and run alone, after the same look.

use super::change::Verb;
use super::deed::{Deed, What};
use super::facts::{self, Catalogue, Facts};
use super::permit::Power;
use super::prior::Prior;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::proposal::survey::{Inverse, Survey};
use crate::domain::rows::{Limits, Rows};
use crate::engine::sqlite::authorizer::{Door, Gate};
use crate::engine::sqlite::worker::Watch;
use crate::engine::sqlite::{aside, cells, files, locks, open};
use crate::engine::{ActError, Acted, Collector, Param, Query, RowSink as _};
use async_trait::async_trait;
use futures::FutureExt as _;
use rusqlite::hooks::{Action, AuthContext};
use rusqlite::{Connection, ErrorCode, InterruptHandle, ToSql};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Instructions of SQLite's virtual machine between two looks at the clock and the stop token.
const INSTRUCTIONS_PER_LOOK: i32 = 1000;
/// Time between two tries for a lock.
const LOCK_RETRY: Duration = Duration::from_millis(5);
/// Rows of a RETURNING that are shown.
const RETURNED_ROWS: usize = 20;

/// What the thread asks the other side for.
pub(super) enum Request {
    /// Here is how a statement that runs is interrupted.
    Opened(InterruptHandle),
    /// The undo has to be on disk before this goes on.
    Inverse(Vec<String>, oneshot::Sender<Result<(), String>>),
    /// The same of the reads that tell what the undo passes over.
    PassedOver(Vec<String>, oneshot::Sender<Result<(), String>>),
}

/// Who has the last word: the thread that commits, or the other side that gave it up.
#[derive(Default)]
pub(super) struct State(AtomicU8);

const COMMITTING: u8 = 1;
const ABANDONED: u8 = 2;

impl State {
    /// Nobody waits any more. True when nothing was committed, and nothing will be.
    pub(super) fn abandon(&self) -> bool {
        self.0.compare_exchange(0, ABANDONED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
    /// From here on it may happen. False when nobody waits any more.
    fn commit(&self) -> bool {
        self.0.compare_exchange(0, COMMITTING, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// One act.
pub(super) struct Job {
    pub(super) path: PathBuf,
    pub(super) deed: Deed,
    pub(super) approved: Approved,
    pub(super) plan: Survey,
    pub(super) stop: CancellationToken,
    pub(super) state: Arc<State>,
    pub(super) requests: mpsc::Sender<Request>,
}

/// Does it.
pub(super) fn run(job: Job) -> Result<Acted, ActError> {
    let gate = Gate::default();
    is_the_file(&job.path, &job.plan)?;
    let connection = open::open_for_act(&job.path).map_err(|e| ActError::NotDone(cells::server_error(e)))?;
    is_the_file(&job.path, &job.plan)?;
    let limits = Limits { timeout_ms: job.plan.timeouts.statement_ms, ..Limits::default() };
    // No time limit is one that nobody lives to see.
    let limits = if limits.timeout_ms == 0 { Limits { timeout_ms: u64::from(u32::MAX), ..limits } } else { limits };
    let watch = Watch::new(&limits, job.stop.clone());
    let judge = gate.clone();
    let looker = watch.clone();
    connection
        .authorizer(Some(move |context: AuthContext<'_>| judge.judge(context)))
        .and_then(|()| connection.progress_handler(INSTRUCTIONS_PER_LOOK, Some(move || looker.is_over())))
        .map_err(|e| ActError::NotDone(cells::server_error(e)))?;
    let _ = job.requests.blocking_send(Request::Opened(connection.get_interrupt_handle()));
    let mut writer = Writer { connection, gate, watch, job };
    match writer.job.deed {
        Deed::Vacuum | Deed::JournalMode(_) | Deed::Checkpoint => writer.alone(),
        _ => writer.in_a_transaction(),
    }
}

/// The name may lead to another file by now.
fn is_the_file(path: &Path, plan: &Survey) -> Result<(), ActError> {
    if files::identity(path) == plan.place.server {
        Ok(())
    } else {
        Err(Refusal::Moved("another server answers at this address").into())
    }
}

/// The act's own connection.
pub(super) struct Writer {
    pub(super) connection: Connection,
    gate: Gate,
    watch: Watch,
    pub(super) job: Job,
}

#[async_trait]
impl Catalogue for Writer {
    async fn ask(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        self.gate.open(Door::Own);
        let mut collector = Collector::new(Limits::default());
        self.collect(query, params, &mut collector).map_err(|e| self.explain(e))?;
        Ok(collector.into_rows())
    }
}

impl Writer {
    fn in_a_transaction(&mut self) -> Result<Acted, ActError> {
        let started = Instant::now();
        self.patiently("BEGIN IMMEDIATE").map_err(ActError::NotDone)?;
        let done = self.approved_statement();
        let done = done.and_then(|acted| self.commit().map(|()| acted));
        if done.is_err() && !self.connection.is_autocommit() {
            self.gate.open(Door::ActFrame);
            let _ = self.connection.progress_handler(0, None::<fn() -> bool>);
            // What cannot be rolled back here is when the connection closes, a moment later.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done.map(|acted| Acted { took_ms: millis(started), ..acted })
    }

    /// Everything between BEGIN and COMMIT.
    fn approved_statement(&mut self) -> Result<Acted, ActError> {
        let facts = self.look()?;
        let mut prior = match (&self.job.deed, &self.job.plan.inverse) {
            (Deed::Rows(change), Inverse::FromRows(most)) => Some(Prior::new(change.clone(), &facts, *most)?),
            _ => None,
        };
        if let Some(prior) = prior.as_mut().filter(|prior| prior.verb() != Verb::Insert) {
            prior.read(self)?;
            self.witness(prior.undo())?;
        }
        let inserted = self.watch_inserts(prior.as_ref())?;
        let acted = self.send()?;
        self.connection.update_hook(None::<fn(Action, &str, &str, i64)>).map_err(|e| self.failed(e))?;
        if let Some(rows) = acted.rows {
            self.job.approved.accepts_rows(rows)?;
        }
        if let Some(prior) = &mut prior {
            if prior.verb() == Verb::Insert {
                let rowids = std::mem::take(&mut *inserted.lock().unwrap_or_else(PoisonError::into_inner));
                prior.take_inserted(self, &rowids)?;
            }
            prior.take_left(self)?;
            self.witness(prior.undo())?;
            self.have_kept(|reply| Request::PassedOver(prior.passed_over(), reply))?;
            prior.try_undo(self, acted.rows.unwrap_or(0))?;
        }
        Ok(acted)
    }

    /// What cannot run in a transaction. It is looked at right before, and is all or nothing by itself.
    fn alone(&mut self) -> Result<Acted, ActError> {
        let started = Instant::now();
        let leaves_wal = self.look()?.leaves_wal(&self.job.deed);
        if !self.job.state.commit() {
            return Err(ActError::NotDone(SessionError::Canceled));
        }
        let lock_wait = Duration::from_millis(self.job.plan.timeouts.lock_ms);
        let file = self.job.plan.place.server.clone().filter(|_| leaves_wal);
        let _alone = file.map(|file| aside::make_way(&file, Instant::now() + lock_wait));
        let patience = Instant::now() + lock_wait;
        loop {
            match self.send() {
                Err(ActError::NotDone(SessionError::Server(error)))
                    if is_busy(&error.code) && Instant::now() < patience && !self.watch.is_over() =>
                {
                    std::thread::park_timeout(LOCK_RETRY);
                }
                Err(ActError::NotDone(SessionError::Server(error))) if leaves_wal && is_busy(&error.code) => {
                    return Err(ActError::NotDone(SessionError::Unsupported(self.who_keeps_the_log())));
                }
                // A checkpoint that met a reader says so in its answer: busy, pages in the log, pages moved.
                Ok(acted)
                    if self.job.deed == Deed::Checkpoint
                        && acted.answer.as_deref().is_some_and(|answer| answer.starts_with("1\t")) =>
                {
                    if Instant::now() >= patience || self.watch.is_over() {
                        return Err(ActError::NotDone(SessionError::Unsupported(
                            "a reader or a writer keeps the log: what could be moved was, and the log stays as long as it is".into(),
                        )));
                    }
                    std::thread::park_timeout(LOCK_RETRY);
                }
                Ok(acted) => return self.took_effect(acted).map(|acted| Acted { took_ms: millis(started), ..acted }),
                other => return other,
            }
        }
    }

    /// Why mode wal cannot be left.
    fn who_keeps_the_log(&self) -> String {
        let others = locks::others_open(&self.job.path);
        let place = if others.is_empty() { "another connection".to_owned() } else { others.join(", ") };
        format!("the journal mode stays wal: the file is open in {place}, and leaving this mode needs it alone")
    }

    /// The journal mode that SQLite answers is the one that holds now; it changes nothing when it cannot.
    fn took_effect(&self, acted: Acted) -> Result<Acted, ActError> {
        let Deed::JournalMode(wanted) = &self.job.deed else { return Ok(acted) };
        match acted.answer.as_deref() {
            Some(mode) if mode.eq_ignore_ascii_case(wanted) => Ok(acted),
            mode => Err(ActError::NotDone(SessionError::Unsupported(format!(
                "the journal mode stayed {}: another program has the file open",
                mode.unwrap_or("as it was")
            )))),
        }
    }

    /// Looks at everything again, now that it is held.
    fn look(&mut self) -> Result<Facts, ActError> {
        let (deed, statement) = (self.job.deed.clone(), self.job.approved.statement().to_owned());
        // Nothing in it waits: the catalogue is this thread's own connection.
        let facts = facts::gather(self, &deed, &statement)
            .now_or_never()
            .unwrap_or_else(|| Err(SessionError::Lost("the catalogue did not answer at once".into())))
            .map_err(ActError::NotDone)?;
        if facts.objects() != self.job.approved.objects() {
            return Err(Refusal::Moved("an object that it touches changed").into());
        }
        let mut conditions = facts.preconditions();
        if matches!(deed, Deed::Drop { what: What::Table, .. })
            && matches!(self.job.plan.inverse, Inverse::Statements(_))
        {
            conditions.push(super::survey::emptiness(self.is_empty(deed.table().unwrap_or_default())?));
        }
        if conditions != self.job.plan.preconditions {
            return Err(Refusal::Moved("a condition does not hold any more").into());
        }
        Ok(facts)
    }

    fn is_empty(&self, table: &str) -> Result<bool, ActError> {
        self.gate.open(Door::Own);
        let name = crate::engine::sqlite::dialect::DIALECT.quote(table);
        self.connection
            .query_row(&format!("SELECT NOT EXISTS (SELECT 1 FROM main.{name})"), [], |row| row.get(0))
            .map_err(|e| self.failed(e))
    }

    /// Sends the exact bytes that were approved, as one statement.
    fn send(&self) -> Result<Acted, ActError> {
        self.gate.open(Door::Act(Power::of(&self.job.deed)));
        let before = self.connection.total_changes();
        let mut statement = self.connection.prepare(self.job.approved.statement()).map_err(|e| self.failed(e))?;
        let count = statement.column_count();
        let mut returned = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|e| self.failed(e))? {
            if returned.len() < RETURNED_ROWS {
                let cells: Result<Vec<_>, _> = (0..count).map(|index| row.get_ref(index)).collect();
                let cells = cells.map_err(|e| self.failed(e))?;
                let texts =
                    cells.into_iter().map(|cell| cells::value(cell, 4096).plain().unwrap_or_else(|| "NULL".into()));
                returned.push(texts.collect::<Vec<_>>().join("\t"));
            }
        }
        drop(rows);
        drop(statement);
        // `changes()` keeps the number of the statement before when this one changed nothing.
        let changed = self.connection.total_changes() != before;
        let rows = matches!(self.job.deed, Deed::Rows(_)).then(|| if changed { self.connection.changes() } else { 0 });
        Ok(Acted { rows, answer: (!returned.is_empty()).then(|| returned.join("\n")), ..Acted::default() })
    }

    /// Rowids of the rows that come, where an undo needs them.
    fn watch_inserts(&self, prior: Option<&Prior>) -> Result<Arc<Mutex<Vec<i64>>>, ActError> {
        let inserted = Arc::new(Mutex::new(Vec::new()));
        let Some(prior) = prior.filter(|prior| prior.verb() == Verb::Insert) else { return Ok(inserted) };
        let (seen, table) = (Arc::clone(&inserted), prior.table().to_owned());
        let most = usize::try_from(prior.most()).unwrap_or(usize::MAX);
        let hook = move |action: Action, _: &str, name: &str, rowid: i64| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            // One more than fits is enough to know.
            if action == Action::SQLITE_INSERT && name.eq_ignore_ascii_case(&table) && seen.len() <= most {
                seen.push(rowid);
            }
        };
        self.connection.update_hook(Some(hook)).map_err(|e| self.failed(e))?;
        Ok(inserted)
    }

    fn witness(&self, undo: Vec<String>) -> Result<(), ActError> {
        self.have_kept(|reply| Request::Inverse(undo, reply))
    }

    fn have_kept(&self, request: impl FnOnce(oneshot::Sender<Result<(), String>>) -> Request) -> Result<(), ActError> {
        let gone = || ActError::NoWitness("nobody waits for this act any more".into());
        let (reply, answer) = oneshot::channel();
        self.job.requests.blocking_send(request(reply)).map_err(|_| gone())?;
        answer.blocking_recv().map_err(|_| gone())?.map_err(ActError::NoWitness)
    }

    fn commit(&self) -> Result<(), ActError> {
        if self.watch.is_over() {
            return Err(ActError::NotDone(self.watch.verdict()));
        }
        if !self.job.state.commit() {
            return Err(ActError::NotDone(SessionError::Canceled));
        }
        match self.patiently("COMMIT") {
            Ok(()) => Ok(()),
            // The transaction is still open: nothing of it is in the file.
            Err(error) if !self.connection.is_autocommit() => Err(ActError::NotDone(error)),
            Err(error) => Err(ActError::Unclear(error.to_string())),
        }
    }

    /// A statement of the frame, waiting for a lock as long as the plan allows. Waiting is ours, since SQLite's own
    /// waiting cannot be stopped.
    fn patiently(&self, frame: &str) -> Result<(), SessionError> {
        let patience = Instant::now() + Duration::from_millis(self.job.plan.timeouts.lock_ms);
        self.gate.open(Door::ActFrame);
        loop {
            let Err(error) = self.connection.execute_batch(frame) else { return Ok(()) };
            let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
            if busy && self.watch.is_over() {
                return Err(self.watch.verdict());
            }
            if !busy || Instant::now() >= patience {
                return Err(self.explain(error));
            }
            std::thread::park_timeout(LOCK_RETRY);
        }
    }

    /// Opens one of the writer's own doors: for what reads, for savepoints, and for the undo.
    pub(super) fn open(&self, door: Door) {
        self.gate.open(door);
    }

    fn collect(&self, query: &'static Query, params: &[Param], sink: &mut Collector) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(query.text)?;
        for (index, param) in params.iter().enumerate() {
            let value: &dyn ToSql = match param {
                Param::Text(text) => text,
                Param::Int(number) => number,
            };
            statement.raw_bind_parameter(index + 1, value)?;
        }
        sink.columns(cells::columns(&statement));
        let count = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let cells: rusqlite::Result<Vec<_>> = (0..count)
                .map(|i| row.get_ref(i).map(|cell| cells::value(cell, Limits::default().cell_bytes)))
                .collect();
            if sink.row(cells?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// SQLite's error as the end of an act that changed nothing.
    pub(super) fn failed(&self, error: rusqlite::Error) -> ActError {
        ActError::NotDone(self.explain(error))
    }

    fn explain(&self, error: rusqlite::Error) -> SessionError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => self.watch.verdict(),
            Some(ErrorCode::AuthorizationForStatementDenied) => {
                SessionError::Unsupported(self.gate.refusal().unwrap_or_else(|| "SQLite's authorizer said no".into()))
            }
            _ => cells::server_error(error),
        }
    }
}

/// `SQLITE_BUSY` and `SQLITE_LOCKED`.
fn is_busy(code: &str) -> bool {
    matches!(code, "5" | "6")
}

fn millis(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
