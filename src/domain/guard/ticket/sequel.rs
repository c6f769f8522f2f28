//! What comes after an act, as far as its approval covers it: what must hold right before it is sent, how it is known
//! that it helped, and what takes it back by itself when it did not.
//!
//! ```text
//! approved act with a rollback --redeem--> the desk owes one rollback --roll_back--> Rollback --approve, in order-->
//!                                                      |                             one Approved a statement
//!                                                      +-- settle: it helped, nothing is owed any more
//! ```

use super::super::{Judgement, Verdict};
use super::{Act, ActDigest, Approved, Binding, Desk, Parts, Refusal};
use crate::domain::target::Environment;
use std::collections::VecDeque;

/// What comes after an act. A change of any part gives the act another digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequel {
    /// What must hold right before it is sent, each check as it is kept.
    pub requires: Vec<String>,
    /// How it is known that it helped, as it is kept.
    pub verification: String,
    /// What takes it back by itself when that does not hold; none when a person is asked.
    pub rollback: Option<Back>,
}

/// The statements that take an act back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// These, in this order: known before the act, and drawn with it.
    Statements(Vec<String>),
    /// Those that bring back the prior rows, up to so many, which the act's own transaction reads and stores.
    FromRows(u64),
}

impl Sequel {
    pub(super) fn add_to(&self, parts: &mut Parts) {
        let Self { requires, verification, rollback } = self;
        parts.add(b"sequel");
        parts.list(requires.iter().map(String::as_bytes));
        parts.add(verification.as_bytes());
        match rollback {
            None => parts.add(b"ask"),
            Some(Back::Statements(statements)) => {
                parts.add(b"statements");
                parts.list(statements.iter().map(String::as_bytes));
            }
            Some(Back::FromRows(most)) => {
                parts.add(b"rows");
                parts.add(&most.to_be_bytes());
            }
        }
    }
}

/// What a desk still owes of an act that was sent.
#[derive(Debug)]
pub(super) struct Owed {
    id: u64,
    binding: Binding,
    environment: Environment,
    back: Back,
}

impl Owed {
    /// Of an act that is about to be sent; none when it is not taken back by itself.
    pub(super) fn of(act: &Act) -> Option<Self> {
        let back = act.sequel.as_ref()?.rollback.clone()?;
        Some(Self { id: act.id, binding: act.binding.clone(), environment: act.environment, back })
    }
}

/// The one rollback of one act: its statements, each to be approved once and in order. Not `Clone`, not stored; it
/// dies with the process, and then a person is asked.
#[derive(Debug)]
pub struct Rollback {
    id: u64,
    binding: Binding,
    environment: Environment,
    statements: VecDeque<String>,
}

impl Rollback {
    /// The statement that comes next; none when all were approved.
    pub fn next_statement(&self) -> Option<&str> {
        self.statements.front().map(String::as_str)
    }

    /// Approves the next statement. `fresh` is its act as surveyed a moment ago: of the same proposal, on the same
    /// server under the same login as what it takes back. `judgement` is the guard's on its bytes.
    ///
    /// # Errors
    /// Nothing more of this rollback can be approved then.
    pub fn approve(&mut self, fresh: Act, judgement: &Judgement) -> Result<Approved, Refusal> {
        let next = self.statements.pop_front();
        let refused = if next.as_deref() != Some(fresh.statement.as_str()) {
            Some(Refusal::Moved("the statement changed"))
        } else if fresh.id != self.id || fresh.binding != self.binding || fresh.environment != self.environment {
            Some(Refusal::Moved("the server is not the one that it ran on"))
        } else if fresh.sequel.is_some() {
            Some(Refusal::Moved("what comes after it changed"))
        } else if judgement.verdict == Verdict::Deny {
            Some(Refusal::Denied(judgement.reason.clone()))
        } else if judgement.class != fresh.class {
            Some(Refusal::Moved("the guard reads the statement in another way"))
        } else {
            None
        };
        match refused {
            Some(refusal) => {
                self.statements.clear();
                Err(refusal)
            }
            None => {
                let digest = fresh.digest();
                Ok(Approved { act: fresh, digest })
            }
        }
    }
}

impl Desk {
    /// The rollback of the act of this digest, which this desk redeemed: covered by its approval, and given once.
    /// `stored` is what the store holds as its inverse, written before the act.
    ///
    /// # Errors
    /// [`Refusal::NotOwed`] when the approval covers no rollback or it was given before, [`Refusal::Moved`] when what
    /// is stored is not what was approved.
    pub fn roll_back(&mut self, of: ActDigest, stored: &[String]) -> Result<Rollback, Refusal> {
        let Owed { id, binding, environment, back } = self.owed.remove(&of).ok_or(Refusal::NotOwed)?;
        let fits = match &back {
            Back::Statements(known) => known == stored,
            Back::FromRows(_) => true,
        };
        if !fits || stored.is_empty() {
            return Err(Refusal::Moved("what takes it back changed"));
        }
        Ok(Rollback { id, binding, environment, statements: stored.iter().cloned().collect() })
    }

    /// The act of this digest needs no rollback any more: it helped, or a person decides.
    pub fn settle(&mut self, of: ActDigest) {
        self.owed.remove(&of);
    }
}
