//! Intents -> commands of MongoDB 5.0 and later, written as command documents: the one form that people, models and
//! drivers read alike. What only the inferred schema knows is answered from it, without a statement.

mod data;
mod filters;
mod keys;
mod now;
mod objects;
mod server;
mod storage;
mod values;

use super::write;
use crate::domain::question::{
    Answer, AnswerStatement, Cannot, Intent, Relation, Scope, TableList, Topic, diagram, examples, overview,
};
use crate::domain::schema::{Schema, Table};
use crate::domain::target::Timestamp;
use bson::{Bson, Document, doc};

pub(super) fn answer(intent: &Intent, schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    match intent {
        Intent::Help => Ok(told("What can be asked", overview(schema))),
        Intent::Tables(list) => Ok(counted(storage::tables(list, schema), list, schema)),
        Intent::Describe(table) => Ok(objects::describe(table, schema)),
        Intent::RowCount { table, exact } => Ok(objects::row_count(table, *exact)),
        Intent::TableSize(table) => Ok(storage::table_size(table)),
        Intent::Sample { table, limit } => {
            let command = doc! {"find": &table.name, "limit": rows(*limit)};
            Ok(one(format!("{limit} documents of {}", table.full_name()), &command))
        }
        Intent::FindColumns(search) => Ok(objects::find_columns(search, schema)),
        Intent::ForeignKeys { table, direction } => Ok(keys::foreign_keys(table.as_ref(), *direction, schema)),
        Intent::JoinPath { from, to } => keys::join_path(from, to, schema),
        Intent::Diagram(tables) => Ok(told("Collections and their keys", diagram::draw(schema, tables))),
        Intent::Topic(topic, scope) => self::topic(*topic, scope, schema),
        Intent::Data(selection) => Ok(data::answer(selection, schema)),
        Intent::ActivityAt { .. } | Intent::Fleet(_) => Err(Cannot {
            reason: "this is answered from our own samples, not by a statement".into(),
            can: examples(schema),
            ..Cannot::default()
        }),
    }
}

fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Result<Answer, Cannot> {
    objects::topic(topic, scope, schema)
        .or_else(|| storage::topic(topic, scope, schema))
        .or_else(|| now::topic(topic, scope))
        .or_else(|| server::topic(topic, scope))
        .ok_or_else(|| Cannot { reason: none(topic).to_owned(), can: examples(schema), ..Cannot::default() })
}

/// Why MongoDB has no such thing, or why it is not asked here.
fn none(topic: Topic) -> &'static str {
    match topic {
        Topic::Triggers => "MongoDB has no triggers; change streams are read by programs outside",
        Topic::Functions => "MongoDB's stored JavaScript is deprecated and is not read here",
        Topic::Sequences => "MongoDB has no sequences: an ObjectId is made by the client",
        Topic::Extensions => "MongoDB has no extensions",
        Topic::Partitions => "MongoDB has no partitions; \"shards\" asks how data is spread over servers",
        Topic::Policies => "MongoDB has no row security: views and roles limit what is seen",
        Topic::ReplicationSlots => {
            "MongoDB has no replication slots: the oplog keeps what fits, see \"how far back does the oplog reach\""
        }
        Topic::Tablespaces => "MongoDB has no tablespaces; directoryPerDB in its configuration puts databases apart",
        Topic::TransactionAge => "MongoDB has no transaction ids that wrap around",
        Topic::Vacuum => {
            "MongoDB has no dead rows to be vacuumed; \"bloat\" shows the room that compact would give back"
        }
        Topic::LastAnalyze => "MongoDB keeps no statistics of values: its planner tries plans against each other",
        Topic::Comments => "MongoDB stores no comments on collections",
        Topic::Integrity => {
            "validate reads whole collections under a lock, so it wants a person: {\"validate\": \"orders\"}"
        }
        Topic::ChangedSettings => {
            "what was set at the start may hold secrets and is not read here; by hand: db.adminCommand({getCmdLineOpts: 1})"
        }
        Topic::Settings => {
            "this setting is not known to hold no secret; by hand: db.adminCommand({getParameter: 1, NAME: 1})"
        }
        _ => "MongoDB has no such thing",
    }
}

/// Puts the number before the list, when it was asked for.
fn counted(mut answer: Answer, list: &TableList, schema: &Schema) -> Answer {
    if list.count {
        let number = schema.tables.iter().filter(|table| storage::is_listed(table, list)).count();
        let what = if answer.title.contains("iew") { "views" } else { "collections" };
        answer.text = Some(format!("{number} {what}\n"));
    }
    answer
}

/// An answer of one command.
fn one(title: impl Into<String>, command: &Document) -> Answer {
    let title = title.into();
    Answer { statements: vec![statement(title.clone(), command)], title, ..Answer::default() }
}

/// The same with a note.
fn noted(title: impl Into<String>, command: &Document, note: &str) -> Answer {
    let mut answer = one(title, command);
    answer.notes.push(note.to_owned());
    answer
}

/// An answer that needs no statement.
fn told(title: impl Into<String>, text: impl Into<String>) -> Answer {
    Answer { title: title.into(), text: Some(text.into()), ..Answer::default() }
}

fn statement(title: impl Into<String>, command: &Document) -> AnswerStatement {
    AnswerStatement { title: title.into(), statement: write::document(command) }
}

/// An aggregation over a collection, or over the whole server (`1`).
fn aggregate(over: impl Into<Bson>, pipeline: Vec<Document>) -> Document {
    doc! {"aggregate": over.into(), "pipeline": pipeline, "cursor": {}}
}

/// A number of rows as a command has it: at least 1, because 0 would be all.
fn rows(limit: u32) -> i32 {
    i32::try_from(limit.max(1)).unwrap_or(i32::MAX)
}

/// The stage that lets so many rows pass.
fn at_most(limit: u32) -> Document {
    doc! {"$limit": rows(limit)}
}

fn table_of<'a>(relation: &Relation, schema: &'a Schema) -> Option<&'a Table> {
    schema.tables.iter().find(|t| t.schema == relation.schema && t.name == relation.name)
}
