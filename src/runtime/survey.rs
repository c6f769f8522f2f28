//! Looking at an act before it is proposed, on whichever session is at hand: the reader's, or the one that watches.

use super::clock::millis;
use super::fixing::{Unfit, look, unmet};
use crate::app::effect::SurveyRequest;
use crate::app::event::{ReadError, Surveyed};
use crate::domain::error_event::SessionError;
use crate::domain::guard::Catalog;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::survey::Inverse;
use crate::engine::{EngineSpec, Session};
use std::time::Duration;

/// Who looks, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Inspector<'a> {
    /// The engine.
    pub(super) spec: &'static EngineSpec,
    /// What the guard knows of the database. Typed acts are judged by their shape and need none.
    pub(super) catalog: &'a Catalog,
    /// The login that would run the act.
    pub(super) login: Option<&'a str>,
    /// Persons who have to approve it.
    pub(super) approvers: u8,
}

impl Inspector<'_> {
    /// Asks first what the act's plan requires, then what the act would do.
    pub(super) async fn look(self, session: &mut dyn Session, request: SurveyRequest) -> Result<Box<Surveyed>, Unfit> {
        let requires = request.purpose.as_deref().map(Purpose::requires).unwrap_or_default();
        if let Some(unmet) = unmet(self.spec, &request.target, session, requires).await? {
            return Err(Unfit::Unmet(unmet));
        }
        let mut found = look(self.spec, session, self.catalog, request.draft, self.login).await?;
        let login = self.login.unwrap_or_default().to_owned();
        if let Some(undo) = request.purpose.as_deref().and_then(Purpose::own_undo) {
            found.survey.inverse = Inverse::Statements(vec![undo.to_owned()]);
        }
        Ok(Box::new(Surveyed { login, approvers: self.approvers, ..found }))
    }
}

/// The answer as the core takes it, and whether the session is of use after it. None is an answer that did not come
/// in time.
pub(super) fn answer(
    found: Option<Result<Box<Surveyed>, Unfit>>,
    deadline: Duration,
) -> (Result<Box<Surveyed>, ReadError>, bool) {
    match found {
        Some(Ok(surveyed)) => (Ok(surveyed), true),
        Some(Err(Unfit::Judged(judgement))) => (Err(ReadError::Refused(judgement)), true),
        Some(Err(Unfit::Unmet(unmet))) => (Err(ReadError::Session(SessionError::Unsupported(unmet.words()))), true),
        Some(Err(Unfit::Session(error))) => {
            let usable = matches!(error, SessionError::Server(_) | SessionError::Unsupported(_));
            (Err(ReadError::Session(error)), usable)
        }
        None => (Err(ReadError::Session(SessionError::Deadline(millis(deadline)))), false),
    }
}
