//! What is read after the rest, because it depends on it: locks of those who wait, texts of statements that took time,
//! names near the one that was not found.

use super::queries::{COLUMNS, DEFINITIONS, LOCKS, RELATIONS, STATEMENT_TEXTS, WIDTHS};
use crate::domain::diagnosis::Observation;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;
use crate::engine::{Param, Query, Session, Task, Wanted};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions whose locks are looked at.
const MOST_SESSIONS: usize = 200;
/// Tables whose columns are looked at.
const MOST_TABLES: usize = 60;
/// Statements whose texts are read.
const MOST_TEXTS: usize = 12;

/// The engine's [`crate::engine::LookFurther`].
pub(super) fn look<'a>(
    session: &'a mut dyn Session,
    wanted: &'a Wanted,
    seen: &'a mut Observation,
) -> Task<'a, Result<(), SessionError>> {
    Box::pin(async move {
        let at = seen.last("diagnose.sessions").map_or(Timestamp(0), |look| look.at);
        let waiting = waiting(seen);
        if !waiting.is_empty() {
            ask(session, seen, at, &LOCKS, Some(array(waiting.iter().take(MOST_SESSIONS)))).await?;
        }
        let busy = busy_statements(seen);
        if !busy.is_empty() {
            ask(session, seen, at, &STATEMENT_TEXTS, Some(json!(busy).to_string())).await?;
        }
        let tables = busy_tables(seen);
        if !tables.is_empty() {
            ask(session, seen, at, &WIDTHS, Some(array(tables.iter()))).await?;
            ask(session, seen, at, &DEFINITIONS, Some(array(tables.iter()))).await?;
        }
        if matches!(wanted.kind, Some(ErrorKind::TableNotFound | ErrorKind::ObjectNotFound)) {
            ask(session, seen, at, &RELATIONS, None).await?;
        }
        if wanted.kind == Some(ErrorKind::ColumnNotFound) {
            let names = words(wanted.statement.as_deref().unwrap_or_default())
                .chain(words(wanted.object.as_deref().unwrap_or_default()))
                .collect::<BTreeSet<_>>();
            ask(session, seen, at, &COLUMNS, Some(json!(names).to_string())).await?;
        }
        Ok(())
    })
}

/// Asks and keeps the answer or the refusal; only a lost connection ends it.
async fn ask(
    session: &mut dyn Session,
    seen: &mut Observation,
    at: Timestamp,
    query: &'static Query,
    param: Option<String>,
) -> Result<(), SessionError> {
    let params: Vec<Param> = param.into_iter().map(Param::Text).collect();
    match session.own(query, &params).await {
        Ok(rows) => seen.add(query.name, at, rows),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        Err(error) => seen.refuse(query.name, error.to_string()),
    }
    Ok(())
}

/// An array in PostgreSQL's own form.
fn array<'a>(numbers: impl Iterator<Item = &'a i64>) -> String {
    let numbers: Vec<String> = numbers.map(i64::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

/// Who waits for a lock at the end, and for whom.
fn waiting(seen: &Observation) -> BTreeSet<i64> {
    let Some(look) = seen.last("diagnose.sessions") else { return BTreeSet::new() };
    let mut pids = BTreeSet::new();
    for row in &look.rows.rows {
        let blockers: Vec<i64> = serde_json::from_str(&look.rows.text(row, "blocked_by")).unwrap_or_default();
        if !blockers.is_empty() {
            pids.extend(look.rows.get(row, "pid").int());
            pids.extend(blockers.into_iter().filter(|pid| *pid > 0));
        }
    }
    pids
}

/// A column of one look by the text of another.
fn numbers(rows: &Rows, key: &str, columns: &[&str]) -> BTreeMap<String, f64> {
    let sum = |row: &[Value]| columns.iter().filter_map(|name| rows.get(row, name).number()).sum::<f64>();
    rows.rows.iter().map(|row| (rows.text(row, key), sum(row))).collect()
}

/// What grew most between the two looks at a query, the most first.
fn grown(seen: &Observation, name: &str, key: &str, columns: &[&str]) -> Vec<String> {
    let Some((first, last)) = seen.ends(name) else { return Vec::new() };
    let before = numbers(&first.rows, key, columns);
    let mut grown: Vec<(String, f64)> = numbers(&last.rows, key, columns)
        .into_iter()
        .map(|(key, now)| (key.clone(), now - before.get(&key).copied().unwrap_or(0.0)))
        .filter(|(_, by)| *by > 0.0)
        .collect();
    grown.sort_by(|a, b| b.1.total_cmp(&a.1));
    grown.into_iter().map(|(key, _)| key).collect()
}

fn busy_statements(seen: &Observation) -> Vec<String> {
    grown(seen, "diagnose.statements", "id", &["total_ms"]).into_iter().take(MOST_TEXTS).collect()
}

/// Tables that were read or written, the busiest first, then the largest.
fn busy_tables(seen: &Observation) -> Vec<i64> {
    let columns = ["seq_tup_read", "idx_tup_fetch", "inserted", "updated", "deleted", "seq_scan"];
    let mut tables: Vec<i64> =
        grown(seen, "diagnose.tables", "oid", &columns).iter().filter_map(|oid| oid.parse().ok()).collect();
    if let Some(look) = seen.last("diagnose.tables") {
        let mut largest: Vec<(i64, i64)> = look
            .rows
            .rows
            .iter()
            .filter_map(|row| Some((look.rows.get(row, "bytes").int()?, look.rows.get(row, "oid").int()?)))
            .collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        tables.extend(largest.into_iter().map(|(_, oid)| oid));
    }
    let mut known = BTreeSet::new();
    tables.retain(|oid| known.insert(*oid));
    tables.truncate(MOST_TABLES);
    tables
}

/// The words of a text that could be names, lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .take(300)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::Column;

    fn look(rows: &[(i64, i64, &str)]) -> Rows {
        Rows {
            columns: vec![Column::number("pid"), Column::number("oid"), Column::text("blocked_by")],
            rows: rows
                .iter()
                .map(|(pid, oid, blocked)| vec![Value::Int(*pid), Value::Int(*oid), Value::Text((*blocked).into())])
                .collect(),
            truncated: None,
        }
    }

    #[test]
    fn locks_are_looked_at_for_those_who_wait_and_those_they_wait_for() {
        let mut seen = Observation::default();
        seen.add("diagnose.sessions", Timestamp(1), look(&[(5, 0, ""), (6, 0, "[7,0]"), (8, 0, "[6]")]));
        assert_eq!(waiting(&seen).into_iter().collect::<Vec<_>>(), [6, 7, 8]);
        assert_eq!(array([6, 7].iter()), "{6,7}");
    }

    #[test]
    fn what_grew_most_comes_first() {
        let rows = |numbers: &[(&str, i64)]| Rows {
            columns: vec![Column::text("id"), Column::number("total_ms")],
            rows: numbers.iter().map(|(id, ms)| vec![Value::Text((*id).into()), Value::Int(*ms)]).collect(),
            truncated: None,
        };
        let mut seen = Observation::default();
        seen.add("diagnose.statements", Timestamp(1), rows(&[("a", 900), ("b", 10)]));
        seen.add("diagnose.statements", Timestamp(2), rows(&[("a", 901), ("b", 60), ("c", 20), ("d", 0)]));
        assert_eq!(busy_statements(&seen), ["b", "c", "a"]);
    }

    #[test]
    fn words_of_a_statement_are_its_possible_names() {
        let found: Vec<String> = words("SELECT O.\"Total\" FROM app.Orders o WHERE x='1'").collect();
        assert!(found.contains(&"orders".to_owned()) && found.contains(&"total".to_owned()));
    }
}
