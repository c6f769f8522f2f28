//! One collection: counters of the process, operations, and the state of the set, in two or three questions.
//!
//! What is costly is asked on every fifteenth cycle and remembered with the connection. What cannot be read is absent
//! and named in a hint; it is never zero.

mod numbers;
mod operations;
mod queries;
mod set;

use super::connect::Role;
use super::session::{self, MongoSession};
use super::wire::Fields as _;
use crate::domain::activity::{Sample, SessionInfo, SessionState};
use crate::domain::error_event::SessionError;
use crate::domain::metric::{self, Readings};
use crate::domain::target::Timestamp;
use crate::engine::{Query, Session, Task};
use bson::RawDocumentBuf;
use std::collections::HashMap;
use std::time::Instant;

pub(super) use operations::{command_text, number_of_operation, sessions, text_of_user};
pub(super) use queries::LARGE_SECTIONS;
pub(super) use set::{Set, delays};

/// Cycles from one costly reading to the next.
const HEAVY_EVERY: u64 = 15;

/// What is remembered between two questions of one connection.
#[derive(Debug, Default)]
pub(super) struct Memory {
    heavy: Readings,
    heavy_hints: Vec<String>,
    /// How far members of the set are kept behind on purpose, seconds by name.
    delays: HashMap<String, f64>,
    /// When the view of the busiest collections was last loaded, and what each had used by then, milliseconds.
    pub(super) top: Option<(Instant, HashMap<String, [f64; 3]>)>,
}

/// Collects once.
pub(super) fn sample(session: &mut dyn Session, cycle: u64) -> Task<'_, Result<Sample, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let started = Instant::now();
        let role = session.facts().role;
        let mut sample = Sample::default();

        match ask(session, &queries::STATUS).await {
            Ok(status) => {
                if let Some(now) = same_role(role, &status) {
                    return Err(SessionError::Lost(format!("the server was {} and is {now} now", role.word())));
                }
                sample.server_now = Timestamp(status.moment("localTime").unwrap_or(0));
                numbers::read(&status, &mut sample.readings);
            }
            Err(error) => {
                tolerate(error, "the server's counters", &mut sample.hints)?;
                let hello = ask(session, &queries::HELLO).await?;
                sample.server_now = Timestamp(hello.moment("localTime").unwrap_or(0));
            }
        }
        operations(session, role, &mut sample).await?;
        if cycle.is_multiple_of(HEAVY_EVERY) {
            heavy(session, role).await?;
        }
        if role.is_in_set() {
            match ask(session, &queries::SET).await {
                Ok(status) => {
                    let set = Set::of(&status).with_delays(&session.remembered().delays);
                    set::read(&set, role, &mut sample.readings);
                }
                Err(error) => tolerate(error, "the state of the replica set", &mut sample.hints)?,
            }
        }
        let memory = session.remembered();
        sample.readings.extend(&memory.heavy);
        sample.hints.extend(memory.heavy_hints.iter().cloned());

        let took = started.elapsed();
        sample.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        sample.readings.insert(metric::OWN_COST, took.as_secs_f64() * 1000.0);
        sample.at = sample.server_now;
        Ok(sample)
    })
}

/// Asks one of our own queries.
pub(super) async fn ask(session: &mut MongoSession, query: &Query) -> Result<RawDocumentBuf, SessionError> {
    let (database, command) = session::document(query, &session.facts().database.clone())?;
    session.ask(&database, command, query.timeout_ms).await
}

/// The role now, where it is another than at the beginning: then identity and rights must be learned anew.
fn same_role(was: Role, status: &bson::RawDocument) -> Option<&'static str> {
    let now = status.document("repl").map(Role::of)?;
    let settled = matches!(was, Role::Primary | Role::Secondary | Role::Between);
    (settled && now != was && !matches!(now, Role::Standalone)).then(|| now.word())
}

async fn operations(session: &mut MongoSession, role: Role, sample: &mut Sample) -> Result<(), SessionError> {
    let query = match (role, session.facts().sees_all) {
        (Role::Router, true) => &queries::OPERATIONS_OF_ROUTER,
        (_, true) => &queries::OPERATIONS,
        (_, false) => &queries::OWN_OPERATIONS,
    };
    match ask(session, query).await {
        Ok(reply) => {
            let documents = reply.documents("cursor.firstBatch");
            if documents.len() >= queries::MOST_OPERATIONS {
                let most = queries::MOST_OPERATIONS;
                sample.hints.push(format!("there are more operations: the {most} that run longest are shown"));
            }
            let user = session.identity().user.clone();
            sample.sessions = operations::sessions(&documents, sample.server_now, &user);
        }
        Err(error) => tolerate(error, "operations", &mut sample.hints)?,
    }
    if session.facts().sees_all {
        count(&sample.sessions, sample.server_now, &mut sample.readings);
    } else {
        let user = session.identity().user.clone();
        sample.hints.push(format!("operations of others are hidden: grant the role clusterMonitor to {user}"));
    }
    Ok(())
}

/// What the operations say as numbers.
fn count(sessions: &[SessionInfo], now: Timestamp, readings: &mut Readings) {
    let of = |state| sessions.iter().filter(move |s| !s.background && s.state == state);
    let oldest = |moments: &mut dyn Iterator<Item = Option<Timestamp>>| {
        moments.flatten().map(|since| now.since(since)).max().unwrap_or(0) as f64 / 1000.0
    };
    readings.insert(metric::ACTIVE, of(SessionState::Active).count() as f64);
    readings.insert(metric::IDLE_IN_TRANSACTION, of(SessionState::IdleInTransaction).count() as f64);
    readings.insert(metric::BLOCKED, sessions.iter().filter(|s| s.wait.starts_with("Lock:")).count() as f64);
    readings.insert(metric::LONGEST_STATEMENT, oldest(&mut of(SessionState::Active).map(|s| s.statement_start)));
    let clients = sessions.iter().filter(|s| !s.background);
    readings.insert(metric::LONGEST_TRANSACTION, oldest(&mut clients.map(|s| s.transaction_start)));
}

async fn heavy(session: &mut MongoSession, role: Role) -> Result<(), SessionError> {
    let mut readings = Readings::new();
    let mut hints = Vec::new();
    if role != Role::Arbiter {
        match ask(session, &queries::SIZE).await {
            Ok(size) => numbers::size(&size, &mut readings),
            Err(error) => tolerate(error, "the size of the database", &mut hints)?,
        }
    }
    if matches!(role, Role::Primary | Role::Secondary | Role::Hidden) {
        match ask(session, &queries::OPLOG).await {
            Ok(status) => numbers::oplog(&status, &mut readings),
            Err(error) => tolerate(error, "the reach of the replication log", &mut hints)?,
        }
    }
    let mut delays = HashMap::new();
    if role.is_in_set() {
        match ask(session, &queries::CONFIG).await {
            Ok(config) => delays = set::delays(&config),
            Err(error) => tolerate(error, "the configuration of the replica set", &mut hints)?,
        }
    }
    let memory = session.remembered();
    memory.delays = delays;
    memory.heavy = readings;
    memory.heavy_hints = hints;
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
