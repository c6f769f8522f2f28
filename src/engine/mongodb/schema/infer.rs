//! Documents -> the fields they are made of: paths like `address.city` and `items.sku`, how often each was found, and
//! with which types.

use crate::domain::schema::{ColumnKind, TableColumn};
use crate::engine::mongodb::cells;
use bson::{Bson, RawBsonRef, RawDocument};
use std::collections::{HashMap, HashSet};

/// Fields of one collection, at most.
const MOST: usize = 300;
/// Fields directly below one field, at most: beyond that its names are data, not structure.
const MOST_BELOW: usize = 60;
/// Levels that are looked into.
const DEEPEST: usize = 5;
/// Types named for one field, at most.
const TYPES: usize = 4;
/// Values kept of a field that may refer to another collection.
const VALUES: usize = 20;

/// What is known about one field.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    /// Documents in which it was found.
    found: usize,
    /// Its types with how often each was seen.
    types: Vec<(&'static str, usize)>,
    /// Types of the elements, where it is an array.
    elements: Vec<(&'static str, usize)>,
    /// It stands inside an array.
    pub(super) repeated: bool,
    /// A few of its values, where its name says that it refers to something.
    pub(super) values: Vec<Bson>,
}

/// The fields of a sample.
#[derive(Debug, Default)]
pub(super) struct Inferred {
    documents: usize,
    order: Vec<String>,
    fields: HashMap<String, Field>,
    below: HashMap<String, usize>,
}

impl Inferred {
    /// Takes in a document.
    pub(super) fn add(&mut self, document: &RawDocument) {
        self.documents += 1;
        let mut seen = HashSet::new();
        self.look_into("", document, 1, false, &mut seen);
    }

    fn look_into(
        &mut self,
        parent: &str,
        document: &RawDocument,
        depth: usize,
        repeated: bool,
        seen: &mut HashSet<String>,
    ) {
        for (name, value) in cells::fields_of(document) {
            // A name with a dot cannot be told from a path.
            if name.is_empty() || name.contains('.') {
                continue;
            }
            let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
            if !self.fields.contains_key(&path) {
                let below = self.below.entry(parent.to_owned()).or_default();
                if self.order.len() == MOST || (*below == MOST_BELOW && !parent.is_empty()) {
                    continue;
                }
                *below += 1;
                self.order.push(path.clone());
            }
            let field = self.fields.entry(path.clone()).or_default();
            field.repeated |= repeated;
            count(&mut field.types, cells::type_name(value));
            if refers(name) && !matches!(value, RawBsonRef::Null | RawBsonRef::Document(_) | RawBsonRef::Array(_)) {
                field.keep(value);
            }
            if seen.insert(path.clone()) {
                field.found += 1;
            }
            match value {
                RawBsonRef::Document(inner) if depth < DEEPEST => {
                    self.look_into(&path, inner, depth + 1, repeated, seen);
                }
                RawBsonRef::Array(array) => {
                    for element in array.into_iter().map_while(Result::ok) {
                        if let Some(field) = self.fields.get_mut(&path) {
                            count(&mut field.elements, cells::type_name(element));
                        }
                        if let (RawBsonRef::Document(inner), true) = (element, depth < DEEPEST) {
                            self.look_into(&path, inner, depth + 1, true, seen);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A field by its path.
    pub(super) fn field(&self, path: &str) -> Option<&Field> {
        self.fields.get(path)
    }

    /// The paths in the order in which they were found, fields of an object behind it.
    fn paths(&self) -> Vec<&String> {
        let place = |path: &str| -> Vec<usize> {
            let mut places = Vec::new();
            for (end, _) in path.match_indices('.').chain([(path.len(), "")]) {
                places.push(self.order.iter().position(|p| p == &path[..end]).unwrap_or(usize::MAX));
            }
            places
        };
        let mut paths: Vec<(Vec<usize>, &String)> = self.order.iter().map(|path| (place(path), path)).collect();
        paths.sort();
        // The key of every document leads.
        paths.sort_by_key(|(_, path)| path.as_str() != "_id");
        paths.into_iter().map(|(_, path)| path).collect()
    }

    /// The fields as columns.
    pub(super) fn columns(&self) -> Vec<TableColumn> {
        let columns = self.paths().into_iter().filter_map(|path| {
            let field = self.fields.get(path)?;
            Some(TableColumn {
                name: path.clone(),
                type_name: field.type_name(),
                kind: field.kind(),
                nullable: field.found < self.documents || field.types.iter().any(|(name, _)| *name == "null"),
                default: None,
                comment: Some(format!("in {} of {} documents looked at", field.found, self.documents)),
            })
        });
        columns.collect()
    }
}

impl Field {
    fn keep(&mut self, value: RawBsonRef<'_>) {
        if self.values.len() < VALUES
            && let Ok(value) = Bson::try_from(value)
            && !self.values.contains(&value)
        {
            self.values.push(value);
        }
    }

    /// The only type of its values, null left out.
    pub(super) fn only_type(&self) -> Option<&'static str> {
        let mut types = self.types.iter().filter(|(name, _)| *name != "null");
        match (types.next(), types.next()) {
            (Some((name, _)), None) => Some(name),
            _ => None,
        }
    }

    /// `string`, `string|int`, `array<object>`: the most frequent first.
    fn type_name(&self) -> String {
        let elements = joined(&self.elements);
        let name = joined(&self.types);
        if elements.is_empty() { name } else { name.replacen("array", &format!("array<{elements}>"), 1) }
    }

    /// What its most frequent type is good for.
    fn kind(&self) -> ColumnKind {
        match by_frequency(&self.types).first().copied().unwrap_or_default() {
            "int" | "long" | "double" | "decimal" => ColumnKind::Number,
            "string" | "symbol" => ColumnKind::Text,
            "date" | "timestamp" => ColumnKind::Time,
            "bool" => ColumnKind::Bool,
            _ => ColumnKind::Other,
        }
    }
}

/// A field that by its name holds the key of something else: `user_id`, `userId`, `ownerID`.
pub(super) fn refers(name: &str) -> bool {
    base_of(name).is_some()
}

/// What a field of such a name refers to: `user`.
pub(super) fn base_of(name: &str) -> Option<&str> {
    ["_id", "Id", "ID"].iter().find_map(|ending| name.strip_suffix(ending)).filter(|base| !base.is_empty())
}

fn count(types: &mut Vec<(&'static str, usize)>, name: &'static str) {
    match types.iter_mut().find(|(known, _)| *known == name) {
        Some((_, n)) => *n += 1,
        None => types.push((name, 1)),
    }
}

fn by_frequency(types: &[(&'static str, usize)]) -> Vec<&'static str> {
    let mut types: Vec<&(&'static str, usize)> = types.iter().filter(|(name, _)| *name != "null").collect();
    types.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    types.into_iter().map(|(name, _)| *name).collect()
}

fn joined(types: &[(&'static str, usize)]) -> String {
    let names = by_frequency(types);
    if names.is_empty() && !types.is_empty() {
        return "null".to_owned();
    }
    let more = if names.len() > TYPES { "|..." } else { "" };
    format!("{}{more}", names[..names.len().min(TYPES)].join("|"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::{DateTime, RawDocumentBuf, doc};

    fn inferred(documents: &[bson::Document]) -> Inferred {
        let mut inferred = Inferred::default();
        for document in documents {
            inferred.add(&RawDocumentBuf::try_from(document).unwrap());
        }
        inferred
    }

    #[test]
    fn paths_types_and_frequencies() {
        let found = inferred(&[
            doc! { "name": "a", "_id": 1, "items": [{ "sku": "x", "qty": 1 }, { "sku": "y" }], "at": DateTime::from_millis(0) },
            doc! { "_id": 2, "name": 5, "address": { "city": "B" }, "tags": ["p", "q"], "at": bson::Bson::Null },
            doc! { "_id": 3, "name": "c", "address": { "city": "C", "zip": 9 } },
        ]);
        let columns = found.columns();
        let words: Vec<String> =
            columns.iter().map(|c| format!("{} {} {:?} {}", c.name, c.type_name, c.kind, c.nullable)).collect();
        assert_eq!(
            words,
            [
                "_id int Number false",
                "name string|int Text false",
                "items array<object> Other true",
                "items.sku string Text true",
                "items.qty int Number true",
                "at date Time true",
                "address object Other true",
                "address.city string Text true",
                "address.zip int Number true",
                "tags array<string> Other true",
            ]
        );
        assert_eq!(columns[3].comment.as_deref(), Some("in 1 of 3 documents looked at"));
        assert!(found.field("items.sku").unwrap().repeated && !found.field("address.city").unwrap().repeated);
    }

    #[test]
    fn names_that_are_data_do_not_flood_the_schema() {
        let inner: bson::Document = (0..500).map(|i| (format!("k{i}"), bson::Bson::Int32(1))).collect();
        let found = inferred(&[doc! { "_id": 1, "by_key": inner, "after": 1 }]);
        assert_eq!(found.columns().len(), 3 + MOST_BELOW);
        let wide: bson::Document = (0..1000).map(|i| (format!("k{i}"), bson::Bson::Int32(1))).collect();
        assert_eq!(inferred(&[wide]).columns().len(), MOST);
    }

    #[test]
    fn values_are_kept_only_where_the_name_refers() {
        let found = inferred(&[doc! { "user_id": 7, "userId": 8, "paid": 9, "_id": 1 }]);
        assert_eq!(found.field("user_id").unwrap().values, [Bson::Int32(7)]);
        assert_eq!(found.field("userId").unwrap().values, [Bson::Int32(8)]);
        assert!(found.field("paid").unwrap().values.is_empty() && found.field("_id").unwrap().values.is_empty());
    }

    #[test]
    fn deep_documents_end_somewhere() {
        let deep = (0..100).fold(doc! { "x": 1 }, |inner, _| doc! { "d": inner });
        assert_eq!(inferred(&[deep]).columns().len(), DEEPEST);
    }
}
