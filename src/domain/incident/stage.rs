//! Where an incident stands.

use serde::{Deserialize, Serialize};

/// The stages. Acknowledged, silenced and escalated are said beside the stage: each goes with any of the open ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It was seen.
    Open,
    /// Causes are looked for.
    Diagnosing,
    /// A fix waits for a person.
    Proposed,
    /// A person approved the fix.
    Approved,
    /// The fix runs.
    Acting,
    /// The fix ran; whether it helped is looked at.
    Verifying,
    /// It is over.
    Resolved,
    /// It was over and came again.
    Reopened,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Diagnosing,
        Self::Proposed,
        Self::Approved,
        Self::Acting,
        Self::Verifying,
        Self::Resolved,
        Self::Reopened,
    ];

    /// The word in JSON, in the store and on screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Diagnosing => "diagnosing",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Acting => "acting",
            Self::Verifying => "verifying",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
        }
    }

    /// The stage of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Somebody still has to care for it.
    pub fn is_open(self) -> bool {
        self != Self::Resolved
    }

    /// Where it can go from here.
    pub fn may_become(self, next: Self) -> bool {
        use Stage::{Acting, Approved, Diagnosing, Open, Proposed, Reopened, Resolved, Verifying};
        matches!(
            (self, next),
            (Open | Reopened, Diagnosing | Proposed | Resolved)
                | (Diagnosing, Proposed | Open | Resolved)
                | (Proposed, Approved | Open | Diagnosing | Resolved)
                | (Approved, Acting | Proposed | Open | Resolved)
                | (Acting, Verifying | Open | Proposed)
                | (Verifying, Resolved | Open | Reopened | Proposed)
                | (Resolved, Reopened)
        )
    }
}
