//! Bounds on the shape of a statement, so that no text can exhaust the stack of a recursive parser.
//!
//! The bounds were measured: in a debug build on a 2 MiB stack the parsers overflow at about 1,000 nested brackets,
//! CASE or BETWEEN, 2,000 prefix operators, and 5,000 to 20,000 chained operators. Statements written by people stay
//! far below all of them; lists of values do not count.

use super::lexer::{Kind, Token};
use crate::domain::guard::{Class, Judgement};

/// Longest statement, bytes.
const BYTES: usize = 1 << 20;
/// Deepest nesting of brackets.
const DEPTH: usize = 100;
/// Most words that open a nested expression without a bracket.
const OPENERS: usize = 250;
/// Most words and operators that can stand between two values.
const JOINTS: usize = 1_500;

/// Refuses a statement beyond the bounds.
pub(crate) fn check(text: &str, meaningful: &[Token]) -> Option<Judgement> {
    let too = |what: &str, limit: usize| {
        Some(Judgement::deny(
            Class::Resource,
            format!("the statement has too many {what} to be judged (limit {limit})"),
        ))
    };
    if text.len() > BYTES {
        return too("bytes", BYTES);
    }
    let (mut depth, mut openers, mut joints) = (0_usize, 0, 0);
    let mut after_value = false;
    let mut operator_end = None;
    for (index, token) in meaningful.iter().enumerate() {
        let piece = &text[token.range.clone()];
        match token.kind {
            Kind::Symbol => match piece {
                "(" | "[" => {
                    depth += 1;
                    joints += 1;
                    after_value = false;
                }
                ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    after_value = true;
                }
                "," => after_value = false,
                // `t.column` nests nothing; only a longer path does.
                "." if index < 2 || &text[meaningful[index - 2].range.clone()] != "." => after_value = false,
                // The next character of the same operator.
                _ if operator_end == Some(token.range.start) => operator_end = Some(token.range.end),
                _ => {
                    operator_end = Some(token.range.end);
                    joints += 1;
                    openers += usize::from(!after_value);
                    after_value = false;
                }
            },
            Kind::Word if is(piece, &["not", "case", "between", "explain", "exists", "any", "all", "with"]) => {
                openers += 1;
                joints += 1;
                after_value = false;
            }
            Kind::Word if is(piece, JOINING) => {
                joints += 1;
                after_value = false;
            }
            _ => after_value = true,
        }
        if depth > DEPTH {
            return too("nested brackets", DEPTH);
        }
        if openers > OPENERS {
            return too("nested conditions", OPENERS);
        }
        if joints > JOINTS {
            return too("parts", JOINTS);
        }
    }
    None
}

fn is(piece: &str, words: &[&str]) -> bool {
    words.iter().any(|word| piece.eq_ignore_ascii_case(word))
}

const JOINING: &[&str] = &[
    "and",
    "or",
    "union",
    "intersect",
    "except",
    "join",
    "is",
    "isnull",
    "notnull",
    "like",
    "ilike",
    "glob",
    "regexp",
    "match",
    "similar",
    "in",
    "collate",
    "at",
    "overlaps",
    "operator",
    "when",
    "else",
    "select",
    "escape",
];
