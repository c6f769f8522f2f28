//! What the facts mean: each cause is decided by one function, and then roots are told from what follows from them.
//!
//! Limits come from the rules that DBAs already trust (`MySQLTuner`, PMM, awesome-prometheus-alerts), scaled down where a
//! watch of seconds sees what those see in minutes; each stands as a constant beside its cause.

mod connections;
mod locks;
mod server;
pub(in crate::engine::mysql) mod statements;
mod storage;
mod transactions;
mod workload;

pub(in crate::engine::mysql) use connections::{Group, groups};
pub(in crate::engine::mysql) use locks::persistent;
pub(in crate::engine::mysql) use server::{split, wrong_settings};
pub(in crate::engine::mysql) use storage::redo_use;

use super::seen::Scene;
use super::seen::work::waits_for_a_number;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Verdict};

/// Hypotheses and what could not be seen.
#[derive(Debug, Default)]
struct Findings {
    hypotheses: Vec<Hypothesis>,
    unknown: Vec<String>,
}

impl Findings {
    fn add(&mut self, hypothesis: Hypothesis) {
        self.hypotheses.push(hypothesis);
    }
    fn supported(&mut self, cause: Cause, confidence: f64, evidence: Vec<String>) -> &mut Hypothesis {
        self.push(cause, Verdict::Supported, confidence, evidence)
    }
    fn inconclusive(&mut self, cause: Cause, confidence: f64, evidence: Vec<String>) -> &mut Hypothesis {
        self.push(cause, Verdict::Inconclusive, confidence, evidence)
    }
    fn refuted(&mut self, cause: Cause, evidence: impl Into<String>) {
        self.add(Hypothesis::new(cause, Verdict::Refuted, 0.8, vec![evidence.into()]));
    }
    fn push(&mut self, cause: Cause, verdict: Verdict, confidence: f64, evidence: Vec<String>) -> &mut Hypothesis {
        self.hypotheses.push(Hypothesis::new(cause, verdict, confidence, evidence));
        let last = self.hypotheses.len() - 1;
        &mut self.hypotheses[last]
    }
    fn unknown(&mut self, words: impl Into<String>) {
        let words = words.into();
        if !self.unknown.contains(&words) {
            self.unknown.push(words);
        }
    }
    fn supports(&self, cause: Cause) -> bool {
        self.hypotheses.iter().any(|h| h.cause == cause && h.verdict == Verdict::Supported)
    }
}

/// Decides on every cause.
pub(super) fn judge(case: &Case<'_>) -> Diagnosis {
    let scene = Scene::of(case);
    let mut found = Findings { unknown: case.observation.unknown.clone(), ..Findings::default() };
    if scene.moments.is_empty() {
        let why = scene.refusal(super::probes::SESSIONS.name).unwrap_or("the list of sessions was not read");
        found.unknown(format!("what sessions do could not be seen: {why}"));
    } else if !scene.sees_all() {
        found.unknown(format!(
            "other sessions and their transactions are hidden from {}: GRANT PROCESS ON *.* to it",
            case.identity.user
        ));
    }
    locks::judge(&scene, &mut found);
    transactions::judge(&scene, &mut found);
    connections::judge(&scene, &mut found);
    workload::judge(&scene, &mut found);
    storage::judge(&scene, &mut found);
    server::judge(&scene, &mut found);
    contended(&scene, &mut found);
    order(&mut found, case.focus);
    Diagnosis::new(found.hypotheses, found.unknown)
}

/// Waits for rows and quantity of work come together: inserts that draw numbers wait because they are many, and writers
/// of the same rows are slow because they wait.
fn contended(scene: &Scene<'_>, found: &mut Findings) {
    if !found.supports(Cause::LockContention) {
        return;
    }
    let waiting = || scene.moments.iter().flat_map(|m| m.sessions.iter().filter(|s| s.row_wait_ms.is_some()));
    let drawing = waiting().filter(|s| waits_for_a_number(s)).count();
    let writer = [Cause::RedundantIndexes, Cause::HeavyInserts].into_iter().find(|cause| found.supports(*cause));
    let (root, followers) = match writer.filter(|_| drawing * 2 > waiting().count()) {
        Some(root) => (root, [Cause::LockContention]),
        None => (Cause::LockContention, [Cause::HeavyCommits]),
    };
    for hypothesis in &mut found.hypotheses {
        if followers.contains(&hypothesis.cause) && hypothesis.verdict == Verdict::Supported {
            *hypothesis = hypothesis.clone().follows_from(root);
        }
    }
}

/// What the person wants looked at comes surer than what nobody asked for.
fn order(found: &mut Findings, focus: Option<Cause>) {
    for hypothesis in found.hypotheses.iter_mut().filter(|h| Some(h.cause) == focus) {
        if hypothesis.verdict == Verdict::Supported {
            hypothesis.confidence = hypothesis.confidence.max(0.99);
        }
    }
}
