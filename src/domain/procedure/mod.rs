//! Procedures: what is done about a cause, as plans of steps. A plan proposes nothing by itself: each step becomes a
//! proposal of its own, with its conditions, its expected effect, its verification and its inverse, for a person.
//!
//! ```text
//! Case + Diagnosis --Procedure::plan (pure, in the engine)--> Plan --first step--> Draft --survey--> Proposal
//!     act done --> Verification held? --yes--> next step, or the incident ends
//!                                     --no---> the inverse runs by itself where the plan said so, else a person is asked
//! ```

mod check;
mod examined;
mod findings;
mod offer;
mod purpose;
mod scheduled;
mod words;

pub use check::{Check, Comparison, Verification, Verified};
pub use examined::Examined;
pub use findings::{Difference, Findings};
pub use offer::{offers, with_remedies};
pub use purpose::{OnFailure, Purpose};
pub use scheduled::scheduled;

use super::diagnosis::{Case, Cause, Diagnosis};
use super::error::kind::ErrorKind;
use super::proposal::Draft;
use serde::{Deserialize, Serialize};

/// A line in an engine's list of procedures.
pub struct Procedure {
    /// `C5`, as in the documentation.
    pub id: &'static str,
    /// What it does about what, a few words.
    pub title: &'static str,
    /// Errors for which it is tried.
    pub kinds: &'static [ErrorKind],
    /// Causes for which it is tried.
    pub causes: &'static [Cause],
    /// Plans, best first; none when it has nothing to offer for this case. A plan that would help but must not run is
    /// given with the reasons in [`Plan::blocked`].
    pub plan: fn(&Case<'_>, &Diagnosis) -> Vec<Plan>,
}

impl Procedure {
    /// It is for this cause.
    pub fn is_for(&self, cause: Cause) -> bool {
        self.causes.contains(&cause)
    }
}

/// How much a step can take away, for what may run unattended: the ladder of autonomy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// A setting that can be set back.
    Setting,
    /// Cancels or ends sessions.
    Session,
    /// Adds or maintains something beside the traffic.
    Additive,
    /// Removes data or objects, restarts, fails over, or takes a table away from its readers.
    Removing,
}

impl Rung {
    /// The word in the configuration and on screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Session => "session",
            Self::Additive => "additive",
            Self::Removing => "removing",
        }
    }
    /// The rung of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Setting, Self::Session, Self::Additive, Self::Removing].into_iter().find(|r| r.word() == word)
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What would be proposed. Its statement is rendered when it is proposed, where it has a typed kind.
    pub draft: Draft,
    /// Why this one, in a sentence.
    pub why: String,
    /// What must hold when it is proposed and again right before it is sent.
    pub requires: Vec<Check>,
    /// What it is expected to change, a line each: `blocked 31 -> 0`.
    pub expected: Vec<String>,
    /// How it is known that it helped.
    pub verification: Verification,
    /// What happens when it did not.
    pub on_failure: OnFailure,
    /// How much it can take away.
    pub rung: Rung,
    /// The statement that takes it back, where the author of the step wrote one: it is the inverse then, instead of
    /// what the engine would find, and is judged like anything typed when it is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

/// What could be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The procedure's id.
    pub procedure: String,
    /// What it does, one line. May hold untrusted names.
    pub title: String,
    /// The cause that it is for.
    pub cause: Cause,
    /// How sure we are that it helps before anything was learned, 40 to 80, by how it was found.
    pub confidence: u8,
    /// What we know for it, in sentences.
    pub evidence: Vec<String>,
    /// In order. Empty for advice alone.
    pub steps: Vec<Step>,
    /// Why none of it may be proposed, although it would help: a precondition that does not hold or is not known.
    pub blocked: Vec<String>,
    /// What else a person should do, or do instead, a sentence each.
    pub advice: Vec<String>,
}

impl Plan {
    /// One without steps yet.
    pub fn new(procedure: &str, title: impl Into<String>, cause: Cause, confidence: u8, evidence: Vec<String>) -> Self {
        Self {
            procedure: procedure.to_owned(),
            title: title.into(),
            cause,
            confidence,
            evidence,
            steps: Vec::new(),
            blocked: Vec::new(),
            advice: Vec::new(),
        }
    }
    /// Its first step can be proposed.
    pub fn can_be_proposed(&self) -> bool {
        self.blocked.is_empty() && !self.steps.is_empty()
    }
    /// The object of a hypothesis stands in its title or in its first act.
    pub fn is_about(&self, object: &str) -> bool {
        let act = self.steps.first().map(|step| &step.draft);
        let statement = act.map_or("", |draft| draft.statement.as_str());
        let kind =
            act.and_then(|draft| draft.kind.as_ref()).map(super::proposal::kind::FixKind::words).unwrap_or_default();
        !object.is_empty() && [self.title.as_str(), statement, &kind].iter().any(|text| text.contains(object))
    }
    /// What outcomes are remembered under: the procedure, and the kind of its first act.
    pub fn fix_key(&self) -> String {
        let first =
            self.steps.first().and_then(|step| step.draft.kind.as_ref()).map(super::proposal::kind::FixKind::word);
        format!("{}/{}", self.procedure, first.unwrap_or("statement"))
    }
}
