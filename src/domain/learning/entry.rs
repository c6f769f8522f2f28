//! One fix against one pattern: its points, how they move, and how they fade.

use super::{Ended, Outcome, Rating, Shown};
use crate::domain::target::Timestamp;

/// A fix is suggested from this confidence on.
pub const SUGGESTED_FROM: u8 = 60;
/// Days without use after which nothing is known of a fix any more.
pub const EXPIRY_DAYS: i64 = 90;
/// Days without use after which what is known begins to fade. Ours: a month is the longest cycle that a database
/// commonly has, so what recurs with it does not fade.
const FADES_AFTER_DAYS: i64 = 30;
/// Points for a success, and for a thumb up.
const SUCCESS: i32 = 5;
/// Points for a failure, and for a thumb down.
const FAILURE: i32 = -10;
const DAY_MS: i64 = 24 * 3_600_000;

/// What is known of one fix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// Points, from the first outcome's beginning on.
    points: i32,
    initial: i32,
    worked: u32,
    tried: u32,
    last_at: Timestamp,
}

/// Where confidence begins: the plan's own, within 40 and 80.
pub(super) fn initial(plan: u8) -> u8 {
    plan.clamp(40, 80)
}

impl Entry {
    /// Counts an outcome; they come oldest first.
    pub(super) fn count(&mut self, outcome: &Outcome) {
        if self.tried == 0 {
            self.initial = i32::from(initial(outcome.initial));
            self.points = self.initial;
        }
        let worked = outcome.ended == Ended::Held;
        self.tried += 1;
        self.worked += u32::from(worked);
        self.moves(worked, outcome.at);
    }

    /// Counts a thumb, up or down, like an outcome; it is no use of the fix.
    pub(super) fn rate(&mut self, rating: &Rating) {
        self.moves(rating.up, rating.at);
    }

    fn moves(&mut self, up: bool, at: Timestamp) {
        self.points = (self.points + if up { SUCCESS } else { FAILURE }).clamp(0, 100);
        self.last_at = self.last_at.max(at);
    }

    /// Nobody used it for so long that nothing is known any more.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.idle_ms(now) >= EXPIRY_DAYS * DAY_MS
    }

    /// Lets what was learned fade with the time since the last use: a straight line from all of it to nothing.
    pub(super) fn fade(&mut self, now: Timestamp) {
        let fades_for = (EXPIRY_DAYS - FADES_AFTER_DAYS) * DAY_MS;
        let faded = (self.idle_ms(now) - FADES_AFTER_DAYS * DAY_MS).clamp(0, fades_for);
        let left = i64::from(self.points - self.initial) * (fades_for - faded) / fades_for;
        self.points = self.initial + i32::try_from(left).unwrap_or(0);
    }

    fn idle_ms(&self, now: Timestamp) -> i64 {
        now.0.saturating_sub(self.last_at.0)
    }

    /// With a plan that would begin here now: what was learned is the distance from where the outcomes began.
    pub(super) fn shown(&self, initial: u8) -> Shown {
        let confidence = (i32::from(initial) + self.points - self.initial).clamp(0, 100);
        Shown { confidence: u8::try_from(confidence).unwrap_or(0), worked: self.worked, tried: self.tried }
    }
}
