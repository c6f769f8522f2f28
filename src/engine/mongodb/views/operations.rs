//! Views of what runs: operations, and connections grouped by client.

use super::{Grid, TIME_MS, tenths, text, whole};
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::engine::Query;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::sample::{ask, command_text, text_of_user};
use crate::engine::mongodb::session::{self, MongoSession};
use crate::engine::mongodb::wire::Fields as _;
use bson::RawDocument;

pub(super) static OPERATIONS: Query = Query {
    name: "view.operations",
    text: r#"{"aggregate": 1, "pipeline": [
        {"$currentOp": {"allUsers": true, "idleConnections": false, "idleSessions": true, "idleCursors": true}},
        {"$sort": {"microsecs_running": -1}}, {"$limit": 500}], "cursor": {"batchSize": 501}, "$db": "admin"}"#,
    timeout_ms: TIME_MS,
};

pub(super) static CONNECTIONS: Query = Query {
    name: "view.connections",
    text: r#"{"aggregate": 1, "pipeline": [
        {"$currentOp": {"allUsers": true, "idleConnections": true, "idleSessions": false}},
        {"$match": {"client": {"$exists": true}}},
        {"$project": {"active": 1, "appName": 1, "effectiveUsers": 1, "clientMetadata.driver": 1,
                      "host": {"$arrayElemAt": [{"$split": ["$client", ":"]}, 0]}}},
        {"$group": {"_id": {"host": "$host", "app": "$appName", "users": "$effectiveUsers", "driver": "$clientMetadata.driver"},
                    "connections": {"$sum": 1}, "active": {"$sum": {"$cond": ["$active", 1, 0]}}}},
        {"$sort": {"connections": -1}}, {"$limit": 300}], "cursor": {"batchSize": 301}, "$db": "admin"}"#,
    timeout_ms: TIME_MS,
};

/// A query on the list of operations, without others' where they may not be seen.
async fn listed(session: &mut MongoSession, query: &'static Query) -> Result<bson::RawDocumentBuf, SessionError> {
    if session.facts().sees_all {
        return ask(session, query).await;
    }
    let (database, mut command) = session::document(query, "admin")?;
    if let Some(options) = command
        .get_array_mut("pipeline")
        .ok()
        .and_then(|stages| stages.first_mut()?.as_document_mut()?.get_document_mut("$currentOp").ok())
    {
        options.insert("allUsers", false);
    }
    session.ask(&database, command, query.timeout_ms).await
}

pub(super) async fn operations(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let reply = listed(session, query).await?;
    let mut grid = Grid::new(&[
        "opid",
        "seconds#",
        "operation",
        "namespace",
        "state",
        "user",
        "application",
        "client",
        "plan",
        "yields#",
        "command",
    ]);
    for op in reply.documents("cursor.firstBatch") {
        let id = op.at("opid").map_or(Value::Null, |id| cells::cell(id, 256));
        grid.row(vec![
            id,
            tenths(op.number("microsecs_running").map(|us| us / 1e6)),
            text(op.text("op").filter(|op| *op != "none").unwrap_or_default()),
            text(op.text("ns").unwrap_or_default()),
            text(state(op)),
            text(text_of_user(op)),
            text(op.text("appName").unwrap_or(op.text("desc").unwrap_or_default())),
            text(op.text("client").or(op.text("client_s")).unwrap_or_default()),
            text(op.text("planSummary").unwrap_or_default()),
            whole(op.int("numYields")),
            text(op.document("command").filter(|c| !c.is_empty()).map(command_text).unwrap_or_default()),
        ]);
    }
    Ok(grid.done())
}

fn state(op: &RawDocument) -> String {
    let mut words = Vec::new();
    match op.text("type") {
        Some("idleSession") => words.push("idle session".to_owned()),
        Some("idleCursor") => words.push("idle cursor".to_owned()),
        _ if op.flag("active") => words.push("active".to_owned()),
        _ => {}
    }
    if op.document("transaction").is_some() {
        words.push("in transaction".to_owned());
    }
    if op.flag("waitingForLock") {
        words.push("waits for a lock".to_owned());
    }
    if op.flag("waitingForFlowControl") {
        words.push("waits for flow control".to_owned());
    }
    if let Some(queue) = op.text("currentQueue.name") {
        words.push(format!("queued ({queue})"));
    }
    if op.flag("killPending") {
        words.push("being killed".to_owned());
    }
    if let Some(message) = op.text("msg") {
        words.push(message.to_owned());
    }
    words.join(", ")
}

pub(super) async fn connections(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let reply = listed(session, query).await?;
    let mut grid = Grid::new(&["client", "application", "user", "connections#", "active#", "driver"]);
    for group in reply.documents("cursor.firstBatch") {
        let user =
            group.documents("_id.users").first().and_then(|user| user.text("user")).unwrap_or_default().to_owned();
        let driver: Vec<&str> =
            ["_id.driver.name", "_id.driver.version"].iter().filter_map(|path| group.text(path)).collect();
        grid.row(vec![
            text(group.text("_id.host").unwrap_or_default()),
            text(group.text("_id.app").unwrap_or_default()),
            text(user),
            whole(group.int("connections")),
            whole(group.int("active")),
            text(driver.join(" ")),
        ]);
    }
    Ok(grid.done())
}
