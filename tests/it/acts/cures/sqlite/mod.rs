//! SQLite, on files of the tests' own: each cause is brought about, found as a root, and its plan is approved, carried
//! out and verified, and taken back where it can be; look-alikes are left alone.

mod health;
mod locks;
mod objects;

use super::registry::{self, Dice};
use super::*;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::{ObjectRef, Upkeep};
use rusqlite::Connection;

/// Every scenario of these files.
pub(super) fn all() -> impl Iterator<Item = &'static registry::Cure> {
    [health::CURES, locks::CURES, objects::CURES].into_iter().flatten()
}

/// A file with a shop of so many orders.
fn shop(orders: u32) -> (tempfile::TempDir, String, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT, status TEXT, note TEXT);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
             INSERT INTO orders SELECT i, i % 500, CASE i % 3 WHEN 0 THEN 'open' ELSE 'paid' END, hex(randomblob(20)) FROM n;
             PRAGMA wal_checkpoint(TRUNCATE);"
        ))
        .unwrap();
    let url = format!("sqlite:{}", path.display());
    (folder, url, connection)
}

/// The journal mode that the file has for everybody.
fn journal_mode(url: &str) -> String {
    let connection = Connection::open(url.trim_start_matches("sqlite:")).unwrap();
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap()
}
