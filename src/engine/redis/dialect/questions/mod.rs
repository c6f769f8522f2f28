//! Intents -> command lines. Names of keys come from the person and are quoted; every line is one bounded read.

mod topics;

use super::line::quote;
use crate::domain::question::{
    Aggregate, Answer, AnswerStatement, Cannot, Intent, Output, Relation, Selection, TableList, TableOrder, examples,
    overview,
};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;

pub(super) fn answer(intent: &Intent, schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    match intent {
        Intent::Help => {
            Ok(Answer { title: "What can be asked".into(), text: Some(overview(schema)), ..Answer::default() })
        }
        Intent::Tables(list) => Ok(tables(list)),
        Intent::Describe(table) => Ok(describe(table)),
        Intent::RowCount { table, .. } => Ok(total(table)),
        Intent::TableSize(table) => {
            let statement = format!("--keyspace --pattern {}", quote(table.name.as_bytes()));
            Ok(one(format!("Memory of {}", table.name), statement))
        }
        Intent::Sample { table, .. } => Ok(keys(table)),
        Intent::Topic(topic, scope) => topics::answer(*topic, scope).ok_or_else(|| none(*topic, schema)),
        Intent::Data(selection) => data(selection, schema),
        Intent::FindColumns(_) | Intent::ForeignKeys { .. } | Intent::JoinPath { .. } | Intent::Diagram(_) => {
            Err(cannot(
                "Redis has keys and values, no columns, references or joins; `keys by prefix` shows what is stored",
                schema,
            ))
        }
        Intent::ActivityAt { .. } | Intent::Fleet(_) => {
            Err(cannot("this is answered from our own samples, not by a statement", schema))
        }
    }
}

fn cannot(reason: &str, schema: &Schema) -> Cannot {
    Cannot { reason: reason.to_owned(), can: examples(schema), ..Cannot::default() }
}

fn none(topic: crate::domain::question::Topic, schema: &Schema) -> Cannot {
    use crate::domain::question::Topic;
    let reason = match topic {
        Topic::Running => {
            "Redis runs one command at a time, so nothing else runs while it answers: `clients` shows the last command of each, \
             `slow commands` what took long"
        }
        Topic::Locks | Topic::Deadlocks | Topic::LongTransactions | Topic::TransactionAge => {
            "Redis has no locks and no transactions that wait: commands run one after another"
        }
        Topic::Indexes
        | Topic::IndexSizes
        | Topic::UnusedIndexes
        | Topic::DuplicateIndexes
        | Topic::InvalidIndexes
        | Topic::MissingIndexes
        | Topic::TablesWithoutIndexes => "Redis finds a key by its name and has no indexes",
        Topic::Tablespaces | Topic::TempFiles | Topic::Vacuum | Topic::LastAnalyze | Topic::Checkpoints => {
            "Redis keeps its data in memory: there is nothing of that kind; `memory` and `persistence` say what there is"
        }
        Topic::Functions => "what functions and scripts hold is code, which is not read here; by hand: FUNCTION LIST",
        _ => "Redis has no such thing",
    };
    cannot(reason, schema)
}

/// An answer of one line.
fn one(title: impl Into<String>, statement: impl Into<String>) -> Answer {
    let title = title.into();
    Answer {
        statements: vec![AnswerStatement { title: title.clone(), statement: statement.into() }],
        title,
        ..Answer::default()
    }
}

/// An answer of several lines, each with its title.
fn several(title: &str, lines: &[(&str, &str)]) -> Answer {
    Answer {
        title: title.to_owned(),
        statements: lines
            .iter()
            .map(|(title, line)| AnswerStatement { title: (*title).to_owned(), statement: (*line).to_owned() })
            .collect(),
        ..Answer::default()
    }
}

fn tables(list: &TableList) -> Answer {
    let pattern = list
        .containing
        .as_ref()
        .map_or_else(String::new, |text| format!(" --pattern {}", quote(format!("*{text}*").as_bytes())));
    let mut answer = one("Keys by prefix", format!("--keyspace{pattern}"));
    if list.order == TableOrder::Bytes {
        answer.notes.push("sorted by keys; the bytes are estimates from a few keys of each prefix".into());
    }
    answer
}

/// A prefix: what its keys are like, and some of them. A single key: its facts.
fn describe(table: &Relation) -> Answer {
    let name = quote(table.name.as_bytes());
    if !table.name.contains('*') {
        return several(
            &format!("Key {}", table.name),
            &[("Facts", &format!("--key {name}")), ("Value", &format!("--show {name}"))],
        );
    }
    several(
        &format!("Keys {}", table.name),
        &[("By prefix", &format!("--keyspace 2 --pattern {name}")), ("Keys", &format!("--scan --pattern {name}"))],
    )
}

fn total(table: &Relation) -> Answer {
    one(format!("Keys {}", table.name), format!("--scan --total --pattern {}", quote(table.name.as_bytes())))
}

fn keys(table: &Relation) -> Answer {
    if !table.name.contains('*') {
        return one(format!("Key {}", table.name), format!("--show {}", quote(table.name.as_bytes())));
    }
    one(format!("Keys {}", table.name), format!("--scan --pattern {}", quote(table.name.as_bytes())))
}

/// What can be said of the keys of a prefix without looking into every value.
fn data(selection: &Selection, schema: &Schema) -> Result<Answer, Cannot> {
    let plain = selection.joins.is_empty() && selection.filter.is_none() && selection.having.is_none();
    match &selection.output {
        Output::Rows(_) if plain => Ok(keys(&selection.base)),
        Output::Measures { groups, measures }
            if plain && groups.is_empty() && measures.iter().all(|m| m.how == Aggregate::Count) =>
        {
            Ok(total(&selection.base))
        }
        _ => Err(cannot(
            "Redis has no search, sum or order over values: that would read every key. Keys are found by their names",
            schema,
        )),
    }
}
