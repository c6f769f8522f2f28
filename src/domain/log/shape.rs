//! The shape of a statement: its words without its values, so that runs of one statement are counted together.

/// Writes the shape of a statement: values become `?`, lists of them `(...)`, comments go, spaces become one. What is
/// longer than [`SHAPE_BYTES`] is not looked at. This is for counting and showing; nothing is run that is made of it.
pub fn shape(statement: &str, into: &mut String) {
    into.clear();
    let bytes = statement.as_bytes();
    let bytes = &bytes[..bytes.len().min(SHAPE_BYTES)];
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                if out.last().is_some_and(|last| *last != b' ') {
                    out.push(b' ');
                }
                at += 1;
            }
            b'-' if rest.starts_with(b"--") => at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with(b"/*") => {
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
            }
            b'\'' => {
                at += quoted(rest);
                value(&mut out);
            }
            b'0'..=b'9' if !in_word(out.last()) => {
                at += rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
                value(&mut out);
            }
            _ => {
                out.push(byte.to_ascii_lowercase());
                at += 1;
            }
        }
    }
    super::event::push_lossy(into, out.trim_ascii());
}

/// Bytes of a statement that are looked at.
pub const SHAPE_BYTES: usize = 2048;

/// A value stands here: in a list of several, the list is one value.
fn value(out: &mut Vec<u8>) {
    let trimmed = out.trim_ascii_end();
    if let Some(before) = trimmed.strip_suffix(b",")
        && (before.trim_ascii_end().ends_with(b"?") || before.trim_ascii_end().ends_with(b"..."))
    {
        let before = before.trim_ascii_end();
        let kept = before.strip_suffix(b"?").or_else(|| before.strip_suffix(b"...")).unwrap_or(before).len();
        out.truncate(kept);
        out.extend_from_slice(b"...");
        return;
    }
    // The sign belongs to the number.
    if trimmed.ends_with(b"-") && !in_word(trimmed.iter().rev().skip(1).find(|b| **b != b' ')) {
        let kept = trimmed.len() - 1;
        out.truncate(kept);
    }
    out.push(b'?');
}

fn in_word(last: Option<&u8>) -> bool {
    last.is_some_and(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'"' | b'`' | b'?' | b')') || *b >= 0x80
    })
}

/// Bytes of a quoted text with its quotes.
fn quoted(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 1,
            b'\'' => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statement: &str) -> String {
        let mut out = String::new();
        shape(statement, &mut out);
        out
    }

    #[test]
    fn values_go_and_names_stay() {
        for (statement, expected) in [
            (
                "SELECT * FROM T1 WHERE a = 'it''s' AND b=-12.5e3 -- why\n AND c2 > $1",
                "select * from t1 where a = ? and b=? and c2 > $1",
            ),
            ("select 1 /* x */ from t where id in (1, 2,3 , 'x')", "select ? from t where id in (...)"),
            ("INSERT INTO t VALUES (1,'a')", "insert into t values (...)"),
            ("select a-1, b - 2", "select a-?, b - ?"),
            ("select 'open", "select ?"),
        ] {
            assert_eq!(of(statement), expected, "{statement}");
        }
    }

    #[test]
    fn any_text_has_a_shape() {
        for text in ["", "-", "'", "\\", "/*", "é'ü", "\u{0}"] {
            assert!(of(text).len() <= 4 * text.len() + 1, "{text}");
        }
        assert!(of(&"x".repeat(1 << 20)).len() <= SHAPE_BYTES);
    }
}
