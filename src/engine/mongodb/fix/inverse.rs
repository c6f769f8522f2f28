//! How an act can be undone, planned while looking: from definitions and settings that are read now, or from the
//! documents that the act itself will read before it changes them.

use super::change::{Change, Pick, Statement};
use super::objects::{Collection, Resolved, has_keys, name_of, words};
use super::undo::{self, Home};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::survey::Inverse;
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::dialect::{DIALECT, write};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Bson, Document, RawDocument, doc};

/// Documents that are kept as they were, at most (safety.md D.7: the prior image of up to so many rows).
pub(in crate::engine::mongodb) const MOST_KEPT: u64 = 1_000;
/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;

/// The inverse of a statement. `fitting` counts the documents that each of its picks finds now, where they could be
/// counted.
pub(in crate::engine::mongodb) async fn plan(
    session: &mut MongoSession,
    statement: &Statement,
    resolved: &Resolved,
    role: Role,
    fitting: &[Option<u64>],
) -> Result<Inverse, SessionError> {
    let home = Home { database: &statement.database, named: statement.named };
    let undoing = |command: Result<Document, String>| match command.and_then(|c| undo::statement(&c, home)) {
        Ok(text) => Inverse::Statements(vec![text]),
        Err(why) => Inverse::None(why),
    };
    let none = |why: &str| Inverse::None(why.to_owned());
    let name = statement.collection.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
    let collection = resolved.collection.as_ref();
    Ok(match &statement.change {
        Change::Insert(_) | Change::Update(_) | Change::Delete(_) if role == Role::Router => {
            none("behind a router a document is put back by its shard key too, which is not followed here")
        }
        Change::Insert(_) | Change::Update(_) | Change::Delete(_)
            if collection.is_some_and(|c| c.kind == "timeseries") =>
        {
            none("the measurements of a time series cannot be replaced one by one")
        }
        Change::Insert(documents) if documents.len() as u64 > MOST_KEPT => none("more documents than are kept"),
        Change::Insert(_) => Inverse::FromRows(MOST_KEPT),
        Change::Update(picks) | Change::Delete(picks) => of_picks(picks, fitting),
        Change::CreateIndexes(definitions) => {
            let made: Vec<&str> = definitions.iter().map(name_of).collect();
            let index = match made.as_slice() {
                [one] => Bson::from(*one),
                many => Bson::from(many.to_vec()),
            };
            undoing(Ok(doc! { "dropIndexes": name, "index": index }))
        }
        Change::DropIndexes(which) => undoing(made_again(&name, which, collection)),
        Change::Modify => undoing(modified_back(&statement.command, collection)),
        Change::Create(_) => undoing(Ok(doc! { "drop": name })),
        Change::Rename(to) => match statement.command.get_str("renameCollection") {
            Ok(from) => undoing(Ok(doc! { "renameCollection": to, "to": from })),
            Err(_) => none("it names no collection"),
        },
        Change::Parameter(name) => parameter(session, name, home).await?,
        Change::ResizeLog => match log_megabytes(session).await? {
            Some(megabytes) => {
                #[allow(clippy::cast_precision_loss, reason = "megabytes of a disk are far below what a double holds")]
                let size = megabytes as f64;
                undoing(Ok(doc! { "replSetResizeOplog": 1, "size": size }))
            }
            None => none("the size of the log now could not be read"),
        },
        Change::Profile => match session.look(&statement.database, doc! { "profile": -1 }, LOOK_MS).await {
            Ok(now) => undoing(Ok(profile_back(&now))),
            Err(error) => Inverse::None(format!("the level of now could not be read: {error}")),
        },
        Change::Drop => none("its documents are gone with it: restore them from a backup"),
        Change::Kill(..) => none("what was ended does not run on; whoever asked for it can ask again"),
        Change::EndSessions(_) => none("what a session had not committed is rolled back for good"),
        Change::Upkeep => none("it changes no content, so there is nothing to bring back"),
    })
}

/// The inverse of an update or a delete, which the act makes from the documents that it reads first.
fn of_picks(picks: &[Pick], fitting: &[Option<u64>]) -> Inverse {
    let none = |why: String| Inverse::None(why);
    if picks.len() > 1 && picks.iter().any(|pick| pick.id().is_none()) {
        return none("a later entry may pick what an earlier one changed; name each document by its _id".into());
    }
    let mut all = 0;
    for (pick, fitting) in picks.iter().zip(fitting) {
        let by_id = pick.id().is_some();
        match fitting {
            None if by_id => all += 1,
            None => return none("how many documents it changes could not be counted in time".into()),
            Some(0) if pick.upsert && !by_id => {
                return none("no document fits, so it makes one, whose _id the server gives; it can be deleted".into());
            }
            // The server takes the first that it meets, and nobody knows which one that is.
            Some(several) if pick.one && *several > 1 => {
                return none(format!(
                    "{several} documents fit and one of them is taken, whichever the server meets first: name its _id"
                ));
            }
            Some(count) => all += count,
        }
    }
    if all > MOST_KEPT {
        return none(format!(
            "{all} documents change, and at most {MOST_KEPT} are kept as they were: keep them yourself first (mongodump --query)"
        ));
    }
    Inverse::FromRows(MOST_KEPT)
}

/// A `dropIndexes` means all of them.
pub(in crate::engine::mongodb) fn is_every_index(which: &Bson) -> bool {
    let every = |name: &Bson| name.as_str() == Some("*");
    every(which) || which.as_array().is_some_and(|names| names.iter().any(every))
}

/// The indexes that a `dropIndexes` means.
pub(in crate::engine::mongodb) fn dropped<'a>(which: &Bson, collection: &'a Collection) -> Vec<&'a Document> {
    let all = collection.indexes.iter();
    match which {
        which if is_every_index(which) => all.filter(|index| name_of(index) != "_id_").collect(),
        Bson::String(name) => all.filter(|index| name_of(index) == name).collect(),
        Bson::Array(names) => all.filter(|index| names.iter().any(|n| n.as_str() == Some(name_of(index)))).collect(),
        Bson::Document(keys) => all.filter(|index| has_keys(index, keys)).collect(),
        _ => Vec::new(),
    }
}

/// The command that makes dropped indexes again. Options of the storage layer are the server's own and are left to it.
fn made_again(name: &str, which: &Bson, collection: Option<&Collection>) -> Result<Document, String> {
    let dropped = collection.map(|collection| dropped(which, collection)).unwrap_or_default();
    if dropped.is_empty() {
        return Err("there is no index to drop".to_owned());
    }
    let definition = |index: &&Document| {
        let mut definition = (*index).clone();
        definition.remove("ns");
        definition.remove("storageEngine");
        definition
    };
    Ok(doc! { "createIndexes": name, "indexes": dropped.iter().map(definition).collect::<Vec<_>>() })
}

/// The `collMod` that gives everything back that this one changes.
fn modified_back(command: &Document, collection: Option<&Collection>) -> Result<Document, String> {
    let collection = collection.ok_or("its collection is not there")?;
    let mut back = Document::new();
    for (field, value) in command {
        let old = || collection.options.get(field).cloned();
        let missing = |what: &str| Err(format!("{what} cannot be given back by a command"));
        let value = match field.as_str() {
            "collMod" => value.clone(),
            field if super::change::FRAME.contains(&field) => continue,
            "index" => Bson::Document(index_back(value, collection)?),
            // Without rules a collection has an empty validator, and the server's defaults beside it.
            "validator" => old().unwrap_or_else(|| Bson::Document(Document::new())),
            "validationLevel" => old().unwrap_or_else(|| Bson::from("strict")),
            "validationAction" => old().unwrap_or_else(|| Bson::from("error")),
            "expireAfterSeconds" => old().unwrap_or_else(|| Bson::from("off")),
            "changeStreamPreAndPostImages" => old().unwrap_or_else(|| Bson::Document(doc! { "enabled": false })),
            "viewOn" | "pipeline" => match old() {
                Some(old) => old,
                None => return missing(field),
            },
            "cappedSize" => match collection.options.get("size") {
                Some(old) => old.clone(),
                None => return missing(field),
            },
            "cappedMax" => match collection.options.get("max") {
                Some(old) => old.clone(),
                None => return missing(field),
            },
            other => return missing(other),
        };
        back.insert(field.clone(), value);
    }
    Ok(back)
}

fn index_back(changed: &Bson, collection: &Collection) -> Result<Document, String> {
    let changed = changed.as_document().ok_or("which index is meant is not said")?;
    let index = match (changed.get_str("name"), changed.get_document("keyPattern")) {
        (Ok(name), _) => collection.index(name),
        (_, Ok(keys)) => collection.indexes.iter().find(|index| has_keys(index, keys)),
        _ => None,
    };
    let index = index.ok_or("there is no such index")?;
    let mut back = Document::new();
    for (field, value) in changed {
        let value = match field.as_str() {
            "name" | "keyPattern" => value.clone(),
            "hidden" | "prepareUnique" => Bson::Boolean(index.get_bool(field).unwrap_or(false)),
            "expireAfterSeconds" => index.get(field).cloned().ok_or("it makes the index one that removes documents")?,
            other => return Err(format!("{other} of an index cannot be given back by a command")),
        };
        back.insert(field.clone(), value);
    }
    Ok(back)
}

/// A parameter's value now as the server gives it, read only where the guard would let anybody read it: others may hold
/// a secret. None where it is not told.
async fn parameter_now(session: &mut MongoSession, name: &str) -> Result<Option<Bson>, SessionError> {
    let mut ask = doc! { "getParameter": 1 };
    ask.insert(name, 1);
    let text = write::document(&ask);
    if DIALECT.classify(&text, Author::Person, &Catalog::default()).verdict != Verdict::Allow {
        return Ok(None);
    }
    match session.look("admin", ask, LOOK_MS).await {
        Ok(reply) => Ok(reply.get(name).ok().flatten().and_then(|value| Bson::try_from(value).ok())),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The size that the replication log may grow to, megabytes; none where that cannot be seen.
pub(super) async fn log_megabytes(session: &mut MongoSession) -> Result<Option<u64>, SessionError> {
    let ask = doc! { "aggregate": "oplog.rs", "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {} };
    match session.look("local", ask, LOOK_MS).await {
        Ok(reply) => {
            let stats = reply.documents("cursor.firstBatch");
            let bytes = stats.first().and_then(|stats| stats.int("storageStats.maxSize"));
            Ok(bytes.and_then(|bytes| u64::try_from(bytes >> 20).ok()))
        }
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A parameter's value now, in words.
pub(super) async fn old_value(session: &mut MongoSession, name: &str) -> Result<Option<String>, SessionError> {
    Ok(parameter_now(session, name).await?.as_ref().map(words))
}

async fn parameter(session: &mut MongoSession, name: &str, home: Home<'_>) -> Result<Inverse, SessionError> {
    let Some(old) = parameter_now(session, name).await? else {
        return Ok(Inverse::None(format!(
            "the value of {name} now is not told, or is not read because it may be a secret"
        )));
    };
    let mut command = doc! { "setParameter": 1 };
    command.insert(name, old.clone());
    Ok(match undo::statement(&command, Home { named: false, ..home }) {
        Ok(text) => Inverse::Statements(vec![text]),
        Err(_) => Inverse::None(format!("its value now, {}, cannot be set by a command", words(&old))),
    })
}

fn profile_back(now: &RawDocument) -> Document {
    let mut command = doc! { "profile": i32::try_from(now.int("was").unwrap_or(0)).unwrap_or(0) };
    for field in ["slowms", "sampleRate"] {
        if let Some(value) = now.at(field).and_then(|value| Bson::try_from(value).ok()) {
            command.insert(field, value);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(filter: Document, one: bool, upsert: bool) -> Pick {
        Pick { filter, one, upsert, ..Pick::default() }
    }

    #[test]
    fn a_change_that_is_known_beforehand_can_be_undone() {
        let many = pick(doc! { "a": 1 }, false, false);
        assert_eq!(of_picks(std::slice::from_ref(&many), &[Some(1_000)]), Inverse::FromRows(MOST_KEPT));
        let by_id = [pick(doc! { "_id": 1 }, true, true), pick(doc! { "_id": 2 }, true, true)];
        assert_eq!(of_picks(&by_id, &[Some(1), Some(0)]), Inverse::FromRows(MOST_KEPT));
        assert_eq!(of_picks(&[pick(doc! { "a": 1 }, true, false)], &[Some(1)]), Inverse::FromRows(MOST_KEPT));
    }

    #[test]
    fn one_that_is_not_says_why() {
        let none = |picks: &[Pick], fitting: &[Option<u64>], piece: &str| {
            let Inverse::None(why) = of_picks(picks, fitting) else { panic!("{piece}: it has an inverse") };
            assert!(why.contains(piece), "{why}");
        };
        none(&[pick(doc! { "a": 1 }, false, false)], &[Some(1_001)], "1001 documents");
        none(&[pick(doc! { "a": 1 }, true, false)], &[Some(2)], "meets first");
        none(&[pick(doc! { "a": 1 }, true, true)], &[Some(0)], "makes one");
        none(&[pick(doc! { "a": 1 }, false, false)], &[None], "in time");
        let two = [pick(doc! { "a": 1 }, false, false), pick(doc! { "a": 2 }, false, false)];
        none(&two, &[Some(1), Some(1)], "earlier");
    }
}
