//! What a build beside the traffic has to wait for, and what an earlier one left behind.

use super::freeze::age;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::ObjectRef;
use crate::engine::{Param, Query, Session};

/// The oldest transaction of this database that holds a snapshot, ours left out.
static OLDEST: Query = Query {
    name: "fix.oldest_snapshot",
    text: "SELECT a.pid, extract(epoch FROM clock_timestamp() - a.xact_start)::int8 AS seconds
             FROM pg_catalog.pg_stat_activity a
            WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
              AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR a.state LIKE 'idle in transaction%')
              AND a.query NOT LIKE 'autovacuum:%'
            ORDER BY a.xact_start LIMIT 1",
    timeout_ms: 2_000,
};

/// $1: oid of a table or index. Invalid indexes there.
static INVALID: Query = Query {
    name: "fix.invalid_indexes",
    text: "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT i.indisvalid AND c.relkind = 'i'
              AND (i.indrelid = $1::int8::oid OR i.indrelid = (SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid = $1::int8::oid))
            ORDER BY 1 LIMIT 20",
    timeout_ms: 2_000,
};

/// Whom it will wait for, in words.
pub(super) async fn oldest_snapshot(session: &mut dyn Session) -> Result<Option<String>, SessionError> {
    let rows = session.own(&OLDEST, &[]).await?;
    Ok(rows.rows.first().map(|row| {
        let (pid, seconds) = (rows.text(row, "pid"), rows.get(row, "seconds").int().unwrap_or(0));
        format!("will wait for pid {pid}, transaction age {}", age(seconds))
    }))
}

/// Invalid indexes of the table, which slow down every write and help nobody.
pub(super) async fn invalid_indexes(session: &mut dyn Session, oid: i64) -> Result<Vec<String>, SessionError> {
    let rows = session.own(&INVALID, &[Param::Int(oid)]).await?;
    Ok(rows.rows.iter().map(|row| rows.text(row, "name")).collect())
}

/// $1: schema and $2: name of a table, or two empty texts for the whole database.
static VACUUMS: Query = Query {
    name: "fix.vacuums",
    text: "SELECT p.pid FROM pg_catalog.pg_stat_progress_vacuum p
             JOIN pg_catalog.pg_class c ON c.oid = p.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE p.datname = current_database() AND n.nspname = $1 AND c.relname = $2 ORDER BY 1 LIMIT 1",
    timeout_ms: 2_000,
};

/// The session that vacuums the table just now, where one is seen.
pub(super) async fn running_vacuum(
    session: &mut dyn Session,
    table: Option<&ObjectRef>,
) -> Result<Option<i64>, SessionError> {
    let Some(table) = table else { return Ok(None) };
    let params = [Param::Text(table.space.clone().unwrap_or_default()), Param::Text(table.name.clone())];
    let rows = session.own(&VACUUMS, &params).await?;
    Ok(rows.rows.first().and_then(|row| rows.get(row, "pid").int()))
}

/// Whoever holds the oldest snapshot: dead rows that it may still see stay where they are.
static HOLDER: Query = Query {
    name: "fix.snapshot_holder",
    text: "SELECT h.who, h.xids FROM (
             SELECT 'session ' || a.pid AS who, age(a.backend_xmin) AS xids FROM pg_catalog.pg_stat_activity a
              WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
             UNION ALL
             SELECT 'the replication slot ' || s.slot_name, greatest(age(s.xmin), age(s.catalog_xmin))
               FROM pg_catalog.pg_replication_slots s WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
             UNION ALL
             SELECT 'the prepared transaction ' || p.gid, age(p.transaction) FROM pg_catalog.pg_prepared_xacts p) h
            WHERE h.xids > 0 ORDER BY h.xids DESC LIMIT 1",
    timeout_ms: 2_000,
};

/// In words, with how far it reaches back.
pub(super) async fn snapshot_holder(session: &mut dyn Session) -> Result<Option<String>, SessionError> {
    let rows = session.own(&HOLDER, &[]).await?;
    Ok(rows.rows.first().map(|row| {
        format!(
            "{} holds a snapshot {} transactions old: rows that died since then stay until it ends",
            rows.text(row, "who"),
            rows.text(row, "xids")
        )
    }))
}
