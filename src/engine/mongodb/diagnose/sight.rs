//! The observation with types: counters at both ends, operations over time, slow ones of late.

use super::read::{COLLECTIONS, COUNTS, DISK, INDEXES, MEMBERS, OPERATIONS, OPLOG, SLOW, STATUS};
use crate::domain::diagnosis::Case;
use crate::domain::rows::{Rows, Value};

/// Slow operations that are not older count as recent, milliseconds.
const RECENT_MS: i64 = 600_000;

/// An operation in one look.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Op {
    pub(in crate::engine::mongodb) id: i64,
    pub(in crate::engine::mongodb) seconds: f64,
    pub(in crate::engine::mongodb) kind: String,
    pub(in crate::engine::mongodb) namespace: String,
    pub(in crate::engine::mongodb) plan: String,
    pub(in crate::engine::mongodb) who: String,
    /// `active`, `background` or `idle in transaction`.
    pub(in crate::engine::mongodb) state: String,
    pub(in crate::engine::mongodb) blocked_by: Vec<i64>,
    pub(in crate::engine::mongodb) waits: bool,
    /// The command as JSON, cut. Untrusted.
    pub(in crate::engine::mongodb) command: String,
}

/// A slow operation of the profiler or the log.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Slow {
    pub(in crate::engine::mongodb) ms: f64,
    pub(in crate::engine::mongodb) namespace: String,
    pub(in crate::engine::mongodb) plan: String,
    pub(in crate::engine::mongodb) examined: Option<f64>,
    pub(in crate::engine::mongodb) returned: Option<f64>,
    /// The command as JSON, cut. Untrusted.
    pub(in crate::engine::mongodb) command: String,
    /// It ended of late.
    pub(in crate::engine::mongodb) recent: bool,
}

/// An index.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Index {
    pub(in crate::engine::mongodb) name: String,
    pub(in crate::engine::mongodb) collection: String,
    /// Fields with their directions, as the view writes them.
    pub(in crate::engine::mongodb) keys: Vec<String>,
    /// What is special about it: unique, sparse, ...; empty for a plain one.
    pub(in crate::engine::mongodb) kind: String,
    /// How often it was used since the server keeps count.
    pub(in crate::engine::mongodb) uses: Option<f64>,
}

/// All of it.
pub(in crate::engine::mongodb) struct Sight<'a> {
    pub(in crate::engine::mongodb) case: &'a Case<'a>,
    /// Seconds between the two looks at the counters.
    pub(in crate::engine::mongodb) seconds: f64,
}

fn named(rows: &Rows, name: &str) -> Option<f64> {
    let row = rows.rows.iter().find(|row| rows.text(row, "name") == name)?;
    rows.get(row, "value").number()
}

impl<'a> Sight<'a> {
    pub(in crate::engine::mongodb) fn of(case: &'a Case<'a>) -> Self {
        Self { case, seconds: case.observation.seconds(STATUS.name).unwrap_or(0.0) }
    }

    fn last(&self, query: &str) -> Option<&Rows> {
        self.case.observation.last(query).map(|look| &look.rows)
    }
    /// A number of the server's status at the end.
    pub(in crate::engine::mongodb) fn now(&self, path: &str) -> Option<f64> {
        named(self.last(STATUS.name)?, path)
    }
    /// By how much it grew; none after a restart in between.
    pub(in crate::engine::mongodb) fn grew(&self, path: &str) -> Option<f64> {
        let (first, last) = self.case.observation.ends(STATUS.name)?;
        let grown = named(&last.rows, path)? - named(&first.rows, path)?;
        (grown >= 0.0).then_some(grown)
    }
    /// A number of the replication log, or of the disk.
    pub(in crate::engine::mongodb) fn of_the_log(&self, name: &str) -> Option<f64> {
        named(self.last(OPLOG.name)?, name)
    }
    /// Bytes of the disk under the data: used and all.
    pub(in crate::engine::mongodb) fn disk(&self) -> Option<(f64, f64)> {
        let rows = self.last(DISK.name)?;
        Some((named(rows, "fsUsedSize")?, named(rows, "fsTotalSize")?))
    }
    /// Documents of a collection, by the server's books.
    pub(in crate::engine::mongodb) fn documents_of(&self, namespace: &str) -> Option<f64> {
        named(self.last(COUNTS.name)?, namespace)
    }

    /// The operations of each look, oldest look first. Ours are not among them.
    pub(in crate::engine::mongodb) fn looks(&self) -> Vec<Vec<Op>> {
        self.case.observation.all(OPERATIONS.name).iter().map(|look| operations(&look.rows)).collect()
    }
    /// The operations of the last look.
    pub(in crate::engine::mongodb) fn operations(&self) -> Vec<Op> {
        self.last(OPERATIONS.name).map(operations).unwrap_or_default()
    }

    /// Slow operations, the newest first.
    pub(in crate::engine::mongodb) fn slow(&self) -> Vec<Slow> {
        let Some(rows) = self.last(SLOW.name) else { return Vec::new() };
        #[allow(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
        let now = self.now("localTime").map_or(self.case.now.0, |ms| ms as i64);
        let recent = |text: &str| {
            chrono::DateTime::parse_from_rfc3339(text).is_ok_and(|at| now - at.timestamp_millis() <= RECENT_MS)
        };
        let slow = |row: &Vec<Value>| Slow {
            ms: rows.get(row, "ms").number().unwrap_or(0.0),
            namespace: rows.text(row, "namespace"),
            plan: rows.text(row, "plan"),
            examined: rows.get(row, "documents examined").number(),
            returned: rows.get(row, "returned").number(),
            command: rows.text(row, "command"),
            recent: recent(&rows.text(row, "time")),
        };
        rows.rows.iter().filter(|row| !rows.text(row, "application").starts_with("dba-gpt")).map(slow).collect()
    }

    /// Indexes of the connected database; none where they could not be listed.
    pub(in crate::engine::mongodb) fn indexes(&self) -> Option<Vec<Index>> {
        let rows = self.last(INDEXES.name)?;
        let index = |row: &Vec<Value>| Index {
            name: rows.text(row, "index"),
            collection: rows.text(row, "collection"),
            keys: rows.text(row, "keys").split(", ").map(str::to_owned).collect(),
            kind: rows.text(row, "kind"),
            uses: rows.get(row, "uses").number(),
        };
        Some(rows.rows.iter().map(index).collect())
    }

    /// Members of the set: name, state, whether it works, whether it is the one asked, seconds behind, message.
    pub(in crate::engine::mongodb) fn members(&self) -> Vec<(String, String, bool, bool, Option<f64>, String)> {
        let Some(rows) = self.last(MEMBERS.name) else { return Vec::new() };
        let is = |row: &[Value], name: &str| rows.get(row, name).int() == Some(1);
        rows.rows
            .iter()
            .map(|row| {
                let lag = rows.get(row, "lag_s").number();
                (
                    rows.text(row, "member"),
                    rows.text(row, "state"),
                    is(row, "works"),
                    is(row, "own"),
                    lag,
                    rows.text(row, "message"),
                )
            })
            .collect()
    }

    /// Collections with their databases; none where nobody asked.
    pub(in crate::engine::mongodb) fn collections(&self) -> Option<Vec<(String, String)>> {
        let rows = self.last(COLLECTIONS.name)?;
        Some(rows.rows.iter().map(|row| (rows.text(row, "database"), rows.text(row, "collection"))).collect())
    }

    /// Database and collection of an error's object.
    pub(in crate::engine::mongodb) fn place_of(&self, object: &str) -> (String, String) {
        let own = &self.case.identity.database;
        match object.trim_matches(|c| matches!(c, '"' | '\'' | '`')).split_once('.') {
            Some((database, name)) => (database.to_owned(), name.to_owned()),
            None => (own.clone(), object.to_owned()),
        }
    }

    pub(super) fn unknown(&self) -> Vec<String> {
        let observation = self.case.observation;
        let mut unknown: Vec<String> = [
            (STATUS.name, "the server's counters", "clusterMonitor"),
            (OPERATIONS.name, "what others run", "clusterMonitor (inprog)"),
            (SLOW.name, "slow operations", "clusterMonitor, or the profiler: db.setProfilingLevel(1)"),
            (OPLOG.name, "the replication log", "clusterMonitor"),
            (INDEXES.name, "the use of indexes", "read, and clusterMonitor (indexStats)"),
        ]
        .into_iter()
        .filter_map(|(name, what, grant)| {
            observation.refusal(name).map(|why| format!("{what} cannot be seen ({why}); what would show it: {grant}"))
        })
        .collect();
        unknown.extend(observation.unknown.iter().cloned());
        unknown
    }
}

fn operations(rows: &Rows) -> Vec<Op> {
    rows.rows
        .iter()
        .map(|row| {
            let text = |name: &str| rows.text(row, name);
            let who = [text("user"), text("application"), text("client")];
            Op {
                id: rows.get(row, "id").int().unwrap_or(0),
                seconds: rows.get(row, "seconds").number().unwrap_or(0.0),
                kind: text("operation"),
                namespace: text("namespace"),
                plan: text("plan"),
                who: who.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
                state: text("state"),
                blocked_by: text("blocked_by").split(',').filter_map(|id| id.parse().ok()).collect(),
                waits: rows.get(row, "waits").int() == Some(1),
                command: text("command"),
            }
        })
        .collect()
}
