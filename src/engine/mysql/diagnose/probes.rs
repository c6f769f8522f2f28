//! What a diagnosis reads of MySQL and MariaDB. Braces mark what depends on the server (see `session/placeholders`); what
//! a server or a login cannot give comes back as a refusal in words, never as nothing.

use crate::domain::target::Identity;
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::{Probe, Query, When};

/// Time for what is asked every half second.
const LIGHT_MS: u64 = 2_000;
/// Time for what is asked once or twice.
const HEAVY_MS: u64 = 5_000;

/// Sessions but ours, those that wait or hold something first.
pub(super) static SESSIONS: Query = Query {
    name: "diagnose.sessions",
    text: "SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.STATE AS state,
                  {application} AS application, {time_ms} AS time_ms, {open_transaction}, LEFT(p.INFO, 4096) AS statement,
                  CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now_ms
             FROM {processlist} p {transactions} {attributes}
            WHERE p.ID <> CONNECTION_ID()
            ORDER BY {waits_first} p.COMMAND IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID'), time_ms DESC, p.ID
            LIMIT 1000",
    timeout_ms: LIGHT_MS,
};

/// Who holds the rows that others wait for.
pub(super) static ROW_WAITS: Query = Query { name: "diagnose.row_waits", text: "{row_waits}", timeout_ms: LIGHT_MS };

/// Who holds the metadata locks that others wait for, where the server tells both ends.
pub(super) static METADATA_WAITS: Query =
    Query { name: "diagnose.metadata_waits", text: "{metadata_waits}", timeout_ms: LIGHT_MS };

/// Who holds which table's metadata: MariaDB's plugin, which does not tell who waits.
pub(super) static METADATA_HOLDERS: Query = Query {
    name: "diagnose.metadata_holders",
    text: "SELECT DISTINCT m.THREAD_ID AS id, m.LOCK_MODE AS mode, m.TABLE_SCHEMA AS db, m.TABLE_NAME AS tbl
             FROM information_schema.METADATA_LOCK_INFO m
            WHERE m.LOCK_TYPE = 'Table metadata lock' AND m.THREAD_ID <> CONNECTION_ID() LIMIT 5000",
    timeout_ms: LIGHT_MS,
};

/// Levels that move within a second.
pub(super) static PRESSURE: Query = Query {
    name: "diagnose.pressure",
    text:
        "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Threads_running', 'Innodb_data_pending_reads',
             'Innodb_data_pending_writes', 'Innodb_data_pending_fsyncs', 'Innodb_os_log_pending_fsyncs',
             'Innodb_os_log_pending_writes', 'Innodb_checkpoint_age', 'Innodb_redo_log_logical_size',
             'Innodb_redo_log_current_lsn', 'Innodb_redo_log_checkpoint_lsn', 'Innodb_buffer_pool_pages_dirty')",
    timeout_ms: LIGHT_MS,
};

/// Counters, whose differences tell something. Everybody may read them.
pub(super) static STATUS: Query = Query {
    name: "diagnose.status",
    text: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', 'Questions', 'Connections', 'Threads_connected',
             'Max_used_connections', 'Connection_errors_max_connections', 'Aborted_connects', 'Bytes_sent',
             'Com_select', 'Com_insert', 'Com_insert_select', 'Com_replace', 'Com_update', 'Com_update_multi', 'Com_delete',
             'Com_delete_multi', 'Com_load', 'Com_commit', 'Com_rollback', 'Handler_commit', 'Handler_read_rnd_next',
             'Handler_write', 'Handler_update', 'Handler_delete', 'Rows_sent', 'Select_scan', 'Select_full_join', 'Sort_merge_passes',
             'Created_tmp_tables', 'Created_tmp_disk_tables', 'Created_tmp_files', 'Innodb_rows_inserted',
             'Innodb_rows_updated', 'Innodb_rows_deleted', 'Innodb_rows_read', 'Innodb_buffer_pool_reads',
             'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_wait_free', 'Innodb_buffer_pool_pages_total',
             'Innodb_buffer_pool_pages_free', 'Innodb_data_reads', 'Innodb_data_writes', 'Innodb_data_read',
             'Innodb_data_written', 'Innodb_data_fsyncs', 'Innodb_log_waits', 'Innodb_os_log_written',
             'Innodb_os_log_fsyncs', 'Innodb_row_lock_waits', 'Innodb_row_lock_time', 'Innodb_deadlocks',
             'Innodb_history_list_length', 'Innodb_checkpoint_age', 'Innodb_checkpoint_max_age')",
    timeout_ms: HEAVY_MS,
};

/// What MySQL counts in InnoDB's own table of metrics; for logins with PROCESS.
pub(super) static INNODB: Query = Query {
    name: "diagnose.innodb",
    text: "SELECT m.NAME AS name, m.COUNT AS value FROM information_schema.INNODB_METRICS m
            WHERE m.NAME IN ('trx_rseg_history_len', 'lock_deadlocks')",
    timeout_ms: LIGHT_MS,
};

/// What files cost, all kinds of InnoDB's together: picoseconds and calls.
pub(super) static FILES: Query = Query {
    name: "diagnose.files",
    text: "SELECT s.EVENT_NAME AS name, s.COUNT_STAR AS calls, s.SUM_TIMER_WAIT / 1000000000 AS ms,
                  s.COUNT_READ AS `reads`, s.SUM_TIMER_READ / 1000000000 AS read_ms, s.COUNT_WRITE AS writes,
                  s.SUM_TIMER_WRITE / 1000000000 AS write_ms, s.COUNT_MISC AS others, s.SUM_TIMER_MISC / 1000000000 AS other_ms
             FROM {file_times} s WHERE s.EVENT_NAME LIKE 'wait/io/file/innodb/%' AND s.COUNT_STAR > 0",
    timeout_ms: LIGHT_MS,
};

/// Shapes of statements with what they cost since the server started, those that ran last first.
pub(super) static DIGESTS: Query = Query {
    name: "diagnose.digests",
    text: "SELECT s.SCHEMA_NAME AS db, s.DIGEST AS digest, LEFT(s.DIGEST_TEXT, 2048) AS text, s.COUNT_STAR AS calls,
                  s.SUM_TIMER_WAIT / 1000000000 AS ms, s.SUM_LOCK_TIME / 1000000000 AS lock_ms, s.SUM_ROWS_SENT AS sent,
                  s.SUM_ROWS_EXAMINED AS examined, s.SUM_ROWS_AFFECTED AS affected,
                  s.SUM_CREATED_TMP_DISK_TABLES AS disk_tables, s.SUM_SORT_MERGE_PASSES AS merge_passes,
                  s.SUM_NO_INDEX_USED AS no_index, {digest_sample} AS sample
             FROM {digests} s WHERE s.DIGEST_TEXT IS NOT NULL ORDER BY s.LAST_SEEN DESC LIMIT 1000",
    timeout_ms: HEAVY_MS,
};

/// Settings that limits and remedies go by.
pub(super) static SETTINGS: Query = Query {
    name: "diagnose.settings",
    text: "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_connections', 'max_user_connections', 'tmp_table_size',
             'max_heap_table_size', 'sort_buffer_size', 'join_buffer_size', 'read_buffer_size', 'read_rnd_buffer_size',
             'thread_stack', 'innodb_buffer_pool_size', 'innodb_log_file_size', 'innodb_redo_log_capacity',
             'innodb_log_buffer_size', 'innodb_io_capacity', 'innodb_flush_log_at_trx_commit', 'sync_binlog',
             'innodb_lock_wait_timeout', 'lock_wait_timeout', 'wait_timeout', 'performance_schema', 'log_bin', 'read_only',
             'innodb_stats_auto_recalc', 'innodb_print_all_deadlocks', 'binlog_expire_logs_seconds', 'expire_logs_days',
             'long_query_time', 'general_log')",
    timeout_ms: LIGHT_MS,
};

/// Settings that somebody has changed since the server started.
pub(super) static CHANGED_SETTINGS: Query =
    Query { name: "diagnose.changed_settings", text: "{changed_settings}", timeout_ms: LIGHT_MS };

/// The servers that this one follows.
pub(in crate::engine::mysql) static REPLICA: Query =
    Query { name: "diagnose.replica", text: "{replica_status}", timeout_ms: LIGHT_MS };

/// Binary logs, oldest first.
pub(in crate::engine::mysql) static BINARY_LOGS: Query =
    Query { name: "diagnose.binary_logs", text: "SHOW BINARY LOGS", timeout_ms: HEAVY_MS };

/// What is read, on which server.
pub(super) fn probes(identity: &Identity) -> Vec<Probe> {
    let probe = |query: &'static Query, when| Probe { query, when };
    let mut list = vec![
        probe(&STATUS, When::Ends),
        probe(&DIGESTS, When::Ends),
        probe(&FILES, When::Ends),
        probe(&SESSIONS, When::Often),
        probe(&ROW_WAITS, When::Often),
        probe(&METADATA_WAITS, When::Often),
        probe(&PRESSURE, When::Often),
        probe(&SETTINGS, When::Once),
        probe(&CHANGED_SETTINGS, When::Once),
        probe(&REPLICA, When::Once),
        probe(&BINARY_LOGS, When::Once),
    ];
    if Flavour::of_version(identity.version_number).is_mariadb() {
        list.push(probe(&METADATA_HOLDERS, When::Often));
    } else {
        list.push(probe(&INNODB, When::Ends));
    }
    list
}
