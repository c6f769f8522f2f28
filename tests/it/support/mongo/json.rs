//! Extended JSON -> documents, as far as the scripts need it: `$date`, `$timestamp`, `$oid`, `$long`, `$decimal`.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, Timestamp};
use serde_json::{Map, Value};

/// A document from JSON.
pub fn document(text: &str) -> Document {
    match value(serde_json::from_str(text).unwrap()) {
        Bson::Document(document) => document,
        other => panic!("{other} is no document"),
    }
}

fn value(json: Value) -> Bson {
    match json {
        Value::Null => Bson::Null,
        Value::Bool(b) => Bson::Boolean(b),
        Value::String(s) => Bson::String(s),
        Value::Array(items) => Bson::Array(items.into_iter().map(value).collect()),
        Value::Object(map) => special(&map)
            .unwrap_or_else(|| Bson::Document(map.into_iter().map(|(name, inner)| (name, value(inner))).collect())),
        Value::Number(n) => match n.as_i64() {
            Some(i) => i32::try_from(i).map_or(Bson::Int64(i), Bson::Int32),
            None => Bson::Double(n.as_f64().unwrap()),
        },
    }
}

fn special(map: &Map<String, Value>) -> Option<Bson> {
    let (name, inner) = map.iter().next().filter(|_| map.len() == 1)?;
    Some(match name.as_str() {
        "$date" => {
            let moment = chrono::DateTime::parse_from_rfc3339(inner.as_str()?).unwrap();
            Bson::DateTime(DateTime::from_millis(moment.timestamp_millis()))
        }
        "$timestamp" => Bson::Timestamp(Timestamp { time: u32::try_from(inner.as_u64()?).unwrap(), increment: 1 }),
        "$oid" => Bson::ObjectId(ObjectId::parse_str(inner.as_str()?).unwrap()),
        "$long" => Bson::Int64(inner.as_i64()?),
        "$decimal" => Bson::Decimal128(inner.as_str()?.parse().unwrap()),
        _ => return None,
    })
}
