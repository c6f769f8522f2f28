//! Carrying out what a target's policy lets run with nobody asked: the same road as for a person's approval, with
//! another way to the ticket. Whatever the policy does not let waits for a person.

use super::super::clock;
use super::carry_out::{Given, Refused};
use super::{Told, Ways, Workshop, checks};
use crate::domain::guard::Judgement;
use crate::domain::guard::ticket::by_policy::{
    ByPolicy, Unattended, grant_by_policy, redeem_by_policy, required, would_grant,
};
use crate::domain::guard::ticket::{Approved, Moment, Ticket};
use crate::domain::incident::Incident;
use crate::domain::learning::About;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::Survey;
use crate::domain::target::Timestamp;
use crate::engine::Session;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Begins the words of an approval that no person gave.
pub(super) const BY_POLICY: &str = "by policy";
/// Acts of one fix are counted within this time, milliseconds.
const WITHIN_MS: i64 = 24 * 3_600_000;
/// Closed proposals that are looked through for earlier attempts.
const EARLIER: usize = 1_000;
/// Between two looks whether there is harm enough for a policy.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Time for that beyond the one for which a session has to be idle.
const LONGER: Duration = Duration::from_secs(15);
/// After this the policy waits no more and a person decides, however long a session has to be idle. Well within the
/// time for which what was found is fresh.
const LONGEST: Duration = Duration::from_mins(5);
/// Time to be let in as the reader.
const ENTRY: Duration = Duration::from_secs(30);

/// What the store knows of a proposal at one moment.
struct Standing {
    confidence: u8,
    attempts: u64,
    began: Option<Timestamp>,
}

impl Standing {
    /// What a policy is asked with.
    fn known<'a>(&self, ways: &'a Ways, now: Moment) -> Unattended<'a> {
        Unattended {
            policy: &ways.unattended,
            procedures: ways.spec.examination.procedures,
            dialect: ways.spec.dialect,
            now,
            offset_minutes: clock::offset_minutes(),
            confidence: self.confidence,
            attempts: self.attempts,
            began: self.began,
        }
    }
}

impl Workshop {
    /// Carries out a proposal that the policy of its target lets run, and the steps that follow from it as long as it
    /// lets those and nobody stops it. Where the policy wants more harm than there is yet, it is waited for a while; a
    /// person may decide meanwhile. Gives the last one that ran.
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
        let mut ended = self.one_by_policy(ways, id, stop, told).await?;
        while !stop.is_cancelled()
            && let Some(next) = self.step_after(&ended).await
        {
            match self.one_by_policy(ways, next, stop, told).await {
                Ok(proposal) => ended = proposal,
                // It waits for a person, who is told where all that waits is told.
                Err(_) => break,
            }
        }
        Ok(ended)
    }

    async fn one_by_policy(
        &self,
        ways: &Ways,
        id: u64,
        stop: &CancellationToken,
        told: Told<'_>,
    ) -> Result<Proposal, Refused> {
        if let Some(proposal) = self.store.proposal(id).await?
            && self.would_run(ways, &proposal).await
        {
            let unproven = self.until_proven(ways, &proposal, stop).await;
            let Some(proposal) = self.store.proposal(id).await? else {
                return Err(Refused::words(format!("there is no proposal #{id}")));
            };
            if proposal.stage != Stage::Waiting {
                // Somebody decided meanwhile, and goes on with it themselves.
                return Ok(proposal);
            }
            if let Some(words) = unproven {
                return Err(self.refuse(proposal, format!("a person decides: {words}")).await);
            }
        }
        self.carry_out_given(ways, id, Given::Policy, stop, told).await
    }

    /// The policy would let it run, but for what the server has to say.
    async fn would_run(&self, ways: &Ways, proposal: &Proposal) -> bool {
        let (Ok(judgement), Ok(standing)) =
            (self.judge(ways, proposal).await, self.standing(proposal, clock::now()).await)
        else {
            return false;
        };
        would_grant(proposal, &judgement, &standing.known(ways, clock::moment())).is_ok()
    }

    /// Waits until there is the harm that the policy wants, beyond what the step requires of a person's approval. Gives
    /// words when there is none within reason. What cannot be asked now is asked again before anything is sent.
    async fn until_proven(&self, ways: &Ways, proposal: &Proposal, stop: &CancellationToken) -> Option<String> {
        let plain = proposal.purpose.as_deref()?.requires();
        let strict = required(&ways.unattended, plain);
        if strict == plain {
            return None;
        }
        let opening = (ways.read)("verification".to_owned(), proposal.draft.database.clone());
        let Ok(Ok(mut session)) = timeout(ENTRY, opening).await else { return None };
        let until = Instant::now() + (Duration::from_secs(ways.unattended.least_idle_s) + LONGER).min(LONGEST);
        let unproven = loop {
            let unmet = checks::unmet(ways.spec, &ways.target, &mut *session, &strict).await;
            let Ok(Some(unmet)) = unmet else { break None };
            if !unmet.known || !self.still_waits(ways, &mut *session, proposal).await {
                break None;
            }
            if Instant::now() >= until || stop.is_cancelled() {
                break Some(unmet.words());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.cancelled() => {}
            }
        };
        let _ = timeout(Duration::from_secs(1), session.close()).await;
        unproven
    }

    /// Nobody decided about it, and what its step requires of a person's approval holds still.
    async fn still_waits(&self, ways: &Ways, session: &mut dyn Session, proposal: &Proposal) -> bool {
        let on_file = self.store.proposal(proposal.id).await.ok().flatten();
        let plain = proposal.purpose.as_deref().map_or(&[][..], Purpose::requires);
        on_file.is_some_and(|on_file| on_file.stage == Stage::Waiting)
            && matches!(checks::unmet(ways.spec, &ways.target, session, plain).await, Ok(None))
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
        let known = self.standing(proposal, now.wall).await?;
        let ByPolicy { ticket, rule } = grant_by_policy(proposal, judgement, &known.known(ways, now), nonce)
            .map_err(|refusal| refusal.to_string())?;
        Ok((ticket, format!("{BY_POLICY}: {rule}")))
    }

    /// Redeems the ticket of a policy, which is asked everything once more: since it gave the ticket, programs of the
    /// person's own ran, the fix login was let in, and the server was looked at.
    pub(super) async fn redeem_of_policy(
        &self,
        ways: &Ways,
        proposal: &Proposal,
        fresh: &Survey,
        ticket: Ticket,
        judgement: &Judgement,
    ) -> Result<Approved, String> {
        let standing = self.standing(proposal, clock::now()).await?;
        let known = standing.known(ways, clock::moment());
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let redeemed = redeem_by_policy(&mut desk, ticket, proposal, fresh, judgement, &known);
        redeemed.map_err(|refusal| format!("not sent: {refusal}"))
    }

    /// What the store knows of it now: what was learned on its own target, and the incident while that is open.
    async fn standing(&self, proposal: &Proposal, now: Timestamp) -> Result<Standing, String> {
        let learned = self.store.learned(now).await.map_err(|error| error.to_string())?.on(&proposal.target);
        let purpose = proposal.purpose.as_deref();
        let incident = match purpose.and_then(|purpose| purpose.incident) {
            Some(id) => self.store.incident(id).await.map_err(|error| error.to_string())?,
            None => None,
        };
        let incident = incident.filter(|incident| incident.stage.is_open() && incident.target == proposal.target);
        let about = About {
            signature: purpose.and_then(|purpose| purpose.signature.as_deref()),
            group: incident.as_ref().map_or("", |incident| incident.group.as_str()),
            engine: &proposal.engine,
            // Outcomes of other versions count by the fix alone.
            version: proposal.server_version,
        };
        Ok(Standing {
            confidence: purpose.map_or(0, |purpose| learned.shown(&purpose.plan, &about).confidence),
            attempts: self.attempts(proposal, now).await?,
            began: incident.as_ref().map(Incident::began_at),
        })
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
