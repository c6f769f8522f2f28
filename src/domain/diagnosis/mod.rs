//! Why a server or an incident is as it is: hypotheses about causes, each decided by what was read from the server.
//!
//! ```text
//! probes of the engine --N seconds--> Observation --engine's judge (pure)--> Diagnosis --procedures--> Plans
//! ```
//!
//! Only roots are supported; what merely follows from a root names it. Not being able to see something makes a cause
//! inconclusive, which is an honest result. Nothing here needs a model.

mod case;
mod cause;
mod observation;
mod terms;

pub use case::{Case, KnownDefinition};
pub use cause::Cause;
pub use observation::{Look, Observation, SeenPlan};
pub use terms::{MOST_SECONDS, SECONDS, Terms, Unasked};

use serde::{Deserialize, Serialize};

/// What became of a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The evidence is for it, and nothing else explains it.
    Supported,
    /// It could not be decided: something cannot be seen, or the evidence is between the limits.
    Inconclusive,
    /// The evidence is against it, or another cause explains what was seen.
    Refuted,
}

impl Verdict {
    /// The word in JSON and on screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Inconclusive => "inconclusive",
            Self::Refuted => "refuted",
        }
    }
}

/// Something that was seen. The text holds numbers with their units and may hold untrusted names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `E1`, `E2`: what is said about a cause refers to these.
    pub id: String,
    /// One sentence, with the number, its limit where there is one, and where it was read.
    pub text: String,
}

/// The act that would help, as it would be proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// The procedure: `C5`.
    pub kind: String,
    /// The exact statement; none where the remedy is a change of an application.
    pub statement: Option<String>,
    /// What it does, in one sentence.
    pub words: String,
}

/// One possible cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// The cause.
    pub cause: Cause,
    /// What became of it.
    pub verdict: Verdict,
    /// How sure we are of the verdict, 0 to 1.
    pub confidence: f64,
    /// The table, session, statement or setting that it is about. Untrusted text.
    pub about: Option<String>,
    /// What is for or against it.
    pub evidence: Vec<Evidence>,
    /// What would help; filled in from the first plan of a procedure.
    pub remedy: Option<Remedy>,
    /// The root that it follows from.
    pub consequence_of: Option<Cause>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Ranked: supported ones first, the surest first.
    pub hypotheses: Vec<Hypothesis>,
    /// What could not be seen, a sentence each, with what would let us see it.
    pub unknown: Vec<String>,
}

impl Diagnosis {
    /// From hypotheses in any order: ranks them and numbers the evidence. Of two of one cause about the same object,
    /// the surer verdict stays.
    pub fn new(mut hypotheses: Vec<Hypothesis>, unknown: Vec<String>) -> Self {
        hypotheses.sort_by(|a, b| {
            let rank = |h: &Hypothesis| (h.verdict, h.consequence_of.is_some());
            rank(a)
                .cmp(&rank(b))
                .then_with(|| b.confidence.total_cmp(&a.confidence))
                .then_with(|| a.cause.cmp(&b.cause))
        });
        let mut seen = Vec::new();
        hypotheses.retain(|h| {
            let key = (h.cause, h.about.clone());
            let new = !seen.contains(&key);
            seen.push(key);
            new
        });
        let mut number = 0;
        for evidence in hypotheses.iter_mut().flat_map(|h| &mut h.evidence) {
            number += 1;
            evidence.id = format!("E{number}");
        }
        Self { hypotheses, unknown }
    }

    /// The roots: what is supported.
    pub fn roots(&self) -> impl Iterator<Item = &Hypothesis> {
        self.hypotheses.iter().filter(|h| h.verdict == Verdict::Supported)
    }

    /// The verdict about a cause, the most telling where there are several.
    pub fn of(&self, cause: Cause) -> Option<&Hypothesis> {
        self.hypotheses.iter().find(|h| h.cause == cause)
    }
}

impl Hypothesis {
    /// One with a verdict; evidence is numbered when the diagnosis is put together.
    pub fn new(cause: Cause, verdict: Verdict, confidence: f64, evidence: Vec<String>) -> Self {
        let evidence = evidence.into_iter().map(|text| Evidence { id: String::new(), text }).collect();
        Self {
            cause,
            verdict,
            confidence: confidence.clamp(0.0, 1.0),
            about: None,
            evidence,
            remedy: None,
            consequence_of: None,
        }
    }
    /// The same, about an object.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }
    /// The same as a mere consequence of a root: it is not supported any more, whatever it was.
    #[must_use]
    pub fn follows_from(mut self, root: Cause) -> Self {
        if self.verdict == Verdict::Supported {
            self.verdict = Verdict::Refuted;
        }
        self.consequence_of = Some(root);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, Diagnosis, Hypothesis, Verdict};

    #[test]
    fn roots_come_first_and_evidence_is_numbered_in_that_order() {
        let text = |s: &str| vec![s.to_owned()];
        let found = Diagnosis::new(
            vec![
                Hypothesis::new(Cause::Bloat, Verdict::Refuted, 0.9, text("a")),
                Hypothesis::new(Cause::LockWaitChain, Verdict::Supported, 0.8, text("b")),
                Hypothesis::new(Cause::IdleInTransaction, Verdict::Supported, 0.95, text("c")),
                Hypothesis::new(Cause::ConnectionSaturation, Verdict::Supported, 0.99, text("d"))
                    .follows_from(Cause::IdleInTransaction),
                Hypothesis::new(Cause::DiskFull, Verdict::Inconclusive, 0.5, text("e")),
            ],
            Vec::new(),
        );
        let causes: Vec<Cause> = found.hypotheses.iter().map(|h| h.cause).collect();
        assert_eq!(
            causes,
            [
                Cause::IdleInTransaction,
                Cause::LockWaitChain,
                Cause::DiskFull,
                Cause::Bloat,
                Cause::ConnectionSaturation
            ]
        );
        assert_eq!(found.hypotheses[0].evidence[0].id, "E1");
        assert_eq!(found.roots().count(), 2);
    }
}
