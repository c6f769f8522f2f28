//! Questions about a shop of documents: the exact commands, everywhere; and their rows, on a server where there is one.

use super::NOW;
use dba_gpt::domain::guard::{Author, Catalog, Verdict};
use dba_gpt::domain::question::{Answer, Cannot, understand};
use dba_gpt::domain::schema::{ColumnKind, ForeignKey, Index, Schema, Table, TableColumn};
use dba_gpt::engine::mongodb::DIALECT;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub const SHOP: &str = include_str!("../data/shop_mongo.json");

/// A question about the shop.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub ask: String,
    /// The exact first statement.
    pub statement: String,
    /// Fields of the rows that are compared.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The rows, as JSON; only where the shop alone decides them.
    #[serde(default)]
    pub rows: String,
    /// Rows must come in this order.
    #[serde(default)]
    pub ordered: bool,
}

#[derive(Debug, Deserialize)]
struct Questions {
    question: Vec<Question>,
}

pub fn questions() -> Vec<Question> {
    toml::from_str::<Questions>(include_str!("../data/questions_mongo.toml")).unwrap().question
}

/// The fields of documents, as a sample of all of them tells.
fn fields(documents: &[Value]) -> Vec<TableColumn> {
    fn look(prefix: &str, document: &Value, found: &mut Vec<(String, &'static str, usize)>) {
        for (name, value) in document.as_object().unwrap() {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let type_name = match value {
                Value::Bool(_) => "bool",
                Value::Number(n) if n.is_i64() => "int",
                Value::Number(_) => "double",
                Value::String(_) => "string",
                Value::Array(_) => "array<object>",
                Value::Object(inner) if inner.contains_key("$date") => "date",
                _ => "object",
            };
            match found.iter_mut().find(|(known, ..)| *known == path) {
                Some((.., count)) => *count += 1,
                None => found.push((path.clone(), type_name, 1)),
            }
            match value {
                Value::Array(all) => all.iter().filter(|e| e.is_object()).for_each(|e| look(&path, e, found)),
                Value::Object(_) if type_name == "object" => look(&path, value, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    for document in documents {
        look("", document, &mut found);
    }
    found
        .into_iter()
        .map(|(name, type_name, count)| TableColumn {
            kind: match type_name {
                "int" | "double" => ColumnKind::Number,
                "string" => ColumnKind::Text,
                "date" => ColumnKind::Time,
                "bool" => ColumnKind::Bool,
                _ => ColumnKind::Other,
            },
            nullable: count < documents.len(),
            comment: Some(format!("in {count} of {} documents looked at", documents.len())),
            name,
            type_name: type_name.to_owned(),
            default: None,
        })
        .collect()
}

/// The shop as the schema reader would find it.
pub fn schema() -> Schema {
    let shop: BTreeMap<String, Vec<Value>> = serde_json::from_str(SHOP).unwrap();
    let index = |name: &str, columns: &[&str]| Index {
        name: name.to_owned(),
        columns: columns.iter().map(|&c| c.to_owned()).collect(),
        unique: name == "_id_",
        primary: name == "_id_",
        valid: true,
        predicate: None,
    };
    let mut tables: Vec<Table> = shop
        .iter()
        .map(|(name, documents)| Table {
            name: name.clone(),
            columns: fields(documents),
            primary_key: vec!["_id".into()],
            indexes: vec![index("_id_", &["_id"])],
            ..Table::default()
        })
        .collect();
    for (from, column, to) in [
        ("orders", "customer_id", "customers"),
        ("payments", "order_id", "orders"),
        ("employees", "manager_id", "employees"),
    ] {
        let table = tables.iter_mut().find(|t| t.name == from).unwrap();
        table.foreign_keys.push(ForeignKey {
            name: "inferred from name and values".into(),
            columns: vec![column.into()],
            to_schema: String::new(),
            to_table: to.into(),
            to_columns: vec!["_id".into()],
        });
    }
    let orders = tables.iter_mut().find(|t| t.name == "orders").unwrap();
    orders.indexes.push(index("customer_id_1", &["customer_id"]));
    orders.indexes.push(index("customer_id_1_created_at_-1", &["customer_id", "created_at desc"]));
    Schema {
        database: "shop".into(),
        tables,
        taken_at: NOW,
        engine_words: vec!["mongo".into(), "mongodb".into()],
        ..Schema::default()
    }
}

fn answer(question: &str, schema: &Schema) -> Result<Answer, Cannot> {
    let understood = understand(question, schema, NOW, 0)?;
    DIALECT.answer(&understood.intent, schema, NOW)
}

/// Every statement of an answer is one read that the guard allows, whoever wrote it.
fn refused(answer: &Answer) -> Vec<String> {
    let mut refused = Vec::new();
    for statement in &answer.statements {
        for author in [Author::Model, Author::Person] {
            let judged = DIALECT.classify(&statement.statement, author, &Catalog::default());
            if judged.verdict != Verdict::Allow {
                refused.push(format!("{}\n        {judged:?}\n", statement.statement));
            }
        }
    }
    refused
}

#[test]
fn questions_become_the_commands_that_answer_them() {
    let schema = schema();
    let mut wrong = String::new();
    let all = questions();
    for question in &all {
        match answer(&question.ask, &schema) {
            Err(cannot) => wrong.push_str(&format!("{}\n    cannot: {}\n", question.ask, cannot.reason)),
            Ok(answer) => {
                wrong.extend(refused(&answer));
                let first = answer.statements.first().map_or("", |s| s.statement.as_str());
                if first != question.statement {
                    wrong.push_str(&format!("{}\n    {first}\n    wanted {}\n", question.ask, question.statement));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(all.len() >= 60, "only {} questions", all.len());
}

#[test]
fn what_a_database_of_documents_lacks_is_said() {
    let schema = schema();
    for (ask, because) in [
        ("triggers", "no triggers"),
        // A column of another collection is no way in which something was paid.
        ("sum of payments by category", "category"),
        ("replication slots", "oplog keeps"),
        ("sequences", "no sequences"),
        ("tablespaces", "no tablespaces"),
        ("partitions", "no partitions"),
        ("transaction id wraparound", "wrap around"),
        ("changed settings", "may hold secrets"),
    ] {
        let cannot = answer(ask, &schema).expect_err(ask);
        assert!(cannot.reason.contains(because), "{ask}: {}", cannot.reason);
        assert!(!cannot.can.is_empty(), "{ask}");
    }
}

#[test]
fn names_of_every_kind_make_a_command_of_their_own() {
    let odd = "x\", \"drop\": \"y";
    let mut schema = schema();
    schema.tables[0].name = odd.to_owned();
    let relation = dba_gpt::domain::question::Relation { schema: String::new(), name: odd.to_owned() };
    let intent = dba_gpt::domain::question::Intent::RowCount { table: relation, exact: true };
    let answer = DIALECT.answer(&intent, &schema, NOW).unwrap();
    assert_eq!(
        answer.statements[0].statement,
        r#"{"count": "x\", \"drop\": \"y", "query": {"_id": {"$exists": true}}}"#
    );
    assert!(refused(&answer).is_empty());
}
