//! Questions in a DBA's words, asked of real servers: each has the line that answers it and something of its result.

use super::support::{NoRows, connect, each_read_only_url, lines, read, run, skipped};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::question::{Intent, Relation, Scope, Topic, examples, understand};
use dba_gpt::domain::target::Timestamp;
use dba_gpt::engine::redis::SPEC;
use serde::Deserialize;

const NOW: Timestamp = Timestamp(1_787_157_000_000);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    /// How one of the lines begins.
    line: String,
    /// A piece of one of the results.
    #[serde(default)]
    holds: String,
    /// The server has to be of another kind to answer it.
    #[serde(default)]
    elsewhere: bool,
}

#[derive(Deserialize)]
struct Questions {
    question: Vec<Question>,
}

fn questions() -> Vec<Question> {
    toml::from_str::<Questions>(include_str!("../data/questions_redis.toml")).unwrap().question
}

#[test]
fn questions_are_answered_by_execution() {
    if skipped() {
        return;
    }
    run(async {
        assert!(questions().len() >= 60, "{} questions", questions().len());
        for url in each_read_only_url() {
            let mut session = connect(&url).await;
            let (schema, _) = (SPEC.schema)(&mut *session).await.unwrap();
            let mut wrong = Vec::new();
            for question in questions() {
                let ask = &question.ask;
                if SPEC.dialect.looks_like_statement(ask) {
                    wrong.push(format!("{ask}\n    taken for a command"));
                    continue;
                }
                let understood = match understand(ask, &schema, NOW, 0) {
                    Ok(understood) => understood,
                    Err(cannot) => {
                        wrong.push(format!("{ask}\n    not understood: {}", cannot.reason));
                        continue;
                    }
                };
                let answer = match SPEC.dialect.answer(&understood.intent, &schema, NOW) {
                    Ok(answer) => answer,
                    Err(cannot) => {
                        wrong.push(format!("{ask}\n    {:?}: {}", understood.intent, cannot.reason));
                        continue;
                    }
                };
                if !answer.statements.iter().any(|s| s.statement.starts_with(&question.line)) {
                    wrong.push(format!("{ask}\n    {:?}: {:?}", understood.intent, answer.statements));
                    continue;
                }
                let mut results = String::new();
                for part in &answer.statements {
                    match read(&mut *session, &part.statement).await {
                        Ok((rows, _)) => results.push_str(&lines(&rows).join("\n")),
                        Err(NoRows::Session(SessionError::Server(_) | SessionError::Unsupported(_)))
                            if question.elsewhere => {}
                        Err(NoRows::Session(SessionError::Server(message))) if message.code == "NOPERM" => {}
                        Err(other) => wrong.push(format!("{ask}\n    {}: {other:?}", part.statement)),
                    }
                }
                if !results.contains(&question.holds) {
                    wrong.push(format!("{ask}\n    no {:?} in {results}", question.holds));
                }
            }
            assert!(wrong.is_empty(), "{url}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
            for question in examples(&schema) {
                assert!(understand(&question, &schema, NOW, 0).is_ok(), "offered, not understood: {question}");
            }
        }
    });
}

/// Every topic is answered by lines that the guard allows, or refused with a reason, whatever a key is called.
#[test]
fn every_topic_gives_lines_that_may_run() {
    if skipped() {
        return;
    }
    run(async {
        let mut session = connect(&each_read_only_url()[0]).await;
        let (schema, _) = (SPEC.schema)(&mut *session).await.unwrap();
        let table = schema.table("customer:*").map(Relation::of);
        for topic in Topic::ALL {
            for scope in [
                Scope::default(),
                Scope { table: table.clone(), limit: Some(3), count: true, ..Scope::default() },
                Scope { name: Some("customer:1".into()), ..Scope::default() },
                Scope { name: Some("o'x \"; \r\nFLUSHALL \u{202e}--config*".into()), ..Scope::default() },
            ] {
                match SPEC.dialect.answer(&Intent::Topic(*topic, scope), &schema, NOW) {
                    Err(cannot) => assert!(!cannot.reason.is_empty() && !cannot.can.is_empty(), "{topic:?}"),
                    Ok(answer) => {
                        for part in &answer.statements {
                            if let Err(NoRows::Guard(why)) = read(&mut *session, &part.statement).await {
                                panic!("{topic:?}: {}: {why}", part.statement);
                            }
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    if skipped() {
        return;
    }
    run(async {
        let mut session = connect(&each_read_only_url()[0]).await;
        let (schema, _) = (SPEC.schema)(&mut *session).await.unwrap();
        for ask in [
            "delete all sessions",
            "flush the cache",
            "how do orders and customers join",
            "unused indexes",
            "locks",
            "keys expiring soon",
            "keys expiring in the next hour",
            "the meaning of life",
        ] {
            let answered = understand(ask, &schema, NOW, 0).and_then(|u| SPEC.dialect.answer(&u.intent, &schema, NOW));
            let cannot = answered.err().unwrap_or_else(|| panic!("{ask} was answered"));
            assert!(!cannot.reason.is_empty() && !cannot.can.is_empty(), "{ask}");
        }
    });
}
