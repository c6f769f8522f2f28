//! Acts: how one is looked at before it happens, and how its end is asked for.

use crate::domain::error_event::SessionError;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
use crate::engine::net::url;
use crate::engine::{Fixing, Session, Task};

/// The registry's part.
pub(super) static FIXING: Fixing = Fixing { survey, freeze, ended, with_login: url::with_login };

fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    let _ = (session, draft, login);
    Box::pin(async { Err(SessionError::Unsupported("acts are not known here".into())) })
}

fn freeze<'a>(session: &'a mut dyn Session, kind: FixKind) -> Task<'a, Result<FixKind, SessionError>> {
    let _ = (session, kind);
    Box::pin(async { Err(SessionError::Unsupported("acts are not known here".into())) })
}

fn ended<'a>(session: &'a mut dyn Session, mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    let _ = (session, mark);
    Box::pin(async { Ok(End::Unknown) })
}
