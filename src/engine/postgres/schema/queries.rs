//! What the schema is read from. Lists of names come as JSON, because a name may hold any character.

use crate::engine::Query;

const TIME_MS: u64 = 10_000;

/// Relations that somebody holds or wants with the lock that shuts everybody out. Functions that print an expression
/// open the relation and would wait behind it.
macro_rules! locked {
    () => {
        "WITH locked AS (SELECT l.relation FROM pg_catalog.pg_locks l
                          WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL) "
    };
}

pub(super) static EXTENSIONS: Query = Query {
    name: "schema.extensions",
    text: "SELECT e.extname AS name, n.nspname AS schema
             FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
            ORDER BY e.extname",
    timeout_ms: TIME_MS,
};

/// $1: the last oid already read; $2: how many. Sizes as of the last VACUUM or ANALYZE, indexes and TOAST included.
pub(super) static RELATIONS: Query = Query {
    name: "schema.relations",
    text: "SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                  CASE c.relkind WHEN 'p' THEN
                      (WITH RECURSIVE part AS (
                         SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid
                         UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN part ON h.inhparent = part.inhrelid)
                       SELECT sum(greatest(l.reltuples, 0)) FROM part JOIN pg_catalog.pg_class l ON l.oid = part.inhrelid
                        WHERE l.relkind IN ('r', 'f'))
                  ELSE c.reltuples END::float8 AS estimate,
                  c.relpages AS pages,
                  (c.relpages
                   + coalesce((SELECT sum(i.relpages) FROM pg_catalog.pg_index x
                                 JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                                WHERE x.indrelid IN (c.oid, c.reltoastrelid)), 0)
                   + coalesce((SELECT t.relpages FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid), 0)
                  ) * current_setting('block_size')::int8 AS bytes,
                  obj_description(c.oid, 'pg_class') AS comment
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid > $1::int8::oid
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'
            ORDER BY c.oid LIMIT $2::int8",
    timeout_ms: TIME_MS,
};

/// $1, $2: a range of oids of relations, here and below.
pub(super) static COLUMNS: Query = Query {
    name: "schema.columns",
    text: concat!(
        locked!(),
        "SELECT a.attrelid::int8 AS relation, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
                t.typcategory::text AS category, coalesce(b.typname, t.typname) AS base_type,
                NOT a.attnotnull AS nullable,
                CASE WHEN a.attrelid NOT IN (SELECT relation FROM locked) THEN pg_get_expr(d.adbin, d.adrelid) END
                    AS default,
                col_description(a.attrelid, a.attnum) AS comment
           FROM pg_catalog.pg_attribute a
           JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
           JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
           LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
           LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid BETWEEN $1::int8::oid AND $2::int8::oid AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          ORDER BY a.attrelid, a.attnum"
    ),
    timeout_ms: TIME_MS,
};

pub(super) static KEYS: Query = Query {
    name: "schema.keys",
    text: "SELECT k.conrelid::int8 AS relation, k.conname AS name, k.contype::text AS kind,
                  (SELECT json_agg(a.attname ORDER BY x.n)
                     FROM unnest(k.conkey) WITH ORDINALITY x (attnum, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum) AS columns,
                  n.nspname AS to_schema, c.relname AS to_table,
                  (SELECT json_agg(a.attname ORDER BY x.n)
                     FROM unnest(k.confkey) WITH ORDINALITY x (attnum, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum) AS to_columns
             FROM pg_catalog.pg_constraint k
             LEFT JOIN pg_catalog.pg_class c ON c.oid = k.confrelid AND k.contype = 'f'
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE k.conrelid BETWEEN $1::int8::oid AND $2::int8::oid AND k.contype IN ('p', 'f')
            ORDER BY k.conrelid, k.contype, k.conname",
    timeout_ms: TIME_MS,
};

pub(super) static INDEXES: Query = Query {
    name: "schema.indexes",
    text: concat!(
        locked!(),
        "SELECT i.indrelid::int8 AS relation, c.relname AS name, i.indisunique AS is_unique,
                i.indisprimary AS is_primary, i.indisvalid AS is_valid,
                CASE WHEN i.indrelid NOT IN (SELECT relation FROM locked) THEN pg_get_expr(i.indpred, i.indrelid) END
                    AS predicate,
                (SELECT json_agg(coalesce(a.attname,
                             CASE WHEN i.indrelid NOT IN (SELECT relation FROM locked)
                                       AND i.indexrelid NOT IN (SELECT relation FROM locked)
                                  THEN pg_get_indexdef(i.indexrelid, x.n::int4, true) END) ORDER BY x.n)
                   FROM unnest(i.indkey) WITH ORDINALITY x (attnum, n)
                   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.attnum
                  WHERE x.n <= i.{indnkeyatts}) AS columns
           FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid BETWEEN $1::int8::oid AND $2::int8::oid
          ORDER BY i.indrelid, i.indisprimary DESC, c.relname"
    ),
    timeout_ms: TIME_MS,
};
