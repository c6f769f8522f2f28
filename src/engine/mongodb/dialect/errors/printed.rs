//! How replies, shells, drivers and logs print MongoDB's number, name and sentence.

use super::CATALOGUE;
use crate::domain::error::messages::Recognised;
use crate::domain::error::wrapping::{lines, tails, without_class};
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A sentence of the server in a text.
pub(super) struct Said {
    /// The sentence alone, or the text without what is put before it when no sentence was found.
    pub(super) text: String,
    /// The code with which the server says it.
    pub(super) code: Option<&'static str>,
}

/// Names that older servers gave to codes.
const OLD_NAMES: &[(&str, &str)] = &[
    ("NotMaster", "10107"),
    ("NotMasterNoSlaveOk", "13435"),
    ("NotMasterOrSecondary", "13436"),
    ("InterruptedDueToStepDown", "11602"),
    ("InterruptedDueToReplStateChange", "11602"),
    ("ExceededTimeLimit", "262"),
    ("WriteConcernFailed", "64"),
    ("CannotSatisfyWriteConcern", "100"),
    ("KeyTooLong", "17280"),
    ("StaleShardVersion", "63"),
    ("RecvStaleConfig", "9996"),
    ("NotYetInitialized", "94"),
    ("DatabaseNotFound", "60"),
    ("NoShardingEnabled", "193"),
    ("ReadAfterOptimeTimeout", "122"),
    ("CannotInitializeNodeWithData", "110"),
];

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static NUMBERS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        // `code: 26`, `"code" : NumberInt(26)`, `code=11000`, `errCode":26`, `error 26 (NamespaceNotFound)`.
        r#"(?i)(?:\b(?:err)?code['"]?\s*[:=]\s*(?:NumberInt\()?|\b(?:error code|with error|error)\s+)(\d+)\b"#,
        r"\bLocation(\d+)\b",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    // `codeName: 'X'`, `errName":"X"`, `Error[X]:`, `(X) `, `X: ` and `X{ ... }: ` at the beginning, behind a quotation
    // mark, and where one error tells its cause.
    Regex::new(
        r#"(?:code_?name|errName)['"]?\s*[:=]\s*['"]?(\w+)|Error\[(\w+)\]|\(([A-Z]\w+)\)|(?:^|['"]|:: |: )([A-Z][A-Za-z]{4,})(?:\{.*?\})?: "#,
    )
    .unwrap()
});

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static SENTENCES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        // The field of a reply, of a write error or of a log entry, in double or in single quotes.
        r#"(?:\b(?:errmsg|errMsg|message)|\$err)['"]?\s*[:=]\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')"#,
        // The same where a log has the error as one text.
        r#"\b(?:error|err|reason)['"]?\s*[:=]\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')"#,
        // What drivers put behind a sentence.
        r"(?s)(?:'? on server \S+.*|, full error: .*|, labels: .*|, Timeout: .*|(?: : _getErrorWithCode@|\n\s+at ).*)$",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// The code of a name: of the catalogue, an old one, or `LocationN`.
pub(super) fn code_of_name(name: &str) -> Option<&str> {
    static NAMES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        let current = CATALOGUE.all_codes().map(|c| (c.name, c.code));
        OLD_NAMES.iter().copied().chain(current).collect()
    });
    let location = || name.strip_prefix("Location").filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    NAMES.get(name).copied().or_else(location)
}

/// The code that is printed in the text as a number or as a name. Zero is no error.
pub(super) fn code(text: &str) -> Option<String> {
    let number = NUMBERS.iter().find_map(|pattern| {
        pattern.captures_iter(text).map(|c| c[1].to_owned()).find(|code| code.bytes().any(|b| b != b'0'))
    });
    number.or_else(|| {
        let names = NAMES.captures_iter(text);
        names
            .filter_map(|c| c.iter().skip(1).flatten().next().map(|m| m.as_str()))
            .find_map(code_of_name)
            .map(str::to_owned)
    })
}

/// The sentence of the server in the text.
pub(super) fn message(text: &str) -> Said {
    let [field, of_a_log, _] = &*SENTENCES;
    let quoted = field.captures(text).or_else(|| text.starts_with('{').then(|| of_a_log.captures(text)).flatten());
    if let Some(sentence) = quoted.and_then(|c| c.iter().skip(1).flatten().next().map(|m| unescaped(m.as_str()))) {
        let sentence = without_name(&sentence).to_owned();
        let code = recognised(&sentence).map(|(_, found)| found.code);
        return Said { text: sentence, code };
    }
    let mut best: Option<(&str, Recognised<'_>)> = None;
    for line in lines(text) {
        let Some((candidate, found)) = recognised(line) else { continue };
        if best.as_ref().is_none_or(|(_, b)| found.fixed > b.fixed) {
            best = Some((candidate, found));
        }
    }
    if let Some((sentence, found)) = best {
        return Said { text: sentence.to_owned(), code: Some(found.code) };
    }
    let text = without_name(bare(text));
    let within = CATALOGUE.recognise_within(text);
    Said { text: text.to_owned(), code: within.map(|r| r.code) }
}

/// The message that is all of a line, or all of it from some mark on. The cause that the server names at the end of a
/// message tells the code, and the whole is the message.
fn recognised(line: &str) -> Option<(&str, Recognised<'_>)> {
    let line = bare(line);
    let whole = without_name(line);
    let causes = line.match_indices(" :: caused by :: ").map(|(at, mark)| (whole, &line[at + mark.len()..]));
    let tails = tails(line).map(|tail| tail.strip_prefix('\'').unwrap_or(tail)).map(|tail| (tail, tail));
    let found = tails.chain(causes).filter_map(|(message, tail)| Some((message, CATALOGUE.recognise(tail)?)));
    found.max_by_key(|(message, r)| (r.fixed, usize::MAX - message.len()))
}

/// The text without what drivers put around a sentence.
fn bare(text: &str) -> &str {
    let [.., behind] = &*SENTENCES;
    let text = without_class(text);
    // A document is no sentence with something behind it.
    let end = if text.starts_with('{') { None } else { behind.find(text).map(|found| found.start()) };
    &text[..end.unwrap_or(text.len())]
}

/// The text without the name of its code before it: `NamespaceNotFound: x`, `(NamespaceNotFound) x`,
/// `MongoServerError[NamespaceNotFound]: x`.
fn without_name(text: &str) -> &str {
    let behind_name = |(name, rest): (&str, &'_ str)| {
        let name = name.split_once('{').map_or(name, |(name, _)| name);
        let name = name.rsplit_once('[').map_or(name, |(_, name)| name.trim_end_matches(']'));
        code_of_name(name.trim_start_matches('(')).map(|_| rest.len())
    };
    let after = text.split_once(": ").and_then(behind_name).or_else(|| text.split_once(") ").and_then(behind_name));
    after.map_or(text, |length| &text[text.len() - length..])
}

/// A quoted text as it was before it was quoted.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}
