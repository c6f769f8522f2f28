//! Replication slots, replication, and whether the server takes writes.

use crate::domain::error_event::SessionError;
use crate::domain::procedure::Verified;
use crate::engine::{Param, Query, Session};

/// The version from which on a slot says since when nobody uses it.
const SAYS_SINCE_WHEN: u32 = 170_000;

/// $1: the name.
static SLOT: Query = Query {
    name: "verify.slot",
    text: "SELECT s.active, pg_is_in_recovery() AS standby FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1",
    timeout_ms: 2_000,
};

/// $1: the name.
static INACTIVE: Query = Query {
    name: "verify.slot_inactive",
    text: "SELECT extract(epoch FROM clock_timestamp() - s.inactive_since)::int8 AS seconds
             FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1",
    timeout_ms: 2_000,
};

/// $1: the name. A consumer that follows leaves a WAL file soon after it is full; the file where the slot stands was
/// written last when it became full. Says nothing while the slot stands in the file that is being written.
static STANDS: Query = Query {
    name: "verify.slot_stands",
    text: "WITH slot AS (SELECT pg_walfile_name(coalesce(s.confirmed_flush_lsn, s.restart_lsn)) AS file
                           FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1 AND NOT pg_is_in_recovery())
           SELECT extract(epoch FROM clock_timestamp() - w.modification)::int8 AS seconds
             FROM slot JOIN pg_ls_waldir() w ON w.name = slot.file
            WHERE slot.file < pg_walfile_name(pg_current_wal_lsn())",
    timeout_ms: 5_000,
};

/// Nobody uses it, for at least so long as far as the server can tell.
pub(super) async fn slot_unused(session: &mut dyn Session, name: &str, seconds: u64) -> Result<Verified, SessionError> {
    let named = [Param::Text(name.to_owned())];
    let rows = session.own(&SLOT, &named).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::new(false, format!("there is no replication slot {name}")));
    };
    if rows.text(row, "active") == "true" {
        return Ok(Verified::new(false, format!("the slot {name} is in use")));
    }
    if seconds == 0 {
        return Ok(Verified::new(true, format!("nobody uses the slot {name} just now")));
    }
    let query = if session.identity().version_number >= SAYS_SINCE_WHEN { &INACTIVE } else { &STANDS };
    let rows = match session.own(query, &named).await {
        Ok(rows) => rows,
        Err(SessionError::Server(message)) => {
            return Ok(Verified::unknown(format!(
                "since when nobody uses the slot {name} cannot be told ({}): GRANT pg_monitor to this login",
                message.code
            )));
        }
        Err(lost) => return Err(lost),
    };
    let Some(unused) = rows.rows.first().and_then(|row| rows.get(row, "seconds").int()) else {
        return Ok(Verified::unknown(format!(
            "nobody uses the slot {name} just now; since when, this server does not say"
        )));
    };
    let unused = unused.max(0).unsigned_abs();
    Ok(Verified::new(unused >= seconds, format!("nobody has used the slot {name} for {unused} s")))
}

/// There is no such slot.
pub(super) async fn slot_gone(session: &mut dyn Session, name: &str) -> Result<Verified, SessionError> {
    let rows = session.own(&SLOT, &[Param::Text(name.to_owned())]).await?;
    Ok(if rows.rows.is_empty() {
        Verified::new(true, format!("there is no replication slot {name}"))
    } else {
        Verified::new(false, format!("the replication slot {name} is there"))
    })
}

/// A standby's receiver, a primary's senders and the subscriptions of this database. What is hidden is null.
static REPLICATION: Query = Query {
    name: "verify.replication",
    text: "SELECT pg_is_in_recovery() AS standby,
                  (SELECT coalesce(w.status, 'hidden') FROM pg_catalog.pg_stat_wal_receiver w WHERE w.pid IS NOT NULL LIMIT 1) AS receiver,
                  (SELECT count(*) FROM pg_catalog.pg_stat_replication r WHERE r.backend_start IS NOT NULL) AS senders,
                  (SELECT count(*) FROM pg_catalog.pg_stat_replication r WHERE r.state = 'streaming') AS streaming,
                  (SELECT count(*) FROM pg_catalog.pg_stat_replication r WHERE r.state IS NULL) AS hidden,
                  (SELECT count(*) FROM pg_catalog.pg_stat_subscription s WHERE s.subname IS NOT NULL) AS subscriptions,
                  (SELECT count(*) FROM pg_catalog.pg_stat_subscription s WHERE s.pid IS NULL) AS stopped",
    timeout_ms: 2_000,
};

/// Everything that replicates here runs.
pub(super) async fn runs(session: &mut dyn Session) -> Result<Verified, SessionError> {
    let rows = session.own(&REPLICATION, &[]).await?;
    let Some(row) = rows.rows.first() else { return Ok(Verified::unknown("the server did not say")) };
    let count = |name: &str| rows.get(row, name).int().unwrap_or(0);
    if count("stopped") > 0 {
        return Ok(Verified::new(false, format!("{} subscriptions have no worker", count("stopped"))));
    }
    if rows.text(row, "standby") == "true" {
        return Ok(match rows.get(row, "receiver").plain().as_deref() {
            Some("streaming") => Verified::new(true, "the receiver of this standby streams"),
            Some("hidden") => {
                Verified::unknown("what the receiver does is hidden from this login: GRANT pg_monitor to it")
            }
            Some(other) => Verified::new(false, format!("the receiver of this standby is {other}")),
            None => Verified::new(false, "this standby has no receiver, or it is hidden from this login"),
        });
    }
    if count("hidden") > 0 {
        return Ok(Verified::unknown("what replicas do is hidden from this login: GRANT pg_monitor to it"));
    }
    Ok(match (count("senders"), count("streaming"), count("subscriptions")) {
        (0, _, 0) => Verified::unknown("no replica is connected, and how many there should be is not known"),
        (senders, streaming, _) if senders != streaming => {
            Verified::new(false, format!("{streaming} of {senders} connected replicas stream"))
        }
        (senders, _, subscriptions) => {
            Verified::new(true, format!("{senders} replicas stream, {subscriptions} subscriptions run"))
        }
    })
}

/// What stops every write. That a table can grow is known only by growing one.
static WRITES: Query =
    Query { name: "verify.writes", text: "SELECT pg_is_in_recovery() AS standby", timeout_ms: 2_000 };

/// Whether writes are refused altogether. Nothing is written to find out more.
pub(super) async fn writes_work(session: &mut dyn Session) -> Result<Verified, SessionError> {
    let rows = session.own(&WRITES, &[]).await?;
    Ok(match rows.rows.first() {
        Some(row) if rows.text(row, "standby") == "true" => {
            Verified::new(false, "this server is a standby: it takes no writes")
        }
        _ => Verified::unknown("nothing forbids writes; whether a table can grow is only known by letting one grow"),
    })
}
