//! The reading door: a statement that the guard allowed, in a transaction that can only read and is always rolled back.

use super::{Facts, GRACE, MySession, elapsed_ms, frame, refusal};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::rows::{Limits, Value};
use crate::domain::text::redact;
use crate::engine::mysql::wire::{Bounds, Cell, Command, Done, Incoming, Route, Wire, WireError, column, value};
use crate::engine::{ReadSummary, RowSink};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// What is left of a result after the reader has enough may come this long before the server is told to stop.
const TAIL: Duration = Duration::from_millis(100);
/// Warnings kept of one statement.
pub(super) const NOTICES: usize = 20;

/// How the stream of rows ended, short of a broken connection.
enum End {
    /// All rows came; so many warnings are ready.
    Complete(u16),
    /// The sink had enough.
    Enough,
    /// The server refused.
    Refused(ServerMessage),
    Stopped,
    Deadline,
}

impl MySession {
    pub(super) async fn read_framed(
        &mut self,
        statement: &Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        let started = Instant::now();
        let deadline = started + Duration::from_millis(limits.timeout_ms) + GRACE;
        let (route, facts) = (self.route.clone(), self.facts.clone());
        let wire = self.ready().await?;
        wire.set_bounds(Bounds { cell: limits.cell_bytes, row: limits.bytes });
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(End::Stopped),
            () = sleep_until(deadline) => Ok(End::Deadline),
            end = stream(wire, &facts, statement.statement(), limits, sink) => end,
        };
        let end = end.map_err(|e| self.lost(&e))?;
        let took_ms = elapsed_ms(started);
        let mut notices = Vec::new();
        match &end {
            End::Complete(warnings) => {
                if *warnings > 0 {
                    notices = self.warnings().await?;
                }
                self.recover(None).await?;
            }
            End::Refused(_) => self.recover(None).await?,
            End::Enough => self.come_to_rest(&route).await?,
            End::Stopped | End::Deadline => self.recover(Some(&route)).await?,
        }
        match end {
            End::Complete(_) | End::Enough => Ok(ReadSummary { took_ms, notices }),
            End::Stopped => Err(SessionError::Canceled),
            End::Deadline => Err(SessionError::Deadline(took_ms)),
            End::Refused(message) => Err(refusal(message, took_ms, limits.timeout_ms)),
        }
    }

    /// What the server has to say about the last statement.
    async fn warnings(&mut self) -> Result<Vec<String>, SessionError> {
        let Some(wire) = self.wire.as_mut() else { return Err(super::closed()) };
        // MySQL does not prepare this one.
        let answer = match timeout(GRACE, wire.ask_command(&Command::new("SHOW WARNINGS"), NOTICES)).await {
            Ok(Ok(answer)) => answer.unwrap_or_default(),
            Ok(Err(e)) => return Err(self.lost(&e)),
            Err(_) => return Err(self.lost(&WireError::Late)),
        };
        Ok(answer.rows.iter().filter_map(|cells| notice(cells)).collect())
    }

    /// What is left of a result is let pass if it is short, else the server is told to stop.
    async fn come_to_rest(&mut self, route: &Route) -> Result<(), SessionError> {
        let Some(wire) = self.wire.as_mut() else { return Err(super::closed()) };
        match timeout(TAIL, wire.settle()).await {
            Ok(Ok(())) => self.recover(None).await,
            Ok(Err(e)) => Err(self.lost(&e)),
            Err(_) => self.recover(Some(route)).await,
        }
    }
}

/// A row of SHOW WARNINGS in words: `WARNING: Division by 0 (1365)`.
pub(super) fn notice(cells: &[Cell]) -> Option<String> {
    let words = |cell: &Cell| match cell {
        Cell::Whole(bytes) | Cell::Cut { start: bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Cell::Null => None,
    };
    let [level, code, message] = cells else { return None };
    Some(format!("{}: {} ({})", words(level)?.to_ascii_uppercase(), words(message)?, words(code)?))
}

/// Sends the statement and hands its rows over until there are no more or the sink has enough.
/// MariaDB's SHOW GRANTS tells the hash of the login's own password. A statement that only mentions the word loses
/// nothing but what looks like a secret.
fn may_tell_hashes(statement: &str) -> bool {
    statement.to_ascii_lowercase().contains("grants")
}

fn without_secrets(value: &mut Value) {
    if let Value::Text(text) | Value::Cut { start: text, .. } = value {
        *text = redact(text);
    }
}

async fn stream(
    wire: &mut Wire,
    facts: &Facts,
    statement: &str,
    limits: &Limits,
    sink: &mut dyn RowSink,
) -> Result<End, WireError> {
    for command in [frame::limits(facts.flavour, limits), frame::begin()] {
        if let Err(refused) = wire.run(&command).await? {
            return Ok(End::Refused(refused));
        }
    }
    let prepared = match wire.prepare(statement).await? {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(End::Refused(refused)),
    };
    if prepared.params > 0 {
        let message = "a ? stands for a parameter, and there are none here: write the value itself".into();
        return Ok(End::Refused(ServerMessage { code: "1210".into(), message, ..ServerMessage::default() }));
    }
    wire.queue_execute(prepared, &[]);
    wire.send().await?;
    let redacted = may_tell_hashes(statement);
    let mut fields = Vec::new();
    loop {
        match wire.receive().await? {
            Incoming::Columns(described) => {
                sink.columns(described.iter().map(column).collect());
                fields = described;
            }
            Incoming::Row(cells) => {
                let mut row: Vec<Value> =
                    cells.into_iter().zip(&fields).map(|(cell, field)| value(field, cell)).collect();
                if redacted {
                    row.iter_mut().for_each(without_secrets);
                }
                if let ControlFlow::Break(()) = sink.row(row) {
                    return Ok(End::Enough);
                }
            }
            Incoming::Done(Done { warnings, .. }) => return Ok(End::Complete(warnings)),
            Incoming::Refused(message) => return Ok(End::Refused(message)),
            Incoming::Packet(_) | Incoming::Prepared(_) => {
                return Err(WireError::Malformed("an answer to another question"));
            }
        }
    }
}
