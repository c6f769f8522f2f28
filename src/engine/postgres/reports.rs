//! What the server itself tells about its errors: its log, read through the session, where the role may.
//!
//! Needs `logging_collector = on` and `GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint)`; for a
//! `log_directory` outside of the data directory also `pg_read_server_files`.

use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::engine::{LogPiece, Param, Query, Reports, Session, Task};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes of one reading: with base64 and its line ends still a small row.
const PIECE_BYTES: u64 = 45 << 10;
/// Readings of one look; the rest is for the next one.
const MOST_PIECES: usize = 16;
/// What is read of a log at the first look, from its end.
const FIRST_LOOK_BYTES: u64 = 256 << 10;

static CURRENT: Query = Query {
    name: "reports.current",
    // A structured log says more than the prefix of a plain one.
    text: "SELECT coalesce(pg_current_logfile('csvlog'), pg_current_logfile()) AS path,
                  current_setting('log_line_prefix') AS prefix",
    timeout_ms: 1_000,
};

static SIZE: Query = Query {
    name: "reports.size",
    text: "SELECT max(size) FROM pg_ls_logdir() WHERE name = regexp_replace($1::text, '^.*/', '')",
    timeout_ms: 1_000,
};

static READ: Query = Query {
    name: "reports.read",
    text: "SELECT translate(encode(pg_read_binary_file($1::text, $2::int8, $3::int8), 'base64'), E'\\n', '')",
    timeout_ms: 2_000,
};

/// Where the last look ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    path: String,
    offset: u64,
}

/// One look.
pub(super) fn reports<'a>(
    session: &'a mut dyn Session,
    since: Option<&'a str>,
) -> Task<'a, Result<Reports, SessionError>> {
    Box::pin(async move {
        let current = session.own(&CURRENT, &[]).await.map_err(explain)?;
        let (Some(path), prefix) = (text(&current, 0), text(&current, 1)) else {
            let words = "the server keeps no log files of its own: set logging_collector = on, or name its log in the \
                         configuration";
            return Err(SessionError::Unsupported(words.to_owned()));
        };
        let before = since.and_then(|place| serde_json::from_str::<Place>(place).ok());
        let mut reports = Reports::default();
        if let Some(old) = before.as_ref().filter(|old| old.path != path) {
            // The rest of the one before; it may be gone by now.
            let mut old = old.clone();
            let read = read(session, &mut old, prefix.as_deref(), false, &mut reports).await;
            if matches!(read, Ok(false)) {
                reports.place = serde_json::to_string(&old).ok();
                return Ok(reports);
            }
        }
        let size = session.own(&SIZE, &[Param::Text(path.clone())]).await.map_err(explain)?;
        let size = number(&size);
        let (offset, torn) = match &before {
            Some(old) if old.path == path && old.offset <= size => (old.offset, false),
            Some(_) => (0, false),
            None => (size.saturating_sub(FIRST_LOOK_BYTES), size > FIRST_LOOK_BYTES),
        };
        let mut place = Place { path, offset };
        read(session, &mut place, prefix.as_deref(), torn, &mut reports).await?;
        reports.place = serde_json::to_string(&place).ok();
        Ok(reports)
    })
}

/// Reads on; true when that was all for now.
async fn read(
    session: &mut dyn Session,
    place: &mut Place,
    prefix: Option<&str>,
    torn: bool,
    into: &mut Reports,
) -> Result<bool, SessionError> {
    let mut piece = LogPiece {
        format: format(&place.path),
        prefix: prefix.map(str::to_owned),
        origin: place.path.clone(),
        torn,
        bytes: Vec::new(),
    };
    let mut ended = false;
    for _ in 0..MOST_PIECES {
        let parameters = [Param::Text(place.path.clone()), whole(place.offset), whole(PIECE_BYTES)];
        let rows = session.own(&READ, &parameters).await.map_err(explain)?;
        let bytes = text(&rows, 0).and_then(|encoded| BASE64_STANDARD.decode(encoded).ok()).unwrap_or_default();
        place.offset += bytes.len() as u64;
        ended = (bytes.len() as u64) < PIECE_BYTES;
        piece.bytes.extend(bytes);
        if ended {
            break;
        }
    }
    if !piece.bytes.is_empty() {
        into.log.push(piece);
    }
    Ok(ended)
}

/// The name of the log's format, by the ending that the server gives it.
fn format(path: &str) -> &'static str {
    let ending = std::path::Path::new(path).extension().and_then(|e| e.to_str());
    match ending {
        Some("csv") => "csv",
        Some("json") => "json",
        _ => "stderr",
    }
}

fn explain(error: SessionError) -> SessionError {
    match error {
        SessionError::Server(said) if said.code == "42501" => SessionError::Unsupported(format!(
            "this login may not read the server's log ({}): GRANT pg_monitor and GRANT EXECUTE ON FUNCTION \
             pg_read_binary_file(text, bigint, bigint) to it, with pg_read_server_files where log_directory is outside \
             of the data directory",
            said.message
        )),
        other => other,
    }
}

fn text(rows: &Rows, column: usize) -> Option<String> {
    match rows.rows.first()?.get(column)? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn number(rows: &Rows) -> u64 {
    match rows.rows.first().and_then(|row| row.first()) {
        Some(Value::Int(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Value::Text(n)) => n.parse().unwrap_or(0),
        _ => 0,
    }
}

fn whole(number: u64) -> Param {
    Param::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
