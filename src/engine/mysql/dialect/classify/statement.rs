//! The kinds of statement, by their first words.

use super::query::{self, Position};
use super::show::after_name;
use super::{Context, Words, acts, change, grammar, show};
use crate::domain::guard::{Author, Class, Judgement, Verdict};
use crate::engine::sql::findings::Findings;
use crate::engine::sql::lexer::{Kind, Token};
use sqlparser::ast::Statement;

/// Judges one statement.
pub(super) fn judge(words: Words<'_>, context: Context<'_>) -> Judgement {
    if (0..words.len()).any(|index| words.at(index) == ";") {
        return judge_several(words, context);
    }
    let verb = words.at(0).to_ascii_lowercase();
    match verb.as_str() {
        "(" => judge_query(words, context),
        _ if words.kind(0) != Some(Kind::Word) => unknown(),
        "select" | "with" | "values" | "table" => judge_query(words, context),
        "show" => show::judge(words, context),
        "explain" | "describe" | "desc" => judge_explain(words, context),
        "analyze" if !is_upkeep(words) => judge_explain(words, context),
        "analyze" | "check" | "checksum" | "optimize" | "repair" => change::judge_upkeep(words),
        "insert" | "replace" | "update" | "delete" => change::judge_rows(words, context),
        "create" | "alter" | "drop" | "truncate" => change::judge_objects(words, context),
        "rename" => judge_rename(words, context),
        "kill" => change::judge_kill(words),
        "set" => change::judge_set(words, context),
        _ => match acts::find(words) {
            Some((class, what)) => Judgement::deny(class, what),
            None => unknown(),
        },
    }
}

/// True when a text is a statement in a form that is known here, allowed or not.
pub(super) fn is_well_formed(words: Words<'_>, context: Context<'_>) -> bool {
    if acts::find(words).is_some() {
        return acts::is_well_formed(words);
    }
    let shaped = match words.at(0).to_ascii_lowercase().as_str() {
        "set" => {
            (1..words.len()).any(|i| words.at(i) == "=") || words.is(1, &["names", "password", "role", "transaction"])
        }
        "kill" => words.kind(words.len() - 1) == Some(Kind::Number) || words.is(1, &["user"]),
        "truncate" => words.is(1, &["table"]) || after_name(words, 1) == Some(words.len()),
        _ => true,
    };
    shaped && judge(words, context).class != Class::Unparsed
}

fn unknown() -> Judgement {
    Judgement::deny(Class::Unparsed, "not a statement that is known here")
}

fn is_upkeep(words: Words<'_>) -> bool {
    words.is(1, &["table", "tables"]) && !(words.at(2).is_empty() || words.is(3, &["order", "limit", "union"]))
        || words.is(1, &["no_write_to_binlog", "local"])
}

/// More than one statement, unless all of it is the body of one routine: code that a person may approve.
fn judge_several(words: Words<'_>, context: Context<'_>) -> Judgement {
    let code = words.is(0, &["create"])
        && (1..words.len().min(16)).any(|i| words.is(i, &["function", "procedure", "trigger", "event"]));
    let first = (0..words.len()).find(|&i| words.at(i) == ";").unwrap_or(0);
    let begins = (0..first).any(|i| words.is(i, &["begin"]));
    // An END before the last word with a semicolon after it closes the body there.
    let closes_early = (1..words.len()).any(|i| words.is(i - 1, &["end"]) && words.at(i) == ";");
    if code && begins && !closes_early && words.is(words.len() - 1, &["end"]) {
        return change::only_a_person(context.author, Class::Ddl, "creates code that others run");
    }
    Judgement::deny(Class::Multi, "one statement at a time")
}

/// A statement that begins like a query.
fn judge_query(words: Words<'_>, context: Context<'_>) -> Judgement {
    let mut findings = Findings::default();
    query::check_words(words, &mut findings);
    query::check_calls(words, &mut findings);
    let parsed = match grammar::parse(words) {
        Ok(parsed) => parsed,
        Err(reason) => {
            findings.deny(Class::Unparsed, format!("not understood: {reason}"));
            return findings.or(unknown());
        }
    };
    if words.is(0, &["with"]) && changes_rows(&parsed) {
        return change::judge_parsed_rows(&parsed, words, context);
    }
    query::check(&parsed, words, Position::Read, context, &mut findings);
    findings.or(Judgement::allow(Class::Read, "only reads"))
}

fn changes_rows(statement: &Statement) -> bool {
    use sqlparser::ast::SetExpr;
    match statement {
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => true,
        Statement::Query(query) => {
            matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_))
        }
        _ => false,
    }
}

/// The condition of `SHOW ... WHERE`, which may hold calls and subqueries.
pub(super) fn judge_condition(condition: Words<'_>, context: Context<'_>) -> Judgement {
    let start = condition.tokens.first().map_or(0, |t| t.range.start);
    let end = condition.tokens.last().map_or(0, |t| t.range.end);
    let text = format!("SELECT 1 FROM shown WHERE {}", &condition.text[start..end]);
    let tokens: Vec<Token> = super::meaningful(&text);
    judge_query(Words { text: &text, tokens: &tokens }, context)
}

/// EXPLAIN, DESCRIBE, and MariaDB's ANALYZE of a statement.
fn judge_explain(words: Words<'_>, context: Context<'_>) -> Judgement {
    let mut runs = words.is(0, &["analyze"]);
    let mut at = 1;
    loop {
        if words.is(at, &["analyze"]) && !runs {
            runs = true;
            at += 1;
        } else if words.is(at, &["extended", "partitions"]) && words.len() > at + 1 && words.at(at + 1) != "." {
            at += 1;
        } else if (words.is(at, &["format"]) && words.at(at + 1) == "=")
            || words.starts_with_at(at, &["for", "schema"])
            || words.starts_with_at(at, &["for", "database"])
        {
            at += 3;
        } else {
            break;
        }
    }
    if words.starts_with_at(at, &["for", "connection"])
        && words.kind(at + 2) == Some(Kind::Number)
        && words.len() == at + 3
    {
        return Judgement::allow(Class::Explain, "shows the plan of another session");
    }
    if words.is(at, &["into"]) {
        return Judgement::deny(Class::Session, "a read stores nothing in variables or tables");
    }
    let inner = words.skip(at);
    if runs && inner.is(0, &["table"]) {
        return Judgement::deny(
            Class::Maintenance,
            "ANALYZE TABLE takes new statistics; write SELECT * FROM to see how a table is read",
        );
    }
    if inner.is(0, &["select", "with", "values", "table"]) || inner.at(0) == "(" {
        return explained(judge_query(inner, context), runs);
    }
    if inner.is(0, &["insert", "replace", "update", "delete"]) {
        // A plan changes nothing, so that a model may ask for it; it gets its own verdict all the same.
        let judged = change::judge_rows(inner, Context { author: Author::Person, ..context });
        return explained(judged, runs);
    }
    if !runs && at == 1 && describes_a_table(words) {
        return Judgement::allow(Class::Read, "shows the columns of a table");
    }
    Judgement::deny(Class::Unparsed, "EXPLAIN of something that is not known here")
}

fn explained(judged: Judgement, runs: bool) -> Judgement {
    match judged.verdict {
        Verdict::Allow if runs => Judgement::allow(Class::Explain, "runs a read and shows its plan"),
        Verdict::Allow => Judgement::allow(Class::Explain, "shows a plan"),
        Verdict::NeedsApproval if runs && judged.class != Class::Read => {
            Judgement::deny(Class::Explain, "ANALYZE runs the statement; leave it out")
        }
        Verdict::NeedsApproval => Judgement::needs_approval(Class::Explain, judged.reason),
        Verdict::Deny => judged,
    }
}

/// `DESCRIBE table [column | 'pattern']`.
fn describes_a_table(words: Words<'_>) -> bool {
    let Some(after) = after_name(words, 1) else { return false };
    // A bare verb of another statement is no table that anybody means.
    if words.kind(1) == Some(Kind::Word) && words.at(2) != "." && acts::is_verb(words.at(1)) {
        return false;
    }
    match words.len() - after {
        0 => true,
        1 => matches!(words.kind(after), Some(Kind::Word | Kind::QuotedName | Kind::Text)),
        _ => false,
    }
}

fn judge_rename(words: Words<'_>, context: Context<'_>) -> Judgement {
    if words.is(1, &["user"]) {
        return Judgement::deny(Class::Admin, "changes users or their rights");
    }
    if words.is(1, &["table", "tables"]) && words.len() > 4 {
        return change::only_a_person(context.author, Class::Ddl, "renames tables");
    }
    unknown()
}
