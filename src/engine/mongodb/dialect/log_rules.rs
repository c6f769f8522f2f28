//! Messages of the levels I and W that tell of a problem, in the server's own words.

use crate::domain::error::kind::ErrorKind::{
    AccessDenied, AuthenticationFailed, Canceled, ClusterState, Corruption, DiskFull, InternalError, OutOfMemory,
    ReplicationError, ResourceLimit, SerializationFailure, TooManyConnections,
};
use crate::domain::error::kind::Severity::{Critical, Error, Warning};
use crate::domain::log::{LogRule, LogRules};

/// The rules; the first that fits counts.
pub(super) static RULES: LogRules = LogRules::new(
    &[
        LogRule { words: "No space left on device", kind: DiskFull, severity: Critical, title: "The disk is full" },
        LogRule { words: "out of memory", kind: OutOfMemory, severity: Critical, title: "Memory ran out" },
        LogRule { words: "Too many open files", kind: ResourceLimit, severity: Critical, title: "Too many open files" },
        LogRule {
            words: "Connection refused because there are too many open connections",
            kind: TooManyConnections,
            severity: Critical,
            title: "The server takes no more connections",
        },
        LogRule {
            words: "Failed to authenticate",
            kind: AuthenticationFailed,
            severity: Warning,
            title: "A login was refused",
        },
        LogRule {
            words: "Authentication failed",
            kind: AuthenticationFailed,
            severity: Warning,
            title: "A login was refused",
        },
        LogRule {
            words: "Checking authorization failed",
            kind: AccessDenied,
            severity: Warning,
            title: "A command was not allowed",
        },
        LogRule {
            words: "Detected unclean shutdown",
            kind: InternalError,
            severity: Error,
            title: "The server had crashed and recovers",
        },
        LogRule {
            words: "We are too stale",
            kind: ReplicationError,
            severity: Critical,
            title: "The member fell off the oplog",
        },
        LogRule {
            words: "too stale to catch up",
            kind: ReplicationError,
            severity: Critical,
            title: "The member fell off the oplog",
        },
        LogRule { words: "Rollback", kind: ReplicationError, severity: Error, title: "A member rolled back writes" },
        LogRule {
            words: "Can't see a majority",
            kind: ClusterState,
            severity: Critical,
            title: "The replica set has no majority",
        },
        LogRule {
            words: "Not electing self",
            kind: ReplicationError,
            severity: Warning,
            title: "The replica set has no primary for now",
        },
        LogRule {
            words: "Stepping down",
            kind: ReplicationError,
            severity: Warning,
            title: "The primary stepped down",
        },
        LogRule {
            words: "Heartbeat failed",
            kind: ReplicationError,
            severity: Warning,
            title: "A member does not answer",
        },
        LogRule {
            words: "is in error and will not be processed",
            kind: ReplicationError,
            severity: Warning,
            title: "A member does not answer",
        },
        LogRule {
            words: "Error in heartbeat",
            kind: ReplicationError,
            severity: Warning,
            title: "A member does not answer",
        },
        LogRule { words: "checksum", kind: Corruption, severity: Critical, title: "Stored data has a wrong checksum" },
        LogRule {
            words: "Write Conflict",
            kind: SerializationFailure,
            severity: Warning,
            title: "Writes met each other",
        },
        LogRule {
            words: "Interrupted operation as its client disconnected",
            kind: Canceled,
            severity: Warning,
            title: "A client vanished during its operation",
        },
    ],
    &["Slow query", "Connection ended", "Connection accepted", "client metadata", "Connection not authenticating"],
);
