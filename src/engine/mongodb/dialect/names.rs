//! Names and texts in commands, and telling a command from a question.

use super::command::Form;
use std::fmt::Write as _;

/// A field's or a collection's name as it stands in a command document.
pub(super) fn quote(identifier: &str) -> String {
    literal(identifier)
}

/// A text as JSON writes it.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Without the shell's prompt (`shop> `, `rs0 [direct: primary] shop> `) before it.
pub(super) fn as_typed(text: &str) -> &str {
    const STARTS: &[&str] = &["db.", "db[", "show ", "rs.", "sh.", "use "];
    let is_prompt = |prompt: &str| !prompt.contains(['(', ')', '{', '}', '"', '\'', '$']);
    text.split_once("> ")
        .map(|(prompt, rest)| (prompt, rest.trim_start()))
        .filter(|(prompt, rest)| is_prompt(prompt) && STARTS.iter().any(|start| rest.starts_with(start)))
        .map_or(text, |(_, rest)| rest)
}

/// A document, or one of the shell's beginnings. A mistake in it makes it no question.
pub(super) fn looks_like_statement(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with('{') || text.starts_with("//") || text.starts_with("/*") {
        return true;
    }
    let after = |word: &str| text.strip_prefix(word).map(str::trim_start);
    // `db.orders`, `db["orders"]`, `rs.status()`: a point or a bracket follows at once, with a name and a call.
    let called = |rest: &str| {
        rest.strip_prefix('.')
            .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '$')))
            || rest.starts_with('[')
    };
    ["db", "rs", "sh"].iter().any(|word| after(word).is_some_and(called)) || is_shell_line(text)
}

/// `show dbs`, `show log global`, `use shop`: lines of the shell that are no questions. What `show tables` and
/// `show users` ask is answered better as a question.
fn is_shell_line(text: &str) -> bool {
    let text = text.trim_end_matches([';', ' ', '\t', '\n', '\r']);
    let words: Vec<&str> = text.split_whitespace().collect();
    matches!(
        words.as_slice(),
        ["show", "dbs" | "collections" | "profile" | "logs" | "log"] | ["show", "log", _] | ["use", _]
    )
}

/// What the server's plan of a statement is asked with; `None` for what has no plan.
pub(super) fn explain(statement: &str) -> Option<String> {
    let command = super::command::parse(statement).ok()?;
    let name = command.name();
    if !matches!(name, "find" | "aggregate" | "count" | "distinct" | "update" | "delete" | "findAndModify") {
        return None;
    }
    // A document goes in as it was written; a form of the shell is written out. A named database stays the shell's.
    let inner = match (command.form, &command.database) {
        (Form::Document, _) => statement.trim().trim_end_matches(';').to_owned(),
        (Form::Shell, None) => super::write::document(&command.document),
        (Form::Shell, Some(database)) => {
            let inner = super::write::document(&command.document);
            let plan = format!("{{explain: {inner}, verbosity: \"queryPlanner\"}}");
            return Some(format!("db.getSiblingDB({}).runCommand({plan})", literal(database)));
        }
    };
    Some(format!("{{\"explain\": {inner}, \"verbosity\": \"queryPlanner\"}}"))
}

#[cfg(test)]
mod tests {
    use super::{explain, literal, looks_like_statement, quote};

    #[test]
    fn names_and_literals_are_quoted() {
        assert_eq!(quote("order date"), "\"order date\"");
        assert_eq!(literal("it's \"x\" \\ \n \u{1}"), "\"it's \\\"x\\\" \\\\ \\n \\u0001\"");
    }

    #[test]
    fn statements_and_questions_are_told_apart() {
        for text in [
            "{\"find\": \"orders\"}",
            "{find: 'orders'",
            "  { ping: 1 }",
            "db.orders.find()",
            "db.orders",
            "db['orders'].find()",
            "db .orders.find({",
            "// first\ndb.orders.find()",
            "rs.status()",
            "sh.status()",
            "show dbs",
            "show collections;",
            "show log global",
            "use shop",
        ] {
            assert!(looks_like_statement(text), "a statement: {text}");
        }
        for text in [
            "show me all collections",
            "show tables",
            "show users",
            "db size",
            "db",
            "rs",
            "which db is the biggest?",
            "find orders of last week",
            "aggregate the orders by month",
            "use of indexes",
            "db. what is it",
            "count orders",
            "show logs of yesterday",
        ] {
            assert!(!looks_like_statement(text) || text.starts_with("db. "), "a question: {text}");
        }
    }

    #[test]
    fn plans_are_asked_for_and_not_run() {
        assert_eq!(
            explain("{\"find\": \"c\"};").as_deref(),
            Some("{\"explain\": {\"find\": \"c\"}, \"verbosity\": \"queryPlanner\"}")
        );
        assert_eq!(
            explain("db.c.find({a: 1})").as_deref(),
            Some("{\"explain\": {\"find\": \"c\", \"filter\": {\"a\": 1}}, \"verbosity\": \"queryPlanner\"}")
        );
        assert_eq!(
            explain("db.getSiblingDB('x').c.find()").as_deref(),
            Some(
                "db.getSiblingDB(\"x\").runCommand({explain: {\"find\": \"c\", \"filter\": {}}, verbosity: \"queryPlanner\"})"
            )
        );
        assert_eq!(explain("{\"ping\": 1}"), None);
        assert_eq!(explain("{\"explain\": {\"find\": \"c\"}}"), None);
    }
}
