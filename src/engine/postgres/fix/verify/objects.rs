//! Tables and indexes: whether they are there, whole, clean, and set as they should be.

use super::parts;
use super::units::same;
use crate::domain::error_event::SessionError;
use crate::domain::procedure::Verified;
use crate::domain::proposal::kind::ObjectRef;
use crate::domain::rows::{Rows, Value};
use crate::engine::{Param, Query, Session};

/// $1: schema, or empty for any; $2: name.
static RELATION: Query = Query {
    name: "verify.relation",
    text: "SELECT n.nspname AS schema, c.relkind::text AS kind FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = $2 AND ($1 = '' OR n.nspname = $1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
              AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
            ORDER BY 1 LIMIT 5",
    timeout_ms: 2_000,
};

/// $1: schema, $2: table, $3: index. The index and what a rebuild of it may have left, which has its name and an ending.
/// Who builds is hidden from logins without `pg_read_all_stats`, who holds the lock of a build is not.
static INDEXES: Query = Query {
    name: "verify.indexes",
    text: "SELECT c.relname AS name, t.relname AS table, i.indisvalid AND i.indisready AND i.indislive AS whole,
                  EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.relid = i.indrelid) AS built,
                  EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                           WHERE p.datname = current_database() AND p.relid IS NULL) AS hidden,
                  EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.relation = i.indrelid
                           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
                           AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> pg_backend_pid()) AS held
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND (c.relname = $3
                  OR t.relname = $2 AND NOT i.indisvalid AND starts_with(c.relname, $3)
                     AND substr(c.relname, length($3) + 1) ~ '^_cc(new|old)[0-9]*$') ORDER BY 1 LIMIT 20",
    timeout_ms: 2_000,
};

/// $1: schema, $2: table.
static TABLE: Query = Query {
    name: "verify.table",
    text: "SELECT s.n_live_tup AS live, s.n_dead_tup AS dead,
                  extract(epoch FROM clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze))::int8 AS analyzed
             FROM pg_catalog.pg_stat_all_tables s WHERE s.schemaname = $1 AND s.relname = $2",
    timeout_ms: 2_000,
};

/// $1: schema, $2: table, $3: option; `toast.` before it means the table's own store of long values.
static OPTION: Query = Query {
    name: "verify.option",
    text: "SELECT (SELECT substr(x.entry, strpos(x.entry, '=') + 1)
                     FROM unnest(CASE WHEN $3 LIKE 'toast.%' THEN o.reloptions ELSE c.reloptions END) x (entry)
                    WHERE split_part(x.entry, '=', 1) = replace($3, 'toast.', '')) AS value
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid
            WHERE n.nspname = $1 AND c.relname = $2",
    timeout_ms: 2_000,
};

/// It is there, or not.
pub(super) async fn exists(
    session: &mut dyn Session,
    object: &ObjectRef,
    wanted: bool,
) -> Result<Verified, SessionError> {
    let rows = session.own(&RELATION, &parts(object)).await?;
    let schemas: Vec<String> = rows.rows.iter().map(|row| rows.text(row, "schema")).collect();
    let found = if schemas.is_empty() {
        format!("there is no {}", object.words())
    } else {
        format!("{} is in {}", object.name, schemas.join(", "))
    };
    Ok(Verified::new(schemas.is_empty() != wanted, found))
}

async fn indexes(session: &mut dyn Session, table: &ObjectRef, name: &str) -> Result<Rows, SessionError> {
    let [schema, table] = parts(table);
    session.own(&INDEXES, &[schema, table, Param::Text(name.to_owned())]).await
}

fn flag(rows: &Rows, row: &[Value], name: &str) -> bool {
    rows.text(row, name) == "true"
}

/// The row of the index itself, on its table.
fn itself<'r>(rows: &'r Rows, table: &ObjectRef, name: &str) -> Option<&'r Vec<Value>> {
    rows.rows.iter().find(|row| rows.text(row, "name") == name && rows.text(row, "table") == table.name)
}

/// It is there, and queries may use it.
pub(super) async fn index_usable(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
) -> Result<Verified, SessionError> {
    let rows = indexes(session, table, name).await?;
    let leftovers: Vec<String> =
        rows.rows.iter().map(|row| rows.text(row, "name")).filter(|found| found != name).collect();
    Ok(match itself(&rows, table, name) {
        None => Verified::new(false, format!("there is no index {name} on {}", table.words())),
        Some(row) if !flag(&rows, row, "whole") => Verified::new(false, format!("{name} is not whole")),
        Some(_) if !leftovers.is_empty() => {
            Verified::new(false, format!("{name} is whole, and this is left beside it: {}", leftovers.join(", ")))
        }
        Some(_) => Verified::new(true, format!("{name} is there and whole")),
    })
}

/// It is not there, nor anything that a rebuild of it left.
pub(super) async fn index_gone(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
) -> Result<Verified, SessionError> {
    let rows = indexes(session, table, name).await?;
    let left: Vec<String> = rows.rows.iter().map(|row| rows.text(row, "name")).collect();
    Ok(if left.is_empty() {
        Verified::new(true, format!("nothing is left of {name}"))
    } else {
        Verified::new(false, format!("still there: {}", left.join(", ")))
    })
}

/// It is there, not whole, and nobody builds it.
pub(super) async fn index_invalid(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
) -> Result<Verified, SessionError> {
    let rows = indexes(session, table, name).await?;
    let Some(row) = itself(&rows, table, name) else {
        return Ok(Verified::new(false, format!("there is no index {name} on {}", table.words())));
    };
    if flag(&rows, row, "whole") {
        return Ok(Verified::new(false, format!("{name} is whole")));
    }
    if flag(&rows, row, "built") {
        return Ok(Verified::new(false, format!("an index of {} is being built just now", table.words())));
    }
    if flag(&rows, row, "hidden") && flag(&rows, row, "held") {
        return Ok(Verified::unknown(format!(
            "somebody builds an index in this database and holds a lock on {}: which one is hidden from this login, GRANT \
             pg_read_all_stats to it",
            table.words()
        )));
    }
    Ok(Verified::new(true, format!("{name} is not whole, and nobody builds it")))
}

async fn table_facts(session: &mut dyn Session, table: &ObjectRef) -> Result<Rows, SessionError> {
    session.own(&TABLE, &parts(table)).await
}

/// Dead row versions, per cent of all.
pub(super) async fn dead_rows(
    session: &mut dyn Session,
    table: &ObjectRef,
    percent: u8,
) -> Result<Verified, SessionError> {
    let rows = table_facts(session, table).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::unknown(format!("no statistics about {}", table.words())));
    };
    let (Some(live), Some(dead)) = (rows.get(row, "live").int(), rows.get(row, "dead").int()) else {
        return Ok(Verified::unknown(format!("no statistics about {}", table.words())));
    };
    let all = live.max(0).saturating_add(dead.max(0));
    let share = if all == 0 { 0 } else { dead.max(0).saturating_mul(100) / all };
    Ok(Verified::new(share <= i64::from(percent), format!("{dead} of {all} row versions are dead ({share} %)")))
}

/// Its statistics are new.
pub(super) async fn analyzed_within(
    session: &mut dyn Session,
    table: &ObjectRef,
    seconds: u64,
) -> Result<Verified, SessionError> {
    let rows = table_facts(session, table).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::unknown(format!("no statistics about {}", table.words())));
    };
    Ok(match rows.get(row, "analyzed").int() {
        None => Verified::new(false, format!("{} was never analyzed since statistics began", table.words())),
        Some(age) => Verified::new(age.max(0).unsigned_abs() <= seconds, format!("analyzed {} s ago", age.max(0))),
    })
}

/// An option of a table has this value; none: no value of its own.
pub(super) async fn option(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
    value: Option<&str>,
) -> Result<Verified, SessionError> {
    let [schema, relation] = parts(table);
    let rows = session.own(&OPTION, &[schema, relation, Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::new(false, format!("there is no table {}", table.words())));
    };
    let now = rows.get(row, "value").plain();
    let held = match (&now, value) {
        (Some(now), Some(value)) => ["real", "bool", "string"].into_iter().any(|kind| same(now, value, "", kind)),
        (now, value) => now.is_none() == value.is_none(),
    };
    let found = now.map_or_else(|| format!("{name} is not set"), |now| format!("{name} is {now}"));
    Ok(Verified::new(held, format!("{found} for {}", table.words())))
}
