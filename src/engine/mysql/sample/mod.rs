//! One collection: readings and sessions, in four or five short questions.
//!
//! What is costly is asked on every fifteenth cycle and remembered with the connection. What cannot be read is absent
//! and named in a hint; it is never zero.

mod queries;
mod rows;

use super::session::{Facts, account};
use crate::domain::activity::{Sample, SessionInfo};
use crate::domain::error_event::SessionError;
use crate::domain::metric::{self, Readings};
use crate::domain::rows::Rows;
use crate::domain::target::Timestamp;
use crate::engine::{Query, Session, Task};
use std::sync::Arc;
use std::time::Instant;

/// Cycles from one costly reading to the next.
const HEAVY_EVERY: u64 = 15;

/// What is remembered between two collections of one connection.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What the session learned at its beginning.
    pub(crate) facts: Arc<Facts>,
    heavy: Readings,
    heavy_hints: Vec<String>,
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
        let facts = memory(session).map(|m| Arc::clone(&m.facts)).unwrap_or_default();
        let mut sample = Sample::default();

        let limits = session.own(&queries::LIMITS, &[]).await?;
        sample.server_now = Timestamp(number(&limits, "now_ms").map_or(0, |ms| {
            #[allow(clippy::cast_possible_truncation, reason = "milliseconds of this era are whole in a double")]
            let ms = ms as i64;
            ms
        }));
        if let Some(limit) = number(&limits, "connection_limit") {
            sample.readings.insert(metric::CONNECTION_LIMIT, limit);
        }
        sessions(session, &facts, &mut sample).await?;

        if let Some(status) = part(session, &queries::STATUS, "the server's counters", &mut sample.hints).await? {
            rows::status(&status, &mut sample.readings);
        }
        if facts.sees_all && !facts.is_mariadb() {
            let metrics = part(session, &queries::INNODB_METRICS, "InnoDB's metrics", &mut sample.hints).await?;
            rows::innodb_metrics(&metrics.unwrap_or_default(), &mut sample.readings);
        }
        if facts.performance_schema
            && let Some(totals) = part(session, &queries::STATEMENTS, "statement statistics", &mut sample.hints).await?
            && let (Some(calls), Some(took)) = (number(&totals, "calls"), number(&totals, "total_ms"))
        {
            // Both from one source, so that their quotient is a mean.
            sample.readings.insert(metric::STATEMENTS, calls);
            sample.readings.insert(metric::STATEMENT_TIME, took);
        }
        if facts.sees_replication
            && let Some(replica) = part(session, &queries::REPLICA, "replication", &mut sample.hints).await?
        {
            rows::replica(&replica, &mut sample);
        }
        if cycle.is_multiple_of(HEAVY_EVERY) {
            heavy(session, &facts).await?;
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

/// The list of sessions, and who waits for whom; the latter is asked only when somebody waits.
async fn sessions(session: &mut dyn Session, facts: &Facts, sample: &mut Sample) -> Result<(), SessionError> {
    let list = session.own(&queries::SESSIONS, &[]).await?;
    let (found, replicas) = rows::sessions(&list, sample.server_now);
    sample.sessions = found;
    if sample.sessions.len() >= queries::MOST_SESSIONS {
        let most = queries::MOST_SESSIONS;
        sample.hints.push(format!("there are more sessions: the {most} that matter most are shown"));
    }
    if facts.sees_all {
        rows::levels(sample, replicas);
    } else {
        let account = account(&session.identity().user);
        sample
            .hints
            .push(format!("other sessions and their transactions are hidden: GRANT PROCESS ON *.* TO {account}"));
    }
    let waits = |sessions: &[SessionInfo], what: &str| sessions.iter().any(|s| s.wait.starts_with(what));
    if waits(&sample.sessions, "Lock:row") {
        let query = match (facts.is_mariadb(), facts.performance_schema) {
            (true, _) => Some(&queries::ROW_BLOCKERS_MARIADB),
            (false, true) => Some(&queries::ROW_BLOCKERS_MYSQL),
            (false, false) => None,
        };
        match query {
            Some(query) => {
                let rows = part(session, query, "lock waits", &mut sample.hints).await?.unwrap_or_default();
                rows::blockers(&rows, &mut sample.sessions);
            }
            None => sample.hints.push(
                "who holds the rows that others wait for is not visible: GRANT SELECT ON performance_schema.*".into(),
            ),
        }
    }
    if sample.sessions.iter().any(|s| s.wait.starts_with("Lock:") && s.wait != "Lock:row") {
        if facts.metadata_locks {
            let rows = part(session, &queries::METADATA_BLOCKERS, "metadata locks", &mut sample.hints).await?;
            rows::blockers(&rows.unwrap_or_default(), &mut sample.sessions);
        } else if facts.metadata_lock_info {
            let rows = part(session, &queries::METADATA_HOLDERS, "metadata locks", &mut sample.hints).await?;
            rows::metadata_holders(&rows.unwrap_or_default(), &mut sample.sessions);
        } else {
            let how = if facts.is_mariadb() { "INSTALL SONAME 'metadata_lock_info'" } else { "performance_schema.*" };
            sample.hints.push(format!("who holds the metadata lock that others wait for is not visible: {how}"));
        }
    }
    Ok(())
}

async fn heavy(session: &mut dyn Session, facts: &Facts) -> Result<(), SessionError> {
    let mut readings = Readings::new();
    let mut hints = Vec::new();
    if !facts.database.is_empty()
        && let Some(sizes) = part(session, &queries::DATA_BYTES, "the size of the database", &mut hints).await?
        && let Some(bytes) = number(&sizes, "data_bytes")
    {
        readings.insert(metric::DATA_BYTES, bytes);
    }
    if facts.sees_logs {
        match session.own(&queries::BINARY_LOGS, &[]).await {
            Ok(logs) => {
                let sum = logs.rows.iter().filter_map(|row| logs.get(row, "File_size").number()).sum();
                readings.insert(metric::BINLOG_BYTES, sum);
            }
            // A server without binary logs says so.
            Err(SessionError::Server(message)) if message.code == "1381" => {}
            Err(error) => tolerate(error, "the size of the binary logs", &mut hints)?,
        }
    }
    if let Some(memory) = memory(session) {
        memory.heavy = readings;
        memory.heavy_hints = hints;
    }
    Ok(())
}

/// Asks one part of the collection; one that failed is left out and named.
async fn part(
    session: &mut dyn Session,
    query: &'static Query,
    what: &str,
    hints: &mut Vec<String>,
) -> Result<Option<Rows>, SessionError> {
    match session.own(query, &[]).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) => tolerate(error, what, hints).map(|()| None),
    }
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
