//! How an error is dealt with, by its kind and by how often it came.

use crate::domain::error::kind::ErrorKind;
use serde::{Deserialize, Serialize};

/// Errors within the window from which a procedure may be proposed by itself.
pub const SELF_HEALING_FROM: u64 = 3;
/// Errors within the window from which a recurrence is prevented.
pub const PREVENTIVE_FROM: u64 = 2;
/// The window in which errors are counted, hours, where the configuration says nothing.
pub const WINDOW_HOURS: u64 = 24;

/// The ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// Somebody is called at once: the service is down or nearly so.
    ImmediateFix,
    /// A procedure that is known to help is proposed.
    SelfHealing,
    /// It came again: what would keep it from coming is looked for.
    Preventive,
    /// It is new: causes are looked for, by the knowledge at hand and by the model where there is one.
    AiPowered,
}

impl Strategy {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::ImmediateFix, Self::SelfHealing, Self::Preventive, Self::AiPowered];

    /// The word in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::ImmediateFix => "IMMEDIATE_FIX",
            Self::SelfHealing => "SELF_HEALING",
            Self::Preventive => "PREVENTIVE",
            Self::AiPowered => "AI_POWERED",
        }
    }

    /// The strategy of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Kinds of which one is enough: nobody can work, more is lost every minute, or stored data is damaged.
pub fn is_critical(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionError
            | ErrorKind::TooManyConnections
            | ErrorKind::DiskFull
            | ErrorKind::OutOfMemory
            | ErrorKind::Corruption
            | ErrorKind::ClusterState
    )
}

/// The strategy for an error of a kind that came `count` times within the window, the last one included.
/// `has_procedure`: an automatic procedure exists for it.
pub fn choose(kind: ErrorKind, count: u64, has_procedure: bool) -> Strategy {
    if is_critical(kind) {
        Strategy::ImmediateFix
    } else if count >= SELF_HEALING_FROM && has_procedure {
        Strategy::SelfHealing
    } else if count >= PREVENTIVE_FROM {
        Strategy::Preventive
    } else {
        Strategy::AiPowered
    }
}
