//! Rows kept in memory.

use crate::domain::rows::{Column, Limits, RowSink, Rows, Truncation, Value};
use std::ops::ControlFlow;

/// Keeps a result in memory within its limits.
#[derive(Debug)]
pub struct Collector {
    rows: Rows,
    bytes: usize,
    limits: Limits,
}

impl Collector {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self { rows: Rows::default(), bytes: 0, limits }
    }
    /// What was kept.
    pub fn into_rows(self) -> Rows {
        self.rows
    }
}

impl RowSink for Collector {
    fn columns(&mut self, columns: Vec<Column>) {
        self.rows.columns = columns;
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        if self.rows.rows.len() == self.limits.rows {
            self.rows.truncated = Some(Truncation::Rows(self.limits.rows));
            return ControlFlow::Break(());
        }
        self.bytes += row.iter().map(Value::size).sum::<usize>() + 32 * row.len();
        if self.bytes > self.limits.bytes {
            self.rows.truncated = Some(Truncation::Bytes(self.limits.bytes));
            return ControlFlow::Break(());
        }
        self.rows.rows.push(row);
        ControlFlow::Continue(())
    }
}
