//! Tables, indexes and the planner's statistics: what a statement lacks, what nobody needs, and what is out of date.

use super::STATISTICS;
use super::predicates;
use super::view::{Index, View};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::error::kind::ErrorKind;

/// Rows from which reading a whole table is felt (checks.md SL14).
const MANY_ROWS: f64 = 10_000.0;
/// The planner's number of rows and the real one are this far apart.
const FAR_OFF: f64 = 10.0;
/// Indexes that others cover, on one table, from which writes feel them.
const SEVERAL: usize = 3;

/// An index that a statement lacks.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::sqlite) struct Lacking {
    pub(in crate::engine::sqlite) table: String,
    pub(in crate::engine::sqlite) columns: Vec<String>,
    /// Rows that are read for it, where they could be counted.
    pub(in crate::engine::sqlite) rows: Option<f64>,
    /// The line of the plan.
    pub(in crate::engine::sqlite) detail: String,
    /// The statement. Untrusted.
    pub(in crate::engine::sqlite) statement: String,
}

/// What the plans that were seen lack.
pub(in crate::engine::sqlite) fn lacking(view: &View<'_>) -> Vec<Lacking> {
    let mut found: Vec<Lacking> = Vec::new();
    for plan in &view.case.observation.plans {
        let statement = plan.statement.trim_start();
        let statement = strip(statement, "EXPLAIN QUERY PLAN").unwrap_or(statement).trim().to_owned();
        let wanted = predicates::of(&statement);
        for row in &plan.rows.rows {
            let detail = plan.rows.text(row, "detail");
            let Some((place, automatic)) = scanned(&detail) else { continue };
            let Some(own) = wanted.iter().find(|own| own.is_called(&place)) else { continue };
            let columns = automatic.unwrap_or_else(|| own.index_columns());
            if !columns.is_empty()
                && !found.iter().any(|lacking| lacking.table == own.table && lacking.columns == columns)
            {
                let rows = view.rows_of(&own.table);
                found.push(Lacking { table: own.table.clone(), columns, rows, detail, statement: statement.clone() });
            }
        }
    }
    found
}

fn strip<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.get(..start.len()).filter(|own| own.eq_ignore_ascii_case(start)).map(|_| &text[start.len()..])
}

/// The table or alias that a line of a plan reads as a whole, and the columns that an index made for this one statement
/// has. `SCAN o`, `SEARCH o USING AUTOMATIC COVERING INDEX (customer_id=?)`.
fn scanned(detail: &str) -> Option<(String, Option<Vec<String>>)> {
    let place = |rest: &str| rest.strip_prefix("TABLE ").unwrap_or(rest).split_whitespace().next().map(str::to_owned);
    if let Some(rest) = detail.strip_prefix("SCAN ") {
        let whole = !rest.contains("CONSTANT") && !rest.contains("VIRTUAL TABLE") && !rest.contains("SUBQUERY");
        return whole.then(|| place(rest)).flatten().map(|place| (place, None));
    }
    let rest = detail.strip_prefix("SEARCH ").filter(|rest| rest.contains("AUTOMATIC"))?;
    let list = rest.split_once('(')?.1.split_once(')')?.0;
    let columns =
        list.split(" AND ").filter_map(|term| term.split(['=', '<', '>']).next()).map(|name| name.trim().to_owned());
    Some((place(rest)?, Some(columns.collect())))
}

pub(super) fn judge(view: &View<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = missing_index(view, unknown);
    found.extend(redundant(view));
    found.push(statistics(view));
    found.extend(missing_object(view));
    found
}

fn missing_index(view: &View<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    if view.case.observation.plans.is_empty() {
        unknown.push(
            "SQLite keeps no statistics of statements: a missing index is found for a statement that is asked about"
                .to_owned(),
        );
        return Vec::new();
    }
    let lacking = lacking(view);
    if lacking.is_empty() {
        let words =
            vec!["the statement's plan reads no whole table by a condition that an index could serve".to_owned()];
        return vec![Hypothesis::new(Cause::MissingIndex, Verdict::Refuted, 0.85, words)];
    }
    let judged = lacking.into_iter().map(|lacking| {
        let rows = lacking.rows.map_or_else(|| "an unknown number of".to_owned(), |rows| format!("{rows:.0}"));
        let evidence = vec![
            format!("the plan says {}: {rows} rows of {}", lacking.detail, lacking.table),
            format!("its conditions are on {}, and no index begins with that", lacking.columns.join(", ")),
        ];
        let (verdict, confidence) = match lacking.rows {
            Some(rows) if rows >= MANY_ROWS => (Verdict::Supported, 0.9),
            Some(_) => (Verdict::Refuted, 0.85),
            None => (Verdict::Inconclusive, 0.5),
        };
        Hypothesis::new(Cause::MissingIndex, verdict, confidence, evidence).about(lacking.table)
    });
    judged.collect()
}

/// Indexes that another one covers, table by table.
fn redundant(view: &View<'_>) -> Option<Hypothesis> {
    let indexes = view.indexes();
    let covered: Vec<&Index> = indexes.iter().filter(|index| index.covered_by.is_some()).collect();
    let first = covered.first()?;
    let worst = covered.iter().map(|index| covered.iter().filter(|other| other.table == index.table).count()).max()?;
    let evidence = covered
        .iter()
        .take(3)
        .map(|index| {
            format!("{} ({}) is covered by {}", index.name, index.columns, index.covered_by.as_deref().unwrap_or(""))
        })
        .collect();
    let (verdict, confidence) =
        if worst >= SEVERAL { (Verdict::Supported, 0.75) } else { (Verdict::Inconclusive, 0.5) };
    Some(Hypothesis::new(Cause::RedundantIndexes, verdict, confidence, evidence).about(first.table.clone()))
}

/// Tables whose number of rows the planner believes to be another one: table, believed, counted.
pub(in crate::engine::sqlite) fn stale(view: &View<'_>) -> Vec<(String, f64, f64)> {
    let Some(look) = view.case.observation.last(STATISTICS.name) else { return Vec::new() };
    let rows = &look.rows;
    let mut stale: Vec<(String, f64, f64)> = Vec::new();
    for row in &rows.rows {
        let table = rows.text(row, "tbl");
        let believed = rows.text(row, "stat").split(' ').next().and_then(|first| first.parse::<f64>().ok());
        let (Some(believed), Some(counted)) = (believed, view.rows_of(&table)) else { continue };
        let far = believed.max(1.0) / counted.max(1.0);
        if counted.max(believed) >= MANY_ROWS
            && !(1.0 / FAR_OFF..FAR_OFF).contains(&far)
            && !stale.iter().any(|own| own.0 == table)
        {
            stale.push((table, believed, counted));
        }
    }
    stale
}

fn statistics(view: &View<'_>) -> Hypothesis {
    let stale = stale(view);
    if let Some((table, ..)) = stale.first() {
        let evidence = stale
            .iter()
            .take(3)
            .map(|(table, believed, counted)| {
                format!("{table} has {counted:.0} rows, and the planner believes in {believed:.0} (sqlite_stat1)")
            })
            .collect();
        return Hypothesis::new(Cause::BadStatistics, Verdict::Supported, 0.85, evidence).about(table.clone());
    }
    if view.case.observation.refusal(STATISTICS.name).is_some() {
        let words = vec![
            "the file has no statistics for its planner (ANALYZE never ran): it goes by rules of thumb".to_owned(),
        ];
        return Hypothesis::new(Cause::BadStatistics, Verdict::Inconclusive, 0.4, words);
    }
    let words = vec!["the planner's numbers of rows are near the real ones".to_owned()];
    Hypothesis::new(Cause::BadStatistics, Verdict::Refuted, 0.8, words)
}

/// What an incident says is not there, looked up now.
fn missing_object(view: &View<'_>) -> Option<Hypothesis> {
    let incident = view.case.incident?;
    let name = crate::engine::sqlite::procedures::bare(incident.object.as_deref()?);
    let objects = view.objects();
    match incident.kind {
        ErrorKind::TableNotFound if !objects.is_empty() || view.last.is_some() => {
            let there = objects
                .iter()
                .any(|o| matches!(o.kind.as_str(), "table" | "view") && o.name.eq_ignore_ascii_case(&name));
            let words = format!("{name} is {} in this file", if there { "there now" } else { "not" });
            let verdict = if there { Verdict::Refuted } else { Verdict::Supported };
            Some(Hypothesis::new(Cause::MissingTable, verdict, 0.95, vec![words]).about(name))
        }
        ErrorKind::ColumnNotFound => {
            let words = vec![format!("a statement names the column {name}")];
            Some(Hypothesis::new(Cause::MissingColumn, Verdict::Supported, 0.7, words).about(name))
        }
        _ => None,
    }
}
