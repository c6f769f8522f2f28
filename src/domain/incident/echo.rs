//! Echoes: what was done from here comes back a moment later as a line of the server's log. A statement that was typed
//! here and failed, a session that a fix of ours ended: whoever did it knows, so its line is no news.

use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a line's time may be from ours: clocks differ, and a session dies only when it looks up. Milliseconds.
const NEAR_MS: u64 = 60_000;
/// How long one is waited for, milliseconds: logs are read late, too.
const WAITS_MS: u64 = 600_000;
/// Echoes of one target that are waited for: the newest.
const MOST: usize = 100;

/// One line that will come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// When its cause was, our clock.
    pub at: Timestamp,
    /// Native codes that it may have.
    pub codes: Vec<String>,
    /// Its message; none when any will do.
    pub message: Option<String>,
}

impl Echo {
    fn is(&self, event: &ErrorEvent) -> bool {
        let apart = event.at.since(self.at).max(self.at.since(event.at));
        apart <= NEAR_MS
            && self.codes.contains(&event.code)
            && self.message.as_ref().is_none_or(|message| *message == event.message)
    }
}

/// The echoes of one target that have not come yet, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Echoes(Vec<Echo>);

impl Echoes {
    /// Waits for one more.
    pub fn expect(&mut self, echo: Echo) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(echo);
    }

    /// Forgets what has not come for too long. `now` is our clock.
    pub fn forget(&mut self, now: Timestamp) {
        self.0.retain(|echo| now.since(echo.at) <= WAITS_MS);
    }

    /// Takes an error of this target: one that was typed will have an echo, and what a log tells of loses those that it
    /// is. False when nothing else is left of it.
    pub fn hear(&mut self, event: &mut ErrorEvent) -> bool {
        if event.source == Source::Typed && !event.code.is_empty() {
            let (code, message) = (event.code.clone(), event.message.clone());
            self.expect(Echo { at: event.at, codes: vec![code], message: Some(message) });
        }
        while event.source == Source::Log
            && event.count > 0
            && let Some(place) = self.0.iter().position(|echo| echo.is(event))
        {
            self.0.remove(place);
            event.count -= 1;
        }
        event.count > 0
    }

    /// Nothing is waited for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::kind::{ErrorKind, Severity};
    use crate::domain::error::naming::Understood;
    use crate::domain::target::{EngineId, TargetId};

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn told(source: Source, at: Timestamp, code: &str, message: &str, count: u64) -> ErrorEvent {
        let error = Understood {
            code: code.to_owned(),
            kind: ErrorKind::Other,
            severity: Severity::Error,
            object: None,
            message: message.to_owned(),
            signature: String::new(),
            group: String::new(),
            title: String::new(),
            transient: false,
        };
        ErrorEvent { count, ..ErrorEvent::new(at, TargetId::new("t"), EngineId("any"), source, error) }
    }

    fn left(echoes: &mut Echoes, mut events: Vec<ErrorEvent>) -> Vec<u64> {
        events.retain_mut(|event| echoes.hear(event));
        events.iter().map(|event| event.count).collect()
    }

    #[test]
    fn what_was_typed_comes_back_once_and_the_same_error_of_others_counts() {
        let mut echoes = Echoes::default();
        assert_eq!(left(&mut echoes, vec![told(Source::Typed, NOW, "42703", "no such column", 1)]), [1]);
        let log = |message| told(Source::Log, NOW.plus_ms(900), "42703", message, 3);
        assert_eq!(left(&mut echoes, vec![log("another column"), log("no such column")]), [3, 2]);
        assert_eq!(left(&mut echoes, vec![log("no such column")]), [3]);
        assert!(echoes.is_empty());
    }

    #[test]
    fn sessions_that_a_fix_ended_are_no_news_and_those_of_an_hour_ago_are() {
        let mut echoes = Echoes::default();
        for _ in 0..2 {
            echoes.expect(Echo { at: NOW, codes: vec!["57P01".into()], message: None });
        }
        let ended = |at| told(Source::Log, at, "57P01", "terminating connection", 1);
        let events = vec![ended(NOW.plus_ms(-3_600_000)), ended(NOW.plus_ms(-30)), ended(NOW), ended(NOW)];
        assert_eq!(left(&mut echoes, events), [1, 1]);
    }

    #[test]
    fn what_never_comes_is_forgotten() {
        let mut echoes = Echoes::default();
        for at in 0..500 {
            echoes.expect(Echo { at: NOW.plus_ms(at), codes: vec!["57P01".into()], message: None });
        }
        assert_eq!(echoes.0.len(), MOST);
        echoes.forget(NOW.plus_ms(WAITS_MS.cast_signed() + 500));
        assert!(echoes.is_empty());
    }
}
