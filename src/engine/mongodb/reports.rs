//! What the server tells about its errors: the counters of its assertions, and the newest lines of its log, which it
//! keeps in memory and gives to a login that may see them (clusterMonitor).

use super::sample::ask;
use super::session::MongoSession;
use super::wire::Fields as _;
use crate::domain::error_event::SessionError;
use crate::engine::{ErrorCount, LogPiece, Query, Reports, Session, Task};
use bson::RawDocument;
use serde::{Deserialize, Serialize};

static STATUS: Query = Query {
    name: "reports.status",
    text: r#"{"serverStatus": 1, "repl": 0, "metrics": 0, "wiredTiger": 0, "locks": 0, "tcmalloc": 0, "network": 0,
        "sharding": 0, "security": 0, "planCache": 0, "indexStats": 0, "transactions": 0, "$db": "admin"}"#,
    timeout_ms: 2_000,
};

static LOG: Query = Query { name: "reports.log", text: r#"{"getLog": "global", "$db": "admin"}"#, timeout_ms: 2_000 };

/// The counters of assertions, and what each counts.
const ASSERTIONS: &[(&str, &str)] = &[
    ("regular", "assertions of the server (asserts.regular)"),
    ("warning", "warnings of the server (asserts.warning)"),
    ("msg", "assertions of the server with a message (asserts.msg)"),
    ("tripwire", "assertions of the server that it survived (asserts.tripwire)"),
    ("user", "errors answered to clients (asserts.user)"),
];

/// Where the last look ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The server's process: a new one counts its lines anew.
    process: Option<i64>,
    /// Lines that it had written by then.
    lines: i64,
}

/// One look. Of the log it gives what came since the last one, as far as the server still has it (1024 lines).
///
/// # Errors
/// [`SessionError::Unsupported`] when this login or this product gives neither counters nor log.
pub(super) fn reports<'a>(
    session: &'a mut dyn Session,
    since: Option<&'a str>,
) -> Task<'a, Result<Reports, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let status = kept(ask(session, &STATUS).await)?;
        let log = kept(ask(session, &LOG).await)?;
        if let (Err(why), Err(_)) = (&status, &log) {
            return Err(SessionError::Unsupported(format!(
                "this login sees neither the server's counters nor its log ({why}): grant the role clusterMonitor"
            )));
        }
        let mut reports = Reports::default();
        let process = status.as_ref().ok().and_then(|status| status.int("pid"));
        if let Ok(status) = &status {
            reports.counts = counts(status);
        }
        if let Ok(log) = &log {
            let before = since.and_then(|place| serde_json::from_str::<Place>(place).ok());
            let place = Place { process, lines: log.int("totalLinesWritten").unwrap_or(0) };
            reports.log.extend(added(log, before.as_ref(), &place));
            reports.place = serde_json::to_string(&place).ok();
        }
        Ok(reports)
    })
}

/// What the server refused takes only itself away; a broken connection ends the look.
fn kept<T>(answer: Result<T, SessionError>) -> Result<Result<T, String>, SessionError> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(SessionError::Server(said)) => Ok(Err(said.message)),
        Err(SessionError::Unsupported(why)) => Ok(Err(why)),
        Err(broken) => Err(broken),
    }
}

/// A counter that is not there is left out.
fn counts(status: &RawDocument) -> Vec<ErrorCount> {
    let counter = |(name, text): &(&str, &str)| {
        let raised = u64::try_from(status.int(&format!("asserts.{name}"))?).ok()?;
        Some(ErrorCount { code: String::new(), text: (*text).to_owned(), raised })
    };
    ASSERTIONS.iter().filter_map(counter).collect()
}

/// The lines of the log that are new since `before`.
fn added(log: &RawDocument, before: Option<&Place>, now: &Place) -> Option<LogPiece> {
    let lines = log.texts("log");
    let known = before.filter(|b| b.process == now.process && b.lines <= now.lines);
    let new = known.map_or(lines.len(), |b| usize::try_from(now.lines - b.lines).unwrap_or(lines.len()));
    let lines = &lines[lines.len().saturating_sub(new)..];
    let bytes = lines.iter().flat_map(|line| [line.trim_end().as_bytes(), b"\n"].concat()).collect();
    (!lines.is_empty()).then(|| LogPiece {
        format: "mongo",
        prefix: None,
        origin: "getLog".to_owned(),
        torn: false,
        bytes,
    })
}
