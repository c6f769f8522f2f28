//! Looks at a few rows of a table where its declared types leave open what a column is for: SQLite lets a date be
//! TEXT and lets a column have no type at all.

use crate::domain::guard::{self, Author, Catalog};
use crate::domain::rows::{Limits, Rows, Value};
use crate::domain::schema::{ColumnKind, Table, TableColumn};
use crate::engine::{Collector, Session};
use tokio_util::sync::CancellationToken;

/// Rows looked at.
const ROWS: usize = 20;
/// Columns looked at in one table.
const COLUMNS: usize = 50;

/// Settles the kinds that the types left open. What cannot be looked at keeps the kind that its type gave it.
pub(super) async fn guess_kinds(session: &mut dyn Session, tables: &mut [Table]) {
    for table in tables.iter_mut().filter(|table| table.is_table()) {
        let open: Vec<usize> =
            table.columns.iter().enumerate().filter(|(_, c)| is_open(c)).map(|(at, _)| at).take(COLUMNS).collect();
        let Some(rows) = look(session, table, &open).await else { continue };
        for (position, at) in open.into_iter().enumerate() {
            let first = rows.rows.iter().filter_map(|row| row.get(position)).find(|cell| !matches!(cell, Value::Null));
            if let Some(kind) = first.and_then(|value| kind_of_value(value, &table.columns[at])) {
                table.columns[at].kind = kind;
            }
        }
    }
}

/// The type does not say what the column is for.
fn is_open(column: &TableColumn) -> bool {
    column.type_name.is_empty() || (column.kind == ColumnKind::Text && sounds_like_time(&column.name))
}

async fn look(session: &mut dyn Session, table: &Table, columns: &[usize]) -> Option<Rows> {
    if columns.is_empty() {
        return None;
    }
    let dialect = super::super::SPEC.dialect;
    let names: Vec<String> = columns.iter().map(|at| dialect.quote(&table.columns[*at].name)).collect();
    let text = format!("SELECT {} FROM {} LIMIT {ROWS}", names.join(", "), dialect.quote(&table.name));
    let statement = guard::allow(dialect, Author::Model, &Catalog::default(), &text).ok()?;
    let limits = Limits { rows: ROWS, cell_bytes: 64, timeout_ms: 500, ..Limits::default() };
    let mut collector = Collector::new(limits);
    session.read(statement, &limits, &CancellationToken::new(), &mut collector).await.ok()?;
    Some(collector.into_rows())
}

fn kind_of_value(value: &Value, column: &TableColumn) -> Option<ColumnKind> {
    match value {
        Value::Text(text) if is_iso_date(text) => Some(ColumnKind::Time),
        _ if !column.type_name.is_empty() => None,
        Value::Text(_) | Value::Cut { .. } => Some(ColumnKind::Text),
        Value::Int(_) | Value::Float(_) => Some(ColumnKind::Number),
        _ => None,
    }
}

/// A name that people give to a moment: `created_at`, `birthDate`, `paid_on`, `timestamp`.
fn sounds_like_time(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["_at", "_on", "_ts", "_day", "_since", "_until"].iter().any(|ending| name.ends_with(ending))
        || ["date", "time"].iter().any(|part| name.contains(part))
        || matches!(name.as_str(), "at" | "day" | "created" | "updated" | "modified" | "deleted" | "ts" | "since")
}

/// `2026-08-22`, alone or with a time of day behind it: the form that SQLite's own date functions read.
fn is_iso_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let date =
        digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'-') && digits(8..10);
    date && match bytes.get(10) {
        None => true,
        Some(b' ' | b'T') => digits(11..13) && bytes.get(13) == Some(&b':') && digits(14..16),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_by_their_form() {
        for text in ["2026-08-22", "2026-08-22 14:31", "2026-08-22T14:31:58.123Z"] {
            assert!(is_iso_date(text), "{text}");
        }
        for text in ["", "2026-8-22", "2026-08-22x", "2026-08-22 noon", "22.08.2026", "not a date at all"] {
            assert!(!is_iso_date(text), "{text}");
        }
    }

    #[test]
    fn only_an_open_question_is_settled() {
        let column = |name: &str, type_name: &str, kind| TableColumn {
            name: name.into(),
            type_name: type_name.into(),
            kind,
            ..TableColumn::default()
        };
        assert!(is_open(&column("created_at", "TEXT", ColumnKind::Text)));
        assert!(is_open(&column("anything", "", ColumnKind::Other)));
        assert!(!is_open(&column("name", "TEXT", ColumnKind::Text)));
        assert!(!is_open(&column("created_at", "INTEGER", ColumnKind::Number)));
        let untyped = column("x", "", ColumnKind::Other);
        assert_eq!(kind_of_value(&Value::Int(1), &untyped), Some(ColumnKind::Number));
        let note = column("lead_time", "TEXT", ColumnKind::Text);
        assert_eq!(kind_of_value(&Value::Text("two weeks".into()), &note), None);
    }
}
