//! What was read of a server while it was watched: the answers of our own constant queries, by name and time, and
//! plans of statements. What could not be read is here too, with the reason: it makes a cause inconclusive, never
//! refuted.

use crate::domain::rows::Rows;
use crate::domain::target::Timestamp;
use std::collections::BTreeMap;

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// When it came, by our clock.
    pub at: Timestamp,
    /// The rows.
    pub rows: Rows,
}

/// The plan of a statement that was seen on the server. Both are untrusted text.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenPlan {
    /// The statement as it was sent, with its EXPLAIN: one of those that the engine asked for.
    pub statement: String,
    /// What EXPLAIN answered, as rows.
    pub rows: Rows,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    looks: BTreeMap<String, Vec<Look>>,
    refused: BTreeMap<String, String>,
    /// Plans, in the order in which they were asked for.
    pub plans: Vec<SeenPlan>,
    /// Things that were looked for and could not be seen, a sentence each, with what would let us see them.
    pub unknown: Vec<String>,
}

impl Observation {
    /// Keeps an answer.
    pub fn add(&mut self, name: &str, at: Timestamp, rows: Rows) {
        self.looks.entry(name.to_owned()).or_default().push(Look { at, rows });
    }
    /// Keeps why there is no answer; the first reason stays.
    pub fn refuse(&mut self, name: &str, why: String) {
        self.refused.entry(name.to_owned()).or_insert(why);
    }
    /// Every answer of a query, oldest first.
    pub fn all(&self, name: &str) -> &[Look] {
        self.looks.get(name).map_or(&[], Vec::as_slice)
    }
    /// The last answer.
    pub fn last(&self, name: &str) -> Option<&Look> {
        self.all(name).last()
    }
    /// The first and the last answer, when there are two.
    pub fn ends(&self, name: &str) -> Option<(&Look, &Look)> {
        let all = self.all(name);
        (all.len() >= 2).then(|| (&all[0], &all[all.len() - 1]))
    }
    /// Why a query has no answer.
    pub fn refusal(&self, name: &str) -> Option<&str> {
        self.refused.get(name).map(String::as_str)
    }
    /// Seconds from the first answer of a query to its last.
    pub fn seconds(&self, name: &str) -> Option<f64> {
        self.ends(name).map(|(first, last)| last.at.since(first.at) as f64 / 1_000.0)
    }
}
