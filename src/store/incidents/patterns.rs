//! Patterns and the errors of each hour.

use super::rows::{column, json, number};
use crate::domain::error::kind::ErrorKind;
use crate::domain::incident::Pattern;
use crate::domain::incident::book::HourKey;
use crate::domain::incident::pattern::TREND_HOURS;
use crate::domain::incident::recurrence::hour_of;
use crate::domain::incident::strategy::Strategy;
use crate::domain::target::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str = "signature, engine, kind, code, text, title, first_ms, last_ms, count, private, incidents, twins";

/// A pattern as errors meet it: without what is summed up from other tables.
pub(super) fn bare(db: &Connection, signature: &str) -> rusqlite::Result<Option<Pattern>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM patterns WHERE signature = ?1"))?
        .query_row([signature], read)
        .optional()
}

/// A pattern with its trend, its targets and how its incidents ended.
pub(super) fn whole(db: &Connection, signature: &str, now: Timestamp) -> rusqlite::Result<Option<Pattern>> {
    bare(db, signature)?.map(|pattern| sum_up(db, pattern, now)).transpose()
}

/// The patterns that were met last.
pub(super) fn list(db: &Connection, now: Timestamp, most: usize) -> rusqlite::Result<Vec<Pattern>> {
    let patterns: Vec<Pattern> = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM patterns ORDER BY last_ms DESC, signature LIMIT ?1"))?
        .query_map([i64::try_from(most).unwrap_or(i64::MAX)], read)?
        .collect::<rusqlite::Result<_>>()?;
    patterns.into_iter().map(|pattern| sum_up(db, pattern, now)).collect()
}

/// Writes a pattern, new or changed.
pub(super) fn write(db: &Connection, pattern: &Pattern) -> rusqlite::Result<()> {
    db.prepare_cached(&format!(
        "INSERT INTO patterns ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (signature) DO UPDATE SET first_ms = excluded.first_ms, last_ms = excluded.last_ms,
             count = excluded.count, private = excluded.private, incidents = excluded.incidents,
             twins = excluded.twins"
    ))?
    .execute(params![
        pattern.signature,
        pattern.engine,
        pattern.kind.word(),
        pattern.code,
        pattern.text,
        pattern.title,
        pattern.first_at.0,
        pattern.last_at.0,
        column(pattern.count),
        column(pattern.private),
        column(pattern.incidents),
        json(&pattern.twins)?,
    ])?;
    Ok(())
}

/// Adds errors to their hour.
pub(super) fn add_to_hour(db: &Connection, (target, signature, hour): &HourKey, count: u64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO error_hours (signature, hour, target, count) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET count = min(count, 9223372036854775807 - excluded.count) + excluded.count",
    )?
    .execute(params![signature, hour, target.as_str(), column(count)])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pattern> {
    let kind = ErrorKind::from_word(row.get_ref(2)?.as_str()?).unwrap_or(ErrorKind::Other);
    Ok(Pattern {
        signature: row.get(0)?,
        engine: row.get(1)?,
        kind,
        code: row.get(3)?,
        text: row.get(4)?,
        title: row.get(5)?,
        first_at: Timestamp(row.get(6)?),
        last_at: Timestamp(row.get(7)?),
        count: number(row.get(8)?),
        private: number(row.get(9)?),
        incidents: number(row.get(10)?),
        twins: serde_json::from_str(row.get_ref(11)?.as_str()?).unwrap_or_default(),
        targets: 0,
        hours: Vec::new(),
        outcomes: Vec::new(),
    })
}

fn sum_up(db: &Connection, mut pattern: Pattern, now: Timestamp) -> rusqlite::Result<Pattern> {
    let targets = db
        .prepare_cached(
            "SELECT count(*) FROM (SELECT target FROM incidents WHERE signature = ?1
                                   UNION SELECT target FROM error_hours WHERE signature = ?1)",
        )?
        .query_row([&pattern.signature], |row| row.get(0))?;
    pattern.targets = number(targets);
    let first = hour_of(now) - i64::try_from(TREND_HOURS).unwrap_or(0) + 1;
    pattern.hours = vec![0; TREND_HOURS];
    let mut hours = db
        .prepare_cached("SELECT hour, sum(count) FROM error_hours WHERE signature = ?1 AND hour >= ?2 GROUP BY hour")?;
    let mut rows = hours.query(params![pattern.signature, first])?;
    while let Some(row) = rows.next()? {
        let place = usize::try_from(row.get::<_, i64>(0)? - first).unwrap_or(usize::MAX);
        if let Some(hour) = pattern.hours.get_mut(place) {
            *hour = number(row.get(1)?);
        }
    }
    let mut outcomes = db.prepare_cached(
        "SELECT strategy, sum(stage = 'resolved' AND reopened = 0), sum(stage <> 'resolved' OR reopened > 0)
         FROM incidents WHERE signature = ?1 GROUP BY strategy",
    )?;
    let rows = outcomes.query_map([&pattern.signature], |row| {
        let strategy = Strategy::from_word(row.get_ref(0)?.as_str()?);
        let (held, other) = (number(row.get(1)?), number(row.get(2)?));
        Ok(strategy.map(|strategy| (strategy, held, other)))
    })?;
    pattern.outcomes = rows.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
    pattern.outcomes.sort_unstable();
    Ok(pattern)
}
