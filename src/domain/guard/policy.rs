//! What may run on a target with nobody asked: nothing, unless its configuration says so, act by act.
//!
//! A policy is data that a person wrote into a file; what it lets through is judged in [`super::ticket::by_policy`],
//! which alone can make a ticket of it. Nothing here reads a clock: times are the machine's own, as arguments.

use crate::domain::procedure::Rung;
use crate::domain::target::Timestamp;

/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;

/// What a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Every step of this procedure that has a typed kind.
    Procedure(String),
    /// Every step of any procedure that has this kind.
    Kind(String),
}

/// A time of the day, by the machine's local time. It may pass midnight; its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First minute of the day.
    pub from: u16,
    /// The minute of the day in which it is over.
    pub to: u16,
}

impl Window {
    /// Reads `22:00-05:30`; none when it is no such thing, or lasts for no time.
    pub fn read(text: &str) -> Option<Self> {
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let number = |text: &str, below: u16| {
                let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
                text.parse::<u16>().ok().filter(|n| digits && *n < below)
            };
            Some(number(hours, 24)? * 60 + number(minutes, 60)?)
        };
        let (from, to) = text.split_once('-')?;
        let window = Self { from: minute(from)?, to: minute(to)? };
        (window.from != window.to).then_some(window)
    }

    /// A minute of the day is in it.
    fn holds(self, minute: i64) -> bool {
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }

    /// `22:00-05:30`.
    pub fn words(self) -> String {
        let Self { from, to } = self;
        format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// One thing that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What.
    pub what: What,
    /// How much it may take away at most.
    pub rung: Rung,
    /// When; none for any time, which is not enough for production.
    pub window: Option<Window>,
    /// Sessions that one act may touch at most.
    pub most_sessions: u64,
    /// Rows or keys that one act may change at most.
    pub most_rows: u64,
}

impl Rule {
    /// As it is told in the audit log: `procedure C5, rung session at most, 22:00-05:00`.
    pub fn words(&self) -> String {
        let what = match &self.what {
            What::Procedure(id) => format!("procedure {id}"),
            What::Kind(word) => format!("kind {word}"),
        };
        let window = self.window.map_or_else(|| "at any time".to_owned(), Window::words);
        format!("{what}, rung {} at most, {window}", self.rung.word())
    }
}

/// A time in which nothing runs unattended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Freeze {
    /// There is none.
    #[default]
    Never,
    /// Until somebody changes the configuration.
    Always,
    /// On these days, first and last included, counted from 1970-01-01 in the machine's local time.
    Days(Vec<(i64, i64)>),
}

/// Everything that may run on one target with nobody asked. Its default is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What may run.
    pub rules: Vec<Rule>,
    /// When nothing may.
    pub freeze: Freeze,
    /// Confidence that is needed, of 100.
    pub confidence: u8,
    /// Acts against one incident, or of one fix within a day, at most.
    pub attempts: u64,
    /// An incident that is older than this is a person's, milliseconds.
    pub recovery_ms: u64,
    /// Sessions that have to wait for one that is ended or canceled because others wait for it.
    pub least_waiters: u64,
    /// Seconds for which a session has to do nothing before it is ended for doing nothing.
    pub least_idle_s: u64,
}

/// One session that waits for another one is how any two meet at a row; a queue begins with the second.
pub const LEAST_WAITERS: u64 = 2;
/// An application that asks another service in the middle of a transaction is answered, or gives up, within the 30 s
/// that HTTP clients and proxies commonly wait. A person may know better and end it sooner.
pub const LEAST_IDLE_S: u64 = 30;

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            freeze: Freeze::Never,
            confidence: 80,
            attempts: 3,
            recovery_ms: 30 * 60_000,
            least_waiters: LEAST_WAITERS,
            least_idle_s: LEAST_IDLE_S,
        }
    }
}

/// A moment by the machine's local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since 1970-01-01.
    pub day: i64,
    /// Minutes since midnight.
    pub minute: i64,
}

impl LocalTime {
    /// Of a moment, where local time is so many minutes before UTC.
    pub fn of(at: Timestamp, offset_minutes: i32) -> Self {
        let minutes = at.0.div_euclid(60_000) + i64::from(offset_minutes);
        Self { day: minutes.div_euclid(DAY_MINUTES), minute: minutes.rem_euclid(DAY_MINUTES) }
    }
}

impl Policy {
    /// Something may run at some time.
    pub fn lets_anything(&self) -> bool {
        !self.rules.is_empty() && self.freeze != Freeze::Always
    }
    /// Nothing may run on this day.
    pub fn is_frozen(&self, now: LocalTime) -> bool {
        match &self.freeze {
            Freeze::Never => false,
            Freeze::Always => true,
            Freeze::Days(spans) => spans.iter().any(|(first, last)| (*first..=*last).contains(&now.day)),
        }
    }
}

impl Rule {
    /// It is the time for it. Without a window every time is.
    pub fn is_open(&self, now: LocalTime) -> bool {
        self.window.is_none_or(|window| window.holds(now.minute))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn windows_are_read_exactly() {
        assert_eq!(Window::read("22:00-05:30"), Some(Window { from: 1320, to: 330 }));
        assert_eq!(Window::read("22:00 - 05:30").map(Window::words).as_deref(), Some("22:00-05:30"));
        for wrong in ["", "22-5", "22:00", "24:00-01:00", "22:60-23:00", "2:00-3:00", "22:00-22:00", "+2:00-03:00"] {
            assert_eq!(Window::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_window_may_pass_midnight_and_ends_before_its_end() {
        let night = Window::read("22:00-05:30").unwrap();
        for (minute, open) in [(1319, false), (1320, true), (1439, true), (0, true), (329, true), (330, false)] {
            assert_eq!(night.holds(minute), open, "{minute}");
        }
        let noon = Window::read("12:00-13:00").unwrap();
        for (minute, open) in [(719, false), (720, true), (779, true), (780, false), (0, false)] {
            assert_eq!(noon.holds(minute), open, "{minute}");
        }
    }

    #[test]
    fn days_are_those_of_the_machine() {
        let evening = Timestamp(1_790_000_000_000);
        assert_eq!(LocalTime::of(evening, 0), LocalTime { day: 20_717, minute: 853 });
        assert_eq!(LocalTime::of(evening, 12 * 60), LocalTime { day: 20_718, minute: 133 });
        let frozen = Policy { freeze: Freeze::Days(vec![(20_717, 20_717)]), ..Policy::default() };
        assert!(frozen.is_frozen(LocalTime::of(evening, 0)));
        assert!(!frozen.is_frozen(LocalTime::of(evening, 12 * 60)));
        assert!(!frozen.lets_anything());
    }
}
