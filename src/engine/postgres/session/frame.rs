//! The settings around every statement of ours, and how they are put back.

use crate::domain::error_event::ServerMessage;
use crate::engine::Param;
use crate::engine::postgres::session::begin::Facts;
use crate::engine::postgres::wire::{Answer, Transaction, Wire, WireError};
use std::io;

/// `statement_timeout` of a session at rest, milliseconds.
pub(super) const TIMEOUT_MS: u64 = 5000;

/// The frame. `search_path` keeps other people's functions and operators out of our queries; the transaction default
/// and the time limits keep us from being a burden; the rest makes every value print in one fixed form.
macro_rules! frame {
    ($local:literal, $more:literal) => {
        concat!(
            "SELECT pg_catalog.set_config('search_path', 'pg_catalog', ",
            $local,
            "),
             pg_catalog.set_config('default_transaction_read_only', 'on', ",
            $local,
            "),
             pg_catalog.set_config('statement_timeout', '5000', ",
            $local,
            "),
             pg_catalog.set_config('lock_timeout', '500', ",
            $local,
            "),
             pg_catalog.set_config('idle_in_transaction_session_timeout', '30000', ",
            $local,
            "),
             pg_catalog.set_config('standard_conforming_strings', 'on', ",
            $local,
            "),
             pg_catalog.set_config('bytea_output', 'hex', ",
            $local,
            "),
             pg_catalog.set_config('datestyle', 'ISO', ",
            $local,
            "),
             pg_catalog.set_config('intervalstyle', 'postgres', ",
            $local,
            "),
             pg_catalog.set_config('extra_float_digits', '1', ",
            $local,
            ")",
            $more
        )
    };
}

const FRAME: &str = frame!("false", "");
/// From 14 on the server can notice by itself that we are gone while it works for us.
const FRAME_14: &str = frame!("false", ", pg_catalog.set_config('client_connection_check_interval', '1000', false)");
const FRAME_LOCAL: &str = frame!("true", "");

/// Queues the frame.
pub(super) fn queue(wire: &mut Wire, facts: &Facts) -> io::Result<()> {
    let text = if facts.version >= 140_000 { FRAME_14 } else { FRAME };
    wire.queue(text, &[], 0, false)?;
    wire.queue_sync();
    Ok(())
}

/// Queues a change of the session's time limit.
pub(super) fn queue_timeout(wire: &mut Wire, timeout_ms: u64) -> io::Result<()> {
    let value = [Param::Text(timeout_ms.to_string())];
    wire.queue("SELECT pg_catalog.set_config('statement_timeout', $1, false)", &value, 0, false)?;
    wire.queue_sync();
    Ok(())
}

/// Statements before a framed one: see [`queue_begin`].
pub(super) const BEGIN_STATEMENTS: usize = 3;

/// Queues the beginning of a read-only transaction with its own limits. The `SELECT 1` takes a snapshot: from then on
/// the server refuses to make the transaction writable.
pub(super) fn queue_begin(wire: &mut Wire, facts: &Facts, timeout_ms: u64, lock_timeout_ms: u64) -> io::Result<()> {
    wire.queue("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", &[], 0, false)?;
    wire.queue("SELECT 1", &[], 0, false)?;
    let limits = [Param::Text(timeout_ms.to_string()), Param::Text(lock_timeout_ms.to_string())];
    if facts.pooled {
        // Behind a pooler nothing of the session is ours: the whole frame lives and dies with the transaction.
        let text = format!(
            "{FRAME_LOCAL}, pg_catalog.set_config('statement_timeout', $1, true), \
             pg_catalog.set_config('lock_timeout', $2, true)"
        );
        wire.queue(&text, &limits, 0, false)
    } else {
        let text = "SELECT pg_catalog.set_config('statement_timeout', $1, true), \
                    pg_catalog.set_config('lock_timeout', $2, true)";
        wire.queue(text, &limits, 0, false)
    }
}

/// One query in a transaction of its own, frame and all, in one round trip.
pub(super) async fn ask_in_transaction(
    wire: &mut Wire,
    facts: &Facts,
    text: &str,
    params: &[Param],
    timeout_ms: u64,
    max_rows: usize,
) -> Result<Result<Answer, ServerMessage>, WireError> {
    queue_begin(wire, facts, timeout_ms, 500)?;
    wire.queue(text, params, 0, true)?;
    wire.queue_sync();
    wire.queue("ROLLBACK", &[], 0, false)?;
    wire.queue_sync();
    wire.send().await?;
    let answer = wire.answer(max_rows).await?;
    must(wire.answer(0).await?)?;
    wire.take_notices();
    Ok(answer)
}

/// Ends whatever transaction is open and makes the session like a new one.
pub(super) async fn reset(wire: &mut Wire, facts: &Facts) -> Result<(), WireError> {
    let mut answers = 0;
    // The server's log has a warning of each rollback that ends nothing.
    if wire.transaction() != Transaction::Idle {
        wire.queue("ROLLBACK", &[], 0, false)?;
        wire.queue_sync();
        answers += 1;
    }
    if !facts.pooled {
        wire.queue("DISCARD ALL", &[], 0, false)?;
        wire.queue_sync();
        queue(wire, facts)?;
        answers += 2;
    }
    wire.send().await?;
    for _ in 0..answers {
        must(wire.answer(0).await?)?;
    }
    wire.take_notices();
    if wire.transaction() == Transaction::Idle {
        Ok(())
    } else {
        Err(WireError::Malformed("a transaction state that a rollback should have ended"))
    }
}

/// A refusal where there may be none: the session cannot be trusted any more.
fn must(answer: Result<Answer, ServerMessage>) -> Result<(), WireError> {
    answer.map(|_| ()).map_err(|message| WireError::Ended(Box::new(message)))
}
