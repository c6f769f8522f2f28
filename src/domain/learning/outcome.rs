//! One outcome, under what it is remembered, and which proposals have one.

use super::About;
use crate::domain::procedure::Plan;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where the confidence in a changed setting of our own connection begins: it was made from the failure's own words.
pub(super) const CONNECTION_INITIAL: u8 = 60;

/// Under what outcomes are remembered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The pattern of the errors, or the cause where there was no incident.
    pub signature: String,
    /// The better grouping of the pattern; empty where there is none.
    pub group: String,
    /// Procedure and kind of the first act: [`Plan::fix_key`].
    pub fix: String,
    /// The engine's name.
    pub engine: String,
    /// The server's major version.
    pub major: u32,
}

impl Key {
    /// Of a plan that would be for this.
    pub(super) fn of(plan: &Plan, about: &About<'_>) -> Self {
        Self {
            signature: about.signature.map_or_else(|| cause(plan), str::to_owned),
            group: about.group.to_owned(),
            fix: plan.fix_key(),
            engine: about.engine.to_owned(),
            major: major(about.version),
        }
    }

    /// The key that near-duplicates share: patterns of one group are one matter for a fix.
    pub(super) fn merged(&self) -> Self {
        let mut merged = self.clone();
        if !merged.group.is_empty() {
            merged.signature.clear();
        }
        merged
    }
}

/// What stands for the pattern where there was no incident.
fn cause(plan: &Plan) -> String {
    format!("cause {}", plan.cause.word())
}

/// `major * 10000 + ...` of every engine.
fn major(version: u32) -> u32 {
    version / 10_000
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It helped.
    Held,
    /// It did not.
    Failed,
    /// It helped, and what it was for came again too soon.
    CameAgain,
}

impl Ended {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::CameAgain => "came-again",
        }
    }
    /// The one of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Held, Self::Failed, Self::CameAgain].into_iter().find(|ended| ended.word() == word)
    }
}

/// One fix that ran, and how that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its proposal; none for a changed setting of our own connection.
    pub proposal: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub target: TargetId,
    /// Under what it is remembered.
    pub key: Key,
    /// The plan's own confidence, before anything was learned.
    pub initial: u8,
    /// The confidence that was shown when it was approved.
    pub shown: u8,
    /// How it went.
    pub ended: Ended,
}

/// A thumb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// The proposal that it is about.
    pub proposal: u64,
    /// When.
    pub at: Timestamp,
    /// Up or down.
    pub up: bool,
    /// Why, in the person's words; empty without. Untrusted text, without secrets.
    pub comment: String,
    /// Whose.
    pub who: String,
}

/// The outcome of a proposal: of a step of a plan that happened and was looked at. Where nobody knows whether it
/// helped, nothing is learned.
pub fn outcome_of(proposal: &Proposal, group: &str) -> Option<Outcome> {
    let purpose = proposal.purpose.as_ref()?;
    let helped = proposal.verified.as_ref()?.held?;
    if !matches!(proposal.stage, Stage::Done | Stage::Undone | Stage::NeedsPerson) {
        return None;
    }
    let about = About {
        signature: purpose.signature.as_deref(),
        group,
        engine: &proposal.engine,
        version: proposal.server_version,
    };
    Some(Outcome {
        proposal: Some(proposal.id),
        at: proposal.happenings.last().map_or(proposal.at, |happening| happening.at),
        target: proposal.target.clone(),
        key: Key::of(&purpose.plan, &about),
        initial: purpose.plan.confidence,
        shown: purpose.shown_confidence,
        ended: if helped { Ended::Held } else { Ended::Failed },
    })
}

/// A changed setting of our own connection that let us in again: `fix` is its own word, `signature` the pattern of the
/// failure.
pub fn connection_outcome(at: Timestamp, target: &TargetId, fix: &str, signature: String) -> Outcome {
    let key = Key {
        signature,
        group: String::new(),
        fix: connection_fix(fix),
        // Settings of a client are the same whatever the server.
        engine: String::new(),
        major: 0,
    };
    let (initial, shown) = (CONNECTION_INITIAL, CONNECTION_INITIAL);
    Outcome { proposal: None, at, target: target.clone(), key, initial, shown, ended: Ended::Held }
}

/// The fix key of a changed setting.
pub(super) fn connection_fix(fix: &str) -> String {
    format!("connection/{fix}")
}
