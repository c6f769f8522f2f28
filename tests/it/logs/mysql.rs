//! The slow log and the error log of MariaDB and MySQL as they write them, read and compared to what was provoked.

use super::support::{length, read, written};
use crate::mysql::support::{Admin, Server, on_each_server};
use crate::support::servers::{self, Address};
use dba_gpt::domain::log::{Level, LogEvent};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Statements of several lines, with what could be taken for the log's own lines.
const PROVOKED: &[&str] = &[
    "SELECT 'one'",
    "SELECT 'two',\n       'lines; of it'\n  FROM DUAL",
    "SELECT 'a\n# Time: no time\n# a comment\nSET timestamp=1;\nuse nothing;\nend'",
    "SELECT 'ü → \\\\ ''quoted'''",
    "SELECT COUNT(*) FROM information_schema.SCHEMATA",
];

/// The folder of a server.
fn folder(server: &Server) -> PathBuf {
    let socket = if server.is_mariadb { servers::mariadb_socket() } else { servers::mysql_socket() };
    socket.parent().unwrap().to_owned()
}

#[test]
fn the_slow_log_gives_back_the_statements() {
    on_each_server(async |server| {
        let mut admin = Admin::of(&server);
        let name = format!("slow-{}.log", std::process::id());
        let file = folder(&server).join("data").join(&name);
        admin.run(&format!("SET GLOBAL slow_query_log_file = '{name}'; SET GLOBAL slow_query_log = 1"));
        let id = u64::try_from(admin.number("SELECT CONNECTION_ID()")).unwrap();
        let user = Address::of(&server.admin).user;
        // MariaDB's sessions have a switch of their own; MySQL knows none, and its client goes on.
        admin.run("SET SESSION slow_query_log = 1");
        admin.run("SET SESSION long_query_time = 0");
        for statement in PROVOKED {
            admin.run(statement);
        }
        admin.run("SELECT 'the end'");
        admin.run("SET SESSION long_query_time = 100");
        let text = written(&file, 0, "the end", || std::future::ready(())).await;
        admin.run("SET GLOBAL slow_query_log = 0");
        let (events, strays) = read("mysql", "auto", None, &text);
        assert_eq!(strays, 0);
        let own: Vec<&LogEvent> = events.iter().filter(|event| event.pid == Some(id)).collect();
        for statement in PROVOKED {
            let found = own.iter().find(|event| event.statement == *statement);
            let event = found.unwrap_or_else(|| panic!("{statement:?} is not among {own:#?}"));
            assert_eq!(
                (event.user.as_str(), event.database.as_str(), event.level),
                (user.as_str(), "shop", Level::Info)
            );
            assert!(event.cost.duration_ms.is_some_and(|ms| ms < 30_000.0), "{event:?}");
            assert!(event.cost.rows_sent >= Some(1) && event.cost.lock_ms.is_some(), "{event:?}");
            assert!(event.at.is_some());
        }
    });
}

#[test]
fn the_error_log_is_read_whole() {
    on_each_server(async |server| {
        let mut admin = Admin::of(&server);
        let log = folder(&server).with_file_name(if server.is_mariadb { "mariadb" } else { "mysql" }).join("log");
        let from = length(&log);
        let verbosity = if server.is_mariadb { "log_warnings" } else { "log_error_verbosity" };
        let before = admin.number(&format!("SELECT @@GLOBAL.{verbosity}"));
        admin.run(&format!("SET GLOBAL {verbosity} = 3"));
        let Address { host, port, .. } = server.address();
        let refused = Command::new("mariadb")
            .args(["--no-defaults", "--protocol=TCP", "--host", &host, "--port", &port.to_string()])
            .args(["--user", "nobody_of_that_name", "--password=wrong"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!refused.status.success());
        let new = written(&log, from, "nobody_of_that_name", || std::future::ready(())).await;
        admin.run(&format!("SET GLOBAL {verbosity} = {before}"));
        let (events, _) = read("mysql", "error", None, &new);
        let denied = events.iter().find(|e| e.message.contains("nobody_of_that_name")).unwrap();
        assert!(denied.message.starts_with("Access denied for user 'nobody_of_that_name'@"), "{denied:?}");
        assert!(denied.pid.is_some_and(|thread| thread > 0) && denied.at.is_some() && !denied.severity.is_empty());
        assert_eq!(denied.code.is_empty(), server.is_mariadb, "{denied:?}");

        let (events, strays) = read("mysql", "auto", None, &std::fs::read(&log).unwrap());
        assert!(strays <= 2, "{strays} lines are part of no event");
        let ready = events.iter().find(|e| e.message.contains("ready for connections")).unwrap();
        assert_eq!((ready.pid, ready.level), (Some(0), Level::Info));
        assert_eq!(ready.code, if server.is_mariadb { "" } else { "10931" });
    });
}
