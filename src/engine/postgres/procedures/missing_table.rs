//! C1: statements name a table that is not there. It may be in another schema, have another name, or have been dropped:
//! then it is made again exactly as we last saw it, and only then. Nothing is made up from an error's text.

use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition};
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::engine::near::nearest;
use crate::engine::postgres::dialect::quote;
use crate::engine::steps;
use std::collections::BTreeSet;

const ID: &str = "C1";
const CAUSE: Cause = Cause::MissingTable;
/// No error of the incident may come for so many minutes after that.
const HOLD_MINUTES: u64 = 5;

/// `app.orders` as schema and name, without quotes.
pub(super) fn split(object: &str) -> (Option<String>, String) {
    let plain = |part: &str| part.trim().trim_matches('"').to_owned();
    match object.rsplit_once('.') {
        Some((schema, name)) => (Some(plain(schema)), plain(name)),
        None => (None, plain(object)),
    }
}

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let Some(incident) = case.incident else { return Vec::new() };
    let Some(object) = incident.object.as_deref().filter(|object| !object.is_empty()) else { return Vec::new() };
    let (schema, name) = split(object);
    let mut plan = step::plan(ID, format!("Bring back {object}"), CAUSE, 70, diagnosis);
    plan.evidence.push(format!("{} errors, the last one: {}", incident.count, incident.message));
    if !seen::was_read(case, "diagnose.relations") {
        plan.blocked.push("which relations there are could not be read: nothing is made that may be there".to_owned());
        return vec![plan];
    }
    let relations: Vec<ObjectRef> = seen::rows(case, "diagnose.relations").map(|row| row.object("name")).collect();
    let named: Vec<&ObjectRef> = relations.iter().filter(|r| r.name == name).collect();
    if let Some(there) = named.iter().find(|r| schema.is_none() || r.space == schema) {
        return match &schema {
            Some(_) => vec![is_there(plan, there)],
            None => vec![search_path(case, plan, &named)],
        };
    }
    let mut plans = Vec::new();
    let known = history(case, schema.as_deref(), &name);
    if let Some(known) = known {
        plans.push(recreate(case, known, &named, diagnosis));
    }
    plan.title = format!("Find out what was meant by {object}");
    plan.confidence = 40;
    plan.advice
        .extend(named.iter().map(|r| format!("{} is there, in another schema than the statement says", r.words())));
    let names: BTreeSet<&str> = relations.iter().map(|r| r.name.as_str()).filter(|found| *found != name).collect();
    for near in nearest(&name, names.into_iter()) {
        let full = relations.iter().find(|r| r.name == near).map_or_else(|| near.clone(), ObjectRef::words);
        let case_only = near.eq_ignore_ascii_case(&name);
        let hint = if case_only { ": names with capitals stand in double quotes" } else { "" };
        plan.advice.push(format!("{full} is there and is spelt nearly so{hint}"));
    }
    if known.is_none() {
        plan.advice.push("nobody here has seen it before: run the migration that makes it, or restore it from a backup into a schema beside".to_owned());
    }
    plans.push(plan);
    plans
}

fn is_there(mut plan: Plan, there: &ObjectRef) -> Plan {
    plan.blocked.push(format!("{} is there now: the error came from before, or from another database", there.words()));
    plan
}

/// The definition that fits, the newest.
fn history<'c>(case: &Case<'c>, schema: Option<&str>, name: &str) -> Option<&'c KnownDefinition> {
    let fits = |known: &&KnownDefinition| known.name == name && schema.is_none_or(|schema| known.space == schema);
    case.definitions
        .iter()
        .filter(fits)
        .filter(|known| !known.statements.is_empty())
        .max_by_key(|known| known.last_seen)
}

/// A bare name that is there in some schema: the role's search path does not reach it.
fn search_path(case: &Case<'_>, mut plan: Plan, named: &[&ObjectRef]) -> Plan {
    let [there] = named else {
        let all: Vec<String> = named.iter().map(|r| r.words()).collect();
        plan.blocked
            .push(format!("it is in more than one schema ({}): which one is meant is not known", all.join(", ")));
        plan.advice.push("name the schema in the statement".to_owned());
        return plan;
    };
    let schema = there.space.clone().unwrap_or_default();
    plan.title = format!("Let the search path reach {}", there.words());
    plan.evidence.push(format!("{} is there, and the statement names no schema", there.words()));
    plan.advice.push(format!("or write {} in the statement: that holds whatever the search path is", there.words()));
    let roles = roles_of(case);
    let [role] = roles.as_slice() else {
        plan.blocked.push(if roles.is_empty() {
            "whose statement it was is not known: it was seen in no session".to_owned()
        } else {
            format!("more than one role may have sent it: {}", roles.join(", "))
        });
        return plan;
    };
    let path = path_of(case, role);
    if path.iter().any(|part| part.trim_matches('"') == schema) {
        plan.blocked.push(format!(
            "the search path of {role} ({}) has {schema} already: its sessions began before that, or it has no USAGE on it",
            path.join(", ")
        ));
        return plan;
    }
    // What is on the path is called by whoever has the path, with that role's rights (CVE-2018-1058).
    if !closed(case, there) {
        plan.blocked.push(format!(
            "whoever may make objects in {schema} could have {role} run them: it must belong to a superuser or the database's \
             owner, and nobody else may CREATE in it"
        ));
    }
    if seen::rows(case, "diagnose.roles").any(|row| row.text("role") == *role && row.is("superuser")) {
        plan.blocked.push(format!("{role} is a superuser: its search path is not made longer from here"));
    }
    let added = quote(&schema);
    let value = path.iter().map(String::as_str).chain([added.as_str()]).collect::<Vec<_>>().join(", ");
    let kind = FixKind::SetForRole { role: role.clone(), name: "search_path".to_owned(), value: Some(value.clone()) };
    let check = Check::All(vec![Check::InForce(Box::new(kind.clone())), Check::Exists((*there).clone())]);
    let mut verification = step::within(check, 10, &format!("the search path of {role} is {value}"));
    verification.hold_ms = HOLD_MINUTES * 60_000;
    step::add(&mut plan, kind, Rung::Setting, verification, |step| {
        step.why = format!("{role} looks in {} and not in {schema}", path.join(", "));
        step.requires.push(Check::Exists((*there).clone()));
        step.expected.push(format!("sessions of {role} that begin after it find {}", there.words()));
        step.on_failure = OnFailure::RollBack;
    });
    plan.advice.push(format!("sessions of {role} that are open keep their path: let its pool connect anew"));
    plan
}

/// Nobody but a superuser and the database's owner can make anything in the relation's schema.
fn closed(case: &Case<'_>, there: &ObjectRef) -> bool {
    seen::rows(case, "diagnose.relations").any(|row| row.object("name") == *there && row.is("schema_is_closed"))
}

/// Roles that were seen with the incident's statement; of a database that one role alone uses, that one.
fn roles_of(case: &Case<'_>) -> Vec<String> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(';').to_lowercase();
    let wanted = case.incident.and_then(|i| i.statement.as_deref()).map(plain).unwrap_or_default();
    let sessions = seen::sessions(case);
    let here = || sessions.iter().filter(|s| s.is_client() && s.database == case.identity.database);
    let with: BTreeSet<String> =
        here().filter(|s| !wanted.is_empty() && plain(&s.query) == wanted).map(|s| s.user.clone()).collect();
    let roles = if with.is_empty() { here().map(|s| s.user.clone()).collect() } else { with };
    roles.into_iter().filter(|role| !role.is_empty()).collect()
}

/// Where the sessions of a role look: what was set for it in this database, for it, for the database, for all.
fn path_of(case: &Case<'_>, role: &str) -> Vec<String> {
    let of = |role: &str, database: &str| {
        seen::rows(case, "diagnose.role_settings")
            .find(|row| {
                row.text("name") == "search_path" && row.text("role") == role && row.text("database") == database
            })
            .map(|row| row.text("value"))
    };
    let database = case.identity.database.as_str();
    let server = || {
        let row = seen::rows(case, "diagnose.settings").find(|row| row.text("name") == "search_path");
        // Our own login looks in pg_catalog alone, which says nothing about others.
        row.map(|row| [row.text("reset_val"), row.text("boot_val")])
            .and_then(|values| values.into_iter().find(|value| !value.is_empty() && value != "pg_catalog"))
    };
    let path =
        of(role, database).or_else(|| of(role, "")).or_else(|| of("", database)).or_else(|| of("", "")).or_else(server);
    let path = path.unwrap_or_else(|| "\"$user\", public".to_owned());
    path.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Whether a statement of a definition gives or takes rights.
fn gives_rights(statement: &str) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default();
    first.eq_ignore_ascii_case("grant") || first.eq_ignore_ascii_case("revoke")
}

/// The table as it was when we last saw it, without its rows.
fn recreate(case: &Case<'_>, known: &KnownDefinition, named: &[&ObjectRef], diagnosis: &Diagnosis) -> Plan {
    let table = ObjectRef::new(&known.space, &known.name);
    let ago = seen::age(seconds(case.now.since(known.last_seen)));
    let mut plan = step::plan(ID, format!("Make {} again as it was {ago} ago", table.words()), CAUSE, 60, diagnosis);
    plan.evidence.push(format!("{} was there {ago} ago, and is in no schema of this name now", table.words()));
    plan.advice.push(
        "its rows do not come back with it: they are in a backup, or in a replica that lags on purpose".to_owned(),
    );
    plan.advice.push("was it dropped by a migration? Then the program is to be brought up to date instead".to_owned());
    if !named.is_empty() {
        let all: Vec<String> = named.iter().map(|r| r.words()).collect();
        plan.blocked.push(format!(
            "a table of this name is there in another schema ({}): a second, empty one would hide it",
            all.join(", ")
        ));
    }
    plan.advice.extend(known.missing.iter().cloned());
    // Rights are given by people alone: a step of them could not be filed, and the plan would end there.
    let (rights, parts): (Vec<&String>, Vec<&String>) = known.statements.iter().partition(|text| gives_rights(text));
    plan.advice.extend(rights.into_iter().map(|text| format!("its rights are given by a person: {text}")));
    let last = parts.len();
    for (place, statement) in parts.into_iter().enumerate() {
        let first = place == 0;
        let mut verification = step::within(Check::Exists(table.clone()), 10, &format!("{} is there", table.words()));
        if place + 1 == last {
            verification.hold_ms = HOLD_MINUTES * 60_000;
        }
        let mut step = steps::of_statement(statement.clone(), Class::Ddl, Rung::Additive, verification);
        step.requires.push(if first { Check::Absent(table.clone()) } else { Check::Exists(table.clone()) });
        step.why = if first {
            format!("it is the definition that we kept, unchanged (part 1 of {last})")
        } else {
            format!("an index or a key that it had (part {} of {last})", place + 1)
        };
        step.expected.push(if first {
            "statements that name it find an empty table".to_owned()
        } else {
            "as before".to_owned()
        });
        plan.steps.push(step);
    }
    plan
}

fn seconds(ms: u64) -> f64 {
    u32::try_from(ms / 1_000).map_or(f64::MAX, f64::from)
}
