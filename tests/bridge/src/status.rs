//! What the server says about itself, as far as it can be told: our own connections and commands, and what
//! PostgreSQL counts.

use crate::cursors::Cursors;
use crate::engine::Engine;
use anyhow::Result;
use bson::{Document, doc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What all clients share.
pub struct Server {
    /// How to reach the engine.
    pub postgres: String,
    /// Clients now.
    pub connections: AtomicI32,
    /// Clients ever.
    pub connections_ever: AtomicI64,
    /// Open cursors.
    pub cursors: Cursors,
    commands: Mutex<BTreeMap<&'static str, i64>>,
    started: Instant,
}

impl Server {
    /// A server that has just started.
    pub fn new(postgres: String) -> Self {
        let kinds = ["insert", "query", "update", "delete", "getmore", "command"];
        Self {
            postgres,
            connections: AtomicI32::new(0),
            connections_ever: AtomicI64::new(0),
            cursors: Cursors::default(),
            commands: Mutex::new(kinds.map(|kind| (kind, 0)).into()),
            started: Instant::now(),
        }
    }

    /// Counts a command as MongoDB's `opcounters` do.
    pub fn count(&self, command: &str) {
        let kind = match command {
            "find" | "aggregate" => "query",
            "insert" => "insert",
            "update" => "update",
            "delete" => "delete",
            "getMore" => "getmore",
            _ => "command",
        };
        *self.commands.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }
}

/// The handshake: a standalone server that speaks what MongoDB 7.0 speaks.
pub fn hello(server: &Server) -> Document {
    doc! {
        "helloOk": true, "ismaster": true, "isWritablePrimary": true, "readOnly": false,
        "maxBsonObjectSize": 16 * 1024 * 1024, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
        "localTime": bson::DateTime::now(), "logicalSessionTimeoutMinutes": 30,
        "connectionId": i32::try_from(server.connections_ever.load(Ordering::Relaxed)).unwrap_or(i32::MAX),
        "minWireVersion": 0, "maxWireVersion": 21, "ok": 1.0,
    }
}

/// `buildInfo`: the version of MongoDB whose protocol is spoken, and the engine behind it by its own name.
pub async fn build_info(engine: &Engine) -> Result<Document> {
    let version: String = engine.row("SELECT documentdb_api.binary_extended_version()", &[]).await?.try_get(0)?;
    Ok(doc! {
        "version": "7.0.0", "versionArray": [7, 0, 0, 0], "gitVersion": version, "modules": [], "bits": 64,
        "maxBsonObjectSize": 16 * 1024 * 1024, "storageEngines": ["documentdb"], "ok": 1.0,
    })
}

/// `serverStatus`: only sections with true figures.
pub async fn server_status(engine: &Engine, server: &Server) -> Result<Document> {
    let row = engine
        .row(
            "SELECT sum(tup_inserted)::int8, sum(tup_updated)::int8, sum(tup_deleted)::int8, sum(tup_returned)::int8
             FROM pg_stat_database",
            &[],
        )
        .await?;
    let count = |column: usize| row.try_get::<_, i64>(column);
    let uptime = server.started.elapsed();
    let commands = server.commands.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(doc! {
        "host": "mongo-bridge", "version": "7.0.0", "process": "mongo-bridge", "pid": i64::from(std::process::id()),
        "uptime": uptime.as_secs_f64(), "uptimeMillis": i64::try_from(uptime.as_millis())?, "localTime": bson::DateTime::now(),
        "connections": {
            "current": server.connections.load(Ordering::Relaxed), "available": 90,
            "totalCreated": server.connections_ever.load(Ordering::Relaxed),
        },
        "opcounters": commands.into_iter().map(|(kind, count)| (kind.to_owned(), count.into())).collect::<Document>(),
        "metrics": {"document": {
            "inserted": count(0)?, "updated": count(1)?, "deleted": count(2)?, "returned": count(3)?,
        }},
        "storageEngine": {"name": "documentdb"}, "ok": 1.0,
    })
}

/// `top`: how often each collection was read and written. Times are not kept, so they are not told.
pub async fn top(engine: &Engine) -> Result<Document> {
    let rows = engine
        .rows(
            "SELECT c.database_name || '.' || c.collection_name, coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0),
                    coalesce(s.n_tup_ins, 0), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0)
             FROM documentdb_api_catalog.collections c
             LEFT JOIN pg_stat_all_tables s
               ON s.schemaname = 'documentdb_data' AND s.relname = 'documents_' || c.collection_id
             WHERE c.view_definition IS NULL",
            &[],
        )
        .await?;
    let mut totals = Document::new();
    for row in rows {
        let mut collection = Document::new();
        for (column, kind) in [(1, "queries"), (2, "insert"), (3, "update"), (4, "remove")] {
            collection.insert(kind, doc! {"count": row.try_get::<_, i64>(column)?});
        }
        totals.insert(row.try_get::<_, String>(0)?, collection);
    }
    Ok(doc! {"totals": totals, "ok": 1.0})
}
