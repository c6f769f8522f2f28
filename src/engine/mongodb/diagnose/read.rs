//! What a diagnosis reads of a MongoDB server, as rows with columns of our own.

use crate::domain::diagnosis::Observation;
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::domain::target::Timestamp;
use crate::engine::mongodb::sample::{Set, command_text, number_of_operation, sessions, text_of_user};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::views::{Grid, Shape, objects, slow};
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{Query, Session, Task, Wanted};
use bson::{Document, RawDocument, doc};

const TIME_MS: u64 = 2_000;
/// Time for one of several small questions, milliseconds.
const EACH_MS: u64 = 500;
/// Collections whose documents are counted.
const COUNTED: usize = 10;
/// Databases that are looked into for a collection of a name.
const DATABASES: usize = 30;

/// Counters and levels of the process, one row a number.
pub(super) static STATUS: Query =
    Query { name: "diagnose.status", text: r#"{"serverStatus": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };
/// What runs, and transactions that wait for their client.
pub(super) static OPERATIONS: Query =
    Query { name: "diagnose.operations", text: r#"{"ping": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };
/// Slow operations, from the profiler or the log.
pub(super) static SLOW: Query =
    Query { name: "diagnose.slow", text: r#"{"profile": -1, "$db": "$database"}"#, timeout_ms: TIME_MS };
/// Indexes of the connected database with their use.
pub(super) static INDEXES: Query = Query {
    name: "diagnose.indexes",
    text: r#"{"listCollections": 1, "authorizedCollections": true, "nameOnly": true, "filter": {"type": "collection"},
        "cursor": {"batchSize": 200}, "$db": "$database"}"#,
    timeout_ms: TIME_MS,
};
/// Members of the set.
pub(super) static MEMBERS: Query =
    Query { name: "diagnose.members", text: r#"{"replSetGetStatus": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };
/// The replication log: first and last entry, size and room.
pub(super) static OPLOG: Query = Query {
    name: "diagnose.oplog",
    text: r#"{"serverStatus": 1, "oplog": 1, "wiredTiger": 0, "metrics": 0, "tcmalloc": 0, "locks": 0, "$db": "admin"}"#,
    timeout_ms: TIME_MS,
};
/// Room on the disk.
pub(super) static DISK: Query =
    Query { name: "diagnose.disk", text: r#"{"dbStats": 1, "$db": "$database"}"#, timeout_ms: TIME_MS };
/// Documents of collections that were read as wholes.
pub(super) static COUNTS: Query =
    Query { name: "diagnose.counts", text: r#"{"ping": 1, "$db": "admin"}"#, timeout_ms: EACH_MS };
/// Collections by database.
pub(super) static COLLECTIONS: Query = Query {
    name: "diagnose.collections",
    text: r#"{"listDatabases": 1, "nameOnly": true, "$db": "admin"}"#,
    timeout_ms: TIME_MS,
};

static SHAPES: &[(&Query, Shape)] = &[
    (&STATUS, |session, _| Box::pin(status(session))),
    (&OPERATIONS, |session, _| Box::pin(operations(session))),
    (&SLOW, |session, query| Box::pin(slow::slow(session, query))),
    (&INDEXES, |session, query| Box::pin(objects::indexes(session, query))),
    (&MEMBERS, |session, _| Box::pin(members(session))),
    (&OPLOG, |session, query| Box::pin(oplog(session, query))),
    (&DISK, |session, query| Box::pin(disk(session, query))),
    (&COLLECTIONS, |session, query| Box::pin(collections(session, query))),
];

/// The function that makes rows of a query's answer, where it has one.
pub(in crate::engine::mongodb) fn shape(query: &Query) -> Option<Shape> {
    SHAPES.iter().find(|(known, _)| known.name == query.name).map(|(_, shape)| *shape)
}

/// Numbers of `serverStatus` that a judgement goes by, by their paths.
pub(super) const NUMBERS: &[&str] = &[
    "uptime",
    "connections.current",
    "connections.available",
    "connections.rejected",
    "globalLock.currentQueue.total",
    "globalLock.activeClients.total",
    "metrics.queryExecutor.collectionScans.total",
    "metrics.queryExecutor.scannedObjects",
    "metrics.document.returned",
    "metrics.operation.writeConflicts",
    "wiredTiger.cache.maximum bytes configured",
    "wiredTiger.cache.bytes currently in the cache",
    "wiredTiger.cache.tracked dirty bytes in the cache",
    "wiredTiger.cache.pages evicted by application threads",
    "wiredTiger.cache.application threads page read from disk to cache time (usecs)",
    "wiredTiger.transaction.transaction checkpoint most recent time (msecs)",
];

fn rows_of(pairs: impl Iterator<Item = (String, Option<f64>)>) -> Rows {
    let mut grid = Grid::new(&["name", "value#"]);
    for (name, value) in pairs {
        if let Some(value) = value {
            grid.row(vec![Value::Text(name), Value::Float(value)]);
        }
    }
    grid.done()
}

async fn status(session: &mut MongoSession) -> Result<Rows, SessionError> {
    let mut command = doc! { "serverStatus": 1 };
    for section in crate::engine::mongodb::sample::LARGE_SECTIONS {
        command.insert(*section, 0);
    }
    let reply = session.ask("admin", command, TIME_MS).await?;
    let now = reply.moment("localTime").map(|ms| ms as f64);
    let numbers = NUMBERS.iter().map(|path| ((*path).to_owned(), reply.number(path)));
    Ok(rows_of(numbers.chain([("localTime".to_owned(), now)])))
}

async fn operations(session: &mut MongoSession) -> Result<Rows, SessionError> {
    let command = doc! {
        "aggregate": 1,
        "pipeline": [
            { "$currentOp": { "allUsers": session.facts().sees_all, "idleConnections": false, "idleSessions": true } },
            { "$match": { "$or": [{ "active": true }, { "type": "idleSession", "transaction": { "$exists": true } }] } },
            { "$limit": 500 },
        ],
        "cursor": { "batchSize": 501 },
    };
    let reply = session.ask("admin", command, TIME_MS).await?;
    let listed = reply.documents("cursor.firstBatch");
    let user = session.identity().user.clone();
    let known = sessions(&listed, Timestamp(0), &user);
    let mut grid = Grid::new(&[
        "id#",
        "seconds#",
        "operation",
        "namespace",
        "plan",
        "user",
        "application",
        "client",
        "state",
        "blocked_by",
        "waits#",
        "command",
    ]);
    for op in listed {
        let id = number_of_operation(op);
        let Some(own) = known.iter().find(|session| session.pid == id) else { continue };
        let idle = op.text("type") == Some("idleSession");
        let state = if idle {
            "idle in transaction"
        } else if own.background {
            "background"
        } else {
            "active"
        };
        let micros = if idle { op.number("transaction.timeOpenMicros") } else { op.number("microsecs_running") };
        let seconds = micros.map(|us| us / 1e6).or(op.number("secs_running"));
        let text = |words: Option<&str>| words.map_or(Value::Null, |words| Value::Text(words.to_owned()));
        let by: Vec<String> = own.blocked_by.iter().map(i64::to_string).collect();
        grid.row(vec![
            Value::Int(id),
            seconds.map_or(Value::Null, Value::Float),
            text(op.text("op")),
            text(op.text("ns")),
            text(op.text("planSummary")),
            Value::Text(text_of_user(op)),
            text(op.text("appName").or(op.text("desc"))),
            text(op.text("client").or(op.text("client_s"))),
            Value::Text(state.to_owned()),
            Value::Text(by.join(",")),
            Value::Int(i64::from(op.flag("waitingForLock"))),
            Value::Text(op.document("command").map(command_text).unwrap_or_default()),
        ]);
    }
    Ok(grid.done())
}

async fn members(session: &mut MongoSession) -> Result<Rows, SessionError> {
    let reply = match session.ask("admin", doc! { "replSetGetStatus": 1 }, TIME_MS).await {
        Err(SessionError::Server(message)) if matches!(message.code.as_str(), "76" | "59") => {
            return Ok(Grid::new(&["member", "state", "works#", "own#", "lag_s#", "message"]).done());
        }
        reply => reply?,
    };
    let set = Set::of(&reply);
    let mut grid = Grid::new(&["member", "state", "works#", "own#", "lag_s#", "message"]);
    for member in &set.members {
        grid.row(vec![
            Value::Text(member.name.clone()),
            Value::Text(member.state_word.clone()),
            Value::Int(i64::from(member.works())),
            Value::Int(i64::from(member.is_self)),
            set.lag(member).map_or(Value::Null, Value::Float),
            Value::Text(member.message.clone()),
        ]);
    }
    Ok(grid.done())
}

async fn oplog(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let (database, command) = crate::engine::mongodb::session::document(query, "admin")?;
    let status = session.ask(&database, command, query.timeout_ms).await?;
    let stats = doc! { "aggregate": "oplog.rs", "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {} };
    let stats = match session.ask("local", stats, query.timeout_ms).await {
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        reply => reply.ok(),
    };
    let stats = stats.as_ref().and_then(|reply| reply.documents("cursor.firstBatch").into_iter().next());
    let moment = |path: &str| status.moment(path).map(|ms| ms as f64);
    let bytes = |path: &str| stats.and_then(|stats: &RawDocument| stats.number(path));
    let pairs = [
        ("first_ms", moment("oplog.earliestOptime")),
        ("last_ms", moment("oplog.latestOptime")),
        ("bytes", bytes("storageStats.size")),
        ("most_bytes", bytes("storageStats.maxSize")),
    ];
    Ok(rows_of(pairs.into_iter().map(|(name, value)| (name.to_owned(), value))))
}

async fn disk(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let database = session.facts().database.clone();
    let reply = session.ask(&database, doc! { "dbStats": 1 }, query.timeout_ms).await?;
    let pairs =
        ["fsTotalSize", "fsUsedSize", "dataSize", "indexSize"].map(|name| (name.to_owned(), reply.number(name)));
    Ok(rows_of(pairs.into_iter()))
}

/// Collections of the connected database and of the others that this login may look into.
async fn collections(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let own = session.facts().database.clone();
    let mut databases = vec![own.clone()];
    let listed = session.ask("admin", doc! { "listDatabases": 1, "nameOnly": true }, query.timeout_ms).await;
    match listed {
        Ok(reply) => databases.extend(
            reply
                .documents("databases")
                .iter()
                .filter_map(|d| d.text("name").map(str::to_owned))
                .filter(|name| *name != own),
        ),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
        Err(_) => {}
    }
    let mut grid = Grid::new(&["database", "collection"]);
    for database in databases.into_iter().take(DATABASES) {
        let command = doc! { "listCollections": 1, "nameOnly": true, "authorizedCollections": true, "cursor": { "batchSize": 1000 } };
        match session.ask(&database, command, EACH_MS).await {
            Ok(reply) => {
                for name in reply.documents("cursor.firstBatch").iter().filter_map(|d| d.text("name")) {
                    grid.row(vec![Value::Text(database.clone()), Value::Text(name.to_owned())]);
                }
            }
            Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(grid.done())
}

/// What costs more, once at the end; and what depends on what was seen.
pub(super) fn look_further<'a>(
    session: &'a mut dyn Session,
    wanted: &'a Wanted,
    observation: &'a mut Observation,
) -> Task<'a, Result<(), SessionError>> {
    Box::pin(async move {
        let at = observation.last(STATUS.name).map_or(Timestamp(0), |look| look.at);
        let mut queries = vec![&SLOW, &MEMBERS, &OPLOG, &DISK, &INDEXES];
        if wanted.kind == Some(ErrorKind::TableNotFound) {
            queries.insert(0, &COLLECTIONS);
        }
        for query in queries {
            match session.own(query, &[]).await {
                Ok(rows) => observation.add(query.name, at, rows),
                Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
                Err(error) => observation.refuse(query.name, error.to_string()),
            }
            if query.name == SLOW.name {
                let rows = counts(MongoSession::behind(session)?, observation, wanted).await?;
                observation.add(COUNTS.name, at, rows);
            }
        }
        Ok(())
    })
}

/// Documents of the collections that were seen read as wholes, from the server's own books.
async fn counts(session: &mut MongoSession, observation: &Observation, wanted: &Wanted) -> Result<Rows, SessionError> {
    let mut namespaces: Vec<String> = Vec::new();
    let seen = observation.all(OPERATIONS.name).iter().chain(observation.last(SLOW.name));
    for look in seen {
        for row in look.rows.rows.iter().filter(|row| look.rows.text(row, "plan").contains("COLLSCAN")) {
            namespaces.push(look.rows.text(row, "namespace"));
        }
    }
    let own = session.facts().database.clone();
    let statement =
        wanted.statement.as_deref().and_then(|text| crate::engine::mongodb::dialect::command::parse(text).ok());
    if let Some(command) = statement
        && let Some(collection) = command.document.iter().next().and_then(|(_, name)| name.as_str())
    {
        namespaces.insert(0, format!("{}.{collection}", command.database.as_deref().unwrap_or(&own)));
    }
    namespaces.sort();
    namespaces.dedup();
    let mut pairs = Vec::new();
    for namespace in namespaces.into_iter().take(COUNTED) {
        let Some((database, collection)) = namespace.split_once('.') else { continue };
        let command: Document = doc! { "count": collection };
        match session.ask(database, command, EACH_MS).await {
            Ok(reply) => pairs.push((namespace.clone(), reply.number("n"))),
            Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
            Err(_) => {}
        }
    }
    Ok(rows_of(pairs.into_iter()))
}
