//! Writes down how the objects of a target are defined: a cheap look at their fingerprints through the watching
//! session, and the definitions of those that changed.

use super::clock;
use super::follow::Desk;
use crate::domain::definition::Fingerprint;
use crate::domain::error_event::SessionError;
use crate::domain::target::TargetId;
use crate::engine::{Definitions, Session};
use crate::store::{Store, StoreError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Definitions that are read in one look; the rest follows after [`NEXT`].
const AT_ONCE: usize = 200;
/// Between two looks while more has changed than one of them reads.
const NEXT: Duration = Duration::from_secs(10);
/// Time for one look.
const DEADLINE: Duration = Duration::from_secs(10);
/// A look that failed is repeated after so many intervals: a catalogue that is too large now will be so in five
/// minutes.
const AFTER_FAILURE: u32 = 12;

/// The chronicle of one target.
pub(super) struct Chronicle {
    target: TargetId,
    definitions: &'static Definitions,
    interval: Duration,
    /// Filled once this process detects: one process at a time writes.
    desk: watch::Receiver<Option<Desk>>,
    due: Option<Instant>,
}

/// Why a look came to nothing.
enum Failed {
    Session(SessionError),
    Store(StoreError),
}

impl Chronicle {
    /// A chronicle of a target that is looked at every `interval`.
    pub(super) fn new(
        target: TargetId,
        definitions: &'static Definitions,
        interval: Duration,
        desk: watch::Receiver<Option<Desk>>,
    ) -> Self {
        Self { target, definitions, interval, desk, due: None }
    }

    /// The next look is due: somebody asked for the objects just now, or changed one.
    pub(super) fn hasten(&mut self) {
        self.due = None;
    }

    /// Looks when it is due. False when the session can no longer be used.
    pub(super) async fn look(&mut self, session: &mut dyn Session) -> bool {
        let now = Instant::now();
        if self.due.is_some_and(|due| due > now) {
            return true;
        }
        let Some(store) = self.desk.borrow().as_ref().map(|desk| desk.store.clone()) else { return true };
        let (wait, usable) = match timeout(DEADLINE, self.write(session, &store)).await {
            Ok(Ok(more)) => (if more { NEXT.min(self.interval) } else { self.interval }, true),
            Ok(Err(failed)) => {
                let (words, usable) = match &failed {
                    Failed::Session(error) => {
                        (error.to_string(), matches!(error, SessionError::Server(_) | SessionError::Unsupported(_)))
                    }
                    Failed::Store(error) => (error.to_string(), true),
                };
                self.say(&words);
                (self.interval * AFTER_FAILURE, usable)
            }
            Err(_) => {
                self.say("it took too long");
                (self.interval * AFTER_FAILURE, false)
            }
        };
        self.due = Some(Instant::now() + wait);
        usable
    }

    fn say(&self, words: &str) {
        let words = crate::domain::text::redact(words);
        tracing::warn!(target = %self.target, %words, "the definitions of its objects are not written down");
    }

    /// One look. True when there is more to read.
    async fn write(&self, session: &mut dyn Session, store: &Store) -> Result<bool, Failed> {
        let seen = (self.definitions.fingerprints)(session).await.map_err(Failed::Session)?;
        let known = store.known_fingerprints(&self.target).await.map_err(Failed::Store)?;
        let is_new = |object: &&Fingerprint| {
            known.get(&(object.space.clone(), object.name.clone())).is_none_or(|print| *print != object.print)
        };
        let mut changed: Vec<Fingerprint> = seen.all.iter().filter(is_new).cloned().collect();
        let more = changed.len() > AT_ONCE;
        changed.truncate(AT_ONCE);
        let read = if changed.is_empty() {
            Vec::new()
        } else {
            (self.definitions.read)(session, changed).await.map_err(Failed::Session)?
        };
        store.keep_definitions(&self.target, seen, read, clock::now()).await.map_err(Failed::Store)?;
        Ok(more)
    }
}
