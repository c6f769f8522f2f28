//! Checks and procedures of a person's own, as the configuration gives them: what is asked of a server, what counts as
//! too much, and what can be done then.
//!
//! ```text
//! check:      a statement that only reads --every N s--> a number --twice in a row beyond its limit--> an incident
//! procedure:  an incident or a cause that it is for --> a plan, whose steps are free statements of the person:
//!             judged, surveyed and approved like anything typed, and never sent by themselves
//! ```

mod parameters;
mod plans;
mod watch;

pub use parameters::{PARAMETERS, Parameters, objection, uses};
pub use plans::plans;
pub use watch::{OwnWatch, code_of};

use super::diagnosis::Cause;
use super::error::kind::{ErrorKind, Severity};
use super::procedure::Comparison;
use super::target::{EngineId, TargetId};

/// What a number must be to be well, or to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Which side.
    pub is: Comparison,
    /// The number.
    pub value: f64,
}

impl Bound {
    /// The number is within.
    pub fn holds(&self, number: f64) -> bool {
        match self.is {
            Comparison::AtMost => number <= self.value,
            Comparison::AtLeast => number >= self.value,
        }
    }
    /// `at most 5`.
    pub fn words(&self) -> String {
        let side = match self.is {
            Comparison::AtMost => "at most",
            Comparison::AtLeast => "at least",
        };
        format!("{side} {}", self.value)
    }
}

/// A question to a server with a number for its answer: the statement's first row, in this column.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// One statement that only reads.
    pub statement: String,
    /// The column; none for the first.
    pub column: Option<String>,
    /// What the number must be.
    pub bound: Bound,
}

/// A check of a person's own.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnCheck {
    /// Its name in the configuration.
    pub name: String,
    /// What is wrong when it does not hold.
    pub title: String,
    /// The engine whose targets it is for.
    pub engine: EngineId,
    /// Only these; all of the engine when empty.
    pub targets: Vec<TargetId>,
    /// What is asked, and what must hold.
    pub asked: Asked,
    /// How bad it is when it does not.
    pub severity: Severity,
    /// Between two looks, milliseconds.
    pub every_ms: u64,
}

/// What a procedure's step must find before it, or bring about.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnStep {
    /// One statement that wants a person, with parameters.
    pub statement: String,
    /// Why, in a sentence.
    pub why: String,
    /// What must hold before it, with parameters.
    pub only_if: Option<Asked>,
    /// How it is known that it helped, with parameters.
    pub verify: Asked,
    /// Time in which that has to hold, milliseconds.
    pub within_ms: u64,
    /// One statement that takes it back, with parameters: it is stored as the inverse before the step runs.
    pub undo: Option<String>,
}

/// A procedure of a person's own.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnProcedure {
    /// Its name in the configuration.
    pub name: String,
    /// What it does, one line.
    pub title: String,
    /// The engine whose targets it is for.
    pub engine: EngineId,
    /// Only these; all of the engine when empty.
    pub targets: Vec<TargetId>,
    /// The cause that it is for.
    pub cause: Cause,
    /// Kinds of errors that it is for, whatever their cause.
    pub kinds: Vec<ErrorKind>,
    /// Checks of the person's own that it is for.
    pub checks: Vec<String>,
    /// What is done, in order.
    pub steps: Vec<OwnStep>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Own {
    /// The checks.
    pub checks: Vec<OwnCheck>,
    /// The procedures.
    pub procedures: Vec<OwnProcedure>,
}

impl Own {
    /// Those that are for a target.
    #[must_use]
    pub fn of(&self, target: &TargetId, engine: EngineId) -> Self {
        let is_for =
            |e: EngineId, targets: &[TargetId]| e == engine && (targets.is_empty() || targets.contains(target));
        Self {
            checks: self.checks.iter().filter(|c| is_for(c.engine, &c.targets)).cloned().collect(),
            procedures: self.procedures.iter().filter(|p| is_for(p.engine, &p.targets)).cloned().collect(),
        }
    }
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.procedures.is_empty()
    }
}
