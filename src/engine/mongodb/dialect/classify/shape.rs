//! Plain values: flags, numbers, names, and data that holds nothing a server acts on.

use super::{Checked, regex};
use crate::domain::guard::{Class, Judgement};
use bson::{Bson, Document};

/// Refuses what is not understood.
pub(super) fn unknown(reason: impl Into<String>) -> Judgement {
    Judgement::deny(Class::Unparsed, reason)
}

/// A whole number, also when it is written as `5.0`, as the shell sends numbers.
pub(super) fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        // Within 2^53 a float holds every whole number exactly.
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        Bson::Double(n) if n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0 => Some(*n as i64),
        _ => None,
    }
}

/// A truth value, or a number that stands for one.
pub(super) fn flag(value: &Bson) -> Option<bool> {
    match value {
        Bson::Boolean(on) => Some(*on),
        other => whole(other).map(|n| n != 0),
    }
}

pub(super) fn document<'a>(value: &'a Bson, what: &str) -> Result<&'a Document, Judgement> {
    value.as_document().ok_or_else(|| unknown(format!("{what} is a document")))
}

pub(super) fn array<'a>(value: &'a Bson, what: &str) -> Result<&'a [Bson], Judgement> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| unknown(format!("{what} is an array")))
}

pub(super) fn text<'a>(value: &'a Bson, what: &str) -> Result<&'a str, Judgement> {
    value.as_str().ok_or_else(|| unknown(format!("{what} is a text")))
}

pub(super) fn flagged(value: &Bson, what: &str) -> Checked {
    flag(value).map(|_| ()).ok_or_else(|| unknown(format!("{what} is true or false")))
}

/// A number of any type that is not below a bound.
pub(super) fn at_least(value: &Bson, low: i64, what: &str) -> Checked {
    match whole(value) {
        Some(n) if n >= low => Ok(()),
        Some(_) => Err(unknown(format!("{what} is {low} or more"))),
        None => Err(unknown(format!("{what} is a whole number"))),
    }
}

/// Keys of a reference to another document, the only `$` keys that data may hold.
pub(super) const REFERENCE: &[&str] = &["$ref", "$id", "$db"];

/// Data: compared or returned as it is. A `$` key in it would be an operator somewhere else, so it is refused here.
pub(super) fn inert(value: &Bson) -> Checked {
    match value {
        Bson::Document(document) => {
            let referring = document.keys().next().is_some_and(|first| first == "$ref");
            for (key, value) in document {
                if key.starts_with('$') && !(referring && REFERENCE.contains(&key.as_str())) {
                    return Err(unknown(format!("the operator {key} stands where plain data is wanted")));
                }
                inert(value)?;
            }
            Ok(())
        }
        Bson::Array(all) => all.iter().try_for_each(inert),
        Bson::RegularExpression(found) => regex::check(found.pattern.as_str()),
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => {
            Err(Judgement::deny(Class::Resource, "holds JavaScript"))
        }
        _ => Ok(()),
    }
}

/// A path of fields: no part begins with `$`, apart from those of a reference and the array's own `$`.
pub(super) fn path(path: &str) -> Checked {
    let odd = |part: &str| part.starts_with('$') && !REFERENCE.contains(&part);
    match path.split('.').find(|part| odd(part)) {
        None => Ok(()),
        Some(part) => Err(unknown(format!("{part} is no part of a field's name"))),
    }
}

/// Every key of a document must be on a list.
pub(super) fn only_keys(document: &Document, known: &[&str], of: &str) -> Checked {
    match document.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(unknown(format!("{key} is not a known field of {of}"))),
    }
}
