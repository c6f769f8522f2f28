//! Changes of documents in a transaction of their own: read, checked, changed, counted, and only then committed. The
//! first read takes the collection's lock, so that what is looked at after it stays what it is until the end.

use super::documents::{acted, completed, keep};
use super::reply::{MAJORITY_MS, concern, counted, doubt, write_error};
use super::send::{Bounds, Reply};
use super::{Job, not_done};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Refusal;
use crate::domain::proposal::survey::Inverse;
use crate::engine::mongodb::fix::ended::Mark;
use crate::engine::mongodb::session::{DRAIN, MongoSession};
use crate::engine::{ActError, Acted, Witness};
use bson::{Document, Uuid, doc};
use tokio::time::{Instant, timeout};

/// Time for the first read, milliseconds.
const TOUCH_MS: u64 = 5_000;
/// Refusals of a commit that mean that nothing was committed: `WriteConflict`, `TransactionTooOld`,
/// `NoSuchTransaction`, `Unauthorized`, `IllegalOperation`.
const NOT_COMMITTED: &[i64] = &[112, 225, 251, 13, 20];

/// A transaction: the only one of its session.
#[derive(Debug)]
pub(super) struct Transaction {
    session: Uuid,
    begun: bool,
}

impl Transaction {
    fn new() -> Result<Self, ActError> {
        let mut bytes = [0; 16];
        let fail = |e| not_done(SessionError::Unsupported(format!("no random numbers ({e})")));
        getrandom::fill(&mut bytes).map_err(fail)?;
        // Version and variant of a random UUID (RFC 9562).
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Ok(Self { session: Uuid::from_bytes(bytes), begun: false })
    }

    /// A command as part of the transaction; the first one begins it.
    pub(super) fn dress(&mut self, mut command: Document) -> Document {
        command.insert("lsid", doc! { "id": self.session });
        command.insert("txnNumber", 1_i64);
        if !self.begun {
            self.begun = true;
            command.insert("startTransaction", true);
            command.insert("readConcern", doc! { "level": "snapshot" });
        }
        command.insert("autocommit", false);
        command
    }
}

impl MongoSession {
    /// Changes documents in a transaction.
    pub(super) async fn in_transaction(&mut self, job: &Job<'_>, witness: &mut dyn Witness) -> Result<Acted, ActError> {
        let mut transaction = Transaction::new()?;
        let mark = Mark { session: transaction.session, begun: job.here.now };
        witness.mark(&mark.words()).await.map_err(ActError::NoWitness)?;
        let changed = match self.change_in(job, &mut transaction, witness).await {
            // The last moment at which it can be stopped.
            Ok(_) if job.stop.is_cancelled() => Err(not_done(SessionError::Canceled)),
            changed => changed,
        };
        match changed {
            Ok(changed) => self.commit(job, transaction, changed).await,
            Err(error) => {
                self.abort(transaction).await;
                Err(error)
            }
        }
    }

    /// Everything before the commit: until then nothing is changed, whatever happens.
    async fn change_in(
        &mut self,
        job: &Job<'_>,
        transaction: &mut Transaction,
        witness: &mut dyn Witness,
    ) -> Result<u64, ActError> {
        let (database, collection) = job.collection();
        let mut command = completed(&job.statement.command);
        let prior = match job.plan.inverse {
            Inverse::FromRows(most) => Some(self.prior(job, &command, most, Some(transaction)).await?),
            _ => {
                let touch = transaction.dress(doc! { "find": collection, "projection": { "_id": 1 }, "limit": 1 });
                let bounds = Bounds { time_ms: TOUCH_MS, wait_ms: 0, stop: Some(job.stop) };
                self.send(job, database, touch, bounds).await?.harmless()?;
                None
            }
        };
        self.look_again(job).await?;
        if let Some(prior) = &prior {
            job.approved.accepts_rows(prior.rows)?;
            keep(job, prior, witness).await?;
        }
        command.remove("writeConcern");
        let command = transaction.dress(command);
        let bounds = Bounds { time_ms: job.plan.timeouts.statement_ms, wait_ms: 0, stop: Some(job.stop) };
        let reply = self.send(job, &job.statement.database, command, bounds).await?.harmless()?;
        if let Some(error) = write_error(&reply) {
            return Err(not_done(error));
        }
        let count = counted(&reply);
        job.approved.accepts_rows(count.found)?;
        if prior.is_some_and(|prior| count.found > prior.rows) {
            return Err(Refusal::Moved("the documents that fit changed").into());
        }
        Ok(count.changed)
    }

    async fn commit(&mut self, job: &Job<'_>, mut transaction: Transaction, changed: u64) -> Result<Acted, ActError> {
        let mut command = transaction.dress(doc! { "commitTransaction": 1 });
        command.insert("writeConcern", concern(true));
        let bounds = Bounds { time_ms: job.plan.timeouts.statement_ms, wait_ms: MAJORITY_MS, stop: None };
        let sent = match self.send(job, "admin", command, bounds).await {
            Ok(sent) => sent,
            // It was not sent, so it never will be.
            Err(error) => {
                self.abort(transaction).await;
                return Err(error);
            }
        };
        match sent.reply {
            Reply::Done(reply) => {
                self.forget(&transaction).await;
                Ok(acted(job, changed, doubt(&reply)))
            }
            Reply::Refused(ref refusal) if NOT_COMMITTED.contains(&refusal.code) => {
                let error = sent.error(refusal.clone());
                self.abort(transaction).await;
                Err(not_done(error))
            }
            Reply::Refused(refusal) => Err(ActError::Unclear(refusal.message)),
            Reply::Unheard(words) => Err(ActError::Unclear(words)),
        }
    }

    /// Gives up the transaction's locks at once; left alone, the server does it when its time is over. It cannot be
    /// committed by anybody else, so that nothing hangs on whether this comes through.
    async fn abort(&mut self, mut transaction: Transaction) {
        if !transaction.begun {
            return;
        }
        let command = transaction.dress(doc! { "abortTransaction": 1 });
        let again = self.wire.as_ref().is_none_or(|wire| !wire.is_at_rest());
        let _ = timeout(DRAIN, async {
            if again {
                if let Ok(mut wire) = self.route.again(Instant::now() + DRAIN).await {
                    let _ = wire.ask("admin", command).await;
                    wire.close().await;
                }
            } else if let Some(wire) = self.wire.as_mut() {
                let _ = wire.ask("admin", command).await;
            }
        })
        .await;
        self.forget(&transaction).await;
    }

    /// Tells the server that the session is not needed any more; it would find out by itself after half an hour.
    async fn forget(&mut self, transaction: &Transaction) {
        let at_rest = self.wire.as_ref().is_some_and(crate::engine::mongodb::wire::Wire::is_at_rest);
        if let Some(wire) = self.wire.as_mut().filter(|_| at_rest) {
            let command = doc! { "endSessions": [{ "id": transaction.session }] };
            let _ = timeout(DRAIN, wire.ask("admin", command)).await;
        }
    }
}
