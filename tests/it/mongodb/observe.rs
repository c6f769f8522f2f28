//! Samples and views on the scripted server.

use super::support::*;
use dba_gpt::domain::activity::{Sample, SessionState, blocking_tree};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::metric;
use dba_gpt::domain::rows::Value;
use dba_gpt::engine::{Session, mongodb};

async fn sample(session: &mut dyn Session, cycle: u64) -> Sample {
    (mongodb::SPEC.sample)(session, cycle).await.unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_sample_has_what_a_dba_looks_at_first() {
    run(async {
        let server = Mongo::start("primary");
        let mut session = connect(&server.url("shop")).await;
        let mut status = server.reply("serverStatus");
        status.insert(
            "oplog",
            document(r#"{"earliestOptime": {"$timestamp": 1787322718}, "latestOptime": {"$timestamp": 1787409118}}"#),
        );
        server.answer("serverStatus", status);
        let sample = sample(&mut *session, 0).await;
        for (id, wanted) in [
            (metric::CONNECTIONS, 42.0),
            (metric::CONNECTION_LIMIT, 860.0),
            (metric::ACTIVE, 3.0),
            (metric::BLOCKED, 1.0),
            (metric::QUEUED, 3.0),
            (metric::IDLE_IN_TRANSACTION, 1.0),
            (metric::LONGEST_TRANSACTION, 600.0),
            (metric::LONGEST_STATEMENT, 30.0),
            (metric::STATEMENTS, 2000.0),
            (metric::STATEMENT_TIME, 500.0),
            (metric::FINDS, 900.0),
            (metric::CACHE_USED, 75.0),
            (metric::CACHE_HITS, 99_000.0),
            (metric::FREE_PLACES, 12.0),
            (metric::FULL_SCANS, 13.0),
            (metric::LAG, 12.0),
            (metric::REPLICAS, 1.0),
            (metric::MEMBERS_DOWN, 1.0),
            (metric::PRIMARIES, 1.0),
            (metric::DATA_BYTES, 3_145_728.0),
            (metric::OPLOG_WINDOW, 86_400.0),
        ] {
            assert_eq!(sample.readings.get(&id), Some(&wanted), "{id:?}");
        }
        assert!((1.9..2.1).contains(&sample.readings[&metric::CACHE_DIRTY]));
        assert!(sample.hints.is_empty(), "{:?}", sample.hints);
        assert_eq!(sample.server_now.date_time(0), "2026-08-22 14:31:58");
    });
}

#[test]
fn operations_are_sessions_and_the_blocking_one_is_found() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let sample = sample(&mut *session, 1).await;
        let of = |pid: i64| sample.sessions.iter().find(|s| s.pid == pid).unwrap();
        let running = of(4711);
        assert_eq!(
            (running.user.as_str(), running.application.as_str(), running.database.as_str()),
            ("app", "web", "shop")
        );
        assert_eq!(running.statement, r#"{"find":"orders","filter":{"status":"open"}}"#);
        assert_eq!(running.age_ms(sample.server_now), Some(2500));
        assert_eq!((of(4713).blocked_by.as_slice(), of(4713).wait.as_str()), ([4712].as_slice(), "Lock:Collection"));
        assert_eq!(of(4712).holds, "W on shop.orders");
        let idle = sample.sessions.iter().find(|s| s.state == SessionState::IdleInTransaction).unwrap();
        assert_eq!((idle.user.as_str(), idle.age_ms(sample.server_now)), ("etl", Some(600_000)));
        assert!(of(12).background);
        assert!(!sample.sessions.iter().any(|s| s.pid == 4799), "our own session is shown");
        let tree = blocking_tree(&sample.sessions);
        assert_eq!(tree.iter().map(|line| sample.sessions[line.session].pid).collect::<Vec<_>>(), [4712, 4713]);
    });
}

#[test]
fn what_is_hidden_is_missing_and_named_never_zero() {
    run(async {
        let server = Mongo::start("primary");
        let mut session = connect(&server.url("shop")).await;
        for command in ["serverStatus", "replSetGetStatus", "dbStats", "aggregate $currentOp"] {
            server.react(command, Reaction::Fail(13, "Unauthorized", "not authorized"));
        }
        let sample = sample(&mut *session, 0).await;
        for id in [metric::CONNECTIONS, metric::LAG, metric::MEMBERS_DOWN, metric::DATA_BYTES, metric::CACHE_USED] {
            assert_eq!(sample.readings.get(&id), None, "{id:?}");
        }
        assert!(sample.hints.len() >= 4, "{:?}", sample.hints);
        assert_eq!(sample.server_now.date_time(0), "2026-08-22 14:31:58", "the clock comes from the greeting");
    });
}

#[test]
fn a_member_that_changes_its_role_is_met_anew() {
    run(async {
        let server = Mongo::start("primary");
        let mut session = connect(&server.url("shop")).await;
        let mut status = server.reply("serverStatus");
        status.insert("repl", document(r#"{"setName": "rs0", "isWritablePrimary": true}"#));
        server.answer("serverStatus", status.clone());
        sample(&mut *session, 1).await;
        status.insert("repl", document(r#"{"setName": "rs0", "isWritablePrimary": false, "secondary": true}"#));
        server.answer("serverStatus", status);
        let error = (mongodb::SPEC.sample)(&mut *session, 2).await.unwrap_err();
        assert!(
            matches!(&error, SessionError::Lost(words) if words.contains("was primary and is secondary")),
            "{error}"
        );
    });
}

#[test]
fn a_secondary_tells_its_own_lag_and_a_router_none() {
    run(async {
        let mut session = connect(&Mongo::start("secondary").url("shop")).await;
        assert_eq!(sample(&mut *session, 1).await.readings.get(&metric::LAG), Some(&12.0));
        let router = Mongo::start("mongos");
        let mut session = connect(&router.url("shop")).await;
        let sample = sample(&mut *session, 0).await;
        assert_eq!((sample.readings.get(&metric::LAG), sample.readings.get(&metric::PRIMARIES)), (None, None));
        assert!(router.requests_of("replSetGetStatus").is_empty());
        let asked = router.requests_of("aggregate").pop().unwrap().to_string();
        assert!(asked.contains("localOps"), "{asked}");
    });
}

#[test]
fn every_view_shows_its_rows() {
    run(async {
        let server = Mongo::start("primary");
        let mut status = server.reply("serverStatus");
        status.insert(
            "oplog",
            document(r#"{"earliestOptime": {"$timestamp": 1787322718}, "latestOptime": {"$timestamp": 1787409118}}"#),
        );
        server.answer("serverStatus", status);
        let mut session = connect(&server.url("shop")).await;
        let session = &mut *session;

        let operations = view(session, "operations").await;
        assert_eq!(operations.get(&operations.rows[0], "plan"), &Value::Text("COLLSCAN".into()));
        assert_eq!(texts(&operations, "state")[2], "active, waits for a lock");
        assert_eq!(texts(&operations, "state")[3], "idle session, in transaction");

        let slow = view(session, "slow").await;
        assert_eq!((texts(&slow, "ms"), texts(&slow, "from")), (vec!["412".to_owned()], vec!["log".to_owned()]));

        let collections = view(session, "collections").await;
        assert_eq!(collections.rows.len(), 5);
        assert!(texts(&collections, "documents").contains(&"10000".to_owned()));

        let indexes = view(session, "indexes").await;
        let unused: Vec<_> = indexes.rows.iter().filter(|row| indexes.text(row, "index") == "status_1_at_-1").collect();
        assert_eq!(indexes.text(unused[0], "keys"), "status, at desc");
        assert!(indexes.text(unused[0], "note").starts_with("not used"));
        assert!(texts(&indexes, "kind").contains(&"TTL 1d 0h".to_owned()));

        let members = view(session, "members").await;
        assert_eq!(texts(&members, "health"), ["ok", "ok", "DOWN"]);
        assert_eq!(texts(&members, "lag s"), ["", "12", ""]);
        assert_eq!(texts(&members, "settings")[2], "hidden, delayed 1h 00m");

        let databases = view(session, "databases").await;
        assert_eq!(texts(&databases, "database")[0], "shop");

        let settings = view(session, "settings").await;
        assert!(texts(&settings, "name").contains(&"storage.dbPath".to_owned()));
        assert!(!format!("{settings:?}").contains("S3cr3t"));

        let oplog = view(session, "oplog").await;
        assert_eq!((texts(&oplog, "name")[0].as_str(), texts(&oplog, "value")[0].as_str()), ("reaches back", "1d 0h"));
    });
}

#[test]
fn top_shows_totals_first_and_rates_from_the_second_look_on() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        let first = view(&mut *session, "top").await;
        assert_eq!(texts(&first, "namespace"), ["shop.orders", "shop.users"]);
        assert_eq!((texts(&first, "total ms")[0].as_str(), texts(&first, "ms per s")[0].as_str()), ("900", ""));
    });
}

#[test]
fn a_view_that_cannot_be_says_why() {
    run(async {
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        server.react("getLog", Reaction::Fail(13, "Unauthorized", "not authorized"));
        for (name, words) in [("members", "no member of a replica set"), ("slow", "profiler of shop is off")] {
            let view = mongodb::SPEC.views.iter().find(|view| view.name == name).unwrap();
            let error = session.own(view.query, &[]).await.unwrap_err();
            assert!(error.to_string().contains(words), "{name}: {error}");
        }
    });
}
