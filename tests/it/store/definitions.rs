//! The history of definitions: versions begin, end and are forgotten; names are found as messages say them.

use super::*;
use dba_gpt::domain::definition::{Definition, Fingerprint, Fingerprints, Version, VersionEnd};

fn object(space: &str, name: &str, print: &str) -> Fingerprint {
    Fingerprint { space: space.into(), name: name.into(), print: print.into() }
}

fn defined(object: Fingerprint, statement: &str) -> Definition {
    Definition { object, part_of: None, statements: vec![statement.to_owned()], missing: Vec::new() }
}

fn target() -> TargetId {
    TargetId::new("a")
}

/// One look at objects that are all read.
async fn look(store: &Store, at: Timestamp, objects: &[(Fingerprint, &str)]) {
    let all = objects.iter().map(|(object, _)| object.clone()).collect();
    let read = objects.iter().map(|(object, text)| defined(object.clone(), text)).collect();
    store.keep_definitions(&target(), Fingerprints { all, cut: false }, read, at).await.unwrap();
}

async fn versions(store: &Store, object: &str) -> Vec<Version> {
    store.definition_versions(&target(), object).await.unwrap()
}

#[tokio::test]
async fn a_dropped_table_is_known_as_it_was_when_it_was_last_seen() {
    let home = Home::new();
    let store = home.open();
    look(&store, after(0), &[(object("app", "orders", "1"), "CREATE 1"), (object("app", "b", "1"), "CREATE b")]).await;
    look(
        &store,
        after(5 * MINUTE),
        &[(object("app", "orders", "2"), "CREATE 2"), (object("app", "b", "1"), "CREATE b")],
    )
    .await;
    // The look after that reads nothing, since nothing changed.
    let same = Fingerprints { all: vec![object("app", "orders", "2"), object("app", "b", "1")], cut: false };
    store.keep_definitions(&target(), same, Vec::new(), after(10 * MINUTE)).await.unwrap();
    let none = Fingerprints { all: vec![object("app", "b", "1")], cut: false };
    store.keep_definitions(&target(), none, Vec::new(), after(15 * MINUTE)).await.unwrap();

    let found = versions(&store, "orders").await;
    let told: Vec<_> = found.iter().map(|v| (v.statements[0].as_str(), v.first_seen, v.last_seen, v.end)).collect();
    assert_eq!(
        told,
        [
            ("CREATE 2", after(5 * MINUTE), after(10 * MINUTE), VersionEnd::Gone),
            ("CREATE 1", after(0), after(0), VersionEnd::Changed),
        ]
    );
    let present = &versions(&store, "b").await[0];
    assert_eq!((present.end, present.last_seen), (VersionEnd::Now, after(15 * MINUTE)));
    let known = store.definitions(&target(), "app.orders").await.unwrap();
    assert_eq!((known.len(), known[0].last_seen), (2, after(10 * MINUTE)));
    assert!(store.known_fingerprints(&target()).await.unwrap().contains_key(&("app".to_owned(), "b".to_owned())));
    // It comes back, and is a version of its own.
    look(
        &store,
        after(20 * MINUTE),
        &[(object("app", "orders", "3"), "CREATE 3"), (object("app", "b", "1"), "CREATE b")],
    )
    .await;
    let ends: Vec<_> = versions(&store, "orders").await.iter().map(|v| v.end).collect();
    assert_eq!(ends, [VersionEnd::Now, VersionEnd::Gone, VersionEnd::Changed]);
}

#[tokio::test]
async fn a_look_that_did_not_see_everything_ends_nothing() {
    let home = Home::new();
    let store = home.open();
    look(&store, after(0), &[(object("app", "orders", "1"), "CREATE 1")]).await;
    let cut = Fingerprints { all: Vec::new(), cut: true };
    store.keep_definitions(&target(), cut, Vec::new(), after(MINUTE)).await.unwrap();
    assert_eq!(versions(&store, "orders").await[0].end, VersionEnd::Now);
    // An older look, of another process, changes nothing.
    let none = Fingerprints::default();
    store.keep_definitions(&target(), none, Vec::new(), after(30_000)).await.unwrap();
    assert_eq!(versions(&store, "orders").await[0].end, VersionEnd::Now);
}

#[tokio::test]
async fn another_fingerprint_of_the_same_statements_is_no_version() {
    let home = Home::new();
    let store = home.open();
    look(&store, after(0), &[(object("", "t", "1"), "CREATE")]).await;
    look(&store, after(MINUTE), &[(object("", "t", "2"), "CREATE")]).await;
    assert_eq!(versions(&store, "t").await.len(), 1);
    assert_eq!(store.known_fingerprints(&target()).await.unwrap()[&(String::new(), "t".to_owned())], "2");
}

#[tokio::test]
async fn names_are_found_as_messages_say_them() {
    let home = Home::new();
    let store = home.open();
    let objects = [
        (object("app", "orders", "1"), "app.orders"),
        (object("old", "orders", "1"), "old.orders"),
        (object("app", "Orders", "1"), "app.Orders"),
        (object("app", "a.b", "1"), "app.a.b"),
        (object("", "Lines", "1"), "Lines"),
    ];
    look(&store, after(0), &objects).await;
    let found = async |name: &str| {
        let mut texts: Vec<String> = versions(&store, name).await.into_iter().flat_map(|v| v.statements).collect();
        texts.sort();
        texts
    };
    assert_eq!(found("orders").await, ["app.orders", "old.orders"]);
    assert_eq!(found("old.orders").await, ["old.orders"]);
    assert_eq!(found("\"app\".\"Orders\"").await, ["app.Orders"]);
    assert_eq!(found("a.b").await, ["app.a.b"]);
    assert_eq!(found("main.lines").await, ["Lines"]);
    assert!(found("nothing").await.is_empty());
    assert!(store.definition_versions(&TargetId::new("other"), "orders").await.unwrap().is_empty());
}

#[tokio::test]
async fn partitions_that_went_with_their_table_come_with_it() {
    let home = Home::new();
    let store = home.open();
    let (whole, part) = (object("app", "events", "1"), object("app", "events_1", "1"));
    let of_part = Definition {
        part_of: Some(("app".into(), "events".into())),
        missing: vec!["its numbers".into()],
        ..defined(part.clone(), "CREATE part")
    };
    let read = vec![defined(whole.clone(), "CREATE whole"), of_part];
    let seen = Fingerprints { all: vec![whole, part], cut: false };
    store.keep_definitions(&target(), seen, read, after(0)).await.unwrap();
    assert_eq!(versions(&store, "events").await[0].statements, ["CREATE whole"], "what is there has its parts");
    store.keep_definitions(&target(), Fingerprints::default(), Vec::new(), after(MINUTE)).await.unwrap();
    let gone = &versions(&store, "events").await[0];
    assert_eq!(gone.statements, ["CREATE whole", "CREATE part"]);
    assert_eq!(gone.missing, ["events_1: its numbers"]);
}

#[tokio::test]
async fn secrets_are_not_written_and_old_versions_are_forgotten() {
    let home = Home::new();
    let store = home.open();
    let secret = "CREATE TABLE t (id int) CONNECTION='mysql://u:hunter2@h/db'";
    look(&store, after(0), &[(object("", "t", "1"), secret), (object("", "b", "1"), "CREATE b")]).await;
    let kept = &versions(&store, "t").await[0];
    assert!(kept.statements.is_empty() && kept.missing[0].contains("secret"));
    assert!(store.definitions(&target(), "t").await.unwrap().is_empty());
    look(&store, after(MINUTE), &[(object("", "b", "1"), "CREATE b")]).await;
    store.prune(after(89 * DAY)).await.unwrap();
    assert_eq!(versions(&store, "t").await.len(), 1);
    store.prune(after(91 * DAY)).await.unwrap();
    assert!(versions(&store, "t").await.is_empty(), "what is gone is forgotten");
    assert_eq!(versions(&store, "b").await.len(), 1, "what is there is not");
    store.close().await.unwrap();
    let bytes = fs::read(home.file("store.db")).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
}
