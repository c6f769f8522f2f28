//! The only place that reads the wall clock.

use crate::domain::guard::ticket::Moment;
use crate::domain::target::Timestamp;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Now, by our wall clock.
pub(super) fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}

/// Now, by both clocks. The second counts from a minute before its first use.
pub(super) fn moment() -> Moment {
    const BEFORE: Duration = Duration::from_mins(1);
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    Moment { wall: now(), uptime_ms: millis(start.elapsed() + BEFORE) }
}

/// A span in milliseconds.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Local time minus UTC, minutes, as of now.
pub(super) fn offset_minutes() -> i32 {
    use chrono::Offset as _;
    chrono::Local::now().offset().fix().local_minus_utc() / 60
}
