//! What can go wrong with the store, in words that say what to do.

use std::path::{Path, PathBuf};

/// A failed operation of the store. The program works on without its store; it only remembers less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else may read or change a file or folder of the store.
    #[error("{path} is open to other users (mode {mode:04o}): run `chmod {wanted} {path}`", path = path.display())]
    OpenToOthers {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be, as typed: `go-rwx`.
        wanted: &'static str,
    },
    /// A file or folder of the store belongs to another user.
    #[error("{path} belongs to another user: choose another folder with DBA_GPT_HOME", path = path.display())]
    NotOurs {
        /// The file or folder.
        path: PathBuf,
    },
    /// A symbolic link, a pipe or a folder stands where a file or folder of the store should be.
    #[error("{path} is not {wanted}: move it away", path = path.display())]
    NotPlain {
        /// The path.
        path: PathBuf,
        /// What should be there: `a folder`, `a file`.
        wanted: &'static str,
    },
    /// The folder is on another machine's disk, where SQLite's shared memory does not work.
    #[error("{path} is on a network file system ({kind}), where the store can be damaged: set DBA_GPT_HOME to a folder on a local disk", path = path.display())]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// Which one: `NFS`.
        kind: &'static str,
    },
    /// A newer version of the program made this store.
    #[error("{path} was written by a newer version of dba-gpt (store version {found}; this one knows {known}): update the program", path = path.display())]
    NewerSchema {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Another program's database is in our place.
    #[error("{path} is a database of another program: move it away", path = path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The SQLite that was linked can corrupt a database that two processes write (its WAL-reset bug).
    #[error("SQLite {found} is too old for the store: it has to be 3.51.3 or newer")]
    OldSqlite {
        /// The version that was linked.
        found: &'static str,
    },
    /// The disk, or the share of it that the store allows itself, is full.
    #[error("cannot {operation}: the disk or the store's own limit is full")]
    Full {
        /// What was tried.
        operation: &'static str,
    },
    /// Another process kept the store locked for longer than we wait.
    #[error("cannot {operation}: another process keeps the store locked")]
    Busy {
        /// What was tried.
        operation: &'static str,
    },
    /// The file is damaged. It is moved aside at the next start, and never deleted.
    #[error("cannot {operation}: the store is damaged; the next start puts it aside and begins a new one")]
    Damaged {
        /// What was tried.
        operation: &'static str,
    },
    /// A conversation that does not exist (any more).
    #[error("there is no conversation {0}")]
    NoConversation(i64),
    /// A proposal that another version of the program wrote, in a way that this one cannot read.
    #[error("proposal {0} was written by another version of dba-gpt, which this one cannot read: it is kept as it is")]
    UnreadProposal(u64),
    /// An incident that does not exist (any more).
    #[error("there is no incident INC-{0:04}")]
    NoIncident(u64),
    /// What cannot be done with an incident where it stands.
    #[error("{0}")]
    Refused(String),
    /// An entry of a conversation, or a proposal, that is too large to keep.
    #[error("an entry of {bytes} bytes is too large to keep (at most {most})")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest that is kept.
        most: usize,
    },
    /// Anything else that the file system or SQLite said.
    #[error("cannot {operation}: {message}")]
    Failed {
        /// What was tried.
        operation: String,
        /// What was said.
        message: String,
    },
    /// The store has been closed, or its thread has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// An error of SQLite during an operation.
    pub(super) fn of(operation: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { operation },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { operation },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { operation },
            _ => Self::Failed { operation: operation.to_owned(), message: error.to_string() },
        }
    }

    /// An error of the file system at a path.
    pub(super) fn file(doing: &str, path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Failed { operation: format!("{doing} {}", path.display()), message: error.to_string() }
    }
}
