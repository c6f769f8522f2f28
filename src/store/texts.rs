//! Names as numbers: targets, metrics, and every text of a session, each stored once.

use crate::domain::text::redact;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Texts remembered in memory; when there are more, all are forgotten, which costs one look-up each.
const MOST_CACHED: usize = 10_000;

/// First 16 bytes of a SHA-256: a text's key in memory and in the store.
type Hash = [u8; 16];

/// The numbers that this process has already seen. To be forgotten when a transaction that gave some is rolled back.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    targets: HashMap<String, i64>,
    metrics: HashMap<&'static str, i64>,
    /// Hash of the text as it came -> number, and the day on which its last use was written down.
    texts: HashMap<Hash, (i64, i64)>,
}

impl Numbers {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The number of a target, given if it is new.
    pub(super) fn target(&mut self, db: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(&id) = self.targets.get(name) {
            return Ok(id);
        }
        db.prepare_cached("INSERT OR IGNORE INTO targets (name) VALUES (?1)")?.execute([name])?;
        let id = db.prepare_cached("SELECT id FROM targets WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
        self.targets.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The number of a metric, given if it is new.
    pub(super) fn metric(&mut self, db: &Connection, name: &'static str) -> rusqlite::Result<i64> {
        if let Some(&id) = self.metrics.get(name) {
            return Ok(id);
        }
        db.prepare_cached("INSERT OR IGNORE INTO metrics (name) VALUES (?1)")?.execute([name])?;
        let id = db.prepare_cached("SELECT id FROM metrics WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
        self.metrics.insert(name, id);
        Ok(id)
    }

    /// The number of a text, redacted and given if it is new. `day` is the day of its use; a text is kept for as long
    /// as its last day is.
    pub(super) fn text(&mut self, db: &Connection, text: &str, day: i64) -> rusqlite::Result<i64> {
        let as_it_came = hash(text);
        if let Some(&(id, last_day)) = self.texts.get(&as_it_came)
            && last_day >= day
        {
            return Ok(id);
        }
        let redacted = redact(text);
        let id = db
            .prepare_cached(
                "INSERT INTO texts (hash, last_day, text) VALUES (?1, ?2, ?3)
                 ON CONFLICT (hash) DO UPDATE SET last_day = max(last_day, excluded.last_day) RETURNING id",
            )?
            .query_row(params![hash(&redacted), day, redacted], |row| row.get(0))?;
        if self.texts.len() >= MOST_CACHED {
            self.texts.clear();
        }
        self.texts.insert(as_it_came, (id, day));
        Ok(id)
    }
}

/// The number of a target that something was stored for.
pub(super) fn known_target(db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM targets WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()
}

fn hash(text: &str) -> Hash {
    let digest = Sha256::digest(text.as_bytes());
    let mut short = Hash::default();
    short.copy_from_slice(&digest[..16]);
    short
}
