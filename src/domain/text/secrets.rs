//! Secrets in untrusted text: where one stands is read from the name before it, the call around it or the command that
//! takes it, in any dialect, in SQL, JSON, connection strings and commands of shells alike.
//!
//! No grammar is followed, because a log line is cut anywhere and quotes in prose have no partner: each finding is read
//! on from the word that gives it away. Every byte is passed a fixed number of times, whatever the text is.

use super::secret_words::{self as words, Call, Sign};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Of a word longer than this only the end is looked at.
const LONGEST_NAME: usize = 64;
/// Words behind IDENTIFIED among which its secrets are looked for.
const CLAUSE_WORDS: usize = 16;
/// Bytes in which the format of an ENCODE or DECODE has to stand.
const CODEC_BYTES: usize = 512;

/// `scheme://user:password@`. A password may hold `/` and `@`.
#[allow(clippy::unwrap_used, reason = "a constant pattern, compiled in a test")]
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]*(?:/[^\s@]*)?@(?:[^\s/@'",]*@)*"#).unwrap()
});

/// The text with `***` in the place of each secret.
pub(super) fn redact(text: &str) -> String {
    let without_logins = LOGIN.replace_all(text, "$1:***@");
    let mut reader =
        Reader { text: &without_logins, at: 0, secrets: Vec::new(), line: Line::default(), looked_ahead: 0 };
    reader.read();
    if reader.secrets.is_empty() {
        return without_logins.into_owned();
    }
    let mut out = String::with_capacity(without_logins.len());
    let mut copied = 0;
    for secret in &reader.secrets {
        // What was found by two rules is replaced once.
        if secret.start >= copied {
            out.push_str(&without_logins[copied..secret.start]);
            out.push_str(HIDDEN);
        }
        copied = copied.max(secret.end);
    }
    out.push_str(&without_logins[copied..]);
    out
}

/// What the words of the present line have said so far: a command is a line.
#[derive(Default)]
struct Line {
    /// Words so far.
    count: usize,
    /// The word before names a table, an index or the like, and no function: `CREATE TABLE token(`.
    names_follow: bool,
    first: String,
    second: String,
}

/// Reads a text from its beginning to its end. All places are of ASCII characters, so that they can be cut at.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the secrets stand, in their order.
    secrets: Vec<Range<usize>>,
    line: Line,
    /// Bytes that were looked at and are read again.
    looked_ahead: usize,
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The first place from `at` on whose byte is another one.
    fn past(&self, mut at: usize, wanted: impl Fn(u8) -> bool) -> usize {
        while at < self.text.len() && wanted(self.byte(at)) {
            at += 1;
        }
        at
    }

    fn past_blanks(&self, at: usize) -> usize {
        self.past(at, |byte| byte.is_ascii_whitespace())
    }

    fn word_at(&self, at: usize) -> Range<usize> {
        at..self.past(at, in_word)
    }

    fn hide(&mut self, secret: Range<usize>) {
        self.at = self.at.max(secret.end);
        self.secrets.push(secret);
    }

    fn read(&mut self) {
        while self.at < self.text.len() {
            let byte = self.byte(self.at);
            if in_word(byte) {
                let word = self.word_at(self.at);
                self.at = word.end;
                self.word(word);
            } else {
                if byte == b'\n' {
                    self.line = Line::default();
                } else if matches!(byte, b'>' | b'<' | b'#' | b'!') && self.line_is("acl", "setuser") {
                    self.rule_of_a_user();
                }
                self.at += 1;
            }
        }
    }

    /// What a word gives away about what follows it.
    fn word(&mut self, word: Range<usize>) {
        // Cut at an ASCII byte, a name keeps its end, which is what tells.
        let mut start = word.start.max(word.end.saturating_sub(LONGEST_NAME));
        while !self.text.is_char_boundary(start) {
            start += 1;
        }
        let name = self.text[start..word.end].to_owned();
        let lower = name.to_ascii_lowercase();
        self.count_word(&lower);
        match lower.as_str() {
            "identified" => return self.identified(),
            "auth" | "auth2" if self.is_command(&lower) => return self.arguments_of_auth(&lower),
            _ => {}
        }
        if let Some(call) = words::call(&lower)
            && let Some(open) = self.opening(word.end)
        {
            return self.call(open, call);
        }
        let is_object = std::mem::replace(&mut self.line.names_follow, words::names_follow(&lower));
        if let Some(sign) = words::sign(&name) {
            if self.byte(word.end) == b'(' && !is_object {
                // `set_password('x')`: what is given to it is one.
                return self.call(word.end, Call::Keys);
            }
            self.value(word.end, sign);
        }
    }

    fn count_word(&mut self, lower: &str) {
        self.line.count += 1;
        match self.line.count {
            1 => lower.clone_into(&mut self.line.first),
            2 => lower.clone_into(&mut self.line.second),
            _ => {}
        }
    }

    fn line_is(&self, first: &str, second: &str) -> bool {
        self.line.first == first && self.line.second == second
    }

    /// Where the bracket of a call stands, right behind its name; a quoted name has its quote before it.
    fn opening(&self, at: usize) -> Option<usize> {
        let at = self.past(at, |byte| matches!(byte, b'"' | b'`'));
        let at = self.past_blanks(at);
        (self.byte(at) == b'(').then_some(at)
    }

    /// `name = 'value'`, `"name": "value"`, `name => 'value'`, `NAME 'value'`, `name=value`.
    fn value(&mut self, behind: usize, sign: Sign) {
        // The quotes of the name, which may be escaped themselves.
        let closed = self.past(behind, |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`' | b']'));
        let separator = self.past_blanks(closed);
        let operator = self.past(separator, |byte| matches!(byte, b'=' | b':' | b'>' | b'<' | b'!'));
        let value = self.past_blanks(operator);
        let spaced = value > operator;
        match &self.text[separator..operator] {
            "=" | ":" | "=>" | ":=" | "==" => {
                self.any(value, spaced);
            }
            "<>" | "!=" => {
                self.quoted(value, true);
            }
            "" if separator > behind => match sign {
                Sign::Setting => {
                    self.any(value, true);
                }
                Sign::SettingOfOne => {
                    let value = self.past_blanks(self.past(value, |byte| !byte.is_ascii_whitespace()));
                    self.any(value, true);
                }
                Sign::Clause => {
                    if !self.quoted(value, true) {
                        self.password_for(value);
                    }
                }
                Sign::Name => {
                    self.quoted(value, false);
                }
            },
            _ => {}
        }
    }

    /// `SET PASSWORD FOR somebody = '...'`
    fn password_for(&mut self, at: usize) {
        let word = self.word_at(at);
        if !self.text[word.clone()].eq_ignore_ascii_case("for") {
            return;
        }
        let account = self.past_blanks(word.end);
        let most = account + LONGEST_NAME * 4;
        let mut equals = account;
        while equals < most && !matches!(self.byte(equals), 0 | b'=' | b'\n' | b';') {
            equals += 1;
        }
        if self.byte(equals) == b'=' {
            let value = self.past_blanks(equals + 1);
            self.quoted(value, true);
        }
    }

    /// Hides a quoted text that begins here, if one does. What double quotes hold is a name in most dialects.
    fn quoted(&mut self, at: usize, double: bool) -> bool {
        match self.literal(at, double) {
            // An empty text keeps nothing.
            Some((literal, empty)) => {
                if !empty {
                    self.hide(literal);
                }
                true
            }
            None => false,
        }
    }

    /// The quoted text that begins here, with its prefix, and whether it is empty.
    fn literal(&self, at: usize, double: bool) -> Option<(Range<usize>, bool)> {
        let mut open = at;
        let prefix = self.word_at(at);
        if prefix.len() <= 12 && self.byte(prefix.end) == b'\'' {
            let name = self.text[prefix.clone()].to_ascii_lowercase();
            if matches!(name.as_str(), "e" | "n" | "x" | "b") || name.starts_with('_') {
                open = prefix.end;
            }
        } else if self.text[at..].starts_with("U&'") || self.text[at..].starts_with("u&'") {
            open = at + 2;
        }
        match self.byte(open) {
            b'$' => return self.dollar_quoted(open),
            b'\\' if matches!(self.byte(open + 1), b'"' | b'\'') => {
                // A text within a text: it ends at the same escaped quote.
                let mark = &self.text[open..open + 2];
                let from = open + 2;
                let end = self.text[from..].find(mark).map_or(self.text.len(), |end| from + end + 2);
                return Some((at..end, end == from + 2));
            }
            b'\'' => {}
            b'"' if double => {}
            _ => return None,
        }
        let mark = self.byte(open);
        if mark == b'\'' && self.byte(open + 1) == mark {
            let inner = self.byte(open + 2);
            if !(in_word(inner) || matches!(inner, b'$' | b'!' | b'@' | b'#' | b'%' | b'&' | b'*')) {
                return Some((at..open + 2, true));
            }
            // Doubled, because it stands within another text.
            let from = open + 2;
            let end = self.text[from..].find("''").map_or(self.text.len(), |end| from + end + 2);
            return Some((at..end, false));
        }
        let mut end = open + 1;
        while end < self.text.len() {
            match self.byte(end) {
                b'\\' => end += 2,
                byte if byte == mark && self.byte(end + 1) == mark => end += 2,
                byte if byte == mark => return Some((at..end + 1, end == open + 1)),
                _ => end += 1,
            }
        }
        Some((at..self.text.len(), false))
    }

    /// `$tag$ ... $tag$`
    fn dollar_quoted(&self, open: usize) -> Option<(Range<usize>, bool)> {
        let tag = self.past(open + 1, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if self.byte(tag) != b'$' || self.byte(open + 1).is_ascii_digit() || tag - open > LONGEST_NAME {
            return None;
        }
        let (mark, from) = (&self.text[open..=tag], tag + 1);
        let end = self.text[from..].find(mark).map_or(self.text.len(), |end| from + end + mark.len());
        Some((open..end, end == from + mark.len()))
    }

    /// Hides a value, with quotes or without.
    fn any(&mut self, at: usize, spaced: bool) {
        if !self.quoted(at, true) {
            self.bare(at, spaced);
        }
    }

    /// Hides a value without quotes, unless it is a place for one, a name or a call: `spaced` tells a statement, in which
    /// those occur, from a setting.
    fn bare(&mut self, at: usize, spaced: bool) {
        let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'\'' | b'"' | b'&' | b';' | b',');
        if self.byte(at) == b'(' {
            return;
        }
        let end = self.past(at, |byte| !(ends(byte) || spaced && byte == b'('));
        let value = &self.text[at..end];
        if value.is_empty() || self.byte(end) == b'(' || words::is_no_value(value, spaced) {
            return;
        }
        let is_scheme = matches!(value.to_ascii_lowercase().as_str(), "bearer" | "basic");
        let credentials = self.past_blanks(end);
        let last = self.past(credentials, |byte| !ends(byte));
        self.hide(if is_scheme && last > credentials { credentials..last } else { at..end });
    }

    /// A call whose quoted texts are secrets, from its bracket on.
    fn call(&mut self, open: usize, call: Call) {
        // Calls within calls without end are no statement: nothing in them is worth a second look.
        let is_nonsense = self.looked_ahead > self.text.len() * 4 + CODEC_BYTES * 4;
        let call = if is_nonsense { Call::Keys } else { call };
        let most = if call == Call::Codec { open + CODEC_BYTES } else { self.text.len() };
        let (mut at, mut depth, mut found) = (open + 1, 1_usize, Vec::new());
        // The depth at which a call begins that is given names and no secrets.
        let mut spared = None;
        while at < self.text.len().min(most) && depth > 0 {
            if let Some((literal, empty)) = self.literal(at, false) {
                if call == Call::Codec && depth == 1 && words::is_format(&self.text[literal.clone()]) {
                    self.looked_ahead += at - open;
                    return;
                }
                at = literal.end;
                if !empty && spared.is_none() && (call == Call::Keys || depth == 1) {
                    found.push(literal);
                }
                continue;
            }
            match self.byte(at) {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    spared = spared.filter(|spared| *spared <= depth);
                }
                byte if in_word(byte) => {
                    let word = self.word_at(at);
                    if spared.is_none()
                        && self.byte(self.past_blanks(word.end)) == b'('
                        && words::is_given_names(&self.text[word.clone()])
                    {
                        spared = Some(depth + 1);
                    }
                    at = word.end;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        for literal in found {
            self.hide(literal);
        }
        match call {
            Call::Keys => self.at = self.at.max(at),
            Call::Codec => self.looked_ahead += at - open,
        }
    }

    /// `IDENTIFIED [WITH plugin] BY 'x' REPLACE 'y'`, `IDENTIFIED VIA a USING 'x' OR b`, `IDENTIFIED BY x`.
    fn identified(&mut self) {
        let mut before = String::new();
        for _ in 0..CLAUSE_WORDS {
            let at = self.past_blanks(self.at);
            let gives = matches!(before.as_str(), "by" | "as" | "using" | "replace" | "password" | "values");
            if let Some((literal, _)) = self.literal(at, true) {
                self.at = literal.end;
                if gives {
                    self.hide(literal);
                }
                before.clear();
                continue;
            }
            if self.byte(at) == b'(' {
                self.at = at + 1;
                continue;
            }
            let word = self.word_at(at);
            if word.is_empty() {
                return;
            }
            let next = self.text[word.clone()].to_ascii_lowercase();
            if before == "by" && !matches!(next.as_str(), "random" | "values" | "password") {
                // In prose, something is identified by its number.
                if matches!(self.line.first.as_str(), "create" | "alter" | "grant") {
                    self.bare(at, true);
                }
                return;
            }
            self.at = word.end;
            before = next;
        }
    }

    /// AUTH is a command of Redis where it begins a line, or stands behind the words of one that takes it.
    fn is_command(&self, lower: &str) -> bool {
        match self.line.first.as_str() {
            "hello" | "migrate" => self.line.count > 1,
            first => first == lower && self.line.count == 1,
        }
    }

    /// `AUTH x`, `AUTH user x`, `HELLO 3 AUTH user x`, `MIGRATE ... AUTH x`, `MIGRATE ... AUTH2 user x`.
    fn arguments_of_auth(&mut self, lower: &str) {
        let most = match (self.line.first.as_str(), lower) {
            ("migrate", "auth") => 1,
            ("migrate" | "hello", _) => 2,
            // A whole line: more words than those are prose.
            _ => {
                let end = self.past(self.at, |byte| byte != b'\n');
                let given = self.text[self.at..end].split_ascii_whitespace().take(3).count();
                if given > 2 && self.literal(self.past_blanks(self.at), true).is_none() { 0 } else { 2 }
            }
        };
        for _ in 0..most {
            let quote = self.past(self.at, |byte| byte == b'"');
            let at = self.past(quote, |byte| matches!(byte, b' ' | b'\t'));
            if at == self.at || matches!(self.byte(at), b'\n' | b'\r' | 0) {
                return;
            }
            if !self.quoted(at, true) {
                let end = self.past(at, |byte| !byte.is_ascii_whitespace());
                self.hide(at..end);
            }
        }
    }

    /// `ACL SETUSER name >password`, and its removal; hashes too.
    fn rule_of_a_user(&mut self) {
        let end = self.past(self.at, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\''));
        if end > self.at + 1 {
            self.hide(self.at + 1..end);
            self.at -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
