//! The objects of the file: tables and views with their columns, keys and indexes, as the pragmas tell them.
//!
//! Each object is read by itself, so that one broken view or one module that we do not have takes only itself away.

mod index_text;
mod sampling;

use super::cells;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, CatalogView};
use crate::domain::rows::{Rows, Value};
use crate::domain::schema::{ForeignKey, Index, Schema, Table, TableColumn, TableKind};
use crate::domain::target::Timestamp;
use crate::engine::{Param, Query, Session, Task};

/// Tables and views read at most.
pub(super) const MOST_TABLES: usize = 2000;
/// Rows of one page of a catalogue query: fewer than one of our own queries may bring (`Limits::default`).
const PAGE: usize = 400;

/// Reads the whole schema.
pub(super) fn schema(session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async {
        let identity = session.identity();
        let mut schema = Schema {
            database: identity.database.clone(),
            server_version: identity.version_number,
            engine_words: ["sqlite", "sqlite3"].map(Into::into).to_vec(),
            ..Schema::default()
        };
        objects(session, &mut schema).await?;
        for table in &mut schema.tables {
            fill(session, table).await?;
        }
        complete_foreign_keys(&mut schema.tables);
        estimate_rows(session, &mut schema.tables).await?;
        measure(session, &mut schema.tables).await?;
        sampling::guess_kinds(session, &mut schema.tables).await;
        let catalog = catalog(&schema.tables);
        Ok((schema, catalog))
    })
}

/// Views, all without functions of their own: SQLite's functions belong to connections, and ours has none but the
/// built-in ones.
fn catalog(tables: &[Table]) -> Catalog {
    let views = tables
        .iter()
        .filter(|table| table.kind == TableKind::View)
        .map(|table| CatalogView { name: table.name.clone(), ..CatalogView::default() })
        .collect();
    Catalog { views, ..Catalog::default() }
}

/// Shadow tables are left out: they are the inside of virtual tables.
static OBJECTS: Query = Query {
    name: "schema.objects",
    text: "SELECT name, type, CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS now_ms
           FROM pragma_table_list
           WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           ORDER BY name LIMIT ?1 OFFSET ?2",
    timeout_ms: 5000,
};

async fn objects(session: &mut dyn Session, schema: &mut Schema) -> Result<(), SessionError> {
    let found = all_pages(session, &OBJECTS, None).await?;
    for row in &found.rows {
        schema.taken_at = Timestamp(found.get(row, "now_ms").int().unwrap_or(0));
        if schema.tables.len() == MOST_TABLES {
            schema.cut_at = Some(MOST_TABLES);
            break;
        }
        let kind = if found.text(row, "type") == "view" { TableKind::View } else { TableKind::Table };
        schema.tables.push(Table { name: found.text(row, "name"), kind, ..Table::default() });
    }
    Ok(())
}

/// Columns that SQLite hides (`hidden` = 1) are left out; generated ones (2 and 3) are ordinary to a reader.
static COLUMNS: Query = Query {
    name: "schema.columns",
    text: "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?3, 'main')
           WHERE hidden <> 1 ORDER BY cid LIMIT ?1 OFFSET ?2",
    timeout_ms: 2000,
};

static FOREIGN_KEYS: Query = Query {
    name: "schema.foreign_keys",
    text: "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?3, 'main')
           ORDER BY id, seq LIMIT ?1 OFFSET ?2",
    timeout_ms: 2000,
};

static INDEXES: Query = Query {
    name: "schema.indexes",
    text: "SELECT l.name, l.\"unique\" AS is_unique, l.origin, x.name AS column_name, m.sql
           FROM pragma_index_list(?3, 'main') l JOIN pragma_index_xinfo(l.name, 'main') x
                LEFT JOIN sqlite_schema m ON m.type = 'index' AND m.name = l.name
           WHERE x.key ORDER BY l.name, x.seqno LIMIT ?1 OFFSET ?2",
    timeout_ms: 2000,
};

/// Columns, keys and indexes of one object. What SQLite cannot tell about it (a view over a table that is gone)
/// leaves it without columns.
async fn fill(session: &mut dyn Session, table: &mut Table) -> Result<(), SessionError> {
    let Some(columns) = told(all_pages(session, &COLUMNS, Some(&table.name)).await)? else { return Ok(()) };
    let mut key: Vec<(i64, String)> = Vec::new();
    for row in &columns.rows {
        let (name, type_name) = (columns.text(row, "name"), columns.text(row, "type"));
        let in_key = columns.get(row, "pk").int().unwrap_or(0);
        if in_key > 0 {
            key.push((in_key, name.clone()));
        }
        table.columns.push(TableColumn {
            kind: cells::kind_of_type(&type_name),
            nullable: columns.get(row, "notnull").int() == Some(0),
            default: columns.get(row, "dflt_value").plain(),
            name,
            type_name,
            comment: None,
        });
    }
    key.sort();
    table.primary_key = key.into_iter().map(|(_, name)| name).collect();
    if table.kind == TableKind::View {
        return Ok(());
    }
    if let Some(keys) = told(all_pages(session, &FOREIGN_KEYS, Some(&table.name)).await)? {
        table.foreign_keys = foreign_keys(&keys);
    }
    if let Some(indexes) = told(all_pages(session, &INDEXES, Some(&table.name)).await)? {
        table.indexes = self::indexes(&indexes);
    }
    Ok(())
}

/// One row a column of a key; the rows of a key stand together.
fn foreign_keys(rows: &Rows) -> Vec<ForeignKey> {
    let mut keys: Vec<(Option<i64>, ForeignKey)> = Vec::new();
    for row in &rows.rows {
        let id = rows.get(row, "id").int();
        if keys.last().is_none_or(|(last, _)| *last != id) {
            keys.push((id, ForeignKey { to_table: rows.text(row, "table"), ..ForeignKey::default() }));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(rows.text(row, "from"));
            // NULL means the primary key there, which is known when every table is.
            key.to_columns.extend(rows.get(row, "to").plain());
        }
    }
    keys.into_iter().map(|(_, key)| key).collect()
}

/// One row a key column of an index; the rows of an index stand together. Expressions and the predicate are known
/// from its statement only.
fn indexes(rows: &Rows) -> Vec<Index> {
    let mut indexes: Vec<Index> = Vec::new();
    for row in &rows.rows {
        let name = rows.text(row, "name");
        let parts = index_text::parts(&rows.text(row, "sql"));
        if indexes.last().is_none_or(|last| last.name != name) {
            indexes.push(Index {
                name,
                unique: rows.get(row, "is_unique").int() == Some(1),
                primary: rows.text(row, "origin") == "pk",
                predicate: parts.predicate,
                valid: true,
                columns: Vec::new(),
            });
        }
        if let Some(index) = indexes.last_mut() {
            let column = match rows.get(row, "column_name") {
                Value::Null => parts.terms.get(index.columns.len()).cloned().unwrap_or_default(),
                name => name.plain().unwrap_or_default(),
            };
            index.columns.push(column);
        }
    }
    indexes
}

/// Foreign keys in the words of the tables they lead to: the name as it is spelt there, and the primary key where
/// no column was named.
fn complete_foreign_keys(tables: &mut [Table]) {
    let known: Vec<(String, Vec<String>)> = tables.iter().map(|t| (t.name.clone(), t.primary_key.clone())).collect();
    for key in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        if let Some((name, primary_key)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key.to_table)) {
            key.to_table.clone_from(name);
            if key.to_columns.is_empty() {
                key.to_columns.clone_from(primary_key);
            }
        }
    }
}

static HAS_STATISTICS: Query = Query {
    name: "schema.has_statistics",
    text: "SELECT count(*) AS n FROM main.sqlite_schema WHERE name = 'sqlite_stat1' AND type = 'table'",
    timeout_ms: 2000,
};

/// The first number of `stat` is the number of rows of the index, for an index over all rows that of the table.
static STATISTICS: Query = Query {
    name: "schema.statistics",
    text: "SELECT tbl, max(CAST(stat AS INTEGER)) AS n FROM main.sqlite_stat1
           WHERE stat IS NOT NULL GROUP BY tbl ORDER BY tbl LIMIT ?1 OFFSET ?2",
    timeout_ms: 2000,
};

async fn estimate_rows(session: &mut dyn Session, tables: &mut [Table]) -> Result<(), SessionError> {
    let has = session.own(&HAS_STATISTICS, &[]).await?;
    if has.rows.first().is_none_or(|row| has.get(row, "n").int() != Some(1)) {
        return Ok(());
    }
    let Some(found) = told(all_pages(session, &STATISTICS, None).await)? else { return Ok(()) };
    for row in &found.rows {
        let name = found.text(row, "tbl");
        if let Some(table) = tables.iter_mut().find(|table| table.name == name) {
            table.row_estimate = found.get(row, "n").number();
        }
    }
    Ok(())
}

/// Walks every page, so only files of up to 32768 pages are measured. It also counts rows exactly: each cell of a
/// leaf is one, or each cell at all in a table without rowids.
static SIZES: Query = Query {
    name: "schema.sizes",
    text: "WITH page AS (
             SELECT name, sum(pgsize) AS bytes, sum(ncell) AS cells,
                    sum(ncell) FILTER (WHERE pagetype = 'leaf') AS leaf_cells
             FROM (SELECT 1 FROM pragma_page_count WHERE page_count <= 32768) CROSS JOIN dbstat GROUP BY name)
           SELECT m.tbl_name, sum(p.bytes) AS bytes,
                  max(CASE WHEN m.type = 'table' THEN iif(l.wr, p.cells, p.leaf_cells) END) AS n
           FROM main.sqlite_schema m JOIN page p ON p.name = m.name
                JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.tbl_name AND l.type = 'table'
           GROUP BY m.tbl_name ORDER BY m.tbl_name LIMIT ?1 OFFSET ?2",
    timeout_ms: 2000,
};

async fn measure(session: &mut dyn Session, tables: &mut [Table]) -> Result<(), SessionError> {
    // A damaged page or a slow disk must not cost us the schema.
    let Some(found) = told(all_pages(session, &SIZES, None).await)? else { return Ok(()) };
    for row in &found.rows {
        let name = found.text(row, "tbl_name");
        if let Some(table) = tables.iter_mut().find(|table| table.name == name) {
            table.bytes = found.get(row, "bytes").int().and_then(|bytes| u64::try_from(bytes).ok());
            table.row_estimate = found.get(row, "n").number().or(table.row_estimate);
        }
    }
    Ok(())
}

/// What a query about one object told; `None` when SQLite could not tell. A broken connection stays an error.
fn told(result: Result<Rows, SessionError>) -> Result<Option<Rows>, SessionError> {
    match result {
        Ok(rows) => Ok(Some(rows)),
        Err(SessionError::Server(_) | SessionError::Deadline(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All rows of a query whose parameters are the size of a page, its offset, and perhaps a name. Ends after the page
/// that goes past [`MOST_TABLES`].
pub(super) async fn all_pages(
    session: &mut dyn Session,
    query: &'static Query,
    name: Option<&str>,
) -> Result<Rows, SessionError> {
    let mut all = Rows::default();
    loop {
        let mut params = vec![number(PAGE), number(all.rows.len())];
        params.extend(name.map(|name| Param::Text(name.to_owned())));
        let page = session.own(query, &params).await?;
        let full = page.rows.len() == PAGE;
        all.columns = page.columns;
        all.rows.extend(page.rows);
        if !full || all.rows.len() > MOST_TABLES {
            return Ok(all);
        }
    }
}

fn number(value: usize) -> Param {
    Param::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
