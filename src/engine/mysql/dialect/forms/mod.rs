//! The forms of acts: a typed statement -> what it does to which tables, read from its own words.
//!
//! What is not exactly one of the forms is an error in words, so that nothing is surveyed by half. `rows` has the
//! changes of rows, `objects` what makes, drops and renames objects, `alter` the parts of ALTER TABLE.

pub(in crate::engine::mysql) mod alter;
pub(in crate::engine::mysql) mod events;
mod factors;
pub(in crate::engine::mysql) mod objects;
pub(in crate::engine::mysql) mod rows;
pub(in crate::engine::mysql) mod server;

use crate::domain::proposal::kind::ObjectRef;
use crate::engine::sql::lexer::{self, Kind, Lexis};
use crate::engine::sql::words::Words;
use alter::Alter;
use objects::Objects;
use rows::Change;
use server::Account;

/// A name as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Name {
    /// The database, where one is written.
    pub(in crate::engine::mysql) database: Option<String>,
    /// The object.
    pub(in crate::engine::mysql) name: String,
}

impl Name {
    /// The name at `at`, and the index after it.
    pub(super) fn read(words: Words<'_>, at: usize) -> Option<(Self, usize)> {
        let first = words.identifier(at)?;
        if words.at(at + 1) == "." {
            let name = words.identifier(at + 2)?;
            return Some((Self { database: Some(first), name }, at + 3));
        }
        Some((Self { database: None, name: first }, at + 1))
    }

    /// Database and name, with the database that holds for bare names.
    pub(in crate::engine::mysql) fn within(&self, database: &str) -> (String, String) {
        (self.database.clone().unwrap_or_else(|| database.to_owned()), self.name.clone())
    }
}

/// How the work is to be done, where the statement says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::mysql) struct How {
    /// `ALGORITHM = ...`, in capitals.
    pub(in crate::engine::mysql) algorithm: Option<String>,
    /// `LOCK = ...`, in capitals.
    pub(in crate::engine::mysql) lock: Option<String>,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Form {
    /// Changes rows.
    Rows(Box<Change>),
    /// Makes, drops or renames objects.
    Objects(Objects),
    /// Changes a table.
    Alter(Alter),
    /// ANALYZE, CHECK, CHECKSUM, OPTIMIZE, REPAIR of tables.
    Upkeep {
        /// The verb, in capitals.
        verb: String,
        /// The tables.
        tables: Vec<Name>,
    },
    /// `SET GLOBAL name = value`.
    Set {
        /// `GLOBAL`, `PERSIST`, `PERSIST_ONLY`.
        scope: String,
        /// The setting, in lower case.
        name: String,
    },
    /// `KILL [QUERY] number`.
    Kill {
        /// The statement alone.
        query: bool,
        /// The number of the session.
        id: i64,
    },
    /// Replication goes on.
    StartReplication,
    /// Binary logs before this one go.
    PurgeLogs(String),
    /// The server keeps a table in shape by itself.
    MakeEvent(events::Event),
    /// An event goes.
    DropEvent(ObjectRef),
    /// An account may have so many connections; 0 leaves it to the server's own limit.
    LimitConnections(Account, u32),
}

/// Reads a statement.
///
/// # Errors
/// One sentence when it is none of the forms.
pub(in crate::engine::mysql) fn read(text: &str) -> Result<Form, String> {
    let tokens = tokens(text);
    let words = Words { text, tokens: &tokens };
    let unknown = || "this statement is in no form whose effect is known here: run it with the server's own client";
    let form = match words.at(0).to_ascii_lowercase().as_str() {
        "insert" | "replace" | "update" | "delete" | "with" => {
            rows::read(words).map(|change| Form::Rows(Box::new(change)))
        }
        "alter" if alter::is_table(words) => alter::read(words).map(Form::Alter),
        "alter" if words.is(1, &["user"]) && server::limited(text).is_some() => {
            server::limited(text).map(|(account, most)| Form::LimitConnections(account, most))
        }
        "start" => (text == server::START).then_some(Form::StartReplication),
        "purge" => server::purged(text).map(Form::PurgeLogs),
        "create" if words.is(1, &["event"]) => events::made(text).map(Form::MakeEvent),
        "drop" if words.is(1, &["event"]) => events::dropped(text).map(Form::DropEvent),
        "create" | "alter" | "drop" | "rename" | "truncate" => objects::read(words)?.map(Form::Objects),
        "analyze" | "check" | "checksum" | "optimize" | "repair" => upkeep(words),
        "set" => set(words),
        "kill" => kill(words),
        _ => None,
    };
    form.ok_or_else(|| unknown().to_owned())
}

/// The tokens that mean something, without the semicolons at the end.
pub(in crate::engine::mysql) fn tokens(text: &str) -> Vec<lexer::Token> {
    let mut tokens = lexer::meaningful(text, Lexis::Mysql);
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    tokens
}

fn upkeep(words: Words<'_>) -> Option<Form> {
    let mut at = 1 + usize::from(words.is(1, &["no_write_to_binlog", "local"]));
    if !words.is(at, &["table", "tables"]) {
        return None;
    }
    at += 1;
    let mut tables = Vec::new();
    loop {
        let (table, after) = Name::read(words, at)?;
        tables.push(table);
        at = after;
        if words.at(at) != "," {
            break;
        }
        at += 1;
    }
    Some(Form::Upkeep { verb: words.at(0).to_ascii_uppercase(), tables })
}

fn set(words: Words<'_>) -> Option<Form> {
    let (scope, name) = if words.is(1, &["global", "persist", "persist_only"]) {
        (words.at(1).to_owned(), words.identifier(2)?)
    } else {
        let (scope, name) = words.at(1).strip_prefix("@@")?.split_once('.')?;
        (scope.to_owned(), name.trim_matches('`').to_owned())
    };
    let scope = scope.to_ascii_uppercase();
    matches!(scope.as_str(), "GLOBAL" | "PERSIST" | "PERSIST_ONLY")
        .then(|| Form::Set { scope, name: name.to_ascii_lowercase() })
}

fn kill(words: Words<'_>) -> Option<Form> {
    let mut at = 1 + usize::from(words.is(1, &["hard", "soft"]));
    let query = words.is(at, &["query"]);
    at += usize::from(words.is(at, &["connection", "query"]));
    if query && words.is(at, &["id"]) {
        // MariaDB's number of a query, not of a session.
        return None;
    }
    let id = words.at(at).parse().ok().filter(|_| words.kind(at) == Some(Kind::Number) && words.len() == at + 1)?;
    Some(Form::Kill { query, id })
}

/// `ALGORITHM [=] word` or `LOCK [=] word` at `at`: takes it in and gives the index after it.
pub(super) fn how(words: Words<'_>, at: usize, how: &mut How) -> Option<usize> {
    let value = at + 1 + usize::from(words.at(at + 1) == "=");
    let word = Some(words.at(value).to_ascii_uppercase()).filter(|_| words.kind(value) == Some(Kind::Word));
    if words.is(at, &["algorithm"]) {
        how.algorithm = Some(word?);
    } else if words.is(at, &["lock"]) {
        how.lock = Some(word?);
    } else {
        return None;
    }
    Some(value + 1)
}

/// Skips `IF [NOT] EXISTS`; the index after it, and whether it stood there.
pub(super) fn skip_maybe(words: Words<'_>, at: usize) -> (usize, bool) {
    if words.starts_with_at(at, &["if", "not", "exists"]) {
        (at + 3, true)
    } else if words.starts_with_at(at, &["if", "exists"]) {
        (at + 2, true)
    } else {
        (at, false)
    }
}

/// The ranges between the commas at the outermost level, from `start` to `end`.
pub(in crate::engine::mysql) fn parts(words: Words<'_>, start: usize, end: usize) -> Vec<(usize, usize)> {
    let (mut depth, mut from, mut found) = (0_usize, start, Vec::new());
    for at in start..end {
        match words.at(at) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                found.push((from, at));
                from = at + 1;
            }
            _ => {}
        }
    }
    if from < end {
        found.push((from, end));
    }
    found
}

/// The text of the tokens from `start` to before `end`.
pub(in crate::engine::mysql) fn slice(words: Words<'_>, start: usize, end: usize) -> String {
    match (words.tokens.get(start), words.tokens.get(end.wrapping_sub(1))) {
        (Some(first), Some(last)) if start < end => words.text[first.range.start..last.range.end].to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Form, Name, read};

    #[test]
    fn upkeep_settings_and_kills_are_read() {
        let Form::Upkeep { verb, tables } = read("optimize table shop.`or``der`, b").unwrap() else { panic!() };
        assert_eq!(verb, "OPTIMIZE");
        assert_eq!(tables[0], Name { database: Some("shop".into()), name: "or`der".into() });
        assert_eq!(tables[1].within("here"), ("here".into(), "b".into()));
        for text in ["SET GLOBAL Max_Connections = 5", "set @@global.max_connections = 5"] {
            assert_eq!(
                read(text).unwrap(),
                Form::Set { scope: "GLOBAL".into(), name: "max_connections".into() },
                "{text}"
            );
        }
        assert_eq!(read("kill 12;").unwrap(), Form::Kill { query: false, id: 12 });
        assert_eq!(read("KILL SOFT QUERY 7").unwrap(), Form::Kill { query: true, id: 7 });
        for text in ["kill query id 7", "kill user a", "set names utf8", "call p()", "", "flush tables", "kill 1 2"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
