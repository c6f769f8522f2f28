//! One error that happened, wherever it was seen.

use super::kind::{ErrorKind, Severity};
use super::naming::Understood;
use crate::domain::target::{EngineId, TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest message, statement or context that an event keeps, bytes.
pub const TEXT_BYTES: usize = 4096;
/// Bytes of a text that are looked at for secrets: so many more than are kept, because what was taken out leaves room.
const READ_BYTES: usize = 16 * TEXT_BYTES;

/// Where an error was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A statement that a person ran here. A typing mistake is no matter for an alert.
    Typed,
    /// A text that a person pasted or classified.
    Pasted,
    /// A connection of ours that failed.
    Probe,
    /// A value of a sample that is over its limit.
    Sample,
    /// A counter of errors that the server keeps.
    Counter,
    /// The server's log.
    Log,
    /// Provoked on purpose, to see the whole road.
    Simulated,
}

impl Source {
    /// In words, for a timeline.
    pub fn words(self) -> &'static str {
        match self {
            Self::Typed => "a statement typed here",
            Self::Pasted => "a pasted text",
            Self::Probe => "our own connection",
            Self::Sample => "a measured value",
            Self::Counter => "the server's error counters",
            Self::Log => "the server's log",
            Self::Simulated => "a simulation",
        }
    }

    /// A person's own doing: it is shown and remembered, and counts in no alert, no MTTR and no strategy.
    pub fn is_private(self) -> bool {
        matches!(self, Self::Typed | Self::Pasted)
    }

    /// It is measured again and again, and its end is seen, too.
    pub fn is_condition(self) -> bool {
        matches!(self, Self::Probe | Self::Sample)
    }
}

/// An error that happened. All text is untrusted, redacted and cut to [`TEXT_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// When it happened: the server's clock for logs, ours otherwise.
    pub at: Timestamp,
    /// Where.
    pub target: TargetId,
    /// The engine's name.
    pub engine: String,
    /// Where it was seen.
    pub source: Source,
    /// The native code; empty when unknown.
    pub code: String,
    /// The kind.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// What it is about.
    pub object: Option<String>,
    /// The primary message.
    pub message: String,
    /// The statement that met it.
    pub statement: Option<String>,
    /// Detail, hint and context of the server, a line each.
    pub more: Option<String>,
    /// The login that met it.
    pub user: Option<String>,
    /// The database in which.
    pub database: Option<String>,
    /// The classic signature.
    pub signature: String,
    /// The better grouping.
    pub group: String,
    /// A few words.
    pub title: String,
    /// It may go away by itself.
    pub transient: bool,
    /// How many equal ones this stands for, at least 1.
    pub count: u64,
}

impl ErrorEvent {
    /// An event of an understood error, once, with nothing known besides.
    pub fn new(at: Timestamp, target: TargetId, engine: EngineId, source: Source, error: Understood) -> Self {
        let Understood { code, kind, severity, object, message, signature, group, title, transient } = error;
        Self {
            at,
            target,
            engine: engine.0.to_owned(),
            source,
            code,
            kind,
            severity,
            object: object.map(|o| keep(&o)),
            message: keep(&message),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature,
            group,
            title,
            transient,
            count: 1,
        }
    }

    /// The same, with the statement that met it.
    #[must_use]
    pub fn with_statement(mut self, statement: &str) -> Self {
        self.statement = Some(keep(statement));
        self
    }

    /// Takes secrets out of its long texts and cuts them, for whoever filled them in after [`Self::new`].
    pub fn clean(&mut self) {
        self.message = keep(&self.message);
        for text in [&mut self.statement, &mut self.more].into_iter().flatten() {
            *text = keep(text);
        }
    }
}

/// A text as an event keeps it: without secrets, and not too long.
pub fn keep(text: &str) -> String {
    let mut kept = crate::domain::text::redact(&text[..text.floor_char_boundary(READ_BYTES)]);
    if kept.len() > TEXT_BYTES || text.len() > READ_BYTES {
        kept.truncate(kept.floor_char_boundary(TEXT_BYTES));
        kept.push_str(" ...");
    }
    kept
}
