//! PG19, PG20, PG21: indexes that writes keep up and nobody needs: doubles, beginnings of longer ones, and those that
//! are never read. What keeps rows unique or serves a constraint is never among them.

use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use std::collections::BTreeSet;

const ID: &str = "PG21";
/// Statistics younger than this do not tell what nobody needs: a month has its end in it (checks.md PG19).
const OLD_STATISTICS: f64 = 30.0 * 86_400.0;
/// Indexes that are offered.
const MOST: usize = 5;
/// An index of at least this size, bytes, that was never read is worth a word.
const LARGE: f64 = 10.0 * 1_048_576.0;

/// An index that could go.
struct Index {
    table: ObjectRef,
    table_oid: i64,
    name: String,
    columns: Vec<String>,
    /// Method, classes, orders, collations and predicate: what two indexes must share to serve the same queries.
    manner: Vec<String>,
    /// It holds more columns than it orders by, for plans that read nothing else.
    carries: bool,
    /// A foreign key of its table begins with its first column.
    serves_key: bool,
    needed: bool,
    partial: bool,
    scans: f64,
    bytes: f64,
}

fn indexes(case: &Case<'_>) -> Vec<Index> {
    let usable = |row: &seen::Row<'_>| row.is("valid") && row.is("ready") && !row.is("partitioned");
    seen::rows(case, "diagnose.indexes")
        .filter(usable)
        .filter_map(|row| {
            // Columns that are only carried along order nothing.
            let keys = row.int("key_columns").and_then(|n| usize::try_from(n).ok())?;
            let mut columns = row.list("columns");
            let carries = columns.len() > keys;
            columns.truncate(keys);
            Some(Index {
                table: row.object("table"),
                table_oid: row.int("table_oid")?,
                name: row.text("name"),
                columns,
                carries,
                serves_key: row.is("begins_key"),
                manner: ["method", "classes", "options", "collations", "predicate"].map(|name| row.text(name)).into(),
                needed: row.is("needed") || row.is("is_unique") || row.is("is_primary"),
                partial: row.is("partial"),
                scans: row.number("scans").unwrap_or(f64::MAX),
                bytes: row.number("bytes").unwrap_or(0.0),
            })
        })
        .collect()
}

impl Index {
    /// Every query that this one serves is served by the other one as well. Classes, orders and collations are lists,
    /// one for each column, so that those of a beginning begin those of the whole.
    fn is_served_by(&self, other: &Self) -> bool {
        let same = |place: usize| self.manner.get(place) == other.manner.get(place);
        let begins = |place: usize| match (self.manner.get(place), other.manner.get(place)) {
            (Some(mine), Some(theirs)) => {
                theirs.strip_prefix(mine.as_str()).is_some_and(|r| r.is_empty() || r.starts_with(' '))
            }
            _ => false,
        };
        let longer = other.columns.len() > self.columns.len();
        self.table_oid == other.table_oid
            && self.name != other.name
            && !self.carries
            && same(0)
            && same(4)
            && (1..4).all(begins)
            && self.columns.iter().all(|column| !column.is_empty())
            && other.columns.starts_with(&self.columns)
            // Of two that are the same, the one that is needed or comes first stays.
            && (longer || other.needed || other.name < self.name)
            && (self.manner.first().is_some_and(|method| method == "btree") || !longer)
    }
}

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let all = indexes(case);
    let written = written_tables(case);
    let mut plans: Vec<(bool, f64, Plan)> = Vec::new();
    for index in all.iter().filter(|index| !index.needed && !index.partial) {
        let busy = written.contains(&index.table_oid);
        if let Some(other) = all.iter().find(|other| index.is_served_by(other)) {
            plans.push((busy, index.bytes, of_double(index, other, diagnosis)));
        } else if index.scans <= 0.0 && (busy || index.bytes >= LARGE) {
            plans.push((busy, index.bytes, of_unused(case, index, diagnosis)));
        }
    }
    plans.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| b.1.total_cmp(&a.1)));
    plans.into_iter().take(MOST).map(|(_, _, plan)| plan).collect()
}

/// Tables to which rows were written while it was watched.
fn written_tables(case: &Case<'_>) -> BTreeSet<i64> {
    let Some((first, last)) = case.observation.ends("diagnose.tables") else { return BTreeSet::new() };
    let writes = |rows: &crate::domain::rows::Rows, row: &[crate::domain::rows::Value]| {
        ["inserted", "updated", "deleted"].iter().filter_map(|name| rows.get(row, name).number()).sum::<f64>()
    };
    let before = |oid: Option<i64>| {
        let row = first.rows.rows.iter().find(|row| first.rows.get(row, "oid").int() == oid);
        row.map_or(0.0, |row| writes(&first.rows, row))
    };
    last.rows
        .rows
        .iter()
        .filter(|row| writes(&last.rows, row) > before(last.rows.get(row, "oid").int()))
        .filter_map(|row| last.rows.get(row, "oid").int())
        .collect()
}

fn of_double(index: &Index, other: &Index, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Drop {} of {}, which {} serves as well", index.name, seen::short(&index.table), other.name);
    let mut plan = step::plan(ID, title, Cause::RedundantIndexes, 75, diagnosis);
    plan.evidence.push(format!(
        "{} ({}) is the beginning of {} ({}), or the same",
        index.name,
        index.columns.join(", "),
        other.name,
        other.columns.join(", ")
    ));
    drop(&mut plan, index, vec![Check::IndexUsable(other.table.clone(), other.name.clone())]);
    plan
}

fn of_unused(case: &Case<'_>, index: &Index, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Drop {} of {}, which nobody reads", index.name, seen::short(&index.table));
    let mut plan = step::plan(ID, title, Cause::RedundantIndexes, 60, diagnosis);
    let since =
        seen::rows(case, "diagnose.databases").find(|row| row.is("here")).and_then(|row| row.number("reset_seconds"));
    let known = since.map_or_else(|| "since statistics began".to_owned(), |s| format!("in {}", seen::age(s)));
    plan.evidence.push(format!("{} has {} and was never read {known}", index.name, seen::size(index.bytes)));
    match since {
        Some(seconds) if seconds < OLD_STATISTICS => plan.blocked.push(format!(
            "statistics go back {} only: what is read once a month is not among them",
            seen::age(seconds)
        )),
        Some(_) => {}
        None => plan.blocked.push("how far statistics go back is not known".to_owned()),
    }
    let replicas = seen::rows(case, "diagnose.replication").count();
    if replicas > 0 || case.identity.role == "replica" {
        plan.blocked
            .push(format!("{replicas} replicas count their own reads: it may be read there, which is not seen here"));
    }
    if index.serves_key {
        plan.blocked
            .push("a foreign key begins with its column: deletes in the referenced table may need it".to_owned());
    }
    drop(&mut plan, index, Vec::new());
    plan
}

fn drop(plan: &mut Plan, index: &Index, requires: Vec<Check>) {
    let check = Check::IndexGone(index.table.clone(), index.name.clone());
    let kind = FixKind::DropIndex { table: index.table.clone(), name: index.name.clone() };
    let words = format!("nothing is left of {}", index.name);
    step::add(plan, kind, Rung::Removing, step::within(check, 30, &words), |step| {
        step.why =
            String::from("every write of the table is spared one index; its definition is kept and brings it back");
        step.requires = requires;
        step.expected.push(format!("{} become free", seen::size(index.bytes)));
    });
    plan.advice.push("look for a day whether a plan got worse: the undo builds it again beside the traffic".to_owned());
}
