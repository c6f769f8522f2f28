//! Several findings about one statement, of which the worst counts.

use crate::domain::guard::{Class, Judgement, Verdict};

/// Collects what speaks against a statement. Of findings with the same verdict the first stays.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    worst: Option<Judgement>,
}

impl Findings {
    /// Takes a finding in, if it is worse than what is known.
    pub(crate) fn add(&mut self, judgement: Judgement) {
        if judgement.verdict != Verdict::Allow
            && self.worst.as_ref().is_none_or(|known| known.verdict < judgement.verdict)
        {
            self.worst = Some(judgement);
        }
    }

    /// Adds a refusal.
    pub(crate) fn deny(&mut self, class: Class, reason: impl Into<String>) {
        self.add(Judgement::deny(class, reason));
    }

    /// Adds a wish for a person.
    pub(crate) fn needs_approval(&mut self, class: Class, reason: impl Into<String>) {
        self.add(Judgement::needs_approval(class, reason));
    }

    /// The worst finding, or `otherwise` when nothing was found.
    pub(crate) fn or(self, otherwise: Judgement) -> Judgement {
        self.worst.unwrap_or(otherwise)
    }

    /// The worse of what was found and of `base`, which stays on equal verdicts.
    pub(crate) fn at_least(self, base: Judgement) -> Judgement {
        match self.worst {
            Some(found) if found.verdict > base.verdict => found,
            _ => base,
        }
    }
}
