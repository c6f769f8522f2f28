//! Counters, read at the beginning and at the end: their differences are what happened in between. They come from the
//! statistics of the server, which sessions report at the end of a transaction or once a second: what a statement does
//! that is still running may not be among them.

use super::HEAVY_MS;
use crate::engine::Query;

/// One row a database.
pub(super) static DATABASES: Query = Query {
    name: "diagnose.databases",
    text: "SELECT d.datname, d.numbackends, d.xact_commit, d.xact_rollback, d.blks_read, d.blks_hit, d.tup_returned,
                  d.tup_fetched, d.tup_inserted, d.tup_updated, d.tup_deleted, d.conflicts, d.temp_files, d.temp_bytes,
                  d.deadlocks, d.blk_read_time, d.blk_write_time, d.datname = current_database() AS here,
                  extract(epoch FROM clock_timestamp() - d.stats_reset)::float8 AS reset_seconds
             FROM pg_catalog.pg_stat_database d WHERE d.datname IS NOT NULL
            ORDER BY d.xact_commit DESC LIMIT 200",
    timeout_ms: HEAVY_MS,
};

macro_rules! tables {
    ($later:literal) => {
        concat!(
            "SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                    pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
                    pg_stat_get_mod_since_analyze(c.oid) AS mods, ",
            $later,
            "       c.reltuples::float8 AS reltuples, c.relpages AS pages,
                    c.relpages::int8 * current_setting('block_size')::int8 AS bytes,
                    c.relallvisible AS all_visible_pages,
                    pg_stat_get_numscans(c.oid) AS seq_scan, pg_stat_get_tuples_returned(c.oid) AS seq_tup_read,
                    s.idx_scan, pg_stat_get_tuples_fetched(c.oid) + coalesce(s.idx_fetch, 0) AS idx_tup_fetch,
                    pg_stat_get_tuples_inserted(c.oid) AS inserted, pg_stat_get_tuples_updated(c.oid) AS updated,
                    pg_stat_get_tuples_deleted(c.oid) AS deleted, pg_stat_get_tuples_hot_updated(c.oid) AS hot_updated,
                    pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS heap_read,
                    pg_stat_get_blocks_hit(c.oid) AS heap_hit, s.idx_read, s.idx_hit, s.indexes,
                    extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_vacuum_time(c.oid),
                            pg_stat_get_last_autovacuum_time(c.oid)))::float8 AS vacuum_seconds,
                    extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_analyze_time(c.oid),
                            pg_stat_get_last_autoanalyze_time(c.oid)))::float8 AS analyze_seconds,
                    pg_stat_get_vacuum_count(c.oid) + pg_stat_get_autovacuum_count(c.oid) AS vacuums,
                    CASE WHEN c.relkind IN ('r', 'm') THEN age(c.relfrozenxid) END AS xid_age,
                    array_to_json(c.reloptions)::text AS reloptions
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN LATERAL (
                    SELECT count(*) AS indexes, sum(pg_stat_get_numscans(i.indexrelid)) AS idx_scan,
                           sum(pg_stat_get_tuples_fetched(i.indexrelid)) AS idx_fetch,
                           sum(pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid)) AS idx_read,
                           sum(pg_stat_get_blocks_hit(i.indexrelid)) AS idx_hit
                      FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) s ON true
              WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384 AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              ORDER BY pg_stat_get_tuples_returned(c.oid) + pg_stat_get_tuples_inserted(c.oid)
                       + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)
                       + coalesce(s.idx_fetch, 0) DESC, c.relpages DESC
              LIMIT 500"
        )
    };
}

/// Tables of the connected database, the busiest first. `bytes` is as of the last VACUUM or ANALYZE.
pub(super) static TABLES: Query = Query {
    name: "diagnose.tables",
    text: tables!("pg_stat_get_ins_since_vacuum(c.oid) AS ins_since_vacuum, "),
    timeout_ms: HEAVY_MS,
};

/// The same before 13.
pub(super) static TABLES_12: Query =
    Query { name: "diagnose.tables", text: tables!("NULL::int8 AS ins_since_vacuum, "), timeout_ms: HEAVY_MS };

/// How often each index was used, and the blocks that it read.
pub(super) static INDEX_USE: Query = Query {
    name: "diagnose.index_use",
    text:
        "SELECT i.indexrelid::int8 AS oid, i.indrelid::int8 AS table_oid, pg_stat_get_numscans(i.indexrelid) AS scans,
                  pg_stat_get_tuples_returned(i.indexrelid) AS tup_read,
                  pg_stat_get_blocks_fetched(i.indexrelid) - pg_stat_get_blocks_hit(i.indexrelid) AS read,
                  pg_stat_get_blocks_hit(i.indexrelid) AS hit
             FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384
            ORDER BY pg_stat_get_blocks_fetched(i.indexrelid) DESC LIMIT 2000",
    timeout_ms: HEAVY_MS,
};

/// Checkpoints, and who wrote pages; one row. `backend_writes` are pages that sessions had to write themselves.
pub(super) static CHECKPOINTS: Query = Query {
    name: "diagnose.checkpoints",
    text: "SELECT c.num_timed AS timed, c.num_requested AS requested, c.write_time, c.sync_time,
                  c.buffers_written AS checkpoint_writes, b.buffers_clean AS cleaner_writes, b.maxwritten_clean,
                  (SELECT sum(i.writes) FROM pg_catalog.pg_stat_io i
                    WHERE i.backend_type = 'client backend' AND i.object = 'relation')::int8 AS backend_writes,
                  b.buffers_alloc,
                  CASE WHEN pg_is_in_recovery() THEN NULL
                       ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END AS wal_at
             FROM pg_catalog.pg_stat_checkpointer c, pg_catalog.pg_stat_bgwriter b",
    timeout_ms: HEAVY_MS,
};

/// The same before 17.
pub(super) static CHECKPOINTS_16: Query = Query {
    name: "diagnose.checkpoints",
    text: "SELECT b.checkpoints_timed AS timed, b.checkpoints_req AS requested, b.checkpoint_write_time AS write_time,
                  b.checkpoint_sync_time AS sync_time, b.buffers_checkpoint AS checkpoint_writes,
                  b.buffers_clean AS cleaner_writes, b.maxwritten_clean, b.buffers_backend AS backend_writes,
                  b.buffers_alloc,
                  CASE WHEN pg_is_in_recovery() THEN NULL
                       ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END AS wal_at
             FROM pg_catalog.pg_stat_bgwriter b",
    timeout_ms: HEAVY_MS,
};

/// The write-ahead log; one row.
pub(super) static WAL: Query = Query {
    name: "diagnose.wal",
    text: "SELECT w.wal_records, w.wal_fpi, w.wal_bytes, w.wal_buffers_full FROM pg_catalog.pg_stat_wal w",
    timeout_ms: HEAVY_MS,
};

/// Reads and writes by who did them and how; 16 and later.
pub(super) static IO: Query = Query {
    name: "diagnose.io",
    text: "SELECT i.backend_type, i.object, i.context, i.reads, i.read_time, i.writes, i.write_time, i.extends, i.hits,
                  i.evictions, i.reuses, i.fsyncs, i.fsync_time
             FROM pg_catalog.pg_stat_io i
            WHERE coalesce(i.reads, 0) + coalesce(i.writes, 0) + coalesce(i.extends, 0) + coalesce(i.hits, 0) > 0
            LIMIT 100",
    timeout_ms: HEAVY_MS,
};

/// Whether the write-ahead log can be archived; one row.
pub(super) static ARCHIVER: Query = Query {
    name: "diagnose.archiver",
    text: "SELECT a.archived_count, a.failed_count, a.last_failed_wal,
                  extract(epoch FROM clock_timestamp() - a.last_archived_time)::float8 AS archived_seconds,
                  extract(epoch FROM clock_timestamp() - a.last_failed_time)::float8 AS failed_seconds
             FROM pg_catalog.pg_stat_archiver a",
    timeout_ms: HEAVY_MS,
};

/// What the extension counts, without texts, which are read from a file. `id` names a statement to
/// [`super::STATEMENT_TEXTS`].
pub(super) static STATEMENTS: Query = Query {
    name: "diagnose.statements",
    text: "SELECT s.userid::text || '/' || s.dbid || '/' || s.queryid AS id, s.queryid::text AS queryid,
                  (SELECT d.datname FROM pg_catalog.pg_database d WHERE d.oid = s.dbid) AS datname,
                  s.calls, s.{total_exec_time} AS total_ms, s.rows, s.shared_blks_hit, s.shared_blks_read,
                  s.temp_blks_written, s.wal_bytes
             FROM {pg_stat_statements_numbers} s WHERE s.queryid IS NOT NULL
            ORDER BY s.calls DESC LIMIT 5000",
    timeout_ms: HEAVY_MS,
};

/// The same before 13.
pub(super) static STATEMENTS_12: Query = Query {
    name: "diagnose.statements",
    text: "SELECT s.userid::text || '/' || s.dbid || '/' || s.queryid AS id, s.queryid::text AS queryid,
                  (SELECT d.datname FROM pg_catalog.pg_database d WHERE d.oid = s.dbid) AS datname,
                  s.calls, s.{total_exec_time} AS total_ms, s.rows, s.shared_blks_hit, s.shared_blks_read,
                  s.temp_blks_written, NULL::int8 AS wal_bytes
             FROM {pg_stat_statements_numbers} s WHERE s.queryid IS NOT NULL
            ORDER BY s.calls DESC LIMIT 5000",
    timeout_ms: HEAVY_MS,
};
