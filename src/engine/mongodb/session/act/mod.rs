//! The fixing door: one approved act, looked at once more right before, and then done once.
//!
//! `send` is the exchange of one command that may be stopped, `documents` changes documents where there are no
//! transactions, `transaction` where there are, `once` does everything else, and `reply` reads what came of it.

mod documents;
mod once;
mod reply;
mod send;
mod transaction;

use super::MongoSession;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::survey::Survey;
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::dialect::DIALECT;
use crate::engine::mongodb::fix::change::{Change, Statement};
use crate::engine::mongodb::fix::place::{self, Here};
use crate::engine::mongodb::fix::undo::Home;
use crate::engine::mongodb::fix::{conditions, objects};
use crate::engine::{ActError, Acted, Witness};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One act on its way.
struct Job<'a> {
    approved: &'a Approved,
    plan: &'a Survey,
    statement: Statement,
    here: Here,
    stop: &'a CancellationToken,
    /// By which the server's list of operations tells this act.
    name: String,
    started: Instant,
}

impl Job<'_> {
    /// The collection that it is about.
    fn collection(&self) -> (&str, &str) {
        self.statement.collection.as_ref().map_or(("", ""), |(database, name)| (database, name))
    }
    /// Other members have to have what it changes.
    fn is_in_cluster(&self) -> bool {
        self.here.role.is_in_set() || self.here.role == Role::Router
    }
    fn home(&self) -> Home<'_> {
        Home { database: &self.statement.database, named: self.statement.named }
    }
}

/// What the server said about an act is an error of ours: nothing was changed.
fn not_done(error: SessionError) -> ActError {
    ActError::NotDone(error)
}

impl MongoSession {
    /// Does one approved act.
    pub(super) async fn carry_out(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        let started = Instant::now();
        let statement = Statement::parse(approved.statement(), &plan.place.database)
            .map_err(not_done)?
            .seen_from(&self.facts.database);
        judge_again(approved.statement(), &statement)?;
        let here = place::look(self, &statement.database).await.map_err(not_done)?;
        if here.place != plan.place {
            return Err(Refusal::Moved("another server answers at this address").into());
        }
        let name = format!("dba-gpt fix-{} {}", approved.id(), self.tag);
        let job = Job { approved, plan, statement, here, stop, name, started };
        self.look_again(&job).await?;
        if !job.statement.changes_documents() {
            self.once(&job).await
        } else if job.here.has_transactions(self.facts.wire_version) {
            self.in_transaction(&job, witness).await
        } else {
            self.change_documents(&job, witness).await
        }
    }

    /// The objects are those that were approved, by number and definition, and every condition holds as it did.
    async fn look_again(&mut self, job: &Job<'_>) -> Result<(), ActError> {
        let resolved = objects::resolve(self, &job.statement).await.map_err(not_done)?;
        if resolved.touched != job.approved.objects() {
            return Err(Refusal::Moved("an object that it touches changed").into());
        }
        let conditions = conditions::check(self, &job.statement, &resolved).await.map_err(not_done)?;
        if conditions != job.plan.preconditions {
            return Err(Refusal::Moved("a condition does not hold any more").into());
        }
        Ok(())
    }
}

/// The guard's word on the bytes that are about to be sent. The ends of sessions are no free text, so the guard refuses
/// them as such; their exact shape was checked as they were read.
fn judge_again(text: &str, statement: &Statement) -> Result<(), ActError> {
    if matches!(statement.change, Change::EndSessions(_)) {
        return Ok(());
    }
    let judgement = DIALECT.classify(text, Author::Person, &Catalog::default());
    match judgement.verdict {
        Verdict::NeedsApproval => Ok(()),
        _ => Err(Refusal::Denied(judgement.reason).into()),
    }
}
