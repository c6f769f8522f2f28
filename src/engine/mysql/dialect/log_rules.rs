//! Notes and warnings that tell of a problem, in the words of the servers.

use crate::domain::error::kind::ErrorKind::{
    AuthenticationFailed, Canceled, ClusterState, ConfigurationError, Corruption, Deadlock, DiskFull, InternalError,
    LockTimeout, OutOfMemory, ReplicationError, ResourceLimit, TooManyConnections,
};
use crate::domain::error::kind::Severity::{Critical, Error, Warning};
use crate::domain::log::{LogRule, LogRules};

/// The rules; the first that fits counts.
pub(super) static RULES: LogRules = LogRules::new(
    &[
        LogRule { words: "No space left on device", kind: DiskFull, severity: Critical, title: "The disk is full" },
        LogRule { words: "Disk is full", kind: DiskFull, severity: Critical, title: "The disk is full" },
        LogRule { words: "disk is full", kind: DiskFull, severity: Critical, title: "The disk is full" },
        LogRule { words: "Out of memory", kind: OutOfMemory, severity: Critical, title: "Memory ran out" },
        LogRule { words: "Cannot allocate memory", kind: OutOfMemory, severity: Critical, title: "Memory ran out" },
        LogRule {
            words: "Too many connections",
            kind: TooManyConnections,
            severity: Critical,
            title: "The server takes no more connections",
        },
        LogRule { words: "Too many open files", kind: ResourceLimit, severity: Critical, title: "Too many open files" },
        LogRule { words: "got signal", kind: InternalError, severity: Critical, title: "The server crashed" },
        LogRule { words: "Database page corruption", kind: Corruption, severity: Critical, title: "A page is damaged" },
        LogRule { words: "is marked as crashed", kind: Corruption, severity: Critical, title: "A table is damaged" },
        LogRule {
            words: "ransactions deadlock detected",
            kind: Deadlock,
            severity: Error,
            title: "Transactions were in a deadlock",
        },
        LogRule {
            words: "Database was not shutdown normally",
            kind: InternalError,
            severity: Error,
            title: "The server had crashed and recovers",
        },
        LogRule {
            words: "Starting crash recovery",
            kind: InternalError,
            severity: Error,
            title: "The server had crashed and recovers",
        },
        LogRule {
            words: "Aborted connection",
            kind: Canceled,
            severity: Warning,
            title: "A client's connection broke",
        },
        LogRule {
            words: "page_cleaner",
            kind: ResourceLimit,
            severity: Warning,
            title: "The disk does not keep up with writing pages",
        },
        LogRule {
            words: "A long semaphore wait",
            kind: LockTimeout,
            severity: Error,
            title: "A thread inside the server waits long",
        },
        LogRule {
            words: "Error reading packet from server",
            kind: ReplicationError,
            severity: Error,
            title: "The replica lost its source",
        },
        LogRule {
            words: "error connecting to master",
            kind: ReplicationError,
            severity: Error,
            title: "The replica does not reach its source",
        },
        LogRule {
            words: "error connecting to source",
            kind: ReplicationError,
            severity: Error,
            title: "The replica does not reach its source",
        },
        LogRule {
            words: "error reconnecting to",
            kind: ReplicationError,
            severity: Error,
            title: "The replica does not reach its source",
        },
        LogRule { words: "Slave SQL", kind: ReplicationError, severity: Error, title: "Replication stopped" },
        LogRule { words: "Replica SQL", kind: ReplicationError, severity: Error, title: "Replication stopped" },
        LogRule {
            words: "WSREP: Node consistency compromised",
            kind: ClusterState,
            severity: Critical,
            title: "A node left the cluster to keep its data safe",
        },
        LogRule { words: "non-primary", kind: ClusterState, severity: Critical, title: "The cluster has no majority" },
        LogRule {
            words: "IP address",
            kind: ConfigurationError,
            severity: Warning,
            title: "A client's address has no name",
        },
        LogRule {
            words: "unauthenticated user",
            kind: AuthenticationFailed,
            severity: Warning,
            title: "A client never logged in",
        },
        LogRule {
            words: "Access denied for user",
            kind: AuthenticationFailed,
            severity: Warning,
            title: "A login was refused",
        },
    ],
    &["Query_time: "],
);
