//! Reads the statement that made an index, for what the pragmas do not tell: its expressions and its predicate.
//! Pure.

/// The parts of `CREATE INDEX ... ON t (terms) WHERE predicate`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct IndexParts {
    /// The terms between the parentheses, in order, as written.
    pub(super) terms: Vec<String>,
    /// What follows WHERE.
    pub(super) predicate: Option<String>,
}

/// Takes a statement apart that SQLite itself has accepted. Of anything else nothing is found.
pub(super) fn parts(statement: &str) -> IndexParts {
    let Some(open) = outside(statement, 0).find(|(_, byte)| *byte == b'(').map(|(at, _)| at) else {
        return IndexParts::default();
    };
    let mut depth = 0_usize;
    let mut start = open + 1;
    let mut terms = Vec::new();
    for (at, byte) in outside(statement, open) {
        match byte {
            b'(' => depth += 1,
            b',' if depth == 1 => {
                terms.push(trimmed(statement, start, at));
                start = at + 1;
            }
            b')' if depth == 1 => {
                terms.push(trimmed(statement, start, at));
                return IndexParts { terms, predicate: predicate(statement, at + 1) };
            }
            b')' => depth -= 1,
            _ => {}
        }
    }
    IndexParts::default()
}

/// The text behind the word WHERE, which is the only word that can follow the terms.
fn predicate(statement: &str, from: usize) -> Option<String> {
    let (at, _) = outside(statement, from).find(|(_, byte)| byte.is_ascii_alphabetic())?;
    let word = statement.get(at..at + 5)?;
    word.eq_ignore_ascii_case("where").then(|| trimmed(statement, at + 5, statement.len()))
}

fn trimmed(statement: &str, from: usize, to: usize) -> String {
    statement.get(from..to).unwrap_or_default().trim().trim_end_matches(';').trim_end().to_owned()
}

/// The bytes of a statement from `from` on that stand outside quotes and comments, with their places.
fn outside(statement: &str, from: usize) -> impl Iterator<Item = (usize, u8)> + '_ {
    let bytes = statement.as_bytes();
    let mut at = from;
    std::iter::from_fn(move || {
        loop {
            let byte = *bytes.get(at)?;
            let rest = &bytes[at..];
            let skip = match byte {
                b'\'' | b'"' | b'`' => quoted(rest, byte),
                b'[' => quoted(rest, b']'),
                b'-' if rest.starts_with(b"--") => to_after(rest, b"\n"),
                b'/' if rest.starts_with(b"/*") => to_after(rest, b"*/"),
                _ => {
                    at += 1;
                    return Some((at - 1, byte));
                }
            };
            at += skip;
        }
    })
}

/// Length of a quoted run. A doubled quote inside is two runs side by side, which comes to the same.
fn quoted(rest: &[u8], close: u8) -> usize {
    rest.iter().skip(1).position(|byte| *byte == close).map_or(rest.len(), |inner| inner + 2)
}

fn to_after(rest: &[u8], end: &[u8]) -> usize {
    rest.windows(end.len()).skip(2).position(|window| window == end).map_or(rest.len(), |at| at + 2 + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_predicates_are_found() {
        for (statement, terms, predicate) in [
            ("CREATE INDEX i ON t(a)", vec!["a"], None),
            (
                "CREATE INDEX i ON t (lower(a) DESC, coalesce(b, ','), c)",
                vec!["lower(a) DESC", "coalesce(b, ',')", "c"],
                None,
            ),
            ("CREATE UNIQUE INDEX i ON t(a) WHERE b > 3 AND c IN (1, 2)", vec!["a"], Some("b > 3 AND c IN (1, 2)")),
            ("CREATE INDEX \"odd (name\" ON \"t,(\"(\"a)b\")  where x", vec!["\"a)b\""], Some("x")),
            ("CREATE INDEX i ON [t(](a) -- where z\n WHERE/* ( */y", vec!["a"], Some("/* ( */y")),
            ("CREATE INDEX i ON t('it''s', `b)`) ;", vec!["'it''s'", "`b)`"], None),
            (
                "CREATE INDEX i ON t(\"é\" || 'ü)') WHERE \"ß\" IS NOT NULL",
                vec!["\"é\" || 'ü)'"],
                Some("\"ß\" IS NOT NULL"),
            ),
        ] {
            let found = parts(statement);
            assert_eq!(found.terms, terms, "{statement}");
            assert_eq!(found.predicate.as_deref(), predicate, "{statement}");
        }
    }

    #[test]
    fn nonsense_gives_nothing() {
        for statement in ["", "(", "CREATE INDEX i ON t(a", "'(", "CREATE INDEX i ON t /* ("] {
            assert_eq!(parts(statement), IndexParts::default(), "{statement}");
        }
    }
}
