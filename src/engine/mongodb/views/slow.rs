//! Slow operations: from the profiler's collection where it is on, else from the server's log, which has those above
//! `slowms` since MongoDB 4.4 in a form that can be read.

use super::{Grid, TIME_MS, or_nothing, text, whole};
use crate::domain::activity::SessionInfo;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Value};
use crate::engine::Query;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::sample::{ask, command_text};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::doc;
use serde_json::Value as Json;

/// Rows at most.
const MOST: usize = 200;
/// The number of the log's line about a slow operation.
const SLOW_QUERY: u64 = 51_803;

/// The profiler's level, without changing it.
pub(super) static SLOW: Query =
    Query { name: "view.slow", text: r#"{"profile": -1, "$db": "$database"}"#, timeout_ms: TIME_MS };

fn grid() -> Grid {
    Grid::new(&[
        "time",
        "ms#",
        "operation",
        "namespace",
        "plan",
        "documents examined#",
        "keys examined#",
        "returned#",
        "application",
        "from",
        "command",
    ])
}

pub(in crate::engine::mongodb) async fn slow(
    session: &mut MongoSession,
    query: &'static Query,
) -> Result<Rows, SessionError> {
    let database = session.facts().database.clone();
    let level = or_nothing(ask(session, query).await)?.and_then(|reply| reply.int("was"));
    let profiled = doc! { "find": "system.profile", "sort": { "ts": -1 }, "limit": 200, "batchSize": 201 };
    if let Some(reply) = or_nothing(session.ask(&database, profiled, query.timeout_ms).await)? {
        let documents = reply.documents("cursor.firstBatch");
        if !documents.is_empty() {
            let mut grid = grid();
            for entry in documents {
                grid.row(vec![
                    entry.at("ts").map_or(Value::Null, |ts| cells::cell(ts, 64)),
                    whole(entry.int("millis")),
                    text(entry.text("op").unwrap_or_default()),
                    text(entry.text("ns").unwrap_or_default()),
                    text(entry.text("planSummary").unwrap_or_default()),
                    whole(entry.int("docsExamined")),
                    whole(entry.int("keysExamined")),
                    whole(entry.int("nreturned")),
                    text(entry.text("appName").unwrap_or_default()),
                    text("profiler"),
                    text(entry.document("command").map(command_text).unwrap_or_default()),
                ]);
            }
            return Ok(grid.done());
        }
    }
    match session.ask("admin", doc! { "getLog": "global" }, query.timeout_ms).await {
        Ok(reply) => {
            let mut grid = grid();
            for line in reply.texts("log").into_iter().rev().filter_map(line).take(MOST) {
                grid.row(line);
            }
            Ok(grid.done())
        }
        Err(error @ SessionError::Lost(_)) => Err(error),
        Err(_) => Err(SessionError::Unsupported(format!(
            "the profiler of {database} is {}, and this login may not read the server's log: grant clusterMonitor, or \
             turn the profiler on with db.setProfilingLevel(1)",
            match level {
                Some(0) => "off",
                Some(_) => "on but has recorded nothing",
                None => "not to be seen",
            }
        ))),
    }
}

/// A line of the log about a slow operation as a row.
fn line(line: &str) -> Option<Vec<Value>> {
    let entry: Json = serde_json::from_str(line).ok()?;
    if entry.get("id")?.as_u64()? != SLOW_QUERY {
        return None;
    }
    let attributes = entry.get("attr")?;
    let word = |name: &str| text(attributes.get(name).and_then(Json::as_str).unwrap_or_default());
    let number = |name: &str| whole(attributes.get(name).and_then(Json::as_i64));
    let command = attributes.get("command").map(|command| cut(&command.to_string())).unwrap_or_default();
    Some(vec![
        text(entry.pointer("/t/$date").and_then(Json::as_str).unwrap_or_default()),
        number("durationMillis"),
        word("type"),
        word("ns"),
        word("planSummary"),
        number("docsExamined"),
        number("keysExamined"),
        number("nreturned"),
        word("appName"),
        text("log"),
        text(command),
    ])
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(SessionInfo::STATEMENT_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_slow_operations_become_rows() {
        let slow = r#"{"t":{"$date":"2026-08-22T14:31:58.120+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn9",
            "msg":"Slow query","attr":{"type":"command","ns":"shop.orders","appName":"web","durationMillis":1234,
            "command":{"find":"orders"},"planSummary":"COLLSCAN","docsExamined":250000,"keysExamined":0,"nreturned":3}}"#;
        let row = line(slow).unwrap_or_default();
        assert_eq!(row.get(1), Some(&Value::Int(1234)));
        assert_eq!(row.get(4), Some(&Value::Text("COLLSCAN".into())));
        assert_eq!(row.len(), grid().done().columns.len());
        assert_eq!(line(r#"{"id":22943,"attr":{}}"#), None);
        assert_eq!(line("2020-01-01T00:00:00 I COMMAND old text form"), None);
    }
}
