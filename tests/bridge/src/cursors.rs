//! Open cursors of all clients: a driver may ask for the next page over another connection than the first.

use crate::engine::{Engine, document_of};
use anyhow::Result;
use bson::Document;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A cursor that has more to give.
struct Cursor {
    database: String,
    /// Where the engine goes on.
    continuation: Vec<u8>,
    /// The connection that made it: the engine may keep the rest of the result there.
    engine: Arc<Engine>,
}

/// Open cursors by id.
#[derive(Default)]
pub struct Cursors(Mutex<HashMap<i64, Cursor>>);

impl Cursors {
    /// The first page of what `function` finds; the cursor is kept when there is more.
    pub async fn open(
        &self,
        engine: &Arc<Engine>,
        function: &str,
        database: &str,
        command: &Document,
    ) -> Result<Document> {
        let sql = format!(
            "SELECT cursorpage::bytea, continuation::bytea, cursorid
             FROM documentdb_api.{function}($1, $2::bytea::documentdb_core.bson)"
        );
        let row = engine.row(&sql, &[&database, &command.to_vec()?]).await?;
        if let (Some(continuation), Some(id)) =
            (row.try_get(1)?, row.try_get::<_, Option<i64>>(2)?.filter(|id| *id != 0))
        {
            self.keep(id, Cursor { database: database.to_owned(), continuation, engine: Arc::clone(engine) });
        }
        document_of(row.try_get(0)?)
    }

    /// The next page; nothing when there is no such cursor.
    pub async fn next(&self, id: i64, command: &Document) -> Result<Option<Document>> {
        let Some(mut cursor) = self.take(id) else { return Ok(None) };
        let row = cursor
            .engine
            .row(
                "SELECT cursorpage::bytea, continuation::bytea FROM documentdb_api.cursor_get_more(
                     $1, $2::bytea::documentdb_core.bson, $3::bytea::documentdb_core.bson)",
                &[&cursor.database, &command.to_vec()?, &cursor.continuation],
            )
            .await?;
        let page = document_of(row.try_get(0)?)?;
        if let Some(continuation) = row.try_get(1)? {
            cursor.continuation = continuation;
            self.keep(id, cursor);
        }
        Ok(Some(page))
    }

    /// Closes a cursor; tells whether there was one.
    pub fn close(&self, id: i64) -> bool {
        self.take(id).is_some()
    }

    fn keep(&self, id: i64, cursor: Cursor) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, cursor);
    }

    fn take(&self, id: i64) -> Option<Cursor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}
