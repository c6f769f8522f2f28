//! What the simulations of all engines share: the shape of one, names of scratch objects, and the time that each has.
//!
//! Each engine's folder `simulate` sends constants of the program over connections of its own. No text from outside is
//! part of them; only the random part of a scratch name is filled in.

use super::{ConnectSettings, Task};
use crate::domain::error_event::{ConnectError, ServerMessage, SessionError};
use crate::domain::simulation::{Offer, Raised, SCRATCH};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// Time to provoke an error.
const PROVOKE: Duration = Duration::from_secs(6);
/// Time to remove what was made for it, whatever became of it. Together with [`PROVOKE`]: ten seconds.
const CLEAN: Duration = Duration::from_secs(4);

/// What a simulation found: every error that the server gave.
pub type Provoked = Result<Vec<Raised>, SessionError>;

/// A line in an engine's list of what can be provoked.
pub struct Simulation {
    /// What it is, and what it does.
    pub offer: Offer,
    /// Does it, over connections of its own with these settings, and removes what it made.
    pub run: for<'a> fn(&'a ConnectSettings) -> Task<'a, Provoked>,
}

/// Something that outlives a connection, and has to be removed: `dba_gpt_simulation_481516234200`.
pub(super) struct Scratch {
    name: String,
    exists: AtomicBool,
}

impl Scratch {
    /// A name that nothing has.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub(super) fn new() -> Result<Self, SessionError> {
        Ok(Self { name: format!("{SCRATCH}{}", random_word()?), exists: AtomicBool::new(false) })
    }
    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
    /// From now on it may be there. To be called before the statement that makes it is sent.
    pub(super) fn is_being_made(&self) {
        self.exists.store(true, Ordering::SeqCst);
    }
    /// The server refused to make it.
    pub(super) fn was_not_made(&self) {
        self.exists.store(false, Ordering::SeqCst);
    }
}

/// Twelve digits that nobody guesses: digits, because those do not make another pattern of the same error.
pub(super) fn random_word() -> Result<String, SessionError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| SessionError::Unsupported(format!("the system gave no random bytes: {error}")))?;
    Ok(format!("{:012}", u64::from_le_bytes(bytes) % 1_000_000_000_000))
}

/// Provokes within its time.
pub(super) async fn in_time(provoke: impl Future<Output = Provoked>) -> Provoked {
    timeout(PROVOKE, provoke).await.unwrap_or_else(|_| Err(late(PROVOKE)))
}

/// Provokes within its time, then removes what was made for it, whatever came of it. What cannot be removed is an
/// error that names it.
pub(super) async fn and_clean(
    scratch: &Scratch,
    provoke: impl Future<Output = Provoked>,
    clean: impl Future<Output = Result<(), SessionError>>,
) -> Provoked {
    let provoked = in_time(provoke).await;
    if !scratch.exists.load(Ordering::SeqCst) {
        return provoked;
    }
    let cleaned = timeout(CLEAN, clean).await.unwrap_or_else(|_| Err(late(CLEAN)));
    cleaned.map_err(|error| {
        let name = &scratch.name;
        SessionError::Unsupported(format!("{name} could not be removed and may be left ({error}): drop it by hand"))
    })?;
    provoked
}

fn late(time: Duration) -> SessionError {
    SessionError::Deadline(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// A server's refusal of a statement, as something raised.
pub(super) fn raised(said: ServerMessage, statement: &str) -> Raised {
    let more: Vec<String> = [said.detail, said.hint].into_iter().flatten().collect();
    Raised {
        code: said.code,
        message: said.message,
        more: (!more.is_empty()).then(|| more.join("\n")),
        statement: statement.to_owned(),
    }
}

/// What a statement gave: the server's refusal is what was looked for, anything else that went wrong is an error.
pub(super) fn refusal<T>(outcome: Result<T, SessionError>, statement: &str) -> Result<Result<T, Raised>, SessionError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(SessionError::Server(said)) => Ok(Err(raised(said, statement))),
        Err(error) => Err(error),
    }
}

/// The server's own words for why it lets nobody in. The failure of a connection that never got so far is an error.
pub(super) fn turned_away(refused: ConnectError) -> Provoked {
    if refused.said.is_empty() {
        return Err(refused.into());
    }
    Ok(vec![Raised { code: refused.code, message: refused.said, more: None, statement: String::new() }])
}
