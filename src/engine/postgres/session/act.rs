//! The fixing door: one approved act, in a transaction of its own where the statement can have one.
//!
//! ```text
//! BEGIN - mark - objects as approved - prior rows - statement - locks, objects, rows as approved - what it left - COMMIT
//! ```
//!
//! Everything before COMMIT is rolled back when anything is not as it was approved. A connection that breaks before
//! COMMIT was sent has changed nothing; one that breaks between COMMIT and its answer is [`ActError::Unclear`].

use super::{GRACE, PgSession, closed, elapsed_ms, refusal};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::proposal::survey::{Inverse, Survey, Timeouts};
use crate::engine::postgres::fix::objects::{self, Found};
use crate::engine::postgres::fix::shape::{self, RowChange, Shape, Verb, What};
use crate::engine::postgres::fix::table::{self, Table};
use crate::engine::postgres::fix::undo::Undo;
use crate::engine::postgres::wire::{Answer, Cell, Transaction, WireError, text};
use crate::engine::{ActError, Acted, Param, Query, Session as _, Witness};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Rows of the statement's own answer that are kept, to tell what a called function said.
const ANSWER_ROWS: usize = 1_000;
/// COMMIT may wait for a replica; after this nobody waits any more.
const COMMIT: Duration = Duration::from_mins(1);
/// A canceled statement outside a transaction has this long to say how it ended.
const CANCEL: Duration = Duration::from_secs(10);
/// Time for one of the act's own readings, milliseconds.
pub(super) const READING_MS: u64 = 30_000;

/// Something is not as it was approved.
const OBJECT_MOVED: &str = "an object that it touches changed";
/// A statement guarded by what was seen found nothing that fits.
const GONE: &str = "what it names went away or became another one";

impl PgSession {
    /// Does the act, whichever way it has to run.
    pub(super) async fn act_framed(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError> {
        if self.facts.pooled {
            return Err(not_done("a connection pooler stands between: give the fix login the server's own address"));
        }
        let shape = shape::read(approved.statement()).map_err(ActError::NotDone)?;
        self.ready().await.map_err(ActError::NotDone)?.take_notices();
        // A replica opens no transaction that may write, and its functions (end a session, go on with replay) need none.
        if shape.outside || (self.role() == "replica" && matches!(shape.what, What::Call)) {
            return self.act_outside(approved, plan, &shape, stop).await;
        }
        let started = Instant::now();
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => Err(ActError::NotDone(SessionError::Canceled)),
            done = self.up_to_commit(approved, plan, &shape, witness) => done,
        };
        match done {
            Ok(mut acted) => {
                self.commit().await?;
                acted.took_ms = elapsed_ms(started);
                // The act is done whatever becomes of the session.
                let _ = self.recover(None).await;
                Ok(acted)
            }
            Err(error) => {
                // Should this fail, the connection is closed, and the server rolls back by itself.
                let route = self.route.clone();
                let _ = self.recover(Some(&route)).await;
                Err(error)
            }
        }
    }

    /// Everything but the COMMIT.
    async fn up_to_commit(
        &mut self,
        approved: &Approved,
        plan: &Survey,
        shape: &Shape,
        witness: &mut dyn Witness,
    ) -> Result<Acted, ActError> {
        let change = match (&shape.what, &plan.inverse) {
            (What::Rows(change), Inverse::FromRows(most)) => Some((change, *most)),
            _ => None,
        };
        // The kept rows and the statement look at one snapshot; a row that somebody changes in between fails it.
        let keeps = change.is_some_and(|(change, _)| change.verb != Verb::Insert);
        let level = if keeps { "REPEATABLE READ" } else { "READ COMMITTED" };
        self.tell(&format!("BEGIN ISOLATION LEVEL {level} READ WRITE"), READING_MS).await.map_err(ActError::NotDone)?;
        let mark = self.mark().await?;
        witness.mark(&mark.to_string()).await.map_err(ActError::NoWitness)?;
        let found = self.objects_as_approved(approved, shape).await?;

        let table = match change {
            Some((change, _)) => Some(self.table_of(change, &found).await?),
            None => None,
        };
        let undo = change.zip(table.as_ref()).and_then(|((change, _), (table, name))| Undo::of(change, table, name));
        if change.is_some() && undo.is_none() {
            return Err(not_done("the rows cannot be kept any more: look at it again"));
        }
        let most = change.map_or(0, |(_, most)| most);
        let mut kept: Vec<Vec<Cell>> = Vec::new();
        if let Some(undo) = undo.as_ref().filter(|_| keeps) {
            kept = self.keep(undo, most, witness).await?;
        }

        let answer = self.send_statement(approved.statement(), plan.timeouts).await?;

        if let Some(changed) = answer.changed {
            approved.accepts_rows(changed)?;
        }
        self.held_as_approved(shape, &found).await?;
        if matches!(shape.what, What::Rows(_)) {
            // Under the locks that it holds now, nobody can change them any more.
            self.objects_as_approved(approved, shape).await?;
        }
        if let Some(undo) = &undo {
            if keeps {
                self.exactly_these(undo, &kept, answer.changed, mark).await?;
                self.keep_what_it_left(undo, &kept, (most, mark), witness).await?;
            } else {
                self.keep_inserted(undo, most, answer.changed, mark, witness).await?;
            }
        }
        self.acted(shape, &answer)
    }

    /// The number of the transaction, by which its end can be asked for later.
    async fn mark(&mut self) -> Result<u64, ActError> {
        let answer = self.tell("SELECT pg_catalog.txid_current()", READING_MS).await.map_err(ActError::NotDone)?;
        first_cell(&answer)
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| not_done("the server gave its transaction no number"))
    }

    /// Every object that the statement names is, by number and definition, one that was approved.
    pub(super) async fn objects_as_approved(
        &mut self,
        approved: &Approved,
        shape: &Shape,
    ) -> Result<Vec<Found>, ActError> {
        let found = match objects::resolve(self, shape).await {
            Ok(found) => found,
            Err(SessionError::Unsupported(_)) => return Err(Refusal::Moved(OBJECT_MOVED).into()),
            Err(error) => return Err(ActError::NotDone(error)),
        };
        if objects::touched(&found).iter().all(|object| approved.objects().contains(object)) {
            Ok(found)
        } else {
            Err(Refusal::Moved(OBJECT_MOVED).into())
        }
    }

    /// The relations that were approved are those that the statement has locked: not others of the same names.
    async fn held_as_approved(&mut self, shape: &Shape, found: &[Found]) -> Result<(), ActError> {
        if matches!(shape.what, What::Call | What::Other | What::Setting(..)) {
            return Ok(());
        }
        let relations: Vec<String> =
            found.iter().filter(|f| !f.kind.is_empty() && !f.system).map(|f| f.oid.to_string()).collect();
        let rows = self
            .own(&NOT_HELD, &[Param::Text(serde_json::json!(relations).to_string())])
            .await
            .map_err(ActError::NotDone)?;
        if rows.rows.is_empty() { Ok(()) } else { Err(Refusal::Moved(OBJECT_MOVED).into()) }
    }

    async fn table_of(&mut self, change: &RowChange, found: &[Found]) -> Result<(Table, String), ActError> {
        let target = found.iter().find(|f| f.named == change.target);
        let target = target.ok_or(ActError::RolledBack(Refusal::Moved(OBJECT_MOVED)))?;
        let table = table::table(self, target.oid).await.map_err(ActError::NotDone)?;
        Ok((table, target.full_name.clone()))
    }

    /// Sends the exact bytes under the plan's time limits.
    async fn send_statement(&mut self, statement: &str, limits: Timeouts) -> Result<Answer, ActError> {
        self.limit(limits, true).await.map_err(ActError::NotDone)?;
        let allowed = if limits.statement_ms == 0 { u64::MAX } else { limits.statement_ms };
        self.tell(statement, allowed).await.map_err(ActError::NotDone)
    }

    /// Sets the time limits, for this transaction or for the session.
    pub(super) async fn limit(&mut self, limits: Timeouts, local: bool) -> Result<(), SessionError> {
        let text = format!(
            "SELECT pg_catalog.set_config('statement_timeout', '{}', {local}), \
             pg_catalog.set_config('lock_timeout', '{}', {local})",
            limits.statement_ms, limits.lock_ms
        );
        self.tell(&text, READING_MS).await.map(drop)
    }

    /// One statement and its answer, at most `ANSWER_ROWS` rows. Never opens or ends a transaction by itself.
    pub(in crate::engine::postgres) async fn tell(
        &mut self,
        text: &str,
        timeout_ms: u64,
    ) -> Result<Answer, SessionError> {
        let started = Instant::now();
        let wire = self.wire.as_mut().ok_or_else(closed)?;
        let exchange = async {
            wire.queue(text, &[], 0, true)?;
            wire.queue_sync();
            wire.send().await?;
            wire.answer(ANSWER_ROWS + 1).await
        };
        let allowed = Duration::from_millis(timeout_ms).checked_add(GRACE).unwrap_or(Duration::MAX);
        match timeout(allowed, exchange).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(message))) => Err(refusal(message, elapsed_ms(started), timeout_ms)),
            Ok(Err(WireError::Io(e))) if e.kind() == std::io::ErrorKind::InvalidInput => {
                Err(SessionError::Unsupported("a zero byte cannot be sent".into()))
            }
            Ok(Err(error)) => Err(self.lost(&error)),
            Err(_) => Err(SessionError::Deadline(timeout_ms)),
        }
    }

    /// COMMIT, after which nothing can be taken back.
    async fn commit(&mut self) -> Result<(), ActError> {
        let wire = self.wire.as_mut().ok_or_else(|| ActError::NotDone(closed()))?;
        if wire.transaction() != Transaction::Open || !wire.is_settled() {
            let _ = self.recover(None).await;
            return Err(not_done("its transaction was not open any more"));
        }
        let exchange = async {
            wire.queue("COMMIT", &[], 0, false)?;
            wire.queue_sync();
            wire.send().await?;
            wire.answer(0).await
        };
        match timeout(COMMIT, exchange).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(message))) => {
                let _ = self.recover(None).await;
                Err(ActError::NotDone(SessionError::Server(message)))
            }
            Ok(Err(error)) => {
                let words = error.words();
                self.lost(&error);
                Err(ActError::Unclear(format!("the connection broke after COMMIT was sent ({words})")))
            }
            Err(_) => {
                self.lost(&WireError::Late);
                Err(ActError::Unclear(format!("the server did not answer COMMIT within {} s", COMMIT.as_secs())))
            }
        }
    }

    /// What happened, from the answer.
    pub(super) fn acted(&mut self, shape: &Shape, answer: &Answer) -> Result<Acted, ActError> {
        let notices = self.wire.as_mut().map(super::Wire::take_notices).unwrap_or_default();
        let said = if matches!(shape.what, What::Call) {
            if answer.rows.is_empty() {
                return Err(Refusal::Moved(GONE).into());
            }
            Some(answer.rows.iter().map(|row| cells(row)).collect::<Vec<_>>().join("; "))
        } else {
            None
        };
        Ok(Acted { rows: answer.changed, took_ms: 0, notices, answer: said })
    }

    /// Sends a statement that ends by itself, with no COMMIT: what it answers counts, also after a cancel. The outer
    /// error means that nobody knows.
    pub(super) async fn send_alone(
        &mut self,
        statement: &str,
        limits: Timeouts,
        stop: &CancellationToken,
    ) -> Result<Result<Answer, ServerMessage>, ActError> {
        let route = self.route.clone();
        let wire = self.wire.as_mut().ok_or_else(|| ActError::NotDone(closed()))?;
        let answered = {
            let mut exchange = pin!(async {
                wire.queue(statement, &[], 0, true)?;
                wire.queue_sync();
                wire.send().await?;
                wire.answer(ANSWER_ROWS).await
            });
            let deadline = async {
                if limits.statement_ms == 0 {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(limits.statement_ms) + GRACE).await;
            };
            let answered = tokio::select! {
                biased;
                answered = &mut exchange => Some(answered),
                () = stop.cancelled() => None,
                () = deadline => None,
            };
            match answered {
                Some(answered) => Ok(answered),
                None => {
                    let _ = route.cancel().await;
                    timeout(CANCEL, exchange).await
                }
            }
        };
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(WireError::Io(e))) if e.kind() == std::io::ErrorKind::InvalidInput => {
                Err(not_done("a zero byte cannot be sent"))
            }
            Ok(Err(error)) => {
                let words = error.words();
                self.lost(&error);
                Err(ActError::Unclear(format!("the connection broke while it ran ({words})")))
            }
            Err(_) => {
                self.lost(&WireError::Late);
                Err(ActError::Unclear("it was canceled and did not say how it ended".into()))
            }
        }
    }
}

/// $1: a JSON list of oids. Those on which this session holds no lock.
static NOT_HELD: Query = Query {
    name: "act.not_held",
    text: "SELECT x.oid FROM json_array_elements_text($1::json) x (oid)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = pg_backend_pid() AND l.granted
                               AND l.locktype = 'relation' AND l.relation = x.oid::oid)",
    timeout_ms: 5_000,
};

pub(super) fn not_done(words: &str) -> ActError {
    ActError::NotDone(SessionError::Unsupported(words.to_owned()))
}

pub(super) fn first_cell(answer: &Answer) -> Option<String> {
    match answer.rows.first()?.first()? {
        Cell::Whole(bytes) => Some(text(bytes)),
        _ => None,
    }
}

/// A row of what a called function said: `4711 t`.
fn cells(row: &[Cell]) -> String {
    let shown = row.iter().map(|cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Whole(bytes) => text(bytes),
        Cell::Cut { start, .. } => format!("{}...", text(start)),
    });
    shown.collect::<Vec<_>>().join(" ")
}
