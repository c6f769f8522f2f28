//! Who holds locks on a file, as far as the system tells: Linux lists every lock of every process with the inode and
//! the bytes that it is on, and SQLite's locks are on bytes that its file format fixes.
//!
//! Nothing is opened that belongs to the database: closing such a file would drop this process's own locks on it.

use super::facts::beside;
use std::collections::BTreeSet;
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
        holder.program = program(holder.pid);
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

/// Other processes that have a file of mode wal open, each as `process 4711 (python3)`: whoever looked at it keeps a lock
/// on the database file itself. Without a log such a lock lasts no longer than a read, and none is told.
pub(super) fn others_open(database: &Path) -> Vec<String> {
    let inode = fs::metadata(database).ok().map(|facts| facts.ino());
    let (Ok(list), Some(inode)) = (fs::read_to_string("/proc/locks"), inode) else { return Vec::new() };
    let pids = open_in(&list, inode, std::process::id());
    pids.into_iter().map(|pid| format!("process {pid} ({})", program(pid))).collect()
}

fn open_in(list: &str, database: u64, us: u32) -> BTreeSet<u32> {
    let theirs = list.lines().filter_map(Lock::read);
    theirs
        .filter(|lock| lock.inode == database && lock.is_on_the_file() && lock.pid != us)
        .map(|lock| lock.pid)
        .collect()
}

fn program(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// A lock of the list.
struct Lock {
    writes: bool,
    pid: u32,
    inode: u64,
    from: u64,
    to: u64,
}

impl Lock {
    /// `1: POSIX  ADVISORY  WRITE 2741 fe:00:1011 120 120`; one that waits has an arrow behind its number and holds
    /// nothing.
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "POSIX" | "OFDLCK", _, kind, pid, place, from, to] = words[..] else { return None };
        Some(Self {
            writes: kind == "WRITE",
            pid: pid.parse().ok()?,
            inode: place.rsplit(':').next()?.parse().ok()?,
            from: from.parse().ok()?,
            to: to.parse().unwrap_or(u64::MAX),
        })
    }
    /// It covers one of the bytes that SQLite locks in the database file.
    fn is_on_the_file(&self) -> bool {
        self.from <= SHARED_LAST && self.to >= PENDING
    }
}

/// Reads the list. Of this process's own read marks one is our own look; more than one belong to somebody else in it.
fn read(list: &str, database: u64, shared: Option<u64>, us: u32) -> Vec<Holder> {
    let mut found: Vec<Holder> = Vec::new();
    for lock in list.lines().filter_map(Lock::read) {
        let Lock { writes, pid, inode, from, to } = lock;
        let mut add = |role: Role| {
            let holder = Holder { role, pid, program: String::new() };
            if !found.contains(&holder) {
                found.push(holder);
            }
        };
        let on_the_file = inode == database && lock.is_on_the_file();
        let writes_file = on_the_file && writes;
        let writes_log = Some(inode) == shared && writes && (from..=to).contains(&WAL_WRITER);
        if writes_file || writes_log {
            add(Role::Writer);
        } else if Some(inode) == shared && !writes {
            for mark in from.max(FIRST_MARK)..=to.min(LAST_MARK) {
                add(Role::Reader(Some(mark - FIRST_MARK)));
            }
        } else if on_the_file && shared.is_none() {
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
    fn whoever_has_a_file_with_a_log_open_is_told_but_for_ourselves() {
        assert_eq!(open_in(LIST, 55, 99).into_iter().collect::<Vec<_>>(), [13]);
        assert!(open_in(LIST, 55, 13).is_empty());
        assert!(open_in(LIST, 77, 99).is_empty(), "the memory that they share is another file");
    }

    #[test]
    fn a_second_mark_of_this_process_is_somebody_else_in_it() {
        let two = "1: POSIX ADVISORY READ 99 fe:00:77 123 124\n";
        assert_eq!(read(two, 55, Some(77), 99).len(), 2);
        let one = "1: POSIX ADVISORY READ 99 fe:00:77 124 124\n";
        assert!(read(one, 55, Some(77), 99).is_empty());
    }
}
