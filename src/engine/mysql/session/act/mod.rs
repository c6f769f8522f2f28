//! The fixing door: one act that a person approved, and nothing else.
//!
//! ```text
//! rows:    frame, BEGIN, prior rows under lock, witness, statement, the same objects? no more rows? COMMIT
//! others:  frame, the same objects? statement
//! ```
//!
//! What changes rows runs in a transaction of its own, and whatever does not fit rolls it back. Everything else is its own
//! transaction on these servers: what does not fit is refused before it is sent.

mod asking;
mod direct;
mod rows;

use super::{GRACE, MySession, elapsed_ms, frame};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::proposal::survey::Survey;
use crate::engine::mysql::dialect::forms::{self, Form};
use crate::engine::mysql::fix;
use crate::engine::mysql::wire::{Command, Wire, WireError};
use crate::engine::{ActError, Acted, Witness};
use asking::Acting;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Time for a COMMIT, and for the answer to a statement that was told to stop: rolling back takes as long as the work.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why an act ends before it has happened.
enum Failure {
    /// The server or we refused; nothing was changed, or what was is rolled back now.
    Refused(SessionError),
    /// It does not fit what was approved.
    Moved(Refusal),
    /// The witness could not write.
    NoWitness(String),
    /// The connection broke, and with it the transaction.
    Broken(WireError),
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Broken(error)
    }
}
impl From<ServerMessage> for Failure {
    fn from(message: ServerMessage) -> Self {
        Self::Refused(SessionError::Server(message))
    }
}
impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Refused(error)
    }
}

fn words(why: impl Into<String>) -> Failure {
    Failure::Refused(SessionError::Unsupported(why.into()))
}

/// Something to do that must be left when the person stops it or its time is over.
async fn until<T>(
    work: impl Future<Output = Result<T, Failure>>,
    stop: &CancellationToken,
    deadline: Option<Instant>,
    timeout_ms: u64,
) -> Result<T, Failure> {
    let late = async {
        match deadline {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(SessionError::Canceled.into()),
        () = late => Err(SessionError::Deadline(timeout_ms).into()),
        done = work => done,
    }
}

impl MySession {
    pub(super) async fn act_framed(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let started = Instant::now();
        let refuse = |why: &str| Err(ActError::NotDone(SessionError::Unsupported(why.to_owned())));
        if !approved.parameters().is_empty() {
            return refuse("an act has its values in its own words here");
        }
        if self.facts.pooled {
            return refuse("a pooler stands between: give the server's own address for acts");
        }
        let form = match forms::read(approved.statement()) {
            Ok(form) => form,
            Err(why) => return refuse(&why),
        };
        let limit = plan.timeouts.statement_ms;
        let deadline = (limit > 0).then(|| started + Duration::from_millis(limit) + GRACE);
        self.ready().await.map_err(ActError::NotDone)?;
        let ready = self.prepare_for(approved, &form, plan, stop, deadline).await;
        let tables = match ready {
            Ok(tables) => tables,
            Err(failure) => return Err(self.not_done(failure).await),
        };
        let mut acted = match (&form, tables) {
            (Form::Rows(change), Tables::CanRollBack) => {
                self.change_rows(approved, change, plan, witness, stop, deadline).await?
            }
            (form, tables) => self.send_directly(approved, form, plan, stop, deadline, tables).await?,
        };
        acted.took_ms = elapsed_ms(started);
        // It is done whatever becomes of the session now.
        if self.wire.is_some() {
            let _ = self.recover(None).await;
        }
        Ok(acted)
    }

    /// Puts the frame of an act on, and looks whether its objects are still those that were approved.
    async fn prepare_for(
        &mut self,
        approved: &Approved,
        form: &Form,
        plan: &Survey,
        stop: &CancellationToken,
        deadline: Option<Instant>,
    ) -> Result<Tables, Failure> {
        let facts = self.facts.clone();
        let wire = self.wire.as_mut().ok_or_else(super::closed)?;
        let work = async {
            wire.run(&frame::act(facts.flavour, &plan.timeouts)).await??;
            let mut asks = Acting { wire, facts: &facts };
            // A second look under lock follows where there is a transaction.
            unmoved(&mut asks, approved, form).await?;
            let Form::Rows(change) = form else { return Ok(Tables::CanRollBack) };
            for target in &change.targets {
                let (database, name) = target.within(&facts.database);
                let table = fix::table(&mut asks, &database, &name).await?;
                if table.is_none_or(|table| !table.transactional) {
                    return Ok(Tables::CannotRollBack);
                }
            }
            Ok(Tables::CanRollBack)
        };
        until(work, stop, deadline, plan.timeouts.statement_ms).await
    }

    /// Leaves nothing of an act that must not be: stops it on the server, rolls back, puts the session right.
    async fn not_done(&mut self, failure: Failure) -> ActError {
        match failure {
            Failure::Broken(error) => ActError::NotDone(self.lost(&error)),
            other => {
                let route = self.route.clone();
                // When even this fails the connection is closed, and the server rolls back by itself.
                let _ = self.recover(Some(&route)).await;
                match other {
                    Failure::Refused(error) => ActError::NotDone(error),
                    Failure::Moved(refusal) => ActError::RolledBack(refusal),
                    Failure::NoWitness(why) => ActError::NoWitness(why),
                    Failure::Broken(error) => ActError::NotDone(self.lost(&error)),
                }
            }
        }
    }
}

/// What becomes of a change of rows that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tables {
    CanRollBack,
    CannotRollBack,
}

/// Refuses when an object is another one than at the approval, or is defined in another way.
async fn unmoved(asks: &mut Acting<'_>, approved: &Approved, form: &Form) -> Result<(), Failure> {
    let database = asks.facts.database.clone();
    let now = fix::touched(asks, form, approved.statement(), &database).await?;
    if now == approved.objects() {
        Ok(())
    } else {
        Err(Failure::Moved(Refusal::Moved("an object that it touches changed")))
    }
}

/// What the server has to say about the last statement.
async fn notices(wire: &mut Wire, warnings: u16) -> Result<Vec<String>, WireError> {
    if warnings == 0 {
        return Ok(Vec::new());
    }
    let answer = wire.ask_command(&Command::new("SHOW WARNINGS"), super::read::NOTICES).await?.unwrap_or_default();
    Ok(answer.rows.iter().filter_map(|cells| super::read::notice(cells)).collect())
}
