//! Everything the core wants done, as data. `runtime::perform` does it.

use super::chat::Entry;
use super::event::RequestId;
use crate::domain::activity::Sample;
use crate::domain::attempt::Attempt;
use crate::domain::connection::{Change, KnownFix, Probe};
use crate::domain::diagnosis::Cause;
use crate::domain::error::event::ErrorEvent;
use crate::domain::guard::ticket::Consent;
use crate::domain::health::Usual;
use crate::domain::incident::{Act, Ended, Incident};
use crate::domain::interchange::ExportFormat;
use crate::domain::metric::MetricId;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::{Draft, Proposal};
use crate::domain::rows::{Limits, Rows};
use crate::domain::rule::{Measure, Rule};
use crate::domain::target::{TargetId, Timestamp};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One wish of the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Collect once; the number is the cycle.
    Collect(TargetId, u64),
    /// Drop the connections to a target, so that the next collection connects anew, with a password that was refused
    /// before too: a person asked for it.
    Reconnect(TargetId),
    /// Load a view of a server.
    LoadView(TargetId, &'static str),
    /// Load the objects of a database (`None`: the target's own).
    LoadSchema(TargetId, Option<String>),
    /// Run the statements of a turn, one after the other, stopping at the first failure. The guard judges each again
    /// at the door.
    Read(ReadRequest),
    /// Stop a running turn.
    Cancel(RequestId),
    /// Run a statement and write its rows to a file while they arrive.
    ExportRead(ReadRequest, ExportFormat, PathBuf),
    /// Write a result that is in memory to a file.
    ExportRows(Arc<Rows>, ExportFormat, PathBuf),
    /// Put text on the person's clipboard.
    Copy(String),
    /// Edit text in the person's editor; it comes back as the draft.
    Edit(String),
    /// Look at an act on its server, by reading alone: [`super::event::Event::Surveyed`] answers.
    Survey(SurveyRequest),
    /// Give a proposal its number and keep it: [`super::event::Event::ProposalChanged`] answers.
    FileProposal(Box<Proposal>),
    /// Read the proposals that are kept, the open ones and the latest others.
    LoadProposals,
    /// Read everything that was ever changed: [`super::event::Event::ChangesLoaded`] answers.
    LoadChanges,
    /// Deny or withdraw an open proposal, with the person's reason.
    Decide(u64, Stage, String),
    /// Give an open proposal a number of somebody's change management, or take it away.
    SetTicket(u64, Option<String>),
    /// A person's thumb for what a proposal did, up or down, and why.
    Rate(u64, bool, String),
    /// Carry out a proposal: the person consented to what was drawn. Everything is looked at anew before it is sent.
    Approve(u64, Consent),
    /// Cancel an act that runs, on the server.
    StopAct(u64),
    /// Find out what is wrong with a server, on the session that watches it: [`super::event::Event::Diagnosed`] answers.
    Diagnose(DiagnoseRequest),
    /// Provoke the error of this name on a target: [`super::event::Event::Simulated`] answers.
    Simulate(TargetId, &'static str),
    /// Report errors that somebody met here.
    ReportErrors(Vec<ErrorEvent>),
    /// Conditions that are over: their incidents end.
    EndConditions(Vec<Ended>),
    /// Read the incidents anew.
    LoadIncidents,
    /// Do things with an incident, in order: [`super::event::Event::IncidentChanged`] answers each.
    ActOnIncident(u64, Vec<Act>),
    /// Keep a watch rule: one of number 0 is new, another takes the place of its earlier self. Whose it is, where nobody is
    /// named, is filled in. The rules are read anew then.
    KeepRule(Box<Rule>),
    /// Take a watch rule away, and end what it told of.
    DeleteRule(u64),
    /// Ask a target these statements now and then for its rules, instead of those before:
    /// [`super::event::Event::Answered`] tells what they give.
    AskForRules(TargetId, Vec<(Measure, String)>),
    /// Write the handover of the last [`super::incidents::SHIFT_HOURS`] hours to a file.
    WriteHandover(PathBuf),
    /// Keep a sample, with its raw readings.
    KeepSample(TargetId, Arc<Sample>),
    /// Keep an attempt to connect.
    KeepAttempt(TargetId, Attempt),
    /// Read the history of a target's attempts.
    LoadRecord(TargetId),
    /// Look round on a target's host after a failure.
    LookRound(TargetId, Vec<Probe>),
    /// Use a changed setting of a target for this run, and say why.
    ChangeSetting(TargetId, Change, String),
    /// Remember a changed setting that let us in.
    KeepFix(TargetId, KnownFix),
    /// Read what is usual for a target.
    LoadUsual(TargetId),
    /// Read the last stored values of a target.
    LoadSeries(TargetId),
    /// Read the sessions of a past span.
    LoadHistory(RequestId, TargetId, Timestamp, Timestamp),
    /// Read how an object was defined, by its name as the person says it: [`super::event::Event::DefinitionsLoaded`]
    /// answers.
    LoadDefinitions(TargetId, String),
    /// Make a conversation in the store, with its name and whom it is with.
    CreateConversation(String, Option<TargetId>),
    /// Keep entries of a conversation.
    KeepEntries(i64, Vec<Entry>),
    /// Name a conversation.
    RenameConversation(i64, String),
    /// Delete a conversation.
    DeleteConversation(i64),
    /// List the conversations.
    ListConversations,
    /// Read a conversation.
    OpenConversation(i64),
    /// Keep a line of input.
    KeepInput(String),
    /// Take or give back the mouse.
    Mouse(bool),
    /// Change the theme by name.
    Theme(String),
    /// Give the terminal back and stop the process until it is continued.
    Suspend,
    /// End the program.
    Quit,
}

/// An act to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyRequest {
    /// The question's number.
    pub id: RequestId,
    /// The target.
    pub target: TargetId,
    /// What would be done. A kind's sessions are frozen, and its statement is rendered, on the way.
    pub draft: Draft,
    /// The plan's step that it is: what it requires is asked before it is proposed.
    pub purpose: Option<Box<Purpose>>,
}

/// A question about a server.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnoseRequest {
    /// The question's number.
    pub id: RequestId,
    /// The target.
    pub target: TargetId,
    /// The incident that is asked about; none for "what is wrong now".
    pub incident: Option<Box<Incident>>,
    /// What the person wants looked at instead.
    pub focus: Option<Cause>,
    /// For how long the server is watched, seconds.
    pub seconds: u32,
    /// What its metrics usually are.
    pub usual: BTreeMap<MetricId, Usual>,
}

/// Statements to run for one turn of a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRequest {
    /// The question's number.
    pub id: RequestId,
    /// The target.
    pub target: TargetId,
    /// Another database on its server.
    pub database: Option<String>,
    /// The statements, in order.
    pub statements: Vec<String>,
    /// Bounds of each.
    pub limits: Limits,
}
