//! Acts that no transaction holds: on collections, indexes, settings, operations and sessions. Each is one command that
//! the server does as a whole; where one fails all the same, it is looked at what it left.

use super::reply::{MAJORITY_MS, concern, doubt, is_leaving};
use super::send::{Bounds, Reply};
use super::{Job, not_done};
use crate::domain::error_event::SessionError;
use crate::engine::mongodb::dialect::{DIALECT, write};
use crate::engine::mongodb::fix::change::Change;
use crate::engine::mongodb::fix::objects::{self, has_keys, name_of};
use crate::engine::mongodb::fix::sessions;
use crate::engine::mongodb::session::{MongoSession, elapsed_ms};
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{ActError, Acted};
use bson::{Bson, Document, RawDocument, doc};
use std::time::Duration;
use tokio::time::sleep;

/// Looks for an operation that was told to end, and the pause between two.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);
/// Time for removing what a failed act left, milliseconds.
const CLEAN_MS: u64 = 30_000;

impl MongoSession {
    /// Does an act that is one command.
    pub(super) async fn once(&mut self, job: &Job<'_>) -> Result<Acted, ActError> {
        let mut command = job.statement.command.clone();
        let in_cluster = job.is_in_cluster();
        command.remove("writeConcern");
        if job.statement.is_replicated() {
            command.insert("writeConcern", concern(in_cluster));
        }
        let wait_ms = if in_cluster { MAJORITY_MS } else { 0 };
        let bounds = Bounds { time_ms: job.plan.timeouts.statement_ms, wait_ms, stop: Some(job.stop) };
        let mut sent = self.send(job, &job.statement.database, command, bounds).await?;
        match std::mem::replace(&mut sent.reply, Reply::Unheard(String::new())) {
            Reply::Done(reply) => self.done(job, &reply).await,
            Reply::Unheard(words) => Err(ActError::Unclear(words)),
            Reply::Refused(refusal) if is_leaving(refusal.code) => Err(ActError::Unclear(refusal.message)),
            Reply::Refused(refusal) => {
                let error = sent.error(refusal);
                Err(self.left_by(job, error).await)
            }
        }
    }

    async fn done(&mut self, job: &Job<'_>, reply: &RawDocument) -> Result<Acted, ActError> {
        let mut notices: Vec<String> = doubt(reply).into_iter().chain(reply.text("note").map(str::to_owned)).collect();
        let answer = match &job.statement.change {
            Change::Kill(opid, _) => {
                let ended = self.has_ended(opid).await;
                if ended == Some(false) {
                    notices.push("it was told to end and runs still: it ends where it next looks for it".to_owned());
                }
                ended.map(|ended| ended.to_string())
            }
            Change::EndSessions(_) => Some(true.to_string()),
            Change::Parameter(_) | Change::Profile => {
                let was = reply.at("was").and_then(|was| Bson::try_from(was).ok());
                was.map(|was| format!("it was {was}"))
            }
            Change::ResizeLog => Some(true.to_string()),
            Change::Upkeep => Some(write::document(&said(reply))),
            _ => None,
        };
        Ok(Acted { rows: None, took_ms: elapsed_ms(job.started), notices, answer })
    }

    /// An operation that was told to end is gone; none when that cannot be seen.
    async fn has_ended(&mut self, opid: &Bson) -> Option<bool> {
        for _ in 0..LOOKS {
            if !sessions::runs_still(self, opid).await.ok()? {
                return Some(true);
            }
            sleep(PAUSE).await;
        }
        Some(false)
    }

    /// What an act that failed has left.
    async fn left_by(&mut self, job: &Job<'_>, error: SessionError) -> ActError {
        match &job.statement.change {
            Change::CreateIndexes(definitions) => self.without_indexes(job, definitions, error).await,
            change if !job.statement.is_replicated() || matches!(change, Change::Create(_)) => not_done(error),
            _ => match objects::resolve(self, &job.statement).await {
                Ok(resolved) if resolved.touched == job.approved.objects() => not_done(error),
                // What it names is not what it was: it came through in spite of the error.
                _ => ActError::Wreck {
                    error: error.into(),
                    left: format!("what {} did by then: look at the collection and its indexes", job.statement.name()),
                },
            },
        }
    }

    /// Removes the indexes of ours that a failed build left: there were none of these names when it began, so those that
    /// have our keys are ours.
    async fn without_indexes(&mut self, job: &Job<'_>, definitions: &[Document], error: SessionError) -> ActError {
        let (database, collection) = job.collection();
        let ours = |found: &[Document]| -> Vec<String> {
            let same = |index: &Document, definition: &Document| {
                name_of(index) == name_of(definition)
                    && definition.get_document("key").is_ok_and(|keys| has_keys(index, keys))
            };
            let left = found.iter().filter(|index| definitions.iter().any(|definition| same(index, definition)));
            left.map(|index| name_of(index).to_owned()).collect()
        };
        let left = match objects::indexes(self, database, collection).await {
            Ok(found) => ours(&found),
            Err(_) => definitions.iter().map(|definition| name_of(definition).to_owned()).collect(),
        };
        if left.is_empty() {
            return not_done(error);
        }
        let drop = doc! { "dropIndexes": collection, "index": left.clone() };
        let bounds = Bounds { time_ms: CLEAN_MS, wait_ms: MAJORITY_MS, stop: None };
        let _ = self.send(job, database, drop.clone(), bounds).await;
        match objects::indexes(self, database, collection).await {
            Ok(found) if ours(&found).is_empty() => not_done(error),
            _ => ActError::Wreck {
                error: error.into(),
                left: format!(
                    "an index that nobody wants ({}). Remove it: db.getSiblingDB({}).runCommand({})",
                    left.join(", "),
                    DIALECT.literal(database),
                    write::document(&drop)
                ),
            },
        }
    }
}

/// A reply without what every reply has.
fn said(reply: &RawDocument) -> Document {
    let mut reply = Document::try_from(reply).unwrap_or_default();
    for name in ["ok", "$clusterTime", "operationTime", "$configServerState", "lastCommittedOpTime"] {
        reply.remove(name);
    }
    reply
}
