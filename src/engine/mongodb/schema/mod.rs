//! The collections of the connected database. MongoDB keeps no columns: fields are inferred from a random sample of
//! documents, bounded in number and time, and say in how many of them they were found.

mod indexes;
mod infer;
mod references;

pub(super) use indexes::{keys as index_keys, traits as index_traits};

use super::cells;
use super::session::MongoSession;
use super::wire::Fields as _;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, CatalogView};
use crate::domain::metric;
use crate::domain::schema::{Schema, Table, TableKind};
use crate::engine::{Session, Task};
use bson::{RawBsonRef, RawDocument, doc};
use infer::Inferred;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Collections read, at most.
const MOST: usize = 500;
/// Documents of a sample.
const SAMPLE: i32 = 100;
/// Documents read of a view, whose pipeline may be costly.
const SAMPLE_OF_VIEW: i32 = 20;
/// Time for one question, milliseconds.
const EACH_MS: u64 = 1_000;
/// Time for all samples together; collections after that have no fields.
const SAMPLING: Duration = Duration::from_secs(8);
/// Time for everything; collections after that have only a name.
const ALL: Duration = Duration::from_secs(12);

/// Reads the objects of the connected database.
pub(super) fn schema(session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let started = Instant::now();
        let database = session.facts().database.clone();
        let listed = doc! { "listCollections": 1, "authorizedCollections": true, "cursor": { "batchSize": 1000 } };
        let listed = match session.ask(&database, listed, 4 * EACH_MS).await {
            // A login without the right to see options may still see names.
            Err(SessionError::Server(message)) if message.code == "13" => {
                let names = doc! {
                    "listCollections": 1, "nameOnly": true, "authorizedCollections": true, "cursor": { "batchSize": 1000 },
                };
                session.ask(&database, names, 4 * EACH_MS).await?
            }
            answer => answer?,
        };
        let mut found: Vec<&RawDocument> = listed
            .documents("cursor.firstBatch")
            .into_iter()
            .filter(|collection| collection.text("name").is_some_and(|name| !name.starts_with("system.")))
            .collect();
        found.sort_by_key(|collection| collection.text("name").map(str::to_owned));
        let mut schema = Schema {
            database: database.clone(),
            cut_at: (found.len() > MOST || listed.int("cursor.id") != Some(0)).then_some(MOST.min(found.len())),
            server_version: session.identity().version_number,
            engine_words: ["mongodb", "mongo", "mongod", "mongos", "wiredtiger"].map(str::to_owned).to_vec(),
            ..Schema::default()
        };
        let mut catalog = Catalog::default();
        let mut samples: HashMap<String, Inferred> = HashMap::new();
        for collection in found.into_iter().take(MOST) {
            let mut table = described(collection);
            if let Some(view) = view(collection) {
                catalog.views.push(view);
            }
            if started.elapsed() < ALL {
                measure(session, &database, &mut table).await?;
            }
            if started.elapsed() < SAMPLING {
                let inferred = sample(session, &database, &table).await?;
                table.columns = inferred.columns();
                samples.insert(table.name.clone(), inferred);
            }
            schema.tables.push(table);
        }
        references::find(session, &mut schema, &samples, started + ALL).await?;
        Ok((schema, catalog))
    })
}

/// What `listCollections` says about one.
fn described(collection: &RawDocument) -> Table {
    let view = collection.text("type") == Some("view");
    let mut notes = Vec::new();
    if let Some(source) = collection.text("options.viewOn") {
        notes.push(format!("view on {source}"));
    }
    if let Some(field) = collection.text("options.timeseries.timeField") {
        notes.push(format!("time series by {field}"));
    }
    if collection.flag("options.capped") {
        let size = collection.number("options.size").map(metric::bytes).unwrap_or_default();
        notes.push(format!("capped at {size}"));
    }
    if collection.document("options.validator").is_some() {
        let level = collection.text("options.validationLevel").unwrap_or("strict");
        let action = collection.text("options.validationAction").unwrap_or("error");
        notes.push(format!("has a validator ({level}, {action})"));
    }
    Table {
        name: collection.text("name").unwrap_or_default().to_owned(),
        kind: if view { TableKind::View } else { TableKind::Table },
        primary_key: if view { Vec::new() } else { vec!["_id".to_owned()] },
        comment: (!notes.is_empty()).then(|| notes.join(", ")),
        ..Table::default()
    }
}

/// A view, and what of its pipeline runs code.
fn view(collection: &RawDocument) -> Option<CatalogView> {
    let source = collection.text("options.viewOn")?;
    let mut functions = Vec::new();
    let mut relations = vec![source.to_owned()];
    for stage in collection.values("options.pipeline") {
        walk(stage, &mut |name, value| match (name, value) {
            ("$where" | "$function" | "$accumulator" | "$out" | "$merge", _) => functions.push(name.to_owned()),
            ("from" | "coll", RawBsonRef::String(other)) => relations.push(other.to_owned()),
            ("$unionWith", RawBsonRef::String(other)) => relations.push(other.to_owned()),
            _ => {}
        });
    }
    Some(CatalogView { name: collection.text("name")?.to_owned(), functions, relations })
}

fn walk<'a>(value: RawBsonRef<'a>, found: &mut dyn FnMut(&'a str, RawBsonRef<'a>)) {
    match value {
        RawBsonRef::Document(document) => {
            for (name, value) in cells::fields_of(document) {
                found(name, value);
                walk(value, found);
            }
        }
        RawBsonRef::Array(array) => array.into_iter().map_while(Result::ok).for_each(|value| walk(value, found)),
        _ => {}
    }
}

/// A question whose refusal leaves its part empty.
async fn ask(
    session: &mut MongoSession,
    database: &str,
    command: bson::Document,
) -> Result<Option<bson::RawDocumentBuf>, SessionError> {
    match session.ask(database, command, EACH_MS).await {
        Ok(reply) => Ok(Some(reply)),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Size, number of documents and indexes of a collection.
async fn measure(session: &mut MongoSession, database: &str, table: &mut Table) -> Result<(), SessionError> {
    if table.kind == TableKind::View {
        return Ok(());
    }
    let stats = doc! {
        "aggregate": &table.name, "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {},
    };
    if let Some(reply) = ask(session, database, stats).await? {
        // A collection of a sharded cluster gives one document for each shard.
        let shards = reply.documents("cursor.firstBatch");
        let sum = |field: &str| {
            let known: Vec<f64> = shards.iter().filter_map(|s| s.number(&format!("storageStats.{field}"))).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>())
        };
        table.row_estimate = sum("count");
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes in bytes, never below zero")]
        let bytes = sum("storageSize").map(|stored| (stored + sum("totalIndexSize").unwrap_or(0.0)).max(0.0) as u64);
        table.bytes = bytes;
    } else if let Some(reply) = ask(session, database, doc! { "count": &table.name }).await? {
        table.row_estimate = reply.number("n");
    }
    let listed = doc! { "listIndexes": &table.name, "cursor": { "batchSize": 100 } };
    if let Some(reply) = ask(session, database, listed).await? {
        let documents = reply.documents("cursor.firstBatch");
        table.indexes = documents.iter().map(|index| indexes::index(index)).collect();
        let expiring = documents.iter().filter_map(|index| indexes::expiry(index));
        let notes: Vec<String> = table.comment.take().into_iter().chain(expiring).collect();
        table.comment = (!notes.is_empty()).then(|| notes.join(", "));
    }
    Ok(())
}

/// What a random sample of documents is made of.
async fn sample(session: &mut MongoSession, database: &str, table: &Table) -> Result<Inferred, SessionError> {
    let stage = if table.kind == TableKind::View {
        doc! { "$limit": SAMPLE_OF_VIEW }
    } else {
        doc! { "$sample": { "size": SAMPLE } }
    };
    let command = doc! { "aggregate": &table.name, "pipeline": [stage], "cursor": { "batchSize": SAMPLE + 1 } };
    let mut inferred = Inferred::default();
    if let Some(reply) = ask(session, database, command).await? {
        for document in reply.documents("cursor.firstBatch") {
            inferred.add(document);
        }
        // Large documents do not all fit into the first batch, and the first batch will do.
        if let Some(cursor) = reply.int("cursor.id").filter(|&id| id != 0) {
            session.close_cursor(database, &table.name, cursor).await;
        }
    }
    Ok(inferred)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    #[test]
    fn a_view_tells_what_it_reads_and_runs() {
        let view = view(&rawdoc! { "name": "v", "type": "view", "options": { "viewOn": "orders", "pipeline": [
            { "$lookup": { "from": "users", "as": "u" } }, { "$set": { "x": { "$function": { "body": "f" } } } },
        ] } })
        .unwrap();
        assert_eq!(
            (view.name.as_str(), view.functions, view.relations),
            ("v", vec!["$function".to_owned()], vec!["orders".to_owned(), "users".to_owned()],)
        );
        assert_eq!(super::view(&rawdoc! { "name": "c", "type": "collection", "options": {} }), None);
    }

    #[test]
    fn options_become_a_comment() {
        let table = described(&rawdoc! { "name": "log", "type": "collection", "options": {
            "capped": true, "size": 1_048_576, "validator": { "a": 1 }, "validationAction": "warn",
        } });
        assert_eq!(table.comment.as_deref(), Some("capped at 1.0 MB, has a validator (strict, warn)"));
        assert_eq!(table.primary_key, ["_id"]);
    }
}
