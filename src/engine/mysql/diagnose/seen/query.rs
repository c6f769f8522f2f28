//! The read inside of a statement: which rows of which tables it looks for, and by what.

use crate::engine::mysql::dialect::names::quote;
use crate::engine::mysql::dialect::{classify, forms};
use crate::engine::sql::words::Words;
use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator, Select, TableFactor, Visit as _, Visitor};
use std::ops::ControlFlow;

/// How a column is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::mysql) enum How {
    /// `column = value`, or one of several values.
    Equal,
    /// `column = other.column`.
    Join,
    /// `column < value`, BETWEEN, LIKE with a fixed beginning.
    Range,
}

/// A condition that an index could serve. Names are in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Want {
    /// The table's name in the query; none where the column stands alone.
    pub(in crate::engine::mysql) alias: Option<String>,
    pub(in crate::engine::mysql) column: String,
    pub(in crate::engine::mysql) how: How,
}

/// A query's tables and conditions. Names are in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Query {
    /// Name in the query, database, table.
    pub(in crate::engine::mysql) tables: Vec<(String, String, String)>,
    pub(in crate::engine::mysql) wants: Vec<Want>,
}

impl Query {
    /// Reads a query; the database holds for bare names. None for what is not understood.
    pub(in crate::engine::mysql) fn read(text: &str, database: &str) -> Option<Self> {
        let statement = classify::shape_of(text)?;
        let mut reader = Reader { found: Self::default(), database: database.to_lowercase() };
        let _ = statement.visit(&mut reader);
        Some(reader.found)
    }

    /// What is looked for in a table, equal values first. Columns that stand alone count where there is no other table.
    pub(in crate::engine::mysql) fn wants_of(&self, alias: &str, has_column: impl Fn(&str) -> bool) -> Vec<Want> {
        let mut wants: Vec<Want> = self
            .wants
            .iter()
            .filter(|want| match &want.alias {
                Some(name) => name == alias,
                None => self.tables.len() == 1 || has_column(&want.column),
            })
            .filter(|want| has_column(&want.column))
            .cloned()
            .collect();
        wants.sort_by_key(|want| want.how);
        wants.dedup_by(|a, b| a.column == b.column);
        wants
    }
}

struct Reader {
    found: Query,
    database: String,
}

impl Reader {
    /// The conditions that all have to hold.
    fn conditions(&mut self, expr: &Expr) {
        match expr {
            Expr::Nested(inner) => self.conditions(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.conditions(left);
                self.conditions(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => match (column(left), column(right)) {
                (Some(one), Some(other)) => {
                    self.want(one, How::Join);
                    self.want(other, How::Join);
                }
                (Some(one), None) | (None, Some(one)) => self.want(one, How::Equal),
                (None, None) => {}
            },
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq,
                right,
            } => {
                if let (Some(one), None) | (None, Some(one)) = (column(left), column(right)) {
                    self.want(one, How::Range);
                }
            }
            Expr::InList { expr, negated: false, .. } | Expr::IsNull(expr) => {
                if let Some(one) = column(expr) {
                    self.want(one, How::Equal);
                }
            }
            Expr::InSubquery { expr, negated: false, .. } => {
                if let Some(one) = column(expr) {
                    self.want(one, How::Join);
                }
            }
            Expr::Between { expr, negated: false, .. } => {
                if let Some(one) = column(expr) {
                    self.want(one, How::Range);
                }
            }
            Expr::Like { expr, pattern, negated: false, .. } => {
                let fixed = pattern.to_string();
                let begins = fixed.trim_matches('\'').chars().next().is_some_and(|c| !matches!(c, '%' | '_'));
                if let Some(one) = column(expr).filter(|_| begins) {
                    self.want(one, How::Range);
                }
            }
            _ => {}
        }
    }

    fn want(&mut self, (alias, column): (Option<String>, String), how: How) {
        self.found.wants.push(Want { alias, column, how });
    }
}

/// A bare column, with the name of its table where that stands before it.
fn column(expr: &Expr) -> Option<(Option<String>, String)> {
    match expr {
        Expr::Nested(inner) => column(inner),
        Expr::Identifier(name) => Some((None, name.value.to_lowercase())),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [.., table, name] => Some((Some(table.value.to_lowercase()), name.value.to_lowercase())),
            _ => None,
        },
        _ => None,
    }
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if let Some(condition) = &select.selection {
            self.conditions(condition);
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            let (JoinOperator::Join(on)
            | JoinOperator::Inner(on)
            | JoinOperator::Left(on)
            | JoinOperator::LeftOuter(on)
            | JoinOperator::Right(on)
            | JoinOperator::RightOuter(on)
            | JoinOperator::CrossJoin(on)
            | JoinOperator::StraightJoin(on)) = &join.join_operator
            else {
                continue;
            };
            match on {
                JoinConstraint::On(condition) => self.conditions(condition),
                JoinConstraint::Using(names) => {
                    for name in names.iter().filter_map(|name| name.0.last()?.as_ident()) {
                        self.want((None, name.value.to_lowercase()), How::Join);
                    }
                }
                JoinConstraint::Natural | JoinConstraint::None => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor {
            let parts: Vec<String> =
                name.0.iter().filter_map(|part| part.as_ident().map(|ident| ident.value.to_lowercase())).collect();
            let (database, table) = match parts.as_slice() {
                [table] => (self.database.clone(), table.clone()),
                [database, table] => (database.clone(), table.clone()),
                _ => return ControlFlow::Continue(()),
            };
            let alias = alias.as_ref().map_or_else(|| table.clone(), |alias| alias.name.value.to_lowercase());
            self.found.tables.push((alias, database, table));
        }
        ControlFlow::Continue(())
    }
}

/// The query by which a change finds its rows, as a SELECT of its own; a query is that already. Nothing for statements
/// that find no rows.
pub(in crate::engine::mysql) fn read_of(statement: &str) -> Option<String> {
    let tokens = forms::tokens(statement);
    let words = Words { text: statement, tokens: &tokens };
    let at_top = |keyword: &str| {
        let mut depth = 0_usize;
        (0..words.len()).find(|&i| {
            match words.at(i) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && words.is(i, &[keyword])
        })
    };
    let from_on = |at: usize| forms::slice(words, at, words.len());
    match words.at(0).to_ascii_lowercase().as_str() {
        "select" | "with" | "(" => Some(from_on(0)),
        "update" => {
            let (set, condition) = (at_top("set")?, at_top("where"));
            let skipped = 1 + usize::from(words.is(1, &["low_priority", "ignore"]));
            let tables = forms::slice(words, skipped, set);
            Some(
                format!("SELECT 1 FROM {tables} {}", condition.map_or_else(String::new, from_on)).trim_end().to_owned(),
            )
        }
        "delete" => Some(format!("SELECT 1 {}", from_on(at_top("from")?))),
        "insert" | "replace" => at_top("select").map(from_on),
        _ => None,
    }
}

/// The same with the database before every bare name, so that it means the same from any other.
pub(in crate::engine::mysql) fn qualified(query: &str, database: &str) -> String {
    if database.is_empty() {
        return query.to_owned();
    }
    let mut out = query.to_owned();
    let mut places = classify::bare_relations(query);
    places.sort_by_key(|range| std::cmp::Reverse(range.start));
    for place in places {
        out.insert_str(place.start, &format!("{}.", quote(database)));
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn conditions_are_read_with_their_tables() {
        let query = Query::read(
            "SELECT * FROM Orders o JOIN x.customers c ON c.id = o.customer_id WHERE o.status = 'new' AND o.at > 5 \
             AND (o.a = 1 OR o.b = 2) AND c.name LIKE 'A%'",
            "Shop",
        )
        .unwrap();
        assert_eq!(query.tables[0], ("o".into(), "shop".into(), "orders".into()));
        assert_eq!(query.tables[1], ("c".into(), "x".into(), "customers".into()));
        let columns: Vec<(String, How)> =
            query.wants_of("o", |_| true).into_iter().map(|want| (want.column, want.how)).collect();
        assert_eq!(
            columns,
            [("status".into(), How::Equal), ("customer_id".into(), How::Join), ("at".into(), How::Range)]
        );
        assert_eq!(query.wants_of("c", |column| column == "name").len(), 1);
    }

    #[test]
    fn changes_find_their_rows_by_a_query() {
        assert_eq!(
            read_of("UPDATE orders o SET a = (SELECT 1) WHERE b = 2;").unwrap(),
            "SELECT 1 FROM orders o WHERE b = 2"
        );
        assert_eq!(read_of("DELETE FROM t WHERE a = 1").unwrap(), "SELECT 1 FROM t WHERE a = 1");
        assert_eq!(read_of("INSERT INTO t SELECT a FROM s WHERE b = 1").unwrap(), "SELECT a FROM s WHERE b = 1");
        assert_eq!(read_of("INSERT INTO t VALUES (1)"), None);
        assert_eq!(qualified("SELECT * FROM t JOIN d.u ON 1 = 1", "s h"), "SELECT * FROM `s h`.t JOIN d.u ON 1 = 1");
    }
}
