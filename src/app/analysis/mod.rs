//! What is said about an error on the spot: in the chat after a statement that failed, and about a text that somebody
//! pasted.
//!
//! ```text
//! a statement failed ---- met --------+
//! a pasted text --- pasted --> errors +--> Analysis --> the conversation
//!                        \---> a plan +
//! ```

pub mod met;
pub mod pasted;
pub mod similar;

use super::incidents::detail::{DetailLine, LineKind, advice_lines};
use super::incidents::words::span;
use super::pane::Tone;
use crate::domain::error::catalogue::{Catalogue, kind_advice};
use crate::domain::error::kind::Severity;
use crate::domain::error::naming::Understood;
use crate::domain::incident::Pattern;
use crate::domain::metric::grouped;
use crate::domain::plan::Plan;
use crate::domain::plan::findings::{findings, headline};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};

/// What is said: a line that leads, and those below it. Texts are as the server wrote them; the screen escapes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// What it is, in one line.
    pub title: String,
    /// How the title is meant.
    pub tone: Tone,
    /// The rest.
    pub lines: Vec<DetailLine>,
}

/// An error to be talked about, with all that is known beside it.
pub struct About<'a> {
    /// The error.
    pub error: &'a Understood,
    /// What is known of its engine's errors.
    pub catalogue: Option<&'a Catalogue>,
    /// The statement that met it.
    pub statement: Option<&'a str>,
    /// The objects of the database that it happened in, where that is known.
    pub schema: Option<&'a Schema>,
    /// What the store remembers of its kind.
    pub pattern: Option<&'a Pattern>,
    /// How many equal ones there are.
    pub count: u64,
    /// Our clock.
    pub now: Timestamp,
}

fn fact(lead: &str, tone: Tone, text: impl Into<String>) -> DetailLine {
    DetailLine { lead: lead.to_owned(), text: text.into(), kind: LineKind::Fact(tone) }
}

/// What is to be said about an error.
pub fn of_error(about: &About<'_>) -> Analysis {
    let error = about.error;
    let tone = if error.severity >= Severity::Error { Tone::Bad } else { Tone::Doubtful };
    let known = about.catalogue.and_then(|c| c.code(&error.code));
    let mut lines = Vec::new();
    match known {
        Some(code) => lines.push(fact("error", Tone::Plain, format!("{} {}: {}", code.code, code.name, code.meaning))),
        None if !error.code.is_empty() => lines.push(fact("error", Tone::Plain, error.code.clone())),
        None => {}
    }
    if let Some(object) = &error.object {
        lines.push(fact("about", Tone::Plain, object.clone()));
    }
    if let Some(schema) = about.schema {
        let near = similar::names(error.kind, error.object.as_deref(), about.statement, schema);
        if !near.is_empty() {
            lines.push(fact("near", Tone::Good, format!("did you mean {}?", near.join(", "))));
        }
    }
    let severity = if error.transient {
        "the same thing, tried again, may well succeed"
    } else {
        "trying it again unchanged gives the same error"
    };
    lines.push(fact("again", Tone::Plain, severity));
    lines.push(fact("seen", Tone::Plain, seen(about)));
    let advice = about.catalogue.and_then(|c| c.advice_for(&error.code, error.kind));
    if let Some(advice) = advice.or_else(|| kind_advice(error.kind)) {
        lines.extend(advice_lines(advice));
    }
    Analysis { title: format!("{}   {}   {}", error.kind, error.severity.word(), error.title), tone, lines }
}

/// `3 times here, the last 2h 05m ago, in 1 incident`.
fn seen(about: &About<'_>) -> String {
    let mut words =
        if about.count > 1 { format!("{} times in this text; ", grouped(about.count)) } else { String::new() };
    let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{} times", grouped(n)) };
    match about.pattern {
        None => words.push_str("never before here"),
        Some(p) => {
            let last = span(about.now.since(p.last_at));
            words.push_str(&format!("{} here before, the last {last} ago", times(p.count + p.private)));
            match p.incidents {
                0 => {}
                1 => words.push_str(", in 1 incident"),
                n => words.push_str(&format!(", in {} incidents", grouped(n))),
            }
        }
    }
    words
}

/// What is to be said about a plan.
pub fn of_plan(plan: &Plan) -> Analysis {
    let line = |found: crate::domain::plan::findings::Finding| {
        let tone = if found.doubtful { Tone::Doubtful } else { Tone::Plain };
        fact(found.topic.word(), tone, found.words)
    };
    Analysis { title: headline(plan), tone: Tone::Plain, lines: findings(plan).into_iter().map(line).collect() }
}

impl Analysis {
    /// The same as plain text, for `ask`.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        for line in &self.lines {
            text.push_str(&match line.kind {
                LineKind::Heading => format!("{}\n", line.text),
                LineKind::Fact(_) | LineKind::Statement => format!("  {:<8} {}\n", line.lead, line.text),
            });
        }
        text
    }

    /// The same without what looks like a secret, for the store.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let redact = |text: &str| crate::domain::text::redact(text);
        let line = |l: &DetailLine| DetailLine { text: redact(&l.text), ..l.clone() };
        Self { title: redact(&self.title), tone: self.tone, lines: self.lines.iter().map(line).collect() }
    }
}
