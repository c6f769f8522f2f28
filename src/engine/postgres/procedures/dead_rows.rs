//! C10: dead row versions are not cleaned up, or tables are mostly empty space. Whoever keeps dead rows from being
//! taken away comes first: before that, VACUUM takes nothing.

use super::seen::{self, Holder, Row, size};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};

const ID: &str = "C10";
/// Dead of all row versions, per cent, from which on it is worth a VACUUM (checks.md PG12), and their number.
const DEAD_PERCENT: f64 = 20.0;
const DEAD_ROWS: f64 = 10_000.0;
/// What may be left of them afterwards, per cent.
const LEFT_PERCENT: u8 = 5;
/// A snapshot that is this many transactions old keeps what died since; the documentation's threshold of autovacuum
/// for small tables is far below it.
const OLD_SNAPSHOT: f64 = 1_000.0;
/// A session that keeps it is ended only when it is idle for this long, seconds.
const IDLE_SECONDS: u64 = 60;
/// From this many rows on the usual share of a fifth lets too many die.
const LARGE_TABLE: f64 = 1_000_000.0;
/// The share for those (checks.md PG13: 0.01 to 0.05).
const LARGE_SHARE: &str = "0.02";

/// A table with dead rows.
struct Table {
    object: ObjectRef,
    live: f64,
    dead: f64,
    off: bool,
    scale: bool,
}

impl Table {
    fn of(row: Row<'_>) -> Self {
        let options = row.list("reloptions");
        Self {
            object: row.object("name"),
            live: row.number("live").unwrap_or(0.0),
            dead: row.number("dead").unwrap_or(0.0),
            off: options.iter().any(|o| matches!(o.as_str(), "autovacuum_enabled=false" | "autovacuum_enabled=off")),
            scale: options.iter().any(|o| o.starts_with("autovacuum_vacuum_scale_factor=")),
        }
    }
    fn percent(&self) -> f64 {
        100.0 * self.dead / (self.live + self.dead).max(1.0)
    }
}

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let named = |object: &ObjectRef| {
        diagnosis.hypotheses.iter().any(|h| {
            h.cause == Cause::DeadTuples
                && h.verdict != Verdict::Refuted
                && h.about.as_deref() == Some(seen::short(object).as_str())
        })
    };
    let mut tables: Vec<Table> = seen::rows(case, "diagnose.tables")
        .map(Table::of)
        .filter(|t| (t.percent() >= DEAD_PERCENT && t.dead >= DEAD_ROWS) || (named(&t.object) && t.dead > 0.0))
        .collect();
    tables.sort_by(|a, b| named(&b.object).cmp(&named(&a.object)).then_with(|| b.dead.total_cmp(&a.dead)));
    let mut plans: Vec<Plan> = tables.iter().take(3).map(|table| of_table(case, table, diagnosis)).collect();
    plans.extend(empty_space(case, diagnosis));
    plans
}

fn of_table(case: &Case<'_>, table: &Table, diagnosis: &Diagnosis) -> Plan {
    let name = seen::short(&table.object);
    let mut plan = step::plan(ID, format!("Vacuum {name}"), Cause::DeadTuples, 75, diagnosis);
    plan.evidence.push(format!(
        "{:.0} of {:.0} row versions of {name} are dead ({:.0} %)",
        table.dead,
        table.live + table.dead,
        table.percent()
    ));
    let running = seen::rows(case, "diagnose.progress")
        .find(|row| row.text("command").contains("VACUUM") && row.object("table") == table.object);
    if let Some(row) = running {
        plan.blocked.push(format!("session {} vacuums it just now ({})", row.text("pid"), row.text("phase")));
    }
    free_from_holder(case, &mut plan);
    let check = Check::DeadRowsAtMost(table.object.clone(), LEFT_PERCENT);
    let kind = FixKind::Maintain(Upkeep::Vacuum, Some(table.object.clone()));
    let words = format!("at most {LEFT_PERCENT} % of {name} are dead");
    step::add(&mut plan, kind, Rung::Additive, step::within(check, 60, &words), |step| {
        step.why = String::from("readers and writers go on; the space is used again by new rows");
        step.requires.push(Check::Exists(table.object.clone()));
        step.expected.push(format!("dead rows {:.0} -> about 0", table.dead));
    });
    if table.off {
        option(&mut plan, &table.object, "autovacuum_enabled", None, "autovacuum was switched off for it");
    } else if table.live >= LARGE_TABLE && !table.scale {
        let why = "a fifth of so many rows is far too many: a fiftieth keeps it small";
        option(&mut plan, &table.object, "autovacuum_vacuum_scale_factor", Some(LARGE_SHARE), why);
    }
    plan
}

/// Gives a table's option another value, so that it does not come to this again.
pub(super) fn option(plan: &mut Plan, table: &ObjectRef, name: &str, value: Option<&str>, why: &str) {
    let kind = FixKind::SetTableOption { table: table.clone(), name: name.to_owned(), value: value.map(str::to_owned) };
    let check = Check::InForce(Box::new(kind.clone()));
    let words = format!("{name} of {} is {}", table.words(), value.unwrap_or("not set"));
    step::add(plan, kind, Rung::Setting, step::within(check, 10, &words), |step| {
        why.clone_into(&mut step.why);
        step.requires.push(Check::Exists(table.clone()));
        step.expected.push("autovacuum looks after it in time".to_owned());
        step.on_failure = OnFailure::RollBack;
    });
}

/// The oldest snapshot keeps what died since: it is ended first, or named as what a person has to look at.
pub(super) fn free_from_holder(case: &Case<'_>, plan: &mut Plan) {
    let Some((holder, age)) = seen::oldest_holder(case).filter(|(_, age)| *age >= OLD_SNAPSHOT) else { return };
    let reach = format!("keeps everything that died in the last {age:.0} transactions");
    match holder {
        Holder::Session(session) => {
            plan.evidence.push(format!("{} {reach}", session.words()));
            if let Some(why) = session.untouchable() {
                plan.blocked.push(format!("{} {reach}; {why}", session.words()));
            } else if session.is_idle_in_transaction() {
                let why = format!("it does nothing and {reach}: before it ends, VACUUM takes none of it");
                step::end_idle(plan, &session, IDLE_SECONDS, &why);
            } else {
                plan.blocked.push(format!(
                    "{} is at work for {} and {reach}: wait for it, or stop it first",
                    session.words(),
                    seen::age(session.xact_seconds)
                ));
            }
        }
        Holder::Slot(name) => {
            plan.blocked.push(format!("the replication slot {name} {reach}: deal with the slot first (C9)"));
        }
        Holder::Prepared(gid) => {
            plan.blocked.push(format!("the prepared transaction {gid} {reach}: its coordinator has to end it"));
        }
    }
}

/// Empty space is not given back without a lock that stops everybody: that is a person's to plan.
fn empty_space(case: &Case<'_>, diagnosis: &Diagnosis) -> Option<Plan> {
    let bloat = diagnosis.of(Cause::Bloat).filter(|h| h.verdict != Verdict::Refuted)?;
    let about = bloat.about.clone().filter(|about| !about.is_empty())?;
    let mut plan = step::plan(ID, format!("Give the empty space of {about} back"), Cause::Bloat, 50, diagnosis);
    let row = seen::rows(case, "diagnose.tables").find(|row| seen::short(&row.object("name")) == about);
    let bytes = row.and_then(|row| {
        let oid = row.int("oid");
        seen::rows(case, "diagnose.table_sizes").find(|s| s.int("oid") == oid).and_then(|s| s.number("bytes"))
    });
    let room = bytes.map_or_else(|| "as much as the table".to_owned(), size);
    plan.advice = vec![
        "find out why first: a long transaction, a slot, or autovacuum that is too slow brings it back".to_owned(),
        "new rows use the space again: often nothing has to be done".to_owned(),
        format!("pg_repack gives it back beside the traffic, and needs {room} of free disk meanwhile"),
        "VACUUM FULL needs the same room and stops everybody until it ends: only in a window".to_owned(),
    ];
    Some(plan)
}
