//! What groups and windows compute: one accumulator a field.

use super::super::Checked;
use super::super::relations::Relations;
use super::super::shape::{document, only_keys, unknown, whole};
use super::{expression, operators, refused};
use bson::{Bson, Document};

/// `{name: {$sum: ..}, ..}`, from some field on.
pub(super) fn all<'a>(fields: impl Iterator<Item = (&'a String, &'a Bson)>, relations: &mut Relations<'_>) -> Checked {
    for (field, value) in fields {
        let (name, argument) = only(document(value, field)?, field)?;
        if !operators::is_accumulator(name) {
            return Err(refused(name, "accumulator"));
        }
        expression::check(argument, relations)?;
    }
    Ok(())
}

fn only<'a>(document: &'a Document, field: &str) -> Result<(&'a str, &'a Bson), super::Judgement> {
    match document.iter().next() {
        Some((name, argument)) if document.len() == 1 => Ok((name, argument)),
        _ => Err(unknown(format!("{field} wants one accumulator"))),
    }
}

/// `{name: {$sum: .., window: {..}}, ..}`.
pub(super) fn windows(fields: &Document, relations: &mut Relations<'_>) -> Checked {
    for (field, value) in fields {
        let mut computed = document(value, field)?.clone();
        if let Some(window) = computed.remove("window") {
            bounds(document(&window, "a window")?)?;
        }
        let (name, argument) = only(&computed, field)?;
        if !(operators::is_accumulator(name) || operators::is_window(name)) {
            return Err(refused(name, "operator of a window"));
        }
        expression::check(argument, relations)?;
    }
    Ok(())
}

/// `{documents: ["unbounded", "current"]}`, `{range: [-7, 0], unit: "day"}`.
fn bounds(window: &Document) -> Checked {
    only_keys(window, &["documents", "range", "unit"], "a window")?;
    for value in window.values() {
        let plain = |value: &Bson| matches!(value, Bson::String(_) | Bson::Double(_)) || whole(value).is_some();
        let fine = match value {
            Bson::Array(ends) => ends.iter().all(plain),
            other => other.as_str().is_some(),
        };
        if !fine {
            return Err(unknown("the bounds of a window are numbers, \"unbounded\" or \"current\""));
        }
    }
    Ok(())
}
