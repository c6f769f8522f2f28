//! Errors as people paste them: from servers, logs and drivers, with the code said, hidden, or to be worked out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::domain::error::kind::Severity;
use crate::domain::error::naming::understand;

fn named(text: &str) -> Named {
    Errors.name(text, None)
}

/// Every text in its frame is the same error, and nothing of the frame is left.
#[test]
fn frames_of_clients_logs_and_drivers_come_off() {
    let message = "relation \"shop.orders\" does not exist";
    let frames = [
        "{}",
        "ERROR:  {}",
        "ERROR: {}\nLINE 1: SELECT * FROM shop.orders;\n                      ^",
        "ERROR:  42P01: {}\nLINE 3: FROM shop.orders\n             ^\nLOCATION:  parserOpenTable, parse_relation.c:1384",
        "psql:load/tables.sql:12: ERROR:  {}",
        "pg_restore: error: {}",
        "{} at character 15",
        "2026-03-01 10:11:12.345 CET [4711] app@shop ERROR:  {} at character 15",
        "<2026-03-01 10:11:12 UTC:10.1.2.3(5432):app@shop:[99]:>ERROR:  {}",
        "Mar  1 10:11:12 db1 postgres[4711]: [3-1] ERROR:  {}",
        "org.postgresql.util.PSQLException: ERROR: {}\n  Position: 15\n\tat org.postgresql.core.v3.QueryExecutorImpl.receive(QueryExecutorImpl.java:1)",
        "Caused by: org.postgresql.util.PSQLException: ERROR: {}",
        "java.lang.IllegalStateException: could not load\n  Caused by: org.postgresql.util.PSQLException: ERROR: {}\n  Position: 3",
        "psycopg2.errors.UndefinedTable: {}\nLINE 1: SELECT 1 FROM shop.orders\n                      ^\n",
        "Traceback (most recent call last):\n  File \"job.py\", line 3, in <module>\n    run()\npsycopg2.errors.UndefinedTable: {}\nLINE 1: ...",
        "sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) {}\nLINE 1: x\n\n[SQL: SELECT * FROM shop.orders]\n(Background on this error at: https://example.org)",
        "asyncpg.exceptions.UndefinedTableError: {}",
        "PG::UndefinedTable: ERROR:  {}\nLINE 1: SELECT",
        "ActiveRecord::StatementInvalid: PG::UndefinedTable: ERROR:  {}",
        "pq: {}",
        "ERROR: {} (SQLSTATE 42P01)",
        "error: {}\n    at Parser.parseErrorMessage (/srv/app/parser.js:287:98)",
        "error returned from database: {}",
        "db error: ERROR: {}",
        "DBD::Pg::st execute failed: ERROR:  {}\nLINE 1: SELECT",
        "SQLSTATE[42P01]: Undefined table: 7 ERROR:  {}\nLINE 1: SELECT",
        "Npgsql.PostgresException (0x80004005): 42P01: {}\n\nPOSITION: 15",
        "** (Postgrex.Error) ERROR 42P01 (undefined_table) {}",
        "SQL Error [42P01]: ERROR: {}\n  Position: 15",
        "[42P01] ERROR: {}",
    ];
    for frame in frames {
        let name = named(&frame.replace("{}", message));
        assert_eq!((name.code.as_str(), name.message.as_str()), ("42P01", message), "{frame}");
        assert_eq!(name.object.as_deref(), Some("shop.orders"), "{frame}");
    }
}

#[test]
fn the_code_of_a_record_comes_before_the_words() {
    assert_eq!(Errors.name("division by zero", Some("P0001")).code, "P0001");
    assert_eq!(Errors.name("division by zero", Some("")).code, "22012");
    assert_eq!(named("ERROR:  P0001: division by zero").code, "P0001");
    assert_eq!(named("ERROR:  HOUSE: is burning").message, "HOUSE: is burning");
    assert_eq!(named("who knows (SQLSTATE 40P01)").code, "40P01");
}

#[test]
fn a_server_that_answered_says_more_than_the_connection_that_failed() {
    let text = "connection to server at \"10.0.0.7\", port 5432 failed: FATAL:  password authentication failed for user \"ann\"";
    for frame in ["{}", "psql: error: {}", "psycopg2.OperationalError: {}\n", "SQLSTATE[08006] [7] {}"] {
        let name = named(&frame.replace("{}", text));
        assert_eq!((name.code.as_str(), name.object.as_deref()), ("28P01", Some("ann")), "{frame}");
        assert_eq!(name.message, "password authentication failed for user \"ann\"");
    }
    let full = named("FATAL:  sorry, too many clients already");
    assert_eq!(full.code, "53300");
    assert_eq!(named("FATAL:  the database system is starting up").code, "57P03");
    assert_eq!(
        named("FATAL:  no pg_hba.conf entry for host \"1.2.3.4\", user \"bob\", database \"shop\", no encryption").code,
        "28000"
    );
}

#[test]
fn connections_that_failed_or_broke_have_their_codes() {
    let texts = [
        (
            "08001",
            "psql: error: connection to server at \"db\" (10.0.0.7), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
        ),
        ("08001", "could not translate host name \"dbb\" to address: Name or service not known"),
        ("08001", "dial tcp 127.0.0.1:5432: connect: connection refused"),
        ("08001", "Error: connect ECONNREFUSED 127.0.0.1:5432"),
        (
            "08006",
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.",
        ),
        ("08006", "SSL connection has been closed unexpectedly"),
        ("08006", "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend."),
        ("08003", "psycopg2.InterfaceError: connection already closed"),
    ];
    for (code, text) in texts {
        let error = understand(&Errors, text, None);
        assert_eq!((error.code.as_str(), error.kind), (code, ErrorKind::ConnectionError), "{text}");
    }
    let pool =
        understand(&Errors, "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", None);
    assert_eq!((pool.code.as_str(), pool.kind), ("", ErrorKind::TooManyConnections));
}

#[test]
fn the_reason_at_the_end_decides_about_files() {
    let file = |reason: &str| named(&format!("could not open file \"base/5/1259\": {reason}")).code;
    assert_eq!(file("No such file or directory"), "58P01");
    assert_eq!(file("Permission denied"), "42501");
    assert_eq!(file("No space left on device"), "53100");
    assert_eq!(file("Datei oder Verzeichnis nicht gefunden"), "58P01");
    assert_eq!(file("ENOSPC"), "53100");
    let full = understand(&Errors, "could not extend file \"base/5/16384\": No space left on device", None);
    assert_eq!(full.kind, ErrorKind::DiskFull);
}

#[test]
fn time_limits_and_people_stop_statements_with_one_code() {
    let kind = |text| understand(&Errors, text, None).kind;
    assert_eq!(kind("canceling statement due to statement timeout"), ErrorKind::Timeout);
    assert_eq!(kind("FEHLER:  storniere Anfrage wegen Zeitüberschreitung der Anfrage"), ErrorKind::Timeout);
    assert_eq!(kind("canceling statement due to user request"), ErrorKind::Canceled);
    assert_eq!(kind("canceling statement due to lock timeout"), ErrorKind::LockTimeout);
}

#[test]
fn other_languages_are_recognised_with_their_severities() {
    let texts = [
        (
            "42P01",
            "FEHLER:  Relation »bestellung« existiert nicht\nZEILE 1: SELECT * FROM bestellung;",
            Some("bestellung"),
        ),
        ("42601", "FEHLER:  Syntaxfehler bei »FORM«", None),
        ("22012", "ERREUR:  division par zéro", None),
        ("42P01", "ERROR:  no existe la relación «pedido»\nLÍNEA 1: SELECT * FROM pedido", Some("pedido")),
        ("22012", "ОШИБКА:  деление на ноль", None),
        ("23505", "错误:  重复键违反唯一约束\"orders_pkey\"", Some("orders_pkey")),
    ];
    for (code, text, object) in texts {
        let name = named(text);
        assert_eq!((name.code.as_str(), name.object.as_deref()), (code, object), "{text}: {}", name.message);
    }
}

#[test]
fn objects_are_what_the_error_is_about() {
    let texts = [
        ("permission denied for table payroll", Some("payroll")),
        ("must be owner of materialized view sums", Some("sums")),
        ("column o.total does not exist", Some("o.total")),
        ("column \"total\" of relation \"orders\" does not exist", Some("total")),
        ("cannot drop table orders because other objects depend on it", Some("orders")),
        ("operator does not exist: integer = text", Some("integer = text")),
        ("duplicate key value violates unique constraint \"orders_pkey\"", Some("orders_pkey")),
        ("invalid input syntax for type integer: \"seven\"", None),
        ("syntax error at or near \"selct\"", None),
        ("division by zero", None),
        ("role \"say \"\"hi\"\"\" does not exist", Some("say \"\"hi")),
        ("function area(integer, text) does not exist", Some("area(integer, text)")),
    ];
    for (text, object) in texts {
        assert_eq!(named(text).object.as_deref(), object, "{text}");
    }
}

#[test]
fn what_no_server_says_was_raised_by_a_routine() {
    let raised = understand(
        &Errors,
        "ERROR:  the till is closed until nine\nCONTEXT:  PL/pgSQL function pay(integer) line 4 at RAISE",
        None,
    );
    assert_eq!((raised.code.as_str(), raised.kind), (RAISED, ErrorKind::ScriptError));
    assert_eq!(raised.message, "the till is closed until nine");
    assert_eq!(named("WARNING:  the till is closed").code, "01000");
    assert_eq!(named("LOG:  the till is closed").code, "");
    for empty in ["", "  \n ", "...", "42"] {
        assert_eq!(named(empty).code, "", "{empty:?}");
    }
}

#[test]
fn huge_texts_are_read_in_a_moment() {
    for piece in ["relation \"", "ERROR: ", "a.b: ", "\na.b: x", "\u{ab}", "psql: ", "\nERROR:  x\nDETAIL:  y"] {
        let name = named(&piece.repeat(200_000));
        assert!(name.message.len() <= 32 * 1024, "{piece}");
    }
}

#[test]
fn grave_events_of_a_log_are_told_from_its_news() {
    let event = |text| {
        let error = understand(&Errors, text, None);
        (error.kind, error.severity)
    };
    let killed = "LOG:  server process (PID 2741) was terminated by signal 9: Killed";
    assert_eq!(event(killed), (ErrorKind::InternalError, Severity::Critical));
    let archive = "LOG:  archive command failed with exit code 1";
    assert_eq!(event(archive), (ErrorKind::ReplicationError, Severity::Critical));
    let news = "LOG:  checkpoint starting: time";
    assert_eq!(event(news), (ErrorKind::Other, Severity::Info));
    assert_eq!(named("PANIC:  could not write to log file").severity, Some(Severity::Critical));
}

#[test]
fn every_skeleton_has_a_code_of_the_catalogue() {
    for line in MESSAGES.lines().filter(|line| !line.starts_with('#')) {
        let (code, _) = line.split_once('\t').unwrap();
        assert!(CATALOGUE.code(code).is_some(), "{line}");
    }
}
