//! The live connection as the rest of the program sees it: its doors, deadlines and stopping. Reading is done by
//! the thread in `worker`, an approved act by one of its own.

use super::fix;
use super::worker::{Command, Interrupt, Piece};
use crate::domain::error_event::SessionError;
use crate::domain::guard::Allowed;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Limits, Rows};
use crate::domain::target::Identity;
use crate::engine::{ActError, Acted, Param, Query, ReadSummary, RowSink, Session, Witness};
use async_trait::async_trait;
use std::any::Any;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long the thread may take to obey a stop or a deadline. A function that works inside one instruction on a huge
/// value, or a disk that does not answer, can take longer: then the session is given up, and the thread ends when
/// the instruction does.
const GRACE: Duration = Duration::from_secs(1);
/// Batches on their way from the thread to the sink.
const BATCHES_AHEAD: usize = 2;

/// A session on one file.
pub(super) struct SqliteSession {
    identity: Identity,
    path: PathBuf,
    commands: mpsc::Sender<Command>,
    interrupt: Interrupt,
    ended: oneshot::Receiver<()>,
    /// The thread did not obey in time: it may still be busy, so nothing more is sent to it.
    given_up: bool,
}

impl SqliteSession {
    /// `ended` fires, or is dropped, when the thread behind `commands` has closed the file.
    pub(super) fn new(
        identity: Identity,
        path: PathBuf,
        commands: mpsc::Sender<Command>,
        interrupt: Interrupt,
        ended: oneshot::Receiver<()>,
    ) -> Self {
        Self { identity, path, commands, interrupt, ended, given_up: false }
    }

    /// The file, for what the system alone can tell about it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    async fn send(&self, command: Command) -> Result<(), SessionError> {
        if self.given_up {
            return Err(given_up());
        }
        self.commands.send(command).await.map_err(|_| lost())
    }

    /// Passes pieces on until the end. Gives up one grace period after the deadline.
    async fn receive(
        &self,
        pieces: &mut mpsc::Receiver<Piece>,
        timeout: Duration,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<(), SessionError> {
        let mut sink = Some(sink);
        let mut give_up = tokio::time::Instant::now() + timeout + GRACE;
        let mut stopping = false;
        loop {
            let piece = tokio::select! {
                biased;
                () = stop.cancelled(), if !stopping => {
                    // The thread looks at the token itself; the interrupt also reaches a sort or an integrity check.
                    self.interrupt.interrupt();
                    stopping = true;
                    give_up = tokio::time::Instant::now() + GRACE;
                    continue;
                }
                piece = pieces.recv() => piece,
                () = tokio::time::sleep_until(give_up) => {
                    self.interrupt.interrupt();
                    return Err(given_up());
                }
            };
            match piece {
                None => return Err(lost()),
                // What the sink did not want to see the end of has ended well.
                Some(Piece::End(_)) if sink.is_none() => return Ok(()),
                Some(Piece::End(result)) => return result,
                Some(Piece::Columns(columns)) => {
                    if let Some(sink) = &mut sink {
                        sink.columns(columns);
                    }
                }
                Some(Piece::Rows(rows)) => {
                    let enough = sink.as_mut().is_some_and(|sink| pass_on(rows, *sink).is_break());
                    if enough {
                        sink = None;
                        give_up = tokio::time::Instant::now() + GRACE;
                        self.interrupt.interrupt();
                    }
                }
            }
        }
    }
}

fn pass_on(rows: Vec<Vec<crate::domain::rows::Value>>, sink: &mut dyn RowSink) -> ControlFlow<()> {
    rows.into_iter().try_for_each(|row| sink.row(row))
}

fn lost() -> SessionError {
    SessionError::Lost("the thread that reads the file has ended".into())
}

fn given_up() -> SessionError {
    SessionError::Lost("the file did not answer, and the read could not be stopped in time".into())
}

#[async_trait]
impl Session for SqliteSession {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let stop = CancellationToken::new();
        // Dropping this future stops the query.
        let _guard = stop.clone().drop_guard();
        let (answer, answered) = oneshot::channel();
        self.send(Command::Own { query, params: params.to_vec(), stop, answer }).await?;
        let patience = Duration::from_millis(query.timeout_ms) + GRACE;
        if let Ok(answer) = tokio::time::timeout(patience, answered).await {
            return answer.map_err(|_| lost())?;
        }
        self.interrupt.interrupt();
        self.given_up = true;
        Err(given_up())
    }

    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let started = Instant::now();
        let stop = stop.child_token();
        // Dropping this future stops the statement.
        let _guard = stop.clone().drop_guard();
        let (pieces, mut received) = mpsc::channel(BATCHES_AHEAD);
        self.send(Command::Read {
            statement: statement.statement().to_owned(),
            limits: *limits,
            stop: stop.clone(),
            pieces,
        })
        .await?;
        let result = self.receive(&mut received, Duration::from_millis(limits.timeout_ms), &stop, sink).await;
        self.given_up = matches!(result, Err(SessionError::Lost(_)));
        result?;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(ReadSummary { took_ms, notices: Vec::new() })
    }

    async fn act(
        &mut self,
        approved: Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        fix::act(&self.path, approved, plan, witness, stop).await
    }

    fn memory(&mut self) -> Option<&mut (dyn Any + Send)> {
        Some(self)
    }

    async fn close(self: Box<Self>) {
        let Self { commands, ended, .. } = *self;
        drop(commands);
        // Either way the thread is gone, or will be when its disk answers.
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}
