//! One value: a document, an array, or a literal of JSON or of the shell.

use super::scanner::{Number, Scanner};
use super::{SyntaxError, constructors, extended};
use bson::{Bson, Document, Regex};
use std::collections::HashSet;

/// A document that begins here.
pub(in crate::engine::mongodb::dialect) fn document(scanner: &mut Scanner<'_>) -> Result<Document, SyntaxError> {
    let at = scanner.at();
    match value(scanner)? {
        Bson::Document(document) => Ok(document),
        _ => Err(SyntaxError::new(at, "a document is wanted here: { .. }")),
    }
}

/// A value that begins here.
pub(super) fn value(scanner: &mut Scanner<'_>) -> Result<Bson, SyntaxError> {
    match scanner.next_token()? {
        Some('{') => braces(scanner),
        Some('[') => array(scanner).map(Bson::Array),
        Some('"' | '\'') => scanner.string().map(Bson::String),
        Some('`') => Err(scanner.error("a template is JavaScript, which is never run; write the text in quotes")),
        Some('/') => {
            let at = scanner.at();
            let (pattern, flags) = scanner.regex()?;
            regex(&pattern, &flags, at)
        }
        Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => number(scanner),
        Some(c) if c.is_alphabetic() || matches!(c, '_' | '$') => word(scanner),
        _ => Err(scanner.unexpected("a value")),
    }
}

fn number(scanner: &mut Scanner<'_>) -> Result<Bson, SyntaxError> {
    Ok(match scanner.number()? {
        Number::Whole(n) => i32::try_from(n).map_or(Bson::Int64(n), Bson::Int32),
        Number::Real(n) => Bson::Double(n),
    })
}

fn word(scanner: &mut Scanner<'_>) -> Result<Bson, SyntaxError> {
    let at = scanner.at();
    let word = scanner.word();
    match word {
        "true" => Ok(Bson::Boolean(true)),
        "false" => Ok(Bson::Boolean(false)),
        "null" => Ok(Bson::Null),
        "NaN" => Ok(Bson::Double(f64::NAN)),
        "Infinity" => Ok(Bson::Double(f64::INFINITY)),
        "undefined" => {
            Err(SyntaxError::new(at, "undefined is no value that is sent; write null, or leave the key out"))
        }
        "function" | "async" => Err(SyntaxError::new(at, "JavaScript is never run; write the query with operators")),
        "new" => {
            scanner.next_token()?;
            let at = scanner.at();
            let class = scanner.word();
            constructors::call(class, true, at, scanner)
        }
        _ => constructors::call(word, false, at, scanner),
    }
}

/// Values between brackets, separated by commas; one comma may trail.
pub(super) fn list(scanner: &mut Scanner<'_>, close: char, place: &str) -> Result<Vec<Bson>, SyntaxError> {
    scanner.enter()?;
    let mut all = Vec::new();
    while !scanner.takes(close)? {
        all.push(value(scanner)?);
        if !scanner.takes(',')? {
            scanner.expect(close, place)?;
            break;
        }
    }
    scanner.leave();
    Ok(all)
}

fn array(scanner: &mut Scanner<'_>) -> Result<Vec<Bson>, SyntaxError> {
    scanner.expect('[', "before an array")?;
    list(scanner, ']', "at the end of an array")
}

/// A document, or a value that extended JSON writes as one.
fn braces(scanner: &mut Scanner<'_>) -> Result<Bson, SyntaxError> {
    let start = scanner.at();
    scanner.expect('{', "before a document")?;
    scanner.enter()?;
    let mut document = Document::new();
    // Two equal keys mean the first to one reader and the last to another. A set of its own, so that the check does
    // not depend on how the document stores its keys.
    let mut seen = HashSet::new();
    while !scanner.takes('}')? {
        let at = scanner.at();
        let key = key(scanner)?;
        if key.contains('\0') {
            return Err(SyntaxError::new(at, "a key cannot hold a NUL character"));
        }
        if !seen.insert(key.clone()) {
            return Err(SyntaxError::new(at, format!("the key `{key}` stands twice in one document")));
        }
        scanner.expect(':', "after a key")?;
        document.insert(key, value(scanner)?);
        if !scanner.takes(',')? {
            scanner.expect('}', "at the end of a document")?;
            break;
        }
    }
    scanner.leave();
    extended::value(document, start)
}

fn key(scanner: &mut Scanner<'_>) -> Result<String, SyntaxError> {
    match scanner.next_token()? {
        Some('"' | '\'') => scanner.string(),
        Some('[') => Err(scanner.error("a computed key is JavaScript, which is never run; write the key in quotes")),
        Some('.') => Err(scanner.error("`...` is JavaScript, which is never run; write the keys out")),
        _ => match scanner.word() {
            "" => Err(scanner.unexpected("a key")),
            word => Ok(word.to_owned()),
        },
    }
}

/// A regular expression with the flags that a server knows.
pub(super) fn regex(pattern: &str, flags: &str, at: usize) -> Result<Bson, SyntaxError> {
    let mut letters: Vec<char> = flags.chars().collect();
    letters.sort_unstable();
    let doubled = letters.windows(2).any(|pair| pair[0] == pair[1]);
    if doubled || letters.iter().any(|c| !matches!(c, 'i' | 'm' | 's' | 'u' | 'x')) {
        return Err(SyntaxError::new(at, "a regular expression has the flags i, m, s, u and x, each once"));
    }
    let nul = |_| SyntaxError::new(at, "a regular expression cannot hold a NUL character");
    Ok(Bson::RegularExpression(Regex {
        pattern: pattern.to_owned().try_into().map_err(nul)?,
        options: letters.into_iter().collect::<String>().try_into().map_err(nul)?,
    }))
}
