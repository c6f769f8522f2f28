//! How causes are found on a SQLite file: what is read, what it means, and which procedure answers it. A file has no
//! server that counts statements: what its users do shows in its locks, its pages and its log.
//!
//! ```text
//! probes, look_further, plans -> Observation -> view (typed) -> locks, health, objects -> roots
//! ```

mod health;
pub(super) mod locks;
pub(super) mod objects;
mod predicates;
pub(super) mod view;

use super::procedures::PROCEDURES;
use super::session::SqliteSession;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::{Identity, Timestamp};
use crate::engine::{Examination, Probe, Query, Session, Task, Wanted, When};
use view::View;

/// The registry's part.
pub(super) static EXAMINATION: Examination =
    Examination { probes, look_further: Some(look_further), plans, judge, procedures: PROCEDURES };

/// The file itself: pages, log, disk.
static FILE: Query = Query {
    name: "diagnose.file",
    text: "SELECT p.page_count, s.page_size, f.freelist_count, j.journal_mode, a.auto_vacuum, d.data_version,
                  dba_wal_bytes() AS wal_bytes, dba_wal_live_bytes() AS wal_live_bytes, dba_wal_commits() AS commits,
                  dba_disk_free() AS disk_free, dba_disk_size() AS disk_size, dba_file_closed() AS closed,
                  dba_locks() IS NOT NULL AS locks_are_told
           FROM pragma_page_count p, pragma_page_size s, pragma_freelist_count f, pragma_journal_mode j,
                pragma_auto_vacuum a, pragma_data_version d",
    timeout_ms: 2000,
};
/// Who holds a lock.
static LOCKS: Query = Query {
    name: "diagnose.locks",
    text: "SELECT l.value ->> 'role' AS role, l.value ->> 'mark' AS mark, l.value ->> 'pid' AS pid,
                  l.value ->> 'program' AS program
           FROM json_each(coalesce(dba_locks(), '[]')) l",
    timeout_ms: 1000,
};
/// Every object.
static SCHEMA: Query = Query {
    name: "diagnose.schema",
    text: "SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type DESC, name LIMIT 5000",
    timeout_ms: 2000,
};
/// Indexes whose columns another index has in front, and the columns of each.
static INDEXES: Query = Query {
    name: "diagnose.indexes",
    text: "WITH found AS (
             SELECT m.name, m.tbl_name, l.\"unique\" AS is_unique, l.origin, l.partial,
                    (SELECT group_concat(coalesce(x.name, '(expression)') || iif(x.desc, ' desc', ''), ', ')
                     FROM pragma_index_xinfo(m.name) x WHERE x.key) AS columns
             FROM main.sqlite_schema m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name WHERE m.type = 'index')
           SELECT f.name, f.tbl_name, f.columns, f.is_unique, f.origin,
                  (SELECT min(o.name) FROM found o
                   WHERE o.tbl_name = f.tbl_name AND o.name <> f.name AND NOT f.is_unique AND NOT f.partial
                     AND NOT o.partial AND f.origin = 'c' AND f.columns NOT LIKE '%(expression)%'
                     AND (substr(o.columns, 1, length(f.columns) + 2) = f.columns || ', '
                          OR (o.columns = f.columns AND (o.is_unique OR o.name < f.name)))) AS covered_by
           FROM found f ORDER BY f.tbl_name, f.name LIMIT 2000",
    timeout_ms: 2000,
};
/// Rows of each table, counted in the leaves of its tree; only for files of up to 32768 pages.
static TABLES: Query = Query {
    name: "diagnose.tables",
    text: "SELECT d.name, sum(d.ncell) AS \"rows\", sum(d.pgsize) AS bytes
           FROM (SELECT 1 FROM pragma_page_count WHERE page_count <= 32768) CROSS JOIN dbstat d
           WHERE d.pagetype = 'leaf' AND d.name IN (SELECT name FROM main.sqlite_schema WHERE type = 'table')
           GROUP BY d.name",
    timeout_ms: 1000,
};
/// How many rows the planner believes a table to have. An index WHERE only counts its own rows, and of an index that is
/// gone the planner believes nothing: neither says how many the table has.
static STATISTICS: Query = Query {
    name: "diagnose.statistics",
    text: "SELECT s.tbl, s.idx, s.stat FROM main.sqlite_stat1 s
           WHERE s.idx IS NULL OR lower(s.idx) = lower(s.tbl)
              OR EXISTS (SELECT 1 FROM pragma_index_list(s.tbl, 'main') l WHERE lower(l.name) = lower(s.idx) AND NOT l.partial)
           LIMIT 2000",
    timeout_ms: 1000,
};
/// The engine's own check. While it runs, writers of a file without a log wait: there it gets little time.
static CHECK_IN_WAL: Query = Query {
    name: "diagnose.check",
    text: "SELECT quick_check AS found FROM pragma_quick_check LIMIT 10",
    timeout_ms: 1200,
};
static CHECK: Query = Query {
    name: "diagnose.check",
    text: "SELECT quick_check AS found FROM pragma_quick_check LIMIT 10",
    timeout_ms: 250,
};

fn probes(_identity: &Identity) -> Vec<Probe> {
    vec![
        Probe { query: &FILE, when: When::Ends },
        Probe { query: &LOCKS, when: When::Often },
        Probe { query: &SCHEMA, when: When::Once },
        Probe { query: &INDEXES, when: When::Once },
    ]
}

/// What walks over pages, once at the end; and the locks, when the file let nobody in to ask.
fn look_further<'a>(
    session: &'a mut dyn Session,
    _wanted: &'a Wanted,
    observation: &'a mut Observation,
) -> Task<'a, Result<(), SessionError>> {
    Box::pin(async move {
        if observation.last(LOCKS.name).is_none() {
            let own = session.memory().and_then(|memory| memory.downcast_mut::<SqliteSession>());
            if let Some(rows) = own.and_then(|own| locked_out(own)) {
                observation.add(LOCKS.name, Timestamp(0), rows);
            }
        }
        let Some(file) = observation.last(FILE.name) else { return Ok(()) };
        let (at, wal) =
            (file.at, file.rows.rows.first().map(|row| file.rows.text(row, "journal_mode")) == Some("wal".into()));
        for query in [&STATISTICS, &TABLES, if wal { &CHECK_IN_WAL } else { &CHECK }] {
            match session.own(query, &[]).await {
                Ok(rows) => observation.add(query.name, at, rows),
                Err(error @ (SessionError::Server(_) | SessionError::Unsupported(_) | SessionError::Deadline(_))) => {
                    observation.refuse(query.name, error.to_string());
                }
                Err(gone) => return Err(gone),
            }
        }
        Ok(())
    })
}

/// The locks, asked of the system alone.
fn locked_out(session: &SqliteSession) -> Option<Rows> {
    let holders = super::locks::holders(session.path())?;
    let rows = holders.into_iter().map(|holder| {
        let (role, mark) = match holder.role {
            super::locks::Role::Writer => ("writer", None),
            super::locks::Role::Reader(mark) => ("reader", mark),
        };
        let mark = mark.and_then(|mark| i64::try_from(mark).ok()).map_or(Value::Null, Value::Int);
        vec![Value::Text(role.into()), mark, Value::Int(i64::from(holder.pid)), Value::Text(holder.program)]
    });
    let columns = ["role", "mark", "pid", "program"].iter().map(|name| Column::text(name)).collect();
    Some(Rows { columns, rows: rows.collect(), truncated: None })
}

/// The plan of the statement that is asked about: the file itself keeps none.
fn plans(_observation: &Observation, wanted: &Wanted) -> Vec<String> {
    wanted.statement.iter().map(|statement| format!("EXPLAIN QUERY PLAN {statement}")).collect()
}

/// Decides on every cause.
fn judge(case: &Case<'_>) -> Diagnosis {
    let view = View::of(case);
    let mut unknown = view.unknown();
    let mut found = Vec::new();
    found.extend(locks::judge(&view, &mut unknown));
    found.extend(health::judge(&view, &mut unknown));
    found.extend(objects::judge(&view, &mut unknown));
    let supported =
        |found: &[Hypothesis], cause: Cause| found.iter().any(|h| h.cause == cause && h.verdict == Verdict::Supported);
    if supported(&found, Cause::Corruption) {
        // A damaged file explains everything else that is odd about it.
        found = found
            .into_iter()
            .map(|h| if h.cause == Cause::Corruption { h } else { h.follows_from(Cause::Corruption) })
            .collect();
    } else if supported(&found, Cause::WriterLock) && !supported(&found, Cause::LongTransaction) {
        for hypothesis in found.iter_mut().filter(|h| h.cause == Cause::WalGrowth) {
            *hypothesis = hypothesis.clone().follows_from(Cause::WriterLock);
        }
    }
    Diagnosis::new(found, unknown)
}

#[cfg(test)]
mod tests;
