//! Intents -> statements of MySQL 8 to 9 and MariaDB 10.6 to 11: `information_schema`, `performance_schema` and SHOW,
//! without the `sys` schema, which a login with few rights cannot read.

mod data;
mod now;
mod objects;
mod server;
mod storage;
mod usage;

use super::flavour::Flavour;
use super::names::{literal, quote};
use crate::domain::question::{
    Answer, AnswerStatement, Cannot, Intent, LikeKind, Relation, Scope, Topic, diagram, examples, overview,
};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;

pub(super) fn answer(intent: &Intent, schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    match intent {
        Intent::Help => {
            Ok(Answer { title: "What can be asked".into(), text: Some(overview(schema)), ..Answer::default() })
        }
        Intent::Tables(list) => Ok(counted(objects::tables(list, schema), list.count)),
        Intent::Describe(table) => Ok(objects::describe(table)),
        Intent::RowCount { table, exact } => Ok(objects::row_count(table, *exact)),
        Intent::TableSize(table) => Ok(storage::table_size(table)),
        Intent::Sample { table, limit } => {
            let statement = format!("SELECT * FROM {} LIMIT {limit}", relation(table));
            Ok(one(format!("{limit} rows of {}", table.full_name()), statement))
        }
        Intent::FindColumns(search) => Ok(objects::find_columns(search, schema)),
        Intent::ForeignKeys { table, direction } => Ok(objects::foreign_keys(table.as_ref(), *direction, schema)),
        Intent::JoinPath { from, to } => data::join_path(from, to, schema),
        Intent::Diagram(tables) => {
            let text = diagram::draw(schema, tables);
            Ok(Answer { title: "Tables and their keys".into(), text: Some(text), ..Answer::default() })
        }
        Intent::Topic(topic, scope) => self::topic(*topic, scope, schema),
        Intent::Data(selection) => Ok(data::answer(selection)),
        Intent::ActivityAt { .. } | Intent::Fleet(_) => Err(Cannot {
            reason: "this is answered from our own samples, not by a statement".into(),
            can: examples(schema),
            ..Cannot::default()
        }),
    }
}

fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Result<Answer, Cannot> {
    let found = objects::topic(topic, scope, schema)
        .or_else(|| usage::topic(topic, scope, schema))
        .or_else(|| storage::topic(topic, scope, schema))
        .or_else(|| now::topic(topic, scope, schema))
        .or_else(|| server::topic(topic, scope, schema));
    // Connections and rows bring their numbers themselves, and what SHOW tells cannot be counted by a query.
    let countable = |answer: &Answer| answer.statements.first().is_some_and(|s| s.statement.starts_with("SELECT"));
    let asked = scope.count && !matches!(topic, Topic::Connections | Topic::ConnectionLimit | Topic::RowCounts);
    match found {
        Some(answer) => {
            let asked = asked && countable(&answer);
            Ok(counted(answer, asked))
        }
        None => {
            let product = Flavour::of(schema).name();
            Err(Cannot {
                reason: match topic {
                    Topic::Integrity => format!(
                        "{product} checks tables by CHECK TABLE, which reads all of them and so wants a person: type it as a statement"
                    ),
                    Topic::Policies => format!("{product} has no row security: rights end at tables and columns"),
                    Topic::InvalidIndexes => {
                        format!("{product} leaves no invalid index behind: one that is not finished is rolled back")
                    }
                    _ => format!("{} is nothing that {product} tells", topic.title().to_lowercase()),
                },
                can: examples(schema),
                ..Cannot::default()
            })
        }
    }
}

/// Puts the number before the list, when it was asked for.
fn counted(mut answer: Answer, asked: bool) -> Answer {
    if let (true, Some(first)) = (asked, answer.statements.first()) {
        let statement = format!("SELECT COUNT(*) AS count FROM ({}) AS counted", first.statement);
        let title = format!("{}: how many", first.title);
        answer.statements.insert(0, AnswerStatement { title, statement });
    }
    answer
}

/// An answer of one statement.
fn one(title: impl Into<String>, statement: impl Into<String>) -> Answer {
    let title = title.into();
    Answer {
        statements: vec![AnswerStatement { title: title.clone(), statement: statement.into() }],
        title,
        ..Answer::default()
    }
}

/// The same with a note.
fn noted(title: &str, statement: impl Into<String>, note: &str) -> Answer {
    let mut answer = one(title, statement);
    answer.notes.push(note.to_owned());
    answer
}

/// An answer of several statements, each with its title.
fn several(title: &str, statements: Vec<(&str, String)>) -> Answer {
    Answer {
        title: title.to_owned(),
        statements: statements
            .into_iter()
            .map(|(title, statement)| AnswerStatement { title: title.to_owned(), statement })
            .collect(),
        ..Answer::default()
    }
}

/// A table's name in a statement.
fn relation(table: &Relation) -> String {
    if table.schema.is_empty() {
        quote(&table.name)
    } else {
        format!("{}.{}", quote(&table.schema), quote(&table.name))
    }
}

/// The databases that belong to the server itself.
const SYSTEM: &str = "('mysql', 'sys', 'information_schema', 'performance_schema')";

/// The condition on a column that holds the name of a database: the connected one, or all that are the person's own.
fn own(column: &str, schema: &Schema) -> String {
    if schema.database.is_empty() {
        format!("{column} NOT IN {SYSTEM}")
    } else {
        format!("{column} = {}", literal(&schema.database))
    }
}

/// The condition for one table, or one database, else for the person's own.
fn of_table(database: &str, table: &str, scope: &Scope, schema: &Schema) -> String {
    match (&scope.table, &scope.schema) {
        (Some(named), _) => is_table(database, table, named),
        (None, Some(named)) => format!("{database} = {}", literal(named)),
        (None, None) => own(database, schema),
    }
}

fn is_table(database: &str, table: &str, named: &Relation) -> String {
    let schema = if named.schema.is_empty() { "DATABASE()".to_owned() } else { literal(&named.schema) };
    format!("{database} = {schema} AND {table} = {}", literal(&named.name))
}

/// `LIMIT n`, by the person's number or this one.
fn limit(scope: &Scope, otherwise: u32) -> String {
    format!(" LIMIT {}", scope.limit.unwrap_or(otherwise))
}

/// A LIKE condition on a part of a text.
fn contains(column: &str, text: &str) -> String {
    data::like(column, LikeKind::Contains, text)
}

/// A number of bytes as people read it.
fn bytes(expression: &str) -> String {
    format!(
        "CASE WHEN {expression} >= 1073741824 THEN CONCAT(ROUND(({expression}) / 1073741824, 1), ' GB') \
         WHEN {expression} >= 1048576 THEN CONCAT(ROUND(({expression}) / 1048576, 1), ' MB') \
         ELSE CONCAT(ROUND(({expression}) / 1024, 1), ' kB') END"
    )
}

/// Where the server keeps its counters.
fn global_status(flavour: Flavour) -> &'static str {
    if flavour.is_mariadb() { "information_schema.GLOBAL_STATUS" } else { "performance_schema.global_status" }
}

/// One counter of the server as a value.
fn status(flavour: Flavour, name: &str) -> String {
    format!("(SELECT VARIABLE_VALUE FROM {} WHERE VARIABLE_NAME = '{name}')", global_status(flavour))
}

/// Several counters as rows.
fn counters(flavour: Flavour, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!(
        "SELECT VARIABLE_NAME AS counter, VARIABLE_VALUE AS value FROM {} WHERE VARIABLE_NAME IN ({}) ORDER BY 1",
        global_status(flavour),
        names.join(", ")
    )
}
