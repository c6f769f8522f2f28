//! The tables that the costliest statements name: columns, indexes, keys, and how old their statistics are.

use crate::domain::diagnosis::Observation;
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::diagnose::further;

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Index {
    pub(in crate::engine::mysql) name: String,
    pub(in crate::engine::mysql) unique: bool,
    pub(in crate::engine::mysql) visible: bool,
    /// In small letters, in order; parts that are expressions are empty, prefixes carry their length: `note(10)`.
    pub(in crate::engine::mysql) columns: Vec<String>,
    pub(in crate::engine::mysql) is_tree: bool,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Table {
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) name: String,
    pub(in crate::engine::mysql) engine: String,
    /// Rows, by the server's estimate.
    pub(in crate::engine::mysql) rows: Option<f64>,
    pub(in crate::engine::mysql) bytes: Option<f64>,
    /// Name and type, in small letters.
    pub(in crate::engine::mysql) columns: Vec<(String, String)>,
    pub(in crate::engine::mysql) indexes: Vec<Index>,
    /// Foreign keys with their columns.
    pub(in crate::engine::mysql) keys: Vec<(String, Vec<String>)>,
    /// Rows that have changed since the statistics were read, and rows in all, as InnoDB counts them.
    pub(in crate::engine::mysql) changed: Option<(f64, f64)>,
}

impl Table {
    /// Every table that was looked at.
    pub(in crate::engine::mysql) fn all(seen: &Observation) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for look in seen.all(further::COLUMNS.name) {
            let rows = &look.rows;
            let Some(first) = rows.rows.first() else { continue };
            tables.push(Self {
                database: rows.text(first, "db"),
                name: rows.text(first, "tbl"),
                engine: rows.text(first, "engine"),
                rows: rows.get(first, "estimate").number(),
                bytes: rows.get(first, "bytes").number(),
                columns: rows.rows.iter().map(|row| (lower(rows, row, "name"), lower(rows, row, "base"))).collect(),
                ..Self::default()
            });
        }
        for look in seen.all(further::INDEXES.name) {
            for row in &look.rows.rows {
                if let Some(table) = of(&mut tables, &look.rows, row) {
                    add_part(table, &look.rows, row);
                }
            }
        }
        for look in seen.all(further::KEYS.name) {
            for row in &look.rows.rows {
                let (name, column) = (look.rows.text(row, "name"), lower(&look.rows, row, "col"));
                let Some(table) = of(&mut tables, &look.rows, row) else { continue };
                match table.keys.last_mut().filter(|(last, _)| *last == name) {
                    Some((_, columns)) => columns.push(column),
                    None => table.keys.push((name, vec![column])),
                }
            }
        }
        for look in seen.all(further::COUNTERS.name) {
            for row in &look.rows.rows {
                let full = look.rows.text(row, "name").to_lowercase();
                let pair = look.rows.get(row, "changed").number().zip(look.rows.get(row, "number").number());
                if let Some(table) = tables
                    .iter_mut()
                    .find(|t| format!("{}/{}", t.database.to_lowercase(), t.name.to_lowercase()) == full)
                {
                    table.changed = pair;
                }
            }
        }
        tables
    }

    /// `shop.orders`
    pub(in crate::engine::mysql) fn full(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }
    /// It has such a column.
    pub(in crate::engine::mysql) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }
    /// A visible index begins with this column.
    pub(in crate::engine::mysql) fn is_led_by(&self, column: &str) -> bool {
        self.indexes.iter().any(|i| i.visible && i.is_tree && i.columns.first().is_some_and(|c| c == column))
    }
    /// The column can be part of an index as it is.
    pub(in crate::engine::mysql) fn can_index(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, base)| {
            name == column && !base.ends_with("text") && !base.ends_with("blob") && base != "json" && base != "geometry"
        })
    }

    /// Indexes that another one makes spare, with that one: the other begins with all of its columns. Unique ones are
    /// rules, and one that a foreign key needs has to have another that serves it.
    pub(in crate::engine::mysql) fn redundant(&self) -> Vec<(&Index, &Index)> {
        let mut found: Vec<(&Index, &Index)> = Vec::new();
        for (at, index) in self.indexes.iter().enumerate() {
            let plain = !index.unique && index.is_tree && index.name != "PRIMARY" && !index.columns.is_empty();
            if !plain || index.columns.iter().any(String::is_empty) {
                continue;
            }
            let other = self.indexes.iter().enumerate().find(|(place, other)| {
                *place != at
                    && other.is_tree
                    && other.visible
                    && other.columns.starts_with(&index.columns)
                    // Of two that are alike, the later one is spare.
                    && (other.columns.len() > index.columns.len() || other.unique || *place < at)
                    && !found.iter().any(|(spare, _)| spare.name == other.name)
            });
            found.extend(other.map(|(_, other)| (index, other)));
        }
        found
    }
}

fn lower(rows: &Rows, row: &[Value], name: &str) -> String {
    rows.text(row, name).to_lowercase()
}

fn of<'t>(tables: &'t mut [Table], rows: &Rows, row: &[Value]) -> Option<&'t mut Table> {
    let (database, name) = (lower(rows, row, "db"), lower(rows, row, "tbl"));
    tables.iter_mut().find(|t| t.database.to_lowercase() == database && t.name.to_lowercase() == name)
}

fn add_part(table: &mut Table, rows: &Rows, row: &[Value]) {
    let name = rows.text(row, "name");
    let column = match rows.get(row, "prefix").int() {
        Some(length) => format!("{}({length})", lower(rows, row, "col")),
        None => lower(rows, row, "col"),
    };
    match table.indexes.last_mut().filter(|index| index.name == name) {
        Some(index) => index.columns.push(column),
        None => table.indexes.push(Index {
            name,
            unique: rows.get(row, "is_unique").int() == Some(1),
            visible: rows.get(row, "is_visible").int() != Some(0),
            columns: vec![column],
            is_tree: rows.text(row, "kind").eq_ignore_ascii_case("btree"),
        }),
    }
}
