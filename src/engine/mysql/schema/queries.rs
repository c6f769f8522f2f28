//! What the schema is read from. Lists of names come as JSON, because a name may hold any character.

use crate::engine::Query;

/// Time for one page of the catalogue.
const TIME_MS: u64 = 10_000;

/// Tables and views of the connected database, by name, a page at a time.
pub(super) static TABLES: Query = Query {
    name: "schema.tables",
    text: "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name, t.TABLE_TYPE AS kind, t.ENGINE AS engine,
                  t.TABLE_ROWS AS estimate, t.DATA_LENGTH + t.INDEX_LENGTH AS bytes,
                  INSTR(COALESCE(t.CREATE_OPTIONS, ''), 'partitioned') > 0 AS is_partitioned,
                  IF(t.TABLE_TYPE LIKE '%VIEW', NULL, t.TABLE_COMMENT) AS comment
             FROM information_schema.TABLES t
            WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME > ? ORDER BY t.TABLE_NAME LIMIT ?",
    timeout_ms: TIME_MS,
};

/// Columns of the tables of a range of names.
pub(super) static COLUMNS: Query = Query {
    name: "schema.columns",
    text: "SELECT c.TABLE_NAME AS tbl, c.COLUMN_NAME AS name, c.COLUMN_TYPE AS type, c.DATA_TYPE AS base_type,
                  c.IS_NULLABLE = 'YES' AS nullable, c.COLUMN_DEFAULT AS `default`, c.COLUMN_COMMENT AS comment
             FROM information_schema.COLUMNS c
            WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME BETWEEN ? AND ?
            ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION",
    timeout_ms: TIME_MS,
};

/// Key parts of the tables of a range of names, in order.
pub(super) static INDEXES: Query = Query {
    name: "schema.indexes",
    text: "SELECT s.TABLE_NAME AS tbl, s.INDEX_NAME AS name, s.COLUMN_NAME AS column_name, {expression} AS expression,
                  s.NON_UNIQUE = 0 AS is_unique, {visible} AS is_valid
             FROM information_schema.STATISTICS s
            WHERE s.TABLE_SCHEMA = DATABASE() AND s.TABLE_NAME BETWEEN ? AND ?
            ORDER BY s.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX",
    timeout_ms: TIME_MS,
};

/// Columns of foreign keys, in order.
pub(super) static FOREIGN_KEYS: Query = Query {
    name: "schema.foreign_keys",
    text: "SELECT k.TABLE_NAME AS tbl, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS column_name,
                  k.REFERENCED_TABLE_SCHEMA AS to_schema, k.REFERENCED_TABLE_NAME AS to_table,
                  k.REFERENCED_COLUMN_NAME AS to_column
             FROM information_schema.KEY_COLUMN_USAGE k
            WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME BETWEEN ? AND ? AND k.REFERENCED_TABLE_NAME IS NOT NULL
            ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
    timeout_ms: TIME_MS,
};

/// Stored functions of every database, since a statement may name any of them.
pub(super) static FUNCTIONS: Query = Query {
    name: "guard.functions",
    text: "SELECT CONCAT(r.ROUTINE_SCHEMA, '.', r.ROUTINE_NAME) AS name FROM information_schema.ROUTINES r
            WHERE r.ROUTINE_TYPE = 'FUNCTION' ORDER BY 1 LIMIT 100000",
    timeout_ms: TIME_MS,
};

/// Tables whose rows are elsewhere: reading them makes another server, or a file of this one, be read.
pub(super) static FOREIGN_TABLES: Query = Query {
    name: "guard.foreign_tables",
    text: "SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS name FROM information_schema.TABLES t
            WHERE t.ENGINE IN ('FEDERATED', 'CONNECT', 'SPIDER', 'S3', 'MRG_MyISAM', 'VP', 'OQGRAPH', 'SPHINX', 'SphinxSE')
            ORDER BY 1 LIMIT 100000",
    timeout_ms: TIME_MS,
};

/// Views of every database but the server's own, with their definitions, a page at a time.
pub(super) static VIEWS: Query = Query {
    name: "guard.views",
    text: "SELECT v.TABLE_SCHEMA AS db, v.TABLE_NAME AS name, v.VIEW_DEFINITION AS definition
             FROM information_schema.VIEWS v
            WHERE v.TABLE_SCHEMA NOT IN ('sys', 'mysql', 'information_schema', 'performance_schema')
              AND (v.TABLE_SCHEMA > ? OR v.TABLE_SCHEMA = ? AND v.TABLE_NAME > ?)
            ORDER BY v.TABLE_SCHEMA, v.TABLE_NAME LIMIT ?",
    timeout_ms: TIME_MS,
};
