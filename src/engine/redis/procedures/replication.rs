//! C13: replicas that are lost or late. A backlog that holds a break of the link saves the full copy after it.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::metric::bytes;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::redis::diagnose::picture::Picture;
use crate::engine::steps::within;

/// Seconds of writes that a backlog is to hold.
const BREAK_S: f64 = 300.0;
/// Share of the memory limit that the backlog may take.
const OF_THE_LIMIT: f64 = 0.25;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let picture = Picture::of(case);
    let cause = [Cause::ReplicationBroken, Cause::ReplicationLag]
        .into_iter()
        .find(|cause| found.of(*cause).is_some_and(|h| h.verdict == Verdict::Supported));
    let Some(cause) = cause else { return Vec::new() };
    if picture.text("role") == "slave" { vec![on_the_replica(&picture, cause)] } else { vec![backlog(&picture, cause)] }
}

/// How often a replica got a full copy because the backlog did not reach back far enough. A server that was a primary
/// itself is counted as refused when it becomes a replica: the first copy of each replica says nothing.
fn missed(picture: &Picture<'_>) -> f64 {
    let of = |name: &str| picture.now(name).unwrap_or(0.0);
    of("sync_partial_err").min(of("sync_full") - of("connected_slaves")).max(0.0)
}

/// A larger backlog on the primary.
fn backlog(picture: &Picture<'_>, cause: Cause) -> Plan {
    let old = picture.now("repl_backlog_size").or_else(|| picture.setting_number("repl-backlog-size")).unwrap_or(0.0);
    let rate = picture.rate("master_repl_offset").unwrap_or(0.0);
    let wanted = ((rate * BREAK_S).max(old * 2.0) / 1_048_576.0).ceil() * 1_048_576.0;
    let mut evidence =
        vec![format!("the backlog holds {}", bytes(old)), format!("{} a second are written for replicas", bytes(rate))];
    let missed = missed(picture);
    evidence.extend(
        (missed > 0.0).then(|| format!("{missed:.0} times a replica asked for more than it held, and got a full copy")),
    );
    let title = format!("raise repl-backlog-size from {} to {}", bytes(old), bytes(wanted));
    let mut plan = Plan::new("C13", title, cause, 65, evidence);
    if missed == 0.0 {
        plan.blocked.push(
            "no replica ever asked for more than the backlog holds: a larger one would change nothing".to_owned(),
        );
    }
    if let Some((used, limit)) = picture.memory() {
        if wanted > limit * OF_THE_LIMIT {
            plan.blocked.push(format!("that is more than a quarter of maxmemory ({})", bytes(limit)));
        } else if used + (wanted - old) > limit * 0.95 {
            plan.blocked.push("there is no room for it below maxmemory: make room first (C12)".to_owned());
        }
    }
    let value = format!("{wanted:.0}");
    let check = Check::SettingIs { name: "repl-backlog-size".to_owned(), value: value.clone() };
    let kind = FixKind::ChangeSetting { name: "repl-backlog-size".to_owned(), value };
    add(&mut plan, kind, Rung::Setting, within(check, 5, &format!("the backlog is {}", bytes(wanted)), 60), |step| {
        step.why = format!(
            "It then holds {:.0} s of writes at the present rate: a replica that comes back gets what it missed.",
            wanted / rate.max(1.0)
        );
        step.expected = vec!["full copies -> none after a short break".to_owned()];
        step.requires = vec![Check::SettingIs { name: "repl-backlog-size".to_owned(), value: format!("{old:.0}") }];
    });
    plan.advice.push("A replica whose buffer passes client-output-buffer-limit is cut off in the middle of its copy: the primary's log says so.".to_owned());
    plan.advice
        .push("Let replicas come back one after the other: each full copy costs a fork and the network.".to_owned());
    plan
}

/// What a replica without its primary needs is not on the replica's side.
fn on_the_replica(picture: &Picture<'_>, cause: Cause) -> Plan {
    let primary = format!("{}:{}", picture.text("master_host"), picture.text("master_port"));
    let title = format!("find out why {primary} is not reached");
    let mut plan = Plan::new(
        "C13",
        title,
        cause,
        50,
        vec![format!("the link to {primary} is {}", picture.text("master_link_status"))],
    );
    if picture.text("master_sync_in_progress") == "1" {
        plan.blocked.push("a full copy is on its way: wait for its end before anything is changed".to_owned());
    }
    plan.advice.extend([
        format!("Is {primary} up, and does it answer from this machine?"),
        "Does the password fit? NOAUTH or WRONGPASS in this replica's log means masterauth and masteruser.".to_owned(),
        "A copy that breaks off at the same point means repl-timeout, or the primary's client-output-buffer-limit for replicas.".to_owned(),
        "READONLY for writers is right here: let them write to the primary, and promote a replica only when the primary is lost.".to_owned(),
    ]);
    plan
}
