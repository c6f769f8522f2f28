//! What may follow `find(..)` and `aggregate(..)`: the methods of a cursor.

use super::SyntaxError;
use super::arguments::Call;
use bson::{Bson, Document, doc};

/// A find and the methods called on its cursor.
pub(super) fn find(mut command: Document, calls: Vec<Call>) -> Result<Document, SyntaxError> {
    let mut calls = calls.into_iter();
    while let Some(mut call) = calls.next() {
        let (key, value) = match call.name.as_str() {
            "sort" => ("sort", Bson::Document(call.wanted_document(0)?)),
            "project" | "projection" => ("projection", Bson::Document(call.wanted_document(0)?)),
            "collation" => ("collation", Bson::Document(call.wanted_document(0)?)),
            "min" => ("min", Bson::Document(call.wanted_document(0)?)),
            "max" => ("max", Bson::Document(call.wanted_document(0)?)),
            "limit" => ("limit", call.number(0)?),
            "skip" => ("skip", call.number(0)?),
            "batchSize" => ("batchSize", call.number(0)?),
            "maxTimeMS" => ("maxTimeMS", call.number(0)?),
            "hint" => ("hint", call.take(0).ok_or_else(|| call.error("hint(..) wants an index"))?),
            "comment" => ("comment", call.take(0).ok_or_else(|| call.error("comment(..) wants a text"))?),
            "returnKey" => ("returnKey", call.take(0).unwrap_or(Bson::Boolean(true))),
            "showRecordId" => ("showRecordId", call.take(0).unwrap_or(Bson::Boolean(true))),
            "allowDiskUse" => ("allowDiskUse", call.take(0).unwrap_or(Bson::Boolean(true))),
            "tailable" => ("tailable", Bson::Boolean(true)),
            "noCursorTimeout" => ("noCursorTimeout", Bson::Boolean(true)),
            "toArray" | "pretty" => {
                call.at_most(0)?;
                continue;
            }
            "count" | "size" => {
                call.at_most(0)?;
                nothing_after(calls)?;
                return counted(&call, command);
            }
            "explain" => {
                nothing_after(calls)?;
                return explain(call, command);
            }
            _ => return Err(unknown(&call)),
        };
        call.at_most(1)?;
        call.set(&mut command, key, value)?;
    }
    Ok(command)
}

/// An aggregation and the methods called on its cursor.
pub(super) fn aggregate(command: Document, calls: Vec<Call>) -> Result<Document, SyntaxError> {
    let mut calls = calls.into_iter();
    while let Some(call) = calls.next() {
        match call.name.as_str() {
            "toArray" | "pretty" => call.at_most(0)?,
            "explain" => {
                nothing_after(calls)?;
                return explain(call, command);
            }
            _ => return Err(unknown(&call)),
        }
    }
    Ok(command)
}

/// The plan of a command, with the shell's own default of what is told.
pub(super) fn explain(mut call: Call, command: Document) -> Result<Document, SyntaxError> {
    call.at_most(1)?;
    let verbosity = match call.take(0) {
        None => "queryPlanner".to_owned(),
        Some(Bson::String(text)) => text,
        Some(Bson::Boolean(all)) => if all { "allPlansExecution" } else { "queryPlanner" }.to_owned(),
        Some(_) => return Err(call.error("explain(..) wants \"queryPlanner\" or \"executionStats\"")),
    };
    Ok(doc! {"explain": command, "verbosity": verbosity})
}

/// The count of what a find would give. Order and projection do not change it; the rest is a count's too.
fn counted(call: &Call, find: Document) -> Result<Document, SyntaxError> {
    let mut count = Document::new();
    for (key, value) in find {
        match key.as_str() {
            "find" => count.insert("count", value),
            "filter" => count.insert("query", value),
            "limit" | "skip" | "hint" | "collation" | "comment" | "maxTimeMS" => count.insert(key, value),
            "sort" | "projection" | "batchSize" => None,
            other => return Err(call.error(format!("count() cannot follow {other}(..)"))),
        };
    }
    Ok(count)
}

pub(super) fn nothing_after(mut calls: impl Iterator<Item = Call>) -> Result<(), SyntaxError> {
    match calls.next() {
        None => Ok(()),
        Some(call) => Err(call.error(format!("`{}` cannot follow here: this is the answer already", call.name))),
    }
}

fn unknown(call: &Call) -> SyntaxError {
    call.unknown(
        "a cursor",
        "sort, limit, skip, hint, collation, project, count and explain can follow (forEach and map are JavaScript)",
    )
}
