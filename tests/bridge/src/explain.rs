//! `explain`: the engine's plan in MongoDB's shape, stage by stage.

use crate::engine::Engine;
use anyhow::{Context, Result, bail};
use bson::{Bson, Document, doc};
use serde_json::Value;

/// Explains the command inside; with `executionStats` it is run as well.
pub async fn explain(engine: &Engine, database: &str, command: &Document) -> Result<Document> {
    let question = command.get_document("explain")?;
    let (name, collection) = question.iter().next().context("nothing to explain")?;
    let function = match name.as_str() {
        "find" => "bson_aggregation_find",
        "aggregate" => "bson_aggregation_pipeline",
        "count" => "bson_aggregation_count",
        "distinct" => "bson_aggregation_distinct",
        other => bail!("explain of {other} is not known here"),
    };
    let run = command.get_str("verbosity").is_ok_and(|verbosity| verbosity != "queryPlanner");
    let mut inner = question.clone();
    inner.remove("$db");
    inner.remove("maxTimeMS");
    // As a constant: the engine plans what it can see. Hexadecimal digits need no quoting.
    let hexadecimal: String = inner.to_vec()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = format!(
        "EXPLAIN (FORMAT JSON, ANALYZE {run}) SELECT document
         FROM documentdb_api_catalog.{function}('{}', 'BSONHEX{hexadecimal}'::documentdb_core.bson)",
        database.replace('\'', "''")
    );
    let plan: Value = engine.row(&sql, &[]).await?.try_get::<_, Json>(0)?.0;
    let top = plan.pointer("/0/Plan").context("a plan without a plan")?;
    let namespace = format!("{database}.{}", collection.as_str().unwrap_or("$cmd.aggregate"));
    let mut answer = doc! {
        "explainVersion": "1",
        "queryPlanner": {"namespace": namespace, "winningPlan": stage(top), "rejectedPlans": []},
        "command": inner,
    };
    if run {
        let milliseconds = plan.pointer("/0/Execution Time").and_then(Value::as_f64).unwrap_or_default();
        answer.insert(
            "executionStats",
            doc! {
                "executionSuccess": true,
                "nReturned": number(top, "Actual Rows"),
                "executionTimeMillis": milliseconds,
                "totalDocsExamined": examined(top),
            },
        );
    }
    answer.insert("ok", 1.0);
    Ok(answer)
}

/// One node of PostgreSQL's plan as a stage. Nodes without a counterpart keep their own name in capitals.
fn stage(node: &Value) -> Document {
    let text = |field: &str| node.get(field).and_then(Value::as_str);
    let kind = text("Node Type").unwrap_or("UNKNOWN");
    if reads_everything(node) {
        let mut scan = doc! {"stage": "COLLSCAN"};
        if node.get("Actual Rows").is_some() {
            scan.insert("nReturned", number(node, "Actual Rows"));
        }
        return scan;
    }
    let mut stages: Vec<Document> =
        node.get("Plans").and_then(Value::as_array).into_iter().flatten().map(stage).collect();
    let name = match kind {
        // The engine's own wrapper around a scan says nothing of its own.
        "Custom Scan" | "Subquery Scan" if stages.len() == 1 => return stages.remove(0),
        "Seq Scan" => "COLLSCAN",
        "Bitmap Heap Scan" => "FETCH",
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => "IXSCAN",
        "Limit" => "LIMIT",
        "Sort" | "Incremental Sort" => "SORT",
        "Aggregate" => "GROUP",
        other => &other.to_uppercase(),
    };
    let mut document = doc! {"stage": name};
    if let Some(index) = text("Index Name") {
        document.insert("indexName", index);
    }
    if node.get("Actual Rows").is_some() {
        document.insert("nReturned", number(node, "Actual Rows"));
    }
    match stages.len() {
        0 => {}
        1 => {
            document.insert("inputStage", stages.remove(0));
        }
        _ => {
            document.insert("inputStages", stages);
        }
    }
    document
}

/// A scan of the primary index by the shard key alone: every document of a collection has the same one.
fn reads_everything(node: &Value) -> bool {
    let by_the_shard_key = |node: &Value| {
        let text = |field: &str| node.get(field).and_then(Value::as_str).unwrap_or_default();
        text("Index Name") == "_id_"
            && text("Index Cond").contains("shard_key")
            && !text("Index Cond").contains("object_id")
    };
    let below = node.get("Plans").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match node.get("Node Type").and_then(Value::as_str) {
        Some("Index Scan" | "Index Only Scan") => by_the_shard_key(node),
        Some("Bitmap Heap Scan") => matches!(below, [only] if by_the_shard_key(only)),
        _ => false,
    }
}

/// Documents that the scans of a plan looked at: those that passed and those that a filter threw away.
fn examined(node: &Value) -> i64 {
    let below: i64 = node.get("Plans").and_then(Value::as_array).into_iter().flatten().map(examined).sum();
    match node.get("Node Type").and_then(Value::as_str) {
        Some("Seq Scan" | "Bitmap Heap Scan" | "Index Scan" | "Index Only Scan") => {
            let at = |field| number(node, field).as_i64().unwrap_or_default();
            at("Actual Rows") + at("Rows Removed by Filter") + at("Rows Removed by Index Recheck")
        }
        _ => below,
    }
}

fn number(node: &Value, field: &str) -> Bson {
    #[allow(clippy::cast_possible_truncation, reason = "a count of rows, which PostgreSQL 18 writes with decimals")]
    Bson::Int64(node.get(field).and_then(Value::as_f64).unwrap_or_default() as i64)
}

/// A JSON column.
struct Json(Value);

impl<'a> tokio_postgres::types::FromSql<'a> for Json {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(serde_json::from_slice(raw)?))
    }
    fn accepts(kind: &tokio_postgres::types::Type) -> bool {
        *kind == tokio_postgres::types::Type::JSON
    }
}
