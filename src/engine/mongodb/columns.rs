//! Documents -> rows. A result's columns are the top-level fields of its first batch in the order in which they come,
//! `_id` first; what shows up later is kept in a last column as JSON.

use super::cells;
use crate::domain::rows::{Column, Value};
use bson::RawDocument;
use std::collections::HashMap;

/// Columns at most; further fields are kept in the last one.
const MOST: usize = 200;
/// The column of what no other column holds.
const MORE: &str = "(more)";

/// Where each field goes.
pub(super) struct Layout {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    more: bool,
}

impl Layout {
    /// The layout of a first batch. `open`: more documents follow, which may bring more fields.
    pub(super) fn of(batch: &[&RawDocument], open: bool) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut types: Vec<Vec<&'static str>> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut more = open;
        for document in batch {
            for (name, value) in cells::fields_of(document) {
                let place = match places.get(name) {
                    Some(&place) => place,
                    None if names.len() == MOST => {
                        more = true;
                        continue;
                    }
                    None => {
                        places.insert(name.to_owned(), names.len());
                        names.push(name.to_owned());
                        types.push(Vec::new());
                        names.len() - 1
                    }
                };
                let kind = cells::type_name(value);
                if kind != "null" && !types[place].contains(&kind) {
                    types[place].push(kind);
                }
            }
        }
        let mut columns: Vec<Column> = names
            .into_iter()
            .zip(types)
            .map(|(name, types)| Column {
                name,
                numeric: !types.is_empty() && types.iter().all(|kind| cells::is_number(kind)),
                type_name: types.join("|"),
            })
            .collect();
        if let Some(&id) = places.get("_id")
            && id > 0
        {
            let column = columns.remove(id);
            columns.insert(0, column);
            for place in places.values_mut().filter(|place| **place < id) {
                *place += 1;
            }
            places.insert("_id".to_owned(), 0);
        }
        if more {
            columns.push(Column { name: MORE.to_owned(), type_name: "object".to_owned(), numeric: false });
        }
        Self { columns, places, more }
    }

    /// The columns.
    pub(super) fn columns(&self) -> Vec<Column> {
        self.columns.clone()
    }

    /// One document as a row, each cell at most `cap` bytes.
    pub(super) fn row(&self, document: &RawDocument, cap: usize) -> Vec<Value> {
        let mut row = vec![Value::Null; self.columns.len()];
        let mut rest = Vec::new();
        for (name, value) in cells::fields_of(document) {
            match self.places.get(name) {
                Some(&place) => row[place] = cells::cell(value, cap),
                None => rest.push((name, value)),
            }
        }
        if self.more
            && !rest.is_empty()
            && let Some(last) = row.last_mut()
        {
            *last = cells::json_of_fields(rest.into_iter(), cap);
        }
        row
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::{RawDocumentBuf, doc};

    fn raw(document: &bson::Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap()
    }
    fn names(layout: &Layout) -> Vec<String> {
        layout.columns().into_iter().map(|c| format!("{}:{}", c.name, c.type_name)).collect()
    }

    #[test]
    fn columns_are_the_fields_of_the_batch_with_the_id_first() {
        let batch = [raw(&doc! { "name": "a", "_id": 1 }), raw(&doc! { "_id": 2, "qty": 3_i64, "name": 4 })];
        let batch: Vec<&RawDocument> = batch.iter().map(AsRef::as_ref).collect();
        let layout = Layout::of(&batch, false);
        assert_eq!(names(&layout), ["_id:int", "name:string|int", "qty:long"]);
        assert_eq!(layout.row(batch[0], 99), [Value::Int(1), Value::Text("a".into()), Value::Null]);
        assert_eq!(layout.row(batch[1], 99), [Value::Int(2), Value::Int(4), Value::Int(3)]);
        assert!(layout.columns()[2].numeric && !layout.columns()[1].numeric);
    }

    #[test]
    fn fields_that_come_later_are_kept() {
        let first = raw(&doc! { "a": 1 });
        let layout = Layout::of(&[&first], true);
        assert_eq!(names(&layout), ["a:int", "(more):object"]);
        let later = raw(&doc! { "a": 2, "b": "x", "c": [1] });
        assert_eq!(layout.row(&later, 99), [Value::Int(2), Value::Text(r#"{"b":"x","c":[1]}"#.into())]);
    }

    #[test]
    fn a_wide_document_keeps_all_its_fields() {
        let wide: bson::Document = (0..300).map(|i| (format!("f{i}"), bson::Bson::Int32(i))).collect();
        let wide = raw(&wide);
        let layout = Layout::of(&[&wide], false);
        assert_eq!(layout.columns().len(), MOST + 1);
        let Some(Value::Text(rest)) = layout.row(&wide, 9999).pop() else { panic!() };
        assert!(rest.starts_with(r#"{"f200":200"#) && rest.ends_with(r#""f299":299}"#));
    }
}
