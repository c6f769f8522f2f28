//! A scratch file in a private folder, which goes with it: one that may be locked, filled and damaged.

use super::{refused, step};
use crate::domain::error_event::SessionError;
use crate::engine::simulation::{Provoked, Scratch};
use rusqlite::Connection;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::Duration;

const TABLE: &str = "CREATE TABLE items (id INTEGER PRIMARY KEY, name BLOB)";
const LOCK: &str = "BEGIN IMMEDIATE";
const FILL: &str = "INSERT INTO items (name) VALUES (zeroblob(100000))";
const READ: &str = "SELECT count(*), max(name) FROM items";
/// How long the second writer waits.
const PATIENCE: Duration = Duration::from_millis(200);
/// Bytes of a page, as SQLite makes them where nothing else is said.
const PAGE: u64 = 4096;

/// A folder that only we can enter, and that goes with everything in it when this goes.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, SessionError> {
        let path = std::env::temp_dir().join(Scratch::new()?.name());
        let cannot = |error| SessionError::Unsupported(format!("{} cannot be made: {error}", path.display()));
        DirBuilder::new().mode(0o700).create(&path).map_err(cannot)?;
        Ok(Self(path))
    }
    fn file(&self) -> PathBuf {
        self.0.join("scratch.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Of ours alone, and in the folder for what may be thrown away.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Carries out what is to fail in the end, in a folder of its own.
fn in_a_folder(provoke: impl FnOnce(&Folder) -> Result<(), Trouble>) -> Provoked {
    let folder = Folder::new()?;
    match provoke(&folder) {
        Ok(()) => Ok(Vec::new()),
        Err(Trouble::Sqlite(error, statement)) => Ok(vec![refused(error, statement)?]),
        Err(Trouble::File(error)) => Err(SessionError::Unsupported(format!("the scratch file: {error}"))),
    }
}

/// What went wrong, and at which statement.
enum Trouble {
    Sqlite(rusqlite::Error, &'static str),
    File(std::io::Error),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

fn open(folder: &Folder) -> Result<Connection, Trouble> {
    Connection::open(folder.file()).map_err(|error| Trouble::Sqlite(error, ""))
}

fn tell(connection: &Connection, statement: &'static str) -> Result<(), Trouble> {
    step(connection, statement).map_err(|error| Trouble::Sqlite(error, statement))
}

/// Two writers: the second one does not get its lock in time.
pub(super) fn lock_timeout() -> Provoked {
    in_a_folder(|folder| {
        let (holder, waiter) = (open(folder)?, open(folder)?);
        waiter.busy_timeout(PATIENCE).map_err(|error| Trouble::Sqlite(error, ""))?;
        tell(&holder, TABLE)?;
        tell(&holder, LOCK)?;
        tell(&waiter, LOCK)
    })
}

/// A file that may not grow, as on a full disk.
pub(super) fn disk_full() -> Provoked {
    in_a_folder(|folder| {
        let connection = open(folder)?;
        tell(&connection, TABLE)?;
        tell(&connection, "PRAGMA max_page_count = 8")?;
        tell(&connection, FILL)
    })
}

/// A file whose second page was written over.
pub(super) fn corruption() -> Provoked {
    in_a_folder(|folder| {
        let connection = open(folder)?;
        tell(&connection, TABLE)?;
        tell(&connection, FILL)?;
        drop(connection);
        let mut file = OpenOptions::new().write(true).open(folder.file())?;
        file.seek(SeekFrom::Start(PAGE))?;
        file.write_all(&[0xaa; 512])?;
        drop(file);
        tell(&open(folder)?, READ)
    })
}
