//! How many rows a statement would change, what else that sets off, and whether the prior rows can bring it back.

use super::super::dialect::{self, DIALECT};
use super::shape::{RowChange, Source, Verb};
use super::table::Table;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::proposal::survey::{Blast, Inverse};
use crate::domain::rows::{Limits, Rows};
use crate::engine::{Collector, Session};
use tokio_util::sync::CancellationToken;

/// Rows whose prior state is kept for an undo, at most (safety.md D.7).
pub(super) const UNDO_ROWS: u64 = 1_000;
/// Rows that are counted, at most; above, the planner's estimate is enough.
const COUNTED: u64 = 100_000;
/// The planner's cost up to which rows are counted: about a second of work.
const CHEAP: f64 = 200_000.0;
/// Size up to which the new rows of an INSERT are found by reading the table, bytes.
const SMALL_TABLE: f64 = 64.0 * 1024.0 * 1024.0;
/// Time for an estimate or a count, milliseconds.
const COUNT_MS: u64 = 2_000;

/// Fills in rows and what else happens.
pub(super) async fn measure(
    session: &mut dyn Session,
    change: &RowChange,
    table: &Table,
    blast: &mut Blast,
) -> Result<(), SessionError> {
    let source = match &change.source {
        Some(Source::Values(count)) => {
            blast.exact_rows = Some(*count);
            blast.estimated_rows = Some(*count);
            None
        }
        Some(Source::Query(query)) => Some((query.clone(), query.clone())),
        None => change.picked(|_| "1".into()).zip(change.picked(|called| {
            if change.joins() { format!("DISTINCT {called}.tableoid, {called}.ctid") } else { "1".into() }
        })),
    };
    if let Some((estimated, counted)) = source {
        match count(session, &estimated, &counted, change.joins() && table.kind == "v").await? {
            Counted::Rows { estimated, exact } => {
                blast.estimated_rows = Some(exact.unwrap_or(estimated));
                blast.exact_rows = exact;
            }
            Counted::Not(why) => blast.notes.push(format!("the rows were not counted: {why}")),
        }
    } else if blast.exact_rows.is_none() {
        blast.notes.push("the rows cannot be counted before: it is more than one plain change".into());
    }
    if change.upserts {
        blast.notes.push("rows that are there already are changed instead".into());
    }
    side_effects(change, table, blast);
    Ok(())
}

enum Counted {
    Rows { estimated: u64, exact: Option<u64> },
    Not(String),
}

async fn count(
    session: &mut dyn Session,
    estimated: &str,
    counted: &str,
    without_count: bool,
) -> Result<Counted, SessionError> {
    let plan = match ask(session, &format!("EXPLAIN (FORMAT JSON) {estimated}")).await? {
        Ok(rows) => rows.rows.first().and_then(|row| row.first()).and_then(crate::domain::rows::Value::plain),
        Err(why) => return Ok(Counted::Not(why)),
    };
    let plan: serde_json::Value = plan.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let top = &plan[0]["Plan"];
    let (Some(rows), Some(cost)) = (top["Plan Rows"].as_f64(), top["Total Cost"].as_f64()) else {
        return Ok(Counted::Not("the plan has no estimate".into()));
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let estimated = rows.max(0.0) as u64;
    if estimated > COUNTED || cost > CHEAP || without_count {
        return Ok(Counted::Rows { estimated, exact: None });
    }
    let text = format!("SELECT count(*) FROM ({counted} LIMIT {}) AS picked", COUNTED + 1);
    let exact = match ask(session, &text).await? {
        Ok(rows) => rows.rows.first().and_then(|row| row.first()).and_then(crate::domain::rows::Value::int),
        Err(_) => None,
    };
    let exact = exact.and_then(|n| u64::try_from(n).ok()).filter(|n| *n <= COUNTED);
    Ok(Counted::Rows { estimated, exact })
}

/// Runs a read of ours that holds parts of the person's statement. The guard judges it like any other: what it does
/// not allow, and what the server refuses, is not read. The inner error says why.
pub(super) async fn ask(session: &mut dyn Session, text: &str) -> Result<Result<Rows, String>, SessionError> {
    let allowed = match guard::allow(DIALECT, Author::Person, &Catalog::default(), text) {
        Ok(allowed) => allowed,
        Err(judgement) => return Ok(Err(judgement.reason)),
    };
    let limits = Limits { rows: 10, timeout_ms: COUNT_MS, ..Limits::default() };
    let mut sink = Collector::new(limits);
    match session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await {
        Ok(_) => Ok(Ok(sink.into_rows())),
        Err(SessionError::Server(message)) => Ok(Err(message.message)),
        Err(SessionError::Deadline(ms)) => Ok(Err(format!("counting took longer than {ms} ms"))),
        Err(lost) => Err(lost),
    }
}

fn side_effects(change: &RowChange, table: &Table, blast: &mut Blast) {
    for name in table.fired(change.verb, change.upserts) {
        blast.notes.push(format!("the trigger {} fires", dialect::quote(name)));
    }
    for reference in &table.referenced {
        let (moved, rule) = match change.verb {
            Verb::Delete => (true, reference.on_delete.as_str()),
            Verb::Update => {
                (reference.columns.iter().any(|c| change.columns.contains(c)), reference.on_update.as_str())
            }
            Verb::Merge => (
                true,
                if reference.on_delete == "a" { reference.on_update.as_str() } else { reference.on_delete.as_str() },
            ),
            Verb::Insert => (change.upserts, reference.on_update.as_str()),
        };
        let what = match rule {
            "c" if change.verb == Verb::Delete => "their rows go as well (CASCADE)",
            "c" => "their keys change as well (CASCADE)",
            "n" => "their keys become NULL",
            "d" => "their keys become the default",
            _ => "it fails while rows there point here",
        };
        if moved {
            let rows = reference.rows.map(|rows| format!(", about {rows:.0} rows")).unwrap_or_default();
            blast.notes.push(format!("foreign keys of {}{rows}: {what}", reference.table));
        }
    }
    if table.row_security {
        blast.notes.push("row security is on: only rows that its policies show to the login are touched".into());
    }
    if table.kind == "p" {
        blast.notes.push("it is partitioned: rows of every partition that fits are touched".into());
    }
    if table.has_children && !change.only {
        blast.notes.push("tables inherit from it, and their rows are touched as well: write ONLY to leave them".into());
    }
}

/// Whether and how it can be undone. The second part says that it is the number of rows that forbids it.
pub(super) fn inverse(change: &RowChange, table: &Table, blast: &Blast) -> (Inverse, bool) {
    if let Some(why) = cannot_undo(change, table) {
        return (Inverse::None(why), false);
    }
    if blast.exact_rows.or(blast.estimated_rows).is_some_and(|rows| rows > UNDO_ROWS) {
        return (
            Inverse::None(format!("more than {UNDO_ROWS} rows change, and no more are kept: do it in smaller parts")),
            true,
        );
    }
    (Inverse::FromRows(UNDO_ROWS), false)
}

fn cannot_undo(change: &RowChange, table: &Table) -> Option<String> {
    let named = |names: Vec<&str>| names.into_iter().map(dialect::quote).collect::<Vec<_>>().join(", ");
    let fired = table.fired(change.verb, change.upserts);
    if change.changes_more {
        return Some("a WITH query changes rows as well".into());
    }
    if change.verb == Verb::Merge {
        return Some("a MERGE inserts, changes and removes in one".into());
    }
    match table.kind.as_str() {
        "r" | "p" => {}
        "v" => return Some("it goes through a view: name the table behind it".into()),
        "f" => return Some("the table is another server's".into()),
        _ => return Some("only the rows of ordinary tables are kept".into()),
    }
    if !fired.is_empty() {
        return Some(format!("triggers fire ({}), and what they do is not known here", named(fired)));
    }
    if table.has_rules {
        return Some("a rule of the table rewrites the statement".into());
    }
    if table.key.is_empty() {
        return Some("the table has no primary key by which rows are found again".into());
    }
    if table.has_children && !change.only {
        return Some("tables inherit from it, and the rows could be theirs: write ONLY".into());
    }
    let cascades = |rule: &str| matches!(rule, "c" | "n" | "d");
    match change.verb {
        Verb::Insert if change.upserts => {
            Some("rows that were there before may change instead (ON CONFLICT DO UPDATE)".into())
        }
        Verb::Insert if table.bytes.is_some_and(|bytes| bytes > SMALL_TABLE) => {
            Some("the table is too large to find the new rows in it again: delete them by their keys".into())
        }
        Verb::Insert => None,
        Verb::Delete => {
            let child = table.referenced.iter().find(|r| cascades(&r.on_delete))?;
            Some(format!("rows of {} change with it, and they are not kept", child.table))
        }
        Verb::Update => {
            if let Some(column) = table.key.iter().find(|column| change.columns.contains(column)) {
                return Some(format!(
                    "it changes the primary key ({}), by which rows are found again",
                    dialect::quote(column)
                ));
            }
            let always = |name: &String| table.column(name).is_some_and(|column| column.identity == "a");
            if change.columns.iter().any(always) {
                return Some("it draws a new value of an identity column".into());
            }
            let moved = |r: &&super::table::Reference| {
                cascades(&r.on_update) && r.columns.iter().any(|c| change.columns.contains(c))
            };
            let child = table.referenced.iter().find(moved)?;
            Some(format!("rows of {} change with it, and they are not kept", child.table))
        }
        Verb::Merge => None,
    }
}
