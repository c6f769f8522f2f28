//! Operations: those that run for very long, those that hold others up, and the connections that are left.

use super::sight::{Op, Sight};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};

/// An operation of this age is long (checks.md MG22), and of this one is watched; seconds.
const LONG_S: f64 = 60.0;
const RATHER_LONG_S: f64 = 20.0;
/// A transaction that is open for so long without working, seconds (checks.md MG23).
const OPEN_S: f64 = 60.0;
/// Share of the connections from which they are nearly used up.
const CROWDED: f64 = 0.85;

/// It waits for news on purpose, or belongs to the server.
fn waits_on_purpose(op: &Op) -> bool {
    let command = &op.command;
    op.state == "background"
        || op.namespace.starts_with("local.")
        || ["\"hello\"", "\"isMaster\"", "\"ismaster\"", "\"awaitData\"", "$changeStream", "\"getMore\"", "$currentOp"]
            .iter()
            .any(|word| command.contains(word))
}

/// The operations that run for long, the longest first.
pub(in crate::engine::mongodb) fn long(sight: &Sight<'_>) -> Vec<Op> {
    let mut long: Vec<Op> = sight
        .operations()
        .into_iter()
        .filter(|op| op.state == "active" && op.seconds >= RATHER_LONG_S && !waits_on_purpose(op))
        .collect();
    long.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    long
}

/// Every long operation reads a whole collection.
pub(super) fn long_ones_scan(sight: &Sight<'_>) -> bool {
    let long = long(sight);
    !long.is_empty() && long.iter().all(|op| op.plan.contains("COLLSCAN"))
}

/// Whoever holds up the most others, and how many those are: in the last look.
pub(in crate::engine::mongodb) fn blocker(sight: &Sight<'_>) -> Option<(Op, usize)> {
    let all = sight.operations();
    let waiting: Vec<&Op> = all.iter().filter(|op| op.waits || !op.blocked_by.is_empty()).collect();
    if waiting.is_empty() {
        return None;
    }
    let held_up = |id: i64| waiting.iter().filter(|op| op.blocked_by.contains(&id)).count();
    let named = all.iter().filter(|op| !op.waits).map(|op| (op, held_up(op.id))).filter(|(_, n)| *n > 0);
    if let Some((op, n)) = named.max_by_key(|(_, n)| *n) {
        return Some((op.clone(), n));
    }
    // The server names nobody: the oldest that works, or waits in a transaction, on the same collection.
    let namespace = &waiting.first()?.namespace;
    let mut others: Vec<&Op> = all
        .iter()
        .filter(|op| {
            !op.waits && op.state != "background" && (op.namespace == *namespace || op.state == "idle in transaction")
        })
        .collect();
    others.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    others.first().map(|op| ((*op).clone(), waiting.len()))
}

/// `operation 4711 (update shop.orders, app_rw web 10.0.0.7:51234, 84 s)`.
pub(in crate::engine::mongodb) fn words(op: &Op) -> String {
    format!("operation {} ({} {}, {}, {:.0} s)", op.id, op.kind, op.namespace, op.who, op.seconds)
}

pub(super) fn judge(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found = vec![long_operation(sight)];
    found.extend(lock_waits(sight));
    found.extend(idle_transaction(sight));
    found.extend(connections(sight));
    if sight.looks().is_empty() {
        unknown.push("what runs on the server was not seen in any look".to_owned());
    }
    found
}

fn long_operation(sight: &Sight<'_>) -> Hypothesis {
    let cause = Cause::LongOperation;
    let long = long(sight);
    let Some(longest) = long.first() else {
        let words = vec![format!("no operation of a client runs for {RATHER_LONG_S:.0} s")];
        return Hypothesis::new(cause, Verdict::Refuted, 0.85, words);
    };
    let mut evidence: Vec<String> = long.iter().take(3).map(words).collect();
    if !longest.plan.is_empty() {
        evidence.push(format!("its plan is {}", longest.plan));
    }
    let confidence = if longest.seconds >= LONG_S { 0.9 } else { 0.75 };
    Hypothesis::new(cause, Verdict::Supported, confidence, evidence).about(format!("operation {}", longest.id))
}

fn lock_waits(sight: &Sight<'_>) -> Option<Hypothesis> {
    let looks = sight.looks();
    let waiting = |look: &Vec<Op>| look.iter().filter(|op| op.waits).count();
    let with = looks.iter().filter(|look| waiting(look) > 0).count();
    let most = looks.iter().map(waiting).max().unwrap_or(0);
    if looks.is_empty() {
        return None;
    }
    let mut evidence = vec![format!("operations waited for a lock in {with} of {} looks, {most} at most", looks.len())];
    let root = blocker(sight);
    evidence.extend(root.iter().map(|(op, n)| format!("{n} wait behind {}", words(op))));
    let (verdict, confidence) = match (with * 2 > looks.len() && looks.len() >= 3, &root) {
        (true, Some(_)) => (Verdict::Supported, 0.88),
        (true, None) => (Verdict::Inconclusive, 0.5),
        (false, _) if with > 0 && most >= 5 => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.85),
    };
    let hypothesis = Hypothesis::new(Cause::LockWaitChain, verdict, confidence, evidence);
    Some(match root {
        Some((op, _)) if verdict == Verdict::Supported => hypothesis.about(format!("operation {}", op.id)),
        _ => hypothesis,
    })
}

fn idle_transaction(sight: &Sight<'_>) -> Option<Hypothesis> {
    let all = sight.operations();
    let idle = all.iter().filter(|op| op.state == "idle in transaction");
    let oldest = idle.max_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
    let evidence =
        vec![format!("{} has a transaction open for {:.0} s and does nothing in it", oldest.who, oldest.seconds)];
    let (verdict, confidence) = if oldest.seconds >= OPEN_S {
        (Verdict::Supported, 0.85)
    } else if oldest.seconds >= RATHER_LONG_S {
        (Verdict::Inconclusive, 0.5)
    } else {
        (Verdict::Refuted, 0.8)
    };
    Some(
        Hypothesis::new(Cause::IdleInTransaction, verdict, confidence, evidence)
            .about(format!("operation {}", oldest.id)),
    )
}

fn connections(sight: &Sight<'_>) -> Option<Hypothesis> {
    let now = sight.now("connections.current")?;
    let most = now + sight.now("connections.available")?;
    let refused = sight.grew("connections.rejected").unwrap_or(0.0);
    let mut evidence = vec![format!("{now:.0} of {most:.0} connections are taken")];
    if refused > 0.0 {
        evidence.push(format!("{refused:.0} were refused in {:.0} s", sight.seconds));
    }
    let share = now / most.max(1.0);
    let (verdict, confidence) = match () {
        () if refused > 0.0 => (Verdict::Supported, 0.95),
        () if share >= CROWDED => (Verdict::Supported, 0.9),
        () if share >= 0.7 => (Verdict::Inconclusive, 0.5),
        () => (Verdict::Refuted, 0.9),
    };
    Some(Hypothesis::new(Cause::ConnectionSaturation, verdict, confidence, evidence))
}
