//! Damage: what the person wrote and decided is copied from the damaged store into the new one, as far as it can be read. Samples
//! are not: they come again by themselves.

use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::Path;

/// What is copied, parents before children: table, its columns, how many.
const TABLES: [(&str, &str, usize); 10] = [
    ("conversations", "id, name, target, created, updated", 5),
    ("entries", "conversation, number, at, kind, body", 5),
    ("input_lines", "id, line", 2),
    ("preferences", "key, value", 2),
    ("proposals", "id, target, stage, at_ms, updated_ms, body", 6),
    (
        "incidents",
        "id, target, signature, object, similar, kind, severity, strategy, stage, resolution, condition, first_ms, \
         last_ms, detected_ms, resolved_ms, count, reopened, cause, body",
        19,
    ),
    ("patterns", "signature, engine, kind, code, text, title, first_ms, last_ms, count, private, incidents, twins", 12),
    ("outcomes", "id, proposal, at_ms, target, signature, similar, fix, engine, major, initial, shown, ended", 12),
    ("ratings", "proposal, who, at_ms, up, comment", 5),
    ("rules", "id, target, body", 3),
];

/// Copies what can be read, and says how many rows that were. Nothing in here is an error: the store is new and whole
/// with or without them.
pub(super) fn salvage(into: &mut Connection, damaged: &Path) -> usize {
    copy_all(into, damaged).unwrap_or(0)
}

fn copy_all(into: &mut Connection, damaged: &Path) -> rusqlite::Result<usize> {
    // Writable, since reading a store means playing back its write-ahead log; but nothing in its schema is trusted.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let from = Connection::open_with_flags(damaged, flags)?;
    from.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    from.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    from.pragma_update(None, "cell_size_check", true)?;
    let transaction = into.transaction()?;
    let rows = TABLES.iter().map(|table| copy(&transaction, &from, table)).sum();
    go_on_counting(&transaction, &from);
    transaction.commit()?;
    Ok(rows)
}

/// Takes over where numbers have come to, so that none is given a second time when the rows that had the last ones
/// could not be read.
fn go_on_counting(into: &Connection, from: &Connection) {
    for table in ["conversations", "proposals", "incidents", "rules"] {
        let last =
            from.query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], |row| row.get::<_, i64>(0));
        let Ok(last) = last else { continue };
        let counted = into.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", (table, last));
        if counted == Ok(0) {
            let _ = into.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (table, last));
        }
    }
}

/// Copies a table up to the first place that cannot be read, passing over rows that the new store refuses.
fn copy(into: &Connection, from: &Connection, &(table, columns, count): &(&str, &str, usize)) -> usize {
    let places = vec!["?"; count].join(", ");
    let (Ok(mut read), Ok(mut write)) = (
        from.prepare(&format!("SELECT {columns} FROM {table}")),
        into.prepare(&format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})")),
    ) else {
        return 0;
    };
    let Ok(mut rows) = read.query([]) else { return 0 };
    let mut copied = 0;
    while let Ok(Some(row)) = rows.next() {
        let values: rusqlite::Result<Vec<Value>> = (0..count).map(|column| row.get(column)).collect();
        let inserted = values.and_then(|values| write.execute(params_from_iter(values)));
        copied += inserted.unwrap_or(0);
    }
    copied
}
