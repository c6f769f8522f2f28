//! The rows as they were, and the proof that the undo brings them back: it is tried in the act's own transaction, on
//! the changed rows, compared, and taken back again.

use super::change::{RowChange, Verb};
use super::facts::{Facts, Shape};
use super::literal::literal;
use super::permit::Power;
use super::undo::{self, Key, Left};
use super::writer::Writer;
use crate::domain::error_event::SessionError;
use crate::engine::ActError;
use crate::engine::sqlite::authorizer::Door;
use rusqlite::Connection;

/// What an undo is made of.
pub(super) struct Prior {
    change: RowChange,
    key: Key,
    rowid: Option<&'static str>,
    columns: Vec<String>,
    most: u64,
    /// Literals, in the order of `columns`.
    rows: Vec<Vec<String>>,
    /// What the act left, once it has run.
    left: Left,
}

impl Prior {
    /// Nothing is read yet.
    pub(super) fn new(change: RowChange, facts: &Facts, most: u64) -> Result<Self, ActError> {
        let none = Shape::default();
        let shape = facts.shape.as_ref().unwrap_or(&none);
        let key = undo::key(shape).ok_or_else(|| refused("its rows have no key by which they could be found again"))?;
        let columns = undo::columns(&change, shape, &key);
        let left = Left { columns: undo::written(&change, shape, &key), ..Left::default() };
        Ok(Self { rowid: undo::rowid(shape), change, key, columns, most, rows: Vec::new(), left })
    }

    /// What happens to the rows.
    pub(super) fn verb(&self) -> Verb {
        self.change.verb
    }
    /// The table, as written.
    pub(super) fn table(&self) -> &str {
        &self.change.table
    }
    /// Rows that fit.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// The undo, one statement; none when no row is to be put back.
    pub(super) fn undo(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        vec![undo::statement(&self.change, &self.columns, &self.key, &self.rows, &self.left)]
    }

    /// The read that gives the keys of the rows that the undo passes over.
    pub(super) fn passed_over(&self) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        vec![undo::passed_over(&self.change, &self.columns, &self.key, &self.rows, &self.left)]
    }

    /// Reads what the act left in its rows, so that the undo passes over what somebody changes later.
    pub(super) fn take_left(&mut self, writer: &Writer) -> Result<(), ActError> {
        self.left.rows = self.left_in_rows(writer)?;
        if self.fits().is_err() {
            self.left.is_brief = true;
            self.left.rows = self.left_in_rows(writer)?;
        }
        self.fits()
    }

    fn left_in_rows(&self, writer: &Writer) -> Result<Vec<Vec<String>>, ActError> {
        writer.open(Door::Own);
        let compared = self.left.compared("");
        if compared.is_empty() {
            return Ok(Vec::new());
        }
        let table = crate::engine::sqlite::dialect::DIALECT.quote(&self.change.table);
        let mut all = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let found = self.key.columns.iter().zip(row).map(|(column, value)| format!("{column} = {value}"));
            let found = found.collect::<Vec<_>>().join(" AND ");
            let query = format!("SELECT {} FROM main.{table} WHERE {found}", compared.join(", "));
            let mut left = literals(&writer.connection, &query, compared.len()).map_err(|e| writer.failed(e))?;
            all.push(left.pop().ok_or_else(|| refused("a row could not be found again after the change"))?);
        }
        Ok(all)
    }

    /// Reads the rows that the condition picks.
    pub(super) fn read(&mut self, writer: &Writer) -> Result<(), ActError> {
        self.rows = self.matching(writer)?;
        self.fits()
    }

    fn matching(&self, writer: &Writer) -> Result<Vec<Vec<String>>, ActError> {
        writer.open(Door::Own);
        let query = undo::prior_rows(&self.change, &self.columns, self.most);
        literals(&writer.connection, &query, self.columns.len()).map_err(|e| writer.failed(e))
    }

    /// Reads the keys of the rows that came, by their rowids.
    pub(super) fn take_inserted(&mut self, writer: &Writer, rowids: &[i64]) -> Result<(), ActError> {
        writer.open(Door::Own);
        let rowid = self.rowid.ok_or_else(|| refused("the table does not tell which rows are new"))?;
        let (table, keys) =
            (crate::engine::sqlite::dialect::DIALECT.quote(&self.change.table), self.key.columns.join(", "));
        for number in rowids {
            let query = format!("SELECT {keys} FROM main.{table} WHERE {rowid} = {number}");
            let found = literals(&writer.connection, &query, self.key.columns.len()).map_err(|e| writer.failed(e))?;
            self.rows.extend(found);
        }
        self.fits()
    }

    /// What does not fit cannot be undone, and was approved as something that can.
    fn fits(&self) -> Result<(), ActError> {
        if self.rows.len() as u64 > self.most {
            return Err(refused(&format!(
                "it changes more than {} rows, which is more than an undo keeps; change fewer at a time",
                self.most
            )));
        }
        let keys = self.rows.iter().flat_map(|row| row.iter().take(self.key.columns.len()));
        if self.change.verb != Verb::Delete && keys.into_iter().any(|literal| literal == "NULL") {
            return Err(refused("a row has NULL in its key, so an undo could not find it again"));
        }
        if self.undo().iter().any(|undo| undo.len() > undo::MOST_BYTES) {
            return Err(refused("its rows are too large for an undo of one statement; change fewer at a time"));
        }
        Ok(())
    }

    /// Tries the undo on the changed rows, compares, and takes it back.
    pub(super) fn try_undo(&self, writer: &Writer, changed: u64) -> Result<(), ActError> {
        let differs = || refused("the rows could not be restored exactly when the undo was tried");
        if changed != self.rows.len() as u64 && !self.change.skips {
            return Err(differs());
        }
        let undo = self.undo();
        let frame = |text: &str| {
            writer.open(Door::ActFrame);
            writer.connection.execute_batch(text).map_err(|e| writer.failed(e))
        };
        frame("SAVEPOINT dba_gpt_undo")?;
        for statement in &undo {
            writer.open(Door::Act(Power::Rows));
            // A row that was passed over is still there, and must not be put back a second time.
            let undone = writer.connection.execute(statement, []).map_err(|_| differs())?;
            if undone != self.rows.len() {
                return Err(differs());
            }
        }
        let restored = self.change.verb == Verb::Insert || {
            let sorted = |mut rows: Vec<Vec<String>>| {
                rows.sort();
                rows
            };
            sorted(self.matching(writer)?) == sorted(self.rows.clone())
        };
        frame("ROLLBACK TO dba_gpt_undo")?;
        frame("RELEASE dba_gpt_undo")?;
        if restored { Ok(()) } else { Err(differs()) }
    }
}

/// The rows of a query, as literals that give back exactly the same values.
fn literals(connection: &Connection, query: &str, columns: usize) -> rusqlite::Result<Vec<Vec<String>>> {
    let reads_as = |text: &str| connection.query_row(&format!("SELECT {text}"), [], |row| row.get::<_, f64>(0)).ok();
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells: rusqlite::Result<Vec<String>> =
            (0..columns).map(|index| row.get_ref(index).map(|cell| literal(cell, reads_as))).collect();
        found.push(cells?);
    }
    Ok(found)
}

fn refused(words: &str) -> ActError {
    ActError::NotDone(SessionError::Unsupported(words.to_owned()))
}
