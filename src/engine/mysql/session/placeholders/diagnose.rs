//! The parts of the queries of a diagnosis.

use super::{Part, needs_performance_schema};

pub(super) const PARTS: &[(&str, Part)] = &[
    ("{open_transaction}", |f| Ok(if f.sees_all { OPEN_TRANSACTION } else { NO_TRANSACTION })),
    ("{row_waits}", |f| match (f.is_mariadb() || f.version < 80_000, f.performance_schema, f.sees_all) {
        (_, _, false) => Err("who waits for rows is hidden: GRANT PROCESS ON *.* to this login"),
        (true, ..) => Ok(ROW_WAITS_BY_TRANSACTIONS),
        (false, true, _) => Ok(ROW_WAITS_BY_LOCKS),
        (false, false, _) => {
            Err("who waits for rows is hidden: GRANT SELECT ON performance_schema.* to this login, with \
                 performance_schema = ON on the server")
        }
    }),
    ("{metadata_waits}", |f| match (f.metadata_locks, f.metadata_lock_info, f.is_mariadb()) {
        (true, ..) => Ok(METADATA_WAITS),
        (false, true, _) => Err("the plugin metadata_lock_info tells who holds metadata locks, not who waits"),
        (false, false, true) => Err(
            "who holds a metadata lock is not visible: INSTALL SONAME 'metadata_lock_info', or performance_schema = ON \
                 with performance_schema_instrument = 'wait/lock/metadata/sql/mdl=ON'",
        ),
        (false, false, false) => Err(
            "who holds a metadata lock is not visible: GRANT SELECT ON performance_schema.*, and leave the instrument \
                 wait/lock/metadata/sql/mdl on",
        ),
    }),
    ("{file_times}", |f| needs_performance_schema(f, "performance_schema.file_summary_by_event_name")),
    // MySQL keeps one statement of each shape, with its values.
    ("{digest_sample}", |f| {
        Ok(if !f.is_mariadb() && f.version >= 80_000 { "LEFT(s.QUERY_SAMPLE_TEXT, 4096)" } else { "NULL" })
    }),
    ("{changed_settings}", |f| match (f.is_mariadb(), f.performance_schema && f.version >= 80_000) {
        (true, _) => Ok(CHANGED_MARIADB),
        (false, true) => Ok(CHANGED_MYSQL),
        (false, false) => Err("who changed a setting, and when, is not visible: it takes MySQL 8 and GRANT SELECT ON \
                 performance_schema.*"),
    }),
    ("{table_counters}", |f| match (f.sees_all, f.is_mariadb() || f.version < 80_000) {
        (false, _) => {
            Err("how far tables have changed since their statistics were read is hidden: GRANT PROCESS ON *.*")
        }
        (true, true) => Ok("information_schema.INNODB_SYS_TABLESTATS"),
        (true, false) => Ok("information_schema.INNODB_TABLESTATS"),
    }),
];

const OPEN_TRANSACTION: &str = "CONCAT(t.trx_id, ' of ', CAST(t.trx_started AS CHAR)) AS trx, t.trx_state AS trx_state, \
    CAST(UNIX_TIMESTAMP(CONVERT_TZ(t.trx_started, 'SYSTEM', @@session.time_zone)) * 1000 AS SIGNED) AS trx_began_ms, \
    CAST(UNIX_TIMESTAMP(CONVERT_TZ(t.trx_wait_started, 'SYSTEM', @@session.time_zone)) * 1000 AS SIGNED) AS trx_waits_since_ms, \
    t.trx_rows_modified AS rows_modified, t.trx_rows_locked AS rows_locked, t.trx_tables_locked AS tables_locked";
const NO_TRANSACTION: &str = "NULL AS trx, NULL AS trx_state, NULL AS trx_began_ms, NULL AS trx_waits_since_ms, \
    NULL AS rows_modified, NULL AS rows_locked, NULL AS tables_locked";

const ROW_WAITS_BY_LOCKS: &str = "SELECT DISTINCT r.trx_mysql_thread_id AS waiting, b.trx_mysql_thread_id AS blocking, \
    l.LOCK_MODE AS mode, CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME) AS object \
    FROM performance_schema.data_lock_waits w \
    JOIN information_schema.INNODB_TRX r ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID \
    JOIN information_schema.INNODB_TRX b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID \
    LEFT JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.BLOCKING_ENGINE_LOCK_ID AND l.ENGINE = w.ENGINE \
    LIMIT 5000";
const ROW_WAITS_BY_TRANSACTIONS: &str = "SELECT DISTINCT r.trx_mysql_thread_id AS waiting, \
    b.trx_mysql_thread_id AS blocking, l.lock_mode AS mode, REPLACE(l.lock_table, '`', '') AS object \
    FROM information_schema.INNODB_LOCK_WAITS w \
    JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id \
    JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id \
    LEFT JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.blocking_lock_id LIMIT 5000";

/// A statement that only uses a table waits for whoever changes it, or wants to and came first; who changes a table
/// waits for everybody.
const METADATA_WAITS: &str = "SELECT DISTINCT rt.PROCESSLIST_ID AS waiting, bt.PROCESSLIST_ID AS blocking, \
    b.LOCK_TYPE AS mode, b.LOCK_STATUS AS status, \
    COALESCE(CONCAT(b.OBJECT_SCHEMA, '.', b.OBJECT_NAME), b.OBJECT_SCHEMA, b.OBJECT_TYPE) AS object \
    FROM performance_schema.metadata_locks r \
    JOIN performance_schema.metadata_locks b ON b.OBJECT_TYPE = r.OBJECT_TYPE \
     AND b.OBJECT_SCHEMA <=> r.OBJECT_SCHEMA AND b.OBJECT_NAME <=> r.OBJECT_NAME \
     AND b.OWNER_THREAD_ID <> r.OWNER_THREAD_ID \
    JOIN performance_schema.threads rt ON rt.THREAD_ID = r.OWNER_THREAD_ID \
    JOIN performance_schema.threads bt ON bt.THREAD_ID = b.OWNER_THREAD_ID \
    WHERE r.LOCK_STATUS = 'PENDING' \
     AND (b.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE') \
      AND (b.LOCK_STATUS = 'GRANTED' OR r.LOCK_TYPE NOT IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE')) \
      OR b.LOCK_STATUS = 'GRANTED' \
       AND (r.LOCK_TYPE IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE') \
        OR r.LOCK_TYPE = 'SHARED_NO_WRITE' AND b.LOCK_TYPE = 'SHARED_WRITE' \
        OR r.LOCK_TYPE = 'SHARED_UPGRADABLE' AND b.LOCK_TYPE = 'SHARED_UPGRADABLE' \
        OR r.OBJECT_TYPE NOT IN ('TABLE', 'SCHEMA') AND b.LOCK_TYPE = 'SHARED')) LIMIT 5000";

const CHANGED_MARIADB: &str = "SELECT LOWER(v.VARIABLE_NAME) AS name, v.GLOBAL_VALUE AS value, \
    v.DEFAULT_VALUE AS default_value, NULL AS changed_at, NULL AS changed_by \
    FROM information_schema.SYSTEM_VARIABLES v \
    WHERE v.GLOBAL_VALUE_ORIGIN = 'SQL' AND v.GLOBAL_VALUE IS NOT NULL";
const CHANGED_MYSQL: &str = "SELECT LOWER(v.VARIABLE_NAME) AS name, v.VARIABLE_VALUE AS value, NULL AS default_value, \
    CAST(i.SET_TIME AS CHAR) AS changed_at, CONCAT(i.SET_USER, '@', i.SET_HOST) AS changed_by \
    FROM performance_schema.variables_info i \
    JOIN performance_schema.global_variables v ON v.VARIABLE_NAME = i.VARIABLE_NAME \
    WHERE i.VARIABLE_SOURCE = 'DYNAMIC'";
