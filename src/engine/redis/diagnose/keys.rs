//! Keys: those that are very large, and the one that a command took for another type.

use super::picture::Picture;
use super::{BY_ELEMENTS, BY_MEMORY, ONE_KEY};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::domain::metric;
use crate::domain::rows::{Rows, Value};
use crate::engine::redis::dialect::line;

/// Elements from which a key counts as large, by type (the advice of `RedisInsight`; a string's limit is its bytes).
const MANY: &[(&str, f64)] =
    &[("hash", 5_000.0), ("list", 1_000.0), ("set", 100_000.0), ("zset", 100_000.0), ("stream", 100_000.0)];
/// A key with many elements, or a string, counts from these bytes on.
const LARGE: f64 = 1_048_576.0;
/// One of these bytes holds the server up for milliseconds whenever it is read, copied or removed as a whole.
const VERY_LARGE: f64 = 10.0 * LARGE;
/// Share of the memory from which a single key dominates it.
const DOMINATES: f64 = 0.25;

/// A large key.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::redis) struct BigKey {
    /// Its name. Untrusted.
    pub(in crate::engine::redis) name: String,
    pub(in crate::engine::redis) kind: String,
    pub(in crate::engine::redis) bytes: Option<f64>,
    pub(in crate::engine::redis) elements: Option<f64>,
    /// It expires.
    pub(in crate::engine::redis) expires: bool,
}

impl BigKey {
    fn is_large(&self) -> bool {
        let many = MANY.iter().find(|(kind, _)| *kind == self.kind);
        match many {
            Some((_, most)) => {
                self.elements.is_some_and(|n| n > *most) && self.bytes.is_none_or(|bytes| bytes >= LARGE)
                    || self.bytes.is_some_and(|bytes| bytes >= VERY_LARGE)
            }
            None => self.bytes.is_some_and(|bytes| bytes > LARGE),
        }
    }
    /// `hash jobs: 120000 elements, 34 MB, stays`.
    pub(in crate::engine::redis) fn words(&self) -> String {
        let elements = self.elements.filter(|_| self.kind != "string").map(|n| format!("{n:.0} elements"));
        let bytes = self.bytes.map(metric::bytes);
        let life = if self.expires { "expires" } else { "never expires" }.to_owned();
        let facts: Vec<String> = elements.into_iter().chain(bytes).chain([life]).collect();
        format!("{} {}: {}", self.kind, line::quote(self.name.as_bytes()), facts.join(", "))
    }
}

/// A key's name; one that is no text is shown quoted, and no act can name it.
fn name(rows: &Rows, row: &[Value]) -> String {
    rows.text(row, "key")
}

/// The large keys among those that were looked at, the largest first.
pub(in crate::engine::redis) fn big_keys(picture: &Picture<'_>) -> Vec<BigKey> {
    let observation = picture.case.observation;
    let mut keys: Vec<BigKey> = Vec::new();
    let looks = observation
        .all(BY_ELEMENTS.name)
        .iter()
        .chain(observation.all(BY_MEMORY.name))
        .chain(observation.all(ONE_KEY.name));
    for look in looks {
        for row in &look.rows.rows {
            let key = BigKey {
                name: name(&look.rows, row),
                kind: look.rows.text(row, "type"),
                bytes: look.rows.get(row, "bytes").number(),
                elements: look.rows.get(row, "elements").number(),
                expires: look.rows.get(row, "ttl_s").number().is_some(),
            };
            if key.is_large() && !keys.iter().any(|own| own.name == key.name) {
                keys.push(key);
            }
        }
    }
    keys.sort_by(|a, b| b.bytes.unwrap_or(0.0).total_cmp(&a.bytes.unwrap_or(0.0)));
    keys
}

/// Large keys are a cause when they dominate the memory, are very large, or when slow commands work on them.
pub(super) fn judge(picture: &Picture<'_>) -> Option<Hypothesis> {
    let looked = picture.case.observation.last(BY_ELEMENTS.name).is_some()
        || picture.case.observation.last(BY_MEMORY.name).is_some();
    let keys = big_keys(picture);
    let Some(biggest) = keys.first() else {
        let evidence =
            vec!["no key among those looked at passes the limits of a large one (SCAN, MEMORY USAGE)".into()];
        return looked.then(|| Hypothesis::new(Cause::BigKeys, Verdict::Refuted, 0.8, evidence));
    };
    let mut evidence: Vec<String> = keys.iter().take(3).map(BigKey::words).collect();
    let used = picture.now("used_memory").unwrap_or(f64::INFINITY);
    let share = biggest.bytes.unwrap_or(0.0) / used;
    let (new, recent) = picture.slow();
    let slow = new
        .iter()
        .chain(&recent)
        .filter(|slow| slow.key().is_some_and(|key| keys.iter().any(|k| k.name == key)))
        .count();
    let (verdict, confidence) = if slow > 0 {
        evidence.push(format!("{slow} recent entries of the slow log work on these keys"));
        (Verdict::Supported, 0.92)
    } else if share >= DOMINATES {
        evidence.push(format!("the largest takes {:.0} % of the memory in use", share * 100.0));
        (Verdict::Supported, 0.88)
    } else if biggest.bytes.unwrap_or(0.0) >= VERY_LARGE {
        (Verdict::Supported, 0.75)
    } else {
        evidence.push("nothing slow works on them, and they take little of the memory".to_owned());
        (Verdict::Inconclusive, 0.5)
    };
    Some(Hypothesis::new(Cause::BigKeys, verdict, confidence, evidence).about(biggest.name.clone()))
}

/// The key that an incident's command took for another type, by what it holds now.
pub(super) fn wrong_type(picture: &Picture<'_>) -> Option<Hypothesis> {
    let incident = picture.case.incident.filter(|incident| incident.kind == ErrorKind::WrongType)?;
    let (name, kind) = typed_key(picture)?;
    let statement = incident.statement.as_deref().map(first_word).unwrap_or_default();
    let fits = !statement.is_empty() && family(&statement).is_some_and(|own| own == kind);
    let evidence = vec![format!("{} holds a {kind}", line::quote(name.as_bytes()))];
    let verdict = if fits { Verdict::Refuted } else { Verdict::Supported };
    Some(Hypothesis::new(Cause::WrongType, verdict, 0.9, evidence).about(name))
}

/// The incident's key and the type that it has.
pub(in crate::engine::redis) fn typed_key(picture: &Picture<'_>) -> Option<(String, String)> {
    let incident = picture.case.incident?;
    let wanted = super::picture::key_of(incident.statement.as_deref()).or_else(|| incident.object.clone());
    let looks = picture.case.observation.all(ONE_KEY.name).iter();
    let mut rows = looks
        .flat_map(|look| look.rows.rows.iter().map(move |row| (name(&look.rows, row), look.rows.text(row, "type"))));
    rows.find(|(name, _)| wanted.as_ref() == Some(name))
}

fn first_word(statement: &str) -> String {
    statement.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase()
}

/// The type that a command works on, by how such commands are called.
pub(in crate::engine::redis) fn family(command: &str) -> Option<&'static str> {
    const STRINGS: &str = "GET SET GETSET GETDEL GETEX GETRANGE SETRANGE APPEND STRLEN INCR INCRBY INCRBYFLOAT DECR DECRBY \
        GETBIT SETBIT BITCOUNT BITPOS BITFIELD SUBSTR";
    const LISTS: &str = "LPUSH RPUSH LPOP RPOP LRANGE LLEN LINDEX LSET LTRIM LREM LINSERT LPOS LMOVE RPOPLPUSH BLPOP BRPOP \
        LPUSHX RPUSHX BLMOVE";
    let listed = |list: &str| list.split_ascii_whitespace().any(|own| own == command);
    if listed(STRINGS) {
        return Some("string");
    }
    if listed(LISTS) {
        return Some("list");
    }
    match command.bytes().next()? {
        b'H' if command != "HELLO" => Some("hash"),
        b'Z' => Some("zset"),
        b'X' => Some("stream"),
        b'S' if [
            "SADD",
            "SREM",
            "SPOP",
            "SCARD",
            "SMEMBERS",
            "SISMEMBER",
            "SMISMEMBER",
            "SRANDMEMBER",
            "SSCAN",
            "SMOVE",
            "SINTER",
            "SUNION",
            "SDIFF",
        ]
        .contains(&command) =>
        {
            Some("set")
        }
        _ => None,
    }
}
