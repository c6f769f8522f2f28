//! Filters of a selection -> match expressions. A missing field and a null are one: empty, and no comparison holds.

use super::values::{candidates, during, escaped};
use crate::domain::question::{ColumnRef, Comparison, Filter, LikeKind, Literal};
use crate::domain::schema::ColumnKind;
use bson::{Bson, Document, doc};

/// Longest text that is compared in any case: beyond it the pattern would be refused.
const LONGEST_PATTERN: usize = 400;

/// Where the fields of a source are found, and where the rows that must exist.
pub(super) trait Places {
    /// The path of a field.
    fn path(&self, column: &ColumnRef) -> String;
    /// The array that holds the first matching row of another collection.
    fn exists(&self, filter: &Filter) -> String;
}

/// A filter as a match expression.
pub(super) fn matching(filter: &Filter, places: &dyn Places) -> Document {
    match filter {
        Filter::All(all) => merged(all.iter().map(|f| matching(f, places)).collect()),
        Filter::Any(all) => doc! {"$or": all.iter().map(|f| matching(f, places)).collect::<Vec<_>>()},
        Filter::Not(inner) => doc! {"$nor": [matching(inner, places)]},
        Filter::Compare(column, comparison, literal) => compare(&places.path(column), column, *comparison, literal),
        Filter::Between(column, low, high) => {
            let mut condition = Document::new();
            for (name, literal) in [("$gte", low), ("$lte", high)] {
                condition.insert(name, candidates(column, literal).remove(0));
            }
            of(&places.path(column), condition)
        }
        Filter::OneOf(column, values) => {
            let path = places.path(column);
            let plain = |l: &Literal| matches!(l, Literal::Number(_) | Literal::Text { exact: true, .. });
            if values.iter().all(plain) {
                let all: Vec<Bson> = values.iter().flat_map(|value| candidates(column, value)).collect();
                return of(&path, doc! {"$in": all});
            }
            doc! {"$or": values.iter().map(|v| compare(&path, column, Comparison::Equal, v)).collect::<Vec<_>>()}
        }
        Filter::Like(column, kind, text) => of(&places.path(column), like(*kind, text)),
        Filter::IsNull(column, true) => of_value(&places.path(column), Bson::Null),
        Filter::IsNull(column, false) => of(&places.path(column), doc! {"$ne": Bson::Null}),
        Filter::IsTrue(column, truth) => is_true(&places.path(column), column, *truth),
        Filter::During(column, period) => of(&places.path(column), during(column, period)),
        Filter::Exists { exists, .. } => of(&places.exists(filter), doc! {if *exists { "$ne" } else { "$eq" }: []}),
    }
}

fn of(path: &str, condition: Document) -> Document {
    of_value(path, Bson::Document(condition))
}

fn of_value(path: &str, value: Bson) -> Document {
    let mut out = Document::new();
    out.insert(path, value);
    out
}

/// Conditions that must all hold: side by side where no field stands twice, else in an `$and`.
fn merged(all: Vec<Document>) -> Document {
    let mut out = Document::new();
    let doubled = {
        let mut seen = std::collections::HashSet::new();
        !all.iter().flat_map(Document::keys).all(|key| seen.insert(key.clone()))
    };
    if doubled {
        return doc! {"$and": all};
    }
    for one in all {
        out.extend(one);
    }
    out
}

fn compare(path: &str, column: &ColumnRef, comparison: Comparison, literal: &Literal) -> Document {
    if let Literal::Text { text, exact: false } = literal
        && let [Bson::String(_)] = candidates(column, literal).as_slice()
        && text.len() <= LONGEST_PATTERN
    {
        let pattern = doc! {"$regex": format!("^{}$", escaped(text)), "$options": "i"};
        match comparison {
            Comparison::Equal => return of(path, pattern),
            Comparison::NotEqual => return of(path, doc! {"$not": pattern, "$ne": Bson::Null}),
            _ => {}
        }
    }
    let mut values = candidates(column, literal);
    match (comparison, values.len()) {
        (Comparison::Equal, 1) => of_value(path, values.remove(0)),
        (Comparison::Equal, _) => of(path, doc! {"$in": values}),
        (Comparison::NotEqual, _) => {
            values.push(Bson::Null);
            of(path, doc! {"$nin": values})
        }
        (other, _) => of(path, doc! {operator(other): values.remove(0)}),
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "$eq",
        Comparison::NotEqual => "$ne",
        Comparison::Less => "$lt",
        Comparison::AtMost => "$lte",
        Comparison::Greater => "$gt",
        Comparison::AtLeast => "$gte",
    }
}

/// The condition on groups by a number.
pub(super) fn having(name: &str, comparison: Comparison, number: &str) -> Document {
    of(name, doc! {operator(comparison): super::values::number(number)})
}

fn like(kind: LikeKind, text: &str) -> Document {
    let text = escaped(text);
    let pattern = match kind {
        LikeKind::Contains => text,
        LikeKind::StartsWith => format!("^{text}"),
        LikeKind::EndsWith => format!("{text}$"),
    };
    doc! {"$regex": pattern, "$options": "i"}
}

fn is_true(path: &str, column: &ColumnRef, truth: bool) -> Document {
    match column.kind {
        ColumnKind::Number if truth => of(path, doc! {"$nin": [0, Bson::Null]}),
        ColumnKind::Number => of_value(path, Bson::Int32(0)),
        ColumnKind::Text => {
            let words = if truth { "^(true|yes|1)$" } else { "^(false|no|0)$" };
            of(path, doc! {"$regex": words, "$options": "i"})
        }
        _ => of_value(path, Bson::Boolean(truth)),
    }
}
