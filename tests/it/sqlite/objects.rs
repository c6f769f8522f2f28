//! What the engine tells about a file: its objects, its readings and its views.

use super::{open, spec};
use dba_gpt::domain::metric::{self, Readings};
use dba_gpt::domain::rows::Value;
use dba_gpt::domain::schema::{ColumnKind, Schema, TableKind};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// One of everything that a schema can hold.
fn zoo(folder: &Path) -> PathBuf {
    let path = folder.join("zoo.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE Keeper(id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, hired_on TEXT, boss_id REFERENCES keeper,
                                 note TEXT, full_name TEXT GENERATED ALWAYS AS (name || '!'));
             CREATE TABLE cage(hall TEXT, number INTEGER, size DECIMAL(6,2) DEFAULT 1.5, PRIMARY KEY (hall, number)) WITHOUT ROWID;
             CREATE TABLE animal(id INTEGER PRIMARY KEY, hall, number, born DATETIME, tame BOOLEAN, photo BLOB,
                                 FOREIGN KEY (hall, number) REFERENCES cage(hall, number));
             CREATE INDEX animal_cage ON animal(hall, number);
             CREATE INDEX animal_hall ON animal(hall);
             CREATE UNIQUE INDEX tame_names ON keeper(lower(name) DESC, id) WHERE note IS NOT NULL;
             CREATE VIEW old AS SELECT id, born FROM animal;
             CREATE VIEW broken AS SELECT * FROM gone;
             CREATE VIRTUAL TABLE story USING fts5(title, body);
             INSERT INTO keeper(name, hired_on) VALUES ('Ada', '2024-02-29'), ('Bo', '2025-01-01');
             INSERT INTO cage(hall, number) VALUES ('north', 1), ('north', 2), ('south', 1);
             INSERT INTO animal(hall, number, born) VALUES ('north', 1, '2020-05-05 10:00:00');",
        )
        .unwrap();
    path
}

async fn schema_of(path: &Path) -> Schema {
    let mut session = open(path).await;
    (spec().schema)(&mut *session).await.unwrap().0
}

#[tokio::test]
async fn every_kind_of_object_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema_of(&zoo(folder.path())).await;
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["Keeper", "animal", "broken", "cage", "old", "story"], "shadow tables stay hidden");
    assert!(schema.server_version >= 35_103 && schema.taken_at.0 > 0);
    let table = |name: &str| schema.table(name).unwrap();

    let keeper = table("keeper");
    let columns: Vec<_> = keeper.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str(), c.nullable)).collect();
    assert_eq!(
        columns,
        [
            ("id", "INTEGER", true),
            ("name", "VARCHAR(40)", false),
            ("hired_on", "TEXT", true),
            ("boss_id", "", true),
            ("note", "TEXT", true),
            ("full_name", "TEXT", true),
        ]
    );
    assert_eq!((keeper.primary_key.as_slice(), keeper.row_estimate), (["id".to_owned()].as_slice(), Some(2.0)));
    assert_eq!(keeper.foreign_keys[0].to_table, "Keeper", "the name as it is spelt there");
    assert_eq!(keeper.foreign_keys[0].to_columns, ["id"], "the primary key where no column is named");
    let index = &keeper.indexes[0];
    assert_eq!(
        (index.columns.as_slice(), index.unique),
        (["lower(name) DESC".to_owned(), "id".to_owned()].as_slice(), true)
    );
    assert_eq!(index.predicate.as_deref(), Some("note IS NOT NULL"));

    let cage = table("cage");
    assert_eq!(cage.primary_key, ["hall", "number"]);
    assert_eq!((cage.row_estimate, cage.indexes[0].primary), (Some(3.0), true));
    assert_eq!(cage.column("size").unwrap().default.as_deref(), Some("1.5"));
    assert_eq!(cage.column("size").unwrap().type_name, "DECIMAL(6,2)");

    let animal = table("animal");
    assert_eq!(animal.foreign_keys[0].columns, ["hall", "number"]);
    assert_eq!(animal.column("born").unwrap().kind, ColumnKind::Time);
    assert_eq!(animal.column("tame").unwrap().kind, ColumnKind::Bool);
    assert!(animal.bytes.unwrap() >= 3 * 4096, "the table and both indexes");

    assert_eq!((table("old").kind, table("old").columns.len()), (TableKind::View, 2));
    assert!(table("broken").columns.is_empty());
    assert_eq!(table("story").columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["title", "body"]);
}

#[tokio::test]
async fn what_types_leave_open_is_seen_in_the_values() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema_of(&zoo(folder.path())).await;
    for (table, column, kind) in [
        ("keeper", "name", ColumnKind::Text),
        ("keeper", "hired_on", ColumnKind::Time),
        ("keeper", "boss_id", ColumnKind::Other),
        ("animal", "hall", ColumnKind::Text),
        ("animal", "number", ColumnKind::Number),
    ] {
        assert_eq!(schema.table(table).unwrap().column(column).unwrap().kind, kind, "{table}.{column}");
    }
}

#[tokio::test]
async fn views_of_the_file_are_named_for_the_guard() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = open(&zoo(folder.path())).await;
    let (_, catalog) = (spec().schema)(&mut *session).await.unwrap();
    assert_eq!(catalog.views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["broken", "old"]);
    assert!(catalog.views.iter().all(|view| view.functions.is_empty()));
}

#[tokio::test]
async fn a_wide_schema_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for number in 0..900 {
        connection.execute_batch(&format!("CREATE TABLE t{number:03}(a)")).unwrap();
    }
    let columns: Vec<String> = (0..1500).map(|number| format!("c{number}")).collect();
    connection.execute_batch(&format!("CREATE TABLE wide({}); COMMIT", columns.join(", "))).unwrap();
    let schema = schema_of(&path).await;
    assert_eq!((schema.tables.len(), schema.cut_at), (901, None));
    assert_eq!(schema.table("wide").unwrap().columns.len(), 1500);
}

#[tokio::test]
async fn commits_of_others_are_counted_exactly_even_over_a_restart_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.db");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)").unwrap();
    let mut session = open(&path).await;
    let mut sample = async || (spec().sample)(&mut *session, 0).await.unwrap().readings;
    let first = sample().await[&metric::WRITES];
    let insert = |times: usize| {
        for _ in 0..times {
            writer.execute("INSERT INTO t VALUES (2)", []).unwrap();
        }
    };
    let counted = |readings: &Readings| readings[&metric::WRITES] - first;
    insert(7);
    assert_near(counted(&sample().await), 7.0);
    // A checkpoint moves everything into the file; the next writer starts the log again.
    insert(3);
    writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
    insert(2);
    assert_near(counted(&sample().await), 12.0);
    let readings = sample().await;
    assert_near(counted(&readings), 12.0);
    assert!(readings[&metric::WAL_BYTES] > 4096.0 && readings[&metric::DATA_BYTES] >= 8192.0);
    assert!(readings.contains_key(&metric::OWN_COST) && !readings.contains_key(&metric::CONNECTIONS));
}

fn assert_near(left: f64, right: f64) {
    assert!((left - right).abs() < 0.5, "{left} is not {right}");
}

#[tokio::test]
async fn every_view_answers_with_a_named_first_column() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = open(&zoo(folder.path())).await;
    for view in spec().views {
        let rows = session.own(view.query, &[]).await.unwrap_or_else(|error| panic!("{}: {error}", view.name));
        assert!(!rows.rows.is_empty(), "{} is empty", view.name);
        assert!(rows.rows.iter().all(|row| row[0] != Value::Null), "{}: a row without a name", view.name);
    }
}

#[tokio::test]
async fn the_tables_view_counts_rows_and_the_index_view_finds_what_is_superfluous() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = open(&zoo(folder.path())).await;
    let view = |name: &str| spec().views.iter().find(|view| view.name == name).unwrap().query;
    let tables = session.own(view("tables"), &[]).await.unwrap();
    let count = |name: &str| {
        let row = tables.rows.iter().find(|row| tables.text(row, "table") == name).unwrap();
        tables.get(row, "rows").int()
    };
    assert_eq!((count("Keeper"), count("cage"), count("animal"), count("story")), (Some(2), Some(3), Some(1), None));
    let indexes = session.own(view("indexes"), &[]).await.unwrap();
    let covered: Vec<_> = indexes
        .rows
        .iter()
        .filter_map(|row| Some((indexes.text(row, "index"), indexes.get(row, "covered_by").plain()?)))
        .collect();
    assert_eq!(covered, [("animal_hall".to_owned(), "animal_cage".to_owned())]);
}
