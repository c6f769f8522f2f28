//! The members of a JSON object that is one line of a log, without building a tree of it.
//!
//! A line may be cut off or broken: what was read before the fault is given, and the rest is not.

use super::event::push_lossy;
use memchr::{memchr, memchr2};

/// A value, as its bytes in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'j> {
    /// What stands between the quotes, escapes and all.
    Text(&'j [u8]),
    /// A number, `true`, `false` or `null`.
    Plain(&'j [u8]),
    /// With its braces.
    Object(&'j [u8]),
    /// With its brackets.
    Array(&'j [u8]),
}

impl<'j> Value<'j> {
    /// A whole number.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Text(bytes) | Self::Plain(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub fn count(self) -> Option<u64> {
        self.integer().and_then(|n| u64::try_from(n).ok())
    }

    /// The bytes that stand for it: text without its quotes, everything else as it is.
    pub fn raw(self) -> &'j [u8] {
        match self {
            Self::Text(bytes) | Self::Plain(bytes) | Self::Object(bytes) | Self::Array(bytes) => bytes,
        }
    }

    /// Adds it to a text: text without its escapes, `null` as nothing, everything else as it is.
    pub fn push_to(self, text: &mut String) {
        match self {
            Self::Text(bytes) => unescape(bytes, |part| push_lossy(text, part)),
            Self::Plain(b"null") => {}
            other => push_lossy(text, other.raw()),
        }
    }

    /// Its text as a value.
    pub fn text(self) -> String {
        let mut text = String::new();
        self.push_to(&mut text);
        text
    }

    /// A member of an object.
    pub fn member(self, key: &str) -> Option<Value<'j>> {
        match self {
            Self::Object(bytes) => member(bytes, key),
            _ => None,
        }
    }
}

/// A member of an object by its key.
pub fn member<'j>(object: &'j [u8], key: &str) -> Option<Value<'j>> {
    Members::of(object).find(|(k, _)| *k == key.as_bytes()).map(|(_, value)| value)
}

/// The members of an object, in their order: the key as it stands between its quotes, and the value.
#[derive(Debug)]
pub struct Members<'j> {
    rest: &'j [u8],
}

impl<'j> Members<'j> {
    /// The members of the object with which these bytes begin; none when there is none.
    pub fn of(bytes: &'j [u8]) -> Self {
        let rest = bytes.trim_ascii_start().strip_prefix(b"{").unwrap_or(&[]);
        Self { rest }
    }
}

impl<'j> Iterator for Members<'j> {
    type Item = (&'j [u8], Value<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest).trim_ascii_start();
        let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start().strip_prefix(b"\"")?;
        let key_end = text_length(rest);
        let key = &rest[..key_end];
        let rest = rest.get(key_end + 1..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, used) = value(rest)?;
        self.rest = rest.get(used..).unwrap_or(&[]);
        Some((key, value))
    }
}

/// The value with which these bytes begin, and how many it takes.
fn value(bytes: &[u8]) -> Option<(Value<'_>, usize)> {
    match bytes.first()? {
        b'"' => {
            let length = text_length(&bytes[1..]);
            Some((Value::Text(&bytes[1..=length]), length + 2))
        }
        b'{' => nested_length(bytes).map(|n| (Value::Object(&bytes[..n]), n)),
        b'[' => nested_length(bytes).map(|n| (Value::Array(&bytes[..n]), n)),
        _ => {
            let end = bytes.iter().position(|b| matches!(b, b',' | b'}' | b']')).unwrap_or(bytes.len());
            let plain = bytes[..end].trim_ascii_end();
            (!plain.is_empty()).then_some((Value::Plain(plain), end))
        }
    }
}

/// Bytes up to the quote that ends a text, or to the end of what is there.
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at = (at + 2).min(bytes.len());
    }
    bytes.len()
}

/// Bytes of an object or array with everything in it, or all that are there.
fn nested_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at += 1 + text_length(&bytes[at + 1..]),
            _ => {}
        }
        at += 1;
    }
    Some(bytes.len())
}

/// Gives a text without its escapes, in parts.
pub fn unescape(mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
    while let Some(at) = memchr(b'\\', bytes) {
        each(&bytes[..at]);
        let mut used = 2;
        match bytes.get(at + 1) {
            Some(b'n') => each(b"\n"),
            Some(b't') => each(b"\t"),
            Some(b'r') => each(b"\r"),
            Some(b'b') => each(b"\x08"),
            Some(b'f') => each(b"\x0c"),
            Some(b'u') => {
                let (character, length) = unicode(&bytes[at..]);
                used = length;
                each(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(other) => each(&[*other]),
            None => used = 1,
        }
        bytes = bytes.get(at + used..).unwrap_or(&[]);
    }
    each(bytes);
}

/// The character of `\uD83D\uDE80` at the start, and the bytes that it takes. A half of a pair is `U+FFFD`.
fn unicode(bytes: &[u8]) -> (char, usize) {
    let unit = |from: usize| {
        let digits = std::str::from_utf8(bytes.get(from + 2..from + 6)?).ok()?;
        bytes[from..].starts_with(b"\\u").then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    match unit(0) {
        Some(high @ 0xD800..=0xDBFF) => match unit(6) {
            Some(low @ 0xDC00..=0xDFFF) => {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
            }
            _ => (char::REPLACEMENT_CHARACTER, 6),
        },
        Some(code) => (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
        None => (char::REPLACEMENT_CHARACTER, 2),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(line: &str) -> Vec<(String, String)> {
        Members::of(line.as_bytes()).map(|(k, v)| (String::from_utf8_lossy(k).into_owned(), v.text())).collect()
    }

    #[test]
    fn members_of_every_shape() {
        let line = r#" {"a":"x\n\"y\" \u00e9\ud83d\ude80","b": -12.5 ,"c":null,"d":{"e":"}"},"f":["]",1]}"#;
        let expected = [("a", "x\n\"y\" é🚀"), ("b", "-12.5"), ("c", ""), ("d", r#"{"e":"}"}"#), ("f", r#"["]",1]"#)];
        assert_eq!(read(line), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(member(line.as_bytes(), "d").unwrap().member("e").unwrap().text(), "}");
    }

    #[test]
    fn every_cut_of_a_line_gives_what_is_there() {
        let line = r#"{"time":"now","attr":{"x":["a","b\\"],"n":1},"msg":"bye \u00e9"}"#;
        let whole = read(line);
        for end in (0..line.len()).filter(|i| line.is_char_boundary(*i)) {
            let cut = read(&line[..end]);
            assert!(cut.len() <= whole.len() && cut.iter().zip(&whole).all(|(a, b)| a.0 == b.0), "{}", &line[..end]);
        }
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for line in ["", "[1]", "\"x\"", "{", "{}", "{]", "{\"a\"", "{\"a\":}", "}{"] {
            assert!(read(line).is_empty(), "{line}");
        }
    }
}
