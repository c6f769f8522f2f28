//! Facts about the files that SQL cannot tell, as functions for our own queries: sizes on disk, commits, which file it
//! is and whether we may write it.
//! The guard's door does not let statements from outside use them.

use super::files;
use super::wal::CommitCounter;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Registers `dba_wal_bytes()`, `dba_wal_live_bytes()`, `dba_wal_commits()`, `dba_file_identity()`, `dba_locks()`,
/// `dba_disk_free()` and `dba_disk_size()`, which give NULL when the fact cannot be known, and `dba_file_closed()`, which gives NULL when nothing keeps us from writing.
pub(super) fn register(connection: &Connection, database: &Path) -> rusqlite::Result<()> {
    let log = beside(database, "-wal");
    let path = log.clone();
    connection.create_scalar_function("dba_wal_bytes", 0, FLAGS, move |_| Ok(file_bytes(&path)))?;
    let path = database.to_owned();
    connection.create_scalar_function("dba_file_identity", 0, FLAGS, move |_| Ok(files::identity(&path)))?;
    let path = database.to_owned();
    connection.create_scalar_function("dba_file_closed", 0, FLAGS, move |_| Ok(files::closed_for_writing(&path)))?;
    let path = log.clone();
    connection.create_scalar_function("dba_wal_live_bytes", 0, FLAGS, move |_| {
        Ok(super::wal::in_use(&path).and_then(|bytes| i64::try_from(bytes).ok()))
    })?;
    let path = database.to_owned();
    connection.create_scalar_function("dba_locks", 0, FLAGS, move |_| Ok(super::locks::as_json(&path)))?;
    let path = database.to_owned();
    connection.create_scalar_function("dba_disk_free", 0, FLAGS, move |_| Ok(disk(&path).map(|(free, _)| free)))?;
    let path = database.to_owned();
    connection.create_scalar_function("dba_disk_size", 0, FLAGS, move |_| Ok(disk(&path).map(|(_, size)| size)))?;
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

/// Bytes of the file's disk that this user can still fill, and all of them.
fn disk(path: &Path) -> Option<(i64, i64)> {
    let facts = nix::sys::statvfs::statvfs(path).ok()?;
    let bytes = |blocks: u64| i64::try_from(u128::from(blocks) * u128::from(facts.fragment_size())).ok();
    Some((bytes(facts.blocks_available())?, bytes(facts.blocks())?))
}

fn file_bytes(path: &Path) -> Option<i64> {
    std::fs::metadata(path).ok().and_then(|facts| i64::try_from(facts.len()).ok())
}
