//! C1: statements name a table that is not there. It is looked for under other names first; what our own history of
//! definitions knows can be made again exactly as it was. Nothing is ever made from the text of an error.

use super::step::{self, verified};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition};
use crate::domain::error::kind::ErrorKind;
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung, Step};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::ObjectRef;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::statement::verb;
use crate::engine::mysql::diagnose::{NAMES, SAME_NAME, split};
use crate::engine::near::nearest;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let Some(incident) = case.incident.filter(|i| i.kind == ErrorKind::TableNotFound) else { return Vec::new() };
    let Some(object) = incident.object.as_deref().filter(|o| !o.is_empty()) else { return Vec::new() };
    let scene = Scene::of(case);
    let (database, name) = split(object, &case.identity.database);
    let table = ObjectRef::new(&database, &name);
    let title = format!("Bring back {}", table.words());
    let mut plan = step::plan("C1", title, Cause::MissingTable, 70, diagnosis);

    let same: Vec<(String, String)> = scene
        .rows(SAME_NAME.name)
        .map(|rows| rows.rows.iter().map(|row| (rows.text(row, "db"), rows.text(row, "name"))).collect())
        .unwrap_or_default();
    if same.contains(&(database.clone(), name.clone())) {
        plan.blocked.push(format!("{} is there now", table.words()));
        return vec![plan];
    }
    let elsewhere: Vec<String> = same.iter().map(|(space, name)| format!("{space}.{name}")).collect();
    if !elsewhere.is_empty() {
        plan.blocked.push(format!(
            "a table of this name is there as {}: the statement may mean that one",
            elsewhere.join(" and ")
        ));
        plan.advice.push(format!("write {} in the statement, or connect to its database", elsewhere.join(" or ")));
    }
    let similar = similar(&scene, &name);
    if !similar.is_empty() {
        plan.advice.push(format!("names much like it in {database}: {}", similar.join(", ")));
    }
    match known(case.definitions, &database, &name) {
        Some(definition) => {
            plan.title = format!("Make {} again as it was on {}", table.words(), definition.last_seen.date_time(0));
            plan.evidence.push(format!("it was last seen on {} UTC", definition.last_seen.date_time(0)));
            plan.steps = steps(definition, &table, case, incident.statement.as_deref());
            plan.advice.extend(definition.missing.iter().cloned());
            plan.advice.push("its rows do not come back by this: they are in a backup, or in the binary log".into());
        }
        None => {
            plan.confidence = 50;
            if plan.blocked.is_empty() {
                plan.blocked
                    .push(format!("we have never seen {}, so that nothing is known of its columns", table.words()));
            }
            plan.advice.push("look for a migration that has not run here yet, and for the table in a backup".into());
        }
    }
    vec![plan]
}

/// What we remember of exactly this table, the latest.
fn known<'a>(definitions: &'a [KnownDefinition], database: &str, name: &str) -> Option<&'a KnownDefinition> {
    definitions
        .iter()
        .filter(|d| d.name == name && (d.space == database || d.space.is_empty()) && !d.statements.is_empty())
        .max_by_key(|d| d.last_seen)
}

fn steps(definition: &KnownDefinition, table: &ObjectRef, case: &Case<'_>, failing: Option<&str>) -> Vec<Step> {
    let last = definition.statements.len().saturating_sub(1);
    let elsewhere =
        (definition.space != case.identity.database && !definition.space.is_empty()).then(|| definition.space.clone());
    definition
        .statements
        .iter()
        .enumerate()
        .map(|(at, statement)| {
            let mut checks = vec![Check::Exists(table.clone())];
            // Only a read can be planned by a login that only reads.
            if let Some(failing) = failing.filter(|text| at == last && verb(text) == "select") {
                checks.push(Check::Understands(failing.to_owned()));
            }
            let words = if checks.len() > 1 {
                format!("{} is there and the statement that failed is understood", table.words())
            } else {
                format!("{} is there", table.words())
            };
            Step {
                draft: Draft {
                    statement: statement.clone(),
                    class: Class::Ddl,
                    kind: None,
                    database: elsewhere.clone(),
                },
                why: "this is how it was when we last saw it".to_owned(),
                requires: if at == 0 { vec![Check::Absent(table.clone())] } else { vec![Check::Exists(table.clone())] },
                expected: vec![format!("{} is there again, without its rows", table.words())],
                verification: verified(Check::All(checks), 5_000, words),
                on_failure: OnFailure::Ask,
                rung: Rung::Additive,
                undo: None,
            }
        })
        .collect()
}

/// Names of the same database that differ by a slip.
fn similar(scene: &Scene<'_>, name: &str) -> Vec<String> {
    let Some(rows) = scene.rows(NAMES.name) else { return Vec::new() };
    let names: Vec<String> = rows.rows.iter().map(|row| rows.text(row, "name")).collect();
    nearest(name, names.iter().map(String::as_str))
}
