//! C21: a file that is locked. The one who holds the lock is another program, which nobody ends from here; what can be
//! done to the file itself is to let readers and the writer work side by side.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::sqlite::diagnose::locks::steady_writer;
use crate::engine::sqlite::diagnose::view::View;
use crate::engine::steps::within;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let view = View::of(case);
    let supported = |cause: Cause| found.of(cause).is_some_and(|h| h.verdict == Verdict::Supported);
    let busy = case.incident.is_some_and(|incident| incident.kind == ErrorKind::LockTimeout);
    let mut plans = Vec::new();
    if supported(Cause::WriterLock) || supported(Cause::HeavyCommits) {
        plans.push(finish(&view, found));
    }
    let mode = view.last.as_ref().map(|file| file.journal_mode.clone());
    if let Some(mode) = mode.filter(|mode| mode != "wal")
        && (busy || supported(Cause::WriterLock) || supported(Cause::ConfigRegression))
    {
        plans.push(side_by_side(&view, &mode));
    } else if plans.is_empty() && busy {
        let mut plan =
            Plan::new("C21", "let writers wait instead of fail".to_owned(), Cause::WriterLock, 50, Vec::new());
        plan.advice.extend(patience());
        plans.push(plan);
    }
    plans
}

fn patience() -> [String; 3] {
    [
        "Let each connection of the application wait: PRAGMA busy_timeout = 5000.".to_owned(),
        "Begin transactions that will write with BEGIN IMMEDIATE: one that reads first and writes later cannot wait."
            .to_owned(),
        "Keep write transactions short: nothing slow (a network, a person) between BEGIN and COMMIT.".to_owned(),
    ]
}

/// Who holds it, and what a person can do.
fn finish(view: &View<'_>, found: &Diagnosis) -> Plan {
    let cause = [Cause::WriterLock, Cause::HeavyCommits]
        .into_iter()
        .find(|cause| found.of(*cause).is_some_and(|h| h.verdict == Verdict::Supported))
        .unwrap_or(Cause::WriterLock);
    let evidence = found.of(cause).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    let holder = steady_writer(view).map(|(held, _)| held.words());
    let title = holder
        .as_ref()
        .map_or_else(|| "find and finish the writer".to_owned(), |who| format!("finish the transaction of {who}"));
    let mut plan = Plan::new("C21", title, cause, 60, evidence);
    match holder {
        Some(who) => plan.advice.push(format!(
            "{who} holds the write lock: let it commit, or end it in its own way. SQLite undoes what it had not committed."
        )),
        None => plan.advice.push("fuser or lsof on the file says who has it open; the writer is one of them.".to_owned()),
    }
    plan.advice.push("Never delete a -journal or -wal file to get rid of a lock: that damages the file.".to_owned());
    plan.advice.extend(patience());
    plan
}

/// Mode wal.
fn side_by_side(view: &View<'_>, mode: &str) -> Plan {
    let evidence = vec![format!("the journal mode is {mode}: readers and the writer keep each other out")];
    let mut plan = Plan::new("C21", "set the journal mode wal".to_owned(), Cause::ConfigRegression, 65, evidence);
    if let Some((holder, _)) = steady_writer(view) {
        plan.blocked.push(format!("{} holds the file: the mode changes only while nobody else has it", holder.words()));
    } else if view.locked().is_some() {
        plan.blocked.push("somebody holds the file: the mode changes only while nobody else has it".to_owned());
    }
    if let Some(closed) = view.last.as_ref().and_then(|file| file.closed.as_ref()) {
        plan.blocked.push(format!("the file may not be written: {closed}"));
    }
    let set = |value: &str| Check::SettingIs { name: "journal_mode".to_owned(), value: value.to_owned() };
    let kind = FixKind::ChangeSetting { name: "journal_mode".to_owned(), value: "wal".to_owned() };
    add(&mut plan, kind, Rung::Setting, within(set("wal"), 5, "the journal mode is wal", 15), |step| {
        step.why = "Readers then go on while somebody writes; two writers still wait for each other.".into();
        step.expected = vec![format!("journal mode {mode} -> wal")];
        step.requires = vec![set(mode)];
    });
    plan.advice.push("Not on a network file system: mode wal needs memory that its users share.".to_owned());
    plan.advice.extend(patience());
    plan
}
