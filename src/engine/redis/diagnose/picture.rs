//! The observation with types: INFO at both ends, settings, clients, and what the slow log gained meanwhile.

use super::{CLIENTS, INFO, LATENCY, SETTINGS, SLOW_LOG};
use crate::domain::diagnosis::{Case, Observation};
use crate::domain::rows::Rows;
use crate::engine::Query;
use crate::engine::redis::dialect::line;
use crate::engine::redis::sample::info_of;
use crate::engine::redis::session::{Info, field};
use std::collections::BTreeMap;

/// What a hypothesis about a running script is about.
pub(in crate::engine::redis) const A_SCRIPT: &str = "a script that runs now";
/// A command from here on holds the others up: the slow log's own default, microseconds.
pub(in crate::engine::redis) const SLOW_US: f64 = 10_000.0;
/// Entries of the slow log that are not older than this count as recent, milliseconds.
const RECENT_MS: i64 = 60_000;

/// An entry of the slow log.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::redis) struct Slow {
    /// Its number, which only grows.
    pub(in crate::engine::redis) id: i64,
    /// How long it took, microseconds.
    pub(in crate::engine::redis) micros: f64,
    /// Words of the command. Untrusted.
    pub(in crate::engine::redis) words: Vec<String>,
    /// Address of its client.
    pub(in crate::engine::redis) client: String,
    /// It ended within [`RECENT_MS`] before the last look.
    pub(in crate::engine::redis) recent: bool,
}

impl Slow {
    /// The command's name in capitals.
    pub(in crate::engine::redis) fn name(&self) -> String {
        self.words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default()
    }
    /// What it was used on: its first argument.
    pub(in crate::engine::redis) fn key(&self) -> Option<&str> {
        self.words.get(1).map(String::as_str)
    }
}

/// A command between the two looks.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::redis) struct Ran {
    /// Name as INFO has it: `config|get`.
    pub(in crate::engine::redis) name: String,
    pub(in crate::engine::redis) calls: f64,
    pub(in crate::engine::redis) micros: f64,
}

/// All of it.
pub(in crate::engine::redis) struct Picture<'a> {
    pub(in crate::engine::redis) case: &'a Case<'a>,
    pub(in crate::engine::redis) last: Option<Info>,
    first: Option<Info>,
    /// Seconds between the two looks.
    pub(in crate::engine::redis) seconds: f64,
    settings: BTreeMap<String, String>,
}

impl<'a> Picture<'a> {
    pub(in crate::engine::redis) fn of(case: &'a Case<'a>) -> Self {
        let observation = case.observation;
        let last = observation.last(INFO.name).map(|look| info_of(&look.rows));
        let first = observation.ends(INFO.name).map(|(first, _)| info_of(&first.rows));
        // A restart in between begins every counter anew.
        let first = first.filter(|first| last.as_ref().is_some_and(|last| last.get("run_id") == first.get("run_id")));
        let settings = observation.last(SETTINGS.name).map(|look| names(&look.rows)).unwrap_or_default();
        let seconds = observation.seconds(INFO.name).unwrap_or(0.0);
        Self { case, last, first, seconds, settings }
    }

    /// A script holds the server up: it refuses everything with BUSY. It may have begun at any moment of the look, so the
    /// refusal of any command tells it, unless the server answered something afterwards.
    pub(in crate::engine::redis) fn is_busy(&self) -> bool {
        let observation = self.case.observation;
        let refused = |query: &Query| observation.refusal(query.name).is_some_and(is_busy_refusal);
        let answers = |query: &Query| observation.all(query.name).len();
        // INFO comes first of what is asked at both ends of the look, so it may have been answered before these.
        let at_the_end = |query: &Query| refused(query) && (answers(query) == 1 || answers(&INFO) < 2);
        refused(&INFO)
            || [&SLOW_LOG, &LATENCY].into_iter().any(at_the_end)
            || [&SETTINGS, &CLIENTS].into_iter().any(|query| refused(query) && answers(&INFO) < 2)
            || [&super::BY_MEMORY, &super::BY_ELEMENTS, &super::ONE_KEY].into_iter().any(refused)
    }

    /// A number of INFO at the end.
    pub(in crate::engine::redis) fn now(&self, name: &str) -> Option<f64> {
        self.last.as_ref()?.number(name)
    }
    /// A text of INFO at the end; empty when it is missing.
    pub(in crate::engine::redis) fn text(&self, name: &str) -> &str {
        self.last.as_ref().map_or("", |info| info.text(name))
    }
    /// A number of INFO at the beginning.
    pub(in crate::engine::redis) fn before(&self, name: &str) -> Option<f64> {
        self.first.as_ref()?.number(name)
    }
    /// By how much a counter grew.
    pub(in crate::engine::redis) fn grew(&self, name: &str) -> Option<f64> {
        let grown = self.now(name)? - self.before(name)?;
        (grown >= 0.0).then_some(grown)
    }
    /// The same a second.
    pub(in crate::engine::redis) fn rate(&self, name: &str) -> Option<f64> {
        (self.seconds > 0.0).then_some(self.grew(name)? / self.seconds)
    }
    /// Errors of a code that were given to clients in between.
    pub(in crate::engine::redis) fn errors(&self, code: &str) -> f64 {
        let (Some(first), Some(last)) = (&self.first, &self.last) else { return 0.0 };
        let of = |info: &Info| {
            let name = format!("errorstat_{code}");
            let value = info.section("errorstats").find(|(own, _)| *own == name).map(|(_, value)| value.to_owned());
            value.and_then(|value| field(&value, "count")).unwrap_or(0.0)
        };
        (of(last) - of(first)).max(0.0)
    }
    /// A setting as text.
    pub(in crate::engine::redis) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
    /// A setting as a number.
    pub(in crate::engine::redis) fn setting_number(&self, name: &str) -> Option<f64> {
        self.setting(name)?.parse().ok()
    }
    /// Keys, and those of them that expire.
    pub(in crate::engine::redis) fn keys(&self) -> (f64, f64) {
        let total = |name: &str| {
            let info = self.last.as_ref();
            info.map_or(0.0, |info| info.section("keyspace").filter_map(|(_, stats)| field(stats, name)).sum())
        };
        (total("keys"), total("expires"))
    }
    /// Share of the keys that expire, 0 to 1; none without keys.
    pub(in crate::engine::redis) fn expiring_share(&self) -> Option<f64> {
        let (keys, expiring) = self.keys();
        (keys > 0.0).then_some(expiring / keys)
    }
    /// The policy at the memory limit.
    pub(in crate::engine::redis) fn policy(&self) -> &str {
        match self.text("maxmemory_policy") {
            "" => self.setting("maxmemory-policy").unwrap_or(""),
            policy => policy,
        }
    }
    /// Memory that counts against the limit, and the limit; none without one.
    pub(in crate::engine::redis) fn memory(&self) -> Option<(f64, f64)> {
        let limit = self.now("maxmemory").filter(|limit| *limit > 0.0)?;
        Some(((self.now("used_memory")? - self.now("mem_not_counted_for_evict").unwrap_or(0.0)).max(0.0), limit))
    }

    /// What commands did between the two looks, those with the most time first; our own look at the server left out.
    pub(in crate::engine::redis) fn ran(&self) -> Vec<Ran> {
        const OURS: &[&str] = &[
            "info",
            "config|get",
            "client|list",
            "slowlog|get",
            "latency|latest",
            "memory|usage",
            "command|info",
            "time",
        ];
        let (Some(first), Some(last)) = (&self.first, &self.last) else { return Vec::new() };
        let before: BTreeMap<&str, &str> = first.section("commandstats").collect();
        let mut ran: Vec<Ran> = last
            .section("commandstats")
            .filter_map(|(name, stats)| {
                let old = before.get(name).copied().unwrap_or("");
                let grown = |of: &str| Some(field(stats, of)? - field(old, of).unwrap_or(0.0));
                let name = name.trim_start_matches("cmdstat_").to_owned();
                Some(Ran { calls: grown("calls")?, micros: grown("usec")?, name })
            })
            .filter(|ran| ran.calls > 0.0 && !OURS.contains(&ran.name.as_str()))
            .collect();
        ran.sort_by(|a, b| b.micros.total_cmp(&a.micros));
        ran
    }

    /// Entries that the slow log gained while we watched, and the recent ones before them; our own left out.
    pub(in crate::engine::redis) fn slow(&self) -> (Vec<Slow>, Vec<Slow>) {
        let observation = self.case.observation;
        let newest = observation.ends(SLOW_LOG.name).and_then(|(first, _)| {
            first.rows.rows.iter().filter_map(|row| first.rows.get(row, "id").int()).max().or(Some(-1))
        });
        let all = slow_log(observation, self.now("server_time_usec").map(|micros| micros / 1_000.0));
        let slow = all.into_iter().filter(|entry| entry.micros >= SLOW_US);
        slow.filter(|entry| entry.recent || newest.is_some_and(|newest| entry.id > newest))
            .partition(|entry| newest.is_some_and(|newest| entry.id > newest))
    }

    /// Events of the latency monitor whose last spike is new: name and milliseconds.
    pub(in crate::engine::redis) fn spikes(&self) -> Vec<(String, f64)> {
        let Some((first, last)) = self.case.observation.ends(LATENCY.name) else { return Vec::new() };
        let old: Vec<(String, String)> = first.rows.rows.iter().map(|row| spike(&first.rows, row)).collect();
        let new = last.rows.rows.iter().filter(|row| !old.contains(&spike(&last.rows, row)));
        new.filter_map(|row| Some((last.rows.text(row, "event"), last.rows.get(row, "latest_ms").number()?))).collect()
    }

    /// The list of clients, ours among them.
    pub(in crate::engine::redis) fn clients(&self) -> Option<&Rows> {
        self.case.observation.last(CLIENTS.name).map(|look| &look.rows)
    }

    /// What could not be read.
    pub(super) fn unknown(&self) -> Vec<String> {
        let observation = self.case.observation;
        let mut unknown: Vec<String> = [
            (&INFO, "the server's numbers", "+info"),
            (&SETTINGS, "the settings", "+config|get"),
            (&SLOW_LOG, "the slow log", "+slowlog|get"),
            (&LATENCY, "the latency monitor", "+latency|latest"),
            (&CLIENTS, "the list of clients", "+client|list"),
            (&super::BY_MEMORY, "the memory of single keys", "+scan +memory|usage +type"),
        ]
        .into_iter()
        .filter_map(|(query, what, grant)| {
            let why = observation.refusal(query.name)?;
            (!is_busy_refusal(why)).then(|| format!("{what} cannot be seen ({why}): {grant} would show it"))
        })
        .collect();
        if self.last.is_some() && self.first.is_none() {
            unknown.push("there is only one look at the server's counters: what they grew by is not known".to_owned());
        }
        unknown.extend(observation.unknown.iter().cloned());
        unknown
    }
}

/// The server's words for "a script runs", with their code behind them; BUSYGROUP and the like are others.
fn is_busy_refusal(why: &str) -> bool {
    why.contains("(BUSY)")
}

fn spike(rows: &Rows, row: &[crate::domain::rows::Value]) -> (String, String) {
    (rows.text(row, "event"), rows.text(row, "at_utc"))
}

fn names(rows: &Rows) -> BTreeMap<String, String> {
    rows.rows.iter().map(|row| (rows.text(row, "setting"), rows.text(row, "value"))).collect()
}

/// The slow log as it was last read, without our own commands. `now_ms` is the server's clock.
fn slow_log(observation: &Observation, now_ms: Option<f64>) -> Vec<Slow> {
    let Some(look) = observation.last(SLOW_LOG.name) else { return Vec::new() };
    #[allow(clippy::cast_possible_truncation, reason = "milliseconds of our age fit")]
    let now = crate::domain::target::Timestamp(now_ms.map_or(look.at.0, |ms| ms as i64));
    let edge = now.plus_ms(-RECENT_MS).date_time(0);
    let rows = &look.rows;
    let ours = |row: &[crate::domain::rows::Value]| rows.text(row, "client_name").starts_with("dba-gpt");
    rows.rows
        .iter()
        .filter(|row| !ours(row))
        .filter_map(|row| {
            let words = line::split(&rows.text(row, "command")).ok()?;
            Some(Slow {
                id: rows.get(row, "id").int()?,
                micros: rows.get(row, "duration_us").number()?,
                words: words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
                client: rows.text(row, "client"),
                // Moments of one form compare as texts.
                recent: rows.text(row, "at_utc") >= edge,
            })
        })
        .collect()
}

/// Keys that recent slow commands were used on, each once.
pub(super) fn slow_keys(observation: &Observation) -> Vec<String> {
    let mut keys = Vec::new();
    for slow in slow_log(observation, None).iter().filter(|slow| slow.micros >= SLOW_US) {
        // A script's first argument is its text, and KEYS has a pattern.
        let names_a_key =
            !matches!(slow.name().as_str(), "EVAL" | "EVALSHA" | "FCALL" | "KEYS" | "SCAN" | "DEBUG" | "CONFIG");
        if let Some(key) = slow.key().filter(|key| names_a_key && !keys.contains(&(*key).to_owned())) {
            keys.push(key.to_owned());
        }
    }
    keys
}

/// The first argument of a statement: what it was used on.
pub(in crate::engine::redis) fn key_of(statement: Option<&str>) -> Option<String> {
    let words = line::split(statement?).ok()?;
    words.get(1).map(|word| String::from_utf8_lossy(word).into_owned())
}
