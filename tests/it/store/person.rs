//! What is kept of the person: conversations, lines, preferences; and no secrets.

use super::*;

#[tokio::test]
async fn secrets_never_reach_the_file() {
    let home = Home::new();
    let store = home.open();
    let leaky = SessionInfo {
        statement: "ALTER USER app PASSWORD 'S3cr3t!'".into(),
        application: "postgres://u:S3cr3t!@h/d".into(),
        ..session(1, SessionState::Active)
    };
    keep(&store, "a", Sample { sessions: vec![leaky], ..sample(after(0), &[]) }).await;
    let id = store.begin_conversation("PASSWORD 'S3cr3t!'", None, after(0)).await.unwrap();
    let body = json!({ "rows": [["CREATE USER x PASSWORD 'S3cr3t!'", 1]], "open": "PASSWORD 'S3cr3t!" });
    store.append(id, vec![Entry { at: after(0), kind: "answer".into(), body }]).await.unwrap();
    store.remember_line("select 1; alter user x password 'S3cr3t!'").await.unwrap();
    let (_, entries) = store.conversation(id).await.unwrap();
    assert_eq!(entries[0].body["rows"][0][1], 1);
    let history = store.sessions_between(&TargetId::new("a"), after(0), after(DAY), 9).await.unwrap();
    assert_eq!(history.moments[0].sessions[0].statement, "ALTER USER app PASSWORD ***");
    store.close().await.unwrap();
    for file in fs::read_dir(home.folder()).unwrap().map(|e| e.unwrap().path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"S3cr3t!"), "{} holds the password", file.display());
    }
}

#[tokio::test]
async fn conversations_are_kept_listed_renamed_and_deleted() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("pg-orders");
    let first = store.begin_conversation("slow checkout", Some(&target), after(0)).await.unwrap();
    let second = store.begin_conversation("disk", None, after(1000)).await.unwrap();
    store.append(first, vec![Entry { at: after(2000), ..entry("why?") }]).await.unwrap();
    store
        .append(first, vec![Entry { at: after(3000), kind: "answer".into(), body: json!([1, null, "x"]) }])
        .await
        .unwrap();
    store.rename_conversation(second, "disk space", after(2500)).await.unwrap();
    store.close().await.unwrap();
    let store = home.open();
    let list = store.conversations().await.unwrap();
    let names: Vec<_> = list.iter().map(|c| (c.name.as_str(), c.entries, c.updated)).collect();
    assert_eq!(names, [("slow checkout", 2, after(3000)), ("disk space", 0, after(2500))]);
    let (conversation, entries) = store.conversation(first).await.unwrap();
    assert_eq!((conversation.target.as_deref(), conversation.created), (Some("pg-orders"), after(0)));
    assert_eq!(entries.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(), ["question", "answer"]);
    assert_eq!(entries[1].body, json!([1, null, "x"]));
    store.delete_conversation(first).await.unwrap();
    assert_eq!(store.conversation(first).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.append(first, vec![entry("x")]).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.rename_conversation(first, "x", after(0)).await, Err(StoreError::NoConversation(first)));
    assert_eq!(store.delete_conversation(first).await, Err(StoreError::NoConversation(first)));
    assert!(store.begin_conversation("new", None, after(0)).await.unwrap() > second, "numbers are not given twice");
    let huge = entry(&"x".repeat(ENTRY_BYTES));
    assert!(matches!(store.append(second, vec![entry("fits"), huge]).await, Err(StoreError::TooLarge { .. })));
}

#[tokio::test]
async fn lines_and_preferences_are_remembered() {
    let home = Home::new();
    let store = home.open();
    for line in ["tables", "tables", "locks", "tables"] {
        store.remember_line(line).await.unwrap();
    }
    store.set_preference("theme", Some("dark")).await.unwrap();
    store.set_preference("theme", Some("mono")).await.unwrap();
    store.set_preference("hint", Some("1")).await.unwrap();
    store.set_preference("hint", None).await.unwrap();
    store.close().await.unwrap();
    let store = home.open();
    assert_eq!(store.lines().await.unwrap(), ["tables", "locks", "tables"]);
    assert_eq!(store.preference("theme").await.unwrap().as_deref(), Some("mono"));
    assert_eq!(store.preference("hint").await.unwrap(), None);
}

#[tokio::test]
async fn only_the_last_thousand_lines_stay() {
    let home = Home::new();
    let store = home.open();
    store.close().await.unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
         INSERT INTO input_lines (line) SELECT 'line ' || i FROM n",
        [],
    )
    .unwrap();
    drop(db);
    let store = home.open();
    store.remember_line("the last").await.unwrap();
    let lines = store.lines().await.unwrap();
    assert_eq!(
        (lines.len(), lines[0].as_str(), lines[INPUT_LINES - 1].as_str()),
        (INPUT_LINES, "line 502", "the last")
    );
}
