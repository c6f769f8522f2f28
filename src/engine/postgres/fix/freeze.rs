//! Sessions as somebody points at them: which are still there, what tells each from a later one of the same number,
//! and which are never ended from here.

use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::domain::rows::{Rows, Value};
use crate::engine::{Param, Query, Session};
use serde_json::json;

/// $1: a JSON list of process ids.
static SESSIONS: Query = Query {
    name: "fix.sessions",
    text: "SELECT a.pid, a.backend_type,
  to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS backend_start,
  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS xact_start,
  to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS query_start,
  a.state, a.usename, a.application_name, a.datname, host(a.client_addr) AS client,
  a.query LIKE '%(to prevent wraparound)%' AS wraparound,
  a.pid = pg_backend_pid() OR a.application_name LIKE 'dba-gpt%' AS ours,
  extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change))::int8 AS seconds,
  a.backend_xid IS NOT NULL AS writes
  FROM json_array_elements_text($1::json) x (pid)
  JOIN pg_catalog.pg_stat_activity a ON a.pid = x.pid::int4 ORDER BY a.pid",
    timeout_ms: 2_000,
};

/// Programs that take backups.
const BACKUPS: &[&str] = &["pg_dump", "pg_dumpall", "pg_basebackup", "pgbackrest", "barman", "wal-g", "pg_probackup"];

/// A session that is there.
pub(super) struct Seen {
    /// With its facts.
    pub(super) session: SessionRef,
    /// It has written something that is not committed yet.
    pub(super) writes: bool,
    /// Everything that tells it from a later one.
    every: Vec<(String, String)>,
}

impl Seen {
    /// It is the one that somebody pointed at by these facts: it has not gone on since.
    pub(super) fn is(&self, wanted: &SessionRef) -> bool {
        self.session.id == wanted.id && wanted.facts.iter().all(|fact| self.every.contains(fact))
    }
}

/// Looks at sessions. `for_statement`: it is the running statement that is meant, so the same session with another
/// statement is another one.
///
/// # Errors
/// In words, when one of them is not to be touched.
pub(super) async fn look(
    session: &mut dyn Session,
    sessions: &[SessionRef],
    for_statement: bool,
) -> Result<Vec<Seen>, SessionError> {
    let pids: Vec<String> =
        sessions.iter().map(|s| s.id).filter(|id| i32::try_from(*id).is_ok()).map(|id| id.to_string()).collect();
    let rows = session.own(&SESSIONS, &[Param::Text(json!(pids).to_string())]).await?;
    rows.rows.iter().map(|row| seen(&rows, row, for_statement)).collect()
}

fn seen(rows: &Rows, row: &[Value], for_statement: bool) -> Result<Seen, SessionError> {
    let text = |name: &str| rows.get(row, name).plain();
    let flag = |name: &str| rows.text(row, name) == "true";
    let pid = rows.get(row, "pid").int().unwrap_or_default();
    if let Some(why) = untouchable(
        &text("backend_type").unwrap_or_default(),
        &text("application_name").unwrap_or_default(),
        flag("ours"),
        flag("wraparound"),
    ) {
        return Err(SessionError::Unsupported(format!("session {pid} is not touched: {why}")));
    }
    let Some(started) = text("backend_start") else {
        return Err(SessionError::Unsupported(format!(
            "since when session {pid} exists is hidden from this login: GRANT pg_read_all_stats (or pg_monitor) to it"
        )));
    };
    let state = text("state").unwrap_or_default();
    let mut every = vec![("backend_start".to_owned(), started)];
    every.extend(["xact_start", "query_start"].iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))));
    let tells = |name: &str| match name {
        "query_start" => for_statement,
        "xact_start" => !for_statement && state.starts_with("idle in transaction"),
        _ => true,
    };
    let facts = every.iter().filter(|(name, _)| tells(name)).cloned().collect();
    let parts = [text("usename"), text("application_name"), text("datname"), text("client"), Some(state)];
    let mut about = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if let Some(seconds) = rows.get(row, "seconds").int() {
        about.push_str(&format!(" {}", age(seconds)));
    }
    Ok(Seen { session: SessionRef { id: pid, facts, about }, writes: flag("writes"), every })
}

/// Why a session is left alone whoever asks.
pub(in crate::engine::postgres) fn untouchable(
    backend: &str,
    program: &str,
    ours: bool,
    wraparound: bool,
) -> Option<&'static str> {
    if ours {
        return Some("it is this program's own");
    }
    match backend {
        "client backend" | "parallel worker" => {}
        "walsender" => return Some("it feeds a replica or a backup"),
        "autovacuum worker" if wraparound => {
            return Some("it prevents a wraparound of transaction numbers, and would begin anew");
        }
        "autovacuum worker" => {}
        "" => return Some("what it is is hidden from this login: GRANT pg_monitor to it"),
        _ => return Some("it is a part of the server itself"),
    }
    let program = program.to_ascii_lowercase();
    BACKUPS.iter().any(|name| program.starts_with(name)).then_some("it takes a backup")
}

/// `14 min`.
pub(in crate::engine::postgres) fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}

/// Fills in the facts.
pub(super) async fn freeze(session: &mut dyn Session, kind: FixKind) -> Result<FixKind, SessionError> {
    let (sessions, for_statement) = match &kind {
        FixKind::CancelStatements(sessions) => (sessions, true),
        FixKind::EndSessions(sessions) => (sessions, false),
        _ => return Ok(kind),
    };
    let there = look(session, sessions, for_statement).await?;
    // What a procedure has pointed at by its facts stays pointed at by them.
    let frozen = |wanted: &SessionRef| {
        let mut found = there.iter().find(|seen| seen.is(wanted))?.session.clone();
        for fact in &wanted.facts {
            if !found.facts.contains(fact) {
                found.facts.push(fact.clone());
            }
        }
        Some(found)
    };
    let seen: Vec<SessionRef> = sessions.iter().filter_map(frozen).collect();
    if seen.is_empty() {
        return Err(SessionError::Unsupported("these sessions are gone, or have gone on since they were seen".into()));
    }
    Ok(if for_statement { FixKind::CancelStatements(seen) } else { FixKind::EndSessions(seen) })
}
