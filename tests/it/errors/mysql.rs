//! MySQL and MariaDB: errors provoked on the real servers, named without their code, in English and in other languages;
//! and the server's own counters and log.

use crate::mysql::support::{Admin, Server, connect, on_each_server};
use crate::support::servers::Address;
use dba_gpt::domain::error::kind::ErrorKind::{
    self, AccessDenied, AuthenticationFailed, Canceled, CheckViolation, ColumnNotFound, ConfigurationError, DataError,
    DatabaseNotFound, DependentObjects, DivisionByZero, DuplicateKey, DuplicateObject, FeatureNotSupported,
    ForeignKeyViolation, FunctionNotFound, LockTimeout, NotNullViolation, ObjectNotFound, ReadOnly, ResourceLimit,
    SyntaxError, TableNotFound, Timeout, TransactionState, TypeError, WrongType,
};
use dba_gpt::domain::error::naming::{Understood, understand};
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::engine::mysql::{SPEC, reports};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Where a statement fails.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Both,
    MariaDb,
    MySql,
}
use On::{Both, MariaDb, MySql};

/// Tables and routines of the cases.
const SETUP: &str = "
CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(5) NOT NULL, n TINYINT, UNIQUE KEY name_key (name)) ENGINE=InnoDB;
CREATE TABLE child (id INT PRIMARY KEY, parent INT, CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent (id)) ENGINE=InnoDB;
CREATE TABLE checked (n INT, CONSTRAINT positive CHECK (n > 0));
CREATE TABLE dated (d DATE);
CREATE TABLE listed (n INT) PARTITION BY LIST (n) (PARTITION p1 VALUES IN (1));
CREATE TABLE gone (n INT);
CREATE VIEW broken AS SELECT n FROM gone;
DROP TABLE gone;
CREATE VIEW seen AS SELECT 1 AS one;
CREATE VIEW small AS SELECT id, name, n FROM parent WHERE id < 10 WITH CHECK OPTION;
CREATE PROCEDURE calls (IN a INT) SELECT a;
INSERT INTO parent VALUES (1, 'a', 1);
INSERT INTO child VALUES (1, 1);
SET sql_mode = CONCAT(@@sql_mode, ',ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO');
";

/// A statement on one line, where it fails, the kind, and what the object ends with (empty: not looked at).
const CASES: &[(&str, On, ErrorKind, &str)] = &[
    ("SELECT * FROM nowhere", Both, TableNotFound, ".nowhere"),
    ("DROP TABLE nowhere", Both, TableNotFound, "nowhere"),
    ("SELECT nothing FROM parent", Both, ColumnNotFound, "nothing"),
    ("SELECT id FROM parent, child", Both, ColumnNotFound, "id"),
    ("ALTER TABLE parent ADD INDEX (nothing)", Both, ColumnNotFound, "nothing"),
    ("USE nodatabase", Both, DatabaseNotFound, "nodatabase"),
    ("DROP DATABASE nodatabase", Both, DatabaseNotFound, "nodatabase"),
    ("CALL nowhere()", Both, FunctionNotFound, ".nowhere"),
    ("SELECT nofunction()", Both, FunctionNotFound, "nofunction"),
    ("ROLLBACK TO nosavepoint", Both, ObjectNotFound, "nosavepoint"),
    ("ALTER TABLE parent DROP COLUMN nothing", Both, ObjectNotFound, "nothing"),
    ("SET GLOBAL nothing_such = 1", Both, ObjectNotFound, "nothing_such"),
    ("CREATE TABLE t (a CHAR(1) CHARACTER SET nocharset)", Both, ObjectNotFound, "nocharset"),
    ("CREATE TABLE t (a CHAR(1) COLLATE nocollation)", Both, ObjectNotFound, "nocollation"),
    ("CREATE TABLE t (a INT) ENGINE=NoEngine", Both, ObjectNotFound, "NoEngine"),
    ("SELECT 1 INTO undeclared", Both, ObjectNotFound, ""),
    ("EXECUTE nothing", Both, ObjectNotFound, ""),
    ("KILL 999999999", Both, ObjectNotFound, ""),
    ("SHOW GRANTS FOR nobody@nowhere", Both, ObjectNotFound, ""),
    ("DROP USER nobody@nowhere", Both, ObjectNotFound, "nobody@nowhere"),
    ("CREATE USER CURRENT_USER", Both, DuplicateObject, ""),
    ("SELECT * FROM broken", Both, ObjectNotFound, ".broken"),
    ("SELECT * FROM listed PARTITION (p9)", Both, ObjectNotFound, "p9"),
    ("DROP TRIGGER nothing", Both, ObjectNotFound, ""),
    ("DROP EVENT nothing", Both, ObjectNotFound, "nothing"),
    ("CREATE PROCEDURE p () OPEN nothing", Both, ObjectNotFound, ""),
    ("SELECT * FROM parent USE INDEX (nothing)", Both, ObjectNotFound, "nothing"),
    ("SELECT MATCH (name) AGAINST ('x') FROM parent", Both, ObjectNotFound, ""),
    ("SELEC 1", Both, SyntaxError, ""),
    ("SELECT * FROM parent WHERE", Both, SyntaxError, ""),
    ("INSERT INTO parent VALUES (1)", Both, SyntaxError, ""),
    ("INSERT INTO parent (id, id) VALUES (1, 1)", Both, SyntaxError, "id"),
    ("ALTER TABLE parent ADD PRIMARY KEY (n)", Both, SyntaxError, ""),
    ("CALL calls()", Both, SyntaxError, ""),
    ("SELECT 1 FROM parent, parent", Both, SyntaxError, "parent"),
    ("SELECT 1 FROM parent WHERE COUNT(*) > 1", Both, SyntaxError, ""),
    ("SELECT (SELECT 1, 2)", Both, SyntaxError, ""),
    ("SELECT 1 UNION SELECT 1, 2", Both, SyntaxError, ""),
    ("SELECT * FROM (SELECT 1)", Both, SyntaxError, ""),
    ("SELECT name, COUNT(*) FROM parent GROUP BY n", Both, SyntaxError, ""),
    ("SELECT name, COUNT(*) FROM parent", Both, SyntaxError, ""),
    ("SELECT ABS()", Both, SyntaxError, ""),
    ("CREATE TABLE t (a TEXT PRIMARY KEY)", Both, SyntaxError, "a"),
    ("CREATE TABLE t (a INT AUTO_INCREMENT)", Both, SyntaxError, ""),
    ("CREATE TABLE t (a INT DEFAULT 'x')", Both, SyntaxError, "a"),
    ("CREATE TABLE t (a CHAR(500))", Both, SyntaxError, "a"),
    ("CREATE TABLE `bad ` (a INT)", Both, SyntaxError, ""),
    ("CREATE TABLE parent (a INT)", Both, DuplicateObject, "parent"),
    ("ALTER TABLE parent ADD n INT", Both, DuplicateObject, "n"),
    ("ALTER TABLE parent ADD INDEX name_key (n)", Both, DuplicateObject, "name_key"),
    ("CREATE DATABASE shop", Both, DuplicateObject, "shop"),
    ("CREATE PROCEDURE calls () SELECT 1", Both, DuplicateObject, "calls"),
    ("INSERT INTO parent VALUES (1, 'b', 1)", Both, DuplicateKey, "PRIMARY"),
    ("INSERT INTO parent VALUES (2, 'a', 1)", Both, DuplicateKey, "name_key"),
    ("INSERT INTO parent VALUES (2, NULL, 1)", Both, NotNullViolation, "name"),
    ("INSERT INTO parent (id) VALUES (3)", Both, NotNullViolation, "name"),
    ("INSERT INTO child VALUES (2, 99)", Both, ForeignKeyViolation, "child_parent"),
    ("DELETE FROM parent WHERE id = 1", Both, ForeignKeyViolation, "child_parent"),
    ("DROP TABLE parent", Both, ForeignKeyViolation, ""),
    ("CREATE TABLE t (p INT, FOREIGN KEY (p) REFERENCES nowhere (id)) ENGINE=InnoDB", Both, ForeignKeyViolation, ""),
    ("INSERT INTO checked VALUES (0)", Both, CheckViolation, "positive"),
    ("INSERT INTO small VALUES (20, 'q', 1)", Both, CheckViolation, "small"),
    ("ALTER TABLE child DROP INDEX child_parent", Both, DependentObjects, "child_parent"),
    ("INSERT INTO parent VALUES (2, 'too long a name', 1)", Both, DataError, "name"),
    ("INSERT INTO parent VALUES (2, 'b', 1000)", Both, DataError, "n"),
    ("INSERT INTO parent VALUES ('x', 'b', 1)", Both, DataError, "id"),
    ("INSERT INTO dated VALUES ('nonsense')", Both, DataError, "d"),
    ("INSERT INTO listed VALUES (2)", Both, DataError, ""),
    ("SELECT (SELECT x FROM (SELECT 1 AS x UNION SELECT 2) AS t)", Both, DataError, ""),
    ("SELECT x INTO @x FROM (SELECT 1 AS x UNION SELECT 2) AS t", Both, DataError, ""),
    ("SELECT 18446744073709551615 + 1", Both, DataError, ""),
    ("SELECT 'a' REGEXP '('", MariaDb, DataError, ""),
    ("SELECT JSON_EXTRACT('{', '$.a')", MySql, DataError, ""),
    ("SELECT ST_GeomFromText('nonsense')", MySql, DataError, ""),
    ("INSERT INTO parent VALUES (9, 'z', 1 / 0)", Both, DivisionByZero, ""),
    ("SELECT 'a' COLLATE utf8mb4_bin = 'a' COLLATE utf8mb4_general_ci", Both, TypeError, ""),
    ("SET sql_mode = 'NOTHING'", Both, ConfigurationError, "sql_mode"),
    ("SET GLOBAL max_connections = 'x'", Both, ConfigurationError, ""),
    ("SET GLOBAL version = '1'", Both, ConfigurationError, "version"),
    ("PREPARE s FROM 'PREPARE t FROM ''SELECT 1'''", Both, FeatureNotSupported, ""),
    ("SELECT 1 FROM parent WHERE id IN (SELECT id FROM child LIMIT 1)", Both, FeatureNotSupported, ""),
    ("DROP VIEW parent", MySql, WrongType, "parent"),
    ("DROP VIEW parent", MariaDb, TableNotFound, "parent"),
    ("INSERT INTO seen VALUES (1)", Both, WrongType, ""),
    ("START TRANSACTION READ ONLY; INSERT INTO parent VALUES (5, 'q', 1); ROLLBACK", Both, ReadOnly, ""),
    ("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ROLLBACK", Both, TransactionState, ""),
    ("XA COMMIT 'nothing'", Both, TransactionState, ""),
    ("CREATE TABLE t (a VARCHAR(10000), b VARCHAR(10000)) CHARACTER SET utf8mb4", Both, ResourceLimit, ""),
    ("CREATE TABLE t (a VARCHAR(4000) PRIMARY KEY) CHARACTER SET utf8mb4 ENGINE=InnoDB", Both, ResourceLimit, ""),
    ("KILL QUERY CONNECTION_ID()", Both, Canceled, ""),
    (
        "SELECT /*+ MAX_EXECUTION_TIME(1) */ COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c",
        MySql,
        Timeout,
        "",
    ),
    (
        "SET STATEMENT max_statement_time = 0.001 FOR SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b",
        MariaDb,
        Timeout,
        "",
    ),
];

/// What fails while somebody else holds the rows.
const LOCKED: &str = "SELECT * FROM parent FOR UPDATE NOWAIT";

/// Statements whose message is known in the other languages too, and their codes.
const TRANSLATED: &[(&str, &str)] = &[
    ("SELECT * FROM nowhere", "1146"),
    ("SELECT nothing FROM parent", "1054"),
    ("SELEC 1", "1064"),
    ("INSERT INTO parent VALUES (1, 'b', 1)", "1062"),
    ("INSERT INTO parent VALUES (2, NULL, 1)", "1048"),
    ("CREATE TABLE parent (a INT)", "1050"),
    ("DROP DATABASE nodatabase", "1008"),
    ("USE nodatabase", "1049"),
];

/// What the client said, by the line of the statement: code and message, as printed behind `ERROR `.
fn errors_of(url: &str, database: Option<&str>, statements: &[&str]) -> BTreeMap<usize, (String, String)> {
    let address = Address::of(url);
    let mut client = Command::new("mariadb")
        .args([
            "--no-defaults",
            "--batch",
            "--force",
            "--comments",
            "--protocol=TCP",
            "--default-character-set=utf8mb4",
        ])
        .args(["--host", &address.host, "--port", &address.port.to_string(), "--user", &address.user])
        .args(database)
        .env("MYSQL_PWD", &address.password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
    client.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let said = String::from_utf8(client.wait_with_output().unwrap().stderr).unwrap();
    let mut errors = BTreeMap::new();
    for line in said.lines() {
        let Some((code, rest)) = line.strip_prefix("ERROR ").and_then(|rest| rest.split_once(' ')) else { continue };
        let (place, message) = rest.split_once(": ").unwrap();
        let line = place.rsplit_once("at line ").map_or(0, |(_, number)| number.parse().unwrap());
        errors.insert(line, (code.to_owned(), message.to_owned()));
    }
    errors
}

fn named(text: &str, code: Option<&str>) -> Understood {
    understand(SPEC.dialect.errors(), text, code)
}

/// A database of the test's own, which goes with it.
struct Place {
    admin: Admin,
    name: String,
}

impl Place {
    fn new(server: &Server, purpose: &str) -> Self {
        let name = format!("errors_{purpose}_{}", std::process::id());
        let mut admin = Admin::of(server);
        admin.run(&format!(
            "DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name}; {SETUP}"
        ));
        Self { admin, name }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admin.run(&format!("ROLLBACK; DROP DATABASE {}", self.name));
    }
}

const MODE: &str =
    "SET sql_mode = CONCAT(@@sql_mode, ',ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO')";

#[test]
fn the_text_alone_tells_code_kind_and_object() {
    on_each_server(|server| async move {
        let mut place = Place::new(&server, "named");
        let here = if server.is_mariadb { MariaDb } else { MySql };
        let cases: Vec<_> = CASES.iter().filter(|(_, on, ..)| *on == Both || *on == here).collect();
        assert!(cases.len() >= 60);
        let statements: Vec<&str> =
            std::iter::once(MODE).chain(cases.iter().map(|(statement, ..)| *statement)).collect();
        let errors = errors_of(&server.admin, Some(&place.name), &statements);
        let mut wrong = Vec::new();
        for (i, (statement, _, kind, object)) in cases.iter().enumerate() {
            let Some((code, message)) = errors.get(&(i + 2)) else {
                wrong.push(format!("{statement}: no error"));
                continue;
            };
            let alone = named(message, None);
            if (&alone.code, alone.kind) != (code, *kind) {
                wrong.push(format!("{statement}: {} {} for {code} {kind}: {message}", alone.code, alone.kind));
            }
            if !alone.object.as_deref().unwrap_or_default().ends_with(object) {
                wrong.push(format!("{statement}: about {:?} for {object}: {message}", alone.object));
            }
            let whole = named(&format!("ERROR {code} (HY000) at line 3: {message}"), None);
            assert_eq!(
                (&whole.code, &whole.kind, &whole.signature),
                (code, &alone.kind, &alone.signature),
                "{message}"
            );
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));

        place.admin.run("BEGIN; SELECT COUNT(*) FROM parent FOR UPDATE");
        let (code, message) = errors_of(&server.admin, Some(&place.name), &[LOCKED]).remove(&1).unwrap();
        let locked = named(&message, None);
        assert_eq!((locked.code, locked.kind, locked.transient), (code, LockTimeout, true));
    });
}

#[test]
fn other_languages_of_the_servers_are_understood() {
    on_each_server(|server| async move {
        let place = Place::new(&server, "translated");
        for language in ["de_DE", "fr_FR", "es_ES", "ja_JP", "ru_RU"] {
            let setting = format!("SET lc_messages = '{language}'");
            let statements: Vec<&str> =
                std::iter::once(setting.as_str()).chain(TRANSLATED.iter().map(|(statement, _)| *statement)).collect();
            let errors = errors_of(&server.admin, Some(&place.name), &statements);
            for (i, (statement, code)) in TRANSLATED.iter().enumerate() {
                let (raised, message) = &errors[&(i + 2)];
                assert_eq!(raised, code, "{statement}: {message}");
                let error = named(message, None);
                assert_eq!(&error.code, code, "{language}: {message}");
            }
            let missing = named(&errors[&2].1, None);
            assert_eq!(missing.object, Some(format!("{}.nowhere", place.name)), "{language}");
        }
    });
}

#[test]
fn what_a_login_may_not_do_is_told_from_a_login_that_is_refused() {
    on_each_server(|server| async move {
        let denied =
            errors_of(&server.read_only, None, &["DELETE FROM shop.orders WHERE 1 = 0", "CREATE DATABASE mine"]);
        for (line, object) in [(1, "orders"), (2, "mine")] {
            let error = named(&denied[&line].1, None);
            assert_eq!((&error.code, error.kind), (&denied[&line].0, AccessDenied), "{error:?}");
            assert!(error.object.is_some_and(|o| o.ends_with(object)), "{:?}", denied[&line]);
        }
        let wrong = server.url(|address| address.password = "wrong".into(), "");
        let (code, message) = errors_of(&wrong, None, &["SELECT 1"]).remove(&0).unwrap();
        let error = named(&message, None);
        assert_eq!((error.code, error.kind), (code, AuthenticationFailed));
        assert!(error.object.unwrap().contains('@'));
    });
}

#[test]
fn counters_and_log_of_the_server() {
    on_each_server(|server| async move {
        let mut session = connect(&server.admin).await;
        if server.is_mariadb {
            let refused = reports::error_counts(session.as_mut()).await;
            assert!(matches!(refused, Err(SessionError::Unsupported(words)) if words.contains("MariaDB")));
            return;
        }
        let counted = async |session: &mut dyn dba_gpt::engine::Session| {
            let counts = reports::error_counts(session).await.unwrap();
            counts.into_iter().find(|c| c.code == "1146").map_or(0, |c| c.raised)
        };
        let before = counted(session.as_mut()).await;
        errors_of(&server.admin, None, &["SELECT * FROM shop.nowhere", "SELECT * FROM shop.nowhere"]);
        assert!(counted(session.as_mut()).await >= before + 2);

        let events = reports::error_log_since(session.as_mut(), None).await.unwrap();
        assert!(events.iter().any(|event| event.code == "MY-010931"), "the server says that it is ready: {events:?}");
        assert!(events.is_sorted_by_key(|event| event.at_us));
        let middle = &events[events.len() / 2];
        let later = reports::error_log_since(session.as_mut(), Some(middle.at_us)).await.unwrap();
        assert!(later.iter().all(|event| event.at_us > middle.at_us));
        assert!(later.len() >= events.iter().filter(|event| event.at_us > middle.at_us).count());

        let look = SPEC.reports.unwrap();
        let first = look(session.as_mut(), None).await.unwrap();
        let text = String::from_utf8(first.log[0].bytes.clone()).unwrap();
        let ready = text.lines().find(|line| line.contains("[MY-010931]")).unwrap();
        assert_eq!(named(ready, None).code, "MY-010931");
        let again = look(session.as_mut(), first.place.as_deref()).await.unwrap();
        let again: Vec<u8> = again.log.into_iter().flat_map(|piece| piece.bytes).collect();
        assert!(!String::from_utf8(again).unwrap().contains("[MY-010931]"), "what was read is not read again");
    });
}
