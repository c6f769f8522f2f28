//! How a transaction ended of which nobody heard: its session's id is new for each act, so the server's own record of
//! sessions tells whether it was committed.

use super::place;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::stage::End;
use crate::domain::target::Timestamp;
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{RawBsonRef, Uuid, doc};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// Operations and sessions looked at, at most.
const MOST: i32 = 10_000;
/// A server forgets a session that was not used for half an hour; after less than that, what it has no record of was
/// not committed, milliseconds.
const REMEMBERED_MS: u64 = 20 * 60 * 1000;

/// The name of a transaction: the id of its session, which has this one alone, and when it began by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::mongodb) struct Mark {
    /// The session's id.
    pub(in crate::engine::mongodb) session: Uuid,
    /// When it began.
    pub(in crate::engine::mongodb) begun: Timestamp,
}

impl Mark {
    /// As text, for the store.
    pub(in crate::engine::mongodb) fn words(&self) -> String {
        format!("session {} begun {}", self.session, self.begun.0)
    }

    /// From the text.
    fn read(words: &str) -> Option<Self> {
        let (session, begun) = words.strip_prefix("session ")?.split_once(" begun ")?;
        Some(Self { session: Uuid::parse_str(session).ok()?, begun: Timestamp(begun.parse().ok()?) })
    }
}

/// How the transaction of a mark ended.
pub(super) async fn ended(session: &mut MongoSession, mark: &str) -> Result<End, SessionError> {
    let Some(mark) = Mark::read(mark) else { return Ok(End::Unknown) };
    let here = place::look(session, "config").await?;
    // A router's transactions are recorded on their shards, and a secondary may be behind.
    if here.role != Role::Primary {
        return Ok(End::Unknown);
    }
    // Work that still runs can still be committed; so can what we may not see.
    if !session.facts().sees_all || is_under_way(session, mark.session).await? {
        return Ok(End::Unknown);
    }
    let find = doc! {
        "find": "transactions", "filter": { "_id.id": mark.session }, "limit": 1, "singleBatch": true,
        "readConcern": { "level": "majority" },
    };
    let reply = match session.look("config", find, LOOK_MS).await {
        Ok(reply) => reply,
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        Err(_) => return Ok(End::Unknown),
    };
    Ok(match reply.documents("cursor.firstBatch").first().map(|record| record.text("state")) {
        Some(Some("committed")) => End::Committed,
        Some(Some("aborted")) => End::RolledBack,
        Some(_) => End::Unknown,
        None if here.now.0 > 0 && here.now.since(mark.begun) < REMEMBERED_MS => End::RolledBack,
        None => End::Unknown,
    })
}

async fn is_under_way(session: &mut MongoSession, wanted: Uuid) -> Result<bool, SessionError> {
    let command = doc! {
        "aggregate": 1,
        "pipeline": [{ "$currentOp": { "allUsers": true, "idleSessions": true } }, { "$limit": MOST }],
        "cursor": { "batchSize": MOST },
    };
    let reply = session.look("admin", command, LOOK_MS).await?;
    let bytes = wanted.bytes();
    Ok(reply
        .documents("cursor.firstBatch")
        .into_iter()
        .any(|found| matches!(found.at("lsid.id"), Some(RawBsonRef::Binary(id)) if id.bytes == bytes.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_words() {
        let mark = Mark { session: Uuid::from_bytes([7; 16]), begun: Timestamp(5) };
        assert_eq!(Mark::read(&mark.words()), Some(mark));
        assert_eq!(Mark::read("session x begun 5"), None);
    }
}
