//! A replica set on the scripted server: what goes into a transaction and in which order, and what comes of it when the
//! primary steps down, the connection breaks, somebody stops it, or too much changes.

use super::*;
use bson::{Bson, Document, doc};
use dba_gpt::domain::proposal::stage::End;

const UPDATE: &str = "db.orders.updateMany({status: {$in: ['open', 'paid']}}, {$set: {status: 'void'}})";

/// A server with three documents that fit, and answers to a change of them.
fn server(name: &str) -> Mongo {
    let mongo = Mongo::start(name);
    mongo.answer("count orders", doc! { "n": 3 });
    mongo.answer("update", doc! { "n": 3, "nModified": 3 });
    for command in ["commitTransaction", "abortTransaction", "endSessions"] {
        mongo.answer(command, doc! {});
    }
    mongo
}

async fn update(mongo: &Mongo) -> (Result<Acted, ActError>, Notebook) {
    let mut session = connect(&mongo.url("shop")).await;
    carry_out(&mut *session, &typed(UPDATE)).await
}

fn commands(mongo: &Mongo, names: &[&str]) -> Vec<String> {
    let name = |request: &Document| request.keys().next().unwrap().clone();
    mongo.requests().iter().map(name).filter(|name| names.contains(&name.as_str())).collect()
}

#[test]
fn a_change_is_read_checked_changed_and_committed_in_one_transaction() {
    run(async {
        let mongo = server("primary");
        let (acted, notebook) = update(&mongo).await;
        assert_eq!(acted.unwrap().rows, Some(3));
        assert_eq!(notebook.inverse.len(), 1);
        assert!(notebook.mark.unwrap().starts_with("session "));
        let order = commands(&mongo, &["find", "update", "commitTransaction", "abortTransaction", "endSessions"]);
        assert_eq!(order, ["find", "update", "commitTransaction", "endSessions"]);
        let within: Vec<Document> = mongo.requests().into_iter().filter(|r| r.contains_key("txnNumber")).collect();
        let [find, update, commit] = within.as_slice() else { panic!("{within:?}") };
        assert!(find.get_bool("startTransaction").unwrap() && !update.contains_key("startTransaction"));
        assert_eq!(find.get_document("readConcern").unwrap(), &doc! { "level": "snapshot" });
        for command in [find, update, commit] {
            assert_eq!(command.get_document("lsid").unwrap(), find.get_document("lsid").unwrap());
            assert!(!command.get_bool("autocommit").unwrap());
            assert!(command.get_str("comment").unwrap().starts_with("dba-gpt fix-7 "));
            assert_eq!(command.get_document("$readPreference").unwrap(), &doc! { "mode": "primary" });
        }
        assert_eq!(update.get_i64("maxTimeMS").unwrap(), 60_000);
        assert!(!update.contains_key("writeConcern"));
        assert_eq!(commit.get_document("writeConcern").unwrap().get_str("w").unwrap(), "majority");
        // The collection is looked at once more under its lock.
        let all = commands(&mongo, &["find", "listCollections", "update"]);
        let at = |name: &str| all.iter().rposition(|command| command == name).unwrap();
        assert!(at("find") < at("listCollections") && at("listCollections") < at("update"), "{all:?}");
    });
}

#[test]
fn too_many_documents_are_rolled_back() {
    run(async {
        let mongo = server("primary");
        mongo.answer("update", doc! { "n": 9, "nModified": 9 });
        let (acted, _) = update(&mongo).await;
        assert_eq!(acted, Err(ActError::RolledBack(Refusal::TooManyRows { changed: 9, most: 4 })));
        assert_eq!(commands(&mongo, &["commitTransaction", "abortTransaction"]), ["abortTransaction"]);
    });
}

#[test]
fn a_primary_that_steps_down_before_the_commit_has_changed_nothing() {
    run(async {
        for (code, name) in
            [(10_107, "NotWritablePrimary"), (11_602, "InterruptedDueToReplStateChange"), (112, "WriteConflict")]
        {
            let mongo = server("primary");
            mongo.react("update", Reaction::Fail(code, name, "not now"));
            let (acted, _) = update(&mongo).await;
            assert!(matches!(acted, Err(ActError::NotDone(_))), "{name}: {acted:?}");
            assert!(mongo.requests_of("commitTransaction").is_empty());
        }
        let mongo = server("primary");
        let errors =
            doc! { "n": 0, "writeErrors": [{ "index": 0, "code": 121, "errmsg": "Document failed validation" }] };
        mongo.answer("update", errors);
        let (acted, _) = update(&mongo).await;
        assert!(matches!(&acted, Err(ActError::NotDone(why)) if why.to_string().contains("validation")), "{acted:?}");
        assert!(mongo.requests_of("commitTransaction").is_empty());
    });
}

#[test]
fn a_broken_commit_is_unclear_until_the_server_is_asked() {
    run(async {
        for reaction in [
            Reaction::Drop,
            Reaction::Fail(11_602, "InterruptedDueToReplStateChange", "stepping down"),
            Reaction::Fail(10_107, "NotWritablePrimary", "not primary"),
        ] {
            let mongo = server("primary");
            mongo.react("commitTransaction", reaction.clone());
            let (acted, notebook) = update(&mongo).await;
            assert!(matches!(acted, Err(ActError::Unclear(_))), "{reaction:?}: {acted:?}");
            let mark = notebook.mark.unwrap();
            let mut session = connect(&mongo.url("shop")).await;
            let ended = mongodb::SPEC.fixing.ended;
            mongo.answer("find transactions", vec![Bson::Document(doc! { "state": "committed" })]);
            assert_eq!(ended(&mut *session, &mark).await, Ok(End::Committed));
            mongo.answer("find transactions", Vec::<Bson>::new());
            assert_eq!(ended(&mut *session, &mark).await, Ok(End::RolledBack));
            mongo.react("find transactions", Reaction::Fail(13, "Unauthorized", "not allowed"));
            assert_eq!(ended(&mut *session, &mark).await, Ok(End::Unknown));
            assert_eq!(ended(&mut *session, "nonsense").await, Ok(End::Unknown));
        }
        let mongo = server("primary");
        mongo.react("commitTransaction", Reaction::Fail(251, "NoSuchTransaction", "it has been aborted"));
        let (acted, _) = update(&mongo).await;
        assert!(matches!(acted, Err(ActError::NotDone(_))), "{acted:?}");
    });
}

#[test]
fn a_transaction_that_is_still_open_is_not_called_ended() {
    run(async {
        let mongo = server("primary");
        mongo.react("commitTransaction", Reaction::Drop);
        let (_, notebook) = update(&mongo).await;
        let open = mongo.requests_of("update").remove(0).get_document("lsid").unwrap().clone();
        mongo.answer("aggregate $currentOp", vec![Bson::Document(doc! { "type": "idleSession", "lsid": open })]);
        mongo.answer("find transactions", Vec::<Bson>::new());
        let mut session = connect(&mongo.url("shop")).await;
        assert_eq!((mongodb::SPEC.fixing.ended)(&mut *session, &notebook.mark.unwrap()).await, Ok(End::Unknown));
    });
}

#[test]
fn a_connection_that_breaks_before_the_commit_has_changed_nothing() {
    run(async {
        let mongo = server("primary");
        mongo.react("update", Reaction::Drop);
        let (acted, _) = update(&mongo).await;
        assert!(matches!(acted, Err(ActError::NotDone(SessionError::Lost(_)))), "{acted:?}");
        // Its locks are given up over another connection.
        assert_eq!(commands(&mongo, &["commitTransaction", "abortTransaction"]), ["abortTransaction"]);
    });
}

#[test]
fn a_change_that_no_majority_has_is_done_with_a_doubt() {
    run(async {
        let mongo = server("primary");
        mongo.answer(
            "commitTransaction",
            doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } },
        );
        let (acted, _) = update(&mongo).await;
        let acted = acted.unwrap();
        assert_eq!(acted.rows, Some(3));
        assert!(acted.notices[0].contains("not confirmed"), "{:?}", acted.notices);
    });
}

#[test]
fn a_stopped_change_is_ended_on_the_server_and_rolled_back() {
    run(async {
        let mongo = Arc::new(server("primary"));
        mongo.react("update", Reaction::Hang);
        let mut session = connect(&mongo.url("shop")).await;
        let stop = CancellationToken::new();
        let asked = stop.clone();
        let draft = typed(UPDATE);
        let ((acted, _), ()) = tokio::join!(
            carry_out_until(&mut *session, &draft, &stop),
            meanwhile(&mongo, move |mongo| {
                mongo.until("the update", |mongo| mongo.running() == 1);
                asked.cancel();
            })
        );
        assert_eq!(acted, Err(ActError::NotDone(SessionError::Canceled)));
        assert_eq!(
            commands(&mongo, &["killOp", "commitTransaction", "abortTransaction"]),
            ["killOp", "abortTransaction"]
        );
    });
}

#[test]
fn without_transactions_it_is_looked_at_what_a_stop_has_left() {
    run(async {
        for left in [3, 1] {
            let mongo = Arc::new(server("standalone"));
            mongo.react("update", Reaction::Hang);
            let Bson::Array(documents) =
                document(include_str!("../../data/mongodb/common.json")).remove("find orders").unwrap()
            else {
                panic!()
            };
            let mut session = connect(&mongo.url("shop")).await;
            let stop = CancellationToken::new();
            let asked = stop.clone();
            let draft = typed(UPDATE);
            let ((acted, notebook), ()) = tokio::join!(
                carry_out_until(&mut *session, &draft, &stop),
                meanwhile(&mongo, move |mongo| {
                    mongo.until("the update", |mongo| mongo.running() == 1);
                    mongo.answer("find orders", documents[..left].to_vec());
                    asked.cancel();
                })
            );
            assert_eq!(notebook.inverse.len(), 1);
            match left {
                3 => assert_eq!(acted, Err(ActError::NotDone(SessionError::Canceled))),
                _ => {
                    assert!(
                        matches!(&acted, Err(ActError::Wreck { left, .. }) if left.contains("2 of 3")),
                        "{acted:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn without_transactions_a_broken_connection_is_unclear() {
    run(async {
        let mongo = server("standalone");
        mongo.react("update", Reaction::Drop);
        let (acted, _) = update(&mongo).await;
        assert!(matches!(acted, Err(ActError::Unclear(_))), "{acted:?}");
        let mongo = server("standalone");
        mongo.answer("update", doc! { "n": 9, "nModified": 9 });
        let (acted, _) = update(&mongo).await;
        assert!(matches!(&acted, Err(ActError::Wreck { left, .. }) if left.contains("stored inverse")), "{acted:?}");
        let sent = mongo.requests_of("update").remove(0);
        assert_eq!(sent.get_document("writeConcern").unwrap(), &doc! { "w": 1, "j": true });
    });
}

#[test]
fn an_index_build_that_fails_is_cleaned_up_or_named() {
    run(async {
        for cleaned in [true, false] {
            let mongo = Arc::new(Mongo::start("primary"));
            let mut session = connect(&mongo.url("shop")).await;
            mongo.react("createIndexes", Reaction::Hang);
            let before = mongo.reply_list("listIndexes");
            if cleaned {
                mongo.react("dropIndexes", Reaction::Turn(doc! {}, "listIndexes", before.clone()));
            } else {
                mongo.react("dropIndexes", Reaction::Fail(13, "Unauthorized", "not allowed"));
            }
            let mut after = before;
            after.push(Bson::Document(doc! { "v": 2, "key": { "total": 1 }, "name": "total_1" }));
            let stop = CancellationToken::new();
            let asked = stop.clone();
            let draft = typed("db.orders.createIndex({total: 1})");
            let ((acted, _), ()) = tokio::join!(
                carry_out_until(&mut *session, &draft, &stop),
                meanwhile(&mongo, move |mongo| {
                    mongo.until("the build", |mongo| mongo.running() == 1);
                    mongo.answer("listIndexes", after);
                    asked.cancel();
                })
            );
            let sent = mongo.requests_of("dropIndexes").remove(0);
            assert_eq!(sent.get_array("index").unwrap(), &[Bson::from("total_1")]);
            if cleaned {
                assert_eq!(acted, Err(ActError::NotDone(SessionError::Canceled)));
            } else {
                let wanted = r#"db.getSiblingDB("shop").runCommand({"dropIndexes": "orders", "index": ["total_1"]})"#;
                assert!(matches!(&acted, Err(ActError::Wreck { left, .. }) if left.contains(wanted)), "{acted:?}");
            }
        }
    });
}
