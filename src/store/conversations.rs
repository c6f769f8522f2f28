//! Conversations: named, listed, reopened. And the lines that were typed, for the composer's history.

use super::error::StoreError;
use crate::domain::target::Timestamp;
use crate::domain::text::redact;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde_json::Value;

/// Lines of input that are kept.
pub const INPUT_LINES: usize = 1000;
/// Largest body of an entry, bytes of JSON. Results are kept as their statement and first rows, not whole.
pub const ENTRY_BYTES: usize = 1 << 20;

/// A conversation without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its number; never given twice.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The name of the target it was last about.
    pub target: Option<String>,
    /// When it began.
    pub created: Timestamp,
    /// When it was last added to or renamed.
    pub updated: Timestamp,
    /// How many entries it has.
    pub entries: u32,
}

/// One event of a conversation. The body's shape belongs to its writer and is told by its kind; texts in it are
/// redacted when it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What the body is: `question`, `answer`, ...
    pub kind: String,
    /// The event as JSON.
    pub body: Value,
}

/// Begins a conversation and gives its number.
pub(super) fn begin(db: &mut Connection, name: &str, target: Option<&str>, now: Timestamp) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO conversations (name, target, created, updated) VALUES (?1, ?2, ?3, ?3)")?
        .insert(params![redact(name), target, now.0])
}

/// Adds entries at the end, all or none.
pub(super) fn append(db: &mut Connection, conversation: i64, entries: Vec<Entry>) -> Result<(), StoreError> {
    let failed = StoreError::of("keep the conversation");
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    let updated = entries.iter().map(|entry| entry.at.0).max().unwrap_or(i64::MIN);
    let known = transaction
        .execute("UPDATE conversations SET updated = max(updated, ?2) WHERE id = ?1", [conversation, updated])
        .map_err(&failed)?;
    if known == 0 {
        return Err(StoreError::NoConversation(conversation));
    }
    for mut entry in entries {
        redact_texts(&mut entry.body);
        let body = entry.body.to_string();
        if body.len() > ENTRY_BYTES {
            return Err(StoreError::TooLarge { bytes: body.len(), most: ENTRY_BYTES });
        }
        transaction
            .prepare_cached(
                "INSERT INTO entries (conversation, number, at, kind, body)
                 SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM entries WHERE conversation = ?1",
            )
            .and_then(|mut insert| insert.execute(params![conversation, entry.at.0, entry.kind, body]))
            .map_err(&failed)?;
    }
    transaction.commit().map_err(failed)
}

/// A conversation and its entries, oldest first.
pub(super) fn load(db: &Connection, id: i64) -> Result<(Conversation, Vec<Entry>), StoreError> {
    let failed = StoreError::of("read the conversation");
    let conversation = db
        .prepare_cached(&format!("{LIST} WHERE c.id = ?1"))
        .and_then(|mut query| query.query_row([id], conversation).optional())
        .map_err(&failed)?
        .ok_or(StoreError::NoConversation(id))?;
    let entries = || -> rusqlite::Result<Vec<Entry>> {
        let mut query =
            db.prepare_cached("SELECT at, kind, body FROM entries WHERE conversation = ?1 ORDER BY number")?;
        let rows = query.query_map([id], |row| {
            let body: String = row.get(2)?;
            let body = serde_json::from_str(&body).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(Entry { at: Timestamp(row.get(0)?), kind: row.get(1)?, body })
        })?;
        rows.collect()
    };
    Ok((conversation, entries().map_err(failed)?))
}

const LIST: &str = "SELECT c.id, c.name, c.target, c.created, c.updated,
    (SELECT count(*) FROM entries e WHERE e.conversation = c.id) FROM conversations c";

/// All conversations, the one used last first.
pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<Conversation>> {
    let mut query = db.prepare_cached(&format!("{LIST} ORDER BY c.updated DESC, c.id DESC"))?;
    query.query_map([], conversation)?.collect()
}

fn conversation(row: &rusqlite::Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        name: row.get(1)?,
        target: row.get(2)?,
        created: Timestamp(row.get(3)?),
        updated: Timestamp(row.get(4)?),
        entries: row.get(5)?,
    })
}

/// Gives a conversation another name.
pub(super) fn rename(db: &Connection, id: i64, name: &str, now: Timestamp) -> Result<(), StoreError> {
    db.execute("UPDATE conversations SET name = ?2, updated = ?3 WHERE id = ?1", params![id, redact(name), now.0])
        .map_err(StoreError::of("rename the conversation"))
        .and_then(|changed| if changed == 0 { Err(StoreError::NoConversation(id)) } else { Ok(()) })
}

/// Deletes a conversation with its entries.
pub(super) fn delete(db: &Connection, id: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM conversations WHERE id = ?1", [id])
        .map_err(StoreError::of("delete the conversation"))
        .and_then(|deleted| if deleted == 0 { Err(StoreError::NoConversation(id)) } else { Ok(()) })
}

/// Keeps a line of input, unless it is the last one again, and forgets the oldest beyond [`INPUT_LINES`].
pub(super) fn remember_line(db: &mut Connection, line: &str) -> rusqlite::Result<()> {
    let line = redact(line);
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: Option<String> = transaction
        .prepare_cached("SELECT line FROM input_lines ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if last.as_deref() != Some(line.as_str()) {
        transaction.prepare_cached("INSERT INTO input_lines (line) VALUES (?1)")?.execute([line])?;
        let keep = i64::try_from(INPUT_LINES).unwrap_or(i64::MAX);
        transaction
            .prepare_cached(
                "DELETE FROM input_lines WHERE id <= (SELECT id FROM input_lines ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute([keep])?;
    }
    transaction.commit()
}

/// The lines of input, oldest first.
pub(super) fn lines(db: &Connection) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached("SELECT line FROM input_lines ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
}

/// Redacts every text of a JSON value; its keys are ours.
fn redact_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(redact_texts),
        Value::Object(fields) => fields.values_mut().for_each(redact_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
