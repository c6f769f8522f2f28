//! The door for our own queries: a constant command document in JSON, with `$db` for the database it runs in
//! (`$database` is the connected one) and `"$1"` for the first parameter.

use super::MongoSession;
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Truncation};
use crate::engine::mongodb::columns::Layout;
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{Param, Query};
use bson::{Bson, Document, RawDocument};

/// Rows of one of our own queries, at most.
const OWN_ROWS: usize = 10_000;
/// Bytes of one cell of our own queries.
const OWN_CELL: usize = 64 << 10;

/// A query's database and command.
pub(in crate::engine::mongodb) fn document(query: &Query, connected: &str) -> Result<(String, Document), SessionError> {
    let json: serde_json::Value = serde_json::from_str(query.text)
        .map_err(|e| SessionError::Unsupported(format!("the query {} is not JSON: {e}", query.name)))?;
    let Bson::Document(mut command) = bson_of(json) else {
        return Err(SessionError::Unsupported(format!("the query {} is no document", query.name)));
    };
    let database = match command.remove("$db") {
        Some(Bson::String(name)) if name != "$database" => name,
        _ => connected.to_owned(),
    };
    Ok((database, command))
}

fn bson_of(json: serde_json::Value) -> Bson {
    match json {
        serde_json::Value::Null => Bson::Null,
        serde_json::Value::Bool(b) => Bson::Boolean(b),
        serde_json::Value::String(s) => Bson::String(s),
        serde_json::Value::Array(items) => Bson::Array(items.into_iter().map(bson_of).collect()),
        serde_json::Value::Object(map) => Bson::Document(map.into_iter().map(|(k, v)| (k, bson_of(v))).collect()),
        serde_json::Value::Number(n) => match n.as_i64() {
            Some(i) => i32::try_from(i).map_or(Bson::Int64(i), Bson::Int32),
            None => Bson::Double(n.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// Puts parameters in their places.
fn fill(value: &mut Bson, params: &[Param]) {
    match value {
        Bson::String(text) => {
            let number = text.strip_prefix('$').and_then(|n| n.parse::<usize>().ok());
            if let Some(param) = number.and_then(|n| params.get(n.checked_sub(1)?)) {
                *value = match param {
                    Param::Text(text) => Bson::String(text.clone()),
                    Param::Int(i) => Bson::Int64(*i),
                };
            }
        }
        Bson::Array(items) => items.iter_mut().for_each(|item| fill(item, params)),
        Bson::Document(inner) => inner.iter_mut().for_each(|(_, inner)| fill(inner, params)),
        _ => {}
    }
}

impl MongoSession {
    /// The answer of a query without a form of its own: the documents of its cursor, or its reply as one row.
    pub(super) async fn flat(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        let (database, mut command) = document(query, &self.facts.database)?;
        command.iter_mut().for_each(|(_, value)| fill(value, params));
        let reply = self.ask(&database, command, query.timeout_ms).await?;
        let batch = reply.documents("cursor.firstBatch");
        let documents: Vec<&RawDocument> = if reply.document("cursor").is_some() { batch } else { vec![&reply] };
        let layout = Layout::of(&documents, false);
        let open = reply.int("cursor.id").is_some_and(|id| id != 0);
        let cut = open || documents.len() > OWN_ROWS;
        let rows = documents.iter().take(OWN_ROWS).map(|document| layout.row(document, OWN_CELL)).collect();
        Ok(Rows {
            columns: layout.columns(),
            rows,
            truncated: cut.then_some(Truncation::Rows(documents.len().min(OWN_ROWS))),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::doc;

    #[test]
    fn a_query_is_its_document_with_database_and_parameters() {
        static QUERY: Query = Query {
            name: "q",
            text: r#"{"find": "$1", "limit": 5, "x": [1.5, true, null], "$db": "admin"}"#,
            timeout_ms: 1,
        };
        let (database, mut command) = document(&QUERY, "shop").unwrap();
        command.iter_mut().for_each(|(_, value)| fill(value, &[Param::Text("orders".into())]));
        assert_eq!(database, "admin");
        assert_eq!(command, doc! { "find": "orders", "limit": 5, "x": [1.5, true, Bson::Null] });
        static HERE: Query = Query { name: "q", text: r#"{"dbStats": 1, "$db": "$database"}"#, timeout_ms: 1 };
        assert_eq!(document(&HERE, "shop").unwrap(), ("shop".to_owned(), doc! { "dbStats": 1 }));
    }
}
