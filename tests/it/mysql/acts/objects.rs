//! Changes of objects: what is said before, the effect, and the definition that comes back.

use super::bench::Bench;
use crate::mysql::support::*;
use dba_gpt::domain::guard::ticket::Gravity;
use dba_gpt::domain::proposal::survey::Inverse;

const TABLES: &str = "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL DEFAULT 3 COMMENT 'it''s, a \\\\ comment', b VARCHAR(20) DEFAULT NULL,
      `c d` VARCHAR(9) CHARACTER SET latin1, KEY `old ``one` (a, b(5)), UNIQUE KEY u (b));
    INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y');
    CREATE TABLE ref (id INT PRIMARY KEY, t_id INT, CONSTRAINT link FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE SET NULL);
    CREATE VIEW v AS SELECT id, a FROM t";

#[test]
fn definitions_change_and_come_back() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "defs", TABLES);
        // The next number of AUTO_INCREMENT is written only when it is not 1.
        let state = "SHOW CREATE TABLE t; SHOW CREATE TABLE ref; SHOW FULL TABLES; SELECT * FROM t";
        let mut statements = vec![
            "CREATE INDEX by_a ON t (a)",
            "CREATE UNIQUE INDEX `or der` ON t (a, b) ALGORITHM=INPLACE LOCK=NONE",
            "DROP INDEX `old ``one` ON t",
            "DROP INDEX u ON acts_defs.t",
            "ALTER TABLE t ADD COLUMN e INT NOT NULL DEFAULT 5",
            "ALTER TABLE t ADD e INT FIRST, ADD INDEX e_index (e), RENAME INDEX u TO w",
            "ALTER TABLE t MODIFY COLUMN a BIGINT NOT NULL DEFAULT 3",
            "ALTER TABLE t MODIFY b VARCHAR(40) DEFAULT 'q' COMMENT 'x'",
            "ALTER TABLE t CHANGE COLUMN b renamed VARCHAR(20)",
            "ALTER TABLE t RENAME COLUMN a TO z",
            "ALTER TABLE t ALTER COLUMN a SET DEFAULT 9",
            "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE t DROP INDEX u",
            "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
            "ALTER TABLE ref DROP FOREIGN KEY link",
            "ALTER TABLE t RENAME TO elsewhere",
            "RENAME TABLE ref TO r2, t TO t2",
            "CREATE TABLE fresh (id INT PRIMARY KEY)",
            "CREATE TABLE filled AS SELECT id, a FROM t",
            "CREATE TABLE alike LIKE t",
            "CREATE VIEW w AS SELECT id FROM t",
        ];
        statements.push(if server.is_mariadb {
            "ALTER TABLE t ALTER INDEX u IGNORED"
        } else {
            "ALTER TABLE t ALTER INDEX u INVISIBLE"
        });
        for statement in statements {
            bench.there_and_back(statement, state).await;
        }
    });
}

#[test]
fn the_survey_says_what_the_server_would_do() {
    on_each_server(|server| async move {
        let bench = Bench::new(&server, "says", TABLES);
        for (statement, rewrite, at_least, note) in [
            ("ALTER TABLE t ADD COLUMN e INT", false, Gravity::Low, "ALGORITHM=INSTANT"),
            ("CREATE INDEX by_a ON t (a)", false, Gravity::Low, "ALGORITHM=INPLACE, LOCK=NONE"),
            ("ALTER TABLE t MODIFY a CHAR(9)", true, Gravity::High, "copy the table"),
            ("ALTER TABLE t CONVERT TO CHARACTER SET latin1", true, Gravity::High, "copy the table"),
            ("DROP TABLE ref", false, Gravity::High, ""),
            ("OPTIMIZE TABLE t", true, Gravity::Low, ""),
        ] {
            let survey = bench.survey(&bench.typed(statement)).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert_eq!(survey.blast.rewrite.unwrap_or(false), rewrite, "{statement}");
            assert_eq!(survey.blast.at_least, at_least, "{statement}");
            assert!(!survey.blast.locks.is_empty(), "{statement}");
            assert!(
                note.is_empty() || survey.blast.notes.iter().any(|n| n.contains(note)),
                "{statement}: {:?}",
                survey.blast.notes
            );
        }
        for (statement, why) in [
            ("ALTER TABLE t DROP COLUMN b", "gone"),
            ("ALTER TABLE t MODIFY a SMALLINT", "do not come back"),
            ("ALTER TABLE t MODIFY `c d` VARCHAR(20)", "character set"),
            ("ALTER TABLE t ADD INDEX (a)", "name"),
            ("ALTER TABLE t ADD COLUMN b INT", "already"),
            ("DROP TABLE ref", "backup"),
            ("CREATE TABLE IF NOT EXISTS t (id INT)", "already"),
        ] {
            let survey = bench.survey(&bench.typed(statement)).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            let Inverse::None(said) = &survey.inverse else { panic!("{statement}: {:?}", survey.inverse) };
            assert!(said.contains(why), "{statement}: {said}");
        }
        let missing = bench.survey(&bench.typed("ALTER TABLE nowhere ADD COLUMN e INT")).await.unwrap_err();
        assert!(missing.to_string().contains("there is no acts_says.nowhere"), "{missing}");
    });
}

#[test]
fn upkeep_and_views_run_as_approved() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "upkeep", TABLES);
        for statement in ["ANALYZE TABLE t", "OPTIMIZE TABLE t, ref", "ALTER TABLE t ENGINE = InnoDB"] {
            let (acted, _) = bench.act(statement).await;
            let acted = acted.unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert_eq!(acted.answer.is_some(), !statement.starts_with("ALTER"), "{statement}");
        }
        let view = "SELECT VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'acts_upkeep'";
        let before = bench.admin.run(view);
        let (acted, undo) = bench.act("CREATE OR REPLACE VIEW v AS SELECT id FROM t").await;
        acted.unwrap();
        assert_ne!(bench.admin.run(view), before);
        assert!(undo.len() == 1 && undo[0].starts_with("CREATE OR REPLACE"), "{undo:?}");
        // It names its definer, who made it.
        bench.admin.run(&undo[0]);
        assert_eq!(bench.admin.run(view), before);
        let (acted, _) = bench.act("DROP TABLE ref").await;
        acted.unwrap();
        assert_eq!(bench.admin.run("SHOW TABLES LIKE 'ref'").len(), 0);
    });
}
