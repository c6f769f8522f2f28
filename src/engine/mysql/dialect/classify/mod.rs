//! What a statement does: the allow-list of MySQL and MariaDB.
//!
//! Nothing is allowed because nothing bad was seen in it. The steps:
//!
//! 1. Our own lexer splits the text exactly as the server does under the `sql_mode` that our sessions pin; what hides,
//!    what has no end, and comments that the server runs (`/*! ... */`, hints) are refused.
//! 2. `statement` knows the kinds of statement by their first words; `show`, `change` and `acts` are its parts.
//! 3. A query is parsed from our tokens (`translate`, `grammar`), so that no second lexer can disagree.
//! 4. `query` walks every node; `functions` and `relations` are its lists.

mod acts;
mod change;
mod functions;
mod grammar;
mod query;
mod relations;
mod show;
mod statement;
mod translate;

pub(in crate::engine::mysql) use functions::may_declare_safe;

use crate::domain::guard::{Author, Catalog, Class, Judgement};
use crate::engine::sql::lexer::{self, Kind, Lexis, Token};
use crate::engine::sql::words::Words;
use crate::engine::sql::{hidden, size};

/// What the judge knows besides the statement.
#[derive(Clone, Copy)]
struct Context<'a> {
    author: Author,
    catalog: &'a Catalog,
}

/// Judges one statement.
pub(super) fn classify(text: &str, author: Author, catalog: &Catalog) -> Judgement {
    let all = lexer::tokens(text, Lexis::Mysql);
    if let Some(refusal) = hidden::check(text, &all, Lexis::Mysql).or_else(|| runs_in_a_comment(text, &all)) {
        return refusal;
    }
    let tokens = meaningful(text);
    if tokens.is_empty() {
        return Judgement::deny(Class::Unparsed, "there is no statement");
    }
    if let Some(refusal) = size::check(text, &tokens) {
        return refusal;
    }
    statement::judge(Words { text, tokens: &tokens }, Context { author, catalog })
}

/// True when a text is one statement in a form that is known here.
pub(super) fn parses(text: &str) -> bool {
    let tokens = meaningful(text);
    let context = Context { author: Author::Person, catalog: &Catalog::default() };
    statement::is_well_formed(Words { text, tokens: &tokens }, context)
}

/// The relations of a query that are named without a schema, by the place of the name in the text; those that a WITH
/// query of the same name may hide are left out. Empty when the text is not one query that is understood.
pub(in crate::engine::mysql) fn bare_relations(text: &str) -> Vec<std::ops::Range<usize>> {
    let tokens = meaningful(text);
    if size::check(text, &tokens).is_some() {
        return Vec::new();
    }
    query::bare_relations(Words { text, tokens: &tokens })
}

/// Every relation that a statement names, by the parts of its name, those that a WITH query may hide left out; `None`
/// when the text is not one query or change of rows that is understood.
pub(in crate::engine::mysql) fn relations(text: &str) -> Option<Vec<Vec<String>>> {
    let tokens = meaningful(text);
    if size::check(text, &tokens).is_some() {
        return None;
    }
    query::relations(Words { text, tokens: &tokens })
}

/// The shape of a query; `None` when the text is not one that is understood.
pub(in crate::engine::mysql) fn shape_of(text: &str) -> Option<sqlparser::ast::Statement> {
    let tokens = meaningful(text);
    if tokens.is_empty() || size::check(text, &tokens).is_some() {
        return None;
    }
    grammar::parse(Words { text, tokens: &tokens }).ok()
}

/// The tokens that mean something, without the semicolons at the end.
fn meaningful(text: &str) -> Vec<Token> {
    let mut tokens = lexer::meaningful(text, Lexis::Mysql);
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    tokens
}

/// `/*! ... */` and `/*M! ... */` are code on some versions, `/*+ ... */` lifts limits such as ours.
fn runs_in_a_comment(text: &str, tokens: &[Token]) -> Option<Judgement> {
    let comments = tokens.iter().filter(|t| t.kind == Kind::Comment).map(|t| &text[t.range.clone()]);
    for comment in comments {
        let inside = comment.strip_prefix("/*").unwrap_or_default();
        if inside.starts_with('!') || inside.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("m!")) {
            return Some(Judgement::deny(Class::Unparsed, "a comment with ! is code for some versions of the server"));
        }
        if inside.starts_with('+') {
            return Some(Judgement::deny(Class::Unparsed, "optimizer hints can lift the limits of this program"));
        }
    }
    None
}
