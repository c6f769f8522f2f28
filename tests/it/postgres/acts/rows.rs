//! Rows: each form changes them and is undone to the very values; what cannot be undone says why.

use super::rig::Rig;
use crate::postgres::support::on_each_server;
use dba_gpt::domain::proposal::survey::{Inverse, Rights};

const THINGS: &str = r#"
CREATE TYPE $.mood AS ENUM ('sad', 'ok', 'glad');
CREATE TABLE $.things (
    id int GENERATED ALWAYS AS IDENTITY, part text NOT NULL, "Odd Name" text, n numeric(30, 5), f float8, r real,
    b bytea, j jsonb, js json, a int[], ta text[], m $.mood, ts timestamptz, d interval, u uuid, flag boolean,
    c char(5), rng int4range, "select" text DEFAULT 'given', twice numeric GENERATED ALWAYS AS (n * 2) STORED,
    PRIMARY KEY (id, part));
INSERT INTO $.things (part, "Odd Name", n, f, r, b, j, js, a, ta, m, ts, d, u, flag, c, rng)
SELECT 'p' || i, CASE WHEN i % 5 = 0 THEN NULL ELSE E'it''s a \\ back\\slash\nand "quotes" ' || i END, i * 1.23456,
       CASE i WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' ELSE 0.1 * i + 1e-17 END, 0.1 * i, decode('00ff5c27', 'hex'),
       jsonb_build_object('k', i, 'q', 'it''s'), '{"b": 1,  "a": [1,2]}', ARRAY[i, NULL, -i], ARRAY['a,b', '"', NULL, ''],
       (ARRAY['sad', 'ok', 'glad']::$.mood[])[1 + i % 3], '2026-03-29 01:30:00+00'::timestamptz + i * interval '1.000001 s',
       i * interval '1 mon 2 days 03:04:05.678901', ('00000000-0000-0000-0000-0000000000' || lpad(i::text, 2, '0'))::uuid,
       i % 2 = 0, 'ab', int4range(i, i + 5)
  FROM generate_series(1, 20) i;
CREATE TABLE $.picks (id int PRIMARY KEY, weight int);
INSERT INTO $.picks SELECT i, i * 10 FROM generate_series(1, 10, 3) i;
INSERT INTO $.picks SELECT 100 + i, 1 FROM generate_series(1, 5) i;
CREATE TABLE $.measures (day date NOT NULL, id int, value float8, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE $.measures_1 PARTITION OF $.measures FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE $.measures_2 PARTITION OF $.measures FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO $.measures SELECT '2026-01-15'::date + i, i, i / 3.0 FROM generate_series(1, 30) i;
ANALYZE $.things; ANALYZE $.picks; ANALYZE $.measures"#;

#[test]
fn every_form_of_a_change_of_rows_is_undone_to_the_very_values() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, THINGS).await;
        let forms = [
            ("$.things", "DELETE FROM $.things WHERE id = 3", 1),
            ("$.things", "DELETE FROM ONLY $.things AS \"T x\" WHERE \"T x\".id < 8", 7),
            (
                "$.things",
                "DELETE FROM $.things t USING $.picks p, $.picks q WHERE p.id = t.id AND q.id > 0 AND q.id <= 10",
                4,
            ),
            (
                "$.things",
                "WITH gone AS (SELECT id FROM $.picks WHERE weight > 20) DELETE FROM $.things WHERE id IN (SELECT id FROM gone) RETURNING id",
                3,
            ),
            ("$.things", "DELETE FROM $.things WHERE (SELECT count(*) FROM $.picks p WHERE p.id = things.id) = 1;", 4),
            (
                "$.things",
                "UPDATE $.things SET \"Odd Name\" = NULL, b = '\\x00'::bytea, a[1] = 9, m = 'sad', ts = now(), \"select\" = DEFAULT WHERE id < 5",
                4,
            ),
            (
                "$.things",
                "update $.things as x set n = n + 1, f = -f, r = 0, j = '{}', js = 'null', ta = '{}', d = '1 s', u = NULL, flag = NOT flag, c = 'x', rng = 'empty' where x.id between 1 and 20 returning x.*",
                20,
            ),
            (
                "$.things",
                "UPDATE $.things SET n = p.weight FROM $.picks p JOIN $.picks q ON q.id = p.id WHERE p.id = things.id",
                4,
            ),
            (
                "$.things",
                "UPDATE $.things SET (n, flag) = (SELECT weight, false FROM $.picks WHERE picks.id = 1) WHERE id > 15",
                5,
            ),
            ("$.things", "UPDATE $.things SET n = 0 WHERE \"Odd Name\" IS NULL", 4),
            ("$.things", "INSERT INTO $.things (part, n) VALUES ('new', 1), ('newer', NULL)", 2),
            ("$.things", "INSERT INTO $.things (id, part) OVERRIDING SYSTEM VALUE VALUES (1000, 'it''s')", 1),
            ("$.things", "INSERT INTO $.things (part, a) SELECT 'c' || id, ARRAY[weight] FROM $.picks", 9),
            ("$.picks", "INSERT INTO $.picks VALUES (1, 5), (77, 6) ON CONFLICT (id) DO NOTHING", 1),
            (
                "$.picks",
                "WITH more AS (SELECT 500 AS id) INSERT INTO $.picks AS p (id) SELECT id FROM more RETURNING p.id",
                1,
            ),
            ("$.measures", "DELETE FROM $.measures WHERE id > 10", 20),
            ("$.measures", "UPDATE $.measures SET value = NULL WHERE id BETWEEN 10 AND 20", 11),
            ("$.measures", "INSERT INTO $.measures VALUES ('2026-01-31', 500, 1), ('2026-02-01', 500, 'NaN')", 2),
        ];
        for (table, statement, changed) in forms {
            let before = rig.rows(table).await;
            let proposal = rig.propose(statement).await;
            assert_eq!(proposal.survey.inverse, Inverse::FromRows(1_000), "{statement}");
            assert_eq!(proposal.survey.rights, Rights::Held, "{statement}");
            let counted = proposal
                .survey
                .blast
                .exact_rows
                .unwrap_or_else(|| panic!("{statement}: not counted: {:?}", proposal.survey.blast.notes));
            assert!(counted == changed || statement.contains("CONFLICT"), "{statement}: counted {counted}");
            assert!(proposal.survey.blast.locks.starts_with("ROW EXCLUSIVE"), "{statement}");

            let (acted, undo) = rig.act(statement).await;
            assert_eq!(acted.rows, Some(changed), "{statement}");
            assert_ne!(rig.rows(table).await, before, "{statement}");
            assert_eq!(undo.len(), 1, "{statement}");
            rig.undo(&undo).await;
            assert_eq!(rig.rows(table).await, before, "{statement}: {undo:?}");
        }
        rig.remove().await;
    });
}

#[test]
fn a_change_that_cannot_be_undone_says_why_before_it_is_approved() {
    on_each_server(|url| async move {
        let setup = r"
CREATE TABLE $.parent (id int PRIMARY KEY, other int UNIQUE, n int);
CREATE TABLE $.child (id int PRIMARY KEY, parent int REFERENCES $.parent ON DELETE CASCADE,
                      other int REFERENCES $.parent (other) ON UPDATE CASCADE);
CREATE TABLE $.nokey (a int, b int);
CREATE TABLE $.watched (id int PRIMARY KEY, n int);
CREATE FUNCTION $.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER after_update AFTER UPDATE ON $.watched FOR EACH ROW EXECUTE FUNCTION $.note();
CREATE TABLE $.base (id int PRIMARY KEY, n int);
CREATE TABLE $.derived () INHERITS ($.base);
CREATE VIEW $.v AS SELECT id, n FROM $.parent;
CREATE TABLE $.many (id int PRIMARY KEY, n int);
INSERT INTO $.many SELECT i, 0 FROM generate_series(1, 1500) i;
INSERT INTO $.parent SELECT i, i, i FROM generate_series(1, 10) i;
INSERT INTO $.child SELECT i, i, i FROM generate_series(1, 10) i;
INSERT INTO $.watched VALUES (1, 1);
ANALYZE $.many; ANALYZE $.parent";
        let rig = Rig::new(&url, setup).await;
        let cases = [
            ("DELETE FROM $.parent WHERE id = 1", ".child change with it"),
            ("UPDATE $.parent SET other = 50 WHERE id = 1", ".child change with it"),
            ("UPDATE $.parent SET id = 50 WHERE id = 1", "changes the primary key (id)"),
            ("DELETE FROM $.nokey WHERE a = 1", "no primary key"),
            ("INSERT INTO $.nokey VALUES (1, 2)", "no primary key"),
            ("UPDATE $.watched SET n = 2 WHERE id = 1", "triggers fire (after_update)"),
            ("DELETE FROM $.base WHERE id = 1", "write ONLY"),
            ("DELETE FROM $.v WHERE id = 1", "through a view"),
            ("DELETE FROM $.many WHERE n = 0", "more than 1000 rows"),
            ("INSERT INTO $.parent VALUES (1, 1, 1) ON CONFLICT (id) DO UPDATE SET n = 5", "ON CONFLICT DO UPDATE"),
            ("MERGE INTO $.many t USING $.parent s ON s.id = t.id WHEN MATCHED THEN DELETE", "MERGE"),
        ];
        for (statement, why) in cases {
            let survey = rig.survey(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            let Inverse::None(words) = &survey.inverse else { panic!("{statement}: {:?}", survey.inverse) };
            assert!(words.contains(why), "{statement}: {words}");
        }
        // What is not touched by the trigger, the cascade or the children can be undone.
        for statement in [
            "DELETE FROM $.watched WHERE id = 1",
            "UPDATE $.parent SET n = 5 WHERE id = 1",
            "DELETE FROM ONLY $.base WHERE id = 1",
            "DELETE FROM $.many WHERE id <= 1000",
        ] {
            let survey = rig.survey(statement).await.unwrap();
            assert_eq!(survey.inverse, Inverse::FromRows(1_000), "{statement}");
        }
        // They run all the same: a person has read that there is no way back.
        for (statement, rows) in [
            ("DELETE FROM $.parent WHERE id = 1", 1),
            ("UPDATE $.v SET n = 7 WHERE id = 2", 1),
            ("DELETE FROM $.many WHERE n = 0", 1500),
        ] {
            let (acted, undo) = rig.act(statement).await;
            assert_eq!((acted.rows, undo.len()), (Some(rows), 0), "{statement}");
        }
        assert_eq!(rig.one("SELECT count(*)::text FROM $.child").await, "9");
        rig.remove().await;
    });
}

#[test]
fn side_effects_and_missing_rights_are_shown() {
    on_each_server(|url| async move {
        let setup = r"
CREATE TABLE $.t (id int PRIMARY KEY, n int); INSERT INTO $.t SELECT i, i FROM generate_series(1, 5) i;
CREATE TABLE $.kid (id int PRIMARY KEY, t int REFERENCES $.t ON DELETE SET NULL);
ALTER TABLE $.t ENABLE ROW LEVEL SECURITY; ALTER TABLE $.t FORCE ROW LEVEL SECURITY;
CREATE POLICY small ON $.t USING (n < 4) WITH CHECK (n < 4)";
        let rig = Rig::new(&url, setup).await;
        let survey = rig.survey("DELETE FROM $.t WHERE id > 0").await.unwrap();
        let notes = survey.blast.notes.join("\n");
        assert!(notes.contains("their keys become NULL") && notes.contains("row security is on"), "{notes}");
        assert_eq!(survey.blast.tables[0].name, rig.here("$.t"));

        // Only the rows that the policy shows are touched, and they come back.
        let before = rig.rows("$.t").await;
        let (acted, undo) = rig.act("UPDATE $.t SET n = 0 WHERE id > 0").await;
        assert_eq!(acted.rows, Some(3));
        rig.undo(&undo).await;
        assert_eq!(rig.rows("$.t").await, before);

        let stranger = rig.here("$_stranger");
        rig.run(&format!(
            "CREATE ROLE {stranger} LOGIN; GRANT USAGE ON SCHEMA $ TO {stranger}; GRANT UPDATE (n) ON $.t TO {stranger}"
        ))
        .await;
        let mut reader = rig.reader().await;
        for (statement, grants) in [
            ("UPDATE $.t SET n = 1 WHERE id = 1", vec!["GRANT SELECT ON $.t TO $_stranger"]),
            (
                "UPDATE $.t SET id = 9 WHERE id = 1",
                vec!["GRANT UPDATE ON $.t TO $_stranger", "GRANT SELECT ON $.t TO $_stranger"],
            ),
            (
                "DELETE FROM $.t WHERE id = 1",
                vec!["GRANT DELETE ON $.t TO $_stranger", "GRANT SELECT ON $.t TO $_stranger"],
            ),
            (
                "CREATE INDEX CONCURRENTLY t_n ON $.t (n)",
                vec!["GRANT $_fix TO $_stranger", "GRANT CREATE ON SCHEMA $ TO $_stranger"],
            ),
            ("CREATE TABLE $.u (id int)", vec!["GRANT CREATE ON SCHEMA $ TO $_stranger"]),
        ] {
            let survey = (dba_gpt::engine::postgres::SPEC.fixing.survey)(
                &mut *reader,
                &super::rig::draft(&rig.here(statement)),
                Some(&stranger),
            )
            .await
            .unwrap();
            let Rights::Missing(missing) = &survey.rights else { panic!("{statement}: {:?}", survey.rights) };
            let expected: Vec<String> = grants.iter().map(|grant| rig.here(grant)).collect();
            assert_eq!(*missing, expected, "{statement}");
            // The grants are exactly what is missing.
            let undo: Vec<String> =
                missing.iter().map(|g| g.replace("GRANT ", "REVOKE ").replace(" TO ", " FROM ")).collect();
            rig.run(&missing.join("; ")).await;
            let survey = (dba_gpt::engine::postgres::SPEC.fixing.survey)(
                &mut *reader,
                &super::rig::draft(&rig.here(statement)),
                Some(&stranger),
            )
            .await
            .unwrap();
            assert_eq!(survey.rights, Rights::Held, "{statement}");
            rig.run(&undo.join("; ")).await;
            // A table-wide REVOKE takes the right to a column with it.
            rig.run(&format!("GRANT UPDATE (n) ON $.t TO {stranger}")).await;
        }
        rig.run(&format!("DROP OWNED BY {stranger} CASCADE; DROP ROLE {stranger}")).await;
        rig.remove().await;
    });
}
