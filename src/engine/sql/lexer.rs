//! Splits a statement into tokens by the lexical rules of PostgreSQL (`scan.l`), of SQLite (`tokenize.c`) or of MySQL,
//! which differs so much that its reader is apart.
//!
//! A grammar that sees a comment where the server sees code is a hole. So this reader is small, follows the server's
//! own rules to the byte, and what a parser crate makes of the same text is compared with it.

mod mysql;

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blanks and line ends.
    Space,
    /// `-- ...` or `/* ... */`.
    Comment,
    /// A keyword or a bare name.
    Word,
    /// A name in quotes, backticks or brackets.
    QuotedName,
    /// A literal in quotes of any kind.
    Text,
    /// A number.
    Number,
    /// A placeholder.
    Parameter,
    /// One character of punctuation or of an operator.
    Symbol,
    /// A quote or comment without its end.
    Broken,
}

/// A token and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it stands.
    pub(crate) range: Range<usize>,
}

/// Whose lexical rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lexis {
    /// PostgreSQL with `standard_conforming_strings` on: nested comments, dollar quotes, prefixed strings.
    Postgres,
    /// SQLite: flat comments that may end with the text, names in backticks and brackets.
    Sqlite,
    /// MySQL and MariaDB: backslashes escape, double quotes hold text, `@` begins a variable.
    Mysql,
}

/// All tokens of `text`, without gaps.
pub(crate) fn tokens(text: &str, lexis: Lexis) -> Vec<Token> {
    if lexis == Lexis::Mysql {
        return mysql::tokens(text);
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), lexis, at: 0 };
    let mut tokens = Vec::new();
    while reader.at < text.len() {
        let start = reader.at;
        let kind = reader.token();
        tokens.push(Token { kind, range: start..reader.at });
    }
    tokens
}

/// The tokens that mean something: no blanks, no comments.
pub(crate) fn meaningful(text: &str, lexis: Lexis) -> Vec<Token> {
    let mut tokens = tokens(text, lexis);
    tokens.retain(|t| !matches!(t.kind, Kind::Space | Kind::Comment));
    tokens
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    lexis: Lexis,
    at: usize,
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn in_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

impl Reader<'_> {
    /// The byte `ahead` of the current one; 0 past the end (a real NUL is refused before anything is judged).
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && wanted(self.bytes[self.at]) {
            self.at += 1;
        }
    }

    fn blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C) || (byte == 0x0B && self.lexis == Lexis::Postgres)
    }

    fn token(&mut self) -> Kind {
        let first = self.peek(0);
        let postgres = self.lexis == Lexis::Postgres;
        match first {
            byte if self.blank(byte) => {
                while self.at < self.bytes.len() && self.blank(self.bytes[self.at]) {
                    self.at += 1;
                }
                Kind::Space
            }
            b'-' if self.peek(1) == b'-' => {
                // PostgreSQL ends the comment at either line end, SQLite at a line feed only.
                self.skip_while(|b| b != b'\n' && !(postgres && b == b'\r'));
                Kind::Comment
            }
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'\'' => self.text(postgres.then_some(false)),
            b'"' => self.quoted(b'"', Kind::QuotedName),
            b'`' if !postgres => self.quoted(b'`', Kind::QuotedName),
            b'[' if !postgres => self.bracketed(),
            b'$' if postgres => self.dollar(),
            b'?' | b'@' | b'#' | b':' | b'$' if !postgres => self.parameter(),
            b'e' | b'E' if postgres && self.peek(1) == b'\'' => {
                self.at += 1;
                self.text(Some(true))
            }
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if self.peek(1) == b'\'' && (postgres || first | 32 == b'x') => {
                self.at += 1;
                self.text(postgres.then_some(false))
            }
            b'u' | b'U' if postgres && self.peek(1) == b'&' && matches!(self.peek(2), b'\'' | b'"') => {
                self.at += 2;
                if self.peek(0) == b'"' { self.quoted(b'"', Kind::QuotedName) } else { self.text(Some(false)) }
            }
            byte if starts_word(byte) => {
                self.skip_while(in_word);
                Kind::Word
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ => {
                // Everything from 0x80 on starts a word, so this is one ASCII character.
                self.at += 1;
                Kind::Symbol
            }
        }
    }

    fn block_comment(&mut self) -> Kind {
        self.at += 2;
        let mut depth = 1_usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'*', b'/') => {
                    self.at += 2;
                    depth -= 1;
                    if depth == 0 {
                        return Kind::Comment;
                    }
                }
                (b'/', b'*') if self.lexis == Lexis::Postgres => {
                    self.at += 2;
                    depth += 1;
                }
                _ => self.at += 1,
            }
        }
        // SQLite accepts a comment that the text ends in; a person who left one open is told so instead.
        Kind::Broken
    }

    /// A literal from its opening quote on. `backslash` is `Some` where PostgreSQL's rule holds that a literal goes
    /// on after a line end, and tells whether a backslash escapes.
    fn text(&mut self, backslash: Option<bool>) -> Kind {
        self.at += 1;
        loop {
            match self.peek(0) {
                _ if self.at >= self.bytes.len() => return Kind::Broken,
                b'\\' if backslash == Some(true) => self.at = (self.at + 2).min(self.bytes.len()),
                b'\'' if self.peek(1) == b'\'' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    match backslash.and_then(|_| self.continuation()) {
                        Some(next_quote) => self.at = next_quote + 1,
                        None => break,
                    }
                }
                _ => self.at += 1,
            }
        }
        // An escaped multi-byte character may leave us inside it.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Kind::Text
    }

    /// The quote that continues a literal: blanks and `--` comments with at least one line end, then a quote.
    fn continuation(&self) -> Option<usize> {
        let mut at = self.at;
        let mut line_ended = false;
        loop {
            match self.bytes.get(at)? {
                b'\n' | b'\r' => {
                    line_ended = true;
                    at += 1;
                }
                &byte if self.blank(byte) => at += 1,
                b'-' if self.bytes.get(at + 1) == Some(&b'-') => {
                    while !matches!(self.bytes.get(at)?, b'\n' | b'\r') {
                        at += 1;
                    }
                }
                b'\'' if line_ended => return Some(at),
                _ => return None,
            }
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind) -> Kind {
        self.at += 1;
        while self.at < self.bytes.len() {
            if self.peek(0) == quote {
                if self.peek(1) == quote {
                    self.at += 2;
                    continue;
                }
                self.at += 1;
                return kind;
            }
            self.at += 1;
        }
        Kind::Broken
    }

    fn bracketed(&mut self) -> Kind {
        self.skip_while(|b| b != b']');
        if self.at < self.bytes.len() {
            self.at += 1;
            Kind::QuotedName
        } else {
            Kind::Broken
        }
    }

    fn dollar(&mut self) -> Kind {
        let rest = &self.text[self.at + 1..];
        let tag_length = rest.bytes().take_while(|&b| b != b'$' && in_word(b)).count();
        let tag_starts_well = tag_length == 0 || starts_word(rest.as_bytes()[0]);
        if tag_starts_well && rest.as_bytes().get(tag_length) == Some(&b'$') {
            let delimiter = &self.text[self.at..self.at + tag_length + 2];
            let body = self.at + delimiter.len();
            return if let Some(end) = self.text[body..].find(delimiter) {
                self.at = body + end + delimiter.len();
                Kind::Text
            } else {
                self.at = self.text.len();
                Kind::Broken
            };
        }
        self.at += 1;
        if self.peek(0).is_ascii_digit() {
            self.skip_while(|b| b.is_ascii_digit());
            Kind::Parameter
        } else {
            Kind::Symbol
        }
    }

    fn parameter(&mut self) -> Kind {
        self.at += 1;
        let start = self.at;
        self.skip_while(in_word);
        if self.at > start || self.bytes[start - 1] == b'?' { Kind::Parameter } else { Kind::Symbol }
    }

    fn number(&mut self) -> Kind {
        let hexadecimal = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X');
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        // `1..10` is a range, not two fractions.
        if self.peek(0) == b'.' && self.peek(1) != b'.' {
            self.at += 1;
            self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        }
        let exponent = !hexadecimal && matches!(self.bytes[self.at - 1], b'e' | b'E');
        if exponent && matches!(self.peek(0), b'+' | b'-') && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(|b| b.is_ascii_digit());
        }
        Kind::Number
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Lexis, tokens};

    fn read(text: &str, lexis: Lexis) -> Vec<(Kind, &str)> {
        let all = tokens(text, lexis);
        assert_eq!(all.iter().map(|t| &text[t.range.clone()]).collect::<String>(), text, "tokens leave no gap");
        all.into_iter().filter(|t| t.kind != Kind::Space).map(|t| (t.kind, &text[t.range])).collect()
    }

    #[test]
    fn postgres_quotes_end_where_the_server_ends_them() {
        use Kind::{Broken, Comment, Number, QuotedName, Symbol, Text, Word};
        let pg = |text| read(text, Lexis::Postgres);
        assert_eq!(pg("'a''b' x"), [(Text, "'a''b'"), (Word, "x")]);
        assert_eq!(pg("'a\\' x"), [(Text, "'a\\'"), (Word, "x")]);
        assert_eq!(pg(r"E'a\'b' x"), [(Text, r"E'a\'b'"), (Word, "x")]);
        assert_eq!(pg(r"e'\é' x"), [(Text, r"e'\é'"), (Word, "x")]);
        assert_eq!(pg("E'a' -- c\n'\\'' x"), [(Text, "E'a' -- c\n'\\''"), (Word, "x")]);
        assert_eq!(pg("'a' 'b'"), [(Text, "'a'"), (Text, "'b'")]);
        assert_eq!(pg("$a$ $$ $b$ $a$ x"), [(Text, "$a$ $$ $b$ $a$"), (Word, "x")]);
        assert_eq!(pg("a$$b $$ $$"), [(Word, "a$$b"), (Text, "$$ $$")]);
        assert_eq!(pg("U&\"d\\0061\" \"a\"\"b\""), [(QuotedName, "U&\"d\\0061\""), (QuotedName, "\"a\"\"b\"")]);
        assert_eq!(
            pg("/* /* */ */ 1 -- x\r2"),
            [(Comment, "/* /* */ */"), (Number, "1"), (Comment, "-- x"), (Number, "2")]
        );
        assert_eq!(pg("1..2"), [(Number, "1"), (Symbol, "."), (Number, ".2")]);
        assert_eq!(pg("/* /* */ 1"), [(Broken, "/* /* */ 1")]);
        assert_eq!(pg("$x$ y"), [(Broken, "$x$ y")]);
        assert_eq!(pg("$1 1.5e-3"), [(Kind::Parameter, "$1"), (Number, "1.5e-3")]);
    }

    #[test]
    fn sqlite_has_flat_comments_and_four_quotes() {
        use Kind::{Comment, Number, QuotedName, Symbol, Text, Word};
        let lite = |text| read(text, Lexis::Sqlite);
        assert_eq!(lite("/* /* */ 1"), [(Comment, "/* /* */"), (Number, "1")]);
        assert_eq!(lite("-- a\r b\n1"), [(Comment, "-- a\r b"), (Number, "1")]);
        assert_eq!(
            lite("[a b] `c` \"d\" 'e'"),
            [(QuotedName, "[a b]"), (QuotedName, "`c`"), (QuotedName, "\"d\""), (Text, "'e'")]
        );
        assert_eq!(lite("x'ab' E'a'"), [(Text, "x'ab'"), (Word, "E"), (Text, "'a'")]);
        assert_eq!(
            lite("?1 :a @b $c"),
            [(Kind::Parameter, "?1"), (Kind::Parameter, ":a"), (Kind::Parameter, "@b"), (Kind::Parameter, "$c")]
        );
        assert_eq!(lite("'a\n' 'b'"), [(Text, "'a\n'"), (Text, "'b'")]);
        assert_eq!(lite("a==b"), [(Word, "a"), (Symbol, "="), (Symbol, "="), (Word, "b")]);
    }
}
