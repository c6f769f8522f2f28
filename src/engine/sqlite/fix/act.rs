//! The side of an act that the rest of the program sees: it starts the act's own thread, hands its undo to the
//! witness, passes a stop on, and knows when nobody can know the end.

use super::deed;
use super::writer::{self, Request, State};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::engine::{ActError, Acted, Witness};
use rusqlite::InterruptHandle;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long the thread may take beyond its own limits before it is given up: a disk that does not answer.
const GRACE: Duration = Duration::from_secs(5);

/// Does one approved act on a connection and a thread of its own.
pub(in crate::engine::sqlite) async fn act(
    path: &Path,
    approved: Approved,
    plan: &Survey,
    witness: &mut dyn Witness,
    stop: &CancellationToken,
) -> Result<Acted, ActError> {
    let deed = deed::read(approved.statement()).map_err(|words| ActError::NotDone(SessionError::Unsupported(words)))?;
    let state = Arc::new(State::default());
    let stop = stop.child_token();
    // Dropping this future stops the act, as long as it is not being committed.
    let _guard = stop.clone().drop_guard();
    let (requests, mut asked) = mpsc::channel(1);
    let (answer, ended) = oneshot::channel();
    let timeouts = plan.timeouts;
    let job = writer::Job {
        path: path.to_owned(),
        deed,
        approved,
        plan: plan.clone(),
        stop: stop.clone(),
        state: Arc::clone(&state),
        requests,
    };
    std::thread::Builder::new()
        .name("sqlite-act".into())
        .spawn(move || {
            let _ = answer.send(writer::run(job));
        })
        .map_err(|error| ActError::NotDone(SessionError::Lost(format!("no thread could be started: {error}"))))?;
    // Two waits for locks, at the beginning and at the commit, and the statement between them.
    let patience = (timeouts.statement_ms > 0)
        .then(|| Duration::from_millis(timeouts.statement_ms + 2 * timeouts.lock_ms) + GRACE);
    wait(&mut asked, ended, witness, &stop, &state, patience).await
}

async fn wait(
    asked: &mut mpsc::Receiver<Request>,
    mut ended: oneshot::Receiver<Result<Acted, ActError>>,
    witness: &mut dyn Witness,
    stop: &CancellationToken,
    state: &State,
    patience: Option<Duration>,
) -> Result<Acted, ActError> {
    let mut interrupt: Option<InterruptHandle> = None;
    let mut stopping = false;
    let give_up = tokio::time::sleep(patience.unwrap_or(Duration::MAX));
    tokio::pin!(give_up);
    loop {
        tokio::select! {
            biased;
            Some(request) = asked.recv() => match request {
                Request::Opened(handle) => interrupt = Some(handle),
                Request::Inverse(statements, reply) => {
                    let _ = reply.send(witness.inverse(statements).await);
                }
                Request::PassedOver(reads, reply) => {
                    let _ = reply.send(witness.passed_over(reads).await);
                }
            },
            result = &mut ended => {
                return result.unwrap_or_else(|_| Err(ActError::Unclear("the thread that wrote has ended".into())));
            }
            () = stop.cancelled(), if !stopping => {
                // The thread looks at the token by itself; the interrupt also reaches a sort.
                stopping = true;
                if let Some(handle) = &interrupt {
                    handle.interrupt();
                }
                if let Some(soon) = tokio::time::Instant::now().checked_add(GRACE) {
                    give_up.as_mut().reset(soon);
                }
            }
            () = &mut give_up => {
                stop.cancel();
                return Err(if state.abandon() {
                    ActError::NotDone(SessionError::Lost("the file did not answer; the act was given up".into()))
                } else {
                    ActError::Unclear("the file did not answer while the act was being committed".into())
                });
            }
        }
    }
}
