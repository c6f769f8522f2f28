//! Everything that can happen to the program, as one closed enum.

use super::action::Action;
use super::approvals::Shown;
use super::chat::{ConversationSummary, Entry};
use super::incidents::Remembered;
use crate::domain::activity::{Sample, SessionInfo};
use crate::domain::attempt::{Attempt, Record};
use crate::domain::connection::{Change, Found, KnownFix};
use crate::domain::definition::Version;
use crate::domain::error_event::{ConnectError, ConnectKind, SessionError};
use crate::domain::guard::ticket::Moment;
use crate::domain::guard::{Catalog, Judgement};
use crate::domain::health::Usual;
use crate::domain::incident::Incident;
use crate::domain::incident::book;
use crate::domain::incident::detect::Counted;
use crate::domain::learning::Learned;
use crate::domain::metric::MetricId;
use crate::domain::procedure::Examined;
use crate::domain::proposal::advice::Advice;
use crate::domain::proposal::survey::Survey;
use crate::domain::proposal::{Draft, Proposal};
use crate::domain::rows::Rows;
use crate::domain::rule::Measure;
use crate::domain::schema::Schema;
use crate::domain::simulation::Simulated;
use crate::domain::target::{Identity, TargetId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names a question; its answer carries the same number, and answers to old questions are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

/// One thing that happened. `now` is our wall clock in every event that has one.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Time passed.
    Tick(Timestamp),
    /// Both clocks, read before the acts of a key and at a tick. An approval is measured by them: without them none can
    /// be given.
    Clock(Moment),
    /// A frame was drawn on the terminal, and what it showed.
    Drawn(Moment, Shown),
    /// A person did something.
    Action(Timestamp, Action),
    /// A collection ended.
    Sampled(Timestamp, TargetId, u64, Result<Box<Collected>, Failure>),
    /// An attempt to connect to a target ended, whatever it was for.
    Attempted(Timestamp, TargetId, Attempt),
    /// What the store remembers of a target's attempts.
    RecordLoaded(TargetId, Record),
    /// Probes after a failure have ended.
    LookedRound(TargetId, Vec<Found>),
    /// A changed setting is in use: the new address, and the URL without its password. Or why it cannot be.
    SettingChanged(Timestamp, TargetId, Result<(String, String), String>, Change, String),
    /// The changed setting that let us in the last time.
    FixRemembered(TargetId, KnownFix),
    /// A view of a server arrived.
    ViewLoaded(Timestamp, TargetId, &'static str, Result<Rows, String>),
    /// A database's objects arrived.
    SchemaLoaded(TargetId, Option<String>, Result<(Arc<Schema>, Arc<Catalog>), String>),
    /// Rows arrived so far for a running statement.
    ReadProgress(RequestId, u64),
    /// A statement of a chat turn ended. The number is its place in the turn.
    ReadDone(Timestamp, RequestId, usize, Result<Box<ReadResult>, ReadError>),
    /// A statement's export ended; its words come as a message.
    ExportDone(Timestamp, RequestId),
    /// An act was looked at on its server.
    Surveyed(Timestamp, RequestId, Result<Box<Surveyed>, ReadError>),
    /// The proposals that are kept, newest first.
    ProposalsLoaded(Vec<Proposal>),
    /// What earlier fixes have taught.
    LearnedLoaded(Box<Learned>),
    /// The acts that changed something, newest first, and whether there are older ones.
    ChangesLoaded(Vec<Proposal>, bool),
    /// A proposal was filed, decided, or moved on.
    ProposalChanged(Timestamp, Box<Proposal>),
    /// A proposal could not be filed, decided or carried out, and why; it stands where it stood.
    ProposalRefused(Timestamp, u64, String),
    /// A server is being watched for a diagnosis; per cent.
    DiagnosisProgress(RequestId, u8),
    /// A diagnosis ended, or why there is none.
    Diagnosed(Timestamp, RequestId, TargetId, Result<Box<Examined>, String>),
    /// An error was provoked on a target, or why none was.
    Simulated(Timestamp, TargetId, Result<Box<Simulated>, String>),
    /// What the store remembers of incidents.
    IncidentsLoaded(Timestamp, Box<Remembered>),
    /// An incident changed by an act of ours.
    IncidentChanged(Timestamp, Box<Incident>),
    /// Errors, their ends, or time changed incidents.
    IncidentsChanged(Timestamp, Vec<book::Change>),
    /// This process has the claim on detection, or lost it.
    Detects(Timestamp, bool),
    /// The errors that a server counted itself, all since its counters began.
    Counted(Timestamp, TargetId, Vec<Counted>),
    /// What is asked of a target for its own sake (a check of the person's own, a rule) got this number.
    Answered(Timestamp, TargetId, Measure, f64),
    /// Sessions of a past moment arrived from the store.
    HistoryLoaded(Timestamp, RequestId, Result<Vec<PastSession>, String>),
    /// How an object of a target was defined, newest first.
    DefinitionsLoaded(Timestamp, TargetId, String, Vec<Version>),
    /// What is usual for a target.
    UsualLoaded(TargetId, BTreeMap<MetricId, Usual>),
    /// A target's last stored values, so that sparklines begin before this start of the program.
    SeriesLoaded(TargetId, Vec<(MetricId, Timestamp, f64)>),
    /// The conversations in the store, newest first.
    ConversationsLoaded(Vec<ConversationSummary>),
    /// One conversation was read from the store.
    ConversationOpened(i64, String, Vec<Entry>),
    /// The store gave a new conversation its number.
    ConversationCreated(i64),
    /// The lines typed before, oldest first.
    InputHistory(Vec<String>),
    /// The demo database is being made; per cent.
    DemoProgress(u8),
    /// Servers and files of this machine that could be watched.
    Offer(Vec<String>),
    /// A line for the person. `true` marks a failure.
    Message(Timestamp, String, bool),
}

/// A complete collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// Who answered; always the current identity.
    pub identity: Identity,
    /// What was read.
    pub sample: Sample,
}

/// A collection that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Kind of the connection failure; `Unreachable` for a deadline, `Other` for a server's error.
    pub kind: ConnectKind,
    /// The engine's own code; often empty.
    pub code: String,
    /// The message for the person.
    pub message: String,
}

impl Failure {
    /// One without a code.
    pub fn new(kind: ConnectKind, message: impl Into<String>) -> Self {
        Self { kind, code: String::new(), message: message.into() }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self { kind: error.kind, code: error.code, message: error.message }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Connect(error) => error.into(),
            SessionError::Lost(_) | SessionError::Deadline(_) => Self::new(ConnectKind::Unreachable, error.to_string()),
            SessionError::Server(ref said) => {
                Self { kind: ConnectKind::Other, code: said.code.clone(), message: error.to_string() }
            }
            _ => Self::new(ConnectKind::Other, error.to_string()),
        }
    }
}

/// What was found about an act, and everything that a proposal is made of besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Surveyed {
    /// The act, frozen and rendered.
    pub draft: Draft,
    /// What was found.
    pub survey: Survey,
    /// What to think of.
    pub advice: Vec<Advice>,
    /// The login that would run it; empty for engines without logins.
    pub login: String,
    /// Persons who have to approve.
    pub approvers: u8,
}

/// A statement's result.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadResult {
    /// Rows within the limits.
    pub rows: Rows,
    /// Time it took, milliseconds.
    pub took_ms: u64,
    /// The server's notices.
    pub notices: Vec<String>,
}

/// Why a statement gave no result.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadError {
    /// The guard refused it at the door.
    Refused(Judgement),
    /// The session failed.
    Session(SessionError),
}

/// A session as it was at a stored sample.
#[derive(Debug, Clone, PartialEq)]
pub struct PastSession {
    /// When the sample was taken.
    pub at: Timestamp,
    /// The session.
    pub session: SessionInfo,
}
