//! Acts: how one is looked at before it happens, and how its end is asked for. Everything here looks through doors that
//! only read; what is approved is done by the session.
//!
//! ```text
//! statement -> change -> objects, conditions -> Survey { place, blast, inverse, rights }
//! FixKind   -> sessions (freeze) -> dialect::kinds (one command) -> the same
//! mark      -> ended
//! ```

pub(super) mod blast;
pub(super) mod change;
pub(super) mod conditions;
pub(super) mod ended;
pub(super) mod inverse;
pub(super) mod objects;
pub(super) mod place;
mod rights;
pub(super) mod sessions;
pub(super) mod undo;
mod verify;
mod wholes;

use super::connect::Role;
use super::session::MongoSession;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
use crate::engine::net::url;
use crate::engine::{Fixing, Session, Task};
use change::Statement;

/// The registry's part.
pub(super) static FIXING: Fixing =
    Fixing { survey, freeze, ended, with_login: url::with_login, verify: verify::verify, wholes: wholes::wholes };

fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let connected = draft.database.clone().unwrap_or_else(|| session.facts().database.clone());
        let statement = Statement::parse(&draft.statement, &connected)?.seen_from(&session.facts().database);
        let here = place::look(session, &statement.database).await?;
        if statement.is_replicated() && !matches!(here.role, Role::Primary | Role::Standalone | Role::Router) {
            let role = here.role.word();
            return Err(SessionError::Unsupported(format!(
                "this member is {role}: changes are made on the primary of its set, so propose it there"
            )));
        }
        let resolved = objects::resolve(session, &statement).await?;
        let preconditions = conditions::check(session, &statement, &resolved).await?;
        let fitting = blast::count(session, &statement).await?;
        let blast = blast::look(session, &statement, &resolved, &here, &fitting).await?;
        let inverse = inverse::plan(session, &statement, &resolved, here.role, &fitting).await?;
        let rights = rights::look(session, &statement, login).await?;
        Ok(Survey {
            timeouts: blast::timeouts(&statement),
            place: here.place,
            objects: resolved.touched,
            preconditions,
            blast,
            inverse,
            rights,
        })
    })
}

fn freeze(session: &mut dyn Session, kind: FixKind) -> Task<'_, Result<FixKind, SessionError>> {
    Box::pin(async move { sessions::freeze(MongoSession::behind(session)?, kind).await })
}

fn ended<'a>(session: &'a mut dyn Session, mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    Box::pin(async move { ended::ended(MongoSession::behind(session)?, mark).await })
}
