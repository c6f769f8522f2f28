//! References between collections. MongoDB declares none: a field like `user_id` is taken for one when there is exactly
//! one collection of that name, the types agree, and its values are found there.

use super::ask;
use super::infer::{Field, Inferred, base_of};
use crate::domain::error_event::SessionError;
use crate::domain::schema::{ForeignKey, Schema};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Bson, doc};
use std::collections::HashMap;
use std::time::Instant;

/// What the keys are called, so that nobody takes them for declared ones.
const NAME: &str = "inferred from name and values";
/// Questions at most.
const MOST: usize = 60;
/// Share of the looked-up values that must be there; documents may refer to what was deleted.
const FOUND: f64 = 0.9;

/// A field that may be a reference.
struct Candidate {
    table: usize,
    column: String,
    target: String,
    values: Vec<Bson>,
}

/// Finds them, until a moment.
pub(super) async fn find(
    session: &mut MongoSession,
    schema: &mut Schema,
    samples: &HashMap<String, Inferred>,
    until: Instant,
) -> Result<(), SessionError> {
    for candidate in candidates(schema, samples).into_iter().take(MOST) {
        if Instant::now() >= until {
            break;
        }
        let asked = candidate.values.len();
        let lookup = doc! {
            "find": &candidate.target, "filter": { "_id": { "$in": candidate.values } }, "projection": { "_id": 1 },
            "limit": 100, "singleBatch": true,
        };
        let database = schema.database.clone();
        let Some(reply) = ask(session, &database, lookup).await? else { continue };
        let there = reply.documents("cursor.firstBatch").len();
        if there as f64 >= asked as f64 * FOUND
            && let Some(table) = schema.tables.get_mut(candidate.table)
        {
            table.foreign_keys.push(ForeignKey {
                name: NAME.to_owned(),
                columns: vec![candidate.column],
                to_schema: String::new(),
                to_table: candidate.target,
                to_columns: vec!["_id".to_owned()],
            });
        }
    }
    Ok(())
}

fn candidates(schema: &Schema, samples: &HashMap<String, Inferred>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (table_index, table) in schema.tables.iter().enumerate().filter(|(_, table)| table.is_table()) {
        let Some(sample) = samples.get(&table.name) else { continue };
        for column in &table.columns {
            let Some(base) = base_of(column.name.rsplit('.').next().unwrap_or_default()) else { continue };
            let Some(field) = sample.field(&column.name).filter(|field| sound(field)) else { continue };
            let Some(target) = target(schema, base) else { continue };
            let key = samples.get(target).and_then(|sample| sample.field("_id")).and_then(Field::only_type);
            if key.is_some() && key == field.only_type() {
                found.push(Candidate {
                    table: table_index,
                    column: column.name.clone(),
                    target: target.to_owned(),
                    values: field.values.clone(),
                });
            }
        }
    }
    found
}

/// A few different values, and not in an array, where a join would have to take it apart first.
fn sound(field: &Field) -> bool {
    !field.repeated && field.values.len() >= 2
}

/// The one collection of a name, in the singular or plural.
fn target<'a>(schema: &'a Schema, base: &str) -> Option<&'a str> {
    let base = base.to_ascii_lowercase();
    let base = base.trim_end_matches('_');
    let mut names = vec![base.to_owned(), format!("{base}s"), format!("{base}es")];
    if let Some(stem) = base.strip_suffix('y') {
        names.push(format!("{stem}ies"));
    }
    let mut fits = schema.tables.iter().filter(|t| t.is_table() && names.contains(&t.name.to_ascii_lowercase()));
    match (fits.next(), fits.next()) {
        (Some(one), None) => Some(&one.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::Table;

    #[test]
    fn names_lead_to_one_collection_or_nowhere() {
        let table = |name: &str| Table { name: name.into(), ..Table::default() };
        let schema = Schema {
            tables: ["users", "categories", "boxes", "order", "orders"].map(table).into(),
            ..Schema::default()
        };
        assert_eq!(target(&schema, "user"), Some("users"));
        assert_eq!(target(&schema, "User"), Some("users"));
        assert_eq!(target(&schema, "category"), Some("categories"));
        assert_eq!(target(&schema, "box"), Some("boxes"));
        assert_eq!(target(&schema, "order"), None);
        assert_eq!(target(&schema, "invoice"), None);
    }
}
