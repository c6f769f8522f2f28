//! One collection: readings and sessions, in two or three questions.
//!
//! What is costly is asked on every fifteenth cycle and remembered with the connection. What cannot be read is absent
//! and named in a hint; it is never zero.

mod queries;
mod rows;

use super::session::Facts;
use crate::domain::activity::Sample;
use crate::domain::error_event::SessionError;
use crate::domain::metric::{self, Readings};
use crate::domain::rows::Rows;
use crate::engine::{Param, Query, Session, Task};
use queries::{HEAVY, HELD, NUMBERS, SESSIONS, STATEMENTS, WAL_SIZE};
use std::sync::Arc;
use std::time::Instant;

/// Cycles from one costly reading to the next.
const HEAVY_EVERY: u64 = 15;
/// When the totals of all statements take longer than this, they are read on two cycles of every
/// [`STATEMENTS_EVERY`]: a rate needs two readings in a row.
const STATEMENTS_CHEAP_MS: u128 = 10;
const STATEMENTS_EVERY: u64 = 5;

/// What is remembered between two collections of one connection.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What the session learned at its beginning.
    pub(crate) facts: Arc<Facts>,
    heavy: Readings,
    heavy_hints: Vec<String>,
    statements_are_costly: bool,
}

impl Memory {
    pub(crate) fn new(facts: Arc<Facts>) -> Self {
        Self { facts, ..Self::default() }
    }
}

/// Collects once.
pub(super) fn sample(session: &mut dyn Session, cycle: u64) -> Task<'_, Result<Sample, SessionError>> {
    Box::pin(async move {
        let started = Instant::now();
        let sees_all = memory(session).is_none_or(|m| m.facts.sees_all);
        let mut sample = Sample::default();

        let sessions = session.own(&SESSIONS, &[]).await?;
        sample.sessions = rows::sessions(&sessions);
        if sample.sessions.len() >= queries::MOST_SESSIONS {
            let most = queries::MOST_SESSIONS;
            sample.hints.push(format!("there are more sessions: the {most} that matter most are shown"));
        }
        mark_held(session, &mut sample).await?;

        match session.own(&NUMBERS, &[]).await {
            Ok(numbers) => rows::numbers(&numbers, sees_all, &mut sample),
            Err(error) => tolerate(error, "the server's counters", &mut sample.hints)?,
        }
        if !sees_all {
            let user = session.identity().user.clone();
            sample.hints.push(format!("other sessions, replication and WAL are hidden: GRANT pg_monitor TO {user}"));
        }
        statements(session, cycle, &mut sample).await?;
        if cycle.is_multiple_of(HEAVY_EVERY) {
            heavy(session, sees_all).await?;
        }
        if let Some(memory) = memory(session) {
            sample.readings.extend(&memory.heavy);
            sample.hints.extend(memory.heavy_hints.iter().cloned());
        }

        let took = started.elapsed();
        sample.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        sample.readings.insert(metric::OWN_COST, took.as_secs_f64() * 1000.0);
        sample.at = sample.server_now;
        Ok(sample)
    })
}

fn memory(session: &mut dyn Session) -> Option<&mut Memory> {
    session.memory()?.downcast_mut()
}

/// Names the lock that each blocker holds; asked only when somebody waits.
async fn mark_held(session: &mut dyn Session, sample: &mut Sample) -> Result<(), SessionError> {
    let mut blockers: Vec<i64> = sample.sessions.iter().flat_map(|s| s.blocked_by.iter().copied()).collect();
    blockers.sort_unstable();
    blockers.dedup();
    if blockers.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = blockers.iter().map(i64::to_string).collect();
    match session.own(&HELD, &[Param::Text(format!("{{{}}}", list.join(",")))]).await {
        Ok(held) => rows::held(&held, &mut sample.sessions),
        Err(error) => tolerate(error, "locks held", &mut sample.hints)?,
    }
    Ok(())
}

async fn statements(session: &mut dyn Session, cycle: u64, sample: &mut Sample) -> Result<(), SessionError> {
    let Some(memory) = memory(session) else { return Ok(()) };
    let missing = memory.facts.statements.is_none();
    let skip = memory.statements_are_costly && cycle % STATEMENTS_EVERY > 1;
    if missing || skip {
        return Ok(());
    }
    let started = Instant::now();
    let answer = session.own(&STATEMENTS, &[]).await;
    let costly = started.elapsed().as_millis() > STATEMENTS_CHEAP_MS;
    if let Some(memory) = self::memory(session) {
        memory.statements_are_costly = costly;
    }
    match answer {
        Ok(totals) => rows::statements(&totals, sample),
        Err(error) => tolerate(error, "statement statistics", &mut sample.hints)?,
    }
    Ok(())
}

async fn heavy(session: &mut dyn Session, sees_all: bool) -> Result<(), SessionError> {
    let mut readings = Readings::new();
    let mut hints = Vec::new();
    let asked: &[(&'static Query, &str)] = if sees_all {
        &[(&HEAVY, "sizes and ages"), (&WAL_SIZE, "the size of the write-ahead log")]
    } else {
        &[(&HEAVY, "sizes and ages")]
    };
    for (query, what) in asked {
        match session.own(query, &[]).await {
            Ok(answer) => rows::heavy(&answer, &mut readings),
            Err(error) => tolerate(error, what, &mut hints)?,
        }
    }
    if let Some(memory) = memory(session) {
        memory.heavy = readings;
        memory.heavy_hints = hints;
    }
    Ok(())
}

/// A part that failed is left out and named; a connection that is lost ends the collection.
fn tolerate(error: SessionError, what: &str, hints: &mut Vec<String>) -> Result<(), SessionError> {
    match error {
        SessionError::Lost(_) | SessionError::Connect(_) => Err(error),
        error => {
            hints.push(format!("{what} could not be read: {error}"));
            Ok(())
        }
    }
}

/// The first row of an answer, by column name.
fn number(rows: &Rows, name: &str) -> Option<f64> {
    rows.rows.first().and_then(|row| rows.get(row, name).number())
}
