//! What the guard learns from a real catalogue: which functions really belong to a known extension, and which only
//! bear the name of one that does.

use super::support::{admin, connect, fresh_database, on_each_server};
use dba_gpt::domain::guard::{Author, Catalog, Verdict};
use dba_gpt::engine::postgres;

async fn catalog(url: &str) -> Catalog {
    let mut session = connect(url).await;
    (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}")).1
}

fn verdict(catalog: &Catalog, statement: &str) -> Verdict {
    postgres::SPEC.dialect.classify(statement, Author::Model, catalog).verdict
}

/// Functions of `pg_catalog`, each name once: whether SQL can make every argument of every function of that name, and
/// whether all of them are IMMUTABLE and written inside the server.
const FUNCTIONS: &str = "
    SELECT p.proname::text AS name,
           bool_and(p.prorettype <> 'internal'::regtype
                    AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])) AS callable,
           bool_and(p.provolatile = 'i' AND l.lanname IN ('internal', 'sql')) AS computes
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prorettype <> 'trigger'::regtype
     GROUP BY p.proname";

#[test]
fn what_computes_inside_the_server_is_known() {
    on_each_server(|url| async move {
        let (nothing, mut wrong) = (Catalog::default(), Vec::new());
        for row in admin(&url).await.query(FUNCTIONS, &[]).await.unwrap() {
            let (name, callable, computes): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
            match verdict(&nothing, &format!("SELECT pg_catalog.\"{name}\"(x) FROM t")) {
                Verdict::Allow if !callable => wrong.push(format!("{name} takes what SQL cannot make")),
                // Since PostgreSQL 17 it takes what SQL cannot make.
                Verdict::NeedsApproval if name == "interval_avg" => {}
                Verdict::NeedsApproval if callable && computes => wrong.push(format!("{name} computes and is unknown")),
                _ => {}
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn readers_of_known_extensions_are_allowed_and_impostors_are_not() {
    on_each_server(|url| async move {
        let url = fresh_database(&url, "it_extensions").await;
        let client = admin(&url).await;
        client
            .batch_execute(
                "CREATE SCHEMA ext; CREATE SCHEMA app;
                CREATE EXTENSION pg_trgm SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;
                CREATE EXTENSION pg_stat_statements; CREATE EXTENSION tablefunc SCHEMA ext;
                CREATE EXTENSION pgstattuple SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
                CREATE FUNCTION app.similarity(text, text) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT 1::real';
                CREATE FUNCTION ext.show_trgm(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'it_extension_owner') THEN
                        CREATE ROLE it_extension_owner;
                    END IF;
                END $$;
                GRANT USAGE, CREATE ON SCHEMA ext TO it_extension_owner; GRANT CREATE ON DATABASE it_extensions TO it_extension_owner;
                SET ROLE it_extension_owner;
                CREATE EXTENSION fuzzystrmatch SCHEMA ext;
                CREATE FUNCTION ext.impostor(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
                ALTER EXTENSION fuzzystrmatch ADD FUNCTION ext.impostor(int);
                RESET ROLE;
                CREATE FUNCTION app.equal_by_spy(int, int) RETURNS bool LANGUAGE sql AS 'SELECT true';
                CREATE TYPE app.mood AS ENUM ('sad', 'happy');
                CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
                CREATE DOMAIN app.lowered AS text CHECK (VALUE = lower(VALUE));
                CREATE FUNCTION app.spy(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
                CREATE DOMAIN app.spied AS int CHECK (app.spy(VALUE));
                CREATE DOMAIN app.files AS text CHECK (pg_read_file(VALUE) IS NOT NULL);
                CREATE TYPE app.pair AS (a app.mood, b app.positive[]);
                CREATE TYPE app.spied_pair AS (a app.mood, b app.spied[]);
                CREATE TYPE app.span AS RANGE (subtype = int);
                CREATE TYPE app.cast_by_force AS ENUM ('x');
                CREATE FUNCTION app.force(text) RETURNS app.cast_by_force LANGUAGE sql AS $$SELECT 'x'::app.cast_by_force$$;
                CREATE CAST (text AS app.cast_by_force) WITH FUNCTION app.force(text);
                CREATE OPERATOR app.=== (leftarg = int, rightarg = int, procedure = app.equal_by_spy);
                CREATE VIEW app.trusted AS SELECT ext.similarity('a', 'b');
                CREATE VIEW app.forged AS SELECT app.similarity('a', 'b');
                CREATE VIEW app.forged_too AS SELECT ext.impostor(1)",
            )
            .await
            .unwrap();
        let catalog = catalog(&url).await;
        let allowed = [
            "SELECT ext.similarity('a', 'b'), ext.show_limit()",
            "SELECT ext.hstore('a', 'b'), ext.akeys('a=>1')",
            "SELECT * FROM public.pg_stat_statements ORDER BY total_exec_time DESC LIMIT 10",
            "SELECT * FROM ext.pgstattuple('pg_class')",
            "SELECT ext.levenshtein('a', 'b')",
            "SELECT ext.normal_rand(1, 1, 1)",
            "SELECT * FROM app.trusted",
            "SELECT 'sad'::app.mood, '{sad,happy}'::app.mood[], 1::app.positive, 'a'::app.lowered",
            "SELECT '(sad,{1})'::app.pair, '[1,2]'::app.span",
            "SELECT 'a=>1'::ext.hstore OPERATOR(ext.->) 'a', 'a'::ext.citext",
            "SELECT 'word' OPERATOR(ext.%>) 'word'",
        ];
        for statement in allowed {
            assert_eq!(verdict(&catalog, statement), Verdict::Allow, "{statement}");
            client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        let held = [
            "SELECT app.similarity('a', 'b')",
            "SELECT similarity('a', 'b')",
            "SELECT ext.show_trgm('a')",
            "SELECT ext.impostor(1)",
            "SELECT * FROM app.forged",
            "SELECT 1::app.spied",
            "SELECT '/etc/passwd'::app.files",
            "SELECT '(sad,{1})'::app.spied_pair",
            "SELECT 'x'::text::app.cast_by_force",
            "SELECT 1 OPERATOR(app.===) 1",
            "SELECT 1 === 1",
            "SELECT * FROM app.forged_too",
            "SELECT ext.set_limit(0.5)",
            "SELECT * FROM ext.crosstab('DELETE FROM t')",
            "SELECT * FROM ext.connectby('t', 'a', 'b', 'c', 0)",
            "SELECT public.pg_stat_statements_reset()",
        ];
        for statement in held {
            assert_ne!(verdict(&catalog, statement), Verdict::Allow, "{statement}");
        }
    });
}

/// How often the function of the next test has acted.
async fn number(client: &tokio_postgres::Client) -> i64 {
    client.query_one("SELECT last_value FROM p.acts", &[]).await.unwrap().get(0)
}

/// The planner itself runs functions: the server says so, and the guard knows of each table where it would.
#[test]
fn a_function_that_runs_when_a_table_is_planned_is_known_before() {
    on_each_server(|url| async move {
        let url = fresh_database(&url, "it_planned").await;
        let client = admin(&url).await;
        client
            .batch_execute(
                "CREATE SCHEMA p;
                CREATE SEQUENCE p.acts;
                CREATE FUNCTION p.act(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
                    $$ BEGIN PERFORM pg_catalog.nextval('p.acts'); RETURN i; END $$;
                CREATE FUNCTION p.inner_act(i int) RETURNS int LANGUAGE sql IMMUTABLE AS
                    $$ SELECT i + p.act(1) $$;
                CREATE FUNCTION p.plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
                CREATE TABLE p.predicate (id int); CREATE INDEX ON p.predicate (id) WHERE id > p.act(1);
                CREATE TABLE p.expression (id int); CREATE INDEX ON p.expression ((id + p.act(1)));
                CREATE TABLE p.inlined (id int); CREATE INDEX ON p.inlined (p.inner_act(id));
                CREATE TABLE p.parted (id int) PARTITION BY RANGE ((id + p.act(1)));
                CREATE TABLE p.parted_1 PARTITION OF p.parted FOR VALUES FROM (0) TO (9);
                CREATE TABLE p.parent (id int, CHECK (id > p.act(1))); CREATE TABLE p.child () INHERITS (p.parent);
                CREATE TABLE p.heir (id int); CREATE TABLE p.heir_1 () INHERITS (p.heir);
                CREATE INDEX ON p.heir_1 (id) WHERE id > p.act(1);
                CREATE VIEW p.over AS SELECT id FROM p.predicate;
                CREATE TABLE p.on_columns (id int, name text, CHECK (p.act(id) > 0));
                CREATE INDEX ON p.on_columns (p.act(id)); CREATE INDEX ON p.on_columns (p.plain(name));
                CREATE TABLE p.computed (id int DEFAULT p.act(1), v int GENERATED ALWAYS AS (p.act(1)) STORED)",
            )
            .await
            .unwrap();
        let catalog = catalog(&url).await;
        for (table, acts) in [
            ("predicate", true),
            ("expression", true),
            ("inlined", true),
            ("parted", true),
            ("parent", true),
            ("heir", true),
            ("over", true),
            ("on_columns", false),
            ("computed", false),
        ] {
            // A new connection has planned nothing yet: what was computed before is kept with the table.
            let fresh = admin(&url).await;
            let before = number(&fresh).await;
            let statement = format!("SELECT * FROM p.{table} WHERE id = 0");
            fresh.batch_execute(&format!("EXPLAIN {statement}")).await.unwrap();
            assert_eq!(number(&fresh).await > before, acts, "{table}: what the server does");
            for asked in [format!("EXPLAIN {statement}"), statement] {
                let expected = if acts { Verdict::NeedsApproval } else { Verdict::Allow };
                assert_eq!(verdict(&catalog, &asked), expected, "{asked}");
            }
        }
    });
}
