//! Counters and levels of the server, as numbers by name. What is not there is none, never zero.

use crate::domain::diagnosis::{Look, Observation};
use crate::domain::rows::{Rows, Value};
use std::collections::BTreeMap;

/// Names and values of an answer of `SHOW ... STATUS` or `SHOW ... VARIABLES`, or of any two columns.
pub(in crate::engine::mysql) fn pairs(rows: &Rows) -> BTreeMap<String, Value> {
    rows.rows
        .iter()
        .filter_map(|row| match row.as_slice() {
            [name, value, ..] => Some((name.plain()?.to_ascii_lowercase(), value.clone())),
            _ => None,
        })
        .collect()
}

/// Counters at the two ends of the watch.
#[derive(Debug, Clone, Default)]
pub(in crate::engine::mysql) struct Counters {
    first: BTreeMap<String, Value>,
    last: BTreeMap<String, Value>,
    seconds: Option<f64>,
}

impl Counters {
    /// Of this query's answers.
    pub(in crate::engine::mysql) fn of(observation: &Observation, name: &str) -> Self {
        let all = observation.all(name);
        let (first, last) = (all.first().map(|l: &Look| pairs(&l.rows)), all.last().map(|l| pairs(&l.rows)));
        Self {
            first: first.unwrap_or_default(),
            last: last.unwrap_or_default(),
            seconds: observation.seconds(name).filter(|s| *s > 0.2),
        }
    }

    /// The value at the end.
    pub(in crate::engine::mysql) fn last(&self, name: &str) -> Option<f64> {
        self.last.get(&name.to_ascii_lowercase())?.number()
    }
    /// By how much it grew; none when the server began anew in between.
    pub(in crate::engine::mysql) fn delta(&self, name: &str) -> Option<f64> {
        self.seconds?;
        let first = self.first.get(&name.to_ascii_lowercase())?.number()?;
        self.last(name).map(|last| last - first).filter(|d| *d >= 0.0)
    }
    /// By how much it grew in a second.
    pub(in crate::engine::mysql) fn rate(&self, name: &str) -> Option<f64> {
        Some(self.delta(name)? / self.seconds?)
    }
    /// The sum of the growth of several in a second; what is not there counts for nothing, none when nothing is there.
    pub(in crate::engine::mysql) fn rate_of(&self, names: &[&str]) -> Option<f64> {
        let rates: Vec<f64> = names.iter().filter_map(|name| self.rate(name)).collect();
        (!rates.is_empty()).then(|| rates.iter().sum())
    }
    /// Length of the watch, seconds.
    pub(in crate::engine::mysql) fn seconds(&self) -> Option<f64> {
        self.seconds
    }
}

/// A value of the settings, as a number.
pub(in crate::engine::mysql) fn number(settings: &BTreeMap<String, Value>, name: &str) -> Option<f64> {
    settings.get(name)?.number()
}

/// A switch of the settings.
pub(in crate::engine::mysql) fn is_on(settings: &BTreeMap<String, Value>, name: &str) -> Option<bool> {
    let value = settings.get(name)?.plain()?;
    Some(matches!(value.to_ascii_uppercase().as_str(), "ON" | "1" | "YES" | "TRUE"))
}
