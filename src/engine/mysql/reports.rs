//! What the server itself tells about its errors: MySQL's counters by error, and the part of its error log that it keeps
//! in memory. MariaDB has neither.

use super::dialect::errors;
use super::sample::Memory;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;
use crate::engine::{ErrorCount, LogPiece, Param, Query, Reports, Session, Task};
use std::fmt::Write as _;

/// Events of the log that one look takes; the rest is for the next one.
const MOST_EVENTS: usize = 500;

/// Codes that the counters count and that mostly are no errors: notes of `IF EXISTS` and `IF NOT EXISTS`, the note that
/// EXPLAIN leaves, and the end of a cursor.
const NOTES: &[&str] = &[
    "1003", "1007", "1008", "1050", "1051", "1060", "1061", "1091", "1249", "1276", "1304", "1305", "1329", "1359",
    "1360", "1537", "1539", "3162", "3163",
];

static COUNTS: Query = Query {
    name: "reports.counts",
    // SQLSTATEs of class 01 are warnings. What a handler of a stored program took care of is no error.
    text: "SELECT CAST(ERROR_NUMBER AS CHAR) AS code, SUM_ERROR_RAISED - SUM_ERROR_HANDLED AS raised
             FROM performance_schema.events_errors_summary_global_by_error
            WHERE ERROR_NUMBER IS NOT NULL AND SUM_ERROR_RAISED > SUM_ERROR_HANDLED AND SQL_STATE NOT LIKE '01%'
            ORDER BY ERROR_NUMBER",
    timeout_ms: 2_000,
};

/// Moments are microseconds since 1970, so that neither time zone nor rounding changes them.
static LOG_AFTER: Query = Query {
    name: "reports.log_after",
    text: "SELECT CAST(UNIX_TIMESTAMP(LOGGED) * 1000000 AS SIGNED) AS at, THREAD_ID AS thread, PRIO AS level,
                  ERROR_CODE AS code, SUBSYSTEM AS part, DATA AS message
             FROM performance_schema.error_log
            WHERE CAST(UNIX_TIMESTAMP(LOGGED) * 1000000 AS SIGNED) > ?
            ORDER BY LOGGED LIMIT 500",
    timeout_ms: 2_000,
};

/// The newest events, for the first look. The newest comes first.
static LOG_END: Query = Query {
    name: "reports.log_end",
    text: "SELECT CAST(UNIX_TIMESTAMP(LOGGED) * 1000000 AS SIGNED) AS at, THREAD_ID AS thread, PRIO AS level,
                  ERROR_CODE AS code, SUBSYSTEM AS part, DATA AS message
             FROM performance_schema.error_log
            ORDER BY LOGGED DESC LIMIT 500",
    timeout_ms: 2_000,
};

/// One event of the server's error log. Untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedError {
    /// When, in microseconds since 1970 (UTC): the server's own key of its events.
    pub at_us: i64,
    /// The server's number of the thread.
    pub thread: i64,
    /// `System`, `Error`, `Warning` or `Note`.
    pub level: String,
    /// `MY-010931`.
    pub code: String,
    /// `Server`, `InnoDB`, `Repl`.
    pub part: String,
    /// What it says.
    pub message: String,
}

impl LoggedError {
    /// The line that the server writes into its error log for it, in UTC.
    pub fn line(&self) -> String {
        let (seconds, micros) = (self.at_us.div_euclid(1_000_000), self.at_us.rem_euclid(1_000_000));
        let moment = Timestamp(seconds.saturating_mul(1_000)).date_time(0).replacen(' ', "T", 1);
        let Self { thread, level, code, part, message, .. } = self;
        format!("{moment}.{micros:06}Z {thread} [{level}] [{code}] [{part}] {message}")
    }
}

/// One look at counters and log. The place is the moment of the last event.
pub(super) fn reports<'a>(
    session: &'a mut dyn Session,
    since: Option<&'a str>,
) -> Task<'a, Result<Reports, SessionError>> {
    Box::pin(async move {
        let counts = error_counts(session).await?;
        let since = since.and_then(|place| place.parse().ok());
        // Servers before 8.0.22 have the counters and no such table.
        let events = match error_log_since(session, since).await {
            Err(SessionError::Unsupported(_)) => Vec::new(),
            other => other?,
        };
        let place = events.last().map(|event| event.at_us).or(since).map(|at| at.to_string());
        let mut lines = String::new();
        for event in &events {
            // A line break inside would begin a new event.
            let _ = writeln!(lines, "{}", event.line().replace('\n', " "));
        }
        let piece = LogPiece {
            format: "error",
            prefix: None,
            origin: "performance_schema.error_log".to_owned(),
            torn: false,
            bytes: lines.into_bytes(),
        };
        let log = if piece.bytes.is_empty() { Vec::new() } else { vec![piece] };
        Ok(Reports { counts, log, place })
    })
}

/// How often each error was raised since the server started, or since somebody emptied the table. Warnings and notes
/// that the table counts as well are left out.
///
/// # Errors
/// [`SessionError::Unsupported`] on MariaDB, without the performance schema, and for a login that may not read it.
pub async fn error_counts(session: &mut dyn Session) -> Result<Vec<ErrorCount>, SessionError> {
    needs_mysql(session)?;
    let rows = session.own(&COUNTS, &[]).await.map_err(explain)?;
    let counts = rows.rows.iter().filter_map(|row| {
        let (code, raised) = (row.first()?.plain()?, row.get(1)?.plain()?.parse().ok()?);
        let text = errors::meaning(&code).unwrap_or_default().to_owned();
        (!NOTES.contains(&code.as_str())).then_some(ErrorCount { code, text, raised })
    });
    Ok(counts.collect())
}

/// The events of the error log after a moment (microseconds since 1970), oldest first and at most 500; the newest 500
/// without a moment.
///
/// # Errors
/// [`SessionError::Unsupported`] on MariaDB, on MySQL before 8.0.22, without the performance schema, and for a login that
/// may not read it.
pub async fn error_log_since(
    session: &mut dyn Session,
    after_us: Option<i64>,
) -> Result<Vec<LoggedError>, SessionError> {
    needs_mysql(session)?;
    let rows = match after_us {
        Some(moment) => session.own(&LOG_AFTER, &[Param::Int(moment)]).await,
        None => session.own(&LOG_END, &[]).await,
    };
    let mut events = logged(&rows.map_err(explain)?);
    if after_us.is_none() {
        events.reverse();
    }
    Ok(events)
}

fn logged(rows: &Rows) -> Vec<LoggedError> {
    let event = |row: &Vec<Value>| {
        let text = |column: usize| row.get(column).and_then(Value::plain);
        Some(LoggedError {
            at_us: text(0)?.parse().ok()?,
            thread: text(1)?.parse().ok()?,
            level: text(2)?,
            code: text(3)?,
            part: text(4)?,
            message: text(5)?,
        })
    };
    rows.rows.iter().take(MOST_EVENTS).filter_map(event).collect()
}

/// What the session learned about the server decides before anything is asked.
fn needs_mysql(session: &mut dyn Session) -> Result<(), SessionError> {
    let facts = session.memory().and_then(|memory| memory.downcast_ref::<Memory>()).map(|memory| memory.facts.as_ref());
    let why_not = match facts {
        Some(facts) if facts.is_mariadb() => {
            "MariaDB keeps no counters of its errors and no table of its log: name its log in the configuration"
        }
        Some(facts) if !facts.performance_schema => {
            "the server's counters of errors are hidden: performance_schema = ON, and GRANT SELECT ON \
             performance_schema.* to this login"
        }
        _ => return Ok(()),
    };
    Err(SessionError::Unsupported(why_not.to_owned()))
}

/// What is missing, in words.
fn explain(error: SessionError) -> SessionError {
    let words = match &error {
        SessionError::Server(said) => match said.code.as_str() {
            "1146" | "1109" => {
                "this version has no such table: MySQL counts errors since 8.0 and shows its log since 8.0.22"
            }
            "1142" | "1044" => "this login may not read it: GRANT SELECT ON performance_schema.* to it",
            _ => return error,
        },
        _ => return error,
    };
    SessionError::Unsupported(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_like_a_line_of_the_log() {
        let event = LoggedError {
            at_us: 1_777_636_800_000_042,
            thread: 7,
            level: "Warning".into(),
            code: "MY-010055".into(),
            part: "Server".into(),
            message: "IP address '10.0.0.7' could not be resolved".into(),
        };
        assert_eq!(
            event.line(),
            "2026-05-01T12:00:00.000042Z 7 [Warning] [MY-010055] [Server] IP address '10.0.0.7' could not be resolved"
        );
    }
}
