//! How an act ended of which nobody heard: the server remembers the end of recent transactions.

use crate::domain::error_event::SessionError;
use crate::domain::proposal::stage::End;
use crate::engine::{Param, Query, Session};

/// $1: the transaction's number. `pg_xact_status` came with 13 under this name; the older one takes the same number.
static STATUS: Query = Query { name: "fix.ended", text: "SELECT txid_status($1::int8) AS status", timeout_ms: 2_000 };

/// Asks. A number that the server never gave, or has forgotten, is unknown.
pub(super) async fn ended(session: &mut dyn Session, mark: &str) -> Result<End, SessionError> {
    let Ok(number) = mark.parse::<i64>() else { return Ok(End::Unknown) };
    match session.own(&STATUS, &[Param::Int(number)]).await {
        Ok(rows) => Ok(match rows.rows.first().map(|row| rows.text(row, "status")).as_deref() {
            Some("committed") => End::Committed,
            Some("aborted") => End::RolledBack,
            _ => End::Unknown,
        }),
        // "transaction ID is in the future": not this server's.
        Err(SessionError::Server(_)) => Ok(End::Unknown),
        Err(lost) => Err(lost),
    }
}
