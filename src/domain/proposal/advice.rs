//! What a colleague would say about a statement before it runs: one rule, one sentence, and what to do instead.

use serde::{Deserialize, Serialize};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    /// A matter of taste or of later years.
    Note,
    /// It will be felt, or it breaks programs that run now.
    Warning,
    /// It stops the traffic or loses data.
    Danger,
}

impl Weight {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The rule's name: `require-concurrent-index-creation`.
    pub rule: String,
    /// How much it matters.
    pub weight: Weight,
    /// What happens, in one sentence.
    pub text: String,
    /// What to do instead, where there is something.
    pub instead: Option<String>,
}
