//! What stands still while a diagnosis runs: the server, its settings, slots, replicas, ages and files.

use super::HEAVY_MS;
use crate::engine::Query;

/// One row.
pub(super) static SERVER: Query = Query {
    name: "diagnose.server",
    text: "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now_ms, pg_is_in_recovery() AS in_recovery,
                  extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS up_seconds,
                  extract(epoch FROM clock_timestamp() - pg_conf_load_time())::float8 AS conf_seconds,
                  current_database() AS database, current_user AS \"user\",
                  (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend')
                      AS connections,
                  (SELECT sum(d.numbackends) FROM pg_catalog.pg_stat_database d) AS backends,
                  EXISTS (SELECT FROM pg_catalog.pg_roles r
                           WHERE (r.rolname IN ('pg_read_all_stats', 'pg_monitor') AND pg_has_role(r.oid, 'USAGE'))
                              OR (r.rolname = current_user AND r.rolsuper)) AS sees_all",
    timeout_ms: HEAVY_MS,
};

/// Every setting that is not at its default, and those that a cause turns on. `setting`, `boot_val`, `min_val` and
/// `max_val` are in `unit`. Values that may name hosts, users or programs are left out.
pub(super) static SETTINGS: Query = Query {
    name: "diagnose.settings",
    text: "SELECT s.name, s.setting, s.unit, s.source, s.boot_val, s.reset_val, s.min_val, s.max_val, s.vartype, s.context,
                  s.pending_restart, s.sourcefile IS NOT NULL AND s.sourcefile LIKE '%postgresql.auto.conf' AS by_alter_system
             FROM pg_catalog.pg_settings s
            WHERE s.name IN (
                  'shared_buffers', 'effective_cache_size', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem',
                  'autovacuum_work_mem', 'temp_buffers', 'max_connections', 'superuser_reserved_connections',
                  'reserved_connections', 'autovacuum', 'autovacuum_naptime', 'autovacuum_max_workers',
                  'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_threshold', 'autovacuum_analyze_scale_factor',
                  'autovacuum_analyze_threshold', 'autovacuum_vacuum_cost_delay', 'autovacuum_vacuum_cost_limit',
                  'vacuum_cost_limit', 'vacuum_cost_delay', 'autovacuum_freeze_max_age',
                  'autovacuum_multixact_freeze_max_age', 'track_counts', 'track_activities',
                  'track_activity_query_size', 'track_io_timing', 'fsync', 'full_page_writes', 'synchronous_commit',
                  'wal_level', 'wal_buffers', 'wal_compression', 'commit_delay', 'max_wal_size', 'min_wal_size',
                  'checkpoint_timeout', 'checkpoint_completion_target', 'max_slot_wal_keep_size', 'wal_keep_size',
                  'archive_mode', 'max_worker_processes', 'max_parallel_workers', 'max_parallel_workers_per_gather',
                  'random_page_cost', 'seq_page_cost', 'cpu_tuple_cost', 'cpu_index_tuple_cost', 'cpu_operator_cost',
                  'effective_io_concurrency', 'default_statistics_target', 'enable_indexscan', 'enable_indexonlyscan',
                  'enable_bitmapscan', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_nestloop',
                  'enable_hashagg', 'enable_sort', 'enable_material', 'enable_memoize', 'join_collapse_limit',
                  'from_collapse_limit', 'geqo_threshold', 'plan_cache_mode', 'jit', 'jit_above_cost',
                  'statement_timeout', 'lock_timeout', 'deadlock_timeout', 'idle_in_transaction_session_timeout',
                  'idle_session_timeout', 'transaction_timeout', 'temp_file_limit', 'log_min_duration_statement',
                  'log_statement', 'log_lock_waits', 'bgwriter_delay', 'bgwriter_lru_maxpages', 'block_size',
                  'segment_size', 'wal_segment_size', 'max_locks_per_transaction', 'max_prepared_transactions',
                  'hot_standby_feedback', 'max_standby_streaming_delay', 'search_path', 'server_version_num')
            ORDER BY s.name LIMIT 200",
    timeout_ms: HEAVY_MS,
};

/// Settings of roles and databases that differ from the server's, one row each. Only those of the database that we are
/// connected to and of all.
pub(super) static ROLE_SETTINGS: Query = Query {
    name: "diagnose.role_settings",
    text: "SELECT r.rolname AS role, d.datname AS database, split_part(c.entry, '=', 1) AS name,
                  substr(c.entry, strpos(c.entry, '=') + 1) AS value
             FROM pg_catalog.pg_db_role_setting s
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
             LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
             CROSS JOIN LATERAL unnest(s.setconfig) c (entry)
            WHERE s.setdatabase = 0 OR d.datname = current_database()
            ORDER BY 1 NULLS FIRST, 2 NULLS FIRST, 3 LIMIT 500",
    timeout_ms: HEAVY_MS,
};

/// Roles that are connected or have a limit. A limit of -1 is none.
pub(super) static ROLES: Query = Query {
    name: "diagnose.roles",
    text: "SELECT r.rolname AS role, r.rolconnlimit AS connection_limit, r.rolsuper AS superuser,
                  count(a.pid) AS connections
             FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_stat_activity a ON a.usesysid = r.oid
            WHERE r.rolcanlogin GROUP BY 1, 2, 3 HAVING count(a.pid) > 0 OR r.rolconnlimit >= 0
            ORDER BY 4 DESC LIMIT 200",
    timeout_ms: HEAVY_MS,
};

/// Sizes of databases that we may connect to.
pub(super) static SIZES: Query = Query {
    name: "diagnose.sizes",
    text:
        "SELECT d.datname, CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END AS bytes,
                  d.datname = current_database() AS here, d.datconnlimit AS connection_limit
             FROM (SELECT * FROM pg_catalog.pg_database x WHERE x.datallowconn
                    ORDER BY x.datname = current_database() DESC, x.oid DESC LIMIT 20) d",
    timeout_ms: HEAVY_MS,
};

/// Ages of transaction numbers, and what holds the oldest back.
pub(super) static AGES: Query = Query {
    name: "diagnose.ages",
    text: "SELECT d.datname, age(d.datfrozenxid) AS xid_age, mxid_age(d.datminmxid) AS multixact_age,
                  d.datallowconn AS can_connect
             FROM pg_catalog.pg_database d ORDER BY age(d.datfrozenxid) DESC LIMIT 50",
    timeout_ms: HEAVY_MS,
};

/// Transactions that were prepared for two phases and wait for the second.
pub(super) static PREPARED: Query = Query {
    name: "diagnose.prepared",
    text: "SELECT p.gid, p.owner, p.database, extract(epoch FROM clock_timestamp() - p.prepared)::float8 AS seconds,
                  age(p.transaction) AS xid_age
             FROM pg_catalog.pg_prepared_xacts p ORDER BY p.prepared LIMIT 100",
    timeout_ms: HEAVY_MS,
};

/// Replicas of this server.
pub(super) static REPLICATION: Query = Query {
    name: "diagnose.replication",
    text: "SELECT r.pid, r.usename, r.application_name, host(r.client_addr) AS client_addr, r.state, r.sync_state,
                  CASE WHEN pg_is_in_recovery() THEN NULL
                       ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), r.sent_lsn) END AS send_bytes,
                  pg_wal_lsn_diff(r.sent_lsn, r.flush_lsn) AS flush_bytes,
                  pg_wal_lsn_diff(r.flush_lsn, r.replay_lsn) AS replay_bytes,
                  extract(epoch FROM coalesce(r.replay_lag, r.flush_lag, r.write_lag))::float8 AS lag_seconds
             FROM pg_catalog.pg_stat_replication r ORDER BY r.pid LIMIT 100",
    timeout_ms: HEAVY_MS,
};

/// This server as a replica; one row, without numbers on a primary.
pub(super) static RECEIVER: Query = Query {
    name: "diagnose.receiver",
    text: "SELECT pg_is_in_recovery() AS in_recovery, pg_is_in_recovery() AND pg_is_wal_replay_paused() AS paused,
                  CASE WHEN pg_is_in_recovery()
                       THEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END AS replay_bytes,
                  extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS replay_seconds,
                  (SELECT w.status FROM pg_catalog.pg_stat_wal_receiver w LIMIT 1) AS receiver_status
            WHERE CASE WHEN pg_is_in_recovery() THEN true ELSE false END",
    timeout_ms: HEAVY_MS,
};

macro_rules! slots {
    ($later:literal) => {
        concat!(
            "SELECT s.slot_name AS name, s.slot_type AS type, s.plugin, s.database, s.temporary, s.active, s.active_pid,
                    pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                         ELSE pg_current_wal_lsn() END, s.restart_lsn) AS retained_bytes,
                    s.restart_lsn::text AS restart_lsn, age(s.xmin) AS xmin_age, age(s.catalog_xmin) AS catalog_xmin_age, ",
            $later,
            " FROM pg_catalog.pg_replication_slots s ORDER BY s.restart_lsn NULLS LAST, s.slot_name LIMIT 100"
        )
    };
}

/// Replication slots. Before 17 nobody knows since when one is unused.
pub(super) static SLOTS: Query = Query {
    name: "diagnose.slots",
    text: slots!(
        "s.wal_status, s.safe_wal_size, s.conflicting,
         extract(epoch FROM clock_timestamp() - s.inactive_since)::float8 AS inactive_seconds"
    ),
    timeout_ms: HEAVY_MS,
};

/// The same before 17.
pub(super) static SLOTS_16: Query = Query {
    name: "diagnose.slots",
    text: slots!("s.wal_status, s.safe_wal_size, NULL::boolean AS conflicting, NULL::float8 AS inactive_seconds"),
    timeout_ms: HEAVY_MS,
};

/// The same before 13.
pub(super) static SLOTS_12: Query = Query {
    name: "diagnose.slots",
    text: slots!(
        "NULL::text AS wal_status, NULL::int8 AS safe_wal_size, NULL::boolean AS conflicting,
         NULL::float8 AS inactive_seconds"
    ),
    timeout_ms: HEAVY_MS,
};

/// Long work that reports its progress: VACUUM, builds of indexes, ANALYZE, CLUSTER, base backups, COPY.
pub(super) static PROGRESS: Query = Query {
    name: "diagnose.progress",
    text: "SELECT p.pid, p.datname, p.relid::int8 AS table_oid, n.nspname AS schema, c.relname AS \"table\", p.command,
                  p.phase, p.done, p.total,
                  (SELECT a.backend_type FROM pg_catalog.pg_stat_activity a WHERE a.pid = p.pid) AS backend_type
             FROM (SELECT pid, datname, relid, 'VACUUM' AS command, phase, heap_blks_scanned AS done,
                          heap_blks_total AS total
                     FROM pg_catalog.pg_stat_progress_vacuum
                   {progress_create_index} {progress_cluster} {progress_analyze} {progress_base_backup}
                   {progress_copy}) p
             LEFT JOIN pg_catalog.pg_class c ON c.oid = p.relid AND p.datname = current_database()
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LIMIT 100",
    timeout_ms: HEAVY_MS,
};

/// The write-ahead log on disk, one row; for members of `pg_monitor`.
pub(super) static WAL_FILES: Query = Query {
    name: "diagnose.wal_files",
    text: "SELECT count(*) AS files, sum(w.size)::int8 AS bytes FROM pg_catalog.pg_ls_waldir() w",
    timeout_ms: HEAVY_MS,
};

/// Temporary files of running statements, by session; for members of `pg_monitor`. Their names begin with
/// `pgsql_tmp` and the session's number.
pub(super) static TEMP_FILES: Query = Query {
    name: "diagnose.temp_files",
    text:
        "SELECT substring(t.name FROM 'pgsql_tmp([0-9]+)')::int8 AS pid, count(*) AS files, sum(t.size)::int8 AS bytes
             FROM pg_catalog.pg_ls_tmpdir() t GROUP BY 1 ORDER BY 3 DESC LIMIT 100",
    timeout_ms: HEAVY_MS,
};
