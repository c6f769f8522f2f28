//! PostgreSQL's errors: provoked on the real servers, their codes hidden, and named from the message alone.

use crate::postgres::support::{admin, fresh_database, on_each_server};
use dba_gpt::domain::error::naming::{Understood, understand};
use dba_gpt::engine::errors_of;
use std::collections::BTreeSet;
use tokio_postgres::error::DbError;

/// A small schema that the statements of the data file fail on.
const SCHEMA: &str = "
    CREATE TABLE harbour (id int PRIMARY KEY, name text NOT NULL, depth numeric CHECK (depth > 0), code char(3));
    CREATE TABLE berth (id int PRIMARY KEY, harbour_id int REFERENCES harbour, taken tstzrange,
                        EXCLUDE USING gist (taken WITH &&));
    CREATE VIEW deep AS SELECT * FROM harbour WHERE depth > 10;
    CREATE VIEW busiest AS SELECT name, count(*) FROM harbour GROUP BY name;
    CREATE SEQUENCE pilot MINVALUE 0 MAXVALUE 1 START 1;
    CREATE TYPE flag AS ENUM ('red', 'green');
    CREATE DOMAIN knots AS int CHECK (VALUE < 60);
    CREATE FUNCTION tow(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
    CREATE FUNCTION sink() RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the tide is out''; END';
    INSERT INTO harbour VALUES (1, 'Mole', 12, 'MOL');
    INSERT INTO berth VALUES (1, 1, '[2020-01-01, 2020-02-01)');
    SELECT nextval('pilot');";

/// Every statement of the data file fails with the code that the file says, and the same code, kind and object are
/// read out of its message.
#[test]
fn codes_kinds_and_objects_are_told_from_the_message() {
    on_each_server(|url| async move {
        let url = fresh_database(&url, "errors_by_message").await;
        let client = admin(&url).await;
        client.batch_execute(SCHEMA).await.unwrap();
        let mut codes = BTreeSet::new();
        for line in data(include_str!("../data/errors/postgres.tsv")) {
            let [code, kind, object, statement] = line[..] else { panic!("{line:?} has not four fields") };
            let error = refused(&client, statement).await;
            assert_eq!(error.code().code(), code, "{statement}: {}", error.message());
            for text in printed(&error, statement) {
                let named = named(&text);
                assert_eq!((named.code.as_str(), named.kind.word()), (code, kind), "{text}");
                assert_eq!(named.object.unwrap_or_default(), object, "{text}");
                assert_eq!(named.message, error.message(), "{text}");
            }
            codes.insert(code.to_owned());
            client.batch_execute("ROLLBACK; RESET ALL").await.unwrap();
        }
        assert!(codes.len() >= 50, "{codes:?}");
    });
}

/// What servers said in eleven languages, with the severity in that language before it and without.
#[test]
fn the_languages_of_the_server_make_no_difference() {
    let mut languages = BTreeSet::new();
    for line in data(include_str!("../data/errors/postgres_languages.tsv")) {
        let [language, code, severity, message] = line[..] else { panic!("{line:?} has not four fields") };
        let message = message.replace("\\n", "\n");
        for text in [message.clone(), format!("{severity}:  {message}")] {
            let named = named(&text);
            assert_eq!((named.code.as_str(), named.message.as_str()), (code, message.as_str()), "{language}: {text}");
        }
        languages.insert(language);
    }
    assert_eq!(languages.len(), 11, "{languages:?}");
}

/// The same on the real server, in those of three languages that its machine has.
#[test]
fn the_real_server_in_other_languages() {
    on_each_server(|url| async move {
        for locale in ["de_DE.UTF-8", "fr_FR.UTF-8", "ja_JP.UTF-8"] {
            let client = admin(&url).await;
            if client.batch_execute(&format!("SET lc_messages = '{locale}'")).await.is_err() {
                eprintln!("SKIPPED: the server's machine has no locale {locale}");
                continue;
            }
            for statement in ["SELECT * FROM lighthouse", "SELECT 1 / 0", "SELECT moor(1)", "SELECT FROM WHERE"] {
                let error = refused(&client, statement).await;
                for text in printed(&error, statement) {
                    assert_eq!(named(&text).code, error.code().code(), "{text}");
                }
            }
        }
    });
}

/// A message bare, and as psql, a log and a driver print it.
fn printed(error: &DbError, statement: &str) -> [String; 4] {
    let (severity, message) = (error.severity(), error.message());
    let line = statement.lines().next().unwrap_or_default();
    [
        message.to_owned(),
        format!("psql:tides.sql:7: {severity}:  {message}\nLINE 1: {line}\n        ^"),
        format!("2026-03-01 10:11:12.345 UTC [4711] skipper@port {severity}:  {message}\nSTATEMENT:  {statement}"),
        format!("org.postgresql.util.PSQLException: {severity}: {message}\n  Position: 3"),
    ]
}

async fn refused(client: &tokio_postgres::Client, statement: &str) -> DbError {
    match client.batch_execute(statement).await {
        Ok(()) => panic!("{statement} did not fail"),
        Err(error) => error.as_db_error().unwrap_or_else(|| panic!("{statement}: {error}")).clone(),
    }
}

fn named(text: &str) -> Understood {
    understand(errors_of("postgres").unwrap(), text, None)
}

fn data(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}
