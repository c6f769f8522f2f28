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

/// As many steps as it takes.
async fn prune(store: &Store, at: Timestamp) {
    for _ in 0..20 {
        store.prune(at).await.unwrap();
    }
}

/// A statement of a size.
fn large(number: usize, bytes: usize) -> String {
    format!("CREATE {number} {}", "x".repeat(bytes))
}

#[tokio::test]
async fn a_noisy_object_pushes_out_its_own_history_alone() {
    let home = Home::new();
    let store = home.open();
    let quiet = || (object("app", "quiet", "1"), "CREATE quiet");
    look(&store, after(0), &[quiet()]).await;
    look(&store, after(1), &[(object("app", "quiet", "2"), "CREATE quiet 2")]).await;
    for turn in 0..30_usize {
        let text = large(turn, 200 << 10);
        let noisy = (object("app", "noisy", &turn.to_string()), text.as_str());
        let at = after(10 + i64::try_from(turn).unwrap());
        look(&store, at, &[noisy, (object("app", "quiet", "2"), "CREATE quiet 2")]).await;
    }
    prune(&store, after(DAY)).await;
    assert_eq!(versions(&store, "quiet").await.len(), 2);
    // The present one and as many as a megabyte holds.
    let kept = versions(&store, "noisy").await;
    assert_eq!(kept.len(), 6, "{:?}", kept.iter().map(|v| v.first_seen).collect::<Vec<_>>());
    assert!(kept[0].statements[0].starts_with("CREATE 29 ") && kept[1].statements[0].starts_with("CREATE 28 "));
}

#[tokio::test]
async fn a_noisy_target_leaves_others_their_history() {
    let home = Home::new();
    let store = home.open();
    look(&store, after(0), &[(object("app", "t", "1"), "CREATE 1")]).await;
    look(&store, after(1), &[(object("app", "t", "2"), "CREATE 2")]).await;
    look(&store, after(2), &[]).await;
    // The other one makes and drops tables of many megabytes in all, later than everything here.
    let other = TargetId::new("noisy");
    for turn in 0..180_usize {
        let at = after(100 + i64::try_from(turn).unwrap());
        let made = object("app", &format!("scratch_{turn}"), "1");
        let read = vec![defined(made.clone(), &large(turn, 250 << 10))];
        store.keep_definitions(&other, Fingerprints { all: vec![made], cut: false }, read, at).await.unwrap();
    }
    store.keep_definitions(&other, Fingerprints::default(), Vec::new(), after(1_000)).await.unwrap();
    prune(&store, after(DAY)).await;
    assert_eq!(versions(&store, "t").await.len(), 2);
    // Its own oldest went, its own newest can be brought back.
    assert!(store.definition_versions(&other, "scratch_0").await.unwrap().is_empty());
    assert_eq!(store.definition_versions(&other, "scratch_179").await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_only_changed_leaves_room_for_what_is_gone() {
    let home = Home::new();
    let store = home.open();
    look(&store, after(0), &[(object("app", "gone", "1"), "CREATE gone")]).await;
    // A hundred versions of twenty tables that others follow, later than the end of the one that is gone.
    for turn in 0..6_usize {
        let text = large(turn, 190 << 10);
        let tables: Vec<(Fingerprint, &str)> =
            (0..20).map(|table| (object("app", &format!("table_{table}"), &turn.to_string()), text.as_str())).collect();
        look(&store, after(10 + i64::try_from(turn).unwrap()), &tables).await;
    }
    prune(&store, after(DAY)).await;
    let mut followed = 0;
    for table in 0..20 {
        followed += versions(&store, &format!("table_{table}")).await.len() - 1;
    }
    assert!((60..90).contains(&followed), "sixteen megabytes of them: {followed}");
    let gone = versions(&store, "gone").await;
    assert_eq!((gone.len(), gone[0].end), (1, VersionEnd::Gone));
    // One that came back has its earlier version as any other has.
    look(&store, after(2 * DAY), &[(object("app", "gone", "2"), "CREATE again")]).await;
    prune(&store, after(2 * DAY)).await;
    assert!(versions(&store, "gone").await.iter().any(|version| version.end == VersionEnd::Now));
}
