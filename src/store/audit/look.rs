//! Looking at the log without changing anything: not the file, which is evidence, and not the folders.

use super::anchor::{self, Found};
use super::chain::Key;
use super::open::{Use, read_key};
use super::{ANCHOR, AuditError, AuditLog, AuditPlaces, AuditRecord, FILE, KEY, record, stored};
use crate::store::error::StoreError;
use std::path::PathBuf;

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
        match read_key(places)? {
            Some(key) => Self::begun(places.clone(), key, Use::Look).map(Some),
            None => Err(AuditError::KeyMissing(places.state.join(KEY))),
        }
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
pub(super) fn anchored(places: &AuditPlaces, key: &Key) -> Result<Option<i64>, AuditError> {
    let mut newest = None;
    for path in places.anchors() {
        if let Found::Anchor(anchor) = anchor::read(&path, key)? {
            newest = newest.max(Some(anchor.number));
        }
    }
    Ok(newest)
}
