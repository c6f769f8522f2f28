//! Names: quoting, literals, resolving, and telling a statement from a question.

use super::classify::{self, parses};
use crate::domain::schema::Schema;
use crate::domain::text::hex;
use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::list::holds;
use crate::engine::sql::literal::enquote;
use crate::engine::sql::sentence::{self, Grammar};
use crate::engine::sql::words::Words;

/// Words that MySQL 8 and 9 or MariaDB reserve, so that none of them stands bare.
const RESERVED: &str = "accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade \
    case change char character check collate column condition constraint continue convert create cross cube cume_dist \
    current_date current_role current_time current_timestamp current_user cursor database databases day_hour \
    day_microsecond day_minute day_second dec decimal declare default delayed delete delete_domain_id dense_rank desc \
    describe deterministic distinct distinctrow div do_domain_ids double drop dual each else elseif empty enclosed \
    escaped except exists exit explain external false fetch first_value float float4 float8 for force foreign from fulltext \
    function general generated get grant group grouping groups having high_priority hour_microsecond hour_minute \
    hour_second if ignore ignore_domain_ids ignore_server_ids in index infile inner inout insensitive insert int \
    int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is iterate join \
    json_table key keys kill lag last_value lateral lead leading leave left library like limit linear lines load \
    localtime localtimestamp lock long longblob longtext loop low_priority manual master_bind \
    master_demote_to_replica master_demote_to_slave master_heartbeat_period master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext middleint \
    minute_microsecond minute_second mod modifies natural no_write_to_binlog not nth_value ntile null numeric of \
    offset on optimize optimizer_costs option optionally or order out outer outfile over page_checksum parallel \
    parse_vcol_expr partition percent_rank portion position precision primary procedure purge qualify range rank read \
    read_write reads real recursive ref_system_id references regexp release rename repeat replace require resignal \
    restrict return returning revoke right rlike row row_number rows schema schemas second_microsecond select \
    sensitive separator set sets show signal slow smallint spatial specific sql sql_big_result sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache \
    sql_small_result sqlexception sqlstate sqlwarning ssl starting stats_auto_recalc stats_persistent \
    stats_sample_pages stored straight_join system table tablesample terminated then tinyblob tinyint tinytext to \
    trailing trigger true undo union unique unlock unsigned update usage use user using utc_date utc_time \
    utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with write xor \
    year_month zerofill";

/// First words of statements that count as such when they are well-formed.
const PLAIN_VERBS: &[&str] = &[
    "backup",
    "begin",
    "binlog",
    "call",
    "change",
    "check",
    "checksum",
    "clone",
    "commit",
    "deallocate",
    "delimiter",
    "do",
    "execute",
    "flush",
    "grant",
    "handler",
    "import",
    "install",
    "kill",
    "load",
    "lock",
    "optimize",
    "prepare",
    "purge",
    "release",
    "rename",
    "repair",
    "reset",
    "restart",
    "revoke",
    "rollback",
    "savepoint",
    "set",
    "shutdown",
    "signal",
    "start",
    "stop",
    "truncate",
    "uninstall",
    "unlock",
    "use",
    "xa",
];

/// The server's own databases.
const SYSTEM: &str = "mysql sys information_schema performance_schema";

/// Without `mysql> ` or `MariaDB [shop]> ` before it, and without `\G` behind it.
pub(super) fn as_typed(text: &str) -> &str {
    let is_prompt = |prompt: &str| {
        prompt == "mysql" || prompt.ends_with(']') && (prompt.starts_with("MariaDB [") || prompt.starts_with("MySQL ["))
    };
    let statement = text.split_once("> ").filter(|(prompt, _)| is_prompt(prompt)).map_or(text, |(_, rest)| rest);
    ["\\G", "\\g"].iter().find_map(|end| statement.strip_suffix(end)).unwrap_or(statement).trim()
}

pub(super) fn looks_like_statement(text: &str) -> bool {
    let grammar = Grammar { lexis: Lexis::Mysql, parses: &parses, is_setting: &|_| false, plain_verbs: PLAIN_VERBS };
    sentence::is_statement(text, &grammar)
}

/// A statement whose plan EXPLAIN shows.
pub(super) fn has_plan(statement: &str) -> bool {
    let tokens = lexer::meaningful(statement, Lexis::Mysql);
    let words = Words { text: statement, tokens: &tokens };
    let first = (0..words.len()).find(|&i| words.at(i) != "(").unwrap_or(0);
    words.is(first, &["select", "with", "values", "table", "insert", "replace", "update", "delete"])
}

/// The statement with every bare relation of the connected database named in full, so that it means the same
/// whatever database a session happens to be in. A text that is not understood comes back unchanged.
pub(super) fn resolve(statement: &str, schema: &Schema) -> String {
    let database = schema.search_path.first().unwrap_or(&schema.database);
    if database.is_empty() {
        return statement.to_owned();
    }
    let system = holds(SYSTEM, &database.to_ascii_lowercase());
    let mut out = statement.to_owned();
    // From the end, so that earlier places stay where they are.
    for place in classify::bare_relations(statement).iter().rev() {
        let written = statement[place.clone()].trim_matches('`').replace("``", "`");
        let known = schema
            .tables
            .iter()
            .any(|t| t.name.eq_ignore_ascii_case(&written) && t.schema.eq_ignore_ascii_case(database));
        // The tables of a system database are not in the schema, and some of them hold secrets.
        if known || (system && !written.eq_ignore_ascii_case("dual")) {
            out.insert_str(place.start, &format!("{}.", quote(database)));
        }
    }
    out
}

pub(in crate::engine::mysql) fn quote(identifier: &str) -> String {
    let mut bytes = identifier.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !holds(RESERVED, &identifier.to_ascii_lowercase());
    if plain { identifier.to_owned() } else { enquote(identifier, '`') }
}

/// A literal that means the same whether backslashes escape or not. A text with a backslash or a NUL travels as bytes.
pub(in crate::engine::mysql) fn literal(text: &str) -> String {
    if text.contains(['\\', '\0']) {
        return format!("_utf8mb4 x'{}'", hex(text.as_bytes()));
    }
    enquote(text, '\'')
}

#[cfg(test)]
mod tests {
    use super::{literal, looks_like_statement, quote, resolve};
    use crate::domain::schema::{Schema, Table};

    #[test]
    fn names_and_literals_are_quoted() {
        for (name, quoted) in [
            ("Orders", "Orders"),
            ("order", "`order`"),
            ("Rank", "`Rank`"),
            ("a b", "`a b`"),
            ("a`b", "`a``b`"),
            ("1a", "`1a`"),
            ("größe", "`größe`"),
            ("", "``"),
        ] {
            assert_eq!(quote(name), quoted);
        }
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("\\' or 1=1 -- "), "_utf8mb4 x'5c27206f7220313d31202d2d20'");
    }

    #[test]
    fn bare_relations_get_the_connected_database() {
        let table = |name: &str| Table { schema: "shop".into(), name: name.into(), ..Table::default() };
        let shop = Schema {
            database: "shop".into(),
            search_path: vec!["shop".into()],
            tables: vec![table("orders"), table("Order")],
            ..Schema::default()
        };
        for (written, resolved) in [
            ("select * from orders", "select * from shop.orders"),
            (
                "select orders.id from orders join `Order` o on o.id = orders.id",
                "select orders.id from shop.orders join shop.`Order` o on o.id = orders.id",
            ),
            ("explain format=json select 1 from orders", "explain format=json select 1 from shop.orders"),
            ("with orders as (select 1) select * from orders", "with orders as (select 1) select * from orders"),
            ("table orders", "table shop.orders"),
            (
                "select 'from orders', (select count(*) from orders)",
                "select 'from orders', (select count(*) from shop.orders)",
            ),
            ("delete from orders where id = 1", "delete from shop.orders where id = 1"),
            ("select * from other, x.orders", "select * from other, x.orders"),
            ("select * from orders where", "select * from orders where"),
        ] {
            assert_eq!(resolve(written, &shop), resolved);
        }
        let system = Schema { database: "mysql".into(), ..Schema::default() };
        assert_eq!(resolve("select * from user", &system), "select * from mysql.user");
        assert_eq!(resolve("select * from orders", &Schema::default()), "select * from orders");
    }

    #[test]
    fn statements_and_questions_are_told_apart() {
        for text in [
            "SELECT 1",
            "select * from orders",
            "selec * from t",
            "show tables",
            "show full processlist",
            "SHOW VARIABLES LIKE 'a%'",
            "show engine innodb status",
            "show index from orders",
            "show create table orders",
            "describe orders;",
            "desc select 1",
            "explain select * from orders",
            "explain format=json select 1",
            "analyze select 1",
            "analyze table orders",
            "optimize table orders",
            "check table orders",
            "values row(1)",
            "table orders",
            "insert into t values (1)",
            "replace into t values (1)",
            "delete from t",
            "update t set a = 1",
            "create index i on t(a)",
            "alter table t add column a int",
            "drop table t",
            "truncate table t",
            "begin",
            "commit",
            "start transaction",
            "use shop",
            "kill 12",
            "kill query 12",
            "set global max_connections = 500",
            "flush tables",
            "lock tables t read",
            "call p()",
            "do sleep(1)",
            "grant select on a.* to b",
            "load data infile 'x' into table t",
            "with a as (select 1) select * from a",
            "# c\nselect 1",
            "select @@version",
            "stop slave",
            "shutdown",
        ] {
            assert!(looks_like_statement(text), "a statement: {text}");
        }
        for text in [
            "show me all tables",
            "show locks",
            "show the settings",
            "show table sizes",
            "show slow queries",
            "table sizes",
            "select the best index for me",
            "explain what a gap lock is",
            "explain orders",
            "describe orders",
            "describe the orders table",
            "analyze the performance of my database",
            "analyze performance",
            "analyze orders",
            "update me on locks",
            "replace the slow index?",
            "begin with orders",
            "start over",
            "kill the slowest query",
            "use of memory",
            "flush frequency",
            "check replication",
            "set of all tables",
            "load average",
            "lock waits",
            "call me when it is done",
            "which tables are biggest",
            "values of column x",
            "orders",
            "",
        ] {
            assert!(!looks_like_statement(text), "a question: {text}");
        }
    }
}
