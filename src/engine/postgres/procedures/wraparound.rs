//! C11: transaction numbers run out. What holds the oldest back goes first, then the oldest tables are frozen.

use super::{dead_rows, seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::metric;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};

const ID: &str = "C11";
/// Tables that one plan freezes, the oldest first.
const MOST_TABLES: usize = 5;
/// Where autovacuum begins to freeze when nothing else is set.
const FREEZE_AGE: f64 = 200_000_000.0;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let limit = seen::setting_number(case, "autovacuum_freeze_max_age").unwrap_or(FREEZE_AGE);
    let oldest = seen::rows(case, "diagnose.ages")
        .filter_map(|row| Some((row.text("datname"), row.number("xid_age")?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((database, age)) = oldest else { return Vec::new() };
    let mut plan =
        step::plan(ID, format!("Freeze the oldest tables of {database}"), Cause::XidWraparound, 75, diagnosis);
    plan.evidence.push(format!(
        "{database} is {age:.0} transaction numbers old; at 2,147,000,000 the server takes no more writes"
    ));
    plan.advice.push("VACUUM (FREEZE) reads every page that is not frozen yet: expect the disk to be busy".to_owned());
    if database != case.identity.database {
        plan.blocked.push(format!(
            "the oldest database is {database}, and this is {}: connect to it and look again",
            case.identity.database
        ));
        return vec![plan];
    }
    if age < limit {
        plan.blocked.push(format!("autovacuum begins to freeze at {limit:.0}: there is nothing to do yet"));
        return vec![plan];
    }
    dead_rows::free_from_holder(case, &mut plan);
    let mut tables: Vec<(ObjectRef, f64)> = seen::rows(case, "diagnose.tables")
        .filter_map(|row| Some((row.object("name"), row.number("xid_age")?)))
        .filter(|(_, age)| *age >= limit)
        .collect();
    tables.sort_by(|a, b| b.1.total_cmp(&a.1));
    tables.truncate(MOST_TABLES);
    // The server's own tables and long values are among those that a VACUUM of everything reaches.
    let objects =
        if tables.is_empty() { vec![None] } else { tables.into_iter().map(|(table, _)| Some(table)).collect() };
    let last = objects.len();
    for (place, object) in objects.into_iter().enumerate() {
        freeze(&mut plan, object, if place + 1 == last { limit.max(age / 2.0) } else { age + limit }, age);
    }
    vec![plan]
}

fn freeze(plan: &mut Plan, object: Option<ObjectRef>, most: f64, age: f64) {
    let name = object.as_ref().map_or_else(|| "everything".to_owned(), ObjectRef::words);
    let check = step::at_most(metric::XID_AGE, most);
    let kind = FixKind::Maintain(Upkeep::Freeze, object.clone());
    let words = format!("age {age:.0} -> at most {most:.0}");
    step::add(plan, kind, Rung::Additive, step::within(check, 60, &words), |step| {
        step.why = format!("{name} is among the oldest; its indexes and its end are left alone, which is quickest");
        step.requires.extend(object.map(Check::Exists));
        step.expected.push("the oldest transaction number moves on".to_owned());
    });
}
