//! Ending on the server what we no longer want: a second connection finds our operation by its comment and kills it,
//! while the first one waits for the reply that proves it gone.

use super::frame::Frame;
use super::{DRAIN, MongoSession};
use crate::engine::mongodb::connect::Route;
use crate::engine::mongodb::wire::{Fields as _, Wire, WireError};
use bson::doc;
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
        let Some(wire) = self.wire.as_mut() else { return false };
        if wire.is_at_rest() {
            return true;
        }
        let kill = Kill { route: &self.route, comment: &comment, wire_version: self.facts.wire_version };
        let settled = async {
            tokio::select! {
                biased;
                reply = wire.receive() => matches!(reply, Ok(_) | Err(WireError::Refused(_))),
                () = kill.run() => false,
            }
        };
        let settled = timeout(DRAIN, settled).await.unwrap_or(false) && wire.is_at_rest();
        if !settled {
            self.wire = None;
        }
        settled
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
