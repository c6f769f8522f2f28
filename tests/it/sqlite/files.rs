//! Files that open, and what is said about those that do not.

use super::{canary, open, read, read_with, try_open};
use dba_gpt::domain::error_event::{ConnectKind, SessionError};
use dba_gpt::domain::rows::Limits;
use rusqlite::Connection;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_writer_that_holds_the_file_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let mut session = open(&path).await;
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let limits = Limits { lock_timeout_ms: 50, ..Limits::default() };
    let started = Instant::now();
    let Err(SessionError::Server(error)) = read_with(&mut *session, "SELECT 1 FROM canary", limits).await else {
        panic!()
    };
    assert_eq!(error.code, "5");
    assert!(started.elapsed() >= Duration::from_millis(50));
    let waiting = try_open(path.to_str().unwrap()).await.err().unwrap();
    assert_eq!(waiting.kind, ConnectKind::NotReady);
    writer.execute_batch("COMMIT").unwrap();
    assert!(read(&mut *session, "SELECT 1 FROM canary").await.is_ok());
}

#[tokio::test]
async fn files_that_cannot_be_opened_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    canary(folder.path(), "delete");
    std::fs::write(at("notes.db"), "just some notes\n".repeat(100)).unwrap();
    std::fs::write(at("packed.db"), b"\x1f\x8b\x08\x00 and so on".repeat(100)).unwrap();
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(8192)
    .collect();
    std::fs::write(at("secret.db"), noise).unwrap();
    std::fs::create_dir(at("folder.db")).unwrap();
    for (name, kind, words) in [
        ("canray.db", ConnectKind::NoSuchDatabase, "Did you mean canary.db"),
        ("zzz/canary.db", ConnectKind::NoSuchDatabase, "does not exist"),
        ("canary.db/x.db", ConnectKind::NoSuchDatabase, "no file"),
        ("notes.db", ConnectKind::Settings, "looks like text"),
        ("packed.db", ConnectKind::Settings, "gzip"),
        ("secret.db", ConnectKind::Settings, "encrypted"),
        ("folder.db", ConnectKind::Settings, "a folder"),
    ] {
        let error = try_open(at(name).to_str().unwrap()).await.err().unwrap_or_else(|| panic!("{name} opened"));
        assert_eq!(error.kind, kind, "{name}: {}", error.message);
        assert!(error.message.contains(words), "{name}: {}", error.message);
    }
    assert!(!at("canray.db").exists(), "a missing file must not be created");
}

#[tokio::test]
async fn an_empty_file_is_an_empty_database_and_stays_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.db");
    std::fs::write(&path, "").unwrap();
    let mut session = open(&path).await;
    assert!(read(&mut *session, "SELECT name FROM sqlite_schema").await.unwrap().rows.is_empty());
    session.close().await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[tokio::test]
async fn a_session_tells_who_it_is_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "delete");
    let session = open(&path).await;
    let identity = session.identity();
    assert_eq!(identity.version, format!("SQLite {}", rusqlite::version()));
    assert!(identity.version_number >= 35_103, "{}", identity.version_number);
    assert_eq!(
        (identity.kind.as_str(), identity.role.as_str(), identity.database.as_str()),
        ("sqlite", "file", "canary.db")
    );
    assert!(identity.hints.iter().any(|hint| hint.contains("journal mode is delete")), "{:?}", identity.hints);
    session.close().await;
}

/// Takes all rights but those given from a path. False for a user (root) whom rights do not stop.
fn close(path: &Path, mode: u32) -> bool {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    !nix::unistd::Uid::effective().is_root()
}

#[tokio::test]
async fn a_closed_file_and_a_closed_folder_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = canary(folder.path(), "wal");
    if close(&path, 0o000) {
        let error = try_open(path.to_str().unwrap()).await.err().unwrap();
        assert!(error.message.contains("may not be read") && error.message.contains("mode 000"), "{}", error.message);
    }
    close(&path, 0o600);
    // The last connection took the log with it, and a reader cannot make a new one in there.
    let stopped = close(folder.path(), 0o500);
    let opened = try_open(path.to_str().unwrap()).await;
    close(folder.path(), 0o700);
    if stopped {
        let error = opened.err().unwrap();
        assert_eq!(error.kind, ConnectKind::Settings);
        assert!(error.message.contains("canary.db-shm"), "{}", error.message);
    } else {
        assert!(opened.is_ok());
    }
}

#[tokio::test]
async fn reading_changes_neither_the_file_nor_its_log() {
    for journal in ["wal", "delete"] {
        let folder = tempfile::tempdir().unwrap();
        let path = canary(folder.path(), journal);
        let content = std::fs::read(&path).unwrap();
        let mut session = open(&path).await;
        read(&mut *session, "SELECT count(*) FROM canary").await.unwrap();
        session.close().await;
        assert_eq!(std::fs::read(&path).unwrap(), content);
        // In WAL mode SQLite needs its two companions to read; the log stays empty.
        let log = std::fs::metadata(folder.path().join("canary.db-wal")).map_or(0, |facts| facts.len());
        assert_eq!(log, 0, "{journal}");
        assert!(!folder.path().join("canary.db-journal").exists());
    }
}
