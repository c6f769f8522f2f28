//! What a server tells about its errors beside the samples.

use super::{Session, Task};
use crate::domain::error_event::SessionError;

/// What a server tells about its errors beside the samples: its counters, and its log where the login may read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reports {
    /// How often each error was raised since the server's counters began. Differences of two looks tell something; a
    /// smaller number than before means that the server began anew.
    pub counts: Vec<ErrorCount>,
    /// What was added to the log since the last look.
    pub log: Vec<LogPiece>,
    /// Where this look ended, for the next one, also of another run of the program.
    pub place: Option<String>,
}

/// One of the server's counters of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCount {
    /// The native code.
    pub code: String,
    /// The engine's text for it, by which it is named.
    pub text: String,
    /// How often since the counters began.
    pub raised: u64,
}

/// Bytes of a server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// The name of its format among the dialect's.
    pub format: &'static str,
    /// What stands before each line, as the server's setting writes it, where lines have such a thing.
    pub prefix: Option<String>,
    /// Which log: pieces of one go together.
    pub origin: String,
    /// The bytes may begin within a line.
    pub torn: bool,
    /// They end anywhere.
    pub bytes: Vec<u8>,
}

/// One look at what a server tells about its errors, going on from the place where the last one ended.
pub type LookAtReports = for<'a> fn(&'a mut dyn Session, Option<&'a str>) -> Task<'a, Result<Reports, SessionError>>;
