//! Views of the server screen, each one query. None takes a lock on a relation: sizes come from `pg_class`, as of the
//! last VACUUM or ANALYZE. Braces mark what depends on the server's version (see `session/placeholders`).

use crate::engine::{Query, View};

pub(super) static VIEWS: &[View] = &[
    View { name: "queries", key: 'q', title: "Statements by total time", query: &STATEMENTS },
    View { name: "tables", key: 't', title: "Tables", query: &TABLES },
    View { name: "indexes", key: 'i', title: "Indexes", query: &INDEXES },
    View { name: "replication", key: 'r', title: "Replication", query: &REPLICATION },
    View { name: "settings", key: 'v', title: "Settings that differ from the default first", query: &SETTINGS },
    View { name: "progress", key: 'p', title: "Progress of long operations", query: &PROGRESS },
    View { name: "wal", key: 'w', title: "Write-ahead log and checkpoints", query: &WAL },
    View { name: "databases", key: 'd', title: "Databases", query: &DATABASES },
];

const TIME_MS: u64 = 5000;

static STATEMENTS: Query = Query {
    name: "view.queries",
    text: "SELECT left(regexp_replace(s.query, '\\s+', ' ', 'g'), 1000) AS statement, s.calls,
                  round(s.{total_exec_time}::numeric, 1) AS total_ms, round(s.{mean_exec_time}::numeric, 2) AS mean_ms,
                  round(s.{stddev_exec_time}::numeric, 2) AS stddev_ms,
                  round((100 * s.{total_exec_time} / nullif(sum(s.{total_exec_time}) OVER (), 0))::numeric, 1) AS percent,
                  s.rows, round(100.0 * s.shared_blks_hit / nullif(s.shared_blks_hit + s.shared_blks_read, 0), 1) AS cache_percent,
                  s.shared_blks_read AS blocks_read, s.temp_blks_written AS temp_blocks,
                  pg_get_userbyid(s.userid) AS \"user\", d.datname AS database, s.queryid
             FROM {pg_stat_statements} s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
            ORDER BY s.{total_exec_time} DESC LIMIT 200",
    timeout_ms: TIME_MS,
};

static TABLES: Query = Query {
    name: "view.tables",
    text: "SELECT s.schemaname || '.' || s.relname AS \"table\",
                  (c.relpages + coalesce(x.pages, 0) + coalesce(t.relpages, 0)) * b.size AS bytes,
                  c.relpages * b.size AS heap_bytes, coalesce(x.pages, 0) * b.size AS index_bytes,
                  s.n_live_tup AS rows, s.n_dead_tup AS dead_rows,
                  round(100.0 * s.n_dead_tup / nullif(s.n_live_tup + s.n_dead_tup, 0), 1) AS dead_percent,
                  s.seq_scan AS full_scans, s.seq_tup_read AS rows_by_full_scan, s.idx_scan AS index_scans,
                  s.n_tup_ins AS inserted, s.n_tup_upd AS updated, s.n_tup_hot_upd AS updated_hot, s.n_tup_del AS deleted,
                  date_trunc('second', greatest(s.last_vacuum, s.last_autovacuum)) AS last_vacuum,
                  date_trunc('second', greatest(s.last_analyze, s.last_autoanalyze)) AS last_analyze,
                  age(c.relfrozenxid) AS xid_age
             FROM pg_catalog.pg_stat_user_tables s
             JOIN pg_catalog.pg_class c ON c.oid = s.relid
             LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
             LEFT JOIN LATERAL (SELECT sum(i.relpages) AS pages FROM pg_catalog.pg_index n
                                  JOIN pg_catalog.pg_class i ON i.oid = n.indexrelid WHERE n.indrelid = c.oid) x ON true
             CROSS JOIN (SELECT current_setting('block_size')::int8 AS size) b
            ORDER BY 2 DESC, 1 LIMIT 1000",
    timeout_ms: TIME_MS,
};

static INDEXES: Query = Query {
    name: "view.indexes",
    text: "SELECT s.schemaname || '.' || s.indexrelname AS index, s.relname AS \"table\",
                  c.relpages * current_setting('block_size')::int8 AS bytes, s.idx_scan AS scans,
                  s.idx_tup_read AS entries_read, s.idx_tup_fetch AS rows_fetched,
                  CASE WHEN NOT i.indisvalid THEN 'INVALID' WHEN i.indisprimary THEN 'primary key'
                       WHEN i.indisunique THEN 'unique' ELSE '' END AS kind,
                  CASE WHEN s.idx_scan = 0 AND NOT i.indisunique THEN 'never used since the counters began' ELSE '' END AS note,
                  (SELECT string_agg(coalesce(a.attname, '(expression)'), ', ' ORDER BY k.n)
                     FROM unnest(i.indkey) WITH ORDINALITY k (attnum, n)
                     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    WHERE k.n <= i.{indnkeyatts}) AS columns
             FROM pg_catalog.pg_stat_user_indexes s
             JOIN pg_catalog.pg_index i ON i.indexrelid = s.indexrelid
             JOIN pg_catalog.pg_class c ON c.oid = s.indexrelid
            ORDER BY 3 DESC, 1 LIMIT 1000",
    timeout_ms: TIME_MS,
};

/// Standbys of this server, the server that this one follows, and slots.
static REPLICATION: Query = Query {
    name: "view.replication",
    text: "WITH here AS (
             SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_{wal}_replay_{lsn}() ELSE pg_current_{wal}_{lsn}() END AS at)
           SELECT coalesce(nullif(p.application_name, ''), 'pid ' || p.pid) AS name, 'standby' AS kind,
                  host(p.client_addr) AS address, p.state, p.sync_state AS mode,
                  round(extract(epoch FROM {replay_lag})::numeric, 1) AS lag_seconds,
                  pg_{wal}_{lsn}_diff(here.at, p.replay_{lsn})::int8 AS behind_bytes, NULL::int8 AS retained_bytes
             FROM pg_catalog.pg_stat_replication p CROSS JOIN here
           UNION ALL
           SELECT coalesce(substring(r.conninfo FROM 'host=(\\S+)'), 'primary'), 'follows', NULL, r.status, NULL,
                  round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::numeric, 1),
                  pg_{wal}_{lsn}_diff(pg_last_{wal}_receive_{lsn}(), pg_last_{wal}_replay_{lsn}())::int8, NULL
             FROM pg_catalog.pg_stat_wal_receiver r
           UNION ALL
           SELECT s.slot_name::text, s.slot_type || ' slot', NULL, CASE WHEN s.active THEN 'active' ELSE 'INACTIVE' END,
                  {slot_wal_status}, NULL, NULL, pg_{wal}_{lsn}_diff(here.at, s.restart_lsn)::int8
             FROM pg_catalog.pg_replication_slots s CROSS JOIN here
           ORDER BY 2, 1",
    timeout_ms: TIME_MS,
};

static SETTINGS: Query = Query {
    name: "view.settings",
    text: "SELECT s.name, s.setting || coalesce(' ' || s.unit, '') AS value,
                  CASE WHEN s.setting IS DISTINCT FROM s.boot_val THEN s.boot_val ELSE '' END AS default, s.source,
                  CASE WHEN s.pending_restart THEN 'WAITS FOR A RESTART' WHEN s.context = 'postmaster' THEN 'restart'
                       WHEN s.context = 'sighup' THEN 'reload' WHEN s.context = 'internal' THEN 'fixed' ELSE 'session' END
                      AS changed_by,
                  s.category, s.short_desc AS description
             FROM pg_catalog.pg_settings s
            WHERE s.source <> 'session'
            ORDER BY s.pending_restart DESC, s.source IN ('default', 'override', 'client'), s.name",
    timeout_ms: TIME_MS,
};

static PROGRESS: Query = Query {
    name: "view.progress",
    text: "SELECT p.pid, p.command, p.phase, p.datname AS database,
                  coalesce(n.nspname || '.' || c.relname, p.relid::text, '') AS relation,
                  round(100.0 * p.done / nullif(p.total, 0), 1) AS percent,
                  p.done * b.size AS bytes_done, p.total * b.size AS bytes_total,
                  date_trunc('second', clock_timestamp() - a.query_start) AS running_for,
                  left(a.query, 200) AS statement
             FROM (SELECT pid, datname, relid, 'VACUUM' AS command, phase, heap_blks_scanned AS done, heap_blks_total AS total
                     FROM pg_catalog.pg_stat_progress_vacuum
                   {progress_create_index} {progress_cluster} {progress_analyze} {progress_base_backup} {progress_copy}
                  ) p
             LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid
             LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid AND p.datname = current_database()
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN (SELECT current_setting('block_size')::int8 AS size) b
            ORDER BY a.query_start",
    timeout_ms: TIME_MS,
};

/// One line a fact: there is one log, and it has many sides.
static WAL: Query = Query {
    name: "view.wal",
    text: "WITH here AS (
             SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_{wal}_replay_{lsn}() ELSE pg_current_{wal}_{lsn}() END AS at)
           SELECT f.name, f.value, f.note
             FROM here CROSS JOIN pg_catalog.pg_stat_archiver a CROSS JOIN LATERAL (VALUES
               (1, 'position', here.at::text, CASE WHEN pg_is_in_recovery() THEN 'replayed so far' ELSE 'written so far' END),
               (2, 'checkpoints on time', {checkpoints_timed}::text, 'since the counters began'),
               (3, 'checkpoints forced', {checkpoints_requested}::text,
                   'by the amount written; many of them ask for a larger max_wal_size'),
               (4, 'max_wal_size', current_setting('max_wal_size'), 'a checkpoint comes before this much is written'),
               (5, 'checkpoint_timeout', current_setting('checkpoint_timeout'), 'and at least this often'),
               (6, 'wal_level', current_setting('wal_level'), 'what the log is good for'),
               (7, 'archive_mode', current_setting('archive_mode'), ''),
               (8, 'archived files', a.archived_count::text, coalesce('last ' || a.last_archived_wal || ' at '
                   || date_trunc('second', a.last_archived_time), 'none yet')),
               (9, 'failed to archive', a.failed_count::text, coalesce('last ' || a.last_failed_wal || ' at '
                   || date_trunc('second', a.last_failed_time), '')),
               (10, 'kept by slots', (SELECT max(pg_{wal}_{lsn}_diff(here.at, s.restart_lsn))::int8::text
                   FROM pg_catalog.pg_replication_slots s), 'bytes, for the slot that is furthest behind')
             ) f (place, name, value, note)
            ORDER BY f.place",
    timeout_ms: TIME_MS,
};

static DATABASES: Query = Query {
    name: "view.databases",
    text: "SELECT d.datname AS database, s.numbackends AS connections, s.xact_commit AS commits, s.xact_rollback AS rollbacks,
                  round(100.0 * s.blks_hit / nullif(s.blks_hit + s.blks_read, 0), 1) AS cache_percent,
                  s.temp_bytes, s.deadlocks, s.conflicts, age(d.datfrozenxid) AS xid_age,
                  pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation,
                  date_trunc('second', s.stats_reset) AS counters_since
             FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid
            WHERE NOT d.datistemplate
            ORDER BY s.numbackends DESC NULLS LAST, d.datname",
    timeout_ms: TIME_MS,
};
