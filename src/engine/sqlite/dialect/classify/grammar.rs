//! Asks sqlparser whether a text is one whole query.
//!
//! sqlparser does not know all of SQLite's grammar. What it lacks has a counterpart that it knows, with the same
//! place in a query, and is written as that before it is asked. Only the shape is asked for: everything that decides
//! what a statement may do is read from the tokens of the original.

use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;
use sqlparser::ast::{Query, SetExpr, Statement, Visit, Visitor};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;
use std::fmt::Write as _;
use std::ops::ControlFlow;

/// The one statement of a text.
///
/// # Errors
/// The parser's words when there is none, or more.
pub(super) fn parse(words: Words<'_>) -> Result<Statement, String> {
    let mut statements = Parser::new(&SQLiteDialect {})
        .try_with_sql(&in_the_parsers_words(words))
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| error.to_string().replace("sql parser error: ", ""))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err("not one statement".to_owned()),
    }
}

/// True for a query that holds nothing but queries.
pub(super) fn only_queries(query: &Query) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if body_only_reads(&query.body) && query.locks.is_empty() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }
        fn pre_visit_statement(&mut self, _: &Statement) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    query.visit(&mut Finder).is_continue()
}

fn body_only_reads(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(_) | SetExpr::Values(_) => true,
        SetExpr::SetOperation { left, right, .. } => body_only_reads(left) && body_only_reads(right),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) | SetExpr::Table(_) => false,
    }
}

/// The statement with what sqlparser lacks replaced by what it knows.
fn in_the_parsers_words(words: Words<'_>) -> String {
    let mut out = String::with_capacity(words.source().len() + 16);
    let mut index = 0;
    // Where a bracket that was added has to be closed.
    let mut close_at = None;
    while index < words.len() {
        if close_at == Some(index) {
            out.push_str(" )");
            close_at = None;
        }
        let (replacement, taken) = replacement(words, index);
        match replacement {
            Some(replacement) => {
                let _ = write!(out, " {replacement} ");
            }
            None => {
                let touches = index > 0 && words.tokens[index].range.start == words.tokens[index - 1].range.end;
                if !touches {
                    out.push(' ');
                }
                out.push_str(words.at(index));
            }
        }
        // `x IN table` -> `x IN (table)`
        if words.is(index, &["in"]) && words.at(index + 1) != "(" && words.name(index + 1).is_some() {
            let end = if words.at(index + 2) == "." { index + 4 } else { index + 2 };
            close_at = Some(if words.at(end) == "(" { words.after_bracket(end) } else { end });
            out.push_str(" (");
        }
        index += taken;
    }
    if close_at.is_some() {
        out.push_str(" )");
    }
    out
}

/// What to write for the tokens at `index`, and how many of them it stands for.
fn replacement(words: Words<'_>, index: usize) -> (Option<&'static str>, usize) {
    let adjacent = |a: usize, b: usize| match (words.tokens.get(a), words.tokens.get(b)) {
        (Some(a), Some(b)) => a.range.end == b.range.start,
        _ => false,
    };
    let next = index + 1;
    let value_follows = |at: usize| !words.is(at, &["null", "true", "false", "distinct"]);
    if words.is(index, &["is"]) {
        return match words.is(next, &["not"]) {
            true if value_follows(index + 2) => (Some("<>"), 2),
            false if value_follows(next) => (Some("="), 1),
            _ => (None, 1),
        };
    }
    if words.is(index, &["not"]) && words.is(next, &["glob", "regexp", "match"]) {
        return (Some("NOT LIKE"), 2);
    }
    if words.is(index, &["not"]) && words.is(next, &["indexed"]) {
        return (Some(""), 2);
    }
    if words.is(index, &["indexed"]) && words.is(next, &["by"]) {
        return (Some(""), 3);
    }
    if words.is(index, &["materialized"]) && words.at(next) == "(" {
        return (Some(""), 1);
    }
    if words.is(index, &["not"]) && words.is(next, &["materialized"]) {
        return (Some(""), 2);
    }
    if words.is(index, &["exclude"]) {
        if words.is(next, &["no", "current"]) {
            return (Some(""), 3);
        }
        if words.is(next, &["group", "ties"]) {
            return (Some(""), 2);
        }
    }
    let shift = matches!((words.at(index), words.at(next)), ("<", "<") | (">", ">"));
    let arrow = index > 0 && words.at(index - 1) == "-" && adjacent(index - 1, index);
    if shift && adjacent(index, next) && !arrow && words.kind(index) == Some(Kind::Symbol) {
        return (Some("+"), 2);
    }
    (None, 1)
}
