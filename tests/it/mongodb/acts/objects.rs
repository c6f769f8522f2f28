//! Collections and indexes: on the engine behind the bridge where it has the command, else on the scripted server.

use super::*;
use bson::{Bson, Document, doc};

async fn index_names(database: &::mongodb::Database) -> Vec<String> {
    database.collection::<Document>("orders").list_index_names().await.unwrap()
}

#[test]
fn indexes_are_made_dropped_and_made_again() {
    on_engine("dba_gpt_acts_index", |url, database| async move {
        database.collection::<Document>("orders").insert_one(doc! { "_id": 1, "a": 1 }).await.unwrap();
        let mut session = connect(&url).await;
        let make = typed("db.orders.createIndex({a: 1, b: -1}, {unique: true, name: 'ab'})");
        let (acted, made) = carry_out(&mut *session, &make).await;
        acted.unwrap();
        assert_eq!(made.inverse, [r#"{"dropIndexes": "orders", "index": "ab"}"#]);
        assert!(index_names(&database).await.contains(&"ab".to_owned()));
        let again = survey(&mut *session, &make).await;
        assert!(again.is_err_and(|why| why.to_string().contains("has an index ab already")));
        let before = database.run_command(doc! { "listIndexes": "orders", "cursor": {} }).await.unwrap();
        for text in ["db.orders.dropIndex('ab')", "db.orders.dropIndex({a: 1, b: -1})", "db.orders.dropIndexes(['ab'])"]
        {
            let (acted, dropped) = carry_out(&mut *session, &typed(text)).await;
            acted.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(index_names(&database).await, ["_id_"], "{text}");
            undo(&mut *session, &dropped).await;
            let after = database.run_command(doc! { "listIndexes": "orders", "cursor": {} }).await.unwrap();
            assert_eq!(after.get_document("cursor").unwrap(), before.get_document("cursor").unwrap(), "{text}");
        }
        let gone = survey(&mut *session, &typed("db.orders.dropIndex('none')")).await;
        assert!(gone.is_err_and(|why| why.to_string().contains("no such index")));
        undo(&mut *session, &made).await;
        assert_eq!(index_names(&database).await, ["_id_"]);
    });
}

#[test]
fn an_index_that_cannot_be_built_leaves_nothing() {
    on_engine("dba_gpt_acts_unique", |url, database| async move {
        let orders = database.collection::<Document>("orders");
        orders.insert_many([doc! { "_id": 1, "a": 1 }, doc! { "_id": 2, "a": 1 }]).await.unwrap();
        let mut session = connect(&url).await;
        let (acted, _) = carry_out(&mut *session, &typed("db.orders.createIndex({a: 1}, {unique: true})")).await;
        assert!(matches!(acted, Err(ActError::NotDone(_))), "{acted:?}");
        assert_eq!(index_names(&database).await, ["_id_"]);
    });
}

#[test]
fn a_collection_is_created_and_dropped() {
    on_engine("dba_gpt_acts_create", |url, database| async move {
        let mut session = connect(&url).await;
        let (acted, created) = carry_out(&mut *session, &typed("db.createCollection('orders')")).await;
        acted.unwrap();
        assert_eq!(database.list_collection_names().await.unwrap(), ["orders"]);
        let again = survey(&mut *session, &typed("{create: 'orders'}")).await;
        assert!(again.is_err_and(|why| why.to_string().contains("exists already")));
        undo(&mut *session, &created).await;
        assert!(database.list_collection_names().await.unwrap().is_empty());
        database.create_collection("orders").await.unwrap();
        let found = survey(&mut *session, &typed("db.orders.drop()")).await.unwrap();
        assert!(matches!(&found.inverse, Inverse::None(why) if why.contains("backup")));
    });
}

#[test]
fn what_is_modified_goes_back_to_what_it_was() {
    run(async {
        let mongo = Mongo::start("primary");
        mongo.answer("collMod", doc! {});
        mongo.answer("renameCollection", doc! {});
        mongo.answer(
            "listIndexes sessions",
            vec![
                Bson::Document(doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" }),
                Bson::Document(doc! { "v": 2, "key": { "seen": 1 }, "name": "seen_1", "expireAfterSeconds": 86_400 }),
            ],
        );
        let mut session = connect(&mongo.url("shop")).await;
        for (text, wanted) in [
            (
                "db.sessions.hideIndex('seen_1')",
                r#"{"collMod": "sessions", "index": {"name": "seen_1", "hidden": false}}"#,
            ),
            (
                "{collMod: 'sessions', index: {keyPattern: {seen: 1}, expireAfterSeconds: 60}}",
                r#"{"collMod": "sessions", "index": {"keyPattern": {"seen": 1}, "expireAfterSeconds": 86400}}"#,
            ),
            (
                "{collMod: 'users', validator: {}, validationLevel: 'off'}",
                r#"{"collMod": "users", "validator": {"$jsonSchema": {"required": ["email"]}}, "validationLevel": "strict"}"#,
            ),
            (
                "{renameCollection: 'shop.sessions', to: 'shop.visits'}",
                r#"db.getSiblingDB("admin").runCommand({"renameCollection": "shop.visits", "to": "shop.sessions"})"#,
            ),
        ] {
            let (acted, notebook) = carry_out(&mut *session, &typed(text)).await;
            acted.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(notebook.inverse, [wanted], "{text}");
        }
        let sent = mongo.requests_of("collMod").remove(0);
        assert_eq!(sent.get_document("writeConcern").unwrap().get_str("w").unwrap(), "majority");
        assert!(sent.get_str("comment").unwrap().starts_with("dba-gpt fix-7 "));
    });
}
