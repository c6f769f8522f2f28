//! Which function of the engine answers which command.

use crate::engine::Engine;
use crate::status::Server;
use crate::{explain, refusal, status};
use anyhow::Result;
use bson::{Bson, Document, doc};
use std::sync::Arc;
use tokio_postgres::error::SqlState;

/// Fields of a command that concern the way and not the question.
const OF_THE_WAY: [&str; 8] =
    ["$db", "lsid", "$clusterTime", "$readPreference", "apiVersion", "txnNumber", "maxTimeMS", "$audit"];

/// Answers one command. `sequence` holds the documents that came beside it.
pub async fn answer(engine: &Arc<Engine>, server: &Server, command: Document, sequence: Option<Vec<u8>>) -> Document {
    let Some(name) = command.keys().next().cloned() else {
        return refusal(9, "FailedToParse", "an empty command");
    };
    let Ok(database) = command.get_str("$db").map(str::to_owned) else {
        return refusal(40571, "Location40571", "OP_MSG requests require a $db argument");
    };
    if command.contains_key("startTransaction") {
        let message = "Transaction numbers are only allowed on a replica set member or mongos";
        return refusal(20, "IllegalOperation", message);
    }
    server.count(&name);
    let limit = whole_number(command.get("maxTimeMS")).filter(|limit| *limit > 0);
    let mut question = command;
    for field in OF_THE_WAY {
        question.remove(field);
    }
    let call = Call { engine, server, database: &database, command: &question };
    let result = async {
        if let Some(limit) = limit {
            engine.limit_time(limit).await?;
        }
        let result = call.perform(&name, sequence).await;
        if limit.is_some() {
            engine.limit_time(0).await?;
        }
        result
    };
    result.await.unwrap_or_else(|problem| in_its_words(&problem))
}

/// One command on its way.
struct Call<'a> {
    engine: &'a Arc<Engine>,
    server: &'a Server,
    database: &'a str,
    command: &'a Document,
}

impl Call<'_> {
    async fn perform(&self, name: &str, sequence: Option<Vec<u8>>) -> Result<Document> {
        let Self { engine, server, database, command } = *self;
        match name {
            "hello" | "isMaster" | "ismaster" => Ok(status::hello(server)),
            "ping" | "endSessions" | "killSessions" => Ok(doc! {"ok": 1.0}),
            "buildInfo" | "buildinfo" => status::build_info(engine).await,
            "serverStatus" => status::server_status(engine, server).await,
            "top" => status::top(engine).await,
            "explain" => explain::explain(engine, database, command).await,

            "listDatabases" => self.of_the_server("list_databases").await,
            "currentOp" => self.of_the_server("current_op_command").await,
            "killOp" => {
                // The engine wants to see where the command was sent to.
                let mut command = command.clone();
                command.insert("$db", database);
                let sql = "SELECT (documentdb_api.kill_op($1::bytea::documentdb_core.bson))::bytea";
                engine.document(sql, &[&command.to_vec()?]).await
            }
            "connectionStatus" => self.of_the_server("connection_status").await,
            "usersInfo" => self.of_the_server("users_info").await,
            "rolesInfo" => self.of_the_server("roles_info").await,

            "find" => server.cursors.open(engine, "find_cursor_first_page", database, command).await,
            "aggregate" => server.cursors.open(engine, "aggregate_cursor_first_page", database, command).await,
            "listCollections" => {
                server.cursors.open(engine, "list_collections_cursor_first_page", database, command).await
            }
            "listIndexes" => server.cursors.open(engine, "list_indexes_cursor_first_page", database, command).await,
            "getMore" => {
                let id = command.get_i64("getMore")?;
                let page = server.cursors.next(id, command).await?;
                Ok(page.unwrap_or_else(|| refusal(43, "CursorNotFound", format!("cursor id {id} not found"))))
            }
            "killCursors" => {
                let ids = command.get_array("cursors").cloned().unwrap_or_default();
                let (killed, unknown): (Vec<Bson>, Vec<Bson>) =
                    ids.into_iter().partition(|id| id.as_i64().is_some_and(|id| server.cursors.close(id)));
                Ok(
                    doc! {"cursorsKilled": killed, "cursorsNotFound": unknown, "cursorsAlive": [], "cursorsUnknown": [], "ok": 1.0},
                )
            }

            "count" => self.of_the_database("document", "count_query").await,
            "distinct" => self.of_the_database("document", "distinct_query").await,
            "validate" => self.of_the_database("document", "validate").await,
            "findAndModify" | "findandmodify" => self.of_the_database("p_result", "find_and_modify").await,
            "insert" | "update" | "delete" => self.write(name, sequence).await,
            "createIndexes" => {
                let sql = "SELECT (documentdb_api_internal.create_indexes_non_concurrently(
                               $1, $2::bytea::documentdb_core.bson, true))::bytea";
                engine.document(sql, &[&database, &command.to_vec()?]).await
            }
            "dropIndexes" | "deleteIndexes" => {
                let sql = "CALL documentdb_api.drop_indexes($1, $2::bytea::documentdb_core.bson, NULL)";
                engine.rows(sql, &[&database, &command.to_vec()?]).await?;
                Ok(doc! {"ok": 1.0})
            }
            "collStats" | "collstats" => self.of_the_collection("(documentdb_api.coll_stats($1, $2, 1))::bytea").await,
            "dbStats" | "dbstats" => {
                let sql = "SELECT (documentdb_api.db_stats($1, 1, false))::bytea";
                engine.document(sql, &[&database]).await
            }
            "create" if command.contains_key("viewOn") => {
                let sql = "SELECT (documentdb_api.create_collection_view($1, $2::bytea::documentdb_core.bson))::bytea";
                engine.document(sql, &[&database, &command.to_vec()?]).await
            }
            "create" => self.done("documentdb_api.create_collection($1, $2)").await,
            "drop" => self.done("documentdb_api.drop_collection($1, $2)").await,
            "dropDatabase" => {
                engine.rows("SELECT documentdb_api.drop_database($1)", &[&database]).await?;
                Ok(doc! {"dropped": database, "ok": 1.0})
            }
            // The level can be read; there is no profiler to be turned on.
            "profile" if whole_number(command.get("profile")) == Some(-1) => {
                Ok(doc! {"was": 0, "slowms": 100, "sampleRate": 1.0, "ok": 1.0})
            }
            "replSetGetStatus" => Ok(refusal(76, "NoReplicationEnabled", "not running with --replSet")),
            other => Ok(refusal(59, "CommandNotFound", format!("no such command: '{other}'"))),
        }
    }

    async fn of_the_server(&self, function: &str) -> Result<Document> {
        let sql = format!("SELECT (documentdb_api.{function}($1::bytea::documentdb_core.bson))::bytea");
        self.engine.document(&sql, &[&self.command.to_vec()?]).await
    }

    async fn of_the_database(&self, column: &str, function: &str) -> Result<Document> {
        let sql = format!("SELECT {column}::bytea FROM documentdb_api.{function}($1, $2::bytea::documentdb_core.bson)");
        self.engine.document(&sql, &[&self.database, &self.command.to_vec()?]).await
    }

    async fn of_the_collection(&self, expression: &str) -> Result<Document> {
        self.engine.document(&format!("SELECT {expression}"), &[&self.database, &self.collection()]).await
    }

    async fn done(&self, expression: &str) -> Result<Document> {
        self.engine.rows(&format!("SELECT {expression}"), &[&self.database, &self.collection()]).await?;
        Ok(doc! {"ok": 1.0})
    }

    async fn write(&self, function: &str, sequence: Option<Vec<u8>>) -> Result<Document> {
        let sql = format!(
            "SELECT p_result::bytea FROM documentdb_api.{function}(
                 $1, $2::bytea::documentdb_core.bson, $3::bytea::documentdb_core.bsonsequence)"
        );
        self.engine.document(&sql, &[&self.database, &self.command.to_vec()?, &sequence]).await
    }

    /// The name behind the command's own: `{"collStats": "orders"}`.
    fn collection(&self) -> &str {
        self.command.values().next().and_then(Bson::as_str).unwrap_or_default()
    }
}

/// A number as drivers write it: any of three types.
pub fn whole_number(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        #[allow(clippy::cast_possible_truncation, reason = "a whole number in another dress")]
        Bson::Double(number) => Some(*number as i64),
        _ => None,
    }
}

/// The engine's error as MongoDB would word it. The engine's own states number MongoDB's codes in an order of their
/// own; those that clients look at are told apart here, the rest is a bad value.
fn in_its_words(problem: &anyhow::Error) -> Document {
    let Some(error) = problem.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error)
    else {
        return refusal(1, "InternalError", format!("{problem:#}"));
    };
    let (code, name) = match error.code().code() {
        state if state == SqlState::QUERY_CANCELED.code() && error.message().contains("timeout") => {
            return refusal(50, "MaxTimeMSExpired", "operation exceeded time limit");
        }
        state if state == SqlState::QUERY_CANCELED.code() => (11601, "Interrupted"),
        "M0004" => (14, "TypeMismatch"),
        "M0008" => (26, "NamespaceNotFound"),
        "M0009" => (27, "IndexNotFound"),
        "M007U" => (40324, "Location40324"),
        _ => (2, "BadValue"),
    };
    refusal(code, name, error.message())
}
