//! Collections and indexes, on the DocumentDB engine: a query that reads everything, what is gone, what nobody needs.

use super::*;
use crate::support::servers;
use ::mongodb::bson::{Document, doc};

registry::cures! {
    "mongodb", || servers::mongo_url().is_some();
    a_query_that_reads_everything_gets_its_index,
    an_index_that_does_not_help_is_taken_back_by_itself,
    a_small_collection_gets_no_index,
    an_index_goes_round,
    a_collection_that_is_gone_comes_back_with_its_indexes,
    a_quiet_server_has_no_cause_and_says_what_it_does_not_tell,
}

/// A database of the test's own, dropped before and after.
async fn on_engine<F: Future<Output = ()>>(name: &str, test: impl FnOnce(String, ::mongodb::Database) -> F) {
    let url = servers::mongo_url().unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
    let database = client.database(name);
    database.drop().await.unwrap();
    test(format!("{server}/{name}"), database.clone()).await;
    database.drop().await.unwrap();
}

async fn fill(database: &::mongodb::Database, name: &str, many: u32) {
    let collection = database.collection::<Document>(name);
    for start in (0..many).step_by(5_000) {
        let documents =
            (start..many.min(start + 5_000)).map(|i| doc! { "_id": i, "status": i % 5, "total": i, "city": i % 900 });
        collection.insert_many(documents).await.unwrap();
    }
}

/// A query that reads a whole collection, and the name of the index that it lacks.
fn query(dice: &mut Dice, collection: &str) -> (String, &'static str) {
    let (rest, index) = *dice.pick(&[
        (r#""filter": {"city": 7}"#, "city_1"),
        (r#""filter": {"city": 7, "total": {"$gt": 12}}"#, "city_1_total_1"),
        (r#""filter": {"total": {"$gte": 100, "$lt": 120}}"#, "total_1"),
        (r#""filter": {"city": {"$in": [3, 4]}}, "sort": {"total": -1}"#, "city_1_total_-1"),
    ]);
    (format!(r#"{{"find": "{collection}", {rest}}}"#), index)
}

/// An incident of a query that took too long.
fn too_slow(bed: &Bed, statement: &str) -> Incident {
    bed.incident("operation exceeded time limit", Some("50"), Some(statement))
}

/// A look that got the query's plan. A plan gets little time; on a busy machine it may come with the next look.
async fn seen(bed: &Bed, statement: &str) -> Examined {
    let mut found = bed.looked(1, Some(too_slow(bed, statement)), Vec::new()).await;
    for _ in 0..4 {
        if verdict(&found, Cause::CollectionScan) == Some(Verdict::Supported) {
            break;
        }
        found = bed.looked(1, Some(too_slow(bed, statement)), Vec::new()).await;
    }
    found
}

async fn a_query_that_reads_everything_gets_its_index(seed: u64) {
    on_engine("dba_gpt_cure_scan", |url, database| async move {
        let mut dice = Dice::new(seed);
        let (name, many) = (dice.table(), dice.between(11_000, 20_000));
        fill(&database, &name, many).await;
        let (statement, index) = query(&mut dice, &name);
        let bed = Bed::at(&url);
        let found = seen(&bed, &statement).await;
        assert_eq!(roots(&found), [Cause::CollectionScan], "{statement}: {:#?}", found.diagnosis);
        let done = bed.cured(plan(&found, "C17", &name)).await;
        let usable = Check::IndexUsable(ObjectRef::new("", &name), index.into());
        assert_eq!(bed.answer(&usable).await.held, Some(true), "{statement}");
        let after = bed.looked(1, Some(too_slow(&bed, &statement)), Vec::new()).await;
        assert_ne!(verdict(&after, Cause::CollectionScan), Some(Verdict::Supported), "{:#?}", after.diagnosis);
        bed.undone(&done).await;
        assert_eq!(bed.answer(&usable).await.held, Some(false));
    })
    .await;
}

async fn an_index_that_does_not_help_is_taken_back_by_itself(seed: u64) {
    on_engine("dba_gpt_cure_back", |url, database| async move {
        let mut dice = Dice::new(seed);
        let (name, many) = (dice.table(), dice.between(11_000, 15_000));
        fill(&database, &name, many).await;
        let (statement, index) = query(&mut dice, &name);
        let bed = Bed::at(&url);
        let found = seen(&bed, &statement).await;
        let mut build = plan(&found, "C17", &name).clone();
        // Broken on purpose: it is to serve a query that no index can serve.
        let statement = format!(r#"{{"find": "{name}", "filter": {{}}}}"#);
        build.steps[0].verification.check = Check::PlanUses { statement, index: index.into() };
        build.steps[0].verification.within_ms = 1_500;
        let ended = bed.carried_out(&build).await;
        assert_eq!(ended.stage, Stage::Undone, "{:?}", ended.happenings);
        let usable = Check::IndexUsable(ObjectRef::new("", &name), index.into());
        assert_eq!(bed.answer(&usable).await.held, Some(false), "nothing is left behind");
    })
    .await;
}

async fn a_small_collection_gets_no_index(seed: u64) {
    on_engine("dba_gpt_cure_small", |url, database| async move {
        let mut dice = Dice::new(seed);
        let (name, many) = (dice.table(), dice.between(20, 8_000));
        fill(&database, &name, many).await;
        let (statement, _) = query(&mut dice, &name);
        let bed = Bed::at(&url);
        let found = bed.looked(1, Some(too_slow(&bed, &statement)), Vec::new()).await;
        assert_ne!(verdict(&found, Cause::CollectionScan), Some(Verdict::Supported), "{:#?}", found.diagnosis);
        assert!(found.plans.iter().all(|plan| !plan.can_be_proposed()), "{:#?}", found.plans);
    })
    .await;
}

async fn an_index_goes_round(_: u64) {
    on_engine("dba_gpt_cure_index", |url, database| async move {
        fill(&database, "orders", 50).await;
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
        fill(&database, "orders", 10).await;
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

async fn a_quiet_server_has_no_cause_and_says_what_it_does_not_tell(seed: u64) {
    on_engine("dba_gpt_cure_quiet", |url, database| async move {
        fill(&database, "orders", Dice::new(seed).between(20, 15_000)).await;
        let bed = Bed::at(&url);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
        assert!(found.plans.is_empty(), "{:#?}", found.plans);
        assert!(!found.diagnosis.unknown.is_empty(), "this engine tells nothing about a cache");
    })
    .await;
}
