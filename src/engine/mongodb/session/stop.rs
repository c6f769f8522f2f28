//! Ending on the server what we no longer want: a second connection finds our operation by its comment and kills it,
//! while the first one waits for the reply that proves it gone.

use super::{DRAIN, MongoSession, frame};
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
        let settled = async {
            tokio::select! {
                biased;
                reply = wire.receive() => matches!(reply, Ok(_) | Err(WireError::Refused(_))),
                () = kill(&self.route, &comment) => false,
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

/// Looks for the operation and kills it, again and again until dropped; ends by itself only when the second connection
/// cannot be had.
async fn kill(route: &Route, comment: &str) {
    let Ok(mut wire) = route.again(Instant::now() + DRAIN).await else {
        // The first connection may still answer in what is left of its time.
        return std::future::pending().await;
    };
    while kill_once(&mut wire, comment).await.is_ok() {
        tokio::time::sleep(PAUSE).await;
    }
    std::future::pending().await
}

async fn kill_once(wire: &mut Wire, comment: &str) -> Result<(), WireError> {
    let list = doc! {
        "aggregate": 1,
        "pipeline": [{ "$currentOp": { "localOps": true } }, { "$match": { "command.comment": comment } }, { "$project": { "opid": 1 } }],
        "cursor": {},
    };
    let found = wire.ask("admin", frame::complete(list, "stop", "primaryPreferred", KILL_MS)).await?;
    for operation in found.documents("cursor.firstBatch") {
        let Ok(Some(id)) = operation.get("opid") else { continue };
        let Ok(id) = bson::Bson::try_from(id) else { continue };
        wire.ask("admin", doc! { "killOp": 1, "op": id }).await?;
    }
    Ok(())
}
