//! Tables, columns, keys, indexes of a SQLite file, and the file itself.

use super::{OWN, like, literal, of_table, one, relation};
use crate::domain::question::{
    Answer, AnswerStatement, ColumnSearch, KeyDirection, ListKind, Relation, Scope, TableList, TableOrder, Topic,
};
use crate::domain::schema::{Schema, Table};

/// Tables counted by one statement: SQLite allows 500 parts of a compound SELECT.
const COUNTED: usize = 200;

pub(super) fn tables(list: &TableList, schema: &Schema) -> Answer {
    let kind = match list.kind {
        ListKind::Tables => "table",
        ListKind::Views => "view",
    };
    let wanted = |t: &&Table| {
        (t.is_table() == (list.kind == ListKind::Tables))
            && list.containing.as_ref().is_none_or(|part| t.name.to_lowercase().contains(&part.to_lowercase()))
    };
    let cut = list.limit.map_or_else(String::new, |n| format!(" LIMIT {n}"));
    if list.order == TableOrder::Bytes && list.kind == ListKind::Tables {
        return super::sizes::tables(list);
    }
    if list.order != TableOrder::Name {
        let direction = if list.ascending { "ASC" } else { "DESC" };
        let found: Vec<&Table> = schema.tables.iter().filter(wanted).collect();
        if let Some(counts) = counts(&found) {
            let mut answer = one("Tables by rows", format!("{counts} ORDER BY 2 {direction}, 1{cut}"));
            if found.len() > COUNTED {
                answer.notes.push(format!("the first {COUNTED} of {} tables are counted", found.len()));
            }
            return answer;
        }
    }
    let name = list.containing.as_ref().map_or_else(String::new, |n| format!(" AND {}", like("m.name", n)));
    let title = if kind == "table" { "Tables" } else { "Views" };
    one(
        title,
        format!(
            "SELECT m.name AS name, m.type AS kind, (SELECT count(*) FROM pragma_table_info(m.name)) AS columns, \
             (SELECT count(*) FROM pragma_index_list(m.name)) AS indexes, \
             (SELECT count(DISTINCT f.id) FROM pragma_foreign_key_list(m.name) AS f) AS foreign_keys \
             FROM sqlite_schema AS m WHERE m.type = '{kind}' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'{name} ORDER BY 1{cut}"
        ),
    )
}

/// One row a table with its exact count; none when there is no table.
fn counts(tables: &[&Table]) -> Option<String> {
    let parts: Vec<String> = tables
        .iter()
        .take(COUNTED)
        .map(|t| format!("SELECT {} AS name, count(*) AS rows FROM {}", literal(&t.name), relation(&Relation::of(t))))
        .collect();
    (!parts.is_empty()).then(|| format!("SELECT name, rows FROM ({})", parts.join(" UNION ALL ")))
}

pub(super) fn describe(table: &Relation) -> Answer {
    let name = literal(&table.name);
    let mut answer = one(
        format!("Columns of {}", table.name),
        format!(
            "SELECT c.name AS column, c.type AS type, CASE WHEN c.\"notnull\" = 0 THEN 'yes' ELSE 'no' END AS nullable, \
             c.dflt_value AS \"default\", CASE WHEN c.pk > 0 THEN 'PK' ELSE '' END AS key \
             FROM pragma_table_xinfo({name}) AS c WHERE c.hidden <> 1 ORDER BY c.cid"
        ),
    );
    answer.title = format!("Structure of {}", table.name);
    let mut more =
        |title: &str, statement: String| answer.statements.push(AnswerStatement { title: title.into(), statement });
    more("Indexes", indexes(&format!("m.type = 'table' AND m.name = {name}"), ""));
    more("Foreign keys", keys(&format!("m.name = {name}")));
    more("Referenced by", keys(&format!("lower(f.\"table\") = lower({name})")));
    more(
        "Definition",
        format!(
            "SELECT m.sql AS definition FROM sqlite_schema AS m WHERE m.name = {name} AND m.type IN ('table', 'view')"
        ),
    );
    answer
}

pub(super) fn row_count(table: &Relation, exact: bool) -> Answer {
    let mut answer =
        one(format!("Rows of {}, counted", table.name), format!("SELECT count(*) AS rows FROM {}", relation(table)));
    if !exact {
        answer.notes.push("SQLite keeps no estimate: the rows were counted".into());
    }
    answer
}

pub(super) fn find_columns(search: &ColumnSearch) -> Answer {
    let mut conditions = vec!["m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'".to_owned()];
    let mut title = String::from("Columns");
    if let Some(name) = &search.name {
        let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let singular = joined.strip_suffix('s').filter(|s| s.len() > 3).unwrap_or(&joined).to_owned();
        conditions.push(like("replace(c.name, '_', '')", &singular));
        title.push_str(&format!(" like \"{name}\""));
    }
    if let Some(kind) = search.kind {
        let parts: Vec<String> = kind.type_parts().iter().map(|p| like("c.type", p)).collect();
        conditions.push(format!("({})", parts.join(" OR ")));
        title.push_str(&format!(" of a {} type", kind.word()));
    }
    if let Some(name) = &search.type_name {
        conditions.push(like("c.type", name));
        title.push_str(&format!(" of type {name}"));
    }
    one(
        title,
        format!(
            "SELECT m.name AS \"table\", c.name AS column, c.type AS type FROM sqlite_schema AS m \
             JOIN pragma_table_xinfo(m.name) AS c WHERE {} ORDER BY 1, c.cid",
            conditions.join(" AND ")
        ),
    )
}

pub(super) fn foreign_keys(table: Option<&Relation>, direction: KeyDirection) -> Answer {
    let Some(table) = table else { return one("Foreign keys", keys(OWN)) };
    let name = literal(&table.name);
    let from = keys(&format!("m.name = {name}"));
    let into = keys(&format!("lower(f.\"table\") = lower({name})"));
    match direction {
        KeyDirection::From => one(format!("Foreign keys from {}", table.name), from),
        KeyDirection::Into => one(format!("Foreign keys to {}", table.name), into),
        KeyDirection::Both => {
            let mut answer = one(format!("Foreign keys from {}", table.name), from);
            answer
                .statements
                .push(AnswerStatement { title: format!("Foreign keys to {}", table.name), statement: into });
            answer.title = format!("Foreign keys of {}", table.name);
            answer
        }
    }
}

fn keys(condition: &str) -> String {
    format!(
        "SELECT m.name AS \"table\", group_concat(f.\"from\", ', ') AS columns, f.\"table\" AS to_table, \
         group_concat(f.\"to\", ', ') AS to_columns, f.on_update, f.on_delete FROM sqlite_schema AS m \
         JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND {condition} \
         GROUP BY m.name, f.id, f.\"table\", f.on_update, f.on_delete ORDER BY 1, 3, 2"
    )
}

fn indexes(condition: &str, and: &str) -> String {
    format!(
        "SELECT m.name AS \"table\", i.name AS \"index\", CASE WHEN i.\"unique\" THEN 'yes' ELSE 'no' END AS \"unique\", i.origin, \
         CASE WHEN i.partial THEN 'yes' ELSE 'no' END AS partial, \
         (SELECT group_concat(COALESCE(x.name, '(expression)'), ', ') FROM pragma_index_info(i.name) AS x) AS columns \
         FROM sqlite_schema AS m JOIN pragma_index_list(m.name) AS i WHERE {condition}{and} ORDER BY 1, 2"
    )
}

const SETTINGS: &[&str] = &[
    "application_id",
    "auto_vacuum",
    "cache_size",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "page_count",
    "page_size",
    "query_only",
    "schema_version",
    "secure_delete",
    "synchronous",
    "temp_store",
    "user_version",
    "busy_timeout",
];

const SIZE: &str = "\
SELECT p.page_count * s.page_size AS bytes, round(p.page_count * s.page_size / 1048576.0, 2) AS megabytes, p.page_count AS pages, \
s.page_size, f.freelist_count AS free_pages, round(100.0 * f.freelist_count / max(p.page_count, 1), 1) AS free_percent \
FROM pragma_page_count AS p, pragma_page_size AS s, pragma_freelist_count AS f";

/// Foreign keys whose columns begin no index and are not the rowid: each check of the parent reads the whole table.
fn unindexed_keys(condition: &str) -> String {
    format!(
        "SELECT m.name AS \"table\", f.\"from\" AS column, f.\"table\" AS to_table FROM sqlite_schema AS m \
         JOIN pragma_foreign_key_list(m.name) AS f WHERE {condition} AND f.seq = 0 AND NOT EXISTS \
         (SELECT 1 FROM pragma_index_list(m.name) AS i JOIN pragma_index_info(i.name) AS x WHERE x.seqno = 0 AND x.name = f.\"from\") \
         AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) AS c WHERE c.pk = 1 AND c.name = f.\"from\") ORDER BY 1, 2"
    )
}

/// Indexes whose columns are the first columns of another one.
fn duplicates(condition: &str) -> String {
    let columns = |index: &str| {
        format!("(SELECT group_concat(COALESCE(x.name, '?'), ',') || ',' FROM pragma_index_info({index}) AS x)")
    };
    format!(
        "SELECT m.name AS \"table\", a.name AS \"index\", b.name AS repeats, {} AS columns FROM sqlite_schema AS m \
         JOIN pragma_index_list(m.name) AS a JOIN pragma_index_list(m.name) AS b ON b.name <> a.name \
         WHERE {condition} AND a.\"unique\" = 0 AND a.partial = 0 AND b.partial = 0 AND instr({}, {}) = 1 \
         AND instr({}, '?') = 0 AND ({} <> {} OR b.\"unique\" OR a.name > b.name) ORDER BY 1, 2, 3",
        columns("a.name"),
        columns("b.name"),
        columns("a.name"),
        columns("a.name"),
        columns("a.name"),
        columns("b.name")
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let own = of_table(scope);
    Some(match topic {
        Topic::Databases | Topic::Schemas => {
            one("Attached databases", "SELECT seq, name, file FROM pragma_database_list ORDER BY seq")
        }
        Topic::DatabaseSize | Topic::DiskUsage => one("Size of the file", SIZE),
        Topic::IndexSizes => super::sizes::indexes(),
        Topic::Bloat | Topic::Vacuum => {
            let mut answer = one("Free pages in the file", SIZE);
            answer
                .notes
                .push("SQLite has no dead rows; free pages are reused, and VACUUM gives them back to the disk".into());
            answer
        }
        Topic::RowCounts => {
            let found: Vec<&Table> = schema.tables.iter().filter(|t| t.is_table()).collect();
            let mut answer = one("Rows of all tables, counted", format!("{} ORDER BY 2 DESC, 1", counts(&found)?));
            if found.len() > COUNTED {
                answer.notes.push(format!("the first {COUNTED} of {} tables are counted", found.len()));
            }
            answer
        }
        Topic::Indexes => one(title, indexes(&own, "")),
        Topic::DuplicateIndexes => one(title, duplicates(&own)),
        Topic::InvalidIndexes => {
            let mut answer = one("Check of the file", "SELECT quick_check AS finding FROM pragma_quick_check");
            answer.notes.push("SQLite has no invalid indexes short of a damaged file: this checks it".into());
            answer
        }
        Topic::MissingIndexes => {
            let mut answer = one("Foreign keys without an index", unindexed_keys(&own));
            answer.notes.push("hints, not verdicts: SQLite does not count how tables are read".into());
            answer
        }
        Topic::TablesWithoutPrimaryKey => one(
            title,
            format!(
                "SELECT m.name AS \"table\" FROM sqlite_schema AS m WHERE {OWN} AND NOT EXISTS \
             (SELECT 1 FROM pragma_table_info(m.name) AS c WHERE c.pk > 0) ORDER BY 1"
            ),
        ),
        Topic::TablesWithoutIndexes => one(
            title,
            format!(
                "SELECT m.name AS \"table\" FROM sqlite_schema AS m WHERE {OWN} AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name)) ORDER BY 1"
            ),
        ),
        Topic::Settings | Topic::ChangedSettings => settings(scope)?,
        Topic::LastAnalyze => {
            let mut answer = one(
                "Tables with statistics",
                "SELECT m.name AS object, m.tbl_name AS \"table\" FROM sqlite_schema AS m WHERE m.name LIKE 'sqlite\\_stat%' ESCAPE '\\'",
            );
            answer.notes.push(
                "SQLite does not store when ANALYZE ran, only its result in these tables; none means that it never ran"
                    .into(),
            );
            answer
        }
        Topic::CacheHitRatio => return None,
        Topic::Performance => {
            let mut answer = one("Size and free pages", SIZE);
            answer.statements.push(AnswerStatement {
                title: "Foreign keys without an index".into(),
                statement: unindexed_keys(OWN),
            });
            answer
                .statements
                .push(AnswerStatement { title: "Indexes that repeat another one".into(), statement: duplicates(OWN) });
            answer.statements.push(AnswerStatement {
                title: "Settings".into(),
                statement: settings(&Scope::default())?.statements.swap_remove(0).statement,
            });
            answer.statements.push(AnswerStatement { title: "Statistics for the planner".into(), statement:
                "SELECT count(*) AS statistics_tables FROM sqlite_schema AS m WHERE m.name LIKE 'sqlite\\_stat%' ESCAPE '\\'".into() });
            title.clone_into(&mut answer.title);
            answer
        }
        Topic::Version => one(title, "SELECT sqlite_version() AS version, sqlite_source_id() AS build"),
        Topic::Extensions => one(
            "Compile-time options of the library",
            "SELECT compile_options AS option FROM pragma_compile_options ORDER BY 1",
        ),
        Topic::Functions => one(
            "Functions of the library",
            "SELECT DISTINCT name, CASE type WHEN 'w' THEN 'window' WHEN 'a' THEN 'aggregate' ELSE 'scalar' END AS kind, narg AS arguments FROM pragma_function_list ORDER BY 1, 3",
        ),
        Topic::Triggers => {
            let table =
                scope.table.as_ref().map_or_else(String::new, |t| format!(" AND m.tbl_name = {}", literal(&t.name)));
            one(
                title,
                format!(
                    "SELECT m.name AS name, m.tbl_name AS \"table\", m.sql AS definition FROM sqlite_schema AS m WHERE m.type = 'trigger'{table} ORDER BY 2, 1"
                ),
            )
        }
        Topic::Constraints => one(
            "Definitions, with their constraints",
            format!("SELECT m.name AS \"table\", m.sql AS definition FROM sqlite_schema AS m WHERE {own} ORDER BY 1"),
        ),
        Topic::Types => one(
            "Declared types in use",
            format!(
                "SELECT c.type AS type, count(*) AS columns FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c WHERE {OWN} GROUP BY 1 ORDER BY 2 DESC, 1"
            ),
        ),
        Topic::Wal | Topic::Checkpoints => one(
            "Journal",
            "SELECT j.journal_mode, s.synchronous FROM pragma_journal_mode AS j, pragma_synchronous AS s",
        ),
        Topic::Encoding => one(title, "SELECT encoding FROM pragma_encoding"),
        Topic::Integrity => {
            let mut answer = one("Quick check of the file", "SELECT quick_check AS finding FROM pragma_quick_check");
            answer.statements.push(AnswerStatement {
                title: "Rows that break a foreign key".into(),
                statement: "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check".into(),
            });
            answer
        }
        _ => return None,
    })
}

/// Settings of the file and of our connection, by a word in their name.
fn settings(scope: &Scope) -> Option<Answer> {
    let word = scope.name.as_ref().map(|n| n.to_lowercase());
    let part = word.as_deref().map(|w| w.strip_suffix('s').filter(|s| s.len() > 3).unwrap_or(w));
    let parts: Vec<String> = SETTINGS
        .iter()
        .filter(|name| part.is_none_or(|w| name.contains(w)))
        .map(|name| {
            format!(
                "SELECT '{name}' AS name, CAST({} AS TEXT) AS value FROM pragma_{name}",
                super::quote(value_column(name))
            )
        })
        .collect();
    if parts.is_empty() {
        return None;
    }
    let mut answer = one("Settings of this connection and file", parts.join(" UNION ALL "));
    answer.notes.push("most settings of SQLite belong to a connection: other programs may use others".into());
    Some(answer)
}

/// The output column of a pragma, where it is not its name.
fn value_column(pragma: &'static str) -> &'static str {
    match pragma {
        "busy_timeout" => "timeout",
        other => other,
    }
}
