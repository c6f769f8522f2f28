//! What a colleague who knows MySQL and MariaDB would say about a statement before it runs.
//!
//! `rules` lists all of it, one rule a line; each family is a file. The rules are the kin of `strong_migrations`' and
//! squawk's for these servers, and our own. Advice is no gate: what may run is decided by the guard. A statement in no
//! form that is known here gets none.
//!
//! Kept by the session, and therefore no rules here: time limits and lock limits, one statement at a time, strict values.

mod columns;
mod made;
mod objects;
mod online;
mod rows;

use super::flavour::Flavour;
use super::forms::{self, Form};
use crate::domain::proposal::advice::{Advice, Weight};
use crate::engine::sql::words::Words;

/// The statement that is judged.
struct Act<'a> {
    words: Words<'a>,
    form: Form,
    flavour: Flavour,
}

/// What happens, and what to do instead.
type Remark = (String, Option<String>);

/// A rule: its name, how much it matters, and what it finds.
type Rule = (&'static str, Weight, fn(&Act<'_>) -> Option<Remark>);

const RULES: &[Rule] = &[
    ("copies-the-table", Weight::Danger, online::copies),
    ("stops-writers", Weight::Danger, online::stops_writers),
    ("rebuilds-the-table", Weight::Warning, online::rebuilds),
    ("name-the-algorithm", Weight::Note, online::names_no_algorithm),
    ("adding-foreign-key", Weight::Danger, online::foreign_key),
    ("adding-check", Weight::Warning, online::check),
    ("expression-default", Weight::Danger, columns::expression_default),
    ("required-column", Weight::Danger, columns::required),
    ("auto-increment-column", Weight::Danger, columns::auto_increment),
    ("stored-generated-column", Weight::Danger, columns::stored),
    ("changing-column-type", Weight::Warning, columns::changes_type),
    ("renaming-column", Weight::Danger, columns::renames),
    ("dropping-column", Weight::Danger, columns::drops),
    ("not-null-on-change", Weight::Warning, columns::not_null),
    ("renaming-table", Weight::Danger, objects::renames),
    ("dropping-table", Weight::Danger, objects::drops),
    ("dropping-database", Weight::Danger, objects::drops_database),
    ("dropping-index", Weight::Warning, objects::drops_index),
    ("dropping-primary-key", Weight::Danger, objects::drops_primary_key),
    ("wide-index", Weight::Note, objects::wide_index),
    ("index-without-name", Weight::Note, objects::nameless_index),
    ("rebuild-by-optimize", Weight::Warning, objects::optimizes),
    ("set-global-is-forgotten", Weight::Note, objects::forgotten),
    ("no-primary-key", Weight::Danger, made::no_primary_key),
    ("small-primary-key", Weight::Note, made::small_key),
    ("short-character-set", Weight::Warning, made::short_charset),
    ("engine-without-transactions", Weight::Warning, made::other_engine),
    ("timestamp-ends-in-2038", Weight::Note, made::timestamp),
    ("if-not-exists-hides", Weight::Note, made::hides),
    ("replace-deletes", Weight::Warning, rows::replaces),
    ("ignore-bends", Weight::Warning, rows::ignores),
    ("limit-without-order", Weight::Warning, rows::unordered),
    ("insert-without-columns", Weight::Note, rows::nameless),
];

/// The remarks on a statement, the gravest first.
pub(super) fn advise(statement: &str, version: u32) -> Vec<Advice> {
    let Ok(form) = forms::read(statement) else { return Vec::new() };
    let tokens = forms::tokens(statement);
    let act = Act { words: Words { text: statement, tokens: &tokens }, form, flavour: Flavour::of_version(version) };
    let mut advice: Vec<Advice> = RULES
        .iter()
        .filter_map(|(rule, weight, find)| {
            let (text, instead) = find(&act)?;
            Some(Advice { rule: (*rule).to_owned(), weight: *weight, text, instead })
        })
        .collect();
    advice.sort_by_key(|a| std::cmp::Reverse(a.weight));
    advice
}

impl Act<'_> {
    /// The statement without the semicolons at its end.
    fn statement(&self) -> &str {
        self.words.source()
    }
}

#[cfg(test)]
mod tests;
