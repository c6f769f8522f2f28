//! The rules themselves: what must be said, what may be said, and what it leads to.

use crate::domain::question::intent::{TableOrder, Topic};

/// What a rule leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
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
pub(super) struct Rule {
    pub(super) goal: Goal,
    pub(super) needs: &'static [&'static [&'static str]],
    pub(super) may: &'static [&'static str],
    /// How many tables are named: at least, at most.
    pub(super) tables: (usize, usize),
    /// A name that is not in the schema (a user, a setting, a database) may stand.
    pub(super) name: bool,
    /// A number or a stretch of time may stand.
    pub(super) number: bool,
}

pub(super) type Needs = &'static [&'static [&'static str]];

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

pub(super) const RANK: &[&str] = &["top", "largest", "most", "first", "size", "smallest", "take"];

const SIZE: &[&str] = &["size", "largest", "smallest", "diskusage"];

use Topic as T;

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
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
