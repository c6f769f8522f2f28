//! The history of definitions on MySQL and MariaDB: what was dropped is made again from what we read.

use super::support::*;
use dba_gpt::domain::definition::{Definition, Fingerprint};
use dba_gpt::engine::{Session, mysql};

const OBJECTS: &str = "
CREATE TABLE $_customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL COMMENT 'it''s /*!5 odd */');
CREATE TABLE $_orders (id BIGINT NOT NULL AUTO_INCREMENT, customer INT, amount DECIMAL(10,2) DEFAULT 1.5,
  doubled DECIMAL(12,2) AS (amount * 2) STORED, at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id), UNIQUE KEY one (customer, at), KEY by_amount (amount), CHECK (amount > 0),
  CONSTRAINT $_fk FOREIGN KEY (customer) REFERENCES $_customers (id) ON DELETE CASCADE) COMMENT 'what was ordered';
CREATE TABLE $_parts (id INT NOT NULL, at DATE NOT NULL) PARTITION BY HASH (id) PARTITIONS 3;
CREATE TRIGGER $_note BEFORE INSERT ON $_orders FOR EACH ROW SET NEW.amount = NEW.amount + 1;
CREATE VIEW $_large AS SELECT id, amount FROM $_orders WHERE amount > 1000";

async fn fingerprints(session: &mut dyn Session, prefix: &str) -> Vec<Fingerprint> {
    let seen = (mysql::SPEC.definitions.unwrap().fingerprints)(session).await.unwrap();
    seen.all.into_iter().filter(|object| object.name.starts_with(prefix)).collect()
}

async fn definitions(session: &mut dyn Session, prefix: &str) -> Vec<Definition> {
    let objects = fingerprints(session, prefix).await;
    (mysql::SPEC.definitions.unwrap().read)(session, objects).await.unwrap()
}

#[test]
fn what_was_dropped_is_made_again_and_every_change_shows() {
    on_each_server(|server| async move {
        let prefix = format!("defs{}", std::process::id());
        let mut admin = Admin::of(&server);
        admin.run(&OBJECTS.replace('$', &prefix));
        let mut session = connect(&server.read_only).await;
        let before = definitions(&mut *session, &prefix).await;
        assert_eq!(before.len(), 4, "{before:#?}");
        let print =
            |all: &[Fingerprint]| all.iter().find(|object| object.name.ends_with("_orders")).unwrap().print.clone();
        let was = print(&fingerprints(&mut *session, &prefix).await);
        assert_eq!(print(&fingerprints(&mut *session, &prefix).await), was, "nothing changed");

        for name in ["VIEW $_large", "TABLE $_orders", "TABLE $_customers", "TABLE $_parts"] {
            admin.run(&format!("DROP {}", name.replace('$', &prefix)));
        }
        assert!(fingerprints(&mut *session, &prefix).await.is_empty());
        for name in ["_customers", "_orders", "_parts", "_large"] {
            let definition = before.iter().find(|d| d.object.name.ends_with(name)).unwrap();
            for statement in &definition.statements {
                admin.run(statement);
            }
        }
        let after = definitions(&mut *session, &prefix).await;
        let statements = |all: &[Definition]| all.iter().map(|d| d.statements.clone()).collect::<Vec<_>>();
        assert_eq!(statements(&after), statements(&before));

        let mut last = print(&fingerprints(&mut *session, &prefix).await);
        for change in [
            "ALTER TABLE $_orders ALTER COLUMN amount SET DEFAULT 2.5",
            "ALTER TABLE $_orders ADD COLUMN more INT",
            "DROP INDEX by_amount ON $_orders",
            "ALTER TABLE $_orders DROP FOREIGN KEY $_fk",
        ] {
            admin.run(&change.replace('$', &prefix));
            let now = print(&fingerprints(&mut *session, &prefix).await);
            assert_ne!(now, last, "{change}");
            last = now;
        }
        admin.run(&"DROP VIEW $_large; DROP TABLE $_orders, $_customers, $_parts".replace('$', &prefix));
    });
}
