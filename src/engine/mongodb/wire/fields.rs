//! Reading a reply: fields by path, numbers of every kind as numbers, and nothing where there is nothing.

use bson::{RawBsonRef, RawDocument};

/// What a document holds at a path like `connections.current`. What is missing or of another kind is `None`.
pub(crate) trait Fields {
    /// The value at a path.
    fn at(&self, path: &str) -> Option<RawBsonRef<'_>>;

    /// A number, whichever kind; a truth value counts as 0 or 1.
    fn number(&self, path: &str) -> Option<f64> {
        self.at(path).and_then(number_of)
    }
    /// A whole number.
    fn int(&self, path: &str) -> Option<i64> {
        match self.at(path)? {
            RawBsonRef::Int32(i) => Some(i64::from(i)),
            RawBsonRef::Int64(i) => Some(i),
            #[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates, which is what is meant")]
            RawBsonRef::Double(f) if f.is_finite() => Some(f as i64),
            _ => None,
        }
    }
    /// Text.
    fn text(&self, path: &str) -> Option<&str> {
        self.at(path)?.as_str()
    }
    /// A truth value, or a number that is not 0.
    fn flag(&self, path: &str) -> bool {
        self.number(path).is_some_and(|n| n != 0.0)
    }
    /// A moment, milliseconds since 1970: of a date, or of an oplog time, which counts seconds.
    fn moment(&self, path: &str) -> Option<i64> {
        match self.at(path)? {
            RawBsonRef::DateTime(date) => Some(date.timestamp_millis()),
            RawBsonRef::Timestamp(stamp) => Some(i64::from(stamp.time) * 1000),
            _ => None,
        }
    }
    /// A document.
    fn document(&self, path: &str) -> Option<&RawDocument> {
        self.at(path)?.as_document()
    }
    /// The documents of an array.
    fn documents(&self, path: &str) -> Vec<&RawDocument> {
        self.values(path).into_iter().filter_map(RawBsonRef::as_document).collect()
    }
    /// The values of an array.
    fn values(&self, path: &str) -> Vec<RawBsonRef<'_>> {
        self.at(path).and_then(RawBsonRef::as_array).into_iter().flatten().map_while(Result::ok).collect()
    }
    /// The texts of an array.
    fn texts(&self, path: &str) -> Vec<&str> {
        self.values(path).into_iter().filter_map(RawBsonRef::as_str).collect()
    }
}

impl Fields for RawDocument {
    fn at(&self, path: &str) -> Option<RawBsonRef<'_>> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = self.get(first).ok()??;
        match rest {
            None => Some(value),
            Some(rest) => value.as_document()?.at(rest),
        }
    }
}

/// A value as a number, where it is one.
pub(crate) fn number_of(value: RawBsonRef<'_>) -> Option<f64> {
    match value {
        RawBsonRef::Double(f) => f.is_finite().then_some(f),
        RawBsonRef::Int32(i) => Some(f64::from(i)),
        RawBsonRef::Int64(i) => Some(i as f64),
        RawBsonRef::Boolean(b) => Some(f64::from(u8::from(b))),
        RawBsonRef::Decimal128(d) => d.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{DateTime, RawDocumentBuf, Timestamp, rawdoc};

    fn reply() -> RawDocumentBuf {
        rawdoc! {
            "connections": { "current": 12_i64, "share": 0.5 },
            "ok": 1.0, "on": true, "host": "db1",
            "at": DateTime::from_millis(1_700_000_000_123), "optime": { "ts": Timestamp { time: 7, increment: 1 } },
            "hosts": ["a:1", "b:2"], "members": [{ "_id": 0 }, { "_id": 1 }],
        }
    }

    #[test]
    fn every_kind_is_read_by_its_path() {
        let reply = reply();
        assert_eq!(reply.number("connections.current"), Some(12.0));
        assert_eq!((reply.int("connections.current"), reply.number("connections.share")), (Some(12), Some(0.5)));
        assert_eq!((reply.flag("ok"), reply.flag("on"), reply.text("host")), (true, true, Some("db1")));
        assert_eq!((reply.moment("at"), reply.moment("optime.ts")), (Some(1_700_000_000_123), Some(7000)));
        assert_eq!((reply.texts("hosts"), reply.documents("members").len()), (vec!["a:1", "b:2"], 2));
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_nothing() {
        let reply = reply();
        assert_eq!(
            (reply.number("connections.none"), reply.number("host.more"), reply.number("host")),
            (None, None, None)
        );
        assert_eq!((reply.text("ok"), reply.flag("none"), reply.moment("ok")), (None, false, None));
        assert!(reply.documents("hosts").is_empty() && reply.texts("none").is_empty());
    }
}
