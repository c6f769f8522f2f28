//! What in a log counts as an error that somebody should know of, and which error it is.
//!
//! Servers say many bad things in a quiet voice: a failing archive command and a full disk may be lines of the level of
//! a normal checkpoint. An engine has a table of those ([`LogRules`]); errors by their level need no rule, and of
//! warnings those count that the engine's catalogue knows.

use super::event::{Level, LogEvent};
use crate::domain::error::kind::{ErrorKind, Severity};
use aho_corasick::AhoCorasick;
use std::sync::OnceLock;

/// A message that counts although its level does not say so, or that means more than its code does.
#[derive(Debug, Clone, Copy)]
pub struct LogRule {
    /// Words that stand in the message as they are.
    pub words: &'static str,
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// How bad it is.
    pub severity: Severity,
    /// A few words for a list.
    pub title: &'static str,
}

/// The rules of an engine. Of several that fit, the first counts.
#[derive(Debug)]
pub struct LogRules {
    rules: &'static [LogRule],
    /// Beginnings of messages that are many and never count.
    quiet: &'static [&'static str],
    search: OnceLock<Option<AhoCorasick>>,
}

/// Messages are searched this far, bytes: what follows is text of statements.
const SEARCHED_BYTES: usize = 1024;

impl LogRules {
    /// Rules, and beginnings of messages for which none needs to be looked for.
    pub const fn new(rules: &'static [LogRule], quiet: &'static [&'static str]) -> Self {
        Self { rules, quiet, search: OnceLock::new() }
    }

    /// The rule for an event.
    pub fn of(&self, event: &LogEvent) -> Option<&'static LogRule> {
        let message = event.message.as_bytes();
        if self.rules.is_empty() || self.quiet.iter().any(|quiet| message.starts_with(quiet.as_bytes())) {
            return None;
        }
        let search = self.search.get_or_init(|| AhoCorasick::new(self.rules.iter().map(|r| r.words)).ok()).as_ref()?;
        let found = search.find_overlapping_iter(&message[..message.len().min(SEARCHED_BYTES)]);
        found.map(|m| m.pattern().as_usize()).min().and_then(|i| self.rules.get(i))
    }

    /// The words of all rules, for tests.
    pub fn all(&self) -> &'static [LogRule] {
        self.rules
    }
}

/// Whether an event is worth being named at all: everything from a warning on, and what a rule knows.
pub fn is_loud(event: &LogEvent) -> bool {
    event.level >= Level::Warning
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULES: LogRules = LogRules::new(
        &[
            LogRule { words: "No space left", kind: ErrorKind::DiskFull, severity: Severity::Critical, title: "Full" },
            LogRule { words: "could not write", kind: ErrorKind::Other, severity: Severity::Error, title: "Write" },
        ],
        &["duration: "],
    );

    fn title(message: &str) -> Option<&'static str> {
        RULES.of(&LogEvent { message: message.to_owned(), ..LogEvent::default() }).map(|r| r.title)
    }

    #[test]
    fn the_first_rule_counts_and_quiet_messages_have_none() {
        assert_eq!(title("could not write x: No space left on device"), Some("Full"));
        assert_eq!(title("could not write x"), Some("Write"));
        assert_eq!(title("duration: 1 ms  statement: SELECT 'No space left'"), None);
        assert_eq!(title(&format!("{}No space left", "x".repeat(SEARCHED_BYTES))), None);
    }
}
