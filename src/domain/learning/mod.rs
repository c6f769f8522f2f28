//! What outcomes teach: how sure we are that a fix helps against a pattern of errors, from how it went before.
//!
//! ```text
//! proposal that ran and was looked at --outcome_of--> Outcome --+
//! thumbs up, thumbs down, with a comment ---------------------- +--> Learned --shown--> confidence, "worked 12 of 13"
//!                                                                      \----rank----> the order of plans
//! ```
//!
//! Confidence is counted in points of 100. It begins with the plan's own, 40 to 80 by how it was found; each success
//! gives 5, each failure takes 10, a thumb counts like an outcome, and it stays within 0 and 100: the numbers of the
//! design. A failure weighs twice as much as a success, so a fix that helps two times of three stays where it is.
//! What nobody used for 30 days fades towards where it began, and after 90 days it is forgotten.
//!
//! What was learned anywhere ranks what is shown to people. What may run with nobody asked is decided by what was
//! learned on the very target alone ([`Learned::on`]): a fix that is safe on one server proves nothing for another one.
//!
//! Nothing here is stored: the outcomes are, and all of this is worked out from them, in the order of their times.

mod calibration;
mod entry;
mod outcome;

pub use calibration::{Band, calibration};
pub use entry::{EXPIRY_DAYS, SUGGESTED_FROM};
pub use outcome::{Ended, Key, Outcome, Rating, connection_outcome, outcome_of};

use super::diagnosis::Cause;
use super::procedure::Plan;
use super::target::{TargetId, Timestamp};
use entry::Entry;
use std::collections::BTreeMap;

/// What a plan would be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About<'a> {
    /// The pattern of the incident's errors; none for "what is wrong now".
    pub signature: Option<&'a str>,
    /// The better grouping of the pattern; empty where there is none.
    pub group: &'a str,
    /// The engine's name.
    pub engine: &'a str,
    /// The server's version, as in [`super::target::Identity::version_number`].
    pub version: u32,
}

/// What is shown with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// 0 to 100.
    pub confidence: u8,
    /// How often it worked.
    pub worked: u32,
    /// How often it was tried; 0 when nothing is known but the plan itself.
    pub tried: u32,
}

impl Shown {
    /// `worked 12 of 13`; none when it was never tried.
    pub fn words(&self) -> Option<String> {
        (self.tried > 0).then(|| format!("worked {} of {}", self.worked, self.tried))
    }
    /// It is sure enough to be suggested.
    pub fn is_suggested(&self) -> bool {
        self.confidence >= SUGGESTED_FROM
    }
}

/// Everything that was learned, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// By the exact pattern.
    patterns: BTreeMap<Key, Entry>,
    /// By the fix alone, over all patterns: for a pattern that was never met.
    fixes: BTreeMap<(String, String), Entry>,
    outcomes: Vec<Outcome>,
    /// Thumbs, in the order of their times.
    ratings: Vec<Rating>,
    /// As of when.
    at: Timestamp,
}

impl Learned {
    /// From all outcomes and thumbs that are kept, in any order.
    pub fn new(mut outcomes: Vec<Outcome>, ratings: &[Rating], now: Timestamp) -> Self {
        outcomes.sort_by_key(|outcome| outcome.at);
        let mut learned = Self { at: now, ..Self::default() };
        for outcome in &outcomes {
            learned.patterns.entry(outcome.key.merged()).or_default().count(outcome);
            let fix = (outcome.key.engine.clone(), outcome.key.fix.clone());
            learned.fixes.entry(fix).or_default().count(outcome);
        }
        learned.ratings = ratings.to_vec();
        learned.ratings.sort_by_key(|rating| rating.at);
        for rating in &learned.ratings {
            let Some(rated) = outcomes.iter().find(|outcome| outcome.proposal == Some(rating.proposal)) else {
                continue;
            };
            if let Some(entry) = learned.patterns.get_mut(&rated.key.merged()) {
                entry.rate(rating);
            }
            if let Some(entry) = learned.fixes.get_mut(&(rated.key.engine.clone(), rated.key.fix.clone())) {
                entry.rate(rating);
            }
        }
        learned.patterns.retain(|_, entry| !entry.is_expired(now));
        learned.fixes.retain(|_, entry| !entry.is_expired(now));
        for entry in learned.patterns.values_mut().chain(learned.fixes.values_mut()) {
            entry.fade(now);
        }
        learned.outcomes = outcomes;
        learned
    }

    /// What was learned on one target, as if there were no other: a thumb counts where the fix that it is for ran.
    #[must_use]
    pub fn on(&self, target: &TargetId) -> Self {
        let here = self.outcomes.iter().filter(|outcome| outcome.target == *target);
        Self::new(here.cloned().collect(), &self.ratings, self.at)
    }

    /// What is shown with a plan: by its own pattern where that was met, else by the fix wherever it was tried.
    pub fn shown(&self, plan: &Plan, about: &About<'_>) -> Shown {
        let fix = plan.fix_key();
        let entry = match self.patterns.get(&Key::of(plan, about).merged()) {
            Some(entry) => Some(entry),
            None => self.fixes.get(&(about.engine.to_owned(), fix)),
        };
        let initial = entry::initial(plan.confidence);
        match entry {
            None => Shown { confidence: initial, worked: 0, tried: 0 },
            Some(entry) => entry.shown(initial),
        }
    }

    /// Plans in the order in which they are offered. Causes stay in the order of the diagnosis. Among the plans for one
    /// cause, of which at least one was tried before, what may be proposed comes before what is blocked or mere
    /// advice, then the surest; the order of the engine decides about the rest.
    pub fn rank(&self, plans: &mut [Plan], about: &About<'_>) {
        let causes: Vec<Cause> = plans.iter().map(|plan| plan.cause).collect();
        let tried: Vec<Cause> =
            plans.iter().filter(|plan| self.shown(plan, about).tried > 0).map(|plan| plan.cause).collect();
        plans.sort_by_key(|plan| {
            let cause = causes.iter().position(|cause| *cause == plan.cause);
            let learned = tried.contains(&plan.cause);
            let sure = learned.then(|| std::cmp::Reverse(self.shown(plan, about).confidence));
            (cause, learned && !plan.can_be_proposed(), sure)
        });
    }

    /// How often a changed setting of our own connection let us in again, by the word of what was changed.
    pub fn connection(&self, change: &str) -> Option<Shown> {
        let entry = self.fixes.get(&(String::new(), outcome::connection_fix(change)))?;
        Some(entry.shown(outcome::CONNECTION_INITIAL))
    }

    /// Every outcome that is kept, oldest first.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}

#[cfg(test)]
mod tests;
