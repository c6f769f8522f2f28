//! What the server counts of its errors: how often it answered each prefix (INFO errorstats, Redis from 6.2 on).
//!
//! It keeps no log that a client could read; a log file is named in the configuration.

use crate::domain::error_event::SessionError;
use crate::engine::{ErrorCount, Query, Reports, Session, Task};

static ERRORS: Query = Query { name: "reports.errors", text: "INFO errorstats", timeout_ms: 2_000 };

/// Redis 6.2, as versions are numbered in [`crate::domain::target::Identity::version_number`].
const FIRST_WITH_COUNTERS: u32 = 60_200;

/// One look. Counters begin anew with the server and with CONFIG RESETSTAT, so no place is kept.
///
/// # Errors
/// [`SessionError::Unsupported`] when the server or the login has no INFO errorstats.
pub(super) fn reports<'a>(
    session: &'a mut dyn Session,
    _since: Option<&'a str>,
) -> Task<'a, Result<Reports, SessionError>> {
    Box::pin(async move {
        let version = session.identity().version_number;
        let rows = session.own(&ERRORS, &[]).await.map_err(explain)?;
        let counter = |row| {
            let (code, raised) = (rows.text(row, "error"), rows.text(row, "count").parse().ok()?);
            Some(ErrorCount { text: code.clone(), code, raised })
        };
        let counts: Vec<ErrorCount> = rows.rows.iter().filter_map(|row| counter(row)).collect();
        if counts.is_empty() && version < FIRST_WITH_COUNTERS {
            let words = "this server is older than 6.2 and does not count its errors by prefix";
            return Err(SessionError::Unsupported(words.to_owned()));
        }
        Ok(Reports { counts, ..Reports::default() })
    })
}

fn explain(error: SessionError) -> SessionError {
    match error {
        SessionError::Server(said) if said.code == "NOPERM" => SessionError::Unsupported(format!(
            "this user may not read the counters of errors ({}): +info",
            said.message
        )),
        other => other,
    }
}
