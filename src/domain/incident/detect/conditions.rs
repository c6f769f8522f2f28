//! Health rules in breach: an error when the breach begins or grows worse, and its end after two good samples.
//!
//! The rules themselves ask for two samples in breach (see [`crate::domain::health`]), so that a reason is one already.

use super::{Condition, Finding, Place};
use crate::domain::error::event::Source;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::health::{Health, State, word_of};
use crate::domain::metric::MetricId;
use crate::domain::target::Timestamp;
use std::collections::BTreeMap;

/// Good judgements in a row after which a condition is over.
const OVER_AFTER: u32 = 2;

/// The word of a health rule, the kind that is nearest to it, and a title.
const RULES: &[(&str, ErrorKind, &str)] = &[
    ("conns", ErrorKind::ResourceLimit, "Connections are running out"),
    ("blocked", ErrorKind::LockTimeout, "Sessions wait for locks"),
    ("lag", ErrorKind::ReplicationError, "Replication is behind"),
    ("broken", ErrorKind::ReplicationError, "Replication does not run"),
    ("xid", ErrorKind::ResourceLimit, "Transaction ids are running out"),
    ("slot", ErrorKind::ReplicationError, "A replication slot keeps too much log"),
    ("long txn", ErrorKind::TransactionState, "A transaction is open for very long"),
    ("slow", ErrorKind::Timeout, "Statements are slower than usual"),
    ("wal", ErrorKind::ResourceLimit, "The write-ahead log does not shrink"),
    ("memory", ErrorKind::ResourceLimit, "Memory is running out"),
    ("fragmented", ErrorKind::ResourceLimit, "Memory is fragmented"),
    ("link", ErrorKind::ReplicationError, "The link to the primary is down"),
    ("save", ErrorKind::InternalError, "The last snapshot failed"),
    ("aof", ErrorKind::InternalError, "Writing the append-only file failed"),
    ("rejected", ErrorKind::TooManyConnections, "Connections are refused: the server is full"),
    ("slow cmds", ErrorKind::Timeout, "Many commands are slow"),
    ("cpu", ErrorKind::ResourceLimit, "The server has no processor time left"),
    ("cache", ErrorKind::ResourceLimit, "The cache is full"),
    ("dirty", ErrorKind::ResourceLimit, "The cache cannot be written fast enough"),
    ("oplog", ErrorKind::ReplicationError, "The replication log is short"),
    ("member", ErrorKind::ClusterState, "A member of the cluster is down"),
    ("no primary", ErrorKind::ClusterState, "No member takes writes"),
    ("idle txn", ErrorKind::TransactionState, "A session idles in its transaction"),
];

/// The code of a health rule's condition: `HEALTH_IDLE_TXN`.
pub fn code_of(word: &str) -> String {
    format!("HEALTH_{}", word.to_uppercase().replace(' ', "_"))
}

/// The kind of error that a metric beyond its limits is, as the health rules name it.
pub fn kind_of_metric(id: MetricId) -> ErrorKind {
    word_of(id).map_or(ErrorKind::Other, |word| meaning(word).0)
}

/// What is known of one rule.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// How bad it was reported; none while it is not.
    reported: Option<Severity>,
    /// Good judgements in a row.
    good: u32,
    /// Its end was reported, or it never began.
    settled: bool,
}

/// The rules of one target, by their words.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(BTreeMap<&'static str, Known>);

impl Conditions {
    pub(super) fn judged(&mut self, place: &Place, at: Timestamp, health: &Health) -> Vec<Finding> {
        // Nothing was measured: nothing is known to be well.
        if matches!(health.state, State::Down | State::Unknown | State::Stale) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for reason in &health.reasons {
            let severity = if reason.state == State::Critical { Severity::Critical } else { Severity::Warning };
            let known = self.0.entry(reason.word).or_default();
            known.good = 0;
            known.settled = false;
            if known.reported >= Some(severity) {
                continue;
            }
            known.reported = Some(severity);
            let (kind, title) = meaning(reason.word);
            let code = code_of(reason.word);
            let condition =
                Condition { source: Source::Sample, code: &code, kind, severity, title, message: &reason.text };
            found.push(place.begins(at, &condition));
        }
        for (word, _, _) in RULES {
            if health.reasons.iter().any(|reason| reason.word == *word) {
                continue;
            }
            let known = self.0.entry(word).or_default();
            known.good = known.good.saturating_add(1);
            if known.good >= OVER_AFTER && !known.settled {
                *known = Known { settled: true, good: known.good, reported: None };
                found.push(place.ends(at, meaning(word).0, &code_of(word)));
            }
        }
        found
    }
}

/// The kind and the title of a rule. A rule that is not in the table is no kind of error that has a name.
fn meaning(word: &str) -> (ErrorKind, &'static str) {
    let rule = RULES.iter().find(|(known, _, _)| *known == word);
    rule.map_or((ErrorKind::Other, "A health rule is in breach"), |(_, kind, title)| (*kind, *title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_health_rule_has_a_line_and_every_line_a_rule() {
        let mut rules: Vec<&str> = crate::domain::health::words().collect();
        let mut lines: Vec<&str> = RULES.iter().map(|(word, _, _)| *word).collect();
        rules.sort_unstable();
        lines.sort_unstable();
        assert_eq!(rules, lines);
    }
}
