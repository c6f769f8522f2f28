//! Causes, a file for each family. Each decides on its causes by itself; what follows from what is settled at the end.

mod incident;
mod locks;
mod sessions;
mod settings;
mod storage;
mod tables;
mod time;
mod writes;

use super::facts::Facts;
use super::statement::Work;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};

/// What the families found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Hypotheses, in any order.
    pub(super) hypotheses: Vec<Hypothesis>,
    /// What could not be seen, with what would let us see it.
    pub(super) unknown: Vec<String>,
}

impl Found {
    /// It is so.
    fn supported(&mut self, cause: Cause, sure: f64, about: &str, evidence: Vec<String>) {
        self.add(Verdict::Supported, cause, sure, about, evidence);
    }
    /// It may be so.
    fn open(&mut self, cause: Cause, sure: f64, about: &str, evidence: Vec<String>) {
        self.add(Verdict::Inconclusive, cause, sure, about, evidence);
    }
    /// It is not so.
    fn refuted(&mut self, cause: Cause, sure: f64, evidence: &str) {
        self.add(Verdict::Refuted, cause, sure, "", vec![evidence.to_owned()]);
    }
    /// It is so, but only because of something else.
    fn follows(&mut self, cause: Cause, root: Cause, sure: f64, evidence: Vec<String>) {
        self.hypotheses.push(Hypothesis::new(cause, Verdict::Refuted, sure, evidence).follows_from(root));
    }
    fn add(&mut self, verdict: Verdict, cause: Cause, sure: f64, about: &str, evidence: Vec<String>) {
        let hypothesis = Hypothesis::new(cause, verdict, sure, evidence);
        self.hypotheses.push(if about.is_empty() { hypothesis } else { hypothesis.about(about) });
    }
    /// A cause was decided on.
    pub(super) fn has(&self, cause: Cause) -> bool {
        self.hypotheses.iter().any(|h| h.cause == cause)
    }
    /// A cause is a root, so far.
    pub(super) fn supports(&self, cause: Cause) -> bool {
        self.hypotheses.iter().any(|h| h.cause == cause && h.verdict == Verdict::Supported)
    }
}

/// Decides on every cause.
pub(super) fn judge(facts: &Facts<'_>, works: &[Work]) -> Found {
    let mut found = Found::default();
    if facts.sees_all {
        locks::judge(facts, &mut found);
        sessions::judge(facts, &mut found);
        time::judge(facts, works, &mut found);
    } else {
        let user = &facts.case.identity.user;
        found
            .unknown
            .push(format!("what other sessions do and wait for is hidden from this login: GRANT pg_monitor TO {user}"));
        for cause in HIDDEN {
            let words = format!("sessions of others are hidden: GRANT pg_monitor TO {user}");
            found.open(*cause, 0.5, "", vec![words]);
        }
        sessions::connections(facts, &mut found);
    }
    locks::deadlocks(facts, &mut found);
    tables::judge(facts, &mut found);
    storage::judge(facts, &mut found);
    settings::judge(facts, works, &mut found);
    incident::judge(facts, &mut found);
    found
}

/// Causes that only the sessions of others can tell of.
const HIDDEN: &[Cause] = &[
    Cause::LockContention,
    Cause::LockWaitChain,
    Cause::MetadataLock,
    Cause::IdleInTransaction,
    Cause::LongTransaction,
    Cause::MissingIndex,
    Cause::CorrelatedSubquery,
    Cause::PoorJoin,
    Cause::BadStatistics,
    Cause::LargeFetch,
    Cause::DiskSpill,
    Cause::HeavyInserts,
    Cause::HeavyCommits,
    Cause::HeavyWorkload,
    Cause::RedundantIndexes,
    Cause::SmallBufferPool,
    Cause::IoSaturation,
    Cause::CpuSaturation,
    Cause::CheckpointPressure,
];
