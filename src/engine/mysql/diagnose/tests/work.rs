//! What the server works on, and the indexes that it lacks or has too many of.

use super::written::{Server, Who, kinds};
use crate::domain::diagnosis::Cause;
use crate::domain::procedure::{Check, OnFailure};
use crate::domain::proposal::kind::{FixKind, ObjectRef};

const SCAN: &str = "SELECT * FROM orders WHERE customer_id = 7";
const ASKED: &str = "SELECT * FROM shop.orders WHERE customer_id = 7";
const PRIMARY: (&str, bool, &[&str]) = ("PRIMARY", true, &["id"]);

fn busy(statement: &'static str, sessions: i64) -> Server {
    let list: Vec<Who> = (1..=sessions).map(|id| Who::works(id, 1, statement)).collect();
    Server::mariadb().sessions(&list, &[])
}

#[test]
fn a_scan_for_few_rows_lacks_an_index() {
    let server = busy(SCAN, 2)
        .table(&["id", "customer_id", "note"], &[PRIMARY])
        .plan(ASKED, &[("SIMPLE", "orders", "ALL", "200000", "Using where")]);
    assert_eq!(server.roots(), [Cause::MissingIndex]);
    let plan = &server.plans("C3")[0];
    let wanted = FixKind::CreateIndex {
        table: ObjectRef::new("shop", "orders"),
        name: "idx_orders_customer_id".into(),
        columns: vec!["customer_id".into()],
    };
    assert!(plan.can_be_proposed() && kinds(plan) == [&wanted], "{plan:?}");
    let step = &plan.steps[0];
    assert_eq!(step.on_failure, OnFailure::RollBack);
    assert!(
        matches!(&step.verification.check, Check::All(all) if all.iter().any(|c| matches!(c, Check::PlanUses { .. })))
    );
}

#[test]
fn no_index_is_missing_where_one_fits_or_the_table_is_being_changed() {
    let covered = busy(SCAN, 2)
        .table(&["id", "customer_id"], &[PRIMARY, ("k", false, &["customer_id", "id"])])
        .plan(ASKED, &[("SIMPLE", "orders", "ref", "3", "")]);
    assert!(covered.roots().is_empty() && covered.plans("C3").is_empty(), "{:?}", covered.roots());
    let list = [
        Who::works(1, 1, SCAN),
        Who::works(2, 1, SCAN),
        Who::works(3, 60, "ALTER TABLE orders ADD INDEX k (customer_id)"),
    ];
    let built = Server::mariadb()
        .sessions(&list, &[])
        .table(&["id", "customer_id"], &[PRIMARY])
        .plan(ASKED, &[("SIMPLE", "orders", "ALL", "200000", "Using where")]);
    assert!(built.plans("C3").iter().all(|plan| !plan.can_be_proposed()), "{:?}", built.plans("C3"));
}

#[test]
fn subqueries_and_joins_are_told_from_scans() {
    const NESTED: &str =
        "SELECT * FROM orders o WHERE o.total > (SELECT AVG(i.total) FROM orders i WHERE i.kind < o.kind)";
    const NESTED_ASKED: &str =
        "SELECT * FROM shop.orders o WHERE o.total > (SELECT AVG(i.total) FROM shop.orders i WHERE i.kind < o.kind)";
    let server = busy(NESTED, 3).table(&["id", "total", "kind"], &[PRIMARY]).plan(
        NESTED_ASKED,
        &[("PRIMARY", "o", "ALL", "5000", "Using where"), ("DEPENDENT SUBQUERY", "i", "ALL", "5000", "Using where")],
    );
    assert_eq!(server.roots(), [Cause::CorrelatedSubquery]);
    const JOIN: &str = "SELECT COUNT(*) FROM orders a JOIN orders b ON a.total = b.kind";
    const JOIN_ASKED: &str = "SELECT COUNT(*) FROM shop.orders a JOIN shop.orders b ON a.total = b.kind";
    let server = busy(JOIN, 3).table(&["id", "total", "kind"], &[PRIMARY]).plan(
        JOIN_ASKED,
        &[
            ("SIMPLE", "a", "ALL", "9000", ""),
            ("SIMPLE", "b", "ALL", "9000", "Using where; Using join buffer (flat, BNL join)"),
        ],
    );
    assert_eq!(server.roots(), [Cause::PoorJoin]);
    assert!(server.plans("C3").iter().any(crate::domain::procedure::Plan::can_be_proposed));
}

#[test]
fn writers_are_told_by_what_they_write() {
    let mut inserts = busy("INSERT INTO orders (note) VALUES ('x')", 4);
    inserts.counters(&[("Innodb_rows_inserted", 0, 60_000), ("Com_insert", 0, 60_000), ("Innodb_rows_updated", 0, 10)]);
    assert_eq!(inserts.roots(), [Cause::HeavyInserts]);
    let mut commits = busy("UPDATE orders SET note = 'x' WHERE id = 7", 6);
    commits.counters(&[("Com_commit", 0, 20_000), ("Com_update", 0, 20_000), ("Innodb_rows_updated", 0, 20_000)]);
    assert_eq!(commits.roots(), [Cause::HeavyCommits]);
    let few = busy("INSERT INTO orders (note) VALUES ('x')", 1);
    assert!(few.roots().is_empty());
}

#[test]
fn a_pool_that_plain_reads_miss_is_too_small_and_a_full_one_that_is_hit_is_not() {
    let pool = |from_disk: i64| {
        let mut server = busy("SELECT note FROM orders WHERE id = 7", 6);
        server.counters(&[
            ("Innodb_buffer_pool_reads", 0, from_disk),
            ("Innodb_buffer_pool_read_requests", 0, 400_000),
            ("Innodb_buffer_pool_pages_free", 10, 10),
            ("Innodb_buffer_pool_pages_total", 8_000, 8_000),
        ]);
        server.roots()
    };
    assert_eq!(pool(90_000), [Cause::SmallBufferPool], "the work follows from it");
    assert!(!pool(90).contains(&Cause::SmallBufferPool));
}

#[test]
fn spare_indexes_go_and_those_that_serve_stay() {
    let indexes: &[(&str, bool, &[&str])] = &[
        PRIMARY,
        ("a1", false, &["a"]),
        ("a2", false, &["a"]),
        ("ab", false, &["a", "b"]),
        ("b1", false, &["b"]),
        ("u", true, &["b", "a"]),
        ("only", false, &["c"]),
    ];
    let mut server = busy("INSERT INTO orders (a) VALUES (1)", 4).table(&["id", "a", "b", "c"], indexes);
    server.counters(&[("Innodb_rows_inserted", 0, 60_000), ("Com_insert", 0, 60_000)]);
    assert_eq!(server.roots(), [Cause::RedundantIndexes]);
    let plan = &server.plans("MY27")[0];
    let dropped: Vec<&str> = kinds(plan)
        .into_iter()
        .filter_map(|kind| match kind {
            FixKind::DropIndex { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(dropped, ["a1", "a2", "b1"], "rules, the last of its kind and the longest stay");
}
