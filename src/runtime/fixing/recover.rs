//! After a crash: every proposal that was under way in a process that is gone is found at a stage that says what
//! happened to it.

use super::afterwards::ask_once;
use super::{Told, Ways, Workshop};
use crate::domain::incident::guide::Turn;
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::Proposal;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::{End, Stage};
use crate::domain::proposal::survey::Inverse;
use crate::store::{StoreError, claim};
use std::time::Duration;
use tokio::time::timeout;

/// Time to ask a server how an act ended.
const ASK: Duration = Duration::from_secs(15);

impl Workshop {
    /// Looks after every proposal that is under way and belongs to no living process. `ways` gives the ways to a
    /// target that is configured.
    pub async fn recover(&self, ways: &[Ways], told: Told<'_>) -> Result<Vec<Proposal>, StoreError> {
        let mut found = Vec::new();
        for mut proposal in self.store.proposals(0).await?.into_iter().filter(|p| p.stage.is_under_way()) {
            let (folder, id) = (self.folder.clone(), proposal.id);
            let claimed = tokio::task::spawn_blocking(move || claim(&folder, id)).await.unwrap_or_else(|_| Ok(None))?;
            let Some(_claim) = claimed else { continue };
            // Its process may have ended it between our two looks.
            match self.store.proposal(proposal.id).await? {
                Some(now) if now.stage.is_under_way() => proposal = now,
                _ => continue,
            }
            let end = self.end(ways, &proposal).await;
            let stage = proposal.stage.after_crash(end);
            let words = words(proposal.stage, stage);
            if stage == Stage::Waiting {
                // An intent without an end would look like an act of which nobody knows.
                let _ = self.journal.write("outcome", &proposal, &self.who, words).await;
                let _ = self.step(&mut proposal, stage, words, false, told).await;
                self.guide(&proposal, Turn::Waits).await;
            } else {
                self.look_after(ways, &mut proposal, stage, words, told).await;
            }
            found.push(proposal);
        }
        Ok(found)
    }

    /// Ends what had been sent. A step of a plan that happened is looked at once; what did not help is a person's,
    /// because the approval that covered its rollback is gone with its process.
    async fn look_after(&self, ways: &[Ways], proposal: &mut Proposal, stage: Stage, words: &str, told: Told<'_>) {
        let verification = proposal.purpose.as_ref().and_then(|purpose| purpose.verification().cloned());
        let ways = ways.iter().find(|ways| ways.target == proposal.target);
        let (Some(verification), Some(ways), Stage::Done) = (verification, ways, stage) else {
            self.finish(proposal, stage, words, told).await;
            self.guide(proposal, Turn::Failed(words.to_owned())).await;
            if let Some(ways) = ways.filter(|_| stage == Stage::NeedsPerson) {
                self.clear_away(ways, proposal, told).await;
            }
            return;
        };
        let verified = timeout(ASK, ask_once(ways, proposal, &verification.check)).await;
        let verified = verified.unwrap_or_else(|_| Verified::unknown("the server did not answer in time"));
        let helped = match verified.held {
            Some(true) => "it helped",
            Some(false) => "it did not help",
            None => "nobody knows whether it helped",
        };
        let words = format!("{words}; {helped}: {}: {}", verification.words, verified.found);
        proposal.verified = Some(verified.clone());
        self.finish(proposal, stage, &words, told).await;
        self.guide(proposal, Turn::Ran).await;
        if verified.held == Some(true) {
            self.helped(ways, proposal, &verification, told).await;
        } else {
            self.did_not_help(ways, proposal, &words, told).await;
        }
    }

    /// What a build left that nobody ends any more is offered to be taken away at once.
    async fn clear_away(&self, ways: &Ways, proposal: &Proposal, told: Told<'_>) {
        let Some(FixKind::CreateIndex { table, name, .. }) = &proposal.draft.kind else { return };
        let left = Check::IndexInvalid(table.clone(), name.clone());
        let found = timeout(ASK, ask_once(ways, proposal, &left)).await;
        if found.is_ok_and(|found| found.held == Some(true)) {
            self.file_undo(ways, proposal, told).await;
        }
    }

    /// What is built beside the traffic has no mark, and the server goes on with it by itself: what stands there tells
    /// that it came to its end, and nothing else tells anything.
    async fn built(ways: &Ways, proposal: &Proposal) -> End {
        let check = match &proposal.draft.kind {
            Some(FixKind::CreateIndex { table, name, .. }) => Check::IndexUsable(table.clone(), name.clone()),
            Some(FixKind::DropIndex { table, name }) => Check::IndexGone(table.clone(), name.clone()),
            _ => return End::Unknown,
        };
        let found = timeout(ASK, ask_once(ways, proposal, &check)).await;
        if found.is_ok_and(|found| found.held == Some(true)) { End::Committed } else { End::Unknown }
    }

    /// What the server says of it.
    async fn end(&self, ways: &[Ways], proposal: &Proposal) -> End {
        // Of a rollback by several statements the mark tells of one.
        let single = matches!(&proposal.survey.inverse, Inverse::Statements(statements) if statements.len() == 1);
        let tells = proposal.stage == Stage::Running || (proposal.stage == Stage::RollingBack && single);
        let Some(ways) = ways.iter().find(|w| w.target == proposal.target) else { return End::Unknown };
        let (true, Some(mark)) = (tells, &proposal.mark) else {
            return if proposal.stage == Stage::Running { Self::built(ways, proposal).await } else { End::Unknown };
        };
        let ask = async {
            let mut session = (ways.read)("recovery".to_owned(), proposal.draft.database.clone()).await.ok()?;
            let end = (ways.spec.fixing.ended)(&mut *session, mark).await.ok();
            session.close().await;
            end
        };
        timeout(ASK, ask).await.ok().flatten().unwrap_or(End::Unknown)
    }
}

fn words(was: Stage, is: Stage) -> &'static str {
    match (was, is) {
        (Stage::Running, Stage::Done) => "this program ended while it ran; the server says that it was committed",
        (Stage::Running, Stage::Undone) => "this program ended while it ran; the server says that it was rolled back",
        (Stage::Verifying, _) => "this program ended before it was verified",
        (Stage::RollingBack, Stage::Undone) => {
            "this program ended while it was taken back; the server says that the rollback was committed"
        }
        (Stage::RollingBack, Stage::Done) => {
            "this program ended while it was taken back; the server says that it was not"
        }
        (Stage::RollingBack, _) => {
            "this program ended while it was taken back, and the server does not say how that ended: look at the objects, then mark it done or undone"
        }
        (Stage::Running, _) => {
            "this program ended while it ran, and the server does not say how it ended: look at the objects, then mark it done or undone"
        }
        _ => "this program ended before anything was sent: it waits again",
    }
}
