//! What a procedure reads of an observation: rows by the names of their columns (see the head of `diagnose/mod.rs`), and
//! sessions as they were last seen. What is null or was not read is none, never zero.

use crate::domain::diagnosis::Case;
use crate::domain::proposal::kind::{ObjectRef, SessionRef};
use crate::domain::rows::{Rows, Value};
use crate::engine::postgres::fix;
use std::collections::{BTreeMap, BTreeSet};

/// One row with its columns' names.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    rows: &'a Rows,
    row: &'a [Value],
}

impl Row<'_> {
    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.rows.get(self.row, name).number()
    }
    /// A whole number.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.rows.get(self.row, name).int()
    }
    /// A text; empty where it is null.
    pub(super) fn text(&self, name: &str) -> String {
        self.rows.text(self.row, name)
    }
    /// A truth; false where it is null.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self.rows.text(self.row, name).as_str(), "t" | "true")
    }
    /// A JSON list; empty where it is null, and so is what is null in it.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let found: Vec<Option<String>> = serde_json::from_str(&self.text(name)).unwrap_or_default();
        found.into_iter().map(Option::unwrap_or_default).collect()
    }
    /// The object of `schema` and another column.
    pub(super) fn object(&self, name: &str) -> ObjectRef {
        ObjectRef::new(&self.text("schema"), &self.text(name))
    }
}

/// The rows of the last answer to a query.
pub(super) fn rows<'a>(case: &Case<'a>, name: &str) -> impl Iterator<Item = Row<'a>> {
    let look = case.observation.last(name);
    look.into_iter().flat_map(|look| look.rows.rows.iter().map(|row| Row { rows: &look.rows, row }))
}

/// Whether a query has an answer.
pub(super) fn was_read(case: &Case<'_>, name: &str) -> bool {
    case.observation.last(name).is_some()
}

/// A setting of the server, as it was read.
pub(super) struct Setting {
    /// In its unit.
    pub(super) value: String,
    /// What it is when nobody sets it.
    pub(super) boot: String,
    /// `default`, `configuration file` and so on.
    pub(super) source: String,
    /// `postmaster`, `sighup` and so on.
    pub(super) context: String,
    /// It was set by ALTER SYSTEM.
    pub(super) by_alter_system: bool,
}

/// A setting by its name. What our own session sets for itself is left out: it says nothing about the server.
pub(super) fn setting(case: &Case<'_>, name: &str) -> Option<Setting> {
    let row = rows(case, "diagnose.settings").find(|row| row.text("name") == name)?;
    (row.text("source") != "session").then(|| Setting {
        value: row.text("setting"),
        boot: row.text("boot_val"),
        source: row.text("source"),
        context: row.text("context"),
        by_alter_system: row.is("by_alter_system"),
    })
}

/// A setting that is a number, in its unit.
pub(super) fn setting_number(case: &Case<'_>, name: &str) -> Option<f64> {
    setting(case, name)?.value.parse().ok()
}

/// A name as the diagnosis writes it: `public` is left out.
pub(super) fn short(object: &ObjectRef) -> String {
    if object.space.as_deref() == Some("public") { object.name.clone() } else { object.words() }
}

/// A session. Texts are untrusted.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) pid: i64,
    pub(super) user: String,
    pub(super) application: String,
    pub(super) client: String,
    pub(super) database: String,
    /// `active`, `idle`, `idle in transaction` and so on; empty where it is hidden.
    pub(super) state: String,
    /// `client backend` and so on; empty where it is hidden.
    pub(super) backend: String,
    /// Starts as text, as `fix/freeze.rs` writes them.
    starts: [(&'static str, String); 3],
    /// Seconds since its transaction began.
    pub(super) xact_seconds: f64,
    /// Seconds since its state changed.
    pub(super) state_seconds: f64,
    /// What it waits for: `Lock`, `IO`; empty for nothing.
    pub(super) waits_on: String,
    /// For whom it waits; 0 is a prepared transaction.
    pub(super) blocked_by: Vec<i64>,
    /// It has written something that is not committed.
    pub(super) writes: bool,
    /// Transactions since the oldest that it may still see.
    pub(super) xmin_age: Option<f64>,
    /// Its statement, or the last one.
    pub(super) query: String,
}

impl Session {
    fn read(row: Row<'_>) -> Option<Self> {
        Some(Self {
            pid: row.int("pid")?,
            user: row.text("usename"),
            application: row.text("application_name"),
            client: row.text("client_addr"),
            database: row.text("datname"),
            state: row.text("state"),
            backend: row.text("backend_type"),
            starts: ["backend_start", "xact_start", "query_start"].map(|name| (name, row.text(name))),
            xact_seconds: row.number("xact_seconds").unwrap_or(0.0),
            state_seconds: row.number("state_seconds").unwrap_or(0.0),
            waits_on: row.text("wait_event_type"),
            blocked_by: serde_json::from_str(&row.text("blocked_by")).unwrap_or_default(),
            writes: row.is("writes"),
            xmin_age: row.number("xmin_age"),
            query: row.text("query"),
        })
    }

    fn reference(&self, facts: &[&str]) -> SessionRef {
        let known = self.starts.iter().filter(|(name, at)| facts.contains(name) && !at.is_empty());
        SessionRef {
            id: self.pid,
            facts: known.map(|(name, at)| ((*name).to_owned(), at.clone())).collect(),
            about: self.about(),
        }
    }
    /// The session, whatever it does.
    pub(super) fn itself(&self) -> SessionRef {
        self.reference(&["backend_start"])
    }
    /// The session in the transaction that it has open.
    pub(super) fn in_transaction(&self) -> SessionRef {
        self.reference(&["backend_start", "xact_start"])
    }
    /// The session in the statement that it runs.
    pub(super) fn in_statement(&self) -> SessionRef {
        self.reference(&["backend_start", "query_start"])
    }
    /// `app_rw checkout 10.0.0.7 idle in transaction 14 min`.
    fn about(&self) -> String {
        let parts = [self.user.as_str(), &self.application, &self.client, &self.state];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{} {}", parts.join(" "), age(self.state_seconds))
    }
    /// `session 4711 (app_rw, checkout)`.
    pub(super) fn words(&self) -> String {
        let parts: Vec<&str> = [self.user.as_str(), &self.application].into_iter().filter(|p| !p.is_empty()).collect();
        if parts.is_empty() {
            format!("session {}", self.pid)
        } else {
            format!("session {} ({})", self.pid, parts.join(", "))
        }
    }
    pub(super) fn is_client(&self) -> bool {
        self.backend == "client backend"
    }
    pub(super) fn is_idle_in_transaction(&self) -> bool {
        self.state.starts_with("idle in transaction")
    }
    pub(super) fn is_idle(&self) -> bool {
        self.state == "idle"
    }
    /// It changes or maintains objects: what it has done of that would be thrown away.
    pub(super) fn works_on_objects(&self) -> bool {
        self.state == "active" && changes_objects(&self.query)
    }
    /// Why it is never ended or canceled from here.
    pub(super) fn untouchable(&self) -> Option<String> {
        let wraparound = self.query.contains("(to prevent wraparound)");
        let ours = self.application.starts_with("dba-gpt");
        if let Some(why) = fix::untouchable(&self.backend, &self.application, ours, wraparound) {
            return Some(format!("session {}: {why}", self.pid));
        }
        (self.backend == "autovacuum worker")
            .then(|| format!("session {} is an autovacuum worker, which gives way by itself", self.pid))
    }
}

/// Statements of upkeep and DDL, by their first word.
pub(super) fn changes_objects(statement: &str) -> bool {
    let first: String = statement.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    matches!(
        first.to_ascii_lowercase().as_str(),
        "alter" | "drop" | "truncate" | "create" | "reindex" | "vacuum" | "cluster" | "refresh" | "analyze" | "comment"
    )
}

/// `14 min`.
pub(super) fn age(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of an age")]
    let whole = seconds.max(0.0) as i64;
    fix::age(whole)
}

/// Bytes in words.
pub(super) fn size(bytes: f64) -> String {
    let mb = bytes / 1_048_576.0;
    if mb >= 1_024.0 { format!("{:.1} GB", mb / 1_024.0) } else { format!("{mb:.0} MB") }
}

/// Sessions as they were last seen.
pub(super) fn sessions(case: &Case<'_>) -> Vec<Session> {
    rows(case, "diagnose.sessions").filter_map(Session::read).collect()
}

/// A session at the head of a queue.
pub(super) struct Root {
    /// Its number; 0 stands for a prepared transaction.
    pub(super) pid: i64,
    /// Everybody behind it, directly or through others.
    pub(super) behind: BTreeSet<i64>,
}

/// The heads of all queues, the longest first. A circle has none: the server ends it by itself.
pub(super) fn roots(sessions: &[Session]) -> Vec<Root> {
    let waits: BTreeMap<i64, &[i64]> =
        sessions.iter().filter(|s| !s.blocked_by.is_empty()).map(|s| (s.pid, s.blocked_by.as_slice())).collect();
    let mut heads: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for waiter in waits.keys() {
        let mut seen = BTreeSet::from([*waiter]);
        let mut open: Vec<i64> = waits[waiter].to_vec();
        while let Some(pid) = open.pop() {
            if !seen.insert(pid) {
                continue;
            }
            match waits.get(&pid) {
                Some(next) => open.extend(*next),
                None => {
                    heads.entry(pid).or_default().insert(*waiter);
                }
            }
        }
    }
    let mut roots: Vec<Root> = heads.into_iter().map(|(pid, behind)| Root { pid, behind }).collect();
    roots.sort_by_key(|root| (std::cmp::Reverse(root.behind.len()), root.pid));
    roots
}

/// The same head was there in an earlier look as well, in the same transaction: it is no passing one. A single look
/// cannot tell and counts.
pub(super) fn lasts(case: &Case<'_>, session: &Session) -> bool {
    let looks = case.observation.all("diagnose.sessions");
    let Some(before) = looks.len().checked_sub(2).and_then(|place| looks.get(place)) else { return true };
    let earlier: Vec<Session> =
        before.rows.rows.iter().filter_map(|row| Session::read(Row { rows: &before.rows, row })).collect();
    let same =
        earlier.iter().any(|s| s.in_transaction().facts == session.in_transaction().facts && s.pid == session.pid);
    same && roots(&earlier).iter().any(|root| root.pid == session.pid)
}

/// Whoever holds the oldest snapshot, which keeps dead rows from being taken away.
pub(super) enum Holder {
    /// A session.
    Session(Box<Session>),
    /// A replication slot.
    Slot(String),
    /// A transaction that was prepared for two phases.
    Prepared(String),
}

/// The oldest snapshot of all, and how many transactions it reaches back.
pub(super) fn oldest_holder(case: &Case<'_>) -> Option<(Holder, f64)> {
    let of_sessions = sessions(case)
        .into_iter()
        .filter(|s| s.backend != "autovacuum worker" && s.backend != "walsender")
        .filter_map(|s| Some((s.xmin_age?, Holder::Session(Box::new(s)))))
        .map(|(age, holder)| (holder, age));
    let slots = rows(case, "diagnose.slots").filter_map(|row| {
        let ages = [row.number("xmin_age"), row.number("catalog_xmin_age")];
        Some((Holder::Slot(row.text("name")), ages.into_iter().flatten().reduce(f64::max)?))
    });
    let prepared = rows(case, "diagnose.prepared")
        .filter_map(|row| Some((Holder::Prepared(row.text("gid")), row.number("xid_age")?)));
    of_sessions.chain(slots).chain(prepared).max_by(|a, b| a.1.total_cmp(&b.1))
}
