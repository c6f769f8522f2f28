//! SQLite, on files of the tests' own.

use super::*;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::{ObjectRef, Upkeep};
use rusqlite::Connection;

registry::cures! {
    "sqlite", || true;
    a_quiet_file_has_no_cause,
    a_writer_that_does_not_end_is_named,
    a_file_that_lets_nobody_in_gets_mode_wal_when_it_is_free_again,
    a_log_behind_an_old_reader_grows_and_is_taken_back_after_it,
    a_log_that_one_transaction_still_writes_is_left_alone,
    an_index_that_a_statement_lacks_is_built_used_and_dropped_again,
    a_small_table_gets_no_index,
    a_table_that_is_gone_comes_back_as_it_was,
    a_damaged_file_is_touched_by_nobody,
    free_pages_are_given_back,
    statistics_that_are_far_off_are_read_anew,
    indexes_go_round,
}

/// A file with a shop of so many orders.
fn shop(orders: u32) -> (tempfile::TempDir, String, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT, status TEXT, note TEXT);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
             INSERT INTO orders SELECT i, i % 500, CASE i % 3 WHEN 0 THEN 'open' ELSE 'paid' END, hex(randomblob(20)) FROM n;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
    let url = format!("sqlite:{}", path.display());
    (folder, url, connection)
}

async fn a_quiet_file_has_no_cause(_: u64) {
    let (_folder, url, connection) = shop(20_000);
    let bed = Bed::at(&url);
    connection.execute("UPDATE orders SET status = 'void' WHERE id = 1", []).unwrap();
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
    assert!(found.plans.is_empty(), "{:#?}", found.plans);
}

async fn a_writer_that_does_not_end_is_named(_: u64) {
    let (_folder, url, connection) = shop(10);
    let bed = Bed::at(&url);
    connection.execute_batch("BEGIN IMMEDIATE; UPDATE orders SET status = 'x'").unwrap();
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{:#?}", found.diagnosis);
    let about = found.diagnosis.of(Cause::WriterLock).unwrap().about.clone().unwrap();
    assert!(about.contains(&std::process::id().to_string()), "{about}");
    assert!(plan(&found, "C21", "finish").steps.is_empty(), "nobody's process is ended from here");
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(true));
}

async fn a_file_that_lets_nobody_in_gets_mode_wal_when_it_is_free_again(_: u64) {
    let (_folder, url, connection) = shop(10);
    connection.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let bed = Bed::at(&url);
    let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let incident = || bed.incident("database is locked", Some("5"), None);
    let found = bed.looked_by(&mut *session, 1, Some(incident()), Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{:#?}", found.diagnosis);
    connection.execute_batch("COMMIT").unwrap();
    session.close().await;
    drop(connection);
    let found = bed.looked(1, Some(incident()), Vec::new()).await;
    bed.cured(plan(&found, "C21", "wal")).await;
    assert_eq!(
        bed.answer(&Check::SettingIs { name: "journal_mode".into(), value: "wal".into() }).await.held,
        Some(true)
    );
}

async fn a_log_behind_an_old_reader_grows_and_is_taken_back_after_it(_: u64) {
    let (_folder, url, connection) = shop(20_000);
    let bed = Bed::at(&url);
    let reader = Connection::open(url.trim_start_matches("sqlite:")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM orders").unwrap();
    for round in 0..20 {
        connection.execute("UPDATE orders SET note = note || ?1", [round.to_string()]).unwrap();
    }
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WalGrowth], "{:#?}", found.diagnosis);
    let blocked = plan(&found, "C22", "log");
    assert!(blocked.blocked.iter().any(|why| why.contains("snapshot")), "{:?}", blocked.blocked);
    // Past the plan, the act itself changes nothing while the reader is there, and says so.
    let early = bed.act(FixKind::Maintain(Upkeep::Checkpoint, None)).await;
    assert_eq!(early.stage, Stage::NotRun, "{:?}", early.happenings);
    reader.execute_batch("COMMIT").unwrap();
    let mut free = blocked.clone();
    free.blocked.clear();
    bed.cured(&free).await;
    let log = format!("{}-wal", url.trim_start_matches("sqlite:"));
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0);
}

async fn a_log_that_one_transaction_still_writes_is_left_alone(_: u64) {
    let (_folder, url, connection) = shop(20_000);
    let bed = Bed::at(&url);
    connection.execute_batch("PRAGMA cache_size = 10; BEGIN IMMEDIATE").unwrap();
    for round in 0..20 {
        connection.execute("UPDATE orders SET note = note || ?1", [round.to_string()]).unwrap();
    }
    let found = bed.looked(2, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WriterLock], "{:#?}", found.diagnosis);
    assert_ne!(verdict(&found, Cause::WalGrowth), Some(Verdict::Supported));
    assert!(found.plans.iter().filter(|plan| plan.procedure == "C22").all(|plan| !plan.can_be_proposed()));
}

async fn an_index_that_a_statement_lacks_is_built_used_and_dropped_again(_: u64) {
    let (_folder, url, _connection) = shop(30_000);
    let bed = Bed::at(&url);
    let statement = "SELECT * FROM orders WHERE customer = ? AND status = 'open'";
    let incident = || bed.incident("interrupted", Some("9"), Some(statement));
    let found = bed.looked(1, Some(incident()), Vec::new()).await;
    assert!(roots(&found).contains(&Cause::MissingIndex), "{:#?}", found.diagnosis);
    let build = plan(&found, "C3", "index orders (customer, status)");
    let done = bed.cured(build).await;
    let after = bed.looked(1, Some(incident()), Vec::new()).await;
    assert_eq!(verdict(&after, Cause::MissingIndex), Some(Verdict::Refuted), "{:#?}", after.diagnosis);
    bed.undone(&done).await;
    let gone = Check::IndexGone(ObjectRef::new("", "orders"), "orders_by_customer_status".into());
    assert_eq!(bed.answer(&gone).await.held, Some(true));
}

async fn a_small_table_gets_no_index(_: u64) {
    let (_folder, url, _connection) = shop(200);
    let bed = Bed::at(&url);
    let incident = bed.incident("interrupted", Some("9"), Some("SELECT * FROM orders WHERE customer = 7"));
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    assert_eq!(verdict(&found, Cause::MissingIndex), Some(Verdict::Refuted));
    assert!(found.plans.iter().filter(|plan| plan.procedure == "C3").all(|plan| !plan.can_be_proposed()));
}

async fn a_table_that_is_gone_comes_back_as_it_was(_: u64) {
    let (_folder, url, connection) = shop(10);
    let bed = Bed::at(&url);
    let known = KnownDefinition {
        space: String::new(),
        name: "bills".into(),
        last_seen: Timestamp(1),
        statements: vec![
            "CREATE TABLE bills (id INTEGER PRIMARY KEY, order_id INT REFERENCES orders(id), total REAL NOT NULL)"
                .into(),
            "CREATE INDEX bills_by_order ON bills (order_id)".into(),
        ],
        missing: Vec::new(),
    };
    let incident = || bed.incident("no such table: bills", Some("1"), Some("SELECT * FROM bills"));
    let found = bed.looked(1, Some(incident()), vec![known.clone()]).await;
    assert_eq!(roots(&found).first(), Some(&Cause::MissingTable), "{:#?}", found.diagnosis);
    let again = plan(&found, "C1", "again");
    assert_eq!(again.steps.len(), 2);
    let done = bed.cured(again).await;
    bed.undone(&done).await;
    // Its twin: somebody renamed it.
    connection.execute_batch(&known.statements[0].replace("bills", "bills_2024")).unwrap();
    let found = bed.looked(1, Some(incident()), vec![known]).await;
    let again = plan(&found, "C1", "again");
    assert!(again.blocked.iter().any(|why| why.contains("renamed")), "{:?}", again.blocked);
    // A slip of the pen is answered by the right name.
    let incident = bed.incident("no such table: ordres", Some("1"), Some("SELECT * FROM ordres"));
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    plan(&found, "C1", "write orders in place of ordres");
}

async fn a_damaged_file_is_touched_by_nobody(_: u64) {
    let (_folder, url, connection) = shop(5_000);
    connection.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    let path = url.trim_start_matches("sqlite:");
    let mut bytes = std::fs::read(path).unwrap();
    let length = bytes.len();
    for at in (4096 * 5..length).step_by(4096).take(20) {
        bytes[at..at + 200].fill(0xff);
    }
    std::fs::write(path, bytes).unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::Corruption], "{:#?}", found.diagnosis);
    let save = plan(&found, "C21b", "copies");
    assert!(save.steps.is_empty() && save.advice.len() > 5);
    assert!(found.plans.iter().all(|plan| plan.steps.is_empty()), "{:#?}", found.plans);
    assert_eq!(bed.answer(&Check::Intact).await.held, Some(false));
}

async fn free_pages_are_given_back(_: u64) {
    let (_folder, url, connection) = shop(10);
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE bulk (x BLOB);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO bulk SELECT randomblob(4000) FROM n; DELETE FROM bulk; PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::Bloat], "{:#?}", found.diagnosis);
    let mut back = plan(&found, "C7", "give free pages back").clone();
    // The file shrinks with the checkpoint that follows; how many pages it has is known at once.
    back.steps[0].verification.within_ms = 5_000;
    bed.cured(&back).await;
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert_eq!(free, 0);
}

async fn statistics_that_are_far_off_are_read_anew(_: u64) {
    let (_folder, url, connection) = shop(100);
    connection.execute_batch("CREATE INDEX by_status ON orders (status); ANALYZE").unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
             INSERT INTO orders SELECT i, i, 'paid', '' FROM n",
        )
        .unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::BadStatistics], "{:#?}", found.diagnosis);
    let done = bed.carried_out(plan(&found, "C3", "statistics of orders")).await;
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    let after = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&after), [], "{:#?}", after.diagnosis);
}

async fn indexes_go_round(_: u64) {
    let (_folder, url, connection) = shop(100);
    connection
        .execute_batch(
            "CREATE INDEX a ON orders (customer); CREATE INDEX b ON orders (status); CREATE INDEX c ON orders (note);
             CREATE INDEX aa ON orders (customer, status); CREATE INDEX bb ON orders (status, note);
             CREATE INDEX cc ON orders (note, customer)",
        )
        .unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::RedundantIndexes], "{:#?}", found.diagnosis);
    let done = bed.cured(plan(&found, "C3", "drop the index a")).await;
    bed.undone(&done).await;
    assert_eq!(bed.answer(&Check::IndexUsable(ObjectRef::new("", "orders"), "a".into())).await.held, Some(true));
    let rebuilt = bed.act(FixKind::RebuildIndex { table: ObjectRef::new("", "orders"), name: "a".into() }).await;
    assert_eq!(rebuilt.stage, Stage::Done, "{:?}", rebuilt.happenings);
    let missing = bed.offered(FixKind::DropIndex { table: ObjectRef::new("", "orders"), name: "nothing".into() }).await;
    assert!(missing.is_err());
}
