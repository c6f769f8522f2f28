//! The history of definitions of a file: the texts that SQLite keeps, with indexes and triggers.

use super::{open, spec};
use dba_gpt::domain::definition::Definition;
use dba_gpt::engine::Session;
use rusqlite::Connection;

async fn definitions(session: &mut dyn Session) -> Vec<Definition> {
    let known = spec().definitions.unwrap();
    let seen = (known.fingerprints)(session).await.unwrap();
    assert!(!seen.cut);
    (known.read)(session, seen.all).await.unwrap()
}

#[tokio::test]
async fn what_was_dropped_is_made_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "CREATE TABLE \"Order\"(id INTEGER PRIMARY KEY AUTOINCREMENT, n INT UNIQUE CHECK (n > 0), note TEXT COLLATE NOCASE);
         CREATE INDEX by_note ON \"order\"(note DESC) WHERE n > 5;
         CREATE TABLE other(id);
         CREATE TRIGGER t AFTER INSERT ON \"Order\" BEGIN DELETE FROM other; END;
         CREATE VIEW v AS SELECT id FROM \"Order\";
         CREATE VIRTUAL TABLE story USING fts5(title);",
    )
    .unwrap();
    let texts = || {
        let mut query = db.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<Vec<(String, String, Option<String>)>, _>>().unwrap()
    };
    let was = texts();
    let mut session = open(&path).await;
    let before = definitions(&mut *session).await;
    let names: Vec<&str> = before.iter().map(|d| d.object.name.as_str()).collect();
    assert_eq!(names, ["Order", "other", "story", "v"], "shadow tables come with their virtual table");
    db.execute_batch("DROP VIEW v; DROP TABLE \"Order\"; DROP TABLE story").unwrap();
    assert_eq!(definitions(&mut *session).await.len(), 1);
    for definition in before.iter().filter(|d| d.object.name != "other") {
        for statement in &definition.statements {
            db.execute_batch(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
    }
    assert_eq!(texts(), was);
    assert_eq!(definitions(&mut *session).await, before);
    db.execute_batch("DROP INDEX by_note").unwrap();
    assert_ne!(definitions(&mut *session).await, before);
}
