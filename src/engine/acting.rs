//! What an act of a session gives and needs, and how an engine looks at acts before and after.

use super::{Session, Task};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Precondition, Refusal};
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
use async_trait::async_trait;
use secrecy::SecretString;

/// Where an act puts on disk what must outlive a crash, before it goes on.
#[async_trait]
pub trait Witness: Send {
    /// The statements that undo the act, made from the prior rows. The act must not happen when this fails.
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String>;
    /// The server's own name of the act (the number of its transaction), by which its end can be asked for later. The
    /// act must not happen when this fails.
    async fn mark(&mut self, mark: &str) -> Result<(), String>;
    /// Reads that give the keys of the rows which the inverse will pass over, because somebody changed them after the
    /// act. The act must not happen when this fails.
    async fn passed_over(&mut self, reads: Vec<String>) -> Result<(), String> {
        let _ = reads;
        Ok(())
    }
}

/// An act that happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Acted {
    /// Rows, documents or keys that changed, where the server counts them.
    pub rows: Option<u64>,
    /// Milliseconds.
    pub took_ms: u64,
    /// What the server said along the way. Untrusted text.
    pub notices: Vec<String>,
    /// What it answered, where that says more than rows: `true` for a session that was ended.
    pub answer: Option<String>,
}

/// An act that did not happen, or of which nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It was not sent, or the server refused it: nothing changed.
    #[error("nothing changed: {0}")]
    NotDone(SessionError),
    /// It was sent, did not fit what was approved, and was rolled back.
    #[error(transparent)]
    RolledBack(#[from] Refusal),
    /// The witness could not write, so it was not sent or was rolled back.
    #[error("nothing changed, because nothing could be written down: {0}")]
    NoWitness(String),
    /// It failed and left something that could not be cleaned up.
    #[error("it failed ({error}) and left {left}")]
    Wreck {
        /// What the server said.
        error: Box<SessionError>,
        /// What is left, and how to remove it.
        left: String,
    },
    /// The connection broke while it may have been committed.
    #[error("nobody knows whether it happened: {0}")]
    Unclear(String),
}

/// How an engine looks at an act before it happens, and after nobody heard of its end.
pub struct Fixing {
    /// What there is to know about an act, by reading alone: through a session's reading doors, so that a survey can
    /// change nothing. `login` is the one that would run it; none when the session itself is its.
    pub survey: for<'a> fn(&'a mut dyn Session, &'a Draft, Option<&'a str>) -> Task<'a, Result<Survey, SessionError>>,
    /// Fills in what tells the kind's sessions from later ones of the same number. Those that are gone are left out.
    pub freeze: for<'a> fn(&'a mut dyn Session, FixKind) -> Task<'a, Result<FixKind, SessionError>>,
    /// How an act ended of which the server gave this mark.
    pub ended: for<'a> fn(&'a mut dyn Session, &'a str) -> Task<'a, Result<End, SessionError>>,
    /// The URL with another login, without a password; none for engines without logins.
    pub with_login: fn(&SecretString, &str) -> Option<SecretString>,
    /// Answers a check by reading alone. What the engine has no such thing of is not known, in words.
    /// [`Check::Reading`], [`Check::Read`], [`Check::CauseGone`] and [`Check::All`] are answered by whoever asks.
    pub verify: for<'a> fn(&'a mut dyn Session, &'a Check) -> Task<'a, Result<Verified, SessionError>>,
    /// What a statement would replace or remove as a whole, by reading alone: a digest of each key or document, the
    /// number of rows of a table. Empty for what the survey tells already.
    pub wholes: Wholes,
}

/// What things hold that a statement would replace or remove as wholes.
pub type Wholes = for<'a> fn(&'a mut dyn Session, &'a Draft) -> Task<'a, Result<Vec<Precondition>, SessionError>>;
