//! Untrusted text: one escaper for screens, one redactor for logs.
//!
//! Every byte that a database, a log or a file wrote passes [`escape`] before it reaches a terminal. Nothing is
//! dropped silently: what cannot be shown is shown by its code point, `<U+202E>`.

mod secret_words;
mod secrets;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Longest text that a screen is given, bytes; the rest is replaced by its size.
pub const SCREEN_BYTES: usize = 4096;
/// Combining marks kept on one character.
const MARKS: usize = 4;

/// Makes untrusted text fit for one line of a terminal: newlines and tabs become visible marks.
pub fn escape(text: &str) -> String {
    escape_with(text, false)
}

/// The same, keeping newlines (as `\n`, the only control character in the result) and turning tabs into spaces.
pub fn escape_lines(text: &str) -> String {
    escape_with(text, true)
}

fn escape_with(text: &str, lines: bool) -> String {
    let (text, cut) = if text.len() > SCREEN_BYTES {
        let mut end = SCREEN_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        (&text[..end], Some(text.len()))
    } else {
        (text, None)
    };
    let mut out = String::with_capacity(text.len());
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        // Most texts of a screen: nothing in them could hide.
        out.push_str(text);
    } else {
        for cluster in text.graphemes(true) {
            escape_cluster(cluster, lines, &mut out);
        }
    }
    if let Some(bytes) = cut {
        out.push_str(&format!("... ({bytes} bytes)"));
    }
    out
}

fn escape_cluster(cluster: &str, lines: bool, out: &mut String) {
    if cluster.is_ascii() {
        for c in cluster.chars() {
            match c {
                '\n' if lines => out.push('\n'),
                '\r' if lines && cluster == "\r\n" => {}
                '\t' if lines => out.push_str("    "),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_ascii_control() => code_point(c, out),
                c => out.push(c),
            }
        }
        return;
    }
    let marks = cluster.chars().skip(1).count();
    let plain = cluster.chars().all(|c| !risky(c)) && marks <= MARKS && cluster.width() <= 2;
    if plain {
        out.push_str(cluster);
        return;
    }
    let mut kept_marks = 0;
    for (i, c) in cluster.chars().enumerate() {
        let mark = i > 0 && unicode_width::UnicodeWidthChar::width(c) == Some(0);
        if risky(c) || c.is_control() || (mark && kept_marks >= MARKS) {
            code_point(c, out);
        } else {
            kept_marks += usize::from(mark);
            out.push(c);
        }
    }
}

fn code_point(c: char, out: &mut String) {
    use std::fmt::Write as _;
    let _ = write!(out, "<U+{:04X}>", u32::from(c));
}

/// Characters that move, hide or reorder what is around them, or have no agreed width.
pub fn risky(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x1F | 0x7F..=0x9F          // C0, DEL, C1
        | 0xA0 | 0xAD                      // no-break space, soft hyphen
        | 0x034F | 0x061C | 0x180B..=0x180F
        | 0x115F | 0x1160 | 0x3164 | 0xFFA0 // fillers
        | 0x17B4 | 0x17B5
        | 0x1680 | 0x2000..=0x200F         // spaces of odd widths, zero-width, marks of direction
        | 0x2028..=0x202F | 0x205F..=0x206F
        | 0x2800                           // braille blank
        | 0x3000
        | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFB
        | 0xD800..=0xDFFF | 0xE000..=0xF8FF // surrogates cannot occur; private use has no width
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF | 0xF0000..=0x10_FFFF)
}

/// The first risky character of a text that may have several lines.
pub fn unseen(text: &str) -> Option<char> {
    text.chars().find(|&c| risky(c) && !matches!(c, '\n' | '\r' | '\t'))
}

/// A carriage return that ends no line: on a terminal, what follows it covers what stands before it. Only those within
/// the range count.
pub fn lone_return(text: &str, within: std::ops::Range<usize>) -> Option<char> {
    let bytes = text.as_bytes();
    let lone = |at: &usize| bytes.get(*at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n');
    within.into_iter().find(lone).map(|_| '\r')
}

/// True where a name mixes Latin with look-alike scripts (Cyrillic, Greek, full-width): a homoglyph trick or a typo.
pub fn mixed_script(name: &str) -> bool {
    let latin = name.chars().any(|c| c.is_ascii_alphabetic());
    let alike = name.chars().any(|c| matches!(u32::from(c), 0x370..=0x3FF | 0x400..=0x52F | 0xFF21..=0xFF5A));
    latin && alike
}

/// Cuts escaped text to a width in terminal columns, with `..` at the end of what was cut.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(2);
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let w = cluster.width();
        if used + w > room {
            break;
        }
        used += w;
        out.push_str(cluster);
    }
    out.push_str(&".."[..width.min(2)]);
    out
}

/// Replaces what looks like a secret by `***`: passwords in URLs, `PASSWORD '...'`, `IDENTIFIED BY '...'`,
/// `api_key: "..."`, `password=...`, keys that functions are given, `AUTH ...`. For every log line, store row and error
/// text that may hold a statement or a URL. Takes time in proportion to the text.
pub fn redact(text: &str) -> String {
    secrets::redact(text)
}

/// Lower-case hexadecimal digits of these bytes, two for each.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_survives() {
        let out = escape("a\u{1b}[2Jb\u{9b}31m\u{202e}c\r\n\u{7}");
        assert_eq!(out, "a<U+001B>[2Jb<U+009B>31m<U+202E>c\\r\\n<U+0007>");
    }

    #[test]
    fn ordinary_text_of_every_script_stays() {
        for text in ["größe", "漢字", "مرحبا", "e\u{301}", "ελληνικά", "🚀"] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn marks_are_bounded_and_long_text_is_cut() {
        let zalgo = format!("a{}", "\u{301}".repeat(40));
        assert!(escape(&zalgo).contains("<U+0301>"));
        let long = "x".repeat(1_000_000);
        assert!(escape(&long).ends_with("... (1000000 bytes)") && escape(&long).len() < 5000);
    }

    #[test]
    fn fit_counts_columns() {
        assert_eq!(fit("abcdef", 4), "ab..");
        assert_eq!(fit("漢字漢字", 5), "漢..");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abc", 1), ".");
    }
}
