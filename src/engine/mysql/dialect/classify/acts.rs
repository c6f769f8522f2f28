//! Statements that never run as free text, by their first words, each with what it does.

use super::Words;
use crate::domain::guard::Class;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::list::holds;

const TRANSACTION: &str = "transactions are opened and ended by the program itself";
const SESSION: &str = "changes the state of the session";
const CODE: &str = "belongs inside a stored program";
const REPLICATION: &str = "acts on replication";
const SERVER: &str = "acts on the server";
const LOCKS: &str = "locks or unlocks tables";
const LIBRARY: &str = "loads or unloads a library of the server";
const RIGHTS: &str = "changes users or their rights";
const FILES: &str = "moves data between tables and files";

/// A verb, the words that can follow it (empty: anything), its class, and what it does.
const ACTS: &[(&str, &str, Class, &str)] = &[
    ("begin", "work not", Class::Transaction, TRANSACTION),
    ("start", "transaction", Class::Transaction, TRANSACTION),
    ("commit", "work and no release", Class::Transaction, TRANSACTION),
    ("rollback", "work and no release to", Class::Transaction, TRANSACTION),
    ("savepoint", "", Class::Transaction, TRANSACTION),
    ("release", "savepoint", Class::Transaction, TRANSACTION),
    ("xa", "start begin end prepare commit rollback recover", Class::Transaction, TRANSACTION),
    ("use", "", Class::Session, "changes the database of the session: connect to the other database instead"),
    ("prepare", "", Class::Session, "prepares a statement, which is not seen when it runs"),
    ("execute", "", Class::Unparsed, "runs SQL that is hidden in a text"),
    ("deallocate", "prepare", Class::Session, SESSION),
    ("declare", "", Class::Session, CODE),
    ("open", "", Class::Session, CODE),
    ("close", "", Class::Session, CODE),
    ("fetch", "", Class::Session, CODE),
    ("signal", "sqlstate", Class::Session, CODE),
    ("resignal", "sqlstate set", Class::Session, CODE),
    ("get", "diagnostics current stacked", Class::Session, CODE),
    ("if", "", Class::Session, CODE),
    ("case", "", Class::Session, CODE),
    ("loop", "", Class::Session, CODE),
    ("while", "", Class::Session, CODE),
    ("repeat", "", Class::Session, CODE),
    ("leave", "", Class::Session, CODE),
    ("iterate", "", Class::Session, CODE),
    ("return", "", Class::Session, CODE),
    ("call", "", Class::Admin, "runs a procedure, whose code cannot be judged from here"),
    ("do", "", Class::Admin, "runs an expression for its effect"),
    ("handler", "", Class::Session, "opens a cursor on a table beside every transaction"),
    ("lock", "table tables instance binlog", Class::Lock, LOCKS),
    ("unlock", "table tables instance binlog", Class::Lock, LOCKS),
    ("backup", "stage lock unlock", Class::Lock, "holds the server for a backup"),
    ("flush", "", Class::Admin, "flushes logs, tables or caches of the server"),
    ("reset", "", Class::Admin, SERVER),
    ("purge", "binary master", Class::Admin, "removes binary logs"),
    ("binlog", "", Class::Admin, "replays events of a binary log"),
    ("change", "master replication", Class::Admin, REPLICATION),
    ("stop", "slave slaves replica replicas all group_replication", Class::Admin, REPLICATION),
    ("load", "data xml index", Class::File, FILES),
    ("import", "table", Class::File, FILES),
    ("clone", "local instance", Class::File, "copies the server's files"),
    ("install", "plugin soname component", Class::File, LIBRARY),
    ("uninstall", "plugin soname component", Class::File, LIBRARY),
    ("shutdown", "wait", Class::Admin, "stops the server"),
    ("restart", "", Class::Admin, "restarts the server"),
    ("grant", "", Class::Admin, RIGHTS),
    ("revoke", "", Class::Admin, RIGHTS),
    ("cache", "index", Class::Admin, SERVER),
    ("help", "", Class::Unparsed, "HELP is answered by the manual, not here"),
    ("delimiter", "", Class::Unparsed, "DELIMITER is a command of the mysql client and not SQL"),
    ("source", "", Class::Unparsed, "SOURCE is a command of the mysql client and not SQL"),
    ("system", "", Class::Unparsed, "SYSTEM is a command of the mysql client and not SQL"),
];

/// What a statement does that never runs as free text. `START SLAVE` begins like a transaction and is not one.
pub(super) fn find(words: Words<'_>) -> Option<(Class, &'static str)> {
    if words.is(0, &["start"]) && !words.is(1, &["transaction"]) {
        return Some((Class::Admin, REPLICATION));
    }
    if words.starts_with(&["begin", "not", "atomic"]) {
        return Some((Class::Multi, "a compound statement carries others"));
    }
    if words.starts_with(&["flush", "tables"]) && (2..words.len()).any(|i| words.is(i, &["lock"])) {
        return Some((Class::Lock, LOCKS));
    }
    let found = ACTS.iter().find(|(verb, ..)| words.is(0, &[verb]))?;
    Some((found.2, found.3))
}

/// Verbs that are judged elsewhere.
const OTHER_VERBS: &str = "alter analyze check checksum create delete desc describe drop explain insert kill optimize rename \
    repair replace select set show table truncate update values with";

/// True for a word that begins a statement.
pub(super) fn is_verb(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    holds(OTHER_VERBS, &lower) || ACTS.iter().any(|(verb, ..)| *verb == lower)
}

/// True when a text that begins with one of these verbs goes on like a statement and not like a sentence.
pub(super) fn is_well_formed(words: Words<'_>) -> bool {
    let only_words = (0..words.len()).all(|i| words.kind(i) == Some(Kind::Word));
    let name_alone = words.len() == 2 && words.identifier(1).is_some();
    match words.at(0).to_ascii_lowercase().as_str() {
        "begin" | "commit" | "rollback" | "shutdown" | "restart" if words.len() == 1 => true,
        "start" => words.is_one_of(1, "transaction slave replica all slaves replicas group_replication"),
        "use" | "savepoint" | "close" | "open" | "leave" | "iterate" => name_alone,
        "call" => words.at(2) == "(" || words.at(4) == "(" || words.len() <= 4 && words.at(2) == ".",
        "do" => words.at(2) == "(",
        "handler" => words.is(2, &["open", "read", "close"]) || words.is(4, &["open", "read", "close"]),
        "prepare" => words.is(2, &["from"]),
        "execute" => name_alone || words.is(1, &["immediate"]) || words.is(2, &["using"]),
        "flush" => words.is_one_of(
            1,
            "binary engine error general hosts local logs no_write_to_binlog optimizer_costs privileges query relay slow ssl status \
             table tables user_resources user_statistics client_statistics table_statistics index_statistics",
        ),
        "reset" => words.is_one_of(1, "binary master persist query replica slave"),
        "binlog" => words.kind(1) == Some(Kind::Text),
        "grant" | "revoke" => (1..words.len()).any(|i| words.is(i, &["on", "to", "from"])) && !words.is(0, &["grant"]) | (1..words.len()).any(|i| words.is(i, &["to"])),
        "rollback" if words.is(1, &["to"]) => words.len() <= 4,
        "if" | "case" | "loop" | "while" | "repeat" | "return" | "declare" | "fetch" | "help" | "source" | "system" => false,
        "delimiter" => words.len() >= 2 && !only_words,
        verb => ACTS.iter().any(|(known, seconds, ..)| {
            *known == verb && words.kind(1) == Some(Kind::Word) && holds(seconds, &words.at(1).to_ascii_lowercase())
        }),
    }
}
