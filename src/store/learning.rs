//! How fixes went: an outcome is written in the transaction that ends its proposal, a relapse in the one that wakes its
//! incident, so that neither is ever known without the other.

use super::error::StoreError;
use super::worker::{Command, Reply};
use super::{Store, incidents};
use crate::domain::learning::{EXPIRY_DAYS, Ended, Key, Learned, Outcome, Rating, outcome_of};
use crate::domain::proposal::Proposal;
use crate::domain::target::{TargetId, Timestamp};
use crate::domain::text::redact;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Outcomes that are read, the newest: decades of nights.
const MOST: i64 = 10_000;
const DAY_MS: i64 = 86_400_000;

/// What the store can be asked about outcomes.
pub(super) enum Asked {
    Learned(Timestamp, Reply<Learned>),
    Rate(Rating, Reply<bool>),
}

/// Answers what was asked.
pub(super) fn answer(db: &Connection, asked: Asked) {
    match asked {
        Asked::Learned(now, reply) => {
            let _ = reply.send(learned(db, now).map_err(StoreError::of("read how fixes went")));
        }
        Asked::Rate(rating, reply) => {
            let _ = reply.send(rate(db, &rating).map_err(StoreError::of("keep the rating")));
        }
    }
}

/// Writes the outcome of a proposal that ended, where it has one. One that is there stays: it may have been told since
/// that it came again.
pub(super) fn ended(db: &Connection, proposal: &Proposal) -> rusqlite::Result<()> {
    let Some(purpose) = &proposal.purpose else { return Ok(()) };
    let group = match purpose.incident {
        Some(incident) => incidents::group_of(db, incident)?.unwrap_or_default(),
        None => String::new(),
    };
    match outcome_of(proposal, &group) {
        Some(outcome) => add(db, &outcome),
        None => Ok(()),
    }
}

/// Writes an outcome.
pub(super) fn add(db: &Connection, outcome: &Outcome) -> rusqlite::Result<()> {
    let Outcome { proposal, at, target, key, initial, shown, ended } = outcome;
    db.prepare_cached(
        "INSERT OR IGNORE INTO outcomes (proposal, at_ms, target, signature, similar, fix, engine, major, initial,
             shown, ended)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        proposal.map(column),
        at.0,
        target.as_str(),
        key.signature,
        key.group,
        key.fix,
        key.engine,
        key.major,
        initial,
        shown,
        ended.word(),
    ])?;
    Ok(())
}

/// A fix that helped did not last.
pub(super) fn came_again(db: &Connection, proposal: u64, at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE outcomes SET ended = ?2, at_ms = max(at_ms, ?3) WHERE proposal = ?1")?
        .execute(params![column(proposal), Ended::CameAgain.word(), at.0])?;
    Ok(())
}

/// Forgets what nobody used for long; says how many rows went.
pub(super) fn forget(db: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let before = now.0 - EXPIRY_DAYS * DAY_MS;
    let mut rows = db
        .prepare_cached(
            "DELETE FROM outcomes WHERE at_ms < ?1 AND NOT EXISTS
                 (SELECT 1 FROM outcomes o WHERE o.engine = outcomes.engine AND o.fix = outcomes.fix AND o.at_ms >= ?1)",
        )?
        .execute([before])?;
    rows += db
        .prepare_cached(
            "DELETE FROM ratings WHERE proposal NOT IN (SELECT proposal FROM outcomes WHERE proposal NOT NULL)",
        )?
        .execute([])?;
    Ok(rows)
}

fn learned(db: &Connection, now: Timestamp) -> rusqlite::Result<Learned> {
    let mut query = db.prepare_cached(
        "SELECT proposal, at_ms, target, signature, similar, fix, engine, major, initial, shown, ended
         FROM outcomes ORDER BY at_ms DESC LIMIT ?1",
    )?;
    let outcomes = query.query_map([MOST], read)?.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
    let mut query = db.prepare_cached("SELECT proposal, at_ms, up, comment, who FROM ratings")?;
    let ratings: Vec<Rating> = query
        .query_map([], |row| {
            Ok(Rating {
                proposal: number(row.get(0)?),
                at: Timestamp(row.get(1)?),
                up: row.get(2)?,
                comment: row.get(3)?,
                who: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Learned::new(outcomes, &ratings, now))
}

/// An outcome; none where another version of the program wrote a word that this one does not know.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Outcome>> {
    let Some(ended) = Ended::from_word(row.get_ref(10)?.as_str()?) else { return Ok(None) };
    let proposal: Option<i64> = row.get(0)?;
    let target: String = row.get(2)?;
    let key =
        Key { signature: row.get(3)?, group: row.get(4)?, fix: row.get(5)?, engine: row.get(6)?, major: row.get(7)? };
    Ok(Some(Outcome {
        proposal: proposal.map(number),
        at: Timestamp(row.get(1)?),
        target: TargetId::new(&target),
        key,
        initial: row.get(8)?,
        shown: row.get(9)?,
        ended,
    }))
}

/// Keeps a thumb; false when the proposal has no outcome that could be rated.
fn rate(db: &Connection, rating: &Rating) -> rusqlite::Result<bool> {
    let Rating { proposal, at, up, comment, who } = rating;
    let known = db
        .prepare_cached("SELECT 1 FROM outcomes WHERE proposal = ?1")?
        .query_row([column(*proposal)], |_| Ok(()))
        .optional()?;
    if known.is_none() {
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT OR REPLACE INTO ratings (proposal, who, at_ms, up, comment) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![column(*proposal), who, at.0, up, redact(comment)])?;
    Ok(true)
}

/// The column's value of a number; one that no column can hold is nobody's.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(-1)
}

fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

impl Store {
    /// What outcomes and thumbs have taught, as of now.
    pub async fn learned(&self, now: Timestamp) -> Result<Learned, StoreError> {
        self.ask(|reply| Command::Learning(Asked::Learned(now, reply))).await
    }
    /// Keeps a person's thumb for a fix; their earlier one for it is replaced. False when it never ran, or nobody knows
    /// whether it helped: there is nothing to rate.
    pub async fn rate(&self, rating: Rating) -> Result<bool, StoreError> {
        self.ask(|reply| Command::Learning(Asked::Rate(rating, reply))).await
    }
}
