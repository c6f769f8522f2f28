//! Forgetting errors: counts of hours after five weeks, what is over after a year or when there is too much of it.

use super::super::Retention;
use crate::domain::incident::recurrence::hour_of;
use crate::domain::target::Timestamp;
use rusqlite::{Connection, params};

const DAY_MS: i64 = 86_400_000;
/// Resolved incidents and patterns that nobody met are kept this long: a year, and some to look back at it.
const KEEP_DAYS: i64 = 400;
/// Resolved incidents that are kept: a few kilobytes each.
const MOST_RESOLVED: i64 = 5_000;
/// Patterns that are kept.
const MOST_PATTERNS: i64 = 10_000;
/// The errors themselves are kept this long after their incident is over.
const EVENT_DAYS: i64 = 7;
/// Rows that go in one step.
const STEP_ROWS: i64 = 2_000;

/// One step; says how many rows went.
pub(super) fn forget(db: &Connection, now: Timestamp, keep: &Retention) -> rusqlite::Result<usize> {
    let before = |days: i64| now.0 - days * DAY_MS;
    let hours = hour_of(now) - i64::from(keep.mean_days) * 24;
    let mut rows = db
        .prepare_cached(
            "DELETE FROM error_hours WHERE (signature, hour, target) IN
                 (SELECT signature, hour, target FROM error_hours WHERE hour < ?1 LIMIT ?2)",
        )?
        .execute(params![hours, STEP_ROWS])?;
    rows += db
        .prepare_cached(
            "DELETE FROM incident_events WHERE incident IN (SELECT id FROM incidents
                 WHERE resolved_ms < ?1 AND EXISTS (SELECT 1 FROM incident_events WHERE incident = id) LIMIT 100)",
        )?
        .execute([before(EVENT_DAYS)])?;
    rows += db
        .prepare_cached("DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_ms < ?1 LIMIT ?2)")?
        .execute(params![before(KEEP_DAYS), STEP_ROWS])?;
    rows += db
        .prepare_cached(
            "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE resolved_ms IS NOT NULL
                 ORDER BY resolved_ms DESC LIMIT ?2 OFFSET ?1)",
        )?
        .execute([MOST_RESOLVED, STEP_ROWS])?;
    rows += db
        .prepare_cached(
            "DELETE FROM patterns WHERE signature IN (SELECT signature FROM patterns WHERE last_ms < ?1 LIMIT ?2)",
        )?
        .execute(params![before(KEEP_DAYS), STEP_ROWS])?;
    rows += db
        .prepare_cached(
            "DELETE FROM patterns WHERE signature IN
                 (SELECT signature FROM patterns ORDER BY last_ms DESC LIMIT ?2 OFFSET ?1)",
        )?
        .execute([MOST_PATTERNS, STEP_ROWS])?;
    Ok(rows)
}
