//! The embedded demo: a shop in a SQLite file that the program makes for itself, and a light workload on it, so that
//! there is something alive to look at before anything is configured.
//!
//! The shop is the same for everybody but for its dates, which end at the moment it is made. It is made beside its
//! place and moved there when it is complete and on disk, so an interrupted try leaves nothing half-made.

mod bulk;
mod calendar;
mod fill;
mod random;
mod shape;
mod words;
mod workload;

pub use workload::Workload;

use crate::domain::target::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Version of the shop; a file of an older one is made anew. Kept in the file as `user_version`.
pub const VERSION: i32 = 1;
/// `application_id` of the file (`DBAg`): nothing else is ever replaced.
const APPLICATION: i32 = 0x4442_4167;
/// A shop whose last order is older than this has nothing to say about last week, and is made anew.
const STALE_AFTER_MS: i64 = 21 * calendar::DAY * 1000;

/// What [`ensure`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The shop was there already.
    Kept,
    /// It was made, for the first time or anew.
    Made,
}

/// Why there is no shop.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A file of this name exists and is not ours to replace.
    #[error("{} is not a demo shop of this program; move it away, or choose another data directory", .0.display())]
    NotOurs(PathBuf),
    /// The folder or the file cannot be written.
    #[error("the demo shop cannot be made at {}: {source}", .path.display())]
    Files {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite could not fill it.
    #[error("the demo shop cannot be made: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Makes sure that the shop is at `path`: makes it when it is missing, of an older version or stale. `now` is the
/// moment at which its dates end; `progress` hears percents, 100 last. The folder must exist.
///
/// Two programs that start at once wait for each other. A shop that another program has open is kept as it is.
///
/// # Errors
/// [`DemoError`]; then whatever was at `path` is still there.
pub fn ensure(path: &Path, now: Timestamp, progress: &mut dyn FnMut(u8)) -> Result<Created, DemoError> {
    let files = |source| DemoError::Files { path: path.to_owned(), source };
    let _turn = take_turn(path).map_err(files)?;
    match look(path, now)? {
        Found::Good => return Ok(Created::Kept),
        Found::Outdated if !let_go(path) => return Ok(Created::Kept),
        Found::Outdated | Found::Nothing => {}
    }
    let draft = beside(path, ".new");
    remove(&draft).map_err(files)?;
    let made = make(&draft, now, progress).and_then(|()| publish(&draft, path).map_err(files));
    if made.is_err() {
        // The error to tell is the first one.
        let _ = remove(&draft);
    }
    made?;
    progress(100);
    Ok(Created::Made)
}

/// Waits until no other program makes the shop; the turn ends when the file is closed.
fn take_turn(path: &Path) -> io::Result<File> {
    let turn = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(beside(path, ".lock"))?;
    turn.lock()?;
    Ok(turn)
}

enum Found {
    Nothing,
    Good,
    Outdated,
}

/// Looks at what is there, through SQLite, so that locks of other connections in this process stay untouched.
fn look(path: &Path, now: Timestamp) -> Result<Found, DemoError> {
    if !path.try_exists().unwrap_or(true) {
        return Ok(Found::Nothing);
    }
    let not_ours = |_| DemoError::NotOurs(path.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(not_ours)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    if number("PRAGMA application_id").map_err(not_ours)? != i64::from(APPLICATION) {
        return Err(DemoError::NotOurs(path.to_owned()));
    }
    if number("PRAGMA user_version").map_err(not_ours)? != i64::from(VERSION) {
        return Ok(Found::Outdated);
    }
    // A shop of this version without its orders was tampered with; making it anew mends it.
    let newest = number("SELECT unixepoch(max(ordered_at)) * 1000 FROM orders").unwrap_or(0);
    Ok(if now.0.saturating_sub(newest) > STALE_AFTER_MS { Found::Outdated } else { Found::Good })
}

/// Makes nobody's log belong to the file that is about to be replaced. False when somebody has it open.
fn let_go(path: &Path) -> bool {
    let alone = || -> rusqlite::Result<bool> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        // Leaving WAL mode needs the file for oneself, and removes the log.
        connection.query_row("PRAGMA journal_mode = DELETE", [], |row| Ok(row.get::<_, String>(0)? == "delete"))
    };
    alone().unwrap_or(false)
}

/// Makes the whole shop at `draft`.
fn make(draft: &Path, now: Timestamp, progress: &mut dyn FnMut(u8)) -> Result<(), DemoError> {
    let files = |source| DemoError::Files { path: draft.to_owned(), source };
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(draft).map_err(files)?;
    let mut tell = |share: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=99 first")]
        progress((share * 100.0).clamp(0.0, 99.0) as u8);
    };
    tell(0.0);
    let connection =
        Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Nothing can be lost that is not thrown away anyway when it fails: no journal, no waiting for the disk. Foreign
    // keys and checks hold by construction, and a test checks them.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
         PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};
         BEGIN;"
    ))?;
    connection.execute_batch(shape::TABLES)?;
    fill::fill(&connection, now.0.div_euclid(1000), &mut |done| tell(0.7 * done))?;
    for (position, index) in shape::INDEXES.iter().enumerate() {
        connection.execute_batch(index)?;
        tell(0.7 + 0.25 * (position + 1) as f64 / shape::INDEXES.len() as f64);
    }
    connection.execute_batch(shape::VIEWS)?;
    connection.execute_batch("COMMIT; PRAGMA analysis_limit = 200; ANALYZE; PRAGMA locking_mode = NORMAL;")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    tell(0.97);
    Ok(())
}

/// Moves the draft to its place: on disk first, then renamed, then the folder on disk.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    for ending in ["-wal", "-shm"] {
        remove(&beside(path, ending))?;
    }
    fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
