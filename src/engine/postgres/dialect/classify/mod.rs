//! What a statement does: the allow-list of PostgreSQL.
//!
//! Nothing is allowed because nothing bad was seen in it. A statement is allowed when every token, node, function,
//! operator, type and relation in it is on a list; anything else wants a person or is refused. The steps:
//!
//! 1. `lexical`: what hides, what has no end, what is too deep to be parsed.
//! 2. squawk's grammar, whose tokens must agree with ours; one statement, no error anywhere.
//! 3. `statement`: the kind of the statement decides the class.
//! 4. `expression` walks every node of a read; `kinds`, `functions`, `operators`, `types` and `relations` are its lists.

mod expression;
mod functions;
mod kinds;
mod lexical;
mod operators;
mod relations;
pub(in crate::engine::postgres) mod scope;
mod statement;
mod types;
pub(in crate::engine::postgres) mod words;

pub(in crate::engine::postgres) use functions::{extensions, is_built_in_reader, is_known_by_name, may_declare_safe};

use crate::domain::guard::{Author, Catalog, Class, Judgement};
use crate::engine::sql::lexer::{self, Kind, Lexis};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};
use std::borrow::Cow;

/// What the judge knows besides the statement.
#[derive(Clone, Copy)]
struct Context<'a> {
    author: Author,
    catalog: &'a Catalog,
}

/// Judges one statement.
pub(super) fn classify(text: &str, author: Author, catalog: &Catalog) -> Judgement {
    match one_statement(text) {
        Ok(statement) => statement::judge(&statement, Context { author, catalog }),
        Err(refusal) => refusal,
    }
}

/// The one statement of a text, read without a doubt.
///
/// # Errors
/// The refusal of anything else.
pub(super) fn one_statement(text: &str) -> Result<SyntaxNode, Judgement> {
    let tokens = lexer::tokens(text, Lexis::Postgres);
    if let Some(refusal) = lexical::check(text, &tokens) {
        return Err(refusal);
    }
    let Some(text) = lexical::without_escape_clauses(text, &tokens) else {
        return Err(Judgement::deny(Class::Unparsed, "a name with UESCAPE that cannot be decoded"));
    };
    let tokens = match &text {
        Cow::Borrowed(_) => tokens,
        Cow::Owned(rewritten) => lexer::tokens(rewritten, Lexis::Postgres),
    };
    parse(&text, &tokens)
}

/// The one statement of a text, or the reason why there is not exactly one.
fn parse(text: &str, tokens: &[lexer::Token]) -> Result<SyntaxNode, Judgement> {
    let parsed = SourceFile::parse(text);
    let root = parsed.syntax_node();
    let mut statements = root.children().filter(|node| node.kind() != SyntaxKind::EMPTY_STMT);
    let first = statements.next();
    let several = statements.next().is_some();
    if let Some(error) = parsed.errors().first() {
        return Err(if goes_on_after_semicolon(text, tokens) {
            multi()
        } else {
            Judgement::deny(Class::Unparsed, format!("not understood: {}", error.message()))
        });
    }
    if several {
        return Err(multi());
    }
    let statement = first.ok_or_else(|| Judgement::deny(Class::Unparsed, "there is no statement"))?;
    if !lexical::agrees(text, tokens, &root) {
        return Err(Judgement::deny(Class::Unparsed, "two readers disagree where the literals of this statement end"));
    }
    Ok(statement)
}

fn multi() -> Judgement {
    Judgement::deny(Class::Multi, "one statement at a time")
}

/// Something meaningful follows a semicolon.
fn goes_on_after_semicolon(text: &str, tokens: &[lexer::Token]) -> bool {
    tokens
        .iter()
        .filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment))
        .skip_while(|t| &text[t.range.clone()] != ";")
        .any(|t| &text[t.range.clone()] != ";")
}
