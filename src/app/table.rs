//! A table fit to be shown: texts already escaped, numbers kept for sorting.

use crate::domain::health::State;
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Accent;
use crate::domain::text;
use std::cmp::Ordering;

/// Title of the column whose cells are drawn from [`TableRow::spark`].
pub const SPARK: &str = "15 MIN";
/// The same where each value is an hour.
pub const SPARK_HOURS: &str = "BY HOUR";

/// The cells of the column with this title are drawn from [`TableRow::spark`].
pub fn is_spark(title: &str) -> bool {
    title == SPARK || title == SPARK_HOURS
}

/// A column's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Title, escaped.
    pub title: String,
    /// Numbers stand right.
    pub numeric: bool,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableCell {
    /// Text, escaped, one line.
    pub text: String,
    /// The number behind it, for sorting.
    pub number: Option<f64>,
    /// It stands for SQL NULL, which is not the text `NULL`.
    pub null: bool,
}

impl TableCell {
    /// A cell of trusted or already escaped text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    /// A cell of untrusted text.
    pub fn untrusted(text: &str) -> Self {
        Self { text: text::escape(text), ..Self::default() }
    }
    /// A formatted number with the number behind it.
    pub fn number(text: impl Into<String>, number: Option<f64>) -> Self {
        Self { text: text.into(), number, null: false }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableRow {
    /// What names this row between two refreshes.
    pub key: String,
    /// Cells, one a column.
    pub cells: Vec<TableCell>,
    /// State that colours it, if it has one.
    pub state: Option<State>,
    /// Values for the column of sparklines ([`is_spark`]), oldest first, where the table has one; the screen draws them.
    pub spark: Vec<Option<f64>>,
    /// The target's own colour, in which its name is drawn.
    pub accent: Option<Accent>,
    /// Words that a filter finds although no cell shows them.
    pub also: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Columns.
    pub columns: Vec<TableColumn>,
    /// Rows in their own order.
    pub rows: Vec<TableRow>,
    /// Columns that stay in place when columns scroll; the first always does.
    pub frozen: usize,
}

impl Table {
    /// A table with these columns: `(title, numeric)`.
    pub fn with_columns(columns: &[(&str, bool)]) -> Self {
        let columns = columns.iter().map(|&(t, numeric)| TableColumn { title: t.to_owned(), numeric }).collect();
        Self { columns, rows: Vec::new(), frozen: 1 }
    }

    /// A server's rows as a table; the first column names the row.
    pub fn from_rows(rows: &Rows) -> Self {
        let columns =
            rows.columns.iter().map(|c| TableColumn { title: text::escape(&c.name), numeric: c.numeric }).collect();
        let rows = rows
            .rows
            .iter()
            .enumerate()
            .map(|(i, row)| {
                let cells: Vec<TableCell> = row.iter().map(cell).collect();
                let key = row.first().and_then(Value::plain).unwrap_or_else(|| i.to_string());
                TableRow { key, cells, ..TableRow::default() }
            })
            .collect();
        Self { columns, rows, frozen: 1 }
    }

    /// The same for one of our own views, whose columns say their unit in their name: bytes are written to be read.
    pub fn from_view(rows: &Rows) -> Self {
        let mut table = Self::from_rows(rows);
        for (i, column) in rows.columns.iter().enumerate() {
            if column.name != "bytes" && !column.name.ends_with("_bytes") {
                continue;
            }
            for cell in table.rows.iter_mut().filter_map(|row| row.cells.get_mut(i)) {
                if let Some(number) = cell.number {
                    cell.text = crate::domain::metric::bytes(number);
                }
            }
        }
        table
    }

    /// Orders two rows by a column: numbers by size, the rest by text; missing numbers are last in both directions.
    pub fn compare(&self, a: usize, b: usize, column: usize, reversed: bool) -> Ordering {
        let directed = |order: Ordering| if reversed { order.reverse() } else { order };
        let (a, b) = (self.rows[a].cells.get(column), self.rows[b].cells.get(column));
        let number = |c: Option<&TableCell>| c.and_then(|c| c.number);
        match (number(a), number(b)) {
            (Some(x), Some(y)) => directed(x.total_cmp(&y)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let text = |c: Option<&TableCell>| c.map(|c| c.text.to_lowercase()).unwrap_or_default();
                directed(text(a).cmp(&text(b)))
            }
        }
    }
}

/// A server's cell as a table cell. NULL is shown as the word, so that it differs from empty text.
pub fn cell(value: &Value) -> TableCell {
    match value.plain() {
        None => TableCell { text: "NULL".into(), number: None, null: true },
        Some(plain) => TableCell { text: text::escape(&plain), number: value.number(), null: false },
    }
}
