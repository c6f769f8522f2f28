//! How collections hang together: MongoDB declares no keys, so these are the ones that names and values told.

use super::{aggregate, data, one, told};
use crate::domain::question::{Answer, Cannot, KeyDirection, Relation, joins};
use crate::domain::schema::{Schema, Table};
use crate::domain::text::escape;
use bson::{Document, doc};

/// Rows shown of a join that was only asked about.
const JOIN_ROWS: i32 = 20;

/// What there is to know about keys here.
const INFERRED: &str = "MongoDB declares no keys: these were inferred from names and values of a sample";

pub(super) fn foreign_keys(table: Option<&Relation>, direction: KeyDirection, schema: &Schema) -> Answer {
    let mut lines = Vec::new();
    for from in &schema.tables {
        for key in &from.foreign_keys {
            let wanted = table.is_none_or(|t| {
                let (holds, into) = (from.name == t.name, key.to_table == t.name);
                match direction {
                    KeyDirection::From => holds,
                    KeyDirection::Into => into,
                    KeyDirection::Both => holds || into,
                }
            });
            if wanted {
                lines.push(format!(
                    "{}.{} -> {}.{}\n",
                    escape(&from.name),
                    escape(&key.columns.join(", ")),
                    escape(&key.to_table),
                    escape(&key.to_columns.join(", "))
                ));
            }
        }
    }
    let title = table.map_or_else(|| "Keys between collections".to_owned(), |t| format!("Keys of {}", t.full_name()));
    if lines.is_empty() {
        lines.push("none were found\n".to_owned());
    }
    let mut answer = told(title, lines.concat());
    answer.notes.push(INFERRED.to_owned());
    answer
}

/// How two collections join, with the pipeline that does it.
pub(super) fn join_path(from: &Relation, to: &Relation, schema: &Schema) -> Result<Answer, Cannot> {
    let ends = joins::index_of(schema, from).zip(joins::index_of(schema, to));
    let Some(path) = ends.and_then(|(a, b)| joins::path(schema, a, b)) else {
        return Err(Cannot {
            reason: format!("no keys were found that connect {} and {}", from.full_name(), to.full_name()),
            can: vec![format!("foreign keys of {}", from.name.replace('_', " "))],
            ..Cannot::default()
        });
    };
    let mut stages: Vec<Document> = Vec::new();
    let mut prefix = String::new();
    let name = |table: &Table| table.name.clone();
    for step in &path {
        let there = name(&schema.tables[step.to()]);
        let columns: Vec<(String, String)> = step
            .link
            .columns
            .iter()
            .map(|(child, parent)| {
                let (here, far) = if step.upward { (child, parent) } else { (parent, child) };
                (format!("{prefix}{here}"), far.clone())
            })
            .collect();
        let held = format!("{}_joined", super::values::flat(&there));
        stages.push(data::lookup(&there, &columns, &held));
        stages.push(doc! {"$unwind": format!("${held}")});
        prefix = format!("{held}.");
    }
    stages.push(doc! {"$limit": JOIN_ROWS});
    let title = format!("How {} and {} join", from.full_name(), to.full_name());
    let mut answer = one(title, &aggregate(from.name.as_str(), stages));
    answer.text = Some(joins::path_in_words(schema, &path).join("\n") + "\n");
    answer.notes.push(INFERRED.to_owned());
    Ok(answer)
}

/// Fields that point to another collection and begin no index: each look-up back reads the whole collection.
pub(super) fn without_index(schema: &Schema) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &schema.tables {
        for key in &table.foreign_keys {
            let Some(column) = key.columns.first() else { continue };
            if !table.indexes.iter().any(|index| index.columns.first().is_some_and(|first| begins_with(first, column)))
            {
                lines.push(format!("{}.{} -> {}\n", escape(&table.name), escape(column), escape(&key.to_table)));
            }
        }
    }
    lines
}

/// A key of an index is a field, perhaps with its direction behind it.
pub(super) fn begins_with(key: &str, column: &str) -> bool {
    key.strip_prefix(column).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
}
