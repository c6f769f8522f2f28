//! Watch rules in the store: numbered, changed, deleted, kept through a restart, and forgotten when their time is over.

use super::*;
use dba_gpt::domain::error::kind::Severity;
use dba_gpt::domain::rule::{MOST_RULES, Rule, condition};

fn rule(words: &str) -> Rule {
    Rule {
        id: 0,
        target: TargetId::new("a"),
        condition: condition(words).unwrap(),
        severity: Severity::Warning,
        reason: "INC-0007: it reached 100 of 100".into(),
        incident: Some(7),
        created: after(0),
        by: "ann".into(),
        expires: Some(after(1_000)),
    }
}

#[tokio::test]
async fn a_rule_survives_a_restart_and_no_number_is_given_twice() {
    let home = Home::new();
    let store = home.open();
    let first = store.keep_rule(rule("connections above 80% for 60s")).await.unwrap();
    let second = store.keep_rule(rule("check queue above 100")).await.unwrap();
    let changed = Rule { condition: condition("connections above 85% for 60s").unwrap(), ..first.clone() };
    assert_eq!(store.keep_rule(changed.clone()).await.unwrap(), changed);
    store.close().await.unwrap();

    let store = home.open();
    assert_eq!(store.rules().await.unwrap(), [changed, second.clone()]);
    assert_eq!(store.delete_rule(second.id).await.unwrap(), Some(second.clone()));
    assert_eq!(store.delete_rule(second.id).await.unwrap(), None);
    assert!(store.keep_rule(second.clone()).await.unwrap_err().to_string().contains("there is no rule 2"));
    let third = store.keep_rule(rule("dead_rows of app.orders above 10%")).await.unwrap();
    assert!(third.id > second.id, "{third:?}");
}

#[tokio::test]
async fn a_target_has_so_many_rules_and_no_more() {
    let home = Home::new();
    let store = home.open();
    for _ in 0..MOST_RULES {
        store.keep_rule(rule("lag above 30s")).await.unwrap();
    }
    assert!(store.keep_rule(rule("lag above 30s")).await.unwrap_err().to_string().contains("100 rules already"));
    let elsewhere = Rule { target: TargetId::new("b"), ..rule("lag above 30s") };
    store.keep_rule(elsewhere).await.unwrap();
}

#[tokio::test]
async fn one_that_this_version_cannot_read_is_left_out_and_stays() {
    let home = Home::new();
    let store = home.open();
    store.keep_rule(rule("lag above 30s")).await.unwrap();
    store.close().await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute(
        "INSERT INTO rules (target, body) VALUES ('a', '{\"condition\":{\"measure\":{\"metric\":\"of_tomorrow\"}}}')",
        [],
    )
    .unwrap();
    drop(db);
    let store = home.open();
    assert_eq!(store.rules().await.unwrap().len(), 1);
    store.close().await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    let count: i64 = db.query_row("SELECT count(*) FROM rules", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn what_is_over_for_long_is_forgotten() {
    let home = Home::new();
    let store = home.open();
    store.keep_rule(rule("lag above 30s")).await.unwrap();
    let for_ever = Rule { expires: None, ..rule("lag above 40s") };
    let for_ever = store.keep_rule(for_ever).await.unwrap();
    store.prune(after(1_000).plus_ms(7 * 86_400_000 - 1)).await.unwrap();
    assert_eq!(store.rules().await.unwrap().len(), 2, "those that ended are listed for a week");
    store.prune(after(1_000).plus_ms(7 * 86_400_000 + 1)).await.unwrap();
    assert_eq!(store.rules().await.unwrap(), [for_ever]);
}
