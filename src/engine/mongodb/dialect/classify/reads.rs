//! Commands that only read, each with its fields.

use super::fields::{self, Field};
use super::relations::Relations;
use super::shape::{flag, inert, text, unknown, whole};
use super::walk::filter;
use super::{Checked, shape};
use crate::domain::guard::{Class, Judgement};
use bson::{Bson, Document};

/// What the value of a command's own name must be.
#[derive(Clone, Copy)]
enum Target {
    /// A collection or view that is read.
    Collection,
    /// A collection, or 1 for the whole database.
    CollectionOrOne,
    /// `db.collection`.
    Namespace,
    /// Anything that is no document: by custom 1.
    One,
}

struct Read {
    name: &'static str,
    target: Target,
    fields: &'static [(&'static str, Field)],
    /// What more than the fields decides.
    also: fn(&Document) -> Checked,
}

const fn read(name: &'static str, target: Target, fields: &'static [(&'static str, Field)]) -> Read {
    Read { name, target, fields, also: |_| Ok(()) }
}

const ENDLESS: Field = Field::Off(Class::Resource, "makes a read without end");
const DISK: Field = Field::Off(Class::Resource, "lets a read fill the server's disk; read less, or use an index");

const FIND: &[(&str, Field)] = &[
    ("filter", Field::Filter),
    ("projection", Field::Projection),
    ("sort", Field::Sort),
    ("hint", Field::Hint),
    ("skip", Field::Number),
    ("limit", Field::Limit),
    ("batchSize", Field::Batch),
    ("singleBatch", Field::Flag),
    ("min", Field::Inert),
    ("max", Field::Inert),
    ("returnKey", Field::Flag),
    ("showRecordId", Field::Flag),
    ("allowPartialResults", Field::Flag),
    ("collation", Field::Collation),
    ("readConcern", Field::ReadConcern),
    ("let", Field::Variables),
    ("allowDiskUse", DISK),
    ("tailable", ENDLESS),
    ("awaitData", ENDLESS),
    ("noCursorTimeout", ENDLESS),
    ("oplogReplay", Field::Flag),
];

const AGGREGATE: &[(&str, Field)] = &[
    ("pipeline", Field::Pipeline),
    ("cursor", Field::Cursor),
    ("explain", Field::Flag),
    ("hint", Field::Hint),
    ("collation", Field::Collation),
    ("readConcern", Field::ReadConcern),
    ("let", Field::Variables),
    ("allowDiskUse", DISK),
];

const COUNT: &[(&str, Field)] = &[
    ("query", Field::Filter),
    ("limit", Field::Limit),
    ("skip", Field::Number),
    ("hint", Field::Hint),
    ("collation", Field::Collation),
    ("readConcern", Field::ReadConcern),
];

const DISTINCT: &[(&str, Field)] = &[
    ("key", Field::Path),
    ("query", Field::Filter),
    ("hint", Field::Hint),
    ("collation", Field::Collation),
    ("readConcern", Field::ReadConcern),
];

const LIST_COLLECTIONS: &[(&str, Field)] = &[
    ("filter", Field::Filter),
    ("nameOnly", Field::Flag),
    ("authorizedCollections", Field::Flag),
    ("cursor", Field::Cursor),
];

const LIST_DATABASES: &[(&str, Field)] =
    &[("filter", Field::Filter), ("nameOnly", Field::Flag), ("authorizedDatabases", Field::Flag)];

/// Sections of the server's status.
const SECTIONS: &[&str] = &[
    "activeIndexBuilds",
    "asserts",
    "batchedDeletes",
    "bucketCatalog",
    "catalogStats",
    "changeStreamPreImages",
    "collectionCatalog",
    "connections",
    "defaultRWConcern",
    "electionMetrics",
    "extra_info",
    "featureCompatibilityVersion",
    "flowControl",
    "freeMonitoring",
    "globalLock",
    "hedgingMetrics",
    "indexBuilds",
    "indexBulkBuilder",
    "indexStats",
    "internalTransactions",
    "latchAnalysis",
    "locks",
    "logicalSessionRecordCache",
    "mem",
    "metrics",
    "mirroredReads",
    "network",
    "none",
    "opLatencies",
    "opReadConcernCounters",
    "opWorkingTime",
    "opWriteConcernCounters",
    "opcounters",
    "opcountersRepl",
    "oplog",
    "oplogTruncation",
    "planCache",
    "profiler",
    "queryAnalyzers",
    "querySettings",
    "queues",
    "readConcernCounters",
    "readPreferenceCounters",
    "repl",
    "scramCache",
    "security",
    "service",
    "sharding",
    "shardingStatistics",
    "shardedIndexConsistency",
    "spillWiredTiger",
    "storageEngine",
    "tcmalloc",
    "tenantMigrations",
    "timeseriesCatalog",
    "trafficRecording",
    "transactions",
    "transportSecurity",
    "twoPhaseCommitCoordinator",
    "watchdog",
    "wiredTiger",
    "writeBacksQueued",
];

const READS: &[Read] = &[
    read("find", Target::Collection, FIND),
    read("aggregate", Target::CollectionOrOne, AGGREGATE),
    read("count", Target::Collection, COUNT),
    read("distinct", Target::Collection, DISTINCT),
    read("listCollections", Target::One, LIST_COLLECTIONS),
    read("listIndexes", Target::Collection, &[("cursor", Field::Cursor)]),
    read("listDatabases", Target::One, LIST_DATABASES),
    read("collStats", Target::Collection, &[("scale", Field::Number)]),
    read("collstats", Target::Collection, &[("scale", Field::Number)]),
    read("dbStats", Target::One, &[("scale", Field::Number), ("freeStorage", Field::Flag)]),
    read("dbstats", Target::One, &[("scale", Field::Number), ("freeStorage", Field::Flag)]),
    read(
        "dataSize",
        Target::Namespace,
        &[("keyPattern", Field::Sort), ("min", Field::Inert), ("max", Field::Inert), ("estimate", Field::Flag)],
    ),
    Read { name: "serverStatus", target: Target::One, fields: &[], also: sections },
    Read { name: "currentOp", target: Target::One, fields: &[], also: |_| Ok(()) },
    read("top", Target::One, &[]),
    read("ping", Target::One, &[]),
    read("hello", Target::One, &[]),
    read("isMaster", Target::One, &[]),
    read("ismaster", Target::One, &[]),
    read("buildInfo", Target::One, &[]),
    read("buildinfo", Target::One, &[]),
    read("hostInfo", Target::One, &[]),
    read("connectionStatus", Target::One, &[("showPrivileges", Field::Flag)]),
    read("whatsmyuri", Target::One, &[]),
    read("listCommands", Target::One, &[]),
    read("connPoolStats", Target::One, &[]),
    read("shardConnPoolStats", Target::One, &[]),
    read("lockInfo", Target::One, &[]),
    read("getDefaultRWConcern", Target::One, &[("inMemory", Field::Flag)]),
    read("getFreeMonitoringStatus", Target::One, &[]),
    read("replSetGetStatus", Target::One, &[("initialSync", Field::Flag)]),
    read("replSetGetConfig", Target::One, &[("commitmentStatus", Field::Flag)]),
    read("replSetGetRBID", Target::One, &[]),
    read("listShards", Target::One, &[]),
    read("balancerStatus", Target::One, &[]),
    read("balancerCollectionStatus", Target::Namespace, &[]),
    read("getShardMap", Target::One, &[]),
    read("isdbgrid", Target::One, &[]),
    read("planCacheListFilters", Target::Collection, &[]),
    Read { name: "getLog", target: Target::One, fields: &[], also: log },
    Read { name: "usersInfo", target: Target::One, fields: USERS, also: users },
    Read {
        name: "rolesInfo",
        target: Target::One,
        fields: &[
            ("showBuiltinRoles", Field::Flag),
            ("showPrivileges", Field::Flag),
            ("showAuthenticationRestrictions", Field::Flag),
        ],
        also: users,
    },
];

/// A filter over users would be asked of their credentials too, a letter at a time.
const USERS: &[(&str, Field)] = &[
    ("showCredentials", Field::Off(Class::Secret, "shows the credentials of users")),
    ("showCustomData", Field::Flag),
    ("showPrivileges", Field::Flag),
    ("showAuthenticationRestrictions", Field::Flag),
];

/// The names of these commands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    READS.iter().map(|read| read.name)
}

/// Judges a command that is on the list; `None` for every other one.
pub(super) fn judge(name: &str, document: &Document, relations: &mut Relations<'_>) -> Option<Judgement> {
    let read = READS.iter().find(|read| read.name == name)?;
    let explains = name == "aggregate" && document.get("explain").and_then(flag) == Some(true);
    Some(match check(read, document, relations) {
        Ok(()) if explains => Judgement::allow(Class::Explain, "shows a plan"),
        Ok(()) => Judgement::allow(Class::Read, "only reads"),
        Err(refusal) => refusal,
    })
}

fn check(read: &Read, document: &Document, relations: &mut Relations<'_>) -> Checked {
    let Some((_, target)) = document.iter().next() else { return Err(unknown("an empty command")) };
    match read.target {
        Target::Collection => relations.read(target, read.name)?,
        Target::CollectionOrOne if whole(target) == Some(1) => {}
        Target::CollectionOrOne => relations.read(target, read.name)?,
        Target::Namespace => {
            let namespace = text(target, read.name)?;
            let (_, collection) = namespace.split_once('.').ok_or_else(|| unknown("a full name is db.collection"))?;
            relations.read(&Bson::from(collection), read.name)?;
        }
        Target::One => inert(target)?,
    }
    match read.name {
        // Everything but its two flags is a filter over the operations.
        "currentOp" => {
            let mut rest = document.clone();
            for key in ["currentOp", "$all", "$ownOps", "comment", "maxTimeMS"] {
                if let Some(value) = rest.remove(key).filter(|_| key.starts_with('$')) {
                    shape::flagged(&value, key)?;
                }
            }
            filter::check(&rest, relations)?;
        }
        "serverStatus" => {}
        _ => fields::check(document, read.fields, relations)?,
    }
    if read.name == "aggregate" && !document.contains_key("pipeline") {
        return Err(unknown("an aggregation without its pipeline"));
    }
    (read.also)(document)
}

fn sections(document: &Document) -> Checked {
    for (key, value) in document.iter().skip(1) {
        if matches!(key.as_str(), "comment" | "maxTimeMS") {
            inert(value)?;
            continue;
        }
        if !SECTIONS.contains(&key.as_str()) {
            return Err(unknown(format!("{key} is not a known section of the server's status")));
        }
        match value {
            Bson::Document(inner) => inner.iter().try_for_each(|(key, value)| {
                shape::path(key)?;
                shape::flagged(value, key)
            })?,
            other => shape::flagged(other, key)?,
        }
    }
    Ok(())
}

/// The server's log quotes statements with their literals; its list of logs and its warnings do not.
fn log(document: &Document) -> Checked {
    match document.get_str("getLog") {
        Ok("*" | "startupWarnings") => Ok(()),
        Ok(_) => Err(Judgement::deny(
            Class::Secret,
            "the server's log may hold literals of other people's statements; {\"getLog\": \"startupWarnings\"} holds none",
        )),
        Err(_) => Err(unknown("getLog wants the name of a log")),
    }
}

/// 1, a name, `{user, db}`, `{role, db}`, `{forAllDBs: true}`, or an array of names.
fn users(document: &Document) -> Checked {
    let one = |value: &Bson| match value {
        Bson::String(_) => Ok(()),
        Bson::Document(named) => {
            shape::only_keys(named, &["user", "role", "db", "forAllDBs"], "a user or role")?;
            named.values().try_for_each(|value| match value {
                Bson::String(_) | Bson::Boolean(_) => Ok(()),
                _ => Err(unknown("a user is named by texts")),
            })
        }
        other => whole(other).filter(|n| *n == 1).map(|_| ()).ok_or_else(|| unknown("1 stands for all")),
    };
    match document.values().next() {
        Some(Bson::Array(all)) => all.iter().try_for_each(one),
        Some(value) => one(value),
        None => Err(unknown("an empty command")),
    }
}
