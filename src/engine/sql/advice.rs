//! How the SQL engines say what a colleague would say: a list of rules, each a function from a statement to remarks.

use crate::domain::proposal::advice::{Advice, Weight};
use std::cmp::Reverse;

/// A rule over statements as one engine reads them: its name, how much it matters, and what finds it.
pub(crate) struct Rule<Act> {
    pub(crate) name: &'static str,
    pub(crate) weight: Weight,
    pub(crate) find: fn(&Act) -> Vec<Remark>,
}

/// A list of rules, one a line: name, weight, function.
macro_rules! rules {
    ($($name:literal $weight:ident $find:path;)*) => {
        &[$($crate::engine::sql::advice::Rule {
            name: $name,
            weight: $crate::domain::proposal::advice::Weight::$weight,
            find: $find,
        }),*]
    };
}
pub(crate) use rules;

/// What a rule has to say about one place of a statement.
pub(crate) struct Remark {
    text: String,
    instead: Option<String>,
}

impl Remark {
    /// What happens to whom, in one sentence.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), instead: None }
    }

    /// The statements to run instead, each an act of its own. None at all leave it with its text.
    pub(crate) fn instead<S: Into<String>>(mut self, steps: impl IntoIterator<Item = S>) -> Self {
        let steps: Vec<String> = steps.into_iter().map(|step| step.into() + ";").collect();
        self.instead = (!steps.is_empty()).then(|| steps.join("\n"));
        self
    }
}

/// What the rules have to say about a statement, the gravest first.
pub(crate) fn all<Act>(rules: &[Rule<Act>], act: &Act) -> Vec<Advice> {
    let mut advice = Vec::new();
    for rule in rules {
        advice.extend((rule.find)(act).into_iter().map(|remark| Advice {
            rule: rule.name.to_owned(),
            weight: rule.weight,
            text: remark.text,
            instead: remark.instead,
        }));
    }
    advice.sort_by_key(|piece| Reverse(piece.weight));
    advice
}
