//! How shells, drivers and logs print SQLite's number and sentence.

use super::{CATALOGUE, PRIMARY};
use crate::domain::error::messages::Recognised;
use crate::domain::error::wrapping::{lines, tails, without_class};
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A sentence of SQLite in a text.
pub(super) struct Said<'t> {
    /// The sentence alone, or the text without what is put before it when no sentence was found.
    pub(super) text: &'t str,
    /// The code with which SQLite says it.
    pub(super) code: Option<u32>,
}

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"\bSQLITE_[A-Z]+(?:_[A-Z]+)*\b",
        // Places where only a code can stand.
        r"(?:\bcode[ :=]+|\bextended_code[ :=]+|SQLite Error |General error: |constraint violation: |(?m:^)\()(\d+)\b",
        // The end of a line, where a sentence may end in a number too.
        r"(?m)\s\((\d+)\)(?:\s*\(SQLITE_\w+\))?\s*$",
        // What drivers put behind a sentence.
        r"(?s)(?:\s\((?:code:? )?\d+\b[^()]*\)(?:\s*\(SQLITE_\w+\))?(?::? , while compiling:.*)?)\s*$",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// The code of a name such as `SQLITE_BUSY`.
pub(super) fn number_of_name(name: &str) -> Option<u32> {
    static NAMES: LazyLock<HashMap<&'static str, u32>> =
        LazyLock::new(|| CATALOGUE.all_codes().filter_map(|c| Some((c.name, c.code.parse().ok()?))).collect());
    NAMES.get(name).copied()
}

/// The code that is printed in the text, the most exact one where there are several. A number at the end of a line
/// counts only when it goes with the code of the sentence: sentences can end in a number.
pub(super) fn code(text: &str, sentence: Option<u32>) -> Option<u32> {
    let [name, sure, last, _] = &*PATTERNS;
    let names = name.find_iter(text).filter_map(|found| number_of_name(found.as_str()));
    let captured = |pattern: &'static Regex| pattern.captures_iter(text).filter_map(|c| c[1].parse().ok());
    let goes_with = |n: &u32| sentence.is_none_or(|s| n & PRIMARY == s & PRIMARY);
    let known = |n: &u32| CATALOGUE.code(&n.to_string()).is_some();
    let is_an_error = |n: &u32| !matches!(*n, 0 | 100 | 101);
    names
        .chain(captured(sure).filter(known))
        .chain(captured(last).filter(known).filter(goes_with))
        .filter(is_an_error)
        .max()
}

/// The sentence of SQLite in the text. Of all places where one may begin and end, that with the most fixed words counts,
/// and of those the shortest.
pub(super) fn message(text: &str) -> Said<'_> {
    let mut best: Option<(usize, Said<'_>)> = None;
    for line in lines(text) {
        for tail in tails(line).chain(tails(line).filter_map(bracketed)) {
            let Some((candidate, found)) = recognised(tail) else { continue };
            let better = |(fixed, said): &(usize, Said<'_>)| {
                found.fixed > *fixed || (found.fixed == *fixed && candidate.len() < said.text.len())
            };
            if best.as_ref().is_none_or(better) {
                best = Some((found.fixed, Said { text: candidate, code: found.code.parse().ok() }));
            }
        }
    }
    best.map_or_else(|| Said { text: without_class(text), code: None }, |(_, said)| said)
}

/// The sentence that begins here: without what is put behind it where it is one then, and else to the end.
fn recognised(tail: &str) -> Option<(&str, Recognised<'_>)> {
    let [.., behind] = &*PATTERNS;
    let tail = without_number(tail);
    let quoted = tail.strip_prefix('\'').and_then(|inner| inner.trim_end_matches('.').strip_suffix('\''));
    let cut = quoted.or_else(|| behind.find(tail).map(|found| &tail[..found.start()]));
    [cut, Some(tail)].into_iter().flatten().find_map(|text| Some((text, CATALOGUE.recognise(text)?)))
}

/// The text without a code in front of it.
fn without_number(text: &str) -> &str {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() < text.len() { rest.strip_prefix(' ').unwrap_or(text) } else { text }
}

/// What stands in the brackets at the end of a text: some drivers explain a code in words of their own, and put SQLite's
/// sentence in brackets behind them.
fn bracketed(text: &str) -> Option<&str> {
    text.strip_suffix(')')?.split_once(" (").map(|(_, inner)| inner)
}
