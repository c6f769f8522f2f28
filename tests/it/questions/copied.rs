//! Statements copied out of an engine's own client: its prompt and its ending are no part of them.

use dba_gpt::engine::by_name;

#[test]
fn what_the_own_client_adds_is_left_out() {
    for (engine, copied, statement) in [
        ("mysql", r"SHOW PROCESSLIST\G", "SHOW PROCESSLIST"),
        ("mysql", r"mysql> select 1 \g", "select 1"),
        ("mysql", "MariaDB [shop]> SHOW TABLES;", "SHOW TABLES;"),
        ("mysql", "select * from t where a> 5", "select * from t where a> 5"),
        ("postgres", r"shop=# select 1 \gx", "select 1"),
        ("postgres", "shop=> table orders", "table orders"),
        ("postgres", "a => b", "a => b"),
        ("sqlite", "sqlite> .tables", ".tables"),
        ("mongodb", "shop> db.orders.find()", "db.orders.find()"),
        ("mongodb", "rs0 [direct: primary] shop> show collections", "show collections"),
        ("mongodb", "> db.stats()", "db.stats()"),
        ("mongodb", "orders with total > 5", "orders with total > 5"),
        ("redis", "127.0.0.1:6379[2]> TTL a", "TTL a"),
        ("redis", "redis-cli --bigkeys", "--bigkeys"),
    ] {
        let dialect = by_name(engine).unwrap().dialect;
        assert_eq!(dialect.as_typed(copied), statement, "{engine}");
    }
}
