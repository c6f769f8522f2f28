//! The reading door: values, bounds, every way of being stopped, and what is left behind: nothing.

use super::support::*;
use crate::support::process;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::{Column, Limits, Truncation, Value};
use dba_gpt::engine::RowSink;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

fn text(words: &str) -> Value {
    Value::Text(words.into())
}

/// Calls a function with the number of each row and keeps none.
struct Counting<F: FnMut(usize) + Send> {
    rows: usize,
    on_row: F,
}

impl<F: FnMut(usize) + Send> RowSink for Counting<F> {
    fn columns(&mut self, _: Vec<Column>) {}
    fn row(&mut self, _: Vec<Value>) -> ControlFlow<()> {
        self.rows += 1;
        (self.on_row)(self.rows);
        ControlFlow::Continue(())
    }
}

#[test]
fn values_of_every_kind_arrive_as_a_person_expects_them() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run(
            "SET sql_mode = ''; DROP TABLE IF EXISTS every_kind; CREATE TABLE every_kind (
               u BIGINT UNSIGNED, i TINYINT, m MEDIUMINT, d DECIMAL(30,10), f FLOAT, g DOUBLE, b BIT(5), y YEAR,
               da DATE, dt DATETIME(3), ts TIMESTAMP NULL, t TIME(6), s VARCHAR(10), bin VARBINARY(4), bl BLOB,
               e ENUM('a','b'), st SET('x','y'), j JSON, g2 POINT, tx LONGTEXT, n INT);
             INSERT INTO every_kind VALUES (18446744073709551615, -128, -8388608, '12345678901234567890.0123456789',
               0.1, 1e300, b'10101', 2024, '0000-00-00', '2024-02-29 23:59:59.123', NULL, '-838:59:58.5', 'ä€😀',
               X'00FF', X'01', 'b', 'x,y', '{\"a\": 1}', ST_GeomFromText('POINT(1 2)'), 'long', NULL)",
        );
        let mut session = connect(&server.read_only).await;
        let row = row(&mut *session, "SELECT * FROM every_kind").await;
        let number = |digits: &str| Value::Number(digits.into());
        let expected = [
            number("18446744073709551615"),
            Value::Int(-128),
            Value::Int(-8_388_608),
            number("12345678901234567890.0123456789"),
            Value::Float(0.1),
            Value::Float(1e300),
            text("b'10101'"),
            Value::Int(2024),
            text("0000-00-00"),
            text("2024-02-29 23:59:59.123"),
            Value::Null,
            text("-838:59:58.500000"),
            text("ä€😀"),
            Value::Bytes(vec![0, 255]),
            Value::Bytes(vec![1]),
            text("b"),
            text("x,y"),
            text("{\"a\": 1}"),
        ];
        assert_eq!(row[..expected.len()], expected);
        assert!(matches!(&row[18], Value::Bytes(point) if point.len() == 25), "{:?}", row[18]);
        assert_eq!((&row[19], &row[20]), (&text("long"), &Value::Null));
        let (none, _) =
            read(&mut *session, "SELECT u, d, s FROM every_kind WHERE 1 = 0", Limits::default()).await.unwrap();
        let types: Vec<&str> = none.columns.iter().map(|c| c.type_name.as_str()).collect();
        assert_eq!(types, ["bigint unsigned", "decimal(30,10)", "varchar(10)"]);
    });
}

#[test]
fn errors_and_warnings_are_told_and_the_session_goes_on() {
    on_each_server(|server| async move {
        let mut session = connect(&server.read_only).await;
        let Err(SessionError::Server(error)) =
            read(&mut *session, "SELECT * FROM no_such_table", Limits::default()).await
        else {
            panic!("no error")
        };
        assert_eq!(error.code, "1146");
        let Err(SessionError::Server(error)) = read(&mut *session, "SELECT ?", Limits::default()).await else {
            panic!("a parameter was taken")
        };
        assert!(error.message.contains("parameter"), "{}", error.message);
        let (_, summary) = read(&mut *session, "SELECT CAST('x' AS SIGNED)", Limits::default()).await.unwrap();
        assert!(summary.notices.iter().any(|n| n.starts_with("WARNING: ") && n.contains("1292")), "{summary:?}");
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));
    });
}

#[test]
fn rows_and_bytes_are_capped_and_it_is_said() {
    on_each_server(|server| async move {
        let mut session = connect(&server.read_only).await;
        let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n";
        let limits = Limits { rows: 10, ..Limits::default() };
        let (rows, _) = read(&mut *session, many, limits).await.unwrap();
        assert_eq!((rows.rows.len(), rows.truncated), (10, Some(Truncation::Rows(10))));
        let named = format!("{many} LIMIT 800");
        let (rows, _) = read(&mut *session, &named, limits).await.unwrap();
        assert_eq!((rows.rows.len(), rows.truncated), (10, Some(Truncation::Rows(10))));
        let wide = format!("{} LIMIT 800", many.replace("SELECT i FROM", "SELECT REPEAT('x', 1000) FROM"));
        let (rows, _) = read(&mut *session, &wide, Limits { bytes: 50_000, ..Limits::default() }).await.unwrap();
        assert_eq!(rows.truncated, Some(Truncation::Bytes(50_000)));
        let (rows, _) = read(&mut *session, many, Limits { rows: 900, ..Limits::default() }).await.unwrap();
        assert_eq!((rows.rows.len(), rows.truncated), (900, None));
    });
}

#[test]
fn a_cell_of_200_megabytes_is_cut_and_memory_stays_bounded() {
    on_each_server(|server| async move {
        Admin::of(&server).run("SET GLOBAL max_allowed_packet = 1073741824");
        let mut session = connect(&server.read_only).await;
        let me = i32::try_from(std::process::id()).unwrap();
        let before = process::resident_kib(me);
        let limits = Limits { cell_bytes: 1000, ..Limits::default() };
        let (rows, _) = read(&mut *session, "SELECT REPEAT('x', 200000000) AS a, 'next' AS b", limits).await.unwrap();
        let peak = process::peak_resident_kib(me);
        let Value::Cut { start, bytes } = &rows.rows[0][0] else { panic!("not cut: {:?}", rows.rows[0][0]) };
        assert_eq!((start.len(), *bytes), (1000, 200_000_000));
        assert_eq!(rows.rows[0][1], text("next"));
        assert!(peak.saturating_sub(before) < 64 * 1024, "{before} kB -> {peak} kB");
    });
}

/// Sessions that run a statement with these words, ours and the asking one left out.
fn running(admin: &mut Admin, marker: &str) -> i64 {
    admin.number(&format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%{marker}%' AND ID <> CONNECTION_ID()"
    ))
}

#[test]
fn a_stop_and_the_deadline_end_the_statement_on_the_server() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        let mut session = connect(&server.read_only).await;
        let busy = "SELECT /* stop_me */ COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, \
                    information_schema.COLUMNS c WHERE a.COLUMN_NAME > b.TABLE_NAME AND SLEEP(0.01) = 0";
        let stop = CancellationToken::new();
        let stopper = stop.clone();
        let watched = async {
            let mut sink = Counting { rows: 0, on_row: |_| {} };
            session.read(allowed(busy), &Limits::default(), &stop, &mut sink).await
        };
        let watcher = async {
            eventually("the statement runs", || running(&mut admin, "stop_me") == 1).await;
            stopper.cancel();
            Instant::now()
        };
        let (result, stopped) = tokio::join!(watched, watcher);
        assert_eq!(result.unwrap_err(), SessionError::Canceled);
        assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
        eventually("the server stops too", || running(&mut admin, "stop_me") == 0).await;
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));

        // The server's own limit is lifted: ours remains.
        let lifted = if server.is_mariadb {
            format!("SET STATEMENT max_statement_time = 0 FOR {busy}")
        } else {
            busy.replace("/* stop_me */", "/*+ MAX_EXECUTION_TIME(0) */ /* stop_me */")
        };
        let limits = Limits { timeout_ms: 300, ..Limits::default() };
        let started = Instant::now();
        let result = read(&mut *session, &lifted, limits).await;
        assert!(matches!(result, Err(SessionError::Deadline(_))), "{result:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        eventually("the server stops too", || running(&mut admin, "stop_me") == 0).await;
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));
    });
}

#[test]
fn a_dropped_read_stops_on_the_server_and_leaves_no_transaction() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        let mut session = connect(&server.read_only).await;
        let ours = one(&mut *session, "SELECT CONNECTION_ID()").await.int().unwrap();
        {
            let mut sink = Counting { rows: 0, on_row: |_| {} };
            let (limits, stop) = (Limits::default(), CancellationToken::new());
            let reading = session.read(allowed("SELECT /* drop_me */ SLEEP(25)"), &limits, &stop, &mut sink);
            let mut reading = std::pin::pin!(reading);
            let begun = async {
                eventually("it runs", || running(&mut admin, "drop_me") == 1).await;
            };
            tokio::select! {
                result = &mut reading => panic!("it ended: {result:?}"),
                () = begun => {}
            }
        }
        eventually("the server stops", || running(&mut admin, "drop_me") == 0).await;
        assert_eq!(one(&mut *session, "SELECT @@sql_select_limit = 501").await, Value::Int(1));
        // Between two reads there is no transaction; other tests have theirs.
        let left = format!("SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = {ours}");
        assert_eq!(admin.number(&left), 0);
    });
}

#[test]
fn nothing_is_changed_and_nothing_is_left_in_the_session() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept (i INT) ENGINE = InnoDB; INSERT INTO kept VALUES (1)");
        // As the administrator and past the guard: the session's own defences alone.
        let mut session = connect(&server.admin).await;
        for statement in [
            "INSERT INTO kept VALUES (2)",
            "UPDATE kept SET i = 2",
            "DELETE FROM kept",
            "DROP TABLE kept",
            "TRUNCATE TABLE kept",
            "CREATE TABLE made_by_a_read (i INT)",
            "SELECT 1; DELETE FROM kept",
            "DELETE FROM kept; SELECT 1",
            "START TRANSACTION READ WRITE",
            "SET TRANSACTION READ WRITE",
            "COMMIT",
        ] {
            let _ = read(&mut *session, statement, Limits::default()).await;
        }
        assert_eq!(admin.run("SELECT GROUP_CONCAT(i) FROM kept"), ["1"]);
        assert_eq!(admin.run("SHOW TABLES LIKE 'made_by_a_read'"), Vec::<String>::new());
        for multi in ["SELECT 1; SELECT 2", "SELECT 1; DROP TABLE kept"] {
            assert!(
                matches!(read(&mut *session, multi, Limits::default()).await, Err(SessionError::Server(m)) if m.code == "1064")
            );
        }

        let marks =
            "SELECT @mark IS NULL, @@max_sort_length, @@sql_mode, @@session.autocommit, IS_FREE_LOCK('mark_lock')";
        let before = row(&mut *session, marks).await;
        for statement in [
            "SET @mark = 1",
            "SET SESSION max_sort_length = 8",
            "SET SESSION sql_mode = 'ANSI_QUOTES'",
            "SET autocommit = 0",
            "SELECT GET_LOCK('mark_lock', 0)",
            "SET SESSION TRANSACTION READ WRITE",
        ] {
            read(&mut *session, statement, Limits::default()).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        assert_eq!(row(&mut *session, marks).await, before);
        assert_eq!(before[2], text(""));
        assert_eq!(admin.number("SELECT IS_FREE_LOCK('mark_lock')"), 1);
        assert_eq!(one(&mut *session, "SELECT \"it's text\"").await, text("it's text"));
    });
}

/// The server's own reset keeps the current database. Out of one into none there is no way but a new connection.
#[test]
fn the_current_database_is_that_of_the_login_again() {
    on_each_server(|server| async move {
        let mut session = connect(&server.read_only).await;
        let _ = read(&mut *session, "USE information_schema", Limits::default()).await;
        assert_eq!(one(&mut *session, "SELECT DATABASE()").await, text("shop"));
        let (nowhere, _) = server.read_only.rsplit_once('/').unwrap();
        let mut session = connect(&format!("{nowhere}/")).await;
        match read(&mut *session, "USE information_schema", Limits::default()).await {
            Err(SessionError::Lost(_)) => {}
            // MySQL takes no USE by way of the reading door.
            other => {
                assert!(!server.is_mariadb, "{other:?}");
                assert_eq!(one(&mut *session, "SELECT DATABASE()").await, Value::Null);
            }
        }
    });
}

#[test]
fn a_lock_is_waited_for_only_as_long_as_allowed_and_a_killed_session_says_so() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run("DROP TABLE IF EXISTS locked; CREATE TABLE locked (i INT); LOCK TABLES locked WRITE");
        let mut session = connect(&server.read_only).await;
        let started = Instant::now();
        let Err(SessionError::Server(error)) = read(&mut *session, "SELECT * FROM locked", Limits::default()).await
        else {
            panic!("no wait")
        };
        assert!(error.code == "1205" && started.elapsed() < Duration::from_secs(4), "{error:?}");
        admin.run("UNLOCK TABLES");
        let id = one(&mut *session, "SELECT CONNECTION_ID()").await.int().unwrap();
        admin.run(&format!("KILL {id}"));
        let result = read(&mut *session, "SELECT 1", Limits::default()).await;
        assert!(matches!(result, Err(SessionError::Lost(_))), "{result:?}");
    });
}

#[test]
fn grants_tell_no_hash() {
    on_each_server(|server| async move {
        for url in [&server.admin, &server.read_only] {
            let mut session = connect(url).await;
            let (rows, _) = read(&mut *session, "SHOW GRANTS", Limits::default()).await.unwrap();
            let text = format!("{:?}", rows.rows);
            assert!(text.contains("GRANT"), "{text}");
            assert!(!text.contains("'*") && !text.to_lowercase().contains("password '"), "{text}");
        }
    });
}
