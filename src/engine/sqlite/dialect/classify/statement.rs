//! The kinds of statement, by their first words.

use super::super::acts::JOURNAL_MODES;
use super::{grammar, pragma, query};
use crate::domain::guard::{Author, Catalog, Class, Judgement, Verdict};
use crate::engine::sql::findings::Findings;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::words::Words;
use sqlparser::ast::{Expr, Statement, Visit, Visitor};
use std::ops::ControlFlow;

/// Judges one statement.
pub(super) fn judge(words: Words<'_>, author: Author, catalog: &Catalog) -> Judgement {
    if words.starts_with(&["create", "trigger"])
        || words.starts_with(&["create", "temp", "trigger"])
        || words.starts_with(&["create", "temporary", "trigger"])
    {
        return judge_trigger(words, author);
    }
    if (0..words.len()).any(|index| words.at(index) == ";") {
        return Judgement::deny(Class::Multi, "one statement at a time");
    }
    if words.is(0, &["explain"]) {
        let inner = words.skip(if words.starts_with(&["explain", "query", "plan"]) { 3 } else { 1 });
        return judge_explain(inner, author, catalog);
    }
    if words.is(0, &["select", "values", "with"]) || words.at(0) == "(" {
        return query::judge(words, catalog).unwrap_or_else(|| judge_change(words, catalog));
    }
    let only_a_person = |class, reason: &str| match author {
        Author::Person => Judgement::needs_approval(class, reason),
        Author::Model => Judgement::deny(class, format!("{reason}; only a person may ask for that")),
    };
    let keyword = words.at(0).to_ascii_lowercase();
    match keyword.as_str() {
        _ if words.kind(0) != Some(Kind::Word) => unknown(words),
        "pragma" if sets_a_safe_journal_mode(words) => {
            only_a_person(Class::Setting, "changes how the file keeps what is committed")
        }
        "pragma" => pragma::judge(words),
        "insert" | "replace" | "update" | "delete" => judge_change(words, catalog),
        "create" if words.starts_with(&["create", "virtual"]) => {
            only_a_person(Class::Ddl, "a virtual table brings the code of its module")
        }
        "create" | "drop" | "alter" => judge_ddl(words, catalog),
        "attach" => Judgement::deny(Class::File, "opens, and may create, another file"),
        "detach" => Judgement::deny(Class::Session, "changes what this connection has open"),
        "begin" | "commit" | "end" | "rollback" | "savepoint" | "release" => {
            Judgement::deny(Class::Transaction, "transactions are opened and ended by the program itself")
        }
        "vacuum" if (1..words.len()).any(|index| words.is(index, &["into"])) => {
            Judgement::deny(Class::File, "writes a copy of the database to a file")
        }
        "vacuum" if names_at_most_one_object(words) => only_a_person(Class::Maintenance, "rewrites the whole file"),
        "reindex" | "analyze" if names_at_most_one_object(words) => {
            only_a_person(Class::Maintenance, "rewrites indexes or statistics")
        }
        _ => unknown(words),
    }
}

/// `PRAGMA journal_mode = MODE` with a mode that keeps what is committed: what also undoes such a change.
fn sets_a_safe_journal_mode(words: Words<'_>) -> bool {
    words.len() == 4 && words.is(1, &["journal_mode"]) && words.at(2) == "=" && words.is(3, JOURNAL_MODES)
}

/// True when a text is one statement in a form that SQLite has.
pub(super) fn is_well_formed(words: Words<'_>) -> bool {
    match words.at(0).to_ascii_lowercase().as_str() {
        "vacuum" if words.is(words.len().saturating_sub(2), &["into"]) => true,
        "vacuum" | "reindex" | "analyze" => names_at_most_one_object(words),
        "attach" | "detach" => (2..=5).contains(&words.len()),
        "begin" => (1..words.len()).all(|at| words.is(at, &["deferred", "immediate", "exclusive", "transaction"])),
        "commit" | "end" => (1..words.len()).all(|at| words.is(at, &["transaction"])),
        "rollback" | "savepoint" | "release" => words.len() <= 5 && words.skip(1).only_names(),
        "pragma" => words.len() > 1,
        _ => grammar::parse(words).is_ok(),
    }
}

fn unknown(words: Words<'_>) -> Judgement {
    let reason = if words.at(0) == "." {
        "a dot command belongs to the sqlite3 shell and is not SQL"
    } else {
        "not a statement that is known here"
    };
    Judgement::deny(Class::Unparsed, reason)
}

/// `VERB`, `VERB name` or `VERB schema.name`.
fn names_at_most_one_object(words: Words<'_>) -> bool {
    let name = |index| matches!(words.kind(index), Some(Kind::Word | Kind::QuotedName));
    match words.len() {
        1 => true,
        2 => name(1),
        4 => name(1) && words.at(2) == "." && name(3),
        _ => false,
    }
}

fn judge_explain(inner: Words<'_>, author: Author, catalog: &Catalog) -> Judgement {
    if !(inner.is(0, &["select", "values", "with", "insert", "replace", "update", "delete"]) || inner.at(0) == "(") {
        return Judgement::deny(Class::Explain, "EXPLAIN of something that is no query");
    }
    let judged = judge(inner, author, catalog);
    match judged.verdict {
        Verdict::Allow => Judgement::allow(Class::Explain, "shows a plan"),
        Verdict::NeedsApproval => Judgement::needs_approval(Class::Explain, judged.reason),
        Verdict::Deny => judged,
    }
}

fn judge_change(words: Words<'_>, catalog: &Catalog) -> Judgement {
    let parsed = match grammar::parse(words) {
        Ok(parsed) => parsed,
        Err(reason) => return Judgement::deny(Class::Unparsed, format!("not understood: {reason}")),
    };
    let mut findings = Findings::default();
    query::check(words, catalog, true, &mut findings);
    if changes_the_schema_table(words) {
        findings.deny(Class::Ddl, "the schema table is not changed by hand");
    }
    match change_of(&parsed) {
        Change::Picked => findings.at_least(Judgement::needs_approval(Class::Dml, "changes rows")),
        Change::Everything => Judgement::deny(Class::Dml, "changes every row: no WHERE looks at a column"),
        Change::Unclear => Judgement::deny(Class::Unparsed, "not a change of rows that is known here"),
    }
}

enum Change {
    /// New rows, or rows that a condition picks.
    Picked,
    Everything,
    Unclear,
}

fn change_of(statement: &Statement) -> Change {
    let picked = |condition: Option<&Expr>| match condition {
        Some(condition) if looks_at_a_column(condition) => Change::Picked,
        _ => Change::Everything,
    };
    match statement {
        Statement::Insert(_) => Change::Picked,
        Statement::Update(update) => picked(update.selection.as_ref()),
        Statement::Delete(delete) => picked(delete.selection.as_ref()),
        Statement::Query(query) => match query.body.as_ref() {
            sqlparser::ast::SetExpr::Insert(inner)
            | sqlparser::ast::SetExpr::Update(inner)
            | sqlparser::ast::SetExpr::Delete(inner) => change_of(inner),
            _ => Change::Unclear,
        },
        _ => Change::Unclear,
    }
}

/// A condition that looks at no column holds for every row or for none.
fn looks_at_a_column(condition: &Expr) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    condition.visit(&mut Finder).is_break()
}

fn changes_the_schema_table(words: Words<'_>) -> bool {
    (1..words.len()).any(|index| {
        words.is(index - 1, &["into", "update", "from"])
            && words
                .name(if words.at(index + 1) == "." { index + 2 } else { index })
                .is_some_and(|name| name.starts_with("sqlite_"))
            && (words.is(index - 1, &["into", "update"]) || (index >= 2 && words.is(index - 2, &["delete"])))
    })
}

fn judge_ddl(words: Words<'_>, catalog: &Catalog) -> Judgement {
    let mut findings = Findings::default();
    query::check(words, catalog, true, &mut findings);
    // STRICT is the one word at the end of CREATE TABLE that the parser lacks.
    let mut shape = words;
    while words.starts_with(&["create"]) && shape.len() > 1 && shape.is(shape.len() - 1, &["strict"]) {
        let rest = shape.len() - if shape.at(shape.len() - 2) == "," { 2 } else { 1 };
        shape = Words { text: shape.text, tokens: &shape.tokens[..rest] };
    }
    match grammar::parse(shape) {
        Ok(_) => findings.at_least(Judgement::needs_approval(Class::Ddl, "changes objects of the database")),
        Err(reason) => Judgement::deny(Class::Unparsed, format!("not understood: {reason}")),
    }
}

/// `CREATE TRIGGER ... BEGIN ...; END`: the statements inside run later, with every change of the table.
fn judge_trigger(words: Words<'_>, author: Author) -> Judgement {
    let begins = (0..words.len()).find(|&index| words.is(index, &["begin"]));
    let ends = words.is(words.len() - 1, &["end"]);
    let semicolon = (0..words.len()).find(|&index| words.at(index) == ";");
    let whole = ends && begins.is_some_and(|begin| semicolon.is_none_or(|first| begin < first));
    // An END before the last word with a semicolon after it closes the trigger there.
    let closes_early = (0..words.len().saturating_sub(1)).any(|index| {
        words.is(index, &["end"]) && words.at(index + 1) == ";" && (index == 0 || words.at(index - 1) == ";")
    });
    if !whole || closes_early {
        return Judgement::deny(Class::Multi, "one statement at a time");
    }
    match author {
        Author::Person => Judgement::needs_approval(Class::Ddl, "creates code that runs with every change of a table"),
        Author::Model => Judgement::deny(Class::Ddl, "a trigger is code; only a person may ask for that"),
    }
}
