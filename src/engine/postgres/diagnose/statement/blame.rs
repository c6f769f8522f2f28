//! Why a statement takes time.

use crate::domain::diagnosis::Cause;

/// What its time is put down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) enum Blame {
    /// A cause of its own.
    Cause(Cause),
    /// It finds few rows by an index, or does as little: only its number matters.
    #[default]
    Small,
    /// It writes rows, or ends a transaction.
    Write,
    /// It reads much because much is asked for, and sums it up.
    Scan,
    /// It computes and reads hardly anything.
    Computing,
    /// It keeps things in shape.
    Upkeep,
}

/// With what makes us think so.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Reason {
    /// What.
    pub(in super::super) blame: Blame,
    /// The table that it is about. Untrusted.
    pub(in super::super) about: Option<String>,
    /// Sentences.
    pub(in super::super) why: Vec<String>,
    /// How sure, 0 to 1.
    pub(in super::super) sure: f64,
}

impl Reason {
    pub(super) fn new(blame: Blame, sure: f64, why: Vec<String>) -> Self {
        Self { blame, about: None, why, sure }
    }
    pub(super) fn cause(cause: Cause, sure: f64, about: &str, why: Vec<String>) -> Self {
        let about = (!about.is_empty()).then(|| about.to_owned());
        Self { blame: Blame::Cause(cause), about, why, sure }
    }
}
