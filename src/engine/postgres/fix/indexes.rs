//! What there is to know about an index before it is made, dropped or built anew.

use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::kind::ObjectRef;
use crate::domain::proposal::survey::Survey;
use crate::engine::{Param, Query, Session};

/// Bytes of a B-tree entry beside its key, and how full pages are left: the documentation's defaults.
const ENTRY_BYTES: u64 = 16;
const FILL_PERCENT: u64 = 90;
/// A key's width where nothing tells it: numbers and moments have 8 bytes.
const KEY_BYTES: u64 = 8;
/// Indexes of one table from which on another one is worth a word.
const MANY_INDEXES: usize = 10;

/// $1: schema, $2: table. Its indexes; the columns are those of the key, in order, descending ones with a `-`.
static OF_TABLE: Query = Query {
    name: "fix.indexes_of_table",
    text: "SELECT c.relname AS name, i.indisvalid AS valid, t.relkind::text AS kind,
                  am.amname = 'btree' AND i.indpred IS NULL AND i.indexprs IS NULL AS plain,
                  (SELECT json_agg(CASE WHEN i.indoption[x.n - 1] & 1 = 1 THEN '-' ELSE '' END || a.attname ORDER BY x.n)
                     FROM unnest(i.indkey::int2[]) WITH ORDINALITY x (attnum, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.attnum
                    WHERE x.n <= i.indnkeyatts) AS columns
             FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
             LEFT JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
             LEFT JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
            WHERE n.nspname = $1 AND t.relname = $2 ORDER BY 1 LIMIT 200",
    timeout_ms: 2_000,
};

/// $1: schema, $2: index. Facts of the catalogue, which every login sees alike; and how often it was used, which moves.
static ONE: Query = Query {
    name: "fix.index",
    text: "SELECT t.relname AS table, i.indisvalid AS valid, i.indisunique AS unique, i.indisreplident AS identity,
                  i.indisexclusion AS exclusion, c.relkind::text AS kind, c.relispartition AS part,
                  c.relpages::int8 * current_setting('block_size')::int8 AS bytes,
                  (SELECT k.conname FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid ORDER BY k.contype LIMIT 1) AS constraint,
                  (SELECT k.conname FROM pg_catalog.pg_constraint k
                    WHERE k.contype = 'f' AND k.conrelid = i.indrelid
                      AND k.conkey[1] = i.indkey[0] AND cardinality(k.conkey) <= i.indnkeyatts
                      AND k.conkey <@ (i.indkey::int2[])[0:i.indnkeyatts - 1]
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_index o WHERE o.indrelid = i.indrelid
                                       AND o.indexrelid <> i.indexrelid AND o.indisvalid AND o.indpred IS NULL
                                       AND o.indkey[0] = k.conkey[1])
                    ORDER BY 1 LIMIT 1) AS foreign_key,
                  (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid LIMIT 1) AS builder,
                  s.idx_scan AS scans,
                  extract(epoch FROM clock_timestamp() - (SELECT d.stats_reset FROM pg_catalog.pg_stat_database d
                                                   WHERE d.datname = current_database()))::int8 / 86400 AS days,
                  (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS replicas
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
             LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = c.oid
            WHERE n.nspname = $1 AND c.relname = $2",
    timeout_ms: 2_000,
};

fn refuse<T>(words: String) -> Result<T, SessionError> {
    Err(SessionError::Unsupported(words))
}

/// An index of a table.
struct Index {
    unique: bool,
    valid: bool,
    exclusion: bool,
    kind: String,
    part: bool,
    bytes: i64,
    constraint: Option<String>,
    foreign_key: Option<String>,
    identity: bool,
    builder: Option<i64>,
    scans: Option<i64>,
    days: Option<i64>,
    replicas: i64,
}

/// Reads it, and makes sure that it is the table's.
async fn one(session: &mut dyn Session, table: &ObjectRef, name: &str) -> Result<Index, SessionError> {
    let space = table.space.clone().unwrap_or_default();
    let rows = session.own(&ONE, &[Param::Text(space), Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else { return refuse(format!("there is no index {name}")) };
    if rows.text(row, "table") != table.name {
        return refuse(format!("{name} is an index of {}, not of {}", rows.text(row, "table"), table.name));
    }
    let flag = |column: &str| rows.text(row, column) == "true";
    let number = |column: &str| rows.get(row, column).int();
    let index = Index {
        unique: flag("unique"),
        valid: flag("valid"),
        exclusion: flag("exclusion"),
        kind: rows.text(row, "kind"),
        part: flag("part"),
        bytes: number("bytes").unwrap_or(0),
        constraint: rows.get(row, "constraint").plain(),
        foreign_key: rows.get(row, "foreign_key").plain(),
        identity: flag("identity"),
        builder: number("builder"),
        scans: number("scans"),
        days: number("days"),
        replicas: number("replicas").unwrap_or(0),
    };
    if let Some(pid) = index.builder {
        return refuse(format!("session {pid} builds {name} just now: wait until it is done"));
    }
    if index.kind == "I" {
        return refuse(format!("{name} is an index of a partitioned table: its parts are built one by one"));
    }
    Ok(index)
}

fn condition(text: String, found: &str) -> Precondition {
    Precondition { text, found: found.to_owned() }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

/// The disk's part: what it takes is estimated, what is free is not seen through SQL.
fn disk(bytes: u64) -> String {
    format!("about {} for the index and as much WAL; how much is free cannot be seen from here", megabytes(bytes))
}

/// What would make a new index useless or impossible.
pub(super) async fn before_create(
    session: &mut dyn Session,
    table: &ObjectRef,
    columns: &[String],
    survey: &mut Survey,
) -> Result<(), SessionError> {
    let params = [Param::Text(table.space.clone().unwrap_or_default()), Param::Text(table.name.clone())];
    let rows = session.own(&OF_TABLE, &params).await?;
    if rows.rows.first().is_some_and(|row| rows.text(row, "kind") == "p") {
        return refuse(format!(
            "{} is partitioned, and its index is not built beside the traffic: build one on each partition",
            table.words()
        ));
    }
    for row in rows.rows.iter().filter(|row| rows.text(row, "plain") == "true" && rows.text(row, "valid") == "true") {
        let have: Vec<String> = serde_json::from_str(&rows.text(row, "columns")).unwrap_or_default();
        if covers(&have, columns) {
            return refuse(format!("{} begins with these columns already", rows.text(row, "name")));
        }
    }
    let count = rows.rows.iter().filter(|row| !rows.text(row, "name").is_empty()).count();
    if count >= MANY_INDEXES {
        survey.blast.notes.push(format!("the table has {count} indexes already, and each slows down every write"));
    }
    survey.preconditions.push(condition("no index begins with these columns".into(), "yes"));
    if let Some(rows) = survey.blast.tables.first().and_then(|table| table.rows) {
        survey.blast.disk = Some(disk(index_bytes(rows, columns.len() as u64)));
    }
    Ok(())
}

/// The size of a new index: entries with their keys, on pages that are left a little empty.
fn index_bytes(rows: u64, columns: u64) -> u64 {
    rows.saturating_mul(columns.saturating_mul(KEY_BYTES) + ENTRY_BYTES).saturating_mul(100) / FILL_PERCENT
}

/// An index serves what a shorter one would; read backwards, it serves the opposite order of all.
fn covers(have: &[String], wanted: &[String]) -> bool {
    let turned: Vec<String> =
        wanted.iter().map(|c| c.strip_prefix('-').map_or_else(|| format!("-{c}"), str::to_owned)).collect();
    have.starts_with(wanted) || have.starts_with(&turned)
}

/// Who needs an index that is to go.
pub(super) async fn before_drop(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
    survey: &mut Survey,
) -> Result<(), SessionError> {
    let index = one(session, table, name).await?;
    if let Some(constraint) = &index.constraint {
        return refuse(format!("the constraint {constraint} needs {name}"));
    }
    if index.part {
        return refuse(format!("{name} belongs to an index of the partitioned table and cannot be dropped by itself"));
    }
    if index.identity {
        return refuse(format!("replication tells rows by {name}: it is the table's replica identity"));
    }
    if index.unique && index.valid {
        return refuse(format!("{name} keeps rows unique: without it, others could be written"));
    }
    survey.preconditions.push(condition(format!("no constraint needs {name}"), "yes"));
    if let Some(key) = &index.foreign_key {
        survey.blast.notes.push(format!(
            "the foreign key {key} has no other index: deletes in the table that it references would read all of {}",
            table.words()
        ));
    }
    if index.valid {
        let since = index.days.map_or("since statistics began".to_owned(), |days| format!("in {days} days"));
        let used =
            index.scans.map_or("how often it was used is not known".to_owned(), |n| format!("used {n} times {since}"));
        survey.blast.notes.push(used);
        if index.replicas > 0 {
            survey
                .blast
                .notes
                .push("replicas count their own use of it, which is not seen here: look there too".into());
        }
    }
    survey.blast.disk = Some(format!("{} become free", megabytes(index.bytes.unsigned_abs())));
    Ok(())
}

/// What stands against building one anew.
pub(super) async fn before_rebuild(
    session: &mut dyn Session,
    table: &ObjectRef,
    name: &str,
    survey: &mut Survey,
) -> Result<(), SessionError> {
    let index = one(session, table, name).await?;
    if index.exclusion {
        return refuse(format!(
            "{name} belongs to an exclusion constraint and cannot be built anew beside the traffic"
        ));
    }
    if is_leftover(name) {
        return refuse(format!("{name} is what an earlier rebuild left: drop it instead"));
    }
    let state = if index.valid { "whole" } else { "not whole, and nobody builds it" };
    survey.preconditions.push(condition(format!("{name} is"), state));
    survey.blast.disk = Some(disk(index.bytes.unsigned_abs()));
    Ok(())
}

/// The server's names for the two copies of an index that is built anew: `i_ccnew`, `i_ccold`, with a number where one
/// of that name is there already.
pub(in crate::engine::postgres) fn is_leftover(name: &str) -> bool {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit());
    plain.ends_with("_ccnew") || plain.ends_with("_ccold")
}

#[cfg(test)]
mod tests {
    use super::{covers, index_bytes, is_leftover};

    #[test]
    fn an_index_covers_what_it_begins_with_in_either_direction() {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (have, wanted, expected) in [
            ("a b", "a", true),
            ("a b", "a b", true),
            ("a -b", "-a b", true),
            ("a b", "b", false),
            ("a", "a b", false),
            ("a b", "a -b", false),
        ] {
            assert_eq!(covers(&list(have), &list(wanted)), expected, "{have} / {wanted}");
        }
    }

    #[test]
    fn sizes_and_names() {
        assert_eq!(index_bytes(900, 2), 32_000);
        assert!(is_leftover("i_ccnew") && is_leftover("i_ccold12"));
        assert!(!is_leftover("ccnew") && !is_leftover("i_ccnewer"));
    }
}
