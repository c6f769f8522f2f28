//! Tables and indexes: what a statement lacks, what is gone, what the planner believes, and what nobody needs.

use super::*;

registry::cures! {
    "sqlite", || true;
    an_index_that_a_statement_lacks_is_built_used_and_dropped_again,
    an_index_that_does_not_help_is_taken_back_by_itself,
    a_small_table_gets_no_index,
    a_table_that_is_gone_comes_back_as_it_was,
    statistics_that_are_far_off_are_read_anew,
    an_index_of_few_rows_says_nothing_about_the_table,
    indexes_go_round,
}

/// A table of a name and with columns that the dice choose, filled with so many rows; a statement that reads all of them,
/// and the columns that an index for it has.
fn searched(connection: &Connection, dice: &mut Dice, rows: u32) -> (String, String, Vec<String>) {
    let (table, columns) = (dice.table(), dice.columns(3));
    let [a, b, c] = &columns[..] else { unreachable!("three were asked for") };
    connection
        .execute_batch(&format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, {a} INT, {b} TEXT, {c} REAL);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO {table} SELECT i, i % 700, 'w' || i % 9, i * 0.5 FROM n;
             PRAGMA wal_checkpoint(TRUNCATE)"
        ))
        .unwrap();
    let (condition, wanted) = dice
        .pick(&[
            (format!("{a} = ? AND {b} = 'w3'"), vec![a, b]),
            (format!("{c} > 7.5 AND {a} = 12"), vec![a, c]),
            (format!("{a} IN (1, 2, 3)"), vec![a]),
            (format!("t.{c} BETWEEN 3 AND 4"), vec![c]),
        ])
        .clone();
    let statement = format!("SELECT * FROM {table} t WHERE {condition}");
    (table.clone(), statement, wanted.into_iter().cloned().collect())
}

async fn an_index_that_a_statement_lacks_is_built_used_and_dropped_again(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(10);
    let rows = dice.between(12_000, 40_000);
    let (table, statement, columns) = searched(&connection, &mut dice, rows);
    let bed = Bed::at(&url);
    let incident = || bed.incident("interrupted", Some("9"), Some(&statement));
    let found = bed.looked(1, Some(incident()), Vec::new()).await;
    assert_eq!(roots(&found), [Cause::MissingIndex], "{statement}: {:#?}", found.diagnosis);
    let build = plan(&found, "C3", &format!("index {table} ({})", columns.join(", ")));
    let done = bed.cured(build).await;
    let after = bed.looked(1, Some(incident()), Vec::new()).await;
    assert_ne!(verdict(&after, Cause::MissingIndex), Some(Verdict::Supported), "{:#?}", after.diagnosis);
    bed.undone(&done).await;
    let gone = Check::IndexGone(ObjectRef::new("", &table), format!("{table}_by_{}", columns.join("_")));
    assert_eq!(bed.answer(&gone).await.held, Some(true));
}

async fn an_index_that_does_not_help_is_taken_back_by_itself(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(10);
    let rows = dice.between(12_000, 20_000);
    let (table, statement, columns) = searched(&connection, &mut dice, rows);
    let bed = Bed::at(&url);
    let found = bed.looked(1, Some(bed.incident("interrupted", Some("9"), Some(&statement))), Vec::new()).await;
    let mut build = plan(&found, "C3", "index").clone();
    // Broken on purpose: it is to serve a statement that no index can serve.
    let index = format!("{table}_by_{}", columns.join("_"));
    let statement = format!("SELECT * FROM {table}");
    build.steps[0].verification.check = Check::PlanUses { statement, index: index.clone() };
    build.steps[0].verification.within_ms = 1_500;
    let ended = bed.carried_out(&build).await;
    assert_eq!(ended.stage, Stage::Undone, "{:?}", ended.happenings);
    let gone = Check::IndexGone(ObjectRef::new("", &table), index);
    assert_eq!(bed.answer(&gone).await.held, Some(true));
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'index'", [], |row| row.get(0)).unwrap();
    assert_eq!(objects, 0, "nothing is left behind");
}

async fn a_small_table_gets_no_index(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(10);
    let rows = dice.between(20, 900);
    let (_, statement, _) = searched(&connection, &mut dice, rows);
    let bed = Bed::at(&url);
    let incident = bed.incident("interrupted", Some("9"), Some(&statement));
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    assert_eq!(verdict(&found, Cause::MissingIndex), Some(Verdict::Refuted));
    assert!(found.plans.iter().filter(|plan| plan.procedure == "C3").all(|plan| !plan.can_be_proposed()));
}

async fn a_table_that_is_gone_comes_back_as_it_was(seed: u64) {
    let mut dice = Dice::new(seed);
    let gone = format!("bills_{}", dice.between(1, 99));
    let (_folder, url, connection) = shop(10);
    let bed = Bed::at(&url);
    let known = KnownDefinition {
        space: String::new(),
        name: gone.clone(),
        last_seen: Timestamp(1),
        statements: vec![
            format!(
                "CREATE TABLE {gone} (id INTEGER PRIMARY KEY, order_id INT REFERENCES orders(id), total REAL NOT NULL)"
            ),
            format!("CREATE INDEX {gone}_by_order ON {gone} (order_id)"),
        ],
        missing: Vec::new(),
    };
    let (text, statement) = (format!("no such table: {gone}"), format!("SELECT * FROM {gone}"));
    let incident = || bed.incident(&text, Some("1"), Some(&statement));
    let found = bed.looked(1, Some(incident()), vec![known.clone()]).await;
    assert_eq!(roots(&found).first(), Some(&Cause::MissingTable), "{:#?}", found.diagnosis);
    let again = plan(&found, "C1", "again");
    assert_eq!(again.steps.len(), 2);
    let done = bed.cured(again).await;
    bed.undone(&done).await;
    // Its twin: somebody renamed it.
    connection.execute_batch(&known.statements[0].replace(&gone, &format!("{gone}_old"))).unwrap();
    let found = bed.looked(1, Some(incident()), vec![known]).await;
    let again = plan(&found, "C1", "again");
    assert!(again.blocked.iter().any(|why| why.contains("renamed")), "{:?}", again.blocked);
    // A slip of the pen is answered by the right name.
    let incident = bed.incident("no such table: ordres", Some("1"), Some("SELECT * FROM ordres"));
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    plan(&found, "C1", "write orders in place of ordres");
}

async fn statistics_that_are_far_off_are_read_anew(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(100);
    // An index of a few rows only: what it counts is not what the table has, before and after.
    connection
        .execute_batch(
            "CREATE INDEX by_status ON orders (status); CREATE INDEX only_void ON orders (customer) WHERE status = 'void';
             ANALYZE",
        )
        .unwrap();
    let (last, void) = (dice.between(20_000, 50_000), dice.between(1, 900));
    connection
        .execute_batch(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
             INSERT INTO orders SELECT i, i, iif(i % 1000 < {void} AND i < 3000, 'void', 'paid'), '' FROM n"
        ))
        .unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::BadStatistics], "{:#?}", found.diagnosis);
    bed.cured(plan(&found, "C3", "statistics of orders")).await;
    let after = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&after), [], "{:#?}", after.diagnosis);
}

async fn an_index_of_few_rows_says_nothing_about_the_table(seed: u64) {
    let mut dice = Dice::new(seed);
    let (_folder, url, connection) = shop(dice.between(12_000, 40_000));
    let few = dice.between(2, 400);
    connection
        .execute_batch(&format!(
            "CREATE INDEX few ON orders (customer) WHERE id < {few};
             CREATE TABLE by_key (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
             INSERT INTO by_key SELECT 'key ' || id, id FROM orders;
             ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)"
        ))
        .unwrap();
    let bed = Bed::at(&url);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(verdict(&found, Cause::BadStatistics), Some(Verdict::Refuted), "{:#?}", found.diagnosis);
    assert!(found.plans.is_empty(), "{:#?}", found.plans);
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
