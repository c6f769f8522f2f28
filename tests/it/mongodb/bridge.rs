//! What a query really gives: the DocumentDB engine behind the bridge, where `scripts/servers` could have it.

use super::support::*;
use bson::doc;
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::engine::mongodb;
use std::future::Future;

/// Runs a test on the engine, in a database of its own that is dropped before and after. Prints the skip otherwise.
fn on_engine<F: Future<Output = ()>>(name: &str, test: impl FnOnce(String, ::mongodb::Database) -> F) {
    let Ok(url) = std::env::var("DBA_GPT_TEST_MONGO") else {
        eprintln!("SKIPPED: no DocumentDB engine; scripts/servers says why");
        return;
    };
    run(async {
        let (server, _) = url.rsplit_once('/').unwrap();
        let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
        let database = client.database(name);
        database.drop().await.unwrap();
        test(format!("{server}/{name}"), database.clone()).await;
        database.drop().await.unwrap();
    });
}

#[test]
fn queries_give_what_the_engine_says() {
    on_engine("dba_gpt_read", |url, database| async move {
        let orders = database.collection::<bson::Document>("orders");
        let documents =
            (0..500_i32).map(|i| doc! { "_id": i, "n": i, "g": i % 7, "tags": ["a", format!("t{}", i % 3)] });
        orders.insert_many(documents).await.unwrap();
        let mut session = connect(&url).await;
        let limits = Limits::default();
        let found = read(&mut *session, "db.orders.find({n: {$gte: 490}}).sort({n: -1})", limits).await.unwrap();
        assert_eq!(found.rows.len(), 10);
        assert_eq!(found.get(&found.rows[0], "n"), &Value::Int(499));
        let grouped = read(
            &mut *session,
            "db.orders.aggregate([{$match: {n: {$lt: 70}}}, {$group: {_id: '$g', c: {$sum: 1}}}, {$sort: {_id: 1}}])",
            limits,
        )
        .await
        .unwrap();
        assert_eq!(grouped.rows.len(), 7);
        assert!(texts(&grouped, "c").iter().all(|count| count == "10"));
        let count = read(&mut *session, "db.orders.countDocuments({g: 0})", limits).await.unwrap();
        assert_eq!(count.rows[0][0].int(), Some(72));
        let all = read(&mut *session, "db.orders.find()", Limits { rows: 400, ..limits }).await.unwrap();
        assert!(all.rows.len() == 400 && all.truncated.is_some());
    });
}

#[test]
fn the_schema_and_a_sample_come_from_the_engine() {
    on_engine("dba_gpt_schema", |url, database| async move {
        let users = database.collection::<bson::Document>("users");
        users.insert_many((0..20_i32).map(|i| doc! { "_id": i, "email": format!("u{i}@shop.example") })).await.unwrap();
        let orders = database.collection::<bson::Document>("orders");
        orders
            .insert_many(
                (0..200_i32).map(|i| doc! { "_id": i, "user_id": i % 20, "lines": [{ "sku": "x", "qty": i }] }),
            )
            .await
            .unwrap();
        orders.create_index(::mongodb::IndexModel::builder().keys(doc! { "user_id": 1 }).build()).await.unwrap();
        let mut session = connect(&url).await;
        let (schema, _) = (mongodb::SPEC.schema)(&mut *session).await.unwrap();
        let orders = schema.table("orders").unwrap();
        let fields: Vec<&str> = orders.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(fields, ["_id", "user_id", "lines", "lines.sku", "lines.qty"]);
        assert!(orders.indexes.iter().any(|index| index.columns == ["user_id"]), "{:?}", orders.indexes);
        assert_eq!(orders.foreign_keys.first().map(|key| key.to_table.as_str()), Some("users"));
        let sample = (mongodb::SPEC.sample)(&mut *session, 0).await.unwrap();
        assert!(sample.readings.contains_key(&dba_gpt::domain::metric::CONNECTIONS), "{sample:?}");
        for name in ["collections", "indexes", "databases", "top", "operations"] {
            view(&mut *session, name).await;
        }
    });
}
