//! Rows of the collection's questions -> readings and sessions.

use super::number;
use crate::domain::activity::{Sample, SessionInfo, SessionState};
use crate::domain::metric::{self, MetricId, Readings};
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;

/// Readings that only a member of `pg_monitor` can take; for others the same columns hold our own session alone.
const NEED_MONITOR: &[(&str, MetricId)] = &[
    ("connections", metric::CONNECTIONS),
    ("active", metric::ACTIVE),
    ("idle", metric::IDLE),
    ("idle_in_transaction", metric::IDLE_IN_TRANSACTION),
    ("blocked", metric::BLOCKED),
    ("replicas", metric::REPLICAS),
];
/// Ages: nothing open means an age of zero, and the clocks of two functions may differ by a little.
const AGES: &[(&str, MetricId)] =
    &[("longest_transaction", metric::LONGEST_TRANSACTION), ("longest_statement", metric::LONGEST_STATEMENT)];
/// Readings that everybody can take.
const FOR_ALL: &[(&str, MetricId)] = &[
    ("connection_limit", metric::CONNECTION_LIMIT),
    ("transactions", metric::TRANSACTIONS),
    ("rollbacks", metric::ROLLBACKS),
    ("cache_hits", metric::CACHE_HITS),
    ("cache_reads", metric::CACHE_READS),
    ("temp_bytes", metric::TEMP_BYTES),
    ("deadlocks", metric::DEADLOCKS),
    ("wal_written", metric::WAL_RATE),
    ("retained_wal", metric::RETAINED_WAL),
    ("checkpoints_requested", metric::CHECKPOINTS_REQUESTED),
    ("lag", metric::LAG),
];

/// Takes the counters and levels.
pub(super) fn numbers(rows: &Rows, sees_all: bool, sample: &mut Sample) {
    let readings = &mut sample.readings;
    let mut take = |list: &[(&str, MetricId)], empty: Option<f64>| {
        for (name, id) in list {
            if let Some(value) = number(rows, name).or(empty) {
                readings.insert(*id, value.max(0.0));
            }
        }
    };
    take(FOR_ALL, None);
    if sees_all {
        take(NEED_MONITOR, None);
        take(AGES, Some(0.0));
    } else {
        take(&[("backends", metric::CONNECTIONS)], None);
    }
    sample.server_now = Timestamp(rows.rows.first().and_then(|row| rows.get(row, "now_ms").int()).unwrap_or(0));
}

/// Takes the totals of all statements.
pub(super) fn statements(rows: &Rows, sample: &mut Sample) {
    for (name, id) in [("calls", metric::STATEMENTS), ("total_ms", metric::STATEMENT_TIME)] {
        if let Some(value) = number(rows, name) {
            sample.readings.insert(id, value);
        }
    }
}

/// Takes what was costly to read.
pub(super) fn heavy(rows: &Rows, readings: &mut Readings) {
    for (name, id) in [
        ("data_bytes", metric::DATA_BYTES),
        ("xid_age", metric::XID_AGE),
        ("dead_rows", metric::DEAD_ROWS),
        ("wal_bytes", metric::WAL_BYTES),
    ] {
        if let Some(value) = number(rows, name) {
            readings.insert(id, value);
        }
    }
}

/// Takes the sessions.
pub(super) fn sessions(rows: &Rows) -> Vec<SessionInfo> {
    rows.rows.iter().map(|row| session(rows, row)).collect()
}

fn session(rows: &Rows, row: &[Value]) -> SessionInfo {
    let text = |name: &str| rows.text(row, name);
    let moment = |name: &str| rows.get(row, name).int().map(Timestamp);
    let backend = text("backend_type");
    let background = backend != "client backend";
    let application = text("application_name");
    let state = match text("state").as_str() {
        "active" => SessionState::Active,
        "idle" => SessionState::Idle,
        "idle in transaction" => SessionState::IdleInTransaction,
        "idle in transaction (aborted)" => SessionState::IdleInFailedTransaction,
        _ => SessionState::Other,
    };
    SessionInfo {
        pid: rows.get(row, "pid").int().unwrap_or(0),
        database: text("datname"),
        user: text("usename"),
        application: if background && application.is_empty() { backend } else { application },
        client: text("client"),
        state,
        transaction_start: moment("transaction_ms"),
        statement_start: moment("statement_ms"),
        state_change: moment("change_ms"),
        wait: wait(state, &text("wait_event_type"), &text("wait_event")),
        blocked_by: text("blocked_by").split(',').filter_map(|pid| pid.parse().ok()).collect(),
        holds: String::new(),
        statement: cut(text("statement")),
        background,
    }
}

/// `Lock:tuple`. Workers that wait for work, and idle sessions that wait for their client, do not wait in the sense
/// that matters.
fn wait(state: SessionState, kind: &str, event: &str) -> String {
    match kind {
        "" | "Activity" => String::new(),
        "Client" if state == SessionState::Idle => String::new(),
        kind => format!("{kind}:{event}"),
    }
}

/// The server cuts at characters, the sample at bytes.
fn cut(mut statement: String) -> String {
    let mut end = SessionInfo::STATEMENT_BYTES.min(statement.len());
    while !statement.is_char_boundary(end) {
        end -= 1;
    }
    statement.truncate(end);
    statement
}

/// Marks what the blockers hold: `RowExclusive on orders`.
pub(super) fn held(rows: &Rows, sessions: &mut [SessionInfo]) {
    for row in &rows.rows {
        let pid = rows.get(row, "pid").int();
        if let Some(session) = sessions.iter_mut().find(|s| Some(s.pid) == pid) {
            let mode = rows.text(row, "mode");
            session.holds = format!("{} on {}", mode.trim_end_matches("Lock"), rows.text(row, "relation"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::Column;

    fn one_row(cells: &[(&str, Value)]) -> Rows {
        Rows {
            columns: cells.iter().map(|(name, _)| Column::text(name)).collect(),
            rows: vec![cells.iter().map(|(_, value)| value.clone()).collect()],
            truncated: None,
        }
    }

    #[test]
    fn what_a_weak_login_cannot_see_is_missing_and_nothing_open_is_an_age_of_zero() {
        let rows = one_row(&[
            ("now_ms", Value::Int(5)),
            ("connections", Value::Int(1)),
            ("backends", Value::Int(30)),
            ("active", Value::Int(0)),
            ("longest_transaction", Value::Null),
            ("lag", Value::Null),
            ("deadlocks", Value::Number("2".into())),
        ]);
        let mut weak = Sample::default();
        numbers(&rows, false, &mut weak);
        assert_eq!(weak.readings.get(&metric::CONNECTIONS), Some(&30.0));
        assert!(!weak.readings.contains_key(&metric::ACTIVE) && !weak.readings.contains_key(&metric::LAG));
        assert!(!weak.readings.contains_key(&metric::LONGEST_TRANSACTION));
        let mut strong = Sample::default();
        numbers(&rows, true, &mut strong);
        assert_eq!(strong.readings.get(&metric::CONNECTIONS), Some(&1.0));
        assert_eq!(strong.readings.get(&metric::LONGEST_TRANSACTION), Some(&0.0));
        assert_eq!((strong.readings.get(&metric::DEADLOCKS), strong.server_now), (Some(&2.0), Timestamp(5)));
    }

    #[test]
    fn a_session_is_read_whole_and_its_statement_is_bounded() {
        let rows = one_row(&[
            ("pid", Value::Int(7)),
            ("state", Value::Text("idle in transaction (aborted)".into())),
            ("wait_event_type", Value::Text("Lock".into())),
            ("wait_event", Value::Text("tuple".into())),
            ("blocked_by", Value::Text("3,0,9".into())),
            ("statement", Value::Text("ä".repeat(2048))),
            ("backend_type", Value::Text("client backend".into())),
        ]);
        let session = sessions(&rows).pop().unwrap();
        assert_eq!(session.state, SessionState::IdleInFailedTransaction);
        assert_eq!((session.wait.as_str(), session.blocked_by), ("Lock:tuple", vec![3, 0, 9]));
        assert_eq!((session.statement.len(), session.background), (SessionInfo::STATEMENT_BYTES, false));
    }
}
