//! The store's own thread: takes one command after the other and answers each.

use super::attempts;
use super::conversations::{self, Conversation, Entry};
use super::definitions;
use super::error::StoreError;
use super::files;
use super::incidents;
use super::learning;
use super::preferences;
use super::proposals::{self, UnreadProposal};
use super::recorder::Recorder;
use super::retention::{self, Pruned, Retention};
use super::rules;
use super::samples::{self, Usuals};
use super::sessions::{self, History};
use crate::domain::activity::Sample;
use crate::domain::attempt::{Attempt, Record};
use crate::domain::connection::KnownFix;
use crate::domain::metric::MetricId;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Where an answer goes. Whoever asked may be gone; that is no error.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the store can be asked.
pub(super) enum Command {
    Record(TargetId, Arc<Sample>, Reply<()>),
    Attempted(TargetId, Attempt, Reply<()>),
    Attempts(TargetId, Timestamp, Reply<Record>),
    KeepFix(TargetId, KnownFix, Reply<()>),
    Fix(TargetId, Reply<Option<KnownFix>>),
    Flush(Reply<()>),
    Usual(TargetId, Timestamp, Reply<Usuals>),
    Series(TargetId, MetricId, (Timestamp, Timestamp), Reply<Vec<(Timestamp, f64)>>),
    Values(TargetId, (Timestamp, Timestamp), Reply<Vec<(MetricId, Timestamp, f64)>>),
    Sessions(TargetId, (Timestamp, Timestamp), usize, Reply<History>),
    Begin(String, Option<String>, Timestamp, Reply<i64>),
    Append(i64, Vec<Entry>, Reply<()>),
    Load(i64, Reply<(Conversation, Vec<Entry>)>),
    List(Reply<Vec<Conversation>>),
    Rename(i64, String, Timestamp, Reply<()>),
    Delete(i64, Reply<()>),
    RememberLine(String, Reply<()>),
    Lines(Reply<Vec<String>>),
    Preference(String, Reply<Option<String>>),
    SetPreference(String, Option<String>, Reply<()>),
    FileProposal(Box<Proposal>, Reply<Proposal>),
    Proposal(u64, Reply<Option<Proposal>>),
    Proposals(usize, Reply<Vec<Proposal>>),
    UnreadProposals(Reply<Vec<UnreadProposal>>),
    ReplaceProposal(Stage, Box<Proposal>, Reply<bool>),
    Incidents(incidents::Asked),
    Learning(learning::Asked),
    Definitions(definitions::Asked),
    Rules(rules::Asked),
    Prune(Timestamp, Reply<Pruned>),
    Check(Reply<()>),
    Close(Reply<()>),
}

/// The thread's own things.
pub(super) struct Worker {
    pub(super) db: Connection,
    pub(super) folder: PathBuf,
    pub(super) retention: Retention,
    pub(super) recorder: Recorder,
}

impl Worker {
    /// Works until [`Command::Close`], or until every handle is gone. Either way, what waits is written.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut asked_to = None;
        while let Some(command) = commands.blocking_recv() {
            if let Command::Close(reply) = command {
                asked_to = Some(reply);
                break;
            }
            self.answer(command);
        }
        let outcome = self.close();
        if let Some(reply) = asked_to {
            let _ = reply.send(outcome);
        }
    }

    fn answer(&mut self, command: Command) {
        let db = &mut self.db;
        match command {
            Command::Record(target, sample, reply) => {
                let outcome = self.recorder.record(db, target, sample).map_err(StoreError::of("keep the sample"));
                self.send(reply, outcome);
            }
            Command::Attempted(target, attempt, reply) => {
                let outcome =
                    self.recorder.attempted(db, target, attempt).map_err(StoreError::of("keep the attempt to connect"));
                self.send(reply, outcome);
            }
            Command::Attempts(target, now, reply) => {
                let outcome = self.flush().and_then(|()| {
                    attempts::record(&self.db, &target, now).map_err(StoreError::of("read the attempts to connect"))
                });
                self.send(reply, outcome);
            }
            Command::KeepFix(target, fix, reply) => {
                let outcome = attempts::keep_fix(db, &target, &fix).map_err(StoreError::of("keep the changed setting"));
                self.send(reply, outcome);
            }
            Command::Fix(target, reply) => {
                let outcome = attempts::fix(db, &target).map_err(StoreError::of("read the changed setting"));
                self.send(reply, outcome);
            }
            Command::Flush(reply) => {
                let outcome = self.flush();
                self.send(reply, outcome);
            }
            Command::Usual(target, now, reply) => {
                let outcome = samples::usual(db, &target, now).map_err(StoreError::of("read what is usual"));
                self.send(reply, outcome);
            }
            Command::Series(target, metric, span, reply) => {
                let outcome = self.flush().and_then(|()| {
                    samples::series(&self.db, &target, metric, span).map_err(StoreError::of("read the history"))
                });
                self.send(reply, outcome);
            }
            Command::Values(target, span, reply) => {
                let outcome = self.flush().and_then(|()| {
                    samples::values_between(&self.db, &target, span).map_err(StoreError::of("read the history"))
                });
                self.send(reply, outcome);
            }
            Command::Sessions(target, span, cap, reply) => {
                let outcome = self.flush().and_then(|()| {
                    sessions::between(&self.db, &target, span, cap).map_err(StoreError::of("read the sessions"))
                });
                self.send(reply, outcome);
            }
            Command::Begin(name, target, now, reply) => {
                let outcome = conversations::begin(db, &name, target.as_deref(), now)
                    .map_err(StoreError::of("begin a conversation"));
                self.send(reply, outcome);
            }
            Command::Append(id, entries, reply) => {
                let outcome = conversations::append(db, id, entries);
                self.send(reply, outcome);
            }
            Command::Load(id, reply) => {
                let outcome = conversations::load(db, id);
                self.send(reply, outcome);
            }
            Command::List(reply) => {
                let outcome = conversations::list(db).map_err(StoreError::of("list the conversations"));
                self.send(reply, outcome);
            }
            Command::Rename(id, name, now, reply) => {
                let outcome = conversations::rename(db, id, &name, now);
                self.send(reply, outcome);
            }
            Command::Delete(id, reply) => {
                let outcome = conversations::delete(db, id);
                self.send(reply, outcome);
            }
            Command::RememberLine(line, reply) => {
                let outcome = conversations::remember_line(db, &line).map_err(StoreError::of("keep the line"));
                self.send(reply, outcome);
            }
            Command::Lines(reply) => {
                let outcome = conversations::lines(db).map_err(StoreError::of("read the lines"));
                self.send(reply, outcome);
            }
            Command::Preference(key, reply) => {
                let outcome = preferences::get(db, &key).map_err(StoreError::of("read a preference"));
                self.send(reply, outcome);
            }
            Command::SetPreference(key, value, reply) => {
                let outcome = preferences::set(db, &key, value.as_deref()).map_err(StoreError::of("keep a preference"));
                self.send(reply, outcome);
            }
            Command::FileProposal(proposal, reply) => {
                let outcome = proposals::file(db, *proposal);
                self.send(reply, outcome);
            }
            Command::Proposal(id, reply) => {
                let outcome = proposals::get(db, id);
                self.send(reply, outcome);
            }
            Command::Proposals(closed, reply) => {
                let outcome = proposals::list(db, closed).map_err(StoreError::of("list the proposals"));
                self.send(reply, outcome);
            }
            Command::UnreadProposals(reply) => {
                let outcome = proposals::unread(db).map_err(StoreError::of("list the proposals"));
                self.send(reply, outcome);
            }
            Command::ReplaceProposal(expected, proposal, reply) => {
                let outcome = proposals::replace(db, expected, &proposal);
                self.send(reply, outcome);
            }
            Command::Incidents(asked) => {
                if incidents::answer(db, asked) {
                    files::mark_damaged(&self.folder);
                }
            }
            Command::Learning(asked) => learning::answer(db, asked),
            Command::Definitions(asked) => {
                if definitions::answer(db, asked) {
                    files::mark_damaged(&self.folder);
                }
            }
            Command::Rules(asked) => rules::answer(db, asked),
            Command::Prune(now, reply) => {
                let outcome = retention::prune(db, now, &self.retention).map_err(StoreError::of("forget old samples"));
                self.send(reply, outcome);
            }
            Command::Check(reply) => {
                let outcome = check(db);
                self.send(reply, outcome);
            }
            // `run` ends with it.
            Command::Close(_) => {}
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.recorder.flush(&mut self.db).map_err(StoreError::of("keep the sample"))
    }

    /// Writes what waits and closes the file, which brings the write-ahead log home if nobody else has it open.
    fn close(mut self) -> Result<(), StoreError> {
        let written = self.flush();
        self.note_damage(&written);
        let closed = self.db.close().map_err(|(_, error)| StoreError::of("close the store")(error));
        written.and(closed)
    }

    fn send<T>(&self, reply: Reply<T>, outcome: Result<T, StoreError>) {
        self.note_damage(&outcome);
        let _ = reply.send(outcome);
    }

    fn note_damage<T>(&self, outcome: &Result<T, StoreError>) {
        if matches!(outcome, Err(StoreError::Damaged { .. })) {
            files::mark_damaged(&self.folder);
        }
    }
}

/// Reads the whole file and looks for damage.
fn check(db: &Connection) -> Result<(), StoreError> {
    const OPERATION: &str = "check the store";
    let verdict: String =
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(StoreError::of(OPERATION))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged { operation: OPERATION }) }
}
