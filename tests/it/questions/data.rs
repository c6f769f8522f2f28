//! Questions about a shop's own data: the same table of questions on both engines.

use super::table::{self, Question};
use super::{Asked, block_on, cells};
use crate::support::servers::{self, Address};

#[test]
fn questions_about_pgbench() {
    if skipped() {
        return;
    }
    block_on(async {
        let mut asked = Asked::connect("postgres", &servers::postgres_bench_url(), None).await;
        let wrong = wrong_answers(&mut asked, table::pgbench()).await;
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// Asks every question; returns what went wrong, one line each.
pub async fn wrong_answers(asked: &mut Asked, questions: Vec<Question>) -> Vec<String> {
    let engine = asked.spec.id.0;
    let mut wrong = Vec::new();
    for question in questions {
        let (ask, reference) = (&question.ask, question.reference(engine));
        let answer = match asked.answer(ask) {
            Ok((_, answer)) => answer,
            Err(cannot) => {
                wrong.push(format!("{ask}\n    cannot: {} {:?}", cannot.reason, cannot.did_you_mean));
                continue;
            }
        };
        let Some(first) = answer.statements.first() else {
            wrong.push(format!("{ask}\n    no statement: {answer:?}"));
            continue;
        };
        let statement = first.statement.clone();
        let expected = asked
            .run(&asked.spec.dialect.resolve_names(&reference, &asked.schema))
            .await
            .unwrap_or_else(|e| panic!("{reference}: {e}"));
        match asked.run(&statement).await {
            Err(error) => wrong.push(format!("{ask}\n    {statement}\n    {error}")),
            Ok(rows) => {
                let columns = expected.columns.len();
                if rows.columns.len() < columns
                    || cells(&rows, columns, question.ordered) != cells(&expected, columns, question.ordered)
                {
                    wrong.push(format!(
                        "{ask}\n    {statement}\n    {:?}\n    expected {:?}",
                        cells(&rows, 99, true),
                        cells(&expected, 99, true)
                    ));
                }
            }
        }
    }
    wrong
}

#[test]
fn questions_about_data_on_sqlite() {
    block_on(async {
        let mut asked = Asked::sqlite_shop().await;
        let wrong = wrong_answers(&mut asked, table::data()).await;
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn questions_about_data_on_postgres() {
    with_postgres_shop("data", async |mut asked| wrong_answers(&mut asked, table::data()).await);
}

/// Gives a test the shop in a PostgreSQL database of its own, and fails with what the test found wrong.
pub fn with_postgres_shop(name: &str, test: impl AsyncFn(Asked) -> Vec<String>) {
    if !skipped() {
        block_on(with_shop_on(&servers::postgres_url(), name, &test));
    }
}

/// The same, on every server version that there is.
pub fn with_each_postgres_shop(name: &str, test: impl AsyncFn(Asked) -> Vec<String>) {
    with_postgres_shop(name, &test);
    if let Some(url) = servers::newer_postgres_url() {
        block_on(with_shop_on(&url, name, &test));
    }
}

async fn with_shop_on(admin: &str, name: &str, test: &impl AsyncFn(Asked) -> Vec<String>) {
    let name = format!("questions_{name}_{}", std::process::id());
    let url = Address { database: name.clone(), ..Address::of(admin) }.url();
    execute(admin, &format!("CREATE DATABASE {name}")).await;
    execute(&url, include_str!("../data/questions_shop.sql")).await;
    let wrong = test(Asked::connect("postgres", &url, None).await).await;
    execute(admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

pub fn skipped() -> bool {
    let skipped = std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1");
    if skipped {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
    }
    skipped
}

/// Runs statements on a test server of our own.
async fn execute(url: &str, statements: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let serving = tokio::spawn(connection);
    client.batch_execute(statements).await.unwrap();
    drop(client);
    serving.await.unwrap().unwrap();
}
