//! Who holds locks on a file, as far as the system tells: Linux lists every lock of every process with the inode and
//! the bytes that it is on, and SQLite's locks are on bytes that its file format fixes.
//!
//! Nothing is opened that belongs to the database: closing such a file would drop this process's own locks on it.

use super::facts::beside;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Bytes of the database file: somebody waits to write, somebody writes, everybody who reads (a range of 510).
const PENDING: u64 = 0x4000_0000;
const SHARED_LAST: u64 = PENDING + 2 + 509;
/// Bytes of the `-shm` file of WAL mode: the one writer, and the five marks of readers.
const WAL_WRITER: u64 = 120;
const FIRST_MARK: u64 = 123;
const LAST_MARK: u64 = 127;

/// What somebody does with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It holds the one write lock.
    Writer,
    /// It reads from a snapshot; the number of its mark in WAL mode.
    Reader(Option<u64>),
}

/// A holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) role: Role,
    pub(super) pid: u32,
    /// Name of its program; empty where that cannot be seen. Untrusted.
    pub(super) program: String,
}

/// Everybody who holds a lock on a database file; none where the system does not tell.
pub(super) fn holders(database: &Path) -> Option<Vec<Holder>> {
    let list = fs::read_to_string("/proc/locks").ok()?;
    let inode = |path: &Path| fs::metadata(path).ok().map(|facts| facts.ino());
    let mut found = read(&list, inode(database)?, inode(&beside(database, "-shm")), std::process::id());
    for holder in &mut found {
        let name = fs::read_to_string(format!("/proc/{}/comm", holder.pid)).unwrap_or_default();
        name.trim().clone_into(&mut holder.program);
    }
    Some(found)
}

/// The same as JSON, for our own queries.
pub(super) fn as_json(database: &Path) -> Option<String> {
    let entries: Vec<serde_json::Value> = holders(database)?
        .into_iter()
        .map(|holder| {
            let (role, mark) = match holder.role {
                Role::Writer => ("writer", None),
                Role::Reader(mark) => ("reader", mark),
            };
            serde_json::json!({ "role": role, "mark": mark, "pid": holder.pid, "program": holder.program })
        })
        .collect();
    serde_json::to_string(&entries).ok()
}

/// Reads the list. Of this process's own read marks one is our own look; more than one belong to somebody else in it.
fn read(list: &str, database: u64, shared: Option<u64>, us: u32) -> Vec<Holder> {
    let mut found: Vec<Holder> = Vec::new();
    for line in list.lines() {
        // `1: POSIX  ADVISORY  WRITE 2741 fe:00:1011 120 120`; one that waits has an arrow behind its number.
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "POSIX" | "OFDLCK", _, kind, pid, place, from, to] = words[..] else { continue };
        let (Ok(pid), Some(Ok(inode)), Ok(from)) =
            (pid.parse::<u32>(), place.rsplit(':').next().map(str::parse::<u64>), from.parse::<u64>())
        else {
            continue;
        };
        let to = to.parse::<u64>().unwrap_or(u64::MAX);
        let mut add = |role: Role| {
            let holder = Holder { role, pid, program: String::new() };
            if !found.contains(&holder) {
                found.push(holder);
            }
        };
        let writes = kind == "WRITE";
        let writes_file = inode == database && writes && from <= SHARED_LAST && to >= PENDING;
        let writes_log = Some(inode) == shared && writes && (from..=to).contains(&WAL_WRITER);
        if writes_file || writes_log {
            add(Role::Writer);
        } else if Some(inode) == shared && !writes {
            for mark in from.max(FIRST_MARK)..=to.min(LAST_MARK) {
                add(Role::Reader(Some(mark - FIRST_MARK)));
            }
        } else if inode == database && shared.is_none() && from <= SHARED_LAST && to >= PENDING {
            add(Role::Reader(None));
        }
    }
    let own_marks = found.iter().filter(|h| h.pid == us && h.role != Role::Writer).count();
    if own_marks <= 1 {
        found.retain(|holder| holder.pid != us || holder.role == Role::Writer);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "1: POSIX  ADVISORY  WRITE 10 fe:00:77 120 120\n\
        2: POSIX  ADVISORY  READ  11 fe:00:77 124 124\n\
        3: POSIX  ADVISORY  READ  99 fe:00:77 123 123\n\
        4: FLOCK  ADVISORY  WRITE 12 fe:00:77 0 EOF\n\
        5: POSIX  ADVISORY  READ  13 fe:00:55 1073741826 1073742335\n\
        5: -> POSIX  ADVISORY  WRITE 14 fe:00:77 120 120\n\
        6: POSIX  ADVISORY  WRITE 15 fe:00:66 1073741824 1073742335\n";

    fn found(database: u64, shared: Option<u64>, us: u32) -> Vec<(Role, u32)> {
        read(LIST, database, shared, us).into_iter().map(|holder| (holder.role, holder.pid)).collect()
    }

    #[test]
    fn the_writer_and_the_readers_of_a_log_are_told() {
        assert_eq!(found(55, Some(77), 99), [(Role::Writer, 10), (Role::Reader(Some(1)), 11)]);
    }

    #[test]
    fn without_a_log_the_file_itself_is_locked() {
        assert_eq!(found(66, None, 99), [(Role::Writer, 15)]);
        assert_eq!(found(55, None, 99), [(Role::Reader(None), 13)]);
        assert!(found(1, None, 99).is_empty());
    }

    #[test]
    fn a_second_mark_of_this_process_is_somebody_else_in_it() {
        let two = "1: POSIX ADVISORY READ 99 fe:00:77 123 124\n";
        assert_eq!(read(two, 55, Some(77), 99).len(), 2);
        let one = "1: POSIX ADVISORY READ 99 fe:00:77 124 124\n";
        assert!(read(one, 55, Some(77), 99).is_empty());
    }
}
