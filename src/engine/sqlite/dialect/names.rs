//! Names: quoting, literals, and telling a statement from a question. SQLite has no search path to resolve.

use super::classify::parses;
use crate::domain::schema::Schema;
use crate::domain::text::hex;
use crate::engine::sql::lexer::Lexis;
use crate::engine::sql::list::holds;
use crate::engine::sql::literal::enquote;
use crate::engine::sql::sentence::{self, Grammar};

/// The keywords of SQLite 3.51, all of them: which may stand bare depends on the place, so none does.
const KEYWORDS: &str = "abort action add after all alter always analyze and as asc attach autoincrement before begin between by \
    cascade case cast check collate column commit conflict constraint create cross current current_date \
    current_time current_timestamp database default deferrable deferred delete desc detach distinct do drop each \
    else end escape except exclude exclusive exists explain fail filter first following for foreign from full \
    generated glob group groups having if ignore immediate in index indexed initially inner insert instead \
    intersect into is isnull join key last left like limit match materialized natural no not nothing notnull \
    null nulls of offset on or order others outer over partition plan pragma preceding primary query raise range \
    recursive references regexp reindex release rename replace restrict returning right rollback row rows \
    savepoint select set table temp temporary then ties to transaction trigger unbounded union unique update \
    using vacuum values view virtual when where window with without";

/// First words of statements that count as such when they are well-formed.
const PLAIN_VERBS: &[&str] =
    &["attach", "begin", "commit", "detach", "end", "reindex", "release", "rollback", "savepoint"];

/// Without `sqlite> ` before it.
pub(super) fn as_typed(text: &str) -> &str {
    text.strip_prefix("sqlite> ").unwrap_or(text).trim()
}

pub(super) fn looks_like_statement(text: &str) -> bool {
    let grammar = Grammar { lexis: Lexis::Sqlite, parses: &parses, is_setting: &|_| false, plain_verbs: PLAIN_VERBS };
    sentence::is_statement(text, &grammar)
}

/// There are no schemas that a session could look in differently, so the text stays as it is.
pub(super) fn resolve(statement: &str, _schema: &Schema) -> String {
    statement.to_owned()
}

pub(super) fn quote(identifier: &str) -> String {
    let mut bytes = identifier.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !holds(KEYWORDS, &identifier.to_ascii_lowercase());
    if plain { identifier.to_owned() } else { enquote(identifier, '"') }
}

/// SQLite ends a statement at a NUL, so a text with one travels as bytes.
pub(super) fn literal(text: &str) -> String {
    if text.contains('\0') {
        return format!("CAST(x'{}' AS TEXT)", hex(text.as_bytes()));
    }
    enquote(text, '\'')
}

#[cfg(test)]
mod tests {
    use super::{literal, looks_like_statement, quote};

    #[test]
    fn names_and_literals_are_quoted() {
        for (name, quoted) in [
            ("Orders", "Orders"),
            ("order", "\"order\""),
            ("Order", "\"Order\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
        ] {
            assert_eq!(quote(name), quoted);
        }
        assert_eq!(literal("it's \\"), "'it''s \\'");
        assert_eq!(literal("a\0"), "CAST(x'6100' AS TEXT)");
    }

    #[test]
    fn statements_and_questions_are_told_apart() {
        for text in [
            "SELECT 1",
            "select * from orders",
            "selec * from t",
            "pragma table_info(x)",
            "PRAGMA journal_mode",
            "values (1)",
            "explain query plan select 1",
            "insert into t values (1)",
            "replace into t values (1)",
            "delete from t",
            "update t set a = 1",
            "create index i on t(a)",
            "vacuum",
            "vacuum into 'x'",
            "analyze",
            "analyze orders",
            "reindex",
            "begin",
            "begin immediate",
            "commit",
            "attach 'x' as y",
            "detach y",
            "with a as (select 1) select * from a",
            "select a << 1 from t",
            "drop table t",
        ] {
            assert!(looks_like_statement(text), "a statement: {text}");
        }
        for text in [
            "show me all tables",
            "show tables",
            "table orders",
            "select the best index for me",
            "explain what a pragma is",
            "describe orders",
            "analyze the performance of my database",
            "analyze performance",
            "update me on locks",
            "vacuum status",
            "replace the slow index?",
            "begin with orders",
            "which tables are biggest",
            "values of column x",
            "with which role am I connected",
        ] {
            assert!(!looks_like_statement(text), "a question: {text}");
        }
    }
}
