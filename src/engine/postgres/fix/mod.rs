//! The fixing door's eyes: what an act touches, costs and needs, and how it is undone. Everything here reads.
//!
//! `shape` reads the statement, `objects` finds what it names, `rows`, `locks` and `waits` say what it does to whom,
//! `inverse` how it is undone, `rights` whether the login may. `kinds`, `freeze` and `indexes` are the typed kinds;
//! `verify` answers what is asked before and after an act.

mod cron;
mod ended;
mod freeze;
mod full;
mod indexes;
mod inverse;
mod kinds;
mod locks;
pub(super) mod objects;
mod place;
mod rights;
mod rows;
pub(super) mod settings;
pub(super) mod shape;
mod survey;
mod survey_kind;
pub(super) mod table;
pub(super) mod undo;
mod verify;
mod waits;
mod wholes;

pub(super) use freeze::{age, untouchable};
pub(super) use indexes::is_leftover;
pub(super) use kinds::render;

use crate::domain::error_event::SessionError;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
use crate::engine::net::url;
use crate::engine::{Fixing, Session, Task};

/// The registry's part.
pub(super) static FIXING: Fixing =
    Fixing { survey, freeze, ended, with_login: url::with_login, verify: verify::verify, wholes: wholes::wholes };

/// The oldest version whose catalogue is known here.
const OLDEST: u32 = 120_000;

fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    Box::pin(async move {
        if session.identity().version_number < OLDEST {
            return Err(SessionError::Unsupported("acts are known for PostgreSQL 12 and newer".into()));
        }
        let in_already = login.is_none();
        let login = login.map_or_else(|| session.identity().user.clone(), str::to_owned);
        let mut survey = match &draft.kind {
            Some(kind) => survey_kind::survey(session, kind, &login).await,
            None => survey::survey(session, &draft.statement, &login).await,
        }?;
        if !in_already {
            survey.blast.notes.extend(full::note(session, &login).await?);
        }
        Ok(survey)
    })
}

fn freeze(session: &mut dyn Session, kind: FixKind) -> Task<'_, Result<FixKind, SessionError>> {
    Box::pin(freeze::freeze(session, kind))
}

fn ended<'a>(session: &'a mut dyn Session, mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    Box::pin(ended::ended(session, mark))
}
