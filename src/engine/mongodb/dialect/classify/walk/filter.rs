//! Match expressions (`{total: {$gt: 5}}`) and the fields that a find returns.

use super::super::relations::Relations;
use super::super::shape::{REFERENCE, array, document, flagged, inert, path, text, unknown, whole};
use super::super::{Checked, regex};
use super::{expression, refused};
use bson::{Bson, Document};

/// Walks a filter.
pub(in super::super) fn check(filter: &Document, relations: &mut Relations<'_>) -> Checked {
    for (key, value) in filter {
        match key.as_str() {
            "$and" | "$or" | "$nor" => {
                for inner in array(value, key)? {
                    check(document(inner, key)?, relations)?;
                }
            }
            "$expr" => expression::check(value, relations)?,
            "$comment" => inert(value)?,
            "$text" => of_text(document(value, key)?)?,
            "$jsonSchema" => schema(document(value, key)?)?,
            "$sampleRate" => number(value, key)?,
            "$alwaysTrue" | "$alwaysFalse" => number(value, key)?,
            operator if operator.starts_with('$') => return Err(refused(operator, "operator of a filter")),
            field => {
                path(field)?;
                condition(value, relations)?;
            }
        }
    }
    Ok(())
}

/// What a field is compared with: a value, or operators.
fn condition(value: &Bson, relations: &mut Relations<'_>) -> Checked {
    match value {
        Bson::Document(operators) if operators.keys().next().is_some_and(|key| is_operator(key)) => {
            of_operators(operators, relations)
        }
        other => inert(other),
    }
}

/// A `$` key that is not the beginning of a reference to another document.
fn is_operator(key: &str) -> bool {
    key.starts_with('$') && !REFERENCE.contains(&key)
}

fn of_operators(operators: &Document, relations: &mut Relations<'_>) -> Checked {
    for (name, value) in operators {
        match name.as_str() {
            "$eq" | "$ne" | "$gt" | "$gte" | "$lt" | "$lte" | "$comment" => inert(value)?,
            "$in" | "$nin" => array(value, name)?.iter().try_for_each(inert)?,
            "$exists" => flagged(value, name)?,
            "$type" => match value {
                Bson::Array(all) if all.iter().all(is_type) => {}
                other if is_type(other) => {}
                _ => return Err(unknown("$type wants names or numbers of types")),
            },
            "$mod" => array(value, name)?.iter().try_for_each(|n| number(n, name))?,
            "$size" | "$minDistance" | "$maxDistance" => number(value, name)?,
            "$regex" => match value {
                Bson::String(pattern) => regex::check(pattern)?,
                Bson::RegularExpression(found) => regex::check(found.pattern.as_str())?,
                _ => return Err(unknown("$regex wants a pattern")),
            },
            "$options" if operators.contains_key("$regex") => {
                let flags = text(value, name)?;
                if flags.chars().any(|c| !matches!(c, 'i' | 'm' | 's' | 'u' | 'x')) {
                    return Err(unknown("$options of a regular expression are i, m, s, u and x"));
                }
            }
            "$not" => match value {
                Bson::RegularExpression(_) => inert(value)?,
                other => of_operators(document(other, name)?, relations)?,
            },
            "$elemMatch" => element(document(value, name)?, relations)?,
            "$all" => {
                for value in array(value, name)? {
                    match value {
                        Bson::Document(one) if one.contains_key("$elemMatch") => of_operators(one, relations)?,
                        other => inert(other)?,
                    }
                }
            }
            "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear" => inert(value)?,
            "$geoWithin" | "$geoIntersects" | "$near" | "$nearSphere" => geometry(value)?,
            other => return Err(refused(other, "operator of a filter")),
        }
    }
    Ok(())
}

/// What one element of an array must be: operators on the element, or a filter over its fields.
fn element(inner: &Document, relations: &mut Relations<'_>) -> Checked {
    let logical = |key: &String| matches!(key.as_str(), "$and" | "$or" | "$nor" | "$expr");
    let operators = inner.keys().next().is_some_and(|key| is_operator(key) && !logical(key));
    if operators { of_operators(inner, relations) } else { check(inner, relations) }
}

fn number(value: &Bson, of: &str) -> Checked {
    match value {
        Bson::Double(_) | Bson::Decimal128(_) => Ok(()),
        other if whole(other).is_some() => Ok(()),
        _ => Err(unknown(format!("{of} wants numbers"))),
    }
}

fn is_type(value: &Bson) -> bool {
    value.as_str().is_some() || whole(value).is_some()
}

fn of_text(search: &Document) -> Checked {
    for (key, value) in search {
        match key.as_str() {
            "$search" | "$language" => text(value, key).map(|_| ())?,
            "$caseSensitive" | "$diacriticSensitive" => flagged(value, key)?,
            other => return Err(unknown(format!("{other} is not a known part of $text"))),
        }
    }
    Ok(())
}

/// Shapes and points: numbers in arrays, under a few known keys.
fn geometry(value: &Bson) -> Checked {
    let Bson::Document(shape) = value else { return inert(value) };
    for (key, value) in shape {
        match key.as_str() {
            "$geometry" | "$box" | "$polygon" | "$center" | "$centerSphere" | "$minDistance" | "$maxDistance" => {
                inert(value)?;
            }
            "$uniqueDocs" => flagged(value, key)?,
            "type" | "coordinates" | "crs" | "x" | "y" => inert(value)?,
            other => return Err(unknown(format!("{other} is not a known part of a shape"))),
        }
    }
    Ok(())
}

/// A JSON schema holds patterns; the rest of it is data.
pub(in super::super) fn schema(part: &Document) -> Checked {
    for (key, value) in part {
        if key.starts_with('$') {
            return Err(unknown(format!("{key} is not known in a JSON schema")));
        }
        match (key.as_str(), value) {
            ("pattern", Bson::String(pattern)) => regex::check(pattern)?,
            ("patternProperties", Bson::Document(inner)) => {
                inner.keys().try_for_each(|pattern| regex::check(pattern))?;
                schema(inner)?;
            }
            (_, Bson::Document(inner)) => schema(inner)?,
            (_, Bson::Array(all)) => all.iter().try_for_each(|value| match value {
                Bson::Document(inner) => schema(inner),
                other => inert(other),
            })?,
            (_, other) => inert(other)?,
        }
    }
    Ok(())
}

/// The fields that a find returns: flags, slices, the elements that match, or expressions.
pub(in super::super) fn projection(fields: &Document, relations: &mut Relations<'_>) -> Checked {
    for (field, value) in fields {
        // `items.$` is the element that matched.
        path(field.strip_suffix(".$").unwrap_or(field))?;
        match value {
            Bson::Document(inner) => match inner.iter().next() {
                Some((key, condition)) if key == "$elemMatch" && inner.len() == 1 => {
                    element(document(condition, key)?, relations)?;
                }
                Some((key, _)) if key.starts_with('$') => expression::check(value, relations)?,
                _ => projection(inner, relations)?,
            },
            other => expression::check(other, relations)?,
        }
    }
    Ok(())
}
