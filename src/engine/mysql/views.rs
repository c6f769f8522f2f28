//! Views of the server screen, each one query. Braces mark what depends on the server (see `session/placeholders`).

use crate::engine::{Query, View};

pub(super) static VIEWS: &[View] = &[
    View { name: "queries", key: 'q', title: "Statements by total time", query: &STATEMENTS },
    View { name: "tables", key: 't', title: "Tables of this database", query: &TABLES },
    View { name: "indexes", key: 'i', title: "Indexes of this database and their use", query: &INDEXES },
    View { name: "replication", key: 'r', title: "Replication", query: &REPLICATION },
    View { name: "innodb", key: 'e', title: "InnoDB's own metrics", query: &INNODB },
    View { name: "locks", key: 'l', title: "Metadata locks", query: &METADATA_LOCKS },
    View { name: "settings", key: 'v', title: "Settings that somebody changed first", query: &SETTINGS },
    View { name: "users", key: 'u', title: "Users and their connections", query: &USERS },
    View { name: "binlogs", key: 'w', title: "Binary logs", query: &BINARY_LOGS },
    View { name: "databases", key: 'd', title: "Databases", query: &DATABASES },
];

const TIME_MS: u64 = 5000;

static STATEMENTS: Query = Query {
    name: "view.queries",
    text: "SELECT LEFT(s.DIGEST_TEXT, 1000) AS statement, s.COUNT_STAR AS calls,
                  ROUND(s.SUM_TIMER_WAIT / 1000000000, 1) AS total_ms, ROUND(s.AVG_TIMER_WAIT / 1000000000, 2) AS mean_ms,
                  ROUND(s.MAX_TIMER_WAIT / 1000000000, 2) AS max_ms {p95},
                  ROUND(100 * s.SUM_TIMER_WAIT / NULLIF(a.total, 0), 1) AS percent,
                  s.SUM_ROWS_SENT AS rows_sent, s.SUM_ROWS_EXAMINED AS rows_examined, s.SUM_ROWS_AFFECTED AS rows_changed,
                  s.SUM_CREATED_TMP_DISK_TABLES AS tmp_on_disk, s.SUM_NO_INDEX_USED AS without_index, s.SUM_ERRORS AS errors,
                  s.SCHEMA_NAME AS db, s.LAST_SEEN AS last_seen, s.DIGEST AS digest
             FROM {digests} s CROSS JOIN (SELECT SUM(x.SUM_TIMER_WAIT) AS total FROM {digests} x) a
            ORDER BY s.SUM_TIMER_WAIT DESC LIMIT 200",
    timeout_ms: TIME_MS,
};

static TABLES: Query = Query {
    name: "view.tables",
    text: "SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS `table`, t.DATA_LENGTH + t.INDEX_LENGTH AS bytes,
                  t.DATA_LENGTH AS data_bytes, t.INDEX_LENGTH AS index_bytes, t.DATA_FREE AS free_bytes,
                  t.TABLE_ROWS AS `rows` {table_use_columns}, t.ENGINE AS engine, t.ROW_FORMAT AS row_format,
                  t.TABLE_COLLATION AS collation, t.AUTO_INCREMENT AS next_id, t.UPDATE_TIME AS last_change
             FROM information_schema.TABLES t {table_use}
            WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE'
            ORDER BY 2 DESC, 1 LIMIT 1000",
    timeout_ms: TIME_MS,
};

/// An index that was never used since the server started and guards no rule may be a burden; one that begins as
/// another does may be spare.
static INDEXES: Query = Query {
    name: "view.indexes",
    text: "SELECT u.INDEX_NAME AS `index`, CONCAT(u.OBJECT_SCHEMA, '.', u.OBJECT_NAME) AS `table`,
                  u.COUNT_READ AS rows_read, u.COUNT_WRITE AS rows_changed,
                  ROUND(u.SUM_TIMER_WAIT / 1000000000, 1) AS wait_ms,
                  (SELECT GROUP_CONCAT(s.COLUMN_NAME ORDER BY s.SEQ_IN_INDEX SEPARATOR ', ')
                     FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = u.OBJECT_SCHEMA
                      AND s.TABLE_NAME = u.OBJECT_NAME AND s.INDEX_NAME = u.INDEX_NAME) AS columns,
                  CASE WHEN u.INDEX_NAME = 'PRIMARY' THEN 'primary key'
                       WHEN (SELECT MIN(s.NON_UNIQUE) FROM information_schema.STATISTICS s
                              WHERE s.TABLE_SCHEMA = u.OBJECT_SCHEMA AND s.TABLE_NAME = u.OBJECT_NAME
                                AND s.INDEX_NAME = u.INDEX_NAME) = 0 THEN 'unique'
                       WHEN u.COUNT_STAR = 0 THEN 'never used since the server started' ELSE '' END AS note
             FROM {index_use} u
            WHERE u.OBJECT_TYPE = 'TABLE' AND u.OBJECT_SCHEMA = DATABASE() AND u.INDEX_NAME IS NOT NULL
            ORDER BY u.COUNT_STAR, u.OBJECT_NAME, u.INDEX_NAME LIMIT 1000",
    timeout_ms: TIME_MS,
};

static REPLICATION: Query = Query { name: "view.replication", text: "{replica_status}", timeout_ms: TIME_MS };

static INNODB: Query = Query { name: "view.innodb", text: "{innodb}", timeout_ms: TIME_MS };

static METADATA_LOCKS: Query = Query { name: "view.locks", text: "{metadata_locks}", timeout_ms: TIME_MS };

static SETTINGS: Query = Query { name: "view.settings", text: "{settings}", timeout_ms: TIME_MS };

static USERS: Query = Query {
    name: "view.users",
    text: "SELECT CONCAT(a.USER, '@', a.HOST) AS user, a.CURRENT_CONNECTIONS AS connections,
                  a.TOTAL_CONNECTIONS AS connections_ever
             FROM {hosts} a WHERE a.USER IS NOT NULL ORDER BY a.CURRENT_CONNECTIONS DESC, a.TOTAL_CONNECTIONS DESC LIMIT 500",
    timeout_ms: TIME_MS,
};

static BINARY_LOGS: Query = Query { name: "view.binlogs", text: "SHOW BINARY LOGS", timeout_ms: TIME_MS };

static DATABASES: Query = Query {
    name: "view.databases",
    text: "SELECT s.SCHEMA_NAME AS `database`, s.DEFAULT_CHARACTER_SET_NAME AS charset, s.DEFAULT_COLLATION_NAME AS collation,
                  (SELECT COUNT(*) FROM {processlist} p WHERE p.DB = s.SCHEMA_NAME) AS connections,
                  s.SCHEMA_NAME = DATABASE() AS connected_here
             FROM information_schema.SCHEMATA s
            WHERE s.SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
            ORDER BY 4 DESC, 1",
    timeout_ms: TIME_MS,
};
