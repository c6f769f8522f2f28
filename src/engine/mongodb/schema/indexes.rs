//! Documents of `listIndexes` -> indexes, their keys and what is special about them.

use crate::domain::metric;
use crate::domain::schema::Index;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::wire::Fields as _;
use bson::{RawBsonRef, RawDocument};

/// Bytes of a partial index's filter that are kept.
const FILTER: usize = 500;

/// The keys in order: a field's name where it ascends, `created desc`, `body text`, `place 2dsphere`.
pub(in crate::engine::mongodb) fn keys(index: &RawDocument) -> Vec<String> {
    // A text index keeps its fields apart from its key.
    let weights = index
        .document("weights")
        .map(|w| cells::fields_of(w).map(|(name, _)| format!("{name} text")).collect::<Vec<_>>());
    let mut keys = Vec::new();
    for (name, direction) in index.document("key").into_iter().flat_map(cells::fields_of) {
        match direction {
            RawBsonRef::String("text") if name == "_fts" => keys.extend(weights.clone().unwrap_or_default()),
            _ if name == "_ftsx" => {}
            RawBsonRef::String(kind) => keys.push(format!("{name} {kind}")),
            direction if crate::engine::mongodb::wire::number_of(direction).is_some_and(|n| n < 0.0) => {
                keys.push(format!("{name} desc"));
            }
            _ => keys.push(name.to_owned()),
        }
    }
    keys
}

/// What is special about an index.
pub(in crate::engine::mongodb) fn traits(index: &RawDocument) -> Vec<String> {
    let mut words: Vec<String> = ["unique", "sparse", "hidden", "clustered"]
        .iter()
        .filter(|name| index.flag(name))
        .map(|name| (*name).to_owned())
        .collect();
    if let Some(seconds) = index.number("expireAfterSeconds") {
        words.push(format!("TTL {}", metric::seconds(seconds)));
    }
    if let Some(filter) = index.document("partialFilterExpression") {
        words.push(format!("partial {}", cells::json_text(filter, FILTER)));
    }
    if index.document("collation").is_some() {
        words.push(format!("collation {}", index.text("collation.locale").unwrap_or_default()));
    }
    words
}

/// One index.
pub(super) fn index(index: &RawDocument) -> Index {
    let name = index.text("name").unwrap_or_default().to_owned();
    let primary = name == "_id_" || index.flag("clustered");
    Index {
        columns: keys(index),
        unique: primary || index.flag("unique"),
        primary,
        predicate: index.document("partialFilterExpression").map(|filter| cells::json_text(filter, FILTER)),
        valid: true,
        name,
    }
}

/// What an index does to documents by itself.
pub(super) fn expiry(index: &RawDocument) -> Option<String> {
    let seconds = index.number("expireAfterSeconds")?;
    let field = keys(index).into_iter().next()?;
    Some(format!("documents are deleted {} after {field}", metric::seconds(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn keys_and_traits_in_words() {
        let compound =
            rawdoc! { "name": "i", "key": { "status": 1, "created": -1, "place": "2dsphere" }, "unique": true };
        assert_eq!(keys(&compound), ["status", "created desc", "place 2dsphere"]);
        let text = rawdoc! { "name": "t", "key": { "_fts": "text", "_ftsx": 1, "lang": 1 }, "weights": { "title": 5, "body": 1 } };
        assert_eq!(keys(&text), ["title text", "body text", "lang"]);
        let ttl = rawdoc! {
            "name": "x", "key": { "at": 1 }, "expireAfterSeconds": 3600,
            "partialFilterExpression": { "done": true }, "hidden": true,
        };
        assert_eq!(traits(&ttl), ["hidden", "TTL 1h 00m", r#"partial {"done":true}"#]);
        assert_eq!(expiry(&ttl).as_deref(), Some("documents are deleted 1h 00m after at"));
        assert_eq!(expiry(&compound), None);
    }

    #[test]
    fn the_index_of_the_key_is_the_primary_one() {
        let id = index(&rawdoc! { "name": "_id_", "key": { "_id": 1 } });
        assert!(id.primary && id.unique && id.columns == ["_id"]);
    }
}
