//! Clients as sessions.

use crate::domain::activity::{SessionInfo, SessionState};
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;

/// Clients that a sample keeps.
const MOST: usize = 1000;

/// The clients of a CLIENT LIST, ours left out; those that do something first.
pub(super) fn of(list: &Rows, now: Timestamp, us: Option<i64>) -> Vec<SessionInfo> {
    let mut all: Vec<SessionInfo> =
        list.rows.iter().map(|row| session(list, row, now)).filter(|s| Some(s.pid) != us).collect();
    all.sort_by_key(|s| (s.state == SessionState::Idle, s.background));
    all.truncate(MOST);
    all
}

fn session(list: &Rows, row: &[Value], now: Timestamp) -> SessionInfo {
    let text = |name: &str| list.text(row, name);
    let number = |name: &str| list.get(row, name).int();
    let flags = text("flags");
    let is = |flag: char| flags.contains(flag);
    // Seconds since its last command, which for one that waits is also how long it has waited.
    let since = number("idle").map(|s| now.plus_ms(-s.saturating_mul(1000)));
    let (state, wait) = if is('b') {
        (SessionState::Other, "a blocking command")
    } else if is('x') {
        (SessionState::IdleInTransaction, "")
    } else if is('O') {
        (SessionState::Active, "")
    } else if is('P') {
        (SessionState::Other, "messages of a channel")
    } else {
        (SessionState::Idle, "")
    };
    let name = Some(text("name")).filter(|n| !n.is_empty()).unwrap_or_else(|| text("lib-name"));
    SessionInfo {
        pid: number("id").unwrap_or(0),
        database: format!("db{}", number("db").unwrap_or(0)),
        user: text("user"),
        application: name,
        client: text("addr"),
        state,
        transaction_start: since.filter(|_| is('x')),
        statement_start: since,
        state_change: since,
        wait: wait.to_owned(),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: text("cmd").replace('|', " "),
        background: is('S') || is('M'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rows::Column;

    #[test]
    fn flags_tell_what_a_client_does() {
        let names = ["id", "addr", "name", "idle", "flags", "db", "cmd", "user"];
        let row = |id: i64, flags: &str| {
            let text = |t: &str| Value::Text(t.into());
            vec![
                Value::Int(id),
                text("1.2.3.4:5"),
                text("app"),
                Value::Int(7),
                text(flags),
                Value::Int(2),
                text("config|get"),
                text("joe"),
            ]
        };
        let list = Rows {
            columns: names.iter().map(|n| Column::text(n)).collect(),
            rows: vec![row(1, "N"), row(2, "b"), row(3, "x"), row(4, "S"), row(9, "N")],
            truncated: None,
        };
        let sessions = of(&list, Timestamp(10_000), Some(9));
        let by_id = |id: i64| sessions.iter().find(|s| s.pid == id);
        assert_eq!(sessions.len(), 4);
        assert_eq!(
            by_id(1).map(|s| (s.state, s.statement.as_str(), s.database.as_str())),
            Some((SessionState::Idle, "config get", "db2"))
        );
        assert_eq!(by_id(2).map(|s| (s.state, s.wait.is_empty())), Some((SessionState::Other, false)));
        assert_eq!(
            by_id(3).map(|s| (s.state, s.transaction_start)),
            Some((SessionState::IdleInTransaction, Some(Timestamp(3000))))
        );
        assert_eq!(by_id(4).map(|s| s.background), Some(true));
    }
}
