//! Names: quoting, literals, resolving, and telling a statement from a question.

mod resolve;

pub(super) use resolve::resolve;

use crate::engine::sql::lexer::Lexis;
use crate::engine::sql::list::holds;
use crate::engine::sql::literal::enquote;
use crate::engine::sql::sentence::{self, Grammar};
use squawk_syntax::SourceFile;

/// Keywords that cannot stand for a table or column everywhere: those that `pg_get_keywords` of PostgreSQL 18 calls
/// reserved (R), reserved except as a function or type (T), or not to be a function or type (C).
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both \
    case cast char character check coalesce collate collation column concurrently constraint create cross \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec \
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign \
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect \
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query \
    json_scalar json_serialize json_table json_value lateral leading least left like limit localtime \
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on \
    only or order out outer overlaps overlay placing position precision primary real references returning right \
    row select session_user setof similar smallint some substring symmetric system_user table tablesample then \
    time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when \
    where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi \
    xmlroot xmlserialize xmltable";

/// Settings of one word without an underscore. All others have one, or a dot.
const SHORT_SETTINGS: &str =
    "autovacuum bonjour datestyle fsync geqo intervalstyle jit port role seed ssl timezone xmlbinary xmloption";

/// First words of statements that count as such when they parse.
const PLAIN_VERBS: &[&str] = &[
    "abort",
    "begin",
    "call",
    "checkpoint",
    "cluster",
    "comment",
    "commit",
    "copy",
    "deallocate",
    "declare",
    "discard",
    "do",
    "end",
    "execute",
    "grant",
    "import",
    "listen",
    "load",
    "merge",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "security",
    "set",
    "start",
    "truncate",
    "unlisten",
];

/// Without `shop=# ` before it, and without `\gx` behind it.
pub(super) fn as_typed(text: &str) -> &str {
    const PROMPTS: &[&str] = &["=#", "=>", "-#", "->", "=*#", "=*>"];
    let is_prompt = |word: &str| PROMPTS.iter().any(|end| word.len() > end.len() && word.ends_with(end));
    let statement = text.split_once(' ').filter(|(word, _)| is_prompt(word)).map_or(text, |(_, rest)| rest);
    ["\\gx", "\\g"].iter().find_map(|end| statement.strip_suffix(end)).unwrap_or(statement).trim()
}

pub(super) fn looks_like_statement(text: &str) -> bool {
    let grammar = Grammar {
        lexis: Lexis::Postgres,
        parses: &|statement| SourceFile::parse(statement).errors().is_empty(),
        is_setting: &|word| word.contains('_') || holds(SHORT_SETTINGS, word),
        plain_verbs: PLAIN_VERBS,
    };
    sentence::is_statement(text, &grammar)
}

pub(in crate::engine::postgres) fn quote(identifier: &str) -> String {
    let mut bytes = identifier.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !holds(RESERVED, identifier);
    if plain { identifier.to_owned() } else { enquote(identifier, '"') }
}

/// With a backslash in it, the form whose meaning does not depend on a setting of the server.
pub(in crate::engine::postgres) fn literal(text: &str) -> String {
    if text.contains('\\') { format!("E{}", enquote(&text.replace('\\', "\\\\"), '\'')) } else { enquote(text, '\'') }
}

#[cfg(test)]
mod tests {
    use super::{literal, looks_like_statement, quote};

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        let cases = [
            ("orders", "orders"),
            ("_a1", "_a1"),
            ("Orders", "\"Orders\""),
            ("user", "\"user\""),
            ("name", "name"),
            ("1a", "\"1a\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("naïve", "\"naïve\""),
            ("", "\"\""),
        ];
        for (name, quoted) in cases {
            assert_eq!(quote(name), quoted);
        }
    }

    #[test]
    fn literals_mean_the_same_under_every_setting() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(literal(""), "''");
    }

    #[test]
    fn statements_and_questions_are_told_apart() {
        let statements = [
            "SELECT 1",
            "select version()",
            "select * from orders",
            "select * form orders",
            "selec 1 from t",
            "slect * from t",
            "select id, name from users",
            "select name from users",
            "select count(*) from",
            "select current_user",
            "(select 1)",
            "select 'x'",
            "select name form users",
            "SELECT id FROM orders WHERE",
            "select 1;",
            "show server_version",
            "show all",
            "SHOW work_mem",
            "show time zone",
            "show port",
            "show pg_stat_statements.max",
            "EXPLAIN SELECT 1",
            "explain analyze select * from orders",
            "explain (analyze, buffers) select 1",
            "EXPLAIN UPDATE t SET a = 1",
            "DELETE FROM t",
            "delete from orders where id = 1",
            "update orders set total = 1",
            "UPDATE t SET",
            "insert into t values (1)",
            "table orders",
            "values (1)",
            "with a as (select 1) select * from a",
            "with recursive t(n) as (select 1) select n from t",
            "create index on t(a)",
            "create table t (a int)",
            "drop table orders",
            "alter table t add column a int",
            "vacuum",
            "vacuum full orders",
            "analyze",
            "analyze orders",
            "begin",
            "commit",
            "rollback",
            "set work_mem = '1GB'",
            "reset all",
            "truncate orders",
            "copy t to stdout",
            "lock table t",
            "checkpoint",
            "reindex table t",
            "grant select on t to u",
            "do $$begin end$$",
            "call f()",
            "listen ch",
            "-- c\nselect 1",
            "/* x */ select 1",
            "SELECT * FROM a; DROP TABLE b",
            "select a.b from a",
            "refresh materialized view v",
            "merge into t using s on t.id = s.id when matched then do nothing",
        ];
        for text in statements {
            assert!(looks_like_statement(text), "a statement: {text}");
        }
        let questions = [
            "show me all tables",
            "show tables",
            "show databases",
            "show locks",
            "show the settings",
            "show table sizes",
            "select the best index for me",
            "select the top 5 customers from the orders table",
            "select best index",
            "select all customers from Oslo",
            "reset stats",
            "vacuum info",
            "explain what vacuum does",
            "explain the plan",
            "explain why orders is slow",
            "describe orders",
            "with which role am I connected",
            "with how many connections",
            "values of column x",
            "analyze the performance of my database",
            "analyze performance",
            "analyze my database",
            "update me on locks",
            "update statistics for orders?",
            "delete old rows from orders",
            "create an index for me",
            "drop the slowest index",
            "vacuum status",
            "vacuum state of my tables",
            "table sizes",
            "table bloat",
            "lock waits",
            "locks",
            "which tables are biggest?",
            "how many orders are there",
            "what's in orders",
            "commit rate",
            "load average",
            "checkpoint frequency",
            "fetch customers",
            "close connections",
            "top queries",
            "",
            "   ",
            "hello",
            "orders",
            "count orders",
            "insert rate per second",
            "set of all tables",
            "call me when it is done",
            "begin with the slowest query",
            "start over",
            "copy of orders?",
            "grant overview",
            "cluster health",
            "execute order 66 please",
        ];
        for text in questions {
            assert!(!looks_like_statement(text), "a question: {text}");
        }
    }
}
