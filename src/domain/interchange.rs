//! Forms in which rows leave the program: the names of the formats, and a cell as JSON.

use super::rows::{Column, Value};
use serde_json::Map;

/// Forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header line, RFC 4180.
    Csv,
    /// One JSON object a line.
    Json,
    /// A Markdown table.
    Markdown,
}

impl ExportFormat {
    /// The format of a file name's ending or of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }
    /// The ending of a file of this format.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "md",
        }
    }
}

/// One row as a JSON object: NULL as null, numbers as numbers. A server may give two columns the same name, an object
/// may not have two keys of it: the second one becomes `name_2`.
pub fn json_object(columns: &[Column], row: &[Value]) -> Map<String, serde_json::Value> {
    let mut object = Map::new();
    for (column, value) in columns.iter().zip(row) {
        let mut key = column.name.clone();
        let mut number = 2;
        while object.contains_key(&key) {
            key = format!("{}_{number}", column.name);
            number += 1;
        }
        object.insert(key, json_value(value));
    }
    object
}

/// One cell as JSON. An exact number keeps the server's own digits. What JSON has no number for (`NaN`, `Infinity`)
/// is text, and so is everything else.
pub fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(f) => serde_json::Number::from_f64(*f).map_or_else(|| f.to_string().into(), Into::into),
        Value::Number(s) => s.parse::<serde_json::Number>().map_or_else(|_| s.clone().into(), Into::into),
        other => other.plain().map_or(serde_json::Value::Null, Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_numbers_with_all_their_digits() {
        let text = |value| json_value(&value).to_string();
        assert_eq!(text(Value::Number("33.3333333333333333".into())), "33.3333333333333333");
        assert_eq!(
            text(Value::Number("123456789012345678901234567890.12".into())),
            "123456789012345678901234567890.12"
        );
        assert_eq!(text(Value::Int(i64::MIN)), "-9223372036854775808");
        assert_eq!(text(Value::Float(0.5)), "0.5");
        assert_eq!(text(Value::Number("NaN".into())), "\"NaN\"");
        assert_eq!(text(Value::Float(f64::INFINITY)), "\"inf\"");
    }

    #[test]
    fn two_columns_of_one_name_both_survive() {
        let columns = [Column::number("n"), Column::number("n"), Column::number("n_2")];
        let object = json_object(&columns, &[Value::Int(1), Value::Int(2), Value::Int(3)]);
        assert_eq!(serde_json::Value::Object(object).to_string(), r#"{"n":1,"n_2":2,"n_2_2":3}"#);
    }

    #[test]
    fn every_format_is_found_by_its_ending() {
        for format in [ExportFormat::Csv, ExportFormat::Json, ExportFormat::Markdown] {
            assert_eq!(ExportFormat::from_word(format.ending()), Some(format));
        }
        assert_eq!(ExportFormat::from_word("exe"), None);
    }
}
