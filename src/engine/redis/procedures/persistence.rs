//! RD19: a snapshot that failed. Once its reason is gone, a new one shows it, and writes are taken again.

use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::guard::Class;
use crate::domain::metric;
use crate::domain::procedure::{Check, Comparison, Plan, Rung};
use crate::engine::redis::diagnose::picture::Picture;
use crate::engine::steps;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let picture = Picture::of(case);
    let Some(stall) = found.of(Cause::PersistenceStall).filter(|h| h.verdict == Verdict::Supported) else {
        return Vec::new();
    };
    let evidence = stall.evidence.iter().map(|evidence| evidence.text.clone()).collect();
    let mut plan = Plan::new("RD19", "write a snapshot again".to_owned(), Cause::PersistenceStall, 55, evidence);
    if picture.text("rdb_last_bgsave_status") == "err" {
        let fine = Check::Reading { metric: metric::SNAPSHOT_FAILED.0.to_owned(), is: Comparison::AtMost, value: 0.0 };
        let verification = steps::within(fine, 120, "the last snapshot succeeded", 10);
        let mut step = steps::of_statement("BGSAVE".to_owned(), Class::Maintenance, Rung::Additive, verification);
        step.why = "It succeeds only when the disk takes it, and then writes are taken again by themselves.".into();
        step.expected = vec!["rdb_last_bgsave_status err -> ok".to_owned()];
        plan.steps.push(step);
        if picture.text("rdb_bgsave_in_progress") == "1" {
            plan.blocked.push("a snapshot is being written now: wait for its end".to_owned());
        }
    }
    plan.advice.extend([
        format!("Look at the disk and the rights of the folder that holds the snapshot ({}), and at the server's log for the reason.", picture.setting("dir").unwrap_or("dir is not seen")),
        "A fork that fails needs memory: vm.overcommit_memory = 1, or less in use.".to_owned(),
        "stop-writes-on-bgsave-error no would take writes that no disk keeps: only for a cache.".to_owned(),
    ]);
    if picture.grew("aof_delayed_fsync").is_some_and(|n| n > 0.0) {
        plan.advice.push(
            "Writes wait for the disk: no-appendfsync-on-rewrite yes while a rewrite runs, or a faster disk."
                .to_owned(),
        );
    }
    vec![plan]
}
