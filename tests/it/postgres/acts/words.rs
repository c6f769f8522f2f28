//! What is refused in words before anything is proposed.

use super::rig::Rig;
use crate::postgres::support::on_each_server;
use dba_gpt::domain::guard::{Author, Catalog, Verdict};
use dba_gpt::engine::postgres;

#[test]
fn names_that_are_not_there_or_not_said_are_refused_in_words() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "CREATE TABLE $.t (id int PRIMARY KEY); CREATE INDEX t_id ON $.t (id)").await;
        let cases = [
            ("DELETE FROM $.missing WHERE id = 1", "there is no table"),
            ("DELETE FROM t_that_is_nowhere WHERE id = 1", "there is no table"),
            ("DROP INDEX t_id", "name the schema"),
            ("CREATE TABLE made (id int)", "say in which schema made is to be made"),
            ("CREATE VIEW \"Odd One\" AS SELECT 1 AS a", "schema.\"Odd One\""),
            ("CREATE SEQUENCE counting", "say in which schema"),
            ("CREATE TEMP TABLE made (id int)", "would be gone with the session"),
            ("CREATE TABLE pg_catalog.made (id int)", "server's own schemas"),
            ("DELETE FROM pg_class WHERE oid = 1", "belongs to the server itself"),
            ("CREATE INDEX t_id ON $.t (id)", "is there already"),
            ("CREATE TABLE $.t (id int)", "is there already"),
            ("ALTER TABLE $.t ALTER COLUMN id SET DEFAULT 1; DROP TABLE $.t", "one statement"),
        ];
        for (statement, words) in cases {
            let text = rig.here(statement);
            let draft = dba_gpt::domain::proposal::Draft {
                statement: text,
                class: dba_gpt::domain::guard::Class::Ddl,
                kind: None,
                database: None,
            };
            let error = rig.survey_draft(&draft).await.expect_err(statement);
            assert!(error.contains(words), "{statement}: {error}");
        }
        rig.remove().await;
    });
}

#[test]
fn two_statements_are_refused_by_the_guard_and_by_the_protocol() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, "CREATE TABLE $.t (id int PRIMARY KEY)").await;
        let two = rig.here("INSERT INTO $.t VALUES (1); DROP TABLE $.t");
        let judged = postgres::SPEC.dialect.classify(&two, Author::Person, &Catalog::default());
        assert_eq!(judged.verdict, Verdict::Deny);
        assert_eq!(rig.rows("$.t").await, "0 ");
        rig.remove().await;
    });
}
