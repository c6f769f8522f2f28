//! Indexes, foreign keys and sizes of the connected database.

use super::HEAVY_MS;
use crate::engine::Query;

/// Relations that somebody holds or wants with the lock that shuts everybody out. Functions that print an expression
/// or measure a relation open it and would wait behind it.
macro_rules! locked {
    () => {
        "WITH locked AS (SELECT l.relation FROM pg_catalog.pg_locks l
                          WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL) "
    };
}

/// Indexes with all there is to say of them, those of busy tables first. `columns` has null for an expression. Columns
/// after the first `key_columns` are only carried along. `definition` and `predicate` are null while the table is
/// locked.
pub(super) static INDEXES: Query = Query {
    name: "diagnose.indexes",
    text: concat!(
        locked!(),
        "SELECT i.indexrelid::int8 AS oid, i.indrelid::int8 AS table_oid, n.nspname AS schema, t.relname AS \"table\",
                c.relname AS name, m.amname AS method, i.indisunique AS is_unique, i.indisprimary AS is_primary,
                i.indisexclusion OR i.indisreplident
                    OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid) AS needed,
                EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = i.indrelid
                           AND k.conkey[1] = i.indkey[0]) AS begins_key,
                i.indisvalid AS valid, i.indisready AS ready, c.relkind = 'I' AS partitioned, i.indnkeyatts AS key_columns,
                (SELECT json_agg(a.attname ORDER BY x.n)
                   FROM unnest(i.indkey) WITH ORDINALITY x (attnum, n)
                   LEFT JOIN pg_catalog.pg_attribute a
                          ON a.attrelid = i.indrelid AND a.attnum = x.attnum AND x.attnum > 0)::text AS columns,
                i.indclass::text AS classes, i.indoption::text AS options, i.indcollation::text AS collations,
                i.indpred IS NOT NULL AS partial,
                CASE WHEN i.indrelid NOT IN (SELECT relation FROM locked) THEN pg_get_expr(i.indpred, i.indrelid) END
                    AS predicate,
                CASE WHEN i.indrelid NOT IN (SELECT relation FROM locked)
                          AND i.indexrelid NOT IN (SELECT relation FROM locked)
                     THEN pg_get_indexdef(i.indexrelid) END AS definition,
                pg_stat_get_numscans(i.indexrelid) AS scans,
                c.relpages::int8 * current_setting('block_size')::int8 AS bytes,
                EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                         WHERE p.index_relid = i.indexrelid
                            OR (p.relid = i.indrelid AND p.index_relid = 0)) AS being_built
           FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           JOIN pg_catalog.pg_am m ON m.oid = c.relam
           JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
          WHERE i.indexrelid >= 16384 AND t.relkind IN ('r', 'm', 'p')
            AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          ORDER BY i.indisvalid, pg_stat_get_tuples_inserted(t.oid) + pg_stat_get_tuples_updated(t.oid)
                   + pg_stat_get_tuples_returned(t.oid) DESC, t.oid, c.relname
          LIMIT 1500"
    ),
    timeout_ms: HEAVY_MS,
};

/// Foreign keys whose columns begin no usable index of the referencing table, large tables first.
pub(super) static FOREIGN_KEYS: Query = Query {
    name: "diagnose.foreign_keys",
    text: "SELECT k.conname AS name, k.conrelid::int8 AS table_oid, n.nspname AS schema, t.relname AS \"table\",
                  k.confrelid::int8 AS to_oid, fn.nspname AS to_schema, f.relname AS to_table,
                  (SELECT json_agg(a.attname ORDER BY x.n)
                     FROM unnest(k.conkey) WITH ORDINALITY x (attnum, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum)::text AS columns,
                  t.reltuples::float8 AS reltuples, t.relpages AS pages, k.confdeltype::text AS on_delete
             FROM pg_catalog.pg_constraint k
             JOIN pg_catalog.pg_class t ON t.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
             JOIN pg_catalog.pg_class f ON f.oid = k.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
            WHERE k.contype = 'f' AND t.relkind = 'r'
              AND NOT EXISTS (
                  SELECT FROM pg_catalog.pg_index i
                   WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                     AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
            ORDER BY t.relpages DESC LIMIT 200",
    timeout_ms: HEAVY_MS,
};

/// Real sizes of the largest tables, their TOAST included, and of their indexes.
pub(super) static TABLE_SIZES: Query = Query {
    name: "diagnose.table_sizes",
    text: concat!(
        locked!(),
        "SELECT b.oid::int8 AS oid, pg_table_size(b.oid) AS bytes, pg_relation_size(b.oid) AS heap_bytes,
                pg_indexes_size(b.oid) AS index_bytes
           FROM (SELECT c.oid FROM pg_catalog.pg_class c
                  WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384 AND c.relpersistence <> 't'
                    AND c.oid NOT IN (SELECT relation FROM locked)
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN locked ON locked.relation = i.indexrelid
                                     WHERE i.indrelid = c.oid)
                  ORDER BY greatest(c.relpages::int8, pg_stat_get_live_tuples(c.oid) / 100) DESC LIMIT 200) b"
    ),
    timeout_ms: HEAVY_MS,
};
