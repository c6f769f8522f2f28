//! C15 and C16: a replication log that reaches back too little, and members that are late or down.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::metric::{bytes, seconds};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mongodb::diagnose::set::reach;
use crate::engine::mongodb::diagnose::sight::Sight;
use crate::engine::steps::within;

/// How far the log should reach back, seconds: two days outlast a weekend's evening.
const WANTED_S: f64 = 172_800.0;
/// The server takes no smaller log, megabytes.
const LEAST_MB: f64 = 990.0;
/// The disk keeps this many times the increase free.
const ROOM: f64 = 3.0;

/// C15.
pub(super) fn window(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let (Some((window, share)), Some(most)) = (reach(&sight), sight.of_the_log("most_bytes")) else {
        return Vec::new();
    };
    let factor = (WANTED_S / window.max(60.0)).clamp(1.0, 100.0);
    let wanted = (most * factor / 1_048_576.0).ceil().max(LEAST_MB);
    let more = wanted * 1_048_576.0 - most;
    let evidence = vec![format!("it reaches back {} with {}", seconds(window), bytes(most))];
    let title = format!("make the replication log {} large", bytes(wanted * 1_048_576.0));
    let mut plan = Plan::new("C15", title, Cause::OplogWindow, 70, evidence);
    if share.is_none_or(|share| share < 0.9) {
        plan.blocked.push("the log is not full: it reaches back as far as there is anything".to_owned());
    }
    match sight.disk() {
        Some((used, all)) if all - used < more * ROOM => plan.blocked.push(format!(
            "{} are free on the disk, and {} are wanted beside the {} that it grows by",
            bytes(all - used),
            bytes(more * ROOM),
            bytes(more)
        )),
        Some(_) => {}
        None => plan.blocked.push("how much room the disk has is not known (dbStats)".to_owned()),
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and below a disk's size in megabytes"
    )]
    let kind = FixKind::ResizeReplicationLog(wanted as u64);
    let check = Check::InForce(Box::new(kind.clone()));
    add(&mut plan, kind, Rung::Setting, within(check, 10, "the log has its new size", 0), |step| {
        step.why = "A member that is away for longer than the log reaches back must be rebuilt.".into();
        step.expected =
            vec![format!("reaches back {} -> about {}, once it has filled", seconds(window), seconds(window * factor))];
    });
    plan.advice.push("It is this member's log alone: the same on each secondary first, the primary last.".to_owned());
    plan.advice.push(
        "A burst of writes (a bulk load, updates of every document) fills it fastest: spread it over time.".to_owned(),
    );
    vec![plan]
}

/// C16: what makes a member late is not on this side of the wire.
pub(super) fn lag(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let cause = [Cause::ReplicationBroken, Cause::ReplicationLag]
        .into_iter()
        .find(|cause| found.of(*cause).is_some_and(|h| h.verdict == Verdict::Supported));
    let Some(cause) = cause else { return Vec::new() };
    let evidence = found.of(cause).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    let mut plan = Plan::new("C16", "let the member catch up".to_owned(), cause, 50, evidence);
    if let Some((window, _)) = reach(&sight) {
        let worst = sight.members().iter().filter_map(|(.., lag, _)| *lag).fold(0.0, f64::max);
        plan.evidence.push(format!("the log reaches back {}", seconds(window)));
        if worst >= window {
            plan.advice
                .push("It is further behind than the log reaches back: it must be rebuilt (initial sync).".to_owned());
        }
    }
    plan.advice.extend([
        "Is the member up, does it reach its source (syncSourceHost), and can its disk keep up?".to_owned(),
        "An index build or a long read on it holds its applying up: look at what runs there.".to_owned(),
        "Pause bulk writes on the primary until it has caught up; flow control slows all writes otherwise.".to_owned(),
    ]);
    vec![plan]
}
