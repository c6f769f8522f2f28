//! What the sessions work on over the watch: each look is a sample, so that the share of a statement among the samples is
//! its share of the time. It needs no `performance_schema`; where there is one, its digests say more.

use super::locks::Moment;
use super::session::Session;
use super::statement::{first_row, shape, verb};
use crate::domain::diagnosis::Observation;
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::diagnose::probes;
use std::collections::BTreeMap;

/// Bytes of a statement that the list of sessions gives at most: longer ones are cut, and cannot be planned.
const WHOLE: usize = 4_096;

/// A statement of an application, over all its runs that were seen.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Shape {
    pub(in crate::engine::mysql) text: String,
    /// The run that was seen for the longest, with its values: of an INSERT of many rows its first row. Empty when it
    /// was cut.
    pub(in crate::engine::mysql) example: String,
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) verb: String,
    /// Sessions that ran it, on average over the looks.
    pub(in crate::engine::mysql) mean: f64,
    /// The longest that one run had taken, milliseconds.
    pub(in crate::engine::mysql) longest_ms: i64,
    /// Looks that saw it.
    pub(in crate::engine::mysql) looks: usize,
    /// Of the sessions that ran it, on average: those that sent rows to their clients,
    pub(in crate::engine::mysql) sending: f64,
    /// and those that sorted, or filled a temporary table.
    pub(in crate::engine::mysql) spilling: f64,
}

/// The server's words for a session that sends rows to its client.
pub(in crate::engine::mysql) const SENDING: &[&str] = &["writing to net", "sending to client"];
/// And for one that sorts or fills a temporary table.
const SPILLING: &[&str] =
    &["creating sort index", "sorting", "tmp table", "converting heap", "sort result", "filesort"];

/// All of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Work {
    /// The one with the largest share first.
    pub(in crate::engine::mysql) shapes: Vec<Shape>,
    /// Sessions at work and not waiting for a lock, on average.
    pub(in crate::engine::mysql) mean: f64,
    /// Looks in which somebody worked, of all.
    pub(in crate::engine::mysql) busy_looks: usize,
    /// All looks.
    pub(in crate::engine::mysql) looks: usize,
}

impl Work {
    /// Of these moments.
    pub(in crate::engine::mysql) fn of(moments: &[Moment]) -> Self {
        let looks = moments.len();
        let each = 1.0 / looks.max(1) as f64;
        let mut shapes: BTreeMap<(String, String), Shape> = BTreeMap::new();
        let mut work = Self { looks, ..Self::default() };
        for moment in moments {
            let mut seen = std::collections::BTreeSet::new();
            for session in
                moment.sessions.iter().filter(|s| s.works() && (!s.waits_for_lock() || waits_for_a_number(s)))
            {
                let key = (session.database.clone(), shape(&session.statement));
                let found = shapes.entry(key.clone()).or_insert_with(|| Shape {
                    text: key.1.clone(),
                    example: String::new(),
                    database: session.database.clone(),
                    verb: verb(&session.statement),
                    mean: 0.0,
                    longest_ms: -1,
                    looks: 0,
                    sending: 0.0,
                    spilling: 0.0,
                });
                found.mean += each;
                let state = session.state.to_lowercase();
                found.sending += if SENDING.iter().any(|s| state.contains(s)) { each } else { 0.0 };
                found.spilling += if SPILLING.iter().any(|s| state.contains(s)) { each } else { 0.0 };
                found.looks += usize::from(seen.insert(key));
                keep_longest(found, session);
                work.mean += each;
            }
            work.busy_looks += usize::from(!seen.is_empty());
        }
        work.shapes = shapes.into_values().collect();
        work.shapes.sort_by(|a, b| b.mean.total_cmp(&a.mean).then_with(|| a.text.cmp(&b.text)));
        work
    }

    /// Share of a shape among everything that was at work, 0 to 1.
    pub(in crate::engine::mysql) fn share(&self, shape: &Shape) -> f64 {
        if self.mean > 0.0 { shape.mean / self.mean } else { 0.0 }
    }
}

/// Inserts of many rows wait for each other to draw numbers (AUTO-INC): that is work, and no lock that somebody holds.
pub(in crate::engine::mysql) fn waits_for_a_number(session: &Session) -> bool {
    session.row_wait_ms.is_some() && matches!(verb(&session.statement).as_str(), "insert" | "replace" | "load")
}

fn keep_longest(found: &mut Shape, session: &Session) {
    if session.time_ms > found.longest_ms || found.example.is_empty() {
        found.longest_ms = found.longest_ms.max(session.time_ms);
        // Of many rows the first one says what the others say. Servers cut long statements at lengths of their own.
        if let Some(row) = first_row(&session.statement) {
            row.clone_into(&mut found.example);
        } else if session.statement.len() < WHOLE && session.statement.chars().count() < WHOLE {
            found.example.clone_from(&session.statement);
        }
    }
}

/// What a digest of `performance_schema` cost while we watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Digest {
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) text: String,
    /// One run with its values, where the server keeps one.
    pub(in crate::engine::mysql) sample: String,
    pub(in crate::engine::mysql) calls: f64,
    pub(in crate::engine::mysql) ms: f64,
    pub(in crate::engine::mysql) sent: f64,
    pub(in crate::engine::mysql) examined: f64,
    pub(in crate::engine::mysql) affected: f64,
    pub(in crate::engine::mysql) disk_tables: f64,
    pub(in crate::engine::mysql) merge_passes: f64,
}

/// The digests that cost anything, the costliest first; none where the server has none.
pub(in crate::engine::mysql) fn digests(observation: &Observation) -> Option<Vec<Digest>> {
    let (first, last) = observation.ends(probes::DIGESTS.name)?;
    let (first, last) = (&first.rows, &last.rows);
    let key = |rows: &Rows, row: &[Value]| (rows.text(row, "db"), rows.text(row, "digest"));
    let before: BTreeMap<(String, String), &Vec<Value>> = first.rows.iter().map(|row| (key(first, row), row)).collect();
    // A list that was cut does not tell what was before of one that is not on it.
    let whole = first.rows.len() < 1_000;
    let mut found: Vec<Digest> = last
        .rows
        .iter()
        .filter_map(|row| {
            let old = before.get(&key(last, row));
            if old.is_none() && !whole {
                return None;
            }
            let grown = |name: &str| {
                let old = old.and_then(|old| first.get(old, name).number()).unwrap_or(0.0);
                (last.get(row, name).number().unwrap_or(0.0) - old).max(0.0)
            };
            let text = last.text(row, "text");
            let ours = text.contains("CONNECTION_ID")
                || text.contains("performance_schema")
                || text.contains("information_schema");
            (grown("calls") > 0.0 && !ours).then(|| Digest {
                database: last.text(row, "db"),
                sample: last.text(row, "sample"),
                calls: grown("calls"),
                ms: grown("ms"),
                sent: grown("sent"),
                examined: grown("examined"),
                affected: grown("affected"),
                disk_tables: grown("disk_tables"),
                merge_passes: grown("merge_passes"),
                text,
            })
        })
        .collect();
    found.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    Some(found)
}
