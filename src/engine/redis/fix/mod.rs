//! Approved acts on a server: how one is looked at before it happens, and how it is done.
//!
//! ```text
//! deed      what a command does: its keys, its connection, its setting
//! look      what the server says about them
//! survey    all of it in one look, by reading alone
//! rights    whether a login may do it
//! undo      commands that put keys back
//! act       the act: keys watched, looked at again, the one command in a transaction of its own
//! ```

mod act;
mod deed;
mod look;
mod rights;
mod survey;
mod undo;
mod verify;
mod wholes;

pub(super) use act::act;

use super::session::RedisSession;
use super::wire::Wire;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::engine::net::url;
use crate::engine::{Fixing, Session, Task};
use std::time::Duration;

/// The registry's part.
pub(super) static FIXING: Fixing = Fixing {
    survey: survey::survey,
    freeze,
    ended,
    with_login: url::with_login,
    verify: verify::verify,
    wholes: wholes::wholes,
};

/// Time for one look at everything.
const LOOKING: Duration = Duration::from_secs(10);

/// The connection under a session, and our own number on it.
async fn connection(session: &mut dyn Session) -> Result<(&mut Wire, Option<i64>), SessionError> {
    let own = session.memory().and_then(|memory| memory.downcast_mut::<RedisSession>());
    own.ok_or_else(|| SessionError::Unsupported("this is no session of this engine".into()))?.at_rest().await
}

/// One look within its time. What is broken off is dropped with its connection.
async fn in_time<T>(look: impl Future<Output = Result<T, SessionError>>) -> Result<T, SessionError> {
    let late = || SessionError::Lost("the server did not answer in time".into());
    tokio::time::timeout(LOOKING, look).await.unwrap_or_else(|_| Err(late()))
}

/// Fills in what tells each connection from another; those that are gone are left out.
fn freeze(session: &mut dyn Session, kind: FixKind) -> Task<'_, Result<FixKind, SessionError>> {
    Box::pin(async move {
        let FixKind::EndSessions(sessions) = kind else { return Ok(kind) };
        let (wire, us) = connection(session).await?;
        in_time(async {
            let mut there = Vec::with_capacity(sessions.len());
            for mut session in sessions {
                let Some(client) = look::client(wire, session.id).await? else { continue };
                if let Some(why) = client.untouchable(us) {
                    return Err(SessionError::Unsupported(format!("{why}: it is not ended from here")));
                }
                session.facts = client.facts();
                session.about = client.about();
                there.push(session);
            }
            Ok(FixKind::EndSessions(there))
        })
        .await
    })
}

/// The server keeps no record of its transactions, so there is no mark to ask for.
fn ended<'a>(_session: &'a mut dyn Session, _mark: &'a str) -> Task<'a, Result<End, SessionError>> {
    Box::pin(async { Ok(End::Unknown) })
}
