//! Values of documents -> cells: scalars as they are, documents and arrays as relaxed extended JSON, each within the
//! cap of a cell.

use crate::domain::rows::Value;
use crate::domain::text::hex;
use bson::spec::BinarySubtype;
use bson::{RawArray, RawBsonRef, RawDocument};
use std::fmt::Write as _;

/// The name of a value's type, as `$type` and mongosh call it.
pub(super) fn type_name(value: RawBsonRef<'_>) -> &'static str {
    match value {
        RawBsonRef::Double(_) => "double",
        RawBsonRef::String(_) => "string",
        RawBsonRef::Array(_) => "array",
        RawBsonRef::Document(_) => "object",
        RawBsonRef::Boolean(_) => "bool",
        RawBsonRef::Null => "null",
        RawBsonRef::RegularExpression(_) => "regex",
        RawBsonRef::JavaScriptCode(_) => "javascript",
        RawBsonRef::JavaScriptCodeWithScope(_) => "javascriptWithScope",
        RawBsonRef::Int32(_) => "int",
        RawBsonRef::Int64(_) => "long",
        RawBsonRef::Timestamp(_) => "timestamp",
        RawBsonRef::Binary(_) => "binData",
        RawBsonRef::ObjectId(_) => "objectId",
        RawBsonRef::DateTime(_) => "date",
        RawBsonRef::Symbol(_) => "symbol",
        RawBsonRef::Decimal128(_) => "decimal",
        RawBsonRef::Undefined => "undefined",
        RawBsonRef::MaxKey => "maxKey",
        RawBsonRef::MinKey => "minKey",
        RawBsonRef::DbPointer(_) => "dbPointer",
    }
}

/// A type whose values are numbers.
pub(super) fn is_number(type_name: &str) -> bool {
    matches!(type_name, "int" | "long" | "double" | "decimal")
}

/// A value as a cell of at most `cap` bytes.
pub(super) fn cell(value: RawBsonRef<'_>, cap: usize) -> Value {
    match value {
        RawBsonRef::Null | RawBsonRef::Undefined => Value::Null,
        RawBsonRef::Double(f) => Value::Float(f),
        RawBsonRef::Int32(i) => Value::Int(i64::from(i)),
        RawBsonRef::Int64(i) => Value::Int(i),
        RawBsonRef::Boolean(b) => Value::Bool(b),
        RawBsonRef::Decimal128(d) => Value::Number(d.to_string()),
        RawBsonRef::String(s) | RawBsonRef::Symbol(s) | RawBsonRef::JavaScriptCode(s) => text(s, cap),
        RawBsonRef::Binary(binary) if uuid(binary.subtype, binary.bytes).is_none() => {
            if binary.bytes.len() <= cap {
                Value::Bytes(binary.bytes.to_vec())
            } else {
                let start = format!("\\x{}", hex(&binary.bytes[..cap / 2]));
                Value::Cut { start, bytes: binary.bytes.len() as u64 }
            }
        }
        RawBsonRef::Document(_) | RawBsonRef::Array(_) => json(value, cap),
        scalar => text(&scalar_words(scalar), cap),
    }
}

/// A value as relaxed extended JSON of at most `cap` bytes.
pub(super) fn json(value: RawBsonRef<'_>, cap: usize) -> Value {
    let mut writer = Writer::new(cap);
    writer.value(value);
    writer.finish()
}

/// A document as relaxed extended JSON of at most `cap` bytes, the rest left out.
pub(super) fn json_text(document: &RawDocument, cap: usize) -> String {
    match json(RawBsonRef::Document(document), cap) {
        Value::Text(text) | Value::Cut { start: text, .. } => text,
        _ => String::new(),
    }
}

/// Some fields of a document as relaxed extended JSON.
pub(super) fn json_of_fields<'a>(fields: impl Iterator<Item = (&'a str, RawBsonRef<'a>)>, cap: usize) -> Value {
    let mut writer = Writer::new(cap);
    writer.fields(fields);
    writer.finish()
}

fn text(text: &str, cap: usize) -> Value {
    if text.len() <= cap {
        return Value::Text(text.to_owned());
    }
    Value::Cut { start: text[..text.floor_char_boundary(cap)].to_owned(), bytes: text.len() as u64 }
}

/// Scalars that are text on a screen: ids and moments as their usual words, the rest as mongosh writes them.
fn scalar_words(value: RawBsonRef<'_>) -> String {
    match value {
        RawBsonRef::ObjectId(id) => id.to_hex(),
        RawBsonRef::DateTime(date) => moment(date.timestamp_millis()),
        RawBsonRef::Timestamp(stamp) => format!("Timestamp({}, {})", stamp.time, stamp.increment),
        RawBsonRef::Binary(binary) => uuid(binary.subtype, binary.bytes).unwrap_or_default(),
        RawBsonRef::RegularExpression(regex) => format!("/{}/{}", regex.pattern.as_str(), regex.options.as_str()),
        RawBsonRef::MinKey => "MinKey".to_owned(),
        RawBsonRef::MaxKey => "MaxKey".to_owned(),
        other => {
            let mut writer = Writer::new(usize::MAX);
            writer.value(other);
            writer.out
        }
    }
}

/// A moment in ISO form; milliseconds since 1970 where the calendar does not reach.
pub(super) fn moment(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(|| format!("{millis} ms"), |t| t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn uuid(subtype: BinarySubtype, bytes: &[u8]) -> Option<String> {
    let wanted = matches!(subtype, BinarySubtype::Uuid) && bytes.len() == 16;
    wanted.then(|| {
        bytes.iter().enumerate().fold(String::with_capacity(36), |mut out, (i, byte)| {
            if matches!(i, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            let _ = write!(out, "{byte:02x}");
            out
        })
    })
}

/// Writes JSON, keeps the beginning, and counts the rest.
struct Writer {
    out: String,
    cap: usize,
    bytes: u64,
}

impl Writer {
    fn new(cap: usize) -> Self {
        Self { out: String::new(), cap, bytes: 0 }
    }

    fn finish(self) -> Value {
        if self.bytes > self.out.len() as u64 {
            Value::Cut { start: self.out, bytes: self.bytes }
        } else {
            Value::Text(self.out)
        }
    }

    fn raw(&mut self, text: &str) {
        let full = self.bytes > self.out.len() as u64;
        self.bytes += text.len() as u64;
        if !full {
            let room = self.cap - self.out.len();
            self.out.push_str(if text.len() <= room { text } else { &text[..text.floor_char_boundary(room)] });
        }
    }

    fn quoted(&mut self, text: &str) {
        match serde_json::to_string(text) {
            Ok(quoted) => self.raw(&quoted),
            Err(_) => self.raw("\"\""),
        }
    }

    fn fields<'a>(&mut self, fields: impl Iterator<Item = (&'a str, RawBsonRef<'a>)>) {
        self.raw("{");
        for (i, (name, value)) in fields.enumerate() {
            if i > 0 {
                self.raw(",");
            }
            self.quoted(name);
            self.raw(":");
            self.value(value);
        }
        self.raw("}");
    }

    fn array(&mut self, array: &RawArray) {
        self.raw("[");
        for (i, value) in array.into_iter().map_while(Result::ok).enumerate() {
            if i > 0 {
                self.raw(",");
            }
            self.value(value);
        }
        self.raw("]");
    }

    /// `{"$name":"text"}`
    fn typed(&mut self, name: &str, text: &str) {
        self.raw("{\"");
        self.raw(name);
        self.raw("\":");
        self.quoted(text);
        self.raw("}");
    }

    fn value(&mut self, value: RawBsonRef<'_>) {
        match value {
            RawBsonRef::Document(document) => self.fields(fields_of(document)),
            RawBsonRef::Array(array) => self.array(array),
            RawBsonRef::String(text) => self.quoted(text),
            RawBsonRef::Boolean(b) => self.raw(if b { "true" } else { "false" }),
            RawBsonRef::Null => self.raw("null"),
            RawBsonRef::Int32(i) => self.raw(&i.to_string()),
            RawBsonRef::Int64(i) => self.raw(&i.to_string()),
            RawBsonRef::Double(f) if f.is_finite() => {
                self.raw(&serde_json::Number::from_f64(f).map_or_else(String::new, |n| n.to_string()));
            }
            RawBsonRef::Double(f) => {
                let word = if f.is_nan() {
                    "NaN"
                } else if f > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                self.typed("$numberDouble", word);
            }
            RawBsonRef::Decimal128(d) => self.typed("$numberDecimal", &d.to_string()),
            RawBsonRef::ObjectId(id) => self.typed("$oid", &id.to_hex()),
            RawBsonRef::DateTime(date) => self.typed("$date", &moment(date.timestamp_millis())),
            RawBsonRef::Timestamp(stamp) => {
                self.raw(&format!("{{\"$timestamp\":{{\"t\":{},\"i\":{}}}}}", stamp.time, stamp.increment));
            }
            RawBsonRef::Binary(binary) => match uuid(binary.subtype, binary.bytes) {
                Some(uuid) => self.typed("$uuid", &uuid),
                None => {
                    use base64::Engine as _;
                    self.raw("{\"$binary\":{\"base64\":\"");
                    self.raw(&base64::engine::general_purpose::STANDARD.encode(binary.bytes));
                    self.raw(&format!("\",\"subType\":\"{:02x}\"}}}}", u8::from(binary.subtype)));
                }
            },
            RawBsonRef::RegularExpression(regex) => {
                self.raw("{\"$regularExpression\":{\"pattern\":");
                self.quoted(regex.pattern.as_str());
                self.raw(",\"options\":");
                self.quoted(regex.options.as_str());
                self.raw("}}");
            }
            RawBsonRef::JavaScriptCode(code) => self.typed("$code", code),
            RawBsonRef::JavaScriptCodeWithScope(code) => self.typed("$code", code.code),
            RawBsonRef::Symbol(symbol) => self.typed("$symbol", symbol),
            RawBsonRef::Undefined => self.raw("{\"$undefined\":true}"),
            RawBsonRef::MinKey => self.raw("{\"$minKey\":1}"),
            RawBsonRef::MaxKey => self.raw("{\"$maxKey\":1}"),
            RawBsonRef::DbPointer(_) => self.raw("{\"$dbPointer\":{}}"),
        }
    }
}

/// The fields of a document, as far as it is sound.
pub(super) fn fields_of(document: &RawDocument) -> impl Iterator<Item = (&str, RawBsonRef<'_>)> {
    document.iter().map_while(Result::ok).map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::{DateTime, RawDocumentBuf, Timestamp, doc, oid::ObjectId};

    fn raw(document: &bson::Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap()
    }
    fn one(value: impl Into<bson::Bson>, cap: usize) -> Value {
        let document = raw(&doc! { "x": value.into() });
        cell(document.get("x").unwrap().unwrap(), cap)
    }

    #[test]
    fn scalars_keep_their_kind_and_their_digits() {
        let id = ObjectId::parse_str("65f1c0ffee65f1c0ffee0001").unwrap();
        let text = |words: &str| Value::Text(words.to_owned());
        assert_eq!(one(7_i32, 99), Value::Int(7));
        assert_eq!(one(i64::MAX, 99), Value::Int(i64::MAX));
        assert_eq!(one(0.5, 99), Value::Float(0.5));
        assert_eq!(one("12.340".parse::<bson::Decimal128>().unwrap(), 99), Value::Number("12.340".into()));
        assert_eq!(one(id, 99), text("65f1c0ffee65f1c0ffee0001"));
        assert_eq!(one(DateTime::from_millis(1_700_000_000_123), 99), text("2023-11-14T22:13:20.123Z"));
        assert_eq!(one(Timestamp { time: 5, increment: 2 }, 99), text("Timestamp(5, 2)"));
        assert_eq!(one(bson::Bson::Null, 99), Value::Null);
        assert_eq!(one(true, 99), Value::Bool(true));
    }

    #[test]
    fn nested_values_are_relaxed_extended_json() {
        let id = ObjectId::parse_str("65f1c0ffee65f1c0ffee0001").unwrap();
        let nested = doc! {
            "a": [1_i32, 2_i64, 0.5, "q\"x"], "id": id, "at": DateTime::from_millis(0),
            "price": "1.10".parse::<bson::Decimal128>().unwrap(), "none": bson::Bson::Null, "no": f64::NAN,
        };
        let wanted = concat!(
            r#"{"a":[1,2,0.5,"q\"x"],"id":{"$oid":"65f1c0ffee65f1c0ffee0001"},"#,
            r#""at":{"$date":"1970-01-01T00:00:00.000Z"},"price":{"$numberDecimal":"1.10"},"none":null,"#,
            r#""no":{"$numberDouble":"NaN"}}"#
        );
        assert_eq!(one(nested, 999), Value::Text(wanted.to_owned()));
    }

    #[test]
    fn long_cells_are_cut_and_tell_their_size() {
        assert_eq!(one("größe", 3), Value::Cut { start: "gr".into(), bytes: 7 });
        let Value::Cut { start, bytes } = one(doc! { "a": "x".repeat(1000) }, 10) else { panic!() };
        assert_eq!((start.as_str(), bytes), ("{\"a\":\"xxxx", 1008));
        let binary = bson::Binary { subtype: BinarySubtype::Generic, bytes: vec![255; 100] };
        assert_eq!(one(binary.clone(), 4), Value::Cut { start: "\\xffff".into(), bytes: 100 });
        assert_eq!(one(binary, 100), Value::Bytes(vec![255; 100]));
    }
}
