//! Looking at the log without changing anything: not the file, which is evidence, and not the folders.

use super::anchor::{self, Found};
use super::chain::Key;
use super::{ANCHOR, APPLICATION_ID, AuditError, AuditLog, AuditPlaces, AuditRecord, FILE, KEY, Tampering};
use super::{BUSY_MS, read_key, record, stored};
use crate::store::error::StoreError;
use crate::store::files;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

impl AuditPlaces {
    /// The log's file.
    pub fn file(&self) -> PathBuf {
        self.data.join(FILE)
    }
    /// The files outside it that hold its newest link.
    pub fn anchors(&self) -> Vec<PathBuf> {
        std::iter::once(self.state.join(ANCHOR)).chain(self.second_anchor.clone()).collect()
    }
}

impl AuditLog {
    /// Whether there is a log, or was one: who only asks does not make one. Its key and its anchors count, so that
    /// removing the log alone does not make it one that never was.
    pub fn exists(places: &AuditPlaces) -> bool {
        let anchors = places.anchors();
        anchors.iter().chain([&places.file(), &places.state.join(KEY)]).any(|path| path.exists())
    }

    /// Opens the log of these places for reading alone; none where there never was one.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] where the file is gone, empty or no log any more; what is wrong with its records is
    /// found by [`Self::verify`].
    pub fn look(places: &AuditPlaces) -> Result<Option<Self>, AuditError> {
        if !Self::exists(places) {
            return Ok(None);
        }
        let (key, file) = (read_key(&places.state.join(KEY), false)?, places.file());
        let anchored = anchored(places, &key)?;
        let gone = || AuditError::Tampered(Tampering::Gone { anchored: anchored.unwrap_or(0) });
        if !file.exists() {
            return Err(gone());
        }
        files::private_database(&file)?;
        let db = connect(&file)?;
        let failed = StoreError::of("read the audit log");
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&failed)?;
        if tables == 0 {
            return Err(gone());
        }
        let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(&failed)?;
        if application != APPLICATION_ID {
            return Err(StoreError::NotAStore { path: file }.into());
        }
        let id = db.query_row("SELECT id FROM log", [], |row| row.get(0)).map_err(&failed)?;
        Ok(Some(Self { db, key, id, places: places.clone() }))
    }

    /// At most `most` records after the one of this number, oldest first.
    pub fn records_after(&self, number: i64, most: usize) -> Result<Vec<AuditRecord>, AuditError> {
        let failed = StoreError::of("read the audit log");
        let text = "SELECT number, at_ms, kind, act, body, before, link FROM record
                     WHERE number > ?1 ORDER BY number LIMIT ?2";
        let mut statement = self.db.prepare(text).map_err(&failed)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map([number, most], stored).map_err(&failed)?;
        rows.map(|row| Ok(record(row.map_err(&failed)?))).collect()
    }
}

/// The newest number that an anchor knows; none without a readable anchor.
fn anchored(places: &AuditPlaces, key: &Key) -> Result<Option<i64>, AuditError> {
    let mut newest = None;
    for path in places.anchors() {
        if let Found::Anchor(anchor) = anchor::read(&path, key)? {
            newest = newest.max(Some(anchor.number));
        }
    }
    Ok(newest)
}

fn connect(path: &Path) -> Result<Connection, AuditError> {
    let failed = StoreError::of("open the audit log");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let db = Connection::open_with_flags(path, flags).map_err(&failed)?;
    let settings = || -> rusqlite::Result<()> {
        db.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
        db.pragma_update(None, "mmap_size", 0)?;
        db.pragma_update(None, "trusted_schema", false)
    };
    settings().map_err(&failed)?;
    Ok(db)
}
