//! What became of the fixes that procedures proposed: how many persons accepted, how many they called wrong.

use super::stage::Stage;
use super::{Origin, Proposal};
use crate::domain::target::Timestamp;

/// The counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Approved, whatever became of them.
    pub accepted: u64,
    /// Denied, for any reason.
    pub denied: u64,
    /// Denied because the finding itself was wrong ([`says_wrong`]): a false positive.
    pub wrong: u64,
}

impl Tally {
    /// Those that a person decided.
    pub fn decided(self) -> u64 {
        self.accepted + self.denied
    }
    /// In percent of the decided; none while nothing is.
    pub fn acceptance_percent(self) -> Option<f64> {
        percent(self.accepted, self.decided())
    }
    /// The same for what was denied as wrong.
    pub fn false_positive_percent(self) -> Option<f64> {
        percent(self.wrong, self.decided())
    }
}

/// Counts the proposals of procedures that were proposed since then. What a person typed, and undoing, say nothing
/// about findings; what still waits or was withdrawn is undecided.
pub fn tally<'a>(proposals: impl IntoIterator<Item = &'a Proposal>, since: Timestamp) -> Tally {
    let mut tally = Tally::default();
    for p in proposals {
        if p.at < since || !matches!(p.origin, Origin::Procedure(_)) {
            continue;
        }
        match p.stage {
            Stage::Waiting | Stage::Seconding | Stage::Withdrawn => {}
            Stage::Denied => {
                tally.denied += 1;
                let reason = p.happenings.last().map_or("", |happening| happening.words.as_str());
                tally.wrong += u64::from(says_wrong(reason));
            }
            _ => tally.accepted += 1,
        }
    }
    tally
}

/// A denial's reason begins with `wrong` or `false`: the finding is, not only the moment or the means.
pub fn says_wrong(reason: &str) -> bool {
    let word = reason.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    ["wrong", "false"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_word_calls_a_finding_wrong() {
        for wrong in ["wrong", "Wrong: it is autovacuum", " false alarm", "FALSE positive"] {
            assert!(says_wrong(wrong), "{wrong}");
        }
        for other in ["", "not now", "the wrong moment", "falsely named", "4711"] {
            assert!(!says_wrong(other), "{other}");
        }
    }

    #[test]
    fn rates_need_something_that_was_decided() {
        assert_eq!(Tally::default().acceptance_percent(), None);
        let some = Tally { accepted: 3, denied: 1, wrong: 1 };
        assert_eq!((some.acceptance_percent(), some.false_positive_percent()), (Some(75.0), Some(25.0)));
    }
}
