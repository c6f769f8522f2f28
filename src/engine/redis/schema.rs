//! What a key-value server is made of, for people: prefixes of keys as tables, found by a bounded walk, with the types
//! and sizes of a few keys of each.

use super::session::{Group, RedisSession};
use crate::domain::error_event::SessionError;
use crate::domain::guard::Catalog;
use crate::domain::schema::{ColumnKind, Schema, Table, TableColumn};
use crate::engine::{Query, Session, Task};
use std::time::Duration;

/// Keys that the walk sees, at most.
const MOST_KEYS: u64 = 100_000;
/// Time of the walk.
const WALK: Duration = Duration::from_secs(3);
/// Prefixes that become tables.
const MOST_TABLES: usize = 500;

static KEYS: Query = Query { name: "schema.keys", text: "DBSIZE", timeout_ms: 2000 };

/// Reads the shape of the keys.
pub(super) fn schema(session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async {
        let identity = session.identity();
        let mut schema = Schema {
            database: identity.database.clone(),
            server_version: identity.version_number,
            engine_words: ["redis", "valkey", "keydb", "dragonfly"].map(Into::into).to_vec(),
            keyed: true,
            ..Schema::default()
        };
        let total = match session.own(&KEYS, &[]).await {
            Ok(rows) => rows.rows.first().and_then(|row| row.first()).and_then(crate::domain::rows::Value::number),
            Err(SessionError::Server(_)) => None,
            Err(gone) => return Err(gone),
        };
        let Some(own) = session.memory().and_then(|m| m.downcast_mut::<RedisSession>()) else {
            return Ok((schema, Catalog::default()));
        };
        if own.facts().sentinel {
            return Ok((schema, Catalog::default()));
        }
        let (prefixes, complete) = match own.walk_prefixes(MOST_KEYS, WALK).await {
            Ok(found) => found,
            // Without SCAN there are no prefixes, and everything else still works.
            Err(SessionError::Server(_) | SessionError::Unsupported(_)) => return Ok((schema, Catalog::default())),
            Err(gone) => return Err(gone),
        };
        let groups = prefixes.largest_first();
        let seen: u64 = groups.iter().map(|(_, group)| group.keys).sum();
        // A walk that was cut saw a sample: its shares stand for the whole.
        let scale = if complete { 1.0 } else { total.unwrap_or(0.0).max(seen as f64) / (seen.max(1) as f64) };
        if groups.len() > MOST_TABLES {
            schema.cut_at = Some(MOST_TABLES);
        }
        schema.tables = groups.iter().take(MOST_TABLES).map(|(pattern, group)| table(pattern, group, scale)).collect();
        schema.tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((schema, Catalog::default()))
    })
}

fn table(pattern: &str, group: &Group, scale: f64) -> Table {
    let kinds: Vec<&str> = group.kinds.keys().map(String::as_str).collect();
    let mut columns = vec![column("key", "key", ColumnKind::Text)];
    columns.push(column("value", &kinds.join(" or "), ColumnKind::Other));
    let expiring = if group.expiring > 0 { ", expiring" } else { "" };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of bytes")]
    let bytes = group.bytes().map(|bytes| (bytes as f64 * scale) as u64);
    Table {
        name: pattern.to_owned(),
        columns,
        primary_key: vec!["key".into()],
        row_estimate: Some((group.keys as f64 * scale).round()),
        bytes,
        comment: Some(format!(
            "{}{expiring}",
            if kinds.is_empty() { "of unknown type".into() } else { kinds.join(", ") }
        )),
        ..Table::default()
    }
}

fn column(name: &str, type_name: &str, kind: ColumnKind) -> TableColumn {
    TableColumn { name: name.to_owned(), type_name: type_name.to_owned(), kind, ..TableColumn::default() }
}
