//! The closed list of what can go wrong, and how bad it is. Every code of every engine has one kind.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What kind of thing went wrong. The words are part of the interface of `errors classify`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ErrorKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl ErrorKind {
            /// All of them, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in JSON, in catalogues and in the store.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

kinds! {
    /// A table, view, collection or index that a statement names is not there.
    TableNotFound = "TABLE_NOT_FOUND",
    /// A column or field is not there, or is ambiguous.
    ColumnNotFound = "COLUMN_NOT_FOUND",
    /// Another object is not there: a schema, type, role, key, cursor.
    ObjectNotFound = "OBJECT_NOT_FOUND",
    /// A database is not there.
    DatabaseNotFound = "DATABASE_NOT_FOUND",
    /// A function, procedure, operator or command is not there.
    FunctionNotFound = "FUNCTION_NOT_FOUND",
    /// The statement cannot be parsed.
    SyntaxError = "SYNTAX_ERROR",
    /// Types do not fit together.
    TypeError = "TYPE_ERROR",
    /// A value does not fit: out of range, too long, not valid.
    DataError = "DATA_ERROR",
    /// Divided by zero.
    DivisionByZero = "DIVISION_BY_ZERO",
    /// A unique key has the value already.
    DuplicateKey = "DUPLICATE_KEY",
    /// An object of that name is there already.
    DuplicateObject = "DUPLICATE_OBJECT",
    /// A foreign key was violated.
    ForeignKeyViolation = "FOREIGN_KEY_VIOLATION",
    /// A check or a validator was violated.
    CheckViolation = "CHECK_VIOLATION",
    /// A required value is missing.
    NotNullViolation = "NOT_NULL_VIOLATION",
    /// Another constraint was violated.
    ConstraintViolation = "CONSTRAINT_VIOLATION",
    /// The login may not do that.
    AccessDenied = "ACCESS_DENIED",
    /// The login was refused.
    AuthenticationFailed = "AUTHENTICATION_FAILED",
    /// There is no connection, or it broke.
    ConnectionError = "CONNECTION_ERROR",
    /// The server takes no more connections.
    TooManyConnections = "TOO_MANY_CONNECTIONS",
    /// Sessions waited for each other in a circle.
    Deadlock = "DEADLOCK",
    /// A lock did not come in time.
    LockTimeout = "LOCK_TIMEOUT",
    /// Transactions could not be put in an order.
    SerializationFailure = "SERIALIZATION_FAILURE",
    /// A time limit passed.
    Timeout = "TIMEOUT",
    /// Somebody stopped it.
    Canceled = "CANCELED",
    /// The state of the transaction does not allow it.
    TransactionState = "TRANSACTION_STATE",
    /// Nothing may be written here.
    ReadOnly = "READ_ONLY",
    /// The disk, or a quota on it, is full.
    DiskFull = "DISK_FULL",
    /// Memory ran out.
    OutOfMemory = "OUT_OF_MEMORY",
    /// Another limit was reached.
    ResourceLimit = "RESOURCE_LIMIT",
    /// Replication or archiving failed.
    ReplicationError = "REPLICATION_ERROR",
    /// The cluster is not in a state to answer: no primary, a slot elsewhere.
    ClusterState = "CLUSTER_STATE",
    /// A setting is wrong.
    ConfigurationError = "CONFIGURATION_ERROR",
    /// The server cannot do that.
    FeatureNotSupported = "FEATURE_NOT_SUPPORTED",
    /// Other objects depend on it.
    DependentObjects = "DEPENDENT_OBJECTS",
    /// Somebody uses it.
    ObjectInUse = "OBJECT_IN_USE",
    /// The key or object is of another kind than the command wants.
    WrongType = "WRONG_TYPE",
    /// A script, function or trigger failed.
    ScriptError = "SCRIPT_ERROR",
    /// Stored data is damaged.
    Corruption = "CORRUPTION",
    /// The server met something that its makers did not expect.
    InternalError = "INTERNAL_ERROR",
    /// Nothing of the above.
    Other = "OTHER",
}

impl ErrorKind {
    /// The kind of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.word() == word)
    }

    /// How bad one of these is where neither the code nor the server says more.
    pub fn severity(self) -> Severity {
        match self {
            Self::ConnectionError
            | Self::TooManyConnections
            | Self::DiskFull
            | Self::OutOfMemory
            | Self::Corruption
            | Self::ClusterState
            | Self::ReplicationError => Severity::Critical,
            Self::Canceled => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How bad an error is for the service, whatever the server calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It may become an error.
    Warning,
    /// A statement failed.
    Error,
    /// The service or its data is in danger.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];
    /// The word in JSON and in catalogues.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
    /// The short word on screens.
    pub fn short(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARN",
            Self::Error => "ERR",
            Self::Critical => "CRIT",
        }
    }
    /// The severity of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}
