//! A session as a diagnosis sees it: who it is, what it does, and whether it may be touched at all.

use super::statement::shape;
use crate::domain::proposal::kind::SessionRef;
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::fix::untouchable;

/// Characters of a statement that evidence shows.
const SHOWN: usize = 120;

/// A session at one moment. Its texts are untrusted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Session {
    /// The server's number.
    pub(in crate::engine::mysql) id: i64,
    pub(in crate::engine::mysql) user: String,
    /// Host and port.
    pub(in crate::engine::mysql) host: String,
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) command: String,
    pub(in crate::engine::mysql) state: String,
    pub(in crate::engine::mysql) application: String,
    /// Milliseconds in its present state; for one that sleeps, since its last statement.
    pub(in crate::engine::mysql) time_ms: i64,
    /// Number and beginning of its transaction, as an approval names them; none without one.
    pub(in crate::engine::mysql) transaction: Option<String>,
    /// Age of its transaction, milliseconds.
    pub(in crate::engine::mysql) transaction_ms: Option<i64>,
    /// It waits for a row, for so many milliseconds.
    pub(in crate::engine::mysql) row_wait_ms: Option<i64>,
    /// Rows that its transaction has changed: what a rollback has to take back.
    pub(in crate::engine::mysql) rows_modified: u64,
    /// Rows that its transaction has locked.
    pub(in crate::engine::mysql) rows_locked: u64,
    pub(in crate::engine::mysql) statement: String,
}

impl Session {
    /// Every session of an answer of [`super::super::probes::SESSIONS`].
    pub(in crate::engine::mysql) fn all(rows: &Rows) -> Vec<Self> {
        rows.rows.iter().map(|row| Self::of(rows, row)).collect()
    }

    fn of(rows: &Rows, row: &[Value]) -> Self {
        let number = |name: &str| rows.get(row, name).int();
        let count = |name: &str| number(name).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let now = number("now_ms");
        let since = |name: &str| Some((now? - number(name)?).max(0));
        let waits = rows.text(row, "trx_state") == "LOCK WAIT";
        Self {
            id: number("id").unwrap_or(0),
            user: rows.text(row, "user"),
            host: rows.text(row, "host"),
            database: rows.text(row, "db"),
            command: rows.text(row, "command"),
            state: rows.text(row, "state"),
            application: rows.text(row, "application"),
            time_ms: number("time_ms").unwrap_or(0).max(0),
            transaction: rows.get(row, "trx").plain(),
            transaction_ms: since("trx_began_ms"),
            row_wait_ms: waits.then(|| since("trx_waits_since_ms").unwrap_or(0)),
            rows_modified: count("rows_modified"),
            rows_locked: count("rows_locked"),
            statement: rows.text(row, "statement"),
        }
    }

    /// It does nothing.
    pub(in crate::engine::mysql) fn sleeps(&self) -> bool {
        self.command == "Sleep"
    }
    /// It does nothing, inside a transaction.
    pub(in crate::engine::mysql) fn idles_in_transaction(&self) -> bool {
        self.sleeps() && self.transaction.is_some()
    }
    /// It is one of this program's own.
    pub(in crate::engine::mysql) fn is_ours(&self) -> bool {
        self.application.starts_with("dba-gpt")
    }
    /// It belongs to the server itself: replication, events, purge.
    pub(in crate::engine::mysql) fn is_servers_own(&self) -> bool {
        matches!(self.user.as_str(), "system user" | "event_scheduler")
            || matches!(self.command.as_str(), "Daemon" | "Connect")
            || self.command.starts_with("Binlog Dump")
            || self.command.starts_with("Slave_")
            || self.command.starts_with("Group")
    }
    /// It works on a client's statement.
    pub(in crate::engine::mysql) fn works(&self) -> bool {
        !self.sleeps() && !self.is_servers_own() && !self.is_ours() && !self.statement.is_empty()
    }
    /// It waits for a lock on the definition of a table, or on a whole table.
    pub(in crate::engine::mysql) fn waits_for_metadata(&self) -> bool {
        let state = self.state.to_ascii_lowercase();
        !self.sleeps() && state.starts_with("waiting for ") && (state.ends_with("lock") || state.ends_with("flush"))
    }
    /// It waits for any lock.
    pub(in crate::engine::mysql) fn waits_for_lock(&self) -> bool {
        self.row_wait_ms.is_some() || self.waits_for_metadata()
    }
    /// For how long it has waited, milliseconds.
    pub(in crate::engine::mysql) fn waited_ms(&self) -> i64 {
        self.row_wait_ms.unwrap_or(0).max(if self.waits_for_metadata() { self.time_ms } else { 0 })
    }
    /// Why it is never ended nor cancelled by a procedure; none for an ordinary session.
    pub(in crate::engine::mysql) fn untouchable(&self) -> Option<&'static str> {
        untouchable(&self.user, &self.host, &self.command, &self.application, &self.statement)
    }

    /// As a fix kind names it: with the facts by which it is found again.
    pub(in crate::engine::mysql) fn reference(&self) -> SessionRef {
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let facts = vec![
            fact("user", &self.user),
            fact("from", &self.host),
            fact("transaction", self.transaction.as_deref().unwrap_or("none")),
        ];
        SessionRef { id: self.id, facts, about: self.words() }
    }

    /// Who and what, for a person: `session 12 (app@10.0.0.7, idle in transaction for 40 s, 3 rows changed)`.
    pub(in crate::engine::mysql) fn words(&self) -> String {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        let does = match (self.sleeps(), self.transaction_ms) {
            (true, Some(_)) => format!("idle in transaction for {}", seconds(self.time_ms)),
            (true, None) => format!("idle for {}", seconds(self.time_ms)),
            (false, Some(age)) if age > self.time_ms + 1_000 => {
                format!("running for {} in a transaction of {}", seconds(self.time_ms), seconds(age))
            }
            (false, _) => format!("running for {}", seconds(self.time_ms)),
        };
        let changed = match self.rows_modified {
            0 => String::new(),
            1 => ", 1 row changed".to_owned(),
            rows => format!(", {rows} rows changed"),
        };
        format!("session {} ({}@{host}, {does}{changed})", self.id, self.user)
    }

    /// Its statement, short and without values.
    pub(in crate::engine::mysql) fn shown_statement(&self) -> String {
        shown(&self.statement)
    }
}

/// A statement for evidence: without its values, on one line, cut.
pub(in crate::engine::mysql) fn shown(statement: &str) -> String {
    let line = shape(statement);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Milliseconds as a person says them: `7 s`, `12 min`, `3 h`.
pub(in crate::engine::mysql) fn seconds(ms: i64) -> String {
    match ms / 1_000 {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7_199 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    }
}
