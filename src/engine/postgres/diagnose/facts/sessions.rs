//! Sessions as they were seen every half second, and what each was busy with.

use super::cells::{Cells, cells};
use crate::domain::diagnosis::Observation;

/// What a session that runs a statement spends its time on, as its wait tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Busy {
    /// No wait: it computes, or wants to.
    Computing,
    /// Rows, tables or keys that another session has.
    Lock,
    /// Data files, or pages on their way from them.
    Data,
    /// Temporary files.
    Temporary,
    /// Making files longer.
    Growing,
    /// The log, which a commit waits for.
    Log,
    /// Room in the log's buffers, or a page that many write to.
    Writing,
    /// A client that does not take rows as fast as they come.
    Client,
    /// Other processes of the same statement, and whatever else there is.
    Other,
    /// Nothing: it sleeps on purpose or waits for its client.
    Nothing,
}

impl Busy {
    /// From the two words of `pg_stat_activity`. Their names changed case in 17, and some moved to another type.
    fn of(kind: &str, event: &str) -> Self {
        let event = event.to_ascii_lowercase();
        match kind {
            "" => Self::Computing,
            "Lock" if event == "extend" => Self::Growing,
            "Lock" => Self::Lock,
            "IO" => match event.as_str() {
                e if e.starts_with("wal") => Self::Log,
                e if e.starts_with("buffile") => Self::Temporary,
                "datafileextend" => Self::Growing,
                _ => Self::Data,
            },
            "LWLock" => match event.as_str() {
                "walwrite" => Self::Log,
                "walinsert" | "buffercontent" | "buffer_content" => Self::Writing,
                "bufferio" | "buffermapping" => Self::Data,
                _ => Self::Other,
            },
            "BufferPin" => Self::Lock,
            "IPC" if event == "syncrep" => Self::Log,
            "IPC" if event == "bufferio" => Self::Data,
            "Client" if event == "clientread" => Self::Nothing,
            "Client" => Self::Client,
            "Timeout" if event == "commitdelay" => Self::Log,
            "Timeout" if event == "spindelay" => Self::Computing,
            "Timeout" | "Activity" => Self::Nothing,
            _ => Self::Other,
        }
    }
}

/// A session at one moment. Texts are untrusted.
#[derive(Debug, Clone)]
pub(in super::super) struct Session {
    /// Its process.
    pub(in super::super) pid: i64,
    /// Its role.
    pub(in super::super) user: String,
    /// What its client calls itself.
    pub(in super::super) application: String,
    /// The database.
    pub(in super::super) database: String,
    /// `active`, `idle`, `idle in transaction` and so on.
    pub(in super::super) state: String,
    /// `client backend` and so on.
    pub(in super::super) backend: String,
    /// When its transaction began, as text.
    pub(in super::super) xact_start: String,
    /// Seconds since its transaction began.
    pub(in super::super) xact_seconds: f64,
    /// Seconds since its statement began.
    pub(in super::super) query_seconds: f64,
    /// Seconds since its state changed.
    pub(in super::super) state_seconds: f64,
    /// What it is busy with.
    pub(in super::super) busy: Busy,
    /// For whom it waits.
    pub(in super::super) blocked_by: Vec<i64>,
    /// It has written something that is not committed.
    pub(in super::super) writes: bool,
    /// Transactions since the oldest that it may still see; none when it holds none back.
    pub(in super::super) xmin_age: Option<f64>,
    /// Its statement.
    pub(in super::super) query: String,
    /// The statement is longer than the server keeps.
    pub(in super::super) query_cut: bool,
}

impl Session {
    fn read(row: Cells<'_>) -> Option<Self> {
        Some(Self {
            pid: row.int("pid")?,
            user: row.text("usename"),
            application: row.text("application_name"),
            database: row.text("datname"),
            state: row.text("state"),
            backend: row.text("backend_type"),
            xact_start: row.text("xact_start"),
            xact_seconds: row.count("xact_seconds"),
            query_seconds: row.count("query_seconds"),
            state_seconds: row.count("state_seconds"),
            busy: Busy::of(&row.text("wait_event_type"), &row.text("wait_event")),
            blocked_by: serde_json::from_str(&row.text("blocked_by")).unwrap_or_default(),
            writes: row.is("writes"),
            xmin_age: row.number("xmin_age"),
            query: row.text("query"),
            query_cut: row.is("query_cut"),
        })
    }
    /// A client's own process.
    pub(in super::super) fn is_client(&self) -> bool {
        self.backend == "client backend"
    }
    /// It, or a process that helps it, works on a statement or waits in one.
    pub(in super::super) fn works(&self) -> bool {
        (self.is_client() || self.backend == "parallel worker")
            && matches!(self.state.as_str(), "active" | "fastpath function call")
            && self.busy != Busy::Nothing
    }
    /// Its transaction is open and nothing runs in it.
    pub(in super::super) fn is_idle_in_transaction(&self) -> bool {
        self.is_client() && self.state.starts_with("idle in transaction")
    }
    /// `session 4711 (app_rw, checkout)`.
    pub(in super::super) fn words(&self) -> String {
        let parts: Vec<&str> =
            [self.user.as_str(), self.application.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            format!("session {}", self.pid)
        } else {
            format!("session {} ({})", self.pid, parts.join(", "))
        }
    }
}

/// Every look at the sessions, oldest first.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Looks {
    /// Each look.
    pub(in super::super) all: Vec<Vec<Session>>,
}

impl Looks {
    pub(in super::super) fn of(seen: &Observation) -> Self {
        let looks = seen.all("diagnose.sessions");
        Self { all: looks.iter().map(|look| cells(&look.rows).filter_map(Session::read).collect()).collect() }
    }
    /// How many.
    pub(in super::super) fn count(&self) -> f64 {
        self.all.len() as f64
    }
    /// The newest.
    pub(in super::super) fn last(&self) -> &[Session] {
        self.all.last().map_or(&[], Vec::as_slice)
    }
    /// Everything seen at work.
    pub(in super::super) fn working(&self) -> impl Iterator<Item = &Session> {
        self.all.iter().flatten().filter(|session| session.works())
    }
    /// Sessions at work at the same time, on average.
    pub(in super::super) fn load(&self) -> f64 {
        self.per_look(self.working().count())
    }
    /// Clients that began a statement within the last second, on average. Where statements are short and clients slow, a
    /// look meets hardly any of them at work, however many there are.
    pub(in super::super) fn moving(&self) -> f64 {
        let moves = |session: &&Session| session.is_client() && (session.works() || session.query_seconds < 1.0);
        self.per_look(self.all.iter().flatten().filter(moves).count())
    }
    /// A number of sightings as an average of one look.
    pub(in super::super) fn per_look(&self, sightings: usize) -> f64 {
        if self.all.is_empty() { 0.0 } else { sightings as f64 / self.count() }
    }
    /// Share of the work that goes into these.
    pub(in super::super) fn share(&self, busy: &[Busy]) -> f64 {
        let (mut all, mut those) = (0_usize, 0_usize);
        for session in self.working() {
            all += 1;
            those += usize::from(busy.contains(&session.busy));
        }
        if all == 0 { 0.0 } else { those as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::Busy;

    #[test]
    fn waits_are_told_apart_in_every_version() {
        for (kind, event, busy) in [
            ("", "", Busy::Computing),
            ("Lock", "transactionid", Busy::Lock),
            ("Lock", "extend", Busy::Growing),
            ("IO", "WALSync", Busy::Log),
            ("IO", "WalSync", Busy::Log),
            ("IO", "BuffileRead", Busy::Temporary),
            ("IO", "BufFileWrite", Busy::Temporary),
            ("IO", "DataFileRead", Busy::Data),
            ("LWLock", "BufferMapping", Busy::Data),
            ("LWLock", "BufferContent", Busy::Writing),
            ("IPC", "BufferIo", Busy::Data),
            ("Client", "ClientWrite", Busy::Client),
            ("Client", "ClientRead", Busy::Nothing),
            ("Timeout", "PgSleep", Busy::Nothing),
            ("IPC", "ExecuteGather", Busy::Other),
        ] {
            assert_eq!(Busy::of(kind, event), busy, "{kind}:{event}");
        }
    }
}
