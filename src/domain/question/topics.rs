//! Questions about the server, the schema and named objects, as rules: what must be said, what may be said, which
//! slots there are. A rule fits only when it explains every word of the question.

use super::intent::{ConnectionKey, Intent};
use super::intent::{KeyDirection, ListKind, Relation, Scope, TableList, TableOrder, Topic};
use super::mentions::{self, Mention};
use super::reading::{Question, Reading};
use super::setting;
use super::words::{Kind, Token};

/// What a rule leads to.
#[derive(Debug, Clone, Copy)]
enum Goal {
    Topic(Topic),
    Tables(TableOrder),
    Views,
    Describe,
    RowCount,
    TableSize,
    Sample,
    ForeignKeys,
    JoinPath,
    Diagram,
    Help,
}

/// One rule. Each group of `needs` wants a word of its own; words of `may` are explained too.
struct Rule {
    goal: Goal,
    needs: &'static [&'static [&'static str]],
    may: &'static [&'static str],
    /// How many tables are named: at least, at most.
    tables: (usize, usize),
    /// A name that is not in the schema (a user, a setting, a database) may stand.
    name: bool,
    /// A number or a stretch of time may stand.
    number: bool,
}

type Needs = &'static [&'static [&'static str]];

const fn topic(topic: Topic, needs: Needs, may: &'static [&'static str]) -> Rule {
    Rule { goal: Goal::Topic(topic), needs, may, tables: (0, 0), name: false, number: true }
}

const fn about(goal: Goal, needs: Needs, may: &'static [&'static str], tables: (usize, usize)) -> Rule {
    Rule { goal, needs, may, tables, name: false, number: true }
}

impl Rule {
    const fn of_tables(mut self, least: usize, most: usize) -> Self {
        self.tables = (least, most);
        self
    }
    const fn without_number(mut self) -> Self {
        self.number = false;
        self
    }
    const fn named(mut self) -> Self {
        self.name = true;
        self
    }
}

/// Words that every rule explains.
pub(super) const NOISE: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "by", "and",
    "database", "server", "now", "current", "info", "name", "whose", "engine",
];

const RANK: &[&str] = &["top", "largest", "most", "first", "size", "smallest", "take"];

const SIZE: &[&str] = &["size", "largest", "smallest", "diskusage"];

use Topic as T;

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // Tables and what is in them.
    about(Goal::Tables(TableOrder::Name), &[&["table"]], &["count", "howmany", "schema"], (0, 0)).named(),
    about(Goal::Tables(TableOrder::Name), &[&["what"], &["in"], &["database", "schema"]], &[], (0, 0)).named(),
    about(Goal::Tables(TableOrder::Bytes), &[&["table"], SIZE], &["top", "most", "schema", "disk", "take", "much", "each", "per", "including", "index"], (0, 0)).named(),
    about(Goal::Tables(TableOrder::Bytes), &[&["table"], &["most"], &["disk", "size", "memory"]], &["take", "schema"], (0, 0)),
    about(Goal::Tables(TableOrder::Bytes), &[&["table"], &["size", "disk"], &["take"]], &["most", "schema", "much", "up"], (0, 0)),
    about(Goal::Tables(TableOrder::Bytes), &[&["what"], &["take"], &["size", "disk", "diskusage"]], &["much", "most", "up"], (0, 0)),
    about(Goal::Tables(TableOrder::Rows), &[&["table"], &["mostrows", "fewestrows"]], &["top", "estimate"], (0, 0)),
    about(Goal::Tables(TableOrder::Rows), &[&["table"], &["top", "largest", "smallest"], &["row", "rowcount"]], &["by", "count", "size"], (0, 0)),
    about(Goal::Views, &[&["view"]], &["howmany", "count", "schema"], (0, 0)).named(),
    about(Goal::Describe, &[&["describe"]], &["table", "column", "schema", "key", "type", "index", "view", "each"], (1, 1)),
    about(Goal::Describe, &[&["column"]], &["type", "have", "howmany", "table", "default", "nullable", "null", "mandatory", "required", "optional", "nested"], (1, 1)),
    about(Goal::Describe, &[&["schema"]], &["table"], (1, 1)),
    about(Goal::Describe, &[&["type"]], &["column", "table"], (1, 1)),
    about(Goal::Describe, &[&["primarykey"]], &["table", "column"], (1, 1)),
    about(Goal::Describe, &[&["what"], &["in"]], &["table", "value"], (1, 1)),
    about(Goal::RowCount, &[&["howmany", "count", "rowcount"], &["row", "rowcount"]], &["table", "estimate", "exact", "view"], (1, 1)),
    about(Goal::RowCount, &[&["rowcount"]], &["table", "estimate", "exact", "view"], (1, 1)),
    about(Goal::RowCount, &[&["size"], &["row"]], &["table", "estimate", "exact"], (1, 1)),
    about(Goal::RowCount, &[&["estimate"]], &["row", "rowcount", "count", "howmany", "size", "table"], (1, 1)),
    topic(T::RowCounts, &[&["howmany", "count", "rowcount", "estimate"], &["row", "rowcount"]], &["table", "each", "per", "estimate", "exact", "count", "all", "view"]),
    topic(T::RowCounts, &[&["rowcount"]], &["table", "each", "per", "estimate", "exact"]),
    topic(T::RowCounts, &[&["row", "rowcount"], &["per", "each"], &["table"]], &["count", "howmany", "estimate", "exact"]),
    about(Goal::TableSize, &[&["size", "diskusage", "disk"]], &["table", "index", "take", "much", "with", "disk", "including", "toast"], (1, 1)),
    about(Goal::Sample, &[&["sample"]], &["row", "table", "value", "first", "some"], (1, 1)),
    about(Goal::Sample, &[&["row"]], &["table", "first", "top", "view"], (1, 1)),
    about(Goal::ForeignKeys, &[&["foreignkey"]], &["table", "reference", "key", "constraint", "column", "have"], (0, 1)),
    about(Goal::ForeignKeys, &[&["reference"]], &["table", "foreignkey", "key", "column", "view"], (1, 1)),
    about(Goal::ForeignKeys, &[&["relationship"]], &["table", "between"], (0, 1)),
    about(Goal::JoinPath, &[&["join", "relationship", "connection", "foreignkey", "reference"]], &["table", "between", "row", "query", "column", "each"], (2, 2)),
    about(Goal::Diagram, &[&["diagram"]], &["table", "schema", "relationship", "create", "entity", "foreignkey", "between", "model", "as", "view"], (0, 20)),
    topic(T::Schemas, &[&["schema"]], &["howmany", "size"]),
    topic(T::Databases, &[&["database"]], &["howmany", "largest", "top", "smallest"]),
    topic(T::DatabaseSize, &[&["size", "largest", "diskusage"], &["database"]], &["take", "much", "disk", "schema", "each", "per", "total"]).named(),
    topic(T::DiskUsage, &[&["disk", "diskusage", "size"]], &["take", "free", "size", "much", "used", "table", "total", "data"]),
    topic(T::DiskUsage, &[&["diskusage"]], &["by", "table"]),
    topic(T::Tablespaces, &[&["tablespace"]], &["size", "largest"]),
    // Indexes.
    topic(T::Indexes, &[&["index"]], &["table", "howmany", "have", "column"]).of_tables(0, 1),
    topic(T::IndexSizes, &[&["index"], SIZE], &["top", "take", "much", "howmuch", "total", "most", "disk", "each"]),
    topic(T::IndexSizes, &[&["index"], &["size", "disk"], &["take"]], &["most", "much"]),
    topic(T::UnusedIndexes, &[&["index"], &["unused"]], &["table", "top", "largest", "scan"]).of_tables(0, 1),
    topic(T::UnusedIndexes, &[&["index"], &["not"], &["take", "scan"]], &["table"]).of_tables(0, 1),
    topic(T::DuplicateIndexes, &[&["index"], &["duplicate"]], &["table"]).of_tables(0, 1),
    topic(T::InvalidIndexes, &[&["index"], &["invalid"]], &["table"]),
    topic(T::InvalidIndexes, &[&["index"], &["not"], &["valid"]], &["table"]),
    topic(T::MissingIndexes, &[&["index"], &["missing", "create", "need"]], &["table", "foreignkey", "query", "slow", "key", "column"]).of_tables(0, 1),
    topic(T::MissingIndexes, &[&["foreignkey"], &["without", "not", "missing", "no"], &["index"]], &["column", "table"]),
    topic(T::MissingIndexes, &[&["query"], &["without", "not", "no"], &["index"]], &["take", "run", "table", "scan"]),
    topic(T::TablesWithoutIndexes, &[&["table"], &["without", "no", "not"], &["index"]], &["have"]),
    topic(T::TablesWithoutPrimaryKey, &[&["table"], &["without", "no", "not", "missing"], &["primarykey", "key"]], &["have"]),
    topic(T::UnusedTables, &[&["table"], &["unused"]], &["largest"]),
    topic(T::SequentialScans, &[&["seqscan"]], &["table", "most", "largest", "top", "by", "howmany"]),
    topic(T::BusiestTables, &[&["table"], &["write", "changed", "frequent", "active", "run"]], &["most", "top", "row", "count", "frequent", "largest"]),
    // Now.
    topic(T::Running, &[&["run"]], &["query", "connection", "active", "long", "old", "slow", "open", "top", "time", "first"]).named(),
    topic(T::Running, &[&["active"], &["query", "connection"]], &["long", "howmany"]),
    topic(T::Running, &[&["query"], &["now", "current", "active", "run"]], &["long", "slow", "howmany"]),
    topic(T::Running, &[&["doing"], &["now"]], &[]),
    topic(T::Connections, &[&["who"], &["take"], &["database", "server"]], &[]),
    topic(T::CacheHitRatio, &[&["pages"], &["dirty", "free"]], &["cache", "howmany"]),
    topic(T::Performance, &[&["database", "server"], &["statistics"]], &[]),
    topic(T::Running, &[&["long"], &["query"]], &["run", "active", "top", "time", "take"]),
    topic(T::Locks, &[&["lock"]], &["howmany", "run", "hold", "held", "connection", "query", "table", "open", "active", "transaction", "metadata"]).of_tables(0, 1),
    topic(T::Waits, &[&["what"], &["wait"]], &["event", "connection", "query"]),
    topic(T::Blocking, &[&["block"]], &["query", "connection", "transaction", "lock", "run", "howmany", "wait", "tree", "other", "others", "chain", "user", "root", "each", "long"]),
    topic(T::Blocking, &[&["wait"], &["lock", "who", "connection", "query"]], &["transaction", "run", "howmany", "long", "row", "table", "metadata"]),
    topic(T::Blocking, &[&["who"], &["wait"]], &["whom", "lock", "long"]),
    topic(T::Waits, &[&["wait"]], &["event", "top", "most", "connection", "type"]),
    topic(T::LongTransactions, &[&["transaction"]], &["long", "old", "open", "run", "active", "howmany", "top", "age", "first"]),
    topic(T::IdleInTransaction, &[&["idleintransaction"]], &["connection", "howmany", "query", "long"]),
    topic(T::IdleInTransaction, &[&["idle"], &["transaction"]], &["connection", "howmany", "open", "long"]),
    topic(T::SlowQueries, &[&["slow"], &["query"]], &["top", "most", "first", "time", "take", "run", "long"]),
    topic(T::SlowQueries, &[&["query"], &["time", "take", "top", "long", "much", "latency"]], &["most", "slow", "long", "time", "top", "much", "total", "latency", "average"]),
    topic(T::SlowQueries, &[&["what", "why"], &["slow"]], &["run", "query"]),
    topic(T::SlowQueries, &[&["query"], &["statistics"]], &["top"]),
    topic(T::FrequentQueries, &[&["query"], &["frequent"]], &["run", "top", "most", "take"]),
    topic(T::Connections, &[&["connection"]], &["howmany", "count", "active", "open", "user", "per", "each", "application", "address", "idle", "run", "per", "info", "take", "database", "long"]).named(),
    topic(T::ConnectionLimit, &[&["connection"], &["limit", "free"]], &["howmany", "open", "right", "take", "setting", "value", "current", "vs", "versus", "close", "near", "reached", "ever"]),
    // The server.
    topic(T::Settings, &[&["setting"]], &["value", "important", "list"]).named(),
    topic(T::ChangedSettings, &[&["setting"], &["changed", "default"]], &["default", "not", "changed", "value"]),
    topic(T::Roles, &[&["user"]], &["howmany", "right"]),
    topic(T::Roles, &[&["user"], &["right"]], &["each"]),
    topic(T::Superusers, &[&["superuser"]], &["user", "howmany", "right", "is"]),
    topic(T::Privileges, &[&["right"]], &["user", "table", "have", "each", "who", "write"]).of_tables(0, 1).named(),
    topic(T::Privileges, &[&["who"], &["show", "write", "right", "change"]], &["right", "table", "user", "write", "row", "select", "data"]).of_tables(1, 1).without_number(),
    topic(T::CurrentUser, &[&["myself"]], &["user", "connection", "who", "where", "as"]),
    topic(T::CurrentUser, &[&["hostname"]], &[]),
    topic(T::CurrentUser, &[&["current"], &["user"]], &[]),
    topic(T::Replication, &[&["replication", "lag"]], &["lag", "primary", "howmany", "long", "connection", "much", "far", "second", "minute", "performance", "run", "active", "up", "invalid", "position", "time", "delay", "howmuch", "members", "member"]),
    topic(T::Replication, &[&["primary"]], &["replication", "address"]),
    topic(T::ReplicationSlots, &[&["slot"]], &["replication", "unused", "active"]),
    topic(T::Vacuum, &[&["vacuum"]], &["when", "last", "table", "run", "dead", "row", "need", "not", "long", "time", "missing", "most"]).of_tables(0, 1),
    topic(T::Vacuum, &[&["dead"]], &["row", "table", "most", "howmany", "top", "ratio", "vacuum", "largest"]).of_tables(0, 1),
    topic(T::Bloat, &[&["bloat"]], &["table", "index", "size", "most", "top", "estimate", "howmuch", "largest", "disk"]).of_tables(0, 1),
    topic(T::LastAnalyze, &[&["analyze", "statistics"], &["last", "when", "time", "old"]], &["table", "time", "last", "run", "take", "column"]).of_tables(0, 1),
    topic(T::LastAnalyze, &[&["statistics"]], &["table"]).of_tables(0, 1),
    topic(T::CacheHitRatio, &[&["cache"]], &["hit", "ratio", "table", "memory", "size", "performance", "take", "howmuch", "much", "dirty"]),
    topic(T::CacheHitRatio, &[&["hit"], &["ratio"]], &["cache", "table", "index"]),
    topic(T::Performance, &[&["performance"]], &["analyze", "slow", "wrong", "report", "any", "overall", "improve", "check"]),
    topic(T::Performance, &[&["analyze"], &["database", "server", "performance"]], &["performance", "slow"]),
    topic(T::Performance, &[&["why", "how"], &["database", "server"], &["slow"]], &["run"]),
    topic(T::Performance, &[&["database", "server"], &["slow"]], &["why", "run"]),
    topic(T::Performance, &[&["status", "overview", "summary", "health"]], &[]),
    topic(T::Version, &[&["version"]], &["run", "take"]),
    topic(T::Version, &[&["build"], &["info"]], &[]),
    topic(T::Uptime, &[&["uptime"]], &["when", "last", "time", "howlong", "since", "day", "hour"]),
    topic(T::Uptime, &[&["howlong"], &["up", "run"]], &["since"]),
    topic(T::Uptime, &[&["up", "run"], &["since"]], &["when", "time"]),
    topic(T::Extensions, &[&["extension"]], &["version", "howmany", "installed", "enabled"]),
    topic(T::Functions, &[&["function"]], &["howmany", "schema"]),
    topic(T::Triggers, &[&["trigger"]], &["table", "howmany"]).of_tables(0, 1),
    topic(T::Sequences, &[&["sequence"]], &["howmany", "value", "last", "run", "free", "out"]),
    topic(T::Constraints, &[&["constraint", "validation"]], &["table", "unique", "howmany", "foreignkey", "rule", "rules", "constraint"]).of_tables(0, 1),
    topic(T::Types, &[&["enum", "type"]], &["type", "enum", "value", "custom"]),
    topic(T::Types, &[&["enum"], &["column"]], &["value", "type", "table"]),
    topic(T::Comments, &[&["comment"]], &["table", "column"]).of_tables(0, 1),
    topic(T::Partitions, &[&["partition"]], &["table", "howmany", "size"]).of_tables(0, 1),
    topic(T::Policies, &[&["policy"]], &["table"]).of_tables(0, 1),
    topic(T::Wal, &[&["wal"]], &["size", "position", "mode", "much", "write", "ratio", "howmuch", "generated", "statistics"]),
    topic(T::Checkpoints, &[&["checkpoint"]], &["when", "last", "frequent", "statistics", "howmany"]),
    topic(T::TransactionAge, &[&["age"]], &["transaction", "table", "database", "old", "vacuum", "far"]),
    topic(T::TempFiles, &[&["tempfile"]], &["size", "much", "howmany", "query", "disk", "write", "statistics"]),
    topic(T::TempFiles, &[&["temp"], &["file", "size", "disk"]], &["take"]),
    topic(T::TempFiles, &[&["temp"], &["table"], &["disk", "created", "spilled"]], &["howmany", "count", "disk", "went", "go", "ratio", "create", "much", "write"]),
    topic(T::Deadlocks, &[&["deadlock", "commit"]], &["howmany", "any", "count", "transaction", "ratio", "last", "since", "uptime", "up", "when"]),
    topic(T::Progress, &[&["progress"]], &["vacuum", "index", "create", "analyze", "run"]),
    topic(T::Encoding, &[&["encoding"]], &["take"]),
    topic(T::Integrity, &[&["integrity"]], &["file", "check"]),
    // What only some engines have.
    topic(T::Operations, &[&["opcounter", "qps", "traffic", "network", "bandwidth"]], &["query", "count", "second", "howmany", "howmuch", "much", "per", "time", "write", "take", "traffic", "run", "average"]),
    topic(T::ErrorCounts, &[&["error", "errors", "failed", "aborted", "rejected", "refused", "asserts"]], &["connection", "user", "howmany", "count", "attempts", "top", "most", "frequent", "last", "query", "by", "statistics"]),
    topic(T::OpenTables, &[&["open"], &["table", "file"]], &["howmany", "cache", "limit", "count", "file", "size", "table"]),
    topic(T::OpenTables, &[&["table"], &["cache"]], &["open", "hit", "ratio", "size", "statistics"]),
    topic(T::Operations, &[&["write"], &["per"], &["second"]], &["howmany", "and"]),
    topic(T::Memory, &[&["memory"]], &["take", "much", "howmuch", "size", "total", "free", "limit", "statistics", "resident", "swap"]),
    topic(T::ExpiringRows, &[&["ttl"]], &["index", "row", "table", "key", "howmany", "have"]).of_tables(0, 1),
    topic(T::CappedTables, &[&["capped"]], &["table", "size", "howmany"]),
    topic(T::Profiler, &[&["profiler"]], &["run", "setting", "query", "slow", "value", "limit", "active"]),
    topic(T::Shards, &[&["shard"]], &["howmany", "table", "key", "row", "size", "run"]),
    topic(T::ReplicationWindow, &[&["oplog"]], &["size", "window", "time", "long", "howlong", "far", "back", "reach", "go", "much", "old", "replication", "first", "last"]),
    topic(T::EngineStatus, &[&["innodbstatus"]], &["report"]),
    topic(T::BinaryLogs, &[&["binlog"]], &["enabled", "active", "setting", "format", "size", "diskusage", "howmany", "position", "mode", "take", "much", "disk", "old", "file", "largest"]),
    topic(T::Events, &[&["event"]], &["howmany", "run", "when", "last", "enabled", "active"]),
    topic(T::AutoIncrement, &[&["autoincrement"]], &["value", "column", "table", "free", "limit", "run", "out", "last", "exhausted", "key", "used", "usage", "near", "counters", "closest", "close", "overflow", "exhaustion"]).of_tables(0, 1),
    topic(T::TableEngines, &[&["storageengine"]], &["table", "howmany", "take", "size", "not", "each", "per", "run"]),
    about(Goal::Help, &[&["help"]], &["me", "with"], (0, 0)),
];

/// What a question asks by these rules, best first reading; none when no rule explains every word.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let mut best: Option<(usize, Reading)> = None;
    for variant in mentions::variants(question) {
        let slots = Slots::of(question, &variant);
        for rule in RULES {
            let Some(score) = rule.score(&slots) else { continue };
            if best.as_ref().is_none_or(|(other, _)| score > *other)
                && let Some(reading) = rule.reading(question, &slots)
            {
                best = Some((score, reading));
            }
        }
    }
    best.map(|(_, reading)| reading).or_else(|| setting::by_name(question))
}

/// A question with its slots taken out.
struct Slots {
    words: Vec<Token>,
    tables: Vec<Mention>,
    schema: Option<String>,
    number: Option<u32>,
    longer_than_ms: Option<u64>,
    /// The whole database was named by its own name.
    by: Option<ConnectionKey>,
}

impl Slots {
    fn of(question: &Question<'_>, tables: &[Mention]) -> Self {
        let mut slots = Self {
            words: Vec::new(),
            tables: tables.to_vec(),
            schema: None,
            number: None,
            longer_than_ms: None,
            by: None,
        };
        let all = &question.tokens;
        let mut i = 0;
        while i < all.len() {
            if let Some(mention) = tables.iter().find(|m| m.start == i) {
                i += mention.len;
                continue;
            }
            let token = &all[i];
            if let Some((ms, n)) = duration(&all[i..]) {
                slots.longer_than_ms = Some(ms);
                i += n;
                continue;
            }
            if token.one_of(&["by", "per"]) {
                slots.by = all.get(i + 1).and_then(connection_key);
            }
            let known_schema = question
                .schema
                .tables
                .iter()
                .find(|t| !t.schema.is_empty() && t.schema.eq_ignore_ascii_case(&token.text));
            if token.kind == Kind::Number && slots.number.is_none() {
                slots.number = token.text.parse().ok();
                if slots.number.is_none() {
                    slots.words.push(token.clone());
                }
            } else if let Some(table) = known_schema.filter(|_| token.canon.is_empty()) {
                slots.schema = Some(table.schema.clone());
            } else if token.kind == Kind::Symbol && token.is(&[",", "(", ")", "#", "*", "/", "&", ";"]) {
            } else if !question.is_own_name(token) {
                slots.words.push(token.clone());
            }
            i += 1;
        }
        slots
    }
}

impl Rule {
    /// How well the rule fits: none unless every word is explained.
    fn score(&self, slots: &Slots) -> Option<usize> {
        if slots.tables.len() < self.tables.0 || slots.tables.len() > self.tables.1 {
            return None;
        }
        if (slots.number.is_some() || slots.longer_than_ms.is_some()) && !self.number {
            return None;
        }
        let mut used = vec![false; slots.words.len()];
        for group in self.needs {
            let found = (0..used.len()).find(|i| !used[*i] && wanted(&slots.words[*i], group))?;
            used[found] = true;
        }
        let mut score = 10 * self.needs.len() + 3 * slots.tables.len();
        let mut names = 0;
        for (i, word) in slots.words.iter().enumerate() {
            if used[i] {
                continue;
            }
            if self.needs.iter().any(|g| wanted(word, g)) || wanted(word, self.may) {
                score += 1;
            } else if word.kind == Kind::Word
                && NOISE.contains(&word.canon)
                && (slots.tables.is_empty() || !self.may_be_a_column(word))
            {
            } else if self.name && self.takes_name(slots, i) {
                names += 1;
            } else {
                return None;
            }
        }
        (names <= 1).then(|| (score - names).max(1))
    }

    /// `status` of one table is more likely its column than the state of things.
    fn may_be_a_column(&self, word: &Token) -> bool {
        self.tables.1 > 0 && word.means("info") && !word.is(&["info", "information", "overview", "summary", "state"])
    }

    /// Any word may name a group of settings; elsewhere a name is a word that the vocabulary does not have, and it
    /// stands beside the word that says what it names.
    fn takes_name(&self, slots: &Slots, i: usize) -> bool {
        let word = &slots.words[i];
        if matches!(self.goal, Goal::Topic(Topic::Settings)) {
            return word.kind != Kind::Symbol && !word.one_of(&["not", "no", "without"]);
        }
        let nameable = word.kind == Kind::Quoted || (word.kind == Kind::Word && word.canon.is_empty());
        let anchors: &[&str] = match self.goal {
            Goal::Topic(Topic::Connections | Topic::Running) => {
                &["user", "database", "application", "by", "from", "of", "to", "address"]
            }
            Goal::Topic(Topic::Privileges) => &["user", "of", "for", "right"],
            Goal::Topic(Topic::DatabaseSize) => &["database", "of"],
            Goal::Tables(_) | Goal::Views => {
                &["like", "containing", "named", "name", "matching", "starting", "contain", "with"]
            }
            _ => &[],
        };
        let anchored = |t: &Token| anchors.contains(&t.canon) || anchors.contains(&t.lower.as_str());
        let before = i.checked_sub(1).is_some_and(|b| anchored(&slots.words[b]));
        let after = matches!(self.goal, Goal::Topic(_))
            && slots.words.get(i + 1).is_some_and(|t| t.one_of(&["user", "database", "application"]));
        nameable && (before || after)
    }

    fn name(&self, slots: &Slots) -> Option<String> {
        if !self.name {
            return None;
        }
        let explained = |t: &Token| {
            self.needs.iter().any(|g| wanted(t, g))
                || wanted(t, self.may)
                || (t.kind == Kind::Word && NOISE.contains(&t.canon))
        };
        slots.words.iter().find(|t| !explained(t)).map(|t| t.text.clone())
    }

    fn reading(&self, question: &Question<'_>, slots: &Slots) -> Option<Reading> {
        let has = |canon: &str| slots.words.iter().any(|t| t.means(canon));
        let relation = |m: &Mention| Relation::of(&question.schema.tables[m.table]);
        let table = slots.tables.first().map(relation);
        let name = self.name(slots);
        let list = |kind, order| {
            Intent::Tables(TableList {
                kind,
                schema: slots.schema.clone(),
                order,
                ascending: has("smallest") || has("fewestrows"),
                limit: slots.number.or_else(|| one_asked(&slots.words)),
                containing: name.clone(),
                count: has("howmany") || has("count"),
            })
        };
        let intent = match self.goal {
            Goal::Tables(order) => list(ListKind::Tables, order),
            Goal::Views => list(ListKind::Views, TableOrder::Name),
            Goal::Describe => Intent::Describe(table?),
            Goal::RowCount => Intent::RowCount { table: table?, exact: !has("estimate") },
            Goal::TableSize => Intent::TableSize(table?),
            Goal::Sample => Intent::Sample { table: table?, limit: slots.number.unwrap_or(10).clamp(1, 10_000) },
            Goal::ForeignKeys => Intent::ForeignKeys { direction: direction(question, slots), table },
            Goal::JoinPath => {
                Intent::JoinPath { from: relation(slots.tables.first()?), to: relation(slots.tables.get(1)?) }
            }
            Goal::Diagram => Intent::Diagram(slots.tables.iter().map(relation).collect()),
            Goal::Help => Intent::Help,
            Goal::Topic(topic) => {
                let plural = slots.words.iter().any(|t| t.is(&["databases", "dbs"]));
                let several = plural || has("each") || has("per");
                // What took long before is not what runs now for so long.
                let topic = match topic {
                    Topic::DatabaseSize if several => Topic::Databases,
                    Topic::SlowQueries if slots.longer_than_ms.is_some() => Topic::Running,
                    other => other,
                };
                Intent::Topic(
                    topic,
                    Scope {
                        table,
                        schema: slots.schema.clone(),
                        name,
                        limit: slots.number,
                        count: has("howmany") || has("count"),
                        by: slots.by,
                        longer_than_ms: slots.longer_than_ms,
                        idle: has("idle"),
                    },
                )
            }
        };
        let contested = slots.tables.iter().all(|m| m.tokens_mean_nothing(question));
        Some(Reading {
            intent,
            notes: slots.tables.iter().filter_map(|m| m.note(question)).collect(),
            topic: match self.goal {
                Goal::Topic(topic) => Some(topic),
                _ => None,
            },
            plain: contested,
        })
    }
}

/// The word is one of these by its meaning or by the letter.
fn wanted(word: &Token, words: &[&str]) -> bool {
    words.contains(&word.canon) || (word.kind == Kind::Word && words.contains(&word.lower.as_str()))
}

/// `to orders` and `references orders` look at keys into it, `from orders` at keys that it holds.
fn direction(question: &Question<'_>, slots: &Slots) -> KeyDirection {
    let Some(mention) = slots.tables.first() else { return KeyDirection::Both };
    let before: Vec<&Token> =
        question.tokens[..mention.start].iter().rev().filter(|t| !t.one_of(&["~", "table"])).collect();
    match before.first() {
        Some(t)
            if t.one_of(&["to", "reference"])
                || t.is(&["into", "on"]) && before.get(1).is_some_and(|t| t.means("reference")) =>
        {
            KeyDirection::Into
        }
        Some(t) if t.means("from") => KeyDirection::From,
        _ if slots.words.iter().any(|t| t.means("reference"))
            && question.tokens[mention.start..].iter().any(|t| t.means("reference")) =>
        {
            KeyDirection::From
        }
        _ => KeyDirection::Both,
    }
}

/// `the largest table` asks for one, `the largest tables` for several.
fn one_asked(words: &[Token]) -> Option<u32> {
    let ranked = words.iter().any(|t| t.one_of(RANK));
    (ranked
        && words.iter().any(|t| t.is(&["table"]))
        && words.iter().any(|t| t.one_of(&["largest", "smallest", "mostrows", "fewestrows"])))
    .then_some(1)
}

fn connection_key(token: &Token) -> Option<ConnectionKey> {
    Some(match token.canon {
        "user" => ConnectionKey::User,
        "info" => ConnectionKey::State,
        "database" => ConnectionKey::Database,
        "application" => ConnectionKey::Application,
        "connection" | "address" | "server" => ConnectionKey::Client,
        _ => return None,
    })
}

/// `longer than 5 minutes`, `more than 1 hour`, `over 30 seconds`, in milliseconds.
fn duration(tokens: &[Token]) -> Option<(u64, usize)> {
    let mut i = 0;
    if tokens.first()?.is(&["for"]) {
        i += 1;
    }
    if tokens.get(i)?.is(&["longer", "more", "older", "greater"]) {
        tokens.get(i + 1).filter(|t| t.means("than"))?;
        i += 2;
    } else if tokens[i].is(&["over", "above", "exceeding", ">"]) {
        i += 1;
    } else {
        return None;
    }
    let count: f64 = match tokens.get(i)? {
        t if t.kind == Kind::Number => t.text.parse().ok()?,
        t if t.is(&["a", "an", "one"]) => 1.0,
        _ => return None,
    };
    let unit = match tokens.get(i + 1)?.canon {
        "second" => 1_000.0,
        "minute" => 60_000.0,
        "hour" => 3_600_000.0,
        "day" => 86_400_000.0,
        _ => return None,
    };
    let ms = count * unit;
    // Above a century the number is a mistake, and the cast below stays exact far beyond it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..3.2e12).contains(&ms).then_some((ms as u64, i + 2))
}
