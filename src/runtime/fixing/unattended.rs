//! Carrying out what a target's policy lets run with nobody asked: the same road as for a person's approval, with
//! another way to the ticket. Whatever the policy does not let waits for a person.

use super::super::clock;
use super::carry_out::{Given, Refused};
use super::{Told, Ways, Workshop};
use crate::domain::guard::Judgement;
use crate::domain::guard::ticket::Ticket;
use crate::domain::guard::ticket::by_policy::{ByPolicy, Unattended, grant_by_policy};
use crate::domain::learning::About;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::Timestamp;
use tokio_util::sync::CancellationToken;

/// Begins the words of an approval that no person gave.
pub(super) const BY_POLICY: &str = "by policy";
/// Acts of one fix are counted within this time, milliseconds.
const WITHIN_MS: i64 = 24 * 3_600_000;
/// Closed proposals that are looked through for earlier attempts.
const EARLIER: usize = 1_000;

impl Workshop {
    /// Carries out a proposal that the policy of its target lets run, and the steps that follow from it as long as it
    /// lets those and nobody stops it. Gives the last one that ran.
    ///
    /// # Errors
    /// Why it waits for a person; the audit log has that too.
    pub async fn carry_out_by_policy(
        &self,
        ways: &Ways,
        id: u64,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<Proposal, Refused> {
        let mut ended = self.carry_out_given(ways, id, Given::Policy, stop, told).await?;
        while !stop.is_cancelled()
            && let Some(next) = self.step_after(&ended).await
        {
            match self.carry_out_given(ways, next, Given::Policy, stop, told).await {
                Ok(proposal) => ended = proposal,
                // It waits for a person, who is told where all that waits is told.
                Err(_) => break,
            }
        }
        Ok(ended)
    }

    /// The ticket that the policy gives, with the rule in words.
    pub(super) async fn policy_ticket(
        &self,
        ways: &Ways,
        proposal: &Proposal,
        judgement: &Judgement,
        nonce: [u8; 32],
    ) -> Result<(Ticket, String), String> {
        let now = clock::moment();
        let learned = self.store.learned(now.wall).await.map_err(|error| error.to_string())?;
        let purpose = proposal.purpose.as_deref();
        let incident = match purpose.and_then(|purpose| purpose.incident) {
            Some(id) => self.store.incident(id).await.map_err(|error| error.to_string())?,
            None => None,
        };
        let about = About {
            signature: purpose.and_then(|purpose| purpose.signature.as_deref()),
            group: incident.as_ref().map_or("", |incident| incident.group.as_str()),
            engine: &proposal.engine,
            version: learned_version(proposal),
        };
        let confidence = purpose.map_or(0, |purpose| learned.shown(&purpose.plan, &about).confidence);
        let known = Unattended {
            policy: &ways.unattended,
            procedures: ways.spec.examination.procedures,
            dialect: ways.spec.dialect,
            now,
            offset_minutes: clock::offset_minutes(),
            confidence,
            attempts: self.attempts(proposal, now.wall).await?,
            began: incident.as_ref().map(crate::domain::incident::Incident::began_at),
        };
        let ByPolicy { ticket, rule } =
            grant_by_policy(proposal, judgement, &known, nonce).map_err(|refusal| refusal.to_string())?;
        Ok((ticket, format!("{BY_POLICY}: {rule}")))
    }

    /// Acts by policy against the same incident, or of the same fix on this target within a day.
    async fn attempts(&self, proposal: &Proposal, now: Timestamp) -> Result<u64, String> {
        let Some(purpose) = proposal.purpose.as_deref() else { return Ok(0) };
        let (incident, fix) = (purpose.incident, purpose.plan.fix_key());
        let of_same = |other: &Purpose, at: Timestamp| {
            (incident.is_some() && other.incident == incident)
                || (other.plan.fix_key() == fix && now.0 - at.0 <= WITHIN_MS)
        };
        let all = self.store.proposals(EARLIER).await.map_err(|error| error.to_string())?;
        let counted = all.iter().filter(|other| other.id != proposal.id && other.target == proposal.target);
        let attempts = counted.filter(|other| {
            let begun = other.happenings.iter().rev().find(|happening| happening.stage == Stage::Approved);
            let by_policy = begun.filter(|happening| happening.words.starts_with(BY_POLICY));
            by_policy.is_some_and(|happening| other.purpose.as_deref().is_some_and(|p| of_same(p, happening.at)))
        });
        Ok(u64::try_from(attempts.count()).unwrap_or(u64::MAX))
    }

    /// The step that was filed after this one and waits.
    async fn step_after(&self, proposal: &Proposal) -> Option<u64> {
        let purpose = proposal.purpose.as_deref()?.next()?;
        let open = self.store.proposals(0).await.ok()?;
        let is_next = |other: &&Proposal| {
            other.id > proposal.id
                && other.stage == Stage::Waiting
                && other.target == proposal.target
                && other.purpose.as_deref() == Some(&purpose)
        };
        open.iter().find(is_next).map(|next| next.id)
    }
}

/// The server's version as far as this record knows it: outcomes of other versions count by the fix alone.
fn learned_version(proposal: &Proposal) -> u32 {
    proposal.server_version
}
