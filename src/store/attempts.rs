//! The history of attempts to connect, and the changed settings that worked.

use super::learning;
use super::texts::Numbers;
use crate::domain::attempt::{Attempt, Purpose, Rate, Record, SPANS};
use crate::domain::connection::{Change, KnownFix};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::signature::signature;
use crate::domain::learning::connection_outcome;
use crate::domain::target::{TargetId, Timestamp};
use crate::domain::text::redact;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

/// Attempts of a target that are kept at most: a week of a probe every twenty seconds is 30,240.
const MOST: i64 = 31_000;
/// Attempts that are given with a target's record.
const LAST: u32 = 200;

/// Writes one attempt, redacted, and forgets the oldest beyond [`MOST`].
pub(super) fn write(db: &Connection, numbers: &mut Numbers, target: &TargetId, a: &Attempt) -> rusqlite::Result<()> {
    let target = numbers.target(db, target.as_str())?;
    let number: i64 = db
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE target = ?1")?
        .query_row([target], |row| row.get(0))?;
    db.prepare_cached("INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(params![
        target,
        number,
        a.at.0,
        a.purpose.word(),
        a.failure,
        a.code,
        redact(&a.message),
        i64::try_from(a.took_ms).unwrap_or(i64::MAX),
        redact(&a.setting),
    ])?;
    db.prepare_cached("DELETE FROM attempts WHERE target = ?1 AND number <= ?2")?.execute([target, number - MOST])?;
    Ok(())
}

/// The last attempts of a target, newest first, and how many succeeded.
pub(super) fn record(db: &Connection, target: &TargetId, now: Timestamp) -> rusqlite::Result<Record> {
    let mut record = Record::default();
    let mut query = db.prepare_cached(
        "SELECT at, purpose, failure, code, message, took_ms, setting FROM attempts a
         JOIN targets t ON t.id = a.target WHERE t.name = ?1 ORDER BY number DESC LIMIT ?2",
    )?;
    let rows = query.query_map(params![target.as_str(), LAST], |row| {
        let purpose: String = row.get(1)?;
        Ok(Attempt {
            at: Timestamp(row.get(0)?),
            purpose: Purpose::ALL.into_iter().find(|p| p.word() == purpose).unwrap_or(Purpose::Test),
            failure: row.get(2)?,
            code: row.get(3)?,
            message: row.get(4)?,
            took_ms: row.get::<_, i64>(5)?.cast_unsigned(),
            setting: row.get(6)?,
        })
    })?;
    record.last = rows.collect::<rusqlite::Result<_>>()?;
    for ((span, _), rate) in SPANS.iter().zip(&mut record.rates) {
        let from = now.plus_ms(-i64::try_from(*span).unwrap_or(i64::MAX));
        *rate = db
            .prepare_cached(
                "SELECT count(*), count(*) - count(failure) FROM attempts a JOIN targets t ON t.id = a.target
                 WHERE t.name = ?1 AND at > ?2",
            )?
            .query_row(params![target.as_str(), from.0], |row| {
                let (attempts, succeeded): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok(Rate { attempts: attempts.cast_unsigned(), succeeded: succeeded.cast_unsigned() })
            })?;
    }
    Ok(record)
}

/// Forgets attempts of a target before a moment, the oldest of them; gives how many went.
pub(super) fn forget(db: &Connection, target: i64, before: i64, most: i64) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "DELETE FROM attempts WHERE target = ?1 AND at < ?2 AND number < ?3 +
            (SELECT min(number) FROM attempts WHERE target = ?1)",
    )?
    .execute([target, before, most])
}

/// Remembers the changed setting that let us in; the one before is forgotten.
pub(super) fn keep_fix(db: &mut Connection, target: &TargetId, fix: &KnownFix) -> rusqlite::Result<()> {
    let change = serde_json::to_string(&fix.change).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("INSERT OR IGNORE INTO targets (name) VALUES (?1)", [target.as_str()])?;
    transaction.execute(
        "INSERT OR REPLACE INTO connection_fixes SELECT id, ?2, ?3, ?4 FROM targets WHERE name = ?1",
        params![target.as_str(), fix.at.0, change, redact(&fix.reason)],
    )?;
    // It teaches what helps against failures like this one.
    let pattern = signature(ErrorKind::ConnectionError, &fix.reason);
    learning::add(&transaction, &connection_outcome(fix.at, target, fix.change.word(), pattern))?;
    transaction.commit()
}

/// The changed setting that worked the last time. One that a later version wrote and this one cannot read is none.
pub(super) fn fix(db: &Connection, target: &TargetId) -> rusqlite::Result<Option<KnownFix>> {
    let found: Option<(i64, String, String)> = db
        .prepare_cached(
            "SELECT at, change, reason FROM connection_fixes f JOIN targets t ON t.id = f.target WHERE t.name = ?1",
        )?
        .query_row([target.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(at, change, reason)| {
        let change: Change = serde_json::from_str(&change).ok()?;
        Some(KnownFix { at: Timestamp(at), change, reason })
    }))
}
