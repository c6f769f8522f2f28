//! The guard against its case list, and against every case in every disguise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

use dba_gpt::domain::guard::{Author, Catalog, CatalogView, Judgement, Verdict, decode_line};
use dba_gpt::engine;

/// A row of the case list: engine, id, statement (decoded), verdict.
struct Case {
    engine: &'static str,
    id: &'static str,
    statement: String,
    verdict: Verdict,
}

/// The sample of the case list, written for statements that a model wrote.
fn cases() -> Vec<Case> {
    include_str!("data/guard_cases.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            Case {
                engine: fields[0],
                id: fields[1],
                statement: decode_line(fields[2]).unwrap(),
                verdict: match fields[3] {
                    "allow" => Verdict::Allow,
                    "needs-approval" => Verdict::NeedsApproval,
                    "deny" => Verdict::Deny,
                    other => panic!("{other} is no verdict"),
                },
            }
        })
        .collect()
}

/// The schema that the case list speaks of.
fn catalog() -> Catalog {
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    Catalog {
        views: vec![
            CatalogView { name: "app.evil_view".into(), functions: names(&["app.evil_secdef"]), relations: vec![] },
            CatalogView { name: "app.v_ok".into(), functions: vec![], relations: names(&["app.canary"]) },
        ],
        functions: names(&["app.evil_secdef", "app.dbl", "app.stable_dblink", "app.lower"]),
        operators: names(&["app.==="]),
        foreign_tables: names(&["app.remote"]),
        safe_functions: names(&["app.pure"]),
    }
}

fn judge(engine: &str, statement: &str, author: Author) -> Judgement {
    engine::by_name(engine).unwrap().dialect.classify(statement, author, &catalog())
}

#[test]
fn every_case_of_the_list_gets_its_verdict() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let judged = judge(case.engine, &case.statement, Author::Model);
            (judged.verdict != case.verdict)
                .then(|| format!("{} {}: wanted {:?}, got {judged:?}\n", case.id, case.statement, case.verdict))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.concat());
}

#[test]
fn ordinary_reads_of_postgres_are_allowed() {
    let refused: Vec<String> = include_str!("guard/postgres_benign.sql")
        .lines()
        .filter_map(|statement| {
            let judged = judge("postgres", statement, Author::Model);
            (judged.verdict != Verdict::Allow).then(|| format!("{statement}\n    {judged:?}\n"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.concat());
}

#[test]
fn ordinary_reads_of_sqlite_are_allowed() {
    let refused: Vec<String> = include_str!("guard/sqlite_benign.sql")
        .lines()
        .filter_map(|statement| {
            let judged = judge("sqlite", statement, Author::Model);
            (judged.verdict != Verdict::Allow).then(|| format!("{statement}\n    {judged:?}\n"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.concat());
}
