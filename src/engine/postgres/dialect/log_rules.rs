//! Lines of the level LOG or WARNING that tell of a problem, in the server's own words.

use crate::domain::error::kind::ErrorKind::{AuthenticationFailed, Canceled, ConfigurationError, Corruption, DiskFull, InternalError, LockTimeout, OutOfMemory, ReplicationError, ResourceLimit};
use crate::domain::error::kind::Severity::{Critical, Error, Warning};
use crate::domain::log::{LogRule, LogRules};

/// The rules; the first that fits counts.
pub(super) static RULES: LogRules = LogRules::new(
    &[
        LogRule { words: "No space left on device", kind: DiskFull, severity: Critical, title: "The disk is full" },
        LogRule { words: "Disk quota exceeded", kind: DiskFull, severity: Critical, title: "The quota of the disk is used up" },
        LogRule { words: "Cannot allocate memory", kind: OutOfMemory, severity: Critical, title: "Memory ran out" },
        LogRule { words: "out of memory", kind: OutOfMemory, severity: Critical, title: "Memory ran out" },
        LogRule { words: "Too many open files", kind: ResourceLimit, severity: Critical, title: "Too many open files" },
        LogRule { words: "page verification failed", kind: Corruption, severity: Critical, title: "A page has a wrong checksum" },
        LogRule { words: "invalid page in block", kind: Corruption, severity: Critical, title: "A page is damaged" },
        LogRule { words: "was terminated by signal 9", kind: OutOfMemory, severity: Critical, title: "The system killed a server process" },
        LogRule { words: "was terminated by signal", kind: InternalError, severity: Critical, title: "A server process crashed" },
        LogRule { words: "was terminated by exception", kind: InternalError, severity: Critical, title: "A server process crashed" },
        LogRule { words: "archive command failed", kind: ReplicationError, severity: Error, title: "Archiving of WAL fails" },
        LogRule { words: "archive command was terminated", kind: ReplicationError, severity: Error, title: "Archiving of WAL was ended" },
        LogRule { words: "failed too many times, will try again later", kind: ReplicationError, severity: Error, title: "Archiving of WAL keeps failing" },
        LogRule { words: "could not archive", kind: ReplicationError, severity: Error, title: "Archiving of WAL fails" },
        LogRule { words: "invalidating obsolete replication slot", kind: ReplicationError, severity: Critical, title: "A replication slot fell too far behind" },
        LogRule { words: "terminating walsender process due to replication timeout", kind: ReplicationError, severity: Error, title: "A replica did not answer in time" },
        LogRule { words: "replication terminated by primary server", kind: ReplicationError, severity: Warning, title: "The primary ended replication" },
        LogRule { words: "could not connect to the primary server", kind: ReplicationError, severity: Error, title: "The replica does not reach its primary" },
        LogRule { words: "could not receive data from WAL stream", kind: ReplicationError, severity: Error, title: "The stream of WAL broke" },
        LogRule { words: "logical replication", kind: ReplicationError, severity: Error, title: "Logical replication has a problem" },
        LogRule { words: "must be vacuumed within", kind: ResourceLimit, severity: Critical, title: "Transaction numbers are running out" },
        LogRule { words: "oldest xmin is far in the past", kind: ResourceLimit, severity: Warning, title: "An old transaction or slot holds back vacuum" },
        LogRule { words: "oldest multixact is far in the past", kind: ResourceLimit, severity: Warning, title: "An old transaction holds back vacuum" },
        LogRule { words: "worker took too long to start", kind: ResourceLimit, severity: Warning, title: "Autovacuum workers do not start" },
        LogRule { words: "could not fork", kind: ResourceLimit, severity: Critical, title: "The server cannot start processes" },
        LogRule { words: "checkpoints are occurring too frequently", kind: ConfigurationError, severity: Warning, title: "Checkpoints come too often" },
        LogRule { words: "still waiting for", kind: LockTimeout, severity: Warning, title: "A session waits long for a lock" },
        LogRule { words: "recovery still waiting after", kind: LockTimeout, severity: Warning, title: "Replay waits for queries of the replica" },
        LogRule { words: "was not properly shut down", kind: InternalError, severity: Error, title: "The server had crashed and recovers" },
        LogRule { words: "database system was interrupted", kind: InternalError, severity: Error, title: "The server had crashed and recovers" },
        LogRule { words: "unexpected EOF on client connection with an open transaction", kind: Canceled, severity: Warning, title: "A client vanished inside a transaction" },
        LogRule { words: "could not receive data from client", kind: Canceled, severity: Warning, title: "A client's connection broke" },
        LogRule { words: "could not send data to client", kind: Canceled, severity: Warning, title: "A client's connection broke" },
        LogRule { words: "could not accept SSL connection", kind: AuthenticationFailed, severity: Warning, title: "A client's TLS handshake failed" },
        LogRule { words: "could not bind", kind: ConfigurationError, severity: Error, title: "The server cannot listen on its address" },
        LogRule { words: "contains errors", kind: ConfigurationError, severity: Error, title: "The configuration file has errors" },
        LogRule { words: "cannot be changed without restarting the server", kind: ConfigurationError, severity: Warning, title: "A changed setting waits for a restart" },
        LogRule { words: "could not load pg_hba.conf", kind: ConfigurationError, severity: Error, title: "pg_hba.conf has errors" },
        LogRule { words: "could not write", kind: DiskFull, severity: Error, title: "The server could not write a file" },
        LogRule { words: "could not fsync", kind: Corruption, severity: Critical, title: "A write may not have reached the disk" },
        LogRule { words: "using stale statistics", kind: InternalError, severity: Warning, title: "Statistics could not be read anew" },
        LogRule { words: "exited with exit code", kind: InternalError, severity: Error, title: "A server process ended with an error" },
    ],
    &["duration: ", "statement: ", "execute ", "connection received: ", "connection authorized: ", "connection authenticated: ", "disconnection: ", "checkpoint starting: ", "checkpoint complete: ", "automatic vacuum of ", "automatic analyze of ", "temporary file: "],
);
