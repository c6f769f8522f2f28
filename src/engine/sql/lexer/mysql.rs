//! Splits a statement into tokens by the lexical rules of MySQL and MariaDB (`sql_lex.cc`) under the `sql_mode` that
//! our sessions pin: no `ANSI_QUOTES`, no `NO_BACKSLASH_ESCAPES`.

use super::{Kind, Token};

/// All tokens of `text`, without gaps.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let mut tokens: Vec<Token> = Vec::new();
    while reader.at < text.len() {
        let start = reader.at;
        // After `name.` even digits begin a name: `t.5a` and `t.1e5` are columns.
        let after_dot = match tokens.as_slice() {
            [.., name, dot] => {
                text[dot.range.clone()] == *"."
                    && dot.range.end == start
                    && name.range.end == dot.range.start
                    && matches!(name.kind, Kind::Word | Kind::QuotedName)
            }
            _ => false,
        };
        let after_name = tokens.last().is_some_and(|t| matches!(t.kind, Kind::Word | Kind::QuotedName));
        let kind = if after_dot && in_word(reader.peek(0)) {
            reader.word()
        } else if after_name && reader.peek(0) == b'.' {
            reader.at += 1;
            Kind::Symbol
        } else {
            reader.token()
        };
        tokens.push(Token { kind, range: start..reader.at });
    }
    tokens
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
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

    fn word(&mut self) -> Kind {
        self.skip_while(in_word);
        Kind::Word
    }

    fn token(&mut self) -> Kind {
        match self.peek(0) {
            byte if is_blank(byte) => {
                self.skip_while(is_blank);
                Kind::Space
            }
            b'#' => self.line_comment(),
            // Two dashes begin a comment only before a blank or a control character; `1--1` is 2. The end of the
            // text counts as one.
            b'-' if self.peek(1) == b'-' && (self.peek(2) == b' ' || self.peek(2).is_ascii_control()) => {
                self.line_comment()
            }
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            quote @ (b'\'' | b'"') => self.text(quote),
            b'`' => self.quoted_name(),
            b'n' | b'N' if self.peek(1) == b'\'' => {
                self.at += 1;
                self.text(b'\'')
            }
            b'x' | b'X' if self.peek(1) == b'\'' => self.digits_in_quotes(|b| b.is_ascii_hexdigit()),
            b'b' | b'B' if self.peek(1) == b'\'' => self.digits_in_quotes(|b| matches!(b, b'0' | b'1')),
            b'@' => self.variable(),
            b'?' => {
                self.at += 1;
                Kind::Parameter
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            byte if in_word(byte) => self.word(),
            _ => {
                // Everything from 0x80 on is a part of a word, so this is one ASCII character.
                self.at += 1;
                Kind::Symbol
            }
        }
    }

    fn line_comment(&mut self) -> Kind {
        self.skip_while(|b| b != b'\n');
        Kind::Comment
    }

    /// Comments do not nest.
    fn block_comment(&mut self) -> Kind {
        match self.text[self.at + 2..].find("*/") {
            Some(length) => {
                self.at += length + 4;
                Kind::Comment
            }
            None => self.broken(),
        }
    }

    fn broken(&mut self) -> Kind {
        self.at = self.text.len();
        Kind::Broken
    }

    /// A literal from its opening quote on: a backslash escapes, a doubled quote stands for one.
    fn text(&mut self, quote: u8) -> Kind {
        self.at += 1;
        loop {
            match self.peek(0) {
                _ if self.at >= self.bytes.len() => return self.broken(),
                b'\\' => self.at += 2,
                byte if byte == quote && self.peek(1) == quote => self.at += 2,
                byte if byte == quote => {
                    self.at += 1;
                    return Kind::Text;
                }
                _ => self.at += 1,
            }
        }
    }

    /// A backslash means nothing between backticks.
    fn quoted_name(&mut self) -> Kind {
        self.at += 1;
        loop {
            self.skip_while(|b| b != b'`');
            if self.at >= self.bytes.len() {
                return Kind::Broken;
            }
            self.at += 1;
            if self.peek(0) != b'`' {
                return Kind::QuotedName;
            }
            self.at += 1;
        }
    }

    /// `x'1f'`, `b'01'`: the server accepts digits and nothing else between the quotes.
    fn digits_in_quotes(&mut self, digit: impl Fn(u8) -> bool) -> Kind {
        self.at += 2;
        self.skip_while(digit);
        if self.peek(0) == b'\'' {
            self.at += 1;
            Kind::Text
        } else {
            self.broken()
        }
    }

    /// `@name`, `@'any name'`, `@@setting`, `@@global.setting`.
    fn variable(&mut self) -> Kind {
        self.at += 1;
        let system = self.peek(0) == b'@';
        if system {
            self.at += 1;
        }
        loop {
            match self.peek(0) {
                quote @ (b'\'' | b'"') if !system => return self.variable_end(quote),
                b'`' => {
                    if self.quoted_name() == Kind::Broken {
                        return Kind::Broken;
                    }
                }
                byte if in_word(byte) => self.skip_while(in_word),
                _ => return if self.bytes[self.at - 1] == b'@' { Kind::Symbol } else { Kind::Parameter },
            }
            if self.peek(0) == b'.' && (in_word(self.peek(1)) || self.peek(1) == b'`') {
                self.at += 1;
            } else {
                return Kind::Parameter;
            }
        }
    }

    fn variable_end(&mut self, quote: u8) -> Kind {
        match self.text(quote) {
            Kind::Text => Kind::Parameter,
            other => other,
        }
    }

    /// A number, or a name that begins with a digit. What the server splits into a number and a name that touch
    /// (`1e5x`) is broken: nobody writes that but to confuse a reader.
    fn number(&mut self) -> Kind {
        for (marker, is_digit) in
            [(b'x', u8::is_ascii_hexdigit as fn(&u8) -> bool), (b'b', |b| matches!(b, b'0' | b'1'))]
        {
            if self.peek(0) == b'0' && self.peek(1) == marker && is_digit(&self.peek(2)) {
                let start = self.at;
                self.at += 2;
                self.skip_while(|b| is_digit(&b));
                if !in_word(self.peek(0)) {
                    return Kind::Number;
                }
                self.at = start;
                return self.word();
            }
        }
        self.skip_while(|b| b.is_ascii_digit());
        if self.peek(0) == b'.' {
            self.at += 1;
            self.skip_while(|b| b.is_ascii_digit());
        } else if in_word(self.peek(0)) && !matches!(self.peek(0), b'e' | b'E') {
            return self.word();
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + sign).is_ascii_digit() {
                self.at += 1 + sign;
                self.skip_while(|b| b.is_ascii_digit());
            } else if self.bytes[..self.at].last() != Some(&b'.') {
                return self.word();
            }
        }
        if in_word(self.peek(0)) { self.broken() } else { Kind::Number }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};
    use Kind::{Broken, Comment, Number, Parameter, QuotedName, Symbol, Text, Word};

    fn read(text: &str) -> Vec<(Kind, &str)> {
        let all = tokens(text);
        assert_eq!(all.iter().map(|t| &text[t.range.clone()]).collect::<String>(), text, "tokens leave no gap");
        all.into_iter().filter(|t| t.kind != Kind::Space).map(|t| (t.kind, &text[t.range])).collect()
    }

    #[test]
    fn comments_begin_and_end_where_the_server_says() {
        assert_eq!(read("1--1"), [(Number, "1"), (Symbol, "-"), (Symbol, "-"), (Number, "1")]);
        assert_eq!(read("1 -- 1\n2"), [(Number, "1"), (Comment, "-- 1"), (Number, "2")]);
        assert_eq!(read("1 --\t1\r2"), [(Number, "1"), (Comment, "--\t1\r2")]);
        assert_eq!(read("1 --"), [(Number, "1"), (Comment, "--")]);
        assert_eq!(read("1 # x\n2"), [(Number, "1"), (Comment, "# x"), (Number, "2")]);
        assert_eq!(read("/* /* */ 1 */"), [(Comment, "/* /* */"), (Number, "1"), (Symbol, "*"), (Symbol, "/")]);
        assert_eq!(read("/* x"), [(Broken, "/* x")]);
    }

    #[test]
    fn quotes_end_where_the_server_ends_them() {
        assert_eq!(read(r"'a\'b' x"), [(Text, r"'a\'b'"), (Word, "x")]);
        assert_eq!(read(r"'a\\' x"), [(Text, r"'a\\'"), (Word, "x")]);
        assert_eq!(read("'a''b' \"c\"\"d\""), [(Text, "'a''b'"), (Text, "\"c\"\"d\"")]);
        assert_eq!(read(r"'é\é'"), [(Text, r"'é\é'")]);
        assert_eq!(read("`a``b` `c\\`"), [(QuotedName, "`a``b`"), (QuotedName, "`c\\`")]);
        assert_eq!(read("N'a' x'1F' b'01'"), [(Text, "N'a'"), (Text, "x'1F'"), (Text, "b'01'")]);
        assert_eq!(read("x'1g' 2"), [(Broken, "x'1g' 2")]);
        assert_eq!(read("'a\\"), [(Broken, "'a\\")]);
        assert_eq!(read("_utf8mb4'a'"), [(Word, "_utf8mb4"), (Text, "'a'")]);
        assert_eq!(read("`a"), [(Broken, "`a")]);
    }

    #[test]
    fn numbers_names_and_variables_are_told_apart() {
        assert_eq!(
            read("0x1F 0b11 0xg 1.5e-3 .5 2024_sales"),
            [
                (Number, "0x1F"),
                (Number, "0b11"),
                (Word, "0xg"),
                (Number, "1.5e-3"),
                (Number, ".5"),
                (Word, "2024_sales"),
            ]
        );
        assert_eq!(read("t.5a"), [(Word, "t"), (Symbol, "."), (Word, "5a")]);
        assert_eq!(read("1e5x"), [(Broken, "1e5x")]);
        assert_eq!(
            read("@a.b @@global.x @'a b' @`c` @@`d`"),
            [
                (Parameter, "@a.b"),
                (Parameter, "@@global.x"),
                (Parameter, "@'a b'"),
                (Parameter, "@`c`"),
                (Parameter, "@@`d`"),
            ]
        );
        assert_eq!(read("@x:=1"), [(Parameter, "@x"), (Symbol, ":"), (Symbol, "="), (Number, "1")]);
    }
}
