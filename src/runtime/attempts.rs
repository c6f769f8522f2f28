//! Connecting with a record of it: every attempt that reaches for a server is told to the core, with its time.

use super::clock;
use super::connect::Door;
use crate::app::event::Event;
use crate::domain::attempt::{Attempt, Purpose};
use crate::domain::error_event::{ConnectError, ConnectKind, NOT_SENT};
use crate::domain::target::{TargetId, Timestamp};
use crate::engine::{EngineSpec, Session};
use std::time::Instant;
use tokio::sync::mpsc;

/// Tells the core of attempts to reach one target.
#[derive(Clone)]
pub(super) struct Recorder {
    id: TargetId,
    out: mpsc::Sender<Event>,
}

impl Recorder {
    /// For a target.
    pub(super) fn new(id: TargetId, out: mpsc::Sender<Event>) -> Self {
        Self { id, out }
    }

    /// Connects, and tells how it went. When the caller gives up waiting, that is told as an attempt without an
    /// answer.
    pub(super) async fn open(
        &self,
        door: &Door,
        spec: &'static EngineSpec,
        database: Option<&str>,
        purpose: Purpose,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let mut pending = Pending { recorder: self, purpose, at: clock::now(), began: Instant::now(), ended: false };
        let result = door.open(spec, database, purpose.word()).await;
        pending.ended = true;
        // A login that was not sent is no attempt.
        if result.as_ref().err().is_none_or(|error| error.code != NOT_SENT) {
            let mut attempt = Attempt::new(pending.at, purpose, result.as_ref().err(), pending.took_ms());
            attempt.setting = door.change_words();
            let _ = self.out.send(Event::Attempted(clock::now(), self.id.clone(), attempt)).await;
        }
        result
    }
}

/// An attempt under way.
struct Pending<'a> {
    recorder: &'a Recorder,
    purpose: Purpose,
    at: Timestamp,
    began: Instant,
    ended: bool,
}

impl Pending<'_> {
    fn took_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let error = ConnectError::new(ConnectKind::Unreachable, "no answer in time; the attempt was given up");
            let attempt = Attempt::new(self.at, self.purpose, Some(&error), self.took_ms());
            let id = self.recorder.id.clone();
            let _ = self.recorder.out.try_send(Event::Attempted(clock::now(), id, attempt));
        }
    }
}
