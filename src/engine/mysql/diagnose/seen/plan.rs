//! Plans of statements that were seen, as the server's table form has them: one row for each table that is read.

use super::query::Query;
use crate::domain::diagnosis::{Observation, SeenPlan};
use crate::domain::rows::{Rows, Value};

/// What stands before a statement whose plan is asked for.
pub(in crate::engine::mysql) const EXPLAIN: &str = "EXPLAIN FORMAT=TRADITIONAL ";

/// How one table is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::engine::mysql) struct Read {
    /// The number of its SELECT.
    pub(in crate::engine::mysql) select: i64,
    /// `SIMPLE`, `PRIMARY`, `DEPENDENT SUBQUERY`.
    pub(in crate::engine::mysql) select_type: String,
    /// The table's name in the query, in small letters.
    pub(in crate::engine::mysql) alias: String,
    /// `ALL`, `index`, `range`, `ref`, `eq_ref`.
    pub(in crate::engine::mysql) access: String,
    pub(in crate::engine::mysql) key: Option<String>,
    /// Rows that are looked at each time.
    pub(in crate::engine::mysql) rows: f64,
    pub(in crate::engine::mysql) extra: String,
}

impl Read {
    /// Every row of the table is looked at, or every entry of an index.
    pub(in crate::engine::mysql) fn whole(&self) -> bool {
        matches!(self.access.as_str(), "ALL" | "index")
    }
    /// It runs anew for rows of the query around it.
    pub(in crate::engine::mysql) fn dependent(&self) -> bool {
        self.select_type.starts_with("DEPENDENT") || self.select_type.starts_with("UNCACHEABLE")
    }
}

/// The plan of one statement.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Plan {
    /// The statement, with its values and its names in full.
    pub(in crate::engine::mysql) statement: String,
    pub(in crate::engine::mysql) query: Query,
    pub(in crate::engine::mysql) reads: Vec<Read>,
}

impl Plan {
    /// Every plan of an observation that can be read.
    pub(in crate::engine::mysql) fn all(observation: &Observation) -> Vec<Self> {
        observation.plans.iter().filter_map(Self::of).collect()
    }

    fn of(seen: &SeenPlan) -> Option<Self> {
        let statement = seen.statement.strip_prefix(EXPLAIN).unwrap_or(&seen.statement).to_owned();
        let reads: Vec<Read> = seen.rows.rows.iter().filter_map(|row| read(&seen.rows, row)).collect();
        let query = Query::read(&statement, "")?;
        (!reads.is_empty()).then_some(Self { statement, query, reads })
    }

    /// Rows that are looked at in all: those of each SELECT multiplied, those of subqueries that run for each row as
    /// often as there are rows around them.
    pub(in crate::engine::mysql) fn looked_at(&self) -> f64 {
        let product = |wanted: &dyn Fn(&Read) -> bool| {
            self.reads.iter().filter(|r| wanted(r)).map(|r| r.rows.max(1.0)).product::<f64>()
        };
        let outer = product(&|r: &Read| !r.dependent());
        let inner: f64 = self.dependents().map(|select| product(&|r: &Read| r.select == select && r.dependent())).sum();
        outer + outer * inner
    }

    fn dependents(&self) -> impl Iterator<Item = i64> + '_ {
        let mut selects: Vec<i64> = self.reads.iter().filter(|r| r.dependent()).map(|r| r.select).collect();
        selects.sort_unstable();
        selects.dedup();
        selects.into_iter()
    }

    /// The database and name of a table by its name in the query.
    pub(in crate::engine::mysql) fn table(&self, alias: &str) -> Option<(&str, &str)> {
        self.query.tables.iter().find(|(name, ..)| name == alias).map(|(_, db, table)| (db.as_str(), table.as_str()))
    }
}

fn read(rows: &Rows, row: &[Value]) -> Option<Read> {
    let alias = rows.text(row, "table").to_lowercase();
    // Derived tables and unions are read in rows of their own.
    (!alias.is_empty() && !alias.starts_with('<')).then(|| Read {
        select: rows.get(row, "id").int().unwrap_or(0),
        select_type: rows.text(row, "select_type").to_ascii_uppercase(),
        alias,
        access: rows.text(row, "type"),
        key: rows.get(row, "key").plain(),
        rows: rows.get(row, "rows").number().unwrap_or(0.0),
        extra: rows.text(row, "Extra"),
    })
}
