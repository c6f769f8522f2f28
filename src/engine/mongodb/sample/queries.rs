//! What one collection asks.

use crate::engine::Query;

/// Time for what is asked every cycle.
const LIGHT_MS: u64 = 2000;
/// Time for what is asked now and then.
const HEAVY_MS: u64 = 4000;

/// Operations of one sample, at most; the limit of the queries below.
pub(super) const MOST_OPERATIONS: usize = 1000;

/// Sections of `serverStatus` that are large and say nothing here; the same as in [`STATUS`].
pub(in crate::engine::mongodb) const LARGE_SECTIONS: &[&str] = &[
    "apiVersions",
    "changeStreamPreImages",
    "electionMetrics",
    "indexBuilds",
    "indexBulkBuilder",
    "indexStats",
    "internalTransactions",
    "opReadConcernCounters",
    "planCache",
    "queryAnalyzers",
    "readConcernCounters",
    "readPreferenceCounters",
    "scramCache",
    "security",
    "shardSplits",
    "sharding",
    "tcmalloc",
    "tenantMigrations",
    "transportSecurity",
    "twoPhaseCommitCoordinator",
];

/// Counters and levels of the process.
pub(super) static STATUS: Query = Query {
    name: "sample.status",
    text: r#"{"serverStatus": 1, "apiVersions": 0, "changeStreamPreImages": 0, "electionMetrics": 0, "indexBuilds": 0,
        "indexBulkBuilder": 0, "indexStats": 0, "internalTransactions": 0, "opReadConcernCounters": 0, "planCache": 0,
        "queryAnalyzers": 0, "readConcernCounters": 0, "readPreferenceCounters": 0, "scramCache": 0, "security": 0,
        "shardSplits": 0, "sharding": 0, "tcmalloc": 0, "tenantMigrations": 0, "transportSecurity": 0,
        "twoPhaseCommitCoordinator": 0, "$db": "admin"}"#,
    timeout_ms: LIGHT_MS,
};

/// The server's clock, for a login that may not see the counters.
pub(super) static HELLO: Query =
    Query { name: "sample.hello", text: r#"{"hello": 1, "$db": "admin"}"#, timeout_ms: LIGHT_MS };

/// Operations that run, and transactions that wait for their client; the longest first.
pub(super) static OPERATIONS: Query = Query {
    name: "sample.operations",
    text: r#"{"aggregate": 1, "pipeline": [
        {"$currentOp": {"allUsers": true, "idleConnections": false, "idleSessions": true}},
        {"$match": {"$or": [{"active": true}, {"type": "idleSession", "transaction": {"$exists": true}}]}},
        {"$sort": {"microsecs_running": -1}}, {"$limit": 1000}], "cursor": {"batchSize": 1001}, "$db": "admin"}"#,
    timeout_ms: LIGHT_MS,
};

/// The same of a router itself, without asking every shard.
pub(super) static OPERATIONS_OF_ROUTER: Query = Query {
    name: "sample.operations_of_router",
    text: r#"{"aggregate": 1, "pipeline": [
        {"$currentOp": {"allUsers": true, "idleConnections": false, "idleSessions": true, "localOps": true}},
        {"$match": {"$or": [{"active": true}, {"type": "idleSession", "transaction": {"$exists": true}}]}},
        {"$sort": {"microsecs_running": -1}}, {"$limit": 1000}], "cursor": {"batchSize": 1001}, "$db": "admin"}"#,
    timeout_ms: LIGHT_MS,
};

/// What a login without the right to see others may see.
pub(super) static OWN_OPERATIONS: Query = Query {
    name: "sample.own_operations",
    text: r#"{"aggregate": 1, "pipeline": [{"$currentOp": {"allUsers": false, "localOps": true}},
        {"$match": {"active": true}}, {"$limit": 1000}], "cursor": {"batchSize": 1001}, "$db": "admin"}"#,
    timeout_ms: LIGHT_MS,
};

/// The members of the replica set.
pub(super) static SET: Query =
    Query { name: "sample.set", text: r#"{"replSetGetStatus": 1, "$db": "admin"}"#, timeout_ms: LIGHT_MS };

/// How the members of the set are meant to be.
pub(super) static CONFIG: Query =
    Query { name: "sample.config", text: r#"{"replSetGetConfig": 1, "$db": "admin"}"#, timeout_ms: HEAVY_MS };

/// Size of the connected database.
pub(super) static SIZE: Query =
    Query { name: "sample.size", text: r#"{"dbStats": 1, "$db": "$database"}"#, timeout_ms: HEAVY_MS };

/// First and last entry of the replication log.
pub(super) static OPLOG: Query = Query {
    name: "sample.oplog",
    text: r#"{"serverStatus": 1, "oplog": 1, "wiredTiger": 0, "metrics": 0, "tcmalloc": 0, "locks": 0, "$db": "admin"}"#,
    timeout_ms: HEAVY_MS,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_sections_are_left_out_of_both() {
        for section in LARGE_SECTIONS {
            assert!(STATUS.text.contains(&format!("\"{section}\": 0")), "{section}");
        }
        assert_eq!(STATUS.text.matches(": 0").count(), LARGE_SECTIONS.len());
    }
}
