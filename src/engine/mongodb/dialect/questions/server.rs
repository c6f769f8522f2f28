//! The server: version, counters, memory, members of its set, users, settings.

use super::{noted, now, one, statement};
use crate::domain::question::{Answer, Scope, Topic};
use bson::{Document, doc};

/// Large sections of the server's status, left out unless they are what was asked for.
const LARGE: &[&str] =
    &["electionMetrics", "indexStats", "locks", "metrics", "readConcernCounters", "repl", "tcmalloc", "wiredTiger"];

/// The server's status with these of its large sections.
fn status(wanted: &[&str]) -> Document {
    let mut command = doc! {"serverStatus": 1};
    for section in LARGE.iter().filter(|section| !wanted.contains(section)) {
        command.insert(*section, 0);
    }
    for section in wanted.iter().filter(|section| !LARGE.contains(section)) {
        command.insert(*section, 1);
    }
    command
}

pub(super) fn topic(topic: Topic, scope: &Scope) -> Option<Answer> {
    let title = topic.title();
    Some(match topic {
        Topic::Version => one(title, &doc! {"buildInfo": 1}),
        Topic::Uptime => noted(title, &status(&[]), "uptime is in seconds"),
        Topic::ConnectionLimit => {
            noted(title, &status(&[]), "connections.current and connections.available: together they are the limit")
        }
        Topic::TableEngines => noted("The storage engine", &status(&[]), "storageEngine.name"),
        Topic::ErrorCounts => {
            noted(title, &status(&[]), "asserts count since the server started; user ones are errors of clients")
        }
        Topic::Operations => noted(
            title,
            &status(&[]),
            "opcounters and network count since the server started; opcountersRepl are those of replication",
        ),
        Topic::Memory => {
            noted(title, &status(&["tcmalloc"]), "mem.resident is in MiB; the cache is in wiredTiger.cache (\"cache\")")
        }
        Topic::CacheHitRatio => noted(
            "The cache",
            &status(&["wiredTiger"]),
            "wiredTiger.cache: pages requested against pages read into cache is the hit ratio; bytes currently in the cache \
             against maximum bytes configured is how full it is",
        ),
        Topic::Wal | Topic::Checkpoints => noted(
            "Journal and checkpoints",
            &status(&["wiredTiger"]),
            "wiredTiger.log is the journal, wiredTiger.checkpoint the checkpoints",
        ),
        Topic::SequentialScans => noted(
            "Scans of whole collections",
            &status(&["metrics"]),
            "metrics.queryExecutor.collectionScans counts them since the server started",
        ),
        Topic::Deadlocks => noted(
            "Transactions and write conflicts",
            &status(&["metrics"]),
            "MongoDB has no deadlocks between documents: metrics.operation.writeConflicts counts what was tried again",
        ),
        Topic::TempFiles => noted(
            "What was spilled to disk",
            &status(&["metrics"]),
            "metrics.query.sort, metrics.query.group and their like count what was spilled",
        ),
        Topic::Replication => {
            let mut answer = one("Members of the replica set", &doc! {"replSetGetStatus": 1});
            answer
                .notes
                .push("a lag is the primary's optimeDate less a member's; a server of its own has no set".into());
            answer
        }
        Topic::ReplicationWindow => {
            noted(title, &status(&["oplog", "repl"]), "oplog.earliestOptime to oplog.latestOptime is the window")
        }
        Topic::Roles | Topic::Superusers => {
            let users = doc! {"usersInfo": {"forAllDBs": true}};
            let mut answer = one(if topic == Topic::Roles { "Users" } else { "Users and their roles" }, &users);
            if topic == Topic::Superusers {
                answer.notes.push(
                    "root, __system, dbOwner or userAdmin of admin, userAdminAnyDatabase and restore reach everything"
                        .into(),
                );
            } else {
                answer.statements.push(statement("Roles of our own", &doc! {"rolesInfo": 1}));
            }
            answer
        }
        Topic::Privileges => match &scope.name {
            Some(user) => one(format!("Rights of {user}"), &doc! {"usersInfo": user.as_str(), "showPrivileges": true}),
            None => one("What we may do", &doc! {"connectionStatus": 1, "showPrivileges": true}),
        },
        Topic::CurrentUser => one(title, &doc! {"connectionStatus": 1}),
        Topic::Profiler => {
            noted(title, &doc! {"profile": -1}, "was: 0 records nothing, 1 what is slower than slowms, 2 everything")
        }
        Topic::Shards => {
            let mut answer = one("Shards", &doc! {"listShards": 1});
            answer.statements.push(statement("The balancer", &doc! {"balancerStatus": 1}));
            answer.notes.push("only a router (mongos) knows these".into());
            answer
        }
        Topic::Settings => settings(scope)?,
        Topic::Performance => performance(scope)?,
        _ => return None,
    })
}

/// Parameters that every supported version has and that hold no secret.
const PARAMETERS: &[&str] = &[
    "cursorTimeoutMillis",
    "internalQueryMaxBlockingSortMemoryUsageBytes",
    "logLevel",
    "maxIndexBuildMemoryUsageMegabytes",
    "notablescan",
    "quiet",
    "transactionLifetimeLimitSeconds",
    "ttlMonitorEnabled",
    "ttlMonitorSleepSecs",
    "wiredTigerConcurrentReadTransactions",
    "wiredTigerConcurrentWriteTransactions",
];

fn settings(scope: &Scope) -> Option<Answer> {
    let mut command = doc! {"getParameter": 1};
    let Some(name) = &scope.name else {
        command.extend(PARAMETERS.iter().map(|name| ((*name).to_owned(), 1.into())));
        return Some(noted("Well-known settings", &command, "one setting: \"setting cursorTimeoutMillis\""));
    };
    let lower = name.to_lowercase();
    let known: Vec<&&str> = PARAMETERS.iter().filter(|known| known.to_lowercase().contains(&lower)).collect();
    if known.is_empty() {
        return None;
    }
    command.extend(known.into_iter().map(|name| ((*name).to_owned(), 1.into())));
    Some(one(format!("Settings like {name}"), &command))
}

/// What is looked at first when a server is slow.
fn performance(scope: &Scope) -> Option<Answer> {
    let mut answer = one("Counters, queues and connections", &status(&[]));
    let scope = Scope { name: None, ..scope.clone() };
    for topic in [Topic::Running, Topic::Blocking, Topic::SlowQueries] {
        answer.statements.extend(now::topic(topic, &scope)?.statements);
    }
    answer.notes.push("slow operations are only those that the profiler recorded".into());
    Topic::Performance.title().clone_into(&mut answer.title);
    Some(answer)
}
