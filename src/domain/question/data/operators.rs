//! Comparisons in words (`is not`, `at least`, `starts with`) and the values behind them.

use super::super::selection::{Comparison, LikeKind, Literal};
use super::super::words::{Kind, Token};

/// What is said of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Compare(Comparison),
    Between,
    Like(LikeKind),
    /// Empty, or not empty.
    Null(bool),
    /// True, or false.
    Truth(bool),
}

use Comparison as C;
use Operator::{Between, Compare, Like, Null, Truth};

/// Phrases and what they say, longest first among those that begin alike.
#[rustfmt::skip]
const PHRASES: &[(&str, Operator)] = &[
    ("greater than or equal to", Compare(C::AtLeast)), ("greater or equal to", Compare(C::AtLeast)),
    ("less than or equal to", Compare(C::AtMost)), ("less or equal to", Compare(C::AtMost)),
    ("no less than", Compare(C::AtLeast)), ("not less than", Compare(C::AtLeast)), ("at least", Compare(C::AtLeast)),
    ("a minimum of", Compare(C::AtLeast)), ("no more than", Compare(C::AtMost)), ("not more than", Compare(C::AtMost)),
    ("at most", Compare(C::AtMost)), ("a maximum of", Compare(C::AtMost)), ("up to", Compare(C::AtMost)),
    ("more than", Compare(C::Greater)), ("greater than", Compare(C::Greater)), ("larger than", Compare(C::Greater)),
    ("higher than", Compare(C::Greater)), ("bigger than", Compare(C::Greater)), ("longer than", Compare(C::Greater)),
    ("older than", Compare(C::Greater)), ("heavier than", Compare(C::Greater)), ("above", Compare(C::Greater)),
    ("over", Compare(C::Greater)), ("exceeding", Compare(C::Greater)), ("exceeds", Compare(C::Greater)),
    ("exceed", Compare(C::Greater)), (">=", Compare(C::AtLeast)), (">", Compare(C::Greater)),
    ("less than", Compare(C::Less)), ("fewer than", Compare(C::Less)), ("smaller than", Compare(C::Less)),
    ("lower than", Compare(C::Less)), ("cheaper than", Compare(C::Less)), ("shorter than", Compare(C::Less)),
    ("younger than", Compare(C::Less)), ("below", Compare(C::Less)), ("under", Compare(C::Less)),
    ("<=", Compare(C::AtMost)), ("<", Compare(C::Less)),
    ("equal to", Compare(C::Equal)), ("equals", Compare(C::Equal)), ("exactly", Compare(C::Equal)), ("=", Compare(C::Equal)),
    ("other than", Compare(C::NotEqual)), ("different from", Compare(C::NotEqual)), ("not equal to", Compare(C::NotEqual)),
    ("not equal", Compare(C::NotEqual)), ("<>", Compare(C::NotEqual)), ("!=", Compare(C::NotEqual)),
    ("between", Between),
    ("contains", Like(LikeKind::Contains)), ("contain", Like(LikeKind::Contains)), ("containing", Like(LikeKind::Contains)),
    ("like", Like(LikeKind::Contains)), ("includes", Like(LikeKind::Contains)), ("include", Like(LikeKind::Contains)),
    ("including", Like(LikeKind::Contains)),
    ("starts with", Like(LikeKind::StartsWith)), ("start with", Like(LikeKind::StartsWith)),
    ("starting with", Like(LikeKind::StartsWith)), ("begins with", Like(LikeKind::StartsWith)),
    ("begin with", Like(LikeKind::StartsWith)), ("beginning with", Like(LikeKind::StartsWith)),
    ("ends with", Like(LikeKind::EndsWith)), ("end with", Like(LikeKind::EndsWith)), ("ending with", Like(LikeKind::EndsWith)),
    ("ends in", Like(LikeKind::EndsWith)), ("ending in", Like(LikeKind::EndsWith)),
    ("not set", Null(true)), ("null", Null(true)), ("empty", Null(true)), ("missing", Null(true)), ("blank", Null(true)),
    ("unknown", Null(true)), ("unset", Null(true)), ("filled in", Null(false)), ("filled", Null(false)), ("set", Null(false)),
    ("present", Null(false)), ("known", Null(false)),
    ("true", Truth(true)), ("false", Truth(false)),
];

/// An operator at this place, whether it is denied, and how many tokens it takes.
pub(super) fn at(tokens: &[Token], i: usize) -> Option<(Operator, bool, usize)> {
    let mut j = i;
    let copula = tokens
        .get(j)?
        .is(&["is", "are", "was", "were", "be", "being", "been", "does", "do", "did", "that", "has", "have"]);
    if copula {
        j += 1;
    }
    let denied = tokens.get(j).is_some_and(|t| t.is(&["not", "isnt", "arent", "never"]));
    if denied {
        j += 1;
    }
    if let Some((operator, n)) = phrase(tokens, j) {
        return Some((operator, denied, j + n - i));
    }
    let is = tokens[i].is(&["is", "are", "was", "were"]);
    if is && tokens.get(j).is_some() {
        return Some((Compare(Comparison::Equal), denied, j - i));
    }
    // `status not paid`
    (denied && !copula && tokens.get(j).is_some()).then_some((Compare(Comparison::Equal), true, 1))
}

fn phrase(tokens: &[Token], i: usize) -> Option<(Operator, usize)> {
    PHRASES.iter().find_map(|(words, operator)| {
        let n = words.split(' ').count();
        let fits = words.split(' ').enumerate().all(|(k, w)| tokens.get(i + k).is_some_and(|t| t.is(&[w])));
        fits.then_some((*operator, n))
    })
}

/// A number in digits or as a word up to twelve.
pub(super) fn number(token: &Token) -> Option<String> {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    match token.kind {
        Kind::Number => Some(token.text.clone()),
        Kind::Word => WORDS.iter().position(|w| *w == token.lower).map(|n| n.to_string()),
        _ => None,
    }
}

/// Words at which an unquoted value ends. They count only in lower case: `And` may begin a name.
const ENDS: &[&str] = &[
    "and",
    "or",
    "by",
    "per",
    "where",
    "with",
    "without",
    "that",
    "who",
    "which",
    "whose",
    "since",
    "before",
    "after",
    "during",
    "sorted",
    "ordered",
    "grouped",
    "having",
    "but",
    "from",
    "in",
    "on",
    "for",
    "at",
    "of",
    "is",
    "are",
    "was",
    "were",
    "to",
    "not",
    "have",
    "has",
    "order",
    "sort",
    "group",
    "top",
    "last",
    "this",
    "today",
    "yesterday",
    "over",
    "under",
    "above",
    "below",
    "please",
    "between",
    "than",
    "only",
    "when",
    "as",
    "until",
    "then",
    "there",
    "do",
    "does",
    "each",
    "placed",
    "made",
];

/// A value at this place and how many tokens it takes. `stops` says where a new part of the question begins.
pub(super) fn value(tokens: &[Token], i: usize, stops: &dyn Fn(usize) -> bool) -> Option<(Literal, usize)> {
    let first = tokens.get(i)?;
    match first.kind {
        Kind::Number => return Some((Literal::Number(first.text.clone()), 1)),
        Kind::Quoted => return Some((Literal::Text { text: first.text.clone(), exact: true }, 1)),
        Kind::Stamp => return Some((Literal::Text { text: first.text.clone(), exact: true }, 1)),
        Kind::Symbol => return None,
        Kind::Word => {}
    }
    let mut end = i;
    while let Some(token) = tokens.get(end) {
        let capital_goes_on = token.is(&["of", "and"])
            && end > i
            && tokens[end - 1].capital()
            && tokens.get(end + 1).is_some_and(Token::capital)
            && token.is(&["of"]);
        let ends = token.kind != Kind::Word && !(token.kind == Kind::Number && end > i)
            || (ENDS.contains(&token.text.as_str()) && !capital_goes_on)
            || token.one_of(&["per", "orderby"])
            || (end > i && stops(end));
        if ends {
            break;
        }
        end += 1;
    }
    if end == i {
        return None;
    }
    let text = tokens[i..end].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
    Some((Literal::Text { text, exact: false }, end - i))
}

/// Values in a row: `Germany, France or Spain`, `(1, 2, 3)`.
pub(super) fn values(tokens: &[Token], i: usize, stops: &dyn Fn(usize) -> bool) -> Option<(Vec<Literal>, usize)> {
    let mut j = i;
    let bracket = tokens.get(j).is_some_and(|t| t.is(&["("]));
    j += usize::from(bracket);
    j += usize::from(tokens.get(j).is_some_and(|t| t.is(&["either"])));
    let (first, n) = value(tokens, j, stops)?;
    let mut out = vec![first];
    j += n;
    loop {
        let mut k = j;
        let comma = tokens.get(k).is_some_and(|t| t.is(&[","]));
        k += usize::from(comma);
        let word = tokens.get(k).is_some_and(|t| t.is(&["or", "and"]));
        k += usize::from(word);
        if !(comma || word) || stops(k) || at(tokens, k).is_some() {
            break;
        }
        match value(tokens, k, stops) {
            // What follows is another part of the question when an operator or a verb stands behind it.
            Some((more, n)) if at(tokens, k + n).is_none() || tokens.get(k + n).is_none() => {
                let same = matches!(
                    (&out[0], &more),
                    (Literal::Number(_), Literal::Number(_)) | (Literal::Text { .. }, Literal::Text { .. })
                );
                if !same {
                    break;
                }
                out.push(more);
                j = k + n;
            }
            _ => break,
        }
    }
    j += usize::from(bracket && tokens.get(j).is_some_and(|t| t.is(&[")"])));
    Some((out, j - i))
}
