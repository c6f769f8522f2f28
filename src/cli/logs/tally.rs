//! What a log holds, in bounded memory: errors by signature, and statements by what they cost.

use super::input::Input;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::Understood;
use crate::domain::log::LogEvent;
use crate::domain::log::shape::shape;
use crate::domain::target::Timestamp;
use std::collections::HashMap;

/// Signatures, and shapes of statements, that are counted apart.
const MOST: usize = 20_000;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    errors: HashMap<String, ErrorCount>,
    statements: HashMap<String, StatementCount>,
    /// Errors and statements that came when there was no room for another kind.
    uncounted: u64,
    events: u64,
    error_events: u64,
    cut: u64,
    files: Vec<String>,
    notes: Vec<String>,
    shape: String,
}

/// Errors of one signature.
#[derive(Debug, Clone)]
pub(super) struct ErrorCount {
    /// How many.
    pub count: u64,
    /// The first and the last.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What they are.
    pub kind: ErrorKind,
    /// How bad they are.
    pub severity: Severity,
    /// The native code.
    pub code: String,
    /// A few words.
    pub title: String,
    /// The message of the first one.
    pub message: String,
}

/// Statements of one shape.
#[derive(Debug, Clone, Default)]
pub(super) struct StatementCount {
    /// How many.
    pub count: u64,
    /// Milliseconds in all.
    pub total_ms: f64,
    /// Milliseconds of the slowest.
    pub most_ms: f64,
    /// Rows that were looked at.
    pub rows_examined: u64,
}

impl Tally {
    /// Takes an error.
    pub(super) fn error(&mut self, event: &LogEvent, error: &Understood) {
        self.events += 1;
        self.error_events += 1;
        self.cut += u64::from(event.cut > 0);
        if let Some(count) = self.errors.get_mut(&error.signature) {
            count.count += 1;
            count.span = joined(count.span, event.at);
            count.severity = count.severity.max(error.severity);
            return;
        }
        if self.errors.len() >= MOST {
            self.uncounted += 1;
            return;
        }
        let count = ErrorCount {
            count: 1,
            span: joined(None, event.at),
            kind: error.kind,
            severity: error.severity,
            code: error.code.clone(),
            title: error.title.clone(),
            message: crate::domain::error::event::keep(&error.message),
        };
        self.errors.insert(error.signature.clone(), count);
    }

    /// Takes an event that is no error.
    pub(super) fn other(&mut self, event: &LogEvent) {
        self.events += 1;
        self.cut += u64::from(event.cut > 0);
    }

    /// Takes a statement with its cost.
    pub(super) fn statement(&mut self, event: &LogEvent, duration_ms: f64) {
        if event.statement.is_empty() {
            return;
        }
        shape(&event.statement, &mut self.shape);
        let known = self.statements.contains_key(&self.shape);
        if !known && self.statements.len() >= MOST {
            self.uncounted += 1;
            return;
        }
        if !known {
            self.statements.insert(self.shape.clone(), StatementCount::default());
        }
        if let Some(count) = self.statements.get_mut(&self.shape) {
            count.count += 1;
            count.total_ms += duration_ms;
            count.most_ms = count.most_ms.max(duration_ms);
            count.rows_examined += event.cost.rows_examined.unwrap_or_default();
        }
    }

    /// A file has ended.
    pub(super) fn end_of(&mut self, input: &Input) {
        let stream = &input.stream;
        let mut words = format!("{}: {}, {} lines", input.name, stream.format_title(), stream.line_count());
        if input.begun_at > 0 {
            words.push_str(&format!("; its first {} bytes were read before", input.begun_at));
        }
        if stream.strays() > 0 {
            words.push_str(&format!("; {} lines are part of no event", stream.strays()));
        }
        self.files.push(words);
        for note in stream.notes() {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// What there is to say besides the summary, a line each. File names are as they were given.
    pub(super) fn talk(&self) -> Vec<String> {
        let mut talk = self.files.clone();
        talk.extend(self.notes.iter().cloned());
        if self.cut > 0 {
            talk.push(format!("{} events are longer than is kept of one, and were cut", self.cut));
        }
        if self.uncounted > 0 {
            talk.push(format!("{} events are of too many kinds to be counted each", self.uncounted));
        }
        talk.push(format!("{} events, {} of them errors", self.events, self.error_events));
        talk
    }

    /// The errors with their signature, the most frequent first.
    pub(super) fn errors(&self) -> Vec<(&str, &ErrorCount)> {
        let mut errors: Vec<(&str, &ErrorCount)> = self.errors.iter().map(|(s, c)| (s.as_str(), c)).collect();
        errors.sort_by(|a, b| (b.1.count, b.1.severity, a.0).cmp(&(a.1.count, a.1.severity, b.0)));
        errors
    }

    /// The statements with their shape, those that cost most first.
    pub(super) fn statements(&self) -> Vec<(&str, &StatementCount)> {
        let mut statements: Vec<(&str, &StatementCount)> =
            self.statements.iter().map(|(s, c)| (s.as_str(), c)).collect();
        statements.sort_by(|a, b| b.1.total_ms.total_cmp(&a.1.total_ms).then_with(|| a.0.cmp(b.0)));
        statements
    }
}

fn joined(span: Option<(Timestamp, Timestamp)>, at: Option<Timestamp>) -> Option<(Timestamp, Timestamp)> {
    match (span, at) {
        (Some((first, last)), Some(at)) => Some((first.min(at), last.max(at))),
        (None, Some(at)) => Some((at, at)),
        (span, None) => span,
    }
}
