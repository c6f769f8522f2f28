//! Databases: one folder per engine, one registry. A `match` on the engine outside this folder is a defect.
//!
//! An engine is static data ([`EngineSpec`]): its names, its pure [`Dialect`], its views, and a few functions. What
//! differs at run time hides behind [`Session`], whose doors are `own` (our own constant queries), `read` (a
//! statement that the guard allowed) and `act` (one act that a person approved).

pub mod gates;
pub mod mongodb;
pub mod mysql;
mod near;
mod net;
pub mod oracle;
mod outages;
pub mod postgres;
pub mod redis;
pub mod simulation;
mod sql;
pub mod sqlite;
mod steps;

use crate::domain::activity::Sample;
use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::diagnosis::{Case, Diagnosis, Observation};
use crate::domain::dialect::Dialect;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::naming::ErrorNaming;
use crate::domain::error_event::{ConnectError, SessionError};
use crate::domain::guard::ticket::{Approved, Refusal};
use crate::domain::guard::{Allowed, Catalog};
use crate::domain::hosting::Hosting;
use crate::domain::procedure::{Check, Procedure, Verified};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::stage::End;
use crate::domain::proposal::survey::Survey;
pub use crate::domain::rows::RowSink;
use crate::domain::rows::{Column, Limits, Rows, Truncation, Value};
use crate::domain::schema::Schema;
use crate::domain::security::Encryption;
use crate::domain::target::{EngineId, Identity};
use async_trait::async_trait;
pub use outages::outages;
use secrecy::SecretString;
use simulation::Simulation;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A boxed future, so that engines can be static data.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the program inherited from the person's session: read once at start, so that connecting is a function of
/// its arguments.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// The operating system's user name.
    pub user: Option<String>,
    /// The folder in which the program was started.
    pub current_dir: Option<PathBuf>,
}

impl Surroundings {
    /// An environment variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

/// Everything needed to connect once.
#[derive(Clone)]
pub struct ConnectSettings {
    /// The URL or path as configured or typed; may hold a password, hence secret.
    pub url: SecretString,
    /// A password from elsewhere (prompt, `password_command`); wins over everything else.
    pub password: Option<SecretString>,
    /// Where to dial instead of the URL's host and port: the near end of a tunnel. Names of certificates, password
    /// files and everything shown go by the URL all the same.
    pub dial: Option<(String, u16)>,
    /// The name under which the server sees us: `dba-gpt watch`, `dba-gpt chat`.
    pub application: String,
    /// Time for the whole way in, at most.
    pub timeout: Duration,
    /// Environment, home, user.
    pub surroundings: Surroundings,
}

/// A query of our own: a constant of the program, never text from outside.
#[derive(Debug)]
pub struct Query {
    /// Name, for logs and for the list of what we send.
    pub name: &'static str,
    /// The statement. Fully qualified names only.
    pub text: &'static str,
    /// The server's time for it, milliseconds.
    pub timeout_ms: u64,
}

/// A parameter of one of our own queries.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
}

/// How a read ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadSummary {
    /// Time from sending to the last row, milliseconds.
    pub took_ms: u64,
    /// Notices and warnings that the server sent along. Untrusted text.
    pub notices: Vec<String>,
}

/// Where an act puts on disk what must outlive a crash, before it goes on.
#[async_trait]
pub trait Witness: Send {
    /// The statements that undo the act, made from the prior rows. The act must not happen when this fails.
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String>;
    /// The server's own name of the act (the number of its transaction), by which its end can be asked for later. The
    /// act must not happen when this fails.
    async fn mark(&mut self, mark: &str) -> Result<(), String>;
}

/// An act that happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Acted {
    /// Rows, documents or keys that changed, where the server counts them.
    pub rows: Option<u64>,
    /// Milliseconds.
    pub took_ms: u64,
    /// What the server said along the way. Untrusted text.
    pub notices: Vec<String>,
    /// What it answered, where that says more than rows: `true` for a session that was ended.
    pub answer: Option<String>,
}

/// An act that did not happen, or of which nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It was not sent, or the server refused it: nothing changed.
    #[error("nothing changed: {0}")]
    NotDone(SessionError),
    /// It was sent, did not fit what was approved, and was rolled back.
    #[error(transparent)]
    RolledBack(#[from] Refusal),
    /// The witness could not write, so it was not sent or was rolled back.
    #[error("nothing changed, because nothing could be written down: {0}")]
    NoWitness(String),
    /// It failed and left something that could not be cleaned up.
    #[error("it failed ({error}) and left {left}")]
    Wreck {
        /// What the server said.
        error: Box<SessionError>,
        /// What is left, and how to remove it.
        left: String,
    },
    /// The connection broke while it may have been committed.
    #[error("nobody knows whether it happened: {0}")]
    Unclear(String),
}

/// How an engine looks at an act before it happens, and after nobody heard of its end.
pub struct Fixing {
    /// What there is to know about an act, by reading alone: through a session's reading doors, so that a survey can
    /// change nothing. `login` is the one that would run it; none when the session itself is its.
    pub survey: for<'a> fn(&'a mut dyn Session, &'a Draft, Option<&'a str>) -> Task<'a, Result<Survey, SessionError>>,
    /// Fills in what tells the kind's sessions from later ones of the same number. Those that are gone are left out.
    pub freeze: for<'a> fn(&'a mut dyn Session, FixKind) -> Task<'a, Result<FixKind, SessionError>>,
    /// How an act ended of which the server gave this mark.
    pub ended: for<'a> fn(&'a mut dyn Session, &'a str) -> Task<'a, Result<End, SessionError>>,
    /// The URL with another login, without a password; none for engines without logins.
    pub with_login: fn(&SecretString, &str) -> Option<SecretString>,
    /// Answers a check by reading alone. What the engine has no such thing of is not known, in words.
    /// [`Check::Reading`], [`Check::Read`], [`Check::CauseGone`] and [`Check::All`] are answered by whoever asks.
    pub verify: for<'a> fn(&'a mut dyn Session, &'a Check) -> Task<'a, Result<Verified, SessionError>>,
}

/// When a probe of a diagnosis is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the beginning: what does not change within seconds.
    Once,
    /// At the beginning and at the end: counters.
    Ends,
    /// Every half second or so: who does and waits for what. Cheap queries only.
    Often,
}

/// One thing that a diagnosis reads.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// The query; its name is the observation's key.
    pub query: &'static Query,
    /// When.
    pub when: When,
}

/// What a diagnosis is about, for an engine that looks further.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The incident's object, as its error named it. Untrusted text.
    pub object: Option<String>,
    /// The incident's statement. Untrusted text.
    pub statement: Option<String>,
    /// The kind of its error.
    pub kind: Option<ErrorKind>,
}

/// Reads what needs parameters or depends on what was read before.
pub type LookFurther =
    for<'a> fn(&'a mut dyn Session, &'a Wanted, &'a mut Observation) -> Task<'a, Result<(), SessionError>>;

/// How an engine finds causes and knows what to do about them.
pub struct Examination {
    /// What is read on a server that says this about itself.
    pub probes: fn(&Identity) -> Vec<Probe>,
    /// What is read after that, once, at the end.
    pub look_further: Option<LookFurther>,
    /// Statements whose plans would tell more, each an EXPLAIN of its own that only plans: the guard judges them, and
    /// what it does not allow is left out.
    pub plans: fn(&Observation, &Wanted) -> Vec<String>,
    /// Decides on every cause that the engine can have.
    pub judge: fn(&Case<'_>) -> Diagnosis,
    /// What can be done about causes, in the order of the documentation.
    pub procedures: &'static [Procedure],
}

/// How an engine tells the definitions of its objects, for our history of them. Both read alone, wait for no lock
/// longer than the session's own short time, and are bounded.
pub struct Definitions {
    /// Every table, view and whatever else can be made anew, each with its fingerprint: one cheap look.
    pub fingerprints: for<'a> fn(&'a mut dyn Session) -> Task<'a, Result<Fingerprints, SessionError>>,
    /// The definitions of these. Those that are locked just now, or went away, are left out: they come with a later
    /// look.
    pub read: for<'a> fn(&'a mut dyn Session, Vec<Fingerprint>) -> Task<'a, Result<Vec<Definition>, SessionError>>,
}

/// A connection to one server.
#[async_trait]
pub trait Session: Send {
    /// What the server said about itself.
    fn identity(&self) -> &Identity;

    /// Runs one of our own queries. Small results only; bounded by the query's own time and by a number of
    /// rows that only the largest catalogues reach.
    async fn own(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError>;

    /// Runs a statement that the guard allowed: read-only on the server, bounded, rolled back, and cancelled on the
    /// server when `stop` fires or the deadline passes. The session is clean and usable afterwards, or
    /// [`SessionError::Lost`] says that it is not.
    async fn read(
        &mut self,
        statement: Allowed,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError>;

    /// Does one approved act, and nothing else: in a transaction of its own where the statement can have one, under the
    /// plan's time limits, under a name by which the server and a later run of this program can tell it. Before
    /// anything is changed the witness has the inverse, where it is made from prior rows. In the same transaction the
    /// touched objects are found again by number and the rows are counted against the approval; what does not fit is
    /// rolled back. `stop` cancels it on the server.
    async fn act(
        &mut self,
        approved: Approved,
        plan: &Survey,
        witness: &mut dyn Witness,
        stop: &CancellationToken,
    ) -> Result<Acted, ActError>;

    /// What the engine's own functions remember between two calls for this connection: readings that are too costly
    /// to take every time. Engines that remember nothing have none.
    fn memory(&mut self) -> Option<&mut (dyn std::any::Any + Send)> {
        None
    }

    /// Ends the session in order. Dropping it ends it too, less politely.
    async fn close(self: Box<Self>);
}

/// What a server tells about its errors beside the samples: its counters, and its log where the login may read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reports {
    /// How often each error was raised since the server's counters began. Differences of two looks tell something; a
    /// smaller number than before means that the server began anew.
    pub counts: Vec<ErrorCount>,
    /// What was added to the log since the last look.
    pub log: Vec<LogPiece>,
    /// Where this look ended, for the next one, also of another run of the program.
    pub place: Option<String>,
}

/// One of the server's counters of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCount {
    /// The native code.
    pub code: String,
    /// The engine's text for it, by which it is named.
    pub text: String,
    /// How often since the counters began.
    pub raised: u64,
}

/// Bytes of a server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// The name of its format among the dialect's.
    pub format: &'static str,
    /// What stands before each line, as the server's setting writes it, where lines have such a thing.
    pub prefix: Option<String>,
    /// Which log: pieces of one go together.
    pub origin: String,
    /// The bytes may begin within a line.
    pub torn: bool,
    /// They end anywhere.
    pub bytes: Vec<u8>,
}

/// One look at what a server tells about its errors, going on from the place where the last one ended.
pub type LookAtReports = for<'a> fn(&'a mut dyn Session, Option<&'a str>) -> Task<'a, Result<Reports, SessionError>>;

/// A table of the server view: activity and blocking come with every sample, these are asked for when shown.
#[derive(Debug)]
pub struct View {
    /// Name and `:` word.
    pub name: &'static str,
    /// The letter after `g`.
    pub key: char,
    /// Title on its frame.
    pub title: &'static str,
    /// The query. Its first column names the row and stays in place when columns scroll.
    pub query: &'static Query,
}

/// Something to connect to that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// URL without a password, ready to be used as a target.
    pub url: String,
    /// Where it was found: `unix socket /var/run/postgresql`, `~/.pg_service.conf [prod]`.
    pub source: String,
}

/// Where a URL leads and as whom, without a password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Destination {
    /// Host and port of each server, defaults filled in, in the order in which they are tried. Empty for files and
    /// sockets, which nothing stands in front of.
    pub servers: Vec<(String, u16)>,
    /// The user or role.
    pub user: Option<String>,
    /// How careful URL, environment and option files are about encryption. None for what goes over no network.
    pub encryption: Option<Encryption>,
}

/// A URL that a preset has checked and completed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The URL to use.
    pub url: SecretString,
    /// What works but should not stay so, a sentence each.
    pub warnings: Vec<String>,
}

/// What is known about the addresses of one provider: `preset = "NAME"` of a target.
pub struct Preset {
    /// The word in a configuration.
    pub name: &'static str,
    /// Checks a URL and completes it; the error says what to write instead.
    pub prepare: fn(&SecretString, &Surroundings) -> Result<Prepared, String>,
}

/// An engine as data.
pub struct EngineSpec {
    /// Id; also the name on the command line.
    pub id: EngineId,
    /// The name as people write it.
    pub name: &'static str,
    /// URL schemes, without `://`.
    pub schemes: &'static [&'static str],
    /// Endings of bare paths that mean this engine.
    pub file_endings: &'static [&'static str],
    /// The engine keeps a list of its sessions, so that a sample has them.
    pub has_sessions: bool,
    /// A login has a password, so that one can be asked for.
    pub takes_password: bool,
    /// Oldest version that is supported in full, in words.
    pub minimum_version: &'static str,
    /// Statements that make a login which sees what this program shows and can change nothing, for a person to read
    /// and run; empty for engines without logins.
    pub least_privilege: &'static str,
    /// The same for a second login, with which approved fixes may run: what the engine's own catalogue of fixes
    /// needs and no more; empty for engines without logins.
    pub least_privilege_fix: &'static str,
    /// How the gates behind the guard are asked for.
    pub gates: gates::Gates,
    /// Managed services and poolers by address.
    pub hosting: &'static Hosting,
    /// Providers whose addresses can be checked before connecting.
    pub presets: &'static [Preset],
    /// The pure half.
    pub dialect: &'static dyn Dialect,
    /// Views of the server screen.
    pub views: &'static [View],
    /// The printable address of a URL: no password, defaults filled in. Errors say what is wrong with the URL.
    pub address: fn(&SecretString, &Surroundings) -> Result<String, ConnectError>,
    /// Where a URL leads and as whom. Errors say what is wrong with the URL.
    pub destination: fn(&SecretString, &Surroundings) -> Result<Destination, ConnectError>,
    /// Connects and learns who is there.
    pub connect: for<'a> fn(&'a ConnectSettings) -> Task<'a, Result<Box<dyn Session>, ConnectError>>,
    /// One collection. `cycle` counts from 0: what is costly is read only on some cycles.
    pub sample: for<'a> fn(&'a mut dyn Session, u64) -> Task<'a, Result<Sample, SessionError>>,
    /// What the server tells about its errors; none for engines that tell nothing.
    /// [`SessionError::Unsupported`] says what the login, the version or the settings would have to be.
    pub reports: Option<LookAtReports>,
    /// How acts are looked at.
    pub fixing: &'static Fixing,
    /// How causes are found, and what is done about them.
    pub examination: &'static Examination,
    /// How the definitions of objects are read; none for engines whose objects have none.
    pub definitions: Option<&'static Definitions>,
    /// Errors that can be provoked on purpose, in the order of `domain::simulation`.
    pub simulations: &'static [Simulation],
    /// The objects of the connected database, and what the guard should know about them.
    pub schema: for<'a> fn(&'a mut dyn Session) -> Task<'a, Result<(Schema, Catalog), SessionError>>,
    /// The URL of another database on the same server, where the engine has several.
    pub with_database: fn(&SecretString, &str) -> Option<SecretString>,
    /// What there is to connect to on this machine, without connecting.
    pub discover: fn(&Surroundings) -> Vec<Found>,
}

/// Every engine.
pub static ENGINES: &[&EngineSpec] = &[&postgres::SPEC, &mysql::SPEC, &mongodb::SPEC, &redis::SPEC, &sqlite::SPEC];

/// The engine of a name.
pub fn by_name(name: &str) -> Option<&'static EngineSpec> {
    ENGINES.iter().copied().find(|e| e.id.0 == name)
}

/// The errors of a name: of an engine, or of a product whose errors are known although nobody connects to it.
pub fn errors_of(name: &str) -> Option<&'static dyn ErrorNaming> {
    by_name(name).map(|e| e.dialect.errors()).or_else(|| (name == oracle::ID.0).then_some(oracle::ERRORS))
}

/// Every name that [`errors_of`] knows.
pub fn names_with_errors() -> Vec<&'static str> {
    ENGINES.iter().map(|e| e.id.0).chain([oracle::ID.0]).collect()
}

/// The engine of a URL or path.
pub fn by_url(url: &str) -> Option<&'static EngineSpec> {
    let scheme = url.split_once(':').map(|(s, _)| s.to_ascii_lowercase());
    ENGINES.iter().copied().find(|e| {
        scheme.as_deref().is_some_and(|s| e.schemes.contains(&s))
            || (!url.contains("://") && e.file_endings.iter().any(|end| url.to_ascii_lowercase().ends_with(end)))
    })
}

/// Keeps a result in memory within its limits.
#[derive(Debug)]
pub struct Collector {
    rows: Rows,
    bytes: usize,
    limits: Limits,
}

impl Collector {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self { rows: Rows::default(), bytes: 0, limits }
    }
    /// What was kept.
    pub fn into_rows(self) -> Rows {
        self.rows
    }
}

impl RowSink for Collector {
    fn columns(&mut self, columns: Vec<Column>) {
        self.rows.columns = columns;
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        if self.rows.rows.len() == self.limits.rows {
            self.rows.truncated = Some(Truncation::Rows(self.limits.rows));
            return ControlFlow::Break(());
        }
        self.bytes += row.iter().map(Value::size).sum::<usize>() + 32 * row.len();
        if self.bytes > self.limits.bytes {
            self.rows.truncated = Some(Truncation::Bytes(self.limits.bytes));
            return ControlFlow::Break(());
        }
        self.rows.rows.push(row);
        ControlFlow::Continue(())
    }
}
