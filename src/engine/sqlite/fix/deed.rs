//! What an approved statement does to the file, read from its tokens, which are split exactly as SQLite splits them.
//! The parser that the guard asks has the last word: where it sees other clauses than these, nothing is understood.

use super::change::{self, RowChange};
use crate::engine::sql::lexer::{self, Kind, Lexis};
use crate::engine::sql::literal::unquote;
use crate::engine::sql::words::Words;

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Rows of one table change.
    Rows(RowChange),
    /// An object comes to be.
    Create { what: What, name: String, if_not_exists: bool },
    /// An object goes.
    Drop { what: What, name: String, if_exists: bool },
    /// A table changes its shape.
    Alter { table: String, change: Alteration },
    /// The whole file is written anew.
    Vacuum,
    /// Indexes are built anew.
    Reindex,
    /// Statistics are gathered.
    Analyze,
    /// The file gets another kind of journal.
    JournalMode(String),
    /// The log is moved into the file and emptied.
    Checkpoint,
    /// Free pages at the end of the file are given back.
    GiveBack,
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Table,
    Index,
    View,
    Trigger,
}

impl What {
    /// SQLite's word for it, in its catalogue too.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

/// What becomes of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alteration {
    AddColumn(String),
    DropColumn(String),
    RenameTable(String),
    RenameColumn { from: String, to: String },
}

/// Reads one statement.
///
/// # Errors
/// One sentence when it is none that has a fixing door here.
pub(super) fn read(text: &str) -> Result<Deed, String> {
    let tokens = tokens(text);
    let words = Words { text, tokens: &tokens };
    let verb = words.at(0).to_ascii_lowercase();
    match verb.as_str() {
        "create" => create(words),
        "drop" => drop(words),
        "alter" => alter(words),
        "vacuum" => maintained(words, Deed::Vacuum),
        "reindex" => maintained(words, Deed::Reindex),
        "analyze" => maintained(words, Deed::Analyze),
        "pragma" if words.is(1, &["wal_checkpoint"]) => exactly(words, &["=", "truncate"], Deed::Checkpoint),
        "pragma" if words.is(1, &["incremental_vacuum"]) => exactly(words, &[], Deed::GiveBack),
        "pragma" => journal_mode(words),
        "with" | "insert" | "replace" | "update" | "delete" => change::read(words).map(Deed::Rows),
        _ => Err("this is no change of a SQLite file that can be looked at before it runs".to_owned()),
    }
}

/// The meaningful tokens of one statement, without the semicolon at its end.
pub(super) fn tokens(text: &str) -> Vec<lexer::Token> {
    let mut tokens = lexer::meaningful(text, Lexis::Sqlite);
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    tokens
}

/// Every name in a text, in lower case: more than its objects, and never fewer.
pub(super) fn names(text: &str) -> Vec<String> {
    let tokens = lexer::meaningful(text, Lexis::Sqlite);
    let words = Words { text, tokens: &tokens };
    let mut names: Vec<String> = (0..words.len()).filter_map(|index| words.name(index)).collect();
    names.sort();
    names.dedup();
    names
}

/// A name with or without the schema `main` before it, and where the text goes on.
pub(super) fn object_name(words: Words<'_>, index: usize) -> Result<(String, usize), String> {
    let (name, after) = if words.at(index + 1) == "." {
        let schema = identifier(words, index)?;
        if !schema.eq_ignore_ascii_case("main") {
            return Err(format!(
                "{schema} is not the file itself: only objects of main can be changed, and what is temporary would \
                 vanish with the act"
            ));
        }
        (identifier(words, index + 2)?, index + 3)
    } else {
        (identifier(words, index)?, index + 1)
    };
    Ok((name, after))
}

/// One name as it is stored; SQLite takes a literal for one where only a name makes sense.
pub(super) fn identifier(words: Words<'_>, index: usize) -> Result<String, String> {
    let name = match words.kind(index) {
        Some(Kind::Text) => unquote(words.at(index), '\''),
        _ => words.identifier(index),
    };
    name.ok_or_else(|| format!("a name was expected where {:?} stands", words.at(index)))
}

fn what(words: Words<'_>, index: usize) -> Option<What> {
    [What::Table, What::Index, What::View, What::Trigger].into_iter().find(|what| words.is(index, &[what.word()]))
}

fn create(words: Words<'_>) -> Result<Deed, String> {
    if words.is(1, &["temp", "temporary"]) {
        return Err("a temporary object would vanish with the act: create it where it is used".to_owned());
    }
    let kind = if words.is(1, &["unique", "virtual"]) { 2 } else { 1 };
    let what = what(words, kind).ok_or("SQLite creates tables, indexes, views and triggers")?;
    let if_not_exists = words.starts_with_at(kind + 1, &["if", "not", "exists"]);
    let (name, _) = object_name(words, kind + if if_not_exists { 4 } else { 1 })?;
    Ok(Deed::Create { what, name, if_not_exists })
}

fn drop(words: Words<'_>) -> Result<Deed, String> {
    let what = what(words, 1).ok_or("SQLite drops tables, indexes, views and triggers")?;
    let if_exists = words.starts_with_at(2, &["if", "exists"]);
    let (name, _) = object_name(words, if if_exists { 4 } else { 2 })?;
    Ok(Deed::Drop { what, name, if_exists })
}

/// `ALTER TABLE t ADD [COLUMN] c ...`, `DROP [COLUMN] c`, `RENAME TO n`, `RENAME [COLUMN] a TO b`.
fn alter(words: Words<'_>) -> Result<Deed, String> {
    if !words.is(1, &["table"]) {
        return Err("SQLite alters tables and nothing else".to_owned());
    }
    let (table, at) = object_name(words, 2)?;
    // COLUMN is noise, unless it is the column's own name.
    let column = |index: usize| {
        let noise =
            words.is(index, &["column"]) && !matches!(words.at(index + 1), "" | "(") && !words.is(index + 1, &["to"]);
        index + usize::from(noise)
    };
    let change = if words.is(at, &["add"]) {
        Alteration::AddColumn(identifier(words, column(at + 1))?)
    } else if words.is(at, &["drop"]) {
        Alteration::DropColumn(identifier(words, column(at + 1))?)
    } else if words.starts_with_at(at, &["rename", "to"]) && words.len() == at + 3 {
        Alteration::RenameTable(identifier(words, at + 2)?)
    } else if words.is(at, &["rename"]) {
        let from = column(at + 1);
        if !words.is(from + 1, &["to"]) {
            return Err("RENAME wants a TO".to_owned());
        }
        Alteration::RenameColumn { from: identifier(words, from)?, to: identifier(words, from + 2)? }
    } else {
        return Err("ALTER TABLE adds, drops or renames a column here, or renames the table".to_owned());
    };
    Ok(Deed::Alter { table, change })
}

/// `VERB`, `VERB name` or `VERB main.name`.
fn maintained(words: Words<'_>, deed: Deed) -> Result<Deed, String> {
    match words.len() {
        1 => Ok(deed),
        2 | 4 => {
            let (_, after) = object_name(words, 1)?;
            if after == words.len() { Ok(deed) } else { Err("more than one name".to_owned()) }
        }
        _ => Err("one name, or none, follows here".to_owned()),
    }
}

/// A PRAGMA of which one form alone has a fixing door.
fn exactly(words: Words<'_>, behind: &[&str], deed: Deed) -> Result<Deed, String> {
    let fits = words.len() == 2 + behind.len()
        && behind.iter().enumerate().all(|(index, word)| words.at(2 + index).eq_ignore_ascii_case(word));
    if fits { Ok(deed) } else { Err(format!("{} has a fixing door in one form alone", words.at(1))) }
}

/// The one setting that lives in the file and has a fixing door: `PRAGMA journal_mode = MODE`.
fn journal_mode(words: Words<'_>) -> Result<Deed, String> {
    match (words.is(1, &["journal_mode"]), words.at(2), words.len()) {
        (true, "=", 4) => Ok(Deed::JournalMode(words.at(3).to_ascii_lowercase())),
        _ => Err("of the PRAGMAs only journal_mode = MODE has a fixing door here".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn objects_and_their_changes_are_read() {
        let column = |from: &str, to: &str| Alteration::RenameColumn { from: from.into(), to: to.into() };
        for (text, expected) in [
            ("ALTER TABLE t ADD a INT", Alteration::AddColumn("a".into())),
            ("alter table main.t add column [a b] text default 'to'", Alteration::AddColumn("a b".into())),
            ("ALTER TABLE t DROP COLUMN \"a\"\"b\";", Alteration::DropColumn("a\"b".into())),
            ("ALTER TABLE t DROP column", Alteration::DropColumn("column".into())),
            ("ALTER TABLE t RENAME TO u", Alteration::RenameTable("u".into())),
            ("ALTER TABLE t RENAME a TO b", column("a", "b")),
            ("ALTER TABLE t RENAME COLUMN a TO b", column("a", "b")),
            ("ALTER TABLE t RENAME column TO b", column("column", "b")),
            ("ALTER TABLE t RENAME \"to\" TO b", column("to", "b")),
        ] {
            assert_eq!(read(text).unwrap(), Deed::Alter { table: "t".into(), change: expected }, "{text}");
        }
        let create = |what, if_not_exists| Deed::Create { what, name: "i".into(), if_not_exists };
        assert_eq!(read("CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t(a)").unwrap(), create(What::Index, true));
        assert_eq!(read("CREATE VIRTUAL TABLE i USING fts5(a)").unwrap(), create(What::Table, false));
        assert_eq!(
            read("CREATE TRIGGER i AFTER INSERT ON t BEGIN SELECT 1; END").unwrap(),
            create(What::Trigger, false)
        );
        assert_eq!(
            read("DROP VIEW IF EXISTS `v`").unwrap(),
            Deed::Drop { what: What::View, name: "v".into(), if_exists: true }
        );
        assert_eq!(read("REINDEX main.t").unwrap(), Deed::Reindex);
        assert_eq!(read("PRAGMA wal_checkpoint = TRUNCATE").unwrap(), Deed::Checkpoint);
        assert_eq!(read("PRAGMA incremental_vacuum").unwrap(), Deed::GiveBack);
        assert_eq!(read("PRAGMA journal_mode = WAL").unwrap(), Deed::JournalMode("wal".into()));
    }

    #[test]
    fn what_is_not_of_the_file_is_refused() {
        for text in [
            "CREATE TEMP TABLE t(a)",
            "CREATE TABLE temp.t(a)",
            "DROP TABLE other.t",
            "ALTER TABLE t RENAME a b",
            "ANALYZE a b",
            "PRAGMA user_version = 3",
            "PRAGMA wal_checkpoint = RESTART",
            "PRAGMA wal_checkpoint",
            "PRAGMA incremental_vacuum(1)",
            "ATTACH 'x' AS y",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
