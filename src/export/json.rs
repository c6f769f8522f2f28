//! JSON lines: one object a row. What a terminal could act on is written as `\uXXXX`, which means the same.

use crate::domain::interchange::json_object;
use crate::domain::rows::{Column, Value};
use crate::domain::text::risky;
use serde_json::Map;

/// One row as an object.
pub(super) fn row_line(columns: &[Column], row: &[Value]) -> String {
    object_line(json_object(columns, row))
}

/// An object as one line. Safe on a terminal: characters that move the cursor, hide or reorder can stand in a JSON
/// text inside strings only, and there their escaped form is the same string.
pub fn object_line(object: Map<String, serde_json::Value>) -> String {
    let text = serde_json::Value::Object(object).to_string();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if risky(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_character_survives_and_none_is_dangerous() {
        let all: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
        let mut object = Map::new();
        object.insert("a\u{202e}".into(), all.clone().into());
        let line = object_line(object);
        assert_eq!(line.trim_end_matches('\n').chars().find(|c| risky(*c)), None);
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["a\u{202e}"], all);
    }
}
