//! One statement that brings prior rows back, made from the rows as the server prints them.
//!
//! Every value stands as a literal with its column's type, in the text form of the type itself, which reads back to
//! the same value: numbers of any size, bytes, documents, arrays, moments, enumerations.

use super::super::dialect::{literal, quote};
use super::shape::{RowChange, Verb};
use super::table::{Column, Table};
use crate::engine::postgres::wire::Cell;

/// Longest undo that is made, bytes: the guard has to be able to read it later.
const LONGEST: usize = 900_000;

/// How the rows of one change are read, and written back.
pub(in crate::engine::postgres) struct Undo<'a> {
    verb: Verb,
    table: &'a str,
    only: bool,
    key: Vec<&'a Column>,
    /// Columns that are kept beside the key; all that can be written, for removed rows.
    kept: Vec<&'a Column>,
    picked: Option<String>,
    overriding: bool,
}

impl<'a> Undo<'a> {
    /// None when the survey would have said that there is no undo.
    pub(in crate::engine::postgres) fn of(change: &RowChange, table: &'a Table, full_name: &'a str) -> Option<Self> {
        let key: Option<Vec<&Column>> = table.key.iter().map(|name| table.column(name)).collect();
        let key = key.filter(|key| !key.is_empty())?;
        let is_key = |column: &Column| table.key.contains(&column.name);
        let kept = match change.verb {
            Verb::Delete => table.columns.iter().filter(|c| !is_key(c) && !c.generated).collect(),
            Verb::Update => table.columns.iter().filter(|c| change.columns.contains(&c.name) && !c.generated).collect(),
            Verb::Insert => Vec::new(),
            Verb::Merge => return None,
        };
        let names: Vec<String> = key.iter().map(|c| quote(&c.name)).collect();
        let picked =
            match change.verb {
                Verb::Insert => None,
                _ => Some(change.picked(|called| {
                    names.iter().map(|name| format!("{called}.{name}")).collect::<Vec<_>>().join(", ")
                })?),
            };
        let overriding = table.columns.iter().any(|column| column.identity == "a");
        Some(Self { verb: change.verb, table: full_name, only: change.only, key, kept, picked, overriding })
    }

    fn from(&self) -> String {
        if self.only { format!("ONLY {}", self.table) } else { self.table.to_owned() }
    }
    fn names(columns: &[&Column], before: &str) -> String {
        columns.iter().map(|c| format!("{before}{}", quote(&c.name))).collect::<Vec<_>>().join(", ")
    }

    /// Reads the rows that UPDATE or DELETE is about to change, key first.
    pub(in crate::engine::postgres) fn prior(&self, most: u64) -> Option<String> {
        let picked = self.picked.as_ref()?;
        let all: Vec<&Column> = self.key.iter().chain(&self.kept).copied().collect();
        Some(format!(
            "SELECT {} FROM {} AS kept_row WHERE ({}) IN ({picked}) LIMIT {}",
            Self::names(&all, "kept_row."),
            self.from(),
            Self::names(&self.key, "kept_row."),
            most + 1
        ))
    }

    /// Reads the keys of the rows that transaction `mark` inserted.
    pub(in crate::engine::postgres) fn inserted(&self, mark: u64, most: u64) -> String {
        format!(
            "SELECT {} FROM {} WHERE xmin = '{}'::xid LIMIT {}",
            Self::names(&self.key, ""),
            self.from(),
            low_half(mark),
            most + 1
        )
    }

    /// Counts the kept rows that the statement has not changed as expected: none, when it changed exactly them.
    pub(in crate::engine::postgres) fn strays(&self, rows: &[Vec<Cell>], mark: u64) -> Result<Option<String>, String> {
        if rows.is_empty() || self.verb == Verb::Insert {
            return Ok(None);
        }
        let condition = match self.verb {
            Verb::Delete => String::new(),
            _ => format!(" AND xmin <> '{}'::xid", low_half(mark)),
        };
        Ok(Some(format!(
            "SELECT count(*) FROM {} WHERE ({}) IN (VALUES {}){condition}",
            self.from(),
            Self::names(&self.key, ""),
            self.values(rows, self.key.len())?
        )))
    }

    /// The statement that brings the rows back.
    ///
    /// # Errors
    /// In words, when a value is too large to be kept.
    pub(in crate::engine::postgres) fn statement(&self, rows: &[Vec<Cell>]) -> Result<Option<String>, String> {
        if rows.is_empty() {
            return Ok(None);
        }
        let all: Vec<&Column> = self.key.iter().chain(&self.kept).copied().collect();
        let values = self.values(rows, all.len())?;
        let statement = match self.verb {
            Verb::Delete => {
                let overriding = if self.overriding { " OVERRIDING SYSTEM VALUE" } else { "" };
                format!("INSERT INTO {} ({}){overriding} VALUES {values}", self.table, Self::names(&all, ""))
            }
            Verb::Update => {
                let sets = self.kept.iter().map(|c| format!("{0} = was.{0}", quote(&c.name))).collect::<Vec<_>>();
                let keys =
                    self.key.iter().map(|c| format!("now_row.{0} = was.{0}", quote(&c.name))).collect::<Vec<_>>();
                format!(
                    "UPDATE {} AS now_row SET {} FROM (VALUES {values}) AS was ({}) WHERE {}",
                    self.from(),
                    sets.join(", "),
                    Self::names(&all, ""),
                    keys.join(" AND ")
                )
            }
            Verb::Insert => {
                format!("DELETE FROM {} WHERE ({}) IN (VALUES {values})", self.from(), Self::names(&self.key, ""))
            }
            Verb::Merge => return Ok(None),
        };
        if statement.len() > LONGEST {
            return Err("the rows are too large to be kept for an undo: do it in smaller parts".into());
        }
        Ok(Some(statement))
    }

    fn values(&self, rows: &[Vec<Cell>], width: usize) -> Result<String, String> {
        let mut out = String::new();
        for row in rows {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push('(');
            for (place, (cell, column)) in row.iter().zip(self.key.iter().chain(&self.kept)).take(width).enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                out.push_str(&value(cell, column)?);
            }
            out.push(')');
        }
        Ok(out)
    }
}

fn value(cell: &Cell, column: &Column) -> Result<String, String> {
    match cell {
        Cell::Null => Ok(format!("NULL::{}", column.type_name)),
        Cell::Whole(bytes) => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| format!("a value of {} is no text that can be written down", quote(&column.name)))?;
            Ok(format!("{}::{}", literal(text), column.type_name))
        }
        Cell::Cut { bytes, .. } => {
            Err(format!("a value of {} has {bytes} bytes, too many to be kept for an undo", quote(&column.name)))
        }
    }
}

/// The part of a transaction's number that a row carries.
fn low_half(mark: u64) -> u64 {
    mark & 0xffff_ffff
}
