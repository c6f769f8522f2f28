//! C1: a collection that a command names and the database does not have. It is made again only from its own definition
//! as we last saw it, with its options and indexes.

use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition};
use crate::domain::error::kind::ErrorKind;
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::ObjectRef;
use crate::engine::mongodb::diagnose::sight::Sight;
use crate::engine::near::nearest;
use crate::engine::steps;

pub(super) fn plan(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let Some(object) = case.incident.filter(|i| i.kind == ErrorKind::TableNotFound).and_then(|i| i.object.as_deref())
    else {
        return Vec::new();
    };
    let sight = Sight::of(case);
    let (database, name) = sight.place_of(object);
    let collections = sight.collections().unwrap_or_default();
    let here = || collections.iter().filter(|(space, _)| *space == database).map(|(_, own)| own.as_str());
    let mut plans = Vec::new();
    let elsewhere: Vec<&str> = collections
        .iter()
        .filter(|(space, own)| *space != database && *own == name)
        .map(|(space, _)| space.as_str())
        .collect();
    if let Some(first) = elsewhere.first() {
        let evidence = vec![format!("{name} is in {}", elsewhere.join(", "))];
        let mut plan =
            Plan::new("C1", format!("use {name} of the database {first}"), Cause::MissingTable, 75, evidence);
        plan.advice.push(format!(
            "{database} has no {name}, and {first} has: the application is connected to another database."
        ));
        plans.push(plan);
    }
    let near = nearest(&name, here().filter(|own| *own != name));
    if let Some(first) = near.first() {
        let evidence = vec![format!("{database} has {}", near.join(", "))];
        let mut plan = Plan::new("C1", format!("write {first} in place of {name}"), Cause::MissingTable, 70, evidence);
        plan.advice.push("Names of collections tell upper from lower case.".to_owned());
        plans.push(plan);
    }
    let known = case
        .definitions
        .iter()
        .filter(|known| known.name == name && (known.space.is_empty() || known.space == database))
        .max_by_key(|known| known.last_seen);
    match known {
        Some(known) => {
            plans.push(again(known, &database, here().any(|own| own == name), elsewhere.first().copied(), &sight));
        }
        None => {
            let mut plan =
                Plan::new("C1", format!("find out where {name} should come from"), Cause::MissingTable, 45, Vec::new());
            plan.advice.extend([
                "A collection is made by the first insert: one that was never written to is not there, and that may be all.".to_owned(),
                "Its definition was never seen here: a backup has it, with its documents.".to_owned(),
            ]);
            plans.push(plan);
        }
    }
    plans
}

fn again(known: &KnownDefinition, database: &str, there: bool, elsewhere: Option<&str>, sight: &Sight<'_>) -> Plan {
    let evidence = vec![format!(
        "it was last seen at {} (UTC), with {} statements",
        known.last_seen.date_time(0),
        known.statements.len()
    )];
    let mut plan =
        Plan::new("C1", format!("make {database}.{} again as it was", known.name), Cause::MissingTable, 60, evidence);
    if there {
        plan.blocked.push(format!("{} is there now", known.name));
    }
    if let Some(elsewhere) = elsewhere {
        plan.blocked.push(format!("{elsewhere} has a collection of this name: an empty one here would hide that"));
    }
    let own = &sight.case.identity.database;
    let space = if database == own { "" } else { database };
    let object = ObjectRef::new(space, &known.name);
    for (number, statement) in known.statements.iter().enumerate() {
        let check = steps::within(Check::Exists(object.clone()), 10, &format!("{} is there", known.name), 5);
        let mut step = steps::of_statement(statement.clone(), Class::Ddl, Rung::Additive, check);
        step.draft.database = (!space.is_empty()).then(|| space.to_owned());
        step.why = "It is what the server itself said about it, options and indexes included.".into();
        step.expected = vec!["NamespaceNotFound -> none".to_owned()];
        if number == 0 {
            step.requires = vec![Check::Absent(object.clone())];
        }
        plan.steps.push(step);
    }
    plan.advice.push("It comes back without its documents: they are in a backup, or lost.".to_owned());
    plan.advice.extend(known.missing.iter().cloned());
    plan
}
