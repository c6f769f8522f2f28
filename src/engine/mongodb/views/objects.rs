//! Views of what is stored: collections, indexes, databases, and which collections are used most.

use super::{Grid, TIME_MS, or_nothing, tenths, text, whole};
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Rows, Truncation, Value};
use crate::engine::Query;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::sample::ask;
use crate::engine::mongodb::schema::{index_keys, index_traits};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::doc;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Collections or databases that are asked one by one, at most.
const MOST: usize = 200;
/// Time for all of them together.
const ALL: Duration = Duration::from_millis(3500);
/// Time for one of them, milliseconds.
const EACH_MS: u64 = 1000;

pub(super) static COLLECTIONS: Query = Query {
    name: "view.collections",
    text: r#"{"listCollections": 1, "authorizedCollections": true, "nameOnly": true, "cursor": {"batchSize": 1000}, "$db": "$database"}"#,
    timeout_ms: TIME_MS,
};

pub(super) static INDEXES: Query = Query {
    name: "view.indexes",
    text: r#"{"listCollections": 1, "authorizedCollections": true, "nameOnly": true, "filter": {"type": "collection"},
        "cursor": {"batchSize": 1000}, "$db": "$database"}"#,
    timeout_ms: TIME_MS,
};

pub(super) static DATABASES: Query =
    Query { name: "view.databases", text: r#"{"listDatabases": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };

pub(super) static TOP: Query = Query { name: "view.top", text: r#"{"top": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };

/// Names of a `listCollections`, with their types.
async fn names(session: &mut MongoSession, query: &'static Query) -> Result<Vec<(String, String)>, SessionError> {
    let reply = ask(session, query).await?;
    let both =
        |d: &&bson::RawDocument| Some((d.text("name")?.to_owned(), d.text("type").unwrap_or("collection").to_owned()));
    let mut names: Vec<(String, String)> = reply.documents("cursor.firstBatch").iter().filter_map(both).collect();
    names.sort();
    Ok(names)
}

/// Numbers of one collection's storage.
async fn storage(session: &mut MongoSession, name: &str) -> Result<Option<bson::RawDocumentBuf>, SessionError> {
    let database = session.facts().database.clone();
    let command = doc! {
        "aggregate": name, "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {},
    };
    or_nothing(session.ask(&database, command, EACH_MS).await)
}

pub(super) async fn collections(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let names = names(session, query).await?;
    let mut grid = Grid::new(&[
        "collection",
        "kind",
        "documents#",
        "data bytes#",
        "stored bytes#",
        "reusable bytes#",
        "index bytes#",
        "indexes#",
        "mean bytes#",
        "in cache bytes#",
    ]);
    let started = Instant::now();
    let mut asked = 0;
    for (name, kind) in &names {
        let mut row = vec![text(name.as_str()), text(kind.as_str())];
        let stats = if kind != "view" && asked < MOST && started.elapsed() < ALL {
            asked += 1;
            storage(session, name).await?
        } else {
            None
        };
        // A collection of a sharded cluster gives one document for each shard.
        let shards = stats.as_ref().map(|reply| reply.documents("cursor.firstBatch")).unwrap_or_default();
        let sum = |path: &str| {
            let known: Vec<i64> =
                shards.iter().filter_map(|shard| shard.int(&format!("storageStats.{path}"))).collect();
            (!known.is_empty()).then(|| known.iter().sum::<i64>())
        };
        let (count, size) = (sum("count"), sum("size"));
        row.extend([
            whole(count),
            whole(size),
            whole(sum("storageSize")),
            whole(sum("freeStorageSize")),
            whole(sum("totalIndexSize")),
            whole(shards.first().and_then(|shard| shard.int("storageStats.nindexes"))),
            whole(count.zip(size).filter(|(count, _)| *count > 0).map(|(count, size)| size / count)),
            whole(sum("wiredTiger.cache.bytes currently in the cache")),
        ]);
        grid.row(row);
    }
    let mut rows = grid.largest_first(4);
    rows.truncated = (names.len() >= 1000).then_some(Truncation::Rows(1000));
    Ok(rows)
}

pub(in crate::engine::mongodb) async fn indexes(
    session: &mut MongoSession,
    query: &'static Query,
) -> Result<Rows, SessionError> {
    let names = names(session, query).await?;
    let database = session.facts().database.clone();
    let mut grid = Grid::new(&["index", "collection", "keys", "bytes#", "uses#", "since", "kind", "note"]);
    let started = Instant::now();
    let mut left_out = false;
    for (name, _) in &names {
        if started.elapsed() >= ALL {
            left_out = true;
            break;
        }
        let listed = doc! { "listIndexes": name, "cursor": { "batchSize": 100 } };
        let Some(listed) = or_nothing(session.ask(&database, listed, EACH_MS).await)? else { continue };
        let used = doc! { "aggregate": name, "pipeline": [{ "$indexStats": {} }], "cursor": {} };
        let used = or_nothing(session.ask(&database, used, EACH_MS).await)?;
        let used = used.as_ref().map(|reply| reply.documents("cursor.firstBatch")).unwrap_or_default();
        let sizes = storage(session, name).await?;
        let sizes = sizes.as_ref().map(|reply| reply.documents("cursor.firstBatch")).unwrap_or_default();
        for index in listed.documents("cursor.firstBatch") {
            let index_name = index.text("name").unwrap_or_default();
            let uses = used.iter().filter(|u| u.text("name") == Some(index_name));
            let (count, since) = uses.fold((None, None), |(count, _), u| {
                (Some(count.unwrap_or(0) + u.int("accesses.ops").unwrap_or(0)), u.moment("accesses.since"))
            });
            let size = |shard: &&bson::RawDocument| {
                // A name of an index may hold dots: it is looked up as it is.
                shard
                    .document("storageStats.indexSizes")?
                    .get(index_name)
                    .ok()??
                    .as_i32()
                    .map(i64::from)
                    .or_else(|| shard.document("storageStats.indexSizes")?.get(index_name).ok()??.as_i64())
            };
            let sizes: Vec<i64> = sizes.iter().filter_map(size).collect();
            let traits = index_traits(index);
            let idle = count == Some(0)
                && index_name != "_id_"
                && !index.flag("unique")
                && index.at("expireAfterSeconds").is_none();
            grid.row(vec![
                text(index_name),
                text(name.as_str()),
                text(index_keys(index).join(", ")),
                whole((!sizes.is_empty()).then(|| sizes.iter().sum())),
                whole(count),
                text(since.map(cells::moment).unwrap_or_default()),
                text(traits.join(", ")),
                text(if idle { "not used on this member since then" } else { "" }),
            ]);
        }
    }
    let mut rows = grid.largest_first(3);
    if left_out {
        rows.truncated = Some(Truncation::Rows(rows.rows.len()));
    }
    Ok(rows)
}

pub(super) async fn databases(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let reply = ask(session, query).await?;
    let mut grid = Grid::new(&[
        "database",
        "on disk bytes#",
        "collections#",
        "views#",
        "documents#",
        "data bytes#",
        "stored bytes#",
        "index bytes#",
        "indexes#",
    ]);
    let started = Instant::now();
    for database in reply.documents("databases").into_iter().take(MOST) {
        let name = database.text("name").unwrap_or_default();
        let stats = if started.elapsed() < ALL {
            or_nothing(session.ask(name, doc! { "dbStats": 1 }, EACH_MS).await)?
        } else {
            None
        };
        let number = |field: &str| whole(stats.as_ref().and_then(|stats| stats.int(field)));
        grid.row(vec![
            text(name),
            whole(database.int("sizeOnDisk")),
            number("collections"),
            number("views"),
            number("objects"),
            number("dataSize"),
            number("storageSize"),
            number("indexSize"),
            number("indexes"),
        ]);
    }
    Ok(grid.largest_first(1))
}

/// Times of `top` count from the server's start: shown as their growth since this view was last loaded, once it was.
pub(super) async fn top(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let reply = ask(session, query).await?;
    let now = Instant::now();
    let mut grid = Grid::new(&[
        "namespace",
        "ms per s#",
        "read ms per s#",
        "write ms per s#",
        "total ms#",
        "read ms#",
        "write ms#",
        "operations#",
        "reads#",
        "writes#",
    ]);
    let before = session.remembered().top.take();
    let seconds = before.as_ref().map(|(then, _)| now.duration_since(*then).as_secs_f64()).filter(|s| *s >= 0.5);
    let mut seen = HashMap::new();
    for (namespace, numbers) in reply.document("totals").into_iter().flat_map(cells::fields_of) {
        let Some(numbers) = numbers.as_document() else { continue };
        let ms = |path: &str| numbers.number(path).unwrap_or(0.0) / 1000.0;
        let times = [ms("total.time"), ms("readLock.time"), ms("writeLock.time")];
        let grown = |i: usize| {
            let earlier =
                before.as_ref().and_then(|(_, times)| times.get(namespace)).map_or(0.0, |times: &[f64; 3]| times[i]);
            tenths(seconds.map(|seconds| (times[i] - earlier).max(0.0) / seconds))
        };
        let count = |path: &str| whole(numbers.int(path));
        let mut row = vec![text(namespace)];
        row.extend((0..3).map(grown));
        row.extend(times.iter().map(|ms| tenths(Some(*ms))));
        row.extend([count("total.count"), count("readLock.count"), count("writeLock.count")]);
        grid.row(row);
        seen.insert(namespace.to_owned(), times);
    }
    session.remembered().top = Some((now, seen));
    let rows = grid.largest_first(4);
    let mut rows = if seconds.is_some() { Grid(rows).largest_first(1) } else { rows };
    rows.rows.retain(|row| row.get(7).is_some_and(|count| *count != Value::Int(0)));
    Ok(rows)
}
