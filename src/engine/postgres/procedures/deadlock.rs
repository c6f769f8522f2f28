//! C4: transactions wait for each other in a circle. The server has chosen a victim: nothing is left to be ended. What
//! helps is one order of locks, and an index on a foreign key whose rows are searched under a lock.

use super::missing_index::index_name;
use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use std::collections::BTreeSet;

/// Foreign keys for which an index is offered.
const MOST_KEYS: usize = 2;
/// Deadlocks are counted for so long after it before it is known to have helped, minutes.
const HOLD_MINUTES: u64 = 60;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let mut plans: Vec<Plan> =
        keys(case).into_iter().take(MOST_KEYS).map(|key| index_key(case, &key, diagnosis)).collect();
    let mut advice = step::plan("C4", "Take locks in one order", Cause::Deadlock, 50, diagnosis);
    advice.advice = vec![
        "the server has ended one of the transactions: there is nothing to end, its program has to send it again (SQLSTATE 40P01, with a little random delay)".to_owned(),
        "lock the same tables and rows in the same order everywhere: sort by the key before UPDATE, or SELECT ... ORDER BY key FOR UPDATE first".to_owned(),
        "keep transactions short, and change fewer rows in each".to_owned(),
    ];
    plans.push(advice);
    plans
}

/// A foreign key without an index.
struct Key {
    name: String,
    table: ObjectRef,
    to: String,
    columns: Vec<String>,
}

/// Those of tables that the deadlock was about.
fn keys(case: &Case<'_>) -> Vec<Key> {
    let words = told(case);
    seen::rows(case, "diagnose.foreign_keys")
        .map(|row| Key {
            name: row.text("name"),
            table: row.object("table"),
            to: row.text("to_table"),
            columns: row.list("columns"),
        })
        .filter(|key| !key.columns.is_empty())
        .filter(|key| words.contains(&key.table.name.to_lowercase()) || words.contains(&key.to.to_lowercase()))
        .collect()
}

/// The words of the incident, and of statements that wait for a lock just now.
fn told(case: &Case<'_>) -> BTreeSet<String> {
    let incident = case.incident.into_iter().flat_map(|i| {
        [Some(&i.message), i.statement.as_ref(), i.more.as_ref(), i.object.as_ref()].into_iter().flatten().cloned()
    });
    let waiting = seen::sessions(case).into_iter().filter(|s| s.waits_on == "Lock").map(|s| s.query);
    let texts: Vec<String> = incident.chain(waiting).collect();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    texts.iter().flat_map(|text| text.split(|c| !is_part(c))).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

fn index_key(case: &Case<'_>, key: &Key, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Index the foreign key {} of {}", key.name, seen::short(&key.table));
    let mut plan = step::plan("C4", title, Cause::Deadlock, 60, diagnosis);
    plan.evidence.push(format!(
        "{} ({}) references {} and begins no index: a change of a key there reads and locks its way through all of it",
        key.table.words(),
        key.columns.join(", "),
        key.to
    ));
    let taken: BTreeSet<String> = seen::rows(case, "diagnose.indexes").map(|row| row.text("name")).collect();
    let name = index_name(&key.table.name, &key.columns, &taken);
    let mut verification =
        step::within(Check::IndexUsable(key.table.clone(), name.clone()), 30, &format!("{name} is whole"));
    verification.hold_ms = HOLD_MINUTES * 60_000;
    let kind = FixKind::CreateIndex { table: key.table.clone(), name, columns: key.columns.clone() };
    step::add(&mut plan, kind, Rung::Additive, verification, |step| {
        step.why =
            String::from("rows of the referencing table are then found one by one, and locked no longer than needed");
        step.requires.push(Check::Exists(key.table.clone()));
        step.expected.push(format!("no deadlock within {HOLD_MINUTES} min"));
    });
    plan
}
