//! Tables and indexes: what they are, and what happened to them between the two looks.

use super::cells::{Cells, cells, last};
use crate::domain::diagnosis::Observation;
use std::collections::BTreeMap;

/// A table. Names are untrusted. What changes is the difference of the two looks.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Table {
    /// Its number.
    pub(in super::super) oid: i64,
    /// Its schema.
    pub(in super::super) schema: String,
    /// Its name.
    pub(in super::super) name: String,
    /// Rows that live, as the statistics have it.
    pub(in super::super) live: f64,
    /// Row versions that are dead.
    pub(in super::super) dead: f64,
    /// Rows changed since the last ANALYZE.
    pub(in super::super) changed_since_analyze: f64,
    /// Rows at the last ANALYZE or VACUUM; below 0 when there was none, from 14 on.
    pub(in super::super) reltuples: f64,
    /// Bytes without its indexes.
    pub(in super::super) heap_bytes: f64,
    /// Bytes of its indexes, where they are known.
    pub(in super::super) index_bytes: f64,
    /// Whole reads.
    pub(in super::super) whole_reads: f64,
    /// Rows that they read.
    pub(in super::super) whole_read_rows: f64,
    /// Rows that indexes found.
    pub(in super::super) found_rows: f64,
    /// Rows inserted.
    pub(in super::super) inserted: f64,
    /// Rows updated.
    pub(in super::super) updated: f64,
    /// Rows deleted.
    pub(in super::super) deleted: f64,
    /// Updates that touched no index.
    pub(in super::super) hot_updated: f64,
    /// Its blocks and its indexes' that came from outside the cache.
    pub(in super::super) blocks_read: f64,
    /// Those that were in the cache.
    pub(in super::super) blocks_hit: f64,
    /// Seconds since VACUUM; none when there never was one.
    pub(in super::super) vacuum_seconds: Option<f64>,
    /// Seconds since ANALYZE; none when there never was one.
    pub(in super::super) analyze_seconds: Option<f64>,
    /// Its own options, as `name=value`.
    pub(in super::super) options: Vec<String>,
    /// Bytes of a row by its statistics; none when they cannot be read.
    pub(in super::super) row_bytes: Option<f64>,
}

impl Table {
    /// `app.orders`; without the schema where it is `public`.
    pub(in super::super) fn words(&self) -> String {
        if self.schema == "public" { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
    /// Rows inserted, updated and deleted.
    pub(in super::super) fn written(&self) -> f64 {
        self.inserted + self.updated + self.deleted
    }
    /// Autovacuum is switched off for it.
    pub(in super::super) fn autovacuum_is_off(&self) -> bool {
        self.options
            .iter()
            .any(|option| matches!(option.as_str(), "autovacuum_enabled=false" | "autovacuum_enabled=off"))
    }
    /// Its statistics say little about what is in it now: never read, or at least half of the rows are others.
    pub(in super::super) fn has_stale_statistics(&self) -> bool {
        let known = self.reltuples.max(0.0);
        self.live >= 1_000.0 && (self.analyze_seconds.is_none() || self.changed_since_analyze >= 0.5 * known.max(1.0))
    }
}

/// An index. Names are untrusted.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Index {
    /// Its table.
    pub(in super::super) table_oid: i64,
    /// Schema of its table.
    pub(in super::super) schema: String,
    /// Its table's name.
    pub(in super::super) table: String,
    /// Its name.
    pub(in super::super) name: String,
    /// Its key columns; empty for an expression.
    pub(in super::super) columns: Vec<String>,
    /// What else makes it different from another over the same columns.
    pub(in super::super) manner: String,
    /// It keeps values unique, carries a constraint, or tells replicas which row is meant.
    pub(in super::super) needed: bool,
    /// It can be used.
    pub(in super::super) valid: bool,
    /// Its parts lie in partitions.
    pub(in super::super) partitioned: bool,
    /// Somebody builds it now.
    pub(in super::super) being_built: bool,
    /// It holds only some of the rows.
    pub(in super::super) partial: bool,
    /// How often it was used since the counters began.
    pub(in super::super) scans: f64,
    /// Bytes.
    pub(in super::super) bytes: f64,
}

/// All tables that were looked at.
pub(super) fn tables(seen: &Observation) -> Vec<Table> {
    let sizes: BTreeMap<i64, (f64, f64)> = last(seen, "diagnose.table_sizes")
        .filter_map(|row| Some((row.int("oid")?, (row.number("bytes")?, row.count("index_bytes")))))
        .collect();
    let widths: BTreeMap<i64, f64> =
        last(seen, "diagnose.widths").filter_map(|row| Some((row.int("oid")?, row.number("row_bytes")?))).collect();
    let first = seen.all("diagnose.tables").first();
    let before: BTreeMap<i64, Cells<'_>> =
        first.into_iter().flat_map(|look| cells(&look.rows)).filter_map(|row| Some((row.int("oid")?, row))).collect();
    last(seen, "diagnose.tables")
        .filter_map(|row| {
            let oid = row.int("oid")?;
            let then = before.get(&oid);
            // A table that was not in the first look is new, or was too quiet to be in it: its counters began at zero
            // only when it is new, so nothing is claimed.
            let grown = |name: &str| then.map_or(0.0, |then| (row.count(name) - then.count(name)).max(0.0));
            let (heap_bytes, index_bytes) = sizes.get(&oid).copied().unwrap_or((row.count("bytes"), 0.0));
            Some(Table {
                oid,
                schema: row.text("schema"),
                name: row.text("name"),
                live: row.count("live"),
                dead: row.count("dead"),
                changed_since_analyze: row.count("mods"),
                reltuples: row.count("reltuples"),
                heap_bytes,
                index_bytes,
                whole_reads: grown("seq_scan"),
                whole_read_rows: grown("seq_tup_read"),
                found_rows: grown("idx_tup_fetch"),
                inserted: grown("inserted"),
                updated: grown("updated"),
                deleted: grown("deleted"),
                hot_updated: grown("hot_updated"),
                blocks_read: grown("heap_read") + grown("idx_read"),
                blocks_hit: grown("heap_hit") + grown("idx_hit"),
                vacuum_seconds: row.number("vacuum_seconds"),
                analyze_seconds: row.number("analyze_seconds"),
                options: row.list("reloptions"),
                row_bytes: widths.get(&oid).copied(),
            })
        })
        .collect()
}

/// All indexes that were looked at.
pub(super) fn indexes(seen: &Observation) -> Vec<Index> {
    last(seen, "diagnose.indexes")
        .filter_map(|row| {
            let keys = row.int("key_columns").and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
            let mut columns = row.list("columns");
            columns.truncate(keys);
            let manner =
                ["method", "classes", "options", "collations", "predicate"].map(|name| row.text(name)).join("|");
            Some(Index {
                table_oid: row.int("table_oid")?,
                schema: row.text("schema"),
                table: row.text("table"),
                name: row.text("name"),
                columns,
                manner,
                needed: row.is("needed") || row.is("is_unique"),
                valid: row.is("valid") && row.is("ready"),
                partitioned: row.is("partitioned"),
                being_built: row.is("being_built"),
                partial: row.is("partial"),
                scans: row.count("scans"),
                bytes: row.count("bytes"),
            })
        })
        .collect()
}
