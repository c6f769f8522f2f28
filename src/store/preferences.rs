//! Small things to remember from one run to the next: the last theme, hints that were seen.

use rusqlite::{Connection, OptionalExtension as _, params};

/// The value of a key, if one was set.
pub(super) fn get(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM preferences WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

/// Sets the value of a key; none removes it.
pub(super) fn set(db: &Connection, key: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            db.execute("INSERT OR REPLACE INTO preferences (key, value) VALUES (?1, ?2)", params![key, value])
        }
        None => db.execute("DELETE FROM preferences WHERE key = ?1", [key]),
    }
    .map(drop)
}
