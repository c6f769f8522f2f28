//! MY20: a client has left its transaction open. It keeps locks and old row versions until it is ended.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan};
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::session::Session;

/// Below this a client may be thinking, seconds.
const LEAST_S: u64 = 10;
/// Sessions that one plan ends, at most.
const MOST: usize = 5;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    if !diagnosis.roots().any(|h| h.cause == Cause::IdleInTransaction) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let Some(now) = scene.now() else { return Vec::new() };
    let least_ms = i64::try_from(LEAST_S * 1_000).unwrap_or(i64::MAX);
    let mut idle: Vec<&Session> = now.sessions.iter().filter(|s| s.idles_in_transaction() && !s.is_ours()).collect();
    idle.sort_by_key(|s| std::cmp::Reverse(s.time_ms));
    let Some(worst) = idle.first() else { return Vec::new() };
    let mut plan = step::plan("MY20", format!("End {}", worst.words()), Cause::IdleInTransaction, 70, diagnosis);
    for session in idle.iter().filter(|s| s.time_ms >= least_ms).take(MOST) {
        if let Some(why) = session.untouchable() {
            plan.advice.push(format!("session {} is left alone: it {why}", session.id));
            continue;
        }
        step::put(&mut plan, step::end(session, "its client has left its transaction open"), |end| {
            end.requires.push(Check::IdleFor(vec![session.reference()], LEAST_S));
            end.expected.push("its locks and the row versions that it keeps are let go".to_owned());
        });
    }
    if plan.steps.is_empty() {
        plan.blocked.push(format!("nobody who may be ended is idle in a transaction for {LEAST_S} s or longer"));
    }
    plan.advice.push(format!(
        "the application of {} leaves transactions open: commit before waiting for anything outside the database",
        worst.user
    ));
    if scene.flavour.is_mariadb() {
        plan.advice.push("MariaDB ends such sessions by itself with idle_transaction_timeout".to_owned());
    }
    vec![plan]
}
