//! Commands as text: relaxed extended JSON, on one line, as the server's tools write it.

use super::names::literal;
use crate::domain::text::hex;
use bson::{Bson, Document};
use std::ops::Range;

/// Moments of the years 0001 to 9999, milliseconds: only those have a text of their own, and the library writes later
/// ones as the last of them.
const YEARS: Range<i64> = -62_135_596_800_000..253_402_300_800_000;

/// A document as text that [`super::command::parse`] reads back.
pub(in crate::engine::mongodb) fn document(document: &Document) -> String {
    let fields: Vec<String> =
        document.iter().map(|(key, value)| format!("{}: {}", literal(key), self::value(value))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn value(value: &Bson) -> String {
    match value {
        Bson::Document(inner) => document(inner),
        Bson::Array(all) => format!("[{}]", all.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Bson::String(text) => literal(text),
        Bson::Int32(n) => n.to_string(),
        Bson::Boolean(on) => on.to_string(),
        Bson::Null => "null".to_owned(),
        Bson::DateTime(at) => match at.try_to_rfc3339_string() {
            Ok(text) if YEARS.contains(&at.timestamp_millis()) => format!("{{\"$date\": {}}}", literal(&text)),
            _ => format!("{{\"$date\": {{\"$numberLong\": \"{}\"}}}}", at.timestamp_millis()),
        },
        // The type is written only where plain digits would lose it.
        Bson::Int64(n) if i32::try_from(*n).is_ok() => format!("{{\"$numberLong\": \"{n}\"}}"),
        Bson::Int64(n) => n.to_string(),
        // Debug writes the shortest digits that give the number back, with a point in them.
        Bson::Double(n) if n.is_finite() => format!("{n:?}"),
        Bson::Double(n) => {
            let name = if n.is_nan() {
                "NaN"
            } else if *n > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            format!("{{\"$numberDouble\": \"{name}\"}}")
        }
        Bson::ObjectId(id) => format!("{{\"$oid\": \"{}\"}}", id.to_hex()),
        Bson::Decimal128(n) => format!("{{\"$numberDecimal\": \"{n}\"}}"),
        Bson::Timestamp(at) => format!("{{\"$timestamp\": {{\"t\": {}, \"i\": {}}}}}", at.time, at.increment),
        Bson::RegularExpression(regex) => format!(
            "{{\"$regularExpression\": {{\"pattern\": {}, \"options\": {}}}}}",
            literal(regex.pattern.as_str()),
            literal(regex.options.as_str())
        ),
        Bson::Binary(binary) => match binary.to_uuid() {
            Ok(uuid) => format!("{{\"$uuid\": \"{uuid}\"}}"),
            Err(_) => {
                format!("HexData({}, \"{}\")", u8::from(binary.subtype), hex(&binary.bytes))
            }
        },
        Bson::MinKey => "{\"$minKey\": 1}".to_owned(),
        Bson::MaxKey => "{\"$maxKey\": 1}".to_owned(),
        // No reader makes these: code, and types that MongoDB gave up. As a bare word none is read back either.
        Bson::JavaScriptCode(_)
        | Bson::JavaScriptCodeWithScope(_)
        | Bson::Symbol(_)
        | Bson::Undefined
        | Bson::DbPointer(_) => "undefined".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::document;
    use crate::engine::mongodb::dialect::command::parse;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let text = r#"{find: "c", filter: {a: 1, b: 5000000000, c: NumberLong(5), d: 1.5, e: 2.0, f: -0.1, g: ISODate("2026-08-19"),
            h: ObjectId("507f1f77bcf86cd799439011"), i: /x"y\d/im, j: null, k: [true, "a\"b\\"], l: UUID("00112233-4455-6677-8899-aabbccddeeff"),
            m: NumberDecimal("1.10"), n: Timestamp(1, 2), o: MinKey, p: MaxKey(), q: NaN, r: -1e300, s: {"$date": {"$numberLong": "-999999999999999"}}}}"#;
        let read = parse(text).unwrap().document;
        let written = document(&read);
        let again = parse(&written).unwrap().document;
        assert_eq!(format!("{read:?}"), format!("{again:?}"), "{written}");
    }
}
