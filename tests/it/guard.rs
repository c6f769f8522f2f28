//! The guard against its case list, and against every case in every disguise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects")]

mod mongodb;
mod mutations;
mod past;

use dba_gpt::domain::guard::{Author, Catalog, CatalogView, Judgement, Verdict, decode_line};
use dba_gpt::engine;

/// A row of the case list: engine, id, statement (decoded), verdict.
struct Case {
    engine: &'static str,
    id: &'static str,
    statement: String,
    verdict: Verdict,
}

/// The sample of the case list, written for statements that a model wrote.
fn cases() -> Vec<Case> {
    include_str!("../../assets/attacks/cases.tsv")
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| engine::by_name(fields[0]).is_some())
        .map(|fields| Case {
            engine: fields[0],
            id: fields[1],
            statement: decode_line(fields[2]).unwrap(),
            verdict: match fields[3] {
                "allow" => Verdict::Allow,
                "needs-approval" => Verdict::NeedsApproval,
                "deny" => Verdict::Deny,
                other => panic!("{other} is no verdict"),
            },
        })
        .collect()
}

/// The schema that the case list speaks of.
fn catalog() -> Catalog {
    serde_json::from_str(include_str!("../../assets/attacks/catalog.json")).unwrap()
}

fn judge(engine: &str, statement: &str, author: Author) -> Judgement {
    engine::by_name(engine).unwrap().dialect.classify(statement, author, &catalog())
}

#[test]
fn every_case_of_the_list_gets_its_verdict() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let judged = judge(case.engine, &case.statement, Author::Model);
            (judged.verdict != case.verdict)
                .then(|| format!("{} {}: wanted {:?}, got {judged:?}\n", case.id, case.statement, case.verdict))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.concat());
}

#[test]
fn ordinary_reads_of_postgres_are_allowed() {
    let refused: Vec<String> = include_str!("guard/postgres_benign.sql")
        .lines()
        .filter_map(|statement| {
            let judged = judge("postgres", statement, Author::Model);
            (judged.verdict != Verdict::Allow).then(|| format!("{statement}\n    {judged:?}\n"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.concat());
}

#[test]
fn ordinary_reads_of_sqlite_are_allowed() {
    let refused: Vec<String> = include_str!("guard/sqlite_benign.sql")
        .lines()
        .filter_map(|statement| {
            let judged = judge("sqlite", statement, Author::Model);
            (judged.verdict != Verdict::Allow).then(|| format!("{statement}\n    {judged:?}\n"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.concat());
}

#[test]
fn ordinary_reads_of_mysql_are_allowed() {
    let refused: Vec<String> = include_str!("guard/mysql_benign.sql")
        .lines()
        .filter_map(|statement| {
            let judged = judge("mysql", statement, Author::Model);
            (judged.verdict != Verdict::Allow).then(|| format!("{statement}\n    {judged:?}\n"))
        })
        .collect();
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.concat());
}

#[test]
fn our_own_cases_get_their_verdict_and_class() {
    let files = [include_str!("guard/own_cases.tsv"), include_str!("guard/mysql_cases.tsv")];
    let wrong: Vec<String> = files
        .iter()
        .flat_map(|file| file.lines().skip(1))
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let judged = judge(fields[0], &decode_line(fields[3]).unwrap(), Author::Model);
            let got = (judged.verdict.word(), judged.class.word());
            (got != (fields[1], fields[2])).then(|| format!("{line}\n    {judged:?}\n"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.concat());
}

#[test]
fn what_a_person_types_becomes_an_approval() {
    let cases = [
        ("postgres", "SELECT pg_terminate_backend(42)", "needs-approval", "kill"),
        ("postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = 5", "needs-approval", "kill"),
        ("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "deny", "kill"),
        (
            "postgres",
            "SELECT pg_terminate_backend(pid), pg_reload_conf() FROM pg_stat_activity WHERE pid = 5",
            "deny",
            "admin",
        ),
        ("postgres", "INSERT INTO app.canary VALUES (1, 'x')", "needs-approval", "dml"),
        ("postgres", "DELETE FROM app.canary", "deny", "dml"),
        ("postgres", "CREATE INDEX ON app.canary (note)", "needs-approval", "ddl"),
        ("postgres", "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'select 1'", "needs-approval", "ddl"),
        ("postgres", "VACUUM app.canary", "needs-approval", "maintenance"),
        ("postgres", "ALTER SYSTEM SET work_mem = '64MB'", "needs-approval", "setting"),
        ("postgres", "COMMIT", "deny", "transaction"),
        ("postgres", "COPY app.canary TO '/tmp/x'", "deny", "file"),
        ("mysql", "INSERT INTO t VALUES (1)", "needs-approval", "dml"),
        ("mysql", "REPLACE INTO t SET a = 1", "needs-approval", "dml"),
        ("mysql", "INSERT IGNORE INTO t (a, b) SELECT a, MAX(b) FROM u GROUP BY a", "needs-approval", "dml"),
        ("mysql", "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", "needs-approval", "dml"),
        ("mysql", "UPDATE t SET a = 1 WHERE id = 5", "needs-approval", "dml"),
        ("mysql", "UPDATE a JOIN b ON a.id = b.id SET a.x = b.x WHERE b.y > 3", "needs-approval", "dml"),
        ("mysql", "DELETE FROM t WHERE id = 5 ORDER BY id LIMIT 10", "needs-approval", "dml"),
        ("mysql", "DELETE FROM t WHERE id = SLEEP(5)", "deny", "resource"),
        ("mysql", "DELETE FROM t WHERE 1", "deny", "dml"),
        ("mysql", "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB", "needs-approval", "ddl"),
        ("mysql", "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 0, ALGORITHM=INSTANT", "needs-approval", "ddl"),
        ("mysql", "DROP TABLE IF EXISTS t", "needs-approval", "ddl"),
        ("mysql", "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", "needs-approval", "ddl"),
        ("mysql", "CREATE PROCEDURE p() BEGIN SELECT 1; END; DROP TABLE t; END", "deny", "multi"),
        ("mysql", "SET GLOBAL read_only = ON", "needs-approval", "setting"),
        ("mysql", "SET PERSIST max_connections = 500", "needs-approval", "setting"),
        ("mysql", "SET GLOBAL plugin_dir = '/tmp'", "deny", "file"),
        ("mysql", "KILL 42", "needs-approval", "kill"),
        ("mysql", "GRANT SELECT ON shop.* TO a", "deny", "admin"),
        ("mysql", "TRUNCATE t", "deny", "ddl"),
        ("mysql", "COMMIT", "deny", "transaction"),
        ("sqlite", "VACUUM", "needs-approval", "maintenance"),
        ("sqlite", "REINDEX", "needs-approval", "maintenance"),
        ("sqlite", "VACUUM INTO 'x'", "deny", "file"),
        ("sqlite", "DELETE FROM canary WHERE id = 1", "needs-approval", "dml"),
        ("sqlite", "PRAGMA journal_mode = OFF", "deny", "setting"),
    ];
    for (engine, statement, verdict, class) in cases {
        let judged = judge(engine, statement, Author::Person);
        assert_eq!((judged.verdict.word(), judged.class.word()), (verdict, class), "{statement}: {}", judged.reason);
    }
}

#[test]
fn the_catalogue_decides_on_views_functions_and_foreign_tables() {
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let view = |name: &str, functions: &[&str], relations: &[&str]| CatalogView {
        name: name.to_owned(),
        functions: names(functions),
        relations: names(relations),
    };
    let catalog = Catalog {
        views: vec![
            view("app.outer", &[], &["app.inner"]),
            view("app.inner", &["app.evil"], &["app.outer"]),
            view("app.reviewed", &["app.pure"], &["app.t"]),
            view("app.built_in", &["pg_catalog.lower", "upper"], &[]),
            view("app.leak", &[], &["pg_catalog.pg_authid"]),
            view("app.far", &[], &["app.remote"]),
            view("app.acts", &["public.dblink_exec", "pg_catalog.pg_sleep"], &[]),
        ],
        functions: names(&["app.evil", "app.pure", "other.pure", "app.full_name"]),
        // No list allows what is known to do more than read.
        safe_functions: names(&["app.pure", "public.dblink_exec", "pg_catalog.pg_sleep"]),
        operators: names(&["app.===", "app.%>", "ext.%>", "ext.<=>"]),
        safe_operators: names(&["ext.%>", "ext.<=>"]),
        safe_types: names(&["app.mood"]),
        foreign_tables: names(&["app.remote"]),
    };
    let dialect = engine::by_name("postgres").unwrap().dialect;
    let cases = [
        ("SELECT * FROM app.outer", "needs-approval"),
        ("SELECT * FROM \"inner\"", "needs-approval"),
        ("SELECT * FROM APP.\"inner\"", "needs-approval"),
        ("SELECT * FROM app.\"INNER\"", "allow"),
        ("SELECT * FROM other.\"inner\"", "allow"),
        ("WITH \"inner\" AS (SELECT 1) SELECT * FROM \"inner\"", "allow"),
        ("WITH \"inner\" AS (SELECT * FROM \"inner\") SELECT * FROM \"inner\"", "needs-approval"),
        ("SELECT (WITH \"inner\" AS (SELECT 1) SELECT 1) FROM \"inner\"", "needs-approval"),
        ("SELECT * FROM app.reviewed, app.built_in", "allow"),
        ("SELECT * FROM app.leak", "deny"),
        ("SELECT * FROM app.far", "needs-approval"),
        ("SELECT * FROM app.remote", "needs-approval"),
        ("SELECT app.pure(1)", "allow"),
        ("SELECT other.pure(1)", "needs-approval"),
        ("SELECT pure(1)", "needs-approval"),
        ("SELECT t.full_name FROM app.t", "needs-approval"),
        ("SELECT (t).full_name FROM app.t", "needs-approval"),
        ("SELECT full_name FROM app.t", "allow"),
        ("SELECT 1 === 2", "needs-approval"),
        ("SELECT a <=> b FROM t", "allow"),
        ("SELECT a %> b FROM t", "needs-approval"),
        ("SELECT a OPERATOR(ext.%>) b FROM t", "allow"),
        ("SELECT a OPERATOR(app.%>) b FROM t", "deny"),
        ("SELECT 'x'::app.mood, CAST('{x}' AS app.mood[])", "allow"),
        ("SELECT 'x'::mood", "needs-approval"),
        ("SELECT 'x'::other.mood", "needs-approval"),
        ("SELECT 'x'::app.\"Mood\"", "needs-approval"),
        ("SELECT public.dblink_exec('x')", "deny"),
        ("SELECT pg_catalog.pg_sleep(1)", "deny"),
        ("SELECT * FROM app.acts", "needs-approval"),
    ];
    for (statement, verdict) in cases {
        let judged = dialect.classify(statement, Author::Model, &catalog);
        assert_eq!(judged.verdict.word(), verdict, "{statement}: {}", judged.reason);
    }
    // Without a catalogue relations and bare types count as plain ones, and functions do not.
    let unknown = [
        ("SELECT * FROM app.outer", "allow"),
        ("SELECT 'x'::mood, ROW(1, 2)::pair, NULL::moods[]", "allow"),
        ("SELECT 'x'::app.mood", "needs-approval"),
        ("SELECT pure(1)", "needs-approval"),
    ];
    for (statement, verdict) in unknown {
        let judged = dialect.classify(statement, Author::Model, &Catalog::default());
        assert_eq!(judged.verdict.word(), verdict, "{statement}: {}", judged.reason);
    }
}

#[test]
fn the_catalogue_decides_on_views_and_functions_of_mysql() {
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let view = |name: &str, functions: &[&str], relations: &[&str]| CatalogView {
        name: name.to_owned(),
        functions: names(functions),
        relations: names(relations),
    };
    let catalog = Catalog {
        views: vec![
            view("shop.outer_view", &[], &["shop.inner_view"]),
            view("shop.inner_view", &["shop.evil"], &["shop.outer_view"]),
            view("shop.plain", &["lower", "ifnull"], &["shop.orders"]),
            view("shop.leak", &[], &["mysql.user"]),
            view("shop.far_view", &["shop.pure"], &["shop.far"]),
        ],
        functions: names(&["shop.evil", "shop.pure", "shop.uuid_to_bin"]),
        safe_functions: names(&["shop.pure"]),
        foreign_tables: names(&["shop.far"]),
        ..Catalog::default()
    };
    let dialect = engine::by_name("mysql").unwrap().dialect;
    let cases = [
        ("SELECT * FROM outer_view", "needs-approval"),
        ("SELECT * FROM `SHOP`.`Outer_View` x", "needs-approval"),
        ("SELECT * FROM other.outer_view", "allow"),
        ("SELECT * FROM shop.plain JOIN orders USING (id)", "allow"),
        ("SELECT 1 FROM leak", "deny"),
        ("SELECT * FROM far", "needs-approval"),
        ("SELECT * FROM far_view", "needs-approval"),
        ("EXPLAIN SELECT * FROM inner_view", "needs-approval"),
        ("SELECT shop.pure(1), pure(2)", "allow"),
        ("SELECT evil(1)", "needs-approval"),
        ("SELECT UUID_TO_BIN('x')", "needs-approval"),
        ("SELECT LOWER('x')", "allow"),
    ];
    for (statement, verdict) in cases {
        let judged = dialect.classify(statement, Author::Model, &catalog);
        assert_eq!(judged.verdict.word(), verdict, "{statement}: {}", judged.reason);
    }
}

/// No text may exhaust the stack of a parser: the threads of the program have 2 MiB, like this test's.
#[test]
fn statements_without_end_are_refused_and_break_nothing() {
    let shapes: &[(&str, &str, &str)] = &[
        ("SELECT ", "(", "1"),
        ("SELECT ", "NOT ", "true"),
        ("SELECT ", "- ", "1"),
        ("SELECT ", "~", "1"),
        ("SELECT 1", "+1", ""),
        ("SELECT 1", " = 1", ""),
        ("SELECT 1", " BETWEEN 1 AND 1", ""),
        ("SELECT 1", "::int", ""),
        ("SELECT 1", " UNION SELECT 1", ""),
        ("SELECT 1", " AND NOT 1", ""),
        ("SELECT a", "[1]", ""),
        ("SELECT a", ".a", ""),
        ("SELECT ", "CASE WHEN true THEN ", "1"),
        ("SELECT * FROM a", " JOIN a ON true", ""),
        ("", "SELECT * FROM (", "SELECT 1"),
        ("", "EXPLAIN ", "SELECT 1"),
        ("", "WITH a AS (", "SELECT 1"),
        ("SELECT 1 ", "/*", ""),
        ("SELECT a", " COLLATE c", ""),
        ("SELECT a", " IS NULL", ""),
        ("SELECT ", "f(", "1"),
        ("SELECT ", "a,", "a"),
    ];
    for engine in ["postgres", "sqlite", "mysql"] {
        for (start, part, end) in shapes {
            for count in [10, 90, 240, 700, 1_400, 8_000] {
                let text = format!("{start}{}{end}", part.repeat(count));
                let closed = format!("{text}{}", ")".repeat(text.matches('(').count()));
                for text in [text, closed] {
                    let verdict = judge(engine, &text, Author::Model).verdict;
                    let flat = *part == "a,";
                    assert!(flat || count < 8_000 || verdict == Verdict::Deny, "{engine}: {part} x {count}");
                }
            }
        }
    }
    let long = format!("SELECT * FROM t WHERE id IN ({})", vec!["12345"; 20_000].join(", "));
    for engine in ["postgres", "sqlite", "mysql"] {
        assert_eq!(judge(engine, &long, Author::Model).verdict, Verdict::Allow, "a long list of values is no nesting");
    }
}
