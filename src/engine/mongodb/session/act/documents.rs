//! Changes of documents: what was there is read first and handed to the witness as statements that bring it back. On a
//! server without transactions nothing can be rolled back, so what fits is counted right before, and after a failure it
//! is looked at what has become of the documents.

use super::reply::{concern, counted, doubt, is_leaving, was_ended, write_error};
use super::send::{Bounds, Reply};
use super::{Job, not_done};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Refusal;
use crate::domain::proposal::survey::Inverse;
use crate::engine::mongodb::fix::change::{Change, Pick};
use crate::engine::mongodb::fix::{blast, conditions, undo};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::session::act::transaction::Transaction;
use crate::engine::mongodb::session::elapsed_ms;
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{ActError, Acted, Witness};
use bson::oid::ObjectId;
use bson::{Bson, Document, RawDocument, RawDocumentBuf, doc};
use tokio_util::sync::CancellationToken;

/// Time for reading what was there, milliseconds.
const READ_MS: u64 = 20_000;
/// Documents that are kept as they were take so much at most, bytes.
const KEPT_BYTES: usize = 32 << 20;

/// The documents that an act is about to change, as they are.
#[derive(Debug, Default)]
pub(super) struct Prior {
    pub(super) were: Vec<Document>,
    /// The ids of those that it makes.
    pub(super) were_not: Vec<Bson>,
    /// Documents that it will find or make.
    pub(super) rows: u64,
}

fn refuse(words: impl Into<String>) -> ActError {
    not_done(SessionError::Unsupported(words.into()))
}

/// The command as it is sent: with an `_id` for each new document that has none.
pub(super) fn completed(command: &Document) -> Document {
    let mut command = command.clone();
    if command.keys().next().is_some_and(|name| name == "insert")
        && let Ok(documents) = command.get_array_mut("documents")
    {
        for document in documents.iter_mut().filter_map(Bson::as_document_mut) {
            if !document.contains_key("_id") {
                let mut with_id = doc! { "_id": ObjectId::new() };
                with_id.extend(std::mem::take(document));
                *document = with_id;
            }
        }
    }
    command
}

impl MongoSession {
    /// Changes documents on a server without transactions.
    pub(super) async fn change_documents(
        &mut self,
        job: &Job<'_>,
        witness: &mut dyn Witness,
    ) -> Result<Acted, ActError> {
        let mut command = completed(&job.statement.command);
        let prior = match job.plan.inverse {
            Inverse::FromRows(most) => Some(self.prior(job, &command, most, None).await?),
            _ => None,
        };
        let rows = match &prior {
            Some(prior) => Some(prior.rows),
            None => {
                let fitting = blast::count(self, &job.statement).await.map_err(not_done)?;
                blast::rows(&job.statement, &fitting)
            }
        };
        if let Some(Refusal::TooManyRows { changed, most }) = rows.and_then(|n| job.approved.accepts_rows(n).err()) {
            return Err(refuse(format!(
                "{changed} documents fit now, and at most {most} were approved: nothing was sent"
            )));
        }
        self.look_again(job).await?;
        if let Some(prior) = &prior {
            keep(job, prior, witness).await?;
        }
        command.insert("writeConcern", concern(job.is_in_cluster()));
        let bounds = Bounds { time_ms: job.plan.timeouts.statement_ms, wait_ms: 0, stop: Some(job.stop) };
        let mut sent = self.send(job, &job.statement.database, command, bounds).await?;
        let reply = match std::mem::replace(&mut sent.reply, Reply::Unheard(String::new())) {
            Reply::Unheard(words) => return Err(ActError::Unclear(words)),
            Reply::Refused(refusal) if is_leaving(refusal.code) => return Err(ActError::Unclear(refusal.message)),
            Reply::Refused(refusal) => {
                let partly = was_ended(refusal.code) && !job.statement.is_single();
                let error = sent.error(refusal);
                return Err(if partly {
                    self.aftermath(job, prior.as_ref(), error, None).await
                } else {
                    not_done(error)
                });
            }
            Reply::Done(reply) => reply,
        };
        let count = counted(&reply);
        if let Some(error) = write_error(&reply) {
            let single = job.statement.is_single();
            return Err(if single {
                not_done(error)
            } else {
                self.aftermath(job, prior.as_ref(), error, Some(count.changed)).await
            });
        }
        if let Err(Refusal::TooManyRows { changed, most }) = job.approved.accepts_rows(count.found) {
            return Err(ActError::Wreck {
                error: Box::new(SessionError::Unsupported(format!(
                    "{changed} documents changed, and at most {most} were approved"
                ))),
                left: "them changed: without transactions nothing can be rolled back. Others added documents that fit \
                       between the count and the act; the stored inverse brings back those that were counted"
                    .to_owned(),
            });
        }
        Ok(acted(job, count.changed, doubt(&reply)))
    }

    /// Reads what the act is about to change.
    pub(super) async fn prior(
        &mut self,
        job: &Job<'_>,
        command: &Document,
        most: u64,
        mut within: Option<&mut Transaction>,
    ) -> Result<Prior, ActError> {
        let (_, collection) = job.collection();
        let mut prior = Prior::default();
        if let Change::Insert(_) = job.statement.change {
            let documents = command.get_array("documents").map(Vec::as_slice).unwrap_or_default();
            prior.were_not =
                documents.iter().filter_map(|document| document.as_document()?.get("_id").cloned()).collect();
            prior.rows = documents.len() as u64;
            // Asking for them takes the collection's lock, inside a transaction, so that it stays what it is.
            let ids = doc! { "_id": { "$in": prior.were_not.clone() } };
            if !self.documents_of(job, find(collection, ids, None, 1), within).await?.is_empty() {
                return Err(refuse("documents with these _ids are there already"));
            }
            return Ok(prior);
        }
        let several = job.statement.picks().len() > 1;
        for pick in job.statement.picks() {
            // What an earlier entry changes does not matter to one that is found by its _id alone.
            let filter = match pick.id() {
                Some(id) if several => doc! { "_id": id.clone() },
                _ => pick.filter.clone(),
            };
            let left = most.saturating_sub(prior.were.len() as u64);
            let command = find(collection, filter, Some(pick), left.saturating_add(1));
            let found = self.documents_of(job, command, within.as_deref_mut()).await?;
            if found.len() as u64 > left {
                return Err(refuse(format!(
                    "more than {most} documents fit now, which is more than are kept as they were: propose it anew"
                )));
            }
            match (found.len() as u64, pick.id()) {
                (0, Some(id)) if pick.upsert => prior.were_not.push(id.clone()),
                (0, None) if pick.upsert => {
                    return Err(refuse("no document fits any more, so it would make one: propose it anew"));
                }
                (2.., None) if pick.one => {
                    return Err(refuse(
                        "several documents fit now, and which one is taken is not known: propose it anew",
                    ));
                }
                _ => {}
            }
            prior.rows += (found.len() as u64).max(u64::from(pick.upsert));
            for document in found {
                let known = prior.were.iter().any(|were| were.get("_id") == document.get("_id"));
                if !known {
                    prior.were.push(document);
                }
            }
        }
        Ok(prior)
    }

    /// The documents of a `find`, all of them, with their exact bytes.
    async fn documents_of(
        &mut self,
        job: &Job<'_>,
        command: Document,
        mut within: Option<&mut Transaction>,
    ) -> Result<Vec<Document>, ActError> {
        let (database, collection) = job.collection();
        let bounds = Bounds { time_ms: READ_MS, wait_ms: 0, stop: Some(job.stop) };
        let mut documents = Vec::new();
        let mut bytes = 0;
        let mut next = command;
        let mut batch = "cursor.firstBatch";
        loop {
            let dressed = match &mut within {
                Some(transaction) => transaction.dress(next),
                None => next,
            };
            let reply = self.send(job, database, dressed, bounds).await?.harmless()?;
            for raw in reply.documents(batch) {
                bytes += raw.as_bytes().len();
                documents.push(exact(raw)?);
            }
            if bytes > KEPT_BYTES {
                return Err(refuse("the documents are too large to be kept as they were: nothing was sent"));
            }
            match reply.int("cursor.id").filter(|&id| id != 0) {
                None => return Ok(documents),
                Some(id) => next = doc! { "getMore": id, "collection": collection },
            }
            batch = "cursor.nextBatch";
        }
    }

    /// What a change that failed half-way has left, by the documents themselves.
    async fn aftermath(
        &mut self,
        job: &Job<'_>,
        prior: Option<&Prior>,
        error: SessionError,
        told: Option<u64>,
    ) -> ActError {
        let unknown = |error: SessionError| {
            ActError::Wreck {
            error: error.into(),
            left: "an unknown number of documents changed: it ended half-way, and without transactions nothing is rolled back"
                .to_owned(),
        }
        };
        let Some(prior) = prior else {
            return match (told, &job.statement.change) {
                // An insert counts each document; the others count nothing for an entry that failed.
                (Some(0), Change::Insert(_)) => not_done(error),
                _ => unknown(error),
            };
        };
        match self.changed_by_now(job, prior).await {
            Ok(0) => not_done(error),
            Ok(changed) => ActError::Wreck {
                error: error.into(),
                left: format!(
                    "{changed} of {} documents changed: without transactions nothing is rolled back. The stored inverse \
                     brings them back",
                    prior.were.len() + prior.were_not.len()
                ),
            },
            Err(_) => unknown(error),
        }
    }

    async fn changed_by_now(&mut self, job: &Job<'_>, prior: &Prior) -> Result<u64, ActError> {
        let (_, collection) = job.collection();
        let made = match prior.were_not.as_slice() {
            [] => 0,
            ids => conditions::taken(self, &job.statement, ids).await.map_err(not_done)?,
        };
        let ids: Vec<Bson> = prior.were.iter().filter_map(|document| document.get("_id").cloned()).collect();
        if ids.is_empty() {
            return Ok(made);
        }
        let never = CancellationToken::new();
        let calm = Job {
            approved: job.approved,
            plan: job.plan,
            statement: job.statement.clone(),
            here: job.here.clone(),
            stop: &never,
            name: job.name.clone(),
            started: job.started,
        };
        let now =
            self.documents_of(&calm, find(collection, doc! { "_id": { "$in": ids } }, None, u64::MAX), None).await?;
        let same = prior.were.iter().filter(|were| now.contains(were)).count();
        Ok(made + (prior.were.len() - same) as u64)
    }
}

/// Hands the witness what brings the documents back.
pub(super) async fn keep(job: &Job<'_>, prior: &Prior, witness: &mut dyn Witness) -> Result<(), ActError> {
    let (_, collection) = job.collection();
    let statements = undo::of_documents(collection, job.home(), &prior.were, &prior.were_not)
        .map_err(|why| refuse(format!("it could not be undone, because {why}: nothing was sent")))?;
    witness.inverse(statements).await.map_err(ActError::NoWitness)
}

/// An act on documents that happened.
pub(super) fn acted(job: &Job<'_>, changed: u64, doubt: Option<String>) -> Acted {
    Acted { rows: Some(changed), took_ms: elapsed_ms(job.started), notices: doubt.into_iter().collect(), answer: None }
}

fn find(collection: &str, filter: Document, pick: Option<&Pick>, most: u64) -> Document {
    let mut command = doc! { "find": collection, "filter": filter };
    if let Some(pick) = pick {
        for (name, value) in [("collation", &pick.collation), ("hint", &pick.hint)] {
            if let Some(value) = value {
                command.insert(name, value.clone());
            }
        }
    }
    if let Ok(most) = i64::try_from(most) {
        command.insert("limit", most);
    }
    command
}

/// A document that is written with the same bytes as it was read.
fn exact(raw: &RawDocument) -> Result<Document, ActError> {
    let document = Document::try_from(raw)
        .ok()
        .filter(|document| RawDocumentBuf::try_from(document).is_ok_and(|again| again.as_bytes() == raw.as_bytes()));
    document.ok_or_else(|| refuse("a document could not be kept exactly as it is: nothing was sent"))
}
