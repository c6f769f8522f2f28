//! From a statement or a fix kind to a proposal on file, without a screen.

use super::super::clock;
use super::{Unfit, Ways, Workshop};
use crate::domain::guard::Verdict;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::{Draft, NotProposed, Origin, Parts, Proposal};
use crate::domain::target::Target;

impl Workshop {
    /// Looks at an act through the reading login, and files it.
    pub async fn propose(
        &self,
        ways: &Ways,
        target: &Target,
        origin: Origin,
        draft: Draft,
    ) -> Result<Proposal, NotProposed> {
        self.propose_for(ways, target, (origin, draft), None).await
    }

    /// Looks at a step of a plan through the reading login, and files it when everything holds that it requires.
    pub async fn propose_step(&self, ways: &Ways, target: &Target, purpose: Purpose) -> Result<Proposal, NotProposed> {
        let Some(step) = purpose.this_step() else {
            return Err(NotProposed::Refused("the plan has no such step".to_owned()));
        };
        if let Some(blocked) = purpose.plan.blocked.first() {
            return Err(NotProposed::Refused(blocked.clone()));
        }
        let act = (Origin::Procedure(purpose.plan.procedure.clone()), step.draft.clone());
        self.propose_for(ways, target, act, Some(purpose)).await
    }

    async fn propose_for(
        &self,
        ways: &Ways,
        target: &Target,
        (origin, draft): (Origin, Draft),
        purpose: Option<Purpose>,
    ) -> Result<Proposal, NotProposed> {
        if let Some(closed) = &ways.closed {
            return Err(NotProposed::Refused(closed.clone()));
        }
        let surveyed = match self.survey(ways, draft, purpose.as_ref()).await {
            Ok(surveyed) => surveyed,
            Err(Unfit::Judged(judgement)) if judgement.verdict == Verdict::Allow => return Err(NotProposed::Reads),
            Err(Unfit::Judged(judgement)) => return Err(NotProposed::Refused(judgement.reason)),
            Err(Unfit::Unmet(unmet)) => return Err(NotProposed::Refused(unmet.words())),
            Err(Unfit::Session(error)) => return Err(NotProposed::Failed(error.to_string())),
        };
        let parts = Parts {
            target: target.id.clone(),
            engine: target.engine.0.to_owned(),
            environment: target.environment,
            address: target.address.clone(),
            login: ways.login.clone().unwrap_or_default(),
            approvers: ways.approvers,
            draft: surveyed.draft,
            survey: surveyed.survey,
            advice: surveyed.advice,
        };
        let mut proposal = Proposal::new(clock::now(), origin, parts);
        proposal.purpose = purpose.map(Box::new);
        self.file(proposal).await.map_err(NotProposed::Failed)
    }
}
