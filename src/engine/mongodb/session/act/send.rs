//! One command of an act: framed by us, sent once, ended on the server when it is stopped or late, and its last words
//! heard, because a command that is told to end may have come to its end before.

use super::Job;
use crate::domain::error_event::SessionError;
use crate::engine::ActError;
use crate::engine::mongodb::fix::change::FRAME;
use crate::engine::mongodb::session::{GRACE, MongoSession, elapsed_ms, frame, refused};
use crate::engine::mongodb::wire::{Refusal, WireError};
use bson::{Document, RawDocumentBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What was heard of a command.
#[derive(Debug)]
pub(super) enum Reply {
    /// The server did it, or part of it: its answer says.
    Done(RawDocumentBuf),
    /// The server refused it, or ended it.
    Refused(Refusal),
    /// Nothing, and why. It may have been done.
    Unheard(String),
}

/// A command that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) reply: Reply,
    /// Why it was told to end, when it was.
    ended: Option<SessionError>,
    took_ms: u64,
}

impl Sent {
    /// The refusal as an error: the reason for which we ended it, when we did.
    pub(super) fn error(&self, refusal: Refusal) -> SessionError {
        self.ended.clone().unwrap_or_else(|| refused(refusal, self.took_ms))
    }

    /// The answer of a command that changes nothing that lasts: whatever else was heard, nothing is changed.
    pub(super) fn harmless(self) -> Result<RawDocumentBuf, ActError> {
        let Self { reply, ended, took_ms } = self;
        Err(ActError::NotDone(match (reply, ended) {
            (Reply::Done(reply), None) => return Ok(reply),
            (_, Some(ended)) => ended,
            (Reply::Refused(refusal), None) => refused(refusal, took_ms),
            (Reply::Unheard(words), None) => SessionError::Lost(words),
        }))
    }
}

/// How long a command may take, and who may end it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// The server's time for it, milliseconds; 0 for none.
    pub(super) time_ms: u64,
    /// Beyond that time, for the server to wait for other members, milliseconds.
    pub(super) wait_ms: u64,
    /// Fires when a person wants it ended; none for what must come to its end.
    pub(super) stop: Option<&'a CancellationToken>,
}

impl MongoSession {
    /// Sends a command of an act.
    ///
    /// # Errors
    /// When it was not sent.
    pub(super) async fn send(
        &mut self,
        job: &Job<'_>,
        database: &str,
        command: Document,
        bounds: Bounds<'_>,
    ) -> Result<Sent, ActError> {
        if bounds.stop.is_some_and(CancellationToken::is_cancelled) {
            return Err(ActError::NotDone(SessionError::Canceled));
        }
        self.ready().await.map_err(ActError::NotDone)?;
        self.count += 1;
        let comment = format!("{} {}", job.name, self.count);
        let command = self.framed_for_an_act(job, command, &comment, bounds.time_ms);
        let started = Instant::now();
        let limit = Duration::from_millis(bounds.time_ms.saturating_add(bounds.wait_ms)) + GRACE;
        let heard = {
            let Some(wire) = self.wire.as_mut() else { return Err(ActError::NotDone(super::super::closed())) };
            let stopped = async {
                match bounds.stop {
                    Some(stop) => stop.cancelled().await,
                    None => std::future::pending().await,
                }
            };
            let late = async {
                if bounds.time_ms == 0 {
                    std::future::pending::<()>().await;
                }
                sleep_until(started + limit).await;
            };
            tokio::select! {
                biased;
                reply = wire.ask(database, command) => Ok(reply),
                () = stopped => Err(SessionError::Canceled),
                () = late => Err(SessionError::Deadline(elapsed_ms(started))),
            }
        };
        let took_ms = elapsed_ms(started);
        Ok(match heard {
            Ok(Ok(reply)) => Sent { reply: Reply::Done(reply), ended: None, took_ms },
            Ok(Err(WireError::Refused(refusal))) => Sent { reply: Reply::Refused(refusal), ended: None, took_ms },
            Ok(Err(WireError::Unwritable)) => {
                return Err(ActError::NotDone(SessionError::Unsupported(WireError::Unwritable.words())));
            }
            Ok(Err(error)) => {
                self.wire = None;
                Sent { reply: Reply::Unheard(error.words()), ended: None, took_ms }
            }
            // What must come to its end is not ended by us: only its answer is not awaited any longer.
            Err(why) if bounds.stop.is_none() => {
                self.wire = None;
                Sent { reply: Reply::Unheard(why.to_string()), ended: None, took_ms }
            }
            Err(why) => {
                let reply = match self.end(&comment).await {
                    Some(Ok(reply)) => return Ok(Sent { reply: Reply::Done(reply), ended: None, took_ms }),
                    Some(Err(refusal)) => Reply::Refused(refusal),
                    None => Reply::Unheard("it was told to end, and the server did not say whether it did".to_owned()),
                };
                Sent { reply, ended: Some(why), took_ms }
            }
        })
    }

    /// The statement's own time, comment and write concern make way for ours.
    fn framed_for_an_act(&self, job: &Job<'_>, mut command: Document, comment: &str, time_ms: u64) -> Document {
        let name = command.keys().next().cloned().unwrap_or_default();
        for field in FRAME.iter().filter(|field| **field != "writeConcern") {
            command.remove(*field);
        }
        // Every further field of this one is the name of a parameter, at least to older servers.
        if name != "setParameter" && frame::takes_comment(&name, self.facts.wire_version) {
            command.insert("comment", comment);
        }
        if time_ms > 0 {
            command.insert("maxTimeMS", i64::try_from(time_ms).unwrap_or(i64::MAX).min(i64::from(i32::MAX)));
        }
        let mode = if job.statement.is_replicated() { "primary" } else { "primaryPreferred" };
        command.insert("$readPreference", bson::doc! { "mode": mode });
        command
    }
}
