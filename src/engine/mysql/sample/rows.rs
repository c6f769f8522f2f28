//! Rows of the collection's questions -> readings and sessions.

use crate::domain::activity::{Sample, SessionInfo, SessionState};
use crate::domain::metric::{self, MetricId, Readings};
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;

/// Counters and levels of `SHOW GLOBAL STATUS` that are readings as they are.
const STATUS: &[(&str, MetricId)] = &[
    ("Threads_connected", metric::CONNECTIONS),
    ("Questions", metric::STATEMENTS),
    ("Com_rollback", metric::ROLLBACKS),
    ("Innodb_buffer_pool_reads", metric::CACHE_READS),
    ("Innodb_os_log_written", metric::WAL_RATE),
    ("Innodb_row_lock_waits", metric::ROW_LOCK_WAITS),
    ("Innodb_deadlocks", metric::DEADLOCKS),
    ("Innodb_history_list_length", metric::HISTORY_LENGTH),
    ("Innodb_checkpoint_age", metric::CHECKPOINT_AGE),
    ("Created_tmp_disk_tables", metric::TEMP_TABLES_ON_DISK),
    ("Slow_queries", metric::SLOW_STATEMENTS),
    ("Open_files", metric::OPEN_FILES),
    ("Connection_errors_max_connections", metric::REJECTED_CONNECTIONS),
];

/// Reads the name-value rows of `SHOW GLOBAL STATUS`.
pub(super) fn status(rows: &Rows, readings: &mut Readings) {
    let get = |name: &str| {
        let row = rows.rows.iter().find(|row| row.first().and_then(Value::plain).as_deref() == Some(name))?;
        row.get(1)?.number()
    };
    for (name, id) in STATUS {
        if let Some(value) = get(name) {
            readings.insert(*id, value);
        }
    }
    if let (Some(commits), Some(rollbacks)) = (get("Com_commit"), get("Com_rollback")) {
        readings.insert(metric::TRANSACTIONS, commits + rollbacks);
    }
    // Requests that were not read from disk were found in the pool.
    if let (Some(asked), Some(read)) = (get("Innodb_buffer_pool_read_requests"), get("Innodb_buffer_pool_reads")) {
        readings.insert(metric::CACHE_HITS, asked - read);
    }
    if let (Some(now), Some(then)) = (get("Innodb_redo_log_current_lsn"), get("Innodb_redo_log_checkpoint_lsn")) {
        readings.insert(metric::CHECKPOINT_AGE, (now - then).max(0.0));
    }
}

/// Reads InnoDB's table of metrics.
pub(super) fn innodb_metrics(rows: &Rows, readings: &mut Readings) {
    for row in &rows.rows {
        let id = match rows.text(row, "name").as_str() {
            "trx_rseg_history_len" => metric::HISTORY_LENGTH,
            "lock_deadlocks" => metric::DEADLOCKS,
            _ => continue,
        };
        if let Some(value) = rows.get(row, "value").number() {
            readings.insert(id, value);
        }
    }
}

/// Reads the servers that this one follows: how far behind the worst is, and how many do not run.
pub(super) fn replica(rows: &Rows, sample: &mut Sample) {
    if rows.rows.is_empty() {
        return;
    }
    let first = |row: &[Value], names: [&str; 2]| {
        names.iter().map(|name| rows.text(row, name)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let mut broken = 0.0;
    let mut lag: Option<f64> = None;
    for row in &rows.rows {
        let channel = first(row, ["Channel_Name", "Connection_name"]);
        let channel = if channel.is_empty() { String::new() } else { format!(" ({channel})") };
        let (reads, applies) = (
            first(row, ["Replica_IO_Running", "Slave_IO_Running"]),
            first(row, ["Replica_SQL_Running", "Slave_SQL_Running"]),
        );
        let behind = first(row, ["Seconds_Behind_Source", "Seconds_Behind_Master"]).parse().ok();
        lag = match (lag, behind) {
            (Some(a), Some(b)) => Some(f64::max(a, b)),
            (a, b) => a.or(b),
        };
        if reads != "Yes" || applies != "Yes" {
            broken += 1.0;
            let error = first(row, ["Last_SQL_Error", "Last_IO_Error"]);
            let why = if error.is_empty() { String::new() } else { format!(": {error}") };
            sample.hints.push(format!("replication{channel} does not run (receiver {reads}, applier {applies}){why}"));
        }
    }
    sample.readings.insert(metric::REPLICATION_BROKEN, broken);
    if let Some(lag) = lag {
        sample.readings.insert(metric::LAG, lag);
    }
}

/// Levels that are counted from the list of sessions.
pub(super) fn levels(sample: &mut Sample, replicas: usize) {
    let now = sample.server_now;
    let count = |test: &dyn Fn(&SessionInfo) -> bool| {
        sample.sessions.iter().filter(|s| !s.background && test(s)).count() as f64
    };
    let state = |state: SessionState| count(&|s: &SessionInfo| s.state == state);
    let oldest = |start: &dyn Fn(&SessionInfo) -> Option<Timestamp>| {
        let ages = sample.sessions.iter().filter(|s| !s.background).filter_map(start).map(|t| now.since(t));
        ages.max().unwrap_or(0) as f64 / 1000.0
    };
    let readings = [
        (metric::ACTIVE, state(SessionState::Active)),
        (metric::IDLE, state(SessionState::Idle)),
        (metric::IDLE_IN_TRANSACTION, state(SessionState::IdleInTransaction)),
        (metric::BLOCKED, count(&|s| s.wait.starts_with("Lock:"))),
        (metric::LONGEST_TRANSACTION, oldest(&|s| s.transaction_start)),
        (metric::LONGEST_STATEMENT, oldest(&|s| s.statement_start.filter(|_| s.state == SessionState::Active))),
        (metric::REPLICAS, replicas as f64),
    ];
    sample.readings.extend(readings);
}

/// Reads sessions; also how many of them are replicas that read our binary log.
pub(super) fn sessions(rows: &Rows, now: Timestamp) -> (Vec<SessionInfo>, usize) {
    let list: Vec<SessionInfo> = rows.rows.iter().map(|row| session(rows, row, now)).collect();
    let dumps = rows.rows.iter().filter(|row| rows.text(row, "command").starts_with("Binlog Dump")).count();
    (list, dumps)
}

fn session(rows: &Rows, row: &[Value], now: Timestamp) -> SessionInfo {
    let text = |name: &str| rows.text(row, name);
    let (command, words, user) = (text("command"), text("state"), text("user"));
    let background = matches!(user.as_str(), "system user" | "event_scheduler")
        || matches!(command.as_str(), "Daemon" | "Connect")
        || command.starts_with("Binlog Dump")
        || command.starts_with("Slave_");
    let in_transaction = rows.get(row, "transaction_ms").int().map(Timestamp);
    let since = rows.get(row, "time_ms").int().filter(|ms| *ms >= 0).map(|ms| now.plus_ms(-ms));
    let state = match (background, command.as_str(), in_transaction) {
        (true, ..) => SessionState::Other,
        (_, "Sleep", Some(_)) => SessionState::IdleInTransaction,
        (_, "Sleep", None) => SessionState::Idle,
        _ => SessionState::Active,
    };
    SessionInfo {
        pid: rows.get(row, "pid").int().unwrap_or(0),
        database: text("db"),
        user,
        application: text("application"),
        // The port changes with every connection and tells nothing.
        client: text("client").rsplit_once(':').map_or_else(|| text("client"), |(host, _)| host.to_owned()),
        state,
        transaction_start: in_transaction.filter(|_| !background),
        statement_start: since.filter(|_| state == SessionState::Active),
        state_change: since,
        wait: wait(state, &text("transaction_state"), &words),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: cut(text("statement")),
        background,
    }
}

/// `Lock:row`, `Lock:table metadata lock`: what the server's words say it waits for.
fn wait(state: SessionState, transaction: &str, words: &str) -> String {
    let lower = words.to_ascii_lowercase();
    if state != SessionState::Active {
        return String::new();
    }
    // These words are of this moment; InnoDB's list of transactions may be a tenth of a second old, or older where
    // many ask for it.
    if let Some(what) = lower.strip_prefix("waiting for ").filter(|what| what.ends_with("lock")) {
        return format!("Lock:{what}");
    }
    match lower.as_str() {
        "user lock" => "Lock:user lock".into(),
        "waiting for table flush" => "Lock:table flush".into(),
        _ if transaction == "LOCK WAIT" => "Lock:row".into(),
        _ if lower.contains("waiting") => format!("Wait:{words}"),
        _ => String::new(),
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

/// Marks who waits for whom, and what the blockers hold: `X on shop.orders`.
pub(super) fn blockers(rows: &Rows, sessions: &mut [SessionInfo]) {
    for row in &rows.rows {
        let (Some(waiting), Some(blocking)) = (rows.get(row, "waiting").int(), rows.get(row, "blocking").int()) else {
            continue;
        };
        if let Some(session) = sessions.iter_mut().find(|s| s.pid == waiting)
            && !session.blocked_by.contains(&blocking)
        {
            session.blocked_by.push(blocking);
        }
        if let Some(session) = sessions.iter_mut().find(|s| s.pid == blocking) {
            let object = rows.text(row, "object");
            let held = format!("{} on {object}", rows.text(row, "mode"));
            // What a chain's first holder has matters more than what those in its middle wait with.
            if !object.is_empty() && session.holds.is_empty() {
                session.holds = held;
            }
        }
    }
}

/// The same from a list of who holds which table: whoever waits for a table's metadata waits for the sessions that
/// hold a table which its statement names.
pub(super) fn metadata_holders(rows: &Rows, sessions: &mut [SessionInfo]) {
    let waiting: Vec<(i64, String)> = sessions
        .iter()
        .filter(|s| s.wait == "Lock:table metadata lock")
        .map(|s| (s.pid, s.statement.to_lowercase()))
        .collect();
    for row in &rows.rows {
        let (Some(holder), table) = (rows.get(row, "pid").int(), rows.text(row, "tbl").to_lowercase()) else {
            continue;
        };
        for (pid, _) in waiting.iter().filter(|(pid, words)| *pid != holder && names(words, &table)) {
            if let Some(session) = sessions.iter_mut().find(|s| s.pid == *pid)
                && !session.blocked_by.contains(&holder)
            {
                session.blocked_by.push(holder);
            }
            if let Some(session) = sessions.iter_mut().find(|s| s.pid == holder) {
                let mode = rows.text(row, "mode").to_lowercase().trim_start_matches("mdl_").replace('_', " ");
                session.holds = format!("{mode} on {}", rows.text(row, "object"));
            }
        }
    }
}

/// A statement names a table as a word of its own.
fn names(statement: &str, table: &str) -> bool {
    !table.is_empty()
        && statement.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).any(|word| word == table)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::Column;

    fn table(names: &[&str], rows: &[&[&str]]) -> Rows {
        let cell = |cell: &&str| if *cell == "-" { Value::Null } else { Value::Text((*cell).into()) };
        Rows {
            columns: names.iter().map(|name| Column::text(name)).collect(),
            rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
            truncated: None,
        }
    }

    #[test]
    fn what_is_not_counted_is_missing_and_hits_are_what_was_not_read() {
        let mut readings = Readings::new();
        let rows = table(
            &["Variable_name", "Value"],
            &[
                &["Threads_connected", "7"],
                &["Com_commit", "5"],
                &["Com_rollback", "2"],
                &["Innodb_buffer_pool_read_requests", "100"],
                &["Innodb_buffer_pool_reads", "10"],
                &["Innodb_redo_log_current_lsn", "900"],
                &["Innodb_redo_log_checkpoint_lsn", "400"],
            ],
        );
        status(&rows, &mut readings);
        let get = |id| readings.get(&id).copied();
        assert_eq!((get(metric::CONNECTIONS), get(metric::TRANSACTIONS)), (Some(7.0), Some(7.0)));
        assert_eq!((get(metric::CACHE_HITS), get(metric::CACHE_READS)), (Some(90.0), Some(10.0)));
        assert_eq!((get(metric::CHECKPOINT_AGE), get(metric::DEADLOCKS)), (Some(500.0), None));
    }

    #[test]
    fn sessions_are_read_for_what_they_do() {
        let names = [
            "pid",
            "user",
            "client",
            "command",
            "state",
            "time_ms",
            "transaction_ms",
            "transaction_state",
            "statement",
        ];
        let rows = table(
            &names,
            &[
                &["1", "app", "10.0.0.1:5000", "Sleep", "", "4000", "900000", "RUNNING", "-"],
                &["2", "app", "localhost", "Query", "updating", "2000", "995000", "LOCK WAIT", "UPDATE t SET a = 1"],
                &[
                    "3",
                    "app",
                    "h:1",
                    "Execute",
                    "Waiting for table metadata lock",
                    "1000",
                    "-",
                    "-",
                    "SELECT * FROM `orders`",
                ],
                &["4", "repl", "h:1", "Binlog Dump GTID", "Source has sent all", "9000", "-", "-", "-"],
                &["5", "system user", "", "Slave_SQL", "Slave has read all", "9000", "-", "-", "-"],
            ],
        );
        let (list, replicas) = sessions(&rows, Timestamp(1_000_000));
        assert_eq!(replicas, 1);
        assert_eq!((list[0].state, list[0].client.as_str()), (SessionState::IdleInTransaction, "10.0.0.1"));
        assert_eq!((list[1].wait.as_str(), list[1].statement_start), ("Lock:row", Some(Timestamp(998_000))));
        assert_eq!(list[2].wait, "Lock:table metadata lock");
        assert!(list[3].background && list[4].background && list[3].wait.is_empty());
        let mut sample = Sample { sessions: list, server_now: Timestamp(1_000_000), ..Sample::default() };
        levels(&mut sample, replicas);
        let get = |id| sample.readings[&id];
        assert_eq!((get(metric::ACTIVE), get(metric::IDLE), get(metric::BLOCKED)), (2.0, 0.0, 2.0));
        assert_eq!((get(metric::LONGEST_TRANSACTION), get(metric::LONGEST_STATEMENT)), (100.0, 2.0));

        let waits = table(
            &["waiting", "blocking", "mode", "object"],
            &[&["2", "1", "X", "shop.t"], &["2", "1", "X", "shop.t"]],
        );
        blockers(&waits, &mut sample.sessions);
        assert_eq!(
            (sample.sessions[1].blocked_by.as_slice(), sample.sessions[0].holds.as_str()),
            (&[1][..], "X on shop.t")
        );
        let held = table(
            &["pid", "mode", "tbl", "object"],
            &[&["1", "MDL_SHARED_WRITE", "orders", "shop.orders"], &["1", "MDL_SHARED_WRITE", "order", "shop.order"]],
        );
        sample.sessions[0].holds.clear();
        metadata_holders(&held, &mut sample.sessions);
        assert_eq!(sample.sessions[2].blocked_by, [1]);
        assert_eq!(sample.sessions[0].holds, "shared write on shop.orders");
    }

    #[test]
    fn a_replica_that_does_not_run_says_why_and_has_no_lag() {
        let rows = table(
            &["Slave_IO_Running", "Slave_SQL_Running", "Seconds_Behind_Master", "Last_SQL_Error"],
            &[&["Yes", "No", "-", "Duplicate entry"], &["Yes", "Yes", "7", ""]],
        );
        let mut sample = Sample::default();
        replica(&rows, &mut sample);
        assert_eq!(sample.readings.get(&metric::REPLICATION_BROKEN), Some(&1.0));
        assert_eq!(sample.readings.get(&metric::LAG), Some(&7.0));
        assert!(sample.hints[0].contains("Duplicate entry"), "{:?}", sample.hints);
    }
}
