//! C4: transactions met in a circle. The server has chosen a victim already, so nothing is ended; what helps is in the
//! application, and in seeing every one of them.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::counters::is_on;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let told = case.incident.is_some_and(|i| i.kind == crate::domain::error::kind::ErrorKind::Deadlock);
    if !told && !diagnosis.roots().any(|h| h.cause == Cause::Deadlock) {
        return Vec::new();
    }
    let scene = Scene::of(case);
    let mut plan = step::plan("C4", "Make deadlocks rare, and see all of them", Cause::Deadlock, 55, diagnosis);
    if is_on(&scene.settings, "innodb_print_all_deadlocks") == Some(false) {
        let (name, value) = ("innodb_print_all_deadlocks".to_owned(), "ON".to_owned());
        let log = step::step(
            FixKind::ChangeSetting { name: name.clone(), value: value.clone() },
            Rung::Setting,
            "InnoDB shows the last deadlock alone; the error log would hold all of them, with their statements",
            step::verified(Check::SettingIs { name, value }, 5_000, "innodb_print_all_deadlocks = ON"),
        );
        step::put(&mut plan, log, |log| {
            log.expected.push("the next deadlock stands in the error log".to_owned());
            log.on_failure = OnFailure::RollBack;
        });
    }
    plan.advice.extend(scene.deadlock().and_then(|deadlock| deadlock.order()));
    for advice in [
        "lock rows in one order everywhere: sort the keys of a batch before it is written, and take parents before children",
        "keep transactions short, and find rows through an index: a scan locks every row that it looks at",
        "run a transaction that was chosen as the victim (error 1213) again, after a short random wait",
        "READ COMMITTED takes no gap locks, where the application can live with it",
    ] {
        plan.advice.push(advice.to_owned());
    }
    vec![plan]
}
