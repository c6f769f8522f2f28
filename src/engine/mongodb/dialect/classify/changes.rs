//! Commands that change documents, collections and indexes: recognised exactly, so that a person can be asked about
//! one that is bounded, and one that is not is refused.

use super::relations::{Relations, own, well_formed};
use super::shape::{array, at_least, document, flag, flagged, inert, only_keys, path, text, unknown, whole};
use super::walk::{filter, stage};
use super::{Checked, fields};
use crate::domain::guard::{Author, Class, Judgement};
use bson::{Bson, Document};

/// Names of these commands.
const NAMES: &[&str] = &[
    "insert",
    "update",
    "delete",
    "findAndModify",
    "findandmodify",
    "create",
    "createIndexes",
    "dropIndexes",
    "deleteIndexes",
    "drop",
    "collMod",
    "renameCollection",
];

pub(super) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

/// True for changes whose plan `explain` shows.
pub(super) fn has_plan(name: &str) -> bool {
    matches!(name, "update" | "delete" | "findAndModify")
}

/// Judges a command that changes something; `None` for every other one.
pub(super) fn judge(
    name: &str,
    command: &Document,
    author: Author,
    relations: &mut Relations<'_>,
) -> Option<Judgement> {
    if !is_one(name) {
        return None;
    }
    let judged = match name {
        "insert" => insert(command, author),
        "update" => update(command, relations),
        "delete" => delete(command, relations),
        "findAndModify" | "findandmodify" => find_and_modify(command, relations),
        "create" => create(command, author, relations),
        "createIndexes" => create_indexes(command, relations),
        "dropIndexes" | "deleteIndexes" => drop_indexes(command, author),
        "drop" => drop(command, author),
        "collMod" => modify(command, author, relations),
        _ => rename(command, author),
    };
    Some(match judged {
        Ok(judged) | Err(judged) => judged,
    })
}

type Judged = Result<Judgement, Judgement>;

/// A person may ask for it, a model may not.
fn only_a_person(author: Author, class: Class, reason: &str) -> Judgement {
    match author {
        Author::Person => Judgement::needs_approval(class, reason),
        Author::Model => Judgement::deny(class, format!("{reason}; only a person may ask for that")),
    }
}

/// The collection that a command changes, which is not the server's own.
fn target(command: &Document) -> Result<&str, Judgement> {
    own(command.values().next().unwrap_or(&Bson::Null))
}

fn common(key: &str, value: &Bson) -> Checked {
    match key {
        "writeConcern" => {
            let concern = document(value, key)?;
            only_keys(concern, &["w", "j", "wtimeout"], key)?;
            if matches!(concern.get("w").and_then(whole), Some(0)) {
                return Err(Judgement::deny(Class::Dml, "a change whose result nobody waits for"));
            }
            concern.values().try_for_each(inert)
        }
        "comment" => inert(value),
        "maxTimeMS" => at_least(value, 0, key),
        "ordered" => flagged(value, key),
        "let" => Err(unknown("variables are not followed through a change; write the values out")),
        other => Err(fields::foreign(other)),
    }
}

fn insert(command: &Document, author: Author) -> Judged {
    target(command)?;
    let mut some = false;
    for (key, value) in command.iter().skip(1) {
        match key.as_str() {
            "documents" => {
                for one in array(value, key)? {
                    document(one, "what is inserted")?;
                    inert(one)?;
                    some = true;
                }
            }
            _ => common(key, value)?,
        }
    }
    if !some {
        return Err(unknown("there is nothing to insert"));
    }
    Ok(only_a_person(author, Class::Dml, "inserts documents"))
}

/// A filter that picks documents by what is in them. One that every document passes changes them all.
fn predicate(filter: &Document, relations: &mut Relations<'_>) -> Checked {
    filter::check(filter, relations)?;
    if restricts(filter) {
        return Ok(());
    }
    Err(Judgement::deny(Class::Dml, "changes every document: the filter looks at no field's value"))
}

fn restricts(filter: &Document) -> bool {
    filter.iter().any(|(key, value)| match (key.as_str(), value) {
        ("$and", Bson::Array(all)) => all.iter().filter_map(Bson::as_document).any(restricts),
        ("$or", Bson::Array(all)) => !all.is_empty() && all.iter().all(|one| one.as_document().is_some_and(restricts)),
        ("$text", _) => true,
        (key, _) if key.starts_with('$') => false,
        (_, Bson::Document(operators)) if operators.keys().next().is_some_and(|key| key.starts_with('$')) => {
            operators.iter().any(|(name, value)| compares(name, value))
        }
        _ => true,
    })
}

/// An operator that compares with a value, not one that nearly every document passes.
fn compares(name: &str, value: &Bson) -> bool {
    match name {
        "$eq" | "$in" | "$regex" | "$all" | "$mod" | "$size" | "$elemMatch" | "$geoWithin" | "$geoIntersects" => {
            !matches!(value, Bson::String(pattern) if name == "$regex" && pattern.is_empty())
        }
        "$gt" | "$gte" | "$lt" | "$lte" => !matches!(value, Bson::MinKey | Bson::MaxKey),
        "$ne" => !matches!(value, Bson::MinKey | Bson::MaxKey),
        "$exists" => flag(value) == Some(false),
        _ => false,
    }
}

/// Operators of an update; none computes anything but from the document itself.
const OPERATORS: &[&str] = &[
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$push",
    "$pull",
    "$pullAll",
    "$pop",
    "$addToSet",
    "$currentDate",
    "$bit",
];

fn new_content(content: &Bson, relations: &mut Relations<'_>) -> Checked {
    match content {
        Bson::Array(stages) => stage::of_update(stages, relations),
        Bson::Document(operators) if operators.keys().next().is_some_and(|key| key.starts_with('$')) => {
            only_keys(operators, OPERATORS, "an update")?;
            for (name, fields) in operators {
                for (_, value) in document(fields, name)? {
                    modifier(value)?;
                }
            }
            Ok(())
        }
        other => {
            document(other, "an update")?;
            inert(other)
        }
    }
}

/// `{$each: [..], $slice: 5}` and `{$type: "date"}` are the operators that a value of an update may be; what `$pull`
/// removes may be a condition.
fn modifier(value: &Bson) -> Checked {
    const KNOWN: &[&str] = &[
        "$each",
        "$slice",
        "$sort",
        "$position",
        "$type",
        "$in",
        "$nin",
        "$eq",
        "$ne",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "and",
        "or",
        "xor",
    ];
    match value {
        Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => {
            only_keys(inner, KNOWN, "an update")?;
            inner.values().try_for_each(inert)
        }
        other => inert(other),
    }
}

fn update(command: &Document, relations: &mut Relations<'_>) -> Judged {
    target(command)?;
    let mut some = false;
    for (key, value) in command.iter().skip(1) {
        if key != "updates" {
            if key == "bypassDocumentValidation" {
                return Err(unknown("validation is not bypassed"));
            }
            common(key, value)?;
            continue;
        }
        for entry in array(value, key)? {
            let entry = document(entry, "an update")?;
            let content = entry.get("u").ok_or_else(|| unknown("an update without its u"))?;
            new_content(content, relations)?;
            picked(entry, &["u", "multi", "upsert", "arrayFilters", "sort"], relations)?;
            some = true;
        }
    }
    if some {
        Ok(Judgement::needs_approval(Class::Dml, "changes documents"))
    } else {
        Err(unknown("there is no update"))
    }
}

fn delete(command: &Document, relations: &mut Relations<'_>) -> Judged {
    target(command)?;
    let mut some = false;
    for (key, value) in command.iter().skip(1) {
        if key != "deletes" {
            common(key, value)?;
            continue;
        }
        for entry in array(value, key)? {
            let entry = document(entry, "a delete")?;
            if !matches!(entry.get("limit").and_then(whole), Some(0 | 1)) {
                return Err(unknown("a delete wants a limit of 0 or 1"));
            }
            picked(entry, &["limit"], relations)?;
            some = true;
        }
    }
    if some {
        Ok(Judgement::needs_approval(Class::Dml, "deletes documents"))
    } else {
        Err(unknown("there is no delete"))
    }
}

/// One entry of an update or a delete: which documents, and with which options.
fn picked(entry: &Document, more: &[&str], relations: &mut Relations<'_>) -> Checked {
    let filter = entry.get("q").ok_or_else(|| unknown("a change without its filter q"))?;
    predicate(document(filter, "q")?, relations)?;
    for (key, value) in entry {
        match key.as_str() {
            "q" | "u" | "limit" => {}
            "multi" | "upsert" if more.contains(&key.as_str()) => flagged(value, key)?,
            "arrayFilters" if more.contains(&"arrayFilters") => {
                array(value, key)?.iter().try_for_each(|one| filter::check(document(one, key)?, relations))?;
            }
            "sort" if more.contains(&"sort") => fields::sort(value, key)?,
            "collation" => stage::collation(value)?,
            "hint" => hint(value)?,
            other => return Err(unknown(format!("{other} is not a known part of a change"))),
        }
    }
    Ok(())
}

fn hint(value: &Bson) -> Checked {
    if value.as_str().is_some() { Ok(()) } else { fields::sort(value, "hint") }
}

fn find_and_modify(command: &Document, relations: &mut Relations<'_>) -> Judged {
    target(command)?;
    let filter = command.get("query").ok_or_else(|| unknown("a change without its query"))?;
    predicate(document(filter, "query")?, relations)?;
    for (key, value) in command.iter().skip(1) {
        match key.as_str() {
            "query" => {}
            "update" => new_content(value, relations)?,
            "remove" | "new" | "upsert" => flagged(value, key)?,
            "sort" => fields::sort(value, key)?,
            "fields" => filter::projection(document(value, key)?, relations)?,
            "arrayFilters" => {
                array(value, key)?.iter().try_for_each(|one| filter::check(document(one, key)?, relations))?;
            }
            "collation" => stage::collation(value)?,
            "hint" => hint(value)?,
            _ => common(key, value)?,
        }
    }
    if command.contains_key("update") == (command.get("remove").and_then(flag) == Some(true)) {
        return Err(unknown("one of update and remove is wanted"));
    }
    Ok(Judgement::needs_approval(Class::Dml, "changes one document"))
}

/// Options of an index.
const INDEX: &[&str] = &[
    "key",
    "name",
    "unique",
    "sparse",
    "hidden",
    "background",
    "expireAfterSeconds",
    "partialFilterExpression",
    "collation",
    "v",
    "weights",
    "default_language",
    "language_override",
    "textIndexVersion",
    "2dsphereIndexVersion",
    "bits",
    "min",
    "max",
    "wildcardProjection",
    "prepareUnique",
];

fn create_indexes(command: &Document, relations: &mut Relations<'_>) -> Judged {
    target(command)?;
    let mut some = false;
    for (key, value) in command.iter().skip(1) {
        match key.as_str() {
            "indexes" => {
                for index in array(value, key)? {
                    let index = document(index, "an index")?;
                    only_keys(index, INDEX, "an index")?;
                    let keys = index.get("key").ok_or_else(|| unknown("an index without its key"))?;
                    fields::sort(keys, "the key of an index")?;
                    text(index.get("name").unwrap_or(&Bson::Null), "the name of an index")?;
                    for (option, value) in index {
                        match option.as_str() {
                            "partialFilterExpression" => filter::check(document(value, option)?, relations)?,
                            "collation" => stage::collation(value)?,
                            _ => inert(value)?,
                        }
                    }
                    some = true;
                }
            }
            "commitQuorum" => inert(value)?,
            _ => common(key, value)?,
        }
    }
    if some { Ok(Judgement::needs_approval(Class::Ddl, "creates an index")) } else { Err(unknown("there is no index")) }
}

fn drop_indexes(command: &Document, author: Author) -> Judged {
    target(command)?;
    let mut every = true;
    for (key, value) in command.iter().skip(1) {
        match (key.as_str(), value) {
            ("index", Bson::String(name)) => every = name == "*",
            ("index", Bson::Document(_)) => {
                fields::sort(value, key)?;
                every = false;
            }
            ("index", Bson::Array(names)) if !names.is_empty() => {
                names.iter().try_for_each(|name| text(name, key).map(|_| ()))?;
                every = names.iter().any(|name| name.as_str() == Some("*"));
            }
            _ => common(key, value)?,
        }
    }
    if every {
        return Ok(only_a_person(author, Class::Ddl, "drops every index of the collection"));
    }
    Ok(Judgement::needs_approval(Class::Ddl, "drops an index"))
}

fn drop(command: &Document, author: Author) -> Judged {
    target(command)?;
    command.iter().skip(1).try_for_each(|(key, value)| common(key, value))?;
    Ok(only_a_person(author, Class::Ddl, "drops a collection with all its documents"))
}

fn create(command: &Document, author: Author, relations: &mut Relations<'_>) -> Judged {
    const KNOWN: &[&str] = &[
        "capped",
        "size",
        "max",
        "timeseries",
        "expireAfterSeconds",
        "clusteredIndex",
        "changeStreamPreAndPostImages",
        "validationLevel",
        "validationAction",
    ];
    target(command)?;
    for (key, value) in command.iter().skip(1) {
        match key.as_str() {
            "validator" => filter::check(document(value, key)?, relations)?,
            "viewOn" => well_formed(text(value, key)?)?,
            "pipeline" => stage::pipeline(array(value, key)?, relations)?,
            "collation" => stage::collation(value)?,
            known if KNOWN.contains(&known) => inert(value)?,
            _ => common(key, value)?,
        }
    }
    Ok(only_a_person(author, Class::Ddl, "creates a collection or a view"))
}

fn modify(command: &Document, author: Author, relations: &mut Relations<'_>) -> Judged {
    target(command)?;
    let (mut some, mut rules) = (false, false);
    for (key, value) in command.iter().skip(1) {
        match key.as_str() {
            "index" => {
                let index = document(value, key)?;
                let known = &["name", "keyPattern", "hidden", "expireAfterSeconds", "unique", "prepareUnique"];
                only_keys(index, known, "an index")?;
                index.values().try_for_each(inert)?;
            }
            "validator" => {
                filter::check(document(value, key)?, relations)?;
                rules = true;
            }
            "viewOn" => {
                well_formed(text(value, key)?)?;
                rules = true;
            }
            "pipeline" => {
                stage::pipeline(array(value, key)?, relations)?;
                rules = true;
            }
            "validationLevel"
            | "validationAction"
            | "expireAfterSeconds"
            | "cappedSize"
            | "cappedMax"
            | "changeStreamPreAndPostImages"
            | "timeseries" => {
                inert(value)?;
                rules = true;
            }
            _ => {
                common(key, value)?;
                continue;
            }
        }
        some = true;
    }
    match (some, rules) {
        (false, _) => Err(unknown("there is nothing to change")),
        (true, true) => Ok(only_a_person(author, Class::Ddl, "changes the rules of a collection or a view")),
        (true, false) => Ok(Judgement::needs_approval(Class::Ddl, "changes an index")),
    }
}

fn rename(command: &Document, author: Author) -> Judged {
    let full_name = |value: &Bson| {
        let (_, collection) =
            text(value, "a full name")?.split_once('.').ok_or_else(|| unknown("a full name is db.collection"))?;
        own(&Bson::from(collection)).map(|_| ())
    };
    for (key, value) in command {
        match key.as_str() {
            "renameCollection" | "to" => full_name(value)?,
            "dropTarget" => match flag(value) {
                Some(false) => {}
                _ => return Err(Judgement::deny(Class::Ddl, "dropTarget would drop the collection of that name")),
            },
            _ => common(key, value)?,
        }
    }
    if !command.contains_key("to") {
        return Err(unknown("a collection wants a new name"));
    }
    path(text(command.get("to").unwrap_or(&Bson::Null), "to")?)?;
    Ok(only_a_person(author, Class::Ddl, "renames a collection"))
}
