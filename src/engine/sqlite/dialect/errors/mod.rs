//! SQLite's errors: which one a text is.
//!
//! The library gives a number and a sentence, and every shell and driver prints them in a way of its own: `Error: in
//! prepare, no such table: t (1)`, `SQLITE_BUSY: database is locked`, `SQLite Error 19: '...'.` The number is taken
//! where it is printed; otherwise the sentence tells it.

mod object;
mod printed;
mod words;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::target::EngineId;

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/sqlite.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/sqlite.toml"),
    messages: include_str!("../../../../../assets/errors/messages/sqlite.tsv"),
    translations: &[],
});

/// An extended code holds its primary code in these bits.
const PRIMARY: u32 = 0xff;

/// Names the errors.
pub(super) struct Errors;

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let said = printed::message(text);
        let given = code.and_then(number).or_else(|| printed::code(text, said.code));
        let number = given.or(said.code);
        // These two stand for many kinds; all other codes have one.
        let kind = if number.is_none_or(|n| n == 1 || n == 19) { words::kind(said.text) } else { None };
        Named {
            code: number.map(|n| n.to_string()).unwrap_or_default(),
            kind,
            severity: None,
            object: object::of(said.text),
            message: said.text.to_owned(),
        }
    }
}

/// The number of a code that is written as a number or as a name.
fn number(code: &str) -> Option<u32> {
    code.parse().ok().or_else(|| printed::number_of_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::kind::ErrorKind;
    use crate::domain::error::naming::understand;

    /// What is printed, the code and kind that it is, and what it is about.
    const PRINTED: &[(&str, &str, ErrorKind, Option<&str>)] = &[
        ("Error: in prepare, no such table: x (1)", "1", ErrorKind::TableNotFound, Some("x")),
        ("Parse error near line 3: no such column: a.b", "1", ErrorKind::ColumnNotFound, Some("a.b")),
        (
            "Parse error: near \"FORM\": syntax error\n  SELECT * FORM t;\n           ^--- error here",
            "1",
            ErrorKind::SyntaxError,
            None,
        ),
        ("Runtime error: UNIQUE constraint failed: a.b (19)", "19", ErrorKind::DuplicateKey, Some("a.b")),
        ("Error: stepping, NOT NULL constraint failed: a.b (19)", "19", ErrorKind::NotNullViolation, Some("a.b")),
        ("sqlite3.OperationalError: database is locked", "5", ErrorKind::LockTimeout, None),
        ("sqlite3.IntegrityError: FOREIGN KEY constraint failed", "19", ErrorKind::ForeignKeyViolation, None),
        ("SQLITE_BUSY: database is locked", "5", ErrorKind::LockTimeout, None),
        (
            "SqliteError: SQLITE_CONSTRAINT_UNIQUE: UNIQUE constraint failed: u.mail",
            "2067",
            ErrorKind::DuplicateKey,
            Some("u.mail"),
        ),
        (
            "org.sqlite.SQLiteException: [SQLITE_ERROR] SQL error or missing database (no such table: x)",
            "1",
            ErrorKind::TableNotFound,
            Some("x"),
        ),
        ("SQLSTATE[HY000]: General error: 1 no such table: posts", "1", ErrorKind::TableNotFound, Some("posts")),
        (
            "SQLSTATE[23000]: Integrity constraint violation: 19 CHECK constraint failed: positive",
            "19",
            ErrorKind::CheckViolation,
            Some("positive"),
        ),
        (
            "Microsoft.Data.Sqlite.SqliteException (0x80004005): SQLite Error 5: 'database is locked'.",
            "5",
            ErrorKind::LockTimeout,
            None,
        ),
        (
            "error returned from database: (code: 2067) UNIQUE constraint failed: t.a",
            "2067",
            ErrorKind::DuplicateKey,
            Some("t.a"),
        ),
        ("constraint failed: UNIQUE constraint failed: t.a (1555)", "1555", ErrorKind::DuplicateKey, Some("t.a")),
        (
            "android.database.sqlite.SQLiteException: no such column: n (code 1 SQLITE_ERROR): , while compiling: SELECT n FROM t",
            "1",
            ErrorKind::ColumnNotFound,
            Some("n"),
        ),
        ("database or disk is full", "13", ErrorKind::DiskFull, None),
        ("Runtime error: database disk image is malformed (11)", "11", ErrorKind::Corruption, None),
        ("attempt to write a readonly database", "8", ErrorKind::ReadOnly, None),
        (
            "Error: unable to open database \"/x/y.db\": unable to open database file",
            "14",
            ErrorKind::ConnectionError,
            Some("/x/y.db"),
        ),
        ("file is not a database", "26", ErrorKind::Corruption, None),
        ("table t already exists", "1", ErrorKind::DuplicateObject, Some("t")),
        ("CHECK constraint failed: length(5)", "19", ErrorKind::CheckViolation, None),
    ];

    #[test]
    fn every_way_of_printing_gives_code_kind_and_object() {
        for (text, code, kind, object) in PRINTED {
            let found = understand(&Errors, text, None);
            assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
            assert_eq!(found.object.as_deref(), *object, "{text}: {found:?}");
        }
    }

    #[test]
    fn the_message_is_what_sqlite_says_and_no_more() {
        let bare = understand(&Errors, "no such table: x", None);
        for text in [PRINTED[0].0, "sqlite3.OperationalError: no such table: x", "SQLite Error 1: 'no such table: x'."]
        {
            let found = understand(&Errors, text, None);
            assert_eq!((found.message.as_str(), &found.signature), ("no such table: x", &bare.signature), "{text}");
        }
    }

    #[test]
    fn a_code_that_is_known_is_kept() {
        let found = understand(&Errors, "constraint failed", Some("787"));
        assert_eq!((found.code.as_str(), found.kind), ("787", ErrorKind::ForeignKeyViolation));
        assert_eq!(understand(&Errors, "x", Some("SQLITE_FULL")).code, "13");
    }

    #[test]
    fn a_text_of_nothing_known_has_no_code() {
        let found = understand(&Errors, "the cat sat on the mat", None);
        assert_eq!((found.code.as_str(), found.kind), ("", ErrorKind::Other));
    }
}
