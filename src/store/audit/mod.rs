//! The audit log: who decided what, what was about to be done and how it ended, in a file of its own that shows
//! tampering.
//!
//! ```text
//! audit.db      records, each bound by a keyed hash to its number, its log and the record before it
//! audit.key     the key, 32 random bytes, in another folder than the log
//! audit.anchor  the newest link, beside the key; a second anchor may lie on another disk
//! ```
//!
//! What this shows: a record edited, removed, put in or moved; the end cut off; everything removed; an old copy put
//! back. What it cannot show: a forger who has the key and every anchor. So an anchor on another machine's disk is
//! worth more than one here. [`AuditLog::append`] returns when the record is on disk (`synchronous=FULL`), and fails
//! closed: a log that does not fit its anchor takes no record until a person has looked and
//! begun another ([`AuditLog::restart`]).

mod anchor;
mod chain;
mod look;
mod open;
mod verify;

pub use verify::{Tampering, Verified};

use super::error::StoreError;
use super::files;
use crate::domain::target::Timestamp;
use anchor::{Anchor, Found};
use chain::{Key, ORIGIN, Stored};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use std::path::PathBuf;

const FILE: &str = "audit.db";
const KEY: &str = "audit.key";
const ANCHOR: &str = "audit.anchor";
/// "DBAA".
const APPLICATION_ID: i64 = 0x4442_4141;
/// How long a record waits for another process, milliseconds.
const BUSY_MS: u64 = 5000;
/// Bytes of the key and of a log's id.
const RANDOM: usize = 32;
/// Largest body of a record: an approval shows every byte of its statement, and nobody reads more.
pub const BODY_BYTES: usize = 4 << 20;

/// Why a record could not be written or the log not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The file, its folder or SQLite.
    #[error(transparent)]
    Store(StoreError),
    /// The log does not fit its anchor or its key.
    #[error(
        "the audit log may have been tampered with ({0}): nothing is changed on any server until you have looked at `dba-gpt audit verify`, and restored the log or begun another with `dba-gpt audit restart`"
    )]
    Tampered(Tampering),
    /// The log is there and its key is not.
    #[error("{path} is gone, and the audit log cannot be continued without its key: restore it from a backup, or begin another log with `dba-gpt audit restart`", path = .0.display())]
    KeyMissing(PathBuf),
    /// A record that is too large.
    #[error("an audit record of {0} bytes is too large (at most {BODY_BYTES})")]
    TooLarge(usize),
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        match error {
            // Nothing puts a damaged log aside by itself, as it is done with the store.
            StoreError::Damaged { .. } => Self::Tampered(Tampering::Unreadable),
            other => Self::Store(other),
        }
    }
}

/// A record as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// 1, 2, ...
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, a word: `approved`, `intent`, `outcome`.
    pub kind: String,
    /// The act that it belongs to: records of one act share it.
    pub act: String,
    /// Everything else, JSON.
    pub body: serde_json::Value,
}

/// Where a log and what guards it lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlaces {
    /// Folder of the log.
    pub data: PathBuf,
    /// Folder of the key and the first anchor.
    pub state: PathBuf,
    /// A second anchor, on another disk.
    pub second_anchor: Option<PathBuf>,
}

/// An open audit log.
pub struct AuditLog {
    db: Connection,
    key: Key,
    id: Vec<u8>,
    places: AuditPlaces,
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLog").field("places", &self.places).finish_non_exhaustive()
    }
}

impl AuditLog {
    /// Writes a record and returns when it is on disk.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when the log's end does not fit the anchor; whatever depends on the record must not
    /// happen then, nor after any other error.
    pub fn append(
        &mut self,
        at: Timestamp,
        kind: &str,
        act: &str,
        body: &serde_json::Value,
    ) -> Result<AuditRecord, AuditError> {
        let text = body.to_string();
        if text.len() > BODY_BYTES {
            return Err(AuditError::TooLarge(text.len()));
        }
        let failed = StoreError::of("write the audit record");
        // Two processes take their turns: each sees the other's newest link, and an anchor that fits it.
        let _lock = files::lock(&self.places.state)?;
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let newest = newest(&transaction)?;
        let (number, before) = newest.map_or((0, ORIGIN.to_vec()), |n| (n.number, n.link));
        let here = anchor::read(&self.places.state.join(ANCHOR), &self.key)?;
        if here == Found::Nothing {
            return Err(AuditError::Tampered(Tampering::AnchorMissing));
        }
        check_anchor(&here, &self.id, &transaction, number)?;
        if let Some(second) = &self.places.second_anchor {
            check_anchor(&anchor::read(second, &self.key)?, &self.id, &transaction, number)?;
        }
        let mut record = Stored {
            number: number + 1,
            at_ms: at.0,
            kind: kind.to_owned(),
            act: act.to_owned(),
            body: text,
            before,
            link: Vec::new(),
        };
        record.link = record.expected(&self.key, &self.id, &record.before).to_vec();
        transaction
            .execute(
                "INSERT INTO record (number, at_ms, kind, act, body, before, link) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (record.number, record.at_ms, &record.kind, &record.act, &record.body, &record.before, &record.link),
            )
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        self.write_anchors(record.number, &record.link)?;
        Ok(AuditRecord { number: record.number, at, kind: record.kind, act: record.act, body: body.clone() })
    }

    /// Checks everything.
    pub fn verify(&self) -> Result<Verified, AuditError> {
        let failed = StoreError::of("read the audit log");
        // The anchors are read first: what others write meanwhile only makes the log longer than they say.
        let mut check = verify::Check::new(&self.key, &self.id, self.anchors()?);
        let mut statement = self
            .db
            .prepare("SELECT number, at_ms, kind, act, body, before, link FROM record ORDER BY number")
            .map_err(&failed)?;
        let rows = statement.query_map([], stored).map_err(&failed)?;
        for row in rows {
            check.record(&row.map_err(&failed)?);
        }
        Ok(check.end())
    }

    /// Records, oldest first: all of them, or those of one act.
    pub fn records(&self, act: Option<&str>) -> Result<Vec<AuditRecord>, AuditError> {
        let failed = StoreError::of("read the audit log");
        let mut statement = self
            .db
            .prepare(
                "SELECT number, at_ms, kind, act, body, before, link FROM record
                  WHERE ?1 IS NULL OR act = ?1 ORDER BY number",
            )
            .map_err(&failed)?;
        let rows = statement.query_map([act], stored).map_err(&failed)?;
        rows.map(|row| Ok(record(row.map_err(&failed)?))).collect()
    }

    fn anchors(&self) -> Result<Vec<Found>, AuditError> {
        let paths = self.places.anchors();
        Ok(paths.iter().map(|path| anchor::read(path, &self.key)).collect::<Result<_, _>>()?)
    }

    fn write_anchors(&self, number: i64, link: &[u8]) -> Result<(), AuditError> {
        let path = self.places.state.join(ANCHOR);
        let anchor = Anchor { log: self.id.clone(), number, link: link.to_vec() };
        anchor::write(&path, &anchor, &self.key)?;
        if let Some(second) = &self.places.second_anchor {
            anchor::write(second, &anchor, &self.key)?;
        }
        Ok(())
    }
}

/// The newest record against an anchor: it may be newer (a crash came between the two), never older or another one.
fn check_anchor(found: &Found, id: &[u8], db: &Connection, newest: i64) -> Result<(), AuditError> {
    let tampering = match found {
        Found::Nothing => None,
        Found::Forged => Some(Tampering::AnchorForged),
        Found::Anchor(anchor) if anchor.log != id => Some(Tampering::Replaced { number: 1 }),
        Found::Anchor(anchor) if anchor.number == 0 => None,
        Found::Anchor(anchor) if anchor.number > newest => {
            Some(Tampering::CutShort { last: newest, anchored: anchor.number })
        }
        Found::Anchor(anchor) => {
            let link: Option<Vec<u8>> = db
                .query_row("SELECT link FROM record WHERE number = ?1", [anchor.number], |row| row.get(0))
                .optional()
                .map_err(StoreError::of("read the audit log"))?;
            match link {
                Some(link) if link == anchor.link => None,
                Some(_) => Some(Tampering::Replaced { number: anchor.number }),
                None => Some(Tampering::Missing { from: anchor.number, to: anchor.number }),
            }
        }
    };
    tampering.map_or(Ok(()), |t| Err(AuditError::Tampered(t)))
}

fn newest(db: &Connection) -> Result<Option<Stored>, AuditError> {
    let text = "SELECT number, at_ms, kind, act, body, before, link FROM record ORDER BY number DESC LIMIT 1";
    Ok(db.query_row(text, [], stored).optional().map_err(StoreError::of("read the audit log"))?)
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        number: row.get(0)?,
        at_ms: row.get(1)?,
        kind: row.get(2)?,
        act: row.get(3)?,
        body: row.get(4)?,
        before: row.get(5)?,
        link: row.get(6)?,
    })
}

fn record(row: Stored) -> AuditRecord {
    AuditRecord {
        number: row.number,
        at: Timestamp(row.at_ms),
        kind: row.kind,
        act: row.act,
        // A body that is no JSON was not written by us; it is shown as it stands.
        body: serde_json::from_str(&row.body).unwrap_or(serde_json::Value::String(row.body)),
    }
}
