//! What is wrong with a server at one moment, so that two moments can be compared: the reasons for its state, and the
//! causes that are supported.

use crate::domain::diagnosis::Cause;
use crate::domain::health::{Health, State};
use std::collections::BTreeMap;

/// Findings by their words, each with how bad it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(BTreeMap<&'static str, State>);

/// How one moment differs from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What was not there before.
    pub new: Vec<&'static str>,
    /// What is gone.
    pub resolved: Vec<&'static str>,
    /// What is worse.
    pub regressed: Vec<&'static str>,
    /// What is better, and still there.
    pub improved: Vec<&'static str>,
    /// What is as it was.
    pub same: usize,
}

impl Findings {
    /// Those of a judged target, and of causes that are supported.
    pub fn new(health: &Health, causes: impl IntoIterator<Item = Cause>) -> Self {
        let mut found = BTreeMap::new();
        let reasons = health.reasons.iter().map(|reason| (reason.word, reason.state));
        for (word, state) in reasons.chain(causes.into_iter().map(|cause| (cause.title(), State::Warning))) {
            let kept = found.entry(word).or_insert(state);
            *kept = state.min(*kept);
        }
        Self(found)
    }

    /// What became of these by a later moment.
    pub fn until(&self, later: &Self) -> Difference {
        let mut difference = Difference::default();
        for (word, state) in &later.0 {
            // A state that is worse comes first in their order.
            match self.0.get(word) {
                None => difference.new.push(word),
                Some(before) if state < before => difference.regressed.push(word),
                Some(before) if state > before => difference.improved.push(word),
                Some(_) => difference.same += 1,
            }
        }
        difference.resolved = self.0.keys().copied().filter(|word| !later.0.contains_key(word)).collect();
        difference
    }
}

impl Difference {
    /// In words: `resolved: blocked; new: replica lag; 2 as before`.
    pub fn words(&self) -> String {
        let named = [
            ("new", &self.new),
            ("resolved", &self.resolved),
            ("regressed", &self.regressed),
            ("improved", &self.improved),
        ];
        let mut parts: Vec<String> = named
            .into_iter()
            .filter(|(_, words)| !words.is_empty())
            .map(|(name, words)| format!("{name}: {}", words.join(", ")))
            .collect();
        if self.same > 0 {
            parts.push(format!("{} as before", self.same));
        }
        if parts.is_empty() { "none before and none after".to_owned() } else { parts.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Findings, Health, State};
    use crate::domain::diagnosis::Cause;
    use crate::domain::health::Reason;

    fn found(reasons: &[(&'static str, State)], causes: &[Cause]) -> Findings {
        let reasons = reasons
            .iter()
            .map(|(word, state)| Reason { state: *state, word, text: String::new(), metric: None })
            .collect();
        Findings::new(&Health { state: State::Ok, score: None, reasons }, causes.iter().copied())
    }

    #[test]
    fn what_changed_is_named_by_how_it_changed() {
        let before = found(
            &[
                ("blocked", State::Critical),
                ("full", State::Warning),
                ("lag", State::Critical),
                ("wal", State::Warning),
            ],
            &[Cause::LockWaitChain],
        );
        let after = found(
            &[("full", State::Critical), ("lag", State::Warning), ("wal", State::Warning), ("cache", State::Warning)],
            &[],
        );
        assert_eq!(
            before.until(&after).words(),
            "new: cache; resolved: blocked, one session holds a lock for which others wait; regressed: full; \
             improved: lag; 1 as before"
        );
        assert_eq!(found(&[], &[]).until(&found(&[], &[])).words(), "none before and none after");
    }
}
