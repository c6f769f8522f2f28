//! Oracle Database as knowledge: its errors can be named and explained, and nothing connects to it.
//!
//! Its tools print errors as a stack, a line each, and every line says its code: `ORA-00942: table or view does not
//! exist`. Some lines only tell where an error passed through, or that another one follows; the first that is none of
//! those is the error.

mod object;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::error::words::{Rule, kind_of};
use crate::domain::error::wrapping::without_class;
use crate::domain::target::EngineId;
use regex::Regex;
use std::sync::LazyLock;

/// The name of what is known.
pub const ID: EngineId = EngineId("oracle");

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../assets/errors/codes/oracle.tsv"),
    advice: include_str!("../../../assets/errors/advice/oracle.toml"),
    messages: "",
    translations: &[],
});

/// Its errors.
pub static ERRORS: &dyn ErrorNaming = &Errors;

/// Codes that tell where an error passed, or that the next line has it.
const AROUND_THE_CAUSE: &[&str] = &[
    "ORA-00604",
    "ORA-02063",
    "ORA-02091",
    "ORA-04088",
    "ORA-06512",
    "ORA-06550",
    "ORA-12801",
    "ORA-29400",
    "ORA-29913",
    "ORA-39001",
    "ORA-39006",
    "ORA-39097",
    "ORA-39125",
    "ORA-39083",
    "ORA-31693",
    "ORA-02068",
    "ORA-12008",
    "ORA-00312",
];
/// The first and last code that programs use for errors of their own, and the entry that stands for them all.
const OF_PROGRAMS: std::ops::RangeInclusive<u32> = 20_000..=20_999;
const OF_ANY_PROGRAM: &str = "ORA-20000";

/// What the compiler of PL/SQL says, behind `ORA-06550`.
const COMPILER: &[Rule] = &[
    (&["pls-00201", "must be declared"], ErrorKind::ObjectNotFound),
    (&["pls-00302", "must be declared"], ErrorKind::ObjectNotFound),
    (&["pls-00306"], ErrorKind::FunctionNotFound),
    (&["pls-00103"], ErrorKind::SyntaxError),
    (&["pls-00382"], ErrorKind::TypeError),
    (&["pls-00904"], ErrorKind::AccessDenied),
];
/// What drivers say that have no code of the server.
const CLIENT: &[Rule] = &[
    (&["closed the connection"], ErrorKind::ConnectionError),
    (&["cannot connect"], ErrorKind::ConnectionError),
    (&["could not establish the connection"], ErrorKind::ConnectionError),
    (&["io error"], ErrorKind::ConnectionError),
    (&["connection refused"], ErrorKind::ConnectionError),
    (&["timed out"], ErrorKind::Timeout),
];

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests of this file")]
static CODES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:ORA|TNS)-(\d{1,5})\b").unwrap());

struct Errors;

/// A line of a stack of errors.
struct Line<'t> {
    code: String,
    /// From the code to the end of the line.
    text: &'t str,
}

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let stack = stack(text);
        let cause = stack.iter().find(|line| !AROUND_THE_CAUSE.contains(&line.code.as_str())).or(stack.first());
        let message = cause.map_or_else(|| without_class(text), |line| line.text);
        let given = code.and_then(|c| CODES.captures(c)).and_then(|c| full(&c[1]));
        let code = given.or_else(|| cause.map(|line| line.code.clone())).unwrap_or_default();
        let kind = match code.as_str() {
            "" => kind_of(CLIENT, text),
            "ORA-06550" => kind_of(COMPILER, text),
            _ if is_of_a_program(&code) => CATALOGUE.code(OF_ANY_PROGRAM).map(|known| known.kind),
            _ => None,
        };
        Named { kind, severity: None, object: object::of(text), message: message.to_owned(), code }
    }
}

/// The lines of the stack, in their order. The client's half of the program numbers its errors like the server.
fn stack(text: &str) -> Vec<Line<'_>> {
    let line = |found: regex::Captures<'_>, place: regex::Match<'_>| {
        let end = text[place.end()..].find('\n').map_or(text.len(), |at| place.end() + at);
        Some(Line { code: full(&found[1])?, text: text[place.start()..end].trim_end() })
    };
    CODES.captures_iter(text).filter_map(|found| found.get(0).and_then(|place| line(found, place))).collect()
}

/// The code as the catalogue writes it: five digits.
fn full(number: &str) -> Option<String> {
    Some(format!("ORA-{:05}", number.parse::<u32>().ok()?))
}

fn is_of_a_program(code: &str) -> bool {
    code.strip_prefix("ORA-").and_then(|n| n.parse().ok()).is_some_and(|n| OF_PROGRAMS.contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::naming::understand;

    #[test]
    fn the_first_real_error_of_a_stack_counts() {
        for (text, code, kind) in [
            ("ORA-00942: table or view does not exist", "ORA-00942", ErrorKind::TableNotFound),
            ("ERROR at line 1:\nORA-942: table or view does not exist", "ORA-00942", ErrorKind::TableNotFound),
            (
                "ORA-00604: error occurred at recursive SQL level 1\nORA-01653: unable to extend table A.B by 8 in tablespace C",
                "ORA-01653",
                ErrorKind::DiskFull,
            ),
            ("ORA-06512: at \"APP.P\", line 4\nORA-01403: no data found", "ORA-01403", ErrorKind::Other),
            (
                "ORA-20123: the account is closed\nORA-06512: at line 2\nORA-04088: error during execution of trigger",
                "ORA-20123",
                ErrorKind::ScriptError,
            ),
            (
                "ORA-06550: line 1, column 14:\nPL/SQL: ORA-00942: table or view does not exist",
                "ORA-00942",
                ErrorKind::TableNotFound,
            ),
            (
                "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'X' must be declared",
                "ORA-06550",
                ErrorKind::ObjectNotFound,
            ),
            ("TNS-12541: TNS:no listener", "ORA-12541", ErrorKind::ConnectionError),
            ("ORA-06512: at line 1", "ORA-06512", ErrorKind::Other),
            ("DPY-6005: cannot connect to database", "", ErrorKind::ConnectionError),
        ] {
            let found = understand(ERRORS, text, None);
            assert_eq!((found.code.as_str(), found.kind), (code, kind), "{text}: {found:?}");
        }
    }

    #[test]
    fn the_message_is_the_line_of_the_cause() {
        let bare = understand(ERRORS, "ORA-00942: table or view does not exist", None);
        let text = "java.sql.SQLSyntaxErrorException: ORA-00942: table or view does not exist\n\nHelp: see ora-00942";
        let found = understand(ERRORS, text, None);
        assert_eq!((found.message, found.signature), (bare.message, bare.signature));
    }
}
