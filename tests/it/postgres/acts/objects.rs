//! Objects: each form is carried out and undone to the very definition.

use super::rig::Rig;
use crate::postgres::support::on_each_server;
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::survey::{Inverse, Rights, Timeouts};

const SETUP: &str = r#"
CREATE TABLE $.orders (id bigint PRIMARY KEY, "Total" int NOT NULL DEFAULT 7, note varchar(20), state text DEFAULT 'new'::text,
                       at timestamptz, CONSTRAINT positive CHECK ("Total" >= 0)) WITH (fillfactor = 90);
CREATE TABLE $.lines (id bigint PRIMARY KEY, order_id bigint, CONSTRAINT to_order FOREIGN KEY (order_id) REFERENCES $.orders);
CREATE UNIQUE INDEX orders_note ON $.orders USING btree (note DESC, lower(state)) WHERE "Total" > 3;
COMMENT ON TABLE $.orders IS 'it''s the orders'; COMMENT ON INDEX $.orders_note IS 'an index';
CREATE VIEW $.open AS SELECT id, note FROM $.orders WHERE state = 'new';
CREATE SEQUENCE $.numbers AS int INCREMENT BY 5 START WITH 11; SELECT nextval('$.numbers');
CREATE MATERIALIZED VIEW $.sums AS SELECT state, count(*) AS n FROM $.orders GROUP BY state; CREATE UNIQUE INDEX sums_state ON $.sums (state);
CREATE DOMAIN $.amount AS numeric CHECK (VALUE > 0)"#;

/// Everything that the catalogue holds about the objects of the schema, without numbers that each object has anew.
const DEFINITIONS: &str = "SELECT md5(string_agg(x.line, E'\\n' ORDER BY x.line)) FROM (
  SELECT concat_ws(' ', 'r', c.relname, c.relkind, c.relowner, c.reloptions::text, obj_description(c.oid),
                   pg_get_viewdef(CASE WHEN c.relkind IN ('v', 'm') THEN c.oid END)) AS line
    FROM pg_class c WHERE relnamespace = '$'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'a', c.relname, a.attname, format_type(atttypid, atttypmod), attnotnull,
                   coalesce(attstattarget, -1), pg_get_expr(adbin, adrelid), col_description(c.oid, attnum))
    FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef d ON adrelid = c.oid AND adnum = attnum
   WHERE relnamespace = '$'::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind <> 'i'
  UNION ALL
  SELECT concat_ws(' ', 'c', conname, pg_get_constraintdef(oid)) FROM pg_constraint
   WHERE connamespace = '$'::regnamespace AND contype <> 'n'
  UNION ALL
  SELECT concat_ws(' ', 'i', pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace = '$'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 's', seqincrement, seqstart, seqmax)
    FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid WHERE relnamespace = '$'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 't', typname, typtype) FROM pg_type
   WHERE typnamespace = '$'::regnamespace AND typtype IN ('e', 'd')
  UNION ALL SELECT concat_ws(' ', 'n', nspname) FROM pg_namespace WHERE nspname LIKE '$%') x";

#[test]
fn every_form_with_an_inverse_comes_back_to_the_very_definition() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        rig.run("GRANT CREATE ON DATABASE shop TO $_fix").await;
        let forms = [
            "CREATE INDEX orders_at ON $.orders (at)",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"Orders at\" ON $.orders (at, id) INCLUDE (note) WHERE at IS NOT NULL",
            "DROP INDEX $.orders_note",
            "DROP INDEX CONCURRENTLY $.orders_note",
            "ALTER INDEX $.orders_note RENAME TO notes",
            "ALTER INDEX $.orders_note SET (fillfactor = 60)",
            "ALTER TABLE $.orders ADD COLUMN extra int NOT NULL DEFAULT 3",
            "ALTER TABLE $.orders ADD extra text, ADD COLUMN more uuid DEFAULT gen_random_uuid()",
            "ALTER TABLE $.orders ALTER COLUMN \"Total\" SET DEFAULT 8, ALTER state DROP DEFAULT",
            "ALTER TABLE $.orders ALTER at SET DEFAULT now(), ALTER note SET NOT NULL",
            "ALTER TABLE $.orders ALTER COLUMN \"Total\" DROP NOT NULL",
            "ALTER TABLE $.orders ALTER COLUMN \"Total\" TYPE bigint",
            "ALTER TABLE $.orders ALTER state SET STATISTICS 500",
            "ALTER TABLE $.orders RENAME TO \"All Orders\"",
            "ALTER TABLE $.orders RENAME COLUMN at TO \"placed at\"",
            "ALTER TABLE $.orders RENAME CONSTRAINT positive TO not_negative",
            "ALTER TABLE $.orders ADD CONSTRAINT short CHECK (length(note) < 30) NOT VALID",
            "ALTER TABLE $.lines ADD CONSTRAINT other FOREIGN KEY (id) REFERENCES $.orders (id) NOT VALID",
            "ALTER TABLE $.orders ADD CONSTRAINT one_state UNIQUE (state)",
            "ALTER TABLE $.orders DROP CONSTRAINT positive",
            "ALTER TABLE $.lines DROP CONSTRAINT to_order",
            "ALTER TABLE $.orders SET (fillfactor = 70, autovacuum_enabled = false)",
            "ALTER TABLE $.orders RESET (fillfactor)",
            "COMMENT ON TABLE $.orders IS NULL",
            "COMMENT ON COLUMN $.orders.\"Total\" IS E'a \\'new\\' one'",
            "COMMENT ON INDEX $.orders_note IS 'another'",
            "CREATE TABLE $.fresh (id int PRIMARY KEY, order_id bigint REFERENCES $.orders)",
            "CREATE TABLE $.copied AS SELECT * FROM $.orders",
            "CREATE VIEW $.closed AS SELECT * FROM $.orders WHERE state <> 'new'",
            "CREATE OR REPLACE VIEW $.open AS SELECT id, note FROM $.orders WHERE state = 'other'",
            "CREATE MATERIALIZED VIEW $.more_sums AS SELECT count(*) AS n FROM $.orders",
            "CREATE SEQUENCE $.more_numbers",
            "CREATE SCHEMA $_more",
            "CREATE TYPE $.mood AS ENUM ('sad', 'ok')",
            "CREATE DOMAIN $.small AS int CHECK (VALUE < 10)",
        ];
        let before = rig.one(DEFINITIONS).await;
        for statement in forms {
            let survey = rig.survey(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert!(matches!(survey.inverse, Inverse::Statements(_)), "{statement}: {:?}", survey.inverse);
            assert_eq!(survey.rights, Rights::Held, "{statement}");
            let (_, undo) = rig.act(statement).await;
            assert_ne!(rig.one(DEFINITIONS).await, before, "{statement}");
            rig.undo(&undo).await;
            assert_eq!(rig.one(DEFINITIONS).await, before, "{statement}: {undo:?}");
        }
        // A sequence goes on where the old one stood, or nobody says that it comes back.
        let survey = rig.survey("DROP SEQUENCE $.numbers").await.unwrap();
        assert!(matches!(&survey.inverse, Inverse::None(why) if why.contains("cannot see")), "{:?}", survey.inverse);
        rig.remove().await;
    });
}

#[test]
fn what_has_no_inverse_says_why_and_how_grave_it_is() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let cases = [
            ("DROP TABLE $.lines", Gravity::High, "backup"),
            ("DROP TABLE $.orders CASCADE", Gravity::High, "CASCADE"),
            ("ALTER TABLE $.orders DROP COLUMN note", Gravity::High, "lost"),
            ("ALTER TABLE $.orders ALTER note TYPE int USING note::int", Gravity::High, "not sure to come back"),
            ("CREATE INDEX ON $.orders (at)", Gravity::Medium, "name the index"),
            ("ALTER TABLE $.orders ADD CHECK (\"Total\" < 100)", Gravity::Medium, "name it"),
            ("DROP DOMAIN $.amount", Gravity::Medium, "not kept"),
            ("VACUUM (FULL) $.orders", Gravity::High, "nothing to undo"),
            ("VACUUM ANALYZE $.orders", Gravity::Low, "nothing to undo"),
            ("ANALYZE $.orders (at)", Gravity::Low, "nothing to undo"),
            ("REINDEX TABLE $.orders", Gravity::Medium, "nothing to undo"),
            ("REINDEX INDEX CONCURRENTLY $.orders_note", Gravity::Low, "nothing to undo"),
            ("CLUSTER $.orders USING orders_pkey", Gravity::High, "nothing to undo"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY $.sums", Gravity::Medium, "replaced"),
        ];
        for (statement, gravity, why) in cases {
            let survey = rig.survey(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            let Inverse::None(words) = &survey.inverse else { panic!("{statement}: {:?}", survey.inverse) };
            assert!(words.contains(why), "{statement}: {words}");
            assert_eq!(survey.blast.at_least, gravity, "{statement}");
        }
        for statement in [
            "VACUUM ANALYZE $.orders",
            "VACUUM (FULL) $.orders",
            "ANALYZE $.orders (at)",
            "REINDEX TABLE $.orders",
            "REINDEX INDEX CONCURRENTLY $.orders_note",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY $.sums",
            "ALTER TABLE $.orders DROP COLUMN at",
            "DROP DOMAIN $.amount",
        ] {
            let (acted, _) = rig.act(statement).await;
            assert_eq!(acted.rows, None, "{statement}");
        }
        rig.remove().await;
    });
}

#[test]
fn locks_rewrites_and_limits_are_those_of_the_documentation() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let cases = [
            ("CREATE INDEX a ON $.orders (at)", "SHARE:", Some(false), 500),
            (
                "CREATE INDEX CONCURRENTLY a ON $.orders (at)",
                "SHARE UPDATE EXCLUSIVE",
                Some(false),
                Timeouts::CONCURRENT.lock_ms,
            ),
            ("ALTER TABLE $.orders ADD COLUMN a int DEFAULT 1", "ACCESS EXCLUSIVE", Some(false), 500),
            ("ALTER TABLE $.orders ADD COLUMN a float8 DEFAULT random()", "ACCESS EXCLUSIVE", Some(true), 500),
            ("ALTER TABLE $.orders ADD COLUMN a bigserial", "ACCESS EXCLUSIVE", Some(true), 500),
            ("ALTER TABLE $.orders ALTER note TYPE varchar(40)", "ACCESS EXCLUSIVE", Some(false), 500),
            ("ALTER TABLE $.orders ALTER note TYPE varchar(10)", "ACCESS EXCLUSIVE", Some(true), 500),
            ("ALTER TABLE $.orders VALIDATE CONSTRAINT positive", "SHARE UPDATE EXCLUSIVE", Some(false), 500),
            (
                "ALTER TABLE $.lines ADD CONSTRAINT x FOREIGN KEY (id) REFERENCES $.orders NOT VALID",
                "SHARE ROW EXCLUSIVE",
                Some(false),
                500,
            ),
            ("ALTER TABLE $.orders SET (fillfactor = 50)", "SHARE UPDATE EXCLUSIVE", Some(false), 500),
            ("ALTER TABLE $.orders SET (user_catalog_table = true)", "ACCESS EXCLUSIVE", Some(false), 500),
            ("ALTER TABLE $.orders CLUSTER ON orders_pkey", "not known here, take it for ACCESS EXCLUSIVE", None, 500),
        ];
        for (statement, locks, rewrite, lock_ms) in cases {
            let survey = rig.survey(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert!(survey.blast.locks.starts_with(locks), "{statement}: {}", survey.blast.locks);
            assert_eq!(survey.blast.rewrite, rewrite, "{statement}");
            assert_eq!(survey.timeouts.lock_ms, lock_ms, "{statement}");
        }
        rig.remove().await;
    });
}
