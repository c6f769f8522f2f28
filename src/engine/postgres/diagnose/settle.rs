//! What follows from what: of several causes that are all to be seen, those that another one brings about are no roots.

use super::causes::Found;
use crate::domain::diagnosis::{Cause, Diagnosis, Hypothesis, Verdict};

/// A root and what it brings about, most telling root first.
const FOLLOWS: &[(Cause, &[Cause])] = &[
    (Cause::ConfigRegression, &[Cause::BadStatistics]),
    (
        Cause::DeadTuples,
        &[
            Cause::LargeFetch,
            Cause::Bloat,
            Cause::MissingIndex,
            Cause::IoSaturation,
            Cause::SmallBufferPool,
            Cause::HeavyWorkload,
            Cause::CpuSaturation,
        ],
    ),
    (Cause::BadStatistics, &[Cause::PoorJoin, Cause::DiskSpill]),
    (
        Cause::IdleInTransaction,
        &[Cause::LockWaitChain, Cause::LockContention, Cause::LongTransaction, Cause::MetadataLock],
    ),
    (Cause::MetadataLock, &[Cause::LockWaitChain, Cause::LockContention]),
    (Cause::LockWaitChain, &[Cause::LockContention]),
    (Cause::Deadlock, &[Cause::LockContention]),
    (Cause::LongTransaction, &[Cause::DeadTuples, Cause::Bloat]),
    (Cause::StuckSlot, &[Cause::DiskFull]),
];

/// Settles it.
pub(super) fn settle(mut found: Found, focus: Option<Cause>) -> Diagnosis {
    for (root, followers) in FOLLOWS {
        if !found.supports(*root) {
            continue;
        }
        // What is said of a table follows only from dead rows of that table.
        let table = found.hypotheses.iter().find(|h| h.cause == *root && h.verdict == Verdict::Supported);
        let table = table.and_then(|h| h.about.clone());
        for hypothesis in &mut found.hypotheses {
            let same = *root != Cause::DeadTuples || hypothesis.about.is_none() || hypothesis.about == table;
            if followers.contains(&hypothesis.cause) && hypothesis.verdict == Verdict::Supported && same {
                *hypothesis = hypothesis.clone().follows_from(*root);
            }
        }
    }
    if let Some(focus) = focus {
        first(&mut found.hypotheses, focus);
    }
    found.unknown.dedup();
    Diagnosis::new(found.hypotheses, found.unknown)
}

/// What a person wants looked at is told of even when it was taken for a consequence: it is undecided then, and theirs
/// to decide.
fn first(hypotheses: &mut [Hypothesis], focus: Cause) {
    for hypothesis in hypotheses {
        if hypothesis.cause == focus && hypothesis.verdict == Verdict::Refuted && hypothesis.consequence_of.is_some() {
            hypothesis.verdict = Verdict::Inconclusive;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roots_stay_supported() {
        let made = |cause, about: &str| Hypothesis::new(cause, Verdict::Supported, 0.9, Vec::new()).about(about);
        let found = Found {
            hypotheses: vec![
                made(Cause::IdleInTransaction, "session 7"),
                made(Cause::LockWaitChain, "session 7"),
                made(Cause::DeadTuples, "orders"),
                made(Cause::LargeFetch, "orders"),
                made(Cause::MissingIndex, "items"),
            ],
            unknown: Vec::new(),
        };
        let settled = settle(found, None);
        let roots: Vec<Cause> = settled.roots().map(|h| h.cause).collect();
        assert_eq!(roots, [Cause::MissingIndex, Cause::DeadTuples, Cause::IdleInTransaction]);
        let chain = settled.of(Cause::LockWaitChain).map(|h| h.consequence_of);
        assert_eq!(chain, Some(Some(Cause::IdleInTransaction)));
    }
}
