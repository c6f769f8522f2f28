//! The history of attempts to connect: each with its purpose and its outcome, and how many of them succeeded.

use super::error_event::ConnectError;
use super::target::Timestamp;
use super::text::redact;

/// What a connection was wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Collecting.
    Watch,
    /// A person's question or statement.
    Chat,
    /// A command, or a test of the connection.
    Test,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Watch, Self::Chat, Self::Test];
    /// The word in the store and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Chat => "chat",
            Self::Test => "test",
        }
    }
}

/// One attempt to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// What for.
    pub purpose: Purpose,
    /// The word of its kind of failure; none when it succeeded.
    pub failure: Option<String>,
    /// The engine's own code of the failure; often empty.
    pub code: String,
    /// The failure in words, redacted; empty when it succeeded.
    pub message: String,
    /// Time that it took, milliseconds.
    pub took_ms: u64,
    /// The changed setting that was tried, in words; empty for the settings as configured.
    pub setting: String,
}

impl Attempt {
    /// One attempt from its outcome.
    pub fn new(at: Timestamp, purpose: Purpose, error: Option<&ConnectError>, took_ms: u64) -> Self {
        Self {
            at,
            purpose,
            failure: error.map(|e| e.kind.word().to_owned()),
            code: error.map_or_else(String::new, |e| e.code.clone()),
            message: error.map_or_else(String::new, |e| redact(&e.message)),
            took_ms,
            setting: String::new(),
        }
    }

    /// It succeeded.
    pub fn succeeded(&self) -> bool {
        self.failure.is_none()
    }
}

/// Attempts of a span: how many, and how many of them succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// Attempts.
    pub attempts: u64,
    /// Those that succeeded.
    pub succeeded: u64,
}

impl Rate {
    /// Per cent that succeeded; none without an attempt.
    pub fn percent(self) -> Option<f64> {
        (self.attempts > 0).then(|| 100.0 * self.succeeded as f64 / self.attempts as f64)
    }
    /// `12 of 14 (86%)`, or `no attempt`.
    pub fn words(self) -> String {
        match self.percent() {
            Some(percent) => format!("{} of {} ({percent:.0}%)", self.succeeded, self.attempts),
            None => "no attempt".to_owned(),
        }
    }
    /// Counts one more.
    pub fn count(&mut self, succeeded: bool) {
        self.attempts += 1;
        self.succeeded += u64::from(succeeded);
    }
}

/// The spans of [`Record::rates`], milliseconds, with their names.
pub const SPANS: [(u64, &str); 3] = [(3_600_000, "1 h"), (24 * 3_600_000, "24 h"), (7 * 24 * 3_600_000, "7 d")];

/// What the store remembers of a target's attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The last attempts, newest first.
    pub last: Vec<Attempt>,
    /// How many succeeded within each of [`SPANS`].
    pub rates: [Rate; 3],
}

impl Record {
    /// Takes in an attempt that has just ended; keeps at most `most` of them.
    pub fn add(&mut self, attempt: Attempt, most: usize) {
        for rate in &mut self.rates {
            rate.count(attempt.succeeded());
        }
        self.last.insert(0, attempt);
        self.last.truncate(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error_event::ConnectKind;

    #[test]
    fn rates_are_of_attempts_and_no_attempt_is_no_rate() {
        let mut record = Record::default();
        assert_eq!(record.rates[0].words(), "no attempt");
        let refused = ConnectError::new(ConnectKind::Refused, "nothing listens there");
        for n in 0..7_i64 {
            let error = (n == 3).then_some(&refused);
            record.add(Attempt::new(Timestamp(n), Purpose::Watch, error, 4), 5);
        }
        assert_eq!(record.rates[2].words(), "6 of 7 (86%)");
        assert_eq!((record.last.len(), record.last[0].at), (5, Timestamp(6)));
        assert_eq!(record.last[3].failure.as_deref(), Some("refused"));
    }

    #[test]
    fn no_password_gets_into_an_attempt() {
        let error = ConnectError::new(ConnectKind::Other, "db://ann:S3cr3t!@db/orders: cannot be used");
        assert!(!Attempt::new(Timestamp(0), Purpose::Test, Some(&error), 1).message.contains("S3cr3t!"));
    }
}
