//! Every rule on a statement that it is about and on one that it leaves alone, and SQLite's own word on both.
#![allow(clippy::unwrap_used)]

use super::{RULES, advise};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::engine::sqlite::dialect::classify;
use rusqlite::Connection;
use std::collections::BTreeSet;

const V: u32 = 35_100;

/// A rule, a statement that it is about, and one that it leaves alone.
const CASES: &[(&str, &str, &str)] = &[
    ("adding-a-check-to-new-column", "ALTER TABLE t ADD n int CHECK (n > 0)", "ALTER TABLE t ADD n \"check\""),
    ("adding-a-computed-default", "ALTER TABLE t ADD n DEFAULT (random())", "ALTER TABLE t ADD n DEFAULT (-1 )"),
    (
        "adding-a-stored-generated-column",
        "ALTER TABLE main.t ADD COLUMN n int GENERATED ALWAYS AS (a + 1) STORED",
        "ALTER TABLE t ADD n int AS (a + 1) VIRTUAL",
    ),
    (
        "adding-required-field",
        "alter table t add n /* new */ text not null",
        "ALTER TABLE t ADD n text NOT NULL DEFAULT ''",
    ),
    (
        "adding-serial-primary-key-field",
        "ALTER TABLE t ADD n INTEGER PRIMARY KEY",
        "ALTER TABLE t ADD \"primary key\" int",
    ),
    (
        "autoincrement",
        "CREATE TABLE x (i INTEGER PRIMARY KEY AUTOINCREMENT) STRICT",
        "CREATE TABLE x (i INTEGER PRIMARY KEY) STRICT",
    ),
    ("backfilling-data", "DELETE FROM t WHERE made < 5", "DELETE FROM t WHERE made < 5 AND id == 3"),
    ("ban-drop-column", "ALTER TABLE \"t\" DROP b", "ALTER TABLE t ADD b2"),
    ("ban-drop-table", "DROP TABLE IF EXISTS main.[t]", "DROP INDEX IF EXISTS t_a"),
    ("ban-drop-view", "DROP VIEW v", "DROP TABLE t"),
    ("comparing-with-null", "UPDATE t SET a = 1 WHERE id = 4 OR b = NULL", "UPDATE t SET a = NULL WHERE id = 4"),
    (
        "disallowed-unique-constraint",
        "ALTER TABLE main.t ADD \"N m\" text DEFAULT 'x' UNIQUE",
        "ALTER TABLE t ADD n text",
    ),
    ("foreign-keys-may-be-off", "ALTER TABLE t ADD n REFERENCES u (id)", "ALTER TABLE t ADD n"),
    ("index-creation-blocks-writers", "CREATE UNIQUE INDEX main.i ON t (a)", "DROP INDEX t_a"),
    (
        "insert-without-column-names",
        "INSERT OR IGNORE INTO main.t VALUES (1, 2, 3, 4)",
        "INSERT INTO t (id) VALUES (9001)",
    ),
    ("not-in-with-a-query", "DELETE FROM t WHERE id NOT IN (SELECT id FROM u)", "DELETE FROM t WHERE id NOT IN (1)"),
    ("reindex-blocks-writers", "REINDEX t", "ANALYZE t"),
    ("renaming-column", "ALTER TABLE t RENAME b TO c", "ALTER TABLE t RENAME TO c"),
    ("renaming-table", "ALTER TABLE main.t RENAME TO w", "ALTER TABLE t RENAME COLUMN b TO w"),
    (
        "replace-removes-rows",
        "INSERT OR REPLACE INTO t (id) VALUES (1)",
        "INSERT INTO t (id) VALUES (1) ON CONFLICT DO NOTHING",
    ),
    ("statistics-block-writers", "ANALYZE", "REINDEX"),
    (
        "table-without-strict",
        "CREATE TABLE x (i INTEGER PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE x (i INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID",
    ),
    ("vacuum-rewrites-the-file", "vacuum main", "ANALYZE main"),
    ("without-where", "UPDATE OR IGNORE t SET a = (SELECT 1 WHERE 1)", "UPDATE t SET a = 1 WHERE b = 2"),
];

fn names(statement: &str) -> Vec<String> {
    advise(statement, V).into_iter().map(|advice| advice.rule).collect()
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE u (id INTEGER PRIMARY KEY);
             CREATE TABLE t (id INTEGER PRIMARY KEY, a int, b int, made int);
             CREATE INDEX t_a ON t (a);
             CREATE VIEW v AS SELECT 1;
             INSERT INTO t (a, made) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
                SELECT i, i % 7 FROM n;",
        )
        .unwrap();
    connection
}

#[test]
fn every_rule_speaks_and_keeps_silent() {
    for (rule, about, not_about) in CASES {
        assert!(names(about).iter().any(|name| name == rule), "{rule} is silent on {about}");
        assert!(!names(not_about).iter().any(|name| name == rule), "{rule} speaks on {not_about}");
    }
    let listed: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    let tried: BTreeSet<&str> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(listed, tried, "every rule has its case, and every case its rule");
}

#[test]
fn what_is_said_to_be_refused_is_refused_and_nothing_else() {
    for statement in CASES.iter().flat_map(|(_, about, not_about)| [about, not_about]) {
        let refused = advise(statement, V).iter().any(|advice| advice.text.starts_with("SQLite refuses this"));
        let done = database().execute_batch(statement);
        assert_eq!(refused, done.is_err(), "{statement}: {done:?}");
    }
}

#[test]
fn what_is_advised_runs_can_be_approved_and_is_not_advised_against() {
    for statement in CASES.iter().flat_map(|(_, about, not_about)| [about, not_about]) {
        for advice in advise(statement, V) {
            let database = database();
            for step in advice.instead.iter().flat_map(|steps| steps.lines()) {
                let verdict = classify::classify(step, Author::Person, &Catalog::default());
                assert_eq!(verdict.verdict, Verdict::NeedsApproval, "{step}: {}", verdict.reason);
                assert!(!names(step).contains(&advice.rule), "{} advises {step}", advice.rule);
                database.execute_batch(step).unwrap_or_else(|error| panic!("{statement}: {step}: {error}"));
            }
        }
    }
}

#[test]
fn a_batch_comes_to_an_end() {
    let advice = advise("DELETE FROM t WHERE made < 5 /* old */ AND made NOT IN (1)", V);
    let batch = advice.iter().find(|advice| advice.rule == "backfilling-data").unwrap().instead.clone().unwrap();
    assert_eq!(
        batch,
        "DELETE FROM t WHERE rowid IN (SELECT rowid FROM t WHERE made < 5 AND made NOT IN (1) LIMIT 1000);"
    );
    let database = database();
    let sizes: Vec<usize> = (0..3).map(|_| database.execute(batch.trim_end_matches(';'), []).unwrap()).collect();
    assert_eq!(sizes, [1000, 428, 0]);
}

#[test]
fn versions_differ_and_what_cannot_be_read_gets_none() {
    assert!(advise("ALTER TABLE t DROP b", 33_400)[0].text.contains("before 3.35"));
    assert!(advise("CREATE TABLE x (i INTEGER PRIMARY KEY)", 33_600).is_empty());
    for text in ["", "drop table", "drop the table t", "DROP TABLE t; DROP TABLE u", "SELECT 1", "PRAGMA user_version"]
    {
        assert_eq!(names(text), Vec::<String>::new(), "{text}");
    }
}
