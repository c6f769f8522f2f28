//! Takes a message out of what clients, drivers, programs and logs put around it, with the code that they print.
//!
//! Each pattern eats one thing at the start of the text, over and over until none fits; then what stands behind the
//! message goes. Names of groups say what is kept: `code`, `symbol` (`ER_NO_SUCH_TABLE`), `state` (SQLSTATE), `level`,
//! `message`.

use super::native_code;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// How a log calls an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Nothing wrong.
    Note,
    /// It may become an error.
    Warning,
    /// An error.
    Error,
}

/// A message without its wrapping, and what the wrapping told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Peeled {
    /// The message.
    pub(super) message: String,
    /// The native code.
    pub(super) code: Option<String>,
    /// The SQLSTATE.
    pub(super) state: Option<String>,
    /// The level of a log.
    pub(super) level: Option<Level>,
    /// It stopped a replica.
    pub(super) replication: bool,
}

impl Peeled {
    /// Fills what this part of a text does not say from the whole.
    pub(super) fn take_missing(&mut self, whole: &Self) {
        self.code = self.code.take().or_else(|| whole.code.clone());
        self.state = self.state.take().or_else(|| whole.state.clone());
        self.level = self.level.or(whole.level);
        self.replication |= whole.replication;
    }
}

/// No text is wrapped more often than this.
const MOST_LAYERS: usize = 12;

/// Patterns for the start. What is more exact stands first.
const BEFORE: &[&str] = &[
    // The heads of log lines: MySQL 8 and later, MariaDB, older ones; then level, code and part of the server.
    r"(?:\d{4}-\d\d-\d\d[T ] ?\d{1,2}:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|\d{6} {1,2}\d{1,2}:\d\d:\d\d)\s+(?:\d+\s+|0x[0-9a-f]+\s+)?(?:[0-9a-f]{12,16}\s+)?",
    r"\[(?P<level>System|Note|Warning|ERROR|Error|Info|INFO|WARN)\]\s*",
    r"\[(?P<code>MY-\d{6})\]\s*",
    r"\[(?:Server|InnoDB|Repl|Semisync|X Plugin|Group Replication|Clone|[A-Z]\w+)\]\s+",
    r"(?:InnoDB|Aria engine|Plugin \S+ reported|mysqld_safe|Event Scheduler): (?:(?:Error|ERROR): )?",
    // The command-line clients and those that imitate them.
    r"(?:\w+ \{ )?ERROR (?P<code>\d{1,5}) \((?P<state>\w{5})\)(?: at line \d+)?(?: in file: '[^']*')?(?: in query)?:? ",
    r"(?i)(?:MySQL |MariaDB |SQL |SQL Server |General )?error(?: code| number| no)?\s*[:#]?\s*[\[(]?(?P<code>MY-\d{6}|\d{1,5})[\])]?(?:\s*[\[(](?P<state>[0-9A-Z]{5})[\])])?\s*(?:[.:,]|\s-)\s*",
    r"(?i)SQL Error:? \[?(?P<code>\d{1,5})\]? ?(?:\[(?P<state>[0-9A-Z]{5})\])?:?\s*",
    r"\[(?P<state>[0-9A-Z]{5})\]\s*\[(?P<code>\d{1,5})\]:?\s*",
    r"\[(?P<code>\d{4,5})\]:?\s*",
    r"#(?P<code>\d{4,5}) - ",
    r"(?P<code>\d{4})(?: \((?P<state>[0-9A-Z]{5})\))?(?:: | - )",
    // PHP, with and without the code behind the words of the SQLSTATE.
    r"SQLSTATE\[(?P<state>\w{5})\]\s*\[(?P<code>\d{1,5})\]\s*",
    r"SQLSTATE\[(?P<state>\w{5})\]: (?:[^:\d]+: )?(?P<code>\d{1,5}) ",
    r"SQLSTATE\[(?P<state>\w{5})\]:?\s*",
    r"(?:PHP )?(?:Fatal error|Warning|Notice):\s+(?:Uncaught )?",
    r"(?:Uncaught|Caused by:|Error:|error:|FATAL:|WARN:|Exception in thread \S+)\s+",
    r"mysqli?\w*(?:::\w+)?\(\): (?:\((?P<state>\w{5})/(?P<code>\d{1,5})\): )?",
    // Programs: `mysqldump: Got error: 1045: `, `mysqladmin: `; what they say of their own work.
    r"(?:[\w./-]*/)?(?:mysql|mariadb)[\w.-]*(?:\.exe)?(?: \(\w+\))?: ",
    r"(?:Got error|Error): (?P<code>\d{1,5})[:,] ",
    r"Error (?P<code>\d{1,5}): ",
    r"Couldn't execute '.*?': ",
    r"connect to server at '[^']*' failed\s+(?:error: )?",
    // Drivers: classes of exceptions, `(conn=7) `, ODBC, Perl, Go, JavaScript.
    r"\((?P<code>\d{1,5}), u?",
    r"\((?:[\w.]+(?:Error|Exception|Warning))\) ",
    r"(?:[\w$]+(?:\.|::|\\))*[\w$]*(?:Exception|Error|Err|Warning|Invalid)(?:::\w+)*(?: \(0x[0-9a-fA-F]+\))?(?: \[[^\]]+\])?: ",
    r"\(conn[=:]\d+\)\s*",
    r"(?:\[[\w. ()/-]+\])+\s*",
    r"DBD::\w+::\w+ \w+ failed: ",
    r"error returned from database: ",
    r"(?P<symbol>(?:ER|CR|HA_ERR|EE)_[A-Z0-9_]+): ",
    // Replicas: `Slave SQL for channel '': `, `Worker 3 failed executing transaction '...' at ...; `.
    r"(?P<replication>(?:Slave|Replica) (?:SQL|I/O|IO)(?: thread)?(?: for channel '[^']*')?: )",
    r"(?P<replication>(?:Coordinator stopped because|Worker \d+ failed executing transaction) .*?; )",
    r"(?P<replication>Last_(?:SQL|IO)_Error: )",
    r"(?P<replication>Error ').*?' on query\. Default database: ",
];

/// Patterns for the end, each with what it may be behind.
const BEHIND: &[&str] = &[
    r"\s*\((?:Connection: [^,]+, )?(?:Host: [^)]*, )?SQL: (?s:.*)\)$",
    r"\s*\[SQL: (?s:.*)$",
    r",? when using table: .*$",
    r#""? when (?:trying to connect|trying to dump tablespaces|dumping table .*|doing .*|using LOCK TABLES|selecting the database|retrieving data .*)$"#,
    r" at \S+\.(?:pl|pm|t|cgi) line \d+\.?$",
    r" in \S+\.(?:php|inc|phtml)(?: on line |:)\d+.*$",
    r"\s*\(errno (?P<code>\d{1,5})\)(?: \(sqlstate (?P<state>\w{5})\))?.*$",
    r",? \(?SQLSTATE:? ?\[?(?P<state>\w{5})\]?\)?$",
    r" \}$",
];

/// Codes, and messages as an object's field, that stand anywhere in a text.
const ANYWHERE: &[&str] = &[
    r"Error_code: (?P<code>MY-\d{6}|\d{1,5})",
    r"(?i)\berror code: (?P<code>\d{4})\b",
    r"\berrno['\x22]?\s?[:=] ?(?P<code>\d{4,5})\b",
    r"\bcode['\x22]?: ['\x22](?P<symbol>(?:ER|CR)_[A-Z0-9_]+)['\x22]",
    r"(?m)^ERROR (?P<code>\d{1,5}) \((?P<state>\w{5})\)",
    r#"\bsqlMessage['"]?: ['"`](?P<message>.*?)['"`](?:,\s|\s*\}|$)"#,
    r"': .* \((?P<code>[1-4]\d{3})\)$",
];

/// Digits, spaces and letters of all the world's scripts make large automata; what programs print around a message is
/// ASCII.
fn ascii(pattern: &str) -> String {
    let classes = [(r"\d", "[0-9]"), (r"\w", "[A-Za-z0-9_]"), (r"\s", r"[ \t\r\n]"), (r"\S", r"[^ \t\r\n]")];
    classes.iter().fold(pattern.to_owned(), |pattern, (class, plain)| pattern.replace(class, plain))
}

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
fn compiled(patterns: &[&str], before: &str) -> Vec<Regex> {
    patterns.iter().map(|pattern| Regex::new(&format!("{before}{}", ascii(pattern))).unwrap()).collect()
}

static STARTS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(BEFORE, "^"));
static ENDS: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(BEHIND, ""));
static PLACES: LazyLock<Vec<Regex>> = LazyLock::new(|| compiled(ANYWHERE, ""));

/// What replicas say when an event cannot be carried out; the table and the reason follow.
const ROW_EVENT: &str = "Could not execute ";

/// The message of a text, and what stood around it.
pub(super) fn peel(text: &str) -> Peeled {
    let mut peeled = Peeled::default();
    let mut rest = text.trim();
    for _ in 0..MOST_LAYERS {
        let Some(found) = STARTS.iter().find_map(|pattern| pattern.captures(rest).filter(|c| !c[0].is_empty())) else {
            break;
        };
        peeled.keep(&found);
        let eaten = found.get(0).map_or(0, |m| m.end());
        // `Error 'the message' on query. ...`: the message is inside.
        if found.name("replication").is_some_and(|m| m.as_str() == "Error '") {
            let inside = &rest["Error '".len()..];
            rest = inside.find("' on query. Default database: ").map_or(inside, |end| &inside[..end]);
            break;
        }
        rest = rest[eaten..].trim_start();
    }
    for pattern in PLACES.iter() {
        if let Some(found) = pattern.captures(text) {
            peeled.keep(&found);
            rest = found.name("message").map_or(rest, |m| m.as_str());
        }
    }
    for pattern in ENDS.iter() {
        if let Some(found) = pattern.captures(rest) {
            let start = found.get(0).map_or(rest.len(), |m| m.start());
            if start > 0 {
                peeled.keep(&found);
                rest = &rest[..start];
            }
        }
    }
    peeled.replication |= rest.starts_with(ROW_EVENT) && rest.contains(" event on table ");
    peeled.message = without_quotes(rest.trim());
    peeled
}

impl Peeled {
    /// Keeps what a pattern found, unless something further out said it.
    fn keep(&mut self, found: &Captures<'_>) {
        let text = |name| found.name(name).map(|m| m.as_str());
        let code = text("code").or_else(|| text("symbol")).and_then(native_code);
        self.code = self.code.take().or(code);
        self.state = self.state.take().or_else(|| text("state").map(str::to_owned));
        self.level = self.level.or_else(|| text("level").map(level));
        self.replication |= text("replication").is_some();
    }
}

fn level(word: &str) -> Level {
    match word.to_ascii_lowercase().as_str() {
        "system" | "note" | "info" => Level::Note,
        "warning" | "warn" => Level::Warning,
        _ => Level::Error,
    }
}

/// A message that somebody put into quotes: as `"..."`, `'...'`, or as the end of a tuple, `"...")`. The quotes inside
/// may be escaped for that.
fn without_quotes(message: &str) -> String {
    let inner = message.strip_suffix(')').filter(|m| m.starts_with(['"', '\''])).unwrap_or(message);
    for quote in ['"', '\''] {
        let inside = inner.strip_prefix(quote).and_then(|m| m.strip_suffix(quote));
        if let Some(inside) = inside.filter(|i| !i.is_empty() && is_one_literal(i, quote)) {
            return inside.replace("\\'", "'").replace("\\\"", "\"").replace("\\n", "\n");
        }
    }
    // `mysqldump: Got error: 1045: "Access denied ..." when trying to connect` leaves one quote behind.
    message.strip_prefix('"').filter(|m| !m.contains('"')).unwrap_or(message).to_owned()
}

/// Whether a quote of the outer kind ends nothing inside: `'a' in 'b'` is no literal, `Access denied for user 'x'` is one,
/// as clients do not escape.
fn is_one_literal(inside: &str, quote: char) -> bool {
    let bare = inside.replace(&format!("\\{quote}"), "");
    let words_first = bare.split_whitespace().next().is_some_and(|word| !word.contains(quote));
    !bare.contains(quote) || (words_first && bare.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: &str = "Table 'shop.oders' doesn't exist";

    fn told(text: &str) -> (Option<String>, String) {
        let peeled = peel(text);
        (peeled.code, peeled.message)
    }

    #[test]
    fn clients_drivers_and_tools() {
        for (text, code) in [
            ("ERROR 1146 (42S02) at line 3: Table 'shop.oders' doesn't exist", "1146"),
            ("ERROR 1146 (42S02) at line 3 in file: 'a b.sql': Table 'shop.oders' doesn't exist", "1146"),
            ("ERROR 1146 (42S02): Table 'shop.oders' doesn't exist", "1146"),
            ("ERROR: 1146 (42S02): Table 'shop.oders' doesn't exist", "1146"),
            ("Error Code: 1146. Table 'shop.oders' doesn't exist", "1146"),
            ("SQL Error (1146): Table 'shop.oders' doesn't exist", "1146"),
            ("SQL Error [1146] [42S02]: Table 'shop.oders' doesn't exist", "1146"),
            ("[42S02][1146] Table 'shop.oders' doesn't exist", "1146"),
            ("[1146] Table 'shop.oders' doesn't exist", "1146"),
            ("#1146 - Table 'shop.oders' doesn't exist", "1146"),
            ("1146 - Table 'shop.oders' doesn't exist", "1146"),
            ("Error 1146 (42S02): Table 'shop.oders' doesn't exist", "1146"),
            ("Error 1146: Table 'shop.oders' doesn't exist", "1146"),
            ("(1146, \"Table 'shop.oders' doesn't exist\")", "1146"),
            ("pymysql.err.ProgrammingError: (1146, \"Table 'shop.oders' doesn't exist\")", "1146"),
            ("(pymysql.err.ProgrammingError) (1146, \"Table 'shop.oders' doesn't exist\")", "1146"),
            ("mysql.connector.errors.ProgrammingError: 1146 (42S02): Table 'shop.oders' doesn't exist", "1146"),
            ("SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.oders' doesn't exist", "1146"),
            (
                "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.oders' doesn't exist (Connection: mysql, SQL: select * from `oders` where (`a` = 1))",
                "1146",
            ),
            ("Error: ER_NO_SUCH_TABLE: Table 'shop.oders' doesn't exist", "1146"),
            ("error returned from database: 1146 (42S02): Table 'shop.oders' doesn't exist", "1146"),
            ("mysqldump: Couldn't execute 'show fields from `oders`': Table 'shop.oders' doesn't exist (1146)", "1146"),
            ("mysqldump: Got error: 1146: Table 'shop.oders' doesn't exist when using LOCK TABLES", "1146"),
            ("mysqlimport: Error: 1146, Table 'shop.oders' doesn't exist, when using table: oders", "1146"),
            (
                "{ code: 'ER_NO_SUCH_TABLE', errno: 1146, sqlMessage: \"Table 'shop.oders' doesn't exist\", sqlState: '42S02' }",
                "1146",
            ),
            ("MySqlError { ERROR 1146 (42S02): Table 'shop.oders' doesn't exist }", "1146"),
            (
                "target: shop.0.primary: vttablet: Table 'shop.oders' doesn't exist (errno 1146) (sqlstate 42S02)",
                "1146",
            ),
        ] {
            let (found, message) = told(text);
            assert_eq!(found.as_deref(), Some(code), "{text}");
            assert!(message.contains(MISSING), "{text}: {message}");
        }
    }

    #[test]
    fn drivers_without_a_code_leave_the_bare_message() {
        for text in [
            "java.sql.SQLSyntaxErrorException: Table 'shop.oders' doesn't exist",
            "java.sql.SQLSyntaxErrorException: (conn=12) Table 'shop.oders' doesn't exist",
            "Mysql2::Error: Table 'shop.oders' doesn't exist",
            "ActiveRecord::StatementInvalid: Mysql2::Error: Table 'shop.oders' doesn't exist",
            "MySqlConnector.MySqlException (0x80004005): Table 'shop.oders' doesn't exist",
            "[MySQL][ODBC 8.0(w) Driver][mysqld-8.0.33]Table 'shop.oders' doesn't exist",
            "DBD::mysql::st execute failed: Table 'shop.oders' doesn't exist at report.pl line 12.",
            "PHP Fatal error:  Uncaught mysqli_sql_exception: Table 'shop.oders' doesn't exist",
        ] {
            assert_eq!(told(text), (None, MISSING.to_owned()), "{text}");
        }
    }

    #[test]
    fn logs_tell_level_and_code() {
        let line =
            "2026-05-01T12:00:00.123456Z 0 [Warning] [MY-010055] [Server] IP address '10.0.0.7' could not be resolved";
        let peeled = peel(line);
        assert_eq!((peeled.level, peeled.code.as_deref()), (Some(Level::Warning), Some("MY-010055")));
        assert_eq!(peeled.message, "IP address '10.0.0.7' could not be resolved");
        for line in [
            "2026-05-01 12:00:00 0 [ERROR] InnoDB: Table x is corrupted",
            "2026-05-01  2:00:00 140215 [ERROR] InnoDB: Table x is corrupted",
            "260501 12:00:00 [ERROR] InnoDB: Table x is corrupted",
        ] {
            assert_eq!(
                (peel(line).level, peel(line).message),
                (Some(Level::Error), "Table x is corrupted".to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn a_replica_tells_that_it_is_one() {
        let line = "Error 'Duplicate entry '1' for key 'PRIMARY'' on query. Default database: 'shop'. Query: 'insert into t values (1)'";
        let peeled = peel(line);
        assert!(peeled.replication);
        assert_eq!(peeled.message, "Duplicate entry '1' for key 'PRIMARY'");
        let row = "Slave SQL: Could not execute Write_rows_v1 event on table shop.orders; Duplicate entry '1' for key 'PRIMARY', Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY; the event's master log bin.000002, end_log_pos 450";
        let peeled = peel(row);
        assert_eq!((peeled.replication, peeled.code.as_deref()), (true, Some("1062")));
    }

    #[test]
    fn a_message_in_quotes_of_its_own_stays_whole() {
        assert_eq!(told("'a' in 'field list'").1, "'a' in 'field list'");
        assert_eq!(
            told("error: 'Access denied for user 'root'@'localhost''").1,
            "Access denied for user 'root'@'localhost'"
        );
        assert_eq!(told(r"(1064, 'near \'x\' at line 1')").1, "near 'x' at line 1");
    }
}
