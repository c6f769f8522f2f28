//! Ending on the server what we no longer want: a second connection finds our operation by its comment and kills it,
//! while the first one waits for the reply that proves it gone.

use super::frame::Frame;
use super::{DRAIN, MongoSession};
use crate::engine::mongodb::connect::Route;
use crate::engine::mongodb::wire::{Fields as _, Refusal, Wire, WireError};
use bson::{RawDocumentBuf, doc};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Pause between two looks for an operation that has not begun, or has not noticed its end.
const PAUSE: Duration = Duration::from_millis(50);
/// Time for each question of the second connection, milliseconds.
const KILL_MS: u64 = 1_000;

impl MongoSession {
    /// Ends the running command, and tells whether the connection is at rest again. Otherwise the connection is closed,
    /// which makes the server end the command too, within a second or so.
    pub(super) async fn stop(&mut self) -> bool {
        let comment = self.comment();
        if self.wire.as_ref().is_some_and(Wire::is_at_rest) {
            return true;
        }
        self.end(&comment).await.is_some()
    }

    /// Ends the running command of this comment and gives its last words: it may have come to its end before it was
    /// told to. None when nothing was heard of it; then the connection is closed.
    pub(super) async fn end(&mut self, comment: &str) -> Option<Result<RawDocumentBuf, Refusal>> {
        let wire = self.wire.as_mut()?;
        let kill = Kill { route: &self.route, comment, wire_version: self.facts.wire_version };
        let last_words = async {
            tokio::select! {
                biased;
                reply = wire.receive() => match reply {
                    Ok(reply) => Some(Ok(reply)),
                    Err(WireError::Refused(refusal)) => Some(Err(refusal)),
                    Err(_) => None,
                },
                () = kill.run() => None,
            }
        };
        let last_words = timeout(DRAIN, last_words).await.ok().flatten();
        if last_words.is_none() || !wire.is_at_rest() {
            self.wire = None;
            return None;
        }
        last_words
    }

    /// Closes a cursor that is still open. The server closes it by itself when it has been idle for ten minutes.
    pub(in crate::engine::mongodb) async fn close_cursor(&mut self, database: &str, collection: &str, cursor: i64) {
        let command = doc! { "killCursors": collection, "cursors": [cursor] };
        // It has nothing more to say to us; should it fail, the next command on this connection will tell.
        let _ = self.ask(database, command, KILL_MS).await;
    }
}

/// One operation of ours to be ended.
struct Kill<'a> {
    route: &'a Route,
    comment: &'a str,
    wire_version: i64,
}

impl Kill<'_> {
    /// Looks for the operation and kills it, again and again until dropped.
    async fn run(&self) {
        if let Ok(mut wire) = self.route.again(Instant::now() + DRAIN).await {
            while self.once(&mut wire).await.is_ok() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        // Nothing more can be done; the first connection may still answer in what is left of its time.
        std::future::pending::<()>().await;
    }

    async fn once(&self, wire: &mut Wire) -> Result<(), WireError> {
        let list = doc! {
            "aggregate": 1,
            "pipeline": [
                { "$currentOp": { "localOps": true } },
                { "$match": { "command.comment": self.comment } },
                { "$project": { "opid": 1 } },
            ],
            "cursor": {},
        };
        let frame = Frame { comment: "stop", read_preference: "primaryPreferred", wire_version: self.wire_version };
        let found = wire.ask("admin", frame.around(list, KILL_MS)).await?;
        for operation in found.documents("cursor.firstBatch") {
            if let Some(id) = operation.at("opid").and_then(|id| bson::Bson::try_from(id).ok()) {
                wire.ask("admin", doc! { "killOp": 1, "op": id }).await?;
            }
        }
        Ok(())
    }
}
