//! What is forgotten, and what happens when there is no room.

use super::*;

/// Fills a store with readings, means and sessions of some days, as the recorder would.
fn fill(home: &Home, target: i64, days: i64) {
    let db = Connection::open(home.file("store.db")).unwrap();
    db.execute_batch(&format!(
        "BEGIN;
         INSERT OR IGNORE INTO targets VALUES ({target}, 'target {target}');
         INSERT OR IGNORE INTO metrics VALUES (1, 'active');
         INSERT OR IGNORE INTO texts VALUES (1, x'00', {day}, 'old'), (2, x'01', {day} + {days}, 'young');
         CREATE TEMP TABLE slots AS WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 6 FROM n WHERE i < {last})
             SELECT i AS slot FROM n;
         INSERT INTO samples SELECT {target}, slot, slot * 10000, slot * 10000 FROM slots;
         INSERT INTO readings SELECT {target}, slot, 1, slot FROM slots;
         INSERT INTO sessions SELECT {target}, slot, 1, 1, 1, 1, 1, 1, 1, 1, 'active', '', NULL, NULL, NULL, 0 FROM slots;
         INSERT INTO means SELECT {target}, slot / 30, 1, avg(slot), count(*) FROM slots
             WHERE slot < {last} - 8640 GROUP BY slot / 30;
         COMMIT;",
        day = START / DAY,
        first = START / 10_000,
        last = (START + days * DAY) / 10_000,
    ))
    .unwrap();
}

async fn prune_all(store: &Store, now: Timestamp) -> (usize, usize) {
    let (mut rows, mut steps) = (0, 0);
    loop {
        let pruned = store.prune(now).await.unwrap();
        rows += pruned.rows;
        steps += 1;
        assert!(pruned.rows < 10_000, "one step took {} rows", pruned.rows);
        assert!(steps < 10_000, "it never ends");
        if !pruned.more {
            return (rows, steps);
        }
    }
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_in_small_steps_and_means_outlive_readings() {
    let home = Home::new();
    let store = home.open();
    fill(&home, 1, 40);
    fill(&home, 2, 1);
    let now = after(40 * DAY);
    let (rows, steps) = prune_all(&store, now).await;
    assert!(steps > 10, "{steps} steps for {rows} rows");
    let db = Connection::open(home.file("store.db")).unwrap();
    let oldest = |table: &str, time: &str, unit: i64| -> i64 {
        let query = format!("SELECT min({time}) FROM {table} WHERE target = 1");
        (now.0 - db.query_row(&query, [], |r| r.get::<_, i64>(0)).unwrap() * unit) / HOUR
    };
    assert_eq!(oldest("readings", "slot", 10_000), 48);
    assert_eq!(oldest("sessions", "slot", 10_000), 7 * 24);
    assert_eq!(oldest("samples", "slot", 10_000), 7 * 24);
    assert_eq!(oldest("means", "bucket", 300_000), 35 * 24);
    let count = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table} WHERE target = 2"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!((count("readings"), count("samples"), count("sessions"), count("means")), (0, 0, 0, 0));
    let texts: Vec<String> = db
        .prepare("SELECT text FROM texts")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(texts, ["young"]);
    // Readings without means got them before they went: none of the last 35 days is missing.
    let buckets: i64 = db.query_row("SELECT count(*) FROM means WHERE target = 1", [], |r| r.get(0)).unwrap();
    let until = (now.0 - 48 * HOUR) / 300_000;
    assert!(buckets >= until - (now.0 - 35 * DAY) / 300_000, "{buckets} buckets");
    assert_eq!(prune_all(&store, now).await, (0, 1));
}

#[tokio::test]
async fn a_store_that_grows_too_large_forgets_before_its_time() {
    let home = Home::new();
    home.make().await;
    fill(&home, 1, 2);
    let size = fs::metadata(home.file("store.db")).unwrap().len()
        + fs::metadata(home.file("store.db-wal")).map_or(0, |m| m.len());
    let retention = Retention { max_bytes: i64::try_from(size).unwrap(), ..Retention::default() };
    let store = Store::open(&home.folder(), after(0), &retention).unwrap().store;
    let now = after(2 * DAY);
    prune_all(&store, now).await;
    let db = Connection::open(home.file("store.db")).unwrap();
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |r| r.get::<_, i64>(0)).unwrap();
    let used = (number("page_count") - number("freelist_count")) * number("page_size");
    assert!(used <= retention.max_bytes * 3 / 4, "{used} of {} bytes", retention.max_bytes);
    let newest: i64 = db.query_row("SELECT max(slot) FROM readings", [], |r| r.get(0)).unwrap();
    assert!(newest * 10_000 >= now.0 - HOUR, "the last hour stays");
}

#[tokio::test]
async fn a_full_disk_is_said_and_overcome() {
    let home = Home::new();
    let retention = Retention { max_bytes: 256 << 10, ..Retention::default() };
    let store = Store::open(&home.folder(), after(0), &retention).unwrap().store;
    let id = store.begin_conversation("long", None, after(0)).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.append(id, vec![entry(&"x".repeat(10_000))]).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the limit does not hold");
    };
    assert_eq!(error, StoreError::Full { operation: "keep the conversation" });
    assert_eq!(store.conversation(id).await.unwrap().1.len(), kept);
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0)])).await;
    store.delete_conversation(id).await.unwrap();
    store.begin_conversation("short", None, after(0)).await.unwrap();
    store.flush().await.unwrap();
    store.check().await.unwrap();
}
