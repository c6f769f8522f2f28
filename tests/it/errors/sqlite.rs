//! Errors provoked on a real SQLite: the library's own number is the judge.

use super::understood;
use dba_gpt::domain::error::kind::ErrorKind::{self, *};
use rusqlite::{Connection, ErrorCode};

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT UNIQUE, c INT CONSTRAINT positive CHECK (c > 0));
    CREATE TABLE child (id INTEGER PRIMARY KEY, t INT REFERENCES t(id));
    CREATE TABLE strict_one (n INT) STRICT;
    CREATE VIEW v AS SELECT id FROM t;
    CREATE TRIGGER refuse BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'rows of t stay'); END;
    INSERT INTO t VALUES (1, 'x', 1, 1);
    INSERT INTO child VALUES (1, 1);
    PRAGMA foreign_keys = ON;";

/// A statement, and the kind of its error.
const WRONG: &[(&str, ErrorKind)] = &[
    ("SELECT * FROM missing", TableNotFound),
    ("DROP TABLE missing", TableNotFound),
    ("DROP VIEW missing", TableNotFound),
    ("SELECT nonesuch FROM t", ColumnNotFound),
    ("INSERT INTO t (nonesuch) VALUES (1)", ColumnNotFound),
    ("SELECT id FROM t JOIN child ON t.id = child.t", ColumnNotFound),
    ("SELECT * FROM elsewhere.t", TableNotFound),
    ("DETACH elsewhere", DatabaseNotFound),
    ("SELECT nofunction(1)", FunctionNotFound),
    ("CREATE VIRTUAL TABLE x USING nomodule(a)", FunctionNotFound),
    ("DROP INDEX missing", ObjectNotFound),
    ("DROP TRIGGER missing", ObjectNotFound),
    ("RELEASE nowhere", ObjectNotFound),
    ("SELECT id FROM t ORDER BY a COLLATE nowhere", ObjectNotFound),
    ("SELEC 1", SyntaxError),
    ("SELECT (1", SyntaxError),
    ("SELECT 'x", SyntaxError),
    ("SELECT abs(1, 2)", SyntaxError),
    ("SELECT count(*) FROM t WHERE count(*) > 1", SyntaxError),
    ("CREATE TABLE t (x)", DuplicateObject),
    ("CREATE VIEW v AS SELECT 1", DuplicateObject),
    ("CREATE TABLE u (x, x)", DuplicateObject),
    ("ALTER TABLE t ADD COLUMN a", DuplicateObject),
    ("INSERT INTO t VALUES (1, 'y', 2, 1)", DuplicateKey),
    ("INSERT INTO t VALUES (2, 'y', 1, 1)", DuplicateKey),
    ("INSERT INTO t VALUES (2, NULL, 2, 1)", NotNullViolation),
    ("INSERT INTO t VALUES (2, 'y', 2, 0)", CheckViolation),
    ("INSERT INTO child VALUES (2, 77)", ForeignKeyViolation),
    ("INSERT INTO strict_one VALUES ('x')", TypeError),
    ("INSERT INTO t (id, a) VALUES ('x', 'y')", TypeError),
    ("INSERT INTO t VALUES (1)", TypeError),
    ("SELECT 1 UNION SELECT 1, 2", TypeError),
    ("SELECT (SELECT 1, 2)", TypeError),
    ("COMMIT", TransactionState),
    ("ROLLBACK", TransactionState),
    ("SELECT abs(-9223372036854775808)", DataError),
    ("SELECT json('{')", DataError),
    ("INSERT INTO v VALUES (1)", WrongType),
    ("CREATE INDEX i ON v (id)", WrongType),
    ("DROP TABLE v", WrongType),
    ("DROP TABLE sqlite_schema", AccessDenied),
    ("CREATE TABLE sqlite_x (a)", AccessDenied),
    ("SELECT zeroblob(2000000000)", ResourceLimit),
];

/// What the library said of a statement: its exact number, and its sentence.
fn refusal(connection: &Connection, statement: &str) -> (i32, String) {
    match connection.execute_batch(statement) {
        Err(rusqlite::Error::SqliteFailure(failure, Some(sentence))) => (failure.extended_code, sentence),
        Err(rusqlite::Error::SqlInputError { error, msg, .. }) => (error.extended_code, msg),
        other => panic!("{statement}: {other:?}"),
    }
}

#[test]
fn what_the_library_says_is_named_from_its_words() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    for (statement, kind) in WRONG {
        let (number, sentence) = refusal(&connection, statement);
        let found = understood("sqlite", &sentence);
        let told = (found.code.parse::<i32>().ok(), found.kind);
        assert_eq!(told, (Some(number & 0xff), *kind), "{statement}: {sentence}: {found:?}");
        // With the exact number, as drivers print it, that one is kept, and the kind is the same.
        let exact = understood("sqlite", &format!("{sentence} (code {number})"));
        assert_eq!(
            (exact.code, exact.kind, exact.message),
            (number.to_string(), *kind, sentence.clone()),
            "{sentence}"
        );
    }
    assert!(WRONG.len() >= 25);
}

#[test]
fn what_a_shell_prints_is_named_like_the_sentence() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    for (statement, kind) in WRONG {
        let (number, sentence) = refusal(&connection, statement);
        let primary = number & 0xff;
        for printed in [
            format!("Error: in prepare, {sentence} ({primary})"),
            format!("Parse error near line 12: {sentence}"),
            format!("Runtime error: {sentence} ({primary})"),
            format!("sqlite3.OperationalError: {sentence}"),
            format!("SQLite Error {primary}: '{sentence}'."),
        ] {
            let found = understood("sqlite", &printed);
            assert_eq!((found.code, found.kind), (primary.to_string(), *kind), "{printed}");
            assert_eq!(found.message, sentence, "{printed}");
        }
    }
}

#[test]
fn locks_files_and_triggers_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let one = Connection::open(&path).unwrap();
    one.execute_batch(SCHEMA).unwrap();
    one.execute_batch("BEGIN IMMEDIATE").unwrap();
    let two = Connection::open(&path).unwrap();
    two.busy_timeout(std::time::Duration::ZERO).unwrap();
    let (_, busy) = refusal(&two, "BEGIN IMMEDIATE");
    assert_eq!(understood("sqlite", &busy).kind, LockTimeout, "{busy}");
    assert!(understood("sqlite", &busy).transient);
    one.execute_batch("COMMIT").unwrap();

    let read_only = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let (_, sentence) = refusal(&read_only, "INSERT INTO t VALUES (3, 'z', 3, 3)");
    assert_eq!(understood("sqlite", &sentence).kind, ReadOnly, "{sentence}");

    let (number, sentence) = refusal(&one, "DELETE FROM t");
    assert_eq!((number, sentence.as_str()), (1811, "rows of t stay"));
    let found = understood("sqlite", &format!("Runtime error: {sentence} (code 1811)"));
    assert_eq!((found.code.as_str(), found.kind), ("1811", ConstraintViolation));

    let other = folder.path().join("no.db");
    std::fs::write(&other, "this is no database, and it is long enough to be looked at as one: ".repeat(20)).unwrap();
    let (_, sentence) = refusal(&Connection::open(&other).unwrap(), "SELECT 1 FROM sqlite_schema");
    assert_eq!(understood("sqlite", &sentence).code, "26", "{sentence}");
    let nowhere = Connection::open(folder.path().join("no/such/place.db")).unwrap_err();
    assert_eq!(nowhere.sqlite_error_code(), Some(ErrorCode::CannotOpen));
    let found = understood("sqlite", &nowhere.to_string());
    assert_eq!((found.code.as_str(), found.kind), ("14", ConnectionError), "{nowhere}");

    two.execute_batch("PRAGMA max_page_count = 1").unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                INSERT INTO t SELECT i, printf('%4000s', ''), i, 1 FROM n";
    let (number, full) = refusal(&two, many);
    let found = understood("sqlite", &full);
    assert_eq!((number, found.code.as_str(), found.kind), (13, "13", DiskFull), "{full}");
}
