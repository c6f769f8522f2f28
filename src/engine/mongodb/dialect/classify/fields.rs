//! The fields of commands: what each may be, and how its content is walked.

use super::relations::Relations;
use super::shape::{at_least, document, flag, flagged, inert, only_keys, path, text, unknown, whole};
use super::walk::{expression, filter, stage};
use super::{Checked, shape};
use crate::domain::guard::{Class, Judgement};
use bson::{Bson, Document};

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// true or false.
    Flag,
    /// false, or left out: true does something that is not a bounded read. The words say what.
    Off(Class, &'static str),
    /// A whole number from 0.
    Number,
    /// At most so many rows; 0 would be all of them.
    Limit,
    /// Rows in a batch.
    Batch,
    /// A field's name.
    Path,
    /// Data that is returned as it is.
    Inert,
    /// `{field: 1}`.
    Sort,
    /// An index by name or by keys.
    Hint,
    /// A match expression.
    Filter,
    /// Fields to return.
    Projection,
    /// Stages.
    Pipeline,
    /// Variables for expressions.
    Variables,
    /// `{locale: "en"}`.
    Collation,
    /// How settled the data must be.
    ReadConcern,
    /// `{batchSize: 100}`.
    Cursor,
}

/// Largest batch: rows arrive in pieces and are counted while they do.
const LARGEST_BATCH: i64 = 10_000;

/// Fields that every reading command may have.
pub(super) const COMMON: &[(&str, Field)] = &[
    ("comment", Field::Inert),
    // Accepted and replaced: the time of a read is always ours.
    ("maxTimeMS", Field::Number),
];

/// A second command's name that is a field of the first.
pub(super) fn belongs(command: &str, key: &str) -> bool {
    matches!((command, key), ("aggregate", "explain") | ("findAndModify" | "findandmodify", "update"))
}

/// Checks the fields of a command after its first key.
pub(super) fn check(document: &Document, fields: &[(&str, Field)], relations: &mut Relations<'_>) -> Checked {
    for (key, value) in document.iter().skip(1) {
        let known = fields.iter().chain(COMMON).find(|(name, _)| name == key);
        let Some((name, field)) = known else {
            return Err(foreign(key));
        };
        one(name, *field, value, relations)?;
    }
    Ok(())
}

/// Why a field is refused that the command has not.
pub(super) fn foreign(key: &str) -> Judgement {
    match key {
        "$db" => Judgement::deny(Class::Session, "$db would choose another database"),
        "lsid" | "txnNumber" | "autocommit" | "startTransaction" | "stmtId" | "stmtIds" => {
            Judgement::deny(Class::Transaction, format!("{key} belongs to a transaction"))
        }
        "tailable" | "awaitData" | "exhaust" | "noCursorTimeout" => {
            Judgement::deny(Class::Resource, format!("{key} makes a read without end"))
        }
        other => unknown(format!("{other} is not a known field of this command")),
    }
}

fn one(name: &str, field: Field, value: &Bson, relations: &mut Relations<'_>) -> Checked {
    match field {
        Field::Flag => flagged(value, name),
        Field::Off(class, why) => match flag(value) {
            Some(false) => Ok(()),
            Some(true) => Err(Judgement::deny(class, format!("{name} {why}"))),
            None => Err(unknown(format!("{name} is true or false"))),
        },
        Field::Number => at_least(value, 0, name),
        Field::Limit => match whole(value) {
            Some(0) => {
                Err(Judgement::deny(Class::Resource, "a limit of 0 asks for every row; leave it out or say how many"))
            }
            _ => at_least(value, 1, name),
        },
        Field::Batch => match whole(value) {
            Some(n) if n > LARGEST_BATCH => {
                Err(Judgement::deny(Class::Resource, format!("a batch of more than {LARGEST_BATCH} rows")))
            }
            _ => at_least(value, 0, name),
        },
        Field::Path => path(text(value, name)?),
        Field::Inert => inert(value),
        Field::Sort => sort(value, name),
        Field::Hint => match value {
            Bson::String(_) => Ok(()),
            other => sort(other, name),
        },
        Field::Filter => filter::check(document(value, name)?, relations),
        Field::Projection => filter::projection(document(value, name)?, relations),
        Field::Pipeline => stage::pipeline(shape::array(value, name)?, relations),
        Field::Variables => {
            document(value, name)?.iter().try_for_each(|(_, value)| expression::check(value, relations))
        }
        Field::Collation => collation(document(value, name)?),
        Field::ReadConcern => read_concern(document(value, name)?),
        Field::Cursor => {
            let cursor = document(value, name)?;
            only_keys(cursor, &["batchSize"], "a cursor")?;
            cursor.iter().try_for_each(|(key, value)| one(key, Field::Batch, value, relations))
        }
    }
}

/// `{field: 1, other: -1}`, `{$natural: 1}`, `{score: {$meta: "textScore"}}`.
pub(super) fn sort(value: &Bson, of: &str) -> Checked {
    for (key, direction) in document(value, of)? {
        if key != "$natural" {
            path(key)?;
        }
        match direction {
            Bson::Document(meta) => {
                only_keys(meta, &["$meta"], of)?;
                meta.iter().try_for_each(|(_, value)| text(value, "$meta").map(|_| ()))?;
            }
            Bson::String(kind) if matches!(kind.as_str(), "text" | "2d" | "2dsphere" | "hashed") => {}
            other if matches!(whole(other), Some(1 | -1)) => {}
            _ => return Err(unknown(format!("the direction of {key} is 1 or -1"))),
        }
    }
    Ok(())
}

const COLLATION: &[&str] = &[
    "locale",
    "strength",
    "caseLevel",
    "caseFirst",
    "numericOrdering",
    "alternate",
    "maxVariable",
    "backwards",
    "normalization",
    "version",
];

pub(super) fn collation(document: &Document) -> Checked {
    only_keys(document, COLLATION, "a collation")?;
    match document.values().find(|value| matches!(value, Bson::Document(_) | Bson::Array(_))) {
        None => Ok(()),
        Some(_) => Err(unknown("a collation is made of texts, numbers and flags")),
    }
}

fn read_concern(document: &Document) -> Checked {
    only_keys(document, &["level"], "a read concern")?;
    match document.get_str("level") {
        Ok("local" | "available" | "majority" | "snapshot") => Ok(()),
        Ok("linearizable") => {
            Err(Judgement::deny(Class::Resource, "a linearizable read waits for a majority of the members"))
        }
        _ => Err(unknown("a read concern is local, available, majority or snapshot")),
    }
}
