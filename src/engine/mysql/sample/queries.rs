//! What one collection asks. None of it waits for a lock, and what differs between the two servers stands in braces
//! (see `session/placeholders`) or is a query of its own.

use crate::engine::Query;

/// Time for what is asked every cycle.
const LIGHT_MS: u64 = 2000;
/// Time for what is asked now and then.
const HEAVY_MS: u64 = 5000;

/// Sessions of one sample, at most; the limit of [`SESSIONS`].
pub(super) const MOST_SESSIONS: usize = 1000;

/// Sessions but ours, those that matter first. The moment a transaction began comes in the server's own time zone.
pub(super) static SESSIONS: Query = Query {
    name: "sample.sessions",
    text: "SELECT p.ID AS pid, p.DB AS db, p.USER AS user, p.HOST AS client, p.COMMAND AS command, p.STATE AS state,
                  {application} AS application, {time_ms} AS time_ms,
                  {transaction_ms} AS transaction_ms, {transaction_state} AS transaction_state,
                  LEFT(p.INFO, 2048) AS statement, {commit_pending} AS modified
             FROM {processlist} p {transactions} {attributes}
            WHERE p.ID <> CONNECTION_ID() {not_ours}
            ORDER BY {waits_first} p.COMMAND IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID'), time_ms DESC, p.ID
            LIMIT 1000",
    timeout_ms: LIGHT_MS,
};

/// Who holds the rows that others wait for: MySQL.
pub(super) static ROW_BLOCKERS_MYSQL: Query = Query {
    name: "sample.row_blockers",
    text: "SELECT DISTINCT r.trx_mysql_thread_id AS waiting, b.trx_mysql_thread_id AS blocking, l.LOCK_MODE AS mode,
                  CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME) AS object
             FROM performance_schema.data_lock_waits w
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID
             LEFT JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID
                  AND l.ENGINE = w.ENGINE
            LIMIT 5000",
    timeout_ms: LIGHT_MS,
};

/// The same: MariaDB.
pub(super) static ROW_BLOCKERS_MARIADB: Query = Query {
    name: "sample.row_blockers",
    text: "SELECT DISTINCT r.trx_mysql_thread_id AS waiting, b.trx_mysql_thread_id AS blocking, l.lock_mode AS mode,
                  REPLACE(l.lock_table, '`', '') AS object
             FROM information_schema.INNODB_LOCK_WAITS w
             JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id
             JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id
             LEFT JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.blocking_lock_id
            LIMIT 5000",
    timeout_ms: LIGHT_MS,
};

/// Who holds the metadata locks that others wait for. A statement that only uses a table waits for whoever changes it,
/// or wants to and came first; who changes a table waits for everybody.
pub(super) static METADATA_BLOCKERS: Query = Query {
    name: "sample.metadata_blockers",
    text: "SELECT DISTINCT rt.PROCESSLIST_ID AS waiting, bt.PROCESSLIST_ID AS blocking, b.LOCK_TYPE AS mode,
                  COALESCE(CONCAT(b.OBJECT_SCHEMA, '.', b.OBJECT_NAME), b.OBJECT_SCHEMA, b.OBJECT_TYPE) AS object
             FROM performance_schema.metadata_locks r
             JOIN performance_schema.metadata_locks b ON b.OBJECT_TYPE = r.OBJECT_TYPE
                  AND b.OBJECT_SCHEMA <=> r.OBJECT_SCHEMA AND b.OBJECT_NAME <=> r.OBJECT_NAME
                  AND b.OWNER_THREAD_ID <> r.OWNER_THREAD_ID
             JOIN performance_schema.threads rt ON rt.THREAD_ID = r.OWNER_THREAD_ID
             JOIN performance_schema.threads bt ON bt.THREAD_ID = b.OWNER_THREAD_ID
            WHERE r.LOCK_STATUS = 'PENDING'
              AND (b.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE')
                   AND (b.LOCK_STATUS = 'GRANTED' OR r.LOCK_TYPE NOT IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE'))
                   OR b.LOCK_STATUS = 'GRANTED'
                      AND (r.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE')
                           OR r.LOCK_TYPE = 'SHARED_NO_WRITE' AND b.LOCK_TYPE = 'SHARED_WRITE'
                           OR r.LOCK_TYPE = 'SHARED_UPGRADABLE' AND b.LOCK_TYPE = 'SHARED_UPGRADABLE'
                           OR r.OBJECT_TYPE NOT IN ('TABLE', 'SCHEMA') AND b.LOCK_TYPE = 'SHARED'))
            LIMIT 5000",
    timeout_ms: LIGHT_MS,
};

/// The same from the plugin of MariaDB, which lists locks that are held and not who waits.
pub(super) static METADATA_HOLDERS: Query = Query {
    name: "sample.metadata_holders",
    text: "SELECT DISTINCT m.THREAD_ID AS pid, m.LOCK_MODE AS mode, m.TABLE_SCHEMA AS db, m.TABLE_NAME AS tbl,
                  CONCAT(m.TABLE_SCHEMA, '.', m.TABLE_NAME) AS object
             FROM information_schema.METADATA_LOCK_INFO m
            WHERE m.LOCK_TYPE = 'Table metadata lock' LIMIT 5000",
    timeout_ms: LIGHT_MS,
};

/// Counters and levels. Everybody may read them.
pub(super) static STATUS: Query = Query {
    name: "sample.status",
    text: "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Questions', 'Com_commit', 'Com_rollback',
             'Handler_commit', 'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads', 'Innodb_os_log_written',
             'Innodb_row_lock_waits', 'Innodb_deadlocks', 'Innodb_history_list_length', 'Innodb_checkpoint_age',
             'Innodb_redo_log_current_lsn', 'Innodb_redo_log_checkpoint_lsn', 'Created_tmp_disk_tables', 'Slow_queries',
             'Open_files', 'Connection_errors_max_connections', 'Aborted_clients', 'Innodb_rows_inserted')",
    timeout_ms: LIGHT_MS,
};

/// The server's clock and limits.
pub(super) static LIMITS: Query = Query {
    name: "sample.limits",
    text: "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now_ms, @@global.max_connections AS connection_limit",
    timeout_ms: LIGHT_MS,
};

/// What MySQL counts in InnoDB's own table of metrics; for logins with PROCESS.
pub(super) static INNODB_METRICS: Query = Query {
    name: "sample.innodb_metrics",
    text: "SELECT m.NAME AS name, m.COUNT AS value FROM information_schema.INNODB_METRICS m
            WHERE m.NAME IN ('trx_rseg_history_len', 'lock_deadlocks') AND m.STATUS = 'enabled'",
    timeout_ms: LIGHT_MS,
};

/// What all statements together were and took, since the counters began.
pub(super) static STATEMENTS: Query = Query {
    name: "sample.statements",
    text: "SELECT SUM(s.COUNT_STAR) AS calls, SUM(s.SUM_TIMER_WAIT) / 1000000000 AS total_ms
             FROM performance_schema.events_statements_summary_global_by_event_name s
            WHERE s.EVENT_NAME LIKE 'statement/sql/%' OR s.EVENT_NAME = 'statement/com/Execute'",
    timeout_ms: LIGHT_MS,
};

/// Servers that this one follows.
pub(super) static REPLICA: Query = Query { name: "sample.replica", text: "{replica_status}", timeout_ms: LIGHT_MS };

/// Size of the connected database. MySQL has it in its dictionary; MariaDB would open every table, so that the files
/// are asked instead.
pub(super) static DATA_BYTES: Query = Query { name: "sample.data_bytes", text: "{data_bytes}", timeout_ms: HEAVY_MS };

/// Binary logs with their sizes.
pub(super) static BINARY_LOGS: Query =
    Query { name: "sample.binary_logs", text: "SHOW BINARY LOGS", timeout_ms: HEAVY_MS };
