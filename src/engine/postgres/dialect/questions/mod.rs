//! Intents -> statements of PostgreSQL 12 to 18. Every name is qualified, because our sessions run with
//! `search_path = pg_catalog`; every statement is one plain SELECT over built-in functions.

mod data;
mod now;
mod objects;
mod server;
mod storage;

pub(super) use storage::dead_share;

use super::names::{literal, quote};
use crate::domain::question::{
    Answer, AnswerStatement, Cannot, Intent, Relation, Scope, Topic, diagram, examples, joins, overview,
};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;

pub(super) fn answer(intent: &Intent, schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    match intent {
        Intent::Help => {
            Ok(Answer { title: "What can be asked".into(), text: Some(overview(schema)), ..Answer::default() })
        }
        Intent::Tables(list) => Ok(counted(objects::tables(list), list.count)),
        Intent::Describe(table) => Ok(objects::describe(table, schema)),
        Intent::RowCount { table, exact } => Ok(objects::row_count(table, *exact)),
        Intent::TableSize(table) => Ok(storage::table_size(table)),
        Intent::Sample { table, limit } => {
            let statement = format!("SELECT * FROM {} LIMIT {limit}", relation(table));
            Ok(one(format!("{limit} rows of {}", table.full_name()), statement))
        }
        Intent::FindColumns(search) => Ok(objects::find_columns(search)),
        Intent::ForeignKeys { table, direction } => Ok(objects::foreign_keys(table.as_ref(), *direction)),
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
    let found = objects::topic(topic, scope)
        .or_else(|| storage::topic(topic, scope, schema))
        .or_else(|| now::topic(topic, scope, schema))
        .or_else(|| server::topic(topic, scope, schema));
    // Connections and rows bring their numbers themselves.
    let asked = scope.count && !matches!(topic, Topic::Connections | Topic::ConnectionLimit | Topic::RowCounts);
    found.map(|answer| counted(answer, asked)).ok_or_else(|| Cannot {
        reason: match topic {
            Topic::Integrity => {
                "PostgreSQL has no such check in plain SQL; the extension amcheck and the program pg_amcheck have"
                    .into()
            }
            _ => format!("{} is nothing that PostgreSQL tells", topic.title().to_lowercase()),
        },
        can: examples(schema),
        ..Cannot::default()
    })
}

/// Puts the number before the list, when it was asked for.
fn counted(mut answer: Answer, asked: bool) -> Answer {
    if let (true, Some(first)) = (asked, answer.statements.first()) {
        let statement = format!("SELECT pg_catalog.count(*) AS count FROM ({}) AS counted", first.statement);
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

/// A table's name in a statement.
fn relation(table: &Relation) -> String {
    if table.schema.is_empty() {
        quote(&table.name)
    } else {
        format!("{}.{}", quote(&table.schema), quote(&table.name))
    }
}

/// Keeps the person's own schemas: those that begin with `pg_` are reserved for the system.
const OWN: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// The condition for one table (`n` and `c` are its schema and itself), else for the person's own ones.
fn of_table(scope: &Scope) -> String {
    match (&scope.table, &scope.schema) {
        (Some(table), _) => is_table(table),
        (None, Some(schema)) => format!("n.nspname = {}", literal(schema)),
        (None, None) => OWN.to_owned(),
    }
}

fn is_table(table: &Relation) -> String {
    format!("n.nspname = {} AND c.relname = {}", literal(&table.schema), literal(&table.name))
}

/// `LIMIT n`, by the person's number or this one.
fn limit(scope: &Scope, otherwise: u32) -> String {
    format!(" LIMIT {}", scope.limit.unwrap_or(otherwise))
}

/// The server's version number; the newest when it is unknown.
fn version(schema: &Schema) -> u32 {
    if schema.server_version == 0 { u32::MAX } else { schema.server_version }
}

/// A piece of a LIKE pattern, case aside.
fn contains(text: &str) -> String {
    literal(&crate::engine::sql::select::pattern(crate::domain::question::LikeKind::Contains, text))
}

/// Title for a path of joins.
fn path_text(schema: &Schema, path: &[joins::Step]) -> String {
    joins::path_in_words(schema, path).join("\n") + "\n"
}
