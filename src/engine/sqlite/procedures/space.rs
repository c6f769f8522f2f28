//! C7 and C22: space. The log is taken back first, then free pages; writing the whole file anew is last, because it
//! needs the file for itself and twice its size.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::guard::Class;
use crate::domain::metric::{self, bytes};
use crate::domain::procedure::{Check, Comparison, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, Upkeep};
use crate::engine::sqlite::diagnose::locks::{pages_in_use, steady_reader, steady_writer};
use crate::engine::sqlite::diagnose::view::View;
use crate::engine::steps::{self, within};

/// A log on disk that is worth a checkpoint, bytes.
const WORTH_IT: f64 = 4.0 * 1_048_576.0;
/// Free pages that are worth it.
const FREE: f64 = 4.0 * 1_048_576.0;

/// C22.
pub(super) fn log(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let view = View::of(case);
    let evidence =
        found.of(Cause::WalGrowth).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    checkpoint(&view, Cause::WalGrowth, evidence).into_iter().collect()
}

fn checkpoint(view: &View<'_>, cause: Cause, evidence: Vec<String>) -> Option<Plan> {
    let file = view.last.as_ref()?;
    let used = pages_in_use(file)?;
    let on_disk = file.log_bytes.unwrap_or(0.0);
    let mut plan = Plan::new("C22", "move the log into the file and empty it".to_owned(), cause, 75, evidence);
    if let Some((writer, _)) = steady_writer(view) {
        plan.blocked
            .push(format!("{} is writing: what it writes cannot be taken back before it commits", writer.words()));
    }
    if let Some((reader, _)) = steady_reader(view) {
        plan.blocked.push(format!(
            "{} reads from an old snapshot: end that reader first, or the log stays as long as it is",
            reader.words()
        ));
        plan.advice.push(format!("Let {} finish its read: a SELECT that was not read to its end, or a BEGIN without COMMIT, keeps the snapshot.", reader.words()));
    }
    let metric = metric::WAL_BYTES.0.to_owned();
    let check = Check::Reading { metric, is: Comparison::AtMost, value: WORTH_IT };
    let verification = within(check, 10, &format!("the log is at most {}", bytes(WORTH_IT)), 10);
    add(&mut plan, FixKind::Maintain(Upkeep::Checkpoint, None), Rung::Additive, verification, |step| {
        step.why = "Writers wait for the moment that it takes; it changes nothing when a reader is in its way.".into();
        step.expected = vec![format!("log {} -> 0 ({used:.0} pages)", bytes(on_disk))];
        step.requires = vec![Check::WritesWork];
    });
    plan.advice
        .push("PRAGMA journal_size_limit in the application keeps the file of the log from staying large.".to_owned());
    Some(plan)
}

/// C7.
pub(super) fn disk(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let view = View::of(case);
    let supported = |cause: Cause| found.of(cause).is_some_and(|h| h.verdict == Verdict::Supported);
    let cause = if supported(Cause::DiskFull) { Cause::DiskFull } else { Cause::Bloat };
    let Some(file) = view.last.as_ref() else { return Vec::new() };
    let mut plans = Vec::new();
    if cause == Cause::DiskFull && file.log_bytes.is_some_and(|log| log >= WORTH_IT) {
        let evidence = vec![format!("the log takes {}", bytes(file.log_bytes.unwrap_or(0.0)))];
        plans.extend(checkpoint(&view, cause, evidence));
    }
    let free = file.free_pages * file.page_size;
    if free >= FREE {
        plans.push(if file.auto_vacuum == 2 {
            give_back(file.bytes(), free, cause)
        } else {
            write_anew(&view, free, cause)
        });
    }
    if supported(Cause::DiskFull) {
        let mut plan = Plan::new("C7", "make room on the disk".to_owned(), cause, 50, Vec::new());
        plan.advice.extend([
            "Move what is not the database (logs, copies, core files) off this disk, or make it larger.".to_owned(),
            "Never delete -wal or -journal files beside a database: they hold commits, or the way back from a broken one.".to_owned(),
        ]);
        plans.push(plan);
    }
    plans
}

fn give_back(size: f64, free: f64, cause: Cause) -> Plan {
    let evidence = vec![format!("{} of {} are free pages", bytes(free), bytes(size))];
    let mut plan = Plan::new("C7", "give free pages back".to_owned(), cause, 75, evidence);
    let metric = metric::DATA_BYTES.0.to_owned();
    let check = Check::Reading { metric, is: Comparison::AtMost, value: size - free * 0.9 };
    let words = format!("the file is at least {} smaller", bytes(free * 0.9));
    add(&mut plan, FixKind::Maintain(Upkeep::Compact, None), Rung::Additive, within(check, 30, &words, 0), |step| {
        step.why = "It moves pages from the end of the file and cuts it; the write lock is held while it does.".into();
        step.expected = vec![format!("file {} -> {}", bytes(size), bytes(size - free))];
        step.requires = vec![Check::WritesWork];
    });
    plan
}

/// VACUUM takes the file away from everybody while it runs.
fn write_anew(view: &View<'_>, free: f64, cause: Cause) -> Plan {
    let (size, room) = view.last.as_ref().map_or((0.0, None), |file| (file.bytes(), file.disk_free));
    let evidence =
        vec![format!("{} of {} are free pages, and auto_vacuum is not incremental", bytes(free), bytes(size))];
    let mut plan = Plan::new("C7", "write the file anew (VACUUM)".to_owned(), cause, 55, evidence);
    match room {
        Some(room) if room < 2.0 * size => plan.blocked.push(format!(
            "it needs up to twice the size of the file ({}), and {} are free on the disk",
            bytes(2.0 * size),
            bytes(room)
        )),
        None => plan.blocked.push("how much room the disk has is not known".to_owned()),
        Some(_) => {}
    }
    if let Some((writer, _)) = steady_writer(view) {
        plan.blocked.push(format!("{} is writing", writer.words()));
    }
    let metric = metric::DATA_BYTES.0.to_owned();
    let check = Check::Reading { metric, is: Comparison::AtMost, value: size - free * 0.5 };
    let verification = within(check, 60, &format!("the file is at least {} smaller", bytes(free * 0.5)), 0);
    let mut step = steps::of_statement("VACUUM".to_owned(), Class::Maintenance, Rung::Removing, verification);
    step.why = "Nobody else uses the file meanwhile: in a quiet hour.".into();
    step.expected = vec![format!("file {} -> about {}", bytes(size), bytes(size - free))];
    step.requires = vec![Check::WritesWork];
    plan.steps.push(step);
    plan.advice.push("VACUUM INTO 'copy.db' writes the clean file beside it without locking readers out; swap it while nothing has it open.".to_owned());
    plan.advice.push(
        "PRAGMA auto_vacuum = incremental before the VACUUM lets pages be given back a few at a time afterwards."
            .to_owned(),
    );
    plan
}
