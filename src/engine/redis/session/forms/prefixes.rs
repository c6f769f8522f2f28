//! Keys by prefix: how many there are of each, and what a few of them are like.

use super::super::shape::Table;
use super::{Fail, Ground, Scanner, count};
use crate::domain::rows::Value;
use crate::engine::redis::dialect::forms::Walk;
use crate::engine::redis::wire::Reply;
use std::collections::{BTreeMap, HashMap};

/// Keys that a walk for prefixes sees, at most.
const MOST_KEYS: u64 = 2_000_000;
/// Prefixes kept apart; the keys of all others are counted together.
const MOST_PREFIXES: usize = 5_000;
/// Keys of a prefix that are looked at more closely.
const SAMPLES: usize = 20;
/// Prefixes that are looked at more closely.
const DESCRIBED: usize = 200;
/// The name under which prefixes beyond the cap are counted.
const OTHERS: &str = "(others)";

/// Keys of one prefix.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Group {
    pub(crate) keys: u64,
    pub(crate) samples: Vec<Vec<u8>>,
    /// Types of the samples.
    pub(crate) kinds: BTreeMap<String, u32>,
    /// Bytes of the samples together, and how many could be measured.
    pub(crate) measured: (u64, u32),
    /// Samples that expire.
    pub(crate) expiring: u32,
}

impl Group {
    /// Bytes of all keys, from those of the samples.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let (bytes, samples) = self.measured;
        (samples > 0).then(|| bytes / u64::from(samples) * self.keys)
    }
}

/// Groups of keys by their pattern, `user:*`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Prefixes {
    groups: HashMap<String, Group>,
}

impl Prefixes {
    /// Counts a key.
    pub(crate) fn add(&mut self, key: &[u8], depth: usize) {
        let pattern = pattern(key, depth);
        let pattern = if self.groups.contains_key(&pattern) || self.groups.len() < MOST_PREFIXES {
            pattern
        } else {
            OTHERS.into()
        };
        let group = self.groups.entry(pattern).or_default();
        group.keys += 1;
        if group.samples.len() < SAMPLES {
            group.samples.push(key.to_vec());
        }
    }

    /// Looks at the samples of the largest groups.
    pub(crate) async fn describe(&mut self, ground: &mut Ground<'_>) -> Result<(), Fail> {
        let mut largest: Vec<(&String, &mut Group)> = self.groups.iter_mut().collect();
        largest.sort_by(|a, b| b.1.keys.cmp(&a.1.keys).then_with(|| a.0.cmp(b.0)));
        for (_, group) in largest.into_iter().take(DESCRIBED) {
            if ground.is_late() {
                break;
            }
            let samples = group.samples.clone();
            let commands: Vec<Vec<&[u8]>> = samples
                .iter()
                .flat_map(|key| [vec![&b"TYPE"[..], key], vec![&b"PTTL"[..], key], vec![&b"MEMORY"[..], b"USAGE", key]])
                .collect();
            for facts in ground.ask_all(&commands).await?.chunks_exact(3) {
                let kind = facts[0].text();
                if kind == "none" || matches!(facts[0], Reply::Error(_)) {
                    continue;
                }
                *group.kinds.entry(kind).or_default() += 1;
                group.expiring += u32::from(facts[1].int().is_some_and(|ms| ms >= 0));
                if let Some(bytes) = facts[2].int().and_then(|b| u64::try_from(b).ok()) {
                    group.measured.0 += bytes;
                    group.measured.1 += 1;
                }
            }
        }
        Ok(())
    }

    /// Groups, those with the most keys first.
    pub(crate) fn largest_first(self) -> Vec<(String, Group)> {
        let mut all: Vec<(String, Group)> = self.groups.into_iter().collect();
        all.sort_by(|a, b| b.1.keys.cmp(&a.1.keys).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

/// The pattern of the keys that begin as this one does, `depth` parts deep. A part that names one of many (a number, a
/// UUID, a hash) becomes a star, so that `user:42:cart` and `user:43:cart` stand together.
pub(crate) fn pattern(key: &[u8], depth: usize) -> String {
    let text = String::from_utf8_lossy(key);
    let Some(separator) = [':', '/', '|', '.'].into_iter().find(|c| text.contains(*c)) else {
        // `counter17` belongs to `counter*`.
        let stem = text.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '_'));
        return if stem.len() < text.len() && !stem.is_empty() { format!("{}*", escape(stem)) } else { escape(&text) };
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let kept = depth.min(parts.len() - 1);
    let mut out: Vec<String> =
        parts[..kept].iter().map(|part| if is_id(part) { "*".into() } else { escape(part) }).collect();
    out.push("*".into());
    out.join(&separator.to_string())
}

/// A part that names one of many.
fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let hex = part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    !part.is_empty() && (digits == part.len() || (hex && part.len() >= 8 && digits > 0))
}

/// Text that a glob takes by the letter.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '^') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

async fn walk_prefixes<'w>(
    walk: &'w Walk,
    depth: usize,
    ground: &mut Ground<'_>,
) -> Result<(Prefixes, Scanner<'w>), Fail> {
    let mut prefixes = Prefixes::default();
    let mut scanner = Scanner::new(walk, MOST_KEYS);
    while let Some(keys) = scanner.next(ground).await? {
        for key in &keys {
            prefixes.add(key, depth);
        }
    }
    Ok((prefixes, scanner))
}

/// `--keyspace`.
pub(super) async fn keyspace(walk: &Walk, depth: usize, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let (mut prefixes, scanner) = walk_prefixes(walk, depth, ground).await?;
    prefixes.describe(ground).await?;
    let mut table = Table::new(&[
        "prefix",
        "#keys",
        "#percent",
        "types",
        "#expiring_percent",
        "#average_bytes",
        "#estimated_bytes",
    ]);
    let total = scanner.found.max(1) as f64;
    for (pattern, group) in prefixes.largest_first() {
        let kinds: Vec<&str> = group.kinds.keys().map(String::as_str).collect();
        let looked_at: u32 = group.kinds.values().sum();
        let share = |part: f64, whole: f64| Value::Number(format!("{:.1}", 100.0 * part / whole));
        table.push(vec![
            Value::Text(pattern),
            count(group.keys),
            share(group.keys as f64, total),
            Value::Text(kinds.join(", ")),
            if looked_at > 0 { share(f64::from(group.expiring), f64::from(looked_at)) } else { Value::Null },
            if group.measured.1 > 0 { count(group.measured.0 / u64::from(group.measured.1)) } else { Value::Null },
            group.bytes().map_or(Value::Null, count),
        ]);
    }
    table.notices = scanner.words(ground).await?;
    table.notices.push(format!("types, expiry and bytes come from up to {SAMPLES} keys of each prefix"));
    Ok(table)
}

/// `--no-ttl`: PTTL of every key, by prefix.
pub(super) async fn without_expiry(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let mut found: HashMap<String, (u64, u64, Vec<u8>)> = HashMap::new();
    let mut scanner = Scanner::new(walk, MOST_KEYS);
    while let Some(keys) = scanner.next(ground).await? {
        let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"PTTL"[..], key]).collect();
        for (key, reply) in keys.iter().zip(ground.ask_all(&commands).await?) {
            let mut name = pattern(key, 1);
            if found.len() >= MOST_PREFIXES && !found.contains_key(&name) {
                name = OTHERS.into();
            }
            let group = found.entry(name).or_default();
            group.0 += 1;
            if reply.int() == Some(-1) {
                group.1 += 1;
                group.2.clone_from(key);
            }
        }
    }
    let mut rows: Vec<(String, (u64, u64, Vec<u8>))> = found.into_iter().filter(|(_, group)| group.1 > 0).collect();
    rows.sort_by(|a, b| b.1.1.cmp(&a.1.1).then_with(|| a.0.cmp(&b.0)));
    let mut table = Table::new(&["prefix", "#keys", "#without_expiry", "#percent", "example"]);
    for (pattern, (keys, endless, example)) in rows {
        let share = Value::Number(format!("{:.1}", 100.0 * endless as f64 / keys.max(1) as f64));
        let example = super::super::shape::cells::name_of(&example);
        table.push(vec![Value::Text(pattern), count(keys), count(endless), share, example]);
    }
    table.notices = scanner.words(ground).await?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_begin_alike_stand_together() {
        for (key, depth, expected) in [
            ("user:42", 1, "user:*"),
            ("user:42:cart", 1, "user:*"),
            ("user:42:cart", 2, "user:*:*"),
            ("app:user:42", 2, "app:user:*"),
            ("session:0b9f1c2d-aaaa:x", 2, "session:*:*"),
            ("a:b", 5, "a:*"),
            ("queue", 1, "queue"),
            ("counter17", 1, "counter*"),
            ("2024", 1, "2024"),
            ("img/1.png", 1, "img/*"),
            ("od[d:1", 1, "od\\[d:*"),
        ] {
            assert_eq!(pattern(key.as_bytes(), depth), expected, "{key} {depth}");
        }
    }

    #[test]
    fn prefixes_beyond_the_cap_are_counted_together() {
        let mut prefixes = Prefixes::default();
        for n in 0..MOST_PREFIXES + 10 {
            prefixes.add(format!("p{n}x:1").as_bytes(), 1);
        }
        let all = prefixes.largest_first();
        assert_eq!(all.len(), MOST_PREFIXES + 1);
        assert_eq!((all[0].0.as_str(), all[0].1.keys), (OTHERS, 10));
    }
}
