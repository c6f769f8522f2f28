//! Values that extended JSON (version 2, canonical and relaxed) writes as a document with one `$` key.

use super::value::regex;
use super::{SyntaxError, dates};
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, Timestamp, Uuid};

/// Keys that make a document a value, with what must follow them.
const KEYS: &[(&str, &str)] = &[
    ("$oid", "24 hexadecimal digits in quotes"),
    ("$date", "a date in ISO form, or milliseconds since 1970"),
    ("$numberInt", "a whole number of 32 bits in quotes"),
    ("$numberLong", "a whole number of 64 bits in quotes"),
    ("$numberDouble", "a number in quotes"),
    ("$numberDecimal", "a decimal number in quotes"),
    ("$binary", "{\"base64\": \"..\", \"subType\": \"00\"}"),
    ("$uuid", "a UUID in quotes"),
    ("$timestamp", "{\"t\": seconds, \"i\": counter}"),
    ("$regularExpression", "{\"pattern\": \"..\", \"options\": \"..\"}"),
    ("$minKey", "1"),
    ("$maxKey", "1"),
];

/// Keys of values that are never sent: code, and types that MongoDB gave up.
const REFUSED: &[(&str, &str)] = &[
    ("$code", "JavaScript is never run"),
    ("$scope", "JavaScript is never run"),
    ("$undefined", "undefined is no value that is sent; write null"),
    ("$symbol", "symbols are not sent; write a string"),
    ("$dbPointer", "database pointers are not sent"),
];

/// The document itself, or the value that it stands for.
pub(super) fn value(document: Document, at: usize) -> Result<Bson, SyntaxError> {
    for (key, why) in REFUSED {
        if document.contains_key(key) {
            return Err(SyntaxError::new(at, *why));
        }
    }
    let Some((key, wanted)) = KEYS.iter().find(|(key, _)| document.contains_key(key)) else {
        return Ok(Bson::Document(document));
    };
    let inner = document.get(key).filter(|_| document.len() == 1);
    inner
        .and_then(|inner| read(key, inner, at))
        .ok_or_else(|| SyntaxError::new(at, format!("`{key}` stands alone and has after it {wanted}")))
}

fn read(key: &str, inner: &Bson, at: usize) -> Option<Bson> {
    let text = inner.as_str();
    match key {
        "$oid" => ObjectId::parse_str(text?).ok().map(Bson::ObjectId),
        "$date" => match inner {
            Bson::String(text) => dates::parse(text).map(Bson::DateTime),
            other => whole(other).map(|n| Bson::DateTime(DateTime::from_millis(n))),
        },
        "$numberInt" => text?.parse().ok().map(Bson::Int32),
        "$numberLong" => text?.parse().ok().map(Bson::Int64),
        "$numberDouble" => match text? {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            digits => digits.parse().ok().filter(|n: &f64| n.is_finite()),
        }
        .map(Bson::Double),
        "$numberDecimal" => text?.parse().ok().map(Bson::Decimal128),
        "$binary" => binary(inner.as_document()?).map(Bson::Binary),
        "$uuid" => uuid(text?),
        "$timestamp" => timestamp(inner.as_document()?),
        "$regularExpression" => {
            let inner = inner.as_document().filter(|d| d.len() == 2)?;
            regex(inner.get_str("pattern").ok()?, inner.get_str("options").ok()?, at).ok()
        }
        "$minKey" => (whole(inner) == Some(1)).then_some(Bson::MinKey),
        "$maxKey" => (whole(inner) == Some(1)).then_some(Bson::MaxKey),
        _ => None,
    }
}

/// A whole number of either width.
pub(super) fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        _ => None,
    }
}

fn binary(document: &Document) -> Option<Binary> {
    let subtype = document.get_str("subType").ok().filter(|s| document.len() == 2 && (1..=2).contains(&s.len()))?;
    let subtype = u8::from_str_radix(subtype, 16).ok()?;
    Binary::from_base64(document.get_str("base64").ok()?, BinarySubtype::from(subtype)).ok()
}

pub(super) fn uuid(text: &str) -> Option<Bson> {
    Uuid::parse_str(text).ok().map(|uuid| Bson::Binary(Binary::from_uuid(uuid)))
}

pub(super) fn timestamp(document: &Document) -> Option<Bson> {
    let part = |key: &str| document.get(key).and_then(whole).and_then(|n| u32::try_from(n).ok());
    let (time, increment) = part("t").zip(part("i")).filter(|_| document.len() == 2)?;
    Some(Bson::Timestamp(Timestamp { time, increment }))
}
