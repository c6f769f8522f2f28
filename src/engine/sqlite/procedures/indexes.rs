//! C3: an index for the statement that lacks it, indexes that others cover, and statistics that are out of date.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::metric::bytes;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use crate::engine::sqlite::diagnose::objects::{Lacking, lacking, stale};
use crate::engine::sqlite::diagnose::view::View;
use crate::engine::steps::within;

/// Rows below which reading the whole table costs nothing that anybody feels.
const FEW_ROWS: f64 = 1_000.0;
/// Bytes of an index entry beside its columns, and of a column on average.
const OF_AN_ENTRY: f64 = 12.0;
const OF_A_COLUMN: f64 = 16.0;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let view = View::of(case);
    let mut plans: Vec<Plan> = lacking(&view).iter().map(|lacking| build(lacking, &view)).collect();
    if found.of(Cause::BadStatistics).is_some_and(|h| h.verdict == Verdict::Supported) {
        plans.extend(
            stale(&view).iter().take(3).map(|(table, believed, counted)| read_statistics(table, *believed, *counted)),
        );
    }
    if found.of(Cause::RedundantIndexes).is_some_and(|h| h.verdict == Verdict::Supported) {
        plans.extend(drop_covered(&view));
    }
    plans
}

fn build(lacking: &Lacking, view: &View<'_>) -> Plan {
    let columns = lacking.columns.join("_");
    let name: String = format!("{}_by_{columns}", lacking.table)
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .take(60)
        .collect();
    let table = ObjectRef::new("", &lacking.table);
    let rows = lacking.rows;
    let title = format!("index {} ({})", lacking.table, lacking.columns.join(", "));
    let evidence = vec![
        format!("the plan says {}", lacking.detail),
        rows.map_or_else(
            || "how many rows that is could not be counted".to_owned(),
            |rows| format!("the table has {rows:.0} rows"),
        ),
    ];
    let mut plan = Plan::new("C3", title, Cause::MissingIndex, 75, evidence);
    match rows {
        Some(rows) if rows < FEW_ROWS => {
            plan.blocked.push(format!("the table has {rows:.0} rows: reading all of them is as quick as an index"));
        }
        None => plan
            .blocked
            .push("how large the table is is not known: an index of it may take long and much space".to_owned()),
        Some(_) => {}
    }
    if view.indexes().iter().any(|index| index.name.eq_ignore_ascii_case(&name)) {
        plan.blocked.push(format!(
            "there is an index {name} already, and the plan does not use it: read its statistics (ANALYZE) first"
        ));
    }
    let estimate = rows.unwrap_or(0.0) * OF_A_COLUMN.mul_add(lacking.columns.len() as f64, OF_AN_ENTRY);
    if view.last.as_ref().and_then(|file| file.disk_free).is_some_and(|free| free < 2.0 * estimate) {
        plan.blocked.push("the disk has not twice the room that the index needs".to_owned());
    }
    let check = Check::All(vec![
        Check::IndexUsable(table.clone(), name.clone()),
        Check::PlanUses { statement: lacking.statement.clone(), index: name.clone() },
    ]);
    let kind = FixKind::CreateIndex { table: table.clone(), name: name.clone(), columns: lacking.columns.clone() };
    let verification = within(check, 10, &format!("the statement's plan uses {name}"), 15);
    add(&mut plan, kind, Rung::Additive, verification, |step| {
        step.why = "Writers wait while it is built, readers too where there is no log: choose a quiet moment.".into();
        step.expected = vec![
            format!("{} -> SEARCH USING INDEX {name}", lacking.detail),
            format!("about {} more in the file", bytes(estimate)),
        ];
        step.requires = vec![Check::Exists(table), Check::WritesWork];
        step.on_failure = OnFailure::RollBack;
    });
    plan
}

fn read_statistics(table: &str, believed: f64, counted: f64) -> Plan {
    let evidence = vec![format!("{table} has {counted:.0} rows, and the planner believes in {believed:.0}")];
    let mut plan = Plan::new("C3", format!("read the statistics of {table} anew"), Cause::BadStatistics, 70, evidence);
    let object = ObjectRef::new("", table);
    let gone = within(Check::CauseGone(Cause::BadStatistics), 15, "the planner's numbers are near the real ones", 0);
    add(&mut plan, FixKind::Maintain(Upkeep::Analyze, Some(object.clone())), Rung::Additive, gone, |step| {
        step.why = "Programs that have the file open use the new numbers after they open it again.".into();
        step.expected = vec![format!("believed {believed:.0} -> {counted:.0} rows")];
        step.requires = vec![Check::Exists(object)];
    });
    plan.advice.push("PRAGMA optimize at the end of a connection keeps them so.".to_owned());
    plan
}

fn drop_covered(view: &View<'_>) -> Vec<Plan> {
    let covered = view.indexes().into_iter().filter_map(|index| index.covered_by.clone().map(|by| (index, by)));
    covered
        .take(5)
        .map(|(index, by)| {
            let evidence = vec![format!(
                "{} ({}) is in front of {by}, which serves the same statements",
                index.name, index.columns
            )];
            let mut plan =
                Plan::new("C3", format!("drop the index {}", index.name), Cause::RedundantIndexes, 60, evidence);
            let table = ObjectRef::new("", &index.table);
            let gone = within(Check::IndexGone(table.clone(), index.name.clone()), 5, "the index is gone", 60);
            let kind = FixKind::DropIndex { table: table.clone(), name: index.name.clone() };
            add(&mut plan, kind, Rung::Removing, gone, |step| {
                step.why = "Every write maintains it, and its definition is kept for the way back.".into();
                step.expected = vec!["one index less to maintain".to_owned()];
                step.requires = vec![Check::IndexUsable(table, by)];
            });
            plan.advice
                .push("A statement with INDEXED BY this name would fail: look for one in the application.".to_owned());
            plan
        })
        .collect()
}
