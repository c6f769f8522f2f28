//! Text that hides: characters that a reader of the statement cannot see, or that change the order of what is seen.

use super::lexer::{Kind, Lexis, Token, tokens};
use crate::domain::guard::{Class, Judgement};
use crate::domain::text;

/// Refuses a statement in which something hides outside its literals, or that no lexer can finish.
///
/// Literals may hold anything but NUL: they are data. Comments of a read may hold any letter, but nothing that reorders
/// or erases what stands beside them on a screen; for what is to be approved see [`unseen`].
pub(crate) fn check(statement: &str, tokens: &[Token], lexis: Lexis) -> Option<Judgement> {
    if statement.contains('\0') {
        return Some(Judgement::deny(
            Class::Unparsed,
            "a NUL character ends the statement for some readers and not for others",
        ));
    }
    for token in tokens {
        let piece = &statement[token.range.clone()];
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
                if let Some(c) = text::unseen(piece) {
                    return Some(hidden(c, "outside a literal"));
                }
            }
        }
    }
    None
}

/// The first character outside the literals that cannot be seen: in names and comments too, and anywhere in a text that
/// no lexer can finish.
pub(crate) fn unseen(statement: &str, lexis: Lexis) -> Option<char> {
    let tokens = tokens(statement, lexis);
    tokens.iter().filter(|token| token.kind != Kind::Text).find_map(|token| {
        let seen = text::unseen(&statement[token.range.clone()]);
        seen.or_else(|| text::lone_return(statement, token.range.clone()))
    })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::guard::{Catalog, Verdict, judge};
    use crate::domain::proposal::Draft;
    use crate::engine::ENGINES;

    #[test]
    fn no_draft_of_any_engine_hides_anything_behind_an_apostrophe() {
        for (engine, shown, hiding) in [
            (
                "postgres",
                "DELETE FROM s.t WHERE a = '\u{200b}' -- it's",
                "DELETE FROM s.t -- it's\u{200b}\n WHERE a = 1",
            ),
            ("mysql", "DELETE FROM s.t WHERE a = '\u{200b}' -- it's", "DELETE FROM s.t -- it's\u{200b}\n WHERE a = 1"),
            ("sqlite", "DELETE FROM t WHERE a = '\u{200b}' -- it's", "DELETE FROM t -- it's\u{200b}\n WHERE a = 1"),
            (
                "mongodb",
                r#"{"delete": "c", "deletes": [{"q": {"a": 1}, "limit": 0}]}"#,
                "{\"drop\": \"t\" /* it's \u{200b} */}",
            ),
            ("redis", "DEL \"a\u{200b}\"", "DEL it's\u{200b}"),
        ] {
            let dialect = ENGINES.iter().find(|spec| spec.id.0 == engine).unwrap().dialect;
            let judged = |statement: &str| {
                let draft = Draft { statement: statement.into(), class: Class::Dml, kind: None, database: None };
                judge(dialect, &Catalog::default(), &draft)
            };
            assert_eq!(judged(shown).verdict, Verdict::NeedsApproval, "{shown:?}: {}", judged(shown).reason);
            let refused = judged(hiding);
            assert_eq!(refused.verdict, Verdict::Deny, "{hiding:?}");
            assert!(refused.reason.contains("cannot be seen (U+200B)"), "{hiding:?}: {}", refused.reason);
        }
    }

    #[test]
    fn an_apostrophe_in_a_comment_hides_nothing() {
        for lexis in [Lexis::Postgres, Lexis::Sqlite, Lexis::Mysql] {
            for shown in [
                "UPDATE t SET a = 'x\u{200b}y'",
                "DELETE FROM t WHERE a = 'it''s \u{202e}' -- it's done",
                "-- it's a note\nUPDATE t SET a = '\u{feff}'",
                "-- it's a note\r\nUPDATE t SET a = 'x\ry'\r\n",
            ] {
                assert_eq!(unseen(shown, lexis), None, "{shown:?}");
            }
            for hiding in [
                "DELETE FROM t -- it's\n WHERE\u{200b}a = 1",
                "DELETE FROM t -- it\u{200b}s",
                "DELETE FROM t WHERE a = 7 --\rSELECT 1",
                "DELETE FROM t /* it's \u{202e} */ WHERE a = 1",
                "DROP TABLE \"a\u{2060}\"; -- '",
                "DELETE FROM t WHERE a = 'open\u{200b}",
            ] {
                // MySQL takes double quotes for a text.
                let data = lexis == Lexis::Mysql && hiding.contains('"');
                assert_eq!(unseen(hiding, lexis).is_some(), !data, "{hiding:?} {lexis:?}");
            }
        }
        assert!(unseen("SELECT E'\\'' || a\u{200b} || ''", Lexis::Postgres).is_some());
        assert_eq!(unseen("DO $$ x\u{200b} ' $$", Lexis::Postgres), None);
        assert!(unseen("SELECT `a\u{200b}`", Lexis::Mysql).is_some());
    }
}
