//! What is read once more, after the watch: the indexes and columns of the tables that the costliest statements name, and
//! what an incident asks for.

use super::seen::counters::Counters;
use super::seen::plan::EXPLAIN;
use super::seen::query::{qualified, read_of};
use super::seen::statement::{first_row, tables, verb};
use super::seen::work::{Work, digests};
use super::{probes, seen};
use crate::domain::diagnosis::Observation;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::SessionError;
use crate::domain::target::Timestamp;
use crate::domain::text::{fit, redact};
use crate::engine::{Param, Query, Session, Task, Wanted};
use std::collections::BTreeMap;

const TIME_MS: u64 = 1_000;
/// Columns of a statement that is named.
const QUOTED: usize = 80;
/// Tables that are looked at, at most.
const MOST_TABLES: usize = 10;
/// Statements whose plans are asked for, at most.
const MOST_PLANS: usize = 8;
/// Share of the work from which a statement is worth its plan.
const WORTH: f64 = 0.05;

/// Key parts of a table, in order.
pub(super) static INDEXES: Query = Query {
    name: "diagnose.indexes",
    text: "SELECT s.TABLE_SCHEMA AS db, s.TABLE_NAME AS tbl, s.INDEX_NAME AS name, s.NON_UNIQUE = 0 AS is_unique,
                  s.COLUMN_NAME AS col, s.SUB_PART AS prefix, {visible} AS is_visible, s.INDEX_TYPE AS kind
             FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = ? AND s.TABLE_NAME = ?
            ORDER BY s.INDEX_NAME, s.SEQ_IN_INDEX",
    timeout_ms: TIME_MS,
};

/// Columns of a table.
pub(super) static COLUMNS: Query = Query {
    name: "diagnose.columns",
    text: "SELECT c.TABLE_SCHEMA AS db, c.TABLE_NAME AS tbl, c.COLUMN_NAME AS name, c.DATA_TYPE AS base,
                  t.ENGINE AS engine, t.TABLE_ROWS AS estimate, t.DATA_LENGTH + t.INDEX_LENGTH AS bytes
             FROM information_schema.COLUMNS c
             JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
            WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION",
    timeout_ms: TIME_MS,
};

/// How far a table has changed since its statistics were read.
pub(super) static COUNTERS: Query = Query {
    name: "diagnose.table_counters",
    text: "SELECT t.NAME AS name, t.NUM_ROWS AS number, t.MODIFIED_COUNTER AS changed, t.STATS_INITIALIZED AS known
             FROM {table_counters} t WHERE t.NAME = CONCAT(?, '/', ?)",
    timeout_ms: TIME_MS,
};

/// Columns by which foreign keys of a table and to it find their rows.
pub(super) static KEYS: Query = Query {
    name: "diagnose.keys",
    text: "SELECT k.TABLE_SCHEMA AS db, k.TABLE_NAME AS tbl, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS col
             FROM information_schema.KEY_COLUMN_USAGE k
            WHERE k.TABLE_SCHEMA = ? AND k.TABLE_NAME = ? AND k.REFERENCED_TABLE_NAME IS NOT NULL
            ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
    timeout_ms: TIME_MS,
};

/// The same name in every database.
pub(in crate::engine::mysql) static SAME_NAME: Query = Query {
    name: "diagnose.same_name",
    text: "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name, t.TABLE_TYPE AS kind FROM information_schema.TABLES t
            WHERE LOWER(t.TABLE_NAME) = LOWER(?)
              AND t.TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') LIMIT 50",
    timeout_ms: TIME_MS,
};

/// Names of one database.
pub(in crate::engine::mysql) static NAMES: Query = Query {
    name: "diagnose.names",
    text: "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name FROM information_schema.TABLES t
            WHERE t.TABLE_SCHEMA = COALESCE(NULLIF(?, ''), DATABASE()) ORDER BY t.TABLE_NAME LIMIT 5000",
    timeout_ms: TIME_MS,
};

/// What InnoDB tells of itself, with its last deadlock.
pub(super) static ENGINE: Query =
    Query { name: "diagnose.innodb_status", text: "SHOW ENGINE INNODB STATUS", timeout_ms: TIME_MS };

/// Reads it.
pub(super) fn look_further<'a>(
    session: &'a mut dyn Session,
    wanted: &'a Wanted,
    seen: &'a mut Observation,
) -> Task<'a, Result<(), SessionError>> {
    Box::pin(async move {
        seen.unknown.extend(without_plan(seen));
        let at = seen.last(probes::SESSIONS.name).map_or(Timestamp(0), |look| look.at);
        let here = session.identity().database.clone();
        for (database, table) in wanted_tables(seen, wanted, &here) {
            let both = [Param::Text(database), Param::Text(table)];
            for query in [&COLUMNS, &INDEXES, &KEYS, &COUNTERS] {
                ask(session, seen, at, query, &both).await?;
            }
        }
        if wanted.kind == Some(ErrorKind::TableNotFound) {
            let (database, name) = missing(wanted, &here);
            ask(session, seen, at, &SAME_NAME, &[Param::Text(name)]).await?;
            ask(session, seen, at, &NAMES, &[Param::Text(database)]).await?;
        }
        if wanted.kind == Some(ErrorKind::Deadlock) || met(seen) {
            ask(session, seen, at, &ENGINE, &[]).await?;
        }
        Ok(())
    })
}

/// Transactions have met in a circle while we watched.
fn met(seen: &Observation) -> bool {
    let grew = |query: &'static Query, name: &str| Counters::of(seen, query.name).delta(name).is_some_and(|n| n > 0.0);
    grew(&probes::STATUS, "Innodb_deadlocks") || grew(&probes::INNODB, "lock_deadlocks")
}

/// The table that an incident misses: database and name. The server names both, other places the name alone.
pub(super) fn missing(wanted: &Wanted, here: &str) -> (String, String) {
    let object = wanted.object.clone().unwrap_or_default();
    let object = object.replace('`', "");
    match object.split_once('.') {
        Some((database, name)) => (database.to_owned(), name.to_owned()),
        None => (here.to_owned(), object),
    }
}

async fn ask(
    session: &mut dyn Session,
    seen: &mut Observation,
    at: Timestamp,
    query: &'static Query,
    params: &[Param],
) -> Result<(), SessionError> {
    match session.own(query, params).await {
        Ok(rows) => seen.add(query.name, at, rows),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        Err(error) => seen.refuse(query.name, error.to_string()),
    }
    Ok(())
}

/// Statements that cost most while we watched, with their database: from the samples, and from the digests where the
/// server keeps a run of each.
fn costliest(seen: &Observation) -> Vec<(String, String)> {
    let moments = seen::moments(seen);
    let work = Work::of(&moments);
    let mut found: Vec<(String, String)> = work
        .shapes
        .iter()
        .filter(|shape| work.share(shape) >= WORTH && !shape.example.is_empty())
        .map(|shape| (shape.example.clone(), shape.database.clone()))
        .collect();
    let digests = digests(seen).unwrap_or_default();
    let all: f64 = digests.iter().map(|d| d.ms).sum();
    found.extend(
        digests
            .iter()
            .filter(|d| d.ms >= all * WORTH && !d.sample.is_empty())
            .map(|d| (first_row(&d.sample).unwrap_or(&d.sample).to_owned(), d.database.clone())),
    );
    let mut shapes = std::collections::BTreeSet::new();
    found.retain(|(text, _)| shapes.insert(seen::statement::shape(text)));
    found
}

/// The server keeps only the beginning of a long statement, and says so by three dots at its end. Such a beginning has no
/// plan: most of them are no statement, and one that is may be another one than what ran.
fn is_cut(statement: &str) -> bool {
    statement.trim_end().ends_with("...")
}

/// Which of the costliest statements cannot be planned, and why.
fn without_plan(seen: &Observation) -> Vec<String> {
    let cut = costliest(seen).into_iter().map(|(text, _)| text).filter(|text| is_cut(text));
    cut.map(|text| {
        format!(
            "a statement that costs much has no plan here, because the server keeps only its first {} bytes \
             (performance_schema_max_sql_text_length): {}",
            text.len(),
            fit(&redact(text.lines().next().unwrap_or_default()), QUOTED)
        )
    })
    .collect()
}

/// The tables of the costliest statements, those that are named most first.
fn wanted_tables(seen: &Observation, wanted: &Wanted, here: &str) -> Vec<(String, String)> {
    let mut named: BTreeMap<(String, String), usize> = BTreeMap::new();
    let statements = costliest(seen).into_iter().chain(wanted.statement.iter().map(|s| (s.clone(), here.to_owned())));
    for (statement, database) in statements {
        for table in tables(&statement, &database) {
            *named.entry(table).or_default() += 1;
        }
    }
    let mut list: Vec<((String, String), usize)> = named.into_iter().collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list.into_iter().map(|(table, _)| table).take(MOST_TABLES).collect()
}

/// The plans that would tell more: of the queries in the costliest statements, each with its names in full.
pub(super) fn plans(seen: &Observation, wanted: &Wanted) -> Vec<String> {
    let told = wanted.statement.iter().map(|s| (s.clone(), String::new()));
    costliest(seen)
        .into_iter()
        .chain(told)
        .filter(|(statement, _)| {
            !is_cut(statement)
                && matches!(verb(statement).as_str(), "select" | "with" | "update" | "delete" | "insert" | "replace")
        })
        .filter_map(|(statement, database)| Some(format!("{EXPLAIN}{}", qualified(&read_of(&statement)?, &database))))
        .take(MOST_PLANS)
        .collect()
}
