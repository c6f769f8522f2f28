//! The schema on the scripted server: collections, inferred fields, indexes, references.

use super::support::*;
use dba_gpt::domain::schema::{ColumnKind, Schema, TableKind};
use dba_gpt::engine::mongodb;

async fn schema(server: &Mongo) -> Schema {
    let mut session = connect(&server.url("shop")).await;
    (mongodb::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}")).0
}

#[test]
fn collections_have_inferred_fields_sizes_and_indexes() {
    run(async {
        let server = Mongo::start("standalone");
        let schema = schema(&server).await;
        let names: Vec<&str> = schema.tables.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["open_orders", "orders", "sessions", "users"]);
        assert!(schema.engine_words.contains(&"mongodb".to_owned()) && schema.cut_at.is_none());

        let orders = schema.table("orders").unwrap();
        let fields: Vec<String> = orders.columns.iter().map(|c| format!("{} {}", c.name, c.type_name)).collect();
        assert_eq!(
            fields,
            [
                "_id objectId",
                "status string",
                "user_id int",
                "total decimal|int",
                "at date",
                "items array<object>",
                "items.sku string",
                "items.qty int",
                "address object",
                "address.city string",
                "address.zip string",
                "note string",
            ]
        );
        let total = orders.column("total").unwrap();
        assert_eq!((total.kind, total.nullable), (ColumnKind::Number, false));
        assert_eq!(orders.column("note").unwrap().comment.as_deref(), Some("in 1 of 3 documents looked at"));
        assert_eq!((orders.row_estimate, orders.bytes), (Some(10_000.0), Some(1_572_864)));
        assert_eq!(orders.indexes[1].columns, ["status", "at desc"]);
        assert_eq!(orders.primary_key, ["_id"]);

        let view = schema.table("open_orders").unwrap();
        assert_eq!((view.kind, view.comment.as_deref()), (TableKind::View, Some("view on orders")));
        let sessions = schema.table("sessions").unwrap();
        assert_eq!(sessions.comment.as_deref(), Some("documents are deleted 1d 0h after seen"));
        assert!(schema.table("users").unwrap().comment.as_deref().is_some_and(|c| c.contains("validator")));
    });
}

#[test]
fn references_are_taken_only_when_names_types_and_values_agree() {
    run(async {
        let server = Mongo::start("standalone");
        let keys = schema(&server).await.table("orders").unwrap().foreign_keys.clone();
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].columns[0].as_str(), keys[0].to_table.as_str()), ("user_id", "users"));
        assert!(keys[0].name.contains("inferred"));

        // The values are not there.
        server.answer("find users", vec![bson::Bson::Document(bson::doc! { "_id": 1, "email": "a" })]);
        assert!(schema(&server).await.table("orders").unwrap().foreign_keys.is_empty());
        // The types differ.
        server.answer("find users", vec![bson::Bson::Document(bson::doc! { "_id": "1", "email": "a" })]);
        assert!(schema(&server).await.table("orders").unwrap().foreign_keys.is_empty());
    });
}

#[test]
fn sampling_is_bounded_and_a_refusal_leaves_the_collection() {
    run(async {
        let server = Mongo::start("standalone");
        server.react("find orders", Reaction::Fail(13, "Unauthorized", "not authorized"));
        server.react("aggregate $collStats", Reaction::Fail(13, "Unauthorized", "not authorized"));
        let schema = schema(&server).await;
        let orders = schema.table("orders").unwrap();
        assert!(orders.columns.is_empty() && orders.row_estimate == Some(10_000.0), "{orders:?}");
        for request in server.requests() {
            assert!(
                request.get_i64("maxTimeMS").is_ok_and(|ms| ms <= 4000) || request.contains_key("hello"),
                "{request}"
            );
        }
        let sampled = server.requests_of("aggregate").iter().filter(|r| r.to_string().contains("$sample")).count();
        assert_eq!(sampled, 3);
    });
}
