//! Parts of our constant queries that depend on the server: which of the two it is, its version, and what we may see.
//!
//! A query holds `{name}`; what takes its place is a constant of this file. Nothing from outside ever becomes part of
//! a query.

mod diagnose;

use super::begin::Facts;
use crate::domain::error_event::SessionError;
use std::borrow::Cow;

/// What a placeholder becomes; the error says in words why this server has no such thing.
type Part = fn(&Facts) -> Result<&'static str, &'static str>;

const PARTS: &[(&str, Part)] = &[
    ("{processlist}", |f| Ok(if has_fast_processlist(f) { "performance_schema.processlist" } else { PROCESSLIST })),
    ("{time_ms}", |f| Ok(if f.is_mariadb() { "CAST(p.TIME_MS AS SIGNED)" } else { "p.TIME * 1000" })),
    // InnoDB's transactions are for logins with PROCESS.
    ("{transactions}", |f| Ok(if f.sees_all { TRANSACTIONS } else { "" })),
    ("{transaction_ms}", |f| Ok(if f.sees_all { TRANSACTION_MS } else { "NULL" })),
    ("{transaction_state}", |f| Ok(if f.sees_all { "t.trx_state" } else { "NULL" })),
    ("{commit_pending}", |f| Ok(if f.sees_all { "t.trx_rows_modified" } else { "NULL" })),
    ("{waits_first}", |f| Ok(if f.sees_all { "t.trx_state IS NULL OR t.trx_state <> 'LOCK WAIT', " } else { "" })),
    ("{attributes}", |f| Ok(if f.performance_schema { ATTRIBUTES } else { "" })),
    ("{application}", |f| Ok(if f.performance_schema { "a.ATTR_VALUE" } else { "NULL" })),
    // Another login that merely calls itself `dba-gpt` is shown.
    ("{not_ours}", |f| Ok(if f.performance_schema { NOT_OURS } else { "" })),
    ("{replica_status}", |f| match (f.sees_replication, f.is_mariadb(), f.version) {
        (false, _, _) => {
            Err("the state of replication is hidden: GRANT REPLICATION CLIENT ON *.* (MariaDB: SLAVE MONITOR)")
        }
        (_, true, _) => Ok("SHOW ALL SLAVES STATUS"),
        (_, false, 80_022..) => Ok("SHOW REPLICA STATUS"),
        _ => Ok("SHOW SLAVE STATUS"),
    }),
    ("{data_bytes}", |f| {
        Ok(match (f.is_mariadb(), f.sees_all) {
            (true, true) => DATA_BYTES_BY_FILES,
            _ => DATA_BYTES_BY_TABLES,
        })
    }),
    ("{digests}", |f| needs_performance_schema(f, "performance_schema.events_statements_summary_by_digest")),
    // MySQL keeps a sample of each statement and its own quantiles.
    ("{p95}", |f| Ok(if f.is_mariadb() { "" } else { ", ROUND(s.QUANTILE_95 / 1000000000, 2) AS p95_ms" })),
    ("{index_use}", |f| needs_performance_schema(f, "performance_schema.table_io_waits_summary_by_index_usage")),
    ("{table_use}", |f| Ok(if f.performance_schema { TABLE_USE } else { "" })),
    ("{table_use_columns}", |f| Ok(if f.performance_schema { TABLE_USE_COLUMNS } else { "" })),
    ("{hosts}", |f| needs_performance_schema(f, "performance_schema.accounts")),
    ("{metadata_locks}", |f| match (f.metadata_locks, f.metadata_lock_info) {
        (true, _) => Ok(METADATA_LOCKS),
        (false, true) => Ok(METADATA_LOCK_INFO),
        (false, false) if f.is_mariadb() => {
            Err("metadata locks are not visible: INSTALL SONAME 'metadata_lock_info', or performance_schema = ON with \
             performance_schema_instrument = 'wait/lock/metadata/sql/mdl=ON'")
        }
        (false, false) => Err("metadata locks are not visible: GRANT SELECT ON performance_schema.*, and leave the \
             instrument wait/lock/metadata/sql/mdl on"),
    }),
    ("{settings}", |f| {
        Ok(match (f.is_mariadb(), f.performance_schema) {
            (true, _) => SETTINGS_MARIADB,
            (false, true) => SETTINGS_MYSQL,
            (false, false) => "SHOW GLOBAL VARIABLES",
        })
    }),
    ("{innodb}", |f| match (f.sees_all, f.is_mariadb()) {
        (false, _) => Err("InnoDB's inner state is hidden: GRANT PROCESS ON *.*"),
        (true, true) => Ok(INNODB_MARIADB),
        (true, false) => Ok(INNODB_MYSQL),
    }),
    // Every login may read these.
    ("{global_status}", |f| {
        Ok(if f.is_mariadb() { "information_schema.GLOBAL_STATUS" } else { "performance_schema.global_status" })
    }),
    ("{global_variables}", |f| {
        Ok(if f.is_mariadb() { "information_schema.GLOBAL_VARIABLES" } else { "performance_schema.global_variables" })
    }),
    ("{innodb_tables}", |f| {
        Ok(if f.is_mariadb() { "information_schema.INNODB_SYS_TABLES" } else { "information_schema.INNODB_TABLES" })
    }),
    ("{innodb_foreign}", |f| {
        Ok(if f.is_mariadb() { "information_schema.INNODB_SYS_FOREIGN" } else { "information_schema.INNODB_FOREIGN" })
    }),
    // MariaDB names files in this list, MySQL tables.
    ("{foreign_name}", |f| Ok(if f.is_mariadb() { "CONVERT(? USING filename)" } else { "?" })),
    ("{sequences}", |f| Ok(if f.is_mariadb() { ", 'SEQUENCE'" } else { "" })),
    ("{expression}", |f| Ok(if !f.is_mariadb() && f.version >= 80_013 { "s.EXPRESSION" } else { "NULL" })),
    ("{visible}", |f| {
        Ok(match (f.is_mariadb(), f.version) {
            (true, 100_600..) => "s.IGNORED = 'NO'",
            (false, 80_000..) => "s.IS_VISIBLE = 'YES'",
            _ => "1",
        })
    }),
];

const PROCESSLIST: &str = "information_schema.PROCESSLIST";
const TRANSACTIONS: &str = "LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID AND p.ID > 0";
const TRANSACTION_MS: &str =
    "CAST(UNIX_TIMESTAMP(CONVERT_TZ(t.trx_started, 'SYSTEM', @@session.time_zone)) * 1000 AS SIGNED)";
const ATTRIBUTES: &str = "LEFT JOIN performance_schema.session_connect_attrs a \
                          ON a.PROCESSLIST_ID = p.ID AND a.ATTR_NAME = 'program_name'";
const NOT_OURS: &str =
    "AND NOT (COALESCE(a.ATTR_VALUE, '') LIKE 'dba-gpt%' AND p.USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1))";

const DATA_BYTES_BY_TABLES: &str = "SELECT COALESCE(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0) AS data_bytes \
    FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = DATABASE()";
const DATA_BYTES_BY_FILES: &str = "SELECT COALESCE(SUM(s.FILE_SIZE), 0) AS data_bytes \
    FROM information_schema.INNODB_SYS_TABLESPACES s WHERE SUBSTRING_INDEX(s.NAME, '/', 1) = DATABASE()";

const TABLE_USE_COLUMNS: &str = ", u.COUNT_READ AS rows_read, u.COUNT_INSERT AS inserted, u.COUNT_UPDATE AS updated, \
    u.COUNT_DELETE AS deleted, ROUND(u.SUM_TIMER_WAIT / 1000000000) AS io_wait_ms";
const TABLE_USE: &str = "LEFT JOIN performance_schema.table_io_waits_summary_by_table u \
    ON u.OBJECT_TYPE = 'TABLE' AND u.OBJECT_SCHEMA = t.TABLE_SCHEMA AND u.OBJECT_NAME = t.TABLE_NAME";

const METADATA_LOCKS: &str = "SELECT CONCAT_WS('.', m.OBJECT_SCHEMA, m.OBJECT_NAME) AS object, m.OBJECT_TYPE AS kind, \
    t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS user, m.LOCK_TYPE AS mode, m.LOCK_DURATION AS duration, \
    m.LOCK_STATUS AS state, LEFT(t.PROCESSLIST_INFO, 200) AS statement \
    FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID \
    WHERE t.PROCESSLIST_ID <> CONNECTION_ID() \
    ORDER BY m.LOCK_STATUS = 'GRANTED', object, id LIMIT 1000";
const METADATA_LOCK_INFO: &str = "SELECT CONCAT_WS('.', m.TABLE_SCHEMA, m.TABLE_NAME) AS object, m.LOCK_TYPE AS kind, \
    m.THREAD_ID AS id, p.USER AS user, m.LOCK_MODE AS mode, m.LOCK_DURATION AS duration, 'GRANTED' AS state, \
    LEFT(p.INFO, 200) AS statement \
    FROM information_schema.METADATA_LOCK_INFO m LEFT JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID \
    WHERE m.THREAD_ID <> CONNECTION_ID() ORDER BY object, id LIMIT 1000";

const SETTINGS_MARIADB: &str = "SELECT v.VARIABLE_NAME AS name, v.GLOBAL_VALUE AS value, \
    IF(v.GLOBAL_VALUE <=> v.DEFAULT_VALUE, '', v.DEFAULT_VALUE) AS `default`, v.GLOBAL_VALUE_ORIGIN AS source, \
    IF(v.READ_ONLY = 'YES', 'restart', v.VARIABLE_SCOPE) AS changed_by, v.VARIABLE_COMMENT AS description \
    FROM information_schema.SYSTEM_VARIABLES v WHERE v.GLOBAL_VALUE IS NOT NULL \
    ORDER BY v.GLOBAL_VALUE_ORIGIN IN ('COMPILE-TIME', 'AUTO'), v.VARIABLE_NAME";
const SETTINGS_MYSQL: &str = "SELECT v.VARIABLE_NAME AS name, v.VARIABLE_VALUE AS value, i.VARIABLE_SOURCE AS source, \
    i.VARIABLE_PATH AS path, i.SET_TIME AS changed, i.SET_USER AS changed_by \
    FROM performance_schema.global_variables v \
    LEFT JOIN performance_schema.variables_info i ON i.VARIABLE_NAME = v.VARIABLE_NAME \
    ORDER BY i.VARIABLE_SOURCE = 'COMPILED', v.VARIABLE_NAME";

const INNODB_MYSQL: &str = "SELECT m.NAME AS name, m.COUNT AS value, m.SUBSYSTEM AS part, m.COMMENT AS description \
    FROM information_schema.INNODB_METRICS m WHERE m.STATUS = 'enabled' ORDER BY m.SUBSYSTEM, m.NAME";
const INNODB_MARIADB: &str = "SELECT m.NAME AS name, m.COUNT AS value, m.SUBSYSTEM AS part, m.COMMENT AS description \
    FROM information_schema.INNODB_METRICS m WHERE m.ENABLED = 1 ORDER BY m.SUBSYSTEM, m.NAME";

/// The list of sessions that holds up nobody came with MySQL 8.0.22.
fn has_fast_processlist(facts: &Facts) -> bool {
    !facts.is_mariadb() && facts.version >= 80_022 && facts.performance_schema
}

fn needs_performance_schema(facts: &Facts, table: &'static str) -> Result<&'static str, &'static str> {
    if facts.performance_schema {
        return Ok(table);
    }
    Err("this needs performance_schema: set performance_schema = ON in the server's configuration and restart, and \
         GRANT SELECT ON performance_schema.* to this login")
}

/// Puts the parts of this server into a query.
pub(super) fn fill(text: &'static str, facts: &Facts) -> Result<Cow<'static, str>, SessionError> {
    let mut out = Cow::Borrowed(text);
    for (name, part) in PARTS.iter().chain(diagnose::PARTS) {
        if out.contains(name) {
            let part = part(facts).map_err(|why| SessionError::Unsupported(why.to_owned()))?;
            out = Cow::Owned(out.replace(name, part));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::begin::Flavour;
    use super::*;

    #[test]
    fn every_part_knows_what_it_becomes_on_every_server() {
        for flavour in [Flavour::MySql, Flavour::MariaDb] {
            for sees_all in [false, true] {
                let version = if flavour == Flavour::MySql { 90_704 } else { 101_119 };
                let facts = Facts { flavour, version, sees_all, performance_schema: sees_all, ..Facts::default() };
                for (name, part) in PARTS.iter().chain(diagnose::PARTS) {
                    assert!(part(&facts).map_or_else(|why| !why.is_empty(), |text| !text.contains('{')), "{name}");
                }
            }
        }
        let blind = Facts::default();
        assert!(matches!(fill("SELECT 1 FROM {digests}", &blind), Err(SessionError::Unsupported(_))));
        assert_eq!(fill("SELECT {time_ms}", &blind).unwrap(), "SELECT p.TIME * 1000");
    }
}
