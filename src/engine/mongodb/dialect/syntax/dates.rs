//! Dates as people and programs write them in ISO form.

use bson::DateTime;
use chrono::{DateTime as Moment, NaiveDate, NaiveDateTime};

/// Forms without a zone, which mean UTC, as the shell's `ISODate` reads them.
const WITHOUT_ZONE: &[&str] = &["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

/// A moment from `2026-08-19`, `2026-08-19T16:30:00Z`, `2026-08-19 16:30`, with or without a zone.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    let millis = |moment: NaiveDateTime| DateTime::from_millis(moment.and_utc().timestamp_millis());
    if let Ok(moment) = Moment::parse_from_rfc3339(text) {
        return Some(DateTime::from_millis(moment.timestamp_millis()));
    }
    if let Ok(moment) = Moment::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Some(DateTime::from_millis(moment.timestamp_millis()));
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    for form in WITHOUT_ZONE {
        if let Ok(moment) = NaiveDateTime::parse_from_str(bare, form) {
            return Some(millis(moment));
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(millis)
}
