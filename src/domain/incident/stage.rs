//! Where an incident stands, where it can go from there, and how it ended.

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

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// No error came for a while.
    Quiet,
    /// What was measured is within its limits again, or the connection is back.
    ConditionEnded,
    /// The incident that it followed from is over.
    CauseOver,
    /// A person said so.
    Person,
    /// The fix of this proposal helped.
    Fixed(u64),
}

impl Resolution {
    /// The word in JSON and in the store.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::ConditionEnded => "condition-ended",
            Self::CauseOver => "cause-over",
            Self::Person => "person",
            Self::Fixed(_) => "fixed",
        }
    }
    /// In words, after "resolved: ".
    pub fn words(&self) -> String {
        match self {
            Self::Quiet => "no more errors came".to_owned(),
            Self::ConditionEnded => "the condition ended".to_owned(),
            Self::CauseOver => "its cause is over".to_owned(),
            Self::Person => "by a person".to_owned(),
            Self::Fixed(proposal) => format!("the fix #{proposal} helped"),
        }
    }
}
