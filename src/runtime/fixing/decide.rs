//! Filing, denying, withdrawing and labelling proposals: everything short of carrying one out.

use super::super::clock;
use super::carry_out::Refused;
use super::{Told, Ways, Workshop};
use crate::domain::guard::ticket::Consent;
use crate::domain::learning::Rating;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::text::redact;
use tokio_util::sync::CancellationToken;

/// Characters of a comment, at most.
const COMMENT: usize = 500;
/// Characters of a ticket number, at most.
const TICKET: usize = 80;

impl Workshop {
    /// Keeps a new proposal.
    ///
    /// # Errors
    /// Words when it cannot be kept, or holds a secret, which nothing that is kept may, or would undo an act where
    /// somebody else changed the same thing after it.
    pub async fn file(&self, mut proposal: Proposal) -> Result<Proposal, String> {
        if redact(&proposal.draft.statement) != proposal.draft.statement {
            return Err(
                "this statement holds a secret, and a proposal is kept in a file: use the engine's own client, \
                        which does not keep it"
                    .to_owned(),
            );
        }
        self.look_at_undo(&mut proposal).await?;
        let filed = self.store.file_proposal(proposal).await.map_err(|e| e.to_string())?;
        match self.journal.write("proposed", &filed, &self.who, &filed.origin.words()).await {
            Ok(()) => Ok(filed),
            Err(error) => Err(format!("#{} is kept, and the audit log could not take it: {error}", filed.id)),
        }
    }

    /// Denies or withdraws an open proposal.
    ///
    /// # Errors
    /// Words when it is not open any more, or cannot be written.
    pub async fn decide(&self, id: u64, stage: Stage, reason: &str) -> Result<Proposal, String> {
        let mut proposal = self.find(id).await?;
        if !matches!(stage, Stage::Denied | Stage::Withdrawn) || !proposal.stage.is_open() {
            return Err(format!("#{id} is {}: there is nothing to decide", proposal.stage.words()));
        }
        let kind = if stage == Stage::Denied { "denied" } else { "withdrawn" };
        self.journal.write(kind, &proposal, &self.who, reason).await.map_err(|e| e.to_string())?;
        self.step(&mut proposal, stage, reason, true, &|_| {}).await.map_err(|refused| refused.words)?;
        Ok(proposal)
    }

    /// Gives an open proposal a ticket number, or takes it away.
    ///
    /// # Errors
    /// Words when it is not open any more, or the number cannot be one.
    pub async fn set_ticket(&self, id: u64, ticket: Option<String>) -> Result<Proposal, String> {
        let mut proposal = self.find(id).await?;
        let stage = proposal.stage;
        if !stage.is_open() {
            return Err(format!("#{id} is {}", stage.words()));
        }
        if let Some(ticket) = &ticket
            && (ticket.chars().count() > TICKET || ticket.chars().any(char::is_control))
        {
            return Err(format!("a ticket number has at most {TICKET} characters, and none that cannot be seen"));
        }
        proposal.ticket = ticket;
        let kept = self.store.replace_proposal(stage, proposal.clone()).await.map_err(|e| e.to_string())?;
        if kept { Ok(proposal) } else { Err(format!("#{id} was changed by another process: look at it again")) }
    }

    /// Carries out a proposal with the ways to its target among `ways`.
    pub async fn approve(
        &self,
        ways: &[Ways],
        id: u64,
        consent: &Consent,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<Proposal, Refused> {
        let found = self.find(id).await.map_err(Refused::words)?;
        match ways.iter().find(|w| w.target == found.target) {
            Some(ways) => self.carry_out(ways, id, consent, stop, told).await,
            None => Err(Refused::words(format!(
                "#{id} is for {}, which is not among the targets of this run",
                found.target
            ))),
        }
    }

    /// A person looked at an act of which nobody knew whether it happened.
    ///
    /// # Errors
    /// Words when it is in no such need.
    pub async fn settle(&self, id: u64, happened: bool, reason: &str) -> Result<Proposal, String> {
        let mut proposal = self.find(id).await?;
        if proposal.stage != Stage::NeedsPerson {
            return Err(format!("#{id} is {}", proposal.stage.words()));
        }
        let stage = if happened { Stage::Done } else { Stage::Undone };
        let words = format!("a person looked: {reason}");
        self.journal.write("settled", &proposal, &self.who, &words).await.map_err(|e| e.to_string())?;
        self.step(&mut proposal, stage, &words, true, &|_| {}).await.map_err(|refused| refused.words)?;
        Ok(proposal)
    }

    /// Keeps a person's thumb for what a proposal did, and says so in words. Secrets in the comment go.
    ///
    /// # Errors
    /// Words when it never ran, or when nobody knows whether it helped.
    pub async fn rate(&self, id: u64, up: bool, comment: String) -> Result<String, String> {
        let proposal = self.find(id).await?;
        if comment.chars().count() > COMMENT {
            return Err(format!("a comment has at most {COMMENT} characters"));
        }
        let who = self.who.person().to_owned();
        let thumb = if up { "up" } else { "down" };
        let rating = Rating { proposal: id, at: clock::now(), up, comment, who };
        if !self.store.rate(rating).await.map_err(|e| e.to_string())? {
            return Err(format!(
                "#{id} is {}: what is no step of a plan, or was never looked at, is not rated",
                proposal.stage.words()
            ));
        }
        Ok(format!("#{id}: thumb {thumb}, counted with the fix"))
    }

    async fn find(&self, id: u64) -> Result<Proposal, String> {
        self.store.proposal(id).await.map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no proposal #{id}"))
    }
}
