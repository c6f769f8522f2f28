//! Text that hides: characters that a reader of the statement cannot see, or that change the order of what is seen.

use super::lexer::{Kind, Lexis, Token};
use crate::domain::guard::{Class, Judgement};
use crate::domain::text::risky;

/// Refuses a statement in which something hides outside its literals, or that no lexer can finish.
///
/// Literals may hold anything but NUL: they are data. Comments may hold any letter, but nothing that reorders or
/// erases what stands beside them on a screen.
pub(crate) fn check(text: &str, tokens: &[Token], lexis: Lexis) -> Option<Judgement> {
    if text.contains('\0') {
        return Some(Judgement::deny(
            Class::Unparsed,
            "a NUL character ends the statement for some readers and not for others",
        ));
    }
    for token in tokens {
        let piece = &text[token.range.clone()];
        match token.kind {
            Kind::Text => {}
            Kind::Broken => return Some(Judgement::deny(Class::Unparsed, "a quote or a comment has no end")),
            Kind::Comment => {
                if let Some(c) = piece.chars().find(|&c| reorders(c)) {
                    return Some(hidden(c, "in a comment"));
                }
            }
            Kind::Symbol if piece == "\\" && lexis != Lexis::Sqlite => {
                return Some(Judgement::deny(
                    Class::Unparsed,
                    "a backslash command belongs to a client program and is not SQL",
                ));
            }
            Kind::Space | Kind::Word | Kind::QuotedName | Kind::Number | Kind::Parameter | Kind::Symbol => {
                if let Some(c) = piece.chars().find(|&c| risky(c) && !matches!(c, '\n' | '\r' | '\t')) {
                    return Some(hidden(c, "outside a literal"));
                }
            }
        }
    }
    None
}

fn hidden(c: char, place: &str) -> Judgement {
    Judgement::deny(
        Class::Unparsed,
        format!("an invisible or misleading character (U+{:04X}) stands {place}", u32::from(c)),
    )
}

/// Terminal controls, marks of direction, and line separators that some readers take for line ends.
fn reorders(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(u32::from(c), 0x061C | 0x200E | 0x200F | 0x2028..=0x202E | 0x2066..=0x2069)
}
