//! What the program remembers: a SQLite file of our own, on its own thread, behind one cloneable handle.
//!
//! ```text
//! Store --commands--> worker (thread) --> recorder -> samples, sessions (texts), attempts   history of targets
//!       <--answers---                 --> conversations, preferences               history of the person
//!                                     --> proposals                                acts, waiting and past
//!                                     --> learning                                 how acts went
//!                                     --> rules                                        what the person wants to hear of
//! audit: a file of its own, hash-chained
//! open: files (0700/0600, local disk, lock), settings, migrations with backups     retention: forgetting
//!       salvage: what can be read of a damaged store
//! ```
//!
//! Time is an argument everywhere. What was acknowledged survives a crash and a power cut; the one exception are the
//! collections of the running ten seconds, which wait in memory ([`Store::record`]). Statements, lines and
//! conversations are redacted before they are written; the statement of a proposal is kept byte for byte. The same file may be used by several processes at once.

mod attempts;
pub mod audit;
mod claims;
mod conversations;
mod definitions;
mod error;
mod files;
pub mod incidents;
mod learning;
mod open;
mod preferences;
mod proposals;
mod recorder;
mod retention;
mod rules;
mod salvage;
mod samples;
mod sessions;
mod texts;
mod worker;

pub use claims::{Claim, claim, claim_detection};
pub use conversations::{Conversation, ENTRY_BYTES, Entry, INPUT_LINES};
pub use error::StoreError;
pub use files::private_folder;
pub use open::Notice;
pub use proposals::{PROPOSAL_BYTES, UnreadProposal};
pub use retention::{Pruned, Retention};
pub use samples::Usuals;
pub use sessions::{History, Moment};

use crate::domain::activity::Sample;
use crate::domain::attempt::{Attempt, Record as AttemptRecord};
use crate::domain::connection::KnownFix;
use crate::domain::metric::MetricId;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::{TargetId, Timestamp};
use recorder::Recorder;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use worker::{Command, Reply, Worker};

/// Commands that may wait for the thread; whoever has more to say waits for room.
const QUEUE: usize = 64;

/// A handle of the store. Cloning it is cheap; the thread ends when the last one is dropped or one is closed.
#[derive(Debug, Clone)]
pub struct Store {
    commands: mpsc::Sender<Command>,
}

/// A store that was opened, and what the person should know about it.
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub store: Store,
    /// Damage that was put aside, a migration, a doubtful disk.
    pub notices: Vec<Notice>,
}

impl Store {
    /// Opens the store in a folder, making both if they are not there, and starts its thread. Blocks for some
    /// milliseconds, or for as long as another process migrates it: not for the thread that draws.
    pub fn open(folder: &Path, now: Timestamp, retention: &Retention) -> Result<Opened, StoreError> {
        let open::Opening { connection, folder, notices } = open::open(folder, now, retention.max_bytes)?;
        let worker = Worker { db: connection, folder, retention: *retention, recorder: Recorder::default() };
        let (commands, receiver) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("store".to_owned()).spawn(move || worker.run(receiver)).map_err(|error| {
            StoreError::Failed { operation: "start the store's thread".to_owned(), message: error.to_string() }
        })?;
        Ok(Opened { store: Self { commands }, notices })
    }

    /// Whether a folder holds a store: who only asks does not make one.
    pub fn exists(folder: &Path) -> bool {
        folder.join(files::STORE).exists()
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes one collection of a target, with raw readings; what is stored are values as shown, counters as rates per
    /// second. The last collection of every ten seconds is kept; it is written when a later one arrives, together with
    /// those of the other targets, or at [`Self::flush`]. A crash loses at most those.
    pub async fn record(&self, target: &TargetId, sample: Arc<Sample>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Record(target.clone(), sample, reply)).await
    }
    /// Takes an attempt to connect; it is written with the collections of its ten seconds.
    pub async fn attempted(&self, target: &TargetId, attempt: Attempt) -> Result<(), StoreError> {
        self.ask(|reply| Command::Attempted(target.clone(), attempt, reply)).await
    }
    /// The last attempts of a target, and how many succeeded within each span that ends now.
    pub async fn attempts(&self, target: &TargetId, now: Timestamp) -> Result<AttemptRecord, StoreError> {
        self.ask(|reply| Command::Attempts(target.clone(), now, reply)).await
    }
    /// Remembers the changed setting that let us in.
    pub async fn keep_fix(&self, target: &TargetId, fix: KnownFix) -> Result<(), StoreError> {
        self.ask(|reply| Command::KeepFix(target.clone(), fix, reply)).await
    }
    /// The changed setting that let us in the last time, if there was one.
    pub async fn fix(&self, target: &TargetId) -> Result<Option<KnownFix>, StoreError> {
        self.ask(|reply| Command::Fix(target.clone(), reply)).await
    }
    /// Writes the collections that wait.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.ask(Command::Flush).await
    }
    /// What is usual for each metric of a target at this time of day. Empty until five minutes have been recorded.
    pub async fn usual(&self, target: &TargetId, now: Timestamp) -> Result<Usuals, StoreError> {
        self.ask(|reply| Command::Usual(target.clone(), now, reply)).await
    }
    /// The values of one metric, oldest first, both ends included: as stored for `raw_hours`, five-minute means
    /// before. Times without a point were not measured.
    pub async fn series(
        &self,
        target: &TargetId,
        metric: MetricId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, f64)>, StoreError> {
        self.ask(|reply| Command::Series(target.clone(), metric, (from, to), reply)).await
    }
    /// All values of a target of a short span, oldest first, both ends included: what a dashboard begins with.
    pub async fn values_between(
        &self,
        target: &TargetId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(MetricId, Timestamp, f64)>, StoreError> {
        self.ask(|reply| Command::Values(target.clone(), (from, to), reply)).await
    }
    /// Who did what between two moments, both included; at most `cap` sessions in all.
    pub async fn sessions_between(
        &self,
        target: &TargetId,
        from: Timestamp,
        to: Timestamp,
        cap: usize,
    ) -> Result<History, StoreError> {
        self.ask(|reply| Command::Sessions(target.clone(), (from, to), cap, reply)).await
    }

    /// Begins a conversation and gives its number.
    pub async fn begin_conversation(
        &self,
        name: &str,
        target: Option<&TargetId>,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let target = target.map(|t| t.as_str().to_owned());
        self.ask(|reply| Command::Begin(name.to_owned(), target, now, reply)).await
    }
    /// Adds entries to a conversation, all or none.
    pub async fn append(&self, conversation: i64, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.ask(|reply| Command::Append(conversation, entries, reply)).await
    }
    /// A conversation and its entries, oldest first.
    pub async fn conversation(&self, id: i64) -> Result<(Conversation, Vec<Entry>), StoreError> {
        self.ask(|reply| Command::Load(id, reply)).await
    }
    /// All conversations, the one used last first.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, StoreError> {
        self.ask(Command::List).await
    }
    /// Gives a conversation another name.
    pub async fn rename_conversation(&self, id: i64, name: &str, now: Timestamp) -> Result<(), StoreError> {
        self.ask(|reply| Command::Rename(id, name.to_owned(), now, reply)).await
    }
    /// Deletes a conversation with its entries.
    pub async fn delete_conversation(&self, id: i64) -> Result<(), StoreError> {
        self.ask(|reply| Command::Delete(id, reply)).await
    }

    /// Keeps a line of input for the composer's history, the last [`INPUT_LINES`] of them.
    pub async fn remember_line(&self, line: &str) -> Result<(), StoreError> {
        self.ask(|reply| Command::RememberLine(line.to_owned(), reply)).await
    }
    /// The lines of input, oldest first.
    pub async fn lines(&self) -> Result<Vec<String>, StoreError> {
        self.ask(Command::Lines).await
    }

    /// A small thing that was remembered.
    pub async fn preference(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.ask(|reply| Command::Preference(key.to_owned(), reply)).await
    }
    /// Remembers a small thing; none forgets it.
    pub async fn set_preference(&self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.ask(|reply| Command::SetPreference(key.to_owned(), value.map(str::to_owned), reply)).await
    }

    /// Gives a proposal its number and keeps it. It is on disk when this returns.
    pub async fn file_proposal(&self, proposal: Proposal) -> Result<Proposal, StoreError> {
        self.ask(|reply| Command::FileProposal(Box::new(proposal), reply)).await
    }
    /// A proposal by its number.
    ///
    /// # Errors
    /// [`StoreError::UnreadProposal`] for one that another version of the program wrote.
    pub async fn proposal(&self, id: u64) -> Result<Option<Proposal>, StoreError> {
        self.ask(|reply| Command::Proposal(id, reply)).await
    }
    /// All proposals that are not closed, and the newest `closed` others, newest first. Those that another version of
    /// the program wrote are left out here and named by [`Self::unread_proposals`].
    pub async fn proposals(&self, closed: usize) -> Result<Vec<Proposal>, StoreError> {
        self.ask(|reply| Command::Proposals(closed, reply)).await
    }
    /// Proposals that another version of the program wrote and this one cannot read, newest first.
    pub async fn unread_proposals(&self) -> Result<Vec<UnreadProposal>, StoreError> {
        self.ask(Command::UnreadProposals).await
    }
    /// Puts a proposal in the place of its earlier self, which has to stand at `expected`. False, with nothing
    /// changed, when it does not any more, when something happened to it that the new one does not know of (its
    /// happenings go on from the stored ones), or when there is none: another process was faster. True when it is on
    /// disk.
    pub async fn replace_proposal(&self, expected: Stage, proposal: Proposal) -> Result<bool, StoreError> {
        self.ask(|reply| Command::ReplaceProposal(expected, Box::new(proposal), reply)).await
    }

    /// One step of forgetting what is too old. Call it every few minutes, and again at once while there is more.
    pub async fn prune(&self, now: Timestamp) -> Result<Pruned, StoreError> {
        self.ask(|reply| Command::Prune(now, reply)).await
    }
    /// Reads the whole file and looks for damage; other commands wait meanwhile. Damage is put aside at the next
    /// start. For some time after the first screen, once a run.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.ask(Command::Check).await
    }
    /// Writes what waits and ends the thread, also for other handles.
    pub async fn close(self) -> Result<(), StoreError> {
        self.ask(Command::Close).await
    }
}
