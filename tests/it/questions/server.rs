//! Questions about the server, the schema and named objects: how they are read, and that every statement runs.

use super::data::{with_each_postgres_shop, with_postgres_shop};
use super::{Asked, block_on, table};

pub async fn wrong_readings(asked: &mut Asked) -> Vec<String> {
    let engine = asked.spec.id.0;
    let mut wrong = Vec::new();
    for question in table::server() {
        let understood = match asked.understand(&question.ask) {
            Ok(understood) => understood,
            Err(cannot) => {
                wrong.push(format!("{}\n    cannot: {} {:?}", question.ask, cannot.reason, cannot.did_you_mean));
                continue;
            }
        };
        let read = format!("{:?}", understood.intent);
        if !read.starts_with(&question.intent) || !question.with.iter().all(|piece| read.contains(piece)) {
            wrong.push(format!("{}\n    read as {read}, not {} {:?}", question.ask, question.intent, question.with));
            continue;
        }
        assert_eq!(understood.fleet, read.starts_with("Fleet"), "{}", question.ask);
        let none = question.cannot.iter().any(|e| e == engine);
        match asked.answer(&question.ask) {
            Ok(_) if none => wrong.push(format!("{}\n    {engine} answers it", question.ask)),
            Err(cannot) if !none => wrong.push(format!("{}\n    {engine} cannot: {}", question.ask, cannot.reason)),
            Err(_) => {}
            Ok((_, answer)) => {
                if answer.statements.is_empty() && answer.text.is_none() {
                    wrong.push(format!("{}\n    an empty answer", question.ask));
                }
                for part in &answer.statements {
                    if let Err(error) = asked.run(&part.statement).await {
                        wrong.push(format!("{}\n    {}: {}\n    {error}", question.ask, part.title, part.statement));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
fn questions_about_a_file() {
    block_on(async {
        let mut asked = Asked::sqlite_shop().await;
        let wrong = wrong_readings(&mut asked).await;
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn questions_about_a_server() {
    with_postgres_shop("server", async |mut asked| wrong_readings(&mut asked).await);
}

/// Every topic is answered or refused with a reason, and what is answered runs.
#[test]
fn every_topic_runs() {
    with_each_postgres_shop("topics", async |mut asked| every_topic(&mut asked).await);
    block_on(async {
        let mut asked = Asked::sqlite_shop().await;
        assert_eq!(every_topic(&mut asked).await, Vec::<String>::new());
    });
}

pub async fn every_topic(asked: &mut Asked) -> Vec<String> {
    use dba_gpt::domain::question::{Intent, Relation, Scope, Topic};
    let table = asked.schema.table("orders").map(Relation::of);
    let mut wrong = Vec::new();
    for topic in Topic::ALL {
        for scope in [
            Scope::default(),
            Scope { table: table.clone(), limit: Some(3), longer_than_ms: Some(60_000), ..Scope::default() },
            Scope { name: Some("o'x%_\"".into()), schema: Some("pub'lic".into()), ..Scope::default() },
        ] {
            match asked.spec.dialect.answer(&Intent::Topic(*topic, scope), &asked.schema, super::NOW) {
                Err(cannot) => assert!(!cannot.reason.is_empty() && !cannot.can.is_empty(), "{topic:?}"),
                Ok(answer) => {
                    for part in &answer.statements {
                        if let Err(error) = asked.run(&part.statement).await {
                            wrong.push(format!("{topic:?}\n    {}\n    {error}", part.statement));
                        }
                    }
                }
            }
        }
    }
    wrong
}
