//! What went wrong between us and a server, in words that tell the person what to do.

use thiserror::Error;

/// Why a connection could not be made. One kind, one message, one thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectKind {
    /// The host name does not resolve.
    BadHost,
    /// Nothing listens there.
    Refused,
    /// No answer within the connect time.
    Unreachable,
    /// TLS was asked for and could not be had or did not verify.
    Tls,
    /// The server refused the password, or wants one that we do not have.
    Authentication,
    /// A login method that this program does not speak (Kerberos, LDAP plugin, IAM).
    UnsupportedLogin,
    /// There is no such database, or no such file.
    NoSuchDatabase,
    /// The server is full.
    TooManyConnections,
    /// The server is starting, stopping or recovering.
    NotReady,
    /// The target's settings contradict each other or cannot be used.
    Settings,
    /// Anything else the server said.
    Other,
}

impl ConnectKind {
    /// One word for the WHY column of the fleet table.
    pub fn word(self) -> &'static str {
        match self {
            Self::BadHost => "bad host",
            Self::Refused => "refused",
            Self::Unreachable => "timeout",
            Self::Tls => "tls",
            Self::Authentication => "login",
            Self::UnsupportedLogin => "login method",
            Self::NoSuchDatabase => "no database",
            Self::TooManyConnections => "full",
            Self::NotReady => "starting",
            Self::Settings => "settings",
            Self::Other => "error",
        }
    }
}

/// The code of a login that was not tried because the server has refused the same password before.
pub const NOT_SENT: &str = "NOT_SENT";

/// Codes of failures that have to do with TLS, which no server numbers.
pub mod tls_code {
    /// The server lets in only encrypted connections.
    pub const REQUIRED: &str = "TLS_REQUIRED";
    /// The settings would send everything in plain text over a network, and do not say that this is meant.
    pub const PLAIN: &str = "TLS_PLAIN";
    /// The server offers no TLS.
    pub const NOT_OFFERED: &str = "TLS_NOT_OFFERED";
    /// The certificate is made out to another name.
    pub const NAME: &str = "TLS_NAME";
    /// The certificate is signed by nobody who is trusted.
    pub const ISSUER: &str = "TLS_ISSUER";
    /// The certificate has expired, or is not valid yet.
    pub const EXPIRED: &str = "TLS_EXPIRED";
}

/// The code of a connection that was taken and then not answered: something listens there, and it hangs or waits for
/// another language.
pub const MUTE: &str = "MUTE";

/// A connection that was not made. The message says what happened and what to do; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConnectError {
    /// The kind.
    pub kind: ConnectKind,
    /// The engine's own code, as text, where it gave one: `28P01`, `1045`. Empty otherwise.
    pub code: String,
    /// One or two sentences.
    pub message: String,
    /// The server's own words, where it said any. Untrusted text; empty otherwise.
    pub said: String,
}

impl ConnectError {
    /// Makes one.
    pub fn new(kind: ConnectKind, message: impl Into<String>) -> Self {
        Self { kind, code: String::new(), message: message.into(), said: String::new() }
    }
    /// The same with the server's own words.
    #[must_use]
    pub fn with_said(mut self, said: &str) -> Self {
        said.clone_into(&mut self.said);
        self
    }
    /// The same with the engine's own code, from which it is told whether trying again makes sense.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }
}

/// An error that the server reported for a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerMessage {
    /// The engine's own code as text: `42P01`, `26`.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// The server's detail line.
    pub detail: Option<String>,
    /// The server's hint line.
    pub hint: Option<String>,
    /// Position in the statement, 1-based characters.
    pub position: Option<u32>,
}

/// Why a statement gave no (complete) result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The server refused or failed the statement.
    #[error("{} ({})", .0.message, .0.code)]
    Server(ServerMessage),
    /// The deadline passed; the statement was cancelled on the server.
    #[error("stopped after {0} ms: the deadline passed and the statement was cancelled on the server")]
    Deadline(u64),
    /// The person stopped it; the statement was cancelled on the server.
    #[error("stopped: the statement was cancelled on the server")]
    Canceled,
    /// The connection broke.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The connection could not be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The engine cannot do this.
    #[error("{0}")]
    Unsupported(String),
}
