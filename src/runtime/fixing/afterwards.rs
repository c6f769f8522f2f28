//! What comes after an act that is a step of a plan: whether it helped is looked at, and what did not help is taken
//! back or handed to a person.
//!
//! ```text
//! act -> audit "outcome" -> stored "verifying" -> polls until it holds or the time is over
//!     held:     audit "verified"   -> stored "done" -> incident holds or ends -> next step
//!     not held: audit "unverified" -> stored "rolling back" -> audit "rollback" -> inverse -> audit "rollback" -> stored "undone"
//!                                  or stored "done" -> next step, or the undo is filed for a person
//! ```

use super::checks::Asker;
use super::rollback::Failed;
use super::{Told, Ways, Workshop};
use crate::domain::guard::ticket::ActDigest;
use crate::domain::incident::guide::Turn;
use crate::domain::procedure::{Check, Findings, OnFailure, Verification, Verified};
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::{Inverse, Survey};
use crate::engine::Session;
use crate::runtime::clock;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The fix session is asked for this long and then closed: nobody keeps more rights than the act needed.
const UNDER_FIX_LOGIN: Duration = Duration::from_secs(10);
/// Between two answers: the first pause, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Time to open a session for an answer, and to close one.
const OPEN: Duration = Duration::from_secs(15);
const CLOSE: Duration = Duration::from_secs(1);

/// An act that was done a moment ago.
pub(super) struct Deed<'a> {
    /// What was approved.
    pub(super) digest: ActDigest,
    /// The server as it was right before.
    pub(super) survey: Survey,
    /// What was wrong right before.
    pub(super) before: Option<Findings>,
    /// Stops the looking; nothing is taken back then.
    pub(super) stop: &'a CancellationToken,
    /// Told of each stage.
    pub(super) told: Told<'a>,
}

/// The sessions that are asked: the fix session for a while, then the reader's.
pub(super) struct Eyes<'a> {
    ways: &'a Ways,
    database: Option<String>,
    fix: Option<Box<dyn Session>>,
    fix_until: Instant,
    read: Option<Box<dyn Session>>,
}

impl<'a> Eyes<'a> {
    /// With the fix session that is open, if one is.
    pub(super) fn new(ways: &'a Ways, database: Option<String>, fix: Option<Box<dyn Session>>) -> Self {
        Self { ways, database, fix, fix_until: Instant::now() + UNDER_FIX_LOGIN, read: None }
    }

    /// An answer; what one login cannot see the other is asked.
    async fn answer(&mut self, asker: &mut Asker, check: &Check) -> Verified {
        if Instant::now() >= self.fix_until {
            close(self.fix.take()).await;
        }
        let mut unknown = None;
        if let Some(fix) = &mut self.fix {
            match asker.answer(&mut **fix, check).await {
                Ok(answer) if answer.held.is_some() => return answer,
                Ok(answer) => unknown = Some(answer),
                Err(_) => self.fix = None,
            }
        }
        let answer = match self.reader().await {
            Ok(session) => asker.answer(session, check).await.map_err(|error| error.to_string()),
            Err(words) => Err(words),
        };
        match answer {
            Ok(answer) if answer.held.is_some() => answer,
            Ok(answer) => unknown.unwrap_or(answer),
            Err(words) => {
                self.read = None;
                unknown.unwrap_or_else(|| Verified::unknown(words))
            }
        }
    }

    /// The session that is there, or a new one under the reading login.
    async fn reader(&mut self) -> Result<&mut dyn Session, String> {
        if self.read.is_none() {
            let opening = (self.ways.read)("verification".to_owned(), self.database.clone());
            let opened = timeout(OPEN, opening).await.map_err(|_| "the server did not let the reader in".to_owned())?;
            self.read = Some(opened.map_err(|error| error.to_string())?);
        }
        match &mut self.read {
            Some(session) => Ok(&mut **session),
            None => Err("no session".to_owned()),
        }
    }

    async fn findings(&mut self, asker: &Asker, still: &[crate::domain::diagnosis::Cause]) -> Option<Findings> {
        match &mut self.fix {
            Some(fix) => asker.findings(&mut **fix, still).await,
            None => asker.findings(self.reader().await.ok()?, still).await,
        }
    }

    /// Gives the fix session away, if it is still open.
    fn take_fix(&mut self) -> Option<Box<dyn Session>> {
        self.fix.take()
    }

    /// Closes what is open.
    pub(super) async fn end(self) {
        close(self.fix).await;
        close(self.read).await;
    }
}

async fn close(session: Option<Box<dyn Session>>) {
    if let Some(session) = session {
        let _ = timeout(CLOSE, session.close()).await;
    }
}

/// How the looking ended.
pub(super) struct Watched {
    pub(super) verified: Verified,
    after_ms: u64,
    stopped: bool,
}

impl Workshop {
    /// Looks whether a step helped, and does what its plan says. The record is on disk when this returns.
    pub(super) async fn afterwards(
        &self,
        ways: &Ways,
        session: Box<dyn Session>,
        proposal: &mut Proposal,
        deed: Deed<'_>,
    ) {
        let Some(verification) = proposal.purpose.as_ref().and_then(|p| p.verification().cloned()) else { return };
        self.guide(proposal, Turn::Ran).await;
        let mut eyes = Eyes::new(ways, proposal.draft.database.clone(), Some(session));
        let mut asker = Asker::new(ways.spec, &ways.target);
        let watched = watch(&mut eyes, &mut asker, &verification, deed.stop).await;
        let held = watched.verified.held == Some(true);
        let causes = proposal.purpose.as_ref().map(|p| p.cause()).filter(|_| !held);
        let after = eyes.findings(&asker, causes.as_slice()).await;
        let mut words = watched.words(&verification);
        if let (Some(before), Some(after)) = (&deed.before, &after) {
            words.push_str(&format!("; findings {}", before.until(after).words()));
        }
        proposal.verified = Some(watched.verified.clone());
        if held {
            self.desk.lock().unwrap_or_else(PoisonError::into_inner).settle(deed.digest);
            eyes.end().await;
            self.conclude(proposal, "verified", Stage::Done, &words, deed.told).await;
            self.helped(ways, proposal, &verification, deed.told).await;
            return;
        }
        // What is not known is a person's to decide: taking back what helped may do more harm than leaving it.
        let wants_rollback = watched.verified.held == Some(false)
            && proposal.purpose.as_ref().is_some_and(|p| p.on_failure() == OnFailure::RollBack)
            && !matches!(proposal.survey.inverse, Inverse::None(_));
        if !wants_rollback || watched.stopped {
            self.desk.lock().unwrap_or_else(PoisonError::into_inner).settle(deed.digest);
            eyes.end().await;
            self.conclude(proposal, "unverified", Stage::Done, &words, deed.told).await;
            self.did_not_help(ways, proposal, &words, deed.told).await;
            return;
        }
        let fix = eyes.take_fix();
        eyes.end().await;
        let (stage, rolled) = match self.take_back(ways, fix, proposal, &deed, &words).await {
            Ok(rolled) => (Stage::Undone, rolled),
            Err(Failed { stage, words }) => (stage, words),
        };
        self.conclude(proposal, "rollback", stage, &rolled, deed.told).await;
        self.did_not_help(ways, proposal, &format!("{words}; {rolled}"), deed.told).await;
    }

    /// The end of what comes after an act, in the audit log and on disk.
    pub(super) async fn conclude(
        &self,
        proposal: &mut Proposal,
        kind: &'static str,
        stage: Stage,
        words: &str,
        told: Told<'_>,
    ) {
        let mut words = words.to_owned();
        if let Err(error) = self.journal.write(kind, proposal, &self.who, &words).await {
            words.push_str(&format!("; the audit log could not take this: {error}"));
        }
        if let Err(refused) = self.step(proposal, stage, &words, false, told).await {
            // The file cannot be written: what is on the screen is all there is.
            let _ = proposal.move_to(stage, clock::now(), &format!("{words}; {}", refused.words), None);
            told(proposal);
        }
    }
}

/// Asks until it holds, the time is over, or somebody stops it. The last answer is given at the very end of the time.
async fn watch(
    eyes: &mut Eyes<'_>,
    asker: &mut Asker,
    verification: &Verification,
    stop: &CancellationToken,
) -> Watched {
    let (begun, within) = (Instant::now(), Duration::from_millis(verification.within_ms));
    let mut pause = FIRST_PAUSE;
    loop {
        let verified = eyes.answer(asker, &verification.check).await;
        let passed = begun.elapsed();
        let stopped = stop.is_cancelled();
        if verified.held == Some(true) || passed >= within || stopped {
            return Watched { verified, after_ms: clock::millis(passed), stopped };
        }
        tokio::select! {
            () = tokio::time::sleep(pause.min(within.saturating_sub(passed))) => {}
            () = stop.cancelled() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Asks once, under the reading login: for an act whose process is gone.
pub(super) async fn ask_once(ways: &Ways, proposal: &Proposal, check: &Check) -> Verified {
    let mut eyes = Eyes::new(ways, proposal.draft.database.clone(), None);
    let mut asker = Asker::new(ways.spec, &ways.target);
    let verified = eyes.answer(&mut asker, check).await;
    eyes.end().await;
    verified
}

impl Watched {
    /// `verified: blocked = 0 within 30 s: nobody waits, after 240 ms`.
    fn words(&self, verification: &Verification) -> String {
        let Self { verified, after_ms, stopped } = self;
        let (wanted, found) = (&verification.words, &verified.found);
        match (verified.held, stopped) {
            (Some(true), _) => format!("verified after {after_ms} ms: {wanted}: {found}"),
            (_, true) => format!("stopped after {after_ms} ms, before it was verified ({wanted}): {found}"),
            (Some(false), _) => format!("did not help: {wanted}, and after {after_ms} ms: {found}"),
            (None, _) => format!("nobody knows whether it helped ({wanted}), after {after_ms} ms: {found}"),
        }
    }
}
