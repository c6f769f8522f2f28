//! The act. The server has no transaction that could be rolled back: what can be checked is checked before. Keys are
//! watched from the last look on, and the one command goes out in a transaction of its own, which the server does not
//! run when a watched key has moved.
//!
//! ```text
//! WATCH keys -> as approved? -> what they hold -> undo to the witness -> MULTI, the command -> EXEC
//! ```

use super::deed::{self, Command, Deed};
use super::look::{self, Question, question};
use super::survey::{self, Facts};
use super::{LOOKING, undo};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::proposal::survey::{Inverse, Survey};
use crate::engine::redis::session::refusal;
use crate::engine::redis::wire::{Reply, Wire};
use crate::engine::{ActError, Acted, Witness};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// Bytes of an answer that are shown.
const TOLD_BYTES: usize = 4096;

/// Does one approved act on a connection at rest. After an error the connection is not to be used again.
pub(in crate::engine::redis) async fn act(
    wire: &mut Wire,
    approved: Approved,
    plan: &Survey,
    witness: &mut dyn Witness,
    stop: &CancellationToken,
) -> Result<Acted, ActError> {
    let started = Instant::now();
    let command =
        deed::read(approved.statement()).map_err(|words| ActError::NotDone(SessionError::Unsupported(words)))?;
    let prepared = async {
        let undo = timeout(LOOKING, look_again(wire, &command, &approved, plan)).await.unwrap_or_else(|_| {
            Err(ActError::NotDone(SessionError::Lost("the server did not answer in time".into())))
        })?;
        if let Some(undo) = undo {
            witness.inverse(undo).await.map_err(ActError::NoWitness)?;
        }
        if matches!(command.deed, Deed::Keys(_)) {
            timeout(LOOKING, queue(wire, &command.words)).await.unwrap_or_else(|_| {
                Err(ActError::NotDone(SessionError::Lost("the server did not answer in time".into())))
            })?;
        }
        Ok::<(), ActError>(())
    };
    // Until here nothing that changes anything was sent, so a stop is a stop.
    tokio::select! {
        biased;
        () = stop.cancelled() => return Err(ActError::NotDone(SessionError::Canceled)),
        prepared = prepared => prepared?,
    }
    let deadline = started + LOOKING + Duration::from_millis(plan.timeouts.statement_ms);
    let reply = match &command.deed {
        Deed::Keys(_) => send(wire, &question(&[b"EXEC"]), deadline).await.and_then(only_answer),
        _ => send(wire, &command.words, deadline).await,
    }?;
    told(&command, &reply, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Watches, looks at everything once more, and makes the undo where there is one to be made.
async fn look_again(
    wire: &mut Wire,
    command: &Command,
    approved: &Approved,
    plan: &Survey,
) -> Result<Option<Vec<String>>, ActError> {
    let not_done = ActError::NotDone;
    if command.deed != Deed::Script {
        look::is_itself(wire, &command.name, matches!(command.deed, Deed::Keys(_))).await.map_err(not_done)?;
    }
    if let Deed::Keys(change) = &command.deed {
        let mut watch: Question = question(&[b"WATCH"]);
        watch.extend(change.keys.iter().cloned());
        accepted(wire, watch, "OK").await?;
    }
    let server = look::server(wire, &plan.place.database).await.map_err(not_done)?;
    for (moved, words) in [
        (server.place.server != plan.place.server, "another server answers at this address"),
        (server.place.role != plan.place.role, "the server's role in its cluster changed"),
        (server.place.epoch != plan.place.epoch, "there was a failover"),
    ] {
        if moved {
            return Err(Refusal::Moved(words).into());
        }
    }
    let facts = survey::facts(wire, command, &server).await.map_err(not_done)?;
    if facts.objects(&server.place.database) != approved.objects() {
        return Err(Refusal::Moved("an object that it touches changed").into());
    }
    if facts.preconditions() != plan.preconditions {
        return Err(Refusal::Moved("a condition does not hold any more").into());
    }
    if let Some(keys) = facts.keys() {
        approved.accepts_rows(keys)?;
    }
    match (&facts, &plan.inverse) {
        (Facts::Keys(_, states), Inverse::FromRows(_)) => {
            undo::commands(wire, states).await.map(Some).map_err(not_done)
        }
        _ => Ok(None),
    }
}

/// MULTI and the command: queued there, and not yet run.
async fn queue(wire: &mut Wire, words: &Question) -> Result<(), ActError> {
    accepted(wire, question(&[b"MULTI"]), "OK").await?;
    accepted(wire, words.clone(), "QUEUED").await
}

async fn accepted(wire: &mut Wire, words: Question, expected: &str) -> Result<(), ActError> {
    let reply = look::ask(wire, &[words]).await.map_err(ActError::NotDone)?.pop();
    match reply {
        Some(Reply::Error(words)) => Err(ActError::NotDone(SessionError::Server(refusal(&words)))),
        Some(reply) if reply.text() == expected => Ok(()),
        _ => Err(ActError::NotDone(SessionError::Lost(format!("{expected} was expected and did not come")))),
    }
}

/// Sends what makes it happen. The server runs it to its end: from here on a stop comes too late.
async fn send(wire: &mut Wire, words: &Question, deadline: Instant) -> Result<Reply, ActError> {
    match timeout_at(deadline, wire.ask(words)).await {
        Ok(Ok(Reply::Error(words))) => Err(ActError::NotDone(SessionError::Server(refusal(&words)))),
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => Err(ActError::Unclear(error.words())),
        Err(_) => Err(ActError::Unclear("the server did not answer in time".into())),
    }
}

/// The one answer in what EXEC gives: nothing when a watched key moved.
fn only_answer(reply: Reply) -> Result<Reply, ActError> {
    match reply {
        Reply::Null => Err(Refusal::Moved("a key that it touches changed").into()),
        Reply::Array { mut items, .. } if items.len() == 1 => match items.pop() {
            Some(Reply::Error(words)) => Err(ActError::NotDone(SessionError::Server(refusal(&words)))),
            other => other.ok_or_else(|| ActError::Unclear("the server's answer is empty".into())),
        },
        _ => Err(ActError::Unclear("the server answered with something else than one reply".into())),
    }
}

fn told(command: &Command, reply: &Reply, took_ms: u64) -> Result<Acted, ActError> {
    let rows = match &command.deed {
        Deed::Keys(change)
            if change.removes && change.keys.len() > 1 || matches!(command.name.as_str(), "DEL" | "UNLINK") =>
        {
            reply.int().and_then(|n| u64::try_from(n).ok())
        }
        Deed::Kill(_) if reply.int() == Some(0) => {
            return Err(ActError::NotDone(SessionError::Unsupported("that connection was gone already".into())));
        }
        _ => None,
    };
    let mut answer = reply.text();
    if answer.len() > TOLD_BYTES {
        answer = format!("{} ...", String::from_utf8_lossy(&answer.as_bytes()[..TOLD_BYTES]));
    }
    Ok(Acted { rows, took_ms, notices: Vec::new(), answer: (!answer.is_empty()).then_some(answer) })
}
