//! The files: for our eyes only, upgraded with a backup, put aside when damaged.

use super::*;

#[tokio::test]
async fn files_are_made_for_our_eyes_only() {
    let home = Home::new();
    let store = home.open();
    store.set_preference("a", Some("b")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.folder()), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(home.folder()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_others_can_read_is_refused_with_the_remedy() {
    let home = Home::new();
    home.make().await;
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o640)).unwrap();
    let error = home.try_open().unwrap_err();
    let path = home.file("store.db").canonicalize().unwrap();
    let expected = format!("{0} is open to other users (mode 0640): run `chmod go-rwx {0}`", path.display());
    assert_eq!(error.to_string(), expected);
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o755)).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(matches!(error, StoreError::OpenToOthers { mode: 0o755, .. }), "{error}");
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    home.make().await;
}

#[tokio::test]
async fn links_and_folders_in_our_place_are_refused() {
    let home = Home::new();
    home.make().await;
    let elsewhere = home.0.path().join("elsewhere.db");
    fs::rename(home.file("store.db"), &elsewhere).unwrap();
    symlink(&elsewhere, home.file("store.db")).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotPlain { wanted: "a file", .. })));
    fs::remove_file(home.file("store.db")).unwrap();
    fs::create_dir(home.file("store.db")).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotPlain { wanted: "a file", .. })));
    let link = home.0.path().join("link");
    symlink(home.folder(), &link).unwrap();
    let error = Store::open(&link, after(0), &Retention::default()).unwrap_err();
    assert!(matches!(error, StoreError::NotPlain { wanted: "a folder", .. }), "{error}");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = Home::new();
    fs::create_dir(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    Connection::open(home.file("store.db")).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::NotAStore { .. })));
    let theirs: i64 = Connection::open(home.file("store.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))
        .unwrap();
    assert_eq!(theirs, 1);
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let home = Home::new();
    home.make().await;
    Connection::open(home.file("store.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(error.to_string().contains("store version 99"), "{error}");
}

#[tokio::test]
async fn an_older_store_is_upgraded_after_a_backup() {
    let home = Home::new();
    fs::create_dir(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o700)).unwrap();
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute_batch(include_str!("../../../src/store/migrations/1_samples.sql")).unwrap();
    db.execute_batch(
        "PRAGMA user_version = 1; INSERT INTO targets VALUES (1, 'a'); INSERT INTO metrics VALUES (1, 'active')",
    )
    .unwrap();
    db.execute("INSERT INTO samples VALUES (1, ?1, ?2, ?2)", [START / 10_000, START]).unwrap();
    db.execute("INSERT INTO readings VALUES (1, ?1, 1, 42.0)", [START / 10_000]).unwrap();
    drop(db);
    fs::set_permissions(home.file("store.db"), Permissions::from_mode(0o600)).unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Migrated { backup }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert_eq!(values(&opened.store, ACTIVE).await, [(0, 42.0)]);
    let old: f64 = Connection::open(backup).unwrap().query_row("SELECT value FROM readings", [], |r| r.get(0)).unwrap();
    assert!((old - 42.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_put_aside() {
    let home = Home::new();
    home.make().await;
    fs::write(home.file("store.db"), "this was a database once, and now it is a shopping list".repeat(100)).unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Damaged { moved_to, rescued }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert_eq!(*rescued, 0);
    assert!(fs::read_to_string(moved_to).unwrap().contains("shopping list"));
    assert!(moved_to.file_name().unwrap().to_str().unwrap().starts_with("store-damaged-20260921-000000"));
    opened.store.set_preference("a", Some("b")).await.unwrap();
}

#[tokio::test]
async fn damage_inside_is_found_and_put_aside_at_the_next_start() {
    let home = Home::new();
    let store = home.open();
    let id = store.begin_conversation("x", None, after(0)).await.unwrap();
    for i in 0..50 {
        store.append(id, vec![entry(&format!("{i} {}", "x".repeat(3000)))]).await.unwrap();
    }
    store.check().await.unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(home.file("store.db")).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xA5);
    fs::write(home.file("store.db"), &bytes).unwrap();
    let store = home.open();
    let error = store.check().await.unwrap_err();
    assert!(error.to_string().contains("the next start puts it aside"), "{error}");
    store.close().await.unwrap();
    let opened = home.try_open().unwrap();
    let [Notice::Damaged { moved_to, rescued }] = &opened.notices[..] else { panic!("{:?}", opened.notices) };
    assert_eq!(fs::read(moved_to).unwrap().len(), bytes.len());
    // The conversation began before the damaged pages, so it and its first entries are there again.
    let (conversation, entries) = opened.store.conversation(id).await.unwrap();
    assert_eq!(conversation.name, "x");
    assert!((1..50).contains(&entries.len()), "{} entries", entries.len());
    assert!(entries.iter().all(|e| e.kind == "question"));
    assert_eq!(*rescued, 1 + entries.len());
    opened.store.close().await.unwrap();
    home.open().check().await.unwrap();
}
