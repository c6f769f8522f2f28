//! Views of the server screen, each one query. Sizes come from `dbstat`, which walks every page, so they are left out
//! (NULL) for files of more than 32768 pages (128 MB at the usual page size).

use crate::engine::{Query, View};

pub(super) static VIEWS: &[View] = &[
    View { name: "tables", key: 't', title: "Tables", query: &TABLES },
    View { name: "indexes", key: 'i', title: "Indexes", query: &INDEXES },
    View { name: "settings", key: 'v', title: "Settings of the file", query: &SETTINGS },
    View { name: "schema", key: 's', title: "Schema", query: &SCHEMA },
];

/// Largest first. In a rowid table each cell of a leaf is a row; in a table without rowids each cell of any page is.
static TABLES: Query = Query {
    name: "view.tables",
    text: "WITH page AS (
             SELECT name, count(*) AS pages, sum(pgsize) AS bytes, sum(unused) AS unused, sum(ncell) AS cells,
                    sum(ncell) FILTER (WHERE pagetype = 'leaf') AS leaf_cells
             FROM (SELECT 1 FROM pragma_page_count WHERE page_count <= 32768) CROSS JOIN dbstat GROUP BY name)
           SELECT l.name AS \"table\",
                  CASE WHEN l.type <> 'table' THEN NULL WHEN l.wr THEN p.cells ELSE p.leaf_cells END AS \"rows\",
                  p.pages, p.bytes, p.unused AS unused_bytes,
                  (SELECT sum(q.bytes) FROM sqlite_schema m JOIN page q ON q.name = m.name
                   WHERE m.type = 'index' AND m.tbl_name = l.name) AS index_bytes,
                  (SELECT count(*) FROM sqlite_schema m WHERE m.type = 'index' AND m.tbl_name = l.name) AS indexes,
                  l.ncol AS columns, l.type AS kind
           FROM pragma_table_list l LEFT JOIN page p ON p.name = l.name
           WHERE l.schema = 'main' AND l.type IN ('table', 'virtual', 'shadow')
           ORDER BY p.bytes DESC, l.name",
    timeout_ms: 5000,
};

/// Largest first, with the index that makes this one superfluous: the same columns in front, in the same order.
static INDEXES: Query = Query {
    name: "view.indexes",
    text: "WITH page AS (
             SELECT name, count(*) AS pages, sum(pgsize) AS bytes
             FROM (SELECT 1 FROM pragma_page_count WHERE page_count <= 32768) CROSS JOIN dbstat GROUP BY name),
           found AS (
             SELECT m.name, m.tbl_name, l.\"unique\" AS is_unique, l.origin, l.partial,
                    (SELECT group_concat(coalesce(x.name, '(expression)') || iif(x.desc, ' desc', ''), ', ')
                     FROM pragma_index_xinfo(m.name) x WHERE x.key) AS columns
             FROM sqlite_schema m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name
             WHERE m.type = 'index')
           SELECT f.name AS \"index\", f.tbl_name AS \"table\", f.columns,
                  iif(f.is_unique, 'yes', '') AS \"unique\", iif(f.partial, 'yes', '') AS partial, p.pages, p.bytes,
                  (SELECT min(o.name) FROM found o
                   WHERE o.tbl_name = f.tbl_name AND o.name <> f.name AND NOT f.is_unique AND NOT f.partial
                     AND NOT o.partial AND f.columns NOT LIKE '%(expression)%'
                     AND (substr(o.columns, 1, length(f.columns) + 2) = f.columns || ', '
                          OR (o.columns = f.columns AND (o.is_unique OR o.name < f.name)))) AS covered_by
           FROM found f LEFT JOIN page p ON p.name = f.name
           ORDER BY p.bytes DESC, f.name",
    timeout_ms: 5000,
};

/// What the file itself remembers. Settings of connections belong to the application and cannot be seen from here.
static SETTINGS: Query = Query {
    name: "view.settings",
    text: "SELECT 'journal_mode' AS setting, journal_mode AS value,
                  'wal lets readers and a writer work side by side' AS meaning FROM pragma_journal_mode
           UNION ALL SELECT 'page_size', page_size, 'bytes of a page' FROM pragma_page_size
           UNION ALL SELECT 'page_count', page_count, 'pages of the file' FROM pragma_page_count
           UNION ALL SELECT 'freelist_count', freelist_count, 'pages that hold nothing' FROM pragma_freelist_count
           UNION ALL SELECT 'auto_vacuum', CASE auto_vacuum WHEN 0 THEN 'none' WHEN 1 THEN 'full' ELSE 'incremental' END,
                  'how free pages are given back' FROM pragma_auto_vacuum
           UNION ALL SELECT 'encoding', encoding, 'of text' FROM pragma_encoding
           UNION ALL SELECT 'user_version', user_version, 'the application''s own number' FROM pragma_user_version
           UNION ALL SELECT 'application_id', application_id, 'which application the file belongs to'
                  FROM pragma_application_id
           UNION ALL SELECT 'schema_version', schema_version, 'changes of the schema so far' FROM pragma_schema_version
           UNION ALL SELECT 'wal_bytes', dba_wal_bytes(), 'size of the write-ahead log on disk'
           UNION ALL SELECT 'library', sqlite_version(), 'the SQLite that reads the file here'",
    timeout_ms: 2000,
};

/// Every object with the statement that made it.
static SCHEMA: Query = Query {
    name: "view.schema",
    text: "SELECT name, type, tbl_name AS \"table\", sql AS statement FROM sqlite_schema
           WHERE sql IS NOT NULL ORDER BY tbl_name, type = 'index', type = 'trigger', name",
    timeout_ms: 2000,
};
