//! Forgetting: what is too old goes in small steps, and more when the file grows towards its limit.

use super::attempts;
use super::definitions;
use super::incidents;
use super::learning;
use super::rules;
use super::samples::{BUCKET_MS, DAY_MS, SLOT_MS, SLOTS, roll_up};
use crate::domain::target::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

const HOUR_MS: i64 = 3_600_000;
/// Slots of a quarter of an hour: what goes of one target before the next one's turn.
const TURN_SLOTS: i64 = 90;
/// Buckets of half a day.
const TURN_BUCKETS: i64 = 144;
/// Attempts to connect that go of one target before the next one's turn.
const TURN_ATTEMPTS: i64 = 500;
/// Attempts to connect are kept this long: the longest span of their success rates.
const ATTEMPT_DAYS: u32 = 7;
/// One step ends with the turn in which it reaches this many rows, some 20 ms.
const STEP_ROWS: usize = 5000;
/// What is newer than this is kept even when space runs out, milliseconds.
const ALWAYS_MS: i64 = HOUR_MS;

/// How long what is kept, and how large the file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Stored samples as they are.
    pub raw_hours: u32,
    /// Means of five minutes.
    pub mean_days: u32,
    /// Sessions with their statements.
    pub session_days: u32,
    /// Definitions of objects that are gone or were changed, after that.
    pub definition_days: u32,
    /// The file never grows past this. From three quarters of it on, old samples and sessions go before their time.
    pub max_bytes: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_hours: 48, mean_days: 35, session_days: 7, definition_days: 90, max_bytes: 1 << 30 }
    }
}

/// What one step of forgetting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Rows that went.
    pub rows: usize,
    /// There is more to do: call again when there is time.
    pub more: bool,
}

/// One step: a short transaction, so that samples do not wait for it.
pub(super) fn prune(db: &mut Connection, now: Timestamp, keep: &Retention) -> rusqlite::Result<Pruned> {
    let crowded = used_bytes(db)? > keep.max_bytes / 4 * 3;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let limits = Limits::of(now, keep, crowded);
    // The target with the oldest readings first, so that all grow old at the same pace when space runs out.
    let targets: Vec<i64> = transaction
        .prepare_cached(
            "SELECT id FROM targets ORDER BY (SELECT min(slot) FROM readings WHERE target = id) NULLS FIRST, id",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut rows = limits.forget_texts(&transaction)?;
    rows += incidents::forget(&transaction, now, keep)?;
    rows += learning::forget(&transaction, now)?;
    rows += rules::forget(&transaction, now)?;
    rows += definitions::forget(&transaction, now, keep)?;
    loop {
        let before = rows;
        for &target in &targets {
            if rows < STEP_ROWS {
                rows += limits.forget_turn(&transaction, target)?;
            }
        }
        if rows == before || rows >= STEP_ROWS {
            break;
        }
    }
    transaction.commit()?;
    Ok(Pruned { rows, more: rows >= STEP_ROWS })
}

/// The times before which rows go.
struct Limits {
    readings: i64,
    sessions: i64,
    /// The times of samples serve readings and sessions, so they go last.
    samples: i64,
    /// Buckets.
    means: i64,
    /// Milliseconds.
    attempts: i64,
    /// Days.
    texts: i64,
}

impl Limits {
    fn of(now: Timestamp, keep: &Retention, crowded: bool) -> Self {
        let hours = |n: u32| i64::from(n) * HOUR_MS;
        let slot = |age_ms: i64| (now.0 - if crowded { ALWAYS_MS } else { age_ms }).div_euclid(SLOT_MS);
        let (readings, sessions) = (slot(hours(keep.raw_hours)), slot(hours(keep.session_days * 24)));
        Self {
            readings,
            sessions,
            samples: readings.min(sessions),
            attempts: now.0 - if crowded { ALWAYS_MS } else { hours(ATTEMPT_DAYS * 24) },
            means: (now.0 - hours(keep.mean_days * 24)).div_euclid(BUCKET_MS),
            // A day more than their sessions, since days of texts are whole.
            texts: now.0.div_euclid(DAY_MS) - i64::from(keep.session_days) - 1,
        }
    }

    /// Forgets a quarter of an hour of a target's oldest rows, and half a day of its oldest means.
    fn forget_turn(&self, db: &Connection, target: i64) -> rusqlite::Result<usize> {
        let mut rows = 0;
        if let Some(until) = turn_end(db, "readings", target, self.readings)? {
            // Readings that were never summed up, because the program ended, are now.
            roll_up(db, target, (until + SLOTS - 1) / SLOTS * SLOTS)?;
            rows +=
                db.prepare_cached("DELETE FROM readings WHERE target = ?1 AND slot < ?2")?.execute([target, until])?;
        }
        if let Some(until) = turn_end(db, "sessions", target, self.sessions)? {
            rows +=
                db.prepare_cached("DELETE FROM sessions WHERE target = ?1 AND slot < ?2")?.execute([target, until])?;
        }
        if let Some(until) = turn_end(db, "samples", target, self.samples)? {
            rows +=
                db.prepare_cached("DELETE FROM samples WHERE target = ?1 AND slot < ?2")?.execute([target, until])?;
        }
        rows += attempts::forget(db, target, self.attempts, TURN_ATTEMPTS)?;
        let oldest: Option<i64> = db
            .prepare_cached("SELECT min(bucket) FROM means WHERE target = ?1")?
            .query_row([target], |row| row.get(0))?;
        if let Some(oldest) = oldest.filter(|oldest| *oldest < self.means) {
            rows += db
                .prepare_cached("DELETE FROM means WHERE target = ?1 AND bucket < ?2")?
                .execute([target, (oldest + TURN_BUCKETS).min(self.means)])?;
        }
        Ok(rows)
    }

    fn forget_texts(&self, db: &Connection) -> rusqlite::Result<usize> {
        db.prepare_cached("DELETE FROM texts WHERE id IN (SELECT id FROM texts WHERE last_day < ?1 LIMIT ?2)")?
            .execute([self.texts, i64::try_from(STEP_ROWS).unwrap_or(i64::MAX)])
    }
}

/// The slot before which rows of a table go in this turn; none when nothing is older than `limit`.
fn turn_end(db: &Connection, table: &'static str, target: i64, limit: i64) -> rusqlite::Result<Option<i64>> {
    let oldest: Option<i64> = db
        .prepare_cached(&format!("SELECT min(slot) FROM {table} WHERE target = ?1"))?
        .query_row([target], |row| row.get(0))?;
    Ok(oldest.filter(|oldest| *oldest < limit).map(|oldest| (oldest + TURN_SLOTS).min(limit)))
}

/// Bytes of the file that hold something.
fn used_bytes(db: &Connection) -> rusqlite::Result<i64> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
}
