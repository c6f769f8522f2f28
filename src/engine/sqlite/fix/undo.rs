//! The statement that puts rows back as they were: built from the rows themselves, one statement whatever their
//! number, with literals that are exact. It passes over rows that no longer hold what the act left in them.

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

/// What an act left in its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Columns that it wrote, as they are written in a statement.
    pub(super) columns: Vec<String>,
    /// Each value is compared by its length and its ends, because all of them in full would be too long.
    pub(super) is_brief: bool,
    /// Literals of [`Self::compared`], a list for each row.
    pub(super) rows: Vec<Vec<String>>,
}

/// Characters at each end of a value that a brief comparison looks at.
const ENDS: usize = 100;

impl Left {
    /// What is compared of each column. Text is compared by its bytes, whatever the column's own collation.
    pub(super) fn compared(&self, before: &str) -> Vec<String> {
        let of = |column: &String| {
            let column = format!("{before}{column}");
            if self.is_brief {
                let end = |from: String| format!("substr({column}, {from}) COLLATE BINARY");
                vec![format!("length(CAST({column} AS BLOB))"), end(format!("1, {ENDS}")), end(format!("-{ENDS}"))]
            } else {
                vec![format!("{column} COLLATE BINARY")]
            }
        };
        self.columns.iter().flat_map(of).collect()
    }
}

/// The columns that an act writes, without the key: none for DELETE, which leaves nothing.
pub(super) fn written(change: &RowChange, shape: &Shape, key: &Key) -> Vec<String> {
    match change.verb {
        Verb::Update => columns(change, shape, key).split_off(key.columns.len()),
        Verb::Insert => {
            let stored = shape.columns.iter().filter(|c| c.stored).map(|c| quote(&c.name));
            stored.filter(|column| !key.columns.contains(column)).collect()
        }
        Verb::Delete => Vec::new(),
    }
}

/// The undo. `rows` hold literals, in the order of `columns`.
pub(super) fn statement(
    change: &RowChange,
    columns: &[String],
    key: &Key,
    rows: &[Vec<String>],
    left: &Left,
) -> String {
    let table = quote(&change.table);
    let prior = prior_name(change);
    let keys = key.columns.len();
    match (change.verb, rows) {
        (Verb::Delete, _) => format!("INSERT INTO {table} ({}) VALUES\n{}", columns.join(", "), tuples(rows, &[])),
        (Verb::Insert, _) if left.rows.is_empty() && keys == 1 => {
            let values: Vec<&str> = rows.iter().flatten().map(String::as_str).collect();
            format!("DELETE FROM {table} WHERE {} IN ({})", key.columns[0], values.join(", "))
        }
        (Verb::Insert, _) if left.rows.is_empty() => {
            format!("DELETE FROM {table} WHERE ({}) IN (VALUES {})", key.columns.join(", "), tuples(rows, &[]))
        }
        (Verb::Insert, _) => {
            let found = matches(change, key, left, keys);
            // The first condition finds the rows by their key; the second one looks at what they hold.
            let by_key = match rows {
                [row] => {
                    let pairs = key.columns.iter().zip(row).map(|(column, value)| format!("{column} = {value}"));
                    pairs.collect::<Vec<_>>().join(" AND ")
                }
                _ if keys == 1 => {
                    let values: Vec<&str> = rows.iter().filter_map(|row| row.first()).map(String::as_str).collect();
                    format!("{} IN ({})", key.columns[0], values.join(", "))
                }
                _ => format!("({}) IN (VALUES {})", key.columns.join(", "), tuples(rows, &[])),
            };
            format!(
                "DELETE FROM {table} WHERE {by_key} AND EXISTS (SELECT 1 FROM (VALUES\n{}) AS {prior} WHERE {found})",
                tuples(rows, &left.rows)
            )
        }
        (Verb::Update, [row]) => {
            let pairs: Vec<String> =
                columns.iter().zip(row).map(|(column, value)| format!("{column} = {value}")).collect();
            let (found, values) = pairs.split_at(keys);
            let literals = left.rows.first().map(Vec::as_slice).unwrap_or_default();
            let same = left.compared("").into_iter().zip(literals).map(|(now, value)| format!("{now} IS {value}"));
            let found: Vec<String> = found.iter().cloned().chain(same).collect();
            format!("UPDATE {table} SET {} WHERE {}", values.join(", "), found.join(" AND "))
        }
        (Verb::Update, _) => {
            let set: Vec<String> = columns
                .iter()
                .enumerate()
                .skip(keys)
                .map(|(index, column)| format!("{column} = {prior}.column{}", index + 1))
                .collect();
            format!(
                "UPDATE {table} SET {} FROM (VALUES\n{}) AS {prior} WHERE {}",
                set.join(", "),
                tuples(rows, &left.rows),
                matches(change, key, left, columns.len())
            )
        }
    }
}

/// The read that gives the keys of the rows that the undo passes over; for DELETE, of those that are there again.
pub(super) fn passed_over(
    change: &RowChange,
    columns: &[String],
    key: &Key,
    rows: &[Vec<String>],
    left: &Left,
) -> String {
    let (table, prior) = (quote(&change.table), prior_name(change));
    let shown: Vec<String> = (1..=key.columns.len()).map(|n| format!("{prior}.column{n}")).collect();
    let keys = || -> Vec<Vec<String>> {
        // A row that is put back has all its columns, in the table's order.
        let place = |column: &String| columns.iter().position(|c| c == column);
        let places: Vec<usize> = key.columns.iter().filter_map(place).collect();
        rows.iter().map(|row| places.iter().filter_map(|place| row.get(*place).cloned()).collect()).collect()
    };
    let (not, width, values) = match change.verb {
        Verb::Delete => ("", key.columns.len(), tuples(&keys(), &[])),
        Verb::Insert | Verb::Update => (" NOT", columns.len(), tuples(rows, &left.rows)),
    };
    format!(
        "SELECT {} FROM (VALUES\n{values}) AS {prior} WHERE{not} EXISTS (SELECT 1 FROM main.{table} AS {table} WHERE {})",
        shown.join(", "),
        matches(change, key, left, width)
    )
}

/// A row of the table is this one, and still holds what the act left; `first` columns come before what it left.
fn matches(change: &RowChange, key: &Key, left: &Left, first: usize) -> String {
    let (table, prior) = (quote(&change.table), prior_name(change));
    let found = key.columns.iter().enumerate().map(|(n, column)| format!("{table}.{column} = {prior}.column{}", n + 1));
    let compared = if left.rows.is_empty() { Vec::new() } else { left.compared(&format!("{table}.")) };
    let same = compared.iter().enumerate().map(|(n, now)| format!("{now} IS {prior}.column{}", first + n + 1));
    found.chain(same).collect::<Vec<_>>().join(" AND ")
}

/// A name for the rows of the undo that is not the table's.
fn prior_name(change: &RowChange) -> &'static str {
    if change.table.eq_ignore_ascii_case("prior") { "prior_rows" } else { "prior" }
}

/// Rows with what was left in them behind.
fn tuples(rows: &[Vec<String>], left: &[Vec<String>]) -> String {
    let all = rows.iter().enumerate().map(|(n, row)| {
        let behind = left.get(n).map(Vec::as_slice).unwrap_or_default();
        format!("({})", [row.as_slice(), behind].concat().join(", "))
    });
    all.collect::<Vec<_>>().join(",\n")
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
        let written = written(&change, shape, &key);
        let width = written.len();
        let left = Left { columns: written, is_brief: false, rows: vec![vec!["9".to_owned(); width]; rows.len()] };
        let passed = passed_over(&change, &columns, &key, &rows, &left);
        let judgement = dialect::DIALECT.classify(&passed, Author::Person, &Catalog::default());
        assert_eq!(judgement.verdict, Verdict::Allow, "{passed}: {}", judgement.reason);
        statement(&change, &columns, &key, &rows, &left)
    }

    #[test]
    fn an_undo_is_one_statement_that_a_person_can_approve() {
        let plain = shape(&[("a", 0), ("order", 0)]);
        let single = shape(&[("id", 1), ("a", 0), ("order", 0)]);
        let double = shape(&[("a", 2), ("id", 1), ("order", 0)]);
        for (text, shape, rows, expected) in [
            ("DELETE FROM t WHERE a = 1", &plain, 1, "INSERT INTO t (rowid, a, \"order\") VALUES\n(0, 0, 0)"),
            ("DELETE FROM t WHERE a = 1", &single, 2, "INSERT INTO t (id, a, \"order\") VALUES\n(0, 0, 0),\n(1, 1, 1)"),
            (
                "UPDATE t SET \"order\" = 1 WHERE a = 1",
                &single,
                1,
                "UPDATE t SET \"order\" = 0 WHERE id = 0 AND \"order\" COLLATE BINARY IS 9",
            ),
            (
                "UPDATE t SET \"order\" = 1 WHERE a = 1",
                &double,
                1,
                "UPDATE t SET \"order\" = 0 WHERE id = 0 AND a = 0 AND \"order\" COLLATE BINARY IS 9",
            ),
            (
                "UPDATE t SET a = 1, \"order\" = 2 WHERE a > 1",
                &single,
                2,
                "UPDATE t SET a = prior.column2, \"order\" = prior.column3 FROM (VALUES\n(0, 0, 0, 9, 9),\n(1, 1, 1, 9, 9)) \
                 AS prior WHERE t.id = prior.column1 AND t.a COLLATE BINARY IS prior.column4 AND t.\"order\" COLLATE \
                 BINARY IS prior.column5",
            ),
            (
                "INSERT INTO t(a) VALUES (1), (2)",
                &single,
                2,
                "DELETE FROM t WHERE id IN (0, 1) AND EXISTS (SELECT 1 FROM (VALUES\n(0, 9, 9),\n(1, 9, 9)) AS prior WHERE \
                 t.id = prior.column1 AND t.a COLLATE BINARY IS prior.column2 AND t.\"order\" COLLATE BINARY IS \
                 prior.column3)",
            ),
            (
                "INSERT INTO t(a) VALUES (1), (2)",
                &double,
                2,
                "DELETE FROM t WHERE (id, a) IN (VALUES (0, 0),\n(1, 1)) AND EXISTS (SELECT 1 FROM (VALUES\n(0, 0, 9),\n(1, \
                 1, 9)) AS prior WHERE t.id = prior.column1 AND t.a = prior.column2 AND t.\"order\" COLLATE BINARY IS \
                 prior.column3)",
            ),
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
