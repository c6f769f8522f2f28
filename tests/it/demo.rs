//! The embedded shop: what is in it, what is missing on purpose, when it is made anew, and its workload.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use dba_gpt::demo::{self, Created, DemoError, Workload};
use dba_gpt::domain::target::Timestamp;
use rusqlite::Connection;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// 2026-06-21 00:00:00 UTC.
const NOW: Timestamp = Timestamp(1_782_000_000_000);

/// A copy of the shop in a folder. The original is made once and kept with the build, because making it takes a while
/// without optimisation; the test of its contents makes one for itself.
pub fn shop_in(folder: &Path) -> PathBuf {
    let original = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop.db");
    demo::ensure(&original, NOW, &mut |_| {}).unwrap();
    let path = folder.join("shop.db");
    std::fs::copy(&original, &path).unwrap();
    path
}

fn make(path: &Path) -> Created {
    demo::ensure(path, NOW, &mut |_| {}).unwrap()
}

fn number(shop: &Connection, sql: &str) -> i64 {
    shop.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn text(shop: &Connection, sql: &str) -> String {
    shop.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn the_shop_is_whole_believable_and_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let mut heard = Vec::new();
    assert_eq!(demo::ensure(&path, NOW, &mut |percent| heard.push(percent)).unwrap(), Created::Made);
    assert!(heard.is_sorted() && heard.len() > 10 && heard.last() == Some(&100), "{heard:?}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".new")), "{names:?}");

    let shop = Connection::open(&path).unwrap();
    let count = |table: &str| number(&shop, &format!("SELECT count(*) FROM {table}"));
    assert_eq!(
        (count("customers"), count("products"), count("orders"), count("payments")),
        (12_000, 1_200, 60_000, 60_000)
    );
    assert!((145_000..160_000).contains(&count("order_items")), "{}", count("order_items"));
    assert!(count("employees") >= 100 && count("reviews") >= 10_000 && count("addresses") > 12_000);

    assert_eq!(text(&shop, "PRAGMA integrity_check"), "ok");
    assert_eq!(number(&shop, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(text(&shop, "PRAGMA journal_mode"), "wal");
    // Nothing happens before its cause or after the end.
    for wrong in [
        "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.ordered_at < c.created_at",
        "SELECT count(*) FROM orders WHERE shipped_at < ordered_at OR ordered_at > '2026-06-21 00:00:00' OR shipped_at > '2026-06-21 00:00:00'",
        "SELECT count(*) FROM orders WHERE (shipped_at IS NULL) = (status IN ('shipped', 'delivered', 'returned'))",
        "SELECT count(*) FROM orders o WHERE abs(total - (SELECT sum(quantity * unit_price) FROM order_items WHERE order_id = o.id)) > 0.005",
        "SELECT count(*) FROM orders WHERE status = 'delivered' AND ordered_at > '2026-06-20'",
        "SELECT count(*) FROM employees WHERE id > 1 AND (manager_id IS NULL OR manager_id >= id)",
    ] {
        assert_eq!(number(&shop, wrong), 0, "{wrong}");
    }
    assert_eq!(text(&shop, "SELECT substr(min(ordered_at), 1, 7) FROM orders"), "2024-06");
    assert_eq!(number(&shop, "SELECT count(DISTINCT date(ordered_at)) FROM orders WHERE ordered_at > '2026-06-14'"), 7);
    assert!(number(&shop, "SELECT count(*) FROM open_orders") > 100);
    assert_eq!(number(&shop, "SELECT count(*) FROM monthly_sales"), 25);
    // The same numbers on every machine: changing the generator is a new version of the shop.
    assert_eq!(demo::VERSION, 1);
    let fingerprint = "SELECT printf('%.2f', sum(total)) || ' ' || sum(customer_id) FROM orders";
    assert_eq!(text(&shop, fingerprint), "18482763.30 201289940");
}

#[test]
fn one_index_is_missing_and_one_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Connection::open(shop_in(folder.path())).unwrap();
    let query = "SELECT t.name || '.' || f.\"from\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
                 WHERE t.type = 'table' AND NOT EXISTS (
                   SELECT 1 FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i
                   WHERE i.seqno = 0 AND i.name = f.\"from\")";
    let mut statement = shop.prepare(query).unwrap();
    let missing: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(missing, ["order_items.product_id"]);
    let twice = number(
        &shop,
        "SELECT count(*) FROM (
           SELECT m.tbl_name, (SELECT group_concat(name) FROM pragma_index_info(m.name)) AS columns
           FROM sqlite_schema m WHERE m.type = 'index' GROUP BY 1, 2 HAVING count(*) > 1)",
    );
    assert_eq!(twice, 1);
    assert!(number(&shop, "SELECT count(*) FROM sqlite_stat1") > 10, "the planner has its statistics");
}

#[test]
fn a_good_shop_is_kept_and_an_old_one_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop_in(folder.path());
    let made = std::fs::metadata(&path).unwrap().ino();
    let ino = || std::fs::metadata(&path).unwrap().ino();
    assert_eq!(make(&path), Created::Kept);
    assert_eq!(ino(), made);

    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 0").unwrap();
    {
        let _reader = open_and_read(&path);
        assert_eq!(make(&path), Created::Kept, "somebody has it open");
        assert_eq!(ino(), made);
    }
    assert_eq!(make(&path), Created::Made);
    assert_ne!(ino(), made);
    let shop = Connection::open(&path).unwrap();
    assert_eq!(number(&shop, "PRAGMA user_version"), i64::from(demo::VERSION));
    drop(shop);

    let next_month = NOW.plus_ms(30 * 86_400_000);
    assert_eq!(demo::ensure(&path, next_month, &mut |_| {}).unwrap(), Created::Made, "its last week is long ago");
    let shop = Connection::open(&path).unwrap();
    assert!(text(&shop, "SELECT max(ordered_at) FROM orders").as_str() > "2026-07-19");
}

/// A connection that has the file open, as a second program would.
fn open_and_read(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    number(&connection, "SELECT count(*) FROM customers");
    connection
}

#[test]
fn a_strangers_file_is_never_replaced_and_a_draft_never_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE precious(a)").unwrap();
    assert!(matches!(demo::ensure(&path, NOW, &mut |_| {}), Err(DemoError::NotOurs(_))));
    assert_eq!(number(&Connection::open(&path).unwrap(), "SELECT count(*) FROM precious"), 0);

    std::fs::write(&path, "a letter, not a shop").unwrap();
    assert!(matches!(demo::ensure(&path, NOW, &mut |_| {}), Err(DemoError::NotOurs(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a letter, not a shop");

    // What an interrupted try left behind, and the log of a shop that is gone.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("shop.db.new"), "half a shop").unwrap();
    std::fs::write(folder.path().join("shop.db-wal"), "an old log").unwrap();
    assert_eq!(make(&path), Created::Made);
    assert_eq!(text(&Connection::open(&path).unwrap(), "PRAGMA quick_check"), "ok");
    assert!(!folder.path().join("shop.db.new").exists());
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = demo::ensure(&folder.path().join("no/shop.db"), NOW, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("no/shop.db"), "{error}");
}

#[test]
fn the_workload_lives_and_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop_in(folder.path());
    let shop = Connection::open(&path).unwrap();
    let version = number(&shop, "PRAGMA data_version");
    let workload = Workload::start(&path).unwrap();
    let started = Instant::now();
    while number(&shop, "PRAGMA data_version") == version {
        assert!(started.elapsed() < Duration::from_secs(20), "nothing happened");
        std::thread::yield_now();
    }
    let ending = Instant::now();
    drop(workload);
    assert!(ending.elapsed() < Duration::from_secs(1), "took {:?}", ending.elapsed());
    let version = number(&shop, "PRAGMA data_version");
    assert_eq!(number(&shop, "PRAGMA data_version"), version);
    assert_eq!(number(&shop, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}
