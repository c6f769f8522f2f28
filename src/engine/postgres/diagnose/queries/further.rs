//! What depends on what was seen: asked once, at the end.

use super::HEAVY_MS;
use crate::engine::Query;

/// What these sessions ($1, an array) wait for, and what they hold of what somebody waits for. `relation` is named in
/// the connected database only.
pub(in super::super) static LOCKS: Query = Query {
    name: "diagnose.locks",
    text: "WITH l AS (SELECT * FROM pg_catalog.pg_locks),
           wanted AS (SELECT DISTINCT locktype, database, relation, transactionid FROM l WHERE NOT granted)
           SELECT l.pid, l.locktype, l.mode, l.granted, l.relation::int8 AS table_oid, n.nspname AS schema,
                  c.relname AS relation, c.relkind::text AS kind, l.database = d.oid AS here
             FROM l LEFT JOIN pg_catalog.pg_database d ON d.datname = current_database()
             LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation AND l.database = d.oid
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE l.pid = ANY ($1::int4[])
              AND (NOT l.granted OR l.locktype = 'tuple'
                   OR (l.locktype = 'relation' AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
                       'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
                   OR EXISTS (SELECT FROM wanted w WHERE w.locktype = l.locktype
                                AND w.database IS NOT DISTINCT FROM l.database
                                AND w.relation IS NOT DISTINCT FROM l.relation
                                AND w.transactionid IS NOT DISTINCT FROM l.transactionid))
            ORDER BY l.granted, l.pid LIMIT 1000",
    timeout_ms: HEAVY_MS,
};

/// Texts of statements by the ids ($1, a JSON list) of `diagnose.statements`.
pub(in super::super) static STATEMENT_TEXTS: Query = Query {
    name: "diagnose.statement_texts",
    text: "SELECT s.userid::text || '/' || s.dbid || '/' || s.queryid AS id, left(s.query, 8192) AS query
             FROM {pg_stat_statements} s
            WHERE s.userid::text || '/' || s.dbid || '/' || s.queryid IN (SELECT json_array_elements_text($1::json))
            LIMIT 50",
    timeout_ms: HEAVY_MS,
};

/// Every relation of the database by name, to find the one that was meant.
pub(in super::super) static RELATIONS: Query = Query {
    name: "diagnose.relations",
    text: "WITH trusted AS (
             SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper
              UNION SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = current_database())
           SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                  pg_get_userbyid(c.relowner) AS owner, c.reltuples::float8 AS reltuples,
                  n.nspowner IN (SELECT t.oid FROM trusted t) AND NOT EXISTS (
                    SELECT FROM aclexplode(n.nspacl) g
                     WHERE g.privilege_type = 'CREATE' AND g.grantee NOT IN (SELECT t.oid FROM trusted t))
                  AS schema_is_closed
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= 16384
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'
            ORDER BY n.nspname, c.relname LIMIT 20000",
    timeout_ms: HEAVY_MS,
};

/// Columns of the relations whose names are in a list ($1, JSON, lower case).
pub(in super::super) static COLUMNS: Query = Query {
    name: "diagnose.columns",
    text: "SELECT n.nspname AS schema, c.relname AS \"table\", a.attname AS name, format_type(a.atttypid, a.atttypmod)
                  AS type
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid >= 16384
              AND lower(c.relname) IN (SELECT json_array_elements_text($1::json))
            ORDER BY n.nspname, c.relname, a.attnum LIMIT 5000",
    timeout_ms: HEAVY_MS,
};

/// How wide a row of each of these tables ($1, an array of oids) is by its statistics, bytes, and how many distinct
/// values its columns have. Empty for tables that this login may not read.
pub(in super::super) static WIDTHS: Query = Query {
    name: "diagnose.widths",
    text: "SELECT c.oid::int8 AS oid, sum((1 - s.null_frac) * s.avg_width)::float8 AS row_bytes, count(*) AS columns,
                  json_object_agg(s.attname, s.n_distinct)::text AS distinct_values
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
            WHERE c.oid = ANY ($1::int8[]::oid[]) GROUP BY 1 LIMIT 500",
    timeout_ms: HEAVY_MS,
};

/// Types, key and rows of these tables ($1, an array of oids), for what names their columns.
pub(in super::super) static DEFINITIONS: Query = Query {
    name: "diagnose.definitions",
    text: "SELECT a.attrelid::int8 AS table_oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
             FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attrelid, a.attnum LIMIT 5000",
    timeout_ms: HEAVY_MS,
};
