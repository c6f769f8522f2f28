//! Names of a database that resemble one that is not there: what somebody meant who typed it.

use crate::domain::error::kind::ErrorKind;
use crate::domain::schema::{Schema, Table};

/// Names that are offered.
const OFFERED: usize = 3;
/// Names that are compared: more than any schema has that a person knows by heart.
const COMPARED: usize = 20_000;

/// Names that resemble the object of an error, the nearest first; none where nothing does, or where the object is none
/// that has a list of names.
pub fn names(kind: ErrorKind, object: Option<&str>, statement: Option<&str>, schema: &Schema) -> Vec<String> {
    let Some(wanted) = object.map(bare).filter(|w| !w.is_empty()) else { return Vec::new() };
    match kind {
        ErrorKind::TableNotFound => nearest(&wanted, schema.tables.iter().map(|t| (t.name.as_str(), shown(t, schema)))),
        ErrorKind::ColumnNotFound => {
            let tables = tables_of(statement, schema);
            let columns = tables
                .iter()
                .flat_map(|t| t.columns.iter().map(|c| (c.name.as_str(), format!("{}.{}", t.name, c.name))));
            nearest(&wanted, columns)
        }
        ErrorKind::FunctionNotFound => nearest(&wanted, schema.functions.iter().map(|f| (last(f), f.clone()))),
        ErrorKind::ObjectNotFound => {
            let indexes =
                schema.tables.iter().flat_map(|t| t.indexes.iter().map(|i| (i.name.as_str(), i.name.clone())));
            let types = schema.types.iter().map(|t| (last(t), t.clone()));
            nearest(&wanted, indexes.chain(types))
        }
        _ => Vec::new(),
    }
}

/// The tables that a statement names; all of them where it names none that is there.
fn tables_of<'s>(statement: Option<&str>, schema: &'s Schema) -> Vec<&'s Table> {
    let text = statement.unwrap_or_default().to_lowercase();
    let words: std::collections::HashSet<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let named: Vec<&Table> = schema.tables.iter().filter(|t| words.contains(t.name.to_lowercase().as_str())).collect();
    if named.is_empty() { schema.tables.iter().collect() } else { named }
}

/// A table's name as it would have to be typed: with its schema where the search path does not lead there.
fn shown(table: &Table, schema: &Schema) -> String {
    let on_path = schema.search_path.is_empty() || schema.search_path.contains(&table.schema);
    let found = schema.table(&table.name).is_some_and(|t| std::ptr::eq(t, table));
    if found && on_path { table.name.clone() } else { table.full_name() }
}

/// The name itself: without quotes, without what it is qualified by, in lower case.
fn bare(object: &str) -> String {
    let unquoted: String = object.chars().filter(|c| !matches!(c, '"' | '\'' | '`' | '[' | ']')).collect();
    let name = unquoted.split('(').next().unwrap_or_default();
    last(name).trim().to_lowercase()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What is near enough: a slip for every three letters, or one name within the other.
fn nearest<'n>(wanted: &str, names: impl Iterator<Item = (&'n str, String)>) -> Vec<String> {
    let mut near: Vec<(usize, String)> = names
        .take(COMPARED)
        .filter_map(|(name, shown)| {
            let name = name.to_lowercase();
            let longest = wanted.chars().count().max(name.chars().count());
            let shortest = wanted.chars().count().min(name.chars().count());
            let within = shortest >= 4 && (name.contains(wanted) || wanted.contains(&name));
            // Names of very different lengths are told apart without looking: what an error names may be very long.
            let most = (longest / 3).max(1);
            let slips = if longest - shortest > most { longest } else { strsim::damerau_levenshtein(wanted, &name) };
            (slips <= most || within).then_some((slips, shown))
        })
        .collect();
    near.sort();
    near.dedup_by(|a, b| a.1 == b.1);
    near.into_iter().take(OFFERED).map(|(_, shown)| shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::TableColumn;

    fn schema() -> Schema {
        let column = |name: &str| TableColumn { name: name.into(), ..TableColumn::default() };
        let table = |schema: &str, name: &str, columns: &[&str]| Table {
            schema: schema.into(),
            name: name.into(),
            columns: columns.iter().map(|c| column(c)).collect(),
            ..Table::default()
        };
        Schema {
            search_path: vec!["app".into()],
            tables: vec![
                table("app", "orders", &["id", "customer_id", "placed_at"]),
                table("app", "customers", &["id", "name", "email"]),
                table("archive", "orders_2019", &["id"]),
            ],
            functions: vec!["app.total_of".into()],
            ..Schema::default()
        }
    }

    #[test]
    fn slips_and_parts_are_near_and_the_rest_is_not() {
        let of = |object: &str| names(ErrorKind::TableNotFound, Some(object), None, &schema());
        assert_eq!(of("order"), ["orders", "archive.orders_2019"]);
        assert_eq!(of("app.\"Ordres\""), ["orders"]);
        assert_eq!(of("custmers"), ["customers"]);
        assert_eq!(of("nope"), Vec::<String>::new());
        assert_eq!(of(""), Vec::<String>::new());
    }

    #[test]
    fn columns_are_those_of_the_statement() {
        let of =
            |object: &str, statement: &str| names(ErrorKind::ColumnNotFound, Some(object), Some(statement), &schema());
        assert_eq!(of("o.custmer_id", "select o.custmer_id from orders o"), ["orders.customer_id"]);
        assert_eq!(of("mail", "select mail from customers"), ["customers.email"]);
        assert_eq!(of("mail", "select mail from orders"), Vec::<String>::new());
    }

    #[test]
    fn functions_too() {
        assert_eq!(names(ErrorKind::FunctionNotFound, Some("total_off(integer)"), None, &schema()), ["app.total_of"]);
    }
}
