//! Each rule finds what it is for, and is silent about what is well made.

use super::{RULES, advise};

const NEW_MYSQL: u32 = 90_700;
const MARIADB: u32 = 101_100;

fn rules(statement: &str, version: u32) -> Vec<String> {
    advise(statement, version).into_iter().map(|a| a.rule).collect()
}

/// A statement for each rule that has something to say.
const FOUND: &[(&str, &str)] = &[
    ("copies-the-table", "ALTER TABLE t MODIFY a CHAR(9)"),
    ("copies-the-table", "ALTER TABLE t DROP PRIMARY KEY"),
    ("copies-the-table", "ALTER TABLE t ADD a INT, ALGORITHM=COPY"),
    ("stops-writers", "ALTER TABLE t ADD FULLTEXT KEY f (a)"),
    ("stops-writers", "CREATE INDEX i ON t (a) LOCK=EXCLUSIVE"),
    ("rebuilds-the-table", "ALTER TABLE t ROW_FORMAT=DYNAMIC"),
    ("name-the-algorithm", "CREATE INDEX i ON t (a)"),
    ("adding-foreign-key", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s (b)"),
    ("adding-check", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"),
    ("expression-default", "ALTER TABLE t ADD a CHAR(36) DEFAULT (UUID())"),
    ("required-column", "ALTER TABLE t ADD a INT NOT NULL"),
    ("auto-increment-column", "ALTER TABLE t ADD a INT AUTO_INCREMENT UNIQUE"),
    ("stored-generated-column", "ALTER TABLE t ADD a INT AS (b + 1) STORED"),
    ("changing-column-type", "ALTER TABLE t MODIFY a BIGINT"),
    ("not-null-on-change", "ALTER TABLE t MODIFY a INT NOT NULL"),
    ("renaming-column", "ALTER TABLE t RENAME COLUMN a TO b"),
    ("renaming-column", "ALTER TABLE t CHANGE a b INT"),
    ("dropping-column", "ALTER TABLE t DROP a"),
    ("renaming-table", "RENAME TABLE a TO b"),
    ("renaming-table", "ALTER TABLE a RENAME b"),
    ("dropping-table", "DROP TABLE t"),
    ("dropping-database", "DROP DATABASE d"),
    ("dropping-index", "DROP INDEX i ON t"),
    ("dropping-index", "ALTER TABLE t DROP KEY i"),
    ("dropping-primary-key", "ALTER TABLE t DROP PRIMARY KEY"),
    ("wide-index", "CREATE INDEX i ON t (a, b, c, d)"),
    ("index-without-name", "ALTER TABLE t ADD INDEX (a)"),
    ("rebuild-by-optimize", "OPTIMIZE TABLE t"),
    ("set-global-is-forgotten", "SET GLOBAL max_connections = 5"),
    ("no-primary-key", "CREATE TABLE t (a INT)"),
    ("small-primary-key", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)"),
    ("short-character-set", "CREATE TABLE t (id BIGINT PRIMARY KEY) CHARSET=utf8"),
    ("short-character-set", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb3"),
    ("engine-without-transactions", "CREATE TABLE t (id BIGINT PRIMARY KEY) ENGINE=MyISAM"),
    ("timestamp-ends-in-2038", "CREATE TABLE t (id BIGINT PRIMARY KEY, at TIMESTAMP NULL)"),
    ("timestamp-ends-in-2038", "ALTER TABLE t ADD at TIMESTAMP(3) NULL"),
    ("if-not-exists-hides", "CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY)"),
    ("replace-deletes", "REPLACE INTO t (a) VALUES (1)"),
    ("ignore-bends", "INSERT IGNORE INTO t (a) VALUES (1)"),
    ("limit-without-order", "DELETE FROM t WHERE a = 1 LIMIT 5"),
    ("insert-without-columns", "INSERT INTO t VALUES (1)"),
];

#[test]
fn every_rule_finds_what_it_is_for() {
    for version in [NEW_MYSQL, MARIADB] {
        for (rule, statement) in FOUND {
            assert!(
                rules(statement, version).iter().any(|r| r == rule),
                "{rule}: {statement}: {:?}",
                rules(statement, version)
            );
        }
    }
    for (rule, ..) in RULES {
        assert!(FOUND.iter().any(|(found, _)| found == rule), "{rule} has a statement here");
    }
}

#[test]
fn what_is_well_made_is_let_be() {
    for statement in [
        "ALTER TABLE t ADD COLUMN a INT NULL DEFAULT 5, ALGORITHM=INSTANT",
        "CREATE INDEX i ON t (a, b) ALGORITHM=INPLACE LOCK=NONE",
        "CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, at DATETIME) DEFAULT CHARSET=utf8mb4",
        "CREATE TABLE t LIKE s",
        "UPDATE t SET a = 1 WHERE id = 5",
        "DELETE FROM t WHERE a = 1 ORDER BY id LIMIT 5",
        "INSERT INTO t (a, b) VALUES (1, 2)",
        "ANALYZE TABLE t",
        "KILL 5",
        "SELECT 1",
        "not a statement",
    ] {
        for version in [NEW_MYSQL, MARIADB] {
            assert_eq!(rules(statement, version), Vec::<String>::new(), "{statement}");
        }
    }
}

#[test]
fn advice_goes_by_version_and_gives_statements_to_run() {
    let instead = |statement: &str, version: u32, rule: &str| {
        advise(statement, version).into_iter().find(|a| a.rule == rule).and_then(|a| a.instead)
    };
    assert_eq!(
        instead("ALTER TABLE t ADD a INT;", NEW_MYSQL, "name-the-algorithm").as_deref(),
        Some("ALTER TABLE t ADD a INT, ALGORITHM=INSTANT")
    );
    assert_eq!(
        instead("CREATE INDEX i ON t (a)", MARIADB, "name-the-algorithm").as_deref(),
        Some("CREATE INDEX i ON t (a) ALGORITHM=INPLACE LOCK=NONE")
    );
    assert!(rules("ALTER TABLE t DROP a", 80_020).contains(&"rebuilds-the-table".to_owned()));
    assert!(!rules("ALTER TABLE t DROP a", NEW_MYSQL).contains(&"rebuilds-the-table".to_owned()));
    assert!(
        instead("DROP INDEX i ON d.`t u`", MARIADB, "dropping-index")
            .is_some_and(|i| i.contains("d.`t u` ALTER INDEX i IGNORED"))
    );
    assert!(instead("DROP INDEX i ON t", NEW_MYSQL, "dropping-index").is_some_and(|i| i.contains("INVISIBLE")));
    assert_eq!(
        instead("SET GLOBAL max_connections = 5", NEW_MYSQL, "set-global-is-forgotten").as_deref(),
        Some("SET PERSIST max_connections = 5")
    );
    let heaviest = advise("ALTER TABLE t DROP a, ADD INDEX (b)", NEW_MYSQL);
    assert!(heaviest.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
}
