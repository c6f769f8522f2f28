//! Questions about a shop of documents, run: the rows that the DocumentDB engine gives, where `scripts/servers` could
//! have it.

use super::mongodb::{SHOP, questions};
use super::{Asked, block_on};
use bson::{Bson, DateTime};
use dba_gpt::domain::rows::{Rows, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The shop in a database of its own; its URL.
async fn open_shop(server: &str) -> (String, ::mongodb::Database) {
    let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
    let database = client.database("dba_gpt_questions");
    database.drop().await.unwrap();
    let shop: BTreeMap<String, Vec<Json>> = serde_json::from_str(SHOP).unwrap();
    for (collection, documents) in shop {
        database.collection::<Bson>(&collection).insert_many(documents.iter().map(bson)).await.unwrap();
    }
    (format!("{server}/dba_gpt_questions"), database)
}

/// JSON as a server keeps it: whole numbers, other numbers, and `{"$date": ...}` have types of their own.
fn bson(value: &Json) -> Bson {
    match value {
        Json::Null => Bson::Null,
        Json::Bool(yes) => Bson::Boolean(*yes),
        Json::Number(n) => n.as_i64().map_or_else(|| Bson::Double(n.as_f64().unwrap()), Bson::Int64),
        Json::String(text) => Bson::String(text.clone()),
        Json::Array(items) => Bson::Array(items.iter().map(bson).collect()),
        Json::Object(fields) => match fields.get("$date") {
            Some(date) => Bson::DateTime(DateTime::parse_rfc3339_str(date.as_str().unwrap()).unwrap()),
            None => Bson::Document(fields.iter().map(|(name, value)| (name.clone(), bson(value))).collect()),
        },
    }
}

/// A cell as JSON would say it; numbers to four decimals.
fn plain(value: &Json) -> String {
    match value {
        Json::Null => "NULL".to_owned(),
        Json::Bool(yes) => yes.to_string(),
        Json::Number(n) => format!("{:.4}", n.as_f64().unwrap()),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "NULL".to_owned(),
        Some(Value::Bool(yes)) => yes.to_string(),
        Some(other) => {
            let text = other.plain().unwrap_or_default();
            text.parse::<f64>().map_or(text, |n| format!("{n:.4}"))
        }
    }
}

fn found(rows: &Rows, columns: &[String]) -> Vec<Vec<String>> {
    let places: Vec<Option<usize>> = columns.iter().map(|name| rows.column(name)).collect();
    rows.rows.iter().map(|row| places.iter().map(|place| cell(place.map(|at| &row[at]))).collect()).collect()
}

#[test]
fn documents_answer_questions_with_the_rows_that_are_right() {
    let Ok(url) = std::env::var("DBA_GPT_TEST_MONGO") else {
        eprintln!("SKIPPED: no DocumentDB engine; scripts/servers says why");
        return;
    };
    block_on(async {
        let (url, database) = open_shop(url.rsplit_once('/').unwrap().0).await;
        let mut asked = Asked::connect("mongodb", &url, None).await;
        let mut wrong = String::new();
        let mut tried = 0;
        for question in questions().iter().filter(|question| !question.rows.is_empty()) {
            tried += 1;
            let wanted: Vec<Vec<Json>> = serde_json::from_str(&question.rows).unwrap();
            let mut wanted: Vec<Vec<String>> = wanted.iter().map(|row| row.iter().map(plain).collect()).collect();
            let answer = match asked.answer(&question.ask) {
                Ok((_, answer)) => answer,
                Err(cannot) => {
                    wrong.push_str(&format!("{}\n    cannot: {}\n", question.ask, cannot.reason));
                    continue;
                }
            };
            let statement = &answer.statements[0].statement;
            match asked.run(statement).await {
                Err(error) => wrong.push_str(&format!("{}\n    {statement}\n    {error}\n", question.ask)),
                Ok(rows) => {
                    let mut rows = found(&rows, &question.columns);
                    if !question.ordered {
                        rows.sort();
                        wanted.sort();
                    }
                    if rows != wanted {
                        wrong.push_str(&format!("{}\n    {statement}\n    {rows:?}\n    {wanted:?}\n", question.ask));
                    }
                }
            }
        }
        database.drop().await.unwrap();
        assert!(wrong.is_empty(), "{wrong}");
        assert!(tried >= 40, "only {tried} questions have rows");
    });
}
