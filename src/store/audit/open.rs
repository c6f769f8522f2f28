//! Beginning a log, opening it again, and putting a doubtful one aside.
//!
//! A log is begun in this order: file, anchor, key. So where there is a key, there was a file with an anchor, and
//! whatever is missing of them was taken away; where there is none, a crash came before the first record.

use super::chain::{Key, ORIGIN};
use super::verify::Verified;
use super::{APPLICATION_ID, AuditError, AuditLog, AuditPlaces, BUSY_MS, KEY, RANDOM, Tampering, newest};
use crate::domain::target::Timestamp;
use crate::store::error::StoreError;
use crate::store::files;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

const SCHEMA: &str = "
CREATE TABLE log (id BLOB NOT NULL, begun_ms INTEGER NOT NULL) STRICT;
CREATE TABLE record (
    number INTEGER PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    act    TEXT NOT NULL,
    body   TEXT NOT NULL,
    before BLOB NOT NULL,
    link   BLOB NOT NULL
) STRICT;
CREATE INDEX record_by_act ON record (act, number);
";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Taking records.
    Write,
    /// Looking, with nothing changed.
    Look,
}

impl AuditLog {
    /// Opens the log of these places, beginning one if there never was one. Several processes may have it open.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] where the log is gone or empty although it was begun, [`AuditError::KeyMissing`] where
    /// its key is gone.
    pub fn open(places: &AuditPlaces, now: Timestamp) -> Result<Self, AuditError> {
        let places = AuditPlaces {
            data: files::private_folder(&places.data)?,
            state: files::private_folder(&places.state)?,
            second_anchor: places.second_anchor.clone(),
        };
        let _lock = files::lock(&places.data)?;
        match read_key(&places)? {
            Some(key) => Self::begun(places, key, Use::Write),
            None => Self::begin(places, now),
        }
    }

    /// The log of this key, which has to be there.
    pub(super) fn begun(places: AuditPlaces, key: Key, purpose: Use) -> Result<Self, AuditError> {
        let gone = |places: &AuditPlaces, key: &Key| -> Result<Self, AuditError> {
            let anchored = super::look::anchored(places, key)?.unwrap_or(0);
            Err(AuditError::Tampered(Tampering::Gone { anchored }))
        };
        if !places.file().exists() {
            return gone(&places, &key);
        }
        let db = connect(&places.file(), purpose)?;
        match id(&db)? {
            Some(id) => Ok(Self { db, key, id, places }),
            None => gone(&places, &key),
        }
    }

    fn begin(places: AuditPlaces, now: Timestamp) -> Result<Self, AuditError> {
        let missing = || AuditError::KeyMissing(places.state.join(KEY));
        let anchored = places.anchors().iter().any(|path| path.exists());
        if anchored && !places.file().exists() {
            return Err(missing());
        }
        let db = connect(&places.file(), Use::Write)?;
        let id = match id(&db)? {
            Some(_) if newest(&db)?.is_some() => return Err(missing()),
            Some(id) => id,
            None => make(&db, now)?,
        };
        let bytes = random()?;
        let log = Self { db, key: Key::new(bytes.clone()), id, places };
        log.write_anchors(0, &ORIGIN)?;
        write_key(&log.places.state.join(KEY), &bytes)?;
        Ok(log)
    }

    /// Puts a log that is not whole aside with its anchors and its key, deleting nothing, and begins a new one whose
    /// first record names the old file, what was found, and who decided this for what reason.
    pub fn restart(places: &AuditPlaces, now: Timestamp, reason: &str, who: &str) -> Result<Self, AuditError> {
        let (verified, found) = match Self::look(places).and_then(|log| log.map(|log| log.verify()).transpose()) {
            Ok(verified) => {
                let verified = verified.unwrap_or_default();
                let found = verified.tampering.iter().map(ToString::to_string).collect();
                (verified, found)
            }
            Err(AuditError::Tampered(tampering)) => (Verified::default(), vec![tampering.to_string()]),
            Err(error @ AuditError::KeyMissing(_)) => (Verified::default(), vec![error.to_string()]),
            Err(error) => return Err(error),
        };
        let lock = files::lock(&files::private_folder(&places.data)?)?;
        let aside = put_aside(&places.file(), now)?;
        for companion in ["-wal", "-shm"] {
            let name = |path: &Path| PathBuf::from(format!("{}{companion}", path.display()));
            let from = name(&places.file());
            if from.exists() {
                fs::rename(&from, name(&aside)).map_err(StoreError::file("move aside", &from))?;
            }
        }
        for guard in places.anchors().into_iter().chain([places.state.join(KEY)]) {
            put_aside(&guard, now)?;
        }
        drop(lock);
        let mut new = Self::open(places, now)?;
        let body = serde_json::json!({
            "aside": aside.display().to_string(), "records": verified.records, "head": verified.head,
            "found": found, "reason": reason, "who": who,
        });
        new.append(now, "restarted", "", &body)?;
        Ok(new)
    }
}

/// Renames a file, if it is there, to a name that nothing has. Gives that name.
fn put_aside(path: &Path, now: Timestamp) -> Result<PathBuf, AuditError> {
    let named = |n: u32| PathBuf::from(format!("{}.aside-{}-{n}", path.display(), files::stamp(now)));
    let free = (1..=u32::MAX).map(named).find(|name| !name.exists()).unwrap_or_else(|| named(0));
    if path.exists() {
        fs::rename(path, &free).map_err(StoreError::file("move aside", path))?;
    }
    Ok(free)
}

fn connect(path: &Path, purpose: Use) -> Result<Connection, AuditError> {
    files::private_database(path)?;
    let failed = StoreError::of("open the audit log");
    let access = match purpose {
        Use::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Use::Look => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let flags =
        access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let db = Connection::open_with_flags(path, flags).map_err(&failed)?;
    let settings = || -> rusqlite::Result<()> {
        db.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
        if purpose == Use::Write {
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "FULL")?;
        }
        db.pragma_update(None, "mmap_size", 0)?;
        db.pragma_update(None, "trusted_schema", false)
    };
    settings().map_err(&failed)?;
    Ok(db)
}

/// The id of the log in a file; none in an empty one.
fn id(db: &Connection) -> Result<Option<Vec<u8>>, AuditError> {
    let failed = StoreError::of("open the audit log");
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&failed)?;
    if tables == 0 {
        return Ok(None);
    }
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(&failed)?;
    if application != APPLICATION_ID {
        let path = db.path().map(PathBuf::from).unwrap_or_default();
        return Err(StoreError::NotAStore { path }.into());
    }
    Ok(Some(db.query_row("SELECT id FROM log", [], |row| row.get(0)).map_err(&failed)?))
}

/// Makes the tables. Gives the new log's id.
fn make(db: &Connection, now: Timestamp) -> Result<Vec<u8>, AuditError> {
    let id = random()?;
    let make = || -> rusqlite::Result<()> {
        let transaction = db.unchecked_transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.execute("INSERT INTO log (id, begun_ms) VALUES (?1, ?2)", (&id, now.0))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()
    };
    make().map_err(StoreError::of("open the audit log"))?;
    Ok(id)
}

/// Reads the key; none where no log was begun.
pub(super) fn read_key(places: &AuditPlaces) -> Result<Option<Key>, AuditError> {
    let path = places.state.join(KEY);
    if !path.exists() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(RANDOM);
    files::private_file(&path)?.read_to_end(&mut bytes).map_err(StoreError::file("read", &path))?;
    if bytes.len() == RANDOM { Ok(Some(Key::new(bytes))) } else { Err(AuditError::KeyMissing(path)) }
}

/// Writes the key so that it is there, whole, after a power cut, or not at all.
fn write_key(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let temporary = PathBuf::from(format!("{}.new", path.display()));
    let mut file = files::private_file(&temporary)?;
    let failed = StoreError::file("write", &temporary);
    file.set_len(0).map_err(&failed)?;
    file.write_all(bytes).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    fs::rename(&temporary, path).map_err(StoreError::file("replace", path))?;
    Ok(files::sync(path)?)
}

/// Random bytes of the operating system.
fn random() -> Result<Vec<u8>, AuditError> {
    let mut bytes = vec![0; RANDOM];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Failed { operation: "get random bytes".to_owned(), message: error.to_string() })?;
    Ok(bytes)
}
