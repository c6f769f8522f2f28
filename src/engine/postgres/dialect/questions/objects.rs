//! Tables, columns, keys, indexes and the other objects of a database.

use super::super::names::literal;
use super::{OWN, contains, is_table, limit, of_table, one, relation};
use crate::domain::question::{
    Answer, AnswerStatement, ColumnSearch, KeyDirection, ListKind, Relation, Scope, TableList, TableOrder, Topic,
};
use crate::domain::schema::Schema;

const KIND: &str = "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' \
                    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE c.relkind::pg_catalog.text END";

/// Rows by the catalogue; -1 there means that nobody has counted yet.
const ROWS: &str = "NULLIF(GREATEST(c.reltuples, -1), -1)::pg_catalog.int8";

pub(super) fn tables(list: &TableList) -> Answer {
    let kinds = match list.kind {
        ListKind::Tables => "'r', 'p', 'f'",
        ListKind::Views => "'v', 'm'",
    };
    let mut conditions = vec![format!("c.relkind IN ({kinds})")];
    conditions.push(list.schema.as_ref().map_or_else(|| OWN.to_owned(), |s| format!("n.nspname = {}", literal(s))));
    if let Some(name) = &list.containing {
        conditions.push(format!("c.relname ILIKE {}", contains(name)));
    }
    let direction = if list.ascending { "ASC" } else { "DESC" };
    let order = match list.order {
        TableOrder::Name => "n.nspname, c.relname".to_owned(),
        TableOrder::Bytes => format!("pg_catalog.pg_total_relation_size(c.oid) {direction}, n.nspname, c.relname"),
        TableOrder::Rows => format!("c.reltuples {direction}, n.nspname, c.relname"),
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
    let statement = format!(
        "SELECT n.nspname AS schema, c.relname AS name, {KIND} AS kind, {ROWS} AS rows_estimate, \
         pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS size_with_indexes, \
         pg_catalog.pg_get_userbyid(c.relowner) AS owner \
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE {} ORDER BY {order}{cut}",
        conditions.join(" AND ")
    );
    let mut answer = one(title, statement);
    answer.notes.push("rows are the catalogue's estimate as of the last vacuum or analyze".into());
    answer
}

pub(super) fn describe(table: &Relation, schema: &Schema) -> Answer {
    let title = format!("Columns of {}", table.full_name());
    let columns = format!(
        "SELECT a.attname AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable, \
         pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default, \
         CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p' \
         AND a.attnum = ANY (k.conkey)) THEN 'PK' ELSE '' END AS key, \
         pg_catalog.col_description(c.oid, a.attnum) AS comment \
         FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        is_table(table)
    );
    let mut answer = one(title, columns);
    answer.title = format!("Structure of {}", table.full_name());
    let scope = Scope { table: Some(table.clone()), ..Scope::default() };
    let mut more = |title: &str, statement: String| {
        answer.statements.push(AnswerStatement { title: title.to_owned(), statement });
    };
    let plain = schema.table(&table.full_name());
    if plain.is_none_or(crate::domain::schema::Table::is_table) {
        more("Indexes", indexes(&scope, "n.nspname, t.relname, c.relname", ""));
        more("Constraints", constraints(&scope));
        more(
            "Referenced by",
            keys(&format!("fn.nspname = {} AND f.relname = {}", literal(&table.schema), literal(&table.name))),
        );
    }
    answer
}

pub(super) fn row_count(table: &Relation, exact: bool) -> Answer {
    if exact {
        let statement = format!("SELECT pg_catalog.count(*) AS rows FROM {}", relation(table));
        return one(format!("Rows of {}, counted", table.full_name()), statement);
    }
    let statement = format!(
        "SELECT n.nspname AS schema, c.relname AS name, {ROWS} AS rows_estimate FROM pg_catalog.pg_class AS c \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {}",
        is_table(table)
    );
    let mut answer = one(format!("Rows of {}, an estimate", table.full_name()), statement);
    answer.notes.push("the estimate is as of the last vacuum or analyze".into());
    answer
}

pub(super) fn find_columns(search: &ColumnSearch) -> Answer {
    let type_of = "pg_catalog.format_type(a.atttypid, a.atttypmod)";
    let mut conditions = vec!["c.relkind IN ('r', 'p', 'v', 'm', 'f')".to_owned(), OWN.to_owned()];
    let mut title = String::from("Columns");
    if let Some(name) = &search.name {
        // Words in any writing: `order date` finds order_date and orderDate.
        let joined: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let singular = joined.strip_suffix('s').filter(|s| s.len() > 3).unwrap_or(&joined).to_owned();
        conditions
            .push(format!("pg_catalog.replace(a.attname::pg_catalog.text, '_', '') ILIKE {}", contains(&singular)));
        title.push_str(&format!(" like \"{name}\""));
    }
    if let Some(kind) = search.kind {
        let parts: Vec<String> = kind.type_parts().iter().map(|p| format!("{type_of} ILIKE {}", contains(p))).collect();
        let except = if kind == crate::domain::question::TypeFamily::Number {
            format!(" AND {type_of} NOT ILIKE '%interval%' AND {type_of} NOT ILIKE '%point%'")
        } else {
            String::new()
        };
        conditions.push(format!("({}){except}", parts.join(" OR ")));
        title.push_str(&format!(" of a {} type", kind.word()));
    }
    if let Some(name) = &search.type_name {
        conditions.push(format!("{type_of} ILIKE {}", contains(name)));
        title.push_str(&format!(" of type {name}"));
    }
    let statement = format!(
        "SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, {type_of} AS type \
         FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE a.attnum > 0 AND NOT a.attisdropped AND {} ORDER BY 1, 2, a.attnum",
        conditions.join(" AND ")
    );
    one(title, statement)
}

pub(super) fn foreign_keys(table: Option<&Relation>, direction: KeyDirection) -> Answer {
    let Some(table) = table else { return one("Foreign keys", keys(OWN)) };
    let name = table.full_name();
    let from = keys(&is_table(table));
    let into = keys(&format!("fn.nspname = {} AND f.relname = {}", literal(&table.schema), literal(&table.name)));
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
    let columns = |list: &str, table: &str| {
        format!(
            "(SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, ', ' ORDER BY u.ord) \
             FROM pg_catalog.unnest(k.{list}) WITH ORDINALITY AS u(num, ord) \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = {table} AND a.attnum = u.num)"
        )
    };
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, {} AS columns, fn.nspname AS to_schema, f.relname AS to_table, \
         {} AS to_columns, k.conname AS name, k.convalidated AS validated \
         FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace \
         WHERE k.contype = 'f' AND {condition} ORDER BY 1, 2, k.conname",
        columns("conkey", "k.conrelid"),
        columns("confkey", "k.confrelid")
    )
}

/// Indexes with their use. `n`, `t`, `c`, `i` are schema, table, index and its entry; `u` its statistics.
fn indexes(scope: &Scope, order: &str, and: &str) -> String {
    let condition = match (&scope.table, &scope.schema) {
        (Some(t), _) => format!("n.nspname = {} AND t.relname = {}", literal(&t.schema), literal(&t.name)),
        (None, Some(s)) => format!("n.nspname = {}", literal(s)),
        (None, None) => OWN.to_owned(),
    };
    let cut = scope.limit.map_or_else(String::new, |n| format!(" LIMIT {n}"));
    format!(
        "SELECT n.nspname AS schema, t.relname AS table, c.relname AS index, \
         pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size, u.idx_scan AS scans, i.indisunique AS unique, \
         i.indisprimary AS primary, i.indisvalid AS valid, pg_catalog.pg_get_indexdef(c.oid) AS definition \
         FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace \
         LEFT JOIN pg_catalog.pg_stat_all_indexes AS u ON u.indexrelid = i.indexrelid \
         WHERE {condition}{and} ORDER BY {order}{cut}"
    )
}

fn constraints(scope: &Scope) -> String {
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, CASE k.contype WHEN 'p' THEN 'primary key' \
         WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' \
         WHEN 't' THEN 'trigger' WHEN 'n' THEN 'not null' ELSE k.contype::pg_catalog.text END AS kind, \
         pg_catalog.pg_get_constraintdef(k.oid) AS definition \
         FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {} ORDER BY 1, 2, 4, 3",
        of_table(scope)
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope) -> Option<Answer> {
    let title = topic.title();
    let named =
        |column: &str| scope.name.as_ref().map_or_else(String::new, |n| format!(" AND {column} ILIKE {}", contains(n)));
    Some(match topic {
        Topic::Schemas => one(
            title,
            format!(
                "SELECT n.nspname AS schema, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, \
             pg_catalog.count(c.oid) FILTER (WHERE c.relkind IN ('r', 'p')) AS tables, \
             pg_catalog.count(c.oid) FILTER (WHERE c.relkind IN ('v', 'm')) AS views, \
             pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment \
             FROM pg_catalog.pg_namespace AS n LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid \
             WHERE {OWN} GROUP BY n.oid, n.nspname, n.nspowner ORDER BY 1"
            ),
        ),
        Topic::Indexes => one(title, indexes(scope, "n.nspname, t.relname, c.relname", &named("c.relname"))),
        Topic::IndexSizes => one(title, indexes(scope, "pg_catalog.pg_relation_size(c.oid) DESC, c.relname", "")),
        Topic::UnusedIndexes => {
            let and = " AND NOT i.indisunique AND NOT i.indisprimary AND COALESCE(u.idx_scan, 0) = 0 AND NOT EXISTS \
                       (SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid)";
            let mut answer = one(title, indexes(scope, "pg_catalog.pg_relation_size(c.oid) DESC, c.relname", and));
            answer.statements.push(since());
            answer.notes.push(
                "no scan since the counters were reset; unique indexes and those behind constraints are left out; \
                               replicas have counters of their own"
                    .into(),
            );
            answer
        }
        Topic::InvalidIndexes => {
            one(title, indexes(scope, "n.nspname, t.relname, c.relname", " AND NOT (i.indisvalid AND i.indisready)"))
        }
        Topic::DuplicateIndexes => one(
            title,
            format!(
                "SELECT n.nspname AS schema, t.relname AS table, a.relname AS index, b.relname AS repeats, \
             pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(a.oid)) AS size, pg_catalog.pg_get_indexdef(a.oid) AS definition, \
             pg_catalog.pg_get_indexdef(b.oid) AS other_definition \
             FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_index AS j ON j.indrelid = i.indrelid AND j.indexrelid <> i.indexrelid \
             JOIN pg_catalog.pg_class AS a ON a.oid = i.indexrelid JOIN pg_catalog.pg_class AS b ON b.oid = j.indexrelid \
             JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace \
             WHERE {} AND a.relam = b.relam AND NOT i.indisunique AND i.indexprs IS NULL AND j.indexprs IS NULL \
             AND COALESCE(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') = COALESCE(pg_catalog.pg_get_expr(j.indpred, j.indrelid), '') \
             AND pg_catalog.strpos(j.indkey::pg_catalog.text || ' ', i.indkey::pg_catalog.text || ' ') = 1 \
             AND pg_catalog.strpos(j.indclass::pg_catalog.text || ' ', i.indclass::pg_catalog.text || ' ') = 1 \
             AND pg_catalog.strpos(j.indoption::pg_catalog.text || ' ', i.indoption::pg_catalog.text || ' ') = 1 \
             AND (i.indkey::pg_catalog.text <> j.indkey::pg_catalog.text OR j.indisunique OR i.indexrelid > j.indexrelid) \
             ORDER BY pg_catalog.pg_relation_size(a.oid) DESC, 1, 2, 3",
                of_table(scope).replace("c.relname", "t.relname")
            ),
        ),
        Topic::TablesWithoutPrimaryKey => one(
            title,
            without("SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p'"),
        ),
        Topic::TablesWithoutIndexes => {
            one(title, without("SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid"))
        }
        Topic::Functions => one(
            title,
            format!(
                "SELECT n.nspname AS schema, p.proname AS name, pg_catalog.pg_get_function_arguments(p.oid) AS arguments, \
             CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' ELSE 'function' END AS kind, \
             pg_catalog.format_type(p.prorettype, NULL) AS returns, l.lanname AS language, p.prosecdef AS security_definer \
             FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace \
             JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang WHERE {}{} ORDER BY 1, 2, 3",
                scope.schema.as_ref().map_or_else(|| OWN.to_owned(), |s| format!("n.nspname = {}", literal(s))),
                named("p.proname")
            ),
        ),
        Topic::Triggers => one(
            title,
            format!(
                "SELECT n.nspname AS schema, c.relname AS table, g.tgname AS name, \
             CASE g.tgenabled WHEN 'D' THEN 'disabled' ELSE 'enabled' END AS state, pg_catalog.pg_get_triggerdef(g.oid) AS definition \
             FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND {} ORDER BY 1, 2, 3",
                of_table(scope)
            ),
        ),
        Topic::Sequences => one(
            title,
            format!(
                "SELECT s.schemaname AS schema, s.sequencename AS name, s.data_type::pg_catalog.text AS type, s.last_value, s.max_value, \
             pg_catalog.round(100.0 * s.last_value / s.max_value, 2) AS used_percent \
             FROM pg_catalog.pg_sequences AS s WHERE TRUE{} ORDER BY 6 DESC NULLS LAST, 1, 2",
                named("s.sequencename")
            ),
        ),
        Topic::Constraints => one(title, constraints(scope)),
        Topic::Types => {
            let mut answer = one(
                "Enum types",
                "SELECT n.nspname AS schema, t.typname AS name, pg_catalog.string_agg(e.enumlabel::pg_catalog.text, ', ' ORDER BY e.enumsortorder) AS labels \
                 FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_enum AS e ON e.enumtypid = t.oid \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace GROUP BY 1, 2 ORDER BY 1, 2".to_string(),
            );
            answer.statements.push(AnswerStatement { title: "Domains and composite types".into(), statement: format!(
                "SELECT n.nspname AS schema, t.typname AS name, CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite' END AS kind, \
                 CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base \
                 FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace \
                 LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid \
                 WHERE {OWN} AND (t.typtype IN ('d', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')) ORDER BY 1, 2") });
            title.clone_into(&mut answer.title);
            answer
        }
        Topic::Comments => one(
            title,
            format!(
                "SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, d.description AS comment \
             FROM pg_catalog.pg_description AS d JOIN pg_catalog.pg_class AS c ON c.oid = d.objoid \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0 \
             WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND {} ORDER BY 1, 2, d.objsubid",
                of_table(scope)
            ),
        ),
        Topic::Partitions => one(
            title,
            format!(
                "SELECT n.nspname AS schema, p.relname AS table, c.relname AS partition, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bounds, \
             pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS size, {ROWS} AS rows_estimate \
             FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid \
             JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'f') AND {} ORDER BY 1, 2, 3",
                of_table(scope).replace("c.relname", "p.relname")
            ),
        ),
        Topic::Policies => one(
            title,
            format!(
                "SELECT n.nspname AS schema, c.relname AS table, p.polname AS name, p.polpermissive AS permissive, \
             pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using, pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS with_check \
             FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid \
             JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {} ORDER BY 1, 2, 3",
                of_table(scope)
            ),
        ),
        Topic::RowCounts => {
            let mut answer = one(
                "Rows of all tables, estimates",
                format!(
                    "SELECT n.nspname AS schema, c.relname AS name, {ROWS} AS rows_estimate, u.n_live_tup AS live_rows_counted, \
                 GREATEST(u.last_analyze, u.last_autoanalyze) AS analyzed \
                 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_catalog.pg_stat_all_tables AS u ON u.relid = c.oid \
                 WHERE c.relkind IN ('r', 'p') AND {} ORDER BY c.reltuples DESC, 1, 2{}",
                    of_table(scope),
                    limit(scope, 500)
                ),
            );
            answer.notes.push("estimates of the catalogue: counting every row of every table is left to \"how many rows are in TABLE\"".into());
            answer
        }
        _ => return None,
    })
}

fn without(exists: &str) -> String {
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, {ROWS} AS rows_estimate, \
         pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS size \
         FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND {OWN} AND NOT EXISTS ({exists}) ORDER BY 1, 2"
    )
}

/// When the counters of this database were last reset.
pub(super) fn since() -> AnswerStatement {
    AnswerStatement {
        title: "Counters since".into(),
        statement: "SELECT datname AS database, stats_reset FROM pg_catalog.pg_stat_database \
                    WHERE datname = pg_catalog.current_database()"
            .into(),
    }
}
