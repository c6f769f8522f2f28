//! Questions to a server whose objects are keys: names such as `user:42` and `session:*` are told from words, and rules
//! of their own read what such a server is asked for. Tables of such a schema are prefixes of keys.

use super::intent::{Intent, Scope, Topic};
use super::names::Found;
use super::reading::{Question, Reading};
use super::words::{Kind, Token};

/// Puts names of keys into quotation marks, so that they stay whole when the question is cut into words.
pub(super) fn mark_names(text: &str) -> String {
    if text.contains(['"', '`', '\u{201c}']) {
        return text.to_owned();
    }
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let core = word.trim_end_matches(['?', ',', '.', '!', ';', ':']).trim_matches(['(', ')', '\'']);
        if looks_like_name(core) {
            out.push(word.replacen(core, &format!("\"{core}\""), 1));
        } else {
            out.push(word.to_owned());
        }
    }
    out.join(" ")
}

/// `user:42`, `session:*`, `{a}x`, `maxmemory-policy`; not `14:05`, not `long-running`.
fn looks_like_name(word: &str) -> bool {
    let letters = word.chars().any(char::is_alphabetic);
    let inside = |c: char| word.trim_matches(c).contains(c);
    if letters
        && (inside(':')
            || word.contains(['*', '{', '|', '#'])
            || (inside('/') && word.starts_with(char::is_alphanumeric)))
    {
        return true;
    }
    // A word joined by hyphens is one name when one of its parts is no word that is known.
    let unknown = |part: &str| part.len() > 1 && super::vocabulary::canon(&part.to_lowercase()).is_empty();
    letters && inside('-') && word.split('-').any(unknown)
}

/// What may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// Nothing.
    Nothing,
    /// A key that looks like one.
    Key,
    /// Any name: a key that looks like a word too.
    Any,
    /// Perhaps a key, a prefix or a pattern.
    Perhaps,
}

/// One rule. Each group of `needs` wants a word of its own; words of `may` are explained too. Words count by their
/// meaning or by the letter.
struct Rule {
    topic: Topic,
    needs: &'static [&'static [&'static str]],
    may: &'static [&'static str],
    slot: Slot,
}

const fn rule(
    topic: Topic,
    needs: &'static [&'static [&'static str]],
    may: &'static [&'static str],
    slot: Slot,
) -> Rule {
    Rule { topic, needs, may, slot }
}

/// Words that every rule explains.
const NOISE: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "by", "and",
    "server", "database", "now", "current", "name", "data", "whose",
];

/// Words before which a name is the beginning of keys, the end, or any part of them.
const BEGINNING: &[&str] = &["start", "starting", "starts", "begin", "begins", "beginning", "prefix", "prefixed"];
const ENDING: &[&str] = &["end", "ending", "ends"];
const CONTAINING: &[&str] = &["containing", "contains", "contain", "including", "like"];

/// Words before which a plain word may be a key, beside those above.
const BEFORE_A_NAME: &[&str] =
    &["~", "of", "in", "for", "from", "to", "on", "show", "describe", "what", "value", "setting", "type", "ttl"];

const EXPIRY: &[&str] = &["ttl", "ttls", "expire", "expires", "expiry", "expiration", "expiring", "expired"];

/// The same, of keys that are still there.
const EXPIRING: &[&str] = &["ttl", "ttls", "expire", "expires", "expiry", "expiration", "expiring"];

/// Types of values, as people call them.
const TYPES: &[&str] =
    &["hash", "hashes", "list", "lists", "set", "sets", "string", "strings", "zset", "zsets", "stream", "streams"];

use Slot::{Any, Key, Nothing, Perhaps};
use Topic as T;

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // One key.
    rule(T::KeyValue, &[&["value", "content", "contents", "stored"]], &["key", "get", "hold", "holds"], Any),
    rule(T::KeyValue, &[&["show", "what", "describe"]], &["key", "value", "info", "hash", "list", "set", "string", "element", "elements", "field", "column", "row", "members"], Key),
    rule(T::KeyValue, &[&["row", "elements", "members", "column", "fields", "items", "messages"]], &["key", "sample", "first", "top", "stream", "list", "set", "hash", "queue"], Any),
    rule(T::KeyValue, &[&["contain", "contains"]], &["key", "row"], Key),
    rule(T::KeyExpiry, &[EXPIRY], &["key", "time", "when", "howlong", "free", "does", "value", "long", "until", "before", "second"], Any),
    rule(T::KeyExpiry, &[&["time", "howlong", "long", "howmany"], &["live", "lives", "left", "remaining", "free"]], &["key", "second", "minute", "hour", "more"], Any),
    rule(T::KeyType, &[&["type"]], &["key", "structure"], Any),
    rule(T::KeyType, &[TYPES], &["key"], Key),
    rule(T::KeyType, &[&["kind", "sort"], &["key", "value", "data"]], &["key", "value", "structure"], Key),
    rule(T::KeyEncoding, &[&["encoding", "encoded"]], &["key", "internal", "type"], Any),
    rule(T::KeySize, &[&["size", "memory", "howmuch", "length", "largest", "cardinality"]], &["key", "take", "memory", "usage", "much", "size", "bytes", "long", "row", "elements"], Any),
    rule(T::KeySize, &[&["howmany", "count"], &["row", "elements", "members", "column", "fields", "items", "messages"]], &["key", "have", "stored"], Any),
    rule(T::KeyFacts, &[&["idle", "accessed", "access", "touched"]], &["key", "time", "last", "when", "howlong", "long", "idle"], Key),
    rule(T::KeyFacts, &[&["describe", "info", "facts", "key", "about"]], &["key", "info", "about", "type"], Key),
    // Keys.
    rule(T::Keys, &[&["howmany", "count"], &["key"]], &["total", "exist", "have", "stored", "match", "matching", "end", "ending", "ends", "start", "starting", "starts", "begin", "begins", "beginning", "prefix", "prefixed", "pattern", "containing", "contains", "contain", "like", "dbsize", "that", "type", "each"], Perhaps),
    rule(T::Keys, &[&["dbsize"]], &["key"], Nothing),
    rule(T::Keys, &[&["key"]], &["match", "matching", "end", "ending", "ends", "start", "starting", "starts", "begin", "begins", "beginning", "prefix", "pattern", "containing", "contains", "contain", "like", "scan", "first", "some", "that", "which"], Perhaps),
    rule(T::Keyspace, &[&["key", "keyspace"], &["prefix", "prefixes", "per", "schema", "group", "grouped", "kind", "pattern", "patterns", "distribution"]], &["by", "each", "statistics", "most", "howmany", "count", "top", "row", "take", "memory", "largest", "size"], Nothing),
    rule(T::Keyspace, &[&["prefix", "prefixes", "keyspace"]], &["top", "largest", "most", "key", "by", "statistics", "info", "overview", "analyze", "take", "memory", "size"], Nothing),
    rule(T::Keyspace, &[&["key", "keyspace"], &["info", "analyze"]], &["overview", "statistics"], Nothing),
    rule(T::Databases, &[&["key"], &["howmany", "count"], EXPIRING], &["have", "set", "time"], Nothing),
    rule(T::Databases, &[&["key"], &["per", "each", "by"], &["database"]], &["howmany", "count"], Nothing),
    rule(T::BigKeys, &[&["largest", "size", "top", "most", "bigkeys"], &["key"]], &["by", "element", "elements", "most", "row", "each", "type", "first"], Perhaps),
    rule(T::BigKeys, &[&["bigkeys", "bigkey"]], &["analyze", "scan"], Nothing),
    rule(T::BigKeys, &[&["largest", "size"], TYPES], &["key", "top", "each", "most", "element", "elements"], Nothing),
    rule(T::MemoryKeys, &[&["key"], &["memory", "bytes"]], &["most", "take", "largest", "top", "size", "by", "usage", "memory", "much", "first"], Nothing),
    rule(T::MemoryKeys, &[&["memkeys"]], &[], Nothing),
    rule(T::HotKeys, &[&["hot", "hottest", "popular", "accessed", "frequent"], &["key"]], &["most", "top", "take"], Nothing),
    rule(T::HotKeys, &[&["key"], &["take", "read"], &["most"]], &["frequent"], Nothing),
    rule(T::HotKeys, &[&["hotkeys", "hotkey"]], &["analyze"], Nothing),
    rule(T::IdleKeys, &[&["idle", "unused", "untouched", "stale", "cold", "old"], &["key"]], &["long", "most", "top", "time"], Nothing),
    rule(T::IdleKeys, &[&["key"], &["least"], &["recently", "used", "accessed"]], &["recently", "used", "last", "take"], Nothing),
    rule(T::IdleKeys, &[&["key"], &["not"], &["take", "touched", "accessed", "read"]], &["long", "time", "for"], Nothing),
    rule(T::KeysWithoutExpiry, &[&["without", "no", "not", "missing"], EXPIRY], &["key", "set", "time", "have", "howmany", "count", "percentage", "ratio"], Nothing),
    rule(T::KeysWithoutExpiry, &[&["persistent", "permanent", "volatile"], &["key"]], &["howmany", "count"], Nothing),
    rule(T::KeysWithoutExpiry, &[&["key"], EXPIRING], &["have", "set", "ratio"], Nothing),
    // Commands.
    rule(T::FrequentQueries, &[&["query", "calls"], &["frequent", "most", "top", "hot", "hottest", "common", "popular", "busiest"]], &["run", "take", "called", "calls", "by", "first", "often"], Nothing),
    rule(T::FrequentQueries, &[&["commandstats", "calls"]], &["query", "by", "per", "each", "howmany"], Nothing),
    rule(T::FrequentQueries, &[&["query"], &["statistics", "count", "howmany", "calls", "usage"]], &["per", "each", "by", "run"], Nothing),
    rule(T::SlowQueries, &[&["slowlog"]], &["query", "last", "recent", "row", "first", "top", "get"], Nothing),
    rule(T::SlowQueries, &[&["slow"]], &["query", "log", "last", "recent", "run", "most", "top", "first", "row", "why", "any"], Nothing),
    rule(T::SlowQueries, &[&["query"], &["time", "take", "slow", "cpu"]], &["most", "top", "total", "long", "time", "by", "average", "first", "cpu", "much"], Nothing),
    rule(T::Throughput, &[&["ops", "opcounter", "operation", "operations", "throughput", "qps", "traffic", "network", "bandwidth", "load", "busy", "cpu"]], &["take", "instantaneous", "traffic", "network", "throughput", "load", "ops", "operations", "per", "second", "howmany", "query", "input", "output", "much", "high", "is"], Nothing),
    rule(T::Throughput, &[&["query"], &["per"], &["second"]], &["howmany"], Nothing),
    rule(T::Throughput, &[&["statistics"]], &[], Nothing),
    rule(T::Throughput, &[&["connection"], &["received", "accepted"]], &["howmany", "count", "total"], Nothing),
    // Memory.
    rule(T::Memory, &[&["memory", "maxmemory", "rss", "peak"]], &["take", "breakdown", "usage", "much", "howmuch", "where", "go", "goes", "going", "gone", "consumption", "statistics", "free", "limit", "overhead", "why", "full", "high", "reached", "close", "near", "largest", "size", "info", "peak", "total", "left", "most", "up", "consumers", "distribution", "maximum", "doctor", "problem", "performance", "analyze", "set", "setting", "resident", "swap"], Nothing),
    rule(T::Bloat, &[&["bloat"]], &["memory", "ratio", "high", "much", "howmuch", "size", "allocator"], Nothing),
    rule(T::Evictions, &[&["evicted", "eviction", "evictions", "evicting", "evicts", "evict", "expired"]], &["key", "howmany", "count", "policy", "ratio", "being", "last", "memory", "happens", "run", "any", "statistics", "and", "row"], Nothing),
    rule(T::Evictions, &[&["when", "happens"], &["memory", "maxmemory"], &["full", "out", "reached", "limit"]], &["run", "runs", "is"], Nothing),
    rule(T::CacheHitRatio, &[&["cache"], &["good", "performance", "efficiency", "efficient", "effective"]], &[], Nothing),
    rule(T::CacheHitRatio, &[&["hit", "miss", "misses", "missed", "hits"]], &["ratio", "cache", "key", "keyspace", "howmany", "lookups", "good", "rate", "and", "count", "statistics"], Nothing),
    rule(T::Connections, &[&["idle"], &["connection"]], &["long", "most", "top", "howmany", "time"], Nothing),
    rule(T::ClientMemory, &[&["connection"], &["cache", "memory", "output", "omem"]], &["most", "largest", "take", "size", "top", "by", "output", "cache", "memory", "much"], Nothing),
    // The rest of the server.
    rule(T::Latency, &[&["latency", "latencies", "spikes", "spike"]], &["latency", "spike", "spikes", "event", "events", "history", "doctor", "performance", "monitor", "high", "why", "query", "last", "statistics", "percentiles", "each", "per", "worst", "slow", "most", "info", "analyze", "any", "is"], Nothing),
    rule(T::Persistence, &[&["persistence", "persisted", "rdb", "aof", "snapshot", "snapshots", "save", "saved", "saves", "bgsave", "bgrewriteaof", "backup", "backups", "appendonly", "append-only", "durability", "fsync", "dump", "unsaved"]], &["last", "when", "info", "time", "file", "enabled", "on", "working", "ok", "fail", "failed", "failing", "error", "errors", "size", "write", "old", "age", "disk", "since", "rewrite", "rewriting", "data", "successful", "succeed", "succeeded", "changed", "change", "changes", "howmany", "is", "run", "howlong", "and", "setting", "snapshot", "rdb", "aof", "performance", "unsaved"], Nothing),
    rule(T::Cluster, &[&["cluster", "shard", "shards", "slot", "slots"]], &["slot", "server", "node", "nodes", "info", "performance", "health", "state", "who", "replication", "primary", "howmany", "member", "members", "range", "ranges", "layout", "topology", "hold", "ok", "is", "mode", "enabled", "on"], Nothing),
    rule(T::Cluster, &[&["nodes", "node"]], &["cluster", "server", "info", "howmany"], Nothing),
    rule(T::Sentinel, &[&["sentinel", "sentinels"]], &["primary", "masters", "master", "watch", "watches", "watched", "monitored", "replication", "quorum", "info", "which"], Nothing),
    rule(T::Channels, &[&["channel", "channels", "pubsub", "subscriber", "subscribers", "subscribed", "subscription", "subscriptions", "pub", "sub"]], &["howmany", "active", "count", "per", "each", "pub", "sub", "connection", "channel", "channels", "pattern"], Nothing),
    rule(T::Streams, &[&["stream", "streams", "consumer", "consumers"]], &["group", "groups", "pending", "lag", "row", "message", "messages", "howmany", "each", "per", "info", "stream", "streams", "consumers", "largest", "size", "long", "last"], Nothing),
    rule(T::Streams, &[&["pending", "unacknowledged", "unacked"]], &["row", "message", "messages", "howmany", "stream", "streams", "each", "per"], Nothing),
    rule(T::Extensions, &[&["module", "modules"]], &["loaded", "installed", "howmany", "extension"], Nothing),
    rule(T::ErrorCounts, &[&["error", "errors", "errorstats", "failures", "rejected"]], &["count", "howmany", "by", "type", "most", "last", "statistics", "per", "each", "query", "kind", "connection", "frequent", "top", "any", "common", "return", "returned"], Nothing),
    rule(T::Replication, &[&["replication", "lag", "master", "masters", "primary"]], &["or", "count", "link", "info", "up", "down", "offset", "offsets", "howmany", "much", "far", "replication", "lag", "role", "is", "backlog", "connection", "healthy", "performance", "state", "primary", "this"], Nothing),
    rule(T::Replication, &[&["role"]], &["server", "instance", "replication", "primary"], Nothing),
    rule(T::Settings, &[&["setting", "value", "what", "show"]], &["setting", "value", "set", "policy"], Any),
];

/// What a question asks by these rules: the reading that explains every word, and the most of them by a rule.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let mut best: Option<(usize, Reading)> = None;
    for rule in RULES {
        if let Some((score, reading)) = rule.fit(question)
            && best.as_ref().is_none_or(|(other, _)| score > *other)
        {
            best = Some((score, reading));
        }
    }
    best.map(|(_, reading)| reading)
}

fn is(token: &Token, words: &[&str]) -> bool {
    token.kind != Kind::Quoted && (token.one_of(words) || words.contains(&token.lower.as_str()))
        || token.kind == Kind::Quoted && words.contains(&token.lower.as_str())
}

impl Rule {
    fn fit(&self, question: &Question<'_>) -> Option<(usize, Reading)> {
        let tokens = &question.tokens;
        let mut used = vec![false; tokens.len()];
        for group in self.needs {
            let at = (0..tokens.len()).find(|i| !used[*i] && is(&tokens[*i], group))?;
            used[at] = true;
        }
        let mut score = 10 * self.needs.len();
        let mut limit = None;
        let mut name: Option<(usize, String)> = None;
        for (i, token) in tokens.iter().enumerate() {
            if used[i] || question.is_own_name(token) {
                continue;
            }
            if let Some(named) = self.name(question, i).filter(|_| name.is_none()) {
                // A plain word is a key only where nothing else explains it.
                score += if token.kind == Kind::Quoted { 8 } else { 0 };
                name = Some((i, named));
            } else if is(token, self.may) || self.needs.iter().any(|group| is(token, group)) {
                score += 2;
            } else if token.kind == Kind::Word && NOISE.contains(&token.canon) {
            } else if token.kind == Kind::Number && limit.is_none() && name.is_none() {
                limit = Some(token.text.parse().ok()?);
            } else if token.kind == Kind::Symbol && token.is(&[",", "(", ")", "+", "&"]) {
            } else {
                return None;
            }
        }
        let needed = matches!(self.slot, Slot::Key | Slot::Any);
        if needed && name.is_none() {
            return None;
        }
        let count = tokens.iter().any(|t| t.one_of(&["howmany", "count"])) || tokens.iter().any(|t| t.is(&["dbsize"]));
        let scope = Scope {
            name: name.map(|(at, text)| pattern(question, at, text)),
            limit,
            count: count && self.topic == Topic::Keys,
            idle: self.topic == Topic::Connections && tokens.iter().any(|t| t.means("idle")),
            ..Scope::default()
        };
        let reading = Reading {
            intent: Intent::Topic(self.topic, scope),
            notes: Vec::new(),
            topic: Some(self.topic),
            plain: true,
        };
        Some((score, reading))
    }

    /// The name that a token is, where this rule takes one.
    fn name(&self, question: &Question<'_>, at: usize) -> Option<String> {
        let token = &question.tokens[at];
        let of_prefix = || match question.find_table(std::slice::from_ref(token)) {
            Some(Found::One(table, how)) if how.plain() => Some(question.schema.tables[table].name.clone()),
            _ => None,
        };
        let quoted = token.kind == Kind::Quoted;
        let behind = at.checked_sub(1).map(|before| &question.tokens[before]);
        let introduced =
            behind.is_some_and(|t| t.means("key") || is(t, BEGINNING) || is(t, CONTAINING) || t.is(&["with", "of"]));
        // What stands behind a word that wants no name (`keys expiring soon`, `biggest hashes`) is none.
        let named = introduced || behind.is_none_or(|t| t.one_of(BEFORE_A_NAME));
        match self.slot {
            Slot::Nothing => None,
            Slot::Key
                if quoted && reads_like_a_setting(&token.text) && !question.tokens.iter().any(|t| t.means("key")) =>
            {
                None
            }
            Slot::Key => quoted.then(|| token.text.clone()),
            Slot::Any if quoted => Some(token.text.clone()),
            Slot::Any if token.kind == Kind::Word && token.canon.is_empty() && !is(token, self.may) => {
                if self.topic == Topic::Settings {
                    Some(token.text.clone())
                } else {
                    of_prefix().or_else(|| named.then(|| token.text.clone()))
                }
            }
            Slot::Any => None,
            Slot::Perhaps if quoted => Some(token.text.clone()),
            Slot::Perhaps if token.kind != Kind::Word || is(token, self.may) => None,
            Slot::Perhaps => of_prefix().filter(|_| !is(token, &["key"])).or_else(|| {
                let part =
                    behind.is_some_and(|t| is(t, BEGINNING) || is(t, CONTAINING)) && !NOISE.contains(&token.canon);
                (introduced && !is(token, EXPIRY) && (token.canon.is_empty() || part)).then(|| token.text.clone())
            }),
        }
    }
}

/// `maxmemory-policy`: words joined by hyphens, which is how settings are called, and seldom keys.
fn reads_like_a_setting(name: &str) -> bool {
    name.contains('-') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// `keys starting with user` means `user*`, `containing cart` means `*cart*`.
fn pattern(question: &Question<'_>, at: usize, name: String) -> String {
    if name.contains(['*', '?', '[']) {
        return name;
    }
    let before = &question.tokens[at.saturating_sub(3)..at];
    if before.iter().any(|t| is(t, BEGINNING)) {
        format!("{name}*")
    } else if before.iter().any(|t| is(t, ENDING)) {
        format!("*{name}")
    } else if before.iter().any(|t| is(t, CONTAINING)) {
        format!("*{name}*")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_are_told_from_words() {
        for (text, marked) in [
            ("ttl of user:42?", "ttl of \"user:42\"?"),
            ("keys like session:*", "keys like \"session:*\""),
            ("what is maxmemory-policy", "what is \"maxmemory-policy\""),
            ("long-running commands at 14:05", "long-running commands at 14:05"),
            ("the value of \"a b:1\"", "the value of \"a b:1\""),
            ("status: ok", "status: ok"),
        ] {
            assert_eq!(mark_names(text), marked);
        }
    }
}
