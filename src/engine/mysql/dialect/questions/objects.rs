//! Tables, columns, keys, indexes and the other objects of a database.

use super::super::flavour::Flavour;
use super::super::names::literal;
use super::{bytes, contains, is_table, limit, noted, of_table, one, own, relation, several};
use crate::domain::question::{
    Answer, AnswerStatement, ColumnSearch, KeyDirection, ListKind, Relation, Scope, TableList, TableOrder, Topic,
};
use crate::domain::schema::Schema;

/// Kinds of TABLES that hold rows.
const TABLES: &str = "('BASE TABLE', 'SYSTEM VERSIONED')";

const ESTIMATES: &str =
    "rows and sizes are the storage engine's estimates; MySQL refreshes them once a day or by ANALYZE TABLE";

pub(super) fn tables(list: &TableList, schema: &Schema) -> Answer {
    let kinds = match list.kind {
        ListKind::Tables => format!("t.TABLE_TYPE IN {TABLES}"),
        ListKind::Views => "t.TABLE_TYPE LIKE '%VIEW'".to_owned(),
    };
    let mut conditions = vec![kinds];
    conditions.push(
        list.schema
            .as_ref()
            .map_or_else(|| own("t.TABLE_SCHEMA", schema), |s| format!("t.TABLE_SCHEMA = {}", literal(s))),
    );
    if let Some(name) = &list.containing {
        conditions.push(contains("t.TABLE_NAME", name));
    }
    let direction = if list.ascending { "ASC" } else { "DESC" };
    let order = match list.order {
        TableOrder::Name => "t.TABLE_SCHEMA, t.TABLE_NAME".to_owned(),
        TableOrder::Bytes => format!("t.DATA_LENGTH + t.INDEX_LENGTH {direction}, t.TABLE_SCHEMA, t.TABLE_NAME"),
        TableOrder::Rows => format!("t.TABLE_ROWS {direction}, t.TABLE_SCHEMA, t.TABLE_NAME"),
    };
    let cut = list.limit.map_or_else(String::new, |n| format!(" LIMIT {n}"));
    let what = match list.kind {
        ListKind::Tables => "Tables",
        ListKind::Views => "Views",
    };
    let title = match list.order {
        TableOrder::Name => what.to_owned(),
        TableOrder::Bytes => format!("{what} by size"),
        TableOrder::Rows => format!("{what} by estimated rows"),
    };
    noted(
        &title,
        format!(
            "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS name, LOWER(t.TABLE_TYPE) AS kind, t.ENGINE AS engine, \
             t.TABLE_ROWS AS rows_estimate, {} AS size_with_indexes, t.CREATE_TIME AS created \
             FROM information_schema.TABLES AS t WHERE {} ORDER BY {order}{cut}",
            bytes("t.DATA_LENGTH + t.INDEX_LENGTH"),
            conditions.join(" AND ")
        ),
        ESTIMATES,
    )
}

pub(super) fn describe(table: &Relation) -> Answer {
    let columns = format!(
        "SELECT c.COLUMN_NAME AS `column`, c.COLUMN_TYPE AS type, LOWER(c.IS_NULLABLE) AS nullable, \
         c.COLUMN_DEFAULT AS `default`, CASE c.COLUMN_KEY WHEN 'PRI' THEN 'PK' ELSE LOWER(c.COLUMN_KEY) END AS `key`, \
         c.EXTRA AS extra, c.COLUMN_COMMENT AS comment FROM information_schema.COLUMNS AS c WHERE {} \
         ORDER BY c.ORDINAL_POSITION",
        is_table("c.TABLE_SCHEMA", "c.TABLE_NAME", table)
    );
    let of = |database: &str, name: &str| is_table(database, name, table);
    let mut answer = several(
        &format!("Structure of {}", table.full_name()),
        vec![
            ("", columns),
            ("Indexes", indexes(&of("s.TABLE_SCHEMA", "s.TABLE_NAME"), "3", "")),
            ("Foreign keys", keys(&of("k.TABLE_SCHEMA", "k.TABLE_NAME"))),
            ("Referenced by", keys(&of("k.REFERENCED_TABLE_SCHEMA", "k.REFERENCED_TABLE_NAME"))),
            ("Definition", format!("SHOW CREATE TABLE {}", relation(table))),
        ],
    );
    answer.statements[0].title = format!("Columns of {}", table.full_name());
    answer
}

pub(super) fn row_count(table: &Relation, exact: bool) -> Answer {
    if exact {
        return one(
            format!("Rows of {}", table.full_name()),
            format!("SELECT COUNT(*) AS count FROM {}", relation(table)),
        );
    }
    noted(
        &format!("Rows of {}, estimate", table.full_name()),
        format!(
            "SELECT t.TABLE_ROWS AS rows_estimate FROM information_schema.TABLES AS t WHERE {}",
            is_table("t.TABLE_SCHEMA", "t.TABLE_NAME", table)
        ),
        ESTIMATES,
    )
}

pub(super) fn find_columns(search: &ColumnSearch, schema: &Schema) -> Answer {
    let mut conditions = vec![own("c.TABLE_SCHEMA", schema)];
    let mut title = String::from("Columns");
    if let Some(name) = &search.name {
        let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let singular = joined.strip_suffix('s').filter(|s| s.len() > 3).unwrap_or(&joined).to_owned();
        conditions.push(contains("REPLACE(c.COLUMN_NAME, '_', '')", &singular));
        title.push_str(&format!(" like \"{name}\""));
    }
    if let Some(kind) = search.kind {
        let mut parts: Vec<String> = kind.type_parts().iter().map(|part| contains("c.COLUMN_TYPE", part)).collect();
        if kind == crate::domain::question::TypeFamily::Bool {
            parts.push("c.COLUMN_TYPE = 'tinyint(1)'".to_owned());
        }
        conditions.push(format!("({})", parts.join(" OR ")));
        title.push_str(&format!(" of a {} type", kind.word()));
    }
    if let Some(name) = &search.type_name {
        conditions.push(contains("c.COLUMN_TYPE", name));
        title.push_str(&format!(" of type {name}"));
    }
    one(
        title,
        format!(
            "SELECT c.TABLE_SCHEMA AS `database`, c.TABLE_NAME AS `table`, c.COLUMN_NAME AS `column`, c.COLUMN_TYPE AS type \
             FROM information_schema.COLUMNS AS c WHERE {} ORDER BY 1, 2, c.ORDINAL_POSITION",
            conditions.join(" AND ")
        ),
    )
}

pub(super) fn foreign_keys(table: Option<&Relation>, direction: KeyDirection, schema: &Schema) -> Answer {
    let Some(table) = table else { return one("Foreign keys", keys(&own("k.TABLE_SCHEMA", schema))) };
    let name = table.full_name();
    let from = keys(&is_table("k.TABLE_SCHEMA", "k.TABLE_NAME", table));
    let into = keys(&is_table("k.REFERENCED_TABLE_SCHEMA", "k.REFERENCED_TABLE_NAME", table));
    match direction {
        KeyDirection::From => one(format!("Foreign keys from {name}"), from),
        KeyDirection::Into => one(format!("Foreign keys to {name}"), into),
        KeyDirection::Both => {
            let mut answer = one(format!("Foreign keys from {name}"), from);
            answer.statements.push(AnswerStatement { title: format!("Foreign keys to {name}"), statement: into });
            answer.title = format!("Foreign keys of {name}");
            answer
        }
    }
}

fn keys(condition: &str) -> String {
    format!(
        "SELECT k.TABLE_SCHEMA AS `database`, k.TABLE_NAME AS `table`, \
         GROUP_CONCAT(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', ') AS columns, \
         k.REFERENCED_TABLE_SCHEMA AS to_database, k.REFERENCED_TABLE_NAME AS to_table, \
         GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', ') AS to_columns, \
         k.CONSTRAINT_NAME AS name, MAX(r.UPDATE_RULE) AS on_update, MAX(r.DELETE_RULE) AS on_delete \
         FROM information_schema.KEY_COLUMN_USAGE AS k LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r \
         ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME \
         AND r.TABLE_NAME = k.TABLE_NAME WHERE k.REFERENCED_TABLE_NAME IS NOT NULL AND {condition} \
         GROUP BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME \
         ORDER BY 1, 2, 7"
    )
}

/// Indexes, one row each. `s` is STATISTICS, which has a row for each column of an index.
fn indexes(condition: &str, order: &str, cut: &str) -> String {
    format!(
        "SELECT s.TABLE_SCHEMA AS `database`, s.TABLE_NAME AS `table`, s.INDEX_NAME AS `index`, \
         GROUP_CONCAT(CONCAT(COALESCE(s.COLUMN_NAME, '(expression)'), COALESCE(CONCAT('(', s.SUB_PART, ')'), ''), \
         CASE WHEN s.COLLATION = 'D' THEN ' desc' ELSE '' END) ORDER BY s.SEQ_IN_INDEX SEPARATOR ', ') AS columns, \
         CASE WHEN MAX(s.NON_UNIQUE) = 0 THEN 'yes' ELSE 'no' END AS `unique`, LOWER(MAX(s.INDEX_TYPE)) AS type, \
         MAX(s.CARDINALITY) AS distinct_values FROM information_schema.STATISTICS AS s WHERE {condition} \
         GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME ORDER BY {order}{cut}"
    )
}

/// Foreign keys whose first column begins no index: each check of the parent reads the whole table.
pub(super) fn unindexed_keys(condition: &str) -> String {
    format!(
        "SELECT k.TABLE_SCHEMA AS `database`, k.TABLE_NAME AS `table`, k.CONSTRAINT_NAME AS foreign_key, \
         k.COLUMN_NAME AS first_column FROM information_schema.KEY_COLUMN_USAGE AS k \
         WHERE k.REFERENCED_TABLE_NAME IS NOT NULL AND k.ORDINAL_POSITION = 1 AND {condition} AND NOT EXISTS \
         (SELECT 1 FROM information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = k.TABLE_SCHEMA \
         AND s.TABLE_NAME = k.TABLE_NAME AND s.COLUMN_NAME = k.COLUMN_NAME AND s.SEQ_IN_INDEX = 1) ORDER BY 1, 2, 3"
    )
}

/// Indexes whose columns are the first columns of another one.
fn duplicates(condition: &str) -> String {
    let listed = format!(
        "(SELECT s.TABLE_SCHEMA AS d, s.TABLE_NAME AS t, s.INDEX_NAME AS i, MAX(s.NON_UNIQUE) AS n, MAX(s.INDEX_TYPE) AS k, \
         GROUP_CONCAT(CONCAT(COALESCE(s.COLUMN_NAME, '(expression)'), ':', COALESCE(s.SUB_PART, ''), ':', COALESCE(s.COLLATION, '')) \
         ORDER BY s.SEQ_IN_INDEX SEPARATOR ',') AS c FROM information_schema.STATISTICS AS s WHERE {condition} \
         GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME)"
    );
    format!(
        "SELECT a.d AS `database`, a.t AS `table`, a.i AS `index`, b.i AS repeats, a.c AS columns, b.c AS other_columns \
         FROM {listed} AS a JOIN {listed} AS b ON b.d = a.d AND b.t = a.t AND b.i <> a.i AND b.k = a.k \
         WHERE a.n = 1 AND a.k IN ('BTREE', 'HASH') AND LOCATE('(expression)', a.c) = 0 \
         AND LEFT(CONCAT(b.c, ','), CHAR_LENGTH(a.c) + 1) = CONCAT(a.c, ',') \
         AND (a.c <> b.c OR b.n = 0 OR a.i > b.i) ORDER BY 1, 2, 3, 4"
    )
}

/// Largest value of a whole-number column by its type, as a decimal: twice the largest BIGINT is no BIGINT.
const MAXIMUM: &str = "CASE c.DATA_TYPE WHEN 'tinyint' THEN 127 WHEN 'smallint' THEN 32767 WHEN 'mediumint' THEN 8388607 \
                       WHEN 'int' THEN 2147483647 ELSE 9223372036854775807.0 END * \
                       CASE WHEN c.COLUMN_TYPE LIKE '%unsigned%' THEN 2 ELSE 1 END";

fn auto_increment(scope: &Scope, schema: &Schema) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, c.COLUMN_NAME AS `column`, c.COLUMN_TYPE AS type, \
         t.AUTO_INCREMENT AS next_value, ROUND(100.0 * t.AUTO_INCREMENT / ({MAXIMUM}), 2) AS used_percent \
         FROM information_schema.TABLES AS t JOIN information_schema.COLUMNS AS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA \
         AND c.TABLE_NAME = t.TABLE_NAME AND c.EXTRA LIKE '%auto_increment%' WHERE t.AUTO_INCREMENT IS NOT NULL AND {} \
         ORDER BY 6 DESC, 1, 2{}",
        of_table("t.TABLE_SCHEMA", "t.TABLE_NAME", scope, schema),
        limit(scope, 200)
    )
}

fn without(exists: &str, schema: &Schema) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, t.ENGINE AS engine, t.TABLE_ROWS AS rows_estimate \
         FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE IN {TABLES} AND {} AND NOT EXISTS ({exists}) ORDER BY 1, 2",
        own("t.TABLE_SCHEMA", schema)
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let of = |database: &str, table: &str| of_table(database, table, scope, schema);
    let named =
        |column: &str| scope.name.as_ref().map_or_else(String::new, |n| format!(" AND {}", contains(column, n)));
    let cut = scope.limit.map_or_else(String::new, |n| format!(" LIMIT {n}"));
    let index_condition = format!("{}{}", of("s.TABLE_SCHEMA", "s.TABLE_NAME"), named("s.INDEX_NAME"));
    Some(match topic {
        Topic::Schemas => {
            noted("Databases", super::storage::databases("", ""), "a schema and a database are the same thing here")
        }
        Topic::Indexes => one(title, indexes(&index_condition, "1, 2, 3", &cut)),
        Topic::DuplicateIndexes => one(title, duplicates(&of("s.TABLE_SCHEMA", "s.TABLE_NAME"))),
        Topic::TablesWithoutPrimaryKey => one(
            title,
            without(
                "SELECT 1 FROM information_schema.TABLE_CONSTRAINTS AS k WHERE k.TABLE_SCHEMA = t.TABLE_SCHEMA \
                 AND k.TABLE_NAME = t.TABLE_NAME AND k.CONSTRAINT_TYPE = 'PRIMARY KEY'",
                schema,
            ),
        ),
        Topic::TablesWithoutIndexes => one(
            title,
            without(
                "SELECT 1 FROM information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME",
                schema,
            ),
        ),
        Topic::Functions => noted(
            title,
            format!(
                "SELECT r.ROUTINE_SCHEMA AS `database`, r.ROUTINE_NAME AS name, LOWER(r.ROUTINE_TYPE) AS kind, \
                 r.DTD_IDENTIFIER AS returns, r.SQL_DATA_ACCESS AS data_access, r.SECURITY_TYPE AS security, r.DEFINER AS definer, \
                 r.LAST_ALTERED AS altered FROM information_schema.ROUTINES AS r WHERE {}{} ORDER BY 1, 2",
                scope
                    .schema
                    .as_ref()
                    .map_or_else(|| own("r.ROUTINE_SCHEMA", schema), |s| format!("r.ROUTINE_SCHEMA = {}", literal(s))),
                named("r.ROUTINE_NAME")
            ),
            "only the routines that this login may run or change are listed",
        ),
        Topic::Triggers => noted(
            title,
            format!(
                "SELECT g.TRIGGER_SCHEMA AS `database`, g.EVENT_OBJECT_TABLE AS `table`, g.TRIGGER_NAME AS name, g.ACTION_TIMING AS timing, \
                 g.EVENT_MANIPULATION AS event, g.ACTION_STATEMENT AS statement, g.DEFINER AS definer \
                 FROM information_schema.TRIGGERS AS g WHERE {} ORDER BY 1, 2, 3",
                of("g.TRIGGER_SCHEMA", "g.EVENT_OBJECT_TABLE")
            ),
            "only the triggers of tables on which this login has the TRIGGER right are listed",
        ),
        Topic::Sequences => sequences(scope, schema),
        Topic::AutoIncrement => one(title, auto_increment(scope, schema)),
        Topic::Constraints => one(
            title,
            format!(
                "SELECT k.TABLE_SCHEMA AS `database`, k.TABLE_NAME AS `table`, k.CONSTRAINT_NAME AS name, LOWER(k.CONSTRAINT_TYPE) AS kind, \
                 c.CHECK_CLAUSE AS definition FROM information_schema.TABLE_CONSTRAINTS AS k \
                 LEFT JOIN information_schema.CHECK_CONSTRAINTS AS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA \
                 AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND k.CONSTRAINT_TYPE = 'CHECK' WHERE {} ORDER BY 1, 2, 4, 3",
                of("k.TABLE_SCHEMA", "k.TABLE_NAME")
            ),
        ),
        Topic::Types => several(
            title,
            vec![
                (
                    "Enum and set columns",
                    format!(
                        "SELECT c.TABLE_SCHEMA AS `database`, c.TABLE_NAME AS `table`, c.COLUMN_NAME AS `column`, c.COLUMN_TYPE AS labels \
                         FROM information_schema.COLUMNS AS c WHERE c.DATA_TYPE IN ('enum', 'set') AND {} ORDER BY 1, 2, c.ORDINAL_POSITION",
                        own("c.TABLE_SCHEMA", schema)
                    ),
                ),
                (
                    "Types in use",
                    format!(
                        "SELECT c.DATA_TYPE AS type, COUNT(*) AS columns FROM information_schema.COLUMNS AS c WHERE {} GROUP BY 1 ORDER BY 2 DESC, 1",
                        own("c.TABLE_SCHEMA", schema)
                    ),
                ),
            ],
        ),
        Topic::Comments => one(
            title,
            format!(
                "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, NULL AS `column`, t.TABLE_COMMENT AS comment \
                 FROM information_schema.TABLES AS t WHERE t.TABLE_COMMENT NOT IN ('', 'VIEW') AND {} \
                 UNION ALL SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_COMMENT FROM information_schema.COLUMNS AS c \
                 WHERE c.COLUMN_COMMENT <> '' AND {} ORDER BY 1, 2, 3",
                of("t.TABLE_SCHEMA", "t.TABLE_NAME"),
                of("c.TABLE_SCHEMA", "c.TABLE_NAME")
            ),
        ),
        Topic::Partitions => one(
            title,
            format!(
                "SELECT p.TABLE_SCHEMA AS `database`, p.TABLE_NAME AS `table`, p.PARTITION_NAME AS `partition`, p.PARTITION_METHOD AS method, \
                 p.PARTITION_EXPRESSION AS expression, p.PARTITION_DESCRIPTION AS bounds, p.TABLE_ROWS AS rows_estimate, {} AS size \
                 FROM information_schema.PARTITIONS AS p WHERE p.PARTITION_NAME IS NOT NULL AND {} ORDER BY 1, 2, p.PARTITION_ORDINAL_POSITION",
                bytes("p.DATA_LENGTH + p.INDEX_LENGTH"),
                of("p.TABLE_SCHEMA", "p.TABLE_NAME")
            ),
        ),
        Topic::RowCounts => {
            let mut answer = one(
                "Rows of all tables, estimates",
                format!(
                    "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS name, t.TABLE_ROWS AS rows_estimate, t.UPDATE_TIME AS changed \
                     FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE IN {TABLES} AND {} ORDER BY t.TABLE_ROWS DESC, 1, 2{}",
                    of("t.TABLE_SCHEMA", "t.TABLE_NAME"),
                    limit(scope, 500)
                ),
            );
            answer
                .notes
                .push("estimates of the storage engine: \"how many rows are in TABLE\" counts one table".into());
            answer
        }
        Topic::Events => noted(
            title,
            format!(
                "SELECT e.EVENT_SCHEMA AS `database`, e.EVENT_NAME AS name, LOWER(e.STATUS) AS state, e.EVENT_TYPE AS kind, \
                 CONCAT_WS(' ', e.INTERVAL_VALUE, e.INTERVAL_FIELD) AS every, e.EXECUTE_AT AS once_at, e.LAST_EXECUTED AS last_run, \
                 e.DEFINER AS definer, @@event_scheduler AS scheduler FROM information_schema.EVENTS AS e WHERE {}{} ORDER BY 1, 2",
                own("e.EVENT_SCHEMA", schema),
                named("e.EVENT_NAME")
            ),
            "only the events of databases in which this login has the EVENT right are listed",
        ),
        Topic::TableEngines => several(
            title,
            vec![
                (
                    "Storage engines in use",
                    format!(
                        "SELECT COALESCE(t.ENGINE, 'none') AS engine, COUNT(*) AS tables, SUM(t.TABLE_ROWS) AS rows_estimate, {} AS size \
                         FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE IN {TABLES} AND {} GROUP BY 1 ORDER BY 2 DESC, 1",
                        bytes("SUM(t.DATA_LENGTH + t.INDEX_LENGTH)"),
                        own("t.TABLE_SCHEMA", schema)
                    ),
                ),
                (
                    "Tables that are not InnoDB",
                    format!(
                        "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, t.ENGINE AS engine FROM information_schema.TABLES AS t \
                         WHERE t.TABLE_TYPE IN {TABLES} AND COALESCE(t.ENGINE, '') <> 'InnoDB' AND {} ORDER BY 1, 2",
                        own("t.TABLE_SCHEMA", schema)
                    ),
                ),
            ],
        ),
        _ => return None,
    })
}

/// MariaDB has sequences; what everybody has are auto-increment counters.
fn sequences(scope: &Scope, schema: &Schema) -> Answer {
    if !Flavour::of(schema).is_mariadb() {
        return noted(
            Topic::AutoIncrement.title(),
            auto_increment(scope, schema),
            "MySQL has no sequences; these are its auto-increment counters",
        );
    }
    several(
        Topic::Sequences.title(),
        vec![
            (
                "Sequences",
                format!(
                    "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS name FROM information_schema.TABLES AS t \
                     WHERE t.TABLE_TYPE = 'SEQUENCE' AND {} ORDER BY 1, 2",
                    own("t.TABLE_SCHEMA", schema)
                ),
            ),
            (Topic::AutoIncrement.title(), auto_increment(scope, schema)),
        ],
    )
}
