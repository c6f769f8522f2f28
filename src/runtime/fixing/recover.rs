//! After a crash: every proposal that was under way in a process that is gone is found at a stage that says what
//! happened to it.

use super::{Told, Ways, Workshop};
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::{End, Stage};
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
                let _ = self.step(&mut proposal, stage, words, false, told).await;
            } else {
                self.finish(&mut proposal, stage, words, told).await;
            }
            found.push(proposal);
        }
        Ok(found)
    }

    /// What the server says of it.
    async fn end(&self, ways: &[Ways], proposal: &Proposal) -> End {
        let (Stage::Running, Some(mark)) = (proposal.stage, &proposal.mark) else { return End::Unknown };
        let Some(ways) = ways.iter().find(|w| w.target == proposal.target) else { return End::Unknown };
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
        (Stage::Running, _) => {
            "this program ended while it ran, and the server does not say how it ended: look at the objects, then mark it done or undone"
        }
        _ => "this program ended before anything was sent: it waits again",
    }
}
