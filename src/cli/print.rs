//! Forms that several commands print: a result as JSON, numbers that may be unknown.

use crate::domain::interchange::json_value;
use crate::domain::rows::{Rows, Value};
use serde_json::Value as Json;

/// The names of a result's columns.
pub(super) fn column_names(rows: &Rows) -> Json {
    rows.columns.iter().map(|c| Json::from(c.name.as_str())).collect()
}

/// A result's rows, each an array in the order of the columns.
pub(super) fn row_arrays(rows: &Rows) -> Json {
    rows.rows.iter().map(|row| row.iter().map(json_value).collect::<Json>()).collect()
}

/// A number that may be unknown, whole where it is.
pub(super) fn number(value: Option<f64>) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    match value {
        #[allow(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
        Some(v) if v.fract() == 0.0 && v.abs() <= EXACT => Json::from(v as i64),
        Some(v) => serde_json::Number::from_f64(v).map_or(Json::Null, Json::Number),
        None => Json::Null,
    }
}

/// Text that is unknown when empty.
pub(super) fn known(text: &str) -> Json {
    if text.is_empty() { Json::Null } else { text.into() }
}

/// The only cell of a result that has one, in words: `120`.
pub(super) fn only_cell(rows: &Rows) -> Option<String> {
    match rows.rows.as_slice() {
        [row] if row.len() == 1 => Some(row.first().and_then(Value::plain).unwrap_or_else(|| "NULL".to_owned())),
        _ => None,
    }
}
