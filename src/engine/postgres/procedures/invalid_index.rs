//! PG18: an index was left half built. Every write pays for it, and no query uses it. What a rebuild left is dropped;
//! an index of its own is built anew.

use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::postgres::fix::is_leftover;

const ID: &str = "PG18";

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    seen::rows(case, "diagnose.indexes")
        .filter(|row| !(row.is("partitioned") || row.is("valid") && row.is("ready")))
        .take(5)
        .map(|row| of_index(row, diagnosis))
        .collect()
}

fn of_index(row: seen::Row<'_>, diagnosis: &Diagnosis) -> Plan {
    let (table, name) = (row.object("table"), row.text("name"));
    let full = format!("{}.{name}", row.text("schema"));
    let leftover = is_leftover(&name);
    let title = if leftover { format!("Drop {full}, which a rebuild left") } else { format!("Build {full} anew") };
    let mut plan = step::plan(ID, title, Cause::InvalidIndex, 80, diagnosis);
    plan.evidence.push(format!(
        "{full} on {} is not whole: no query uses it, every write keeps it up; it has {}",
        seen::short(&table),
        seen::size(row.number("bytes").unwrap_or(0.0))
    ));
    if row.is("being_built") {
        plan.blocked.push("an index of this table is being built just now: it becomes whole by itself".to_owned());
        return plan;
    }
    let required = Check::IndexInvalid(table.clone(), name.clone());
    let (kind, check, words, rung, expected) = if leftover {
        (
            FixKind::DropIndex { table: table.clone(), name: name.clone() },
            Check::IndexGone(table, name.clone()),
            format!("nothing is left of {name}"),
            Rung::Removing,
            "writes have one index less to keep up; no query can miss it".to_owned(),
        )
    } else {
        (
            FixKind::RebuildIndex { table: table.clone(), name: name.clone() },
            Check::IndexUsable(table, name.clone()),
            format!("{name} is whole"),
            Rung::Additive,
            "queries can use it".to_owned(),
        )
    };
    step::add(&mut plan, kind, rung, step::within(check, 30, &words), |step| {
        step.why = String::from("nobody builds it, so it stays as it is until somebody does something about it");
        step.requires.push(required);
        step.expected.push(expected);
    });
    if !leftover {
        plan.advice.push(format!("if nobody needs it, drop it instead: DROP INDEX CONCURRENTLY {full}"));
    }
    plan
}
