//! What happens right now: operations, connections, locks, transactions.

use super::{aggregate, at_most, noted, one, statement};
use crate::domain::question::{Answer, ConnectionKey, Scope, Topic};
use bson::{Bson, Document, doc};

/// Operations of everybody, `idle`: connections and sessions that do nothing too.
fn operations(idle: bool) -> Document {
    doc! {"$currentOp": {"allUsers": true, "idleConnections": idle, "idleSessions": idle}}
}

/// Fields that say what an operation is.
fn shown() -> Document {
    doc! {"$project": {
        "_id": 0, "opid": 1, "secs_running": 1, "op": 1, "ns": 1, "client": 1, "appName": 1,
        "user": {"$arrayElemAt": ["$effectiveUsers.user", 0]}, "planSummary": 1, "waitingForLock": 1, "numYields": 1, "command": 1,
    }}
}

/// Leaves our own sessions out.
const NOT_OURS: &str = "^dba-gpt";

fn not_ours(mut condition: Document) -> Document {
    condition.insert("appName", doc! {"$not": {"$regex": NOT_OURS}});
    doc! {"$match": condition}
}

pub(super) fn topic(topic: Topic, scope: &Scope) -> Option<Answer> {
    let title = topic.title();
    let longest = || vec![doc! {"$sort": {"secs_running": -1}}, at_most(scope.limit.unwrap_or(50))];
    let asked = |mut stages: Vec<Document>| {
        stages.extend(longest());
        if scope.count {
            stages.push(doc! {"$count": "count"});
        }
        aggregate(1, stages)
    };
    Some(match topic {
        Topic::Running => {
            let mut condition = doc! {"active": true};
            if let Some(ms) = scope.longer_than_ms {
                condition.insert(
                    "microsecs_running",
                    doc! {"$gte": i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX)},
                );
            }
            if let Some(user) = &scope.name {
                condition.insert("effectiveUsers.user", user.as_str());
            }
            one("Operations running now", &asked(vec![operations(false), not_ours(condition), shown()]))
        }
        Topic::Locks => {
            let condition = doc! {"locks": {"$exists": true, "$ne": {}}};
            let fields = doc! {"$project": {
                "_id": 0, "opid": 1, "secs_running": 1, "op": 1, "ns": 1, "appName": 1, "waitingForLock": 1, "locks": 1, "lockStats": 1,
            }};
            noted(
                "Operations that hold or want locks",
                &asked(vec![operations(true), not_ours(condition), fields]),
                "r and w are intents on a part, R and W take the whole",
            )
        }
        Topic::Blocking => {
            let mut answer = noted(
                "Operations that wait for a lock",
                &asked(vec![operations(false), not_ours(doc! {"waitingForLock": true}), shown()]),
                "MongoDB does not tell who waits for whom: the second list has those who may hold what is waited for",
            );
            let holders = doc! {"waitingForLock": false, "locks": {"$exists": true, "$ne": {}}};
            let command = aggregate(1, [vec![operations(true), not_ours(holders), shown()], longest()].concat());
            answer.statements.push(statement("Operations that hold locks", &command));
            title.clone_into(&mut answer.title);
            answer
        }
        Topic::LongTransactions | Topic::IdleInTransaction => {
            let mut condition = doc! {"transaction": {"$exists": true}};
            if topic == Topic::IdleInTransaction {
                condition.insert("active", false);
            }
            if let Some(ms) = scope.longer_than_ms {
                let micros = i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX);
                condition.insert("transaction.timeOpenMicros", doc! {"$gte": micros});
            }
            let fields = doc! {"$project": {
                "_id": 0, "opid": 1, "type": 1, "active": 1, "client": 1, "appName": 1, "open_micros": "$transaction.timeOpenMicros",
                "inactive_micros": "$transaction.timeInactiveMicros", "started": "$transaction.startWallClockTime", "lsid": 1,
            }};
            let mut stages = vec![operations(true), not_ours(condition), fields, doc! {"$sort": {"open_micros": -1}}];
            stages.push(if scope.count {
                doc! {"$count": "count"}
            } else {
                at_most(scope.limit.unwrap_or(50))
            });
            one(title, &aggregate(1, stages))
        }
        Topic::Waits => {
            let group = doc! {"$group": {
                "_id": {"op": "$op", "waitingForLock": "$waitingForLock", "waitingForFlowControl": "$waitingForFlowControl"},
                "operations": {"$sum": 1}, "longest_seconds": {"$max": "$secs_running"},
            }};
            let fields = doc! {"$project": {
                "_id": 0, "op": "$_id.op", "waiting_for_lock": "$_id.waitingForLock",
                "waiting_for_flow_control": "$_id.waitingForFlowControl", "operations": 1, "longest_seconds": 1,
            }};
            let stages = vec![
                operations(false),
                not_ours(doc! {"active": true}),
                group,
                fields,
                doc! {"$sort": {"operations": -1}},
            ];
            one("What active operations wait for", &aggregate(1, stages))
        }
        Topic::Progress => {
            let condition = doc! {"$or": [{"progress": {"$exists": true}}, {"msg": {"$exists": true}}]};
            let fields = doc! {"$project": {"_id": 0, "opid": 1, "secs_running": 1, "ns": 1, "msg": 1, "progress": 1, "command": 1}};
            one(title, &asked(vec![operations(false), not_ours(condition), fields]))
        }
        Topic::Connections => connections(scope),
        Topic::SlowQueries | Topic::FrequentQueries => recorded(topic, scope),
        _ => return None,
    })
}

/// Connections, grouped or listed.
fn connections(scope: &Scope) -> Answer {
    let first_of = |list: Bson| Bson::Document(doc! {"$arrayElemAt": [list, 0]});
    let part = |path: &str, mark: &str| first_of(Bson::Document(doc! {"$split": [path, mark]}));
    let key: Option<(&str, Bson)> = scope.by.map(|by| match by {
        ConnectionKey::User => ("user", first_of(Bson::from("$effectiveUsers.user"))),
        ConnectionKey::State => ("is_active", Bson::from("$active")),
        ConnectionKey::Application => ("application", Bson::from("$appName")),
        ConnectionKey::Database => ("database", part("$ns", ".")),
        ConnectionKey::Client => ("client", part("$client", ":")),
    });
    let mut condition = doc! {"connectionId": {"$exists": true}};
    if let Some(name) = &scope.name {
        condition =
            doc! {"$and": [condition, {"$or": [{"effectiveUsers.user": name.as_str()}, {"appName": name.as_str()}]}]};
    }
    if scope.idle {
        condition.insert("active", false);
    }
    let mut stages = vec![operations(true), doc! {"$match": condition}];
    if let Some((name, key)) = key {
        stages.push(
            doc! {"$group": {"_id": key, "connections": {"$sum": 1}, "active": {"$sum": {"$cond": ["$active", 1, 0]}}}},
        );
        stages.push(doc! {"$project": {"_id": 0, name: "$_id", "connections": "$connections", "active": "$active"}});
        stages.push(doc! {"$sort": {"connections": -1}});
        return one("Connections", &aggregate(1, stages));
    }
    if scope.count {
        stages.push(doc! {"$count": "connections"});
        return one("Connections: how many", &aggregate(1, stages));
    }
    stages.push(doc! {"$project": {
        "_id": 0, "connectionId": 1, "client": 1, "appName": 1, "user": {"$arrayElemAt": ["$effectiveUsers.user", 0]},
        "active": 1, "op": 1, "ns": 1, "secs_running": 1,
    }});
    stages.push(doc! {"$sort": {"active": -1, "connectionId": 1}});
    stages.push(at_most(scope.limit.unwrap_or(200)));
    let mut answer = one("Connections", &aggregate(1, stages));
    if scope.longer_than_ms.is_some() {
        answer.notes.push("MongoDB does not tell since when a connection is idle, so all are listed".into());
    }
    answer
}

/// What the profiler recorded, by the shape of the statement.
fn recorded(topic: Topic, scope: &Scope) -> Answer {
    let sort = if topic == Topic::SlowQueries {
        doc! {"total_millis": -1}
    } else {
        doc! {"count": -1}
    };
    let stages = vec![
        doc! {"$group": {
            "_id": {"ns": "$ns", "op": "$op", "shape": {"$ifNull": ["$planCacheShapeHash", "$queryHash"]}, "plan": "$planSummary"},
            "count": {"$sum": 1}, "total_millis": {"$sum": "$millis"}, "average_millis": {"$avg": "$millis"},
            "max_millis": {"$max": "$millis"}, "documents_read": {"$sum": "$docsExamined"}, "last": {"$max": "$ts"},
            "example": {"$last": "$command"},
        }},
        doc! {"$project": {
            "_id": 0, "collection": "$_id.ns", "op": "$_id.op", "plan": "$_id.plan", "count": "$count",
            "total_millis": "$total_millis", "average_millis": "$average_millis", "max_millis": "$max_millis",
            "documents_read": "$documents_read", "last": "$last", "example": "$example",
        }},
        doc! {"$sort": sort},
        at_most(scope.limit.unwrap_or(20)),
    ];
    let mut answer = noted(
        if topic == Topic::SlowQueries { "Slow operations by total time" } else { "Slow operations by calls" },
        &aggregate("system.profile", stages),
        "only what the profiler recorded in this database; with level 0 it records nothing: db.setProfilingLevel(1) turns it on",
    );
    answer.statements.push(statement("The profiler", &doc! {"profile": -1}));
    answer
}
