//! The reading door: a statement that the guard allowed, in a transaction that can only read and is always rolled back.

use super::{Facts, GRACE, PgSession, elapsed_ms, frame, refusal};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::rows::Limits;
use crate::engine::postgres::wire::{Bounds, Field, Incoming, Message, Route, Wire, WireError, column, value};
use crate::engine::{ReadSummary, RowSink};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Rows asked of the server at once.
const BATCH: usize = 5000;
/// What is left of a batch after the reader has enough may come this long before the server is told to stop.
const TAIL: Duration = Duration::from_millis(100);

/// How the stream of rows ended, short of a broken connection.
enum End {
    /// All rows came, or the sink had enough.
    Complete,
    /// The server refused.
    Refused(ServerMessage),
    Stopped,
    Deadline,
}

impl PgSession {
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
        wire.take_notices();
        wire.set_bounds(Bounds { cell: limits.cell_bytes, row: limits.bytes });
        let begun = frame::queue_begin(wire, &facts, limits.timeout_ms, limits.lock_timeout_ms)
            .and_then(|()| wire.queue(statement.statement(), &[], batch(limits.rows), true));
        if begun.is_err() {
            self.recover(None).await?;
            return Err(SessionError::Unsupported("a statement with a zero byte cannot be sent".into()));
        }
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(End::Stopped),
            () = sleep_until(deadline) => Ok(End::Deadline),
            end = stream(wire, &facts, sink) => end,
        };
        let end = end.map_err(|e| self.lost(&e))?;
        let took_ms = elapsed_ms(started);
        let notices = self.wire.as_mut().map(Wire::take_notices).unwrap_or_default();
        match &end {
            End::Complete | End::Refused(_) => self.come_to_rest(&route).await?,
            End::Stopped | End::Deadline => self.recover(Some(&route)).await?,
        }
        match end {
            End::Complete => Ok(ReadSummary { took_ms, notices }),
            End::Stopped => Err(SessionError::Canceled),
            End::Deadline => Err(SessionError::Deadline(took_ms)),
            End::Refused(message) => Err(refusal(message, took_ms, limits.timeout_ms)),
        }
    }

    /// Ends the exchange; what is left of a batch is let pass if it is short, else the server is told to stop.
    async fn come_to_rest(&mut self, route: &Route) -> Result<(), SessionError> {
        let Some(wire) = self.wire.as_mut() else { return Err(super::closed()) };
        let settled = timeout(TAIL, wire.settle()).await;
        match settled {
            Ok(Ok(())) => self.recover(None).await,
            Ok(Err(e)) => Err(self.lost(&e)),
            Err(_) => self.recover(Some(route)).await,
        }
    }
}

/// Sends the statement and hands its rows over until there are no more or the sink has enough.
async fn stream(wire: &mut Wire, facts: &Facts, sink: &mut dyn RowSink) -> Result<End, WireError> {
    wire.queue_flush();
    wire.send().await?;
    let mut before = frame::BEGIN_STATEMENTS;
    let mut fields: Vec<Field> = Vec::new();
    loop {
        match wire.receive().await? {
            Incoming::Row(_) if before > 0 => {}
            Incoming::Message(Message::Complete(_)) if before > 0 => before -= 1,
            Incoming::Message(Message::Columns(described)) => {
                sink.columns(described.iter().map(|field| column(field, &facts.types)).collect());
                fields = described;
            }
            Incoming::Row(cells) => {
                let row = cells.into_iter().zip(&fields).map(|(cell, field)| value(field.type_oid, cell)).collect();
                if let ControlFlow::Break(()) = sink.row(row) {
                    return Ok(End::Complete);
                }
            }
            Incoming::Message(Message::Suspended) => {
                wire.queue_more(batch(BATCH))?;
                wire.queue_flush();
                wire.send().await?;
            }
            Incoming::Message(Message::Complete(_) | Message::Empty) => return Ok(End::Complete),
            Incoming::Message(Message::Error(report)) => return Ok(End::Refused(report.message)),
            Incoming::Message(_) => {}
        }
    }
}

/// The sink keeps `rows` and needs one more to know that there are more.
fn batch(rows: usize) -> i32 {
    i32::try_from(rows.saturating_add(1).min(BATCH)).unwrap_or(i32::MAX)
}
