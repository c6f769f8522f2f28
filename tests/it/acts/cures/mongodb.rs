//! MongoDB, on the DocumentDB engine behind its bridge as far as that goes.

use super::*;
use ::mongodb::bson::{Document, doc};
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::ObjectRef;

registry::cures! {
    "mongodb", || crate::support::servers::mongo_url().is_some();
    an_index_goes_round,
    a_collection_that_is_gone_comes_back_with_its_indexes,
    a_quiet_server_has_no_cause_and_says_what_it_does_not_tell,
}

/// A database of the test's own, dropped before and after. Prints the skip otherwise.
async fn on_engine<F: Future<Output = ()>>(name: &str, test: impl FnOnce(String, ::mongodb::Database) -> F) {
    let Ok(url) = std::env::var("DBA_GPT_TEST_MONGO") else {
        eprintln!("SKIPPED: no DocumentDB engine; scripts/servers says why");
        return;
    };
    let (server, _) = url.rsplit_once('/').unwrap();
    let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
    let database = client.database(name);
    database.drop().await.unwrap();
    test(format!("{server}/{name}"), database.clone()).await;
    database.drop().await.unwrap();
}

async fn orders(database: &::mongodb::Database, many: i32) {
    let collection = database.collection::<Document>("orders");
    for start in (0..many).step_by(5_000) {
        let documents =
            (start..many.min(start + 5_000)).map(|i| doc! { "_id": i, "status": i % 5, "total": i, "city": i % 90 });
        collection.insert_many(documents).await.unwrap();
    }
}

async fn an_index_goes_round(_: u64) {
    on_engine("dba_gpt_cure_index", |url, database| async move {
        orders(&database, 50).await;
        let bed = Bed::at(&url);
        let table = ObjectRef::new("", "orders");
        let columns = vec!["status".into(), "-total".into()];
        let build = FixKind::CreateIndex { table: table.clone(), name: "status_1_total_-1".into(), columns };
        let done = bed.act(build).await;
        assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
        let usable = Check::IndexUsable(table.clone(), "status_1_total_-1".into());
        assert_eq!(bed.answer(&usable).await.held, Some(true));
        bed.undone(&done).await;
        assert_eq!(bed.answer(&usable).await.held, Some(false));

        database
            .run_command(doc! { "createIndexes": "orders", "indexes": [{ "key": { "city": 1 }, "name": "city_1" }] })
            .await
            .unwrap();
        let dropped = bed.act(FixKind::DropIndex { table: table.clone(), name: "city_1".into() }).await;
        assert_eq!(dropped.stage, Stage::Done, "{:?}", dropped.happenings);
        let usable = Check::IndexUsable(table, "city_1".into());
        assert_eq!(bed.answer(&usable).await.held, Some(false));
        bed.undone(&dropped).await;
        assert_eq!(bed.answer(&usable).await.held, Some(true));
    })
    .await;
}

async fn a_collection_that_is_gone_comes_back_with_its_indexes(_: u64) {
    on_engine("dba_gpt_cure_gone", |url, database| async move {
        orders(&database, 10).await;
        let bed = Bed::at(&url);
        let known = KnownDefinition {
            space: "dba_gpt_cure_gone".into(),
            name: "bills".into(),
            last_seen: Timestamp(1),
            statements: vec![
                r#"{"create": "bills"}"#.into(),
                r#"{"createIndexes": "bills", "indexes": [{"key": {"order": 1}, "name": "order_1"}]}"#.into(),
            ],
            missing: Vec::new(),
        };
        let text = "ns not found: dba_gpt_cure_gone.bills";
        let incident = || {
            let mut incident = bed.incident(text, Some("26"), None);
            incident.object = Some("dba_gpt_cure_gone.bills".into());
            incident
        };
        let found = bed.looked(1, Some(incident()), vec![known.clone()]).await;
        assert!(roots(&found).contains(&Cause::MissingTable), "{:#?}", found.diagnosis);
        let again = plan(&found, "C1", "again");
        let done = bed.cured(again).await;
        bed.undone(&done).await;
        // Its twin: the collection is there.
        database.create_collection("bills").await.unwrap();
        let found = bed.looked(1, Some(incident()), vec![known]).await;
        assert_eq!(verdict(&found, Cause::MissingTable), Some(Verdict::Refuted), "{:#?}", found.diagnosis);
        assert!(!plan(&found, "C1", "again").blocked.is_empty());
        // A slip of the pen.
        let mut slip = incident();
        slip.object = Some("dba_gpt_cure_gone.ordres".into());
        let found = bed.looked(1, Some(slip), Vec::new()).await;
        plan(&found, "C1", "write orders in place of ordres");
    })
    .await;
}

async fn a_quiet_server_has_no_cause_and_says_what_it_does_not_tell(_: u64) {
    on_engine("dba_gpt_cure_quiet", |url, database| async move {
        orders(&database, 200).await;
        let bed = Bed::at(&url);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
        assert!(found.plans.is_empty(), "{:#?}", found.plans);
        assert!(!found.diagnosis.unknown.is_empty(), "this engine tells nothing about a cache");
    })
    .await;
}
