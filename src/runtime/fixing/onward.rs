//! Where a plan goes from one of its acts: the incident moves on, the next step is filed, or the undo.

use super::{Told, Unfit, Ways, Workshop, look};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, Class};
use crate::domain::incident::Act;
use crate::domain::incident::guide::{Turn, acts};
use crate::domain::procedure::{Purpose, Verification};
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::Inverse;
use crate::domain::proposal::{Draft, Origin, Parts, Proposal, Who};
use crate::runtime::clock;
use std::time::Duration;
use tokio::time::timeout;

/// Time to connect and look at the next act.
const LOOK: Duration = Duration::from_secs(30);
/// An incident that others move at the same moment is looked at anew so often.
const TRIES: usize = 3;

impl Workshop {
    /// Moves the incident to where its fix is. One that is over, or that others moved on, is left alone; what cannot
    /// be written down of it stops no fix.
    pub(super) async fn guide(&self, proposal: &Proposal, turn: Turn) {
        let Some(incident) = proposal.purpose.as_ref().and_then(|purpose| purpose.incident) else { return };
        for _ in 0..TRIES {
            let Ok(Some(known)) = self.store.incident(incident).await else { return };
            let mut refused = false;
            for act in acts(&known, proposal.id, &turn) {
                // What a person decided is theirs; the rest is our own doing.
                let who = matches!(act, Act::Approve(_)).then(|| approver(proposal));
                refused |= self.store.act_on_incident(incident, act, clock::now(), who).await.is_err();
            }
            if !refused {
                return;
            }
        }
    }

    /// It helped: the incident ends, now or when it does not come again, unless the plan goes on.
    pub(super) async fn helped(&self, ways: &Ways, proposal: &Proposal, verification: &Verification, told: Told<'_>) {
        let until = i64::try_from(verification.hold_ms).ok().filter(|ms| *ms > 0).map(|ms| clock::now().plus_ms(ms));
        if self.next_step(ways, proposal, told).await.is_none() {
            self.guide(proposal, Turn::Helped(until)).await;
        }
    }

    /// It did not help, or nobody knows: the plan goes on where it can, else the undo waits for a person.
    pub(super) async fn did_not_help(&self, ways: &Ways, proposal: &Proposal, words: &str, told: Told<'_>) {
        self.guide(proposal, Turn::Failed(words.to_owned())).await;
        if proposal.stage == Stage::NeedsPerson {
            // Nobody knows how things stand: a plan does not go on from there.
            return;
        }
        if self.next_step(ways, proposal, told).await.is_none() && proposal.stage == Stage::Done {
            self.file_undo(ways, proposal, told).await;
        }
    }

    /// Files the step after this one, when there is one and everything holds that it requires.
    async fn next_step(&self, ways: &Ways, proposal: &Proposal, told: Told<'_>) -> Option<Proposal> {
        let purpose = proposal.purpose.as_ref()?.next()?;
        let draft = purpose.this_step()?.draft.clone();
        let origin = Origin::Procedure(purpose.plan.procedure.clone());
        let filed = self.file_after(ways, proposal, (origin, draft), Some(purpose)).await.ok()?;
        self.guide(&filed, Turn::Waits).await;
        told(&filed);
        Some(filed)
    }

    /// Files the first statement that undoes it; the others follow it, one after the other.
    pub(super) async fn file_undo(&self, ways: &Ways, proposal: &Proposal, told: Told<'_>) {
        let Inverse::Statements(statements) = &proposal.survey.inverse else { return };
        let Some(statement) = statements.first().cloned() else { return };
        let draft = Draft { statement, class: Class::Dml, kind: None, database: proposal.draft.database.clone() };
        if let Ok(filed) = self.file_after(ways, proposal, (Origin::Undo(proposal.id), draft), None).await {
            told(&filed);
        }
    }

    /// Looks at an act that follows from another one, on the same target, and files it.
    async fn file_after(
        &self,
        ways: &Ways,
        earlier: &Proposal,
        (origin, draft): (Origin, Draft),
        purpose: Option<Purpose>,
    ) -> Result<Proposal, String> {
        let surveyed = self.survey(ways, draft, purpose.as_ref()).await.map_err(|unfit| match unfit {
            Unfit::Judged(judgement) => judgement.reason,
            Unfit::Unmet(unmet) => unmet.words(),
            Unfit::Session(error) => error.to_string(),
        })?;
        let parts = Parts {
            target: earlier.target.clone(),
            engine: earlier.engine.clone(),
            environment: earlier.environment,
            address: earlier.address.clone(),
            login: ways.login.clone().unwrap_or_default(),
            approvers: ways.approvers,
            draft: surveyed.draft,
            survey: surveyed.survey,
            advice: surveyed.advice,
        };
        // What follows from a person's wish is that person's too. An undo is proposed by nobody's wish, and has no
        // purpose by which it could run.
        let by_itself = earlier.by_itself;
        let mut proposal = Proposal { by_itself, ..Proposal::new(clock::now(), origin, parts) };
        proposal.purpose = purpose.map(Box::new);
        self.file(proposal).await
    }

    /// Looks at an act through the reading login.
    pub(super) async fn survey(
        &self,
        ways: &Ways,
        draft: Draft,
        purpose: Option<&Purpose>,
    ) -> Result<crate::app::event::Surveyed, Unfit> {
        let work = async {
            let database = draft.database.clone();
            let mut session = (ways.read)("approval".to_owned(), database).await.map_err(SessionError::from)?;
            let mut draft = draft;
            let mut catalog = Catalog::default();
            let mut own_undo = purpose.and_then(Purpose::own_undo).map(str::to_owned);
            if draft.kind.is_none() {
                let (schema, found) = (ways.spec.schema)(&mut *session).await?;
                draft.statement = ways.spec.dialect.resolve_names(&draft.statement, &schema);
                own_undo = own_undo.map(|undo| ways.spec.dialect.resolve_names(&undo, &schema));
                catalog = found;
                catalog.declare_safe(&ways.safe_functions);
            }
            let unmet = match purpose {
                Some(purpose) => {
                    super::checks::unmet(ways.spec, &ways.target, &mut *session, purpose.requires()).await?
                }
                None => None,
            };
            let looked = match unmet {
                Some(unmet) => Err(Unfit::Unmet(unmet)),
                None => look(ways.spec, &mut *session, &catalog, draft, ways.login.as_deref()).await,
            };
            session.close().await;
            looked.map(|mut looked| {
                if let Some(undo) = own_undo {
                    looked.survey.inverse = Inverse::Statements(vec![undo]);
                }
                looked
            })
        };
        timeout(LOOK, work).await.unwrap_or(Err(Unfit::Session(SessionError::Deadline(clock::millis(LOOK)))))
    }
}

/// Who approved it: a person, or the policy that one wrote.
fn approver(proposal: &Proposal) -> &str {
    let approved = proposal.happenings.iter().rev().find(|happening| happening.stage == Stage::Approved);
    approved.and_then(|happening| happening.who.as_ref()).map_or("policy", Who::person)
}
