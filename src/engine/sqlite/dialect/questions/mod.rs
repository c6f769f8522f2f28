//! Intents -> statements of SQLite: SELECTs over `sqlite_schema` and the `pragma_*` table functions. What a server
//! has and a file has not (sessions, locks of others, users) is said plainly.

mod data;
mod objects;
mod sizes;

use super::names::{literal, quote};
use crate::domain::question::{
    Answer, AnswerStatement, Cannot, Intent, Relation, Scope, Topic, diagram, examples, overview,
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
        Intent::TableSize(table) => Ok(sizes::table(table)),
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
        Intent::Topic(topic, scope) => {
            let asked = scope.count && *topic != Topic::RowCounts;
            let found = objects::topic(*topic, scope, schema).map(|answer| counted(answer, asked));
            found.ok_or_else(|| none(*topic, schema))
        }
        Intent::Data(selection) => Ok(data::answer(selection)),
        Intent::ActivityAt { .. } | Intent::Fleet(_) => Err(Cannot {
            reason: "this is answered from our own samples, not by a statement".into(),
            can: examples(schema),
            ..Cannot::default()
        }),
    }
}

/// Why SQLite has no such thing.
fn none(topic: Topic, schema: &Schema) -> Cannot {
    let why = match topic {
        Topic::Running
        | Topic::Locks
        | Topic::Blocking
        | Topic::LongTransactions
        | Topic::IdleInTransaction
        | Topic::Waits
        | Topic::Connections
        | Topic::ConnectionLimit
        | Topic::Deadlocks
        | Topic::Progress => {
            "a SQLite file is read inside each program that opens it: there is no server that knows the sessions of others"
        }
        Topic::SlowQueries | Topic::FrequentQueries => "SQLite keeps no statistics of past statements",
        Topic::Roles | Topic::Superusers | Topic::Privileges | Topic::CurrentUser | Topic::Policies => {
            "SQLite has no users: whoever may read the file may read all of it"
        }
        Topic::Replication | Topic::ReplicationSlots => "SQLite does not replicate",
        Topic::Uptime => "a SQLite file is not running, so it has no uptime",
        Topic::UnusedIndexes | Topic::UnusedTables | Topic::SequentialScans | Topic::BusiestTables => {
            "SQLite does not count how its tables and indexes are used"
        }
        Topic::Sequences => "SQLite has no sequences; its AUTOINCREMENT counters are in sqlite_sequence",
        Topic::Comments => "SQLite stores no comments apart from those inside CREATE statements",
        _ => "SQLite has no such thing",
    };
    Cannot { reason: why.to_owned(), can: examples(schema), ..Cannot::default() }
}

/// Puts the number before the list, when it was asked for.
fn counted(mut answer: Answer, asked: bool) -> Answer {
    if let (true, Some(first)) = (asked, answer.statements.first()) {
        let statement = format!("SELECT count(*) AS count FROM ({}) AS counted", first.statement);
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

fn relation(table: &Relation) -> String {
    if table.schema.is_empty() {
        quote(&table.name)
    } else {
        format!("{}.{}", quote(&table.schema), quote(&table.name))
    }
}

/// A LIKE condition, ASCII case aside.
fn like(column: &str, text: &str) -> String {
    let pattern = crate::engine::sql::select::pattern(crate::domain::question::LikeKind::Contains, text);
    format!("{column} LIKE {} ESCAPE '\\'", literal(&pattern))
}

/// Tables of the person's own: SQLite's begin with `sqlite_`.
const OWN: &str = "m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

fn of_table(scope: &Scope) -> String {
    scope
        .table
        .as_ref()
        .map_or_else(|| OWN.to_owned(), |t| format!("m.type = 'table' AND m.name = {}", literal(&t.name)))
}
