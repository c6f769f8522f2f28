//! A query, token by token: functions, tables, and nothing else that could act.

use super::functions;
use super::grammar;
use super::pragma;
use crate::domain::guard::{Catalog, Class, Judgement};
use crate::engine::sql::findings::Findings;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;
use sqlparser::ast::Statement;

/// Largest blob that a query may make out of nothing, bytes.
const BLOB: u64 = 1_000_000;

/// Judges a statement that starts like a query. `None` when it turns out to be another statement behind a WITH.
pub(super) fn judge(words: Words<'_>, catalog: &Catalog) -> Option<Judgement> {
    let parsed = match grammar::parse(words) {
        Ok(parsed) => parsed,
        Err(reason) => return Some(Judgement::deny(Class::Unparsed, format!("not understood: {reason}"))),
    };
    let Statement::Query(query) = parsed else { return None };
    let mut findings = Findings::default();
    check(words, catalog, false, &mut findings);
    if !grammar::only_queries(&query) {
        return None;
    }
    Some(findings.or(Judgement::allow(Class::Read, "only reads")))
}

/// Judges every function and table that the tokens name. `aside` is set inside a statement that a person will look
/// at anyway: then only what must never run counts.
pub(super) fn check(words: Words<'_>, catalog: &Catalog, aside: bool, findings: &mut Findings) {
    for index in 0..words.len() {
        if words.at(index) == ";" {
            findings.deny(Class::Multi, "one statement at a time");
        }
        let Some(name) = words.name(index) else { continue };
        if words.at(index + 1) == "(" {
            check_call(words, index, &name, catalog, aside, findings);
        }
        check_table(words, index, &name, catalog, aside, findings);
    }
}

/// Words that may stand before a bracket without calling anything.
const BEFORE_BRACKET: &str = "all and as between by case check distinct else escape except exists filter from having in intersect is join \
    key limit match materialized not null offset on or over primary references regexp returning select set then \
    union unique using values when where";

fn check_call(words: Words<'_>, index: usize, name: &str, catalog: &Catalog, aside: bool, findings: &mut Findings) {
    if words.is_one_of(index, BEFORE_BRACKET) || names_a_with_query(words, index) || names_a_type(words, index) {
        return;
    }
    if let Some((class, what)) = functions::acts(name) {
        findings.deny(class, format!("{name} {what}"));
    } else if matches!(name, "randomblob" | "zeroblob") {
        let small = words.at(index + 3) == ")" && words.at(index + 2).parse::<u64>().is_ok_and(|size| size <= BLOB);
        if !small {
            findings.deny(Class::Resource, format!("{name} makes a blob of unknown or great size"));
        }
    } else if let Some(pragma) = name.strip_prefix("pragma_") {
        let without_argument = words.at(index + 2) == ")" && pragma::reports_as_table(pragma);
        if !without_argument && !pragma::takes_an_object(pragma) {
            findings.deny(Class::Setting, format!("PRAGMA {pragma} is not known to only report"));
        }
    } else if !functions::reads(name) && !aside && !is_listed(&catalog.safe_functions, name) {
        findings.needs_approval(Class::Read, format!("the function {name} is not known to only read"));
    }
}

/// `WITH name(columns) AS (...)`.
fn names_a_with_query(words: Words<'_>, index: usize) -> bool {
    let before = index.checked_sub(1);
    let in_list = before.is_some_and(|b| words.is(b, &["with", "recursive"]) || words.at(b) == ",");
    let after = words.after_bracket(index + 1);
    in_list && words.is(after, &["as"]) && (words.at(after + 1) == "(" || words.is(after + 1, &["not", "materialized"]))
}

/// `CAST(x AS VARCHAR(20))`: only numbers stand in these brackets, and the word before is AS or a part of the type.
fn names_a_type(words: Words<'_>, index: usize) -> bool {
    let mut start = index;
    while start > 0 && words.kind(start - 1) == Some(Kind::Word) && !words.is(start - 1, &["as"]) {
        start -= 1;
    }
    let after_as = start > 0 && words.is(start - 1, &["as"]);
    let end = words.after_bracket(index + 1);
    let numbers = (index + 2..end.saturating_sub(1))
        .all(|i| words.kind(i) == Some(Kind::Number) || matches!(words.at(i), "," | "+" | "-"));
    after_as && numbers && end > index + 3 && words.at(end) == ")"
}

fn check_table(words: Words<'_>, index: usize, name: &str, catalog: &Catalog, aside: bool, findings: &mut Findings) {
    // A literal is a name only where a table is expected.
    let before = index.checked_sub(1);
    if words.kind(index) == Some(Kind::Text)
        && !before.is_some_and(|b| words.is(b, &["from", "join", "in"]) || matches!(words.at(b), "," | "." | "("))
    {
        return;
    }
    let is_column =
        words.at(index + 1) != "(" && before.is_some_and(|b| words.at(b) == ".") && !follows_table_word(words, index);
    if is_column {
        return;
    }
    if let Some(what) = functions::forbidden_table(name) {
        let certain = name.starts_with("sqlite_") || follows_table_word(words, index);
        if certain {
            findings.deny(Class::File, format!("{name} {what}"));
        }
    }
    if let Some(pragma) = name.strip_prefix("pragma_")
        && follows_table_word(words, index)
        && !pragma::reports_as_table(pragma)
    {
        findings.deny(Class::Setting, format!("PRAGMA {pragma} is not known to only report"));
    }
    if !aside {
        check_view(name, catalog, findings, &mut Vec::new());
    }
}

/// The name stands where a table is expected: after FROM, JOIN, IN or a comma, with or without a schema.
fn follows_table_word(words: Words<'_>, index: usize) -> bool {
    let start = if index >= 2 && words.at(index - 1) == "." { index - 2 } else { index };
    start.checked_sub(1).is_some_and(|b| words.is(b, &["from", "join", "in"]) || matches!(words.at(b), "," | "("))
}

/// Follows views to the functions that they call. `seen` ends circles.
fn check_view(name: &str, catalog: &Catalog, findings: &mut Findings, seen: &mut Vec<String>) {
    if seen.iter().any(|known| known == name) {
        return;
    }
    seen.push(name.to_owned());
    if is_listed(&catalog.foreign_tables, name) {
        findings.needs_approval(Class::Read, format!("{name} is a table whose rows a program makes"));
    }
    for view in catalog.views.iter().filter(|view| bare(&view.name).eq_ignore_ascii_case(name)) {
        for function in &view.functions {
            let lower = function.to_ascii_lowercase();
            if let Some((class, what)) = functions::acts(&lower) {
                findings.deny(class, format!("the view {name} calls {function}, which {what}"));
            } else if !functions::reads(&lower) && !is_listed(&catalog.safe_functions, function) {
                findings.needs_approval(
                    Class::Read,
                    format!("the view {name} calls {function}, which is not known to only read"),
                );
            }
        }
        for relation in &view.relations {
            check_view(&bare(relation).to_ascii_lowercase(), catalog, findings, seen);
        }
    }
}

fn is_listed(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| bare(listed).eq_ignore_ascii_case(name))
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
