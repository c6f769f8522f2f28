//! Reads on real servers: tables, bounds, stopping, and a connection that comes back.

use super::support::{NoRows, Own, Raw, connect, each_read_only_url, lines, read, read_within, run, skipped};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::{Limits, Truncation, Value};
use tokio_util::sync::CancellationToken;

#[test]
fn replies_become_tables() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let mut session = connect(&url).await;
            for (line, expected) in [
                ("HGET customer:1 name", &["Ada"][..]),
                ("hmget customer:1 name nothing", &["name|Ada", "nothing|-"]),
                (
                    "MGET counter:visits counter:missing customer:1",
                    &["counter:visits|4711", "counter:missing|-", "customer:1|-"],
                ),
                ("LRANGE queue:emails 0 1", &["0|mail 1", "1|mail 2"]),
                ("ZRANGE leaderboard:revenue 0 1 WITHSCORES", &["customer:1|12.5", "customer:2|25"]),
                ("--scan --total --pattern session:*", &["session:*|any|30|true"]),
                ("GET \"odd key\"", &["a value with blanks"]),
                ("XRANGE events:audit - + COUNT 5", &["1787000000000-0|{\"who\": \"ada\", \"what\": \"login\"}"]),
                ("CONFIG GET databases", &["databases|16"]),
                ("EXISTS customer:1 customer:2", &["2"]),
                ("OBJECT ENCODING counter:visits", &["int"]),
            ] {
                let (rows, _) = read(&mut *session, line).await.unwrap_or_else(|e| panic!("{line}: {e:?}"));
                assert_eq!(lines(&rows), expected, "{line}");
            }
            let (rows, _) = read(&mut *session, "CLIENT LIST").await.unwrap();
            let ours = rows.rows.iter().find(|row| rows.text(row, "name") == "dba-gpt-test");
            assert!(ours.is_some(), "our own name stands in the list");
            let (rows, notices) = read(&mut *session, "--show catalogue:index").await.unwrap();
            assert_eq!((rows.rows.len(), rows.columns.len()), (300, 2));
            assert!(notices[0].contains("hash"), "{notices:?}");
            let (rows, _) = read(&mut *session, "--key catalogue:index").await.unwrap();
            assert_eq!(rows.text(&rows.rows[0], "elements"), "300");
            let (rows, _) = read(&mut *session, "--streams").await.unwrap();
            let billing = rows.rows.iter().find(|row| rows.text(row, "group") == "billing").unwrap();
            assert_eq!(rows.text(billing, "pending"), "4");
            for (line, code) in [("HLEN counter:visits", "WRONGTYPE"), ("OBJECT FREQ counter:visits", "ERR")] {
                match read(&mut *session, line).await {
                    Err(NoRows::Session(SessionError::Server(message))) => assert_eq!(message.code, code),
                    other => panic!("{line}: {other:?}"),
                }
            }
        }
    });
}

#[test]
fn rows_are_cut_where_the_limits_say() {
    if skipped() {
        return;
    }
    run(async {
        let mut session = connect(&each_read_only_url()[0]).await;
        let limits = Limits { rows: 7, cell_bytes: 5, ..Limits::default() };
        let stop = CancellationToken::new();
        for line in ["--show catalogue:index", "--scan", "LRANGE queue:emails 0 30", "--show queue:emails"] {
            let (rows, _) = read_within(&mut *session, line, &limits, &stop).await.unwrap();
            assert_eq!((rows.rows.len(), rows.truncated), (7, Some(Truncation::Rows(7))), "{line}");
        }
        let (rows, _) = read_within(&mut *session, "GET text:long", &limits, &stop).await.unwrap();
        assert_eq!(rows.rows[0][0], Value::Cut { start: "lorem".into(), bytes: 1079 });
    });
}

/// Our own resident memory, bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_value_of_256_mb_takes_no_memory_of_ours() {
    if skipped() {
        return;
    }
    run(async {
        let own = Own::start(&[]);
        let mut raw = Raw::connect(&own.url());
        raw.ask(&["SETRANGE", "big", "268435455", "x"]);
        let mut session = connect(&own.url()).await;
        let before = resident();
        let (rows, _) = read(&mut *session, "GET big").await.unwrap();
        assert!(matches!(rows.rows[0][0], Value::Cut { bytes: 268_435_456, .. }));
        let (rows, _) = read(&mut *session, "MGET big nothing").await.unwrap();
        assert!(matches!(rows.rows[0][1], Value::Cut { bytes: 268_435_456, .. }));
        // A reply that the server cannot cut is passed over while it arrives.
        let big = "y".repeat(64 << 20);
        raw.ask(&["HSET", "hash", "field", &big]);
        drop(big);
        let (rows, _) = read(&mut *session, "HGET hash field").await.unwrap();
        assert!(matches!(rows.rows[0][0], Value::Cut { bytes: 67_108_864, .. }), "{:?}", rows.columns);
        let grown = resident().saturating_sub(before);
        // The raw client above and the tests beside this one take some; 256 MB would show.
        assert!(grown < 200 << 20, "grown by {} MB", grown >> 20);
        assert_eq!(lines(&read(&mut *session, "DBSIZE").await.unwrap().0), ["2"]);
    });
}

#[test]
fn a_stopped_or_late_read_leaves_a_session_that_works() {
    if skipped() {
        return;
    }
    run(async {
        let own = Own::start(&["enable-debug-command yes"]);
        let mut raw = Raw::connect(&own.url());
        raw.ask(&["DEBUG", "POPULATE", "50000"]);
        let mut session = connect(&own.url()).await;
        let stop = CancellationToken::new();
        stop.cancel();
        let stopped = read_within(&mut *session, "--bigkeys", &Limits::default(), &stop).await;
        assert!(matches!(stopped, Err(NoRows::Session(SessionError::Canceled))), "{stopped:?}");
        assert_eq!(lines(&read(&mut *session, "PING").await.unwrap().0), ["PONG"]);

        raw.send(&["DEBUG", "SLEEP", "2.5"]);
        let limits = Limits { timeout_ms: 100, ..Limits::default() };
        let late = read_within(&mut *session, "DBSIZE", &limits, &CancellationToken::new()).await;
        let Err(NoRows::Session(SessionError::Lost(words))) = late else { panic!("{late:?}") };
        assert!(words.contains("to its end"), "{words}");
        assert_eq!(lines(&read(&mut *session, "DBSIZE").await.unwrap().0), ["50000"]);
        // A walk that runs out of time says so, and what it has is shown.
        let brief = Limits { timeout_ms: 1, ..Limits::default() };
        let (rows, notices) =
            read_within(&mut *session, "--keyspace", &brief, &CancellationToken::new()).await.unwrap();
        assert!(!rows.rows.is_empty() && notices.iter().any(|n| n.starts_with("cut:")), "{notices:?}");
    });
}
