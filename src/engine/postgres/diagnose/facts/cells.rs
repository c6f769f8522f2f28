//! Rows of an answer by the names of their columns.

use crate::domain::diagnosis::Observation;
use crate::domain::rows::{Rows, Value};

/// One row with its columns' names.
#[derive(Clone, Copy)]
pub(in super::super) struct Cells<'a> {
    rows: &'a Rows,
    row: &'a [Value],
}

impl Cells<'_> {
    /// A number; none where it is null, missing or not one.
    pub(in super::super) fn number(&self, name: &str) -> Option<f64> {
        self.rows.get(self.row, name).number()
    }
    /// A number, 0 where there is none: for counters, which begin there.
    pub(in super::super) fn count(&self, name: &str) -> f64 {
        self.number(name).unwrap_or(0.0)
    }
    /// A whole number.
    pub(in super::super) fn int(&self, name: &str) -> Option<i64> {
        self.rows.get(self.row, name).int()
    }
    /// A text; empty where it is null.
    pub(in super::super) fn text(&self, name: &str) -> String {
        self.rows.text(self.row, name)
    }
    /// A truth; false where it is null.
    pub(in super::super) fn is(&self, name: &str) -> bool {
        matches!(self.rows.get(self.row, name), Value::Bool(true))
            || matches!(self.rows.text(self.row, name).as_str(), "t" | "true")
    }
    /// A JSON list of texts; what is null in it is empty.
    pub(in super::super) fn list(&self, name: &str) -> Vec<String> {
        let found: Vec<Option<String>> = serde_json::from_str(&self.text(name)).unwrap_or_default();
        found.into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// The rows of one answer.
pub(in super::super) fn cells(rows: &Rows) -> impl Iterator<Item = Cells<'_>> {
    rows.rows.iter().map(move |row| Cells { rows, row })
}

/// The rows of the last answer to a query.
pub(in super::super) fn last<'a>(seen: &'a Observation, name: &str) -> impl Iterator<Item = Cells<'a>> {
    seen.last(name).into_iter().flat_map(|look| cells(&look.rows))
}

/// The only row of the first and of the last answer, with the seconds between them.
pub(in super::super) fn two<'a>(seen: &'a Observation, name: &str) -> Option<(Cells<'a>, Cells<'a>, f64)> {
    let (first, last) = seen.ends(name)?;
    let (first, last) = (cells(&first.rows).next()?, cells(&last.rows).next()?);
    Some((first, last, seen.seconds(name)?.max(0.1)))
}
