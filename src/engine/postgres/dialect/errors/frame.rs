//! Takes away what clients, drivers and logs put around a server's message, and keeps the code and the severity that
//! they say.

use super::CATALOGUE;
use super::words::{self, Word};
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

/// How much a code in a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The server's code.
    Said,
    /// What a client files many different failures under.
    Class,
}

/// A message out of its frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framed<'t> {
    /// The primary message.
    pub(super) message: &'t str,
    /// The code that the text says.
    pub(super) code: Option<(String, Weight)>,
    /// The severity that the text says.
    pub(super) word: Option<Word>,
}

/// What stands before a message, by whom it is put there.
const BEFORE: &[&str] = &[
    // psql, with and without the place in a script; the other client programs.
    r"psql:[^\n:]*:\d+:\s+",
    r"(?:psql|pgbench|vacuumdb|reindexdb|clusterdb|createdb|dropdb|createuser|dropuser|initdb|postgres|pg_\w+)(?:\[\d+\])?:\s+(?:(?:error|fatal|warning):\s+)?",
    // Exceptions by their class: Java, .NET, Python, Ruby, Perl, Elixir, Go, Rust, PHP, JavaScript.
    r"(?:Caused by|Exception in thread [^\n:]*|Unhandled exception|Uncaught exception)[:.]?\s+",
    r"DBD::Pg::\w+ [\w ]+ failed:\s+",
    r"(?:[A-Za-z_$][\w$]*(?:\.|::))+[A-Za-z_$][\w$]*(?:\s\(0x[0-9A-Fa-f]+\))?:\s+",
    r"\((?:\w+\.)+\w+\)\s*",
    r"\*\* \([\w.]+\)\s*",
    r"SQLSTATE\[\w{5}\](?:\s*\[\d+\])?:?\s*(?:[A-Z][A-Za-z ]+:\s*)?(?:\d+\s+)?",
    r"SQL Error \[\w+\]:\s*",
    r"(?:\[[^\]\n]{1,60}\]\s*)+",
    r"(?:pq|db error|error returned from database|[Ee]rror|ERROR from server):\s+",
    // The client library, when the server itself answered.
    r#"connection to server (?:at|on socket) "[^"]*"(?: \([^)]*\))?(?:, port \w+)? failed:\s+"#,
    r"could not connect to server:\s+",
];

/// Lines that follow a message and are no part of it, besides those in [`words`].
const AFTER: &[&str] = &[
    r"\^\s*(?:\n|$)",
    r"(?:Position|POSITION|Where|Detail|Hint|Schema|Table|Column|Constraint|File|Line|Routine|Severity|SqlState|MessageText|Character|SQL state|SQL State):",
    r"\[(?:SQL|parameters):",
    r"\(Background on this error",
    r"at [\w.$<>]+\s?\(",
    r"Error while (?:executing|preparing)",
    r"Query:",
];

/// What follows a message on its own line.
const BEHIND: &[&str] = &[
    r"\s*\(SQLSTATE[:=]?\s*\w{5}\)[.;]?",
    r"[;,]?\s*SQL\s?state[:=]?\s*'?\w{5}'?[.;]?",
    r"\s*\((?:Connection: \w+, )?SQL: .*",
    r"\s+at \S+ line \d+\.?",
    r";(?:\s*nested exception is .*)?",
];

/// Where a text says its code.
const CODES: &[&str] = &[
    r#"(?i:sql\s?state)[\s:=\[('"`]*([0-9A-Z]{5})\b"#,
    r"SQL Error \[([0-9A-Z]{5})\]",
    r#"\b[Cc]ode['"]?\s*[:=]\s*[`'"]([0-9A-Z]{5})[`'"]"#,
    r"\[([0-9A-Z]{5})\]",
    r"(?:ERROR|FATAL|PANIC) ([0-9A-Z]{5}) \(\w+\)",
    r"(?:Exception|Error)[^\n:]{0,20}: ([0-9A-Z]{5}): ",
];

#[expect(clippy::unwrap_used, reason = "constant patterns and escaped words, compiled by the tests of this folder")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Any of these texts; a `*` in one stands for a number.
fn any_of<'w>(texts: impl Iterator<Item = &'w str>) -> String {
    let escaped: Vec<String> = texts.map(|t| regex::escape(t).replace(r"\*", r"\d+")).collect();
    escaped.join("|")
}

static PREFIX: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^(?:{})", BEFORE.join("|"))));
static CODE: LazyLock<Vec<Regex>> = LazyLock::new(|| CODES.iter().map(|c| pattern(c)).collect());
static CLASS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:psycopg2?\.errors\.|PG::|asyncpg\.exceptions\.)([A-Za-z0-9]+)"));

fn severities() -> String {
    any_of(words::all().filter(|(word, _)| word.is_severity()).map(|(_, text)| text))
}

/// A severity at the beginning, with the code that verbose messages and one driver put between it and the message.
static SEVERITY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"^({})(?:\s?:\s+(?:([0-9A-Z]{{5}}): )?| ([0-9A-Z]{{5}}) \(\w+\):?\s+)", severities()))
});

/// A severity inside a line, as a log prints it: whatever stands before it is the log's.
static INSIDE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?:^|[\s\])>;,|(\[])({})\s?:\s", severities())));

/// A line of a log: the moment comes first, so that the message is never all of it.
static LOGGED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d"));

static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    let lines = any_of(words::all().filter(|(w, _)| matches!(w, Word::More | Word::Line)).map(|(_, text)| text));
    pattern(&format!(r"\s*\n\s*(?:{lines}|{})", AFTER.join("|")))
});

static BEHIND_MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    let places = any_of(words::texts(Word::AtCharacter));
    pattern(&format!(r"(?:\s+(?:{places})|{})\s*$", BEHIND.join("|")))
});

/// A client of Perl's, Go's and the like, that names an error by its class: class -> code.
static CLASSES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    // Two codes of one name: the warning's (class 01) is never raised as an error.
    let mut codes: Vec<_> = CATALOGUE.all_codes().collect();
    codes.sort_by_key(|c| (!c.code.starts_with("01"), c.code));
    codes.into_iter().map(|c| (camel_case(c.name), c.code)).collect()
});

fn camel_case(name: &str) -> String {
    let capital = |word: &str| word.get(..1).map(|first| first.to_uppercase() + &word[1..]).unwrap_or_default();
    name.split('_').map(capital).collect()
}

/// Bytes of a text that are read. The longest messages of servers have some hundred; a trace of a program may go on.
const LONGEST: usize = 32 * 1024;

/// Prefixes and severities before a message that are taken off: nobody puts more there.
const MOST_WRAPPINGS: usize = 16;

/// Lines behind the first among which a driver's is looked for.
const LINES: usize = 500;

/// Reads a text as anybody printed it.
pub(super) fn read(text: &str) -> Framed<'_> {
    let text = text.trim();
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut code = said(text);
    let (mut message, mut word) = unwrapped(text, &mut code);
    if word.is_none() && (LOGGED.is_match(message) || CATALOGUE.recognise(body(message)).is_none()) {
        (message, word) = searched(message, &mut code);
    }
    let code = code.map(|code| {
        let client = code.starts_with("08") || code.starts_with("HY");
        (code, if client { Weight::Class } else { Weight::Said })
    });
    Framed { message: body(message), code, word }
}

/// Takes prefixes and severities off the beginning, for as long as there are any. Behind a severity the server itself
/// speaks, and nothing more is taken off.
fn unwrapped<'t>(text: &'t str, code: &mut Option<String>) -> (&'t str, Option<Word>) {
    let (mut rest, mut word) = (text, None);
    for _ in 0..MOST_WRAPPINGS {
        if let Some(found) = SEVERITY.captures(rest) {
            let verbose = found.get(2).or(found.get(3)).map(|c| c.as_str()).filter(|c| CATALOGUE.code(c).is_some());
            let end = match (found.get(2), verbose) {
                // Five letters that are no code are the message's own.
                (Some(letters), None) => letters.start(),
                _ => found.get(0).map_or(0, |all| all.end()),
            };
            if let Some(verbose) = verbose {
                *code = Some(verbose.to_owned());
            }
            word = words::severity(&found[1]).or(word);
            rest = rest[end..].trim_start();
            // A driver that says "error" before the server's own "ERROR".
            if SEVERITY.is_match(rest) {
                continue;
            }
            return (rest, word);
        }
        match PREFIX.find(rest).filter(|found| found.end() < rest.len() && !found.is_empty()) {
            Some(found) => rest = rest[found.end()..].trim_start(),
            None => break,
        }
    }
    if let Some((before, after)) = rest.split_once(": ")
        && CATALOGUE.code(before).is_some()
    {
        *code = code.take().or_else(|| Some(before.to_owned()));
        rest = after;
    }
    (rest, word)
}

/// Looks for the message further inside: behind a severity as logs print it, or on a later line that a driver begins.
fn searched<'t>(text: &'t str, code: &mut Option<String>) -> (&'t str, Option<Word>) {
    if let Some(severity) = INSIDE.captures(text).and_then(|found| found.get(1)) {
        return unwrapped(&text[severity.start()..], code);
    }
    let later = text.match_indices('\n').map(|(i, _)| text[i..].trim_start());
    for line in later.filter(|line| PREFIX.is_match(line)).take(LINES) {
        let (message, word) = unwrapped(line, code);
        if word.is_some() || CATALOGUE.recognise(body(message)).is_some() {
            return (message, word);
        }
    }
    (text, None)
}

/// The message without what follows it. Some messages of the server end like what clients put behind: those words
/// stay where a skeleton knows them.
fn body(text: &str) -> &str {
    let mut message = TAIL.find(text).map_or(text, |tail| &text[..tail.start()]).trim();
    let known = |text: &str| CATALOGUE.recognise(text).map_or(0, |recognised| recognised.fixed);
    while let Some(found) = BEHIND_MESSAGE.find(message).filter(|found| found.start() > 0 && !found.is_empty()) {
        let shorter = message[..found.start()].trim();
        if known(message) > known(shorter) {
            break;
        }
        message = shorter;
    }
    message
}

/// The code that a text says in so many words, or by the name of a class.
fn said(text: &str) -> Option<String> {
    let known = |code: &&str| CATALOGUE.code(code).is_some();
    let spelled = CODE.iter().find_map(|shape| Some(shape.captures(text)?.get(1)?.as_str()).filter(known));
    let class = || {
        let name = CLASS.captures(text)?.get(1)?.as_str();
        CLASSES.get(name).or_else(|| CLASSES.get(name.strip_suffix("Error")?)).copied()
    };
    spelled.or_else(class).map(str::to_owned)
}
