//! Sizes of tables and indexes, from `dbstat`, which our own SQLite is built with. It walks every page of the file.

use super::{like, literal, one};
use crate::domain::question::{Answer, Relation, TableList};

/// Pages of each table and index, and whose they are.
const STORED: &str = "dbstat AS s JOIN sqlite_schema AS m ON m.name = s.name";
/// The file's own bookkeeping is nobody's table.
const OWN_TABLES: &str = "m.tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const WALKS: &str = "every page of the file is read for this: it takes a while on a large one";

/// One table with its indexes.
pub(super) fn table(table: &Relation) -> Answer {
    let mut answer = one(
        format!("Size of {}", table.name),
        format!(
            "SELECT m.name AS name, m.type AS kind, sum(s.pgsize) AS bytes, \
             round(sum(s.pgsize) / 1048576.0, 2) AS megabytes FROM {STORED} WHERE m.tbl_name = {} \
             GROUP BY 1, 2 ORDER BY m.type DESC, 3 DESC, 1",
            literal(&table.name)
        ),
    );
    answer.notes.push(WALKS.into());
    answer
}

/// Tables by their size with indexes.
pub(super) fn tables(list: &TableList) -> Answer {
    let direction = if list.ascending { "ASC" } else { "DESC" };
    let cut = list.limit.map_or_else(String::new, |n| format!(" LIMIT {n}"));
    let name = list.containing.as_ref().map_or_else(String::new, |n| format!(" AND {}", like("m.tbl_name", n)));
    let mut answer = one(
        "Tables by size",
        format!(
            "SELECT m.tbl_name AS name, sum(s.pgsize) AS bytes_with_indexes, \
             sum(CASE WHEN m.type = 'table' THEN s.pgsize ELSE 0 END) AS table_bytes, \
             round(sum(s.pgsize) / 1048576.0, 2) AS megabytes FROM {STORED} WHERE {OWN_TABLES}{name} \
             GROUP BY 1 ORDER BY 2 {direction}, 1{cut}"
        ),
    );
    answer.notes.push(WALKS.into());
    answer
}

/// Indexes by their size.
pub(super) fn indexes() -> Answer {
    let mut answer = one(
        "Indexes by size",
        format!(
            "SELECT m.tbl_name AS \"table\", m.name AS \"index\", sum(s.pgsize) AS bytes, \
             round(sum(s.pgsize) / 1048576.0, 2) AS megabytes FROM {STORED} \
             WHERE m.type = 'index' AND {OWN_TABLES} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        ),
    );
    answer.notes.push(WALKS.into());
    answer
}
