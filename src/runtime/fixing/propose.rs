//! From a statement or a fix kind to a proposal on file, without a screen.

use super::super::clock;
use super::{Unfit, Ways, Workshop, look};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, Verdict};
use crate::domain::proposal::{Draft, NotProposed, Origin, Parts, Proposal};
use crate::domain::target::Target;
use std::time::Duration;
use tokio::time::timeout;

/// Time to connect and look, at most.
const LOOK: Duration = Duration::from_secs(30);

impl Workshop {
    /// Looks at an act through the reading login, and files it.
    pub async fn propose(
        &self,
        ways: &Ways,
        target: &Target,
        origin: Origin,
        draft: Draft,
    ) -> Result<Proposal, NotProposed> {
        if let Some(closed) = &ways.closed {
            return Err(NotProposed::Refused(closed.clone()));
        }
        let work = async {
            let database = draft.database.clone();
            let mut session = (ways.read)("approval".to_owned(), database).await.map_err(SessionError::from)?;
            let mut draft = draft;
            let mut catalog = Catalog::default();
            if draft.kind.is_none() {
                let (schema, found) = (ways.spec.schema)(&mut *session).await?;
                draft.statement = ways.spec.dialect.resolve_names(&draft.statement, &schema);
                catalog = found;
                catalog.declare_safe(&ways.safe_functions);
            }
            let looked = look(ways.spec, &mut *session, &catalog, draft, ways.login.as_deref()).await;
            session.close().await;
            looked
        };
        let looked = timeout(LOOK, work).await;
        let surveyed = match looked.unwrap_or(Err(Unfit::Session(SessionError::Deadline(clock::millis(LOOK))))) {
            Ok(surveyed) => surveyed,
            Err(Unfit::Judged(judgement)) if judgement.verdict == Verdict::Allow => return Err(NotProposed::Reads),
            Err(Unfit::Judged(judgement)) => return Err(NotProposed::Refused(judgement.reason)),
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
        self.file(Proposal::new(clock::now(), origin, parts)).await.map_err(NotProposed::Failed)
    }
}
