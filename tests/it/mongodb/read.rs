//! The reading door on the scripted server: caps, columns, stopping, and what never goes out.

use super::support::*;
use bson::{Bson, doc};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::rows::{Limits, Truncation, Value};
use dba_gpt::engine::{Collector, mongodb};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

#[test]
fn documents_become_rows_with_the_id_first() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let rows = read(&mut *session, "db.orders.find({})", Limits::default()).await.unwrap();
        assert_eq!(
            columns(&rows),
            [
                "_id:objectId",
                "status:string",
                "user_id:int",
                "total:decimal|int",
                "at:date",
                "items:array",
                "address:object",
                "note:string",
            ]
        );
        assert_eq!(
            rows.rows[0],
            [
                Value::Text("65f1c0ffee65f1c0ffee0001".into()),
                Value::Text("open".into()),
                Value::Int(1),
                Value::Number("19.90".into()),
                Value::Text("2026-08-01T10:00:00.000Z".into()),
                Value::Text(r#"[{"sku":"A1","qty":2},{"sku":"B2","qty":1}]"#.into()),
                Value::Text(r#"{"city":"Bern"}"#.into()),
                Value::Null,
            ]
        );
        assert!(rows.columns[3].numeric && rows.truncated.is_none());
    });
}

#[test]
fn limits_times_and_names_are_ours_whatever_was_written() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let limits = Limits { rows: 7, timeout_ms: 1234, ..Limits::default() };
        for statement in [
            r#"{"find": "orders", "limit": 5000, "maxTimeMS": 0, "batchSize": 0, "comment": "x", "noCursorTimeout": true}"#,
            "db.orders.aggregate([{$match: {}}], {maxTimeMS: 9999999})",
        ] {
            read(&mut *session, statement, limits).await.unwrap();
        }
        let find = server.requests_of("find").pop().unwrap();
        assert_eq!((find.get_i64("limit").unwrap(), find.get_i64("batchSize").unwrap()), (8, 8));
        let aggregate = server.requests_of("aggregate").pop().unwrap();
        assert_eq!(aggregate.get_array("pipeline").unwrap().last(), Some(&Bson::Document(doc! { "$limit": 8_i64 })));
        for sent in [find, aggregate] {
            assert_eq!(sent.get_i64("maxTimeMS").unwrap(), 1234);
            assert!(sent.get_str("comment").unwrap().starts_with("dba-gpt "), "{sent}");
            assert!(!sent.contains_key("noCursorTimeout") && !sent.contains_key("lsid"), "{sent}");
        }
    });
}

#[test]
fn long_results_come_in_batches_and_open_cursors_are_closed() {
    run(async {
        let server = Mongo::start("standalone");
        let many: Vec<Bson> = (0..2500).map(|i| Bson::Document(doc! { "_id": i, "n": i % 7 })).collect();
        server.answer("find numbers", many);
        let mut session = connect(&server.url("shop")).await;
        let all = Limits { rows: 10_000, ..Limits::default() };
        let rows = read(&mut *session, "db.numbers.find()", all).await.unwrap();
        assert_eq!(
            (rows.rows.len(), columns(&rows)),
            (2500, vec!["_id:int".into(), "n:int".into(), "(more):object".into()])
        );
        assert_eq!(server.requests_of("getMore").len(), 2);

        // A byte cap ends the read in the first batch: the cursor behind it is closed.
        let few = Limits { rows: 10_000, bytes: 4000, ..Limits::default() };
        let rows = read(&mut *session, "db.numbers.find()", few).await.unwrap();
        assert_eq!(rows.truncated, Some(Truncation::Bytes(4000)));
        assert_eq!((server.open_cursors(), server.requests_of("killCursors").len()), (0, 1));

        let capped = read(&mut *session, "db.numbers.find()", Limits { rows: 3, ..Limits::default() }).await.unwrap();
        assert_eq!((capped.rows.len(), capped.truncated), (3, Some(Truncation::Rows(3))));
    });
}

#[test]
fn replies_that_are_no_cursor_become_rows_too() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let limits = Limits::default();
        let count = read(&mut *session, "db.orders.countDocuments({})", limits).await.unwrap();
        assert_eq!((columns(&count), &count.rows), (vec!["n:int".to_owned()], &vec![vec![Value::Int(10_000)]]));
        let distinct = read(&mut *session, "db.orders.distinct('status')", limits).await.unwrap();
        assert_eq!(texts(&distinct, "value"), ["open", "paid", "void"]);
        let databases = read(&mut *session, "show dbs", limits).await.unwrap();
        assert_eq!(texts(&databases, "name"), ["admin", "config", "local", "shop"]);
        let status = read(&mut *session, "db.serverStatus()", limits).await.unwrap();
        assert!(texts(&status, "field").contains(&"connections.current".to_owned()));
    });
}

#[test]
fn no_write_goes_out_even_past_the_guard() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let before = server.requests().len();
        for statement in [
            r#"{"insert": "orders", "documents": [{"a": 1}]}"#,
            r#"{"drop": "orders"}"#,
            "db.orders.deleteOne({a: 1})",
            "db.orders.aggregate([{$match: {}}, {$out: 'copy'}])",
            "db.orders.aggregate([{$facet: {x: [{$merge: 'copy'}]}}])",
            "db.orders.find({$where: 'sleep(1000)'})",
            "db.killOp(1)",
            r#"{"profile": 2}"#,
            r#"{"setParameter": 1, "logLevel": 5}"#,
            r#"{"eval": "1"}"#,
        ] {
            let error = read(&mut *session, statement, Limits::default()).await.unwrap_err();
            assert!(matches!(error, SessionError::Unsupported(_)), "{statement}: {error}");
        }
        assert_eq!(server.requests().len(), before, "something was sent");
    });
}

#[test]
fn a_stopped_read_is_killed_on_the_server_and_the_session_lives_on() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        server.react("find orders", Reaction::Hang);
        let stop = CancellationToken::new();
        let stopped = async {
            tokio::task::block_in_place(|| server.until("the read runs", |s| s.running() == 1));
            stop.cancel();
        };
        let limits = Limits::default();
        let mut sink = Collector::new(limits);
        let reading = session.read(trusted("db.orders.find()"), &limits, &stop, &mut sink);
        let (result, ()) = tokio::join!(reading, stopped);
        assert!(matches!(result, Err(SessionError::Canceled)), "{result:?}");
        assert_eq!((server.running(), server.requests_of("killOp").len()), (0, 1));
        server.calm("find orders");
        assert_eq!(read(&mut *session, "db.orders.find()", limits).await.unwrap().rows.len(), 3);
        server.until("the second connection is closed", |s| s.connections().0 == 1);
        assert_eq!(server.connections().1, 2);
    });
}

#[test]
fn a_late_read_ends_at_its_deadline() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let limits = Limits { timeout_ms: 100, ..Limits::default() };
        server.react("find orders", Reaction::Fail(50, "MaxTimeMSExpired", "operation exceeded time limit"));
        let error = read(&mut *session, "db.orders.find()", limits).await.unwrap_err();
        assert!(matches!(error, SessionError::Deadline(_)), "{error}");

        server.react("find orders", Reaction::Hang);
        let started = Instant::now();
        let error = read(&mut *session, "db.orders.find()", limits).await.unwrap_err();
        assert!(matches!(error, SessionError::Deadline(_)), "{error}");
        assert!(started.elapsed() < Duration::from_secs(4) && server.running() == 0);

        // A server that does not even obey a kill costs the connection, and the words say so.
        server.react("find orders", Reaction::Deaf);
        let error = read(&mut *session, "db.orders.find()", limits).await.unwrap_err();
        assert!(matches!(&error, SessionError::Lost(words) if words.contains("closed")), "{error}");
        assert!(matches!(read(&mut *session, "db.orders.find()", limits).await, Err(SessionError::Lost(_))));
    });
}

#[test]
fn errors_carry_the_servers_code_and_what_to_do() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        server.react("find orders", Reaction::Fail(13, "Unauthorized", "not authorized on shop to execute command"));
        let error = read(&mut *session, "db.orders.find()", Limits::default()).await.unwrap_err();
        let SessionError::Server(message) = error else { panic!("{error}") };
        assert_eq!((message.code.as_str(), message.detail.as_deref()), ("13", Some("Unauthorized")));
        assert!(message.hint.is_some_and(|hint| hint.contains("doctor")));
        server.react("find orders", Reaction::Drop);
        let error = read(&mut *session, "db.orders.find()", Limits::default()).await.unwrap_err();
        assert!(matches!(error, SessionError::Lost(_)), "{error}");
    });
}

#[test]
fn watching_and_asking_take_one_connection_each() {
    run(async {
        let server = Mongo::start("primary");
        let mut watch = connect(&server.url("shop")).await;
        let mut chat = connect(&server.url("shop")).await;
        for cycle in 0..20 {
            (dba_gpt::engine::mongodb::SPEC.sample)(&mut *watch, cycle).await.unwrap();
            read(&mut *chat, "db.orders.find()", Limits::default()).await.unwrap();
        }
        assert_eq!(server.connections(), (2, 2, 2));
        watch.close().await;
        drop(chat);
        server.until("both are gone", |s| s.connections().0 == 0);
    });
}

#[test]
fn long_cells_are_cut() {
    run(async {
        let server = Mongo::start("standalone");
        server.answer("find big", vec![Bson::Document(doc! { "_id": 1, "text": "x".repeat(100_000) })]);
        let mut session = connect(&server.url("shop")).await;
        let rows = read(&mut *session, "db.big.find()", Limits { cell_bytes: 10, ..Limits::default() }).await.unwrap();
        assert_eq!(rows.rows[0][1], Value::Cut { start: "x".repeat(10), bytes: 100_000 });
    });
}

/// What the guard allows, the session sends: the two lists may not drift apart.
#[test]
fn every_read_that_the_guard_allows_goes_out() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        for line in include_str!("../guard/mongodb_benign.txt").lines().filter(|line| !line.trim().is_empty()) {
            let allowed = guard::allow(mongodb::DIALECT, Author::Person, &Catalog::default(), line)
                .unwrap_or_else(|judgement| panic!("{line}: {judgement:?}"));
            let (limits, stop) = (Limits::default(), CancellationToken::new());
            let mut sink = Collector::new(limits);
            let result = session.read(allowed, &limits, &stop, &mut sink).await;
            assert!(!matches!(result, Err(SessionError::Unsupported(_) | SessionError::Lost(_))), "{line}: {result:?}");
        }
    });
}

/// What changes something does not go out, whatever let it come this far.
#[test]
fn nothing_that_changes_goes_out_past_the_guard() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let before = server.requests().len();
        let mut tried = 0;
        for line in include_str!("../guard/mongodb_cases.tsv").lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            if fields[0] == "allow" || !["dml", "ddl", "kill", "maintenance", "lock"].contains(&fields[1]) {
                continue;
            }
            tried += 1;
            let statement = guard::decode_line(fields[2]).unwrap();
            let result = read(&mut *session, &statement, Limits::default()).await;
            assert!(matches!(result, Err(SessionError::Unsupported(_))), "{statement}: {result:?}");
        }
        assert!(tried > 30, "{tried}");
        assert_eq!(server.requests().len(), before, "something was sent");
    });
}
