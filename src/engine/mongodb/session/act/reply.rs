//! What the answer to a change says: how many documents, which errors, and whether other members have it.

use crate::domain::error_event::{ServerMessage, SessionError};
use crate::engine::mongodb::wire::Fields as _;
use bson::{Document, RawDocument, doc};

/// Time for a majority of the members to have it, milliseconds.
pub(super) const MAJORITY_MS: u64 = 30_000;

/// Refusals of a command that was ended while it ran, so that part of it may have happened: `Interrupted`,
/// `MaxTimeMSExpired`, `ExceededTimeLimit`, `ClientDisconnect`, `LockTimeout`.
const ENDED: &[i64] = &[11_601, 50, 262, 279, 24];
/// Refusals of a server that stops or steps down, which may come after the change was made:
/// `InterruptedAtShutdown`, `ShutdownInProgress`, `InterruptedDueToReplStateChange`, `PrimarySteppedDown`.
const LEAVING: &[i64] = &[11_600, 91, 11_602, 189];

/// Part of it may have happened.
pub(super) fn was_ended(code: i64) -> bool {
    ENDED.contains(&code)
}

/// Nobody knows whether it happened.
pub(super) fn is_leaving(code: i64) -> bool {
    LEAVING.contains(&code)
}

/// How sure a change has to be: on disk, and in a set with a majority of the members.
pub(super) fn concern(in_cluster: bool) -> Document {
    if in_cluster {
        doc! { "w": "majority", "wtimeout": i32::try_from(MAJORITY_MS).unwrap_or(i32::MAX) }
    } else {
        doc! { "w": 1, "j": true }
    }
}

/// Documents that were found or made, and those that are different now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Found, or made: what the approval limits.
    pub(super) found: u64,
    /// Changed, made or deleted.
    pub(super) changed: u64,
}

/// The documents of an answer to `insert`, `update`, `delete` or `findAndModify`.
pub(super) fn counted(reply: &RawDocument) -> Counted {
    let number = |path: &str| reply.int(path).and_then(|n| u64::try_from(n).ok());
    if let Some(one) = number("lastErrorObject.n") {
        return Counted { found: one, changed: one };
    }
    let found = number("n").unwrap_or(0);
    let made = reply.values("upserted").len() as u64;
    Counted { found, changed: number("nModified").map_or(found, |modified| modified + made) }
}

/// The first error of a document.
pub(super) fn write_error(reply: &RawDocument) -> Option<SessionError> {
    let first = *reply.documents("writeErrors").first()?;
    let code = first.int("code").unwrap_or(0);
    Some(SessionError::Server(ServerMessage {
        code: code.to_string(),
        message: first.text("errmsg").unwrap_or("a document could not be changed").to_owned(),
        ..ServerMessage::default()
    }))
}

/// What to know when the change was made here and is not known to be anywhere else.
pub(super) fn doubt(reply: &RawDocument) -> Option<String> {
    let why = reply.document("writeConcernError")?.text("errmsg").unwrap_or("no reason was given");
    Some(format!(
        "it happened on this server, but it is not confirmed by as many members as it should be ({why}): should this \
         server fail now, the set may go on without it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn answers_are_counted_by_what_they_found_and_changed() {
        let is = |reply: &RawDocument| {
            let Counted { found, changed } = counted(reply);
            (found, changed)
        };
        assert_eq!(is(&rawdoc! { "n": 3, "nModified": 2 }), (3, 2));
        assert_eq!(is(&rawdoc! { "n": 2, "nModified": 1, "upserted": [{ "index": 1, "_id": 7 }] }), (2, 2));
        assert_eq!(is(&rawdoc! { "n": 5 }), (5, 5));
        assert_eq!(is(&rawdoc! { "lastErrorObject": { "n": 1 }, "value": { "_id": 1, "n": 9 } }), (1, 1));
    }

    #[test]
    fn an_unconfirmed_change_is_a_change_with_a_doubt() {
        let reply =
            rawdoc! { "n": 1, "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } };
        assert!(doubt(&reply).is_some_and(|words| words.contains("happened") && words.contains("timed out")));
        assert_eq!(write_error(&reply), None);
        assert!(
            write_error(&rawdoc! { "n": 1, "writeErrors": [{ "index": 1, "code": 11000, "errmsg": "E11000" }] })
                .is_some()
        );
    }
}
