//! The way in for a fix, also on a server whose every connection is taken: one of our own other sessions makes room.

use super::room::Ringing;
use super::{Ways, Workshop};
use crate::app::approvals::words::no_fix_login;
use crate::domain::error_event::ConnectKind;
use crate::domain::proposal::Proposal;
use crate::engine::Session;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Time to be let in, at most.
const LOOK: Duration = Duration::from_secs(30);
/// Pauses between two attempts on a full server: short ones while our own sessions are being given up, because a place
/// that is free is free for everybody; then each twice as long as the one before it, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const SHORT_PAUSES: u32 = 7;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Attempts on a full server: passwords are fetched anew for each.
const ATTEMPTS: u32 = 12;

impl Workshop {
    /// Lets the fix login in. On a full server one of our own other sessions is given up, and it is tried again, since
    /// others come and go too.
    pub(super) async fn fix_session(&self, ways: &Ways, proposal: &Proposal) -> Result<Box<dyn Session>, String> {
        let Some(open) = &ways.fix else {
            return Err(no_fix_login(&ways.target));
        };
        let late = || format!("the fix login was not let in within {} s", LOOK.as_secs());
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut attempts = 0;
        let mut ringing: Option<Ringing> = None;
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
                    "the fix login was not let in, {attempts} times within {} s: {error}. Sessions of our own were asked to give their place up, and there was none, or somebody else took it. A login that may end sessions and has a place kept for it gets in: `dba-gpt doctor --target {}` prints how",
                    begun.elapsed().as_secs(),
                    ways.target
                ));
            }
            match attempts {
                1 => ways.room.ask(),
                _ if ringing.is_none() => ringing = Some(ways.room.ask_everybody().await),
                _ => {}
            }
            tokio::time::sleep(pause).await;
            if attempts >= SHORT_PAUSES {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
