//! One line as it is typed -> the arguments of a command, by the quoting rules of the engine's own shell: words apart
//! by blanks, `"..."` with backslash escapes, `'...'` with `\'` alone.

use crate::domain::text;

/// Longest line read, bytes: enough for a hundred long keys.
const LONGEST: usize = 64 << 10;
/// Most arguments of one line.
const MOST_ARGUMENTS: usize = 1024;

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::redis) enum BadLine {
    /// Nothing was typed.
    Empty,
    /// A line end inside, or a `;` at the end of a word: a second command, or what looks like one.
    Several,
    /// Control or invisible characters outside quotes.
    Hidden,
    /// A quote without its end, or an end with something glued to it.
    Quotes,
    /// Too long.
    TooLong,
}

impl BadLine {
    /// In words.
    pub(in crate::engine::redis) fn words(self) -> &'static str {
        match self {
            Self::Empty => "nothing was typed",
            Self::Several => {
                "one command a line, and nothing ends it: where a line end or a ; belongs to a key, put the key in quotes"
            }
            Self::Hidden => {
                "the line holds control or invisible characters outside quotes: write them as \\xhh inside \"...\""
            }
            Self::Quotes => "a quotation mark is not closed, or something is glued to its end",
            Self::TooLong => "the line is too long",
        }
    }
}

/// Cuts a line into arguments.
pub(in crate::engine::redis) fn split(line: &str) -> Result<Vec<Vec<u8>>, BadLine> {
    if line.len() > LONGEST {
        return Err(BadLine::TooLong);
    }
    let line = line.trim_matches([' ', '\t', '\r', '\n']);
    let mut arguments: Vec<Vec<u8>> = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(first) = rest.chars().next() else { break };
        if arguments.len() == MOST_ARGUMENTS {
            return Err(BadLine::TooLong);
        }
        let (argument, after) = match first {
            '"' | '\'' => quoted(&rest[1..], first)?,
            _ => bare(rest)?,
        };
        arguments.push(argument);
        rest = after;
    }
    if arguments.is_empty() { Err(BadLine::Empty) } else { Ok(arguments) }
}

/// A word without quotes.
fn bare(text: &str) -> Result<(Vec<u8>, &str), BadLine> {
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let word = &text[..end];
    if word.contains(['\r', '\n']) || word.ends_with(';') {
        return Err(BadLine::Several);
    }
    if word.chars().any(text::risky) {
        return Err(BadLine::Hidden);
    }
    if word.contains(['"', '\'']) && !word.starts_with("--") {
        // The shell reads `a"b c"` as one word; nobody means that in a key, and what is seen is not what is sent.
        return Err(BadLine::Quotes);
    }
    Ok((word.as_bytes().to_vec(), &text[end..]))
}

/// What stands between quotes; `text` begins behind the first.
fn quoted(text: &str, mark: char) -> Result<(Vec<u8>, &str), BadLine> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let c = rest.chars().next().ok_or(BadLine::Quotes)?;
        rest = &rest[c.len_utf8()..];
        match c {
            c if c == mark => {
                let glued = rest.chars().next().is_some_and(|c| !matches!(c, ' ' | '\t'));
                return if glued { Err(BadLine::Quotes) } else { Ok((out, rest)) };
            }
            '\\' => {
                let escape = rest.chars().next().ok_or(BadLine::Quotes)?;
                if mark == '\'' && escape != '\'' {
                    out.push(b'\\');
                    continue;
                }
                rest = &rest[escape.len_utf8()..];
                match escape {
                    'n' => out.push(b'\n'),
                    'r' => out.push(b'\r'),
                    't' => out.push(b'\t'),
                    'b' => out.push(8),
                    'a' => out.push(7),
                    'x' => match rest.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                        Some(byte) if rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit) => {
                            out.push(byte);
                            rest = &rest[2..];
                        }
                        _ => out.push(b'x'),
                    },
                    other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// An argument as it must be typed so that [`split`] gives it back.
pub(in crate::engine::redis) fn quote(argument: &[u8]) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && !text.ends_with(';')
            && !text.starts_with("--")
            && !text.chars().any(|c| c.is_whitespace() || text::risky(c) || matches!(c, '"' | '\'' | '\\'))
    };
    if let Ok(text) = std::str::from_utf8(argument)
        && plain(text)
    {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for chunk in argument.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if text::risky(c) && c != ' ' => hex(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
                c => out.push(c),
            }
        }
        hex(chunk.invalid(), &mut out);
    }
    out.push('"');
    out
}

fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push_str(&format!("\\x{byte:02x}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, BadLine> {
        split(line).map(|all| all.iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect())
    }

    #[test]
    fn lines_are_cut_as_the_shell_cuts_them() {
        assert_eq!(words("  get\tk1  ").unwrap(), ["get", "k1"]);
        assert_eq!(words(r#"SET "a b" 'c "d" \' \n' "" "#).unwrap(), ["SET", "a b", r#"c "d" ' \n"#, ""]);
        assert_eq!(split(r#"GET "\x00\xff\n\"\\""#).unwrap()[1], b"\x00\xff\n\"\\");
        assert_eq!(words("GET größe:ключ").unwrap(), ["GET", "größe:ключ"]);
    }

    #[test]
    fn what_hides_or_holds_two_is_refused() {
        for (line, why) in [
            ("", BadLine::Empty),
            (" \r\n", BadLine::Empty),
            ("MEMORY DOCTOR\r\nFLUSHALL", BadLine::Several),
            ("GET a\nDEL a", BadLine::Several),
            ("GET a; DEL a", BadLine::Several),
            ("GET a\u{0}", BadLine::Hidden),
            ("GET a\u{b}b", BadLine::Hidden),
            ("G\u{200b}ET a", BadLine::Hidden),
            ("GET\u{a0}a", BadLine::Hidden),
            ("GET \u{202e}a", BadLine::Hidden),
            ("GET \"a", BadLine::Quotes),
            ("GET \"a\"b", BadLine::Quotes),
            ("GET a\"b\"", BadLine::Quotes),
            ("GET 'a\\", BadLine::Quotes),
        ] {
            assert_eq!(words(line), Err(why), "{line:?}");
        }
        assert_eq!(split(&"x ".repeat(LONGEST)), Err(BadLine::TooLong));
    }

    #[test]
    fn a_quoted_argument_comes_back() {
        for argument in [
            &b"plain:key{1}"[..],
            b"",
            b"a b",
            b"\"\\'",
            b"\r\nDEL x",
            b"\x00\xff\xfe",
            "ä\u{202e}".as_bytes(),
            b"--scan",
            b"k;",
        ] {
            assert_eq!(split(&format!("GET {}", quote(argument))).unwrap()[1], argument, "{}", quote(argument));
        }
        assert_eq!(quote(b"user:42"), "user:42");
    }
}
