//! The way in for a fix, also on a server whose every connection is taken: one of our own other sessions makes room.

use super::{Ways, Workshop};
use crate::domain::error_event::ConnectKind;
use crate::domain::proposal::Proposal;
use crate::engine::Session;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Time to be let in, at most.
const LOOK: Duration = Duration::from_secs(30);
/// Between two attempts on a full server: the first pause, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Attempts on a full server: passwords are fetched anew for each.
const ATTEMPTS: u32 = 12;

/// Whoever holds a session of a target that can be had again, and gives it up when a fix has no other way in.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<Notify>);

impl Room {
    /// Asks for one session; whoever is busy gives it up as soon as it is not.
    pub fn ask(&self) {
        self.0.notify_one();
    }
    /// Comes back when a session is wanted.
    pub async fn wanted(&self) {
        self.0.notified().await;
    }
}

impl Workshop {
    /// Lets the fix login in. On a full server one of our own other sessions is given up, and it is tried again, since
    /// others come and go too.
    pub(super) async fn fix_session(&self, ways: &Ways, proposal: &Proposal) -> Result<Box<dyn Session>, String> {
        let Some(open) = &ways.fix else {
            return Err(format!(
                "{} has no login for fixes: `dba-gpt doctor --target {0}` prints how to make one, and [targets.{0}.fix] in the configuration names it",
                ways.target
            ));
        };
        let late = || format!("the fix login was not let in within {} s", LOOK.as_secs());
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        loop {
            let opening = open(format!("fix-{}", proposal.id), proposal.draft.database.clone());
            let left = LOOK.saturating_sub(begun.elapsed());
            let error = match timeout(left, opening).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => error,
                Err(_) => return Err(late()),
            };
            attempts += 1;
            if error.kind != ConnectKind::TooManyConnections {
                return Err(format!("the fix login was not let in: {error}"));
            }
            if attempts >= ATTEMPTS || begun.elapsed() + pause >= LOOK {
                return Err(format!(
                    "the fix login was not let in, {attempts} times within {} s, although a session of our own was given up: {error}. A reserved connection for it would help: `dba-gpt doctor --target {}` prints how",
                    begun.elapsed().as_secs(),
                    ways.target
                ));
            }
            ways.room.ask();
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
