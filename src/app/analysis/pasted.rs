//! Errors and plans in a text that somebody pasted, or typed off another screen.
//!
//! A text counts as one only for a sign of it: what a client, a driver or a log puts before an error, the numbers of a
//! plan. Without such a sign it is looked at after everything else, and then all of it has to be a message that a
//! server prints. Questions and statements come first.

use crate::app::library::Library;
use crate::domain::dialect::Dialect;
use crate::domain::error::event::keep;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::{ErrorNaming, Understood, understand};
use crate::domain::plan::Plan;
use crate::domain::target::EngineId;
use regex::Regex;
use std::cmp::Reverse;
use std::sync::LazyLock;

/// Bytes and lines of a text that are looked at.
const MOST_BYTES: usize = 256 * 1024;
const MOST_LINES: usize = 5_000;
/// Different errors of a text that are kept, the worst first.
const MOST_ERRORS: usize = 50;
/// Fixed characters that a message without any other sign needs: shorter ones could be words of a question.
const FIXED_CHARACTERS: usize = 10;
/// Characters of a code that no other number or word of a text is likely to be.
const LONG_CODE: usize = 5;

#[allow(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// How a line begins that tells of an error, whatever the server: its severity, behind the name of a program or not;
/// the mark of a shell; the type of a driver's exception; a record of a log as JSON.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^\s*(?:(?:\S+: )?(?:ERROR|FATAL|PANIC|CRITICAL|WARNING)(?::|\s+\d+\b| \[)|(?:\S+: )?(?:error|fatal)(?::| \d+\b)|\(error\) |(?:Parse |Runtime )?[Ee]rror(?:: | near line \d+)|[\w.$]*[a-z](?:Error|Exception|Warning)\b(?:\[|: |\()|[\w.]+\.errors\.\w+: |\{"t":\s*\{"\$date")"#,
    )
});
/// A line of a log: a moment, and a severity some way behind it.
static LOGGED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:\w{3} [ \d]\d |\d{4}[-/]\d\d[-/]\d\d|\d{6} )[^:]{0,12}\d\d?:\d\d.{0,200}?(?:\b(?:ERROR|FATAL|PANIC|CRITICAL|WARNING)\b|\[(?:ERROR|Warning)\])",
    )
});
/// Codes that no sentence has.
static CODED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b[A-Z]{3}-\d{4,5}\b|\bSQLSTATE\b\W{0,3}[0-9A-Z]{5}\b|\b[A-Z]{2}-\d{6}\b"));
/// What a server says besides, on lines of its own.
static BESIDES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(DETAIL|HINT|CONTEXT|STATEMENT|QUERY):\s+(.+)$"));
/// What stands before the error on its line.
static SEVERITY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:ERROR|FATAL|PANIC|CRITICAL|WARNING)\b(?::|\s+\d|\s+\[)|\[(?:ERROR|Warning)\]"));

/// What a pasted text holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Pasted {
    /// Errors, the worst first, equal ones counted.
    Errors(Vec<Found>),
    /// A plan.
    Plan(Plan),
}

/// An error in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose error it is.
    pub engine: EngineId,
    /// The error.
    pub error: Understood,
    /// How many of them the text has.
    pub count: u64,
    /// What the server said besides, a line each.
    pub more: Option<String>,
    /// The statement that met it.
    pub statement: Option<String>,
}

/// What the text holds by a sign that neither a question nor a statement has.
pub fn surely(text: &str, dialect: &dyn Dialect, library: &Library) -> Option<Pasted> {
    let text = bounded(text);
    let others = library.dialects.iter().copied().filter(|d| d.engine() != dialect.engine());
    if let Some(plan) = dialect.read_plan(text).or_else(|| others.into_iter().find_map(|d| d.read_plan(text))) {
        return Some(Pasted::Plan(plan));
    }
    let records = records(text);
    if records.is_empty() {
        let coded = CODED.is_match(text) && !dialect.looks_like_statement(text);
        return if coded { errors(vec![Record::of(text)], dialect, library, false) } else { None };
    }
    errors(records, dialect, library, true)
}

/// What the text holds if it is nothing else: a message that a server prints, from its first to its last character.
/// Messages of other engines need a sign that words alone do not have: a quote, a number, a colon.
pub fn perhaps(text: &str, dialect: &dyn Dialect, library: &Library) -> Option<Pasted> {
    let text = bounded(text).trim();
    let line = text.trim_end_matches(['.', ';']);
    let foreign = text.contains(|c: char| c.is_ascii_digit() || matches!(c, '"' | '\'' | '`' | ':' | '(' | '['));
    let prints = |naming: &dyn ErrorNaming| {
        // The other languages are many; what is typed in plain letters is none of most of them.
        let english = |t| naming.catalogue().recognise_in_english(t);
        let all = |t| if text.is_ascii() { english(t) } else { naming.catalogue().recognise(t) };
        let known = |t| all(t).is_some_and(|found| found.fixed >= FIXED_CHARACTERS);
        known(text) || known(line)
    };
    let own = dialect.errors().engine();
    let naming = namings(dialect, library).filter(|n| foreign || n.engine() == own).find(|naming| prints(*naming))?;
    let error = understand(naming, text, None);
    let found = Found { engine: naming.engine(), error, count: 1, more: None, statement: None };
    (!found.error.code.is_empty()).then(|| Pasted::Errors(vec![found]))
}

fn bounded(text: &str) -> &str {
    if text.len() <= MOST_BYTES {
        return text;
    }
    let end = (0..=MOST_BYTES).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// Whose errors the text may be: the chat's engine first.
fn namings<'a>(dialect: &'a dyn Dialect, library: &'a Library) -> impl Iterator<Item = &'static dyn ErrorNaming> + 'a {
    let own = dialect.errors();
    std::iter::once(own).chain(library.namings.iter().copied().filter(move |n| n.engine() != own.engine()))
}

/// An error's lines in a text.
struct Record<'t> {
    text: &'t str,
    more: Vec<String>,
    statement: Option<String>,
}

impl<'t> Record<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, more: Vec::new(), statement: None }
    }
}

/// The errors of a text, each with what stands below it; none where no line begins like one.
fn records(text: &str) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    for line in text.lines().take(MOST_LINES) {
        if BEGINS.is_match(line) || LOGGED.is_match(line) {
            records.push(Record::of(line));
            continue;
        }
        let (Some(record), Some(besides)) = (records.last_mut(), BESIDES.captures(line)) else { continue };
        if matches!(&besides[1], "STATEMENT" | "QUERY") {
            record.statement = Some(keep(&besides[2]));
        } else {
            record.more.push(keep(&besides[2]));
        }
    }
    records
}

/// The records, named and counted. With `certain` each is an error, though nobody should know which.
fn errors(records: Vec<Record<'_>>, dialect: &dyn Dialect, library: &Library, certain: bool) -> Option<Pasted> {
    let mut found: Vec<Found> = Vec::new();
    for record in records {
        let Some((engine, error)) = named(record.text, dialect, library)
            .or_else(|| certain.then(|| (dialect.engine(), unknown(record.text, dialect))))
        else {
            continue;
        };
        match found.iter_mut().find(|f| f.error.signature == error.signature && f.error.object == error.object) {
            Some(same) => same.count += 1,
            None => {
                let more = (!record.more.is_empty()).then(|| record.more.join("\n"));
                found.push(Found { engine, error, count: 1, more, statement: record.statement });
            }
        }
    }
    found.sort_by_key(|f| (Reverse(f.error.severity), Reverse(f.count)));
    found.truncate(MOST_ERRORS);
    (!found.is_empty()).then_some(Pasted::Errors(found))
}

/// Whose error a record is, and which: that of the engine whose long code stands in the text, else of the one whose
/// server prints just this message, else of the one whose
/// short code stands in the text, else of the first that has a code for it. The chat's engine comes first among equals.
fn named(text: &str, dialect: &dyn Dialect, library: &Library) -> Option<(EngineId, Understood)> {
    let inner = SEVERITY.find(text).map(|found| &text[found.start()..]);
    let texts: Vec<&str> = std::iter::once(text).chain(inner).collect();
    let candidates = namings(dialect, library).filter_map(|naming| {
        texts.iter().find_map(|text| {
            let error = understand(naming, text, None);
            let known = naming.catalogue().code(&error.code).is_some() || (error.kind != ErrorKind::Other);
            let printed = naming.catalogue().recognise_in_english(&error.message).map_or(0, |found| found.fixed);
            let spelled = error.code.len() > 1 && text.contains(error.code.as_str());
            // A long code is no chance: `ORA-00942` says whose it is, whatever other servers print.
            let certain = spelled && error.code.len() >= LONG_CODE;
            (known && !error.code.is_empty()).then(|| ((certain, printed, spelled), naming.engine(), error))
        })
    });
    let best = candidates.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, engine, error)| (engine, error))
}

/// An error that nobody knows.
fn unknown(text: &str, dialect: &dyn Dialect) -> Understood {
    let inner = SEVERITY.find(text).map_or(text, |found| &text[found.start()..]);
    let mut error = understand(dialect.errors(), inner, None);
    if inner.starts_with("WARNING") || inner.starts_with("[Warning") {
        error.severity = error.severity.min(Severity::Warning);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_like_an_error() {
        for line in [
            "ERROR:  relation \"x\" does not exist",
            "psql: error: connection to server failed",
            "psql:load.sql:12: ERROR:  syntax error",
            "ERROR 1146 (42S02): Table 'shop.nope' doesn't exist",
            "ERROR 1064 (42000) at line 3: You have an error",
            "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
            "SomeServerError: E11000 duplicate key error collection: shop.users",
            "SomeServerError[NamespaceNotFound]: ns not found",
            "java.sql.SQLSyntaxErrorException: Unknown column",
            "driver.errors.UndefinedTable: relation",
            "Error: no such table: nope",
            "Parse error near line 1: no such table: nope",
            "{\"t\":{\"$date\":\"2026-01-01T00:00:00Z\"},\"s\":\"E\"}",
            "2026-11-21 20:45:11.123 UTC [4711] app@shop ERROR:  deadlock detected",
            "2026-11-21T20:45:11.123456Z 8 [ERROR] [MY-010584] [Repl] Replica",
            "Nov 21 20:45:11 db1 server[12]: [3-1] FATAL:  sorry, too many clients already",
            "FATAL:  the database system is starting up",
        ] {
            assert!(BEGINS.is_match(line) || LOGGED.is_match(line), "{line}");
        }
    }

    #[test]
    fn questions_and_statements_do_not() {
        for line in [
            "which tables are the largest?",
            "show errors of today",
            "error rate per hour",
            "errors since yesterday",
            "select 'ERROR: x' from t",
            "INSERT INTO log VALUES ('2026-01-01 10:00 ERROR')",
            "Error handling: how?",
            "what is an error?",
            "fatal mistakes in orders",
            "how many orders on 2026-11-21 10:00 ended in ERROR",
        ] {
            assert!(!BEGINS.is_match(line) && !LOGGED.is_match(line), "{line}");
        }
    }

    #[test]
    fn what_stands_below_an_error_belongs_to_it() {
        let text = "2026-11-21 20:45:11 UTC [1] ERROR:  a\n2026-11-21 20:45:11 UTC [1] DETAIL:  d\n\
                    2026-11-21 20:45:11 UTC [1] STATEMENT:  select 1\nLOG: x\nERROR:  b\n    at some.Class(File:1)";
        let records = records(text);
        assert_eq!(records.len(), 2);
        assert_eq!(
            (records[0].more.as_slice(), records[0].statement.as_deref()),
            (&["d".to_owned()][..], Some("select 1"))
        );
    }
}
