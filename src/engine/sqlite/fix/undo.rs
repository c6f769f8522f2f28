//! The statement that puts rows back as they were: built from the rows themselves, one statement whatever their
//! number, with literals that are exact.

use super::change::{RowChange, Verb};
use super::facts::Shape;
use crate::engine::sqlite::dialect;

/// Bytes of an undo, at most: the guard judges nothing longer.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// How rows of a table are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Columns, as they are written in a statement.
    pub(super) columns: Vec<String>,
    /// The key is not more than the place of the row in its table.
    pub(super) is_place: bool,
}

/// The key of a table: its primary key, or the rowid where it has none.
pub(super) fn key(shape: &Shape) -> Option<Key> {
    let mut columns: Vec<(i64, String)> =
        shape.columns.iter().filter(|c| c.key > 0).map(|c| (c.key, quote(&c.name))).collect();
    columns.sort();
    if !columns.is_empty() {
        return Some(Key { columns: columns.into_iter().map(|(_, name)| name).collect(), is_place: false });
    }
    rowid(shape).map(|name| Key { columns: vec![name.to_owned()], is_place: true })
}

/// A name of the rowid that no column has taken.
pub(super) fn rowid(shape: &Shape) -> Option<&'static str> {
    let taken = |name: &str| shape.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    if shape.without_rowid { None } else { ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name)) }
}

/// The columns that an undo needs of each row, as they are written: for UPDATE the key and what it sets, for DELETE
/// everything.
pub(super) fn columns(change: &RowChange, shape: &Shape, key: &Key) -> Vec<String> {
    let stored = shape.columns.iter().filter(|c| c.stored);
    match change.verb {
        Verb::Update => {
            let mut columns = key.columns.clone();
            for set in &change.set {
                let name = stored.clone().find(|c| c.name.eq_ignore_ascii_case(set)).map_or(set, |c| &c.name);
                if !columns.contains(&quote(name)) {
                    columns.push(quote(name));
                }
            }
            columns
        }
        Verb::Insert => key.columns.clone(),
        Verb::Delete => {
            let place = if key.is_place { key.columns.clone() } else { Vec::default() };
            place.into_iter().chain(stored.map(|c| quote(&c.name))).collect()
        }
    }
}

/// The query that reads rows before they change, by the person's own condition. Asks for one row more than fits.
pub(super) fn prior_rows(change: &RowChange, columns: &[String], most: u64) -> String {
    let name = quote(change.alias.as_ref().unwrap_or(&change.table));
    let columns: Vec<String> = columns.iter().map(|column| format!("{name}.{column}")).collect();
    format!("{} LIMIT {}", matching(change, &columns.join(", ")), most + 1)
}

/// The query that counts them.
pub(super) fn matching_rows(change: &RowChange) -> String {
    matching(change, "count(*)")
}

fn matching(change: &RowChange, wanted: &str) -> String {
    let with = change.with.as_ref().map_or_else(String::new, |with| format!("{with} "));
    let alias = change.alias.as_ref().map_or_else(String::new, |alias| format!(" AS {}", quote(alias)));
    let condition = change.condition.as_ref().map_or_else(String::new, |condition| format!(" WHERE ({condition}\n)"));
    format!("{with}SELECT {wanted} FROM main.{}{alias}{condition}", quote(&change.table))
}

/// The undo. `rows` hold literals, in the order of `columns`.
pub(super) fn statement(change: &RowChange, columns: &[String], key: &Key, rows: &[Vec<String>]) -> String {
    let table = quote(&change.table);
    let tuples = || rows.iter().map(|row| format!("({})", row.join(", "))).collect::<Vec<_>>().join(",\n");
    match (change.verb, rows) {
        (Verb::Delete, _) => format!("INSERT INTO {table} ({}) VALUES\n{}", columns.join(", "), tuples()),
        (Verb::Insert, _) if key.columns.len() == 1 => {
            let values: Vec<&str> = rows.iter().flatten().map(String::as_str).collect();
            format!("DELETE FROM {table} WHERE {} IN ({})", key.columns[0], values.join(", "))
        }
        (Verb::Insert, _) => {
            format!("DELETE FROM {table} WHERE ({}) IN (VALUES {})", key.columns.join(", "), tuples())
        }
        (Verb::Update, [row]) => {
            let pairs: Vec<String> =
                columns.iter().zip(row).map(|(column, value)| format!("{column} = {value}")).collect();
            let (keys, values) = pairs.split_at(key.columns.len());
            format!("UPDATE {table} SET {} WHERE {}", values.join(", "), keys.join(" AND "))
        }
        (Verb::Update, _) => {
            let prior = if change.table.eq_ignore_ascii_case("prior") { "prior_rows" } else { "prior" };
            let (keys, values) = columns.split_at(key.columns.len());
            let set: Vec<String> = values
                .iter()
                .enumerate()
                .map(|(index, column)| format!("{column} = {prior}.column{}", keys.len() + index + 1))
                .collect();
            let found: Vec<String> = keys
                .iter()
                .enumerate()
                .map(|(index, column)| format!("{table}.{column} = {prior}.column{}", index + 1))
                .collect();
            format!(
                "UPDATE {table} SET {} FROM (VALUES\n{}) AS {prior} WHERE {}",
                set.join(", "),
                tuples(),
                found.join(" AND ")
            )
        }
    }
}

fn quote(name: &str) -> String {
    dialect::DIALECT.quote(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::deed::{self, Deed};
    use super::super::facts::ColumnFact;
    use super::*;
    use crate::domain::guard::{Author, Catalog, Class, Verdict};

    fn shape(keys: &[(&str, i64)]) -> Shape {
        let columns = keys.iter().map(|(name, key)| ColumnFact { name: (*name).into(), key: *key, stored: true });
        Shape { kind: "table".into(), columns: columns.collect(), ..Shape::default() }
    }

    fn undo(text: &str, shape: &Shape, rows: usize) -> String {
        let Ok(Deed::Rows(change)) = deed::read(text) else { panic!("{text}") };
        let key = key(shape).unwrap();
        let columns = columns(&change, shape, &key);
        let rows: Vec<Vec<String>> = (0..rows).map(|n| vec![n.to_string(); columns.len()]).collect();
        statement(&change, &columns, &key, &rows)
    }

    #[test]
    fn an_undo_is_one_statement_that_a_person_can_approve() {
        let plain = shape(&[("a", 0), ("order", 0)]);
        let single = shape(&[("id", 1), ("a", 0), ("order", 0)]);
        let double = shape(&[("a", 2), ("id", 1), ("order", 0)]);
        for (text, shape, rows, expected) in [
            ("DELETE FROM t WHERE a = 1", &plain, 1, "INSERT INTO t (rowid, a, \"order\") VALUES\n(0, 0, 0)"),
            ("DELETE FROM t WHERE a = 1", &single, 2, "INSERT INTO t (id, a, \"order\") VALUES\n(0, 0, 0),\n(1, 1, 1)"),
            ("UPDATE t SET \"order\" = 1 WHERE a = 1", &single, 1, "UPDATE t SET \"order\" = 0 WHERE id = 0"),
            ("UPDATE t SET \"order\" = 1 WHERE a = 1", &double, 1, "UPDATE t SET \"order\" = 0 WHERE id = 0 AND a = 0"),
            (
                "UPDATE t SET a = 1, \"order\" = 2 WHERE a > 1",
                &single,
                2,
                "UPDATE t SET a = prior.column2, \"order\" = prior.column3 FROM (VALUES\n(0, 0, 0),\n(1, 1, 1)) AS prior \
                 WHERE t.id = prior.column1",
            ),
            ("INSERT INTO t(a) VALUES (1), (2)", &single, 2, "DELETE FROM t WHERE id IN (0, 1)"),
            ("INSERT INTO t(a) VALUES (1), (2)", &double, 2, "DELETE FROM t WHERE (id, a) IN (VALUES (0, 0),\n(1, 1))"),
        ] {
            let undo = undo(text, shape, rows);
            assert_eq!(undo, expected, "{text}");
            let judgement = dialect::DIALECT.classify(&undo, Author::Person, &Catalog::default());
            assert_eq!(
                (judgement.verdict, judgement.class),
                (Verdict::NeedsApproval, Class::Dml),
                "{undo}: {}",
                judgement.reason
            );
        }
    }

    #[test]
    fn prior_rows_are_read_by_the_persons_own_condition() {
        let text = "WITH x AS (SELECT 1 AS n) DELETE FROM t AS o WHERE o.a IN (SELECT n FROM x) -- gone\n OR o.a = 2";
        let Ok(Deed::Rows(change)) = deed::read(text) else { panic!() };
        assert_eq!(
            prior_rows(&change, &["id".into()], 5),
            "WITH x AS (SELECT 1 AS n) SELECT o.id FROM main.t AS o WHERE (o.a IN (SELECT n FROM x) -- gone\n OR o.a = 2\n) \
             LIMIT 6"
        );
    }
}
