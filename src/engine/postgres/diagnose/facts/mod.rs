//! Facts: an observation as typed values, so that causes are judged by meaning and not by column names.

mod cells;
mod sessions;
mod settings;
mod tables;

pub(super) use cells::{cells, last, two};
pub(super) use sessions::{Busy, Looks, Session};
pub(super) use settings::Settings;
pub(super) use tables::{Index, Table};

use crate::domain::diagnosis::Case;

/// What happened in all databases between the two looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Seconds between the looks; 0 when there were no two.
    pub(super) seconds: f64,
    /// Transactions that were committed.
    pub(super) commits: f64,
    /// Blocks from outside the cache.
    pub(super) blocks_read: f64,
    /// Blocks in the cache.
    pub(super) blocks_hit: f64,
    /// Rows inserted.
    pub(super) inserted: f64,
    /// Rows updated.
    pub(super) updated: f64,
    /// Rows deleted.
    pub(super) deleted: f64,
    /// Bytes of temporary files that were finished.
    pub(super) temporary_bytes: f64,
    /// Deadlocks.
    pub(super) deadlocks: f64,
    /// Bytes of the write-ahead log.
    pub(super) log_bytes: f64,
}

impl Totals {
    /// As a rate.
    pub(super) fn a_second(&self, count: f64) -> f64 {
        if self.seconds > 0.0 { count / self.seconds } else { 0.0 }
    }
    /// Rows inserted, updated and deleted.
    pub(super) fn written(&self) -> f64 {
        self.inserted + self.updated + self.deleted
    }
    /// Rows written by one transaction, on average.
    pub(super) fn rows_a_commit(&self) -> f64 {
        self.written() / self.commits.max(1.0)
    }
    /// Share of blocks that were in the cache; 1 when none was wanted.
    pub(super) fn hit_share(&self) -> f64 {
        let all = self.blocks_read + self.blocks_hit;
        if all > 0.0 { self.blocks_hit / all } else { 1.0 }
    }
}

/// All of it.
pub(super) struct Facts<'a> {
    /// The question.
    pub(super) case: &'a Case<'a>,
    /// Sessions over time.
    pub(super) looks: Looks,
    /// Tables of the connected database.
    pub(super) tables: Vec<Table>,
    /// Its indexes.
    pub(super) indexes: Vec<Index>,
    /// Settings of the server.
    pub(super) settings: Settings,
    /// Counters.
    pub(super) totals: Totals,
    /// Sessions of others are visible.
    pub(super) sees_all: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn read(case: &'a Case<'a>) -> Self {
        let seen = case.observation;
        Self {
            case,
            looks: Looks::of(seen),
            tables: tables::tables(seen),
            indexes: tables::indexes(seen),
            settings: Settings::read(seen),
            totals: totals(case),
            sees_all: last(seen, "diagnose.server").any(|row| row.is("sees_all")),
        }
    }
    /// A table by its name as a plan or a statement gives it, with or without its schema. Of several of one name, the
    /// largest.
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        let (schema, name) = match name.split_once('.') {
            Some((schema, name)) => (Some(schema), name),
            None => (None, name),
        };
        self.tables
            .iter()
            .filter(|t| t.name == name && schema.is_none_or(|schema| t.schema == schema))
            .max_by(|a, b| a.heap_bytes.total_cmp(&b.heap_bytes))
    }
    /// Indexes of a table.
    pub(super) fn indexes_of(&self, oid: i64) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(move |index| index.table_oid == oid)
    }
}

fn totals(case: &Case<'_>) -> Totals {
    let seen = case.observation;
    let Some((first, last)) = seen.ends("diagnose.databases") else { return Totals::default() };
    let sum = |name: &str| {
        let all = |rows| cells(rows).map(|row| row.count(name)).sum::<f64>();
        (all(&last.rows) - all(&first.rows)).max(0.0)
    };
    let log = two(seen, "diagnose.checkpoints").map_or(0.0, |(first, last, _)| {
        last.number("wal_at").zip(first.number("wal_at")).map_or(0.0, |(now, then)| (now - then).max(0.0))
    });
    Totals {
        seconds: seen.seconds("diagnose.databases").unwrap_or(0.0),
        commits: sum("xact_commit"),
        blocks_read: sum("blks_read"),
        blocks_hit: sum("blks_hit"),
        inserted: sum("tup_inserted"),
        updated: sum("tup_updated"),
        deleted: sum("tup_deleted"),
        temporary_bytes: sum("temp_bytes"),
        deadlocks: sum("deadlocks"),
        log_bytes: log,
    }
}
