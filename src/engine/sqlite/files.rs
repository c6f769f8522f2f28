//! What can be said about a database file without SQLite: whether it is one at all, what it is instead, and which
//! ones lie in the current folder.
//!
//! Closing a file drops every POSIX lock that this process holds on it, SQLite's included. So a file is opened here
//! only when no connection of this process has it open.

use super::location;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::{Found, Surroundings};
use nix::unistd::{AccessFlags, access};
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// The first bytes of every database file that is not empty.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Names offered on the start screen.
const MOST_FOUND: usize = 5;
/// Entries of a folder looked at.
const MOST_ENTRIES: usize = 2000;

/// Refuses what can never be opened, before SQLite sees it: opening a pipe would wait for ever.
pub(super) fn check(path: &Path) -> Result<(), ConnectError> {
    let shown = path.display();
    let facts = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ConnectError::new(ConnectKind::NoSuchDatabase, missing(path)),
        ErrorKind::PermissionDenied => ConnectError::new(ConnectKind::Other, not_permitted(path)),
        _ => ConnectError::new(ConnectKind::Other, format!("{shown} cannot be looked at: {error}.")),
    })?;
    let kind = facts.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(ConnectError::new(ConnectKind::Settings, format!("{shown} is {what}, not a database file.")))
}

/// A missing file, with the names that were perhaps meant. It is never created.
fn missing(path: &Path) -> String {
    let Some((folder, wanted)) = path.parent().zip(path.file_name()) else {
        return format!("There is no file {}.", path.display());
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return format!("There is no file {}: the folder {} does not exist.", path.display(), folder.display());
    };
    let names = entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !is_companion(name));
    let near = location::nearest_names(&wanted.to_string_lossy(), names);
    let tail = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(", ")) };
    format!("There is no file {}.{tail}", path.display())
}

/// `-wal`, `-shm` and `-journal` files belong to a database and are none.
fn is_companion(name: &str) -> bool {
    ["-wal", "-shm", "-journal"].iter().any(|ending| name.ends_with(ending))
}

/// No right to read.
pub(super) fn not_permitted(path: &Path) -> String {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(facts) => {
            format!("{shown} may not be read by this user (mode {:03o}, owner {}).", facts.mode() & 0o777, facts.uid())
        }
        Err(_) => format!("{shown} may not be read by this user: a folder on the way to it is closed."),
    }
}

/// We may not read the file.
pub(super) fn is_closed(path: &Path) -> bool {
    access(path, AccessFlags::R_OK).is_err()
}

/// What has to be done before we can write to a file; `None` when nothing has to. SQLite also needs the folder, where
/// it keeps its journal while it writes.
pub(super) fn closed_for_writing(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let needs = [(path, AccessFlags::W_OK, "u+w"), (folder, AccessFlags::W_OK | AccessFlags::X_OK, "u+wx")];
    needs.into_iter().find_map(|(place, right, mode)| {
        let shown = place.display();
        match access(place, right) {
            Ok(()) => None,
            Err(nix::errno::Errno::EROFS) => Some(format!("mount the file system of {shown} for writing")),
            Err(_) if fs::metadata(place).is_ok_and(|facts| facts.uid() == nix::unistd::geteuid().as_raw()) => {
                Some(format!("chmod {mode} '{shown}'"))
            }
            Err(_) => Some(format!("let this user write to {shown}, for example: chmod g{} '{shown}'", &mode[1..])),
        }
    })
}

/// The folder of a file does not let us create a file in it.
pub(super) fn folder_is_closed(path: &Path) -> bool {
    path.parent().is_some_and(|folder| access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_err())
}

/// Tells this file from another one that takes its name later: device and inode.
pub(super) fn identity(path: &Path) -> Option<String> {
    fs::metadata(path).ok().map(|facts| format!("{:x}:{:x}", facts.dev(), facts.ino()))
}

/// What a file is that SQLite did not recognise.
pub(super) fn not_a_database(path: &Path) -> String {
    let shown = path.display();
    let Some(start) = first_bytes(path) else { return format!("{shown} is not a SQLite database.") };
    let known: &[(&[u8], &str)] = &[
        (b"** This file contains an SQLite 2", "a SQLite 2 database, which no version 3 can read"),
        (b"\x1f\x8b", "a gzip archive: unpack it first"),
        (b"PK\x03\x04", "a zip archive: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
        (b"PGDMP", "a PostgreSQL dump"),
        (b"\x37\x7f\x06", "a write-ahead log (-wal): name the database file beside it"),
        (b"\xd9\xd5\x05\xf9", "a rollback journal (-journal): name the database file beside it"),
    ];
    if let Some((_, what)) = known.iter().find(|(magic, _)| start.starts_with(magic)) {
        return format!("{shown} is not a SQLite database. It looks like {what}.");
    }
    if start.starts_with(MAGIC) {
        return format!("{shown} begins like a SQLite database, but its header is damaged.");
    }
    if looks_encrypted(&start) {
        return format!(
            "{shown} is not a plain SQLite database. Its bytes look random, as those of an encrypted one (SQLCipher, \
             SEE) do; encrypted files are not supported."
        );
    }
    let text = start.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    let what = if text { " It looks like text." } else { "" };
    format!("{shown} is not a SQLite database.{what}")
}

/// Encrypted bytes use nearly every value: of 1024 random bytes about 251 of the 256 values occur at least once.
fn looks_encrypted(start: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in start {
        seen[usize::from(*byte)] = true;
    }
    start.len() >= 512 && seen.iter().filter(|s| **s).count() >= start.len().min(1024) * 200 / 1024
}

/// The beginning of a file that no connection of this process has open.
fn first_bytes(path: &Path) -> Option<Vec<u8>> {
    if is_open_here(&fs::metadata(path).ok()?) {
        return None;
    }
    let mut start = Vec::new();
    File::open(path).ok()?.take(1024).read_to_end(&mut start).ok()?;
    Some(start)
}

/// This process has the file open; also when that cannot be known.
fn is_open_here(facts: &Metadata) -> bool {
    let Ok(descriptors) = fs::read_dir("/dev/fd") else { return true };
    descriptors
        .flatten()
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .any(|open| (open.dev(), open.ino()) == (facts.dev(), facts.ino()))
}

/// Database files in the folder the program was started in, by name, at most five.
pub(super) fn discover(around: &Surroundings) -> Vec<Found> {
    let Some(folder) = &around.current_dir else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(MOST_ENTRIES)
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|facts| facts.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| super::SPEC.file_endings.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending)))
        .collect();
    names.sort();
    names
        .into_iter()
        .filter(|name| first_bytes(&folder.join(name)).is_some_and(|start| start.starts_with(MAGIC)))
        .take(MOST_FOUND)
        .map(|name| Found { url: name, source: "current folder".into() })
        .collect()
}
