//! The tables of a FROM clause, and the names by which a statement calls them.

use super::Name;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;

/// A table in a FROM clause.
pub(super) struct Factor {
    pub(super) table: Name,
    pub(super) alias: String,
}

/// The tables of a FROM clause, those in brackets too; subqueries are passed over.
pub(super) fn factors(words: Words<'_>, start: usize, end: usize) -> Vec<Factor> {
    let mut found = Vec::new();
    let mut at = start;
    let mut expected = true;
    while at < end {
        if expected && words.at(at) == "(" {
            if words.is(at + 1, &["select", "with", "values", "table"]) {
                at = words.after_bracket(at);
                expected = false;
            } else {
                at += 1;
            }
            continue;
        }
        if expected && let Some((table, after)) = Name::read(words, at) {
            at = after;
            if words.is(at, &["partition"]) && words.at(at + 1) == "(" {
                at = words.after_bracket(at + 1);
            }
            let as_ = usize::from(words.is(at, &["as"]));
            let alias = words
                .identifier(at + as_)
                .filter(|_| at + as_ < end && (as_ == 1 || !words.is_one_of(at, JOINS)))
                .inspect(|_| at += as_ + 1);
            let alias = alias.unwrap_or_else(|| table.name.clone());
            found.push(Factor { table, alias });
            expected = false;
            continue;
        }
        expected = words.at(at) == "," || words.is(at, &["join", "straight_join"]);
        // What stands between: ON conditions with brackets of their own, USING lists, hints.
        at = if !expected && words.at(at) == "(" { words.after_bracket(at) } else { at + 1 };
    }
    found
}

const JOINS: &str =
    "cross force ignore inner join left natural on outer partition right set straight_join use using where order limit";

/// `name [PARTITION (...)] [[AS] alias]` and nothing else.
pub(super) fn is_single(words: Words<'_>, start: usize, end: usize) -> bool {
    let Some((_, mut at)) = Name::read(words, start) else { return false };
    if words.is(at, &["partition"]) && words.at(at + 1) == "(" {
        at = words.after_bracket(at + 1);
    }
    at += usize::from(words.is(at, &["as"]));
    let alias = matches!(words.kind(at), Some(Kind::Word | Kind::QuotedName)) && !words.is_one_of(at, JOINS);
    at == end || at + 1 == end && alias
}
