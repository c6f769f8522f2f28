//! Aggregation expressions: `{"$add": ["$a", 1]}` and everything that can stand in them.

use super::super::relations::Relations;
use super::super::shape::unknown;
use super::super::{Checked, regex};
use super::{operators, refused};
use bson::{Bson, Document};

/// Walks an expression.
pub(in super::super) fn check(value: &Bson, relations: &mut Relations<'_>) -> Checked {
    match value {
        Bson::Document(document) => of_document(document, relations),
        Bson::Array(all) => all.iter().try_for_each(|value| check(value, relations)),
        Bson::RegularExpression(found) => regex::check(found.pattern.as_str()),
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => Err(refused("$function", "expression")),
        // Field paths and variables are texts: they name data and nothing else.
        _ => Ok(()),
    }
}

fn of_document(document: &Document, relations: &mut Relations<'_>) -> Checked {
    let Some((name, argument)) = document.iter().find(|(key, _)| key.starts_with('$')) else {
        return document.iter().try_for_each(|(_, value)| check(value, relations));
    };
    if document.len() != 1 {
        return Err(unknown(format!("{name} shares its document with other keys")));
    }
    match name.as_str() {
        // Data, whatever it looks like: the server does not look into it.
        "$literal" => match argument {
            Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => Err(refused("$function", "expression")),
            _ => Ok(()),
        },
        "$regexMatch" | "$regexFind" | "$regexFindAll" => of_regex(name, argument, relations),
        name if operators::is_expression(name) => check(argument, relations),
        name => Err(refused(name, "operator")),
    }
}

/// The pattern must be known here: one that is computed could be anything.
fn of_regex(name: &str, argument: &Bson, relations: &mut Relations<'_>) -> Checked {
    let Bson::Document(named) = argument else {
        return Err(unknown(format!("{name} wants input and regex")));
    };
    for (key, value) in named {
        match key.as_str() {
            "input" | "options" => check(value, relations)?,
            "regex" => match value {
                Bson::RegularExpression(found) => regex::check(found.pattern.as_str())?,
                Bson::String(pattern) if !pattern.starts_with('$') => regex::check(pattern)?,
                Bson::Document(literal) if literal.len() == 1 => match literal.get("$literal") {
                    Some(Bson::String(pattern)) => regex::check(pattern)?,
                    _ => return Err(unknown(format!("the pattern of {name} must be written out"))),
                },
                _ => return Err(unknown(format!("the pattern of {name} must be written out"))),
            },
            other => return Err(unknown(format!("{other} is not an argument of {name}"))),
        }
    }
    Ok(())
}
