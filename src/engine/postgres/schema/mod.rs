//! The objects of the connected database, and what the guard should know about them.
//!
//! Read page by page, so that a catalogue of any size needs little memory beside the result. Nothing here waits for a
//! lock: sizes come from `pg_class`, and expressions of relations that somebody holds or wants exclusively are left out.

mod guard;
mod planned;
mod queries;
mod types;

use super::sample::Memory;
use crate::domain::error_event::SessionError;
use crate::domain::guard::Catalog;
use crate::domain::rows::{Rows, Value};
use crate::domain::schema::{ColumnKind, Extension, ForeignKey, Index, Schema, Table, TableColumn, TableKind};
use crate::engine::{Param, Query, Session, Task};
use std::collections::HashMap;

/// Relations read, at most.
const MOST_RELATIONS: usize = 20_000;
/// Relations whose details are asked for at once.
const PAGE: usize = 500;

/// Reads everything.
pub(super) fn schema(session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async move {
        let mut schema = Schema {
            database: session.identity().database.clone(),
            server_version: session.identity().version_number,
            engine_words: ["postgres", "postgresql", "pg", "psql"].map(Into::into).to_vec(),
            ..Schema::default()
        };
        if let Some(memory) = session.memory().and_then(|m| m.downcast_mut::<Memory>()) {
            schema.search_path.clone_from(&memory.facts.search_path);
        }
        let extensions = session.own(&queries::EXTENSIONS, &[]).await?;
        schema.extensions = extensions
            .rows
            .iter()
            .map(|row| Extension { name: extensions.text(row, "name"), schema: extensions.text(row, "schema") })
            .collect();
        let mut after = 0;
        loop {
            let page = relations(session, after).await?;
            let Some(last) = page.last().map(|(oid, _)| *oid) else { break };
            after = last;
            let mut page = page;
            details(session, &mut page).await?;
            schema.tables.extend(page.into_iter().map(|(_, table)| table));
            if schema.tables.len() >= MOST_RELATIONS {
                schema.cut_at = Some(MOST_RELATIONS);
                break;
            }
        }
        schema.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let catalog = guard::catalog(session, &mut schema).await?;
        Ok((schema, catalog))
    })
}

/// The next page of relations, by oid.
async fn relations(session: &mut dyn Session, after: i64) -> Result<Vec<(i64, Table)>, SessionError> {
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = session.own(&queries::RELATIONS, &[Param::Int(after), Param::Int(page)]).await?;
    Ok(rows.rows.iter().map(|row| (rows.get(row, "oid").int().unwrap_or(0), table(&rows, row))).collect())
}

fn table(rows: &Rows, row: &[Value]) -> Table {
    let kind = match rows.text(row, "kind").as_str() {
        "p" => TableKind::Partitioned,
        "v" => TableKind::View,
        "m" => TableKind::MaterializedView,
        "f" => TableKind::Foreign,
        _ => TableKind::Table,
    };
    let stored = matches!(kind, TableKind::Table | TableKind::MaterializedView);
    // Never vacuumed or analysed: -1 since 14, before that 0 in 0 pages.
    let pages = rows.get(row, "pages").number().unwrap_or(0.0);
    let estimate = rows.get(row, "estimate").number().filter(|n| *n > 0.0 || (*n >= 0.0 && pages > 0.0));
    Table {
        schema: rows.text(row, "schema"),
        name: rows.text(row, "name"),
        kind,
        row_estimate: estimate.filter(|_| kind != TableKind::View),
        bytes: rows
            .get(row, "bytes")
            .int()
            .and_then(|b| u64::try_from(b).ok())
            .filter(|_| stored && estimate.is_some()),
        comment: optional(rows, row, "comment"),
        ..Table::default()
    }
}

/// Adds columns, keys and indexes to a page of relations.
async fn details(session: &mut dyn Session, page: &mut [(i64, Table)]) -> Result<(), SessionError> {
    let (Some(first), Some(last)) = (page.first().map(|p| p.0), page.last().map(|p| p.0)) else { return Ok(()) };
    let columns = ask(session, &queries::COLUMNS, first, last).await?;
    each(&columns, page, |table, row| table.columns.push(column(&columns, row)));
    let keys = ask(session, &queries::KEYS, first, last).await?;
    each(&keys, page, |table, row| {
        if keys.text(row, "kind") == "p" {
            table.primary_key = names(&keys, row, "columns");
        } else {
            table.foreign_keys.push(ForeignKey {
                name: keys.text(row, "name"),
                columns: names(&keys, row, "columns"),
                to_schema: keys.text(row, "to_schema"),
                to_table: keys.text(row, "to_table"),
                to_columns: names(&keys, row, "to_columns"),
            });
        }
    });
    let indexes = ask(session, &queries::INDEXES, first, last).await?;
    each(&indexes, page, |table, row| {
        let flag = |name: &str| indexes.get(row, name) == &Value::Bool(true);
        table.indexes.push(Index {
            name: indexes.text(row, "name"),
            columns: names(&indexes, row, "columns"),
            unique: flag("is_unique"),
            primary: flag("is_primary"),
            predicate: optional(&indexes, row, "predicate"),
            valid: flag("is_valid"),
        });
    });
    Ok(())
}

/// Asks about the relations of a range of oids. A relation may be locked between our look at the locks and our use
/// of it: then the second look sees the lock.
async fn ask(session: &mut dyn Session, query: &'static Query, first: i64, last: i64) -> Result<Rows, SessionError> {
    let range = [Param::Int(first), Param::Int(last)];
    match session.own(query, &range).await {
        Err(SessionError::Server(message)) if message.code == "55P03" => session.own(query, &range).await,
        answer => answer,
    }
}

/// Hands every row to its table.
fn each(rows: &Rows, page: &mut [(i64, Table)], mut take: impl FnMut(&mut Table, &[Value])) {
    let places: HashMap<i64, usize> = page.iter().enumerate().map(|(i, (oid, _))| (*oid, i)).collect();
    for row in &rows.rows {
        let place = rows.get(row, "relation").int().and_then(|oid| places.get(&oid));
        if let Some((_, table)) = place.and_then(|i| page.get_mut(*i)) {
            take(table, row);
        }
    }
}

fn column(rows: &Rows, row: &[Value]) -> TableColumn {
    let type_name = rows.text(row, "type");
    TableColumn {
        name: rows.text(row, "name"),
        kind: kind(&rows.text(row, "category"), &rows.text(row, "base_type")),
        type_name,
        nullable: rows.get(row, "nullable") == &Value::Bool(true),
        default: optional(rows, row, "default"),
        comment: optional(rows, row, "comment"),
    }
}

/// The use of a type, from the server's own category of it. Some members of a category do not behave like the rest.
fn kind(category: &str, base_type: &str) -> ColumnKind {
    match (category, base_type) {
        ("N", name) if name == "oid" || name.starts_with("reg") => ColumnKind::Other,
        ("N", _) => ColumnKind::Number,
        ("S", _) => ColumnKind::Text,
        // A time of day is no calendar date.
        ("D", "time" | "timetz") => ColumnKind::Other,
        ("D", _) => ColumnKind::Time,
        ("B", _) => ColumnKind::Bool,
        _ => ColumnKind::Other,
    }
}

fn optional(rows: &Rows, row: &[Value], name: &str) -> Option<String> {
    rows.get(row, name).plain().filter(|text| !text.is_empty())
}

/// A JSON list of names.
fn names(rows: &Rows, row: &[Value], name: &str) -> Vec<String> {
    let list: Vec<Option<String>> = serde_json::from_str(&rows.text(row, name)).unwrap_or_default();
    list.into_iter().map(|name| name.unwrap_or_else(|| "(expression)".into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_read_for_what_the_type_can_do() {
        assert_eq!(kind("N", "numeric"), ColumnKind::Number);
        assert_eq!(kind("N", "oid"), ColumnKind::Other);
        assert_eq!(kind("N", "regclass"), ColumnKind::Other);
        assert_eq!(kind("D", "timestamptz"), ColumnKind::Time);
        assert_eq!(kind("D", "time"), ColumnKind::Other);
        assert_eq!(kind("T", "interval"), ColumnKind::Other);
        assert_eq!(kind("S", "varchar"), ColumnKind::Text);
    }
}
