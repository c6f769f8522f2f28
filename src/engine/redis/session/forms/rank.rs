//! The keys that stand out: by elements, by memory, by use, by idleness. One or two short commands a key, many at once.

use super::super::shape::{Table, cells};
use super::keys::size_command;
use super::{Fail, Ground, Scanner, count, ttl};
use crate::domain::rows::Value;
use crate::engine::redis::dialect::forms::Walk;
use crate::engine::redis::wire::Reply;
use std::collections::BTreeMap;

/// Keys measured, at most.
const MOST_KEYS: u64 = 1_000_000;
/// Keys shown.
const SHOWN: usize = 50;
/// Keys shown of each type.
const SHOWN_OF_TYPE: usize = 10;

/// The largest so far.
#[derive(Default)]
struct Top {
    most: usize,
    keys: Vec<(u64, Vec<u8>)>,
}

impl Top {
    fn new(most: usize) -> Self {
        Self { most, keys: Vec::with_capacity(most + 1) }
    }
    fn offer(&mut self, score: u64, key: &[u8]) {
        if self.keys.len() == self.most && self.keys.last().is_some_and(|(least, _)| score <= *least) {
            return;
        }
        if self.keys.iter().any(|(_, own)| own == key) {
            return;
        }
        let at = self.keys.partition_point(|(other, _)| *other >= score);
        self.keys.insert(at, (score, key.to_vec()));
        self.keys.truncate(self.most);
    }
}

/// `--bigkeys`.
pub(super) async fn by_elements(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let mut tops: BTreeMap<String, Top> = BTreeMap::new();
    let mut scanner = Scanner::new(walk, MOST_KEYS);
    while let Some(keys) = scanner.next(ground).await? {
        let kinds: Vec<String> = {
            let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"TYPE"[..], key]).collect();
            ground.ask_all(&commands).await?.iter().map(Reply::text).collect()
        };
        let sized: Vec<(&Vec<u8>, &String, &'static str)> =
            keys.iter().zip(&kinds).filter_map(|(key, kind)| Some((key, kind, size_command(kind)?.0))).collect();
        let commands: Vec<Vec<&[u8]>> =
            sized.iter().map(|(key, _, size)| vec![size.as_bytes(), key.as_slice()]).collect();
        for ((key, kind, _), reply) in sized.iter().zip(ground.ask_all(&commands).await?) {
            if let Some(size) = reply.int().and_then(|n| u64::try_from(n).ok()) {
                tops.entry((*kind).clone()).or_insert_with(|| Top::new(SHOWN_OF_TYPE)).offer(size, key);
            }
        }
    }
    let mut table = Table::new(&["key", "type", "#elements", "unit", "#bytes", "#ttl_s"]);
    for (kind, top) in tops {
        let unit = size_command(&kind).map_or("", |(_, unit)| unit);
        let facts = costs(&top.keys, ground).await?;
        for ((size, key), (bytes, ttl)) in top.keys.iter().zip(facts) {
            table.push(vec![
                cells::name_of(key),
                Value::Text(kind.clone()),
                count(*size),
                Value::Text(unit.to_owned()),
                bytes,
                ttl,
            ]);
        }
    }
    table.notices = scanner.words(ground).await?;
    Ok(table)
}

/// Memory and time to live of a few keys.
async fn costs(keys: &[(u64, Vec<u8>)], ground: &mut Ground<'_>) -> Result<Vec<(Value, Value)>, Fail> {
    let commands: Vec<Vec<&[u8]>> =
        keys.iter().flat_map(|(_, key)| [vec![&b"MEMORY"[..], b"USAGE", key], vec![&b"PTTL"[..], key]]).collect();
    let replies = ground.ask_all(&commands).await?;
    let known = |reply: &Reply| if matches!(reply, Reply::Error(_)) { Value::Null } else { cells::value(reply) };
    Ok(replies.chunks_exact(2).map(|facts| (known(&facts[0]), ttl(&facts[1]))).collect())
}

/// The keys with the largest answer to one command of two words and the key.
async fn top_by(
    command: [&str; 2],
    walk: &Walk,
    ground: &mut Ground<'_>,
) -> Result<(Vec<(u64, Vec<u8>)>, Vec<String>), Fail> {
    let mut top = Top::new(SHOWN);
    let mut scanner = Scanner::new(walk, MOST_KEYS);
    while let Some(keys) = scanner.next(ground).await? {
        let commands: Vec<Vec<&[u8]>> =
            keys.iter().map(|key| vec![command[0].as_bytes(), command[1].as_bytes(), key.as_slice()]).collect();
        for (key, reply) in keys.iter().zip(ground.ask_all(&commands).await?) {
            match reply {
                Reply::Error(words) if !words.to_ascii_lowercase().contains("no such key") => {
                    return Err(Fail::Refused(words));
                }
                reply => {
                    if let Some(score) = reply.int().and_then(|n| u64::try_from(n).ok()) {
                        top.offer(score, key);
                    }
                }
            }
        }
    }
    let words = scanner.words(ground).await?;
    Ok((top.keys, words))
}

/// Keys with a score and their type.
async fn ranked(
    score: &str,
    keys: Vec<(u64, Vec<u8>)>,
    words: Vec<String>,
    ground: &mut Ground<'_>,
) -> Result<Table, Fail> {
    let commands: Vec<Vec<&[u8]>> =
        keys.iter().flat_map(|(_, key)| [vec![&b"TYPE"[..], key], vec![&b"PTTL"[..], key]]).collect();
    let replies = ground.ask_all(&commands).await?;
    let mut table = Table::new(&["key", score, "type", "#ttl_s"]);
    for ((score, key), facts) in keys.iter().zip(replies.chunks_exact(2)) {
        table.push(vec![cells::name_of(key), count(*score), cells::value(&facts[0]), ttl(&facts[1])]);
    }
    table.notices = words;
    Ok(table)
}

/// `--memkeys`.
pub(super) async fn by_memory(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let (keys, words) = top_by(["MEMORY", "USAGE"], walk, ground).await?;
    ranked("#bytes", keys, words, ground).await
}

/// `--hotkeys`.
pub(super) async fn by_use(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    match top_by(["OBJECT", "FREQ"], walk, ground).await {
        Ok((keys, mut words)) => {
            words.push("the frequency is the server's own logarithmic counter, 0 to 255".into());
            ranked("#frequency", keys, words, ground).await
        }
        Err(Fail::Refused(words)) if words.to_ascii_lowercase().contains("lfu") => Err(Fail::Cannot(format!(
            "the server counts the use of keys only under an LFU policy, and maxmemory-policy is {}; --commands shows what is \
             done most, --idlekeys what is not used",
            ground.facts.policy
        ))),
        Err(other) => Err(other),
    }
}

/// `--idlekeys`.
pub(super) async fn by_idleness(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    match top_by(["OBJECT", "IDLETIME"], walk, ground).await {
        Ok((keys, words)) => ranked("#idle_s", keys, words, ground).await,
        Err(Fail::Refused(words)) if words.to_ascii_lowercase().contains("lfu") => Err(Fail::Cannot(format!(
            "under the LFU policy {} the server does not keep when a key was last used; --hotkeys shows how often",
            ground.facts.policy
        ))),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::Top;

    #[test]
    fn the_largest_stay_in_order() {
        let mut top = Top::new(3);
        for (score, key) in [(5, "a"), (1, "b"), (9, "c"), (7, "d"), (9, "c"), (0, "e")] {
            top.offer(score, key.as_bytes());
        }
        let scores: Vec<u64> = top.keys.iter().map(|(score, _)| *score).collect();
        assert_eq!(scores, [9, 7, 5]);
    }
}
