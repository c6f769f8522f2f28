//! The statements that several rules advise: each is one act, short or without a strong lock.

use super::act::Table;

/// Rows that one batch changes. A thousand rows are locked for milliseconds and stay small for a replica.
const BATCH: u32 = 1_000;

/// Sets one column where it is still empty, a batch at a time: to be run until it changes nothing.
pub(super) fn backfill(table: &Table, column: &str, expression: &str) -> String {
    batched(
        &format!("UPDATE {} SET {column} = {expression}", table.target),
        &table.target,
        &format!("{column} IS NULL"),
    )
}

/// A batch of the rows of `source` that meet `condition`. It is asked for twice: `ctid` alone means other rows in
/// other partitions, and a row that has changed in between must be looked at anew.
pub(super) fn batched(act: &str, source: &str, condition: &str) -> String {
    format!("{act} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {source} WHERE {condition} LIMIT {BATCH})) AND {condition}")
}

/// Makes a column NOT NULL without reading the table under a lock that stops its readers.
pub(super) fn not_null(table: &Table, column: &str, version: u32) -> Vec<String> {
    let target = &table.target;
    let name = table.derived_name(&[column.to_owned()], "not_null");
    let validate = format!("ALTER TABLE {target} VALIDATE CONSTRAINT {name}");
    if version >= 180_000 {
        return vec![format!("ALTER TABLE {target} ADD CONSTRAINT {name} NOT NULL {column} NOT VALID"), validate];
    }
    let mut steps =
        vec![format!("ALTER TABLE {target} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"), validate];
    // Older servers read the whole table for SET NOT NULL whatever is known of it, so the CHECK has to do.
    if version >= 120_000 {
        steps.push(format!("ALTER TABLE {target} ALTER COLUMN {column} SET NOT NULL"));
        steps.push(format!("ALTER TABLE {target} DROP CONSTRAINT {name}"));
    }
    steps
}
