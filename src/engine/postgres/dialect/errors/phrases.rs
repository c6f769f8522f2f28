//! Phrases by which a message is told that no skeleton fits: what drivers, pools and operating systems say of a
//! connection, and the marks of the errors that matter most. And events of a log that have no code of their own.

use crate::domain::error::kind::{ErrorKind, Severity};
use ErrorKind as K;

/// What a phrase tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phrase {
    /// The code; `None` for a client's own trouble that has no SQLSTATE.
    pub(super) code: Option<&'static str>,
    /// The kind.
    pub(super) kind: ErrorKind,
}

/// Phrases in small letters, the more telling ones first.
const PHRASES: &[(&str, Option<&str>, ErrorKind)] = &[
    ("password authentication failed", Some("28P01"), K::AuthenticationFailed),
    ("no password supplied", Some("28P01"), K::AuthenticationFailed),
    ("pg_hba.conf", Some("28000"), K::AuthenticationFailed),
    ("too many clients", Some("53300"), K::TooManyConnections),
    ("remaining connection slots", Some("53300"), K::TooManyConnections),
    ("no more connections allowed", Some("53300"), K::TooManyConnections),
    ("too many connections", Some("53300"), K::TooManyConnections),
    ("queuepool limit", None, K::TooManyConnections),
    ("pool exhausted", None, K::TooManyConnections),
    ("connection from the pool", None, K::TooManyConnections),
    ("connection from pool", None, K::TooManyConnections),
    ("connection is not available, request timed out", None, K::TooManyConnections),
    ("query_wait_timeout", None, K::TooManyConnections),
    ("database system is starting up", Some("57P03"), K::ConnectionError),
    ("database system is shutting down", Some("57P03"), K::ConnectionError),
    ("database system is in recovery mode", Some("57P03"), K::ConnectionError),
    ("terminating connection due to administrator command", Some("57P01"), K::ConnectionError),
    ("connection refused", Some("08001"), K::ConnectionError),
    ("econnrefused", Some("08001"), K::ConnectionError),
    ("could not connect to server", Some("08001"), K::ConnectionError),
    ("could not translate host name", Some("08001"), K::ConnectionError),
    ("name or service not known", Some("08001"), K::ConnectionError),
    ("name resolution", Some("08001"), K::ConnectionError),
    ("enotfound", Some("08001"), K::ConnectionError),
    ("no such host", Some("08001"), K::ConnectionError),
    ("no route to host", Some("08001"), K::ConnectionError),
    ("network is unreachable", Some("08001"), K::ConnectionError),
    ("connection timed out", Some("08001"), K::ConnectionError),
    ("connection attempt failed", Some("08001"), K::ConnectionError),
    ("connection attempt timed out", Some("08001"), K::ConnectionError),
    ("timeout expired", Some("08001"), K::ConnectionError),
    ("etimedout", Some("08001"), K::ConnectionError),
    ("i/o timeout", Some("08001"), K::ConnectionError),
    ("does not support ssl", Some("08001"), K::ConnectionError),
    ("certificate verify failed", Some("08001"), K::ConnectionError),
    ("certificate verification failed", Some("08001"), K::ConnectionError),
    ("server login has been failing", Some("08001"), K::ConnectionError),
    ("server conn crashed", Some("08006"), K::ConnectionError),
    ("server closed the connection", Some("08006"), K::ConnectionError),
    ("connection reset by peer", Some("08006"), K::ConnectionError),
    ("econnreset", Some("08006"), K::ConnectionError),
    ("broken pipe", Some("08006"), K::ConnectionError),
    ("connection has been closed unexpectedly", Some("08006"), K::ConnectionError),
    ("connection terminated unexpectedly", Some("08006"), K::ConnectionError),
    ("i/o error occurred while sending to the backend", Some("08006"), K::ConnectionError),
    ("ssl syscall error", Some("08006"), K::ConnectionError),
    ("unexpected eof", Some("08006"), K::ConnectionError),
    ("connection has been closed", Some("08003"), K::ConnectionError),
    ("connection already closed", Some("08003"), K::ConnectionError),
    ("connection is closed", Some("08003"), K::ConnectionError),
    ("no connection to the server", Some("08003"), K::ConnectionError),
    ("canceling statement due to lock timeout", Some("55P03"), K::LockTimeout),
    ("canceling statement", Some("57014"), K::Canceled),
    ("deadlock detected", Some("40P01"), K::Deadlock),
    ("could not serialize access", Some("40001"), K::SerializationFailure),
    ("no space left on device", Some("53100"), K::DiskFull),
    ("out of memory", Some("53200"), K::OutOfMemory),
    ("out of shared memory", Some("53200"), K::OutOfMemory),
    ("invalid page in block", Some("XX001"), K::Corruption),
    ("current transaction is aborted", Some("25P02"), K::TransactionState),
    ("in a read-only transaction", Some("25006"), K::ReadOnly),
    ("duplicate key value violates", Some("23505"), K::DuplicateKey),
    ("violates foreign key constraint", Some("23503"), K::ForeignKeyViolation),
    ("violates check constraint", Some("23514"), K::CheckViolation),
    ("violates not-null constraint", Some("23502"), K::NotNullViolation),
    ("violates exclusion constraint", Some("23P01"), K::ConstraintViolation),
    ("syntax error at or near", Some("42601"), K::SyntaxError),
];

/// An event of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// The kind.
    pub(super) kind: ErrorKind,
    /// How bad it is, whatever the log calls it.
    pub(super) severity: Severity,
}

/// Phrases of what a server only logs, and which is more than news.
const EVENTS: &[(&str, ErrorKind, Severity)] = &[
    ("was terminated by signal", K::InternalError, Severity::Critical),
    ("terminating any other active server processes", K::InternalError, Severity::Critical),
    ("archive command failed", K::ReplicationError, Severity::Critical),
    ("archive command was terminated", K::ReplicationError, Severity::Critical),
    ("failed too many times, will try again later", K::ReplicationError, Severity::Critical),
    ("must be vacuumed within", K::ResourceLimit, Severity::Critical),
    ("oldest xmin is far in the past", K::ResourceLimit, Severity::Warning),
    ("oldest multixact is far in the past", K::ResourceLimit, Severity::Warning),
    ("invalidating obsolete replication slot", K::ReplicationError, Severity::Warning),
    ("invalidating slot", K::ReplicationError, Severity::Warning),
    ("terminating walsender process due to replication timeout", K::ReplicationError, Severity::Warning),
    ("could not receive data from client", K::ConnectionError, Severity::Warning),
    ("could not send data to client", K::ConnectionError, Severity::Warning),
    ("unexpected eof on client connection", K::ConnectionError, Severity::Warning),
    ("connection to client lost", K::ConnectionError, Severity::Warning),
    ("was not properly shut down", K::ClusterState, Severity::Warning),
    ("database system was interrupted", K::ClusterState, Severity::Warning),
    ("still waiting for", K::LockTimeout, Severity::Warning),
    ("checkpoints are occurring too frequently", K::ConfigurationError, Severity::Warning),
    ("collation version mismatch", K::Corruption, Severity::Warning),
    ("page verification failed", K::Corruption, Severity::Critical),
];

/// The phrase that stands in a message.
pub(super) fn find(message: &str) -> Option<Phrase> {
    let message = message.to_lowercase();
    let found = PHRASES.iter().find(|(words, ..)| message.contains(words));
    found.map(|(_, code, kind)| Phrase { code: *code, kind: *kind })
}

/// The event that a message tells of.
pub(super) fn event(message: &str) -> Option<Event> {
    let message = message.to_lowercase();
    let found = EVENTS.iter().find(|(words, ..)| message.contains(words));
    found.map(|(_, kind, severity)| Event { kind: *kind, severity: *severity })
}
