//! One statement that brings prior rows back, made from the rows as the server prints them. It passes over rows that no
//! longer hold what the act left in them: those are somebody else's by then.
//!
//! Every value stands as a literal with its column's type, in the text form of the type itself, which reads back to
//! the same value: numbers of any size, bytes, documents, arrays, moments, enumerations.

use super::super::dialect::{literal, quote};
use super::shape::{RowChange, Verb};
use super::table::{Column, Table};
use crate::engine::postgres::wire::Cell;

/// Longest undo that is made, bytes: the guard has to be able to read it later.
const LONGEST: usize = 900_000;
/// Bytes of a value up to which an undo compares it in full; above, by its digest.
const IN_FULL: usize = 200;

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
            // All that the act wrote: a new row that somebody changed is not removed.
            Verb::Insert => table.columns.iter().filter(|c| !is_key(c) && !c.generated).collect(),
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

    /// Rows are there after the act: all but a DELETE's.
    pub(in crate::engine::postgres) fn leaves_rows(&self) -> bool {
        self.verb != Verb::Delete
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

    /// Reads the rows that transaction `mark` left, key first: those of `before` that it changed, or those that it
    /// inserted. Changed ones are found by their keys, inserted ones in a table that is not large.
    ///
    /// # Errors
    /// In words, when a key is too large.
    pub(in crate::engine::postgres) fn written(
        &self,
        before: &[Vec<Cell>],
        mark: u64,
        most: u64,
    ) -> Result<String, String> {
        let all: Vec<&Column> = self.key.iter().chain(&self.kept).copied().collect();
        self.reads_left(&Self::names(&all, ""), before, mark, most)
    }

    /// Reads, likewise, digests of the columns whose values are too long to stand in a statement twice: by their place
    /// among the kept ones. None when no value is.
    ///
    /// # Errors
    /// In words, when a key is too large.
    pub(in crate::engine::postgres) fn digests(
        &self,
        written: &[Vec<Cell>],
        mark: u64,
        most: u64,
    ) -> Result<Option<(Vec<usize>, String)>, String> {
        let long = |cell: &Cell| match cell {
            Cell::Null => false,
            Cell::Whole(bytes) => bytes.len() > IN_FULL,
            Cell::Cut { .. } => true,
        };
        let first = self.key.len();
        let is_long = |place: &usize| written.iter().any(|row| row.get(first + place).is_some_and(long));
        let places: Vec<usize> = (0..self.kept.len()).filter(is_long).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let digests = places.iter().filter_map(|place| self.kept.get(*place)).map(|c| digest(&quote(&c.name)));
        let list = [vec![Self::names(&self.key, "")], digests.collect()].concat().join(", ");
        Ok(Some((places, self.reads_left(&list, written, mark, most)?)))
    }

    fn reads_left(&self, list: &str, rows: &[Vec<Cell>], mark: u64, most: u64) -> Result<String, String> {
        let by_key = match self.verb {
            Verb::Insert => String::new(),
            _ if rows.is_empty() => "false AND ".to_owned(),
            _ => {
                let values = self.values(rows, self.key.len())?;
                format!("({}) IN (VALUES {values}) AND ", Self::names(&self.key, ""))
            }
        };
        let from = self.from();
        Ok(format!("SELECT {list} FROM {from} WHERE {by_key}xmin = '{}'::xid LIMIT {}", low_half(mark), most + 1))
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

    /// The statement that brings the rows back, whatever became of them since: what is kept before the act has
    /// happened.
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
            Verb::Update => format!(
                "UPDATE {} AS now_row SET {} FROM (VALUES {values}) AS was ({}) WHERE {}",
                self.from(),
                self.sets(),
                Self::names(&all, ""),
                self.found()
            ),
            Verb::Insert | Verb::Merge => return Ok(None),
        };
        fits(statement).map(Some)
    }

    /// The statement that takes the act back where its rows still hold what it left in them, and the read that gives
    /// the keys of the others.
    ///
    /// # Errors
    /// In words, when a value cannot be kept.
    pub(in crate::engine::postgres) fn guarded(&self, rows: &[Vec<Cell>], left: &Written) -> Result<Guarded, String> {
        if rows.is_empty() {
            return Ok(Guarded::default());
        }
        let keys = Self::names(&self.key, "was.");
        if self.verb == Verb::Delete {
            // What is there again under the same key is somebody else's: it makes the INSERT fail as a whole.
            let there = format!(
                "SELECT {keys} FROM (VALUES {}) AS was ({}) JOIN {} AS now_row ON {}",
                self.values(rows, self.key.len())?,
                Self::names(&self.key, ""),
                self.from(),
                self.found()
            );
            return Ok(Guarded { statement: self.statement(rows)?, passed_over: vec![there] });
        }
        let keeps = self.verb == Verb::Update;
        let width = if keeps { self.key.len() + self.kept.len() } else { self.key.len() };
        let before = unlike(&self.key.iter().chain(&self.kept).map(|column| column.name.as_str()));
        let names: Vec<String> = (1..=self.kept.len()).map(|n| format!("{before}{n}")).collect();
        let mut tuples = Vec::with_capacity(rows.len());
        for row in rows {
            let written = left.of(row, self.key.len()).ok_or("a row could not be found again after the change")?;
            let mut values = self.tuple(row, width)?;
            for (place, column) in self.kept.iter().enumerate() {
                values.push(left.value(written, place, column, self.key.len())?);
            }
            tuples.push(format!("({})", values.join(", ")));
        }
        let same: Vec<String> = self
            .kept
            .iter()
            .enumerate()
            .zip(&names)
            .map(|((place, column), name)| {
                let now = format!("now_row.{}", quote(&column.name));
                if left.is_digest(place) {
                    format!("{} IS NOT DISTINCT FROM was.{name}", digest(&now))
                } else {
                    // As text: some types have no equality, and that of others takes different texts for the same.
                    format!("({now}::text) COLLATE \"C\" IS NOT DISTINCT FROM (was.{name}::text) COLLATE \"C\"")
                }
            })
            .collect();
        let all: Vec<&Column> = self.key.iter().chain(&self.kept).copied().take(width).collect();
        let named = [vec![Self::names(&all, "")], names].concat().join(", ");
        let was = format!("(VALUES {}) AS was ({named})", tuples.join(", "));
        let holds = [vec![self.found()], same].concat().join(" AND ");
        let statement = if keeps {
            format!("UPDATE {} AS now_row SET {} FROM {was} WHERE {holds}", self.from(), self.sets())
        } else {
            format!("DELETE FROM {} AS now_row USING {was} WHERE {holds}", self.from())
        };
        let others = format!(
            "SELECT {keys} FROM {was} WHERE NOT EXISTS (SELECT 1 FROM {} AS now_row WHERE {holds})",
            self.from()
        );
        Ok(Guarded { statement: Some(fits(statement)?), passed_over: vec![others] })
    }

    fn sets(&self) -> String {
        self.kept.iter().map(|c| format!("{0} = was.{0}", quote(&c.name))).collect::<Vec<_>>().join(", ")
    }
    fn found(&self) -> String {
        let found: Vec<String> = self.key.iter().map(|c| format!("now_row.{0} = was.{0}", quote(&c.name))).collect();
        found.join(" AND ")
    }

    fn tuple(&self, row: &[Cell], width: usize) -> Result<Vec<String>, String> {
        row.iter()
            .zip(self.key.iter().chain(&self.kept))
            .take(width)
            .map(|(cell, column)| value(cell, column))
            .collect()
    }

    fn values(&self, rows: &[Vec<Cell>], width: usize) -> Result<String, String> {
        let tuples: Result<Vec<String>, String> =
            rows.iter().map(|row| Ok(format!("({})", self.tuple(row, width)?.join(", ")))).collect();
        Ok(tuples?.join(", "))
    }
}

/// A statement that passes over what somebody changed, and the reads that give the keys of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::postgres) struct Guarded {
    pub(in crate::engine::postgres) statement: Option<String>,
    pub(in crate::engine::postgres) passed_over: Vec<String>,
}

/// The rows as the act left them, key first; of some columns digests.
#[derive(Debug, Default)]
pub(in crate::engine::postgres) struct Written {
    rows: Vec<Vec<Cell>>,
    digested: Vec<usize>,
    digests: Vec<Vec<Cell>>,
}

impl Written {
    /// `digested` are places among the kept columns, and `digests` have a cell for each, behind the key.
    pub(in crate::engine::postgres) fn new(
        rows: Vec<Vec<Cell>>,
        digested: Vec<usize>,
        digests: Vec<Vec<Cell>>,
    ) -> Self {
        Self { rows, digested, digests }
    }
    /// How many rows.
    pub(in crate::engine::postgres) fn len(&self) -> u64 {
        self.rows.len() as u64
    }
    /// The rows themselves.
    pub(in crate::engine::postgres) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }
    /// The row of this key.
    fn of(&self, row: &[Cell], key: usize) -> Option<&[Cell]> {
        self.rows.iter().find(|written| written.get(..key) == row.get(..key)).map(Vec::as_slice)
    }
    fn is_digest(&self, place: usize) -> bool {
        self.digested.contains(&place)
    }
    /// What a column held, as the undo compares it.
    fn value(&self, row: &[Cell], place: usize, column: &Column, key: usize) -> Result<String, String> {
        let gone = || "a row could not be found again after the change".to_owned();
        let Some(at) = self.digested.iter().position(|digested| *digested == place) else {
            return value(row.get(key + place).ok_or_else(gone)?, column);
        };
        let digests = self.digests.iter().find(|digests| digests.get(..key) == row.get(..key));
        match digests.and_then(|digests| digests.get(key + at)).ok_or_else(gone)? {
            Cell::Whole(bytes) => Ok(literal(std::str::from_utf8(bytes).map_err(|_| gone())?)),
            Cell::Null => Ok("NULL".to_owned()),
            Cell::Cut { .. } => Err(gone()),
        }
    }
}

/// A statement that the guard can read later.
fn fits(statement: String) -> Result<String, String> {
    if statement.len() > LONGEST {
        return Err("the rows are too large to be kept for an undo: do it in smaller parts".into());
    }
    Ok(statement)
}

/// A long value by its digest.
fn digest(column: &str) -> String {
    format!("pg_catalog.md5({column}::text)")
}

/// The beginning of names that are none of these.
fn unlike<'a>(names: &(impl Iterator<Item = &'a str> + Clone)) -> String {
    let mut before = "left_".to_owned();
    while names.clone().any(|name| name.starts_with(&before)) {
        before.push('_');
    }
    before
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
