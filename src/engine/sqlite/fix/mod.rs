//! Approved acts on a file: how one is looked at before it happens, and how it is done.
//!
//! ```text
//! deed, change    what a statement does, from its tokens
//! facts           what the file is and holds; the touched objects
//! survey          all of it in one look, through the reading door
//! inverse, undo   how it can be undone: said before, made from the prior rows
//! permit          what SQLite may compile for it
//! writer, act     the act itself: a connection and a thread of its own
//! ```

mod act;
mod change;
mod deed;
mod facts;
mod inverse;
mod literal;
mod permit;
mod prior;
mod survey;
mod undo;
mod verify;
mod wholes;
mod writer;

pub(super) use act::act;
pub(super) use permit::{Power, refusal};

use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::engine::{Fixing, Session, Task};

/// The registry's part.
pub(super) static FIXING: Fixing = Fixing {
    survey: survey::survey,
    freeze,
    ended,
    with_login: |_, _| None,
    verify: verify::verify,
    wholes: wholes::wholes,
};

/// A file has no sessions to point at; the other kinds hold nothing that has to be frozen.
fn freeze(_session: &mut dyn Session, kind: FixKind) -> Task<'_, Result<FixKind, SessionError>> {
    Box::pin(async {
        match kind {
            FixKind::CancelStatements(_) | FixKind::EndSessions(_) => Err(SessionError::Unsupported(
                "SQLite keeps no list of its connections, so none can be ended from here".into(),
            )),
            other => Ok(other),
        }
    })
}

/// SQLite numbers no transactions, so there is no mark to ask for.
fn ended<'a>(_session: &'a mut dyn Session, _mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    Box::pin(async { Ok(End::Unknown) })
}
