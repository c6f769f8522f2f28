//! PG29: the planner's statistics are old or missing. They are read anew.

use super::{dead_rows, seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};

const ID: &str = "PG29";
/// Rows that changed since the last ANALYZE, per cent, and rows of a table for which it matters (checks.md PG29).
const CHANGED_PERCENT: f64 = 20.0;
const ROWS: f64 = 10_000.0;
/// Statistics that were read for it are this new, seconds.
const NEW: u64 = 300;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let named = |object: &ObjectRef| {
        diagnosis.hypotheses.iter().any(|h| {
            h.cause == Cause::BadStatistics
                && h.verdict != Verdict::Refuted
                && h.about.as_deref() == Some(seen::short(object).as_str())
        })
    };
    let mut tables: Vec<(bool, f64, seen::Row<'_>)> = seen::rows(case, "diagnose.tables")
        .filter_map(|row| {
            let rows = row.number("live")?;
            let changed = row.number("mods").unwrap_or(0.0);
            let stale = row.number("analyze_seconds").is_none() || 100.0 * changed / rows.max(1.0) >= CHANGED_PERCENT;
            let is_named = named(&row.object("name"));
            ((stale && rows >= ROWS) || is_named).then_some((is_named, changed, row))
        })
        .collect();
    tables.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| b.1.total_cmp(&a.1)));
    tables.into_iter().take(3).map(|(_, changed, row)| of_table(case, row, changed, diagnosis)).collect()
}

fn of_table(case: &Case<'_>, row: seen::Row<'_>, changed: f64, diagnosis: &Diagnosis) -> Plan {
    let table = row.object("name");
    let name = seen::short(&table);
    let mut plan = step::plan(ID, format!("Analyze {name}"), Cause::BadStatistics, 75, diagnosis);
    let age = row
        .number("analyze_seconds")
        .map_or_else(|| "was never analyzed".to_owned(), |s| format!("was analyzed {} ago", seen::age(s)));
    plan.evidence
        .push(format!("{name} {age}; {changed:.0} of {:.0} rows changed since", row.number("live").unwrap_or(0.0)));
    let running = seen::rows(case, "diagnose.progress")
        .any(|work| work.text("command").contains("ANALYZE") && work.object("table") == table);
    if running {
        plan.blocked.push("it is being analyzed just now".to_owned());
    }
    let kind = FixKind::Maintain(Upkeep::Analyze, Some(table.clone()));
    let check = Check::AnalyzedWithin(table.clone(), NEW);
    step::add(
        &mut plan,
        kind,
        Rung::Additive,
        step::within(check, 30, &format!("the statistics of {name} are new")),
        |step| {
            step.why = String::from("it reads a sample of the rows; nobody waits for it");
            step.requires.push(Check::Exists(table.clone()));
            step.expected.push("the planner sees the table as it is; plans change for the better".to_owned());
        },
    );
    let off = row
        .list("reloptions")
        .iter()
        .any(|o| matches!(o.as_str(), "autovacuum_enabled=false" | "autovacuum_enabled=off"));
    if off {
        dead_rows::option(
            &mut plan,
            &table,
            "autovacuum_enabled",
            None,
            "autovacuum, which also analyzes, was switched off for it",
        );
    }
    plan
}
