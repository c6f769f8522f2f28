//! Many rows with one statement. Most of the time of a small INSERT goes into starting and ending it, so the rows of
//! a batch share that.

use rusqlite::types::Null;
use rusqlite::{Connection, Result, Statement, ToSql};

/// Rows of one statement.
const BATCH: usize = 32;

/// Fills one table.
pub(super) struct Bulk<'connection> {
    statement: Statement<'connection>,
    columns: usize,
    rows: usize,
}

impl<'connection> Bulk<'connection> {
    /// For a table with so many columns, all of which each row gives.
    pub(super) fn new(connection: &'connection Connection, table: &str, columns: usize) -> Result<Self> {
        let row = format!("({})", vec!["?"; columns].join(", "));
        // The last batch is short: its missing rows are NULL throughout, which every table refuses, so they fall out.
        let text = format!("INSERT OR IGNORE INTO {table} VALUES {}", vec![row; BATCH].join(", "));
        Ok(Self { statement: connection.prepare(&text)?, columns, rows: 0 })
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[&dyn ToSql]) -> Result<()> {
        debug_assert_eq!(cells.len(), self.columns, "every column of the row");
        for (at, cell) in cells.iter().enumerate() {
            self.statement.raw_bind_parameter(self.rows * self.columns + at + 1, cell)?;
        }
        self.rows += 1;
        if self.rows == BATCH { self.send() } else { Ok(()) }
    }

    /// Ends with the rows that are left.
    pub(super) fn finish(mut self) -> Result<()> {
        for at in self.rows * self.columns..BATCH * self.columns {
            self.statement.raw_bind_parameter(at + 1, Null)?;
        }
        self.send()
    }

    fn send(&mut self) -> Result<()> {
        self.rows = 0;
        self.statement.raw_execute().map(drop)
    }
}
