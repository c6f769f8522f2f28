//! C6: the connections are used up. The longest idle of the largest idle group go first, a fifth of it at most; a higher
//! limit is the second way, as far as its memory can be answered for.

use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::metric;
use crate::domain::procedure::{Check, Comparison, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::{Group, groups};

/// Share of the largest idle group that is ended, at most.
const SHARE: f64 = 0.2;
/// Sessions that one plan ends, at most.
const MOST: usize = 20;
/// Below this a pool may be handing a connection out, seconds.
const LEAST_IDLE_S: u64 = 10;
/// By how much the limit grows.
const RAISE: f64 = 1.2;
/// Share of the buffer pool that more connections may want in memory: the machine's own memory is not visible here.
const MEMORY_SHARE: f64 = 0.25;
/// The same, bytes: so much is to be had anywhere.
const MEMORY_FLOOR: f64 = 256.0 * 1024.0 * 1024.0;
/// Share of the limit below which there is room again.
const ROOM: f64 = 0.9;

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let told = case.incident.is_some_and(|i| i.kind == crate::domain::error::kind::ErrorKind::TooManyConnections);
    let root = diagnosis.roots().any(|h| h.cause == Cause::ConnectionSaturation);
    let scene = Scene::of(case);
    let Some(now) = scene.now() else { return Vec::new() };
    if !root && !told {
        return Vec::new();
    }
    let mut plans = Vec::new();
    // What follows from a lock pile-up is not cured by ending those who wait.
    if let Some(cause) = diagnosis.of(Cause::ConnectionSaturation).and_then(|h| h.consequence_of) {
        let mut plan = step::plan("C6", "Free connections", Cause::ConnectionSaturation, 40, diagnosis);
        plan.blocked.push(format!("the connections are used up because {}: that comes first", cause.title()));
        return vec![plan];
    }
    let groups = groups(now);
    plans.extend(groups.iter().find(|g| g.idle).map(|group| end_idle(&scene, group, diagnosis)));
    plans.extend(raise(&scene, diagnosis));
    for plan in &mut plans {
        let listed: Vec<String> =
            groups.iter().take(5).map(|g| format!("{} of {}", g.sessions.len(), g.words)).collect();
        plan.evidence.push(format!("sessions by group: {}", listed.join("; ")));
        plan.advice
            .push("limit the size of the application's pool, or put a pooler (ProxySQL, MaxScale) in front".into());
    }
    plans
}

fn end_idle(scene: &Scene<'_>, group: &Group<'_>, diagnosis: &Diagnosis) -> Plan {
    let mut plan = step::plan(
        "C6",
        format!("End the longest idle sessions of {}", group.words),
        Cause::ConnectionSaturation,
        65,
        diagnosis,
    );
    let least_ms = i64::try_from(LEAST_IDLE_S * 1_000).unwrap_or(i64::MAX);
    let mut idle: Vec<_> =
        group.sessions.iter().filter(|s| s.time_ms >= least_ms && s.untouchable().is_none()).collect();
    idle.sort_by_key(|s| std::cmp::Reverse(s.time_ms));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few thousand")]
    let share = ((group.sessions.len() as f64 * SHARE) as usize).clamp(1, MOST);
    for session in idle.into_iter().take(share) {
        let end = step::end(
            session,
            "it does nothing, outside of any transaction: its client connects again when it needs to",
        );
        step::put(&mut plan, end, |end| {
            end.requires.push(Check::IdleFor(vec![session.reference()], LEAST_IDLE_S));
        });
    }
    if plan.steps.is_empty() {
        plan.blocked.push(format!("no session of this group is idle for {LEAST_IDLE_S} s or longer"));
    }
    let number = plan.steps.len();
    if let (Some(last), Some(most)) = (plan.steps.last_mut(), scene.setting("max_connections")) {
        let room = Check::Reading {
            metric: metric::CONNECTIONS.0.to_owned(),
            is: Comparison::AtMost,
            value: (most * ROOM).floor(),
        };
        let first = last.verification.check.clone();
        last.verification.check = Check::All(vec![first, room]);
        last.verification.words.push_str(&format!(", and at most {:.0} connections are used", (most * ROOM).floor()));
        last.expected.push(format!("{number} connections are free again"));
    }
    plan
}

fn raise(scene: &Scene<'_>, diagnosis: &Diagnosis) -> Option<Plan> {
    let most = scene.setting("max_connections")?;
    let new = (most * RAISE).ceil();
    let mut plan = step::plan(
        "C6",
        format!("Allow {new:.0} connections in place of {most:.0}"),
        Cause::ConnectionSaturation,
        60,
        diagnosis,
    );
    let buffers = ["sort_buffer_size", "join_buffer_size", "read_buffer_size", "read_rnd_buffer_size", "thread_stack"];
    let each: f64 = buffers.iter().filter_map(|name| scene.setting(name)).sum();
    let more = (new - most) * each;
    let pool = scene.setting("innodb_buffer_pool_size").unwrap_or(0.0);
    let allowed = (pool * MEMORY_SHARE).max(MEMORY_FLOOR);
    let megabytes = |bytes: f64| bytes / f64::from(1 << 20);
    if each == 0.0 {
        plan.blocked.push("how much memory a connection may want was not read".to_owned());
    } else if more > allowed {
        plan.blocked.push(format!(
            "the new connections could want {:.0} MB at once, more than {:.0} MB: lower the buffers of a session first",
            megabytes(more),
            megabytes(allowed)
        ));
    }
    let (name, value) = ("max_connections".to_owned(), format!("{new:.0}"));
    let set = step::step(
        FixKind::ChangeSetting { name: name.clone(), value: value.clone() },
        Rung::Setting,
        "clients get in again at once, and nobody is ended",
        step::verified(Check::SettingIs { name: name.clone(), value }, 5_000, format!("max_connections = {new:.0}")),
    );
    step::put(&mut plan, set, |set| {
        set.requires.push(Check::SettingIs { name, value: format!("{most:.0}") });
        set.expected.push(format!(
            "max_connections {most:.0} -> {new:.0}, at most {:.0} MB more memory when all of them work",
            megabytes(more)
        ));
        set.on_failure = OnFailure::RollBack;
    });
    plan.advice.push("it holds until the server restarts: write it into the server's configuration as well".to_owned());
    Some(plan)
}
