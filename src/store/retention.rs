//! Forgetting: what is too old goes in small steps, and more when the file grows towards its limit.

use super::samples::{BUCKET_MS, DAY_MS, SLOTS, roll_up};
use super::sessions::slot_before;
use crate::domain::target::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

const HOUR_MS: i64 = 3_600_000;
/// Slots of a quarter of an hour: what goes of one target before the next one's turn, a few thousand rows.
const STEP_SLOTS: i64 = 90;
/// One step ends after the target with which it reaches this many rows, some 20 ms.
const STEP_ROWS: usize = 10_000;
/// Buckets of half a day.
const STEP_BUCKETS: i64 = 144;
/// Texts that one step forgets.
const STEP_TEXTS: i64 = 2000;
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
    /// The file never grows past this. From three quarters of it on, old samples and sessions go before their time.
    pub max_bytes: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_hours: 48, mean_days: 35, session_days: 7, max_bytes: 1 << 30 }
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
    let mut done = Pruned::default();
    // The target with the oldest readings first, so that all grow old at the same pace when space runs out.
    let targets: Vec<i64> = transaction
        .prepare_cached(
            "SELECT id FROM targets ORDER BY (SELECT min(slot) FROM readings WHERE target = id) NULLS FIRST, id",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let hours = |n: u32| i64::from(n) * HOUR_MS;
    let oldest_allowed = |age_ms: i64| slot_before(now, if crowded { ALWAYS_MS } else { age_ms });
    for target in targets {
        if done.rows >= STEP_ROWS {
            done.more = true;
            break;
        }
        let raw = oldest_allowed(hours(keep.raw_hours));
        let step = Step { table: "readings", time: "slot", target, size: STEP_SLOTS };
        if let Some(until) = step.until(&transaction, raw)? {
            // Readings that were never summed up, because the program ended, are now.
            roll_up(&transaction, target, (until + SLOTS - 1) / SLOTS * SLOTS)?;
            step.forget(&transaction, until, raw, &mut done)?;
        }
        let sessions = oldest_allowed(hours(keep.session_days * 24));
        let step = Step { table: "sessions", time: "slot", target, size: STEP_SLOTS };
        if let Some(until) = step.until(&transaction, sessions)? {
            step.forget(&transaction, until, sessions, &mut done)?;
        }
        // The times of samples serve both, so they go last.
        let samples = raw.min(sessions);
        let step = Step { table: "samples", time: "slot", target, size: STEP_SLOTS };
        if let Some(until) = step.until(&transaction, samples)? {
            step.forget(&transaction, until, samples, &mut done)?;
        }
        let means = (now.0 - hours(keep.mean_days * 24)).div_euclid(BUCKET_MS);
        let step = Step { table: "means", time: "bucket", target, size: STEP_BUCKETS };
        if let Some(until) = step.until(&transaction, means)? {
            step.forget(&transaction, until, means, &mut done)?;
        }
    }
    // A day more than their sessions, since days of texts are whole.
    let last_day = now.0.div_euclid(DAY_MS) - i64::from(keep.session_days) - 1;
    let texts = transaction
        .prepare_cached("DELETE FROM texts WHERE id IN (SELECT id FROM texts WHERE last_day < ?1 LIMIT ?2)")?
        .execute([last_day, STEP_TEXTS])?;
    done.rows += texts;
    done.more |= i64::try_from(texts).is_ok_and(|n| n == STEP_TEXTS);
    transaction.commit()?;
    Ok(done)
}

/// A part of a target's rows that goes in one step.
struct Step {
    table: &'static str,
    /// The column that counts time.
    time: &'static str,
    target: i64,
    /// How much time goes at once.
    size: i64,
}

impl Step {
    /// The time before which rows go now; none when nothing is older than `allowed`.
    fn until(&self, db: &Connection, allowed: i64) -> rusqlite::Result<Option<i64>> {
        let oldest: Option<i64> = db
            .prepare_cached(&format!("SELECT min({}) FROM {} WHERE target = ?1", self.time, self.table))?
            .query_row([self.target], |row| row.get(0))?;
        Ok(oldest.filter(|oldest| *oldest < allowed).map(|oldest| (oldest + self.size).min(allowed)))
    }

    fn forget(&self, db: &Connection, until: i64, allowed: i64, done: &mut Pruned) -> rusqlite::Result<()> {
        done.rows += db
            .prepare_cached(&format!("DELETE FROM {} WHERE target = ?1 AND {} < ?2", self.table, self.time))?
            .execute([self.target, until])?;
        done.more |= until < allowed;
        Ok(())
    }
}

/// Bytes of the file that hold something.
fn used_bytes(db: &Connection) -> rusqlite::Result<i64> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    Ok((number("page_count")? - number("freelist_count")?) * number("page_size")?)
}
