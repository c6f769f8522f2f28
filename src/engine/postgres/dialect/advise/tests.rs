//! Every rule on a statement that it is about and on one that it leaves alone, and what holds for all advice.
#![allow(clippy::unwrap_used)]

use super::{advise, rules::RULES};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::engine::postgres::dialect::classify;
use std::collections::BTreeSet;

/// A rule, a statement that it is about, and one that it leaves alone, on PostgreSQL 16.
const CASES: &[(&str, &str, &str)] = &[
    (
        "adding-field-with-default",
        "ALTER TABLE t ADD COLUMN a uuid DEFAULT Gen_Random_UUID()",
        "ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now() - '1 day'::interval, ADD b int DEFAULT -1",
    ),
    (
        "adding-foreign-key-constraint",
        "ALTER TABLE t ADD b text, ADD FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE",
        "ALTER TABLE t ADD b bigint REFERENCES p (id), ADD FOREIGN KEY (a) REFERENCES p (id) NOT VALID",
    ),
    (
        "adding-not-nullable-field",
        "alter table t alter a set /* now */ not null",
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
    ),
    (
        "adding-required-field",
        "ALTER TABLE t ADD \"A\" bigint NOT NULL",
        "ALTER TABLE t ADD a bigint NOT NULL DEFAULT 0, ADD b bigserial NOT NULL, ADD c bigint",
    ),
    (
        "adding-serial-primary-key-field",
        "ALTER TABLE t ADD PRIMARY KEY (a, b)",
        "ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey",
    ),
    (
        "ban-alter-domain-with-add-constraint",
        "ALTER DOMAIN shop.email ADD CHECK (value LIKE '%@%')",
        "ALTER DOMAIN shop.email ADD CHECK (value LIKE '%@%') NOT VALID",
    ),
    ("ban-alter-identity", "ALTER TABLE t ALTER a DROP IDENTITY IF EXISTS", "ALTER TABLE t ALTER a RESTART"),
    ("ban-alter-row-level-security", "ALTER TABLE t DISABLE ROW LEVEL SECURITY", "ALTER TABLE t OWNER TO bob"),
    ("ban-char-field", "CREATE TABLE s.t (id bigint PRIMARY KEY, a CHARACTER(3)[])", "CREATE TABLE s.t (a \"char\")"),
    (
        "ban-create-domain-with-constraint",
        "CREATE DOMAIN email AS text COLLATE \"C\" CHECK (value <> '')",
        "CREATE DOMAIN email AS text DEFAULT ''",
    ),
    ("ban-disable-trigger", "ALTER TABLE t DISABLE TRIGGER ALL", "ALTER TABLE t ENABLE TRIGGER ALL"),
    ("ban-drop-column", "ALTER TABLE t ADD a text, DROP b", "ALTER TABLE t ALTER b DROP DEFAULT"),
    ("ban-drop-constraint", "ALTER TABLE t DROP CONSTRAINT IF EXISTS c", "ALTER TABLE t DROP COLUMN c"),
    ("ban-drop-database", "DROP DATABASE IF EXISTS \"Shop\" WITH (FORCE)", "ALTER DATABASE shop RENAME TO old"),
    ("ban-drop-default", "ALTER TABLE t ALTER a DROP DEFAULT", "ALTER TABLE t ALTER a SET DEFAULT 1"),
    ("ban-drop-domain", "DROP DOMAIN d", "DROP TYPE d"),
    ("ban-drop-extension", "DROP EXTENSION hstore", "CREATE EXTENSION hstore"),
    ("ban-drop-function", "DROP FUNCTION f(int)", "DROP AGGREGATE f(int)"),
    ("ban-drop-generated-expression", "ALTER TABLE t ALTER a DROP EXPRESSION", "ALTER TABLE t ALTER a DROP NOT NULL"),
    ("ban-drop-not-null", "ALTER TABLE t ALTER a DROP NOT NULL", "ALTER TABLE t ALTER a DROP DEFAULT"),
    ("ban-drop-policy", "DROP POLICY p ON t", "ALTER POLICY p ON t RENAME TO q"),
    ("ban-drop-schema", "DROP SCHEMA IF EXISTS a, b", "CREATE SCHEMA a"),
    ("ban-drop-sequence", "DROP SEQUENCE s", "ALTER SEQUENCE s OWNED BY NONE"),
    ("ban-drop-table", "drop table if exists shop.\"Orders\", t", "DROP VIEW t"),
    ("ban-drop-trigger", "DROP TRIGGER a ON t", "ALTER TRIGGER a ON t RENAME TO b"),
    ("ban-drop-type", "DROP TYPE a", "DROP DOMAIN a"),
    ("ban-drop-view", "DROP MATERIALIZED VIEW v", "DROP TABLE v"),
    (
        "ban-duplicate-column-assignments",
        "UPDATE t SET (a, b) = (1, 2), \"a\" = 3 WHERE id = 1",
        "UPDATE t SET a[1] = 1, a[2] = 2, \"A\" = 3 WHERE id = 1",
    ),
    ("ban-replica-identity", "ALTER TABLE t REPLICA IDENTITY NOTHING", "ALTER TABLE t REPLICA IDENTITY DEFAULT"),
    ("ban-set-schema", "ALTER TABLE t SET SCHEMA old", "ALTER TABLE t SET TABLESPACE old"),
    ("ban-truncate-cascade", "TRUNCATE ONLY t, u CASCADE", "TRUNCATE t RESTART IDENTITY"),
    ("changing-column-type", "ALTER TABLE t ALTER a SET DATA TYPE text", "ALTER TABLE t ALTER a SET STATISTICS 9"),
    (
        "constraint-missing-not-valid",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
    ),
    (
        "disallowed-unique-constraint",
        "ALTER TABLE t ADD b text, ADD UNIQUE (a)",
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u",
    ),
    (
        "identifier-too-long",
        "CREATE TABLE s.ääääääääääääääääääääääääääääääää (id bigint)",
        "CREATE TABLE s.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (id bigint)",
    ),
    ("prefer-bigint-over-int", "ALTER TABLE t ADD a pg_catalog.INT4", "ALTER TABLE t ADD a int8"),
    ("prefer-bigint-over-smallint", "ALTER TABLE t ALTER a TYPE int2", "ALTER TABLE t ALTER a TYPE my.int2"),
    ("prefer-identity", "CREATE TABLE s.t (id bigserial PRIMARY KEY)", "CREATE TEMP TABLE t (id bigserial)"),
    ("prefer-repack", "VACUUM (ANALYZE, FULL) t", "VACUUM (FULL off) t"),
    ("prefer-text-field", "ALTER TABLE t ADD a VARCHAR(9)[]", "ALTER TABLE t ADD a varchar"),
    ("prefer-timestamp-tz", "ALTER TABLE t ADD a timestamp(3)", "ALTER TABLE t ADD a timestamp(3) with time zone"),
    ("renaming-column", "ALTER TABLE t RENAME a TO b", "ALTER TABLE t RENAME CONSTRAINT a TO b"),
    ("renaming-object", "ALTER TYPE a RENAME TO b", "ALTER TYPE a OWNER TO b"),
    ("renaming-table", "ALTER TABLE shop.t RENAME TO u", "ALTER INDEX t RENAME TO u"),
    (
        "require-concurrent-index-creation",
        "create unique index on shop.\"Orders\" (lower(\"Name\"))",
        "CREATE INDEX i ON ONLY orders (a)",
    ),
    ("require-concurrent-index-deletion", "DROP INDEX IF EXISTS s.i, j", "DROP INDEX CONCURRENTLY i"),
    (
        "require-concurrent-partition-detach",
        "ALTER TABLE t DETACH PARTITION t_2019",
        "ALTER TABLE t DETACH PARTITION t_2019 FINALIZE",
    ),
    ("require-concurrent-reindex", "REINDEX (VERBOSE) TABLE schema", "REINDEX (VERBOSE, CONCURRENTLY) TABLE t"),
    ("require-enum-value-ordering", "ALTER TYPE m ADD VALUE 'a'", "ALTER TYPE m ADD VALUE 'a' AFTER 'b'"),
    ("require-table-schema", "CREATE TABLE t AS SELECT 1 AS a", "CREATE TEMP TABLE t (id bigint)"),
    (
        "adding-an-auto-incrementing-column",
        "ALTER TABLE t ADD a bigint GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t ADD a bigint",
    ),
    ("adding-a-json-column", "ALTER TABLE t ADD a JSON", "ALTER TABLE t ADD a jsonb"),
    (
        "adding-a-stored-generated-column",
        "ALTER TABLE t ADD a numeric GENERATED ALWAYS AS (b * 2) STORED",
        "ALTER TABLE t ADD a numeric GENERATED ALWAYS AS (b * 2) VIRTUAL",
    ),
    (
        "adding-an-exclusion-constraint",
        "ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)",
        "CREATE TABLE s.t (a int4range, EXCLUDE USING gist (a WITH &&))",
    ),
    (
        "backfilling-data",
        "DELETE FROM t WHERE made < now() - interval '1 year'",
        "DELETE FROM t WHERE made < now() AND (3) = t.\"Order_ID\"",
    ),
    (
        "index-with-more-than-three-columns",
        "CREATE INDEX i ON t (a, b, c, d)",
        "CREATE INDEX i ON t USING GIN (a, b, c, d)",
    ),
    ("renaming-a-schema", "ALTER SCHEMA a RENAME TO b", "ALTER SCHEMA a OWNER TO b"),
    ("renaming-an-enum-value", "ALTER TYPE m RENAME VALUE 'a' TO 'b'", "ALTER TYPE m RENAME ATTRIBUTE a TO b"),
    (
        "attaching-a-partition",
        "ALTER TABLE t ATTACH PARTITION u FOR VALUES IN (1)",
        "ALTER TABLE t DETACH PARTITION u CONCURRENTLY",
    ),
    ("comparing-with-null", "DELETE FROM t WHERE id = 3 OR a <> NULL", "UPDATE t SET a = NULL WHERE id = 3"),
    (
        "concurrent-index-if-not-exists",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
    ),
    ("dropping-with-cascade", "ALTER TABLE t ADD b text, DROP a CASCADE", "ALTER TABLE t DROP a RESTRICT"),
    ("insert-without-column-names", "INSERT INTO t VALUES (1)", "INSERT INTO t DEFAULT VALUES"),
    (
        "join-without-a-condition",
        "UPDATE t SET a = 1 FROM u WHERE t.id = 3",
        "UPDATE t SET a = 1 FROM u WHERE t.id = u.t_id",
    ),
    ("not-in-with-a-query", "DELETE FROM t WHERE a NOT IN (SELECT b FROM u)", "DELETE FROM t WHERE a NOT IN (1, 2)"),
    ("refreshing-under-a-lock", "REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
    ("rewriting-a-table", "ALTER TABLE t SET UNLOGGED", "ALTER TABLE t SET (fillfactor = 70)"),
    ("setting-an-expression", "ALTER TABLE t ALTER a SET EXPRESSION AS (b)", "ALTER TABLE t ALTER a SET DEFAULT 1"),
    ("table-without-primary-key", "CREATE TABLE s.t (a bigint)", "CREATE TABLE s.t (LIKE u INCLUDING ALL)"),
    ("without-where", "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "DELETE FROM t WHERE CURRENT OF c"),
];

const SIXTEEN: u32 = 160_004;

fn names(statement: &str, version: u32) -> Vec<String> {
    advise(statement, version).into_iter().map(|advice| advice.rule).collect()
}

/// What to do instead by one rule.
fn instead(statement: &str, version: u32, rule: &str) -> Option<String> {
    advise(statement, version).into_iter().find(|advice| advice.rule == rule).unwrap().instead
}

#[test]
fn every_rule_speaks_and_keeps_silent() {
    for (rule, about, not_about) in CASES {
        assert!(names(about, SIXTEEN).iter().any(|name| name == rule), "{rule} is silent on {about}");
        assert!(!names(not_about, SIXTEEN).iter().any(|name| name == rule), "{rule} speaks on {not_about}");
        for statement in [about, not_about] {
            let read = classify::one_statement(statement).map_err(|refusal| refusal.reason);
            assert!(read.is_ok(), "{statement}: {read:?}");
        }
    }
    let listed: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    let tried: BTreeSet<&str> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(listed, tried, "every rule has its case, and every case its rule");
}

#[test]
fn what_is_advised_can_be_approved_and_is_not_advised_against() {
    for version in [0, 100_000, 110_000, 120_000, 140_000, SIXTEEN, 180_001, 190_000] {
        for (_, about, not_about) in CASES {
            for advice in [about, not_about].into_iter().flat_map(|statement| advise(statement, version)) {
                let steps = advice.instead.iter().flat_map(|steps| steps.lines());
                for step in steps {
                    let verdict = classify::classify(step, Author::Person, &Catalog::default());
                    assert_eq!(verdict.verdict, Verdict::NeedsApproval, "{step}: {}", verdict.reason);
                    // With the CHECK of the steps before it, SET NOT NULL reads nothing.
                    if advice.rule != "adding-not-nullable-field" {
                        assert!(!names(step, version).contains(&advice.rule), "{} advises {step}", advice.rule);
                    }
                }
            }
        }
    }
}

#[test]
fn a_text_is_one_sentence_about_the_persons_own_names() {
    for (_, about, _) in CASES {
        for advice in advise(about, SIXTEEN) {
            assert!(advice.text.ends_with('.'), "{}", advice.text);
            assert!(!advice.text.contains("  ") && !advice.text.contains('\n'), "{}", advice.text);
        }
    }
    let told = advise("ALTER TABLE shop.\"Orders\" ALTER \"Buyer\" SET NOT NULL", SIXTEEN);
    assert!(told[0].text.contains("shop.\"Orders\"") && told[0].text.contains("\"Buyer\""), "{}", told[0].text);
}

#[test]
fn the_gravest_comes_first_and_each_action_is_heard() {
    let told = advise("ALTER TABLE t ADD a int NOT NULL, DROP b, DROP c, ADD UNIQUE (d)", SIXTEEN);
    assert!(told.is_sorted_by(|a, b| a.weight >= b.weight));
    assert_eq!(told.iter().filter(|advice| advice.rule == "ban-drop-column").count(), 2);
    assert!(told.iter().any(|advice| advice.rule == "prefer-bigint-over-int"));
}

#[test]
fn nothing_is_said_of_what_cannot_be_read_or_only_reads() {
    let deep = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let texts =
        ["", ";", "drop the orders table", "DROP TABLE a; DROP TABLE b", "SELECT 1", "EXPLAIN DELETE FROM t", &deep];
    for text in texts {
        assert_eq!(names(text, SIXTEEN), Vec::<String>::new(), "{}", &text[..text.len().min(40)]);
    }
}

#[test]
fn versions_differ() {
    let constant = "ALTER TABLE t ADD a int8 DEFAULT 1";
    assert_eq!(names(constant, 110_000), Vec::<String>::new());
    assert_eq!(names(constant, 100_023), ["adding-field-with-default"]);
    assert_eq!(names(constant, 0), ["adding-field-with-default"]);

    let required =
        |version| instead("ALTER TABLE t ALTER a SET NOT NULL", version, "adding-not-nullable-field").unwrap();
    assert_eq!(
        required(110_000),
        "ALTER TABLE t ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID;\n\
         ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null;"
    );
    assert_eq!(
        required(120_000),
        "ALTER TABLE t ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID;\n\
         ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null;\n\
         ALTER TABLE t ALTER COLUMN a SET NOT NULL;\n\
         ALTER TABLE t DROP CONSTRAINT t_a_not_null;"
    );
    assert_eq!(
        required(180_000),
        "ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID;\n\
         ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null;"
    );

    let detach = |version| instead("ALTER TABLE t DETACH PARTITION u", version, "require-concurrent-partition-detach");
    assert_eq!(detach(130_000), None);
    assert_eq!(detach(140_000).unwrap(), "ALTER TABLE t DETACH PARTITION u CONCURRENTLY;");
    let rebuild = |version| instead("REINDEX TABLE index", version, "require-concurrent-reindex");
    assert_eq!(rebuild(110_000), None);
    assert_eq!(rebuild(120_000).unwrap(), "REINDEX TABLE CONCURRENTLY index;");
    let packed = |version| instead("CLUSTER t USING i", version, "prefer-repack");
    assert_eq!(packed(180_000), None);
    assert_eq!(packed(190_000).unwrap(), "REPACK (CONCURRENTLY) t USING INDEX i;");
    let computed = "ALTER TABLE t ADD a numeric GENERATED ALWAYS AS (b * 2)";
    assert!(names(computed, 180_000).is_empty() && names(computed, 170_000).len() == 1);
}

#[test]
fn steps_are_made_of_what_the_person_wrote() {
    let cases = [
        (
            "CREATE /* a */ INDEX i\n ON shop.\"Orders\" -- b\n (lower(\"Name\"), 'a'\n'b')",
            "require-concurrent-index-creation",
            "CREATE INDEX CONCURRENTLY i ON shop.\"Orders\" (lower(\"Name\"), 'a'\n'b');",
        ),
        (
            "ALTER TABLE ONLY \"T\" ADD FOREIGN KEY (\"B\", c) REFERENCES p (x, y) ON DELETE CASCADE",
            "adding-foreign-key-constraint",
            "ALTER TABLE ONLY \"T\" ADD CONSTRAINT \"T_B_c_fkey\" FOREIGN KEY (\"B\", c) REFERENCES p (x, y) ON DELETE \
             CASCADE NOT VALID;\nALTER TABLE ONLY \"T\" VALIDATE CONSTRAINT \"T_B_c_fkey\";",
        ),
        (
            "ALTER TABLE t ADD a bigint DEFAULT 1 CONSTRAINT \"the references\" REFERENCES p (id)",
            "adding-foreign-key-constraint",
            "ALTER TABLE t ADD COLUMN a bigint DEFAULT 1;\nALTER TABLE t ADD CONSTRAINT \"the references\" FOREIGN KEY \
             (a) REFERENCES p (id) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT \"the references\";",
        ),
        (
            "ALTER TABLE s.t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c) USING INDEX TABLESPACE fast DEFERRABLE",
            "disallowed-unique-constraint",
            "CREATE UNIQUE INDEX CONCURRENTLY u ON s.t (a, b) INCLUDE (c) NULLS NOT DISTINCT TABLESPACE fast;\n\
             ALTER TABLE s.t ADD CONSTRAINT u UNIQUE USING INDEX u DEFERRABLE;",
        ),
        (
            "DROP INDEX IF EXISTS s.\"I\", j",
            "require-concurrent-index-deletion",
            "DROP INDEX CONCURRENTLY IF EXISTS s.\"I\";\nDROP INDEX CONCURRENTLY IF EXISTS j;",
        ),
        (
            "ALTER TABLE s.t ADD a text COLLATE \"C\" NOT NULL DEFAULT random() CHECK (a <> '')",
            "adding-field-with-default",
            "ALTER TABLE s.t ADD COLUMN a text COLLATE \"C\" CHECK (a <> '');\n\
             ALTER TABLE s.t ALTER COLUMN a SET DEFAULT random();\n\
             UPDATE s.t SET a = random() WHERE ctid = ANY (ARRAY(SELECT ctid FROM s.t WHERE a IS NULL LIMIT 1000)) AND a \
             IS NULL;\n\
             ALTER TABLE s.t ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID;\n\
             ALTER TABLE s.t VALIDATE CONSTRAINT t_a_not_null;\n\
             ALTER TABLE s.t ALTER COLUMN a SET NOT NULL;\n\
             ALTER TABLE s.t DROP CONSTRAINT t_a_not_null;",
        ),
        (
            "DELETE FROM ONLY t AS x WHERE x.a < 1 OR x.b",
            "backfilling-data",
            "DELETE FROM ONLY t AS x WHERE ctid = ANY (ARRAY(SELECT ctid FROM ONLY t AS x WHERE (x.a < 1 OR x.b) LIMIT \
             1000)) AND (x.a < 1 OR x.b);",
        ),
        (
            "UPDATE t SET a = 1, b = 'x' WHERE c > 2",
            "backfilling-data",
            "UPDATE t SET a = 1, b = 'x' WHERE ctid = ANY (ARRAY(SELECT ctid FROM t WHERE (c > 2) AND (a IS DISTINCT \
             FROM 1 OR b IS DISTINCT FROM 'x') LIMIT 1000)) AND (c > 2) AND (a IS DISTINCT FROM 1 OR b IS DISTINCT \
             FROM 'x');",
        ),
        (
            "ALTER TABLE t ADD CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT c",
            "constraint-missing-not-valid",
            "ALTER TABLE t ADD CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;",
        ),
        ("DROP TABLE s.\"T\"", "ban-drop-table", "ALTER TABLE s.\"T\" RENAME TO \"T_to_drop\";"),
        ("DROP TABLE t CASCADE;", "dropping-with-cascade", "DROP TABLE t;"),
    ];
    for (statement, rule, steps) in cases {
        assert_eq!(instead(statement, SIXTEEN, rule).as_deref(), Some(steps), "{statement}");
    }
}

#[test]
fn a_batch_that_would_change_a_row_twice_is_not_advised() {
    for statement in [
        "UPDATE t SET a = a + 1 WHERE b > 2",
        "UPDATE t SET a = now() WHERE b > 2",
        "UPDATE t SET a = u.b FROM u WHERE t.x = u.x",
        "UPDATE t SET (a, b) = (1, 2) WHERE c > 2",
        "DELETE FROM t WHERE a > 3 RETURNING *",
    ] {
        assert_eq!(instead(statement, SIXTEEN, "backfilling-data"), None, "{statement}");
    }
}

#[test]
fn names_that_are_made_fit() {
    let long = "a".repeat(60);
    let steps =
        instead(&format!("ALTER TABLE {long} ADD UNIQUE (b)"), SIXTEEN, "disallowed-unique-constraint").unwrap();
    assert!(steps.contains(&format!(" {}_key ON ", "a".repeat(59))), "{steps}");
    let wide = "ä".repeat(30);
    let steps = instead(&format!("ALTER TABLE {wide} ADD CHECK (b)"), SIXTEEN, "constraint-missing-not-valid").unwrap();
    assert!(steps.contains(&format!("\"{}_check\"", "ä".repeat(28))), "{steps}");
}
