//! Opens one file the safe way: read-only, defensive, limited, with the authorizer in place before any statement
//! from outside can be compiled. Says in plain words why a file cannot be opened.

use super::authorizer::Gate;
use super::{facts, files, location};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::target::Identity;
use rusqlite::config::DbConfig;
use rusqlite::hooks::AuthContext;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use std::path::Path;
use std::time::Duration;

/// How long opening waits for a writer that holds the whole file.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Opens a file and learns its identity.
pub(super) fn open(path: &Path, gate: &Gate) -> Result<(Connection, Identity), ConnectError> {
    files::check(path)?;
    // The connection of a failed try is closed before the file is looked at for the reason.
    try_open(path, gate).map_err(|error| why_not(path, &error))
}

fn try_open(path: &Path, gate: &Gate) -> rusqlite::Result<(Connection, Identity)> {
    // No URI flag and an absolute path: the name is a name, whatever it looks like.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, Purpose::Reading)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    let identity = identity(&connection, path)?;
    // From here on the worker waits for locks by itself, because SQLite's own waiting cannot be stopped.
    connection.busy_timeout(Duration::ZERO)?;
    facts::register(&connection, path)?;
    let judge = gate.clone();
    connection.authorizer(Some(move |context: AuthContext<'_>| judge.judge(context)))?;
    Ok((connection, identity))
}

/// Opens a file to do one approved act on it: writable, and as closed as for reading in everything else.
pub(super) fn open_for_act(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, Purpose::Act)?;
    connection.busy_timeout(Duration::ZERO)?;
    facts::register(&connection, path)?;
    Ok(connection)
}

/// Opens a file to provoke errors on it: nothing can be written to it, and what goes into temporary tables stays in
/// memory. Constraints hold as they do for the application.
pub(super) fn open_for_simulation(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    harden(&connection, Purpose::Act)?;
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    Ok(connection)
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Reading,
    /// One approved act: the file's triggers run with it, as they do for the application, and foreign keys hold.
    Act,
}

/// Every switch and limit that takes power from the file and from statements. None of them reaches beyond this
/// connection.
fn harden(connection: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
    let acts = purpose == Purpose::Act;
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, acts),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        // A misspelt "column" must be an error, not the text "column".
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        connection.set_db_config(switch, on)?;
    }
    for (limit, most) in [
        // VACUUM attaches the new file for itself; the authorizer lets nobody else.
        (Limit::SQLITE_LIMIT_ATTACHED, i32::from(acts)),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, if acts { 1000 } else { 1 }),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 10_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1000),
    ] {
        connection.set_limit(limit, most)?;
    }
    connection.execute_batch(match purpose {
        // A second lock on the door.
        Purpose::Reading => "PRAGMA query_only = 1",
        Purpose::Act => "PRAGMA foreign_keys = 1; PRAGMA synchronous = FULL",
    })?;
    // No file mapped into memory, and pages checked before they are believed.
    connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA cell_size_check = 1;")
}

/// Reads the file for the first time.
fn identity(connection: &Connection, path: &Path) -> rusqlite::Result<Identity> {
    let number = u32::try_from(rusqlite::version_number()).unwrap_or(0);
    Ok(Identity {
        version: format!("SQLite {}", rusqlite::version()),
        // SQLite counts major * 1000000 + minor * 1000 + patch.
        version_number: number / 1_000_000 * 10_000 + number / 1000 % 1000 * 100 + number % 1000,
        kind: "sqlite".into(),
        role: "file".into(),
        database: location::database_name(path),
        hints: hints(connection)?,
        system_id: files::identity(path),
        ..Identity::default()
    })
}

/// What a person who watches this file should know.
fn hints(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut hints = vec![
        "SQLite keeps no list of its connections: sessions, statements and locks of other programs cannot be seen."
            .to_owned(),
    ];
    // The first statement of all: what is wrong with the file shows here.
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let journal: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if journal != "wal" {
        hints.push(format!(
            "The journal mode is {journal}: a writer and its readers wait for each other. In WAL mode they do not."
        ));
    }
    if number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%references%'")? > 0 {
        hints.push(
            "Foreign keys are declared, but each connection of the application must switch them on for itself \
             (PRAGMA foreign_keys); the file does not tell whether it does."
                .into(),
        );
    }
    let (pages, free) = (number("PRAGMA page_count")?, number("PRAGMA freelist_count")?);
    if free > 1000 && free * 4 > pages && number("PRAGMA auto_vacuum")? == 0 {
        hints.push(format!(
            "{free} of {pages} pages are free and auto_vacuum is off: only VACUUM gives the space back."
        ));
    }
    if objects > 0 && number("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'")? == 0 {
        hints.push("ANALYZE has never run here: the planner guesses, and row counts are unknown until counted.".into());
    }
    Ok(hints)
}

/// A failure to open in words that tell what to do.
fn why_not(path: &Path, error: &rusqlite::Error) -> ConnectError {
    let shown = path.display();
    let extended = error.sqlite_error().map_or(0, |e| e.extended_code);
    let new = ConnectError::new;
    match (error.sqlite_error_code(), extended) {
        (Some(ErrorCode::NotADatabase), _) => new(ConnectKind::Settings, files::not_a_database(path)),
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => new(
            ConnectKind::NotReady,
            format!("{shown} is locked as a whole by another program. Try again when its transaction has ended."),
        ),
        (_, ffi::SQLITE_READONLY_ROLLBACK) => new(
            ConnectKind::NotReady,
            format!(
                "A program crashed while it wrote to {shown}, and its journal must be rolled back first. Open the file \
                 once with the application itself. Do not delete the -journal file."
            ),
        ),
        (_, ffi::SQLITE_READONLY_CANTINIT | ffi::SQLITE_READONLY_RECOVERY | ffi::SQLITE_READONLY_DIRECTORY)
        | (Some(ErrorCode::CannotOpen), _)
            if files::folder_is_closed(path) =>
        {
            new(
                ConnectKind::Settings,
                format!(
                    "{shown} is in WAL mode, and its shared-memory file ({}-shm) is not there and cannot be created: \
                     the folder is not writable for us. Allow that, or open it while the application is running.",
                    location::database_name(path)
                ),
            )
        }
        (Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen), _) if files::is_closed(path) => {
            new(ConnectKind::Other, files::not_permitted(path))
        }
        (Some(ErrorCode::DatabaseCorrupt), _) => new(
            ConnectKind::Other,
            format!(
                "{shown} is damaged: {error}. Copy it together with its -wal and -journal files before anything else \
                 is tried."
            ),
        ),
        _ => new(ConnectKind::Other, format!("{shown} cannot be read: {error}.")),
    }
}
