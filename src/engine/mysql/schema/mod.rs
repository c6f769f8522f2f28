//! The objects of the connected database, and what the guard should know about them.
//!
//! Read page by page, so that a catalogue of any size needs little memory beside the result. No lock is waited for; a
//! list that is refused because of one is asked for again by the session.

mod guard;
mod queries;

use crate::domain::error_event::SessionError;
pub(super) use guard::catalog;

use crate::domain::guard::Catalog;
use crate::domain::rows::{Rows, Value};
use crate::domain::schema::{ColumnKind, ForeignKey, Index, Schema, Table, TableColumn, TableKind};
use crate::engine::{Param, Session, Task};
use std::collections::HashMap;

/// Tables and views read, at most.
const MOST_TABLES: usize = 20_000;
/// Tables whose details are asked for at once.
const PAGE: usize = 500;

/// Reads everything.
pub(super) fn schema(session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async move {
        let database = session.identity().database.clone();
        let mut schema = Schema {
            server_version: session.identity().version_number,
            engine_words: ["mysql", "mysqld", "mariadb", "maria", "innodb"].map(Into::into).to_vec(),
            search_path: if database.is_empty() { Vec::new() } else { vec![database.clone()] },
            database,
            ..Schema::default()
        };
        let mut after = String::new();
        loop {
            let page_size = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let rows = session.own(&queries::TABLES, &[Param::Text(after), Param::Int(page_size)]).await?;
            let mut page: Vec<Table> = rows.rows.iter().map(|row| table(&rows, row)).collect();
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            after = last.name.clone();
            let range = [Param::Text(first.name.clone()), Param::Text(after.clone())];
            details(session, &range, &mut page).await?;
            schema.tables.append(&mut page);
            if schema.tables.len() >= MOST_TABLES {
                schema.cut_at = Some(MOST_TABLES);
                break;
            }
        }
        schema.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let catalog = guard::catalog(session).await?;
        Ok((schema, catalog))
    })
}

fn table(rows: &Rows, row: &[Value]) -> Table {
    let (kind, engine) = (rows.text(row, "kind"), rows.text(row, "engine").to_ascii_uppercase());
    let kind = match kind.as_str() {
        kind if kind.ends_with("VIEW") => TableKind::View,
        _ if matches!(engine.as_str(), "FEDERATED" | "CONNECT" | "SPIDER" | "S3") => TableKind::Foreign,
        _ if rows.get(row, "is_partitioned").int() == Some(1) => TableKind::Partitioned,
        _ => TableKind::Table,
    };
    Table {
        schema: rows.text(row, "db"),
        name: rows.text(row, "name"),
        kind,
        row_estimate: rows.get(row, "estimate").number().filter(|_| kind != TableKind::View),
        bytes: rows.get(row, "bytes").int().and_then(|b| u64::try_from(b).ok()),
        comment: optional(rows, row, "comment"),
        ..Table::default()
    }
}

/// Adds columns, keys and indexes to a page of tables.
async fn details(session: &mut dyn Session, range: &[Param], page: &mut [Table]) -> Result<(), SessionError> {
    let columns = session.own(&queries::COLUMNS, range).await?;
    each(&columns, page, |table, row| table.columns.push(column(&columns, row)));
    let indexes = session.own(&queries::INDEXES, range).await?;
    each(&indexes, page, |table, row| {
        let name = indexes.text(row, "name");
        let part = optional(&indexes, row, "column_name")
            .or_else(|| optional(&indexes, row, "expression").map(|text| format!("({text})")))
            .unwrap_or_else(|| "(expression)".into());
        if name == "PRIMARY" {
            table.primary_key.push(part.clone());
        }
        match table.indexes.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.push(part),
            None => {
                let flag = |column: &str| indexes.get(row, column).int() == Some(1);
                table.indexes.push(Index {
                    primary: name == "PRIMARY",
                    name,
                    columns: vec![part],
                    unique: flag("is_unique"),
                    predicate: None,
                    valid: flag("is_valid"),
                });
            }
        }
    });
    let keys = session.own(&queries::FOREIGN_KEYS, range).await?;
    each(&keys, page, |table, row| {
        let name = keys.text(row, "name");
        let (here, there) = (keys.text(row, "column_name"), keys.text(row, "to_column"));
        match table.foreign_keys.last_mut().filter(|key| key.name == name) {
            Some(key) => {
                key.columns.push(here);
                key.to_columns.push(there);
            }
            None => table.foreign_keys.push(ForeignKey {
                name,
                columns: vec![here],
                to_schema: keys.text(row, "to_schema"),
                to_table: keys.text(row, "to_table"),
                to_columns: vec![there],
            }),
        }
    });
    Ok(())
}

/// Hands every row to its table.
fn each(rows: &Rows, page: &mut [Table], mut take: impl FnMut(&mut Table, &[Value])) {
    let places: HashMap<String, usize> = page.iter().enumerate().map(|(i, table)| (table.name.clone(), i)).collect();
    for row in &rows.rows {
        if let Some(table) = places.get(&rows.text(row, "tbl")).and_then(|i| page.get_mut(*i)) {
            take(table, row);
        }
    }
}

fn column(rows: &Rows, row: &[Value]) -> TableColumn {
    let type_name = rows.text(row, "type");
    TableColumn {
        name: rows.text(row, "name"),
        kind: kind(&rows.text(row, "base_type"), &type_name),
        type_name,
        nullable: rows.get(row, "nullable").int() == Some(1),
        default: rows.get(row, "default").plain().filter(|text| text != "NULL"),
        comment: optional(rows, row, "comment"),
    }
}

/// The use of a type. `tinyint(1)` is how a truth value is declared.
fn kind(base_type: &str, type_name: &str) -> ColumnKind {
    match base_type.to_ascii_lowercase().as_str() {
        "tinyint" if type_name.starts_with("tinyint(1)") => ColumnKind::Bool,
        "bit" if type_name == "bit(1)" => ColumnKind::Bool,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year" => {
            ColumnKind::Number
        }
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => ColumnKind::Text,
        "date" | "datetime" | "timestamp" => ColumnKind::Time,
        _ => ColumnKind::Other,
    }
}

fn optional(rows: &Rows, row: &[Value], name: &str) -> Option<String> {
    rows.get(row, name).plain().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_for_what_they_can_do() {
        assert_eq!(kind("tinyint", "tinyint(1)"), ColumnKind::Bool);
        assert_eq!(kind("tinyint", "tinyint(4)"), ColumnKind::Number);
        assert_eq!(kind("bit", "bit(8)"), ColumnKind::Other);
        assert_eq!(kind("timestamp", "timestamp"), ColumnKind::Time);
        assert_eq!(kind("time", "time"), ColumnKind::Other);
        assert_eq!(kind("enum", "enum('a','b')"), ColumnKind::Text);
        assert_eq!(kind("json", "json"), ColumnKind::Other);
    }
}
