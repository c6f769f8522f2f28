//! Looking at an act before it is proposed: its sessions are frozen, its statement rendered, the guard asked, and the
//! server surveyed, all through reading doors.

use super::checks::Unmet;
use crate::app::event::Surveyed;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Catalog, Judgement, Verdict};
use crate::domain::proposal::Draft;
use crate::engine::{EngineSpec, Session};

/// Why there is nothing to propose.
pub(in crate::runtime) enum Unfit {
    /// The guard refuses it, or it needs no approval.
    Judged(Judgement),
    /// Something that its plan requires.
    Unmet(Unmet),
    /// The server or the session.
    Session(SessionError),
}

impl From<SessionError> for Unfit {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

/// Looks at an act. `login` is the one that would run it.
pub(in crate::runtime) async fn look(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    catalog: &Catalog,
    draft: Draft,
    login: Option<&str>,
) -> Result<Surveyed, Unfit> {
    let mut draft = draft;
    if let Some(kind) = draft.kind.take() {
        let kind = (spec.fixing.freeze)(session, kind).await?;
        draft.statement = spec.dialect.render(&kind).map_err(SessionError::Unsupported)?;
        draft.class = kind.class();
        draft.kind = Some(kind);
    }
    let judgement = guard::judge(spec.dialect, catalog, &draft);
    if judgement.verdict != Verdict::NeedsApproval {
        return Err(Unfit::Judged(judgement));
    }
    draft.class = judgement.class;
    let version = session.identity().version_number;
    let survey = (spec.fixing.survey)(session, &draft, login).await?;
    let advice = spec.dialect.advise(&draft.statement, version);
    Ok(Surveyed { draft, survey, advice, login: login.unwrap_or_default().to_owned(), approvers: 1 })
}
