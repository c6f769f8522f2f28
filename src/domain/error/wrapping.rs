//! What clients and drivers of every language put around a server's message, taken off again.

use regex::Regex;
use std::sync::LazyLock;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests of this file")]
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (?:uncaught\ exception:|Uncaught|Unhandled\ exception\.|Caused\ by:|--->|\(error\)|panic:)\s*
          | Exception\ in\ thread\ \x22[^\x22]*\x22\s*
          | \((?:[\w$]+[.\\])*[\w$]*(?:Error|Exception|Failure)\)\s+
          | (?:[\w$]+(?:[.\\/]|::))*[\w$]*(?:Error|Exception|Failure|Fault)(?:\s*\(0x[0-9A-Fa-f]+\))?\s*:\s+
          | (?:ERROR|FATAL|WARNING|SEVERE|Fatal\ error|error)\s*:\s+
        )",
    )
    .unwrap()
});

/// The text without the name of an exception, an error class or a severity before it, however many there are:
/// `acme.exceptions.ResponseError: x` and `(acme3.OperationalError) x` are `x`.
pub fn without_class(text: &str) -> &str {
    let mut rest = text.trim();
    while let Some(found) = BEFORE.find(rest).filter(|found| found.end() < rest.len()) {
        rest = rest[found.end()..].trim_start();
    }
    rest
}

/// The lines on which a message may stand: the whole text first, then its lines, without those of stack traces
/// (indented ones) and without what is put before them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.trim();
    let of_a_trace = |line: &&str| line.starts_with([' ', '\t']) || line.starts_with("Traceback ") || line.is_empty();
    let several = whole.contains('\n');
    let single = whole.lines().filter(move |line| several && !of_a_trace(line));
    std::iter::once(whole).chain(single).map(without_class)
}

/// The text itself, and what stands behind each `: `, `, `, `) ` and `] ` in it: a message may begin at each of them. Two
/// colons belong to a message: they tie its parts together.
pub fn tails(text: &str) -> impl Iterator<Item = &str> {
    let behind = |mark: &'static str| {
        let found = text.match_indices(mark).filter(|(at, _)| !text[..*at].ends_with(':'));
        found.map(move |(at, _)| at + mark.len())
    };
    let mut starts: Vec<usize> = [": ", ", ", ") ", "] "].into_iter().flat_map(behind).collect();
    starts.push(0);
    starts.sort_unstable();
    starts.into_iter().map(|start| text[start..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_all_languages_come_off() {
        for (text, bare) in [
            ("acme.exceptions.ResponseError: no such key", "no such key"),
            ("mapper.exc.OperationalError: (acme3.OperationalError) no such table: t", "no such table: t"),
            ("Caused by: com.acme.clients.exceptions.DataException: ERR x", "ERR x"),
            ("Uncaught AcmeServerError: ns not found", "ns not found"),
            ("Predis\\Response\\ServerException: ERR x", "ERR x"),
            ("Unhandled exception. Acme.Data.AcmeException (0x80004005): Error number 1", "Error number 1"),
            ("Exception in thread \"main\" com.acme.WriteException: x", "x"),
            ("no such table: Error: x", "no such table: Error: x"),
        ] {
            assert_eq!(without_class(text), bare, "{text}");
        }
    }

    #[test]
    fn the_lines_of_a_stack_trace_are_no_messages() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 1\nacme.exceptions.DataError: bad";
        assert_eq!(lines(text).skip(1).collect::<Vec<_>>(), ["bad"]);
        assert_eq!(lines(" one line ").collect::<Vec<_>>(), ["one line"]);
    }

    #[test]
    fn a_message_may_begin_behind_every_mark() {
        assert_eq!(tails("a: b, c").collect::<Vec<_>>(), ["a: b, c", "b, c", "c"]);
        assert_eq!(tails("a :: b").count(), 1);
    }
}
