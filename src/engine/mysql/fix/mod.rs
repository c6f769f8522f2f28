//! Acts: how one is looked at before it happens, by reading alone, and how its end is asked for.
//!
//! `survey` gathers what there is to know: `place` where we are, `look` the tables, `rows` a change of rows, `tables` a
//! change of objects, `sessions` sessions and settings, `administration` the server itself, `events` upkeep that the server does by itself, `kinds` what a typed kind
//! promises, `verify` answers checks, `rights` what the login may. `undo` writes the
//! statement that brings rows back; the session's own `act` uses it as well.

mod administration;
mod altered;
mod asks;
mod definition;
mod events;
mod kinds;
mod look;
mod place;
mod rights;
mod rows;
mod sessions;
mod survey;
mod tables;
mod undo;
mod verify;
mod wholes;

pub(super) use administration::Source;
pub(super) use asks::Asks;
pub(super) use look::table;
pub(super) use rows::table_of;
pub(super) use sessions::{setting_now, untouchable};
pub(super) use survey::{named, touched};
pub(super) use undo::{Back, Guarded, Left, Prior, Undo};

use crate::domain::error_event::SessionError;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
use crate::engine::net::url;
use crate::engine::{Fixing, Session, Task};
pub(super) use asks::Reading;

/// The registry's part.
pub(super) static FIXING: Fixing =
    Fixing { survey, freeze, ended, with_login: url::with_login, verify: verify::verify, wholes: wholes::wholes };

fn survey<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
    login: Option<&'a str>,
) -> Task<'a, Result<Survey, SessionError>> {
    Box::pin(async move { survey::survey(Reading::new(session), draft, login).await })
}

fn freeze(session: &mut dyn Session, kind: FixKind) -> Task<'_, Result<FixKind, SessionError>> {
    Box::pin(async move { sessions::freeze(&mut Reading::new(session), kind).await })
}

/// Neither server keeps the end of a transaction that is over, so nobody can tell.
fn ended<'a>(session: &'a mut dyn Session, mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    let _ = (session, mark);
    Box::pin(async { Ok(End::Unknown) })
}
