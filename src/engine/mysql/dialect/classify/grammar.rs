//! Asks sqlparser for the shape of a query, in words that it knows.
//!
//! The parser never sees the text. It gets our own tokens, so there are no two readers that could disagree about where
//! a literal ends; and of the bare words only those that MySQL's grammar reserves reach it as keywords, so that no
//! clause of another database can be read into a statement. What sqlparser lacks is written as something that it has,
//! by `Translator`; each such rule keeps every expression and every subquery, so nothing escapes the walk.

use super::translate::Translator;
use crate::engine::sql::words::Words;
use sqlparser::ast::{Ident, ObjectName, Statement};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

/// Brackets, subqueries and conditions inside each other that the parser follows. The size of a statement is bounded
/// before, and so is its stack.
const DEPTH: usize = 120;

/// The one statement of these words.
///
/// # Errors
/// One sentence when there is none, or more.
pub(super) fn parse(words: Words<'_>) -> Result<Statement, String> {
    let tokens = Translator::new(words).translate()?;
    let mut statements = Parser::new(&MySqlDialect {})
        .with_recursion_limit(DEPTH)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|error| readable(&error.to_string()))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err("not one statement".to_owned()),
    }
}

/// The parser's words without its own name, and without places, which are ours and not lines of the text.
fn readable(error: &str) -> String {
    let error = error.replace("sql parser error: ", "");
    error.split(" at Line:").next().unwrap_or_default().to_owned()
}

/// The parts of a dotted name; `None` when one of them is not a plain name.
pub(super) fn parts(name: &ObjectName) -> Option<Vec<String>> {
    name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.clone())).collect()
}

/// Where a name stands in the text, in bytes. `None` for names that the translation made.
pub(super) fn place(ident: &Ident) -> Option<usize> {
    usize::try_from(ident.span.start.column).ok()?.checked_sub(1)
}
