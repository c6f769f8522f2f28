//! What a colleague who knows SQLite would say about a statement before it runs.
//!
//! There is one writer for the whole file, and a writer that waits too long fails: most of the advice is about how
//! long the others wait. Much of the rest is about what ALTER TABLE cannot do. `act` reads the statement from its
//! tokens, as the guard does; advice is no gate, so where the reader is not sure nothing is said.

mod act;
mod alter;
mod objects;
mod rows;

#[cfg(test)]
mod tests;

use super::classify;
use crate::domain::proposal::advice::Advice;
use crate::engine::sql::advice::{self, Rule, rules};
use act::Act;

/// Every rule, one a line. Where squawk or `strong_migrations` has the rule for another engine, it has their name.
const RULES: &[Rule<Act>] = rules! {
    "adding-a-check-to-new-column" Note alter::check;
    "adding-a-computed-default" Warning alter::computed_default;
    "adding-a-stored-generated-column" Warning alter::stored;
    "adding-required-field" Warning alter::required;
    "adding-serial-primary-key-field" Warning alter::primary_key;
    "backfilling-data" Warning rows::many_rows;
    "ban-drop-column" Danger alter::drop_column;
    "ban-drop-table" Danger objects::drop_table;
    "ban-drop-view" Warning objects::drop_view;
    "comparing-with-null" Warning rows::equals_null;
    "disallowed-unique-constraint" Warning alter::unique;
    "foreign-keys-may-be-off" Note objects::foreign_keys;
    "insert-without-column-names" Note rows::unnamed_columns;
    "not-in-with-a-query" Warning rows::not_in_query;
    "reindex-blocks-writers" Warning objects::reindex;
    "renaming-column" Danger alter::rename_column;
    "renaming-table" Danger alter::rename_table;
    "replace-removes-rows" Warning rows::replaces;
    "index-creation-blocks-writers" Warning objects::create_index;
    "statistics-block-writers" Note objects::analyze;
    "table-without-strict" Note objects::without_strict;
    "autoincrement" Note objects::autoincrement;
    "vacuum-rewrites-the-file" Danger objects::vacuum;
    "without-where" Danger rows::every_row;
};

/// What there is to say about a statement. `version` is 34501 for 3.45.1.
pub(super) fn advise(text: &str, version: u32) -> Vec<Advice> {
    let tokens = classify::one_statement(text);
    tokens.map_or_else(Vec::new, |tokens| advice::all(RULES, &Act::new(text, tokens, version)))
}
