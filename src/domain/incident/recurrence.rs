//! How often an incident's errors came within a window: exact times of the newest, hourly counts of the others.
//!
//! Counted by incident and not by pattern, since the first miss of a second table is nothing that came again. A
//! reopened incident goes on counting, and a new one of the same key begins with what its predecessor counted.

use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};

/// Entries that are kept with their exact time: ten times what any strategy asks for.
const EXACT: usize = 32;
/// Hourly counts that are kept: the longest window that can be set, and the hour that it begins in.
const HOURS: usize = 169;
const HOUR_MS: i64 = 3_600_000;

/// The hour in which a moment lies, counted from 1970.
pub fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// When errors came and how many. Its size is bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// The newest, oldest first: when and how many.
    exact: Vec<(Timestamp, u64)>,
    /// The others by their hour, oldest first.
    hours: Vec<(i64, u64)>,
}

impl Recurrence {
    /// Counts errors. They may come in any order: a log is read after its time.
    pub fn add(&mut self, at: Timestamp, count: u64) {
        let place = self.exact.partition_point(|(earlier, _)| *earlier <= at);
        self.exact.insert(place, (at, count));
        if self.exact.len() > EXACT {
            let (oldest, count) = self.exact.remove(0);
            self.add_to_hour(hour_of(oldest), count);
        }
    }

    /// How many came within the window that ends at `now`. The hour in which it begins counts whole: more than
    /// `EXACT` later ones are then known, so no strategy hangs on it.
    pub fn within(&self, now: Timestamp, window_ms: u64) -> u64 {
        let begin = now.plus_ms(-i64::try_from(window_ms).unwrap_or(i64::MAX));
        let exact = self.exact.iter().filter(|(at, _)| *at > begin).map(|(_, count)| count);
        let hours = self.hours.iter().filter(|(hour, _)| *hour >= hour_of(begin)).map(|(_, count)| count);
        exact.chain(hours).fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn add_to_hour(&mut self, hour: i64, count: u64) {
        let place = self.hours.partition_point(|(earlier, _)| *earlier < hour);
        match self.hours.get_mut(place) {
            Some((same, sum)) if *same == hour => *sum = sum.saturating_add(count),
            _ => self.hours.insert(place, (hour, count)),
        }
        let surplus = self.hours.len().saturating_sub(HOURS);
        self.hours.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3_600_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp(1_790_000_000_000 + minute * 60_000)
    }

    #[test]
    fn the_window_moves_on() {
        let mut recurrence = Recurrence::default();
        for minute in [0, 600, 1200] {
            recurrence.add(at(minute), 1);
        }
        let seen: Vec<u64> = [1200, 1439, 1440, 2040, 2640].iter().map(|m| recurrence.within(at(*m), DAY_MS)).collect();
        assert_eq!(seen, [3, 3, 2, 1, 0]);
    }

    #[test]
    fn a_log_may_be_read_in_any_order() {
        let (mut forward, mut backward) = (Recurrence::default(), Recurrence::default());
        for minute in 0..500 {
            forward.add(at(minute), 2);
            backward.add(at(499 - minute), 2);
        }
        assert_eq!(forward.within(at(500), DAY_MS), 1000);
        assert_eq!(backward.within(at(500), DAY_MS), 1000);
    }

    #[test]
    fn it_is_small_after_a_year() {
        let mut recurrence = Recurrence::default();
        for hour in 0..(365 * 24) {
            recurrence.add(at(hour * 60), 1_000_000);
        }
        assert!(recurrence.exact.len() <= EXACT && recurrence.hours.len() <= HOURS);
        let now = at(365 * 24 * 60 - 60);
        assert_eq!(recurrence.within(now, DAY_MS), 24_000_000);
        assert_eq!(recurrence.within(now, 7 * DAY_MS), 168_000_000 + 1_000_000);
    }

    #[test]
    fn no_count_overflows() {
        let mut recurrence = Recurrence::default();
        recurrence.add(at(0), u64::MAX);
        recurrence.add(at(0), u64::MAX);
        assert_eq!(recurrence.within(at(1), DAY_MS), u64::MAX);
    }
}
