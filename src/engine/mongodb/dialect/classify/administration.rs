//! Commands about the server: those that a person may approve by their exact shape, and those that are refused with
//! their class.

use super::Checked;
use super::relations::own;
use super::shape::{array, at_least, document, flag, flagged, inert, path, unknown, whole};
use crate::domain::guard::{Author, Class, Judgement};
use bson::{Bson, Document};

/// Refused whatever their fields are.
const REFUSED: &[(Class, &[&str], &str)] = &[
    (
        Class::Resource,
        &["eval", "$eval", "mapReduce", "mapreduce", "mapreduce.shardedfinish", "group"],
        "runs JavaScript on the server",
    ),
    (
        Class::Resource,
        &["sleep", "godinsert", "captrunc", "emptycapped", "httpClientRequest"],
        "is a test of the server's own",
    ),
    (Class::Ddl, &["dropDatabase"], "drops a database with everything in it"),
    (Class::Ddl, &["convertToCapped", "cloneCollectionAsCapped"], "destroys data: what does not fit is dropped"),
    (
        Class::Dml,
        &["applyOps", "doTxn", "bulkWrite", "cloneCollection", "clone", "copydb", "copydbgetnonce"],
        "changes many things at once",
    ),
    (Class::Lock, &["fsyncUnlock", "lockServer"], "stops or resumes all writes"),
    (
        Class::Kill,
        &["killAllSessions", "killAllSessionsByPattern", "killSessions", "killCursors", "closeAllDatabases"],
        "ends the work of others",
    ),
    (
        Class::Session,
        &[
            "getMore",
            "startSession",
            "endSessions",
            "refreshSessions",
            "refreshLogicalSessionCacheNow",
            "authenticate",
            "getnonce",
            "saslStart",
            "saslContinue",
            "logout",
            "setAllowMigrations",
            "getLastError",
            "getlasterror",
            "getPrevError",
            "resetError",
            "hello_ok",
            "setShardVersion",
        ],
        "changes the state of the session",
    ),
    (
        Class::Transaction,
        &["commitTransaction", "abortTransaction", "prepareTransaction", "coordinateCommitTransaction"],
        "belongs to a transaction",
    ),
    (
        Class::Admin,
        &[
            "createUser",
            "updateUser",
            "dropUser",
            "dropAllUsersFromDatabase",
            "createRole",
            "updateRole",
            "dropRole",
            "dropAllRolesFromDatabase",
            "grantRolesToUser",
            "revokeRolesFromUser",
            "grantPrivilegesToRole",
            "revokePrivilegesFromRole",
            "grantRolesToRole",
            "revokeRolesFromRole",
            "invalidateUserCache",
            "_mergeAuthzCollections",
            "_getUserCacheGeneration",
        ],
        "changes users or their rights",
    ),
    (
        Class::Admin,
        &[
            "replSetReconfig",
            "replSetInitiate",
            "replSetStepDown",
            "replSetFreeze",
            "replSetMaintenance",
            "replSetSyncFrom",
            "replSetAbortPrimaryCatchUp",
            "replSetStepUp",
            "replSetTest",
            "replSetHeartbeat",
            "replSetElect",
            "replSetFresh",
            "replSetGetRBIDInternal",
            "replSetUpdatePosition",
            "resync",
            "appendOplogNote",
        ],
        "changes the replica set",
    ),
    (
        Class::Admin,
        &[
            "addShard",
            "removeShard",
            "addShardToZone",
            "removeShardFromZone",
            "updateZoneKeyRange",
            "balancerStart",
            "balancerStop",
            "cleanupOrphaned",
            "cleanupReshardCollection",
            "abortReshardCollection",
            "commitReshardCollection",
            "reshardCollection",
            "clearJumboFlag",
            "configureCollectionBalancing",
            "enableSharding",
            "flushRouterConfig",
            "mergeChunks",
            "mergeAllChunksOnShard",
            "moveChunk",
            "moveRange",
            "movePrimary",
            "moveCollection",
            "unshardCollection",
            "refineCollectionShardKey",
            "shardCollection",
            "split",
            "splitChunk",
            "splitVector",
            "analyzeShardKey",
            "configureQueryAnalyzer",
            "transitionFromDedicatedConfigServer",
            "transitionToDedicatedConfigServer",
        ],
        "changes how data is spread over shards",
    ),
    (
        Class::Admin,
        &[
            "shutdown",
            "logRotate",
            "rotateCertificates",
            "configureFailPoint",
            "setFeatureCompatibilityVersion",
            "setClusterParameter",
            "setDefaultRWConcern",
            "setIndexCommitQuorum",
            "setQuerySettings",
            "removeQuerySettings",
            "planCacheSetFilter",
            "planCacheClearFilters",
            "planCacheClear",
            "connectionStatusReset",
            "dropConnections",
            "setFreeMonitoring",
            "logApplicationMessage",
            "logMessage",
            "setAuditConfig",
            "repairDatabase",
            "touch",
            "setUserWriteBlockMode",
            "createSearchIndexes",
            "updateSearchIndex",
            "dropSearchIndex",
            "oidReset",
            "trafficRecording",
            "startRecordingTraffic",
            "stopRecordingTraffic",
        ],
        "administers the server",
    ),
    (
        Class::Secret,
        &[
            "getCmdLineOpts",
            "getAuditConfig",
            "getClusterParameter",
            "getQueryableEncryptionCountInfo",
            "exportCollection",
        ],
        "may show secrets of the server's configuration",
    ),
];

/// Those that a person may approve.
const APPROVABLE: &[&str] = &[
    "killOp",
    "compact",
    "reIndex",
    "validate",
    "dbHash",
    "dbhash",
    "fsync",
    "profile",
    "setParameter",
    "getParameter",
];

pub(super) fn is_one(name: &str) -> bool {
    APPROVABLE.contains(&name) || REFUSED.iter().any(|(_, names, _)| names.contains(&name))
}

/// Judges a command about the server; `None` for every other one.
pub(super) fn judge(name: &str, command: &Document, author: Author) -> Option<Judgement> {
    if let Some((class, _, what)) = REFUSED.iter().find(|(_, names, _)| names.contains(&name)) {
        return Some(Judgement::deny(*class, format!("{name} {what}")));
    }
    let judged = match name {
        "killOp" => kill(command),
        "compact" | "reIndex" | "validate" => maintenance(name, command),
        "dbHash" | "dbhash" => whole_database(command),
        "fsync" => flush(command),
        "profile" => profile(command),
        "setParameter" => set_parameter(command, author),
        "getParameter" => get_parameter(command),
        "replSetResizeOplog" => resize_log(command, author),
        _ => return None,
    };
    Some(match judged {
        Ok(judged) | Err(judged) => judged,
    })
}

type Judged = Result<Judgement, Judgement>;

/// The fields after the first, apart from a comment.
fn rest(command: &Document) -> impl Iterator<Item = (&str, &Bson)> {
    command.iter().skip(1).map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| *key != "comment")
}

/// Another size of this member's replication log: by a person, in the one shape that a size alone has.
fn resize_log(command: &Document, author: Author) -> Judged {
    const WORDS: &str = "replSetResizeOplog gives this member's replication log another size";
    let sizes = crate::engine::mongodb::dialect::kinds::LOG_MB;
    let fits = |value: &Bson| {
        let megabytes = match value {
            Bson::Int32(n) => f64::from(*n),
            Bson::Double(n) => *n,
            _ => return false,
        };
        #[allow(clippy::cast_precision_loss, reason = "the limits are far below what a double holds exactly")]
        let (least, most) = (sizes.0 as f64, sizes.1 as f64);
        (least..=most).contains(&megabytes)
    };
    let all: Vec<(&str, &Bson)> = rest(command).collect();
    match (all.as_slice(), author) {
        ([("size", size)], Author::Person) if fits(size) => Ok(Judgement::needs_approval(Class::Admin, WORDS)),
        _ => Err(Judgement::deny(Class::Admin, WORDS)),
    }
}

fn kill(command: &Document) -> Judged {
    let all: Vec<(&str, &Bson)> = rest(command).collect();
    match all.as_slice() {
        // An operation of a shard is named `shard:number`.
        [("op", Bson::String(name))] if !name.is_empty() => {}
        [("op", number)] if whole(number).is_some() => {}
        _ => return Err(unknown("killOp wants one operation: {\"killOp\": 1, \"op\": 123}")),
    }
    Ok(Judgement::needs_approval(Class::Kill, "ends an operation"))
}

fn maintenance(name: &str, command: &Document) -> Judged {
    own(command.values().next().unwrap_or(&Bson::Null))?;
    let known: &[&str] = match name {
        "compact" => &["force", "freeSpaceTargetMB", "dryRun"],
        "validate" => &["full", "metadata", "checkBSONConformance", "background"],
        _ => &[],
    };
    for (key, value) in rest(command) {
        if name == "validate" && matches!(key, "repair" | "fixMultikey") && flag(value) != Some(false) {
            return Err(Judgement::deny(Class::Maintenance, "validate would repair what it finds"));
        }
        if !known.contains(&key) && !matches!(key, "repair" | "fixMultikey") {
            return Err(unknown(format!("{key} is not a known field of {name}")));
        }
        flagged(value, key)?;
    }
    Ok(Judgement::needs_approval(Class::Maintenance, "maintenance work on a collection"))
}

fn whole_database(command: &Document) -> Judged {
    for (key, value) in rest(command) {
        match key {
            "collections" => array(value, key)?.iter().try_for_each(|name| own(name).map(|_| ()))?,
            other => return Err(unknown(format!("{other} is not a known field of dbHash"))),
        }
    }
    Ok(Judgement::needs_approval(Class::Maintenance, "reads the whole database"))
}

fn flush(command: &Document) -> Judged {
    for (key, value) in rest(command) {
        match key {
            "lock" if flag(value) == Some(false) => {}
            "lock" => return Err(Judgement::deny(Class::Lock, "stops all writes until somebody unlocks")),
            "async" => flagged(value, key)?,
            other => return Err(unknown(format!("{other} is not a known field of fsync"))),
        }
    }
    Ok(Judgement::needs_approval(Class::Maintenance, "writes everything to disk"))
}

/// The profiler: -1 asks, 0 to 2 set.
fn profile(command: &Document) -> Judged {
    let level = command.values().next().and_then(whole);
    let options: Vec<(&str, &Bson)> = rest(command).collect();
    for (key, value) in &options {
        check_profile_option(key, value)?;
    }
    match (level, options.is_empty()) {
        (Some(-1), true) => Ok(Judgement::allow(Class::Read, "only reads")),
        (Some(-1..=2), _) => Ok(Judgement::needs_approval(Class::Setting, "changes what the profiler records")),
        _ => Err(unknown("profile wants -1, 0, 1 or 2")),
    }
}

fn check_profile_option(key: &str, value: &Bson) -> Checked {
    match key {
        "slowms" => at_least(value, 0, key),
        "sampleRate" => inert(value),
        other => Err(unknown(format!("{other} is not a known field of profile"))),
    }
}

/// Parameters that weaken a server's own protection, or choose how logins are checked.
const PROTECTION: &[&str] =
    &["auth", "tls", "ssl", "javascript", "test", "key", "scram", "sasl", "ldap", "password", "localhost"];

fn set_parameter(command: &Document, author: Author) -> Judged {
    let all: Vec<(&str, &Bson)> = rest(command).collect();
    let [(name, value)] = all.as_slice() else {
        return Err(Judgement::deny(Class::Setting, "one setting at a time, by its name"));
    };
    path(name)?;
    match value {
        Bson::Document(inner) => document(value, name).and_then(|_| inner.values().try_for_each(inert))?,
        other => inert(other)?,
    }
    let lower = name.to_ascii_lowercase();
    if author == Author::Model && PROTECTION.iter().any(|part| lower.contains(part)) {
        return Err(Judgement::deny(Class::Setting, format!("{name} is part of the server's protection")));
    }
    Ok(Judgement::needs_approval(Class::Setting, format!("changes the setting {name}")))
}

/// Settings that are read freely: beginnings of names that stand for figures and switches, never for a secret.
const HARMLESS: &[&str] = &[
    "cursorTimeoutMillis",
    "diagnosticDataCollection",
    "enableFlowControl",
    "featureCompatibilityVersion",
    "flowControl",
    "internalQuery",
    "journalCommitInterval",
    "localThresholdMs",
    "lockCodeSegmentsInMemory",
    "logicalSession",
    "logLevel",
    "maxIndexBuildMemoryUsageMegabytes",
    "maxNumActiveUserIndexBuilds",
    "maxTransactionLockRequestTimeoutMillis",
    "minSnapshotHistoryWindowInSeconds",
    "mirrorReads",
    "notablescan",
    "periodicNoopIntervalSecs",
    "planCacheSize",
    "quiet",
    "rangeDeleter",
    "replBatchLimit",
    "replWriterThreadCount",
    "storageEngineConcurrent",
    "syncdelay",
    "taskExecutorPoolSize",
    "temporarilyUnavailable",
    "transactionLifetimeLimitSeconds",
    "ttlMonitor",
    "watchdogPeriodSeconds",
    "wiredTigerConcurrent",
    "wiredTigerCursorCacheSize",
    "wiredTigerMaxCacheOverflowSizeGB",
];

fn get_parameter(command: &Document) -> Judged {
    let secret =
        || Judgement::deny(Class::Secret, "all parameters at once may show secrets; name the ones that you want");
    match command.values().next() {
        Some(Bson::String(_) | Bson::Document(_)) | None => return Err(secret()),
        Some(other) => inert(other)?,
    }
    let mut doubtful = None;
    let mut some = false;
    for (name, value) in rest(command) {
        if matches!(name, "allParameters" | "showDetails" | "setAt" | "*") {
            return Err(secret());
        }
        path(name)?;
        flagged(value, name)?;
        some = true;
        if !HARMLESS.iter().any(|known| name.starts_with(known)) {
            doubtful = Some(name);
        }
    }
    match (some, doubtful) {
        (false, _) => Err(unknown("getParameter wants the name of a parameter")),
        (true, Some(name)) => {
            Ok(Judgement::needs_approval(Class::Secret, format!("{name} is not known to hold no secret")))
        }
        (true, None) => Ok(Judgement::allow(Class::Read, "only reads")),
    }
}
