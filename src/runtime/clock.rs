//! The only place that reads the wall clock.

use crate::domain::target::Timestamp;

/// Now, by our wall clock.
pub(super) fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}

/// Local time minus UTC, minutes, as of now.
pub(super) fn offset_minutes() -> i32 {
    use chrono::Offset as _;
    chrono::Local::now().offset().fix().local_minus_utc() / 60
}
