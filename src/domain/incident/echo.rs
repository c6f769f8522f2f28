//! Echoes: a fix of ours ends a session, and a moment later the server's log tells of it as an error. Whoever approved
//! the fix knows, so that line is no news.

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
}

impl Echo {
    fn is(&self, event: &ErrorEvent) -> bool {
        let apart = event.at.since(self.at).max(self.at.since(event.at));
        apart <= NEAR_MS && self.codes.contains(&event.code)
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

    /// Takes an error of this target: what a log tells of loses the echoes in it. False when nothing else is left of it.
    pub fn hear(&mut self, event: &mut ErrorEvent) -> bool {
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

    fn ended(source: Source, at: Timestamp, count: u64) -> ErrorEvent {
        let error = Understood {
            code: "57P01".to_owned(),
            kind: ErrorKind::Other,
            severity: Severity::Error,
            object: None,
            message: String::new(),
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
    fn sessions_that_a_fix_ended_are_no_news_and_those_of_an_hour_ago_are() {
        let mut echoes = Echoes::default();
        for _ in 0..2 {
            echoes.expect(Echo { at: NOW, codes: vec!["57P01".into()] });
        }
        let of_log = |at, count| ended(Source::Log, at, count);
        let probe = ended(Source::Probe, NOW, 1);
        let events = vec![of_log(NOW.plus_ms(-3_600_000), 1), probe, of_log(NOW.plus_ms(-30), 1), of_log(NOW, 3)];
        assert_eq!(left(&mut echoes, events), [1, 1, 2], "an hour ago, not by a log, one of three");
        assert!(echoes.is_empty());
    }

    #[test]
    fn what_never_comes_is_forgotten() {
        let mut echoes = Echoes::default();
        for at in 0..500 {
            echoes.expect(Echo { at: NOW.plus_ms(at), codes: vec!["57P01".into()] });
        }
        assert_eq!(echoes.0.len(), MOST);
        echoes.forget(NOW.plus_ms(WAITS_MS.cast_signed() + 500));
        assert!(echoes.is_empty());
    }
}
