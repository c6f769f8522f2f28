//! Active session history: who did what, and who waited for whom, at each stored sample.

use super::samples::{DAY_MS, slot_of};
use super::texts::{Numbers, known_target};
use crate::domain::activity::{SessionInfo, SessionState};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;

/// Sessions of one sample that are kept.
const MOST_SESSIONS: usize = 200;

/// The sessions of a target at one stored sample. No sessions means that the server was looked at and nobody was busy.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Our clock.
    pub at: Timestamp,
    /// The server's clock, for ages.
    pub server_at: Timestamp,
    /// The sessions, by pid. Statements are redacted.
    pub sessions: Vec<SessionInfo>,
}

/// Stored samples with their sessions, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The samples.
    pub moments: Vec<Moment>,
    /// Later samples were left out because of the cap.
    pub truncated: bool,
}

/// Sessions worth keeping, at most [`MOST_SESSIONS`]: all but idle ones and idle workers of the engine, and everybody
/// who waits or is waited for. When there are too many, waiting and blocking comes first, then the oldest transaction.
pub(super) fn worth_keeping(sessions: &[SessionInfo]) -> Vec<&SessionInfo> {
    let blockers: BTreeSet<i64> = sessions.iter().flat_map(|s| s.blocked_by.iter().copied()).collect();
    let involved = |s: &SessionInfo| !s.blocked_by.is_empty() || blockers.contains(&s.pid);
    let busy = |s: &SessionInfo| match s.state {
        SessionState::Idle => false,
        SessionState::Other => !s.background,
        SessionState::Active | SessionState::IdleInTransaction | SessionState::IdleInFailedTransaction => true,
    };
    let mut kept: Vec<&SessionInfo> = sessions.iter().filter(|s| busy(s) || involved(s)).collect();
    if kept.len() > MOST_SESSIONS {
        let oldest = |s: &SessionInfo| s.transaction_start.or(s.statement_start).map_or(i64::MAX, |t| t.0);
        kept.sort_by_key(|s| (!involved(s), oldest(s), s.pid));
        kept.truncate(MOST_SESSIONS);
    }
    kept
}

/// Writes the sessions of a sample that was written before, in place of what its slot held.
pub(super) fn write(
    db: &Connection,
    numbers: &mut Numbers,
    target: i64,
    at: Timestamp,
    sessions: &[SessionInfo],
) -> rusqlite::Result<()> {
    let (slot, day) = (slot_of(at), at.0.div_euclid(DAY_MS));
    db.prepare_cached("DELETE FROM sessions WHERE target = ?1 AND slot = ?2")?.execute([target, slot])?;
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO sessions (target, slot, pid, user, database, application, client, wait, holds,
             statement, state, blocked_by, transaction_start, statement_start, state_change, background)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    for session in worth_keeping(sessions) {
        let mut text = |text: &str| numbers.text(db, text, day);
        let blocked_by: Vec<String> = session.blocked_by.iter().map(i64::to_string).collect();
        insert.execute(params![
            target,
            slot,
            session.pid,
            text(&session.user)?,
            text(&session.database)?,
            text(&session.application)?,
            text(&session.client)?,
            text(&session.wait)?,
            text(&session.holds)?,
            text(&session.statement)?,
            session.state.word(),
            blocked_by.join(" "),
            session.transaction_start.map(|t| t.0),
            session.statement_start.map(|t| t.0),
            session.state_change.map(|t| t.0),
            session.background,
        ])?;
    }
    Ok(())
}

/// The samples of a target between two moments, both included, with at most `cap` sessions in all. When that is not
/// enough, the last sample is a whole one, unless it is the first.
pub(super) fn between(
    db: &Connection,
    target: &TargetId,
    (from, to): (Timestamp, Timestamp),
    cap: usize,
) -> rusqlite::Result<History> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(History::default()) };
    let mut history = History::default();
    let mut samples = db.prepare_cached(
        "SELECT slot, at, server_at FROM samples
          WHERE target = ?1 AND slot BETWEEN ?2 AND ?3 AND at BETWEEN ?4 AND ?5 ORDER BY slot",
    )?;
    let mut sessions = db.prepare_cached(
        "SELECT pid, (SELECT text FROM texts WHERE id = s.user), (SELECT text FROM texts WHERE id = s.database),
                (SELECT text FROM texts WHERE id = s.application), (SELECT text FROM texts WHERE id = s.client),
                (SELECT text FROM texts WHERE id = s.wait), (SELECT text FROM texts WHERE id = s.holds),
                (SELECT text FROM texts WHERE id = s.statement), state, blocked_by,
                transaction_start, statement_start, state_change, background
           FROM sessions s WHERE target = ?1 AND slot = ?2 ORDER BY pid LIMIT ?3",
    )?;
    let mut left = cap;
    let mut rows = samples.query([target, slot_of(from), slot_of(to), from.0, to.0])?;
    while let Some(row) = rows.next()? {
        let (slot, at, server_at): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let limit = i64::try_from(left).unwrap_or(i64::MAX).saturating_add(1);
        let mut found: Vec<SessionInfo> =
            sessions.query_map([target, slot, limit], session)?.collect::<rusqlite::Result<_>>()?;
        if found.len() > left {
            history.truncated = true;
            if !history.moments.is_empty() {
                break;
            }
            found.truncate(left);
        }
        left -= found.len();
        history.moments.push(Moment { at: Timestamp(at), server_at: Timestamp(server_at), sessions: found });
        if history.truncated {
            break;
        }
    }
    Ok(history)
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionInfo> {
    let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let time = |column| row.get::<_, Option<i64>>(column).map(|t| t.map(Timestamp));
    Ok(SessionInfo {
        pid: row.get(0)?,
        user: text(1)?,
        database: text(2)?,
        application: text(3)?,
        client: text(4)?,
        wait: text(5)?,
        holds: text(6)?,
        statement: text(7)?,
        state: SessionState::from_word(&text(8)?),
        blocked_by: text(9)?.split(' ').filter_map(|pid| pid.parse().ok()).collect(),
        transaction_start: time(10)?,
        statement_start: time(11)?,
        state_change: time(12)?,
        background: row.get(13)?,
    })
}
