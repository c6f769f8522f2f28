//! One collection: INFO, the clients, and the number of the newest slow command.
//!
//! CLIENT LIST costs the server time for each client: with many of them it is asked for only now and then, and the last
//! list is shown meanwhile. What cannot be read is absent and named in a hint; it is never zero.

mod readings;
mod sessions;

use super::session::{Info, RedisSession};
use crate::domain::activity::{Sample, SessionInfo};
use crate::domain::error_event::SessionError;
use crate::domain::metric;
use crate::domain::rows::Rows;
use crate::domain::target::Timestamp;
use crate::engine::{Query, Session, Task};
use std::time::Instant;

/// With more clients than this the list of them is read on one cycle of every [`CLIENTS_EVERY`].
const MANY_CLIENTS: f64 = 500.0;
const CLIENTS_EVERY: u64 = 15;
/// Time for each of our questions.
const TIME_MS: u64 = 3000;

static INFO: Query = Query { name: "sample.info", text: "INFO all", timeout_ms: TIME_MS };
static CLIENTS: Query = Query { name: "sample.clients", text: "CLIENT LIST", timeout_ms: TIME_MS };
static NEWEST_SLOW: Query = Query { name: "sample.slow", text: "SLOWLOG GET 1", timeout_ms: TIME_MS };
static TIME: Query = Query { name: "sample.time", text: "TIME", timeout_ms: TIME_MS };

/// What is remembered between two collections of one connection.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    clients: Vec<SessionInfo>,
    clients_hint: Option<String>,
}

/// Collects once.
pub(super) fn sample(session: &mut dyn Session, cycle: u64) -> Task<'_, Result<Sample, SessionError>> {
    Box::pin(async move {
        let started = Instant::now();
        let info = info_of(&session.own(&INFO, &[]).await?);
        let mut sample = Sample { readings: readings::of(&info), ..Sample::default() };
        sample.server_now = now(session, &info).await?;
        clients(session, cycle, &info, &mut sample).await?;
        match session.own(&NEWEST_SLOW, &[]).await {
            // The number of the newest entry counts up for ever, whatever the log still holds.
            Ok(rows) => {
                let newest = rows.rows.first().map_or(Some(0.0), |row| rows.get(row, "id").number().map(|id| id + 1.0));
                sample.readings.extend(newest.map(|id| (metric::SLOW_COMMANDS, id)));
            }
            Err(error) => tolerate(error, "the slow log", "+slowlog|get", &mut sample.hints)?,
        }
        let took = started.elapsed();
        sample.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        sample.readings.insert(metric::OWN_COST, took.as_secs_f64() * 1000.0);
        sample.at = sample.server_now;
        Ok(sample)
    })
}

/// INFO as it came through the door of our own queries.
pub(super) fn info_of(rows: &Rows) -> Info {
    let mut text = String::new();
    let mut section = String::new();
    for row in &rows.rows {
        let own = rows.text(row, "section");
        if own != section {
            text.push_str(&format!("# {own}\n"));
            section = own;
        }
        text.push_str(&format!("{}:{}\n", rows.text(row, "name"), rows.text(row, "value")));
    }
    Info::parse(&text)
}

/// The server's clock, from INFO where it is there.
async fn now(session: &mut dyn Session, info: &Info) -> Result<Timestamp, SessionError> {
    if let Some(microseconds) = info.get("server_time_usec").and_then(|t| t.parse::<i64>().ok()) {
        return Ok(Timestamp(microseconds / 1000));
    }
    let time = session.own(&TIME, &[]).await?;
    Ok(Timestamp(time.rows.first().and_then(|row| time.get(row, "unix_ms").int()).unwrap_or(0)))
}

async fn clients(session: &mut dyn Session, cycle: u64, info: &Info, sample: &mut Sample) -> Result<(), SessionError> {
    let many = info.number("connected_clients").is_some_and(|n| n > MANY_CLIENTS);
    if !many || cycle.is_multiple_of(CLIENTS_EVERY) {
        let mut hints = Vec::new();
        let list = match session.own(&CLIENTS, &[]).await {
            Ok(list) => list,
            Err(error) => {
                tolerate(error, "the list of clients", "+client|list", &mut hints)?;
                Rows::default()
            }
        };
        let Some(own) = session.memory().and_then(|m| m.downcast_mut::<RedisSession>()) else { return Ok(()) };
        let us = own.facts().client_id;
        let memory = own.remembered();
        memory.clients = sessions::of(&list, sample.server_now, us);
        memory.clients_hint = hints.pop();
    }
    let Some(own) = session.memory().and_then(|m| m.downcast_mut::<RedisSession>()) else { return Ok(()) };
    let memory = own.remembered();
    sample.sessions.clone_from(&memory.clients);
    sample.hints.extend(memory.clients_hint.clone());
    if many {
        sample
            .hints
            .push(format!("there are many clients: the list of them is read on every {CLIENTS_EVERY}th collection"));
    }
    Ok(())
}

/// Something that this login may not read takes only itself away.
fn tolerate(error: SessionError, what: &str, grant: &str, hints: &mut Vec<String>) -> Result<(), SessionError> {
    match error {
        SessionError::Server(message) if message.code == "NOPERM" => {
            hints.push(format!("{what} is hidden from this user: {grant}"));
            Ok(())
        }
        SessionError::Server(_) | SessionError::Unsupported(_) => {
            hints.push(format!("{what} is not to be had here"));
            Ok(())
        }
        gone => Err(gone),
    }
}
