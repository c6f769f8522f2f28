//! A reply as one cell of a table.

use crate::domain::rows::Value;
use crate::engine::redis::dialect::line;
use crate::engine::redis::wire::Reply;

/// Longest text that a nested reply becomes, bytes.
const LONGEST: usize = 64 << 10;

/// A value as a cell. What is no text stays bytes; what is nested becomes text like JSON.
pub(crate) fn value(reply: &Reply) -> Value {
    match reply {
        Reply::Null => Value::Null,
        Reply::Int(number) => Value::Int(*number),
        Reply::Bool(truth) => Value::Bool(*truth),
        Reply::Double(number) => Value::Float(*number),
        Reply::Big(digits) => Value::Number(digits.clone()),
        Reply::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.clone()),
        },
        Reply::Cut { start, bytes } => Value::Cut { start: beginning(start), bytes: *bytes },
        Reply::Error(words) => Value::Text(format!("(error) {words}")),
        Reply::Array { .. } | Reply::Map(_) => {
            let mut out = String::new();
            write(reply, &mut out);
            Value::Text(out)
        }
    }
}

/// The beginning of a value as text: a character cut in two is left off.
fn beginning(start: &[u8]) -> String {
    match std::str::from_utf8(start) {
        Ok(text) => text.to_owned(),
        Err(e) if e.error_len().is_none() => String::from_utf8_lossy(&start[..e.valid_up_to()]).into_owned(),
        Err(_) => line::quote(start),
    }
}

/// A name (of a key, a field, a channel) as it can be typed again.
pub(crate) fn name(reply: &Reply) -> Value {
    match reply {
        Reply::Text(bytes) => name_of(bytes),
        other => value(other),
    }
}

/// The same for bytes.
pub(crate) fn name_of(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Text(line::quote(bytes)),
    }
}

/// A number where the text is one.
pub(crate) fn number(text: &str) -> Value {
    if let Ok(whole) = text.parse() {
        return Value::Int(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

/// The number of a value, or the value itself.
pub(crate) fn number_of(reply: &Reply) -> Value {
    match value(reply) {
        Value::Text(text) => number(&text),
        other => other,
    }
}

fn write(reply: &Reply, out: &mut String) {
    if out.len() > LONGEST {
        if !out.ends_with("...") {
            out.push_str("...");
        }
        return;
    }
    match reply {
        Reply::Null => out.push_str("null"),
        Reply::Array { items, total } => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            if (items.len() as u64) < *total {
                out.push_str(", ...");
            }
            out.push(']');
        }
        Reply::Map(pairs) => {
            out.push('{');
            for (i, (name, value)) in pairs.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(name, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        Reply::Int(_) | Reply::Double(_) | Reply::Big(_) | Reply::Bool(_) => out.push_str(&reply.text()),
        Reply::Text(_) | Reply::Error(_) => {
            let text = reply.text();
            out.push_str(&serde_json::Value::String(text).to_string());
        }
        Reply::Cut { start, bytes } => {
            out.push_str(&serde_json::Value::String(beginning(start)).to_string());
            out.push_str(&format!("... ({bytes} bytes)"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_replies_become_one_line() {
        let text = |t: &str| Reply::Text(t.into());
        let nested = Reply::Array {
            items: vec![text("a\"b"), Reply::Map(vec![(text("n"), Reply::Int(1))]), Reply::Null],
            total: 4,
        };
        assert_eq!(value(&nested), Value::Text(r#"["a\"b", {"n": 1}, null, ...]"#.into()));
        assert_eq!(value(&Reply::Text(vec![0xff])), Value::Bytes(vec![0xff]));
        assert_eq!(name(&Reply::Text(vec![0xff])), Value::Text("\"\\xff\"".into()));
        // A character cut in two.
        assert_eq!(
            value(&Reply::Cut { start: b"a\xc3".to_vec(), bytes: 100 }),
            Value::Cut { start: "a".into(), bytes: 100 }
        );
        assert_eq!(number("1.50"), Value::Number("1.50".into()));
        assert_eq!(number("nan"), Value::Text("nan".into()));
    }
}
