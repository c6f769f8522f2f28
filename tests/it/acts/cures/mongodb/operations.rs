//! Operations that run for long. The engine at hand lists them without their clients, so these are told by a server that
//! answers from a script.

use super::*;
use crate::support::mongo::Mongo;
use ::mongodb::bson::{Bson, Document, doc};
use std::sync::Arc;

registry::cures! {
    "mongodb", || true;
    an_operation_that_runs_for_long_is_ended,
    operations_that_nobody_may_end_are_left_alone,
}

/// An operation of a client that has run for so many seconds.
fn operation(id: i32, seconds: u32, command: Document, application: &str) -> Document {
    doc! {
        "type": "op", "opid": id, "connectionId": 100 + id, "client": "10.0.0.9:50412", "appName": application,
        "active": true, "effectiveUsers": [{ "user": "app", "db": "admin" }], "ns": "shop.orders", "op": "command",
        "secs_running": i64::from(seconds), "microsecs_running": i64::from(seconds) * 1_000_000,
        "currentOpTime": "2026-08-22T14:31:58.000+00:00", "planSummary": "IXSCAN { city: 1 }", "command": command,
    }
}

fn start(operations: Vec<Document>) -> (Arc<Mongo>, Bed) {
    let mongo = Arc::new(Mongo::start("standalone"));
    mongo.answer("aggregate $currentOp", operations.into_iter().map(Bson::Document).collect::<Vec<_>>());
    let bed = Bed::at(&mongo.url("shop"));
    (mongo, bed)
}

async fn an_operation_that_runs_for_long_is_ended(seed: u64) {
    let mut dice = Dice::new(seed);
    let (id, seconds) = (i32::try_from(dice.between(10, 90_000)).unwrap(), dice.between(25, 4_000));
    let command = dice
        .pick(&[
            doc! { "find": "orders", "filter": { "city": 7 } },
            doc! { "aggregate": "orders", "pipeline": [{ "$group": { "_id": "$city" } }], "cursor": {} },
        ])
        .clone();
    let quick = operation(id + 1, 0, doc! { "find": "orders" }, "web");
    let (mongo, bed) = start(vec![operation(id, seconds, command, "reports"), quick.clone()]);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found).first(), Some(&Cause::LongOperation), "{:#?}", found.diagnosis);
    let ending = {
        let mongo = Arc::clone(&mongo);
        std::thread::spawn(move || {
            mongo.until("killOp", |mongo| mongo.requests_of("killOp").len() == 1);
            mongo.answer("aggregate $currentOp", vec![Bson::Document(quick)]);
        })
    };
    let done = bed.cured(plan(&found, "MG22", &format!("operation {id} "))).await;
    ending.join().unwrap();
    assert!(matches!(done.survey.inverse, Inverse::None(_)));
    let sent = mongo.requests_of("killOp");
    assert_eq!((sent.len(), sent[0].get_i32("op").unwrap()), (1, id), "nobody else is ended");
}

async fn operations_that_nobody_may_end_are_left_alone(seed: u64) {
    let mut dice = Dice::new(seed);
    let (command, application) = dice
        .pick(&[
            (doc! { "createIndexes": "orders", "indexes": [{ "key": { "city": 1 }, "name": "city_1" }] }, "web"),
            (doc! { "dropIndexes": "orders", "index": "city_1" }, "web"),
            (doc! { "collMod": "orders", "validationLevel": "off" }, "web"),
            (doc! { "find": "orders" }, "mongodump"),
        ])
        .clone();
    let (mongo, bed) = start(vec![operation(7, dice.between(61, 9_000), command.clone(), application)]);
    let found = bed.looked(1, None, Vec::new()).await;
    let endings = found.plans.iter().filter(|plan| plan.procedure == "MG22").collect::<Vec<_>>();
    assert!(endings.iter().all(|plan| !plan.can_be_proposed()), "{command}: {endings:#?}");
    // One that is over by the time it is approved is another one's number.
    let usual = operation(8, 90, doc! { "find": "orders" }, "web");
    mongo.answer("aggregate $currentOp", vec![Bson::Document(usual)]);
    let found = bed.looked(1, None, Vec::new()).await;
    mongo.answer("aggregate $currentOp", vec![Bson::Document(operation(8, 1, doc! { "find": "orders" }, "web"))]);
    bed.not_sent(plan(&found, "MG22", "operation 8 ")).await;
    assert!(mongo.requests_of("killOp").is_empty());
}
