//! Samples, views, the schema and the role in a replication, on real servers.

use super::support::{Own, PATIENCE, Raw, connect, each_read_only_url, lines, read, run, skipped};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::metric;
use dba_gpt::engine::redis::SPEC;
use std::time::Instant;

#[test]
fn a_sample_has_what_a_dba_looks_at() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let mut other = Raw::connect(&url);
            other.ask(&["CLIENT", "SETNAME", "canary"]);
            let mut session = connect(&url).await;
            let first = (SPEC.sample)(&mut *session, 0).await.unwrap();
            let second = (SPEC.sample)(&mut *session, 1).await.unwrap();
            for id in [
                metric::CONNECTIONS,
                metric::CONNECTION_LIMIT,
                metric::STATEMENTS,
                metric::STATEMENT_TIME,
                metric::MEMORY_USED,
                metric::MEMORY_RESIDENT,
                metric::EVICTIONS,
                metric::EXPIRATIONS,
                metric::CACHE_HITS,
                metric::NETWORK_OUT,
                metric::CPU_SECONDS,
                metric::SNAPSHOT_FAILED,
                metric::SLOW_COMMANDS,
                metric::OWN_COST,
            ] {
                assert!(second.readings.contains_key(&id), "{url}: {id:?}");
            }
            assert!(!second.readings.contains_key(&metric::MEMORY_LIMIT), "no limit is no reading");
            assert!(second.readings[&metric::KEYS] >= 120.0 && second.readings[&metric::KEYS_EXPIRING] >= 30.0);
            assert!(second.server_now >= first.server_now && first.server_now.0 > 1_600_000_000_000);
            let canary =
                second.sessions.iter().find(|s| s.application == "canary").expect("the other client is listed");
            assert_eq!((canary.database.as_str(), canary.user.as_str()), ("db0", "dbagpt_ro"));
            assert_eq!(second.hints, Vec::<String>::new());
        }
    });
}

#[test]
fn every_view_runs_or_says_why_not() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let mut session = connect(&url).await;
            for view in SPEC.views {
                match session.own(view.query, &[]).await {
                    Ok(rows) => assert!(!rows.columns.is_empty(), "{}", view.name),
                    Err(SessionError::Server(message)) if matches!(view.name, "nodes" | "sentinel") => {
                        assert!(!message.message.is_empty());
                    }
                    Err(error) => panic!("{}: {error}", view.name),
                }
            }
        }
    });
}

#[test]
fn the_schema_is_made_of_prefixes() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let mut session = connect(&url).await;
            let (schema, _) = (SPEC.schema)(&mut *session).await.unwrap();
            let table = schema.table("customer:*").expect("a prefix is a table");
            assert_eq!((table.row_estimate, table.comment.as_deref()), (Some(20.0), Some("hash")));
            assert!(schema.keyed && schema.table("session:*").unwrap().comment.as_deref() == Some("string, expiring"));
            assert!(table.bytes.is_some_and(|b| b > 500));
        }
    });
}

#[test]
fn both_ends_of_a_replication_are_told() {
    if skipped() {
        return;
    }
    run(async {
        let primary = Own::start(&["repl-diskless-sync-delay 0"]);
        let replica = Own::start(&[&format!("replicaof 127.0.0.1 {}", primary.port)]);
        let mut below = connect(&replica.url()).await;
        assert_eq!(below.identity().role, "replica");
        let started = Instant::now();
        loop {
            let sample = (SPEC.sample)(&mut *below, 0).await.unwrap();
            assert!(sample.readings.contains_key(&metric::LAG));
            if sample.readings.get(&metric::LINK_DOWN) == Some(&0.0) {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "the link never came up: {:?}", sample.readings);
        }
        let mut above = connect(&primary.url()).await;
        let sample = (SPEC.sample)(&mut *above, 0).await.unwrap();
        assert_eq!(sample.readings.get(&metric::REPLICAS), Some(&1.0));
        assert!(sample.sessions.iter().any(|s| s.background), "the replica is the server's own work");
        let (rows, _) = read(&mut *above, "--replication").await.unwrap();
        assert!(lines(&rows)[1].contains(&format!("127.0.0.1:{}|replica", replica.port)), "{:?}", lines(&rows));
        let (rows, _) = read(&mut *below, "ROLE").await.unwrap();
        assert!(lines(&rows)[0].starts_with("replica|"), "{:?}", lines(&rows));

        drop(primary);
        let started = Instant::now();
        loop {
            let sample = (SPEC.sample)(&mut *below, 0).await.unwrap();
            if sample.readings.get(&metric::LINK_DOWN).is_some_and(|s| *s > 0.0) {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "the broken link is not told");
        }
    });
}
