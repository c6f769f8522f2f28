//! The replica set: members that are down or late, and how far the replication log reaches back.

use super::sight::Sight;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::metric::{bytes, seconds};

/// Seconds behind from which a member is late.
const LATE_S: f64 = 10.0;
/// A log that reaches back less than this leaves no time for a night (checks.md MG05: 24 h), and this much less none.
const WINDOW_S: f64 = 86_400.0;
/// Only a log that is nearly full throws its first entries away: a young one reaches back as far as there is anything.
const FULL: f64 = 0.9;

pub(super) fn judge(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found = members(sight);
    found.extend(window(sight, unknown));
    found
}

fn members(sight: &Sight<'_>) -> Vec<Hypothesis> {
    let members = sight.members();
    if members.is_empty() {
        return Vec::new();
    }
    let down: Vec<String> = members
        .iter()
        .filter(|(_, _, works, ..)| !works)
        .map(|(name, state, .., message)| format!("{name} is {state} {message}").trim_end().to_owned())
        .collect();
    let mut found = vec![if down.is_empty() {
        Hypothesis::new(
            Cause::ReplicationBroken,
            Verdict::Refuted,
            0.9,
            vec!["every member of the set works".to_owned()],
        )
    } else {
        Hypothesis::new(Cause::ReplicationBroken, Verdict::Supported, 0.92, down)
    }];
    let late: Vec<(&str, f64)> = members
        .iter()
        .filter_map(|(name, .., lag, _)| lag.filter(|lag| *lag >= LATE_S).map(|lag| (name.as_str(), lag)))
        .collect();
    found.push(match late.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((worst, _)) => {
            let words = late.iter().map(|(name, lag)| format!("{name} is {} behind", seconds(*lag))).collect();
            Hypothesis::new(Cause::ReplicationLag, Verdict::Supported, 0.88, words).about(*worst)
        }
        None => Hypothesis::new(
            Cause::ReplicationLag,
            Verdict::Refuted,
            0.85,
            vec![format!("no member is {LATE_S:.0} s behind")],
        ),
    });
    found
}

/// Seconds that the log reaches back, and which share of its room it fills, where that is seen.
pub(in crate::engine::mongodb) fn reach(sight: &Sight<'_>) -> Option<(f64, Option<f64>)> {
    let (first, last) = (sight.of_the_log("first_ms")?, sight.of_the_log("last_ms")?);
    let share = sight
        .of_the_log("bytes")
        .zip(sight.of_the_log("most_bytes").filter(|most| *most > 0.0))
        .map(|(own, most)| own / most);
    Some(((last - first).max(0.0) / 1_000.0, share))
}

fn window(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    let (window, share) = reach(sight)?;
    let mut evidence = vec![format!("the replication log reaches back {}", seconds(window))];
    evidence.extend(share.map(|share| {
        format!("it fills {:.0} % of its {}", share * 100.0, bytes(sight.of_the_log("most_bytes").unwrap_or(0.0)))
    }));
    let (verdict, confidence) = match (window < WINDOW_S, share) {
        (true, Some(share)) if share >= FULL => (Verdict::Supported, 0.9),
        (true, Some(_)) => (Verdict::Refuted, 0.8),
        (true, None) => {
            unknown.push(
                "whether the replication log is full is not seen: collStats on local.oplog.rs would tell".to_owned(),
            );
            (Verdict::Inconclusive, 0.5)
        }
        (false, _) => (Verdict::Refuted, 0.9),
    };
    Some(Hypothesis::new(Cause::OplogWindow, verdict, confidence, evidence))
}
