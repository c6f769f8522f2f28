//! Names as the server understands them: folded, unquoted, Unicode escapes decoded.

use crate::engine::sql::literal::unquote;
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// One name, decoded, with the token it was written as.
#[derive(Debug, Clone)]
pub(in crate::engine::postgres) struct Word {
    /// The name as the catalogue would store it. `None` when its escapes cannot be decoded.
    pub(in crate::engine::postgres) name: Option<String>,
    /// The token.
    pub(in crate::engine::postgres) token: SyntaxToken,
}

/// The parts of a dotted name below `node`, in order, brackets and arguments not entered.
pub(in crate::engine::postgres) fn parts(node: &SyntaxNode) -> Vec<Word> {
    let mut out = Vec::new();
    collect(node, &mut out);
    out
}

fn collect(node: &SyntaxNode, out: &mut Vec<Word>) {
    for element in node.children_with_tokens() {
        match element {
            SyntaxElement::Node(child) if child.kind() == SyntaxKind::ARG_LIST => {}
            SyntaxElement::Node(child) => collect(&child, out),
            SyntaxElement::Token(token) => match token.kind() {
                SyntaxKind::DOT | SyntaxKind::STAR | SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => {}
                _ => out.push(Word { name: decode(token.text(), "\\"), token }),
            },
        }
    }
}

/// A name token as the server reads it: bare names fold to lower case (ASCII letters only, as in UTF-8 databases),
/// quoted names keep theirs, `U&"..."` names are decoded with their escape character.
pub(in crate::engine::postgres) fn decode(token: &str, escape: &str) -> Option<String> {
    if token.starts_with('"') {
        return unquote(token, '"');
    }
    if token.len() > 2 && (token.starts_with("U&") || token.starts_with("u&")) {
        let mut escape = escape.chars();
        let (character, rest) = (escape.next()?, escape.next());
        return if rest.is_none() { unescape(&unquote(&token[2..], '"')?, character) } else { None };
    }
    Some(token.to_ascii_lowercase())
}

/// Undoes `\XXXX`, `\+XXXXXX` and `\\`; `None` on anything else after the escape character.
fn unescape(text: &str, escape: char) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut buffer = [0; 2];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != escape {
            units.extend_from_slice(c.encode_utf16(&mut buffer));
        } else if let Some(after) = rest.strip_prefix(escape) {
            units.extend_from_slice(escape.encode_utf16(&mut buffer));
            rest = after;
        } else {
            let (digits, skip) = if rest.starts_with('+') { (6, 1) } else { (4, 0) };
            let code = rest.get(skip..skip + digits)?;
            if !code.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            let value = u32::from_str_radix(code, 16).ok()?;
            rest = &rest[skip + digits..];
            match u16::try_from(value) {
                // Halves of a surrogate pair are joined below.
                Ok(unit) => units.push(unit),
                Err(_) => units.extend_from_slice(char::from_u32(value)?.encode_utf16(&mut buffer)),
            }
        }
    }
    String::from_utf16(&units).ok().filter(|decoded| !decoded.contains('\0'))
}

/// A dotted name: every part decoded, or `None`.
pub(in crate::engine::postgres) fn dotted(node: &SyntaxNode) -> Option<Vec<String>> {
    parts(node).into_iter().map(|word| word.name).collect()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn names_decode_as_the_server_does() {
        let cases = [
            ("Pg_Sleep", Some("pg_sleep")),
            ("\"Pg\"\"Sleep\"", Some("Pg\"Sleep")),
            ("U&\"pg\\005fsleep\"", Some("pg_sleep")),
            ("u&\"\\+00005f\\\\\"", Some("_\\")),
            ("U&\"\\D83D\\DE00\"", Some("\u{1F600}")),
            ("U&\"\\D83D\"", None),
            ("U&\"\\00\"", None),
            ("U&\"\\+zz005f\"", None),
            ("\u{212A}ey", Some("\u{212A}ey")),
        ];
        for (written, meant) in cases {
            assert_eq!(decode(written, "\\").as_deref(), meant, "{written}");
        }
        assert_eq!(decode("U&\"pg!005fsleep\"", "!").as_deref(), Some("pg_sleep"));
    }
}
