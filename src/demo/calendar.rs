//! Moments of the shop: how orders spread over two years, and dates as SQLite's own functions read them.

use super::random::Random;
use crate::domain::target::Timestamp;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// Days of history.
pub(super) const DAYS: i64 = 730;

/// Writes a moment as `2026-08-22 14:31:58`, UTC.
pub(super) fn moment(seconds: i64) -> String {
    Timestamp(seconds.saturating_mul(1000)).date_time(0)
}

/// Writes moments fast: the dates of the two years are written once.
pub(super) struct Calendar {
    first_day: i64,
    dates: Vec<String>,
}

impl Calendar {
    /// The days that end with the day of `now` (seconds), and some behind them for deliveries.
    pub(super) fn ending(now: i64) -> Self {
        let first_day = now.div_euclid(DAY) - DAYS;
        let dates = (first_day..=first_day + DAYS + 30).map(|day| moment(day * DAY)[..10].to_owned()).collect();
        Self { first_day, dates }
    }

    /// The beginning of the history, in seconds.
    pub(super) fn start(&self) -> i64 {
        self.first_day * DAY
    }

    /// Like [`moment`], into a buffer that is used again.
    pub(super) fn write<'a>(&self, seconds: i64, buffer: &'a mut String) -> &'a str {
        buffer.clear();
        let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let date = usize::try_from(day - self.first_day).ok().and_then(|at| self.dates.get(at));
        match date {
            Some(date) => {
                buffer.push_str(date);
                for (sign, part) in [(' ', second / 3600), (':', second / 60 % 60), (':', second % 60)] {
                    buffer.push(sign);
                    for digit in [part / 10, part % 10] {
                        buffer.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
                    }
                }
            }
            None => buffer.push_str(&moment(seconds)),
        }
        buffer
    }
}

/// Moments of `count` orders in order, from the start of the calendar to `now`: the shop grows, sells more before the
/// end of a year and on weekends, and sleeps at night.
pub(super) fn order_moments(calendar: &Calendar, now: i64, count: i64, random: &mut Random) -> Vec<i64> {
    let weights: Vec<f64> =
        (0..=DAYS).map(|day| day_weight(calendar.first_day + day, day) * (0.8 + 0.4 * random.share())).collect();
    let total: f64 = weights.iter().sum();
    let mut moments = Vec::new();
    let mut due = 0.0;
    for (day, weight) in (calendar.first_day..).zip(weights) {
        due += weight / total * count as f64;
        while (moments.len() as f64) < due.round() {
            // The sum of two even draws is likeliest in the middle: three in the afternoon.
            let second = 6 * 3600 + random.between(0, 9 * 3600 - 1) + random.between(0, 9 * 3600 - 1);
            moments.push(day * DAY + second);
        }
    }
    // Today is not over yet: what would lie ahead is moved into the day behind us.
    for moment in moments.iter_mut().filter(|moment| **moment > now) {
        *moment = now - random.between(60, DAY / 2);
    }
    moments.sort_unstable();
    moments
}

fn day_weight(day: i64, age: i64) -> f64 {
    let growth = 1.0 + age as f64 / DAYS as f64;
    // Day 0 of the calendar, 1970-01-01, was a Thursday.
    let weekend = if matches!((day + 4).rem_euclid(7), 0 | 6) { 1.3 } else { 1.0 };
    let day_of_year = (day as f64).rem_euclid(365.25);
    let season = if day_of_year > 320.0 && day_of_year < 358.0 { 1.6 } else { 1.0 };
    growth * weekend * season
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_way_to_write_a_moment_is_the_plain_one() {
        let now = 1_782_000_000;
        let calendar = Calendar::ending(now);
        let mut buffer = String::new();
        for seconds in [calendar.start(), now, now - 1, now + 10 * DAY, now + 90 * DAY, calendar.start() - 1] {
            assert_eq!(calendar.write(seconds, &mut buffer), moment(seconds));
        }
    }

    #[test]
    fn orders_come_in_order_and_never_from_the_future() {
        let now = 1_782_000_000;
        let calendar = Calendar::ending(now);
        let moments = order_moments(&calendar, now, 10_000, &mut Random::new(3));
        assert_eq!(moments.len(), 10_000);
        assert!(moments.is_sorted());
        assert!(moments[0] >= calendar.start() && moments[9999] <= now && moments[9999] > now - 2 * DAY);
        let middle = calendar.start() + DAYS / 2 * DAY;
        let first_year = moments.iter().filter(|moment| **moment < middle).count();
        assert!(first_year < 4700, "the shop grows: {first_year}");
    }
}
