//! What a query asks of each of its tables: columns compared with something for equality, and for a range. That is what
//! an index of it would have, in this order.

use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::words::Words;
use crate::engine::sqlite::dialect;
use sqlparser::ast::{BinaryOperator, Expr, Query, Select, SetExpr, Statement, TableFactor};

/// Columns of an index, at most.
const MOST_COLUMNS: usize = 4;

/// The conditions on one table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Wanted {
    pub(super) table: String,
    alias: Option<String>,
    equal: Vec<String>,
    range: Vec<String>,
}

impl Wanted {
    /// The plan calls it by its alias where it has one.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.alias.as_deref().unwrap_or(&self.table).eq_ignore_ascii_case(name)
    }
    /// Equality first, then one range.
    pub(super) fn index_columns(&self) -> Vec<String> {
        let range = self.range.iter().filter(|column| !self.equal.contains(column)).take(1);
        self.equal.iter().chain(range).take(MOST_COLUMNS).cloned().collect()
    }
}

/// The tables of a query with what is asked of each; none when it is not understood.
pub(super) fn of(statement: &str) -> Vec<Wanted> {
    let tokens = lexer::meaningful(statement, Lexis::Sqlite);
    let words = Words { text: statement, tokens: &tokens };
    match dialect::parsed(words) {
        Some(Statement::Query(query)) => of_query(&query),
        Some(Statement::Update(update)) => {
            let mut wanted: Vec<Wanted> = table(&update.table.relation).into_iter().collect();
            update.selection.iter().for_each(|condition| conditions(condition, &mut wanted));
            wanted
        }
        _ => Vec::new(),
    }
}

fn of_query(query: &Query) -> Vec<Wanted> {
    match query.body.as_ref() {
        SetExpr::Select(select) => of_select(select),
        SetExpr::Query(inner) => of_query(inner),
        _ => Vec::new(),
    }
}

fn of_select(select: &Select) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for from in &select.from {
        wanted.extend(table(&from.relation));
        wanted.extend(from.joins.iter().filter_map(|join| table(&join.relation)));
    }
    select.selection.iter().for_each(|condition| conditions(condition, &mut wanted));
    wanted
}

fn table(factor: &TableFactor) -> Option<Wanted> {
    let TableFactor::Table { name, alias, .. } = factor else { return None };
    let table = name.0.last()?.as_ident()?.value.clone();
    Some(Wanted { table, alias: alias.as_ref().map(|alias| alias.name.value.clone()), ..Wanted::default() })
}

/// Goes down the ANDs. Below an OR nothing holds by itself.
fn conditions(condition: &Expr, wanted: &mut [Wanted]) {
    match condition {
        Expr::Nested(inner) => conditions(inner, wanted),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conditions(left, wanted);
            conditions(right, wanted);
        }
        Expr::BinaryOp { left, op, right } => {
            let equal = matches!(op, BinaryOperator::Eq);
            let range =
                matches!(op, BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq);
            // An index in the table's own order serves no comparison in another one.
            let reordered = [left, right].into_iter().any(|side| matches!(side.as_ref(), Expr::Collate { .. }));
            if (equal || range) && !reordered {
                // A column against another column is a join: the plan says itself what it misses there.
                match (column(left), column(right)) {
                    (Some(own), None) => note(&own, equal, wanted),
                    (None, Some(own)) => note(&own, equal, wanted),
                    _ => {}
                }
            }
        }
        Expr::InList { expr, negated: false, .. } => {
            if let Some(own) = column(expr) {
                note(&own, true, wanted);
            }
        }
        Expr::Between { expr, negated: false, .. } => {
            if let Some(own) = column(expr) {
                note(&own, false, wanted);
            }
        }
        _ => {}
    }
}

/// The name before a column, and the column.
fn column(expression: &Expr) -> Option<(Option<String>, String)> {
    match expression {
        Expr::Identifier(name) => Some((None, name.value.clone())),
        Expr::CompoundIdentifier(parts) => {
            let (name, before) = parts.split_last()?;
            Some((before.last().map(|part| part.value.clone()), name.value.clone()))
        }
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}

fn note((before, name): &(Option<String>, String), equal: bool, wanted: &mut [Wanted]) {
    let only = wanted.len() == 1;
    let own = wanted.iter_mut().find(|own| match before {
        Some(before) => own.is_called(before),
        // Without a name before it, and with several tables, it is not known whose column it is.
        None => only,
    });
    if let Some(own) = own {
        let list = if equal { &mut own.equal } else { &mut own.range };
        if !list.contains(name) {
            list.push(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    fn columns(statement: &str) -> Vec<(String, Vec<String>)> {
        of(statement).into_iter().map(|own| (own.table.clone(), own.index_columns())).collect()
    }

    #[test]
    fn equality_comes_before_a_range() {
        let own = |table: &str, columns: &[&str]| (table.to_owned(), columns.iter().map(|c| (*c).to_owned()).collect());
        assert_eq!(
            columns("SELECT * FROM orders WHERE placed > ? AND status = 'open' AND (customer = 7) AND total < 3"),
            [own("orders", &["status", "customer", "placed"])]
        );
        assert_eq!(
            columns(
                "SELECT * FROM orders o JOIN customers c ON c.id = o.customer WHERE o.status IN ('a') AND c.name = ?"
            ),
            [own("orders", &["status"]), own("customers", &["name"])]
        );
        assert_eq!(columns("UPDATE t SET a = 1 WHERE b = 2"), [own("t", &["b"])]);
    }

    #[test]
    fn what_no_index_serves_is_left_out() {
        assert_eq!(columns("SELECT * FROM t WHERE a = 1 OR b = 2"), [("t".to_owned(), Vec::new())]);
        assert_eq!(columns("SELECT * FROM t WHERE lower(a) = 'x' AND b LIKE '%x'"), [("t".to_owned(), Vec::new())]);
        assert_eq!(columns("SELECT * FROM t, u WHERE a = 1")[0].1, Vec::<String>::new());
        assert_eq!(columns("SELECT * FROM t WHERE a = 'x' COLLATE NOCASE AND b = 2")[0].1, ["b"]);
        assert!(columns("not a statement").is_empty());
    }
}
