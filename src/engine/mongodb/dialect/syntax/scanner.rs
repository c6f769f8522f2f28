//! The characters of a text: blanks and comments, strings, numbers, words.

use super::{BYTES, DEPTH, SyntaxError};
use crate::domain::text::risky;

/// A place in a text.
pub(in crate::engine::mongodb::dialect) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A number as written.
pub(super) enum Number {
    /// Whole, and within 64 bits.
    Whole(i64),
    /// Anything else.
    Real(f64),
}

impl<'a> Scanner<'a> {
    /// At the beginning of a text.
    ///
    /// # Errors
    /// When the text is too long to be read at all.
    pub(in crate::engine::mongodb::dialect) fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > BYTES {
            let message = format!("the statement has more than {BYTES} bytes");
            return Err(SyntaxError::too_large(BYTES, message));
        }
        Ok(Self { text, at: 0, depth: 0 })
    }

    pub(in crate::engine::mongodb::dialect) fn at(&self) -> usize {
        self.at
    }

    pub(in crate::engine::mongodb::dialect) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.at, message)
    }

    /// One level down; every way out calls [`Self::leave`] or ends the reading.
    pub(super) fn enter(&mut self) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > DEPTH {
            let message = format!("the statement is nested more than {DEPTH} levels deep");
            return Err(SyntaxError::too_large(self.at, message));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character, as it stands.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Skips blanks and comments, and gives the next character.
    pub(in crate::engine::mongodb::dialect) fn next_token(&mut self) -> Result<Option<char>, SyntaxError> {
        loop {
            let rest = self.rest();
            if rest.starts_with([' ', '\t', '\n', '\r']) {
                self.at += 1;
            } else if let Some(comment) = rest.strip_prefix("//") {
                let length = comment.find(['\n', '\r']).unwrap_or(comment.len());
                self.comment(2 + length, 2 + length)?;
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let length = comment.find("*/").ok_or_else(|| self.error("a comment has no end"))?;
                self.comment(2 + length, 4 + length)?;
            } else {
                return Ok(rest.chars().next());
            }
        }
    }

    /// Steps over a comment in which nothing reorders or erases what stands beside it on a screen.
    fn comment(&mut self, text: usize, whole: usize) -> Result<(), SyntaxError> {
        if let Some((at, _)) =
            self.rest()[..text].char_indices().find(|(_, c)| risky(*c) && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err(SyntaxError::new(self.at + at, "an invisible or misleading character stands in a comment"));
        }
        self.at += whole;
        Ok(())
    }

    /// Takes a character when it is the next one.
    pub(in crate::engine::mongodb::dialect) fn takes(&mut self, wanted: char) -> Result<bool, SyntaxError> {
        let found = self.next_token()? == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        Ok(found)
    }

    /// Takes a character that must be the next one.
    pub(super) fn expect(&mut self, wanted: char, place: &str) -> Result<(), SyntaxError> {
        if self.takes(wanted)? { Ok(()) } else { Err(self.unexpected(&format!("`{wanted}` {place}"))) }
    }

    /// Says what was found instead.
    pub(in crate::engine::mongodb::dialect) fn unexpected(&self, wanted: &str) -> SyntaxError {
        match self.peek() {
            None => self.error(format!("the text ends where {wanted} is wanted")),
            Some(c) if risky(c) => self.error(format!(
                "an invisible or misleading character (U+{:04X}) stands outside a literal",
                u32::from(c)
            )),
            Some(c) => self.error(format!("`{c}` stands where {wanted} is wanted")),
        }
    }

    /// Nothing but blanks, comments and semicolons may follow.
    pub(in crate::engine::mongodb::dialect) fn end(&mut self) -> Result<(), SyntaxError> {
        while self.takes(';')? {}
        match self.next_token()? {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end of the statement")),
        }
    }

    /// A bare word: a key, a keyword, a name. Empty when none stands here.
    pub(in crate::engine::mongodb::dialect) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '$')) || risky(*c))
            .map_or(rest.len(), |(at, _)| at);
        self.at += length;
        &rest[..length]
    }

    /// A string in single or double quotes, with the escapes of JSON and JavaScript.
    pub(super) fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let quote = self.take();
        let unfinished = || SyntaxError::new(start, "a string has no end");
        let mut out = String::new();
        loop {
            let c = self.take().ok_or_else(unfinished)?;
            if Some(c) == quote {
                return Ok(out);
            }
            match c {
                '\\' => self.escape(&mut out)?,
                c if u32::from(c) < 0x20 && c != '\t' => return Err(unfinished()),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), SyntaxError> {
        let at = self.at;
        let bad = || SyntaxError::new(at, "a backslash stands before something that is no escape");
        out.push(match self.take().ok_or_else(bad)? {
            c @ ('"' | '\'' | '\\' | '/' | '`') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => char::from_u32(self.hex(2).ok_or_else(bad)?).ok_or_else(bad)?,
            'u' => self.unicode().ok_or_else(bad)?,
            _ => return Err(bad()),
        });
        Ok(())
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits).filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += digits;
        u32::from_str_radix(text, 16).ok()
    }

    /// What follows `\u`: four digits, two such escapes for one character, or `{digits}`.
    fn unicode(&mut self) -> Option<char> {
        if let Some(braced) = self.rest().strip_prefix('{') {
            let digits = braced.find('}').filter(|n| (1..=6).contains(n))?;
            self.at += 1;
            let code = self.hex(digits)?;
            self.at += 1;
            return char::from_u32(code);
        }
        let first = self.hex(4)?;
        if (0xD800..0xDC00).contains(&first) {
            if !self.rest().starts_with("\\u") {
                return None;
            }
            self.at += 2;
            let second = self.hex(4).filter(|code| (0xDC00..0xE000).contains(code))?;
            return char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
        }
        char::from_u32(first)
    }

    /// A number, as JSON writes them, with a sign.
    pub(super) fn number(&mut self) -> Result<Number, SyntaxError> {
        let rest = self.rest();
        let mut previous = ' ';
        let length = rest
            .char_indices()
            .find(|&(_, c)| {
                let part = c.is_ascii_digit()
                    || matches!(c, '.' | 'e' | 'E')
                    || matches!(c, '+' | '-') && matches!(previous, ' ' | 'e' | 'E');
                previous = c;
                !part
            })
            .map_or(rest.len(), |(at, _)| at);
        let text = &rest[..length];
        let digits = text.trim_start_matches(['-', '+']);
        // A leading zero is octal to some readers, and `0x10` is no number here.
        let ambiguous = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        let glued = rest[length..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
        let bad = || self.error("this is no number; write it in decimal digits");
        if ambiguous || glued {
            return Err(bad());
        }
        let number = match text.strip_prefix('+').unwrap_or(text).parse::<i64>() {
            Ok(whole) => Number::Whole(whole),
            Err(_) => Number::Real(text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(bad)?),
        };
        self.at += length;
        Ok(number)
    }

    /// The pattern and flags of `/pattern/flags`.
    pub(super) fn regex(&mut self) -> Result<(String, String), SyntaxError> {
        let start = self.at;
        let unfinished = || SyntaxError::new(start, "a regular expression has no end");
        self.take();
        let (mut pattern, mut in_class) = (String::new(), false);
        loop {
            match self.take().ok_or_else(unfinished)? {
                '\n' | '\r' => return Err(unfinished()),
                '\\' => match self.take().ok_or_else(unfinished)? {
                    '\n' | '\r' => return Err(unfinished()),
                    '/' => pattern.push('/'),
                    c => pattern.extend(['\\', c]),
                },
                '/' if !in_class => break,
                c => {
                    in_class = c == '[' || in_class && c != ']';
                    pattern.push(c);
                }
            }
        }
        Ok((pattern, self.word().to_owned()))
    }
}
