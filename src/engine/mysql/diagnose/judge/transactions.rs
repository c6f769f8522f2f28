//! Transactions that stay open: their client has forgotten them, or they run for very long.

use super::Findings;
use super::locks::{cause_of, persistent};
use crate::domain::diagnosis::Cause;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::locks::Root;
use crate::engine::mysql::diagnose::seen::session::{Session, seconds};

/// A client that leaves its transaction alone for so long has forgotten it, milliseconds. Applications think for less.
const IDLE_MS: i64 = 8_000;
/// A transaction of this age is a long one where many short ones run (MY20), milliseconds.
const LONG_MS: i64 = 60_000;
/// Old row versions from which purging is behind (MY19).
const HISTORY: f64 = 50_000.0;

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    let Some(now) = scene.now() else { return };
    if !scene.sees_all() {
        for cause in [Cause::IdleInTransaction, Cause::LongTransaction] {
            found.inconclusive(cause, 0.2, vec!["transactions of other sessions are hidden from this login".into()]);
        }
        return;
    }
    let roots = persistent(scene, now);
    let ordinary = |s: &&Session| !s.is_ours() && s.untouchable().is_none();
    let mut idle: Vec<&Session> = now.sessions.iter().filter(ordinary).filter(|s| s.idles_in_transaction()).collect();
    idle.sort_by_key(|s| std::cmp::Reverse(s.time_ms));
    match idle.first().filter(|s| s.time_ms >= IDLE_MS) {
        Some(worst) => {
            let mut evidence = vec![format!("{}: the limit is {}", worst.words(), seconds(IDLE_MS))];
            let more = idle.iter().filter(|s| s.time_ms >= IDLE_MS).count() - 1;
            if more > 0 {
                evidence.push(format!(
                    "{more} more session(s) are idle in a transaction for {} or longer",
                    seconds(IDLE_MS)
                ));
            }
            if worst.rows_locked > 0 {
                evidence.push(format!("it holds locks on about {} row(s)", worst.rows_locked));
            }
            evidence.extend(history(scene));
            let confidence = match worst.time_ms {
                300_000.. => 0.92,
                60_000.. => 0.85,
                _ => 0.7,
            };
            found.supported(Cause::IdleInTransaction, confidence, evidence).about = Some(worst.words());
            settle(found, Cause::IdleInTransaction, worst.id, &roots);
        }
        None => found.refuted(
            Cause::IdleInTransaction,
            match idle.first() {
                Some(worst) => format!("the longest is idle in a transaction for {}", seconds(worst.time_ms)),
                None => "no session is idle in a transaction".to_owned(),
            },
        ),
    }
    let mut long: Vec<&Session> = now
        .sessions
        .iter()
        .filter(ordinary)
        .filter(|s| s.works() && !s.waits_for_lock() && s.transaction_ms.is_some_and(|age| age >= LONG_MS))
        .collect();
    long.sort_by_key(|s| std::cmp::Reverse(s.transaction_ms));
    match long.first() {
        Some(worst) => {
            let age = worst.transaction_ms.unwrap_or(0);
            let mut evidence = vec![format!(
                "{}: its transaction is open for {} (limit {})",
                worst.words(),
                seconds(age),
                seconds(LONG_MS)
            )];
            evidence.extend(history(scene));
            let confidence = if age >= 3_600_000 { 0.9 } else { 0.65 };
            found.supported(Cause::LongTransaction, confidence, evidence).about = Some(worst.words());
            settle(found, Cause::LongTransaction, worst.id, &roots);
        }
        None => found.refuted(
            Cause::LongTransaction,
            format!("no working transaction is open for {} or longer", seconds(LONG_MS)),
        ),
    }
}

/// A transaction at the root of waits is told as that.
fn settle(found: &mut Findings, cause: Cause, id: i64, roots: &[Root]) {
    let Some(root) = roots.iter().find(|r| r.id == id || r.blocked.contains(&id)) else { return };
    if let Some(at) = found.hypotheses.iter().rposition(|h| h.cause == cause) {
        let hypothesis = found.hypotheses.remove(at).follows_from(cause_of(root));
        found.hypotheses.push(hypothesis);
    }
}

fn history(scene: &Scene<'_>) -> Option<String> {
    let length =
        scene.status.last("Innodb_history_list_length").or_else(|| scene.innodb.last("trx_rseg_history_len"))?;
    (length > HISTORY)
        .then(|| format!("{length:.0} old row versions cannot be purged while it is open (limit {HISTORY:.0})"))
}
