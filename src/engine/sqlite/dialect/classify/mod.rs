//! What a statement does: the allow-list of SQLite.
//!
//! SQLite's grammar is small: inside a query only a function or a virtual table can do anything but read rows. So
//! the tokens, split exactly as SQLite splits them, decide: what the first word is, that there is one statement,
//! that every name before a bracket is a function on the list, that no forbidden table is named. sqlparser decides
//! that the text is one whole query. PRAGMA has a reader of its own.

mod functions;
mod grammar;
mod pragma;
mod query;
mod statement;

use crate::domain::guard::{Author, Catalog, Class, Judgement};
use crate::engine::sql::lexer::{self, Kind, Lexis, Token};
use crate::engine::sql::words::Words;
use crate::engine::sql::{hidden, size};

/// Judges one statement.
pub(super) fn classify(text: &str, author: Author, catalog: &Catalog) -> Judgement {
    let all = lexer::tokens(text, Lexis::Sqlite);
    if let Some(refusal) = hidden::check(text, &all, Lexis::Sqlite) {
        return refusal;
    }
    let meaningful = all.into_iter().filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment)).collect();
    let tokens = without_semicolons(text, meaningful);
    if tokens.is_empty() {
        return Judgement::deny(Class::Unparsed, "there is no statement");
    }
    if let Some(refusal) = size::check(text, &tokens) {
        return refusal;
    }
    statement::judge(Words { text, tokens: &tokens }, author, catalog)
}

/// One statement as the parser understands it; `None` when it does not.
pub(super) fn parsed(words: Words<'_>) -> Option<sqlparser::ast::Statement> {
    grammar::parse(words).ok()
}

/// The meaningful tokens of a text that the guard reads as one statement, whatever it thinks of it.
pub(super) fn one_statement(text: &str) -> Option<Vec<Token>> {
    let judgement = classify(text, Author::Person, &Catalog::default());
    if matches!(judgement.class, Class::Unparsed | Class::Multi) {
        return None;
    }
    Some(without_semicolons(text, lexer::meaningful(text, Lexis::Sqlite)))
}

fn without_semicolons(text: &str, mut tokens: Vec<Token>) -> Vec<Token> {
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    tokens
}

/// True when a text is one well-formed statement.
pub(super) fn parses(text: &str) -> bool {
    let tokens = without_semicolons(text, lexer::meaningful(text, Lexis::Sqlite));
    statement::is_well_formed(Words { text, tokens: &tokens })
}
