//! Opening the store: checks, settings of SQLite, migrations with a backup before each, and damage put aside.

use super::error::StoreError;
use super::files::{self, FileSystem};
use super::salvage::salvage;
use crate::domain::target::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use std::fs;
use std::path::{Path, PathBuf};

/// First SQLite without the WAL-reset bug, which two writing processes can meet (fixed on 2026-03-13).
const OLDEST_SQLITE: i32 = 3_051_003;
/// "DBAG", as the first migration writes it.
const APPLICATION_ID: i64 = 0x4442_4147;
/// The schema, a step each. A released step is never changed.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/1_samples.sql")),
    M::up(include_str!("migrations/2_sessions.sql")),
    M::up(include_str!("migrations/3_conversations.sql")),
    M::up(include_str!("migrations/4_attempts.sql")),
    M::up(include_str!("migrations/5_proposals.sql")),
    M::up(include_str!("migrations/6_incidents.sql")),
    M::up(include_str!("migrations/7_learning.sql")),
    M::up(include_str!("migrations/8_definitions.sql")),
    M::up(include_str!("migrations/9_rules.sql")),
];
/// Backups of older schemas that are kept.
const BACKUPS: usize = 3;
/// How long a write waits for another process, milliseconds.
const BUSY_MS: u64 = 5000;

/// Something that the person should know about an opened store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The store was damaged: it was moved, and a new one was begun.
    Damaged {
        /// Where the damaged one is now.
        moved_to: PathBuf,
        /// Conversations, entries, lines, preferences and proposals that could be read from it and are in the new one.
        rescued: usize,
    },
    /// The schema was brought up to date; a copy of the old one was kept.
    Migrated {
        /// The copy.
        backup: PathBuf,
    },
    /// The folder may be on another machine's disk, where SQLite's shared memory does not work.
    DoubtfulFileSystem {
        /// The folder.
        folder: PathBuf,
        /// The kind of file system.
        kind: &'static str,
    },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged { moved_to, rescued } => write!(
                f,
                "the store was damaged; it is kept at {} and a new one was begun, with {rescued} rows of its \
                 conversations and proposals",
                moved_to.display()
            ),
            Self::Migrated { backup } => {
                write!(f, "the store was brought up to date; the old one is kept at {}", backup.display())
            }
            Self::DoubtfulFileSystem { folder, kind } => write!(
                f,
                "{} is on a file system ({kind}) that may be another machine's: DBA_GPT_HOME can name a local folder",
                folder.display()
            ),
        }
    }
}

/// An open store.
pub(super) struct Opening {
    pub(super) connection: Connection,
    /// The folder's real path.
    pub(super) folder: PathBuf,
    pub(super) notices: Vec<Notice>,
}

/// Opens the store of a folder, making both if needed. Waits while another process opens, migrates or recovers it.
pub(super) fn open(folder: &Path, now: Timestamp, max_bytes: i64) -> Result<Opening, StoreError> {
    open_with(folder, now, max_bytes, MIGRATIONS)
}

/// The same with other migrations, for tests of upgrades.
pub(super) fn open_with(
    folder: &Path,
    now: Timestamp,
    max_bytes: i64,
    migrations: &[M<'_>],
) -> Result<Opening, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::OldSqlite { found: rusqlite::version() });
    }
    let folder = files::private_folder(folder)?;
    let mut notices = Vec::new();
    match files::file_system(&folder) {
        FileSystem::Local => {}
        FileSystem::Network(kind) => return Err(StoreError::NetworkFileSystem { path: folder, kind }),
        FileSystem::Doubtful(kind) => notices.push(Notice::DoubtfulFileSystem { folder: folder.clone(), kind }),
    }
    let _lock = files::lock(&folder)?;
    let attempt = |notices: &mut Vec<Notice>| {
        let connection = connect(&folder, max_bytes)?;
        migrate(connection, &folder, now, migrations, notices)
    };
    let damaged = files::is_marked_damaged(&folder) && folder.join(files::STORE).exists();
    let first = if damaged { Err(StoreError::Damaged { operation: "open the store" }) } else { attempt(&mut notices) };
    let connection = match first {
        Err(StoreError::Damaged { .. }) => {
            let moved_to = files::move_aside(&folder, now)?;
            let mut connection = attempt(&mut notices)?;
            let rescued = salvage(&mut connection, &moved_to);
            notices.push(Notice::Damaged { moved_to, rescued });
            connection
        }
        outcome => outcome?,
    };
    Ok(Opening { connection, folder, notices })
}

fn connect(folder: &Path, max_bytes: i64) -> Result<Connection, StoreError> {
    let path = folder.join(files::STORE);
    // SQLite gives the files beside it the same mode. It opens the file again by its name, without following a link.
    files::private_database(&path)?;
    let failed = StoreError::of("open the store");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(&path, flags).map_err(&failed)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS)).map_err(&failed)?;
    let settings = || -> rusqlite::Result<()> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // FULL: what was acknowledged survives a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
        connection.pragma_update(None, "cache_size", -4096)?;
        let page_size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        connection.pragma_update(None, "max_page_count", (max_bytes / page_size.max(1)).max(1))
    };
    settings().map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(
    mut connection: Connection,
    folder: &Path,
    now: Timestamp,
    migrations: &[M<'_>],
    notices: &mut Vec<Notice>,
) -> Result<Connection, StoreError> {
    let failed = StoreError::of("bring the store up to date");
    let path = folder.join(files::STORE);
    let number =
        |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(&failed);
    let (found, application) = (number("user_version")?, number("application_id")?);
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&failed)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::NotAStore { path });
    }
    if found > known {
        return Err(StoreError::NewerSchema { path, found, known });
    }
    if found == known {
        return Ok(connection);
    }
    if found > 0 {
        let backup = back_up(&connection, folder, now, found)?;
        notices.push(Notice::Migrated { backup });
    }
    Migrations::from_slice(migrations).to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(err),
        other => StoreError::Failed { operation: "bring the store up to date".to_owned(), message: other.to_string() },
    })?;
    if found > 0 {
        forget_old_backups(folder);
    }
    Ok(connection)
}

/// Copies the store before a migration touches it, and checks the copy. An unchecked backup is none, so any failure
/// stops the migration with the store as it was.
fn back_up(connection: &Connection, folder: &Path, now: Timestamp, version: i64) -> Result<PathBuf, StoreError> {
    let failed = StoreError::of("back up the store");
    let backup = folder.join(format!("store-backup-v{version}-{}.db", files::stamp(now)));
    if backup.exists() {
        fs::remove_file(&backup).map_err(StoreError::file("replace", &backup))?;
    }
    // An empty file of ours, since SQLite would make one that others can read.
    files::private_database(&backup)?;
    let Some(name) = backup.to_str() else {
        return Err(StoreError::Failed {
            operation: "back up the store".into(),
            message: "its path is not UTF-8".into(),
        });
    };
    connection.execute("VACUUM INTO ?1", [name]).map_err(&failed)?;
    files::sync(&backup)?;
    let copy = Connection::open_with_flags(&backup, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(&failed)?;
    let verdict: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(&failed)?;
    if verdict == "ok" { Ok(backup) } else { Err(StoreError::Damaged { operation: "back up the store" }) }
}

/// Keeps the newest few. A backup that cannot be removed is no reason to stop.
fn forget_old_backups(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_backup = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("store-backup-v"))
    };
    let mut backups: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(is_backup).collect();
    // By the time in the name, whatever the version before it.
    backups.sort_by_key(|path| {
        let name = path.to_string_lossy().into_owned();
        name.match_indices('-').rev().nth(1).map(|(at, _)| name[at..].to_owned())
    });
    let surplus = backups.len().saturating_sub(BACKUPS);
    for old in &backups[..surplus] {
        let _ = fs::remove_file(old);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROOM: i64 = 1 << 30;

    fn at(second: i64) -> Timestamp {
        Timestamp(1_790_000_000_000 + second * 1000)
    }

    /// What there is to say about the disk depends on the machine of the test, and is left out.
    fn open_here(folder: &Path, now: Timestamp, migrations: &[M<'_>]) -> Result<Opening, StoreError> {
        let mut opening = open_with(folder, now, ROOM, migrations)?;
        opening.notices.retain(|notice| !matches!(notice, Notice::DoubtfulFileSystem { .. }));
        Ok(opening)
    }

    fn names(folder: &Path, start: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|n| n.starts_with(start))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_upgrade_backs_up_first_and_keeps_the_last_three() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        let steps = [
            "CREATE TABLE later_1 (x)",
            "CREATE TABLE later_2 (x)",
            "CREATE TABLE later_3 (x)",
            "CREATE TABLE later_4 (x)",
        ];
        let mut migrations = MIGRATIONS.to_vec();
        let known = i64::try_from(MIGRATIONS.len()).unwrap();
        let first = open_here(&folder, at(0), &migrations).unwrap();
        first.connection.execute("INSERT INTO preferences VALUES ('theme', 'dark')", []).unwrap();
        assert_eq!(first.notices, []);
        drop(first);
        for (second, step) in (1..).zip(steps) {
            migrations.push(M::up(step));
            let opening = open_here(&folder, at(second), &migrations).unwrap();
            let [Notice::Migrated { backup }] = &opening.notices[..] else { panic!("{:?}", opening.notices) };
            let copy = Connection::open(backup).unwrap();
            let theme: String = copy.query_row("SELECT value FROM preferences", [], |row| row.get(0)).unwrap();
            let version: i64 = copy.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!((theme.as_str(), version), ("dark", known - 1 + second));
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(backup).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        let kept = names(&folder, "store-backup-");
        assert_eq!(kept.len(), 3, "{kept:?}");
        let oldest = format!("store-backup-v{known}-");
        assert!(!kept.iter().any(|name| name.starts_with(&oldest)), "{kept:?}");
    }

    #[test]
    fn an_upgrade_that_fails_leaves_the_store_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        drop(open_here(home.path().join("d").as_path(), at(0), MIGRATIONS).unwrap());
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push(M::up("CREATE TABLE later (x); INSERT INTO nowhere VALUES (1)"));
        let error = open_here(home.path().join("d").as_path(), at(1), &migrations).map(drop).unwrap_err();
        assert!(error.to_string().starts_with("cannot bring the store up to date"), "{error}");
        let opening = open_here(home.path().join("d").as_path(), at(2), MIGRATIONS).unwrap();
        let later: i64 = opening
            .connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'later'", [], |row| row.get(0))
            .unwrap();
        assert_eq!((later, opening.notices), (0, Vec::new()));
    }

    #[test]
    fn an_older_program_refuses_a_newer_store() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        let mut migrations = MIGRATIONS.to_vec();
        migrations.push(M::up("CREATE TABLE later (x)"));
        drop(open_here(&folder, at(0), &migrations).unwrap());
        let error = open_here(&folder, at(1), MIGRATIONS).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found, known, .. } if found == known + 1), "{error:?}");
        assert!(error.to_string().ends_with("update the program"), "{error}");
    }

    #[test]
    fn the_connection_is_set_for_durability_and_against_surprises() {
        let home = tempfile::tempdir().unwrap();
        let opening = open(&home.path().join("data"), at(0), ROOM).unwrap();
        let text = |pragma: &str| -> String {
            let value =
                opening.connection.pragma_query_value(None, pragma, |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", value.unwrap())
        };
        for (pragma, value) in [
            ("journal_mode", "Text(\"wal\")"),
            ("synchronous", "Integer(2)"),
            ("foreign_keys", "Integer(1)"),
            ("trusted_schema", "Integer(0)"),
            ("mmap_size", "Integer(0)"),
            ("cell_size_check", "Integer(1)"),
            ("busy_timeout", "Integer(5000)"),
            ("application_id", "Integer(1145192775)"),
        ] {
            assert_eq!(text(pragma), value, "{pragma}");
        }
    }
}
