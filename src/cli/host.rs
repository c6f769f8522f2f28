//! What the runtime does for a command: connections, the clock, the store, the streams.

use super::approvals::Proposals;
use super::audit::{AuditCheck, AuditEntry, AuditTrouble};
use super::vault::{VaultAnswer, VaultOrder, VaultTrouble};
use super::{Ended, Exit};
use crate::app::effect::DiagnoseRequest;
use crate::app::event::PastSession;
use crate::config::args::Common;
use crate::domain::attempt::Record;
use crate::domain::connection::{Change, Found, KnownFix, Probe};
use crate::domain::error::event::ErrorEvent;
use crate::domain::error_event::{ConnectError, SessionError};
use crate::domain::guard::ticket::{Consent, Moment};
use crate::domain::health::Usual;
use crate::domain::incident::figures::Figures;
use crate::domain::incident::{Filter, Incident, Pattern};
use crate::domain::learning::Learned;
use crate::domain::metric::MetricId;
use crate::domain::procedure::Examined;
use crate::domain::proposal::{Draft, NotProposed, Proposal};
use crate::domain::rule::Rule;
use crate::domain::schedule::Patience;
use crate::domain::security::Facts;
use crate::domain::simulation::{NotSimulated, Simulated};
use crate::domain::target::{Target, TargetId, Timestamp};
use crate::domain::text;
use crate::engine::{Session, Surroundings};
use crate::export::table::TextTable;
use async_trait::async_trait;
use serde_json::Map;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use tokio_util::sync::CancellationToken;

/// What a command cannot do itself, because it holds no secret, no clock and no file of ours.
#[async_trait]
pub trait Host: Send + Sync {
    /// Our wall clock.
    fn now(&self) -> Timestamp;

    /// Lets time pass.
    async fn sleep(&self, milliseconds: u64);

    /// A token that fires when the person presses Ctrl+C or the process is asked to end. Until it is asked for, such
    /// a signal ends the process at once, which is right for commands that hold nothing.
    fn interrupt(&self) -> CancellationToken;

    /// Makes ready what the targets need before anyone connects to them: passwords that only the person knows, and
    /// the demo's database, where it is used.
    /// The error is words for the person.
    async fn prepare(&self) -> Result<(), String>;

    /// Connects to one of the targets. Gives up by itself within [`Host::patience_ms`].
    async fn connect(&self, target: &TargetId) -> Result<Box<dyn Session>, ConnectError>;

    /// The longest that connecting to a target takes, milliseconds: its time for a login, and that of its tunnel and
    /// its password command.
    fn patience_ms(&self, target: &TargetId) -> u64;

    /// How the vault opens, without opening it; none when there is none. The error says what is wrong with it.
    fn vault_state(&self) -> Result<Option<&'static str>, String>;

    /// Reads or changes the vault of passwords, and asks the person for what opens it.
    async fn vault(&self, order: VaultOrder) -> Result<VaultAnswer, VaultTrouble>;

    /// What is usual for a target, from the store; empty without one.
    async fn usual(&self, target: &TargetId) -> BTreeMap<MetricId, Usual>;

    /// What the store remembers of the attempts to reach a target; empty without one.
    async fn record(&self, _target: &TargetId) -> Record {
        Record::default()
    }

    /// The changed setting that let us in the last time, from the store.
    async fn known_fix(&self, _target: &TargetId) -> Option<KnownFix> {
        None
    }

    /// Looks round on a target's own host after a failure.
    async fn look_round(&self, _target: &TargetId, _probes: &[Probe]) -> Vec<Found> {
        Vec::new()
    }

    /// A target's URL with a changed setting, without its password; none when it cannot carry the change.
    fn corrected(&self, _target: &TargetId, _change: &Change) -> Option<String> {
        None
    }

    /// Now, by the clocks that approvals are judged by.
    fn moment(&self) -> Moment {
        Moment { wall: self.now(), uptime_ms: 0 }
    }

    /// Throws away what was typed before it was asked for.
    fn forget_typed_ahead(&self) {}

    /// Provokes the error of this name on a target whose configuration allows it.
    async fn simulate(&self, _target: &TargetId, _name: &str) -> Result<Simulated, NotSimulated> {
        Err(NotSimulated::Refused("nothing is provoked here".to_owned()))
    }

    /// Watches one of the targets and finds out what is wrong with it. What metrics usually are, and what is remembered
    /// of objects, is filled in from the store.
    async fn diagnose(&self, _request: DiagnoseRequest) -> Result<Examined, SessionError> {
        Err(SessionError::Unsupported("nothing is examined here".to_owned()))
    }

    /// Looks at what would undo an act on its target and files it as a proposal, one statement of it at a time.
    async fn propose_undo(&self, _act: &Proposal, _statement: String) -> Result<Proposal, NotProposed> {
        Err(NotProposed::Failed("nothing is kept here".to_owned()))
    }

    /// Tells the store of errors, and gives the incidents that they are part of. The error is words for the person.
    async fn report(&self, _events: Vec<ErrorEvent>) -> Result<Vec<Incident>, String> {
        Ok(Vec::new())
    }

    /// Looks at an act on its target and files it as a proposal.
    async fn propose(&self, _target: &TargetId, _draft: Draft) -> Result<Proposal, NotProposed> {
        Err(NotProposed::Failed("nothing is kept here".to_owned()))
    }

    /// Carries out a proposal that a person consented to. The error says why it stands where it stood.
    async fn carry_out(&self, _id: u64, _consent: Consent) -> Result<Proposal, String> {
        Err("nothing is kept here".to_owned())
    }

    /// Proposals, from the store: all that are not closed, and the newest `closed` others, newest first; empty without
    /// a store. The error is words for the person.
    async fn proposals(&self, _closed: usize) -> Result<Proposals, String> {
        Ok(Proposals::default())
    }

    /// A proposal by its number. The error is words for the person.
    async fn proposal(&self, _id: u64) -> Result<Option<Proposal>, String> {
        Ok(None)
    }

    /// What earlier fixes have taught. The error is words for the person.
    async fn learned(&self) -> Result<Learned, String> {
        Ok(Learned::default())
    }

    /// Keeps a person's thumb for what a proposal did, and says so. The error is words for the person.
    async fn rate(&self, id: u64, _up: bool, _comment: String) -> Result<String, String> {
        Err(format!("there is no proposal #{id}"))
    }

    /// Denies an open proposal, with an audit record of who did. The error is words for the person.
    async fn deny(&self, id: u64, _reason: &str) -> Result<Proposal, String> {
        Err(format!("there is no proposal #{id}"))
    }

    /// Incidents, from the store: those that are open first, then the worst, then the newest; empty without one. The
    /// error is words for the person.
    async fn incidents(&self, _filter: Filter) -> Result<Vec<Incident>, String> {
        Ok(Vec::new())
    }

    /// An incident by its number.
    async fn incident(&self, _id: u64) -> Result<Option<Incident>, String> {
        Ok(None)
    }

    /// The newest errors of an incident as they came, oldest first.
    async fn incident_events(&self, _id: u64) -> Result<Vec<ErrorEvent>, String> {
        Ok(Vec::new())
    }

    /// The pattern of a signature.
    async fn pattern(&self, _signature: &str) -> Result<Option<Pattern>, String> {
        Ok(None)
    }

    /// The patterns that were met last, newest first.
    async fn patterns(&self, _most: usize) -> Result<Vec<Pattern>, String> {
        Ok(Vec::new())
    }

    /// Numbers of incidents since a moment.
    async fn incident_figures(&self, _since: Timestamp) -> Result<Figures, String> {
        Ok(Figures::default())
    }

    /// The watch rules, the oldest first; none without a store. The error is words for the person.
    async fn rules(&self) -> Result<Vec<Rule>, String> {
        Ok(Vec::new())
    }

    /// Keeps a watch rule, in the name of who is here, and gives it with its number. The error is words for the person.
    async fn keep_rule(&self, _rule: Rule) -> Result<Rule, String> {
        Err("nothing is kept here".to_owned())
    }

    /// Takes a watch rule away and gives it; none where there is none of this number. The error is words for the person.
    async fn delete_rule(&self, _id: u64) -> Result<Option<Rule>, String> {
        Ok(None)
    }

    /// Checks the audit log without changing it; none when there never was one.
    async fn audit_check(&self) -> Result<Option<AuditCheck>, AuditTrouble> {
        Ok(None)
    }

    /// Puts the audit log aside and begins another, with a person's reason. Gives where the old one is now.
    async fn audit_restart(&self, _reason: &str) -> Result<String, AuditTrouble> {
        Err(AuditTrouble::Settings("nothing is kept here".to_owned()))
    }

    /// At most `most` records of the audit log after the one of this number, oldest first.
    async fn audit_records(&self, _after: i64, _most: usize) -> Result<Vec<AuditEntry>, AuditTrouble> {
        Ok(Vec::new())
    }

    /// The place up to which a log of a target was read, as it was kept; none where nothing was. The error is words for
    /// the person.
    async fn log_place(&self, _target: &TargetId, _log: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Keeps errors of a target's logs, and the places (log, place) up to which those were read: both or neither.
    /// The error is words for the person.
    async fn keep_errors(
        &self,
        _target: &TargetId,
        _errors: Vec<ErrorEvent>,
        _places: Vec<(String, String)>,
    ) -> Result<(), String> {
        Err("nothing is kept here".to_owned())
    }

    /// Sessions of a past span, from the store; empty without one.
    async fn past_sessions(
        &self,
        target: &TargetId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PastSession>, String>;
}

/// A target that a command may use.
#[derive(Debug, Clone)]
pub struct HeadlessTarget {
    /// Name, engine, environment, address.
    pub target: Target,
    /// How often it is tried when it fails.
    pub patience: Patience,
    /// What the settings say about its safety; none where there is nothing to judge.
    pub facts: Option<Facts>,
    /// Functions that the guard takes for pure reads.
    pub allow_functions: Vec<String>,
    /// Time between two collections, milliseconds.
    pub refresh_ms: u64,
}

/// What standard output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    /// It is a terminal.
    pub is_terminal: bool,
    /// Standard input is one too, so that nothing waits there to be read.
    pub input_is_terminal: bool,
    /// Standard error is one, so that a person sees how a long work goes on.
    pub talk_is_terminal: bool,
    /// Its columns and lines, where it says so.
    pub size: Option<(u16, u16)>,
}

/// Everything that a command is given.
pub struct Headless<'a> {
    /// Connections, clock, store.
    pub host: &'a dyn Host,
    /// Environment, home, user.
    pub surroundings: &'a Surroundings,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// The targets in use, in order: those of the configuration or those that were named, or the demo's one.
    pub targets: Vec<HeadlessTarget>,
    /// What was typed before and after the command's own options.
    pub common: &'a Common,
    /// Statements and the like.
    pub stdin: &'a mut (dyn BufRead + Send),
    /// Data.
    pub stdout: &'a mut (dyn Write + Send),
    /// Talk.
    pub stderr: &'a mut (dyn Write + Send),
    /// What standard output is.
    pub terminal: Terminal,
}

impl Headless<'_> {
    /// Says something to the person. Untrusted text in it is made harmless here; that nobody listens is no failure.
    pub(super) fn say(&mut self, words: &str) {
        for line in words.lines() {
            let _ = writeln!(self.stderr, "{}", text::escape(&text::redact(line)));
        }
    }

    /// Writes one JSON object as a line of data.
    pub(super) fn object(&mut self, object: Map<String, serde_json::Value>) -> io::Result<()> {
        self.stdout.write_all(crate::export::object_line(object).as_bytes())
    }

    /// Writes one line of data that is fit for a terminal already.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.stdout, "{line}")
    }

    /// Writes a table, as wide as the terminal where there is one.
    pub(super) fn table(&mut self, table: &TextTable) -> io::Result<()> {
        let (width, color) = (self.terminal_width(), self.color());
        table.write(self.stdout, width, color)
    }

    /// Colours are wanted: on a terminal that is not a dumb one, unless `NO_COLOR` says otherwise.
    pub(super) fn color(&self) -> bool {
        self.terminal.is_terminal
            && self.surroundings.variable("NO_COLOR").is_none()
            && self.surroundings.variable("TERM").is_some_and(|term| term != "dumb")
    }

    /// The targets were named on the command line, not found in a file.
    pub(super) fn targets_were_named(&self) -> bool {
        !self.common.targets.is_empty()
    }

    /// Columns of the terminal; none when standard output is no terminal, so that nothing is cut for it.
    fn terminal_width(&self) -> Option<usize> {
        self.terminal.size.filter(|_| self.terminal.is_terminal).map(|(columns, _)| usize::from(columns))
    }

    /// The only target, for commands that talk to one.
    pub(super) fn only_target(&self) -> Result<&HeadlessTarget, Ended> {
        match self.targets.as_slice() {
            [only] => Ok(only),
            [] => Err(no_target()),
            several => {
                let names: Vec<&str> = several.iter().map(|t| t.target.id.as_str()).collect();
                let words = format!("which target? Name one with --target: {}", names.join(", "));
                Err(Ended::with(Exit::Usage, words))
            }
        }
    }
}

/// There is no target to talk to.
pub(super) fn no_target() -> Ended {
    let words = "there is no target: give --target a name, a URL or a database file, write targets into the \
                 configuration (`dba-gpt config path` says where), or use --demo";
    Ended::with(Exit::Usage, words)
}

/// A JSON object that begins with the version of its shape.
pub(super) fn object() -> Map<String, serde_json::Value> {
    let mut object = Map::new();
    object.insert("schema".into(), 1.into());
    object
}
