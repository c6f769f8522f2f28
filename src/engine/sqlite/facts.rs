//! Facts about the files that SQL cannot tell, as functions for our own queries: sizes on disk and commits.
//! The guard's door does not let statements from outside use them.

use super::wal::CommitCounter;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Registers `dba_wal_bytes()` and `dba_wal_commits()`. Both give NULL when the fact cannot be known.
pub(super) fn register(connection: &Connection, database: &Path) -> rusqlite::Result<()> {
    let log = beside(database, "-wal");
    let path = log.clone();
    connection.create_scalar_function("dba_wal_bytes", 0, FLAGS, move |_| Ok(file_bytes(&path)))?;
    let counter = Mutex::new(CommitCounter::default());
    connection.create_scalar_function("dba_wal_commits", 0, FLAGS, move |_| {
        let commits = counter.lock().unwrap_or_else(PoisonError::into_inner).look(&log);
        Ok(commits.and_then(|n| i64::try_from(n).ok()))
    })
}

/// Not to be used from views or triggers of the file.
const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DIRECTONLY);

/// The companion of a database file: SQLite appends to the whole name.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn file_bytes(path: &Path) -> Option<i64> {
    std::fs::metadata(path).ok().and_then(|facts| i64::try_from(facts.len()).ok())
}
