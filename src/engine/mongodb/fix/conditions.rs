//! What must hold so that an act does what it was approved for: found before it is proposed, again before it is sent,
//! and each time as a class that does not move by itself.

use super::change::{Change, Statement};
use super::inverse::{dropped, is_every_index};
use super::objects::{Resolved, name_of, session_words, words};
use super::sessions;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Bson, doc};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;

/// Checks everything.
///
/// # Errors
/// In words when something does not hold, so that the act makes no sense.
pub(in crate::engine::mongodb) async fn check(
    session: &mut MongoSession,
    statement: &Statement,
    resolved: &Resolved,
) -> Result<Vec<Precondition>, SessionError> {
    let one = |text: &str, found: &str| vec![Precondition { text: text.to_owned(), found: found.to_owned() }];
    let unsupported = |words: String| Err(SessionError::Unsupported(words));
    Ok(match (&statement.change, &resolved.collection) {
        (Change::Insert(documents), _) => {
            let ids: Vec<Bson> = documents.iter().filter_map(|document| document.get("_id").cloned()).collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            match taken(session, statement, &ids).await? {
                0 => one("documents with these _ids", "none"),
                n => return unsupported(format!("{n} documents with these _ids are there already")),
            }
        }
        (Change::CreateIndexes(indexes), Some(collection)) => {
            let there = indexes.iter().map(name_of).find(|name| collection.index(name).is_some());
            if let Some(name) = there {
                return unsupported(format!("{} has an index {name} already", collection.full_name()));
            }
            one("indexes of these names", "none")
        }
        (Change::DropIndexes(which), Some(collection)) => {
            let dropped = dropped(which, collection);
            let said = which.as_array().map_or(1, Vec::len);
            if dropped.is_empty() || (!is_every_index(which) && dropped.len() < said) {
                return unsupported(format!("{} has no such index", collection.full_name()));
            }
            let names: Vec<&str> = dropped.into_iter().map(name_of).collect();
            one(&format!("indexes to drop: {}", names.join(", ")), "there")
        }
        (Change::Parameter(name), _) => {
            let old = super::inverse::old_value(session, name).await?;
            one(&format!("{name} now"), old.as_deref().unwrap_or("not read"))
        }
        (Change::ResizeLog, _) => {
            let now = super::inverse::log_megabytes(session).await?;
            let found = now.map_or_else(|| "not read".to_owned(), |megabytes| format!("{megabytes} MB"));
            one("size of the replication log now", &found)
        }
        (Change::Profile, _) => {
            let now = session.look(&statement.database, doc! { "profile": -1 }, LOOK_MS).await?;
            one("level of the profiler now", &now.int("was").map_or_else(|| "unknown".to_owned(), |n| n.to_string()))
        }
        (Change::Kill(opid, facts), _) => {
            let found = sessions::same_operation(session, opid, facts).await?;
            one(&format!("operation {} is the one that was chosen", words(opid)), &found)
        }
        (Change::EndSessions(all), _) => {
            let mut conditions = Vec::new();
            for lsid in all {
                let found = sessions::same_session(session, lsid).await?;
                conditions.extend(one(&session_words(lsid), &found));
            }
            conditions
        }
        _ => Vec::new(),
    })
}

/// Documents that have one of these `_id`s already.
pub(in crate::engine::mongodb) async fn taken(
    session: &mut MongoSession,
    statement: &Statement,
    ids: &[Bson],
) -> Result<u64, SessionError> {
    let Some((database, collection)) = &statement.collection else { return Ok(0) };
    let command = doc! { "count": collection, "query": { "_id": { "$in": ids.to_vec() } } };
    let reply = session.look(database, command, LOOK_MS).await?;
    Ok(reply.int("n").and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}
