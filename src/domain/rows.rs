//! A result: columns, cells, and what was left out of it.

use crate::domain::text::hex;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// One cell as the server gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// An exact number too wide for `Int` or with decimals, in the server's own digits.
    Number(String),
    /// Text, or any type in the server's own text form.
    Text(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
    /// A cell that was cut while it arrived: its beginning, and its full size in bytes.
    Cut {
        /// The first bytes, as text.
        start: String,
        /// Bytes that the server sent for this cell.
        bytes: u64,
    },
}

impl Value {
    /// The cell as plain text: NULL is `None`. Not escaped: pass it through `text::escape` before a screen.
    pub fn plain(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Float(f) => f.to_string(),
            Self::Number(s) | Self::Text(s) => s.clone(),
            Self::Bytes(b) => format!("\\x{}", hex(b)),
            Self::Cut { start, bytes } => format!("{start}... ({bytes} bytes)"),
        })
    }
    /// The cell as a number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            Self::Number(s) | Self::Text(s) => s.trim().parse().ok(),
            Self::Null | Self::Bytes(_) | Self::Cut { .. } => None,
        }
    }
    /// The cell as a whole number, where it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Bool(b) => Some(i64::from(*b)),
            Self::Number(s) | Self::Text(s) => s.trim().parse().ok(),
            _ => None,
        }
    }
    /// Bytes that this cell holds in memory, near enough for a cap.
    pub fn size(&self) -> usize {
        match self {
            Self::Number(s) | Self::Text(s) | Self::Cut { start: s, .. } => s.len(),
            Self::Bytes(b) => b.len(),
            _ => 8,
        }
    }
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name as the server gave it.
    pub name: String,
    /// The engine's own type name, empty when it has none.
    pub type_name: String,
    /// Numbers stand right, everything else left.
    pub numeric: bool,
}

impl Column {
    /// A text column.
    pub fn text(name: &str) -> Self {
        Self { name: name.into(), type_name: "text".into(), numeric: false }
    }
    /// A numeric column.
    pub fn number(name: &str) -> Self {
        Self { name: name.into(), type_name: "numeric".into(), numeric: true }
    }
}

/// Why a result ends before the server's last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truncation {
    /// The row cap was reached; the number is the cap.
    Rows(usize),
    /// The byte cap was reached; the number is the cap.
    Bytes(usize),
    /// The person stopped it.
    Stopped,
}

/// A result held in memory, always bounded by [`Limits`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rows {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows; each has one cell a column.
    pub rows: Vec<Vec<Value>>,
    /// Set when rows were left out.
    pub truncated: Option<Truncation>,
}

impl Rows {
    /// Index of a column by exact name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
    /// The cell of a row by column name; NULL when there is no such column.
    pub fn get<'a>(&'a self, row: &'a [Value], name: &str) -> &'a Value {
        self.column(name).and_then(|i| row.get(i)).unwrap_or(&Value::Null)
    }
    /// The text of a cell by column name; empty when NULL or missing.
    pub fn text(&self, row: &[Value], name: &str) -> String {
        self.get(row, name).plain().unwrap_or_default()
    }
    /// How many rows, in honest words: `3 rows (all)`, `500 of at least 501 rows`, `120 rows, stopped`.
    pub fn count_words(&self) -> String {
        let n = self.rows.len();
        let noun = if n == 1 { "row" } else { "rows" };
        match self.truncated {
            None => format!("{n} {noun} (all)"),
            Some(Truncation::Rows(_)) => format!("cut at {n}: {n} of at least {} rows", n + 1),
            Some(Truncation::Bytes(cap)) => format!("cut at {n} {noun}: more than {} MB", cap >> 20),
            Some(Truncation::Stopped) => format!("{n} {noun}, stopped by you"),
        }
    }
}

/// Receives a result while it streams.
pub trait RowSink: Send {
    /// The columns, once, before any row.
    fn columns(&mut self, columns: Vec<Column>);
    /// One row. `Break` ends the read; the server is told to stop.
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()>;
}

/// Bounds of one read. Every read has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows kept; one more is asked for, to know whether there were more.
    pub rows: usize,
    /// Bytes of cells kept in all.
    pub bytes: usize,
    /// Bytes of one cell kept; the rest is passed over while it arrives.
    pub cell_bytes: usize,
    /// The server's time for the statement, milliseconds. The client stops one second later by itself.
    pub timeout_ms: u64,
    /// The server's time to wait for a lock, milliseconds.
    pub lock_timeout_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 500, bytes: 16 << 20, cell_bytes: 64 << 10, timeout_ms: 30_000, lock_timeout_ms: 500 }
    }
}
