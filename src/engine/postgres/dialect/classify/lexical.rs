//! Checks on the bare text, before and after parsing: hidden characters, size, and that two lexers agree.

use super::words;
use crate::domain::guard::{Class, Judgement};
use crate::engine::sql::lexer::{Kind, Lexis, Token};
use crate::engine::sql::literal::{enquote, unquote};
use crate::engine::sql::{hidden, size};
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode};
use std::borrow::Cow;
use std::ops::Range;

/// Refuses what must not reach the parser.
pub(super) fn check(text: &str, tokens: &[Token]) -> Option<Judgement> {
    if let Some(refusal) = hidden::check(text, tokens, Lexis::Postgres) {
        return Some(refusal);
    }
    let meaningful: Vec<Token> =
        tokens.iter().filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment)).cloned().collect();
    if meaningful.is_empty() {
        return Some(Judgement::deny(Class::Unparsed, "there is no statement"));
    }
    size::check(text, &meaningful)
}

/// The text with every `U&"..." UESCAPE '!'` written as a plain quoted name. The server decodes such names before its
/// grammar sees them, while the parser knows the clause in some places only. `None` when a name cannot be decoded.
pub(super) fn without_escape_clauses<'a>(text: &'a str, tokens: &[Token]) -> Option<Cow<'a, str>> {
    if !tokens.iter().any(|t| t.kind == Kind::QuotedName) {
        return Some(Cow::Borrowed(text));
    }
    let meaningful: Vec<&Token> = tokens.iter().filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment)).collect();
    let mut out = String::new();
    let mut copied = 0;
    for parts in meaningful.windows(3) {
        let [name, clause, escape] = parts else { continue };
        let has_clause = name.kind == Kind::QuotedName && text[clause.range.clone()].eq_ignore_ascii_case("uescape");
        if has_clause {
            let escape = unquote(&text[escape.range.clone()], '\'')?;
            let decoded = words::decode(&text[name.range.clone()], &escape)?;
            out.push_str(&text[copied..name.range.start]);
            out.push_str(&enquote(&decoded, '"'));
            copied = parts[2].range.end;
        }
    }
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    out.push_str(&text[copied..]);
    Some(Cow::Owned(out))
}

/// Our lexer and the parser's see the same literals, quoted names and comments. Where they differ, one of them sees
/// code where the other sees data, and the server may side with either.
pub(super) fn agrees(text: &str, tokens: &[Token], root: &SyntaxNode) -> bool {
    let ours: Vec<Range<usize>> = tokens
        .iter()
        .filter(|t| matches!(t.kind, Kind::Text | Kind::QuotedName | Kind::Comment))
        .map(|t| t.range.clone())
        .collect();
    let theirs: Vec<Range<usize>> = root
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .filter(|t| {
            matches!(
                t.kind(),
                SyntaxKind::STRING
                    | SyntaxKind::ESC_STRING
                    | SyntaxKind::UNICODE_ESC_STRING
                    | SyntaxKind::NATIONAL_STRING
                    | SyntaxKind::BIT_STRING
                    | SyntaxKind::BYTE_STRING
                    | SyntaxKind::DOLLAR_QUOTED_STRING
                    | SyntaxKind::COMMENT
            ) || (t.kind() == SyntaxKind::IDENT && t.text().contains('"'))
        })
        .map(|t| usize::from(t.text_range().start())..usize::from(t.text_range().end()))
        .collect();
    joined(text, ours) == joined(text, theirs)
}

/// Literals that the standard joins across a line end are one literal for us and several tokens for the parser:
/// both lists are brought to the joined form. Only a plain literal may be joined. After `E'...'` the second part
/// obeys the backslash rule too, which the parser does not know, so there the lists stay different.
fn joined(text: &str, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        if let Some(last) = out.last_mut() {
            let between = &text[last.end..range.start];
            let plain = text.as_bytes()[last.start] == b'\'' && text.as_bytes()[range.start] == b'\'';
            if plain && between.contains(['\n', '\r']) && between.trim().is_empty() {
                last.end = range.end;
                continue;
            }
        }
        out.push(range);
    }
    out
}
