//! An act that waits for a person, from the moment it is proposed to its end: a record that survives a crash.
//!
//! ```text
//! typed statement, or a FixKind --survey--> Proposal (waiting) --A, Enter--> approved -> intended -> running
//!                                              |                                            |
//!                                              +-> denied, withdrawn       done | undone | not run | needs a person
//!
//! step of a plan: running -> verifying -> done, or -> rolling back -> undone
//! ```
//!
//! What is on the screen is drawn from this record, and the [`Act`] that a ticket is for is made from it.

pub mod advice;
pub mod kind;
pub mod left;
pub mod stage;
pub mod survey;
pub mod tally;
pub mod undo;

use super::guard::Class;
use super::guard::ticket::{Act, Binding, Gravity, TouchedObject};
use super::procedure::{Purpose, Verified};
use super::target::{Environment, TargetId, Timestamp};
use advice::Advice;
use kind::FixKind;
use serde::{Deserialize, Serialize};
use stage::Stage;
use survey::{Inverse, Survey};

/// Rows above which a change is a grave one.
pub const GRAVE_ROWS: u64 = 10_000_000;
/// Size of a table above which a change of it is a grave one, bytes.
pub const GRAVE_BYTES: u64 = 10 << 30;
/// Rows above which somebody notices a change.
pub const NOTICED_ROWS: u64 = 1_000;

/// What is to be done, before anybody has looked at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The exact bytes that would be sent.
    pub statement: String,
    /// What kind of act it is.
    pub class: Class,
    /// The typed kind that the statement was rendered from; none for a statement that a person typed.
    pub kind: Option<FixKind>,
    /// Another database than the target's own.
    pub database: Option<String>,
}

/// Who proposed an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A person typed it, or pressed the key for it.
    Person,
    /// It undoes an earlier act.
    Undo(u64),
    /// A procedure, for what was found.
    Procedure(String),
}

impl Origin {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Person => "by you".to_owned(),
            Self::Undo(id) => format!("to undo #{id}"),
            Self::Procedure(id) => format!("by procedure {id}"),
        }
    }
}

/// Who sat at the keyboard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Who {
    /// User of the operating system.
    pub user: String,
    /// The user before `sudo`.
    pub before_sudo: Option<String>,
    /// Where the SSH connection came from.
    pub ssh_from: Option<String>,
}

impl Who {
    /// The person as far as the machine knows: whoever called `sudo`, else the user.
    pub fn person(&self) -> &str {
        self.before_sudo.as_deref().unwrap_or(&self.user)
    }
    /// `ann (as postgres, from 10.0.0.7)`.
    pub fn words(&self) -> String {
        let mut more = Vec::new();
        if self.before_sudo.is_some() {
            more.push(format!("as {}", self.user));
        }
        more.extend(self.ssh_from.as_ref().map(|from| format!("from {from}")));
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        format!("{}{more}", self.person())
    }
}

/// Something that happened to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Where it led.
    pub stage: Stage,
    /// In words: a reason, an error, the number of rows.
    pub words: String,
    /// Whose doing it was; none for our own.
    pub who: Option<Who>,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its number; 0 until the store gave it one.
    pub id: u64,
    /// When it was proposed.
    pub at: Timestamp,
    /// By whom.
    pub origin: Origin,
    /// The program proposed it unasked, and no person pressed a key for it: only such a one may run with nobody asked.
    #[serde(default)]
    pub by_itself: bool,
    /// Where.
    pub target: TargetId,
    /// The engine's name.
    pub engine: String,
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// The target's address, as shown.
    pub address: String,
    /// The login that would run it; empty for engines without logins.
    pub login: String,
    /// What would be sent.
    pub draft: Draft,
    /// What was found on the server.
    pub survey: Survey,
    /// What to think of before approving.
    pub advice: Vec<Advice>,
    /// How much it can break.
    pub gravity: Gravity,
    /// Rows that it may change; more make it fail and roll back.
    pub most_rows: Option<u64>,
    /// Persons who have to approve it: 1 or 2.
    pub approvers: u8,
    /// A number in somebody's change management.
    pub ticket: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// What happened to it so far, oldest first.
    pub happenings: Vec<Happening>,
    /// The server's own name of what was running, by which its end can be asked for after a crash.
    pub mark: Option<String>,
    /// The plan that it is a step of; none for what a person typed.
    #[serde(default)]
    pub purpose: Option<Box<Purpose>>,
    /// Whether it helped, once that was looked at.
    #[serde(default)]
    pub verified: Option<Verified>,
    /// The server's version as it was when it ran, as in [`super::target::Identity::version_number`]; 0 until then.
    #[serde(default)]
    pub server_version: u32,
    /// What it left where its inverse would write, and, of an undo, where the rest of that undo would.
    #[serde(default)]
    pub left: Vec<left::Left>,
    /// Reads that give the keys of the rows which its inverse passes over, since somebody changed them after it.
    #[serde(default)]
    pub passed_over: Vec<String>,
}

/// What a proposal is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Where.
    pub target: TargetId,
    /// The engine's name.
    pub engine: String,
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// The target's address, as shown.
    pub address: String,
    /// The login that would run it.
    pub login: String,
    /// Persons who have to approve.
    pub approvers: u8,
    /// What would be sent.
    pub draft: Draft,
    /// What was found on the server.
    pub survey: Survey,
    /// What to think of.
    pub advice: Vec<Advice>,
}

/// Why there is no proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotProposed {
    /// The guard refuses it.
    Refused(String),
    /// It only reads: it needs no approval.
    Reads,
    /// The target cannot be reached, or says why not.
    Failed(String),
}

impl Proposal {
    /// A proposal that waits; the store gives it its number.
    pub fn new(at: Timestamp, origin: Origin, parts: Parts) -> Self {
        let Parts { target, engine, environment, address, login, approvers, draft, survey, advice } = parts;
        let gravity = gravity(&draft, &survey);
        let most_rows = most_rows(&survey);
        Self {
            id: 0,
            at,
            origin,
            by_itself: false,
            target,
            engine,
            environment,
            address,
            login,
            draft,
            survey,
            advice,
            gravity,
            most_rows,
            approvers,
            ticket: None,
            stage: Stage::Waiting,
            happenings: Vec::new(),
            mark: None,
            purpose: None,
            verified: None,
            server_version: 0,
            left: Vec::new(),
            passed_over: Vec::new(),
        }
    }

    /// The same as a step of a plan.
    #[must_use]
    pub fn for_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(Box::new(purpose));
        self
    }

    /// The act as the record has it: what is drawn, and what a ticket is for.
    pub fn act(&self) -> Act {
        self.act_with(&self.survey)
    }

    /// The act as it is by another survey, taken just now.
    pub fn act_with(&self, survey: &Survey) -> Act {
        Act {
            id: self.id,
            statement: self.draft.statement.clone(),
            parameters: Vec::new(),
            class: self.draft.class,
            // One that turned out to be less grave is still the one that was approved.
            gravity: gravity(&self.draft, survey).max(self.gravity),
            binding: Binding {
                target: self.target.clone(),
                engine: self.engine.clone(),
                address: self.address.clone(),
                database: survey.place.database.clone(),
                login: self.login.clone(),
                role: survey.place.role.clone(),
                server: survey.place.server.clone(),
                started_at: survey.place.started_at,
                epoch: survey.place.epoch.clone(),
            },
            environment: self.environment,
            objects: survey.objects.clone(),
            preconditions: survey.preconditions.clone(),
            most_rows: self.most_rows,
            sequel: self.purpose.as_ref().map(|purpose| purpose.sequel(&survey.inverse)),
        }
    }

    /// A new survey of the same act: what its author wrote to take it back stays the inverse.
    #[must_use]
    pub fn surveyed_anew(&self, fresh: Survey) -> Survey {
        match self.purpose.as_ref().and_then(|purpose| purpose.own_undo()) {
            Some(_) => Survey { inverse: self.survey.inverse.clone(), ..fresh },
            None => fresh,
        }
    }

    /// The act of one statement that takes this one back, as it was surveyed: nothing comes after it.
    pub fn act_back(&self, draft: &Draft, survey: &Survey) -> Act {
        let act = self.act_with(survey);
        Act { statement: draft.statement.clone(), class: draft.class, most_rows: None, sequel: None, ..act }
    }

    /// Moves it on and writes down why.
    ///
    /// # Errors
    /// One sentence when it cannot go there from where it stands.
    pub fn move_to(&mut self, stage: Stage, at: Timestamp, words: &str, who: Option<Who>) -> Result<(), String> {
        if !self.stage.leads_to(stage) {
            return Err(format!("#{} is {} and cannot become {}", self.id, self.stage.words(), stage.words()));
        }
        self.stage = stage;
        self.happenings.push(Happening { at, stage, words: words.to_owned(), who });
        Ok(())
    }

    /// The first line of the statement, or the kind in words: what a list shows.
    pub fn headline(&self) -> String {
        match &self.draft.kind {
            Some(kind) => kind.words(),
            None => self.draft.statement.lines().next().unwrap_or_default().trim().to_owned(),
        }
    }

    /// Why it cannot be approved whoever asks; none when it can. What hides in the statement is the guard's to refuse,
    /// with the engine's own lexer, when it is proposed and again when it is to run ([`super::guard::judge`]).
    pub fn obstacle(&self) -> Option<String> {
        if let Some(strange) = look_alike(&self.survey.objects) {
            return Some(strange);
        }
        match &self.survey.rights {
            survey::Rights::Missing(grants) => Some(format!(
                "{} may not do this. Grant it, then propose it anew: {}",
                if self.login.is_empty() { "this login" } else { &self.login },
                grants.join("; ")
            )),
            survey::Rights::Held | survey::Rights::Unknown(_) => None,
        }
    }
}

/// A touched object whose name can be taken for another.
fn look_alike(objects: &[TouchedObject]) -> Option<String> {
    let strange = |name: &str| name.split(['.', '"', '`']).any(super::text::mixed_script);
    let object = objects.iter().find(|o| strange(&o.name) || o.name.chars().any(super::text::risky))?;
    let spelt: String = object
        .name
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("<U+{:04X}>", u32::from(c)) })
        .collect();
    Some(format!(
        "the name {spelt} holds letters that look like others: such an object is changed in the engine's own client"
    ))
}

/// How much an act can break: the engine's own word for it, raised by size, by what cannot be undone, and by a missing
/// predicate. Limits: safety.md D.7.
pub fn gravity(draft: &Draft, survey: &Survey) -> Gravity {
    let blast = &survey.blast;
    let rows = blast.exact_rows.or(blast.estimated_rows);
    let mut gravity = blast.at_least;
    let mut raise = |to: Gravity| gravity = gravity.max(to);
    if rows.is_some_and(|rows| rows > GRAVE_ROWS)
        || blast.tables.iter().any(|t| t.bytes.is_some_and(|bytes| bytes > GRAVE_BYTES))
        || blast.rewrite == Some(true)
    {
        raise(Gravity::High);
    }
    if rows.is_none_or(|rows| rows > NOTICED_ROWS) && draft.class == Class::Dml {
        raise(Gravity::Medium);
    }
    if matches!(survey.inverse, Inverse::None(_)) && matches!(draft.class, Class::Dml | Class::Ddl) {
        raise(Gravity::Medium);
    }
    if blast.tables.len() > 1 {
        raise(Gravity::Medium);
    }
    gravity
}

/// Rows that may change: a fifth more than what was counted or estimated.
fn most_rows(survey: &Survey) -> Option<u64> {
    let rows = survey.blast.exact_rows.or(survey.blast.estimated_rows)?;
    Some(rows.saturating_add(rows.div_ceil(5)))
}
